//! Lines into blocks: headings, paragraphs, list items, table rows and footnotes.

use std::collections::{BTreeMap, HashMap};

use super::super::furniture::ends_a_sentence;
use super::hyphens::Hyphens;
use super::layout::{Cell, Line, MARK_BEGINS, MARK_ENDS};
use crate::analysis::fold;
use crate::document::{Block, BlockKind};

/// Lines lie further apart than this, measured by the usual distance, where a paragraph ends.
const PARAGRAPH_GAP: f32 = 1.3;
/// A first line is indented by at least this, in parts of the font size.
const INDENT: f32 = 0.8;
/// A font this much larger than that of the text is a heading's.
const HEADING_SIZE: f32 = 1.08;
/// Footnotes are set in a font this much smaller than the text, or smaller still.
const NOTE_SIZE: f32 = 0.94;
/// The most words of a heading.
const HEADING_WORDS: usize = 28;
/// The most lines of a heading.
const HEADING_LINES: usize = 5;
/// What of the cells of a table row is put between them.
const CELL_MARK: &str = " | ";

/// The text of a document as blocks.
pub(super) fn blocks(lines: Vec<Line>) -> Vec<Block> {
    let lines = without_contents(lines);
    let hyphens =
        Hyphens::learn(lines.iter().flat_map(|line| line.cells.iter().map(|cell| cell.text.as_str())));
    let measures = Measures::of(&lines);
    let (body, notes) = divide_notes(lines, &measures);
    let mut builder = Builder { hyphens: &hyphens, measures: &measures, open: None, done: Vec::new() };
    builder.read(body);
    let notes = note_parts(notes, &measures, &hyphens);
    finish(builder.done, notes)
}

/// Sizes and margins that the lines of the whole document tell.
struct Measures {
    /// The font size of most characters.
    body: f32,
    /// The usual distance of two baselines, in parts of the font size.
    leading: f32,
    /// The left and the right margin of each column.
    columns: HashMap<usize, (f32, f32)>,
    /// Whether paragraphs begin with an indented line.
    indents: bool,
}

impl Measures {
    fn of(lines: &[Line]) -> Measures {
        let mut sizes: BTreeMap<i32, usize> = BTreeMap::new();
        for line in lines {
            *sizes.entry((line.size * 4.0).round() as i32).or_default() += chars(line);
        }
        let body = sizes.iter().max_by_key(|(_, count)| **count).map_or(10.0, |(size, _)| *size as f32 / 4.0);
        let mut gaps: Vec<f32> = lines
            .windows(2)
            .filter(|pair| pair[0].column == pair[1].column && (pair[1].size - body).abs() < 0.3)
            .map(|pair| (pair[1].y - pair[0].y) / body)
            .filter(|gap| (0.8..2.5).contains(gap))
            .collect();
        gaps.sort_by(f32::total_cmp);
        let leading = gaps.get(gaps.len() / 2).copied().unwrap_or(1.2);
        let columns = margins(lines, body);
        let indented = lines
            .windows(3)
            .filter(|three| three.iter().all(|line| line.column == three[0].column))
            .filter(|three| {
                let by = three[1].x0 - three[2].x0;
                (INDENT * body..3.5 * body).contains(&by) && (three[0].x0 - three[2].x0).abs() < 1.5
            })
            .count();
        let indents = indented >= 3 && indented * 40 >= lines.len();
        Measures { body, leading, columns, indents }
    }

    fn margins(&self, column: usize) -> (f32, f32) {
        self.columns.get(&column).copied().unwrap_or((0.0, f32::INFINITY))
    }
}

fn chars(line: &Line) -> usize {
    line.cells.iter().map(|cell| cell.text.chars().count()).sum()
}

