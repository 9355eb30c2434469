//! EPUB books into blocks: the chapters in the order of the spine, each read as a web page.

use std::collections::HashMap;

use super::limits::Budget;
use super::package::Package;
use super::xml::{Leaves, Tag, Visitor, walk};
use super::{ExtractError, Extracted, dates, encoding, html, plausible_title};
use crate::document::Metadata;

pub(super) const VERSION: u32 = 1;

/// Reads a book.
///
/// # Errors
/// A container or a part of it that is damaged, and a book that is encrypted.
pub(super) fn extract(bytes: &[u8], budget: &mut Budget) -> Result<Extracted, ExtractError> {
    let mut package = Package::open(bytes, budget)?;
    let container = package.required("META-INF/container.xml", budget)?;
    let mut root = RootFile::default();
    walk(&container, "container.xml", &mut root)?;
    let opf_path =
        root.0.ok_or_else(|| ExtractError::new("META-INF/container.xml names no package document"))?;
    let opf = package.required(&opf_path, budget)?;
    let mut contents = Contents::default();
    walk(&opf, &opf_path, &mut contents)?;
    let encrypted = encrypted_parts(&mut package, budget)?;
    let folder = opf_path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut blocks = Vec::new();
    for id in &contents.spine {
        let Some(item) = contents.items.get(id).filter(|item| item.is_chapter) else {
            continue;
        };
        let path = resolve(folder, &item.href);
        if encrypted.contains(&path) {
            return Err(ExtractError::new("its text is encrypted (a protected book)"));
        }
        // A chapter that is missing is a hole in the book, which is worth saying; the spine names it.
        let chapter = package.required(&path, budget)?;
        let text = encoding::decode(&chapter, encoding::declared(&chapter))
            .map_err(|error| ExtractError::new(format!("{path}: {}", error.message)))?;
        blocks.extend(html::chapter(&text, &budget.limits)?);
    }
    Ok(Extracted { metadata: metadata(&opf, &opf_path)?, blocks, ..Extracted::default() })
}

fn metadata(opf: &[u8], path: &str) -> Result<Metadata, ExtractError> {
    let leaves = Leaves::read(opf, path)?;
    let published = leaves
        .found
        .iter()
        .find(|(name, event, _)| name == "date" && event.as_deref() == Some("publication"))
        .map(|(_, _, text)| text.clone());
    Ok(Metadata {
        title: leaves.get("title").filter(|title| plausible_title(title)),
        publisher: leaves.get("publisher"),
        date: published.or_else(|| leaves.get("date")).and_then(|date| dates::parse(&date)),
        language: leaves.get("language").and_then(|code| code.parse().ok()),
        url: leaves.get("source").filter(|source| source.starts_with("http")),
        licence: leaves.get("rights"),
        ..Metadata::default()
    })
}

#[derive(Default)]
struct RootFile(Option<String>);

impl Visitor for RootFile {
    fn open(&mut self, tag: &Tag<'_>) {
        if tag.name() == "rootfile" && self.0.is_none() {
            self.0 = tag.attr("full-path");
        }
    }
    fn close(&mut self, _: &str) {}
    fn text(&mut self, _: &str) {}
}

#[derive(Debug)]
struct Item {
    href: String,
    is_chapter: bool,
}

/// What the package document lists.
#[derive(Debug, Default)]
struct Contents {
    items: HashMap<String, Item>,
    spine: Vec<String>,
}

impl Visitor for Contents {
    fn open(&mut self, tag: &Tag<'_>) {
        match tag.name() {
            "item" => {
                if let (Some(id), Some(href)) = (tag.attr("id"), tag.attr("href")) {
                    let kind = tag.attr("media-type").unwrap_or_default();
                    let is_navigation =
                        tag.attr("properties").is_some_and(|list| list.split(' ').any(|name| name == "nav"));
                    let is_chapter = kind.contains("html") && !is_navigation;
                    self.items.insert(id, Item { href, is_chapter });
                }
            }
            "itemref" => self.spine.extend(tag.attr("idref")),
            _ => {}
        }
    }
    fn close(&mut self, _: &str) {}
    fn text(&mut self, _: &str) {}
}

/// The parts that are encrypted; fonts often are, chapters only in protected books.
fn encrypted_parts(package: &mut Package<'_>, budget: &mut Budget) -> Result<Vec<String>, ExtractError> {
    #[derive(Default)]
    struct References(Vec<String>);
    impl Visitor for References {
        fn open(&mut self, tag: &Tag<'_>) {
            if tag.name() == "CipherReference" {
                self.0.extend(tag.attr("URI").map(|uri| resolve("", &uri)));
            }
        }
        fn close(&mut self, _: &str) {}
        fn text(&mut self, _: &str) {}
    }
    let mut references = References::default();
    if let Some(xml) = package.part("META-INF/encryption.xml", budget)? {
        walk(&xml, "META-INF/encryption.xml", &mut references)?;
    }
    Ok(references.0)
}

/// A reference relative to a folder as a path in the container: percent signs decoded, fragment cut, dots resolved.
fn resolve(folder: &str, href: &str) -> String {
    let href = href.split('#').next().unwrap_or_default();
    let mut bytes = Vec::with_capacity(href.len());
    let mut rest = href.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| first == b'%');
        let code = code
            .and_then(|code| std::str::from_utf8(code).ok())
            .and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    let href = String::from_utf8_lossy(&bytes).into_owned();
    let mut parts: Vec<&str> = if href.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in href.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty() && *part != ".");
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved() {
        assert_eq!(resolve("OEBPS", "text/cap%201.xhtml#a"), "OEBPS/text/cap 1.xhtml");
        assert_eq!(resolve("a/b", "../../../c.xhtml"), "c.xhtml");
        assert_eq!(resolve("a", "/b%zz"), "b%zz");
    }
}
