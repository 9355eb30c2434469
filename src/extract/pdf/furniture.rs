//! Running heads and feet: what pages repeat at their edges, and the page numbers printed there.
//!
//! Text may repeat at the edges of pages, too: a sentence of every announcement, the head of a table, the last line of an
//! example. Furniture is told from it by three signs: it says the same on several pages but for the page number; a gap or
//! another size sets it off from the text, unless most pages have it; and in its place many pages have furniture.

use std::collections::HashMap;

use super::layout::{Row, Word, rows};
use crate::extract::flow;

/// How many rows from the upper and the lower edge of the text are looked at.
const EDGE_ROWS: usize = 4;
/// How far the same running head may wander from page to page, in points.
const SAME_PLACE: f32 = 6.0;
/// How far off the next pages with the same running head are at most: left and right pages may have their own.
const NEAR_PAGES: usize = 4;
/// A document of no more pages has a running head if two of them have the same.
const FEW_PAGES: usize = 4;
/// The most words of a running head that is told by its page number.
const MAX_HEAD_WORDS: usize = 15;
/// A row this much larger than most text is a title.
const TITLE_SIZE: f32 = 1.1;
/// Rows this much further apart than usual are set off from each other.
const WIDE_SPACE: f32 = 1.3;
/// Of the pages that have a row in some place, at least one in this many shows a repeated row there, or it is a place of
/// text. It need not be most of them: heads that name their section may be the only ones of their kind.
const PLACE_SHARE: usize = 3;

/// A row at the edge of a page.
struct EdgeRow {
    page: usize,
    /// 0 for the outermost row.
    depth: usize,
    top: bool,
    y: f32,
    shape: Shape,
    /// The shapes of its parts, where wide gaps divide it.
    parts: Vec<Shape>,
    /// The numbers in it that may be that of the page.
    numbers: Vec<PageNumber>,
    /// Whether the row begins or ends with a number.
    number_at_edge: bool,
    artifact: bool,
    words: usize,
    size: f32,
    /// Whether a gap or another size divides it from the next row towards the middle of the page.
    set_off: bool,
}

impl EdgeRow {
    fn has_no_letters(&self) -> bool {
        self.shape.text.chars().all(|c| !c.is_alphabetic())
    }

    fn is_bare_number(&self) -> bool {
        matches!(self.shape.text.as_str(), "#" | "- # -" | "– # –" | "#/#" | "[#]" | "-#-")
    }
}

/// What a line says, with its numbers apart.
struct Shape {
    /// In lower case, with `#` for every number.
    text: String,
    numbers: Vec<ShapeNumber>,
}

struct ShapeNumber {
    text: String,
    /// Its value, if it can count pages: a part of `2.13.61` cannot.
    value: Option<i64>,
}

/// Whether two lines of one shape, on these pages, differ at most in one number, and by as much as their pages do.
fn differ_by_page(a: (usize, &[ShapeNumber]), b: (usize, &[ShapeNumber])) -> bool {
    let mut differing = a.1.iter().zip(b.1).filter(|(x, y)| x.text != y.text);
    let counts = differing
        .next()
        .is_none_or(|(x, y)| x.value.zip(y.value).is_some_and(|(x, y)| x - a.0 as i64 == y - b.0 as i64));
    counts && differing.next().is_none()
}

/// A number as it is printed on a page.
#[derive(Debug, Clone, PartialEq)]
struct PageNumber {
    value: i64,
    roman: bool,
    text: String,
}

