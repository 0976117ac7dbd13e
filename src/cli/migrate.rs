//! `migrate`: takes the migrations of the schema, and takes them back.

use clap::Subcommand;

use crate::{
    app::App,
    cli::terminal::print,
    db::migrations,
    domain::log::{Actor, schema},
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
        Command::Up => report(&migrations::up(&app.db, app.now()).await?, "taken", "there is nothing to take"),
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
