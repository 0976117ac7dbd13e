//! Two admins are two people: an account that an admin could control beside their own does not confirm what they ask
//! for.
//!
//! What counts is what admins do to accounts through the server: make, enable or promote them, or give them a password.
//! What is done at the command line does not count: the person who runs the server could do anything to it, and can
//! give an account back to its owner.

use std::time::Duration;

use room::{Time, UserId};

use super::told;
use crate::{
    db::{self, Tx, users::User},
    domain::log::{Actor, OpenLog},
    error::{Error, Result},
};

/// How long a request can be confirmed. After that it counts for nothing, and has to be made again.
pub const WAITS: Duration = room::fold::Request::WAITS;

/// The result of something that may take two admins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T = ()> {
    /// It has been done.
    Done(T),
    /// It was only asked for; another admin can confirm it until this instant.
    Asked(Time),
}

/// For how long an account confirms nothing after an admin did something to it that counts: its owner is to have time
/// to notice.
pub const NEW_FOR: Duration = Duration::from_hours(7 * 24);

/// What an admin does to an account that could give them control of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// The account was made.
    Made,
    /// The account was enabled again.
    Enabled,
    /// The account was given the role of admin.
    Promoted,
    /// The account was given a password.
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

/// Notes that an actor did this to an account, if the actor is an admin.
pub async fn note(tx: &mut Tx, log: &OpenLog, by: &str, user: UserId, grant: Grant) -> Result<()> {
    match told::named(tx, log, by).await? {
        Some(by) => db::account_grants::insert(tx, user, by.id, log.now, grant.word()).await,
        // A password from the command line, whose actor has no account, ends the control of all who had it before.
        None if grant == Grant::GivenPassword => db::account_grants::forget(tx, user).await,
        None => Ok(()),
    }
}

/// Returns whether the actor needs another admin to make an admin or to open an admin's account.
pub fn takes_two(log: &OpenLog) -> Result<bool> {
    // A platform's only admin would wait for a confirmation for ever.
    let Actor::User { .. } = log.by() else { return Ok(false) };
    Ok(log.platform()?.admins() > 1)
}

/// Refuses a confirmation that could be by the same person as the request.
pub async fn refuse_one_person(tx: &mut Tx, log: &OpenLog, asked_by: &str, asked_at: Time) -> Result<()> {
    let (confirms, asks) = (admin(tx, log, log.by().word()).await?, admin(tx, log, asked_by).await?);
    // An account that an admin made or opened within the last week, or since the request, may have been prepared for
    // just this confirmation.
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
    // Each account is walked back over its grants: to the admins who made, enabled or promoted it or gave it a
    // password, to those who did that to them, and so on, with the account itself in the set. If the two sets share an
    // admin, that one may control both accounts: one made the other, a third made both, or one made an account that
    // made the other. Grants never expire, since a password that was handed out once may have been kept.
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

/// Withdraws everything that an account has asked for and others could confirm, since it is no longer an admin's.
pub async fn withdraw_all(tx: &mut Tx, user: &User) -> Result<()> {
    db::account_requests::forget_of(tx, &user.email).await?;
    db::confirmations::forget_of(tx, &user.email).await
}

async fn admin(tx: &mut Tx, log: &OpenLog, email: &str) -> Result<User> {
    told::admin(tx, log, email).await?.ok_or_else(|| Error::internal("two admins are two users"))
}
