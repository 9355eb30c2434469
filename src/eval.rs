//! Measuring ranked lists against judgements, and tags against labels.
//!
//! nDCG as Järvelin and Kekäläinen (2002) define it with gains `2^grade - 1` would favour high grades; `trec_eval` and
//! `ir_measures` take the grade itself as the gain, and so do we, so that figures can be compared.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::document::Language;
use crate::taxonomy::Taxonomy;

/// Judgements: for each query, the grade of each document; 0 or absent is not relevant.
pub type Qrels = BTreeMap<String, HashMap<String, u32>>;

/// The measures of one ranked list, or their means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct Measures {
    /// Normalised discounted cumulative gain of the first ten.
    #[serde(rename = "nDCG@10")]
    pub ndcg_10: f64,
    /// One over the rank of the first relevant one among the first ten, or 0.
    #[serde(rename = "MRR@10")]
    pub mrr_10: f64,
    /// Which part of the relevant ones is among the first ten.
    #[serde(rename = "R@10")]
    pub recall_10: f64,
    /// Which part of the relevant ones is among the first hundred.
    #[serde(rename = "R@100")]
    pub recall_100: f64,
}

/// Reads judgements: three columns with a header (BEIR), three without, or four (TREC), separated by tabs or spaces.
///
/// # Errors
/// The first line that cannot be read, with its number.
pub fn parse_qrels(text: &str) -> Result<Qrels, String> {
    let mut qrels = Qrels::new();
    for (at, line) in text.trim_start_matches('\u{FEFF}').lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let columns: Vec<&str> = if line.contains('\t') {
            line.split('\t').map(str::trim).collect()
        } else {
            line.split_whitespace().collect()
        };
        let (query, document, grade) = match columns[..] {
            [query, document, grade] => (query, document, grade),
            [query, _, document, grade] => (query, document, grade),
            _ => {
                return Err(format!(
                    "line {}: {} columns; judgements have three (query, document, grade) or four (TREC)",
                    at + 1,
                    columns.len()
                ));
            }
        };
        match grade.parse::<i64>() {
            // TREC collections mark spam with negative grades.
            Ok(grade) => {
                qrels
                    .entry(query.to_owned())
                    .or_default()
                    .insert(document.to_owned(), u32::try_from(grade.max(0)).unwrap_or(u32::MAX));
            }
            Err(_) if at == 0 => {}
            Err(_) => return Err(format!("line {}: the grade \"{grade}\" is no whole number", at + 1)),
        }
    }
    Ok(qrels)
}

/// Measures one ranked list of documents, each listed once.
pub fn measure(ranked: &[String], judged: &HashMap<String, u32>) -> Measures {
    let grade = |document: &String| judged.get(document).copied().unwrap_or(0);
    let discount = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
    let dcg: f64 = ranked
        .iter()
        .take(10)
        .enumerate()
        .map(|(rank, document)| f64::from(grade(document)) * discount(rank))
        .sum();
    let mut ideal: Vec<u32> = judged.values().copied().filter(|&grade| grade > 0).collect();
    ideal.sort_unstable_by(|one, other| other.cmp(one));
    let best: f64 =
        ideal.iter().take(10).enumerate().map(|(rank, &grade)| f64::from(grade) * discount(rank)).sum();
    let relevant = ideal.len() as f64;
    let recall = |depth: usize| {
        if relevant == 0.0 {
            return 0.0;
        }
        ranked.iter().take(depth).filter(|document| grade(document) > 0).count() as f64 / relevant
    };
    Measures {
        // The sum of no floats is -0, which nobody wants to read.
        ndcg_10: if best > 0.0 { dcg.abs() / best } else { 0.0 },
        mrr_10: ranked
            .iter()
            .take(10)
            .position(|document| grade(document) > 0)
            .map_or(0.0, |rank| 1.0 / (rank + 1) as f64),
        recall_10: recall(10),
        recall_100: recall(100),
    }
}

/// The means of the measures of several queries.
pub fn mean(measures: &[Measures]) -> Measures {
    let count = measures.len().max(1) as f64;
    let mean = |of: fn(&Measures) -> f64| measures.iter().map(of).sum::<f64>() / count;
    Measures {
        ndcg_10: mean(|m| m.ndcg_10),
        mrr_10: mean(|m| m.mrr_10),
        recall_10: mean(|m| m.recall_10),
        recall_100: mean(|m| m.recall_100),
    }
}

