//! `restore`: a backup brought back into an empty place.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use crate::{
    cli::{
        backup::{counted, size},
        fsck::summary,
        progress::Findings,
        terminal::print,
    },
    config::Config,
    domain::backup::{self, Losses, RestoreOptions, Restored, RestoredLog},
    error::{Error, Result},
};

/// How many logs are printed one by one.
const LOGS: usize = 50;

/// The flags of `restore`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The directory of backups
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Which backup, by the name of its folder [default: the newest]
    #[arg(long, value_name = "NAME")]
    backup: Option<String>,
    /// Let the logs keep their names: you know that the server wrote nothing after the backup
    #[arg(long)]
    nothing_lost: bool,
    /// Bring the rest back where files of the backup are damaged or missing; `fsck` then names what lacks them
    #[arg(long)]
    without_damaged: bool,
    /// Print what was done as one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(settings: Config, flags: Flags) -> Result<ExitCode> {
    let losses = if flags.nothing_lost { Losses::None } else { Losses::Possible };
    let options = RestoreOptions { losses, without_damaged: flags.without_damaged };
    let mut findings = Findings::new(!flags.json);
    let from = (flags.directory.as_path(), flags.backup.as_deref());
    let restored = backup::restore(&settings, from, options, &mut findings).await?;
    findings.clear();
    if flags.json {
        print(&serde_json::to_string(&restored).map_err(|error| Error::internal(error.to_string()))?)?;
    } else {
        tell(&restored, &settings)?;
    }
    Ok(if is_whole(&restored) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn is_whole(restored: &Restored) -> bool {
    restored.missing.is_empty() && restored.fsck.damage() == 0
}

fn tell(restored: &Restored, settings: &Config) -> Result<()> {
    let Restored { backup, made_at, logs, files, bytes, missing, fsck } = restored;
    let place = settings.data_dir().display();
    print(&format!(
        "brought back into {place}: the backup {backup}, of {made_at}; {} of {}",
        counted(*files, "file", "files"),
        size(*bytes)
    ))?;
    for log in logs.iter().take(LOGS) {
        print(&in_words(log))?;
    }
    if logs.len() > LOGS {
        print(&format!("and {} more logs; `--json` lists all", logs.len() - LOGS))?;
    }
    for name in missing {
        print(&format!("not brought back: {name}"))?;
    }
    print(&summary(fsck))?;
    print(
        "all sessions are ended: everybody has to sign in again. What was done after the backup has to be done again",
    )?;
    if is_whole(restored) {
        return print("all is well: start the server, and make a backup");
    }
    print(
        "not all is well: do not start the server before you have looked at what is above; `--backup NAME` takes another",
    )
}

fn in_words(log: &RestoredLog) -> String {
    let name = match (&log.title, log.log.as_str()) {
        (Some(title), room) => format!("{title} ({room})"),
        (None, "platform") => "the platform".to_owned(),
        (None, room) => format!("the room {room}"),
    };
    let at = log.last_at.map(|at| format!(", the last of {at}")).unwrap_or_default();
    let Some(origin) = &log.origin else {
        return format!("{name}: lost as a whole, of which the platform's log tells");
    };
    let lost = log.signed.map(|signed| format!("; at least {} had been signed", counted(signed, "entry", "entries")));
    format!(
        "{name}: {}{at}{}; it goes on as `{origin}`",
        counted(log.entries, "entry", "entries"),
        lost.unwrap_or_default()
    )
}
