//! Sessions: opaque tokens of 256 random bits, of which the database holds only the SHA-256.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{
    Actor, Event, Log, SessionId, Time, UserId,
    bounds::LONGEST_LINE,
    fields::{is_email, is_legible},
    fold_email, operation, passwords,
    users::{self, Verified},
};
use crate::{
    app::App,
    db::{self, Tx, users::User},
    error::{Error, Result},
    evidence::Hash,
};

/// Passwords tried for one address within [`WINDOW`] before it is asked to wait; the right one starts
/// the count again.
const MOST_ATTEMPTS: i64 = 10;
/// A session that is used is noted no more often than this.
const SEEN_AGAIN: Duration = Duration::from_mins(5);
/// How long attempts are counted together.
pub const WINDOW: Duration = Duration::from_mins(15);

/// A new session: the only time its token is seen.
pub struct Session {
    /// To be sent with every request.
    pub token: String,
    /// When it ends by itself.
    pub expires_at: Time,
    /// Who is signed in.
    pub user: User,
}

/// Signs in, with a program that calls itself so. Unknown address, disabled account and wrong password get the same
/// answer after the same work.
pub async fn sign_in(app: &App, email: &str, password: String, user_agent: Option<&str>) -> Result<Session> {
    let email = fold_email(email);
    count_attempt(app, &email).await?;
    // What cannot be an address is not looked up; the work is the same.
    let lookup = async |tx: &mut Tx| if is_email(&email) { db::users::by_email(tx, &email).await } else { Ok(None) };
    let account = app.db.read(lookup).await?;
    let (user, hash) = account.filter(|(user, _)| !user.disabled).unzip();
    let fits = passwords::verify(app, password, hash.clone()).await?;
    let user = user.filter(|_| fits).ok_or(Error::WrongCredentials)?;

    let token = hex::encode(app.secret());
    let token_hash = hash_token(&token);
    let now = app.now();
    let expires_at = now.after(app.config.session_duration());
    let session = db::sessions::Session {
        id: SessionId(app.new_id()),
        user: user.id,
        user_agent: user_agent.and_then(legible_part),
        created_at: now,
        last_seen_at: now,
        expires_at,
    };
    let signed_in = user.clone();
    operation(app, Log::Platform, &actor(&user, None), async move |tx, log| {
        // The account may have changed while the password was examined.
        let account = db::users::by_email(tx, &signed_in.email).await?;
        if account.map(|(_, hash)| hash) != hash {
            return Err(Error::WrongCredentials);
        }
        db::users::clear_sign_in_attempts(tx, &address_key(&signed_in.email)).await?;
        db::sessions::insert(tx, &token_hash, &session).await?;
        log.append(tx, &Event::SignedIn {}).await
    })
    .await
    .map_err(|error| if matches!(error, Error::Unauthenticated) { Error::WrongCredentials } else { error })?;
    Ok(Session { token, expires_at, user })
}

/// What of a program's name for itself is kept.
fn legible_part(name: &str) -> Option<String> {
    let legible: String = name.trim().chars().filter(|letter| is_legible(*letter)).take(LONGEST_LINE).collect();
    (!legible.is_empty()).then_some(legible)
}

/// Notes now and then that a session is used. Nobody waits for it, and where it fails it is made good the next time.
pub fn seen(app: &App, token: Hash, last_seen_at: Time) {
    let now = app.now();
    if now.since(last_seen_at) < SEEN_AGAIN {
        return;
    }
    let app = app.clone();
    tokio::spawn(async move {
        let due = now.before(SEEN_AGAIN);
        if let Err(error) = app.db.write(async move |tx| db::sessions::seen(tx, &token, now, due).await).await {
            tracing::warn!(%error, "that a session is used could not be noted");
        }
    });
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

/// Counts an attempt before it is examined, so that many at once are not all heard.
async fn count_attempt(app: &App, email: &str) -> Result<()> {
    let (key, now) = (address_key(email), app.now());
    let (attempts, since) =
        app.db.write(async move |tx| db::users::count_sign_in_attempt(tx, &key, now, now.before(WINDOW)).await).await?;
    if attempts <= MOST_ATTEMPTS {
        return Ok(());
    }
    Err(Error::TooManyAttempts { seconds: WINDOW.saturating_sub(now.since(since)).as_secs().max(1) })
}

/// What attempts are counted by: of a size of its own, whatever was typed.
pub(super) fn address_key(email: &str) -> Hash {
    Sha256::digest(email).into()
}

/// Ends the session of this token.
pub async fn sign_out(app: &App, by: &Actor, token: Hash) -> Result<()> {
    operation(app, Log::Platform, by, async move |tx, log| {
        db::sessions::delete(tx, &token).await?;
        log.append(tx, &Event::SignedOut {}).await
    })
    .await
}

/// Replaces one's own password by another, which takes the present one; every other session of the user ends.
pub async fn change_password(app: &App, user: &User, token: Hash, current: String, new: &str) -> Result<()> {
    count_attempt(app, &user.email).await?;
    let account = app.db.read(async |tx| db::users::by_email(tx, &user.email).await).await?;
    let password_hash = account.map(|(_, hash)| hash).ok_or(Error::Unauthenticated)?;
    let is_the_same = current == new;
    if !passwords::verify(app, current, Some(password_hash.clone())).await? {
        return Err(Error::field("current_password", "is not your present password"));
    }
    if is_the_same {
        return Err(Error::field("new_password", "must differ from the present one"));
    }
    users::replace_password(app, user, new, Verified { session: token, password_hash }).await
}

/// What the database knows a token by.
pub fn hash_token(token: &str) -> Hash {
    Sha256::digest(token).into()
}

/// A user acting outside any room, by the session of this token where there is one.
pub fn actor(user: &User, session: Option<Hash>) -> Actor {
    Actor::User { email: user.email.clone(), name: user.name.clone(), role: user.role, session }
}
