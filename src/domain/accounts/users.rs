//! Accounts: making and changing them, by an admin or an operator.
//!
//! An account is never deleted, since the logs name it. One that is disabled is kept, and cannot be signed in to.

use room::{
    AccountDeed, AccountRequestId, Event, Log, Role, Time, UserId,
    address::{self, fold_email},
    bounds::{EmailAddress, Line, NewPassword},
    changes::differences,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    links::{self, Way},
    passwords::{self, Owner},
    sessions, told,
    two_people::{self, Grant},
};
use crate::{
    app::App,
    db::{
        self, Tx,
        account_requests::AccountRequest,
        seek::{Found, Place, Seek},
        users::User,
    },
    domain::{
        accounts::{requests, two_people::Outcome},
        input::{Basis, Change, Fields, Tag},
        log::{Actor, Edited, Once, OpenLog, operation, refuse_overtaken},
    },
    error::{Error, Result},
    hashing,
};

/// An account that is to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The address, which is matched without regard to case and spelling, and never changed.
    #[schema(value_type = EmailAddress, example = "ops@example.com")]
    pub email: String,
    /// The user's name, 1 to 255 characters.
    #[schema(value_type = Line)]
    pub name: String,
    /// The role outside of rooms.
    pub role: Role,
    /// The first password, 12 to 128 characters, and not an easily guessed one. Left out: the owner gets a link by which they
    /// choose one themselves.
    #[serde(default)]
    #[schema(value_type = Option<NewPassword>)]
    pub password: Option<String>,
}

/// The part of an account that can be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserDetails {
    /// The user's name, 1 to 255 characters.
    #[schema(value_type = Line)]
    pub name: String,
    /// Whether sign-in is refused. Disabling an account ends its sessions.
    pub disabled: bool,
}

/// What happens to a password that somebody other than the account's owner chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GivenPassword {
    /// Its owner has to replace it before anything else.
    ToReplace,
    /// It stays, since a program signs in with it.
    Kept,
}

impl GivenPassword {
    /// Returns when it was given, from which its owner has a week to replace it; `None` if it stays.
    fn at(self, now: Time) -> Option<Time> {
        (self == Self::ToReplace).then_some(now)
    }
}

/// Returns the account with this id.
pub async fn find(tx: &mut Tx, user: UserId) -> Result<User> {
    db::users::find(tx, user).await?.ok_or(Error::NotFound("user"))
}

/// Returns the account of an address.
pub async fn named(app: &App, email: &str) -> Result<User> {
    let email = fold_email(email);
    let found = app.db.read(async |tx| db::users::by_email(tx, &email).await).await?;
    found.map(|(user, _)| user).ok_or(Error::NotFound("user"))
}

/// Returns a part of the accounts whose address or name contains `wanted`, or of all, in the order of addresses.
pub async fn search(app: &App, wanted: Option<&str>, seek: &Seek) -> Result<Found<User>> {
    let users = app.db.read(async |tx| db::users::list(tx).await).await?;
    // Not in SQL: SQLite knows upper and lower case of ASCII only.
    let wanted = wanted.unwrap_or_default().trim().to_lowercase();
    let fits = |user: &User| {
        user.email.contains(&wanted)
            || address::in_unicode(&user.email).contains(&wanted)
            || user.name.to_lowercase().contains(&wanted)
    };
    let place = |users: &[User], id: &str| users.iter().position(|user| user.id.to_string() == id).map(Place::of_row);
    seek.cut(users, fits, place)
}

/// Checks what an account is to be made of. Returns its address and its name as they are kept.
pub(super) fn checked(new: &NewUser) -> Result<(String, String)> {
    let mut fields = Fields::default();
    let email = fields.email("email", &new.email);
    let name = fields.line("name", &new.name);
    if let Some(password) = &new.password {
        passwords::check(&mut fields, "password", password, Owner { email: &email, name: &name });
    }
    fields.done()?;
    Ok((email, name))
}

