//! Archives (ZIP, tar, tar.gz) and single files packed with gzip: every file in them is read as it would be by itself.
//!
//! Nothing is written to disk. Names from an archive only become ids, and lose what would lead out of it.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::limits::{Budget, unpack};
use super::{ExtractError, Extracted, Format, extract_within, package};

pub(super) const VERSION: u32 = 1;

/// The size of a block of a tar archive, in bytes.
const TAR_BLOCK: usize = 512;

/// What members are passed over in silence: folders of programs, hidden files, what describes a folder.
fn is_passed_over(name: &str) -> bool {
    let file = name.rsplit_once('/').map_or(name, |(_, file)| file);
    matches!(file, "documents.toml" | "overrides.toml")
        || name.split('/').any(|part| part.starts_with('.') || part == "__MACOSX" || part == "Thumbs.db")
}

/// A member's name as a relative path without anything that leads elsewhere.
fn sanitised(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c == '\\' { '/' } else { c }).filter(|c| !c.is_control()).collect();
    let parts: Vec<&str> = name
        .split('/')
        .filter(|part| !part.is_empty() && !matches!(*part, "." | "..") && !part.ends_with(':'))
        .collect();
    parts.join("/")
}

/// Reads all members of a ZIP archive.
///
/// # Errors
/// An archive that is damaged as a whole, or larger than the limits.
pub(super) fn extract_zip(
    bytes: &[u8],
    budget: &mut Budget,
    each: &mut dyn FnMut(Result<Extracted, ExtractError>),
) -> Result<(), ExtractError> {
    let mut zip = package::open(bytes)?;
    budget.count(zip.len())?;
    for index in 0..zip.len() {
        let name = match zip.name_for_index(index) {
            Some(Ok(name)) => name.into_owned(),
            // A name in no encoding that can be told is kept as far as it can be read.
            Some(Err(_)) | None => format!("entry-{}", index + 1),
        };
        if name.ends_with(['/', '\\']) {
            continue;
        }
        let name = sanitised(&name);
        if name.is_empty() || is_passed_over(&name) {
            continue;
        }
        let member = package::entry_bytes(&mut zip, index, budget);
        read_member(&name, member, budget, each)?;
    }
    Ok(())
}

/// Whether the bytes begin like a tar archive.
pub(super) fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// Whether what is packed with gzip is a tar archive.
fn packs_tar(bytes: &[u8]) -> bool {
    let mut head = Vec::with_capacity(TAR_BLOCK);
    // A damaged stream may still begin well; reading it later says what is wrong.
    let _ = MultiGzDecoder::new(bytes).take(TAR_BLOCK as u64).read_to_end(&mut head);
    is_tar(&head)
}

/// Reads what is packed with gzip: a tar archive, or a single document.
///
/// # Errors
/// A stream or an archive that is damaged, or larger than the limits.
pub(super) fn extract_gzip(
    name: &str,
    bytes: &[u8],
    budget: &mut Budget,
    each: &mut dyn FnMut(Result<Extracted, ExtractError>),
) -> Result<(), ExtractError> {
    if packs_tar(bytes) {
        // Long names are read into memory by the reader of tar archives, so that the stream itself is bounded.
        let left = budget.left();
        return extract_tar(MultiGzDecoder::new(bytes).take(left.saturating_add(1)), budget, each);
    }
    let unpacked = unpack(MultiGzDecoder::new(bytes), budget, |error| {
        ExtractError::new(format!("a damaged gzip file: {error}"))
    })?;
    let inner = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".GZ")).unwrap_or(name);
    let format = Format::detect(inner, &unpacked)?;
    extract_within(format, inner, &unpacked, budget, each)
}

/// Reads all members of a tar archive.
///
/// # Errors
/// An archive that is damaged from some member on, or larger than the limits; the members before are read.
pub(super) fn extract_tar(
    stream: impl Read,
    budget: &mut Budget,
    each: &mut dyn FnMut(Result<Extracted, ExtractError>),
) -> Result<(), ExtractError> {
    let damaged = |error: &std::io::Error| ExtractError::new(format!("a damaged tar archive: {error}"));
    let mut archive = tar::Archive::new(stream);
    for entry in archive.entries().map_err(|error| damaged(&error))? {
        let entry = entry.map_err(|error| damaged(&error))?;
        budget.count(1)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = sanitised(&String::from_utf8_lossy(&entry.path_bytes()));
        if name.is_empty() || is_passed_over(&name) {
            continue;
        }
        let size = entry.size();
        let member = unpack(entry, budget, damaged).and_then(|bytes| {
            if (bytes.len() as u64) < size {
                return Err(ExtractError::new("a damaged tar archive: it ends within this file"));
            }
            Ok(bytes)
        });
        read_member(&name, member, budget, each)?;
    }
    Ok(())
}

/// Reads one member. What is wrong with it costs only itself, unless the budget is used up.
fn read_member(
    name: &str,
    bytes: Result<Vec<u8>, ExtractError>,
    budget: &mut Budget,
    each: &mut dyn FnMut(Result<Extracted, ExtractError>),
) -> Result<(), ExtractError> {
    let result = bytes.and_then(|bytes| {
        let format = Format::detect(name, &bytes)?;
        extract_within(format, name, &bytes, budget, &mut |inner| each(placed(name, inner)))
    });
    if let Err(error) = result {
        each(Err(error.within(name)));
    }
    if budget.left() == 0 {
        return Err(budget.exceeded());
    }
    Ok(())
}

/// A document or an error of a member, with the name of the member.
fn placed(name: &str, result: Result<Extracted, ExtractError>) -> Result<Extracted, ExtractError> {
    let mut extracted = result.map_err(|error| error.within(name))?;
    let stem = crate::document::without_extension(name);
    extracted.below = Some(match extracted.below.take() {
        Some(below) => format!("{stem}/{below}"),
        None => stem.to_owned(),
    });
    extracted.member = Some(match extracted.member.take() {
        Some(member) => format!("{name}/{member}"),
        None => name.to_owned(),
    });
    Ok(extracted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_lead_out_of_the_archive() {
        for (name, safe) in [
            ("../../etc/passwd", "etc/passwd"),
            ("/etc/passwd", "etc/passwd"),
            ("C:\\docs\\..\\a.txt", "docs/a.txt"),
            ("a/./b//c\u{1B}[31m.txt", "a/b/c[31m.txt"),
            ("..", ""),
        ] {
            assert_eq!(sanitised(name), safe, "{name:?}");
        }
        assert!(
            is_passed_over("__MACOSX/._a.txt") && is_passed_over("a/.git/x") && !is_passed_over("a/b.txt")
        );
    }
}
