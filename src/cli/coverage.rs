//! `coverage`: what documents speak of and what they never mention.

use gcm_search::coverage::{Coverage, Covered};

use super::args::{CoverageArgs, TableFormat};
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, filter_failure, open_or_build, scheme_named};
use crate::output;

pub fn run(global: &Global, args: &CoverageArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let knowledge = Knowledge::load_outline(global)?;
    let taxonomy = &knowledge.taxonomy;
    let mut schemes = Vec::new();
    for name in &args.scheme {
        let scheme = scheme_named(taxonomy, name)?;
        if !schemes.contains(&scheme) {
            schemes.push(scheme);
        }
    }
    if schemes.is_empty() {
        schemes.extend(0..taxonomy.schemes.len());
    }
    let engine = open_or_build(global, &knowledge, terminal)?;
    let mut documents = Vec::new();
    for name in &args.names {
        match Covered::read(&*engine, taxonomy, name, &schemes, global.labels) {
            Ok(covered) => documents.push(covered),
            Err(error) => terminal.failure(&filter_failure(error, global)),
        }
    }
    let outcome = if documents.len() < args.names.len() { Outcome::Partly } else { Outcome::Found };
    if documents.is_empty() {
        return Ok(outcome);
    }
    let coverage = Coverage::new(documents);
    let mut out = terminal.output(args.format.output());
    match args.format {
        TableFormat::Text => {
            output::coverage::text(&mut out, &coverage, args.passages, terminal.table_width())?;
        }
        TableFormat::Json => output::json::line(&mut out, &coverage)?,
        TableFormat::Csv => output::csv::coverage(&mut out, &coverage, args.tables.csv_safe())?,
    }
    out.flush()?;
    Ok(outcome)
}
