//! Accounts: made and changed by an operator, or by their owner where it is the password.

use super::{Actor, Event, Fields, Log, Role, UserId, fold_email, operation, passwords, sessions};
use crate::{
    app::App,
    db::{self, users::User},
    error::{Error, Result},
    evidence::Hash,
};

/// An account to make.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Address.
    pub email: String,
    /// Name.
    pub name: String,
    /// Role where no room is concerned.
    pub role: Role,
    /// First password.
    pub password: String,
}

/// Makes an account.
pub async fn add(app: &App, by: &Actor, asked: &NewUser) -> Result<User> {
    let mut fields = Fields::default();
    let email = fields.email("email", &asked.email);
    let name = fields.line("name", &asked.name);
    passwords::check(&mut fields, "password", &asked.password);
    fields.done()?;
    let password_hash = passwords::hash(app, asked.password.clone()).await?;

    let user = User { id: UserId(app.new_id()), email, name, role: asked.role, disabled: false, created_at: app.now() };
    operation(app, Log::Platform, by, async move |tx, log| {
        if !db::users::insert(tx, &user, &password_hash).await? {
            return Err(Error::conflict(format!("there is an account `{}` already", user.email)));
        }
        log.append(tx, &Event::UserAdded { email: user.email.clone(), role: user.role }).await?;
        Ok(user)
    })
    .await
}

/// Refuses an account's sign-ins from now on, and ends its sessions.
pub async fn disable(app: &App, by: &Actor, email: &str) -> Result<()> {
    let email = fold_email(email);
    operation(app, Log::Platform, by, async move |tx, log| {
        let (user, _) = db::users::by_email(tx, &email).await?.ok_or(Error::NotFound("user"))?;
        db::users::disable(tx, user.id).await?;
        db::sessions::delete_of_user(tx, user.id, None).await?;
        log.append(tx, &Event::UserDisabled { email: user.email }).await
    })
    .await
}

/// What a change of one's own password rests on.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The session that goes on; every other ends.
    pub session: Hash,
    /// The hash that the present password was found to fit.
    pub password_hash: String,
}

/// Replaces an account's password, and ends its sessions: all, or, where its owner does it, all but one.
pub async fn set_password(
    app: &App,
    by: &Actor,
    email: &str,
    password: &str,
    verified: Option<Verified>,
) -> Result<()> {
    let mut fields = Fields::default();
    passwords::check(&mut fields, "new_password", password);
    fields.done()?;
    let password_hash = passwords::hash(app, password.to_owned()).await?;
    let email = fold_email(email);
    operation(app, Log::Platform, by, async move |tx, log| {
        let (user, present) = db::users::by_email(tx, &email).await?.ok_or(Error::NotFound("user"))?;
        if verified.as_ref().is_some_and(|verified| verified.password_hash != present) {
            return Err(Error::conflict("the password was changed meanwhile by somebody else"));
        }
        db::users::set_password(tx, user.id, &password_hash).await?;
        db::users::clear_sign_in_attempts(tx, &sessions::address_key(&email)).await?;
        db::sessions::delete_of_user(tx, user.id, verified.as_ref().map(|verified| &verified.session)).await?;
        log.append(tx, &Event::PasswordChanged { email: user.email }).await
    })
    .await
}
