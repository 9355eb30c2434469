//! Writing: one process at a time, everything shown by one commit, a rebuild by one rename.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tantivy::{Index, IndexWriter, TantivyDocument, Term};

use super::{
    CURRENT, Fields, LOCK, LocalEngine, Pointer, current_generation, manifest, schema, system, tokenizers,
};
use crate::engine::{CommitInfo, EngineError, ErrorKind, IndexedPassage, Lock, Origin, Writer};

/// The memory that tantivy fills before it writes a segment, in bytes.
const WRITER_MEMORY: usize = 200_000_000;
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

impl Lock for WriteLock {
    fn origin(&self) -> Origin {
        manifest::origin(&self.folder)
    }

    fn update(&self) -> Result<Box<dyn Writer + '_>, EngineError> {
        let engine = LocalEngine::open(&self.folder)?;
        let writer = LocalWriter::new(self, engine.generation.clone(), engine.index, engine.fields, false)?;
        Ok(Box::new(writer))
    }

    fn rebuild(&self) -> Result<Box<dyn Writer + '_>, EngineError> {
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
        Ok(Box::new(LocalWriter::new(self, generation, index, fields, true)?))
    }
}

/// Adds and removes passages. Nothing shows before [`Writer::commit`].
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

    fn write_error(&self, error: impl std::fmt::Display) -> EngineError {
        EngineError::new(
            ErrorKind::System,
            format!("cannot write to the index in {}: {error}", self.lock.folder.display()),
        )
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
        let mut document = TantivyDocument::new();
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
        document.add_u64(fields.work, stored.work());
        document.add_text(fields.exact, &passage.terms.exact);
        document.add_text(fields.stem, &passage.terms.stem);
        document.add_text(fields.wide, &passage.terms.wide);
        document.add_text(fields.head, &passage.head);
        let bytes = serde_json::to_vec(stored).map_err(|error| system(&self.generation, error))?;
        document.add_bytes(fields.stored, &bytes);
        self.writer.add_document(document).map_err(|error| self.write_error(error))?;
        Ok(())
    }

    fn commit(
        mut self: Box<Self>,
        mut info: CommitInfo,
        manifest: &str,
        origin: &Origin,
    ) -> Result<(), EngineError> {
        info.manifest = manifest::write(&self.generation, manifest)?;
        let payload = serde_json::to_string(&info).map_err(|error| self.write_error(error))?;
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
        let LocalWriter { lock, generation, writer, is_new, .. } = *self;
        let folder = &lock.folder;
        writer.wait_merging_threads().map_err(|error| system(folder, error))?;
        if is_new {
            lock.switch_to(&generation)?;
        }
        manifest::remove_others(&generation, &info.manifest);
        manifest::write_origin(folder, origin)
    }
}
