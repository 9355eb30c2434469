//! Text into terms: the one path that indexed text, queries and taxonomy all take.
//!
//! A text is cut into [`Token`]s ([`tokenize`]), the same way in every language, so that a query
//! whose language nobody knows meets the passage that it looks for. What a token means in a language
//! is asked afterwards, tier by tier, each weaker than the one before:
//!
//! 1. the **exact** form, folded ([`Token::text`]);
//! 2. the forms of one **lexeme**: *comune, comuni* ([`lexeme`], [`siblings`]);
//! 3. the **stem** that Snowball gives ([`Stemmers::stem`]), which also joins what is apart: *comunità*;
//! 4. the **family**: words that begin alike, *migrante, migrazione, migratorio* ([`family`]).

mod english;
pub mod fold;
mod french;
mod italian;
mod lexeme;
pub(crate) mod packed;
mod reference;
mod sentences;
mod spanish;
mod tokenizer;
mod verbs;

use compact_str::CompactString;
use frostem::{Algorithm, Stemmer};
use rustc_hash::FxHashMap;

use crate::document::Language;
use packed::packed;

pub use lexeme::{Lexeme, lexeme, siblings};
pub use reference::{reference_count, references};
pub use sentences::sentences;
pub use tokenizer::{Case, Token, TokenKind, tokenize};

/// The version of everything in this module that decides which terms a text becomes.
///
/// It is part of the index fingerprint: change it whenever a token, stem or family can change, and
/// indexes made before are rebuilt.
pub const ANALYSIS_VERSION: u32 = 1;

/// How many letters two words must share from their beginning to be of one family.
const FAMILY_LETTERS: usize = 5;

/// Says whether a folded word is a function word of `language`.
///
/// The words *non*, *senza*, *contro* and their like carry meaning and are never in these lists.
pub fn is_stop_word(language: Language, folded: &str) -> bool {
    stop_words(language).binary_search(&folded).is_ok()
}

/// The function words of a language, folded and sorted: see [`is_stop_word`].
pub fn stop_words(language: Language) -> &'static [&'static str] {
    match language {
        Language::Italian => italian::STOP_WORDS,
        Language::English => english::STOP_WORDS,
        Language::French => french::STOP_WORDS,
        Language::Spanish => spanish::STOP_WORDS,
        Language::Other => &[],
    }
}

/// Says whether a folded word asks for something without being what is asked for: *quale*, *quando*, *which*.
pub fn is_question_word(language: Language, folded: &str) -> bool {
    match language {
        Language::Italian => italian::QUESTION_WORDS.binary_search(&folded).is_ok(),
        Language::English => english::QUESTION_WORDS.binary_search(&folded).is_ok(),
        Language::French => french::QUESTION_WORDS.binary_search(&folded).is_ok(),
        Language::Spanish => spanish::QUESTION_WORDS.binary_search(&folded).is_ok(),
        Language::Other => false,
    }
}

/// Says whether a folded word opens questions: *quale*, *quando*, *which*.
pub fn is_interrogative(language: Language, folded: &str) -> bool {
    match language {
        Language::Italian => matches!(
            folded,
            "chi"
                | "che"
                | "cosa"
                | "quale"
                | "quali"
                | "qual"
                | "quando"
                | "dove"
                | "come"
                | "quanto"
                | "quanti"
                | "quanta"
                | "quante"
                | "perche"
        ),
        Language::English => {
            matches!(folded, "what" | "which" | "who" | "whom" | "whose" | "when" | "where" | "why" | "how")
        }
        Language::French => matches!(
            folded,
            "qui"
                | "que"
                | "quoi"
                | "quel"
                | "quelle"
                | "quels"
                | "quelles"
                | "quand"
                | "ou"
                | "comment"
                | "pourquoi"
                | "combien"
        ),
        Language::Spanish => matches!(
            folded,
            "que"
                | "quien"
                | "quienes"
                | "cual"
                | "cuales"
                | "cuando"
                | "donde"
                | "como"
                | "cuanto"
                | "cuantos"
                | "cuantas"
        ),
        Language::Other => false,
    }
}

