//! Accounts: made and changed by an admin or an operator, or by their owner where it is the password.
//!
//! Nothing deletes an account: the logs name it. One that is disabled opens nothing, and is kept.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Actor, Change, Event, Fields, Log, Role, UserId,
    bounds::{EmailAddress, Line, NewPassword},
    fold_email,
    object::differences,
    operation, passwords, sessions,
};
use crate::{
    app::App,
    db::{self, Page, Tx, users::User},
    error::{Error, Result},
    evidence::Hash,
};

/// An account to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Address; matched without regard to case, and never changed.
    #[schema(value_type = EmailAddress, example = "ops@example.com")]
    pub email: String,
    /// Name.
    #[schema(value_type = Line)]
    pub name: String,
    /// Role where no room is concerned.
    pub role: Role,
    /// First password, 8 to 256 characters.
    #[schema(value_type = NewPassword)]
    pub password: String,
}

/// What of an account can change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserDetails {
    /// Name.
    #[schema(value_type = Line)]
    pub name: String,
    /// Whether sign-in is refused; the account's sessions end.
    pub disabled: bool,
}

/// What becomes of a password that somebody else than the account's owner chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenPassword {
    /// Its owner replaces it before anything else.
    ToReplace,
    /// It stays: a program signs in with it.
    Kept,
}

/// An account.
pub async fn find(tx: &mut Tx, user: UserId) -> Result<User> {
    db::users::find(tx, user).await?.ok_or(Error::NotFound("user"))
}

/// The account of an address.
pub async fn named(app: &App, email: &str) -> Result<User> {
    let email = fold_email(email);
    let found = app.db.read(async |tx| db::users::by_email(tx, &email).await).await?;
    found.map(|(user, _)| user).ok_or(Error::NotFound("user"))
}

/// A part of the accounts whose address or name has this in it, or of all, by address; and how many there are.
pub async fn search(app: &App, wanted: Option<&str>, page: Page) -> Result<(Vec<User>, i64)> {
    let users = app.db.read(async |tx| db::users::list(tx).await).await?;
    // Here rather than in SQL: SQLite knows upper and lower case of ASCII only.
    let wanted = wanted.unwrap_or_default().trim().to_lowercase();
    let fits = |user: &User| user.email.contains(&wanted) || user.name.to_lowercase().contains(&wanted);
    let found: Vec<_> = users.into_iter().filter(fits).collect();
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let count = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok((found.into_iter().skip(count(page.offset)).take(count(page.limit)).collect(), total))
}

/// Makes an account.
pub async fn add(app: &App, by: &Actor, asked: &NewUser, given: GivenPassword) -> Result<User> {
    let mut fields = Fields::default();
    let email = fields.email("email", &asked.email);
    let name = fields.line("name", &asked.name);
    passwords::check(&mut fields, "password", &asked.password);
    fields.done()?;
    let password_hash = passwords::hash(app, asked.password.clone()).await?;

    let user = User {
        id: UserId(app.new_id()),
        email,
        name,
        role: asked.role,
        disabled: false,
        created_at: app.now(),
        must_change_password: given == GivenPassword::ToReplace,
    };
    operation(app, Log::Platform, by, async move |tx, log| {
        if !db::users::insert(tx, &user, &password_hash).await? {
            return Err(Error::conflict(format!("there is an account `{}` already", user.email)));
        }
        log.append(tx, &Event::UserAdded { email: user.email.clone(), role: user.role }).await?;
        Ok(user)
    })
    .await
}

/// Changes an account. Where it is disabled its sessions end, and nobody signs in to it until it is enabled.
pub async fn change(app: &App, by: &Actor, user: UserId, asked: Change<UserDetails>) -> Result<User> {
    operation(app, Log::Platform, by, async move |tx, log| {
        let user = find(tx, user).await?;
        let before = UserDetails { name: user.name.clone(), disabled: user.disabled };
        let mut after = asked.of(&before)?;
        let mut fields = Fields::default();
        after.name = fields.line("name", &after.name);
        fields.done()?;
        if after.disabled && !before.disabled {
            refuse_loss(tx, log.by(), &user, "disable").await?;
            db::sessions::delete_of_user(tx, user.id, None).await?;
        }
        let user = User { name: after.name.clone(), disabled: after.disabled, ..user };
        db::users::update(tx, &user).await?;
        let email = || user.email.clone();
        if after.name != before.name {
            let renamed = UserDetails { disabled: before.disabled, ..after };
            let changes = differences(&before, &renamed).into();
            log.append(tx, &Event::UserUpdated { email: email(), changes }).await?;
        }
        match (before.disabled, user.disabled) {
            (false, true) => log.append(tx, &Event::UserDisabled { email: email() }).await?,
            (true, false) => log.append(tx, &Event::UserEnabled { email: email() }).await?,
            _ => {}
        }
        Ok(user)
    })
    .await
}

