//! OpenDocument text into blocks: headings by outline level or style, numbered lists with their labels, notes after
//! their paragraph.

use std::collections::HashMap;

use super::flow::{Flow, Numerals, Paragraph, Role};
use super::limits::Budget;
use super::package::Package;
use super::xml::{Leaves, Tag, Visitor, walk};
use super::{ExtractError, Extracted, dates, plausible_title};
use crate::document::Metadata;

pub(super) const VERSION: u32 = 1;

/// How many styles may stand on each other; more is a circle.
const STYLE_DEPTH: usize = 16;
/// The most spaces or columns that one element may stand for.
const MAX_REPEAT: usize = 1000;

/// Reads an OpenDocument text.
///
/// # Errors
/// A container or a part of it that is damaged, and a text that is encrypted.
pub(super) fn extract(bytes: &[u8], budget: &mut Budget) -> Result<Extracted, ExtractError> {
    let mut package = Package::open(bytes, budget)?;
    let manifest = package.part("META-INF/manifest.xml", budget)?.unwrap_or_default();
    if manifest.windows(15).any(|window| window == b"encryption-data") {
        return Err(ExtractError::new("encrypted with a password; save it without one"));
    }
    let mut styles = Styles::default();
    if let Some(xml) = package.part("styles.xml", budget)? {
        walk(&xml, "styles.xml", &mut styles)?;
    }
    let content = package.required("content.xml", budget)?;
    walk(&content, "content.xml", &mut styles)?;
    let mut body = Body::new(&styles);
    walk(&content, "content.xml", &mut body)?;
    let (title, blocks) = body.flow.finish();
    let meta = package.part("meta.xml", budget).ok().flatten();
    // Damaged metadata are no reason to lose the text.
    let meta = meta.and_then(|xml| Leaves::read(&xml, "meta.xml").ok()).unwrap_or_default();
    let metadata = Metadata {
        title: meta.get("title").filter(|title| plausible_title(title)).or(title),
        publisher: meta.get("publisher"),
        // `date` is when the file was last saved.
        date: ["issued", "creation-date", "date"].iter().find_map(|name| dates::parse(&meta.get(name)?)),
        language: meta.get("language").and_then(|code| code.parse().ok()),
        ..Metadata::default()
    };
    Ok(Extracted { metadata, blocks, ..Extracted::default() })
}

#[derive(Debug, Clone, Default)]
struct Style {
    display: Option<String>,
    parent: Option<String>,
    outline: Option<u8>,
    /// What the style is for: a style of text may have the name of one of paragraphs.
    is_paragraph: bool,
}

#[derive(Debug, Clone)]
struct Level {
    numerals: Option<Numerals>,
    prefix: String,
    suffix: String,
    start: u32,
    /// How many levels the label shows.
    shown: usize,
}

#[derive(Debug, Default)]
struct Styles {
    by_name: HashMap<String, Style>,
    lists: HashMap<String, HashMap<usize, Level>>,
    open_list: Option<String>,
}

