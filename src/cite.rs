//! References to documents for citation managers: BibTeX, RIS and CSL-JSON.
//!
//! A reference says what the index knows and nothing else: no author that the metadata do not name, no date of access.
//! BibTeX follows Patashnik, *BibTeXing* (1988), RIS the specification of Research Information Systems, CSL-JSON the
//! schema of the Citation Style Language 1.0.2.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use serde::Serialize;

use crate::document::{Date, Language, Passage};
use crate::engine::{DocumentInfo, StoredPassage};

/// A document with the passages of it that are cited.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// What tells it from all others, the same in every export; see [`collect`].
    pub key: String,
    /// The document.
    pub document: DocumentInfo,
    /// The number of each passage cited, with its place; in order, each once. Empty where the document is cited as a
    /// whole.
    pub passages: BTreeMap<u32, Place>,
}

/// Where in its document a passage stands, as far as the document counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The numbered paragraph.
    pub paragraph: Option<String>,
    /// The page, as it is printed where that is known.
    pub page: Option<String>,
}

/// What is cited: a document as a whole, or a passage of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Cited {
    /// The document.
    Document(DocumentInfo),
    /// One passage.
    Passage(StoredPassage),
}

/// Makes one reference a document, in the order in which the documents are first cited.
///
/// A key is made of the document's id alone, so that it stays the same whatever else is exported: letters, digits, `-`,
/// `_` and `.` stay, `/` becomes `:`. Where more has to change, eight digits of a hash of the id keep it apart from
/// others. Keys that differ only in case, which BibTeX does not tell apart, get these digits too.
pub fn collect(cited: impl IntoIterator<Item = Cited>) -> Vec<Reference> {
    let mut references: Vec<Reference> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for one in cited {
        let (document, passage) = match one {
            Cited::Document(document) => (document, None),
            Cited::Passage(stored) => {
                let Passage { number, paragraph, page, page_label, .. } = stored.passage;
                let page = page_label.or(page.map(|page| page.to_string()));
                (stored.document, Some((number, Place { paragraph, page })))
            }
        };
        let place = *places.entry(document.id.clone()).or_insert_with(|| {
            references.push(Reference { key: key(&document.id), document, passages: BTreeMap::new() });
            references.len() - 1
        });
        if let (Some(reference), Some((number, found))) = (references.get_mut(place), passage) {
            reference.passages.insert(number, found);
        }
    }
    let mut count: HashMap<String, usize> = HashMap::new();
    for reference in &references {
        *count.entry(reference.key.to_lowercase()).or_default() += 1;
    }
    for reference in &mut references {
        if count.get(&reference.key.to_lowercase()).is_some_and(|&count| count > 1) {
            reference.key = with_digits(&reference.key, &reference.document.id);
        }
    }
    references
}

fn key(id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let begins_well = id.starts_with(|c: char| c.is_ascii_alphanumeric());
    let key: String = id
        .chars()
        .map(|c| match c {
            '/' => ':',
            c if plain(c) => c,
            _ => '-',
        })
        .collect();
    if begins_well && id.chars().all(|c| plain(c) || c == '/') { key } else { with_digits(&key, id) }
}

fn with_digits(key: &str, id: &str) -> String {
    let digits: String = blake3::hash(id.as_bytes()).to_hex().chars().take(8).collect();
    let start = key.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if start.is_empty() { format!("document-{digits}") } else { format!("{start}-{digits}") }
}

impl Reference {
    fn title(&self) -> &str {
        self.document.title.as_deref().unwrap_or(&self.document.id)
    }

    /// Which passages are meant, in words: `Passages 4 (para. 16 (c), p. 12), 7`.
    fn note(&self) -> Option<String> {
        if self.passages.is_empty() {
            return None;
        }
        let word = if self.passages.len() == 1 { "Passage" } else { "Passages" };
        let list: Vec<String> = self
            .passages
            .iter()
            .map(|(number, place)| {
                let paragraph = place.paragraph.as_ref().map(|paragraph| format!("para. {paragraph}"));
                let page = place.page.as_ref().map(|page| format!("p. {page}"));
                let parts: Vec<String> = paragraph.into_iter().chain(page).collect();
                if parts.is_empty() { number.to_string() } else { format!("{number} ({})", parts.join(", ")) }
            })
            .collect();
        Some(format!("{word} {}", list.join(", ")))
    }

