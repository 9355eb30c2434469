//! The taxonomy file: TOML as a person edits it, checked as a whole.
//!
//! `CONTRIBUTING.md` describes the file for its editors. What is wrong is refused with its line, since a term that
//! silently matches nothing is worse than an error.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::Deserialize;

use super::scheme::{Concept, Labels, Scheme, Taxonomy, Weight};
use super::terms::Terms;
use super::vocabulary::{Pattern, RoleRow};
use crate::document::Language;

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

/// The terms of all languages in the making, and the examples that are to be tried on them once they are whole.
struct Vocabularies {
    terms: HashMap<Language, Terms>,
    contexts: Vec<ContextCheck>,
    masks: Vec<MaskCheck>,
}

/// That a context holds in its example and does not in its counter-example.
struct ContextCheck {
    at: usize,
    language: Language,
    pattern: u32,
    context: u32,
    source: String,
    example: String,
    counter: String,
}

/// That a mask hides a term in its example.
struct MaskCheck {
    at: usize,
    language: Language,
    pattern: u32,
    hides: String,
    source: String,
    example: String,
}

impl Taxonomy {
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
        let schemes = read_schemes(&lines, &file.scheme)?;
        let concepts = read_concepts(&lines, &file.concept, &schemes)?;
        let mut taxonomy = Taxonomy::of(schemes, concepts, fingerprint(text));
        let terms = Language::ANALYSED.into_iter().map(|language| (language, Terms::new(language)));
        let mut vocabularies =
            Vocabularies { terms: terms.collect(), contexts: Vec::new(), masks: Vec::new() };
        taxonomy.read_terms(&lines, &file.term, &mut vocabularies)?;
        taxonomy.read_contexts(&lines, &file.context, &mut vocabularies)?;
        taxonomy.read_masks(&lines, &file.mask, &mut vocabularies)?;
        for (language, terms) in vocabularies.terms {
            taxonomy.vocabularies.insert(language, terms.finish());
        }
        vocabularies.contexts.iter().try_for_each(|check| taxonomy.try_context(&lines, check))?;
        vocabularies.masks.iter().try_for_each(|check| taxonomy.try_mask(&lines, check))?;
        Ok(taxonomy)
    }

    fn read_terms(
        &self,
        lines: &Lines<'_>,
        entries: &[toml::Spanned<TermEntry>],
        vocabularies: &mut Vocabularies,
    ) -> Result<(), TaxonomyError> {
        let mut seen: HashSet<(Language, usize, String)> = HashSet::new();
        for entry in entries {
            let term = entry.get_ref();
            let at = entry.span().start;
            let concept = self.require(lines, at, &term.concept)?;
            let language = require_language(lines, at, &term.lang)?;
            let terms = vocabularies.of(language);
            let weights =
                [(Weight::Strong, &term.strong), (Weight::Medium, &term.medium), (Weight::Weak, &term.weak)];
            for (weight, list) in weights {
                for source in list {
                    let at = source.span().start;
                    let role = RoleRow::Evidence { concept: concept as u32, weight, context: None };
                    let pattern =
                        terms.parse(source.get_ref(), role).map_err(|message| lines.error(at, message))?;
                    terms.add(pattern);
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
        &self,
        lines: &Lines<'_>,
        entries: &[toml::Spanned<ContextEntry>],
        vocabularies: &mut Vocabularies,
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
            let terms = vocabularies.of(language);
            let mut company = |sources: &[String]| -> Result<Vec<Pattern>, TaxonomyError> {
                // What company is for is never asked.
                let role = RoleRow::Evidence { concept: concept as u32, weight: rule.weight, context: None };
                let parse =
                    |source: &String| terms.parse(source, role).map_err(|message| lines.error(at, message));
                sources.iter().map(parse).collect()
            };
            let (near, not_near) = (company(&rule.near)?, company(&rule.not_near)?);
            let context = terms.add_context(&near, &not_near);
            let role =
                RoleRow::Evidence { concept: concept as u32, weight: rule.weight, context: Some(context) };
            let pattern = terms.parse(&rule.text, role).map_err(|message| lines.error(at, message))?;
            let pattern = terms.add(pattern);
            vocabularies.contexts.push(ContextCheck {
                at,
                language,
                pattern,
                context,
                source: rule.text.clone(),
                example: rule.example.clone(),
                counter: rule.counter.clone(),
            });
        }
        Ok(())
    }

    fn try_context(&self, lines: &Lines<'_>, check: &ContextCheck) -> Result<(), TaxonomyError> {
        let vocabulary = self.vocabulary(check.language);
        for (text, expected, name) in [(&check.example, true, "example"), (&check.counter, false, "counter")]
        {
            if vocabulary.holds_in_some_sentence(check.pattern, check.context as usize, text) != expected {
                let says = if expected { "does not count in" } else { "counts in" };
                return Err(lines.error(
                    check.at,
                    format!(
                        "the term \"{}\" {says} its {name} \"{text}\"; mend the rule or the sentence",
                        check.source
                    ),
                ));
            }
        }
        Ok(())
    }

    fn read_masks(
        &self,
        lines: &Lines<'_>,
        entries: &[toml::Spanned<MaskEntry>],
        vocabularies: &mut Vocabularies,
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
            let terms = vocabularies.of(language);
            let role = terms.mask_of(&hides);
            let pattern = terms.parse(&mask.text, role).map_err(|message| lines.error(at, message))?;
            let pattern = terms.add(pattern);
            vocabularies.masks.push(MaskCheck {
                at,
                language,
                pattern,
                hides: mask.hides.join(", "),
                source: mask.text.clone(),
                example: mask.example.clone(),
            });
        }
        Ok(())
    }

    fn try_mask(&self, lines: &Lines<'_>, check: &MaskCheck) -> Result<(), TaxonomyError> {
        if self.vocabulary(check.language).mask_hides_something(check.pattern, &check.example) {
            return Ok(());
        }
        Err(lines.error(
            check.at,
            format!(
                "the mask \"{}\" masks nothing in its example \"{}\": no term of {} stands within it; remove the \
                 mask or mend the example",
                check.source, check.example, check.hides
            ),
        ))
    }

    fn require(&self, lines: &Lines<'_>, at: usize, id: &str) -> Result<usize, TaxonomyError> {
        require(&self.concepts, lines, at, id)
    }
}

