//! Downloading documents, politely: one request at a time, with pauses, under the server's own rules.
//!
//! [`Fetcher`] gets one document after the other into a folder. What it has, it asks for only if it has changed; what broke
//! off, it goes on with. `address.rs` knows where a server may send us, `robots.rs` what it does not want read, `store.rs`
//! what is in the folder.

mod address;
mod robots;
mod store;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

pub use self::address::Address;
use self::robots::Robots;
use self::store::{Kept, Partial, Store};
use crate::document::Metadata;
use crate::extract::{Format, HEAD_BYTES, as_megabytes};

/// How we introduce ourselves.
const USER_AGENT: &str =
    concat!("gcm-search/", env!("CARGO_PKG_VERSION"), " (downloads documents one at a time, on request)");
/// How often a server may send us on.
const MAX_REDIRECTS: usize = 5;
/// How much of a server's rules is read: what RFC 9309 asks for.
const ROBOTS_BYTES: u64 = 500 * 1024;
/// The longest that a server may ask us to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// How long one answer may take as a whole.
const WHOLE_ANSWER: Duration = Duration::from_secs(900);
/// How much of a page is searched for the marks of a login.
const LOGIN_BYTES: u64 = 1024 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;

/// How documents are fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The largest document, in bytes.
    pub max_bytes: u64,
    /// How often a request that failed in passing is made again.
    pub retries: u32,
    /// The pause between two requests to a server, and before the first retry; it doubles with each.
    pub pause: Duration,
    /// How long a server may be silent.
    pub silence: Duration,
}

/// What a document should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A PDF document.
    Pdf,
    /// A web page.
    Page,
    /// Whatever comes.
    Any,
}

/// A document to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What its file is called, without an extension.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// What it should be.
    pub kind: Kind,
    /// What is known about it.
    pub metadata: Metadata,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is new, or has changed: its file, and how many bytes it has.
    Fetched(PathBuf, u64),
    /// It is as it was.
    Unchanged(PathBuf),
}

/// Why a document could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchError {
    /// What went wrong, in words for a person.
    pub message: String,
}

impl FetchError {
    fn new(message: impl Into<String>) -> FetchError {
        FetchError { message: message.into() }
    }
}

impl std::fmt::Display for FetchError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FetchError {}

/// Why an attempt failed.
enum Trouble {
    /// Another attempt would fail alike.
    Lasting(FetchError),
    /// It may be gone soon; the server may have said when.
    Passing(FetchError, Option<Duration>),
}

impl Trouble {
    fn lasting(message: impl Into<String>) -> Trouble {
        Trouble::Lasting(FetchError::new(message))
    }

    fn passing(message: impl Into<String>) -> Trouble {
        Trouble::Passing(FetchError::new(message), None)
    }
}

impl From<io::Error> for Trouble {
    /// Errors of the folder; those of the network have words of their own.
    fn from(error: io::Error) -> Trouble {
        Trouble::lasting(format!("cannot be written: {error}"))
    }
}

/// What is known of a server.
struct Server {
    robots: Robots,
    last_request: Instant,
}

/// Fetches documents into a folder.
pub struct Fetcher {
    agent: Agent,
    options: Options,
    store: Store,
    servers: HashMap<String, Server>,
}

