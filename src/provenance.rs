//! What a run was made with, so that it can be told later whether another run would give the same.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::Language;
use crate::engine::{Engine, EngineError, Fingerprint, Unit};
use crate::indexer::Manifest;
use crate::query::Weights;
use crate::search::{FORMAT_VERSION, FiltersShown, Options};

/// What a run was made with and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RunManifest {
    /// The version of the JSON: [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The version of the program.
    pub program: String,
    /// The index.
    pub index: IndexIdentity,
    /// The hash of the taxonomy that queries were read with.
    pub taxonomy: String,
    /// The options.
    pub options: RunOptions,
    /// The queries.
    pub queries: QueriesIdentity,
    /// The results.
    pub results: ResultsIdentity,
}

/// An index, by what is in it: the same for equal documents, wherever they were read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct IndexIdentity {
    /// BLAKE3 over the documents' bytes, their metadata and ids, and their extractors' versions.
    pub content: String,
    /// How many documents there are.
    pub documents: usize,
    /// How many passages there are.
    pub passages: usize,
    /// The versions of schema, analysis, stemmer, segmentation and tagging.
    pub fingerprint: Fingerprint,
}

/// The options that decide what is printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RunOptions {
    /// What all queries are limited to.
    pub filters: FiltersShown,
    /// How many hits.
    pub limit: usize,
    /// How many to pass over.
    pub offset: usize,
    /// What is ranked.
    pub unit: Unit,
    /// Every word must occur.
    pub all: bool,
    /// Concepts that a query names count.
    pub concepts: bool,
    /// The same text is listed each time.
    pub duplicates: bool,
    /// Scores and tags are explained.
    pub explain: bool,
    /// The language of labels.
    pub labels: Language,
    /// The weights of the ranking.
    pub weights: Weights,
    /// The form of the results.
    pub format: String,
    /// Text in tables cannot run as a formula.
    pub csv_safe: bool,
    /// The form of the input, where it was told.
    pub input_format: Option<String>,
}

impl RunOptions {
    /// The options of a search and those of its printing.
    pub fn new(
        options: &Options,
        format: String,
        csv_safe: bool,
        input_format: Option<String>,
    ) -> RunOptions {
        RunOptions {
            filters: FiltersShown::from(&options.filters),
            limit: options.limit,
            offset: options.offset,
            unit: options.unit,
            all: options.all,
            concepts: options.concepts,
            duplicates: options.duplicates,
            explain: options.explain,
            labels: options.labels,
            weights: options.weights,
            format,
            csv_safe,
            input_format,
        }
    }
}

/// The queries of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QueriesIdentity {
    /// The file, as it was named; `-` for standard input; nothing where the query stood on the command line.
    pub file: Option<String>,
    /// The query that stood on the command line.
    pub query: Option<String>,
    /// BLAKE3 of the file's bytes, or of the query.
    pub blake3: String,
    /// How many bytes that is.
    pub bytes: u64,
}

/// The results of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ResultsIdentity {
    /// BLAKE3 of the bytes that were printed.
    pub blake3: String,
    /// How many bytes that is.
    pub bytes: u64,
    /// How many queries were answered, with hits or without.
    pub answered: u64,
    /// How many lines could not be answered.
    pub bad_lines: u64,
}

impl IndexIdentity {
    /// Tells what is in an open index.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn of(engine: &dyn Engine) -> Result<IndexIdentity, EngineError> {
        let manifest = Manifest::read(engine, None)?;
        // Names of files depend on where a corpus lies; what is described holds the documents' ids.
        let mut files: Vec<String> = manifest
            .files
            .values()
            .map(|file| format!("{} {} {}\n", file.described, file.hash, file.extractor))
            .collect();
        files.sort();
        let mut hasher = blake3::Hasher::new();
        for file in files {
            hasher.update(file.as_bytes());
        }
        let info = engine.info();
        Ok(IndexIdentity {
            content: hasher.finalize().to_hex().to_string(),
            documents: info.documents,
            passages: info.passages,
            fingerprint: info.fingerprint.clone(),
        })
    }
}

/// Something that differs between two runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What: the path of a field, such as `options.limit`.
    pub item: String,
    /// What it was; nothing where it was not there.
    pub then: Option<String>,
    /// What it is now.
    pub now: Option<String>,
}

impl RunManifest {
    /// An empty manifest of this version, to be filled in.
    pub fn new(
        index: IndexIdentity,
        taxonomy: String,
        options: RunOptions,
        queries: QueriesIdentity,
        results: ResultsIdentity,
    ) -> RunManifest {
        RunManifest {
            format_version: FORMAT_VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            index,
            taxonomy,
            options,
            queries,
            results,
        }
    }

    /// What differs in a later run, in the order of the fields. Where the file of queries lay does not count.
    ///
    /// # Errors
    /// A number that JSON cannot hold, such as a weight that is infinite.
    pub fn differences(&self, later: &RunManifest) -> Result<Vec<Difference>, serde_json::Error> {
        let (then, now) = (items(self)?, items(later)?);
        let find = |items: &[(String, String)], name: &str| {
            items.iter().find(|(item, _)| item == name).map(|(_, value)| value.clone())
        };
        let mut names: Vec<&String> = then.iter().chain(&now).map(|(name, _)| name).collect();
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| *name != "queries.file" && seen.insert(*name));
        Ok(names
            .into_iter()
            .filter_map(|name| {
                let (then, now) = (find(&then, name), find(&now, name));
                (then != now).then(|| Difference { item: name.clone(), then, now })
            })
            .collect())
    }
}

/// Every field of a manifest that is no object, by its path, with its value as JSON.
fn items(manifest: &RunManifest) -> Result<Vec<(String, String)>, serde_json::Error> {
    fn walk(path: &str, value: &Value, out: &mut Vec<(String, String)>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    walk(&path, value, out);
                }
            }
            value => out.push((path.to_owned(), value.to_string())),
        }
    }
    let mut out = Vec::new();
    walk("", &serde_json::to_value(manifest)?, &mut out);
    Ok(out)
}
