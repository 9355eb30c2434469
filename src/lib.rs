//! Full-text search over documents about the Global Compact for Migration and the work of IOM,
//! with Italian done right.
//!
//! The map of the crate, in the order in which a document passes through it:
//!
//! - [`document`]: the words that everything else speaks.
//! - [`corpus`] finds files, [`extract`] turns their bytes into blocks, [`segment`] divides these into passages with
//!   their numbered paragraphs, [`language`] tells what they are written in.
//! - [`taxonomy`] holds dimensions and actors ([`built_in`]: those of the program), [`tagger`] finds them in passages and says why, [`overrides`] are
//!   corrections by hand.
//! - [`analysis`] turns text into terms, for the index and for queries alike.
//! - [`query`] reads what a user types and plans it, with words that [`glossary`] lends it in other languages;
//!   [`engine`] keeps the index and answers plans.
//! - [`indexer`] brings an index up to date, or one [`partition`] of it, from documents or from [`analysed`] passages; [`search`] asks it and makes answers fit to show, limited by [`filters`].
//! - [`batch`] answers many queries in one go, [`matrix`] counts passages by two kinds of tags at once, [`compare`] says
//!   where a query is answered how often, [`coverage`] what documents speak of and what they leave out.
//! - [`ordered`] does work side by side and keeps the order of its results.
//! - [`fetch`] downloads documents.
//! - [`provenance`] says what a run was made with, [`status`] what is in an index.
//! - [`snippet`], [`suggest`] and [`eval`] help with showing, correcting and measuring.
//! - [`cite`] makes references of what was found, [`concordance`] shows each occurrence of a word.
//!
//! The library never prints, exits or reads the environment; the command line in `src/cli` does.

#![deny(clippy::expect_used, clippy::panic, clippy::unreachable, clippy::unwrap_used)]
#![warn(missing_docs)]

pub mod analysed;
pub mod analysis;
pub mod batch;
pub mod built_in;
pub mod cite;
pub mod compare;
pub mod concordance;
pub mod corpus;
pub mod coverage;
mod cues;
pub mod document;
pub mod engine;
pub mod eval;
pub mod extract;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod filters;
pub mod glossary;
pub mod indexer;
mod json_schema;
pub mod language;
pub mod matrix;
mod numbering;
pub mod ordered;
pub mod overrides;
pub mod partition;
pub mod provenance;
pub mod query;
pub mod search;
pub mod segment;
pub mod snippet;
pub mod status;
pub mod suggest;
mod tables;
pub mod tagger;
pub mod taxonomy;

/// The version of the Snowball stemmers, pinned in `Cargo.toml`; part of every index's fingerprint.
pub const STEMMER_VERSION: &str = "frostem-1.20260821.8";
