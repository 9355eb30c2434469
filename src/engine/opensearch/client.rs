//! Requests to the nodes of a cluster: one after the other until one answers, with pauses where they are busy.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::{Request, Response, StatusCode};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, AsSendBody, Body};

use super::Cluster;
use crate::engine::{EngineError, ErrorKind};

/// How long it may take until a node takes a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a node that did not answer is asked only where no other answers.
const REST: Duration = Duration::from_secs(10);
/// The first pause before all nodes are asked again; it doubles each time.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often all nodes are asked when somebody waits for the answer.
const ROUNDS: u32 = 6;

/// Errors that a cluster answers with a 404 or a 500 and that pass: another node went away while it was asked, and knows nothing
/// of the search when it is back; or it has a shard that came up a moment ago.
const PASSING: [&str; 6] = [
    "connect_transport_exception",
    "illegal_index_shard_state_exception",
    "node_closed_exception",
    "node_disconnected_exception",
    "node_not_connected_exception",
    "search_context_missing_exception",
];

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

/// How long a request that fails in passing is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// A few times: somebody waits for the answer.
    Short,
    /// As long as this: a node may be starting anew, or be busy with what it has been sent.
    Until(Duration),
}

/// An answer: its status, and its body.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it says that the node is busy, or that what it stands for does not answer: the same may be asked again.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.status, 429 | 502 | 503 | 504)
            || (matches!(self.status, 404 | 500) && PASSING.contains(&&*self.reason().0))
    }

    /// The kind of error that the cluster names and what it says of it, as far as it does.
    pub(super) fn reason(&self) -> (String, String) {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let error = &json["error"];
        // What the shards say says more than that they all failed.
        let cause = [&error["failed_shards"][0]["reason"], &error["root_cause"][0], error];
        let cause = cause.into_iter().find(|cause| cause["type"].is_string()).unwrap_or(error);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let kind = text(&cause["type"]).unwrap_or_default();
        let reason = text(&cause["reason"]).or_else(|| text(error)).unwrap_or_default();
        let inner = text(&cause["caused_by"]["reason"]).filter(|inner| !reason.contains(&**inner));
        let reason = inner.map_or(reason.clone(), |inner| format!("{reason}: {inner}"));
        (kind, reason)
    }
}

/// Speaks to a cluster.
pub(super) struct Client {
    agent: Agent,
    cluster: Cluster,
    /// The node that is asked next.
    next: AtomicUsize,
    /// By node, until when it is left alone, in milliseconds since `began`.
    resting: Vec<AtomicU64>,
    began: Instant,
    token: u64,
}

/// Why one attempt failed.
enum Trouble {
    /// The node could not be asked, or did not answer.
    Silent(String),
    /// It answered that it is busy, or that what it stands for does not answer.
    Busy(Answer),
}

impl Client {
    /// Makes ready to speak to a cluster; nothing is sent yet.
    pub(super) fn new(cluster: &Cluster) -> Result<Client, EngineError> {
        if let Some(node) = cluster.unsafe_node() {
            return Err(EngineError::new(
                ErrorKind::Denied,
                format!(
                    "credentials are not sent to {node}: over plain HTTP others can read them; use https"
                ),
            ));
        }
        let mut tls = TlsConfig::builder();
        if let Some(path) = &cluster.authorities {
            let failed = |error: &dyn std::fmt::Display| {
                EngineError::new(
                    ErrorKind::System,
                    format!("cannot read the certificates in {}: {error}", path.display()),
                )
            };
            let text = fs::read(path).map_err(|error| failed(&error))?;
            let mut certificates = Vec::new();
            for item in parse_pem(&text) {
                if let PemItem::Certificate(certificate) = item.map_err(|error| failed(&error))? {
                    certificates.push(certificate);
                }
            }
            if certificates.is_empty() {
                return Err(failed(&"there is none"));
            }
            tls = tls.root_certs(RootCerts::new_with_certs(&certificates));
        }
        let agent = Agent::config_builder()
            .user_agent(concat!("gcm-search/", env!("CARGO_PKG_VERSION")))
            .http_status_as_error(false)
            // An answer that sends us elsewhere would take the credentials along.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_connect(Some(CONNECT.min(cluster.timeout)))
            .max_idle_connections_per_host(64)
            .max_idle_connections(256)
            .tls_config(tls.build())
            .build()
            .new_agent();
        let resting = cluster.nodes.iter().map(|_| AtomicU64::new(0)).collect();
        Ok(Client {
            agent,
            cluster: cluster.clone(),
            next: AtomicUsize::new(0),
            resting,
            began: Instant::now(),
            // The standard library's source of randomness.
            token: RandomState::new().build_hasher().finish(),
        })
    }

    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// A number that tells this client from any other.
    pub(super) fn token(&self) -> u64 {
        self.token
    }

    /// Sends JSON and reads JSON.
    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, EngineError> {
        let bytes = body.map(|body| body.to_string().into_bytes());
        let answer = self.send(method, path, bytes.as_deref(), Patience::Short, self.cluster.timeout)?;
        self.read(answer)
    }

    /// What an answer holds; an error of the cluster as one of ours.
    pub(super) fn read<T: DeserializeOwned>(&self, answer: Answer) -> Result<T, EngineError> {
        if !answer.is_ok() {
            return Err(self.refused(&answer));
        }
        serde_json::from_slice(&answer.body).map_err(|error| self.foreign(&error))
    }

    /// An error for an answer that makes no sense.
    pub(super) fn foreign(&self, why: &dyn std::fmt::Display) -> EngineError {
        EngineError::new(
            ErrorKind::Foreign,
            format!("{} does not answer as OpenSearch does: {why}", self.cluster),
        )
    }

