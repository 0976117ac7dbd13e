//! `log`: what an operator does with a log as a whole.

use clap::{Args, Subcommand};
use room::{Log, RoomId};

use crate::{
    app::App,
    cli::terminal::print,
    db::migrations,
    domain::log::{
        Actor,
        continuation::{self, Continuation},
        heads,
    },
    error::{Error, Result},
};

/// What to do with a log.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Have a log take entries again, under a new origin and with an entry that tells what was lost
    #[command(
        after_help = "Exit codes: 0 it goes on; 1 it does not, also without --yes, which only shows what would be done.\n\n\
                            Examples:\n  sts-clearance log continue --all --reason 'backup of 3 May restored'\n  \
                            sts-clearance log continue --platform --reason 'backup of 3 May restored' --yes"
    )]
    Continue(ContinueFlags),
}

#[derive(Debug, Args)]
pub(super) struct ContinueFlags {
    #[command(flatten)]
    which: Which,
    /// Why the database is behind; everybody who may read the log reads it, for good
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Do so; nothing takes it back
    #[arg(long)]
    yes: bool,
}

/// The logs that are to go on.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The log of this room
    #[arg(long, value_name = "ID", value_parser = room_id)]
    room: Option<RoomId>,
    /// The log of the platform
    #[arg(long)]
    platform: bool,
    /// Every log that is behind what was signed of it
    #[arg(long)]
    all: bool,
}

fn room_id(text: &str) -> Result<RoomId, &'static str> {
    text.parse().map_err(|_| "the id of a room is a UUID")
}

pub(super) async fn run(app: App, command: Command) -> Result<()> {
    let Command::Continue(ContinueFlags { which, reason, yes }) = command;
    continuation::check_reason(&reason)?;
    // Without adopting anything: that appends to the logs that take no entries.
    // Where heads are remembered, an empty database is one that was lost.
    if app.heads.all().is_empty() {
        migrations::check(&app.db).await?;
    } else {
        migrations::prepare(&app.db, app.now()).await?;
    }
    let named = which.room.map(Log::Room).or(which.platform.then_some(Log::Platform));
    let logs = match named {
        Some(log) => vec![log],
        None => behind(&app).await?,
    };
    if logs.is_empty() {
        return print("no log is behind what was signed of it");
    }
    let mut failed = 0;
    for log in &logs {
        let done = if yes { go_on(&app, *log, reason.trim()).await } else { show(&app, *log).await };
        if let Err(error) = done {
            // One that cannot go on keeps no other from it.
            failed += 1;
            print(&format!("{} does not go on: {error}", name(*log)))?;
        }
    }
    if failed > 0 {
        return Err(Error::Refused(format!("logs that do not go on, for the reasons above: {failed}")));
    }
    if yes {
        return Ok(());
    }
    Err(Error::Refused(
        "what was lost would be given up for good, under a new origin that every later file shows; bring back a newer \
         copy of the database if there is one, or repeat with --yes if that is meant"
            .into(),
    ))
}

/// Returns the logs that are behind what was signed of them, the platform's first.
async fn behind(app: &App) -> Result<Vec<Log>> {
    heads::look_over(app).await?;
    let mut logs: Vec<Log> = app.heads.behind().into_iter().map(|(log, _)| log).collect();
    logs.sort_by_key(|log| (log.room().is_some(), log.key()));
    Ok(logs)
}

async fn show(app: &App, log: Log) -> Result<()> {
    match continuation::planned(app, log).await? {
        Some(planned) => print(&format!("{}: {}", name(log), in_words(&planned, "it would go on"))),
        None => Err(Error::Refused("nothing keeps it from taking entries".into())),
    }
}

async fn go_on(app: &App, log: Log, reason: &str) -> Result<()> {
    let done = continuation::go_on(app, &Actor::Operator, log, reason).await?;
    print(&format!("{}: {}", name(log), in_words(&done, "it goes on")))
}

fn in_words(Continuation { lost, size, origin }: &Continuation, goes_on: &str) -> String {
    let signed = format!("{} entries were signed as `{}`, and the database has {size}", lost.size, lost.origin);
    match origin {
        Some(origin) => format!("{signed}; {goes_on} from these as `{origin}`"),
        None => format!("{signed}; it is given up as a whole, of which the platform's log tells"),
    }
}

fn name(log: Log) -> String {
    match log {
        Log::Platform => "the platform's log".to_owned(),
        Log::Room(room) => format!("the log of the room {room}"),
    }
}
