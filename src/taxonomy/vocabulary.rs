//! The terms of one language: sequences of words, found in a text by their rarest word.
//!
//! What a word of a term asks for (a lexeme, a very form, a beginning) is a **test** with a number. A word of a text is
//! tried against all tests once, when it is first met; from then on terms are compared by numbers.

use std::collections::HashMap;

use super::Weight;
use crate::analysis::{Case, Lexeme, Token, is_stop_word, lexeme, tokenize};
use crate::document::Language;

/// How many words a term has at most.
const MAX_TERM_WORDS: usize = 8;
/// How many bytes of a prefix it is filed under.
const PREFIX_KEY: usize = 3;

/// What a word of a term asks of a word of a text, whatever its case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Test {
    /// Any form of the lexeme.
    Lexeme(Lexeme),
    /// This very form, folded.
    Exact(String),
    /// Any word that begins so.
    Prefix(String),
}

/// One of the words that may stand at a place of a term: the number of its test, and whether it needs a capital letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Alternative {
    test: u32,
    capital: bool,
}

/// A word of a text: the tests that it passes, and whether it has a capital letter that tells.
#[derive(Debug, Clone, Copy)]
pub struct Word<'a> {
    tests: &'a [u32],
    is_capital: bool,
}

impl<'a> Word<'a> {
    /// A token that passes these tests. In a text that `shouts`, in capitals throughout, they tell nothing.
    pub fn new(token: &Token, tests: &'a [u32], shouts: bool) -> Word<'a> {
        Word { tests, is_capital: shouts || matches!(token.case, Case::Capital | Case::Upper) }
    }
}

/// What a pattern is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
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
        hides: Vec<usize>,
    },
}

/// A sequence of words to be found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// How the file writes it.
    pub source: String,
    words: Vec<Vec<Alternative>>,
    /// Which of its words it is looked up by: the one that the fewest places in a text are likely to have.
    anchor: usize,
    /// What it is for.
    pub role: Role,
}

impl Pattern {
    /// How many words it takes.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether it has no words; loading refuses such patterns.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Says whether it stands at the beginning of `words`.
    pub fn matches(&self, words: &[Word<'_>]) -> bool {
        words.len() >= self.words.len()
            && self.words.iter().zip(words).all(|(alternatives, word)| {
                alternatives
                    .iter()
                    .any(|asked| (!asked.capital || word.is_capital) && word.tests.contains(&asked.test))
            })
    }
}

/// Words of which one must be near, and words none of which may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// One of these must be in the sentence; none is asked for where it is empty.
    pub near: Vec<Pattern>,
    /// None of these may be in the sentence.
    pub not_near: Vec<Pattern>,
}

impl Context {
    /// Says whether a sentence is the company that this context asks for.
    pub fn holds(&self, sentence: &[Word<'_>]) -> bool {
        let stands = |pattern: &Pattern| (0..sentence.len()).any(|at| pattern.matches(&sentence[at..]));
        (self.near.is_empty() || self.near.iter().any(stands)) && !self.not_near.iter().any(stands)
    }
}

/// A pattern that may stand in a text around a word of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// The pattern's index.
    pub pattern: u32,
    /// How many words before that one it begins.
    pub before: usize,
}

/// Every pattern of one language.
#[derive(Debug)]
pub struct Vocabulary {
    language: Language,
    patterns: Vec<Pattern>,
    contexts: Vec<Context>,
    tests: HashMap<Test, u32>,
    /// The numbers of tests: for lexemes by root, for exact forms, for prefixes by their first letters.
    by_root: HashMap<String, Vec<(Lexeme, u32)>>,
    by_form: HashMap<String, u32>,
    by_prefix: HashMap<String, Vec<(String, u32)>>,
    /// By test, the patterns that are looked up by it.
    anchored: Vec<Vec<u32>>,
}

