//! A concordance: every occurrence of a word or a run of words, with what stands before and after it (keyword in
//! context), and how often it occurs where.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::analysis::{Lexeme, Token, TokenKind, lexeme, siblings, tokenize};
use crate::document::Language;

use crate::engine::{DocumentInfo, Engine, EngineError, StoredPassage};
use crate::query::Filters;
use crate::query::plan::{Clause, Plan};
use crate::query::syntax::Occur;
use crate::search::{FORMAT_VERSION, FiltersShown};
use crate::taxonomy::Taxonomy;

/// How many neighbouring words decide the order of lines that are sorted by them.
const NEIGHBOURS: usize = 8;

/// What is looked for: one word or more, one after the other.
#[derive(Debug, Clone)]
pub struct Pattern {
    slots: Vec<Slot>,
    exact: bool,
}

#[derive(Debug, Clone)]
enum Slot {
    /// Words that begin so, folded.
    Prefix(String),
    /// One word.
    Word(Token),
}

impl Pattern {
    /// Reads what is looked for; nothing where there is no word in it. An asterisk at the end of a word stands for any
    /// ending. With `exact` other words meet in this very form only, otherwise in all forms of their lexemes.
    pub fn parse(text: &str, exact: bool) -> Option<Pattern> {
        let slots: Vec<Slot> = tokenize(text)
            .into_iter()
            .map(|token| {
                if text[token.end..].starts_with('*') {
                    Slot::Prefix(token.text.into_string())
                } else {
                    Slot::Word(token)
                }
            })
            .collect();
        (!slots.is_empty()).then_some(Pattern { slots, exact })
    }

    /// The words as they are looked for, folded.
    pub fn words(&self) -> Vec<&str> {
        self.slots
            .iter()
            .map(|slot| match slot {
                Slot::Prefix(text) => text.as_str(),
                Slot::Word(token) => token.text.as_str(),
            })
            .collect()
    }

    /// The plan that finds all passages in which it may occur.
    fn plan(&self, filters: Filters) -> Plan {
        let clauses = self
            .slots
            .iter()
            .map(|slot| {
                let clause = match slot {
                    Slot::Prefix(text) => Clause::Prefix(text.clone()),
                    Slot::Word(token) => {
                        let mut forms = vec![token.text.to_string()];
                        if !self.exact && token.kind == TokenKind::Word {
                            for language in Language::ANALYSED {
                                forms.extend(siblings(language, &token.text, token.accented));
                            }
                        }
                        forms.sort();
                        forms.dedup();
                        let form = |form| (Occur::Should, Clause::Phrase(vec![form]));
                        Clause::Bool(forms.into_iter().map(form).collect())
                    }
                };
                (Occur::Must, clause)
            })
            .collect();
        Plan::matching(clauses, filters)
    }

    /// Where it occurs in a text: the first and the last token of each place, places apart from each other.
    fn places(&self, tokens: &[Token], language: Language) -> Vec<(usize, usize)> {
        let own: Vec<Option<Lexeme>> = self
            .slots
            .iter()
            .map(|slot| match slot {
                Slot::Word(token) if !self.exact && token.kind == TokenKind::Word => {
                    Some(lexeme(language, &token.text, token.accented))
                }
                _ => None,
            })
            .collect();
        let meets = |slot: &Slot, own: &Option<Lexeme>, token: &Token| match slot {
            Slot::Prefix(prefix) => token.text.starts_with(prefix.as_str()),
            Slot::Word(word) => {
                word.text == token.text
                    || (token.kind == TokenKind::Word
                        && own
                            .as_ref()
                            .is_some_and(|own| lexeme(language, &token.text, token.accented).meets(own)))
            }
        };
        let length = self.slots.len();
        let mut places = Vec::new();
        let mut at = 0;
        while at + length <= tokens.len() {
            let stands = self
                .slots
                .iter()
                .zip(&own)
                .zip(&tokens[at..])
                .all(|((slot, own), token)| meets(slot, own, token));
            if stands {
                places.push((at, at + length - 1));
                at += length;
            } else {
                at += 1;
            }
        }
        places
    }
}

