//! Glyphs into lines in the order in which a person reads them: words, rows, columns.
//!
//! Words are runs of glyphs without a gap. Columns are told by gutters: upright stretches of paper that no word of several
//! lines crosses, with text on both sides that fills its half. Cells of a table are too short for that and stay in their rows.

use super::content::Glyph;

/// A gap of more than this, in parts of the font size, divides words that no space divides.
const WORD_GAP: f32 = 0.15;
/// A gap of more than this divides a row into segments; spaces of justified lines are narrower.
const SEGMENT_GAP: f32 = 0.65;
/// A gap of more than this divides the cells of a table.
const CELL_GAP: f32 = 0.95;
/// How far the baselines of one row may lie apart, in parts of the font size.
const SAME_BASELINE: f32 = 0.2;
/// The narrowest gutter, in points.
const MIN_GUTTER: f32 = 6.0;
/// How many lines a column has at least where no other page has the same gutter.
const MIN_COLUMN_LINES: usize = 4;
/// How many characters a typical line of a column has at least. Cells of tables are shorter.
const MIN_COLUMN_CHARS: usize = 22;

/// A page with more pieces of text than this is a map or a drawing; nobody looks for columns there.
const MAX_SEGMENTS: usize = 1500;

/// Glyphs without a gap between them.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub text: String,
    pub x0: f32,
    pub x1: f32,
    pub y: f32,
    pub size: f32,
    pub bold: bool,
    pub artifact: bool,
    space_before: bool,
}

/// A part of a line with wide gaps around it.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub text: String,
    pub x0: f32,
    pub x1: f32,
}

/// The mark of a footnote within the text of a line is put between these.
pub(super) const MARK_BEGINS: char = '\u{E000}';
pub(super) const MARK_ENDS: char = '\u{E001}';

/// A line of text within its column.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub page: u32,
    /// A number for each column of each page, in reading order.
    pub column: usize,
    pub cells: Vec<Cell>,
    pub x0: f32,
    pub x1: f32,
    pub y: f32,
    /// The size of most of its characters.
    pub size: f32,
    /// Whether all its letters are bold.
    pub bold: bool,
    /// How wide its first word is.
    pub first_word: f32,
}

impl Line {
    /// The text of the whole line.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.cells.iter().map(|cell| cell.text.as_str()).collect();
        texts.join(" ")
    }
}

/// Words that stand on one baseline.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub words: Vec<Word>,
}

impl Row {
    pub fn y(&self) -> f32 {
        self.main().map_or(0.0, |word| word.y)
    }

    pub fn size(&self) -> f32 {
        self.main().map_or(0.0, |word| word.size)
    }

    /// The word that the row goes by: the first of the largest.
    fn main(&self) -> Option<&Word> {
        self.words.iter().reduce(|best, word| if word.size > best.size + 0.1 { word } else { best })
    }

    pub fn text(&self) -> String {
        let mut out = String::new();
        for word in &self.words {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(&word.text);
        }
        out
    }
}

/// Groups glyphs, in the order of the file, into words. A word that is drawn twice in one place counts once.
pub(super) fn words(glyphs: Vec<Glyph>) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut open = false;
    for glyph in with_accents(glyphs) {
        if open
            && !glyph.space_before
            && let Some(word) = words.last_mut()
        {
            let gap = (glyph.x0 - word.x1) / glyph.size.max(word.size);
            let same_line = (glyph.y - word.y).abs() < SAME_BASELINE * 0.75 * glyph.size;
            let alike = (0.8..1.25).contains(&(glyph.size / word.size)) && glyph.artifact == word.artifact;
            if same_line && alike && (-0.4..WORD_GAP).contains(&gap) {
                word.text.push_str(&glyph.text);
                word.x1 = word.x1.max(glyph.x1);
                word.bold &= glyph.bold;
                continue;
            }
        }
        if glyph.text.is_empty() {
            continue;
        }
        open = true;
        words.push(Word {
            text: glyph.text,
            x0: glyph.x0,
            x1: glyph.x1,
            y: glyph.y,
            size: glyph.size,
            bold: glyph.bold,
            artifact: glyph.artifact,
            space_before: glyph.space_before,
        });
    }
    without_doubles(words)
}

