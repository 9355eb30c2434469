//! A question and its answer: the plan is made, the engine asked, and what it found dressed as the JSON that
//! scripts rely on (see `README.md`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::analysis::{Stemmers, is_stop_word, tokenize};
use crate::document::Language;

use crate::engine::{
    Attribute, Contribution, CrossCounts, DocumentInfo, Engine, EngineError, Hit, Page, StoredPassage, Unit,
};
use crate::glossary::Glossary;
use crate::overrides::BY_HAND;
use crate::query::plan::{Field, Filters, Plan, PlanOptions, Planner, Weights};
use crate::snippet::{Highlighter, Snippet};
use crate::tagger::{Evidence, Tagger};
use crate::taxonomy::Taxonomy;

/// The version of the JSON. A field may be added without changing it; none is renamed or removed.
pub const FORMAT_VERSION: u32 = 1;

/// How many passages are ranked at most: what is asked for beyond would take memory without an end.
pub const MAX_RANKED: usize = 100_000;
/// How many words of a query are corrected at most, the first ones.
const MAX_CORRECTED: usize = 16;
/// The longest word that is corrected, in characters.
const MAX_CORRECTED_CHARS: usize = 64;
/// How many words of a passage others like it are looked for by.
const TELLING_WORDS: usize = 25;

/// The answer to one query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The version of the JSON: [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The query's id in a batch.
    pub id: Option<String>,
    /// The query as it was typed.
    pub query: String,
    /// What it was limited to.
    pub filters: FiltersShown,
    /// How many passages match.
    pub total: usize,
    /// The query with its unknown words replaced by known ones, where there are such.
    pub suggestion: Option<String>,
    /// Whether the hits are those of the suggestion, because the query itself found nothing.
    pub corrected: bool,
    /// The concepts that the query names.
    pub concepts: Vec<String>,
    /// What terms of the query are called in other languages, by which passages in these are found too.
    #[serde(default)]
    pub translations: Vec<String>,
    /// Remarks on how the query was read.
    pub notes: Vec<String>,
    /// The hits asked for, best first.
    pub hits: Vec<AnswerHit>,
}

/// The filters of a query, as JSON shows them; what is not limited is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct FiltersShown {
    /// Tags, `scheme:id`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Languages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lang: Vec<Language>,
    /// Documents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub document: Vec<String>,
    /// Publishers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub publisher: Vec<String>,
    /// The first date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<crate::document::Date>,
    /// The last date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<crate::document::Date>,
}

impl From<&Filters> for FiltersShown {
    fn from(filters: &Filters) -> Self {
        FiltersShown {
            tags: filters.tags.clone(),
            lang: filters.languages.clone(),
            document: filters.documents.clone(),
            publisher: filters.publishers.clone(),
            since: filters.since,
            until: filters.until,
        }
    }
}

/// One hit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswerHit {
    /// The version of the JSON ([`FORMAT_VERSION`]), where the hit is printed on a line of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format_version: Option<u32>,
    /// Its rank, from 1.
    pub rank: usize,
    /// Its score, comparable within one query.
    pub score: f64,
    /// The passage's id.
    pub passage: String,
    /// Its document.
    pub document: DocumentInfo,
    /// The headings above it.
    pub headings: Vec<String>,
    /// Its page.
    pub page: Option<u32>,
    /// The numbered paragraph of the document that it belongs to, such as `16 (c)`.
    #[serde(default)]
    pub paragraph: Option<String>,
    /// What is printed on that page as its number, where it is another.
    #[serde(default)]
    pub page_label: Option<String>,
    /// Its language.
    pub language: Language,
    /// Its whole text.
    pub text: String,
    /// The part of it to show.
    pub snippet: SnippetShown,
    /// Its dimensions, the surest first.
    pub dimensions: Vec<TagShown>,
    /// Its actors, the surest first.
    pub actors: Vec<TagShown>,
    /// Its tags of every further scheme of the taxonomy, by the scheme's id.
    #[serde(default)]
    pub tags: BTreeMap<String, Vec<TagShown>>,
    /// What made up the score, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Vec<Contribution>>,
}