/// What the lines are ordered by; the last word is always the document, the passage and the place in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// The words before it, the nearest first.
    Left,
    /// The words after it.
    Right,
    /// The document.
    Document,
}

/// How a concordance is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// What it is limited to.
    pub filters: Filters,
    /// What the lines are ordered by.
    pub sort: Sort,
    /// How many lines are kept.
    pub limit: usize,
    /// How many code points of context there are at most on each side.
    pub context: usize,
    /// The language of labels.
    pub labels: Language,
}

/// All occurrences of a pattern.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Concordance {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// What was looked for, as it was typed.
    pub query: String,
    /// Whether only the very form counts.
    pub exact: bool,
    /// What the lines are ordered by.
    pub sort: Sort,
    /// What it is limited to.
    pub filters: FiltersShown,
    /// How many occurrences there are.
    pub total: usize,
    /// In how many passages.
    pub passages: usize,
    /// In how many documents.
    pub documents: usize,
    /// The first lines of the order asked for.
    pub lines: Vec<Line>,
    /// How often it occurs where; all occurrences count, whether their line is kept or not.
    pub counts: Counts,
}

/// One occurrence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The version of the JSON ([`FORMAT_VERSION`]), where it is printed on a line of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format_version: Option<u32>,
    /// The passage's id.
    pub passage: String,
    /// Its document.
    pub document: DocumentInfo,
    /// Its page.
    pub page: Option<u32>,
    /// The numbered paragraph of the document that it belongs to, such as `16 (c)`.
    #[serde(default)]
    pub paragraph: Option<String>,
    /// Its language.
    pub language: Language,
    /// What stands before it, in one line.
    pub left: String,
    /// The words themselves.
    pub keyword: String,
    /// What stands after it, in one line.
    pub right: String,
    /// Where the words begin in the passage's text, in Unicode code points.
    pub start: usize,
    /// Where they end.
    pub end: usize,
}

/// Numbers of occurrences, each list from the most to the fewest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// By form, in lower case.
    pub forms: Vec<Count>,
    /// By document; the label is its title.
    pub documents: Vec<Count>,
    /// By dimension of the passage.
    pub dimensions: Vec<Count>,
    /// By actor of the passage.
    pub actors: Vec<Count>,
    /// By tag of the passage, for every further scheme of the taxonomy, by the scheme's id.
    #[serde(default)]
    pub tags: BTreeMap<String, Vec<Count>>,
}

/// One number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// Of what: a form, or an id.
    pub id: String,
    /// What a reader calls it.
    pub label: String,
    /// How many occurrences.
    pub count: usize,
}

