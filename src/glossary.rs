//! Terms of the field in four languages, by which a query in one also finds passages in the others.
//!
//! The data is `corpus/glossary.toml`: entries with one to three terms a language. Unlike the taxonomy it says nothing
//! about passages; it only lends a query words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::analysis::fold::fold;
use crate::analysis::{Lexeme, Token, is_stop_word, lexeme, tokenize};
use crate::document::Language;
use crate::tables::{Reader, Writer};

/// The glossary that is built into the program.
pub const BUILT_IN: &str = include_str!("../corpus/glossary.toml");

/// How many letters of a word decide whether a term is looked at closely.
const FIRST_LETTERS: usize = 3;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    entry: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    it: Vec<String>,
    en: Vec<String>,
    fr: Vec<String>,
    es: Vec<String>,
}

impl Entry {
    fn languages(&self) -> [(Language, &[String]); 4] {
        [
            (Language::Italian, &self.it),
            (Language::English, &self.en),
            (Language::French, &self.fr),
            (Language::Spanish, &self.es),
        ]
    }
}

/// A term that says in another language what a query says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translation {
    /// The language of the term.
    pub language: Language,
    /// The term.
    pub term: String,
    /// The term that stands in the query, as the glossary writes it.
    pub source: String,
    /// The words of the query that it translates: from, to (excluded), as indices into its tokens.
    pub of: (usize, usize),
}

/// Terms in four languages.
#[derive(Debug, Default)]
pub struct Glossary {
    entries: Vec<Entry>,
    /// Made when first asked for.
    by_letters: OnceLock<ByLetters>,
}

/// The terms by the first letters of their words.
#[derive(Debug)]
struct ByLetters {
    /// The letters, sorted.
    keys: Vec<String>,
    /// By key, the places of the terms that have such a word, in order.
    places: Vec<Vec<u32>>,
}

/// Where a term stands in the glossary: its entry, its language and its place in that language's list, as one number.
fn place(entry: usize, language: usize, term: usize) -> u32 {
    ((entry * Language::ANALYSED.len() + language) * MOST_TERMS + term) as u32
}

/// What a place stands for: see [`place`].
fn of_place(place: u32) -> (usize, usize, usize) {
    let place = place as usize;
    let of_language = place / MOST_TERMS;
    (of_language / Language::ANALYSED.len(), of_language % Language::ANALYSED.len(), place % MOST_TERMS)
}

/// How many terms of one language an entry may have.
const MOST_TERMS: usize = 64;

impl Glossary {
    /// Reads a glossary.
    ///
    /// # Errors
    /// Bad TOML, an unknown key or a missing language, with its line; a list that is empty.
    pub fn parse(text: &str) -> Result<Glossary, String> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line =
                error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            format!("the glossary, line {line}: {}", error.message())
        })?;
        for entry in &file.entry {
            if entry.languages().iter().any(|(_, terms)| terms.iter().all(|term| term.trim().is_empty())) {
                return Err(format!("the glossary: a language of the entry {:?} has no term", entry.it));
            }
            if entry.languages().iter().any(|(_, terms)| terms.len() > MOST_TERMS) {
                return Err(format!(
                    "the glossary: a language of the entry {:?} has more than {MOST_TERMS} terms",
                    entry.it
                ));
            }
        }
        Ok(Glossary { entries: file.entry, by_letters: OnceLock::new() })
    }

    /// The entries and where their words stand as bytes, for [`Glossary::read`].
    pub fn tables(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.table(&[self.entries.len() as u32]);
        for (_, terms) in self.entries.iter().flat_map(Entry::languages) {
            out.texts(terms.iter().map(String::as_str));
        }
        let ByLetters { keys, places } = self.by_letters();
        out.texts(keys.iter().map(String::as_str));
        out.lists(places.iter().map(Vec::as_slice));
        out.bytes
    }

    /// Reads what [`Glossary::tables`] gave; nothing where the bytes end too soon.
    pub fn read(tables: &[u8]) -> Option<Glossary> {
        let mut from = Reader::new(tables);
        let entries = *from.table::<u32>()?.first()?;
        let entry =
            |_| Some(Entry { it: from.texts()?, en: from.texts()?, fr: from.texts()?, es: from.texts()? });
        let entries = (0..entries).map(entry).collect::<Option<_>>()?;
        let by_letters = ByLetters { keys: from.texts()?, places: from.lists()? };
        Some(Glossary { entries, by_letters: OnceLock::from(by_letters) })
    }

    fn by_letters(&self) -> &ByLetters {
        self.by_letters.get_or_init(|| by_letters(&self.entries))
    }

    /// What the terms that stand in a query are called in the other languages. The longest terms count.
    pub fn translations(&self, tokens: &[Token]) -> Vec<Translation> {
        // Most terms have no word of the query: only those that may have one are looked at.
        let by_letters = self.by_letters();
        let of_letters = |token: &Token| {
            let letters = first_letters(&token.text);
            by_letters.keys.binary_search_by(|key| key.as_str().cmp(letters)).ok()
        };
        let may_stand: BTreeSet<u32> =
            tokens.iter().filter_map(of_letters).flat_map(|at| &by_letters.places[at]).copied().collect();
        let mut found: Vec<Standing<'_>> = Vec::new();
        for (number, of_language, of_term) in may_stand.into_iter().map(of_place) {
            let entry = &self.entries[number];
            let (language, terms) = entry.languages()[of_language];
            let term = terms[of_term].as_str();
            let Some((from, to)) = place_of(term, language, tokens) else {
                continue;
            };
            match found.last_mut().filter(|last| last.number == number) {
                Some(last) => {
                    last.languages.push(language);
                    if to - from > last.at.1 - last.at.0 {
                        (last.at, last.term) = ((from, to), term);
                    }
                }
                None => {
                    found.push(Standing { number, entry, at: (from, to), term, languages: vec![language] })
                }
            }
        }
        let mut out = Vec::new();
        for Standing { entry, at, term: source, languages, .. } in &found {
            let is_part = found.iter().any(|other| {
                let (from, to) = other.at;
                from <= at.0 && at.1 <= to && to - from > at.1 - at.0
            });
            if is_part {
                continue;
            }
            for (language, terms) in entry.languages() {
                // The commonest term stands for all: each one more would count the same thing again.
                if let Some(term) = terms.first().filter(|_| !languages.contains(&language)) {
                    let (term, source) = (term.clone(), (*source).to_owned());
                    out.push(Translation { language, term, source, of: *at });
                }
            }
        }
        out
    }
}

