//! Comma-separated values (RFC 4180) that a spreadsheet can open: quoted where need be, and so that no text can run as a
//! formula. Also the columns of ranked lists, which `tsv` shares, and those of exported passages.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;

use gcm_search::batch::LineError;
use gcm_search::batch::input::VALUE_SEPARATOR;
use gcm_search::compare::Comparison;
use gcm_search::coverage::Coverage;
use gcm_search::matrix::Matrix;
use gcm_search::search::{Answer, AnswerHit, PassageShown, TagShown};

use crate::cli::Failure;

/// A cell of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Text, of whoever's making.
    Text(Cow<'a, str>),
    /// A number of ours, which a spreadsheet may take for one.
    Number(f64),
    /// Nothing.
    Empty,
}

impl<'a> Cell<'a> {
    /// A cell with a text.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Cell<'a> {
        Cell::Text(text.into())
    }

    /// A cell with a text, or an empty one.
    pub fn maybe(text: Option<impl Into<Cow<'a, str>>>) -> Cell<'a> {
        text.map_or(Cell::Empty, Cell::text)
    }

    /// A cell with a count.
    pub fn count(count: usize) -> Cell<'a> {
        // Exact up to 2^53, which no count here comes near.
        Cell::Number(count as f64)
    }

    /// What stands in the table; with `safe`, no text is left that a spreadsheet would run.
    pub fn shown(&self, safe: bool) -> Cow<'_, str> {
        match self {
            Cell::Text(text) if safe => harmless(text),
            Cell::Text(text) => Cow::Borrowed(text),
            Cell::Number(number) => Cow::Owned(number.to_string()),
            Cell::Empty => Cow::Borrowed(""),
        }
    }
}

/// A text with an apostrophe before it where a spreadsheet would take it for a formula (OWASP, CSV injection): after
/// spaces or not, it begins with `=`, `+`, `-` or `@`, also in their wide forms, or the cell with a tab or a line end.
fn harmless(text: &str) -> Cow<'_, str> {
    let begins = |text: &str, signs: &[char]| text.starts_with(signs);
    let is_formula = begins(text.trim_start(), &['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        || begins(text, &['\t', '\r', '\n']);
    if is_formula { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Writes rows.
pub fn rows<'a>(
    out: &mut dyn Write,
    rows: impl IntoIterator<Item = Vec<Cell<'a>>>,
    safe: bool,
) -> Result<(), Failure> {
    let mut writer = csv::WriterBuilder::new().from_writer(out);
    for row in rows {
        writer.write_record(row.iter().map(|cell| cell.shown(safe).into_owned()))?;
    }
    writer.flush()?;
    Ok(())
}

/// The columns of ranked lists, in order.
pub const COLUMNS: [&str; 21] = [
    "id",
    "query",
    "total",
    "rank",
    "score",
    "passage",
    "document",
    "title",
    "publisher",
    "date",
    "symbol",
    "url",
    "page",
    "paragraph",
    "headings",
    "language",
    "text",
    "dimensions",
    "actors",
    "tags",
    "error",
];

/// The row with the names of the columns.
pub fn header() -> Vec<Cell<'static>> {
    COLUMNS.iter().map(|name| Cell::text(*name)).collect()
}

/// A row for each hit; one without rank for a query that found nothing.
pub fn answer(answer: &Answer) -> Vec<Vec<Cell<'_>>> {
    let start = || {
        vec![Cell::maybe(answer.id.as_deref()), Cell::text(answer.query.as_str()), Cell::count(answer.total)]
    };
    if answer.hits.is_empty() {
        let mut row = start();
        row.resize(COLUMNS.len(), Cell::Empty);
        return vec![row];
    }
    answer.hits.iter().map(|found| start().into_iter().chain(hit(found)).collect()).collect()
}

