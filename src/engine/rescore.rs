//! The second look at the best passages: every term scored exactly and in a fixed order, and the
//! closeness of the query's words added.
//!
//! The first pass finds the best passages quickly by the sum of their terms' BM25 scores (Robertson and Zaragoza 2009).
//! Closeness only ever adds to a score, so no passage below the window could have risen into it
//! from further down than its own sum allows.

use std::collections::HashSet;

use super::lowering::{KnownTerm, LeafKind, ScoredLeaf};
use super::ranking::{Backend, Scored, idf};
use super::{Contribution, EngineError};
use crate::query::Plan;
use crate::query::plan::Field;

/// What is known of one passage while it is scored.
#[derive(Default, Clone)]
struct Draft {
    score: f64,
    contributions: Vec<Contribution>,
    /// For each word of the plan, where it stands.
    positions: Vec<Vec<u32>>,
}

/// Scores the passages that the first pass found, in their order; those of the `window` also by closeness. Says what made up
/// the scores only where it is to `explain` them.
pub(super) fn rescore<B: Backend>(
    backend: &B,
    top: &[(f32, B::Address)],
    leaves: &[ScoredLeaf<'_>],
    plan: &Plan,
    window: &HashSet<B::Address>,
    explain: bool,
) -> Result<Vec<Scored<B::Address>>, EngineError> {
    let pairs = pairs(plan);
    let mut drafts: Vec<Draft> =
        vec![Draft { positions: vec![Vec::new(); plan.words.len()], ..Draft::default() }; top.len()];
    let candidates = backend.candidates(top);
    let passages = backend.passages()?;
    let mut rarity = vec![0.0f64; plan.words.len()];
    let mut leaves = leaves.iter().peekable();
    while let Some(leaf) = leaves.next() {
        // A word by itself is the first of the forms of its lexeme, which the next leaf asks for: they are read together.
        let (own, leaf) = match leaves.next_if(|next| next.begins_with(leaf)) {
            Some(next) => (Some(leaf), next),
            None => (None, leaf),
        };
        let (field, terms) = match &leaf.kind {
            LeafKind::Concept(token) => {
                backend.carriers(&candidates, token, &mut |at| {
                    add(&mut drafts[at], leaf, f64::from(leaf.boost), explain);
                })?;
                continue;
            }
            LeafKind::Terms(field, terms) => (*field, terms),
        };
        let average = backend.average_length(field)?;
        let weigh = |terms: &[KnownTerm<'_>]| {
            let frequency = terms.iter().map(|term| term.frequency).sum::<u64>().min(passages);
            (frequency > 0).then(|| {
                let rarity = idf(frequency, passages);
                (rarity, Bm25::new(rarity, average, plan))
            })
        };
        let Some((rare, weight)) = weigh(terms) else {
            continue;
        };
        let own = own.and_then(|own| Some((own, weigh(&terms[..1])?.1)));
        if leaf.has_positions && leaf.word < rarity.len() {
            rarity[leaf.word] = rare;
        }
        let wants_positions = leaf.has_positions && field == Field::Exact && !pairs.is_empty();
        backend.occurrences(&candidates, field, terms, wants_positions, &mut |at, met| {
            let draft = &mut drafts[at];
            if wants_positions {
                draft.positions[leaf.word].extend(met.positions);
            }
            if met.first > 0
                && let Some((own, weight)) = &own
            {
                add(draft, own, f64::from(own.boost) * weight.score(met.length, met.first), explain);
            }
            add(draft, leaf, f64::from(leaf.boost) * weight.score(met.length, met.count), explain);
        })?;
    }
    Ok(top
        .iter()
        .zip(drafts)
        .map(|(&(_, address), mut draft)| {
            if window.contains(&address) {
                closeness(&mut draft, plan, &pairs, &rarity, explain);
            }
            if backend.is_primary(address) {
                let score = draft.score * (f64::from(plan.weights.primary) - 1.0);
                draft.score += score;
                if explain {
                    draft.contributions.push(Contribution {
                        word: "primary source".to_owned(),
                        by: "before documents that report on it".to_owned(),
                        score,
                    });
                }
            }
            Scored { address, score: draft.score, contributions: draft.contributions }
        })
        .collect())
}

/// BM25 (Robertson and Zaragoza 2009) with the parameters of the plan.
struct Bm25 {
    rarity: f64,
    average: f64,
    k1: f64,
    b: f64,
}

impl Bm25 {
    fn new(rarity: f64, average: f64, plan: &Plan) -> Bm25 {
        Bm25 {
            rarity: rarity.powf(f64::from(plan.weights.rarity)),
            average,
            k1: f64::from(plan.weights.k1),
            b: f64::from(plan.weights.b),
        }
    }

    /// The score of a term that stands `count` times in a field of `length` terms.
    fn score(&self, length: u32, count: u32) -> f64 {
        let count = f64::from(count);
        let norm = self.k1 * (1.0 - self.b + self.b * f64::from(length) / self.average);
        self.rarity * (self.k1 + 1.0) * count / (count + norm)
    }
}

fn add(draft: &mut Draft, leaf: &ScoredLeaf<'_>, score: f64, explain: bool) {
    draft.score += score;
    if explain {
        draft.contributions.push(Contribution { word: leaf.typed.to_string(), by: leaf.by(), score });
    }
}

/// How many places apart in the query words may be whose closeness in a passage counts.
const PAIR_REACH: usize = 3;

/// Words that stand near each other in the query, function words between them left out.
fn pairs(plan: &Plan) -> Vec<(usize, usize)> {
    if plan.weights.near <= 0.0 && plan.weights.far <= 0.0 {
        return Vec::new();
    }
    let words = plan.words.len();
    (0..words)
        .flat_map(|first| (first + 1..words.min(first + 1 + PAIR_REACH)).map(move |second| (first, second)))
        .filter(|&(first, second)| {
            // Words of one language: those of the query, or those of one translated term.
            let term = |index: usize| plan.words[index].translates.as_ref().map(|translated| translated.term);
            term(first) == term(second)
        })
        .collect()
}

/// Adds what words of the query that stand close together are worth: the more the rarer they are.
fn closeness(draft: &mut Draft, plan: &Plan, pairs: &[(usize, usize)], rarity: &[f64], explain: bool) {
    for positions in &mut draft.positions {
        positions.sort_unstable();
    }
    for &(one, other) in pairs {
        let Some(distance) = least_distance(&draft.positions[one], &draft.positions[other]) else {
            continue;
        };
        let mut bonus = 0.0;
        if distance <= plan.weights.near_distance {
            bonus += f64::from(plan.weights.near);
        }
        if distance <= plan.weights.far_distance {
            bonus += f64::from(plan.weights.far);
        }
        if bonus > 0.0 {
            let score = bonus * rarity[one].min(rarity[other]);
            draft.score += score;
            if !explain {
                continue;
            }
            draft.contributions.push(Contribution {
                word: format!("{} {}", plan.words[one].typed, plan.words[other].typed),
                by: format!("near each other, {distance} apart"),
                score,
            });
        }
    }
}

/// The least distance between a number of one sorted list and one of the other.
fn least_distance(one: &[u32], other: &[u32]) -> Option<u32> {
    let (mut i, mut j) = (0, 0);
    let mut least: Option<u32> = None;
    while let (Some(&a), Some(&b)) = (one.get(i), other.get(j)) {
        let distance = a.abs_diff(b);
        least = Some(least.map_or(distance, |l| l.min(distance)));
        if a < b {
            i += 1;
        } else {
            j += 1;
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::least_distance;

    #[test]
    fn least_distances() {
        assert_eq!(least_distance(&[1, 50], &[9, 47]), Some(3));
        assert_eq!(least_distance(&[], &[9]), None);
        assert_eq!(least_distance(&[5], &[5]), Some(0));
    }
}
