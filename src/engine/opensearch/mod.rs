//! An index on a cluster of OpenSearch nodes, reached by the part of its REST interface that Elasticsearch shares.
//!
//! The cluster holds what the local index holds: terms that our analysis made, in fields that it only cuts at spaces, so
//! that both rank by the same function of the same statistics. `NAME` is an alias of the generation that answers, such as
//! `NAME-g000012`; `NAME-manifest` holds what the generations were made from, and the lock of the one who writes.

mod bulk;
mod client;
mod cluster;
mod gather;
mod lock;
mod query;
mod schema;
mod searches;
mod session;
mod writer;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::client::{Answer, Client, Method};
pub use self::cluster::{Cluster, Credentials, Statistics};
use self::gather::Gatherer;
use self::query::{FIELDS, matching, name_of, place_of, token_field};
use self::schema::{FILLER, Meta};
use self::searches::{Search, Searches};
use self::session::Session;
pub use self::writer::ClusterLock;
use super::lowering::{filters as lowered_filters, lower};
use super::ranking::{self, Backend};
use super::request::{Matcher, Request};
use super::{
    Attribute, CommitInfo, CrossCounts, DocumentInfo, Engine, EngineError, ErrorKind, Found, IndexedPassage,
    Page, SCHEMA_VERSION, StoredPassage,
};
use crate::analysis::Stemmers;
use crate::document::year_of;
use crate::partition::Part;
use crate::query::plan::{Field, Filters, Plan};

/// How many passages are asked for at once where all are wanted.
const PAGE: usize = 1_000;
/// How many values are counted at once.
const VALUES: usize = 10_000;
/// How many filters are counted at once.
const FILTERS: usize = 500;
/// How many requests for frequencies, of each shard, are under way at once; what comes meanwhile waits and goes together.
const LOOK_UPS_AT_ONCE: usize = 1;
/// How many frequencies are asked for at once, as long as no query needs more.
const MOST_LOOKED_UP: usize = 4_000;
/// How many frequencies are remembered.
const REMEMBERED: usize = 500_000;
/// What BM25 is multiplied by where a cluster multiplies it by k1 + 1, as tantivy does.
const LEGACY_FACTOR: f64 = 2.2;

/// An index on a cluster that is open for reading.
pub struct OpenSearchEngine {
    client: Client,
    /// The generation that answered when it was opened. It is kept when another takes its place.
    index: String,
    info: CommitInfo,
    shards: usize,
    /// What a score that is the same for all passages is multiplied by, to weigh as much beside BM25 as it does locally.
    constant: f64,
    searches: Searches,
    look_ups: Gatherer<HashSet<Term>, Result<(), EngineError>>,
    totals: OnceLock<Totals>,
    frequencies: Mutex<HashMap<Term, u64>>,
    stemmers: Mutex<Vec<Stemmers>>,
}

/// How much there is in an index.
#[derive(Debug, Clone, Copy)]
struct Totals {
    passages: u64,
    /// By [`place_of`] a field.
    tokens: [u64; 4],
}

/// A term of a field.
type Term = (Field, String);

/// A passage as a cluster returns it.
struct Row {
    id: String,
    is_primary: bool,
    stored: StoredPassage,
    /// What it was sorted by.
    sort: Value,
}

#[derive(Deserialize)]
struct Hits {
    hits: HitList,
}

#[derive(Deserialize)]
struct HitList {
    hits: Vec<HitJson>,
}

impl Hits {
    fn into_rows(self) -> Vec<(f32, Row)> {
        let row = |hit: HitJson| {
            let HitJson { id, score, source: SourceJson { stored, primary }, sort } = hit;
            (score.unwrap_or(0.0), Row { id, is_primary: primary, stored, sort })
        };
        self.hits.hits.into_iter().map(row).collect()
    }
}

#[derive(Deserialize)]
struct HitJson {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_score", default)]
    score: Option<f32>,
    #[serde(rename = "_source")]
    source: SourceJson,
    #[serde(default)]
    sort: Value,
}

#[derive(Deserialize)]
struct SourceJson {
    stored: StoredPassage,
    #[serde(default)]
    primary: bool,
}

/// What a generation of an index is.
struct Opened {
    index: String,
    meta: Meta,
    shards: usize,
}

