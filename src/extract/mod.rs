//! Bytes into documents: one file per format, told by content first and by name second.
//!
//! An extractor knows its format and nothing else: not the corpus, not the index. What it cannot
//! read it refuses with an [`ExtractError`] that says why; it never guesses text out of noise.

mod front_matter;
mod furniture;
mod html;
mod jsonl;
mod markdown;
mod text;

use std::fmt;

use crate::analysis::fold;
use crate::document::{Block, Metadata};

/// A format that documents come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Plain text, with or without light Markdown marks.
    Text,
    /// Markdown (CommonMark) with optional front matter.
    Markdown,
    /// A web page.
    Html,
    /// JSON Lines, one record a document (the BEIR form).
    JsonLines,
}

impl Format {
    /// The version of the extractor: a better one re-reads exactly its own documents.
    pub fn extractor_version(self) -> u32 {
        match self {
            Format::Text => text::VERSION,
            Format::Markdown => markdown::VERSION,
            Format::Html => html::VERSION,
            Format::JsonLines => jsonl::VERSION,
        }
    }

    /// A short lower-case name, as it is written to the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Markdown => "markdown",
            Format::Html => "html",
            Format::JsonLines => "jsonl",
        }
    }

    /// Tells the format of a file by its content, then by its name.
    ///
    /// # Errors
    /// [`ExtractError`] where the content is no text.
    pub fn detect(name: &str, bytes: &[u8]) -> Result<Format, ExtractError> {
        if let Some(kind) = known_binary(bytes) {
            return Err(ExtractError::new(format!(
                "{kind}: this format is not read; convert the file to text, Markdown or HTML"
            )));
        }
        let head = &bytes[..bytes.len().min(8192)];
        if head.contains(&0) {
            return Err(ExtractError::new("not a text file (it has NUL bytes)"));
        }
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let text = String::from_utf8_lossy(head);
        let start = text.trim_start_matches('\u{FEFF}').trim_start();
        let lower_start: String = start.chars().take(200).collect::<String>().to_lowercase();
        if lower_start.starts_with("<!doctype html") || lower_start.starts_with("<html") {
            return Ok(Format::Html);
        }
        Ok(match extension.to_ascii_lowercase().as_str() {
            "html" | "htm" | "xhtml" => Format::Html,
            "md" | "markdown" => Format::Markdown,
            "jsonl" | "ndjson" => Format::JsonLines,
            _ if start.starts_with('{') && first_line_is_object(start) => Format::JsonLines,
            _ => Format::Text,
        })
    }
}

fn first_line_is_object(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line).is_ok()
}

/// Names the formats that are met in document folders and that no extractor reads.
fn known_binary(bytes: &[u8]) -> Option<&'static str> {
    const MAGIC: &[(&[u8], &str)] = &[
        (b"%PDF-", "a PDF document"),
        (b"PK\x03\x04", "a ZIP container (DOCX, ODT, EPUB or an archive)"),
        (b"\xD0\xCF\x11\xE0", "an old Microsoft Office document"),
        (b"{\\rtf", "an RTF document"),
        (b"\x1F\x8B", "a gzip archive"),
        (b"\x89PNG", "a PNG picture"),
        (b"\xFF\xD8\xFF", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
    ];
    MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|&(_, kind)| kind)
}

/// Why a file, or a record of it, could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractError {
    /// What is wrong, in words for a person.
    pub message: String,
    /// The line that it was found on, counted from 1.
    pub line: Option<usize>,
}

impl ExtractError {
    fn new(message: impl Into<String>) -> ExtractError {
        ExtractError { message: message.into(), line: None }
    }
}

impl fmt::Display for ExtractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ExtractError {}

/// What an extractor finds: the text of one document and what the file says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extracted {
    /// The id that the record gives itself (JSON Lines); other files get theirs from their path.
    pub id: Option<String>,
    /// What the file says about itself.
    pub metadata: Metadata,
    /// The text in reading order.
    pub blocks: Vec<Block>,
}

/// Reads one file, handing each document in it to `each`: one for most formats, one a record for
/// JSON Lines. A bad record is handed over as an error, and the next one is read.
///
/// # Errors
/// [`ExtractError`] where the file as a whole cannot be read.
pub fn extract(
    format: Format,
    bytes: &[u8],
    each: &mut dyn FnMut(Result<Extracted, ExtractError>),
) -> Result<(), ExtractError> {
    let text = decode(bytes)?;
    match format {
        Format::Text => each(text::extract(text)),
        Format::Markdown => each(markdown::extract(text)),
        Format::Html => each(Ok(html::extract(text))),
        Format::JsonLines => jsonl::extract(text, each),
    }
    Ok(())
}

fn decode(bytes: &[u8]) -> Result<&str, ExtractError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|&&b| b == b'\n').count() + 1;
        ExtractError { message: "not valid UTF-8; save the file as UTF-8".to_owned(), line: Some(line) }
    })
}

/// Cleans a block's text (see [`fold::clean`]), mends words cut at line ends and joins its lines
/// into one.
fn one_line(text: &str) -> String {
    let cleaned = fold::clean(text);
    let mut out = String::with_capacity(cleaned.len());
    for line in cleaned.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(cut) = out.strip_suffix('-')
            && cut.ends_with(char::is_alphabetic)
            && line.starts_with(char::is_lowercase)
        {
            out.pop();
        } else if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_content_first() {
        for (name, bytes, format) in [
            ("a.txt", "<!DOCTYPE html><p>x", Format::Html),
            ("a", "{\"_id\":\"1\",\"text\":\"x\"}\n", Format::JsonLines),
            ("a.md", "x", Format::Markdown),
            ("a.txt", "{graffe} a caso", Format::Text),
            ("a.text", "", Format::Text),
        ] {
            assert_eq!(Format::detect(name, bytes.as_bytes()), Ok(format), "{name}");
        }
        assert!(Format::detect("a.txt", b"a\0b").is_err());
        assert!(Format::detect("a.txt", b"%PDF-1.4").unwrap_err().message.contains("PDF"));
    }

    #[test]
    fn invalid_utf8_is_refused_with_its_line() {
        let error = decode(b"uno\ndue \xE0 tre").unwrap_err();
        assert_eq!(error.line, Some(2));
    }

    #[test]
    fn lines_join_and_cut_words_mend() {
        assert_eq!(one_line("l'integra-\n zione\n dei  migranti"), "l'integrazione dei migranti");
        assert_eq!(one_line("2017 -\n2018"), "2017 - 2018");
    }
}
