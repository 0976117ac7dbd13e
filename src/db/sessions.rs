//! `sessions`: who is signed in, by the hash of the token.

use super::{Row, Tx, users::User};
use crate::{
    domain::{SessionId, Time, UserId},
    error::Result,
    evidence::Hash,
};

/// A session that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Id; it opens nothing.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// What they signed in with, as it says of itself.
    pub user_agent: Option<String>,
    /// When they signed in.
    pub created_at: Time,
    /// When it was last used; late by minutes.
    pub last_seen_at: Time,
    /// When it ends by itself.
    pub expires_at: Time,
}

const COLUMNS: &str = "s.id, s.user_id, s.user_agent, s.created_at, s.last_seen_at, s.expires_at";

fn read(row: &Row) -> Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        user: row.get(1)?,
        user_agent: row.get(2)?,
        created_at: row.get(3)?,
        last_seen_at: row.get(4)?,
        expires_at: row.get(5)?,
    })
}

/// Adds a session.
pub async fn insert(tx: &mut Tx, token: &Hash, session: &Session) -> Result<()> {
    tx.exec(
        "INSERT INTO sessions (token_hash, id, user_id, user_agent, created_at, last_seen_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &[
            &token.as_slice(),
            &session.id,
            &session.user,
            &session.user_agent,
            &session.created_at,
            &session.last_seen_at,
            &session.expires_at,
        ],
    )
    .await
    .map(drop)
}

/// The user of a session that holds now, and when it was last seen: known, not expired, its user not disabled.
pub async fn user(tx: &mut Tx, token: &Hash, now: Time) -> Result<Option<(User, Time)>> {
    let columns = User::COLUMNS;
    let row = tx
        .opt(
            &format!(
                "SELECT {columns}, s.last_seen_at FROM sessions s JOIN users u ON u.id = s.user_id
                 WHERE s.token_hash = ?1 AND s.expires_at > ?2 AND NOT u.disabled"
            ),
            &[&token.as_slice(), &now],
        )
        .await?;
    row.map(|row| Ok((User::read(&row)?, row.get(7)?))).transpose()
}

/// The sessions of a user that hold now, the newest first, each with whether it is that of this token.
pub async fn of_user(tx: &mut Tx, user: UserId, token: &Hash, now: Time) -> Result<Vec<(Session, bool)>> {
    let sql = format!(
        "SELECT {COLUMNS}, s.token_hash = ?2 FROM sessions s WHERE s.user_id = ?1 AND s.expires_at > ?3
         ORDER BY s.created_at DESC, s.id DESC"
    );
    let rows = tx.rows(&sql, &[&user, &token.as_slice(), &now]).await?;
    rows.iter().map(|row| Ok((read(row)?, row.get(6)?))).collect()
}

/// Notes that a session is used, where that was not noted since `due`.
pub async fn seen(tx: &mut Tx, token: &Hash, now: Time, due: Time) -> Result<()> {
    let update = "UPDATE sessions SET last_seen_at = ?2 WHERE token_hash = ?1 AND last_seen_at <= ?3";
    tx.exec(update, &[&token.as_slice(), &now, &due]).await.map(drop)
}

/// Ends a session of a user; false where they have none such.
pub async fn end(tx: &mut Tx, user: UserId, session: SessionId, now: Time) -> Result<bool> {
    let delete = "DELETE FROM sessions WHERE id = ?1 AND user_id = ?2 AND expires_at > ?3";
    Ok(tx.exec(delete, &[&session, &user, &now]).await? == 1)
}

/// Ends one session.
pub async fn delete(tx: &mut Tx, token: &Hash) -> Result<()> {
    tx.exec("DELETE FROM sessions WHERE token_hash = ?1", &[&token.as_slice()]).await.map(drop)
}

/// Ends every session of a user, but for the one kept, if any; answers how many.
pub async fn delete_of_user(tx: &mut Tx, user: UserId, kept: Option<&Hash>) -> Result<u64> {
    let kept = kept.map_or(&[][..], |token| token.as_slice());
    tx.exec("DELETE FROM sessions WHERE user_id = ?1 AND token_hash <> ?2", &[&user, &kept]).await
}

/// Removes the sessions that have run out.
pub async fn drop_expired(tx: &mut Tx, now: Time) -> Result<()> {
    tx.exec("DELETE FROM sessions WHERE expires_at <= ?1", &[&now]).await.map(drop)
}