impl Visitor for Styles {
    fn open(&mut self, tag: &Tag<'_>) {
        match tag.name() {
            "style" => {
                let style = Style {
                    display: tag.attr("display-name"),
                    parent: tag.attr("parent-style-name"),
                    outline: tag.attr("default-outline-level").and_then(|level| level.parse().ok()),
                    is_paragraph: tag.attr("family").as_deref() == Some("paragraph"),
                };
                if let Some(name) = tag.attr("name")
                    && style.is_paragraph
                {
                    self.by_name.insert(name, style);
                }
            }
            "list-style" => {
                self.open_list = tag.attr("name");
                if let Some(name) = &self.open_list {
                    self.lists.insert(name.clone(), HashMap::new());
                }
            }
            name @ ("list-level-style-number" | "list-level-style-bullet") => {
                let Some(levels) = self.open_list.as_ref().and_then(|name| self.lists.get_mut(name)) else {
                    return;
                };
                let Some(level) = tag.attr("level").and_then(|level| level.parse::<usize>().ok()) else {
                    return;
                };
                let numerals = match tag.attr("num-format").as_deref() {
                    _ if name.ends_with("bullet") => None,
                    Some("1") => Some(Numerals::Decimal),
                    Some("a") => Some(Numerals::LowerLetter),
                    Some("A") => Some(Numerals::UpperLetter),
                    Some("i") => Some(Numerals::LowerRoman),
                    Some("I") => Some(Numerals::UpperRoman),
                    _ => None,
                };
                let number = |name: &str| tag.attr(name).and_then(|value| value.parse::<u32>().ok());
                levels.insert(
                    level,
                    Level {
                        numerals,
                        prefix: tag.attr("num-prefix").unwrap_or_default(),
                        suffix: tag.attr("num-suffix").unwrap_or_default(),
                        start: number("start-value").unwrap_or(1),
                        shown: number("display-levels").unwrap_or(1) as usize,
                    },
                );
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if name == "list-style" {
            self.open_list = None;
        }
    }

    fn text(&mut self, _: &str) {}
}

impl Styles {
    fn role(&self, name: &str) -> Option<Role> {
        let mut next = Some(name.to_owned());
        for _ in 0..STYLE_DEPTH {
            let name = next?;
            let style = self.by_name.get(&name);
            let shown = style.and_then(|style| style.display.clone()).unwrap_or_else(|| decoded(&name));
            if let Some(role) = Role::by_style_name(&shown) {
                return Some(role);
            }
            if let Some(level) = style.and_then(|style| style.outline).filter(|level| (1..=9).contains(level))
            {
                return Some(Role::Heading(level));
            }
            next = style.and_then(|style| style.parent.clone());
        }
        None
    }
}

/// Names write what is no letter as `_20_`.
fn decoded(name: &str) -> String {
    name.replace("_20_", " ")
}

#[derive(Debug, Default)]
struct Open {
    role: Option<Role>,
    text: String,
    notes: Vec<String>,
}

#[derive(Debug)]
struct List {
    style: String,
    /// The number of the current item.
    count: Option<u32>,
    /// Whether the item has had its first paragraph, the one with the label.
    labelled: bool,
    is_numbered_header: bool,
}

struct Body<'a> {
    styles: &'a Styles,
    flow: Flow,
    open: Vec<Open>,
    lists: Vec<List>,
    /// How far the lists of a style have counted, by style and level, for a list that goes on.
    counted: HashMap<(String, usize), u32>,
    /// Where the text of notes goes, innermost last.
    notes: Vec<String>,
    skipped: usize,
    in_text: bool,
}

impl<'a> Body<'a> {
    fn new(styles: &'a Styles) -> Body<'a> {
        Body {
            styles,
            flow: Flow::default(),
            open: Vec::new(),
            lists: Vec::new(),
            counted: HashMap::new(),
            notes: Vec::new(),
            skipped: 0,
            in_text: false,
        }
    }

    fn push(&mut self, text: &str) {
        if let Some(open) = self.open.last_mut() {
            open.text.push_str(text);
        }
    }

    /// The label of the paragraph that begins now, if it is the first of an item.
    fn label(&mut self) -> Option<String> {
        let level = self.lists.len();
        let list = self.lists.last_mut()?;
        if list.labelled || list.is_numbered_header {
            return None;
        }
        list.labelled = true;
        let count = list.count?;
        let levels = self.styles.lists.get(&list.style)?;
        let own = levels.get(&level)?;
        own.numerals?;
        let from = level.saturating_sub(own.shown.max(1) - 1).max(1);
        let mut numbers = Vec::new();
        for at in from..=level {
            let count = if at == level { count } else { self.lists[at - 1].count.unwrap_or(1) };
            if let Some(numerals) = levels.get(&at).and_then(|level| level.numerals) {
                numbers.push(numerals.write(count));
            }
        }
        Some(format!("{}{}{}", own.prefix, numbers.join("."), own.suffix).trim().to_owned())
    }

    fn open_list(&mut self, tag: &Tag<'_>) {
        let level = self.lists.len() + 1;
        let style = tag
            .attr("style-name")
            .or_else(|| self.lists.last().map(|list| list.style.clone()))
            .unwrap_or_default();
        let goes_on =
            tag.attr("continue-numbering").as_deref() == Some("true") || tag.attr("continue-list").is_some();
        let count = if goes_on { self.counted.get(&(style.clone(), level)).copied() } else { None };
        self.lists.push(List { style, count, labelled: true, is_numbered_header: false });
    }

    fn open_item(&mut self, tag: &Tag<'_>) {
        let level = self.lists.len();
        let Some(list) = self.lists.last_mut() else {
            return;
        };
        list.is_numbered_header = tag.name() == "list-header";
        list.labelled = false;
        if list.is_numbered_header {
            return;
        }
        let first = || {
            let levels = self.styles.lists.get(&list.style);
            levels.and_then(|levels| levels.get(&level)).map_or(1, |level| level.start)
        };
        let given = tag.attr("start-value").and_then(|value| value.parse::<u32>().ok());
        let count = given.unwrap_or_else(|| list.count.map_or_else(first, |count| count.saturating_add(1)));
        list.count = Some(count);
        self.counted.insert((list.style.clone(), level), count);
    }

    fn end_paragraph(&mut self, open: Open) {
        if let Some(note) = self.notes.last_mut() {
            if !note.is_empty() {
                note.push(' ');
            }
            note.push_str(&open.text);
            return;
        }
        let label = self.label();
        let role = match open.role {
            Some(role) => role,
            None if !self.lists.is_empty() => Role::ListItem,
            None => Role::Body,
        };
        self.flow.paragraph(Paragraph { role, text: open.text, label, notes: open.notes });
    }
}

impl Visitor for Body<'_> {
    fn open(&mut self, tag: &Tag<'_>) {
        let name = tag.name();
        if self.skipped > 0 {
            self.skipped += 1;
            return;
        }
        if !self.in_text {
            // Before the text stand fonts and styles.
            self.in_text = name == "body";
            return;
        }
        match name {
            // Remarks, deleted text, tables of contents, what stands for a note, descriptions of pictures.
            "annotation" | "tracked-changes" | "table-of-content" | "note-citation" | "title" | "desc"
            | "forms" | "sequence-decls" | "script" | "binary-data" | "variable-decls"
            | "user-field-decls" => self.skipped = 1,
            "h" => {
                let level = tag.attr("outline-level").and_then(|level| level.parse::<u8>().ok()).unwrap_or(1);
                self.open.push(Open { role: Some(Role::Heading(level.clamp(1, 9))), ..Open::default() });
            }
            "p" => {
                let role = tag.attr("style-name").and_then(|name| self.styles.role(&name));
                self.open.push(Open { role, ..Open::default() });
            }
            "s" => {
                let count = tag.attr("c").and_then(|count| count.parse::<usize>().ok()).unwrap_or(1);
                self.push(&" ".repeat(count.min(MAX_REPEAT)));
            }
            "tab" => self.push("\t"),
            "line-break" => self.push("\n"),
            "note-body" => self.notes.push(String::new()),
            "list" => self.open_list(tag),
            "list-item" | "list-header" => self.open_item(tag),
            "table" => self.flow.open_table(),
            "table-column" => {
                let repeated = tag
                    .attr("number-columns-repeated")
                    .and_then(|count| count.parse::<usize>().ok())
                    .unwrap_or(1);
                self.flow.add_columns(repeated);
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if self.skipped > 0 {
            self.skipped -= 1;
            return;
        }
        match name {
            "p" | "h" => {
                if let Some(open) = self.open.pop() {
                    self.end_paragraph(open);
                }
            }
            "note-body" => {
                let note = self.notes.pop();
                if let Some(open) = self.open.last_mut() {
                    open.notes.extend(note);
                }
            }
            "list" => {
                self.lists.pop();
            }
            "table-cell" => self.flow.close_cell(),
            "table-row" => self.flow.close_row(),
            "table" => self.flow.close_table(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.skipped == 0 && self.in_text {
            self.push(text);
        }
    }
}
