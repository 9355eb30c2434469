//! `completions`: the script by which a shell completes commands, options and values.

use std::io::Write;

use super::args::{CompletionsArgs, Shell};
use super::terminal::Terminal;
use super::{Failure, Outcome};

pub fn run(args: &CompletionsArgs, terminal: &Terminal) -> Result<Outcome, Failure> {
    let script = match args.shell {
        Shell::Bash => include_str!("completions/gcm-search.bash"),
        Shell::Zsh => include_str!("completions/gcm-search.zsh"),
        Shell::Fish => include_str!("completions/gcm-search.fish"),
        Shell::Powershell => include_str!("completions/gcm-search.ps1"),
    };
    let mut out = terminal.raw_stdout();
    out.write_all(script.as_bytes())?;
    out.flush()?;
    Ok(Outcome::Found)
}
