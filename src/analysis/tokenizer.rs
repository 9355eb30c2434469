//! Text into tokens, with the way back to the text.
//!
//! The rules are those of the Italian page, wide enough for its neighbours: elided articles and
//! prepositions go (*l'accoglienza*, *quest'anno*, *dall' indipendenza*), accents typed as apostrophes
//! are accents (*autorita'*), truncated words stay (*po'*), acronyms lose their dots (*O.I.M.*),
//! document symbols stay whole (*A/RES/73/195*), words cut at a line end are mended.

use compact_str::CompactString;

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
    /// The exact form, folded: lower case, no accents. Most words are short enough to need no memory of their own.
    pub text: CompactString,
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

/// The letters from U+00C0 to U+00FF as [`fold_char_into`] folds them; `-` for what is folded to none or to two.
const FOLDED_LATIN: &[u8; 64] = b"aaaaaa-ceeeeiiiidnooooo-ouuuuy--aaaaaa-ceeeeiiiidnooooo-ouuuuy-y";

/// The bit that tells small ASCII letters from capitals.
const SMALL: u8 = 0x20;

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
    let mut scanner = Scanner { text, at: 0, in_quote: false, tokens: Vec::with_capacity(text.len() / 6) };
    scanner.run();
    scanner.tokens
}

/// Goes over a text; all places are in bytes and lie between characters.
struct Scanner<'t> {
    text: &'t str,
    /// Where the next character begins.
    at: usize,
    /// Whether a single quotation mark has been opened and not closed.
    in_quote: bool,
    tokens: Vec<Token>,
}

