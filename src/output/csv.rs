//! Comma-separated values (RFC 4180) that a spreadsheet can open: quoted where need be, and so that no text can run as a
//! formula.

use std::borrow::Cow;
use std::io::Write;

use gcm_search::matrix::Matrix;
use gcm_search::search::{PassageShown, TagShown};

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

/// The columns of exported passages, in order.
pub const PASSAGE_COLUMNS: [&str; 16] = [
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
    ]
}

/// The ids of tags in one cell.
fn tags(tags: &[TagShown]) -> Cell<'_> {
    let ids: Vec<&str> = tags.iter().map(|tag| tag.id.as_str()).collect();
    Cell::text(ids.join("|"))
}

/// A matrix: a row a line, named by id and label; at its end, and at the end of the table, the sums.
pub fn matrix(out: &mut dyn Write, matrix: &Matrix) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(out);
    let columns = &matrix.columns.concepts;
    let head = ["id", "label"].into_iter().chain(columns.iter().map(|column| column.id.as_str()));
    writer.write_record(head.chain(["passages"]))?;
    for (row, cells) in matrix.rows.concepts.iter().zip(&matrix.cells) {
        let counts = cells.iter().chain([&row.passages]).map(u64::to_string);
        writer.write_record([row.id.clone(), row.label.clone()].into_iter().chain(counts))?;
    }
    let sums = columns.iter().map(|column| column.passages.to_string()).chain([matrix.total.to_string()]);
    writer.write_record(["passages".to_owned(), String::new()].into_iter().chain(sums))?;
    writer.flush()?;
    Ok(())
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
}