    /// An entry of BibTeX: `@techreport` where the document has an official symbol, else `@misc`.
    pub fn bibtex(&self) -> String {
        let document = &self.document;
        let kind = if document.symbol.is_some() { "techreport" } else { "misc" };
        let publisher = if document.symbol.is_some() { "institution" } else { "howpublished" };
        let mut fields: Vec<(&str, String)> = Vec::new();
        // A second pair of braces keeps styles from changing capitals.
        fields.push(("title", format!("{{{{{}}}}}", latex(self.title()))));
        let mut text = |name, value: &str| fields.push((name, format!("{{{}}}", latex(value))));
        if let Some(name) = &document.publisher {
            text(publisher, name);
            // What a reference without an author is sorted by.
            text("key", name);
        }
        if let Some(symbol) = &document.symbol {
            text("type", "Document");
            text("number", symbol);
        }
        if let Some(date) = document.date {
            fields.extend(bibtex_date(date));
        }
        if let Some(url) = &document.url {
            fields.push(("url", format!("{{{}}}", bare_url(url))));
        }
        if let Some((name, code)) = document.language.and_then(babel) {
            fields.push(("language", format!("{{{name}}}")));
            fields.push(("langid", format!("{{{code}}}")));
        }
        if let Some(note) = self.note() {
            fields.push(("note", format!("{{{}}}", latex(&note))));
        }
        let mut out = format!("@{kind}{{{},\n", self.key);
        for (name, value) in fields {
            // A string takes everything.
            let _ = writeln!(out, "  {name} = {value},");
        }
        out.push_str("}\n");
        out
    }

    /// A record of RIS: `RPRT` where the document has an official symbol, `ELEC` where it has only an address, else
    /// `GEN`. Lines end as the specification asks, in a carriage return and a line feed.
    pub fn ris(&self) -> String {
        let document = &self.document;
        let kind = match (&document.symbol, &document.url) {
            (Some(_), _) => "RPRT",
            (None, Some(_)) => "ELEC",
            (None, None) => "GEN",
        };
        let date = document.date.map(|date| {
            let part = |part: Option<u8>| part.map_or_else(String::new, |part| format!("{part:02}"));
            format!("{}/{}/{}/", date.year(), part(date.month()), part(date.day()))
        });
        let mut out = String::new();
        for (tag, value) in [
            ("TY", Some(kind.to_owned())),
            ("ID", Some(self.key.clone())),
            ("TI", Some(self.title().to_owned())),
            ("PB", document.publisher.clone()),
            ("PY", document.date.map(|date| date.year().to_string())),
            ("DA", date),
            ("SN", document.symbol.clone()),
            ("LA", document.language.filter(|&language| language != Language::Other).map(|l| l.to_string())),
            ("UR", document.url.clone()),
            ("N1", self.note()),
            ("ER", Some(String::new())),
        ] {
            if let Some(value) = value {
                // A string takes everything.
                let _ = write!(out, "{tag}  - {}\r\n", one_line(&value));
            }
        }
        out
    }

    /// An item of CSL-JSON.
    pub fn csl(&self) -> CslItem {
        let document = &self.document;
        CslItem {
            id: self.key.clone(),
            kind: match (&document.symbol, &document.url) {
                (Some(_), _) => "report",
                (None, Some(_)) => "webpage",
                (None, None) => "document",
            },
            title: one_line(self.title()),
            publisher: document.publisher.as_deref().map(one_line),
            issued: document.date.map(|date| {
                let mut parts = vec![date.year()];
                parts.extend(date.month().map(u16::from));
                parts.extend(date.day().map(u16::from));
                CslDate { date_parts: vec![parts] }
            }),
            number: document.symbol.as_deref().map(one_line),
            language: document.language.filter(|&language| language != Language::Other),
            url: document.url.as_deref().map(one_line),
            note: self.note(),
        }
    }
}

/// An item of CSL-JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CslItem {
    /// The key.
    pub id: String,
    /// What kind of document it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its title.
    pub title: String,
    /// Who published it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued: Option<CslDate>,
    /// Its official symbol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Its language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Where it can be read.
    #[serde(rename = "URL", skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The passages cited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A date of CSL-JSON: year, month and day, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CslDate {
    /// One date.
    #[serde(rename = "date-parts")]
    pub date_parts: Vec<Vec<u16>>,
}

/// Year, month and day; the month by the macro that every style knows.
fn bibtex_date(date: Date) -> Vec<(&'static str, String)> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let mut out = vec![("year", format!("{{{}}}", date.year()))];
    let month = date.month().and_then(|month| MONTHS.get(usize::from(month).checked_sub(1)?));
    out.extend(month.map(|month| ("month", (*month).to_owned())));
    out.extend(date.day().map(|day| ("day", format!("{{{day}}}"))));
    out
}

/// A language in English and as the LaTeX package babel names it.
fn babel(language: Language) -> Option<(&'static str, &'static str)> {
    match language {
        Language::Italian => Some(("Italian", "italian")),
        Language::English => Some(("English", "english")),
        Language::French => Some(("French", "french")),
        Language::Spanish => Some(("Spanish", "spanish")),
        Language::Other => None,
    }
}

fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A text for LaTeX. Braces of the text become commands, because BibTeX counts braces whether escaped or not.
fn latex(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in one_line(text).chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' => {
                out.push('\\');
                out.push(c);
            }
            '{' => out.push_str("\\textbraceleft{}"),
            '}' => out.push_str("\\textbraceright{}"),
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            c => out.push(c),
        }
    }
    out
}

/// An address, as the field `url` takes it: nothing is escaped, and what would end the field is percent-encoded.
fn bare_url(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for c in url.trim().chars() {
        match c {
            '{' | '}' | '\\' | '"' | '<' | '>' | '^' | '`' | '|' => {
                // A string takes everything.
                let _ = write!(out, "%{:02X}", u32::from(c));
            }
            c if c.is_whitespace() => out.push_str("%20"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(id: &str) -> DocumentInfo {
        DocumentInfo { id: id.to_owned(), ..DocumentInfo::default() }
    }

    fn passage(id: &str, number: u32, page: Option<u32>) -> Cited {
        Cited::Passage(StoredPassage {
            document: document(id),
            passage: Passage {
                number,
                headings: Vec::new(),
                page,
                page_label: None,
                paragraph: page.map(|page| format!("{page} (c)")),
                language: Language::Italian,
                text: String::new(),
            },
            tags: Vec::new(),
        })
    }

    fn keys(ids: &[&str]) -> Vec<String> {
        collect(ids.iter().map(|id| Cited::Document(document(id)))).into_iter().map(|r| r.key).collect()
    }

    #[test]
    fn keys_are_unique_and_do_not_depend_on_each_other() {
        assert_eq!(keys(&["oim-italia/integrazione"]), ["oim-italia:integrazione"]);
        let odd = ["a b", "a-b", "a,b", "{a}b", "città", "#1", "è"];
        let all = keys(&odd);
        for (at, one) in all.iter().enumerate() {
            assert!(one.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c)), "{one}");
            assert!(one.starts_with(|c: char| c.is_ascii_alphanumeric()), "{one}");
            assert_eq!(all.iter().filter(|other| *other == one).count(), 1, "{one}");
            assert_eq!(keys(&odd[at..=at]), std::slice::from_ref(one), "alone or not");
        }
        let case = keys(&["Patto", "patto"]);
        assert_ne!(case[0].to_lowercase(), case[1].to_lowercase());
    }

    #[test]
    fn passages_of_a_document_are_one_reference() {
        let cited =
            [passage("d", 7, None), passage("e", 1, None), passage("d", 4, Some(12)), passage("d", 7, None)];
        let references = collect(cited);
        assert_eq!(references.len(), 2);
        assert_eq!(references[0].note().as_deref(), Some("Passages 4 (para. 12 (c), p. 12), 7"));
        assert_eq!(references[1].note().as_deref(), Some("Passage 1"));
    }

    #[test]
    fn what_means_something_to_latex_is_escaped() {
        assert_eq!(latex("a & b_c 5% $ # {x"), "a \\& b\\_c 5\\% \\$ \\# \\textbraceleft{}x");
        assert_eq!(latex("un\n titolo }"), "un titolo \\textbraceright{}");
        assert_eq!(bare_url(" https://x.org/a_b?c={d}&e=%20#f g"), "https://x.org/a_b?c=%7Bd%7D&e=%20#f%20g");
        let mut reference = collect([Cited::Document(document("d"))]).remove(0);
        reference.document.title = Some("}, note = {x".to_owned());
        let entry = reference.bibtex();
        assert_eq!(entry.matches('{').count(), entry.matches('}').count(), "{entry}");
        assert!(!entry.contains("\n  note"), "{entry}");
    }

    #[test]
    fn dates_say_what_is_known() {
        let date = |text: &str| {
            let mut reference = collect([Cited::Document(document("d"))]).remove(0);
            reference.document.date = Some(text.parse().unwrap());
            reference
        };
        let full = date("2018-12-19");
        assert!(full.bibtex().contains("  year = {2018},\n  month = dec,\n  day = {19},\n"));
        assert!(full.ris().contains("PY  - 2018\r\nDA  - 2018/12/19/\r\n"));
        assert_eq!(full.csl().issued.unwrap().date_parts, [[2018, 12, 19]]);
        let year = date("2018");
        assert!(!year.bibtex().contains("month"));
        assert!(year.ris().contains("DA  - 2018///\r\n"));
        assert_eq!(year.csl().issued.unwrap().date_parts, [[2018]]);
    }

    #[test]
    fn a_line_of_ris_stays_one_line() {
        let mut reference = collect([Cited::Document(document("d"))]).remove(0);
        reference.document.title = Some("uno\r\nER  - \ndue".to_owned());
        assert_eq!(reference.ris(), "TY  - GEN\r\nID  - d\r\nTI  - uno ER - due\r\nER  - \r\n");
    }
}