/// Takes running heads, running feet and page numbers out of the pages.
///
/// Returns for each page the number that is printed on it, where one is found.
pub(super) fn remove(pages: &mut [Vec<Word>]) -> Vec<Option<String>> {
    let all_rows: Vec<Vec<Row>> = pages.iter().map(|words| rows(words.clone())).collect();
    let style = TextStyle::of(&all_rows);
    let edges: Vec<EdgeRow> =
        all_rows.iter().enumerate().flat_map(|(page, rows)| edge_rows(page, rows, &style)).collect();
    let agreed = agreed_numbers(&edges, pages.len());
    let repeats = repeats(&edges, pages.len(), &style);
    let alike: Vec<bool> = edges
        .iter()
        .zip(agreed.iter().zip(&repeats))
        .map(|(row, (number, repeats))| {
            // A larger one is a title: one objective a page, say, each with its number.
            let head = row.depth == 0 && row.words <= MAX_HEAD_WORDS && !style.is_title(row.size);
            let counts = (row.has_no_letters() && row.numbers.len() <= 2) || (head && row.number_at_edge);
            row.artifact || *repeats != Repeats::No || (number.is_some() && row.depth < 2 && counts)
        })
        .collect();
    let set_off = set_off(&edges, &alike);
    let is_candidate = |at: usize| alike[at] && (set_off[at] || repeats[at] == Repeats::Everywhere);
    let candidates =
        edges.iter().enumerate().filter(|(at, _)| is_candidate(*at)).map(|(_, row)| (row.page, row.y));
    let mut places = Places::new(candidates, &all_rows);
    let mut furniture: Vec<bool> = (0..edges.len())
        .map(|at| edges[at].artifact || (is_candidate(at) && places.are_furniture(edges[at].y)))
        .collect();
    // Where page numbers stand, the only one in Roman letters is one, too.
    let number_places: Vec<(bool, f32)> = (0..edges.len())
        .filter(|&at| furniture[at] && agreed[at].is_some())
        .map(|at| (edges[at].top, edges[at].y))
        .collect();
    for (row, furniture) in edges.iter().zip(&mut furniture) {
        let in_place = |&(top, y): &(bool, f32)| top == row.top && (y - row.y).abs() < SAME_PLACE;
        // The only page of a document has nothing to agree with.
        let alone = row.depth == 0 && pages.len() == 1;
        *furniture |= row.is_bare_number() && (alone || number_places.iter().any(in_place));
    }
    let company = in_company(&edges, &furniture, &set_off);
    let mut labels: Vec<Option<String>> = vec![None; pages.len()];
    let mut gone: Vec<Vec<f32>> = vec![Vec::new(); pages.len()];
    for (at, row) in edges.iter().enumerate() {
        if !furniture[at] && !company[at] {
            continue;
        }
        let number = agreed[at].as_ref().or(row.numbers.first().filter(|_| row.is_bare_number()));
        if let (Some(number), Some(label)) = (number, labels.get_mut(row.page))
            && label.is_none()
        {
            *label = Some(number.text.clone());
        }
        if let Some(rows) = gone.get_mut(row.page) {
            rows.push(row.y);
        }
    }
    for ((words, rows), gone) in pages.iter_mut().zip(all_rows).zip(gone) {
        if gone.is_empty() {
            continue;
        }
        *words = rows
            .into_iter()
            .filter(|row| !gone.iter().any(|y| (y - row.y()).abs() < 0.5))
            .flat_map(|row| row.words)
            .collect();
    }
    labels
}

fn edge_rows(page: usize, rows: &[Row], style: &TextStyle) -> Vec<EdgeRow> {
    let count = rows.len();
    let edge = |at: usize, depth: usize, top: bool| {
        let row = rows.get(at)?;
        let text = row.text();
        let inner = if top { rows.get(at + 1) } else { at.checked_sub(1).and_then(|at| rows.get(at)) };
        Some(EdgeRow {
            page,
            depth,
            top,
            y: row.y(),
            numbers: page_numbers(&text),
            parts: parts(row),
            shape: shape(&text),
            artifact: row.words.iter().all(|word| word.artifact),
            words: row.words.len(),
            size: row.size(),
            set_off: inner.is_none_or(|inner| style.divides(row, inner)),
            number_at_edge: text.starts_with(|c: char| c.is_ascii_digit())
                || text.ends_with(|c: char| c.is_ascii_digit())
                || [row.words.first(), row.words.last()]
                    .iter()
                    .any(|word| word.is_some_and(|word| roman(&word.text).is_some())),
        })
    };
    // A page of few rows is not all edge: its upper half is its top.
    let near = EDGE_ROWS.min(count.div_ceil(2));
    let top = (0..near).filter_map(|depth| edge(depth, depth, true));
    let bottom = (0..near.min(count - near)).filter_map(|depth| edge(count - 1 - depth, depth, false));
    top.chain(bottom).collect()
}

