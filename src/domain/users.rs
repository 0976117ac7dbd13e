//! Accounts: made and changed by an operator, or by their owner where it is the password.

use super::{Actor, Event, Fields, Log, Role, UserId, activity::OpenLog, fold_email, passwords};
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
    let (app, by) = (app.clone(), by.clone());
    app.db
        .clone()
        .write(async move |tx| {
            let mut log = OpenLog::lock(tx, &app, Log::Platform).await?;
            if !db::users::insert(tx, &user, &password_hash).await? {
                return Err(Error::conflict(format!("there is an account `{}` already", user.email)));
            }
            log.append(tx, &by, &Event::UserAdded { email: user.email.clone(), role: user.role }).await?;
            Ok(user.clone())
        })
        .await
}

/// Refuses an account's sign-ins from now on, and ends its sessions.
pub async fn disable(app: &App, by: &Actor, email: &str) -> Result<()> {
    let (app, by, email) = (app.clone(), by.clone(), fold_email(email));
    app.db
        .clone()
        .write(async move |tx| {
            let mut log = OpenLog::lock(tx, &app, Log::Platform).await?;
            let (user, _) = db::users::by_email(tx, &email).await?.ok_or(Error::NotFound("user"))?;
            db::users::disable(tx, user.id).await?;
            db::sessions::delete_of_user(tx, user.id, None).await?;
            log.append(tx, &by, &Event::UserDisabled { email: user.email }).await
        })
        .await
}

/// Replaces an account's password, and ends its sessions but for the one kept.
pub async fn set_password(app: &App, by: &Actor, email: &str, password: &str, kept: Option<Hash>) -> Result<()> {
    let mut fields = Fields::default();
    passwords::check(&mut fields, "new_password", password);
    fields.done()?;
    let password_hash = passwords::hash(app, password.to_owned()).await?;
    let (app, by, email) = (app.clone(), by.clone(), fold_email(email));
    app.db
        .clone()
        .write(async move |tx| {
            let mut log = OpenLog::lock(tx, &app, Log::Platform).await?;
            let (user, _) = db::users::by_email(tx, &email).await?.ok_or(Error::NotFound("user"))?;
            db::users::set_password(tx, user.id, &password_hash).await?;
            db::users::clear_login_failures(tx, &email).await?;
            db::sessions::delete_of_user(tx, user.id, kept.as_ref()).await?;
            log.append(tx, &by, &Event::PasswordChanged { email: user.email }).await
        })
        .await
}
