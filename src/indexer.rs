//! Bringing an index up to date: only what changed is read, analysed and written.

mod analysed;
mod report;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crossbeam_channel::bounded;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::analysis::{ANALYSIS_VERSION, Stemmers, Token};
use crate::corpus::{self, FoundFile, Location, MAX_FILE_BYTES, Source, Unreadable};
use crate::document::{Document, Metadata, Passage, split_passage_id};
use crate::engine::{
    self, CommitInfo, DocumentInfo, Engine, EngineError, ErrorKind, Fingerprint, IndexedPassage, Origin,
    Place, SCHEMA_VERSION, StoredPassage, Writer,
};
use crate::extract::command::{Commands, ExtractCommand, command_for};
use crate::extract::ocr::{self, Ocr};
use crate::extract::worker::{
    self, FileRead, WorkerProgram, content_hash, extractor_name, guarded, read_here,
};
use crate::extract::{
    self, ExtractError, ExtractLimits, Extracted, FileLimits, Format, HEAD_BYTES, as_megabytes,
};
use crate::ordered::{self, Step};
use crate::overrides::Overrides;
use crate::partition::{Part, short_hash};
use crate::query::plan::concept_token;
use crate::segment::{SEGMENTATION_VERSION, each_passage};
use crate::tagger::{Model, TAGGER_VERSION, Tag, Tagger};
use crate::taxonomy::Taxonomy;
pub use report::{FileReport, Outcome};

/// How many records of a JSON Lines file go to one of the threads that analyse them at a time.
const BATCH_RECORDS: usize = 64;
/// From how many bytes of such records on they are enough.
const BATCH_BYTES: usize = 256 * 1024;
/// How many such batches for each thread may be on their way.
const BATCHES_AHEAD: usize = 4;
/// The longest line of a JSON Lines file, in bytes.
const MAX_RECORD_BYTES: usize = 16 * 1024 * 1024;

/// What a file gave when it was last read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// The hash of its bytes.
    pub hash: String,
    /// The hash of what `documents.toml` and `overrides.toml` say of it, and of the id that it got.
    pub described: String,
    /// The extractor that read it, with its version.
    pub extractor: String,
    /// How many documents it gave.
    pub documents: usize,
    /// How many passages.
    pub passages: usize,
    /// What could not be read of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
    /// What was passed over since it holds no text: the file itself, or members of an archive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<String>,
    /// What is missing of a document that was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// How many pages are scans that were not read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unread_pages: usize,
    /// The limits under which it could not be read: with others it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<FileLimits>,
}

impl FileEntry {
    /// Notes why a document is not there.
    fn refuse(&mut self, error: &ExtractError, limits: &FileLimits) {
        self.limits = Some(*limits).filter(|_| !error.no_text).or(self.limits);
        if error.no_text { &mut self.skipped } else { &mut self.failures }.push(error.to_string());
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What an index was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The sources; `null` is the built-in corpus.
    pub sources: Vec<Option<String>>,
    /// The part of their documents that is in the index, where it is not all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// Every file, by its key.
    pub files: BTreeMap<String, FileEntry>,
    /// What the last run could not look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreachable: Vec<Unreadable>,
}

impl Manifest {
    /// Reads the manifest that belongs to the open index, or to one part of it; an empty one where that part has not been written
    /// yet.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] where it is missing or cannot be read.
    pub fn read(engine: &dyn Engine, part: Option<Part>) -> Result<Manifest, EngineError> {
        let Some(text) = engine.manifest(part)? else {
            return Ok(Manifest { part, ..Manifest::default() });
        };
        serde_json::from_str(&text).map_err(|error| {
            EngineError::new(ErrorKind::Damaged, format!("the manifest of the index is damaged: {error}"))
        })
    }

    /// What became of each file when it was last looked at, ordered by name.
    pub fn reports(&self) -> Vec<FileReport> {
        report::files(self, &HashSet::new(), &[])
    }

    fn sources(&self) -> Vec<Source> {
        self.sources
            .iter()
            .map(|source| match source {
                None => Source::BuiltIn,
                Some(path) => Source::Path(path.into()),
            })
            .collect()
    }
}

/// What a run is asked to do.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Sources to be added to those that the index has.
    pub add: Vec<Source>,
    /// The source of an index that has none yet, where none is added.
    pub default: Option<Source>,
    /// The part of the documents to take, where it is not all of them; an index keeps the part that it was made with.
    pub part: Option<Part>,
    /// Forget what is there and read everything again.
    pub rebuild: bool,
    /// Wait for another process that is writing.
    pub wait: bool,
    /// If there is an index already by the time that writing is our turn, leave it as it is.
    pub only_if_missing: bool,
    /// Read scanned pages with OCR, also those that an earlier run left unread.
    pub ocr: bool,
    /// The commands that read files of these extensions.
    pub commands: Commands,
    /// What reading one file may cost.
    pub limits: FileLimits,
    /// What reads files in a process of its own; without it this process does, and cannot keep to the limits of time and
    /// memory.
    pub worker: Option<WorkerProgram>,
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Files that are new.
    pub added: usize,
    /// Files that were read again.
    pub changed: usize,
    /// Files that are gone.
    pub removed: usize,
    /// Files that are the same under another name; they count as neither added nor removed.
    pub renamed: usize,
    /// Files that were left alone.
    pub unchanged: usize,
    /// Why all was read again, where it was.
    pub rebuilt: Option<String>,
    /// What became of each file, ordered by name.
    pub files: Vec<FileReport>,
    /// Corrections of passages and documents that the index does not have.
    pub idle_overrides: Vec<String>,
    /// Documents in the index after it.
    pub documents: usize,
    /// Passages in the index after it.
    pub passages: usize,
}

