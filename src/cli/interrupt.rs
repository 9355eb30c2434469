//! An interrupt (Ctrl-C) leaves a clean terminal.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use indicatif::ProgressBar;

/// What an interrupt has to put right before the program ends by it.
#[derive(Clone, Default)]
pub struct Interrupt {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    bar: Mutex<Option<ProgressBar>>,
    paging: AtomicBool,
    watching: OnceLock<()>,
}

impl Interrupt {
    /// A progress bar to clear.
    pub fn clears(&self, bar: &ProgressBar) {
        if let Ok(mut slot) = self.shared.bar.lock() {
            *slot = Some(bar.clone());
        }
        self.watch();
    }

    /// While a pager runs, an interrupt is for the pager: it stops reading and stays.
    pub fn leave_to_pager(&self, paging: bool) {
        self.shared.paging.store(paging, Ordering::SeqCst);
        self.watch();
    }

    /// Watches from now on. A program that has drawn nothing needs no watch: the system ends it cleanly.
    #[cfg(unix)]
    pub fn watch(&self) {
        use signal_hook::consts::{SIGINT, SIGTERM};

        self.shared.watching.get_or_init(|| {
            let interrupt = self.clone();
            // Where there is no thread to be had, signals stay as they are.
            let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
                let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else {
                    return;
                };
                for signal in signals.forever() {
                    if signal == SIGINT && interrupt.shared.paging.load(Ordering::SeqCst) {
                        continue;
                    }
                    interrupt.tidy();
                    // Ends the program as the signal would have, so that a shell sees 130 and a loop stops too.
                    let _ = signal_hook::low_level::emulate_default_handler(signal);
                }
            });
        });
    }

    /// Elsewhere the system ends the program by itself.
    #[cfg(not(unix))]
    pub fn watch(&self) {
        self.shared.watching.get_or_init(|| ());
    }

    #[cfg_attr(not(unix), allow(dead_code))]
    fn tidy(&self) {
        if let Ok(bar) = self.shared.bar.lock()
            && let Some(bar) = &*bar
        {
            bar.finish_and_clear();
        }
        let mut stderr = io::stderr();
        if stderr.is_terminal() {
            // Colours back to normal, and the cursor shown.
            let _ = stderr.write_all(b"\x1b[0m\x1b[?25h");
        }
    }
}
