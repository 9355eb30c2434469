//! Folding: one spelling for all the ways in which people type the same letters.

use std::iter;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Says whether `c` is one of the marks that people type or paste for an apostrophe.
///
/// The letter apostrophe U+02BC counts as a letter for Unicode, which is why a general tokenizer
/// glues `lʼaccoglienza` into one word.
pub fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '\u{2018}'
            | '\u{2019}'
            | '\u{201B}'
            | '\u{02BC}'
            | '\u{02B9}'
            | '\u{2032}'
            | '\u{00B4}'
            | '\u{0060}'
            | '\u{FF07}'
    )
}

/// Says whether `c` is a soft hyphen or another mark that has no place in a word (zero-width space
/// and joiners, word joiner, byte order mark, direction marks).
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    )
}

/// Appends the folded form of `c` to `out`: lower case, no accents, no ligatures, Latin letters in
/// their basic form. Letters of other scripts keep their identity and lose only their case.
pub fn fold_char_into(c: char, out: &mut impl Extend<char>) {
    let mut push = |c: char| out.extend(iter::once(c));
    if c.is_ascii() {
        push(c.to_ascii_lowercase());
        return;
    }
    match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'À' | 'Á' | 'Â' | 'Ã' | 'Ä' | 'Å' => push('a'),
        'è' | 'é' | 'ê' | 'ë' | 'È' | 'É' | 'Ê' | 'Ë' => push('e'),
        'ì' | 'í' | 'î' | 'ï' | 'Ì' | 'Í' | 'Î' | 'Ï' => push('i'),
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ö' | 'Ø' => push('o'),
        'ù' | 'ú' | 'û' | 'ü' | 'Ù' | 'Ú' | 'Û' | 'Ü' => push('u'),
        'ß' | 'ẞ' => out.extend(['s', 's']),
        'æ' | 'Æ' => out.extend(['a', 'e']),
        'œ' | 'Œ' => out.extend(['o', 'e']),
        'ł' | 'Ł' => push('l'),
        'đ' | 'Đ' | 'ð' | 'Ð' => push('d'),
        'ı' => push('i'),
        'ﬀ'..='ﬆ' | '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => {
            out.extend(iter::once(c).nfkd().flat_map(char::to_lowercase));
        }
        _ => out.extend(iter::once(c).nfd().filter(|d| !is_combining_mark(*d)).flat_map(char::to_lowercase)),
    }
}

/// The folded form of a whole word or label.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.nfc() {
        if !is_invisible(c) {
            fold_char_into(c, &mut out);
        }
    }
    out
}

/// Repairs text for display and storage: NFC, ligatures spelled out, soft hyphens and other
/// invisible marks removed, every kind of white space but the newline made one plain space.
pub fn clean(text: &str) -> String {
    if is_clean(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut pending_space = false;
    for c in text.nfc() {
        if is_invisible(c) {
            continue;
        }
        if c == '\n' {
            while out.ends_with(' ') {
                out.pop();
            }
            pending_space = false;
            out.push('\n');
            continue;
        }
        if c.is_whitespace() || c.is_control() {
            pending_space = !out.is_empty() && !out.ends_with('\n');
            continue;
        }
        if pending_space {
            out.push(' ');
            pending_space = false;
        }
        match c {
            'ﬀ'..='ﬆ' => out.extend(std::iter::once(c).nfkd()),
            _ => out.push(c),
        }
    }
    while out.ends_with('\n') {
        out.pop();
    }
    out
}

/// Whether a text is as [`clean`] would leave it, as far as that is told byte by byte: of one line, of Latin letters with
/// their accents and the common marks of punctuation, with one space between words. Most texts are.
pub fn is_clean(text: &str) -> bool {
    let mut rest = text.as_bytes();
    let mut before = b' ';
    loop {
        while let Some((stretch, after)) = rest.split_first_chunk::<STRETCH>()
            && is_plain(before, stretch)
        {
            before = stretch[STRETCH - 1];
            rest = after;
        }
        let mut bytes = rest.iter().copied();
        loop {
            let Some(byte) = bytes.next() else {
                return before != b' ';
            };
            match byte {
                b' ' if before == b' ' => return false,
                b' '..=b'~' => {}
                // U+00A1 to U+00BF without the soft hyphen.
                0xC2 if bytes.next().is_some_and(|next| next > 0xA0 && next != 0xAD) => {}
                // U+00C0 to U+02BF: composed letters.
                0xC3..=0xCA => {
                    bytes.next();
                }
                // U+2010 to U+2027: hyphens, dashes, quotation marks, dots.
                0xE2 if bytes.next() == Some(0x80)
                    && bytes.next().is_some_and(|next| (0x90..0xA8).contains(&next)) => {}
                _ => return false,
            }
            before = byte;
            if !byte.is_ascii() {
                break;
            }
        }
        rest = &rest[rest.len() - bytes.len()..];
    }
}

/// How many bytes [`is_clean`] looks at in one go, where they are all of ASCII.
const STRETCH: usize = 16;

/// Whether a stretch of text after the byte before it is of printable ASCII, with one space between words. Written without
/// branches, so that all bytes are compared at once.
fn is_plain(before: u8, stretch: &[u8; STRETCH]) -> bool {
    let is_wrong =
        |before: u8, byte: u8| !(b' '..=b'~').contains(&byte) | ((byte == b' ') & (before == b' '));
    let pairs = stretch.iter().zip(&stretch[1..]);
    !pairs.fold(is_wrong(before, stretch[0]), |wrong, (&before, &byte)| wrong | is_wrong(before, byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folding_forgets_accents_case_and_ligatures() {
        assert_eq!(fold("Città"), "citta");
        assert_eq!(fold("CITTA\u{300}"), "citta");
        assert_eq!(fold("uﬃcio"), "ufficio");
        assert_eq!(fold("cœur"), "coeur");
        assert_eq!(fold("mi\u{AD}grazione"), "migrazione");
        assert_eq!(fold("Łódź"), "lodz");
        assert_eq!(fold("миграция"), "миграция");
    }

    proptest! {
        #[test]
        fn what_is_clean_is_left_alone(text in "[ -~àÈ\u{80}-\u{2FF}\u{300}\u{2000}-\u{2030}\n\u{FB01}]{0,6}") {
            let cleaned = clean(&text);
            if is_clean(&text) {
                // Cleaned by the long way: a newline in front of it keeps it from the short one.
                prop_assert_eq!(&clean(&format!("x\n{text}"))[2..], &cleaned[..]);
                prop_assert_eq!(cleaned, text);
            } else {
                prop_assert_eq!(clean(&cleaned), cleaned);
            }
        }
    }

    #[test]
    fn cleaning_keeps_what_a_reader_sees() {
        assert_eq!(clean("  la\u{A0}ﬁnanza\t e l’uﬃcio \n fine \n"), "la finanza e l’ufficio\nfine");
        assert_eq!(clean("e\u{300} cosi\u{300}"), "è così");
    }
}
