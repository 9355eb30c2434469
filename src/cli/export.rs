//! `export`: every passage of the index with its document and its tags, so that what was read can be checked, and used
//! elsewhere.

use std::io::Write;
use std::ops::ControlFlow;

use gcm_search::engine::StoredPassage;
use gcm_search::search::{PassageShown, TagsShown};

use super::args::{ExportArgs, ExportFormat};
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, engine_failure, filters, open_or_build};
use crate::output;

pub fn run(global: &Global, args: &ExportArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let knowledge = Knowledge::load_outline(global)?;
    let engine = open_or_build(global, &knowledge, terminal)?;
    let filters = filters(&args.filters, &knowledge.taxonomy, &*engine, global)?;
    let mut out = terminal.raw_stdout();
    if args.format == ExportFormat::Csv {
        output::csv::rows(&mut out, [output::csv::passage_header()], args.tables.csv_safe())?;
    }
    let mut any = false;
    let mut failed: Option<Failure> = None;
    let mut write = |stored: StoredPassage| -> Result<(), Failure> {
        let tags = TagsShown::of(&knowledge.taxonomy, &stored, global.labels);
        let shown = PassageShown::new(stored, tags);
        match args.format {
            ExportFormat::Jsonl => output::json::line(&mut out, &shown),
            ExportFormat::Csv => {
                output::csv::rows(&mut out, [output::csv::passage(&shown)], args.tables.csv_safe())
            }
        }
    };
    let result = engine.each_passage(&filters, &mut |stored| {
        any = true;
        match write(stored) {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => {
                failed = Some(failure);
                ControlFlow::Break(())
            }
        }
    });
    result.map_err(|error| engine_failure(error, global))?;
    if let Some(failure) = failed {
        return Err(failure);
    }
    out.flush()?;
    Ok(if any { Outcome::Found } else { Outcome::Nothing })
}