/// The margins of each column: those of most of its lines or, where it has few, of like columns on other pages.
fn margins(lines: &[Line], body: f32) -> HashMap<usize, (f32, f32)> {
    let mut columns: BTreeMap<usize, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        columns.entry(line.column).or_default().push(line);
    }
    let own: Vec<(usize, f32, f32, usize)> = columns
        .iter()
        .map(|(&column, lines)| {
            let left = lines.iter().map(|line| line.x0).fold(f32::INFINITY, f32::min);
            // The rows of a table keep to margins of their own.
            let mut ends: Vec<f32> =
                lines.iter().filter(|line| line.cells.len() == 1).map(|line| line.x1).collect();
            if ends.is_empty() {
                ends.extend(lines.iter().map(|line| line.x1));
            }
            ends.sort_by(f32::total_cmp);
            // One line that sticks out of thirty says nothing about the margin.
            let right = ends.get(ends.len().saturating_sub(1 + ends.len() / 30)).copied().unwrap_or(left);
            (column, left, right, lines.len())
        })
        .collect();
    const ENOUGH: usize = 6;
    own.iter()
        .map(|&(column, left, right, count)| {
            let wide = own
                .iter()
                .filter(|&&(_, other, _, lines)| {
                    count < ENOUGH && lines >= ENOUGH && (other - left).abs() < 2.5 * body
                })
                .max_by(|a, b| a.3.cmp(&b.3));
            match wide {
                Some(&(_, other_left, other_right, _)) if other_right >= right - body => {
                    (column, (left.min(other_left), right.max(other_right)))
                }
                _ => (column, (left, right)),
            }
        })
        .collect()
}

// ---- tables of contents ----

/// Drops the lines of a table of contents: text, a row of dots, a page number.
fn without_contents(lines: Vec<Line>) -> Vec<Line> {
    let has_dots: Vec<bool> = lines.iter().map(|line| is_contents_line(&line.text())).collect();
    let mut drop = has_dots.clone();
    // Lines between two entries, such as chapters without dots or the first half of a long entry, go too.
    const FAR: usize = 4;
    let entries: Vec<usize> = (0..lines.len()).filter(|&at| has_dots[at]).collect();
    for pair in entries.windows(2) {
        if pair[1] - pair[0] <= FAR {
            drop[pair[0]..pair[1]].fill(true);
        }
    }
    // Around them, so does what ends in a page number at the margin, and the title above.
    if entries.len() >= 3 {
        for (first, last) in runs(&drop) {
            if last - first < 3 {
                continue;
            }
            let above = first.saturating_sub(8)..first;
            let title = above.clone().rev().find(|&at| is_contents_title(&lines[at].text()));
            let from = title.unwrap_or_else(|| {
                above.rev().take_while(|&at| ends_in_page_number(&lines[at])).last().unwrap_or(first)
            });
            drop[from..first].fill(true);
            let mut at = last;
            while at < lines.len() && ends_in_page_number(&lines[at]) {
                drop[at] = true;
                at += 1;
            }
        }
    }
    lines.into_iter().zip(drop).filter(|(_, drop)| !drop).map(|(line, _)| line).collect()
}

/// The beginnings and ends of the stretches that are true.
fn runs(flags: &[bool]) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    for (at, _) in flags.iter().enumerate().filter(|(_, flag)| **flag) {
        match out.last_mut() {
            Some(run) if run.1 == at => run.1 = at + 1,
            _ => out.push((at, at + 1)),
        }
    }
    out
}

/// Whether a line has a row of dots that leads to a page number.
fn is_contents_line(text: &str) -> bool {
    let mut dots = 0;
    let mut most = 0;
    for c in text.chars() {
        match c {
            '.' | '·' | '…' | '_' | '‥' | '․' => {
                dots += if c == '…' { 3 } else { 1 };
                most = most.max(dots);
            }
            ' ' => {}
            _ => dots = 0,
        }
    }
    let end = text.trim_end().rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    most >= 4 && !end.is_empty() && (end.bytes().all(|b| b.is_ascii_digit()) || is_roman(end))
        // The dots may end a line of which the page number is a cell of its own.
        || most >= 8
}

fn is_roman(text: &str) -> bool {
    text.len() <= 7 && text.to_lowercase().chars().all(|c| matches!(c, 'i' | 'v' | 'x' | 'l' | 'c'))
}

fn ends_in_page_number(line: &Line) -> bool {
    line.cells.len() >= 2
        && line.cells.last().is_some_and(|cell| {
            cell.text.len() <= 5 && (cell.text.bytes().all(|b| b.is_ascii_digit()) || is_roman(&cell.text))
        })
}

