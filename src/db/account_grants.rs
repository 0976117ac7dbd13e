//! The table `account_grants`: what admins did to accounts by which they could use these themselves.
//!
//! A deed that takes two admins must not be done by one admin with two accounts. So accounts are traced back to those
//! who made them, enabled them, promoted them or gave them a password.

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

/// Deletes what was done to an account, after the operator has given it into other hands.
pub async fn forget(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.exec("DELETE FROM account_grants WHERE user_id = ?1", &[&user]).await.map(drop)
}

/// Returns when an admin last did such a thing to an account.
pub async fn last(tx: &mut Tx, user: UserId) -> Result<Option<Time>> {
    tx.one("SELECT MAX(granted_at) FROM account_grants WHERE user_id = ?1", &[&user]).await?.get(0)
}

/// Returns the accounts that could have this one in their hands: those that did such a thing to it, those that did it
/// to them, and so on, and the account itself.
pub async fn hands(tx: &mut Tx, user: UserId) -> Result<BTreeSet<UserId>> {
    // UNION ALL would not end: two admins may have done it to each other.
    let select = "WITH RECURSIVE hands (id) AS (
            SELECT u.id FROM users u WHERE u.id = ?1
            UNION
            SELECT g.granted_by FROM account_grants g JOIN hands h ON g.user_id = h.id)
        SELECT id FROM hands";
    tx.rows(select, &[&user]).await?.iter().map(|row| row.get(0)).collect()
}
