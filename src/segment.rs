//! Documents into passages.

use crate::analysis::fold::is_clean;
use crate::analysis::{Token, sentences, tokenize};
use crate::document::{Block, BlockKind, Document, Passage};
use crate::{language, numbering};

/// The version of everything in this module that decides what a passage is; part of the index fingerprint.
pub const SEGMENTATION_VERSION: u32 = 3;

/// A paragraph of fewer words than this joins its neighbour under the same heading.
const SHORT_WORDS: usize = 20;
/// A passage of more words than this is split at sentence ends.
const LONG_WORDS: usize = 300;
/// What a part of a split passage has at most, unless a single sentence is longer.
const PART_WORDS: usize = 200;
/// A passage of more bytes than this is split however few its words: what has no spaces is no prose.
const LONG_BYTES: usize = 16_000;

/// Divides a document into its passages, numbered from 1 in reading order.
///
/// Every word of every block is in exactly one passage, or in the headings above it; a heading with nothing under it
/// becomes a passage of its own so that it is not lost.
pub fn segment(document: &Document) -> Vec<Passage> {
    let mut passages = Vec::new();
    each_passage(document, &mut |passage, _| passages.push(passage));
    passages
}

/// Hands over the passages of [`segment`] one by one, each with the tokens of its text, by which its language was told.
pub fn each_passage(document: &Document, each: &mut dyn FnMut(Passage, Vec<Token>)) {
    let mut builder =
        Builder { document, headings: Vec::new(), fresh_heading: None, open: None, count: 0, each };
    for (block, paragraph) in document.blocks.iter().zip(numbering::paragraphs(document)) {
        builder.block(block, paragraph);
    }
    builder.finish();
}

/// Text that may still grow before it becomes a passage.
struct Open {
    text: String,
    words: usize,
    kind: BlockKind,
    place: Place,
}

/// Where a passage begins.
#[derive(Clone)]
struct Place {
    page: Option<u32>,
    page_label: Option<String>,
    paragraph: Option<String>,
}

impl Place {
    fn of(block: &Block, paragraph: Option<String>) -> Place {
        Place { page: block.page, page_label: block.page_label.clone(), paragraph }
    }
}

struct Builder<'a> {
    document: &'a Document,
    /// The open headings with their levels, outermost first.
    headings: Vec<(u8, String)>,
    /// Where the last heading stands, as long as it has had no text under it.
    fresh_heading: Option<Place>,
    open: Option<Open>,
    /// How many passages there are so far.
    count: u32,
    each: &'a mut dyn FnMut(Passage, Vec<Token>),
}

impl Builder<'_> {
    fn block(&mut self, block: &Block, paragraph: Option<String>) {
        if let BlockKind::Heading(level) = block.kind {
            self.close();
            self.keep_bare_heading(level);
            self.headings.retain(|&(above, _)| above < level);
            self.headings.push((level, block.text.clone()));
            // A heading is no part of the numbered paragraph before it.
            self.fresh_heading = Some(Place::of(block, None));
            return;
        }
        self.fresh_heading = None;
        let words = count_words(&block.text);
        // What is cited by different numbers stays apart, however short.
        let joins = self
            .open
            .as_ref()
            .is_some_and(|open| open.place.paragraph == paragraph && joins(open, block.kind, words));
        if let (true, Some(open)) = (joins, self.open.as_mut()) {
            open.text.push('\n');
            open.text.push_str(&block.text);
            open.words += words;
            open.kind = block.kind;
            return;
        }
        self.close();
        let place = Place::of(block, paragraph);
        self.open = Some(Open { text: block.text.clone(), words, kind: block.kind, place });
    }

    /// A heading that another of its level or above follows at once would be lost: nothing stands under it.
    fn keep_bare_heading(&mut self, next_level: u8) {
        if let Some(place) = self.fresh_heading.take()
            && let Some((_, text)) = self.headings.pop_if(|(level, _)| next_level <= *level)
        {
            self.push(text, place);
        }
    }

    fn finish(&mut self) {
        self.close();
        self.keep_bare_heading(0);
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else {
            return;
        };
        if open.words <= LONG_WORDS && open.text.len() <= LONG_BYTES {
            self.push(open.text, open.place);
        } else {
            for part in split(&open.text) {
                self.push(part, open.place.clone());
            }
        }
    }

    fn push(&mut self, text: String, place: Place) {
        let tokens = tokenize(&text);
        let language = language::of_passage(&text, &tokens, self.document.metadata.language);
        self.count += 1;
        let passage = Passage {
            number: self.count,
            headings: self.headings.iter().map(|(_, text)| text.clone()).collect(),
            page: place.page,
            page_label: place.page_label,
            paragraph: place.paragraph,
            language,
            text,
        };
        (self.each)(passage, tokens);
    }
}

