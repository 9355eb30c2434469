//! Learns the tagger's weights from labelled passages and writes `corpus/tagger.json`.
//!
//! ```text
//! cargo run --release --example train_tagger -- tests/gold/train.jsonl > corpus/tagger.json
//! ```
//!
//! One logistic regression for each concept over the features of `gcm_search::tagger`, trained together: what all
//! concepts of a scheme share (how strong the terms are, whether who is named acts) and what each adds to that (its
//! bias, what it is found together with, style) are both penalised (L2), the second more, so that
//! a concept with few examples leans on what the others teach. Fitted by Adam (Kingma and Ba 2015) on all examples
//! at once. Five-fold cross-validation chooses the thresholds and is reported on standard error.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;

use gcm_search::document::Language;
use gcm_search::eval::LabelCounts;
use gcm_search::tagger::{Features, Model, Tagger, feature_names, shared_feature_count};
use gcm_search::taxonomy::Taxonomy;
use serde::Deserialize;

#[derive(Deserialize)]
struct Labelled {
    lang: Language,
    text: String,
    dimensions: Vec<String>,
    actors: Vec<String>,
}

/// One passage: the features and the truth of every concept.
struct Example {
    features: Vec<Features>,
    truth: Vec<bool>,
}

/// How strongly weights are held near zero, in units of examples.
struct Penalties {
    shared: f64,
    own: f64,
    together: f64,
    style: f64,
}

const FOLDS: usize = 5;
const STEPS: usize = 400;

