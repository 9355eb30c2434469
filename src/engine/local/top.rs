//! The best passages by a sum of the scores of many terms.
//!
//! MaxScore (Turtle and Flood 1995, *Query evaluation: strategies and optimizations*) over windows of passages, as Lucene does
//! it too. The terms whose highest scores together don't reach the worst score kept so far cannot bring a passage among the
//! best by themselves: their postings are only looked at for the passages that other terms bring. The others are read
//! window by window, each adding to the scores of a window's passages in turn, so that a posting costs an addition and no
//! comparison with the other terms: a query of ours has many terms, all forms of its words, of which few meet in a passage.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::BlockSegmentPostings;
use tantivy::query::Bm25Weight;
use tantivy::{DocAddress, DocId, SegmentReader, TERMINATED};
use tantivy_common::BitSet;

/// How many passages are scored together: their scores stay in the processor's nearest memory.
const WINDOW: usize = BLOCK * u64::BITS as usize;
/// How many of them one bit stands for.
const BLOCK: usize = 64;
/// How many scores are compared at once.
const COMPARED: usize = 8;
/// Of how many windows one is used to learn which terms are better read than looked up.
const LEARNING: usize = 8;
/// How many postings are read in the time that it takes to look one up.
const LOOK_UP: usize = 4;
/// What a bound is stretched by, since sums of the same numbers differ with their order.
const SLACK: f32 = 1.000_01;

/// What a posting adds to the score of its passage.
pub(super) enum Weight {
    /// BM25, by the length of the field and the frequency of the term.
    Bm25(FieldNormReader, Bm25Weight),
    /// The same for all.
    Constant(f32),
}

/// The postings of a term in a segment.
pub(super) struct List {
    postings: BlockSegmentPostings,
    weight: Weight,
    /// No posting adds more.
    most: f32,
    /// The place in the block of postings that is read next.
    at: usize,
    /// Whether its postings are read although they say nothing by themselves.
    is_read: bool,
}

impl List {
    pub(super) fn new(postings: BlockSegmentPostings, weight: Weight) -> List {
        let most = match &weight {
            Weight::Bm25(_, weight) => weight.max_score(),
            Weight::Constant(score) => *score,
        };
        List { postings, weight, most, at: 0, is_read: false }
    }

    /// The first passage that was not read.
    fn next(&self) -> DocId {
        self.postings.docs().get(self.at).copied().unwrap_or(TERMINATED)
    }

    /// Passes over what comes before a passage.
    fn pass(&mut self, doc: DocId) {
        if self.next() < doc {
            self.at = self.postings.seek(doc);
        }
    }

    /// Adds to the scores of a window all that lies before its end.
    fn add(&mut self, window: &mut Window, end: DocId) {
        loop {
            let (docs, freqs) = (self.postings.docs(), self.postings.freqs());
            let stop = match docs.last() {
                None => return,
                Some(&last) if last < end => docs.len(),
                Some(_) => docs.partition_point(|&doc| doc < end).max(self.at),
            };
            let part = self.at..stop;
            match &self.weight {
                Weight::Bm25(norms, weight) => {
                    let postings = docs[part.clone()].iter().zip(&freqs[part]);
                    window.add(
                        postings.map(|(&doc, &freq)| (doc, weight.score(norms.fieldnorm_id(doc), freq))),
                    );
                }
                Weight::Constant(score) => window.add(docs[part].iter().map(|&doc| (doc, *score))),
            }
            self.at = stop;
            if stop < docs.len() {
                return;
            }
            self.postings.advance();
            self.at = 0;
        }
    }

    /// What the term adds to the score of a passage; not to be asked of an earlier one afterwards.
    fn score(&mut self, doc: DocId) -> f32 {
        self.pass(doc);
        if self.next() != doc {
            return 0.0;
        }
        match &self.weight {
            Weight::Bm25(norms, weight) => weight.score(norms.fieldnorm_id(doc), self.postings.freq(self.at)),
            Weight::Constant(score) => *score,
        }
    }
}

/// The scores of a run of passages.
struct Window {
    base: DocId,
    scores: Box<[f32; WINDOW]>,
    /// One bit for each block of passages of which one has a score.
    seen: u64,
}

