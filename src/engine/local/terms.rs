//! What takes the terms that our analysis has made apart again, for tantivy: it only cuts at spaces.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// Cuts a text at its spaces. There are many terms in each passage, and nothing else is to be told of them.
#[derive(Debug, Clone, Default)]
pub(super) struct TermTokenizer {
    token: Token,
}

/// The terms of a text.
pub(super) struct TermStream<'a> {
    text: &'a str,
    /// Where the text goes on.
    at: usize,
    token: &'a mut Token,
}

impl Tokenizer for TermTokenizer {
    type TokenStream<'a> = TermStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> TermStream<'a> {
        self.token.reset();
        TermStream { text, at: 0, token: &mut self.token }
    }
}

impl TokenStream for TermStream<'_> {
    fn advance(&mut self) -> bool {
        // A space is a character of its own, so that what lies between two is a text.
        let rest = self.text.get(self.at..).unwrap_or_default().trim_start_matches(' ');
        let start = self.text.len() - rest.len();
        let length = rest.bytes().position(|byte| byte == b' ').unwrap_or(rest.len());
        self.at = start + length;
        let Some(term) = rest.get(..length).filter(|term| !term.is_empty()) else {
            return false;
        };
        self.token.text.clear();
        self.token.text.push_str(term);
        self.token.position = self.token.position.wrapping_add(1);
        (self.token.offset_from, self.token.offset_to) = (start, self.at);
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tantivy::tokenizer::WhitespaceTokenizer;

    fn tokens<T: Tokenizer>(mut tokenizer: T, text: &str) -> Vec<Token> {
        let mut out = Vec::new();
        tokenizer.token_stream(text).process(&mut |token| out.push(token.clone()));
        out
    }

    #[test]
    fn terms_are_those_between_spaces() {
        for text in ["", " ", "uno", "uno due art:14", " uno  città \u{B6} 移 a/res/73/195 "] {
            assert_eq!(
                tokens(TermTokenizer::default(), text),
                tokens(WhitespaceTokenizer::default(), text),
                "{text:?}"
            );
        }
    }
}
