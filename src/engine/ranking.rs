//! Ranking, the same for every engine: an engine finds the best passages quickly ([`Backend::best`]); here they are scored
//! once more, exactly, and put in order.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::letters::letters_in_common;
use super::lowering::{KnownTerm, Lowered, WORDS_BY_STEMS, lower};
use super::request::Request;
use super::rescore::rescore;
use super::{Contribution, EngineError, Found, Hit, Page, StoredPassage, Unit};
use crate::analysis::tokenize;
use crate::query::plan::{Field, Plan, Weights};

/// How many of the best passages are scored again with the closeness of their words; of a query of many words first, of
/// one of few, which is asked for by more exact terms, second.
const WINDOWS: (usize, usize) = (100, 60);
/// Of how many of these the letters are compared with those of the query: their texts have to be read.
const LETTERS_WINDOW: usize = 30;
/// How many of the passages under the same title, the best, say how much there is under it.
const COMPANY: usize = 5;
/// Scores of the first pass that differ by less, relatively, are the same: they are sums of the same numbers in
/// another order.
const SAME_SCORE: f32 = 1e-5;

/// What ranking asks of an engine. One value serves one search: it may keep what it has read.
pub(super) trait Backend {
    /// A passage that was found.
    type Address: Copy + Eq + Hash;
    /// A document, ordered as its id is.
    type Document: Ord + Hash;
    /// Passages made ready to be looked at together.
    type Candidates;

    /// How many passages there are.
    fn passages(&self) -> Result<u64, EngineError>;
    /// How many terms a field has in a passage, in the mean over all passages.
    fn average_length(&self, field: Field) -> Result<f64, EngineError>;
    /// Announces terms whose frequencies will be asked for, so that an engine can look them up together.
    fn look_up(&self, _terms: &mut dyn Iterator<Item = (Field, &str)>) -> Result<(), EngineError> {
        Ok(())
    }
    /// How many passages have a term.
    fn frequency(&self, field: Field, term: &str) -> Result<u64, EngineError>;
    /// The exact forms that begin so, with how many passages have each: the most frequent ones first, of equally frequent
    /// ones the first in the order of their bytes, [`super::lowering::MAX_EXPANSIONS`] of them.
    fn words_with_prefix(&self, prefix: &str) -> Result<Vec<(String, u64)>, EngineError>;
    /// The exact forms within so many letters of a word, chosen and ordered as [`Backend::words_with_prefix`] does.
    fn words_near(&self, word: &str, distance: u8) -> Result<Vec<(String, u64)>, EngineError>;

