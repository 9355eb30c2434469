//! Terms as an editor writes them, made into the tables of a vocabulary.

use std::collections::HashMap;

use super::vocabulary::{
    Alternative, Companion, Context, Filed, PREFIX_KEY, Pattern, RoleRow, Span, Vocabulary,
};
use crate::analysis::{Lexeme, is_stop_word, lexeme, tokenize};
use crate::document::Language;

/// How many words a term has at most.
const MAX_TERM_WORDS: usize = 8;

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

/// A vocabulary in the making.
#[derive(Debug)]
pub(super) struct Terms {
    vocabulary: Vocabulary,
    tests: HashMap<Test, u32>,
}

impl Terms {
    /// No terms yet.
    pub(super) fn new(language: Language) -> Terms {
        Terms { vocabulary: Vocabulary::empty(language), tests: HashMap::new() }
    }

    /// Adds a pattern; its index.
    pub(super) fn add(&mut self, pattern: Pattern) -> u32 {
        self.vocabulary.patterns.push(pattern);
        self.vocabulary.patterns.len() as u32 - 1
    }

    /// Adds a context; its number is what evidence names it by.
    pub(super) fn add_context(&mut self, near: &[Pattern], not_near: &[Pattern]) -> u32 {
        let (near, not_near) = (self.add_company(near), self.add_company(not_near));
        self.vocabulary.contexts.push(Context { near, not_near });
        self.vocabulary.contexts.len() as u32 - 1
    }

    /// Adds what a context speaks of, each by what its rarest word asks for.
    fn add_company(&mut self, patterns: &[Pattern]) -> Span {
        let mut companions: Vec<Companion> = Vec::new();
        for pattern in patterns {
            let asked = self.vocabulary.asked(pattern, pattern.anchor);
            let is_whole = |asked: &Alternative| pattern.len() == 1 && !asked.capital;
            let index = self.vocabulary.company.len() as u32;
            companions.extend(
                asked.iter().map(|asked| Companion {
                    test: asked.test,
                    pattern: (!is_whole(asked)).then_some(index),
                }),
            );
            if !asked.iter().all(is_whole) {
                self.vocabulary.company.push(*pattern);
            }
        }
        appended(&mut self.vocabulary.companions, &companions)
    }

    /// The role of a mask that hides these concepts.
    pub(super) fn mask_of(&mut self, concepts: &[usize]) -> RoleRow {
        let concepts: Vec<u32> = concepts.iter().map(|&concept| concept as u32).collect();
        RoleRow::Mask { hides: appended(&mut self.vocabulary.hides, &concepts) }
    }

    /// The number of a test.
    fn test(&mut self, test: Test) -> u32 {
        let next = self.tests.len() as u32;
        *self.tests.entry(test).or_insert(next)
    }

    /// Reads a term: words with `=`, `^`, `*` and `|` (see `CONTRIBUTING.md`).
    pub(super) fn parse(&mut self, source: &str, role: RoleRow) -> Result<Pattern, String> {
        let language = self.vocabulary.language;
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
                        Test::Prefix(token.text.to_string())
                    } else if exact {
                        Test::Exact(token.text.to_string())
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
        let mut by_rarity: Vec<u32> = (0..words.len() as u32).collect();
        by_rarity.sort_by_key(|&at| commonness[at as usize]);
        let spans: Vec<Span> =
            words.iter().map(|word| appended(&mut self.vocabulary.alternatives, word)).collect();
        Ok(Pattern {
            source: appended_text(&mut self.vocabulary.text, source),
            words: appended(&mut self.vocabulary.words, &spans),
            anchor: by_rarity[0],
            second: *by_rarity.get(1).unwrap_or(&by_rarity[0]),
            role,
        })
    }

    /// The vocabulary, ready to be searched.
    pub(super) fn finish(self) -> Vocabulary {
        let mut vocabulary = self.vocabulary;
        let mut anchored: Vec<Vec<u32>> = vec![Vec::new(); self.tests.len()];
        for (index, pattern) in (0..).zip(&vocabulary.patterns) {
            let anchor = vocabulary.words[(pattern.words.start + pattern.anchor) as usize];
            for asked in &vocabulary.alternatives[anchor.range()] {
                anchored[asked.test as usize].push(index);
            }
        }
        vocabulary.anchored =
            anchored.iter().map(|of| appended(&mut vocabulary.anchored_patterns, of)).collect();
        // In the order of their numbers, so that the same file makes the same tables.
        let mut tests: Vec<(Test, u32)> = self.tests.into_iter().collect();
        tests.sort_unstable_by_key(|&(_, number)| number);
        for (test, number) in tests {
            let (filed, key, classes) = match &test {
                Test::Lexeme(lexeme) => (&mut vocabulary.by_root, &lexeme.root, lexeme.classes()),
                Test::Exact(form) => (&mut vocabulary.by_form, form, 0),
                Test::Prefix(prefix) => (&mut vocabulary.by_prefix, prefix, 0),
            };
            let key = appended_text(&mut vocabulary.text, key);
            filed.push(Filed { key, classes: u32::from(classes), test: number });
        }
        let text = &vocabulary.text;
        for filed in [&mut vocabulary.by_root, &mut vocabulary.by_form, &mut vocabulary.by_prefix] {
            filed.sort_by_key(|filed| &text[filed.key.range()]);
        }
        vocabulary
    }
}

fn appended<T: Clone>(table: &mut Vec<T>, rows: &[T]) -> Span {
    let start = table.len() as u32;
    table.extend_from_slice(rows);
    Span { start, end: table.len() as u32 }
}

fn appended_text(text: &mut String, part: &str) -> Span {
    let start = text.len() as u32;
    text.push_str(part);
    Span { start, end: text.len() as u32 }
}
