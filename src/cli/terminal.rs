//! The one place that knows the terminal: colour, width, progress, quiet.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{Color, Format};
use super::failure::Failure;
use crate::output::printable;

/// The widest that text is set; longer lines are hard to read.
const MAX_WIDTH: usize = 100;
/// The width where there is no terminal.
const DEFAULT_WIDTH: usize = 80;

/// What is decided once about the streams.
pub struct Terminal {
    choice: ColorChoice,
    quiet: bool,
    verbose: bool,
}

impl Terminal {
    /// Decides from the options; `NO_COLOR` and its like are read by [`anstream`].
    pub fn new(color: Color, quiet: bool, verbose: bool) -> Terminal {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Terminal { choice, quiet, verbose }
    }

    /// Standard output, buffered, with colours only where they are wanted.
    pub fn stdout(&self) -> io::BufWriter<AutoStream<io::Stdout>> {
        io::BufWriter::new(AutoStream::new(io::stdout(), self.choice))
    }

    /// Standard output as a form of results asks for it.
    pub fn output(&self, format: Format) -> Box<dyn Write> {
        match format {
            Format::Text => Box::new(self.stdout()),
            Format::Json | Format::Jsonl => Box::new(self.raw_stdout()),
        }
    }

    /// Standard output, buffered, for machines: every byte as it is.
    pub fn raw_stdout(&self) -> io::BufWriter<io::Stdout> {
        io::BufWriter::new(io::stdout())
    }

    /// How wide text is set.
    pub fn width(&self) -> usize {
        let from_environment = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        from_environment
            .unwrap_or_else(|| if io::stdout().is_terminal() { textwrap::termwidth() } else { DEFAULT_WIDTH })
            .clamp(30, MAX_WIDTH)
    }

    /// Whether more is to be said.
    pub fn verbose(&self) -> bool {
        self.verbose
    }

    /// Says something on standard error, unless all is to be quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.say(&format!("gcm-search: {}", printable(text)));
        }
    }

    /// Warns on standard error.
    pub fn warn(&self, text: &str) {
        let style = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Yellow.into()));
        self.say(&format!("gcm-search: {style}warning:{style:#} {}", printable(text)));
    }

    /// Reports a failure with its advice.
    pub fn failure(&self, failure: &Failure) {
        let style = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into()));
        self.say(&format!(
            "gcm-search: {style}error:{style:#} {}",
            printable(&format!("{:#}", failure.error))
        ));
        for hint in &failure.hints {
            self.say(&format!("  hint: {}", printable(hint)));
        }
    }

    fn say(&self, text: &str) {
        let mut stderr = AutoStream::new(io::stderr(), self.choice);
        // Nothing can be done where even standard error is closed.
        let _ = writeln!(stderr, "{text}");
    }

    /// A progress bar on standard error, where somebody watches; it shows only if the work takes a while.
    pub fn progress(&self) -> ProgressBar {
        let bar = ProgressBar::no_length();
        if self.quiet || !io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
            return bar;
        }
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} files, {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        bar
    }
}
