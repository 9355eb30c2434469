//! Spanish: inflection, word lists.

use super::lexeme::{A, ALONE, E, Lexeme, O};

/// Spanish function words, folded and sorted. Negations are left out: they carry meaning.
pub(super) const STOP_WORDS: &[&str] = &[
    "a", "al", "algo", "ante", "antes", "como", "con", "cual", "cuando", "de", "del", "desde", "donde",
    "durante", "e", "el", "ella", "ellas", "ellos", "en", "entre", "era", "eran", "es", "esa", "esas", "ese",
    "eso", "esos", "esta", "estas", "este", "esto", "estos", "fue", "fueron", "ha", "han", "hasta", "hay",
    "la", "las", "le", "les", "lo", "los", "mas", "me", "mi", "muy", "nos", "o", "os", "otra", "otro",
    "para", "pero", "por", "porque", "que", "quien", "se", "ser", "si", "sido", "son", "su", "sus",
    "tambien", "tan", "te", "tiene", "todo", "un", "una", "uno", "unos", "y", "ya",
];

/// Words that ask, or that only point at what is asked for, folded and sorted.
pub(super) const QUESTION_WORDS: &[&str] = &[
    "como", "cual", "cuales", "cuando", "cuantas", "cuanto", "cuantos", "donde", "llama", "nombre", "que",
    "quien", "quienes", "tipo",
];

/// The root and gender of a folded Spanish word, without the mark of the plural.
pub(super) fn lexeme(folded: &str) -> Lexeme {
    if let Some(root) = folded.strip_suffix("ces").filter(|root| root.len() >= 2) {
        return Lexeme::new(format!("{root}z"), E);
    }
    let singular = match folded.strip_suffix('s') {
        Some(root) if root.len() >= 3 && !root.ends_with(['s', 'i', 'u']) => root,
        _ => folded,
    };
    let Some(last) = singular.chars().last().filter(|_| singular.len() >= 4) else {
        return Lexeme::new(singular, ALONE | E);
    };
    let body = &singular[..singular.len() - last.len_utf8()];
    match last {
        'a' => Lexeme::new(body, A),
        'o' => Lexeme::new(body, O),
        'e' => Lexeme::new(body, E),
        _ => Lexeme::new(singular, E),
    }
}

/// Every form that a root may take.
pub(super) fn forms(root: &str) -> Vec<String> {
    let mut out: Vec<String> =
        ["", "s", "a", "as", "o", "os", "e", "es"].iter().map(|ending| format!("{root}{ending}")).collect();
    if let Some(stem) = root.strip_suffix('z') {
        out.push(format!("{stem}ces"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_meet_singulars() {
        for (one, other) in [
            ("autoridad", "autoridades"),
            ("alcalde", "alcaldes"),
            ("local", "locales"),
            ("voz", "voces"),
            ("migrante", "migrantes"),
            ("trabajador", "trabajadores"),
        ] {
            assert!(lexeme(one).meets(&lexeme(other)), "{one} and {other}");
        }
        for (one, other) in [("caso", "casa"), ("puerta", "puerto"), ("costa", "costo")] {
            assert!(!lexeme(one).meets(&lexeme(other)), "{one} and {other}");
        }
    }
}
