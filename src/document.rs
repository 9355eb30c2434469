//! The words that everything else speaks: documents, blocks, passages, languages, dates.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The language of a document or passage, as far as our analysis tells languages apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Language {
    /// Italian, the language that the product is built around.
    #[serde(rename = "it")]
    Italian,
    /// English.
    #[serde(rename = "en")]
    English,
    /// French.
    #[serde(rename = "fr")]
    French,
    /// Spanish.
    #[serde(rename = "es")]
    Spanish,
    /// Any other language, or none that could be told: indexed by exact words only.
    #[serde(rename = "und")]
    Other,
}

impl Language {
    /// The languages that have an analysis chain of their own.
    pub const ANALYSED: [Language; 4] =
        [Language::Italian, Language::English, Language::French, Language::Spanish];

    /// The ISO 639-1 code, or `und` (undetermined, ISO 639-2) for [`Language::Other`].
    pub fn code(self) -> &'static str {
        match self {
            Language::Italian => "it",
            Language::English => "en",
            Language::French => "fr",
            Language::Spanish => "es",
            Language::Other => "und",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Language {
    type Err = String;

    /// Reads a code (`it`, `it-IT`, `ita`) or a name of the language in Italian, English, French or Spanish.
    ///
    /// # Errors
    /// A two- or three-letter code of another language is [`Language::Other`]; anything else is an
    /// error that lists what is known.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.trim().to_lowercase();
        let primary = lower.split(['-', '_']).next().unwrap_or_default();
        match primary {
            "it" | "ita" | "italiano" | "italian" | "italien" => Ok(Language::Italian),
            "en" | "eng" | "inglese" | "english" | "anglais" | "inglés" | "ingles" => Ok(Language::English),
            "fr" | "fra" | "fre" | "francese" | "french" | "français" | "francais" | "francés"
            | "frances" => Ok(Language::French),
            "es" | "spa" | "spagnolo" | "spanish" | "espagnol" | "español" | "espanol" => {
                Ok(Language::Spanish)
            }
            "altro" | "altra" | "other" | "autre" | "otro" => Ok(Language::Other),
            code if (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase()) => {
                Ok(Language::Other)
            }
            _ => Err(format!("unknown language \"{}\": use it, en, fr, es or und (any other)", text.trim())),
        }
    }
}

/// A calendar date of which the day, or the month too, may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    /// 0 where unknown.
    month: u8,
    /// 0 where unknown.
    day: u8,
}

impl Date {
    /// The year.
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month from 1, if it is known.
    pub fn month(self) -> Option<u8> {
        (self.month > 0).then_some(self.month)
    }

    /// The day of the month from 1, if it is known.
    pub fn day(self) -> Option<u8> {
        (self.day > 0).then_some(self.day)
    }

    /// A sortable number `YYYYMMDD`; unknown parts count as the first of their range.
    pub fn first_day(self) -> u64 {
        u64::from(self.year) * 10_000 + u64::from(self.month.max(1)) * 100 + u64::from(self.day.max(1))
    }

    /// A sortable number `YYYYMMDD`; unknown parts count as the last of their range.
    pub fn last_day(self) -> u64 {
        let month = if self.month == 0 { 12 } else { self.month };
        let day = if self.day == 0 { 31 } else { self.day };
        u64::from(self.year) * 10_000 + u64::from(month) * 100 + u64::from(day)
    }
}

/// The year of a day that is written as [`Date::first_day`] writes it.
pub fn year_of(day: u64) -> u64 {
    day / 10_000
}

impl FromStr for Date {
    type Err = String;

    /// Reads `YYYY`, `YYYY-MM` or `YYYY-MM-DD` (a time after it is ignored).
    ///
    /// # Errors
    /// Says what was read and which forms are understood.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("\"{}\" is no date: write YYYY, YYYY-MM or YYYY-MM-DD", text.trim());
        let day_part = text.trim().split(['T', ' ']).next().unwrap_or_default();
        let mut numbers = Vec::with_capacity(3);
        for part in day_part.split('-') {
            if part.is_empty() || part.len() > 4 || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(wrong());
            }
            numbers.push(part.parse::<u16>().map_err(|_| wrong())?);
        }
        let (year, month, day) = match numbers[..] {
            [year] => (year, 0, 0),
            [year, month] if (1..=12).contains(&month) => (year, month, 0),
            [year, month, day]
                if (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month) =>
            {
                (year, month, day)
            }
            _ => return Err(wrong()),
        };
        if !(1000..=2999).contains(&year) {
            return Err(wrong());
        }
        Ok(Date { year, month: month as u8, day: day as u8 })
    }
}

fn days_in_month(year: u16, month: u16) -> u16 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if self.month > 0 {
            write!(f, "-{:02}", self.month)?;
        }
        if self.day > 0 {
            write!(f, "-{:02}", self.day)?;
        }
        Ok(())
    }
}

impl Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What is known about a document besides its text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The title as a reader would cite it.
    pub title: Option<String>,
    /// Who published it.
    pub publisher: Option<String>,
    /// When it was published.
    pub date: Option<Date>,
    /// The language that it declares.
    pub language: Option<Language>,
    /// Where it can be read on the web.
    pub url: Option<String>,
    /// The official symbol, such as `A/RES/73/195`.
    pub symbol: Option<String>,
    /// The licence or terms under which its text may be used.
    pub licence: Option<String>,
    /// Whether it is a primary source, which ranks above documents that report on such sources.
    pub primary: Option<bool>,
}

