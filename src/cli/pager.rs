//! A pager for results that are longer than the screen.

use std::io::{self, BufWriter, Write};
use std::process::{Child, Command, Stdio};

use anstream::StripStream;

use super::interrupt::Interrupt;

/// Holds results back until they are longer than the screen, then sends them to a pager; shorter ones, and those
/// that are flushed before, go straight to the terminal.
pub struct Paged {
    command: Vec<String>,
    /// How many lines the screen shows.
    rows: usize,
    lines: usize,
    held: Vec<u8>,
    /// Whether the pager is to see colours.
    coloured: bool,
    direct: Box<dyn Write>,
    state: State,
    interrupt: Interrupt,
}

enum State {
    Holding,
    Direct,
    Paging { child: Child, input: Option<Box<dyn Write>> },
}

impl Paged {
    /// A pager by its command line, for a screen of so many lines; `direct` is the terminal itself.
    pub fn new(
        command: Vec<String>,
        rows: usize,
        coloured: bool,
        direct: Box<dyn Write>,
        interrupt: Interrupt,
    ) -> Paged {
        Paged {
            command,
            rows,
            lines: 0,
            held: Vec::new(),
            coloured,
            direct,
            state: State::Holding,
            interrupt,
        }
    }

    /// Starts the pager; where that fails, all goes to the terminal.
    fn page(&mut self) -> io::Result<()> {
        match self.spawn() {
            Ok((child, input)) => {
                self.interrupt.leave_to_pager(true);
                self.state = State::Paging { child, input: Some(input) };
            }
            Err(_) => self.state = State::Direct,
        }
        let held = std::mem::take(&mut self.held);
        self.sink().write_all(&held)
    }

    fn spawn(&self) -> io::Result<(Child, Box<dyn Write>)> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let (program, args) = self.command.split_first().ok_or_else(missing)?;
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::piped());
        // As git does, for a pager that was named without options: keep colours, quit where all fits, do not clear.
        for (name, value) in [("LESS", "FRX"), ("LESSCHARSET", "utf-8"), ("LV", "-c")] {
            if std::env::var_os(name).is_none() {
                command.env(name, value);
            }
        }
        let mut child = command.spawn()?;
        let input: Box<dyn Write> = Box::new(BufWriter::new(child.stdin.take().ok_or_else(missing)?));
        let input = if self.coloured { input } else { Box::new(StripStream::new(input)) };
        Ok((child, input))
    }

    fn sink(&mut self) -> &mut dyn Write {
        match &mut self.state {
            State::Paging { input: Some(input), .. } => input,
            _ => &mut self.direct,
        }
    }

    fn show_held(&mut self) -> io::Result<()> {
        self.state = State::Direct;
        let held = std::mem::take(&mut self.held);
        self.direct.write_all(&held)
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !matches!(self.state, State::Holding) {
            return self.sink().write(bytes);
        }
        self.held.extend_from_slice(bytes);
        self.lines += bytes.iter().filter(|&&byte| byte == b'\n').count();
        // The line after the last one is for the prompt.
        if self.lines >= self.rows {
            self.page()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if matches!(self.state, State::Holding) {
            self.show_held()?;
        }
        self.sink().flush()
    }
}

impl Drop for Paged {
    /// Waits until the reader has left the pager.
    fn drop(&mut self) {
        // Whoever wanted to hear of errors has flushed before.
        let _ = self.flush();
        if let State::Paging { child, input } = &mut self.state {
            drop(input.take());
            let _ = child.wait();
            self.interrupt.leave_to_pager(false);
        }
    }
}