/// A line as far as it is the same on every page.
fn shape(text: &str) -> Shape {
    let mut out = Shape { text: String::new(), numbers: Vec::new() };
    for word in text.split_whitespace() {
        if !out.text.is_empty() {
            out.text.push(' ');
        }
        if let Some(value) = roman(word) {
            out.text.push('#');
            out.numbers.push(ShapeNumber { text: word.to_owned(), value: Some(value) });
            continue;
        }
        let is_digit = |c: &char| c.is_ascii_digit();
        let dotted = word.trim_matches(|c: char| !c.is_alphanumeric()).contains(['.', ',']);
        let chars: Vec<char> = word.chars().collect();
        for run in chars.chunk_by(|a, b| is_digit(a) == is_digit(b)) {
            if run.iter().all(is_digit) {
                let text: String = run.iter().collect();
                let value = text.parse().ok().filter(|_| !dotted);
                out.text.push('#');
                out.numbers.push(ShapeNumber { text, value });
            } else {
                out.text.extend(run.iter().flat_map(|c| c.to_lowercase()));
            }
        }
    }
    out
}

/// Numbers that stand by themselves in a line, also as the first half of `3/12` or `3-12`.
fn page_numbers(text: &str) -> Vec<PageNumber> {
    let mut out = Vec::new();
    // A long running head may touch its number: "GENERALE6".
    let glued = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let end = text
        .get(glued.len()..)
        .filter(|_| glued.ends_with(|c: char| c.is_alphabetic() || c == ')'))
        .unwrap_or_default();
    for word in text.split_whitespace().chain(std::iter::once(end)) {
        let trimmed = word.trim_matches(|c: char| !c.is_alphanumeric());
        // "12/36" is page 12; in "17-00000" or "A/71/728" no page number is hidden.
        let first = match trimmed.split_once('/') {
            Some((first, second)) if second.bytes().all(|b| b.is_ascii_digit()) => first,
            Some(_) => continue,
            None => trimmed,
        };
        if first.len() <= 4
            && !first.is_empty()
            && first.bytes().all(|b| b.is_ascii_digit())
            && let Ok(value) = first.parse()
        {
            out.push(PageNumber { value, roman: false, text: first.to_owned() });
        } else if let Some(value) = roman(first) {
            out.push(PageNumber { value, roman: true, text: first.to_owned() });
        }
    }
    out
}

/// The value of a Roman number up to 399 in one case, as prefaces are numbered with.
fn roman(text: &str) -> Option<i64> {
    let lower = text.to_lowercase();
    if text.is_empty() || (text != lower && text != text.to_uppercase()) {
        return None;
    }
    let mut total = 0;
    let mut before = 0;
    for c in lower.chars().rev() {
        let value = match c {
            'i' => 1,
            'v' => 5,
            'x' => 10,
            'l' => 50,
            'c' => 100,
            _ => return None,
        };
        total += if value < before { -value } else { value };
        before = before.max(value);
    }
    (lower == to_roman(total)).then_some(total)
}

/// A number in small Roman letters, if it has any.
pub(super) fn to_roman(number: i64) -> String {
    u32::try_from(number).map_or_else(|_| number.to_string(), flow::roman)
}

/// For each row the number in it that counts the pages: several pages have theirs in the same place, and the
/// difference between printed and physical number is the same.
fn agreed_numbers(edges: &[EdgeRow], pages: usize) -> Vec<Option<PageNumber>> {
    let key = |row: &EdgeRow, number: &PageNumber| (number.value - row.page as i64, number.roman, row.top);
    let mut places: HashMap<(i64, bool, bool), Vec<(usize, f32)>> = HashMap::new();
    for row in edges {
        for number in &row.numbers {
            places.entry(key(row, number)).or_default().push((row.page, row.y));
        }
    }
    let enough = |count: usize| count >= 3 || (count == 2 && pages <= 4);
    edges
        .iter()
        .map(|row| {
            let agrees = |number: &&PageNumber| {
                let mut near: Vec<usize> = places
                    .get(&key(row, number))
                    .into_iter()
                    .flatten()
                    .filter(|(_, y)| (y - row.y).abs() < SAME_PLACE)
                    .map(|(page, _)| *page)
                    .collect();
                near.dedup();
                enough(near.len())
            };
            row.numbers.iter().find(agrees).cloned()
        })
        .collect()
}