impl Report {
    /// Whether the index is as it was.
    pub fn is_unchanged(&self) -> bool {
        self.added + self.changed + self.removed + self.renamed == 0 && self.rebuilt.is_none()
    }

    /// How many files had this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.files.iter().filter(|file| file.outcome == outcome).count()
    }

    /// Whether something that should be in the index is not.
    pub fn is_partial(&self) -> bool {
        self.count(Outcome::Failed) + self.count(Outcome::Partly) > 0
    }

    /// How many pages are scans that were not read.
    pub fn unread_pages(&self) -> usize {
        self.files.iter().map(|file| file.unread_pages).sum()
    }
}

/// What a run is doing, for whoever wants to show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    /// So many files are to be read.
    Begin(usize),
    /// A file is being read.
    File(&'a str),
    /// So many more passages are done.
    Passages(usize),
    /// A file is done.
    FileDone,
    /// The commit has begun.
    Commit,
}

/// Why a run failed.
#[derive(Debug)]
pub enum IndexError {
    /// The sources.
    Corpus(corpus::CorpusError),
    /// The index.
    Engine(EngineError),
    /// The programs that read scanned pages.
    Ocr(ExtractError),
}

impl std::fmt::Display for IndexError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            IndexError::Corpus(error) => error.fmt(f),
            IndexError::Engine(error) => error.fmt(f),
            IndexError::Ocr(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for IndexError {}

impl From<corpus::CorpusError> for IndexError {
    fn from(error: corpus::CorpusError) -> Self {
        IndexError::Corpus(error)
    }
}

impl From<EngineError> for IndexError {
    fn from(error: EngineError) -> Self {
        IndexError::Engine(error)
    }
}

/// What shapes an index made now with this taxonomy and model.
pub fn fingerprint(taxonomy: &Taxonomy, model_text: &str) -> Fingerprint {
    Fingerprint {
        schema: SCHEMA_VERSION,
        analysis: ANALYSIS_VERSION,
        stemmer: crate::STEMMER_VERSION.to_owned(),
        segmentation: SEGMENTATION_VERSION,
        tagging: format!(
            "{TAGGER_VERSION}-{}-{}",
            taxonomy.fingerprint,
            &blake3::hash(model_text.as_bytes()).to_hex()[..16]
        ),
    }
}

/// Brings the index in a place up to date.
///
/// # Errors
/// A source that is gone, an index that another process writes to, a system that refuses. The
/// index is then as it was before.
pub fn update(
    place: &Place,
    request: &Request,
    taxonomy: &Taxonomy,
    model_text: &str,
    model: &Model,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<Report, IndexError> {
    let ocr = request.ocr.then(Ocr::find).transpose().map_err(IndexError::Ocr)?;
    let asked = request.part.filter(|part| !part.is_whole());
    let lock = engine::lock(place, asked, request.wait)?;
    let fingerprint = fingerprint(taxonomy, model_text);
    let (mut manifest, mut rebuilt) = match engine::open(place) {
        Ok(engine) if request.only_if_missing => {
            return Ok(Report {
                documents: engine.info().documents,
                passages: engine.info().passages,
                ..Report::default()
            });
        }
        Ok(engine) => {
            let manifest = Manifest::read(&*engine, asked);
            let why = if request.rebuild {
                Some("as asked")
            } else if manifest.is_err() {
                Some("its manifest is damaged")
            } else {
                what_changed(&engine.info().fingerprint, &fingerprint)
            };
            (manifest.unwrap_or_else(|_| remembered(&*lock)), why.map(str::to_owned))
        }
        Err(error) => match error.kind {
            ErrorKind::Missing => (remembered(&*lock), Some(String::new())),
            ErrorKind::Damaged if request.rebuild => (remembered(&*lock), Some("it was damaged".to_owned())),
            ErrorKind::Outdated => (remembered(&*lock), Some("it was made by another version".to_owned())),
            _ => return Err(error.into()),
        },
    };
    let was_missing = rebuilt.as_deref() == Some("");
    let part = part_of_run(&manifest, request, was_missing || request.rebuild, place)?;
    let mut sources = manifest.sources();
    if request.rebuild && !request.add.is_empty() {
        sources.clear();
    }
    sources.extend(request.add.iter().cloned());
    // Where nothing is made anew and there are none, this part has not been written yet.
    if sources.is_empty() && !was_missing && rebuilt.is_some() {
        return Err(EngineError::new(
            ErrorKind::Damaged,
            format!(
                "what the index in {place} was made from can no longer be told; name it: gcm-search index --rebuild PATH..."
            ),
        )
        .into());
    }
    if sources.is_empty() {
        sources.extend(request.default.clone());
    }
    sources.sort();
    sources.dedup();
    let found =
        corpus::find(&sources, place.folder().and_then(|folder| folder.canonicalize().ok()).as_deref())
            .map_err(|mut error| {
                if !was_missing {
                    error.message.push_str(
                "; nothing was removed from the index. To forget it: gcm-search index --rebuild PATH...",
            );
                }
                error
            })?;
    let overrides = Overrides::parse(&found.overrides, taxonomy)
        .map_err(|message| corpus::CorpusError { message: format!("{message}; nothing was changed") })?;
    let mut report = Report::default();
    if rebuilt.is_some() {
        manifest = Manifest::default();
    }
    manifest.part = part;
    let mut work = Work::compare(&manifest, &found.files, &overrides, request, &mut report);
    work.unreachable.extend(found.unreadable);
    work.unreachable.sort_by(|one, other| one.path.cmp(&other.path));
    manifest.unreachable = std::mem::take(&mut work.unreachable);
    manifest.sources = sources
        .iter()
        .map(|source| match source {
            Source::BuiltIn => None,
            Source::Path(path) => Some(path.display().to_string()),
        })
        .collect();
    if work.is_empty() && rebuilt.is_none() {
        let engine = engine::open(place)?;
        report.documents = engine.info().documents;
        report.passages = engine.info().passages;
        report.files = report::files(&manifest, &work.read_keys(), &work.gone);
        if manifest_is_same(&*engine, &manifest)? {
            lock.finish(&Origin { sources: manifest.sources.clone(), part })?;
            report.idle_overrides = idle(&overrides, &*engine, part)?;
            return Ok(report);
        }
    }
    let mut writer = if rebuilt.is_some() { lock.rebuild()? } else { lock.update()? };
    for key in &work.gone {
        writer.remove_source(&source_of(part, key))?;
        manifest.files.remove(key);
    }
    let run = Run {
        request,
        part,
        fingerprint: &fingerprint,
        taxonomy,
        model,
        overrides: &overrides,
        ocr: ocr.as_ref(),
        progress,
    };
    progress(Progress::Begin(work.to_read.len()));
    run.read_all(&work.to_read, &mut *writer, &mut manifest)?;
    report.files = report::files(&manifest, &work.read_keys(), &work.gone);
    progress(Progress::Commit);
    report.documents = manifest.files.values().map(|entry| entry.documents).sum();
    report.passages = manifest.files.values().map(|entry| entry.passages).sum();
    let info = CommitInfo {
        fingerprint: fingerprint.clone(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        manifest: String::new(),
        documents: report.documents,
        passages: report.passages,
    };
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| {
        EngineError::new(ErrorKind::System, format!("cannot write the manifest of {place}: {error}"))
    })?;
    writer.commit(info, &text, &Origin { sources: manifest.sources, part })?;
    if !overrides.is_empty() && part.is_none() {
        report.idle_overrides = idle(&overrides, &*engine::open(place)?, part)?;
    }
    if was_missing {
        rebuilt = None;
    }
    report.rebuilt = rebuilt;
    Ok(report)
}

/// The part that a run takes: the one asked for, or the one that the index has.
///
/// # Errors
/// An index that holds another part, which such a run would remove.
fn part_of_run(
    manifest: &Manifest,
    request: &Request,
    is_new: bool,
    place: &Place,
) -> Result<Option<Part>, EngineError> {
    let Some(asked) = request.part else {
        return Ok(manifest.part);
    };
    let asked = Some(asked).filter(|part| !part.is_whole());
    if asked == manifest.part || is_new {
        return Ok(asked);
    }
    let holds = manifest.part.map_or("all documents".to_owned(), |part| format!("part {part}"));
    Err(EngineError::new(
        ErrorKind::Foreign,
        format!("the index in {place} holds {holds} of its sources; nothing was changed"),
    ))
}

/// How a file is called in what a run writes.
fn source_of(part: Option<Part>, key: &str) -> String {
    part.map_or_else(|| key.to_owned(), |part| part.source(key))
}

fn manifest_is_same(engine: &dyn Engine, manifest: &Manifest) -> Result<bool, EngineError> {
    Ok(Manifest::read(engine, manifest.part)? == *manifest)
}

/// The corrections that concern nothing in the index; of a part of a collection that cannot be told.
fn idle(overrides: &Overrides, engine: &dyn Engine, part: Option<Part>) -> Result<Vec<String>, EngineError> {
    let mut out = Vec::new();
    if part.is_some() {
        return Ok(out);
    }
    for id in overrides.ids() {
        let (document, number) = split_passage_id(id);
        let passages = engine.passages_of(document)?;
        let is_there = match number {
            Some(number) => passages.iter().any(|stored| stored.passage.number == number),
            None => !passages.is_empty(),
        };
        if !is_there && engine.passages_of(id)?.is_empty() {
            out.push(id.to_owned());
        }
    }
    Ok(out)
}

/// A manifest that knows only what an index was made from that cannot be read, if that can still be told.
fn remembered(lock: &dyn engine::Lock) -> Manifest {
    let Origin { sources, part } = lock.origin();
    Manifest { sources, part, ..Manifest::default() }
}

/// What in a fingerprint makes an index out of date, in words.
pub fn what_changed(then: &Fingerprint, now: &Fingerprint) -> Option<&'static str> {
    if then.schema != now.schema {
        Some("it was made with another schema")
    } else if then.analysis != now.analysis || then.stemmer != now.stemmer {
        Some("the analysis of words has changed")
    } else if then.segmentation != now.segmentation {
        Some("the division into passages has changed")
    } else if then.tagging != now.tagging {
        Some("the taxonomy or the tagger has changed")
    } else {
        None
    }
}

/// Checks everything that an index says of itself: the checksum of every file; that there are the passages of
/// every file of its manifest, and no others.
///
/// # Errors
/// Says what is damaged; and as [`engine::open`].
pub fn verify(place: &Place) -> Result<(), EngineError> {
    engine::verify(place)?;
    let engine = engine::open(place)?;
    match verify_contents(place, &*engine) {
        // A run has ended meanwhile.
        Err(error) if error.kind == ErrorKind::Damaged && !engine.is_current() => verify(place),
        result => result,
    }
}

fn verify_contents(place: &Place, engine: &dyn Engine) -> Result<(), EngineError> {
    let wrong = |what: String| {
        EngineError::new(ErrorKind::Damaged, format!("the index in {place} is damaged: {what}"))
    };
    let Some(found) = engine.passages_by_source()? else {
        return Ok(());
    };
    let manifest = Manifest::read(engine, None)?;
    let mut strangers: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    for (key, entry) in &manifest.files {
        let source = source_of(manifest.part, key);
        let count = found.get(&source).copied().unwrap_or(0);
        if count != entry.passages as u64 {
            return Err(wrong(format!("it has {count} passages of {key}, not {}", entry.passages)));
        }
        strangers.remove(source.as_str());
    }
    if let Some(source) = strangers.first() {
        return Err(wrong(format!("it has passages of {source}, which its manifest does not know")));
    }
    let info = engine.info();
    let sum = |count: &dyn Fn(&FileEntry) -> usize| manifest.files.values().map(count).sum::<usize>();
    let (documents, passages) = (sum(&|entry| entry.documents), sum(&|entry| entry.passages));
    if (info.documents, info.passages) != (documents, passages) {
        return Err(wrong(format!(
            "it speaks of {} documents and {} passages, its manifest of {documents} and {passages}",
            info.documents, info.passages
        )));
    }
    Ok(())
}

/// What a run has to do.
struct Work<'f> {
    to_read: Vec<(&'f FoundFile, FileEntry)>,
    /// Keys whose passages go: files that are gone, and the old state of those that are read again.
    gone: Vec<String>,
    /// Files that could not be looked at.
    unreachable: Vec<Unreadable>,
}

impl<'f> Work<'f> {
    fn read_keys(&self) -> HashSet<&str> {
        self.to_read.iter().map(|(file, _)| file.key.as_str()).collect()
    }

    fn is_empty(&self) -> bool {
        self.to_read.is_empty() && self.gone.is_empty()
    }

    fn compare(
        manifest: &Manifest,
        files: &'f [FoundFile],
        overrides: &Overrides,
        request: &Request,
        report: &mut Report,
    ) -> Work<'f> {
        let hashed: Vec<Result<Option<FileEntry>, Unreadable>> =
            files.par_iter().map(|file| look_at(file, overrides, request, manifest.part)).collect();
        let mut work = Work { to_read: Vec::new(), gone: Vec::new(), unreachable: Vec::new() };
        let mut present = HashSet::new();
        let mut added: Vec<String> = Vec::new();
        let mut analysed: Vec<(&FoundFile, FileEntry)> = Vec::new();
        for (file, looked) in files.iter().zip(hashed) {
            // What has no document in this part is as if it were not there.
            if !matches!(looked, Ok(None)) {
                present.insert(file.key.as_str());
            }
            let entry = match looked {
                Ok(None) => continue,
                Ok(Some(entry)) => entry,
                Err(unreadable) => {
                    // What was read of it before stays: a file may be out of reach for a while.
                    work.unreachable.push(unreadable);
                    continue;
                }
            };
            match manifest.files.get(&file.key) {
                Some(old)
                    if old.hash == entry.hash
                        && old.described == entry.described
                        && old.extractor == entry.extractor
                        && !(request.ocr && old.unread_pages > 0)
                        && old.limits.is_none_or(|limits| limits == request.limits) =>
                {
                    report.unchanged += 1;
                    if analysed::is_analysed(&entry) {
                        analysed.push((file, entry));
                    }
                }
                Some(_) => {
                    report.changed += 1;
                    work.gone.push(file.key.clone());
                    work.to_read.push((file, entry));
                }
                None => {
                    report.added += 1;
                    added.push(entry.hash.clone());
                    work.to_read.push((file, entry));
                }
            }
        }
        for (key, old) in &manifest.files {
            if !present.contains(key.as_str()) {
                work.gone.push(key.clone());
                match added.iter().position(|hash| *hash == old.hash) {
                    Some(at) => {
                        added.remove(at);
                        report.added -= 1;
                        report.renamed += 1;
                    }
                    None => report.removed += 1,
                }
            }
        }
        // Such files may have documents in common: which one gives them depends on what others there are.
        let is_touched = work.to_read.iter().any(|(_, entry)| analysed::is_analysed(entry))
            || work.gone.iter().any(|key| manifest.files.get(key).is_some_and(analysed::is_analysed));
        if is_touched {
            work.gone.extend(analysed.iter().map(|(file, _)| file.key.clone()));
            work.to_read.append(&mut analysed);
        }
        work
    }
}

