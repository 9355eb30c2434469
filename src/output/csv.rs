//! Comma-separated values for spreadsheets (RFC 4180).

use std::io::Write;

use gcm_search::matrix::Matrix;

use crate::cli::Failure;

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
