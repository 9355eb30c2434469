//! `status`: what is in the index.

use std::collections::BTreeMap;
use std::io::Write;

use gcm_search::engine::local::LocalEngine;
use gcm_search::indexer::{Manifest, fingerprint, what_changed};
use gcm_search::tagger::BUILT_IN_MODEL;
use serde::Serialize;

use super::args::{Format, StatusArgs};
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, engine_failure};
use crate::output;

#[derive(Debug, Serialize)]
struct Status {
    index: String,
    program: String,
    documents: usize,
    passages: usize,
    sources: Vec<String>,
    languages: BTreeMap<String, u64>,
    publishers: BTreeMap<String, u64>,
    out_of_date: Option<&'static str>,
    not_read: Vec<String>,
    verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document_ids: Option<Vec<String>>,
}

pub fn run(global: &Global, args: &StatusArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let knowledge = Knowledge::load(global)?;
    let failed = |error| engine_failure(error, global);
    let verified = if args.verify {
        LocalEngine::verify(&global.index).map_err(failed)?;
        Some(true)
    } else {
        None
    };
    let engine = LocalEngine::open(&global.index).map_err(failed)?;
    let manifest = Manifest::read(&engine).map_err(failed)?;
    let status = Status {
        index: global.index.display().to_string(),
        program: engine.info().program.clone(),
        documents: engine.info().documents,
        passages: engine.info().passages,
        sources: manifest
            .sources
            .iter()
            .map(|source| source.clone().unwrap_or_else(|| "built-in corpus".to_owned()))
            .collect(),
        languages: engine.filter_values("lang").map_err(failed)?,
        publishers: engine.filter_values("publisher").map_err(failed)?,
        out_of_date: what_changed(
            &engine.info().fingerprint,
            &fingerprint(&knowledge.taxonomy, BUILT_IN_MODEL),
        ),
        not_read: manifest
            .files
            .iter()
            .flat_map(|(key, entry)| entry.failures.iter().map(move |reason| format!("{key}: {reason}")))
            .collect(),
        verified,
        document_ids: args.documents.then(|| engine.document_ids().map_err(failed)).transpose()?,
    };
    let mut out = terminal.output(args.format);
    match args.format {
        Format::Text => print(&mut out, &status)?,
        Format::Json | Format::Jsonl => output::json::line(&mut out, &status)?,
    }
    out.flush()?;
    Ok(Outcome::Found)
}

fn print(out: &mut dyn Write, status: &Status) -> Result<(), Failure> {
    let list = |values: &BTreeMap<String, u64>| {
        values.iter().map(|(value, count)| format!("{value} {count}")).collect::<Vec<_>>().join(", ")
    };
    writeln!(out, "index       {} (made by gcm-search {})", status.index, status.program)?;
    writeln!(out, "sources     {}", output::printable(&status.sources.join(", ")))?;
    writeln!(out, "documents   {}", status.documents)?;
    writeln!(out, "passages    {}", status.passages)?;
    writeln!(out, "languages   {}", list(&status.languages))?;
    if !status.publishers.is_empty() && status.publishers.len() <= 12 {
        writeln!(out, "publishers  {}", output::printable(&list(&status.publishers)))?;
    } else if !status.publishers.is_empty() {
        writeln!(out, "publishers  {} different ones", status.publishers.len())?;
    }
    if status.languages.contains_key("und") {
        writeln!(out, "            und: other languages, searched by exact words only")?;
    }
    if let Some(why) = status.out_of_date {
        writeln!(out, "out of date {why}; to mend it: gcm-search index")?;
    }
    for failure in &status.not_read {
        writeln!(out, "not read    {}", output::printable(failure))?;
    }
    if status.verified == Some(true) {
        writeln!(out, "verified    every file agrees with its checksum")?;
    }
    for id in status.document_ids.iter().flatten() {
        writeln!(out, "document    {}", output::printable(id))?;
    }
    Ok(())
}