/// Hashes a file and tells its format; nothing where no document of it is in this part.
fn look_at(
    file: &FoundFile,
    overrides: &Overrides,
    request: &Request,
    part: Option<Part>,
) -> Result<Option<FileEntry>, Unreadable> {
    let fail = |reason: String| Unreadable::new(&file.key, reason);
    let command = command_of(file, &request.commands);
    let mut rest = None;
    // What the format is told from: the head, or all of a container.
    let seen: Cow<'_, [u8]> = match &file.location {
        Location::BuiltIn(bytes) => Cow::Borrowed(bytes),
        Location::Disk(path) => {
            let handle = rest.insert(File::open(path).map_err(|error| fail(error.to_string()))?);
            let mut read = |limit: u64, seen: &mut Vec<u8>| {
                handle.by_ref().take(limit).read_to_end(seen).map_err(|error| fail(error.to_string()))
            };
            let mut seen = Vec::new();
            read(HEAD_BYTES as u64, &mut seen)?;
            if command.is_none() && Format::needs_whole_file(&seen) {
                read(request.limits.bytes, &mut seen)?;
            }
            Cow::Owned(seen)
        }
    };
    let is_analysed = command.is_none() && crate::analysed::begins(&seen);
    let format = match command {
        Some(_) => Ok(Format::Text),
        None => guarded(|| Format::detect(&file.path, &seen)),
    };
    let has_own_ids = is_analysed || format.as_ref().is_ok_and(|format| format.holds_many());
    if !has_own_ids && part.is_some_and(|part| !part.holds(&file.id)) {
        return Ok(None);
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seen);
    if let Some(rest) = rest {
        hasher.update_reader(rest).map_err(|error| fail(error.to_string()))?;
    }
    let mut described = serde_json::to_string(&(&file.id, &file.metadata)).unwrap_or_default();
    // Which documents of such a file are corrected is known only when it is read.
    described.push_str(&overrides.fingerprint((!has_own_ids).then_some(&file.id)));
    let extractor = match (format, command) {
        (_, Some(command)) => command.name(),
        _ if is_analysed => analysed::extractor_name(),
        (Ok(format), None) => extractor_name(format),
        // The refusal is remembered like a result, so that the file is looked at again when it changes.
        (Err(error), None) => format!("none: {error}"),
    };
    Ok(Some(FileEntry {
        hash: content_hash(&hasher),
        described: blake3::hash(described.as_bytes()).to_hex()[..16].to_owned(),
        extractor,
        documents: 0,
        passages: 0,
        failures: Vec::new(),
        skipped: Vec::new(),
        warnings: Vec::new(),
        unread_pages: 0,
        limits: None,
    }))
}

