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

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::{self, File, TryLockError};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use levenshtein_automata::{DFA, Distance, LevenshteinAutomatonBuilder, SINK_STATE};
use serde::{Deserialize, Serialize};
use tantivy::collector::{Collector, Count, DocSetCollector, SegmentCollector, TopDocs};
use tantivy::columnar::{Column, StrColumn};
use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, EmptyQuery, Occur as EngineOccur, PhraseQuery, Query,
    RangeQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{
    FAST, Field as SchemaField, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing,
    TextOptions, Value,
};
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager, WhitespaceTokenizer};
use tantivy::{
    DocAddress, Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, SegmentReader, TantivyDocument, Term,
};

use super::counts::{count_union, cross_counts, value_counts};
use super::letters::letters_in_common;
use super::near::NearQuery;
use super::rescore::{FirstPass, ScoredLeaf, Tier, WORDS_BY_STEMS, idf, rescore};
use super::{
    Attribute, Contribution, CrossCounts, DocumentInfo, EngineError, ErrorKind, Found, Hit, Page,
    StoredPassage, Unit,
};
use crate::analysis::{Terms, tokenize};
use crate::query::plan::{
    Clause, Field, Filters, Leaf, Plan, Translated, Weights, WordPlan, document_token, language_token,
    publisher_token,
};
use crate::query::syntax::Occur;

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
/// How many terms a prefix or a fuzzy word stands for at most.
const MAX_EXPANSIONS: usize = 512;
/// How many of them, the most frequent ones, count for the ranking.
const SCORED_EXPANSIONS: usize = 24;
/// The memory that tantivy fills before it writes a segment, in bytes.
const WRITER_MEMORY: usize = 200_000_000;
/// Up to so many passages, a run ends with one segment; beyond, only what has deletions is merged.
const MERGE_ALL_LIMIT: u64 = 300_000;

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
pub(super) struct Scored {
    pub(super) address: DocAddress,
    pub(super) score: f64,
    pub(super) contributions: Vec<Contribution>,
}