    /// The best passages by their scores, at most so many, best first.
    fn best(&self, request: &Request<'_>, limit: usize) -> Result<Vec<(f32, Self::Address)>, EngineError>;
    /// Of the passages whose scores are within a range the first by document and number, so many as are missing. As many
    /// as `above` have a higher score.
    fn tied(
        &self,
        request: &Request<'_>,
        range: (f32, f32),
        missing: usize,
        above: usize,
    ) -> Result<Vec<Self::Address>, EngineError>;
    /// Announces a request whose count may be asked for, so that an engine can count when it looks for the best.
    fn expect_count(&self, _request: &Request<'_>) {}
    /// How many passages match.
    fn count(&self, request: &Request<'_>) -> Result<usize, EngineError>;

    /// Makes passages ready.
    fn candidates(&self, passages: &[(f32, Self::Address)]) -> Self::Candidates;
    /// Hands over, for each candidate that has one of the terms, its place among the candidates and how it has them.
    fn occurrences(
        &self,
        candidates: &Self::Candidates,
        field: Field,
        terms: &[KnownTerm<'_>],
        positions: bool,
        each: &mut dyn FnMut(usize, Occurrences<'_>),
    ) -> Result<(), EngineError>;
    /// Hands over the place of each candidate that has a filter token.
    fn carriers(
        &self,
        candidates: &Self::Candidates,
        token: &str,
        each: &mut dyn FnMut(usize),
    ) -> Result<(), EngineError>;

    /// Whether a passage is one of a primary source.
    fn is_primary(&self, address: Self::Address) -> bool;
    /// The same number for passages with the same text.
    fn duplicate(&self, address: Self::Address) -> Option<u64>;
    /// The same number for passages under the same title; none without a title.
    fn work(&self, address: Self::Address) -> Option<u64>;
    /// Its document.
    fn document(&self, address: Self::Address) -> Result<Self::Document, EngineError>;
    /// Its number in the document.
    fn number(&self, address: Self::Address) -> u64;
    /// The id of its document.
    fn document_id(&self, address: Self::Address) -> Result<String, EngineError>;
    /// The passage.
    fn stored(&self, address: Self::Address) -> Result<StoredPassage, EngineError>;
}

/// How a passage has some terms of a field, that count as one.
pub(super) struct Occurrences<'c> {
    /// How many terms the field has, as coarsely as an index keeps it: in one byte.
    pub(super) length: u32,
    /// How often they occur.
    pub(super) count: u32,
    /// How often the first of them does.
    pub(super) first: u32,
    /// Where, where that was asked for; in no order.
    pub(super) positions: &'c [u32],
}

/// How rare a term is: the inverse document frequency of BM25, as tantivy and Lucene compute it.
pub(super) fn idf(count: u64, all: u64) -> f64 {
    (1.0 + (all as f64 - count as f64 + 0.5).max(0.0) / (count as f64 + 0.5)).ln()
}

/// A passage with its final score.
#[derive(Debug, Clone)]
pub(super) struct Scored<A> {
    pub(super) address: A,
    pub(super) score: f64,
    pub(super) contributions: Vec<Contribution>,
}

impl<A> Scored<A> {
    /// Adds to the score; `why` gives the word of the query and how it was met, for the explanation.
    pub(super) fn add(&mut self, score: f64, explain: bool, why: impl FnOnce() -> (String, String)) {
        if score <= 0.0 {
            return;
        }
        self.score += score;
        if explain {
            let (word, by) = why();
            self.contributions.push(Contribution { word, by, score });
        }
    }
}

/// The best passages of the first pass, best first.
struct Top<A> {
    hits: Vec<(f32, A)>,
    /// Whether no other passage matches.
    are_all: bool,
}

/// A page of a ranked list.
struct Ranking<A> {
    total: usize,
    scored: Vec<Scored<A>>,
}

/// Answers a plan.
pub(super) fn search<B: Backend>(backend: &B, plan: &Plan, page: Page) -> Result<Found, EngineError> {
    let Ranking { total, scored } = ranking(backend, plan, page)?;
    let hit = |scored: Scored<B::Address>| {
        Ok(Hit {
            score: scored.score,
            stored: backend.stored(scored.address)?,
            contributions: scored.contributions,
        })
    };
    let hits = scored.into_iter().map(hit).collect::<Result<Vec<Hit>, EngineError>>()?;
    Ok(Found { total, hits })
}

/// The ids (document and passage number) of the hits of a plan, best first, with their scores.
pub(super) fn search_ids<B: Backend>(
    backend: &B,
    plan: &Plan,
    page: Page,
) -> Result<Vec<(String, u64, f64)>, EngineError> {
    let scored = ranking(backend, plan, page)?.scored.into_iter();
    scored.map(|s| Ok((backend.document_id(s.address)?, backend.number(s.address), s.score))).collect()
}

/// The page of the ranked list that is asked for.
///
/// The further down a page lies, the more candidates are looked at, in steps: among as few of them as the first pages are
/// chosen from, passages far down would be missed. A passage found late may score higher than some on the pages before. So a
/// page begins with what no page before it has, however many candidates that one had: pages of one size have no passage in
/// common and leave none out.
fn ranking<B: Backend>(backend: &B, plan: &Plan, page: Page) -> Result<Ranking<B::Address>, EngineError> {
    let lowered = lower(backend, plan)?;
    let wanted = page.offset.saturating_add(page.limit);
    let all = usize::try_from(backend.passages()?).unwrap_or(usize::MAX).max(1);
    let (of_many, of_few) = WINDOWS;
    let window_size = if plan.words.len() >= WORDS_BY_STEMS { of_many } else { of_few };
    let mut known_window: Option<HashSet<B::Address>> = None;
    let size = page.limit.max(1);
    // The end of the first page that was not made yet, and what stands on those before it.
    let mut end = if page.offset.is_multiple_of(size) { page.limit } else { page.offset % size };
    let mut before: Vec<Scored<B::Address>> = Vec::new();
    let mut fetch = window_size.min(all);
    if page.count {
        backend.expect_count(&lowered.all);
    }
    loop {
        // So many of the candidates may be given, since others may be better than they are.
        let most = if fetch < all { fetch / 2 } else { usize::MAX };
        if end > most {
            fetch = fetch.saturating_mul(2).min(all);
            continue;
        }
        let Top { hits: top, are_all } = first_pass(backend, &lowered, fetch)?;
        // The same window whatever page is asked for, so that pages agree with each other.
        let window = match known_window.take() {
            Some(window) => window,
            None if fetch == window_size => addresses(&top),
            None => addresses(&first_pass(backend, &lowered, window_size)?.hits),
        };
        let scored = rescore(backend, &top, &lowered.leaves, plan, &window, page.explain)?;
        let mut scored = in_order(backend, scored)?;
        if compare_letters(backend, plan, &mut scored, &window, page.explain)? {
            scored = in_order(backend, scored)?;
        }
        if lend_company(backend, plan, &mut scored, &window, page.explain)? {
            scored = in_order(backend, scored)?;
        }
        let known: HashSet<B::Address> = before.iter().map(|s| s.address).collect();
        scored.retain(|s| !known.contains(&s.address));
        let mut scored = select(backend, before.into_iter().chain(scored).collect(), page)?;
        let given = if are_all { usize::MAX } else { scored.len().min(most) };
        if given < wanted {
            if given >= end {
                end += (given - end) / size * size + size;
            }
            scored.truncate(end.saturating_sub(size));
            before = scored;
            fetch = fetch.saturating_mul(2).min(all);
            known_window = Some(window);
            continue;
        }
        let total = if are_all || !page.count { top.len() } else { backend.count(&lowered.all)? };
        scored.truncate(wanted);
        scored.drain(..page.offset.min(scored.len()));
        return Ok(Ranking { total, scored });
    }
}

fn addresses<A: Copy + Eq + Hash>(hits: &[(f32, A)]) -> HashSet<A> {
    hits.iter().map(|&(_, address)| address).collect()
}

/// The best passages of the first pass, by its quick form where that finds enough.
fn first_pass<B: Backend>(
    backend: &B,
    lowered: &Lowered<'_>,
    fetch: usize,
) -> Result<Top<B::Address>, EngineError> {
    if let Some(quick) = &lowered.quick {
        let top = top(backend, quick, fetch)?;
        if !top.are_all {
            return Ok(top);
        }
    }
    top(backend, &lowered.all, fetch)
}

/// The best passages by a request, `fetch` of them, or half as many and more where equal scores lie across the cut: which
/// of the equals are taken must not depend on the order in which they were indexed. Where less than half stand above
/// the cut, those of the first documents are taken.
fn top<B: Backend>(backend: &B, request: &Request<'_>, fetch: usize) -> Result<Top<B::Address>, EngineError> {
    let mut hits = backend.best(request, fetch.saturating_add(1))?;
    let Some(&(cut, _)) = hits.get(fetch) else {
        return Ok(Top { hits, are_all: true });
    };
    hits.truncate(fetch);
    let above = cut + cut.abs() * SAME_SCORE;
    if hits.last().is_none_or(|&(score, _)| score > above) {
        return Ok(Top { hits, are_all: false });
    }
    hits.retain(|&(score, _)| score > above);
    if hits.len() >= fetch / 2 {
        return Ok(Top { hits, are_all: false });
    }
    let below = cut - cut.abs() * SAME_SCORE;
    let tied = backend.tied(request, (below, above), fetch - hits.len(), hits.len())?;
    hits.extend(tied.into_iter().map(|address| (cut, address)));
    Ok(Top { hits, are_all: false })
}

/// Adds to the scores of the passages that stand first what letters they share with the query; says whether it did.
fn compare_letters<B: Backend>(
    backend: &B,
    plan: &Plan,
    scored: &mut [Scored<B::Address>],
    window: &HashSet<B::Address>,
    explain: bool,
) -> Result<bool, EngineError> {
    let words: Vec<&str> =
        plan.words.iter().filter(|word| word.translates.is_none()).map(|word| &*word.exact).collect();
    if plan.weights.letters <= 0.0 || words.len() < plan.weights.letters_words as usize {
        return Ok(false);
    }
    let mut first: Vec<&mut Scored<B::Address>> =
        scored.iter_mut().filter(|s| window.contains(&s.address)).take(LETTERS_WINDOW).collect();
    let texts = first
        .iter()
        .map(|scored| {
            let stored = backend.stored(scored.address)?;
            let mut tokens = tokenize(&stored.passage.text);
            for text in stored.document.title.iter().chain(&stored.passage.headings) {
                tokens.extend(tokenize(text));
            }
            Ok(tokens)
        })
        .collect::<Result<Vec<_>, EngineError>>()?;
    let Weights { k1, b, letters, .. } = plan.weights;
    let shared = letters_in_common(&words, &texts, f64::from(k1), f64::from(b));
    for (scored, shared) in first.iter_mut().zip(shared) {
        scored.add(f64::from(letters) * shared, explain, || {
            ("letters in common".to_owned(), "runs of four letters of the query's words".to_owned())
        });
    }
    Ok(true)
}

/// Lends each passage something of what the best passages of other documents under the same title have, such as
/// the articles or chapters of one work in files of their own: where much is said of the query, the next passage
/// is likelier to answer it (Callan 1994, *Passage-level evidence in document retrieval*). Passages of one document
/// lend each other nothing, or a long document would fill the first page. Says whether anything was lent.
fn lend_company<B: Backend>(
    backend: &B,
    plan: &Plan,
    scored: &mut [Scored<B::Address>],
    window: &HashSet<B::Address>,
    explain: bool,
) -> Result<bool, EngineError> {
    if plan.weights.company <= 0.0 {
        return Ok(false);
    }
    let mut works: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, s) in scored.iter().enumerate().filter(|(_, s)| window.contains(&s.address)) {
        if let Some(work) = backend.work(s.address) {
            works.entry(work).or_default().push(at);
        }
    }
    let mut lent = vec![0.0; scored.len()];
    for passages in works.values().filter(|passages| passages.len() > 1) {
        let documents = passages
            .iter()
            .map(|&at| backend.document(scored[at].address))
            .collect::<Result<Vec<_>, EngineError>>()?;
        for (document, &at) in documents.iter().zip(passages) {
            let others = documents.iter().zip(passages).filter(|&(other, _)| other != document);
            let best = others.take(COMPANY).map(|(_, &at)| scored[at].score);
            lent[at] = best.sum::<f64>() / COMPANY as f64;
        }
    }
    for (s, &lent) in scored.iter_mut().zip(&lent) {
        s.add(f64::from(plan.weights.company) * lent, explain, || {
            ("company".to_owned(), "what other documents under the same title say of it".to_owned())
        });
    }
    Ok(lent.iter().any(|&lent| lent > 0.0))
}

/// Orders by score, then document, then passage.
fn in_order<B: Backend>(
    backend: &B,
    mut scored: Vec<Scored<B::Address>>,
) -> Result<Vec<Scored<B::Address>>, EngineError> {
    scored.sort_by(|one, other| other.score.total_cmp(&one.score));
    let mut start = 0;
    while start < scored.len() {
        let end = start + scored[start..].iter().take_while(|s| s.score == scored[start].score).count();
        if end - start > 1 {
            let mut keyed = scored[start..end]
                .iter()
                .map(|s| Ok((backend.document(s.address)?, backend.number(s.address), s.clone())))
                .collect::<Result<Vec<_>, EngineError>>()?;
            keyed.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
            for (slot, (_, _, s)) in scored[start..end].iter_mut().zip(keyed) {
                *slot = s;
            }
        }
        start = end;
    }
    Ok(scored)
}

/// Leaves out texts that stand above already, and where documents are ranked all but the best passage of each.
fn select<B: Backend>(
    backend: &B,
    mut scored: Vec<Scored<B::Address>>,
    page: Page,
) -> Result<Vec<Scored<B::Address>>, EngineError> {
    if !page.duplicates {
        let mut seen = HashSet::new();
        scored.retain(|s| backend.duplicate(s.address).is_none_or(|hash| seen.insert(hash)));
    }
    if page.unit == Unit::Document {
        let mut seen = HashSet::new();
        let mut best = Vec::new();
        for s in scored {
            if seen.insert(backend.document(s.address)?) {
                best.push(s);
            }
        }
        scored = best;
    }
    Ok(scored)
}
