//! Analysed passages as lines of JSON, for whoever keeps them elsewhere or hands them on: cut, tagged and taken apart into
//! terms, so that an index can be made of them without the documents.
//!
//! A file holds one section or several, one after the other. The first line of a section is a [`Header`], its last one an
//! [`End`], each line between them a [`Line`]. The first two begin with [`MARK`], which no passage does.

use std::io::{BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use crate::analysis::Terms;
use crate::document::Passage;
use crate::engine::{DocumentInfo, Fingerprint, IndexedPassage, StoredPassage};
use crate::partition::Part;

/// The version of the form.
pub const VERSION: u32 = 1;

/// How the first and the last line of a section begin.
pub const MARK: &str = "{\"gcm_search\":";
const HEADER: &str = "analysed-passages";
const END: &str = "end";
/// How much is unpacked of the beginning of a file to see what it is, in bytes.
const HEADER_BYTES: u64 = 4096;

/// What the passages of a section were made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    gcm_search: String,
    /// [`VERSION`].
    pub format_version: u32,
    /// The version of the program.
    pub program: String,
    /// What shaped passages, tags and terms.
    pub fingerprint: Fingerprint,
    /// The part of a collection that they are from, where it is not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
}

impl Header {
    /// The header of what this program writes.
    pub fn new(program: &str, fingerprint: Fingerprint, part: Option<Part>) -> Header {
        Header {
            gcm_search: HEADER.to_owned(),
            format_version: VERSION,
            program: program.to_owned(),
            fingerprint,
            part,
        }
    }
}

/// The end of a section: without it, something is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    gcm_search: String,
    /// How many passages there are.
    pub passages: usize,
}

impl End {
    /// The end of so many passages.
    pub fn of(passages: usize) -> End {
        End { gcm_search: END.to_owned(), passages }
    }
}

/// One passage: what an index stores of it, and its terms in each field, divided by spaces.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its id.
    pub id: String,
    /// Its document.
    pub document: DocumentInfo,
    /// The passage.
    pub passage: Passage,
    /// Its tags: `scheme:concept` and score, the surest first within each scheme.
    pub tags: Vec<(String, f32)>,
    /// Whether its document is a primary source.
    pub primary: bool,
    /// Forms, in their order.
    pub exact: String,
    /// Stems.
    pub stem: String,
    /// Families and references.
    pub wide: String,
    /// Stems of title and headings.
    pub head: String,
}

impl Line {
    /// The passage, as it comes from a source.
    pub fn into_passage(self, source: String) -> IndexedPassage {
        let Line { document, passage, tags, primary, exact, stem, wide, head, .. } = self;
        IndexedPassage {
            source,
            is_primary: primary,
            stored: StoredPassage { document, passage, tags },
            terms: Terms { exact, stem, wide },
            head,
        }
    }
}

impl From<IndexedPassage> for Line {
    fn from(indexed: IndexedPassage) -> Line {
        let id = indexed.stored.id();
        let IndexedPassage { is_primary, stored, terms, head, .. } = indexed;
        let StoredPassage { document, passage, tags } = stored;
        let Terms { exact, stem, wide } = terms;
        Line { id, document, passage, tags, primary: is_primary, exact, stem, wide, head }
    }
}

/// A line that is no passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// A section begins.
    Header(Header),
    /// A section ends.
    End(End),
}

/// Reads a line that begins with [`MARK`]; nothing for any other.
///
/// # Errors
/// What is wrong with the line, in words for a person.
pub fn mark(line: &[u8]) -> Result<Option<Mark>, String> {
    if !line.trim_ascii_start().starts_with(MARK.as_bytes()) {
        return Ok(None);
    }
    #[derive(Deserialize)]
    struct Kind {
        gcm_search: String,
    }
    let damaged =
        |error: serde_json::Error| format!("a damaged first or last line of analysed passages: {error}");
    let kind: Kind = serde_json::from_slice(line).map_err(damaged)?;
    match kind.gcm_search.as_str() {
        HEADER => {
            let header: Header = serde_json::from_slice(line).map_err(damaged)?;
            if header.format_version != VERSION {
                return Err(format!(
                    "analysed passages in format {}; this program reads format {VERSION}",
                    header.format_version
                ));
            }
            Ok(Some(Mark::Header(header)))
        }
        END => serde_json::from_slice(line).map(|end| Some(Mark::End(end))).map_err(damaged),
        other => Err(format!("\"{other}\" is no line of analysed passages that this program knows")),
    }
}

/// Whether a file that begins so holds analysed passages, packed with gzip or not.
pub fn begins(head: &[u8]) -> bool {
    let mut start = Vec::new();
    // Only the beginning is at hand: it breaks off.
    let _ = unpacked(head).take(HEADER_BYTES).read_to_end(&mut start);
    start.starts_with(format!("{MARK}\"{HEADER}\"").as_bytes())
}

/// The lines of a file, unpacked if it is packed with gzip.
pub fn unpacked<'r>(file: impl Read + Send + 'r) -> Box<dyn BufRead + Send + 'r> {
    let mut reader = BufReader::with_capacity(1 << 20, file);
    // A file that cannot be read is so for whoever reads on, too.
    let is_packed = reader.fill_buf().is_ok_and(|start| start.starts_with(b"\x1F\x8B"));
    if is_packed {
        Box::new(BufReader::with_capacity(1 << 20, MultiGzDecoder::new(reader)))
    } else {
        Box::new(reader)
    }
}
