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

mod counts;
mod excluded;
mod lowering;
mod manifest;
mod near;
mod session;
mod storage;
mod terms;
mod top;
mod verify;
mod writer;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tantivy::collector::{Collector, DocSetCollector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::query::{Query, TermQuery};
use tantivy::schema::{
    FAST, Field as SchemaField, IndexRecordOption, NumericOptions, STORED, Schema, TextFieldIndexing,
    TextOptions,
};
use tantivy::store::StoreReader;
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};
use tantivy::{DocAddress, Index, IndexReader, ReloadPolicy, Searcher, SegmentReader, Term};
use tantivy_common::{BinarySerializable, VInt};

use self::counts::{cross_counts, value_counts};
use self::manifest::SOURCES_FILE;
use self::session::Session;
use self::storage::system;
use self::terms::TermTokenizer;
pub use self::writer::{LocalWriter, WriteLock};
use super::guard::guarded;
use super::lowering::{filters as lowered_filters, lower};
use super::ranking::{self, Backend};
use super::request::Request;
use super::{
    Attribute, CommitInfo, CrossCounts, DocumentInfo, Engine, EngineError, ErrorKind, Found, Page,
    SCHEMA_VERSION, StoredPassage,
};
use crate::partition::Part;
use crate::query::plan::{Field, Filters, Plan, document_token};

/// How many blocks of stored passages are kept uncompressed, by segment.
const STORE_BLOCKS: usize = 100;

const CURRENT: &str = "CURRENT";
const LOCK: &str = ".lock";
/// What else may stand in a folder that is ours.
const OURS: &[&str] = &["README.md", "CURRENT.new", SOURCES_FILE, "SOURCES.new"];
/// The tokenizer of every field: our analysis has made the tokens, tantivy only takes them apart.
const TOKENS: &str = "gcm-search-tokens";
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
    // Names, of which only is asked where they stand: how many a passage has says nothing.
    let names = TextFieldIndexing::default().set_tokenizer("raw").set_fieldnorms(false);
    let names = TextOptions::default().set_indexing_options(names);
    let days = NumericOptions::default().set_indexed().set_fast();
    let fields = Fields {
        source: builder.add_text_field("source", names.clone()),
        document: builder.add_text_field("document", FAST),
        number: builder.add_u64_field("number", FAST),
        filter: builder.add_text_field("filter", names.clone()),
        tag: builder.add_text_field("tag", names | FAST),
        from: builder.add_u64_field("from", days.clone()),
        until: builder.add_u64_field("until", days),
        duplicate: builder.add_u64_field("duplicate", FAST),
        work: builder.add_u64_field("work", FAST),
        primary: builder.add_u64_field("primary", FAST),
        exact: builder.add_text_field("exact", tokens(IndexRecordOption::WithFreqsAndPositions)),
        stem: builder.add_text_field("stem", tokens(IndexRecordOption::WithFreqs)),
        wide: builder.add_text_field("wide", tokens(IndexRecordOption::WithFreqs)),
        head: builder.add_text_field("head", tokens(IndexRecordOption::WithFreqs)),
        stored: builder.add_text_field("stored", STORED),
    };
    (builder.build(), fields)
}

fn tokenizers() -> TokenizerManager {
    let manager = TokenizerManager::default();
    manager.register(TOKENS, TextAnalyzer::from(TermTokenizer::default()));
    manager
}

fn damaged(path: &Path, error: impl std::fmt::Display) -> EngineError {
    EngineError::new(ErrorKind::Damaged, format!("the index in {} is damaged: {error}", path.display()))
}

/// An index that tantivy cannot open or read, because of damage or of the system.
fn unreadable(folder: &Path, error: &tantivy::TantivyError) -> EngineError {
    match storage::explained(error) {
        (ErrorKind::Damaged, reason) => damaged(folder, reason),
        (kind, reason) => {
            EngineError::new(kind, format!("cannot read the index in {}: {reason}", folder.display()))
        }
    }
}