impl Scored {
    /// Adds to the score; `why` gives the word of the query and how it was met, for the explanation.
    pub(super) fn add(&mut self, score: f64, explain: bool, why: impl FnOnce() -> (String, String)) {
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

/// A plan in tantivy's terms.
/// The best passages of the first pass, best first.
struct Top {
    hits: Vec<(f32, DocAddress)>,
    /// Whether no other passage matches.
    are_all: bool,
}

struct Lowered {
    query: Box<dyn Query>,
    /// What the first pass asks for as long as it finds enough.
    quick: Option<Box<dyn Query>>,
    /// The terms of which a passage must have one, where nothing else is asked for.
    terms: Option<Vec<Term>>,
    leaves: Vec<ScoredLeaf>,
}

struct Lowering<'a> {
    searcher: &'a Searcher,
    fields: Fields,
    plan: &'a Plan,
    leaves: Vec<ScoredLeaf>,
}

impl Lowering<'_> {
    fn lower(mut self) -> tantivy::Result<Lowered> {
        let scored_words = scored_words(&self.plan.clauses);
        for (index, word) in self.plan.words.iter().enumerate() {
            if scored_words.contains(&index) {
                for leaf in &word.leaves {
                    self.leaf(index, leaf);
                }
            }
        }
        for concept in &self.plan.concepts {
            self.leaves.push(ScoredLeaf::concept(
                Term::from_field_text(self.fields.tag, concept),
                concept.clone(),
                self.plan.weights.concept,
            ));
        }
        let mut must: Vec<Box<dyn Query>> = Vec::new();
        let mut must_not: Vec<Box<dyn Query>> = Vec::new();
        let mut any_should = !self.plan.concepts.is_empty();
        for (occur, clause) in &self.plan.clauses {
            let scores = *occur != Occur::MustNot;
            match occur {
                Occur::Must => must.push(self.matcher(clause, scores)?),
                Occur::MustNot => must_not.push(self.matcher(clause, scores)?),
                Occur::Should => {
                    any_should = true;
                    // Words are matched by their leaves; other parts have to be asked for.
                    if !matches!(clause, Clause::Word(_) | Clause::StrictWord(_)) {
                        let query = self.matcher(clause, scores)?;
                        self.leaves.push(ScoredLeaf::part(query));
                    }
                }
            }
        }
        let filters = self.filters();
        let should = |queries: Vec<Box<dyn Query>>| {
            queries.into_iter().map(|query| (EngineOccur::Should, query)).collect()
        };
        let FirstPass { all, quick, terms } = FirstPass::new(&self.leaves, self.searcher);
        let is_plain = must.is_empty() && must_not.is_empty() && filters.is_empty();
        let quick = quick
            .filter(|_| is_plain)
            .map(|queries| Box::new(BooleanQuery::new(should(queries))) as Box<dyn Query>);
        let terms = terms.filter(|_| is_plain);
        let scoring: Vec<(EngineOccur, Box<dyn Query>)> = should(all);
        if is_plain {
            let query: Box<dyn Query> = if !any_should {
                // Nothing was asked for at all.
                Box::new(EmptyQuery)
            } else if scoring.is_empty() {
                Box::new(EmptyQuery)
            } else {
                Box::new(BooleanQuery::new(scoring))
            };
            return Ok(Lowered { query, quick, terms, leaves: self.leaves });
        }
        let mut clauses: Vec<(EngineOccur, Box<dyn Query>)> = Vec::new();
        let must_match = must.is_empty() && any_should;
        for query in must.into_iter().chain(filters) {
            clauses.push((EngineOccur::Must, silent(query)));
        }
        for query in must_not {
            clauses.push((EngineOccur::MustNot, query));
        }
        if must_match {
            let query: Box<dyn Query> =
                if scoring.is_empty() { Box::new(EmptyQuery) } else { Box::new(BooleanQuery::new(scoring)) };
            clauses.push((EngineOccur::Must, query));
        } else {
            clauses.extend(scoring);
        }
        if !clauses.iter().any(|(occur, _)| *occur == EngineOccur::Must) {
            clauses.push((EngineOccur::Must, silent(Box::new(AllQuery))));
        }
        Ok(Lowered { query: Box::new(BooleanQuery::new(clauses)), quick, terms, leaves: self.leaves })
    }

    fn leaf(&mut self, word: usize, leaf: &Leaf) {
        let first = leaf.terms.first().map_or("", String::as_str);
        let by = match leaf.field {
            Field::Exact if leaf.terms.len() == 1 => "the word itself".to_owned(),
            Field::Exact => "a form of the word".to_owned(),
            Field::Stem => format!("the stem \"{first}\""),
            Field::Wide => format!("the family \"{first}\""),
            Field::Head => format!("the stem \"{first}\" in the title or a heading"),
        };
        let field = self.fields.of(leaf.field);
        let terms = leaf.terms.iter().map(|term| Term::from_field_text(field, term)).collect();
        // A word of several forms stands where any of them does; one without has its exact leaf for that.
        let has_positions = leaf.field == Field::Exact
            && (leaf.terms.len() > 1
                || !self.plan.words[word]
                    .leaves
                    .iter()
                    .any(|other| other.field == Field::Exact && other.terms.len() > 1));
        let WordPlan { typed, translates, .. } = &self.plan.words[word];
        let (mut by, mut boost) = (by, leaf.boost);
        if let Some(translated) = translates {
            by = format!("{by}, as in \"{}\"", self.plan.translations[translated.term]);
            boost *= self.share(translated) as f32;
        }
        let tier = match leaf.field {
            Field::Exact => Tier::Forms,
            Field::Stem => Tier::Stem,
            Field::Wide => Tier::Family,
            Field::Head => Tier::Other,
        };
        self.leaves.push(ScoredLeaf::terms(terms, boost, word, typed.clone(), by, has_positions, tier));
    }

