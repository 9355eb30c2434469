//! What an id that the user typed names: a document, or a passage of one.

use gcm_search::document::split_passage_id;
use gcm_search::engine::Engine;
use gcm_search::engine::StoredPassage;
use gcm_search::suggest::nearest;

use super::settings::Global;
use super::{Failure, engine_failure};
use crate::output;

/// What an id names.
pub struct Named {
    /// The document's passages, in order; there is at least one.
    pub passages: Vec<StoredPassage>,
    /// The place in the list of the passage that was named, if one was.
    pub passage: Option<usize>,
}

impl Named {
    /// Looks an id up.
    ///
    /// # Errors
    /// An id that nothing has, with the nearest one that something has; an index that cannot be read.
    pub fn find(engine: &dyn Engine, id: &str, global: &Global) -> Result<Named, Failure> {
        let read =
            |document: &str| engine.passages_of(document).map_err(|error| engine_failure(error, global));
        // An id may itself hold a "#"; the longest document that exists counts.
        let whole = read(id)?;
        if !whole.is_empty() {
            return Ok(Named { passages: whole, passage: None });
        }
        let (document, number) = split_passage_id(id);
        let passages = if number.is_some() { read(document)? } else { Vec::new() };
        if passages.is_empty() {
            return Err(unknown(engine, document, global));
        }
        let place = passages.iter().position(|stored| Some(stored.passage.number) == number);
        match (place, number) {
            (None, Some(number)) => Err(Failure::new(format!(
                "the document {} has no passage {number}; it has {}",
                output::printable(document),
                passages.len()
            ))),
            (passage, _) => Ok(Named { passages, passage }),
        }
    }

    /// Looks up the id of a passage.
    ///
    /// # Errors
    /// As [`Named::find`], and where a document is named as a whole.
    pub fn find_passage(engine: &dyn Engine, id: &str, global: &Global) -> Result<StoredPassage, Failure> {
        let named = Named::find(engine, id, global)?;
        let passage = named.passage.and_then(|place| named.passages.into_iter().nth(place));
        passage.ok_or_else(|| {
            Failure::new(format!("no passage in the index has the id \"{}\"", output::printable(id)))
                .hint("an id is a document's, a # and a number; query and show print them")
        })
    }
}

fn unknown(engine: &dyn Engine, document: &str, global: &Global) -> Failure {
    let ids = match engine.document_ids() {
        Ok(ids) => ids,
        Err(error) => return engine_failure(error, global),
    };
    let failure =
        Failure::new(format!("no document in the index has the id \"{}\"", output::printable(document)));
    // The folders above a document are often left out.
    let last = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
    let names: Vec<String> = ids.iter().map(|id| last(id)).collect();
    let near = nearest(document, ids.iter().map(String::as_str)).or_else(|| {
        let name = nearest(&last(document), names.iter().map(String::as_str))?;
        ids.iter().find(|id| last(id) == name).map(String::as_str)
    });
    match near {
        Some(near) => failure.hint(format!("did you mean \"{near}\"?")),
        None => failure.hint("gcm-search status --documents lists them"),
    }
}
