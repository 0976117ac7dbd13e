//! The keys that sign the logs. The platform's log has an entry for each, and public keys are never removed.

use room::{Event, Log};

use super::{
    actor::Actor,
    operation::{OpenLog, operation},
    trust::trusted,
};
use crate::{
    app::App,
    db::{self, Tx},
    error::Result,
    evidence::{self, LogKey, Succession},
    keys,
};

/// Logs the public key that this server signs with, if it is new, and remembers the notes that lead to it.
pub async fn register(app: &App) -> Result<()> {
    let public_key = app.log_key().public().to_owned();
    if !app.db.read(async |tx| db::logs::keys(tx).await).await?.contains(&public_key) {
        tracing::info!(public_key, "the logs are signed with a key that is new here");
        operation(app, Log::Platform, &Actor::System, register_in).await?;
    }
    let told = app.db.read(async |tx| db::logs::successions(tx).await).await?;
    // Only notes of the form that others read: what is in the log otherwise leads nobody anywhere.
    let notes = told.into_iter().filter(|told| Succession::read(&told.note).is_some()).map(|told| told.note);
    app.keep_key_notes(notes.collect());
    Ok(())
}

/// Takes up the key that is in force now, if it is another than this process signs with: `key rotate` has replaced it.
pub async fn take_up(app: &App) -> Result<()> {
    let Some(key) = keys::log_key_in_force(&app.config)? else { return Ok(()) };
    if key.public() == app.log_key().public() {
        return Ok(());
    }
    tracing::info!(public_key = key.public(), "the logs are signed with another key from now on");
    app.take_up_log_key(key);
    register(app).await
}

/// Logs the public key that this server signs with, if it is new, within an operation on the platform's log.
pub async fn register_in(tx: &mut Tx, log: &mut OpenLog) -> Result<()> {
    let public_key = log.public_key();
    // Several servers may start at once with the same new key; the one that has the log's lock first logs it. The log is
    // asked, not the rows: a key whose row somebody has deleted is not added twice.
    if let Ok(state) = log.platform() {
        if state.keys.iter().any(|key| key.public_key == public_key) {
            return Ok(());
        }
    } else if !db::logs::add_key(tx, &public_key, log.now).await? {
        // A log that does not tell everything leads to no rows, so the row was added here.
        return Ok(());
    }
    log.append(tx, &Event::LogKeyAdded { public_key }).await
}

/// Returns the public keys of this server: the one in force first, then those that it vouches for, then those that the
/// setting `trusted_log_keys` names, with those that they vouch for.
pub async fn public(app: &App) -> Result<Vec<String>> {
    app.db.read(async |tx| trusted(tx, app).await).await
}

/// Replaces the key in the key file by a new one of the same name, and returns the new one. The old secret is gone
/// then; its public key stays, for what it has signed.
pub async fn rotate(app: &App, by: &Actor) -> Result<LogKey> {
    register(app).await?;
    // The file is replaced before the entry is appended: the new secret must not be lost once the log says that it is
    // in force. If the entry cannot be appended, the next start registers the key.
    let key = keys::replace_log_key(&app.config, &app.log_key(), app.secret())?;
    let signed = evidence::succession(&app.log_key(), &key);
    let (from, to) = (app.log_key().public().to_owned(), key.public().to_owned());
    operation(app, Log::Platform, by, async move |tx, log| {
        let rotated = Event::LogKeyRotated { from: from.clone(), to: to.clone(), signed: signed.clone() };
        log.append(tx, &rotated).await
    })
    .await?;
    Ok(key)
}
