//! One search of an index on a cluster: the cluster finds passages, their texts are analysed here once more, and
//! say exactly how they meet a query.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::sync::PoisonError;

use serde::Deserialize;
use serde_json::{Value, json};
use tantivy::fieldnorm::FieldNormReader;

use super::query::{FIELDS, matching, place_of, scored};
use super::{OpenSearchEngine, Row, reading_order};
use crate::analysis::{Stemmers, tokenize};
use crate::engine::lowering::{KnownTerm, MAX_EXPANSIONS, most_frequent};
use crate::engine::ranking::{Backend, Occurrences, idf};
use crate::engine::request::Request;
use crate::engine::{EngineError, StoredPassage};
use crate::query::plan::Field;

/// How many passages are asked for at once; more are asked for in several requests.
const AT_ONCE: usize = 2_000;

/// An index on a cluster as one search sees it.
pub(super) struct Session<'e> {
    pub(super) engine: &'e OpenSearchEngine,
    /// Taken back by the engine at the end.
    stemmers: RefCell<Option<Stemmers>>,
    found: RefCell<Found>,
    /// What is to be counted when passages are next asked for.
    to_count: RefCell<Option<Value>>,
    /// What has been counted.
    counted: RefCell<Option<(Value, usize)>>,
}

/// The passages that were found, each once.
#[derive(Default)]
struct Found {
    passages: Vec<FoundPassage>,
    places: HashMap<String, usize>,
}

struct FoundPassage {
    row: Row,
    /// The terms of its fields, by [`place_of`].
    fields: OnceCell<[FieldTerms; 4]>,
}

/// The terms of a field, with their positions.
struct FieldTerms {
    length: u32,
    places: HashMap<Box<str>, Vec<u32>>,
}

impl FieldTerms {
    fn of(text: &str) -> FieldTerms {
        let mut places: HashMap<Box<str>, Vec<u32>> = HashMap::new();
        let mut length = 0;
        for term in text.split_ascii_whitespace() {
            match places.get_mut(term) {
                Some(places) => places.push(length),
                None => {
                    places.insert(term.into(), vec![length]);
                }
            }
            length += 1;
        }
        // Both engines keep lengths in one byte, by the same table.
        FieldTerms {
            length: FieldNormReader::id_to_fieldnorm(FieldNormReader::fieldnorm_to_id(length)),
            places,
        }
    }
}

impl<'e> Session<'e> {
    pub(super) fn new(engine: &'e OpenSearchEngine) -> Session<'e> {
        let stemmers = engine.stemmers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Session {
            engine,
            stemmers: RefCell::new(stemmers),
            found: RefCell::default(),
            to_count: RefCell::default(),
            counted: RefCell::default(),
        }
    }

    /// Notes what was found, and gives each its place.
    fn note(&self, rows: Vec<(f32, Row)>) -> Vec<(f32, usize)> {
        let mut found = self.found.borrow_mut();
        rows.into_iter()
            .map(|(score, row)| {
                let next = found.passages.len();
                let place = *found.places.entry(row.id.clone()).or_insert(next);
                if place == next {
                    found.passages.push(FoundPassage { row, fields: OnceCell::new() });
                }
                (score, place)
            })
            .collect()
    }

    fn scored(&self, request: &Request<'_>) -> Value {
        let weight = |field: Field, term: &str| {
            let all = self.passages().unwrap_or(0);
            idf(self.frequency(field, term).unwrap_or(0), all)
        };
        scored(request, self.engine.constant, &weight)
    }

    /// The words that match a regular expression, the most frequent ones.
    fn words_like(&self, pattern: &str) -> Result<Vec<(String, u64)>, EngineError> {
        #[derive(Deserialize)]
        struct Bucket {
            key: String,
            doc_count: u64,
        }
        let body = json!({
            "size": 0,
            "track_total_hits": false,
            "query": {"constant_score": {"filter": {"regexp": {"exact": pattern}}}},
            "aggs": {"words": {"terms": {
                "field": "word",
                "include": pattern,
                "size": MAX_EXPANSIONS,
                // Each shard names as many as a cluster allows, so that none is missed that is frequent in all together.
                "shard_size": 60_000,
                "order": [{"_count": "desc"}, {"_key": "asc"}],
            }}},
        });
        let answer = self.engine.search_raw(&body)?;
        let buckets: Vec<Bucket> = self.engine.value(answer["aggregations"]["words"]["buckets"].clone())?;
        Ok(buckets.into_iter().map(|bucket| (bucket.key, bucket.doc_count)).collect())
    }

    fn with<T>(&self, place: usize, read: impl FnOnce(&Row) -> T) -> T {
        read(&self.found.borrow().passages[place].row)
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // What a stemmer remembers serves the next search.
        let stemmers = self.stemmers.take();
        self.engine.stemmers.lock().unwrap_or_else(PoisonError::into_inner).extend(stemmers);
    }
}

impl Backend for Session<'_> {
    /// The place among those found.
    type Address = usize;
    type Document = String;
    type Candidates = Vec<usize>;

