//! The record of a run: what it was made with and the hash of what it printed, for `--manifest` and `--verify`.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::ValueEnum;
use flate2::Compression;
use flate2::write::GzEncoder;
use gcm_search::engine::Engine;
use gcm_search::provenance::{IndexIdentity, QueriesIdentity, ResultsIdentity, RunManifest, RunOptions};
use gcm_search::search::{FORMAT_VERSION, Options};

use super::args::{InputForm, ResultFormat};
use super::settings::Global;
use super::{Failure, engine_failure};
use crate::output::Lists;

/// A hash and a length that grow with what is added.
#[derive(Default)]
pub struct Tally {
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Tally {
    fn add(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    fn hash(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }
}

/// An input whose bytes are added up on the way.
pub struct Tallied<R> {
    inner: R,
    tally: SharedTally,
}

/// The sum of an input that is read in another thread.
#[derive(Clone, Default)]
pub struct SharedTally(Arc<Mutex<Tally>>);

impl SharedTally {
    /// An input that is added up here.
    pub fn of<R: Read>(&self, inner: R) -> Tallied<R> {
        Tallied { inner, tally: self.clone() }
    }

    /// What has been read of a file by now.
    pub fn identity(&self, file: Option<String>) -> QueriesIdentity {
        let tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        QueriesIdentity { file, query: None, blake3: tally.hash(), bytes: tally.bytes }
    }
}

impl<R: Read> Read for Tallied<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.tally.0.lock().unwrap_or_else(PoisonError::into_inner).add(&buffer[..count]);
        Ok(count)
    }
}

/// The results on their way out, added up without their colours.
pub struct Results {
    out: Box<dyn Write>,
    format: ResultFormat,
    tally: Tally,
}

impl Results {
    /// Results that go to `out`.
    pub fn new(out: Box<dyn Write>, format: ResultFormat) -> Results {
        Results { out, format, tally: Tally::default() }
    }

    /// Writes a whole part; colours do not reach from one into the next.
    pub fn write(&mut self, part: &[u8]) -> Result<(), Failure> {
        if self.format == ResultFormat::Text {
            let plain = anstream::adapter::strip_bytes(part).into_vec();
            self.tally.add(&plain);
        } else {
            self.tally.add(part);
        }
        Ok(self.out.write_all(part)?)
    }

    /// Passes on what has been written.
    pub fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }

    /// What came out.
    pub fn identity(&self, answered: u64, bad_lines: u64) -> ResultsIdentity {
        ResultsIdentity { blake3: self.tally.hash(), bytes: self.tally.bytes, answered, bad_lines }
    }
}

/// What results are made with.
pub struct Made<'a> {
    pub engine: &'a dyn Engine,
    pub options: &'a Options,
    pub lists: Lists<'a>,
    pub input_format: Option<InputForm>,
}

impl Made<'_> {
    /// The manifest of a run that is done.
    pub fn manifest(
        &self,
        queries: QueriesIdentity,
        results: ResultsIdentity,
        global: &Global,
    ) -> Result<RunManifest, Failure> {
        let index = IndexIdentity::of(self.engine).map_err(|error| engine_failure(error, global))?;
        let options = RunOptions::new(
            self.options,
            name(self.lists.format),
            self.lists.csv_safe,
            self.input_format.map(name),
        );
        Ok(RunManifest::new(index, self.lists.taxonomy.fingerprint.clone(), options, queries, results))
    }
}

/// The name of a value as the user types it.
fn name(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Where a file of results is to be written: made before the work, and put in its place when that is done.
pub struct Target {
    /// What it is, in words.
    what: &'static str,
    path: PathBuf,
    file: tempfile::NamedTempFile,
}

impl Target {
    /// Makes sure that the file can be written there.
    pub fn open(what: &'static str, path: &Path) -> Result<Target, Failure> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            // As any file that a program writes for its user, less what the user's mask takes away.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .map_err(|error| cannot_write(what, path, &error))?;
        Ok(Target { what, path: path.to_path_buf(), file })
    }

    /// Makes sure that a manifest can be written there.
    pub fn of_manifest(path: &Path) -> Result<Target, Failure> {
        Target::open("the manifest", path)
    }

    /// Writes all that the file is to hold.
    pub fn write(mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|error| self.failed(&error))?;
        self.put_in_place()
    }

    /// Has all written that the file is to hold, and packs it with gzip if its name ends in `.gz`.
    pub fn write_packed(
        mut self,
        write: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let is_packed = self.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        let mut file = io::BufWriter::new(self.file.as_file_mut());
        if is_packed {
            let mut packed = GzEncoder::new(&mut file, Compression::default());
            write(&mut packed)?;
            packed.finish()?;
        } else {
            write(&mut file)?;
        }
        file.flush()?;
        drop(file);
        self.put_in_place()
    }

    fn put_in_place(self) -> Result<(), Failure> {
        let Target { what, path, file } = self;
        file.persist(&path).map_err(|error| cannot_write(what, &path, &error.error))?;
        Ok(())
    }

    fn failed(&self, error: &io::Error) -> Failure {
        cannot_write(self.what, &self.path, error)
    }
}

fn cannot_write(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot write {what} {}: {error}", path.display()))
}

/// A manifest as it is written.
pub fn manifest_text(manifest: &RunManifest) -> Result<Vec<u8>, Failure> {
    Ok((serde_json::to_string_pretty(manifest)? + "\n").into_bytes())
}

/// Reads a manifest.
pub fn read(path: &Path) -> Result<RunManifest, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("cannot read the manifest {}: {error}", path.display())))?;
    let manifest: RunManifest = serde_json::from_str(&text).map_err(|error| {
        Failure::new(format!("{} is no manifest of a run: {error}", path.display()))
            .hint("write one with: gcm-search batch FILE --manifest MANIFEST")
    })?;
    if manifest.format_version != FORMAT_VERSION {
        return Err(Failure::new(format!(
            "the manifest {} has format {}; this program reads format {FORMAT_VERSION}",
            path.display(),
            manifest.format_version
        )));
    }
    Ok(manifest)
}
