//! Tab-separated values (IANA `text/tab-separated-values`): the columns of `csv`, one line a row, nothing quoted. A tab or
//! line end within a cell becomes a space.

use std::io::Write;

use super::csv::Cell;
use crate::cli::Failure;

/// Writes rows.
pub fn rows<'a>(
    out: &mut dyn Write,
    rows: impl IntoIterator<Item = Vec<Cell<'a>>>,
    safe: bool,
) -> Result<(), Failure> {
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            // What begins with a tab is safe once that is a space.
            .map(|cell| cell.shown(safe).replace(['\t', '\n', '\r', '\u{b}', '\u{c}'], " "))
            .collect();
        writeln!(out, "{}", cells.join("\t"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_line_and_a_tab_parts_cells() {
        let mut out = Vec::new();
        let row = vec![Cell::text("a\tb\r\nc"), Cell::Number(2.0), Cell::text("=x \"y\""), Cell::Empty];
        rows(&mut out, [row], true).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a b  c\t2\t'=x \"y\"\t\n");
    }
}
