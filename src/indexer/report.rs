//! What became of each file in a run.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{FileEntry, Manifest};

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It could not be read.
    Failed,
    /// Some of its documents could be read, some could not.
    Partly,
    /// It holds no text: nothing is missing.
    Skipped,
    /// It was read in this run.
    Read,
    /// It was read before, and has not changed.
    Unchanged,
    /// It is gone, and so is what the index had of it.
    Removed,
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FileReport {
    /// The version of the JSON, where the file is printed on a line of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format_version: Option<u32>,
    /// The file: its source and its path in there.
    pub file: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The extractor that read it, with its version; nothing where none did.
    pub extractor: Option<String>,
    /// How many documents of it are in the index.
    pub documents: usize,
    /// How many passages of it are in the index.
    pub passages: usize,
    /// How many of its pages are scans that were not read.
    pub unread_pages: usize,
    /// Why it, or a part of it, could not be read.
    pub failures: Vec<String>,
    /// What was passed over since it holds no text.
    pub skipped: Vec<String>,
    /// What is missing of documents that were read.
    pub warnings: Vec<String>,
}

impl FileReport {
    fn new(file: &str, outcome: Outcome) -> FileReport {
        FileReport {
            format_version: None,
            file: file.to_owned(),
            outcome,
            extractor: None,
            documents: 0,
            passages: 0,
            unread_pages: 0,
            failures: Vec::new(),
            skipped: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn of(file: &str, entry: &FileEntry, is_read_now: bool) -> FileReport {
        let outcome = match (entry.failures.is_empty(), entry.documents) {
            (false, 0) => Outcome::Failed,
            (false, _) => Outcome::Partly,
            (true, 0) if !entry.skipped.is_empty() => Outcome::Skipped,
            (true, _) if is_read_now => Outcome::Read,
            (true, _) => Outcome::Unchanged,
        };
        FileReport {
            // What no extractor reads keeps the refusal in its place.
            extractor: Some(entry.extractor.clone()).filter(|name| !name.starts_with("none: ")),
            documents: entry.documents,
            passages: entry.passages,
            unread_pages: entry.unread_pages,
            failures: entry.failures.clone(),
            skipped: entry.skipped.clone(),
            warnings: entry.warnings.clone(),
            ..FileReport::new(file, outcome)
        }
    }
}

/// What became of every file that the index knows, could not reach or has lost, ordered by name.
pub(super) fn files(manifest: &Manifest, read: &HashSet<&str>, gone: &[String]) -> Vec<FileReport> {
    let mut files: BTreeMap<&str, FileReport> = manifest
        .files
        .iter()
        .map(|(file, entry)| (file.as_str(), FileReport::of(file, entry, read.contains(file.as_str()))))
        .collect();
    for file in gone {
        files.entry(file).or_insert_with(|| FileReport::new(file, Outcome::Removed));
    }
    for unreachable in &manifest.unreachable {
        let outcome = if unreachable.harmless { Outcome::Skipped } else { Outcome::Failed };
        let file =
            files.entry(&unreachable.path).or_insert_with(|| FileReport::new(&unreachable.path, outcome));
        // What an earlier run read of it is still in the index.
        file.outcome = outcome;
        let reasons = if unreachable.harmless { &mut file.skipped } else { &mut file.failures };
        reasons.push(unreachable.reason.clone());
    }
    files.into_values().collect()
}
