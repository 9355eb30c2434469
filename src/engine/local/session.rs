//! One search of the local index: what ranking asks of an engine, answered from postings and columns.

use std::collections::BTreeMap;

use tantivy::collector::{Collector, Count, SegmentCollector, TopDocs};
use tantivy::postings::Postings;
use tantivy::query::Bm25StatisticsProvider;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocSet, Searcher, SegmentReader, TERMINATED, Term};

use super::counts::count_union;
use super::lowering::{words_near, words_with_prefix};
use super::{Columns, LocalEngine};
use crate::engine::lowering::KnownTerm;
use crate::engine::ranking::{Backend, Occurrences};
use crate::engine::request::Request;
use crate::engine::{EngineError, StoredPassage};
use crate::query::plan::Field;

/// How many times as many passages are read to find all that have the same score, before every one is looked at.
const TIES: usize = 8;

/// The index as one search sees it.
pub(super) struct Session<'e> {
    pub(super) engine: &'e LocalEngine,
    pub(super) searcher: Searcher,
}

impl Session<'_> {
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
        let terms: Vec<Term> = terms
            .iter()
            .filter(|term| term.frequency > 0)
            .map(|term| Term::from_field_text(field, &term.text))
            .collect();
        for (segment, passages) in self.searcher.segment_readers().iter().zip(candidates) {
            if passages.is_empty() {
                continue;
            }
            // By place: the number in the segment, how often, and where.
            let mut met: BTreeMap<usize, (u32, u32, Vec<u32>)> = BTreeMap::new();
            let mut found = Vec::new();
            for term in &terms {
                each_posting(segment, term, option, passages, |at, postings| {
                    let (_, count, places) = met.entry(at).or_insert_with(|| (postings.doc(), 0, Vec::new()));
                    *count += postings.term_freq();
                    if positions {
                        postings.positions(&mut found);
                        places.extend(&found);
                    }
                })?;
            }
            if met.is_empty() {
                continue;
            }
            let norms = segment.get_fieldnorms_reader(field)?;
            for (at, (doc, count, positions)) in met {
                each(at, Occurrences { length: norms.fieldnorm(doc), count, positions: &positions });
            }
        }
        Ok(())
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
        self.checked(self.searcher.doc_freq(&Term::from_field_text(self.engine.fields.of(field), term)))
    }

    fn words_with_prefix(&self, prefix: &str) -> Result<Vec<(String, u64)>, EngineError> {
        self.checked(words_with_prefix(&self.searcher, self.engine.fields.exact, prefix))
    }

    fn words_near(&self, word: &str, distance: u8) -> Result<Vec<(String, u64)>, EngineError> {
        self.checked(words_near(&self.searcher, self.engine.fields.exact, word, distance))
    }

    fn best(&self, request: &Request<'_>, limit: usize) -> Result<Vec<(f32, DocAddress)>, EngineError> {
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
        for (segment, passages) in self.searcher.segment_readers().iter().zip(candidates) {
            self.checked(each_posting(segment, &term, IndexRecordOption::Basic, passages, |at, _| each(at)))?;
        }
        Ok(())
    }

    fn is_primary(&self, address: DocAddress) -> bool {
        self.columns(address).primary.first(address.doc_id) == Some(1)
    }

    fn duplicate(&self, address: DocAddress) -> Option<u64> {
        self.columns(address).duplicate.first(address.doc_id)
    }

    fn work(&self, address: DocAddress) -> u64 {
        self.columns(address).work.first(address.doc_id).unwrap_or_default()
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
        let mut document = String::new();
        if let Some(column) = &self.columns(address).document
            && let Some(ordinal) = column.ords().first(address.doc_id)
        {
            column.ord_to_str(ordinal, &mut document).map_err(|error| self.engine.error(error))?;
        }
        Ok(document)
    }

    fn stored(&self, address: DocAddress) -> Result<StoredPassage, EngineError> {
        self.engine.stored(&self.searcher, address)
    }
}

fn each_posting(
    segment: &SegmentReader,
    term: &Term,
    option: IndexRecordOption,
    passages: &[(u32, usize)],
    mut each: impl FnMut(usize, &mut tantivy::postings::SegmentPostings),
) -> tantivy::Result<()> {
    if passages.is_empty() {
        return Ok(());
    }
    let Some(mut postings) = segment.inverted_index(term.field())?.read_postings(term, option)? else {
        return Ok(());
    };
    for &(doc, at) in passages {
        if postings.doc() < doc && postings.seek(doc) == TERMINATED {
            break;
        }
        if postings.doc() == doc {
            each(at, &mut postings);
        }
    }
    Ok(())
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