    /// What a word of a translated term is multiplied by, so that the whole term is as rare as the words that it stands
    /// for: words of a language that has few passages are all rare, and would outweigh the query's own.
    fn share(&self, translated: &Translated) -> f64 {
        let rarity = |index: usize| {
            let leaves = self.plan.words[index].leaves.iter();
            // The forms of the lexeme, or the word itself where it has no other forms.
            let forms = leaves.filter(|leaf| leaf.field == Field::Exact).max_by_key(|leaf| leaf.terms.len());
            let term = |term: &String| Term::from_field_text(self.fields.exact, term);
            let counts = forms.into_iter().flat_map(|leaf| &leaf.terms).map(term);
            let counts = counts.map(|term| self.searcher.doc_freq(&term).unwrap_or(0));
            idf(counts.sum::<u64>().min(self.searcher.num_docs()), self.searcher.num_docs())
        };
        let own: f64 = translated.of.iter().map(|&index| rarity(index)).sum();
        let lent: f64 = (0..self.plan.words.len())
            .filter(|&index| {
                let other = self.plan.words[index].translates.as_ref();
                other.is_some_and(|other| other.term == translated.term)
            })
            .map(rarity)
            .sum();
        if lent > 0.0 { own / lent } else { 0.0 }
    }

    /// A query for what a clause matches; it does not score.
    fn matcher(&mut self, clause: &Clause, scores: bool) -> tantivy::Result<Box<dyn Query>> {
        Ok(match clause {
            Clause::Word(index) => self.word_matcher(*index, &[Field::Exact, Field::Stem]),
            // A part of a symbol, 73/195, stands for the whole: A/RES/73/195.
            Clause::StrictWord(index) if self.plan.words[*index].exact.contains('/') => {
                self.word_matcher(*index, &[Field::Exact, Field::Wide])
            }
            Clause::StrictWord(index) => self.word_matcher(*index, &[Field::Exact]),
            Clause::InHead(index) => {
                let stems = self.plan.words[*index].leaves.iter().filter(|leaf| leaf.field == Field::Stem);
                let terms = stems.flat_map(|leaf| &leaf.terms);
                Box::new(TermSetQuery::new(terms.map(|term| Term::from_field_text(self.fields.head, term))))
            }
            Clause::Phrase(forms) => match &forms[..] {
                [one] => self.exact_term(one),
                forms => {
                    let terms =
                        forms.iter().map(|form| Term::from_field_text(self.fields.exact, form)).collect();
                    Box::new(PhraseQuery::new(terms))
                }
            },
            Clause::Near(words, distance) => Box::new(NearQuery::new(
                words
                    .iter()
                    .map(|&index| {
                        self.plan.words[index]
                            .leaves
                            .iter()
                            .filter(|leaf| leaf.field == Field::Exact)
                            .flat_map(|leaf| &leaf.terms)
                            .map(|term| Term::from_field_text(self.fields.exact, term))
                            .collect()
                    })
                    .collect(),
                *distance,
            )),
            Clause::Prefix(prefix) => {
                let terms = expand_prefix(self.searcher, self.fields.exact, prefix)?;
                self.expansion(&format!("{prefix}*"), &terms, scores)
            }
            Clause::Fuzzy(word, distance) => {
                let terms = expand_fuzzy(self.searcher, self.fields.exact, word, *distance)?;
                self.expansion(&format!("{word}~"), &terms, scores)
            }
            Clause::Filter(token) => {
                Box::new(TermQuery::new(self.fields.filter_term(token), IndexRecordOption::Basic))
            }
            Clause::Bool(parts) => {
                let mut clauses: Vec<(EngineOccur, Box<dyn Query>)> = Vec::new();
                let any_must = parts.iter().any(|(occur, _)| *occur == Occur::Must);
                for (occur, part) in parts {
                    let scores = scores && *occur != Occur::MustNot;
                    let query = self.matcher(part, scores)?;
                    match occur {
                        Occur::Must => clauses.push((EngineOccur::Must, query)),
                        Occur::MustNot => clauses.push((EngineOccur::MustNot, query)),
                        Occur::Should if any_must => {}
                        Occur::Should => clauses.push((EngineOccur::Should, query)),
                    }
                }
                if clauses.iter().all(|(occur, _)| *occur == EngineOccur::MustNot) {
                    clauses.push((EngineOccur::Must, Box::new(AllQuery)));
                }
                Box::new(BooleanQuery::new(clauses))
            }
        })
    }

