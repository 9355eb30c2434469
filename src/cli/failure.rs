//! What went wrong, with the advice that fits.

use std::io;

/// An error for the user: what, where and why, and what to do next.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    pub hints: Vec<String>,
    closed_pipe: bool,
}

impl Failure {
    /// A failure without advice.
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), hints: Vec::new(), closed_pipe: false }
    }

    /// Adds advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hints.push(hint.into());
        self
    }

    /// Whether the reader of our output has had enough, which is no error.
    pub fn is_closed_pipe(&self) -> bool {
        self.closed_pipe
    }
}

impl From<io::Error> for Failure {
    /// Errors of writing results; reading has messages of its own.
    fn from(error: io::Error) -> Failure {
        Failure {
            closed_pipe: error.kind() == io::ErrorKind::BrokenPipe,
            ..Failure::new(format!("cannot write the results: {error}"))
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Failure {
        if error.is_io() {
            Failure::from(io::Error::from(error))
        } else {
            Failure::new(format!("cannot write JSON: {error}"))
        }
    }
}
