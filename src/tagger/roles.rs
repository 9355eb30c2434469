//! Who acts and who is only named: what stands around a term in its sentence.

use crate::analysis::{Case, is_stop_word};
use crate::document::Language;

use super::findings::Hit;
use super::reading::Reading;

/// What a word is to the words around it: a bit for each of these that it is.
pub(super) type Parts = u8;
/// A function word.
pub(super) const STOP: Parts = 1;
/// Before a name it makes it the one who acts.
pub(super) const AGENT: Parts = 2;
/// Before a name it makes it a place.
pub(super) const PLACE: Parts = 4;
/// Before a name it makes it a part of another one.
pub(super) const GENITIVE: Parts = 8;
/// An article.
const ARTICLE: Parts = 16;
/// Looks like a finite verb.
const FINITE_VERB: Parts = 32;
/// Said by those who speak of themselves.
pub(super) const FIRST_PERSON: Parts = 64;

const AGENT_WORDS: &[&str] =
    &["by", "da", "dagli", "dai", "dal", "dall", "dalla", "dalle", "dallo", "par", "por"];
const PLACE_WORDS: &[&str] =
    &["at", "chez", "dans", "en", "in", "nei", "negli", "nel", "nell", "nella", "nelle", "nello", "presso"];
const GENITIVE_WORDS: &[&str] =
    &["de", "degli", "dei", "del", "dell", "della", "delle", "dello", "des", "di", "du", "of"];
const ARTICLES: &[&str] = &["a", "el", "i", "il", "la", "las", "le", "les", "lo", "los", "the", "un", "una"];
const FIRST_PERSON_WORDS: &[&str] = &[
    "abbiamo", "eravamo", "ho", "io", "j", "je", "ma", "me", "mes", "mi", "mia", "mie", "miei", "mio", "mis",
    "moi", "mon", "my", "nos", "nosotros", "nostra", "nostre", "nostri", "nostro", "nous", "our", "siamo",
    "sono", "us", "we", "yo",
];

/// What a folded word is to the words around it.
pub(super) fn parts_of(word: &str, accented: bool, language: Language) -> Parts {
    let lists = [(AGENT, AGENT_WORDS), (PLACE, PLACE_WORDS), (GENITIVE, GENITIVE_WORDS), (ARTICLE, ARTICLES)];
    let mut parts = 0;
    for (part, words) in lists {
        if words.contains(&word) {
            parts |= part;
        }
    }
    if is_stop_word(language, word) {
        parts |= STOP;
    }
    if is_finite_verb(word, accented, language) {
        parts |= FINITE_VERB;
    }
    // "ma" is French for "my" and Italian for "but"; "sono" is Italian for "I am" and "they are".
    if FIRST_PERSON_WORDS.contains(&word)
        && !(word == "ma" && language != Language::French)
        && !(word == "sono" && language != Language::Italian)
        && !(word == "me" && language == Language::Other)
    {
        parts |= FIRST_PERSON;
    }
    parts
}

/// Whether a word that is `part` stands right before the hit.
pub(super) fn after(reading: &Reading<'_>, hit: &Hit, part: Parts) -> bool {
    // An article may stand between: "presso la scuola", "by the council".
    let mut at = hit.start;
    for _ in 0..2 {
        if at == 0 || reading.sentences[at - 1] != reading.sentences[hit.start] {
            return false;
        }
        at -= 1;
        let parts = reading.parts[at];
        if parts & part != 0 {
            return true;
        }
        if parts & ARTICLE == 0 {
            return false;
        }
    }
    false
}

/// Whether nothing but small words stands between the hit and the beginning of its sentence.
pub(super) fn opens_sentence(reading: &Reading<'_>, hit: &Hit) -> bool {
    reading.parts[reading.sentence_start(hit.start)..hit.start].iter().all(|parts| parts & STOP != 0)
}

/// Whether the word after the hit looks like a finite verb: the name before it is then its subject.
pub(super) fn acts(reading: &Reading<'_>, hit: &Hit) -> bool {
    // Up to two words may stand between: "il comune di Borgo ha", "the council also voted".
    for at in hit.end..hit.end + 3 {
        let Some(token) = reading.tokens.get(at) else {
            return false;
        };
        if reading.sentences[at] != reading.sentences[hit.start] {
            return false;
        }
        if token.case == Case::Lower && reading.parts[at] & FINITE_VERB != 0 {
            return true;
        }
    }
    false
}

/// A guess at finite verbs from their endings and a list of the commonest.
fn is_finite_verb(word: &str, accented: bool, language: Language) -> bool {
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    match language {
        Language::Italian => {
            matches!(
                word,
                "ha" | "hanno"
                    | "e"
                    | "sono"
                    | "fu"
                    | "furono"
                    | "era"
                    | "erano"
                    | "deve"
                    | "devono"
                    | "puo"
                    | "possono"
                    | "chiede"
                    | "chiedono"
                    | "offre"
                    | "offrono"
                    | "decide"
                    | "decidono"
                    | "fa"
                    | "fanno"
                    | "vuole"
                    | "vogliono"
                    | "apre"
                    | "aprono"
                    | "mette"
                    | "mettono"
                    | "riceve"
                    | "ricevono"
                    | "diventa"
            ) || (accented && word.len() > 3 && ends(&["o", "e"]) && !word.ends_with("che"))
                || ends(&[
                    "arono", "irono", "erono", "ranno", "rebbe", "rebbero", "avano", "evano", "ivano",
                    "isce", "iscono",
                ])
                || (word.len() > 5 && ends(&["ano", "ono", "ava", "eva", "iva"]))
        }
        Language::English | Language::Other => {
            matches!(
                word,
                "has"
                    | "have"
                    | "had"
                    | "is"
                    | "are"
                    | "was"
                    | "were"
                    | "will"
                    | "must"
                    | "should"
                    | "can"
                    | "may"
                    | "said"
                    | "says"
                    | "agreed"
                    | "gave"
                    | "took"
                    | "told"
                    | "asked"
                    | "met"
                    | "began"
            ) || (word.len() > 4 && word.ends_with("ed"))
        }
        Language::French => {
            matches!(
                word,
                "a" | "ont"
                    | "est"
                    | "sont"
                    | "etait"
                    | "etaient"
                    | "doit"
                    | "doivent"
                    | "peut"
                    | "peuvent"
                    | "fait"
                    | "font"
                    | "demande"
                    | "demandent"
                    | "offre"
                    | "propose"
            ) || (word.len() > 5 && ends(&["erent", "irent", "aient", "ait", "era", "eront", "issent"]))
        }
        Language::Spanish => {
            matches!(
                word,
                "ha" | "han"
                    | "es"
                    | "son"
                    | "fue"
                    | "fueron"
                    | "era"
                    | "eran"
                    | "debe"
                    | "deben"
                    | "puede"
                    | "pueden"
                    | "pide"
                    | "piden"
                    | "ofrece"
                    | "ofrecen"
            ) || ends(&["aron", "ieron", "aban", "aba"])
                || (accented && word.len() > 3 && ends(&["o", "a", "an"]))
        }
    }
}