fn main() -> Result<(), Box<dyn Error>> {
    let taxonomy = match env::var("TAXONOMY") {
        Ok(path) => Taxonomy::parse(&fs::read_to_string(path)?)?,
        Err(_) => Taxonomy::built_in()?,
    };
    let mut tagger = Tagger::new(&taxonomy, &Model::default());
    let mut examples = Vec::new();
    for path in env::args().skip(1) {
        for line in fs::read_to_string(path)?.lines() {
            let labelled: Labelled = serde_json::from_str(line)?;
            let truth = taxonomy
                .concepts
                .iter()
                .map(|concept| {
                    labelled.dimensions.contains(&concept.id) || labelled.actors.contains(&concept.id)
                })
                .collect();
            examples.push(Example { features: tagger.features(&labelled.text, labelled.lang), truth });
        }
    }
    let number = |name: &str, default: f64| -> f64 {
        env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    let penalties = Penalties {
        shared: number("SHARED", 0.1),
        own: number("OWN", 2.0),
        together: number("TOGETHER", 4.0),
        style: number("STYLE", 4.0),
    };
    let mut scored: Vec<Vec<f64>> = vec![Vec::new(); examples.len()];
    for fold in 0..FOLDS {
        let training: Vec<&Example> = examples
            .iter()
            .enumerate()
            .filter(|(at, _)| at % FOLDS != fold)
            .map(|(_, example)| example)
            .collect();
        let weights = Weights::fit(&taxonomy, &training, &penalties);
        for (at, example) in examples.iter().enumerate().filter(|(at, _)| at % FOLDS == fold) {
            scored[at] = (0..taxonomy.concepts.len())
                .map(|concept| weights.score(concept, &example.features[concept]))
                .collect();
        }
    }
    let mut thresholds = BTreeMap::new();
    for (scheme, entry) in taxonomy.schemes.iter().enumerate() {
        let (threshold, counts) = best_threshold(&taxonomy, scheme, &examples, &scored);
        eprintln!(
            "{}: threshold {threshold:.2}, cross-validated P {:.3} R {:.3} F1 {:.3}",
            entry.id,
            counts.precision(),
            counts.recall(),
            counts.f1()
        );
        thresholds.insert(entry.id.clone(), threshold);
        if env::var("PER_CONCEPT").is_ok() {
            for (concept, of) in taxonomy.concepts_of(scheme) {
                let counts = count(&examples, &scored, &[concept], f64::from(threshold));
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
    }
    let all: Vec<&Example> = examples.iter().collect();
    let model = Weights::fit(&taxonomy, &all, &penalties).into_model(&taxonomy, thresholds);
    println!("{}", serde_json::to_string_pretty(&model)?);
    Ok(())
}

/// Counts right and wrong labels of some concepts.
fn count(examples: &[Example], scored: &[Vec<f64>], concepts: &[usize], threshold: f64) -> LabelCounts {
    let mut counts = LabelCounts::default();
    for (example, scores) in examples.iter().zip(scored) {
        for &concept in concepts {
            match (scores[concept] >= threshold, example.truth[concept]) {
                (true, true) => counts.right += 1,
                (true, false) => counts.wrong += 1,
                (false, true) => counts.missed += 1,
                (false, false) => {}
            }
        }
    }
    counts
}

fn best_threshold(
    taxonomy: &Taxonomy,
    scheme: usize,
    examples: &[Example],
    scored: &[Vec<f64>],
) -> (f32, LabelCounts) {
    let concepts: Vec<usize> = taxonomy.concepts_of(scheme).map(|(concept, _)| concept).collect();
    let mut best = (0.5, LabelCounts::default());
    for step in 20..=70 {
        let threshold = f64::from(step) / 100.0;
        let counts = count(examples, scored, &concepts, threshold);
        if counts.f1() > best.1.f1() {
            best = (threshold as f32, counts);
        }
    }
    best
}

struct Weights {
    /// By scheme and shared feature.
    shared: Vec<Vec<f64>>,
    /// By concept and feature.
    own: Vec<Vec<f64>>,
    scheme_of: Vec<usize>,
}

impl Weights {
    fn score(&self, concept: usize, features: &Features) -> f64 {
        let shared = &self.shared[self.scheme_of[concept]];
        let own = &self.own[concept];
        let logit: f64 = features
            .iter()
            .map(|&(index, value)| {
                let index = index as usize;
                f64::from(value) * (shared.get(index).copied().unwrap_or(0.0) + own[index])
            })
            .sum();
        1.0 / (1.0 + (-logit).exp())
    }

    fn fit(taxonomy: &Taxonomy, examples: &[&Example], penalties: &Penalties) -> Weights {
        let shared_count = shared_feature_count();
        let all_count = feature_names(taxonomy).len();
        let concepts = taxonomy.concepts.len();
        let schemes = taxonomy.schemes.len();
        let first_style = shared_count + concepts;
        let mut weights = Weights {
            shared: vec![vec![0.0; shared_count]; schemes],
            own: vec![vec![0.0; all_count]; concepts],
            scheme_of: taxonomy.concepts.iter().map(|concept| concept.scheme).collect(),
        };
        let penalty = |feature: usize| match feature {
            0 => 0.3,
            f if f < shared_count => penalties.own,
            f if f < first_style => penalties.together,
            _ => penalties.style,
        };
        let mut shared_state = vec![vec![(0.0, 0.0); shared_count]; schemes];
        let mut own_state = vec![vec![(0.0, 0.0); all_count]; concepts];
        for step in 1..=STEPS {
            let mut shared_gradient = vec![vec![0.0; shared_count]; schemes];
            let mut own_gradient = vec![vec![0.0; all_count]; concepts];
            for example in examples {
                for concept in 0..concepts {
                    let features = &example.features[concept];
                    let error =
                        weights.score(concept, features) - f64::from(u8::from(example.truth[concept]));
                    for &(index, value) in features {
                        let index = index as usize;
                        let part = error * f64::from(value);
                        own_gradient[concept][index] += part;
                        if index < shared_count {
                            shared_gradient[weights.scheme_of[concept]][index] += part;
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
            for concept in 0..concepts {
                for feature in 0..all_count {
                    let weight = &mut weights.own[concept][feature];
                    let gradient = own_gradient[concept][feature] + penalty(feature) * *weight;
                    if gradient != 0.0 {
                        adam(weight, gradient, &mut own_state[concept][feature], rate, step);
                    }
                }
            }
        }
        weights
    }

    fn into_model(self, taxonomy: &Taxonomy, thresholds: BTreeMap<String, f32>) -> Model {
        let names = feature_names(taxonomy);
        let kept = |weights: &[f64]| -> BTreeMap<String, f32> {
            weights
                .iter()
                .zip(&names)
                .map(|(&weight, name)| (name.clone(), (weight * 1000.0).round() as f32 / 1000.0))
                .filter(|(_, weight)| weight.abs() >= 0.02)
                .collect()
        };
        Model {
            thresholds,
            shared: taxonomy
                .schemes
                .iter()
                .zip(&self.shared)
                .map(|(scheme, weights)| (scheme.id.clone(), kept(weights)))
                .collect(),
            own: taxonomy
                .concepts
                .iter()
                .zip(&self.own)
                .map(|(concept, weights)| (concept.id.clone(), kept(weights)))
                .collect(),
        }
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