fn is_contents_title(text: &str) -> bool {
    const TITLES: [&str; 13] = [
        "indice",
        "indice generale",
        "sommario",
        "indice dei contenuti",
        "contents",
        "table of contents",
        "table des matieres",
        "sommaire",
        "indice de contenidos",
        "contenido",
        "elenco delle figure",
        "elenco delle tabelle",
        "inhalt",
    ];
    TITLES.contains(&fold::fold(text.trim()).as_str())
}

// ---- footnotes ----

/// A line of a footnote, with what divides the notes of different places.
struct NoteLine {
    line: Line,
    /// Whether it is the first of those at the foot of its column.
    first: bool,
}

/// Takes the footnotes at the foot of columns out of the text.
fn divide_notes(lines: Vec<Line>, measures: &Measures) -> (Vec<Line>, Vec<NoteLine>) {
    let mut is_note = vec![false; lines.len()];
    let mut first = vec![false; lines.len()];
    let mut end = lines.len();
    while end > 0 {
        let column = lines[end - 1].column;
        let start = lines[..end].iter().rposition(|line| line.column != column).map_or(0, |at| at + 1);
        // The foot of a page may be a column of its own, below two others.
        let small = |line: &Line| line.size <= measures.body * NOTE_SIZE;
        let from = lines[start..end].iter().rposition(|line| !small(line)).map_or(start, |at| start + at + 1);
        // Small print without a mark is a caption or an imprint. What stands above the first mark goes on from
        // the page before, unless it lies far off.
        let marked = (from..end).find(|&at| note_mark(&lines[at].text()).is_some());
        let last = &lines[end - 1];
        let below = |line: &Line| {
            line.y > last.y && line.x0 < last.x1.max(lines[from.min(end - 1)].x1) && line.x1 > last.x0
        };
        let at_foot = lines[end..]
            .iter()
            .take_while(|line| line.page == last.page)
            .all(|line| small(line) || !below(line));
        if let Some(marked) = marked
            && at_foot
        {
            let mut top = marked;
            while top > from && lines[top].y - lines[top - 1].y < 1.5 * lines[top].size * measures.leading {
                top -= 1;
            }
            is_note[top..end].fill(true);
            first[top] = true;
        }
        end = start;
    }
    let mut body = Vec::with_capacity(lines.len());
    let mut notes = Vec::new();
    for ((line, is_note), first) in lines.into_iter().zip(is_note).zip(first) {
        if is_note {
            notes.push(NoteLine { line, first });
        } else {
            body.push(line);
        }
    }
    (body, notes)
}

/// The mark that a footnote begins with, and the rest of its line.
fn note_mark(text: &str) -> Option<(String, &str)> {
    if let Some(rest) = text.strip_prefix(MARK_BEGINS) {
        let (mark, rest) = rest.split_once(MARK_ENDS)?;
        return Some((bare(mark), rest.trim_start()));
    }
    let end = text.find(|c: char| !c.is_ascii_digit()).filter(|&end| (1..=3).contains(&end));
    if let Some(end) = end {
        let (mark, rest) = text.split_at(end);
        let rest = rest.strip_prefix(['.', ')']).unwrap_or(rest);
        let trimmed = rest.trim_start();
        let begins =
            trimmed.starts_with(|c: char| c.is_uppercase() || matches!(c, '«' | '“' | '"' | '(' | '‘'));
        return (begins || rest.len() != trimmed.len()).then_some((mark.to_owned(), trimmed));
    }
    let end = text.find(|c: char| !matches!(c, '*' | '†' | '‡' | '§'))?;
    (1..=6).contains(&end).then(|| (text[..end].to_owned(), text[end..].trim_start()))
}

fn bare(mark: &str) -> String {
    mark.trim_matches(|c: char| !c.is_ascii_digit() && !matches!(c, '*' | '†' | '‡' | '§')).to_owned()
}

/// A footnote, or the rest of one from the page before.
struct Note {
    page: u32,
    mark: Option<String>,
    text: String,
}

