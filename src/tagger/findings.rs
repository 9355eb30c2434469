//! What the terms of the taxonomy find in a passage.

use crate::taxonomy::Weight;

/// What was found in one passage.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// By concept, then in the order of the text.
    hits: Vec<Hit>,
    of: Vec<Findings>,
}

/// What was found of one concept in one passage.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Findings {
    /// Its neighbours among the hits.
    first: usize,
    last: usize,
    /// Distinct strong, medium and weak patterns.
    pub(super) strong: usize,
    pub(super) medium: usize,
    pub(super) weak: usize,
    /// The sum of the weights of its distinct patterns, at most 3.
    pub(super) mass: f32,
}

/// A term of a concept, and the words of the passage that it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) concept: usize,
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

impl Found {
    /// What these hits are for so many concepts. Of overlapping hits of a concept the longest counts, of equally long ones
    /// the stronger.
    pub(super) fn new(concepts: usize, mut hits: Vec<Hit>) -> Found {
        hits.sort_unstable_by(|one, other| {
            (one.concept.cmp(&other.concept))
                .then((other.end - other.start).cmp(&(one.end - one.start)))
                .then(other.weight.cmp(&one.weight))
                .then(one.start.cmp(&other.start))
                .then(one.pattern.cmp(&other.pattern))
        });
        let mut found =
            Found { hits: Vec::with_capacity(hits.len()), of: vec![Findings::default(); concepts] };
        let kept = &mut found.hits;
        for of_concept in hits.chunk_by(|one, other| one.concept == other.concept) {
            let first = kept.len();
            for hit in of_concept {
                if !kept[first..].iter().any(|other| hit.start < other.end && other.start < hit.end) {
                    kept.push(*hit);
                }
            }
            kept[first..].sort_unstable_by_key(|hit| hit.start);
            found.of[of_concept[0].concept] = Findings::new(&kept[first..], first);
        }
        found
    }

    /// How many concepts there are.
    pub(super) fn concepts(&self) -> usize {
        self.of.len()
    }

    /// What was found of each concept.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Findings> {
        self.of.iter()
    }

    /// What was found of a concept.
    pub(super) fn of(&self, concept: usize) -> &Findings {
        &self.of[concept]
    }

    /// The hits of a concept.
    pub(super) fn hits(&self, concept: usize) -> &[Hit] {
        let of = &self.of[concept];
        &self.hits[of.first..of.last]
    }
}

impl Findings {
    /// What the hits of a concept come to, the first of which is the `first` of all.
    fn new(hits: &[Hit], first: usize) -> Findings {
        let mut found = Findings { first, last: first + hits.len(), ..Findings::default() };
        for (at, hit) in hits.iter().enumerate() {
            if hits[..at].iter().any(|other| other.pattern == hit.pattern) {
                continue;
            }
            found.mass += worth(hit.weight);
            match hit.weight {
                Weight::Strong => found.strong += 1,
                Weight::Medium => found.medium += 1,
                Weight::Weak => found.weak += 1,
            }
        }
        found.mass = found.mass.min(3.0);
        found
    }

    /// Whether no term was found.
    pub(super) fn is_empty(&self) -> bool {
        self.first == self.last
    }
}
