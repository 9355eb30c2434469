//! The weights of the logistic models: as a file holds them, and laid out for quick sums.

use std::collections::{BTreeMap, HashMap};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::taxonomy::Taxonomy;

use super::features::{Features, feature_names, shared_feature_count};
use super::vectors::{self, Meaning, VECTOR_LENGTH, Vector};

/// From here on a concept is sure enough, in log-odds, to be given even where the text as a whole seems to have none.
pub const SURE_LOGIT: f32 = 1.05;

/// From which scores on the concepts of a scheme are given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// From this score on, each is given.
    pub each: f32,
    /// Where none reaches that, the likeliest is given from this score on.
    pub first: f32,
    /// From this probability on that the passage has nothing of the scheme, only sure ones are given.
    pub none: f32,
    /// From this probability on that the passage goes through half of the scheme or more, each is given from
    /// `among_many` on.
    #[serde(default = "never")]
    pub many: f32,
    /// The score from which each is given there.
    #[serde(default = "never")]
    pub among_many: f32,
}

/// A threshold that nothing reaches.
fn never() -> f32 {
    2.0
}

/// How much of a scheme a passage seems to deal with, as probabilities.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope {
    /// That it has no concept of the scheme at all.
    pub none: f32,
    /// That it goes through half of the scheme's concepts or more.
    pub many: f32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds { each: 0.5, first: 0.5, none: 1.0, many: never(), among_many: never() }
    }
}

impl Thresholds {
    /// The concepts to be given, of all of a scheme with their scores.
    pub fn given(&self, scores: &[(usize, f32)], scope: Scope) -> Vec<usize> {
        let is_silent = scope.none >= self.none;
        let each = if scope.many >= self.many { self.each.min(self.among_many) } else { self.each };
        let sure = probability(SURE_LOGIT);
        let possible = |score: f32| !is_silent || score >= sure;
        let given: Vec<usize> = scores
            .iter()
            .filter(|&&(_, score)| score >= each && possible(score))
            .map(|&(concept, _)| concept)
            .collect();
        if !given.is_empty() {
            return given;
        }
        let likeliest =
            scores.iter().max_by(|one, other| one.1.total_cmp(&other.1).then(other.0.cmp(&one.0)));
        likeliest
            .filter(|&&(_, score)| score >= self.first && possible(score))
            .map(|&(concept, _)| concept)
            .into_iter()
            .collect()
    }
}

/// The probability of log-odds.
pub fn probability(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// The weights of the logistic models, as a file holds them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// From which scores on concepts are given, by scheme.
    pub thresholds: BTreeMap<String, Thresholds>,
    /// Weights that all concepts of a scheme share: scheme, feature, weight.
    pub shared: BTreeMap<String, BTreeMap<String, f32>>,
    /// What a concept adds to them: concept, feature, weight.
    pub own: BTreeMap<String, BTreeMap<String, f32>>,
    /// What single words add: the family of a word, concept, weight.
    #[serde(default)]
    pub words: BTreeMap<String, BTreeMap<String, f32>>,
    /// What the meaning of a passage tells: concept, the bias, then a weight for each of its numbers.
    #[serde(default)]
    pub meaning: BTreeMap<String, Vec<f32>>,
    /// Which part of a score the meaning of a long passage has, from 0 to 1; the other part is the features'. Of a text
    /// of few words it has less of it (see `tagger/vectors.rs`).
    #[serde(default)]
    pub share: f32,
    /// Which vectors of words the weights of meaning are for (see [`super::vectors_fingerprint`]).
    #[serde(default)]
    pub vectors: String,
}

impl Model {
    /// Reads a model file.
    ///
    /// # Errors
    /// Says what is wrong with the JSON.
    pub fn parse(text: &str) -> Result<Model, String> {
        serde_json::from_str(text).map_err(|error| format!("the tagger's model: {error}"))
    }
}

/// The name under which the model keeps what tells that a passage has no concept of a scheme at all.
/// Administrative and technical text has none, whoever is named in it.
fn none_of(scheme: &str) -> String {
    format!("none of {scheme}")
}

/// The name under which the model keeps what tells that a passage goes through half of a scheme or more, such as all
/// levels from the person to the world.
fn many_of(scheme: &str) -> String {
    format!("many of {scheme}")
}

/// The names of all rows of a model: the concepts of the taxonomy, then "none of" each scheme, then "many of" each.
pub fn row_names(taxonomy: &Taxonomy) -> Vec<String> {
    let concepts = taxonomy.concepts.iter().map(|concept| concept.id.clone());
    let none = taxonomy.schemes.iter().map(|scheme| none_of(&scheme.id));
    let many = taxonomy.schemes.iter().map(|scheme| many_of(&scheme.id));
    concepts.chain(none).chain(many).collect()
}

