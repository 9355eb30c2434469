//! Results into text: one file a form. Nothing here searches.

pub mod csv;
pub mod json;
pub mod svg;
pub mod text;

use gcm_search::analysis::fold::is_invisible;

/// Other people's text made harmless for a terminal: no control or direction characters.
pub fn printable(text: &str) -> String {
    text.chars().filter(|&c| c == '\n' || !(c.is_control() || is_invisible(c))).collect()
}
