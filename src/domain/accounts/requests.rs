//! Requests about accounts, for what makes an admin or opens an admin's account: one admin asks, and another confirms
//! within a day. A platform's only admin does it alone, and so does the person who runs the server.

use room::{AccountDeed, AccountRequestId, Event, Log, Role, Time, UserId};

use super::{
    links::{self, Way},
    sessions, told,
    two_people::{self, Grant},
};
use crate::{
    app::App,
    db::{self, Tx, account_requests::AccountRequest, users::User},
    domain::{
        accounts::two_people::WAITS,
        log::{
            Actor, Once, OpenLog,
            idempotency::{entry_of, id_of_next_entry},
            operation,
        },
        mail::{
            outbox::{self, Addressed},
            told::Told,
        },
    },
    error::{Error, Result},
    hashing::sha256_of,
};

/// Returns the instant until which a request can be confirmed.
pub fn until(request: &AccountRequest) -> Time {
    request.asked_at.after(WAITS)
}

/// Returns the requests that can be confirmed now, the oldest first.
pub async fn open(app: &App) -> Result<Vec<AccountRequest>> {
    let since = app.now().before(WAITS);
    app.db.read(async |tx| db::account_requests::open(tx, since).await).await
}

/// Stores and logs a request. An account can have one at a time.
pub async fn ask(tx: &mut Tx, log: &mut OpenLog, request: AccountRequest) -> Result<AccountRequest> {
    // Both asking and confirming take the password again: two sessions that were left open must not be enough.
    sessions::ask_for_password(tx, log).await?;
    if let Some(open) = about(tx, log, &request.email).await? {
        let (by, until) = (&open.asked_by, until(&open).to_the_minute());
        return Err(Error::conflict(format!(
            "`{by}` has asked for something about this account already: another admin confirms or withdraws it, or it \
             ends by itself at {until}"
        )));
    }
    db::account_requests::ask(tx, &request).await?;
    let event = Event::AccountRequestMade { deed: request.deed, email: request.email.clone(), until: until(&request) };
    log.append(tx, &event).await?;
    tell_admins(tx, log, &request).await?;
    Ok(request)
}

/// Writes to the admins who could confirm a request: all but the one who asked, and the one whom it is about.
async fn tell_admins(tx: &mut Tx, log: &OpenLog, request: &AccountRequest) -> Result<()> {
    let AccountRequest { id, deed, email, name, asked_by, .. } = request;
    let (email, name, asked_by) = (email.clone(), name.clone(), asked_by.clone());
    let told = Told::AccountRequest { request: *id, deed: *deed, email, name, asked_by, until: until(request) };
    let admins = log.platform()?.users.values().filter(|account| account.is_admin());
    let others = admins.filter(|admin| ![&request.asked_by, &request.email].contains(&&admin.email));
    for admin in others {
        let to = Addressed { receiver: &admin.email, ..Addressed::default() };
        outbox::write(tx, log.app(), to, &told, log.clock()).await?;
    }
    Ok(())
}

/// Returns the open request about an account, if there is one.
pub async fn about(tx: &mut Tx, log: &OpenLog, email: &str) -> Result<Option<AccountRequest>> {
    Ok(counting(tx, log).await?.into_iter().find(|request| request.email == email))
}

/// Returns the requests that can be confirmed in an operation. Who still is an admin is what the log tells.
async fn counting(tx: &mut Tx, log: &OpenLog) -> Result<Vec<AccountRequest>> {
    let mut stored = db::account_requests::stored(tx, log.now.before(WAITS)).await?;
    let platform = log.platform()?;
    stored.retain(|request| {
        platform.users.values().any(|account| account.email == request.asked_by && account.is_admin())
    });
    Ok(stored)
}

/// Confirms what another admin has asked for, and does it.
pub async fn confirm(app: &App, by: &Actor, id: AccountRequestId, once: Option<Once>) -> Result<User> {
    let new = UserId(app.new_id());
    operation(app, Log::Platform, by, async move |tx, log| {
        let entry = id_of_next_entry(log);
        if let Some(before) = Once::repeats(once.as_ref(), tx, log, &(), entry).await? {
            return confirmed_before(tx, log, entry_of(before)).await;
        }
        let request = find(tx, log, id).await?;
        confirmed(tx, log, request, new).await
    })
    .await
}

/// Returns the account that the same confirmation has made or changed before, from the entry that tells of it.
async fn confirmed_before(tx: &mut Tx, log: &OpenLog, at: i64) -> Result<User> {
    let entries = db::activity::range(tx, Log::Platform, at, at + 1).await?;
    let email = entries.first().and_then(|entry| entry.meta["email"].as_str());
    let user = told::named(tx, log, email.unwrap_or_default()).await?;
    user.ok_or_else(|| Error::internal("a confirmation without its entry"))
}

/// Withdraws a request, which may be another admin's.
pub async fn withdraw(app: &App, by: &Actor, id: AccountRequestId) -> Result<()> {
    operation(app, Log::Platform, by, async move |tx, log| {
        let AccountRequest { deed, email, asked_by, .. } = find(tx, log, id).await?;
        db::account_requests::forget(tx, id).await?;
        log.append(tx, &Event::AccountRequestWithdrawn { deed, email, asked_by }).await
    })
    .await
}

async fn find(tx: &mut Tx, log: &OpenLog, id: AccountRequestId) -> Result<AccountRequest> {
    counting(tx, log).await?.into_iter().find(|request| request.id == id).ok_or(Error::NotFound("request"))
}

