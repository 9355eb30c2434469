//! Real OpenSearch nodes for the tests of this binary: started when the first test asks for them, on ports of loopback that
//! are free, in one process that ends when this one does, however it ends.
//!
//! They are fetched by Maven (`pom.xml`) and run by a JDK. Where one of both is missing, tests that need the nodes are left out
//! and say why; with `GCM_SEARCH_CLUSTER_TESTS=required` they fail. `GCM_SEARCH_CLUSTER_OPENSEARCH=2` takes the older OpenSearch
//! where a JDK for the newer one is at hand too. `GCM_SEARCH_CLUSTER_JAVA` holds more options for Java, divided by spaces.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// How many nodes there are.
pub const NODES: usize = 3;
/// How long the nodes may take to start, or to stop.
const PATIENCE: Duration = Duration::from_secs(180);
/// Where ports are looked for: below those that systems give to outgoing connections, so that a node which was stopped finds
/// its own free again.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
/// What the memory of all nodes together may grow to, and what lets them start in a third of the time.
const JAVA_OPTIONS: &[&str] =
    &["-Xmx1g", "-XX:TieredStopAtLevel=1", "-Dopensearch.set.netty.runtime.available.processors=false"];

/// The nodes, for a test that leaves them all running. Such tests run side by side and keep to indexes of their own.
pub fn shared() -> Option<Nodes> {
    let cluster = cluster()?;
    let lock = cluster.users.read().unwrap_or_else(PoisonError::into_inner);
    Some(Nodes { cluster, lock: Lock::Shared(lock) })
}

/// The nodes, for a test that stops some: no other test has them meanwhile. Afterwards all are started again.
pub fn alone() -> Option<Nodes> {
    let cluster = cluster()?;
    let lock = cluster.users.write().unwrap_or_else(PoisonError::into_inner);
    Some(Nodes { cluster, lock: Lock::Alone(lock) })
}

/// The nodes, as one test has them.
pub struct Nodes {
    cluster: &'static Cluster,
    lock: Lock,
}

/// Held for its drop only.
#[allow(dead_code)]
enum Lock {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

impl Nodes {
    /// The addresses of all, without a slash at the end.
    pub fn urls(&self) -> &[String] {
        &self.cluster.urls
    }