/// A passage by itself, with its tags and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PassageShown {
    /// The version of the JSON: [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Its id.
    pub passage: String,
    /// Its document.
    pub document: DocumentInfo,
    /// The headings above it.
    pub headings: Vec<String>,
    /// Its page.
    pub page: Option<u32>,
    /// What is printed on that page as its number, where it is another.
    #[serde(default)]
    pub page_label: Option<String>,
    /// The numbered paragraph of the document that it belongs to, such as `16 (c)`.
    #[serde(default)]
    pub paragraph: Option<String>,
    /// Its language.
    pub language: Language,
    /// Its whole text.
    pub text: String,
    /// Its dimensions, the surest first.
    pub dimensions: Vec<TagShown>,
    /// Its actors, the surest first.
    pub actors: Vec<TagShown>,
    /// Its tags of every further scheme of the taxonomy, by the scheme's id.
    #[serde(default)]
    pub tags: BTreeMap<String, Vec<TagShown>>,
}

impl PassageShown {
    /// A stored passage with its tags.
    pub fn new(stored: StoredPassage, tags: TagsShown) -> PassageShown {
        PassageShown {
            format_version: FORMAT_VERSION,
            passage: stored.id(),
            document: stored.document,
            headings: stored.passage.headings,
            page: stored.passage.page,
            page_label: stored.passage.page_label,
            paragraph: stored.passage.paragraph,
            language: stored.passage.language,
            text: stored.passage.text,
            dimensions: tags.dimensions,
            actors: tags.actors,
            tags: tags.others,
        }
    }
}

/// A text that was tagged without an index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TextTagged {
    /// The version of the JSON: [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Its id; the number of the paragraph or line where it has none.
    pub id: String,
    /// Its dimensions, the surest first.
    pub dimensions: Vec<ConceptFound>,
    /// Its actors, the surest first.
    pub actors: Vec<ConceptFound>,
    /// Its tags of every further scheme of the taxonomy, by the scheme's id.
    pub tags: BTreeMap<String, Vec<ConceptFound>>,
}

/// A concept found in a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConceptFound {
    /// Its id.
    pub id: String,
    /// How surely, from 0 to 1, to two decimals.
    pub score: f32,
    /// Why.
    pub evidence: Vec<Evidence>,
}

/// A part of a passage with the words found in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SnippetShown {
    /// The text.
    pub text: String,
    /// Where the words begin and end, in Unicode code points.
    pub highlights: Vec<(usize, usize)>,
}

/// A tag as JSON shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TagShown {
    /// The concept's id.
    pub id: String,
    /// Its label in the language asked for.
    pub label: String,
    /// How surely, from 0 to 1.
    pub score: f32,
    /// Why, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Vec<Evidence>>,
}

/// How a query is to be answered.
#[derive(Debug, Clone)]
pub struct Options {
    /// What it is limited to.
    pub filters: Filters,
    /// How many hits.
    pub limit: usize,
    /// How many to pass over.
    pub offset: usize,
    /// What is ranked.
    pub unit: Unit,
    /// Every word must occur.
    pub all: bool,
    /// The same text is listed each time.
    pub duplicates: bool,
    /// Scores and tags are explained.
    pub explain: bool,
    /// The language of labels.
    pub labels: Language,
    /// The weights of the ranking.
    pub weights: Weights,
    /// A concept that the query names also finds the passages tagged with it.
    pub concepts: bool,
    /// How many code points of a passage are shown.
    pub snippet_length: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            filters: Filters::default(),
            limit: 10,
            offset: 0,
            unit: Unit::Passage,
            all: false,
            duplicates: false,
            explain: false,
            labels: Language::Italian,
            weights: Weights::default(),
            concepts: true,
            snippet_length: crate::snippet::DEFAULT_LENGTH,
        }
    }
}

/// Answers queries. Made once and asked often.
pub struct Searcher<'a> {
    engine: &'a dyn Engine,
    taxonomy: &'a Taxonomy,
    planner: Planner<'a>,
    /// For marking words.
    stemmers: Stemmers,
    tagger: Option<Tagger<'a>>,
}

