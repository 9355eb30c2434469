//! The terms of one language: sequences of words, found in a text by their rarest word.
//!
//! What a word of a term asks for (a lexeme, a very form, a beginning) is a **test** with a number. A word of a text is
//! tried against all tests once, when it is first met; from then on terms are compared by numbers.
//!
//! A vocabulary is a text and a few flat tables of numbers, so that those of the built-in taxonomy, which are made when
//! the program is compiled, are read by copying them.

use std::ops::Range;

use super::Weight;
use crate::analysis::{Case, Lexeme, Token, lexeme, tokenize};
use crate::document::Language;
use crate::tables::{Reader, Row, Writer};

/// How many bytes of a prefix it is filed under.
pub(super) const PREFIX_KEY: usize = 3;

/// A word of a text: the tests that it passes, and whether it has a capital letter that tells.
#[derive(Debug, Clone, Copy)]
pub struct Word<'a> {
    tests: &'a [u32],
    sieve: u64,
    is_capital: bool,
}

impl<'a> Word<'a> {
    /// A token that passes these tests, with their [`sieve`]. In a text that `shouts`, in capitals throughout, capitals
    /// tell nothing.
    pub fn new(token: &Token, tests: &'a [u32], sieve: u64, shouts: bool) -> Word<'a> {
        Word { tests, sieve, is_capital: shouts || matches!(token.case, Case::Capital | Case::Upper) }
    }

    fn passes(&self, test: u32) -> bool {
        self.sieve & bit(test) != 0 && self.tests.contains(&test)
    }
}

/// A bit for each test, shared by some: words that have no bit in common with what a term asks for cannot pass.
pub fn sieve(tests: &[u32]) -> u64 {
    tests.iter().fold(0, |sieve, &test| sieve | bit(test))
}

fn bit(test: u32) -> u64 {
    // The golden ratio in 32 bits spreads numbers that follow each other (Knuth, The Art of Computer Programming, 6.4).
    1 << (test.wrapping_mul(0x9E37_79B9) >> 26)
}

/// Some neighbours in a table, or bytes of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Row for Span {
    const WIDTH: usize = 2;

    fn write(&self, out: &mut Vec<u32>) {
        out.extend([self.start, self.end]);
    }

    fn read(from: &[u32]) -> Span {
        Span { start: from[0], end: from[1] }
    }
}

/// One of the words that may stand at a place of a term: the number of its test, and whether it needs a capital letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alternative {
    pub(super) test: u32,
    pub(super) capital: bool,
}

impl Row for Alternative {
    const WIDTH: usize = 1;

    fn write(&self, out: &mut Vec<u32>) {
        out.push(self.test << 1 | u32::from(self.capital));
    }

    fn read(from: &[u32]) -> Alternative {
        Alternative { test: from[0] >> 1, capital: from[0] & 1 == 1 }
    }
}

/// What a pattern is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role<'a> {
    /// Evidence for a concept.
    Evidence {
        /// The concept's index.
        concept: usize,
        /// How much it says.
        weight: Weight,
        /// The company that it needs, as an index into the contexts of its language.
        context: Option<usize>,
    },
    /// An expression in which the terms of these concepts mean something else.
    Mask {
        /// The concepts' indices.
        hides: &'a [u32],
    },
}

/// What a pattern is for, as the table has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RoleRow {
    Evidence { concept: u32, weight: Weight, context: Option<u32> },
    Mask { hides: Span },
}

/// A sequence of words to be found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pattern {
    /// How the file writes it.
    pub(super) source: Span,
    /// Its words: for each, what may stand there.
    pub(super) words: Span,
    /// Which of its words it is looked up by: the one that the fewest places in a text are likely to have.
    pub(super) anchor: u32,
    /// The next rarest; the same where it has one word only.
    pub(super) second: u32,
    pub(super) role: RoleRow,
}

impl Pattern {
    pub(super) fn len(&self) -> usize {
        self.words.range().len()
    }
}

/// In a table, what stands for "none".
const NONE: u32 = u32::MAX;

impl Row for Pattern {
    const WIDTH: usize = 10;

    fn write(&self, out: &mut Vec<u32>) {
        self.source.write(out);
        self.words.write(out);
        out.extend([self.anchor, self.second]);
        match self.role {
            RoleRow::Evidence { concept, weight, context } => {
                out.extend([0, concept, weight as u32, context.unwrap_or(NONE)]);
            }
            RoleRow::Mask { hides } => {
                out.push(1);
                hides.write(out);
                out.push(NONE);
            }
        }
    }

