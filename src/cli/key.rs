//! `key`: the key that signs the logs.

use clap::Subcommand;

use crate::{
    cli::{start::open, terminal::print},
    config::Config,
    domain::log::{self, Actor},
    error::{Error, Result},
    evidence::LogKey,
    keys, random,
};

/// What to do with the key.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the public keys: the one in force first, then those that it follows
    Show,
    /// Replace the key in the key file by a new one of the same name; the old public key is kept
    Rotate,
    /// Print a new key, for the setting `log_key`
    New {
        /// Name of the key: one word, best the server's address without `https://`
        #[arg(long)]
        name: String,
    },
}

pub(super) async fn run(settings: Config, command: Command) -> Result<()> {
    // Without opening anything: the key is for a server that may not be there yet.
    if let Command::New { name } = command {
        let key = LogKey::new(&name, random::new_secret()).map_err(|error| Error::setup(error.to_string()))?;
        return print(&key.private());
    }
    // Before the log is looked at, which a key that was given may not have signed.
    if let Command::Rotate = command {
        keys::check_replaceable(&settings)?;
    }
    let app = open(settings)?;
    log::schema::prepare(&app, &Actor::Operator).await?;
    log::keys::register(&app).await?;
    let current = app.log_key().public().to_owned();
    if let Command::Rotate = command {
        let key = log::keys::rotate(&app, &Actor::Operator).await?;
        print(&format!(
            "logs are signed with {} from now on; a server that runs takes the key up within seconds",
            key.public()
        ))?;
        return print(&format!("{current} is kept, for what it has signed"));
    }
    log::keys::public(&app).await?.iter().try_for_each(|key| print(key))
}
