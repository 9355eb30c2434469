//! Passages to tags: which dimensions and actors a passage is about, how surely, and why.
//!
//! Terms of the taxonomy are found by lexeme, each concept by itself: the longest match of a concept wins over its own
//! shorter ones, never over another's. What was found becomes a few readable **features** (how strong
//! the terms are, where they stand, whether who is named also acts, what else is named), and a logistic
//! model over them, one for each concept, gives a score from 0 to 1. Its weights are data
//! (`corpus/tagger.json`), learned from labelled passages by `examples/train_tagger.rs`; every
//! feature that moved a score is named in the evidence.
//!
//! What no term names is told by lighter signs: kinds of everyday words (`cues`), and the families of single words,
//! which the model weighs one by one.
//!
//! Structure is above words: a lead-in such as "Dimensione locale." settles its dimension.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::analysis::{Case, Lexeme, Token, TokenKind, is_stop_word, lexeme, tokenize};
use crate::cues::{CUE_COUNT, Cues};
use crate::document::Language;
use crate::taxonomy::{Role, Taxonomy, Weight, Word};

/// The version of everything in this module that decides tags; part of the tagging fingerprint.
pub const TAGGER_VERSION: u32 = 2;

/// The model that is built into the program, learned for the built-in taxonomy.
pub const BUILT_IN_MODEL: &str = include_str!("../corpus/tagger.json");

/// What a lead-in or a heading that names the concept is worth, in units of the model's log-odds:
/// enough to overrule any words that follow.
const STRUCTURE_LOGIT: f32 = 9.0;
/// What a term is worth in a passage whose lead-in or heading names its subject: such texts name whom they mean.
const NAMED_LOGIT: f32 = 1.5;
/// What a strong term in a heading above the passage is worth.
const HEADING_LOGIT: f32 = 0.8;
/// From here on a concept is sure enough, in log-odds, to be given even where the text as a whole seems to have none.
pub const SURE_LOGIT: f32 = 1.4;
/// A passage of fewer words is given only concepts of which a term stands in it.
const MIN_WORDS_WITHOUT_TERMS: usize = 12;
/// The most words that a lead-in has.
const LEAD_IN_WORDS: usize = 7;

/// A concept that a passage is tagged with.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag {
    /// The concept's index in the taxonomy.
    pub concept: usize,
    /// How surely, from 0 to 1.
    pub score: f32,
    /// Why, strongest first; empty unless it was asked for.
    pub evidence: Vec<Evidence>,
}

/// One reason for a tag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The words of the passage that it rests on; empty where it rests on the passage as a whole.
    pub text: String,
    /// Where they begin, in Unicode code points.
    pub start: usize,
    /// Where they end, in Unicode code points.
    pub end: usize,
    /// The rule, in words.
    pub rule: String,
    /// What it added to the score, in log-odds; negative where it spoke against.
    pub weight: f32,
}

/// The weights of the logistic models, as a file holds them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// From which score on a concept is given, by scheme.
    pub thresholds: BTreeMap<String, f32>,
    /// Weights that all concepts of a scheme share: scheme, feature, weight.
    pub shared: BTreeMap<String, BTreeMap<String, f32>>,
    /// What a concept adds to them: concept, feature, weight.
    pub own: BTreeMap<String, BTreeMap<String, f32>>,
    /// What single words add: the family of a word, concept, weight.
    #[serde(default)]
    pub words: BTreeMap<String, BTreeMap<String, f32>>,
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

/// Features that every concept of a scheme has, in the order of their weights.
const SHARED_FEATURES: [&str; 23] = [
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
];

/// The name under which the model keeps what tells that a passage has no concept of a scheme at all.
/// Administrative and technical text has none, whoever is named in it.
pub fn none_of(scheme: &str) -> String {
    format!("none of {scheme}")
}

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

/// What a feature must add, in log-odds, to be named in the evidence.
const LEAST_EVIDENCE: f32 = 0.1;

/// What was found of one concept in one passage.
#[derive(Debug, Clone, Default)]
struct Findings {
    hits: Vec<Hit>,
    /// Distinct strong, medium and weak patterns.
    strong: usize,
    medium: usize,
    weak: usize,
    /// The sum of the weights of its distinct patterns, at most 3.
    mass: f32,
}

#[derive(Debug, Clone)]
struct Hit {
    pattern: u32,
    weight: Weight,
    start: usize,
    end: usize,
}

/// A feature of a concept in a passage, by index: first the shared ones, then one for each concept,
/// then those of style and the cues.
pub type Features = Vec<(u32, f32)>;

/// Tags passages. Holds the words that it has seen, so one is kept for many passages.
pub struct Tagger<'a> {
    taxonomy: &'a Taxonomy,
    /// Weights by concept and feature, shared and own ones added up; after the concepts, for each scheme
    /// those that tell that a passage has none of it.
    weights: Vec<Vec<f32>>,
    /// By scheme, from which score on a concept is given; after these, from which score on none is.
    thresholds: Vec<f32>,
    /// The families of words that the model weighs, as indices into `family_weights`.
    families: HashMap<String, u32>,
    /// By family, what it adds to which concepts.
    family_weights: Vec<Vec<(u32, f32)>>,
    cues: Cues,
    /// The names of the features, for the evidence.
    names: Vec<String>,
    seen: HashMap<Language, SeenWords>,
}

