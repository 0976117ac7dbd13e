//! The table `documents`: the slots of a room.

use room::{Document, DocumentId, Roles, RoomId, Waiver};

use super::{Row, Tx};
use crate::error::Result;

const COLUMNS: &str =
    "d.id, d.vessel_id, d.document_type, d.position, d.name, d.category, d.requirement, d.criticality,
    d.validity_days, d.warn_days, d.gate, d.waived_reason, d.waived_by, d.waived_at, d.opened_at, d.must_approve";

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
        must_approve: row.get::<Option<Roles>>(15)?.map(|roles| roles.iter().collect()).unwrap_or_default(),
        waiver,
        opened_at: row.get(14)?,
    })
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