    /// Asks a node, counted from 0; the status and the body of its answer.
    pub fn ask(&self, node: usize, method: &str, path: &str, body: &str) -> (u16, Value) {
        ask(&self.cluster.urls[node], method, path, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Whether a node, counted from 0, answers at all.
    pub fn answers(&self, node: usize) -> bool {
        ask(&self.cluster.urls[node], "GET", "/", "").is_ok()
    }

    /// Waits until there are so many nodes and every shard is where it should be (`green`), or has a place at least (`yellow`).
    pub fn wait_for(&self, node: usize, nodes: usize, status: &str) -> Value {
        let path = format!(
            "/_cluster/health?wait_for_nodes={nodes}&wait_for_status={status}&wait_for_no_relocating_shards=true&timeout=90s"
        );
        let (code, health) = self.ask(node, "GET", &path, "");
        assert_eq!(code, 200, "{health}");
        health
    }

    /// Stops a node, counted from 0, as if its machine went away. Only for tests that have the nodes [`alone`].
    pub fn stop(&self, node: usize) {
        assert!(matches!(self.lock, Lock::Alone(_)), "a test that stops nodes has them alone");
        self.cluster.control().obey("stop", node);
    }

    /// Starts a node again, counted from 0, with the data that it had.
    pub fn start(&self, node: usize) {
        self.cluster.control().obey("start", node);
    }

    fn start_all(&self) {
        let mut control = self.cluster.control();
        for node in control.stopped() {
            control.obey("start", node);
        }
        drop(control);
        self.wait_for(0, NODES, "yellow");
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        let failed = thread::panicking();
        if failed {
            self.cluster.keep_logs();
        }
        if matches!(self.lock, Lock::Alone(_)) {
            let started = panic::catch_unwind(AssertUnwindSafe(|| self.start_all()));
            assert!(failed || started.is_ok(), "nodes that were stopped do not start again");
        }
    }
}

/// The process of the nodes. Nothing ends it: its input ends with this process, and that is what it waits for.
struct Cluster {
    urls: Vec<String>,
    folder: PathBuf,
    control: Mutex<Control>,
    users: RwLock<()>,
}

impl Cluster {
    fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_logs(&self) {
        let mut control = self.control();
        if !control.keeps {
            control.keeps = writeln!(control.input, "keep").is_ok();
            let _ = control.answers.recv_timeout(PATIENCE);
        }
        eprintln!("the logs of the nodes are in {}", self.folder.display());
    }
}

struct Control {
    input: ChildStdin,
    answers: Receiver<String>,
    running: [bool; NODES],
    keeps: bool,
}

impl Control {
    fn obey(&mut self, verb: &str, node: usize) {
        writeln!(self.input, "{verb} {}", node + 1).expect("the nodes' process listens");
        let answer = self.answers.recv_timeout(PATIENCE).expect("the nodes' process answers");
        assert!(!answer.starts_with("ERROR"), "{verb} node {node}: {answer}");
        self.running[node] = verb == "start";
    }

    fn stopped(&self) -> Vec<usize> {
        (0..NODES).filter(|&node| !self.running[node]).collect()
    }
}

/// The nodes of this test binary; nothing where they cannot be had, which is said once.
fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    match CLUSTER.get_or_init(start_cluster) {
        Ok(cluster) => Some(cluster),
        Err(reason) if is_set_to("GCM_SEARCH_CLUSTER_TESTS", "required") => {
            panic!("the tests with a cluster are required and cannot run: {reason}")
        }
        Err(reason) => {
            // Past the test harness, which shows nothing of a test that passes.
            let _ = writeln!(std::io::stderr(), "left out: a test with OpenSearch nodes: {reason}");
            None
        }
    }
}

fn is_set_to(variable: &str, value: &str) -> bool {
    env::var_os(variable).is_some_and(|set| set == *value)
}

fn start_cluster() -> Result<Cluster, String> {
    let runtime = Runtime::find()?;
    let classpath = runtime.classpath()?;
    let mut failure = String::new();
    // Between being found free and being taken, a port may be lost to somebody else.
    for _ in 0..2 {
        match runtime.start(&classpath) {
            Ok(cluster) => return Ok(cluster),
            Err(reason) => failure = reason,
        }
    }
    // Everything was at hand: not to start is no reason to leave tests out.
    panic!("{failure}");
}

/// What the nodes are run by.
struct Runtime {
    java: PathBuf,
    maven: PathBuf,
    /// The newer OpenSearch, which asks for Java 21.
    is_new: bool,
}

impl Runtime {
    fn find() -> Result<Runtime, String> {
        let wants_old = is_set_to("GCM_SEARCH_CLUSTER_OPENSEARCH", "2");
        let kits = development_kits();
        let newest = kits.iter().filter(|(version, _)| *version >= 21 && !wants_old).max();
        // The older one was made before the newest Java.
        let oldest = kits.iter().filter(|(version, _)| *version >= 17).min();
        let Some((_, java)) = newest.or(oldest) else {
            return Err("no JDK 17 or later in JAVA_HOME, /usr/lib/jvm or PATH".to_owned());
        };
        let maven = on_path("mvn").ok_or("Maven (mvn) is not installed")?;
        Ok(Runtime { java: java.clone(), maven, is_new: newest.is_some() })
    }

    /// Has Maven fetch what is not in its repository on this machine yet, and says where everything is.
    fn classpath(&self) -> Result<String, String> {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("cluster-classpath-{}", if self.is_new { "new" } else { "old" }));
        let pom = source("pom.xml");
        let known = fs::read_to_string(&file).unwrap_or_default();
        let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        if !known.is_empty()
            && changed(&file) > changed(&pom)
            && env::split_paths(&known).all(|jar| jar.is_file())
        {
            return Ok(known);
        }
        let new = file.with_extension(std::process::id().to_string());
        let output = Command::new(&self.maven)
            .args(["-B", "-q", "-f"])
            .arg(&pom)
            .args((!self.is_new).then_some("-Pos2"))
            .arg("dependency:build-classpath")
            .arg(format!("-Dmdep.outputFile={}", new.display()))
            .output()
            .map_err(|error| format!("{}: {error}", self.maven.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout);
            return Err(format!("Maven cannot fetch the nodes: {}", said.lines().next().unwrap_or_default()));
        }
        fs::rename(&new, &file).map_err(|error| error.to_string())?;
        fs::read_to_string(&file).map_err(|error| error.to_string())
    }

