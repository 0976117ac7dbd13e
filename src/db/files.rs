//! The table `file_deletions`: files that no row names any more, and that are to be removed from the store.
//!
//! A row is added in the transaction that deletes the row naming the file. The file itself goes afterwards, because a
//! transaction that is rolled back cannot bring a file back.

use std::time::Duration;

use room::{Time, Version};

use super::Tx;
use crate::{error::Result, evidence::Hash};

/// A file in the store, as the row that names it describes it.
#[derive(Debug, Clone)]
pub struct StoredFile {
    /// The file's key in the store.
    pub file_url: String,
    /// The size, in bytes.
    pub size: i64,
    /// The SHA-256 of its bytes.
    pub sha256: Hash,
}

impl From<&Version> for StoredFile {
    fn from(version: &Version) -> Self {
        Self { file_url: version.file_url.clone(), size: version.size, sha256: version.sha256 }
    }
}

/// Returns the keys of the files that rows name, those of the newest documents and of the newest snapshots first: up to
/// `limit` of each. Files that are to be removed are not among them.
pub async fn newest_named(tx: &mut Tx, limit: i64) -> Result<Vec<String>> {
    let is_kept = "NOT EXISTS (SELECT 1 FROM file_deletions d WHERE d.file_url = t.file_url)";
    let mut named = Vec::new();
    for from in ["document_versions t WHERE t.file_url IS NOT NULL", "snapshots t WHERE t.status = 'completed'"] {
        // By id, which sorts by time, and is a key.
        let sql = format!("SELECT t.file_url FROM {from} AND {is_kept} ORDER BY t.id DESC LIMIT ?1");
        for row in tx.rows(&sql, &[&limit]).await? {
            named.extend(row.get::<Option<String>>(0)?);
        }
    }
    Ok(named)
}

/// Lists a file for removal, not before an instant.
pub async fn forget(tx: &mut Tx, file_url: &str, not_before: Time) -> Result<()> {
    tx.exec(
        "INSERT INTO file_deletions (file_url, not_before) VALUES (?1, ?2)
         ON CONFLICT (file_url) DO UPDATE SET not_before = ?2",
        &[&file_url, &not_before],
    )
    .await
    .map(drop)
}

/// How long a removal is put off at most. One that is farther ahead was put off by a clock that has been set back since.
const FARTHEST: Duration = Duration::from_hours(1);

/// Returns up to `limit` files that are to be removed now, the one longest due first.
pub async fn due(tx: &mut Tx, now: Time, limit: i64) -> Result<Vec<String>> {
    let sql = "SELECT file_url FROM file_deletions WHERE not_before <= ?1 OR not_before > ?2
        ORDER BY not_before LIMIT ?3";
    tx.rows(sql, &[&now, &now.after(FARTHEST), &limit]).await?.iter().map(|row| row.get(0)).collect()
}

/// Deletes the row of a file that has been removed.
pub async fn removed(tx: &mut Tx, file_url: &str) -> Result<()> {
    tx.exec("DELETE FROM file_deletions WHERE file_url = ?1", &[&file_url]).await.map(drop)
}

/// Puts the removal of a file off, after an attempt failed.
pub async fn put_off(tx: &mut Tx, file_url: &str, not_before: Time) -> Result<()> {
    tx.exec("UPDATE file_deletions SET not_before = ?2 WHERE file_url = ?1", &[&file_url, &not_before]).await.map(drop)
}
