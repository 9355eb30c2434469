//! What must not match, as a set that is whole before anything is compared with it.
//!
//! tantivy asks what excludes for passages that it has gone past, which its phrases do not bear: they panic where debug
//! assertions are on.

use tantivy::query::{
    BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight,
};
use tantivy::{DocId, Score, SegmentReader};
use tantivy_common::BitSet;

/// Matches what another query matches, without scores.
#[derive(Debug)]
pub(super) struct Excluded(Box<dyn Query>);

impl Excluded {
    pub(super) fn new(query: Box<dyn Query>) -> Excluded {
        Excluded(query)
    }
}

impl Clone for Excluded {
    fn clone(&self) -> Excluded {
        Excluded(self.0.box_clone())
    }
}

impl Query for Excluded {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(ExcludedWeight(self.clone())))
    }
}

struct ExcludedWeight(Excluded);

impl Weight for ExcludedWeight {
    fn scorer(&self, reader: &SegmentReader, _: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let inner = self.0.0.weight(EnableScoring::disabled_from_schema(reader.schema()))?;
        let mut matching = BitSet::with_max_value(reader.max_doc());
        inner.for_each_no_score(reader, &mut |docs| {
            for &doc in docs {
                matching.insert(doc);
            }
        })?;
        Ok(scorer_of(matching))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Ok(Explanation::new("what must not match", 1.0))
    }
}

/// What matches exactly these passages, all with the same score.
pub(super) fn scorer_of(matching: BitSet) -> Box<dyn Scorer> {
    if matching.len() == 0 {
        return Box::new(EmptyScorer);
    }
    Box::new(ConstScorer::from(BitSetDocSet::from(matching)))
}