/// An occurrence on its way into the list, ordered by what the lines are ordered by.
struct Kept {
    key: (Vec<String>, String, u32, usize),
    line: Line,
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Kept {}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

/// Finds all occurrences of a pattern. Memory grows with the lines kept and the documents met, not with occurrences.
///
/// # Errors
/// An index that cannot be read.
pub fn concordance(
    engine: &dyn Engine,
    taxonomy: &Taxonomy,
    query: &str,
    pattern: &Pattern,
    options: &Options,
) -> Result<Concordance, EngineError> {
    let mut kept: BinaryHeap<Kept> = BinaryHeap::new();
    let (mut total, mut passages) = (0, 0);
    let mut forms: BTreeMap<String, usize> = BTreeMap::new();
    let mut documents: BTreeMap<String, (Option<String>, usize)> = BTreeMap::new();
    let mut tags: BTreeMap<String, usize> = BTreeMap::new();
    engine.each_match(&pattern.plan(options.filters.clone()), &mut |stored| {
        let text = &stored.passage.text;
        let tokens = tokenize(text);
        let places = pattern.places(&tokens, stored.passage.language);
        if places.is_empty() {
            return ControlFlow::Continue(());
        }
        total += places.len();
        passages += 1;
        documents
            .entry(stored.document.id.clone())
            .or_insert_with(|| (stored.document.title.clone(), 0))
            .1 += places.len();
        for (tag, _) in &stored.tags {
            *tags.entry(tag.clone()).or_default() += places.len();
        }
        for place in places {
            let keyword = one_line(&text[tokens[place.0].start..tokens[place.1].end]);
            *forms.entry(keyword.to_lowercase()).or_default() += 1;
            let key = (
                neighbours(&tokens, place, options.sort),
                stored.document.id.clone(),
                stored.passage.number,
                tokens[place.0].start,
            );
            let is_among_the_first =
                kept.len() < options.limit || kept.peek().is_some_and(|last| key < last.key);
            if is_among_the_first && options.limit > 0 {
                kept.push(Kept { key, line: line(&stored, &tokens, place, keyword, options.context) });
                if kept.len() > options.limit {
                    kept.pop();
                }
            }
        }
        ControlFlow::Continue(())
    })?;
    let mut schemes: BTreeMap<String, Vec<Count>> = BTreeMap::new();
    for (tag, count) in tags {
        let Some((scheme, id)) = tag.split_once(':') else {
            continue;
        };
        // A tag of another taxonomy than the one at hand keeps its id for a label.
        let concept = taxonomy.concept_index(id).map(|index| &taxonomy.concepts[index]);
        let label = concept.map_or(id, |concept| concept.labels.get(options.labels)).to_owned();
        schemes.entry(scheme.to_owned()).or_default().push(Count { id: id.to_owned(), label, count });
    }
    let mut of_scheme = |scheme: &str| most_first(schemes.remove(scheme).unwrap_or_default().into_iter());
    let (dimensions, actors) = (of_scheme("dimension"), of_scheme("actor"));
    let others = schemes.into_iter().map(|(scheme, counts)| (scheme, most_first(counts.into_iter())));
    Ok(Concordance {
        format_version: FORMAT_VERSION,
        query: query.to_owned(),
        exact: pattern.exact,
        sort: options.sort,
        filters: FiltersShown::from(&options.filters),
        total,
        passages,
        documents: documents.len(),
        counts: Counts {
            forms: most_first(forms.into_iter().map(|(form, count)| Count {
                id: form.clone(),
                label: form,
                count,
            })),
            dimensions,
            actors,
            tags: others.collect(),
            documents: most_first(documents.into_iter().map(|(id, (title, count))| Count {
                label: title.unwrap_or_else(|| id.clone()),
                id,
                count,
            })),
        },
        lines: kept.into_sorted_vec().into_iter().map(|kept| kept.line).collect(),
    })
}

fn most_first(counts: impl Iterator<Item = Count>) -> Vec<Count> {
    let mut counts: Vec<Count> = counts.collect();
    counts.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.id.cmp(&other.id)));
    counts
}

/// The folded words beside a place, the nearest first; none where lines are ordered by document.
fn neighbours(tokens: &[Token], (first, last): (usize, usize), sort: Sort) -> Vec<String> {
    let words = |tokens: &mut dyn Iterator<Item = &Token>| {
        tokens.take(NEIGHBOURS).map(|token| token.text.to_string()).collect()
    };
    match sort {
        Sort::Left => words(&mut tokens[..first].iter().rev()),
        Sort::Right => words(&mut tokens[last + 1..].iter()),
        Sort::Document => Vec::new(),
    }
}

