//! Pictures for reports, as SVG: readable in print, and by a screen reader.

use std::io::Write;

use gcm_search::matrix::Matrix;

use super::printable;
use crate::cli::Failure;

const CELL_WIDTH: usize = 92;
const CELL_HEIGHT: usize = 26;
const LINE_HEIGHT: usize = 15;
const MARGIN: usize = 16;
const TITLE_HEIGHT: usize = 56;
/// About how wide a letter of the labels is, in pixels.
const LETTER: usize = 7;
/// The letters that fit into the head of a column.
const HEAD_LETTERS: usize = CELL_WIDTH / LETTER;

/// A matrix as a heat map: each cell with its count, the darker the larger.
pub fn matrix(out: &mut dyn Write, matrix: &Matrix) -> Result<(), Failure> {
    let heads: Vec<Vec<String>> =
        matrix.columns.concepts.iter().map(|concept| wrapped(&concept.label, HEAD_LETTERS)).collect();
    let head_lines = heads.iter().map(Vec::len).max().unwrap_or(0);
    let longest = matrix.rows.concepts.iter().map(|concept| concept.label.chars().count()).max();
    let left = MARGIN + (longest.unwrap_or(0) * LETTER).max(120) + 12;
    let top = TITLE_HEIGHT + head_lines * LINE_HEIGHT + 12;
    let (rows, columns) = (matrix.rows.concepts.len(), matrix.columns.concepts.len());
    let width = left + (columns + 1) * CELL_WIDTH + MARGIN;
    let height = top + rows * CELL_HEIGHT + CELL_HEIGHT + MARGIN;
    let title = match &matrix.query {
        Some(query) => format!("{} × {}: {query}", matrix.rows.label, matrix.columns.label),
        None => format!("{} × {}", matrix.rows.label, matrix.columns.label),
    };
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\" font-family=\"sans-serif\" \
         font-size=\"13\" fill=\"#1a1a1a\">"
    )?;
    writeln!(out, "<title id=\"title\">{}</title>", escaped(&title))?;
    writeln!(out, "<desc id=\"desc\">{}</desc>", escaped(&described(matrix)))?;
    writeln!(out, "<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>")?;
    writeln!(
        out,
        "<text x=\"{MARGIN}\" y=\"{}\" font-size=\"17\" font-weight=\"bold\">{}</text>",
        MARGIN + 14,
        escaped(&title)
    )?;
    for (column, lines) in heads.iter().enumerate() {
        let x = left + column * CELL_WIDTH + CELL_WIDTH / 2;
        let first = top - 10 - (lines.len() - 1) * LINE_HEIGHT;
        write!(out, "<text x=\"{x}\" y=\"{first}\" text-anchor=\"middle\">")?;
        for (at, line) in lines.iter().enumerate() {
            let step = if at == 0 { 0 } else { LINE_HEIGHT };
            write!(out, "<tspan x=\"{x}\" dy=\"{step}\">{}</tspan>", escaped(line))?;
        }
        writeln!(out, "</text>")?;
    }
    let sums = left + columns * CELL_WIDTH + CELL_WIDTH / 2;
    writeln!(out, "<text x=\"{sums}\" y=\"{}\" text-anchor=\"middle\">Σ</text>", top - 10)?;
    for (row, concept) in matrix.rows.concepts.iter().enumerate() {
        let y = top + row * CELL_HEIGHT;
        let base = y + CELL_HEIGHT / 2 + 5;
        writeln!(
            out,
            "<text x=\"{}\" y=\"{base}\" text-anchor=\"end\">{}</text>",
            left - 10,
            escaped(&concept.label)
        )?;
        for (column, head) in matrix.columns.concepts.iter().enumerate() {
            let count = matrix.cells[row][column];
            let heat = matrix.heat(row, column);
            let x = left + column * CELL_WIDTH;
            let ink = if heat > 0.55 { "#ffffff" } else { "#1a1a1a" };
            writeln!(
                out,
                "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"{}\" \
                 stroke=\"#d0d7de\"/><text x=\"{}\" y=\"{base}\" text-anchor=\"middle\" \
                 fill=\"{ink}\">{count}</text></g>",
                escaped(&format!("{} × {}: {count}", concept.label, head.label)),
                CELL_WIDTH - 2,
                CELL_HEIGHT - 2,
                shade(heat),
                x + CELL_WIDTH / 2,
            )?;
        }
        writeln!(
            out,
            "<text x=\"{sums}\" y=\"{base}\" text-anchor=\"middle\" font-weight=\"bold\">{}</text>",
            concept.passages
        )?;
    }
    let base = top + rows * CELL_HEIGHT + CELL_HEIGHT / 2 + 5;
    writeln!(out, "<text x=\"{}\" y=\"{base}\" text-anchor=\"end\">Σ</text>", left - 10)?;
    for (column, concept) in matrix.columns.concepts.iter().enumerate() {
        writeln!(
            out,
            "<text x=\"{}\" y=\"{base}\" text-anchor=\"middle\" font-weight=\"bold\">{}</text>",
            left + column * CELL_WIDTH + CELL_WIDTH / 2,
            concept.passages
        )?;
    }
    writeln!(
        out,
        "<text x=\"{sums}\" y=\"{base}\" text-anchor=\"middle\" font-weight=\"bold\">{}</text>",
        matrix.total
    )?;
    writeln!(out, "</svg>")?;
    Ok(())
}

/// What the picture shows, for whoever hears it read: every cell that is not empty, row by row.
fn described(matrix: &Matrix) -> String {
    let mut rows = Vec::new();
    for (row, concept) in matrix.rows.concepts.iter().enumerate() {
        let cells: Vec<String> = matrix
            .columns
            .concepts
            .iter()
            .zip(&matrix.cells[row])
            .filter(|&(_, &count)| count > 0)
            .map(|(column, count)| format!("{} {count}", column.label))
            .collect();
        if !cells.is_empty() {
            rows.push(format!("{}: {}", concept.label, cells.join(", ")));
        }
    }
    rows.join("; ")
}

/// White for nothing, deep blue for the most; in grey print as well from light to dark.
fn shade(heat: f64) -> String {
    let mix = |from: f64, to: f64| (from + (to - from) * heat).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(255.0, 8.0), mix(255.0, 64.0), mix(255.0, 129.0))
}

fn wrapped(label: &str, letters: usize) -> Vec<String> {
    textwrap::wrap(label, letters).into_iter().map(|line| line.into_owned()).collect()
}

fn escaped(text: &str) -> String {
    printable(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
