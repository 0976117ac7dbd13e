//! The table `documents`: the slots of a room.

use room::{Document, DocumentId, Requirement, RoomId, Waiver};

use super::{Row, Tx};
use crate::error::Result;

const COLUMNS: &str =
    "d.id, d.vessel_id, d.document_type, d.position, d.name, d.category, d.requirement, d.criticality,
    d.validity_days, d.warn_days, d.gate, d.waived_reason, d.waived_by, d.waived_at, d.opened_at";

fn from_row(row: &Row) -> Result<Document> {
    let waiver = match (row.get(11)?, row.get(12)?, row.get(13)?) {
        (Some(reason), Some(by), Some(at)) => Some(Waiver { reason, by, at }),
        _ => None,
    };
    Ok(Document {
        id: row.get(0)?,
        vessel: row.get(1)?,
        document_type: row.get(2)?,
        position: row.get(3)?,
        name: row.get(4)?,
        category: row.get(5)?,
        requirement: row.get(6)?,
        criticality: row.get(7)?,
        validity_days: row.get(8)?,
        warn_days: row.get(9)?,
        gate: row.get(10)?,
        waiver,
        opened_at: row.get(14)?,
    })
}

/// Adds a slot to a room.
pub async fn insert(tx: &mut Tx, room: RoomId, document: &Document) -> Result<()> {
    tx.exec(
        "INSERT INTO documents (id, room_id, vessel_id, document_type, position, name, category, requirement,
                                criticality, validity_days, warn_days, gate, opened_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        &[
            &document.id,
            &room,
            &document.vessel,
            &document.document_type,
            &document.position,
            &document.name,
            &document.category,
            &document.requirement,
            &document.criticality,
            &document.validity_days,
            &document.warn_days,
            &document.gate,
            &document.opened_at,
        ],
    )
    .await
    .map(drop)
}

/// Returns the slots of a room: those of its vessels, in the order in which these were added, then the room's own.
pub async fn all(tx: &mut Tx, room: RoomId) -> Result<Vec<Document>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM documents d LEFT JOIN vessels v ON v.id = d.vessel_id WHERE d.room_id = ?1
         ORDER BY CASE WHEN d.vessel_id IS NULL THEN 1 ELSE 0 END, v.added_at, v.id, d.position, d.document_type"
    );
    tx.rows(&sql, &[&room]).await?.iter().map(from_row).collect()
}

/// Returns the slot of a room with this id.
pub async fn find(tx: &mut Tx, room: RoomId, document: DocumentId) -> Result<Option<Document>> {
    let sql = format!("SELECT {COLUMNS} FROM documents d WHERE d.room_id = ?1 AND d.id = ?2");
    tx.opt(&sql, &[&room, &document]).await?.as_ref().map(from_row).transpose()
}

/// Sets whether a slot has to be filled.
pub async fn set_requirement(tx: &mut Tx, document: DocumentId, requirement: Requirement) -> Result<()> {
    tx.exec("UPDATE documents SET requirement = ?2 WHERE id = ?1", &[&document, &requirement]).await.map(drop)
}

/// Stores the waiver of a document, or removes it if it is `None`.
pub async fn set_waiver(tx: &mut Tx, document: DocumentId, waiver: Option<&Waiver>) -> Result<()> {
    let (reason, by, at) = (waiver.map(|w| &w.reason), waiver.map(|w| &w.by), waiver.map(|w| w.at));
    let update = "UPDATE documents SET waived_reason = ?2, waived_by = ?3, waived_at = ?4 WHERE id = ?1";
    tx.exec(update, &[&document, &reason, &by, &at]).await.map(drop)
}

/// Removes a slot that has no versions.
pub async fn delete(tx: &mut Tx, document: DocumentId) -> Result<()> {
    tx.exec("DELETE FROM documents WHERE id = ?1", &[&document]).await.map(drop)
}