impl Fetcher {
    /// Makes the folder ready.
    ///
    /// # Errors
    /// A folder that cannot be written, or whose notes cannot be read.
    pub fn open(folder: &Path, options: Options) -> Result<Fetcher, FetchError> {
        let store = Store::open(folder).map_err(|error| {
            FetchError::new(format!("cannot use the folder {}: {error}", folder.display()))
        })?;
        let agent = Agent::config_builder()
            .user_agent(USER_AGENT)
            // Packed answers could not be gone on with, and documents are packed already.
            .accept_encoding("identity")
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(options.silence))
            .timeout_recv_response(Some(options.silence))
            .timeout_per_read(Some(options.silence))
            .timeout_global(Some(WHOLE_ANSWER))
            .build()
            .new_agent();
        Ok(Fetcher { agent, options, store, servers: HashMap::new() })
    }

    /// Fetches a document, unless it is there and has not changed. `waiting` hears of pauses that a failure makes.
    ///
    /// # Errors
    /// A server that cannot be reached, refuses, forbids robots or sends something else than a document.
    pub fn fetch(
        &mut self,
        wanted: &Wanted,
        waiting: &dyn Fn(&FetchError, Duration),
    ) -> Result<Outcome, FetchError> {
        let mut tries = 0;
        loop {
            let (error, asked) = match self.attempt(wanted) {
                Ok(outcome) => return Ok(outcome),
                Err(Trouble::Lasting(error)) => return Err(error),
                Err(Trouble::Passing(error, asked)) => (error, asked),
            };
            if tries == self.options.retries {
                return Err(FetchError::new(format!("{error} (tried {} times)", tries + 1)));
            }
            let wait = asked.unwrap_or(self.options.pause.saturating_mul(1 << tries.min(16)));
            if wait > LONGEST_WAIT {
                return Err(FetchError::new(format!(
                    "{error}; the server asks to come back in {} seconds",
                    wait.as_secs()
                )));
            }
            waiting(&error, wait);
            thread::sleep(wait);
            tries += 1;
        }
    }

    /// Writes what is known about the documents of the folder to its `documents.toml`, unless somebody else wrote that.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn describe(&self) -> Result<bool, FetchError> {
        self.store
            .describe()
            .map_err(|error| FetchError::new(format!("cannot write documents.toml: {error}")))
    }

    fn attempt(&mut self, wanted: &Wanted) -> Result<Outcome, Trouble> {
        let mut address = Address::parse(&wanted.address).map_err(Trouble::lasting)?;
        for _ in 0..=MAX_REDIRECTS {
            self.ask_to_enter(&address)?;
            let mut headers: Vec<(&str, String)> = Vec::new();
            let kept = self.store.kept(wanted);
            let partial = self.store.partial(wanted);
            if let Some((partial, have)) = &partial {
                headers.push(("Range", format!("bytes={have}-")));
                headers.push(("If-Range", partial.validator.clone()));
            } else if let Some(kept) = &kept {
                if let Some(etag) = &kept.etag {
                    headers.push(("If-None-Match", etag.clone()));
                }
                if let Some(date) = &kept.last_modified {
                    headers.push(("If-Modified-Since", date.clone()));
                }
            }
            let response = self.get(&address, &headers)?;
            let status = response.status();
            match status.as_u16() {
                301 | 302 | 303 | 307 | 308 => address = next_address(&address, &response)?,
                304 if kept.is_some() => {
                    return Ok(Outcome::Unchanged(self.store.note_unchanged(wanted)?));
                }
                206 if let Some((_, have)) = partial => {
                    if !begins_at(&response, have) {
                        self.store.forget_partial(wanted)?;
                        return Err(Trouble::Passing(
                            FetchError::new("the server sent another part than it was asked for"),
                            Some(Duration::ZERO),
                        ));
                    }
                    return self.take(wanted, response, have);
                }
                200 => {
                    self.store.forget_partial(wanted)?;
                    return self.take(wanted, response, 0);
                }
                416 if partial.is_some() => {
                    self.store.forget_partial(wanted)?;
                    return Err(Trouble::Passing(
                        FetchError::new("the server does not know the part that is missing"),
                        Some(Duration::ZERO),
                    ));
                }
                _ => return Err(refusal(status, &response)),
            }
        }
        Err(Trouble::lasting(format!("the server sends on more than {MAX_REDIRECTS} times")))
    }

    /// Waits until the server may be asked again, and makes sure that it does not forbid it.
    fn ask_to_enter(&mut self, address: &Address) -> Result<(), Trouble> {
        let name = address.server();
        if !self.servers.contains_key(&name) {
            let robots = self.robots(address)?;
            self.servers.insert(name.clone(), Server { robots, last_request: Instant::now() });
        }
        let Some(server) = self.servers.get_mut(&name) else {
            return Ok(());
        };
        if !server.robots.allow(&address.path) {
            return Err(Trouble::lasting(format!(
                "{name} asks robots to leave this alone (robots.txt); open it in a browser and save it: {address}"
            )));
        }
        let pause = server.robots.delay.unwrap_or_default().max(self.options.pause);
        thread::sleep(pause.saturating_sub(server.last_request.elapsed()));
        server.last_request = Instant::now();
        Ok(())
    }

    fn robots(&self, address: &Address) -> Result<Robots, Trouble> {
        let mut address = address.robots();
        for _ in 0..=MAX_REDIRECTS {
            let mut response = self.get(&address, &[])?;
            let status = response.status();
            match status.as_u16() {
                200..=299 => {
                    let mut text = Vec::new();
                    let mut body = response.body_mut().as_reader().take(ROBOTS_BYTES);
                    body.read_to_end(&mut text).map_err(|error| broken_off(&error))?;
                    return Ok(Robots::parse(&String::from_utf8_lossy(&text)));
                }
                301 | 302 | 303 | 307 | 308 => address = next_address(&address, &response)?,
                // Too many requests are no word on robots.
                429 | 500..=599 => {
                    let error = format!("the rules for robots cannot be read now ({address}: {status})");
                    return Err(Trouble::Passing(FetchError::new(error), retry_after(&response)));
                }
                // No rules, no bans (RFC 9309, 2.3.1.3).
                _ => return Ok(Robots::default()),
            }
        }
        // A server that leads around in circles has said nothing that could be kept to.
        Ok(Robots::closed())
    }

    fn get(&self, address: &Address, headers: &[(&str, String)]) -> Result<Response<Body>, Trouble> {
        let mut request = self.agent.get(address.to_string());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.call().map_err(|error| {
            let server = address.server();
            match error {
                ureq::Error::HostNotFound => {
                    Trouble::lasting(format!("{server} cannot be found; is there a network?"))
                }
                ureq::Error::Timeout(_) => Trouble::passing(format!("{server} does not answer in time")),
                ureq::Error::ConnectionFailed | ureq::Error::Io(_) | ureq::Error::Protocol(_) => {
                    Trouble::passing(format!("{server} cannot be reached: {error}"))
                }
                error => Trouble::lasting(format!("{server}: {error}")),
            }
        })
    }

    /// Takes a document, of which the first `have` bytes are there already.
    fn take(&mut self, wanted: &Wanted, mut response: Response<Body>, have: u64) -> Result<Outcome, Trouble> {
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        if let Some(coding) =
            header("content-encoding").filter(|coding| !coding.eq_ignore_ascii_case("identity"))
        {
            return Err(Trouble::lasting(format!("it comes packed ({coding}), which was not asked for")));
        }
        let too_large = || {
            let most = as_megabytes(self.options.max_bytes);
            Trouble::lasting(format!("larger than {most}; raise --max-size if you want it all the same"))
        };
        let length: Option<u64> = header("content-length").and_then(|length| length.trim().parse().ok());
        if length.is_some_and(|length| length.saturating_add(have) > self.options.max_bytes) {
            return Err(too_large());
        }
        let (etag, last_modified) = (header("etag"), header("last-modified"));
        let media_type = header("content-type").unwrap_or_default();
        // Only a strong mark says that two parts belong together.
        let validator = etag.clone().filter(|etag| !etag.starts_with("W/")).or_else(|| last_modified.clone());
        self.store.note_partial(wanted, validator.map(|validator| Partial::new(wanted, validator)))?;
        let path = self.store.partial_path(wanted);
        let mut file = OpenOptions::new().create(true).write(true).truncate(have == 0).open(&path)?;
        file.seek(SeekFrom::Start(have))?;
        let mut total = have;
        let mut body = response.body_mut().with_config().limit(u64::MAX).reader();
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let count = match body.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => {
                    file.sync_all()?;
                    return Err(broken_off(&error));
                }
            };
            total += count as u64;
            if total > self.options.max_bytes {
                drop(file);
                self.store.forget_partial(wanted)?;
                return Err(too_large());
            }
            file.write_all(&chunk[..count])?;
        }
        file.sync_all()?;
        drop(file);
        if length.is_some_and(|length| length + have != total) {
            return Err(Trouble::passing("the connection ended before the document did"));
        }
        let extension = match checked(&path, wanted, &media_type) {
            Ok(extension) => extension,
            Err(trouble) => {
                self.store.forget_partial(wanted)?;
                return Err(trouble);
            }
        };
        let kept = Kept::new(wanted, extension, etag, last_modified, total);
        Ok(Outcome::Fetched(self.store.keep(wanted, kept)?, total))
    }
}