fn note_parts(lines: Vec<NoteLine>, measures: &Measures, hyphens: &Hyphens) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    let mut margin = f32::INFINITY;
    for NoteLine { line, first } in lines {
        if first {
            margin = measures.margins(line.column).0;
        }
        let text = line.text();
        let begins = note_mark(&text).filter(|(mark, _)| {
            // "1990 e poi" within a note begins no note: its number does not follow the last one.
            let last = notes.last().and_then(|note| note.mark.as_ref()?.parse::<u32>().ok());
            match (mark.parse::<u32>(), last) {
                (Ok(number), Some(last)) if !first => number == last + 1,
                (Ok(_), _) => text.starts_with(MARK_BEGINS) || line.x0 < margin + 3.0 * line.size,
                (Err(_), _) => true,
            }
        });
        match (begins, notes.last_mut()) {
            (Some((mark, rest)), _) => {
                notes.push(Note { page: line.page, mark: Some(mark), text: rest.to_owned() });
            }
            (None, Some(note)) if !first || !ends_a_sentence(&note.text) => {
                hyphens.join(&mut note.text, &text)
            }
            (None, _) => notes.push(Note { page: line.page, mark: None, text }),
        }
    }
    notes
}

// ---- paragraphs ----

/// A block that is done but for its footnotes' marks.
struct Piece {
    kind: BlockKind,
    text: String,
    page: u32,
    last_page: u32,
    size: f32,
    bold: bool,
}

/// A paragraph that may go on.
struct Open {
    piece: Piece,
    lines: usize,
    /// Where its second line begins, which tells hanging items.
    hang: Option<f32>,
    first_x0: f32,
    last: LastLine,
    is_item: bool,
    /// The right margin of the lines around, where they keep to one of their own.
    right: Option<f32>,
}

struct LastLine {
    column: usize,
    x1: f32,
    y: f32,
    gap: Option<f32>,
}

struct Builder<'m> {
    hyphens: &'m Hyphens,
    measures: &'m Measures,
    open: Option<Open>,
    done: Vec<Piece>,
}

