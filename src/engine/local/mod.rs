//! The local engine: a tantivy index in a folder.
//!
//! ```text
//! index/
//!   CURRENT                  which generation answers queries
//!   SOURCES                  what the index is made from
//!   .lock                    held by the one process that writes
//!   generation-000001/       a tantivy index, with its manifest
//! ```
//!
//! Updates go into the current generation and show with one commit. A rebuild fills a new generation
//! beside it and switches with one rename, so that whatever happens on the way the old one answers.

mod lowering;
mod writer;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tantivy::collector::{Collector, Count, DocSetCollector, SegmentCollector, TopDocs};
use tantivy::columnar::{Column, StrColumn};
use tantivy::query::{AllQuery, BooleanQuery, Occur as EngineOccur, Query, TermQuery};
use tantivy::schema::{
    FAST, Field as SchemaField, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing,
    TextOptions, Value,
};
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager, WhitespaceTokenizer};
use tantivy::{DocAddress, Index, IndexReader, ReloadPolicy, Searcher, SegmentReader, TantivyDocument, Term};

use self::lowering::{Lowered, Lowering, expand_fuzzy};
pub use self::writer::{LocalWriter, WriteLock};
use super::counts::{count_union, cross_counts, value_counts};
use super::letters::letters_in_common;
use super::rescore::{WORDS_BY_STEMS, rescore};
use super::{
    Attribute, Contribution, CrossCounts, DocumentInfo, EngineError, ErrorKind, Found, Hit, Page,
    StoredPassage, Unit,
};
use crate::analysis::{Terms, tokenize};
use crate::query::plan::{Field, Filters, Plan, Weights};

/// The version of the schema and of what its fields hold. An index with another one is refused.
pub const SCHEMA_VERSION: u32 = 2;

const CURRENT: &str = "CURRENT";
const LOCK: &str = ".lock";
/// What else may stand in a folder that is ours.
const OURS: &[&str] = &["README.md", "CURRENT.new", "SOURCES", "SOURCES.new"];
/// The tokenizer of every field: our analysis has made the tokens, tantivy only takes them apart.
const TOKENS: &str = "gcm-search-tokens";
/// How many of the best passages are scored again with the closeness of their words; of a query of many words first, of
/// one of few, which is asked for by more exact terms, second.
const WINDOWS: (usize, usize) = (100, 60);
/// Of how many of these the letters are compared with those of the query: their texts have to be read.
const LETTERS_WINDOW: usize = 30;
/// How many times as many passages are read to find all that have the same score, before every one is looked at.
const TIES: usize = 8;
/// How many of the passages under the same title, the best, say how much there is under it.
const COMPANY: usize = 5;

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

#[derive(Debug, Serialize, Deserialize)]
struct Pointer {
    format: u32,
    generation: String,
}

#[derive(Debug, Clone, Copy)]
struct Fields {
    source: SchemaField,
    document: SchemaField,
    number: SchemaField,
    filter: SchemaField,
    tag: SchemaField,
    from: SchemaField,
    until: SchemaField,
    duplicate: SchemaField,
    work: SchemaField,
    primary: SchemaField,
    exact: SchemaField,
    stem: SchemaField,
    wide: SchemaField,
    head: SchemaField,
    stored: SchemaField,
}

impl Fields {
    fn of(self, field: Field) -> SchemaField {
        match field {
            Field::Exact => self.exact,
            Field::Stem => self.stem,
            Field::Wide => self.wide,
            Field::Head => self.head,
        }
    }

    /// The term of a filter token: tags have a field of their own, what is known of documents another.
    fn filter_term(self, token: &str) -> Term {
        let kind = token.split(':').next().unwrap_or_default();
        let field = if matches!(kind, "lang" | "document" | "publisher") { self.filter } else { self.tag };
        Term::from_field_text(field, token)
    }
}

fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let tokens = |option: IndexRecordOption| {
        TextOptions::default()
            .set_indexing_options(TextFieldIndexing::default().set_tokenizer(TOKENS).set_index_option(option))
    };
    let fields = Fields {
        source: builder.add_text_field("source", STRING),
        document: builder.add_text_field("document", STRING | FAST),
        number: builder.add_u64_field("number", FAST),
        filter: builder.add_text_field("filter", STRING),
        tag: builder.add_text_field("tag", STRING | FAST),
        from: builder.add_u64_field("from", INDEXED | FAST),
        until: builder.add_u64_field("until", INDEXED | FAST),
        duplicate: builder.add_u64_field("duplicate", FAST),
        work: builder.add_u64_field("work", FAST),
        primary: builder.add_u64_field("primary", FAST),
        exact: builder.add_text_field("exact", tokens(IndexRecordOption::WithFreqsAndPositions)),
        stem: builder.add_text_field("stem", tokens(IndexRecordOption::WithFreqs)),
        wide: builder.add_text_field("wide", tokens(IndexRecordOption::WithFreqs)),
        head: builder.add_text_field("head", tokens(IndexRecordOption::WithFreqs)),
        stored: builder.add_bytes_field("stored", STORED),
    };
    (builder.build(), fields)
}

