//! `account_grants`: what admins did to accounts that could put these into their hands.

use std::collections::BTreeSet;

use room::{Time, UserId};

use super::Tx;
use crate::error::Result;

/// Stores what an admin did to an account: `made`, `enabled`, `promoted` or `given_password`.
pub async fn insert(tx: &mut Tx, user: UserId, by: UserId, at: Time, deed: &'static str) -> Result<()> {
    tx.exec(
        "INSERT INTO account_grants (user_id, granted_by, granted_at, deed) VALUES (?1, ?2, ?3, ?4)",
        &[&user, &by, &at, &deed],
    )
    .await
    .map(drop)
}

/// Forgets what was done to an account: whoever runs the server has given it into other hands.
pub async fn forget(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.exec("DELETE FROM account_grants WHERE user_id = ?1", &[&user]).await.map(drop)
}

/// When the last of it was done to an account.
pub async fn last(tx: &mut Tx, user: UserId) -> Result<Option<Time>> {
    tx.one("SELECT MAX(granted_at) FROM account_grants WHERE user_id = ?1", &[&user]).await?.get(0)
}

/// Those who did it to an account, those who did it to them, and so on; the account itself among them.
pub async fn hands(tx: &mut Tx, user: UserId) -> Result<BTreeSet<UserId>> {
    // UNION, not UNION ALL: the two may have done it to each other.
    let select = "WITH RECURSIVE hands (id) AS (
            SELECT u.id FROM users u WHERE u.id = ?1
            UNION
            SELECT g.granted_by FROM account_grants g JOIN hands h ON g.user_id = h.id)
        SELECT id FROM hands";
    tx.rows(select, &[&user]).await?.iter().map(|row| row.get(0)).collect()
}