impl Window {
    fn add(&mut self, scores: impl Iterator<Item = (DocId, f32)>) {
        let mut seen = self.seen;
        for (doc, score) in scores {
            let at = doc.wrapping_sub(self.base) as usize;
            // Out of a damaged index a passage may come that is not of the window.
            if let Some(sum) = self.scores.get_mut(at) {
                *sum += score;
                seen |= 1 << (at / BLOCK);
            }
        }
        self.seen = seen;
    }

    /// Hands over the passages with scores above one, in their order, and forgets all.
    fn empty(&mut self, floor: f32, mut each: impl FnMut(DocId, f32)) {
        let mut seen = std::mem::take(&mut self.seen);
        while seen != 0 {
            let first = seen.trailing_zeros() as usize * BLOCK;
            seen &= seen - 1;
            let block = &mut self.scores[first..first + BLOCK];
            for (part, scores) in block.chunks_exact(COMPARED).enumerate() {
                // Without a branch, so that they are compared at once.
                if scores.iter().fold(false, |any, &score| any | (score > floor)) {
                    for (at, &score) in scores.iter().enumerate().filter(|&(_, &score)| score > floor) {
                        each(self.base + (first + part * COMPARED + at) as u32, score);
                    }
                }
            }
            block.fill(0.0);
        }
    }
}

/// A passage with its score; a better one is greater.
#[derive(PartialEq)]
struct Scored(f32, Reverse<DocAddress>);

impl Eq for Scored {}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Scored) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scored {
    fn cmp(&self, other: &Scored) -> Ordering {
        self.0.total_cmp(&other.0).then_with(|| self.1.cmp(&other.1))
    }
}

/// Collects the best passages of segment after segment.
pub(super) struct Best {
    limit: usize,
    heap: BinaryHeap<Reverse<Scored>>,
    window: Window,
}

impl Best {
    /// Nothing yet; keeps so many passages.
    pub(super) fn new(limit: usize) -> Best {
        Best {
            limit,
            heap: BinaryHeap::new(),
            window: Window { base: 0, scores: Box::new([0.0; WINDOW]), seen: 0 },
        }
    }

    /// What a passage has to exceed to be kept.
    fn threshold(&self) -> f32 {
        match self.heap.peek() {
            Some(Reverse(Scored(worst, _))) if self.heap.len() >= self.limit => *worst,
            _ => f32::NEG_INFINITY,
        }
    }

    fn offer(&mut self, score: f32, address: DocAddress) {
        // Of equals the first are kept, and segments and passages come in their order.
        if score > self.threshold() {
            if self.heap.len() >= self.limit {
                self.heap.pop();
            }
            self.heap.push(Reverse(Scored(score, Reverse(address))));
        }
    }

    /// Takes in the passages of a segment that have one of the terms, those of `allowed` alone if it is given.
    pub(super) fn add_segment(
        &mut self,
        segment: &SegmentReader,
        number: u32,
        mut lists: Vec<List>,
        allowed: Option<&BitSet>,
    ) {
        if self.limit == 0 {
            return;
        }
        lists.sort_by(|one, other| one.most.total_cmp(&other.most));
        // bounds[n]: what the first n terms add at most.
        let mut bounds = vec![0.0];
        bounds.extend(lists.iter().scan(0.0, |sum, list| {
            *sum += list.most;
            Some(*sum * SLACK)
        }));
        let is_allowed = |doc: DocId| {
            segment.alive_bitset().is_none_or(|alive| alive.is_alive(doc))
                && allowed.is_none_or(|allowed| allowed.contains(doc))
        };
        let mut candidates: Vec<(DocId, f32)> = Vec::new();
        for turn in 0.. {
            let threshold = self.threshold();
            // The terms before this one say nothing by themselves.
            let essential = (0..lists.len()).find(|&n| bounds[n + 1] > threshold).unwrap_or(lists.len());
            let (others, essentials) = lists.split_at_mut(essential);
            let base = essentials.iter().map(List::next).min().unwrap_or(TERMINATED);
            if base >= segment.max_doc() {
                return;
            }
            self.window.base = base;
            let end = base.saturating_add(WINDOW as u32);
            essentials.iter_mut().for_each(|list| list.add(&mut self.window, end));
            let is_learning = turn % LEARNING == 0;
            for list in &mut *others {
                list.is_read = !is_learning && list.is_read;
                if list.is_read {
                    list.pass(base);
                    list.add(&mut self.window, end);
                }
            }
            // What is still to be looked up adds at most so much.
            let mut rest: f32 =
                others.iter().filter(|list| !list.is_read).map(|list| list.most * SLACK).sum();
            // Where too few are kept still, every score will do; none is 0.
            let floor = (threshold - rest).max(0.0);
            self.window.empty(floor, |doc, score| {
                if is_allowed(doc) {
                    candidates.push((doc, score));
                }
            });
            for list in others.iter_mut().rev().filter(|list| !list.is_read) {
                rest -= list.most;
                if is_learning {
                    let to_read =
                        u64::from(list.postings.doc_freq()) * WINDOW as u64 / u64::from(segment.max_doc());
                    list.is_read = to_read < (candidates.len() * LOOK_UP) as u64;
                }
                candidates.retain_mut(|(doc, score)| {
                    *score += list.score(*doc);
                    *score + rest > threshold
                });
            }
            for (doc, score) in candidates.drain(..) {
                self.offer(score, DocAddress::new(number, doc));
            }
        }
    }