/// Where the generation that answers queries is, if there is an index.
fn current_generation(folder: &Path) -> Result<Option<PathBuf>, EngineError> {
    let text = match fs::read(folder.join(CURRENT)) {
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
        Err(error) => return Err(system(&folder.join(CURRENT), &error)),
    };
    let pointer: Pointer =
        serde_json::from_slice(&text).map_err(|error| damaged(folder, format!("CURRENT: {error}")))?;
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
        Err(error) => return Err(system(folder, &error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| system(folder, &error))?.file_name().to_string_lossy().into_owned();
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
    /// Whether its files were compared with their checksums.
    is_checked: bool,
    /// What the folder said of it when it was opened.
    state: verify::State,
}

/// The columns of a segment that every search reads.
struct Columns {
    document: Option<StrColumn>,
    number: Column,
    duplicate: Column,
    /// A hash of the title, where there is one.
    work: Column,
    primary: Column,
    /// The passages themselves.
    store: StoreReader,
}

/// The bytes of the only text in a document of the store: how many fields it has, the field, its type, the length.
///
/// tantivy itself would ask for as much memory as a damaged length says, and end the program if there is not so much.
fn stored_text(mut document: &[u8], field: SchemaField) -> Option<&[u8]> {
    const TEXT: u8 = 0;
    let fields = VInt::deserialize(&mut document).ok()?;
    let (id, rest) = document.split_first_chunk()?;
    let (&kind, mut text) = rest.split_first()?;
    let length = VInt::deserialize(&mut text).ok()?;
    let is_whole = fields.val() == 1 && u32::from_le_bytes(*id) == field.field_id() && kind == TEXT;
    (is_whole && length.val() == text.len() as u64).then_some(text)
}

impl Columns {
    fn open(segment: &SegmentReader) -> tantivy::Result<Columns> {
        let fast = segment.fast_fields();
        Ok(Columns {
            document: fast.str("document")?,
            number: fast.u64("number")?,
            duplicate: fast.u64("duplicate")?,
            work: fast.u64("work")?,
            primary: fast.u64("primary")?,
            store: segment.get_store_reader(STORE_BLOCKS)?,
        })
    }
}

impl LocalEngine {
    /// Opens the index in a folder. What says which files there are is compared with its checksum; a small index is so as
    /// a whole.
    ///
    /// # Errors
    /// One kind each for an index that is missing, foreign, damaged or made by another version of the schema.
    pub fn open(folder: &Path) -> Result<LocalEngine, EngineError> {
        Self::open_checking(folder, verify::SMALL)
    }

    /// Opens the index in a folder, and compares all of it with its checksums where it has no more than so many bytes.
    ///
    /// # Errors
    /// As [`LocalEngine::open`].
    pub fn open_checking(folder: &Path, small: u64) -> Result<LocalEngine, EngineError> {
        verify::steadily(folder, |state| guarded(folder, || Self::open_once(folder, state, small)))
    }

    fn open_once(folder: &Path, state: &verify::State, small: u64) -> Result<LocalEngine, EngineError> {
        let generation = current_generation(folder)?.ok_or_else(|| {
            EngineError::new(ErrorKind::Missing, format!("there is no index in {}", folder.display()))
        })?;
        if !generation.is_dir() {
            return Err(damaged(folder, format!("{} is missing", generation.display())));
        }
        let failed = |error: tantivy::TantivyError| unreadable(folder, &error);
        let mut index = storage::open(&generation).map_err(failed)?;
        index.set_tokenizers(tokenizers());
        let meta = index.load_metas().map_err(failed)?;
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
        let is_checked = verify::size(&generation, &meta.segments) <= small;
        if is_checked {
            verify::check_files(folder, &index, &meta.segments)?;
        }
        let reader: IndexReader =
            index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(failed)?;
        if index.load_metas().map_err(failed)?.payload != meta.payload {
            // A commit came between; its passages must not be taken for those that the old one speaks of.
            return Err(damaged(folder, "it changes all the time"));
        }
        let columns = reader.searcher().segment_readers().iter().map(Columns::open).collect::<Result<_, _>>();
        let columns = columns.map_err(failed)?;
        let (folder, state) = (folder.to_path_buf(), state.clone());
        Ok(LocalEngine { folder, generation, fields, reader, index, info, columns, is_checked, state })
    }

    fn error(&self, error: impl std::fmt::Display) -> EngineError {
        damaged(&self.folder, error)
    }

    /// The folder of the generation that answers.
    pub fn generation(&self) -> &Path {
        &self.generation
    }

    fn session(&self) -> Session<'_> {
        Session::new(self, self.reader.searcher())
    }

    fn stored(&self, address: DocAddress) -> Result<StoredPassage, EngineError> {
        let columns = self.columns.get(address.segment_ord as usize);
        let store =
            columns.map(|columns| &columns.store).ok_or_else(|| self.error("a segment is missing"))?;
        let bytes = store.get_document_bytes(address.doc_id).map_err(|error| self.error(error))?;
        let json =
            stored_text(&bytes, self.fields.stored).ok_or_else(|| self.error("a passage has no text"))?;
        serde_json::from_slice(json).map_err(|error| self.error(error))
    }

    fn addresses_of(&self, searcher: &Searcher, document: &str) -> Result<HashSet<DocAddress>, EngineError> {
        // The token of a document is also that of others, such as those in a folder of its name: the column tells.
        let token = self.fields.filter_term(&document_token(document));
        let query = TermQuery::new(token, IndexRecordOption::Basic);
        let mut found = searcher.search(&query, &DocSetCollector).map_err(|error| self.error(error))?;
        let ordinal = |columns: &Columns| match &columns.document {
            Some(column) => column.dictionary().term_ord(document).map_err(|error| self.error(error)),
            None => Ok(None),
        };
        let ordinals = self.columns.iter().map(ordinal).collect::<Result<Vec<_>, _>>()?;
        found.retain(|address| {
            let at = address.segment_ord as usize;
            let column = self.columns.get(at).and_then(|columns| columns.document.as_ref());
            let its_own = column.and_then(|column| column.ords().first(address.doc_id));
            its_own.is_some() && ordinals.get(at).is_some_and(|&ordinal| ordinal == its_own)
        });
        Ok(found)
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
                let stored = self.stored(DocAddress::new(segment.segment, doc))?;
                if each(stored).is_break() {
                    return Ok(());
                }
            }
            next[at] = name(segment)?;
        }
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
}

