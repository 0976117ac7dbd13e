//! `holds`: what nobody deletes, and what was once held.

use room::{HoldId, RoomId, SnapshotId, Time};

use super::{Page, Row, Tx};
use crate::error::Result;

/// A hold on a room or a snapshot.
#[derive(Debug, Clone)]
pub struct Hold {
    /// Id.
    pub id: HoldId,
    /// The room.
    pub room: RoomId,
    /// The snapshot; none where the whole room is held.
    pub snapshot: Option<SnapshotId>,
    /// Why.
    pub reason: String,
    /// Address of who placed it.
    pub placed_by: String,
    /// When.
    pub placed_at: Time,
    /// That it was lifted; none while it is in force.
    pub lifted: Option<Lifted>,
}

/// That a hold was lifted.
#[derive(Debug, Clone)]
pub struct Lifted {
    /// Address of who asked for it.
    pub asked_by: String,
    /// Address of who confirmed it.
    pub by: String,
    /// When.
    pub at: Time,
    /// Why, as who asked told.
    pub reason: String,
    /// What who confirmed it added.
    pub confirm_reason: Option<String>,
}

const COLUMNS: &str =
    "id, room_id, snapshot_id, reason, placed_by, placed_at, lift_asked_by, lift_reason, lifted_by, lifted_at,
     confirm_reason";

fn from_row(row: &Row) -> Result<Hold> {
    let lifted = match row.get::<Option<Time>>(9)? {
        None => None,
        Some(at) => {
            let (asked_by, reason, by, confirm_reason) = (row.get(6)?, row.get(7)?, row.get(8)?, row.get(10)?);
            Some(Lifted { asked_by, by, at, reason, confirm_reason })
        }
    };
    Ok(Hold {
        id: row.get(0)?,
        room: row.get(1)?,
        snapshot: row.get(2)?,
        reason: row.get(3)?,
        placed_by: row.get(4)?,
        placed_at: row.get(5)?,
        lifted,
    })
}

/// Adds a hold that is in force; false where the same is held already.
pub async fn insert(tx: &mut Tx, hold: &Hold) -> Result<bool> {
    let added = tx
        .exec(
            "INSERT INTO holds (id, room_id, snapshot_id, reason, placed_by, placed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (room_id, COALESCE(snapshot_id, '')) WHERE lifted_at IS NULL DO NOTHING",
            &[&hold.id, &hold.room, &hold.snapshot, &hold.reason, &hold.placed_by, &hold.placed_at],
        )
        .await?;
    Ok(added == 1)
}

/// Notes that a hold was lifted.
pub async fn lift(tx: &mut Tx, hold: HoldId, lifted: &Lifted) -> Result<()> {
    tx.exec(
        "UPDATE holds SET lift_asked_by = ?2, lift_reason = ?3, lifted_by = ?4, lifted_at = ?5, confirm_reason = ?6
         WHERE id = ?1",
        &[&hold, &lifted.asked_by, &lifted.reason, &lifted.by, &lifted.at, &lifted.confirm_reason],
    )
    .await
    .map(drop)
}

/// One hold of a room.
pub async fn find(tx: &mut Tx, room: RoomId, hold: HoldId) -> Result<Option<Hold>> {
    let sql = format!("SELECT {COLUMNS} FROM holds WHERE room_id = ?1 AND id = ?2");
    tx.opt(&sql, &[&room, &hold]).await?.as_ref().map(from_row).transpose()
}

/// The holds of a room and its snapshots that are in force, the room's own first.
pub async fn in_force(tx: &mut Tx, room: RoomId) -> Result<Vec<Hold>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM holds WHERE room_id = ?1 AND lifted_at IS NULL
         ORDER BY (snapshot_id IS NOT NULL), placed_at, id"
    );
    tx.rows(&sql, &[&room]).await?.iter().map(from_row).collect()
}

/// How many holds are in force in all rooms.
pub async fn in_force_anywhere(tx: &mut Tx) -> Result<i64> {
    tx.one("SELECT COUNT(*) FROM holds WHERE lifted_at IS NULL", &[]).await?.get(0)
}

/// A page of a room's holds, lifted ones included, the newest first, and how many there are.
pub async fn list(tx: &mut Tx, room: RoomId, page: Page) -> Result<(Vec<Hold>, i64)> {
    let total = tx.one("SELECT COUNT(*) FROM holds WHERE room_id = ?1", &[&room]).await?.get(0)?;
    let sql =
        format!("SELECT {COLUMNS} FROM holds WHERE room_id = ?1 ORDER BY placed_at DESC, id DESC LIMIT ?2 OFFSET ?3");
    let rows = tx.rows(&sql, &[&room, &page.limit, &page.offset]).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_>>()?, total))
}

/// A page of every room's holds: those in force first, then the newest.
pub async fn everywhere(tx: &mut Tx, page: Page) -> Result<(Vec<Hold>, i64)> {
    let total = tx.one("SELECT COUNT(*) FROM holds", &[]).await?.get(0)?;
    let sql = format!(
        "SELECT {COLUMNS} FROM holds ORDER BY (lifted_at IS NOT NULL), placed_at DESC, id DESC LIMIT ?1 OFFSET ?2"
    );
    let rows = tx.rows(&sql, &[&page.limit, &page.offset]).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_>>()?, total))
}