fn hit(hit: &AnswerHit) -> Vec<Cell<'_>> {
    let document = &hit.document;
    vec![
        Cell::count(hit.rank),
        Cell::Number(hit.score),
        Cell::text(hit.passage.as_str()),
        Cell::text(document.id.as_str()),
        Cell::maybe(document.title.as_deref()),
        Cell::maybe(document.publisher.as_deref()),
        Cell::maybe(document.date.map(|date| date.to_string())),
        Cell::maybe(document.symbol.as_deref()),
        Cell::maybe(document.url.as_deref()),
        hit.page.map_or(Cell::Empty, |page| Cell::Number(f64::from(page))),
        Cell::maybe(hit.paragraph.as_deref()),
        Cell::text(hit.headings.join(" › ")),
        Cell::text(hit.language.code()),
        Cell::text(hit.text.as_str()),
        tags(&hit.dimensions),
        tags(&hit.actors),
        other_tags(&hit.tags),
        Cell::Empty,
    ]
}

/// The ids of tags in one cell.
fn tags<'a>(tags: &[TagShown]) -> Cell<'a> {
    in_one_cell(tags.iter().map(|tag| tag.id.clone()))
}

/// The tags of further schemes in one cell, each `scheme:id`.
fn other_tags<'a>(tags: &BTreeMap<String, Vec<TagShown>>) -> Cell<'a> {
    let of_scheme = |(scheme, tags): (&String, &Vec<TagShown>)| -> Vec<String> {
        tags.iter().map(|tag| format!("{scheme}:{}", tag.id)).collect()
    };
    in_one_cell(tags.iter().flat_map(of_scheme))
}

fn in_one_cell<'a>(values: impl Iterator<Item = String>) -> Cell<'a> {
    Cell::text(values.collect::<Vec<_>>().join(&VALUE_SEPARATOR.to_string()))
}

/// The row of a line that could not be answered.
pub fn bad_line(bad: &LineError) -> Vec<Cell<'_>> {
    let mut row = vec![Cell::text(bad.id.as_str()), Cell::maybe(bad.query.as_deref())];
    row.resize(COLUMNS.len() - 1, Cell::Empty);
    row.push(Cell::text(format!("line {}: {}", bad.line, bad.error)));
    row
}

/// The columns of exported passages, in order.
pub const PASSAGE_COLUMNS: [&str; 17] = [
    "passage",
    "document",
    "title",
    "publisher",
    "date",
    "symbol",
    "url",
    "licence",
    "path",
    "page",
    "paragraph",
    "headings",
    "language",
    "text",
    "dimensions",
    "actors",
    "tags",
];

/// The row with the names of the columns of exported passages.
pub fn passage_header() -> Vec<Cell<'static>> {
    PASSAGE_COLUMNS.iter().map(|name| Cell::text(*name)).collect()
}

/// The row of an exported passage.
pub fn passage(shown: &PassageShown) -> Vec<Cell<'_>> {
    let document = &shown.document;
    vec![
        Cell::text(shown.passage.as_str()),
        Cell::text(document.id.as_str()),
        Cell::maybe(document.title.as_deref()),
        Cell::maybe(document.publisher.as_deref()),
        Cell::maybe(document.date.map(|date| date.to_string())),
        Cell::maybe(document.symbol.as_deref()),
        Cell::maybe(document.url.as_deref()),
        Cell::maybe(document.licence.as_deref()),
        Cell::text(document.path.as_str()),
        shown.page.map_or(Cell::Empty, |page| Cell::Number(f64::from(page))),
        Cell::maybe(shown.paragraph.as_deref()),
        Cell::text(shown.headings.join(" › ")),
        Cell::text(shown.language.code()),
        Cell::text(shown.text.as_str()),
        tags(&shown.dimensions),
        tags(&shown.actors),
        other_tags(&shown.tags),
    ]
}

/// A matrix: a row a line, named by id and label; at its end, and at the end of the table, the sums.
pub fn matrix(out: &mut dyn Write, matrix: &Matrix, safe: bool) -> Result<(), Failure> {
    // Exact up to 2^53, which no count here comes near.
    let counts = |counts: &[u64], sum: u64| -> Vec<Cell<'static>> {
        counts.iter().chain([&sum]).map(|&count| Cell::Number(count as f64)).collect()
    };
    let columns = &matrix.columns.concepts;
    let named = ["id", "label"].into_iter().chain(columns.iter().map(|column| column.id.as_str()));
    let mut table: Vec<Vec<Cell<'_>>> = vec![named.chain(["passages"]).map(Cell::text).collect()];
    for (row, cells) in matrix.rows.concepts.iter().zip(&matrix.cells) {
        let mut line = vec![Cell::text(row.id.as_str()), Cell::text(row.label.as_str())];
        line.extend(counts(cells, row.passages));
        table.push(line);
    }
    let sums: Vec<u64> = columns.iter().map(|column| column.passages).collect();
    let mut last = vec![Cell::text("passages"), Cell::Empty];
    last.extend(counts(&sums, matrix.total));
    table.push(last);
    rows(out, table, safe)
}