/// Refuses an account's sign-ins from now on, and ends its sessions.
pub async fn disable(app: &App, by: &Actor, user: UserId) -> Result<User> {
    change(app, by, user, [("disabled", true.into())].into()).await
}

/// Lets an account sign in again.
pub async fn enable(app: &App, by: &Actor, user: UserId) -> Result<User> {
    change(app, by, user, [("disabled", false.into())].into()).await
}

/// Gives an account another role where no room is concerned; its roles in rooms stay.
pub async fn change_role(app: &App, by: &Actor, user: UserId, role: Role) -> Result<User> {
    operation(app, Log::Platform, by, async move |tx, log| {
        let before = find(tx, user).await?;
        if before.role == role {
            return Ok(before);
        }
        refuse_loss(tx, log.by(), &before, "change the role of").await?;
        let user = User { role, ..before.clone() };
        db::users::update(tx, &user).await?;
        log.append(tx, &Event::UserRoleChanged { email: before.email, from: before.role, to: role }).await?;
        Ok(user)
    })
    .await
}

/// Refuses to take from somebody what they are by their own hand, and from the platform its last admin.
async fn refuse_loss(tx: &mut Tx, by: &Actor, user: &User, deed: &str) -> Result<()> {
    if by.word() == user.email {
        return Err(Error::conflict(format!("nobody can {deed} themselves; another admin can")));
    }
    if user.role == Role::Admin && !user.disabled && db::users::count_admins(tx).await? == 1 {
        return Err(Error::conflict(format!("`{}` is the last admin; make another one first", user.email)));
    }
    Ok(())
}

/// Replaces the password of somebody else's account, and ends its sessions.
pub async fn give_password(app: &App, by: &Actor, user: UserId, password: &str, given: GivenPassword) -> Result<User> {
    let password_hash = checked_hash(app, password).await?;
    operation(app, Log::Platform, by, async move |tx, log| {
        let user = find(tx, user).await?;
        if log.by().word() == user.email {
            return Err(Error::conflict("this takes no present password; replace your own with `POST /auth/password`"));
        }
        let must_change = given == GivenPassword::ToReplace;
        db::users::set_password(tx, user.id, &password_hash, must_change).await?;
        db::users::clear_sign_in_attempts(tx, &sessions::address_key(&user.email)).await?;
        db::sessions::delete_of_user(tx, user.id, None).await?;
        log.append(tx, &Event::PasswordChanged { email: user.email.clone() }).await?;
        Ok(User { must_change_password: must_change, ..user })
    })
    .await
}

/// What a change of one's own password rests on.
#[derive(Debug, Clone)]
pub(super) struct Verified {
    /// The session that goes on; every other ends.
    pub(super) session: Hash,
    /// The hash that the present password was found to fit.
    pub(super) password_hash: String,
}

/// Replaces one's own password, and ends one's other sessions.
pub(super) async fn replace_password(app: &App, user: &User, password: &str, verified: Verified) -> Result<()> {
    let password_hash = checked_hash(app, password).await?;
    let (id, email) = (user.id, user.email.clone());
    operation(app, Log::Platform, &sessions::actor(user, Some(verified.session)), async move |tx, log| {
        let present = db::users::by_email(tx, &email).await?.map(|(_, hash)| hash);
        if present.as_ref() != Some(&verified.password_hash) {
            return Err(Error::conflict("the password was changed meanwhile by somebody else"));
        }
        db::users::set_password(tx, id, &password_hash, false).await?;
        db::users::clear_sign_in_attempts(tx, &sessions::address_key(&email)).await?;
        db::sessions::delete_of_user(tx, id, Some(&verified.session)).await?;
        log.append(tx, &Event::PasswordChanged { email }).await
    })
    .await
}

async fn checked_hash(app: &App, password: &str) -> Result<String> {
    let mut fields = Fields::default();
    passwords::check(&mut fields, "new_password", password);
    fields.done()?;
    passwords::hash(app, password.to_owned()).await
}