    fn passages(&self) -> Result<u64, EngineError> {
        Ok(self.engine.totals()?.passages)
    }

    fn average_length(&self, field: Field) -> Result<f64, EngineError> {
        let totals = self.engine.totals()?;
        Ok(totals.tokens[place_of(field)] as f64 / totals.passages.max(1) as f64)
    }

    fn look_up(&self, terms: &mut dyn Iterator<Item = (Field, &str)>) -> Result<(), EngineError> {
        self.engine.look_up(terms)
    }

    fn frequency(&self, field: Field, term: &str) -> Result<u64, EngineError> {
        self.engine.frequency_of(field, term)
    }

    fn words_with_prefix(&self, prefix: &str) -> Result<Vec<(String, u64)>, EngineError> {
        self.words_like(&format!("{}.*", escaped(prefix)))
    }

    fn words_near(&self, word: &str, distance: u8) -> Result<Vec<(String, u64)>, EngineError> {
        #[derive(Deserialize)]
        struct Suggested {
            text: String,
            freq: u64,
        }
        let body = json!({
            "size": 0,
            "track_total_hits": false,
            "query": {"match_none": {}},
            "suggest": {"near": {"text": word, "term": {
                "field": "exact",
                "analyzer": "gcm_tokens",
                "suggest_mode": "always",
                "max_edits": distance.clamp(1, 2),
                "prefix_length": 0,
                "min_word_length": 1,
                "accuracy": 0.0,
                // Also for words that are frequent themselves.
                "max_term_freq": 2_000_000_000,
                "size": 10_000,
                "shard_size": 10_000,
            }}},
        });
        let answer = self.engine.search_raw(&body)?;
        let suggested: Vec<Suggested> =
            self.engine.value(answer["suggest"]["near"][0]["options"].clone()).unwrap_or_default();
        let mut words: Vec<(String, u64)> =
            suggested.into_iter().map(|option| (option.text, option.freq)).collect();
        let own = self.frequency(Field::Exact, word)?;
        if own > 0 {
            words.push((word.to_owned(), own));
        }
        // With two letters amiss, the cluster only names words with the same first letter.
        let others = other_beginnings(word).filter(|_| distance > 1);
        for (other, count) in others.map_or(Ok(Vec::new()), |pattern| self.words_like(&pattern))? {
            if !words.iter().any(|(word, _)| *word == other) {
                words.push((other, count));
            }
        }
        words.retain(|(word, _)| word != super::schema::FILLER);
        Ok(most_frequent(words))
    }

    fn best(&self, request: &Request<'_>, limit: usize) -> Result<Vec<(f32, usize)>, EngineError> {
        let query = self.scored(request);
        if limit <= AT_ONCE {
            let body = json!({"size": limit, "track_total_hits": false, "query": query, "_source": true});
            let rows = match self.to_count.take() {
                None => self.engine.rows(&body)?,
                Some(query) => {
                    let (rows, count) = self.engine.rows_and_count(&body, &query)?;
                    self.counted.replace(Some((query, count)));
                    rows
                }
            };
            return Ok(self.note(rows));
        }
        let sort = json!([{"_score": "desc"}, {"document": "asc"}, {"number": "asc"}, {"source": "asc"}]);
        let rows = self.engine.all_rows(&query, &sort, json!({}), AT_ONCE, limit)?;
        Ok(self.note(rows))
    }

    fn tied(
        &self,
        request: &Request<'_>,
        (from, to): (f32, f32),
        missing: usize,
        above: usize,
    ) -> Result<Vec<usize>, EngineError> {
        // Those with a higher score are among them.
        let limit = missing.saturating_add(above);
        let options = json!({"min_score": from, "track_scores": true});
        let rows = self.engine.all_rows(&self.scored(request), &reading_order(), options, AT_ONCE, limit)?;
        let tied = rows.into_iter().filter(|&(score, _)| score <= to).take(missing).collect();
        Ok(self.note(tied).into_iter().map(|(_, place)| place).collect())
    }

    fn expect_count(&self, request: &Request<'_>) {
        self.to_count.replace(Some(matching(request)));
    }

    fn count(&self, request: &Request<'_>) -> Result<usize, EngineError> {
        let query = matching(request);
        match &*self.counted.borrow() {
            Some((counted, count)) if *counted == query => Ok(*count),
            _ => self.engine.count_of(&query),
        }
    }

