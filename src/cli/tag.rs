//! `tag`: tags any text, without an index.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use gcm_search::analysis::tokenize;
use gcm_search::document::Language;
use gcm_search::language;
use gcm_search::search::{ConceptFound, FORMAT_VERSION, TextTagged};
use gcm_search::tagger::{Tag, Tagger};
use gcm_search::taxonomy::Taxonomy;
use serde::Deserialize;

use super::args::TagArgs;
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome};
use crate::output;

#[derive(Debug, Deserialize)]
struct Line {
    #[serde(alias = "_id")]
    id: Option<serde_json::Value>,
    text: String,
    #[serde(alias = "language")]
    lang: Option<String>,
}

pub fn run(global: &Global, args: &TagArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let knowledge = Knowledge::load(global)?;
    let mut tagger = Tagger::new(&knowledge.taxonomy, &knowledge.model);
    let mut input = open(args.file.as_deref())?;
    let mut out = terminal.raw_stdout();
    let mut first = Vec::new();
    input.read_until(b'\n', &mut first).map_err(read_failure)?;
    let begins_with_object =
        String::from_utf8_lossy(&first).trim_start_matches('\u{FEFF}').trim_start().starts_with('{');
    let mut any = false;
    let mut bad = 0usize;
    if !begins_with_object {
        // Plain text: paragraphs, divided by blank lines, numbered from 1.
        input.read_to_end(&mut first).map_err(read_failure)?;
        let text = String::from_utf8(first).map_err(|_| {
            Failure::new("the input is not valid UTF-8").hint("save it as UTF-8 and try again")
        })?;
        let normal = text.replace("\r\n", "\n");
        let paragraphs = normal.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
        for (at, paragraph) in paragraphs.enumerate() {
            any |= tag(&mut out, &mut tagger, &knowledge.taxonomy, &(at + 1).to_string(), paragraph, None)?;
        }
        out.flush()?;
        return Ok(if any { Outcome::Found } else { Outcome::Nothing });
    }
    let mut number = 1;
    let mut line = first;
    loop {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim().trim_start_matches('\u{FEFF}');
        if !text.is_empty() {
            match read_line(text) {
                Ok((id, parsed, lang)) => {
                    let id = id.unwrap_or_else(|| number.to_string());
                    any |= tag(&mut out, &mut tagger, &knowledge.taxonomy, &id, &parsed, lang)?;
                    // Whoever pipes line by line gets each answer when it is ready.
                    out.flush()?;
                }
                Err(reason) => {
                    bad += 1;
                    terminal.warn(&output::printable(&format!("line {number}: {reason}; left out")));
                }
            }
        }
        line.clear();
        number += 1;
        if input.read_until(b'\n', &mut line).map_err(read_failure)? == 0 {
            break;
        }
    }
    out.flush()?;
    Ok(match (bad, any) {
        (1.., _) => Outcome::Partly,
        (0, true) => Outcome::Found,
        (0, false) => Outcome::Nothing,
    })
}

fn open(path: Option<&Path>) -> Result<Box<dyn BufRead>, Failure> {
    match path {
        Some(path) if path != Path::new("-") => File::open(path)
            .map(|file| Box::new(BufReader::new(file)) as Box<dyn BufRead>)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display()))),
        _ => Ok(Box::new(BufReader::new(io::stdin()))),
    }
}

fn read_failure(error: io::Error) -> Failure {
    Failure::new(format!("cannot read the input: {error}"))
}

type ReadLine = (Option<String>, String, Option<Language>);

fn read_line(text: &str) -> Result<ReadLine, String> {
    let line: Line =
        serde_json::from_str(text).map_err(|error| format!("not a record with a text: {error}"))?;
    let lang = line.lang.map(|code| code.parse::<Language>()).transpose()?;
    let id = line.id.map(|id| match id {
        serde_json::Value::String(id) => id,
        other => other.to_string(),
    });
    Ok((id, line.text, lang))
}

fn tag(
    out: &mut dyn Write,
    tagger: &mut Tagger<'_>,
    taxonomy: &Taxonomy,
    id: &str,
    text: &str,
    lang: Option<Language>,
) -> Result<bool, Failure> {
    let language = lang.unwrap_or_else(|| language::of_passage(text, &tokenize(text), None));
    let tags = tagger.tag(text, &[], language, true);
    let mut tagged = TextTagged {
        format_version: FORMAT_VERSION,
        id: id.to_owned(),
        dimensions: Vec::new(),
        actors: Vec::new(),
        tags: BTreeMap::new(),
    };
    let is_empty = tags.is_empty();
    for Tag { concept, score, evidence } in tags {
        let concept = &taxonomy.concepts[concept];
        let of_scheme = match taxonomy.schemes[concept.scheme].id.as_str() {
            "dimension" => &mut tagged.dimensions,
            "actor" => &mut tagged.actors,
            other => tagged.tags.entry(other.to_owned()).or_default(),
        };
        let score = (score * 100.0).round() / 100.0;
        of_scheme.push(ConceptFound { id: concept.id.clone(), score, evidence });
    }
    output::json::line(out, &tagged)?;
    Ok(!is_empty)
}
