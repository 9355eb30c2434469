//! Writing: one process at a time, everything shown by one commit, a rebuild by one rename.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use tantivy::index::{SegmentId, SegmentMeta};
use tantivy::merge_policy::LogMergePolicy;
use tantivy::{Index, IndexMeta, IndexWriter, TantivyDocument, TantivyError, Term};

use super::storage::{self, NEW, Refusal, explained, replace, system};
use super::{CURRENT, Fields, LOCK, LocalEngine, Pointer, current_generation, manifest, schema, tokenizers};
use crate::analysis::Terms;
use crate::engine::{CommitInfo, EngineError, ErrorKind, IndexedPassage, Lock, Origin, Writer};

/// The memory that tantivy fills before it writes a segment, in bytes, all of its threads together.
const WRITER_MEMORY: usize = 230_000_000;
/// Segments of more passages are merged no more, unless passages of them have been removed: the largest merging decides
/// how much memory the system maps.
const LARGE_SEGMENT: usize = 200_000;
/// How many segments of about one size are merged: the fewer, the more often a passage is written again; the more, the
/// more segments a query reads.
const MERGED_AT_ONCE: usize = 4;
/// What a passage takes in a document besides its long texts, in bytes, about.
const OTHER_BYTES: usize = 256;
/// Up to so many passages, a run ends with one segment; beyond, only what has deletions is merged.
const MERGE_ALL_LIMIT: u64 = 300_000;

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
        fs::create_dir_all(folder).map_err(|error| system(folder, &error))?;
        let path = folder.join(LOCK);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| system(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if wait => file.lock().map_err(|error| system(&path, &error))?,
            Err(TryLockError::WouldBlock) => {
                return Err(EngineError::new(
                    ErrorKind::Busy,
                    format!("another gcm-search is writing to the index in {}", folder.display()),
                ));
            }
            Err(TryLockError::Error(error)) => return Err(system(&path, &error)),
        }
        let lock = WriteLock { folder: folder.to_path_buf(), _file: file };
        lock.clear();
        Ok(lock)
    }

    /// Removes what runs left that were killed or failed: they hold space, and nobody reads them.
    fn clear(&self) {
        for name in [CURRENT, manifest::SOURCES_FILE] {
            let _ = fs::remove_file(self.folder.join(format!("{name}{NEW}")));
        }
        match current_generation(&self.folder) {
            Ok(Some(generation)) => {
                self.remove_others(&generation);
                remove_orphans(&generation);
            }
            // A first build that was killed. One that was whole stays until another is: it may be all that there is.
            Ok(None) => {
                for generation in self.generations() {
                    if load_meta(&generation).is_none_or(|meta| meta.payload.is_none()) {
                        let _ = fs::remove_dir_all(generation);
                    }
                }
            }
            Err(_) => {}
        }
    }

    /// The folders of generations, the current one and others.
    fn generations(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let is_one = |path: &PathBuf| number_of(path).is_some() && path.is_dir();
        entries.map(|entry| entry.path()).filter(is_one).collect()
    }

    /// A writer into the current generation, which is checked before: what is merged gets new checksums, and damage would
    /// no longer show.
    fn writer(&self) -> Result<LocalWriter<'_>, EngineError> {
        let engine = LocalEngine::open(&self.folder)?;
        engine.check()?;
        let failed = |error| write_error(&self.folder, &error);
        let (mut index, refusal) = storage::open_to_write(&engine.generation).map_err(failed)?;
        index.set_tokenizers(tokenizers());
        let files = Files { generation: engine.generation.clone(), is_new: false, is_whole: true };
        LocalWriter::new(self, files, index, refusal, engine.fields)
    }

    /// Whether there is room for an index like the current one beside it, and for the copy that merging it makes.
    fn check_space(&self) -> Result<(), EngineError> {
        let Ok(Some(generation)) = current_generation(&self.folder) else {
            return Ok(());
        };
        let entries = fs::read_dir(generation).into_iter().flatten().flatten();
        let lengths = entries.filter_map(|entry| entry.metadata().ok()).map(|data| data.len());
        let needed = lengths.sum::<u64>().saturating_mul(ROOM_FACTOR);
        match free_space(&self.folder) {
            Some(free) if free < needed => Err(EngineError::new(
                ErrorKind::Full,
                format!(
                    "not enough space to rebuild the index in {}: {} are free, {} are needed",
                    self.folder.display(),
                    in_megabytes(free),
                    in_megabytes(needed)
                ),
            )),
            _ => Ok(()),
        }
    }

    /// Points to a generation with one rename, and removes the others.
    fn switch_to(&self, generation: &Path) -> Result<(), EngineError> {
        let name =
            generation.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let path = self.folder.join(CURRENT);
        let text = serde_json::to_string(&Pointer { format: 1, generation: name })
            .map_err(|error| system(&path, &error.into()))?;
        replace(&path, text.as_bytes()).map_err(|error| system(&path, &error))?;
        self.remove_others(generation);
        Ok(())
    }

    /// Removes generations that answer no more. What cannot be removed now is removed by a later run.
    fn remove_others(&self, kept: &Path) {
        for generation in self.generations() {
            if generation != kept {
                let _ = fs::remove_dir_all(generation);
            }
        }
    }
}

