//! Segmentation, with any text: every word is kept, in order.
#![no_main]

use gcm_search::document::{Block, BlockKind, Document, Metadata};
use gcm_search::segment::segment;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let kinds = [BlockKind::Paragraph, BlockKind::ListItem, BlockKind::TableRow, BlockKind::Footnote];
    let blocks = text.split("\n\n").enumerate().map(|(at, text)| Block::new(kinds[at % kinds.len()], text.trim()));
    let blocks: Vec<Block> = blocks.filter(|block| !block.text.is_empty()).collect();
    let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let before: String = blocks.iter().map(|block| letters(&block.text)).collect();
    let document = Document { id: "d".to_owned(), path: "d".to_owned(), metadata: Metadata::default(), blocks };
    let after: String = segment(&document).iter().map(|passage| letters(&passage.text)).collect();
    assert_eq!(before, after);
});
