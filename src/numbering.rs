//! The numbered paragraphs of official documents: which blocks are paragraph 16, and which its item (c).
//!
//! A number at the beginning of a block may be anything: a year, an item of a list, a section. What tells numbered
//! paragraphs is that they count through the whole document: the longest run of numbers that rise by one, in which
//! lists that begin again at 1 have no part, and which headings interrupt but do not end.

use crate::document::{Block, BlockKind, Document};

/// The highest number that a paragraph has; years are higher.
const MAX_NUMBER: u32 = 999;
/// How far numbers may rise from one paragraph to the next: a paragraph or two may be lost in a conversion.
const MAX_STEP: u32 = 3;
/// The shortest run that is believed without more ado.
const MIN_RUN: usize = 3;
/// The shortest run that is believed of a document with an official symbol.
const MIN_RUN_WITH_SYMBOL: usize = 2;
/// How many words the paragraphs of a run have on average; items of lists are shorter.
const LONG_WORDS: usize = 15;

/// What a block is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Marks {
    number: Option<u32>,
    /// A letter or a small Roman number, as it is written: at most five letters.
    letter: Option<Letter>,
    /// Whether the number is part of the text, not of its layout.
    typed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Letter {
    /// 1 for `a`; none for several letters.
    alphabetic: Option<u32>,
    /// 1 for `i`; none for what is no Roman number.
    roman: Option<u32>,
}

/// The numbered paragraph that each block of a document belongs to: `16`, `16 (c)`, `16 (c) (ii)`.
pub fn paragraphs(document: &Document) -> Vec<Option<String>> {
    let blocks = &document.blocks;
    let marks: Vec<Marks> = blocks.iter().map(marks_of).collect();
    // Most documents, records above all, count nothing.
    if marks.iter().all(|mark| mark.number.is_none()) {
        return vec![None; blocks.len()];
    }
    let run = longest_run(&marks);
    let addresses = addresses(blocks, &marks, &run);
    if is_plausible(document, &marks, &run, &addresses) { addresses } else { vec![None; blocks.len()] }
}

fn marks_of(block: &Block) -> Marks {
    if !matches!(block.kind, BlockKind::Paragraph | BlockKind::ListItem) {
        return Marks::default();
    }
    if let Some(label) = &block.label {
        let (number, rest) = number_at(label);
        let letter = letter_at(rest, true).map(|(letter, _)| letter);
        if number.is_some() || letter.is_some() {
            return Marks { number, letter, typed: false };
        }
    }
    let (number, rest) = number_at(&block.text);
    let found = letter_at(rest, false);
    let text = found.map_or(rest, |(_, text)| text);
    // "16. We commit", not "3.5 million" or "12. a 15. dicembre".
    let begins_sentence =
        text.chars().find(|c| c.is_alphanumeric()).is_some_and(|c| !c.is_lowercase() && !c.is_numeric());
    let letter = found.map(|(letter, _)| letter);
    Marks { number: number.filter(|_| begins_sentence || letter.is_some()), letter, typed: true }
}

/// A number with a full stop or a bracket at the beginning, and what follows it.
fn number_at(text: &str) -> (Option<u32>, &str) {
    let start = text.trim_start();
    let digits = start.len() - start.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number = start[..digits].parse::<u32>().ok().filter(|number| (1..=MAX_NUMBER).contains(number));
    let rest = &start[digits..];
    let after = rest.strip_prefix(['.', ')']).unwrap_or(if rest.is_empty() { rest } else { "x" });
    let ends = after.is_empty() || after.starts_with(char::is_whitespace);
    match number {
        Some(number) if digits <= 3 && ends => (Some(number), after.trim_start()),
        _ => (None, text),
    }
}

