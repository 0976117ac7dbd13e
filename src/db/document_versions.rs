//! The table `document_versions`: uploaded files of documents, which are added and read, never changed; and the table
//! `version_statements`: what was stated of them since.

use std::collections::HashSet;

use room::{DocumentId, RoomId, Version, VersionId, Waiver, Withdrawal};

use super::{
    Row, Tx,
    seek::{Found, Seek, Sorted},
};
use crate::{
    error::{Error, Result},
    evidence::Hash,
};

const COLUMNS: &str = "v.id, v.document_id, v.number, v.file_url, v.file_name, v.file_kind, v.file_size, v.sha256,
    v.expires_on, v.expiry_assumed, v.notes, v.told_eta, v.uploaded_by, v.uploader_role, v.uploaded_at,
    s.withdrawn_reason, s.withdrawn_by, s.withdrawn_at, s.date_waived_reason, s.date_waived_by, s.date_waived_at, v.notice";
/// The versions with what was stated of each.
const VERSIONS: &str = "document_versions v LEFT JOIN version_statements s ON s.version_id = v.id";

fn from_row(row: &Row) -> Result<Version> {
    let withdrawn = match (row.get(15)?, row.get(16)?, row.get(17)?) {
        (Some(reason), Some(by), Some(at)) => Some(Withdrawal { reason, by, at }),
        _ => None,
    };
    let date_waived = match (row.get(18)?, row.get(19)?, row.get(20)?) {
        (Some(reason), Some(by), Some(at)) => Some(Waiver { reason, by, at }),
        _ => None,
    };
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
        withdrawn,
        date_waived,
        notice: row.get(21)?,
    })
}

fn hash(stored: &[u8]) -> Result<Hash> {
    stored.try_into().map_err(|_| Error::internal("a hash of another length"))
}

/// Returns the versions of all documents of a room; those of one document oldest first.
pub async fn of_room(tx: &mut Tx, room: RoomId) -> Result<Vec<Version>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {VERSIONS} JOIN documents d ON d.id = v.document_id
         WHERE d.room_id = ?1 ORDER BY v.document_id, v.number"
    );
    tx.rows(&sql, &[&room]).await?.iter().map(from_row).collect()
}

/// Returns the versions of a document, oldest first.
pub async fn of_document(tx: &mut Tx, document: DocumentId) -> Result<Vec<Version>> {
    let sql = format!("SELECT {COLUMNS} FROM {VERSIONS} WHERE v.document_id = ?1 ORDER BY v.number");
    tx.rows(&sql, &[&document]).await?.iter().map(from_row).collect()
}

/// Returns a part of the versions of a document, newest first, how many there are, and which part it is.
pub async fn list(tx: &mut Tx, document: DocumentId, seek: &Seek) -> Result<Found<Version>> {
    let list = Sorted {
        table: "document_versions",
        among: "document_id = ?1",
        rows: "document_id = ?1",
        columns: "number",
        is_newest_first: true,
        removals: None,
    };
    let page = seek.resolve(tx, list, &[&document]).await?;
    let total = tx.one("SELECT COUNT(*) FROM document_versions WHERE document_id = ?1", &[&document]).await?.get(0)?;
    let sql =
        format!("SELECT {COLUMNS} FROM {VERSIONS} WHERE v.document_id = ?1 ORDER BY v.number DESC LIMIT ?2 OFFSET ?3");
    let rows = tx.rows(&sql, &[&document, &page.limit, &page.offset]).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_>>()?, total, page))
}

/// Returns the keys of the files of all versions of a room.
pub async fn file_urls(tx: &mut Tx, room: RoomId) -> Result<HashSet<String>> {
    let sql =
        "SELECT v.file_url FROM document_versions v JOIN documents d ON d.id = v.document_id WHERE d.room_id = ?1";
    tx.rows(sql, &[&room]).await?.iter().map(|row| row.get(0)).collect()
}

/// Returns a version of a document in a room.
pub async fn find(tx: &mut Tx, room: RoomId, document: DocumentId, version: VersionId) -> Result<Option<Version>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {VERSIONS} JOIN documents d ON d.id = v.document_id
         WHERE d.room_id = ?1 AND d.id = ?2 AND v.id = ?3"
    );
    tx.opt(&sql, &[&room, &document, &version]).await?.as_ref().map(from_row).transpose()
}
