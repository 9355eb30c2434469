//! `status`: what is in the index.

use std::collections::BTreeMap;
use std::io::Write;

use gcm_search::engine::{self, Place};
use gcm_search::indexer::{fingerprint, verify};
use gcm_search::status::Status;
use gcm_search::tagger::BUILT_IN_MODEL;

use super::args::{Format, StatusArgs};
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, engine_failure};
use crate::output;

pub fn run(global: &Global, args: &StatusArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let knowledge = Knowledge::load(global)?;
    let failed = |error| engine_failure(error, global);
    let verified = if args.verify {
        verify(global.place()).map_err(failed)?;
        Some(true)
    } else {
        None
    };
    let now = fingerprint(&knowledge.taxonomy, BUILT_IN_MODEL);
    let (engine, status) = loop {
        let engine = engine::open(global.place()).map_err(failed)?;
        match Status::of(&*engine, &now) {
            // A run has ended meanwhile and has replaced what was being read.
            Err(_) if !engine.is_current() => {}
            status => break (engine, status.map_err(failed)?),
        }
    };
    let status = Status {
        index: global.place().to_string(),
        verified,
        document_ids: args.documents.then(|| engine.document_ids().map_err(failed)).transpose()?,
        ..status
    };
    let mut out = terminal.output(args.format);
    match args.format {
        Format::Text => print(&mut out, &status, global)?,
        Format::Json | Format::Jsonl => output::json::line(&mut out, &status)?,
    }
    out.flush()?;
    Ok(Outcome::Found)
}

fn print(out: &mut dyn Write, status: &Status, global: &Global) -> Result<(), Failure> {
    let list = |values: &BTreeMap<String, u64>| {
        values.iter().map(|(value, count)| format!("{value} {count}")).collect::<Vec<_>>().join(", ")
    };
    writeln!(out, "index       {} (made by gcm-search {})", status.index, status.program)?;
    writeln!(out, "sources     {}", output::printable(&status.sources.join(", ")))?;
    if let Some(part) = &status.part {
        writeln!(out, "part        {part} of their documents")?;
    }
    writeln!(out, "documents   {}", status.documents)?;
    writeln!(out, "passages    {}", status.passages)?;
    writeln!(out, "languages   {}", list(&status.languages))?;
    if status.languages.contains_key("und") {
        writeln!(out, "            und: other languages, searched by exact words only")?;
    }
    if !status.publishers.is_empty() && status.publishers.len() <= 12 {
        writeln!(out, "publishers  {}", output::printable(&list(&status.publishers)))?;
    } else if !status.publishers.is_empty() {
        writeln!(out, "publishers  {} different ones", status.publishers.len())?;
    }
    if let Some(why) = &status.out_of_date {
        writeln!(out, "out of date {why}; to mend it: gcm-search index")?;
    }
    let listed =
        [("not read", &status.not_read), ("incomplete", &status.incomplete), ("skipped", &status.skipped)];
    for (what, files) in listed {
        for file in files {
            writeln!(out, "{what:<12}{}", output::printable(file))?;
        }
    }
    if status.verified == Some(true) {
        let agrees = match global.place() {
            Place::Folder(_) => "every file agrees with its checksum, the passages with the manifest",
            #[cfg(feature = "opensearch")]
            Place::Cluster(_) => "the cluster holds the manifest and as many passages as it says",
        };
        writeln!(out, "verified    {agrees}")?;
    }
    for id in status.document_ids.iter().flatten() {
        writeln!(out, "document    {}", output::printable(id))?;
    }
    Ok(())
}