/// Puts accents that are drawn by themselves, as older TeX fonts have them, on the letters that they stand above.
fn with_accents(glyphs: Vec<Glyph>) -> Vec<Glyph> {
    let mut out: Vec<Glyph> = Vec::with_capacity(glyphs.len());
    for glyph in glyphs {
        if let Some(last) = out.last_mut()
            && (last.y - glyph.y).abs() < 0.5 * last.size.max(glyph.size)
            && last.text.chars().count() == 1
            && glyph.text.chars().count() == 1
        {
            let over = |accent: &Glyph, letter: &Glyph| {
                let middle = (accent.x0 + accent.x1) / 2.0;
                (letter.x0 - 0.1 * letter.size..letter.x1 + 0.1 * letter.size).contains(&middle)
                    && accent.x0 < letter.x1 - 0.1 * letter.size
                    && letter.x0 < accent.x1 - 0.1 * letter.size
            };
            // The accent comes first, a cedilla after its letter.
            if let Some(text) = accented(&last.text, &glyph.text)
                && over(last, &glyph)
            {
                let space_before = last.space_before;
                *last = Glyph { text, space_before, ..glyph };
                continue;
            }
            if let Some(text) = accented(&glyph.text, &last.text)
                && over(&glyph, last)
            {
                last.text = text;
                continue;
            }
        }
        out.push(glyph);
    }
    out
}

/// A letter with an accent, if these are one.
fn accented(accent: &str, letter: &str) -> Option<String> {
    let combining = match accent {
        "`" | "\u{2CB}" => '\u{300}',
        "´" | "\u{2CA}" => '\u{301}',
        "^" | "ˆ" => '\u{302}',
        "~" | "˜" => '\u{303}',
        "¨" => '\u{308}',
        "˚" => '\u{30A}',
        "ˇ" => '\u{30C}',
        "¸" => '\u{327}',
        _ => return None,
    };
    let letter = match letter {
        "ı" => 'i',
        "ȷ" => 'j',
        _ => letter.chars().next().filter(|c| c.is_alphabetic())?,
    };
    unicode_normalization::char::compose(letter, combining).map(String::from)
}

/// Drops words drawn a second time a hair's breadth away, as some programs do for bold letters and shadows.
fn without_doubles(words: Vec<Word>) -> Vec<Word> {
    let mut places: std::collections::HashMap<String, Vec<(f32, f32)>> = std::collections::HashMap::new();
    words
        .into_iter()
        .filter(|word| {
            let near = 0.2 * word.size;
            let seen = places.entry(word.text.clone()).or_default();
            let double = seen.iter().any(|&(x, y)| (x - word.x0).abs() < near && (y - word.y).abs() < near);
            seen.push((word.x0, word.y));
            !double
        })
        .collect()
}

/// Groups words into rows by their baselines, from top to bottom, each from left to right. A raised or lowered mark
/// joins the row that it touches.
pub(super) fn rows(mut words: Vec<Word>) -> Vec<Row> {
    words.sort_by(|a, b| a.y.total_cmp(&b.y).then(a.x0.total_cmp(&b.x0)));
    let mut rows: Vec<Row> = Vec::new();
    for word in words {
        match rows.last_mut() {
            Some(row)
                if row.words.last().is_some_and(|last| {
                    (word.y - last.y).abs() <= SAME_BASELINE * word.size.min(last.size)
                }) =>
            {
                row.words.push(word);
            }
            _ => rows.push(Row { words: vec![word] }),
        }
    }
    attach_marks(&mut rows);
    for row in &mut rows {
        row.words.sort_by(|a, b| a.x0.total_cmp(&b.x0));
    }
    rows.retain(|row| !row.words.is_empty());
    rows.sort_by(|a, b| a.y().total_cmp(&b.y()));
    rows
}