/// The family key of a folded word: its first letters; a short word is its own family.
pub fn family(folded: &str) -> &str {
    let end = folded.char_indices().nth(FAMILY_LETTERS).map_or(folded.len(), |(at, _)| at);
    &folded[..end]
}

/// The stemmers of the four languages, with a memory of the words that they have seen.
pub struct Stemmers {
    italian: Stemmer,
    english: Stemmer,
    french: Stemmer,
    spanish: Stemmer,
    /// By language, in the order in which they are declared.
    seen: [Seen; 5],
}

/// The words of a language that have been seen.
#[derive(Default)]
struct Seen {
    /// Short words, as most are.
    short: FxHashMap<u128, Known>,
    long: FxHashMap<CompactString, Known>,
}

/// What is known of a word in a language.
struct Known {
    stem: CompactString,
    is_stop_word: bool,
    /// How many bytes of the word name its family.
    family: u8,
}

/// How many words of a language are remembered before the memory is emptied, so that it cannot grow with the corpus.
const SEEN_LIMIT: usize = 100_000;

impl Default for Stemmers {
    fn default() -> Self {
        Stemmers {
            italian: Stemmer::new(Algorithm::Italian),
            english: Stemmer::new(Algorithm::English),
            french: Stemmer::new(Algorithm::French),
            spanish: Stemmer::new(Algorithm::Spanish),
            seen: Default::default(),
        }
    }
}

impl Stemmers {
    /// The stem of a folded word in `language` (Snowball; the word itself for [`Language::Other`]).
    ///
    /// Words are folded before they are stemmed, so that *gioventù* and *gioventu* meet; the
    /// stem is then the same whatever keyboard wrote the word.
    pub fn stem(&mut self, language: Language, folded: &str) -> &str {
        &self.known(language, folded).stem
    }

    fn known(&mut self, language: Language, folded: &str) -> &Known {
        let (italian, english, french, spanish) = (&self.italian, &self.english, &self.french, &self.spanish);
        let seen = &mut self.seen[language as usize];
        if seen.short.len() + seen.long.len() >= SEEN_LIMIT {
            *seen = Seen::default();
        }
        let known = || {
            let stem = match language {
                _ if folded.bytes().any(|b| b.is_ascii_digit()) => CompactString::from(folded),
                Language::Italian => italian::stem(italian, folded).into(),
                Language::English => english.stem(folded).into(),
                Language::French => french.stem(folded).into(),
                Language::Spanish => spanish.stem(folded).into(),
                Language::Other => folded.into(),
            };
            // A few letters of four bytes at most.
            let family = family(folded).len() as u8;
            Known { stem, is_stop_word: is_stop_word(language, folded), family }
        };
        match packed(folded.as_bytes()) {
            Some(packed) => seen.short.entry(packed).or_insert_with(known),
            None => seen.long.entry(folded.into()).or_insert_with(known),
        }
    }
}

/// What an index holds of one text: a white-space separated term string for each tier.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Every token in its exact form; positions are those of the text.
    pub exact: String,
    /// The stems of the words that are no function words.
    pub stem: String,
    /// Families, parts of document symbols, and legal references.
    pub wide: String,
}

/// Stands between a passage's words and those of its headings, so that no phrase reaches from one into the other.
const BREAK: &str = "\u{B6}";

/// The terms of a passage written in `language`: those of its text, then those of its title and headings, which
/// say what it is about when its own words do not.
pub fn terms(stemmers: &mut Stemmers, language: Language, tokens: &[Token], head: &[Token]) -> Terms {
    // A word takes about six letters and a space; half of the words are function words, which have no stem here.
    let words = tokens.len() + head.len();
    let mut out = Terms {
        exact: String::with_capacity(words * 7),
        stem: String::with_capacity(words * 4),
        wide: String::with_capacity(words * 4),
    };
    add_terms(&mut out, stemmers, language, tokens);
    if !head.is_empty() {
        push_term(&mut out.exact, BREAK);
        add_terms(&mut out, stemmers, language, head);
    }
    out
}

