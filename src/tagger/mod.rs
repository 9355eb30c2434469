//! Passages to tags: which dimensions and actors a passage is about, how surely, and why.
//!
//! Terms of the taxonomy are found by lexeme, each concept by itself: the longest match of a concept wins over its own
//! shorter ones, never over another's. What was found becomes a few readable **features** (how strong
//! the terms are, where they stand, whether who is named also acts, what else is named), and a logistic
//! model over them, one for each concept, gives a score from 0 to 1. Its weights are data
//! (`corpus/tagger.json`), learned from labelled passages by `examples/train_tagger.rs`; every
//! feature that moved a score is named in the evidence.
//!
//! What no term names is told by lighter signs: kinds of everyday words (`cues`), the families of single words,
//! which the model weighs one by one, and what they mean (`vectors`).
//!
//! Structure is above words: a lead-in such as "Dimensione locale." settles its dimension.

mod features;
mod findings;
mod model;
mod reading;
mod roles;
mod vectors;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::analysis::{Case, Token, lexeme, tokenize};
use crate::cues::{CUE_COUNT, Cues};
use crate::document::Language;
use crate::taxonomy::{Role, Scheme, Sentence, Taxonomy, Weight, Word, sieve};

pub use features::{Feature, Features, feature_names, shared_feature_count};
use findings::{Found, Hit, worth};
use model::{Balance, Weights};
pub use model::{Model, SURE_LOGIT, Scope, Thresholds, probability, row_names};
use reading::{Reading, SEEN_LIMIT, SeenWord, SeenWords, sentences, shouted_sentences, word_family};
use roles::parts_of;
pub use vectors::{Meaning, VECTOR_LENGTH, parse_meaning, vectors_fingerprint};

/// The version of everything in this module that decides tags; part of the tagging fingerprint.
pub const TAGGER_VERSION: u32 = 4;

/// The model that is built into the program, learned for the built-in taxonomy.
pub const BUILT_IN_MODEL: &str = include_str!("../../corpus/tagger.json");

/// What a lead-in or a heading that names the concept is worth, in units of the model's log-odds:
/// enough to overrule any words that follow.
const STRUCTURE_LOGIT: f32 = 9.0;
/// What a term is worth in a passage whose lead-in or heading names its subject: such texts name whom they mean.
const NAMED_LOGIT: f32 = 1.5;
/// What a strong term in a heading above the passage is worth.
const HEADING_LOGIT: f32 = 0.8;
/// A passage of fewer words is given only concepts of which a term stands in it.
const MIN_WORDS_WITHOUT_TERMS: usize = 5;
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
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

/// What a heading says: the concepts of which a strong term stands in it, and those that it is the name of.
struct Heading {
    strong: Vec<usize>,
    named: Vec<usize>,
}

/// How many headings of a language are remembered before the memory is emptied.
const HEADINGS_LIMIT: usize = 10_000;

/// What a feature must add, in log-odds, to be named in the evidence.
const LEAST_EVIDENCE: f32 = 0.1;

/// Tags passages. Holds the words that it has seen, so one is kept for many passages.
pub struct Tagger<'a> {
    taxonomy: &'a Taxonomy,
    weights: Weights,
    /// By scheme, from which scores on concepts are given.
    thresholds: Vec<Thresholds>,
    cues: Cues,
    /// The names of the features, for the evidence.
    names: Vec<String>,
    seen: FxHashMap<Language, SeenWords>,
    /// What headings speak of: one stands above many passages.
    headings: FxHashMap<Language, FxHashMap<String, Heading>>,
}

/// A passage with all that was read from it: what evidence is told from.
struct PassageRead<'p> {
    text: &'p str,
    language: Language,
    reading: Reading<'p>,
    findings: Found,
    features: Features,
    families: Vec<u32>,
    balance: Balance,
}

