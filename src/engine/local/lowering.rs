//! A plan in tantivy's terms: what matches, what scores, and which words of the index a prefix stands for.

use std::collections::{BTreeMap, BTreeSet};

use levenshtein_automata::{DFA, Distance, LevenshteinAutomatonBuilder, SINK_STATE};
use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, EmptyQuery, Occur as EngineOccur, PhraseQuery, Query,
    RangeQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field as SchemaField, IndexRecordOption};
use tantivy::{Searcher, Term};

use super::Fields;
use crate::engine::near::NearQuery;
use crate::engine::rescore::{FirstPass, ScoredLeaf, Tier, idf};
use crate::query::plan::{Clause, Field, Leaf, Plan, Translated, WordPlan};
use crate::query::syntax::Occur;

/// How many terms a prefix or a fuzzy word stands for at most.
const MAX_EXPANSIONS: usize = 512;
/// How many of them, the most frequent ones, count for the ranking.
const SCORED_EXPANSIONS: usize = 24;

/// A plan in tantivy's terms.
pub(super) struct Lowered {
    pub(super) query: Box<dyn Query>,
    /// What the first pass asks for as long as it finds enough.
    pub(super) quick: Option<Box<dyn Query>>,
    /// The terms of which a passage must have one, where nothing else is asked for.
    pub(super) terms: Option<Vec<Term>>,
    pub(super) leaves: Vec<ScoredLeaf>,
}

/// A plan on its way.
pub(super) struct Lowering<'a> {
    pub(super) searcher: &'a Searcher,
    pub(super) fields: Fields,
    pub(super) plan: &'a Plan,
    pub(super) leaves: Vec<ScoredLeaf>,
}