    fn read(from: &[u32]) -> Pattern {
        let role = if from[6] == 0 {
            let weight = match from[8] {
                0 => Weight::Weak,
                1 => Weight::Medium,
                _ => Weight::Strong,
            };
            RoleRow::Evidence { concept: from[7], weight, context: (from[9] != NONE).then_some(from[9]) }
        } else {
            RoleRow::Mask { hides: Span::read(&from[7..]) }
        };
        Pattern {
            source: Span::read(from),
            words: Span::read(&from[2..]),
            anchor: from[4],
            second: from[5],
            role,
        }
    }
}

/// What must be in the sentence, and what may not: neighbours among the companions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Context {
    /// One of these must be in the sentence; none is asked for where it is empty.
    pub(super) near: Span,
    /// None of these may be in the sentence.
    pub(super) not_near: Span,
}

impl Row for Context {
    const WIDTH: usize = 4;

    fn write(&self, out: &mut Vec<u32>) {
        self.near.write(out);
        self.not_near.write(out);
    }

    fn read(from: &[u32]) -> Context {
        Context { near: Span::read(from), not_near: Span::read(&from[2..]) }
    }
}

/// A word that a context speaks of, by its test; where a pattern is named, the word must stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Companion {
    pub(super) test: u32,
    /// An index into the company. A word that is all there is to its pattern, and needs no capital, names none.
    pub(super) pattern: Option<u32>,
}

impl Row for Companion {
    const WIDTH: usize = 2;

    fn write(&self, out: &mut Vec<u32>) {
        out.extend([self.test, self.pattern.unwrap_or(NONE)]);
    }

    fn read(from: &[u32]) -> Companion {
        Companion { test: from[0], pattern: (from[1] != NONE).then_some(from[1]) }
    }
}

/// The words of a sentence, and which tests any of them passes.
#[derive(Debug, Default)]
pub struct Sentence<'a> {
    words: &'a [Word<'a>],
    /// A bit for each test.
    passed: Vec<u64>,
}

impl<'a> Sentence<'a> {
    /// Takes in the words of another sentence.
    pub fn read(&mut self, words: &'a [Word<'a>], vocabulary: &Vocabulary) {
        self.words = words;
        self.passed.clear();
        self.passed.resize(vocabulary.anchored.len().div_ceil(64), 0);
        for &test in words.iter().flat_map(|word| word.tests) {
            self.passed[test as usize / 64] |= 1 << (test % 64);
        }
    }

    fn passes(&self, test: u32) -> bool {
        self.passed[test as usize / 64] & 1 << (test % 64) != 0
    }
}

/// A test under the letters that it is found by: the root of a lexeme, a form, a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Filed {
    pub(super) key: Span,
    /// Of a lexeme, its inflection classes.
    pub(super) classes: u32,
    pub(super) test: u32,
}

impl Row for Filed {
    const WIDTH: usize = 4;

    fn write(&self, out: &mut Vec<u32>) {
        self.key.write(out);
        out.extend([self.classes, self.test]);
    }

    fn read(from: &[u32]) -> Filed {
        Filed { key: Span::read(from), classes: from[2], test: from[3] }
    }
}

/// A pattern that may stand in a text around a word of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// The pattern's index.
    pub pattern: u32,
    /// How many words before that one it begins.
    before: u32,
    /// The place of the pattern's second rarest word.
    second: u32,
    /// The sieve of the tests that may stand there.
    sieve: u64,
    /// Whether the word is all there is to the pattern.
    is_whole: bool,
}

/// Every pattern of one language.
#[derive(Debug, Clone, PartialEq)]
pub struct Vocabulary {
    pub(super) language: Language,
    /// All sources, roots, forms and prefixes.
    pub(super) text: String,
    pub(super) patterns: Vec<Pattern>,
    /// By word of a pattern, its alternatives.
    pub(super) words: Vec<Span>,
    pub(super) alternatives: Vec<Alternative>,
    /// What masks hide.
    pub(super) hides: Vec<u32>,
    pub(super) contexts: Vec<Context>,
    pub(super) companions: Vec<Companion>,
    /// The patterns that contexts speak of, where they are more than a word.
    pub(super) company: Vec<Pattern>,
    /// Tests, sorted by key: for lexemes by root, for exact forms, for prefixes.
    pub(super) by_root: Vec<Filed>,
    pub(super) by_form: Vec<Filed>,
    pub(super) by_prefix: Vec<Filed>,
    /// By test, the patterns that are looked up by it.
    pub(super) anchored: Vec<Span>,
    pub(super) anchored_patterns: Vec<u32>,
}

impl Vocabulary {
    /// A vocabulary without terms.
    pub(super) fn empty(language: Language) -> Vocabulary {
        Vocabulary {
            language,
            text: String::new(),
            patterns: Vec::new(),
            words: Vec::new(),
            alternatives: Vec::new(),
            hides: Vec::new(),
            contexts: Vec::new(),
            companions: Vec::new(),
            company: Vec::new(),
            by_root: Vec::new(),
            by_form: Vec::new(),
            by_prefix: Vec::new(),
            anchored: Vec::new(),
            anchored_patterns: Vec::new(),
        }
    }

