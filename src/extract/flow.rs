//! The text of a word processor in reading order: paragraphs with their notes, and tables row by row.
//!
//! DOCX, ODT and RTF say the same things in different words; what is made of them is the same.

use super::one_line;
use crate::document::{Block, BlockKind};

/// A paragraph that has come to its end.
#[derive(Debug, Default)]
pub(super) struct Paragraph {
    /// What its style makes of it.
    pub(super) role: Role,
    /// Its text, as it is written.
    pub(super) text: String,
    /// The number that the format counts it by.
    pub(super) label: Option<String>,
    /// The notes that it refers to, in order.
    pub(super) notes: Vec<String>,
}

/// What the style of a paragraph makes of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Role {
    /// Running text.
    #[default]
    Body,
    /// The title of the whole document.
    Title,
    /// A heading with its level.
    Heading(u8),
    /// An item of a list.
    ListItem,
    /// An entry of a table of contents, which is no text of the document.
    Contents,
}

impl Role {
    /// The role that a style of this name has by custom, in the languages of office programs.
    pub(super) fn by_style_name(name: &str) -> Option<Role> {
        let folded = crate::analysis::fold::fold(name);
        let spaced: String = folded.chars().map(|c| if c == '_' || c == '-' { ' ' } else { c }).collect();
        let name = spaced.trim();
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
        let level = name[stem.len()..].trim().parse::<u8>().ok().filter(|level| (1..=9).contains(level));
        match (stem, level) {
            ("heading" | "titolo" | "titre" | "titulo" | "uberschrift" | "intestazione", Some(level)) => {
                Some(Role::Heading(level))
            }
            ("title" | "titolo" | "titre" | "titulo" | "titel", None) => Some(Role::Title),
            ("toc heading" | "contents heading" | "titolo sommario" | "titolo indice", None) => {
                Some(Role::Contents)
            }
            ("toc" | "contents" | "sommario" | "indice" | "tm" | "tdc", Some(_)) => Some(Role::Contents),
            _ if stem.starts_with("list bullet")
                || stem.starts_with("list number")
                || stem.starts_with("list paragraph")
                || stem.starts_with("puntoelenco")
                || stem.starts_with("elenco puntato")
                || stem.starts_with("elenco numerato")
                || stem.starts_with("numeroelenco")
                || stem.starts_with("liste a ") =>
            {
                Some(Role::ListItem)
            }
            _ => None,
        }
    }
}

/// The blocks of a document as they grow.
#[derive(Debug, Default)]
pub(super) struct Flow {
    blocks: Vec<Block>,
    tables: Vec<Table>,
    title: Option<String>,
}

#[derive(Debug, Default)]
struct Table {
    columns: usize,
    cells: Vec<String>,
    cell: String,
    notes: Vec<String>,
}

impl Table {
    /// A table of one column is a frame around paragraphs, not a table.
    fn is_frame(&self) -> bool {
        self.columns == 1
    }
}

impl Flow {
    /// Adds a paragraph where it stands: in the text, or in the cell that is open.
    pub(super) fn paragraph(&mut self, paragraph: Paragraph) {
        let text = one_line(&paragraph.text);
        if let Some(table) = self.tables.iter_mut().rev().find(|table| !table.is_frame()) {
            if !text.is_empty() && paragraph.role != Role::Contents {
                if !table.cell.is_empty() {
                    table.cell.push(' ');
                }
                table.cell.push_str(&text);
            }
            table.notes.extend(paragraph.notes);
            return;
        }
        if text.chars().any(char::is_alphanumeric) {
            match paragraph.role {
                Role::Contents => {}
                Role::Title if self.title.is_none() && self.blocks.is_empty() => self.title = Some(text),
                Role::Title => self.blocks.push(Block::new(BlockKind::Heading(1), text)),
                Role::Heading(level) => self.blocks.push(Block::new(BlockKind::Heading(level), text)),
                Role::ListItem => {
                    self.blocks.push(Block::new(BlockKind::ListItem, text).labelled(paragraph.label));
                }
                Role::Body => self.blocks.push(match text.strip_prefix(['•', '◦', '▪']).map(str::trim) {
                    // A list that was typed by hand.
                    Some(item) if !item.is_empty() => Block::new(BlockKind::ListItem, item),
                    _ => Block::new(BlockKind::Paragraph, text).labelled(paragraph.label),
                }),
            }
        }
        self.notes(paragraph.notes);
    }

    fn notes(&mut self, notes: Vec<String>) {
        for note in notes {
            let text = one_line(&note);
            if text.chars().any(char::is_alphanumeric) {
                self.blocks.push(Block::new(BlockKind::Footnote, text));
            }
        }
    }

    /// A table begins.
    pub(super) fn open_table(&mut self) {
        self.tables.push(Table::default());
    }

    /// The open table has so many columns.
    pub(super) fn columns(&mut self, columns: usize) {
        if let Some(table) = self.tables.last_mut() {
            table.columns = columns;
        }
    }

    /// The open table has so many columns more.
    pub(super) fn add_columns(&mut self, columns: usize) {
        if let Some(table) = self.tables.last_mut() {
            table.columns = table.columns.saturating_add(columns);
        }
    }