impl<'a> Tagger<'a> {
    /// A tagger for a taxonomy, with the weights of `model`.
    pub fn new(taxonomy: &'a Taxonomy, model: &Model) -> Tagger<'a> {
        let thresholds = |scheme: &Scheme| model.thresholds.get(&scheme.id).copied().unwrap_or_default();
        Tagger {
            taxonomy,
            weights: Weights::new(taxonomy, model),
            thresholds: taxonomy.schemes.iter().map(thresholds).collect(),
            cues: Cues::new(),
            names: feature_names(taxonomy),
            seen: FxHashMap::default(),
            headings: FxHashMap::default(),
        }
    }

    /// The tags of a passage, by scheme in the order of the taxonomy, the surest first.
    ///
    /// `headings` are those above the passage, outermost first. Evidence is collected where `explain` asks for it.
    pub fn tag(&mut self, text: &str, headings: &[String], language: Language, explain: bool) -> Vec<Tag> {
        self.tag_tokens(text, &tokenize(text), headings, language, explain)
    }

    /// As [`Tagger::tag`], of a text whose tokens are at hand.
    pub fn tag_tokens(
        &mut self,
        text: &str,
        tokens: &[Token],
        headings: &[String],
        language: Language,
        explain: bool,
    ) -> Vec<Tag> {
        // Before the text itself: reading may empty the memory of words that a reading refers to.
        let in_headings = self.in_headings(headings, language);
        let structure = self.structure(text, headings, language);
        let reading = self.read(text, tokens, language);
        let findings = self.findings(&reading, language);
        let features = self.features_of(&reading, &findings, text, language);
        let families = self.families_of(&reading, language);
        let balance = self.weights.balance(&families);
        let logits = self.weights.logits(&features, &families, balance);
        let passage = PassageRead { text, language, reading, findings, features, families, balance };
        let (of_concepts, of_schemes) = logits.split_at(self.taxonomy.concepts.len());
        let (of_silence, of_many) = of_schemes.split_at(self.taxonomy.schemes.len());
        let by_structure = |concept: usize| {
            let found = passage.findings.of(concept);
            let by_name = if structure.contains(&concept) {
                Some(("the lead-in or heading names it", STRUCTURE_LOGIT))
            } else if !structure.is_empty() && found.strong + found.medium > 0 {
                Some(("named under a lead-in or heading that names its subject", NAMED_LOGIT))
            } else {
                None
            };
            let is_above = in_headings.contains(&concept);
            let above = is_above.then_some(("a heading above speaks of it", HEADING_LOGIT));
            by_name.into_iter().chain(above)
        };
        let has_structure = !structure.is_empty() || !in_headings.is_empty();
        // A line is too little to tell from its manner what it is about: there a term must stand.
        let is_line = passage.reading.tokens.len() < MIN_WORDS_WITHOUT_TERMS;
        let mut tags: Vec<Tag> = Vec::new();
        let mut scored: Vec<(usize, f32)> = Vec::with_capacity(of_concepts.len());
        for (scheme, (&silence, &many)) in of_silence.iter().zip(of_many).enumerate() {
            scored.clear();
            for (concept, _) in self.taxonomy.concepts_of(scheme) {
                if is_line && passage.findings.of(concept).is_empty() && !structure.contains(&concept) {
                    continue;
                }
                let mut logit = of_concepts[concept];
                if has_structure {
                    logit += by_structure(concept).map(|(_, added)| added).sum::<f32>();
                }
                scored.push((concept, probability(logit)));
            }
            // A text whose lead-in or heading names a concept is no notice.
            let none = if structure.is_empty() { probability(silence) } else { 0.0 };
            let scope = Scope { none, many: probability(many) };
            for concept in self.thresholds[scheme].given(&scored, scope) {
                let mut evidence = Vec::new();
                if explain {
                    evidence = self.evidence(concept, &passage);
                    evidence.extend(self.words_as_evidence(concept, &passage));
                    evidence.extend(by_structure(concept).map(|(rule, added)| Evidence::whole(rule, added)));
                    evidence.sort_by(|one, other| {
                        other.weight.total_cmp(&one.weight).then(one.start.cmp(&other.start))
                    });
                }
                let score = scored.iter().find(|&&(of, _)| of == concept).map_or(0.0, |&(_, score)| score);
                tags.push(Tag { concept, score, evidence });
            }
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

    /// The features of a passage: what the model is trained on.
    pub fn features(&mut self, text: &str, language: Language) -> Features {
        let tokens = tokenize(text);
        let reading = self.read(text, &tokens, language);
        let findings = self.findings(&reading, language);
        self.features_of(&reading, &findings, text, language)
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

    /// The meaning of a passage by its words, and how much of its full share in the scores it has there, from 0 to 1.
    pub fn meaning(&mut self, text: &str, language: Language) -> (Meaning, f32) {
        let tokens = tokenize(text);
        let reading = self.read(text, &tokens, language);
        let families = self.families_of(&reading, language);
        (self.weights.meaning(&families), self.weights.balance(&families).fullness)
    }

    /// The families in a text that the model weighs or that have a vector, each once, in the order of their numbers.
    fn families_of(&self, reading: &Reading<'_>, language: Language) -> Vec<u32> {
        let Some(seen) = self.seen.get(&language) else {
            return Vec::new();
        };
        // A bit for each family: reading them off in order costs less than sorting.
        let mut met = vec![0u64; self.weights.family_count().div_ceil(64)];
        for family in reading.entries.iter().filter_map(|&entry| seen.entries[entry].family) {
            met[family as usize / 64] |= 1 << (family % 64);
        }
        let mut out = Vec::with_capacity(reading.entries.len());
        for (first, mut bits) in (0u32..).step_by(64).zip(met) {
            while bits != 0 {
                out.push(first + bits.trailing_zeros());
                bits &= bits - 1;
            }
        }
        out
    }

    /// What the families of single words added to the score of a concept.
    fn words_as_evidence(&self, concept: usize, passage: &PassageRead<'_>) -> Vec<Evidence> {
        let PassageRead { text, language, reading, families, balance, .. } = passage;
        let mut out = Vec::new();
        let Some(seen) = self.seen.get(language) else {
            return out;
        };
        for &family in families {
            let weight = self.weights.of_family(concept, family, *balance);
            if weight.abs() < LEAST_EVIDENCE {
                continue;
            }
            // Where it stands first.
            let is_of_it = |&entry: &usize| seen.entries[entry].family == Some(family);
            let Some(token) = reading.entries.iter().position(is_of_it).and_then(|at| reading.tokens.get(at))
            else {
                continue;
            };
            let rule = "a word that often goes with it, or seldom".to_owned();
            out.push(at_words(text, token.start, token.end, rule, weight));
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
                        let evidence = if tags[at].evidence.is_empty() {
                            Vec::new()
                        } else {
                            vec![Evidence::whole(&rule, 0.0)]
                        };
                        tags.push(Tag { concept: parent, score, evidence });
                    }
                }
            }
            at += 1;
        }
    }

    /// The concepts that the passage's lead-in, or the heading right above it, names.
    fn structure(&mut self, text: &str, headings: &[String], language: Language) -> Vec<usize> {
        let lead_in = text
            .bytes()
            .position(|byte| matches!(byte, b'.' | b':' | b'\n'))
            .map(|end| &text[..end])
            .filter(|lead| lead.split_whitespace().nth(LEAD_IN_WORDS).is_none());
        let mut out = lead_in.map_or_else(Vec::new, |lead| self.named_by(lead));
        if let Some(heading) = headings.last() {
            out.extend(&self.heading(heading, language).named);
        }
        out
    }

    /// The concepts that a lead-in or heading is the name of.
    fn named_by(&self, line: &str) -> Vec<usize> {
        let name =
            line.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ')' | ' ' | '-'));
        // Only names of more than one word are structure: "Stati." may open any sentence.
        if name.split_whitespace().count() < 2 {
            return Vec::new();
        }
        self.taxonomy.called(name)
    }

    /// What a heading says, read when it is first met.
    fn heading(&mut self, heading: &str, language: Language) -> &Heading {
        if !self.headings.get(&language).is_some_and(|known| known.contains_key(heading)) {
            let tokens = tokenize(heading);
            let reading = self.read(heading, &tokens, language);
            let findings = self.findings(&reading, language);
            let strong =
                (0..findings.concepts()).filter(|&concept| findings.of(concept).strong > 0).collect();
            let named = self.named_by(heading);
            let known = self.headings.entry(language).or_default();
            if known.len() >= HEADINGS_LIMIT {
                known.clear();
            }
            known.insert(heading.to_owned(), Heading { strong, named });
        }
        // It is there: it was put there just now if it was not before.
        &self.headings[&language][heading]
    }

    /// The concepts of which a strong term stands in a heading.
    fn in_headings(&mut self, headings: &[String], language: Language) -> Vec<usize> {
        let mut out: Vec<usize> = Vec::new();
        for heading in headings {
            out.extend(&self.heading(heading, language).strong);
        }
        out
    }

    fn read<'t>(&mut self, text: &str, tokens: &'t [Token], language: Language) -> Reading<'t> {
        let vocabulary = self.taxonomy.vocabulary(language);
        let seen = self.seen.entry(language).or_default();
        if seen.entries.len() > SEEN_LIMIT {
            *seen = SeenWords::default();
        }
        let entries = tokens
            .iter()
            .map(|token| {
                let index = &mut seen.index[usize::from(token.accented)];
                if let Some(&at) = index.get(&token.text) {
                    return at;
                }
                let lexeme = lexeme(language, &token.text, token.accented);
                let tests = vocabulary.tests(&token.text, &lexeme);
                let candidates = vocabulary.candidates(&tests);
                let cues = self.cues.of(&token.text);
                let family = word_family(token, language).and_then(|family| self.weights.family(family));
                let sieve = sieve(&tests);
                let parts = parts_of(&token.text, token.accented, language);
                let at = seen.entries.len();
                seen.entries.push(SeenWord { tests, sieve, candidates, cues, family, parts });
                index.insert(token.text.clone(), at);
                at
            })
            .collect::<Vec<usize>>();
        let parts = entries.iter().map(|&entry| seen.entries[entry].parts).collect();
        let (sentences, starts) = sentences(text, tokens);
        let shouted = shouted_sentences(tokens, &starts);
        Reading { tokens, entries, parts, sentences, starts, shouted }
    }

    /// What stands in the text of each concept.
    fn findings(&self, reading: &Reading<'_>, language: Language) -> Found {
        let vocabulary = self.taxonomy.vocabulary(language);
        let Some(seen) = self.seen.get(&language) else {
            return Found::new(self.taxonomy.concepts.len(), &[]);
        };
        let words: Vec<Word<'_>> = reading
            .tokens
            .iter()
            .zip(&reading.entries)
            .zip(&reading.sentences)
            .map(|((token, &entry), &sentence)| {
                let seen = &seen.entries[entry];
                Word::new(token, &seen.tests, seen.sieve, reading.shouted[sentence as usize])
            })
            .collect();
        let mut hits: Vec<Hit> = Vec::with_capacity(reading.tokens.len());
        let mut company = Sentence::default();
        // The sentence that was read for its company last.
        let mut is_of = None;
        let mut masks: Vec<(usize, usize, &[u32])> = Vec::new();
        for (at, &entry) in reading.entries.iter().enumerate() {
            for candidate in &seen.entries[entry].candidates {
                let Some(start) = vocabulary.stands(candidate, &words, at) else {
                    continue;
                };
                let end = start + vocabulary.words_of(candidate.pattern);
                // A term does not reach over a sentence end.
                if reading.sentences[start] != reading.sentences[end - 1] {
                    continue;
                }
                match vocabulary.role(candidate.pattern) {
                    Role::Mask { hides } => masks.push((start, end, hides)),
                    Role::Evidence { concept, weight, context } => {
                        if let Some(context) = context {
                            let number = reading.sentences[start] as usize;
                            if is_of != Some(number) {
                                let sentence = reading.starts[number]..reading.starts[number + 1];
                                company.read(&words[sentence], vocabulary);
                                is_of = Some(number);
                            }
                            if !vocabulary.holds(context, &company) {
                                continue;
                            }
                        }
                        hits.push(Hit { concept, pattern: candidate.pattern, weight, start, end });
                    }
                }
            }
        }
        if !masks.is_empty() {
            hits.retain(|hit| {
                !masks.iter().any(|&(start, end, hides)| {
                    start <= hit.start && hit.end <= end && hides.contains(&(hit.concept as u32))
                })
            });
        }
        Found::new(self.taxonomy.concepts.len(), &hits)
    }

    fn features_of(
        &self,
        reading: &Reading<'_>,
        findings: &Found,
        text: &str,
        language: Language,
    ) -> Features {
        let cues = self.cue_features(reading, language);
        Features::new(self.taxonomy, reading, findings, &cues, text)
    }

    /// How many different words of each kind of cue stand in the text, three at most, halved.
    fn cue_features(&self, reading: &Reading<'_>, language: Language) -> Vec<Feature> {
        let Some(seen) = self.seen.get(&language) else {
            return Vec::new();
        };
        let mut counts = [0u32; CUE_COUNT];
        let mut met: Vec<usize> = Vec::with_capacity(reading.tokens.len());
        for (token, &entry) in reading.tokens.iter().zip(&reading.entries) {
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

    /// What moved the score of a concept, without what the families of single words and the structure added.
    fn evidence(&self, concept: usize, passage: &PassageRead<'_>) -> Vec<Evidence> {
        let PassageRead { text, language, reading, findings, features, balance, .. } = passage;
        let vocabulary = self.taxonomy.vocabulary(*language);
        let own_mass = (shared_feature_count() + concept) as u32;
        // What the terms themselves add is shared out among the hits by their weight.
        let is_of_terms = |index: u32| matches!(index, 1..=8 | 14..=16 | 20 | 23) || index == own_mass;
        let mut by_terms = 0.0;
        let mut out = Vec::new();
        for &(index, value) in features.of(concept).iter().chain(&features.whole) {
            let added = value * self.weights.of_feature(concept, index, *balance);
            if is_of_terms(index) {
                by_terms += added;
            } else if index > 0 && added.abs() >= LEAST_EVIDENCE {
                out.push(Evidence::whole(&self.names[index as usize], added));
            }
        }
        let hits = findings.hits(concept);
        let mass: f32 = hits.iter().map(|hit| worth(hit.weight)).sum();
        for hit in hits {
            let start = reading.tokens[hit.start].start;
            let end = reading.tokens[hit.end - 1].end;
            let strength = match hit.weight {
                Weight::Strong => "strong",
                Weight::Medium => "medium",
                Weight::Weak => "weak",
            };
            let rule = format!("{strength} term \"{}\"", vocabulary.source(hit.pattern));
            out.push(at_words(text, start, end, rule, by_terms * worth(hit.weight) / mass));
        }
        out
    }
}

/// Evidence that rests on the words between two bytes of the text.
fn at_words(text: &str, start: usize, end: usize, rule: String, weight: f32) -> Evidence {
    Evidence {
        text: text[start..end].to_owned(),
        start: text[..start].chars().count(),
        end: text[..end].chars().count(),
        rule,
        weight,
    }
}

impl Evidence {
    /// Evidence that rests on the passage as a whole.
    pub fn whole(rule: &str, weight: f32) -> Evidence {
        Evidence { text: String::new(), start: 0, end: 0, rule: rule.to_owned(), weight }
    }
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
    fn the_model_is_for_the_built_in_vectors() -> Result<(), String> {
        assert_eq!(Model::parse(BUILT_IN_MODEL)?.vectors, vectors_fingerprint());
        Ok(())
    }

    #[test]
    fn what_a_passage_means_is_the_sum_of_its_words_evidence() -> Result<(), String> {
        let taxonomy = Taxonomy::built_in().map_err(|error| error.to_string())?;
        let text = "La sera tutti si ritrovano in cortile con la chitarra, il pane caldo e molte storie da ascoltare.";
        let (meaning, fullness) = Tagger::new(&taxonomy, &Model::default()).meaning(text, Language::Italian);
        assert!(fullness > 0.0 && fullness < 1.0, "{fullness}");
        let first = meaning[0];
        let mut weights = vec![0.0; VECTOR_LENGTH + 1];
        weights[1] = 1000.0 * first.signum();
        // A model that weighs nothing but the first number of a meaning.
        let model = Model {
            own: [("global".to_owned(), Default::default())].into(),
            meaning: [("global".to_owned(), weights)].into(),
            share: 0.5,
            ..Model::default()
        };
        let mut tagger = Tagger::new(&taxonomy, &model);
        let tags = tagger.tag(text, &[], Language::Italian, true);
        let of_global = tags.iter().find(|tag| taxonomy.concepts[tag.concept].id == "global");
        let evidence = &of_global.ok_or("no tag")?.evidence;
        assert!(evidence.iter().any(|piece| piece.text == "chitarra"));
        let sum: f32 = evidence.iter().map(|piece| piece.weight).sum();
        let wanted = 0.5 * fullness * 1000.0 * first.abs();
        assert!((sum - wanted).abs() < 0.1, "{sum} {wanted}");
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
