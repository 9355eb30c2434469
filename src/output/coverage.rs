//! What documents speak of: one as a list with bars, several side by side.

use std::io::Write;

use gcm_search::coverage::{Best, ConceptCovered, Coverage, Covered, SchemeCovered};

use super::text::{faint_style, found_style, title_style, whole_words};
use super::{columns, first_columns, last_columns, padded, padded_left, printable};
use crate::cli::Failure;

/// The widest that the bar of a share is drawn.
const BAR: usize = 10;
/// The widest that the labels beside several documents are set.
const LABEL: usize = 34;
/// The space before the column of a document.
const GAP: usize = 3;
/// How many columns the count in such a column takes at least.
const COUNT: usize = 3;
/// How many lines of the best passage are shown.
const LINES: usize = 2;

/// One document as a list, several as a table for each scheme; what is never mentioned stands below. With `passages`, the
/// beginning of the best passage stands under each concept.
pub fn text(out: &mut dyn Write, coverage: &Coverage, passages: bool, width: usize) -> Result<(), Failure> {
    match &coverage.documents[..] {
        [document] => one(out, document, passages, width),
        documents => several(out, documents, passages, width),
    }
}

fn one(out: &mut dyn Write, document: &Covered, passages: bool, width: usize) -> Result<(), Failure> {
    let (bold, faint, style) = (title_style(), faint_style(), found_style());
    writeln!(out, "{}", head(document, width))?;
    for scheme in &document.schemes {
        writeln!(out, "\n{bold}{}{bold:#}", printable(&scheme.label))?;
        let spoken: Vec<&ConceptCovered> = scheme.concepts.iter().filter(|one| one.passages > 0).collect();
        let digits = spoken.iter().map(|one| one.passages.to_string().len()).max().unwrap_or(0);
        let places: Vec<String> = spoken.iter().map(|concept| place(document, concept)).collect();
        let widest = places.iter().map(|place| columns(place)).max().unwrap_or(0).min(width / 2);
        // The share takes six columns, spaces five.
        let room = width.saturating_sub(digits + 6 + BAR + widest + 5).max(8);
        let longest = spoken.iter().map(|one| columns(&printable(&one.label))).max().unwrap_or(0);
        let room = room.min(longest);
        for (concept, place) in spoken.iter().zip(&places) {
            let bar = "▇".repeat(((concept.share * BAR as f64).ceil() as usize).min(BAR));
            let label = padded(&first_columns(&printable(&concept.label), room), room);
            writeln!(
                out,
                "{:>digits$} {:>6} {style}{}{style:#} {label} {faint}{}{faint:#}",
                concept.passages,
                percent(concept.share, 1),
                padded(&bar, BAR),
                last_columns(place, widest)
            )?;
            if passages {
                quote(out, "    ", concept.best.as_ref(), width)?;
            }
        }
        never(out, "never", scheme, |at| scheme.concepts[at].passages == 0, width)?;
    }
    Ok(())
}

fn several(out: &mut dyn Write, documents: &[Covered], passages: bool, width: usize) -> Result<(), Failure> {
    let bold = title_style();
    for (at, document) in documents.iter().enumerate() {
        let mark = format!("[{}] ", at + 1);
        writeln!(out, "{mark}{}", head(document, width.saturating_sub(columns(&mark))))?;
    }
    // Every document has the same schemes and concepts.
    let Some(first) = documents.first() else {
        return Ok(());
    };
    for (at, scheme) in first.schemes.iter().enumerate() {
        let of = |document: &Covered, concept: usize| document.schemes[at].concepts[concept].passages > 0;
        let nowhere = |concept: usize| !documents.iter().any(|document| of(document, concept));
        let spoken: Vec<usize> = (0..scheme.concepts.len()).filter(|&concept| !nowhere(concept)).collect();
        let left = LABEL.min(width / 2);
        let numbered: Vec<(usize, Vec<String>)> = documents
            .iter()
            .map(|document| {
                document.schemes[at].concepts.iter().map(|concept| cell(document, concept)).collect()
            })
            .enumerate()
            .collect();
        let widest = numbered.iter().flat_map(|(_, cells)| cells).map(|cell| columns(cell)).max();
        let column = GAP + widest.unwrap_or(0);
        let at_once = (width.saturating_sub(left) / column).max(1);
        for shown in numbered.chunks(at_once) {
            let set = |label: &str, cell: &dyn Fn(usize, &[String]) -> String| -> String {
                let label = padded(&first_columns(&printable(label), left), left);
                let cells = shown.iter().map(|(number, cells)| {
                    padded(&format!("{}{}", " ".repeat(GAP), cell(*number, cells)), column)
                });
                format!("{label}{}", cells.collect::<String>()).trim_end().to_owned()
            };
            let mark = |number: usize, _: &[String]| padded_left(&format!("[{}]", number + 1), COUNT);
            writeln!(out, "\n{bold}{}{bold:#}", set(&scheme.label, &mark))?;
            for &concept in &spoken {
                writeln!(
                    out,
                    "{}",
                    set(&scheme.concepts[concept].label, &|_, cells| cells[concept].clone())
                )?;
                for (number, _) in shown.iter().filter(|_| passages) {
                    let best = documents[*number].schemes[at].concepts[concept].best.as_ref();
                    quote(out, &format!("    [{}] ", number + 1), best, width)?;
                }
            }
        }
        never(out, "in none", scheme, nowhere, width)?;
    }
    Ok(())
}