impl Lowering<'_> {
    pub(super) fn lower(mut self) -> tantivy::Result<Lowered> {
        let scored_words = scored_words(&self.plan.clauses);
        for (index, word) in self.plan.words.iter().enumerate() {
            if scored_words.contains(&index) {
                for leaf in &word.leaves {
                    self.leaf(index, leaf);
                }
            }
        }
        for concept in &self.plan.concepts {
            self.leaves.push(ScoredLeaf::concept(
                Term::from_field_text(self.fields.tag, concept),
                concept.clone(),
                self.plan.weights.concept,
            ));
        }
        let mut must: Vec<Box<dyn Query>> = Vec::new();
        let mut must_not: Vec<Box<dyn Query>> = Vec::new();
        let mut any_should = !self.plan.concepts.is_empty();
        for (occur, clause) in &self.plan.clauses {
            let scores = *occur != Occur::MustNot;
            match occur {
                Occur::Must => must.push(self.matcher(clause, scores)?),
                Occur::MustNot => must_not.push(self.matcher(clause, scores)?),
                Occur::Should => {
                    any_should = true;
                    // Words are matched by their leaves; other parts have to be asked for.
                    if !matches!(clause, Clause::Word(_) | Clause::StrictWord(_)) {
                        let query = self.matcher(clause, scores)?;
                        self.leaves.push(ScoredLeaf::part(query));
                    }
                }
            }
        }
        let filters = self.filters();
        let should = |queries: Vec<Box<dyn Query>>| {
            queries.into_iter().map(|query| (EngineOccur::Should, query)).collect()
        };
        let FirstPass { all, quick, terms } = FirstPass::new(&self.leaves, self.searcher);
        let is_plain = must.is_empty() && must_not.is_empty() && filters.is_empty();
        let quick = quick
            .filter(|_| is_plain)
            .map(|queries| Box::new(BooleanQuery::new(should(queries))) as Box<dyn Query>);
        let terms = terms.filter(|_| is_plain);
        let scoring: Vec<(EngineOccur, Box<dyn Query>)> = should(all);
        if is_plain {
            let query: Box<dyn Query> = if !any_should {
                // Nothing was asked for at all.
                Box::new(EmptyQuery)
            } else if scoring.is_empty() {
                Box::new(EmptyQuery)
            } else {
                Box::new(BooleanQuery::new(scoring))
            };
            return Ok(Lowered { query, quick, terms, leaves: self.leaves });
        }
        let mut clauses: Vec<(EngineOccur, Box<dyn Query>)> = Vec::new();
        let must_match = must.is_empty() && any_should;
        for query in must.into_iter().chain(filters) {
            clauses.push((EngineOccur::Must, silent(query)));
        }
        for query in must_not {
            clauses.push((EngineOccur::MustNot, query));
        }
        if must_match {
            let query: Box<dyn Query> =
                if scoring.is_empty() { Box::new(EmptyQuery) } else { Box::new(BooleanQuery::new(scoring)) };
            clauses.push((EngineOccur::Must, query));
        } else {
            clauses.extend(scoring);
        }
        if !clauses.iter().any(|(occur, _)| *occur == EngineOccur::Must) {
            clauses.push((EngineOccur::Must, silent(Box::new(AllQuery))));
        }
        Ok(Lowered { query: Box::new(BooleanQuery::new(clauses)), quick, terms, leaves: self.leaves })
    }

    fn leaf(&mut self, word: usize, leaf: &Leaf) {
        let first = leaf.terms.first().map_or("", String::as_str);
        let by = match leaf.field {
            Field::Exact if leaf.terms.len() == 1 => "the word itself".to_owned(),
            Field::Exact => "a form of the word".to_owned(),
            Field::Stem => format!("the stem \"{first}\""),
            Field::Wide => format!("the family \"{first}\""),
            Field::Head => format!("the stem \"{first}\" in the title or a heading"),
        };
        let field = self.fields.of(leaf.field);
        let terms = leaf.terms.iter().map(|term| Term::from_field_text(field, term)).collect();
        // A word of several forms stands where any of them does; one without has its exact leaf for that.
        let has_positions = leaf.field == Field::Exact
            && (leaf.terms.len() > 1
                || !self.plan.words[word]
                    .leaves
                    .iter()
                    .any(|other| other.field == Field::Exact && other.terms.len() > 1));
        let WordPlan { typed, translates, .. } = &self.plan.words[word];
        let (mut by, mut boost) = (by, leaf.boost);
        if let Some(translated) = translates {
            by = format!("{by}, as in \"{}\"", self.plan.translations[translated.term]);
            boost *= self.share(translated) as f32;
        }
        let tier = match leaf.field {
            Field::Exact => Tier::Forms,
            Field::Stem => Tier::Stem,
            Field::Wide => Tier::Family,
            Field::Head => Tier::Other,
        };
        self.leaves.push(ScoredLeaf::terms(terms, boost, word, typed.clone(), by, has_positions, tier));
    }

    /// What a word of a translated term is multiplied by, so that the whole term is as rare as the words that it stands
    /// for: words of a language that has few passages are all rare, and would outweigh the query's own.
    fn share(&self, translated: &Translated) -> f64 {
        let rarity = |index: usize| {
            let leaves = self.plan.words[index].leaves.iter();
            // The forms of the lexeme, or the word itself where it has no other forms.
            let forms = leaves.filter(|leaf| leaf.field == Field::Exact).max_by_key(|leaf| leaf.terms.len());
            let term = |term: &String| Term::from_field_text(self.fields.exact, term);
            let counts = forms.into_iter().flat_map(|leaf| &leaf.terms).map(term);
            let counts = counts.map(|term| self.searcher.doc_freq(&term).unwrap_or(0));
            idf(counts.sum::<u64>().min(self.searcher.num_docs()), self.searcher.num_docs())
        };
        let own: f64 = translated.of.iter().map(|&index| rarity(index)).sum();
        let lent: f64 = (0..self.plan.words.len())
            .filter(|&index| {
                let other = self.plan.words[index].translates.as_ref();
                other.is_some_and(|other| other.term == translated.term)
            })
            .map(rarity)
            .sum();
        if lent > 0.0 { own / lent } else { 0.0 }
    }

    /// A query for what a clause matches; it does not score.
    fn matcher(&mut self, clause: &Clause, scores: bool) -> tantivy::Result<Box<dyn Query>> {
        Ok(match clause {
            Clause::Word(index) => self.word_matcher(*index, &[Field::Exact, Field::Stem]),
            // A part of a symbol, 73/195, stands for the whole: A/RES/73/195.
            Clause::StrictWord(index) if self.plan.words[*index].exact.contains('/') => {
                self.word_matcher(*index, &[Field::Exact, Field::Wide])
            }
            Clause::StrictWord(index) => self.word_matcher(*index, &[Field::Exact]),
            Clause::InHead(index) => {
                let stems = self.plan.words[*index].leaves.iter().filter(|leaf| leaf.field == Field::Stem);
                let terms = stems.flat_map(|leaf| &leaf.terms);
                Box::new(TermSetQuery::new(terms.map(|term| Term::from_field_text(self.fields.head, term))))
            }
            Clause::Phrase(forms) => match &forms[..] {
                [one] => self.exact_term(one),
                forms => {
                    let terms =
                        forms.iter().map(|form| Term::from_field_text(self.fields.exact, form)).collect();
                    Box::new(PhraseQuery::new(terms))
                }
            },
            Clause::Near(words, distance) => Box::new(NearQuery::new(
                words
                    .iter()
                    .map(|&index| {
                        self.plan.words[index]
                            .leaves
                            .iter()
                            .filter(|leaf| leaf.field == Field::Exact)
                            .flat_map(|leaf| &leaf.terms)
                            .map(|term| Term::from_field_text(self.fields.exact, term))
                            .collect()
                    })
                    .collect(),
                *distance,
            )),
            Clause::Prefix(prefix) => {
                let terms = expand_prefix(self.searcher, self.fields.exact, prefix)?;
                self.expansion(&format!("{prefix}*"), &terms, scores)
            }
            Clause::Fuzzy(word, distance) => {
                let terms = expand_fuzzy(self.searcher, self.fields.exact, word, *distance)?;
                self.expansion(&format!("{word}~"), &terms, scores)
            }
            Clause::Filter(token) => {
                Box::new(TermQuery::new(self.fields.filter_term(token), IndexRecordOption::Basic))
            }
            Clause::Bool(parts) => {
                let mut clauses: Vec<(EngineOccur, Box<dyn Query>)> = Vec::new();
                let any_must = parts.iter().any(|(occur, _)| *occur == Occur::Must);
                for (occur, part) in parts {
                    let scores = scores && *occur != Occur::MustNot;
                    let query = self.matcher(part, scores)?;
                    match occur {
                        Occur::Must => clauses.push((EngineOccur::Must, query)),
                        Occur::MustNot => clauses.push((EngineOccur::MustNot, query)),
                        Occur::Should if any_must => {}
                        Occur::Should => clauses.push((EngineOccur::Should, query)),
                    }
                }
                if clauses.iter().all(|(occur, _)| *occur == EngineOccur::MustNot) {
                    clauses.push((EngineOccur::Must, Box::new(AllQuery)));
                }
                Box::new(BooleanQuery::new(clauses))
            }
        })
    }

    fn exact_term(&self, form: &str) -> Box<dyn Query> {
        Box::new(TermQuery::new(Term::from_field_text(self.fields.exact, form), IndexRecordOption::Basic))
    }

    fn word_matcher(&self, index: usize, fields: &[Field]) -> Box<dyn Query> {
        let leaves = &self.plan.words[index].leaves;
        let terms_in = |wanted: &dyn Fn(Field) -> bool| -> Vec<Term> {
            leaves
                .iter()
                .filter(|leaf| wanted(leaf.field))
                .flat_map(|leaf| {
                    let field = self.fields.of(leaf.field);
                    leaf.terms.iter().map(move |term| Term::from_field_text(field, term))
                })
                .collect()
        };
        let mut terms = terms_in(&|field| fields.contains(&field));
        if terms.is_empty() {
            // A reference has no exact form of its own.
            terms = terms_in(&|_| true);
        }
        Box::new(TermSetQuery::new(terms))
    }

    /// The terms that a prefix or fuzzy word stands for; the most frequent ones also score.
    fn expansion(&mut self, typed: &str, terms: &[(String, u64)], scores: bool) -> Box<dyn Query> {
        if scores {
            for (term, _) in terms.iter().take(SCORED_EXPANSIONS) {
                self.leaves.push(ScoredLeaf::terms(
                    vec![Term::from_field_text(self.fields.exact, term)],
                    self.plan.weights.exact,
                    usize::MAX,
                    typed.to_owned(),
                    format!("the word \"{term}\""),
                    false,
                    Tier::Other,
                ));
            }
        }
        Box::new(TermSetQuery::new(
            terms.iter().map(|(term, _)| Term::from_field_text(self.fields.exact, term)),
        ))
    }

    pub(super) fn filters(&self) -> Vec<Box<dyn Query>> {
        let filters = &self.plan.filters;
        let mut out: Vec<Box<dyn Query>> = Vec::new();
        for tokens in filters.tokens() {
            out.push(Box::new(TermSetQuery::new(tokens.iter().map(|token| self.fields.filter_term(token)))));
        }
        use std::ops::Bound;
        if let Some(since) = filters.since {
            let first = Term::from_field_u64(self.fields.until, since.first_day());
            out.push(Box::new(RangeQuery::new(Bound::Included(first), Bound::Unbounded)));
        }
        if let Some(until) = filters.until {
            let last = Term::from_field_u64(self.fields.from, until.last_day());
            out.push(Box::new(RangeQuery::new(Bound::Unbounded, Bound::Included(last))));
        }
        out
    }
}

