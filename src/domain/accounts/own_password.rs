//! One's own password: replaced, or given again for what cannot be undone.

use room::{Event, Log};

use super::{
    attempts,
    passwords::{self, Owner},
    sessions,
};
use crate::{
    app::App,
    db::{self, users::User},
    domain::log::{operation, refusals},
    error::{Error, Result},
    evidence::Hash,
    hashing,
    network::Network,
    refusals::{Kind, Reason},
};

/// Replaces one's own password by another, which takes the present one; every other session of the user ends.
pub async fn change_password(
    app: &App,
    user: &User,
    (token, network): (Hash, Network),
    current: String,
    new: &str,
) -> Result<()> {
    let is_the_same = current == new;
    let password_hash = verified(app, (user, network), "current_password", current).await?;
    if is_the_same {
        return Err(Error::field("new_password", "must differ from the present one"));
    }
    replace_password(app, user, new, Verified { session: token, password_hash }).await
}

/// Gives one's password again, after which what cannot be undone may be done for [`PASSWORD_COUNTS`].
pub async fn confirm_password(
    app: &App,
    user: &User,
    (token, network): (Hash, Network),
    password: String,
) -> Result<()> {
    let password_hash = verified(app, (user, network), "password", password).await?;
    let id = user.id;
    operation(app, Log::Platform, &sessions::actor(user, Some(token)), async move |tx, log| {
        let account = db::users::find(tx, id).await?.ok_or(Error::Unauthenticated)?;
        let present = db::users::by_email(tx, &account.email).await?.map(|(_, hash)| hash);
        if present.as_ref() != Some(&password_hash) {
            return Err(Error::Unauthenticated);
        }
        attempts::succeeded_in_session(tx, id).await?;
        db::sessions::set_password_at(tx, &token, log.now).await?;
        log.append(tx, &Event::PasswordConfirmed {}).await
    })
    .await
}

/// The hash that the present password fits. Another is refused, and so are too many others; the platform's log tells it.
async fn verified(app: &App, (user, network): (&User, Network), field: &str, password: String) -> Result<String> {
    let answer = examine(app, user, field, password).await;
    // Not where the server could not tell.
    if let Err(Error::Invalid(_) | Error::TooManyAttempts { .. }) = answer {
        let (reason, account) = (Reason::PresentPassword, Some(user.email.clone()));
        refusals::note(app, Kind::AtDoor { reason, network, account, room: None }).await;
    }
    answer
}

async fn examine(app: &App, user: &User, field: &str, password: String) -> Result<String> {
    attempts::hear_in_session(app, user.id).await?;
    let account = app.db.read(async |tx| db::users::by_email(tx, &user.email).await).await?;
    let password_hash = account.map(|(_, hash)| hash).ok_or(Error::Unauthenticated)?;
    if !hashing::verify(&app.hashing, password, Some(password_hash.clone())).await? {
        return Err(Error::field(field, "is not your present password"));
    }
    Ok(password_hash)
}

/// What a change of one's own password rests on.
#[derive(Debug, Clone)]
struct Verified {
    /// The session that goes on; every other ends.
    session: Hash,
    /// The hash that the present password was found to fit.
    password_hash: String,
}

/// Replaces one's own password, and ends one's other sessions.
async fn replace_password(app: &App, user: &User, password: &str, verified: Verified) -> Result<()> {
    let password_hash =
        passwords::checked_hash(&app.hashing, Owner { email: &user.email, name: &user.name }, password).await?;
    let (id, email) = (user.id, user.email.clone());
    operation(app, Log::Platform, &sessions::actor(user, Some(verified.session)), async move |tx, log| {
        let present = db::users::by_email(tx, &email).await?.map(|(_, hash)| hash);
        if present.as_ref() != Some(&verified.password_hash) {
            return Err(Error::conflict("the password was changed meanwhile by somebody else"));
        }
        db::users::set_password(tx, id, &password_hash, None).await?;
        attempts::succeeded_in_session(tx, id).await?;
        db::sessions::delete_of_user(tx, id, Some(&verified.session)).await?;
        db::sessions::set_password_at(tx, &verified.session, log.now).await?;
        log.append(tx, &Event::PasswordChanged { email, asked_by: None }).await
    })
    .await
}