impl Builder<'_> {
    fn read(&mut self, lines: Vec<Line>) {
        let rights = own_margins(&lines, self.measures);
        let mut at = 0;
        while at < lines.len() {
            let length = table_length(&lines[at..], self.measures);
            if length > 0 {
                self.close();
                self.table(&lines[at..at + length]);
                at += length;
                continue;
            }
            self.line(&lines[at]);
            if let Some(open) = &mut self.open {
                open.right = rights[at];
            }
            at += 1;
        }
        self.close();
    }

    fn line(&mut self, line: &Line) {
        let text = line.text();
        if !text.chars().any(char::is_alphanumeric) && item_mark(&text).is_none() {
            // A rule, a row of dots, an ornament; a hyphen or a bracket goes on.
            if text.chars().count() > 2 || self.open.is_none() {
                return;
            }
        }
        let goes_on = self.open.as_ref().is_some_and(|open| self.goes_on(open, line, &text));
        if goes_on && let Some(open) = &mut self.open {
            self.hyphens.join(&mut open.piece.text, &text);
            open.piece.last_page = line.page;
            if open.last.column == line.column {
                open.last.gap = Some(line.y - open.last.y);
            }
            if open.hang.is_none() || open.last.column != line.column {
                open.hang = Some(line.x0);
            }
            open.lines += 1;
            open.piece.bold &= line.bold;
            open.last = LastLine { column: line.column, x1: line.x1, y: line.y, gap: open.last.gap };
            return;
        }
        self.close();
        let item = item_mark(&text);
        let (is_item, text) = match item {
            Some(Mark::Bullet(rest)) => (true, rest.to_owned()),
            Some(Mark::Number) => (true, text),
            None => (false, text),
        };
        self.open = Some(Open {
            piece: Piece {
                kind: if is_item { BlockKind::ListItem } else { BlockKind::Paragraph },
                text,
                page: line.page,
                last_page: line.page,
                size: line.size,
                bold: line.bold,
            },
            lines: 1,
            hang: None,
            first_x0: line.x0,
            last: LastLine { column: line.column, x1: line.x1, y: line.y, gap: None },
            is_item,
            right: None,
        });
    }

    /// Whether a line belongs to the paragraph before it.
    fn goes_on(&self, open: &Open, line: &Line, text: &str) -> bool {
        let (size, body) = (open.piece.size, self.measures.body);
        let alike = (line.size - size).abs() <= 0.06 * size.max(line.size);
        let heading = self.is_heading_style(size, open.piece.bold);
        let next_heading = self.is_heading_style(line.size, line.bold);
        let cut = open.piece.text.ends_with(['-', '\u{AD}', '\u{2010}']);
        let same_column = open.last.column == line.column;
        let gap = line.y - open.last.y;
        let usual = open.last.gap.unwrap_or(self.measures.leading * size.max(body * 0.6));
        if heading || next_heading {
            // Lines of one heading are alike and close together.
            return alike
                && open.piece.bold == line.bold
                && same_column
                && gap < usual * 1.35 + 0.1 * size
                && open.lines < HEADING_LINES
                && item_mark(text).is_none()
                && !(heading && ends_a_sentence(&open.piece.text) && open.piece.text.len() > 60);
        }
        if !alike || item_mark(text).is_some() {
            return alike && cut && item_mark(text).is_none();
        }
        let (left, right) = self.measures.margins(line.column);
        if same_column {
            if gap > usual * PARAGRAPH_GAP || gap < -0.5 * size {
                return false;
            }
            if cut {
                return true;
            }
            let ended = ends_a_sentence(&open.piece.text) && !open.piece.text.ends_with(',');
            let unfinished =
                !ended && (text.starts_with(char::is_lowercase) || open.piece.text.ends_with(','));
            let right = open.right.unwrap_or(right);
            let full = self.is_full(open, line, right) || unfinished;
            if open.is_item {
                return match open.hang {
                    // Text of the item hangs below its first word, or goes back to the margin.
                    Some(hang) => {
                        line.x0 > hang - INDENT * size && (line.x0 - hang).abs() < 2.0 * size && full
                    }
                    None => full || line.x0 > open.first_x0 + 0.3 * size,
                };
            }
            // Of the first two lines the first may be indented, or the second hang.
            let margin = open.hang.unwrap_or(open.first_x0);
            let indented = line.x0 > margin + INDENT * size && line.x0 < margin + 8.0 * size;
            let outdented = open.hang.is_some_and(|hang| line.x0 < hang - INDENT * size);
            let begins = indented && (open.lines > 1 || self.measures.indents);
            return full && !begins && !outdented;
        }
        if cut {
            return true;
        }
        let begins_small = text.starts_with(char::is_lowercase);
        let ended = ends_a_sentence(&open.piece.text) && !open.piece.text.ends_with(',');
        let (_, last_right) = self.measures.margins(open.last.column);
        let full = open.last.x1 > last_right - 2.0 * size;
        let indented = line.x0 > left + INDENT * size && !open.is_item;
        if begins_small {
            return !ended || full;
        }
        if indented {
            return !ended && full && open.is_item;
        }
        full && (!ended || (self.measures.indents && !open.is_item))
    }

    /// Whether the last line went on to the margin: the next word would not have fitted.
    fn is_full(&self, open: &Open, line: &Line, right: f32) -> bool {
        // Ragged margins and rounding take a little.
        let slack = 0.9 * open.piece.size;
        open.last.x1 + 0.25 * open.piece.size + line.first_word > right - slack
    }

    fn is_heading_style(&self, size: f32, bold: bool) -> bool {
        size >= self.measures.body * HEADING_SIZE || (bold && size >= self.measures.body * 0.95)
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else {
            return;
        };
        let mut piece = open.piece;
        let words = piece.text.split_whitespace().count();
        let letters = piece.text.chars().filter(|c| c.is_alphabetic()).count();
        let is_sentence = piece.text.ends_with(['.', ';', ',']) && words > 12;
        if self.is_heading_style(piece.size, piece.bold)
            && words <= HEADING_WORDS
            && letters >= 3
            && !is_sentence
            && !piece.text.ends_with([';', ','])
            && !piece.text.starts_with(char::is_lowercase)
            && (!open.is_item || begins_with_number(&piece.text))
        {
            // The level comes when all sizes are known.
            piece.kind = BlockKind::Heading(0);
        }
        self.done.push(piece);
    }

    /// Reads a table row by row.
    fn table(&mut self, lines: &[Line]) {
        for (cells, line) in table_rows(lines, self.hyphens) {
            let text = cells.into_iter().filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(CELL_MARK);
            self.done.push(Piece {
                kind: BlockKind::TableRow,
                text,
                page: line.page,
                last_page: line.page,
                size: line.size,
                bold: line.bold,
            });
        }
    }
}