fn broken_off(error: &io::Error) -> Trouble {
    Trouble::passing(format!("the connection broke off: {error}"))
}

fn next_address(address: &Address, response: &Response<Body>) -> Result<Address, Trouble> {
    let location =
        response.headers().get("location").and_then(|location| std::str::from_utf8(location.as_bytes()).ok());
    let location = location.ok_or_else(|| Trouble::lasting("the server sends on without saying where to"))?;
    let next =
        address.join(location).map_err(|error| Trouble::lasting(format!("the server sends on: {error}")))?;
    address.may_lead_to(&next).map_err(|why| Trouble::lasting(format!("not followed: the address {why}")))?;
    Ok(next)
}

/// Whether a part begins where it should (`Content-Range: bytes 100-199/200`).
fn begins_at(response: &Response<Body>, have: u64) -> bool {
    let range = response.headers().get("content-range").and_then(|range| range.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok());
    start == Some(have)
}

/// What a status means that is no document.
fn refusal(status: StatusCode, response: &Response<Body>) -> Trouble {
    match status.as_u16() {
        404 | 410 => Trouble::lasting(format!("there is nothing at this address any more ({status})")),
        401 | 403 => Trouble::lasting(format!(
            "the server refuses it ({status}); open the address in a browser and save it"
        )),
        408 | 429 | 500 | 502 | 503 | 504 => Trouble::Passing(
            FetchError::new(format!("the server cannot answer now ({status})")),
            retry_after(response),
        ),
        _ => Trouble::lasting(format!("the server answers {status}")),
    }
}

