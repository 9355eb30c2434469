//! `index`: brings the index up to date.

use std::io::Write;

use gcm_search::corpus::Source;
use gcm_search::indexer::{self, IndexError, Progress, Report, Request};
use gcm_search::tagger::BUILT_IN_MODEL;

use super::args::IndexArgs;
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, absolute, default_source, engine_failure};

/// How many failed files are named; the rest are counted.
const NAMED_FAILURES: usize = 20;

pub fn run(global: &Global, args: &IndexArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let knowledge = Knowledge::load(global)?;
    let mut add: Vec<Source> = args.paths.iter().map(|path| Source::Path(absolute(path))).collect();
    if add.is_empty() && global.corpus.is_some() {
        add.push(default_source(global));
    }
    let request = Request {
        add,
        default: Some(default_source(global)),
        rebuild: args.rebuild,
        wait: args.wait,
        only_if_missing: false,
        ocr: args.ocr,
    };
    let report = update(global, &knowledge, &request, terminal)?;
    let mut out = terminal.stdout();
    writeln!(out, "{}", summary(&report))?;
    out.flush()?;
    Ok(if report.failed.is_empty() { Outcome::Found } else { Outcome::Partly })
}

/// Builds an index that is missing; waits where another process is already at it.
pub fn build_missing(
    global: &Global,
    knowledge: &Knowledge,
    source: Source,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let request = Request { default: Some(source), wait: true, only_if_missing: true, ..Request::default() };
    let report = update(global, knowledge, &request, terminal)?;
    terminal.note(&summary(&report));
    Ok(())
}

fn update(
    global: &Global,
    knowledge: &Knowledge,
    request: &Request,
    terminal: &Terminal,
) -> Result<Report, Failure> {
    let bar = terminal.progress();
    let report = indexer::update(
        &global.index,
        request,
        &knowledge.taxonomy,
        BUILT_IN_MODEL,
        &knowledge.model,
        &|progress| match progress {
            Progress::Begin(files) => bar.set_length(files as u64),
            Progress::File(path) => bar.set_message(crate::output::printable(path)),
            Progress::Passages(_) => {}
            Progress::FileDone => bar.inc(1),
            Progress::Commit => bar.set_message("writing"),
        },
    );
    bar.finish_and_clear();
    let report = report.map_err(|error| match error {
        IndexError::Corpus(error) => Failure::new(error.message),
        IndexError::Engine(error) => engine_failure(error, global),
        IndexError::Ocr(error) => Failure::new(error.message),
    })?;
    for failed in report.failed.iter().take(NAMED_FAILURES) {
        terminal.warn(&crate::output::printable(&format!("{}: {}", failed.path, failed.reason)));
    }
    if report.failed.len() > NAMED_FAILURES {
        terminal.warn(&format!("and {} more could not be read", report.failed.len() - NAMED_FAILURES));
    }
    for id in report.idle_overrides.iter().take(NAMED_FAILURES) {
        terminal
            .warn(&format!("overrides.toml corrects \"{id}\", which is no passage or document of the index"));
    }
    for warning in report.warnings.iter().take(NAMED_FAILURES) {
        terminal.warn(&crate::output::printable(&format!("{}: {}", warning.path, warning.reason)));
    }
    if report.warnings.len() > NAMED_FAILURES {
        terminal
            .warn(&format!("and {} more have pages without text", report.warnings.len() - NAMED_FAILURES));
    }
    if report.unread_pages > 0 && !request.ocr {
        terminal.note("scanned pages are read with: gcm-search index --ocr");
    }
    Ok(report)
}

/// One line on what a run did.
fn summary(report: &Report) -> String {
    let mut parts = Vec::new();
    for (count, what) in [
        (report.added, "added"),
        (report.changed, "changed"),
        (report.renamed, "renamed"),
        (report.removed, "removed"),
        (report.failed.len(), "not read"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    let state = format!("{} documents, {} passages", report.documents, report.passages);
    if report.is_unchanged() {
        let failed = if report.failed.is_empty() {
            String::new()
        } else {
            format!(", {} not read", report.failed.len())
        };
        return format!("nothing to do: {state}{failed}");
    }
    match &report.rebuilt {
        Some(why) => format!("index rebuilt ({why}): {state} ({})", parts.join(", ")),
        None => format!("index up to date: {state} ({})", parts.join(", ")),
    }
}
