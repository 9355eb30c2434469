//! The files beside a local index that say what it was made from: the manifest of each commit, and the sources.

use std::fs;
use std::io;
use std::path::Path;

use super::damaged;
use super::storage::{replace, system};
use crate::engine::{EngineError, ErrorKind, Origin};

/// Beside the generations: what the index is made from, for the day when it has to be made again.
pub(super) const SOURCES_FILE: &str = "SOURCES";

/// What begins the name of a manifest.
pub(super) const PREFIX: &str = "manifest-";

/// A manifest is named by its content, so that damage to it shows.
fn name_of(text: &[u8]) -> String {
    format!("{PREFIX}{}.json", &blake3::hash(text).to_hex()[..16])
}

/// Reads the manifest of a commit.
pub(super) fn read(generation: &Path, name: &str) -> Result<String, EngineError> {
    let path = generation.join(name);
    let damaged = |what: &dyn std::fmt::Display| {
        EngineError::new(ErrorKind::Damaged, format!("{} is damaged: {what}", path.display()))
    };
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(damaged(&error)),
        Err(error) => return Err(system(&path, &error)),
    };
    if name_of(&bytes) != name {
        return Err(damaged(&"it is not what its name says"));
    }
    String::from_utf8(bytes).map_err(|error| damaged(&error))
}

/// Writes a manifest and says how its file is called.
pub(super) fn write(generation: &Path, text: &str) -> Result<String, EngineError> {
    let name = name_of(text.as_bytes());
    let path = generation.join(&name);
    replace(&path, text.as_bytes()).map_err(|error| system(&path, &error))?;
    Ok(name)
}

/// Notes what an index is made from, unless that is what is noted.
pub(super) fn write_origin(folder: &Path, origin: &Origin) -> Result<(), EngineError> {
    let path = folder.join(SOURCES_FILE);
    let text = serde_json::to_string(origin).map_err(|error| system(&path, &error.into()))?;
    if fs::read(&path).is_ok_and(|now| now == text.as_bytes()) {
        return Ok(());
    }
    replace(&path, text.as_bytes()).map_err(|error| system(&path, &error))
}

/// What an index that cannot be read was made from, if that can still be told.
pub(super) fn origin(folder: &Path) -> Origin {
    read_origin(folder).unwrap_or_default()
}

fn read_origin(folder: &Path) -> Option<Origin> {
    let text = fs::read(folder.join(SOURCES_FILE)).ok()?;
    serde_json::from_slice(&text)
        // Before there were parts, a list alone was written.
        .or_else(|_| serde_json::from_slice(&text).map(|sources| Origin { sources, part: None }))
        .ok()
}

/// Compares a manifest with its name, and what is noted beside it with what it was made from.
pub(super) fn check(folder: &Path, generation: &Path, name: &str) -> Result<(), EngineError> {
    // A manifest says it among other things.
    let made: Origin =
        serde_json::from_str(&read(generation, name)?).map_err(|error| damaged(folder, error))?;
    if read_origin(folder).as_ref() == Some(&made) {
        Ok(())
    } else {
        Err(damaged(folder, format!("the file {SOURCES_FILE} is not what its manifest says")))
    }
}
