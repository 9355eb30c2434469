//! Web pages into blocks: the main content with its headings and lists, without the page around it.
//!
//! Rules on the page's structure do better here than guessing the densest prose, which on short pages is the
//! cookie notice. The tree is walked without recursion, so that no nesting is too deep.
//!
//! A note is told by links that lead to each other: the mark in the text to the note, the note back to the mark.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ego_tree::NodeId;
use ego_tree::iter::Edge;
use scraper::node::Element;
use scraper::{ElementRef, Html, Node, Selector};

use super::flow::Numerals;
use super::{ExtractError, ExtractLimits, Extracted, dates, one_line, plausible_title};
use crate::document::{Block, BlockKind, Date, Metadata};

pub(super) const VERSION: u32 = 2;

/// The most characters that the mark of a note has: `[12]`.
const MARK_CHARS: usize = 6;

/// Elements whose content is never text of the document.
const SKIPPED: &[&str] = &[
    "aside", "canvas", "dialog", "embed", "footer", "form", "head", "iframe", "input", "nav", "noscript",
    "object", "script", "select", "style", "svg", "template", "textarea", "video",
];

/// Elements that begin a new block.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "blockquote",
    "body",
    "caption",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "tr",
    "ul",
];

/// Words that, as a whole part of a class or id, mark what surrounds the content.
const FURNITURE: &[&str] = &[
    "banner",
    "breadcrumb",
    "breadcrumbs",
    "comments",
    "consent",
    "cookie",
    "cookies",
    "footer",
    "menu",
    "nav",
    "navbar",
    "navigation",
    "newsletter",
    "pager",
    "pagination",
    "popup",
    "related",
    "share",
    "sharing",
    "sidebar",
    "skip",
    "social",
    "toolbar",
];

const FURNITURE_ROLES: &[&str] = &[
    "alertdialog",
    "banner",
    "complementary",
    "contentinfo",
    "dialog",
    "menu",
    "menubar",
    "navigation",
    "search",
    "toolbar",
];

/// Elements that HTML closes by itself or that have no content: many of them open are no depth.
const SHALLOW: &[&str] = &[
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option",
    "p", "param", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr",
];

/// Reads a web page.
///
/// # Errors
/// A page that is larger or nested deeper than the limits.
pub(super) fn extract(text: &str, limits: &ExtractLimits) -> Result<Extracted, ExtractError> {
    let page = parse(text, limits)?;
    let metadata = metadata(&page);
    let mut blocks = blocks(&page);
    // The page's own title is often its first heading too.
    let metadata = super::markdown::with_title_from(metadata, &mut blocks);
    Ok(Extracted { metadata, blocks, ..Extracted::default() })
}

/// The blocks of a part of a book, which has its headings but no title of its own.
///
/// # Errors
/// As [`extract`].
pub(super) fn chapter(text: &str, limits: &ExtractLimits) -> Result<Vec<Block>, ExtractError> {
    Ok(blocks(&parse(text, limits)?))
}

fn blocks(page: &Html) -> Vec<Block> {
    let root = main_element(page).unwrap_or_else(|| page.root_element());
    Walk { notes: Notes::find(root), ..Walk::default() }.blocks(root)
}

fn parse(text: &str, limits: &ExtractLimits) -> Result<Html, ExtractError> {
    if text.len() > limits.html_bytes {
        return Err(ExtractError::new(format!(
            "a web page larger than {} MB; divide it, or make it plain text",
            limits.html_bytes / (1024 * 1024)
        )));
    }
    let text =
        if text.trim_start().starts_with("<?xml") { with_closing_tags(text) } else { Cow::Borrowed(text) };
    // The parser searches all open elements at most tags: its time grows with the square of the depth.
    if depth(&text) > limits.html_depth {
        return Err(ExtractError::new(format!("its elements are nested deeper than {}", limits.html_depth)));
    }
    Ok(Html::parse_document(&text))
}

