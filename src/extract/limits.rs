//! What reading one file may cost, so that a hostile one costs its own reading only.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ExtractError;

/// What reading one file may cost as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLimits {
    /// The largest file that is read, in bytes; what a command may print. JSON Lines are read line by line and may be
    /// larger.
    pub bytes: u64,
    /// The longest time.
    pub time: Duration,
    /// The most memory that a worker may take, in bytes of address space, and the most that it may say of one file.
    pub memory: u64,
}

impl Default for FileLimits {
    fn default() -> Self {
        FileLimits { bytes: 256 * 1024 * 1024, time: Duration::from_secs(60), memory: 2 * 1024 * 1024 * 1024 }
    }
}

/// The bounds that an extractor keeps to. What goes beyond one is refused with a message that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtractLimits {
    /// How many bytes all that is packed in one file may have unpacked, archives within archives included.
    pub unpacked_bytes: u64,
    /// How many times larger than the file what is unpacked may be, once it is more than
    /// [`ExtractLimits::ratio_from_bytes`]. Deflate can reach 1032; documents seldom pass 50.
    pub ratio: u64,
    /// From how many unpacked bytes on the ratio counts: small files may be as repetitive as they like.
    pub ratio_from_bytes: u64,
    /// How many entries all archives of one file may have.
    pub entries: usize,
    /// How many archives may stand within each other.
    pub archive_depth: usize,
    /// The largest web page, in bytes: its tree needs many times as much memory.
    pub html_bytes: usize,
    /// How many elements of a web page may stand within each other.
    pub html_depth: usize,
}

impl Default for ExtractLimits {
    fn default() -> Self {
        ExtractLimits {
            unpacked_bytes: 1024 * 1024 * 1024,
            ratio: 200,
            ratio_from_bytes: 16 * 1024 * 1024,
            entries: 20_000,
            archive_depth: 3,
            html_bytes: 32 * 1024 * 1024,
            html_depth: 30_000,
        }
    }
}

/// What of the limits is left while one file is read.
#[derive(Debug)]
pub(super) struct Budget {
    /// The limits.
    pub(super) limits: ExtractLimits,
    packed: u64,
    unpacked: u64,
    entries: usize,
    /// How many archives are open.
    pub(super) depth: usize,
}

impl Budget {
    /// The whole budget of a file of so many bytes.
    pub(super) fn new(limits: &ExtractLimits, packed: usize) -> Budget {
        Budget { limits: *limits, packed: packed.max(1) as u64, unpacked: 0, entries: 0, depth: 0 }
    }

    /// How many more bytes may be unpacked now.
    pub(super) fn left(&self) -> u64 {
        let by_ratio = self.packed.saturating_mul(self.limits.ratio).max(self.limits.ratio_from_bytes);
        self.limits.unpacked_bytes.min(by_ratio).saturating_sub(self.unpacked)
    }

    /// Counts bytes that were unpacked.
    pub(super) fn spend(&mut self, bytes: u64) {
        self.unpacked = self.unpacked.saturating_add(bytes);
    }

    /// Counts entries of an archive.
    ///
    /// # Errors
    /// More than the limit.
    pub(super) fn count(&mut self, entries: usize) -> Result<(), ExtractError> {
        self.entries = self.entries.saturating_add(entries);
        if self.entries > self.limits.entries {
            return Err(ExtractError::new(format!(
                "more than {} entries in an archive; divide it",
                self.limits.entries
            )));
        }
        Ok(())
    }

    /// The error of a file that unpacks to more than is allowed.
    pub(super) fn exceeded(&self) -> ExtractError {
        if self.limits.unpacked_bytes <= self.packed.saturating_mul(self.limits.ratio) {
            ExtractError::new(format!(
                "it unpacks to more than {} MB; unpack it and index the folder",
                self.limits.unpacked_bytes / (1024 * 1024)
            ))
        } else {
            ExtractError::new(format!(
                "it unpacks to more than {} times its size, as a decompression bomb does; not read",
                self.limits.ratio
            ))
        }
    }
}

/// Reads all of a stream that unpacks, within the budget.
///
/// # Errors
/// A stream that is damaged or larger than the budget.
pub(super) fn unpack(
    stream: impl std::io::Read,
    budget: &mut Budget,
    damaged: impl Fn(&std::io::Error) -> ExtractError,
) -> Result<Vec<u8>, ExtractError> {
    let left = budget.left();
    let mut bytes = Vec::new();
    // One byte more than is left tells a stream that ends there from one that goes on.
    let result =
        std::io::Read::read_to_end(&mut std::io::Read::take(stream, left.saturating_add(1)), &mut bytes);
    budget.spend(bytes.len() as u64);
    if bytes.len() as u64 > left {
        return Err(budget.exceeded());
    }
    result.map_err(|error| damaged(&error))?;
    Ok(bytes)
}

/// A number of bytes in words.
pub(crate) fn as_megabytes(bytes: u64) -> String {
    const MEGABYTE: u64 = 1024 * 1024;
    if bytes.is_multiple_of(MEGABYTE) { format!("{} MB", bytes / MEGABYTE) } else { format!("{bytes} bytes") }
}