/// Makes an account. An admin's takes two admins, if there are two. Without a password it gets one that is nobody's, and its
/// owner a link.
pub async fn add(
    app: &App,
    by: &Actor,
    new: &NewUser,
    given: GivenPassword,
    once: Option<Once>,
) -> Result<Outcome<User>> {
    let (email, name) = checked(new)?;
    // Before the operation: hashing takes long, and the platform's log would be locked for everybody meanwhile.
    let by_link = new.password.is_none();
    let password = new.password.clone().unwrap_or_else(|| hex::encode(app.secret()));
    let password_hash = hashing::hash(&app.hashing, password).await?;

    let (id, request_id, role) = (UserId(app.new_id()), AccountRequestId(app.new_id()), new.role);
    // Without the password, of which nothing is kept that could be guessed against quickly.
    let (typed, request) = (new.email.clone(), (new.email.clone(), new.name.clone(), role));
    operation(app, Log::Platform, by, async move |tx, log| {
        if Once::repeats(once.as_ref(), tx, log, &request, id.0).await?.is_some() {
            return added_before(tx, log, &typed).await;
        }
        // An earlier version may have stored the same address in another spelling.
        let is_there = log.platform()?.account_of(&typed).is_some();
        let email = crate::domain::accounts::addresses::of_party(tx, email).await?;
        if is_there {
            return Err(Error::conflict(format!("there is an account `{email}` already")));
        }
        if role == Role::Admin {
            sessions::ask_for_password(tx, log).await?;
        }
        if role == Role::Admin && two_people::takes_two(log)? {
            let (asked_by, asked_at) = (log.by().word().to_owned(), log.now);
            let (deed, password_hash) = (AccountDeed::AddAdmin, Some(password_hash));
            let id = request_id;
            let request = AccountRequest { id, deed, email, name, password_hash, by_link, asked_by, asked_at };
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
        if by_link {
            let (asked_by, way) = (log.by().word().to_owned(), Way::usual(log.app()));
            links::offer(tx, log, &user, (&asked_by, way)).await?;
        }
        Ok(Outcome::Done(user))
    })
    .await
}

/// Returns what the same request has made before: the account, or what was asked for to make it.
async fn added_before(tx: &mut Tx, log: &OpenLog, typed: &str) -> Result<Outcome<User>> {
    if let Some(user) = told::named(tx, log, typed).await? {
        return Ok(Outcome::Done(user));
    }
    let email = address::canonical(typed).unwrap_or_default();
    let open = requests::about(tx, log, &email).await?;
    let open = open.ok_or_else(|| Once::says_gone(Error::NotFound("request")))?;
    Ok(Outcome::Asked(requests::until(&open)))
}

/// What can be edited of an account: its role takes a request of its own.
#[derive(Serialize)]
struct Editable<'a> {
    name: &'a str,
    role: Role,
    disabled: bool,
}

impl<'a> From<&'a User> for Editable<'a> {
    fn from(user: &'a User) -> Self {
        Self { name: &user.name, role: user.role, disabled: user.disabled }
    }
}

/// Returns the tag of an account, which changes with its name, its role, and whether it is disabled.
pub fn tag(user: &User) -> Tag {
    Tag::of_edited(&Editable::from(user))
}

/// Refuses a change of an account that starts from an older state.
async fn refuse_older(tx: &mut Tx, log: &OpenLog, user: &User, change: (&Basis, &Map<String, Value>)) -> Result<()> {
    refuse_overtaken(tx, log, Edited::User(&user.email), &Editable::from(user), change).await
}

