//! The concept scheme: dimensions, actors and whatever else passages are tagged with, read from a
//! TOML file that a person who does not program can edit.
//!
//! `CONTRIBUTING.md` describes the file for its editors. Loading checks it as a whole: what is wrong
//! is refused with its line, since a term that silently matches nothing is worse than an error.

mod vocabulary;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::analysis::fold::fold;
use crate::analysis::{Token, lexeme, tokenize};
use crate::document::Language;

pub use vocabulary::{Candidate, Context, Pattern, Role, Vocabulary, Word};

/// The taxonomy that is built into the program.
pub const BUILT_IN: &str = include_str!("../../corpus/taxonomy.toml");

/// What is wrong with a taxonomy, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxonomyError {
    /// The line, counted from 1, where it could be told.
    pub line: Option<usize>,
    /// What is wrong and what to do, in words for a person.
    pub message: String,
}

impl fmt::Display for TaxonomyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for TaxonomyError {}

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

    fn all(&self) -> [&str; 4] {
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
    vocabularies: HashMap<Language, Vocabulary>,
    names: HashMap<String, Vec<usize>>,
    /// Made when it is first asked.
    name_index: OnceLock<NameIndex>,
    /// A hash of the file: tags made with another one are out of date.
    pub fingerprint: String,
}

