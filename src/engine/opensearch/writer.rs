//! Writing to a cluster: documents replaced in the generation that answers, or a new generation filled beside it.
//!
//! Nothing is refreshed before the end, so that what is under way does not show. Before the passages of a file are
//! touched, its entry in the manifest is marked: whatever happens then, the next run reads the file again.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::bulk::{self, Pipe};
use super::client::{Client, Method, Patience};
use super::lock::Held;
use super::schema::{self, Meta, id_of};
use super::{Cluster, OpenSearchEngine, Opened, bulk_lines, constant_of, current};
use crate::engine::{
    CommitInfo, Engine, EngineError, ErrorKind, IndexedPassage, Lock, Origin, SCHEMA_VERSION, Writer,
};
use crate::partition::Part;

/// How long the cluster may take to put an index in order.
const TIDYING: Duration = Duration::from_secs(3600);
/// How long it may take until deleted passages are gone.
const PURGING: Duration = Duration::from_secs(90);
/// The pause before it is asked to do so again.
const PAUSE: Duration = Duration::from_secs(1);
/// How many files are removed at once.
const REMOVED_AT_ONCE: usize = 500;
/// How many documents are listed at once.
const PAGE: usize = 5_000;
/// How many passages of a new generation are looked for before it answers.
const CANARIES: usize = 20;

/// The right to write to an index on a cluster.
pub struct ClusterLock {
    client: Arc<Client>,
    constant: f64,
    part: Option<Part>,
    held: Held,
}

/// How a part is called in the manifests; all there is has an empty name.
fn name_of(part: Option<Part>) -> String {
    part.map_or_else(String::new, |part| part.to_string())
}

/// Of how many parts the part of this name is one; one for all there is.
fn division_of(part: &str) -> &str {
    part.split_once('/').map_or("1", |(_, of)| of)
}

impl ClusterLock {
    /// Takes the lock of a part or of all there is, making room for the index if need be; with `wait`, after whoever holds it.
    /// Different parts can be written at the same time.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] where another process writes, [`ErrorKind::Foreign`] where the name stands for something else.
    pub fn take(cluster: &Cluster, part: Option<Part>, wait: bool) -> Result<ClusterLock, EngineError> {
        let client = Arc::new(Client::new(cluster)?);
        let constant = constant_of(&client)?;
        match current(&client) {
            Err(error) if error.kind != ErrorKind::Missing => return Err(error),
            _ => {}
        }
        let manifests = schema::manifests(&cluster.name);
        create(&client, &manifests, &schema::manifest_index())?;
        let held = Held::take(&client, &name_of(part), wait)?;
        refresh(&client, &manifests)?;
        Ok(ClusterLock { client, constant, part, held })
    }

    fn name(&self) -> &str {
        &self.client.cluster().name
    }

    /// The numbers of all generations that are there.
    fn generations(&self) -> Result<BTreeMap<u32, String>, EngineError> {
        #[derive(Deserialize)]
        struct Listed {
            index: String,
        }
        let path = format!("/_cat/indices/{}-g*?format=json&h=index", self.name());
        let listed: Vec<Listed> = self.client.ask(Method::Get, &path, None)?;
        let numbered = listed
            .into_iter()
            .filter_map(|Listed { index }| Some((schema::number_of(self.name(), &index)?, index)));
        Ok(numbered.collect())
    }
}

/// Creates an index if it is not there, and gives its copies time to stand ready: what goes away before is gone.
fn create(client: &Client, index: &str, body: &Value) -> Result<(), EngineError> {
    let bytes = body.to_string().into_bytes();
    let timeout = client.cluster().timeout;
    let path = format!("/{index}?wait_for_active_shards=all&timeout={}s", timeout.as_secs().div_ceil(2));
    let answer = client.send(Method::Put, &path, Some(&bytes), Patience::Short, timeout)?;
    if answer.is_ok() || answer.reason().0 == "resource_already_exists_exception" {
        return Ok(());
    }
    Err(client.refused(&answer))
}

