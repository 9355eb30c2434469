//! The sealed environment in which every test runs the real binary: a temporary folder of its own as the current
//! directory, nothing in the environment but `PATH` and a width of 80 columns, the index inside the folder.

// Every test binary compiles this file and uses its own part of it.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use gcm_search::search::{Answer, AnswerHit};
use serde_json::Value;
use tempfile::TempDir;

/// More hits than any corpus here has passages.
pub const ALL: &str = "100000";

/// A folder of its own for a test, with the index in `index`.
pub struct Sealed {
    folder: TempDir,
}

impl Sealed {
    /// An empty folder.
    pub fn new() -> Sealed {
        Sealed { folder: TempDir::new().expect("a temporary folder") }
    }

    /// A folder with the index of one JSON Lines file made of these ids and texts, in Italian.
    pub fn with_records(records: &[(&str, &str)]) -> Sealed {
        let sealed = Sealed::new();
        sealed.write("records.jsonl", records_in_italian(records));
        sealed.run(["index", "records.jsonl"]).code_is(0);
        sealed
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where its index is.
    pub fn index(&self) -> PathBuf {
        self.path().join("index")
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, contents).expect("a file");
        path
    }

    /// The binary, sealed, with the index in this folder.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = bare_command(self.path());
        command.arg("--index").arg(self.index()).args(args);
        command
    }

    /// Runs the binary to its end.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        Run::of(&mut self.command(args))
    }

    /// Runs the binary with something on its standard input.
    pub fn run_with_input<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: &[u8]) -> Run {
        // From a file, so that neither side can wait for the other.
        let path = self.write(".input", input);
        Run::of(self.command(args).stdin(fs::File::open(path).expect("the input")))
    }

    /// The answer to a query, with options before it if need be; fails where the exit code is 2.
    pub fn ask<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Answer {
        let args: Vec<_> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let start = ["query", "--format", "json"].map(Into::into);
        let run = self.run(start.into_iter().chain(args));
        assert!(run.code < 2, "{run}");
        let answer: Answer =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"));
        assert_eq!(run.code, i32::from(answer.total == 0), "the exit code agrees with the total\n{run}");
        answer
    }

    /// The passages of a document as `show --format jsonl` prints them.
    pub fn passages_of(&self, document: &str) -> Vec<Value> {
        self.run(["show", document, "--format", "jsonl"]).code_is(0).json_lines()
    }

    /// The status as JSON.
    pub fn status(&self) -> Value {
        let run = self.run(["status", "--documents", "--format", "json"]).code_is(0);
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
    }
}

/// The binary in a cleared environment, without an `--index`.
pub fn bare_command(folder: &Path) -> Command {
    bare_command_of(assert_cmd::cargo::cargo_bin!("gcm-search"), folder)
}