/// The words met so far in one language.
#[derive(Default)]
struct SeenWords {
    index: HashMap<(String, bool), usize>,
    entries: Vec<SeenWord>,
}

struct SeenWord {
    lexeme: Lexeme,
    candidates: Vec<u32>,
    /// The kinds of cue that it is, one bit each.
    cues: u32,
    /// Its family, if the model weighs it.
    family: Option<u32>,
}

/// How many words are remembered before the memory is emptied.
const SEEN_LIMIT: usize = 200_000;

/// A text made ready for matching.
struct Prepared {
    tokens: Vec<Token>,
    /// For each token, its entry among the seen words.
    entries: Vec<usize>,
    /// For each token, the number of its sentence.
    sentences: Vec<u32>,
    /// For each token, whether its sentence is in capitals throughout.
    shouted: Vec<bool>,
}

impl<'a> Tagger<'a> {
    /// A tagger for a taxonomy, with the weights of `model`.
    pub fn new(taxonomy: &'a Taxonomy, model: &Model) -> Tagger<'a> {
        let names = feature_names(taxonomy);
        let mut weights: Vec<Vec<f32>> = taxonomy
            .concepts
            .iter()
            .map(|concept| {
                let scheme = &taxonomy.schemes[concept.scheme].id;
                names
                    .iter()
                    .map(|name| {
                        if !model.own.contains_key(&concept.id) {
                            return untaught(name);
                        }
                        let shared = model.shared.get(scheme).and_then(|map| map.get(name)).copied();
                        let own = model.own.get(&concept.id).and_then(|map| map.get(name)).copied();
                        shared.unwrap_or(0.0) + own.unwrap_or(0.0)
                    })
                    .collect()
            })
            .collect();
        weights.extend(taxonomy.schemes.iter().map(|scheme| {
            let own = model.own.get(&none_of(&scheme.id));
            names.iter().map(|name| own.and_then(|map| map.get(name)).copied().unwrap_or(0.0)).collect()
        }));
        let threshold = |name: &str, default: f32| model.thresholds.get(name).copied().unwrap_or(default);
        let thresholds = taxonomy
            .schemes
            .iter()
            .map(|scheme| threshold(&scheme.id, 0.5))
            .chain(taxonomy.schemes.iter().map(|scheme| threshold(&none_of(&scheme.id), 1.0)))
            .collect();
        let row_of = |id: &str| {
            let none = || taxonomy.schemes.iter().position(|scheme| none_of(&scheme.id) == id);
            taxonomy.concept_index(id).or_else(|| none().map(|scheme| taxonomy.concepts.len() + scheme))
        };
        let mut families = HashMap::new();
        let mut family_weights = Vec::new();
        for (family, weights) in &model.words {
            families.insert(family.clone(), family_weights.len() as u32);
            family_weights.push(
                weights
                    .iter()
                    .filter_map(|(id, &weight)| row_of(id).map(|row| (row as u32, weight)))
                    .collect(),
            );
        }
        Tagger {
            taxonomy,
            weights,
            thresholds,
            families,
            family_weights,
            cues: Cues::new(),
            names,
            seen: HashMap::new(),
        }
    }

    /// The tags of a passage, by scheme in the order of the taxonomy, the surest first.
    ///
    /// `headings` are those above the passage, outermost first. Evidence is collected where `explain` asks for it.
    pub fn tag(&mut self, text: &str, headings: &[String], language: Language, explain: bool) -> Vec<Tag> {
        let prepared = self.prepare(text, language);
        let findings = self.findings(&prepared, language);
        let features = self.features_of(&prepared, &findings, text, language);
        let structure = self.structure(text, headings);
        let in_headings = self.in_headings(headings, language);
        let families = self.families_of(&prepared, language);
        let mut by_words = vec![0.0f32; self.weights.len()];
        for &(family, _) in &families {
            for &(concept, weight) in &self.family_weights[family as usize] {
                by_words[concept as usize] += weight;
            }
        }
        let mut tags: Vec<Tag> = Vec::new();
        let logit_of = |row: usize| -> f32 {
            let weights = &self.weights[row];
            let by_features: f32 =
                features[row].iter().map(|&(index, value)| weights[index as usize] * value).sum();
            by_features + by_words[row]
        };
        let (concepts, schemes) = (self.taxonomy.concepts.len(), self.taxonomy.schemes.len());
        let none: Vec<bool> = (0..schemes)
            .map(|scheme| {
                let score = 1.0 / (1.0 + (-logit_of(concepts + scheme)).exp());
                score >= self.thresholds[schemes + scheme]
            })
            .collect();
        for (concept, features) in features.iter().take(concepts).enumerate() {
            // A line is too little to tell from its manner what it is about: there a term must stand.
            if prepared.tokens.len() < MIN_WORDS_WITHOUT_TERMS
                && findings[concept].hits.is_empty()
                && !structure.contains(&concept)
            {
                continue;
            }
            let mut logit = logit_of(concept);
            // A text whose lead-in or heading names a concept is no notice, and what is sure by itself holds.
            if none[self.taxonomy.concepts[concept].scheme] && logit < SURE_LOGIT && structure.is_empty() {
                continue;
            }
            if structure.contains(&concept) {
                logit += STRUCTURE_LOGIT;
            }
            if in_headings.contains(&concept) {
                logit += HEADING_LOGIT;
            }
            let named = !structure.is_empty()
                && !structure.contains(&concept)
                && findings[concept].strong + findings[concept].medium > 0;
            if named {
                logit += NAMED_LOGIT;
            }
            let score = 1.0 / (1.0 + (-logit).exp());
            if score < self.thresholds[self.taxonomy.concepts[concept].scheme] {
                continue;
            }
            let evidence = if explain {
                let mut evidence = self.evidence(concept, text, &prepared, &findings, features, language);
                evidence.extend(self.words_as_evidence(concept, text, &prepared, &families));
                evidence.sort_by(|one, other| {
                    other.weight.total_cmp(&one.weight).then(one.start.cmp(&other.start))
                });
                if structure.contains(&concept) {
                    evidence.insert(0, whole("the lead-in or heading names it", STRUCTURE_LOGIT));
                }
                if named {
                    evidence
                        .push(whole("named under a lead-in or heading that names its subject", NAMED_LOGIT));
                }
                if in_headings.contains(&concept) {
                    evidence.push(whole("a heading above speaks of it", HEADING_LOGIT));
                }
                evidence
            } else {
                Vec::new()
            };
            tags.push(Tag { concept, score, evidence });
        }
        self.add_parents(&mut tags);
        tags.sort_by(|one, other| {
            let scheme = |tag: &Tag| self.taxonomy.concepts[tag.concept].scheme;
            scheme(one)
                .cmp(&scheme(other))
                .then(other.score.total_cmp(&one.score))
                .then(one.concept.cmp(&other.concept))
        });
        tags
    }

    /// The features of every concept in a passage, then those of having none of each scheme: what the model is
    /// trained on.
    pub fn features(&mut self, text: &str, language: Language) -> Vec<Features> {
        let prepared = self.prepare(text, language);
        let findings = self.findings(&prepared, language);
        self.features_of(&prepared, &findings, text, language)
    }

    /// The families of the words of a passage, sorted: what the model may weigh one by one.
    pub fn word_families(&self, text: &str, language: Language) -> Vec<String> {
        let mut out: Vec<String> = tokenize(text)
            .iter()
            .filter_map(|token| word_family(token, language))
            .map(str::to_owned)
            .collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// The families in a text that the model weighs, each once, with the token where it stands first.
    fn families_of(&self, prepared: &Prepared, language: Language) -> Vec<(u32, usize)> {
        let Some(seen) = self.seen.get(&language) else {
            return Vec::new();
        };
        let mut out: Vec<(u32, usize)> = prepared
            .entries
            .iter()
            .enumerate()
            .filter_map(|(at, &entry)| seen.entries[entry].family.map(|family| (family, at)))
            .collect();
        out.sort_unstable();
        out.dedup_by_key(|&mut (family, _)| family);
        out
    }

    fn words_as_evidence(
        &self,
        concept: usize,
        text: &str,
        prepared: &Prepared,
        families: &[(u32, usize)],
    ) -> Vec<Evidence> {
        let mut out = Vec::new();
        for &(family, at) in families {
            let weights = &self.family_weights[family as usize];
            let Some(&(_, weight)) = weights.iter().find(|&&(of, _)| of as usize == concept) else {
                continue;
            };
            if weight.abs() < LEAST_EVIDENCE {
                continue;
            }
            let (start, end) = (prepared.tokens[at].start, prepared.tokens[at].end);
            out.push(Evidence {
                text: text[start..end].to_owned(),
                start: text[..start].chars().count(),
                end: text[..end].chars().count(),
                rule: "a word that often goes with it, or seldom".to_owned(),
                weight,
            });
        }
        out
    }

    /// Whoever is tagged with a kind is tagged with what it is a kind of.
    fn add_parents(&self, tags: &mut Vec<Tag>) {
        let mut at = 0;
        while at < tags.len() {
            if let Some(parent) = self.taxonomy.concepts[tags[at].concept].parent {
                let score = tags[at].score;
                match tags.iter_mut().find(|tag| tag.concept == parent) {
                    Some(tag) => tag.score = tag.score.max(score),
                    None => {
                        let kind = &self.taxonomy.concepts[tags[at].concept].labels.it;
                        let rule = format!("follows from \"{kind}\"");
                        let evidence =
                            if tags[at].evidence.is_empty() { Vec::new() } else { vec![whole(&rule, 0.0)] };
                        tags.push(Tag { concept: parent, score, evidence });
                    }
                }
            }
            at += 1;
        }
    }

    /// The concepts that the passage's lead-in, or the heading right above it, names.
    fn structure(&self, text: &str, headings: &[String]) -> Vec<usize> {
        let lead_in = text
            .find(['.', ':', '\n'])
            .map(|end| &text[..end])
            .filter(|lead| lead.split_whitespace().count() <= LEAD_IN_WORDS);
        let mut out = Vec::new();
        for name in lead_in.into_iter().chain(headings.last().map(String::as_str)) {
            let name =
                name.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ')' | ' ' | '-'));
            // Only names of more than one word are structure: "Stati." may open any sentence.
            if name.split_whitespace().count() < 2 {
                continue;
            }
            for scheme in 0..self.taxonomy.schemes.len() {
                out.extend(self.taxonomy.by_name(scheme, name));
            }
        }
        out
    }

