//! ZIP containers that are one document each: DOCX, ODT, EPUB.

use std::io::Cursor;

use zip::ZipArchive;
use zip::result::ZipError;

use super::limits::{Budget, unpack};
use super::{ExtractError, Format};

/// An open container.
pub(super) struct Package<'b> {
    zip: ZipArchive<Cursor<&'b [u8]>>,
}

impl<'b> Package<'b> {
    /// Opens a container.
    ///
    /// # Errors
    /// One that is damaged, or has more entries than the budget allows.
    pub(super) fn open(bytes: &'b [u8], budget: &mut Budget) -> Result<Package<'b>, ExtractError> {
        let zip = open(bytes)?;
        budget.count(zip.len())?;
        Ok(Package { zip })
    }

    /// The bytes of a part, or nothing where there is no such part. Names of different case are the same, as they
    /// are to the programs that write these formats.
    ///
    /// # Errors
    /// A part that is damaged, encrypted or too large.
    pub(super) fn part(&mut self, name: &str, budget: &mut Budget) -> Result<Option<Vec<u8>>, ExtractError> {
        let name = name.trim_start_matches('/');
        let index = self.zip.index_for_name(name).or_else(|| {
            (0..self.zip.len()).find(|&index| {
                matches!(self.zip.name_for_index(index), Some(Ok(other)) if other.eq_ignore_ascii_case(name))
            })
        });
        match index {
            None => Ok(None),
            Some(index) => entry_bytes(&mut self.zip, index, budget).map(Some),
        }
    }

    /// The bytes of a part that the format cannot do without.
    ///
    /// # Errors
    /// As [`Package::part`], and a part that is missing.
    pub(super) fn required(&mut self, name: &str, budget: &mut Budget) -> Result<Vec<u8>, ExtractError> {
        self.part(name, budget)?.ok_or_else(|| ExtractError::new(format!("the container has no {name}")))
    }

    fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(name).is_some()
    }

    fn has_any(&self, wanted: impl Fn(&str) -> bool) -> bool {
        self.zip.file_names().flatten().any(|name| wanted(&name))
    }
}

/// Opens a ZIP file.
///
/// # Errors
/// One that is damaged.
pub(super) fn open(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, ExtractError> {
    ZipArchive::new(Cursor::new(bytes)).map_err(|error| ExtractError::new(zip_message(&error)))
}

/// The unpacked bytes of an entry.
///
/// # Errors
/// An entry that is damaged, encrypted or too large.
pub(super) fn entry_bytes(
    zip: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    budget: &mut Budget,
) -> Result<Vec<u8>, ExtractError> {
    let entry = zip.by_index(index).map_err(|error| ExtractError::new(zip_message(&error)))?;
    unpack(entry, budget, |error| ExtractError::new(format!("a damaged ZIP entry: {error}")))
}

fn zip_message(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(what) if what.to_lowercase().contains("password") => {
            "encrypted with a password; save it without one".to_owned()
        }
        ZipError::CompressionMethodNotSupported(_) => {
            format!("a ZIP container packed with a method that is not read ({error}); pack it with deflate")
        }
        error => format!("a damaged ZIP container: {error}"),
    }
}

/// What a ZIP container is by its inside.
///
/// # Errors
/// A container that is damaged, or holds something that is no text document.
pub(super) fn kind(bytes: &[u8]) -> Result<Format, ExtractError> {
    let mut package = Package { zip: open(bytes)? };
    let refuse = |what: &str, advice: &str| Err(ExtractError::new(format!("{what}: not read; {advice}")));
    // Only the first bytes of this entry matter; it is a name.
    let mut budget =
        Budget::new(&super::ExtractLimits { unpacked_bytes: 4096, ..Default::default() }, bytes.len());
    let mimetype = package.part("mimetype", &mut budget).ok().flatten().unwrap_or_default();
    let mimetype = String::from_utf8_lossy(&mimetype).trim().to_ascii_lowercase();
    if let Some(kind) = mimetype.strip_prefix("application/vnd.oasis.opendocument.") {
        return match kind {
            "text" | "text-template" | "text-master" | "text-web" => Ok(Format::Odt),
            "spreadsheet" => refuse("an OpenDocument spreadsheet", "save it as CSV with a column of text"),
            "presentation" => refuse("an OpenDocument presentation", "save it as PDF or text"),
            other => refuse(&format!("an OpenDocument file of kind \"{other}\""), "save it as text"),
        };
    }
    if mimetype == "application/epub+zip"
        || package.has("META-INF/container.xml") && package.has_any(|name| name.ends_with(".opf"))
    {
        return Ok(Format::Epub);
    }
    if package.has("[Content_Types].xml") {
        if package.has_any(|name| name.starts_with("word/")) {
            return Ok(Format::Docx);
        }
        if package.has_any(|name| name.starts_with("xl/")) {
            return refuse("an Excel workbook", "save it as CSV with a column of text");
        }
        if package.has_any(|name| name.starts_with("ppt/")) {
            return refuse("a PowerPoint presentation", "save it as PDF or text");
        }
    }
    Ok(Format::Zip)
}