    fn candidates(&self, passages: &[(f32, usize)]) -> Vec<usize> {
        let found = self.found.borrow();
        let mut stemmers = self.stemmers.borrow_mut();
        let stemmers = stemmers.get_or_insert_default();
        for &(_, place) in passages {
            let passage = &found.passages[place];
            passage.fields.get_or_init(|| {
                let stored = &passage.row.stored;
                let (terms, head) = stored.terms(&tokenize(&stored.passage.text), stemmers);
                FIELDS.map(|field| {
                    FieldTerms::of(match field {
                        Field::Exact => &terms.exact,
                        Field::Stem => &terms.stem,
                        Field::Wide => &terms.wide,
                        Field::Head => &head,
                    })
                })
            });
        }
        passages.iter().map(|&(_, place)| place).collect()
    }

    fn occurrences(
        &self,
        candidates: &Vec<usize>,
        field: Field,
        terms: &[KnownTerm<'_>],
        positions: bool,
        each: &mut dyn FnMut(usize, Occurrences<'_>),
    ) -> Result<(), EngineError> {
        let found = self.found.borrow();
        let mut all: Vec<u32> = Vec::new();
        for (at, &place) in candidates.iter().enumerate() {
            let Some(fields) = found.passages[place].fields.get() else {
                continue;
            };
            let of_field = &fields[place_of(field)];
            all.clear();
            let mut first = 0;
            for (number, term) in terms.iter().enumerate() {
                all.extend(of_field.places.get(&*term.text).into_iter().flatten());
                if number == 0 {
                    first = all.len() as u32;
                }
            }
            if !all.is_empty() {
                let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
                let positions = if positions { &all[..] } else { &[] };
                each(at, Occurrences { length: of_field.length, count, first, positions });
            }
        }
        Ok(())
    }

    fn carriers(
        &self,
        candidates: &Vec<usize>,
        token: &str,
        each: &mut dyn FnMut(usize),
    ) -> Result<(), EngineError> {
        let found = self.found.borrow();
        for (at, &place) in candidates.iter().enumerate() {
            if found.passages[place].row.stored.tags.iter().any(|(tag, _)| tag == token) {
                each(at);
            }
        }
        Ok(())
    }

    fn is_primary(&self, place: usize) -> bool {
        self.with(place, |row| row.is_primary)
    }

    fn duplicate(&self, place: usize) -> Option<u64> {
        Some(self.with(place, |row| row.stored.duplicate()))
    }

    fn work(&self, place: usize) -> Option<u64> {
        self.with(place, |row| row.stored.work())
    }

    fn document(&self, place: usize) -> Result<String, EngineError> {
        self.document_id(place)
    }

    fn number(&self, place: usize) -> u64 {
        self.with(place, |row| u64::from(row.stored.passage.number))
    }

    fn document_id(&self, place: usize) -> Result<String, EngineError> {
        Ok(self.with(place, |row| row.stored.document.id.clone()))
    }

    fn stored(&self, place: usize) -> Result<StoredPassage, EngineError> {
        Ok(self.with(place, |row| row.stored.clone()))
    }
}

/// A text as a regular expression of Lucene's that matches it alone.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The longest word that [`other_beginnings`] makes an expression of, in letters.
const LONGEST_PATTERN: usize = 30;

/// A regular expression for the words within two letters of one of which one is at its beginning: another first letter, one
/// before it, none, or the first two swapped. None for very long words.
fn other_beginnings(word: &str) -> Option<String> {
    let letters: Vec<char> = word.chars().collect();
    let (_, rest) = letters.split_first().filter(|_| letters.len() <= LONGEST_PATTERN)?;
    let rest = within_one(rest);
    let mut pattern = format!(".?({rest})|.({})", within_one(&letters));
    if let [first, second, others @ ..] = &letters[..] {
        let swapped = escaped(&format!("{second}{first}"));
        pattern.push_str(&format!("|{swapped}({})", within_one(others)));
    }
    Some(pattern)
}

/// A regular expression for the words within one letter of another.
fn within_one(letters: &[char]) -> String {
    let text = |letters: &[char]| escaped(&letters.iter().collect::<String>());
    let mut words = vec![text(letters)];
    for at in 0..=letters.len() {
        let (before, behind) = letters.split_at(at);
        words.push(format!("{}.{}", text(before), text(behind)));
        if let [_, rest @ ..] = behind {
            words.push(format!("{}.?{}", text(before), text(rest)));
        }
        if let [first, second, rest @ ..] = behind {
            words.push(format!("{}{}{}", text(before), text(&[*second, *first]), text(rest)));
        }
    }
    words.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_know_where_their_terms_stand() {
        let field = FieldTerms::of("a b a c");
        assert_eq!(
            (field.length, &field.places["a"][..], &field.places["c"][..]),
            (4, &[0, 2][..], &[3][..])
        );
        // From 41 terms on, lengths are kept roughly.
        assert_eq!(FieldTerms::of(&"a ".repeat(41)).length, 40);
        assert_eq!(FieldTerms::of("").length, 0);
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(escaped("a/res.73*"), "a\\/res\\.73\\*");
        assert_eq!(escaped("comunità"), "comunità");
    }
}