impl Lock for WriteLock {
    fn origin(&self) -> Origin {
        manifest::origin(&self.folder)
    }

    fn finish(&self, origin: &Origin) -> Result<(), EngineError> {
        let failed = |error| write_error(&self.folder, &error);
        let segments = LocalEngine::open(&self.folder)?.index.searchable_segment_metas().map_err(failed)?;
        let is_merged = to_merge(&segments).is_empty();
        // The files of a segment are kept as long as somebody knows of it.
        drop(segments);
        if !is_merged {
            self.writer()?.finish()?;
        }
        manifest::write_origin(&self.folder, origin)
    }

    fn update(&self) -> Result<Box<dyn Writer + '_>, EngineError> {
        Ok(Box::new(self.writer()?))
    }

    fn rebuild(&self) -> Result<Box<dyn Writer + '_>, EngineError> {
        self.check_space()?;
        let highest = self.generations().iter().filter_map(|path| number_of(path)).max().unwrap_or(0);
        let generation = self.folder.join(format!("{GENERATION}{:06}", highest + 1));
        fs::create_dir_all(&generation).map_err(|error| system(&generation, &error))?;
        let files = Files { generation: generation.clone(), is_new: true, is_whole: false };
        let (schema, fields) = schema();
        let failed = |error| write_error(&self.folder, &error);
        let (mut index, refusal) = storage::create(&generation, schema).map_err(failed)?;
        index.set_tokenizers(tokenizers());
        Ok(Box::new(LocalWriter::new(self, files, index, refusal, fields)?))
    }
}

/// How many times the space of the current index a rebuild needs: the new one, and a copy while its segments are merged.
const ROOM_FACTOR: u64 = 2;

/// What the names of generations begin with; a number follows.
const GENERATION: &str = "generation-";

/// The number of a generation.
fn number_of(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.strip_prefix(GENERATION)?.parse().ok()
}

fn in_megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// How many bytes may still be written below a folder, where the system can tell.
fn free_space(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    let free = rustix::fs::statvfs(folder).ok().map(|system| system.f_bavail.saturating_mul(system.f_frsize));
    #[cfg(not(unix))]
    let free: Option<u64> = folder.metadata().ok().and(None);
    free
}

fn write_error(folder: &Path, error: &TantivyError) -> EngineError {
    write_failure(folder, explained(error))
}

fn write_failure(folder: &Path, (kind, reason): (ErrorKind, String)) -> EngineError {
    let kind = if kind == ErrorKind::Damaged { ErrorKind::System } else { kind };
    let message = format!("cannot write to the index in {}: {reason}; nothing was changed", folder.display());
    EngineError::new(kind, message)
}

