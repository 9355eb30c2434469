//! What is in an index, as `status` shows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::{Engine, EngineError, Fingerprint};
use crate::indexer::{FileReport, Manifest, what_changed};
use crate::partition::Part;
use crate::search::FORMAT_VERSION;

/// What is in an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The version of the JSON: [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The folder, as it was named.
    pub index: String,
    /// The version of the program that wrote it.
    pub program: String,
    /// How many documents there are.
    pub documents: usize,
    /// How many passages there are.
    pub passages: usize,
    /// What it is made from.
    pub sources: Vec<String>,
    /// The part of their documents that is in the index, where it is not all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub part: Option<Part>,
    /// How many passages there are in each language.
    pub languages: BTreeMap<String, u64>,
    /// How many passages there are of each publisher.
    pub publishers: BTreeMap<String, u64>,
    /// Why it should be brought up to date, where it should.
    pub out_of_date: Option<String>,
    /// Files, or parts of files, that could not be read, and why.
    pub not_read: Vec<String>,
    /// Files, or members of archives, that hold no text, and what they are.
    pub skipped: Vec<String>,
    /// What is missing of documents that were read.
    pub incomplete: Vec<String>,
    /// How many pages are scans that were not read.
    pub unread_pages: usize,
    /// Whether every file agrees with its checksum, where that was asked.
    pub verified: Option<bool>,
    /// The ids of the documents, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_ids: Option<Vec<String>>,
}

impl Status {
    /// The status of an open index for a program with this fingerprint; nothing verified, no documents listed.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn of(engine: &dyn Engine, now: &Fingerprint) -> Result<Status, EngineError> {
        let manifest = Manifest::read(engine, None)?;
        let info = engine.info();
        let files = manifest.reports();
        let named = |reasons: &dyn Fn(&FileReport) -> &Vec<String>| {
            let of_file = |file| reasons(file).iter().map(|reason| format!("{}: {reason}", file.file));
            files.iter().flat_map(of_file).collect()
        };
        Ok(Status {
            format_version: FORMAT_VERSION,
            index: String::new(),
            program: info.program.clone(),
            documents: info.documents,
            passages: info.passages,
            sources: manifest
                .sources
                .iter()
                .map(|source| source.clone().unwrap_or_else(|| "built-in corpus".to_owned()))
                .collect(),
            part: manifest.part,
            languages: engine.filter_values("lang")?,
            publishers: engine.filter_values("publisher")?,
            out_of_date: what_changed(&info.fingerprint, now).map(str::to_owned),
            not_read: named(&|file| &file.failures),
            skipped: named(&|file| &file.skipped),
            incomplete: named(&|file| &file.warnings),
            unread_pages: files.iter().map(|file| file.unread_pages).sum(),
            verified: None,
            document_ids: None,
        })
    }
}
