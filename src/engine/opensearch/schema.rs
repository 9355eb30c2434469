//! What an index on a cluster is called and how its passages stand in it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::engine::{CommitInfo, IndexedPassage, StoredPassage};

/// Stands in a field that would be empty: the statistics of a cluster count only the passages that have a field at all.
/// No term of the analysis is like it.
pub(super) const FILLER: &str = "\u{2205}";
/// The longest token that a field takes, in UTF-16 units. A cluster would cut longer ones in two at 255.
const MAX_TOKEN: u32 = 10_000;
/// The key of `_meta` under which our description of an index stands.
const META: &str = "gcm_search";

/// What an index says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Meta {
    /// The last commit; none before the first.
    pub(super) info: Option<CommitInfo>,
    /// The version of the schema.
    pub(super) schema: u32,
    /// The version of the program that made it.
    pub(super) program: String,
    /// Of how many parts a generation consists that is written in parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) division: Option<String>,
}

impl Meta {
    /// As it stands in a mapping.
    pub(super) fn to_json(&self) -> Value {
        json!({ META: self })
    }

    /// Reads it from a mapping.
    pub(super) fn of(mapping: &Value) -> Option<Meta> {
        serde_json::from_value(mapping["_meta"][META].clone()).ok()
    }
}

/// The number that the name of a generation ends in.
pub(super) fn number_of(name: &str, index: &str) -> Option<u32> {
    index.strip_prefix(name)?.strip_prefix("-g")?.parse().ok()
}

/// The name of a generation.
pub(super) fn generation(name: &str, number: u32) -> String {
    format!("{name}-g{number:06}")
}

/// The alias of all generations that have answered.
pub(super) fn answered(name: &str) -> String {
    format!("{name}-answered")
}

/// The index that holds the manifests of all generations and the lock.
pub(super) fn manifests(name: &str) -> String {
    format!("{name}-manifest")
}

/// Settings and mapping of an index for passages. It is refreshed only when a run is done.
pub(super) fn passages(shards: u32, meta: &Meta) -> Value {
    let tokens = |options: &str| json!({"type": "text", "analyzer": "gcm_tokens", "index_options": options});
    json!({
        "settings": {
            "number_of_shards": shards,
            // A copy of each shard as soon as there is a second node, so that a load outlives one that goes away.
            "auto_expand_replicas": "0-1",
            "refresh_interval": "-1",
            "index.merge.policy.expunge_deletes_allowed": 0,
            // For words of which the first letter may be another.
            "index.max_regex_length": 20_000,
            "analysis": {
                "tokenizer": {"gcm_tokens": {"type": "whitespace", "max_token_length": MAX_TOKEN}},
                "analyzer": {"gcm_tokens": {"type": "custom", "tokenizer": "gcm_tokens"}},
            },
        },
        "mappings": {
            "dynamic": "strict",
            "_meta": meta.to_json(),
            "_source": {"includes": ["stored", "primary"]},
            "properties": {
                "source": {"type": "keyword"},
                "document": {"type": "keyword"},
                "number": {"type": "integer"},
                "filter": {"type": "keyword"},
                "tag": {"type": "keyword"},
                "from": {"type": "integer"},
                "until": {"type": "integer"},
                "primary": {"type": "boolean", "index": false, "doc_values": false},
                "exact": tokens("positions"),
                "stem": tokens("freqs"),
                "wide": tokens("freqs"),
                "head": tokens("freqs"),
                // The different words of `exact`, for what begins alike.
                "word": {"type": "keyword", "index": false, "ignore_above": 8_000},
                "stored": {"type": "object", "enabled": false},
            },
        },
    })
}

/// Settings and mapping of the index of manifests.
pub(super) fn manifest_index() -> Value {
    json!({
        "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
        "mappings": {
            "dynamic": "strict",
            "properties": {
                "generation": {"type": "keyword"},
                "kind": {"type": "keyword"},
                "part": {"type": "keyword"},
                "key": {"type": "keyword"},
                "entry": {"type": "object", "enabled": false},
            },
        },
    })
}

/// A short id of some texts: the same for the same texts.
pub(super) fn id_of(texts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// The id of a passage on a cluster: the same each time that it is sent.
pub(super) fn passage_id(passage: &IndexedPassage) -> String {
    let stored = &passage.stored;
    id_of(&[&passage.source, &stored.document.id, &stored.passage.number.to_string()])
}

#[derive(Serialize)]
struct Document<'p> {
    source: &'p str,
    document: &'p str,
    number: u32,
    filter: Vec<String>,
    tag: Vec<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    primary: bool,
    exact: &'p str,
    stem: &'p str,
    wide: &'p str,
    head: &'p str,
    word: Vec<&'p str>,
    stored: &'p StoredPassage,
}

/// A passage as a cluster is sent it.
///
/// # Errors
/// A number that JSON cannot hold.
pub(super) fn document(passage: &IndexedPassage) -> serde_json::Result<Vec<u8>> {
    fn or_filler(text: &str) -> &str {
        if text.is_empty() { FILLER } else { text }
    }
    let stored = &passage.stored;
    let mut word: Vec<&str> = passage.terms.exact.split(' ').filter(|word| !word.is_empty()).collect();
    word.sort_unstable();
    word.dedup();
    serde_json::to_vec(&Document {
        source: &passage.source,
        document: &stored.document.id,
        number: stored.passage.number,
        filter: passage.filter_tokens(),
        tag: stored.tags.iter().map(|(tag, _)| &**tag).collect(),
        from: stored.document.date.map(|date| date.first_day()),
        until: stored.document.date.map(|date| date.last_day()),
        primary: passage.is_primary,
        exact: or_filler(&passage.terms.exact),
        stem: or_filler(&passage.terms.stem),
        wide: or_filler(&passage.terms.wide),
        head: or_filler(&passage.head),
        word,
        stored,
    })
}