/// The generation that an index's name stands for.
fn current(client: &Client) -> Result<Opened, EngineError> {
    let name = &client.cluster().name;
    let found: BTreeMap<String, Value> = client.ask(Method::Get, &format!("/{name}"), None)?;
    let mut found = found.into_iter();
    let (Some((index, description)), None) = (found.next(), found.next()) else {
        return Err(EngineError::new(
            ErrorKind::Foreign,
            format!("{} stands for several indices; name another", client.cluster()),
        ));
    };
    let meta = Meta::of(&description["mappings"]).filter(|_| schema::number_of(name, &index).is_some());
    let Some(meta) = meta else {
        return Err(EngineError::new(
            ErrorKind::Foreign,
            format!("{} is no index of gcm-search", client.cluster()),
        ));
    };
    let shards = description["settings"]["index"]["number_of_shards"].as_str();
    let shards = shards.and_then(|shards| shards.parse().ok()).unwrap_or(1);
    Ok(Opened { index, meta, shards })
}

impl OpenSearchEngine {
    /// Opens the index of a cluster.
    ///
    /// # Errors
    /// One kind each for a cluster that does not answer or refuses, and an index that is missing, foreign or made by
    /// another version of the schema.
    pub fn open(cluster: &Cluster) -> Result<OpenSearchEngine, EngineError> {
        let client = Client::new(cluster)?;
        let constant = constant_of(&client)?;
        let opened = current(&client)?;
        Self::of(client, constant, opened)
    }

    fn of(client: Client, constant: f64, opened: Opened) -> Result<OpenSearchEngine, EngineError> {
        let Opened { index, meta, shards } = opened;
        let outdated = |why: &str| {
            EngineError::new(
                ErrorKind::Outdated,
                format!("the index in {} was made by gcm-search {} {why}", client.cluster(), meta.program),
            )
        };
        if meta.schema != SCHEMA_VERSION {
            return Err(outdated("with another schema"));
        }
        let Some(info) = meta.info else {
            return Err(outdated("and never finished"));
        };
        if info.fingerprint.schema != SCHEMA_VERSION {
            return Err(outdated("with another schema"));
        }
        let searches = Searches::new(&index, format!("{:016x}", client.token()));
        Ok(OpenSearchEngine {
            client,
            index,
            info,
            shards,
            constant,
            searches,
            look_ups: Gatherer::new(LOOK_UPS_AT_ONCE, MOST_LOOKED_UP),
            totals: OnceLock::new(),
            frequencies: Mutex::new(HashMap::new()),
            stemmers: Mutex::new(Vec::new()),
        })
    }

    /// Checks that an index holds as many passages as its last commit says, and that the manifest is there.
    ///
    /// # Errors
    /// As [`OpenSearchEngine::open`]; [`ErrorKind::Damaged`] where the numbers differ.
    pub fn verify(cluster: &Cluster) -> Result<(), EngineError> {
        let engine = Self::open(cluster)?;
        if engine.manifest(None)?.is_none() {
            return Err(EngineError::new(
                ErrorKind::Damaged,
                format!("the manifest of {cluster} is missing"),
            ));
        }
        engine.check_count(&json!({"match_all": {}}), engine.info.passages)
    }

    fn check_count(&self, query: &Value, expected: usize) -> Result<(), EngineError> {
        let there = self.count_of(query)?;
        if there == expected {
            return Ok(());
        }
        Err(EngineError::new(
            ErrorKind::Damaged,
            format!("the index in {} holds {there} passages in place of {expected}", self.client.cluster()),
        ))
    }

    fn value<T: DeserializeOwned>(&self, value: Value) -> Result<T, EngineError> {
        serde_json::from_value(value).map_err(|error| self.client.foreign(&error))
    }

    /// What one search is answered.
    fn answer<T: DeserializeOwned>(&self, search: Search) -> Result<T, EngineError> {
        let mut answers = self.searches.answers(&self.client, vec![search])?;
        let answer = answers.pop().ok_or_else(|| self.client.foreign(&"no answer"))?;
        self.client.read(answer)
    }

    fn search_raw(&self, body: &Value) -> Result<Value, EngineError> {
        self.answer(Search::new(body, None))
    }

    /// A search for passages, scored by the statistics that are asked for.
    fn search_for_rows(&self, body: &Value) -> Search {
        let is_global = self.client.cluster().statistics == Statistics::Global && self.shards > 1;
        Search::new(body, is_global.then_some("dfs_query_then_fetch"))
    }

