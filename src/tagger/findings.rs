//! What the terms of the taxonomy find in a passage.

use crate::taxonomy::Weight;

/// What was found of one concept in one passage.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    pub(super) hits: Vec<Hit>,
    /// Distinct strong, medium and weak patterns.
    pub(super) strong: usize,
    pub(super) medium: usize,
    pub(super) weak: usize,
    /// The sum of the weights of its distinct patterns, at most 3.
    pub(super) mass: f32,
}

#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub(super) pattern: u32,
    pub(super) weight: Weight,
    pub(super) start: usize,
    pub(super) end: usize,
}

pub(super) fn worth(weight: Weight) -> f32 {
    match weight {
        Weight::Strong => 1.0,
        Weight::Medium => 0.6,
        Weight::Weak => 0.25,
    }
}

impl Findings {
    pub(super) fn new(hits: Vec<Hit>) -> Findings {
        let mut found = Findings::default();
        let mut patterns: Vec<u32> = Vec::new();
        for hit in &hits {
            if patterns.contains(&hit.pattern) {
                continue;
            }
            patterns.push(hit.pattern);
            found.mass += worth(hit.weight);
            match hit.weight {
                Weight::Strong => found.strong += 1,
                Weight::Medium => found.medium += 1,
                Weight::Weak => found.weak += 1,
            }
        }
        found.mass = found.mass.min(3.0);
        found.hits = hits;
        found
    }
}

/// The longest of overlapping hits; of equally long ones the stronger.
pub(super) fn longest(mut hits: Vec<Hit>) -> Vec<Hit> {
    if hits.len() < 2 {
        return hits;
    }
    hits.sort_by(|one, other| {
        (other.end - other.start)
            .cmp(&(one.end - one.start))
            .then(other.weight.cmp(&one.weight))
            .then(one.start.cmp(&other.start))
            .then(one.pattern.cmp(&other.pattern))
    });
    let mut kept: Vec<Hit> = Vec::new();
    for hit in hits {
        if !kept.iter().any(|other| hit.start < other.end && other.start < hit.end) {
            kept.push(hit);
        }
    }
    kept.sort_by_key(|hit| hit.start);
    kept
}