impl<'a> Searcher<'a> {
    /// A searcher over an open index.
    pub fn new(engine: &'a dyn Engine, taxonomy: &'a Taxonomy, glossary: &'a Glossary) -> Searcher<'a> {
        Searcher {
            engine,
            taxonomy,
            planner: Planner::new(taxonomy, glossary),
            stemmers: Stemmers::default(),
            tagger: None,
        }
    }

    /// Lets answers explain their tags.
    pub fn with_tagger(mut self, tagger: Tagger<'a>) -> Searcher<'a> {
        self.tagger = Some(tagger);
        self
    }

    /// Answers a query.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn answer(&mut self, query: &str, options: &Options) -> Result<Answer, EngineError> {
        let mut plan = self.plan(query, options);
        let page = page(options);
        let mut found = self.engine.search(&plan, page)?;
        let suggestion = self.suggestion(query, &plan)?;
        let mut corrected = false;
        if found.total == 0
            && let Some(other) = &suggestion
        {
            let second = self.plan(other, options);
            let better = self.engine.search(&second, page)?;
            if better.total > 0 {
                found = better;
                plan = second;
                corrected = true;
            }
        }
        plan.notes.extend(end_of_ranking(options, found.total));
        let hits = self.hits(&plan, found.hits, options);
        Ok(Answer {
            format_version: FORMAT_VERSION,
            id: None,
            query: query.to_owned(),
            filters: FiltersShown::from(&options.filters),
            total: found.total,
            suggestion,
            corrected,
            concepts: plan.concepts.iter().map(|name| concept_id(name).to_owned()).collect(),
            translations: plan.translations,
            notes: plan.notes,
            hits,
        })
    }

    /// Finds passages like one that the index holds: those that share its most telling words.
    ///
    /// The words are chosen by their frequency in the passage times their rarity in the index, as Lucene's
    /// MoreLikeThis does; the passage itself is left out.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn like(&mut self, stored: &StoredPassage, options: &Options) -> Result<Answer, EngineError> {
        let words = self.telling_words(stored)?;
        let inner = Options {
            limit: options.offset.saturating_add(options.limit).saturating_add(1),
            offset: 0,
            concepts: false,
            ..options.clone()
        };
        let mut answer = self.answer(&words.join(" "), &inner)?;
        let id = stored.id();
        let before = answer.hits.len();
        answer.hits.retain(|hit| hit.passage != id);
        answer.total -= before - answer.hits.len();
        answer.hits = answer.hits.into_iter().skip(options.offset).take(options.limit).collect();
        for (at, hit) in answer.hits.iter_mut().enumerate() {
            hit.rank = options.offset + at + 1;
        }
        answer.query = format!("like {id}");
        answer.suggestion = None;
        Ok(answer)
    }

    fn telling_words(&self, stored: &StoredPassage) -> Result<Vec<String>, EngineError> {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for token in tokenize(&stored.passage.text) {
            if token.text.len() > 2 && !is_stop_word(stored.passage.language, &token.text) {
                *counts.entry(token.text.into_string()).or_default() += 1;
            }
        }
        let all = self.engine.info().passages as f64;
        let mut weighed = Vec::with_capacity(counts.len());
        for (word, count) in counts {
            let frequency = self.engine.frequency(Field::Exact, &word)? as f64;
            weighed.push((count as f64 * (1.0 + all / (1.0 + frequency)).ln(), word));
        }
        weighed.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        Ok(weighed.into_iter().take(TELLING_WORDS).map(|(_, word)| word).collect())
    }