/// The tags of a page as they are written: where each begins and ends, and its name.
fn tags(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text.get(from..)?.find('<')?;
            let rest = &text[start + 1..];
            if let Some(comment) = rest.strip_prefix("!--") {
                let end = comment.find("-->").map_or(text.len(), |end| start + 4 + end + 3);
                from = end;
                continue;
            }
            let name_start = rest.strip_prefix('/').unwrap_or(rest);
            let name_end = name_start.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, ':' | '-'));
            let name = &name_start[..name_end.unwrap_or(name_start.len())];
            let end = text[start..].find('>').map_or(text.len(), |end| start + end + 1);
            from = if name.is_empty() { start + 1 } else { end };
            if !name.is_empty() {
                return Some((start, end, name));
            }
        }
    })
}

/// How many elements at most stand within each other.
fn depth(text: &str) -> usize {
    let (mut open, mut deepest) = (0usize, 0usize);
    for (start, end, name) in tags(text) {
        if SHALLOW.iter().any(|shallow| shallow.eq_ignore_ascii_case(name))
            || text[start..end].ends_with("/>")
        {
            continue;
        }
        if text[start..].starts_with("</") {
            open = open.saturating_sub(1);
        } else {
            open += 1;
            deepest = deepest.max(open);
        }
    }
    deepest
}

/// XHTML may close any element at once (`<title/>`); for HTML that would be an opening tag.
fn with_closing_tags(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut done = 0;
    for (start, end, name) in tags(text) {
        let Some(open) = text[start..end].strip_suffix("/>") else {
            continue;
        };
        if SHALLOW.contains(&name) && !matches!(name, "p" | "li" | "td" | "th" | "tr" | "dd" | "dt") {
            continue;
        }
        out.push_str(&text[done..start]);
        out.push_str(open);
        out.push_str("></");
        out.push_str(name);
        out.push('>');
        done = end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[done..]);
    Cow::Owned(out)
}

fn select<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    // A selector of ours that does not parse selects nothing; a test reads them all.
    Selector::parse(selector).map_or_else(|_| Vec::new(), |selector| page.select(&selector).collect())
}

/// The one element that holds the content, where the page says so. Several articles are the cards
/// of a listing: then the whole body counts.
fn main_element(page: &Html) -> Option<ElementRef<'_>> {
    ["main", "[role=main]", "article", "body"].into_iter().find_map(|selector| {
        match select(page, selector)[..] {
            [one] => Some(one),
            _ => None,
        }
    })
}

fn metadata(page: &Html) -> Metadata {
    let meta = |names: &[&str]| -> Option<String> {
        names.iter().find_map(|name| {
            select(page, "meta").into_iter().find_map(|element| {
                let key = ["name", "property", "itemprop", "http-equiv"]
                    .iter()
                    .find_map(|attribute| element.attr(attribute))?;
                let content = element.attr("content")?.trim();
                (key.eq_ignore_ascii_case(name) && !content.is_empty()).then(|| one_line(content))
            })
        })
    };
    let title = meta(&["citation_title", "dc.title", "dcterms.title", "og:title"]).or_else(|| {
        let text: String = select(page, "title").first()?.text().collect();
        Some(one_line(&text)).filter(|title| plausible_title(title))
    });
    let language = page
        .root_element()
        .attr("lang")
        .or_else(|| page.root_element().attr("xml:lang"))
        .map(str::to_owned)
        .or_else(|| meta(&["dc.language", "dcterms.language", "content-language", "og:locale"]));
    let date = meta(DATES).and_then(|date| dates::parse(&date)).or_else(|| date_in_page(page));
    Metadata {
        title,
        publisher: meta(&[
            "dc.publisher",
            "dcterms.publisher",
            "citation_publisher",
            "og:site_name",
            "dc.creator",
        ]),
        date,
        language: language.and_then(|code| code.parse().ok()),
        url: select(page, "link[rel=canonical]")
            .first()
            .and_then(|link| link.attr("href"))
            .map(str::to_owned)
            .or_else(|| meta(&["og:url", "dc.identifier", "dcterms.identifier"]))
            .filter(|href| href.starts_with("http")),
        symbol: None,
        licence: meta(&["dc.rights", "dcterms.license", "dcterms.rights"]),
        primary: None,
    }
}

