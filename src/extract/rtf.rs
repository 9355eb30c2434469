//! Rich Text Format into blocks, in every code page that its fonts ask for.
//!
//! The reader keeps a stack of groups of its own, so that no nesting is too deep for it, and knows of the
//! format what carries text: paragraphs, styles, tables, lists, notes, fields, metadata. Destinations that it does not
//! know are passed over, as the specification (version 1.9.1) asks.

use std::collections::HashMap;

use encoding_rs::{Encoding, WINDOWS_1252};

use super::flow::{Flow, Paragraph, Role};
use super::{ExtractError, Extracted, encoding, one_line, plausible_title};
use crate::document::{Date, Metadata};

pub(super) const VERSION: u32 = 1;

/// How many groups may stand within each other; documents have some dozens.
const MAX_DEPTH: usize = 10_000;

/// Where text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// Into the open paragraph, or the open note.
    Text,
    /// Nowhere.
    Skip,
    /// The label of a list item.
    Label,
    /// The table of fonts.
    Fonts,
    /// The table of styles.
    Styles,
    /// The metadata; their parts have targets of their own.
    Info,
    Title,
    Company,
    Created,
}

/// Destinations whose content is no text of the document.
const SKIPPED: &[&str] = &[
    "annotation",
    "atnauthor",
    "atnid",
    "atrfend",
    "atrfstart",
    "bkmkend",
    "bkmkstart",
    "buptim",
    "colorschememapping",
    "colortbl",
    "datastore",
    "fldinst",
    "filetbl",
    "footer",
    "footerf",
    "footerl",
    "footerr",
    "ftncn",
    "ftnsep",
    "ftnsepc",
    "aftncn",
    "aftnsep",
    "aftnsepc",
    "generator",
    "header",
    "headerf",
    "headerl",
    "headerr",
    "latentstyles",
    "listoverridetable",
    "listpicture",
    "listtable",
    "mmathpr",
    "nonshppict",
    "objdata",
    "pgdsctbl",
    "pict",
    "pnseclvl",
    "pntxta",
    "pntxtb",
    "private",
    "revtbl",
    "rsidtbl",
    "rxe",
    "shprslt",
    "sp",
    "tc",
    "themedata",
    "txe",
    "userprops",
    "wgrffmtfilter",
    "xe",
    "xmlnstbl",
];

/// Destinations that are marked as optional, and hold text all the same.
const OPTIONAL_TEXT: &[&str] = &["footnote", "shpinst", "shptxt", "company", "shppict", "pn", "pntext"];

#[derive(Debug, Clone)]
struct Group {
    target: Target,
    /// How many characters stand for a Unicode character where a reader knows none.
    fallback: usize,
    font: i32,
    hidden: bool,
    /// Whether this group is a note, whose text is complete at its end.
    is_note: bool,
    /// Whether the next control word names an optional destination.
    optional: bool,
}

#[derive(Debug, Clone, Default)]
struct Properties {
    style: Option<i32>,
    outline: Option<u8>,
    in_list: bool,
    in_table: bool,
}