/// Moves the small words of a row into a row of larger words beside which they stand.
fn attach_marks(rows: &mut [Row]) {
    const NEAR_ROWS: usize = 3;
    for at in 0..rows.len() {
        let mut kept = Vec::new();
        for word in std::mem::take(&mut rows[at].words) {
            let near = at.saturating_sub(NEAR_ROWS)..(at + NEAR_ROWS + 1).min(rows.len());
            let host = near.filter(|&other| other != at).find(|&other| {
                let row = &rows[other];
                let (y, size) = (row.y(), row.size());
                let middle = word.y - 0.3 * word.size;
                // The E of TeX is lowered and as large as the rest.
                let logo = word.text.chars().count() == 1
                    && (word.y - y).abs() < 0.35 * size
                    && row.words.iter().any(|neighbour| (word.x0 - neighbour.x1).abs() < 0.2 * size)
                    && row.words.iter().any(|neighbour| (neighbour.x0 - word.x1).abs() < 0.2 * size);
                if logo && word.size < 1.05 * size {
                    return true;
                }
                word.size < 0.87 * size
                    && (y - 0.95 * size..y + 0.25 * size).contains(&middle)
                    && row.words.iter().any(|neighbour| {
                        neighbour.size > word.size / 0.87
                            && word.x0 - neighbour.x1 < 0.4 * size
                            && neighbour.x0 - word.x1 < 0.4 * size
                    })
            });
            match host {
                Some(host) => rows[host].words.push(word),
                None => kept.push(word),
            }
        }
        rows[at].words = kept;
    }
}

/// A gutter between two columns, from left to right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gutter {
    x0: f32,
    x1: f32,
}

impl Gutter {
    fn middle(&self) -> f32 {
        (self.x0 + self.x1) / 2.0
    }
}

/// Words of one row with no wide gap between them.
#[derive(Debug, Clone)]
struct Segment {
    words: Vec<Word>,
    x0: f32,
    x1: f32,
    y: f32,
    size: f32,
    chars: usize,
}

fn segments(rows: Vec<Row>) -> Vec<Segment> {
    let mut out: Vec<Segment> = Vec::new();
    for row in rows {
        let mut fresh = true;
        let size = row.size();
        for word in row.words {
            let chars = word.text.chars().count();
            match out.last_mut() {
                Some(segment) if !fresh && word.x0 - segment.x1 <= SEGMENT_GAP * size => {
                    segment.x1 = segment.x1.max(word.x1);
                    segment.chars += chars + 1;
                    if word.size > segment.size + 0.1 {
                        segment.size = word.size;
                        segment.y = word.y;
                    }
                    segment.words.push(word);
                }
                _ => out.push(Segment {
                    x0: word.x0,
                    x1: word.x1,
                    y: word.y,
                    size: word.size,
                    chars,
                    words: vec![word],
                }),
            }
            fresh = false;
        }
    }
    out
}

/// The gutter of a page, if it has columns.
pub(super) fn find_gutter(words: &[Word]) -> Option<Gutter> {
    gutter_of(&segments(rows(words.to_vec())))
}

fn gutter_of(segments: &[Segment]) -> Option<Gutter> {
    if segments.len() > MAX_SEGMENTS {
        return None;
    }
    let left = segments.iter().map(|s| s.x0).fold(f32::INFINITY, f32::min).max(0.0);
    let right = segments.iter().map(|s| s.x1).fold(0.0, f32::max);
    // A page wider than this is a poster; a point more or less says nothing there.
    const MAX_BINS: f32 = 4000.0;
    let bins = (right - left).clamp(0.0, MAX_BINS) as usize + 1;
    let mut cover = vec![0_usize; bins];
    for segment in segments {
        let from = ((segment.x0 - left).floor().max(0.0) as usize).min(bins - 1);
        let to = ((segment.x1 - left).ceil().max(0.0) as usize).min(bins);
        for bin in cover.iter_mut().take(to).skip(from) {
            *bin += 1;
        }
    }
    let mut best: Option<(usize, Gutter)> = None;
    let mut levels: Vec<usize> = cover.clone();
    levels.sort_unstable();
    levels.dedup();
    // Most pages have their gutter at one of the lowest levels; lines across it raise it.
    for &level in levels.iter().take(24) {
        let mut start = None;
        for bin in 0..=bins {
            if cover.get(bin).is_some_and(|&count| count <= level) {
                start.get_or_insert(bin);
                continue;
            }
            let Some(from) = start.take() else {
                continue;
            };
            if from == 0 || bin == bins || ((bin - from) as f32) < MIN_GUTTER {
                continue;
            }
            let gutter = Gutter { x0: left + from as f32, x1: left + bin as f32 };
            let lines: usize = bands(segments, gutter, false)
                .iter()
                .filter(|band| band.divided)
                .map(|band| band.lines)
                .sum();
            if lines > best.map_or(0, |(lines, _)| lines) {
                best = Some((lines, gutter));
            }
        }
    }
    best.map(|(_, gutter)| gutter)
}

