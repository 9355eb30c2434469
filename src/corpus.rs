//! Finding documents: folders, single files, the corpus built into the program, and the metadata that
//! `documents.toml` gives to texts that carry none.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::document::{Date, Language, Metadata, without_extension};
use crate::overrides::OVERRIDES_FILE;

include!(concat!(env!("OUT_DIR"), "/built_in_corpus.rs"));

/// The name of the file that describes the documents of a folder.
pub const METADATA_FILE: &str = "documents.toml";

/// The largest file that is read whole, in bytes. JSON Lines are read line by line and may be larger.
pub const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// A place that documents come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The corpus built into the program.
    BuiltIn,
    /// A file or a folder.
    Path(PathBuf),
}

impl Source {
    /// How the manifest and messages name it.
    pub fn name(&self) -> String {
        match self {
            Source::BuiltIn => "built-in corpus".to_owned(),
            Source::Path(path) => path.display().to_string(),
        }
    }
}

/// Where the bytes of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// On disk.
    Disk(PathBuf),
    /// In the program.
    BuiltIn(&'static [u8]),
}

/// A file that was found and may hold documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// The id of its document; JSON Lines records have their own.
    pub id: String,
    /// What it is called in the index: its source's name and its path in there.
    pub key: String,
    /// Its path relative to its source, with `/` on every system.
    pub path: String,
    /// Where its bytes are.
    pub location: Location,
    /// What `documents.toml` says of it.
    pub metadata: Metadata,
}

/// Something that could not be looked at, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// What.
    pub path: String,
    /// Why, in words for a person.
    pub reason: String,
    /// Whether nothing is missing without it.
    #[serde(default)]
    pub harmless: bool,
}

impl Unreadable {
    /// Something that is missing.
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Unreadable {
        Unreadable { path: path.into(), reason: reason.into(), harmless: false }
    }

    /// A link that would lead around in circles.
    fn of_loop(link: &Path) -> Unreadable {
        let reason = "a link to a folder above it; not followed";
        Unreadable { harmless: true, ..Unreadable::new(link.display().to_string(), reason) }
    }

    /// What stopped a walk through a folder somewhere.
    fn of_walk(root: &Path, error: &ignore::Error) -> Unreadable {
        let mut path = root;
        let mut cause = error;
        loop {
            match cause {
                ignore::Error::WithPath { path: inner, err } => {
                    path = inner;
                    cause = err;
                }
                ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
                    cause = err
                }
                ignore::Error::Loop { child, .. } => {
                    return Unreadable::of_loop(child);
                }
                _ => break,
            }
        }
        let reason = match cause.io_error().map(io::Error::kind) {
            Some(io::ErrorKind::NotFound) => "a link that leads nowhere".to_owned(),
            Some(io::ErrorKind::PermissionDenied) => {
                "no permission to read it; grant it, or leave the folder out".to_owned()
            }
            _ => cause.to_string(),
        };
        Unreadable::new(path.display().to_string(), reason)
    }
}

/// What a search for files found.
#[derive(Debug, Default)]
pub struct Found {
    /// The files, ordered by key.
    pub files: Vec<FoundFile>,
    /// What could not be looked at.
    pub unreadable: Vec<Unreadable>,
    /// The files of corrections in the sources: name and text.
    pub overrides: Vec<(String, String)>,
}

/// Why a source as a whole cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorpusError {
    /// What is wrong and what to do, in words for a person.
    pub message: String,
}

impl std::fmt::Display for CorpusError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CorpusError {}

/// `documents.toml`, as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct MetadataFile {
    /// Files of the folder that are no documents.
    #[serde(default)]
    ignore: Vec<String>,
    #[serde(default)]
    document: Vec<DocumentEntry>,
    #[serde(default)]
    download: Vec<Download>,
}

/// An official document that is no part of a corpus and can be downloaded into it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Download {
    /// A short name, such as `a-res-73-195`.
    pub id: String,
    /// The title as a reader would cite it.
    pub title: String,
    /// Who published it.
    pub publisher: String,
    /// When it was published.
    pub date: Option<Date>,
    /// The official symbol.
    pub symbol: Option<String>,
    /// The terms under which it may be used.
    pub licence: String,
    /// What it should be: `pdf`, `html`, or anything where it does not say.
    pub format: Option<String>,
    /// Its addresses, by the code of their language.
    pub urls: BTreeMap<String, String>,
}

