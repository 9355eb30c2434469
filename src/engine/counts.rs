//! Counting without ranking: how many of the passages that match carry each of some terms, and each pair of them.

use tantivy::query::{EnableScoring, Query};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, Searcher, SegmentReader, TERMINATED, Term};
use tantivy_common::BitSet;

use super::CrossCounts;

/// Counts the passages that match `query` by the terms that they carry.
///
/// One pass over the postings of each term, beside one bit a passage for what matches and for each row.
pub(super) fn cross_counts(
    searcher: &Searcher,
    query: &dyn Query,
    rows: &[Term],
    columns: &[Term],
) -> tantivy::Result<CrossCounts> {
    let mut counts = CrossCounts {
        total: 0,
        rows: vec![0; rows.len()],
        columns: vec![0; columns.len()],
        cells: vec![vec![0; columns.len()]; rows.len()],
    };
    let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
    for segment in searcher.segment_readers() {
        let mut matching = BitSet::with_max_value(segment.max_doc());
        weight.for_each_no_score(segment, &mut |docs| {
            for &doc in docs {
                if segment.alive_bitset().is_none_or(|alive| alive.is_alive(doc)) {
                    matching.insert(doc);
                }
            }
        })?;
        counts.total += matching.len() as u64;
        let mut of_rows = Vec::with_capacity(rows.len());
        for (row, term) in rows.iter().enumerate() {
            let mut set = BitSet::with_max_value(segment.max_doc());
            each_doc(segment, term, |doc| {
                if matching.contains(doc) {
                    set.insert(doc);
                }
            })?;
            counts.rows[row] += set.len() as u64;
            of_rows.push(set);
        }
        for (column, term) in columns.iter().enumerate() {
            each_doc(segment, term, |doc| {
                if !matching.contains(doc) {
                    return;
                }
                counts.columns[column] += 1;
                for (cells, set) in counts.cells.iter_mut().zip(&of_rows) {
                    cells[column] += u64::from(set.contains(doc));
                }
            })?;
        }
    }
    Ok(counts)
}

fn each_doc(segment: &SegmentReader, term: &Term, mut each: impl FnMut(u32)) -> tantivy::Result<()> {
    let inverted = segment.inverted_index(term.field())?;
    let Some(mut postings) = inverted.read_postings(term, IndexRecordOption::Basic)? else {
        return Ok(());
    };
    let mut doc = postings.doc();
    while doc != TERMINATED {
        each(doc);
        doc = postings.advance();
    }
    Ok(())
}
