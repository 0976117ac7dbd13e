//! The table `private_texts`: words that not every reader of a log may read, by the salted hash that the log has.

use super::Tx;
use crate::error::Result;

/// Stores a text with the salt that its hash was made with.
pub async fn insert(tx: &mut Tx, hash: &str, salt: &[u8], text: &str) -> Result<()> {
    let insert = "INSERT INTO private_texts (hash, salt, text) VALUES (?1, ?2, ?3)";
    tx.exec(insert, &[&hash, &salt, &text]).await.map(drop)
}

/// Returns the salt and the text that belong to a hash. `None` if they are missing.
pub async fn find(tx: &mut Tx, hash: &str) -> Result<Option<(Vec<u8>, String)>> {
    let row = tx.opt("SELECT salt, text FROM private_texts WHERE hash = ?1", &[&hash]).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}