    /// The passages with their scores, best first; of equals the first in the index first.
    pub(super) fn into_sorted(self) -> Vec<(f32, DocAddress)> {
        let sorted = self.heap.into_sorted_vec();
        sorted.into_iter().map(|Reverse(Scored(score, Reverse(address)))| (score, address)).collect()
    }
}

#[cfg(test)]
mod tests {
    use tantivy::collector::TopDocs;
    use tantivy::query::{
        Bm25StatisticsProvider, BooleanQuery, BoostQuery, ConstScoreQuery, Occur, Query, TermQuery,
    };
    use tantivy::schema::{IndexRecordOption, Schema, TEXT};
    use tantivy::{Index, Searcher, TantivyDocument, Term, doc};

    use super::*;

    /// Passages of random words, the first words of the alphabet the commonest, in three segments, some of them deleted.
    fn index() -> Searcher {
        let mut builder = Schema::builder();
        let text = builder.add_text_field("text", TEXT);
        let index = Index::create_in_ram(builder.build());
        let mut writer = index.writer_with_num_threads::<TantivyDocument>(1, 20_000_000).expect("a writer");
        let mut state = 7u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for passages in [9_000, 300, 5_000] {
            for _ in 0..passages {
                let length = 1 + random(12);
                let rarity = |below: u32| below * below * below / 4_096;
                let words = (0..length).map(|_| {
                    let number = rarity(random(64)).min(60) as u8;
                    format!("w{number}")
                });
                let words = words.collect::<Vec<_>>().join(" ");
                writer.add_document(doc!(text => words)).expect("a passage");
            }
            writer.commit().expect("a commit");
        }
        writer.delete_term(Term::from_field_text(text, "w50"));
        writer.commit().expect("a commit");
        index.reader().expect("a reader").searcher()
    }

    fn best(
        searcher: &Searcher,
        terms: &[(&str, f32)],
        limit: usize,
        allowed: Option<&dyn Fn(DocId) -> bool>,
    ) -> Vec<(f32, DocAddress)> {
        let text = searcher.schema().get_field("text").expect("the field");
        let passages = searcher.total_num_docs().expect("a number");
        let average = searcher.total_num_tokens(text).expect("a number") as f32 / passages as f32;
        let mut best = Best::new(limit);
        for (number, segment) in searcher.segment_readers().iter().enumerate() {
            let inverted = segment.inverted_index(text).expect("postings");
            let lists = terms.iter().filter_map(|(word, boost)| {
                let term = Term::from_field_text(text, word.trim_start_matches('='));
                let place = inverted.get_term_info(&term).expect("a dictionary")?;
                let (weight, option) = if word.starts_with('=') {
                    (Weight::Constant(*boost), IndexRecordOption::Basic)
                } else {
                    let count = searcher.doc_freq(&term).expect("a number");
                    let weight = Bm25Weight::for_one_term_without_explain(count, passages, average);
                    let norms = segment.get_fieldnorms_reader(text).expect("lengths");
                    (Weight::Bm25(norms, weight.boost_by(*boost)), IndexRecordOption::WithFreqs)
                };
                let postings = inverted.read_block_postings_from_terminfo(&place, option).expect("postings");
                Some(List::new(postings, weight))
            });
            let allowed = allowed.map(|allowed| {
                let mut set = BitSet::with_max_value(segment.max_doc());
                (0..segment.max_doc()).filter(|&doc| allowed(doc)).for_each(|doc| {
                    set.insert(doc);
                });
                set
            });
            best.add_segment(segment, number as u32, lists.collect(), allowed.as_ref());
        }
        best.into_sorted()
    }