/// Whether a block joins what stands open: a short one its short neighbour, a line that announces
/// something (ending in a colon) what it announces or, where nothing follows, what it follows.
fn joins(open: &Open, kind: BlockKind, words: usize) -> bool {
    if open.words + words > LONG_WORDS {
        return false;
    }
    let both_short = open.words < SHORT_WORDS && words < SHORT_WORDS;
    let same_kind = open.kind == kind;
    let announces = open.text.ends_with(':') && open.words < SHORT_WORDS;
    let dangling = words < SHORT_WORDS && kind == BlockKind::Paragraph && same_kind;
    match kind {
        BlockKind::TableRow => same_kind || announces,
        BlockKind::ListItem => (both_short && (same_kind || announces)) || (announces && words < SHORT_WORDS),
        _ => (both_short && same_kind) || dangling,
    }
}

fn count_words(text: &str) -> usize {
    if is_clean(text) {
        // One space between words, and no other kind.
        return text.bytes().filter(|&byte| byte == b' ').count() + 1;
    }
    text.split_whitespace().count()
}

/// Divides a long text at sentence ends into parts of about equal length.
fn split(text: &str) -> Vec<String> {
    let total = count_words(text);
    let parts = total.div_ceil(PART_WORDS);
    let goal = total.div_ceil(parts.max(1));
    let mut out = Vec::new();
    let mut part = String::new();
    let mut words = 0;
    for sentence in sentences(text).into_iter().flat_map(|sentence| pieces(sentence)) {
        let count = count_words(sentence);
        let is_full = words + count / 2 > goal || part.len() + sentence.len() > LONG_BYTES;
        if words > 0 && is_full {
            out.push(part.trim().to_owned());
            part.clear();
            words = 0;
        }
        part.push_str(sentence);
        words += count;
    }
    if !part.trim().is_empty() {
        out.push(part.trim().to_owned());
    }
    out
}

