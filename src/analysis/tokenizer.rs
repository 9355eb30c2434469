//! Text into tokens, with the way back to the text.
//!
//! The rules are those of the Italian page, wide enough for its neighbours: elided articles and
//! prepositions go (*l'accoglienza*, *quest'anno*, *dall' indipendenza*), accents typed as apostrophes
//! are accents (*autorita'*), truncated words stay (*po'*), acronyms lose their dots (*O.I.M.*),
//! document symbols stay whole (*A/RES/73/195*), words cut at a line end are mended.

use super::fold::{fold_char_into, is_apostrophe, is_invisible};

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Letters, perhaps with digits among them.
    Word,
    /// Digits, perhaps with separators among them.
    Number,
    /// A document symbol or the number of a law: `a/res/73/195`, `286/1998`.
    Symbol,
    /// One character of a script that writes words without spaces.
    Ideograph,
}

/// How a word is capitalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `stato`
    Lower,
    /// `Stato`
    Capital,
    /// `STATO`, and `ONU`
    Upper,
    /// Anything else, and what has no case.
    Mixed,
}

/// One term of a text and where it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The exact form, folded: lower case, no accents.
    pub text: String,
    /// Where it begins in the text, in bytes.
    pub start: usize,
    /// Where it ends in the text, in bytes.
    pub end: usize,
    /// What it is made of.
    pub kind: TokenKind,
    /// How it is capitalised.
    pub case: Case,
    /// Whether its last vowel carries an accent, written as such or as an apostrophe.
    pub accented: bool,
}

/// The longest token in bytes; what is longer is no word, and is cut.
const MAX_TOKEN_BYTES: usize = 120;

/// What stands before an apostrophe without being a word of its own, folded. Italian, then French.
pub(super) const ELIDED: &[&str] = &[
    "agl", "alcun", "all", "altr", "anch", "ancor", "bell", "bench", "buon", "c", "cent", "ch", "ciascun",
    "cinquant", "codest", "coll", "com", "contr", "cos", "d", "dagl", "dall", "degl", "dell", "dov", "entr",
    "finch", "fors", "giacch", "gl", "grand", "j", "jusqu", "l", "lorsqu", "m", "mezz", "mill", "n",
    "neanch", "negl", "nell", "nessun", "nient", "novant", "ognun", "ond", "ottant", "pell", "perch",
    "poich", "pover", "presqu", "puisqu", "pur", "qu", "qualch", "qualcos", "qualcun", "quand", "quant",
    "quarant", "quegl", "quell", "quelqu", "quest", "quoiqu", "s", "sant", "senz", "sessant", "settant",
    "sopr", "sott", "sugl", "sull", "t", "tant", "trent", "tutt", "un", "v", "vent",
];

/// Words that end in an apostrophe because a syllable is missing, not for an accent.
pub(super) const TRUNCATED: &[&str] = &[
    "a", "be", "ca", "co", "da", "de", "di", "fa", "i", "mo", "ne", "po", "que", "sta", "su", "to", "va",
    "ve",
];

fn is_elided(folded: &str) -> bool {
    ELIDED.binary_search(&folded).is_ok()
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2FA1F}')
}

fn is_combining(c: char) -> bool {
    !c.is_ascii() && unicode_normalization::char::is_combining_mark(c)
}

fn is_word_char(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || (!c.is_ascii()
            && ((c.is_alphanumeric() && !is_ideograph(c) && !is_apostrophe(c)) || is_combining(c)))
}

fn is_accented_vowel(c: char) -> bool {
    matches!(
        c,
        'à' | 'á'
            | 'è'
            | 'é'
            | 'ì'
            | 'í'
            | 'ò'
            | 'ó'
            | 'ù'
            | 'ú'
            | 'À'
            | 'Á'
            | 'È'
            | 'É'
            | 'Ì'
            | 'Í'
            | 'Ò'
            | 'Ó'
            | 'Ù'
            | 'Ú'
            | '\u{300}'
            | '\u{301}'
    )
}

/// Cuts a text into tokens.
pub fn tokenize(text: &str) -> Vec<Token> {
    let mut scanner = Scanner {
        chars: text.char_indices().collect(),
        length: text.len(),
        at: 0,
        in_quote: false,
        tokens: Vec::with_capacity(text.len() / 6),
    };
    scanner.run();
    scanner.tokens
}

struct Scanner {
    chars: Vec<(usize, char)>,
    /// Bytes of the whole text.
    length: usize,
    /// The index of the next character.
    at: usize,
    /// Whether a single quotation mark has been opened and not closed.
    in_quote: bool,
    tokens: Vec<Token>,
}

impl Scanner {
    fn char(&self, index: usize) -> Option<char> {
        self.chars.get(index).map(|&(_, c)| c)
    }

