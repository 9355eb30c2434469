//! `query`: ranked passages.

use std::fs;
use std::path::Path;

use gcm_search::provenance::QueriesIdentity;
use gcm_search::query::Weights;
use gcm_search::search::Searcher;
use gcm_search::tagger::Tagger;

use super::args::QueryArgs;
use super::lookup::Named;
use super::record::{self, Made, Results, Target};
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, engine_failure, open_or_build, search_options};
use crate::output::{self, Lists};

pub fn run(global: &Global, args: &QueryArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let knowledge =
        if args.search.explain { Knowledge::load(global)? } else { Knowledge::load_outline(global)? };
    let engine = open_or_build(global, &knowledge, terminal)?;
    let options = search_options(global, &args.search, &knowledge.taxonomy, &*engine)?;
    let target = args.result.manifest.as_deref().map(Target::of_manifest).transpose()?;
    let mut searcher = Searcher::new(&*engine, &knowledge.taxonomy, &knowledge.glossary);
    if args.search.explain {
        searcher = searcher.with_tagger(Tagger::new(&knowledge.taxonomy, &knowledge.model));
    }
    let answer = match &args.like {
        Some(id) => searcher.like(&Named::find_passage(&*engine, id, global)?, &options),
        None => searcher.answer(&args.query.join(" "), &options),
    }
    .map_err(|error| engine_failure(error, global))?;
    for note in &answer.notes {
        terminal.note(&output::printable(note));
    }
    let format = args.format.unwrap_or(global.format);
    let lists = Lists {
        taxonomy: &knowledge.taxonomy,
        labels: global.labels,
        format,
        many: false,
        unit: options.unit,
        csv_safe: args.result.tables.csv_safe(),
        width: terminal.width(),
    };
    let mut out = Results::new(terminal.results(format), format);
    let mut buffer = Vec::new();
    lists.begin(&mut buffer)?;
    lists.answer(&mut buffer, &answer)?;
    lists.end(&mut buffer)?;
    out.write(&buffer)?;
    out.flush()?;
    if let Some(target) = target {
        let query = answer.query.as_bytes();
        let queries = QueriesIdentity {
            file: None,
            query: Some(answer.query.clone()),
            blake3: blake3::hash(query).to_hex().to_string(),
            bytes: query.len() as u64,
        };
        let made = Made { engine: &*engine, options: &options, lists, input_format: None };
        target.write(&record::manifest_text(&made.manifest(queries, out.identity(1, 0), global)?)?)?;
    }
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
