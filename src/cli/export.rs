//! `export`: every passage of the index with its document and its tags, so that what was read can be checked, and used
//! elsewhere.

use std::io::Write;
use std::ops::ControlFlow;

use gcm_search::analysed::{End, Header, Line};
use gcm_search::analysis::{Stemmers, tokenize};
use gcm_search::engine::{Engine, IndexedPassage, StoredPassage};
use gcm_search::indexer::Manifest;
use gcm_search::query::Filters;
use gcm_search::search::{PassageShown, TagsShown};

use super::args::{ExportArgs, ExportFormat};
use super::record::Target;
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, engine_failure, filters, open_existing, open_or_build};
use crate::output;

pub fn run(global: &Global, args: &ExportArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let target = args.output.as_deref().map(|path| Target::open("the export", path)).transpose()?;
    let knowledge = Knowledge::load_outline(global)?;
    let engine = match args.form() {
        ExportFormat::Jsonl | ExportFormat::Csv => open_or_build(global, &knowledge, terminal)?,
        // What is to be indexed elsewhere must not turn out to be the default corpus.
        _ => open_existing(global, &knowledge, terminal)?,
    };
    let filters = filters(&args.filters, &knowledge.taxonomy, &*engine, global)?;
    let export = Export { global, args, knowledge: &knowledge, engine: &*engine, filters: &filters };
    let mut count = 0;
    match target {
        Some(target) => target.write_packed(|out| {
            count = export.write(out)?;
            Ok(())
        })?,
        None => {
            let mut out = terminal.raw_stdout();
            count = export.write(&mut out)?;
            out.flush()?;
        }
    }
    Ok(if count > 0 { Outcome::Found } else { Outcome::Nothing })
}

/// What is exported, and how.
struct Export<'a> {
    global: &'a Global,
    args: &'a ExportArgs,
    knowledge: &'a Knowledge,
    engine: &'a dyn Engine,
    filters: &'a Filters,
}

impl Export<'_> {
    /// Writes everything; how many passages it was.
    fn write(&self, out: &mut dyn Write) -> Result<usize, Failure> {
        let csv_safe = self.args.tables.csv_safe();
        let shown = |stored: StoredPassage| {
            let tags = TagsShown::of(&self.knowledge.taxonomy, &stored, self.global.labels);
            PassageShown::new(stored, tags)
        };
        match self.args.form() {
            ExportFormat::Jsonl => self.each(|stored| output::json::line(out, &shown(stored))),
            ExportFormat::Csv => {
                output::csv::rows(out, [output::csv::passage_header()], csv_safe)?;
                self.each(|stored| output::csv::rows(out, [output::csv::passage(&shown(stored))], csv_safe))
            }
            ExportFormat::Analysed => {
                let info = self.engine.info();
                let part = Manifest::read(self.engine, None)
                    .map_err(|error| engine_failure(error, self.global))?
                    .part;
                let header = Header::new(&info.program, info.fingerprint.clone(), part);
                output::json::line(out, &header)?;
                let count = self.each_analysed(|indexed| output::json::line(out, &Line::from(indexed)))?;
                output::json::line(out, &End::of(count))?;
                Ok(count)
            }
            #[cfg(feature = "opensearch")]
            ExportFormat::Bulk => self.each_analysed(|indexed| {
                Ok(out.write_all(&gcm_search::engine::opensearch::bulk_lines(&indexed)?)?)
            }),
        }
    }

    /// Hands over each passage with what it is found by.
    fn each_analysed(
        &self,
        mut write: impl FnMut(IndexedPassage) -> Result<(), Failure>,
    ) -> Result<usize, Failure> {
        let mut stemmers = Stemmers::default();
        // Of the document that the passages are at.
        let mut primary: Option<(String, bool)> = None;
        self.each(|stored| {
            let document = &stored.document.id;
            let is_primary = match &primary {
                Some((of, is_primary)) if of == document => *is_primary,
                _ => {
                    let found = self.engine.is_primary(document);
                    let is_primary = found.map_err(|error| engine_failure(error, self.global))?;
                    primary = Some((document.clone(), is_primary));
                    is_primary
                }
            };
            let tokens = tokenize(&stored.passage.text);
            let source = stored.document.path.clone();
            write(IndexedPassage::new(source, is_primary, stored, &tokens, &mut stemmers))
        })
    }

    /// Hands over each passage, in the order of documents and passages; how many it was.
    fn each(&self, mut write: impl FnMut(StoredPassage) -> Result<(), Failure>) -> Result<usize, Failure> {
        let mut count = 0;
        let mut failed: Option<Failure> = None;
        let result = self.engine.each_passage(self.filters, &mut |stored| match write(stored) {
            Ok(()) => {
                count += 1;
                ControlFlow::Continue(())
            }
            Err(failure) => {
                failed = Some(failure);
                ControlFlow::Break(())
            }
        });
        result.map_err(|error| engine_failure(error, self.global))?;
        failed.map_or(Ok(count), Err)
    }
}