/// A letter or Roman number in brackets at the beginning, and what follows it. In a label a full stop does too.
fn letter_at(text: &str, is_label: bool) -> Option<(Letter, &str)> {
    let start = text.trim_start();
    let start = start.strip_prefix('(').unwrap_or(start);
    let length = start.len() - start.trim_start_matches(|c: char| c.is_ascii_lowercase()).len();
    let (letters, rest) = start.split_at(length);
    let rest = rest.strip_prefix(')').or_else(|| if is_label { rest.strip_prefix('.') } else { None })?;
    if !(1..=5).contains(&length) || !(rest.is_empty() || rest.starts_with(char::is_whitespace)) {
        return None;
    }
    let bytes = letters.as_bytes();
    let alphabetic = match *bytes {
        [one] => Some(u32::from(one - b'a') + 1),
        // After z come aa, bb.
        [one, other] if one == other && one != b'i' && one != b'x' => Some(u32::from(one - b'a') + 27),
        _ => None,
    };
    let letter = Letter { alphabetic, roman: roman(letters) };
    (letter.alphabetic.is_some() || letter.roman.is_some()).then_some((letter, rest))
}

fn roman(letters: &str) -> Option<u32> {
    const WRITTEN: [&str; 20] = [
        "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv", "xvi",
        "xvii", "xviii", "xix", "xx",
    ];
    WRITTEN.iter().position(|written| *written == letters).and_then(|at| u32::try_from(at + 1).ok())
}

/// The blocks of the longest run of rising numbers, in order.
fn longest_run(marks: &[Marks]) -> Vec<usize> {
    // The best run that ends with each number so far: its score and its last block.
    let mut best: Vec<Option<(u32, usize)>> = vec![None; MAX_NUMBER as usize + 1];
    let mut before: Vec<Option<usize>> = vec![None; marks.len()];
    let mut longest: Option<(u32, usize)> = None;
    for (at, mark) in marks.iter().enumerate() {
        let Some(number) = mark.number else {
            continue;
        };
        let mut found: Option<(u32, usize)> = None;
        for step in 1..=MAX_STEP.min(number) {
            let ended = best.get((number - step) as usize).copied().flatten();
            // Each number that is missing costs.
            let scored = ended.map(|(score, last)| (score + MAX_STEP + 1 - step, last));
            // Of equal runs the nearer one goes on: a list that begins again does not join the one before it.
            if let Some((score, last)) = scored
                && found.is_none_or(|(known, other)| score > known || (score == known && last > other))
            {
                found = Some((score, last));
            }
        }
        before[at] = found.map(|(_, last)| last);
        let score = found.map_or(MAX_STEP, |(score, _)| score);
        if let Some(slot) = best.get_mut(number as usize)
            && slot.is_none_or(|(known, _)| score >= known)
        {
            *slot = Some((score, at));
        }
        if longest.is_none_or(|(known, _)| score > known) {
            longest = Some((score, at));
        }
    }
    let mut run: Vec<usize> = std::iter::successors(longest.map(|(_, at)| at), |&at| before[at]).collect();
    run.reverse();
    run
}

/// The address of each block, if the run is believed.
fn addresses(blocks: &[Block], marks: &[Marks], run: &[usize]) -> Vec<Option<String>> {
    // Whether something that is counted follows before the next heading: what stands before it belongs to it.
    let mut goes_on = vec![false; blocks.len()];
    let mut counted_later = false;
    for (at, block) in blocks.iter().enumerate().rev() {
        goes_on[at] = counted_later;
        if matches!(block.kind, BlockKind::Heading(_)) {
            counted_later = false;
        } else if marks[at].letter.is_some() || run.binary_search(&at).is_ok() {
            counted_later = true;
        }
    }
    let mut place: Option<Place> = None;
    let mut out = Vec::with_capacity(blocks.len());
    for (at, block) in blocks.iter().enumerate() {
        if matches!(block.kind, BlockKind::Heading(_)) {
            if let Some(place) = &mut place {
                place.suspended = true;
            }
            out.push(None);
            continue;
        }
        if run.binary_search(&at).is_ok() {
            place = marks[at].number.map(Place::new);
        }
        let Some(place) = &mut place else {
            out.push(None);
            continue;
        };
        let counted =
            run.binary_search(&at).is_ok() | marks[at].letter.is_some_and(|letter| place.count(letter));
        if counted {
            place.suspended = false;
        }
        let belongs = match block.kind {
            _ if counted => true,
            _ if place.suspended => false,
            BlockKind::Paragraph => goes_on[at] || block.text.ends_with(':'),
            _ => true,
        };
        out.push(belongs.then(|| place.address()));
    }
    out
}