/// Reads an RTF document.
///
/// # Errors
/// One that ends within a group, or nests deeper than any document does.
pub(super) fn extract(bytes: &[u8]) -> Result<Extracted, ExtractError> {
    let mut reader = Reader::new(bytes);
    reader.run()?;
    reader.end_paragraph();
    let (title, blocks) = reader.flow.finish();
    let kept = |text: &str| Some(one_line(text)).filter(|text| !text.is_empty());
    let (year, month, day) = reader.created;
    let date: Option<Date> = match (year, month, day) {
        (0, ..) => None,
        (year, 0, _) => format!("{year:04}").parse().ok(),
        (year, month, 0) => format!("{year:04}-{month:02}").parse().ok(),
        (year, month, day) => format!("{year:04}-{month:02}-{day:02}").parse().ok(),
    };
    let metadata = Metadata {
        title: kept(&reader.title).filter(|title| plausible_title(title)).or(title),
        publisher: kept(&reader.company),
        date,
        ..Metadata::default()
    };
    Ok(Extracted { metadata, blocks, ..Extracted::default() })
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    groups: Vec<Group>,
    group: Group,
    /// Bytes in a code page that wait for the rest of their character.
    pending: Vec<u8>,
    /// The first half of a character outside the basic plane.
    surrogate: Option<u16>,
    /// How many characters that stand for a Unicode character are still to come.
    to_skip: usize,
    default_encoding: &'static Encoding,
    fonts: HashMap<i32, &'static Encoding>,
    styles: HashMap<i32, String>,
    open_style: Option<i32>,
    properties: Properties,
    paragraph: Paragraph,
    /// Open notes, innermost last.
    notes: Vec<String>,
    label: String,
    columns: usize,
    table_is_open: bool,
    flow: Flow,
    title: String,
    company: String,
    created: (u32, u32, u32),
}

