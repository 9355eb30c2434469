//! Searches on their way to a cluster: those of a query that do not wait for each other, and those that other threads ask
//! for at the same moment, go together as one `_msearch`.

use std::sync::Arc;
use std::time::Instant;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::client::{Answer, Client, Method, Patience};
use super::gather::Gatherer;
use crate::engine::{EngineError, ErrorKind};

/// How many requests for searches are under way at once; what comes meanwhile waits and goes together.
const AT_ONCE: usize = 2;
/// How many bytes searches that go together may have, with what they bring back, roughly.
const MOST_BYTES: usize = 8 << 20;
/// How many bytes a passage has that a search brings back, roughly.
const ROW_BYTES: usize = 2 << 10;

/// A search: the body of a `_search`.
pub(super) struct Search {
    body: String,
    kind: Option<&'static str>,
    bytes: usize,
}

impl Search {
    /// A search; `kind` is its `search_type`, where it is not the common one.
    pub(super) fn new(body: &Value, kind: Option<&'static str>) -> Search {
        let rows = usize::try_from(body["size"].as_u64().unwrap_or(0)).unwrap_or(usize::MAX);
        let body = body.to_string();
        let bytes = rows.saturating_mul(ROW_BYTES).saturating_add(body.len());
        Search { body, kind, bytes }
    }
}

/// The searches of an open index.
pub(super) struct Searches {
    index: String,
    /// Asks the same copies of the shards each time, since copies may differ in what they have deleted.
    preference: String,
    gatherer: Gatherer<Arc<Vec<Search>>, Result<Vec<Answer>, EngineError>>,
}

impl Searches {
    pub(super) fn new(index: &str, preference: String) -> Searches {
        let gatherer = Gatherer::new(AT_ONCE, MOST_BYTES);
        Searches { index: index.to_owned(), preference, gatherer }
    }

    /// The answers to some searches, in their order. All shards have to answer each of them.
    pub(super) fn answers(&self, client: &Client, searches: Vec<Search>) -> Result<Vec<Answer>, EngineError> {
        let bytes = searches.iter().map(|search| search.bytes).fold(0, usize::saturating_add);
        let searches = Arc::new(searches);
        let answers = self.gatherer.ask(searches.clone(), bytes, |groups| self.ask(client, &groups));
        let broke_off = || EngineError::new(ErrorKind::System, "a thread that sends searches broke off");
        let answers = answers.ok_or_else(broke_off)??;
        let each = |(answer, search): (Answer, &Search)| match answer.is_busy() {
            // Others of the same request were answered. This one is asked again, of one node after the other.
            true => self.alone(client, search),
            false => Ok(answer),
        };
        answers.into_iter().zip(&*searches).map(each).collect()
    }

    /// Asks for the searches of several threads.
    fn ask(&self, client: &Client, groups: &[Arc<Vec<Search>>]) -> Vec<Result<Vec<Answer>, EngineError>> {
        let begin = Instant::now();
        let searches: Vec<&Search> = groups.iter().flat_map(|group| group.iter()).collect();
        let answers = match searches[..] {
            [search] => self.alone(client, search).map(|answer| vec![answer]),
            _ => self.together(client, &searches),
        };
        match answers {
            Ok(answers) => {
                let mut answers = answers.into_iter();
                groups.iter().map(|group| Ok(answers.by_ref().take(group.len()).collect())).collect()
            }
            // Which of them takes so long is not known: each thread is to ask by itself.
            Err(error)
                if error.kind == ErrorKind::Unreachable
                    && groups.len() > 1
                    && begin.elapsed() >= client.cluster().timeout =>
            {
                let late = Answer { status: 504, body: Vec::new() };
                groups.iter().map(|group| Ok(vec![late.clone(); group.len()])).collect()
            }
            Err(error) => groups.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    fn alone(&self, client: &Client, search: &Search) -> Result<Answer, EngineError> {
        let kind = search.kind.map_or_else(String::new, |kind| format!("&search_type={kind}"));
        let path = format!(
            "/{}/_search?preference={}&allow_partial_search_results=false{kind}",
            self.index, self.preference
        );
        Self::send(client, &path, &search.body)
    }

    /// What each of several searches is answered: with an error of its own where it fails.
    fn together(&self, client: &Client, searches: &[&Search]) -> Result<Vec<Answer>, EngineError> {
        #[derive(Deserialize)]
        struct Several {
            responses: Vec<Box<RawValue>>,
        }
        #[derive(Deserialize)]
        struct One {
            status: u16,
        }
        let mut body = String::new();
        for Search { body: search, kind, .. } in searches {
            let mut head = json!({"preference": self.preference, "allow_partial_search_results": false});
            if let Some(kind) = kind {
                head["search_type"] = json!(kind);
            }
            body.push_str(&format!("{head}\n{search}\n"));
        }
        let answer = Self::send(client, &format!("/{}/_msearch", self.index), &body)?;
        let Several { responses } = client.read(answer)?;
        if responses.len() != searches.len() {
            return Err(client.foreign(&format!("{} of {} searches", responses.len(), searches.len())));
        }
        let answer = |response: Box<RawValue>| {
            let text = response.get();
            let One { status } = serde_json::from_str(text).map_err(|error| client.foreign(&error))?;
            Ok(Answer { status, body: text.as_bytes().to_vec() })
        };
        responses.into_iter().map(answer).collect()
    }

    fn send(client: &Client, path: &str, body: &str) -> Result<Answer, EngineError> {
        let timeout = client.cluster().timeout;
        let answer = client.send(Method::Post, path, Some(body.as_bytes()), Patience::Short, timeout)?;
        if answer.is_ok() { Ok(answer) } else { Err(client.refused(&answer)) }
    }
}
