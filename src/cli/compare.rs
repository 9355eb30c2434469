//! `compare`: where a query is answered how often.

use gcm_search::compare::{By, Comparison, Order};
use gcm_search::search::{Options, Searcher};
use gcm_search::suggest::nearest;
use gcm_search::taxonomy::Taxonomy;

use super::args::{CompareArgs, CompareOrder, TableFormat};
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, counting_options, engine_failure, open_or_build};
use crate::output;

pub fn run(global: &Global, args: &CompareArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let knowledge = Knowledge::load_outline(global)?;
    let by = by(&knowledge.taxonomy, &args.by)?;
    let engine = open_or_build(global, &knowledge, terminal)?;
    let options = counting_options(global, &args.counted, &knowledge.taxonomy, &*engine)?;
    let query = args.query.join(" ");
    let order = args.sort.map_or(by.order(), |sort| match sort {
        CompareOrder::Rate => Order::Rate,
        CompareOrder::Count => Order::Count,
        CompareOrder::Name => Order::Name,
    });
    let mut searcher = Searcher::new(&*engine, &knowledge.taxonomy, &knowledge.glossary);
    let found =
        Comparison::count(&mut searcher, &knowledge.taxonomy, &query, by, order, args.limit, &options)
            .map_err(|error| engine_failure(error, global))?;
    if found.total == 0 {
        let answer = searcher
            .answer(&query, &Options { limit: 0, ..options })
            .map_err(|error| engine_failure(error, global))?;
        if let Some(near) = answer.suggestion {
            terminal.note(&format!("nothing found; did you mean \"{near}\"?"));
        }
    }
    let mut out = terminal.output(args.format.output());
    match args.format {
        TableFormat::Text => output::compare::text(&mut out, &found, terminal.table_width())?,
        TableFormat::Json => output::json::line(&mut out, &found)?,
        TableFormat::Csv => output::csv::comparison(&mut out, &found, args.tables.csv_safe())?,
    }
    out.flush()?;
    Ok(if found.total > 0 { Outcome::Found } else { Outcome::Nothing })
}

fn by(taxonomy: &Taxonomy, name: &str) -> Result<By, Failure> {
    By::named(taxonomy, name).ok_or_else(|| {
        let known = By::names(taxonomy);
        let failure =
            Failure::new(format!("nothing to compare by is called \"{}\"", output::printable(name)));
        failure.hint(match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("known are {}", known.join(", ")),
        })
    })
}
