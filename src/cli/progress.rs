//! What a command that takes long shows of its progress: one line that is written over, if standard error is a terminal.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use crate::{
    cli::terminal::print,
    domain::fsck::{Checked, Finding, Watch},
};

/// How often the line is written anew.
const SHOWN: Duration = Duration::from_millis(200);

/// The line with the progress.
pub(super) struct Line {
    is_shown: bool,
    written: Instant,
}

impl Line {
    pub(super) fn new() -> Self {
        Self { is_shown: io::stderr().is_terminal(), written: Instant::now() }
    }

    /// Writes the line, unless it was written a moment ago.
    pub(super) fn show(&mut self, text: impl FnOnce() -> String) {
        if self.is_shown && self.written.elapsed() >= SHOWN {
            self.written = Instant::now();
            let _ = write!(io::stderr(), "\r{}\x1b[K", text());
        }
    }

    /// Erases the line.
    pub(super) fn clear(&self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// Prints what a check finds as it is found, and its progress.
pub(super) struct Findings {
    are_printed: bool,
    line: Line,
}

impl Findings {
    pub(super) fn new(are_printed: bool) -> Self {
        Self { are_printed, line: Line::new() }
    }

    /// Erases the line with the progress.
    pub(super) fn clear(&self) {
        self.line.clear();
    }
}

impl Watch for Findings {
    fn found(&mut self, finding: &Finding) {
        if self.are_printed {
            self.clear();
            // If it cannot be printed, the check goes on: the exit code still says that something is damaged.
            let _ = print(&finding.to_string());
        }
    }

    fn goes_on(&mut self, checked: &Checked) {
        let Checked { logs, entries, records, files } = *checked;
        self.line.show(|| format!("{logs} logs, {entries} entries, {records} records, {files} files"));
    }
}