/// Where pages say when they were published, the surest first. A date that cannot be read is no reason to lose the page.
const DATES: &[&str] = &[
    "dcterms.issued",
    "dc.date.issued",
    "dc.date",
    "dcterms.date",
    "citation_publication_date",
    "citation_date",
    "article:published_time",
    "datepublished",
    "dcterms.created",
    "date",
];

/// The date of publication in the page itself: in its data for search engines, or the one `time` of its content.
fn date_in_page(page: &Html) -> Option<Date> {
    let in_data = select(page, "script[type='application/ld+json']").into_iter().find_map(|script| {
        let text: String = script.text().collect();
        let data: serde_json::Value = serde_json::from_str(&text).ok()?;
        let graph = data.get("@graph").and_then(|graph| graph.as_array().cloned());
        let items = graph.or_else(|| data.as_array().cloned()).unwrap_or_else(|| vec![data]);
        items.iter().find_map(|item| dates::parse(item.get("datePublished")?.as_str()?))
    });
    in_data.or_else(|| {
        let times = select(page, "main time[datetime], article time[datetime], time[itemprop=datePublished]");
        match times[..] {
            [one] => dates::parse(one.attr("datetime")?),
            _ => None,
        }
    })
}

fn is_furniture(element: &Element) -> bool {
    if element.name() == "body" || element.name() == "main" || element.name() == "article" {
        return false;
    }
    if element.attr("hidden").is_some()
        || element.attr("aria-hidden") == Some("true")
        // How LibreOffice writes the head and foot of its pages.
        || (element.name() == "div" && matches!(element.attr("title"), Some("header" | "footer")))
        || element.attr("epub:type").is_some_and(|kinds| {
            kinds.split_whitespace().any(|kind| matches!(kind, "titlepage" | "toc" | "landmarks" | "page-list" | "pagebreak"))
        })
        || element.attr("role").is_some_and(|role| FURNITURE_ROLES.contains(&role))
    {
        return true;
    }
    element.classes().chain(element.id()).any(|name| {
        name.split(['-', '_']).any(|part| FURNITURE.contains(&part.to_ascii_lowercase().as_str()))
    })
}

/// The notes of a page.
#[derive(Debug, Default)]
struct Notes {
    /// The mark in the text, and the element that holds its note.
    by_mark: HashMap<NodeId, NodeId>,
    /// The elements that hold notes.
    bodies: HashSet<NodeId>,
    /// The links back, which are no text.
    back: HashSet<NodeId>,
}

/// Elements that may hold a note.
const NOTE_BODIES: &[&str] = &["aside", "dd", "div", "li", "p", "section", "td"];

