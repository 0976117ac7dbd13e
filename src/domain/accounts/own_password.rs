//! A user's own password: replacing it, and giving it again before something that cannot be undone.

use room::{Event, Log};

use super::{
    attempts,
    passwords::{self, Owner},
    requests, sessions,
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

/// Replaces the user's own password, for which they have to give the present one. All their other sessions end.
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

/// Confirms the session by the user's password, after which it may do what cannot be undone for
/// [`sessions::PASSWORD_COUNTS`].
pub async fn confirm_password(
    app: &App,
    user: &User,
    (token, network): (Hash, Network),
    password: String,
) -> Result<()> {
    let password_hash = verified(app, (user, network), "password", password).await?;
    let id = user.id;
    operation(app, Log::Platform, &sessions::actor(user, Some(token)), async move |tx, log| {
        // The password may have been replaced while it was examined: then the old one confirms nothing.
        let account = db::users::find(tx, id).await?.ok_or(Error::Unauthenticated)?;
        let present = db::users::by_email(tx, &account.email).await?.map(|(_, hash)| hash);
        if present.as_ref() != Some(&password_hash) {
            return Err(Error::Unauthenticated);
        }
        attempts::succeeded_in_session(tx, id).await?;
        db::sessions::set_password_at(tx, &token, log.clock()).await?;
        log.append(tx, &Event::PasswordConfirmed {}).await
    })
    .await
}

/// Returns the hash that the present password fits. Another password is refused, and so are too many attempts, with an
/// entry in the platform's log.
async fn verified(app: &App, (user, network): (&User, Network), field: &str, password: String) -> Result<String> {
    let answer = examine(app, user, field, password).await;
    // An error of the server is not logged as a refusal: it says nothing about the password.
    if let Err(Error::Invalid(_) | Error::TooManyAttempts { .. }) = answer {
        let (reason, account) = (Reason::PresentPassword, Some(user.email.clone()));
        refusals::note(app, Kind::AtDoor { reason, network, account, room: None }).await;
    }
    answer
}

async fn examine(app: &App, user: &User, field: &str, password: String) -> Result<String> {
    attempts::admit_in_session(app, user.id).await?;
    let account = app.db.read(async |tx| db::users::by_email(tx, &user.email).await).await?;
    let password_hash = account.map(|(_, hash)| hash).ok_or(Error::Unauthenticated)?;
    if !hashing::verify(&app.hashing, password, Some(password_hash.clone())).await? {
        return Err(Error::field(field, "is not your present password"));
    }
    Ok(password_hash)
}

/// The proof that a user may replace their password.
#[derive(Debug, Clone)]
struct Verified {
    /// The session in which it was given, which goes on when the others end.
    session: Hash,
    /// The hash that the present password fitted.
    password_hash: String,
}

/// Replaces the user's own password, and ends their other sessions.
async fn replace_password(app: &App, user: &User, password: &str, verified: Verified) -> Result<()> {
    let password_hash =
        passwords::checked_hash(&app.hashing, Owner { email: &user.email, name: &user.name }, password).await?;
    let (id, email) = (user.id, user.email.clone());
    operation(app, Log::Platform, &sessions::actor(user, Some(verified.session)), async move |tx, log| {
        // Of two changes at once, both of which knew the present password, only the first goes through. Otherwise a
        // thief with a session could undo the owner's change by a request that was already on its way.
        let present = db::users::by_email(tx, &email).await?.map(|(_, hash)| hash);
        if present.as_ref() != Some(&verified.password_hash) {
            return Err(Error::conflict("the password was changed meanwhile by somebody else"));
        }
        db::users::keep_password(tx, id, &password_hash).await?;
        db::links::end_for_password(tx, &email, log.clock()).await?;
        attempts::succeeded_in_session(tx, id).await?;
        db::sessions::delete_of_user(tx, id, Some(&verified.session)).await?;
        db::sessions::set_password_at(tx, &verified.session, log.clock()).await?;
        log.append(tx, &requests::password_changed(email, &password_hash, false, None)).await
    })
    .await
}
