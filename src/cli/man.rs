//! `man`: manual pages, for one command or for all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::args::{Cli, ManArgs};
use super::terminal::Terminal;
use super::{Failure, Outcome};

/// What the main page says besides its options: titles and paragraphs, a paragraph with a term where it has one.
const SECTIONS: [(&str, &[(&str, &str)]); 3] = [
    (
        "EXIT STATUS",
        &[
            ("0", "Something was found, or done."),
            ("1", "Nothing was found."),
            ("2", "An error, or input of which a part could not be read."),
        ],
    ),
    (
        "ENVIRONMENT",
        &[
            (
                "GCM_SEARCH_INDEX, GCM_SEARCH_CORPUS, GCM_SEARCH_TAXONOMY, GCM_SEARCH_LABELS",
                "As the options of these names.",
            ),
            (
                "GCM_SEARCH_COLOR, GCM_SEARCH_LIMIT, GCM_SEARCH_FORMAT",
                "As the options of these names; the last two hold for query.",
            ),
            (
                "GCM_SEARCH_PAGER, PAGER",
                "The pager for results longer than the screen; empty or cat for none. The default is less -FRX.",
            ),
            ("GCM_SEARCH_CONFIG", "A file of settings to read instead of the project's and the user's."),
            ("NO_COLOR, CLICOLOR, CLICOLOR_FORCE", "Whether to colour, where --color is auto."),
            ("COLUMNS", "The width, instead of the terminal's."),
        ],
    ),
    (
        "FILES",
        &[
            ("gcm-search.toml", "The project's settings, in the working directory or a folder above it."),
            (
                "~/.config/gcm-search/config.toml",
                "The user's settings; in gcm-search/config.toml of XDG_CONFIG_HOME where that is set.",
            ),
            ("index", "The index, in the working directory unless settings say otherwise."),
        ],
    ),
];

pub fn run(args: &ManArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let commands = || root.get_subcommands().filter(|command| !command.is_hide_set());
    if let Some(folder) = &args.dir {
        write(folder, "gcm-search", &page(&root, &root)?)?;
        for command in commands() {
            write(folder, &name(command), &page(command, &root)?)?;
        }
        return Ok(Outcome::Found);
    }
    let command = match &args.page_of {
        None => &root,
        Some(wanted) => {
            let known = |command: &&clap::Command| {
                command.get_name() == wanted || command.get_all_aliases().any(|alias| alias == wanted)
            };
            commands().find(known).ok_or_else(|| {
                let failure = Failure::new(format!("there is no command \"{wanted}\""));
                let names = commands().map(clap::Command::get_name);
                match gcm_search::suggest::nearest(wanted, names) {
                    Some(near) => failure.hint(format!("did you mean \"{near}\"?")),
                    None => failure.hint("gcm-search --help lists the commands"),
                }
            })?
        }
    };
    let mut out = terminal.raw_stdout();
    out.write_all(&page(command, &root)?)?;
    out.flush()?;
    Ok(Outcome::Found)
}

/// The name of a command's page.
fn name(command: &clap::Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn write(folder: &Path, name: &str, page: &[u8]) -> Result<(), Failure> {
    let path = folder.join(format!("{name}.1"));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, page))
        .map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))
}

/// A page in roff.
fn page(command: &clap::Command, root: &clap::Command) -> io::Result<Vec<u8>> {
    let is_root = command.get_name() == root.get_name();
    let man = Man::new(command.clone());
    let mut out = Vec::new();
    // Without a date, which would make each build another one. The name and the version have nothing to escape.
    let version = root.get_version().unwrap_or_default();
    writeln!(out, ".TH {} 1 \"\" \"gcm-search {version}\" \"gcm-search\"", name(command).to_uppercase())?;
    man.render_name_section(&mut out)?;
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim().replace(char::is_whitespace, " ");
    let mut synopsis = Roff::new();
    synopsis.control("SH", ["SYNOPSIS"]);
    synopsis.text([roman(usage)]);
    synopsis.to_writer(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    if is_root {
        man.render_subcommands_section(&mut out)?;
    }
    let mut roff = Roff::new();
    if let Some(notes) = command.get_after_long_help().or_else(|| command.get_after_help()) {
        // Columns stay as they were set.
        roff.control("SH", ["NOTES"]);
        roff.control("nf", []);
        for line in notes.to_string().lines() {
            roff.text([roman(line)]);
        }
        roff.control("fi", []);
    }
    if is_root {
        for (title, items) in SECTIONS {
            roff.control("SH", [title]);
            for (term, text) in items {
                roff.control("TP", []);
                roff.text([bold(*term)]);
                roff.text([roman(*text)]);
            }
        }
    } else {
        roff.control("SH", ["SEE ALSO"]);
        roff.text([bold("gcm-search"), roman("(1)")]);
    }
    roff.to_writer(&mut out)?;
    Ok(out)
}
