//! References to parts of legal texts: *art. 14*, *articolo 14*, *para. 16*, *L. 47/2017*.

use super::tokenizer::{Token, TokenKind};

/// A reference found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// One spelling for all the ways to write it, such as `art:14`.
    pub key: String,
    /// The index of its first token.
    pub first: usize,
    /// The index of its last token.
    pub last: usize,
}

/// What a word that introduces a number refers to, for Italian, English, French and Spanish.
fn kind_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "art" | "articolo" | "articoli" | "artt" | "article" | "articles" | "articulo" => "art",
        "par" | "para" | "paras" | "paragrafo" | "paragrafi" | "paragraph" | "paragraphs" | "paragraphe"
        | "parrafo" => "par",
        "comma" | "commi" => "comma",
        "obiettivo" | "obiettivi" | "objective" | "objectif" | "objetivo" => "obiettivo",
        "l" | "legge" | "loi" | "ley" => "legge",
        "dl" | "decreto" => "decreto",
        "dlgs" => "dlgs",
        "risoluzione" | "resolution" | "resolucion" => "risoluzione",
        _ => return None,
    })
}

/// The references among the tokens of a text.
pub fn references(tokens: &[Token]) -> Vec<Reference> {
    let reference = |(kind, first, last): (&str, usize, usize)| Reference {
        key: format!("{kind}:{}", tokens[last].text),
        first,
        last,
    };
    found(tokens).map(reference).collect()
}

/// How many references there are among the tokens of a text.
pub fn reference_count(tokens: &[Token]) -> usize {
    found(tokens).count()
}

/// What the references refer to, with the indices of their first and last tokens.
fn found(tokens: &[Token]) -> impl Iterator<Item = (&'static str, usize, usize)> {
    // Numbers are rarer than words, so they are looked for first.
    let is_number = |token: &Token| matches!(token.kind, TokenKind::Number | TokenKind::Symbol);
    let numbers = tokens.iter().enumerate().skip(1).filter(move |(_, token)| is_number(token));
    numbers.filter_map(|(last, _)| {
        let mut first = last - 1;
        // "legge n. 47", "artt. 3": the word for number may stand between.
        if first > 0 && matches!(tokens[first].text.as_str(), "n" | "num" | "numero" | "no" | "nn") {
            first -= 1;
        }
        kind_of(&tokens[first].text).map(|kind| (kind, first, last))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tokenize;
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        let tokens = tokenize(text);
        let found = references(&tokens);
        assert_eq!(reference_count(&tokens), found.len());
        found.into_iter().map(|r| r.key).collect()
    }

    #[test]
    fn one_key_for_every_spelling() {
        for text in ["art. 14", "Articolo 14", "ART. n. 14", "article 14"] {
            assert_eq!(keys(text), ["art:14"], "{text}");
        }
        assert_eq!(keys("L. 47/2017 e legge n. 47/2017"), ["legge:47/2017", "legge:47/2017"]);
        assert_eq!(keys("l'articolo di legge"), Vec::<String>::new());
    }
}
