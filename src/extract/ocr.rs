//! Reading scanned pages with two programs of the system: `pdftoppm` draws a page, `tesseract` reads the picture.
//!
//! Extraction itself runs nothing. It names the pages that it could not read, and [`complete`] fills them in where
//! the caller has a way to read them, such as [`Ocr`].

use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::{ExtractError, Extracted, process, text};
use crate::document::Block;

/// The languages that pages are read in, as tesseract calls them, where they are installed.
const LANGUAGES: [&str; 4] = ["ita", "eng", "fra", "spa"];
/// The resolution that pages are drawn at, in dots per inch. Tesseract is made for 300.
const RESOLUTION: &str = "300";
/// How long a program may work on a page.
const PAGE_TIME: Duration = Duration::from_secs(120);
/// How much text a page may have, in bytes.
const PAGE_BYTES: u64 = 4 * 1024 * 1024;

/// The two programs, found and ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ocr {
    languages: String,
}

impl Ocr {
    /// Looks for the programs and for the languages that tesseract knows.
    ///
    /// # Errors
    /// A program or all languages missing; the message says what to install.
    pub fn find() -> Result<Ocr, ExtractError> {
        let missing = |program: &str, package: &str| {
            ExtractError::new(format!(
                "scanned pages cannot be read: the program {program} is not installed; install {package} \
                 (Debian, Ubuntu: apt install poppler-utils tesseract-ocr tesseract-ocr-ita)"
            ))
        };
        run(Command::new("pdftoppm").arg("-v")).map_err(|_| missing("pdftoppm", "poppler-utils"))?;
        let listed = Command::new("tesseract")
            .arg("--list-langs")
            .stdin(Stdio::null())
            .output()
            .map_err(|_| missing("tesseract", "tesseract-ocr"))?;
        // Older versions list them on standard error.
        let listed = [listed.stdout, listed.stderr].concat();
        let listed = String::from_utf8_lossy(&listed);
        let languages: Vec<&str> = LANGUAGES
            .into_iter()
            .filter(|language| listed.lines().any(|line| line.trim() == *language))
            .collect();
        if languages.is_empty() {
            return Err(ExtractError::new(
                "scanned pages cannot be read: tesseract knows none of the languages ita, eng, fra and spa; install \
                 them (Debian, Ubuntu: apt install tesseract-ocr-ita)",
            ));
        }
        Ok(Ocr { languages: languages.join("+") })
    }

    /// Makes a document ready to have its pages read.
    ///
    /// # Errors
    /// The system refuses a temporary file.
    pub fn open(&self, pdf: &[u8]) -> Result<OcrDocument<'_>, ExtractError> {
        let folder = tempfile::Builder::new().prefix("gcm-search-ocr-").tempdir().map_err(cannot_write)?;
        fs::write(folder.path().join("document.pdf"), pdf).map_err(cannot_write)?;
        Ok(OcrDocument { ocr: self, folder })
    }
}

/// A document whose pages are read one by one.
#[derive(Debug)]
pub struct OcrDocument<'o> {
    ocr: &'o Ocr,
    folder: TempDir,
}

