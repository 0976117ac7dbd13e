//! Sessions: opaque tokens of 256 random bits, of which the database holds only the SHA-256.

use std::time::Duration;

use room::{Event, Log, SessionId, Time, UserId};
use sha2::{Digest, Sha256};

use crate::{
    app::App,
    db::{self, Tx, users::User},
    domain::log::{Actor, OpenLog, operation},
    error::{Error, Result},
    evidence::Hash,
};

/// A session that is used is noted no more often than this.
const SEEN_AGAIN: Duration = Duration::from_mins(5);
/// How long a password given in a session counts for what cannot be undone.
pub const PASSWORD_COUNTS: Duration = Duration::from_mins(5);

/// Notes now and then that a session is used. Nobody waits for it, and where it fails it is made good the next time.
pub fn seen(app: &App, token: Hash, last_seen_at: Time) {
    let now = app.now();
    if now.since(last_seen_at) < SEEN_AGAIN {
        return;
    }
    let app = app.clone();
    tokio::spawn(async move {
        let (due, idle_at) = (now.before(SEEN_AGAIN), idle_at(&app, now));
        if let Err(error) = app.db.write(async move |tx| db::sessions::seen(tx, &token, now, due, idle_at).await).await
        {
            tracing::warn!(%error, "that a session is used could not be noted");
        }
    });
}

/// When a session ends that was used now and is not used again. That it is used is noted late by [`SEEN_AGAIN`], which
/// is not to its disadvantage.
pub fn idle_at(app: &App, now: Time) -> Time {
    now.after(app.config.session_idle_duration()).after(SEEN_AGAIN)
}

/// One's sessions that hold now, the newest first, each with whether it is that of this token.
pub async fn list(app: &App, user: UserId, token: Hash) -> Result<Vec<(db::sessions::Session, bool)>> {
    app.db.read(async |tx| db::sessions::of_user(tx, user, &token, app.now()).await).await
}

/// Ends one of one's own sessions.
pub async fn end(app: &App, user: &User, token: Hash, session: SessionId) -> Result<()> {
    let id = user.id;
    operation(app, Log::Platform, &actor(user, Some(token)), async move |tx, log| {
        if !db::sessions::end(tx, id, session, log.now).await? {
            return Err(Error::NotFound("session"));
        }
        log.append(tx, &Event::SessionEnded { session_id: session }).await
    })
    .await
}

/// Ends all of one's own sessions but that of this token.
pub async fn end_others(app: &App, user: &User, token: Hash) -> Result<()> {
    let id = user.id;
    operation(app, Log::Platform, &actor(user, Some(token)), async move |tx, log| {
        db::sessions::drop_expired(tx, log.now).await?;
        match db::sessions::delete_of_user(tx, id, Some(&token)).await? {
            0 => Ok(()),
            sessions => log.append(tx, &Event::OtherSessionsEnded { sessions }).await,
        }
    })
    .await
}

/// Ends the session of this token.
pub async fn sign_out(app: &App, by: &Actor, token: Hash) -> Result<()> {
    operation(app, Log::Platform, by, async move |tx, log| {
        db::sessions::delete(tx, &token).await?;
        log.append(tx, &Event::SignedOut {}).await
    })
    .await
}

/// Refuses what cannot be undone to a session in which the password was not given just now: it may be in other hands.
/// Who runs the server has no session.
pub async fn ask_for_password(tx: &mut Tx, log: &OpenLog) -> Result<()> {
    let Actor::User { session: Some(session), .. } = log.by() else { return Ok(()) };
    let given_at = db::sessions::password_at(tx, session).await?;
    if given_at.is_some_and(|given_at| counts(given_at, log.now)) { Ok(()) } else { Err(Error::PasswordRequired) }
}

/// Whether a password that was given then counts now for what cannot be undone.
pub fn counts(given_at: Time, now: Time) -> bool {
    given_at.apart(now) <= PASSWORD_COUNTS
}

/// What the database knows a token by.
pub fn hash_token(token: &str) -> Hash {
    Sha256::digest(token).into()
}

/// A user acting outside any room, by the session of this token where there is one.
pub fn actor(user: &User, session: Option<Hash>) -> Actor {
    Actor::User { email: user.email.clone(), name: user.name.clone(), role: user.role, session }
}