    /// The concepts of which a strong term stands in a heading.
    fn in_headings(&mut self, headings: &[String], language: Language) -> Vec<usize> {
        let mut out: Vec<usize> = Vec::new();
        for heading in headings {
            let prepared = self.prepare(heading, language);
            for (concept, findings) in self.findings(&prepared, language).iter().enumerate() {
                if findings.strong > 0 && !out.contains(&concept) {
                    out.push(concept);
                }
            }
        }
        out
    }

    fn prepare(&mut self, text: &str, language: Language) -> Prepared {
        let tokens = tokenize(text);
        let vocabulary = self.taxonomy.vocabulary(language);
        let seen = self.seen.entry(language).or_default();
        if seen.entries.len() > SEEN_LIMIT {
            *seen = SeenWords::default();
        }
        let entries = tokens
            .iter()
            .map(|token| {
                let key = (token.text.clone(), token.accented);
                if let Some(&at) = seen.index.get(&key) {
                    return at;
                }
                let lexeme = lexeme(language, &token.text, token.accented);
                let candidates = vocabulary.candidates(&token.text, &lexeme.root);
                let cues = self.cues.of(&token.text);
                let family =
                    word_family(token, language).and_then(|family| self.families.get(family).copied());
                seen.entries.push(SeenWord { lexeme, candidates, cues, family });
                let at = seen.entries.len() - 1;
                seen.index.insert(key, at);
                at
            })
            .collect();
        let sentences = sentence_numbers(text, &tokens);
        let shouted = shouted_tokens(&tokens, &sentences);
        Prepared { tokens, entries, sentences, shouted }
    }

