//! The one place that knows the terminal: colour, width, progress, quiet.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{Color, Format, ResultFormat};
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::pager::Paged;
use super::settings::Global;
use crate::output::printable;

/// The widest that text is set; longer lines are hard to read.
const MAX_WIDTH: usize = 100;
/// The width where there is no terminal.
const DEFAULT_WIDTH: usize = 80;
/// The narrowest that anything is set.
const MIN_WIDTH: usize = 30;
/// The widest that a table is set.
const MAX_TABLE_WIDTH: usize = 400;

/// What is decided once about the streams.
pub struct Terminal {
    choice: ColorChoice,
    quiet: bool,
    verbose: bool,
    /// The words of the pager's command line.
    pager: Option<Vec<String>>,
    interrupt: Interrupt,
}

impl Terminal {
    /// Decides from the settings; `NO_COLOR`, `CLICOLOR_FORCE` and their like are read by [`anstream`].
    pub fn new(global: &Global) -> Terminal {
        let choice = match global.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Terminal {
            choice,
            quiet: global.quiet,
            verbose: global.verbose,
            pager: global.pager.as_deref().and_then(shlex::split).filter(|words| !words.is_empty()),
            interrupt: Interrupt::default(),
        }
    }

    /// Standard output, buffered, with colours only where they are wanted.
    pub fn stdout(&self) -> io::BufWriter<AutoStream<io::Stdout>> {
        if io::stdout().is_terminal() {
            self.interrupt.watch();
        }
        io::BufWriter::new(AutoStream::new(io::stdout(), self.choice))
    }

    /// Standard output as a form of results asks for it; for a person at a terminal, through a pager where the
    /// results are longer than the screen.
    pub fn output(&self, format: Format) -> Box<dyn Write> {
        match format {
            Format::Text => self.text_output(),
            Format::Json | Format::Jsonl => Box::new(self.raw_stdout()),
        }
    }

    fn text_output(&self) -> Box<dyn Write> {
        let direct = Box::new(self.stdout());
        let rows = terminal_size::terminal_size_of(io::stdout()).map(|(_, rows)| usize::from(rows.0));
        match (&self.pager, rows) {
            (Some(command), Some(rows)) if rows > 0 => {
                let coloured = match self.choice {
                    ColorChoice::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
                    choice => choice != ColorChoice::Never,
                };
                Box::new(Paged::new(command.clone(), rows, coloured, direct, self.interrupt.clone()))
            }
            _ => direct,
        }
    }

    /// Standard output as a form of ranked lists asks for it.
    pub fn results(&self, format: ResultFormat) -> Box<dyn Write> {
        self.output(if format == ResultFormat::Text { Format::Text } else { Format::Json })
    }

    /// Standard output, buffered, for machines: every byte as it is.
    pub fn raw_stdout(&self) -> io::BufWriter<io::Stdout> {
        io::BufWriter::new(io::stdout())
    }

    /// How wide text is set.
    pub fn width(&self) -> usize {
        self.columns().clamp(MIN_WIDTH, MAX_WIDTH)
    }

    /// How wide tables and the like are set, which use the whole line.
    pub fn table_width(&self) -> usize {
        self.columns().clamp(MIN_WIDTH, MAX_TABLE_WIDTH)
    }

    fn columns(&self) -> usize {
        let from_environment = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        from_environment
            .unwrap_or_else(|| if io::stdout().is_terminal() { textwrap::termwidth() } else { DEFAULT_WIDTH })
    }

    /// Whether only what is wrong is to be said.
    pub fn quiet(&self) -> bool {
        self.quiet
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

    /// Says something on standard error where the user wants to know more.
    pub fn detail(&self, text: &str) {
        if self.verbose {
            self.note(text);
        }
    }

    /// Warns on standard error.
    pub fn warn(&self, text: &str) {
        let style = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Yellow.into()));
        self.say(&format!("gcm-search: {style}warning:{style:#} {}", printable(text)));
    }

    /// A line of a table that a warning announced.
    pub fn row(&self, text: &str) {
        self.say(&printable(text));
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
        bar.set_draw_target(super::progress::target());
        if let Ok(style) =
            ProgressStyle::with_template("{bar:30} {pos}/{len} files, {per_sec}, {elapsed} {wide_msg}")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        self.interrupt.clears(&bar);
        bar
    }
}
