//! Results into text: one file a form. Nothing here searches.

pub mod concordance;
pub mod csv;
pub mod json;
pub mod svg;
pub mod text;

use gcm_search::analysis::fold::is_invisible;
use unicode_width::UnicodeWidthStr;

/// Whether a character does something to a terminal, or to the order or the meaning of what a reader sees, without
/// being seen: control and direction characters, other line ends, tags, fillers of annotations.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || is_invisible(c)
        || matches!(c, '\u{061C}' | '\u{180E}' | '\u{2028}' | '\u{2029}' | '\u{2061}'..='\u{2064}'
            | '\u{206A}'..='\u{206F}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Other people's text made harmless for a terminal: no control or direction characters.
pub fn printable(text: &str) -> String {
    text.chars().filter(|&c| c == '\n' || !is_unsafe(c)).collect()
}

/// How many columns of a terminal a text takes.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// A text followed by spaces up to so many columns.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}
