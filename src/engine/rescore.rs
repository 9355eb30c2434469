//! The second look at the best passages: every term scored exactly and in a fixed order, and the
//! closeness of the query's words added.
//!
//! The first pass finds the best passages quickly by the sum of their terms' BM25 scores (Robertson and Zaragoza 2009).
//! Closeness only ever adds to a score, so no passage below the window could have risen into it
//! from further down than its own sum allows.

use std::collections::HashMap;

use tantivy::postings::Postings;
use tantivy::query::{Bm25StatisticsProvider, Bm25Weight};
use tantivy::query::{BoostQuery, ConstScoreQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, DocSet, Score, Searcher, SegmentReader, TERMINATED, Term};

use super::Contribution;
use super::local::Scored;
use crate::query::Plan;

/// A part of a query that adds to a score.
pub(super) struct ScoredLeaf {
    kind: LeafKind,
    /// The word of the plan that it belongs to; `usize::MAX` for none.
    word: usize,
    /// That word as the user typed it.
    typed: String,
    /// How the word is met by this leaf.
    by: String,
    boost: f32,
    /// Whether its positions tell where the word stands.
    has_positions: bool,
}

enum LeafKind {
    /// A term, scored by BM25.
    Term(Term),
    /// A tag: the same for every passage that has it.
    Concept(Term),
    /// A part that matches without scoring, such as a nested group.
    Part(Box<dyn Query>),
}

impl ScoredLeaf {
    pub(super) fn term(
        term: Term,
        boost: f32,
        word: usize,
        typed: String,
        by: String,
        has_positions: bool,
    ) -> ScoredLeaf {
        ScoredLeaf { kind: LeafKind::Term(term), word, typed, by, boost, has_positions }
    }

    pub(super) fn concept(term: Term, name: String, boost: f32) -> ScoredLeaf {
        ScoredLeaf {
            kind: LeafKind::Concept(term),
            word: usize::MAX,
            typed: name,
            by: "the passage is tagged with what the query names".to_owned(),
            boost,
            has_positions: false,
        }
    }

    pub(super) fn part(query: Box<dyn Query>) -> ScoredLeaf {
        ScoredLeaf {
            kind: LeafKind::Part(query),
            word: usize::MAX,
            typed: String::new(),
            by: String::new(),
            boost: 0.0,
            has_positions: false,
        }
    }

    /// Whether it can match anything; terms that no passage has only cost time.
    pub(super) fn exists(&self, searcher: &Searcher) -> bool {
        match &self.kind {
            LeafKind::Term(term) | LeafKind::Concept(term) => {
                searcher.doc_freq(term).is_ok_and(|count| count > 0)
            }
            LeafKind::Part(_) => true,
        }
    }

    /// The query of the first pass.
    pub(super) fn query(&self) -> Box<dyn Query> {
        match &self.kind {
            LeafKind::Term(term) => Box::new(BoostQuery::new(
                Box::new(TermQuery::new(term.clone(), IndexRecordOption::WithFreqs)),
                self.boost,
            )),
            LeafKind::Concept(term) => Box::new(ConstScoreQuery::new(
                Box::new(TermQuery::new(term.clone(), IndexRecordOption::Basic)),
                self.boost,
            )),
            LeafKind::Part(query) => Box::new(ConstScoreQuery::new(query.box_clone(), 0.0)),
        }
    }
}

/// What is known of one passage while it is scored.
#[derive(Default, Clone)]
struct Draft {
    score: f64,
    contributions: Vec<Contribution>,
    /// For each word of the plan, where it stands.
    positions: Vec<Vec<u32>>,
}