    /// What stands in the text of each concept.
    fn findings(&self, prepared: &Prepared, language: Language) -> Vec<Findings> {
        let vocabulary = self.taxonomy.vocabulary(language);
        let Some(seen) = self.seen.get(&language) else {
            return vec![Findings::default(); self.taxonomy.concepts.len()];
        };
        let words: Vec<Word<'_>> = prepared
            .tokens
            .iter()
            .zip(&prepared.entries)
            .zip(&prepared.shouted)
            .map(|((token, &entry), &shouted)| Word { token, lexeme: &seen.entries[entry].lexeme, shouted })
            .collect();
        let mut hits: Vec<Vec<Hit>> = vec![Vec::new(); self.taxonomy.concepts.len()];
        let mut masks: Vec<(usize, usize, &[usize])> = Vec::new();
        for (at, &entry) in prepared.entries.iter().enumerate() {
            for &index in &seen.entries[entry].candidates {
                let pattern = vocabulary.pattern(index);
                if !pattern.matches(&words[at..]) {
                    continue;
                }
                let end = at + pattern.len();
                // A term does not reach over a sentence end.
                if prepared.sentences[at] != prepared.sentences[end - 1] {
                    continue;
                }
                match &pattern.role {
                    Role::Mask { hides } => masks.push((at, end, hides)),
                    Role::Evidence { concept, weight, context } => {
                        if let Some(context) = context {
                            let number = prepared.sentences[at];
                            let first = prepared.sentences.partition_point(|&s| s < number);
                            let last = prepared.sentences.partition_point(|&s| s <= number);
                            if !vocabulary.context(*context).holds(&words[first..last]) {
                                continue;
                            }
                        }
                        hits[*concept].push(Hit { pattern: index, weight: *weight, start: at, end });
                    }
                }
            }
        }
        hits.into_iter()
            .enumerate()
            .map(|(concept, hits)| {
                let unmasked = hits.into_iter().filter(|hit| {
                    !masks.iter().any(|&(start, end, hides)| {
                        start <= hit.start && hit.end <= end && hides.contains(&concept)
                    })
                });
                Findings::new(longest(unmasked.collect()))
            })
            .collect()
    }

