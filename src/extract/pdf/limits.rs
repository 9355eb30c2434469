//! Limits, so that a small file cannot ask for endless work or memory.

use flate2::{Decompress, FlushDecompress, Status};

use super::super::ExtractError;
use super::super::limits::Budget;

/// The most pages that are read.
pub(super) const MAX_PAGES: usize = 50_000;
/// What a single stream may unpack to, in bytes. The pictures of a poster come near it, text never does.
const MAX_STREAM_BYTES: u64 = 384 << 20;
/// How many bytes of content streams are interpreted, counting a form each time that it is drawn.
const MAX_CONTENT_BYTES: u64 = 1 << 30;
/// How many operators and glyphs are interpreted. A page of text has a few thousand.
const MAX_OPERATIONS: u64 = 100_000_000;
/// How often a stream may be packed within itself.
const MAX_LAYERS: u32 = 4;

/// What work is left to be done for a document.
pub(super) struct Work {
    operations: u64,
    bytes: u64,
}

impl Work {
    pub fn new() -> Work {
        Work { operations: MAX_OPERATIONS, bytes: MAX_CONTENT_BYTES }
    }

    /// Counts an operator or a glyph.
    pub fn spend_operation(&mut self) -> Result<(), ExtractError> {
        self.spend_operations(1)
    }

    /// Counts a form that is drawn: it is looked up and unpacked each time.
    pub fn spend_form(&mut self, bytes: usize) -> Result<(), ExtractError> {
        const OPERATIONS: u64 = 500;
        self.spend_operations(OPERATIONS)?;
        self.spend_bytes(bytes)
    }

    fn spend_operations(&mut self, count: u64) -> Result<(), ExtractError> {
        match self.operations.checked_sub(count) {
            Some(left) => self.operations = left,
            None => return Err(too_much("its pages have more than 100 million operators")),
        }
        Ok(())
    }

    /// Counts the bytes of a content stream.
    pub fn spend_bytes(&mut self, bytes: usize) -> Result<(), ExtractError> {
        match self.bytes.checked_sub(bytes as u64) {
            Some(left) => self.bytes = left,
            None => return Err(too_much("its pages have more than 1 GB of content")),
        }
        Ok(())
    }
}

fn too_much(what: &str) -> ExtractError {
    ExtractError::new(format!("not read, since it may be made to exhaust the computer: {what}"))
}

/// Unpacks every compressed stream without keeping it and refuses a file in which one grows beyond all measure.
///
/// The reader of the objects unpacks without a limit, so this comes first. It sees Flate, also within Flate, as
/// damaged or malicious files use it; streams that are encrypted, or packed by a rarer method around Flate, pass.
///
/// # Errors
/// A stream of more than 384 MB, or all together of more than `budget` has left.
pub(super) fn check_streams(bytes: &[u8], budget: &mut Budget) -> Result<(), ExtractError> {
    let mut at = 0;
    while let Some(found) = find(bytes, at, b"stream") {
        at = found + b"stream".len();
        if bytes[..found].ends_with(b"end") {
            continue;
        }
        let data = &bytes[at..];
        let data = data.strip_prefix(b"\r\n").or_else(|| data.strip_prefix(b"\n")).unwrap_or(data);
        if !looks_packed(data) {
            continue;
        }
        let (size, used) = unpacked_size(data, MAX_LAYERS);
        if size > MAX_STREAM_BYTES {
            return Err(too_much("a stream in it unpacks to more than 384 MB"));
        }
        // Pictures are not unpacked.
        if !is_image(&bytes[..found]) {
            if size > budget.left() {
                return Err(too_much("its streams unpack to more than any text needs"));
            }
            budget.spend(size);
        }
        // What was unpacked holds no other stream.
        at += used;
    }
    Ok(())
}

fn find(bytes: &[u8], from: usize, word: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes.get(from..)?, word).map(|at| from + at)
}

/// Whether the dictionary that ends here is that of a picture, which is never unpacked.
fn is_image(before: &[u8]) -> bool {
    let dictionary = &before[before.len().saturating_sub(2048)..];
    let start = memchr::memmem::rfind(dictionary, b"obj").unwrap_or(0);
    memchr::memmem::find(&dictionary[start..], b"/Image").is_some()
}

/// Whether data begin with the two bytes of a zlib stream (RFC 1950).
fn looks_packed(data: &[u8]) -> bool {
    matches!(data, [first, second, ..] if first & 0x0F == 8
        && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31))
}

/// How many bytes packed data make, as far as the limit, and how many bytes were read for them.
fn unpacked_size(data: &[u8], layers: u32) -> (u64, usize) {
    let mut unpacker = Decompress::new(true);
    let mut buffer = vec![0; 64 * 1024];
    let mut inner: Option<Inner> = None;
    loop {
        let (before_in, before_out) = (unpacker.total_in() as usize, unpacker.total_out());
        let Some(rest) = data.get(before_in..) else {
            break;
        };
        let status = unpacker.decompress(rest, &mut buffer, FlushDecompress::None);
        let made = (unpacker.total_out() - before_out) as usize;
        let piece = &buffer[..made.min(buffer.len())];
        if before_out == 0 && looks_packed(piece) && layers > 1 {
            inner = Some(Inner::new(layers - 1));
        }
        if let Some(inner) = &mut inner {
            inner.push(piece);
        }
        let size = unpacker.total_out().max(inner.as_ref().map_or(0, |inner| inner.size));
        let stuck = made == 0 && unpacker.total_in() as usize == before_in;
        if size > MAX_STREAM_BYTES || stuck || !matches!(status, Ok(Status::Ok | Status::BufError)) {
            return (size, unpacker.total_in() as usize);
        }
    }
    (unpacker.total_out(), data.len())
}

/// Packed data within packed data, measured as they come.
struct Inner {
    unpacker: Decompress,
    inner: Option<Box<Inner>>,
    layers: u32,
    size: u64,
    done: bool,
}

impl Inner {
    fn new(layers: u32) -> Inner {
        Inner { unpacker: Decompress::new(true), inner: None, layers, size: 0, done: false }
    }

    fn push(&mut self, mut data: &[u8]) {
        let mut buffer = vec![0; 64 * 1024];
        while !data.is_empty() && !self.done && self.size <= MAX_STREAM_BYTES {
            let (before_in, before_out) = (self.unpacker.total_in(), self.unpacker.total_out());
            let status = self.unpacker.decompress(data, &mut buffer, FlushDecompress::None);
            let (read, made) = (
                (self.unpacker.total_in() - before_in) as usize,
                (self.unpacker.total_out() - before_out) as usize,
            );
            let piece = &buffer[..made.min(buffer.len())];
            if before_out == 0 && looks_packed(piece) && self.layers > 1 {
                self.inner = Some(Box::new(Inner::new(self.layers - 1)));
            }
            if let Some(inner) = &mut self.inner {
                inner.push(piece);
            }
            self.size = self.unpacker.total_out().max(self.inner.as_ref().map_or(0, |inner| inner.size));
            data = data.get(read..).unwrap_or_default();
            self.done = (read == 0 && made == 0) || !matches!(status, Ok(Status::Ok | Status::BufError));
        }
    }
}
