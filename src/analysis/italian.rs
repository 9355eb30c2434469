//! Italian: inflection classes, stems, word lists.

use frostem::Stemmer;

use super::lexeme::{A, ALONE, Classes, E, Lexeme, O};

/// Italian function words, folded and sorted. Negations are left out: they carry meaning.
pub(super) const STOP_WORDS: &[&str] = &[
    "a", "abbia", "abbiamo", "ad", "agli", "ai", "al", "alla", "alle", "allo", "anche", "ancora", "avere",
    "avete", "aveva", "avevano", "avuto", "che", "chi", "ci", "coi", "col", "come", "con", "cosa", "cosi",
    "cui", "da", "dagli", "dai", "dal", "dalla", "dalle", "dallo", "degli", "dei", "del", "della", "delle",
    "dello", "di", "dove", "e", "ebbe", "ed", "egli", "ella", "era", "erano", "essa", "esse", "essere",
    "essi", "esso", "fa", "fare", "fatto", "fra", "fu", "furono", "gia", "gli", "ha", "hai", "hanno", "ho",
    "i", "il", "in", "io", "la", "le", "lei", "li", "lo", "loro", "lui", "ma", "me", "mi", "mia", "mio",
    "ne", "negli", "nei", "nel", "nella", "nelle", "nello", "noi", "nostra", "nostre", "nostri", "nostro",
    "o", "od", "per", "perche", "piu", "poi", "qua", "quando", "quanto", "quegli", "quei", "quel", "quella",
    "quelle", "quelli", "quello", "questa", "queste", "questi", "questo", "qui", "sara", "saranno",
    "sarebbe", "se", "si", "sia", "siamo", "siano", "siete", "sono", "stessa", "stesso", "su", "sua", "sue",
    "sugli", "sui", "sul", "sulla", "sulle", "sullo", "suo", "suoi", "te", "ti", "tra", "tu", "un", "una",
    "uno", "vengono", "venire", "venne", "vi", "viene", "voi", "vostra", "vostro",
];

/// Words that ask, or that only point at what is asked for, folded and sorted.
pub(super) const QUESTION_WORDS: &[&str] = &[
    "accade",
    "avviene",
    "che",
    "chi",
    "chiama",
    "chiamano",
    "chiamata",
    "chiamato",
    "come",
    "cosa",
    "cui",
    "definito",
    "detto",
    "dove",
    "esempio",
    "fatto",
    "fece",
    "nome",
    "perche",
    "qual",
    "quale",
    "quali",
    "quando",
    "quanta",
    "quante",
    "quanti",
    "quanto",
    "significa",
    "succede",
    "termine",
    "tipo",
    "trova",
    "trovano",
];

/// What the rules can't know: folded words with their root and classes, sorted.
///
/// Irregular plurals share a root here. Words whose ending is ambiguous (*-e* and *-i* can belong
/// to two classes) get their one class where both readings are common words and mean different things.
const EXCEPTIONS: &[(&str, &str, Classes)] = &[
    ("ala", "al", A | O),
    ("ali", "al", A | O),
    ("banche", "banc", A),
    ("banchi", "banc", O),
    ("braccia", "bracci", O),
    ("braccio", "bracci", O),
    ("case", "cas", A),
    ("casi", "cas", O),
    ("centinaia", "centinai", O),
    ("centinaio", "centinai", O),
    ("colleghi", "colleg", A | O),
    ("corse", "cors", A),
    ("corsi", "cors", O),
    ("coste", "cost", A),
    ("costi", "cost", O),
    ("dei", "dei", ALONE),
    ("dita", "dit", O),
    ("dito", "dit", O),
    ("fine", "fin", E),
    ("fini", "fin", E),
    ("fronte", "front", E),
    ("fronti", "front", E),
    ("membra", "membr", O),
    ("migliaia", "migliai", O),
    ("migliaio", "migliai", O),
    ("minore", "minor", E),
    ("minori", "minor", E),
    ("mura", "mur", O),
    ("parte", "part", E),
    ("parti", "part", E),
    ("parto", "part", O),
    ("piane", "pian", A),
    ("piani", "pian", O),
    ("piano", "pian", O),
    ("porte", "port", A),
    ("porti", "port", O),
    ("sale", "sal", A | E),
    ("salute", "salut", E),
    ("saluti", "salut", O),
    ("sede", "sed", E),
    ("sedi", "sed", E),
    ("tratte", "tratt", A),
    ("tratti", "tratt", O),
    ("uomini", "uom", O),
    ("uomo", "uom", O),
    ("uova", "uov", O),
    ("uovo", "uov", O),
];