impl<'b> Reader<'b> {
    fn new(bytes: &'b [u8]) -> Reader<'b> {
        Reader {
            bytes,
            at: 0,
            groups: Vec::new(),
            group: Group {
                target: Target::Text,
                fallback: 1,
                font: -1,
                hidden: false,
                is_note: false,
                optional: false,
            },
            pending: Vec::new(),
            surrogate: None,
            to_skip: 0,
            default_encoding: WINDOWS_1252,
            fonts: HashMap::new(),
            styles: HashMap::new(),
            open_style: None,
            properties: Properties::default(),
            paragraph: Paragraph::default(),
            notes: Vec::new(),
            label: String::new(),
            columns: 0,
            table_is_open: false,
            flow: Flow::default(),
            title: String::new(),
            company: String::new(),
            created: (0, 0, 0),
        }
    }

    fn run(&mut self) -> Result<(), ExtractError> {
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'{' => {
                    self.flush();
                    self.to_skip = 0;
                    if self.groups.len() >= MAX_DEPTH {
                        return Err(ExtractError::new(format!(
                            "its groups are nested deeper than {MAX_DEPTH}"
                        )));
                    }
                    self.groups.push(self.group.clone());
                    self.group.is_note = false;
                    self.group.optional = false;
                }
                b'}' => {
                    self.flush();
                    self.to_skip = 0;
                    self.close_group();
                    if self.groups.is_empty() {
                        // What stands behind the last group is padding.
                        return Ok(());
                    }
                }
                b'\\' => self.control(),
                b'\r' | b'\n' => {}
                byte => self.byte(byte),
            }
        }
        Err(ExtractError::new("a damaged RTF document: it ends in the middle of a group"))
    }

    fn close_group(&mut self) {
        if self.group.is_note {
            self.paragraph.notes.extend(self.notes.pop());
        }
        if let Some(group) = self.groups.pop() {
            self.group = group;
        }
    }

    /// A byte of text, or of what stands for a Unicode character.
    fn byte(&mut self, byte: u8) {
        if self.to_skip > 0 {
            self.to_skip -= 1;
        } else {
            self.pending.push(byte);
        }
    }

    fn encoding(&self) -> &'static Encoding {
        self.fonts.get(&self.group.font).copied().unwrap_or(self.default_encoding)
    }

    /// Decodes the bytes that wait and puts them where they belong.
    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.pending);
        let text = self.encoding().decode_without_bom_handling(&bytes).0.into_owned();
        self.text(&text);
        // The buffer is kept: most texts fill it again at once.
        self.pending = bytes;
        self.pending.clear();
    }

    fn text(&mut self, text: &str) {
        if self.group.hidden {
            return;
        }
        match self.group.target {
            Target::Text => match self.notes.last_mut() {
                Some(note) => note.push_str(text),
                None => self.paragraph.text.push_str(text),
            },
            Target::Label => self.label.push_str(text),
            Target::Styles => {
                if let Some(number) = self.open_style {
                    self.styles.entry(number).or_default().push_str(text);
                }
            }
            Target::Title => self.title.push_str(text),
            Target::Company => self.company.push_str(text),
            Target::Skip | Target::Fonts | Target::Info | Target::Created => {}
        }
    }

    fn control(&mut self) {
        let Some(&first) = self.bytes.get(self.at) else {
            return;
        };
        if !first.is_ascii_alphabetic() {
            self.at += 1;
            self.symbol(first);
            return;
        }
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_alphabetic) {
            self.at += 1;
        }
        let word = String::from_utf8_lossy(&self.bytes[start..self.at]).to_ascii_lowercase();
        let number_start = self.at;
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        let number = std::str::from_utf8(&self.bytes[number_start..self.at])
            .ok()
            .and_then(|digits| digits.parse::<i32>().ok());
        if self.bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        if word == "bin" {
            // So many bytes of anything, braces included.
            let length = usize::try_from(number.unwrap_or(0)).unwrap_or(0);
            self.at = self.at.saturating_add(length).min(self.bytes.len());
            return;
        }
        if self.to_skip > 0 && word != "u" {
            self.to_skip -= 1;
            return;
        }
        self.flush();
        self.word(&word, number);
    }

    fn symbol(&mut self, symbol: u8) {
        if symbol == b'\'' {
            let digits = self.bytes.get(self.at..self.at + 2).unwrap_or_default();
            let value =
                std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok());
            if let Some(value) = value {
                self.at += 2;
                self.byte(value);
            }
            return;
        }
        if matches!(symbol, b'\\' | b'{' | b'}') {
            self.byte(symbol);
            return;
        }
        self.flush();
        match symbol {
            b'~' => self.text("\u{A0}"),
            b'_' => self.text("-"),
            b'*' => self.group.optional = true,
            b'\r' | b'\n' => self.end_of_line(),
            b'\t' => self.text("\t"),
            // An optional hyphen is no text; the others are marks of an index.
            _ => {}
        }
    }

    fn word(&mut self, word: &str, number: Option<i32>) {
        let optional = std::mem::take(&mut self.group.optional);
        if optional && !OPTIONAL_TEXT.contains(&word) || SKIPPED.contains(&word) {
            self.group.target = Target::Skip;
            return;
        }
        let value = number.unwrap_or(0);
        match word {
            "u" => self.unicode(value),
            "uc" => self.group.fallback = usize::try_from(value).unwrap_or(1).min(64),
            "ansicpg" => self.default_encoding = code_page(value).unwrap_or(self.default_encoding),
            "mac" => self.default_encoding = encoding_rs::MACINTOSH,
            "fonttbl" => self.group.target = Target::Fonts,
            "stylesheet" => self.group.target = Target::Styles,
            "info" => self.group.target = Target::Info,
            "title" if self.group.target == Target::Info => self.group.target = Target::Title,
            "company" if self.group.target == Target::Info => self.group.target = Target::Company,
            "creatim" if self.group.target == Target::Info => self.group.target = Target::Created,
            _ if self.group.target == Target::Info => self.group.target = Target::Skip,
            "yr" | "mo" | "dy" if self.group.target == Target::Created => {
                let value = u32::try_from(value).unwrap_or(0);
                match word {
                    "yr" => self.created.0 = value,
                    "mo" => self.created.1 = value,
                    _ => self.created.2 = value,
                }
            }
            "listtext" | "pntext" => {
                self.label.clear();
                self.group.target = Target::Label;
            }
            "footnote" if self.group.target == Target::Text => {
                self.notes.push(String::new());
                self.group.is_note = true;
            }
            "f" | "af" if self.group.target == Target::Fonts || word == "f" => self.group.font = value,
            "fcharset" if self.group.target == Target::Fonts => {
                if let Some(encoding) = charset(value) {
                    self.fonts.insert(self.group.font, encoding);
                }
            }
            "cpg" if self.group.target == Target::Fonts => {
                if let Some(encoding) = code_page(value) {
                    self.fonts.insert(self.group.font, encoding);
                }
            }
            "s" if self.group.target == Target::Styles => self.open_style = Some(value),
            "cs" | "ds" | "ts" if self.group.target == Target::Styles => self.open_style = None,
            "v" => self.group.hidden = value != 0 || number.is_none(),
            "deleted" => self.group.hidden = value != 0 || number.is_none(),
            "plain" => self.group.hidden = false,
            _ if matches!(self.group.target, Target::Text | Target::Label) => self.text_word(word, value),
            _ => {}
        }
    }

    /// Control words that mean something within text.
    fn text_word(&mut self, word: &str, value: i32) {
        match word {
            "par" | "sect" | "page" => self.end_of_line(),
            "line" | "softline" => self.text("\n"),
            "tab" => self.text("\t"),
            "emdash" => self.text("—"),
            "endash" => self.text("–"),
            "lquote" => self.text("‘"),
            "rquote" => self.text("’"),
            "ldblquote" => self.text("“"),
            "rdblquote" => self.text("”"),
            "bullet" => self.text("•"),
            "emspace" | "enspace" | "qmspace" | "nestcell" | "nestrow" => self.text(" "),
            // Notes and labels have paragraphs of their own, whose properties are not those of the text.
            _ if !self.notes.is_empty() || self.group.target == Target::Label => {}
            "pard" => self.properties = Properties::default(),
            "s" => self.properties.style = Some(value),
            "outlinelevel" => self.properties.outline = u8::try_from(value).ok().filter(|&level| level < 9),
            "ls" => self.properties.in_list = value > 0,
            "intbl" => self.properties.in_table = true,
            "trowd" => self.columns = 0,
            "cellx" => self.columns += 1,
            "cell" => {
                self.properties.in_table = true;
                self.end_paragraph();
                self.flow.close_cell();
            }
            "row" if self.table_is_open => self.flow.close_row(),
            _ => {}
        }
    }

    /// A character that is given by its number in UTF-16, negative beyond 32767.
    fn unicode(&mut self, value: i32) {
        self.to_skip = self.group.fallback;
        let Ok(unit) = u16::try_from(value & 0xFFFF) else {
            return;
        };
        let units = match self.surrogate.take() {
            Some(first) => vec![first, unit],
            None if (0xD800..0xDC00).contains(&unit) => {
                self.surrogate = Some(unit);
                return;
            }
            None => vec![unit],
        };
        let text: String = char::decode_utf16(units).flatten().collect();
        self.text(&text);
    }

    fn end_of_line(&mut self) {
        if self.group.target != Target::Text {
            return;
        }
        match self.notes.last_mut() {
            Some(note) => note.push(' '),
            None => self.end_paragraph(),
        }
    }

    fn end_paragraph(&mut self) {
        self.flush();
        let mut paragraph = std::mem::take(&mut self.paragraph);
        let label = one_line(&std::mem::take(&mut self.label));
        if self.properties.in_table && !self.table_is_open {
            self.flow.open_table();
            self.table_is_open = true;
        } else if !self.properties.in_table && self.table_is_open {
            self.flow.close_table();
            self.table_is_open = false;
        }
        if self.table_is_open && self.columns > 0 {
            self.flow.columns(self.columns);
        }
        let by_style = self.properties.style.and_then(|style| {
            let name = self.styles.get(&style)?;
            Role::by_style_name(name.trim().trim_end_matches(';'))
        });
        paragraph.role = match (by_style, self.properties.outline) {
            (Some(Role::ListItem), None) => Role::ListItem,
            (Some(role), _) if role != Role::ListItem => role,
            (_, Some(level)) => Role::Heading(level + 1),
            _ if self.properties.in_list || !label.is_empty() => Role::ListItem,
            _ => Role::Body,
        };
        // The label of a bullet is a sign.
        paragraph.label = Some(label).filter(|label| label.chars().any(char::is_alphanumeric));
        self.flow.paragraph(paragraph);
    }
}

