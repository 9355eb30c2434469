//! Text for a person at a terminal.

use std::collections::BTreeMap;
use std::io::Write;

use anstyle::{AnsiColor, Style};
use gcm_search::engine::{DocumentInfo, StoredPassage};
use gcm_search::search::{Answer, AnswerHit, TagShown, TagsShown};

use gcm_search::matrix::{Axis, Counted, Matrix};
use textwrap::core::display_width;

use super::printable;
use crate::cli::Failure;

const INDENT: &str = "   ";

pub(super) fn title_style() -> Style {
    Style::new().bold()
}

pub(super) fn found_style() -> Style {
    Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()))
}

pub(super) fn faint_style() -> Style {
    Style::new().dimmed()
}

fn dimension_style() -> Style {
    Style::new().fg_color(Some(AnsiColor::Green.into()))
}

fn actor_style() -> Style {
    Style::new().fg_color(Some(AnsiColor::Cyan.into()))
}

fn other_style() -> Style {
    Style::new().fg_color(Some(AnsiColor::Blue.into()))
}

/// What stands above a ranked list that is one of many.
pub fn heading(out: &mut dyn Write, id: &str, query: Option<&str>) -> Result<(), Failure> {
    let bold = title_style();
    let query = query.map_or_else(String::new, |query| format!(": {query}"));
    writeln!(out, "{bold}== {}{bold:#}\n", printable(&format!("{id}{query}")))?;
    Ok(())
}

/// A ranked list.
///
/// `concepts` are the labels of those that the query names.
pub fn answer(out: &mut dyn Write, answer: &Answer, concepts: &[&str], width: usize) -> Result<(), Failure> {
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
    if !concepts.is_empty() {
        let faint = faint_style();
        writeln!(out, "{faint}Also passages tagged: {}{faint:#}\n", printable(&concepts.join(", ")))?;
    }
    if !answer.translations.is_empty() {
        let faint = faint_style();
        writeln!(
            out,
            "{faint}Also in other languages: {}{faint:#}\n",
            printable(&answer.translations.join(", "))
        )?;
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
    wrapped(out, &format!("{:>2}. ", hit.rank), title, bold, width)?;
    wrapped(out, &format!("{INDENT} "), &headings(&hit.headings, title), Style::new(), width)?;
    let source = source(hit);
    wrapped(out, &format!("{INDENT} "), &source, faint, width)?;
    paragraph(
        out,
        &hit.snippet.text,
        &hit.snippet.highlights,
        hit.snippet.text.len() < hit.text.len(),
        &hit.text,
        width,
    )?;
    tags(out, &lists(&hit.dimensions, &hit.actors, &hit.tags), width)?;
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
        reasons(out, &lists(&hit.dimensions, &hit.actors, &hit.tags))?;
    }
    writeln!(out)?;
    Ok(())
}

/// Lines so wide in which words are never split: ids are copied.
pub(super) fn whole_words(width: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(width)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .break_words(false)
}

/// A text in one style after something that its further lines leave free.
fn wrapped(out: &mut dyn Write, before: &str, text: &str, style: Style, width: usize) -> Result<(), Failure> {
    let mut start = before.to_owned();
    for line in textwrap::wrap(&printable(text), whole_words(width.saturating_sub(before.len()))) {
        if !line.is_empty() {
            writeln!(out, "{start}{style}{line}{style:#}")?;
        }
        start = " ".repeat(before.len());
    }
    Ok(())
}

/// The headings above a passage, without one that only repeats the title.
fn headings(headings: &[String], title: &str) -> String {
    headings.iter().filter(|heading| *heading != title).cloned().collect::<Vec<_>>().join(" › ")
}

fn source(hit: &AnswerHit) -> String {
    let document = &hit.document;
    let mut parts: Vec<String> = Vec::new();
    parts.extend(document.publisher.clone());
    parts.extend(document.date.map(|date| date.to_string()));
    let page = page_cited(hit.page, hit.page_label.as_deref());
    parts.extend(citation(document.symbol.as_deref(), hit.paragraph.as_deref(), page));
    parts.push(hit.passage.clone());
    parts.push(format!("{:.2}", hit.score));
    parts.join(" · ")
}

