//! `cite`: documents, or those of passages, as references for a citation manager.

use std::io::{self, BufRead, Write};

use gcm_search::cite::{Cited, collect};
use gcm_search::engine::Engine;

use super::args::{CiteArgs, Format, ReferenceFormat};
use super::lookup::Named;
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, open_or_build};
use crate::output;

pub fn run(global: &Global, args: &CiteArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let knowledge = Knowledge::load_outline(global)?;
    let engine = open_or_build(global, &knowledge, terminal)?;
    let mut cited = Vec::new();
    let mut failed = 0usize;
    for id in ids(&args.ids)? {
        match look_up(&*engine, &id, global) {
            Ok(one) => cited.push(one),
            Err(failure) => {
                failed += 1;
                terminal.failure(&failure);
            }
        }
    }
    let references = collect(cited);
    let mut out = terminal.output(Format::Text);
    match args.format {
        ReferenceFormat::Bibtex => {
            for (at, reference) in references.iter().enumerate() {
                let gap = if at > 0 { "\n" } else { "" };
                write!(out, "{gap}{}", output::printable(&reference.bibtex()))?;
            }
        }
        ReferenceFormat::Ris => {
            for reference in &references {
                // A record's lines end in a carriage return, which is no harm there.
                for line in reference.ris().lines() {
                    write!(out, "{}\r\n", output::printable(line))?;
                }
            }
        }
        ReferenceFormat::CslJson => {
            let items: Vec<_> = references.iter().map(|reference| reference.csl()).collect();
            output::json::line(&mut out, &items)?;
        }
    }
    out.flush()?;
    Ok(match (failed, references.is_empty()) {
        (1.., _) => Outcome::Partly,
        (0, true) => Outcome::Nothing,
        (0, false) => Outcome::Found,
    })
}

/// The ids as they were given, with those of standard input, one a line, in the place of a hyphen.
fn ids(given: &[String]) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::with_capacity(given.len());
    for id in given {
        if id != "-" {
            ids.push(id.clone());
            continue;
        }
        for line in io::stdin().lock().split(b'\n') {
            let line = line.map_err(|error| Failure::new(format!("cannot read the ids: {error}")))?;
            // What is no UTF-8 is no id either, and is named as such with the others that nothing has.
            let line = String::from_utf8_lossy(&line);
            if !line.trim().is_empty() {
                ids.push(line.trim().to_owned());
            }
        }
    }
    Ok(ids)
}

fn look_up(engine: &dyn Engine, id: &str, global: &Global) -> Result<Cited, Failure> {
    let named = Named::find(engine, id, global)?;
    let is_passage = named.passage.is_some();
    let stored = named.passages.into_iter().nth(named.passage.unwrap_or(0));
    // The list is never empty, and the place is one of it.
    let stored = stored.ok_or_else(|| Failure::new(format!("the document {id} has no passages")))?;
    Ok(if is_passage { Cited::Passage(stored) } else { Cited::Document(stored.document) })
}