    fn byte(&self, index: usize) -> usize {
        self.chars.get(index).map_or(self.length, |&(byte, _)| byte)
    }

    fn run(&mut self) {
        while let Some(c) = self.char(self.at) {
            if is_ideograph(c) {
                self.push(self.at, self.at + 1, TokenKind::Ideograph, false);
                self.at += 1;
            } else if is_word_char(c) && !is_combining(c) {
                if let Some(end) = self.symbol_end().or_else(|| self.acronym_end()) {
                    let kind = if self.has_slash(self.at, end) { TokenKind::Symbol } else { TokenKind::Word };
                    self.push(self.at, end, kind, false);
                    self.at = end;
                } else if c.is_ascii_digit() {
                    self.number();
                } else {
                    self.word();
                }
            } else {
                if is_apostrophe(c) && self.char(self.at + 1).is_some_and(is_word_char) {
                    self.in_quote = true;
                }
                self.at += 1;
            }
        }
    }

    fn has_slash(&self, start: usize, end: usize) -> bool {
        self.chars[start..end].iter().any(|&(_, c)| c == '/')
    }

    /// Where a document symbol that begins here ends: parts of letters and digits joined by
    /// slashes, with a digit in it, each part short or with a digit.
    fn symbol_end(&self) -> Option<usize> {
        let mut end = self.at;
        let mut slash_seen = false;
        while let Some(c) = self.char(end) {
            match c {
                '/' => slash_seen = true,
                '.' | '-' => {}
                '(' | ')' if slash_seen => {}
                c if c.is_ascii_alphanumeric() => {}
                _ => break,
            }
            // A plain word is told from a symbol within a few letters; no need to read on.
            if !slash_seen && end - self.at > 12 {
                return None;
            }
            end += 1;
        }
        if !slash_seen {
            return None;
        }
        while end > self.at
            && !self.chars[end - 1].1.is_ascii_alphanumeric()
            && !(self.chars[end - 1].1 == ')' && self.chars[self.at..end].iter().any(|&(_, c)| c == '('))
        {
            end -= 1;
        }
        if end - self.at > 60 || self.char(end).is_some_and(is_word_char) {
            return None;
        }
        let run: String = self.chars[self.at..end].iter().map(|&(_, c)| c).collect();
        let parts: Vec<&str> = run.split('/').collect();
        let has_digit = |part: &str| part.bytes().any(|b| b.is_ascii_digit());
        let fits = parts.len() > 1
            && parts.iter().any(|part| has_digit(part))
            && parts.iter().all(|part| !part.is_empty() && (has_digit(part) || part.len() <= 6));
        fits.then_some(end)
    }

    /// Where an acronym with dots that begins here ends: *O.I.M.*, *U.N*, *S.p.A.*, *D.Lgs.*
    fn acronym_end(&self) -> Option<usize> {
        let mut chunks = 0;
        let mut longest = 0;
        let mut at = self.at;
        let mut dotted_end = None;
        loop {
            let start = at;
            while self.char(at).is_some_and(|c| c.is_alphabetic()) {
                at += 1;
            }
            let letters = at - start;
            if letters == 0 || letters > 3 || (chunks == 0 && letters > 1) {
                break;
            }
            if self.char(at) == Some('.') {
                chunks += 1;
                longest = longest.max(letters);
                at += 1;
                dotted_end = Some(at);
            } else {
                // A last letter without its dot: only single letters may end so.
                if chunks >= 1
                    && letters == 1
                    && longest == 1
                    && !self.char(at).is_some_and(|c| is_word_char(c) || is_apostrophe(c))
                {
                    chunks += 1;
                    dotted_end = Some(at);
                }
                break;
            }
        }
        match dotted_end {
            Some(end) if chunks >= 2 && !self.char(end).is_some_and(is_word_char) => Some(end),
            _ => None,
        }
    }

    fn number(&mut self) {
        let start = self.at;
        let mut end = start;
        let mut kind = TokenKind::Number;
        while let Some(c) = self.char(end) {
            if c.is_ascii_digit() {
                end += 1;
            } else if matches!(c, '.' | ',')
                && kind == TokenKind::Number
                && self.char(end + 1).is_some_and(|d| d.is_ascii_digit())
            {
                end += 2;
            } else if is_word_char(c) || is_invisible(c) {
                kind = TokenKind::Word;
                end += 1;
            } else {
                break;
            }
        }
        self.push(start, end, kind, false);
        self.at = end;
    }

    /// The end of the letters that begin at `start`, over soft hyphens and line ends that cut a word.
    fn letters_end(&self, start: usize) -> usize {
        let mut end = start;
        while let Some(c) = self.char(end) {
            if is_word_char(c) || (is_invisible(c) && self.char(end + 1).is_some_and(is_word_char)) {
                end += 1;
            } else if let Some(next) = self.after_line_break(end) {
                end = next;
            } else {
                break;
            }
        }
        end
    }