/// A stretch of a page from top to bottom that is, or is not, divided by a gutter.
struct Band {
    segments: Vec<usize>,
    divided: bool,
    lines: usize,
}

/// Divides a page into bands: where text runs across the gutter, and where it leaves it free.
fn bands(segments: &[Segment], gutter: Gutter, known: bool) -> Vec<Band> {
    let margin = (gutter.x1 - gutter.x0) * 0.25;
    let crosses =
        |s: &Segment| s.x0 < gutter.middle() - margin.min(2.0) && s.x1 > gutter.middle() + margin.min(2.0);
    let mut order: Vec<usize> = (0..segments.len()).collect();
    order.sort_by(|&a, &b| segments[a].y.total_cmp(&segments[b].y));
    let crossing: Vec<&Segment> = segments.iter().filter(|segment| crosses(segment)).collect();
    let mut out: Vec<Band> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let push = |inside: Vec<usize>, lines: usize, out: &mut Vec<Band>| match out.last_mut() {
        _ if inside.is_empty() => {}
        Some(band) if lines == 0 && !band.divided => band.segments.extend(inside),
        _ => out.push(Band { segments: inside, divided: lines > 0, lines }),
    };
    let close = |open: &mut Vec<usize>, out: &mut Vec<Band>| {
        let mut inside = std::mem::take(open);
        let below = inside.split_off(table_below(segments, &inside, gutter));
        let lines = divided_lines(segments, &inside, gutter, known);
        push(inside, lines, out);
        push(below, 0, out);
    };
    for at in order {
        let segment = &segments[at];
        let across = crosses(segment)
            // Part of a line that crosses, cut off by a wide space.
            || crossing.iter().any(|other| {
                (other.y - segment.y).abs() < 0.3 * segment.size
                    && (segment.x0 - other.x1).max(other.x0 - segment.x1) < 2.0 * segment.size
            });
        if !across {
            open.push(at);
            continue;
        }
        close(&mut open, &mut out);
        match out.last_mut() {
            Some(band) if !band.divided => band.segments.push(at),
            _ => out.push(Band { segments: vec![at], divided: false, lines: 0 }),
        }
    }
    close(&mut open, &mut out);
    out
}

/// Where in a band, ordered from top to bottom, a table begins that goes on to its end: rows of three cells or more,
/// none of them as wide as a column. The length of the band if there is none.
fn table_below(segments: &[Segment], inside: &[usize], gutter: Gutter) -> usize {
    const MIN_ROWS: usize = 2;
    let width = |left: bool| {
        inside
            .iter()
            .map(|&at| &segments[at])
            .filter(|s| ((s.x0 + s.x1) / 2.0 < gutter.middle()) == left)
            .map(|s| s.x1 - s.x0)
            .fold(0.0, f32::max)
    };
    let (left, right) = (width(true), width(false));
    let mut start = inside.len();
    let mut rows = 0;
    while start > 0 {
        let y = segments[inside[start - 1]].y;
        let row = inside[..start].iter().rev().take_while(|&&at| (segments[at].y - y).abs() < 2.0).count();
        let is_row = row >= 3
            && inside[start - row..start].iter().map(|&at| &segments[at]).all(|s| {
                let column = if (s.x0 + s.x1) / 2.0 < gutter.middle() { left } else { right };
                s.x1 - s.x0 < 0.75 * column
            });
        if !is_row {
            break;
        }
        rows += 1;
        start -= row;
    }
    if rows >= MIN_ROWS { start } else { inside.len() }
}

