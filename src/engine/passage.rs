//! Passages as an index holds them: what is stored and shown, and what they are found by.

use serde::{Deserialize, Serialize};

use crate::analysis::fold::is_clean;
use crate::analysis::{Stemmers, Terms, Token, stems, terms, tokenize};
use crate::document::{Date, Language, Passage};
use crate::partition::short_hash;
use crate::query::plan::{document_token, language_token, publisher_token};

/// What is known of a passage's document, as every hit carries it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct DocumentInfo {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// Who published it.
    pub publisher: Option<String>,
    /// When.
    pub date: Option<Date>,
    /// In which language.
    pub language: Option<Language>,
    /// Where it can be read.
    pub url: Option<String>,
    /// Its official symbol.
    pub symbol: Option<String>,
    /// Its licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// The file that it was read from.
    pub path: String,
}

/// A passage as an index stores it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredPassage {
    /// Its document.
    pub document: DocumentInfo,
    /// The passage.
    pub passage: Passage,
    /// Its tags: `scheme:concept` and score, the surest first within each scheme.
    pub tags: Vec<(String, f32)>,
}

impl StoredPassage {
    /// The passage's id, `DOCUMENT#N`.
    pub fn id(&self) -> String {
        format!("{}#{}", self.document.id, self.passage.number)
    }

    /// What the passage, whose text has these tokens, is found by: its terms, and the stems of its title and headings alone.
    pub(super) fn terms(&self, tokens: &[Token], stemmers: &mut Stemmers) -> (Terms, String) {
        let Passage { headings, language, .. } = &self.passage;
        let head = tokenize(&head_text(self.document.title.as_deref(), headings));
        (terms(stemmers, *language, tokens, &head), stems(stemmers, *language, &head))
    }

    /// The same number for passages with the same words in the same order, such as a paragraph that several pages have.
    pub(super) fn duplicate(&self) -> u64 {
        text_hash(&self.passage.text)
    }

    /// The same number for passages of documents under the same title; one without a title stands alone and has none.
    pub(super) fn work(&self) -> Option<u64> {
        self.document.title.as_deref().map(text_hash)
    }
}

/// A passage made ready for the index.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedPassage {
    /// The file that it comes from, by which it is removed again.
    pub source: String,
    /// Whether its document is a primary source.
    pub is_primary: bool,
    /// What is stored and shown.
    pub stored: StoredPassage,
    /// Its terms.
    pub terms: Terms,
    /// The stems of its title and headings.
    pub head: String,
}

impl IndexedPassage {
    /// Analyses a passage of a file, whose text has these tokens.
    pub fn new(
        source: String,
        is_primary: bool,
        stored: StoredPassage,
        tokens: &[Token],
        stemmers: &mut Stemmers,
    ) -> IndexedPassage {
        let (terms, head) = stored.terms(tokens, stemmers);
        IndexedPassage { source, is_primary, stored, terms, head }
    }

    /// The filter tokens: the language, the publisher, and every name of the document.
    pub(super) fn filter_tokens(&self) -> Vec<String> {
        let info = &self.stored.document;
        let mut out = vec![language_token(self.stored.passage.language), document_token(&info.id)];
        for (slash, _) in info.id.match_indices('/') {
            out.push(document_token(&info.id[..slash]));
        }
        out.extend(info.symbol.as_deref().map(document_token));
        out.extend(info.title.as_deref().map(document_token));
        out.extend(info.publisher.as_deref().map(publisher_token));
        out.sort();
        out.dedup();
        out
    }
}

/// The title and the headings, each once.
fn head_text(title: Option<&str>, headings: &[String]) -> String {
    let mut parts: Vec<&str> = title.into_iter().collect();
    for heading in headings {
        if !parts.contains(&heading.as_str()) {
            parts.push(heading);
        }
    }
    parts.join("\n")
}

/// A hash of the words of a text.
fn text_hash(text: &str) -> u64 {
    // A space after each word.
    let mut words = String::with_capacity(text.len() + 1);
    if is_clean(text) {
        words.push_str(text);
        words.push(' ');
        return short_hash(&words);
    }
    for word in text.split_whitespace() {
        words.push_str(word);
        words.push(' ');
    }
    short_hash(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_without_a_title_are_no_work() {
        let passage = |title: Option<&str>| StoredPassage {
            document: DocumentInfo {
                id: "Gli atti".to_owned(),
                title: title.map(str::to_owned),
                ..DocumentInfo::default()
            },
            passage: Passage {
                number: 1,
                headings: Vec::new(),
                page: None,
                paragraph: None,
                page_label: None,
                language: Language::Italian,
                text: "Uno.".to_owned(),
            },
            tags: Vec::new(),
        };
        assert_eq!(passage(None).work(), None);
        assert_eq!(passage(Some("Gli atti")).work(), Some(text_hash("Gli atti")));
    }

    #[test]
    fn a_text_has_the_hash_of_its_words() {
        for text in
            ["", " ", "uno", "uno due", "«È» l’ora – sì…", "uno\ndue", " uno  due ", "uno\u{A0}due", "移民"]
        {
            let words: String = text.split_whitespace().flat_map(|word| [word, " "]).collect();
            assert_eq!(text_hash(text), short_hash(&words), "{text:?}");
        }
    }
}