    fn exact_term(&self, form: &str) -> Box<dyn Query> {
        Box::new(TermQuery::new(Term::from_field_text(self.fields.exact, form), IndexRecordOption::Basic))
    }

    fn word_matcher(&self, index: usize, fields: &[Field]) -> Box<dyn Query> {
        let leaves = &self.plan.words[index].leaves;
        let terms_in = |wanted: &dyn Fn(Field) -> bool| -> Vec<Term> {
            leaves
                .iter()
                .filter(|leaf| wanted(leaf.field))
                .flat_map(|leaf| {
                    let field = self.fields.of(leaf.field);
                    leaf.terms.iter().map(move |term| Term::from_field_text(field, term))
                })
                .collect()
        };
        let mut terms = terms_in(&|field| fields.contains(&field));
        if terms.is_empty() {
            // A reference has no exact form of its own.
            terms = terms_in(&|_| true);
        }
        Box::new(TermSetQuery::new(terms))
    }

    /// The terms that a prefix or fuzzy word stands for; the most frequent ones also score.
    fn expansion(&mut self, typed: &str, terms: &[(String, u64)], scores: bool) -> Box<dyn Query> {
        if scores {
            for (term, _) in terms.iter().take(SCORED_EXPANSIONS) {
                self.leaves.push(ScoredLeaf::terms(
                    vec![Term::from_field_text(self.fields.exact, term)],
                    self.plan.weights.exact,
                    usize::MAX,
                    typed.to_owned(),
                    format!("the word \"{term}\""),
                    false,
                    Tier::Other,
                ));
            }
        }
        Box::new(TermSetQuery::new(
            terms.iter().map(|(term, _)| Term::from_field_text(self.fields.exact, term)),
        ))
    }

    fn filters(&self) -> Vec<Box<dyn Query>> {
        let filters = &self.plan.filters;
        let mut out: Vec<Box<dyn Query>> = Vec::new();
        for tokens in filters.tokens() {
            out.push(Box::new(TermSetQuery::new(tokens.iter().map(|token| self.fields.filter_term(token)))));
        }
        use std::ops::Bound;
        if let Some(since) = filters.since {
            let first = Term::from_field_u64(self.fields.until, since.first_day());
            out.push(Box::new(RangeQuery::new(Bound::Included(first), Bound::Unbounded)));
        }
        if let Some(until) = filters.until {
            let last = Term::from_field_u64(self.fields.from, until.last_day());
            out.push(Box::new(RangeQuery::new(Bound::Unbounded, Bound::Included(last))));
        }
        out
    }
}

/// The words that count for the ranking: all but those that must not occur.
fn scored_words(clauses: &[(Occur, Clause)]) -> BTreeSet<usize> {
    let mut out = BTreeSet::new();
    for (occur, clause) in clauses {
        if *occur == Occur::MustNot {
            continue;
        }
        match clause {
            Clause::Word(index) | Clause::StrictWord(index) | Clause::InHead(index) => {
                out.insert(*index);
            }
            Clause::Near(words, _) => out.extend(words),
            Clause::Bool(parts) => out.extend(scored_words(parts)),
            Clause::Phrase(_) | Clause::Prefix(_) | Clause::Fuzzy(..) | Clause::Filter(_) => {}
        }
    }
    out
}