/// The weight of a feature for a concept that the model was not taught, such as one of a user's own taxonomy: then the
/// terms decide, a strong one by itself, weaker ones together.
fn untaught(feature: &str) -> f32 {
    match feature {
        "bias" => -2.0,
        "strong term" => 4.0,
        "medium term" | "second medium term" => 1.5,
        "weak term" | "second weak term" => 0.8,
        _ => 0.0,
    }
}

/// How many rows are added up at a time.
const BLOCK: usize = 16;

/// How the features and the meaning of a passage share its scores, by how many of its words have a vector.
#[derive(Debug, Clone, Copy)]
pub(super) struct Balance {
    /// How much of its full share the meaning has.
    pub(super) fullness: f32,
    /// What a step of the vector of one of its families counts in the meaning.
    step: f32,
}

/// The weights of a model for a taxonomy.
///
/// A **row** is a concept or, after all concepts, what tells of each scheme that a passage has none of it or many (see
/// [`row_names`]).
pub(super) struct Weights {
    /// How many blocks all rows take.
    blocks: usize,
    /// By row, the weights of the features that a concept has for itself, shared and own ones added up.
    of_concept: Vec<Vec<f32>>,
    /// By feature of the passage as a whole, the weights of all rows in blocks: what is added up together lies together.
    of_passage: Vec<[f32; BLOCK]>,
    /// The families of words that the model weighs or that have a vector, as indices into `of_family` and `vectors`.
    families: HashMap<CompactString, u32>,
    /// By family, what it adds by itself to which rows.
    of_family: Vec<Vec<(u32, f32)>>,
    /// By family, what it means.
    vectors: Vec<Option<Vector>>,
    /// By number of a meaning, what it adds to all rows, in blocks.
    of_meaning: Vec<[f32; BLOCK]>,
    /// By row, what its meaning adds to every passage.
    biases: Vec<f32>,
    /// By row, which part of the score the meaning of a long passage has.
    shares: Vec<f32>,
}

impl Weights {
    /// Lays the weights of `model` out for the concepts of `taxonomy`.
    pub(super) fn new(taxonomy: &Taxonomy, model: &Model) -> Weights {
        let names = feature_names(taxonomy);
        let (for_concept, for_passage) = names.split_at(shared_feature_count());
        let ids = row_names(taxonomy);
        let own = |id: &str, name: &str| model.own.get(id).and_then(|map| map.get(name)).copied();
        let of_concept = ids
            .iter()
            .enumerate()
            .map(|(row, id)| {
                let concept = taxonomy.concepts.get(row);
                let shared =
                    concept.and_then(|concept| model.shared.get(&taxonomy.schemes[concept.scheme].id));
                let taught = concept.is_none() || model.own.contains_key(id);
                let weight = |name: &String| {
                    if taught {
                        let shared = shared.and_then(|map| map.get(name)).copied();
                        shared.unwrap_or(0.0) + own(id, name).unwrap_or(0.0)
                    } else {
                        untaught(name)
                    }
                };
                for_concept.iter().map(weight).collect()
            })
            .collect();
        let blocks = ids.len().div_ceil(BLOCK);
        let mut of_passage = vec![[0.0; BLOCK]; for_passage.len() * blocks];
        for (name, of_rows) in for_passage.iter().zip(of_passage.chunks_mut(blocks)) {
            for (id, weight) in ids.iter().zip(of_rows.as_flattened_mut()) {
                *weight = own(id, name).unwrap_or(0.0);
            }
        }
        let rows: HashMap<&str, u32> = ids.iter().map(String::as_str).zip(0..).collect();
        let mut families = HashMap::with_capacity(model.words.len());
        let mut of_family = Vec::with_capacity(model.words.len());
        for (family, weights) in &model.words {
            families.insert(CompactString::from(family), of_family.len() as u32);
            let of_row = |(id, &weight): (&String, &f32)| rows.get(id.as_str()).map(|&row| (row, weight));
            of_family.push(weights.iter().filter_map(of_row).collect());
        }
        let mut vectors = vec![None; families.len()];
        for (family, vector) in vectors::built_in() {
            let next = families.len() as u32;
            let at = *families.entry(CompactString::from(family)).or_insert(next) as usize;
            if at == of_family.len() {
                of_family.push(Vec::new());
                vectors.push(None);
            }
            vectors[at] = Some(vector);
        }
        let mut of_meaning = vec![[0.0; BLOCK]; VECTOR_LENGTH * blocks];
        let (mut biases, mut shares) = (vec![0.0; ids.len()], vec![0.0; ids.len()]);
        for (id, weights) in &model.meaning {
            if let (Some(&row), Some((&bias, weights))) = (rows.get(id.as_str()), weights.split_first()) {
                let row = row as usize;
                biases[row] = bias;
                shares[row] = model.share;
                for (&weight, of_rows) in weights.iter().zip(of_meaning.chunks_mut(blocks)) {
                    of_rows[row / BLOCK][row % BLOCK] = weight;
                }
            }
        }
        Weights { blocks, of_concept, of_passage, families, of_family, vectors, of_meaning, biases, shares }
    }