/// An entry that stands in a query.
struct Standing<'g> {
    /// Which one, counted from 0.
    number: usize,
    entry: &'g Entry,
    /// Where: from, to (excluded), as indices into the query's tokens.
    at: (usize, usize),
    /// Its longest term that stands there.
    term: &'g str,
    /// The languages of all that do.
    languages: Vec<Language>,
}

fn first_letters(word: &str) -> &str {
    word.char_indices().nth(FIRST_LETTERS).map_or(word, |(end, _)| &word[..end])
}

fn by_letters(entries: &[Entry]) -> ByLetters {
    let mut found: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (number, entry) in entries.iter().enumerate() {
        for (of_language, (_, terms)) in entry.languages().into_iter().enumerate() {
            for (of_term, term) in terms.iter().enumerate() {
                let folded = fold(term);
                for word in folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
                    let places = found.entry(first_letters(word).to_owned()).or_default();
                    places.push(place(number, of_language, of_term));
                }
            }
        }
    }
    let (keys, places) = found.into_iter().unzip();
    ByLetters { keys, places }
}

/// Where a term stands among the tokens of a query, in any form. Small words within it need not be there.
fn place_of(term: &str, language: Language, tokens: &[Token]) -> Option<(usize, usize)> {
    let content = |token: &Token| !is_stop_word(language, &token.text);
    let asked: Vec<(String, Lexeme)> = tokenize(term)
        .into_iter()
        .filter(content)
        .map(|token| (token.text.to_string(), lexeme(language, &token.text, token.accented)))
        .collect();
    let given: Vec<(usize, &Token)> = tokens.iter().enumerate().filter(|(_, token)| content(token)).collect();
    given.windows(asked.len().max(1)).find_map(|window| {
        let stands = window.iter().zip(&asked).all(|((_, token), (form, asked))| {
            token.text == *form || lexeme(language, &token.text, token.accented).meets(asked)
        });
        (stands && !asked.is_empty()).then(|| (window[0].0, window[window.len() - 1].0 + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
[[entry]]
it = ["ricongiungimento familiare"]
en = ["family reunification"]
fr = ["regroupement familial"]
es = ["reagrupación familiar"]
[[entry]]
it = ["famiglia"]
en = ["family"]
fr = ["famille"]
es = ["familia"]
[[entry]]
it = ["tratta di persone", "tratta di esseri umani"]
en = ["trafficking in persons", "human trafficking"]
fr = ["traite des personnes"]
es = ["trata de personas"]
"#;

    fn terms(query: &str) -> Result<Vec<String>, String> {
        let glossary = Glossary::parse(TEXT)?;
        Ok(glossary.translations(&tokenize(query)).into_iter().map(|found| found.term).collect())
    }

    #[test]
    fn the_longest_terms_are_translated_in_any_form() -> Result<(), String> {
        let others = ["regroupement familial", "reagrupación familiar"];
        let found = terms("i ricongiungimenti familiari dei rifugiati")?;
        assert_eq!(found, ["family reunification", others[0], others[1]]);
        let found = terms("family reunification")?;
        assert_eq!(found, ["ricongiungimento familiare", others[0], others[1]]);
        assert_eq!(terms("la tratta delle persone")?.len(), 3);
        assert_eq!(terms("di cosa tratta il patto")?, Vec::<String>::new());
        assert_eq!(terms("")?, Vec::<String>::new());
        Ok(())
    }

    #[test]
    fn the_built_in_glossary_is_sound() -> Result<(), String> {
        let glossary = Glossary::parse(BUILT_IN)?;
        assert!(glossary.entries.len() >= 200);
        for at in 0..4 {
            let mut seen = std::collections::HashSet::new();
            for entry in &glossary.entries {
                for term in entry.languages()[at].1 {
                    assert!(!term.trim().is_empty(), "an empty term in {:?}", entry.it);
                    assert!(seen.insert(fold(term)), "\"{term}\" stands twice");
                }
            }
        }
        Ok(())
    }
}
