//! Files as rows name them; and `file_deletions`: those that no row names any more, to be removed.

use room::{Time, Version};

use super::Tx;
use crate::{error::Result, evidence::Hash};

/// A file of the store, as its row tells of it.
#[derive(Debug, Clone)]
pub struct StoredFile {
    /// Key in the store.
    pub file_url: String,
    /// Bytes.
    pub size: i64,
    /// SHA-256.
    pub sha256: Hash,
}

impl From<&Version> for StoredFile {
    fn from(version: &Version) -> Self {
        Self { file_url: version.file_url.clone(), size: version.size, sha256: version.sha256 }
    }
}

/// Notes a file for removal.
pub async fn forget(tx: &mut Tx, file_url: &str, not_before: Time) -> Result<()> {
    tx.exec(
        "INSERT INTO file_deletions (file_url, not_before) VALUES (?1, ?2)
         ON CONFLICT (file_url) DO UPDATE SET not_before = ?2",
        &[&file_url, &not_before],
    )
    .await
    .map(drop)
}

/// The files to remove now.
pub async fn due(tx: &mut Tx, now: Time, limit: i64) -> Result<Vec<String>> {
    let sql = "SELECT file_url FROM file_deletions WHERE not_before <= ?1 ORDER BY not_before LIMIT ?2";
    tx.rows(sql, &[&now, &limit]).await?.iter().map(|row| row.get(0)).collect()
}

/// Notes that a file has been removed.
pub async fn removed(tx: &mut Tx, file_url: &str) -> Result<()> {
    tx.exec("DELETE FROM file_deletions WHERE file_url = ?1", &[&file_url]).await.map(drop)
}

/// Tries a file again later.
pub async fn put_off(tx: &mut Tx, file_url: &str, not_before: Time) -> Result<()> {
    tx.exec("UPDATE file_deletions SET not_before = ?2 WHERE file_url = ?1", &[&file_url, &not_before]).await.map(drop)
}
