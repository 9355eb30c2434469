//! TREC runs: `qid Q0 id rank score tag`, for trec_eval and its like.

use std::fmt::Write as _;
use std::io::Write;

use gcm_search::engine::Unit;
use gcm_search::search::Answer;

use crate::cli::Failure;

/// The last column: what made the run.
const TAG: &str = "gcm-search";
/// The id of a query that has none because it is the only one.
const ONLY_QUERY: &str = "1";

/// The hits of an answer, a line each.
///
/// Evaluation tools order by score, not by rank, and trec_eval keeps scores in single precision. So each score is printed
/// in that precision, and where two would be the same the later one is made the next smaller number: whatever orders by
/// score finds our order.
pub fn answer(out: &mut dyn Write, answer: &Answer, unit: Unit) -> Result<(), Failure> {
    let query = column(answer.id.as_deref().unwrap_or(ONLY_QUERY));
    let mut last = f32::INFINITY;
    for hit in &answer.hits {
        let id = match unit {
            Unit::Passage => &hit.passage,
            Unit::Document => &hit.document.id,
        };
        let mut score = hit.score as f32;
        if score >= last {
            score = last.next_down();
        }
        last = score;
        writeln!(out, "{query} Q0 {} {} {score} {TAG}", column(id), hit.rank)?;
    }
    Ok(())
}

/// An id as one column: white space, control characters and the percent sign are percent-encoded (RFC 3986, section
/// 2.1), everything else stands as it is.
pub fn column(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for c in id.chars() {
        if c.is_whitespace() || c.is_control() || c == '%' {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // A string takes everything.
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_one_column() {
        assert_eq!(column("oim-italia/città#4"), "oim-italia/città#4");
        assert_eq!(column("nota 1\u{a0}50%\tx"), "nota%201%C2%A050%25%09x");
    }
}