/// Makes what was written visible.
fn refresh(client: &Client, index: &str) -> Result<(), EngineError> {
    tidy(client, &format!("/{index}/_refresh"))
}

/// Has the cluster do something that may take its time, in all shards; again where a shard is about to move.
fn tidy(client: &Client, path: &str) -> Result<(), EngineError> {
    let begin = Instant::now();
    let timeout = client.cluster().timeout;
    loop {
        let answer = client.send(Method::Post, path, None, Patience::Until(timeout), TIDYING)?;
        let done: Value = client.read(answer)?;
        let shards = &done["_shards"];
        if shards["failed"].as_u64().unwrap_or(0) == 0 && shards["successful"].as_u64() != Some(0) {
            return Ok(());
        }
        if begin.elapsed() > timeout {
            let reason = shards["failures"][0]["reason"]["reason"].as_str().unwrap_or("it has no place");
            return Err(EngineError::new(
                ErrorKind::System,
                format!("{}: a shard failed: {reason}", client.cluster()),
            ));
        }
        thread::sleep(PAUSE);
    }
}

impl Lock for ClusterLock {
    fn origin(&self) -> Origin {
        let read = || -> Option<Vec<Option<String>>> {
            let index = match current(&self.client) {
                Ok(opened) => opened.index,
                Err(_) => self.generations().ok()?.pop_last()?.1,
            };
            let text = read_manifest(&self.client, &index, self.part).ok()??;
            let mut manifest: Value = serde_json::from_str(&text).ok()?;
            serde_json::from_value(manifest["sources"].take()).ok()
        };
        Origin { sources: read().unwrap_or_default(), part: self.part }
    }

    fn update(&self) -> Result<Box<dyn Writer + '_>, EngineError> {
        let Opened { index, meta, .. } = current(&self.client)?;
        let own = name_of(self.part);
        let heads = heads(&self.client, &index)?;
        if let Some(other) = heads.keys().find(|other| division_of(other) != division_of(&own)) {
            let made =
                if other.is_empty() { "as a whole".to_owned() } else { format!("in parts such as {other}") };
            return Err(EngineError::new(
                ErrorKind::Divided,
                format!(
                    "the index in {} was made {made}, and can only be brought up to date so; nothing was changed",
                    self.client.cluster()
                ),
            ));
        }
        let before = entries(&self.client, &index, self.part)?;
        Ok(Box::new(ClusterWriter::new(self, index, meta, before, false)))
    }

    fn rebuild(&self) -> Result<Box<dyn Writer + '_>, EngineError> {
        let former = match current(&self.client) {
            Ok(opened) => Some(opened),
            Err(error) if error.kind == ErrorKind::Missing => None,
            Err(error) => return Err(error),
        };
        let answering = former.as_ref().and_then(|opened| schema::number_of(self.name(), &opened.index));
        let (mut number, mut joins) = (1, false);
        if let Some((&highest, index)) = self.generations()?.last_key_value() {
            // Another part may have begun a generation that is not complete.
            joins = self.part.is_some()
                && Some(highest) > answering
                && self.division_being_filled(index)?.is_some();
            number = if joins { highest } else { highest + 1 };
        }
        let index = schema::generation(self.name(), number);
        let division = self.part.map(|part| division_of(&part.to_string()).to_owned());
        let meta = Meta {
            info: None,
            schema: SCHEMA_VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            division,
        };
        if !joins {
            let shards = self.client.cluster().shards;
            let shards = shards.or_else(|| u32::try_from(former.as_ref()?.shards).ok()).unwrap_or(1);
            create(&self.client, &index, &schema::passages(shards, &meta))?;
        }
        if meta.division.is_some() {
            // Also one that was begun at the same moment as this one.
            self.check_division(&index, meta.division.as_deref())?;
        }
        let mut writer = ClusterWriter::new(self, index, meta, BTreeMap::new(), true);
        if joins {
            // What an earlier run of this part has left.
            writer.before = entries(&self.client, &writer.index, self.part)?;
            writer.removed = writer.before.keys().map(|key| writer.source_of(key)).collect();
        }
        Ok(Box::new(writer))
    }
}

