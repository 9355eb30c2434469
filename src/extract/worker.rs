//! Reading files in a process of their own, which may be killed.
//!
//! A reader of hostile bytes can run out of time, of memory or of stack, and no thread can be stopped from outside. So the
//! program starts itself again as a worker that reads one file after the other. What a file does to the worker costs that
//! file; the next one gets a new worker.
//!
//! A job goes in as a line of JSON; documents come out, each on a line, and a last line ends the answer.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use serde::{Deserialize, Serialize};

use super::limits::{ExtractLimits, FileLimits, as_megabytes};
use super::{ExtractError, Extracted, Format};

/// How many lines of a worker may wait to be taken.
const LINES_WAITING: usize = 4;
/// How much of what a worker complains of is kept.
const COMPLAINT_BYTES: usize = 4096;
/// How long the last words of a worker that died are waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A file that was read: what tells it from another version of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRead {
    /// The hash of the bytes that were read.
    pub hash: String,
    /// The extractor, with its version.
    pub extractor: String,
}

/// The hash by which versions of a file are told apart.
pub fn content_hash(hasher: &blake3::Hasher) -> String {
    hasher.finalize().to_hex()[..32].to_owned()
}

/// The extractor of a format, with its version.
pub fn extractor_name(format: Format) -> String {
    format!("{}-{}", format.name(), format.extractor_version())
}

/// Does something that must not end the program, whatever a library does.
///
/// # Errors
/// Its own, or one in place of a panic.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, ExtractError>) -> Result<T, ExtractError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(ExtractError::new("damaged in a way that its reader cannot bear")))
}

/// Reads a file in this process. The limits of time and memory are not kept; a panic is an error.
///
/// # Errors
/// A file that cannot be opened, is too large, changes meanwhile, or cannot be read as a whole.
pub fn read_here(
    path: &Path,
    name: &str,
    limits: &FileLimits,
    each: &mut dyn FnMut(Result<Extracted, ExtractError>),
) -> Result<FileRead, ExtractError> {
    guarded(|| {
        let bytes = stable_bytes(path, limits)?;
        let format = Format::detect(name, &bytes)?;
        super::extract(format, name, &bytes, &ExtractLimits::default(), each)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&bytes);
        Ok(FileRead { hash: content_hash(&hasher), extractor: extractor_name(format) })
    })
}

/// The bytes of a file that nobody changes meanwhile.
fn stable_bytes(path: &Path, limits: &FileLimits) -> Result<Vec<u8>, ExtractError> {
    let system = |error: io::Error| match error.kind() {
        io::ErrorKind::OutOfMemory => out_of_memory(limits),
        _ => ExtractError::system(error),
    };
    let mut file = File::open(path).map_err(system)?;
    let state = |file: &File| file.metadata().map(|metadata| (metadata.len(), metadata.modified().ok()));
    let before = state(&file).map_err(system)?;
    let most = limits.bytes;
    if before.0 > most {
        return Err(ExtractError::new(format!(
            "larger than {}; divide it, make it JSON Lines, or raise --max-file-size",
            as_megabytes(most)
        )));
    }
    let mut bytes = Vec::new();
    Read::by_ref(&mut file).take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(system)?;
    if state(&file).map_err(system)? != before || bytes.len() as u64 != before.0 {
        return Err(ExtractError { changing: true, ..ExtractError::new("it changed while it was read") });
    }
    Ok(bytes)
}

fn out_of_memory(limits: &FileLimits) -> ExtractError {
    ExtractError::new(format!(
        "needs more than {} of memory to be read; divide it, or raise --max-memory",
        as_megabytes(limits.memory)
    ))
}

/// What a worker is asked.
#[derive(Debug, Serialize, Deserialize)]
struct Job {
    /// As the system has it: it need not be UTF-8.
    path: OsString,
    name: String,
    limits: FileLimits,
}

/// What a worker says.
#[derive(Debug, Serialize, Deserialize)]
enum Said {
    Document(Extracted),
    Refused(ExtractError),
    Done(FileRead),
    Failed(ExtractError),
}

/// Works off jobs until there are no more: what the worker process does.
///
/// # Errors
/// An input or output that breaks, or an input that is none of ours.
pub fn serve(mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let job: Job = serde_json::from_slice(&line)?;
        let mut broken = None;
        let result = read_here(Path::new(&job.path), &job.name, &job.limits, &mut |extracted| {
            if broken.is_none() {
                let said = extracted.map_or_else(Said::Refused, Said::Document);
                broken = say(&mut output, &said).err();
            }
        });
        if let Some(error) = broken {
            return Err(error);
        }
        say(&mut output, &result.map_or_else(Said::Failed, Said::Done))?;
        output.flush()?;
    }
}

fn say(output: &mut impl Write, said: &Said) -> io::Result<()> {
    serde_json::to_writer(&mut *output, said)?;
    output.write_all(b"\n")
}

/// The program to start as a worker: it has to call [`serve`] on its standard streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerProgram {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

/// Reads files in another process, which is started when it is first needed, and again after each death.
#[derive(Debug)]
pub struct Worker {
    program: WorkerProgram,
    limits: FileLimits,
    process: Option<Process>,
}

