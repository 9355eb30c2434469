//! The lock of the one who writes: a document that only one can create, kept fresh as long as its owner lives.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::client::{Answer, Client, Method, Patience};
use super::schema;
use crate::engine::{EngineError, ErrorKind};

/// How often the owner says that it lives.
const BEAT: Duration = Duration::from_secs(15);
/// How long after its last sign an owner counts as gone. The clocks of the machines must agree better than this.
const EXPIRY: Duration = Duration::from_secs(120);
/// How often one who waits looks.
const LOOK: Duration = Duration::from_secs(1);

/// Who holds the lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Owner {
    /// Tells one process from another.
    id: String,
    host: String,
    pid: u32,
    /// When it last gave a sign, in seconds since 1970.
    beat: u64,
}

impl Owner {
    fn document(&self, part: &str) -> Value {
        json!({"generation": "", "kind": "lock", "part": part, "key": "", "entry": self})
    }

    /// Whether it gives no signs any more.
    fn is_gone(&self) -> bool {
        now().saturating_sub(self.beat) > EXPIRY.as_secs() || (self.host == host() && !is_running(self.pid))
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn host() -> String {
    let name =
        fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| fs::read_to_string("/etc/hostname"));
    name.map_or_else(|_| "unknown".to_owned(), |name| name.trim().to_owned())
}

/// Whether a process of this machine runs; where that cannot be told, it may.
fn is_running(pid: u32) -> bool {
    let processes = std::path::Path::new("/proc/self");
    !processes.exists() || processes.with_file_name(pid.to_string()).exists()
}

/// What has become of a document.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Version {
    #[serde(rename = "_seq_no")]
    number: u64,
    #[serde(rename = "_primary_term")]
    term: u64,
}

/// The lock as it stands in the cluster.
#[derive(Deserialize)]
struct Stored {
    #[serde(flatten)]
    version: Version,
    #[serde(rename = "_source")]
    source: StoredSource,
}

#[derive(Deserialize)]
struct StoredSource {
    entry: Owner,
    part: String,
}

/// The lock, held. It is given back in the end.
pub(super) struct Held {
    place: Place,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    version: Mutex<Version>,
    lost: AtomicBool,
    ended: Mutex<bool>,
    bell: Condvar,
}

/// Where a lock stands: the lock of a part, or, without a name, the one of all.
#[derive(Clone)]
struct Place {
    client: Arc<Client>,
    index: String,
    part: String,
}

impl Place {
    fn path(&self, what: &str) -> String {
        let name =
            if self.part.is_empty() { String::new() } else { format!("-{}", self.part.replace('/', "-")) };
        format!("/{}/{what}/lock{name}", self.index)
    }

    fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, EngineError> {
        let body = body.map(|body| body.to_string().into_bytes());
        let client = &self.client;
        client.send(method, path, body.as_deref(), Patience::Short, client.cluster().timeout)
    }

    /// The lock as it stands there, if it does.
    fn stored(&self) -> Result<Option<Stored>, EngineError> {
        let answer = self.send(Method::Get, &self.path("_doc"), None)?;
        if answer.status == 404 {
            return Ok(None);
        }
        self.client.read(answer).map(Some)
    }

    fn remove(&self, Version { number, term }: Version) -> Result<(), EngineError> {
        let path = format!("{}?if_seq_no={number}&if_primary_term={term}", self.path("_doc"));
        let answer = self.send(Method::Delete, &path, None)?;
        match answer.status {
            200 | 404 | 409 => Ok(()),
            _ => Err(self.client.refused(&answer)),
        }
    }

    /// Makes the lock, or says who has it.
    fn make(&self, owner: &mut Owner) -> Result<Result<Version, Owner>, EngineError> {
        loop {
            owner.beat = now();
            let body = owner.document(&self.part);
            let answer = self.send(Method::Put, &self.path("_create"), Some(&body))?;
            if answer.status != 409 {
                return Ok(Ok(self.client.read(answer)?));
            }
            let Some(Stored { version, source }) = self.stored()? else {
                continue;
            };
            if source.entry.id == owner.id {
                // It was ours already: the answer to an earlier attempt was lost.
                return Ok(Ok(version));
            }
            if !source.entry.is_gone() {
                return Ok(Err(source.entry));
            }
            // Of several that see it, one can remove it.
            self.remove(version)?;
        }
    }

