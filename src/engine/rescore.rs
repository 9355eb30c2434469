//! The second look at the best passages: every term scored exactly and in a fixed order, and the
//! closeness of the query's words added.
//!
//! The first pass finds the best passages quickly by the sum of their terms' BM25 scores (Robertson and Zaragoza 2009).
//! Closeness only ever adds to a score, so no passage below the window could have risen into it
//! from further down than its own sum allows.

use std::collections::{BTreeMap, HashMap, HashSet};

use tantivy::postings::Postings;
use tantivy::query::Bm25StatisticsProvider;
use tantivy::query::{BoostQuery, ConstScoreQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, DocSet, Score, Searcher, SegmentReader, TERMINATED, Term};

use super::Contribution;
use super::local::Scored;
use crate::query::Plan;

/// A part of a query that adds to a score.
pub(super) struct ScoredLeaf {
    kind: LeafKind,
    /// The word of the plan that it belongs to; `usize::MAX` for none.
    word: usize,
    /// That word as the user typed it.
    typed: String,
    /// How the word is met by this leaf.
    by: String,
    boost: f32,
    /// Whether its positions tell where the word stands.
    has_positions: bool,
    tier: Tier,
}

/// Which tier of its word a leaf is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    /// The word itself, or the forms of its lexeme.
    Forms,
    Stem,
    Family,
    Other,
}

enum LeafKind {
    /// Terms that count as one, scored by BM25.
    Terms(Vec<Term>),
    /// A tag: the same for every passage that has it.
    Concept(Term),
    /// A part that matches without scoring, such as a nested group.
    Part(Box<dyn Query>),
}

impl ScoredLeaf {
    pub(super) fn terms(
        terms: Vec<Term>,
        boost: f32,
        word: usize,
        typed: String,
        by: String,
        has_positions: bool,
        tier: Tier,
    ) -> ScoredLeaf {
        ScoredLeaf { kind: LeafKind::Terms(terms), word, typed, by, boost, has_positions, tier }
    }

    pub(super) fn concept(term: Term, name: String, boost: f32) -> ScoredLeaf {
        ScoredLeaf {
            kind: LeafKind::Concept(term),
            word: usize::MAX,
            typed: name,
            by: "the passage is tagged with what the query names".to_owned(),
            boost,
            has_positions: false,
            tier: Tier::Other,
        }
    }

    pub(super) fn part(query: Box<dyn Query>) -> ScoredLeaf {
        ScoredLeaf {
            kind: LeafKind::Part(query),
            word: usize::MAX,
            typed: String::new(),
            by: String::new(),
            boost: 0.0,
            has_positions: false,
            tier: Tier::Other,
        }
    }
}

/// How many words a query must have for the stems and families of its words to be left to the second look: then the forms
/// of one are confirmed by those of another.
const WORDS_BY_FORMS: usize = 2;
/// From how many words on the stems are asked for all the same, in place of the forms that have them: a question need not
/// share many forms with its answer.
pub(super) const WORDS_BY_STEMS: usize = 4;

/// What finds passages quickly.
pub(super) struct FirstPass {
    /// All that a passage may match by: terms, concepts, and parts that only match.
    pub(super) all: Vec<Box<dyn Query>>,
    /// What tells the best passages as long as there are enough of them, if that is less: terms alone, of which the
    /// engine skips most postings, and where there are words enough not all terms of each.
    pub(super) quick: Option<Vec<Box<dyn Query>>>,
    /// The terms that a passage may match by, where there is nothing but terms.
    pub(super) terms: Option<Vec<Term>>,
}