/// How long a server asks us to wait: seconds, or a date.
fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let value = response.headers().get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

/// Makes sure that what came is what was wanted, and gives its extension.
fn checked(path: &Path, wanted: &Wanted, media_type: &str) -> Result<String, Trouble> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LOGIN_BYTES).read_to_end(&mut bytes)?;
    if bytes.is_empty() {
        return Err(Trouble::lasting("the server sent an empty document"));
    }
    let named = Address::parse(&wanted.address).ok().and_then(|address| extension_of(&address.path));
    let found = Format::detect("", &bytes[..bytes.len().min(HEAD_BYTES)]);
    let kind = match (wanted.kind, named.as_deref()) {
        (Kind::Any, Some("pdf")) => Kind::Pdf,
        (Kind::Any, Some("html" | "htm")) => Kind::Page,
        (Kind::Any, _) if media_type.to_ascii_lowercase().starts_with("application/pdf") => Kind::Pdf,
        (kind, _) => kind,
    };
    let is_page = found == Ok(Format::Html);
    match kind {
        Kind::Pdf if is_page => Err(Trouble::lasting(format!(
            "a web page came instead of the PDF, perhaps a login or an error; open the address in a browser: {}",
            wanted.address
        ))),
        Kind::Pdf if found != Ok(Format::Pdf) => {
            Err(Trouble::lasting("what came is no PDF, though it should be one"))
        }
        Kind::Pdf => Ok("pdf".to_owned()),
        Kind::Page if !is_page => Err(Trouble::lasting("what came is no web page, though it should be one")),
        _ if is_page && is_login(&bytes) => {
            Err(Trouble::lasting("a page that asks for a password came instead of the document"))
        }
        _ if is_page => Ok("html".to_owned()),
        _ if found == Ok(Format::Pdf) => Ok("pdf".to_owned()),
        _ => Ok(named.unwrap_or_else(|| "bin".to_owned())),
    }
}

/// The extension of the last part of a path, if it has one.
fn extension_of(path: &str) -> Option<String> {
    let file = path.split('?').next()?.rsplit('/').next()?;
    let (_, extension) = file.rsplit_once('.')?;
    let is_one = (1..=5).contains(&extension.len()) && extension.chars().all(|c| c.is_ascii_alphanumeric());
    is_one.then(|| extension.to_ascii_lowercase())
}

/// Whether a page asks for a password.
fn is_login(page: &[u8]) -> bool {
    let page = String::from_utf8_lossy(page).to_ascii_lowercase();
    ["type=\"password\"", "type='password'", "type=password"].iter().any(|mark| page.contains(mark))
}

/// What the file of a document is called that only has an address.
pub fn name_of(address: &Address) -> String {
    let path = address.path.split('?').next().unwrap_or_default();
    let stem = match extension_of(path) {
        Some(extension) => &path[..path.len() - extension.len() - 1],
        None => path,
    };
    let whole = format!("{}{stem}", address.authority);
    let query = address
        .path
        .split_once('?')
        .map_or_else(String::new, |(_, query)| format!("-{}", &blake3::hash(query.as_bytes()).to_hex()[..8]));
    let words = whole.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase() + &query
}

/// The file that notes of earlier downloads are kept in.
pub const NOTES_FILE: &str = store::NOTES_FILE;

/// Removes a file that may not be there.
fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