/// What an index says of itself, if it can be read.
fn load_meta(generation: &Path) -> Option<IndexMeta> {
    storage::open(generation).ok()?.load_metas().ok()
}

/// The files of a generation that is written to. What no commit speaks of goes when the writer does.
struct Files {
    generation: PathBuf,
    /// Whether it is no index before its first commit.
    is_new: bool,
    /// Whether there is a commit that answers queries.
    is_whole: bool,
}

impl Drop for Files {
    fn drop(&mut self) {
        if self.is_whole {
            remove_orphans(&self.generation);
        } else {
            let _ = fs::remove_dir_all(&self.generation);
        }
    }
}

/// Removes the files of a generation that its commit does not know of. Only for who holds the lock.
fn remove_orphans(generation: &Path) {
    let Some(meta) = load_meta(generation) else {
        return;
    };
    let Some(info) = meta.payload.as_deref().and_then(|text| serde_json::from_str::<CommitInfo>(text).ok())
    else {
        return;
    };
    let mut known: HashSet<PathBuf> = meta.segments.iter().flat_map(storage::segment_files).collect();
    known.insert(info.manifest.into());
    for entry in fs::read_dir(generation).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let is_segment = text.split('.').next().is_some_and(|id| SegmentId::from_uuid_string(id).is_ok());
        let is_ours = is_segment || text.starts_with(manifest::PREFIX) || text.ends_with(NEW);
        if is_ours && !known.contains(Path::new(&name)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The segments to be merged so that deleted passages do not linger in the statistics, by which words are weighed.
fn to_merge(segments: &[SegmentMeta]) -> Vec<SegmentId> {
    let total: u64 = segments.iter().map(|segment| u64::from(segment.num_docs())).sum();
    let chosen: Vec<&SegmentMeta> = if total <= MERGE_ALL_LIMIT {
        segments.iter().collect()
    } else {
        segments.iter().filter(|segment| segment.num_deleted_docs() > 0).collect()
    };
    let worth_it = chosen.len() > 1 || chosen.iter().any(|segment| segment.num_deleted_docs() > 0);
    if worth_it { chosen.iter().map(|segment| segment.id()).collect() } else { Vec::new() }
}

/// Adds and removes passages. Nothing shows before [`Writer::commit`].
pub struct LocalWriter<'l> {
    lock: &'l WriteLock,
    fields: Fields,
    writer: IndexWriter,
    changed: bool,
    refusal: Refusal,
    // Goes last, when nobody writes any more.
    files: Files,
}

impl<'l> LocalWriter<'l> {
    fn new(
        lock: &'l WriteLock,
        files: Files,
        index: Index,
        refusal: Refusal,
        fields: Fields,
    ) -> Result<LocalWriter<'l>, EngineError> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
        let writer = index.writer_with_num_threads(threads, WRITER_MEMORY).map_err(|error| match error {
            TantivyError::LockFailure(tantivy::directory::error::LockError::LockBusy, _) => EngineError::new(
                ErrorKind::Busy,
                format!("another program is writing to the index in {}", lock.folder.display()),
            ),
            error => write_error(&lock.folder, &error),
        })?;
        let mut policy = LogMergePolicy::default();
        policy.set_max_docs_before_merge(LARGE_SEGMENT);
        policy.set_min_num_segments(MERGED_AT_ONCE);
        writer.set_merge_policy(Box::new(policy));
        Ok(LocalWriter { lock, fields, writer, changed: false, refusal, files })
    }

    fn write_error(&self, error: &TantivyError) -> EngineError {
        write_failure(&self.lock.folder, self.refusal.get().unwrap_or_else(|| explained(error)))
    }

    /// An error of merging what was committed before. A new generation shows nothing yet and goes; one that answers queries
    /// has everything, and the next run merges it.
    fn after_commit(&self, error: EngineError) -> EngineError {
        if self.files.is_new {
            return error;
        }
        let reason = self.refusal.get().map_or(error.message, |(_, reason)| reason);
        let folder = self.lock.folder.display();
        let message =
            format!("the index in {folder} is up to date, but its files could not be merged: {reason}");
        EngineError::new(error.kind, message)
    }

    /// Merges what is there, without anything new.
    fn finish(mut self) -> Result<(), EngineError> {
        self.merge().map_err(|error| self.after_commit(error))?;
        self.finish_with(|_, _| Ok(()))
    }

    /// Waits for what is still being written before the last step.
    fn finish_with(
        self,
        last: impl FnOnce(&WriteLock, &mut Files) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let LocalWriter { lock, writer, refusal, mut files, .. } = self;
        writer.wait_merging_threads().map_err(|error| {
            write_failure(&lock.folder, refusal.get().unwrap_or_else(|| explained(&error)))
        })?;
        last(lock, &mut files)
    }

    /// Merges so that deleted passages do not linger in the statistics, by which words are weighed.
    fn merge(&mut self) -> Result<(), EngineError> {
        let index = self.writer.index().clone();
        let segments = index.searchable_segment_metas().map_err(|error| self.write_error(&error))?;
        let chosen = to_merge(&segments);
        if chosen.is_empty() {
            return Ok(());
        }
        // The files of a segment are kept as long as somebody knows of it; we no longer do.
        drop(segments);
        self.writer.merge(&chosen).wait().map_err(|error| self.write_error(&error))?;
        self.writer.garbage_collect_files().wait().map_err(|error| self.write_error(&error))?;
        Ok(())
    }
}

