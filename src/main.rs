//! The command line of gcm-search: parses, runs, and turns the result into an exit code.

mod cli;
mod output;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