/// A comparison: a value a line; what has no value, such as passages without a date, has no id.
pub fn comparison(out: &mut dyn Write, found: &Comparison, safe: bool) -> Result<(), Failure> {
    let header = ["id", "label", "matches", "passages", "per_thousand"];
    let mut table: Vec<Vec<Cell<'_>>> = vec![header.into_iter().map(Cell::text).collect()];
    table.extend(found.rows.iter().map(|row| {
        vec![
            Cell::maybe(row.id.as_deref()),
            Cell::maybe(row.label.as_deref()),
            Cell::Number(row.matches as f64),
            Cell::Number(row.passages as f64),
            Cell::Number(row.per_thousand),
        ]
    }));
    rows(out, table, safe)
}

/// What documents speak of: a line for each document and concept.
pub fn coverage(out: &mut dyn Write, coverage: &Coverage, safe: bool) -> Result<(), Failure> {
    let header = [
        "document",
        "scheme",
        "id",
        "label",
        "passages",
        "share",
        "best",
        "score",
        "page",
        "paragraph",
        "text",
    ];
    let mut table: Vec<Vec<Cell<'_>>> = vec![header.into_iter().map(Cell::text).collect()];
    for document in &coverage.documents {
        for scheme in &document.schemes {
            table.extend(scheme.concepts.iter().map(|concept| {
                let best = concept.best.as_ref();
                vec![
                    Cell::text(document.name.as_str()),
                    Cell::text(scheme.scheme.as_str()),
                    Cell::text(concept.id.as_str()),
                    Cell::text(concept.label.as_str()),
                    Cell::Number(concept.passages as f64),
                    Cell::Number(concept.share),
                    Cell::maybe(best.map(|best| best.passage.as_str())),
                    // Scores have two decimals, of which single precision makes many.
                    best.map_or(Cell::Empty, |best| {
                        Cell::Number((f64::from(best.score) * 100.0).round() / 100.0)
                    }),
                    best.and_then(|best| best.page).map_or(Cell::Empty, |page| Cell::Number(f64::from(page))),
                    Cell::maybe(best.and_then(|best| best.paragraph.as_deref())),
                    Cell::maybe(best.map(|best| best.text.as_str())),
                ]
            }));
        }
    }
    rows(out, table, safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(cells: &[&str], safe: bool) -> String {
        let mut out = Vec::new();
        rows(&mut out, [cells.iter().map(|cell| Cell::text(*cell)).collect()], safe).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_quoted_where_need_be() {
        assert_eq!(
            written(&["a", "b, c", "d \"e\"", "f\ng", "", "l'à"], true),
            "a,\"b, c\",\"d \"\"e\"\"\",\"f\ng\",,l'à\n"
        );
    }

    #[test]
    fn text_cannot_run_as_a_formula() {
        for text in
            ["=1+1", "+39 06", "-migranti", "@SUM(A1)", "\tx", "\rx", "\nx", "  =1", "\u{a0}=1", "＝1"]
        {
            assert_eq!(harmless(text), format!("'{text}"), "{text:?}");
            assert!(!written(&[text], false).contains('\''), "{text:?}");
        }
        for text in ["", "a=b", "1-2", "'=1", "«=»"] {
            assert_eq!(harmless(text), text);
        }
        // Numbers stay numbers.
        assert_eq!(Cell::Number(-1.5).shown(true), "-1.5");
    }

    #[test]
    fn every_row_has_every_column() {
        let bad = LineError {
            format_version: 1,
            id: "7".to_owned(),
            line: 7,
            query: None,
            error: "no query".to_owned(),
        };
        assert_eq!(bad_line(&bad).len(), COLUMNS.len());
        assert_eq!(header().len(), COLUMNS.len());
    }
}
