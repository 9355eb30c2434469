//! Walking through XML without building a tree, for the formats that are XML in a ZIP container.
//!
//! Elements go by their local names: documents are free to call the namespaces as they like. Entities that a
//! document defines itself are never expanded, which is all that an entity bomb asks for.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use super::{ExtractError, encoding};

/// An opening tag.
pub(super) struct Tag<'a> {
    start: &'a BytesStart<'a>,
}

impl Tag<'_> {
    /// The name without its prefix.
    pub(super) fn name(&self) -> &str {
        local(self.start.name().into_inner())
    }

    /// The value of the attribute with this local name.
    pub(super) fn attr(&self, name: &str) -> Option<String> {
        self.start.attributes().with_checks(false).flatten().find_map(|attribute| {
            if local(attribute.key.into_inner()) != name {
                return None;
            }
            Some(match attribute.normalized_value(XmlVersion::Implicit1_0) {
                Ok(value) => value.into_owned(),
                Err(_) => attribute.value.into_owned(),
            })
        })
    }
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// What is told of a document on the way through it. Empty elements are opened and closed like others.
pub(super) trait Visitor {
    /// An element begins.
    fn open(&mut self, tag: &Tag<'_>);
    /// An element ends.
    fn close(&mut self, name: &str);
    /// Text within an element, in as many parts as it is written.
    fn text(&mut self, text: &str);
}

/// Walks through a document from its beginning to its end.
///
/// # Errors
/// A document that is not well-formed; `what` names it in the message.
pub(super) fn walk(bytes: &[u8], what: &str, visitor: &mut impl Visitor) -> Result<(), ExtractError> {
    let text: Cow<'_, str> = encoding::decode(bytes, encoding::declared(bytes))
        .map_err(|error| ExtractError::new(format!("{what}: {}", error.message)))?;
    let damaged = |error: &dyn std::fmt::Display| ExtractError::new(format!("{what} is damaged: {error}"));
    let mut reader = Reader::from_str(&text);
    reader.config_mut().expand_empty_elements = true;
    let mut depth = 0usize;
    loop {
        match reader.read_event().map_err(|error| damaged(&error))? {
            Event::Start(start) => {
                depth += 1;
                visitor.open(&Tag { start: &start });
            }
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                visitor.close(local(end.name().into_inner()));
            }
            Event::Text(text) => visitor.text(&text.xml10_content()),
            Event::CData(data) => visitor.text(&data.xml10_content()),
            Event::GeneralRef(reference) => {
                if let Ok(Some(c)) = reference.resolve_char_ref() {
                    visitor.text(c.encode_utf8(&mut [0; 4]));
                } else if let Some(text) = resolve_predefined_entity(&reference.xml10_content()) {
                    visitor.text(text);
                }
            }
            Event::Eof if depth > 0 => return Err(damaged(&"it ends in the middle of an element")),
            Event::Eof => return Ok(()),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// Collects the text of the leaf elements of a small file, as files of metadata are: name and text of each.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    /// The local name, the attribute `name` or `property` where there is one, and the text.
    pub(super) found: Vec<(String, Option<String>, String)>,
    open: Vec<(String, Option<String>, String)>,
}

impl Leaves {
    /// Reads them from a document.
    ///
    /// # Errors
    /// A document that is not well-formed.
    pub(super) fn read(bytes: &[u8], what: &str) -> Result<Leaves, ExtractError> {
        let mut leaves = Leaves::default();
        walk(bytes, what, &mut leaves)?;
        Ok(leaves)
    }

    /// The first text that is not empty of the elements with this name.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.found
            .iter()
            .filter(|(known, _, _)| known == name)
            .map(|(_, _, text)| super::one_line(text))
            .find(|text| !text.is_empty())
    }
}

impl Visitor for Leaves {
    fn open(&mut self, tag: &Tag<'_>) {
        let key = tag.attr("name").or_else(|| tag.attr("property")).or_else(|| tag.attr("event"));
        self.open.push((tag.name().to_owned(), key, String::new()));
    }

    fn close(&mut self, _: &str) {
        self.found.extend(self.open.pop());
    }

    fn text(&mut self, text: &str) {
        if let Some((_, _, open)) = self.open.last_mut() {
            open.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_of_the_document_itself_are_not_expanded() {
        let bomb =
            br#"<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;">]><a><t>R&amp;D &#232; &y;.</t></a>"#;
        assert_eq!(Leaves::read(bomb, "bomb").unwrap().get("t").unwrap(), "R&D è .");
    }

    #[test]
    fn what_is_cut_off_or_no_xml_is_damaged() {
        for text in ["<a><b>testo</b>", "<a></b>", "<a", "<a>&"] {
            let error = Leaves::read(text.as_bytes(), "content.xml").unwrap_err();
            assert!(error.message.starts_with("content.xml is damaged"), "{text}: {error}");
        }
    }

    #[test]
    fn any_depth_is_walked() {
        let deep = format!("{}testo{}", "<a>".repeat(200_000), "</a>".repeat(200_000));
        assert!(Leaves::read(deep.as_bytes(), "deep").is_ok());
    }
}
