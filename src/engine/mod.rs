//! The seam between what gcm-search knows and what an engine does: passages go in, a plan is asked,
//! hits come out. Nothing above this module names an engine's types.

mod counts;
mod letters;
pub mod local;
mod near;
mod rescore;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::document::{Date, Language, Passage};

/// What is known of a passage's document, as every hit carries it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct DocumentInfo {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// Who published it.
    pub publisher: Option<String>,
    /// When.
    pub date: Option<Date>,
    /// In which language.
    pub language: Option<Language>,
    /// Where it can be read.
    pub url: Option<String>,
    /// Its official symbol.
    pub symbol: Option<String>,
    /// Its licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// The file that it was read from.
    pub path: String,
}

/// A passage as an index stores it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredPassage {
    /// Its document.
    pub document: DocumentInfo,
    /// The passage.
    pub passage: Passage,
    /// Its tags: `scheme:concept` and score, the surest first within each scheme.
    pub tags: Vec<(String, f32)>,
}

impl StoredPassage {
    /// The passage's id, `DOCUMENT#N`.
    pub fn id(&self) -> String {
        format!("{}#{}", self.document.id, self.passage.number)
    }
}

/// What one tier of one word added to a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Contribution {
    /// The word of the query.
    pub word: String,
    /// How it was met, in words: the exact form, another form, the stem.
    pub by: String,
    /// What it added.
    pub score: f64,
}

/// A passage that answers a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// How well; higher is better, comparable within one query only.
    pub score: f64,
    /// The passage.
    pub stored: StoredPassage,
    /// What made up the score; empty unless it was asked for.
    pub contributions: Vec<Contribution>,
}

/// What a plan found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// How many passages match in all, those with the same text counted each.
    pub total: usize,
    /// The hits asked for, best first; ties ordered by document, then passage.
    pub hits: Vec<Hit>,
}

/// How many of the passages that answer a plan carry each of some filter tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrossCounts {
    /// How many passages answer the plan.
    pub total: u64,
    /// By row, how many of them carry its token.
    pub rows: Vec<u64>,
    /// By column, how many carry its token.
    pub columns: Vec<u64>,
    /// By row and column, how many carry both.
    pub cells: Vec<Vec<u64>>,
}

/// What a passage has from its document, one value at most, and passages can be counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute {
    /// The id of the document.
    Document,
    /// The year of its date, whether the month and the day are known or not.
    Year,
}

/// What is ranked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Passages.
    #[default]
    Passage,
    /// Documents, each as its best passage.
    Document,
}

/// Which part of the ranked list is wanted, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many hits.
    pub limit: usize,
    /// How many to pass over.
    pub offset: usize,
    /// What is ranked.
    pub unit: Unit,
    /// Whether a text that stands in several places is listed each time.
    pub duplicates: bool,
    /// Whether each score is to be explained.
    pub explain: bool,
    /// Whether the number of all matches is wanted; counting costs as much as searching.
    pub count: bool,
}

impl Page {
    /// The first `limit` hits.
    pub fn first(limit: usize) -> Page {
        Page { limit, offset: 0, unit: Unit::Passage, duplicates: false, explain: false, count: true }
    }
}

/// What kind of thing went wrong; it decides the advice that a user gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no index.
    Missing,
    /// What is there is no index of ours.
    Foreign,
    /// The index is damaged.
    Damaged,
    /// The index was made by another version, or with other settings.
    Outdated,
    /// Another process is writing to it.
    Busy,
    /// The system refused: permissions, space, an I/O error.
    System,
}

/// An error of an engine.
#[derive(Debug)]
pub struct EngineError {
    /// What kind.
    pub kind: ErrorKind,
    /// What, on what, in words for a person.
    pub message: String,
}

impl EngineError {
    /// An error with a message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> EngineError {
        EngineError { kind, message: message.into() }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EngineError {}
