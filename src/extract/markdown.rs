//! Markdown (CommonMark and tables) into blocks.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{ExtractError, Extracted, front_matter, one_line};
use crate::document::{Block, BlockKind, Metadata};

pub(super) const VERSION: u32 = 1;

/// Reads a Markdown text with optional front matter.
///
/// # Errors
/// Front matter that cannot be read.
pub(super) fn extract(text: &str) -> Result<Extracted, ExtractError> {
    let (metadata, body) = front_matter::split(text)?;
    let mut blocks = blocks(body);
    let metadata = with_title_from(metadata, &mut blocks);
    Ok(Extracted { id: None, metadata, blocks })
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
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    text: String,
    heading: Option<u8>,
    /// How many list items are open; what stands in one is an item, at any depth.
    items: usize,
    cells: Vec<String>,
    in_table: bool,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(&tag),
            Event::Text(text) | Event::Code(text) => self.text.push_str(&text),
            Event::SoftBreak | Event::HardBreak => self.text.push('\n'),
            Event::Rule => self.flush(),
            // Raw HTML within Markdown is layout; footnote marks and the rest are no text.
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.flush();
                self.heading = Some(level_of(*level));
            }
            Tag::Paragraph | Tag::CodeBlock(_) | Tag::List(_) | Tag::FootnoteDefinition(_) => {
                self.flush();
            }
            Tag::Item => {
                self.flush();
                self.items += 1;
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
            TagEnd::Paragraph | TagEnd::CodeBlock | TagEnd::FootnoteDefinition => self.flush(),
            TagEnd::Item => {
                self.flush();
                self.items = self.items.saturating_sub(1);
            }
            TagEnd::TableCell => self.cells.push(one_line(&std::mem::take(&mut self.text))),
            TagEnd::TableHead | TagEnd::TableRow => {
                let row = std::mem::take(&mut self.cells);
                let text = row.into_iter().filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" | ");
                if !text.is_empty() {
                    self.blocks.push(Block::new(BlockKind::TableRow, text));
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
        let kind = match self.heading {
            Some(level) => BlockKind::Heading(level),
            None if self.items > 0 => BlockKind::ListItem,
            None => BlockKind::Paragraph,
        };
        self.blocks.push(Block::new(kind, text));
    }
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
    fn a_lone_first_heading_is_the_title() {
        let extracted = extract("# Titolo\n\nTesto.").unwrap();
        assert_eq!(extracted.metadata.title.as_deref(), Some("Titolo"));
        assert_eq!(extracted.blocks.len(), 1);
        assert_eq!(extract("# Uno\n\na\n\n# Due\n\nb").unwrap().metadata.title, None);
    }
}
