//! Letters in common: how many runs of four letters the words of a query share with those of a passage.
//!
//! Derived words (*costruito, costruzione, costruttore*) and compounds share more letters than a stem or a beginning
//! can tell. Runs of letters find them, as they find misspelt words (McNamee and Mayfield 2004, *Character n-gram
//! tokenization for European language text retrieval*). They would take as much room in an index as everything else
//! together, so they are counted only in the few passages that stand first already, and how rare a run is, is told from
//! these few alone: what most of them have does not tell them apart.

use std::collections::HashMap;

use crate::analysis::Token;

/// How many bytes a run has. Folded words of European languages have a byte for a letter.
const RUN: usize = 4;
/// What stands for the ends of a word, so that beginnings and endings are runs of their own.
const EDGE: u8 = b' ';

type Run = [u8; RUN];

/// How much more of the letters of `words` each passage has than the others: the BM25 score of the runs with the
/// parameters `k1` and `b`, in the order of `passages`. Words are folded.
pub(super) fn letters_in_common(words: &[&str], passages: &[Vec<Token>], k1: f64, b: f64) -> Vec<f64> {
    let mut asked: HashMap<Run, usize> = HashMap::new();
    for word in words {
        each_run(word, |run| {
            let next = asked.len();
            asked.entry(run).or_insert(next);
        });
    }
    let mut with = vec![0u32; asked.len()];
    let mut counts = vec![0u32; asked.len()];
    let mut counted: Vec<(Vec<(usize, u32)>, f64)> = Vec::with_capacity(passages.len());
    for tokens in passages {
        let mut length = 0.0;
        for token in tokens {
            each_run(&token.text, |run| {
                length += 1.0;
                if let Some(&at) = asked.get(&run) {
                    counts[at] += 1;
                }
            });
        }
        let mut met = Vec::new();
        for (at, count) in counts.iter_mut().enumerate().filter(|(_, count)| **count > 0) {
            with[at] += 1;
            met.push((at, std::mem::take(count)));
        }
        counted.push((met, length));
    }
    let all = passages.len() as u64;
    let average = counted.iter().map(|(_, length)| length).sum::<f64>() / (all as f64).max(1.0);
    let rarity: Vec<f64> = with.into_iter().map(|with| super::ranking::idf(u64::from(with), all)).collect();
    counted
        .into_iter()
        .map(|(met, length)| {
            let norm = k1 * (1.0 - b + b * length / average);
            met.into_iter()
                .map(|(at, count)| {
                    let count = f64::from(count);
                    rarity[at] * count * (k1 + 1.0) / (count + norm)
                })
                .sum()
        })
        .collect()
}

/// Hands over the runs of a word; one that is shorter has one run, filled up.
fn each_run(word: &str, mut each: impl FnMut(Run)) {
    let mut run = [EDGE; RUN];
    let mut filled = 1;
    for byte in word.bytes().chain([EDGE]) {
        if filled < RUN {
            run[filled] = byte;
            filled += 1;
        } else {
            run.rotate_left(1);
            run[RUN - 1] = byte;
        }
        if filled == RUN {
            each(run);
        }
    }
    if filled < RUN {
        each(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::tokenize;

    fn runs(word: &str) -> Vec<String> {
        let mut out = Vec::new();
        each_run(word, |run| out.push(String::from_utf8_lossy(&run).into_owned()));
        out
    }

    #[test]
    fn runs_of_words() {
        assert_eq!(runs("ente"), [" ent", "ente", "nte "]);
        assert_eq!(runs("re"), [" re "]);
        assert_eq!(runs("a"), [" a  "]);
    }

    #[test]
    fn derived_words_share_letters() {
        let passages = ["la costruzione del ponte", "la costanza del conte", "un altro ponte"].map(tokenize);
        let scores = letters_in_common(&["costruito"], &passages, 0.8, 0.75);
        assert!(scores[0] > scores[1] && scores[1] > scores[2], "{scores:?}");
        assert_eq!(scores[2], 0.0);
    }

    #[test]
    fn what_all_have_tells_least() {
        let passages = ["il ponte nuovo", "il ponte vecchio", "il ponte storto"].map(tokenize);
        let by_common = letters_in_common(&["ponte"], &passages, 0.8, 0.75)[1];
        let by_rare = letters_in_common(&["vecchio"], &passages, 0.8, 0.75)[1];
        assert!(by_common < by_rare / 4.0, "{by_common} {by_rare}");
    }

    #[test]
    fn of_nothing_comes_nothing() {
        assert_eq!(letters_in_common(&["ponte"], &[], 0.8, 0.75), Vec::<f64>::new());
        assert_eq!(letters_in_common(&[], &[tokenize("ponte"), Vec::new()], 0.8, 0.75), [0.0, 0.0]);
    }
}