    /// If the word is cut here by a hyphen at the end of a line, where it goes on.
    fn after_line_break(&self, at: usize) -> Option<usize> {
        if !matches!(self.char(at)?, '-' | '\u{2010}' | '\u{AD}') {
            return None;
        }
        let mut next = at + 1;
        let mut newline = false;
        while let Some(c) = self.char(next).filter(|c| c.is_whitespace()) {
            newline |= c == '\n';
            next += 1;
        }
        (newline && self.char(next).is_some_and(char::is_lowercase)).then_some(next)
    }

    fn word(&mut self) {
        let start = self.at;
        let end = self.letters_end(start);
        self.at = end;
        if !self.char(end).is_some_and(is_apostrophe) {
            self.push(start, end, TokenKind::Word, false);
            return;
        }
        let left = self.folded(start, end);
        let right_start = end + 1;
        if self.char(right_start).is_some_and(|c| is_word_char(c) && !is_combining(c)) {
            self.apostrophe_within(start, end, right_start, &left);
        } else {
            self.apostrophe_after(start, end, &left);
        }
    }

    /// `left'right` with a letter on both sides.
    fn apostrophe_within(&mut self, start: usize, end: usize, right_start: usize, left: &str) {
        if is_elided(left) {
            self.at = right_start;
            return;
        }
        let right_end = self.letters_end(right_start);
        let right = self.folded(right_start, right_end);
        if right == "s" && left.len() > 1 {
            // The English genitive.
            self.push(start, end, TokenKind::Word, false);
            self.at = right_end;
        } else if left == "e" {
            // E'stato: the verb, typed without a space.
            self.push(start, end, TokenKind::Word, true);
            self.at = right_start;
        } else if left.chars().count() == 1 || right.chars().count() == 1 {
            // O'Brien, don't.
            self.push(start, right_end, TokenKind::Word, false);
            self.at = right_end;
        } else {
            self.push(start, end, TokenKind::Word, false);
            self.at = right_start;
        }
    }

    /// `left'` before a space, a mark or the end.
    fn apostrophe_after(&mut self, start: usize, end: usize, left: &str) {
        self.at = end + 1;
        if self.in_quote {
            self.in_quote = false;
            self.push(start, end, TokenKind::Word, false);
            return;
        }
        let goes_on = self.char(end + 1) == Some(' ') && self.char(end + 2).is_some_and(is_word_char);
        if goes_on && is_elided(left) {
            return;
        }
        let accent = left.ends_with(['a', 'e', 'i', 'o', 'u']) && TRUNCATED.binary_search(&left).is_err();
        // An apostrophe that stands for an accent is part of the word that a reader sees.
        let token_end = if accent { end + 1 } else { end };
        self.push(start, token_end, TokenKind::Word, accent);
    }

    fn folded(&self, start: usize, end: usize) -> String {
        let mut out = String::with_capacity(end - start);
        for &(_, c) in &self.chars[start..end] {
            // What can stand inside a token without being part of its form: soft hyphens, the hyphen
            // and white space of a line end, apostrophes.
            if !(is_invisible(c) || c.is_whitespace() || is_apostrophe(c) || c == '-' || c == '\u{2010}') {
                fold_char_into(c, &mut out);
            }
        }
        out
    }

    fn push(&mut self, start: usize, end: usize, kind: TokenKind, accent: bool) {
        let mut text = self.folded(start, end);
        if kind == TokenKind::Word && text.contains('.') {
            text.retain(|c| c != '.');
        }
        if text.len() > MAX_TOKEN_BYTES {
            let mut cut = MAX_TOKEN_BYTES;
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            text.truncate(cut);
        }
        if text.is_empty() {
            return;
        }
        let chars = &self.chars[start..end];
        let accented = accent
            || chars
                .iter()
                .rev()
                .find(|&&(_, c)| !is_apostrophe(c) && !is_invisible(c))
                .is_some_and(|&(_, c)| is_accented_vowel(c));
        self.tokens.push(Token {
            text,
            start: self.byte(start),
            end: self.byte(end),
            kind,
            case: case_of(chars),
            accented,
        });
    }
}