/// How many lines stand beside each other on both sides of a gutter; none if this is no pair of columns.
fn divided_lines(segments: &[Segment], inside: &[usize], gutter: Gutter, known: bool) -> usize {
    let side = |left: bool| -> Vec<&Segment> {
        inside
            .iter()
            .map(|&at| &segments[at])
            .filter(|s| ((s.x0 + s.x1) / 2.0 < gutter.middle()) == left)
            .collect()
    };
    let (left, right) = (Side::of(&side(true)), Side::of(&side(false)));
    if left.lines == 0 || right.lines == 0 {
        return 0;
    }
    // Columns stand beside each other; a short line at the left above one at the right is no pair of them.
    let beside = left.top < right.bottom && right.top < left.bottom;
    if known && beside {
        return left.lines + right.lines;
    }
    let text = |side: &Side| {
        side.lines >= MIN_COLUMN_LINES
            && side.typical_chars >= MIN_COLUMN_CHARS
            && side.full * 2 >= side.lines
    };
    if beside && text(&left) && text(&right) { left.lines + right.lines } else { 0 }
}

/// What can be said of the lines on one side of a gutter.
#[derive(Default)]
struct Side {
    lines: usize,
    /// How many of them reach over three quarters of the widest.
    full: usize,
    typical_chars: usize,
    top: f32,
    bottom: f32,
}

impl Side {
    fn of(segments: &[&Segment]) -> Side {
        // (baseline, left, right, characters) of each line.
        let mut lines: Vec<(f32, f32, f32, usize)> = Vec::new();
        for segment in segments {
            match lines.last_mut() {
                Some(line) if (segment.y - line.0).abs() < 0.4 * segment.size => {
                    line.1 = line.1.min(segment.x0);
                    line.2 = line.2.max(segment.x1);
                    line.3 += segment.chars;
                }
                _ => lines.push((segment.y, segment.x0, segment.x1, segment.chars)),
            }
        }
        let widest = lines.iter().map(|line| line.2 - line.1).fold(0.0, f32::max);
        let mut chars: Vec<usize> = lines.iter().map(|line| line.3).collect();
        chars.sort_unstable();
        Side {
            lines: lines.len(),
            full: lines.iter().filter(|line| line.2 - line.1 >= 0.75 * widest).count(),
            typical_chars: chars.get(chars.len() / 2).copied().unwrap_or(0),
            top: lines.iter().map(|line| line.0).fold(f32::INFINITY, f32::min),
            bottom: lines.iter().map(|line| line.0).fold(0.0, f32::max),
        }
    }
}

/// Divides a page into lines in reading order. `known` is a gutter that other pages have.
///
/// `column` is the number of the next column and is counted on.
pub(super) fn lines(words: Vec<Word>, page: u32, known: Option<Gutter>, column: &mut usize) -> Vec<Line> {
    let mut out = Vec::new();
    divide(segments(rows(words)), page, known, column, 0, &mut out);
    out
}

fn divide(
    segments: Vec<Segment>,
    page: u32,
    known: Option<Gutter>,
    column: &mut usize,
    depth: u32,
    out: &mut Vec<Line>,
) {
    // Newspapers have more columns than two, but not more than sixteen.
    const MAX_DEPTH: u32 = 4;
    if segments.is_empty() {
        return;
    }
    let own = if depth < MAX_DEPTH { gutter_of(&segments) } else { None };
    let (gutter, is_known) = match (own, known) {
        (Some(gutter), _) => (gutter, false),
        (None, Some(gutter)) => (gutter, true),
        (None, None) => {
            push_lines(segments, page, column, out);
            return;
        }
    };
    let bands = bands(&segments, gutter, is_known);
    let mut slots: Vec<Option<Segment>> = segments.into_iter().map(Some).collect();
    for band in bands {
        let taken: Vec<Segment> = band.segments.iter().filter_map(|&at| slots[at].take()).collect();
        if !band.divided {
            push_lines(taken, page, column, out);
            continue;
        }
        let (left, right) = taken.into_iter().partition(|s| (s.x0 + s.x1) / 2.0 < gutter.middle());
        divide(left, page, None, column, depth + 1, out);
        divide(right, page, None, column, depth + 1, out);
    }
}

fn push_lines(segments: Vec<Segment>, page: u32, column: &mut usize, out: &mut Vec<Line>) {
    let words: Vec<Word> = segments.into_iter().flat_map(|segment| segment.words).collect();
    for row in rows(words) {
        out.push(line(row, page, *column));
    }
    *column += 1;
}

