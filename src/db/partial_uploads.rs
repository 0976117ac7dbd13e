//! The table `partial_uploads`: uploads that come in parts, each of one account and for one document.

use std::collections::HashSet;

use room::{Day, DocumentId, RoomId, Time, UploadId, UserId, VersionId};

use super::{Row, Tx};
use crate::{
    error::{Error, Result},
    evidence::Hash,
};

/// An upload that comes in parts.
#[derive(Debug, Clone)]
pub struct PartialUpload {
    /// The id of the upload.
    pub id: UploadId,
    /// The room of the document.
    pub room: RoomId,
    /// The document that the file is for.
    pub document: DocumentId,
    /// The account that began it, to which alone it is open.
    pub user: UserId,
    /// The name of the file.
    pub file_name: String,
    /// How many bytes the file has.
    pub size: i64,
    /// How many of them are on disk for certain.
    pub received: i64,
    /// The SHA-256 that the file has to have, if its uploader has given one.
    pub sha256: Option<Hash>,
    /// The last day on which the file is valid.
    pub expires_on: Option<Day>,
    /// Notes for those who decide on it.
    pub notes: Option<String>,
    /// Until when it is kept. Each part that comes puts this off.
    pub kept_until: Time,
    /// The version that it has come to, and whether that is a new one. `None` while bytes are missing.
    pub outcome: Option<(VersionId, bool)>,
}

const COLUMNS: &str =
    "id, room_id, document_id, user_id, file_name, size, received, sha256, expires_on, notes, kept_until,
    version_id, is_new";

fn from_row(row: &Row) -> Result<PartialUpload> {
    let (version, is_new): (Option<VersionId>, Option<bool>) = (row.get(11)?, row.get(12)?);
    Ok(PartialUpload {
        id: row.get(0)?,
        room: row.get(1)?,
        document: row.get(2)?,
        user: row.get(3)?,
        file_name: row.get(4)?,
        size: row.get(5)?,
        received: row.get(6)?,
        sha256: row.get::<Option<Vec<u8>>>(7)?.map(hash).transpose()?,
        expires_on: row.get(8)?,
        notes: row.get(9)?,
        kept_until: row.get(10)?,
        outcome: version.zip(is_new),
    })
}

fn hash(stored: Vec<u8>) -> Result<Hash> {
    stored.try_into().map_err(|_| Error::internal("a hash of another length"))
}

/// Stores an upload of which no byte has come.
pub async fn insert(tx: &mut Tx, upload: &PartialUpload) -> Result<()> {
    let sql = "INSERT INTO partial_uploads
            (id, room_id, document_id, user_id, file_name, size, received, sha256, expires_on, notes, kept_until)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    tx.exec(
        sql,
        &[
            &upload.id,
            &upload.room,
            &upload.document,
            &upload.user,
            &upload.file_name,
            &upload.size,
            &upload.received,
            &upload.sha256.map(|sha256| sha256.to_vec()),
            &upload.expires_on,
            &upload.notes,
            &upload.kept_until,
        ],
    )
    .await
    .map(drop)
}

/// Returns an upload of this room that this account has begun.
pub async fn find(tx: &mut Tx, room: RoomId, user: UserId, id: UploadId) -> Result<Option<PartialUpload>> {
    let sql = format!("SELECT {COLUMNS} FROM partial_uploads WHERE room_id = ?1 AND user_id = ?2 AND id = ?3");
    tx.opt(&sql, &[&room, &user, &id]).await?.as_ref().map(from_row).transpose()
}

/// Returns how many uploads of an account are not finished, and how many bytes those for one room are to have.
pub async fn open_of(tx: &mut Tx, user: UserId, room: RoomId) -> Result<(i64, u64)> {
    let sql = "SELECT room_id, size FROM partial_uploads WHERE user_id = ?1 AND version_id IS NULL";
    let rows = tx.rows(sql, &[&user]).await?;
    let mut bytes = 0_u64;
    for row in &rows {
        let (of, size): (RoomId, i64) = (row.get(0)?, row.get(1)?);
        bytes = bytes.saturating_add(if of == room { size.unsigned_abs() } else { 0 });
    }
    Ok((i64::try_from(rows.len()).unwrap_or(i64::MAX), bytes))
}

/// Notes that so many bytes are on disk, in place of so many before. Returns `false` if there were not that many, or the
/// upload is gone.
pub async fn advance(tx: &mut Tx, id: UploadId, (from, to): (i64, i64), kept_until: Time) -> Result<bool> {
    let sql = "UPDATE partial_uploads SET received = ?3, kept_until = ?4
        WHERE id = ?1 AND received = ?2 AND version_id IS NULL";
    Ok(tx.exec(sql, &[&id, &from, &to, &kept_until]).await? == 1)
}

/// Notes what an upload has come to.
pub async fn finish(tx: &mut Tx, id: UploadId, (version, is_new): (VersionId, bool), kept_until: Time) -> Result<()> {
    let sql = "UPDATE partial_uploads SET version_id = ?2, is_new = ?3, kept_until = ?4 WHERE id = ?1";
    tx.exec(sql, &[&id, &version, &is_new, &kept_until]).await.map(drop)
}

/// Deletes an upload.
pub async fn forget(tx: &mut Tx, id: UploadId) -> Result<()> {
    tx.exec("DELETE FROM partial_uploads WHERE id = ?1", &[&id]).await.map(drop)
}

/// Deletes the uploads that are kept no longer.
pub async fn drop_old(tx: &mut Tx, now: Time) -> Result<()> {
    tx.exec("DELETE FROM partial_uploads WHERE kept_until < ?1", &[&now]).await.map(drop)
}

/// Returns the uploads of which not all bytes have come.
pub async fn unfinished(tx: &mut Tx) -> Result<HashSet<UploadId>> {
    let rows = tx.rows("SELECT id FROM partial_uploads WHERE version_id IS NULL", &[]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}