impl Vocabularies {
    fn of(&mut self, language: Language) -> &mut Terms {
        self.terms.entry(language).or_insert_with(|| Terms::new(language))
    }
}

fn read_schemes(
    lines: &Lines<'_>,
    entries: &[toml::Spanned<SchemeEntry>],
) -> Result<Vec<Scheme>, TaxonomyError> {
    let mut schemes: Vec<Scheme> = Vec::new();
    for entry in entries {
        let at = entry.span().start;
        let scheme = entry.get_ref();
        check_id(lines, at, &scheme.id)?;
        if schemes.iter().any(|other| other.id == scheme.id) {
            return Err(lines.error(at, format!("scheme \"{}\" stands twice", scheme.id)));
        }
        check_labels(lines, at, &scheme.id, &scheme.labels)?;
        schemes.push(Scheme { id: scheme.id.clone(), labels: scheme.labels.clone() });
    }
    if schemes.is_empty() {
        return Err(lines.error(0, "there is no [[scheme]]; a taxonomy needs one at least"));
    }
    Ok(schemes)
}

fn read_concepts(
    lines: &Lines<'_>,
    entries: &[toml::Spanned<ConceptEntry>],
    schemes: &[Scheme],
) -> Result<Vec<Concept>, TaxonomyError> {
    let mut concepts: Vec<Concept> = Vec::new();
    for entry in entries {
        let at = entry.span().start;
        let concept = entry.get_ref();
        check_id(lines, at, &concept.id)?;
        if concepts.iter().any(|other| other.id == concept.id) {
            return Err(lines.error(
                at,
                format!("concept \"{}\" stands twice; ids must be unique in the file", concept.id),
            ));
        }
        check_labels(lines, at, &concept.id, &concept.labels)?;
        let Some(scheme) = schemes.iter().position(|scheme| scheme.id == concept.scheme) else {
            return Err(lines.error(
                at,
                format!(
                    "concept \"{}\" is of scheme \"{}\", which no [[scheme]] defines",
                    concept.id, concept.scheme
                ),
            ));
        };
        concepts.push(Concept {
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
            let found = require(&concepts, lines, entry.span().start, parent)?;
            if found == index || concepts[found].scheme != concepts[index].scheme {
                return Err(lines.error(
                    entry.span().start,
                    format!("\"{parent}\" cannot be the parent of \"{}\"", concepts[index].id),
                ));
            }
            concepts[index].parent = Some(found);
        }
    }
    Ok(concepts)
}

/// The index of the concept with an id.
fn require(concepts: &[Concept], lines: &Lines<'_>, at: usize, id: &str) -> Result<usize, TaxonomyError> {
    concepts.iter().position(|concept| concept.id == id).ok_or_else(|| {
        let nearest = crate::suggest::nearest(id, concepts.iter().map(|concept| concept.id.as_str()));
        let hint = nearest.map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
        lines.error(at, format!("no [[concept]] has the id \"{id}\"{hint}"))
    })
}

fn fingerprint(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..16].to_owned()
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