fn code_page(number: i32) -> Option<&'static Encoding> {
    match number {
        932 => Some(encoding_rs::SHIFT_JIS),
        936 => Some(encoding_rs::GBK),
        949 => Some(encoding_rs::EUC_KR),
        950 => Some(encoding_rs::BIG5),
        10000 => Some(encoding_rs::MACINTOSH),
        28591 => Some(WINDOWS_1252),
        28605 => Some(encoding_rs::ISO_8859_15),
        65001 => Some(encoding_rs::UTF_8),
        number => encoding::named(&format!("windows-{number}")),
    }
}

/// The encoding of a Windows character set, as fonts name it.
fn charset(number: i32) -> Option<&'static Encoding> {
    code_page(match number {
        0 => 1252,
        77 => 10000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::BlockKind::{self, Footnote, Heading, ListItem, TableRow};

    fn blocks(rtf: &[u8]) -> Vec<(BlockKind, String)> {
        extract(rtf).unwrap().blocks.into_iter().map(|block| (block.kind, block.text)).collect()
    }

    #[test]
    fn paragraphs_notes_lists_and_tables_are_read() {
        let rtf = br"{\rtf1\ansi\ansicpg1252\uc1{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Cyr;}}{\colortbl;\red0;}
{\stylesheet{\s0 Normal;}{\s1 heading 1;}{\*\cs2 Car;}}{\info{\title Il patto}{\author Nessuno}{\creatim\yr2018\mo12\dy19\hr3}{\*\company OIM}}
{\header Testata}\pard\s1 Titolo primo\par\pard La libert\'e0 \'e8 \u8220?grande\u8221?{\super\chftn{\footnote\pard Nota \'abuno\'bb.\par}} e\line va.\par
\pard\ls1{\listtext\pard\plain 16.\tab} Primo punto\par\pard {\f1 \'ec\'e8\'f0}{\v nascosto}{\*\ignoto via}\par
\trowd\cellx10\cellx20\pard\intbl Mese\cell Arrivi\cell\row\pard Fine.\par}";
        assert_eq!(
            blocks(rtf),
            [
                (Heading(1), "Titolo primo".to_owned()),
                (BlockKind::Paragraph, "La libertà è “grande” e va.".to_owned()),
                (Footnote, "Nota «uno».".to_owned()),
                (ListItem, "Primo punto".to_owned()),
                (BlockKind::Paragraph, "мир".to_owned()),
                (TableRow, "Mese | Arrivi".to_owned()),
                (BlockKind::Paragraph, "Fine.".to_owned()),
            ]
        );
        let metadata = extract(rtf).unwrap().metadata;
        assert_eq!(metadata.title.as_deref(), Some("Il patto"));
        assert_eq!(metadata.publisher.as_deref(), Some("OIM"));
        assert_eq!(metadata.date.unwrap().to_string(), "2018-12-19");
        assert_eq!(extract(rtf).unwrap().blocks[3].label.as_deref(), Some("16."));
    }

    #[test]
    fn what_is_damaged_or_hostile_is_refused_and_never_fatal() {
        assert!(extract(br"{\rtf1 testo").unwrap_err().message.contains("middle of a group"));
        let deep = [br"{\rtf1 ".to_vec(), b"{".repeat(1_000_000)].concat();
        assert!(extract(&deep).unwrap_err().message.contains("nested"));
        let rtf = br"{\rtf1\bin99999999999 \u99999999? \'zz \uc-5 \u-4000? \bin4 }}}} {\*} \cell\row\intbl\row fine\par}";
        assert!(blocks(rtf).iter().any(|(_, text)| text.contains("fine")), "{:?}", blocks(rtf));
    }
}
