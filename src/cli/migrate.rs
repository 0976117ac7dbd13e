//! `migrate`: takes the migrations of the schema, and takes them back.

use clap::Subcommand;
use room::Log;
use serde_json::json;

use crate::{
    app::App,
    cli::{
        start::{look, open, open_there},
        terminal::{print, print_json},
    },
    config::Config,
    db::migrations,
    domain::{
        log::{
            Actor,
            adoption::{Adopted, Refused},
            platform_adoption::PlatformAdoption,
            readoption::{self, Again, Mode},
            schema::{self, BroughtUp},
        },
        snapshots::way_down,
        start::refuse_to_begin_anew,
    },
    error::{Error, Result},
};

/// What to do with the schema.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take every migration that is missing
    #[command(
        after_help = "Example:\n  sts-clearance migrate up --adopt-again   counts what differs between logs and rows"
    )]
    Up {
        /// Have the logs tell from now on what the rows say, where the two differ; without --yes, differences are counted
        #[arg(long)]
        adopt_again: bool,
        /// Do so; the logs list every difference for good
        #[arg(long, requires = "adopt_again")]
        yes: bool,
    },
    /// Take migrations back; their tables go, with what they hold
    #[command(after_help = "Example:\n  sts-clearance migrate down --to 002 --yes   removes the snapshots")]
    Down {
        /// The last migration to keep: `002`, or `000` for none
        #[arg(long, value_name = "NUMBER")]
        to: String,
        /// Delete the rows of the tables that go
        #[arg(long)]
        yes: bool,
    },
    /// List the migrations and when each was taken
    Status {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(settings: Config, command: Command) -> Result<()> {
    match command {
        Command::Up { adopt_again, yes } => {
            refuse_to_begin_anew(&settings).await?;
            // Where there is nothing, there is nothing to adopt.
            let app = if adopt_again { open_there(settings)? } else { open(settings)? };
            let BroughtUp { steps, adopted } = schema::bring_up(&app, &Actor::Operator).await?;
            report(&steps, "taken", "there is nothing to take")?;
            report_adopted(&adopted)?;
            if adopt_again { take_rows_over(&app, yes).await } else { Ok(()) }
        }
        Command::Down { to, yes } => {
            let app = open_there(settings)?;
            let taken = way_down::take_back(&app, &Actor::Operator, &to, yes).await?;
            report(&taken, "taken back", "there is nothing to take back")
        }
        Command::Status { json } => show_status(&look(settings)?, json).await,
    }
}

async fn show_status(app: &App, json: bool) -> Result<()> {
    let steps = migrations::status(&app.db).await?;
    if json {
        let steps = steps.iter().map(|step| json!({ "name": step.name, "applied_at": step.applied_at }));
        return print_json(&steps.collect::<Vec<_>>());
    }
    for step in steps {
        let taken = step.applied_at.map_or_else(|| "not taken".to_owned(), |at| format!("taken {at}"));
        print(&format!("{:<32} {taken}", step.name))?;
    }
    Ok(())
}

/// Adopts the logs again whose rows say something else, or says which those are and refuses.
async fn take_rows_over(app: &App, is_meant: bool) -> Result<()> {
    let mode = if is_meant { Mode::Adopt } else { Mode::Count };
    let found = readoption::adopt_again(app, &Actor::Operator, mode).await?;
    if found.is_empty() {
        return print("no row says anything else than the logs; none is adopted again");
    }
    let (mut differing, mut refused) = (0, 0);
    for (log, again) in &found {
        let name = match log {
            Log::Platform => "the platform's log".to_owned(),
            Log::Room(room) => format!("the log of the room {room}"),
        };
        match again {
            Again::LeftAlone => {}
            Again::Differs(count) => {
                differing += 1;
                let done = if is_meant { ", adopted again" } else { "" };
                print(&format!("{name}: {count} {}{done}", if *count == 1 { "difference" } else { "differences" }))?;
            }
            Again::Refused(why) => {
                refused += 1;
                print(&format!("{name} cannot be adopted again: {why}"))?;
            }
        }
    }
    if refused > 0 {
        return Err(Error::Refused(format!("logs that cannot be adopted again, for the reasons above: {refused}")));
    }
    if is_meant {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "adopting again would sign for good what the rows say in place of {differing} logs, whoever has changed them; \
         `sts-clearance fsck` names each difference; repeat with --yes if that is meant"
    )))
}

fn report(names: &[&str], done: &str, nothing: &str) -> Result<()> {
    for name in names {
        print(&format!("{name} {done}"))?;
    }
    if names.is_empty() { print(nothing) } else { Ok(()) }
}

fn report_adopted(Adopted { platform, rooms, left_alone, refused }: &Adopted) -> Result<()> {
    match platform {
        PlatformAdoption::Begun | PlatformAdoption::LeftAlone => {}
        PlatformAdoption::Adopted => print("the platform's log is adopted, which tells everything from here on")?,
        PlatformAdoption::Refused(why) => print(&format!("the platform's log is not adopted: {why}"))?,
    }
    if *rooms > 0 {
        print(&format!("logs adopted, which tell everything from here on: {rooms}"))?;
    }
    if *left_alone > 0 {
        print(&format!(
            "logs that tell everything already and are not adopted again: {left_alone}; if rows were changed by hand, \
             `sts-clearance fsck` names them"
        ))?;
    }
    refused
        .iter()
        .try_for_each(|Refused { room, why }| print(&format!("the log of the room {room} is not adopted: {why}")))
}
