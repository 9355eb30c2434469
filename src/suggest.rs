//! The nearest word to one that is not known: for identifiers, labels and queries.

use crate::analysis::fold::fold;

/// The candidate nearest to `word`, if one is near enough to be what was meant.
///
/// Distance is Damerau-Levenshtein in its restricted form (optimal string alignment) over folded
/// characters; a third of the word's letters may differ.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = fold(word);
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let folded = fold(candidate);
            let distance = distance(&word, &folded);
            let begins = word.len() >= 3 && folded.starts_with(&word);
            (distance <= allowed || begins).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many insertions, deletions, substitutions and swaps of neighbours part two words.
pub fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let width = other.len() + 1;
    let mut table: Vec<usize> = vec![0; (one.len() + 1) * width];
    for (column, cell) in table.iter_mut().take(width).enumerate() {
        *cell = column;
    }
    for row in 1..=one.len() {
        table[row * width] = row;
        for column in 1..width {
            let cost = usize::from(one[row - 1] != other[column - 1]);
            let mut best = (table[(row - 1) * width + column] + 1)
                .min(table[row * width + column - 1] + 1)
                .min(table[(row - 1) * width + column - 1] + cost);
            if row > 1 && column > 1 && one[row - 1] == other[column - 2] && one[row - 2] == other[column - 1]
            {
                best = best.min(table[(row - 2) * width + column - 2] + 1);
            }
            table[row * width + column] = best;
        }
    }
    table[one.len() * width + other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["local", "national", "global", "human"];
        assert_eq!(nearest("locla", known), Some("local"));
        assert_eq!(nearest("natonal", known), Some("national"));
        assert_eq!(nearest("xyz", known), None);
        assert_eq!(distance("ca", "ac"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
