//! `query`: ranked passages.

use std::fs;
use std::io::Write;
use std::path::Path;

use gcm_search::query::Weights;
use gcm_search::search::{Options, Searcher};
use gcm_search::tagger::Tagger;

use super::args::{Format, QueryArgs};
use super::lookup::Named;
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, engine_failure, filters, open_or_build};
use crate::output;

pub fn run(global: &Global, args: &QueryArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let knowledge = if args.explain { Knowledge::load(global)? } else { Knowledge::load_outline(global)? };
    let engine = open_or_build(global, &knowledge, terminal)?;
    let options = Options {
        filters: filters(&args.filters, &knowledge.taxonomy, &engine, global)?,
        limit: args.limit.unwrap_or(global.limit),
        offset: args.offset,
        all: args.all,
        duplicates: args.duplicates,
        explain: args.explain,
        concepts: !args.no_concepts,
        labels: global.labels,
        weights: weights(args.weights.as_deref())?,
        ..Options::default()
    };
    let mut searcher = Searcher::new(&engine, &knowledge.taxonomy, &knowledge.glossary);
    if args.explain {
        searcher = searcher.with_tagger(Tagger::new(&knowledge.taxonomy, &knowledge.model));
    }
    let answer = match &args.like {
        Some(id) => searcher.like(&Named::find_passage(&engine, id, global)?, &options),
        None => searcher.answer(&args.query.join(" "), &options),
    }
    .map_err(|error| engine_failure(error, global))?;
    for note in &answer.notes {
        terminal.note(&output::printable(note));
    }
    let format = args.format.unwrap_or(global.format);
    let mut out = terminal.output(format);
    match format {
        Format::Text => {
            let labels: Vec<&str> = answer
                .concepts
                .iter()
                .filter_map(|id| knowledge.taxonomy.concept_index(id))
                .map(|index| knowledge.taxonomy.concepts[index].labels.get(global.labels))
                .collect();
            output::text::answer(&mut out, &answer, &labels, terminal.width())?;
        }
        Format::Json => output::json::answer(&mut out, &answer)?,
        Format::Jsonl => output::json::hits(&mut out, &answer)?,
    }
    out.flush()?;
    Ok(if answer.total > 0 { Outcome::Found } else { Outcome::Nothing })
}

/// The weights of the ranking: those built in, or a file's.
pub fn weights(path: Option<&Path>) -> Result<Weights, Failure> {
    let Some(path) = path else {
        return Ok(Weights::default());
    };
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read the weights {}: {error}", path.display())))?;
    toml::from_str(&text)
        .map_err(|error| Failure::new(format!("the weights {}: {}", path.display(), error.message())))
}
