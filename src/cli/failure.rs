//! What went wrong, with the advice that fits.

use std::io;

/// An error for the user: what, where and why, with its chain of causes, and what to do next.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong, and why.
    pub error: anyhow::Error,
    /// What to do about it.
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure without advice.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { error: anyhow::Error::msg(message.into()), hints: Vec::new() }
    }

    /// Adds advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hints.push(hint.into());
        self
    }

    /// Whether the reader of our output has had enough, which is no error.
    pub fn is_closed_pipe(&self) -> bool {
        self.error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<io::Error>())
            .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl From<io::Error> for Failure {
    /// Errors of writing results; reading has messages of its own.
    fn from(error: io::Error) -> Failure {
        Failure { error: anyhow::Error::new(error).context("cannot write the results"), hints: Vec::new() }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Failure {
        if error.is_io() {
            Failure::from(io::Error::from(error))
        } else {
            Failure { error: anyhow::Error::new(error).context("cannot write JSON"), hints: Vec::new() }
        }
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Failure {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => Failure::from(error),
            other => Failure::new(format!("cannot write CSV: {other:?}")),
        }
    }
}