    fn features_of(
        &self,
        prepared: &Prepared,
        findings: &[Findings],
        text: &str,
        language: Language,
    ) -> Vec<Features> {
        let style = style_features(prepared, text, language);
        let cues = self.cue_features(prepared, language);
        let first_style = (SHARED_FEATURES.len() + self.taxonomy.concepts.len()) as u32;
        let first_cue = first_style + STYLE_FEATURES.len() as u32;
        let mass = |concept: usize| findings[concept].mass.min(MASS_OF_KIN);
        let mut of_kinds = vec![0.0f32; findings.len()];
        for (concept, found) in self.taxonomy.concepts.iter().enumerate() {
            if let Some(parent) = found.parent {
                of_kinds[parent] = of_kinds[parent].max(mass(concept));
            }
        }
        let masses: Vec<(u32, f32)> = findings
            .iter()
            .enumerate()
            .filter(|(_, found)| found.mass > 0.0)
            .map(|(concept, found)| ((SHARED_FEATURES.len() + concept) as u32, found.mass))
            .collect();
        let scheme_of = |concept: usize| self.taxonomy.concepts[concept].scheme;
        let mut total = vec![0.0f32; self.taxonomy.schemes.len()];
        let mut most = vec![0.0f32; self.taxonomy.schemes.len()];
        let mut strong = vec![0usize; self.taxonomy.schemes.len()];
        let mut company = vec![0usize; self.taxonomy.schemes.len()];
        for (concept, found) in findings.iter().enumerate() {
            let scheme = scheme_of(concept);
            total[scheme] += found.mass;
            most[scheme] = most[scheme].max(found.mass);
            strong[scheme] += usize::from(found.strong > 0);
            company[scheme] += usize::from(found.mass > 0.5);
        }
        let whole = |out: &mut Features| {
            out.extend(masses.iter().copied());
            out.extend(style.iter().map(|&(index, value)| (first_style + index, value)));
            out.extend(cues.iter().map(|&(index, value)| (first_cue + index, value)));
        };
        let mut all: Vec<Features> = findings
            .iter()
            .enumerate()
            .map(|(concept, found)| {
                let scheme = scheme_of(concept);
                let mut out: Features = vec![(0, 1.0)];
                let mut add = |index: u32, holds: bool| {
                    if holds {
                        out.push((index, 1.0));
                    }
                };
                add(1, found.strong > 0);
                add(2, found.strong > 1);
                add(3, found.strong > 2);
                add(4, found.medium > 0);
                add(5, found.medium > 1);
                add(6, found.weak > 0);
                add(7, found.weak > 1);
                if !found.hits.is_empty() {
                    let hits = &found.hits;
                    add(8, hits.len() > 1);
                    add(9, hits.iter().any(|hit| opens_sentence(prepared, hit, language)));
                    add(10, hits.iter().any(|hit| acts(prepared, hit, language)));
                    add(11, hits.iter().any(|hit| after(prepared, hit, AGENT_WORDS)));
                    add(12, hits.iter().all(|hit| after(prepared, hit, PLACE_WORDS)));
                    add(13, hits.iter().all(|hit| after(prepared, hit, GENITIVE_WORDS)));
                    add(14, hits.iter().any(|hit| prepared.sentences[hit.start] == 0));
                    out.push((15, found.mass / total[scheme].max(0.1)));
                    if found.mass >= most[scheme] {
                        out.push((16, 1.0));
                    }
                }
                let rivals = strong[scheme] - usize::from(found.strong > 0);
                if rivals > 0 {
                    out.push((17, rivals.min(3) as f32));
                }
                let own = mass(concept);
                if own > 0.0 {
                    let parent = self.taxonomy.concepts[concept].parent.map_or(0.0, mass);
                    if parent > 0.0 {
                        out.push((18, own * parent));
                    }
                    out.push((20, own));
                    out.push((21, company[scheme].min(6) as f32 / 3.0));
                }
                if total[scheme] - found.mass <= 0.0 {
                    out.push((22, 1.0));
                }
                if of_kinds[concept] > 0.0 {
                    out.push((19, of_kinds[concept]));
                }
                whole(&mut out);
                out
            })
            .collect();
        for _ in &self.taxonomy.schemes {
            let mut out: Features = vec![(0, 1.0)];
            whole(&mut out);
            all.push(out);
        }
        all
    }

    /// How many different words of each kind of cue stand in the text, three at most, halved.
    fn cue_features(&self, prepared: &Prepared, language: Language) -> Vec<(u32, f32)> {
        let Some(seen) = self.seen.get(&language) else {
            return Vec::new();
        };
        let mut counts = [0u32; CUE_COUNT];
        let mut met: Vec<usize> = Vec::new();
        for (token, &entry) in prepared.tokens.iter().zip(&prepared.entries) {
            let mut kinds = seen.entries[entry].cues;
            if token.case == Case::Lower {
                kinds &= !self.cues.capitalised();
            }
            if kinds == 0 || met.contains(&entry) {
                continue;
            }
            met.push(entry);
            while kinds != 0 {
                counts[kinds.trailing_zeros() as usize] += 1;
                kinds &= kinds - 1;
            }
        }
        (0u32..)
            .zip(counts)
            .filter(|&(_, count)| count > 0)
            .map(|(kind, count)| (kind, count.min(3) as f32 / 2.0))
            .collect()
    }

    fn evidence(
        &self,
        concept: usize,
        text: &str,
        prepared: &Prepared,
        findings: &[Findings],
        features: &Features,
        language: Language,
    ) -> Vec<Evidence> {
        let vocabulary = self.taxonomy.vocabulary(language);
        let weights = &self.weights[concept];
        let own_mass = (SHARED_FEATURES.len() + concept) as u32;
        let weight_of = |index: u32| -> f32 {
            features
                .iter()
                .filter(|&&(other, _)| other == index)
                .map(|&(_, value)| value * weights[index as usize])
                .sum()
        };
        // What the terms themselves add is shared out among the hits by their weight.
        let by_terms: f32 =
            (1..=8).chain(14..=16).chain([20]).map(weight_of).sum::<f32>() + weight_of(own_mass);
        let hits = &findings[concept].hits;
        let mass: f32 = hits.iter().map(|hit| worth(hit.weight)).sum();
        let mut out: Vec<Evidence> = hits
            .iter()
            .map(|hit| {
                let start = prepared.tokens[hit.start].start;
                let end = prepared.tokens[hit.end - 1].end;
                let pattern = vocabulary.pattern(hit.pattern);
                let strength = match hit.weight {
                    Weight::Strong => "strong",
                    Weight::Medium => "medium",
                    Weight::Weak => "weak",
                };
                Evidence {
                    text: text[start..end].to_owned(),
                    start: text[..start].chars().count(),
                    end: text[..end].chars().count(),
                    rule: format!("{strength} term \"{}\"", pattern.source),
                    weight: by_terms * worth(hit.weight) / mass,
                }
            })
            .collect();
        let rest = features.iter().filter(|&&(index, _)| {
            (9..=13).contains(&index) || (index >= 17 && index != 20 && index != own_mass)
        });
        for &(index, value) in rest {
            let added = value * weights[index as usize];
            if added.abs() >= LEAST_EVIDENCE {
                out.push(whole(&self.names[index as usize], added));
            }
        }
        out.sort_by(|one, other| other.weight.total_cmp(&one.weight).then(one.start.cmp(&other.start)));
        out
    }
}

