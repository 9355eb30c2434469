//! `index`: brings the index up to date.

use std::io::Write;

use gcm_search::corpus::Source;
use gcm_search::engine::Place;
use gcm_search::extract::FileLimits;
use gcm_search::extract::command::{Commands, ExtractCommand};
use gcm_search::indexer::{self, FileReport, IndexError, Outcome as FileOutcome, Progress, Report, Request};
use gcm_search::search::FORMAT_VERSION;
use gcm_search::tagger::BUILT_IN_MODEL;

use super::args::IndexArgs;
use super::record::Target;
use super::settings::Global;
use super::terminal::Terminal;
use super::worker;
use super::{Failure, Knowledge, Outcome, absolute, cluster, default_source, engine_failure};
use crate::output;

/// How many lines the table of what is not simply read may have; the rest is counted.
const TABLE_ROWS: usize = 20;

pub fn run(global: &Global, args: &IndexArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let target = args.report.as_deref().map(|path| Target::open("the report", path)).transpose()?;
    let knowledge = Knowledge::load(global)?;
    let mut add: Vec<Source> = args.paths.iter().map(|path| Source::Path(absolute(path))).collect();
    if add.is_empty() && global.corpus.is_some() {
        add.push(default_source(global));
    }
    let limits = FileLimits::from(args.limits);
    let request = Request {
        add,
        default: Some(default_source(global)),
        part: args.part,
        rebuild: args.rebuild,
        wait: args.wait,
        only_if_missing: false,
        ocr: args.ocr,
        commands: commands(global),
        limits,
        worker: worker::program(&limits),
    };
    let place = cluster::with_shards(global.place(), args.shards)?;
    let report = update(global, &place, &knowledge, &request, terminal)?;
    let mut out = terminal.stdout();
    writeln!(out, "{}", summary(&report))?;
    out.flush()?;
    let outcome = if report.is_partial() { Outcome::Partly } else { Outcome::Found };
    if let Some(target) = target {
        let mut lines = Vec::new();
        for file in report.files {
            let line = FileReport { format_version: Some(FORMAT_VERSION), ..file };
            output::json::line(&mut lines, &line)?;
        }
        target.write(&lines)?;
    }
    Ok(outcome)
}

/// Builds an index that is missing; waits where another process is already at it.
pub fn build_missing(
    global: &Global,
    knowledge: &Knowledge,
    source: Source,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let request = Request {
        default: Some(source),
        wait: true,
        only_if_missing: true,
        commands: commands(global),
        worker: worker::program(&FileLimits::default()),
        ..Request::default()
    };
    let report = update(global, global.place(), knowledge, &request, terminal)?;
    terminal.note(&summary(&report));
    Ok(())
}

/// The commands of the settings, as the library takes them.
fn commands(global: &Global) -> Commands {
    let named = global.extract.iter();
    named.map(|(extension, words)| (extension.clone(), ExtractCommand::new(words.clone()))).collect()
}

fn update(
    global: &Global,
    place: &Place,
    knowledge: &Knowledge,
    request: &Request,
    terminal: &Terminal,
) -> Result<Report, Failure> {
    let bar = terminal.progress();
    let report =
        indexer::update(place, request, &knowledge.taxonomy, BUILT_IN_MODEL, &knowledge.model, &|progress| {
            match progress {
                Progress::Begin(files) => bar.set_length(files as u64),
                Progress::File(path) => bar.set_message(output::printable(path)),
                Progress::Passages(_) => {}
                Progress::FileDone => bar.inc(1),
                Progress::Commit => bar.set_message("writing"),
            }
        });
    bar.finish_and_clear();
    let report = report.map_err(|error| match error {
        IndexError::Corpus(error) => Failure::new(error.message),
        IndexError::Engine(error) => engine_failure(error, global),
        IndexError::Ocr(error) => Failure::new(error.message),
    })?;
    table(&report, terminal);
    for id in report.idle_overrides.iter().take(TABLE_ROWS) {
        terminal
            .warn(&format!("overrides.toml corrects \"{id}\", which is no passage or document of the index"));
    }
    if report.unread_pages() > 0 && !request.ocr {
        terminal.note("scanned pages are read with: gcm-search index --ocr");
    }
    Ok(report)
}

/// Lists, on standard error, every file that was not simply read, with the reasons.
fn table(report: &Report, terminal: &Terminal) {
    let mut rows: Vec<(&str, String)> = Vec::new();
    for (outcome, name) in
        [(FileOutcome::Failed, "failed"), (FileOutcome::Partly, "partly"), (FileOutcome::Skipped, "skipped")]
    {
        for file in report.files.iter().filter(|file| file.outcome == outcome) {
            let reasons = if outcome == FileOutcome::Skipped { &file.skipped } else { &file.failures };
            rows.extend(reasons.iter().map(|reason| (name, format!("{}: {reason}", file.file))));
        }
    }
    for file in &report.files {
        rows.extend(file.warnings.iter().map(|warning| ("lacking", format!("{}: {warning}", file.file))));
    }
    if rows.is_empty() {
        return;
    }
    if rows.iter().any(|(name, _)| *name != "skipped") {
        terminal.warn("not all could be read:");
    } else if terminal.quiet() {
        return;
    } else {
        terminal.note("passed over:");
    }
    for (name, text) in rows.iter().take(TABLE_ROWS) {
        terminal.row(&format!("  {name:<8} {text}"));
    }
    if rows.len() > TABLE_ROWS {
        terminal.row(&format!(
            "  and {} more; all of them: gcm-search status, or index --report FILE",
            rows.len() - TABLE_ROWS
        ));
    }
}

/// One line on what a run did.
fn summary(report: &Report) -> String {
    let mut parts = Vec::new();
    for (count, what) in [
        (report.added, "added"),
        (report.changed, "changed"),
        (report.renamed, "renamed"),
        (report.removed, "removed"),
        (report.count(FileOutcome::Failed), "not read"),
        (report.count(FileOutcome::Partly), "read in part"),
        (report.count(FileOutcome::Skipped), "skipped"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let what = match &report.rebuilt {
        _ if report.is_unchanged() => "nothing to do".to_owned(),
        Some(why) => format!("index rebuilt ({why})"),
        None => "index up to date".to_owned(),
    };
    let counts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    format!("{what}: {} documents, {} passages{counts}", report.documents, report.passages)
}
