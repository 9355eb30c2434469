//! Dividing a collection among processes that know nothing of each other: each takes the documents of one part.
//!
//! A document belongs to the part that a hash of its id names. So parts have no document in common, all of them together have
//! every document, and a document stays in its part whatever is added beside it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Into how many parts a collection can be divided.
const MOST_PARTS: u32 = 100_000;

/// One part of a collection, written `3/16`: the third of sixteen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Part {
    /// Counted from 1.
    number: u32,
    of: u32,
}

impl Part {
    /// Whether a document is in this part: where the first eight bytes of the BLAKE3 hash of its id, as a little-endian number,
    /// leave the part's number less one when divided by the number of parts.
    pub fn holds(self, document: &str) -> bool {
        short_hash(document) % u64::from(self.of) == u64::from(self.number - 1)
    }

    /// Whether it is all there is.
    pub fn is_whole(self) -> bool {
        self.of == 1
    }

    /// How a file is called in what this part writes. Several parts may read documents from one file, and none may remove what
    /// another wrote.
    pub fn source(self, key: &str) -> String {
        format!("{self}:{key}")
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Part {
    type Err = String;

    /// Reads `3/16`.
    ///
    /// # Errors
    /// Says what is wrong with the numbers.
    fn from_str(text: &str) -> Result<Part, String> {
        let wrong = || format!("\"{text}\" is no part; write the number of the part and of all parts: 3/16");
        let (number, of) = text.trim().split_once('/').ok_or_else(wrong)?;
        let read = |digits: &str| -> Result<u32, String> {
            let digits = digits.trim();
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| is_number).ok_or_else(wrong)
        };
        let (number, of) = (read(number)?, read(of)?);
        if of == 0 || of > MOST_PARTS {
            return Err(format!("\"{text}\": there can be 1 to {MOST_PARTS} parts"));
        }
        if number == 0 || number > of {
            return Err(format!("\"{text}\": parts are counted from 1 to {of}"));
        }
        Ok(Part { number, of })
    }
}

impl TryFrom<String> for Part {
    type Error = String;

    fn try_from(text: String) -> Result<Part, String> {
        text.parse()
    }
}

impl From<Part> for String {
    fn from(part: Part) -> String {
        part.to_string()
    }
}

/// A short hash of a text, such as an id, the same on every machine and in every version.
pub fn short_hash(text: &str) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&blake3::hash(text.as_bytes()).as_bytes()[..8]);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_in_one_part_and_stays_there() {
        for of in [1, 2, 3, 16] {
            let parts: Vec<Part> = (1..=of).map(|number| format!("{number}/{of}").parse().unwrap()).collect();
            let mut sizes = vec![0; parts.len()];
            for document in 0..1_600 {
                let id = format!("cartella/documento-{document}");
                let holders: Vec<usize> = (0..parts.len()).filter(|&at| parts[at].holds(&id)).collect();
                assert_eq!(holders.len(), 1, "{id}");
                sizes[holders[0]] += 1;
            }
            let fair = 1_600 / sizes.len();
            assert!(sizes.iter().all(|&size| size > fair / 2 && size < fair * 2), "{sizes:?}");
        }
        // What is in the field: another division would part indexes from their sources.
        let part: Part = "13/16".parse().unwrap();
        assert!(part.holds("oim-italia/stocktaking-puerto-vallarta"));
    }

    #[test]
    fn parts_are_read_as_they_are_written() {
        let part: Part = " 3 / 16 ".parse().unwrap();
        assert_eq!(part.to_string(), "3/16");
        assert_eq!(serde_json::from_str::<Part>("\"3/16\"").unwrap(), part);
        for text in ["", "3", "3/", "/16", "0/16", "17/16", "1/0", "-1/4", "+1/4", "1/4/4", "a/b", "1/100001"]
        {
            assert!(text.parse::<Part>().is_err(), "{text}");
            assert!(serde_json::from_str::<Part>(&format!("{text:?}")).is_err(), "{text}");
        }
    }
}
