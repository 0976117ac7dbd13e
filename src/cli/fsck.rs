//! `fsck`: checks records and files against the logs, and the logs against themselves and their signatures.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Args;

use crate::{
    app::App,
    cli::terminal::print,
    clock::Clock,
    config::Config,
    db::migrations,
    domain::fsck::{self, Checked, Finding, Mode, Outcome, Watch},
    error::{Error, Result},
};

/// How often the progress is shown.
const SHOWN: Duration = Duration::from_millis(200);

/// The flags of `fsck`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Draw files of snapshots that are lost or damaged again from their records, and write rows anew from the log
    #[arg(long)]
    repair: bool,
    /// Print what is found as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(settings: Config, flags: Flags) -> Result<ExitCode> {
    // `open_existing` and `check` instead of `open` and `up`: a check must not create what it looks for, nor change a
    // schema before it has been looked at.
    let app = App::open_existing(settings, Clock::System)?;
    migrations::check(&app.db).await?;
    let mode = if flags.repair { Mode::Repair } else { Mode::Look };
    let mut printer = Printer::new(&flags);
    let outcome = fsck::run(&app, mode, &mut printer).await?;
    printer.clear();
    if flags.json {
        let json = serde_json::to_string(&outcome).map_err(|error| Error::internal(error.to_string()))?;
        print(&json)?;
    } else {
        print(&summary(&outcome))?;
    }
    Ok(if outcome.damage() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn summary(outcome: &Outcome) -> String {
    let Checked { logs, entries, records, files } = outcome.checked;
    let repaired = if outcome.repaired > 0 { format!(", {} repaired", outcome.repaired) } else { String::new() };
    let damaged = outcome.damage();
    format!("checked: {logs} logs, {entries} entries, {records} records, {files} files; {damaged} damaged{repaired}")
}

/// Prints findings as they are made, and the progress if standard error is a terminal.
struct Printer {
    prints_findings: bool,
    shows_progress: bool,
    shown: Instant,
}

impl Printer {
    fn new(flags: &Flags) -> Self {
        Self { prints_findings: !flags.json, shows_progress: io::stderr().is_terminal(), shown: Instant::now() }
    }

    /// Erases the line with the progress.
    fn clear(&self) {
        if self.shows_progress {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Watch for Printer {
    fn found(&mut self, finding: &Finding) {
        if self.prints_findings {
            self.clear();
            // If it cannot be printed, the check goes on: the exit code still says that something is damaged.
            let _ = print(&finding.to_string());
        }
    }

    fn goes_on(&mut self, checked: &Checked) {
        if self.shows_progress && self.shown.elapsed() >= SHOWN {
            self.shown = Instant::now();
            let Checked { logs, entries, records, files } = checked;
            let _ = write!(io::stderr(), "\r{logs} logs, {entries} entries, {records} records, {files} files\x1b[K");
        }
    }
}