/// For each line the right margin of the lines around it, where a gap parts them from the rest and most of them end
/// there: a quotation is narrower than its page.
fn own_margins(lines: &[Line], measures: &Measures) -> Vec<Option<f32>> {
    const MIN_LINES: usize = 3;
    let mut out = Vec::with_capacity(lines.len());
    let parted = |a: &Line, b: &Line| {
        a.column != b.column || b.y - a.y > measures.leading * PARAGRAPH_GAP * a.size.max(b.size) || b.y < a.y
    };
    for block in lines.chunk_by(|a, b| !parted(a, b)) {
        let right = block.iter().map(|line| line.x1).fold(0.0, f32::max);
        let inner = block.len() - 1;
        let full = block[..inner].iter().filter(|line| line.x1 > right - 0.6 * line.size).count();
        let own = block.len() >= MIN_LINES && full * 5 >= inner * 3;
        out.extend(std::iter::repeat_n(own.then_some(right), block.len()));
    }
    out
}

enum Mark<'t> {
    /// A bullet, which goes; what follows it.
    Bullet(&'t str),
    /// A number or letter, which is part of the text.
    Number,
}

/// Whether a line begins a list item.
fn item_mark(text: &str) -> Option<Mark<'_>> {
    const BULLETS: [char; 16] =
        ['•', '◦', '▪', '●', '○', '■', '□', '‣', '–', '-', '·', '*', '▸', '➢', '✓', '∙'];
    if let Some(rest) = text.strip_prefix(BULLETS) {
        let trimmed = rest.trim_start();
        let is_sign = text.starts_with(['-', '–', '*', '·']);
        // A dash without a space is a sign or a cut word; a bullet may stand right before its text.
        if (rest.len() != trimmed.len() || !is_sign)
            && trimmed.starts_with(|c: char| !c.is_ascii_digit() || !is_sign)
        {
            return Some(Mark::Bullet(trimmed));
        }
        return (rest.is_empty() && !is_sign).then_some(Mark::Bullet(rest));
    }
    let (first, rest) = text.split_once(' ')?;
    if rest.trim().is_empty() {
        return None;
    }
    let inner = first.strip_prefix('(').unwrap_or(first);
    let bracketed = inner.strip_suffix(')');
    let dotted = inner.strip_suffix('.').filter(|_| inner.len() == first.len());
    let counts = |inner: &str| {
        let number = !inner.is_empty() && inner.len() <= 3 && inner.bytes().all(|b| b.is_ascii_digit());
        let letter = inner.len() == 1 && inner.bytes().all(|b| b.is_ascii_alphabetic());
        let roman = is_roman(inner) && inner.len() <= 5;
        (number, letter, roman && !inner.is_empty())
    };
    if let Some(inner) = bracketed {
        let (number, letter, roman) = counts(inner);
        return (number || letter || roman).then_some(Mark::Number);
    }
    let (number, _, _) = counts(dotted?);
    number.then_some(Mark::Number)
}

fn begins_with_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

// ---- tables ----

/// How many lines of these, from the first on, are a table.
fn table_length(lines: &[Line], measures: &Measures) -> usize {
    let Some(first) = lines.first().filter(|line| is_table_line(line)) else {
        return 0;
    };
    let mut length = 1;
    let mut aligned = 1;
    let mut last = first;
    for line in &lines[1..] {
        if line.column != first.column || line.y - last.y > 3.5 * measures.leading * line.size {
            break;
        }
        let fits = lines[..length].iter().rev().take(3).any(|above| shares_column(above, line));
        if is_table_line(line) && fits {
            aligned += 1;
        } else if !(line.cells.len() == 1 && is_within_a_column(&lines[..length], line)) {
            break;
        }
        length += 1;
        last = line;
    }
    // Lines of one cell at the end are text below the table, unless they go on from a cell other than the first.
    while length > 0
        && !is_table_line(&lines[length - 1])
        && (lines[length - 1].x0 - first.x0).abs() < 1.5 * first.size
    {
        length -= 1;
    }
    let columns = lines[..length].iter().map(|line| line.cells.len()).max().unwrap_or(0);
    if aligned >= 3 || (aligned == 2 && columns >= 3) { length } else { 0 }
}

