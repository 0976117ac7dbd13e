//! `fsck`: records and files against the logs, and the logs against themselves and their signatures.

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

/// How often progress is shown.
const SHOWN: Duration = Duration::from_millis(200);

/// How to check.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Draw files of snapshots that are lost or damaged again from their records
    #[arg(long)]
    repair: bool,
    /// Print what is found as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(settings: Config, flags: Flags) -> Result<ExitCode> {
    let app = App::open_existing(settings, Clock::System)?;
    migrations::check(&app.db).await?;
    let mode = if flags.repair { Mode::Repair } else { Mode::Look };
    let mut teller = Teller::new(&flags);
    let outcome = fsck::run(&app, mode, &mut teller).await?;
    teller.clear();
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

/// Prints what is found as it is found, and progress to whoever looks on.
struct Teller {
    tells_lines: bool,
    shows_progress: bool,
    shown: Instant,
}

impl Teller {
    fn new(flags: &Flags) -> Self {
        Self { tells_lines: !flags.json, shows_progress: io::stderr().is_terminal(), shown: Instant::now() }
    }

    fn clear(&self) {
        if self.shows_progress {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Watch for Teller {
    fn found(&mut self, finding: &Finding) {
        if self.tells_lines {
            self.clear();
            // What cannot be printed now is in the exit code still.
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
