//! What documents speak of: for each concept of the taxonomy how many of their passages carry it and which one the
//! most surely, and what they never mention.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::document::Language;
use crate::engine::Engine;

use crate::filters::{FilterError, FilterNames};
use crate::query::plan::concept_token;
use crate::search::FORMAT_VERSION;
use crate::taxonomy::Taxonomy;

/// What several documents speak of, side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The documents, in the order asked for, each with the same schemes and concepts.
    pub documents: Vec<Covered>,
}

impl Coverage {
    /// Documents side by side.
    pub fn new(documents: Vec<Covered>) -> Coverage {
        Coverage { format_version: FORMAT_VERSION, documents }
    }
}

/// What a document speaks of, or all documents that go by one name, such as those of a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Covered {
    /// The name as it was asked for.
    pub name: String,
    /// The ids of the documents that it names, in order.
    pub documents: Vec<String>,
    /// The title, where it is one document and has one.
    pub title: Option<String>,
    /// How many passages there are.
    pub passages: u64,
    /// By scheme, in the order of the taxonomy or that asked for, what they speak of.
    pub schemes: Vec<SchemeCovered>,
}

/// The concepts of a scheme in a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SchemeCovered {
    /// The id of the scheme.
    pub scheme: String,
    /// Its label in the language asked for.
    pub label: String,
    /// All its concepts, in the order of the taxonomy, those that are never mentioned too.
    pub concepts: Vec<ConceptCovered>,
}

/// A concept in a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConceptCovered {
    /// Its id.
    pub id: String,
    /// Its label in the language asked for.
    pub label: String,
    /// How many passages carry it; 0 where it is never mentioned.
    pub passages: u64,
    /// Their share of all passages of the document, from 0 to 1, to four decimals.
    pub share: f64,
    /// The passage that carries it the most surely, the first of those with the same score.
    pub best: Option<Best>,
}

/// The passage that carries a concept the most surely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// Its id.
    pub passage: String,
    /// The score of the tag, from 0 to 1.
    pub score: f32,
    /// Its page.
    pub page: Option<u32>,
    /// What is printed on that page as its number, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_label: Option<String>,
    /// The numbered paragraph of the document that it belongs to, such as `16 (c)`.
    pub paragraph: Option<String>,
    /// Its text.
    pub text: String,
}

impl Covered {
    /// Reads the passages of the documents that go by `name`, as the filter for documents takes it, and counts their tags
    /// of the schemes, given by index.
    ///
    /// # Errors
    /// A name that no document has, with the nearest one; an index that cannot be read.
    pub fn read(
        engine: &dyn Engine,
        taxonomy: &Taxonomy,
        name: &str,
        schemes: &[usize],
        labels: Language,
    ) -> Result<Covered, FilterError> {
        let names = FilterNames { documents: vec![name.to_owned()], ..FilterNames::default() };
        let filters = names.resolve(taxonomy, engine)?;
        let mut found: BTreeMap<String, (u64, Best)> = BTreeMap::new();
        let mut documents: BTreeSet<String> = BTreeSet::new();
        let mut title = None;
        let mut passages = 0;
        engine.each_passage(&filters, &mut |stored| {
            passages += 1;
            for (tag, score) in &stored.tags {
                // Passages come in order, so that the first of equals stays.
                let best = || Best {
                    passage: stored.id(),
                    score: *score,
                    page: stored.passage.page,
                    page_label: stored.passage.page_label.clone(),
                    paragraph: stored.passage.paragraph.clone(),
                    text: stored.passage.text.clone(),
                };
                match found.get_mut(tag) {
                    Some((count, known)) => {
                        *count += 1;
                        if *score > known.score {
                            *known = best();
                        }
                    }
                    None => {
                        found.insert(tag.clone(), (1, best()));
                    }
                }
            }
            if !documents.contains(&stored.document.id) {
                documents.insert(stored.document.id);
                title = stored.document.title;
            }
            ControlFlow::Continue(())
        })?;
        let of_concept = |index: usize| {
            let concept = &taxonomy.concepts[index];
            let (count, best) = found.get(&concept_token(taxonomy, index)).cloned().unzip();
            let count = count.unwrap_or(0);
            ConceptCovered {
                id: concept.id.clone(),
                label: concept.labels.get(labels).to_owned(),
                passages: count,
                share: share(count, passages),
                best,
            }
        };
        let of_scheme = |&scheme: &usize| SchemeCovered {
            scheme: taxonomy.schemes[scheme].id.clone(),
            label: taxonomy.schemes[scheme].labels.get(labels).to_owned(),
            concepts: taxonomy.concepts_of(scheme).map(|(index, _)| of_concept(index)).collect(),
        };
        Ok(Covered {
            name: name.to_owned(),
            title: title.filter(|_| documents.len() == 1),
            documents: documents.into_iter().collect(),
            passages,
            schemes: schemes.iter().map(of_scheme).collect(),
        })
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 * 10_000.0 / whole as f64).round() / 10_000.0 }
}
