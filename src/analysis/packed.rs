//! Short words as numbers: tables of words are asked for every word of every text, and numbers are hashed and compared in a
//! few steps.

/// How many bytes a word has at most that can be packed.
const LONGEST: usize = 15;

/// The bytes of a short word as one number, with their count in the last place so that no two words have the same.
pub(crate) fn packed(word: &[u8]) -> Option<u128> {
    let mut bytes = [0; LONGEST + 1];
    bytes.get_mut(..word.len()).filter(|_| word.len() <= LONGEST)?.copy_from_slice(word);
    bytes[LONGEST] = word.len() as u8;
    Some(u128::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_differ_have_different_numbers() {
        let words: [&[u8]; 7] = [b"", b"\0", b"a", b"a\0", b"aa", b"una", b"constituidas123"];
        for (at, one) in words.iter().enumerate() {
            for (other_at, other) in words.iter().enumerate() {
                assert_eq!(packed(one) == packed(other), at == other_at, "{one:?} {other:?}");
            }
        }
        assert_eq!(packed(b"sedici caratteri"), None);
    }
}
