//! Sessions: opaque tokens of 256 random bits, of which the database holds only the SHA-256.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{
    Actor, Event, Log, Time,
    fields::is_email,
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

/// Signs in. Unknown address, disabled account and wrong password get the same answer after the same work.
pub async fn sign_in(app: &App, email: &str, password: String) -> Result<Session> {
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
    let expires_at = app.now().after(app.config.session_duration());
    let signed_in = user.clone();
    operation(app, Log::Platform, &actor(&user), async move |tx, log| {
        // The account may have changed while the password was examined.
        let account = db::users::by_email(tx, &signed_in.email).await?;
        if account.map(|(_, hash)| hash) != hash {
            return Err(Error::WrongCredentials);
        }
        db::users::clear_sign_in_attempts(tx, &address_key(&signed_in.email)).await?;
        db::sessions::insert(tx, &token_hash, signed_in.id, log.now, expires_at).await?;
        log.append(tx, &Event::SignedIn {}).await
    })
    .await
    .map_err(|error| if matches!(error, Error::Unauthenticated) { Error::WrongCredentials } else { error })?;
    Ok(Session { token, expires_at, user })
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

/// Replaces one's own password, which takes the present one; every other session of the user ends.
pub async fn change_password(app: &App, user: &User, token: Hash, current: String, new: &str) -> Result<()> {
    count_attempt(app, &user.email).await?;
    let account = app.db.read(async |tx| db::users::by_email(tx, &user.email).await).await?;
    let password_hash = account.map(|(_, hash)| hash).ok_or(Error::Unauthenticated)?;
    if !passwords::verify(app, current, Some(password_hash.clone())).await? {
        return Err(Error::field("current_password", "is not your present password"));
    }
    let verified = Verified { session: token, password_hash };
    users::set_password(app, &actor(user), &user.email, new, Some(verified)).await
}

/// What the database knows a token by.
pub fn hash_token(token: &str) -> Hash {
    Sha256::digest(token).into()
}

/// A user acting outside any room.
pub fn actor(user: &User) -> Actor {
    Actor::User { email: user.email.clone(), name: user.name.clone(), role: user.role }
}