impl Vocabulary {
    /// A vocabulary without terms.
    pub(super) fn new(language: Language) -> Vocabulary {
        Vocabulary {
            language,
            patterns: Vec::new(),
            contexts: Vec::new(),
            tests: HashMap::new(),
            by_root: HashMap::new(),
            by_form: HashMap::new(),
            by_prefix: HashMap::new(),
            anchored: Vec::new(),
        }
    }

    /// The tests that a word with this form and lexeme passes.
    pub fn tests(&self, form: &str, lexeme: &Lexeme) -> Vec<u32> {
        let mut out: Vec<u32> = self.by_form.get(form).copied().into_iter().collect();
        let by_root = self.by_root.get(&lexeme.root).into_iter().flatten();
        out.extend(by_root.filter(|(asked, _)| asked.meets(lexeme)).map(|&(_, test)| test));
        let by_prefix = form.get(..PREFIX_KEY).and_then(|key| self.by_prefix.get(key)).into_iter().flatten();
        out.extend(by_prefix.filter(|(prefix, _)| form.starts_with(prefix.as_str())).map(|&(_, test)| test));
        out
    }

    /// The patterns that a word which passes these tests may be the rarest word of.
    pub fn candidates(&self, tests: &[u32]) -> Vec<Candidate> {
        let mut out: Vec<Candidate> = tests
            .iter()
            .flat_map(|&test| &self.anchored[test as usize])
            .map(|&pattern| Candidate { pattern, before: self.pattern(pattern).anchor })
            .collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Where a candidate around the word `at` begins, if it stands there.
    pub fn stands(&self, candidate: Candidate, words: &[Word<'_>], at: usize) -> Option<usize> {
        let start = at.checked_sub(candidate.before)?;
        self.pattern(candidate.pattern).matches(&words[start..]).then_some(start)
    }

    /// A pattern by its index.
    pub fn pattern(&self, index: u32) -> &Pattern {
        &self.patterns[index as usize]
    }

    /// A context by its index.
    pub fn context(&self, index: usize) -> &Context {
        &self.contexts[index]
    }

    /// How many patterns there are.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Adds a pattern, to be found from now on.
    pub(super) fn add(&mut self, pattern: Pattern) {
        let index = self.patterns.len() as u32;
        for asked in &pattern.words[pattern.anchor] {
            self.anchored[asked.test as usize].push(index);
        }
        self.patterns.push(pattern);
    }

    /// Adds a context; its number is what [`Role::Evidence`] names it by.
    pub(super) fn add_context(&mut self, context: Context) -> usize {
        self.contexts.push(context);
        self.contexts.len() - 1
    }

    /// The number of a test.
    fn test(&mut self, test: Test) -> u32 {
        if let Some(&number) = self.tests.get(&test) {
            return number;
        }
        let number = self.anchored.len() as u32;
        self.anchored.push(Vec::new());
        match &test {
            Test::Lexeme(lexeme) => {
                self.by_root.entry(lexeme.root.clone()).or_default().push((lexeme.clone(), number));
            }
            Test::Exact(form) => {
                self.by_form.insert(form.clone(), number);
            }
            Test::Prefix(prefix) => {
                let key = prefix[..PREFIX_KEY].to_owned();
                self.by_prefix.entry(key).or_default().push((prefix.clone(), number));
            }
        }
        self.tests.insert(test, number);
        number
    }

    /// Reads a term: words with `=`, `^`, `*` and `|` (see `CONTRIBUTING.md`).
    pub(super) fn parse(&mut self, source: &str, role: Role) -> Result<Pattern, String> {
        let language = self.language;
        let mut words: Vec<Vec<Alternative>> = Vec::new();
        // By word, the lowest is the rarest.
        let mut commonness: Vec<usize> = Vec::new();
        for slot in source.split_whitespace() {
            let mut alternatives: Vec<Alternative> = Vec::new();
            let mut common = 0;
            let mut rest_of_first: Vec<(Alternative, usize)> = Vec::new();
            let options: Vec<&str> = slot.split('|').collect();
            for option in &options {
                let exact = option.contains('=');
                let capital = option.contains('^');
                let bare = option.trim_start_matches(['=', '^']);
                let (bare, prefix) = match bare.strip_suffix('*') {
                    Some(bare) => (bare, true),
                    None => (bare, false),
                };
                let tokens = tokenize(bare);
                if tokens.is_empty() {
                    return Err(format!("the term \"{source}\" has an empty word"));
                }
                if tokens.len() > 1 && options.len() > 1 {
                    return Err(format!(
                        "\"{option}\" in the term \"{source}\" is more than one word; write a term for each \
                         alternative"
                    ));
                }
                let last = tokens.len() - 1;
                for (at, token) in tokens.iter().enumerate() {
                    let mut frequency = if is_stop_word(language, &token.text) {
                        1000
                    } else {
                        20usize.saturating_sub(token.text.len())
                    };
                    let test = if prefix && at == last {
                        if token.text.len() < PREFIX_KEY || !token.text.is_char_boundary(PREFIX_KEY) {
                            return Err(format!(
                                "the prefix \"{option}\" in the term \"{source}\" is too short: give \
                                 {PREFIX_KEY} letters at least"
                            ));
                        }
                        frequency += 10;
                        Test::Prefix(token.text.clone())
                    } else if exact {
                        Test::Exact(token.text.clone())
                    } else {
                        Test::Lexeme(lexeme(language, &token.text, token.accented))
                    };
                    let capital = capital && !matches!(test, Test::Prefix(_));
                    let asked = Alternative { test: self.test(test), capital };
                    if at == 0 {
                        alternatives.push(asked);
                        common += frequency;
                    } else {
                        rest_of_first.push((asked, frequency));
                    }
                }
            }
            words.push(alternatives);
            commonness.push(common);
            for (asked, common) in rest_of_first {
                words.push(vec![asked]);
                commonness.push(common);
            }
        }
        if words.is_empty() {
            return Err("a term is empty".to_owned());
        }
        if words.len() > MAX_TERM_WORDS {
            return Err(format!(
                "the term \"{source}\" has {} words; {MAX_TERM_WORDS} are the most",
                words.len()
            ));
        }
        let anchor = (0..words.len()).min_by_key(|&at| commonness[at]).unwrap_or_default();
        Ok(Pattern { source: source.to_owned(), words, anchor, role })
    }

    /// Runs `check` on the words of a text.
    fn with_words<T>(&self, text: &str, check: impl FnOnce(&[Word<'_>]) -> T) -> T {
        let tokens = tokenize(text);
        let tests: Vec<Vec<u32>> = tokens
            .iter()
            .map(|token| self.tests(&token.text, &lexeme(self.language, &token.text, token.accented)))
            .collect();
        let words: Vec<Word<'_>> =
            tokens.iter().zip(&tests).map(|(token, tests)| Word::new(token, tests, false)).collect();
        check(&words)
    }

    /// Whether a pattern stands in its company in a sentence of a text.
    pub(super) fn holds_in_some_sentence(&self, pattern: &Pattern, context: &Context, text: &str) -> bool {
        crate::segment::sentences(text).into_iter().any(|sentence| {
            self.with_words(sentence, |words| {
                (0..words.len()).any(|at| pattern.matches(&words[at..])) && context.holds(words)
            })
        })
    }

    /// Whether a mask stands in its example over a term of a concept that it hides.
    pub(super) fn mask_hides_something(&self, mask: &Pattern, hides: &[usize], example: &str) -> bool {
        self.with_words(example, |words| {
            (0..words.len()).filter(|&at| mask.matches(&words[at..])).any(|start| {
                let end = start + mask.len();
                (start..end).any(|at| {
                    self.candidates(words[at].tests).into_iter().any(|candidate| {
                        let pattern = self.pattern(candidate.pattern);
                        let within = |first: usize| first >= start && first + pattern.len() <= end;
                        matches!(&pattern.role, Role::Evidence { concept, .. } if hides.contains(concept))
                            && self.stands(candidate, words, at).is_some_and(within)
                    })
                })
            })
        })
    }
}