    /// The index of a family of words, if the model weighs it or it has a vector.
    pub(super) fn family(&self, family: &str) -> Option<u32> {
        self.families.get(family).copied()
    }

    /// How many families of words are known.
    pub(super) fn family_count(&self) -> usize {
        self.families.len()
    }

    /// What a feature of index `feature` adds to a row for each unit of its value, in log-odds.
    pub(super) fn of_feature(&self, row: usize, feature: u32, balance: Balance) -> f32 {
        let feature = feature as usize;
        let weight = match feature.checked_sub(shared_feature_count()) {
            None => self.of_concept[row][feature],
            Some(at) => self.of_passage[at * self.blocks + row / BLOCK][row % BLOCK],
        };
        weight * (1.0 - self.share(row, balance))
    }

    /// What a family of words adds to a row, in log-odds: by itself, and by its meaning.
    pub(super) fn of_family(&self, row: usize, family: u32, balance: Balance) -> f32 {
        let weights = &self.of_family[family as usize];
        let by_itself =
            weights.iter().find(|&&(of, _)| of as usize == row).map_or(0.0, |&(_, weight)| weight);
        let weights = self.of_meaning.chunks(self.blocks).map(|of_rows| of_rows[row / BLOCK][row % BLOCK]);
        let vector = self.vectors[family as usize].iter().flatten();
        let by_meaning: f32 = vector.zip(weights).map(|(&step, weight)| f32::from(step) * weight).sum();
        let share = self.share(row, balance);
        by_itself * (1.0 - share) + by_meaning * balance.step * share
    }

    /// Which part of the score of a row the meaning has in a passage.
    fn share(&self, row: usize, balance: Balance) -> f32 {
        self.shares[row] * balance.fullness
    }

    fn vectors_of(&self, families: &[u32]) -> impl Iterator<Item = &Vector> {
        families.iter().filter_map(|&family| self.vectors[family as usize].as_ref())
    }

    /// How features and meaning share the scores of a passage with these families of words.
    pub(super) fn balance(&self, families: &[u32]) -> Balance {
        let count = self.vectors_of(families).count();
        Balance { fullness: vectors::fullness(count), step: vectors::share_of_each(count) }
    }

    /// The meaning of a passage with these families of words.
    pub(super) fn meaning(&self, families: &[u32]) -> Meaning {
        vectors::meaning(self.vectors_of(families))
    }

    /// The log-odds of every row, from the features of a passage and the families of its words.
    pub(super) fn logits(&self, features: &Features, families: &[u32], balance: Balance) -> Vec<f32> {
        let meaning = self.meaning(families);
        let mut logits = vec![[0.0f32; BLOCK]; self.blocks];
        let mut by_meaning = vec![[0.0f32; BLOCK]; self.blocks];
        for (block, (logits, by_meaning)) in logits.iter_mut().zip(&mut by_meaning).enumerate() {
            for &(index, value) in &features.whole {
                let feature = index as usize - shared_feature_count();
                add(logits, &self.of_passage[feature * self.blocks + block], value);
            }
            for (weights, value) in self.of_meaning.chunks(self.blocks).zip(meaning) {
                add(by_meaning, &weights[block], value);
            }
        }
        let mut logits = logits.into_flattened();
        logits.truncate(self.of_concept.len());
        for &(row, weight) in families.iter().flat_map(|&family| &self.of_family[family as usize]) {
            logits[row as usize] += weight;
        }
        let of_rows = self.of_concept.iter().zip(by_meaning.as_flattened());
        for (row, (logit, (weights, by_meaning))) in logits.iter_mut().zip(of_rows).enumerate() {
            let own = features.of_row(row);
            *logit += own.iter().map(|&(index, value)| weights[index as usize] * value).sum::<f32>();
            let share = self.share(row, balance);
            *logit = *logit * (1.0 - share) + (self.biases[row] + by_meaning) * share;
        }
        logits
    }
}

fn add(sums: &mut [f32; BLOCK], weights: &[f32; BLOCK], value: f32) {
    for (sum, weight) in sums.iter_mut().zip(weights) {
        *sum += weight * value;
    }
}
