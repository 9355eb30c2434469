//! A concordance as lines that are aligned on the keyword, or as a table.

use std::io::Write;

use gcm_search::concordance::{Concordance, Count, Line, Sort};
use gcm_search::search::FORMAT_VERSION;

use super::csv::{Cell, rows};
use super::text::{faint_style, found_style, title_style};
use super::{columns, first_columns, json, last_columns, padded, padded_left, printable};
use crate::cli::Failure;

/// How many rows of a table of counts are shown; the rest are added up.
const ROWS: usize = 20;
/// The widest that the bar of a count is drawn.
const BAR: usize = 20;

/// Lines, then a summary, then the tables of counts where they are wanted.
pub fn text(out: &mut dyn Write, found: &Concordance, counts: bool, width: usize) -> Result<(), Failure> {
    if found.total == 0 {
        writeln!(out, "No occurrence found.")?;
        return Ok(());
    }
    let grouped = found.sort == Sort::Document;
    let labels: Vec<String> = found.lines.iter().map(|line| label(line, grouped)).collect();
    // The passage's number before the line where lines stand under their document, else its id behind it.
    let most = if grouped { width / 4 } else { width / 3 };
    let label_width = labels.iter().map(|label| columns(label)).max().unwrap_or(0).min(most);
    let layout = Layout::new(found, width, label_width);
    let (bold, faint) = (title_style(), faint_style());
    let mut document = None;
    for (line, label) in found.lines.iter().zip(&labels) {
        if grouped && document != Some(&line.document.id) {
            let gap = if document.is_some() { "\n" } else { "" };
            let title = line.document.title.as_deref().unwrap_or_default();
            let head = format!("{} {}", printable(&line.document.id), printable(title));
            writeln!(out, "{gap}{bold}{}{bold:#}", first_columns(head.trim_end(), width))?;
            document = Some(&line.document.id);
        }
        let text = layout.line(line);
        if grouped {
            writeln!(out, "{faint}{}{faint:#} {}", padded_left(label, label_width), text.trim_end())?;
        } else {
            writeln!(out, "{text} {faint}{}{faint:#}", last_columns(label, label_width).trim_start())?;
        }
    }
    if !found.lines.is_empty() {
        writeln!(out)?;
    }
    for line in textwrap::wrap(&summary(found), width) {
        writeln!(out, "{faint}{line}{faint:#}")?;
    }
    if counts {
        let counts = &found.counts;
        for (name, list) in [
            ("Forms", &counts.forms),
            ("Documents", &counts.documents),
            ("Dimensions", &counts.dimensions),
            ("Actors", &counts.actors),
        ] {
            table(out, name, list, width)?;
        }
        for (scheme, list) in &counts.tags {
            table(out, &format!("Tags: {}", printable(scheme)), list, width)?;
        }
    }
    Ok(())
}

/// Each line as an object of its own.
pub fn jsonl(out: &mut dyn Write, found: &Concordance) -> Result<(), Failure> {
    for line in &found.lines {
        json::line(out, &Line { format_version: Some(FORMAT_VERSION), ..line.clone() })?;
    }
    Ok(())
}

/// A table with a row for each line, and a row above with the names of the columns.
pub fn csv(out: &mut dyn Write, found: &Concordance, safe: bool) -> Result<(), Failure> {
    let names = [
        "passage",
        "document",
        "title",
        "publisher",
        "date",
        "page",
        "paragraph",
        "language",
        "left",
        "keyword",
        "right",
        "start",
        "end",
    ];
    let head = names.into_iter().map(Cell::text).collect();
    let lines = found.lines.iter().map(|line| {
        let document = &line.document;
        vec![
            Cell::text(line.passage.as_str()),
            Cell::text(document.id.as_str()),
            Cell::maybe(document.title.as_deref()),
            Cell::maybe(document.publisher.as_deref()),
            Cell::maybe(document.date.map(|date| date.to_string())),
            line.page.map_or(Cell::Empty, |page| Cell::Number(f64::from(page))),
            Cell::maybe(line.paragraph.as_deref()),
            Cell::text(line.language.code()),
            Cell::text(line.left.as_str()),
            Cell::text(line.keyword.as_str()),
            Cell::text(line.right.as_str()),
            Cell::count(line.start),
            Cell::count(line.end),
        ]
    });
    rows(out, std::iter::once(head).chain(lines), safe)
}