/// The documents that the `documents.toml` of a source names for download.
///
/// # Errors
/// A `documents.toml` that cannot be read, or names an id twice.
pub fn downloads(source: &Source) -> Result<Vec<Download>, CorpusError> {
    let described = match source {
        Source::BuiltIn => MetadataFile::built_in()?,
        Source::Path(folder) => described_by(folder)?,
    };
    let mut ids = HashSet::new();
    for download in &described.download {
        let is_name = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !is_name(&download.id) || !download.urls.keys().all(|language| is_name(language)) {
            let message = format!(
                "{METADATA_FILE}: the download \"{}\" or one of its languages has a name that is none: letters, digits and \
                 hyphens",
                download.id
            );
            return Err(CorpusError { message });
        }
        if !ids.insert(&download.id) {
            let message = format!("{METADATA_FILE}: two downloads have the id \"{}\"", download.id);
            return Err(CorpusError { message });
        }
    }
    Ok(described.download)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentEntry {
    path: String,
    title: Option<String>,
    publisher: Option<String>,
    date: Option<Date>,
    language: Option<Language>,
    url: Option<String>,
    symbol: Option<String>,
    licence: Option<String>,
    primary: Option<bool>,
}

impl MetadataFile {
    fn built_in() -> Result<MetadataFile, CorpusError> {
        let text = BUILT_IN_CORPUS
            .iter()
            .find(|(path, _)| *path == METADATA_FILE)
            .map_or("", |(_, bytes)| std::str::from_utf8(bytes).unwrap_or_default());
        MetadataFile::parse(text, "the built-in documents.toml")
    }

    fn parse(text: &str, name: &str) -> Result<MetadataFile, CorpusError> {
        toml::from_str(text).map_err(|error| {
            let line =
                error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            CorpusError { message: format!("{name}, line {line}: {}", error.message()) }
        })
    }

    fn ignores(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        [METADATA_FILE, OVERRIDES_FILE].contains(&name) || self.ignore.iter().any(|ignored| ignored == path)
    }

    fn metadata(&self, path: &str) -> Metadata {
        self.document.iter().find(|entry| entry.path == path).map_or_else(Metadata::default, |entry| {
            Metadata {
                title: entry.title.clone(),
                publisher: entry.publisher.clone(),
                date: entry.date,
                language: entry.language,
                url: entry.url.clone(),
                symbol: entry.symbol.clone(),
                licence: entry.licence.clone(),
                primary: entry.primary,
            }
        })
    }
}

/// Finds the files of all sources. A folder `left_out`, named by its canonical path, is not looked into: the index, which may
/// well lie among the documents.
///
/// # Errors
/// A source that is not there, or a `documents.toml` that cannot be read. A file that cannot be looked at is in
/// [`Found::unreadable`] and the search goes on.
pub fn find(sources: &[Source], left_out: Option<&Path>) -> Result<Found, CorpusError> {
    let mut found = Found::default();
    for source in sources {
        match source {
            Source::BuiltIn => find_built_in(&mut found)?,
            Source::Path(path) => find_in_path(path, left_out, &mut found)?,
        }
    }
    found.files.sort_by(|one, other| one.key.cmp(&other.key));
    found.files.dedup_by(|one, other| one.key == other.key);
    make_ids_unique(&mut found.files);
    Ok(found)
}

fn find_built_in(found: &mut Found) -> Result<(), CorpusError> {
    let described = MetadataFile::built_in()?;
    for (path, bytes) in BUILT_IN_CORPUS {
        if !described.ignores(path) {
            found.files.push(FoundFile {
                id: without_extension(path).to_owned(),
                key: format!("built-in:{path}"),
                path: (*path).to_owned(),
                location: Location::BuiltIn(bytes),
                metadata: described.metadata(path),
            });
        }
    }
    Ok(())
}

fn find_in_path(root: &Path, left_out: Option<&Path>, found: &mut Found) -> Result<(), CorpusError> {
    let kind = fs::metadata(root).map_err(|error| CorpusError {
        message: match error.kind() {
            io::ErrorKind::NotFound => format!("{}: no such file or folder", root.display()),
            _ => format!("{}: {error}", root.display()),
        },
    })?;
    if root.file_name().is_some_and(|name| name == OVERRIDES_FILE) {
        found.overrides.extend(read_overrides(root)?);
        return Ok(());
    }
    if kind.is_file() {
        let name = root.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let described = root.parent().map(described_by).transpose()?.unwrap_or_default();
        found.files.push(FoundFile {
            id: without_extension(&name).to_owned(),
            key: root.display().to_string(),
            metadata: described.metadata(&name),
            path: name,
            location: Location::Disk(root.to_path_buf()),
        });
        return Ok(());
    }
    let described = described_by(root)?;
    found.overrides.extend(read_overrides(&root.join(OVERRIDES_FILE))?);
    // The walk notices links to folders that it came through, but not those above where it began.
    let above: Arc<Mutex<Vec<Unreadable>>> = Arc::default();
    let whole_root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    let (left_out, noted) = (left_out.map(Path::to_path_buf), Arc::clone(&above));
    let walk = ignore::WalkBuilder::new(root)
        .standard_filters(false)
        .hidden(true)
        .follow_links(true)
        .sort_by_file_name(Ord::cmp)
        .filter_entry(move |entry| {
            if entry.depth() == 0 || !entry.file_type().is_some_and(|kind| kind.is_dir()) {
                return true;
            }
            let Ok(whole) = entry.path().canonicalize() else {
                return true;
            };
            if entry.path_is_symlink() && whole_root.starts_with(&whole) {
                let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                noted.push(Unreadable::of_loop(entry.path()));
                return false;
            }
            left_out.as_ref() != Some(&whole)
        })
        .build();
    let mut below: HashMap<String, MetadataFile> = HashMap::new();
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                found.unreadable.push(Unreadable::of_walk(root, &error));
                continue;
            }
        };
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let full = entry.path();
        let relative = full.strip_prefix(root).unwrap_or(full);
        let Some(path) = slashed(relative) else {
            found
                .unreadable
                .push(Unreadable::new(full.display().to_string(), "its name is not valid UTF-8; rename it"));
            continue;
        };
        if described.ignores(&path) {
            continue;
        }
        // A folder below may describe its own documents; what stands above is stronger.
        let mut metadata = described.metadata(&path);
        if let Some((folder, name)) = path.rsplit_once('/') {
            let below = match below.entry(folder.to_owned()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(described_by(&root.join(folder))?),
            };
            if below.ignores(name) {
                continue;
            }
            metadata = metadata.or(below.metadata(name));
        }
        found.files.push(FoundFile {
            id: without_extension(&path).to_owned(),
            key: format!("{}:{path}", root.display()),
            metadata,
            path,
            location: Location::Disk(full.to_path_buf()),
        });
    }
    found.unreadable.append(&mut above.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(())
}

