//! `show`: a document, or a passage among its neighbours, with its tags and why.

use std::io::Write;

use gcm_search::document::split_passage_id;
use gcm_search::engine::StoredPassage;
use gcm_search::search::{PassageShown, TagsShown};
use gcm_search::tagger::Tagger;

use super::args::{Format, ShowArgs};
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, engine_failure, open_or_build};
use crate::output;

pub fn run(global: &Global, args: &ShowArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let knowledge = Knowledge::load(global)?;
    let engine = open_or_build(global, &knowledge, terminal)?;
    let read = |document: &str| engine.passages_of(document).map_err(|error| engine_failure(error, global));
    // An id may itself hold a "#"; the longest document that exists counts.
    let whole = read(&args.id)?;
    let (passages, number) = if whole.is_empty() {
        let (document, number) = split_passage_id(&args.id);
        (read(document)?, number)
    } else {
        (whole, None)
    };
    if passages.is_empty() {
        let ids = engine.document_ids().map_err(|error| engine_failure(error, global))?;
        let wanted = args.id.split('#').next().unwrap_or_default();
        let failure =
            Failure::new(format!("no document in the index has the id \"{}\"", output::printable(wanted)));
        return Err(match gcm_search::suggest::nearest(wanted, ids.iter().map(String::as_str)) {
            Some(near) => failure.hint(format!("did you mean \"{near}\"?")),
            None => failure.hint("gcm-search status --documents lists them"),
        });
    }
    if let Some(number) = number
        && !passages.iter().any(|stored| stored.passage.number == number)
    {
        return Err(Failure::new(format!("the document has no passage {number}; it has {}", passages.len())));
    }
    let mut tagger = Tagger::new(&knowledge.taxonomy, &knowledge.model);
    let mut out = terminal.output(args.format);
    let in_view = |stored: &StoredPassage| {
        number.is_none_or(|number| stored.passage.number.abs_diff(number) <= args.context)
    };
    let chosen: Vec<&StoredPassage> = passages.iter().filter(|stored| in_view(stored)).collect();
    if args.format == Format::Text {
        output::text::document(&mut out, &chosen[0].document, passages.len(), terminal.width())?;
    }
    for stored in chosen {
        let is_asked_for = number == Some(stored.passage.number);
        // Of a whole document, tags without reasons: those are a page for each passage.
        let with_reasons = is_asked_for || args.format != Format::Text;
        let mut tags = TagsShown::of(&knowledge.taxonomy, stored, global.labels);
        if with_reasons {
            tags.explain(&knowledge.taxonomy, &mut tagger, stored);
        }
        match args.format {
            Format::Text => {
                output::text::passage(&mut out, stored, &tags, is_asked_for, terminal.width())?;
            }
            Format::Json | Format::Jsonl => {
                if args.format == Format::Json && number.is_some() && !is_asked_for {
                    continue;
                }
                let shown = PassageShown::new(stored.clone(), tags);
                output::json::line(&mut out, &shown)?;
            }
        }
    }
    out.flush()?;
    Ok(Outcome::Found)
}
