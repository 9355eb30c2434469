//! Markdown (CommonMark and tables) into blocks.

use std::collections::HashMap;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{ExtractError, Extracted, front_matter, one_line};
use crate::document::{Block, BlockKind, Metadata};

pub(super) const VERSION: u32 = 2;

/// Reads a Markdown text with optional front matter.
///
/// # Errors
/// Front matter that cannot be read.
pub(super) fn extract(text: &str) -> Result<Extracted, ExtractError> {
    let (metadata, body) = front_matter::split(text)?;
    let mut blocks = blocks(body);
    let metadata = with_title_from(metadata, &mut blocks);
    Ok(Extracted { metadata, blocks, ..Extracted::default() })
}

/// Makes a lone first heading of level 1 the title, where there is none.
pub(super) fn with_title_from(mut metadata: Metadata, blocks: &mut Vec<Block>) -> Metadata {
    let top = |block: &Block| block.kind == BlockKind::Heading(1);
    if blocks.iter().filter(|block| top(block)).count() == 1 && blocks.first().is_some_and(top) {
        let heading = blocks.remove(0);
        metadata.title.get_or_insert(heading.text);
    }
    metadata
}

/// The blocks of a Markdown body: marks of emphasis, links and code are not text.
pub(super) fn blocks(body: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH;
    for event in Parser::new_ext(body, options) {
        reader.event(event);
    }
    reader.flush();
    reader.finish()
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    text: String,
    heading: Option<u8>,
    /// How many list items are open; what stands in one is an item, at any depth.
    items: usize,
    /// The lists that are open, with the number of their next item where they are numbered.
    lists: Vec<Option<u64>>,
    label: Option<String>,
    cells: Vec<String>,
    in_table: bool,
    /// The notes that the open block refers to.
    referred: Vec<String>,
    /// The notes with the number of the block behind which each goes.
    placed: Vec<(usize, String)>,
    /// The note that is being defined.
    defining: Option<String>,
    notes: HashMap<String, String>,
}

impl Reader {
    /// The blocks with each note behind the block that refers to it; what nothing refers to goes to the end.
    fn finish(mut self) -> Vec<Block> {
        let mut out = Vec::with_capacity(self.blocks.len());
        let mut placed = self.placed.into_iter().peekable();
        for (at, block) in self.blocks.into_iter().enumerate() {
            out.push(block);
            while let Some((_, label)) = placed.next_if(|(behind, _)| *behind <= at) {
                out.extend(self.notes.remove(&label).map(|text| Block::new(BlockKind::Footnote, text)));
            }
        }
        let mut rest: Vec<(String, String)> = self.notes.into_iter().collect();
        rest.sort();
        out.extend(rest.into_iter().map(|(_, text)| Block::new(BlockKind::Footnote, text)));
        out
    }