fn is_table_line(line: &Line) -> bool {
    // "1.  Text" is an item with a wide gap, and so is a bullet.
    let marked = line.cells.first().is_some_and(|cell| {
        let text = format!("{} x", cell.text);
        cell.text.chars().count() <= 5
            && (item_mark(&text).is_some() || note_mark(&text).is_some() && cell.text.len() < 4)
    });
    line.cells.len() >= if marked { 3 } else { 2 }
}

/// Whether two lines have a cell in the same place, the first ones apart.
fn shares_column(above: &Line, line: &Line) -> bool {
    const NEAR: f32 = 4.0;
    above.cells.iter().skip(1).any(|a| {
        line.cells.iter().skip(1).any(|b| {
            (a.x0 - b.x0).abs() < NEAR
                || (a.x1 - b.x1).abs() < NEAR
                || ((a.x0 + a.x1) - (b.x0 + b.x1)).abs() < 2.0 * NEAR
        })
    })
}

/// Whether a line of one cell lies within a column of the table above it.
fn is_within_a_column(table: &[Line], line: &Line) -> bool {
    let columns = table_columns(table);
    let Some(last) = table.last() else {
        return false;
    };
    line.y - last.y < 1.6 * line.size.max(last.size)
        && columns.len() >= 2
        && columns.iter().enumerate().any(|(at, &(x0, x1))| {
            let next = columns.get(at + 1).map_or(f32::INFINITY, |next| next.0);
            (line.x0 - x0).abs() < 3.0 && line.x1 < next.min(x1 + 3.0 * line.size)
        })
}

/// The left and right ends of the columns, as the lines with the most cells have them.
fn table_columns(lines: &[Line]) -> Vec<(f32, f32)> {
    let most = lines.iter().map(|line| line.cells.len()).max().unwrap_or(0);
    let mut spans: Vec<(f32, f32)> = lines
        .iter()
        .filter(|line| line.cells.len() == most)
        .flat_map(|line| line.cells.iter().map(|cell| (cell.x0, cell.x1)))
        .collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut columns: Vec<(f32, f32)> = Vec::new();
    for span in spans {
        match columns.last_mut() {
            Some(column) if span.0 <= column.1 => column.1 = column.1.max(span.1),
            _ => columns.push(span),
        }
    }
    columns
}

/// The rows of a table, cell by cell; lines that go on within their cells are joined.
fn table_rows<'l>(lines: &'l [Line], hyphens: &Hyphens) -> Vec<(Vec<String>, &'l Line)> {
    let columns = table_columns(lines);
    let gaps: Vec<f32> = lines.windows(2).map(|pair| pair[1].y - pair[0].y).collect();
    let smallest = gaps.iter().copied().fold(f32::INFINITY, f32::min);
    let largest = gaps.iter().copied().fold(0.0, f32::max);
    let padded = largest > 1.25 * smallest;
    let mut rows: Vec<(Vec<String>, &Line)> = Vec::new();
    let mut above: Option<&Line> = None;
    for line in lines {
        let gap = above.map_or(f32::INFINITY, |above| line.y - above.y);
        let places: Vec<usize> = line.cells.iter().map(|cell| place(&columns, cell)).collect();
        let goes_on = if padded {
            gap <= 1.1 * smallest && line.cells.len() < columns.len()
        } else {
            !places.contains(&0)
        };
        match rows.last_mut() {
            Some((cells, _)) if goes_on => {
                for (cell, &place) in line.cells.iter().zip(&places) {
                    if let Some(text) = cells.get_mut(place) {
                        hyphens.join(text, &cell.text);
                    }
                }
            }
            _ => {
                let mut cells = vec![String::new(); columns.len().max(1)];
                for (cell, &place) in line.cells.iter().zip(&places) {
                    if let Some(text) = cells.get_mut(place) {
                        hyphens.join(text, &cell.text);
                    }
                }
                rows.push((cells, line));
            }
        }
        above = Some(line);
    }
    rows
}