// ---- the file, as it is written ----

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: toml::Spanned<u32>,
    #[serde(default)]
    scheme: Vec<toml::Spanned<SchemeEntry>>,
    #[serde(default)]
    concept: Vec<toml::Spanned<ConceptEntry>>,
    #[serde(default)]
    term: Vec<toml::Spanned<TermEntry>>,
    #[serde(default)]
    mask: Vec<toml::Spanned<MaskEntry>>,
    #[serde(default)]
    context: Vec<toml::Spanned<ContextEntry>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemeEntry {
    id: String,
    labels: Labels,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConceptEntry {
    id: String,
    scheme: String,
    labels: Labels,
    #[serde(default)]
    also: Vec<String>,
    parent: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TermEntry {
    concept: String,
    lang: String,
    #[serde(default)]
    strong: Vec<toml::Spanned<String>>,
    #[serde(default)]
    medium: Vec<toml::Spanned<String>>,
    #[serde(default)]
    weak: Vec<toml::Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MaskEntry {
    lang: String,
    text: String,
    hides: Vec<String>,
    example: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContextEntry {
    concept: String,
    lang: String,
    text: String,
    #[serde(default)]
    near: Vec<String>,
    #[serde(default)]
    not_near: Vec<String>,
    weight: Weight,
    example: String,
    counter: String,
}

/// Where in the file something stands, for messages.
struct Lines<'a>(&'a str);

impl Lines<'_> {
    fn error(&self, at: usize, message: impl Into<String>) -> TaxonomyError {
        let before = &self.0.as_bytes()[..at.min(self.0.len())];
        TaxonomyError {
            line: Some(before.iter().filter(|&&b| b == b'\n').count() + 1),
            message: message.into(),
        }
    }
}

impl Taxonomy {
    /// The taxonomy that is built into the program.
    ///
    /// # Errors
    /// None in a released program: a test reads the file.
    pub fn built_in() -> Result<Taxonomy, TaxonomyError> {
        Taxonomy::parse(BUILT_IN)
    }

    /// Reads and checks a taxonomy file.
    ///
    /// # Errors
    /// Bad TOML, unknown keys, ids that are missing or used twice, terms that are empty or stand twice, a mask that
    /// masks nothing, an example that does not show what its rule does: each with its line and what to do.
    pub fn parse(text: &str) -> Result<Taxonomy, TaxonomyError> {
        let lines = Lines(text);
        let file: File = toml::from_str(text).map_err(|error| TaxonomyError {
            line: error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1),
            message: error.message().to_owned(),
        })?;
        if *file.format.get_ref() != 1 {
            return Err(lines.error(
                file.format.span().start,
                format!(
                    "format {} of taxonomy files is not known to this version, which reads format 1",
                    file.format.get_ref()
                ),
            ));
        }
        let begin = terms_begin(text);
        let late =
            file.concept.iter().map(toml::Spanned::span).chain(file.scheme.iter().map(toml::Spanned::span));
        if let Some(span) = late.into_iter().find(|span| span.start > begin) {
            return Err(lines.error(
                span.start,
                "a [[scheme]] or [[concept]] stands after the first [[term]]; put all of them before it",
            ));
        }
        let mut taxonomy = Taxonomy {
            schemes: Vec::new(),
            concepts: Vec::new(),
            vocabularies: HashMap::new(),
            names: HashMap::new(),
            name_index: OnceLock::new(),
            fingerprint: fingerprint(text),
        };
        taxonomy.read_schemes(&lines, &file.scheme)?;
        taxonomy.read_concepts(&lines, &file.concept)?;
        for language in Language::ANALYSED {
            taxonomy.vocabularies.insert(language, Vocabulary::new(language));
        }
        taxonomy.read_terms(&lines, &file.term)?;
        taxonomy.read_contexts(&lines, &file.context)?;
        taxonomy.read_masks(&lines, &file.mask)?;
        Ok(taxonomy)
    }

    /// Reads only the schemes and the concepts of a taxonomy file: what a query needs to know of it. The terms, by far
    /// the greater part, are neither read nor checked.
    ///
    /// # Errors
    /// As [`Taxonomy::parse`], for the part that is read.
    pub fn parse_outline(text: &str) -> Result<Taxonomy, TaxonomyError> {
        let mut taxonomy = Taxonomy::parse(&text[..terms_begin(text)])?;
        taxonomy.fingerprint = fingerprint(text);
        Ok(taxonomy)
    }

    fn read_schemes(
        &mut self,
        lines: &Lines<'_>,
        entries: &[toml::Spanned<SchemeEntry>],
    ) -> Result<(), TaxonomyError> {
        for entry in entries {
            let at = entry.span().start;
            let scheme = entry.get_ref();
            check_id(lines, at, &scheme.id)?;
            if self.schemes.iter().any(|other| other.id == scheme.id) {
                return Err(lines.error(at, format!("scheme \"{}\" stands twice", scheme.id)));
            }
            check_labels(lines, at, &scheme.id, &scheme.labels)?;
            self.schemes.push(Scheme { id: scheme.id.clone(), labels: scheme.labels.clone() });
        }
        if self.schemes.is_empty() {
            return Err(lines.error(0, "there is no [[scheme]]; a taxonomy needs one at least"));
        }
        Ok(())
    }

    fn read_concepts(
        &mut self,
        lines: &Lines<'_>,
        entries: &[toml::Spanned<ConceptEntry>],
    ) -> Result<(), TaxonomyError> {
        for entry in entries {
            let at = entry.span().start;
            let concept = entry.get_ref();
            check_id(lines, at, &concept.id)?;
            if self.concepts.iter().any(|other| other.id == concept.id) {
                return Err(lines.error(
                    at,
                    format!("concept \"{}\" stands twice; ids must be unique in the file", concept.id),
                ));
            }
            check_labels(lines, at, &concept.id, &concept.labels)?;
            let Some(scheme) = self.schemes.iter().position(|scheme| scheme.id == concept.scheme) else {
                return Err(lines.error(
                    at,
                    format!(
                        "concept \"{}\" is of scheme \"{}\", which no [[scheme]] defines",
                        concept.id, concept.scheme
                    ),
                ));
            };
            self.concepts.push(Concept {
                id: concept.id.clone(),
                scheme,
                labels: concept.labels.clone(),
                also: concept.also.clone(),
                parent: None,
            });
        }
        // Parents may stand after their children.
        for (index, entry) in entries.iter().enumerate() {
            if let Some(parent) = &entry.get_ref().parent {
                let found = self.require(lines, entry.span().start, parent)?;
                if found == index || self.concepts[found].scheme != self.concepts[index].scheme {
                    return Err(lines.error(
                        entry.span().start,
                        format!("\"{parent}\" cannot be the parent of \"{}\"", self.concepts[index].id),
                    ));
                }
                self.concepts[index].parent = Some(found);
            }
        }
        for index in 0..self.concepts.len() {
            let concept = &self.concepts[index];
            let names: HashSet<String> = std::iter::once(concept.id.as_str())
                .chain(concept.labels.all())
                .chain(concept.also.iter().map(String::as_str))
                .map(name_key)
                .collect();
            for name in names {
                self.names.entry(name).or_default().push(index);
            }
        }
        Ok(())
    }

    fn read_terms(
        &mut self,
        lines: &Lines<'_>,
        entries: &[toml::Spanned<TermEntry>],
    ) -> Result<(), TaxonomyError> {
        let mut seen: HashSet<(Language, usize, String)> = HashSet::new();
        for entry in entries {
            let term = entry.get_ref();
            let at = entry.span().start;
            let concept = self.require(lines, at, &term.concept)?;
            let language = require_language(lines, at, &term.lang)?;
            let weights =
                [(Weight::Strong, &term.strong), (Weight::Medium, &term.medium), (Weight::Weak, &term.weak)];
            for (weight, list) in weights {
                for source in list {
                    let at = source.span().start;
                    let role = Role::Evidence { concept, weight, context: None };
                    let vocabulary = self.vocabulary_mut(language);
                    let pattern = vocabulary
                        .parse(source.get_ref(), role)
                        .map_err(|message| lines.error(at, message))?;
                    vocabulary.add(pattern);
                    if !seen.insert((language, concept, source.get_ref().to_lowercase())) {
                        return Err(lines.error(
                            at,
                            format!(
                                "\"{}\" stands twice for \"{}\" in {language}; remove one",
                                source.get_ref(),
                                term.concept
                            ),
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    fn read_contexts(
        &mut self,
        lines: &Lines<'_>,
        entries: &[toml::Spanned<ContextEntry>],
    ) -> Result<(), TaxonomyError> {
        for entry in entries {
            let rule = entry.get_ref();
            let at = entry.span().start;
            let concept = self.require(lines, at, &rule.concept)?;
            let language = require_language(lines, at, &rule.lang)?;
            if rule.near.is_empty() && rule.not_near.is_empty() {
                return Err(lines.error(
                    at,
                    format!(
                        "the context of \"{}\" has neither near nor not_near; write a plain [[term]] instead",
                        rule.text
                    ),
                ));
            }
            let vocabulary = self.vocabulary_mut(language);
            let mut company = |sources: &[String]| -> Result<Vec<Pattern>, TaxonomyError> {
                let role = || Role::Mask { hides: Vec::new() };
                let parse =
                    |source| vocabulary.parse(source, role()).map_err(|message| lines.error(at, message));
                sources.iter().map(String::as_str).map(parse).collect()
            };
            let context = Context { near: company(&rule.near)?, not_near: company(&rule.not_near)? };
            let number = vocabulary.add_context(context);
            let role = Role::Evidence { concept, weight: rule.weight, context: Some(number) };
            let pattern = vocabulary.parse(&rule.text, role).map_err(|message| lines.error(at, message))?;
            let context = vocabulary.context(number);
            for (text, expected, name) in
                [(&rule.example, true, "example"), (&rule.counter, false, "counter")]
            {
                if vocabulary.holds_in_some_sentence(&pattern, context, text) != expected {
                    let says = if expected { "does not count in" } else { "counts in" };
                    return Err(lines.error(
                        at,
                        format!(
                            "the term \"{}\" {says} its {name} \"{text}\"; mend the rule or the sentence",
                            rule.text
                        ),
                    ));
                }
            }
            vocabulary.add(pattern);
        }
        Ok(())
    }

    fn read_masks(
        &mut self,
        lines: &Lines<'_>,
        entries: &[toml::Spanned<MaskEntry>],
    ) -> Result<(), TaxonomyError> {
        for entry in entries {
            let mask = entry.get_ref();
            let at = entry.span().start;
            let language = require_language(lines, at, &mask.lang)?;
            if mask.hides.is_empty() {
                return Err(lines
                    .error(at, format!("the mask \"{}\" masks nothing: name concepts in hides", mask.text)));
            }
            let hides =
                mask.hides.iter().map(|id| self.require(lines, at, id)).collect::<Result<Vec<usize>, _>>()?;
            let role = Role::Mask { hides: hides.clone() };
            let vocabulary = self.vocabulary_mut(language);
            let pattern = vocabulary.parse(&mask.text, role).map_err(|message| lines.error(at, message))?;
            if !vocabulary.mask_hides_something(&pattern, &hides, &mask.example) {
                return Err(lines.error(
                    at,
                    format!(
                        "the mask \"{}\" masks nothing in its example \"{}\": no term of {} stands within it; \
                         remove the mask or mend the example",
                        mask.text,
                        mask.example,
                        mask.hides.join(", ")
                    ),
                ));
            }
            vocabulary.add(pattern);
        }
        Ok(())
    }

    fn vocabulary_mut(&mut self, language: Language) -> &mut Vocabulary {
        self.vocabularies.entry(language).or_insert_with(|| Vocabulary::new(language))
    }

    fn require(&self, lines: &Lines<'_>, at: usize, id: &str) -> Result<usize, TaxonomyError> {
        self.concept_index(id).ok_or_else(|| {
            let nearest =
                crate::suggest::nearest(id, self.concepts.iter().map(|concept| concept.id.as_str()));
            let hint = nearest.map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
            lines.error(at, format!("no [[concept]] has the id \"{id}\"{hint}"))
        })
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
    std::iter::once(token.text.clone()).chain(roots).collect()
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

/// Where the terms, masks and contexts of a taxonomy file begin.
fn terms_begin(text: &str) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if ["[[term]]", "[[mask]]", "[[context]]"].iter().any(|table| line.starts_with(table)) {
            return at;
        }
        at += line.len();
    }
    text.len()
}

fn fingerprint(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
}

/// Names are compared by their words: no case, accents, articles or punctuation.
fn name_key(name: &str) -> String {
    let tokens = tokenize(name);
    let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    if words.is_empty() { fold(name) } else { words.join(" ") }
}

fn check_id(lines: &Lines<'_>, at: usize, id: &str) -> Result<(), TaxonomyError> {
    let fine =
        !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fine {
        Ok(())
    } else {
        Err(lines.error(at, format!("\"{id}\" cannot be an id: use lower-case letters, digits and hyphens")))
    }
}

fn check_labels(lines: &Lines<'_>, at: usize, id: &str, labels: &Labels) -> Result<(), TaxonomyError> {
    if labels.all().iter().any(|label| label.trim().is_empty()) {
        return Err(lines.error(at, format!("\"{id}\" has an empty label; write it in all four languages")));
    }
    Ok(())
}

fn require_language(lines: &Lines<'_>, at: usize, code: &str) -> Result<Language, TaxonomyError> {
    Language::ANALYSED
        .into_iter()
        .find(|language| language.code() == code)
        .ok_or_else(|| lines.error(at, format!("\"{code}\" is none of the languages it, en, fr, es")))
}
