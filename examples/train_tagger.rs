//! Learns the tagger's weights from labelled passages and writes `corpus/tagger.json`.
//!
//! ```text
//! cargo build --release --example train_tagger
//! target/release/examples/train_tagger tests/gold/*train*.jsonl > tagger.json
//! ```
//!
//! One logistic regression for each concept over the features of `gcm_search::tagger`, trained together: what all
//! concepts of a scheme share (how strong the terms are, whether who is named acts) and what each adds to that (its
//! bias, what it is found together with, style, cues, single words) are both penalised (L2), the second more, so that
//! a concept with few examples leans on what the others teach. Fitted by Adam (Kingma and Ba 2015) on all examples
//! at once. A second logistic regression, over the meaning of the passage (`corpus/word-vectors.txt`), has a share in
//! every score, less of one in a text of few words. Besides the concepts, each scheme has two rows of its own: that a
//! passage has none of its concepts, and that it goes through half of them or more. Five-fold cross-validation chooses
//! the thresholds and is reported on standard error.
//!
//! A file of passages may have one beside it with their meanings, a line for each: `train.jsonl` has
//! `train-meanings.txt`, as the vectors were made from its passages and would know them too well.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;

use gcm_search::eval::{LabelCounts, LabelledPassage};
use gcm_search::tagger::{
    Features, Meaning, Model, Scope, Tagger, Thresholds, VECTOR_LENGTH, feature_names, parse_meaning,
    row_names, shared_feature_count, vectors_fingerprint,
};
use gcm_search::taxonomy::Taxonomy;

/// One passage: the features, and the truth of every row of the model, where it is known.
struct Example {
    features: Features,
    families: Vec<String>,
    meaning: Meaning,
    /// How much of its full share in a score the meaning has, as the passage has so many words.
    fullness: f64,
    truth: Vec<Option<bool>>,
}

impl Example {
    fn is(&self, row: usize) -> bool {
        self.truth[row] == Some(true)
    }
}

/// How strongly weights are held near zero, in units of examples.
struct Penalties {
    shared: f64,
    own: f64,
    together: f64,
    style: f64,
    word: f64,
    meaning: f64,
}

const FOLDS: usize = 5;
const STEPS: usize = 400;
/// The steps for the weights of meanings.
const STEPS_OF_MEANING: usize = 200;
/// The share of a score that the meaning of the passage has; the rest is the readable features'.
const SHARE_OF_MEANING: f64 = 0.25;
/// Biases are hardly held.
const BIAS_PENALTY: f64 = 0.3;
/// How much F1 it may cost to leave passages without tags that have none.
const PRICE_OF_SILENCE: f64 = 0.003;
/// In how many passages a family of words must stand to get weights.
const LEAST_PASSAGES: usize = 3;
/// Smaller weights of words are dropped, so that the file stays small and readable.
const LEAST_WORD_WEIGHT: f64 = 0.08;

