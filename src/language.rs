//! Telling which language a passage is written in.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use whichlang::Lang;

use crate::analysis::stop_words;
use crate::document::Language;

/// The fewest words from which a language is told; shorter passages take their document's.
const MIN_WORDS: usize = 8;

/// The language of `text`, or nothing where it is too short to say.
pub fn detect(text: &str) -> Option<Language> {
    let words = text.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count();
    // Scripts without spaces have long "words"; their characters count instead.
    if words < MIN_WORDS && text.chars().filter(|c| !c.is_ascii()).count() < 2 * MIN_WORDS {
        return None;
    }
    Some(match whichlang::detect_language(text) {
        Lang::Ita => Language::Italian,
        Lang::Eng => Language::English,
        Lang::Fra => Language::French,
        Lang::Spa => Language::Spanish,
        _ => Language::Other,
    })
}

/// The language of a passage, given its document's: what the document declares holds, unless the
/// passage is long enough to tell and its function words agree with the detector.
pub fn of_passage(text: &str, declared: Option<Language>) -> Language {
    if let Some(declared) = declared
        && speaks(text, declared)
    {
        return declared;
    }
    let detected = detect(text);
    match (detected, declared) {
        (None, declared) => declared.unwrap_or_else(|| by_function_words(text)),
        (Some(detected), None) => {
            if detected == Language::Other && by_function_words(text) != Language::Other {
                // Short texts in Italian are easily taken for a neighbour; their small words tell.
                by_function_words(text)
            } else {
                detected
            }
        }
        (Some(detected), Some(declared)) if detected == declared => declared,
        (Some(detected), Some(declared)) => {
            if by_function_words(text) == detected {
                detected
            } else {
                declared
            }
        }
    }
}

/// Whether a text is full of function words that of the analysed languages only `language` has, which is soon told: the
/// detector could then not outvote it.
fn speaks(text: &str, language: Language) -> bool {
    let (mut words, mut own, mut foreign) = (0, 0, 0);
    for word in text.as_bytes().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        words += 1;
        let start = word.iter().take_while(|byte| byte.is_ascii_punctuation()).count();
        let end = word.iter().rev().take_while(|byte| byte.is_ascii_punctuation()).count();
        let word = word.get(start..word.len() - end).unwrap_or_default();
        let mut folded = [0; LONGEST_FUNCTION_WORD];
        let Some(folded) = folded.get_mut(..word.len()) else {
            continue;
        };
        for (folded, byte) in folded.iter_mut().zip(word) {
            *folded = byte.to_ascii_lowercase();
        }
        match OF_ONE_LANGUAGE.get(&*folded) {
            Some(&of) if of == language => own += 1,
            Some(_) => foreign += 1,
            None => {}
        }
    }
    own >= 3 && own * 8 >= words && own > 2 * foreign
}

/// Longer function words are passed over.
const LONGEST_FUNCTION_WORD: usize = 12;

/// The function words that one of the analysed languages has and no other.
static OF_ONE_LANGUAGE: LazyLock<FxHashMap<&[u8], Language>> = LazyLock::new(|| {
    let mut languages: FxHashMap<&[u8], Vec<Language>> = FxHashMap::default();
    for language in Language::ANALYSED {
        for word in stop_words(language) {
            languages.entry(word.as_bytes()).or_default().push(language);
        }
    }
    languages.into_iter().filter(|(_, of)| of.len() == 1).map(|(word, of)| (word, of[0])).collect()
});

/// The analysed language that most of the small words of `text` belong to, if one leads.
fn by_function_words(text: &str) -> Language {
    let tokens = crate::analysis::tokenize(text);
    let mut counts = Language::ANALYSED.map(|language| {
        let count =
            tokens.iter().filter(|token| crate::analysis::is_stop_word(language, &token.text)).count();
        (count, language)
    });
    counts.sort_by_key(|&(count, _)| std::cmp::Reverse(count));
    if counts[0].0 > counts[1].0 && counts[0].0 * 5 >= tokens.len() { counts[0].1 } else { Language::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_are_told_apart() {
        for (text, language) in [
            (
                "Le autorità locali rappresentano una componente cruciale nella governance delle migrazioni.",
                Language::Italian,
            ),
            (
                "Local authorities are a crucial part of the governance of migration in every country.",
                Language::English,
            ),
            (
                "Les autorités locales sont une composante essentielle de la gouvernance des migrations.",
                Language::French,
            ),
            (
                "Las autoridades locales son un componente esencial de la gobernanza de la migración.",
                Language::Spanish,
            ),
            (
                "As autoridades locais são um componente essencial da governança das migrações no país.",
                Language::Other,
            ),
            ("Мигранты имеют право на защиту независимо от их правового статуса в стране.", Language::Other),
        ] {
            assert_eq!(of_passage(text, None), language, "{text}");
        }
    }

    #[test]
    fn a_declared_language_is_believed_where_its_small_words_stand() {
        let italian =
            "Il Comune accoglie le famiglie che arrivano nella città e offre loro dei corsi di lingua.";
        let spanish = "Los municipios acogen a las familias que llegan a la ciudad, pero hay pocos cursos para sus hijos.";
        assert!(speaks(italian, Language::Italian) && !speaks(italian, Language::Spanish));
        assert!(speaks(spanish, Language::Spanish) && !speaks(spanish, Language::Italian));
        assert_eq!(of_passage(spanish, Some(Language::Italian)), Language::Spanish);
        assert_eq!(of_passage(italian, Some(Language::Italian)), Language::Italian);
        assert!(!speaks("", Language::Italian));
    }

    #[test]
    fn short_passages_take_their_documents_language() {
        assert_eq!(of_passage("Global Compact", Some(Language::Italian)), Language::Italian);
        assert_eq!(of_passage("1951", None), Language::Other);
    }
}
