//! Markdown to paste: each passage as a quotation with its source.

use std::io::Write;

use gcm_search::batch::LineError;
use gcm_search::search::{Answer, AnswerHit};

use crate::cli::Failure;

/// The hits of an answer; under a heading where it is one of many.
pub fn answer(out: &mut dyn Write, answer: &Answer, is_one_of_many: bool) -> Result<(), Failure> {
    if is_one_of_many {
        heading(out, answer.id.as_deref(), Some(&answer.query))?;
    }
    if answer.hits.is_empty() {
        writeln!(out, "No passage found.\n")?;
    }
    for hit in &answer.hits {
        quotation(out, hit)?;
    }
    Ok(())
}

/// A line that could not be answered.
pub fn bad_line(out: &mut dyn Write, bad: &LineError) -> Result<(), Failure> {
    heading(out, Some(&bad.id), bad.query.as_deref())?;
    writeln!(out, "Not answered: line {}: {}\n", bad.line, escaped(&bad.error))?;
    Ok(())
}

fn heading(out: &mut dyn Write, id: Option<&str>, query: Option<&str>) -> Result<(), Failure> {
    let parts: Vec<String> = [id, query].into_iter().flatten().map(escaped).collect();
    writeln!(out, "## {}\n", parts.join(": "))?;
    Ok(())
}

fn quotation(out: &mut dyn Write, hit: &AnswerHit) -> Result<(), Failure> {
    let mut lines = hit.text.trim().lines().peekable();
    while let Some(line) = lines.next() {
        // A backslash at the end keeps a line apart from the next, as of a table's row.
        let end = if lines.peek().is_some() { "\\" } else { "" };
        writeln!(out, "> {}{end}", escaped(line.trim()))?;
    }
    let document = &hit.document;
    let number = hit.passage.rsplit_once('#').map_or("", |(_, number)| number);
    let mut source = vec![format!("*{}*", escaped(document.title.as_deref().unwrap_or(&document.id).trim()))];
    source.extend(document.publisher.as_deref().map(escaped));
    source.extend(document.symbol.as_deref().map(escaped));
    source.extend(hit.page.map(|page| format!("p. {page}")));
    source.extend(hit.paragraph.as_deref().map(|paragraph| format!("para. {}", escaped(paragraph))));
    if hit.page.is_none() && hit.paragraph.is_none() {
        // Without either, its place among the passages of the document.
        source.push(format!("¶ {number}"));
    }
    source.extend(document.date.map(|date| date.to_string()));
    source.extend(document.url.as_deref().map(link));
    writeln!(out, "\n— {} ({})\n", source.join(", "), code(&hit.passage))?;
    Ok(())
}

/// An address as a link, if it is one for a browser; else as text.
fn link(url: &str) -> String {
    let is_for_browsers = url.starts_with("https://") || url.starts_with("http://");
    let fits = |c: char| !(c.is_whitespace() || c.is_control() || c == '<' || c == '>');
    if is_for_browsers && url.chars().all(fits) { format!("<{url}>") } else { escaped(url) }
}

/// A text as code, within more backticks than it has itself.
fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// A text on one line in which nothing is markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let marks_a_block = block_mark(text);
    for (at, c) in text.char_indices() {
        if c.is_control() {
            out.push(' ');
            continue;
        }
        if Some(at) == marks_a_block
            || matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '$' | '^')
        {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Where a line has a sign that would make it a heading, a list item or a rule.
fn block_mark(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match text.as_bytes().get(digits) {
        Some(b'.' | b')') if digits > 0 => Some(digits),
        Some(b'#' | b'+' | b'-' | b'=') if digits == 0 => Some(0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag};

    /// What a reader sees, and whether there is any markup but paragraphs.
    fn read(markdown: &str) -> (String, bool) {
        let mut text = String::new();
        let mut marked = false;
        for event in Parser::new_ext(markdown, Options::all().difference(Options::ENABLE_SMART_PUNCTUATION)) {
            match event {
                Event::Text(part) => text.push_str(&part),
                Event::SoftBreak => text.push('\n'),
                Event::Start(Tag::Paragraph) | Event::End(_) => {}
                _ => marked = true,
            }
        }
        (text, marked)
    }

    #[test]
    fn text_is_no_markup() {
        for text in [
            "44. I governi *si impegnano* a",
            "- una voce",
            "# titolo",
            "a_b_c [link](http://x) <b>&amp;</b> `x` ~~y~~",
            "| a | b |",
            "^alto^ e ~basso~",
            "1) uno",
            "---",
            "=",
        ] {
            assert_eq!(read(&escaped(text)), (text.to_owned(), false), "{text}");
        }
    }

    #[test]
    fn addresses_are_links_only_where_a_browser_opens_them() {
        assert_eq!(link("https://example.org/a_b"), "<https://example.org/a_b>");
        assert_eq!(link("javascript:alert(1)"), "javascript:alert(1)");
        assert_eq!(link("https://x/<y>"), "https://x/\\<y\\>");
        assert_eq!(code("a`b"), "`` a`b ``");
    }

    proptest! {
        #[test]
        fn no_text_is_markup(text in "[a-z0-9*_#+=>&;:|~\\[\\]()<!\\\\`'\".$^{}-]{1,12}( [a-z0-9*_#+=>&|~\\[\\]()<!\\\\`.$-]{1,6}){0,2}") {
            let (seen, marked) = read(&escaped(&text));
            prop_assert!(!marked, "{}", escaped(&text));
            // Typographic replacements of the parser are not ours to undo.
            let plain = |text: &str| text.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>();
            prop_assert_eq!(plain(&seen), plain(&text));
        }
    }
}
