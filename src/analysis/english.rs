//! English: inflection, word lists.

use super::lexeme::{ALONE, Lexeme};

/// English function words, folded and sorted. Negations are left out: they carry meaning.
pub(super) const STOP_WORDS: &[&str] = &[
    "a", "about", "also", "an", "and", "are", "as", "at", "be", "been", "being", "but", "by", "can", "could",
    "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "his", "how", "i", "if", "in",
    "into", "is", "it", "its", "itself", "just", "may", "me", "more", "most", "my", "of", "on", "or", "our",
    "out", "s", "she", "should", "so", "some", "such", "than", "that", "the", "their", "them", "then",
    "there", "these", "they", "this", "those", "to", "too", "was", "we", "were", "what", "when", "where",
    "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you", "your",
];

/// Words that ask, or that only point at what is asked for, folded and sorted.
pub(super) const QUESTION_WORDS: &[&str] = &[
    "called", "did", "do", "does", "how", "kind", "many", "much", "name", "type", "what", "when", "where",
    "which", "who", "whom", "whose", "why",
];

/// Irregular plurals, sorted, with the root that they share with their singular.
const IRREGULAR: &[(&str, &str)] =
    &[("children", "child"), ("men", "man"), ("people", "person"), ("wives", "wife"), ("women", "woman")];

/// The root of a folded English word: its singular.
pub(super) fn lexeme(folded: &str) -> Lexeme {
    Lexeme::new(singular(folded), ALONE)
}

fn singular(word: &str) -> String {
    if let Ok(at) = IRREGULAR.binary_search_by(|(plural, _)| (*plural).cmp(word)) {
        return IRREGULAR[at].1.to_owned();
    }
    if word.len() > 4
        && let Some(root) = word.strip_suffix("ies")
    {
        return format!("{root}y");
    }
    for ending in ["sses", "shes", "ches", "xes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    let keeps_s = ["ss", "us", "is", "as", "os"].iter().any(|ending| word.ends_with(ending));
    match word.strip_suffix('s') {
        Some(root) if root.len() >= 3 && !keeps_s => root.to_owned(),
        _ => word.to_owned(),
    }
}

/// Every form that a root may take.
pub(super) fn forms(root: &str) -> Vec<String> {
    let mut out = vec![root.to_owned(), format!("{root}s"), format!("{root}es")];
    if let Some(stem) = root.strip_suffix('y') {
        out.push(format!("{stem}ies"));
    }
    out.extend(IRREGULAR.iter().filter(|(_, other)| *other == root).map(|(plural, _)| (*plural).to_owned()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_meet_singulars() {
        for (one, other) in [
            ("authority", "authorities"),
            ("migrant", "migrants"),
            ("child", "children"),
            ("process", "processes"),
            ("city", "cities"),
        ] {
            assert!(lexeme(one).meets(&lexeme(other)), "{one} and {other}");
        }
        for (one, other) in [("status", "statu"), ("media", "mediator"), ("author", "authority")] {
            assert!(!lexeme(one).meets(&lexeme(other)), "{one} and {other}");
        }
    }
}
