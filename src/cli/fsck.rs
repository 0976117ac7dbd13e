//! `fsck`: checks records and files against the logs, and the logs against themselves and their signatures.

use std::process::ExitCode;

use clap::Args;

use crate::{
    app::App,
    cli::{progress::Findings, terminal::print},
    clock::Clock,
    config::Config,
    db::migrations,
    domain::fsck::{self, Checked, Mode, Outcome},
    error::{Error, Result},
};

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
    let mut printer = Findings::new(!flags.json);
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

/// Returns what a check has looked at and found, in one line.
pub(super) fn summary(outcome: &Outcome) -> String {
    let Checked { logs, entries, records, files } = outcome.checked;
    let repaired = if outcome.repaired > 0 { format!(", {} repaired", outcome.repaired) } else { String::new() };
    let damaged = outcome.damage();
    format!("checked: {logs} logs, {entries} entries, {records} records, {files} files; {damaged} damaged{repaired}")
}