/// Does what was asked for, on behalf of the second admin. An account that is made by it gets the id `new`.
pub async fn confirmed(tx: &mut Tx, log: &mut OpenLog, request: AccountRequest, new: UserId) -> Result<User> {
    let AccountRequest { id, deed, email, name, password_hash, by_link, asked_by, asked_at } = request;
    if log.by().word() == asked_by {
        return Err(Error::conflict("you have asked for this yourself; another admin has to confirm it"));
    }
    sessions::ask_for_password(tx, log).await?;
    two_people::refuse_one_person(tx, log, &asked_by, asked_at).await?;
    db::account_requests::forget(tx, id).await?;
    // The account is looked up again: it may have been made, or changed, since the request. A request names it by its
    // address, which never changes.
    let (now, account) = (log.now, told::named(tx, log, &email).await?);
    let password = || password_hash.ok_or_else(|| Error::internal("a request without its password"));
    let way = (asked_by.clone(), Way::usual(log.app()));
    let asked_by = Some(asked_by);
    match (deed, account) {
        (AccountDeed::GivePassword, Some(user)) if by_link => {
            links::offer(tx, log, &user, (&way.0, way.1)).await?;
            Ok(user)
        }
        (AccountDeed::AddAdmin, None) => {
            let user = User {
                id: new,
                email,
                name,
                role: Role::Admin,
                disabled: false,
                created_at: now,
                must_change_password: true,
                password_given_at: Some(now),
            };
            add(tx, log, &user, &password()?, asked_by).await?;
            if by_link {
                links::offer(tx, log, &user, (&way.0, way.1)).await?;
            }
            Ok(user)
        }
        (AccountDeed::MakeAdmin, Some(user)) => set_role(tx, log, user, Role::Admin, asked_by).await,
        (AccountDeed::GivePassword, Some(user)) => set_password(tx, log, user, &password()?, Some(now), asked_by).await,
        (AccountDeed::AddAdmin, Some(_)) => Err(Error::conflict(format!("there is an account `{email}` already"))),
        (_, None) => Err(Error::NotFound("user")),
    }
}

/// Makes an account. `asked_by` is the admin who asked for it, if it took two.
pub async fn add(
    tx: &mut Tx,
    log: &mut OpenLog,
    user: &User,
    password_hash: &str,
    asked_by: Option<String>,
) -> Result<()> {
    if log.platform()?.users.values().any(|other| other.email == user.email) {
        return Err(Error::conflict(format!("there is an account `{}` already", user.email)));
    }
    let added = Event::UserAdded {
        user_id: user.id,
        email: user.email.clone(),
        name: user.name.clone(),
        role: user.role,
        password_sha256: sha256_of(password_hash),
        must_change_password: user.must_change_password,
        asked_by: asked_by.clone(),
    };
    log.append(tx, &added).await?;
    db::users::keep_password(tx, user.id, password_hash).await?;
    two_people::note(tx, log, granter(log, asked_by.as_deref()), user.id, Grant::Made).await
}

/// Returns the event for a password that was replaced.
pub fn password_changed(
    email: String,
    password_hash: &str,
    must_change_password: bool,
    asked_by: Option<String>,
) -> Event {
    Event::PasswordChanged { email, password_sha256: sha256_of(password_hash), must_change_password, asked_by }
}

/// Gives an account another role, and ends its sessions. `asked_by` is the admin who asked for it, if it took two.
pub async fn set_role(
    tx: &mut Tx,
    log: &mut OpenLog,
    before: User,
    role: Role,
    asked_by: Option<String>,
) -> Result<User> {
    let user = User { role, ..before.clone() };
    db::sessions::delete_of_user(tx, user.id, None).await?;
    if role == Role::Admin {
        two_people::note(tx, log, granter(log, asked_by.as_deref()), user.id, Grant::Promoted).await?;
    } else {
        two_people::withdraw_all(tx, &user).await?;
    }
    log.append(tx, &Event::UserRoleChanged { email: before.email, from: before.role, to: role, asked_by }).await?;
    Ok(user)
}

/// Gives an account a password, ends its sessions and forgets its devices. If `given_at` is given, its owner has to
/// replace the password. `asked_by` is the admin who asked for it, if it took two.
pub async fn set_password(
    tx: &mut Tx,
    log: &mut OpenLog,
    user: User,
    password_hash: &str,
    given_at: Option<Time>,
    asked_by: Option<String>,
) -> Result<User> {
    db::users::keep_password(tx, user.id, password_hash).await?;
    db::links::end_for_password(tx, &user.email, log.clock()).await?;
    // A password is often given because somebody else knew the old one: what they have open, or are known by, ends too.
    super::attempts::forget(tx, &user.email).await?;
    db::sign_in::forget_devices(tx, user.id, 0).await?;
    db::sessions::delete_of_user(tx, user.id, None).await?;
    two_people::note(tx, log, granter(log, asked_by.as_deref()), user.id, Grant::GivenPassword).await?;
    let changed = password_changed(user.email.clone(), password_hash, given_at.is_some(), asked_by);
    log.append(tx, &changed).await?;
    Ok(User { must_change_password: given_at.is_some(), password_given_at: given_at, ..user })
}

/// Returns the actor to whom a grant is ascribed.
fn granter<'a>(log: &'a OpenLog, asked_by: Option<&'a str>) -> &'a str {
    // If it took two, the one who asked: they chose the account and its password, the second admin only agreed.
    asked_by.unwrap_or_else(|| log.by().word())
}