/// How far a row says what other pages say in the same place.
#[derive(Clone, Copy, PartialEq)]
enum Repeats {
    No,
    /// On pages nearby.
    Nearby,
    /// On most pages of the document.
    Everywhere,
}

/// Which rows stand with the same words in the same place on other pages; of an outermost row with wide gaps, one of
/// its parts is enough.
fn repeats(edges: &[EdgeRow], pages: usize, style: &TextStyle) -> Vec<Repeats> {
    type Place<'e> = (usize, f32, &'e [ShapeNumber]);
    let mut places: HashMap<(&str, bool), Vec<Place>> = HashMap::new();
    for row in edges {
        for shape in row.parts.iter().chain(std::iter::once(&row.shape)) {
            places.entry((&shape.text, row.top)).or_default().push((row.page, row.y, &shape.numbers));
        }
    }
    let repeats = |row: &EdgeRow, shape: &Shape| {
        // A number alone is judged by its value.
        if !shape.text.chars().any(char::is_alphabetic) {
            return Repeats::No;
        }
        let others = places.get(&(shape.text.as_str(), row.top)).into_iter().flatten();
        let mut same: Vec<usize> = others
            .filter(|&&(page, y, numbers)| {
                page != row.page
                    && (y - row.y).abs() < SAME_PLACE
                    && differ_by_page((row.page, &shape.numbers), (page, numbers))
            })
            .map(|&(page, _, _)| page)
            .collect();
        same.dedup();
        let near = same.iter().filter(|page| page.abs_diff(row.page) <= NEAR_PAGES).count();
        // Heads are seldom sentences; a sentence may stand twice by chance.
        let sentence = usize::from(shape.text.ends_with(['.', ';', ':']));
        let enough = sentence + if pages <= FEW_PAGES { 1 } else { 2 };
        if same.len() >= enough && 2 * (same.len() + 1) > pages {
            Repeats::Everywhere
        } else if near >= enough && !style.is_title(row.size) {
            Repeats::Nearby
        } else {
            Repeats::No
        }
    };
    edges
        .iter()
        .map(|row| {
            if row.words > 2 * MAX_HEAD_WORDS {
                return Repeats::No;
            }
            let parts = row.parts.iter().filter(|part| row.depth == 0 && part.text.len() >= 8);
            let whole = repeats(row, &row.shape);
            if whole == Repeats::No && parts.map(|part| repeats(row, part)).any(|part| part != Repeats::No) {
                return Repeats::Nearby;
            }
            whole
        })
        .collect()
}

/// Which rows are set off from the text, by themselves or with the rows next to them that are alike on several pages.
fn set_off(edges: &[EdgeRow], alike: &[bool]) -> Vec<bool> {
    let mut out: Vec<bool> = edges.iter().map(|row| row.set_off).collect();
    // The rows of an edge follow each other from the outermost.
    for at in (1..edges.len()).rev() {
        let (outer, inner) = (&edges[at - 1], &edges[at]);
        if (outer.page, outer.top) == (inner.page, inner.top) && alike[at] && out[at] {
            out[at - 1] = true;
        }
    }
    out
}

/// What stands at which height of the pages.
struct Places {
    /// The heights of what may be furniture, and of all rows, each with its page.
    candidates: Vec<(f32, usize)>,
    all: Vec<(f32, usize)>,
    /// The answers so far, by the height in points.
    known: HashMap<i32, bool>,
}

impl Places {
    fn new(candidates: impl Iterator<Item = (usize, f32)>, pages: &[Vec<Row>]) -> Places {
        let sorted = |mut places: Vec<(f32, usize)>| {
            places.sort_by(|a, b| a.0.total_cmp(&b.0));
            places
        };
        let all =
            pages.iter().enumerate().flat_map(|(page, rows)| rows.iter().map(move |row| (row.y(), page)));
        Places {
            candidates: sorted(candidates.map(|(page, y)| (y, page)).collect()),
            all: sorted(all.collect()),
            known: HashMap::new(),
        }
    }