/// Changes an account. Disabling it ends its sessions, and refuses sign-ins until it is enabled again.
pub async fn change(app: &App, by: &Actor, user: UserId, request: Change<UserDetails>) -> Result<User> {
    operation(app, Log::Platform, by, async move |tx, log| {
        let user = told::find(tx, log, user).await?;
        refuse_older(tx, log, &user, (request.basis(), request.given())).await?;
        let before = UserDetails { name: user.name.clone(), disabled: user.disabled };
        let mut after = request.apply_to(&before)?;
        let mut fields = Fields::default();
        after.name = fields.line("name", &after.name);
        fields.done()?;
        if after.disabled && !before.disabled {
            refuse_loss(log, &user, "disable")?;
            db::sessions::delete_of_user(tx, user.id, None).await?;
            db::sign_in::forget_devices(tx, user.id, 0).await?;
            two_people::withdraw_all(tx, &user).await?;
        }
        if before.disabled && !after.disabled {
            two_people::note(tx, log, log.by().word(), user.id, Grant::Enabled).await?;
        }
        let user = User { name: after.name.clone(), disabled: after.disabled, ..user };
        let email = || user.email.clone();
        if after.name != before.name {
            // `disabled` has events of its own.
            let renamed = UserDetails { disabled: before.disabled, ..after };
            let changes = differences(&before, &renamed);
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

/// Disables an account: ends its sessions, and refuses sign-ins from now on.
pub async fn disable(app: &App, by: &Actor, user: UserId) -> Result<User> {
    change(app, by, user, [("disabled", true.into())].into()).await
}

/// Enables an account that was disabled.
pub async fn enable(app: &App, by: &Actor, user: UserId) -> Result<User> {
    change(app, by, user, [("disabled", false.into())].into()).await
}

/// Gives an account another role outside of rooms, and ends its sessions. Its roles in rooms stay. The role of admin
/// takes two admins, if there are two: the first asks for it, and the second confirms by doing the same.
pub async fn change_role(app: &App, by: &Actor, user: UserId, role: Role, basis: Basis) -> Result<Outcome<User>> {
    let given = Map::from_iter([("role".to_owned(), role.word().into())]);
    let request_id = AccountRequestId(app.new_id());
    operation(app, Log::Platform, by, async move |tx, log| {
        let before = told::find(tx, log, user).await?;
        refuse_older(tx, log, &before, (&basis, &given)).await?;
        if before.role == role {
            return Ok(Outcome::Done(before));
        }
        refuse_loss(log, &before, "change the role of")?;
        if role == Role::Admin {
            sessions::ask_for_password(tx, log).await?;
        }
        if role != Role::Admin || !two_people::takes_two(log)? {
            return requests::set_role(tx, log, before, role, None).await.map(Outcome::Done);
        }
        let (email, deed, asked_at) = (before.email.clone(), AccountDeed::MakeAdmin, log.now);
        let asked_by = log.by().word().to_owned();
        if let Some(open) = requests::about(tx, log, &email).await?
            && open.deed == deed
            && open.asked_by != asked_by
        {
            return requests::confirmed(tx, log, open, user).await.map(Outcome::Done);
        }
        let (id, name) = (request_id, before.name);
        let (password_hash, by_link) = (None, false);
        let request = AccountRequest { id, deed, email, name, password_hash, by_link, asked_by, asked_at };
        let request = requests::ask(tx, log, request).await?;
        Ok(Outcome::Asked(requests::until(&request)))
    })
    .await
}

/// Refuses what would take an admin's role or account from themselves, or its last admin from the platform.
fn refuse_loss(log: &OpenLog, user: &User, deed: &str) -> Result<()> {
    if log.by().word() == user.email {
        return Err(Error::conflict(format!("nobody can {deed} themselves; another admin can")));
    }
    if user.role == Role::Admin && !user.disabled && log.platform()?.admins() == 1 {
        return Err(Error::conflict(format!("`{}` is the last admin; make another one first", user.email)));
    }
    Ok(())
}

/// Gives somebody else's account a password, and ends its sessions. An admin's takes two admins, if there are two.
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
        let user = told::find(tx, log, user).await?;
        let (asked_by, asked_at) = (log.by().word().to_owned(), log.now);
        if asked_by == user.email {
            return Err(Error::OwnPassword);
        }
        if user.role == Role::Admin {
            sessions::ask_for_password(tx, log).await?;
        }
        if user.role != Role::Admin || !two_people::takes_two(log)? {
            let given_at = given.at(log.now);
            return requests::set_password(tx, log, user, &password_hash, given_at, None).await.map(Outcome::Done);
        }
        let User { email, name, .. } = user;
        let (id, deed, password_hash, by_link) = (request_id, AccountDeed::GivePassword, Some(password_hash), false);
        let request = AccountRequest { id, deed, email, name, password_hash, by_link, asked_by, asked_at };
        let request = requests::ask(tx, log, request).await?;
        Ok(Outcome::Asked(requests::until(&request)))
    })
    .await
}
