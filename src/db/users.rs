//! `users`, and `sign_in_attempts` beside it.

use super::{Row, Tx};
use crate::{
    domain::{Role, Time, UserId},
    error::Result,
    evidence::Hash,
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
    /// Whether somebody else chose the password, for its owner to replace before anything else.
    pub must_change_password: bool,
}

impl User {
    /// The columns that [`User::read`] takes, in order.
    pub(super) const COLUMNS: &str = "u.id, u.email, u.name, u.role, u.disabled, u.created_at, u.must_change_password";

    pub(super) fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            email: row.get(1)?,
            name: row.get(2)?,
            role: row.get(3)?,
            disabled: row.get(4)?,
            created_at: row.get(5)?,
            must_change_password: row.get(6)?,
        })
    }
}

/// Adds an account; false where the address is taken.
pub async fn insert(tx: &mut Tx, user: &User, password_hash: &str) -> Result<bool> {
    let added = tx
        .exec(
            "INSERT INTO users (id, email, name, role, password_hash, disabled, created_at, must_change_password)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (email) DO NOTHING",
            &[
                &user.id,
                &user.email,
                &user.name,
                &user.role,
                &password_hash,
                &user.disabled,
                &user.created_at,
                &user.must_change_password,
            ],
        )
        .await?;
    Ok(added == 1)
}

/// The account of an address, with its password hash.
pub async fn by_email(tx: &mut Tx, email: &str) -> Result<Option<(User, String)>> {
    let columns = User::COLUMNS;
    let row = tx.opt(&format!("SELECT {columns}, u.password_hash FROM users u WHERE u.email = ?1"), &[&email]).await?;
    row.map(|row| Ok((User::read(&row)?, row.get(7)?))).transpose()
}

/// Every account, by address.
pub async fn list(tx: &mut Tx) -> Result<Vec<User>> {
    let columns = User::COLUMNS;
    tx.rows(&format!("SELECT {columns} FROM users u ORDER BY u.email"), &[]).await?.iter().map(User::read).collect()
}

/// The account of an id.
pub async fn find(tx: &mut Tx, user: UserId) -> Result<Option<User>> {
    let columns = User::COLUMNS;
    let row = tx.opt(&format!("SELECT {columns} FROM users u WHERE u.id = ?1"), &[&user]).await?;
    row.as_ref().map(User::read).transpose()
}

/// How many admins may sign in.
pub async fn count_admins(tx: &mut Tx) -> Result<i64> {
    tx.one("SELECT COUNT(*) FROM users WHERE role = 'admin' AND NOT disabled", &[]).await?.get(0)
}

/// Stores what of an account can change, but for its password.
pub async fn update(tx: &mut Tx, user: &User) -> Result<()> {
    tx.exec(
        "UPDATE users SET name = ?2, role = ?3, disabled = ?4 WHERE id = ?1",
        &[&user.id, &user.name, &user.role, &user.disabled],
    )
    .await
    .map(drop)
}

/// Replaces the password, and whether its owner has to replace it again.
pub async fn set_password(tx: &mut Tx, user: UserId, password_hash: &str, must_change: bool) -> Result<()> {
    let update = "UPDATE users SET password_hash = ?2, must_change_password = ?3 WHERE id = ?1";
    tx.exec(update, &[&user, &password_hash, &must_change]).await.map(drop)
}

/// Counts one more attempt to sign in to an address, known by its hash; answers how many there were
/// and since when. A count begun before `window` starts again.
pub async fn count_sign_in_attempt(tx: &mut Tx, address: &Hash, now: Time, window: Time) -> Result<(i64, Time)> {
    let row = tx
        .one(
            "INSERT INTO sign_in_attempts (address_hash, attempts, since) VALUES (?1, 1, ?2)
             ON CONFLICT (address_hash) DO UPDATE SET
                 attempts = CASE WHEN sign_in_attempts.since < ?3 THEN 1 ELSE sign_in_attempts.attempts + 1 END,
                 since = CASE WHEN sign_in_attempts.since < ?3 THEN ?2 ELSE sign_in_attempts.since END
             RETURNING attempts, since",
            &[&address.as_slice(), &now, &window],
        )
        .await?;
    Ok((row.get(0)?, row.get(1)?))
}

/// Forgets the attempts to sign in to an address.
pub async fn clear_sign_in_attempts(tx: &mut Tx, address: &Hash) -> Result<()> {
    tx.exec("DELETE FROM sign_in_attempts WHERE address_hash = ?1", &[&address.as_slice()]).await.map(drop)
}

/// Forgets the attempts counted since before `window`.
pub async fn drop_old_sign_in_attempts(tx: &mut Tx, window: Time) -> Result<()> {
    tx.exec("DELETE FROM sign_in_attempts WHERE since < ?1", &[&window]).await.map(drop)
}