/// A program in a cleared environment.
pub fn bare_command_of(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env_clear().env("COLUMNS", "80").stdin(Stdio::null());
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// What a run of the binary gave.
pub struct Run {
    pub command: String,
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Run {
        let output = command.output().expect("the binary runs");
        Run::from_output(format!("{command:?}"), output)
    }

    /// What a command that has ended gave.
    pub fn from_output(command: String, output: Output) -> Run {
        let run = Run {
            command,
            // A process that was killed by a signal has no code.
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("results are UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("messages are UTF-8"),
        };
        assert!(!run.stderr.contains("panicked"), "{run}");
        assert!(matches!(run.code, 0..=2), "{run}");
        run
    }

    /// Fails unless the exit code is this one.
    #[track_caller]
    pub fn code_is(self, code: i32) -> Run {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Fails unless all of these stand on standard error.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Run {
        for part in parts {
            assert!(self.stderr.contains(part), "standard error does not say {part:?}\n{self}");
        }
        self
    }

    /// Fails unless all of these stand on standard output.
    #[track_caller]
    pub fn prints(self, parts: &[&str]) -> Run {
        for part in parts {
            assert!(self.stdout.contains(part), "standard output does not have {part:?}\n{self}");
        }
        self
    }

    /// Standard output as JSON Lines.
    pub fn json_lines(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{self}")))
            .collect()
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cut = |text: &str| text.chars().take(4000).collect::<String>();
        write!(
            f,
            "$ {}\nexit code {}\n--- standard output ---\n{}\n--- standard error ---\n{}",
            cut(&self.command),
            self.code,
            cut(&self.stdout),
            cut(&self.stderr)
        )
    }
}

/// The files in an index folder that no reader needs: what a run should have removed.
pub fn files_left_behind(index: &Path) -> Vec<String> {
    let current = fs::read_to_string(index.join("CURRENT")).expect("CURRENT");
    let current: Value = serde_json::from_str(&current).expect("CURRENT is JSON");
    let generation = current["generation"].as_str().expect("a generation").to_owned();
    let meta = fs::read_to_string(index.join(&generation).join("meta.json")).expect("meta.json");
    let (meta, _) = meta.rsplit_once("\n#blake3 ").expect("a checksum");
    let meta: Value = serde_json::from_str(meta).expect("meta.json is JSON");
    let info: Value = serde_json::from_str(meta["payload"].as_str().expect("a payload")).expect("JSON");
    let segments = meta["segments"].as_array().expect("segments").iter();
    let segments: Vec<String> =
        segments.map(|segment| segment["segment_id"].as_str().expect("an id").replace('-', "")).collect();
    let is_needed = |name: &str| {
        matches!(name, "meta.json" | ".managed.json" | ".tantivy-meta.lock" | ".tantivy-writer.lock")
            || info["manifest"] == name
            || segments.iter().any(|segment| name.starts_with(segment))
    };
    let mut out = Vec::new();
    for entry in fs::read_dir(index).expect("the index").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == generation {
            let files = fs::read_dir(entry.path()).expect("the generation").flatten();
            let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
            out.extend(names.filter(|name| !is_needed(name)).map(|name| format!("{generation}/{name}")));
        } else if !matches!(name.as_str(), "CURRENT" | "SOURCES" | ".lock" | "README.md") {
            out.push(name);
        }
    }
    out.sort();
    out
}

/// The manifest in the folder of a generation.
pub fn manifest_in(generation: &Path) -> PathBuf {
    let entries = fs::read_dir(generation).expect("the generation").flatten();
    let is_one =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("manifest-"));
    entries.map(|entry| entry.path()).find(is_one).expect("a manifest")
}

/// Whether the long forms of tests are asked for.
pub fn is_long() -> bool {
    std::env::var_os("GCM_SEARCH_LONG_TESTS").is_some_and(|value| value == "1")
}

/// How often something is tried: in the quick form or in the long one.
pub fn times(quick: usize, long: usize) -> usize {
    if is_long() { long } else { quick }
}

/// A small generator of random numbers (xorshift64*); the same seed gives the same numbers.
pub struct Random(u64);

impl Random {
    /// Numbers that follow from a seed.
    pub fn new(seed: u64) -> Random {
        Random(0x9E37_79B9_7F4A_7C15 ^ seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// A fraction of 1.
    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Edits what an index says of itself (`meta.json`), as a program would have that says so: with a checksum that agrees.
pub fn edit_sealed(path: &Path, edit: impl FnOnce(&str) -> String) {
    let text = fs::read_to_string(path).expect("a sealed file");
    let (json, _) = text.rsplit_once("\n#blake3 ").expect("a checksum");
    let edited = edit(json);
    assert_ne!(json, edited, "the edit changed nothing");
    let checksum = &blake3::hash(edited.as_bytes()).to_hex()[..16];
    fs::write(path, format!("{edited}\n#blake3 {checksum}\n")).expect("written");
}

/// A ZIP archive.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(&mut out));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in entries {
        writer.start_file(*name, options).expect("an entry");
        std::io::Write::write_all(&mut writer, bytes).expect("written");
    }
    writer.finish().expect("a ZIP archive");
    out
}

/// JSON Lines of these ids and texts, in Italian.
pub fn records_in_italian(records: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (id, text) in records {
        let record = serde_json::json!({"_id": id, "text": text, "lang": "it"});
        writeln!(out, "{record}").expect("a string takes everything");
    }
    out
}

/// JSON Lines of many records that a word tells from others, and little else tells apart.
pub fn alike_records(name: &str, word: &str, count: usize) -> String {
    let records: Vec<(String, String)> = (0..count)
        .map(|n| {
            let text = format!(
                "Il documento {n} parla di {word}: le autorità locali e i comuni curano l'integrazione dei migranti, \
                 mentre gli Stati e le organizzazioni regionali cooperano con l'OIM nella protezione numero {}.",
                n % 97
            );
            (format!("{name}-{n}"), text)
        })
        .collect();
    let records: Vec<(&str, &str)> = records.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    records_in_italian(&records)
}

/// The ids of the passages of an answer, in order.
pub fn passages(answer: &Answer) -> Vec<String> {
    answer.hits.iter().map(|hit| hit.passage.clone()).collect()
}

/// The ids of the documents of an answer, in order.
pub fn documents(answer: &Answer) -> Vec<String> {
    answer.hits.iter().map(|hit| hit.document.id.clone()).collect()
}

/// The ids of a hit's dimensions and actors.
pub fn tags(hit: &AnswerHit) -> Vec<String> {
    hit.dimensions.iter().chain(&hit.actors).map(|tag| tag.id.clone()).collect()
}

/// The words of a text in lower case, apart from gcm-search's own analysis, which is what is tested.
pub fn words(text: &str) -> Vec<String> {
    text.to_lowercase().split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
}

/// The index of the built-in corpus, built once in a test binary; only for tests that do not write to it.
pub fn built_in() -> &'static Sealed {
    static SHARED: OnceLock<Sealed> = OnceLock::new();
    SHARED.get_or_init(|| {
        // Nothing drops a static: the folder stays until a later run finds it and sees that it is old.
        let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
        fs::create_dir_all(root).expect("cargo's folder for tests");
        remove_old_folders(root);
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(root).expect("a temporary folder");
        let sealed = Sealed { folder };
        sealed.run(["index"]).code_is(0);
        sealed
    })
}

const PREFIX: &str = "gcm-search-shared-";

fn remove_old_folders(root: &Path) {
    for entry in fs::read_dir(root).expect("cargo's folder for tests").flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let made = entry.metadata().and_then(|metadata| metadata.modified());
        let age = made.ok().and_then(|made| SystemTime::now().duration_since(made).ok());
        if is_ours && age.is_some_and(|age| age > Duration::from_secs(3600)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
