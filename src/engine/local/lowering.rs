//! A request in tantivy's queries, and the words of the index that a prefix or a misspelt word stands for.

use std::collections::BTreeMap;
use std::ops::Bound;

use levenshtein_automata::{DFA, Distance, LevenshteinAutomatonBuilder, SINK_STATE};
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, EmptyQuery, Occur as EngineOccur, PhraseQuery,
    Query, RangeQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field as SchemaField, IndexRecordOption};
use tantivy::{Searcher, Term};

use super::Fields;
use super::excluded::Excluded;
use super::near::NearQuery;
use crate::engine::lowering::most_frequent;
use crate::engine::request::{Matcher, Request, Scoring};

impl Fields {
    /// A request as a query.
    pub(super) fn query(self, request: &Request<'_>) -> Box<dyn Query> {
        let should = |parts: &[Scoring<'_>]| {
            parts.iter().map(|part| (EngineOccur::Should, self.scoring(part))).collect::<Vec<_>>()
        };
        let scoring = should(&request.scoring);
        let union = |scoring: Vec<_>| -> Box<dyn Query> {
            if scoring.is_empty() { Box::new(EmptyQuery) } else { Box::new(BooleanQuery::new(scoring)) }
        };
        if request.is_plain() {
            return union(scoring);
        }
        let mut clauses = self.limiting(request);
        if request.must_score {
            clauses.push((EngineOccur::Must, union(scoring)));
        } else {
            clauses.extend(scoring);
        }
        among_all(clauses)
    }

    /// What a request says of a passage besides what scores.
    fn limiting(self, request: &Request<'_>) -> Vec<(EngineOccur, Box<dyn Query>)> {
        let must = request.must.iter().map(|part| (EngineOccur::Must, silent(self.matcher(part))));
        must.chain(request.must_not.iter().map(|part| (EngineOccur::MustNot, self.excluded(part)))).collect()
    }

    /// The passages that a request is limited to, if it is, whatever scores.
    pub(super) fn limits(self, request: &Request<'_>) -> Option<Box<dyn Query>> {
        let limiting = self.limiting(request);
        (!limiting.is_empty()).then(|| among_all(limiting))
    }

    /// The terms that score, where nothing else does.
    pub(super) fn scored_terms(self, request: &Request<'_>) -> Option<Vec<Term>> {
        let term = |part: &Scoring<'_>| match part {
            Scoring::Term(field, text, _) => Some(Term::from_field_text(self.of(*field), text)),
            Scoring::Token(token, _) => Some(self.filter_term(token)),
            Scoring::Match(_) => None,
        };
        request.scoring.iter().map(term).collect()
    }

    /// The terms of which a passage must have one to match, where that is all that is asked for.
    pub(super) fn union(self, request: &Request<'_>) -> Option<Vec<Term>> {
        self.scored_terms(request).filter(|_| request.is_plain())
    }

    fn scoring(self, part: &Scoring<'_>) -> Box<dyn Query> {
        match part {
            Scoring::Term(field, text, boost) => {
                let term = Term::from_field_text(self.of(*field), text);
                let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
                Box::new(BoostQuery::new(Box::new(query), *boost))
            }
            Scoring::Token(token, score) => {
                let query = TermQuery::new(self.filter_term(token), IndexRecordOption::Basic);
                Box::new(ConstScoreQuery::new(Box::new(query), *score))
            }
            Scoring::Match(matcher) => silent(self.matcher(matcher)),
        }
    }

    /// A query for what must not match.
    fn excluded(self, matcher: &Matcher<'_>) -> Box<dyn Query> {
        let query = self.matcher(matcher);
        match matcher {
            Matcher::Phrase(_) | Matcher::Bool(..) => Box::new(Excluded::new(query)),
            _ => query,
        }
    }

    /// A query for what matches; it does not score.
    fn matcher(self, matcher: &Matcher<'_>) -> Box<dyn Query> {
        let exact = |text: &str| Term::from_field_text(self.exact, text);
        let any_of = |terms: Vec<Term>| -> Box<dyn Query> {
            match <[Term; 1]>::try_from(terms) {
                Ok([term]) => Box::new(TermQuery::new(term, IndexRecordOption::Basic)),
                Err(terms) => Box::new(TermSetQuery::new(terms)),
            }
        };
        match matcher {
            Matcher::Terms(terms) => any_of(
                terms.iter().map(|(field, text)| Term::from_field_text(self.of(*field), text)).collect(),
            ),
            Matcher::Tokens(tokens) => any_of(tokens.iter().map(|token| self.filter_term(token)).collect()),
            Matcher::Phrase(forms) => {
                Box::new(PhraseQuery::new(forms.iter().map(|form| exact(form)).collect()))
            }
            Matcher::Near(words, distance) => {
                let forms = |forms: &Vec<&str>| forms.iter().map(|form| exact(form)).collect();
                Box::new(NearQuery::new(words.iter().map(forms).collect(), *distance))
            }
            Matcher::Since(day) => {
                let first = Term::from_field_u64(self.until, *day);
                Box::new(RangeQuery::new(Bound::Included(first), Bound::Unbounded))
            }
            Matcher::Until(day) => {
                let last = Term::from_field_u64(self.from, *day);
                Box::new(RangeQuery::new(Bound::Unbounded, Bound::Included(last)))
            }
            Matcher::Bool(must, should, must_not) => {
                let parts = [
                    (EngineOccur::Must, must),
                    (EngineOccur::Should, should),
                    (EngineOccur::MustNot, must_not),
                ];
                let mut clauses: Vec<(EngineOccur, Box<dyn Query>)> = Vec::new();
                for (occur, parts) in parts {
                    let query = |part| match occur {
                        EngineOccur::MustNot => self.excluded(part),
                        _ => self.matcher(part),
                    };
                    clauses.extend(parts.iter().map(|part| (occur, query(part))));
                }
                if must.is_empty() && should.is_empty() {
                    clauses.push((EngineOccur::Must, Box::new(AllQuery)));
                }
                Box::new(BooleanQuery::new(clauses))
            }
        }
    }
}

/// A query of all these clauses; where none of them must match, every passage does but those that must not.
fn among_all(mut clauses: Vec<(EngineOccur, Box<dyn Query>)>) -> Box<dyn Query> {
    if !clauses.iter().any(|(occur, _)| *occur == EngineOccur::Must) {
        clauses.push((EngineOccur::Must, silent(Box::new(AllQuery))));
    }
    Box::new(BooleanQuery::new(clauses))
}

/// A query that matches and does not score.
fn silent(query: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

/// The words that begin so, the most frequent ones.
pub(super) fn words_with_prefix(
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
    Ok(most_frequent(counts.into_iter().collect()))
}

/// The words within so many letters of one, the most frequent ones.
pub(super) fn words_near(
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
    Ok(most_frequent(counts.into_iter().collect()))
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