/// The words that count for the ranking: all but those that must not occur.
fn scored_words(clauses: &[(Occur, Clause)]) -> BTreeSet<usize> {
    let mut out = BTreeSet::new();
    for (occur, clause) in clauses {
        if *occur == Occur::MustNot {
            continue;
        }
        match clause {
            Clause::Word(index) | Clause::StrictWord(index) | Clause::InHead(index) => {
                out.insert(*index);
            }
            Clause::Near(words, _) => out.extend(words),
            Clause::Bool(parts) => out.extend(scored_words(parts)),
            Clause::Phrase(_) | Clause::Prefix(_) | Clause::Fuzzy(..) | Clause::Filter(_) => {}
        }
    }
    out
}

/// A query that matches and does not score.
fn silent(query: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

fn expand_prefix(
    searcher: &Searcher,
    field: SchemaField,
    prefix: &str,
) -> tantivy::Result<Vec<(String, u64)>> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(field)?;
        let mut stream = inverted.terms().range().ge(prefix.as_bytes()).into_stream()?;
        while stream.advance() {
            if !stream.key().starts_with(prefix.as_bytes()) {
                break;
            }
            if let Ok(term) = std::str::from_utf8(stream.key()) {
                *counts.entry(term.to_owned()).or_default() += u64::from(stream.value().doc_freq);
            }
        }
    }
    Ok(most_frequent(counts))
}

