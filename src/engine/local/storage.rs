//! The files of a generation, as tantivy reads and writes them, with what it takes to notice damage.
//!
//! tantivy ends each file of a segment with a checksum of its bytes, but not `meta.json` and `.managed.json`, which say
//! which files there are. These get a last line here that holds theirs.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, FileSlice, Lock, META_LOCK, MmapDirectory,
    TerminatingWrite, WatchCallback, WatchHandle, WritePtr,
};
use tantivy::index::{SegmentComponent, SegmentMeta};
use tantivy::schema::Schema;
use tantivy::{Index, IndexSettings, TantivyError};

use crate::engine::{EngineError, ErrorKind};

/// What the last line of a sealed file begins with. JSON never goes on so after its end.
const SEAL: &str = "\n#blake3 ";

/// A text with a last line that tells whether it is whole.
pub(super) fn sealed(text: &[u8]) -> Vec<u8> {
    let text = text.trim_ascii_end();
    let mut out = text.to_vec();
    out.extend_from_slice(SEAL.as_bytes());
    out.extend_from_slice(checksum(text).as_bytes());
    out.push(b'\n');
    out
}

/// The text of a sealed file. One without a seal, by an earlier version of the program, is taken as it is: where damage made
/// the seal unrecognisable, the text ends in what is no JSON.
///
/// # Errors
/// A text that is not the one that was sealed.
pub(super) fn unsealed(mut bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let Some(end) = bytes.windows(SEAL.len()).rposition(|window| window == SEAL.as_bytes()) else {
        return Ok(bytes);
    };
    let is_whole = sealed(&bytes[..end]) == bytes;
    if !is_whole {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "its checksum differs"));
    }
    bytes.truncate(end);
    Ok(bytes)
}

fn checksum(text: &[u8]) -> String {
    blake3::hash(text).to_hex()[..16].to_owned()
}

/// Replaces a file at once: whoever reads it sees the old one or the new one, also after a power cut.
///
/// # Errors
/// When the system refuses; the old file is then as it was.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(NEW);
    let new = PathBuf::from(new);
    let write = || -> io::Result<()> {
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    if let Err(error) = write() {
        let _ = fs::remove_file(&new);
        return Err(error);
    }
    // So that the rename itself outlives a power cut, where the system can say so.
    if let Some(folder) = path.parent() {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

/// What the name of a file ends with that is to replace another.
pub(super) const NEW: &str = ".new";

/// The first error of writing. tantivy writes in threads of its own, and only says that one of them has ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Refusal(Arc<OnceLock<(ErrorKind, String)>>);

impl Refusal {
    fn note<T>(&self, path: &Path, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            let name = path.file_name().unwrap_or_default().display();
            let _ = self.0.set((kind_of(error), format!("{name}: {error}")));
        }
        result
    }

    /// What it was, in plain words.
    pub(super) fn get(&self) -> Option<(ErrorKind, String)> {
        self.0.get().cloned()
    }
}

/// A file that is written, whose first error is noted.
struct Noted {
    inner: Box<dyn TerminatingWrite + Send + Sync>,
    path: PathBuf,
    refusal: Refusal,
}

impl Write for Noted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.refusal.note(&self.path, self.inner.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.refusal.note(&self.path, self.inner.flush())
    }
}

impl TerminatingWrite for Noted {
    fn terminate_ref(&mut self, token: AntiCallToken) -> io::Result<()> {
        self.refusal.note(&self.path, self.inner.terminate_ref(token))
    }
}

/// A folder in which tantivy keeps an index.
#[derive(Debug, Clone)]
struct Storage {
    inner: MmapDirectory,
    folder: PathBuf,
    refusal: Refusal,
}

impl Storage {
    fn open(folder: &Path) -> Result<Storage, TantivyError> {
        let inner = MmapDirectory::open(folder)?;
        Ok(Storage { inner, folder: folder.to_path_buf(), refusal: Refusal::default() })
    }
}

impl Directory for Storage {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.inner.get_file_handle(path)
    }

    fn open_read(&self, path: &Path) -> Result<FileSlice, OpenReadError> {
        self.inner.open_read(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.inner.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.inner.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let file = self.inner.open_write(path).and_then(|file| {
            // There is nothing in its buffer yet that could fail to be written.
            let file = file.into_inner().map_err(std::io::IntoInnerError::into_error);
            file.map_err(|error| OpenWriteError::wrap_io_error(error, path.to_path_buf()))
        });
        if let Err(OpenWriteError::IoError { io_error, .. }) = &file {
            let _ = self.refusal.note::<()>(path, Err(io::Error::from(io_error.kind())));
        }
        let noted = Noted { inner: file?, path: path.to_path_buf(), refusal: self.refusal.clone() };
        Ok(BufWriter::new(Box::new(noted)))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        unsealed(self.inner.atomic_read(path)?)
            .map_err(|error| OpenReadError::wrap_io_error(error, path.to_path_buf()))
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        self.refusal.note(path, replace(&self.folder.join(path), &sealed(data)))
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.inner.sync_directory()
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        if lock.filepath == META_LOCK.filepath {
            // It keeps a writer from removing files that are just being opened. Where a reader may not write, it does
            // without: what vanished is noticed, and the index is opened once more.
            let path = self.folder.join(&lock.filepath);
            let open = OpenOptions::new().write(true).create(true).truncate(false).open(path);
            if open.is_err_and(|error| is_refusal(&error)) {
                return Ok(DirectoryLock::from(Box::new(())));
            }
        }
        self.inner.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.inner.watch(callback)
    }
}

