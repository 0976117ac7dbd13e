//! The table `sessions`: who is signed in, by the hash of the session token.

use room::{SessionId, Time, UserId};

use super::{Row, Tx, users::User};
use crate::{clock::FARTHEST, error::Result, evidence::Hash};

/// The condition for a session `s` that is valid at `?1`; `?2` is [`FARTHEST`] after that. One that begins later was made
/// while the clock was wrong, and has ended with that.
const VALID: &str = "s.expires_at > ?1 AND s.idle_at > ?1 AND s.created_at <= ?2";

/// A session that is still valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The session's id, which is not its token and opens nothing.
    pub id: SessionId,
    /// The account that is signed in.
    pub user: UserId,
    /// The `User-Agent` that they signed in with.
    pub user_agent: Option<String>,
    /// When they signed in.
    pub created_at: Time,
    /// When it was last used; this lags by minutes.
    pub last_seen_at: Time,
    /// When the password was last given in it.
    pub password_at: Time,
    /// When it ends if it is not used until then.
    pub idle_at: Time,
    /// When it ends in any case.
    pub expires_at: Time,
}

const COLUMNS: &str =
    "s.id, s.user_id, s.user_agent, s.created_at, s.last_seen_at, s.password_at, s.idle_at, s.expires_at";

fn from_row(row: &Row) -> Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        user: row.get(1)?,
        user_agent: row.get(2)?,
        created_at: row.get(3)?,
        last_seen_at: row.get(4)?,
        password_at: row.get(5)?,
        idle_at: row.get(6)?,
        expires_at: row.get(7)?,
    })
}

/// Adds a session under the hash of its token.
pub async fn insert(tx: &mut Tx, token: &Hash, session: &Session) -> Result<()> {
    tx.exec(
        "INSERT INTO sessions (token_hash, id, user_id, user_agent, created_at, last_seen_at, password_at, idle_at,
             expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        &[
            &token.as_slice(),
            &session.id,
            &session.user,
            &session.user_agent,
            &session.created_at,
            &session.last_seen_at,
            &session.password_at,
            &session.idle_at,
            &session.expires_at,
        ],
    )
    .await
    .map(drop)
}

/// The account of a valid session, and what matters of the session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The account that is signed in.
    pub user: User,
    /// When the session was last used; this lags by minutes.
    pub last_seen_at: Time,
    /// When the password was last given in it.
    pub password_at: Time,
    /// The time zone that the account's owner has named.
    pub time_zone: Option<String>,
}

/// Returns who is signed in with this token. `None` if the session is unknown, has expired or was idle for too long, or
/// if its user is disabled.
pub async fn signed_in(tx: &mut Tx, token: &Hash, now: Time) -> Result<Option<SignedIn>> {
    let columns = User::COLUMNS;
    let row = tx
        .opt(
            &format!(
                "SELECT {columns}, s.last_seen_at, s.password_at, d.time_zone
                 FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN account_details d ON d.user_id = u.id
                 WHERE s.token_hash = ?3 AND {VALID} AND NOT u.disabled"
            ),
            &[&now, &now.after(FARTHEST), &token.as_slice()],
        )
        .await?;
    row.map(|row| {
        let (last_seen_at, password_at) = (row.get(User::WIDTH)?, row.get(User::WIDTH + 1)?);
        Ok(SignedIn { user: User::from_row(&row)?, last_seen_at, password_at, time_zone: row.get(User::WIDTH + 2)? })
    })
    .transpose()
}

/// Returns the account that a valid session is of, whether or not that account may still sign in. `None` if the session
/// is unknown, has expired or was idle for too long.
pub async fn holder(tx: &mut Tx, token: &Hash, now: Time) -> Result<Option<UserId>> {
    let select = format!("SELECT s.user_id FROM sessions s WHERE s.token_hash = ?3 AND {VALID}");
    tx.opt(&select, &[&now, &now.after(FARTHEST), &token.as_slice()]).await?.map(|row| row.get(0)).transpose()
}