fn described_by(folder: &Path) -> Result<MetadataFile, CorpusError> {
    let path = folder.join(METADATA_FILE);
    match read_if_there(&path)? {
        Some(text) => MetadataFile::parse(&text, &path.display().to_string()),
        None => Ok(MetadataFile::default()),
    }
}

fn read_overrides(path: &Path) -> Result<Option<(String, String)>, CorpusError> {
    Ok(read_if_there(path)?.map(|text| (path.display().to_string(), text)))
}

fn read_if_there(path: &Path) -> Result<Option<String>, CorpusError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CorpusError { message: format!("{}: {error}", path.display()) }),
    }
}

fn slashed(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// Extensions of archives, whose documents have ids below the archive's.
const ARCHIVES: &[&str] = &[".zip", ".tar", ".tgz", ".tar.gz"];

/// Files that would share an id take their extension, and where that does not part them their source, into it. An archive
/// beside a folder of its name, which is likely what was unpacked from it, takes its extension too.
fn make_ids_unique(files: &mut [FoundFile]) {
    let folders: HashSet<String> = files
        .iter()
        .flat_map(|file| file.id.match_indices('/').map(|(at, _)| file.id[..at].to_owned()))
        .collect();
    for file in files.iter_mut() {
        let path = file.path.to_ascii_lowercase();
        if ARCHIVES.iter().any(|end| path.ends_with(end)) && folders.contains(&file.id) {
            file.id = file.path.clone();
        }
    }
    for stage in 0..2 {
        let mut count: HashMap<String, usize> = HashMap::new();
        for file in files.iter() {
            *count.entry(file.id.clone()).or_default() += 1;
        }
        for file in files.iter_mut() {
            if count[&file.id] > 1 {
                file.id = if stage == 0 { file.path.clone() } else { file.key.clone() };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_paths_without_extensions_and_unique() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.txt", "a.md", "b.txt"] {
            fs::write(folder.path().join(name), "testo").unwrap();
        }
        let found = find(&[Source::Path(folder.path().to_path_buf())], None).unwrap();
        let ids: Vec<&str> = found.files.iter().map(|file| file.id.as_str()).collect();
        assert_eq!(ids, ["a.md", "a.txt", "b"]);
    }

    #[test]
    fn a_folder_may_describe_its_documents() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.txt"), "testo").unwrap();
        fs::write(folder.path().join("README.md"), "testo").unwrap();
        fs::write(
            folder.path().join(METADATA_FILE),
            "ignore = [\"README.md\"]\n[[document]]\npath = \"a.txt\"\ntitle = \"Titolo\"\n",
        )
        .unwrap();
        let sources = [Source::Path(folder.path().to_path_buf())];
        let found = find(&sources, None).unwrap();
        assert_eq!(found.files.len(), 1);
        assert_eq!(found.files[0].metadata.title.as_deref(), Some("Titolo"));
        fs::write(folder.path().join(METADATA_FILE), "[[document]]\npath = \"a\"\ntitel = \"x\"").unwrap();
        let message = find(&sources, None).unwrap_err().message;
        assert!(message.contains("line 3") && message.contains("titel"), "{message}");
    }

    #[test]
    fn the_built_in_corpus_is_there() {
        let found = find(&[Source::BuiltIn], None).unwrap();
        assert!(found.files.len() > 25);
        assert!(found.files.iter().any(|file| file.id == "oim-italia/stocktaking-puerto-vallarta"));
        assert!(
            !found.files.iter().any(|file| file.path.ends_with(".toml") || file.path.ends_with("README.md"))
        );
    }

    #[test]
    fn a_missing_source_is_an_error() {
        let error = find(&[Source::Path(PathBuf::from("/non/esiste"))], None).unwrap_err();
        assert!(error.message.contains("/non/esiste"));
    }
}
