//! Sessions: opaque tokens of 256 random bits, of which the database has only the SHA-256. A copy of the database opens
//! no session.

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

/// How often the use of a session is noted at most.
const SEEN_AGAIN: Duration = Duration::from_mins(5);
/// How long a password that was given in a session counts for what cannot be undone.
pub const PASSWORD_COUNTS: Duration = Duration::from_mins(5);

/// Notes that a session is used, if that was not noted a few minutes ago. The request does not wait for it.
pub fn seen(app: &App, token: Hash, last_seen_at: Time) {
    let now = app.now();
    // `apart`, not `since`: what a clock that was ahead has noted is put right.
    if now.apart(last_seen_at) < SEEN_AGAIN {
        return;
    }
    // Each request would otherwise be a write, also one that only reads. If this write fails, the next request repeats
    // it.
    let app = app.clone();
    tokio::spawn(async move {
        let idle_at = idle_at(&app, now);
        let noted =
            app.db.write(async move |tx| db::sessions::seen(tx, &token, last_seen_at, now, idle_at).await).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "that a session is used could not be noted");
        }
    });
}

/// Returns when a session ends that was used now and is not used again.
pub fn idle_at(app: &App, now: Time) -> Time {
    // Its use is noted late by up to `SEEN_AGAIN`; without this it could end that much too early.
    now.after(app.config.session_idle_duration()).after(SEEN_AGAIN)
}

/// Returns the user's valid sessions, the newest first, each with whether it is the one of this token.
pub async fn list(app: &App, user: UserId, token: Hash) -> Result<Vec<(db::sessions::Session, bool)>> {
    app.db.read(async |tx| db::sessions::of_user(tx, user, &token, app.now()).await).await
}

/// Ends one of the user's own sessions.
pub async fn end(app: &App, user: &User, token: Hash, session: SessionId) -> Result<()> {
    let id = user.id;
    operation(app, Log::Platform, &actor(user, Some(token)), async move |tx, log| {
        if !db::sessions::end(tx, id, session, log.clock()).await? {
            return Err(Error::NotFound("session"));
        }
        log.append(tx, &Event::SessionEnded { session_id: session }).await
    })
    .await
}

/// Ends all of the user's own sessions but the one of this token.
pub async fn end_others(app: &App, user: &User, token: Hash) -> Result<()> {
    let id = user.id;
    operation(app, Log::Platform, &actor(user, Some(token)), async move |tx, log| {
        // Expired ones go first: the entry counts the sessions that were ended, and those had ended by themselves.
        db::sessions::drop_expired(tx, log.clock()).await?;
        match db::sessions::delete_of_user(tx, id, Some(&token)).await? {
            0 => Ok(()),
            sessions => log.append(tx, &Event::OtherSessionsEnded { sessions }).await,
        }
    })
    .await
}

/// Signs out: ends the session of this token.
pub async fn sign_out(app: &App, by: &Actor, token: Hash) -> Result<()> {
    operation(app, Log::Platform, by, async move |tx, log| {
        db::sessions::delete(tx, &token).await?;
        log.append(tx, &Event::SignedOut {}).await
    })
    .await
}

/// Refuses what cannot be undone if the password was not given in this session within the last minutes: a session may
/// have been stolen, or left open. The person who runs the server has no session, and is not asked.
pub async fn ask_for_password(tx: &mut Tx, log: &OpenLog) -> Result<()> {
    let Actor::User { session: Some(session), .. } = log.by() else { return Ok(()) };
    let given_at = db::sessions::password_at(tx, session).await?;
    if given_at.is_some_and(|given_at| counts(given_at, log.clock())) { Ok(()) } else { Err(Error::PasswordRequired) }
}

/// Returns whether a password that was given at `given_at` still counts for what cannot be undone.
pub fn counts(given_at: Time, now: Time) -> bool {
    // `apart`, not `since`: if the clock was set back meanwhile, `since` would be zero, and the password would count
    // until the clock has caught up.
    given_at.apart(now) <= PASSWORD_COUNTS
}

/// Returns the hash by which the database has a token.
pub fn hash_token(token: &str) -> Hash {
    Sha256::digest(token).into()
}

/// Returns the actor for what a user does outside of rooms, in the session of this token if there is one.
pub fn actor(user: &User, session: Option<Hash>) -> Actor {
    let User { email, name, role, .. } = user.clone();
    Actor::User { email, name, role, roles: role.into(), session }
}
