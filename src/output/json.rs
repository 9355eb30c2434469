//! JSON for scripts.

use std::io::Write;

use gcm_search::search::Answer;
use serde::Serialize;

use crate::cli::Failure;

/// One object and a newline.
pub fn line(out: &mut dyn Write, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// The whole answer as one object.
pub fn answer(out: &mut dyn Write, answer: &Answer) -> Result<(), Failure> {
    line(out, answer)
}

/// Each hit as an object of its own.
pub fn hits(out: &mut dyn Write, answer: &Answer) -> Result<(), Failure> {
    for hit in &answer.hits {
        line(out, hit)?;
    }
    Ok(())
}
