//! Bytes into documents: one file per format, told by content first and by name second.
//!
//! An extractor knows its format and nothing else: not the corpus, not the index. What it cannot
//! read it refuses with an [`ExtractError`] that says why; it never guesses text out of noise.
//! To read a file is a function of its bytes, its name and the [`ExtractLimits`]: nothing is opened or written. Apart from
//! that stand [`worker`], which reads files in a process of their own, and [`command`] and [`ocr`], which run programs.

mod archive;
pub mod command;
mod csv;
mod dates;
mod docx;
mod encoding;
mod epub;
mod flow;
mod front_matter;
mod furniture;
mod html;
mod jsonl;
mod limits;
mod markdown;
mod mhtml;
pub mod ocr;
mod odt;
mod package;
mod pdf;
mod process;
mod rtf;
mod symbols;
mod text;
pub mod worker;
mod xml;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::analysis::fold;
use crate::document::{Block, BlockKind, Date, Metadata};
use limits::Budget;
pub(crate) use limits::as_megabytes;
pub use limits::{ExtractLimits, FileLimits};

/// How many bytes from the beginning of a file tell its format, unless it is a container.
pub const HEAD_BYTES: usize = 8192;

/// A format that documents come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Plain text, with or without light Markdown marks.
    Text,
    /// Markdown (CommonMark) with optional front matter.
    Markdown,
    /// A web page.
    Html,
    /// A saved web page with all that belongs to it.
    Mhtml,
    /// JSON Lines, one record a document (the BEIR form).
    JsonLines,
    /// A table with a header row, one record a document.
    Csv,
    /// A Word document.
    Docx,
    /// An OpenDocument text.
    Odt,
    /// An EPUB book.
    Epub,
    /// A document in Rich Text Format.
    Rtf,
    /// A ZIP archive of documents.
    Zip,
    /// A tar archive of documents.
    Tar,
    /// A tar archive or a single document, packed with gzip.
    Gzip,
    /// A PDF document.
    Pdf,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 14] = [
        Format::Text,
        Format::Markdown,
        Format::Html,
        Format::Mhtml,
        Format::JsonLines,
        Format::Csv,
        Format::Docx,
        Format::Odt,
        Format::Epub,
        Format::Rtf,
        Format::Pdf,
        Format::Zip,
        Format::Tar,
        Format::Gzip,
    ];

    /// The version of the extractor: a better one re-reads exactly its own documents. Versions only rise.
    pub fn extractor_version(self) -> u32 {
        match self {
            Format::Text => text::VERSION,
            Format::Markdown => markdown::VERSION,
            Format::Html => html::VERSION,
            // What reads web pages reads those within too.
            Format::Mhtml => mhtml::VERSION + html::VERSION,
            Format::JsonLines => jsonl::VERSION,
            Format::Csv => csv::VERSION,
            Format::Docx => docx::VERSION,
            Format::Odt => odt::VERSION,
            Format::Epub => epub::VERSION + html::VERSION,
            Format::Rtf => rtf::VERSION,
            // An archive may hold anything; the sum rises with any of them.
            Format::Zip | Format::Tar | Format::Gzip => {
                let of_members = Format::ALL.into_iter().filter(|format| !format.is_archive());
                archive::VERSION + of_members.map(Format::extractor_version).sum::<u32>()
            }
            Format::Pdf => pdf::VERSION,
        }
    }

    /// A short lower-case name, as it is written to the manifest.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Markdown => "markdown",
            Format::Html => "html",
            Format::Mhtml => "mhtml",
            Format::JsonLines => "jsonl",
            Format::Csv => "csv",
            Format::Docx => "docx",
            Format::Odt => "odt",
            Format::Epub => "epub",
            Format::Rtf => "rtf",
            Format::Zip => "zip",
            Format::Tar => "tar",
            Format::Gzip => "gzip",
            Format::Pdf => "pdf",
        }
    }

    /// Whether it holds files of other formats.
    pub fn is_archive(self) -> bool {
        matches!(self, Format::Zip | Format::Tar | Format::Gzip)
    }

    /// Whether it holds several documents, so that their ids are not that of the file.
    pub fn holds_many(self) -> bool {
        self.is_archive() || matches!(self, Format::JsonLines | Format::Csv)
    }

    /// Whether the format of a file that begins so can be told from the whole file only: the directory of a ZIP
    /// container is at its end.
    pub fn needs_whole_file(head: &[u8]) -> bool {
        head.starts_with(b"PK\x03\x04")
    }

    /// Tells the format of a file by its content, then by its name. The first [`HEAD_BYTES`] are enough, unless
    /// [`Format::needs_whole_file`] says otherwise.
    ///
    /// # Errors
    /// [`ExtractError`] where the content is no text, or of a kind that is not read.
    pub fn detect(name: &str, bytes: &[u8]) -> Result<Format, ExtractError> {
        let head = &bytes[..bytes.len().min(HEAD_BYTES)];
        if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
            return package::kind(bytes);
        }
        if head.starts_with(b"\x1F\x8B") {
            return Ok(Format::Gzip);
        }
        if head.starts_with(b"{\\rtf") {
            return Ok(Format::Rtf);
        }
        if archive::is_tar(head) {
            return Ok(Format::Tar);
        }
        if pdf::is_pdf(head) {
            return Ok(Format::Pdf);
        }
        if let Some((kind, advice)) = not_read(head) {
            let error = ExtractError::new(format!("{kind}: this format is not read; {advice}"));
            return Err(ExtractError { no_text: advice == NO_TEXT, ..error });
        }
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
        let is_accessory = ACCESSORIES.contains(&extension.as_str());
        let no_text = |message: String| ExtractError { no_text: is_accessory, ..ExtractError::new(message) };
        // A head cut within a character is a text all the same.
        let text = match std::str::from_utf8(head) {
            Err(error) if error.error_len().is_none() => encoding::decode(&head[..error.valid_up_to()], None),
            _ => encoding::decode(head, encoding::declared(head)),
        }
        .map_err(|error| no_text(error.message))?;
        let start = text.trim_start();
        let lower_start: String = start.chars().take(1000).collect::<String>().to_lowercase();
        if is_web_page(&lower_start) {
            return Ok(Format::Html);
        }
        if mhtml::is_mhtml(start) {
            return Ok(Format::Mhtml);
        }
        if is_accessory {
            return Err(no_text(format!("a style sheet, script, font or drawing of a web page; {NO_TEXT}")));
        }
        Ok(match extension.as_str() {
            "html" | "htm" | "xhtml" => Format::Html,
            "mht" | "mhtml" => Format::Mhtml,
            "md" | "markdown" => Format::Markdown,
            "jsonl" | "ndjson" => Format::JsonLines,
            "csv" | "tsv" | "tab" => Format::Csv,
            _ if start.starts_with('{') && first_line_is_object(start) => Format::JsonLines,
            _ if csv::is_table(start) => Format::Csv,
            _ => Format::Text,
        })
    }
}

