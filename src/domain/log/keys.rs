//! The keys that sign the logs: each is told to the platform's log, and its public half kept for good.

use room::{Event, Log};

use super::{
    actor::Actor,
    operation::{OpenLog, operation},
};
use crate::{
    app::App,
    db::{self, Tx},
    error::{Error, Result},
    evidence::{self, LogKey},
    keys,
};

/// Notes the public key that this server signs with, where it is new.
pub async fn register(app: &App) -> Result<()> {
    let public_key = app.log_key.public().to_owned();
    if app.db.read(async |tx| db::logs::keys(tx).await).await?.contains(&public_key) {
        return Ok(());
    }
    tracing::info!(public_key, "the logs are signed with a key that is new here");
    operation(app, Log::Platform, &Actor::System, register_in).await
}

/// Notes within an operation on the platform's log the key that it signs with, where it is new.
pub async fn register_in(tx: &mut Tx, log: &mut OpenLog) -> Result<()> {
    let public_key = log.public_key().to_owned();
    if db::logs::add_key(tx, &public_key, log.now).await? {
        log.append(tx, &Event::LogKeyAdded { public_key }).await?;
    }
    Ok(())
}

/// The public keys of this server: the one in force first, then those that it follows.
pub async fn public(app: &App) -> Result<Vec<String>> {
    let known = app.db.read(async |tx| db::logs::told_keys(tx).await).await?;
    let current = app.log_key.public();
    let earlier = known.into_iter().filter(|key| key != current);
    Ok(std::iter::once(current.to_owned()).chain(earlier).collect())
}

/// Replaces the key in the key file by a new one of the same name, and answers it. The old secret is
/// gone then; its public key stays, for what it has signed.
///
/// The file is replaced first: where the log cannot be told, it is told at the next start.
pub async fn rotate(app: &App, by: &Actor) -> Result<LogKey> {
    register(app).await?;
    let key = keys::replace_log_key(&app.config, &app.log_key, app.secret())?;
    let signed = evidence::succession(&app.log_key, &key);
    let signed = signed.map_err(|error| Error::internal(format!("keys that cannot sign: {error}")))?;
    let (from, to) = (app.log_key.public().to_owned(), key.public().to_owned());
    operation(app, Log::Platform, by, async move |tx, log| {
        db::logs::add_key(tx, &to, log.now).await?;
        let rotated = Event::LogKeyRotated { from: from.clone(), to: to.clone(), signed: signed.clone() };
        log.append(tx, &rotated).await
    })
    .await?;
    Ok(key)
}