/// Where a passage stands, as it is cited: `A/RES/73/195, para. 16 (c), p. 6`.
pub fn citation(symbol: Option<&str>, paragraph: Option<&str>, page: Option<String>) -> Option<String> {
    let parts: Vec<String> =
        [symbol.map(str::to_owned), paragraph.map(|paragraph| format!("para. {paragraph}")), page]
            .into_iter()
            .flatten()
            .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A page as it is cited: by what is printed on it, with its place in the file where that is another.
fn page_cited(page: Option<u32>, label: Option<&str>) -> Option<String> {
    let page = page?;
    Some(label.map_or_else(|| format!("p. {page}"), |label| format!("p. {label} (PDF p. {page})")))
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

/// The tags of a passage scheme by scheme, each scheme with its mark and its colour.
type TagLists<'a> = Vec<(&'static str, Style, &'a [TagShown])>;

fn lists<'a>(
    dimensions: &'a [TagShown],
    actors: &'a [TagShown],
    others: &'a BTreeMap<String, Vec<TagShown>>,
) -> TagLists<'a> {
    let mut lists = vec![("▸", dimension_style(), dimensions), ("●", actor_style(), actors)];
    lists.extend(others.values().map(|tags| ("◆", other_style(), tags.as_slice())));
    lists
}

fn tags(out: &mut dyn Write, lists: &TagLists<'_>, width: usize) -> Result<(), Failure> {
    for (mark, style, tags) in lists {
        if tags.is_empty() {
            continue;
        }
        let labels: Vec<&str> = tags.iter().map(|tag| tag.label.as_str()).collect();
        let text = printable(&labels.join(", "));
        let mut mark = *mark;
        for line in textwrap::wrap(&text, width.saturating_sub(INDENT.len() + 3)) {
            writeln!(out, "{INDENT} {style}{mark} {line}{style:#}")?;
            mark = " ";
        }
    }
    Ok(())
}