    /// The passages that a search finds, with their scores.
    fn rows(&self, body: &Value) -> Result<Vec<(f32, Row)>, EngineError> {
        Ok(self.answer::<Hits>(self.search_for_rows(body))?.into_rows())
    }

    /// The passages that a search finds, and how many others match another query, in one request.
    fn rows_and_count(&self, body: &Value, counted: &Value) -> Result<(Vec<(f32, Row)>, usize), EngineError> {
        let searches = vec![self.search_for_rows(body), Search::new(&counting(counted), None)];
        let mut answers = self.searches.answers(&self.client, searches)?.into_iter();
        let mut next = || answers.next().ok_or_else(|| self.client.foreign(&"no answer"));
        let (rows, count): (Answer, Answer) = (next()?, next()?);
        Ok((self.client.read::<Hits>(rows)?.into_rows(), self.total(self.client.read(count)?)?))
    }

    /// The first passages of an order that leaves no ties, a page after the other.
    fn all_rows(
        &self,
        query: &Value,
        sort: &Value,
        options: Value,
        page: usize,
        limit: usize,
    ) -> Result<Vec<(f32, Row)>, EngineError> {
        let mut rows = Vec::new();
        self.each_row(query, sort, options, page, limit, &mut |score, row| {
            rows.push((score, row));
            ControlFlow::Continue(())
        })?;
        Ok(rows)
    }

    fn each_row(
        &self,
        query: &Value,
        sort: &Value,
        options: Value,
        page: usize,
        limit: usize,
        each: &mut dyn FnMut(f32, Row) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        let mut left = limit;
        let mut after: Option<Value> = None;
        while left > 0 {
            let size = left.min(page);
            let mut body = options.clone();
            body["size"] = json!(size);
            body["track_total_hits"] = json!(false);
            body["query"] = query.clone();
            body["sort"] = sort.clone();
            if let Some(after) = after.take() {
                body["search_after"] = after;
            }
            let rows = self.rows(&body)?;
            let is_last = rows.len() < size;
            left -= rows.len();
            after = rows.last().map(|(_, row)| row.sort.clone());
            for (score, row) in rows {
                if each(score, row).is_break() {
                    return Ok(());
                }
            }
            if is_last {
                break;
            }
        }
        Ok(())
    }

    fn each_in_order(
        &self,
        request: &Request<'_>,
        each: &mut dyn FnMut(StoredPassage) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        let each = &mut |_: f32, row: Row| each(row.stored);
        self.each_row(&matching(request), &reading_order(), json!({}), PAGE, usize::MAX, each)
    }

    /// The first passage of a document.
    fn first_of(&self, document: &str) -> Result<Option<Row>, EngineError> {
        let body = json!({
            "size": 1,
            "track_total_hits": false,
            "query": {"constant_score": {"filter": {"term": {"document": document}}}},
            "sort": [{"number": "asc"}],
        });
        Ok(self.rows(&body)?.pop().map(|(_, row)| row))
    }

    fn count_of(&self, query: &Value) -> Result<usize, EngineError> {
        self.total(self.search_raw(&counting(query))?)
    }

    /// How many passages a search says that match.
    fn total(&self, mut answer: Value) -> Result<usize, EngineError> {
        self.value(answer["hits"]["total"]["value"].take())
    }

    /// How much there is: asked for with the frequencies of terms, and kept.
    fn totals(&self) -> Result<Totals, EngineError> {
        if let Some(totals) = self.totals.get() {
            return Ok(*totals);
        }
        self.look_up(&mut std::iter::empty())?;
        Ok(self.totals.get().copied().unwrap_or(Totals { passages: 0, tokens: [0; 4] }))
    }