fn add_terms(out: &mut Terms, stemmers: &mut Stemmers, language: Language, tokens: &[Token]) {
    for token in tokens {
        push_term(&mut out.exact, &token.text);
        match token.kind {
            TokenKind::Word => {
                let known = stemmers.known(language, &token.text);
                if known.is_stop_word {
                    continue;
                }
                push_term(&mut out.stem, &known.stem);
                push_term(&mut out.wide, &token.text[..usize::from(known.family)]);
            }
            TokenKind::Number | TokenKind::Ideograph => push_term(&mut out.stem, &token.text),
            TokenKind::Symbol => {
                push_term(&mut out.stem, &token.text);
                for part in symbol_tails(&token.text) {
                    push_term(&mut out.wide, part);
                }
            }
        }
    }
    for reference in references(tokens) {
        push_term(&mut out.wide, &reference.key);
    }
}

/// The stems of a text's words that are no function words, separated by spaces.
pub fn stems(stemmers: &mut Stemmers, language: Language, tokens: &[Token]) -> String {
    let mut out = Terms::default();
    add_terms(&mut out, stemmers, language, tokens);
    out.stem
}

fn push_term(out: &mut String, term: &str) {
    if !out.is_empty() {
        out.push(' ');
    }
    out.push_str(term);
}

/// The shorter forms under which a document symbol is also known: `res/73/195` and `73/195` of
/// `a/res/73/195`.
pub fn symbol_tails(symbol: &str) -> impl Iterator<Item = &str> {
    symbol
        .match_indices('/')
        .map(move |(at, _)| &symbol[at + 1..])
        .filter(|tail| tail.contains('/') || tail.bytes().all(|b| b.is_ascii_digit()))
}

/// The other forms of an irregular verb that a folded word is a form of: *scritto, scrivere* for *scrisse*.
///
/// Regular verbs need none: their forms share a stem.
pub fn verb_forms(language: Language, folded: &str) -> Vec<String> {
    match language {
        Language::Italian => verbs::kin(folded),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_lists_are_sorted_folded_and_without_doubles() {
        for (name, list) in [
            ("it stop", italian::STOP_WORDS),
            ("it question", italian::QUESTION_WORDS),
            ("en stop", english::STOP_WORDS),
            ("en question", english::QUESTION_WORDS),
            ("fr stop", french::STOP_WORDS),
            ("fr question", french::QUESTION_WORDS),
            ("es stop", spanish::STOP_WORDS),
            ("es question", spanish::QUESTION_WORDS),
            ("elided", tokenizer::ELIDED),
            ("truncated", tokenizer::TRUNCATED),
        ] {
            for pair in list.windows(2) {
                assert!(pair[0] < pair[1], "{name}: {} before {}", pair[0], pair[1]);
            }
            for word in list {
                assert_eq!(fold::fold(word), *word, "{name}");
            }
        }
    }

    #[test]
    fn words_of_negation_are_never_lost() {
        for word in ["non", "senza", "contro"] {
            assert!(!is_stop_word(Language::Italian, word));
        }
        for word in ["not", "no", "without", "against"] {
            assert!(!is_stop_word(Language::English, word));
        }
        for word in ["pas", "sans", "contre"] {
            assert!(!is_stop_word(Language::French, word));
        }
        for word in ["no", "sin", "contra"] {
            assert!(!is_stop_word(Language::Spanish, word));
        }
    }

    #[test]
    fn tiers_of_a_sentence() {
        let text = "L'OIM accoglie i migranti: A/RES/73/195, art. 14.";
        let terms =
            terms(&mut Stemmers::default(), Language::Italian, &tokenize(text), &tokenize("Il Patto"));
        assert_eq!(terms.exact, "oim accoglie i migranti a/res/73/195 art 14 ¶ il patto");
        assert_eq!(terms.stem, "oim accogl migrant a/res/73/195 art 14 patt");
        assert_eq!(terms.wide, "oim accog migra res/73/195 73/195 195 art art:14 patto");
    }
}
