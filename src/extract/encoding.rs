//! Bytes into text: byte order marks, UTF-8, UTF-16, what a file declares, and at last a guess.
//!
//! The guess is that of `chardetng`, which always takes Italian in Windows-1252 for what it is. What decodes to
//! control characters is refused: it is no text.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_8859_15, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use memchr::memchr;

use super::ExtractError;

/// How many bytes the guess is made from.
const GUESS_BYTES: usize = 1 << 20;
/// In how many characters one control character is still let pass where the encoding had to be told.
const CONTROL_ONE_IN: usize = 100;
/// The same in valid UTF-8, which noise seldom is.
const CONTROL_ONE_IN_UTF8: usize = 3;
/// How many bytes at the head of a web page or XML file may declare its encoding; the HTML standard asks for 1024.
const DECLARATION_BYTES: usize = 4096;

/// Decodes a text. `declared` is what the file says of its own encoding; it counts where the bytes are no
/// UTF-8 and have no byte order mark.
///
/// # Errors
/// Bytes that are no text.
pub(super) fn decode<'b>(
    bytes: &'b [u8],
    declared: Option<&'static Encoding>,
) -> Result<Cow<'b, str>, ExtractError> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        return text_or_refusal(encoding.decode_without_bom_handling(&bytes[length..]).0, CONTROL_ONE_IN);
    }
    if memchr(0, bytes).is_some() {
        let Some(encoding) = utf16_by_nuls(bytes) else {
            return Err(ExtractError::new("not a text file (it has NUL bytes)"));
        };
        return text_or_refusal(encoding.decode_without_bom_handling(bytes).0, CONTROL_ONE_IN);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text_or_refusal(Cow::Borrowed(text), CONTROL_ONE_IN_UTF8),
        Err(_) => {
            let encoding = declared.filter(|&encoding| encoding != UTF_8).unwrap_or_else(|| guess(bytes));
            text_or_refusal(encoding.decode_without_bom_handling(bytes).0, CONTROL_ONE_IN)
        }
    }
}

/// Whether a file is UTF-16, by its mark or by its NUL bytes, so that it cannot be read line by line.
pub(super) fn is_utf16(head: &[u8]) -> bool {
    match Encoding::for_bom(head) {
        Some((encoding, _)) => encoding != UTF_8,
        None => utf16_by_nuls(head).is_some(),
    }
}

/// UTF-16 without a mark: in European text every other byte is NUL.
fn utf16_by_nuls(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(4096)];
    if head.len() < 4 || !bytes.len().is_multiple_of(2) && head.len() == bytes.len() {
        return None;
    }
    let nuls = |first: usize| head.iter().skip(first).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd) = (nuls(0), nuls(1));
    let pairs = head.len() / 2;
    if odd * 10 >= pairs * 7 && even * 20 <= pairs {
        Some(UTF_16LE)
    } else if even * 10 >= pairs * 7 && odd * 20 <= pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    // The guess lives on the bytes that are not ASCII; in a long text the first may come late.
    let from = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(0).saturating_sub(1024);
    let part = &bytes[from..bytes.len().min(from + GUESS_BYTES)];
    detector.feed(part, true);
    let encoding = detector.guess(Some(b"it"), Utf8Detection::Deny);
    if encoding == WINDOWS_1252 && is_latin_9(part) { ISO_8859_15 } else { encoding }
}

/// ISO-8859-15 differs from Windows-1252 in eight signs. Nobody writes the currency sign that the euro took
/// the place of, nor fractions within words; and C1 controls are letters in Windows-1252 only.
fn is_latin_9(bytes: &[u8]) -> bool {
    if bytes.iter().any(|byte| (0x80..=0x9F).contains(byte)) {
        return false;
    }
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte >= 0xC0;
    bytes.contains(&0xA4)
        || bytes
            .windows(3)
            .any(|three| matches!(three[1], 0xBC | 0xBD) && is_letter(three[0]) && is_letter(three[2]))
}

