//! The keys that sign the logs. The platform's log has an entry for each, and public keys are never removed.

use room::{Event, Log};

use super::{
    actor::Actor,
    heads,
    operation::{OpenLog, operation},
    trust::{self, trusted},
};
use crate::{
    app::App,
    db::{self, Tx},
    error::{Error, Result},
    evidence::{self, KeyNotes, LogKey, Revocation},
    keys,
};

/// Logs the public key that this server signs with, if it is new, and remembers the notes that lead to it.
pub async fn register(app: &App) -> Result<()> {
    let public_key = app.log_key().public().to_owned();
    if !app.db.read(async |tx| db::logs::keys(tx).await).await?.contains(&public_key) {
        tracing::info!(public_key, "the logs are signed with a key that is new here");
        operation(app, Log::Platform, &Actor::System, register_in).await?;
    }
    remember_notes(app).await
}

/// Remembers the notes about keys that the platform's log tells of. Only those of the form that others read: another one
/// leads nobody anywhere.
async fn remember_notes(app: &App) -> Result<()> {
    let from = app.key_notes_up_to();
    let (notes, to) = app.db.read(async |tx| db::logs::key_notes(tx, from).await).await?;
    app.add_key_notes(from, to, notes.into_iter().filter(|note| KeyNotes::is_one(note)).collect());
    Ok(())
}

/// Declares that a key which was replaced counts no more, from an entry of the log of heads on.
///
/// # Errors
///
/// Fails if the key is the one in force, or is none that it has followed, or if the log of heads is not so long.
pub async fn revoke(app: &App, by: &Actor, key: &str, from: u64) -> Result<()> {
    let in_force = app.log_key();
    if key == in_force.public() {
        return Err(Error::setup("the key is in force: replace it first, by `key rotate`"));
    }
    let successions = app.db.read(async |tx| db::logs::successions(tx).await).await?;
    if !evidence::vouched(in_force.public(), &successions).contains(key) {
        return Err(Error::setup("it is no key that the one in force has followed; `key show` lists these"));
    }
    let heads = app.db.read(async |tx| db::heads_log::find(tx).await).await?;
    let heads = heads
        .ok_or_else(|| Error::setup("the log of heads has no entry yet, from which the key could count no more"))?;
    if from > heads.size {
        return Err(Error::setup(format!(
            "the log of heads has {} entries: from one of them, or from the next",
            heads.size
        )));
    }
    let Revocation { key, origin, from, note } = Revocation::signed(&in_force, key, &heads.origin, from);
    operation(app, Log::Platform, by, async move |tx, log| {
        let (public_key, heads_origin, signed) = (key.clone(), origin.clone(), note.clone());
        log.append(tx, &Event::LogKeyRevoked { public_key, heads_origin, from, signed }).await
    })
    .await?;
    remember_notes(app).await
}

/// Looks whether the key is still there, and does the rest of [`take_up`] only if it is not, or was not.
pub async fn look(app: &App) -> Result<()> {
    let in_force = keys::log_key_in_force(&app.config);
    let is_there = matches!(in_force, Ok(Some(key)) if key.public() == app.log_key().public());
    if is_there && !app.key_trouble.is_there() { Ok(()) } else { take_up(app).await }
}

/// Takes up the key that is in force now, if it is another than this process signs with and the logs know it: `key rotate`
/// has replaced it. Notes if the key is gone, or if the logs are signed with a key that it does not vouch for.
pub async fn take_up(app: &App) -> Result<()> {
    let found = match keys::log_key_in_force(&app.config) {
        Ok(Some(key)) => key,
        Ok(None) => {
            let fault = format!("the key file {} is gone", app.config.log_key_file().display());
            app.key_trouble.note(Some(fault));
            return Ok(());
        }
        Err(error) => {
            app.key_trouble.note(Some(error.to_string()));
            return Ok(());
        }
    };
    let fault = signed_by_another(app, &found).await?;
    let is_fit = fault.is_none();
    app.key_trouble.note(fault);
    if found.public() == app.log_key().public() {
        // `key revoke` may have said something since.
        return remember_notes(app).await;
    }
    if !is_fit {
        // A file with a strange key is no reason to sign with it.
        return Ok(());
    }
    tracing::info!(public_key = found.public(), "the logs are signed with another key from now on");
    app.take_up_log_key(found);
    register(app).await
}

/// Returns why this key cannot sign the logs of the database, in words. `None` if it can.
async fn signed_by_another(app: &App, key: &LogKey) -> Result<Option<String>> {
    let roots = trust::roots_with(&app.config, Some(key.public()));
    let signers = app.db.read(async move |tx| heads::signed_by_another(tx, roots).await).await?;
    Ok(signers.map(|signers| {
        let public = key.public();
        format!("the logs are signed with {signers}, for which the key here, `{public}`, does not vouch")
    }))
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