/// A sentence, or its pieces where it is longer than any reader's patience (a list without full stops, noise).
fn pieces(sentence: &str) -> Vec<&str> {
    if count_words(sentence) <= LONG_WORDS && sentence.len() <= LONG_BYTES {
        return vec![sentence];
    }
    let mut out = Vec::new();
    let mut start = 0;
    let mut words = 0;
    for (at, c) in sentence.char_indices() {
        words += usize::from(c.is_whitespace());
        if (c.is_whitespace() && words >= PART_WORDS) || at - start >= LONG_BYTES {
            out.push(&sentence[start..at]);
            start = at;
            words = 0;
        }
    }
    out.push(&sentence[start..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Language, Metadata};
    use proptest::prelude::*;

    fn document(blocks: Vec<Block>) -> Document {
        Document {
            id: "d".to_owned(),
            path: "d.md".to_owned(),
            metadata: Metadata { language: Some(Language::Italian), ..Metadata::default() },
            blocks,
        }
    }

    fn block(kind: BlockKind, words: usize) -> Block {
        Block::new(kind, vec!["parola"; words].join(" ") + ".")
    }

    #[test]
    fn headings_make_the_path_and_short_neighbours_join() {
        let passages = segment(&document(vec![
            Block::new(BlockKind::Heading(1), "Uno"),
            block(BlockKind::Paragraph, 40),
            Block::new(BlockKind::Heading(2), "Due"),
            block(BlockKind::Paragraph, 5),
            block(BlockKind::Paragraph, 6),
            block(BlockKind::ListItem, 30),
            Block::new(BlockKind::Heading(1), "Tre"),
        ]));
        let shape: Vec<(usize, usize)> =
            passages.iter().map(|passage| (passage.headings.len(), count_words(&passage.text))).collect();
        assert_eq!(shape, [(1, 40), (2, 11), (2, 30), (0, 1)]);
        assert_eq!(passages[1].headings, ["Uno", "Due"]);
        assert_eq!(passages[3].text, "Tre");
    }

    #[test]
    fn words_are_what_white_space_divides() {
        for text in [
            "",
            " ",
            "uno",
            "uno due",
            "uno  due ",
            "uno\ndue",
            "uno\u{A0}due",
            "È «città» – l’ora",
            "移民 法",
        ] {
            assert_eq!(count_words(text), text.split_whitespace().count(), "{text:?}");
        }
    }

    #[test]
    fn headings_without_text_keep_their_page() {
        let on_page = |kind, text: &str, page: u32| Block {
            page: Some(page),
            page_label: Some(format!("{}", page + 8)),
            ..Block::new(kind, text)
        };
        let passages = segment(&document(vec![
            on_page(BlockKind::Heading(1), "Uno", 2),
            on_page(BlockKind::Heading(2), "Due", 3),
            on_page(BlockKind::Heading(2), "Tre", 4),
            on_page(BlockKind::Paragraph, "Testo.", 5),
            on_page(BlockKind::Heading(1), "Quattro", 6),
        ]));
        let places: Vec<(&str, Option<u32>, Option<&str>)> = passages
            .iter()
            .map(|passage| (passage.text.as_str(), passage.page, passage.page_label.as_deref()))
            .collect();
        assert_eq!(
            places,
            [("Due", Some(3), Some("11")), ("Testo.", Some(5), Some("13")), ("Quattro", Some(6), Some("14"))]
        );
    }

    #[test]
    fn long_paragraphs_split_at_sentence_ends() {
        let sentence = "L'art. 14 del d.lgs. 286/1998 prevede il trattenimento dello straniero in attesa. ";
        let passages = segment(&document(vec![Block::new(BlockKind::Paragraph, sentence.repeat(40).trim())]));
        assert!(passages.len() > 1);
        for passage in &passages {
            assert!(passage.text.starts_with("L'art."), "{}", passage.text);
            assert!(passage.text.ends_with("attesa."));
            assert!(count_words(&passage.text) <= LONG_WORDS);
        }
    }

    #[test]
    fn numbered_paragraphs_stay_apart_and_know_their_number() {
        let passages = segment(&document(vec![
            Block::new(BlockKind::Paragraph, "16. Ci impegniamo a quanto segue:"),
            Block::new(BlockKind::ListItem, "(a) Raccogliere dati;"),
            Block::new(BlockKind::ListItem, "(b) Pubblicarli."),
            Block::new(BlockKind::Paragraph, "17. Ci impegniamo ancora."),
            Block::new(BlockKind::Footnote, "Una nota."),
            Block::new(BlockKind::Paragraph, "18. E di nuovo."),
        ]));
        let shape: Vec<(&str, &str)> = passages
            .iter()
            .map(|passage| (passage.paragraph.as_deref().unwrap_or_default(), passage.text.as_str()))
            .collect();
        assert_eq!(
            shape,
            [
                ("16", "16. Ci impegniamo a quanto segue:"),
                ("16 (a)", "(a) Raccogliere dati;"),
                ("16 (b)", "(b) Pubblicarli."),
                ("17", "17. Ci impegniamo ancora."),
                ("17", "Una nota."),
                ("18", "18. E di nuovo."),
            ]
        );
    }

    #[test]
    fn text_without_spaces_is_divided_too() {
        let passages = segment(&document(vec![Block::new(BlockKind::Paragraph, "è".repeat(100_000))]));
        assert!(passages.len() > 5);
        assert!(passages.iter().all(|passage| passage.text.len() <= LONG_BYTES + 4));
        assert_eq!(passages.iter().map(|passage| passage.text.chars().count()).sum::<usize>(), 100_000);
    }

    #[test]
    fn sentences_survive_abbreviations_and_numbers() {
        assert_eq!(
            sentences("Il dott. Rossi, ai sensi dell'art. 3, firma. 16. Ci impegniamo a ciò. Punto."),
            ["Il dott. Rossi, ai sensi dell'art. 3, firma. ", "16. Ci impegniamo a ciò. ", "Punto."]
        );
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_none_is_doubled(
            shape in prop::collection::vec((0u8..5, prop::collection::vec("[a-zàè]{1,9}[.:]?", 1..300)), 0..12)
        ) {
            let blocks: Vec<Block> = shape
                .iter()
                .map(|(kind, words)| {
                    let kind = match kind {
                        0 => BlockKind::Heading(1),
                        1 => BlockKind::Heading(3),
                        2 => BlockKind::ListItem,
                        3 => BlockKind::TableRow,
                        _ => BlockKind::Paragraph,
                    };
                    Block::new(kind, words.join(" "))
                })
                .collect();
            let body: Vec<&str> = blocks
                .iter()
                .filter(|block| !matches!(block.kind, BlockKind::Heading(_)))
                .flat_map(|block| block.text.split_whitespace())
                .collect();
            let document = document(blocks.clone());
            let passages = segment(&document);
            let all: Vec<&str> = passages.iter().flat_map(|p| p.text.split_whitespace()).collect();
            // Bare headings become passages; all else is the body, in order.
            let mut rest = all.iter();
            for word in &body {
                prop_assert!(rest.any(|other| other == word), "{word} is lost");
            }
            let headings: usize = blocks
                .iter()
                .filter(|block| matches!(block.kind, BlockKind::Heading(_)))
                .map(|block| count_words(&block.text))
                .sum();
            prop_assert!(all.len() <= body.len() + headings);
            for (at, passage) in passages.iter().enumerate() {
                prop_assert_eq!(passage.number as usize, at + 1);
            }
        }
    }
}