    /// A cell of the open table ends.
    pub(super) fn close_cell(&mut self) {
        if let Some(table) = self.tables.last_mut() {
            let cell = std::mem::take(&mut table.cell);
            if !cell.is_empty() {
                table.cells.push(cell);
            }
        }
    }

    /// A row of the open table ends.
    pub(super) fn close_row(&mut self) {
        self.close_cell();
        let Some(table) = self.tables.last_mut() else {
            return;
        };
        let row = std::mem::take(&mut table.cells).join(" | ");
        let notes = std::mem::take(&mut table.notes);
        // A table within a cell is text of that cell.
        let outer = self.tables.len().saturating_sub(1);
        if let Some(around) = self.tables[..outer].iter_mut().rev().find(|table| !table.is_frame()) {
            if !around.cell.is_empty() && !row.is_empty() {
                around.cell.push(' ');
            }
            around.cell.push_str(&row);
            around.notes.extend(notes);
            return;
        }
        if row.chars().any(char::is_alphanumeric) {
            self.blocks.push(Block::new(BlockKind::TableRow, row));
        }
        self.notes(notes);
    }

    /// The open table ends.
    pub(super) fn close_table(&mut self) {
        if self.tables.last().is_some_and(|table| !table.cell.is_empty() || !table.cells.is_empty()) {
            self.close_row();
        }
        self.tables.pop();
    }

    /// The blocks, and the paragraph in the style of a title that they began with.
    pub(super) fn finish(mut self) -> (Option<String>, Vec<Block>) {
        while !self.tables.is_empty() {
            self.close_table();
        }
        (self.title, self.blocks)
    }
}

/// How a level of a numbered list counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numerals {
    /// 1, 2, 3
    Decimal,
    /// a, b, c
    LowerLetter,
    /// A, B, C
    UpperLetter,
    /// i, ii, iii
    LowerRoman,
    /// I, II, III
    UpperRoman,
}

impl Numerals {
    /// A number, counted from 1, in these numerals.
    pub(super) fn write(self, number: u32) -> String {
        match self {
            Numerals::Decimal => number.to_string(),
            Numerals::LowerLetter => letters(number),
            Numerals::UpperLetter => letters(number).to_uppercase(),
            Numerals::LowerRoman => roman(number),
            Numerals::UpperRoman => roman(number).to_uppercase(),
        }
    }
}

/// a … z, aa, bb, as word processors go on after the alphabet.
fn letters(number: u32) -> String {
    let index = number.saturating_sub(1);
    let letter = char::from(b'a' + (index % 26) as u8);
    // A list of thousands of lettered items is noise; its labels need not be right, only short.
    std::iter::repeat_n(letter, (index / 26 + 1).min(8) as usize).collect()
}

/// A number in small Roman letters; in digits beyond what these can say.
pub(super) fn roman(number: u32) -> String {
    const SIGNS: [(u32, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    if number > 4999 {
        return number.to_string();
    }
    let mut rest = number;
    let mut out = String::new();
    for (value, sign) in SIGNS {
        while rest >= value {
            out.push_str(sign);
            rest -= value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_known_in_the_languages_of_office_programs() {
        for (name, role) in [
            ("heading 1", Some(Role::Heading(1))),
            ("Titolo 2", Some(Role::Heading(2))),
            ("Titolo3", Some(Role::Heading(3))),
            ("Título 1", Some(Role::Heading(1))),
            ("Titre_1", Some(Role::Heading(1))),
            ("Titolo", Some(Role::Title)),
            ("toc 2", Some(Role::Contents)),
            ("Sommario 1", Some(Role::Contents)),
            ("List Bullet 2", Some(Role::ListItem)),
            ("Sottotitolo", None),
            ("Normale", None),
            ("", None),
        ] {
            assert_eq!(Role::by_style_name(name), role, "{name}");
        }
    }

    #[test]
    fn tables_in_cells_are_text_of_the_cell_and_frames_are_none() {
        let mut flow = Flow::default();
        let text = |text: &str| Paragraph { text: text.to_owned(), ..Paragraph::default() };
        flow.open_table();
        flow.columns(1);
        flow.paragraph(text("In cornice."));
        flow.open_table();
        flow.columns(2);
        flow.paragraph(text("a"));
        flow.close_cell();
        flow.paragraph(Paragraph { notes: vec!["nota".to_owned()], ..text("b") });
        flow.open_table();
        flow.columns(2);
        flow.paragraph(text("c"));
        flow.close_cell();
        flow.paragraph(text("d"));
        flow.close_row();
        flow.close_table();
        flow.close_row();
        flow.close_table();
        flow.close_table();
        let (_, blocks) = flow.finish();
        let texts: Vec<&str> = blocks.iter().map(|block| block.text.as_str()).collect();
        assert_eq!(texts, ["In cornice.", "a | b c | d", "nota"]);
    }

    #[test]
    fn numerals_are_written_as_word_processors_do() {
        assert_eq!(Numerals::LowerLetter.write(3), "c");
        assert_eq!(Numerals::UpperLetter.write(28), "BB");
        assert_eq!(Numerals::LowerRoman.write(1994), "mcmxciv");
        assert_eq!(Numerals::Decimal.write(16), "16");
        assert!(Numerals::LowerLetter.write(u32::MAX).len() < 10);
    }
}