    /// Whether enough of the pages that have a row at this height have furniture there.
    fn are_furniture(&mut self, y: f32) -> bool {
        let rounded = y.round();
        let (candidates, all) = (&self.candidates, &self.all);
        *self
            .known
            .entry(rounded as i32)
            .or_insert_with(|| PLACE_SHARE * pages_at(candidates, rounded) >= pages_at(all, rounded))
    }
}

/// How many pages have one of these rows at a height.
fn pages_at(rows: &[(f32, usize)], y: f32) -> usize {
    let from = rows.partition_point(|row| row.0 < y - SAME_PLACE);
    let to = rows.partition_point(|row| row.0 <= y + SAME_PLACE);
    let mut pages: Vec<usize> =
        rows.get(from..to).unwrap_or_default().iter().map(|(_, page)| *page).collect();
    pages.sort_unstable();
    pages.dedup();
    pages.len()
}

/// The shapes of the parts of a row that a wide gap divides; none where it is of one piece.
fn parts(row: &Row) -> Vec<Shape> {
    const WIDE_GAP: f32 = 1.5;
    let pieces = row.words.chunk_by(|a, b| b.x0 - a.x1 < WIDE_GAP * row.size());
    let shapes: Vec<Shape> = pieces
        .map(|words| {
            let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            shape(&texts.join(" "))
        })
        .collect();
    if shapes.len() > 1 { shapes } else { Vec::new() }
}

/// Which outermost rows stand in the very place, and in the size, of running heads of other pages: a head that names
/// the section may be the only one of its kind.
fn in_company(edges: &[EdgeRow], furniture: &[bool], set_off: &[bool]) -> Vec<bool> {
    const VERY_PLACE: f32 = 3.0;
    const ENOUGH: usize = 3;
    edges
        .iter()
        .zip(set_off)
        .map(|(row, &set_off)| {
            let same = |other: &EdgeRow| {
                other.top == row.top
                    && other.depth == 0
                    && (other.y - row.y).abs() < VERY_PLACE
                    && (other.size - row.size).abs() < 0.3
            };
            let (mut all, mut accepted) = (0, 0);
            if set_off && row.depth == 0 && row.words <= MAX_HEAD_WORDS {
                for (other, &is_furniture) in edges.iter().zip(furniture).filter(|(other, _)| same(other)) {
                    all += 1;
                    accepted += usize::from(is_furniture && !other.is_bare_number());
                }
            }
            accepted >= ENOUGH && accepted * 2 >= all
        })
        .collect()
}

/// How most of the text is set.
struct TextStyle {
    size: f32,
    /// From one baseline to the next, in points.
    leading: f32,
}

impl TextStyle {
    fn of(pages: &[Vec<Row>]) -> TextStyle {
        let sizes = pages.iter().flatten().flat_map(|row| row.words.iter().map(|word| word.size)).collect();
        let size = median(sizes).unwrap_or(0.0);
        let gaps = pages.iter().flat_map(|rows| rows.windows(2)).map(|pair| pair[1].y() - pair[0].y());
        // Rows further apart are of different paragraphs, nearer ones are raised or of two columns.
        let leading = median(gaps.filter(|gap| (0.8 * size..2.5 * size).contains(gap)).collect());
        TextStyle { size, leading: leading.unwrap_or(1.2 * size) }
    }

    fn is_title(&self, size: f32) -> bool {
        size >= TITLE_SIZE * self.size
    }

    /// Whether a gap or a change of size stands between two rows.
    fn divides(&self, a: &Row, b: &Row) -> bool {
        (a.y() - b.y()).abs() > WIDE_SPACE * self.leading || (a.size() - b.size()).abs() > 0.05 * self.size
    }
}

