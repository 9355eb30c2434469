//! What was found in a passage as numbers: readable features that the model weighs.

use std::ops::Range;

use crate::analysis::{Case, TokenKind, reference_count};
use crate::cues::{CUE_COUNT, Cues};
use crate::taxonomy::Taxonomy;

use super::findings::Found;
use super::reading::Reading;
use super::roles::{AGENT, FIRST_PERSON, GENITIVE, PLACE, acts, after, opens_sentence};

/// Features that every concept of a scheme has, in the order of their weights.
const SHARED_FEATURES: [&str; 25] = [
    "bias",
    "strong term",
    "second strong term",
    "third strong term",
    "medium term",
    "second medium term",
    "weak term",
    "second weak term",
    "several times",
    "opens a sentence",
    "acts (followed by a verb)",
    "agent (by, da, par, por)",
    "only as a place",
    "only within another name (of, di, de)",
    "first sentence",
    "share of the evidence",
    "most evidence of its kind",
    "rivals with strong terms",
    "what it is a kind of is named too",
    "a kind of it is named",
    "all its terms",
    "others of its kind",
    "nothing else of its kind",
    "a strong term in a sentence or two",
    "no term in a sentence or two",
];

/// The index of the bias.
const BIAS: u32 = 0;
/// The index of "others of its kind".
const OTHERS: u32 = 21;

/// Features of the passage as a whole, which each concept weighs for itself.
const STYLE_FEATURES: [&str; 8] = [
    "first person",
    "direct speech",
    "numbers",
    "legal references",
    "capitals throughout",
    "short",
    "long",
    "names of persons and places",
];

/// How much of a concept's evidence counts where it meets that of its kin.
const MASS_OF_KIN: f32 = 1.5;

/// Of how many words a sentence or two are at most: what is named in them is what they are about, more than in a page.
const SENTENCE_OR_TWO: usize = 20;

/// A feature by its index (see [`feature_names`]) and its value.
pub type Feature = (u32, f32);

/// The features of one passage.
///
/// What an index means is the same for every concept: first the shared features, then one for each concept that is
/// named ("together with"), then those of style and the cues.
#[derive(Debug, Clone, Default)]
pub struct Features {
    /// Those of the passage as a whole, equal for every concept: from the first "together with" on.
    pub whole: Vec<Feature>,
    own: Vec<Feature>,
    /// Where those of each concept lie in `own`: those of which nothing was found share theirs within a scheme.
    ranges: Vec<Range<usize>>,
    of_schemes: Vec<[Feature; 2]>,
}

impl Features {
    /// How many concepts it has features of.
    pub fn concepts(&self) -> usize {
        self.ranges.len()
    }

    /// The shared features of a concept.
    pub fn of(&self, concept: usize) -> &[Feature] {
        &self.own[self.ranges[concept].clone()]
    }

    /// The features that a row of the model has for itself (see [`super::row_names`]): a concept those of
    /// [`Features::of`]; "none of" and "many of" a scheme the bias and how many of its concepts are named.
    pub fn of_row(&self, row: usize) -> &[Feature] {
        match row.checked_sub(self.concepts()) {
            None => self.of(row),
            // There are rows after the concepts only where there are schemes.
            Some(at) => &self.of_schemes[at % self.of_schemes.len()],
        }
    }

