//! The concepts of a taxonomy: what they are called, what they are kinds of, which of them a text names.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use serde::Deserialize;

use super::vocabulary::Vocabulary;
use crate::analysis::fold::fold;
use crate::analysis::{Token, lexeme, tokenize};
use crate::document::Language;
use crate::tables::{Reader, Writer};

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
    names: Names,
    /// A hash of the file: tags made with another one are out of date.
    pub fingerprint: String,
}

impl Taxonomy {
    /// A taxonomy without terms.
    pub(super) fn of(schemes: Vec<Scheme>, concepts: Vec<Concept>, fingerprint: String) -> Taxonomy {
        let names = Names::of(&concepts);
        Taxonomy::with_names(schemes, concepts, names, fingerprint)
    }

    fn with_names(
        schemes: Vec<Scheme>,
        concepts: Vec<Concept>,
        names: Names,
        fingerprint: String,
    ) -> Taxonomy {
        let empty = |language| (language, Vocabulary::empty(language));
        let vocabularies = Language::ANALYSED.into_iter().map(empty).collect();
        Taxonomy { schemes, concepts, vocabularies, names, fingerprint }
    }

    /// The schemes, the concepts, their names and the fingerprint as bytes, for [`Taxonomy::read_outline`].
    pub fn outline(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.text(&self.fingerprint);
        out.texts(self.schemes.iter().map(|scheme| scheme.id.as_str()));
        for scheme in &self.schemes {
            out.texts(scheme.labels.all().into_iter());
        }
        out.texts(self.concepts.iter().map(|concept| concept.id.as_str()));
        for concept in &self.concepts {
            out.texts(concept.labels.all().into_iter());
            out.texts(concept.also.iter().map(String::as_str));
            out.table(&[concept.scheme as u32, concept.parent.map_or(NONE, |parent| parent as u32)]);
        }
        self.names.write(&mut out);
        out.bytes
    }

