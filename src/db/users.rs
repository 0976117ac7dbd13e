//! The table `users`: accounts and the hashes of their passwords.

use room::{Role, Time, UserId, address};

use super::{Param, Row, Tx};
use crate::error::Result;

/// An account, without its password's hash.
#[derive(Debug, Clone)]
pub struct User {
    /// The id of the account.
    pub id: UserId,
    /// The address in its canonical form. Accounts of earlier versions have it trimmed and in lower case only.
    pub email: String,
    /// The name of its owner.
    pub name: String,
    /// The role on the platform, outside of rooms.
    pub role: Role,
    /// Whether the account is disabled, so that it cannot sign in.
    pub disabled: bool,
    /// When the account was made.
    pub created_at: Time,
    /// Whether an admin chose the password, which the owner has to replace before doing anything else.
    pub must_change_password: bool,
    /// When the admin chose it. `None` if the owner chose the password, or if that was before such times were stored.
    pub password_given_at: Option<Time>,
}

impl User {
    /// The columns that [`User::from_row`] reads, in order.
    pub(super) const COLUMNS: &str =
        "u.id, u.email, u.name, u.role, u.disabled, u.created_at, u.must_change_password, u.password_given_at";
    /// The number of these columns.
    pub(super) const WIDTH: usize = 8;

    pub(super) fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            email: row.get(1)?,
            name: row.get(2)?,
            role: row.get(3)?,
            disabled: row.get(4)?,
            created_at: row.get(5)?,
            must_change_password: row.get(6)?,
            password_given_at: row.get(7)?,
        })
    }
}

/// Returns the account with this address, and the hash of its password.
pub async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<(User, String)>> {
    let columns = User::COLUMNS;
    let sql = format!("SELECT {columns}, u.password_hash FROM users u WHERE u.email = ?1");
    // The canonical form first, then those in which earlier versions stored addresses.
    for form in address::forms(email) {
        if let Some(row) = tx.opt(&sql, &[&form]).await? {
            return Ok(Some((User::from_row(&row)?, row.get(User::WIDTH)?)));
        }
    }
    Ok(None)
}

/// Returns address, name and role of the accounts with these addresses, in one query. Unlike [`by_email`] it compares
/// the stored spelling only: rows name an account by the address that it is stored under.
pub async fn names_of(tx: &mut Tx, emails: &[&str]) -> Result<Vec<(String, String, Role)>> {
    // PostgreSQL refuses an empty list.
    if emails.is_empty() {
        return Ok(Vec::new());
    }
    let places = (1..=emails.len()).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ");
    let params: Vec<&dyn Param> = emails.iter().map(|email| email as &dyn Param).collect();
    let rows = tx.rows(&format!("SELECT email, name, role FROM users WHERE email IN ({places})"), &params).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}

/// Returns every account with the hash of its password, in no particular order.
pub async fn list_with_passwords(tx: &mut Tx) -> Result<Vec<(User, String)>> {
    let columns = User::COLUMNS;
    let rows = tx.rows(&format!("SELECT {columns}, u.password_hash FROM users u"), &[]).await?;
    rows.iter().map(|row| Ok((User::from_row(row)?, row.get(User::WIDTH)?))).collect()
}

/// Returns every account, in the order of addresses.
pub async fn list(tx: &mut Tx) -> Result<Vec<User>> {
    let columns = User::COLUMNS;
    tx.rows(&format!("SELECT {columns} FROM users u ORDER BY u.email"), &[]).await?.iter().map(User::from_row).collect()
}

/// Returns the account with this id.
pub async fn find(tx: &mut Tx, user: UserId) -> Result<Option<User>> {
    let columns = User::COLUMNS;
    let row = tx.opt(&format!("SELECT {columns} FROM users u WHERE u.id = ?1"), &[&user]).await?;
    row.as_ref().map(User::from_row).transpose()
}

/// Keeps the hash of an account's password. Of the hash itself, the log tells nothing but its SHA-256.
pub async fn keep_password(tx: &mut Tx, user: UserId, password_hash: &str) -> Result<()> {
    tx.exec("UPDATE users SET password_hash = ?2 WHERE id = ?1", &[&user, &password_hash]).await.map(drop)
}