fn tokenizers() -> TokenizerManager {
    let manager = TokenizerManager::default();
    manager.register(TOKENS, TextAnalyzer::from(WhitespaceTokenizer::default()));
    manager
}

/// A passage made ready for the index.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedPassage {
    /// The file that it comes from, by which it is removed again.
    pub source: String,
    /// Whether its document is a primary source.
    pub is_primary: bool,
    /// What is stored and shown.
    pub stored: StoredPassage,
    /// Its terms.
    pub terms: Terms,
    /// The stems of its title and headings.
    pub head: String,
}

fn damaged(path: &Path, error: impl std::fmt::Display) -> EngineError {
    EngineError::new(ErrorKind::Damaged, format!("the index in {} is damaged: {error}", path.display()))
}

fn system(path: &Path, error: impl std::fmt::Display) -> EngineError {
    EngineError::new(ErrorKind::System, format!("{}: {error}", path.display()))
}

/// Where the generation that answers queries is, if there is an index.
fn current_generation(folder: &Path) -> Result<Option<PathBuf>, EngineError> {
    let text = match fs::read_to_string(folder.join(CURRENT)) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return match strangers(folder) {
                Ok(names) if names.is_empty() => Ok(None),
                Ok(names) => Err(EngineError::new(
                    ErrorKind::Foreign,
                    format!(
                        "{} is no index of gcm-search: it holds {}",
                        folder.display(),
                        names.into_iter().take(3).collect::<Vec<_>>().join(", ")
                    ),
                )),
                Err(error) => Err(error),
            };
        }
        Err(error) => return Err(system(&folder.join(CURRENT), error)),
    };
    let pointer: Pointer =
        serde_json::from_str(&text).map_err(|error| damaged(folder, format!("CURRENT: {error}")))?;
    if pointer.format != 1 {
        return Err(EngineError::new(
            ErrorKind::Outdated,
            format!("the index in {} has the layout of another version", folder.display()),
        ));
    }
    if pointer.generation.contains(['/', '\\']) || !pointer.generation.starts_with("generation-") {
        return Err(damaged(folder, "CURRENT names no generation"));
    }
    Ok(Some(folder.join(pointer.generation)))
}

/// Files in a folder without an index that were not put there by us.
fn strangers(folder: &Path) -> Result<Vec<String>, EngineError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(EngineError::new(
                ErrorKind::Foreign,
                format!("{} is a file, not a folder for an index", folder.display()),
            ));
        }
        Err(error) => return Err(system(folder, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| system(folder, error))?.file_name().to_string_lossy().into_owned();
        // Hidden files keep an empty folder in a repository; a generation without CURRENT is a first build
        // that was interrupted.
        if !name.starts_with('.') && !name.starts_with("generation-") && !OURS.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// An index that is open for reading.
pub struct LocalEngine {
    folder: PathBuf,
    generation: PathBuf,
    fields: Fields,
    reader: IndexReader,
    index: Index,
    info: CommitInfo,
    /// By segment. The reader is never reloaded, so they are those of every search.
    columns: Vec<Columns>,
}

/// The columns of a segment that every search reads.
struct Columns {
    document: Option<StrColumn>,
    number: Column,
    duplicate: Column,
    /// A hash of the title, or of the document's id where it has none.
    work: Column,
}

impl Columns {
    fn open(segment: &SegmentReader) -> tantivy::Result<Columns> {
        let fast = segment.fast_fields();
        Ok(Columns {
            document: fast.str("document")?,
            number: fast.u64("number")?,
            duplicate: fast.u64("duplicate")?,
            work: fast.u64("work")?,
        })
    }
}

/// What ties are ordered by.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct TieKey {
    /// The place of the document's id among all; nothing where there are several segments, each with its own.
    ordinal: Option<u64>,
    /// The id, where there is no ordinal.
    document: String,
    number: u64,
}

