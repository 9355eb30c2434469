//! The seam between what gcm-search knows and what an engine does: passages go in, a plan is asked,
//! hits come out. Nothing above this module names an engine's types.

pub mod guard;
mod letters;
pub mod local;
mod lowering;
#[cfg(feature = "opensearch")]
pub mod opensearch;
mod passage;
mod ranking;
mod request;
mod rescore;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::guard::Guarded;
use self::local::{LocalEngine, WriteLock};
#[cfg(feature = "opensearch")]
use self::opensearch::{Cluster, ClusterLock, OpenSearchEngine};
pub use self::passage::{DocumentInfo, IndexedPassage, StoredPassage};
use crate::partition::Part;
use crate::query::plan::{Field, Filters, Plan};

/// The version of the schema and of what its fields hold, the same for every engine. An index with another one is refused.
pub const SCHEMA_VERSION: u32 = 3;

/// Where an index is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a folder of this machine.
    Folder(PathBuf),
    /// On a cluster.
    #[cfg(feature = "opensearch")]
    Cluster(Cluster),
}

impl Place {
    /// The folder, if the index is in one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Place::Folder(folder) => Some(folder),
            #[cfg(feature = "opensearch")]
            Place::Cluster(_) => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Folder(folder) => folder.display().fmt(f),
            #[cfg(feature = "opensearch")]
            Place::Cluster(cluster) => cluster.fmt(f),
        }
    }
}

/// Opens an index for reading.
///
/// # Errors
/// One kind each for an index that is missing, foreign, damaged or made by another version of the schema.
pub fn open(place: &Place) -> Result<Box<dyn Engine>, EngineError> {
    match place {
        Place::Folder(folder) => Ok(Box::new(Guarded::new(LocalEngine::open(folder)?, folder))),
        #[cfg(feature = "opensearch")]
        Place::Cluster(cluster) => Ok(Box::new(OpenSearchEngine::open(cluster)?)),
    }
}

/// Takes the lock of an index, making its place if need be; with `wait`, after whoever holds it. An engine that many machines
/// write to at once may lock only the part.
///
/// # Errors
/// [`ErrorKind::Busy`] where another process writes, [`ErrorKind::Foreign`] where the place holds something else.
#[cfg_attr(not(feature = "opensearch"), expect(unused_variables, reason = "a folder has one lock for all"))]
pub fn lock(place: &Place, part: Option<Part>, wait: bool) -> Result<Box<dyn Lock>, EngineError> {
    match place {
        Place::Folder(folder) => Ok(Box::new(WriteLock::take(folder, wait)?)),
        #[cfg(feature = "opensearch")]
        Place::Cluster(cluster) => Ok(Box::new(ClusterLock::take(cluster, part, wait)?)),
    }
}

/// Checks an index against its checksums, before anything is read from it.
///
/// # Errors
/// As [`open`]; names what is damaged.
pub fn verify(place: &Place) -> Result<(), EngineError> {
    match place {
        Place::Folder(folder) => LocalEngine::verify(folder),
        #[cfg(feature = "opensearch")]
        Place::Cluster(cluster) => OpenSearchEngine::verify(cluster),
    }
}

/// An index that is open for reading, and sees the same passages as long as it is open.
///
/// Every method fails where the index cannot be read.
pub trait Engine: Send + Sync {
    /// What made the index and how much there is in it.
    fn info(&self) -> &CommitInfo;

    /// The manifest of the last commit of a part, as it was handed to [`Writer::commit`]; nothing where it has none yet. An index
    /// that holds one part at most gives what it has.
    fn manifest(&self, part: Option<Part>) -> Result<Option<String>, EngineError>;

    /// Whether the index at its place is still what it was when it was opened; where it is not, what was read may be gone.
    fn is_current(&self) -> bool {
        true
    }

    /// How many passages came from each source; nothing where the engine cannot tell.
    fn passages_by_source(&self) -> Result<Option<BTreeMap<String, u64>>, EngineError> {
        Ok(None)
    }

    /// Answers a plan.
    fn search(&self, plan: &Plan, page: Page) -> Result<Found, EngineError>;

    /// The ids (document and passage number) of the hits of a plan, best first, with their scores.
    fn search_ids(&self, plan: &Plan, page: Page) -> Result<Vec<(String, u64, f64)>, EngineError>;

    /// Counts the passages that answer a plan by the filter tokens (`actor:states`, `lang:it`) that they carry, and by
    /// each pair of a row's token and a column's.
    fn cross_counts(
        &self,
        plan: &Plan,
        rows: &[String],
        columns: &[String],
    ) -> Result<CrossCounts, EngineError>;

    /// Counts the passages that answer a plan by their value of an attribute; those without one under nothing.
    fn value_counts(
        &self,
        plan: &Plan,
        attribute: Attribute,
    ) -> Result<BTreeMap<Option<String>, u64>, EngineError>;

