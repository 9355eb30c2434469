//! The second tier: which words are forms of one lexeme.
//!
//! A word has a root and the inflection classes that its ending allows. Two words are forms of one
//! lexeme where their roots are equal and their classes meet. In Italian the final vowel tells: `-a`
//! says class A (*costa, coste*), `-o` says O (*costo, costi*), `-e` says A or E (*coste*; *locale*),
//! `-i` says O or E (*costi*; *locali*), and a word with a final accent stands alone. So *costa* meets
//! *coste*, *costo* meets *costi*, *costa* does not meet *costi*, and *comune* does not meet *comunità*.

use super::{english, french, italian, spanish};
use crate::document::Language;

/// A set of inflection classes, as bits.
pub(super) type Classes = u8;
/// Feminine nouns in *-a*, plural *-e*.
pub(super) const A: Classes = 1;
/// Nouns in *-e*, plural *-i*.
pub(super) const E: Classes = 2;
/// Masculine nouns in *-o*, plural *-i*.
pub(super) const O: Classes = 4;
/// Words that do not change their ending, and all words of languages without classes.
pub(super) const ALONE: Classes = 8;

/// The root of a word and the inflection classes that its ending allows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lexeme {
    /// What the forms of the lexeme share.
    pub root: String,
    classes: Classes,
}

impl Lexeme {
    pub(super) fn new(root: impl Into<String>, classes: Classes) -> Lexeme {
        Lexeme { root: root.into(), classes }
    }

    /// Says whether both can be forms of one word.
    pub fn meets(&self, other: &Lexeme) -> bool {
        self.has_class_of(other.classes) && self.root == other.root
    }

    /// Its inflection classes, a bit each.
    pub fn classes(&self) -> u8 {
        self.classes
    }

    /// Says whether it has one of these classes: then it meets every lexeme of the same root that has them.
    pub fn has_class_of(&self, classes: u8) -> bool {
        self.classes & classes != 0
    }
}

/// The lexeme of a folded word; `accented` says whether its last vowel carries an accent.
pub fn lexeme(language: Language, folded: &str, accented: bool) -> Lexeme {
    match language {
        Language::Italian => italian::lexeme(folded, accented),
        Language::English => english::lexeme(folded),
        Language::French => french::lexeme(folded),
        Language::Spanish => spanish::lexeme(folded),
        Language::Other => Lexeme::new(folded, ALONE),
    }
}

/// The other forms that a folded word may have in `language`: all that could be, whether in use or
/// not. An index that is asked for them knows which exist.
pub fn siblings(language: Language, folded: &str, accented: bool) -> Vec<String> {
    let own = lexeme(language, folded, accented);
    let candidates = match language {
        Language::Italian => italian::forms(&own.root),
        Language::English => english::forms(&own.root),
        Language::French => french::forms(&own.root),
        Language::Spanish => spanish::forms(&own.root),
        Language::Other => Vec::new(),
    };
    let mut out: Vec<String> = Vec::new();
    for form in candidates {
        if form != folded && !out.contains(&form) && lexeme(language, &form, false).meets(&own) {
            out.push(form);
        }
    }
    out
}
