//! Web pages into blocks: the main content with its headings and lists, without the page around it.
//!
//! Rules on the page's structure do better here than guessing the densest prose, which on short pages is the
//! cookie notice. The tree is walked without recursion, so that no nesting is too deep.

use scraper::node::Element;
use scraper::{ElementRef, Html, Node, Selector};

use super::{Extracted, one_line};
use crate::document::{Block, BlockKind, Metadata};

pub(super) const VERSION: u32 = 1;

/// Elements whose content is never text of the document.
const SKIPPED: &[&str] = &[
    "aside", "button", "canvas", "dialog", "embed", "footer", "form", "head", "iframe", "input", "nav",
    "noscript", "object", "script", "select", "style", "svg", "template", "textarea", "video",
];

/// Elements that begin a new block.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "blockquote",
    "body",
    "br",
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

/// Reads a web page.
pub(super) fn extract(text: &str) -> Extracted {
    let page = Html::parse_document(text);
    let metadata = metadata(&page);
    let root = main_element(&page).unwrap_or_else(|| page.root_element());
    let mut blocks = Walk::default().blocks(root);
    // The page's own title is often its first heading too.
    let metadata = super::markdown::with_title_from(metadata, &mut blocks);
    Extracted { id: None, metadata, blocks }
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
                let key = element.attr("name").or_else(|| element.attr("property"))?;
                let content = element.attr("content")?.trim();
                (key.eq_ignore_ascii_case(name) && !content.is_empty()).then(|| one_line(content))
            })
        })
    };
    let title = meta(&["citation_title", "dc.title", "dcterms.title", "og:title"]).or_else(|| {
        let text: String = select(page, "title").first()?.text().collect();
        Some(one_line(&text)).filter(|title| !title.is_empty())
    });
    Metadata {
        title,
        publisher: meta(&["dc.publisher", "dcterms.publisher", "og:site_name"]),
        // A date that cannot be read is no reason to lose the page.
        date: meta(&["dc.date", "dcterms.date", "dcterms.issued", "article:published_time", "date"])
            .and_then(|date| date.parse().ok()),
        language: page
            .root_element()
            .attr("lang")
            .map(str::to_owned)
            .or_else(|| meta(&["dc.language", "dcterms.language"]))
            .and_then(|code| code.parse().ok()),
        url: select(page, "link[rel=canonical]")
            .first()
            .and_then(|link| link.attr("href"))
            .filter(|href| href.starts_with("http"))
            .map(str::to_owned),
        symbol: None,
        licence: meta(&["dc.rights", "dcterms.license"]),
        primary: None,
    }
}

fn is_furniture(element: &Element) -> bool {
    if element.name() == "body" || element.name() == "main" || element.name() == "article" {
        return false;
    }
    if element.attr("hidden").is_some()
        || element.attr("aria-hidden") == Some("true")
        || element.attr("role").is_some_and(|role| FURNITURE_ROLES.contains(&role))
    {
        return true;
    }
    element.classes().chain(element.id()).any(|name| {
        name.split(['-', '_']).any(|part| FURNITURE.contains(&part.to_ascii_lowercase().as_str()))
    })
}

#[derive(Default)]
struct Walk {
    blocks: Vec<Block>,
    text: String,
    heading: Option<u8>,
    items: usize,
    /// Whether a row of a table is open.
    in_row: bool,
    cells: Vec<String>,
}

impl Walk {
    fn blocks(mut self, root: ElementRef<'_>) -> Vec<Block> {
        // The element whose subtree is being skipped, if any.
        let mut skipped = None;
        for edge in root.traverse() {
            match edge {
                ego_tree::iter::Edge::Open(node) if skipped.is_none() => match node.value() {
                    Node::Element(element) => {
                        if SKIPPED.contains(&element.name()) || is_furniture(element) {
                            skipped = Some(node.id());
                        } else {
                            self.open(element.name());
                        }
                    }
                    Node::Text(text) => self.text.push_str(text),
                    _ => {}
                },
                ego_tree::iter::Edge::Close(node) => {
                    if skipped == Some(node.id()) {
                        skipped = None;
                    } else if skipped.is_none()
                        && let Node::Element(element) = node.value()
                    {
                        self.close(element.name());
                    }
                }
                ego_tree::iter::Edge::Open(_) => {}
            }
        }
        self.flush();
        self.blocks
    }

    fn open(&mut self, name: &str) {
        if name == "br" {
            self.text.push('\n');
            return;
        }
        if BLOCKS.contains(&name) && !self.in_row {
            self.flush();
        }
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.heading = name[1..].parse().ok();
            }
            "li" | "dd" => self.items += 1,
            "tr" => {
                self.in_row = true;
                self.cells.clear();
            }
            "td" | "th" => self.text.clear(),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "td" | "th" => {
                let cell = one_line(&std::mem::take(&mut self.text).replace('\n', " "));
                if !cell.is_empty() {
                    self.cells.push(cell);
                }
                return;
            }
            "tr" => {
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
            "li" | "dd" => self.items = self.items.saturating_sub(1),
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
        self.blocks.push(Block::new(kind, text));
    }
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
        let extracted = extract(PAGE);
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
    fn deep_nesting_does_not_overflow() {
        let page = format!("{}testo{}", "<div>".repeat(20_000), "</div>".repeat(20_000));
        assert_eq!(extract(&page).blocks.len(), 1);
    }

    #[test]
    fn our_selectors_parse() {
        for selector in ["main", "[role=main]", "article", "body", "meta", "title", "link[rel=canonical]"] {
            assert!(Selector::parse(selector).is_ok(), "{selector}");
        }
    }
}