impl Engine for LocalEngine {
    fn info(&self) -> &CommitInfo {
        &self.info
    }

    fn manifest(&self, _part: Option<Part>) -> Result<Option<String>, EngineError> {
        manifest::read(&self.generation, &self.info.manifest).map(Some)
    }

    fn is_current(&self) -> bool {
        self.state.is_current(&self.folder)
    }

    fn passages_by_source(&self) -> Result<Option<BTreeMap<String, u64>>, EngineError> {
        self.count_by_source().map(Some)
    }

    fn search(&self, plan: &Plan, page: Page) -> Result<Found, EngineError> {
        ranking::search(&self.session(), plan, page)
    }

    fn search_ids(&self, plan: &Plan, page: Page) -> Result<Vec<(String, u64, f64)>, EngineError> {
        ranking::search_ids(&self.session(), plan, page)
    }

    fn cross_counts(
        &self,
        plan: &Plan,
        rows: &[String],
        columns: &[String],
    ) -> Result<CrossCounts, EngineError> {
        let session = self.session();
        let terms = |tokens: &[String]| -> Vec<Term> {
            tokens.iter().map(|token| self.fields.filter_term(token)).collect()
        };
        let query = self.fields.query(&lower(&session, plan)?.all);
        cross_counts(&session.searcher, &*query, &terms(rows), &terms(columns))
            .map_err(|error| self.error(error))
    }

    fn value_counts(
        &self,
        plan: &Plan,
        attribute: Attribute,
    ) -> Result<BTreeMap<Option<String>, u64>, EngineError> {
        let session = self.session();
        let query = self.fields.query(&lower(&session, plan)?.all);
        value_counts(&session.searcher, &*query, attribute).map_err(|error| self.error(error))
    }

    fn each_match(
        &self,
        plan: &Plan,
        each: &mut dyn FnMut(StoredPassage) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        let session = self.session();
        let query = self.fields.query(&lower(&session, plan)?.all);
        self.each_in_order(&session.searcher, &*query, each)
    }

    fn document_info(&self, document: &str) -> Result<Option<DocumentInfo>, EngineError> {
        let session = self.session();
        // Each of its passages knows it.
        let first = self.addresses_of(&session.searcher, document)?.into_iter().min();
        first.map(|address| Ok(session.stored(address)?.document)).transpose()
    }

    fn is_primary(&self, document: &str) -> Result<bool, EngineError> {
        let session = self.session();
        let first = self.addresses_of(&session.searcher, document)?.into_iter().min();
        Ok(first.is_some_and(|address| session.is_primary(address)))
    }

    fn passages_of(&self, document: &str) -> Result<Vec<StoredPassage>, EngineError> {
        let searcher = self.reader.searcher();
        let mut passages = self
            .addresses_of(&searcher, document)?
            .into_iter()
            .map(|address| self.stored(address))
            .collect::<Result<Vec<_>, _>>()?;
        passages.sort_by_key(|stored| stored.passage.number);
        Ok(passages)
    }

    fn each_passage(
        &self,
        filters: &Filters,
        each: &mut dyn FnMut(StoredPassage) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        let query = self.fields.query(&Request::matching(lowered_filters(filters)));
        self.each_in_order(&self.reader.searcher(), &*query, each)
    }

    fn document_ids(&self) -> Result<Vec<String>, EngineError> {
        let mut out = BTreeSet::new();
        for column in self.columns.iter().filter_map(|columns| columns.document.as_ref()) {
            let mut ids = column.dictionary().stream().map_err(|error| self.error(error))?;
            while ids.advance() {
                out.extend(std::str::from_utf8(ids.key()).map(str::to_owned));
            }
        }
        Ok(out.into_iter().collect())
    }

    fn filter_values(&self, kind: &str) -> Result<BTreeMap<String, u64>, EngineError> {
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

    fn has_filter_token(&self, token: &str) -> Result<bool, EngineError> {
        let term = Term::from_field_text(self.fields.filter, token);
        Ok(self.reader.searcher().doc_freq(&term).map_err(|error| self.error(error))? > 0)
    }

    fn frequency(&self, field: Field, term: &str) -> Result<u64, EngineError> {
        self.session().frequency(field, term)
    }

    fn near_words(&self, word: &str, distance: u8) -> Result<Vec<(String, u64)>, EngineError> {
        self.session().words_near(word, distance)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_text_is_as_long_as_it_says() {
        let field = SchemaField::from_field_id(7);
        let mut document = vec![0x81, 7, 0, 0, 0, 0, 0x84];
        document.extend(b"{12}");
        assert_eq!(stored_text(&document, field), Some(&b"{12}"[..]));
        assert_eq!(stored_text(&document, SchemaField::from_field_id(8)), None);
        assert_eq!(stored_text(&document[..9], field), None);
        assert_eq!(stored_text(&[], field), None);
        // A length that goes on into the text would be of terabytes.
        document[6] = 4;
        document[9] |= 0x80;
        assert_eq!(stored_text(&document, field), None);
    }
}
