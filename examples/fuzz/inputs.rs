//! What is tried with inputs that people write: queries, batches, taxonomies, corrections and descriptions of documents.
//!
//! Shared by the runner of this example and the targets for cargo-fuzz in `fuzz/`.

// Each target takes its own part.
#![allow(dead_code)]

use std::sync::OnceLock;

use gcm_search::batch::input::Queries;
use gcm_search::corpus::{self, METADATA_FILE, Source};
use gcm_search::glossary::{BUILT_IN, Glossary};
use gcm_search::overrides::Overrides;
use gcm_search::query::plan::{Clause, PlanOptions, Planner};
use gcm_search::query::syntax::Occur;
use gcm_search::taxonomy::Taxonomy;

/// More words of a query are never looked up.
const MOST_WORDS: usize = 128;

struct Known {
    taxonomy: Taxonomy,
    glossary: Glossary,
}

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| Known {
        taxonomy: Taxonomy::built_in().expect("the built-in taxonomy"),
        glossary: Glossary::parse(BUILT_IN).expect("the built-in glossary"),
    })
}

/// From parsing to planning: every word that a clause names is there, and nothing grows with the length of the query.
pub fn query(text: &str) {
    let Known { taxonomy, glossary } = known();
    let mut planner = Planner::new(taxonomy, glossary);
    for all in [false, true] {
        let options = PlanOptions { all, concepts: true, ..PlanOptions::default() };
        let plan = planner.plan(text, options.clone());
        assert!(
            plan.words.len() <= MOST_WORDS + plan.translations.len() * 8 + 64,
            "{} words",
            plan.words.len()
        );
        let (mut expansions, mut parts) = (0, 0);
        count(&plan.clauses, plan.words.len(), &mut expansions, &mut parts);
        assert!(expansions <= 16, "{expansions} expansions");
        assert!(parts <= 64, "{parts} phrases and filters");
        assert!(plan == planner.plan(text, options), "another plan of the same query");
    }
}

fn count(clauses: &[(Occur, Clause)], words: usize, expansions: &mut usize, parts: &mut usize) {
    for (_, clause) in clauses {
        match clause {
            Clause::Word(index) | Clause::StrictWord(index) | Clause::InHead(index) => {
                assert!(*index < words)
            }
            Clause::Near(indices, _) => {
                *parts += 1;
                assert!(indices.iter().all(|index| *index < words));
            }
            Clause::Phrase(forms) => {
                *parts += 1;
                assert!((1..=MOST_WORDS).contains(&forms.len()));
            }
            Clause::Prefix(_) | Clause::Fuzzy(..) => *expansions += 1,
            Clause::Filter(_) => *parts += 1,
            Clause::Bool(inner) => count(inner, words, expansions, parts),
        }
    }
}

/// A batch of queries in any form: each line is a query or an error that names it, in order.
pub fn batch(bytes: &[u8]) {
    let Ok(queries) = Queries::open(bytes, None, &known().taxonomy) else {
        return;
    };
    let mut last = 0;
    let mut seen = 0;
    for line in queries {
        let Ok(line) = line else {
            return;
        };
        let number = match &line {
            Ok(asked) => {
                assert!(!asked.id.is_empty(), "a query without an id");
                asked.number
            }
            Err(bad) => {
                assert!(!bad.reason.is_empty(), "an error without a reason");
                bad.number
            }
        };
        assert!(number >= last, "line {number} after {last}");
        last = number;
        seen += 1;
        assert!(seen <= bytes.len() + 1, "more queries than bytes");
    }
}

/// A taxonomy: taken or refused with its line, and the same text is the same taxonomy.
pub fn taxonomy(text: &str) {
    match Taxonomy::parse(text) {
        Ok(taxonomy) => {
            let again = Taxonomy::parse(text).expect("it was taken before");
            assert_eq!(taxonomy.fingerprint, again.fingerprint);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Corrections by hand.
pub fn overrides(text: &str) {
    let files = [("overrides.toml".to_owned(), text.to_owned())];
    if let Err(message) = Overrides::parse(&files, &known().taxonomy) {
        assert!(message.contains("overrides.toml"), "no file in {message:?}");
    }
}

/// Descriptions of documents.
pub fn documents(text: &str) {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    for (name, text) in [(METADATA_FILE, text), ("a.txt", "I comuni.")] {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    if let Err(error) = corpus::find(&[Source::Path(folder.path().to_path_buf())], None) {
        assert!(error.message.contains(METADATA_FILE), "no file in {:?}", error.message);
    }
}
