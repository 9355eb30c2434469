//! `concordance`: every occurrence of a word in its context.

use std::io::Write;

use gcm_search::concordance::{Options, Pattern, Sort, concordance};
use gcm_search::engine::Engine;
use gcm_search::engine::EngineError;
use gcm_search::suggest::distance;

use super::args::{ConcordanceArgs, ConcordanceFormat, Format, SortBy};
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, engine_failure, filters, open_or_build};
use crate::output;

/// How many characters of context stand on each side where no width has to be kept to.
const CONTEXT: usize = 60;

pub fn run(global: &Global, args: &ConcordanceArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let query = args.words.join(" ");
    let Some(pattern) = Pattern::parse(&query, args.exact) else {
        return Err(Failure::new(format!(
            "there is no word in \"{}\" to look for",
            output::printable(&query)
        ))
        .hint(
            "give a word, or words that stand one after the other: gcm-search concordance autorità locali",
        ));
    };
    let knowledge = Knowledge::load_outline(global)?;
    let engine = open_or_build(global, &knowledge, terminal)?;
    let width = terminal.table_width();
    let context = match (args.context, args.format) {
        (Some(context), _) => context,
        // No column is narrower than a character, so that this is enough to fill a line.
        (None, ConcordanceFormat::Text) => width,
        (None, _) => CONTEXT,
    };
    let options = Options {
        filters: filters(&args.filters, &knowledge.taxonomy, &*engine, global)?,
        sort: match args.sort {
            SortBy::Left => Sort::Left,
            SortBy::Right => Sort::Right,
            SortBy::Document => Sort::Document,
        },
        limit: args.limit,
        context,
        labels: global.labels,
    };
    let found = concordance(&*engine, &knowledge.taxonomy, &query, &pattern, &options)
        .map_err(|error| engine_failure(error, global))?;
    if found.total == 0
        && let Some(near) = nearest(&*engine, &pattern).map_err(|error| engine_failure(error, global))?
    {
        terminal.note(&format!("nothing found; did you mean \"{near}\"?"));
    }
    let mut out = terminal.output(match args.format {
        ConcordanceFormat::Text => Format::Text,
        _ => Format::Json,
    });
    match args.format {
        ConcordanceFormat::Text => output::concordance::text(&mut out, &found, args.counts, width)?,
        ConcordanceFormat::Json => output::json::line(&mut out, &found)?,
        ConcordanceFormat::Jsonl => output::concordance::jsonl(&mut out, &found)?,
        ConcordanceFormat::Csv => output::concordance::csv(&mut out, &found, args.tables.csv_safe())?,
    }
    out.flush()?;
    Ok(if found.total > 0 { Outcome::Found } else { Outcome::Nothing })
}

/// The pattern with each word that the index does not have replaced by the nearest that it has, if that helps.
fn nearest(engine: &dyn Engine, pattern: &Pattern) -> Result<Option<String>, EngineError> {
    let mut words = Vec::new();
    for word in pattern.words() {
        let near = engine
            .near_words(word, 2)?
            .into_iter()
            .min_by_key(|(other, count)| (distance(word, other), std::cmp::Reverse(*count), other.clone()));
        let Some((near, _)) = near else {
            return Ok(None);
        };
        words.push(near);
    }
    let typed = pattern.words();
    Ok((words != typed).then(|| words.join(" ")))
}