    fn of_tantivy(searcher: &Searcher, terms: &[(&str, f32)], limit: usize) -> Vec<(f32, DocAddress)> {
        let text = searcher.schema().get_field("text").expect("the field");
        let part = |(word, boost): &(&str, f32)| -> (Occur, Box<dyn Query>) {
            let term = Term::from_field_text(text, word.trim_start_matches('='));
            let query = Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
            let query: Box<dyn Query> = if word.starts_with('=') {
                Box::new(ConstScoreQuery::new(query, *boost))
            } else {
                Box::new(BoostQuery::new(query, *boost))
            };
            (Occur::Should, query)
        };
        let query = BooleanQuery::new(terms.iter().map(part).collect());
        searcher.search(&query, &TopDocs::with_limit(limit).order_by_score()).expect("a result")
    }

    /// The scores are the same to what the order of a sum changes; so are the passages, but for equals.
    fn assert_same(ours: &[(f32, DocAddress)], theirs: &[(f32, DocAddress)], what: &str) {
        assert_eq!(ours.len(), theirs.len(), "{what}");
        for (&(one, _), &(other, _)) in ours.iter().zip(theirs) {
            assert!((one - other).abs() <= 1e-5 * one, "{what}: {one} and {other}");
        }
        for &(score, address) in ours {
            let same = theirs.iter().find(|&&(_, other)| other == address);
            let worst = theirs.last().map_or(0.0, |&(score, _)| score);
            match same {
                Some(&(other, _)) => assert!((score - other).abs() <= 1e-5 * score, "{what}: {address:?}"),
                None => {
                    assert!((score - worst).abs() <= 1e-5 * score, "{what}: {address:?} is not among them")
                }
            }
        }
    }

    const QUERIES: &[&[(&str, f32)]] = &[
        &[("w0", 1.0), ("w1", 1.0)],
        &[("w0", 0.3), ("w40", 2.0)],
        &[("w0", 1.0), ("w1", 0.5), ("w2", 0.1), ("w3", 1.0), ("w20", 1.5), ("w45", 0.2), ("w55", 1.0)],
        &[("w0", 1.0), ("=w10", 1.7), ("w31", 0.4)],
        &[("w59", 1.0), ("missing", 1.0)],
        &[("missing", 1.0), ("absent", 1.0)],
    ];

    #[test]
    fn finds_what_scoring_every_passage_finds() {
        let searcher = index();
        assert!(searcher.segment_readers().iter().any(|segment| segment.has_deletes()));
        for terms in QUERIES {
            for limit in [1, 10, 61, 1_000, 100_000] {
                let what = format!("{limit} of {terms:?}");
                assert_same(
                    &best(&searcher, terms, limit, None),
                    &of_tantivy(&searcher, terms, limit),
                    &what,
                );
            }
        }
        assert_eq!(best(&searcher, QUERIES[0], 0, None), []);
    }

    #[test]
    fn finds_the_best_of_those_that_are_allowed() {
        let searcher = index();
        let is_allowed = |doc: DocId| doc % 7 == 3;
        for terms in QUERIES {
            let mut theirs = of_tantivy(&searcher, terms, 100_000);
            theirs.retain(|&(_, address)| is_allowed(address.doc_id));
            theirs.truncate(40);
            let ours = best(&searcher, terms, 40, Some(&is_allowed));
            assert_same(&ours, &theirs, &format!("{terms:?}"));
        }
    }

    #[test]
    fn of_equals_the_first_come_first() {
        let searcher = index();
        let hits = best(&searcher, &[("=w0", 1.0), ("=w1", 1.0)], 50, None);
        assert_eq!(hits.len(), 50);
        assert!(hits.is_sorted_by(|one, other| one.0 > other.0 || (one.0 == other.0 && one.1 < other.1)));
    }
}