/// The root and classes of a folded Italian word.
pub(super) fn lexeme(folded: &str, accented: bool) -> Lexeme {
    if let Ok(at) = EXCEPTIONS.binary_search_by(|(word, _, _)| (*word).cmp(folded)) {
        let (_, root, classes) = EXCEPTIONS[at];
        if !accented {
            return Lexeme::new(root, classes);
        }
    }
    if accented || folded.len() < 4 {
        return Lexeme::new(folded, ALONE);
    }
    let Some(last) = folded.bytes().last().filter(u8::is_ascii) else {
        return Lexeme::new(folded, ALONE);
    };
    let body = &folded[..folded.len() - 1];
    match last {
        b'a' | b'o' => {
            let root = without_i(body);
            let classes = match last {
                b'a' if is_greek_masculine(body) => A | O,
                _ if has_both_genders(root) => A | O,
                b'a' => A,
                _ => O,
            };
            Lexeme::new(root, classes)
        }
        b'e' => {
            if let Some(hard) = hard_root(body) {
                return Lexeme::new(hard, A | both_genders(hard));
            }
            let root = without_i(body);
            let classes = if body.ends_with("zion") || body.ends_with("sion") { E } else { A | E };
            Lexeme::new(root, classes | both_genders(root))
        }
        b'i' => {
            if let Some(hard) = hard_root(body) {
                return Lexeme::new(hard, O | both_genders(hard));
            }
            let root = without_i(body);
            let classes = if body.ends_with("zion") || body.ends_with("sion") { E } else { O | E };
            Lexeme::new(root, classes | both_genders(root))
        }
        _ => Lexeme::new(folded, ALONE),
    }
}

/// *benefici-o, provinci-a*: the *i* that the plural swallows is no part of the root.
fn without_i(body: &str) -> &str {
    match body.strip_suffix('i') {
        Some(root) if root.len() >= 3 => root,
        _ => body,
    }
}

/// *banc-h-e, lag-h-i*: the *h* that keeps the sound is no part of the root.
fn hard_root(body: &str) -> Option<&str> {
    let root = body.strip_suffix('h')?;
    (root.len() >= 3 && root.ends_with(['c', 'g'])).then_some(root)
}

/// Nouns in *-a* that are masculine, or of both genders, with a plural in *-i*: *problema, giornalista*.
fn is_greek_masculine(body: &str) -> bool {
    body.len() >= 4
        && ["ist", "em", "amm", "igm", "cid", "iatr", "eut", "arc", "ot", "et"]
            .iter()
            .any(|ending| body.ends_with(ending))
}

/// Adjectives and nouns of persons that have four endings with one meaning: *straniero, straniera,
/// stranieri, straniere*; *rifugiato, rifugiata*.
fn has_both_genders(root: &str) -> bool {
    (root.len() >= 5 && ["ier", "an", "os", "iv", "ist"].iter().any(|ending| root.ends_with(ending)))
        || (root.len() >= 6
            && ["grat", "iat", "utat", "icat", "ndat"].iter().any(|ending| root.ends_with(ending)))
}

fn both_genders(root: &str) -> Classes {
    if has_both_genders(root) { A | O } else { 0 }
}

/// Every form that a root may take.
pub(super) fn forms(root: &str) -> Vec<String> {
    let mut out: Vec<String> = EXCEPTIONS
        .iter()
        .filter(|(_, other, _)| *other == root)
        .map(|(word, _, _)| (*word).to_owned())
        .collect();
    out.extend(["a", "e", "i", "o", "ia", "io", "ie"].map(|ending| format!("{root}{ending}")));
    if root.ends_with(['c', 'g']) {
        out.extend(["he", "hi"].map(|ending| format!("{root}{ending}")));
    }
    out
}