    /// Puts the notes that were referred to behind the block that has just been added.
    fn place_notes(&mut self) {
        let behind = self.blocks.len().saturating_sub(1);
        self.placed.extend(self.referred.drain(..).map(|label| (behind, label)));
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(&tag),
            Event::Text(text) => {
                // Markdown knows no lettered lists; their items are lines of one paragraph.
                if self.text.ends_with('\n') && begins_with_letter(&text) && !self.in_table {
                    self.flush();
                }
                self.text.push_str(&text);
            }
            Event::Code(text) => self.text.push_str(&text),
            Event::SoftBreak | Event::HardBreak => self.text.push('\n'),
            Event::Rule => self.flush(),
            Event::FootnoteReference(label) => self.referred.push(label.into_string()),
            // Raw HTML within Markdown is layout.
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.flush();
                self.heading = Some(level_of(*level));
            }
            Tag::Paragraph | Tag::CodeBlock(_) => self.flush(),
            Tag::FootnoteDefinition(label) => {
                self.flush();
                self.defining = Some(label.to_string());
            }
            Tag::List(start) => {
                self.flush();
                self.lists.push(*start);
            }
            Tag::Item => {
                self.flush();
                self.items += 1;
                if let Some(Some(next)) = self.lists.last_mut() {
                    self.label = Some(format!("{next}."));
                    *next = next.saturating_add(1);
                }
            }
            Tag::Table(_) => {
                self.flush();
                self.in_table = true;
            }
            Tag::TableHead | Tag::TableRow => self.cells.clear(),
            _ => {}
        }
    }

    fn end(&mut self, tag: &TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.flush();
                self.heading = None;
            }
            TagEnd::Paragraph | TagEnd::CodeBlock => self.flush(),
            TagEnd::FootnoteDefinition => {
                self.flush();
                self.defining = None;
            }
            TagEnd::Item => {
                self.flush();
                self.items = self.items.saturating_sub(1);
                self.label = None;
            }
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::TableCell => self.cells.push(one_line(&std::mem::take(&mut self.text))),
            TagEnd::TableHead | TagEnd::TableRow => {
                let row = std::mem::take(&mut self.cells);
                let text = row.into_iter().filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" | ");
                if !text.is_empty() {
                    self.blocks.push(Block::new(BlockKind::TableRow, text));
                    self.place_notes();
                }
            }
            TagEnd::Table => self.in_table = false,
            _ => {}
        }
    }

    fn flush(&mut self) {
        if self.in_table {
            return;
        }
        let text = one_line(&std::mem::take(&mut self.text));
        if text.is_empty() {
            return;
        }
        if let Some(label) = &self.defining {
            let note = self.notes.entry(label.clone()).or_default();
            if !note.is_empty() {
                note.push(' ');
            }
            note.push_str(&text);
            return;
        }
        let kind = match self.heading {
            Some(level) => BlockKind::Heading(level),
            None if self.items > 0 => BlockKind::ListItem,
            None => BlockKind::Paragraph,
        };
        let label = if kind == BlockKind::ListItem { self.label.take() } else { None };
        self.blocks.push(Block::new(kind, text).labelled(label));
        self.place_notes();
    }
}

/// Whether a line begins an item that is counted by a letter or a small Roman number in brackets: `(a) `, `(iv) `.
pub(super) fn begins_with_letter(line: &str) -> bool {
    let Some((letters, rest)) = line.strip_prefix('(').and_then(|rest| rest.split_once(')')) else {
        return false;
    };
    (1..=4).contains(&letters.len())
        && letters.bytes().all(|byte| byte.is_ascii_lowercase())
        && rest.starts_with(char::is_whitespace)
}

fn level_of(level: HeadingLevel) -> u8 {
    level as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use BlockKind::{Heading, ListItem, Paragraph, TableRow};

    fn kinds(body: &str) -> Vec<(BlockKind, String)> {
        blocks(body).into_iter().map(|block| (block.kind, block.text)).collect()
    }

    #[test]
    fn marks_are_not_text() {
        assert_eq!(
            kinds(
                "## Il *Patto*\n\n1. **Umana.** I [migranti](#) e il\n   *people-centred*.\n2. Altro\n\n| a | b |\n|---|---|\n| c | d |"
            ),
            [
                (Heading(2), "Il Patto".to_owned()),
                (ListItem, "Umana. I migranti e il people-centred.".to_owned()),
                (ListItem, "Altro".to_owned()),
                (TableRow, "a | b".to_owned()),
                (TableRow, "c | d".to_owned()),
            ]
        );
        assert_eq!(kinds("uno\n\ndue"), [(Paragraph, "uno".to_owned()), (Paragraph, "due".to_owned())]);
    }

    #[test]
    fn notes_stand_behind_the_block_that_refers_to_them() {
        let found = kinds(
            "Uno[^a] e[^b].\n\n[^b]: Nota due.\n\n    Ancora.\n\nTesto.\n\n[^a]: Nota uno.\n[^z]: Sola.",
        );
        let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["Uno e.", "Nota uno.", "Nota due. Ancora.", "Testo.", "Sola."]);
        assert_eq!(found[1].0, BlockKind::Footnote);
    }

    #[test]
    fn a_lone_first_heading_is_the_title() {
        let extracted = extract("# Titolo\n\nTesto.").unwrap();
        assert_eq!(extracted.metadata.title.as_deref(), Some("Titolo"));
        assert_eq!(extracted.blocks.len(), 1);
        assert_eq!(extract("# Uno\n\na\n\n# Due\n\nb").unwrap().metadata.title, None);
    }
}
