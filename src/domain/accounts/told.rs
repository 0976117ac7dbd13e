//! Accounts as the platform's log tells them, for operations, which decide by it whatever the rows say.

use room::{UserId, fold::Account};

use crate::{
    db::{Tx, users::User},
    domain::log::OpenLog,
    error::{Error, Result},
};

/// Returns an account that the platform's log tells of.
pub fn user(id: UserId, account: &Account) -> User {
    User {
        id,
        email: account.email.clone(),
        name: account.name.clone(),
        role: account.role,
        disabled: account.disabled,
        created_at: account.created_at,
        must_change_password: account.must_change_password,
        password_given_at: account.password_given_at,
    }
}

/// Returns the account with this id.
///
/// # Errors
///
/// Fails if there is none, or if the platform's log is not sound.
pub async fn find(tx: &mut Tx, log: &OpenLog, id: UserId) -> Result<User> {
    let found = log.of_platform(tx, |platform| platform.users.get(&id).map(|account| user(id, account))).await?;
    found.ok_or(Error::NotFound("user"))
}

/// Returns the account of an address, in whichever spelling it was typed and is stored.
///
/// # Errors
///
/// Fails if the platform's log is not sound.
pub async fn named(tx: &mut Tx, log: &OpenLog, email: &str) -> Result<Option<User>> {
    log.of_platform(tx, |platform| platform.account_of(email).map(|(id, account)| user(id, account))).await
}

/// Returns the account of an admin who can sign in, by its address.
///
/// # Errors
///
/// Fails if the platform's log is not sound.
pub async fn admin(tx: &mut Tx, log: &OpenLog, email: &str) -> Result<Option<User>> {
    let is_admin = |platform: &room::fold::PlatformState| {
        let found = platform.account_of(email).filter(|(_, account)| account.is_admin());
        found.map(|(id, account)| user(id, account))
    };
    log.of_platform(tx, is_admin).await
}
