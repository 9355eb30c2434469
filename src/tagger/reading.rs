//! A text made ready for matching: its tokens with what is known of each word, its sentences.

use compact_str::CompactString;
use rustc_hash::FxHashMap;

use crate::analysis::{Case, Token, TokenKind, is_stop_word};
use crate::document::Language;
use crate::taxonomy::Candidate;

use super::roles::Parts;

/// The words met so far in one language.
#[derive(Default)]
pub(super) struct SeenWords {
    /// By form, without and with an accented ending.
    pub(super) index: [FxHashMap<CompactString, usize>; 2],
    pub(super) entries: Vec<SeenWord>,
}

pub(super) struct SeenWord {
    /// The tests of the taxonomy's terms that it passes.
    pub(super) tests: Vec<u32>,
    pub(super) sieve: u64,
    pub(super) parts: Parts,
    pub(super) candidates: Vec<Candidate>,
    /// The kinds of cue that it is, one bit each.
    pub(super) cues: u32,
    /// Its family, if the model weighs it.
    pub(super) family: Option<u32>,
}

/// How many words are remembered before the memory is emptied.
pub(super) const SEEN_LIMIT: usize = 200_000;

/// A text made ready for matching.
pub(super) struct Reading<'t> {
    pub(super) tokens: &'t [Token],
    /// For each token, its entry among the seen words.
    pub(super) entries: Vec<usize>,
    /// For each token, what it is to the words around it.
    pub(super) parts: Vec<Parts>,
    /// For each token, the number of its sentence.
    pub(super) sentences: Vec<u32>,
    /// For each sentence, where it begins; then where the last one ends.
    pub(super) starts: Vec<usize>,
    /// For each sentence, whether it is in capitals throughout.
    pub(super) shouted: Vec<bool>,
}

impl Reading<'_> {
    /// Where the sentence of a token begins.
    pub(super) fn sentence_start(&self, at: usize) -> usize {
        self.starts[self.sentences[at] as usize]
    }
}

/// How many letters a family of words shares; words that are shorter are their own family.
const WORD_FAMILY_LETTERS: usize = 5;
/// Shorter words have no family.
const LEAST_WORD_LETTERS: usize = 3;

/// The family of a word: its first letters. Forms of a word, and its cousins in the other languages,
/// mostly share them. Stop words have none.
pub(super) fn word_family(token: &Token, language: Language) -> Option<&str> {
    let folded = token.text.as_str();
    if token.kind != TokenKind::Word
        || folded.chars().count() < LEAST_WORD_LETTERS
        || is_stop_word(language, folded)
    {
        return None;
    }
    let end = folded.char_indices().nth(WORD_FAMILY_LETTERS).map_or(folded.len(), |(at, _)| at);
    Some(&folded[..end])
}

/// The abbreviations after which a full stop ends no sentence.
const ABBREVIATIONS: [&str; 17] = [
    "art", "artt", "n", "on", "sig", "dott", "dr", "prof", "par", "cfr", "pag", "p", "mr", "mrs", "st", "no",
    "ss",
];

/// Whether a new sentence begins between two tokens of a text.
fn ends_between(text: &str, before: &Token, token: &Token) -> bool {
    // Most words have only a space between them.
    if token.start == before.end + 1 && text.as_bytes()[before.end] == b' ' {
        return false;
    }
    let between = &text[before.end..token.start];
    if !between.contains(['.', '!', '?', '\n', '…']) {
        return false;
    }
    let opens = token.case != Case::Lower || between.contains('\n');
    opens && !ABBREVIATIONS.contains(&before.text.as_str())
}

/// The sentences of a text: for each token the number of its sentence, and where each begins, with the end of the text
/// after them.
pub(super) fn sentences(text: &str, tokens: &[Token]) -> (Vec<u32>, Vec<usize>) {
    let mut numbers = Vec::with_capacity(tokens.len());
    let mut starts = vec![0];
    for (at, token) in tokens.iter().enumerate() {
        if at > 0 && ends_between(text, &tokens[at - 1], token) {
            starts.push(at);
        }
        numbers.push(starts.len() as u32 - 1);
    }
    starts.push(tokens.len());
    (numbers, starts)
}

/// Which sentences are in capitals throughout.
pub(super) fn shouted_sentences(tokens: &[Token], starts: &[usize]) -> Vec<bool> {
    let is_shouted = |pair: &[usize]| {
        let words = tokens[pair[0]..pair[1]]
            .iter()
            .filter(|token| token.kind == TokenKind::Word && token.text.len() > 1);
        let (mut all, mut upper) = (0, 0);
        for word in words {
            all += 1;
            upper += usize::from(word.case == Case::Upper);
        }
        all >= 3 && upper * 10 >= all * 6
    };
    starts.windows(2).map(is_shouted).collect()
}