/// A query that matches and does not score.
fn silent(query: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

fn expand_prefix(
    searcher: &Searcher,
    field: SchemaField,
    prefix: &str,
) -> tantivy::Result<Vec<(String, u64)>> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(field)?;
        let mut stream = inverted.terms().range().ge(prefix.as_bytes()).into_stream()?;
        while stream.advance() {
            if !stream.key().starts_with(prefix.as_bytes()) {
                break;
            }
            if let Ok(term) = std::str::from_utf8(stream.key()) {
                *counts.entry(term.to_owned()).or_default() += u64::from(stream.value().doc_freq);
            }
        }
    }
    Ok(most_frequent(counts))
}

fn expand_fuzzy(
    searcher: &Searcher,
    field: SchemaField,
    word: &str,
    distance: u8,
) -> tantivy::Result<Vec<(String, u64)>> {
    let automaton = Within(LevenshteinAutomatonBuilder::new(distance.min(2), true).build_dfa(word));
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(field)?;
        let mut stream = inverted.terms().search(&automaton).into_stream()?;
        while stream.advance() {
            if let Ok(term) = std::str::from_utf8(stream.key()) {
                *counts.entry(term.to_owned()).or_default() += u64::from(stream.value().doc_freq);
            }
        }
    }
    Ok(most_frequent(counts))
}

/// The words within a Levenshtein distance (Schulz and Mihov 2002), as the term dictionary asks for them.
struct Within(DFA);

impl tantivy_fst::Automaton for Within {
    type State = u32;

    fn start(&self) -> u32 {
        self.0.initial_state()
    }

    fn is_match(&self, state: &u32) -> bool {
        matches!(self.0.distance(*state), Distance::Exact(_))
    }

    fn can_match(&self, state: &u32) -> bool {
        *state != SINK_STATE
    }

    fn accept(&self, state: &u32, byte: u8) -> u32 {
        self.0.transition(*state, byte)
    }
}

fn most_frequent(counts: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut terms: Vec<(String, u64)> = counts.into_iter().collect();
    terms.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    terms.truncate(MAX_EXPANSIONS);
    terms
}

/// The one process that may write to an index folder.
#[derive(Debug)]
pub struct WriteLock {
    folder: PathBuf,
    // Closing the file gives the lock back.
    _file: File,
}

