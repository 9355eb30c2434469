//! French: inflection, word lists.

use super::lexeme::{ALONE, Lexeme};

/// French function words, folded and sorted. Negations are left out: they carry meaning.
pub(super) const STOP_WORDS: &[&str] = &[
    "a", "ainsi", "au", "aussi", "aux", "avec", "ce", "cela", "celle", "celui", "ces", "cet", "cette",
    "ceux", "comme", "dans", "de", "des", "dont", "du", "elle", "elles", "en", "entre", "est", "et",
    "etaient", "etait", "ete", "etre", "eu", "eux", "fait", "il", "ils", "je", "la", "le", "les", "leur",
    "leurs", "lui", "ma", "mais", "me", "meme", "mes", "mon", "nos", "notre", "nous", "on", "ont", "ou",
    "par", "plus", "pour", "qu", "que", "qui", "sa", "se", "ses", "si", "son", "sont", "sur", "ta", "te",
    "tes", "toi", "ton", "tu", "un", "une", "vos", "votre", "vous", "y",
];

/// Words that ask, or that only point at what is asked for, folded and sorted.
pub(super) const QUESTION_WORDS: &[&str] = &[
    "appelle", "combien", "comment", "nom", "ou", "pourquoi", "quand", "que", "quel", "quelle", "quelles",
    "quels", "qui", "quoi", "type",
];

/// The root of a folded French word: without the mark of the plural. The *-e* of the feminine stays,
/// since it parts *commune* (municipality) from *commun* (common).
pub(super) fn lexeme(folded: &str) -> Lexeme {
    Lexeme::new(singular(folded), ALONE)
}

fn singular(word: &str) -> String {
    if let Some(root) = word.strip_suffix("eaux").filter(|root| root.len() >= 2) {
        return format!("{root}eau");
    }
    if let Some(root) = word.strip_suffix("aux").filter(|root| root.len() >= 2) {
        return format!("{root}al");
    }
    match word.strip_suffix(['s', 'x']) {
        Some(root) if root.len() >= 3 && !root.ends_with('s') => root.to_owned(),
        _ => word.to_owned(),
    }
}

/// Every form that a root may take.
pub(super) fn forms(root: &str) -> Vec<String> {
    let mut out = vec![root.to_owned(), format!("{root}s"), format!("{root}x")];
    if let Some(stem) = root.strip_suffix("al") {
        out.push(format!("{stem}aux"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_meet_singulars() {
        for (one, other) in
            [("autorite", "autorites"), ("local", "locaux"), ("commune", "communes"), ("reseau", "reseaux")]
        {
            assert!(lexeme(one).meets(&lexeme(other)), "{one} and {other}");
        }
        assert!(!lexeme("commune").meets(&lexeme("commun")));
        assert!(!lexeme("maire").meets(&lexeme("mairie")));
    }
}