    /// Counts the passages that answer a query, or all under the filters, by the filter tokens of rows and columns.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn cross_counts(
        &mut self,
        query: Option<&str>,
        options: &Options,
        rows: &[String],
        columns: &[String],
    ) -> Result<CrossCounts, EngineError> {
        let plan = self.plan_or_everything(query, options);
        self.engine.cross_counts(&plan, rows, columns)
    }

    /// Counts the passages that answer a query, or all under the filters, by their value of an attribute; those without
    /// one under nothing.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn value_counts(
        &mut self,
        query: Option<&str>,
        options: &Options,
        attribute: Attribute,
    ) -> Result<BTreeMap<Option<String>, u64>, EngineError> {
        let plan = self.plan_or_everything(query, options);
        self.engine.value_counts(&plan, attribute)
    }

    /// The index that is asked.
    pub fn engine(&self) -> &'a dyn Engine {
        self.engine
    }

    fn plan_or_everything(&mut self, query: Option<&str>, options: &Options) -> Plan {
        match query {
            Some(query) => self.plan(query, options),
            None => Plan::everything(options.filters.clone()),
        }
    }

    fn plan(&mut self, query: &str, options: &Options) -> Plan {
        self.planner.plan(
            query,
            PlanOptions {
                all: options.all,
                filters: options.filters.clone(),
                weights: options.weights,
                concepts: options.concepts && !options.all,
            },
        )
    }

    /// Only the ids of the hits of [`Searcher::answer`] (document and passage number), for measuring.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn ranked(&mut self, query: &str, options: &Options) -> Result<Vec<(String, u64)>, EngineError> {
        let plan = self.plan(query, options);
        let page = Page { explain: false, count: false, ..page(options) };
        let mut ids = self.engine.search_ids(&plan, page)?;
        if ids.is_empty()
            && let Some(other) = self.suggestion(query, &plan)?
        {
            let second = self.plan(&other, options);
            ids = self.engine.search_ids(&second, page)?;
        }
        Ok(ids.into_iter().map(|(document, number, _)| (document, number)).collect())
    }

    fn hits(&mut self, plan: &Plan, hits: Vec<Hit>, options: &Options) -> Vec<AnswerHit> {
        let mut highlighter = Highlighter::new(plan, &mut self.stemmers);
        hits.into_iter()
            .enumerate()
            .map(|(at, hit)| {
                let Snippet { text, highlights, .. } = highlighter.snippet(
                    &hit.stored.passage.text,
                    hit.stored.passage.language,
                    options.snippet_length,
                );
                let mut tags = TagsShown::of(self.taxonomy, &hit.stored, options.labels);
                if let Some(tagger) = self.tagger.as_mut().filter(|_| options.explain) {
                    tags.explain(self.taxonomy, tagger, &hit.stored);
                }
                AnswerHit {
                    format_version: None,
                    rank: options.offset + at + 1,
                    score: round(hit.score),
                    passage: hit.stored.id(),
                    dimensions: tags.dimensions,
                    actors: tags.actors,
                    tags: tags.others,
                    document: hit.stored.document,
                    headings: hit.stored.passage.headings,
                    page: hit.stored.passage.page,
                    paragraph: hit.stored.passage.paragraph,
                    page_label: hit.stored.passage.page_label,
                    language: hit.stored.passage.language,
                    text: hit.stored.passage.text,
                    snippet: SnippetShown { text, highlights },
                    explanation: options.explain.then_some(hit.contributions),
                }
            })
            .collect()
    }

    /// The query with each word that the index does not know replaced by the likeliest one that it does.
    fn suggestion(&self, query: &str, plan: &Plan) -> Result<Option<String>, EngineError> {
        let mut out = String::new();
        let mut last = 0;
        let mut replaced = false;
        let mut corrections = MAX_CORRECTED;
        for token in tokenize(query) {
            let Some(word) = plan.words.iter().find(|word| word.exact == token.text) else {
                continue;
            };
            let right_length = (4..=MAX_CORRECTED_CHARS).contains(&token.text.chars().count());
            let plain = token.text.chars().all(char::is_alphabetic);
            if !right_length || !plain || self.is_known(word)? {
                continue;
            }
            if corrections == 0 {
                break;
            }
            corrections -= 1;
            if let Some(better) = self.nearest_word(&token.text)? {
                out.push_str(&query[last..token.start]);
                out.push_str(&better);
                last = token.end;
                replaced = true;
            }
        }
        out.push_str(&query[last..]);
        Ok(replaced.then_some(out))
    }

    /// Whether any passage has the word in one of its forms, or a word with its stem.
    fn is_known(&self, word: &crate::query::plan::WordPlan) -> Result<bool, EngineError> {
        for leaf in word.leaves.iter().filter(|leaf| matches!(leaf.field, Field::Exact | Field::Stem)) {
            for term in &leaf.terms {
                if self.engine.frequency(leaf.field, term)? > 0 {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The known word nearest to one that is not; of equally near ones the most frequent.
    fn nearest_word(&self, word: &str) -> Result<Option<String>, EngineError> {
        let distance = if word.chars().count() < 6 { 1 } else { 2 };
        let best = self
            .engine
            .near_words(word, distance)?
            .into_iter()
            .filter(|(other, _)| other.chars().all(char::is_alphabetic))
            .min_by_key(|(other, count)| {
                let same_start = other.chars().next() == word.chars().next();
                (crate::suggest::distance(word, other), !same_start, std::cmp::Reverse(*count), other.clone())
            });
        let Some((found, _)) = best else {
            return Ok(None);
        };
        // The index knows folded forms; the reader is shown the word as a passage writes it.
        Ok(Some(self.as_written(&found)?))
    }

    fn as_written(&self, folded: &str) -> Result<String, EngineError> {
        let phrase = crate::query::plan::Clause::Phrase(vec![folded.to_owned()]);
        let plan = Plan::matching(vec![(crate::query::syntax::Occur::Must, phrase)], Filters::default());
        let mut page = Page::first(1);
        page.count = false;
        let found = self.engine.search(&plan, page)?;
        let written = found.hits.first().and_then(|hit| {
            let text = &hit.stored.passage.text;
            tokenize(text)
                .into_iter()
                .find(|token| token.text == folded)
                .map(|token| text[token.start..token.end].to_lowercase())
        });
        Ok(written.unwrap_or_else(|| folded.to_owned()))
    }
}

/// The part of the ranked list that these options ask for, as far as it is ranked.
fn page(options: &Options) -> Page {
    let offset = options.offset.min(MAX_RANKED);
    Page {
        limit: options.limit.min(MAX_RANKED - offset),
        offset,
        unit: options.unit,
        duplicates: options.duplicates,
        explain: options.explain,
        count: true,
    }
}

/// What is said where more is asked for than is ranked, and there is more.
fn end_of_ranking(options: &Options, total: usize) -> Option<String> {
    let last = options.offset.saturating_add(options.limit);
    (last > MAX_RANKED && total > MAX_RANKED)
        .then(|| format!("only the best {MAX_RANKED} passages are ranked; export writes all"))
}

/// Scores are shown, and compared by scripts, to six decimals; what is beyond depends on the machine.
fn round(score: f64) -> f64 {
    (score * 1e6).round() / 1e6
}

fn concept_id(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, id)| id)
}

/// The tags of a passage by scheme, as JSON shows them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TagsShown {
    /// Dimensions.
    pub dimensions: Vec<TagShown>,
    /// Actors.
    pub actors: Vec<TagShown>,
    /// Those of every further scheme, by its id.
    pub others: BTreeMap<String, Vec<TagShown>>,
}