impl LocalEngine {
    /// Opens the index in a folder.
    ///
    /// # Errors
    /// One kind each for an index that is missing, foreign, damaged or made by another version of the schema.
    pub fn open(folder: &Path) -> Result<LocalEngine, EngineError> {
        match Self::open_once(folder) {
            // Between reading which generation answers and opening it, a rebuild may have replaced it.
            Err(error) if error.kind == ErrorKind::Damaged => Self::open_once(folder),
            other => other,
        }
    }

    fn open_once(folder: &Path) -> Result<LocalEngine, EngineError> {
        let generation = current_generation(folder)?.ok_or_else(|| {
            EngineError::new(ErrorKind::Missing, format!("there is no index in {}", folder.display()))
        })?;
        if !generation.is_dir() {
            return Err(damaged(folder, format!("{} is missing", generation.display())));
        }
        let mut index = Index::open_in_dir(&generation).map_err(|error| damaged(folder, error))?;
        index.set_tokenizers(tokenizers());
        let meta = index.load_metas().map_err(|error| damaged(folder, error))?;
        let info: CommitInfo = serde_json::from_str(meta.payload.as_deref().unwrap_or_default())
            .map_err(|error| damaged(folder, format!("its commit has no description: {error}")))?;
        let (schema, fields) = schema();
        if info.fingerprint.schema != SCHEMA_VERSION || index.schema() != schema {
            return Err(EngineError::new(
                ErrorKind::Outdated,
                format!(
                    "the index in {} was made by gcm-search {} with another schema",
                    folder.display(),
                    info.program
                ),
            ));
        }
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()
            .map_err(|error: tantivy::TantivyError| damaged(folder, error))?;
        let columns = reader.searcher().segment_readers().iter().map(Columns::open).collect::<Result<_, _>>();
        let columns = columns.map_err(|error: tantivy::TantivyError| damaged(folder, error))?;
        Ok(LocalEngine { folder: folder.to_path_buf(), generation, fields, reader, index, info, columns })
    }

    /// What made the index and how much there is in it.
    pub fn info(&self) -> &CommitInfo {
        &self.info
    }

    /// The folder of the generation that answers.
    pub fn generation(&self) -> &Path {
        &self.generation
    }

    fn error(&self, error: impl std::fmt::Display) -> EngineError {
        damaged(&self.folder, error)
    }

