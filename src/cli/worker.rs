//! `__extract`: the process that reads files for `index`, under a limit of memory.

use std::ffi::OsString;
use std::io::{self, BufWriter};
use std::process::ExitCode;

use gcm_search::extract::FileLimits;
use gcm_search::extract::worker::{WorkerProgram, serve};

use super::args::ExtractArgs;

/// How this program is started as a worker; nothing where it cannot tell where it lies.
pub fn program(limits: &FileLimits) -> Option<WorkerProgram> {
    let program = std::env::current_exe().ok()?;
    let arguments = ["__extract", "--max-memory"].map(OsString::from).to_vec();
    let arguments = [arguments, vec![limits.memory.to_string().into()]].concat();
    Some(WorkerProgram { program, arguments })
}

/// Works off jobs until standard input ends. What goes wrong, the other side sees by itself.
pub fn run(args: &ExtractArgs) -> ExitCode {
    restrict(args.max_memory);
    match serve(io::stdin().lock(), BufWriter::new(io::stdout().lock())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Limits this process, and has it end with the one that started it.
#[cfg(target_os = "linux")]
fn restrict(memory: u64) {
    use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};
    let now = getrlimit(Resource::As);
    let most = Some(now.maximum.map_or(memory, |maximum| maximum.min(memory)));
    // Without the limit a hostile file may take more memory, and everything else goes on as it should.
    let _ = setrlimit(Resource::As, Rlimit { current: most, maximum: most });
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
}

#[cfg(not(target_os = "linux"))]
fn restrict(_: u64) {}
