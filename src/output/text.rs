//! Text for a person at a terminal.

use std::io::Write;

use anstyle::{AnsiColor, Style};
use gcm_search::engine::{DocumentInfo, StoredPassage};
use gcm_search::search::{Answer, AnswerHit, TagShown};

use super::printable;
use crate::cli::Failure;

const INDENT: &str = "   ";

fn title_style() -> Style {
    Style::new().bold()
}

fn found_style() -> Style {
    Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()))
}

fn faint_style() -> Style {
    Style::new().dimmed()
}

fn dimension_style() -> Style {
    Style::new().fg_color(Some(AnsiColor::Green.into()))
}

fn actor_style() -> Style {
    Style::new().fg_color(Some(AnsiColor::Cyan.into()))
}

/// A ranked list.
pub fn answer(out: &mut dyn Write, answer: &Answer, width: usize) -> Result<(), Failure> {
    if answer.corrected {
        if let Some(suggestion) = &answer.suggestion {
            writeln!(
                out,
                "Nothing found for \"{}\"; these are the passages for \"{}\".\n",
                printable(&answer.query),
                printable(suggestion)
            )?;
        }
    } else if let Some(suggestion) = &answer.suggestion {
        writeln!(out, "Did you mean: {}\n", printable(suggestion))?;
    }
    if !answer.concepts.is_empty() {
        let faint = faint_style();
        writeln!(out, "{faint}Also passages tagged: {}{faint:#}\n", answer.concepts.join(", "))?;
    }
    if answer.hits.is_empty() {
        if answer.total > 0 {
            writeln!(out, "{} passages, none on this page.", answer.total)?;
        } else {
            writeln!(out, "No passage found.")?;
        }
        return Ok(());
    }
    for hit in &answer.hits {
        one(out, hit, width)?;
    }
    let first = answer.hits.first().map_or(0, |hit| hit.rank);
    let last = answer.hits.last().map_or(0, |hit| hit.rank);
    let faint = faint_style();
    writeln!(out, "{faint}{first}-{last} of {} passages{faint:#}", answer.total)?;
    Ok(())
}

fn one(out: &mut dyn Write, hit: &AnswerHit, width: usize) -> Result<(), Failure> {
    let (bold, faint) = (title_style(), faint_style());
    let title = hit.document.title.as_deref().unwrap_or(&hit.document.id);
    writeln!(out, "{:>2}. {bold}{}{bold:#}", hit.rank, printable(title))?;
    let headings = headings(&hit.headings, title);
    if !headings.is_empty() {
        writeln!(out, "{INDENT} {}", printable(&headings))?;
    }
    writeln!(
        out,
        "{INDENT} {faint}{}{faint:#}",
        printable(&source(&hit.document, &hit.passage, hit.page, hit.score))
    )?;
    paragraph(
        out,
        &hit.snippet.text,
        &hit.snippet.highlights,
        hit.snippet.text.len() < hit.text.len(),
        &hit.text,
        width,
    )?;
    tags(out, &hit.dimensions, &hit.actors, width)?;
    if let Some(contributions) = &hit.explanation {
        for part in contributions {
            writeln!(
                out,
                "{INDENT} {faint}{:+.3}  {}: {}{faint:#}",
                part.score,
                printable(&part.word),
                printable(&part.by)
            )?;
        }
        reasons(out, &hit.dimensions)?;
        reasons(out, &hit.actors)?;
    }
    writeln!(out)?;
    Ok(())
}

/// The headings above a passage, without one that only repeats the title.
fn headings(headings: &[String], title: &str) -> String {
    headings.iter().filter(|heading| *heading != title).cloned().collect::<Vec<_>>().join(" › ")
}

fn source(document: &DocumentInfo, passage: &str, page: Option<u32>, score: f64) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(document.publisher.clone());
    parts.extend(document.date.map(|date| date.to_string()));
    parts.extend(document.symbol.clone());
    parts.extend(page.map(|page| format!("p. {page}")));
    parts.push(passage.to_owned());
    parts.push(format!("{score:.2}"));
    parts.join(" · ")
}

