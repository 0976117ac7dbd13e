//! The table `account_requests`: what one admin has asked for about an account, and another has still to confirm.

use room::{AccountDeed, AccountRequestId, Time};

use super::{Row, Tx};
use crate::error::Result;

/// A request about an account, which a second admin confirms.
#[derive(Debug, Clone)]
pub struct AccountRequest {
    /// The id of the request.
    pub id: AccountRequestId,
    /// What is to be done.
    pub deed: AccountDeed,
    /// The address of the account.
    pub email: String,
    /// The name of its owner.
    pub name: String,
    /// The hash of the password that the account is to get, if it is to get one.
    pub password_hash: Option<String>,
    /// Whether its owner gets a link to choose a password instead.
    pub by_link: bool,
    /// The address of the admin who asked.
    pub asked_by: String,
    /// When they asked for it.
    pub asked_at: Time,
}

const SELECT: &str = "SELECT r.id, r.deed, r.email, r.name, r.password_hash, r.asked_by, r.asked_at, r.by_link
    FROM account_requests r";

/// Only requests of accounts that still are admins count.
const OF_ADMINS: &str = "JOIN users u ON u.email = r.asked_by AND u.role = 'admin' AND NOT u.disabled";

fn from_row(row: &Row) -> Result<AccountRequest> {
    Ok(AccountRequest {
        id: row.get(0)?,
        deed: row.get(1)?,
        email: row.get(2)?,
        name: row.get(3)?,
        password_hash: row.get(4)?,
        asked_by: row.get(5)?,
        asked_at: row.get(6)?,
        by_link: row.get(7)?,
    })
}

/// Stores a request, in place of an earlier one about the same account.
pub async fn ask(tx: &mut Tx, request: &AccountRequest) -> Result<()> {
    tx.exec("DELETE FROM account_requests WHERE email = ?1", &[&request.email]).await?;
    tx.exec(
        "INSERT INTO account_requests (id, deed, email, name, password_hash, asked_by, asked_at, by_link)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        &[
            &request.id,
            &request.deed,
            &request.email,
            &request.name,
            &request.password_hash,
            &request.asked_by,
            &request.asked_at,
            &request.by_link,
        ],
    )
    .await
    .map(drop)
}

/// Returns the requests made at `since` or later by accounts that still are admins, oldest first.
pub async fn open(tx: &mut Tx, since: Time) -> Result<Vec<AccountRequest>> {
    let sql = format!("{SELECT} {OF_ADMINS} WHERE r.asked_at >= ?1 ORDER BY r.asked_at, r.id");
    tx.rows(&sql, &[&since]).await?.iter().map(from_row).collect()
}

/// Returns the requests made at `since` or later, whoever made them, oldest first.
pub async fn stored(tx: &mut Tx, since: Time) -> Result<Vec<AccountRequest>> {
    let sql = format!("{SELECT} WHERE r.asked_at >= ?1 ORDER BY r.asked_at, r.id");
    tx.rows(&sql, &[&since]).await?.iter().map(from_row).collect()
}

/// Deletes the request with this id.
pub async fn forget(tx: &mut Tx, id: AccountRequestId) -> Result<()> {
    tx.exec("DELETE FROM account_requests WHERE id = ?1", &[&id]).await.map(drop)
}

/// Deletes the requests that an account has made, and those about it.
pub async fn forget_of(tx: &mut Tx, email: &str) -> Result<()> {
    tx.exec("DELETE FROM account_requests WHERE asked_by = ?1 OR email = ?1", &[&email]).await.map(drop)
}

/// Deletes the requests that were made before an instant.
pub async fn drop_old(tx: &mut Tx, before: Time) -> Result<()> {
    tx.exec("DELETE FROM account_requests WHERE asked_at < ?1", &[&before]).await.map(drop)
}
