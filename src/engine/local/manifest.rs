//! The files beside a local index that say what it was made from: the manifest of each commit, and the sources.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::engine::{EngineError, ErrorKind, Origin};

/// Beside the generations: what the index is made from, for the day when it has to be made again.
const SOURCES_FILE: &str = "SOURCES";

/// A manifest is named by its content, so that damage to it shows.
fn name_of(text: &str) -> String {
    format!("manifest-{}.json", &blake3::hash(text.as_bytes()).to_hex()[..16])
}

/// Reads the manifest of a commit.
pub(super) fn read(generation: &Path, name: &str) -> Result<String, EngineError> {
    let path = generation.join(name);
    let text = fs::read_to_string(&path)
        .map_err(|error| EngineError::new(ErrorKind::Damaged, format!("{}: {error}", path.display())))?;
    if name_of(&text) != name {
        return Err(EngineError::new(
            ErrorKind::Damaged,
            format!("{} is damaged: it is not what its name says", path.display()),
        ));
    }
    Ok(text)
}

/// Writes a manifest and says how its file is called.
pub(super) fn write(generation: &Path, text: &str) -> Result<String, EngineError> {
    let name = name_of(text);
    let path = generation.join(&name);
    let write = || -> io::Result<()> {
        let mut file = File::create(&path)?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| {
        EngineError::new(
            ErrorKind::System,
            format!("cannot write the manifest in {}: {error}", generation.display()),
        )
    })?;
    Ok(name)
}

/// Removes the manifests of earlier commits.
pub(super) fn remove_others(generation: &Path, kept: &str) {
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

/// Notes what an index is made from.
pub(super) fn write_origin(folder: &Path, origin: &Origin) -> Result<(), EngineError> {
    let path = folder.join(SOURCES_FILE);
    let failed = |error: &dyn std::fmt::Display| {
        EngineError::new(ErrorKind::System, format!("{}: {error}", path.display()))
    };
    let text = serde_json::to_string(origin).map_err(|error| failed(&error))?;
    let new = folder.join("SOURCES.new");
    fs::write(&new, text).and_then(|()| fs::rename(&new, &path)).map_err(|error| failed(&error))
}

/// What an index that cannot be read was made from, if that can still be told.
pub(super) fn origin(folder: &Path) -> Origin {
    let text = fs::read_to_string(folder.join(SOURCES_FILE)).unwrap_or_default();
    serde_json::from_str(&text)
        // Before there were parts, a list alone was written.
        .or_else(|_| serde_json::from_str(&text).map(|sources| Origin { sources, part: None }))
        .unwrap_or_default()
}