    /// Answers a plan.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn search(&self, plan: &Plan, page: Page) -> Result<Found, EngineError> {
        let searcher = self.reader.searcher();
        let ranking = self.ranking(&searcher, plan, page)?;
        let hits = ranking
            .scored
            .into_iter()
            .map(|scored| {
                Ok(Hit {
                    score: scored.score,
                    stored: self.stored(&searcher, scored.address)?,
                    contributions: scored.contributions,
                })
            })
            .collect::<Result<Vec<Hit>, EngineError>>()?;
        Ok(Found { total: ranking.total, hits })
    }

    /// The ids (document and passage number) of the hits of a plan, best first, with their scores.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn search_ids(&self, plan: &Plan, page: Page) -> Result<Vec<(String, u64, f64)>, EngineError> {
        let searcher = self.reader.searcher();
        let ranking = self.ranking(&searcher, plan, page)?;
        ranking
            .scored
            .into_iter()
            .map(|scored| {
                let (document, number) = self.key(scored.address)?;
                Ok((document, number, scored.score))
            })
            .collect()
    }

    /// Counts the passages that answer a plan by the filter tokens (`actor:states`, `lang:it`) that they carry, and by
    /// each pair of a row's token and a column's.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn cross_counts(
        &self,
        plan: &Plan,
        rows: &[String],
        columns: &[String],
    ) -> Result<CrossCounts, EngineError> {
        let searcher = self.reader.searcher();
        let terms = |tokens: &[String]| -> Vec<Term> {
            tokens.iter().map(|token| self.fields.filter_term(token)).collect()
        };
        self.lower(&searcher, plan)
            .and_then(|lowered| cross_counts(&searcher, &*lowered.query, &terms(rows), &terms(columns)))
            .map_err(|error| self.error(error))
    }

    /// Counts the passages that answer a plan by their value of an attribute; those without one under nothing.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn value_counts(
        &self,
        plan: &Plan,
        attribute: Attribute,
    ) -> Result<BTreeMap<Option<String>, u64>, EngineError> {
        let searcher = self.reader.searcher();
        self.lower(&searcher, plan)
            .and_then(|lowered| value_counts(&searcher, &*lowered.query, attribute))
            .map_err(|error| self.error(error))
    }

    /// Hands over every passage that matches a plan, not ranked, as [`LocalEngine::each_passage`] does.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn each_match(
        &self,
        plan: &Plan,
        each: &mut dyn FnMut(StoredPassage) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        let searcher = self.reader.searcher();
        let lowered = self.lower(&searcher, plan).map_err(|error| self.error(error))?;
        self.each_in_order(&searcher, &*lowered.query, each)
    }

    fn lower(&self, searcher: &Searcher, plan: &Plan) -> tantivy::Result<Lowered> {
        Lowering { searcher, fields: self.fields, plan, leaves: Vec::new() }.lower()
    }

    /// The page of the ranked list that is asked for.
    fn ranking(&self, searcher: &Searcher, plan: &Plan, page: Page) -> Result<Ranking, EngineError> {
        let lowered = self.lower(searcher, plan).map_err(|error| self.error(error))?;
        let wanted = page.offset.saturating_add(page.limit);
        let all = usize::try_from(searcher.num_docs()).unwrap_or(usize::MAX).max(1);
        let (of_many, of_few) = WINDOWS;
        let window_size = if plan.words.len() >= WORDS_BY_STEMS { of_many } else { of_few };
        let mut fetch = wanted.saturating_mul(2).max(window_size).min(all);
        loop {
            let Top { hits: top, are_all } = self.first_pass(searcher, &lowered, fetch)?;
            // The same window whatever page is asked for, so that pages agree with each other.
            let window: HashSet<DocAddress> = if fetch == window_size {
                top.iter().map(|&(_, address)| address).collect()
            } else {
                let first = self.first_pass(searcher, &lowered, window_size)?;
                first.hits.into_iter().map(|(_, address)| address).collect()
            };
            let scored =
                rescore(searcher, self.fields.exact, &top, &lowered.leaves, plan, &window, page.explain)
                    .map_err(|error| self.error(error))?;
            let mut scored = self.in_order(scored)?;
            if self.compare_letters(searcher, plan, &mut scored, &window, page.explain)? {
                scored = self.in_order(scored)?;
            }
            if self.lend_company(plan, &mut scored, &window, page.explain)? {
                scored = self.in_order(scored)?;
            }
            let mut scored = self.select(scored, page)?;
            if scored.len() < wanted && !are_all {
                fetch = fetch.saturating_mul(4).min(all);
                continue;
            }
            let total = if are_all || !page.count {
                top.len()
            } else {
                match &lowered.terms {
                    Some(terms) => count_union(searcher, terms),
                    None => searcher.search(&lowered.query, &Count),
                }
                .map_err(|error| self.error(error))?
            };
            scored.truncate(wanted);
            scored.drain(..page.offset.min(scored.len()));
            return Ok(Ranking { total, scored });
        }
    }

    /// The best passages of the first pass, by its quick form where that finds enough.
    fn first_pass(&self, searcher: &Searcher, lowered: &Lowered, fetch: usize) -> Result<Top, EngineError> {
        if let Some(quick) = &lowered.quick {
            let top = self.top(searcher, &**quick, fetch)?;
            if !top.are_all {
                return Ok(top);
            }
        }
        self.top(searcher, &*lowered.query, fetch)
    }

    /// The best passages by a query, `fetch` of them, or half as many and more where equal scores lie across the cut: which
    /// of the equals are taken must not depend on the order in which they were indexed. Where less than half stand above
    /// the cut, those of the first documents are taken.
    fn top(&self, searcher: &Searcher, query: &dyn Query, fetch: usize) -> Result<Top, EngineError> {
        let best = |limit: usize| {
            searcher
                .search(query, &TopDocs::with_limit(limit).order_by_score())
                .map_err(|error| self.error(error))
        };
        let mut hits = best(fetch.saturating_add(1))?;
        let Some(&(cut, _)) = hits.get(fetch) else {
            return Ok(Top { hits, are_all: true });
        };
        hits.truncate(fetch);
        let above = cut + cut.abs() * SAME_SCORE;
        if hits.last().is_none_or(|&(score, _)| score > above) {
            return Ok(Top { hits, are_all: false });
        }
        hits.retain(|&(score, _)| score > above);
        if hits.len() >= fetch / 2 {
            return Ok(Top { hits, are_all: false });
        }
        let below = cut - cut.abs() * SAME_SCORE;
        let more = best(fetch.saturating_mul(TIES))?;
        let tied: Vec<DocAddress> = if more.last().is_some_and(|&(score, _)| score < below) {
            more.into_iter()
                .filter(|&(score, _)| score >= below && score <= above)
                .map(|(_, address)| address)
                .collect()
        } else {
            searcher.search(query, &Tied { from: below, to: above }).map_err(|error| self.error(error))?
        };
        let mut keyed = tied
            .into_iter()
            .map(|address| Ok((self.tie_key(address)?, address)))
            .collect::<Result<Vec<_>, EngineError>>()?;
        keyed.sort();
        let missing = fetch - hits.len();
        hits.extend(keyed.into_iter().take(missing).map(|(_, address)| (cut, address)));
        Ok(Top { hits, are_all: false })
    }

    /// Adds to the scores of the passages that stand first what letters they share with the query; says whether it did.
    fn compare_letters(
        &self,
        searcher: &Searcher,
        plan: &Plan,
        scored: &mut [Scored],
        window: &HashSet<DocAddress>,
        explain: bool,
    ) -> Result<bool, EngineError> {
        let words: Vec<&str> =
            plan.words.iter().filter(|word| word.translates.is_none()).map(|word| &*word.exact).collect();
        if plan.weights.letters <= 0.0 || words.len() < plan.weights.letters_words as usize {
            return Ok(false);
        }
        let mut first: Vec<&mut Scored> =
            scored.iter_mut().filter(|s| window.contains(&s.address)).take(LETTERS_WINDOW).collect();
        let texts = first
            .iter()
            .map(|scored| {
                let stored = self.stored(searcher, scored.address)?;
                let mut tokens = tokenize(&stored.passage.text);
                for text in stored.document.title.iter().chain(&stored.passage.headings) {
                    tokens.extend(tokenize(text));
                }
                Ok(tokens)
            })
            .collect::<Result<Vec<_>, EngineError>>()?;
        let Weights { k1, b, letters, .. } = plan.weights;
        let shared = letters_in_common(&words, &texts, f64::from(k1), f64::from(b));
        for (scored, shared) in first.iter_mut().zip(shared) {
            scored.add(f64::from(letters) * shared, explain, || {
                ("letters in common".to_owned(), "runs of four letters of the query's words".to_owned())
            });
        }
        Ok(true)
    }

    /// Lends each passage something of what the best passages of other documents under the same title have, such as
    /// the articles or chapters of one work in files of their own: where much is said of the query, the next passage
    /// is likelier to answer it (Callan 1994, *Passage-level evidence in document retrieval*). Passages of one document
    /// lend each other nothing, or a long document would fill the first page. Says whether anything was lent.
    fn lend_company(
        &self,
        plan: &Plan,
        scored: &mut [Scored],
        window: &HashSet<DocAddress>,
        explain: bool,
    ) -> Result<bool, EngineError> {
        if plan.weights.company <= 0.0 {
            return Ok(false);
        }
        let mut works: HashMap<u64, Vec<usize>> = HashMap::new();
        for (at, s) in scored.iter().enumerate().filter(|(_, s)| window.contains(&s.address)) {
            let columns = &self.columns[s.address.segment_ord as usize];
            let work = columns.work.first(s.address.doc_id).unwrap_or_default();
            works.entry(work).or_default().push(at);
        }
        let mut lent = vec![0.0; scored.len()];
        for passages in works.values().filter(|passages| passages.len() > 1) {
            let documents = passages
                .iter()
                .map(|&at| Ok(TieKey { number: 0, ..self.tie_key(scored[at].address)? }))
                .collect::<Result<Vec<_>, EngineError>>()?;
            for (document, &at) in documents.iter().zip(passages) {
                let others = documents.iter().zip(passages).filter(|&(other, _)| other != document);
                let best = others.take(COMPANY).map(|(_, &at)| scored[at].score);
                lent[at] = best.sum::<f64>() / COMPANY as f64;
            }
        }
        for (s, &lent) in scored.iter_mut().zip(&lent) {
            s.add(f64::from(plan.weights.company) * lent, explain, || {
                ("company".to_owned(), "what other documents under the same title say of it".to_owned())
            });
        }
        Ok(lent.iter().any(|&lent| lent > 0.0))
    }

    /// Orders by score, then document, then passage.
    fn in_order(&self, mut scored: Vec<Scored>) -> Result<Vec<Scored>, EngineError> {
        scored.sort_by(|one, other| other.score.total_cmp(&one.score));
        let mut start = 0;
        while start < scored.len() {
            let end = start + scored[start..].iter().take_while(|s| s.score == scored[start].score).count();
            if end - start > 1 {
                let mut keyed = scored[start..end]
                    .iter()
                    .map(|s| Ok((self.tie_key(s.address)?, s.clone())))
                    .collect::<Result<Vec<_>, EngineError>>()?;
                keyed.sort_by(|one, other| one.0.cmp(&other.0));
                for (slot, (_, s)) in scored[start..end].iter_mut().zip(keyed) {
                    *slot = s;
                }
            }
            start = end;
        }
        Ok(scored)
    }

    /// Leaves out texts that stand above already, and where documents are ranked all but the best passage of each.
    fn select(&self, mut scored: Vec<Scored>, page: Page) -> Result<Vec<Scored>, EngineError> {
        if !page.duplicates {
            let mut seen = HashSet::new();
            scored.retain(|s| {
                self.columns[s.address.segment_ord as usize]
                    .duplicate
                    .first(s.address.doc_id)
                    .is_none_or(|hash| seen.insert(hash))
            });
        }
        if page.unit == Unit::Document {
            let mut seen = HashSet::new();
            let mut best = Vec::new();
            for s in scored {
                let TieKey { ordinal, document, .. } = self.tie_key(s.address)?;
                if seen.insert((ordinal, document)) {
                    best.push(s);
                }
            }
            scored = best;
        }
        Ok(scored)
    }

    /// The document and the number of a passage.
    fn key(&self, address: DocAddress) -> Result<(String, u64), EngineError> {
        let columns = &self.columns[address.segment_ord as usize];
        let mut document = String::new();
        if let Some(column) = &columns.document
            && let Some(ordinal) = column.ords().first(address.doc_id)
        {
            column.ord_to_str(ordinal, &mut document).map_err(|error| self.error(error))?;
        }
        Ok((document, columns.number.first(address.doc_id).unwrap_or(0)))
    }

    /// What ties are ordered by: document, then passage.
    fn tie_key(&self, address: DocAddress) -> Result<TieKey, EngineError> {
        // Within one segment the ordinals of ids are in the order of the ids, and cost less to read.
        if let [columns] = &self.columns[..]
            && let Some(document) = &columns.document
        {
            return Ok(TieKey {
                ordinal: document.ords().first(address.doc_id),
                document: String::new(),
                number: columns.number.first(address.doc_id).unwrap_or(0),
            });
        }
        let (document, number) = self.key(address)?;
        Ok(TieKey { ordinal: None, document, number })
    }

    fn stored(&self, searcher: &Searcher, address: DocAddress) -> Result<StoredPassage, EngineError> {
        let document: TantivyDocument = searcher.doc(address).map_err(|error| self.error(error))?;
        let bytes = document
            .get_first(self.fields.stored)
            .and_then(|value| value.as_bytes())
            .ok_or_else(|| self.error("a passage has no text"))?;
        serde_json::from_slice(bytes).map_err(|error| self.error(error))
    }

    /// What is known of a document; nothing where there is no such document.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn document_info(&self, document: &str) -> Result<Option<DocumentInfo>, EngineError> {
        let searcher = self.reader.searcher();
        // Each of its passages knows it.
        let first = self.addresses_of(&searcher, document)?.into_iter().min();
        first.map(|address| Ok(self.stored(&searcher, address)?.document)).transpose()
    }

    fn addresses_of(&self, searcher: &Searcher, document: &str) -> Result<HashSet<DocAddress>, EngineError> {
        let query =
            TermQuery::new(Term::from_field_text(self.fields.document, document), IndexRecordOption::Basic);
        searcher.search(&query, &DocSetCollector).map_err(|error| self.error(error))
    }

    /// The passages of a document, in reading order; empty where there is no such document.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn passages_of(&self, document: &str) -> Result<Vec<StoredPassage>, EngineError> {
        let searcher = self.reader.searcher();
        let mut passages = self
            .addresses_of(&searcher, document)?
            .into_iter()
            .map(|address| self.stored(&searcher, address))
            .collect::<Result<Vec<_>, _>>()?;
        passages.sort_by_key(|stored| stored.passage.number);
        Ok(passages)
    }

    /// Hands over every passage that the filters let pass, in the order of documents and of their passages, one at a
    /// time: what is kept in memory is a few numbers for each. Ends early when `each` breaks off.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn each_passage(
        &self,
        filters: &Filters,
        each: &mut dyn FnMut(StoredPassage) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        let searcher = self.reader.searcher();
        let plan = Plan { filters: filters.clone(), ..Plan::default() };
        let lowering = Lowering { searcher: &searcher, fields: self.fields, plan: &plan, leaves: Vec::new() };
        let mut clauses: Vec<(EngineOccur, Box<dyn Query>)> = vec![(EngineOccur::Must, Box::new(AllQuery))];
        clauses.extend(lowering.filters().into_iter().map(|query| (EngineOccur::Must, query)));
        self.each_in_order(&searcher, &BooleanQuery::new(clauses), each)
    }

    /// Hands over what a query finds, in the order of documents and of their passages.
    fn each_in_order(
        &self,
        searcher: &Searcher,
        query: &dyn Query,
        each: &mut dyn FnMut(StoredPassage) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        let mut segments = searcher.search(query, &InOrder).map_err(|error| self.error(error))?;
        for segment in &mut segments {
            // The ordinals of a column of text are in the order of the texts.
            segment.keys.sort_unstable();
            segment.keys.reverse();
        }
        // The document that each segment is at; the first of all goes next.
        let name = |segment: &SegmentKeys| -> Result<Option<(String, u64)>, EngineError> {
            let Some(&(ordinal, number, _)) = segment.keys.last() else {
                return Ok(None);
            };
            let mut document = String::new();
            if let Some(column) = &segment.documents {
                column.ord_to_str(ordinal, &mut document).map_err(|error| self.error(error))?;
            }
            Ok(Some((document, number)))
        };
        let mut next = segments.iter().map(name).collect::<Result<Vec<_>, _>>()?;
        loop {
            let first = next
                .iter()
                .enumerate()
                .filter_map(|(at, key)| key.as_ref().map(|key| (key, at)))
                .min()
                .map(|(_, at)| at);
            let Some(at) = first else {
                return Ok(());
            };
            let segment = &mut segments[at];
            if let Some((_, _, doc)) = segment.keys.pop() {
                let stored = self.stored(searcher, DocAddress::new(segment.segment, doc))?;
                if each(stored).is_break() {
                    return Ok(());
                }
            }
            next[at] = name(segment)?;
        }
    }

    /// The ids of all documents, in order.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn document_ids(&self) -> Result<Vec<String>, EngineError> {
        self.terms_of(self.fields.document, "")
    }

    /// The values of a filter in use (`publisher`, `lang`, …), folded, with how many passages have each.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn filter_values(&self, kind: &str) -> Result<BTreeMap<String, u64>, EngineError> {
        let prefix = format!("{kind}:");
        let searcher = self.reader.searcher();
        let mut out = BTreeMap::new();
        for token in self.terms_of(self.fields.filter, &prefix)? {
            let count = searcher
                .doc_freq(&Term::from_field_text(self.fields.filter, &token))
                .map_err(|error| self.error(error))?;
            out.insert(token[prefix.len()..].to_owned(), count);
        }
        Ok(out)
    }

    /// Whether any passage has this filter token (`document:…`, `publisher:…`, `lang:…`).
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn has_filter_token(&self, token: &str) -> Result<bool, EngineError> {
        let term = Term::from_field_text(self.fields.filter, token);
        Ok(self.reader.searcher().doc_freq(&term).map_err(|error| self.error(error))? > 0)
    }

    fn terms_of(&self, field: SchemaField, prefix: &str) -> Result<Vec<String>, EngineError> {
        let searcher = self.reader.searcher();
        let mut out = BTreeSet::new();
        for segment in searcher.segment_readers() {
            let inverted = segment.inverted_index(field).map_err(|error| self.error(error))?;
            let mut stream = inverted
                .terms()
                .range()
                .ge(prefix.as_bytes())
                .into_stream()
                .map_err(|error| self.error(error))?;
            while stream.advance() {
                let Ok(term) = std::str::from_utf8(stream.key()) else {
                    continue;
                };
                if !term.starts_with(prefix) {
                    break;
                }
                out.insert(term.to_owned());
            }
        }
        Ok(out.into_iter().collect())
    }

    /// How many passages have a word in exactly this form.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn frequency(&self, field: Field, term: &str) -> Result<u64, EngineError> {
        self.reader
            .searcher()
            .doc_freq(&Term::from_field_text(self.fields.of(field), term))
            .map_err(|error| self.error(error))
    }

    /// The words of the index within so many letters of `word`, with how many passages have each.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn near_words(&self, word: &str, distance: u8) -> Result<Vec<(String, u64)>, EngineError> {
        expand_fuzzy(&self.reader.searcher(), self.fields.exact, word, distance)
            .map_err(|error| self.error(error))
    }

    /// Checks the files of the index in a folder against their checksums, before anything is read from them.
    ///
    /// # Errors
    /// As [`LocalEngine::open`]; names the files that are damaged.
    pub fn verify(folder: &Path) -> Result<(), EngineError> {
        let generation = current_generation(folder)?.ok_or_else(|| {
            EngineError::new(ErrorKind::Missing, format!("there is no index in {}", folder.display()))
        })?;
        let index = Index::open_in_dir(&generation).map_err(|error| damaged(folder, error))?;
        let broken = index.validate_checksum().map_err(|error| damaged(folder, error))?;
        if broken.is_empty() {
            return Ok(());
        }
        let mut names: Vec<String> = broken.iter().map(|path| path.display().to_string()).collect();
        names.sort();
        Err(damaged(folder, format!("checksums differ in {}", names.join(", "))))
    }
}

