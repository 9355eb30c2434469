//! Texts and tables of numbers as bytes: how what is built into the program is kept in it, so that it is read by copying.

/// A row of a table: a fixed count of numbers.
pub(crate) trait Row: Sized {
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
pub(crate) struct Writer {
    /// What was written.
    pub(crate) bytes: Vec<u8>,
}

impl Writer {
    fn number(&mut self, number: u32) {
        self.bytes.extend(number.to_le_bytes());
    }

    /// Writes a text, with its length before it.
    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len() as u32);
        self.bytes.extend(text.as_bytes());
    }

    /// Writes texts, with their number before them.
    pub(crate) fn texts<'t>(&mut self, texts: impl ExactSizeIterator<Item = &'t str>) {
        self.number(texts.len() as u32);
        for text in texts {
            self.text(text);
        }
    }

    /// Writes lists of numbers, with their number before them.
    pub(crate) fn lists<'t>(&mut self, lists: impl ExactSizeIterator<Item = &'t [u32]>) {
        self.number(lists.len() as u32);
        for list in lists {
            self.table(list);
        }
    }

    /// Writes a table, with its length before it.
    pub(crate) fn table<R: Row>(&mut self, rows: &[R]) {
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
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads these bytes from the first on.
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
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
    pub(crate) fn text(&mut self) -> Option<String> {
        let length = self.length()?;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    }

    /// Reads texts.
    pub(crate) fn texts(&mut self) -> Option<Vec<String>> {
        (0..self.length()?).map(|_| self.text()).collect()
    }

    /// Reads lists of numbers.
    pub(crate) fn lists(&mut self) -> Option<Vec<Vec<u32>>> {
        (0..self.length()?).map(|_| self.table()).collect()
    }

    /// Reads a table.
    pub(crate) fn table<R: Row>(&mut self) -> Option<Vec<R>> {
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
        writer.texts(["uno", ""].into_iter());
        writer.lists([&[1u32, 2][..], &[]].into_iter());
        let mut reader = Reader::new(&writer.bytes);
        assert_eq!(reader.text().as_deref(), Some("città"));
        assert_eq!(reader.table::<u32>(), Some(vec![7, u32::MAX]));
        assert_eq!(reader.table::<u32>(), Some(Vec::new()));
        assert_eq!(reader.texts(), Some(vec!["uno".to_owned(), String::new()]));
        assert_eq!(reader.lists(), Some(vec![vec![1, 2], vec![]]));
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