impl WriteLock {
    /// Takes the lock, making the folder if need be; with `wait`, after whoever holds it.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] where another process writes, [`ErrorKind::Foreign`] where the folder holds something else.
    pub fn take(folder: &Path, wait: bool) -> Result<WriteLock, EngineError> {
        match current_generation(folder) {
            // An index that is damaged or outdated is there to be replaced.
            Ok(_) => {}
            Err(error) if matches!(error.kind, ErrorKind::Damaged | ErrorKind::Outdated) => {}
            Err(error) => return Err(error),
        }
        fs::create_dir_all(folder).map_err(|error| system(folder, error))?;
        let path = folder.join(LOCK);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| system(&path, error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if wait => file.lock().map_err(|error| system(&path, error))?,
            Err(TryLockError::WouldBlock) => {
                return Err(EngineError::new(
                    ErrorKind::Busy,
                    format!("another gcm-search is writing to the index in {}", folder.display()),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(system(&path, error)),
        }
        Ok(WriteLock { folder: folder.to_path_buf(), _file: file })
    }

    /// A writer into the current generation.
    ///
    /// # Errors
    /// As [`LocalEngine::open`], and when the system refuses.
    pub fn update(&self) -> Result<LocalWriter<'_>, EngineError> {
        let engine = LocalEngine::open(&self.folder)?;
        LocalWriter::new(self, engine.generation.clone(), engine.index, engine.fields, false)
    }

    /// A writer into a new generation, which replaces the current one when it is committed.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn rebuild(&self) -> Result<LocalWriter<'_>, EngineError> {
        let mut highest = 0;
        for entry in fs::read_dir(&self.folder).map_err(|error| system(&self.folder, error))? {
            let name = entry.map_err(|error| system(&self.folder, error))?.file_name();
            let number =
                name.to_str().and_then(|name| name.strip_prefix("generation-")).and_then(|n| n.parse().ok());
            highest = highest.max(number.unwrap_or(0));
        }
        let generation = self.folder.join(format!("generation-{:06}", highest + 1u32));
        fs::create_dir_all(&generation).map_err(|error| system(&generation, error))?;
        let (schema, fields) = schema();
        let mut index =
            Index::create_in_dir(&generation, schema).map_err(|error| system(&generation, error))?;
        index.set_tokenizers(tokenizers());
        LocalWriter::new(self, generation, index, fields, true)
    }

    /// Points to a generation with one rename, and removes the others.
    fn switch_to(&self, generation: &Path) -> Result<(), EngineError> {
        let name =
            generation.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let pointer = Pointer { format: 1, generation: name.clone() };
        let text = serde_json::to_string(&pointer).map_err(|error| system(&self.folder, error))?;
        let new = self.folder.join("CURRENT.new");
        let write = || -> io::Result<()> {
            let mut file = File::create(&new)?;
            io::Write::write_all(&mut file, text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, self.folder.join(CURRENT))?;
            // So that the rename itself outlives a power cut, where the system can say so.
            File::open(&self.folder).and_then(|folder| folder.sync_all()).or(Ok(()))
        };
        write().map_err(|error| system(&new, error))?;
        self.remove_others(&name);
        Ok(())
    }

    /// Removes generations that answer no more. What cannot be removed now is removed by a later run.
    fn remove_others(&self, kept: &str) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with("generation-") && name != kept {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Adds and removes passages. Nothing shows before [`LocalWriter::commit`].
pub struct LocalWriter<'l> {
    lock: &'l WriteLock,
    generation: PathBuf,
    fields: Fields,
    writer: IndexWriter,
    is_new: bool,
    changed: bool,
}

impl<'l> LocalWriter<'l> {
    fn new(
        lock: &'l WriteLock,
        generation: PathBuf,
        index: Index,
        fields: Fields,
        is_new: bool,
    ) -> Result<LocalWriter<'l>, EngineError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
        let writer = index.writer_with_num_threads(threads, WRITER_MEMORY).map_err(|error| match error {
            tantivy::TantivyError::LockFailure(..) => EngineError::new(
                ErrorKind::Busy,
                format!("another program is writing to the index in {}", lock.folder.display()),
            ),
            error => system(&generation, error),
        })?;
        Ok(LocalWriter { lock, generation, fields, writer, is_new, changed: false })
    }

    /// The folder of the generation that is written.
    pub fn generation(&self) -> &Path {
        &self.generation
    }

    /// Removes every passage that came from a file.
    pub fn remove_source(&mut self, source: &str) {
        self.changed = true;
        self.writer.delete_term(Term::from_field_text(self.fields.source, source));
    }

    /// Adds a passage.
    ///
    /// # Errors
    /// When the system refuses; what was added is then lost, and the last commit is whole.
    pub fn add(&mut self, passage: &IndexedPassage) -> Result<(), EngineError> {
        self.changed = true;
        let fields = self.fields;
        let stored = &passage.stored;
        let info = &stored.document;
        let mut document = TantivyDocument::new();
        document.add_text(fields.source, &passage.source);
        document.add_text(fields.document, &info.id);
        document.add_u64(fields.number, u64::from(stored.passage.number));
        for token in filter_tokens(stored) {
            document.add_text(fields.filter, token);
        }
        for (tag, _) in &stored.tags {
            document.add_text(fields.tag, tag);
        }
        if let Some(date) = info.date {
            document.add_u64(fields.from, date.first_day());
            document.add_u64(fields.until, date.last_day());
        }
        if passage.is_primary {
            document.add_u64(fields.primary, 1);
        }
        document.add_u64(fields.duplicate, text_hash(&stored.passage.text));
        document.add_u64(fields.work, text_hash(info.title.as_deref().unwrap_or(&info.id)));
        document.add_text(fields.exact, &passage.terms.exact);
        document.add_text(fields.stem, &passage.terms.stem);
        document.add_text(fields.wide, &passage.terms.wide);
        document.add_text(fields.head, &passage.head);
        let bytes = serde_json::to_vec(stored).map_err(|error| system(&self.generation, error))?;
        document.add_bytes(fields.stored, &bytes);
        self.writer.add_document(document).map_err(|error| self.write_error(error))?;
        Ok(())
    }

    fn write_error(&self, error: impl std::fmt::Display) -> EngineError {
        EngineError::new(
            ErrorKind::System,
            format!("cannot write to the index in {}: {error}", self.lock.folder.display()),
        )
    }

    /// Makes everything since the last commit visible at once.
    ///
    /// # Errors
    /// When the system refuses; the last commit is then whole.
    pub fn commit(mut self, info: &CommitInfo) -> Result<(), EngineError> {
        let payload = serde_json::to_string(info).map_err(|error| self.write_error(error))?;
        let commit = |writer: &mut IndexWriter| -> tantivy::Result<()> {
            let mut prepared = writer.prepare_commit()?;
            prepared.set_payload(&payload);
            prepared.commit()?;
            Ok(())
        };
        commit(&mut self.writer).map_err(|error| self.write_error(error))?;
        if self.changed {
            self.merge()?;
        }
        let LocalWriter { lock, generation, writer, is_new, .. } = self;
        let folder = &lock.folder;
        writer.wait_merging_threads().map_err(|error| system(folder, error))?;
        if is_new {
            lock.switch_to(&generation)?;
        }
        remove_old_manifests(&generation, &info.manifest);
        Ok(())
    }

    /// Merges so that deleted passages do not linger in the statistics, by which words are weighed.
    fn merge(&mut self) -> Result<(), EngineError> {
        let index = self.writer.index().clone();
        let segments = index.searchable_segment_metas().map_err(|error| self.write_error(error))?;
        let total: u64 = segments.iter().map(|segment| u64::from(segment.num_docs())).sum();
        let chosen: Vec<_> = if total <= MERGE_ALL_LIMIT {
            segments.iter().collect()
        } else {
            segments.iter().filter(|segment| segment.num_deleted_docs() > 0).collect()
        };
        let worth_it = chosen.len() > 1 || chosen.iter().any(|segment| segment.num_deleted_docs() > 0);
        if !worth_it {
            return Ok(());
        }
        let ids: Vec<_> = chosen.iter().map(|segment| segment.id()).collect();
        // The files of a segment are kept as long as somebody knows of it; we no longer do.
        drop(segments);
        self.writer.merge(&ids).wait().map_err(|error| self.write_error(error))?;
        self.writer.garbage_collect_files().wait().map_err(|error| self.write_error(error))?;
        Ok(())
    }
}

fn remove_old_manifests(generation: &Path, kept: &str) {
    let Ok(entries) = fs::read_dir(generation) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("manifest-") && name != kept {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The filter tokens of a passage: its language, its publisher, and every name of its document.
fn filter_tokens(stored: &StoredPassage) -> Vec<String> {
    let info = &stored.document;
    let mut out = vec![language_token(stored.passage.language), document_token(&info.id)];
    for (slash, _) in info.id.match_indices('/') {
        out.push(document_token(&info.id[..slash]));
    }
    out.extend(info.symbol.as_deref().map(document_token));
    out.extend(info.title.as_deref().map(document_token));
    out.extend(info.publisher.as_deref().map(publisher_token));
    out.sort();
    out.dedup();
    out
}

/// A hash of the words of a text: the same paragraph on another page has the same one.
fn text_hash(text: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for word in text.split_whitespace() {
        hasher.update(word.as_bytes());
        hasher.update(b" ");
    }
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