fn main() -> Result<(), Box<dyn Error>> {
    let taxonomy = match env::var("TAXONOMY") {
        Ok(path) => Taxonomy::parse(&fs::read_to_string(path)?)?,
        Err(_) => Taxonomy::built_in()?,
    };
    let mut tagger = Tagger::new(&taxonomy, &Model::default());
    let mut examples = Vec::new();
    let mut files = Vec::new();
    for path in env::args().skip(1) {
        let start = examples.len();
        examples.extend(read(&path, &taxonomy, &mut tagger)?);
        files.push((path, start..examples.len()));
    }
    let number = |name: &str, default: f64| -> f64 {
        env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    let penalties = Penalties {
        shared: number("SHARED", 0.1),
        own: number("OWN", 2.0),
        together: number("TOGETHER", 4.0),
        style: number("STYLE", 4.0),
        word: number("WORD", 8.0),
        meaning: number("MEANING", 8.0),
    };
    let share = number("SHARE", SHARE_OF_MEANING);
    let mut scored: Vec<Vec<f64>> = vec![Vec::new(); examples.len()];
    for fold in 0..FOLDS {
        let training: Vec<&Example> = examples
            .iter()
            .enumerate()
            .filter(|(at, _)| at % FOLDS != fold)
            .map(|(_, example)| example)
            .collect();
        let weights = Weights::fit(&taxonomy, &training, &penalties);
        let of_meaning = MeaningWeights::fit(&training, weights.own.len(), penalties.meaning);
        for (at, example) in examples.iter().enumerate().filter(|(at, _)| at % FOLDS == fold) {
            scored[at] = together(&weights, &of_meaning, example, share);
            with_parents(&taxonomy, &mut scored[at]);
        }
    }
    let all: Vec<&Example> = examples.iter().collect();
    let weights = Weights::fit(&taxonomy, &all, &penalties);
    let of_meaning = MeaningWeights::fit(&all, weights.own.len(), penalties.meaning);
    // Passages that are only looked at, never learned from.
    let mut checks = Vec::new();
    if let Ok(path) = env::var("CHECK") {
        let checked = read(&path, &taxonomy, &mut tagger)?;
        let mut scores: Vec<Vec<f64>> = Vec::new();
        for example in &checked {
            let mut of = together(&weights, &of_meaning, example, share);
            with_parents(&taxonomy, &mut of);
            scores.push(of);
        }
        checks.push((path, checked, scores));
    }
    let mut all_thresholds = BTreeMap::new();
    for (scheme, entry) in taxonomy.schemes.iter().enumerate() {
        let thresholds = best_thresholds(&taxonomy, scheme, &examples, &scored);
        eprintln!("{}: {thresholds:?}", entry.id);
        let given = decide(&taxonomy, scheme, &scored, &thresholds);
        let in_turn = std::iter::once(("all", 0..examples.len()))
            .chain(files.iter().map(|(path, range)| (path.as_str(), range.clone())))
            .map(|(name, range)| {
                (format!("{name}, held out in turn"), &examples[range.clone()], given[range].to_vec())
            });
        let checked = checks.iter().map(|(path, checked, scores)| {
            (path.clone(), checked.as_slice(), decide(&taxonomy, scheme, scores, &thresholds))
        });
        for (name, examples, given) in in_turn.chain(checked) {
            let counts = count(&taxonomy, scheme, examples, &given, None);
            let (silent, empty) = kept_empty(&taxonomy, scheme, examples, &given);
            eprintln!(
                "  {name}: P {:.3} R {:.3} F1 {:.3}, {silent} of {empty} stay without",
                counts.precision(),
                counts.recall(),
                counts.f1()
            );
        }
        if env::var("PER_CONCEPT").is_ok() {
            for (concept, of) in taxonomy.concepts_of(scheme) {
                let counts = count(&taxonomy, scheme, &examples, &given, Some(concept));
                eprintln!(
                    "  {:<24} P {:.2} R {:.2} F1 {:.3} of {}",
                    of.id,
                    counts.precision(),
                    counts.recall(),
                    counts.f1(),
                    counts.right + counts.missed
                );
            }
        }
        all_thresholds.insert(entry.id.clone(), thresholds);
    }
    let model = weights.into_model(&taxonomy, all_thresholds, &of_meaning, share);
    println!("{}", written(model)?);
    Ok(())
}

/// The model as a file: each weight on a line, but for words all of a family and for meaning all of a concept.
fn written(mut model: Model) -> Result<String, serde_json::Error> {
    let words = lines_of(&std::mem::take(&mut model.words))?;
    let meaning = lines_of(&std::mem::take(&mut model.meaning))?;
    let rest = serde_json::to_string_pretty(&model)?;
    let with_words = rest.replace("\"words\": {}", &format!("\"words\": {words}"));
    Ok(with_words.replace("\"meaning\": {}", &format!("\"meaning\": {meaning}")))
}

fn lines_of<T: serde::Serialize>(entries: &BTreeMap<String, T>) -> Result<String, serde_json::Error> {
    let mut lines = Vec::new();
    for (name, weights) in entries {
        lines.push(format!("    {}: {}", serde_json::to_string(name)?, serde_json::to_string(weights)?));
    }
    Ok(format!("{{\n{}\n  }}", lines.join(",\n")))
}

/// The probability of each concept, then of having none of each scheme, by the features and by the meaning.
fn together(weights: &Weights, of_meaning: &MeaningWeights, example: &Example, share: f64) -> Vec<f64> {
    let words = weights.word_ids(example);
    let share = share * example.fullness;
    (0..weights.own.len())
        .map(|row| {
            let by_features = (1.0 - share) * weights.logit(row, example, &words);
            probability(by_features + share * of_meaning.logit(row, &example.meaning))
        })
        .collect()
}

fn probability(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// Reads the labelled passages of a file.
fn read(path: &str, taxonomy: &Taxonomy, tagger: &mut Tagger<'_>) -> Result<Vec<Example>, Box<dyn Error>> {
    let mut examples = Vec::new();
    let meanings = Path::new(path).with_file_name(
        Path::new(path)
            .file_stem()
            .map_or_else(String::new, |name| format!("{}-meanings.txt", name.display())),
    );
    let meanings = match meanings.exists() {
        true => fs::read_to_string(&meanings)?
            .lines()
            .map(|line| parse_meaning(line).ok_or(format!("no meaning: {line}")))
            .collect::<Result<Vec<_>, String>>()?,
        false => Vec::new(),
    };
    for (at, line) in fs::read_to_string(path)?.lines().enumerate() {
        let labelled: LabelledPassage = serde_json::from_str(line)?;
        let language = labelled.lang.ok_or("a passage without lang")?;
        let labels = (0..taxonomy.schemes.len())
            .map(|scheme| labelled.labels(taxonomy, scheme))
            .collect::<Result<Vec<_>, String>>()?;
        let mut truth: Vec<Option<bool>> = Vec::new();
        for (index, concept) in taxonomy.concepts.iter().enumerate() {
            truth.push(labels[concept.scheme].as_ref().map(|labels| labels.contains(&index)));
        }
        truth.extend(labels.iter().map(|labels| labels.as_ref().map(Vec::is_empty)));
        truth.extend(labels.iter().enumerate().map(|(scheme, labels)| {
            let half = taxonomy.concepts_of(scheme).count().div_ceil(2);
            labels.as_ref().map(|labels| labels.len() >= half)
        }));
        let (meaning, fullness) = tagger.meaning(&labelled.text, language);
        examples.push(Example {
            features: tagger.features(&labelled.text, language),
            families: tagger.word_families(&labelled.text, language),
            meaning: meanings.get(at).copied().unwrap_or(meaning),
            fullness: f64::from(fullness),
            truth,
        });
    }
    Ok(examples)
}

/// Whoever is a kind is what it is a kind of.
fn with_parents(taxonomy: &Taxonomy, scores: &mut [f64]) {
    for (concept, entry) in taxonomy.concepts.iter().enumerate() {
        if let Some(parent) = entry.parent {
            scores[parent] = scores[parent].max(scores[concept]);
        }
    }
}

/// Which concepts of a scheme each example is given.
fn decide(
    taxonomy: &Taxonomy,
    scheme: usize,
    scored: &[Vec<f64>],
    thresholds: &Thresholds,
) -> Vec<Vec<usize>> {
    let concepts: Vec<usize> = taxonomy.concepts_of(scheme).map(|(concept, _)| concept).collect();
    let of_example = |scores: &Vec<f64>| {
        let of_scheme: Vec<(usize, f32)> =
            concepts.iter().map(|&concept| (concept, scores[concept] as f32)).collect();
        let of_rows = |from: usize| scores[taxonomy.concepts.len() + from + scheme] as f32;
        thresholds.given(&of_scheme, Scope { none: of_rows(0), many: of_rows(taxonomy.schemes.len()) })
    };
    scored.iter().map(of_example).collect()
}

/// How often nothing of a scheme was given where nothing is right.
fn kept_empty(
    taxonomy: &Taxonomy,
    scheme: usize,
    examples: &[Example],
    given: &[Vec<usize>],
) -> (usize, usize) {
    let is_empty = |example: &Example| example.is(taxonomy.concepts.len() + scheme);
    let all: Vec<_> = examples.iter().zip(given).filter(|(example, _)| is_empty(example)).collect();
    (all.iter().filter(|(_, given)| given.is_empty()).count(), all.len())
}

/// Counts right and wrong labels of a scheme, or of one of its concepts.
fn count(
    taxonomy: &Taxonomy,
    scheme: usize,
    examples: &[Example],
    given: &[Vec<usize>],
    only: Option<usize>,
) -> LabelCounts {
    let mut counts = LabelCounts::default();
    for (example, given) in examples.iter().zip(given) {
        for (concept, _) in taxonomy.concepts_of(scheme) {
            if only.is_some_and(|only| only != concept) {
                continue;
            }
            match (given.contains(&concept), example.truth[concept]) {
                (true, Some(true)) => counts.right += 1,
                (true, Some(false)) => counts.wrong += 1,
                (false, Some(true)) => counts.missed += 1,
                _ => {}
            }
        }
    }
    counts
}

/// The thresholds of a scheme.
///
/// The best by F1 among those that keep enough of the passages without any concept empty, as far as F1 falls by no
/// more than [`PRICE_OF_SILENCE`].
fn best_thresholds(
    taxonomy: &Taxonomy,
    scheme: usize,
    examples: &[Example],
    scored: &[Vec<f64>],
) -> Thresholds {
    let mut tried = Vec::new();
    for none in [0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5] {
        for each in (30..=60).step_by(2) {
            for first in (16..=each).step_by(2) {
                let (each, first) = (each as f32 / 100.0, first as f32 / 100.0);
                let thresholds = Thresholds { each, first, none, ..Thresholds::default() };
                let given = decide(taxonomy, scheme, scored, &thresholds);
                let f1 = count(taxonomy, scheme, examples, &given, None).f1();
                let (silent, _) = kept_empty(taxonomy, scheme, examples, &given);
                tried.push((f1, silent, thresholds));
            }
        }
    }
    let top = tried.iter().map(|&(f1, ..)| f1).fold(0.0, f64::max);
    let best = tried
        .into_iter()
        .filter(|&(f1, ..)| f1 >= top - PRICE_OF_SILENCE)
        .max_by(|one, other| one.1.cmp(&other.1).then(one.0.total_cmp(&other.0)));
    let one = best.map_or_else(Thresholds::default, |(_, _, thresholds)| thresholds);
    // Then those for passages that go through many concepts, if that is of use. Not below what one would call likely: the
    // labelled passages say little of texts that name all levels and are about one.
    let mut best =
        (count(taxonomy, scheme, examples, &decide(taxonomy, scheme, scored, &one), None).f1(), one);
    for many in (50..=90).step_by(5) {
        for among_many in (16..=40).step_by(2) {
            let (many, among_many) = (many as f32 / 100.0, among_many as f32 / 100.0);
            let thresholds = Thresholds { many, among_many, ..one };
            let given = decide(taxonomy, scheme, scored, &thresholds);
            let f1 = count(taxonomy, scheme, examples, &given, None).f1();
            if f1 > best.0 {
                best = (f1, thresholds);
            }
        }
    }
    best.1
}

struct Weights {
    /// By scheme and shared feature.
    shared: Vec<Vec<f64>>,
    /// By concept and feature.
    own: Vec<Vec<f64>>,
    /// The families of words, each with its index into `words`.
    families: BTreeMap<String, usize>,
    /// By family and concept.
    words: Vec<Vec<f64>>,
    scheme_of: Vec<usize>,
}

impl Weights {
    /// The families of an example that have weights.
    fn word_ids(&self, example: &Example) -> Vec<usize> {
        example.families.iter().filter_map(|family| self.families.get(family).copied()).collect()
    }

    fn score(&self, row: usize, example: &Example, words: &[usize]) -> f64 {
        probability(self.logit(row, example, words))
    }

    fn logit(&self, row: usize, example: &Example, words: &[usize]) -> f64 {
        let shared = &self.shared[self.scheme_of[row]];
        let own = &self.own[row];
        let by_itself: f64 = example
            .features
            .of_row(row)
            .iter()
            .map(|&(index, value)| f64::from(value) * (shared[index as usize] + own[index as usize]))
            .sum();
        let by_passage: f64 =
            example.features.whole.iter().map(|&(index, value)| f64::from(value) * own[index as usize]).sum();
        let by_words: f64 = words.iter().map(|&word| self.words[word][row]).sum();
        by_itself + by_passage + by_words
    }

    fn fit(taxonomy: &Taxonomy, examples: &[&Example], penalties: &Penalties) -> Weights {
        let shared_count = shared_feature_count();
        let all_count = feature_names(taxonomy).len();
        // After the concepts come rows for each scheme as a whole, which share nothing with the others.
        let rows = row_names(taxonomy).len();
        let schemes = taxonomy.schemes.len() + rows - taxonomy.concepts.len();
        let first_style = shared_count + taxonomy.concepts.len();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for family in examples.iter().flat_map(|example| &example.families) {
            *counts.entry(family).or_default() += 1;
        }
        let families: BTreeMap<String, usize> = counts
            .into_iter()
            .filter(|&(_, count)| count >= LEAST_PASSAGES)
            .enumerate()
            .map(|(at, (family, _))| (family.to_owned(), at))
            .collect();
        let mut weights = Weights {
            words: vec![vec![0.0; rows]; families.len()],
            families,
            shared: vec![vec![0.0; shared_count]; schemes],
            own: vec![vec![0.0; all_count]; rows],
            scheme_of: taxonomy
                .concepts
                .iter()
                .map(|concept| concept.scheme)
                .chain(taxonomy.schemes.len()..schemes)
                .collect(),
        };
        let word_ids: Vec<Vec<usize>> = examples.iter().map(|example| weights.word_ids(example)).collect();
        let mut word_state = vec![vec![(0.0, 0.0); rows]; weights.words.len()];
        let penalty = |feature: usize| match feature {
            0 => BIAS_PENALTY,
            f if f < shared_count => penalties.own,
            f if f < first_style => penalties.together,
            _ => penalties.style,
        };
        let mut shared_state = vec![vec![(0.0, 0.0); shared_count]; schemes];
        let mut own_state = vec![vec![(0.0, 0.0); all_count]; rows];
        for step in 1..=STEPS {
            let mut shared_gradient = vec![vec![0.0; shared_count]; schemes];
            let mut own_gradient = vec![vec![0.0; all_count]; rows];
            let mut word_gradient = vec![vec![0.0; rows]; weights.words.len()];
            for (example, words) in examples.iter().zip(&word_ids) {
                for row in 0..rows {
                    // A passage that nobody labelled for a scheme says nothing of it.
                    let Some(truth) = example.truth[row] else {
                        continue;
                    };
                    let error = weights.score(row, example, words) - f64::from(u8::from(truth));
                    for &word in words {
                        word_gradient[word][row] += error;
                    }
                    for &(index, value) in &example.features.whole {
                        own_gradient[row][index as usize] += error * f64::from(value);
                    }
                    for &(index, value) in example.features.of_row(row) {
                        let part = error * f64::from(value);
                        own_gradient[row][index as usize] += part;
                        if row < taxonomy.concepts.len() {
                            shared_gradient[weights.scheme_of[row]][index as usize] += part;
                        }
                    }
                }
            }
            let rate = 0.1 * (1.0 - 0.9 * step as f64 / STEPS as f64);
            for scheme in 0..schemes {
                for feature in 0..shared_count {
                    let weight = &mut weights.shared[scheme][feature];
                    let gradient = shared_gradient[scheme][feature] + penalties.shared * *weight;
                    adam(weight, gradient, &mut shared_state[scheme][feature], rate, step);
                }
            }
            for word in 0..weights.words.len() {
                for concept in 0..rows {
                    let weight = &mut weights.words[word][concept];
                    let gradient = word_gradient[word][concept] + penalties.word * *weight;
                    adam(weight, gradient, &mut word_state[word][concept], rate, step);
                }
            }
            for concept in 0..rows {
                for feature in 0..all_count {
                    let weight = &mut weights.own[concept][feature];
                    let gradient = own_gradient[concept][feature] + penalty(feature) * *weight;
                    if gradient != 0.0 {
                        adam(weight, gradient, &mut own_state[concept][feature], rate, step);
                    }
                }
            }
        }
        for weight in weights.words.iter_mut().flatten() {
            if weight.abs() < LEAST_WORD_WEIGHT {
                *weight = 0.0;
            }
        }
        weights
    }

    fn into_model(
        self,
        taxonomy: &Taxonomy,
        thresholds: BTreeMap<String, Thresholds>,
        of_meaning: &MeaningWeights,
        share: f64,
    ) -> Model {
        let names = feature_names(taxonomy);
        let ids = row_names(taxonomy);
        let kept = |weights: &[f64]| -> BTreeMap<String, f32> {
            weights
                .iter()
                .zip(&names)
                .map(|(&weight, name)| (name.clone(), rounded(weight)))
                .filter(|(_, weight)| weight.abs() >= 0.02)
                .collect()
        };
        Model {
            thresholds,
            words: self
                .families
                .iter()
                .map(|(family, &at)| {
                    let weights = ids
                        .iter()
                        .zip(&self.words[at])
                        .filter(|(_, weight)| **weight != 0.0)
                        .map(|(id, weight)| (id.clone(), (weight * 100.0).round() as f32 / 100.0))
                        .collect();
                    (family.clone(), weights)
                })
                .filter(|(_, weights): &(String, BTreeMap<String, f32>)| !weights.is_empty())
                .collect(),
            shared: taxonomy
                .schemes
                .iter()
                .zip(&self.shared)
                .map(|(scheme, weights)| (scheme.id.clone(), kept(weights)))
                .collect(),
            own: ids.iter().cloned().zip(self.own.iter().map(|weights| kept(weights))).collect(),
            meaning: ids
                .iter()
                .cloned()
                .zip(of_meaning.weights.iter().zip(&of_meaning.biases).map(|(weights, bias)| {
                    std::iter::once(bias).chain(weights).map(|weight| rounded(*weight)).collect()
                }))
                .collect(),
            share: share as f32,
            vectors: vectors_fingerprint(),
        }
    }
}

fn rounded(weight: f64) -> f32 {
    (weight * 1000.0).round() as f32 / 1000.0
}

/// Weights for the meaning of a passage.
struct MeaningWeights {
    /// By row and number of the meaning.
    weights: Vec<[f64; VECTOR_LENGTH]>,
    /// By row.
    biases: Vec<f64>,
}

impl MeaningWeights {
    fn logit(&self, row: usize, meaning: &Meaning) -> f64 {
        let weights = self.weights[row].iter().zip(meaning);
        self.biases[row] + weights.map(|(weight, &number)| weight * f64::from(number)).sum::<f64>()
    }

    /// A logistic regression for each row. The penalty is for meanings whose numbers vary by 1.
    fn fit(examples: &[&Example], rows: usize, penalty: f64) -> MeaningWeights {
        let mut variance = 0.0;
        for at in 0..VECTOR_LENGTH {
            let numbers = || examples.iter().map(|example| f64::from(example.meaning[at]));
            let mean = numbers().sum::<f64>() / examples.len() as f64;
            variance += numbers().map(|number| (number - mean).powi(2)).sum::<f64>();
        }
        let penalty = penalty * variance / (examples.len() * VECTOR_LENGTH) as f64;
        let mut fitted =
            MeaningWeights { weights: vec![[0.0; VECTOR_LENGTH]; rows], biases: vec![0.0; rows] };
        for row in 0..rows {
            let mut state = [(0.0, 0.0); VECTOR_LENGTH];
            let mut bias_state = (0.0, 0.0);
            for step in 1..=STEPS_OF_MEANING {
                let mut gradient = fitted.weights[row].map(|weight| penalty * weight);
                let mut bias_gradient = BIAS_PENALTY * fitted.biases[row];
                for example in examples {
                    let Some(truth) = example.truth[row] else {
                        continue;
                    };
                    let error = probability(fitted.logit(row, &example.meaning)) - f64::from(u8::from(truth));
                    bias_gradient += error;
                    for (part, &number) in gradient.iter_mut().zip(&example.meaning) {
                        *part += error * f64::from(number);
                    }
                }
                let rate = 0.2 * (1.0 - 0.9 * step as f64 / STEPS_OF_MEANING as f64);
                adam(&mut fitted.biases[row], bias_gradient, &mut bias_state, rate, step);
                for ((weight, gradient), state) in
                    fitted.weights[row].iter_mut().zip(gradient).zip(&mut state)
                {
                    adam(weight, gradient, state, rate, step);
                }
            }
        }
        fitted
    }
}

/// One step of Adam for one weight.
fn adam(weight: &mut f64, gradient: f64, state: &mut (f64, f64), rate: f64, step: usize) {
    const B1: f64 = 0.9;
    const B2: f64 = 0.999;
    state.0 = B1 * state.0 + (1.0 - B1) * gradient;
    state.1 = B2 * state.1 + (1.0 - B2) * gradient * gradient;
    let first = state.0 / (1.0 - B1.powi(step as i32));
    let second = state.1 / (1.0 - B2.powi(step as i32));
    *weight -= rate * first / (second.sqrt() + 1e-8);
}
