//! Accounts: made and changed by an admin or an operator, or by their owner where it is the password.
//!
//! Nothing deletes an account: the logs name it. One that is disabled opens nothing, and is kept.

use room::{
    AccountDeed, AccountRequestId, Event, Log, Role, Time, UserId,
    address::{self, fold_email},
    bounds::{EmailAddress, Line, NewPassword},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    passwords::{self, Owner},
    sessions,
    two_people::{self, Grant},
};
use crate::{
    app::App,
    db::{self, Page, Tx, account_requests::AccountRequest, users::User},
    domain::{
        accounts::{requests, two_people::Outcome},
        input::{Change, Fields, differences},
        log::{Actor, operation},
    },
    error::{Error, Result},
    hashing,
};

/// An account to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Address; matched without regard to case and spelling, and never changed.
    #[schema(value_type = EmailAddress, example = "ops@example.com")]
    pub email: String,
    /// Name.
    #[schema(value_type = Line)]
    pub name: String,
    /// Role where no room is concerned.
    pub role: Role,
    /// First password, 12 to 128 characters, and none that is easily guessed.
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

impl GivenPassword {
    /// When it was given, for its owner to replace it within a week.
    fn at(self, now: Time) -> Option<Time> {
        (self == Self::ToReplace).then_some(now)
    }
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
    let fits = |user: &User| {
        user.email.contains(&wanted)
            || address::in_unicode(&user.email).contains(&wanted)
            || user.name.to_lowercase().contains(&wanted)
    };
    let found: Vec<_> = users.into_iter().filter(fits).collect();
    let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let count = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok((found.into_iter().skip(count(page.offset)).take(count(page.limit)).collect(), total))
}

/// Makes an account. An admin's takes two admins where there are two.
pub async fn add(app: &App, by: &Actor, asked: &NewUser, given: GivenPassword) -> Result<Outcome<User>> {
    let mut fields = Fields::default();
    let email = fields.email("email", &asked.email);
    let name = fields.line("name", &asked.name);
    passwords::check(&mut fields, "password", &asked.password, Owner { email: &email, name: &name });
    fields.done()?;
    let password_hash = hashing::hash(&app.hashing, asked.password.clone()).await?;

    let (id, request_id, role) = (UserId(app.new_id()), AccountRequestId(app.new_id()), asked.role);
    let typed = asked.email.clone();
    operation(app, Log::Platform, by, async move |tx, log| {
        // An earlier version may have stored the same address in another spelling.
        let is_there = db::users::by_email(tx, &typed).await?.is_some();
        let email = crate::domain::accounts::addresses::of_party(tx, email).await?;
        if is_there {
            return Err(Error::conflict(format!("there is an account `{email}` already")));
        }
        if role == Role::Admin {
            sessions::ask_for_password(tx, log).await?;
        }
        if role == Role::Admin && two_people::takes_two(tx, log.by()).await? {
            let (asked_by, asked_at) = (log.by().word().to_owned(), log.now);
            let (deed, password_hash) = (AccountDeed::AddAdmin, Some(password_hash));
            let request = AccountRequest { id: request_id, deed, email, name, password_hash, asked_by, asked_at };
            let request = requests::ask(tx, log, request).await?;
            return Ok(Outcome::Asked(requests::until(&request)));
        }
        let given_at = given.at(log.now);
        let must_change_password = given_at.is_some();
        let user = User {
            id,
            email,
            name,
            role,
            disabled: false,
            created_at: log.now,
            must_change_password,
            password_given_at: given_at,
        };
        requests::add(tx, log, &user, &password_hash, None).await?;
        Ok(Outcome::Done(user))
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
            db::sign_in::forget_devices(tx, user.id, 0).await?;
            two_people::withdraw_all(tx, &user).await?;
        }
        if before.disabled && !after.disabled {
            two_people::note(tx, log.by().word(), user.id, Grant::Enabled, log.now).await?;
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

/// Gives an account another role where no room is concerned; its roles in rooms stay, and its sessions end. That of admin
/// takes two admins where there are two: the first asks, and the second does the same.
pub async fn change_role(app: &App, by: &Actor, user: UserId, role: Role) -> Result<Outcome<User>> {
    let request_id = AccountRequestId(app.new_id());
    operation(app, Log::Platform, by, async move |tx, log| {
        let before = find(tx, user).await?;
        if before.role == role {
            return Ok(Outcome::Done(before));
        }
        refuse_loss(tx, log.by(), &before, "change the role of").await?;
        if role == Role::Admin {
            sessions::ask_for_password(tx, log).await?;
        }
        if role != Role::Admin || !two_people::takes_two(tx, log.by()).await? {
            return requests::set_role(tx, log, before, role, None).await.map(Outcome::Done);
        }
        let (email, deed, asked_at) = (before.email.clone(), AccountDeed::MakeAdmin, log.now);
        let asked_by = log.by().word().to_owned();
        if let Some(open) = requests::about(tx, &email, log.now).await?
            && open.deed == deed
            && open.asked_by != asked_by
        {
            return requests::confirmed(tx, log, open, user).await.map(Outcome::Done);
        }
        let (id, name) = (request_id, before.name);
        let request = AccountRequest { id, deed, email, name, password_hash: None, asked_by, asked_at };
        let request = requests::ask(tx, log, request).await?;
        Ok(Outcome::Asked(requests::until(&request)))
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

/// Replaces the password of somebody else's account, and ends its sessions. That of an admin takes two admins.
pub async fn give_password(
    app: &App,
    by: &Actor,
    user: UserId,
    password: &str,
    given: GivenPassword,
) -> Result<Outcome<User>> {
    let owner = app.db.read(async |tx| find(tx, user).await).await?;
    let password_hash =
        passwords::checked_hash(&app.hashing, Owner { email: &owner.email, name: &owner.name }, password).await?;
    let request_id = AccountRequestId(app.new_id());
    operation(app, Log::Platform, by, async move |tx, log| {
        let user = find(tx, user).await?;
        let (asked_by, asked_at) = (log.by().word().to_owned(), log.now);
        if asked_by == user.email {
            return Err(Error::conflict("this takes no present password; replace your own with `POST /auth/password`"));
        }
        if user.role == Role::Admin {
            sessions::ask_for_password(tx, log).await?;
        }
        if user.role != Role::Admin || !two_people::takes_two(tx, log.by()).await? {
            let given_at = given.at(log.now);
            return requests::set_password(tx, log, user, &password_hash, given_at, None).await.map(Outcome::Done);
        }
        let User { email, name, .. } = user;
        let (id, deed, password_hash) = (request_id, AccountDeed::GivePassword, Some(password_hash));
        let request = AccountRequest { id, deed, email, name, password_hash, asked_by, asked_at };
        let request = requests::ask(tx, log, request).await?;
        Ok(Outcome::Asked(requests::until(&request)))
    })
    .await
}
