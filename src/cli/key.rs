//! `key`: the key that signs the logs.

use clap::Subcommand;
use serde_json::json;

use crate::{
    cli::{
        start::open_there,
        terminal::{print, print_json},
    },
    config::Config,
    db::migrations,
    domain::log::{self, Actor},
    error::{Error, Result},
    evidence::LogKey,
    keys, random,
};

/// What to do with the key.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print the public keys: the one in force first, then those that it follows
    Show {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Replace the key in the key file by a new one of the same name; the old public key is kept
    Rotate,
    /// Declare that a key which was replaced counts no more: somebody else may have it. A server that runs publishes that
    /// within seconds
    Revoke {
        /// The public key, as `key show` prints it
        key: String,
        /// The entry of the log of heads from which on it counts no more: the first that others may have made; `/heads/checkpoint`
        /// tells how many there are
        #[arg(long, value_name = "N")]
        from: u64,
    },
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
    let app = open_there(settings)?;
    if let Command::Show { json } = command {
        migrations::check(&app.db).await?;
        return show(&log::keys::public(&app).await?, json);
    }
    log::schema::prepare_existing(&app, &Actor::Operator).await?;
    log::keys::register(&app).await?;
    if let Command::Revoke { key, from } = command {
        log::keys::revoke(&app, &Actor::Operator, &key, from).await?;
        return print(&format!("{key} counts no more from entry {from} of the log of heads on"));
    }
    let current = app.log_key().public().to_owned();
    let key = log::keys::rotate(&app, &Actor::Operator).await?;
    print(&format!(
        "logs are signed with {} from now on; a server that runs takes the key up within seconds",
        key.public()
    ))?;
    print(&format!("{current} is kept, for what it has signed"))
}

fn show(keys: &[String], json: bool) -> Result<()> {
    if !json {
        return keys.iter().try_for_each(|key| print(key));
    }
    let with_place = |(place, key): (usize, &String)| json!({ "key": key, "in_force": place == 0 });
    print_json(&keys.iter().enumerate().map(with_place).collect::<Vec<_>>())
}
