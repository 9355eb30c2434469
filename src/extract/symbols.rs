//! Official document symbols in titles and first lines: `A/RES/73/195`, `A/CONF.231/3`, `C/106/48`.

use crate::document::{Block, BlockKind};

/// How many blocks from the beginning may carry a document's own symbol.
const FIRST_BLOCKS: usize = 12;
/// How many words a line may have whose symbol is the document's own; in longer ones other documents are cited.
const MASTHEAD_WORDS: usize = 12;

/// What symbols begin with: organs of the United Nations and of treaties, agencies, and the Council of IOM (`C`).
const ORGANS: &[&str] = &[
    "A", "C", "CAT", "CCPR", "CED", "CEDAW", "CERD", "CES", "CMW", "CRC", "CRPD", "DP", "E", "EC", "FCCC",
    "HRI", "HSP", "ICCD", "ISBA", "MC", "S", "SG", "SPLOS", "ST", "T", "TD", "UNEP", "UNW", "WHA",
];

/// The symbol that a word is, without what stands around it.
fn symbol(word: &str) -> Option<&str> {
    let mut word = word
        .trim_start_matches(|c: char| !c.is_alphanumeric())
        .trim_end_matches(|c: char| !c.is_alphanumeric() && c != ')');
    // A bracket that was not opened within the word belongs to the sentence.
    while word.ends_with(')') && word.matches(')').count() > word.matches('(').count() {
        word = word[..word.len() - 1].trim_end_matches(|c: char| !c.is_alphanumeric() && c != ')');
    }
    let mut parts = word.split('/');
    let organ = parts.next()?;
    let parts: Vec<&str> = parts.collect();
    let is_part = |part: &&str| {
        !part.is_empty()
            && part.len() <= 20
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '(' | ')'))
    };
    (ORGANS.contains(&organ)
        && parts.len() >= 2
        && parts.len() <= 7
        && parts.iter().all(is_part)
        && parts.iter().any(|part| part.chars().any(|c| c.is_ascii_digit())))
    .then_some(word)
}

/// The one symbol of a line; none where it has several.
fn only_symbol(line: &str) -> Option<String> {
    let mut found = line.split_whitespace().filter_map(symbol);
    let first = found.next()?;
    found.all(|other| other == first).then(|| first.to_owned())
}

/// The symbol that a document gives itself: in its title, or in a short line among its first ones.
pub(super) fn of_document(title: Option<&str>, blocks: &[Block]) -> Option<String> {
    title.and_then(only_symbol).or_else(|| {
        blocks
            .iter()
            .take(FIRST_BLOCKS)
            .filter(|block| block.kind != BlockKind::Footnote)
            .filter(|block| block.text.split_whitespace().count() <= MASTHEAD_WORDS)
            .find_map(|block| only_symbol(&block.text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_line(line: &str) -> Option<String> {
        of_document(None, &[Block::new(BlockKind::Paragraph, line)])
    }

    #[test]
    fn symbols_of_mastheads_are_told() {
        for (line, symbol) in [
            ("Nazioni Unite A/RES/73/195", "A/RES/73/195"),
            ("Distr.: General, A/CONF.231/3.", "A/CONF.231/3"),
            ("(S/RES/2240(2015))", "S/RES/2240(2015)"),
            ("C/106/48/Rev.1", "C/106/48/Rev.1"),
            ("CMW/C/GC/4", "CMW/C/GC/4"),
            ("e/o", ""),
            ("A/B", ""),
            ("A/RES/73/195 e A/RES/71/1", ""),
            ("Il testo cita la risoluzione A/RES/71/1 e poi va avanti per molte altre parole di seguito", ""),
        ] {
            assert_eq!(in_line(line).unwrap_or_default(), symbol, "{line}");
        }
        assert_eq!(of_document(Some("Risoluzione A/RES/73/195"), &[]).as_deref(), Some("A/RES/73/195"));
    }
}