/// Whether a text begins like a web page: its document type or first element, behind an XML declaration and comments.
fn is_web_page(lower_start: &str) -> bool {
    let mut rest = lower_start;
    loop {
        rest = rest.trim_start();
        let end = if rest.starts_with("<?xml") {
            "?>"
        } else if rest.starts_with("<!--") {
            "-->"
        } else {
            break;
        };
        match rest.find(end) {
            Some(at) => rest = &rest[at + end.len()..],
            None => return false,
        }
    }
    ["<!doctype html", "<html", "<head", "<body"].iter().any(|mark| {
        rest.strip_prefix(mark).is_some_and(|rest| rest.starts_with(|c: char| c.is_whitespace() || c == '>'))
    })
}

fn first_line_is_object(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line).is_ok()
}

/// Extensions of what lies beside saved web pages and is no document: style sheets, scripts, fonts, drawings.
const ACCESSORIES: &[&str] = &[
    "css",
    "js",
    "mjs",
    "map",
    "svg",
    "xpm",
    "eot",
    "ttf",
    "otf",
    "woff",
    "woff2",
    "ico",
    "bmp",
    "mng",
    "webmanifest",
];

/// The advice on a file that is not read and of which nothing is missed.
const NO_TEXT: &str = "it holds no text";

/// Names the formats that are met in document folders and that no extractor reads, with advice.
fn not_read(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const CONVERT: &str = "convert the file to text, Markdown or HTML";
    const UNPACK: &str = "unpack it and index the folder";
    const MAGIC: &[(&[u8], &str, &str)] = &[
        (b"\xD0\xCF\x11\xE0", "an old Microsoft Office document", "save it as DOCX"),
        (b"BZh", "a bzip2 archive", UNPACK),
        (b"\xFD7zXZ\x00", "an xz archive", UNPACK),
        (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive", UNPACK),
        (b"Rar!\x1A\x07", "a RAR archive", UNPACK),
        (b"\x28\xB5\x2F\xFD", "a Zstandard archive", UNPACK),
        (b"\x89PNG", "a PNG picture", NO_TEXT),
        (b"\xFF\xD8\xFF", "a JPEG picture", NO_TEXT),
        (b"GIF8", "a GIF picture", NO_TEXT),
        (b"II*\x00", "a TIFF picture", NO_TEXT),
        (b"MM\x00*", "a TIFF picture", NO_TEXT),
        (b"\x7FELF", "a program", NO_TEXT),
        (b"MZ\x90\x00", "a program", NO_TEXT),
        (b"ID3", "a sound file", NO_TEXT),
        (b"OggS", "a sound or video file", NO_TEXT),
        (b"SQLite format 3\x00", "an SQLite database", "export it as CSV or JSON Lines"),
        (b"ITSF", "a Windows help file (CHM)", CONVERT),
    ];
    if bytes.len() >= 12 && &bytes[..4] == b"RIFF" || bytes.get(4..8) == Some(b"ftyp") {
        return Some(("a picture, sound or video file", NO_TEXT));
    }
    if bytes.get(60..68) == Some(b"BOOKMOBI") {
        return Some(("a Mobipocket or Kindle book", "convert it to EPUB"));
    }
    MAGIC.iter().find(|(magic, _, _)| bytes.starts_with(magic)).map(|&(_, kind, advice)| (kind, advice))
}

/// Why a file, or a part of it, could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtractError {
    /// What is wrong, in words for a person.
    pub message: String,
    /// The line that it was found on, counted from 1.
    #[serde(default)]
    pub line: Option<usize>,
    /// The file within an archive that it was found in.
    #[serde(default)]
    pub member: Option<String>,
    /// Whether the file is of a kind that holds no text, such as a picture: nothing is missing without it.
    #[serde(default)]
    pub no_text: bool,
    /// Whether the file changed while it was read: another time it may be read well.
    #[serde(default)]
    pub changing: bool,
}

