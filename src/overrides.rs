//! Corrections of tags by hand: a file `overrides.toml` in a source, which every run applies anew.
//!
//! ```toml
//! [[override]]
//! id = "verbali/2019-03#4"                  # a passage, or a document: then all its passages
//! add = ["local-authorities", "globale"]    # ids or labels of concepts, in any language
//! remove = ["actor:states"]                 # with the scheme where a name has several
//! note = "the council acts, no ministry does"
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::tagger::{Evidence, Tag};
use crate::taxonomy::Taxonomy;

/// The name of the file.
pub const OVERRIDES_FILE: &str = "overrides.toml";

/// The rule that evidence names for a tag that was set by hand.
pub const BY_HAND: &str = "set by hand in overrides.toml";

/// What a file of corrections says, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "override")]
    entries: Vec<toml::Spanned<Entry>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
    /// For those who read the file.
    #[serde(default, rename = "note")]
    _note: String,
}

/// Which concepts a passage gets and loses, by their indices in the taxonomy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Correction {
    add: Vec<usize>,
    remove: Vec<usize>,
}

/// The corrections of all sources, by passage and by document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    by_id: BTreeMap<String, Correction>,
}

impl Overrides {
    /// Reads files of corrections, each with its name for messages.
    ///
    /// # Errors
    /// Bad TOML, an unknown key, a concept that the taxonomy does not have, an id that stands twice, an entry that
    /// changes nothing: with file, line and what to do.
    pub fn parse(files: &[(String, String)], taxonomy: &Taxonomy) -> Result<Overrides, String> {
        let mut overrides = Overrides::default();
        for (name, text) in files {
            let at = |offset: usize| {
                let line = text[..offset.min(text.len())].matches('\n').count() + 1;
                format!("{name}, line {line}")
            };
            let file: File = toml::from_str(text).map_err(|error| {
                format!("{}: {}", at(error.span().map_or(0, |span| span.start)), error.message())
            })?;
            for entry in file.entries {
                let at = at(entry.span().start);
                let Entry { id, add, remove, .. } = entry.into_inner();
                let concepts = |names: &[String]| -> Result<Vec<usize>, String> {
                    names.iter().map(|name| concept(taxonomy, name)).collect()
                };
                let correction = Correction {
                    add: concepts(&add).map_err(|error| format!("{at}: {error}"))?,
                    remove: concepts(&remove).map_err(|error| format!("{at}: {error}"))?,
                };
                if correction == Correction::default() {
                    return Err(format!("{at}: the entry for \"{id}\" has neither add nor remove"));
                }
                if let Some(both) = correction.add.iter().find(|concept| correction.remove.contains(concept))
                {
                    let concept = &taxonomy.concepts[*both].id;
                    return Err(format!("{at}: \"{concept}\" is both added to \"{id}\" and removed from it"));
                }
                if overrides.by_id.insert(id.clone(), correction).is_some() {
                    return Err(format!("{at}: \"{id}\" stands twice; put both into one entry"));
                }
            }
        }
        Ok(overrides)
    }

    /// Whether nothing is corrected.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The ids that are corrected, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.by_id.keys().map(String::as_str)
    }

    /// What the corrections say of one document, or of all: it changes where they do.
    pub fn fingerprint(&self, document: Option<&str>) -> String {
        let concerned: Vec<_> =
            self.by_id.iter().filter(|(id, _)| document.is_none_or(|document| is_in(id, document))).collect();
        if concerned.is_empty() { String::new() } else { format!("{concerned:?}") }
    }

    /// Corrects the tags of a passage: what is said of it comes after what is said of its document.
    pub fn apply(&self, taxonomy: &Taxonomy, document: &str, number: u32, tags: &mut Vec<Tag>) {
        if self.is_empty() {
            return;
        }
        for id in [document.to_owned(), format!("{document}#{number}")] {
            let Some(correction) = self.by_id.get(&id) else {
                continue;
            };
            tags.retain(|tag| !correction.remove.contains(&tag.concept));
            for &concept in &correction.add {
                tags.retain(|tag| tag.concept != concept);
                tags.push(Tag { concept, score: 1.0, evidence: vec![Evidence::whole(BY_HAND, 0.0)] });
            }
        }
        let scheme = |tag: &Tag| taxonomy.concepts[tag.concept].scheme;
        tags.sort_by(|one, other| scheme(one).cmp(&scheme(other)).then(other.score.total_cmp(&one.score)));
    }
}

