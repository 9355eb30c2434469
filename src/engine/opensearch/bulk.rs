//! Many documents on their way to a cluster: several bodies at once, smaller ones where it is busy.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Client, Method, Patience};
use crate::engine::{EngineError, ErrorKind};

/// How many bytes a body has, as long as the cluster takes them.
const BODY_BYTES: usize = 8 << 20;
/// How many it has at least, however busy the cluster is.
const LEAST_BYTES: usize = 64 << 10;
/// How many bodies are under way at once.
const UNDER_WAY: usize = 2;
/// How long a body is sent again, and how long the answer to one may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// The first pause where a cluster is busy; it doubles each time.
const PAUSE: Duration = Duration::from_millis(200);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// An action with its document, as lines of a body.
pub(super) type Item = Vec<u8>;

/// The lines that index a document: it replaces one with the same id, so that it may be sent again.
pub(super) fn index(id: &str, document: &[u8]) -> Item {
    let mut item = json!({"index": {"_id": id}}).to_string().into_bytes();
    item.reserve(document.len() + 2);
    item.push(b'\n');
    item.extend_from_slice(document);
    item.push(b'\n');
    item
}

/// The line that deletes a document.
pub(super) fn delete(id: &str) -> Item {
    let mut item = json!({"delete": {"_id": id}}).to_string().into_bytes();
    item.push(b'\n');
    item
}

/// Items on their way into an index.
pub(super) struct Pipe {
    sender: Option<Sender<Vec<Item>>>,
    threads: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
    items: Vec<Item>,
    bytes: usize,
}

struct Shared {
    client: Arc<Client>,
    path: String,
    /// How many bytes the next body may have.
    room: AtomicUsize,
    failed: Mutex<Option<EngineError>>,
}

impl Pipe {
    pub(super) fn new(client: &Arc<Client>, index: &str) -> Pipe {
        let shared = Arc::new(Shared {
            client: client.clone(),
            path: format!("/{index}/_bulk"),
            room: AtomicUsize::new(BODY_BYTES),
            failed: Mutex::new(None),
        });
        let (sender, bodies) = bounded::<Vec<Item>>(1);
        let threads = (0..UNDER_WAY)
            .map(|_| {
                let (bodies, shared) = (bodies.clone(), shared.clone());
                thread::spawn(move || {
                    for items in bodies {
                        if shared.has_failed() {
                            continue;
                        }
                        if let Err(error) = shared.send(items) {
                            shared.fail(error);
                        }
                    }
                })
            })
            .collect();
        Pipe { sender: Some(sender), threads, shared, items: Vec::new(), bytes: 0 }
    }

    /// Whether it is time to send what has been added.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= self.shared.room.load(Ordering::Relaxed)
    }

    pub(super) fn push(&mut self, item: Item) {
        self.bytes += item.len();
        self.items.push(item);
    }

    /// Sends what has been added on its way; waits as long as enough is under way.
    pub(super) fn send(&mut self) -> Result<(), EngineError> {
        self.bytes = 0;
        let items = std::mem::take(&mut self.items);
        if let Some(sender) = self.sender.as_ref().filter(|_| !items.is_empty()) {
            // The other side ends only after this one.
            let _ = sender.send(items);
        }
        self.shared.check()
    }

    /// Waits until all has arrived.
    pub(super) fn finish(mut self) -> Result<(), EngineError> {
        self.send()?;
        self.join();
        self.shared.check()
    }

    fn join(&mut self) {
        self.sender = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                self.shared
                    .fail(EngineError::new(ErrorKind::System, "a thread that sends passages broke off"));
            }
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        if self.sender.is_some() {
            // Given up: what waits is not sent.
            self.shared.fail(EngineError::new(ErrorKind::System, "given up"));
            self.join();
        }
    }
}

#[derive(Deserialize)]
struct BulkAnswer {
    errors: bool,
    #[serde(default)]
    items: Vec<serde_json::Map<String, Value>>,
}

impl Shared {
    fn has_failed(&self) -> bool {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Notes an error; the first is the one that is reported.
    fn fail(&self, error: EngineError) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    fn check(&self) -> Result<(), EngineError> {
        match &*self.failed.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// Sends items until the cluster has taken every one.
    fn send(&self, items: Vec<Item>) -> Result<(), EngineError> {
        let begin = Instant::now();
        let mut pause = PAUSE;
        let mut waiting = vec![items];
        while let Some(mut items) = waiting.pop() {
            let body = items.concat();
            let answer = self.client.send(
                Method::Post,
                &self.path,
                Some(&body),
                Patience::Until(PATIENCE),
                PATIENCE,
            )?;
            let is_too_large = answer.status == 413;
            if answer.status == 429 || (is_too_large && items.len() > 1) {
                if begin.elapsed() > PATIENCE {
                    return Err(self.client.refused(&answer));
                }
                // Two halves in its place, and smaller bodies from now on.
                self.room.store((body.len() / 2).max(LEAST_BYTES), Ordering::Relaxed);
                let rest = items.split_off(items.len() / 2);
                waiting.extend([rest, items].into_iter().filter(|half| !half.is_empty()));
                if !is_too_large {
                    thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                continue;
            }
            let result: BulkAnswer = self.client.read(answer)?;
            if !result.errors {
                continue;
            }
            let mut again = Vec::new();
            let mut refused = 0;
            let mut reason = String::new();
            for (item, result) in items.into_iter().zip(result.items) {
                let Some((action, result)) = result.into_iter().next() else {
                    continue;
                };
                match result["status"].as_u64().unwrap_or(0) {
                    200..=299 => {}
                    404 if action == "delete" => {}
                    429 | 502 | 503 => again.push(item),
                    status => {
                        refused += 1;
                        if reason.is_empty() {
                            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                            let cause = text(&result["error"]["caused_by"]["reason"]);
                            let cause = if cause.is_empty() { cause } else { format!(": {cause}") };
                            reason = format!("{status} {}{cause}", text(&result["error"]["reason"]));
                            if text(&result["error"]["type"]) == "cluster_block_exception" {
                                return Err(EngineError::new(
                                    ErrorKind::Full,
                                    format!("{} takes no changes: {reason}", self.client.cluster()),
                                ));
                            }
                        }
                    }
                }
            }
            if refused > 0 {
                return Err(EngineError::new(
                    ErrorKind::System,
                    format!("{} refuses {refused} of the documents sent: {reason}", self.client.cluster()),
                ));
            }
            if !again.is_empty() {
                if begin.elapsed() > PATIENCE {
                    return Err(EngineError::new(
                        ErrorKind::System,
                        format!("{} is too busy to take what it is sent", self.client.cluster()),
                    ));
                }
                self.room.store((body.len() / 2).max(LEAST_BYTES), Ordering::Relaxed);
                thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
                waiting.push(again);
            }
        }
        Ok(())
    }
}