fn label(line: &Line, grouped: bool) -> String {
    let number = line.passage.rsplit('#').next().unwrap_or_default();
    printable(&if grouped { format!("#{number}") } else { line.passage.clone() })
}

fn summary(found: &Concordance) -> String {
    let of = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let what = format!(
        "{} in {} of {}",
        of(found.total, "occurrence", "occurrences"),
        of(found.passages, "passage", "passages"),
        of(found.documents, "document", "documents")
    );
    let more = found.total - found.lines.len();
    if more == 0 { what } else { format!("{what}; {more} more with a larger --limit") }
}

/// How wide the parts of a line are.
struct Layout {
    left: usize,
    keyword: usize,
    right: usize,
}

impl Layout {
    fn new(found: &Concordance, width: usize, label: usize) -> Layout {
        // One column between the label and the line.
        let room = width.saturating_sub(label + 1);
        let widest = found.lines.iter().map(|line| columns(&printable(&line.keyword))).max().unwrap_or(0);
        let keyword = widest.min(room / 2);
        let left = (room - keyword) / 2;
        Layout { left, keyword, right: room - keyword - left }
    }

    /// A line with its keyword in the column of all keywords. What follows a keyword stands right behind it, so that
    /// a comma does not float.
    fn line(&self, line: &Line) -> String {
        let style = found_style();
        let keyword = first_columns(&printable(&line.keyword), self.keyword);
        let rest = self.keyword - columns(&keyword) + self.right;
        let left = last_columns(&printable(&line.left), self.left);
        let right = first_columns(&printable(&line.right), rest);
        format!("{}{style}{keyword}{style:#}{}", padded_left(&left, self.left), padded(&right, rest))
    }
}

fn table(out: &mut dyn Write, name: &str, counts: &[Count], width: usize) -> Result<(), Failure> {
    let Some(most) = counts.iter().map(|count| count.count).max() else {
        return Ok(());
    };
    let (bold, faint, style) = (title_style(), faint_style(), found_style());
    writeln!(out, "\n{bold}{name}{bold:#}")?;
    let digits = most.to_string().len();
    for count in counts.iter().take(ROWS) {
        // At least one column for whatever occurs at all.
        let bar = "▇".repeat((count.count * BAR).div_ceil(most));
        let label = first_columns(&printable(&count.label), width.saturating_sub(digits + BAR + 2));
        writeln!(out, "{:>digits$} {style}{}{style:#} {label}", count.count, padded(&bar, BAR))?;
    }
    let rest = counts.iter().skip(ROWS).map(|count| count.count).sum::<usize>();
    if rest > 0 {
        writeln!(out, "{rest:>digits$} {faint}in {} others{faint:#}", counts.len() - ROWS)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_columns_and_never_within_a_character() {
        assert_eq!(first_columns("migranti", 8), "migranti");
        assert_eq!(first_columns("migranti", 5), "migr…");
        assert_eq!(last_columns("migranti", 5), "…anti");
        // Two columns each; the third would not fit.
        assert_eq!(first_columns("移民移民", 6), "移民…");
        assert_eq!(columns(&last_columns("移民移民", 6)), 5);
        // A letter and its combining accent stay together.
        assert_eq!(first_columns("pe\u{301}pe\u{301}", 3), "pe\u{301}…");
        assert_eq!(last_columns("ae\u{301}e\u{301}", 2), "…e\u{301}");
        assert_eq!(first_columns("x", 0), "…");
    }
}