/// What measuring a ranking gave, as JSON shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct RankingReport {
    /// The version of the JSON: [`crate::search::FORMAT_VERSION`].
    pub format_version: u32,
    /// How many queries were measured.
    pub queries: usize,
    /// The ids of those without a judgement, which were left out.
    pub unjudged: Vec<String>,
    /// The ids of judged queries that were not asked, which were left out too; other tools may count them as 0.
    pub unasked: Vec<String>,
    /// The means over all queries.
    #[serde(flatten)]
    pub mean: Measures,
    /// The measures of each query, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_query: Option<BTreeMap<String, Measures>>,
}

/// Counts of right and wrong labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct LabelCounts {
    /// Given and right.
    pub right: usize,
    /// Given and wrong.
    pub wrong: usize,
    /// Not given and should have been.
    pub missed: usize,
}

impl LabelCounts {
    /// The counts of one label of one passage.
    pub fn of(is_given: bool, is_right: bool) -> LabelCounts {
        LabelCounts {
            right: usize::from(is_given && is_right),
            wrong: usize::from(is_given && !is_right),
            missed: usize::from(!is_given && is_right),
        }
    }

    /// Adds other counts to these.
    pub fn merge(&mut self, other: LabelCounts) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
    }

    /// Which part of what was given is right.
    pub fn precision(&self) -> f64 {
        ratio(self.right, self.right + self.wrong)
    }

    /// Which part of what is right was given.
    pub fn recall(&self) -> f64 {
        ratio(self.right, self.right + self.missed)
    }

    /// The harmonic mean of precision and recall over all labels (micro F1).
    pub fn f1(&self) -> f64 {
        ratio(2 * self.right, 2 * self.right + self.wrong + self.missed)
    }
}

/// A labelled passage, as files of them write it: the labels of a scheme stand under its id with an s (`dimensions`,
/// `actors`, `objectives`). A scheme that is not there was not labelled.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LabelledPassage {
    /// Its text.
    pub text: String,
    /// Its language, where it is told.
    #[serde(default)]
    pub lang: Option<Language>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

impl LabelledPassage {
    /// Its labels of a scheme; none where the scheme was not labelled.
    ///
    /// # Errors
    /// What stands under the scheme is no list of ids, or an id is none of the scheme's.
    pub fn labels(&self, taxonomy: &Taxonomy, scheme: usize) -> Result<Option<Vec<usize>>, String> {
        let key = format!("{}s", taxonomy.schemes[scheme].id);
        let Some(value) = self.rest.get(&key) else {
            return Ok(None);
        };
        let ids: Vec<String> =
            serde_json::from_value(value.clone()).map_err(|_| format!("\"{key}\" is no list of ids"))?;
        let index = |id: &String| {
            taxonomy
                .concept_index(id)
                .filter(|&concept| taxonomy.concepts[concept].scheme == scheme)
                .ok_or_else(|| format!("\"{id}\" in \"{key}\" is no concept of the taxonomy"))
        };
        ids.iter().map(index).collect::<Result<Vec<usize>, String>>().map(Some)
    }
}

/// How well tags agree with labels, of one scheme in one group of passages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// How many passages were labelled for the scheme.
    pub passages: usize,
    /// Right and wrong labels.
    pub labels: LabelCounts,
    /// Which part of what was given is right.
    pub precision: f64,
    /// Which part of what is right was given.
    pub recall: f64,
    /// Micro F1.
    pub f1: f64,
    /// How many passages have no label of the scheme.
    pub empty: usize,
    /// How many of these were given none.
    pub left_empty: usize,
}

/// Tags measured against labels.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TagReport {
    /// The version of the JSON: [`crate::search::FORMAT_VERSION`].
    pub format_version: u32,
    /// By group (`all`, and each language) and scheme.
    pub groups: BTreeMap<String, BTreeMap<String, Agreement>>,
    /// By concept.
    pub concepts: BTreeMap<String, LabelCounts>,
}

