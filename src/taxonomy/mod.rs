//! The concept scheme: dimensions, actors and whatever else passages are tagged with, read from a
//! TOML file that a person who does not program can edit.

mod file;
mod scheme;
mod terms;
mod vocabulary;

pub use file::TaxonomyError;
pub use scheme::{Concept, Labels, Scheme, Taxonomy, Weight};
pub use vocabulary::{Candidate, Role, Sentence, Vocabulary, Word, sieve};
