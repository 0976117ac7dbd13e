//! `users`, and `login_failures` beside it.

use super::{Row, Tx};
use crate::{
    domain::{Role, Time, UserId},
    error::Result,
};

/// An account.
#[derive(Debug, Clone)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Address, in lower case.
    pub email: String,
    /// Name.
    pub name: String,
    /// Role where no room is concerned.
    pub role: Role,
    /// Whether sign-in is refused.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Time,
}

impl User {
    /// The columns that [`User::read`] takes, in order.
    pub(super) const COLUMNS: &str = "u.id, u.email, u.name, u.role, u.disabled, u.created_at";

    pub(super) fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            email: row.get(1)?,
            name: row.get(2)?,
            role: row.get(3)?,
            disabled: row.get(4)?,
            created_at: row.get(5)?,
        })
    }
}

/// Adds an account; false where the address is taken.
pub async fn insert(tx: &mut Tx, user: &User, password_hash: &str) -> Result<bool> {
    let added = tx
        .exec(
            "INSERT INTO users (id, email, name, role, password_hash, disabled, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (email) DO NOTHING",
            &[&user.id, &user.email, &user.name, &user.role, &password_hash, &user.disabled, &user.created_at],
        )
        .await?;
    Ok(added == 1)
}

/// The account of an address, with its password hash.
pub async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<(User, String)>> {
    let columns = User::COLUMNS;
    let row = tx.opt(&format!("SELECT {columns}, u.password_hash FROM users u WHERE u.email = ?1"), &[&email]).await?;
    row.map(|row| Ok((User::read(&row)?, row.get(6)?))).transpose()
}

/// Every account, by address.
pub async fn list(tx: &mut Tx) -> Result<Vec<User>> {
    let columns = User::COLUMNS;
    tx.rows(&format!("SELECT {columns} FROM users u ORDER BY u.email"), &[]).await?.iter().map(User::read).collect()
}

/// Refuses the account's sign-ins from now on.
pub async fn disable(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.exec("UPDATE users SET disabled = ?2 WHERE id = ?1", &[&user, &true]).await.map(drop)
}

/// Replaces the password.
pub async fn set_password(tx: &mut Tx, user: UserId, password_hash: &str) -> Result<()> {
    tx.exec("UPDATE users SET password_hash = ?2 WHERE id = ?1", &[&user, &password_hash]).await.map(drop)
}

/// Failed sign-ins for an address, and since when they are counted.
pub async fn login_failures(tx: &mut Tx, email: &str) -> Result<Option<(i64, Time)>> {
    let row = tx.opt("SELECT failures, since FROM login_failures WHERE email = ?1", &[&email]).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Counts one more failed sign-in; a count begun before `window` starts again.
pub async fn count_login_failure(tx: &mut Tx, email: &str, now: Time, window: Time) -> Result<()> {
    tx.exec(
        "INSERT INTO login_failures (email, failures, since) VALUES (?1, 1, ?2)
         ON CONFLICT (email) DO UPDATE SET
             failures = CASE WHEN login_failures.since < ?3 THEN 1 ELSE login_failures.failures + 1 END,
             since = CASE WHEN login_failures.since < ?3 THEN ?2 ELSE login_failures.since END",
        &[&email, &now, &window],
    )
    .await
    .map(drop)
}

/// Forgets the failed sign-ins of an address.
pub async fn clear_login_failures(tx: &mut Tx, email: &str) -> Result<()> {
    tx.exec("DELETE FROM login_failures WHERE email = ?1", &[&email]).await.map(drop)
}

/// Forgets the failed sign-ins counted since before `window`.
pub async fn drop_old_login_failures(tx: &mut Tx, window: Time) -> Result<()> {
    tx.exec("DELETE FROM login_failures WHERE since < ?1", &[&window]).await.map(drop)
}
