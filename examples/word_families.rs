//! Prints the word families of labelled passages, a JSON object for each: what `examples/word_vectors.py` reads.
//!
//! ```text
//! cargo run --release --example word_families tests/gold/train.jsonl > families.jsonl
//! ```

use std::env;
use std::error::Error;
use std::fs;

use gcm_search::eval::LabelledPassage;
use gcm_search::tagger::{Model, Tagger};
use gcm_search::taxonomy::Taxonomy;

fn main() -> Result<(), Box<dyn Error>> {
    let taxonomy = Taxonomy::built_in()?;
    let tagger = Tagger::new(&taxonomy, &Model::default());
    for path in env::args().skip(1) {
        for line in fs::read_to_string(&path)?.lines() {
            let passage: LabelledPassage = serde_json::from_str(line)?;
            let language = passage.lang.ok_or("a passage without lang")?;
            let families = tagger.word_families(&passage.text, language);
            println!("{}", serde_json::json!({ "text": passage.text, "families": families }));
        }
    }
    Ok(())
}
