//! Word documents (Office Open XML) into blocks: styles make headings, numbering definitions make labels, notes follow
//! their paragraph.

use std::collections::{HashMap, HashSet};

use super::flow::{Flow, Numerals, Paragraph, Role};
use super::limits::Budget;
use super::package::Package;
use super::xml::{Leaves, Tag, Visitor, walk};
use super::{ExtractError, Extracted, dates, plausible_title};
use crate::document::Metadata;

pub(super) const VERSION: u32 = 1;

/// How many styles may stand on each other; more is a circle.
const STYLE_DEPTH: usize = 16;
/// Levels of a list, as the format has them.
const LEVELS: usize = 9;

/// Reads a Word document.
///
/// # Errors
/// A container or a part of it that is damaged.
pub(super) fn extract(bytes: &[u8], budget: &mut Budget) -> Result<Extracted, ExtractError> {
    let mut package = Package::open(bytes, budget)?;
    let main = main_part(&mut package, budget)?;
    let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let mut part = |name: &str, budget: &mut Budget| -> Result<Option<Vec<u8>>, ExtractError> {
        package.part(&format!("{folder}/{name}"), budget)
    };
    let mut styles = Styles::default();
    if let Some(xml) = part("styles.xml", budget)? {
        walk(&xml, "styles.xml", &mut styles)?;
    }
    let mut numbering = Numbering::default();
    if let Some(xml) = part("numbering.xml", budget)? {
        walk(&xml, "numbering.xml", &mut numbering)?;
    }
    let mut notes = HashMap::new();
    for (name, kind) in [("footnotes.xml", "footnote"), ("endnotes.xml", "endnote")] {
        if let Some(xml) = part(name, budget)? {
            let mut body = Body::new(&styles, numbering.clone(), HashMap::new(), Some(kind));
            walk(&xml, name, &mut body)?;
            notes.extend(body.collected.into_iter().map(|(id, text)| ((kind, id), text)));
        }
    }
    let xml = package.required(&main, budget)?;
    let mut body = Body::new(&styles, numbering, notes, None);
    walk(&xml, &main, &mut body)?;
    let (title, blocks) = body.flow.finish();
    let mut metadata = metadata(&mut package, budget);
    metadata.title = metadata.title.or(title);
    Ok(Extracted { metadata, blocks, ..Extracted::default() })
}

/// The main part: where the relations of the package say, else where every program puts it.
fn main_part(package: &mut Package<'_>, budget: &mut Budget) -> Result<String, ExtractError> {
    struct Target(Option<String>);
    impl Visitor for Target {
        fn open(&mut self, tag: &Tag<'_>) {
            if tag.name() == "Relationship"
                && tag.attr("Type").is_some_and(|kind| kind.ends_with("/officeDocument"))
            {
                self.0 = tag.attr("Target");
            }
        }
        fn close(&mut self, _: &str) {}
        fn text(&mut self, _: &str) {}
    }
    let mut target = Target(None);
    if let Some(xml) = package.part("_rels/.rels", budget)? {
        walk(&xml, "_rels/.rels", &mut target)?;
    }
    Ok(target
        .0
        .map_or_else(|| "word/document.xml".to_owned(), |target| target.trim_start_matches('/').to_owned()))
}

/// What the document says of itself. A damaged part of metadata is no reason to lose the text.
fn metadata(package: &mut Package<'_>, budget: &mut Budget) -> Metadata {
    let mut read = |name: &str, budget: &mut Budget| {
        let xml = package.part(name, budget).ok().flatten()?;
        Leaves::read(&xml, name).ok()
    };
    let core = read("docProps/core.xml", budget).unwrap_or_default();
    let app = read("docProps/app.xml", budget).unwrap_or_default();
    Metadata {
        title: core.get("title").filter(|title| plausible_title(title)),
        publisher: core.get("publisher").or_else(|| app.get("Company")),
        date: ["issued", "date", "created"].iter().find_map(|name| dates::parse(&core.get(name)?)),
        language: core.get("language").and_then(|code| code.parse().ok()),
        ..Metadata::default()
    }
}