    /// Reads the features off what was found.
    pub(super) fn new(
        taxonomy: &Taxonomy,
        reading: &Reading<'_>,
        findings: &Found,
        cues: &[Feature],
        text: &str,
    ) -> Features {
        let first_together = SHARED_FEATURES.len() as u32;
        let first_style = first_together + taxonomy.concepts.len() as u32;
        let first_cue = first_style + STYLE_FEATURES.len() as u32;
        let mut whole: Vec<Feature> = (first_together..)
            .zip(findings.iter())
            .filter(|(_, found)| found.mass > 0.0)
            .map(|(index, found)| (index, found.mass))
            .collect();
        let style = style_features(reading, text);
        whole.extend(style.into_iter().map(|(index, value)| (first_style + index, value)));
        whole.extend(cues.iter().map(|&(index, value)| (first_cue + index, value)));

        let kin = Kin::new(taxonomy, findings);
        let (own, ranges) = (Vec::with_capacity(256), Vec::with_capacity(findings.concepts()));
        let of_schemes = kin
            .schemes
            .iter()
            .map(|scheme| [(BIAS, 1.0), (OTHERS, share_of_company(scheme.company))])
            .collect();
        let mut features = Features { whole, own, ranges, of_schemes };
        let mut without: Vec<Option<Range<usize>>> = vec![None; taxonomy.schemes.len()];
        for concept in 0..findings.concepts() {
            let is_without = findings.of(concept).is_empty() && kin.of_kinds[concept] == 0.0;
            let known = &mut without[taxonomy.concepts[concept].scheme];
            let range = match known {
                Some(range) if is_without => range.clone(),
                _ => features.add(taxonomy, reading, findings, &kin, concept),
            };
            if is_without {
                *known = Some(range.clone());
            }
            features.ranges.push(range);
        }
        features
    }

    /// Adds the features of a concept; where they lie.
    fn add(
        &mut self,
        taxonomy: &Taxonomy,
        reading: &Reading<'_>,
        findings: &Found,
        kin: &Kin,
        concept: usize,
    ) -> Range<usize> {
        let start = self.own.len();
        let found = findings.of(concept);
        let in_scheme = kin.schemes[taxonomy.concepts[concept].scheme];
        let out = &mut self.own;
        out.push((BIAS, 1.0));
        let mut add = |index: u32, holds: bool| {
            if holds {
                out.push((index, 1.0));
            }
        };
        let is_brief = reading.tokens.len() <= SENTENCE_OR_TWO;
        add(23, is_brief && found.strong > 0);
        add(24, is_brief && found.is_empty());
        if !found.is_empty() {
            let hits = findings.hits(concept);
            add(1, found.strong > 0);
            add(2, found.strong > 1);
            add(3, found.strong > 2);
            add(4, found.medium > 0);
            add(5, found.medium > 1);
            add(6, found.weak > 0);
            add(7, found.weak > 1);
            add(8, hits.len() > 1);
            add(9, hits.iter().any(|hit| opens_sentence(reading, hit)));
            add(10, hits.iter().any(|hit| acts(reading, hit)));
            add(11, hits.iter().any(|hit| after(reading, hit, AGENT)));
            add(12, hits.iter().all(|hit| after(reading, hit, PLACE)));
            add(13, hits.iter().all(|hit| after(reading, hit, GENITIVE)));
            add(14, hits.iter().any(|hit| reading.sentences[hit.start] == 0));
            add(16, found.mass >= in_scheme.most);
            out.push((15, found.mass / in_scheme.total.max(0.1)));
        }
        let rivals = in_scheme.strong - usize::from(found.strong > 0);
        if rivals > 0 {
            out.push((17, rivals.min(3) as f32));
        }
        let own = kin.mass[concept];
        if own > 0.0 {
            let parent = taxonomy.concepts[concept].parent.map_or(0.0, |parent| kin.mass[parent]);
            if parent > 0.0 {
                out.push((18, own * parent));
            }
            out.push((20, own));
            out.push((OTHERS, share_of_company(in_scheme.company)));
        }
        if kin.of_kinds[concept] > 0.0 {
            out.push((19, kin.of_kinds[concept]));
        }
        if in_scheme.total - found.mass <= 0.0 {
            out.push((22, 1.0));
        }
        start..out.len()
    }
}

/// How many concepts of a scheme are named, as a feature's value.
fn share_of_company(company: usize) -> f32 {
    company.min(6) as f32 / 3.0
}