/// Where in the numbered paragraphs a block stands.
struct Place {
    number: u32,
    letter: Option<u32>,
    roman: Option<u32>,
    /// Whether a heading has come since; what is not counted then belongs to nothing.
    suspended: bool,
}

impl Place {
    fn new(number: u32) -> Place {
        Place { number, letter: None, roman: None, suspended: false }
    }

    /// Goes on to a letter, if it can follow.
    fn count(&mut self, letter: Letter) -> bool {
        let last = self.letter.unwrap_or(0);
        let follows =
            |now: Option<u32>, last: u32, step: u32| now.is_some_and(|now| now > last && now <= last + step);
        if follows(letter.alphabetic, last, 1) {
            self.letter = letter.alphabetic;
            self.roman = None;
        } else if !self.suspended
            && self.letter.is_some()
            && follows(letter.roman, self.roman.unwrap_or(0), 1)
        {
            self.roman = letter.roman;
        } else if !self.suspended && follows(letter.alphabetic, last, MAX_STEP) {
            self.letter = letter.alphabetic;
            self.roman = None;
        } else {
            return false;
        }
        true
    }

    fn address(&self) -> String {
        let mut out = self.number.to_string();
        if let Some(letter) = self.letter {
            let index = letter.saturating_sub(1);
            let sign = char::from(b'a' + (index % 26) as u8);
            out.push_str(" (");
            out.extend(std::iter::repeat_n(sign, (index / 26 + 1) as usize));
            out.push(')');
        }
        if let Some(number) = self.roman {
            const TENS: [&str; 3] = ["", "x", "xx"];
            const ONES: [&str; 10] = ["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"];
            let written =
                |signs: &[&'static str], at: u32| signs.get(at as usize).copied().unwrap_or_default();
            out.push_str(&format!(" ({}{})", written(&TENS, number / 10), written(&ONES, number % 10)));
        }
        out
    }
}

/// Whether a run is one of numbered paragraphs, and not of the items of a list.
fn is_plausible(document: &Document, marks: &[Marks], run: &[usize], addresses: &[Option<String>]) -> bool {
    let (Some(&first), Some(&last)) = (run.first(), run.last()) else {
        return false;
    };
    let typed = run.iter().filter(|&&at| marks[at].typed).count() * 2 > run.len();
    let text = document.blocks.iter().filter(|block| !matches!(block.kind, BlockKind::Heading(_))).count();
    let covers = addresses.iter().flatten().count() * 2 >= text;
    if document.metadata.symbol.is_some() && run.len() >= MIN_RUN_WITH_SYMBOL && (typed || covers) {
        return true;
    }
    let crosses_heading =
        document.blocks[first..last].iter().any(|block| matches!(block.kind, BlockKind::Heading(_)));
    let words: usize = run.iter().map(|&at| document.blocks[at].text.split_whitespace().count()).sum();
    let is_prose = typed && covers && words >= LONG_WORDS * run.len();
    // An excerpt begins where it was cut; a list begins at 1.
    let is_excerpt = marks[first].number.is_some_and(|number| number > 1);
    run.len() >= MIN_RUN && (crosses_heading || is_excerpt || is_prose)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Metadata;
    use BlockKind::{Footnote, Heading, ListItem, Paragraph};

    fn document(symbol: Option<&str>, blocks: Vec<Block>) -> Document {
        Document {
            id: "d".to_owned(),
            path: "d".to_owned(),
            metadata: Metadata { symbol: symbol.map(str::to_owned), ..Metadata::default() },
            blocks,
        }
    }

    fn addressed(symbol: Option<&str>, texts: &[(BlockKind, &str)]) -> Vec<String> {
        let blocks = texts.iter().map(|&(kind, text)| Block::new(kind, text)).collect();
        paragraphs(&document(symbol, blocks)).into_iter().map(Option::unwrap_or_default).collect()
    }

    #[test]
    fn numbers_and_letters_make_addresses() {
        let found = addressed(
            Some("A/RES/73/195"),
            &[
                (Heading(1), "Obiettivo 1"),
                (Paragraph, "16. Ci impegniamo a raccogliere dati."),
                (Footnote, "Cfr. la relazione."),
                (Paragraph, "Per questo faremo quanto segue:"),
                (Paragraph, "(a) Elaborare una strategia;"),
                (ListItem, "(b) Migliorare i dati:"),
                (ListItem, "(i) con i censimenti;"),
                (ListItem, "(ii) con le indagini;"),
                (ListItem, "(c) Sostenere i paesi."),
                (Heading(1), "Obiettivo 2"),
                (Paragraph, "Testo senza numero."),
                (Paragraph, "17. Ci impegniamo a creare condizioni."),
                (Paragraph, "2018. Nel quale anno fu adottato."),
                (Paragraph, "18. (a) Ci impegniamo ancora."),
            ],
        );
        assert_eq!(
            found,
            [
                "",
                "16",
                "16",
                "16",
                "16 (a)",
                "16 (b)",
                "16 (b) (i)",
                "16 (b) (ii)",
                "16 (c)",
                "",
                "",
                "17",
                "17",
                "18 (a)"
            ]
        );
    }

    #[test]
    fn lists_and_years_are_no_paragraphs() {
        for texts in [
            &[(Paragraph, "2018. Nel dicembre."), (Paragraph, "2019. Poi."), (Paragraph, "2020. Infine.")][..],
            &[(ListItem, "1. Uno"), (ListItem, "2. Due"), (ListItem, "3. Tre"), (Paragraph, "Testo.")],
            &[(Paragraph, "3. Da solo in un testo.")],
            &[(Paragraph, "9. Nono."), (Paragraph, "3. Terzo."), (Paragraph, "1. Primo.")],
        ] {
            assert!(addressed(None, texts).iter().all(String::is_empty), "{texts:?}");
        }
        // Two lists that begin at 1 each make no run together, though a heading stands between them.
        let lists = [
            (ListItem, "1. Uno"),
            (ListItem, "2. Due"),
            (ListItem, "3. Tre"),
            (Heading(2), "Altro"),
            (ListItem, "1. Uno"),
            (ListItem, "2. Due"),
            (ListItem, "3. Tre"),
            (ListItem, "4. Quattro"),
        ];
        assert!(addressed(None, &lists).iter().all(String::is_empty));
    }

    #[test]
    fn labels_count_where_they_go_on_across_headings() {
        let item =
            |label: &str| Block::new(ListItem, "Gli Stati si impegnano.").labelled(Some(label.to_owned()));
        let run = vec![
            item("1."),
            item("(a)"),
            Block::new(Heading(2), "Seguito"),
            item("2."),
            item("(a)"),
            item("(b)"),
            item("3."),
        ];
        let found: Vec<String> = paragraphs(&document(None, run)).into_iter().flatten().collect();
        assert_eq!(found, ["1", "1 (a)", "2", "2 (a)", "2 (b)", "3"]);
        let list = vec![item("1."), item("2."), item("3."), item("4.")];
        assert!(paragraphs(&document(None, list)).iter().all(Option::is_none));
    }
}
