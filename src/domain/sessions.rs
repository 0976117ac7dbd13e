//! Sessions: opaque tokens of 256 random bits, of which the database holds only the SHA-256.

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{Actor, Event, Log, Time, activity::OpenLog, fold_email, passwords, users};
use crate::{
    app::App,
    db::{self, users::User},
    error::{Error, Result},
    evidence::Hash,
};

/// Failed sign-ins for one address within [`WINDOW`] before it is asked to wait.
const FAILURES: i64 = 10;
/// How long failed sign-ins are counted together.
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
    let now = app.now();
    let (failures, account) = app
        .db
        .read(async |tx| Ok((db::users::login_failures(tx, &email).await?, db::users::by_email(tx, &email).await?)))
        .await?;
    if let Some((_, since)) = failures.filter(|(count, since)| *count >= FAILURES && *since >= now.before(WINDOW)) {
        let seconds = WINDOW.saturating_sub(now.since(since)).as_secs().max(1);
        return Err(Error::TooManyAttempts { seconds });
    }
    let (user, hash) = account.filter(|(user, _)| !user.disabled).unzip();
    let fits = passwords::verify(app, password, hash).await?;
    let Some(user) = user.filter(|_| fits) else {
        app.db.write(async move |tx| db::users::count_login_failure(tx, &email, now, now.before(WINDOW)).await).await?;
        return Err(Error::WrongCredentials);
    };

    let token = hex::encode(app.secret());
    let token_hash = hash_token(&token);
    let expires_at = now.after(app.config.session_duration());
    let in_tx = (app.clone(), user.clone());
    app.db
        .write(async move |tx| {
            let (app, user) = &in_tx;
            let mut log = OpenLog::lock(tx, app, Log::Platform).await?;
            db::users::clear_login_failures(tx, &user.email).await?;
            db::sessions::insert(tx, &token_hash, user.id, now, expires_at).await?;
            log.append(tx, &actor(user), &Event::SignedIn {}).await
        })
        .await?;
    Ok(Session { token, expires_at, user })
}

/// Ends the session of this token.
pub async fn sign_out(app: &App, by: &Actor, token: Hash) -> Result<()> {
    let (app, by) = (app.clone(), by.clone());
    app.db
        .clone()
        .write(async move |tx| {
            let mut log = OpenLog::lock(tx, &app, Log::Platform).await?;
            db::sessions::delete(tx, &token).await?;
            log.append(tx, &by, &Event::SignedOut {}).await
        })
        .await
}

/// Replaces one's own password, which takes the present one; every other session of the user ends.
pub async fn change_password(app: &App, user: &User, token: Hash, current: String, new: &str) -> Result<()> {
    let account = app.db.read(async |tx| db::users::by_email(tx, &user.email).await).await?;
    if !passwords::verify(app, current, account.map(|(_, hash)| hash)).await? {
        return Err(Error::field("current_password", "is not your present password"));
    }
    users::set_password(app, &actor(user), &user.email, new, Some(token)).await
}

/// What the database knows a token by.
pub fn hash_token(token: &str) -> Hash {
    Sha256::digest(token).into()
}

/// A user acting outside any room.
pub fn actor(user: &User) -> Actor {
    Actor::User { email: user.email.clone(), name: user.name.clone(), role: user.role }
}