/// What stands in a passage beside a concept: by concept and by scheme.
struct Kin {
    /// By concept, how much was found, as far as it counts where it meets its kin.
    mass: Vec<f32>,
    /// By concept, the most that was found of a kind of it.
    of_kinds: Vec<f32>,
    schemes: Vec<InScheme>,
}

/// What was found of the concepts of a scheme.
#[derive(Clone, Copy, Default)]
struct InScheme {
    /// In all.
    total: f32,
    /// The most of one concept.
    most: f32,
    /// How many with a strong term.
    strong: usize,
    /// How many with more than a hint.
    company: usize,
}

impl Kin {
    fn new(taxonomy: &Taxonomy, findings: &Found) -> Kin {
        let mut kin = Kin {
            mass: findings.iter().map(|found| found.mass.min(MASS_OF_KIN)).collect(),
            of_kinds: vec![0.0; findings.concepts()],
            schemes: vec![InScheme::default(); taxonomy.schemes.len()],
        };
        for ((concept, found), &mass) in taxonomy.concepts.iter().zip(findings.iter()).zip(&kin.mass) {
            if found.is_empty() {
                continue;
            }
            if let Some(parent) = concept.parent {
                kin.of_kinds[parent] = kin.of_kinds[parent].max(mass);
            }
            let scheme = &mut kin.schemes[concept.scheme];
            scheme.total += found.mass;
            scheme.most = scheme.most.max(found.mass);
            scheme.strong += usize::from(found.strong > 0);
            scheme.company += usize::from(found.mass > 0.5);
        }
        kin
    }
}

/// The names of all features, in the order of their indices.
pub fn feature_names(taxonomy: &Taxonomy) -> Vec<String> {
    SHARED_FEATURES
        .iter()
        .map(|name| (*name).to_owned())
        .chain(taxonomy.concepts.iter().map(|concept| format!("together with {}", concept.id)))
        .chain(STYLE_FEATURES.iter().map(|name| format!("style: {name}")))
        .chain((0..CUE_COUNT).map(|kind| format!("cues: {}", Cues::name(kind))))
        .collect()
}

/// How many of the features, from the first on, all concepts of a scheme share.
pub fn shared_feature_count() -> usize {
    SHARED_FEATURES.len()
}

fn style_features(reading: &Reading<'_>, text: &str) -> Vec<Feature> {
    let tokens = reading.tokens;
    let words = tokens.len().max(1) as f32;
    let mut out = Vec::with_capacity(STYLE_FEATURES.len());
    let (mut first_person, mut numbers, mut symbols, mut capitals) = (0, 0, 0, 0);
    for (token, parts) in tokens.iter().zip(&reading.parts) {
        first_person += usize::from(parts & FIRST_PERSON != 0);
        numbers += usize::from(token.kind == TokenKind::Number);
        symbols += usize::from(token.kind == TokenKind::Symbol);
        capitals += usize::from(token.case == Case::Capital);
    }
    if first_person > 0 {
        out.push((0, (first_person as f32 / 2.0).min(1.5)));
    }
    if text.contains('"') || text.contains('«') || text.contains('“') {
        out.push((1, 1.0));
    }
    if numbers > 0 {
        out.push((2, (numbers as f32 * 10.0 / words).min(1.5)));
    }
    let references = reference_count(tokens) + symbols;
    if references > 0 {
        out.push((3, (references as f32).min(2.0)));
    }
    if !tokens.is_empty() && reading.shouted[0] {
        out.push((4, 1.0));
    }
    if tokens.len() < 30 {
        out.push((5, 1.0));
    }
    if tokens.len() > 70 {
        out.push((6, 1.0));
    }
    // A capital at the beginning of a sentence tells nothing.
    let opens = |&&start: &&usize| tokens.get(start).is_some_and(|token| token.case == Case::Capital);
    let names = capitals - reading.starts.iter().filter(opens).count();
    if names > 0 {
        out.push((7, (names as f32 * 10.0 / words).min(2.0)));
    }
    out
}