#[derive(Debug, Clone, Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    outline: Option<u8>,
    list: Option<(String, usize)>,
}

#[derive(Debug, Default)]
struct Styles {
    by_id: HashMap<String, Style>,
    open: Option<(String, Style)>,
}

impl Visitor for Styles {
    fn open(&mut self, tag: &Tag<'_>) {
        if tag.name() == "style" {
            self.open = tag.attr("styleId").map(|id| (id, Style::default()));
            return;
        }
        let Some((_, style)) = &mut self.open else {
            return;
        };
        let value = || tag.attr("val");
        match tag.name() {
            "name" => style.name = value().unwrap_or_default(),
            "basedOn" => style.based_on = value(),
            "outlineLvl" => style.outline = value().and_then(|level| level.parse().ok()),
            "numId" => {
                let level = style.list.take().map_or(0, |(_, level)| level);
                style.list = value().map(|id| (id, level));
            }
            "ilvl" => {
                let id = style.list.take().map_or_else(String::new, |(id, _)| id);
                style.list = Some((id, level_of(value())));
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if name == "style" {
            self.by_id.extend(self.open.take());
        }
    }

    fn text(&mut self, _: &str) {}
}

fn level_of(value: Option<String>) -> usize {
    value.and_then(|level| level.parse::<usize>().ok()).unwrap_or(0).min(LEVELS - 1)
}

impl Styles {
    /// A style and those that it stands on, nearest first.
    fn chain<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Style> {
        let mut next = Some(id);
        std::iter::from_fn(move || {
            let style = self.by_id.get(next?)?;
            next = style.based_on.as_deref();
            Some(style)
        })
        .take(STYLE_DEPTH)
    }

    fn role(&self, id: &str) -> Option<Role> {
        for style in self.chain(id) {
            if let Some(role) = Role::by_style_name(&style.name) {
                return Some(role);
            }
            if let Some(level) = style.outline {
                return (level < 9).then_some(Role::Heading(level + 1));
            }
        }
        // Documents that lost their styles keep their ids: Titolo1, Heading1.
        if self.by_id.contains_key(id) { None } else { Role::by_style_name(id) }
    }

    fn list(&self, id: &str) -> Option<(String, usize)> {
        self.chain(id).find_map(|style| style.list.clone()).filter(|(id, _)| !id.is_empty())
    }
}

#[derive(Debug, Clone, Default)]
struct Level {
    /// `None` for bullets.
    numerals: Option<Numerals>,
    /// The label with `%1` … `%9` for the numbers of the levels.
    pattern: String,
    start: Option<u32>,
}

#[derive(Debug, Clone, Default)]
struct Numbering {
    abstract_levels: HashMap<String, Vec<Level>>,
    /// Which abstract list a list is one of, and where its levels start anew.
    lists: HashMap<String, (String, HashMap<usize, u32>)>,
    counters: HashMap<String, Vec<Option<u32>>>,
    started: HashSet<(String, usize)>,
    open_abstract: Option<String>,
    open_list: Option<String>,
    open_level: usize,
}

impl Visitor for Numbering {
    fn open(&mut self, tag: &Tag<'_>) {
        let value = || tag.attr("val");
        match tag.name() {
            "abstractNum" => {
                self.open_abstract = tag.attr("abstractNumId");
                if let Some(id) = &self.open_abstract {
                    self.abstract_levels.insert(id.clone(), vec![Level::default(); LEVELS]);
                }
            }
            "num" => {
                self.open_list = tag.attr("numId");
                if let Some(id) = &self.open_list {
                    self.lists.insert(id.clone(), Default::default());
                }
            }
            "abstractNumId" => {
                if let Some(list) = self.open_list.as_ref().and_then(|id| self.lists.get_mut(id)) {
                    list.0 = value().unwrap_or_default();
                }
            }
            "lvl" | "lvlOverride" => self.open_level = level_of(tag.attr("ilvl")),
            "startOverride" => {
                if let Some(list) = self.open_list.as_ref().and_then(|id| self.lists.get_mut(id)) {
                    list.1.insert(self.open_level, value().and_then(|start| start.parse().ok()).unwrap_or(1));
                }
            }
            name @ ("numFmt" | "lvlText" | "start") if self.open_list.is_none() => {
                let open = self.open_abstract.as_ref().and_then(|id| self.abstract_levels.get_mut(id));
                let Some(level) = open.and_then(|levels| levels.get_mut(self.open_level)) else {
                    return;
                };
                let value = value().unwrap_or_default();
                match name {
                    "numFmt" => {
                        level.numerals = match value.as_str() {
                            "decimal" | "decimalZero" => Some(Numerals::Decimal),
                            "lowerLetter" => Some(Numerals::LowerLetter),
                            "upperLetter" => Some(Numerals::UpperLetter),
                            "lowerRoman" => Some(Numerals::LowerRoman),
                            "upperRoman" => Some(Numerals::UpperRoman),
                            _ => None,
                        };
                    }
                    "lvlText" => level.pattern = value,
                    _ => level.start = value.parse().ok(),
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "abstractNum" => self.open_abstract = None,
            "num" => self.open_list = None,
            _ => {}
        }
    }

    fn text(&mut self, _: &str) {}
}

impl Numbering {
    /// Counts an item and gives the label that a reader sees before it; none for bullets.
    fn next(&mut self, list: &str, level: usize) -> Option<String> {
        let (id, overrides) = self.lists.get(list)?;
        let levels = self.abstract_levels.get(id)?;
        let counters = self.counters.entry(id.clone()).or_insert_with(|| vec![None; LEVELS]);
        let first = |at: usize| levels.get(at).and_then(|level| level.start).unwrap_or(1);
        // A list that starts anew does so at its first item.
        if let Some(&start) = overrides.get(&level)
            && self.started.insert((list.to_owned(), level))
        {
            counters[level] = Some(start);
        } else {
            counters[level] =
                Some(counters[level].map_or_else(|| first(level), |count| count.saturating_add(1)));
        }
        for deeper in counters.iter_mut().skip(level + 1) {
            *deeper = None;
        }
        let own = levels.get(level)?;
        own.numerals?;
        let mut label = own.pattern.clone();
        for (at, above) in levels.iter().enumerate().take(level + 1) {
            let mark = format!("%{}", at + 1);
            if label.contains(&mark) {
                let count = counters[at].unwrap_or_else(|| first(at));
                let written = above.numerals.unwrap_or(Numerals::Decimal).write(count);
                label = label.replace(&mark, &written);
            }
        }
        Some(label.trim().to_owned()).filter(|label| !label.is_empty())
    }
}

/// A paragraph that is open.
#[derive(Debug, Default)]
struct Open {
    style: Option<String>,
    outline: Option<u8>,
    list: Option<String>,
    level: Option<usize>,
    text: String,
    notes: Vec<String>,
}

/// The text of the main part or, for `notes_of`, the texts of the notes.
struct Body<'a> {
    styles: &'a Styles,
    numbering: Numbering,
    notes: HashMap<(&'static str, String), String>,
    flow: Flow,
    /// Text boxes stand within paragraphs, so several may be open.
    open: Vec<Open>,
    /// How many elements deep we are in something that is no text.
    skipped: usize,
    /// Runs within runs do not exist, but a text box within a run has runs again.
    runs: Vec<bool>,
    in_text: bool,
    in_run_properties: bool,
    notes_of: Option<&'static str>,
    note: Option<(String, String)>,
    collected: Vec<(String, String)>,
}

impl<'a> Body<'a> {
    fn new(
        styles: &'a Styles,
        numbering: Numbering,
        notes: HashMap<(&'static str, String), String>,
        notes_of: Option<&'static str>,
    ) -> Body<'a> {
        Body {
            styles,
            numbering,
            notes,
            flow: Flow::default(),
            open: Vec::new(),
            skipped: 0,
            runs: Vec::new(),
            in_text: false,
            in_run_properties: false,
            notes_of,
            note: None,
            collected: Vec::new(),
        }
    }

    fn push(&mut self, text: &str) {
        if let Some(open) = self.open.last_mut() {
            open.text.push_str(text);
        }
    }

    fn refer(&mut self, kind: &'static str, id: Option<String>) {
        let note = id.and_then(|id| self.notes.get(&(kind, id)).cloned());
        if let Some(open) = self.open.last_mut() {
            open.notes.extend(note);
        }
    }

    fn end_paragraph(&mut self, open: Open) {
        if let Some((_, note)) = &mut self.note {
            if !note.is_empty() {
                note.push(' ');
            }
            note.push_str(&open.text);
            return;
        }
        let style = open.style.as_deref().unwrap_or_default();
        let by_style = self.styles.role(style);
        let outline = open.outline.map(|level| Role::Heading(level + 1));
        let from_style = self.styles.list(style);
        let list = match (open.list, from_style) {
            (Some(id), _) if id == "0" => None,
            (Some(id), from_style) => {
                Some((id, open.level.or(from_style.map(|(_, level)| level)).unwrap_or(0)))
            }
            (None, Some((id, level))) => Some((id, open.level.unwrap_or(level))),
            (None, None) => None,
        };
        // An item counts even if it is empty or a heading: the next one has the next number.
        let label = list.as_ref().and_then(|(id, level)| self.numbering.next(id, *level));
        let role = match (by_style, outline) {
            (Some(role @ (Role::Title | Role::Heading(_) | Role::Contents)), _) => role,
            (_, Some(role)) => role,
            (Some(role), None) => role,
            (None, None) if list.is_some() => Role::ListItem,
            (None, None) => Role::Body,
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
        let value = || tag.attr("val");
        match name {
            // The fallback says again what the choice before it said; deleted and moved text is gone, and so is
            // what properties were before a change.
            "Fallback" | "del" | "moveFrom" | "instrText" | "delText" | "pPrChange" | "rPrChange" => {
                self.skipped = 1
            }
            "footnote" | "endnote" if self.notes_of == Some(name) => {
                // Separators are notes too, of a type of their own.
                let is_text = tag.attr("type").is_none_or(|kind| kind == "normal");
                self.note = tag.attr("id").filter(|_| is_text).map(|id| (id, String::new()));
            }
            "p" => self.open.push(Open::default()),
            "r" => self.runs.push(false),
            "rPr" => self.in_run_properties = true,
            "vanish" if self.in_run_properties => {
                let is_on = value().is_none_or(|value| !matches!(value.as_str(), "0" | "false" | "off"));
                if let Some(hidden) = self.runs.last_mut() {
                    *hidden = is_on;
                }
            }
            "t" => self.in_text = true,
            "tab" | "ptab" if !self.runs.is_empty() => self.push("\t"),
            "br" | "cr" if !self.runs.is_empty() => self.push("\n"),
            "noBreakHyphen" => self.push("-"),
            "footnoteReference" => self.refer("footnote", tag.attr("id")),
            "endnoteReference" => self.refer("endnote", tag.attr("id")),
            "tbl" => self.flow.open_table(),
            "gridCol" => self.flow.add_columns(1),
            "pStyle" | "outlineLvl" | "numId" | "ilvl" if self.runs.is_empty() || !self.in_run_properties => {
                let Some(open) = self.open.last_mut() else {
                    return;
                };
                match name {
                    "pStyle" => open.style = value(),
                    "outlineLvl" => {
                        open.outline =
                            value().and_then(|level| level.parse().ok()).filter(|&level| level < 9);
                    }
                    "numId" => open.list = value(),
                    _ => open.level = Some(level_of(value())),
                }
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
            "footnote" | "endnote" => self.collected.extend(self.note.take()),
            "p" => {
                if let Some(open) = self.open.pop() {
                    self.end_paragraph(open);
                }
            }
            "r" => {
                self.runs.pop();
            }
            "rPr" => self.in_run_properties = false,
            "t" => self.in_text = false,
            "tc" => self.flow.close_cell(),
            "tr" => self.flow.close_row(),
            "tbl" => self.flow.close_table(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.in_text && self.skipped == 0 && self.runs.last() != Some(&true) {
            self.push(text);
        }
    }
}