impl FirstPass {
    /// The queries of leaves: none for what no passage has, which would only cost time, and one for a term that several
    /// leaves have, as a word and the forms of its lexeme share it. Their boosts are added up, so that its postings are
    /// read once and the sum stays the same.
    ///
    /// The forms of a lexeme are weighed alike: each with the rarity of all of them together.
    pub(super) fn new(leaves: &[ScoredLeaf], searcher: &Searcher) -> FirstPass {
        let in_all = searcher.num_docs();
        let mut rest: Vec<Box<dyn Query>> = Vec::new();
        let mut terms: Vec<FirstTerm<'_>> = Vec::new();
        let mut concepts: Vec<&Term> = Vec::new();
        let mut has_parts = false;
        let mut places: HashMap<&Term, usize> = HashMap::new();
        let has_stem = |word: usize, form: &Term| {
            let stems = leaves.iter().filter(|leaf| leaf.word == word && leaf.tier == Tier::Stem);
            let terms = stems.flat_map(|leaf| match &leaf.kind {
                LeafKind::Terms(terms) => &terms[..],
                _ => &[],
            });
            terms.filter_map(text_of).any(|stem| text_of(form).is_some_and(|form| form.starts_with(stem)))
        };
        let words = leaves.iter().map(|leaf| leaf.word).collect::<HashSet<usize>>().len();
        // The words of which enough stands in the index without their spare terms.
        let mut known: HashSet<usize> = HashSet::new();
        for leaf in leaves {
            match &leaf.kind {
                LeafKind::Terms(forms) => {
                    let counts: Vec<u64> =
                        forms.iter().map(|term| searcher.doc_freq(term).unwrap_or(0)).collect();
                    let together = idf(counts.iter().sum::<u64>().min(in_all), in_all);
                    for (term, count) in forms.iter().zip(counts).filter(|&(_, count)| count > 0) {
                        let is_form = leaf.tier == Tier::Forms;
                        if is_form || (leaf.tier == Tier::Stem && words >= WORDS_BY_STEMS) {
                            known.insert(leaf.word);
                        }
                        let is_spare = if words >= WORDS_BY_STEMS {
                            leaf.tier == Tier::Family
                                || (is_form && *term != forms[0] && has_stem(leaf.word, term))
                        } else {
                            !is_form
                        };
                        let place = *places.entry(term).or_insert_with(|| {
                            terms.push(FirstTerm { term, boost: 0.0, spare_of: Some(leaf.word) });
                            terms.len() - 1
                        });
                        terms[place].boost += leaf.boost * (together / idf(count, in_all)) as f32;
                        if !is_spare {
                            terms[place].spare_of = None;
                        }
                    }
                }
                LeafKind::Concept(term) => {
                    let query = TermQuery::new(term.clone(), IndexRecordOption::Basic);
                    rest.push(Box::new(ConstScoreQuery::new(Box::new(query), leaf.boost)));
                    concepts.push(term);
                }
                LeafKind::Part(query) => {
                    rest.push(Box::new(ConstScoreQuery::new(query.box_clone(), 0.0)));
                    has_parts = true;
                }
            }
        }
        let is_long = known.len() >= WORDS_BY_FORMS;
        let is_quick =
            |term: &&FirstTerm<'_>| !is_long || term.spare_of.is_none_or(|word| !known.contains(&word));
        let quick: Vec<Box<dyn Query>> = terms.iter().filter(is_quick).map(FirstTerm::query).collect();
        let is_less = !quick.is_empty() && (quick.len() < terms.len() || !rest.is_empty());
        let all_terms = || terms.iter().map(|term| term.term).chain(concepts).cloned().collect();
        FirstPass {
            terms: (!has_parts).then(all_terms),
            all: terms.iter().map(FirstTerm::query).chain(rest).collect(),
            quick: is_less.then_some(quick),
        }
    }
}

fn text_of(term: &Term) -> Option<&str> {
    std::str::from_utf8(term.serialized_value_bytes()).ok()
}

struct FirstTerm<'a> {
    term: &'a Term,
    boost: f32,
    /// The word of which it says nothing that its other terms do not say too.
    spare_of: Option<usize>,
}

impl FirstTerm<'_> {
    fn query(&self) -> Box<dyn Query> {
        let query = TermQuery::new(self.term.clone(), IndexRecordOption::WithFreqs);
        Box::new(BoostQuery::new(Box::new(query), self.boost))
    }
}

/// How rare a term is: the inverse document frequency of BM25, as tantivy and Lucene compute it.
pub(super) fn idf(count: u64, all: u64) -> f64 {
    (1.0 + (all as f64 - count as f64 + 0.5).max(0.0) / (count as f64 + 0.5)).ln()
}

/// What is known of one passage while it is scored.
#[derive(Default, Clone)]
struct Draft {
    score: f64,
    contributions: Vec<Contribution>,
    /// For each word of the plan, where it stands.
    positions: Vec<Vec<u32>>,
}