/// A passage with its final score.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Scored {
    pub(in crate::engine) address: DocAddress,
    pub(in crate::engine) score: f64,
    pub(in crate::engine) contributions: Vec<Contribution>,
}

impl Scored {
    /// Adds to the score; `why` gives the word of the query and how it was met, for the explanation.
    pub(in crate::engine) fn add(
        &mut self,
        score: f64,
        explain: bool,
        why: impl FnOnce() -> (String, String),
    ) {
        if score <= 0.0 {
            return;
        }
        self.score += score;
        if explain {
            let (word, by) = why();
            self.contributions.push(Contribution { word, by, score });
        }
    }
}

/// The best passages of the first pass, best first.
struct Top {
    hits: Vec<(f32, DocAddress)>,
    /// Whether no other passage matches.
    are_all: bool,
}

/// A page of a ranked list.
struct Ranking {
    total: usize,
    scored: Vec<Scored>,
}

/// Scores of the first pass that differ by less, relatively, are the same: they are sums of the same numbers in
/// another order.
const SAME_SCORE: f32 = 1e-5;

/// Collects the passages whose scores are the same.
struct Tied {
    from: f32,
    to: f32,
}

impl Collector for Tied {
    type Fruit = Vec<DocAddress>;
    type Child = TiedInSegment;