fn text_or_refusal(text: Cow<'_, str>, one_in: usize) -> Result<Cow<'_, str>, ExtractError> {
    let wrong = |c: char| {
        c == '\u{FFFD}' || (c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{C}' | '\u{B}' | '\u{85}'))
    };
    if !may_hold_control(text.as_bytes()) {
        return Ok(text);
    }
    let (mut all, mut bad) = (0usize, 0usize);
    for c in text.chars() {
        all += 1;
        bad += usize::from(wrong(c));
    }
    if bad > 0 && bad * one_in > all {
        return Err(ExtractError::new(
            "not a text file (its bytes decode to control characters in every encoding that fits)",
        ));
    }
    Ok(text)
}

/// Whether a text may hold control characters or U+FFFD, told by its bytes without reading characters.
fn may_hold_control(bytes: &[u8]) -> bool {
    let ascii = |byte: u8| (byte < b' ' && !(b'\t'..=b'\r').contains(&byte)) || byte == 0x7F;
    // U+0080 to U+009F, and what begins as U+FFFD does.
    let other = |byte: u8, next: u8| (byte == 0xC2 && next < 0xA0) || byte == 0xEF;
    let alone = bytes.iter().fold(false, |any, &byte| any | ascii(byte));
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    alone | pairs.fold(false, |any, (&byte, &next)| any | other(byte, next))
}

/// The encoding with this name, as HTML, XML and MIME know it.
pub(super) fn named(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.trim().as_bytes())
}

/// The encoding that the head of a web page or XML file declares: `<meta charset=…>`, the `Content-Type` in a
/// `<meta http-equiv>`, or `<?xml encoding=…?>`.
pub(super) fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(DECLARATION_BYTES)]).to_ascii_lowercase();
    let xml = head.trim_start().strip_prefix("<?xml").and_then(|rest| {
        let declaration = &rest[..rest.find('>')?];
        value_after(declaration, "encoding")
    });
    // A declaration in ASCII shows that the file is not UTF-16, whatever it says.
    let ascii_safe =
        |encoding: &'static Encoding| if encoding.is_ascii_compatible() { encoding } else { UTF_8 };
    if let Some(encoding) = xml.and_then(|label| named(&label)) {
        return Some(ascii_safe(encoding));
    }
    head.match_indices("<meta").find_map(|(at, _)| {
        let tag = &head[at..];
        let tag = &tag[..tag.find('>').unwrap_or(tag.len())];
        value_after(tag, "charset").and_then(|label| named(&label)).map(ascii_safe)
    })
}

/// The value behind `key=` with or without quotation marks.
fn value_after(text: &str, key: &str) -> Option<String> {
    let rest = text[text.find(key)? + key.len()..].trim_start().strip_prefix('=')?;
    let rest = rest.trim_start().trim_start_matches(['"', '\'']);
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '>' | '?' | '/'));
    let value = &rest[..end.unwrap_or(rest.len())];
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "La libertà di circolazione è un diritto: perché non c'è più tempo.";

    #[test]
    fn control_characters_are_told_by_bytes() {
        for c in '\0'..='\u{2FF}' {
            let is_wrong = c.is_control() && !matches!(c, '\t'..='\r' | '\u{85}');
            assert!(!is_wrong || may_hold_control(format!("a{c}").as_bytes()), "{c:?}");
        }
        assert!(may_hold_control("a\u{FFFD}".as_bytes()));
        assert!(!may_hold_control("«È» l’ora –\tsì…\r\n".as_bytes()));
    }

    #[test]
    fn every_encoding_of_an_italian_text_is_read() {
        let with = |mark: &[u8], bytes: Vec<u8>| [mark, &bytes].concat();
        let utf16 = |order: fn(u16) -> [u8; 2]| TEXT.encode_utf16().flat_map(order).collect::<Vec<u8>>();
        for bytes in [
            TEXT.as_bytes().to_vec(),
            with(b"\xEF\xBB\xBF", TEXT.as_bytes().to_vec()),
            with(b"\xFF\xFE", utf16(u16::to_le_bytes)),
            with(b"\xFE\xFF", utf16(u16::to_be_bytes)),
            utf16(u16::to_le_bytes),
            utf16(u16::to_be_bytes),
            WINDOWS_1252.encode(TEXT).0.into_owned(),
        ] {
            assert_eq!(decode(&bytes, None).unwrap(), TEXT, "{bytes:?}");
        }
        assert_eq!(decode(b"libert\xE0", None).unwrap(), "libertà");
        assert_eq!(decode(b"\x93s\xEC\x94, l\x92Unione", None).unwrap(), "“sì”, l’Unione");
    }

    #[test]
    fn the_euro_sign_of_latin_9_is_told() {
        assert_eq!(decode(b"costa 100 \xA4, la libert\xE0", None).unwrap(), "costa 100 €, la libertà");
        assert_eq!(decode(b"le c\xBDur et l'\xE9t\xE9", None).unwrap(), "le cœur et l'été");
    }

    #[test]
    fn what_a_file_declares_counts_where_the_bytes_do_not_tell() {
        let page = b"<html><head><meta http-equiv=Content-Type content='text/html; charset=windows-1251'>\xEC\xE8\xF0";
        assert!(decode(page, declared(page)).unwrap().ends_with("мир"));
        assert_eq!(declared(b"<?xml version='1.0' encoding=\"ISO-8859-15\"?><a/>"), Some(ISO_8859_15));
        assert_eq!(declared(b"<meta charset=utf-16>"), Some(UTF_8));
        // A page that declares Latin-1 and is UTF-8 is UTF-8.
        let liar = "<meta charset=iso-8859-1>è".as_bytes();
        assert!(decode(liar, declared(liar)).unwrap().ends_with('è'));
    }

    #[test]
    fn noise_is_refused() {
        let noise: Vec<u8> = (0u32..4000).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8 | 1).collect();
        for bytes in
            [&noise[..], b"testo\0con NUL", b"\x01\x02\x03\x04", b"\x7fELF\x02\x01\x01\xff\xfe\x80\x81"]
        {
            assert!(decode(bytes, None).unwrap_err().message.contains("not a text"), "{bytes:?}");
        }
        // One stray control character is no reason to lose a text.
        assert!(decode(format!("{}\u{1A}", TEXT.repeat(5)).as_bytes(), None).is_ok());
    }
}