/// Scores the passages that the first pass found, best first; those of the `window` also by closeness. Says what made up
/// the scores only where it is to `explain` them.
pub(super) fn rescore(
    searcher: &Searcher,
    exact: Field,
    top: &[(Score, DocAddress)],
    leaves: &[ScoredLeaf],
    plan: &Plan,
    window: &HashSet<DocAddress>,
    explain: bool,
) -> tantivy::Result<Vec<Scored>> {
    let pairs = pairs(plan);
    let mut drafts: Vec<Draft> =
        vec![Draft { positions: vec![Vec::new(); plan.words.len()], ..Draft::default() }; top.len()];
    // Passages by segment, in the order of their numbers there, as postings are read.
    let mut by_segment: Vec<Vec<(u32, usize)>> = vec![Vec::new(); searcher.segment_readers().len()];
    for (at, &(_, address)) in top.iter().enumerate() {
        by_segment[address.segment_ord as usize].push((address.doc_id, at));
    }
    for passages in &mut by_segment {
        passages.sort_unstable();
    }
    let mut rarity = vec![0.0f64; plan.words.len()];
    for leaf in leaves {
        match &leaf.kind {
            LeafKind::Part(_) => {}
            LeafKind::Concept(term) => {
                for (segment, passages) in searcher.segment_readers().iter().zip(&by_segment) {
                    each_posting(segment, term, IndexRecordOption::Basic, passages, |at, _| {
                        add(&mut drafts[at], leaf, f64::from(leaf.boost), explain);
                    })?;
                }
            }
            LeafKind::Terms(terms) => {
                let mut frequency = 0;
                for term in terms {
                    frequency += searcher.doc_freq(term)?;
                }
                if frequency == 0 {
                    continue;
                }
                frequency = frequency.min(searcher.num_docs());
                if leaf.has_positions && leaf.word < rarity.len() {
                    rarity[leaf.word] = idf(frequency, searcher.num_docs());
                }
                let field = terms[0].field();
                let weight = Bm25::new(searcher, field, frequency, plan)?;
                let wants_positions = leaf.has_positions && field == exact && !pairs.is_empty();
                let option = if wants_positions {
                    IndexRecordOption::WithFreqsAndPositions
                } else {
                    IndexRecordOption::WithFreqs
                };
                for (segment, passages) in searcher.segment_readers().iter().zip(&by_segment) {
                    if passages.is_empty() {
                        continue;
                    }
                    let mut counts: BTreeMap<usize, (u32, u32)> = BTreeMap::new();
                    for term in terms {
                        each_posting(segment, term, option, passages, |at, postings| {
                            counts.entry(at).or_insert((postings.doc(), 0)).1 += postings.term_freq();
                            if wants_positions {
                                let mut positions = Vec::new();
                                postings.positions(&mut positions);
                                drafts[at].positions[leaf.word].extend(positions);
                            }
                        })?;
                    }
                    let norms = segment.get_fieldnorms_reader(field)?;
                    for (at, (doc, count)) in counts {
                        add(
                            &mut drafts[at],
                            leaf,
                            f64::from(leaf.boost) * weight.score(norms.fieldnorm(doc), count),
                            explain,
                        );
                    }
                }
            }
        }
    }
    let primary = searcher
        .segment_readers()
        .iter()
        .map(|segment| segment.fast_fields().u64("primary"))
        .collect::<tantivy::Result<Vec<_>>>()?;
    Ok(top
        .iter()
        .zip(drafts)
        .map(|(&(_, address), mut draft)| {
            if window.contains(&address) {
                closeness(&mut draft, plan, &pairs, &rarity, explain);
            }
            if primary[address.segment_ord as usize].first(address.doc_id) == Some(1) {
                let score = draft.score * (f64::from(plan.weights.primary) - 1.0);
                draft.score += score;
                if explain {
                    draft.contributions.push(Contribution {
                        word: "primary source".to_owned(),
                        by: "before documents that report on it".to_owned(),
                        score,
                    });
                }
            }
            Scored { address, score: draft.score, contributions: draft.contributions }
        })
        .collect())
}

/// BM25 (Robertson and Zaragoza 2009) with the parameters of the plan.
struct Bm25 {
    rarity: f64,
    average: f64,
    k1: f64,
    b: f64,
}