impl TagReport {
    /// Counts one passage: the concepts that it was given, against its labels.
    ///
    /// # Errors
    /// As [`LabelledPassage::labels`].
    pub fn add(
        &mut self,
        taxonomy: &Taxonomy,
        labelled: &LabelledPassage,
        language: Language,
        given: &[usize],
    ) -> Result<(), String> {
        for (scheme, entry) in taxonomy.schemes.iter().enumerate() {
            let Some(right) = labelled.labels(taxonomy, scheme)? else {
                continue;
            };
            let mut counts = LabelCounts::default();
            let mut is_given = false;
            for (concept, of) in taxonomy.concepts_of(scheme) {
                let one = LabelCounts::of(given.contains(&concept), right.contains(&concept));
                is_given |= given.contains(&concept);
                counts.merge(one);
                if one != LabelCounts::default() {
                    self.concepts.entry(of.id.clone()).or_default().merge(one);
                }
            }
            for group in ["all", language.code()] {
                let schemes = self.groups.entry(group.to_owned()).or_default();
                let agreement = schemes.entry(entry.id.clone()).or_default();
                agreement.passages += 1;
                agreement.labels.merge(counts);
                agreement.precision = agreement.labels.precision();
                agreement.recall = agreement.labels.recall();
                agreement.f1 = agreement.labels.f1();
                agreement.empty += usize::from(right.is_empty());
                agreement.left_empty += usize::from(right.is_empty() && !is_given);
            }
        }
        Ok(())
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(documents: &[&str]) -> Vec<String> {
        documents.iter().map(|document| (*document).to_owned()).collect()
    }

    #[test]
    fn measures_agree_with_hand_computation() {
        let judged: HashMap<String, u32> =
            [("a", 2), ("b", 1), ("c", 0)].map(|(d, g)| (d.to_owned(), g)).into();
        // Ranks: x, b, a. DCG = 1/log2(3) + 2/log2(4); ideal = 2/log2(2) + 1/log2(3).
        let measures = measure(&list(&["x", "b", "a"]), &judged);
        let dcg = 1.0 / 3f64.log2() + 2.0 / 2.0;
        let ideal = 2.0 + 1.0 / 3f64.log2();
        assert!((measures.ndcg_10 - dcg / ideal).abs() < 1e-12);
        assert!((measures.mrr_10 - 0.5).abs() < 1e-12);
        assert!((measures.recall_10 - 1.0).abs() < 1e-12);
        assert_eq!(measure(&list(&["c"]), &judged), Measures::default());
        assert_eq!(measure(&[], &HashMap::new()), Measures::default());
    }

    #[test]
    fn depth_is_ten_and_a_hundred() {
        let judged: HashMap<String, u32> = [("z".to_owned(), 1)].into();
        let mut ranked: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        ranked.push("z".to_owned());
        let measures = measure(&ranked, &judged);
        assert_eq!((measures.ndcg_10, measures.mrr_10, measures.recall_10), (0.0, 0.0, 0.0));
        assert_eq!(measures.recall_100, 1.0);
    }

    #[test]
    fn judgements_come_in_three_forms() {
        for text in ["query-id\tcorpus-id\tscore\nq\td\t2\n", "q\td\t2", "q 0 d 2\n"] {
            assert_eq!(parse_qrels(text).unwrap()["q"]["d"], 2, "{text}");
        }
        assert!(parse_qrels("q\td\t1\nq\te\tx").unwrap_err().contains("line 2"));
        assert!(parse_qrels("q\td").unwrap_err().contains("line 1"));
    }

    #[test]
    fn labels_are_counted_by_scheme() -> Result<(), String> {
        let taxonomy = Taxonomy::built_in_outline().map_err(|error| error.to_string())?;
        let index = |id: &str| taxonomy.concept_index(id).ok_or(id.to_owned());
        let labelled: LabelledPassage = serde_json::from_str(
            r#"{"id":"1","text":"…","dimensions":["local"],"actors":["states","iom","media"]}"#,
        )
        .map_err(|error| error.to_string())?;
        let mut report = TagReport::default();
        report.add(&taxonomy, &labelled, Language::Italian, &[index("states")?, index("donors")?])?;
        let all = &report.groups["all"];
        let counts = all["actor"].labels;
        assert_eq!((counts.right, counts.wrong, counts.missed), (1, 1, 2));
        assert!((all["actor"].f1 - 2.0 / 5.0).abs() < 1e-12);
        assert_eq!(all["dimension"].labels.missed, 1);
        assert!(!all.contains_key("objective"), "what was not labelled is not counted");
        assert_eq!(report.groups["it"], *all);
        let empty: LabelledPassage =
            serde_json::from_str(r#"{"text":"…","dimensions":[]}"#).map_err(|error| error.to_string())?;
        report.add(&taxonomy, &empty, Language::English, &[])?;
        let all = report.groups["all"]["dimension"];
        assert_eq!((all.passages, all.empty, all.left_empty), (2, 1, 1));
        let wrong: LabelledPassage =
            serde_json::from_str(r#"{"text":"…","actors":["local"]}"#).map_err(|error| error.to_string())?;
        assert!(report.add(&taxonomy, &wrong, Language::English, &[]).is_err());
        Ok(())
    }
}