impl OcrDocument<'_> {
    /// The text of a page, counted from 1.
    ///
    /// # Errors
    /// A program that fails or takes more than two minutes.
    pub fn read_page(&self, page: u32) -> Result<String, ExtractError> {
        let folder = self.folder.path();
        let number = page.to_string();
        let mut draw = Command::new("pdftoppm");
        draw.args(["-r", RESOLUTION, "-gray", "-png", "-singlefile", "-f", &number, "-l", &number])
            .arg(folder.join("document.pdf"))
            .arg(folder.join("page"));
        run(&mut draw)?;
        let mut read = Command::new("tesseract");
        read.arg(folder.join("page.png")).args(["stdout", "-l", &self.ocr.languages]);
        // The pages are read side by side already.
        read.env("OMP_THREAD_LIMIT", "1");
        let text = run(&mut read)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

fn cannot_write(error: io::Error) -> ExtractError {
    ExtractError::new(format!("cannot write a temporary file: {error}"))
}

/// Runs a program on a page.
fn run(command: &mut Command) -> Result<Vec<u8>, ExtractError> {
    process::output(command, PAGE_TIME, PAGE_BYTES)
}

/// Fills in the pages that extraction could not read, or says what is missing without them.
///
/// Returns the document and, where some of its pages stay unread, a sentence about them.
///
/// # Errors
/// A document without any text, where `read` is not there or gives none.
pub fn complete(
    mut extracted: Extracted,
    read: Option<&dyn Fn(u32) -> Result<String, ExtractError>>,
) -> Result<(Extracted, Option<String>), ExtractError> {
    if extracted.unread_pages.is_empty() {
        return Ok((extracted, None));
    }
    let mut unread = Vec::new();
    let mut why = None;
    for page in std::mem::take(&mut extracted.unread_pages) {
        let Some(read) = read else {
            unread.push(page);
            continue;
        };
        match read(page) {
            Ok(text) => insert(&mut extracted.blocks, page, text::extract(&text)?.blocks),
            Err(error) => {
                unread.push(page);
                why.get_or_insert(error.message);
            }
        }
    }
    let advice = why.unwrap_or_else(|| "they need OCR".to_owned());
    if extracted.blocks.is_empty() {
        return Err(ExtractError::new(match (read, unread.is_empty()) {
            (Some(_), true) => "a scan, and OCR found no text on it".to_owned(),
            (Some(_), false) => format!("a scan without text: {advice}"),
            (None, _) => "a scan without text: it needs OCR".to_owned(),
        }));
    }
    let warning = (!unread.is_empty()).then(|| {
        let pages = if unread.len() == 1 { "page" } else { "pages" };
        format!("{pages} {} without text: {advice}", ranges(&unread))
    });
    extracted.unread_pages = unread;
    Ok((extracted, warning))
}

/// Puts the blocks of a page behind those of the pages before it.
fn insert(blocks: &mut Vec<Block>, page: u32, new: Vec<Block>) {
    let at = blocks.iter().position(|block| block.page > Some(page)).unwrap_or(blocks.len());
    blocks.splice(at..at, new.into_iter().map(|block| Block { page: Some(page), ..block }));
}

/// Page numbers as a person writes them: `2, 5-7`.
fn ranges(pages: &[u32]) -> String {
    let runs: Vec<String> = pages
        .chunk_by(|a, b| a + 1 == *b)
        .map(|run| match run {
            [first, .., last] => format!("{first}-{last}"),
            [only] => only.to_string(),
            [] => String::new(),
        })
        .collect();
    runs.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::BlockKind;

    fn document(pages: &[u32], unread: &[u32]) -> Extracted {
        let block = |page: &u32| Block {
            page: Some(*page),
            ..Block::new(BlockKind::Paragraph, format!("Testo della pagina {page}."))
        };
        Extracted {
            blocks: pages.iter().map(block).collect(),
            unread_pages: unread.to_vec(),
            ..Extracted::default()
        }
    }

    #[test]
    fn pages_that_are_read_take_their_place() {
        let read =
            |page: u32| Ok(format!("Letto a pagina {page}, con la parola spez-\nzata in due.\n\nE poi."));
        let (done, warning) = complete(document(&[1, 3], &[2, 4]), Some(&read)).unwrap();
        let pages: Vec<Option<u32>> = done.blocks.iter().map(|block| block.page).collect();
        assert_eq!(pages, [1, 2, 2, 3, 4, 4].map(Some));
        assert_eq!(done.blocks[1].text, "Letto a pagina 2, con la parola spezzata in due.");
        assert_eq!((warning, done.unread_pages), (None, Vec::new()));
    }

    #[test]
    fn pages_that_stay_unread_are_named() {
        let (done, warning) = complete(document(&[1], &[2, 5, 6, 7]), None).unwrap();
        assert_eq!(warning.as_deref(), Some("pages 2, 5-7 without text: they need OCR"));
        assert_eq!(done.unread_pages, [2, 5, 6, 7]);
        let fails = |_| Err(ExtractError::new("tesseract could not read it"));
        let (_, warning) = complete(document(&[1], &[2]), Some(&fails)).unwrap();
        assert_eq!(warning.as_deref(), Some("page 2 without text: tesseract could not read it"));
    }

    #[test]
    fn a_document_of_scans_only_is_an_error() {
        for (read, says) in [(None, "needs OCR"), (Some(""), "no text")] {
            let read = read.map(|text: &str| move |_: u32| Ok(text.to_owned()));
            let read = read.as_ref().map(|read| read as &dyn Fn(u32) -> Result<String, ExtractError>);
            let error = complete(document(&[], &[1, 2]), read).unwrap_err();
            assert!(error.message.contains(says), "{error}");
        }
    }
}
