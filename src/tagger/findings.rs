//! What the terms of the taxonomy find in a passage.

use crate::taxonomy::Weight;

/// What was found in one passage.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// By concept, in the order of the text.
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
    pub(super) fn new(concepts: usize, hits: &[Hit]) -> Found {
        let mut of = vec![Findings::default(); concepts];
        for hit in hits {
            of[hit.concept].last += 1;
        }
        // Each concept gets the places after those of the one before; `last` goes over them as they are filled.
        let mut end = 0;
        for found in &mut of {
            let count = found.last;
            (found.first, found.last) = (end, end);
            end += count;
        }
        let mut by_concept = hits.to_vec();
        for hit in hits {
            let found = &mut of[hit.concept];
            by_concept[found.last] = *hit;
            found.last += 1;
        }
        for found in of.iter_mut().filter(|found| !found.is_empty()) {
            let kept = keep_longest(&mut by_concept[found.first..found.last]);
            *found = Findings::new(&by_concept[found.first..found.first + kept], found.first);
        }
        Found { hits: by_concept, of }
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

/// Moves those to the front that are left of the hits of a concept, in the order of the text; how many they are.
fn keep_longest(hits: &mut [Hit]) -> usize {
    if hits.len() < 2 {
        return hits.len();
    }
    hits.sort_unstable_by(|one, other| {
        ((other.end - other.start).cmp(&(one.end - one.start)))
            .then(other.weight.cmp(&one.weight))
            .then(one.start.cmp(&other.start))
            .then(one.pattern.cmp(&other.pattern))
    });
    let mut kept = 0;
    for at in 0..hits.len() {
        let hit = hits[at];
        if !hits[..kept].iter().any(|other| hit.start < other.end && other.start < hit.end) {
            hits[kept] = hit;
            kept += 1;
        }
    }
    hits[..kept].sort_unstable_by_key(|hit| hit.start);
    kept
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_hit_of_a_concept_counts() {
        let hit = |concept, pattern, weight, start, end| Hit { concept, pattern, weight, start, end };
        let found = Found::new(
            3,
            &[
                hit(2, 9, Weight::Medium, 0, 1),
                hit(0, 1, Weight::Strong, 0, 1),
                hit(0, 2, Weight::Weak, 0, 2),
                hit(0, 3, Weight::Strong, 1, 2),
                hit(0, 1, Weight::Strong, 6, 7),
                hit(0, 4, Weight::Weak, 6, 7),
                hit(0, 1, Weight::Strong, 4, 5),
            ],
        );
        let places = |concept| -> Vec<(u32, usize)> {
            found.hits(concept).iter().map(|hit| (hit.pattern, hit.start)).collect()
        };
        assert_eq!(places(0), [(2, 0), (1, 4), (1, 6)]);
        assert_eq!(places(2), [(9, 0)]);
        assert!(found.of(1).is_empty() && found.hits(1).is_empty());
        let Findings { strong, medium, weak, mass, .. } = *found.of(0);
        assert_eq!((strong, medium, weak, mass), (1, 0, 1, 1.25));
    }
}