/// Opens the index in the folder of a generation.
pub(super) fn open(generation: &Path) -> tantivy::Result<Index> {
    Index::open(Storage::open(generation)?)
}

/// Opens the index in the folder of a generation to write to it.
pub(super) fn open_to_write(generation: &Path) -> tantivy::Result<(Index, Refusal)> {
    let storage = Storage::open(generation)?;
    let refusal = storage.refusal.clone();
    Ok((Index::open(storage)?, refusal))
}

/// Makes an index in the folder of a generation.
pub(super) fn create(generation: &Path, schema: Schema) -> tantivy::Result<(Index, Refusal)> {
    let storage = Storage::open(generation)?;
    let refusal = storage.refusal.clone();
    Ok((Index::create(storage, schema, IndexSettings::default())?, refusal))
}

/// The files of a segment.
pub(super) fn segment_files(segment: &SegmentMeta) -> Vec<PathBuf> {
    use SegmentComponent::{Delete, FastFields, FieldNorms, Positions, Postings, Store, Terms};
    let mut files: Vec<PathBuf> = [Terms, Postings, Positions, FastFields, FieldNorms, Store]
        .into_iter()
        .map(|component| segment.relative_path(component))
        .collect();
    if segment.has_deletes() {
        files.push(segment.relative_path(Delete));
    }
    files
}

/// Compares the files of segments with their checksums; says what is wrong with which.
pub(super) fn damaged_files(index: &Index, segments: &[SegmentMeta]) -> Result<Vec<String>, TantivyError> {
    let mut out = Vec::new();
    for file in segments.iter().flat_map(segment_files) {
        let name = file.display();
        match index.directory().validate_checksum(&file) {
            Ok(true) => {}
            Ok(false) => out.push(format!("the checksum of {name} differs")),
            Err(OpenReadError::FileDoesNotExist(_)) => out.push(format!("{name} is missing")),
            Err(OpenReadError::IoError { io_error, .. }) if is_of_the_system(&io_error) => {
                return Err(TantivyError::IoError(io_error));
            }
            Err(_) => out.push(format!("the checksum of {name} cannot be read")),
        }
    }
    out.sort();
    Ok(out)
}

/// Whether the system does not let us write here.
fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

/// Whether an error says something of the system, not of the bytes that were read.
fn is_of_the_system(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, NotFound, Other, UnexpectedEof};
    !matches!(error.kind(), InvalidData | NotFound | Other | UnexpectedEof)
}

/// An error of tantivy in plain words, with what kind of thing it is for the user.
pub(super) fn explained(error: &TantivyError) -> (ErrorKind, String) {
    let of_io = |error: &io::Error| (kind_of(error), error.to_string());
    match error {
        TantivyError::IoError(error) => of_io(error),
        TantivyError::LockFailure(LockError::IoError(error), _) => of_io(error),
        TantivyError::OpenReadError(OpenReadError::FileDoesNotExist(path)) => {
            (ErrorKind::Damaged, format!("{} is missing", path.display()))
        }
        TantivyError::OpenReadError(OpenReadError::IoError { io_error, filepath })
        | TantivyError::OpenWriteError(OpenWriteError::IoError { io_error, filepath }) => {
            (kind_of(io_error), format!("{}: {io_error}", filepath.display()))
        }
        other => (ErrorKind::Damaged, other.to_string()),
    }
}

/// What kind of thing an error of the system is.
pub(super) fn kind_of(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ErrorKind::Full
        }
        _ if is_refusal(error) => ErrorKind::Denied,
        _ if is_of_the_system(error) => ErrorKind::System,
        _ => ErrorKind::Damaged,
    }
}

/// An error of the system about a path.
pub(super) fn system(path: &Path, error: &io::Error) -> EngineError {
    let kind = match kind_of(error) {
        ErrorKind::Damaged => ErrorKind::System,
        kind => kind,
    };
    EngineError::new(kind, format!("{}: {error}", path.display()))
}
