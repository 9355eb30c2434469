//! What families of words mean, as vectors: words that are used alike lie close together, in all languages.
//!
//! So a word that no labelled passage has still tells something, by the words that it is near to. The vectors are data
//! (`corpus/word-vectors.txt`, made by `examples/word_vectors.py`): a line for each family with its name and a printable
//! ASCII character for each dimension.

/// The vectors that are built into the program.
const BUILT_IN_VECTORS: &str = include_str!("../../corpus/word-vectors.txt");

/// How many numbers a vector has.
pub const VECTOR_LENGTH: usize = 48;
/// The character that stands for 0.
const ZERO: u8 = b'P';
/// How many characters stand above the one for 0: the last of them stands for 1.
const STEPS: f32 = 46.0;

/// Passages' meanings in a file go in steps of this, as their numbers are larger.
const STEPS_OF_MEANINGS: f32 = 16.0;

/// Of how many families of words a text says enough that its meaning counts in full.
const TELLING: usize = 16;

/// What a passage means: the sum of the vectors of its families of words, each taken once, over the square root of how
/// many they are, so that long passages do not outweigh short ones.
pub type Meaning = [f32; VECTOR_LENGTH];

/// The vector of a family, in steps of 1/46. The rarer a family, the longer it is.
pub(super) type Vector = [i8; VECTOR_LENGTH];

/// All families that have a vector, in the order of the file.
pub(super) fn built_in() -> impl Iterator<Item = (&'static str, Vector)> {
    BUILT_IN_VECTORS.lines().filter_map(read)
}

/// What tells these vectors from others: the model is trained for one set.
pub fn vectors_fingerprint() -> String {
    blake3::hash(BUILT_IN_VECTORS.as_bytes()).to_hex()[..16].to_owned()
}

/// Reads the meaning of a passage as `examples/word_vectors.py` writes it: the numbers without a name.
pub fn parse_meaning(line: &str) -> Option<Meaning> {
    numbers(line).map(|steps| steps.map(|step| f32::from(step) / STEPS_OF_MEANINGS))
}

fn read(line: &str) -> Option<(&str, Vector)> {
    let (family, characters) = line.split_once(' ')?;
    Some((family, numbers(characters)?))
}

fn numbers(characters: &str) -> Option<Vector> {
    let characters: &[u8; VECTOR_LENGTH] = characters.as_bytes().try_into().ok()?;
    Some(characters.map(|character| character.wrapping_sub(ZERO) as i8))
}

/// The meaning of a passage with these vectors.
pub(super) fn meaning<'v>(vectors: impl Iterator<Item = &'v Vector>) -> Meaning {
    let mut sums = [0i32; VECTOR_LENGTH];
    let mut count = 0;
    for vector in vectors {
        count += 1;
        for (sum, &number) in sums.iter_mut().zip(vector) {
            *sum += i32::from(number);
        }
    }
    let share = share_of_each(count);
    sums.map(|sum| sum as f32 * share)
}

/// What a step of the vector of one family counts in the meaning of a passage with vectors of so many families.
pub(super) fn share_of_each(count: usize) -> f32 {
    1.0 / (STEPS * (count.max(1) as f32).sqrt())
}

/// How much of its full share the meaning of a text has that has so many words with a vector. A sentence of a few words
/// says little by their mere kinship with others, and what it names says the more.
pub(super) fn fullness(count: usize) -> f32 {
    (count as f32 / TELLING as f32).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_but_the_notes_is_a_vector() {
        let (mut before, mut families) = ("", 0);
        for line in BUILT_IN_VECTORS.lines().filter(|line| !line.starts_with('#')) {
            let Some((family, vector)) = read(line) else {
                panic!("no vector: {line}");
            };
            assert!(before < family, "{family} stands after {before}");
            assert!(vector.iter().all(|number| (-46..=46).contains(number)), "{line}");
            (before, families) = (family, families + 1);
        }
        assert!(families > 5_000);
    }

    #[test]
    fn meaning_does_not_grow_with_the_text() {
        let one: Vector = std::array::from_fn(|at| at as i8);
        let of = |count: usize| meaning(std::iter::repeat_n(&one, count))[46];
        assert_eq!(of(4), 2.0);
        assert_eq!(of(64), 8.0);
        assert_eq!(meaning(std::iter::empty()), [0.0; VECTOR_LENGTH]);
    }

    #[test]
    fn meaning_counts_more_the_more_words_there_are() {
        assert_eq!(fullness(0), 0.0);
        assert_eq!(fullness(4), 0.25);
        assert_eq!(fullness(16), 1.0);
        assert_eq!(fullness(200), 1.0);
    }
}