/// Scores the passages that the first pass found, best first; the first `window` of them also by closeness.
pub(super) fn rescore(
    searcher: &Searcher,
    exact: Field,
    top: &[(Score, DocAddress)],
    leaves: &[ScoredLeaf],
    plan: &Plan,
    window: usize,
) -> tantivy::Result<Vec<Scored>> {
    let pairs = pairs(plan);
    let in_window: HashMap<DocAddress, usize> =
        top.iter().take(window).enumerate().map(|(at, &(_, address))| (address, at)).collect();
    let mut drafts: Vec<Draft> =
        vec![Draft { positions: vec![Vec::new(); plan.words.len()], ..Draft::default() }; top.len()];
    // Passages by segment, in the order of their numbers there, as postings are read.
    let mut by_segment: Vec<Vec<(u32, usize)>> = vec![Vec::new(); searcher.segment_readers().len()];
    for (at, &(_, address)) in top.iter().enumerate() {
        by_segment[address.segment_ord as usize].push((address.doc_id, at));
    }
    for passages in &mut by_segment {
        passages.sort_unstable();
    }
    let mut idf = vec![0.0f64; plan.words.len()];
    let passages_in_all = searcher.num_docs() as f64;
    for leaf in leaves {
        match &leaf.kind {
            LeafKind::Part(_) => {}
            LeafKind::Concept(term) => {
                for (segment, passages) in searcher.segment_readers().iter().zip(&by_segment) {
                    each_posting(segment, term, IndexRecordOption::Basic, passages, |at, _| {
                        add(&mut drafts[at], leaf, f64::from(leaf.boost));
                    })?;
                }
            }
            LeafKind::Term(term) => {
                let frequency = searcher.doc_freq(term)?;
                if frequency == 0 {
                    continue;
                }
                if leaf.has_positions && leaf.word < idf.len() {
                    let rare =
                        (1.0 + (passages_in_all - frequency as f64 + 0.5) / (frequency as f64 + 0.5)).ln();
                    idf[leaf.word] = if idf[leaf.word] == 0.0 { rare } else { idf[leaf.word].min(rare) };
                }
                let weight = bm25(searcher, term, frequency)?.boost_by(leaf.boost);
                let wants_positions = leaf.has_positions && term.field() == exact && !pairs.is_empty();
                let option = if wants_positions {
                    IndexRecordOption::WithFreqsAndPositions
                } else {
                    IndexRecordOption::WithFreqs
                };
                for (segment, passages) in searcher.segment_readers().iter().zip(&by_segment) {
                    if passages.is_empty() {
                        continue;
                    }
                    let norms = segment.get_fieldnorms_reader(term.field())?;
                    each_posting(segment, term, option, passages, |at, postings| {
                        let id = norms.fieldnorm_id(postings.doc());
                        add(&mut drafts[at], leaf, f64::from(weight.score(id, postings.term_freq())));
                        if wants_positions {
                            let mut positions = Vec::new();
                            postings.positions(&mut positions);
                            drafts[at].positions[leaf.word].extend(positions);
                        }
                    })?;
                }
            }
        }
    }
    Ok(top
        .iter()
        .zip(drafts)
        .map(|(&(_, address), mut draft)| {
            if in_window.contains_key(&address) {
                closeness(&mut draft, plan, &pairs, &idf);
            }
            Scored { address, score: draft.score, contributions: draft.contributions }
        })
        .collect())
}

fn bm25(searcher: &Searcher, term: &Term, frequency: u64) -> tantivy::Result<Bm25Weight> {
    let passages = searcher.total_num_docs()?;
    let average = searcher.total_num_tokens(term.field())? as Score / passages as Score;
    Ok(Bm25Weight::for_one_term_without_explain(frequency, passages, average))
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

fn add(draft: &mut Draft, leaf: &ScoredLeaf, score: f64) {
    draft.score += score;
    draft.contributions.push(Contribution { word: leaf.typed.clone(), by: leaf.by.clone(), score });
}

/// Words that stand side by side in the query, function words between them left out.
fn pairs(plan: &Plan) -> Vec<(usize, usize)> {
    if plan.weights.near <= 0.0 && plan.weights.far <= 0.0 {
        return Vec::new();
    }
    (1..plan.words.len()).map(|second| (second - 1, second)).collect()
}

/// Adds what words of the query that stand close together are worth: the more the rarer they are.
fn closeness(draft: &mut Draft, plan: &Plan, pairs: &[(usize, usize)], idf: &[f64]) {
    for positions in &mut draft.positions {
        positions.sort_unstable();
    }
    for &(one, other) in pairs {
        let Some(distance) = least_distance(&draft.positions[one], &draft.positions[other]) else {
            continue;
        };
        let mut bonus = 0.0;
        if distance <= plan.weights.near_distance {
            bonus += f64::from(plan.weights.near);
        }
        if distance <= plan.weights.far_distance {
            bonus += f64::from(plan.weights.far);
        }
        if bonus > 0.0 {
            let score = bonus * (idf[one] + idf[other]) / 2.0;
            draft.score += score;
            draft.contributions.push(Contribution {
                word: format!("{} {}", plan.words[one].typed, plan.words[other].typed),
                by: format!("near each other, {distance} apart"),
                score,
            });
        }
    }
}

/// The least distance between a number of one sorted list and one of the other.
fn least_distance(one: &[u32], other: &[u32]) -> Option<u32> {
    let (mut i, mut j) = (0, 0);
    let mut least: Option<u32> = None;
    while let (Some(&a), Some(&b)) = (one.get(i), other.get(j)) {
        let distance = a.abs_diff(b);
        least = Some(least.map_or(distance, |l| l.min(distance)));
        if a < b {
            i += 1;
        } else {
            j += 1;
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::least_distance;

    #[test]
    fn least_distances() {
        assert_eq!(least_distance(&[1, 50], &[9, 47]), Some(3));
        assert_eq!(least_distance(&[], &[9]), None);
        assert_eq!(least_distance(&[5], &[5]), Some(0));
    }
}
