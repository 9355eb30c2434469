//! JSON for scripts.

use std::io::{self, Write};

use gcm_search::search::{Answer, FORMAT_VERSION};
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::is_unsafe;
use crate::cli::Failure;

/// JSON without white space, in which characters that act on a terminal are written as escapes: the same values for
/// whoever reads it, and harmless where a person looks at it.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut written = 0;
        for (at, c) in fragment.char_indices().filter(|&(_, c)| is_unsafe(c)) {
            out.write_all(&fragment.as_bytes()[written..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            written = at + c.len_utf8();
        }
        out.write_all(&fragment.as_bytes()[written..])
    }
}

/// One object and a newline.
pub fn line(out: &mut dyn Write, value: &impl Serialize) -> Result<(), Failure> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Harmless))?;
    out.write_all(b"\n")?;
    Ok(())
}

/// Each hit as an object of its own.
pub fn hits(out: &mut dyn Write, answer: &Answer) -> Result<(), Failure> {
    for hit in &answer.hits {
        let mut hit = hit.clone();
        hit.format_version = Some(FORMAT_VERSION);
        line(out, &hit)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_escaped_and_read_back() {
        for text in ["plain è 😀", "\u{1b}[2J", "a\u{9b}31m\u{202e}b\u{7f}", "\u{e0041}x\u{2028}"] {
            let mut out = Vec::new();
            line(&mut out, &text).unwrap();
            let out = String::from_utf8(out).unwrap();
            assert!(!out.trim_end().contains(is_unsafe), "{out:?}");
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