impl Metadata {
    /// Takes from `other` whatever this one leaves open.
    pub fn or(self, other: Metadata) -> Metadata {
        Metadata {
            title: self.title.or(other.title),
            publisher: self.publisher.or(other.publisher),
            date: self.date.or(other.date),
            language: self.language.or(other.language),
            url: self.url.or(other.url),
            symbol: self.symbol.or(other.symbol),
            licence: self.licence.or(other.licence),
            primary: self.primary.or(other.primary),
        }
    }
}

/// What a block of text is within its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlockKind {
    /// A heading; level 1 is the highest.
    Heading(u8),
    /// A paragraph of running text.
    Paragraph,
    /// One item of a list.
    ListItem,
    /// One row of a table, its cells joined.
    TableRow,
    /// A footnote or endnote; it stands after the block that refers to it.
    Footnote,
}

/// A piece of a document as an extractor found it, in reading order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its text, without marks of the format that it came from.
    pub text: String,
    /// The page that it begins on, counted from 1, where the format has pages.
    pub page: Option<u32>,
    /// The number or letter that the format counts it by, as a reader sees it (`16.`, `(c)`); it is not part of the
    /// text.
    pub label: Option<String>,
    /// What is printed on that page as its number, where it is another: `iv`, `112`.
    pub page_label: Option<String>,
}

impl Block {
    /// A block without a page and a label.
    pub fn new(kind: BlockKind, text: impl Into<String>) -> Block {
        Block { kind, text: text.into(), page: None, page_label: None, label: None }
    }

    /// The same block with a label.
    pub fn labelled(self, label: Option<String>) -> Block {
        Block { label, ..self }
    }
}

/// One source text with its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Stable and unique in an index: the path without its extension, or the id that a record gives itself.
    pub id: String,
    /// Where it was read, relative to the corpus or as the user named it.
    pub path: String,
    /// What is known about it.
    pub metadata: Metadata,
    /// Its text in reading order.
    pub blocks: Vec<Block>,
}

/// A path without the extension of its file, `.tar.gz` and the like as a whole: what ids are made of.
pub fn without_extension(path: &str) -> &str {
    let name_start = path.rfind('/').map_or(0, |at| at + 1);
    let cut =
        |path: &'_ str| path[name_start..].rfind('.').filter(|&dot| dot > 0).map(|dot| name_start + dot);
    let Some(dot) = cut(path) else {
        return path;
    };
    let stem = &path[..dot];
    if path[dot..].eq_ignore_ascii_case(".gz") {
        return cut(stem).map_or(stem, |dot| &stem[..dot]);
    }
    stem
}

/// The unit that is ranked, tagged and cited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Its place in the document, counted from 1; the passage's id is `DOCUMENT#N`.
    pub number: u32,
    /// The headings above it, outermost first.
    pub headings: Vec<String>,
    /// The page that it begins on, counted from 1.
    pub page: Option<u32>,
    /// The numbered paragraph of the document that it belongs to: `16`, `16 (c)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paragraph: Option<String>,
    /// What is printed on that page as its number, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_label: Option<String>,
    /// The language that it is written in.
    pub language: Language,
    /// The whole text.
    pub text: String,
}

/// Takes the id of a passage, `DOCUMENT#N`, apart; without a number it is a document's.
///
/// The id of a document may itself end like a passage's: whoever looks one up asks for the whole id too.
pub fn split_passage_id(id: &str) -> (&str, Option<u32>) {
    match id.rsplit_once('#').map(|(document, number)| (document, number.parse())) {
        Some((document, Ok(number))) => (document, Some(number)),
        _ => (id, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_keep_what_is_known_and_order_by_it() {
        for text in ["2018", "2018-12", "2018-12-19"] {
            assert_eq!(text.parse::<Date>().unwrap().to_string(), text);
        }
        let month: Date = "2018-12".parse().unwrap();
        assert_eq!((month.first_day(), month.last_day()), (20_181_201, 20_181_231));
        assert_eq!("2020-02-29T10:00:00Z".parse::<Date>().unwrap().to_string(), "2020-02-29");
        for text in ["", "18", "2018-13", "2019-02-29", "19/12/2018", "2018-1a", "2018-12-19-1"] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }

    #[test]
    fn extensions_come_off() {
        for (path, stem) in [
            ("a/b.c/d.txt", "a/b.c/d"),
            ("a.b/c", "a.b/c"),
            (".env", ".env"),
            ("a/b.tar.gz", "a/b"),
            ("b.txt.GZ", "b"),
            ("b.gz", "b"),
        ] {
            assert_eq!(without_extension(path), stem, "{path}");
        }
    }

    #[test]
    fn languages_are_read_by_code_or_name() {
        for (text, language) in [
            ("it", Language::Italian),
            ("IT-it", Language::Italian),
            ("Français", Language::French),
            ("pt", Language::Other),
        ] {
            assert_eq!(text.parse::<Language>(), Ok(language));
        }
        assert!("klingon".parse::<Language>().is_err());
    }
}
