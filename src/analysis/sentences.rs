//! Sentences, with the abbreviations and numbers that end none.

use unicode_segmentation::UnicodeSegmentation;

/// Abbreviations after which a full stop ends no sentence, in lower case.
const ABBREVIATIONS: &[&str] = &[
    "art.", "artt.", "avv.", "cap.", "cfr.", "co.", "d.", "dott.", "dr.", "ecc.", "es.", "etc.", "fig.",
    "lett.", "mr.", "mrs.", "n.", "nn.", "no.", "on.", "p.", "pag.", "par.", "para.", "paras.", "pp.",
    "prof.", "s.", "sen.", "sig.", "ss.", "st.", "tel.", "v.", "vol.",
];

/// The sentences of a text, each with the white space after it; joined they are the text again.
pub fn sentences(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut end = 0;
    for piece in text.split_sentence_bounds() {
        end += piece.len();
        let sentence = &text[start..end];
        if !continues(sentence) {
            out.push(sentence);
            start = end;
        }
    }
    if start < text.len() {
        out.push(&text[start..]);
    }
    out
}

/// Whether a sentence boundary after `piece` is none: after an abbreviation, or a number or letter
/// that only counts what follows.
fn continues(piece: &str) -> bool {
    let trimmed = piece.trim_end();
    let last = trimmed
        .rsplit(char::is_whitespace)
        .next()
        .unwrap_or_default()
        .trim_start_matches(['(', '«', '"', '“', '‘'])
        .to_lowercase();
    let counts = |text: &str| {
        text.len() <= 5
            && text.ends_with(['.', ')'])
            && text.chars().filter(|c| c.is_alphanumeric()).count() <= 3
    };
    ABBREVIATIONS.contains(&last.as_str()) || counts(trimmed)
}