/// The column that a cell overlaps most, or is nearest to.
fn place(columns: &[(f32, f32)], cell: &Cell) -> usize {
    let overlap = |&(x0, x1): &(f32, f32)| x1.min(cell.x1) - x0.max(cell.x0);
    (0..columns.len())
        .max_by(|&a, &b| overlap(&columns[a]).total_cmp(&overlap(&columns[b])).then(b.cmp(&a)))
        .unwrap_or(0)
}

// ---- putting together ----

/// Gives headings their levels and footnotes their places.
fn finish(mut pieces: Vec<Piece>, notes: Vec<Note>) -> Vec<Block> {
    let style = |piece: &Piece| ((piece.size * 2.0).round() as i32, piece.bold);
    let mut styles: Vec<(i32, bool)> =
        pieces.iter().filter(|piece| matches!(piece.kind, BlockKind::Heading(_))).map(style).collect();
    styles.sort_unstable_by(|a, b| b.cmp(a));
    styles.dedup();
    for piece in &mut pieces {
        if let BlockKind::Heading(level) = &mut piece.kind {
            let rank = styles.iter().position(|s| *s == ((piece.size * 2.0).round() as i32, piece.bold));
            *level = rank.unwrap_or(0).min(5) as u8 + 1;
        }
    }
    // The footnotes of each piece: of the one that has their mark, else of the last that begins on their page.
    let mut after: Vec<Vec<Note>> = Vec::new();
    after.resize_with(pieces.len().max(1), Vec::new);
    let mut used: Vec<Vec<String>> = vec![Vec::new(); pieces.len()];
    for note in notes {
        let marked = note.mark.as_ref().and_then(|mark| {
            pieces.iter().rposition(|piece| {
                (piece.page..=piece.last_page).contains(&note.page) && marks(&piece.text).any(|m| m == *mark)
            })
        });
        if let (Some(at), Some(mark)) = (marked, &note.mark) {
            used[at].push(mark.clone());
        }
        let last = pieces.iter().rposition(|piece| piece.page <= note.page).unwrap_or(0);
        after[marked.unwrap_or(last)].push(note);
    }
    let mut blocks = Vec::with_capacity(pieces.len());
    let mut notes = after.into_iter();
    let mut used = used.into_iter();
    for piece in pieces {
        let text = without_marks(&piece.text, &used.next().unwrap_or_default());
        push(&mut blocks, piece.kind, &text, piece.page);
        for note in notes.next().unwrap_or_default() {
            push_note(&mut blocks, note);
        }
    }
    for note in notes.flatten() {
        push_note(&mut blocks, note);
    }
    blocks
}

fn push_note(blocks: &mut Vec<Block>, note: Note) {
    let before = blocks.len();
    push(blocks, BlockKind::Footnote, &without_marks(&note.text, &[]), note.page);
    if let Some(block) = blocks.get_mut(before) {
        block.label = note.mark;
    }
}

fn push(blocks: &mut Vec<Block>, kind: BlockKind, text: &str, page: u32) {
    let text = fold::clean(text);
    if text.chars().any(char::is_alphanumeric) {
        blocks.push(Block { page: Some(page), ..Block::new(kind, text) });
    }
}

/// The marks of footnotes in a text.
fn marks(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(MARK_BEGINS).skip(1).flat_map(|part| {
        let inner = part.split_once(MARK_ENDS).map_or("", |(mark, _)| mark);
        inner.split(',').map(bare)
    })
}

/// A text without the marks of its footnotes; a raised number that marks none stays.
fn without_marks(text: &str, used: &[String]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK_BEGINS) {
        out.push_str(before);
        let (mark, tail) = after.split_once(MARK_ENDS).unwrap_or((after, ""));
        if !mark.split(',').any(|mark| used.contains(&bare(mark))) {
            out.push_str(mark);
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}