impl TagsShown {
    /// The tags that the index holds of a passage, with their labels.
    pub fn of(taxonomy: &Taxonomy, stored: &StoredPassage, labels: Language) -> TagsShown {
        let mut shown = TagsShown::default();
        for (name, score) in &stored.tags {
            let Some((scheme, id)) = name.split_once(':') else {
                continue;
            };
            // A tag of another taxonomy than the one at hand keeps its id for a label.
            let label =
                taxonomy.concept_index(id).map_or(id, |index| taxonomy.concepts[index].labels.get(labels));
            let tag = TagShown { id: id.to_owned(), label: label.to_owned(), score: *score, evidence: None };
            shown.of_scheme(scheme).push(tag);
        }
        shown
    }

    /// The list of a scheme, by its id.
    pub fn of_scheme(&mut self, scheme: &str) -> &mut Vec<TagShown> {
        match scheme {
            "dimension" => &mut self.dimensions,
            "actor" => &mut self.actors,
            other => self.others.entry(other.to_owned()).or_default(),
        }
    }

    /// All tags, scheme by scheme.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut TagShown> {
        self.dimensions.iter_mut().chain(&mut self.actors).chain(self.others.values_mut().flatten())
    }

    /// Adds the reasons of each tag, found by tagging the passage once more.
    pub fn explain(&mut self, taxonomy: &Taxonomy, tagger: &mut Tagger<'_>, stored: &StoredPassage) {
        let passage = &stored.passage;
        let found = tagger.tag(&passage.text, &passage.headings, passage.language, true);
        for tag in self.all_mut() {
            let of_tag = taxonomy
                .concept_index(&tag.id)
                .and_then(|index| found.iter().find(|other| other.concept == index))
                .map(|other| other.evidence.clone());
            // What the tagger does not give was given by hand: then it is as sure as can be.
            let by_hand = || (tag.score == 1.0).then(|| vec![Evidence::whole(BY_HAND, 0.0)]);
            tag.evidence = of_tag.or_else(by_hand);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ranked_is_said_where_it_is_asked_for() {
        let asked = |limit, offset, total| {
            let options = Options { limit, offset, ..Options::default() };
            let Page { limit, offset, .. } = page(&options);
            assert!(offset + limit <= MAX_RANKED);
            end_of_ranking(&options, total).is_some()
        };
        assert!(!asked(10, 0, 1_000_000));
        assert!(!asked(usize::MAX, usize::MAX, 1_000));
        assert!(asked(usize::MAX, 0, MAX_RANKED + 1));
        assert!(asked(10, MAX_RANKED - 5, 1_000_000));
        assert!(asked(1, usize::MAX, 1_000_000));
    }
}
