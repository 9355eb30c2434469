//! Running heads and feet: what pages repeat at their edges, and the page numbers printed there.

use std::collections::HashMap;

use super::layout::{Row, Word, rows};
use crate::extract::flow;

/// How many rows from the upper and the lower edge of the text are looked at.
const EDGE_ROWS: usize = 4;
/// How far the same running head may wander from page to page, in points.
const SAME_PLACE: f32 = 6.0;

/// How far off the next page with the same running head is at most: left and right pages may have their own.
const NEAR_PAGES: usize = 2;
/// The most words of a running head that is told by its page number.
const MAX_HEAD_WORDS: usize = 15;

/// A row at the edge of a page.
struct EdgeRow {
    page: usize,
    /// 0 for the outermost row.
    depth: usize,
    top: bool,
    y: f32,
    /// In lower case, with `#` for every number.
    shape: String,
    /// The shapes of its parts, where wide gaps divide it.
    parts: Vec<String>,
    /// The numbers in it that may be that of the page.
    numbers: Vec<PageNumber>,
    /// Whether the row begins or ends with a number.
    number_at_edge: bool,
    artifact: bool,
    words: usize,
    size: f32,
}

impl EdgeRow {
    fn has_no_letters(&self) -> bool {
        self.shape.chars().all(|c| !c.is_alphabetic())
    }

    fn is_bare_number(&self) -> bool {
        matches!(self.shape.as_str(), "#" | "- # -" | "– # –" | "#/#" | "[#]" | "-#-")
    }
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
    let edges: Vec<EdgeRow> =
        all_rows.iter().enumerate().flat_map(|(page, rows)| edge_rows(page, rows)).collect();
    let usual_size = usual_size(&all_rows);
    let agreed = agreed_numbers(&edges, pages.len());
    let mut labels: Vec<Option<String>> = vec![None; pages.len()];
    let mut gone: Vec<Vec<f32>> = vec![Vec::new(); pages.len()];
    let repeated = repeated(&edges);
    let mut furniture = vec![false; edges.len()];
    // Where page numbers stand, the only one in Roman letters is one, too.
    let number_places: Vec<(bool, f32)> = edges
        .iter()
        .zip(&agreed)
        .filter(|(_, number)| number.is_some())
        .map(|(row, _)| (row.top, row.y))
        .collect();
    for (at, row) in edges.iter().enumerate() {
        let bare_number = row.is_bare_number();
        // A larger one is a title: one objective a page, say, each with its number.
        let head = row.depth == 0 && row.words <= MAX_HEAD_WORDS && row.size < 1.1 * usual_size;
        furniture[at] = row.artifact
            || repeated[at]
            || (agreed[at].is_some()
                && row.depth < 2
                && ((row.has_no_letters() && row.numbers.len() <= 2) || (head && row.number_at_edge)))
            || (bare_number
                && number_places.iter().any(|&(top, y)| top == row.top && (y - row.y).abs() < SAME_PLACE))
            // The only page of a document has nothing to agree with.
            || (bare_number && row.depth == 0 && pages.len() == 1);
    }
    let company = in_company(&edges, &furniture);
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

fn edge_rows(page: usize, rows: &[Row]) -> Vec<EdgeRow> {
    let count = rows.len();
    let edge = |at: usize, depth: usize, top: bool| {
        let row = rows.get(at)?;
        let text = row.text();
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
fn shape(text: &str) -> String {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| {
            if roman(word).is_some() {
                return "#".to_owned();
            }
            let mut out = String::new();
            for c in word.chars() {
                if !c.is_ascii_digit() {
                    out.extend(c.to_lowercase());
                } else if !out.ends_with('#') {
                    out.push('#');
                }
            }
            out
        })
        .collect();
    words.join(" ")
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

/// Which rows stand with the same words in the same place on a page nearby; of an outermost row with wide gaps, one
/// of its parts is enough.
fn repeated(edges: &[EdgeRow]) -> Vec<bool> {
    let mut places: HashMap<(&str, bool), Vec<(usize, f32)>> = HashMap::new();
    for row in edges {
        for shape in row.parts.iter().chain(std::iter::once(&row.shape)) {
            places.entry((shape.as_str(), row.top)).or_default().push((row.page, row.y));
        }
    }
    edges
        .iter()
        .map(|row| {
            let again = |shape: &String| {
                let others = places.get(&(shape.as_str(), row.top)).into_iter().flatten();
                let near = others.filter(|&&(page, y)| {
                    page != row.page
                        && page.abs_diff(row.page) <= NEAR_PAGES
                        && (y - row.y).abs() < SAME_PLACE
                });
                // Heads are seldom sentences; a sentence may stand twice by chance.
                let enough = if shape.ends_with(['.', ';', ':']) { 2 } else { 1 };
                // A number alone is judged by its value.
                shape.chars().any(char::is_alphabetic) && near.count() >= enough
            };
            let part = || row.depth == 0 && row.parts.iter().any(|part| part.len() >= 8 && again(part));
            row.words <= 2 * MAX_HEAD_WORDS && (again(&row.shape) || part())
        })
        .collect()
}

/// The shapes of the parts of a row that a wide gap divides; none where it is of one piece.
fn parts(row: &Row) -> Vec<String> {
    const WIDE_GAP: f32 = 1.5;
    let pieces = row.words.chunk_by(|a, b| b.x0 - a.x1 < WIDE_GAP * row.size());
    let shapes: Vec<String> = pieces
        .map(|words| {
            let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            shape(&texts.join(" "))
        })
        .collect();
    if shapes.len() > 1 { shapes } else { Vec::new() }
}

/// Which outermost rows stand in the very place, and in the size, of running heads of other pages: a head that names
/// the section may be the only one of its kind.
fn in_company(edges: &[EdgeRow], furniture: &[bool]) -> Vec<bool> {
    const VERY_PLACE: f32 = 3.0;
    const ENOUGH: usize = 3;
    edges
        .iter()
        .map(|row| {
            let same = |other: &EdgeRow| {
                other.top == row.top
                    && other.depth == 0
                    && (other.y - row.y).abs() < VERY_PLACE
                    && (other.size - row.size).abs() < 0.3
            };
            let (mut all, mut accepted) = (0, 0);
            if row.depth == 0 && row.words <= MAX_HEAD_WORDS {
                for (other, &is_furniture) in edges.iter().zip(furniture).filter(|(other, _)| same(other)) {
                    all += 1;
                    accepted += usize::from(is_furniture && !other.is_bare_number());
                }
            }
            accepted >= ENOUGH && accepted * 2 >= all
        })
        .collect()
}

/// The size of most words.
fn usual_size(pages: &[Vec<Row>]) -> f32 {
    let mut sizes: Vec<f32> =
        pages.iter().flatten().flat_map(|row| row.words.iter().map(|word| word.size)).collect();
    sizes.sort_by(f32::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

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