    /// Who holds a lock that excludes this one: that of all excludes those of parts.
    fn excluded_by(&self) -> Result<Option<Owner>, EngineError> {
        if !self.part.is_empty() {
            let all = Place { part: String::new(), ..self.clone() };
            return Ok(all.stored()?.map(|stored| stored.source.entry).filter(|owner| !owner.is_gone()));
        }
        #[derive(Deserialize)]
        struct Found {
            hits: Hits,
        }
        #[derive(Deserialize)]
        struct Hits {
            hits: Vec<Hit>,
        }
        #[derive(Deserialize)]
        struct Hit {
            #[serde(rename = "_source")]
            source: StoredSource,
        }
        let index = &self.index;
        let answer = self.send(Method::Post, &format!("/{index}/_refresh"), None)?;
        let _: Value = self.client.read(answer)?;
        let body = json!({"size": 1_000, "query": {"term": {"kind": "lock"}}});
        let answer = self.send(Method::Post, &format!("/{index}/_search"), Some(&body))?;
        let found: Found = self.client.read(answer)?;
        let others = found.hits.hits.into_iter().map(|hit| hit.source);
        let mut others = others.filter(|other| !other.part.is_empty()).map(|other| other.entry);
        Ok(others.find(|owner| !owner.is_gone()))
    }
}

impl Held {
    /// Takes the lock of a part, or of all there is where that has no name; with `wait`, after whoever holds it.
    pub(super) fn take(client: &Arc<Client>, part: &str, wait: bool) -> Result<Held, EngineError> {
        let index = schema::manifests(&client.cluster().name);
        let place = Place { client: client.clone(), index, part: part.to_owned() };
        let mut owner = Owner {
            id: schema::id_of(&[&client.token().to_string()]),
            host: host(),
            pid: std::process::id(),
            beat: now(),
        };
        loop {
            let other = match place.make(&mut owner)? {
                Err(other) => other,
                Ok(version) => match place.excluded_by()? {
                    None => return Ok(Held::hold(place, owner, version)),
                    Some(other) => {
                        place.remove(version)?;
                        other
                    }
                },
            };
            if !wait {
                return Err(EngineError::new(
                    ErrorKind::Busy,
                    format!(
                        "another gcm-search is writing to {}: process {} on {}, which last gave a sign {} s ago",
                        client.cluster(),
                        other.pid,
                        other.host,
                        now().saturating_sub(other.beat)
                    ),
                ));
            }
            thread::sleep(LOOK);
        }
    }

    fn hold(place: Place, owner: Owner, version: Version) -> Held {
        let state = Arc::new(State {
            version: Mutex::new(version),
            lost: AtomicBool::new(false),
            ended: Mutex::new(false),
            bell: Condvar::new(),
        });
        let beating = (place.clone(), state.clone());
        let thread = thread::spawn(move || beat(&beating.0, owner, &beating.1));
        Held { place, state, thread: Some(thread) }
    }

    /// Makes sure that nobody else has taken it since.
    pub(super) fn check(&self) -> Result<(), EngineError> {
        if !self.state.lost.load(Ordering::Relaxed) {
            return Ok(());
        }
        let cluster = self.place.client.cluster();
        Err(EngineError::new(
            ErrorKind::Busy,
            format!("the right to write to {cluster} was lost on the way; nothing was published"),
        ))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        *self.state.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.state.bell.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if !self.state.lost.load(Ordering::Relaxed) {
            let version = *self.state.version.lock().unwrap_or_else(PoisonError::into_inner);
            // One that is left behind expires.
            let _ = self.place.remove(version);
        }
    }
}

/// Gives signs until the end.
fn beat(place: &Place, mut owner: Owner, state: &State) {
    let mut last = Instant::now();
    let mut ended = state.ended.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        ended = match state.bell.wait_timeout(ended, BEAT) {
            Ok((ended, _)) => ended,
            Err(poisoned) => poisoned.into_inner().0,
        };
        if *ended {
            return;
        }
        owner.beat = now();
        let note = |version| *state.version.lock().unwrap_or_else(PoisonError::into_inner) = version;
        let Version { number, term } = *state.version.lock().unwrap_or_else(PoisonError::into_inner);
        let path = format!("{}?if_seq_no={number}&if_primary_term={term}", place.path("_doc"));
        match place.send(Method::Put, &path, Some(&owner.document(&place.part))) {
            Ok(answer) if answer.status == 409 => match place.stored() {
                // The answer to an earlier sign was lost.
                Ok(Some(stored)) if stored.source.entry.id == owner.id => note(stored.version),
                Ok(_) => break,
                Err(_) => {}
            },
            Ok(answer) => {
                if let Ok(version) = place.client.read(answer) {
                    note(version);
                    last = Instant::now();
                }
            }
            Err(_) => {}
        }
        if last.elapsed() > EXPIRY {
            break;
        }
    }
    state.lost.store(true, Ordering::Relaxed);
}
