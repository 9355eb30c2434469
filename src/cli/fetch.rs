//! `fetch`: downloads official documents.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use gcm_search::corpus::{self, Download, Source};
use gcm_search::document::{Language, Metadata};
use gcm_search::fetch::{Address, Fetcher, Kind, Options, Outcome as Fetched, Wanted, name_of};
use gcm_search::suggest::nearest;

use super::args::FetchArgs;
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Outcome, default_source};
use crate::output;

/// The languages that documents are fetched in where nobody says.
const LANGUAGES: [&str; 4] = ["it", "en", "fr", "es"];

pub fn run(global: &Global, args: &FetchArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let source = default_source(global);
    let downloads = corpus::downloads(&source).map_err(|error| Failure::new(error.message))?;
    let mut out = terminal.stdout();
    if args.list {
        list(&mut out, &downloads)?;
        out.flush()?;
        return Ok(if downloads.is_empty() { Outcome::Nothing } else { Outcome::Found });
    }
    let wanted = wanted(args, &downloads)?;
    if wanted.is_empty() {
        terminal.note("none of these documents is there in the language asked for");
        return Ok(Outcome::Nothing);
    }
    let folder = folder(args, &source);
    if args.dry_run {
        for one in &wanted {
            let file = folder.join(&one.name);
            writeln!(
                out,
                "{}  {}",
                output::printable(&file.display().to_string()),
                output::printable(&one.address)
            )?;
        }
        out.flush()?;
        return Ok(Outcome::Found);
    }
    show_licences(&wanted, terminal);
    let options =
        Options { max_bytes: args.max_size, retries: args.retries, pause: args.pause, silence: args.timeout };
    let mut fetcher = Fetcher::open(&folder, options).map_err(|error| Failure::new(error.message))?;
    let mut failed = 0;
    for one in &wanted {
        terminal.detail(&format!("asking for {}", one.address));
        let waiting = |error: &gcm_search::fetch::FetchError, wait: std::time::Duration| {
            terminal.note(&format!("{}: {error}; trying again in {} seconds", one.name, wait.as_secs_f64()));
        };
        match fetcher.fetch(one, &waiting) {
            Ok(Fetched::Fetched(path, bytes)) => {
                writeln!(
                    out,
                    "fetched    {} ({bytes} bytes)",
                    output::printable(&path.display().to_string())
                )?;
            }
            Ok(Fetched::Unchanged(path)) => {
                writeln!(out, "unchanged  {}", output::printable(&path.display().to_string()))?;
            }
            Err(error) => {
                failed += 1;
                terminal.warn(&format!("{} ({}): {error}", one.name, one.address));
            }
        }
        // Downloads are slow; each is told when it is there.
        out.flush()?;
    }
    if !fetcher.describe().map_err(|error| Failure::new(error.message))? {
        terminal.warn(&format!(
            "{} has a documents.toml of somebody else: titles and dates of what was fetched are not added to it",
            folder.display()
        ));
    }
    if failed == 0 {
        terminal.note(&format!("to search them: gcm-search index {}", folder.display()));
    } else {
        terminal.note(&format!("{failed} of {} could not be fetched", wanted.len()));
    }
    Ok(if failed == 0 { Outcome::Found } else { Outcome::Partly })
}

fn folder(args: &FetchArgs, source: &Source) -> PathBuf {
    match (&args.to, source) {
        (Some(folder), _) => folder.clone(),
        (None, Source::Path(corpus)) => corpus.join("downloads"),
        (None, Source::BuiltIn) => Path::new("corpus").join("downloads"),
    }
}

/// What the arguments ask for.
fn wanted(args: &FetchArgs, downloads: &[Download]) -> Result<Vec<Wanted>, Failure> {
    let languages: Vec<String> = if args.lang.is_empty() {
        LANGUAGES.map(str::to_owned).to_vec()
    } else {
        args.lang.iter().map(|language| language.to_lowercase()).collect()
    };
    let mut out = Vec::new();
    if args.wanted.is_empty() {
        for download in downloads {
            out.extend(in_languages(download, &languages));
        }
    }
    for name in &args.wanted {
        if name.contains("://") {
            let address = Address::parse(name).map_err(Failure::new)?;
            out.push(Wanted {
                name: name_of(&address),
                address: address.to_string(),
                kind: Kind::Any,
                metadata: Metadata { url: Some(address.to_string()), ..Metadata::default() },
            });
            continue;
        }
        let is_it = |download: &&Download| {
            download.id == *name
                || download.symbol.as_ref().is_some_and(|symbol| symbol.eq_ignore_ascii_case(name))
        };
        let Some(download) = downloads.iter().find(is_it) else {
            let failure = Failure::new(format!("documents.toml names no download \"{name}\""));
            return Err(match nearest(name, downloads.iter().map(|download| download.id.as_str())) {
                Some(near) => failure.hint(format!("did you mean {near}?")),
                None => failure.hint("gcm-search fetch --list lists them; an address begins with https://"),
            });
        };
        out.extend(in_languages(download, &languages));
    }
    Ok(out)
}

fn in_languages(download: &Download, languages: &[String]) -> Vec<Wanted> {
    let urls = download.urls.iter().filter(|(language, _)| languages.contains(language));
    urls.map(|(language, url)| Wanted {
        name: format!("{}.{language}", download.id),
        address: url.clone(),
        kind: match download.format.as_deref() {
            Some("pdf") => Kind::Pdf,
            Some("html") => Kind::Page,
            _ => Kind::Any,
        },
        metadata: Metadata {
            title: Some(download.title.clone()),
            publisher: Some(download.publisher.clone()),
            date: download.date,
            language: Some(language.parse().unwrap_or(Language::Other)),
            url: Some(url.clone()),
            symbol: download.symbol.clone(),
            licence: Some(download.licence.clone()),
            primary: Some(true),
        },
    })
    .collect()
}

/// Says, before anything is fetched, under which terms it may be used.
fn show_licences(wanted: &[Wanted], terminal: &Terminal) {
    let mut by_licence: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in wanted {
        let licence = one.metadata.licence.as_deref().unwrap_or("terms not known: look at the address");
        by_licence.entry(licence).or_default().push(&one.name);
    }
    for (licence, names) in by_licence {
        terminal.note(&format!("{}: {licence}", names.join(", ")));
    }
}

fn list(out: &mut dyn Write, downloads: &[Download]) -> Result<(), Failure> {
    let width = downloads.iter().map(|download| download.id.len()).max().unwrap_or(0);
    for download in downloads {
        let languages: Vec<&str> = download.urls.keys().map(String::as_str).collect();
        let date = download.date.map_or_else(String::new, |date| format!(", {date}"));
        writeln!(
            out,
            "{}  {} ({}{date}) [{}]",
            output::padded(&download.id, width),
            output::printable(&download.title),
            output::printable(&download.publisher),
            languages.join(" ")
        )?;
    }
    Ok(())
}