fn line(row: Row, page: u32, column: usize) -> Line {
    let (y, size) = (row.y(), main_size(&row));
    let mut cells: Vec<Cell> = Vec::new();
    let mut bold = true;
    let mut first_word = None;
    let mut before_mark = false;
    let count = row.words.len();
    for (at, word) in row.words.into_iter().enumerate() {
        if word.text.chars().any(char::is_alphanumeric) {
            bold &= word.bold;
        }
        let mark = is_mark(&word, y, size);
        let gap = cells.last().map(|cell| word.x0 - cell.x1);
        match (cells.last_mut(), gap) {
            (Some(cell), Some(gap)) if gap <= CELL_GAP * size => {
                // Justified lines may push the hyphen of a cut word away from it.
                let hyphen = at + 1 == count && matches!(word.text.as_str(), "-" | "\u{2010}" | "\u{AD}");
                let space = word.space_before || (gap > WORD_GAP * size && !hyphen);
                if space && !(mark && gap < 0.3 * size) {
                    if !before_mark {
                        first_word.get_or_insert(cell.x1 - cell.x0);
                    }
                    cell.text.push(' ');
                }
                push_word(&mut cell.text, &word.text, mark);
                cell.x1 = cell.x1.max(word.x1);
            }
            _ => {
                let mut text = String::new();
                push_word(&mut text, &word.text, mark);
                cells.push(Cell { text, x0: word.x0, x1: word.x1 });
            }
        }
        before_mark = mark && cells.len() == 1 && cells[0].text.starts_with(MARK_BEGINS);
    }
    let x0 = cells.first().map_or(0.0, |cell| cell.x0);
    let x1 = cells.last().map_or(0.0, |cell| cell.x1);
    let first_word = first_word.unwrap_or_else(|| cells.first().map_or(0.0, |cell| cell.x1 - cell.x0));
    Line { page, column, cells, x0, x1, y, size, bold, first_word }
}

fn push_word(text: &mut String, word: &str, mark: bool) {
    if mark {
        text.push(MARK_BEGINS);
        text.push_str(word);
        text.push(MARK_ENDS);
        return;
    }
    // Raised digits may also be characters of their own.
    let mut raised = false;
    // Fonts that have only some of them give the others as plain digits: "1⁷".
    let word = match word.find(|c| raised_digit(c).is_some()) {
        Some(at) => {
            let start = word[..at].trim_end_matches(|c: char| c.is_ascii_digit()).len();
            text.push_str(&word[..start]);
            if start < at {
                text.push(MARK_BEGINS);
                text.push_str(&word[start..at]);
                raised = true;
            }
            &word[at..]
        }
        None => word,
    };
    for c in word.chars() {
        let digit = raised_digit(c);
        if digit.is_some() != raised {
            text.push(if raised { MARK_ENDS } else { MARK_BEGINS });
            raised = !raised;
        }
        text.push(digit.unwrap_or(c));
    }
    if raised {
        text.push(MARK_ENDS);
    }
}

fn raised_digit(c: char) -> Option<char> {
    const DIGITS: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    let at = DIGITS.chars().position(|digit| digit == c)?;
    char::from_digit(at as u32, 10)
}

/// Whether a word is a raised number or sign, as footnotes are marked with.
fn is_mark(word: &Word, y: f32, size: f32) -> bool {
    let text = word.text.trim_matches(['(', ')', '[', ']', ',']);
    word.size < 0.87 * size
        && y - word.y > 0.12 * size
        && !text.is_empty()
        && text.chars().count() <= 4
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '*' | '†' | '‡' | '§' | ','))
}

/// The size of most of a row's characters.
fn main_size(row: &Row) -> f32 {
    let mut sizes: Vec<(f32, usize)> = Vec::new();
    for word in &row.words {
        let chars = word.text.chars().count();
        match sizes.iter_mut().find(|(size, _)| (size - word.size).abs() < 0.2) {
            Some((_, count)) => *count += chars,
            None => sizes.push((word.size, chars)),
        }
    }
    sizes.iter().max_by(|a, b| a.1.cmp(&b.1).then(a.0.total_cmp(&b.0))).map_or(0.0, |(size, _)| *size)
}
