//! Many queries in one go: read from a stream ([`input`]), answered side by side and handed back in their order
//! ([`crate::ordered`]). One bad line never stops the others.

pub mod input;

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::filters::{FilterNames, over};
use crate::glossary::Glossary;
use crate::query::Filters;
use crate::search::{Answer, FORMAT_VERSION, Options, Searcher};
use crate::tagger::{Model, Tagger};
use crate::taxonomy::Taxonomy;
use input::{Asked, BadLine};

/// A line that could not be answered, as JSON shows it in the place of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LineError {
    /// The version of the JSON: [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The id of the query, where it could be read; else the number of the line.
    pub id: String,
    /// The number of the line on which the query begins, from 1.
    pub line: u64,
    /// The query, where it could be read.
    pub query: Option<String>,
    /// What is wrong, in words for a person.
    pub error: String,
}

impl From<BadLine> for LineError {
    fn from(bad: BadLine) -> Self {
        LineError {
            format_version: FORMAT_VERSION,
            id: bad.id.unwrap_or_else(|| bad.number.to_string()),
            line: bad.number,
            query: bad.query,
            error: bad.reason,
        }
    }
}

/// What all queries of a batch have in common.
pub struct Batch<'a> {
    /// The index.
    pub engine: &'a dyn Engine,
    /// The taxonomy.
    pub taxonomy: &'a Taxonomy,
    /// What lends queries words of other languages.
    pub glossary: &'a Glossary,
    /// The tagger's model, where answers are to explain their tags.
    pub model: Option<&'a Model>,
    /// How a query is answered that does not say otherwise.
    pub options: &'a Options,
}

impl<'a> Batch<'a> {
    /// Something that answers one query after the other; each thread has its own.
    pub fn worker(&self) -> Worker<'a> {
        let searcher = Searcher::new(self.engine, self.taxonomy, self.glossary);
        let searcher = match self.model {
            Some(model) => searcher.with_tagger(Tagger::new(self.taxonomy, model)),
            None => searcher,
        };
        Worker { engine: self.engine, taxonomy: self.taxonomy, options: self.options.clone(), searcher }
    }
}

/// Answers the queries of a batch, one after the other.
pub struct Worker<'a> {
    engine: &'a dyn Engine,
    taxonomy: &'a Taxonomy,
    options: Options,
    searcher: Searcher<'a>,
}

impl Worker<'_> {
    /// Answers a line of the input.
    ///
    /// # Errors
    /// A line that could not be read, a filter that does not exist, an index that cannot be read.
    pub fn answer(&mut self, line: Result<Asked, BadLine>) -> Result<Answer, LineError> {
        let asked = line?;
        let options = match options(&asked, &self.options, self.taxonomy, self.engine) {
            Ok(options) => options,
            Err(reason) => return Err(asked.bad(reason).into()),
        };
        match self.searcher.answer(&asked.query, &options) {
            Ok(answer) => Ok(Answer { id: Some(asked.id), ..answer }),
            Err(error) => Err(asked.bad(error.message).into()),
        }
    }
}

/// The options of one query: those of all, but for what it says itself.
///
/// # Errors
/// A filter that does not exist, in words for a person.
pub fn options(
    asked: &Asked,
    all: &Options,
    taxonomy: &Taxonomy,
    engine: &dyn Engine,
) -> Result<Options, String> {
    let mut names = FilterNames::default();
    for (name, value) in &asked.filters {
        names.add(taxonomy, name, value).map_err(|error| error.to_string())?;
    }
    let own: Filters = names.resolve(taxonomy, engine).map_err(|error| error.to_string())?;
    Ok(Options {
        filters: over(own, &all.filters),
        limit: asked.limit.unwrap_or(all.limit),
        offset: asked.offset.unwrap_or(all.offset),
        ..all.clone()
    })
}
