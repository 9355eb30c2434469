//! Results into text: one file a form. Nothing here searches.

pub mod compare;
pub mod concordance;
pub mod coverage;
pub mod csv;
pub mod json;
pub mod markdown;
pub mod svg;
pub mod text;
pub mod trec;
pub mod tsv;

use std::io::Write;

use gcm_search::analysis::fold::is_invisible;
use gcm_search::batch::LineError;
use gcm_search::document::Language;
use gcm_search::engine::Unit;
use gcm_search::search::Answer;
use gcm_search::taxonomy::Taxonomy;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::cli::{Failure, ResultFormat};

/// Whether a character does something to a terminal, or to the order or the meaning of what a reader sees, without
/// being seen: control and direction characters, other line ends, tags, fillers of annotations.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || is_invisible(c)
        || matches!(c, '\u{061C}' | '\u{180E}' | '\u{2028}' | '\u{2029}' | '\u{2061}'..='\u{2064}'
            | '\u{206A}'..='\u{206F}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Other people's text made harmless for a terminal: no control or direction characters.
pub fn printable(text: &str) -> String {
    text.chars().filter(|&c| c == '\n' || !is_unsafe(c)).collect()
}

/// How many columns of a terminal a text takes.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// A text followed by spaces up to so many columns.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// A text after spaces, so many columns in all.
pub fn padded_left(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The beginning of a text, as much as so many columns hold; an ellipsis stands for the rest.
pub fn first_columns(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let kept = fitting(text.graphemes(true), width.saturating_sub(1));
    format!("{}…", kept.concat().trim_end())
}

/// The end of a text, as much as so many columns hold; an ellipsis stands for the rest.
pub fn last_columns(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut kept = fitting(text.graphemes(true).rev(), width.saturating_sub(1));
    kept.reverse();
    format!("…{}", kept.concat().trim_start())
}

/// The first of the graphemes, as many as so many columns hold.
fn fitting<'t>(graphemes: impl Iterator<Item = &'t str>, width: usize) -> Vec<&'t str> {
    let mut used = 0;
    let mut kept = Vec::new();
    for grapheme in graphemes {
        used += columns(grapheme);
        if used > width {
            break;
        }
        kept.push(grapheme);
    }
    kept
}

/// How ranked lists are written: those of one query, or of many in a row.
#[derive(Debug, Clone, Copy)]
pub struct Lists<'a> {
    /// The taxonomy, for the labels of concepts.
    pub taxonomy: &'a Taxonomy,
    /// The language of labels.
    pub labels: Language,
    /// The form.
    pub format: ResultFormat,
    /// Whether there are many, each to be told from the others.
    pub many: bool,
    /// What is ranked.
    pub unit: Unit,
    /// Whether text in tables is kept from running as a formula.
    pub csv_safe: bool,
    /// How wide text is set.
    pub width: usize,
}

impl Lists<'_> {
    /// What stands before the first list.
    pub fn begin(&self, out: &mut dyn Write) -> Result<(), Failure> {
        match self.format {
            ResultFormat::Csv => csv::rows(out, [csv::header()], self.csv_safe),
            ResultFormat::Tsv => tsv::rows(out, [csv::header()], self.csv_safe),
            ResultFormat::Json if self.many => Ok(out.write_all(b"[")?),
            _ => Ok(()),
        }
    }

    /// What stands between two lists.
    pub fn between(&self, out: &mut dyn Write) -> Result<(), Failure> {
        match self.format {
            ResultFormat::Json if self.many => Ok(out.write_all(b",")?),
            ResultFormat::Text => Ok(out.write_all(b"\n")?),
            _ => Ok(()),
        }
    }

    /// One list.
    pub fn answer(&self, out: &mut dyn Write, answer: &Answer) -> Result<(), Failure> {
        match self.format {
            ResultFormat::Text => {
                if self.many {
                    text::heading(out, answer.id.as_deref().unwrap_or_default(), Some(&answer.query))?;
                }
                let labels: Vec<&str> = answer
                    .concepts
                    .iter()
                    .filter_map(|id| self.taxonomy.concept_index(id))
                    .map(|index| self.taxonomy.concepts[index].labels.get(self.labels))
                    .collect();
                text::answer(out, answer, &labels, self.width)
            }
            ResultFormat::Jsonl if !self.many => json::hits(out, answer),
            ResultFormat::Json | ResultFormat::Jsonl => json::line(out, answer),
            ResultFormat::Csv => csv::rows(out, csv::answer(answer), self.csv_safe),
            ResultFormat::Tsv => tsv::rows(out, csv::answer(answer), self.csv_safe),
            ResultFormat::Trec => trec::answer(out, answer, self.unit),
            ResultFormat::Markdown => markdown::answer(out, answer, self.many),
        }
    }

    /// What stands in the place of a list that could not be made. A TREC run has no room for it.
    pub fn bad_line(&self, out: &mut dyn Write, bad: &LineError) -> Result<(), Failure> {
        match self.format {
            ResultFormat::Text => {
                text::heading(out, &bad.id, bad.query.as_deref())?;
                Ok(writeln!(out, "Not answered: line {}: {}\n", bad.line, printable(&bad.error))?)
            }
            ResultFormat::Json | ResultFormat::Jsonl => json::line(out, bad),
            ResultFormat::Csv => csv::rows(out, [csv::bad_line(bad)], self.csv_safe),
            ResultFormat::Tsv => tsv::rows(out, [csv::bad_line(bad)], self.csv_safe),
            ResultFormat::Trec => Ok(()),
            ResultFormat::Markdown => markdown::bad_line(out, bad),
        }
    }

    /// What stands after the last list.
    pub fn end(&self, out: &mut dyn Write) -> Result<(), Failure> {
        match self.format {
            ResultFormat::Json if self.many => Ok(out.write_all(b"]\n")?),
            _ => Ok(()),
        }
    }
}