    fn frequency_of(&self, field: Field, term: &str) -> Result<u64, EngineError> {
        let known = || {
            let known = self.frequencies.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&(field, term.to_owned())).copied()
        };
        if let Some(count) = known() {
            return Ok(count);
        }
        self.look_up(&mut std::iter::once((field, term)))?;
        Ok(known().unwrap_or(0))
    }

    /// Asks how many passages have each of some terms, for those that are not known yet, together with what other threads ask
    /// for at the same moment.
    fn look_up(&self, terms: &mut dyn Iterator<Item = (Field, &str)>) -> Result<(), EngineError> {
        let mut unknown: HashSet<Term> = HashSet::new();
        {
            let mut known = self.frequencies.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() > REMEMBERED {
                known.clear();
            }
            for (field, term) in terms {
                // What holds a space is no term.
                let key = (field, term.to_owned());
                if !known.contains_key(&key) && !term.is_empty() && !term.contains(char::is_whitespace) {
                    unknown.insert(key);
                }
            }
        }
        if unknown.is_empty() && self.totals.get().is_some() {
            return Ok(());
        }
        let count = unknown.len();
        let asked = self.look_ups.ask(unknown, count, |groups| {
            let several = groups.len();
            match self.ask_frequencies(groups.into_iter().flatten().map(|term| (term, 0)).collect()) {
                Ok(()) => (0..several).map(|_| Ok(())).collect(),
                Err(error) => (0..several).map(|_| Err(error.clone())).collect(),
            }
        });
        asked.unwrap_or_else(|| {
            Err(EngineError::new(ErrorKind::System, "a thread that looks up words broke off"))
        })
    }

    /// Asks every shard how many passages have each of some terms: an artificial document with these terms is sent, and its
    /// terms come back with their statistics.
    fn ask_frequencies(&self, mut asked: HashMap<Term, u64>) -> Result<(), EngineError> {
        let mut document = serde_json::Map::new();
        for field in FIELDS {
            // The filler also brings the statistics of its field, of which it is no part.
            let mut text = FILLER.to_owned();
            for (_, term) in asked.keys().filter(|(other, _)| *other == field) {
                text.push(' ');
                text.push_str(term);
            }
            document.insert(name_of(field).to_owned(), Value::String(text));
        }
        let body = json!({
            "doc": document,
            "term_statistics": true,
            "field_statistics": true,
            "positions": false,
            "offsets": false,
            "payloads": false,
        });
        let ask = |shard: usize| -> Result<Value, EngineError> {
            let path = format!("/{}/_termvectors?preference=_shards:{shard}", self.index);
            self.client.ask(Method::Post, &path, Some(&body))
        };
        let answers: Vec<Result<Value, EngineError>> = if self.shards == 1 {
            vec![ask(0)]
        } else {
            thread::scope(|scope| {
                let running: Vec<_> = (0..self.shards).map(|shard| scope.spawn(move || ask(shard))).collect();
                let join = |thread: thread::ScopedJoinHandle<'_, _>| {
                    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                };
                running.into_iter().map(join).collect()
            })
        };
        let mut totals = Totals { passages: 0, tokens: [0; 4] };
        for answer in answers {
            let mut answer = answer?;
            for field in FIELDS {
                let vector = &mut answer["term_vectors"][name_of(field)];
                let number = |value: &Value| value.as_u64().unwrap_or(0);
                let fillers = number(&vector["terms"][FILLER]["ttf"]);
                totals.tokens[place_of(field)] +=
                    number(&vector["field_statistics"]["sum_ttf"]).saturating_sub(fillers);
                if field == Field::Exact {
                    totals.passages += number(&vector["field_statistics"]["doc_count"]);
                }
                let Some(terms) = vector["terms"].as_object_mut() else {
                    continue;
                };
                for (term, statistics) in std::mem::take(terms) {
                    if let Some(count) = asked.get_mut(&(field, term)) {
                        *count += number(&statistics["doc_freq"]);
                    }
                }
            }
        }
        let _ = self.totals.set(totals);
        self.frequencies.lock().unwrap_or_else(PoisonError::into_inner).extend(asked);
        Ok(())
    }

    /// Counts what matches by the values of a field, each page of values as it comes. Ends early when `each` breaks off.
    fn each_value(
        &self,
        query: &Value,
        source: &Value,
        after: Option<&str>,
        each: &mut dyn FnMut(Value, u64) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        let mut after = after.map(|after| json!({ "value": after }));
        loop {
            let mut composite = json!({"size": VALUES, "sources": [{"value": source}]});
            if let Some(after) = after.take() {
                composite["after"] = after;
            }
            let body = json!({
                "size": 0,
                "track_total_hits": false,
                "query": query,
                "aggs": {"values": {"composite": composite}},
            });
            let mut answer = self.search_raw(&body)?;
            let counted = &mut answer["aggregations"]["values"];
            let buckets = match counted["buckets"].take() {
                Value::Array(buckets) => buckets,
                _ => Vec::new(),
            };
            let is_last = buckets.len() < VALUES;
            for mut bucket in buckets {
                let count = bucket["doc_count"].as_u64().unwrap_or(0);
                if each(bucket["key"]["value"].take(), count).is_break() {
                    return Ok(());
                }
            }
            if is_last {
                return Ok(());
            }
            after = Some(counted["after_key"].take());
        }
    }
}