impl Notes {
    fn find(root: ElementRef<'_>) -> Notes {
        let mut named: HashMap<&str, ElementRef<'_>> = HashMap::new();
        let mut links: Vec<(ElementRef<'_>, &str)> = Vec::new();
        for element in root.descendants().filter_map(ElementRef::wrap) {
            let name = element
                .attr("id")
                .into_iter()
                .chain(element.attr("name").filter(|_| element.value().name() == "a"));
            for name in name {
                named.entry(name).or_insert(element);
            }
            if element.value().name() == "a"
                && let Some(target) = element.attr("href").and_then(|href| href.strip_prefix('#'))
            {
                links.push((element, target));
            }
        }
        // What links lead out of each holder, so that the way back is found at once.
        let mut back_links: HashMap<(NodeId, &str), ElementRef<'_>> = HashMap::new();
        for &(link, target) in &links {
            if let Some(body) = holder(link) {
                back_links.entry((body.id(), target)).or_insert(link);
            }
            for around in link.ancestors().filter_map(ElementRef::wrap).take(6) {
                back_links.entry((around.id(), target)).or_insert(link);
            }
        }
        let mut notes = Notes::default();
        let mut used: HashSet<NodeId> = HashSet::new();
        for &(link, target) in &links {
            let Some(&goal) = named.get(target) else {
                continue;
            };
            // The way back looks like a mark too; the mark stands before its note.
            if notes.back.contains(&link.id()) || !is_mark(link) || link.id() == goal.id() {
                continue;
            }
            let own = goal.value().name();
            let body = if NOTE_BODIES.contains(&own) { Some(goal) } else { holder(goal) };
            // A mark does not stand within its own note; what is farther out than this holds more than a note.
            let Some(body) =
                body.filter(|body| !link.ancestors().take(64).any(|node| node.id() == body.id()))
            else {
                continue;
            };
            // Names that lead back to the mark: its own, and those of what stands around it.
            let names = link
                .ancestors()
                .take(3)
                .filter_map(ElementRef::wrap)
                .chain([link])
                .flat_map(|element| element.attr("id").into_iter().chain(element.attr("name")));
            let back = names.filter_map(|name| back_links.get(&(body.id(), name))).next();
            let says_so = ["role", "epub:type"].iter().any(|attribute| {
                body.attr(attribute).is_some_and(|kind| kind.contains("footnote") || kind.contains("endnote"))
            });
            if back.is_none() && !says_so {
                continue;
            }
            notes.back.extend(back.map(|back| back.id()));
            // A mark that refers to a note again has no note of its own.
            if used.insert(body.id()) {
                notes.by_mark.insert(link.id(), body.id());
                notes.bodies.insert(body.id());
            } else {
                notes.back.insert(link.id());
            }
        }
        notes
    }
}

/// The nearest element around a link that may hold a note.
fn holder(link: ElementRef<'_>) -> Option<ElementRef<'_>> {
    link.ancestors()
        .filter_map(ElementRef::wrap)
        .take(8)
        .find(|element| NOTE_BODIES.contains(&element.value().name()))
}

/// Whether a link looks like the mark of a note: a number, a letter or a sign, perhaps in brackets.
fn is_mark(link: ElementRef<'_>) -> bool {
    let mut mark = String::new();
    for text in link.text() {
        mark.push_str(text.trim());
        if mark.len() > MARK_CHARS {
            return false;
        }
    }
    let inner = mark.trim_matches(['[', ']', '(', ')']);
    !inner.is_empty()
        && (inner.chars().all(|c| c.is_ascii_digit())
            || inner.chars().all(|c| matches!(c, '*' | '†' | '‡' | '§' | '¶'))
            || (inner.len() <= 4 && inner.chars().all(|c| matches!(c, 'i' | 'v' | 'x' | 'l')))
            || (inner.len() == 1 && inner.chars().all(|c| c.is_ascii_lowercase())))
}

#[derive(Default)]
struct Walk {
    notes: Notes,
    blocks: Vec<Block>,
    text: String,
    heading: Option<u8>,
    items: usize,
    /// The ordered lists that are open, with the number of their next item; others have none.
    lists: Vec<Option<(Numerals, u32)>>,
    label: Option<String>,
    /// Whether a row of a table is open.
    in_row: bool,
    cells: Vec<String>,
    /// The notes that the open block refers to.
    referred: Vec<NodeId>,
}

impl Walk {
    fn blocks(mut self, root: ElementRef<'_>) -> Vec<Block> {
        // The element whose subtree is being skipped, if any.
        let mut skipped = None;
        // Tables that only lay out the page: their cells hold blocks.
        let mut tables: Vec<bool> = Vec::new();
        let tree = root.tree();
        for edge in root.traverse() {
            match edge {
                Edge::Open(node) if skipped.is_none() => match node.value() {
                    Node::Element(element) => {
                        if self.is_skipped(node.id(), element, node.parent().and_then(ElementRef::wrap)) {
                            skipped = Some(node.id());
                            if let Some(&note) = self.notes.by_mark.get(&node.id()) {
                                self.referred.push(note);
                            }
                            continue;
                        }
                        if element.name() == "table" {
                            let is_layout = ElementRef::wrap(node).is_some_and(is_layout_table);
                            tables.push(is_layout);
                        }
                        self.open(element, tables.last() == Some(&true));
                    }
                    Node::Text(text) => self.text.push_str(text),
                    _ => {}
                },
                Edge::Close(node) => {
                    if skipped == Some(node.id()) {
                        skipped = None;
                    } else if skipped.is_none()
                        && let Node::Element(element) = node.value()
                    {
                        self.close(element.name(), tables.last() == Some(&true));
                        if element.name() == "table" {
                            tables.pop();
                        }
                        self.add_notes(tree);
                    }
                }
                Edge::Open(_) => {}
            }
        }
        self.flush();
        self.add_notes(tree);
        self.blocks
    }

    fn is_skipped(&self, id: NodeId, element: &Element, parent: Option<ElementRef<'_>>) -> bool {
        if self.notes.bodies.contains(&id)
            || self.notes.by_mark.contains_key(&id)
            || self.notes.back.contains(&id)
            || SKIPPED.contains(&element.name())
            || is_furniture(element)
        {
            return true;
        }
        // The button of an accordion is the heading of what it opens; others do something.
        element.name() == "button"
            && element.attr("aria-controls").is_none()
            && !parent.is_some_and(|parent| matches!(parent.value().name(), "h2" | "h3" | "h4" | "h5" | "h6"))
    }

    /// Puts the notes of the block that has just ended behind it.
    fn add_notes(&mut self, tree: &ego_tree::Tree<Node>) {
        if self.referred.is_empty() || !self.text.trim().is_empty() || self.in_row {
            return;
        }
        for id in std::mem::take(&mut self.referred) {
            let Some(node) = tree.get(id) else {
                continue;
            };
            let mut text = String::new();
            let mut skipped = None;
            for edge in node.traverse() {
                match edge {
                    Edge::Open(inner) if skipped.is_none() => match inner.value() {
                        Node::Text(part) => text.push_str(part),
                        Node::Element(element) => {
                            if self.notes.back.contains(&inner.id())
                                || SKIPPED.contains(&element.name()) && inner.id() != id
                            {
                                skipped = Some(inner.id());
                            } else if BLOCKS.contains(&element.name()) {
                                text.push(' ');
                            }
                        }
                        _ => {}
                    },
                    Edge::Close(inner) if skipped == Some(inner.id()) => skipped = None,
                    _ => {}
                }
            }
            let text = one_line(&text.replace('\n', " "));
            if text.chars().any(char::is_alphanumeric) {
                self.blocks.push(Block::new(BlockKind::Footnote, text));
            }
        }
    }

    fn open(&mut self, element: &Element, in_layout: bool) {
        let name = element.name();
        if name == "br" {
            // Pages of old divide their paragraphs by empty lines.
            if !self.in_row && self.text.trim_end_matches([' ', '\t']).ends_with('\n') {
                self.flush();
            } else {
                self.text.push('\n');
            }
            return;
        }
        if BLOCKS.contains(&name) && !self.in_row {
            self.flush();
        } else if BLOCKS.contains(&name) {
            self.text.push(' ');
        }
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.heading = name[1..].parse().ok();
            }
            "ol" => {
                let numerals = match element.attr("type") {
                    Some("a") => Numerals::LowerLetter,
                    Some("A") => Numerals::UpperLetter,
                    Some("i") => Numerals::LowerRoman,
                    Some("I") => Numerals::UpperRoman,
                    _ => Numerals::Decimal,
                };
                let start = element.attr("start").and_then(|start| start.trim().parse().ok()).unwrap_or(1);
                self.lists.push(Some((numerals, start)));
            }
            "ul" => self.lists.push(None),
            "li" => {
                self.items += 1;
                if let Some(Some((numerals, next))) = self.lists.last_mut() {
                    let number =
                        element.attr("value").and_then(|value| value.trim().parse().ok()).unwrap_or(*next);
                    *next = number.saturating_add(1);
                    let written = numerals.write(number);
                    self.label = Some(match numerals {
                        Numerals::Decimal => format!("{written}."),
                        _ => format!("({written})"),
                    });
                }
            }
            "dd" => self.items += 1,
            "tr" if !in_layout => {
                self.in_row = true;
                self.cells.clear();
            }
            "td" | "th" if in_layout => self.flush(),
            "td" | "th" => self.text.clear(),
            _ => {}
        }
    }

