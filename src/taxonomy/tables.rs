//! Tables of numbers as bytes: how the built-in vocabularies are kept in the program.

/// A row of a table: a fixed count of numbers.
pub(super) trait Row: Sized {
    /// How many numbers a row has.
    const WIDTH: usize;

    /// Appends the numbers of a row.
    fn write(&self, out: &mut Vec<u32>);

    /// The row of these numbers, as many as it has or more.
    fn read(from: &[u32]) -> Self;
}

impl Row for u32 {
    const WIDTH: usize = 1;

    fn write(&self, out: &mut Vec<u32>) {
        out.push(*self);
    }

    fn read(from: &[u32]) -> u32 {
        from[0]
    }
}

/// Writes texts and tables one after the other. Numbers are little-endian.
#[derive(Default)]
pub(super) struct Writer {
    /// What was written.
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    fn number(&mut self, number: u32) {
        self.bytes.extend(number.to_le_bytes());
    }

    /// Writes a text, with its length before it.
    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u32);
        self.bytes.extend(text.as_bytes());
    }

    /// Writes a table, with its length before it.
    pub(super) fn table<R: Row>(&mut self, rows: &[R]) {
        let mut numbers = Vec::with_capacity(rows.len() * R::WIDTH);
        for row in rows {
            row.write(&mut numbers);
        }
        self.number(rows.len() as u32);
        for number in numbers {
            self.number(number);
        }
    }
}

/// Reads what a [`Writer`] wrote; nothing comes of bytes that end too soon.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads these bytes from the first on.
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes }
    }

    fn length(&mut self) -> Option<usize> {
        let (number, rest) = self.bytes.split_first_chunk::<4>()?;
        self.bytes = rest;
        usize::try_from(u32::from_le_bytes(*number)).ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    /// Reads a text.
    pub(super) fn text(&mut self) -> Option<String> {
        let length = self.length()?;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    }

    /// Reads a table.
    pub(super) fn table<R: Row>(&mut self) -> Option<Vec<R>> {
        let length = self.length()?;
        let bytes = self.take(length.checked_mul(4 * R::WIDTH)?)?;
        let mut row = vec![0u32; R::WIDTH];
        Some(
            bytes
                .chunks_exact(4 * R::WIDTH)
                .map(|bytes| {
                    for (number, bytes) in row.iter_mut().zip(bytes.as_chunks::<4>().0) {
                        *number = u32::from_le_bytes(*bytes);
                    }
                    R::read(&row)
                })
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        writer.text("città");
        writer.table(&[7u32, u32::MAX]);
        writer.table::<u32>(&[]);
        let mut reader = Reader::new(&writer.bytes);
        assert_eq!(reader.text().as_deref(), Some("città"));
        assert_eq!(reader.table::<u32>(), Some(vec![7, u32::MAX]));
        assert_eq!(reader.table::<u32>(), Some(Vec::new()));
        assert_eq!(reader.text(), None);
    }

    #[test]
    fn of_a_part_nothing_is_read() {
        let mut writer = Writer::default();
        writer.table(&[1u32, 2, 3]);
        for end in 0..writer.bytes.len() {
            assert_eq!(Reader::new(&writer.bytes[..end]).table::<u32>(), None);
        }
    }
}
