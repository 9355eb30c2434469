//! The folder that documents are fetched into: what is there, what it was made from, what broke off.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Wanted, remove_if_there};
use crate::corpus::METADATA_FILE;
use crate::document::Metadata;

/// The notes on earlier downloads; hidden, and so no document.
pub(super) const NOTES_FILE: &str = ".fetched.json";
/// The first line of a description of the folder that was written here.
const OURS: &str = "# Written by gcm-search fetch, and written anew by every run.";

/// A document that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The name of its file.
    file: String,
    address: String,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    bytes: u64,
    metadata: Metadata,
}

impl Kept {
    pub(super) fn new(
        wanted: &Wanted,
        extension: String,
        etag: Option<String>,
        last_modified: Option<String>,
        bytes: u64,
    ) -> Kept {
        Kept {
            file: format!("{}.{extension}", wanted.name),
            address: wanted.address.clone(),
            etag,
            last_modified,
            bytes,
            metadata: wanted.metadata.clone(),
        }
    }
}

/// A document that broke off, and can be gone on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Partial {
    address: String,
    /// What says that the rest belongs to what is there: an entity tag or a date.
    pub(super) validator: String,
}

impl Partial {
    pub(super) fn new(wanted: &Wanted, validator: String) -> Partial {
        Partial { address: wanted.address.clone(), validator }
    }
}

/// What is noted of a folder.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Notes {
    #[serde(default)]
    kept: BTreeMap<String, Kept>,
    #[serde(default)]
    partial: BTreeMap<String, Partial>,
}

/// The folder.
pub(super) struct Store {
    folder: PathBuf,
    notes: Notes,
}

#[derive(Serialize)]
struct Description<'a> {
    document: Vec<Described<'a>>,
}

#[derive(Serialize)]
struct Described<'a> {
    path: &'a str,
    #[serde(flatten)]
    metadata: &'a Metadata,
}

impl Store {
    pub(super) fn open(folder: &Path) -> io::Result<Store> {
        fs::create_dir_all(folder)?;
        let notes = match fs::read(folder.join(NOTES_FILE)) {
            // Without notes everything is fetched again, which harms nobody.
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Notes::default(),
            Err(error) => return Err(error),
        };
        Ok(Store { folder: folder.to_path_buf(), notes })
    }

    /// A document that came from this address and is still there.
    pub(super) fn kept(&self, wanted: &Wanted) -> Option<Kept> {
        let kept = self.notes.kept.get(&wanted.name).filter(|kept| kept.address == wanted.address)?;
        let size = fs::metadata(self.folder.join(&kept.file)).ok()?.len();
        (size == kept.bytes).then(|| kept.clone())
    }

    /// What broke off, with how many bytes of it are there.
    pub(super) fn partial(&self, wanted: &Wanted) -> Option<(Partial, u64)> {
        let partial =
            self.notes.partial.get(&wanted.name).filter(|partial| partial.address == wanted.address)?;
        let have = fs::metadata(self.partial_path(wanted)).ok()?.len();
        (have > 0).then(|| (partial.clone(), have))
    }

    pub(super) fn partial_path(&self, wanted: &Wanted) -> PathBuf {
        self.folder.join(format!(".{}.part", wanted.name))
    }

    pub(super) fn note_partial(&mut self, wanted: &Wanted, partial: Option<Partial>) -> io::Result<()> {
        match partial {
            Some(partial) => self.notes.partial.insert(wanted.name.clone(), partial),
            None => self.notes.partial.remove(&wanted.name),
        };
        self.save()
    }

    pub(super) fn forget_partial(&mut self, wanted: &Wanted) -> io::Result<()> {
        remove_if_there(&self.partial_path(wanted))?;
        self.note_partial(wanted, None)
    }

    /// Puts what is whole now in its place.
    pub(super) fn keep(&mut self, wanted: &Wanted, kept: Kept) -> io::Result<PathBuf> {
        let path = self.folder.join(&kept.file);
        fs::rename(self.partial_path(wanted), &path)?;
        if let Some(before) = self.notes.kept.insert(wanted.name.clone(), kept)
            && self.notes.kept.get(&wanted.name).is_some_and(|now| now.file != before.file)
        {
            remove_if_there(&self.folder.join(before.file))?;
        }
        self.notes.partial.remove(&wanted.name);
        self.save()?;
        Ok(path)
    }

    /// Notes what is known about a document now; its file stays as it is.
    pub(super) fn note_unchanged(&mut self, wanted: &Wanted) -> io::Result<PathBuf> {
        let mut path = self.folder.clone();
        if let Some(kept) = self.notes.kept.get_mut(&wanted.name) {
            kept.metadata.clone_from(&wanted.metadata);
            path.push(&kept.file);
        }
        self.save()?;
        Ok(path)
    }

    fn save(&self) -> io::Result<()> {
        let text = serde_json::to_string_pretty(&self.notes)?;
        self.replace(NOTES_FILE, &text)
    }

    /// Writes a file as a whole, or not at all.
    fn replace(&self, name: &str, text: &str) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(self.folder.join(name)).map_err(|error| error.error)?;
        Ok(())
    }

    /// Describes the documents for the indexer. False where somebody else has described the folder.
    pub(super) fn describe(&self) -> io::Result<bool> {
        match fs::read_to_string(self.folder.join(METADATA_FILE)) {
            Ok(text) if !text.starts_with(OURS) => return Ok(false),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let document =
            self.notes.kept.values().map(|kept| Described { path: &kept.file, metadata: &kept.metadata });
        let description = Description { document: document.collect() };
        let text = toml::to_string(&description).map_err(io::Error::other)?;
        self.replace(METADATA_FILE, &format!("{OURS}\n\n{text}"))?;
        Ok(true)
    }
}