    /// Writes the tables, for [`Vocabulary::read`].
    pub(super) fn write(&self, out: &mut Writer) {
        out.text(&self.text);
        out.table(&self.patterns);
        out.table(&self.words);
        out.table(&self.alternatives);
        out.table(&self.hides);
        out.table(&self.contexts);
        out.table(&self.companions);
        out.table(&self.company);
        out.table(&self.by_root);
        out.table(&self.by_form);
        out.table(&self.by_prefix);
        out.table(&self.anchored);
        out.table(&self.anchored_patterns);
    }

    /// Reads what [`Vocabulary::write`] wrote; nothing where it ends too soon.
    pub(super) fn read(language: Language, from: &mut Reader<'_>) -> Option<Vocabulary> {
        Some(Vocabulary {
            language,
            text: from.text()?,
            patterns: from.table()?,
            words: from.table()?,
            alternatives: from.table()?,
            hides: from.table()?,
            contexts: from.table()?,
            companions: from.table()?,
            company: from.table()?,
            by_root: from.table()?,
            by_form: from.table()?,
            by_prefix: from.table()?,
            anchored: from.table()?,
            anchored_patterns: from.table()?,
        })
    }

    fn letters(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// The tests that a word with this form and lexeme passes.
    pub fn tests(&self, form: &str, lexeme: &Lexeme) -> Vec<u32> {
        let mut out = Vec::new();
        let first = |filed: &[Filed], key: &str| filed.partition_point(|other| self.letters(other.key) < key);
        let forms = self.by_form[first(&self.by_form, form)..].iter();
        out.extend(forms.take_while(|filed| self.letters(filed.key) == form).map(|filed| filed.test));
        let roots = self.by_root[first(&self.by_root, &lexeme.root)..].iter();
        out.extend(
            roots
                .take_while(|filed| self.letters(filed.key) == lexeme.root)
                .filter(|filed| lexeme.has_class_of(filed.classes as u8))
                .map(|filed| filed.test),
        );
        if let Some(key) = form.get(..PREFIX_KEY) {
            let prefixes = self.by_prefix[first(&self.by_prefix, key)..].iter();
            out.extend(
                prefixes
                    .take_while(|filed| self.letters(filed.key).starts_with(key))
                    .filter(|filed| form.starts_with(self.letters(filed.key)))
                    .map(|filed| filed.test),
            );
        }
        out
    }

    /// The patterns that a word which passes these tests may be the rarest word of.
    pub fn candidates(&self, tests: &[u32]) -> Vec<Candidate> {
        let mut out: Vec<Candidate> = tests
            .iter()
            .flat_map(|&test| &self.anchored_patterns[self.anchored[test as usize].range()])
            .map(|&index| {
                let pattern = &self.patterns[index as usize];
                let sieve = self.sieve_of(pattern, pattern.second);
                let passes = |asked: &Alternative| !asked.capital && tests.contains(&asked.test);
                let is_whole = pattern.len() == 1 && self.asked(pattern, pattern.anchor).iter().any(passes);
                Candidate { pattern: index, before: pattern.anchor, second: pattern.second, sieve, is_whole }
            })
            .collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// What may stand at a place of a pattern.
    pub(super) fn asked(&self, pattern: &Pattern, place: u32) -> &[Alternative] {
        &self.alternatives[self.words[(pattern.words.start + place) as usize].range()]
    }

    /// The sieve of what may stand at a place of a pattern.
    fn sieve_of(&self, pattern: &Pattern, place: u32) -> u64 {
        self.asked(pattern, place).iter().fold(0, |all, asked| all | bit(asked.test))
    }

    /// Where a candidate around the word `at` begins, if it stands there.
    pub fn stands(&self, candidate: &Candidate, words: &[Word<'_>], at: usize) -> Option<usize> {
        if candidate.is_whole {
            return Some(at);
        }
        let start = at.checked_sub(candidate.before as usize)?;
        // Most candidates end here: their next word is another one.
        if words.get(start + candidate.second as usize)?.sieve & candidate.sieve == 0 {
            return None;
        }
        self.matches(&self.patterns[candidate.pattern as usize], &words[start..]).then_some(start)
    }

    /// Says whether a pattern stands at the beginning of `words`.
    pub(super) fn matches(&self, pattern: &Pattern, words: &[Word<'_>]) -> bool {
        words.len() >= pattern.len()
            && self.words[pattern.words.range()].iter().zip(words).all(|(alternatives, word)| {
                self.alternatives[alternatives.range()]
                    .iter()
                    .any(|asked| (!asked.capital || word.is_capital) && word.passes(asked.test))
            })
    }

    /// How the file writes a pattern.
    pub fn source(&self, pattern: u32) -> &str {
        self.letters(self.patterns[pattern as usize].source)
    }

    /// How many words a pattern has.
    pub fn words_of(&self, pattern: u32) -> usize {
        self.patterns[pattern as usize].len()
    }

    /// What a pattern is for.
    pub fn role(&self, pattern: u32) -> Role<'_> {
        match self.patterns[pattern as usize].role {
            RoleRow::Evidence { concept, weight, context } => Role::Evidence {
                concept: concept as usize,
                weight,
                context: context.map(|context| context as usize),
            },
            RoleRow::Mask { hides } => Role::Mask { hides: &self.hides[hides.range()] },
        }
    }

    /// Says whether a sentence is the company that a context asks for.
    pub fn holds(&self, context: usize, sentence: &Sentence<'_>) -> bool {
        let Context { near, not_near } = self.contexts[context];
        let is_pattern = |&index: &u32| {
            let pattern = &self.company[index as usize];
            (0..sentence.words.len()).any(|at| self.matches(pattern, &sentence.words[at..]))
        };
        let stands = |companion: &Companion| {
            sentence.passes(companion.test) && companion.pattern.as_ref().is_none_or(is_pattern)
        };
        let (near, not_near) = (&self.companions[near.range()], &self.companions[not_near.range()]);
        (near.is_empty() || near.iter().any(stands)) && !not_near.iter().any(stands)
    }

    /// How many patterns there are.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Runs `check` on the words of a text.
    fn with_words<T>(&self, text: &str, check: impl FnOnce(&[Word<'_>]) -> T) -> T {
        let tokens = tokenize(text);
        let tests: Vec<Vec<u32>> = tokens
            .iter()
            .map(|token| self.tests(&token.text, &lexeme(self.language, &token.text, token.accented)))
            .collect();
        let words: Vec<Word<'_>> = tokens
            .iter()
            .zip(&tests)
            .map(|(token, tests)| Word::new(token, tests, sieve(tests), false))
            .collect();
        check(&words)
    }

    /// Whether a pattern stands in its company in a sentence of a text.
    pub(super) fn holds_in_some_sentence(&self, pattern: u32, context: usize, text: &str) -> bool {
        let pattern = &self.patterns[pattern as usize];
        crate::analysis::sentences(text).into_iter().any(|sentence| {
            self.with_words(sentence, |words| {
                let mut sentence = Sentence::default();
                sentence.read(words, self);
                (0..words.len()).any(|at| self.matches(pattern, &words[at..]))
                    && self.holds(context, &sentence)
            })
        })
    }

    /// Whether a mask stands in its example over a term of a concept that it hides.
    pub(super) fn mask_hides_something(&self, mask: u32, example: &str) -> bool {
        let Role::Mask { hides } = self.role(mask) else {
            return false;
        };
        let mask = &self.patterns[mask as usize];
        self.with_words(example, |words| {
            (0..words.len()).filter(|&at| self.matches(mask, &words[at..])).any(|start| {
                let end = start + mask.len();
                (start..end).any(|at| {
                    self.candidates(words[at].tests).iter().any(|candidate| {
                        let within =
                            |first: usize| first >= start && first + self.words_of(candidate.pattern) <= end;
                        matches!(
                            self.role(candidate.pattern),
                            Role::Evidence { concept, .. } if hides.contains(&(concept as u32))
                        ) && self.stands(candidate, words, at).is_some_and(within)
                    })
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::taxonomy::Taxonomy;

    /// A taxonomy in which *rete* needs company; the example and the counter-example are tried when it is read.
    fn with_company(near: &str, example: &str, counter: &str) -> Result<Taxonomy, String> {
        let labels = r#"labels = { it = "Uno", en = "One", fr = "Un", es = "Uno" }"#;
        let text = format!(
            r#"
            format = 1
            [[scheme]]
            id = "s"
            {labels}
            [[concept]]
            id = "c"
            scheme = "s"
            {labels}
            [[context]]
            concept = "c"
            lang = "it"
            text = "rete"
            {near}
            weight = "strong"
            example = "{example}"
            counter = "{counter}"
            "#
        );
        Taxonomy::parse(&text).map_err(|error| error.to_string())
    }

    #[test]
    fn company_is_words_or_more_than_words() {
        for (near, example, counter) in [
            (r#"near = ["comune|città"]"#, "La rete delle città.", "La rete delle province."),
            (r#"near = ["ente locale"]"#, "La rete di enti locali.", "La rete di enti e di locali."),
            (r#"near = ["^stato"]"#, "La rete degli Stati.", "La rete è in buono stato."),
            (r#"not_near = ["wifi"]"#, "La rete dei comuni.", "La rete wifi dei comuni."),
        ] {
            assert_eq!(with_company(near, example, counter).map(|_| ()), Ok(()), "{near}");
            assert!(with_company(near, counter, example).is_err(), "{near}");
        }
    }
}