impl Bm25 {
    fn new(searcher: &Searcher, field: Field, frequency: u64, plan: &Plan) -> tantivy::Result<Bm25> {
        let all = searcher.num_docs();
        Ok(Bm25 {
            rarity: idf(frequency, all).powf(f64::from(plan.weights.rarity)),
            average: searcher.total_num_tokens(field)? as f64 / all.max(1) as f64,
            k1: f64::from(plan.weights.k1),
            b: f64::from(plan.weights.b),
        })
    }

    /// The score of a term that stands `count` times in a field of `length` terms.
    fn score(&self, length: u32, count: u32) -> f64 {
        let count = f64::from(count);
        let norm = self.k1 * (1.0 - self.b + self.b * f64::from(length) / self.average);
        self.rarity * (self.k1 + 1.0) * count / (count + norm)
    }
}

fn each_posting(
    segment: &SegmentReader,
    term: &Term,
    option: IndexRecordOption,
    passages: &[(u32, usize)],
    mut each: impl FnMut(usize, &mut tantivy::postings::SegmentPostings),
) -> tantivy::Result<()> {
    if passages.is_empty() {
        return Ok(());
    }
    let Some(mut postings) = segment.inverted_index(term.field())?.read_postings(term, option)? else {
        return Ok(());
    };
    for &(doc, at) in passages {
        if postings.doc() < doc && postings.seek(doc) == TERMINATED {
            break;
        }
        if postings.doc() == doc {
            each(at, &mut postings);
        }
    }
    Ok(())
}

fn add(draft: &mut Draft, leaf: &ScoredLeaf, score: f64, explain: bool) {
    draft.score += score;
    if explain {
        draft.contributions.push(Contribution { word: leaf.typed.clone(), by: leaf.by.clone(), score });
    }
}

/// How many places apart in the query words may be whose closeness in a passage counts.
const PAIR_REACH: usize = 3;

/// Words that stand near each other in the query, function words between them left out.
fn pairs(plan: &Plan) -> Vec<(usize, usize)> {
    if plan.weights.near <= 0.0 && plan.weights.far <= 0.0 {
        return Vec::new();
    }
    let words = plan.words.len();
    (0..words)
        .flat_map(|first| (first + 1..words.min(first + 1 + PAIR_REACH)).map(move |second| (first, second)))
        .filter(|&(first, second)| {
            // Words of one language: those of the query, or those of one translated term.
            let term = |index: usize| plan.words[index].translates.as_ref().map(|translated| translated.term);
            term(first) == term(second)
        })
        .collect()
}

/// Adds what words of the query that stand close together are worth: the more the rarer they are.
fn closeness(draft: &mut Draft, plan: &Plan, pairs: &[(usize, usize)], rarity: &[f64], explain: bool) {
    for positions in &mut draft.positions {
        positions.sort_unstable();
    }
    for &(one, other) in pairs {
        let Some(distance) = least_distance(&draft.positions[one], &draft.positions[other]) else {
            continue;
        };
        let mut bonus = 0.0;
        if distance <= plan.weights.near_distance {
            bonus += f64::from(plan.weights.near);
        }
        if distance <= plan.weights.far_distance {
            bonus += f64::from(plan.weights.far);
        }
        if bonus > 0.0 {
            let score = bonus * rarity[one].min(rarity[other]);
            draft.score += score;
            if !explain {
                continue;
            }
            draft.contributions.push(Contribution {
                word: format!("{} {}", plan.words[one].typed, plan.words[other].typed),
                by: format!("near each other, {distance} apart"),
                score,
            });
        }
    }
}

/// The least distance between a number of one sorted list and one of the other.
fn least_distance(one: &[u32], other: &[u32]) -> Option<u32> {
    let (mut i, mut j) = (0, 0);
    let mut least: Option<u32> = None;
    while let (Some(&a), Some(&b)) = (one.get(i), other.get(j)) {
        let distance = a.abs_diff(b);
        least = Some(least.map_or(distance, |l| l.min(distance)));
        if a < b {
            i += 1;
        } else {
            j += 1;
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::least_distance;

    #[test]
    fn least_distances() {
        assert_eq!(least_distance(&[1, 50], &[9, 47]), Some(3));
        assert_eq!(least_distance(&[], &[9]), None);
        assert_eq!(least_distance(&[5], &[5]), Some(0));
    }
}
