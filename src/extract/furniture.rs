//! Page furniture in converted text: running headers, menus, labels glued to their sentence.
//!
//! A conversion to text leaves behind what a page repeats or offers for clicking. What gives it away is
//! not its words but its shape: short lines without an end mark, the same more than once, or
//! several in a row. A real heading is a short line too, but it stands alone above its text.

use std::collections::HashMap;

/// The most words that a line of a menu or a running header has.
const SHORT_WORDS: usize = 9;
/// The most words that a menu entry has.
const ENTRY_WORDS: usize = 4;

/// Says whether a line ends like a sentence, or announces what follows.
pub(super) fn ends_a_sentence(line: &str) -> bool {
    line.trim_end_matches(['"', '»', '”', '’', '\'', ')', ']', '*', '_'])
        .ends_with(['.', '!', '?', ':', ';', '…', ','])
}

fn words(line: &str) -> usize {
    line.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

fn bullet(line: &str) -> Option<&str> {
    let line = line.trim();
    line.strip_prefix(['-', '•', '*', '–', '·'])
        .filter(|rest| rest.is_empty() || rest.starts_with(' '))
        .map(str::trim)
}

fn entry(line: &str) -> &str {
    bullet(line).unwrap_or(line.trim())
}

/// Blanks the lines of `text` that are page furniture and frees sentences of a label glued to them.
///
/// Returns the lines in order, an empty string for each one that is dropped.
pub(super) fn without_furniture(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut count: HashMap<&str, usize> = HashMap::new();
    for line in &lines {
        let entry = entry(line);
        if !entry.is_empty() {
            *count.entry(entry).or_default() += 1;
        }
    }
    let is_short = |line: &str| {
        let entry = entry(line);
        words(entry) <= SHORT_WORDS && !ends_a_sentence(entry)
    };
    let repeats = |line: &str| count.get(entry(line)).copied().unwrap_or(0) > 1;

    let mut drop = vec![false; lines.len()];
    // Lines that stand more than once, and bullets with nothing behind them.
    for (at, line) in lines.iter().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        drop[at] = words(line) == 0 || (is_short(line) && repeats(line));
    }
    // A run of short entries without a sentence before that announces it is a menu. So is what stands
    // in a block of running headers: a line between two dropped ones.
    let mut at = 0;
    while at < lines.len() {
        let is_entry = |index: usize| {
            let line = lines[index];
            !line.trim().is_empty()
                && (words(line) == 0 || (words(entry(line)) <= ENTRY_WORDS && is_short(line)))
        };
        if !is_entry(at) {
            at += 1;
            continue;
        }
        let start = at;
        while at < lines.len() && is_entry(at) {
            at += 1;
        }
        let announced = lines[..start]
            .iter()
            .rev()
            .find(|line| !line.trim().is_empty())
            .is_some_and(|line| line.trim_end().ends_with([':', ';', ',']));
        let bulleted = (start..at).filter(|&index| bullet(lines[index]).is_some()).count();
        let touches_furniture = (start..at).any(|index| drop[index]);
        if !announced && (at - start >= 3 || (at - start == 2 && (bulleted > 0 || touches_furniture))) {
            drop[start..at].fill(true);
        }
    }
    // A label that a menu line shows may be glued to the sentence after it.
    lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            if drop[at] {
                return String::new();
            }
            let glued = at.checked_sub(1).and_then(|before| {
                let label = lines[..=before].iter().rev().find(|line| !line.trim().is_empty())?;
                let label = entry(label);
                let rest = line.trim_start().strip_prefix(label)?;
                (!label.is_empty()
                    && label.ends_with(char::is_alphabetic)
                    && rest.starts_with(char::is_uppercase))
                .then_some((rest, before))
            });
            match glued {
                Some((rest, _)) => rest.to_owned(),
                None => (*line).to_owned(),
            }
        })
        .collect::<Vec<String>>()
        .into_iter()
        .enumerate()
        .map(|(at, line)| {
            // The label above the sentence that it was glued to is no heading either.
            let next = lines.get(at + 1).copied().unwrap_or_default();
            let label = entry(lines[at]);
            let is_label = !label.is_empty()
                && is_short(lines[at])
                && next
                    .trim_start()
                    .strip_prefix(label)
                    .is_some_and(|rest| rest.starts_with(char::is_uppercase));
            if is_label { String::new() } else { line }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> Vec<String> {
        without_furniture(text).into_iter().filter(|line| !line.trim().is_empty()).collect()
    }

    #[test]
    fn menus_go_and_glued_labels_come_off() {
        let text = "-\nNotizie\nNotizieIl porto ha accolto una nave con trenta persone a bordo.\n\
            Archivio\nArchivio\n-\nStampa\nStampaI comunicati escono ogni lunedì mattina.\n\
            - Foto\n- Video\nIl paragrafo che conta resta come stava.";
        assert_eq!(
            kept(text),
            [
                "Il porto ha accolto una nave con trenta persone a bordo.",
                "I comunicati escono ogni lunedì mattina.",
                "Il paragrafo che conta resta come stava."
            ]
        );
    }

    #[test]
    fn running_headers_go_wherever_they_stand() {
        let text = "Ministero delle Cose\nThe Things Agency\n\nPrimo paragrafo, che finisce.\n\n\
            Ministero delle Cose\nThe Things Agency\n\nSecondo paragrafo, che finisce.";
        assert_eq!(kept(text), ["Primo paragrafo, che finisce.", "Secondo paragrafo, che finisce."]);
    }

    #[test]
    fn headings_and_announced_lists_stay() {
        let text = "Il Patto\n\nTra i partner vi sono:\n- migranti\n- sindacati\n- imprese\n\nUn titolo\nUn testo che segue.";
        assert_eq!(kept(text).len(), 7);
    }
}
