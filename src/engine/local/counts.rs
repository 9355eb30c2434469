//! Counting without ranking: how many of the passages that match carry each of some terms, each pair of them, or each
//! value of a column.

use std::collections::BTreeMap;

use tantivy::columnar::{Column, StrColumn};
use tantivy::query::{EnableScoring, Query, Weight};
use tantivy::schema::IndexRecordOption;
use tantivy::{Searcher, SegmentReader, Term};
use tantivy_common::BitSet;

use crate::document::year_of;
use crate::engine::{Attribute, CrossCounts};

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
        let matching = matches(&*weight, segment)?;
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

/// Counts the passages that match `query` by the value that they have of an attribute; those without one under nothing.
///
/// One pass over what matches, and one look at a column for each.
pub(super) fn value_counts(
    searcher: &Searcher,
    query: &dyn Query,
    attribute: Attribute,
) -> tantivy::Result<BTreeMap<Option<String>, u64>> {
    let mut counts = BTreeMap::new();
    let mut add = |value: Option<String>, count: u64| *counts.entry(value).or_default() += count;
    let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
    for segment in searcher.segment_readers() {
        let mut of_segment: BTreeMap<Option<u64>, u64> = BTreeMap::new();
        let mut each = |value: Option<u64>| *of_segment.entry(value).or_default() += 1;
        match attribute {
            Attribute::Document => {
                let column: Option<StrColumn> = segment.fast_fields().str("document")?;
                let ordinals = column.as_ref().map(|column| column.ords());
                each_match(&*weight, segment, |doc| each(ordinals.and_then(|ordinals| ordinals.first(doc))))?;
                for (ordinal, count) in of_segment {
                    let mut id = String::new();
                    match (&column, ordinal) {
                        (Some(column), Some(ordinal)) if column.ord_to_str(ordinal, &mut id)? => {
                            add(Some(id), count);
                        }
                        _ => add(None, count),
                    }
                }
            }
            Attribute::Year => {
                // There is no column where no passage has a date.
                let column: Option<Column<u64>> = segment.fast_fields().column_opt("from")?;
                each_match(&*weight, segment, |doc| {
                    let first_day = column.as_ref().and_then(|column| column.first(doc));
                    each(first_day.map(year_of));
                })?;
                for (year, count) in of_segment {
                    add(year.map(|year| year.to_string()), count);
                }
            }
        }
    }
    Ok(counts)
}

/// The passages of a segment that match.
pub(super) fn matches(weight: &dyn Weight, segment: &SegmentReader) -> tantivy::Result<BitSet> {
    let mut matching = BitSet::with_max_value(segment.max_doc());
    each_match(weight, segment, |doc| {
        matching.insert(doc);
    })?;
    Ok(matching)
}

/// Hands over each passage of a segment that matches and was not deleted.
fn each_match(
    weight: &dyn Weight,
    segment: &SegmentReader,
    mut each: impl FnMut(u32),
) -> tantivy::Result<()> {
    weight.for_each_no_score(segment, &mut |docs| {
        for &doc in docs {
            if segment.alive_bitset().is_none_or(|alive| alive.is_alive(doc)) {
                each(doc);
            }
        }
    })
}

/// Hands over each passage of a segment that has a term, deleted ones too.
fn each_doc(segment: &SegmentReader, term: &Term, mut each: impl FnMut(u32)) -> tantivy::Result<()> {
    let inverted = segment.inverted_index(term.field())?;
    let Some(mut blocks) = inverted.read_block_postings(term, IndexRecordOption::Basic)? else {
        return Ok(());
    };
    while !blocks.docs().is_empty() {
        blocks.docs().iter().copied().for_each(&mut each);
        blocks.advance();
    }
    Ok(())
}

/// How many passages have one of these terms: what a union of their queries counts, in a part of its time, since every
/// posting sets a bit and nothing is compared.
pub(super) fn count_union(searcher: &Searcher, terms: &[Term]) -> tantivy::Result<usize> {
    let mut count = 0;
    for segment in searcher.segment_readers() {
        let mut bits = vec![0u64; segment.max_doc().div_ceil(u64::BITS) as usize];
        for term in terms {
            each_doc(segment, term, |doc| bits[(doc / u64::BITS) as usize] |= 1 << (doc % u64::BITS))?;
        }
        count += bits.iter().map(|word| word.count_ones() as usize).sum::<usize>();
        if let Some(alive) = segment.alive_bitset() {
            let is_set = |doc: u32| bits[(doc / u64::BITS) as usize] >> (doc % u64::BITS) & 1 == 1;
            count -= (0..segment.max_doc()).filter(|&doc| alive.is_deleted(doc) && is_set(doc)).count();
        }
    }
    Ok(count)
}