fn whole(rule: &str, weight: f32) -> Evidence {
    Evidence { text: String::new(), start: 0, end: 0, rule: rule.to_owned(), weight }
}

/// How many letters a family of words shares; words that are shorter are their own family.
const WORD_FAMILY_LETTERS: usize = 5;
/// Shorter words have no family.
const LEAST_WORD_LETTERS: usize = 3;

/// The family of a word: its first letters. Forms of a word, and its cousins in the other languages,
/// mostly share them. Stop words have none.
fn word_family(token: &Token, language: Language) -> Option<&str> {
    let folded = token.text.as_str();
    if token.kind != TokenKind::Word
        || folded.chars().count() < LEAST_WORD_LETTERS
        || is_stop_word(language, folded)
    {
        return None;
    }
    let end = folded.char_indices().nth(WORD_FAMILY_LETTERS).map_or(folded.len(), |(at, _)| at);
    Some(&folded[..end])
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

fn worth(weight: Weight) -> f32 {
    match weight {
        Weight::Strong => 1.0,
        Weight::Medium => 0.6,
        Weight::Weak => 0.25,
    }
}

impl Findings {
    fn new(hits: Vec<Hit>) -> Findings {
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
fn longest(mut hits: Vec<Hit>) -> Vec<Hit> {
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

/// Numbers the sentences of a text, token by token.
fn sentence_numbers(text: &str, tokens: &[Token]) -> Vec<u32> {
    let mut number = 0;
    let mut out = Vec::with_capacity(tokens.len());
    for (at, token) in tokens.iter().enumerate() {
        if at > 0 {
            let before = &tokens[at - 1];
            let between = &text[before.end..token.start];
            let stops = between.contains(['.', '!', '?', '\n', '…']);
            let abbreviation = before.text.len() <= 4
                && matches!(
                    before.text.as_str(),
                    "art"
                        | "artt"
                        | "n"
                        | "on"
                        | "sig"
                        | "dott"
                        | "dr"
                        | "prof"
                        | "par"
                        | "cfr"
                        | "pag"
                        | "p"
                        | "mr"
                        | "mrs"
                        | "st"
                        | "no"
                        | "ss"
                );
            let opens = token.case != Case::Lower || between.contains('\n');
            if stops && opens && !abbreviation {
                number += 1;
            }
        }
        out.push(number);
    }
    out
}

/// Which tokens stand in a sentence that is in capitals throughout.
fn shouted_tokens(tokens: &[Token], sentences: &[u32]) -> Vec<bool> {
    let mut out = vec![false; tokens.len()];
    let mut start = 0;
    while start < tokens.len() {
        let end = start + sentences[start..].iter().take_while(|&&s| s == sentences[start]).count();
        let words =
            tokens[start..end].iter().filter(|token| token.kind == TokenKind::Word && token.text.len() > 1);
        let (mut all, mut upper) = (0, 0);
        for word in words {
            all += 1;
            upper += usize::from(word.case == Case::Upper);
        }
        if all >= 3 && upper * 10 >= all * 6 {
            out[start..end].fill(true);
        }
        start = end;
    }
    out
}

/// Words before a name that make it the one who acts.
const AGENT_WORDS: &[&str] =
    &["by", "da", "dagli", "dai", "dal", "dall", "dalla", "dalle", "dallo", "par", "por"];
/// Words before a name that make it a place.
const PLACE_WORDS: &[&str] =
    &["at", "chez", "dans", "en", "in", "nei", "negli", "nel", "nell", "nella", "nelle", "nello", "presso"];
/// Words before a name that make it a part of another one.
const GENITIVE_WORDS: &[&str] =
    &["de", "degli", "dei", "del", "dell", "della", "delle", "dello", "des", "di", "du", "of"];

fn after(prepared: &Prepared, hit: &Hit, words: &[&str]) -> bool {
    // An article may stand between: "presso la scuola", "by the council".
    const ARTICLES: &[&str] =
        &["a", "el", "i", "il", "la", "las", "le", "les", "lo", "los", "the", "un", "una"];
    let mut at = hit.start;
    for _ in 0..2 {
        if at == 0 || prepared.sentences[at - 1] != prepared.sentences[hit.start] {
            return false;
        }
        at -= 1;
        let word = prepared.tokens[at].text.as_str();
        if words.contains(&word) {
            return true;
        }
        if !ARTICLES.contains(&word) {
            return false;
        }
    }
    false
}

fn opens_sentence(prepared: &Prepared, hit: &Hit, language: Language) -> bool {
    let number = prepared.sentences[hit.start];
    let first = prepared.sentences.partition_point(|&sentence| sentence < number);
    prepared.tokens[first..hit.start].iter().all(|token| is_stop_word(language, &token.text))
}

/// Whether the word after the hit looks like a finite verb: the name before it is then its subject.
fn acts(prepared: &Prepared, hit: &Hit, language: Language) -> bool {
    // Up to two words may stand between: "il comune di Borgo ha", "the council also voted".
    for at in hit.end..hit.end + 3 {
        let Some(token) = prepared.tokens.get(at) else {
            return false;
        };
        if prepared.sentences[at] != prepared.sentences[hit.start] {
            return false;
        }
        if token.case == Case::Lower && is_finite_verb(&token.text, token.accented, language) {
            return true;
        }
    }
    false
}

/// A guess at finite verbs from their endings and a list of the commonest.
fn is_finite_verb(word: &str, accented: bool, language: Language) -> bool {
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    match language {
        Language::Italian => {
            matches!(
                word,
                "ha" | "hanno"
                    | "e"
                    | "sono"
                    | "fu"
                    | "furono"
                    | "era"
                    | "erano"
                    | "deve"
                    | "devono"
                    | "puo"
                    | "possono"
                    | "chiede"
                    | "chiedono"
                    | "offre"
                    | "offrono"
                    | "decide"
                    | "decidono"
                    | "fa"
                    | "fanno"
                    | "vuole"
                    | "vogliono"
                    | "apre"
                    | "aprono"
                    | "mette"
                    | "mettono"
                    | "riceve"
                    | "ricevono"
                    | "diventa"
            ) || (accented && word.len() > 3 && ends(&["o", "e"]) && !word.ends_with("che"))
                || ends(&[
                    "arono", "irono", "erono", "ranno", "rebbe", "rebbero", "avano", "evano", "ivano",
                    "isce", "iscono",
                ])
                || (word.len() > 5 && ends(&["ano", "ono", "ava", "eva", "iva"]))
        }
        Language::English | Language::Other => {
            matches!(
                word,
                "has"
                    | "have"
                    | "had"
                    | "is"
                    | "are"
                    | "was"
                    | "were"
                    | "will"
                    | "must"
                    | "should"
                    | "can"
                    | "may"
                    | "said"
                    | "says"
                    | "agreed"
                    | "gave"
                    | "took"
                    | "told"
                    | "asked"
                    | "met"
                    | "began"
            ) || (word.len() > 4 && word.ends_with("ed"))
        }
        Language::French => {
            matches!(
                word,
                "a" | "ont"
                    | "est"
                    | "sont"
                    | "etait"
                    | "etaient"
                    | "doit"
                    | "doivent"
                    | "peut"
                    | "peuvent"
                    | "fait"
                    | "font"
                    | "demande"
                    | "demandent"
                    | "offre"
                    | "propose"
            ) || (word.len() > 5 && ends(&["erent", "irent", "aient", "ait", "era", "eront", "issent"]))
        }
        Language::Spanish => {
            matches!(
                word,
                "ha" | "han"
                    | "es"
                    | "son"
                    | "fue"
                    | "fueron"
                    | "era"
                    | "eran"
                    | "debe"
                    | "deben"
                    | "puede"
                    | "pueden"
                    | "pide"
                    | "piden"
                    | "ofrece"
                    | "ofrecen"
            ) || ends(&["aron", "ieron", "aban", "aba"])
                || (accented && word.len() > 3 && ends(&["o", "a", "an"]))
        }
    }
}

/// Words of someone who speaks of themselves, sorted.
const FIRST_PERSON: &[&str] = &[
    "abbiamo", "eravamo", "ho", "io", "j", "je", "ma", "me", "mes", "mi", "mia", "mie", "miei", "mio", "mis",
    "moi", "mon", "my", "nos", "nosotros", "nostra", "nostre", "nostri", "nostro", "nous", "our", "siamo",
    "sono", "us", "we", "yo",
];

fn style_features(prepared: &Prepared, text: &str, language: Language) -> Vec<(u32, f32)> {
    let tokens = &prepared.tokens;
    let words = tokens.len().max(1) as f32;
    let mut out = Vec::new();
    let first_person = tokens
        .iter()
        .filter(|token| {
            let word = token.text.as_str();
            FIRST_PERSON.binary_search(&word).is_ok()
                // "ma" is French for "my" and Italian for "but"; "sono" is Italian for "I am" and "they are".
                && !(word == "ma" && language != Language::French)
                && !(word == "sono" && language != Language::Italian)
                && !(word == "me" && language == Language::Other)
        })
        .count();
    if first_person > 0 {
        out.push((0, (first_person as f32 / 2.0).min(1.5)));
    }
    if text.contains(['«', '“', '"']) {
        out.push((1, 1.0));
    }
    let numbers = tokens.iter().filter(|token| token.kind == TokenKind::Number).count();
    if numbers > 0 {
        out.push((2, (numbers as f32 * 10.0 / words).min(1.5)));
    }
    let references = crate::analysis::references(tokens).len()
        + tokens.iter().filter(|token| token.kind == TokenKind::Symbol).count();
    if references > 0 {
        out.push((3, (references as f32).min(2.0)));
    }
    if prepared.shouted.first() == Some(&true) {
        out.push((4, 1.0));
    }
    if tokens.len() < 30 {
        out.push((5, 1.0));
    }
    if tokens.len() > 70 {
        out.push((6, 1.0));
    }
    let names = tokens
        .iter()
        .enumerate()
        .filter(|&(at, token)| {
            token.case == Case::Capital && at > 0 && prepared.sentences[at] == prepared.sentences[at - 1]
        })
        .count();
    if names > 0 {
        out.push((7, (names as f32 * 10.0 / words).min(2.0)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Result<Vec<String>, String> {
        let taxonomy = Taxonomy::built_in().map_err(|error| error.to_string())?;
        let model = Model::parse(BUILT_IN_MODEL)?;
        let mut tagger = Tagger::new(&taxonomy, &model);
        let tags = tagger.tag(text, &[], Language::Italian, false);
        Ok(tags.into_iter().map(|tag| taxonomy.concepts[tag.concept].id.clone()).collect())
    }

    /// The six items of the stocktaking meeting in Puerto Vallarta, and what each must carry.
    const ITEMS: [(&str, &[&str]); 6] = [
        (
            "Dimensione umana. È stato riconosciuto che i migranti dovrebbero essere al centro del processo del \
             Global Compact e che lo stesso dovrebbe essere people-centred e basarsi sui diritti umani.",
            &["human", "migrants"],
        ),
        (
            "Dimensione delle comunità. Le comunità rivestono un ruolo chiave per ciò che concerne l'inclusione, \
             l'integrazione e la promozione della coesione sociale. In particolare, le comunità possono \
             facilitare l'accesso ai servizi ai migranti nelle comunità d'accoglienza, e la promozione di \
             opportunità migratorie sicure e regolari nelle comunità di origine, facendo da ponte con le \
             diaspore.",
            &["community", "communities", "diasporas"],
        ),
        (
            "Dimensione locale. Le autorità locali rappresentano una componente cruciale nella governance delle \
             migrazioni. Le autorità locali hanno un ruolo sempre più importante, in particolare per quello che \
             concerne l'integrazione, la fornitura di servizi, l'informazione, l'accesso al mercato del lavoro \
             e il coinvolgimento delle diaspore.",
            &["local", "local-authorities"],
        ),
        (
            "Dimensione nazionale. Nel riconoscimento della loro sovranità, gli Stati ricoprono un ruolo centrale \
             nel contesto della gestione delle migrazioni in linea con il diritto internazionale. Il Global \
             Compact rappresenta un'opportunità di identificare e attuare politiche efficaci e concrete per \
             promuovere una migrazione sicura, ordinata e regolare, basandosi sui principi già esistenti.",
            &["national", "states"],
        ),
        (
            "Dimensione regionale. La maggior parte delle migrazioni internazionali sono intra-regionali ed è \
             quindi essenziale che le istituzioni regionali ricoprano un ruolo chiave nel promuovere una \
             migrazione sicura, ordinata e regolare. Il Global Compact offre un'opportunità per un maggiore \
             coinvolgimento degli attori regionali impegnati nelle dinamiche migratorie, che in questo contesto \
             rivestono il ruolo di agenti di collegamento tra gli standard globali e l'implementazione degli \
             stessi agli altri livelli.",
            &["regional", "regional-institutions"],
        ),
        (
            "Dimensione globale. Il processo di adozione del Global compact costituisce un'opportunità cruciale \
             nel forgiare un'effettiva cooperazione internazionale tra gli Stati Membri, tra le istituzioni \
             impegnate sui temi migratori a livello globale, in particolare all'interno del sistema delle \
             Nazioni Unite, e tra le organizzazioni regionali e altri stakeholders.",
            &["global", "states", "un-system"],
        ),
    ];

    #[test]
    fn items_of_the_stocktaking_meeting() -> Result<(), String> {
        for (text, wanted) in ITEMS {
            let found = ids(text)?;
            for id in wanted {
                assert!(found.iter().any(|other| other == id), "{id} is missing from {found:?} of: {text}");
            }
        }
        Ok(())
    }

    #[test]
    fn notices_have_no_dimension() -> Result<(), String> {
        let text = "AVVISO. L'ascensore resterà chiuso per manutenzione; gli orari di apertura della sala sono \
                    affissi accanto al centralino. Per prenotazioni compilare il modulo allegato.";
        assert_eq!(ids(text)?, Vec::<String>::new());
        Ok(())
    }

    #[test]
    fn words_stand_in_the_evidence_where_they_are() -> Result<(), String> {
        let taxonomy = Taxonomy::built_in().map_err(|error| error.to_string())?;
        let model = Model::parse(BUILT_IN_MODEL)?;
        let mut tagger = Tagger::new(&taxonomy, &model);
        for (text, _) in ITEMS {
            for tag in tagger.tag(text, &[], Language::Italian, true) {
                assert!(!tag.evidence.is_empty());
                for piece in tag.evidence {
                    let there: String =
                        text.chars().skip(piece.start).take(piece.end - piece.start).collect();
                    assert_eq!(there, piece.text);
                }
            }
        }
        Ok(())
    }
}
