//! Where progress is drawn: a line of standard error that leaves room at its end.

use std::io;

use console::Term;
use indicatif::{ProgressDrawTarget, TermLike};

/// How many columns stay free. A terminal writes "^C" at the cursor, which a progress bar leaves at the end of the
/// line: without room there it would land on the next line, and clearing that would leave the bar on the screen.
const FREE: u16 = 3;

/// How often a bar is drawn anew, times a second.
const HERTZ: u8 = 8;

/// Standard error, a few columns narrower than it is.
#[derive(Debug)]
struct Narrower(Term);

/// Standard error for progress bars.
pub fn target() -> ProgressDrawTarget {
    ProgressDrawTarget::term_like_with_hz(Box::new(Narrower(Term::buffered_stderr())), HERTZ)
}

impl TermLike for Narrower {
    fn width(&self) -> u16 {
        self.0.width().saturating_sub(FREE)
    }

    fn height(&self) -> u16 {
        self.0.height()
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.0.move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.write_str(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