/// A text set at the terminal's width, the words found marked.
fn paragraph(
    out: &mut dyn Write,
    text: &str,
    highlights: &[(usize, usize)],
    is_cut: bool,
    whole: &str,
    width: usize,
) -> Result<(), Failure> {
    // Marks ride through the wrapping as characters that no clean text holds.
    const ON: char = '\u{E000}';
    const OFF: char = '\u{E001}';
    let mut marked = String::with_capacity(text.len() + 16);
    let mut next = highlights.iter().peekable();
    for (at, c) in text.chars().enumerate() {
        if next.peek().is_some_and(|&&(from, _)| from == at) {
            marked.push(ON);
        }
        if !matches!(c, ON | OFF) {
            marked.push(c);
        }
        if next.peek().is_some_and(|&&(_, to)| to == at + 1) {
            marked.push(OFF);
            next.next();
        }
    }
    let before = if is_cut && !whole.starts_with(text) { "… " } else { "" };
    let after = if is_cut && !whole.ends_with(text) { " …" } else { "" };
    let style = found_style();
    for line in format!("{before}{}{after}", printable(&marked)).lines() {
        for wrapped in textwrap::wrap(line, width.saturating_sub(INDENT.len() + 1)) {
            let shown = wrapped
                .replace(ON, &style.render().to_string())
                .replace(OFF, &style.render_reset().to_string());
            writeln!(out, "{INDENT} {shown}")?;
        }
    }
    Ok(())
}

fn tags(
    out: &mut dyn Write,
    dimensions: &[TagShown],
    actors: &[TagShown],
    width: usize,
) -> Result<(), Failure> {
    let list = |tags: &[TagShown]| tags.iter().map(|tag| tag.label.clone()).collect::<Vec<_>>().join(", ");
    for (name, tags, style) in [("▸", dimensions, dimension_style()), ("●", actors, actor_style())] {
        if tags.is_empty() {
            continue;
        }
        let text = printable(&list(tags));
        let mut mark = name;
        for line in textwrap::wrap(&text, width.saturating_sub(INDENT.len() + 3)) {
            writeln!(out, "{INDENT} {style}{mark} {line}{style:#}")?;
            mark = " ";
        }
    }
    Ok(())
}

fn reasons(out: &mut dyn Write, tags: &[TagShown]) -> Result<(), Failure> {
    let faint = faint_style();
    for tag in tags {
        writeln!(out, "{INDENT} {} ({:.2})", printable(&tag.label), tag.score)?;
        for reason in tag.evidence.iter().flatten() {
            let words = if reason.text.is_empty() {
                String::new()
            } else {
                format!("\"{}\": ", printable(&reason.text))
            };
            writeln!(
                out,
                "{INDENT}   {faint}{:+.2}  {words}{}{faint:#}",
                reason.weight,
                printable(&reason.rule)
            )?;
        }
    }
    Ok(())
}

/// The head of a document.
pub fn document(
    out: &mut dyn Write,
    document: &DocumentInfo,
    passages: usize,
    width: usize,
) -> Result<(), Failure> {
    let bold = title_style();
    for line in textwrap::wrap(&printable(document.title.as_deref().unwrap_or(&document.id)), width) {
        writeln!(out, "{bold}{line}{bold:#}")?;
    }
    let date = document.date.map(|date| date.to_string());
    let language = document.language.map(|language| language.to_string());
    let count = format!("{passages} passages");
    for (name, value) in [
        ("id", Some(&document.id)),
        ("publisher", document.publisher.as_ref()),
        ("date", date.as_ref()),
        ("language", language.as_ref()),
        ("symbol", document.symbol.as_ref()),
        ("url", document.url.as_ref()),
        ("licence", document.licence.as_ref()),
        ("file", Some(&document.path)),
        ("length", Some(&count)),
    ] {
        if let Some(value) = value {
            writeln!(out, "{name:<10} {}", printable(value))?;
        }
    }
    writeln!(out)?;
    Ok(())
}

/// One passage of `show`; the one asked for with the reasons of its tags.
pub fn passage(
    out: &mut dyn Write,
    stored: &StoredPassage,
    dimensions: &[TagShown],
    actors: &[TagShown],
    is_asked_for: bool,
    width: usize,
) -> Result<(), Failure> {
    let (bold, faint) = (title_style(), faint_style());
    let passage = &stored.passage;
    let mark = if is_asked_for { "▶" } else { " " };
    let title = stored.document.title.as_deref().unwrap_or_default();
    let page = passage.page.map_or(String::new(), |page| format!(" · p. {page}"));
    writeln!(
        out,
        "{mark} {bold}#{}{bold:#} {faint}{}{page} · {}{faint:#}",
        passage.number,
        printable(&headings(&passage.headings, title)),
        passage.language
    )?;
    paragraph(out, &passage.text, &[], false, &passage.text, width)?;
    if is_asked_for {
        reasons(out, dimensions)?;
        reasons(out, actors)?;
    } else {
        tags(out, dimensions, actors, width)?;
    }
    writeln!(out)?;
    Ok(())
}
