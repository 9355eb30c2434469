//! Running a program of the system to its end, or to the end of its time.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};

use super::ExtractError;
use super::limits::as_megabytes;

/// How much of what a program complains of is kept.
const COMPLAINT_BYTES: u64 = 4096;
/// How often a program is asked whether it has ended, once its output has.
const POLL: Duration = Duration::from_millis(5);

/// Runs a program without input and gives what it prints.
///
/// When it has ended, whatever it left running in its process group is ended too (on Unix).
///
/// # Errors
/// A program that cannot be started, fails, takes longer than `time` or prints more than `max_bytes`.
pub(super) fn output(command: &mut Command, time: Duration, max_bytes: u64) -> Result<Vec<u8>, ExtractError> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    lead_a_group(command);
    let mut child =
        command.spawn().map_err(|error| ExtractError::new(format!("cannot run {name}: {error}")))?;
    let end = Instant::now() + time;
    let printed = read_aside(child.stdout.take(), max_bytes.saturating_add(1));
    let complained = read_aside(child.stderr.take(), COMPLAINT_BYTES);
    let took_too_long = || ExtractError::new(format!("{name} took more than {} seconds", time.as_secs_f64()));
    let result = match printed.recv_deadline(end) {
        Ok(Ok(bytes)) if bytes.len() as u64 > max_bytes => {
            Err(ExtractError::new(format!("{name} printed more than {}", as_megabytes(max_bytes))))
        }
        Ok(Ok(bytes)) => match wait(&mut child, end) {
            Ok(Some(status)) if status.success() => Ok(bytes),
            Ok(Some(status)) => {
                let complaint = complained.recv_deadline(end).ok().and_then(Result::ok).unwrap_or_default();
                let complaint = String::from_utf8_lossy(&complaint);
                let last = complaint.lines().map(str::trim).rfind(|line| !line.is_empty());
                let last = last.map_or_else(String::new, |line| format!(": {line}"));
                Err(ExtractError::new(format!("{name} could not read it ({status}){last}")))
            }
            Ok(None) => Err(took_too_long()),
            Err(error) => Err(ExtractError::new(format!("{name}: {error}"))),
        },
        Ok(Err(error)) => Err(ExtractError::new(format!("{name}: {error}"))),
        Err(_) => Err(took_too_long()),
    };
    end_group(&mut child);
    result
}

/// Reads a stream in a thread of its own, so that nobody has to wait for it longer than he wants to.
fn read_aside(stream: Option<impl Read + Send + 'static>, max_bytes: u64) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = bounded(1);
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let Some(mut stream) = stream else {
            return;
        };
        let result = stream.by_ref().take(max_bytes).read_to_end(&mut bytes).map(|_| bytes);
        // Nobody may wait any more.
        let _ = sender.send(result);
        // A program that may not go on printing would fail for that.
        let _ = io::copy(&mut stream, &mut io::sink());
    });
    receiver
}

fn wait(child: &mut Child, end: Instant) -> io::Result<Option<std::process::ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            return Ok(None);
        }
        thread::sleep(POLL);
    }
}

/// Puts the program at the head of a process group, so that what it starts can be ended with it.
#[cfg(unix)]
fn lead_a_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(not(unix))]
fn lead_a_group(_: &mut Command) {}

/// Ends the program and, on Unix, all that it started.
fn end_group(child: &mut Child) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        // The group keeps its number as long as anybody is in it, also when its head has ended.
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn sh(script: &str, time: Duration, max_bytes: u64) -> Result<String, String> {
        output(Command::new("sh").args(["-c", script]), time, max_bytes)
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .map_err(|error| error.message)
    }

    #[test]
    fn output_is_taken_and_failures_are_named() {
        let long = Duration::from_secs(60);
        assert_eq!(sh("printf testo", long, 100), Ok("testo".to_owned()));
        let failed = sh("printf testo; echo >&2; echo 'no such page' >&2; exit 3", long, 100).unwrap_err();
        assert!(failed.contains("exit status: 3") && failed.ends_with("no such page"), "{failed}");
        assert!(sh("yes", long, 1024 * 1024).unwrap_err().contains("more than 1 MB"));
        let missing = output(&mut Command::new("no-such-program"), long, 1).unwrap_err();
        assert!(missing.message.contains("cannot run no-such-program"), "{missing}");
    }

    #[test]
    fn nobody_waits_longer_than_he_wants() {
        let short = Duration::from_millis(200);
        assert!(sh("sleep 600", short, 100).unwrap_err().contains("0.2 seconds"));
        // One that closes its output and goes on, and one that leaves something behind that holds it open.
        assert!(sh("exec >&- 2>&-; sleep 600", short, 100).unwrap_err().contains("took more"));
        assert!(sh("sleep 600 & printf x", short, 100).unwrap_err().contains("took more"));
    }
}