    fn start(&self, classpath: &str) -> Result<Cluster, String> {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
        // The process of the nodes removes it, unless a test failed.
        let folder = TempDir::with_prefix_in("cluster-", root).map_err(|error| error.to_string())?.keep();
        let ports = free_ports(2 * NODES);
        let list = |ports: &[u16]| ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
        let log = folder.join("nodes.log");
        let log_file = File::create(&log).map_err(|error| error.to_string())?;
        let more = env::var("GCM_SEARCH_CLUSTER_JAVA").unwrap_or_default();
        let mut child: Child = Command::new(&self.java)
            .args(JAVA_OPTIONS)
            .args(more.split_whitespace())
            .args(["-cp", classpath])
            .arg(source("TestCluster.java"))
            .arg(&folder)
            .args([list(&ports[..NODES]), list(&ports[NODES..])])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .map_err(|error| format!("{}: {error}", self.java.display()))?;
        let input = child.stdin.take().ok_or("no input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let urls = match answers.recv_timeout(PATIENCE) {
            Ok(line) if line.starts_with("READY ") => line.split(' ').skip(1).map(str::to_owned).collect(),
            other => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("the nodes did not start ({other:?}); see {}", log.display()));
            }
        };
        let control = Control { input, answers, running: [true; NODES], keeps: false };
        Ok(Cluster { urls, folder, control: Mutex::new(control), users: RwLock::new(()) })
    }
}

/// A file beside this one.
fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster").join(name)
}

/// The JDKs at hand, with their versions. A runtime without a compiler cannot run a source file.
fn development_kits() -> Vec<(u32, PathBuf)> {
    let mut homes: Vec<PathBuf> = env::var_os("JAVA_HOME").into_iter().map(PathBuf::from).collect();
    homes.extend(fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten().map(|entry| entry.path()));
    let found = on_path("java").and_then(|java| java.canonicalize().ok());
    homes.extend(found.and_then(|java| Some(java.parent()?.parent()?.to_path_buf())));
    let kits = homes.into_iter().filter(|home| home.join("bin").join(exe("javac")).is_file());
    kits.filter_map(|home| {
        let java = home.join("bin").join(exe("java"));
        Some((version_of(&java)?, java))
    })
    .collect()
}

/// The version of a Java: 21 for `openjdk version "21.0.4" 2024-07-16`, 8 for `java version "1.8.0"`.
fn version_of(java: &Path) -> Option<u32> {
    let output = Command::new(java).arg("-version").output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let number = said.split('"').nth(1)?;
    number.strip_prefix("1.").unwrap_or(number).split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn exe(name: &str) -> OsString {
    format!("{name}{}", env::consts::EXE_SUFFIX).into()
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(exe(program))).find(|file| file.is_file())
}

/// Ports that nobody listens on. Several test binaries may look at once: each begins elsewhere.
fn free_ports(count: usize) -> Vec<u16> {
    let start = u16::try_from(std::process::id() % 9_000).expect("a small number");
    let ports = PORTS.skip(start.into()).chain(PORTS);
    let listeners: Vec<TcpListener> =
        ports.filter_map(|port| TcpListener::bind(("127.0.0.1", port)).ok()).take(count).collect();
    let ports: Vec<u16> =
        listeners.iter().map(|listener| listener.local_addr().expect("an address").port()).collect();
    assert_eq!(ports.len(), count, "free ports");
    ports
}

/// One request; the status and the body, which is JSON or, wrapped as one string, text.
fn ask(url: &str, method: &str, path: &str, body: &str) -> Result<(u16, Value), ureq::Error> {
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(120)))
        .build()
        .new_agent();
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("{url}{path}"))
        .header(
            "content-type",
            if path.contains("_bulk") { "application/x-ndjson" } else { "application/json" },
        )
        .body(body)?;
    let mut response = agent.run(request)?;
    let status = response.status().as_u16();
    let text = response.body_mut().read_to_string()?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}