/// The beginning of a passage, after its id.
fn quote(out: &mut dyn Write, before: &str, best: Option<&Best>, width: usize) -> Result<(), Failure> {
    let Some(best) = best else {
        return Ok(());
    };
    let faint = faint_style();
    let text = printable(&format!("{}: {}", best.passage, best.text));
    let lines = textwrap::wrap(&text, whole_words(width.saturating_sub(columns(before))));
    for (at, line) in lines.iter().take(LINES).enumerate() {
        let before = if at == 0 { before.to_owned() } else { " ".repeat(columns(before)) };
        let rest = if at + 1 == LINES && lines.len() > LINES { "…" } else { "" };
        writeln!(out, "{before}{faint}{line}{rest}{faint:#}")?;
    }
    Ok(())
}

/// A document's name and what it is.
fn head(document: &Covered, width: usize) -> String {
    let bold = title_style();
    let count = |count: u64, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let mut what = count(document.passages, "passage");
    if document.documents.len() != 1 {
        what = format!("{what} of {}", count(document.documents.len() as u64, "document"));
    }
    let name = first_columns(&printable(&document.name), width);
    let room = width.saturating_sub(columns(&name) + columns(&what) + 5);
    let title = match &document.title {
        Some(title) if room >= 8 && *title != document.name => {
            format!(" {}", first_columns(&printable(title), room))
        }
        _ => String::new(),
    };
    format!("{bold}{name}{bold:#}{title} ({what})")
}

/// Where the best passage stands: its number, and before it the document where there are several.
fn place(document: &Covered, concept: &ConceptCovered) -> String {
    let Some(best) = &concept.best else {
        return String::new();
    };
    if document.documents.len() == 1 { number(&best.passage) } else { printable(&best.passage) }
}

fn number(passage: &str) -> String {
    format!("#{}", printable(passage.rsplit('#').next().unwrap_or_default()))
}

/// A count, a share and the best passage of a document; that of a folder's documents would need more room.
fn cell(document: &Covered, concept: &ConceptCovered) -> String {
    if concept.passages == 0 {
        return format!("{:>COUNT$}", "·");
    }
    let place = if document.documents.len() == 1 { place(document, concept) } else { String::new() };
    format!("{:>COUNT$} {:>4} {place}", concept.passages, percent(concept.share, 0)).trim_end().to_owned()
}

fn percent(share: f64, digits: usize) -> String {
    let shown = format!("{:.digits$}%", share * 100.0);
    // What is there at all is never shown as nothing.
    if share > 0.0 && digits == 0 && shown == "0%" { "<1%".to_owned() } else { shown }
}

fn never(
    out: &mut dyn Write,
    word: &str,
    scheme: &SchemeCovered,
    is_missing: impl Fn(usize) -> bool,
    width: usize,
) -> Result<(), Failure> {
    let missing: Vec<String> = (0..scheme.concepts.len())
        .filter(|&at| is_missing(at))
        .map(|at| printable(&scheme.concepts[at].label))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let faint = faint_style();
    let options = textwrap::Options::new(width).subsequent_indent("  ");
    for line in textwrap::wrap(&format!("{word}: {}", missing.join("; ")), options) {
        writeln!(out, "{faint}{line}{faint:#}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_share_is_not_nothing() {
        assert_eq!(percent(0.0, 0), "0%");
        assert_eq!(percent(0.004, 0), "<1%");
        assert_eq!(percent(0.25, 0), "25%");
        assert_eq!(percent(0.125, 1), "12.5%");
    }
}