impl ExtractError {
    pub(crate) fn new(message: impl Into<String>) -> ExtractError {
        ExtractError { message: message.into(), line: None, member: None, no_text: false, changing: false }
    }

    /// What the system says, in its words.
    pub(crate) fn system(error: impl fmt::Display) -> ExtractError {
        ExtractError::new(error.to_string())
    }

    /// The same error on a line.
    fn on_line(self, line: usize) -> ExtractError {
        ExtractError { line: Some(line), ..self }
    }

    /// The same error within a member of an archive.
    fn within(self, member: &str) -> ExtractError {
        let member = match self.member {
            Some(inner) => format!("{member}/{inner}"),
            None => member.to_owned(),
        };
        ExtractError { member: Some(member), ..self }
    }
}

impl fmt::Display for ExtractError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(member) = &self.member {
            write!(f, "{member}: ")?;
        }
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ExtractError {}

/// What an extractor finds: the text of one document and what the file says about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extracted {
    /// The id that the record gives itself (JSON Lines, CSV); other files get theirs from their path.
    pub id: Option<String>,
    /// What its id has behind that of the file, where the file holds several documents that have no ids of their own:
    /// the path in an archive without its extension, the number of a record.
    pub below: Option<String>,
    /// The path in the archive that it was found in.
    pub member: Option<String>,
    /// What the file says about itself.
    pub metadata: Metadata,
    /// The text in reading order.
    pub blocks: Vec<Block>,
    /// The pages, counted from 1, on which something is drawn but no text can be read: scans.
    pub unread_pages: Vec<u32>,
}