/// Returns the valid sessions of a user, the newest first, each with whether it is the session of this token.
pub async fn of_user(tx: &mut Tx, user: UserId, token: &Hash, now: Time) -> Result<Vec<(Session, bool)>> {
    let sql = format!(
        "SELECT {COLUMNS}, s.token_hash = ?4 FROM sessions s
         WHERE s.user_id = ?3 AND {VALID} ORDER BY s.created_at DESC, s.id DESC"
    );
    let rows = tx.rows(&sql, &[&now, &now.after(FARTHEST), &user, &token.as_slice()]).await?;
    rows.iter().map(|row| Ok((from_row(row)?, row.get(8)?))).collect()
}

/// Stores that a session is used now, unless another use was stored since `last_seen_at` was read. Unused from now on, it
/// ends at `idle_at`.
pub async fn seen(tx: &mut Tx, token: &Hash, last_seen_at: Time, now: Time, idle_at: Time) -> Result<()> {
    // The condition spares one write for each request: most find a session that was seen a moment ago. It also keeps a
    // write that comes late from putting a newer one back.
    let update = "UPDATE sessions SET last_seen_at = ?3, idle_at = ?4 WHERE token_hash = ?1 AND last_seen_at = ?2";
    tx.exec(update, &[&token.as_slice(), &last_seen_at, &now, &idle_at]).await.map(drop)
}

/// Returns when the password was last given in a session. `None` if there is no such session.
pub async fn password_at(tx: &mut Tx, token: &Hash) -> Result<Option<Time>> {
    let row = tx.opt("SELECT password_at FROM sessions WHERE token_hash = ?1", &[&token.as_slice()]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Stores that the password was given in a session now.
pub async fn set_password_at(tx: &mut Tx, token: &Hash, now: Time) -> Result<()> {
    let update = "UPDATE sessions SET password_at = ?2 WHERE token_hash = ?1";
    tx.exec(update, &[&token.as_slice(), &now]).await.map(drop)
}

/// Ends the valid session of this token, whatever its account, and returns its id.
pub async fn replace(tx: &mut Tx, token: &Hash, now: Time) -> Result<Option<SessionId>> {
    let delete = format!("DELETE FROM sessions AS s WHERE s.token_hash = ?3 AND {VALID} RETURNING id");
    tx.opt(&delete, &[&now, &now.after(FARTHEST), &token.as_slice()]).await?.map(|row| row.get(0)).transpose()
}

/// Ends a session of a user. Returns `false` if they have no such valid session.
pub async fn end(tx: &mut Tx, user: UserId, session: SessionId, now: Time) -> Result<bool> {
    let delete = format!("DELETE FROM sessions AS s WHERE s.id = ?3 AND s.user_id = ?4 AND {VALID}");
    Ok(tx.exec(&delete, &[&now, &now.after(FARTHEST), &session, &user]).await? == 1)
}

/// Ends the session of this token.
pub async fn delete(tx: &mut Tx, token: &Hash) -> Result<()> {
    tx.exec("DELETE FROM sessions WHERE token_hash = ?1", &[&token.as_slice()]).await.map(drop)
}

/// Ends the sessions of everybody.
pub async fn delete_all(tx: &mut Tx) -> Result<u64> {
    tx.exec("DELETE FROM sessions", &[]).await
}

/// Ends every session of a user, except for the one of `kept`, and returns how many those were.
pub async fn delete_of_user(tx: &mut Tx, user: UserId, kept: Option<&Hash>) -> Result<u64> {
    // No hash is empty, so the empty one keeps no session.
    let kept = kept.map_or(&[][..], |token| token.as_slice());
    tx.exec("DELETE FROM sessions WHERE user_id = ?1 AND token_hash <> ?2", &[&user, &kept]).await
}

/// Deletes the sessions that have expired or were idle for too long, or that a wrong clock has made.
pub async fn drop_expired(tx: &mut Tx, now: Time) -> Result<()> {
    let delete = format!("DELETE FROM sessions AS s WHERE NOT ({VALID})");
    tx.exec(&delete, &[&now, &now.after(FARTHEST)]).await.map(drop)
}