impl ClusterLock {
    /// Into how many parts a generation is divided that is being filled: one that has never answered.
    fn division_being_filled(&self, index: &str) -> Result<Option<String>, EngineError> {
        let found: BTreeMap<String, Value> = self.client.ask(Method::Get, &format!("/{index}"), None)?;
        let description = found.into_values().next().unwrap_or_default();
        // One that has answered and does so no more was given up for the one before it.
        let has_answered = description["aliases"][schema::answered(self.name())].is_object();
        let meta = Meta::of(&description["mappings"]).filter(|meta| meta.schema == SCHEMA_VERSION);
        Ok(meta.filter(|_| !has_answered).and_then(|meta| meta.division))
    }

    /// Makes sure that a generation is being filled by parts of the same division. Documents stand in it under the part that
    /// wrote them: those that parts of two divisions have in common would stand there twice.
    fn check_division(&self, index: &str, own: Option<&str>) -> Result<(), EngineError> {
        let division = self.division_being_filled(index)?;
        if division.as_deref() == own {
            return Ok(());
        }
        let cluster = self.client.cluster();
        let (node, of) = (cluster.nodes.first().map_or("", |node| node), division.as_deref().unwrap_or("1"));
        Err(EngineError::new(
            ErrorKind::Divided,
            format!(
                "a new index in {cluster} is being made in {of} parts, and it takes all of them; nothing was changed. \
                 To give up what was begun: curl -X DELETE {node}/{index}"
            ),
        ))
    }
}

struct ClusterWriter<'l> {
    lock: &'l ClusterLock,
    index: String,
    meta: Meta,
    /// The entries of the manifest as they were: by key, as JSON.
    before: BTreeMap<String, Value>,
    /// Whether a new generation is filled.
    is_new: bool,
    pipe: Option<Pipe>,
    /// Files whose passages are to be removed before the next one is added.
    removed: Vec<String>,
    /// Files whose entries are marked, and those that have to be before anything more is sent.
    marked: HashSet<String>,
    unmarked: Vec<String>,
    has_removed: bool,
    is_done: bool,
}

