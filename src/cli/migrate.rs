//! `migrate`: takes the migrations of the schema, and takes them back.

use clap::Subcommand;

use crate::{
    app::App,
    cli::terminal::print,
    db::migrations,
    domain::log::{
        Actor,
        adoption::{Adopted, Refused},
        platform_adoption::PlatformAdoption,
        schema::{self, BroughtUp},
    },
    error::Result,
};

/// What to do with the schema.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take every migration that is missing
    Up,
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
    Status,
}

pub(super) async fn run(app: App, command: Command) -> Result<()> {
    match command {
        Command::Up => {
            let BroughtUp { steps, adopted } = schema::bring_up(&app, &Actor::Operator).await?;
            report(&steps, "taken", "there is nothing to take")?;
            report_adopted(&adopted)
        }
        Command::Down { to, yes } => {
            let taken = schema::take_back(&app, &Actor::Operator, &to, yes).await?;
            report(&taken, "taken back", "there is nothing to take back")
        }
        Command::Status => {
            for step in migrations::status(&app.db).await? {
                let taken = step.applied_at.map_or_else(|| "not taken".to_owned(), |at| format!("taken {at}"));
                print(&format!("{:<32} {taken}", step.name))?;
            }
            Ok(())
        }
    }
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