/// A worker that runs.
#[derive(Debug)]
struct Process {
    child: Child,
    jobs: ChildStdin,
    lines: Receiver<io::Result<Vec<u8>>>,
    complaints: Receiver<Vec<u8>>,
    /// How many files it has read.
    files: usize,
}

/// Why there is no answer.
enum Lost {
    /// The worker died.
    Died,
    /// It had to be killed.
    Killed(ExtractError),
}

impl Worker {
    /// A worker that is not yet started.
    pub fn new(program: WorkerProgram, limits: FileLimits) -> Worker {
        Worker { program, limits, process: None }
    }

    /// Reads a file, handing each document in it to `each`. Time counts as far as the worker is waited for.
    ///
    /// # Errors
    /// What [`read_here`] says; a file that takes too long, needs too much memory or kills its reader.
    pub fn read(
        &mut self,
        path: &Path,
        name: &str,
        each: &mut dyn FnMut(Result<Extracted, ExtractError>),
    ) -> Result<FileRead, ExtractError> {
        loop {
            let mut handed_over = false;
            let mut noting = |extracted: Result<Extracted, ExtractError>| {
                handed_over = true;
                each(extracted);
            };
            let mut process = match self.process.take() {
                Some(process) => process,
                None => Process::start(&self.program, self.limits.memory).map_err(|error| {
                    ExtractError::new(format!("cannot start the process that reads files: {error}"))
                })?,
            };
            match process.read(path, name, &self.limits, &mut noting) {
                Ok(result) => {
                    process.files += 1;
                    self.process = Some(process);
                    return result;
                }
                Err(Lost::Killed(error)) => {
                    process.end();
                    return Err(error);
                }
                // Earlier files may have used up its memory: a new one shows whose fault it was.
                Err(Lost::Died) if process.files > 0 && !handed_over => {
                    process.end();
                }
                Err(Lost::Died) => return Err(process.why_it_died(&self.limits)),
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.end();
        }
    }
}

impl Process {
    fn start(program: &WorkerProgram, longest_line: u64) -> io::Result<Process> {
        let mut child = Command::new(&program.program)
            .args(&program.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (jobs, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(jobs), Some(output), Some(errors)) = (jobs, output, errors) else {
            return Err(io::Error::other("it has no standard streams"));
        };
        let (sender, lines) = bounded(LINES_WAITING);
        thread::spawn(move || pass_lines(BufReader::new(output), longest_line, &sender));
        let (sender, complaints) = unbounded();
        thread::spawn(move || {
            let _ = sender.send(last_bytes(errors));
        });
        Ok(Process { child, jobs, lines, complaints, files: 0 })
    }

    fn read(
        &mut self,
        path: &Path,
        name: &str,
        limits: &FileLimits,
        each: &mut dyn FnMut(Result<Extracted, ExtractError>),
    ) -> Result<Result<FileRead, ExtractError>, Lost> {
        let job = Job { path: path.as_os_str().to_owned(), name: name.to_owned(), limits: *limits };
        let text = serde_json::to_string(&job).map_err(|error| Lost::Killed(ExtractError::system(error)))?;
        if writeln!(self.jobs, "{text}").is_err() {
            return Err(Lost::Died);
        }
        let mut left = limits.time;
        let mut bytes = 0;
        loop {
            let began = Instant::now();
            let line = match self.lines.recv_timeout(left) {
                Ok(Ok(line)) => line,
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Err(Lost::Died),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(Lost::Killed(ExtractError::new(format!(
                        "takes more than {} seconds to be read; divide it, or raise --max-time",
                        limits.time.as_secs_f64()
                    ))));
                }
            };
            left = left.saturating_sub(began.elapsed());
            bytes += line.len() as u64;
            if bytes > limits.memory {
                return Err(Lost::Killed(out_of_memory(limits)));
            }
            match serde_json::from_slice(&line) {
                Ok(Said::Document(document)) => each(Ok(document)),
                Ok(Said::Refused(error)) => each(Err(error)),
                Ok(Said::Done(read)) => return Ok(Ok(read)),
                Ok(Said::Failed(error)) => return Ok(Err(error)),
                Err(error) => {
                    return Err(Lost::Killed(ExtractError::new(format!(
                        "its reader is none of ours: {error}"
                    ))));
                }
            }
        }
    }

