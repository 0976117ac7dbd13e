//! `backup`: a copy of database, files and keys, beside a server that runs; and whether one could be brought back.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use serde_json::json;

use crate::{
    app::App,
    cli::{
        fsck::summary,
        progress::{Findings, Line},
        terminal::print,
    },
    clock::Clock,
    config::Config,
    db::migrations,
    domain::backup::{self, Manifest, Options, Progress},
    error::{Error, Result},
};

/// The flags of `backup`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Flags {
    /// The directory of backups, best on another disk: each backup takes room only for what is new
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Copy the keys too: who has the backup can then sign as this server
    #[arg(long, conflicts_with = "check")]
    with_keys: bool,
    /// Remove the oldest backups, so that N are left with this one
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "check")]
    keep: Option<u32>,
    /// Read the files that the directory has already, and copy again those that are damaged there
    #[arg(long, conflicts_with = "check")]
    reread: bool,
    /// Make none; bring one back into a temporary place in DIR, and compare
    #[arg(long)]
    check: bool,
    /// Which backup to check, by the name of its folder [default: the newest]
    #[arg(long, value_name = "NAME", requires = "check")]
    backup: Option<String>,
    /// Print what was done as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(settings: Config, flags: Flags) -> Result<ExitCode> {
    if flags.check { check(&settings, &flags).await } else { take(settings, &flags).await }
}

async fn take(settings: Config, flags: &Flags) -> Result<ExitCode> {
    let app = App::open_existing(settings, Clock::System)?;
    migrations::check(&app.db).await?;
    let options =
        Options { with_keys: flags.with_keys, keep: flags.keep.map(|keep| keep as usize), reread: flags.reread };
    let mut line = Line::new();
    let mut goes_on = |Progress { files: (done, all), bytes }: Progress| {
        line.show(|| format!("{done} of {all} files, {} new", size(bytes)));
    };
    let taken = backup::take(&app, &flags.directory, options, &mut goes_on).await?;
    line.clear();
    let backup::Taken { name, manifest, new_bytes, removed } = &taken;
    if flags.json {
        let told = json!({
            "backup": name,
            "made_at": manifest.made_at,
            "logs": manifest.logs.len(),
            "entries": manifest.entries(),
            "files": manifest.files.len() - manifest.missing.len(),
            "bytes": manifest.bytes(),
            "new_bytes": new_bytes,
            "missing": manifest.missing,
            "keys": manifest.keys.len(),
            "removed": removed,
        });
        print(&told.to_string())?;
    } else {
        for missing in &manifest.missing {
            print(&format!("not in the backup: {}: {}", missing.name, missing.fault))?;
        }
        print(&format!("{name}: {}; {} of it new", in_words(manifest), size(*new_bytes)))?;
        if !removed.is_empty() {
            print(&format!("removed: {}", removed.join(", ")))?;
        }
        if manifest.keys.is_empty() {
            print("the keys are not in it: keep a copy of them elsewhere (`--with-keys` puts one into the backup)")?;
        }
    }
    Ok(if manifest.missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn check(settings: &Config, flags: &Flags) -> Result<ExitCode> {
    let mut findings = Findings::new(!flags.json);
    let checked = backup::check(settings, (&flags.directory, flags.backup.as_deref()), &mut findings).await?;
    findings.clear();
    let is_sound = checked.differences.is_empty() && checked.fsck.damage() == 0;
    if flags.json {
        let told = json!({
            "backup": checked.name,
            "made_at": checked.manifest.made_at,
            "differences": checked.differences,
            "fsck": serde_json::to_value(&checked.fsck).map_err(|error| Error::internal(error.to_string()))?,
        });
        print(&told.to_string())?;
    } else {
        checked.differences.iter().try_for_each(|difference| print(difference))?;
        print(&format!("{}: {}", checked.name, in_words(&checked.manifest)))?;
        print(&summary(&checked.fsck))?;
        if checked.fsck.damage() > 0 {
            print(
                "this is of the backup, not of the server: `backup --reread` copies again what the server still has whole",
            )?;
        }
        if checked.is_key_its_own {
            print(&format!(
                "no key is at hand here: the logs were checked with the one that the backup names, {}",
                checked.manifest.log_key
            ))?;
        }
    }
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn in_words(manifest: &Manifest) -> String {
    format!(
        "{} with {}, {} of {}",
        counted(manifest.logs.len(), "log", "logs"),
        counted(manifest.entries(), "entry", "entries"),
        counted(manifest.files.len() - manifest.missing.len(), "file", "files"),
        size(manifest.bytes())
    )
}

/// Returns a number with the word for what is counted.
pub(super) fn counted(number: impl TryInto<u64>, one: &str, many: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Returns a size in words, in decimal units.
pub(super) fn size(bytes: u64) -> String {
    let (mut whole, mut tenths, mut unit) = (bytes, 0, "bytes");
    for larger in ["kB", "MB", "GB", "TB"] {
        if whole < 1_000 {
            break;
        }
        (whole, tenths, unit) = (whole / 1_000, whole % 1_000 / 100, larger);
    }
    if unit == "bytes" { format!("{whole} {unit}") } else { format!("{whole}.{tenths} {unit}") }
}