fn median(mut values: Vec<f32>) -> Option<f32> {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::super::content::Glyph;
    use super::super::layout;
    use super::*;

    /// Where the text of a page begins, and the distance of its lines.
    const TOP: f32 = 100.0;
    const LEADING: f32 = 12.0;

    /// A row: its height, its size, its text.
    type Line = (f32, f32, String);

    fn line(y: f32, text: impl Into<String>) -> Line {
        (y, 10.0, text.into())
    }

    /// Forty lines of text; no two pages have the same.
    fn body(page: usize) -> Vec<Line> {
        let words = ["mare", "porto", "casa", "strada", "scuola", "lavoro", "festa"];
        (0..40)
            .map(|at| {
                let word = |by: usize| words[(page * 3 + at * 5 + by * (page + at)) % words.len()];
                let text = format!("{} {} {} {} {at}{page}", word(1), word(2), word(3), word(4));
                line(TOP + LEADING * at as f32, text)
            })
            .collect()
    }

    fn words(lines: &[Line]) -> Vec<Word> {
        let glyphs = lines.iter().flat_map(|(y, size, text)| {
            text.split(' ').scan(70.0, move |x, word| {
                let x0 = *x;
                *x += (word.chars().count() + 1) as f32 * size / 2.0;
                Some(Glyph {
                    text: word.to_owned(),
                    x0,
                    x1: *x - size / 2.0,
                    y: *y,
                    size: *size,
                    bold: false,
                    space_before: true,
                    artifact: false,
                })
            })
        });
        layout::words(glyphs.collect())
    }

    /// What is taken off each of these pages, and the numbers found there.
    fn removed(pages: &[Vec<Line>]) -> (Vec<Vec<String>>, Vec<Option<String>>) {
        let mut left: Vec<Vec<Word>> = pages.iter().map(|lines| words(lines)).collect();
        let labels = remove(&mut left);
        let gone = pages.iter().zip(&left).map(|(lines, left)| {
            let is_left = |line: &&Line| !left.iter().any(|word| (word.y - line.0).abs() < 0.1);
            lines.iter().filter(is_left).map(|line| line.2.clone()).collect()
        });
        (gone.collect(), labels)
    }

    /// Twelve pages of text with a head, changed one by one.
    fn book(change: impl Fn(usize, &mut Vec<Line>)) -> Vec<Vec<Line>> {
        (0..12)
            .map(|page| {
                let mut lines = body(page);
                lines.insert(0, line(50.0, format!("Capitolo 2: Notizie {}", page + 7)));
                change(page, &mut lines);
                lines
            })
            .collect()
    }

    /// Only the head of each page goes.
    fn assert_text_stays(pages: &[Vec<Line>]) {
        let (gone, labels) = removed(pages);
        for (page, gone) in gone.iter().enumerate() {
            assert_eq!(gone, &[format!("Capitolo 2: Notizie {}", page + 7)], "page {page}");
            assert_eq!(labels[page], Some((page + 7).to_string()));
        }
    }

    #[test]
    fn sentences_that_differ_in_a_version_stay() {
        assert_text_stays(&book(|page, lines| {
            let release =
                |number: usize| format!("Siamo lieti di annunciare la versione 2.13.{number}, con le");
            lines[1].2 = release(60 - page);
            // The versions may even go up with the pages.
            lines[40].2 = release(20 + page);
        }));
        assert_text_stays(&book(|page, lines| {
            lines[1] = (TOP - 8.0, 10.0, format!("Versioni 2.{page}.13 e 2.{}.13 disponibili", page + 1));
        }));
        // Nor is the number of a report one of a page where it counts down.
        assert_text_stays(&book(|page, lines| {
            lines[1] = (TOP - 8.0, 10.0, format!("Leggete il Rapporto {}", 40 - page));
        }));
    }

    #[test]
    fn text_that_repeats_in_a_place_of_text_stays() {
        assert_text_stays(&book(|page, lines| {
            if (3..6).contains(&page) {
                lines[1].2 = "una versione stabile, consigliamo la precedente".to_owned();
                // A paragraph ends here.
                lines.remove(2);
                lines[39].2 = "Gli enti sono i seguenti".to_owned();
            }
        }));
        // Notes and figures that happen to count with the pages.
        let note = |page: usize| format!("{} Si veda la legge", page + 2);
        let figure = |page: usize| (page + 1).to_string();
        for text in [&note as &dyn Fn(usize) -> String, &figure] {
            assert_text_stays(&book(|page, lines| {
                if page < 3 {
                    lines[40] = (TOP + LEADING * 39.0, 8.0, text(page));
                }
            }));
        }
    }

    #[test]
    fn titles_of_chapters_stay() {
        let mut pages = book(|_, _| {});
        // A chapter every other page: its number goes with half that of the page, or with it.
        for (chapter, page) in [(1, 3), (3, 5), (5, 7), (7, 9)] {
            pages[page].truncate(20);
            pages[page][0] = (70.0, 20.0, format!("Capitolo {chapter}"));
        }
        let (gone, _) = removed(&pages);
        for page in [3, 5, 7, 9] {
            assert!(gone[page].is_empty(), "{:?}", gone[page]);
        }
    }

    #[test]
    fn heads_that_change_by_chapter_go_with_their_page_numbers() {
        let pages: Vec<Vec<Line>> = (0..16)
            .map(|page| {
                let mut lines = body(page);
                let chapter = ["Il mare", "La terra", "Le città", "Gli approdi"][page / 4];
                // Left pages name the work, right ones the chapter.
                let head = if page % 2 == 0 { "Quaderni sulla migrazione" } else { chapter };
                lines.insert(0, line(60.0, head));
                let number = if page < 3 { to_roman(page as i64 + 1) } else { format!("{}/243", page - 2) };
                lines.push(line(640.0, number));
                lines
            })
            .collect();
        let (gone, labels) = removed(&pages);
        for (page, gone) in gone.iter().enumerate() {
            assert_eq!(gone, &[pages[page][0].2.clone(), pages[page][41].2.clone()]);
        }
        assert_eq!(labels[2].as_deref(), Some("iii"));
        assert_eq!(labels[15].as_deref(), Some("13"));
    }

    #[test]
    fn heads_of_several_rows_go_with_or_without_a_gap_below() {
        for gap in [0.0, 20.0] {
            let pages: Vec<Vec<Line>> = (0..8)
                .map(|page| {
                    let mut lines = body(page);
                    let above = |rows: f32| TOP - gap - LEADING * rows;
                    lines.insert(0, line(above(1.0), "Quaderni sulla migrazione, 4"));
                    lines.insert(0, line(above(2.0), "Organizzazione internazionale"));
                    lines
                })
                .collect();
            for gone in removed(&pages).0 {
                assert_eq!(gone, ["Organizzazione internazionale", "Quaderni sulla migrazione, 4"]);
            }
        }
    }

    #[test]
    fn lines_are_compared_by_their_numbers() {
        let same = |a: &str, b: &str| {
            let (a, b) = (shape(a), shape(b));
            a.text == b.text && differ_by_page((3, &a.numbers), (5, &b.numbers))
        };
        for (a, b) in [
            ("Capitolo 2: Notizie 7", "Capitolo 2: Notizie 9"),
            ("Rapporto 2018", "RAPPORTO 2018"),
            ("Manuale 5/243", "Manuale 7/243"),
            ("Versione 2.13.61 iv", "Versione 2.13.61 vi"),
            ("GENERALE6", "GENERALE8"),
        ] {
            assert!(same(a, b), "{a} and {b}");
        }
        for (a, b) in [
            ("Capitolo 2: Notizie 7", "Capitolo 4: Notizie 9"),
            ("Rapporto 24", "Rapporto 23"),
            ("Versione 2.13.61", "Versione 2.13.63"),
            ("Manuale 5", "Manuale 5/243"),
        ] {
            assert!(!same(a, b), "{a} and {b}");
        }
    }

    #[test]
    fn roman_numbers_are_told_from_words() {
        assert_eq!(roman("xiv"), Some(14));
        assert_eq!(roman("IX"), Some(9));
        for word in ["", "iiii", "mi", "vic", "Xi"] {
            assert_eq!(roman(word), None, "{word}");
        }
    }

    #[test]
    fn page_numbers_are_found_within_a_line() {
        let values = |text| page_numbers(text).into_iter().map(|number| number.value).collect::<Vec<_>>();
        assert_eq!(values("Pagina 3 di 12"), [3, 12]);
        assert_eq!(values("2/36 18-12345"), [2]);
        assert_eq!(values("A/RES/73/195 – iv –"), [4]);
    }
}
