//! Plain text into blocks, also text that a conversion left with Markdown marks and page furniture.

use super::furniture::{ends_a_sentence, without_furniture};
use super::{ExtractError, Extracted, front_matter, markdown, one_line};
use crate::document::{Block, BlockKind};

pub(super) const VERSION: u32 = 2;

/// The most words that a line standing alone may have to be a heading.
const HEADING_WORDS: usize = 14;

/// Reads a plain text with optional front matter.
///
/// # Errors
/// Front matter that cannot be read.
pub(super) fn extract(text: &str) -> Result<Extracted, ExtractError> {
    let (metadata, body) = front_matter::split(text)?;
    let lines = without_furniture(body);
    let mut blocks =
        if has_markdown_marks(body) { markdown::blocks(&lines.join("\n")) } else { plain_blocks(&lines) };
    promote_headings(&mut blocks);
    Ok(Extracted { metadata, blocks, ..Extracted::default() })
}

/// Marks that plain prose has no use for: bold, links, ATX headings.
fn has_markdown_marks(text: &str) -> bool {
    let bold = text.matches("**").count() >= 2;
    let link = text.contains("](");
    let heading =
        text.lines().any(|line| line.starts_with('#') && line.trim_start_matches('#').starts_with(' '));
    bold || link || heading
}

/// Paragraphs of plain text: divided by blank lines or, where lines are whole paragraphs, by lines.
fn plain_blocks(lines: &[String]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let wrapped = is_hard_wrapped(lines);
    let flush = |open: &mut Vec<&str>, blocks: &mut Vec<Block>| {
        let text = one_line(&open.join("\n"));
        open.clear();
        if text.is_empty() {
            return;
        }
        match item_text(&text) {
            Some(item) => blocks.push(Block::new(BlockKind::ListItem, item)),
            None => blocks.push(Block::new(BlockKind::Paragraph, text)),
        }
    };
    for line in lines {
        let trimmed = line.trim();
        let begins = item_text(trimmed).is_some() || markdown::begins_with_letter(trimmed);
        if trimmed.is_empty() || begins || !wrapped {
            flush(&mut open, &mut blocks);
        }
        if !trimmed.is_empty() {
            open.push(trimmed);
        }
    }
    flush(&mut open, &mut blocks);
    blocks
}

/// Whether lines are cut at a width, so that a line end means nothing: most lines that are followed
/// by another one end within a sentence.
fn is_hard_wrapped(lines: &[String]) -> bool {
    let (mut inner, mut cut) = (0, 0);
    for pair in lines.windows(2) {
        if !pair[0].trim().is_empty() && !pair[1].trim().is_empty() {
            inner += 1;
            if !ends_a_sentence(&pair[0]) && pair[0].split_whitespace().count() >= 5 {
                cut += 1;
            }
        }
    }
    cut * 2 > inner
}

/// The text of a list item without its mark: `- `, `• `. Numbers stay: they are part of the text.
fn item_text(line: &str) -> Option<&str> {
    line.strip_prefix(['-', '•', '–', '·', '*'])
        .and_then(|rest| rest.strip_prefix([' ', '\t']))
        .map(str::trim)
        .filter(|rest| !rest.is_empty())
}

/// A short paragraph without an end mark that stands above a text is its heading.
fn promote_headings(blocks: &mut [Block]) {
    for at in 0..blocks.len().saturating_sub(1) {
        let words = blocks[at].text.split_whitespace().count();
        let follows_text = matches!(blocks[at + 1].kind, BlockKind::Paragraph | BlockKind::ListItem);
        if blocks[at].kind == BlockKind::Paragraph
            && words <= HEADING_WORDS
            && follows_text
            && !ends_a_sentence(&blocks[at].text)
            && blocks[at].text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
            && blocks[at + 1].text.split_whitespace().count() > words
        {
            blocks[at].kind = BlockKind::Heading(2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BlockKind::{Heading, ListItem, Paragraph};

    fn kinds(text: &str) -> Vec<(BlockKind, String)> {
        extract(text).unwrap().blocks.into_iter().map(|block| (block.kind, block.text)).collect()
    }

    #[test]
    fn wrapped_lines_join_and_whole_lines_do_not() {
        assert_eq!(
            kinds(
                "Una riga che va a capo a metà della\nfrase e poi finisce qui dopo molte\nparole.\n\nAltro paragrafo."
            ),
            [
                (
                    Paragraph,
                    "Una riga che va a capo a metà della frase e poi finisce qui dopo molte parole."
                        .to_owned()
                ),
                (Paragraph, "Altro paragrafo.".to_owned())
            ]
        );
        assert_eq!(kinds("Primo paragrafo intero.\nSecondo paragrafo intero.").len(), 2);
    }

    #[test]
    fn lettered_items_begin_anew_also_in_wrapped_text() {
        let found = kinds(
            "Una riga che va a capo a metà della\nfrase e poi elenca molte altre cose che\n(a) la prima cosa che è piuttosto lunga da\ndire;\n(b) la seconda.",
        );
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn headings_and_items_are_told() {
        assert_eq!(
            kinds(
                "Il mandato\n\nL'OIM lavora in molti paesi e ne è lieta:\n\n- con gli Stati\n- con i comuni"
            ),
            [
                (Heading(2), "Il mandato".to_owned()),
                (Paragraph, "L'OIM lavora in molti paesi e ne è lieta:".to_owned()),
                (ListItem, "con gli Stati".to_owned()),
                (ListItem, "con i comuni".to_owned())
            ]
        );
    }
}
