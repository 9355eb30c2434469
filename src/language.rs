//! Telling which language a passage is written in.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use whichlang::Lang;

use crate::analysis::packed::packed;
use crate::analysis::{Token, is_stop_word, stop_words};
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

/// The language of a passage that has these tokens, given its document's: what the document declares holds, unless the
/// passage is long enough to tell and its function words agree with the detector.
pub fn of_passage(text: &str, tokens: &[Token], declared: Option<Language>) -> Language {
    let by_words = by_function_words(tokens);
    // The detector is slow, and could not outvote function words that agree with the document.
    if let Some(declared) = declared
        && (by_words == declared || speaks(text, declared))
    {
        return declared;
    }
    match (detect(text), declared) {
        (None, declared) => declared.unwrap_or(by_words),
        // Short texts in Italian are easily taken for a neighbour; their small words tell.
        (Some(Language::Other), None) => by_words,
        (Some(detected), None) => detected,
        (Some(detected), Some(declared)) => {
            if by_words == detected {
                detected
            } else {
                declared
            }
        }
    }
}

/// Whether a text is full of function words that of the analysed languages only `language` has.
fn speaks(text: &str, language: Language) -> bool {
    let (mut words, mut own, mut foreign) = (0, 0, 0);
    let bit = bit_of(language);
    for word in text.split_ascii_whitespace() {
        words += 1;
        let word = word.trim_matches(|c: char| c.is_ascii_punctuation());
        if word.len() > LONGEST_FUNCTION_WORD {
            continue;
        }
        let of = packed(word.to_ascii_lowercase().as_bytes()).and_then(|word| FUNCTION_WORDS.get(&word));
        match of {
            Some(&of) if of == bit => own += 1,
            Some(of) if of.is_power_of_two() => foreign += 1,
            _ => {}
        }
    }
    own >= 3 && own * 8 >= words && own > 2 * foreign
}

/// Longer function words are passed over.
const LONGEST_FUNCTION_WORD: usize = 12;

/// The bit of an analysed language; none for any other.
fn bit_of(language: Language) -> u8 {
    Language::ANALYSED.iter().position(|&analysed| analysed == language).map_or(0, |at| 1 << at)
}

/// A bit for each of the analysed languages that has a function word, by the word.
static FUNCTION_WORDS: LazyLock<FxHashMap<u128, u8>> = LazyLock::new(|| {
    let mut languages = FxHashMap::default();
    for language in Language::ANALYSED {
        for word in stop_words(language).iter().filter_map(|word| packed(word.as_bytes())) {
            *languages.entry(word).or_default() |= bit_of(language);
        }
    }
    languages
});

/// The analysed language that most of the small words among the tokens of a text belong to, if one leads.
fn by_function_words(tokens: &[Token]) -> Language {
    let mut counts = Language::ANALYSED.map(|language| (0, language));
    for token in tokens {
        let word = token.text.as_str();
        let of = match packed(word.as_bytes()) {
            Some(packed) => FUNCTION_WORDS.get(&packed).copied().unwrap_or_default(),
            None => {
                let having = Language::ANALYSED.into_iter().filter(|&language| is_stop_word(language, word));
                having.map(bit_of).sum()
            }
        };
        if of != 0 {
            for (count, language) in &mut counts {
                *count += usize::from(of & bit_of(*language) != 0);
            }
        }
    }
    counts.sort_by_key(|&(count, _)| std::cmp::Reverse(count));
    if counts[0].0 > counts[1].0 && counts[0].0 * 5 >= tokens.len() { counts[0].1 } else { Language::Other }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::tokenize;

    fn told(text: &str, declared: Option<Language>) -> Language {
        of_passage(text, &tokenize(text), declared)
    }

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
            assert_eq!(told(text, None), language, "{text}");
        }
    }

    #[test]
    fn a_declared_language_is_believed_where_its_small_words_stand() {
        let italian =
            "Il Comune accoglie le famiglie che arrivano nella città e offre loro dei corsi di lingua.";
        let spanish = "Los municipios acogen a las familias que llegan a la ciudad, pero hay pocos cursos para sus hijos.";
        assert!(speaks(italian, Language::Italian) && !speaks(italian, Language::Spanish));
        assert!(speaks(spanish, Language::Spanish) && !speaks(spanish, Language::Italian));
        assert_eq!(told(spanish, Some(Language::Italian)), Language::Spanish);
        assert_eq!(told(italian, Some(Language::Italian)), Language::Italian);
        assert!(!speaks("", Language::Italian));
    }

    #[test]
    fn function_words_spare_the_detector_and_change_nothing() {
        let words = "il che della sono the of with are les des dans pour los las con para no da de la per i \
             migranti città 1951 COMUNE l'accoglienza";
        let words: Vec<&str> = words.split_whitespace().collect();
        for length in [3, 9, 20] {
            for start in 0..words.len() {
                let text: Vec<&str> =
                    words.iter().cycle().skip(start).step_by(length % 7).take(length).copied().collect();
                let text = text.join(" ");
                for declared in [Language::Italian, Language::Spanish, Language::Other] {
                    let asked = match detect(&text) {
                        Some(detected) if by_function_words(&tokenize(&text)) == detected => detected,
                        _ => declared,
                    };
                    if !speaks(&text, declared) {
                        assert_eq!(told(&text, Some(declared)), asked, "{text}");
                    }
                }
            }
        }
    }

    #[test]
    fn short_passages_take_their_documents_language() {
        assert_eq!(told("Global Compact", Some(Language::Italian)), Language::Italian);
        assert_eq!(told("1951", None), Language::Other);
    }
}
