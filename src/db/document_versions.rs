//! The table `document_versions`: uploaded files of documents, which are added and read, never changed.

use std::collections::HashSet;

use room::{DocumentId, RoomId, Version, VersionId};

use super::{Page, Row, Tx};
use crate::{
    error::{Error, Result},
    evidence::Hash,
};

const COLUMNS: &str = "v.id, v.document_id, v.number, v.file_url, v.file_name, v.file_kind, v.file_size, v.sha256,
    v.expires_on, v.expiry_assumed, v.notes, v.told_eta, v.uploaded_by, v.uploader_role, v.uploaded_at,
    v.notice";

fn from_row(row: &Row) -> Result<Version> {
    Ok(Version {
        id: row.get(0)?,
        document: row.get(1)?,
        number: row.get(2)?,
        file_url: row.get(3)?,
        file_name: row.get(4)?,
        kind: row.get(5)?,
        size: row.get(6)?,
        sha256: hash(&row.get::<Vec<u8>>(7)?)?,
        expires_on: row.get(8)?,
        expiry_assumed: row.get(9)?,
        notes: row.get(10)?,
        told_eta: row.get(11)?,
        uploaded_by: row.get(12)?,
        uploader_role: row.get(13)?,
        uploaded_at: row.get(14)?,
        notice: row.get(15)?,
    })
}

fn hash(stored: &[u8]) -> Result<Hash> {
    stored.try_into().map_err(|_| Error::internal("a hash of another length"))
}

/// Returns the versions of all documents of a room; those of one document oldest first.
pub async fn of_room(tx: &mut Tx, room: RoomId) -> Result<Vec<Version>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM document_versions v JOIN documents d ON d.id = v.document_id
         WHERE d.room_id = ?1 ORDER BY v.document_id, v.number"
    );
    tx.rows(&sql, &[&room]).await?.iter().map(from_row).collect()
}

/// Returns the versions of a document, oldest first.
pub async fn of_document(tx: &mut Tx, document: DocumentId) -> Result<Vec<Version>> {
    let sql = format!("SELECT {COLUMNS} FROM document_versions v WHERE v.document_id = ?1 ORDER BY v.number");
    tx.rows(&sql, &[&document]).await?.iter().map(from_row).collect()
}

/// Returns a page of the versions of a document, newest first, and how many there are.
pub async fn page_of_document(tx: &mut Tx, document: DocumentId, page: Page) -> Result<(Vec<Version>, i64)> {
    let total = tx.one("SELECT COUNT(*) FROM document_versions WHERE document_id = ?1", &[&document]).await?.get(0)?;
    let sql = format!(
        "SELECT {COLUMNS} FROM document_versions v WHERE v.document_id = ?1 ORDER BY v.number DESC LIMIT ?2 OFFSET ?3"
    );
    let rows = tx.rows(&sql, &[&document, &page.limit, &page.offset]).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_>>()?, total))
}

/// Returns the keys of the files of all versions of a room.
pub async fn file_urls(tx: &mut Tx, room: RoomId) -> Result<HashSet<String>> {
    let sql =
        "SELECT v.file_url FROM document_versions v JOIN documents d ON d.id = v.document_id WHERE d.room_id = ?1";
    tx.rows(sql, &[&room]).await?.iter().map(|row| row.get(0)).collect()
}

/// Returns a version of a document in a room: the newest if `version` is `None`.
pub async fn find(
    tx: &mut Tx,
    room: RoomId,
    document: DocumentId,
    version: Option<VersionId>,
) -> Result<Option<Version>> {
    // PostgreSQL cannot infer the type of a parameter from `IS NULL`, hence the CAST.
    let sql = format!(
        "SELECT {COLUMNS} FROM document_versions v JOIN documents d ON d.id = v.document_id
    WHERE d.room_id = ?1 AND d.id = ?2 AND (CAST(?3 AS TEXT) IS NULL OR v.id = ?3)
         ORDER BY v.number DESC LIMIT 1"
    );
    tx.opt(&sql, &[&room, &document, &version]).await?.as_ref().map(from_row).transpose()
}
