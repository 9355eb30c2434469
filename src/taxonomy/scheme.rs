//! The concepts of a taxonomy: what they are called, what they are kinds of, which of them a text names.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use serde::Deserialize;

use super::tables::{Reader, Writer};
use super::vocabulary::Vocabulary;
use crate::analysis::fold::fold;
use crate::analysis::{Token, lexeme, tokenize};
use crate::document::Language;

/// A text in each of the four languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// Italian.
    pub it: String,
    /// English.
    pub en: String,
    /// French.
    pub fr: String,
    /// Spanish.
    pub es: String,
}

impl Labels {
    /// The label in `language`; in Italian for languages without one.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::French => &self.fr,
            Language::Spanish => &self.es,
            Language::Italian | Language::Other => &self.it,
        }
    }

    pub(super) fn all(&self) -> [&str; 4] {
        [&self.it, &self.en, &self.fr, &self.es]
    }
}

/// A family of concepts that is matched, filtered and counted by itself: dimensions, actors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// Its id, which is also the name of its filter: `dimension`.
    pub id: String,
    /// Its name.
    pub labels: Labels,
}

/// One dimension or actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concept {
    /// Its id, unique in the file: `local-authorities`.
    pub id: String,
    /// The index of its scheme in [`Taxonomy::schemes`].
    pub scheme: usize,
    /// What it is called.
    pub labels: Labels,
    /// Other names by which filters and lead-ins know it.
    pub also: Vec<String>,
    /// The index of the concept that it is a kind of: whoever is tagged with it is tagged with that one too.
    pub parent: Option<usize>,
}

/// How much a term says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// A hint that counts only together with others.
    Weak,
    /// Right more often than not.
    Medium,
    /// Where it stands, the concept nearly always holds.
    Strong,
}

/// The whole concept scheme.
#[derive(Debug)]
pub struct Taxonomy {
    /// The families of concepts, in the order of the file.
    pub schemes: Vec<Scheme>,
    /// All concepts, in the order of the file.
    pub concepts: Vec<Concept>,
    pub(super) vocabularies: HashMap<Language, Vocabulary>,
    /// By name, the concepts that go by it.
    names: HashMap<String, Vec<usize>>,
    /// Made when it is first asked.
    name_index: OnceLock<NameIndex>,
    /// A hash of the file: tags made with another one are out of date.
    pub fingerprint: String,
}