fn line(
    stored: &StoredPassage,
    tokens: &[Token],
    (first, last): (usize, usize),
    keyword: String,
    context: usize,
) -> Line {
    let text = &stored.passage.text;
    let (start, end) = (tokens[first].start, tokens[last].end);
    let start_point = text[..start].chars().count();
    Line {
        format_version: None,
        passage: stored.id(),
        document: stored.document.clone(),
        page: stored.passage.page,
        paragraph: stored.passage.paragraph.clone(),
        language: stored.passage.language,
        left: before(&text[..start], context),
        right: after(&text[end..], context),
        keyword,
        start: start_point,
        end: start_point + text[start..end].chars().count(),
    }
}

/// The end of a text, from a word's beginning on, at most so many code points long. White space that parts it from
/// what follows is kept: `l'` stands against the word, `la` does not.
fn before(text: &str, length: usize) -> String {
    let gap = text.ends_with(char::is_whitespace);
    let text = one_line(text);
    let from = text.chars().count().saturating_sub(length);
    let cut: usize = text.chars().take(from).map(char::len_utf8).sum();
    let mut shown = &text[cut..];
    if cut > 0 && !text[..cut].ends_with(' ') {
        // Within a word: without what is left of it.
        shown = shown.split_once(' ').map_or("", |(_, rest)| rest);
    }
    let gap = if gap && !shown.is_empty() { " " } else { "" };
    format!("{shown}{gap}")
}

/// The beginning of a text, up to a word's end, at most so many code points long.
fn after(text: &str, length: usize) -> String {
    let gap = text.starts_with(char::is_whitespace);
    let text = one_line(text);
    let end: usize = text.chars().take(length).map(char::len_utf8).sum();
    let mut shown = &text[..end];
    if end < text.len() && !text[end..].starts_with(' ') {
        shown = shown.rsplit_once(' ').map_or("", |(rest, _)| rest);
    }
    let gap = if gap && !shown.is_empty() { " " } else { "" };
    format!("{gap}{shown}")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(query: &str, exact: bool, text: &str) -> Vec<String> {
        let tokens = tokenize(text);
        let pattern = Pattern::parse(query, exact).unwrap();
        let places = pattern.places(&tokens, Language::Italian);
        places.into_iter().map(|(a, b)| text[tokens[a].start..tokens[b].end].to_owned()).collect()
    }

    #[test]
    fn forms_of_the_lexeme_meet_and_others_do_not() {
        let text = "I comuni e la comunità: un Comune, dell'ente locale. Comunale.";
        assert_eq!(found("comune", false, text), ["comuni", "Comune"]);
        assert_eq!(found("comune", true, text), ["Comune"]);
        assert_eq!(found("comun*", true, text), ["comuni", "comunità", "Comune", "Comunale"]);
        assert_eq!(found("enti locali", false, text), ["ente locale"]);
        assert_eq!(found("enti locali", true, text), Vec::<String>::new());
        assert_eq!(found("dell'ente", false, text), ["ente"]);
        assert!(Pattern::parse(" ** \"", false).is_none());
    }

    #[test]
    fn places_do_not_overlap() {
        assert_eq!(found("a a", true, "a a a a a"), ["a a", "a a"]);
    }

    #[test]
    fn context_is_cut_between_words() {
        assert_eq!(before("uno due\ntre ", 8), "due tre ");
        assert_eq!(before("uno due tre ", 6), "tre ");
        assert_eq!(before("con l’", 3), "l’");
        assert_eq!(before("lunghissimo", 3), "");
        assert_eq!(after(", uno due", 5), ", uno");
        assert_eq!(after(" uno due", 5), " uno");
        assert_eq!(after(" uno due", 99), " uno due");
        assert_eq!((before("", 9), after("", 9)), (String::new(), String::new()));
    }

    proptest! {
        #[test]
        fn context_is_never_longer_than_asked(text in "\\PC{0,40}", length in 0usize..30) {
            // One more for the space that parts it from the word.
            prop_assert!(before(&text, length).chars().count() <= length + 1);
            prop_assert!(after(&text, length).chars().count() <= length + 1);
        }
    }
}
