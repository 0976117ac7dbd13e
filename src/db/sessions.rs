//! `sessions`: who is signed in, by the hash of the token.

use super::{Tx, users::User};
use crate::{
    domain::{Time, UserId},
    error::Result,
    evidence::Hash,
};

/// Adds a session.
pub async fn insert(tx: &mut Tx, token: &Hash, user: UserId, now: Time, expires_at: Time) -> Result<()> {
    tx.exec(
        "INSERT INTO sessions (token_hash, user_id, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)",
        &[&token.as_slice(), &user, &now, &expires_at],
    )
    .await
    .map(drop)
}

/// The user of a session that holds now: known, not expired, its user not disabled.
pub async fn user(tx: &mut Tx, token: &Hash, now: Time) -> Result<Option<User>> {
    let columns = User::COLUMNS;
    let row = tx
        .opt(
            &format!(
                "SELECT {columns} FROM sessions s JOIN users u ON u.id = s.user_id
                 WHERE s.token_hash = ?1 AND s.expires_at > ?2 AND NOT u.disabled"
            ),
            &[&token.as_slice(), &now],
        )
        .await?;
    row.as_ref().map(User::read).transpose()
}

/// Ends one session.
pub async fn delete(tx: &mut Tx, token: &Hash) -> Result<()> {
    tx.exec("DELETE FROM sessions WHERE token_hash = ?1", &[&token.as_slice()]).await.map(drop)
}

/// Ends every session of a user, but for the one kept, if any.
pub async fn delete_of_user(tx: &mut Tx, user: UserId, kept: Option<&Hash>) -> Result<()> {
    let kept = kept.map_or(&[][..], |token| token.as_slice());
    tx.exec("DELETE FROM sessions WHERE user_id = ?1 AND token_hash <> ?2", &[&user, &kept]).await.map(drop)
}

/// Removes the sessions that have run out.
pub async fn drop_expired(tx: &mut Tx, now: Time) -> Result<()> {
    tx.exec("DELETE FROM sessions WHERE expires_at <= ?1", &[&now]).await.map(drop)
}
