//! Words near each other in any order, each in any form of its lexeme: what tantivy's phrase query,
//! which asks for one form of each word in order, does not find.

use std::collections::BTreeMap;

use tantivy::postings::Postings;
use tantivy::query::{EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, Score, SegmentReader, TERMINATED, Term};
use tantivy_common::BitSet;

use super::excluded::scorer_of;

/// Matches passages in which every word stands, in one of its forms, within a window of words.
#[derive(Debug, Clone)]
pub(super) struct NearQuery {
    words: Vec<Vec<Term>>,
    distance: u32,
}

impl NearQuery {
    /// `words` are the forms of each word; `distance` is how many words apart the first and the last may be.
    pub(super) fn new(words: Vec<Vec<Term>>, distance: u32) -> NearQuery {
        NearQuery { words, distance }
    }
}

impl Query for NearQuery {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(NearWeight(self.clone())))
    }
}

struct NearWeight(NearQuery);

impl Weight for NearWeight {
    fn scorer(&self, reader: &SegmentReader, _: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut positions: Option<BTreeMap<DocId, Vec<Vec<u32>>>> = None;
        for forms in &self.0.words {
            let mut here: BTreeMap<DocId, Vec<u32>> = BTreeMap::new();
            for term in forms {
                let inverted = reader.inverted_index(term.field())?;
                let Some(mut postings) =
                    inverted.read_postings(term, IndexRecordOption::WithFreqsAndPositions)?
                else {
                    continue;
                };
                let mut doc = postings.doc();
                while doc != TERMINATED {
                    let wanted = positions.as_ref().is_none_or(|all| all.contains_key(&doc));
                    if wanted {
                        let mut found = Vec::new();
                        postings.positions(&mut found);
                        here.entry(doc).or_default().extend(found);
                    }
                    doc = postings.advance();
                }
            }
            positions = Some(match positions {
                None => here.into_iter().map(|(doc, found)| (doc, vec![found])).collect(),
                Some(mut all) => {
                    all.retain(|doc, _| here.contains_key(doc));
                    for (doc, lists) in &mut all {
                        lists.extend(here.remove(doc));
                    }
                    all
                }
            });
        }
        let mut matching = BitSet::with_max_value(reader.max_doc());
        for (doc, lists) in positions.unwrap_or_default() {
            if within(&lists, self.0.distance) {
                matching.insert(doc);
            }
        }
        Ok(scorer_of(matching))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Ok(Explanation::new("words near each other", 1.0))
    }
}

/// Whether one position of every list fits into a window of `distance` words.
fn within(lists: &[Vec<u32>], distance: u32) -> bool {
    let mut all: Vec<(u32, usize)> = lists
        .iter()
        .enumerate()
        .flat_map(|(word, list)| list.iter().map(move |&position| (position, word)))
        .collect();
    all.sort_unstable();
    let mut count = vec![0usize; lists.len()];
    let mut present = 0;
    let mut left = 0;
    for right in 0..all.len() {
        let (position, word) = all[right];
        if count[word] == 0 {
            present += 1;
        }
        count[word] += 1;
        while position - all[left].0 > distance {
            let (_, gone) = all[left];
            count[gone] -= 1;
            if count[gone] == 0 {
                present -= 1;
            }
            left += 1;
        }
        if present == lists.len() {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn windows_hold_one_of_each() {
        assert!(within(&[vec![1, 20], vec![18]], 3));
        assert!(!within(&[vec![1], vec![5]], 3));
        assert!(within(&[vec![1], vec![4]], 3));
        assert!(!within(&[vec![1], vec![2], vec![9]], 5));
        assert!(!within(&[vec![1], vec![]], 5));
    }
}