impl Writer for LocalWriter<'_> {
    fn remove_source(&mut self, source: &str) -> Result<(), EngineError> {
        self.changed = true;
        self.writer.delete_term(Term::from_field_text(self.fields.source, source));
        Ok(())
    }

    fn add(&mut self, passage: &IndexedPassage) -> Result<(), EngineError> {
        self.changed = true;
        let fields = self.fields;
        let stored = &passage.stored;
        let info = &stored.document;
        let text = serde_json::to_string(stored)
            .map_err(|error| self.write_error(&TantivyError::from(std::io::Error::from(error))))?;
        let Terms { exact, stem, wide } = &passage.terms;
        let long = [&text, exact, stem, wide, &passage.head];
        let length = long.iter().map(|text| text.len()).sum::<usize>();
        let mut document = TantivyDocument::with_capacity(length + OTHER_BYTES);
        document.add_text(fields.source, &passage.source);
        document.add_text(fields.document, &info.id);
        document.add_u64(fields.number, u64::from(stored.passage.number));
        for token in passage.filter_tokens() {
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
        document.add_u64(fields.duplicate, stored.duplicate());
        if let Some(work) = stored.work() {
            document.add_u64(fields.work, work);
        }
        document.add_text(fields.exact, exact);
        document.add_text(fields.stem, stem);
        document.add_text(fields.wide, wide);
        document.add_text(fields.head, &passage.head);
        document.add_text(fields.stored, text);
        self.writer.add_document(document).map_err(|error| self.write_error(&error))?;
        Ok(())
    }

    fn commit(
        mut self: Box<Self>,
        mut info: CommitInfo,
        manifest: &str,
        origin: &Origin,
    ) -> Result<(), EngineError> {
        info.manifest = manifest::write(&self.files.generation, manifest)?;
        let payload = serde_json::to_string(&info)
            .map_err(|error| self.write_error(&TantivyError::from(std::io::Error::from(error))))?;
        let commit = |writer: &mut IndexWriter| -> tantivy::Result<()> {
            let mut prepared = writer.prepare_commit()?;
            prepared.set_payload(&payload);
            prepared.commit()?;
            Ok(())
        };
        commit(&mut self.writer).map_err(|error| self.write_error(&error))?;
        if self.changed {
            self.merge().map_err(|error| self.after_commit(error))?;
        }
        self.finish_with(|lock, files| {
            if files.is_new {
                lock.switch_to(&files.generation)?;
                files.is_whole = true;
            }
            manifest::write_origin(&lock.folder, origin)
        })
    }
}
