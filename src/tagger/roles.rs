//! Who acts and who is only named: what stands around a term in its sentence.

use crate::analysis::{Case, is_stop_word};
use crate::document::Language;

use super::findings::Hit;
use super::reading::Reading;

/// Words before a name that make it the one who acts.
pub(super) const AGENT_WORDS: &[&str] =
    &["by", "da", "dagli", "dai", "dal", "dall", "dalla", "dalle", "dallo", "par", "por"];
/// Words before a name that make it a place.
pub(super) const PLACE_WORDS: &[&str] =
    &["at", "chez", "dans", "en", "in", "nei", "negli", "nel", "nell", "nella", "nelle", "nello", "presso"];
/// Words before a name that make it a part of another one.
pub(super) const GENITIVE_WORDS: &[&str] =
    &["de", "degli", "dei", "del", "dell", "della", "delle", "dello", "des", "di", "du", "of"];

/// Whether one of `words` stands right before the hit.
pub(super) fn after(reading: &Reading, hit: &Hit, words: &[&str]) -> bool {
    // An article may stand between: "presso la scuola", "by the council".
    const ARTICLES: &[&str] =
        &["a", "el", "i", "il", "la", "las", "le", "les", "lo", "los", "the", "un", "una"];
    let mut at = hit.start;
    for _ in 0..2 {
        if at == 0 || reading.sentences[at - 1] != reading.sentences[hit.start] {
            return false;
        }
        at -= 1;
        let word = reading.tokens[at].text.as_str();
        if words.contains(&word) {
            return true;
        }
        if !ARTICLES.contains(&word) {
            return false;
        }
    }
    false
}

/// Whether nothing but small words stands between the hit and the beginning of its sentence.
pub(super) fn opens_sentence(reading: &Reading, hit: &Hit, language: Language) -> bool {
    let number = reading.sentences[hit.start];
    let first = reading.sentences.partition_point(|&sentence| sentence < number);
    reading.tokens[first..hit.start].iter().all(|token| is_stop_word(language, &token.text))
}

/// Whether the word after the hit looks like a finite verb: the name before it is then its subject.
pub(super) fn acts(reading: &Reading, hit: &Hit, language: Language) -> bool {
    // Up to two words may stand between: "il comune di Borgo ha", "the council also voted".
    for at in hit.end..hit.end + 3 {
        let Some(token) = reading.tokens.get(at) else {
            return false;
        };
        if reading.sentences[at] != reading.sentences[hit.start] {
            return false;
        }
        if token.case == Case::Lower && is_finite_verb(&token.text, token.accented, language) {
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