impl<'l> ClusterWriter<'l> {
    fn new(
        lock: &'l ClusterLock,
        index: String,
        meta: Meta,
        before: BTreeMap<String, Value>,
        is_new: bool,
    ) -> ClusterWriter<'l> {
        ClusterWriter {
            lock,
            index,
            meta,
            before,
            is_new,
            pipe: None,
            removed: Vec::new(),
            marked: HashSet::new(),
            unmarked: Vec::new(),
            has_removed: false,
            is_done: false,
        }
    }

    fn client(&self) -> &'l Arc<Client> {
        &self.lock.client
    }

    fn manifests(&self) -> String {
        schema::manifests(self.lock.name())
    }

    /// The file that passages come from, by its key in the manifest.
    fn source_of(&self, key: &str) -> String {
        self.lock.part.map_or_else(|| key.to_owned(), |part| part.source(key))
    }

    /// Notes that a file's passages are about to change.
    fn touch(&mut self, source: &str) {
        let prefix = self.source_of("");
        let key = source.strip_prefix(&*prefix).unwrap_or(source);
        if !self.is_new && !self.marked.contains(key) {
            self.marked.insert(key.to_owned());
            self.unmarked.push(key.to_owned());
        }
    }

    /// Marks the entries of files that are about to change: no file has an empty hash, so the next run reads them again.
    fn mark(&mut self) -> Result<(), EngineError> {
        if self.unmarked.is_empty() {
            return Ok(());
        }
        let mut pipe = Pipe::new(self.client(), &self.manifests());
        for key in std::mem::take(&mut self.unmarked) {
            let mut entry =
                self.before.get(&key).cloned().unwrap_or_else(
                    || json!({"described": "", "extractor": "", "documents": 0, "passages": 0}),
                );
            entry["hash"] = json!("");
            pipe.push(self.item("file", &key, &entry));
        }
        pipe.finish()
    }

    fn flush_removed(&mut self) -> Result<(), EngineError> {
        if self.removed.is_empty() {
            return Ok(());
        }
        self.mark()?;
        if !self.has_removed {
            // What an interrupted run has left is found only then.
            refresh(self.client(), &self.index)?;
            self.has_removed = true;
        }
        let mut pipe = Pipe::new(self.client(), &self.index);
        for sources in std::mem::take(&mut self.removed).chunks(REMOVED_AT_ONCE) {
            let query = json!({"constant_score": {"filter": {"terms": {"source": sources}}}});
            let sort = json!([{"source": "asc"}, {"document": "asc"}, {"number": "asc"}]);
            each_id(self.client(), &self.index, &query, &sort, &mut |id| {
                pipe.push(bulk::delete(id));
                if pipe.is_full() { pipe.send() } else { Ok(()) }
            })?;
        }
        // All of them are gone before the first is added again.
        pipe.finish()
    }

    fn item_id(&self, kind: &str, key: &str) -> String {
        id_of(&[&self.index, kind, &name_of(self.lock.part), key])
    }

    /// A document of the manifest.
    fn item(&self, kind: &str, key: &str, entry: &Value) -> bulk::Item {
        let part = name_of(self.lock.part);
        let document =
            json!({"generation": self.index, "kind": kind, "part": part, "key": key, "entry": entry});
        bulk::index(&self.item_id(kind, key), document.to_string().as_bytes())
    }

    /// Makes sure that the cluster holds as many passages of ours as were sent.
    fn check_count(&self, engine: &OpenSearchEngine, expected: usize) -> Result<(), EngineError> {
        let query = match self.lock.part {
            None => json!({"match_all": {}}),
            Some(_) => json!({"prefix": {"source": self.source_of("")}}),
        };
        engine.check_count(&query, expected)
    }

    /// Takes deleted passages out of the statistics, and those that had to be sent twice. A cluster keeps them for half a
    /// minute, until every copy has confirmed that it needs them no more.
    fn purge(&self) -> Result<(), EngineError> {
        let begin = Instant::now();
        let index = &self.index;
        let deleted = || -> Result<u64, EngineError> {
            let stats: Value = self.client().ask(Method::Get, &format!("/{index}/_stats/docs"), None)?;
            Ok(stats["_all"]["total"]["docs"]["deleted"].as_u64().unwrap_or(0))
        };
        while deleted()? > 0 {
            tidy(self.client(), &format!("/{index}/_flush?force=true&wait_if_ongoing=true"))?;
            tidy(self.client(), &format!("/{index}/_forcemerge?only_expunge_deletes=true"))?;
            refresh(self.client(), index)?;
            if begin.elapsed() > PURGING {
                // They weigh a little in the ranking until the cluster merges them away by itself.
                break;
            }
            if deleted()? > 0 {
                thread::sleep(PAUSE);
            }
        }
        Ok(())
    }

    /// Writes how much there is in all parts together; nothing as long as one is missing.
    fn write_meta(&self) -> Result<Option<CommitInfo>, EngineError> {
        let mut before = None;
        loop {
            let heads = heads(self.client(), &self.index)?;
            let own = name_of(self.lock.part);
            let all = division_of(&own).parse().unwrap_or(1);
            if self.is_new && heads.len() < all {
                return Ok(None);
            }
            let Some(mut total) = heads.get(&own).cloned() else {
                return Ok(None);
            };
            if let Some((other, _)) = heads.iter().find(|(_, info)| info.fingerprint != total.fingerprint) {
                return Err(EngineError::new(
                    ErrorKind::Outdated,
                    format!(
                        "part {other} in {} was made with another version, taxonomy or model; make it again",
                        self.client().cluster()
                    ),
                ));
            }
            total.documents = heads.values().map(|info| info.documents).sum();
            total.passages = heads.values().map(|info| info.passages).sum();
            // Another part may have been written meanwhile.
            if before.as_ref() == Some(&total) {
                return Ok(before);
            }
            let meta = Meta {
                info: Some(total.clone()),
                program: env!("CARGO_PKG_VERSION").to_owned(),
                ..self.meta.clone()
            };
            let body = json!({"_meta": meta.to_json()});
            let _: Value =
                self.client().ask(Method::Put, &format!("/{}/_mapping", self.index), Some(&body))?;
            before = Some(total);
        }
    }

    /// Writes the entries of the manifest that are new, or removes those that are gone.
    fn write_manifest(&self, manifest: &str, info: &CommitInfo) -> Result<(), EngineError> {
        let damaged = |error: &dyn std::fmt::Display| {
            EngineError::new(ErrorKind::System, format!("cannot write the manifest: {error}"))
        };
        let mut head: Map<String, Value> = serde_json::from_str(manifest).map_err(|error| damaged(&error))?;
        let files: Map<String, Value> = match head.remove("files") {
            Some(Value::Object(files)) => files,
            _ => Map::new(),
        };
        let mut pipe = Pipe::new(self.client(), &self.manifests());
        let mut push = |item| {
            pipe.push(item);
            if pipe.is_full() { pipe.send() } else { Ok(()) }
        };
        for (key, entry) in &files {
            if self.marked.contains(key) || self.before.get(key) != Some(entry) {
                push(self.item("file", key, entry))?;
            }
        }
        let gone = self.before.keys().chain(&self.marked).filter(|key| !files.contains_key(*key));
        for key in gone.collect::<BTreeSet<_>>() {
            push(bulk::delete(&self.item_id("file", key)))?;
        }
        push(self.item("head", "", &json!({"manifest": head, "info": info})))?;
        pipe.finish()?;
        refresh(self.client(), &self.manifests())
    }

    fn engine(&self, info: &CommitInfo) -> Result<OpenSearchEngine, EngineError> {
        let client = Client::new(self.client().cluster())?;
        let description: BTreeMap<String, Value> =
            client.ask(Method::Get, &format!("/{}/_settings", self.index), None)?;
        let shards = description
            .values()
            .next()
            .and_then(|found| found["settings"]["index"]["number_of_shards"].as_str()?.parse().ok());
        let meta = Meta { info: Some(info.clone()), ..self.meta.clone() };
        let opened = Opened { index: self.index.clone(), meta, shards: shards.unwrap_or(1) };
        OpenSearchEngine::of(client, self.lock.constant, opened)
    }

    /// Has a new generation find some of its own passages before it answers anybody.
    fn try_out(engine: &OpenSearchEngine) -> Result<(), EngineError> {
        use std::ops::ControlFlow;

        use crate::analysis::tokenize;
        use crate::engine::Page;
        use crate::query::plan::{Clause, Filters, Plan};
        use crate::query::syntax::Occur;

        let mut samples = Vec::new();
        engine.each_passage(&Filters::default(), &mut |stored| {
            samples.push(stored);
            if samples.len() < CANARIES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        for stored in samples {
            let words: Vec<String> =
                tokenize(&stored.passage.text).iter().map(|token| token.text.to_string()).take(8).collect();
            if words.is_empty() {
                continue;
            }
            let filters = Filters { documents: vec![stored.document.id.clone()], ..Filters::default() };
            let plan = Plan::matching(vec![(Occur::Must, Clause::Phrase(words))], filters);
            let page = Page { duplicates: true, ..Page::first(1_000) };
            let found = engine.search(&plan, page)?;
            if !found.hits.iter().any(|hit| hit.stored == stored) {
                return Err(EngineError::new(
                    ErrorKind::Damaged,
                    format!(
                        "the new index does not find its own passage {}; the former answers on",
                        stored.id()
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Points the name to the new generation, in one step, and removes those before the former.
    fn switch(&self) -> Result<(), EngineError> {
        let name = self.lock.name();
        // The second tells a generation that was gone back from, later, from one that never answered.
        let mut actions: Vec<Value> = [name, &*schema::answered(name)]
            .iter()
            .map(|alias| json!({"add": {"index": self.index, "alias": alias}}))
            .collect();
        let former = match current(self.client()) {
            // Another part was faster.
            Ok(opened) if opened.index == self.index => return Ok(()),
            Ok(opened) => Some(opened.index),
            Err(error) if error.kind == ErrorKind::Missing => None,
            Err(error) => return Err(error),
        };
        if let Some(former) = &former {
            actions.insert(0, json!({"remove": {"index": former, "alias": name}}));
        }
        let done: Value =
            self.client().ask(Method::Post, "/_aliases", Some(&json!({ "actions": actions })))?;
        if done["acknowledged"] != json!(true) {
            return Err(EngineError::new(
                ErrorKind::System,
                format!("{} did not confirm that the new index answers", self.client().cluster()),
            ));
        }
        let others: Vec<String> = self
            .lock
            .generations()?
            .into_values()
            .filter(|index| *index != self.index && Some(index) != former.as_ref())
            .collect();
        for index in &others {
            let _: Value = self.client().ask(Method::Delete, &format!("/{index}"), None)?;
        }
        if !others.is_empty() {
            let body = json!({"query": {"terms": {"generation": others}}}).to_string();
            let path = format!("/{}/_delete_by_query?conflicts=proceed", self.manifests());
            let timeout = Patience::Until(self.client().cluster().timeout);
            let answer = self.client().send(Method::Post, &path, Some(body.as_bytes()), timeout, TIDYING)?;
            let _: Value = self.client().read(answer)?;
        }
        Ok(())
    }
}

impl Writer for ClusterWriter<'_> {
    fn remove_source(&mut self, source: &str) -> Result<(), EngineError> {
        self.touch(source);
        self.removed.push(source.to_owned());
        Ok(())
    }

    fn add(&mut self, passage: &IndexedPassage) -> Result<(), EngineError> {
        self.flush_removed()?;
        self.touch(&passage.source);
        let lines = bulk_lines(passage).map_err(|error| {
            EngineError::new(ErrorKind::System, format!("{} cannot be sent: {error}", passage.stored.id()))
        })?;
        let client = self.client();
        let pipe = self.pipe.get_or_insert_with(|| Pipe::new(client, &self.index));
        pipe.push(lines);
        if !pipe.is_full() {
            return Ok(());
        }
        self.mark()?;
        self.pipe.as_mut().map_or(Ok(()), Pipe::send)
    }

    fn commit(
        mut self: Box<Self>,
        mut info: CommitInfo,
        manifest: &str,
        _: &Origin,
    ) -> Result<(), EngineError> {
        self.flush_removed()?;
        self.mark()?;
        if let Some(pipe) = self.pipe.take() {
            pipe.finish()?;
        }
        self.lock.held.check()?;
        refresh(self.client(), &self.index)?;
        self.purge()?;
        // The manifest stands in documents of its own.
        info.manifest = String::new();
        let engine = self.engine(&info)?;
        self.check_count(&engine, info.passages)?;
        self.lock.held.check()?;
        self.write_manifest(manifest, &info)?;
        // A new generation answers when it is whole.
        if self.write_meta()?.is_some() && self.is_new {
            Self::try_out(&engine)?;
            self.lock.held.check()?;
            self.switch()?;
        }
        self.is_done = true;
        Ok(())
    }
}

impl Drop for ClusterWriter<'_> {
    fn drop(&mut self) {
        drop(self.pipe.take());
        if !self.is_done && self.is_new && self.lock.part.is_none() && self.lock.held.check().is_ok() {
            // A generation that was never finished, and that no other part writes to; what cannot be removed now is removed by a later run.
            let path = format!("/{}", self.index);
            let _: Result<Value, EngineError> = self.client().ask(Method::Delete, &path, None);
        }
    }
}

#[derive(Deserialize)]
struct Listed {
    hits: ListedHits,
}

#[derive(Deserialize)]
struct ListedHits {
    hits: Vec<ListedHit>,
}

#[derive(Deserialize)]
struct ListedHit {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_source", default)]
    source: Value,
    sort: Value,
}

/// Hands over what a search finds, page by page, in an order without ties.
fn each_listed(
    client: &Client,
    index: &str,
    mut body: Value,
    each: &mut dyn FnMut(ListedHit) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    body["size"] = json!(PAGE);
    body["track_total_hits"] = json!(false);
    loop {
        let path = format!("/{index}/_search?allow_partial_search_results=false");
        let found: Listed = client.ask(Method::Post, &path, Some(&body))?;
        let is_last = found.hits.hits.len() < PAGE;
        if let Some(last) = found.hits.hits.last() {
            body["search_after"] = last.sort.clone();
        }
        for hit in found.hits.hits {
            each(hit)?;
        }
        if is_last {
            return Ok(());
        }
    }
}

fn each_id(
    client: &Client,
    index: &str,
    query: &Value,
    sort: &Value,
    each: &mut dyn FnMut(&str) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let body = json!({"query": query, "sort": sort, "_source": false});
    each_listed(client, index, body, &mut |hit| each(&hit.id))
}

/// Hands over the documents of a kind that manifests of a generation consist of: their part, key and entry.
fn each_entry(
    client: &Client,
    generation: &str,
    kind: &str,
    part: Option<&str>,
    each: &mut dyn FnMut(String, String, Value),
) -> Result<(), EngineError> {
    let mut filter = vec![json!({"term": {"generation": generation}}), json!({"term": {"kind": kind}})];
    filter.extend(part.map(|part| json!({"term": {"part": part}})));
    let body = json!({
        "query": {"bool": {"filter": filter}},
        "sort": [{"part": "asc"}, {"key": "asc"}],
    });
    let index = schema::manifests(&client.cluster().name);
    each_listed(client, &index, body, &mut |mut hit| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        each(text(&hit.source["part"]), text(&hit.source["key"]), hit.source["entry"].take());
        Ok(())
    })
}

/// The entries of the files of a part, by key.
fn entries(
    client: &Client,
    generation: &str,
    part: Option<Part>,
) -> Result<BTreeMap<String, Value>, EngineError> {
    let mut files = BTreeMap::new();
    each_entry(client, generation, "file", Some(&name_of(part)), &mut |_, key, entry| {
        files.insert(key, entry);
    })?;
    Ok(files)
}

/// The last commit of each part of a generation.
fn heads(client: &Client, generation: &str) -> Result<BTreeMap<String, CommitInfo>, EngineError> {
    let mut heads = BTreeMap::new();
    each_entry(client, generation, "head", None, &mut |part, _, mut entry| {
        if let Ok(info) = serde_json::from_value(entry["info"].take()) {
            heads.insert(part, info);
        }
    })?;
    Ok(heads)
}

/// The manifest of a part of a generation, put together; nothing where the part has not been written. Where all is asked for
/// and there are only parts, theirs together.
pub(super) fn read_manifest(
    client: &Client,
    generation: &str,
    part: Option<Part>,
) -> Result<Option<String>, EngineError> {
    let mut heads: BTreeMap<String, Value> = BTreeMap::new();
    each_entry(client, generation, "head", None, &mut |part, _, mut entry| {
        heads.insert(part, entry["manifest"].take());
    })?;
    let own = name_of(part);
    let is_joined = part.is_none() && !heads.contains_key("") && !heads.is_empty();
    let mut files = Map::new();
    let of_part = (!is_joined).then_some(&*own);
    each_entry(client, generation, "file", of_part, &mut |part, key, entry| {
        let key = if is_joined { format!("{part}:{key}") } else { key };
        files.insert(key, entry);
    })?;
    let mut manifest = match heads.remove(&own) {
        Some(Value::Object(head)) => head,
        _ if is_joined => {
            let mut sources: Vec<Value> = Vec::new();
            for source in heads
                .into_values()
                .filter_map(|mut head| head["sources"].as_array_mut().map(std::mem::take))
                .flatten()
            {
                if !sources.contains(&source) {
                    sources.push(source);
                }
            }
            Map::from_iter([("sources".to_owned(), Value::Array(sources))])
        }
        _ if files.is_empty() => return Ok(None),
        // A first run of this part was interrupted.
        _ => Map::from_iter([("sources".to_owned(), Value::Array(Vec::new()))]),
    };
    manifest.insert("files".to_owned(), Value::Object(files));
    Ok(Some(Value::Object(manifest).to_string()))
}
