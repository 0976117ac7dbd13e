//! The table `approvals`: what each party says of each vessel, as it stands now.

use room::{Approval, ApprovalId, RoomId};

use super::{
    Row, Tx,
    seek::{Found, Seek, Sorted},
};
use crate::error::Result;

const COLUMNS: &str = "id, vessel_id, party, role, side, status, comment, decided_at";

fn from_row(row: &Row) -> Result<Approval> {
    Ok(Approval {
        id: row.get(0)?,
        vessel: row.get(1)?,
        party: row.get(2)?,
        role: row.get(3)?,
        side: row.get(4)?,
        status: row.get(5)?,
        comment: row.get(6)?,
        decided_at: row.get(7)?,
    })
}

/// Returns the approvals of a room, in the order in which they were first given.
pub async fn all(tx: &mut Tx, room: RoomId) -> Result<Vec<Approval>> {
    // Ids are UUIDs of version 7, which sort by the time they were made.
    let sql = format!("SELECT {COLUMNS} FROM approvals WHERE room_id = ?1 ORDER BY id");
    tx.rows(&sql, &[&room]).await?.iter().map(from_row).collect()
}

/// Returns a part of a room's approvals, in the order in which they were first given, how many there are, and which part
/// it is.
pub async fn list(tx: &mut Tx, room: RoomId, seek: &Seek) -> Result<Found<Approval>> {
    let list = Sorted {
        table: "approvals",
        among: "room_id = ?1",
        rows: "room_id = ?1",
        columns: "id",
        is_newest_first: false,
        removals: None,
    };
    let page = seek.resolve(tx, list, &[&room]).await?;
    let total = tx.one("SELECT COUNT(*) FROM approvals WHERE room_id = ?1", &[&room]).await?.get(0)?;
    let sql = format!("SELECT {COLUMNS} FROM approvals WHERE room_id = ?1 ORDER BY id LIMIT ?2 OFFSET ?3");
    let rows = tx.rows(&sql, &[&room, &page.limit, &page.offset]).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_>>()?, total, page))
}

/// Returns the approval of a room with this id.
pub async fn find(tx: &mut Tx, room: RoomId, approval: ApprovalId) -> Result<Option<Approval>> {
    let sql = format!("SELECT {COLUMNS} FROM approvals WHERE room_id = ?1 AND id = ?2");
    tx.opt(&sql, &[&room, &approval]).await?.as_ref().map(from_row).transpose()
}
