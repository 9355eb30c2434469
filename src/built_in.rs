//! The taxonomy and the glossary that are built into the program.

use crate::glossary::{self, Glossary};
use crate::taxonomy::{Taxonomy, TaxonomyError};

/// The file that the taxonomy comes from.
pub const TAXONOMY: &str = include_str!("../corpus/taxonomy.toml");

/// Its schemes and concepts as tables: `build.rs` makes them of the file.
const OUTLINE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/taxonomy.outline"));

/// Its terms as tables.
const FILLING: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/taxonomy.tables"));

/// The glossary as tables.
const GLOSSARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/glossary.tables"));

impl Taxonomy {
    /// The taxonomy that is built into the program.
    ///
    /// # Errors
    /// None in a program that could be compiled: compiling it reads the file.
    pub fn built_in() -> Result<Taxonomy, TaxonomyError> {
        let mut taxonomy = Taxonomy::built_in_outline()?;
        if taxonomy.fill(FILLING) { Ok(taxonomy) } else { Taxonomy::parse(TAXONOMY) }
    }

    /// The schemes and concepts of the built-in taxonomy without its terms: what a query needs to know of it.
    ///
    /// # Errors
    /// As [`Taxonomy::built_in`].
    pub fn built_in_outline() -> Result<Taxonomy, TaxonomyError> {
        Taxonomy::read_outline(OUTLINE).map_or_else(|| Taxonomy::parse(TAXONOMY), Ok)
    }
}

impl Glossary {
    /// The glossary that is built into the program.
    ///
    /// # Errors
    /// None in a program that could be compiled: compiling it reads the file.
    pub fn built_in() -> Result<Glossary, String> {
        Glossary::read(GLOSSARY).map_or_else(|| Glossary::parse(glossary::BUILT_IN), Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::tokenize;
    use crate::document::Language;

    #[test]
    fn the_tables_are_those_of_the_file() {
        let read = Taxonomy::built_in().unwrap();
        let parsed = Taxonomy::parse(TAXONOMY).unwrap();
        let outline = Taxonomy::read_outline(OUTLINE).unwrap();
        assert_eq!(outline.outline(), parsed.outline());
        assert_eq!(read.fingerprint, parsed.fingerprint);
        for language in Language::ANALYSED {
            assert_eq!(read.vocabulary(language), parsed.vocabulary(language));
            assert!(read.vocabulary(language).len() > 1_000);
        }
        assert_eq!((outline.schemes, outline.concepts), (parsed.schemes, parsed.concepts));
    }

    #[test]
    fn the_glossary_is_that_of_the_file() {
        let parsed = Glossary::parse(glossary::BUILT_IN).unwrap();
        let read = Glossary::read(GLOSSARY).unwrap();
        assert_eq!(read.tables(), parsed.tables());
        for query in ["la tratta di esseri umani", "family reunification", "les envois de fonds", "niente"] {
            let tokens = tokenize(query);
            assert_eq!(read.translations(&tokens), parsed.translations(&tokens));
        }
        assert!(Glossary::read(&GLOSSARY[..GLOSSARY.len() / 2]).is_none());
    }

    #[test]
    fn a_part_of_the_tables_is_no_taxonomy() {
        let mut taxonomy = Taxonomy::built_in_outline().unwrap();
        assert!(!taxonomy.fill(&FILLING[..FILLING.len() / 2]));
        assert!(!taxonomy.fill(&[]));
        for end in (0..OUTLINE.len()).step_by(97) {
            assert!(Taxonomy::read_outline(&OUTLINE[..end]).is_none());
        }
    }
}
