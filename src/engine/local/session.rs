//! One search of the local index: what ranking asks of an engine, answered from postings and columns.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use tantivy::collector::{Collector, Count, SegmentCollector, TopDocs};
use tantivy::postings::{Postings, SegmentPostings, TermInfo};
use tantivy::query::{Bm25StatisticsProvider, Bm25Weight, EnableScoring};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocSet, Searcher, SegmentReader, TERMINATED, Term};

use super::counts::{count_union, matches};
use super::lowering::{words_near, words_with_prefix};
use super::top::{Best, List, Weight};
use super::{Columns, LocalEngine};
use crate::engine::lowering::KnownTerm;
use crate::engine::ranking::{Backend, Occurrences};
use crate::engine::request::{Request, Scoring};
use crate::engine::{EngineError, StoredPassage};
use crate::query::plan::Field;

/// How many times as many passages are read to find all that have the same score, before every one is looked at.
const TIES: usize = 8;

/// The index as one search sees it.
pub(super) struct Session<'e> {
    pub(super) engine: &'e LocalEngine,
    pub(super) searcher: Searcher,
    /// Where the terms that were asked for stand in each segment: looked up once a search.
    places: RefCell<HashMap<Term, Rc<[Option<TermInfo>]>>>,
}

impl<'e> Session<'e> {
    pub(super) fn new(engine: &'e LocalEngine, searcher: Searcher) -> Session<'e> {
        Session { engine, searcher, places: RefCell::default() }
    }

    /// Where a term stands in each segment.
    fn places(&self, term: &Term) -> tantivy::Result<Rc<[Option<TermInfo>]>> {
        if let Some(known) = self.places.borrow().get(term) {
            return Ok(Rc::clone(known));
        }
        let segments = self.searcher.segment_readers().iter();
        let places: Rc<[Option<TermInfo>]> = segments
            .map(|segment| Ok(segment.inverted_index(term.field())?.get_term_info(term)?))
            .collect::<tantivy::Result<_>>()?;
        self.places.borrow_mut().insert(term.clone(), Rc::clone(&places));
        Ok(places)
    }

    /// How many passages have a term.
    fn count_of(&self, term: &Term) -> tantivy::Result<u64> {
        Ok(self.places(term)?.iter().flatten().map(|place| u64::from(place.doc_freq)).sum())
    }

    fn columns(&self, address: DocAddress) -> &Columns {
        &self.engine.columns[address.segment_ord as usize]
    }

    fn checked<T>(&self, result: tantivy::Result<T>) -> Result<T, EngineError> {
        result.map_err(|error| self.engine.error(error))
    }

    fn each_occurrence(
        &self,
        candidates: &[Vec<(u32, usize)>],
        field: Field,
        terms: &[KnownTerm<'_>],
        positions: bool,
        each: &mut dyn FnMut(usize, Occurrences<'_>),
    ) -> tantivy::Result<()> {
        let field = self.engine.fields.of(field);
        let option =
            if positions { IndexRecordOption::WithFreqsAndPositions } else { IndexRecordOption::WithFreqs };
        let terms: Vec<(bool, Term)> = terms
            .iter()
            .enumerate()
            .filter(|(_, term)| term.frequency > 0)
            .map(|(at, term)| (at == 0, Term::from_field_text(field, &term.text)))
            .collect();
        for (number, passages) in candidates.iter().enumerate().filter(|(_, passages)| !passages.is_empty()) {
            // By candidate: how often, how often the first of the terms, and where.
            let mut counts = vec![(0, 0); passages.len()];
            let mut places = vec![Vec::new(); if positions { passages.len() } else { 0 }];
            let mut found = Vec::new();
            for (is_first, term) in &terms {
                self.each_posting(number, term, option, passages, |candidate, postings| {
                    let (count, first) = &mut counts[candidate];
                    *count += postings.term_freq();
                    if *is_first {
                        *first = postings.term_freq();
                    }
                    if positions {
                        postings.positions(&mut found);
                        places[candidate].extend(&found);
                    }
                })?;
            }
            if counts.iter().all(|&(count, _)| count == 0) {
                continue;
            }
            let norms = self.searcher.segment_reader(number as u32).get_fieldnorms_reader(field)?;
            for (candidate, (&(doc, at), &(count, first))) in passages.iter().zip(&counts).enumerate() {
                if count > 0 {
                    let positions = places.get(candidate).map_or(&[][..], Vec::as_slice);
                    each(at, Occurrences { length: norms.fieldnorm(doc), count, first, positions });
                }
            }
        }
        Ok(())
    }

    /// Hands over, of some passages of a segment, in their order, the place of each that has a term, at its posting.
    fn each_posting(
        &self,
        segment: usize,
        term: &Term,
        option: IndexRecordOption,
        passages: &[(u32, usize)],
        mut each: impl FnMut(usize, &mut SegmentPostings),
    ) -> tantivy::Result<()> {
        let places = self.places(term)?;
        let Some(place) = &places[segment] else {
            return Ok(());
        };
        let inverted = self.searcher.segment_reader(segment as u32).inverted_index(term.field())?;
        let mut postings = inverted.read_postings_from_terminfo(place, option)?;
        for (candidate, &(doc, _)) in passages.iter().enumerate() {
            if postings.doc() < doc && postings.seek(doc) == TERMINATED {
                break;
            }
            if postings.doc() == doc {
                each(candidate, &mut postings);
            }
        }
        Ok(())
    }

    /// The best passages by a request that nothing but terms score, two or more; nothing for any other. tantivy does as well
    /// with one term.
    fn best_by_terms(
        &self,
        request: &Request<'_>,
        limit: usize,
    ) -> tantivy::Result<Option<Vec<(f32, DocAddress)>>> {
        let fields = self.engine.fields;
        let is_positive = |part: &Scoring<'_>| match part {
            Scoring::Term(_, _, score) | Scoring::Token(_, score) => *score > 0.0,
            Scoring::Match(_) => false,
        };
        let may_be_added_up = request.must_score && request.scoring.iter().all(is_positive);
        let Some(terms) = fields.scored_terms(request).filter(|terms| may_be_added_up && terms.len() > 1)
        else {
            return Ok(None);
        };
        let passages = self.searcher.total_num_docs()?;
        let limits = fields.limits(request);
        let unscored = EnableScoring::disabled_from_searcher(&self.searcher);
        let limits = limits.map(|query| query.weight(unscored)).transpose()?;
        let mut best = Best::new(limit);
        for (number, segment) in self.searcher.segment_readers().iter().enumerate() {
            let mut lists = Vec::with_capacity(terms.len());
            for (part, term) in request.scoring.iter().zip(&terms) {
                let Some(place) = &self.places(term)?[number] else {
                    continue;
                };
                let (weight, option) = match part {
                    Scoring::Term(_, _, boost) => {
                        let average = self.searcher.total_num_tokens(term.field())? as f32 / passages as f32;
                        let count = self.count_of(term)?;
                        let weight = Bm25Weight::for_one_term_without_explain(count, passages, average);
                        let norms = segment.get_fieldnorms_reader(term.field())?;
                        (Weight::Bm25(norms, weight.boost_by(*boost)), IndexRecordOption::WithFreqs)
                    }
                    Scoring::Token(_, score) => (Weight::Constant(*score), IndexRecordOption::Basic),
                    Scoring::Match(_) => continue,
                };
                let inverted = segment.inverted_index(term.field())?;
                lists.push(List::new(inverted.read_block_postings_from_terminfo(place, option)?, weight));
            }
            let allowed = limits.as_ref().map(|weight| matches(&**weight, segment)).transpose()?;
            best.add_segment(segment, number as u32, lists, allowed.as_ref());
        }
        Ok(Some(best.into_sorted()))
    }
}

impl Backend for Session<'_> {
    type Address = DocAddress;
    /// The place of the document's id among all, and nothing more, where one segment knows the order of all; otherwise
    /// the id.
    type Document = (Option<u64>, String);
    /// Passages by segment, in the order of their numbers there, as postings are read, with their places.
    type Candidates = Vec<Vec<(u32, usize)>>;

    fn passages(&self) -> Result<u64, EngineError> {
        Ok(self.searcher.num_docs())
    }

    fn average_length(&self, field: Field) -> Result<f64, EngineError> {
        let tokens = self.checked(self.searcher.total_num_tokens(self.engine.fields.of(field)))?;
        Ok(tokens as f64 / self.searcher.num_docs().max(1) as f64)
    }

    fn frequency(&self, field: Field, term: &str) -> Result<u64, EngineError> {
        self.checked(self.count_of(&Term::from_field_text(self.engine.fields.of(field), term)))
    }

    fn words_with_prefix(&self, prefix: &str) -> Result<Vec<(String, u64)>, EngineError> {
        self.checked(words_with_prefix(&self.searcher, self.engine.fields.exact, prefix))
    }

    fn words_near(&self, word: &str, distance: u8) -> Result<Vec<(String, u64)>, EngineError> {
        self.checked(words_near(&self.searcher, self.engine.fields.exact, word, distance))
    }

    fn best(&self, request: &Request<'_>, limit: usize) -> Result<Vec<(f32, DocAddress)>, EngineError> {
        if let Some(best) = self.checked(self.best_by_terms(request, limit))? {
            return Ok(best);
        }
        let query = self.engine.fields.query(request);
        self.checked(self.searcher.search(&query, &TopDocs::with_limit(limit).order_by_score()))
    }

    fn tied(
        &self,
        request: &Request<'_>,
        (from, to): (f32, f32),
        missing: usize,
        above: usize,
    ) -> Result<Vec<DocAddress>, EngineError> {
        let more = self.best(request, missing.saturating_add(above).saturating_mul(TIES))?;
        let tied: Vec<DocAddress> = if more.last().is_some_and(|&(score, _)| score < from) {
            let is_tied = |&(score, _): &(f32, DocAddress)| score >= from && score <= to;
            more.into_iter().filter(is_tied).map(|(_, address)| address).collect()
        } else {
            let query = self.engine.fields.query(request);
            self.checked(self.searcher.search(&query, &Tied { from, to }))?
        };
        let mut keyed = tied
            .into_iter()
            .map(|address| Ok((self.document(address)?, self.number(address), address)))
            .collect::<Result<Vec<_>, EngineError>>()?;
        keyed.sort();
        Ok(keyed.into_iter().take(missing).map(|(_, _, address)| address).collect())
    }

    fn count(&self, request: &Request<'_>) -> Result<usize, EngineError> {
        self.checked(match self.engine.fields.union(request) {
            Some(terms) => count_union(&self.searcher, &terms),
            None => self.searcher.search(&self.engine.fields.query(request), &Count),
        })
    }

    fn candidates(&self, passages: &[(f32, DocAddress)]) -> Vec<Vec<(u32, usize)>> {
        let mut by_segment: Vec<Vec<(u32, usize)>> = vec![Vec::new(); self.engine.columns.len()];
        for (at, &(_, address)) in passages.iter().enumerate() {
            by_segment[address.segment_ord as usize].push((address.doc_id, at));
        }
        for passages in &mut by_segment {
            passages.sort_unstable();
        }
        by_segment
    }

    fn occurrences(
        &self,
        candidates: &Vec<Vec<(u32, usize)>>,
        field: Field,
        terms: &[KnownTerm<'_>],
        positions: bool,
        each: &mut dyn FnMut(usize, Occurrences<'_>),
    ) -> Result<(), EngineError> {
        self.checked(self.each_occurrence(candidates, field, terms, positions, each))
    }

    fn carriers(
        &self,
        candidates: &Vec<Vec<(u32, usize)>>,
        token: &str,
        each: &mut dyn FnMut(usize),
    ) -> Result<(), EngineError> {
        let term = self.engine.fields.filter_term(token);
        for (number, passages) in candidates.iter().enumerate().filter(|(_, passages)| !passages.is_empty()) {
            let carrier = |candidate: usize, _: &mut SegmentPostings| each(passages[candidate].1);
            self.checked(self.each_posting(number, &term, IndexRecordOption::Basic, passages, carrier))?;
        }
        Ok(())
    }

    fn is_primary(&self, address: DocAddress) -> bool {
        self.columns(address).primary.first(address.doc_id) == Some(1)
    }

    fn duplicate(&self, address: DocAddress) -> Option<u64> {
        self.columns(address).duplicate.first(address.doc_id)
    }

    fn work(&self, address: DocAddress) -> Option<u64> {
        self.columns(address).work.first(address.doc_id)
    }

    fn document(&self, address: DocAddress) -> Result<(Option<u64>, String), EngineError> {
        // Within one segment the ordinals of ids are in the order of the ids, and cost less to read.
        if let [columns] = &self.engine.columns[..]
            && let Some(document) = &columns.document
        {
            return Ok((document.ords().first(address.doc_id), String::new()));
        }
        Ok((None, self.document_id(address)?))
    }

    fn number(&self, address: DocAddress) -> u64 {
        self.columns(address).number.first(address.doc_id).unwrap_or(0)
    }

    fn document_id(&self, address: DocAddress) -> Result<String, EngineError> {
        // A column of as many ids as there are passages is slower to read than the passage.
        Ok(self.stored(address)?.document.id)
    }

    fn stored(&self, address: DocAddress) -> Result<StoredPassage, EngineError> {
        self.engine.stored(address)
    }
}

/// Collects the passages whose scores are the same.
struct Tied {
    from: f32,
    to: f32,
}

impl Collector for Tied {
    type Fruit = Vec<DocAddress>;
    type Child = TiedInSegment;

    fn for_segment(&self, segment: u32, _: &SegmentReader) -> tantivy::Result<TiedInSegment> {
        Ok(TiedInSegment { segment, from: self.from, to: self.to, found: Vec::new() })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, fruits: Vec<Vec<DocAddress>>) -> tantivy::Result<Vec<DocAddress>> {
        Ok(fruits.concat())
    }
}

struct TiedInSegment {
    segment: u32,
    from: f32,
    to: f32,
    found: Vec<DocAddress>,
}

impl SegmentCollector for TiedInSegment {
    type Fruit = Vec<DocAddress>;

    fn collect(&mut self, doc: u32, score: f32) {
        if score >= self.from && score <= self.to {
            self.found.push(DocAddress::new(self.segment, doc));
        }
    }

    fn harvest(self) -> Vec<DocAddress> {
        self.found
    }
}