    /// Reads what [`Taxonomy::outline`] gave: what a query needs to know of a taxonomy, without its terms. Nothing where the
    /// bytes end too soon.
    pub fn read_outline(outline: &[u8]) -> Option<Taxonomy> {
        let mut from = Reader::new(outline);
        let fingerprint = from.text()?;
        let labels = |from: &mut Reader<'_>| {
            let [it, en, fr, es] = <[String; 4]>::try_from(from.texts()?).ok()?;
            Some(Labels { it, en, fr, es })
        };
        let schemes = from.texts()?.into_iter().map(|id| Some(Scheme { id, labels: labels(&mut from)? }));
        let schemes = schemes.collect::<Option<Vec<_>>>()?;
        let concepts = from.texts()?.into_iter().map(|id| {
            let (labels, also, numbers) = (labels(&mut from)?, from.texts()?, from.table::<u32>()?);
            let &[scheme, parent] = numbers.as_slice() else { return None };
            let parent = (parent != NONE).then_some(parent as usize);
            Some(Concept { id, scheme: scheme as usize, labels, also, parent })
        });
        let concepts = concepts.collect::<Option<Vec<_>>>()?;
        let names = Names::read(&mut from)?;
        Some(Taxonomy::with_names(schemes, concepts, names, fingerprint))
    }

    /// What an outline of the taxonomy lacks, as bytes for [`Taxonomy::fill`]: the vocabularies.
    pub fn filling(&self) -> Vec<u8> {
        let mut out = Writer::default();
        for language in Language::ANALYSED {
            self.vocabulary(language).write(&mut out);
        }
        out.bytes
    }

    /// Makes an outline whole again with the [`Taxonomy::filling`] of the same file; says whether it could be read.
    pub fn fill(&mut self, filling: &[u8]) -> bool {
        let mut from = Reader::new(filling);
        for language in Language::ANALYSED {
            let Some(vocabulary) = Vocabulary::read(language, &mut from) else {
                return false;
            };
            self.vocabularies.insert(language, vocabulary);
        }
        true
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
        self.by_key(scheme, &name_key(name), name)
    }

    /// The concepts that go by a name, one of each scheme: see [`Taxonomy::by_name`].
    pub fn called(&self, name: &str) -> Vec<usize> {
        let key = name_key(name);
        (0..self.schemes.len()).filter_map(|scheme| self.by_key(scheme, &key, name)).collect()
    }

    fn by_key(&self, scheme: usize, key: &str, name: &str) -> Option<usize> {
        let is_of_scheme = |index: &usize| self.concepts[*index].scheme == scheme;
        let begins = &self.schemes[scheme].id;
        let is_short =
            |id: &str| id.strip_prefix(begins).and_then(|rest| rest.strip_prefix('-')) == Some(name.trim());
        let named = self.names.concepts_called(key).find(is_of_scheme);
        named.or_else(|| self.concepts_of(scheme).find(|(_, of)| is_short(&of.id)).map(|(index, _)| index))
    }

    /// The concepts that a run of tokens names, by a label or another name in any language and any form:
    /// *sindaci*, *local authorities*. Names of one word count only for actors and their like, whose names are
    /// nouns; *locale* alone is no mention of the local dimension.
    pub fn named_in(&self, tokens: &[Token]) -> Vec<usize> {
        let mut out: Vec<usize> = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            for name in self.names.beginning_with(token) {
                let words = tokenize(&self.names.names[name]);
                let stands = tokens.get(at..at + words.len()).is_some_and(|window| {
                    window.iter().zip(&words).all(|(token, word)| is_form_of(token, word))
                });
                for &concept in self.names.concepts[name].iter().filter(|_| stands) {
                    let concept = concept as usize;
                    let counts = words.len() > 1 || self.concepts[concept].scheme > 0;
                    if counts && !out.contains(&concept) {
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

/// In a table, what stands for no parent.
const NONE: u32 = u32::MAX;

/// What concepts are called, as [`name_key`] writes it.
#[derive(Debug)]
struct Names {
    /// Sorted.
    names: Vec<String>,
    /// By name, the concepts that go by it.
    concepts: Vec<Vec<u32>>,
    /// So that a text is not compared with all of them; made when it is first asked.
    first_words: OnceLock<FirstWords>,
}

/// The first words of names.
#[derive(Debug)]
struct FirstWords {
    /// Their texts and roots, sorted.
    keys: Vec<String>,
    /// By key, the names that begin with such a word.
    names: Vec<Vec<u32>>,
}

impl Names {
    fn of(concepts: &[Concept]) -> Names {
        let mut by_name: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (index, concept) in (0u32..).zip(concepts) {
            let of_concept: BTreeSet<String> = std::iter::once(concept.id.as_str())
                .chain(concept.labels.all())
                .chain(concept.also.iter().map(String::as_str))
                .map(name_key)
                .collect();
            for name in of_concept {
                by_name.entry(name).or_default().push(index);
            }
        }
        let (names, concepts) = by_name.into_iter().unzip();
        Names { names, concepts, first_words: OnceLock::new() }
    }

    fn write(&self, out: &mut Writer) {
        out.texts(self.names.iter().map(String::as_str));
        out.lists(self.concepts.iter().map(Vec::as_slice));
        let FirstWords { keys, names } = self.first_words();
        out.texts(keys.iter().map(String::as_str));
        out.lists(names.iter().map(Vec::as_slice));
    }

    fn read(from: &mut Reader<'_>) -> Option<Names> {
        let (names, concepts) = (from.texts()?, from.lists()?);
        let first_words = FirstWords { keys: from.texts()?, names: from.lists()? };
        Some(Names { names, concepts, first_words: OnceLock::from(first_words) })
    }

    fn first_words(&self) -> &FirstWords {
        self.first_words.get_or_init(|| {
            let mut by_key: BTreeMap<String, Vec<u32>> = BTreeMap::new();
            for (at, name) in (0u32..).zip(&self.names) {
                for key in tokenize(name).first().map(keys).into_iter().flatten() {
                    by_key.entry(key).or_default().push(at);
                }
            }
            let (keys, names) = by_key.into_iter().unzip();
            FirstWords { keys, names }
        })
    }

    /// The concepts that go by a name, written as a [`name_key`].
    fn concepts_called(&self, key: &str) -> impl Iterator<Item = usize> {
        let found = self.names.binary_search_by(|known| known.as_str().cmp(key)).ok();
        found.into_iter().flat_map(|at| &self.concepts[at]).map(|&concept| concept as usize)
    }

    /// The names whose first word may be a form of a token, as indices into `names`.
    fn beginning_with(&self, token: &Token) -> BTreeSet<usize> {
        let FirstWords { keys: known, names } = self.first_words();
        let found = keys(token).into_iter().filter_map(|key| known.binary_search(&key).ok());
        found.flat_map(|at| &names[at]).map(|&name| name as usize).collect()
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