/// The command that a file is read by, where one is named; what is built into the program needs none.
fn command_of<'c>(file: &FoundFile, commands: &'c Commands) -> Option<&'c ExtractCommand> {
    match file.location {
        Location::Disk(_) => command_for(commands, &file.path),
        Location::BuiltIn(_) => None,
    }
}

struct Run<'a> {
    request: &'a Request,
    part: Option<Part>,
    fingerprint: &'a Fingerprint,
    taxonomy: &'a Taxonomy,
    model: &'a Model,
    overrides: &'a Overrides,
    ocr: Option<&'a Ocr>,
    progress: &'a (dyn Fn(Progress<'_>) + Sync),
}

/// What one worker keeps from document to document.
struct Worker<'a> {
    stemmers: Stemmers,
    tagger: Tagger<'a>,
    taxonomy: &'a Taxonomy,
    overrides: &'a Overrides,
    part: Option<Part>,
}

impl<'a> Run<'a> {
    fn reader(&self) -> Option<worker::Worker> {
        self.request.worker.clone().map(|program| worker::Worker::new(program, self.request.limits))
    }

    fn worker(&self) -> Worker<'a> {
        Worker {
            stemmers: Stemmers::default(),
            tagger: Tagger::new(self.taxonomy, self.model),
            taxonomy: self.taxonomy,
            overrides: self.overrides,
            part: self.part,
        }
    }

    fn read_all(
        &self,
        files: &[(&FoundFile, FileEntry)],
        writer: &mut dyn Writer,
        manifest: &mut Manifest,
    ) -> Result<(), EngineError> {
        let is_jsonl = |entry: &FileEntry| entry.extractor.starts_with("jsonl-");
        let (analysed, files): (Vec<_>, Vec<_>) =
            files.iter().partition(|(_, entry)| analysed::is_analysed(entry));
        let (records, whole): (Vec<_>, Vec<_>) = files.into_iter().partition(|(_, entry)| is_jsonl(entry));
        self.read_whole(&whole, |file, entry, passages| {
            for passage in &passages {
                writer.add(passage)?;
            }
            manifest.files.insert(file.key.clone(), entry);
            Ok(())
        })?;
        for (file, entry) in records {
            (self.progress)(Progress::File(&file.path));
            let entry = self.read_records(file, entry.clone(), writer)?;
            (self.progress)(Progress::FileDone);
            manifest.files.insert(file.key.clone(), entry);
        }
        self.read_analysed(analysed, writer, manifest)
    }

    /// Reads and analyses files side by side. Each thread holds one file, and as many again wait to be taken by `add`, so
    /// that the memory needed does not grow with their number.
    fn read_whole(
        &self,
        files: &[&(&FoundFile, FileEntry)],
        mut add: impl FnMut(&FoundFile, FileEntry, Vec<IndexedPassage>) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let threads = rayon::current_num_threads().min(files.len());
        let next = AtomicUsize::new(0);
        let (sender, results) = bounded(threads);
        thread::scope(|scope| {
            for _ in 0..threads {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    let mut worker = self.worker();
                    let mut reader = self.reader();
                    while let Some((file, entry)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                        (self.progress)(Progress::File(&file.path));
                        let read =
                            guarded(|| Ok(read_file(file, entry.clone(), self, &mut reader, &mut worker)));
                        let (entry, passages) = read.unwrap_or_else(|error| {
                            // What a panic left of it is nothing to go on with.
                            worker = self.worker();
                            let mut entry = entry.clone();
                            entry.refuse(&error, &self.request.limits);
                            (entry, Vec::new())
                        });
                        (self.progress)(Progress::FileDone);
                        if sender.send((file, entry, passages)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            results.into_iter().try_for_each(|(file, entry, passages)| {
                (self.progress)(Progress::Passages(passages.len()));
                add(file, entry, passages)
            })
        })
    }

    /// Reads JSON Lines batch by batch, so that the memory needed does not grow with the file.
    fn read_records(
        &self,
        file: &FoundFile,
        mut entry: FileEntry,
        writer: &mut dyn Writer,
    ) -> Result<FileEntry, EngineError> {
        let mut reader: Box<dyn BufRead + Send> = match &file.location {
            Location::BuiltIn(bytes) => Box::new(*bytes),
            Location::Disk(path) => match File::open(path) {
                Ok(handle) => Box::new(BufReader::with_capacity(1 << 20, handle)),
                Err(error) => {
                    entry.failures.push(error.to_string());
                    return Ok(entry);
                }
            },
        };
        let transcoded = match utf8_of_utf16(reader.as_mut()) {
            Ok(transcoded) => transcoded,
            Err(reason) => {
                entry.failures.push(reason);
                return Ok(entry);
            }
        };
        if let Some(text) = transcoded {
            reader = Box::new(Cursor::new(text.into_bytes()));
        }
        let mut ids: HashSet<u64> = HashSet::new();
        let worker = || {
            let mut worker = self.worker();
            move |lines: Vec<Line>| read_lines(file, lines, &mut worker)
        };
        let workers = NonZeroUsize::new(rayon::current_num_threads()).unwrap_or(NonZeroUsize::MIN);
        ordered::map(Lines::of(reader), workers, BATCHES_AHEAD, worker, |step| {
            let Step::Ready((records, failures)) = step else {
                return Ok(());
            };
            for record in records {
                (self.progress)(Progress::Passages(record.passages.len()));
                if !ids.insert(short_hash(&record.id)) {
                    entry.failures.push(format!("line {}: {}", record.line, doubled_id(&record.id)));
                    continue;
                }
                entry.documents += 1;
                for passage in &record.passages {
                    writer.add(passage)?;
                    entry.passages += 1;
                }
            }
            entry.failures.extend(failures);
            Ok::<(), EngineError>(())
        })?;
        Ok(entry)
    }
}

fn read_file(
    file: &FoundFile,
    mut entry: FileEntry,
    run: &Run<'_>,
    reader: &mut Option<worker::Worker>,
    worker: &mut Worker<'_>,
) -> (FileEntry, Vec<IndexedPassage>) {
    let mut passages = Vec::new();
    let mut ids: HashSet<u64> = HashSet::new();
    let limits = &run.request.limits;
    let mut each = |extracted: Result<Extracted, ExtractError>| {
        let extracted = match extracted {
            Ok(extracted) => extracted,
            Err(error) => return entry.refuse(&error, limits),
        };
        let has_own_id = extracted.id.is_some();
        let mut id = document_id(file, &extracted);
        if !ids.insert(short_hash(&id)) {
            if has_own_id {
                if worker.takes(&id) {
                    entry.failures.push(doubled_id(&id));
                }
                return;
            }
            // Two members of an archive that differ in their extension only.
            id = joined(&file.path, extracted.member.as_deref());
            if !ids.insert(short_hash(&id)) {
                entry.failures.push(doubled_id(&id));
                return;
            }
        }
        if !worker.takes(&id) {
            return;
        }
        let extracted = match with_scans(extracted, file, run.ocr, &mut entry) {
            Ok(extracted) => extracted,
            Err(error) => return entry.refuse(&error, limits),
        };
        let document = Document { id, ..document(file, extracted) };
        entry.documents += 1;
        passages.extend(worker.passages(file, &document));
    };
    let result: Result<Option<FileRead>, ExtractError> = match &file.location {
        Location::BuiltIn(bytes) => Format::detect(&file.path, bytes)
            .and_then(|format| {
                extract::extract(format, &file.path, bytes, &ExtractLimits::default(), &mut each)
            })
            .map(|()| None),
        Location::Disk(path) => match (command_of(file, &run.request.commands), reader) {
            (Some(command), _) => {
                each(command.read(path, limits, &ExtractLimits::default()));
                Ok(None)
            }
            (None, Some(reader)) => reader.read(path, &file.path, &mut each).map(Some),
            (None, None) => read_here(path, &file.path, limits, &mut each).map(Some),
        },
    };
    match result {
        // It may have changed since it was looked at.
        Ok(Some(read)) => (entry.hash, entry.extractor) = (read.hash, read.extractor),
        Ok(None) => {}
        Err(error) => {
            if error.changing {
                // No file has this hash: the next run reads it again.
                entry.hash.clear();
            }
            entry.refuse(&error, limits);
        }
    }
    entry.passages = passages.len();
    (entry, passages)
}

fn doubled_id(id: &str) -> String {
    format!("the id \"{id}\" stands twice; only its first record is indexed")
}

/// A document as its file and what `documents.toml` says of it make it.
fn document(file: &FoundFile, extracted: Extracted) -> Document {
    // What documents.toml says is stronger than what a file says of itself. Of an archive it says what holds for all
    // documents in it.
    let described = file.metadata.clone();
    let described = match extracted.member {
        None => described,
        Some(_) => Metadata { title: None, url: None, symbol: None, ..described },
    };
    Document {
        path: joined(&file.path, extracted.member.as_deref()),
        id: document_id(file, &extracted),
        metadata: described.or(extracted.metadata),
        blocks: extracted.blocks,
    }
}

/// The id of a document: the one that it gives itself, or that of its file with its place in there.
fn document_id(file: &FoundFile, extracted: &Extracted) -> String {
    extracted.id.clone().unwrap_or_else(|| joined(&file.id, extracted.below.as_deref()))
}

/// A path, or one below it.
fn joined(start: &str, end: Option<&str>) -> String {
    match end {
        Some(end) => format!("{start}/{end}"),
        None => start.to_owned(),
    }
}

/// A line of a file of records: its number, and its bytes unless it could not be read.
type Line = (usize, io::Result<Vec<u8>>);

/// The lines of a file of records, some at a time.
struct Lines {
    reader: Box<dyn BufRead + Send>,
    number: usize,
    at_end: bool,
}

impl Lines {
    fn of(reader: Box<dyn BufRead + Send>) -> Lines {
        Lines { reader, number: 0, at_end: false }
    }
}

impl Iterator for Lines {
    type Item = Vec<Line>;

    fn next(&mut self) -> Option<Vec<Line>> {
        let mut batch = Vec::with_capacity(BATCH_RECORDS);
        let mut bytes = 0;
        while batch.len() < BATCH_RECORDS && bytes < BATCH_BYTES && !self.at_end {
            self.number += 1;
            match record_line(&mut self.reader) {
                Ok(Some(line)) => {
                    bytes += line.len();
                    batch.push((self.number, Ok(line)));
                }
                Ok(None) => self.at_end = true,
                Err(error) => {
                    self.at_end = error.kind() != io::ErrorKind::FileTooLarge;
                    batch.push((self.number, Err(error)));
                }
            }
        }
        (!batch.is_empty()).then_some(batch)
    }
}

/// The next line of a file of records; nothing at its end.
///
/// # Errors
/// What the system says; [`io::ErrorKind::FileTooLarge`] for a line that is too long and has been passed over.
fn record_line(reader: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let count = reader.take(MAX_RECORD_BYTES as u64 + 1).read_until(b'\n', &mut line)?;
    if line.len() > MAX_RECORD_BYTES && line.last() != Some(&b'\n') {
        drop(line);
        reader.skip_until(b'\n')?;
        let most = as_megabytes(MAX_RECORD_BYTES as u64);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {most}; passed over")));
    }
    Ok((count > 0).then_some(line))
}

/// All of a file in UTF-16, which cannot be read line by line; nothing for other files.
fn utf8_of_utf16(reader: &mut dyn BufRead) -> Result<Option<String>, String> {
    let head = reader.fill_buf().map_err(|error| error.to_string())?;
    let is_utf16 = matches!(extract::decoded_utf16(&head[..head.len().min(HEAD_BYTES)]), Ok(Some(_)));
    if !is_utf16 {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    reader.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err("records in UTF-16 in a large file; save it as UTF-8".to_owned());
    }
    let text = extract::decoded_utf16(&bytes).map_err(|error| error.to_string())?;
    Ok(text.map(Cow::into_owned))
}

/// A document with its scanned pages read, if that is asked for, and noted in the entry, if not.
fn with_scans(
    extracted: Extracted,
    file: &FoundFile,
    ocr: Option<&Ocr>,
    entry: &mut FileEntry,
) -> Result<Extracted, ExtractError> {
    let scans = extracted.unread_pages.len();
    // A document within an archive has to be unpacked for OCR.
    let opened = match (&file.location, ocr) {
        (Location::Disk(path), Some(ocr)) if scans > 0 && extracted.member.is_none() => {
            Some(ocr.open(&fs::read(path).map_err(ExtractError::system)?)?)
        }
        _ => None,
    };
    let read = opened.as_ref().map(|document| |page: u32| document.read_page(page));
    let read = read.as_ref().map(|read| read as &dyn Fn(u32) -> Result<String, ExtractError>);
    match ocr::complete(extracted, read) {
        Ok((extracted, warning)) => {
            entry.unread_pages += extracted.unread_pages.len();
            entry.warnings.extend(warning);
            Ok(extracted)
        }
        Err(error) => {
            entry.unread_pages += scans;
            Err(error)
        }
    }
}

/// One record of a JSON Lines file, read.
struct Record {
    line: usize,
    id: String,
    passages: Vec<IndexedPassage>,
}

fn read_lines(file: &FoundFile, lines: Vec<Line>, worker: &mut Worker<'_>) -> (Vec<Record>, Vec<String>) {
    let mut records = Vec::new();
    let mut failures = Vec::new();
    let limits = ExtractLimits::default();
    for (number, line) in lines {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                failures.push(format!("line {number}: {error}"));
                continue;
            }
        };
        let read =
            guarded(|| {
                extract::extract(Format::JsonLines, &file.path, &line, &limits, &mut |extracted| {
                    match extracted {
                        Ok(extracted) => {
                            let document = document(file, extracted);
                            if !worker.takes(&document.id) {
                                return;
                            }
                            let passages = worker.passages(file, &document);
                            records.push(Record { line: number, id: document.id, passages });
                        }
                        Err(error) => failures.push(format!("line {number}: {}", error.message)),
                    }
                })
            });
        if let Err(error) = read {
            failures.push(format!("line {number}: {}", error.message));
        }
    }
    (records, failures)
}