    /// Hands over every passage that matches a plan, not ranked, as [`Engine::each_passage`] does.
    fn each_match(
        &self,
        plan: &Plan,
        each: &mut dyn FnMut(StoredPassage) -> ControlFlow<()>,
    ) -> Result<(), EngineError>;

    /// Hands over every passage that the filters let pass, in the order of documents and of their passages, one at a
    /// time: what is kept in memory is little for each. Ends early when `each` breaks off.
    fn each_passage(
        &self,
        filters: &Filters,
        each: &mut dyn FnMut(StoredPassage) -> ControlFlow<()>,
    ) -> Result<(), EngineError>;

    /// What is known of a document; nothing where there is no such document.
    fn document_info(&self, document: &str) -> Result<Option<DocumentInfo>, EngineError>;

    /// Whether a document is a primary source.
    fn is_primary(&self, document: &str) -> Result<bool, EngineError>;

    /// The passages of a document, in reading order; empty where there is no such document.
    fn passages_of(&self, document: &str) -> Result<Vec<StoredPassage>, EngineError>;

    /// The ids of all documents, in order.
    fn document_ids(&self) -> Result<Vec<String>, EngineError>;

    /// The values of a filter in use (`publisher`, `lang`, …), folded, with how many passages have each.
    fn filter_values(&self, kind: &str) -> Result<BTreeMap<String, u64>, EngineError>;

    /// Whether any passage has this filter token (`document:…`, `publisher:…`, `lang:…`).
    fn has_filter_token(&self, token: &str) -> Result<bool, EngineError>;

    /// How many passages have a term in exactly this form.
    fn frequency(&self, field: Field, term: &str) -> Result<u64, EngineError>;

    /// The words of the index within so many letters of `word`, with how many passages have each.
    fn near_words(&self, word: &str, distance: u8) -> Result<Vec<(String, u64)>, EngineError>;
}

/// The right to write to an index, which one process has at a time.
pub trait Lock {
    /// What an index that cannot be read was made from, if that can still be told.
    fn origin(&self) -> Origin;

    /// Finishes what a run that was killed after its commit had still to do, where one was; `origin` is what the index is
    /// made from.
    ///
    /// # Errors
    /// As [`Lock::update`].
    fn finish(&self, origin: &Origin) -> Result<(), EngineError> {
        let _ = origin;
        Ok(())
    }

    /// A writer into the index that answers queries.
    ///
    /// # Errors
    /// As [`open`], and when the system refuses.
    fn update(&self) -> Result<Box<dyn Writer + '_>, EngineError>;

    /// A writer into a new index, which replaces the current one when it is committed.
    ///
    /// # Errors
    /// [`ErrorKind::Full`] where there is no room for it beside the current one, and when the system refuses.
    fn rebuild(&self) -> Result<Box<dyn Writer + '_>, EngineError>;
}

/// Adds and removes passages. Nothing shows before [`Writer::commit`].
pub trait Writer {
    /// Removes every passage that came from a file.
    ///
    /// # Errors
    /// When the system refuses.
    fn remove_source(&mut self, source: &str) -> Result<(), EngineError>;

    /// Adds a passage.
    ///
    /// # Errors
    /// When the system refuses; what was added is then lost, and the last commit is whole.
    fn add(&mut self, passage: &IndexedPassage) -> Result<(), EngineError>;

    /// Makes everything since the last commit visible at once, with a new manifest. An engine may fill in what of `info` is
    /// its own.
    ///
    /// # Errors
    /// When the system refuses; the last commit is then whole.
    fn commit(self: Box<Self>, info: CommitInfo, manifest: &str, origin: &Origin) -> Result<(), EngineError>;
}

/// What an index is made from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The sources; `null` is the built-in corpus.
    pub sources: Vec<Option<String>>,
    /// The part of their documents, where it is not all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

/// What made an index: another value of any of these makes other terms, passages or tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Fingerprint {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// The version of the analysis.
    pub analysis: u32,
    /// The version of the stemmer.
    pub stemmer: String,
    /// The version of the segmentation.
    pub segmentation: u32,
    /// The versions and data of the tagger: code, taxonomy, model.
    pub tagging: String,
}

/// What is stored with each commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitInfo {
    /// What made the index.
    pub fingerprint: Fingerprint,
    /// The version of the program that wrote it.
    pub program: String,
    /// The name of the manifest file in the generation's folder.
    pub manifest: String,
    /// How many documents there are.
    pub documents: usize,
    /// How many passages there are.
    pub passages: usize,
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
    /// It is divided into other parts than the one that is to be written.
    Divided,
    /// Another process is writing to it.
    Busy,
    /// No node of the cluster answers.
    Unreachable,
    /// The system, or the cluster, does not let us read or write there.
    Denied,
    /// The disk is full, or a file would become larger than the system allows.
    Full,
    /// The system refused in another way, or what a cluster says.
    System,
}

/// An error of an engine.
#[derive(Debug, Clone)]
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