/// The name of the threads in which a library reads a binary format. A panic there is handed on as an
/// [`ExtractError`]; whoever reports panics may keep quiet about it.
pub const GUARDED_THREAD: &str = "extract";

/// Reads one file, handing each document in it to `each`: one for most formats, one a record for
/// JSON Lines and CSV, one or more a member for archives. A bad record or member is handed over as an error, and the
/// next one is read.
///
/// # Errors
/// [`ExtractError`] where the file as a whole cannot be read, or not to its end.
pub fn extract(
    format: Format,
    name: &str,
    bytes: &[u8],
    limits: &ExtractLimits,
    each: &mut dyn FnMut(Result<Extracted, ExtractError>),
) -> Result<(), ExtractError> {
    extract_within(format, name, bytes, &mut Budget::new(limits, bytes.len()), each)
}

/// [`extract`] with what is left of the limits; archives come back here for their members.
fn extract_within(
    format: Format,
    name: &str,
    bytes: &[u8],
    budget: &mut Budget,
    each: &mut dyn FnMut(Result<Extracted, ExtractError>),
) -> Result<(), ExtractError> {
    if format.is_archive() {
        if budget.depth >= budget.limits.archive_depth {
            return Err(ExtractError::new(format!(
                "archives nested deeper than {}; unpack them and index the folder",
                budget.limits.archive_depth
            )));
        }
        budget.depth += 1;
        let result = match format {
            Format::Zip => archive::extract_zip(bytes, budget, each),
            Format::Tar => archive::extract_tar(bytes, budget, each),
            _ => archive::extract_gzip(name, bytes, budget, each),
        };
        budget.depth -= 1;
        return result;
    }
    let text = || encoding::decode(bytes, None);
    let extracted = match format {
        Format::JsonLines => {
            jsonl::extract(&text()?, each);
            return Ok(());
        }
        Format::Csv => return csv::extract(&text()?, each),
        Format::Text => text::extract(&text()?)?,
        Format::Markdown => markdown::extract(&text()?)?,
        Format::Html => html::extract(&encoding::decode(bytes, encoding::declared(bytes))?, &budget.limits)?,
        Format::Mhtml => mhtml::extract(bytes, &budget.limits)?,
        Format::Docx => docx::extract(bytes, budget)?,
        Format::Odt => odt::extract(bytes, budget)?,
        Format::Epub => epub::extract(bytes, budget)?,
        Format::Rtf => rtf::extract(bytes)?,
        Format::Pdf => pdf::extract(bytes, budget)?,
        Format::Zip | Format::Tar | Format::Gzip => return Ok(()),
    };
    each(Ok(finished(format, extracted)));
    Ok(())
}