    /// Ends it.
    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// What it died of, by its last words.
    fn why_it_died(mut self, limits: &FileLimits) -> ExtractError {
        let said = self.complaints.recv_timeout(LAST_WORDS).unwrap_or_default();
        // What closed its output without dying has to die now.
        let _ = self.child.kill();
        let status = self.child.wait();
        let said = String::from_utf8_lossy(&said);
        if said.contains("memory allocation of") || said.contains("out of memory") {
            return out_of_memory(limits);
        }
        if said.contains("overflowed its stack") {
            return ExtractError::new("nested more deeply than its reader can bear");
        }
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        ExtractError::new(format!("damaged in a way that its reader cannot bear ({status})"))
    }
}

/// Passes on what a worker says, line by line, until it ends, says too much or nobody listens any more.
fn pass_lines(mut output: impl BufRead, longest_line: u64, lines: &Sender<io::Result<Vec<u8>>>) {
    loop {
        let mut line = Vec::new();
        match output.by_ref().take(longest_line).read_until(b'\n', &mut line) {
            Ok(_) if line.last() == Some(&b'\n') => {
                if lines.send(Ok(line)).is_err() {
                    return;
                }
            }
            // A line without an end is what a death left behind.
            Ok(_) => return,
            Err(error) => {
                let _ = lines.send(Err(error));
                return;
            }
        }
    }
}

/// The last bytes of a stream.
fn last_bytes(mut stream: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut buffer = [0; COMPLAINT_BYTES];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..count]);
        kept.drain(..kept.len().saturating_sub(COMPLAINT_BYTES));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(folder: &Path) -> PathBuf {
        let path = folder.join("a.txt");
        std::fs::write(&path, "I sindaci.\n").unwrap();
        path
    }

    #[test]
    fn a_job_is_answered_as_it_would_be_here() {
        let folder = tempfile::tempdir().unwrap();
        let path = document(folder.path());
        let limits = FileLimits::default();
        let job = Job { path: path.clone().into(), name: "a.txt".to_owned(), limits };
        let missing = Job { path: folder.path().join("b").into(), name: "b".to_owned(), limits };
        let input = [&job, &missing].map(|job| serde_json::to_string(job).unwrap()).join("\n");
        let mut output = Vec::new();
        serve(input.as_bytes(), &mut output).unwrap();
        let said: Vec<Said> = String::from_utf8(output)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let mut here = Vec::new();
        let read = read_here(&path, "a.txt", &limits, &mut |document| here.push(document)).unwrap();
        let [Said::Document(document), Said::Done(done), Said::Failed(error)] = &said[..] else {
            panic!("{said:?}");
        };
        assert_eq!((&here[0], &read), (&Ok(document.clone()), done));
        assert!(error.message.contains("No such file"), "{error}");
        assert!(serve(&b"no job\n"[..], Vec::new()).is_err());
    }

    #[test]
    fn a_panic_is_an_error() {
        let error = guarded::<()>(|| panic!("as a library may")).unwrap_err();
        assert!(error.message.contains("damaged"), "{error}");
    }

    #[test]
    fn a_large_file_is_refused_unread() {
        let folder = tempfile::tempdir().unwrap();
        let limits = FileLimits { bytes: 5, ..FileLimits::default() };
        let error = read_here(&document(folder.path()), "a.txt", &limits, &mut |_| ()).unwrap_err();
        assert!(error.message.contains("larger than 5 bytes"), "{error}");
    }

    #[cfg(unix)]
    fn played(script: &str, limits: FileLimits) -> String {
        let program =
            WorkerProgram { program: "sh".into(), arguments: ["-c", script].map(OsString::from).to_vec() };
        let mut worker = Worker::new(program, limits);
        worker.read(Path::new("/a"), "a", &mut |_| ()).unwrap_err().message
    }

    #[cfg(unix)]
    #[test]
    fn every_way_to_fail_costs_the_file_only() {
        let limits = FileLimits { time: Duration::from_millis(200), ..FileLimits::default() };
        let long = FileLimits { time: Duration::from_secs(60), ..limits };
        for (script, limits, says) in [
            ("exec sleep 600", limits, "takes more than 0.2 seconds"),
            ("exec >&-; exec sleep 600", long, "cannot bear"),
            ("exit 3", long, "exit status: 3"),
            ("kill -9 $$", long, "signal: 9"),
            (
                "echo 'memory allocation of 9 bytes failed' >&2; kill -6 $$",
                long,
                "more than 2048 MB of memory",
            ),
            ("echo \"thread 'main' has overflowed its stack\" >&2; kill -6 $$", long, "nested more deeply"),
            ("read job; echo nonsense", long, "none of ours"),
            ("read job; printf '{\"Done\"'", long, "cannot bear"),
            (
                "yes '{\"Refused\":{\"message\":\"\"}}'",
                FileLimits { memory: 1 << 20, ..long },
                "1 MB of memory",
            ),
        ] {
            let message = played(script, limits);
            assert!(message.contains(says), "{script}: {message}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_next_file_gets_another_worker() {
        let folder = tempfile::tempdir().unwrap();
        let once = folder.path().join("once");
        // It dies of every second job, for no fault of the file: a new one reads it.
        let script = format!(
            "while read job; do echo x >> {0}; echo '{{\"Done\":{{\"hash\":\"h\",\"extractor\":\"e\"}}}}'; \
             read job && exit 1; done",
            once.display()
        );
        let program =
            WorkerProgram { program: "sh".into(), arguments: ["-c", &script].map(OsString::from).to_vec() };
        let mut worker = Worker::new(program, FileLimits::default());
        for _ in 0..3 {
            assert_eq!(worker.read(Path::new("/a"), "a", &mut |_| ()).unwrap().hash, "h");
        }
        assert_eq!(std::fs::read_to_string(&once).unwrap().lines().count(), 3);
    }
}