pub(super) fn expand_fuzzy(
    searcher: &Searcher,
    field: SchemaField,
    word: &str,
    distance: u8,
) -> tantivy::Result<Vec<(String, u64)>> {
    let automaton = Within(LevenshteinAutomatonBuilder::new(distance.min(2), true).build_dfa(word));
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(field)?;
        let mut stream = inverted.terms().search(&automaton).into_stream()?;
        while stream.advance() {
            if let Ok(term) = std::str::from_utf8(stream.key()) {
                *counts.entry(term.to_owned()).or_default() += u64::from(stream.value().doc_freq);
            }
        }
    }
    Ok(most_frequent(counts))
}

/// The words within a Levenshtein distance (Schulz and Mihov 2002), as the term dictionary asks for them.
struct Within(DFA);

impl tantivy_fst::Automaton for Within {
    type State = u32;

    fn start(&self) -> u32 {
        self.0.initial_state()
    }

    fn is_match(&self, state: &u32) -> bool {
        matches!(self.0.distance(*state), Distance::Exact(_))
    }

    fn can_match(&self, state: &u32) -> bool {
        *state != SINK_STATE
    }

    fn accept(&self, state: &u32, byte: u8) -> u32 {
        self.0.transition(*state, byte)
    }
}

fn most_frequent(counts: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut terms: Vec<(String, u64)> = counts.into_iter().collect();
    terms.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    terms.truncate(MAX_EXPANSIONS);
    terms
}