impl Taxonomy {
    /// A taxonomy without terms.
    pub(super) fn of(schemes: Vec<Scheme>, concepts: Vec<Concept>, fingerprint: String) -> Taxonomy {
        let mut names: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, concept) in concepts.iter().enumerate() {
            let of_concept: HashSet<String> = std::iter::once(concept.id.as_str())
                .chain(concept.labels.all())
                .chain(concept.also.iter().map(String::as_str))
                .map(name_key)
                .collect();
            for name in of_concept {
                names.entry(name).or_default().push(index);
            }
        }
        let empty = |language| (language, Vocabulary::empty(language));
        let vocabularies = Language::ANALYSED.into_iter().map(empty).collect();
        Taxonomy { schemes, concepts, vocabularies, names, name_index: OnceLock::new(), fingerprint }
    }

    /// What an outline of the taxonomy lacks, as bytes for [`Taxonomy::fill`]: the vocabularies and the fingerprint.
    pub fn filling(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.text(&self.fingerprint);
        for language in Language::ANALYSED {
            self.vocabulary(language).write(&mut out);
        }
        out.bytes
    }

    /// Makes an outline whole again with the [`Taxonomy::filling`] of the same file; says whether it could be read.
    pub fn fill(&mut self, filling: &[u8]) -> bool {
        let mut from = Reader::new(filling);
        let Some(fingerprint) = from.text() else {
            return false;
        };
        self.fingerprint = fingerprint;
        for language in Language::ANALYSED {
            let Some(vocabulary) = Vocabulary::read(language, &mut from) else {
                return false;
            };
            self.vocabularies.insert(language, vocabulary);
        }
        true
    }

    /// The fingerprint in the [`Taxonomy::filling`] of a taxonomy.
    pub fn fingerprint_of(filling: &[u8]) -> Option<String> {
        Reader::new(filling).text()
    }

    /// The patterns of a language. A language without its own is read with the English ones, whose
    /// names of institutions are the likeliest to stand in it.
    pub fn vocabulary(&self, language: Language) -> &Vocabulary {
        let language = if language == Language::Other { Language::English } else { language };
        // Parsing fills in all four.
        &self.vocabularies[&language]
    }

    /// The index of a concept by its id.
    pub fn concept_index(&self, id: &str) -> Option<usize> {
        self.concepts.iter().position(|concept| concept.id == id)
    }

    /// The index of a scheme by its id.
    pub fn scheme_index(&self, id: &str) -> Option<usize> {
        self.schemes.iter().position(|scheme| scheme.id == id)
    }

    /// The index of a scheme by its id or its label in any language, however typed.
    pub fn scheme_by_name(&self, name: &str) -> Option<usize> {
        let name = fold(name.trim());
        self.schemes.iter().position(|scheme| {
            scheme.id == name || scheme.labels.all().iter().any(|label| fold(label) == name)
        })
    }

    /// The concepts of a scheme, with their indices, in the order of the file.
    pub fn concepts_of(&self, scheme: usize) -> impl Iterator<Item = (usize, &Concept)> {
        self.concepts.iter().enumerate().filter(move |(_, concept)| concept.scheme == scheme)
    }

    /// The concept of a scheme that goes by a name: its id, or a label in any language, however typed. Of an id that
    /// begins with the scheme's, such as `objective-7`, the rest is enough.
    pub fn by_name(&self, scheme: usize, name: &str) -> Option<usize> {
        let is_of_scheme = |index: &usize| self.concepts[*index].scheme == scheme;
        let named = self.names.get(&name_key(name)).and_then(|all| all.iter().copied().find(is_of_scheme));
        let short = || self.concept_index(&format!("{}-{}", self.schemes[scheme].id, name.trim()));
        named.or_else(|| short().filter(is_of_scheme))
    }

    /// The concepts that a run of tokens names, by a label or another name in any language and any form:
    /// *sindaci*, *local authorities*. Names of one word count only for actors and their like, whose names are
    /// nouns; *locale* alone is no mention of the local dimension.
    pub fn named_in(&self, tokens: &[Token]) -> Vec<usize> {
        let index = self.name_index.get_or_init(|| NameIndex::new(&self.names));
        let mut out: Vec<usize> = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            for name in index.beginning_with(token) {
                let name = &index.names[name];
                let stands = tokens.get(at..at + name.words.len()).is_some_and(|window| {
                    window.iter().zip(&name.words).all(|(token, word)| is_form_of(token, word))
                });
                for &concept in &name.concepts {
                    let counts = name.words.len() > 1 || self.concepts[concept].scheme > 0;
                    if stands && counts && !out.contains(&concept) {
                        out.push(concept);
                    }
                }
            }
        }
        out.sort_unstable();
        out
    }

    /// Every name by which the concepts of a scheme can be called, for suggestions.
    pub fn names_of(&self, scheme: usize) -> Vec<&str> {
        self.concepts_of(scheme)
            .flat_map(|(_, concept)| {
                std::iter::once(concept.id.as_str())
                    .chain(concept.labels.all())
                    .chain(concept.also.iter().map(String::as_str))
            })
            .collect()
    }
}

/// The names of concepts by their first words, so that a text is not compared with all of them.
#[derive(Debug)]
struct NameIndex {
    names: Vec<Name>,
    /// By the text and the roots of the first word.
    by_first_word: HashMap<String, Vec<usize>>,
}

/// A name that one or more concepts go by.
#[derive(Debug)]
struct Name {
    words: Vec<Token>,
    concepts: Vec<usize>,
}

impl NameIndex {
    fn new(names: &HashMap<String, Vec<usize>>) -> NameIndex {
        let mut index = NameIndex { names: Vec::with_capacity(names.len()), by_first_word: HashMap::new() };
        for (name, concepts) in names {
            let words = tokenize(name);
            let Some(first) = words.first() else {
                continue;
            };
            for key in keys(first) {
                index.by_first_word.entry(key).or_default().push(index.names.len());
            }
            index.names.push(Name { words, concepts: concepts.clone() });
        }
        index
    }

    /// The names whose first word may be a form of a token.
    fn beginning_with(&self, token: &Token) -> BTreeSet<usize> {
        keys(token).iter().filter_map(|key| self.by_first_word.get(key)).flatten().copied().collect()
    }
}

/// A word's text, and its roots in all languages.
fn keys(token: &Token) -> BTreeSet<String> {
    let roots = Language::ANALYSED.map(|language| lexeme(language, &token.text, token.accented).root);
    std::iter::once(token.text.to_string()).chain(roots).collect()
}

/// Whether a word of a text is one of a name in any form of any language.
fn is_form_of(token: &Token, word: &Token) -> bool {
    token.text == word.text
        || (token.kind == crate::analysis::TokenKind::Word
            && Language::ANALYSED.into_iter().any(|language| {
                lexeme(language, &token.text, token.accented).meets(&lexeme(
                    language,
                    &word.text,
                    word.accented,
                ))
            }))
}

/// Names are compared by their words: no case, accents, articles or punctuation.
fn name_key(name: &str) -> String {
    let tokens = tokenize(name);
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    if words.is_empty() { fold(name) } else { words.join(" ") }
}
