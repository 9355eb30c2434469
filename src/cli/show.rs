//! `show`: a document, or a passage among its neighbours, with its tags and why.

use std::io::Write;

use gcm_search::engine::StoredPassage;
use gcm_search::search::{PassageShown, TagsShown};
use gcm_search::tagger::Tagger;

use super::args::{Format, ShowArgs};
use super::lookup::Named;
use super::settings::Global;
use super::terminal::Terminal;
use super::{Failure, Knowledge, Outcome, open_or_build};
use crate::output;

pub fn run(global: &Global, args: &ShowArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let knowledge = Knowledge::load(global)?;
    let engine = open_or_build(global, &knowledge, terminal)?;
    let named = Named::find(&*engine, &args.id, global)?;
    let number =
        named.passage.and_then(|place| named.passages.get(place)).map(|stored| stored.passage.number);
    let passages = named.passages;
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