    fn for_segment(&self, segment: u32, _: &SegmentReader) -> tantivy::Result<TiedInSegment> {
        Ok(TiedInSegment { segment, from: self.from, to: self.to, found: Vec::new() })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, fruits: Vec<Vec<DocAddress>>) -> tantivy::Result<Vec<DocAddress>> {
        Ok(fruits.concat())
    }
}

struct TiedInSegment {
    segment: u32,
    from: f32,
    to: f32,
    found: Vec<DocAddress>,
}

impl SegmentCollector for TiedInSegment {
    type Fruit = Vec<DocAddress>;

    fn collect(&mut self, doc: u32, score: f32) {
        if score >= self.from && score <= self.to {
            self.found.push(DocAddress::new(self.segment, doc));
        }
    }

    fn harvest(self) -> Vec<DocAddress> {
        self.found
    }
}

/// Collects what passages are ordered by, whatever matches.
struct InOrder;

/// The passages of a segment: the ordinal of the document, the number of the passage, the passage.
struct SegmentKeys {
    segment: u32,
    documents: Option<StrColumn>,
    numbers: Column<u64>,
    keys: Vec<(u64, u64, u32)>,
}

impl Collector for InOrder {
    type Fruit = Vec<SegmentKeys>;
    type Child = SegmentKeys;

    fn for_segment(&self, segment: u32, reader: &SegmentReader) -> tantivy::Result<SegmentKeys> {
        let fast = reader.fast_fields();
        Ok(SegmentKeys {
            segment,
            documents: fast.str("document")?,
            numbers: fast.u64("number")?,
            keys: Vec::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, fruits: Vec<SegmentKeys>) -> tantivy::Result<Vec<SegmentKeys>> {
        Ok(fruits)
    }
}

impl SegmentCollector for SegmentKeys {
    type Fruit = SegmentKeys;

    fn collect(&mut self, doc: u32, _: f32) {
        let document = self.documents.as_ref().and_then(|column| column.ords().first(doc)).unwrap_or(0);
        self.keys.push((document, self.numbers.first(doc).unwrap_or(0), doc));
    }

    fn harvest(self) -> SegmentKeys {
        self
    }
}