impl Scanner<'_> {
    /// The character that begins at a place.
    fn char(&self, at: usize) -> Option<char> {
        match self.text.as_bytes().get(at) {
            Some(byte) if byte.is_ascii() => Some(char::from(*byte)),
            Some(_) => self.text[at..].chars().next(),
            None => None,
        }
    }

    /// Where the character that begins at a place ends.
    fn after(&self, at: usize) -> usize {
        at + self.char(at).map_or(1, char::len_utf8)
    }

    fn run(&mut self) {
        while let Some(c) = self.char(self.at) {
            if c == ' ' {
                self.at += 1;
            } else if self.plain_word() {
                // It has been taken.
            } else if is_ideograph(c) {
                let end = self.after(self.at);
                self.push(self.at, end, TokenKind::Ideograph, false);
                self.at = end;
            } else if is_word_char(c) && !is_combining(c) {
                if let Some(end) = self.symbol_end().or_else(|| self.acronym_end()) {
                    let has_slash = self.text[self.at..end].contains('/');
                    let kind = if has_slash { TokenKind::Symbol } else { TokenKind::Word };
                    self.push(self.at, end, kind, false);
                    self.at = end;
                } else if c.is_ascii_digit() {
                    self.number();
                } else {
                    self.word();
                }
            } else {
                let next = self.after(self.at);
                if is_apostrophe(c) && self.char(next).is_some_and(is_word_char) {
                    self.in_quote = true;
                }
                self.at = next;
            }
        }
    }

    /// Takes a word of Latin letters before a space, an apostrophe or a mark that is part of no word, as most are: no rule
    /// for symbols and acronyms can apply to it. Says whether there was one.
    fn plain_word(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut end = start;
        let mut is_ascii = true;
        // The bits that all letters have: small letters have one that capitals lack.
        let mut shared = u8::MAX;
        loop {
            for byte in bytes[end..].iter().take_while(|byte| byte.is_ascii_alphabetic()) {
                shared &= byte;
                end += 1;
            }
            // The letters from U+00C0 to U+00FF; the signs for times and divided by stand among them.
            if bytes.get(end) != Some(&0xC3) || matches!(bytes.get(end + 1), None | Some(0x97 | 0xB7)) {
                break;
            }
            is_ascii = false;
            end += 2;
        }
        if end == start {
            return false;
        }
        let is_plain = match bytes.get(end) {
            None => true,
            Some(b'\'' | b'\xE2') if self.char(end).is_some_and(is_apostrophe) => {
                self.word_until(start, end);
                return true;
            }
            // One letter and a full stop may begin an acronym.
            Some(b'.') => end - start > 2 && matches!(bytes.get(end + 1), None | Some(b' ' | b'\n')),
            Some(b'/' | b'-' | b'`') => false,
            Some(byte) => byte.is_ascii() && !byte.is_ascii_digit(),
        };
        if !is_plain || end - start > MAX_TOKEN_BYTES {
            return false;
        }
        // A space is nothing to look at again.
        self.at = end + usize::from(bytes.get(end) == Some(&b' '));
        if !is_ascii {
            match self.latin_word(start, end) {
                Some(token) => self.tokens.push(token),
                None => self.push(start, end, TokenKind::Word, false),
            }
            return true;
        }
        let mut text = CompactString::from(&self.text[start..end]);
        let mut case = Case::Lower;
        if shared & SMALL == 0 {
            let word = &bytes[start..end];
            let upper = word[1..].iter().filter(|byte| byte.is_ascii_uppercase()).count();
            case = case_by(word[0].is_ascii_uppercase(), upper, word.len() - 1 - upper);
            text.make_ascii_lowercase();
        }
        self.tokens.push(Token { text, start, end, kind: TokenKind::Word, case, accented: false });
        true
    }

    /// The token of a word of Latin letters, unless one of them is folded to none or to two.
    fn latin_word(&self, start: usize, end: usize) -> Option<Token> {
        let written = &self.text[start..end];
        // The caller has seen that the word is no longer; a letter is folded to no more bytes than it has.
        let mut folded = [0; MAX_TOKEN_BYTES];
        let mut length = 0;
        let mut first_is_upper = false;
        // Of the letters after the first.
        let mut upper = 0;
        let mut bytes = written.bytes();
        while let Some(byte) = bytes.next() {
            let (letter, is_upper) = if byte.is_ascii() {
                (byte.to_ascii_lowercase(), byte.is_ascii_uppercase())
            } else {
                let of_latin = bytes.next()? & 0x3F;
                (FOLDED_LATIN[usize::from(of_latin)], of_latin < 0x20)
            };
            if letter == b'-' {
                return None;
            }
            if length == 0 {
                first_is_upper = is_upper;
            } else {
                upper += usize::from(is_upper);
            }
            folded[length] = letter;
            length += 1;
        }
        Some(Token {
            text: CompactString::from_utf8(&folded[..length]).ok()?,
            start,
            end,
            kind: TokenKind::Word,
            case: case_by(first_is_upper, upper, length - 1 - upper),
            accented: written.chars().next_back().is_some_and(is_accented_vowel),
        })
    }

    /// Where a document symbol that begins here ends: parts of letters and digits joined by
    /// slashes, with a digit in it, each part short or with a digit.
    fn symbol_end(&self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut end = self.at;
        let mut slash_seen = false;
        while let Some(byte) = bytes.get(end) {
            match byte {
                b'/' => slash_seen = true,
                b'.' | b'-' => {}
                b'(' | b')' if slash_seen => {}
                byte if byte.is_ascii_alphanumeric() => {}
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
            && !bytes[end - 1].is_ascii_alphanumeric()
            && !(bytes[end - 1] == b')' && bytes[self.at..end].contains(&b'('))
        {
            end -= 1;
        }
        if end - self.at > 60 || self.char(end).is_some_and(is_word_char) {
            return None;
        }
        let parts: Vec<&str> = self.text[self.at..end].split('/').collect();
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
            let mut letters = 0;
            while self.char(at).is_some_and(char::is_alphabetic) {
                at = self.after(at);
                letters += 1;
            }
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
                end += c.len_utf8();
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
            let after = end + c.len_utf8();
            if is_word_char(c) || (is_invisible(c) && self.char(after).is_some_and(is_word_char)) {
                end = after;
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
        let mut next = self.after(at);
        let mut newline = false;
        while let Some(c) = self.char(next).filter(|c| c.is_whitespace()) {
            newline |= c == '\n';
            next += c.len_utf8();
        }
        (newline && self.char(next).is_some_and(char::is_lowercase)).then_some(next)
    }

    fn word(&mut self) {
        self.word_until(self.at, self.letters_end(self.at));
    }

    /// Takes the word whose letters end there, with the apostrophe after it.
    fn word_until(&mut self, start: usize, end: usize) {
        self.at = end;
        if !self.char(end).is_some_and(is_apostrophe) {
            self.push(start, end, TokenKind::Word, false);
            return;
        }
        let left = self.folded(start, end);
        let right_start = self.after(end);
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
        let after = self.after(end);
        self.at = after;
        if self.in_quote {
            self.in_quote = false;
            self.push(start, end, TokenKind::Word, false);
            return;
        }
        let goes_on = self.char(after) == Some(' ') && self.char(after + 1).is_some_and(is_word_char);
        if goes_on && is_elided(left) {
            return;
        }
        let accent = left.ends_with(['a', 'e', 'i', 'o', 'u']) && TRUNCATED.binary_search(&left).is_err();
        // An apostrophe that stands for an accent is part of the word that a reader sees.
        let token_end = if accent { after } else { end };
        self.push(start, token_end, TokenKind::Word, accent);
    }

    fn folded(&self, start: usize, end: usize) -> CompactString {
        let written = &self.text[start..end];
        if written.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let mut out = CompactString::from(written);
            out.make_ascii_lowercase();
            return out;
        }
        let mut out = CompactString::default();
        for c in written.chars() {
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
        let written = &self.text[start..end];
        let accented = accent
            || written
                .chars()
                .rev()
                .find(|&c| !is_apostrophe(c) && !is_invisible(c))
                .is_some_and(is_accented_vowel);
        self.tokens.push(Token { text, start, end, kind, case: case_of(written), accented });
    }
}

fn case_of(written: &str) -> Case {
    let mut letters = written.chars().filter(|c| c.is_alphabetic());
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
    case_by(first.is_uppercase(), upper, lower)
}

/// The case of a word, by that of its first letter and how many of the others are upper and lower case.
fn case_by(first_is_upper: bool, upper: usize, lower: usize) -> Case {
    match (first_is_upper, upper, lower) {
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
        tokenize(text).into_iter().map(|t| t.text.into_string()).collect()
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
    fn the_short_way_for_plain_words_is_the_long_way() {
        // A letter of another script in front keeps a word from the short way and changes nothing else of it.
        for word in [
            "Perù",
            "È",
            "è",
            "autorità",
            "CITTÀ",
            "Stati",
            "ONU",
            "McDonald",
            "e",
            "à",
            "naïve",
            "Ørsted",
            "Straße",
            "Æsir",
        ] {
            for mark in [" ", ",", ";", ":", "!", "?", ")", "\"", "\n", ". ", ".", ""] {
                let short = tokenize(&format!("{word}{mark}"));
                let long = tokenize(&format!("{word}\u{AD}{mark}"));
                assert_eq!(short.len(), 1, "{word}{mark}");
                let shape = |token: &Token| (token.text.clone(), token.case, token.accented, token.kind);
                assert_eq!(shape(&short[0]), shape(&long[0]), "{word}{mark}");
                assert_eq!((short[0].start, short[0].end), (0, word.len()));
            }
        }
        assert_eq!(texts("3×4 5÷2"), ["3", "4", "5", "2"]);
        assert_eq!(texts("due×tre"), ["due", "tre"]);
    }

    #[test]
    fn the_table_of_latin_letters_is_folding() {
        for (c, &folded) in ('\u{C0}'..='\u{FF}').zip(FOLDED_LATIN) {
            let mut letters = String::new();
            fold_char_into(c, &mut letters);
            let expected = if letters.len() == 1 && c.is_alphabetic() { &letters } else { "-" };
            assert_eq!(char::from(folded).to_string(), expected, "{c}");
        }
    }

    #[test]
    fn endless_words_are_cut() {
        let tokens = tokenize(&"à".repeat(10_000));
        assert_eq!(tokens.len(), 1);
        assert!(tokens[0].text.len() <= MAX_TOKEN_BYTES);
    }
}
