//! Who acts at which level: passages counted by two schemes of the taxonomy at once.

use serde::{Deserialize, Serialize};

use crate::document::Language;
use crate::engine::EngineError;
use crate::query::plan::concept_token;
use crate::search::{FORMAT_VERSION, FiltersShown, Options, Searcher};
use crate::taxonomy::Taxonomy;

/// Passages counted by the concepts of two schemes.
///
/// A passage with several concepts counts in each of their cells, so cells add up to more than the total.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The query that passages must answer; none counts all passages.
    pub query: Option<String>,
    /// What the count is limited to.
    pub filters: FiltersShown,
    /// How many passages were counted.
    pub total: u64,
    /// What the rows stand for.
    pub rows: Axis,
    /// What the columns stand for.
    pub columns: Axis,
    /// By row and column, how many passages carry both concepts.
    pub cells: Vec<Vec<u64>>,
}

/// The concepts along one side of a matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// The id of the scheme.
    pub scheme: String,
    /// Its label in the language asked for.
    pub label: String,
    /// Its concepts, in the order of the taxonomy.
    pub concepts: Vec<Counted>,
}

/// A concept and how many passages carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Counted {
    /// Its id.
    pub id: String,
    /// Its label in the language asked for.
    pub label: String,
    /// How many of the passages counted carry it.
    pub passages: u64,
}

impl Matrix {
    /// Counts the passages that answer `query`, or all of them, under the filters of `options`.
    ///
    /// `rows` and `columns` are indices of schemes.
    ///
    /// # Errors
    /// An index that cannot be read.
    pub fn count(
        searcher: &mut Searcher<'_>,
        taxonomy: &Taxonomy,
        query: Option<&str>,
        rows: usize,
        columns: usize,
        options: &Options,
    ) -> Result<Matrix, EngineError> {
        let of_rows = tokens(taxonomy, rows);
        let of_columns = tokens(taxonomy, columns);
        let counts = searcher.cross_counts(query, options, &of_rows, &of_columns)?;
        Ok(Matrix {
            format_version: FORMAT_VERSION,
            query: query.map(str::to_owned),
            filters: FiltersShown::from(&options.filters),
            total: counts.total,
            rows: axis(taxonomy, rows, options.labels, &counts.rows),
            columns: axis(taxonomy, columns, options.labels, &counts.columns),
            cells: counts.cells,
        })
    }

    /// The largest count of a cell.
    pub fn most(&self) -> u64 {
        self.cells.iter().flatten().copied().max().unwrap_or(0)
    }

    /// How strongly a cell stands out, from 0 to 1: the square root of its share of the largest one, so that small
    /// counts still show beside large ones.
    pub fn heat(&self, row: usize, column: usize) -> f64 {
        let most = self.most();
        if most == 0 { 0.0 } else { (self.cells[row][column] as f64 / most as f64).sqrt() }
    }

    /// Leaves out the rows and columns that no passage counted carries.
    pub fn without_empty(mut self) -> Matrix {
        let rows: Vec<bool> = self.rows.concepts.iter().map(|concept| concept.passages > 0).collect();
        let columns: Vec<bool> = self.columns.concepts.iter().map(|concept| concept.passages > 0).collect();
        fn keep<T>(list: &mut Vec<T>, kept: &[bool]) {
            let mut kept = kept.iter();
            list.retain(|_| kept.next() == Some(&true));
        }
        keep(&mut self.cells, &rows);
        for cells in &mut self.cells {
            keep(cells, &columns);
        }
        keep(&mut self.rows.concepts, &rows);
        keep(&mut self.columns.concepts, &columns);
        self
    }
}

fn tokens(taxonomy: &Taxonomy, scheme: usize) -> Vec<String> {
    taxonomy.concepts_of(scheme).map(|(concept, _)| concept_token(taxonomy, concept)).collect()
}

fn axis(taxonomy: &Taxonomy, scheme: usize, labels: Language, counts: &[u64]) -> Axis {
    let entry = &taxonomy.schemes[scheme];
    Axis {
        scheme: entry.id.clone(),
        label: entry.labels.get(labels).to_owned(),
        concepts: taxonomy
            .concepts_of(scheme)
            .zip(counts)
            .map(|((_, concept), &passages)| Counted {
                id: concept.id.clone(),
                label: concept.labels.get(labels).to_owned(),
                passages,
            })
            .collect(),
    }
}