/// A passage as two lines of a body for `_bulk`, for an index that [`ClusterLock`] has made: it replaces the same passage.
///
/// # Errors
/// A number that JSON cannot hold.
pub fn bulk_lines(passage: &IndexedPassage) -> serde_json::Result<Vec<u8>> {
    Ok(bulk::index(&schema::passage_id(passage), &schema::document(passage)?))
}

/// A search that only counts.
fn counting(query: &Value) -> Value {
    json!({"size": 0, "track_total_hits": true, "query": query})
}

/// The order of documents and of their passages, which leaves no ties.
fn reading_order() -> Value {
    json!([{"document": "asc"}, {"number": "asc"}, {"source": "asc"}])
}

/// What scores that are alike are multiplied by, told from the version of the cluster.
fn constant_of(client: &Client) -> Result<f64, EngineError> {
    #[derive(Deserialize)]
    struct Root {
        version: Version,
    }
    #[derive(Deserialize)]
    struct Version {
        number: String,
        #[serde(default)]
        distribution: Option<String>,
    }
    let Root { version } = client.ask(Method::Get, "/", None)?;
    let major: u32 = version.number.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    // OpenSearch 3 took Lucene's own BM25, which leaves the factor out.
    let is_plain = version.distribution.as_deref() == Some("opensearch") && major >= 3;
    Ok(if is_plain { 1.0 / LEGACY_FACTOR } else { 1.0 })
}

impl Engine for OpenSearchEngine {
    fn info(&self) -> &CommitInfo {
        &self.info
    }

    fn manifest(&self, part: Option<Part>) -> Result<Option<String>, EngineError> {
        writer::read_manifest(&self.client, &self.index, part)
    }

    fn search(&self, plan: &Plan, page: Page) -> Result<Found, EngineError> {
        ranking::search(&Session::new(self), plan, page)
    }

    fn search_ids(&self, plan: &Plan, page: Page) -> Result<Vec<(String, u64, f64)>, EngineError> {
        ranking::search_ids(&Session::new(self), plan, page)
    }

    fn cross_counts(
        &self,
        plan: &Plan,
        rows: &[String],
        columns: &[String],
    ) -> Result<CrossCounts, EngineError> {
        if rows.len() > FILTERS {
            // A cluster takes so many filters at once and no more.
            let mut whole = CrossCounts::default();
            for rows in rows.chunks(FILTERS) {
                let mut part = self.cross_counts(plan, rows, columns)?;
                whole.rows.append(&mut part.rows);
                whole.cells.append(&mut part.cells);
                (whole.total, whole.columns) = (part.total, part.columns);
            }
            return Ok(whole);
        }
        let session = Session::new(self);
        let query = matching(&lower(&session, plan)?.all);
        let named = |tokens: &[String]| -> Vec<Value> {
            tokens.iter().map(|token| json!({"term": {token_field(token): token}})).collect()
        };
        let counting = |tokens: &[String]| json!({"filters": {"filters": named(tokens)}});
        let mut aggregations = serde_json::Map::new();
        if !columns.is_empty() {
            aggregations.insert("columns".to_owned(), counting(columns));
        }
        if !rows.is_empty() {
            let mut of_rows = counting(rows);
            if !columns.is_empty() {
                of_rows["aggs"] = json!({"columns": counting(columns)});
            }
            aggregations.insert("rows".to_owned(), of_rows);
        }
        let body = json!({"size": 0, "track_total_hits": true, "query": query, "aggs": aggregations});
        let answer = self.search_raw(&body)?;
        let counts = |list: &Value| -> Vec<u64> {
            let buckets = list["buckets"].as_array().map_or(&[][..], Vec::as_slice);
            buckets.iter().map(|bucket| bucket["doc_count"].as_u64().unwrap_or(0)).collect()
        };
        let found = &answer["aggregations"];
        let of_rows = found["rows"]["buckets"].as_array().map_or(&[][..], Vec::as_slice);
        Ok(CrossCounts {
            total: self.value(answer["hits"]["total"]["value"].clone())?,
            rows: counts(&found["rows"]),
            columns: counts(&found["columns"]),
            cells: of_rows.iter().map(|row| counts(&row["columns"])).collect(),
        })
    }