/// Words that Snowball parts from their plural, or joins with a stranger, by their ending.
///
/// It takes *-are*, *-ere* and *-ire* for infinitives, also in nouns and adjectives whose plural ends in
/// *-ari* (*regolare, regolari*; *familiare*), and leaves *-iera, -iere* apart (*frontiera, frontiere*).
/// Stemming the singular in the plural's place makes both meet.
pub(super) fn stem(snowball: &Stemmer, folded: &str) -> String {
    let replaced = if !folded.is_ascii() {
        None
    } else if folded.len() >= 7 && folded.ends_with("ita") {
        Some(format!("{}à", &folded[..folded.len() - 1]))
    } else if let Some(root) = folded.strip_suffix("iere").filter(|r| r.len() >= 3) {
        Some(format!("{root}iera"))
    } else if let Some(root) =
        folded.strip_suffix("olari").or_else(|| folded.strip_suffix("iliari")).filter(|r| r.len() >= 2)
    {
        Some(format!("{root}{}", if folded.ends_with("olari") { "olare" } else { "iliare" }))
    } else if folded.len() == 4 && folded.ends_with('i') {
        Some(format!("{}e", &folded[..3]))
    } else {
        None
    };
    snowball.stem(replaced.as_deref().unwrap_or(folded)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_are_sorted() {
        for pair in EXCEPTIONS.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} before {}", pair[0].0, pair[1].0);
        }
    }

    fn meet(one: &str, other: &str) -> bool {
        let of = |word: &str| {
            let folded = crate::analysis::fold::fold(word);
            lexeme(&folded, word.ends_with(['à', 'è', 'é', 'ì', 'ò', 'ù']))
        };
        of(one).meets(&of(other))
    }

    #[test]
    fn words_of_other_scripts_pass() {
        for word in ["γδ", "мигранты", "ñandú", "移民民民"] {
            assert_eq!(lexeme(word, false).root, word);
            assert!(!forms(word).is_empty());
        }
    }

    #[test]
    fn forms_of_one_lexeme_meet() {
        for (one, other) in [
            ("ente", "enti"),
            ("frontiera", "frontiere"),
            ("regolare", "regolari"),
            ("irregolare", "irregolari"),
            ("beneficio", "benefici"),
            ("uomo", "uomini"),
            ("straniero", "straniere"),
            ("straniera", "stranieri"),
            ("comune", "comuni"),
            ("costa", "coste"),
            ("costo", "costi"),
            ("locale", "locali"),
            ("banca", "banche"),
            ("lago", "laghi"),
            ("provincia", "province"),
            ("giornalista", "giornalisti"),
            ("giornalista", "giornaliste"),
            ("problema", "problemi"),
            ("programma", "programmi"),
            ("migrazione", "migrazioni"),
            ("sindaco", "sindaci"),
            ("rifugiato", "rifugiate"),
            ("città", "città"),
            ("casa", "case"),
            ("dito", "dita"),
        ] {
            assert!(meet(one, other), "{one} and {other}");
            assert!(meet(other, one), "{other} and {one}");
        }
    }

    #[test]
    fn forms_of_different_lexemes_do_not() {
        for (one, other) in [
            ("comune", "comunità"),
            ("comuni", "comunicazione"),
            ("sindaco", "sindacato"),
            ("autorità", "autore"),
            ("trattato", "tratta"),
            ("tratta", "trattamento"),
            ("minore", "minoranza"),
            ("parlamento", "parlare"),
            ("frontiere", "fronte"),
            ("costa", "costo"),
            ("coste", "costi"),
            ("porto", "porta"),
            ("porte", "porti"),
            ("casa", "caso"),
            ("case", "casi"),
            ("salute", "saluto"),
            ("banca", "banco"),
            ("banche", "banchi"),
            ("parte", "parto"),
            ("garante", "garantire"),
            ("comune", "comunica"),
        ] {
            assert!(!meet(one, other), "{one} and {other}");
            assert!(!meet(other, one), "{other} and {one}");
        }
    }
}