    fn close(&mut self, name: &str, in_layout: bool) {
        match name {
            "td" | "th" if in_layout => {
                self.flush();
                return;
            }
            "td" | "th" => {
                let cell = one_line(&std::mem::take(&mut self.text).replace('\n', " "));
                if !cell.is_empty() {
                    self.cells.push(cell);
                }
                return;
            }
            "tr" if !in_layout => {
                self.in_row = false;
                self.text.clear();
                let row = std::mem::take(&mut self.cells).join(" | ");
                if !row.is_empty() {
                    self.blocks.push(Block::new(BlockKind::TableRow, row));
                }
                return;
            }
            _ => {}
        }
        if BLOCKS.contains(&name) && !self.in_row {
            self.flush();
        }
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.heading = None,
            "li" | "dd" => {
                self.items = self.items.saturating_sub(1);
                self.label = None;
            }
            "ol" | "ul" => {
                self.lists.pop();
            }
            _ => {}
        }
    }

    fn flush(&mut self) {
        let text = one_line(&std::mem::take(&mut self.text).replace('\n', " "));
        if !text.chars().any(char::is_alphanumeric) {
            return;
        }
        let kind = match self.heading {
            Some(level) => BlockKind::Heading(level),
            None if self.items > 0 => BlockKind::ListItem,
            None => BlockKind::Paragraph,
        };
        let label = if kind == BlockKind::ListItem { self.label.take() } else { None };
        self.blocks.push(Block::new(kind, text).labelled(label));
    }
}