/// Adds the symbol that a document shows in its title or first lines, where its metadata have none, and takes away a first
/// line that only says the title again.
fn finished(format: Format, mut extracted: Extracted) -> Extracted {
    let metadata = &mut extracted.metadata;
    if metadata.symbol.is_none() {
        metadata.symbol = symbols::of_document(metadata.title.as_deref(), &extracted.blocks);
    }
    let has_layout = !matches!(format, Format::Text | Format::Markdown);
    let repeats_title = |block: &Block| {
        let is_line = matches!(block.kind, BlockKind::Heading(_) | BlockKind::Paragraph);
        is_line && metadata.title.as_deref().is_some_and(|title| fold::fold(title) == fold::fold(&block.text))
    };
    if has_layout && extracted.blocks.len() > 1 && extracted.blocks.first().is_some_and(repeats_title) {
        extracted.blocks.remove(0);
    }
    extracted
}

/// The text of a file in UTF-16, which cannot be read line by line as it is; nothing for other files.
///
/// # Errors
/// Bytes that are no text.
pub fn decoded_utf16(bytes: &[u8]) -> Result<Option<Cow<'_, str>>, ExtractError> {
    if encoding::is_utf16(bytes) { encoding::decode(bytes, None).map(Some) } else { Ok(None) }
}

/// A date as records and front matter write it: in digits, or in words of four languages.
fn read_date(text: &str) -> Result<Date, ExtractError> {
    match text.parse::<Date>() {
        Ok(date) => Ok(date),
        Err(message) => dates::parse(text).ok_or_else(|| ExtractError::new(message)),
    }
}

/// The blocks of a record, which is one text: lines within it are its layout, blank lines divide its paragraphs.
fn record_blocks(body: &str) -> Vec<Block> {
    let mut paragraphs = vec![String::new()];
    for line in body.lines() {
        if line.trim().is_empty() {
            paragraphs.push(String::new());
        } else if let Some(paragraph) = paragraphs.last_mut() {
            if !paragraph.is_empty() {
                paragraph.push('\n');
            }
            paragraph.push_str(line);
        }
    }
    paragraphs
        .iter()
        .map(|paragraph| one_line(paragraph))
        .filter(|text| !text.is_empty())
        .map(|text| Block::new(BlockKind::Paragraph, text))
        .collect()
}

/// Whether a title in the metadata of a file says anything: programs fill in their own names, or that of the file.
fn plausible_title(title: &str) -> bool {
    let folded = fold::fold(title.trim());
    let is_default =
        ["untitled", "senza titolo", "sans titre", "sin titulo", "documento", "document", "microsoft word"]
            .iter()
            .any(|start| {
                folded.strip_prefix(start).is_some_and(|rest| {
                    rest.is_empty()
                        || rest.trim().bytes().all(|byte| byte.is_ascii_digit())
                        || rest.starts_with(" - ")
                })
            });
    let is_file_name = [".doc", ".docx", ".odt", ".rtf", ".pdf", ".dot", ".dotx", ".indd"]
        .iter()
        .any(|end| folded.ends_with(end));
    folded.chars().any(char::is_alphanumeric) && !is_default && !is_file_name
}

/// Cleans a block's text (see [`fold::clean`]), mends words cut at line ends and joins its lines
/// into one.
fn one_line(text: &str) -> String {
    let cleaned = fold::clean(text);
    if !cleaned.contains('\n') {
        return cleaned;
    }
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
        assert_eq!(Format::detect("a.txt", b"\n%PDF-1.4"), Ok(Format::Pdf));
        assert!(Format::detect("a.txt", b"PK\x03\x04").unwrap_err().message.contains("ZIP"));
    }

    #[test]
    fn titles_that_programs_fill_in_say_nothing() {
        for title in ["Documento1", "Microsoft Word - bozza 3.doc", "relazione.docx", "Untitled", " ", "---"]
        {
            assert!(!plausible_title(title), "{title}");
        }
        for title in ["Documento di lavoro", "Il patto globale", "Relazione 2018"] {
            assert!(plausible_title(title), "{title}");
        }
    }

    #[test]
    fn lines_join_and_cut_words_mend() {
        assert_eq!(one_line("l'integra-\n zione\n dei  migranti"), "l'integrazione dei migranti");
        assert_eq!(one_line("2017 -\n2018"), "2017 - 2018");
    }
}
