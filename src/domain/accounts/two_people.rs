//! Two admins are two people: an account that one admin could have in their hands beside their own does not confirm what
//! they ask for.
//!
//! What is counted is what admins do to accounts through the server: make, enable, or promote them, or give them a
//! password. What is done at the command line is not: whoever runs the server could do anything to it, and can give an
//! account back into its owner's hands.

use std::time::Duration;

use room::{Role, Time, UserId};

use crate::{
    db::{self, Tx, users::User},
    domain::log::{Actor, OpenLog},
    error::{Error, Result},
};

/// How long a request waits to be confirmed; later it counts for nothing, and is a new one if it is made again.
pub const WAITS: Duration = Duration::from_hours(24);

/// What came of something that may take two admins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T = ()> {
    /// It has been done.
    Done(T),
    /// It was asked for, and nothing else has been done: another admin may confirm it until then.
    Asked(Time),
}

/// For so long after something was done to an account it confirms nothing, whoever did it: its owner shall have had time
/// to notice.
pub const NEW_FOR: Duration = Duration::from_hours(7 * 24);

/// What an admin does to an account that could put it into their hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// The account was made.
    Made,
    /// It was enabled again.
    Enabled,
    /// It was given the role of admin.
    Promoted,
    /// It was given a password.
    GivenPassword,
}

impl Grant {
    fn word(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Enabled => "enabled",
            Self::Promoted => "promoted",
            Self::GivenPassword => "given_password",
        }
    }
}

/// Notes that an admin, by their address, did this to an account. Where it was done at the command line nothing is noted,
/// and a password that is given there takes the account out of all hands that had it before.
pub async fn note(tx: &mut Tx, by: &str, user: UserId, grant: Grant, now: Time) -> Result<()> {
    match db::users::by_email(tx, by).await? {
        Some((by, _)) => db::account_grants::insert(tx, user, by.id, now, grant.word()).await,
        None if grant == Grant::GivenPassword => db::account_grants::forget(tx, user).await,
        None => Ok(()),
    }
}

/// Whether the actor needs another admin for what would make an admin, or open one's account: there has to be one.
pub async fn takes_two(tx: &mut Tx, by: &Actor) -> Result<bool> {
    let Actor::User { .. } = by else { return Ok(false) };
    Ok(db::users::count_admins(tx).await? > 1)
}

/// Refuses a confirmation that could be by the same person as the request.
pub async fn refuse_one_person(tx: &mut Tx, log: &OpenLog, asked_by: &str, asked_at: Time) -> Result<()> {
    let (confirms, asks) = (admin(tx, log.by().word()).await?, admin(tx, asked_by).await?);
    if let Some(last) = db::account_grants::last(tx, confirms.id).await?
        && (last.after(NEW_FOR) > log.now || last >= asked_at)
    {
        let until = last.after(NEW_FOR).to_the_minute();
        return Err(Error::conflict(format!(
            "another admin has to confirm it: your account was made, enabled, promoted or given a password by an admin on \
             {}, and confirms nothing until {until}, nor what was asked for before",
            last.to_the_minute()
        )));
    }
    let hands = db::account_grants::hands(tx, asks.id).await?;
    if hands.is_disjoint(&db::account_grants::hands(tx, confirms.id).await?) {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "another admin has to confirm it: one of you, or the same third admin, has made, enabled or promoted the account \
         of the other or has given it a password, so that your account and `{asked_by}` could be one person's; who runs \
         the server can give your account a password at the command line, which sets that right"
    )))
}

/// Forgets what an account has asked for that others could confirm, since it is no admin's any more.
pub async fn withdraw_all(tx: &mut Tx, user: &User) -> Result<()> {
    db::account_requests::forget_of(tx, &user.email).await?;
    db::confirmations::forget_of(tx, &user.email).await
}

async fn admin(tx: &mut Tx, email: &str) -> Result<User> {
    let found = db::users::by_email(tx, email).await?.map(|(user, _)| user);
    let found = found.filter(|user| user.role == Role::Admin && !user.disabled);
    found.ok_or_else(|| Error::internal("two admins are two users"))
}
