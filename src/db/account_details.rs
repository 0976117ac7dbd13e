//! The table `account_details`: what people say of themselves, beside the log.

use std::collections::HashMap;

use room::{Time, UserId};

use super::{Param, Row, Tx};
use crate::error::Result;

/// What somebody says of themselves; nothing of it need be given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// The company that they work for.
    pub company: Option<String>,
    /// What they are there.
    pub position: Option<String>,
    /// Where they can be called.
    pub telephone: Option<String>,
    /// Their time zone, by its IANA name.
    pub time_zone: Option<String>,
}

const COLUMNS: &str = "d.company, d.position, d.telephone, d.time_zone";

fn from_row(row: &Row) -> Result<Details> {
    Ok(Details { company: row.get(0)?, position: row.get(1)?, telephone: row.get(2)?, time_zone: row.get(3)? })
}

/// Returns the details of an account; empty if there are none.
pub async fn find(tx: &mut Tx, user: UserId) -> Result<Details> {
    let row = tx.opt(&format!("SELECT {COLUMNS} FROM account_details d WHERE d.user_id = ?1"), &[&user]).await?;
    Ok(row.as_ref().map(from_row).transpose()?.unwrap_or_default())
}

/// Returns the details of the accounts with these addresses, by address; without those that have none.
pub async fn of_people(tx: &mut Tx, emails: &[&str]) -> Result<HashMap<String, Details>> {
    // PostgreSQL refuses an empty list.
    if emails.is_empty() {
        return Ok(HashMap::new());
    }
    let places = (1..=emails.len()).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ");
    let params: Vec<&dyn Param> = emails.iter().map(|email| email as &dyn Param).collect();
    let sql = format!(
        "SELECT {COLUMNS}, u.email FROM account_details d JOIN users u ON u.id = d.user_id WHERE u.email IN ({places})"
    );
    tx.rows(&sql, &params).await?.iter().map(|row| Ok((row.get(4)?, from_row(row)?))).collect()
}

/// Stores the details of an account in place of those that there are.
pub async fn store(tx: &mut Tx, user: UserId, details: &Details, now: Time) -> Result<()> {
    let Details { company, position, telephone, time_zone } = details;
    tx.exec(
        "INSERT INTO account_details (user_id, company, position, telephone, time_zone, changed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (user_id) DO UPDATE
         SET company = ?2, position = ?3, telephone = ?4, time_zone = ?5, changed_at = ?6",
        &[&user, company, position, telephone, time_zone, &now],
    )
    .await
    .map(drop)
}

/// Erases the details of an account.
pub async fn delete(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.exec("DELETE FROM account_details WHERE user_id = ?1", &[&user]).await.map(drop)
}