fn case_of(chars: &[(usize, char)]) -> Case {
    let mut letters = chars.iter().map(|&(_, c)| c).filter(|c| c.is_alphabetic());
    let Some(first) = letters.next() else {
        return Case::Mixed;
    };
    let (mut upper, mut lower) = (0, 0);
    for c in letters {
        if c.is_uppercase() {
            upper += 1;
        } else if c.is_lowercase() {
            lower += 1;
        }
    }
    match (first.is_uppercase(), upper, lower) {
        (false, 0, _) => Case::Lower,
        (true, 0, _) => Case::Capital,
        (true, _, 0) => Case::Upper,
        _ => Case::Mixed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokenize(text).into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn elided_words_go_with_every_apostrophe_that_people_type() {
        for mark in ["'", "’", "ʼ", "`", "´", "′", "‘", "＇"] {
            assert_eq!(texts(&format!("l{mark}accoglienza")), ["accoglienza"]);
            assert_eq!(texts(&format!("diritto d{mark}asilo dell{mark}OIM")), ["diritto", "asilo", "oim"]);
        }
        for (text, token) in [
            ("quest'anno", "anno"),
            ("sant'Egidio", "egidio"),
            ("nessun'altra", "altra"),
            ("anch'io", "io"),
            ("mezz'ora", "ora"),
            ("tutt'altro", "altro"),
            ("com'era", "era"),
            ("dov'è", "e"),
            ("c'è", "e"),
            ("L'OIM", "oim"),
            ("dall' indipendenza", "indipendenza"),
            ("qu'il", "il"),
        ] {
            assert_eq!(texts(text), [token], "{text}");
        }
    }

    #[test]
    fn apostrophes_for_accents_truncations_and_quotes_are_told_apart() {
        for (text, form, accented) in [
            ("autorita' locali", "autorita", true),
            ("autorità", "autorita", true),
            ("CITTA'", "citta", true),
            ("E' vero", "e", true),
            ("perche' no", "perche", true),
            ("un po' di", "un", false),
            ("autorita\u{300}", "autorita", true),
        ] {
            let first = &tokenize(text)[0];
            assert_eq!((first.text.as_str(), first.accented), (form, accented), "{text}");
        }
        assert_eq!(texts("un po' di"), ["un", "po", "di"]);
        let quoted = tokenize("la parola 'comune' e altro");
        assert!(!quoted[2].accented && quoted[2].text == "comune");
        assert_eq!(texts("E'stato"), ["e", "stato"]);
    }

    #[test]
    fn other_languages_keep_their_sense() {
        assert_eq!(texts("IOM's work doesn't stop"), ["iom", "work", "doesnt", "stop"]);
        assert_eq!(texts("O'Brien, l’État"), ["obrien", "etat"]);
        assert_eq!(texts("移民 migrants"), ["移", "民", "migrants"]);
        assert_eq!(texts("мигранты"), ["мигранты"]);
    }

    #[test]
    fn acronyms_symbols_and_numbers_stay_whole() {
        assert_eq!(texts("l'O.I.M. e la U.N.H.C.R. (S.p.A.)"), ["oim", "e", "la", "unhcr", "spa"]);
        assert_eq!(texts("O.I.M"), ["oim"]);
        assert_eq!(texts("D.Lgs. 286/1998"), ["dlgs", "286/1998"]);
        assert_eq!(
            texts("A/RES/73/195, L. 47/2017; art. 14."),
            ["a/res/73/195", "l", "47/2017", "art", "14"]
        );
        assert_eq!(texts("ST/AI/189/Add.9/Rev.2"), ["st/ai/189/add.9/rev.2"]);
        assert_eq!(texts("e/o migranti/rifugiati"), ["e", "o", "migranti", "rifugiati"]);
        assert_eq!(texts("20.808 km, 3,5% nel 2017."), ["20.808", "km", "3,5", "nel", "2017"]);
        assert_eq!(texts("non-refoulement, COVID-19"), ["non", "refoulement", "covid", "19"]);
    }

    #[test]
    fn broken_words_are_mended() {
        assert_eq!(texts("mi\u{AD}grazione"), ["migrazione"]);
        assert_eq!(
            texts("integra-\nzione e socio-\n Economico"),
            ["integrazione", "e", "socio", "economico"]
        );
        assert_eq!(texts("uﬃcio ﬁnanza"), ["ufficio", "finanza"]);
        assert_eq!(texts("perche\u{301}"), ["perche"]);
    }

    #[test]
    fn tokens_slice_the_text() {
        let text = "«L’autorità», autorita' e O.I.M. – così";
        let slices: Vec<&str> = tokenize(text).iter().map(|t| &text[t.start..t.end]).collect();
        assert_eq!(slices, ["autorità", "autorita'", "e", "O.I.M.", "così"]);
    }

    #[test]
    fn case_is_kept_for_those_who_ask() {
        let cases: Vec<Case> = tokenize("stato Stato STATO McDonald 12").iter().map(|t| t.case).collect();
        assert_eq!(cases, [Case::Lower, Case::Capital, Case::Upper, Case::Mixed, Case::Mixed]);
    }

    #[test]
    fn endless_words_are_cut() {
        let tokens = tokenize(&"à".repeat(10_000));
        assert_eq!(tokens.len(), 1);
        assert!(tokens[0].text.len() <= MAX_TOKEN_BYTES);
    }
}