    /// An error for what the cluster refused.
    pub(super) fn refused(&self, answer: &Answer) -> EngineError {
        let (kind, reason) = answer.reason();
        let cluster = &self.cluster;
        let says = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        match (answer.status, &*kind) {
            (401, _) => EngineError::new(
                ErrorKind::Denied,
                match cluster.credentials {
                    Some(_) => format!("{cluster} does not accept the credentials"),
                    None => format!("{cluster} asks for credentials"),
                },
            ),
            (_, "cluster_block_exception") => {
                EngineError::new(ErrorKind::Full, format!("{cluster} takes no changes{says}"))
            }
            (403, _) => EngineError::new(ErrorKind::Denied, format!("{cluster} does not allow this{says}")),
            (404, "index_not_found_exception") => {
                EngineError::new(ErrorKind::Missing, format!("there is no index in {cluster}"))
            }
            (300..=399, _) => EngineError::new(
                ErrorKind::Foreign,
                format!("{cluster} sends elsewhere, which is not followed; name the address itself"),
            ),
            (429, _) => EngineError::new(ErrorKind::System, format!("{cluster} is too busy{says}")),
            (status, _) => EngineError::new(
                ErrorKind::System,
                format!("{cluster} answers {status} {}{says}", canonical_reason(status)),
            ),
        }
    }

    /// Sends a request to the nodes until one answers it.
    pub(super) fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
        patience: Patience,
        timeout: Duration,
    ) -> Result<Answer, EngineError> {
        let begin = Instant::now();
        let count = self.cluster.nodes.len();
        let mut pause = PAUSE;
        let mut round = 0;
        loop {
            let first = self.next.fetch_add(1, Ordering::Relaxed);
            let mut last = None;
            // First those that answered lately, then the others.
            let order = (0..count).map(|at| (first + at) % count);
            let (awake, asleep): (Vec<usize>, Vec<usize>) = order.partition(|&node| self.is_awake(node));
            for node in awake.into_iter().chain(asleep) {
                let left = match patience {
                    Patience::Short => self.cluster.timeout.saturating_sub(begin.elapsed()),
                    Patience::Until(_) => timeout,
                };
                if left.is_zero() {
                    break;
                }
                match self.attempt(node, method, path, body, timeout.min(left)) {
                    Ok(answer) => return Ok(answer),
                    // Who sends much sends less then, and has to know at once.
                    Err(Trouble::Busy(answer))
                        if answer.status == 429 && matches!(patience, Patience::Until(_)) =>
                    {
                        return Ok(answer);
                    }
                    Err(trouble) => {
                        if matches!(trouble, Trouble::Silent(_)) {
                            let until = self.began.elapsed() + REST;
                            self.resting[node].store(millis(until), Ordering::Relaxed);
                        }
                        last = Some(trouble);
                    }
                }
            }
            round += 1;
            let goes_on = match patience {
                Patience::Short => {
                    round < ROUNDS && begin.elapsed() + pause < self.cluster.timeout && last.is_some()
                }
                Patience::Until(longest) => begin.elapsed() + pause < longest,
            };
            if !goes_on {
                return match last {
                    Some(Trouble::Busy(answer)) => Ok(answer),
                    Some(Trouble::Silent(why)) => Err(self.silent(&why)),
                    None => Err(self.silent("no answer in time")),
                };
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn silent(&self, why: &str) -> EngineError {
        EngineError::new(
            ErrorKind::Unreachable,
            format!("no node of the cluster answers ({}): {why}", self.cluster.nodes.join(", ")),
        )
    }

    fn is_awake(&self, node: usize) -> bool {
        self.resting[node].load(Ordering::Relaxed) <= millis(self.began.elapsed())
    }

    fn attempt(
        &self,
        node: usize,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
        timeout: Duration,
    ) -> Result<Answer, Trouble> {
        let url = format!("{}{path}", self.cluster.nodes[node]);
        let method = method.name();
        let result = match (method, body) {
            ("GET" | "DELETE", _) => self.run(method, &url, path, timeout, ()),
            _ => self.run(method, &url, path, timeout, body.unwrap_or_default()),
        };
        let read = |mut response: Response<Body>| {
            let status = response.status().as_u16();
            let body = response.body_mut().with_config().limit(u64::MAX).read_to_vec()?;
            Ok(Answer { status, body })
        };
        match result.and_then(read) {
            Ok(answer) if answer.is_busy() => Err(Trouble::Busy(answer)),
            Ok(answer) => Ok(answer),
            Err(error) => Err(Trouble::Silent(in_words(&error))),
        }
    }
}

impl Client {
    fn run(
        &self,
        method: &str,
        url: &str,
        path: &str,
        timeout: Duration,
        body: impl AsSendBody,
    ) -> Result<Response<Body>, ureq::Error> {
        // Several requests, or documents, one a line.
        let lines = path.contains("/_bulk") || path.contains("/_msearch");
        let kind = if lines { "application/x-ndjson" } else { "application/json" };
        let mut request = Request::builder().method(method).uri(url).header("content-type", kind);
        if let Some(credentials) = &self.cluster.credentials {
            request = request.header("authorization", credentials.header());
        }
        let request = self.agent.configure_request(request.body(body)?).timeout_global(Some(timeout)).build();
        self.agent.run(request)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn canonical_reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}

/// What went wrong on the way, without what was sent.
fn in_words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::HostNotFound => "its name is not known".to_owned(),
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        ureq::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}
