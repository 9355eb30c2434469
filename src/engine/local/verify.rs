//! Checking an index against what it says of itself.
//!
//! What is checked when:
//!
//! - `CURRENT`, `meta.json`, the list of files and the head of each file: whenever an index is opened;
//! - every byte of every file: whenever a small index is opened, whenever an index is written to, and by
//!   [`LocalEngine::verify`].
//!
//! What is read of a larger index may be damaged, then. Where that shows, it is an error; a panic is one too
//! ([`crate::engine::guard`]).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use tantivy::collector::Count;
use tantivy::index::SegmentMeta;
use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tantivy::{Index, Term};

use super::{CURRENT, LocalEngine, current_generation, damaged, manifest, storage, unreadable};
use crate::engine::guard::guarded;
use crate::engine::{CommitInfo, EngineError, ErrorKind};

/// Up to so many bytes an index is checked as a whole when it is opened, which then takes up to 3 ms more.
pub(super) const SMALL: u64 = 16 * 1024 * 1024;
/// How often an index is opened again that changes meanwhile.
const ATTEMPTS: usize = 50;

/// How many bytes the segments of an index have.
pub(super) fn size(generation: &Path, segments: &[SegmentMeta]) -> u64 {
    let files = segments.iter().flat_map(storage::segment_files);
    let lengths = files.map(|file| fs::metadata(generation.join(file)).map_or(0, |data| data.len()));
    lengths.sum()
}

/// Compares the files of an index with their checksums.
pub(super) fn check_files(folder: &Path, index: &Index, segments: &[SegmentMeta]) -> Result<(), EngineError> {
    let wrong = storage::damaged_files(index, segments).map_err(|error| unreadable(folder, &error))?;
    if wrong.is_empty() { Ok(()) } else { Err(damaged(folder, wrong.join(", "))) }
}

/// Which commit of which generation answers queries, by the bytes that say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    current: Option<Vec<u8>>,
    meta: Option<Vec<u8>>,
}

impl State {
    fn of(folder: &Path) -> State {
        let generation = current_generation(folder).ok().flatten();
        State {
            current: fs::read(folder.join(CURRENT)).ok(),
            meta: generation.and_then(|generation| fs::read(generation.join("meta.json")).ok()),
        }
    }
}

impl State {
    /// Whether the folder still says the same.
    pub(super) fn is_current(&self, folder: &Path) -> bool {
        State::of(folder) == *self
    }
}

/// Reads an index, once more where it seems damaged and was written to meanwhile: files that it was being read from may then
/// be gone.
pub(super) fn steadily<T>(
    folder: &Path,
    read: impl Fn(&State) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let mut before = State::of(folder);
    for _ in 1..ATTEMPTS {
        match read(&before) {
            Err(error) if error.kind == ErrorKind::Damaged => {
                let now = State::of(folder);
                if now == before {
                    return Err(error);
                }
                before = now;
            }
            result => return result,
        }
    }
    read(&before)
}

impl LocalEngine {
    /// Compares every file of the index in a folder with its checksum, before anything is read from them, and what it is said to
    /// be made from with its manifest.
    ///
    /// # Errors
    /// As [`LocalEngine::open`]; names the files that are damaged.
    pub fn verify(folder: &Path) -> Result<(), EngineError> {
        let check = || {
            let generation = current_generation(folder)?.ok_or_else(|| {
                EngineError::new(ErrorKind::Missing, format!("there is no index in {}", folder.display()))
            })?;
            let index = storage::open(&generation).map_err(|error| unreadable(folder, &error))?;
            let meta = index.load_metas().map_err(|error| unreadable(folder, &error))?;
            check_files(folder, &index, &meta.segments)?;
            let info = meta.payload.as_deref().and_then(|text| serde_json::from_str::<CommitInfo>(text).ok());
            let info = info.ok_or_else(|| damaged(folder, "its commit has no description"))?;
            manifest::check(folder, &generation, &info.manifest)
        };
        steadily(folder, |_| guarded(folder, check))
    }

    /// Compares the files of the open index with their checksums, unless that was done when it was opened.
    ///
    /// # Errors
    /// Names the files that are damaged.
    pub(super) fn check(&self) -> Result<(), EngineError> {
        if self.is_checked {
            return Ok(());
        }
        guarded(&self.folder, || {
            let meta = self.index.load_metas().map_err(|error| unreadable(&self.folder, &error))?;
            check_files(&self.folder, &self.index, &meta.segments)
        })
    }

    /// How many passages came from each file.
    pub(super) fn count_by_source(&self) -> Result<BTreeMap<String, u64>, EngineError> {
        let searcher = self.reader.searcher();
        let sources = self.terms_of(self.fields.source, "")?;
        let count = |source: String| {
            let term = Term::from_field_text(self.fields.source, &source);
            // Counted, not looked up: passages that were removed may still be there.
            let count = searcher.search(&TermQuery::new(term, IndexRecordOption::Basic), &Count);
            let count = count.map_err(|error| unreadable(&self.folder, &error))?;
            Ok((source, count as u64))
        };
        sources.into_iter().map(count).filter(|count| !matches!(count, Ok((_, 0)))).collect()
    }
}
