//! The taxonomy that is built into the program.

use crate::taxonomy::{Taxonomy, TaxonomyError};

/// The file that it comes from.
pub const TAXONOMY: &str = include_str!("../corpus/taxonomy.toml");

/// Its terms as tables and its fingerprint: `build.rs` makes them of the file.
const FILLING: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/taxonomy.tables"));

impl Taxonomy {
    /// The taxonomy that is built into the program.
    ///
    /// # Errors
    /// None in a program that could be compiled: compiling it reads the file.
    pub fn built_in() -> Result<Taxonomy, TaxonomyError> {
        let mut taxonomy = Taxonomy::parse_concepts(TAXONOMY)?;
        if taxonomy.fill(FILLING) { Ok(taxonomy) } else { Taxonomy::parse(TAXONOMY) }
    }

    /// The schemes and concepts of the built-in taxonomy without its terms: what a query needs to know of it.
    ///
    /// # Errors
    /// As [`Taxonomy::built_in`].
    pub fn built_in_outline() -> Result<Taxonomy, TaxonomyError> {
        let mut taxonomy = Taxonomy::parse_concepts(TAXONOMY)?;
        match Taxonomy::fingerprint_of(FILLING) {
            Some(fingerprint) => taxonomy.fingerprint = fingerprint,
            None => taxonomy = Taxonomy::parse(TAXONOMY)?,
        }
        Ok(taxonomy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Language;

    #[test]
    fn the_tables_are_those_of_the_file() {
        let read = Taxonomy::built_in().unwrap();
        let parsed = Taxonomy::parse(TAXONOMY).unwrap();
        assert_eq!(read.fingerprint, parsed.fingerprint);
        assert_eq!(Taxonomy::built_in_outline().unwrap().fingerprint, parsed.fingerprint);
        for language in Language::ANALYSED {
            assert_eq!(read.vocabulary(language), parsed.vocabulary(language));
            assert!(read.vocabulary(language).len() > 1_000);
        }
    }

    #[test]
    fn a_part_of_the_tables_is_no_taxonomy() {
        let mut taxonomy = Taxonomy::parse_concepts(TAXONOMY).unwrap();
        assert!(!taxonomy.fill(&FILLING[..FILLING.len() / 2]));
        assert!(!taxonomy.fill(&[]));
    }
}