impl Worker<'_> {
    /// The passages of a document, analysed and tagged.
    fn passages(&mut self, file: &FoundFile, document: &Document) -> Vec<IndexedPassage> {
        let info = DocumentInfo {
            id: document.id.clone(),
            title: document.metadata.title.clone(),
            publisher: document.metadata.publisher.clone(),
            date: document.metadata.date,
            language: document.metadata.language,
            url: document.metadata.url.clone(),
            symbol: document.metadata.symbol.clone(),
            licence: document.metadata.licence.clone(),
            path: document.path.clone(),
        };
        let is_primary = document.metadata.primary == Some(true);
        let source = source_of(self.part, &file.key);
        let mut passages = Vec::new();
        each_passage(document, &mut |passage, tokens| {
            let tags = self.tags(&info.id, &passage, &tokens);
            let stored = StoredPassage { document: info.clone(), passage, tags };
            passages.push(IndexedPassage::new(
                source.clone(),
                is_primary,
                stored,
                &tokens,
                &mut self.stemmers,
            ));
        });
        passages
    }

    /// Whether a document is in the part that is taken.
    fn takes(&self, document: &str) -> bool {
        self.part.is_none_or(|part| part.holds(document))
    }

    /// The tags of a passage whose text has these tokens, corrected by hand.
    fn tags(&mut self, document: &str, passage: &Passage, tokens: &[Token]) -> Vec<(String, f32)> {
        let Passage { text, headings, language, .. } = passage;
        let mut tags = self.tagger.tag_tokens(text, tokens, headings, *language, false);
        self.overrides.apply(self.taxonomy, document, passage.number, &mut tags);
        self.stored_tags(tags)
    }

    /// Tags as they are stored.
    fn stored_tags(&self, tags: Vec<Tag>) -> Vec<(String, f32)> {
        tags.into_iter()
            // Two decimals are all that a score means.
            .map(|tag| (concept_token(self.taxonomy, tag.concept), (tag.score * 100.0).round() / 100.0))
            .collect()
    }
}