    fn value_counts(
        &self,
        plan: &Plan,
        attribute: Attribute,
    ) -> Result<BTreeMap<Option<String>, u64>, EngineError> {
        let session = Session::new(self);
        let query = matching(&lower(&session, plan)?.all);
        let source = match attribute {
            Attribute::Document => json!({"terms": {"field": "document", "missing_bucket": true}}),
            // Days are written YYYYMMDD.
            Attribute::Year => {
                json!({"histogram": {"field": "from", "interval": 10_000, "missing_bucket": true}})
            }
        };
        let mut counts = BTreeMap::new();
        self.each_value(&query, &source, None, &mut |value, count| {
            let value = match (attribute, value) {
                (Attribute::Document, Value::String(id)) => Some(id),
                (Attribute::Year, Value::Number(day)) => {
                    day.as_f64().map(|day| year_of(day as u64).to_string())
                }
                _ => None,
            };
            *counts.entry(value).or_default() += count;
            ControlFlow::Continue(())
        })?;
        Ok(counts)
    }

    fn each_match(
        &self,
        plan: &Plan,
        each: &mut dyn FnMut(StoredPassage) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        let session = Session::new(self);
        self.each_in_order(&lower(&session, plan)?.all, each)
    }

    fn each_passage(
        &self,
        filters: &Filters,
        each: &mut dyn FnMut(StoredPassage) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        self.each_in_order(&Request::matching(lowered_filters(filters)), each)
    }

    fn document_info(&self, document: &str) -> Result<Option<DocumentInfo>, EngineError> {
        Ok(self.first_of(document)?.map(|row| row.stored.document))
    }

    fn is_primary(&self, document: &str) -> Result<bool, EngineError> {
        Ok(self.first_of(document)?.is_some_and(|row| row.is_primary))
    }

    fn passages_of(&self, document: &str) -> Result<Vec<StoredPassage>, EngineError> {
        let query = json!({"constant_score": {"filter": {"term": {"document": document}}}});
        let sort = json!([{"number": "asc"}, {"source": "asc"}]);
        let rows = self.all_rows(&query, &sort, json!({}), PAGE, usize::MAX)?;
        Ok(rows.into_iter().map(|(_, row)| row.stored).collect())
    }

    fn document_ids(&self) -> Result<Vec<String>, EngineError> {
        let mut ids = Vec::new();
        let source = json!({"terms": {"field": "document"}});
        self.each_value(&json!({"match_all": {}}), &source, None, &mut |value, _| {
            ids.extend(value.as_str().map(str::to_owned));
            ControlFlow::Continue(())
        })?;
        Ok(ids)
    }

    fn filter_values(&self, kind: &str) -> Result<BTreeMap<String, u64>, EngineError> {
        let prefix = format!("{kind}:");
        let mut values = BTreeMap::new();
        let source = json!({"terms": {"field": "filter"}});
        // The first of this kind come right behind: a colon follows on 9.
        let before = format!("{kind}9");
        self.each_value(&json!({"match_all": {}}), &source, Some(&before), &mut |value, count| match value
            .as_str()
            .and_then(|value| value.strip_prefix(&prefix))
        {
            Some(value) => {
                values.insert(value.to_owned(), count);
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(()),
        })?;
        Ok(values)
    }

    fn has_filter_token(&self, token: &str) -> Result<bool, EngineError> {
        let request = Request::matching(vec![Matcher::Tokens(vec![token.into()])]);
        Ok(self.count_of(&matching(&request))? > 0)
    }

    fn frequency(&self, field: Field, term: &str) -> Result<u64, EngineError> {
        self.frequency_of(field, term)
    }

    fn near_words(&self, word: &str, distance: u8) -> Result<Vec<(String, u64)>, EngineError> {
        Session::new(self).words_near(word, distance)
    }
}
