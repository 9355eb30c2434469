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
        let bytes = self.text.as_bytes();
        while bytes.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        let start = self.at;
        self.at += bytes.get(start..).map_or(0, before_space);
        // A space is a character of its own, so that what lies between two is a text.
        let Some(term) = self.text.get(start..self.at).filter(|term| !term.is_empty()) else {
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

/// How many bytes there are before the first space.
fn before_space(text: &[u8]) -> usize {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let mut rest = text;
    // Eight bytes at a time, in which a space becomes zero: only then is its highest bit set once one is taken away, and
    // not before. What stands above the first may be wrong.
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        let differing = u64::from_le_bytes(*eight) ^ (EACH * b' ' as u64);
        let spaces = differing.wrapping_sub(EACH) & !differing & (EACH << 7);
        if spaces != 0 {
            return text.len() - rest.len() + spaces.trailing_zeros() as usize / 8;
        }
        rest = after;
    }
    text.len() - rest.len() + rest.iter().take_while(|&&byte| byte != b' ').count()
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
        for text in [
            "",
            " ",
            "uno",
            "uno due art:14",
            " uno  città \u{B6} 移 a/res/73/195 ",
            "!!!!!!!! otto !x otto8888 nove99999",
        ] {
            assert_eq!(
                tokens(TermTokenizer::default(), text),
                tokens(WhitespaceTokenizer::default(), text),
                "{text:?}"
            );
        }
    }
}
