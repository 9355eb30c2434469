//! PDF documents: text with its pages, told apart into headings, paragraphs, lists, tables and footnotes.
//!
//! A PDF file says where glyphs stand and little else. The way from there to blocks, one file a step:
//! [`limits`] refuses files made to exhaust the computer, [`content`] reads glyphs with their places, [`furniture`] takes
//! off running heads and page numbers, [`layout`] makes words, columns and lines, [`structure`] makes blocks with
//! the help of [`hyphens`]. [`info`] reads the metadata.

mod content;
mod furniture;
mod hyphens;
mod info;
mod layout;
mod limits;
mod strings;
mod structure;

use std::sync::Arc;

use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use self::content::Fonts;
use self::layout::{Gutter, Word};
use self::limits::{MAX_PAGES, Work};
use super::{ExtractError, Extracted};
use crate::document::BlockKind;

pub(super) const VERSION: u32 = 2;

/// The stack of the thread that reads a document. The reader of objects calls itself up to 512 times.
const STACK_BYTES: usize = 64 << 20;

/// With fewer letters than this, a page of many glyphs of which nobody knows the meaning is not legible.
const LEGIBLE_LETTERS: usize = 20;

/// Whether a file begins like a PDF document. Some have a few bytes before it.
pub(super) fn is_pdf(head: &[u8]) -> bool {
    memchr::memmem::find(&head[..head.len().min(1024)], b"%PDF-").is_some()
}

/// Reads a PDF document.
///
/// # Errors
/// A file that is no PDF, that needs a password, or that exceeds the limits.
pub(super) fn extract(bytes: &[u8], budget: &mut super::limits::Budget) -> Result<Extracted, ExtractError> {
    limits::check_streams(bytes, budget)?;
    let data: Arc<Vec<u8>> = Arc::new(bytes.to_vec());
    // A thread of its own, for its stack and so that a panic within the library ends here.
    let reader = std::thread::Builder::new().name(super::GUARDED_THREAD.to_owned()).stack_size(STACK_BYTES);
    let thread = reader
        .spawn(move || read(data))
        .map_err(|error| ExtractError::new(format!("cannot start a thread: {error}")))?;
    thread
        .join()
        .unwrap_or_else(|_| Err(ExtractError::new("damaged in a way that the PDF reader cannot bear")))
}

fn read(data: Arc<Vec<u8>>) -> Result<Extracted, ExtractError> {
    let pdf = Pdf::new(data).map_err(|error| {
        ExtractError::new(match error {
            LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
                "encrypted with a password; save a copy without one"
            }
            LoadPdfError::Decryption(_) => "encrypted in a way that is not known or damaged",
            LoadPdfError::Invalid => "damaged or no PDF: its pages cannot be found",
        })
    })?;
    let pages = pdf.pages();
    if pages.is_empty() {
        return Err(ExtractError::new("damaged or empty: it has no pages"));
    }
    if pages.len() > MAX_PAGES {
        return Err(ExtractError::new(format!("has {} pages; at most {MAX_PAGES} are read", pages.len())));
    }
    let mut fonts = Fonts::new();
    let mut work = Work::new();
    let mut upright: Vec<Vec<Word>> = Vec::with_capacity(pages.len());
    // Text that runs in another direction than most of its page, by page.
    let mut turned: Vec<(usize, Vec<Word>)> = Vec::new();
    let mut unread_pages = Vec::new();
    for (at, page) in pages.iter().enumerate() {
        let content = content::read_page(page, &mut fonts, &mut work)?;
        let (unknown, has_image) = (content.unknown, content.has_image);
        let mut layers = content.layers.into_iter().map(layout::words);
        let words = layers.next().unwrap_or_default();
        let letters: usize =
            words.iter().map(|word| word.text.chars().filter(|c| c.is_alphanumeric()).count()).sum();
        let illegible = letters < LEGIBLE_LETTERS && unknown > 2 * LEGIBLE_LETTERS;
        if (letters == 0 && has_image) || illegible {
            unread_pages.push(page_number(at));
        }
        upright.push(words);
        turned.extend(layers.map(|words| (at, words)));
    }
    let symbol = upright.first().and_then(|words| info::symbol(words));
    let printed = furniture::remove(&mut upright);
    let mut blocks = structure::blocks(lines(upright, turned));
    let labels = page_labels(&pdf, printed);
    for block in &mut blocks {
        block.page_label = block.page.and_then(|page| labels.get(page as usize - 1).cloned().flatten());
    }
    let mut metadata = info::metadata(&pdf);
    metadata.symbol = symbol;
    if metadata.title.is_none() {
        metadata.title = blocks
            .iter()
            .filter(|block| block.page == Some(1))
            .find(|block| block.kind == BlockKind::Heading(1))
            .map(|block| block.text.clone());
    }
    if blocks.is_empty() {
        // Letters may also be drawn as lines.
        unread_pages = (0..pages.len()).map(page_number).collect();
    }
    Ok(Extracted { metadata, blocks, unread_pages, ..Extracted::default() })
}

/// What is printed on each page as its number, where it is not what the pages count anyway. What the page shows is
/// stronger than what the file says.
fn page_labels(pdf: &Pdf, printed: Vec<Option<String>>) -> Vec<Option<String>> {
    let said = info::page_labels(pdf, printed.len());
    let labels = printed.into_iter().zip(said).map(|(printed, said)| printed.or(said));
    labels
        .enumerate()
        .map(|(at, label)| label.filter(|label| *label != page_number(at).to_string()))
        .collect()
}

fn page_number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX - 1) + 1
}

fn lines(upright: Vec<Vec<Word>>, turned: Vec<(usize, Vec<Word>)>) -> Vec<layout::Line> {
    let gutters: Vec<Option<Gutter>> = upright.iter().map(|words| layout::find_gutter(words)).collect();
    let mut turned = turned.into_iter().peekable();
    let mut column = 0;
    let mut out = Vec::new();
    for (at, words) in upright.into_iter().enumerate() {
        // A last page of a few lines has its columns where the others have them.
        let known = gutters[at].or_else(|| {
            let near = (1..=2).flat_map(|by| [at.checked_sub(by), at.checked_add(by)]);
            near.flatten().find_map(|page| gutters.get(page).copied().flatten())
        });
        out.extend(layout::lines(words, page_number(at), known, &mut column));
        while let Some((_, words)) = turned.next_if(|(page, _)| *page == at) {
            out.extend(layout::lines(words, page_number(at), None, &mut column));
        }
    }
    out
}