fn reasons(out: &mut dyn Write, lists: &TagLists<'_>) -> Result<(), Failure> {
    let faint = faint_style();
    for tag in lists.iter().flat_map(|(_, _, tags)| tags.iter()) {
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
    tags: &TagsShown,
    is_asked_for: bool,
    width: usize,
) -> Result<(), Failure> {
    let (bold, faint) = (title_style(), faint_style());
    let passage = &stored.passage;
    let mark = if is_asked_for { "▶" } else { " " };
    let title = stored.document.title.as_deref().unwrap_or_default();
    let symbol =
        stored.document.symbol.as_deref().filter(|_| passage.paragraph.is_some() || passage.page.is_some());
    let page = page_cited(passage.page, passage.page_label.as_deref());
    let place = citation(symbol, passage.paragraph.as_deref(), page);
    let place = place.map_or(String::new(), |place| format!(" · {}", printable(&place)));
    writeln!(
        out,
        "{mark} {bold}#{}{bold:#} {faint}{}{place} · {}{faint:#}",
        passage.number,
        printable(&headings(&passage.headings, title)),
        passage.language
    )?;
    paragraph(out, &passage.text, &[], false, &passage.text, width)?;
    let lists = lists(&tags.dimensions, &tags.actors, &tags.others);
    if is_asked_for {
        reasons(out, &lists)?;
    } else {
        self::tags(out, &lists, width)?;
    }
    writeln!(out)?;
    Ok(())
}

/// The widest that the labels of a matrix's rows are set.
const ROW_LABEL: usize = 26;
/// How wide a column of a matrix is.
const COLUMN: usize = 10;

/// A matrix as a table, each cell shaded by its count; as many tables one below the other as the width asks for.
pub fn matrix(out: &mut dyn Write, matrix: &Matrix, width: usize) -> Result<(), Failure> {
    let (bold, faint) = (title_style(), faint_style());
    let label = |concept: &Counted| printable(&concept.label);
    let widest = matrix.rows.concepts.iter().map(|row| display_width(&label(row))).max().unwrap_or(0);
    let left = widest.clamp(4, ROW_LABEL.min(width / 2));
    let at_once = (width.saturating_sub(left + COLUMN) / COLUMN).max(1);
    let columns: Vec<usize> = (0..matrix.columns.concepts.len()).collect();
    for columns in columns.chunks(at_once) {
        let heads: Vec<Vec<String>> = columns
            .iter()
            .map(|&column| {
                let label = short_label(&matrix.columns, column);
                textwrap::wrap(&label, COLUMN - 1).into_iter().map(|line| line.into_owned()).collect()
            })
            .collect();
        let lines = heads.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..lines {
            let mut text = " ".repeat(left);
            for head in &heads {
                // Short labels stand right above their column.
                let missing = lines - head.len();
                let part = line.checked_sub(missing).map_or("", |at| head[at].as_str());
                text.push_str(&to_the_right(part, COLUMN));
            }
            text.push_str(&to_the_right(if line + 1 == lines { "Σ" } else { "" }, COLUMN));
            writeln!(out, "{bold}{}{bold:#}", text.trim_end())?;
        }
        for (row, concept) in matrix.rows.concepts.iter().enumerate() {
            for (at, line) in textwrap::wrap(&label(concept), left).iter().enumerate() {
                write!(out, "{line}{}", " ".repeat(left.saturating_sub(display_width(line))))?;
                if at == 0 {
                    for &column in columns {
                        let heat = matrix.heat(row, column);
                        let count = matrix.cells[row][column];
                        let style = heat_style(heat);
                        let shown = if count == 0 { "·".to_owned() } else { count.to_string() };
                        let shown = format!("{} {}", shown, heat_mark(heat));
                        write!(out, "{style}{}{style:#}", to_the_right(&shown, COLUMN))?;
                    }
                    write!(out, "{bold}{}{bold:#}", to_the_right(&concept.passages.to_string(), COLUMN))?;
                }
                writeln!(out)?;
            }
        }
        write!(out, "{bold}{}", to_the_left("Σ", left))?;
        for &column in columns {
            let count = format!("{}  ", matrix.columns.concepts[column].passages);
            write!(out, "{}", to_the_right(&count, COLUMN))?;
        }
        writeln!(out, "{}{bold:#}\n", to_the_right(&matrix.total.to_string(), COLUMN))?;
    }
    writeln!(
        out,
        "{faint}{} passages; one with several tags counts in several cells{faint:#}",
        matrix.total
    )?;
    Ok(())
}

/// The label of a concept without the words that all labels beside it have: *locale* of *Dimensione locale*.
fn short_label(axis: &Axis, at: usize) -> String {
    let words = |concept: &Counted| -> Vec<String> {
        printable(&concept.label).split_whitespace().map(str::to_owned).collect()
    };
    let is_everywhere = |word: &String| {
        axis.concepts.len() > 1
            && axis
                .concepts
                .iter()
                .all(|concept| words(concept).iter().any(|other| other.to_lowercase() == word.to_lowercase()))
    };
    let own: Vec<String> =
        words(&axis.concepts[at]).into_iter().filter(|word| !is_everywhere(word)).collect();
    if own.is_empty() { printable(&axis.concepts[at].label) } else { own.join(" ") }
}

fn to_the_right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(display_width(text))))
}

fn to_the_left(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(display_width(text))))
}

/// A mark that shows the heat where there is no colour.
fn heat_mark(heat: f64) -> char {
    match heat {
        h if h <= 0.0 => ' ',
        h if h < 0.35 => '░',
        h if h < 0.6 => '▒',
        h if h < 0.85 => '▓',
        _ => '█',
    }
}

fn heat_style(heat: f64) -> Style {
    match heat_mark(heat) {
        ' ' => faint_style(),
        '░' => Style::new(),
        '▒' => Style::new().fg_color(Some(AnsiColor::Cyan.into())),
        '▓' => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
        _ => Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
    }
}