/// Whether a table lays out a page: tables, headings or lists stand within it, or it has a single cell.
fn is_layout_table(table: ElementRef<'_>) -> bool {
    let mut cells = 0;
    for element in table.descendants().skip(1).filter_map(ElementRef::wrap) {
        match element.value().name() {
            "table" | "h1" | "h2" | "h3" | "h4" | "ul" | "ol" | "main" | "article" => return true,
            "td" | "th" => cells += 1,
            _ => {}
        }
    }
    cells == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!doctype html><html lang="it"><head><title>Il porto</title>
        <meta name="DC.date" content="2020-05-01"><script>var x = "no";</script></head><body>
        <nav><ul><li>Home</li></ul></nav><div class="cookie-banner">Usiamo i cookie.</div>
        <main><h1>Il porto</h1><p>La nave è <em>arrivata</em>.</p><h2>Chi c'era</h2>
        <ul><li>Trenta <b>persone</b></li><li>Due medici</li></ul>
        <table><tr><th>Mese</th><td>Arrivi<br>totali</td></tr></table></main>
        <footer>Note legali</footer></body></html>"#;

    #[test]
    fn the_content_stays_and_the_page_around_it_goes() {
        let extracted = extract(PAGE, &ExtractLimits::default()).unwrap();
        assert_eq!(extracted.metadata.title.as_deref(), Some("Il porto"));
        assert_eq!(extracted.metadata.date.unwrap().to_string(), "2020-05-01");
        let texts: Vec<&str> = extracted.blocks.iter().map(|block| block.text.as_str()).collect();
        assert_eq!(
            texts,
            ["La nave è arrivata.", "Chi c'era", "Trenta persone", "Due medici", "Mese | Arrivi totali"]
        );
        assert_eq!(extracted.blocks[1].kind, BlockKind::Heading(2));
        assert_eq!(extracted.blocks[2].kind, BlockKind::ListItem);
    }

    #[test]
    fn notes_stand_behind_the_paragraph_that_refers_to_them() {
        for page in [
            // As pandoc writes them.
            r##"<p>Uno.<a href="#fn1" id="ref1" role="doc-noteref"><sup>1</sup></a></p><p>Due.</p><section><hr><ol>
            <li id="fn1"><p>La nota.<a href="#ref1" role="doc-backlink">↩</a></p></li></ol></section>"##,
            // As LibreOffice does.
            r##"<p>Uno.<a class="sdfootnoteanc" name="n1anc" href="#n1sym"><sup>1</sup></a></p><p>Due.</p>
            <div id="n1"><p><a class="sdfootnotesym" name="n1sym" href="#n1anc">1</a>La nota.</p></div>"##,
            // As Word does.
            r##"<p>Uno.<a href="#_ftn1" name="_ftnref1"><sup>[1]</sup></a></p><p>Due.</p>
            <div id="ftn1"><p><a href="#_ftnref1" name="_ftn1">[1]</a> La nota.</p></div>"##,
            // As books do.
            r##"<p>Uno.<a href="#x" epub:type="noteref">*</a></p><p>Due.</p><aside epub:type="footnote" id="x">La nota.</aside>"##,
        ] {
            let blocks = chapter(page, &ExtractLimits::default()).unwrap();
            let texts: Vec<&str> = blocks.iter().map(|block| block.text.as_str()).collect();
            assert_eq!(texts, ["Uno.", "La nota.", "Due."], "{page}");
            assert_eq!(blocks[1].kind, BlockKind::Footnote);
        }
        // A link to a section is text, numbered or not.
        let blocks = chapter(
            r##"<p>Vedi <a href="#s2">2</a>.</p><div id="s2"><p>Sezione.</p></div>"##,
            &ExtractLimits::default(),
        );
        assert_eq!(blocks.unwrap()[0].text, "Vedi 2.");
    }

    #[test]
    fn tables_that_lay_out_a_page_are_no_rows() {
        let page = "<table><tr><td><h2>Il porto</h2><p>Uno.</p><p>Due.</p></td><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>";
        let blocks = chapter(page, &ExtractLimits::default()).unwrap();
        let texts: Vec<&str> = blocks.iter().map(|block| block.text.as_str()).collect();
        assert_eq!(texts, ["Il porto", "Uno.", "Due.", "a | b"]);
    }

    #[test]
    fn xhtml_may_close_any_element_at_once() {
        let page = "<?xml version=\"1.0\"?><html><head><title/><script src=\"x\"/></head><body><p>Testo<br/>che resta.</p><div/></body></html>";
        assert_eq!(chapter(page, &ExtractLimits::default()).unwrap()[0].text, "Testo che resta.");
    }

    #[test]
    fn pages_beyond_the_limits_are_refused() {
        let limits = ExtractLimits { html_bytes: 1000, html_depth: 50, ..ExtractLimits::default() };
        let deep = format!("{}x", "<b>".repeat(60));
        assert!(parse(&deep, &limits).unwrap_err().message.contains("nested deeper than 50"));
        assert!(parse(&"x".repeat(2000), &limits).unwrap_err().message.contains("larger than"));
        assert!(parse(&"<p>uno<br>due<li>tre".repeat(40), &limits).is_ok());
    }

    #[test]
    fn dates_are_found_where_pages_put_them() {
        for page in [
            "<meta property='article:published_time' content='2018-12-19T08:00:00+01:00'><p>x",
            "<meta name=date content='19 dicembre 2018'><p>x",
            "<script type='application/ld+json'>{\"@graph\":[{\"datePublished\":\"2018-12-19\"}]}</script><p>x",
            "<main><p>x <time datetime='2018-12-19'>ieri</time></main>",
        ] {
            let extracted = extract(page, &ExtractLimits::default()).unwrap();
            assert_eq!(extracted.metadata.date.unwrap().to_string(), "2018-12-19", "{page}");
        }
    }

    #[test]
    fn deep_nesting_does_not_overflow() {
        let page = format!("{}testo{}", "<div>".repeat(20_000), "</div>".repeat(20_000));
        assert_eq!(extract(&page, &ExtractLimits::default()).unwrap().blocks.len(), 1);
    }

    #[test]
    fn our_selectors_parse() {
        for selector in [
            "main",
            "[role=main]",
            "article",
            "body",
            "meta",
            "title",
            "link[rel=canonical]",
            "script[type='application/ld+json']",
            "main time[datetime], article time[datetime], time[itemprop=datePublished]",
        ] {
            assert!(Selector::parse(selector).is_ok(), "{selector}");
        }
    }
}