/// Whether an id is that of a document or of one of its passages.
fn is_in(id: &str, document: &str) -> bool {
    id.strip_prefix(document).is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
}

/// The concept of a name: an id or a label, with the scheme before it where it is asked for.
fn concept(taxonomy: &Taxonomy, name: &str) -> Result<usize, String> {
    let (schemes, bare) = match name.split_once(':') {
        Some((scheme, bare)) => {
            let index = taxonomy.scheme_index(scheme.trim()).ok_or_else(|| {
                let known: Vec<&str> = taxonomy.schemes.iter().map(|scheme| scheme.id.as_str()).collect();
                format!("\"{scheme}\" is no scheme of the taxonomy; known are {}", known.join(", "))
            })?;
            (vec![index], bare)
        }
        None => ((0..taxonomy.schemes.len()).collect(), name),
    };
    let found: Vec<usize> = schemes.into_iter().filter_map(|scheme| taxonomy.by_name(scheme, bare)).collect();
    match found[..] {
        [concept] => Ok(concept),
        [] => {
            let names = (0..taxonomy.schemes.len()).flat_map(|scheme| taxonomy.names_of(scheme));
            let hint = crate::suggest::nearest(bare, names)
                .map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
            Err(format!("no concept is called \"{bare}\"{hint}"))
        }
        _ => {
            Err(format!("\"{bare}\" is a name in several schemes; write the scheme before it, actor:{bare}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Overrides, String> {
        let taxonomy = Taxonomy::built_in_outline().map_err(|error| error.to_string())?;
        Overrides::parse(&[("overrides.toml".to_owned(), text.to_owned())], &taxonomy)
    }

    #[test]
    fn passages_are_corrected_after_their_document() -> Result<(), String> {
        let taxonomy = Taxonomy::built_in_outline().map_err(|error| error.to_string())?;
        let overrides = parse(
            "[[override]]\nid = \"a/b\"\nadd = [\"states\"]\n\
             [[override]]\nid = \"a/b#2\"\nremove = [\"Stati\"]\nadd = [\"dimensione globale\"]\n",
        )?;
        let of = |document: &str, number: u32| -> Vec<String> {
            let iom = taxonomy.concept_index("iom").unwrap_or_default();
            let mut tags = vec![Tag { concept: iom, score: 0.6, evidence: Vec::new() }];
            overrides.apply(&taxonomy, document, number, &mut tags);
            tags.iter().map(|tag| taxonomy.concepts[tag.concept].id.clone()).collect()
        };
        assert_eq!(of("a/b", 1), ["states", "iom"]);
        assert_eq!(of("a/b", 2), ["global", "iom"]);
        assert_eq!(of("a/bc", 2), ["iom"]);
        assert_ne!(overrides.fingerprint(Some("a/b")), "");
        assert_eq!(overrides.fingerprint(Some("a")), "");
        Ok(())
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, says) in [
            (
                "[[override]]\nid = \"a\"\nadd = [\"statess\"]",
                "line 1: no concept is called \"statess\"; did you mean \"states\"",
            ),
            ("[[override]]\nid = \"a\"\n", "neither add nor remove"),
            ("[[override]]\nid = \"a\"\nplus = []\n", "line 3: unknown field `plus`"),
            ("[[override]]\nid = \"a\"\nadd = [\"iom\"]\nremove = [\"OIM\"]\n", "both added"),
            ("[[override]]\nid = \"a\"\nadd = [\"topic:iom\"]\n", "no scheme"),
            (
                "[[override]]\nid = \"a\"\nadd = [\"iom\"]\n[[override]]\nid = \"a\"\nadd = [\"iom\"]\n",
                "line 4: \"a\" stands twice",
            ),
        ] {
            let message = parse(text).expect_err(text);
            assert!(message.contains(says), "{message}");
        }
    }
}
