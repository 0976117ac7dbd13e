//! The table `holds`: legal holds on rooms and snapshots, those in force and those that were lifted.

use room::{HoldId, RoomId, SnapshotId, Time};

use super::{
    Row, Tx,
    seek::{Found, Seek, Sorted},
};
use crate::error::Result;

/// A legal hold on a room or on one of its snapshots.
#[derive(Debug, Clone)]
pub struct Hold {
    /// The id of the hold.
    pub id: HoldId,
    /// The room that is held, or whose snapshot is.
    pub room: RoomId,
    /// The snapshot that is held. `None` if the whole room is.
    pub snapshot: Option<SnapshotId>,
    /// The reason that was given for it.
    pub reason: String,
    /// The address of the admin who placed it.
    pub placed_by: String,
    /// When it was placed.
    pub placed_at: Time,
    /// Who lifted it, when and why. `None` while it is in force.
    pub lifted: Option<Lifted>,
}

/// How a hold was lifted, which takes two admins.
#[derive(Debug, Clone)]
pub struct Lifted {
    /// The address of the admin who asked for it.
    pub asked_by: String,
    /// The address of the admin who confirmed it.
    pub by: String,
    /// When it was confirmed.
    pub at: Time,
    /// The reason that was given with the request.
    pub reason: String,
    /// The reason that was added with the confirmation, if any.
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

/// Returns the hold of a room with this id.
pub async fn find(tx: &mut Tx, room: RoomId, hold: HoldId) -> Result<Option<Hold>> {
    let sql = format!("SELECT {COLUMNS} FROM holds WHERE room_id = ?1 AND id = ?2");
    tx.opt(&sql, &[&room, &hold]).await?.as_ref().map(from_row).transpose()
}

/// Returns the holds on a room and its snapshots that are in force, the room's own first.
pub async fn in_force(tx: &mut Tx, room: RoomId) -> Result<Vec<Hold>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM holds WHERE room_id = ?1 AND lifted_at IS NULL
         ORDER BY (snapshot_id IS NOT NULL), placed_at, id"
    );
    tx.rows(&sql, &[&room]).await?.iter().map(from_row).collect()
}

/// Returns every hold of a room and its snapshots, including lifted ones, oldest first.
pub async fn of_room(tx: &mut Tx, room: RoomId) -> Result<Vec<Hold>> {
    let sql = format!("SELECT {COLUMNS} FROM holds WHERE room_id = ?1 ORDER BY placed_at, id");
    tx.rows(&sql, &[&room]).await?.iter().map(from_row).collect()
}

/// Returns the number of holds in force, in all rooms together.
pub async fn in_force_anywhere(tx: &mut Tx) -> Result<i64> {
    tx.one("SELECT COUNT(*) FROM holds WHERE lifted_at IS NULL", &[]).await?.get(0)
}

/// Returns a part of a room's holds, including lifted ones, newest first, how many there are, and which part it is.
pub async fn list(tx: &mut Tx, room: RoomId, seek: &Seek) -> Result<Found<Hold>> {
    let list = Sorted {
        table: "holds",
        among: "room_id = ?1",
        rows: "room_id = ?1",
        columns: "placed_at, id",
        is_newest_first: true,
        removals: None,
    };
    let page = seek.resolve(tx, list, &[&room]).await?;
    let total = tx.one("SELECT COUNT(*) FROM holds WHERE room_id = ?1", &[&room]).await?.get(0)?;
    let sql =
        format!("SELECT {COLUMNS} FROM holds WHERE room_id = ?1 ORDER BY placed_at DESC, id DESC LIMIT ?2 OFFSET ?3");
    let rows = tx.rows(&sql, &[&room, &page.limit, &page.offset]).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_>>()?, total, page))
}

/// Returns a part of the holds of all rooms, those in force first, then the newest, how many there are, and which part it
/// is.
pub async fn everywhere(tx: &mut Tx, seek: &Seek) -> Result<Found<Hold>> {
    let list = Sorted {
        table: "holds",
        among: "TRUE",
        rows: "TRUE",
        columns: "(CASE WHEN lifted_at IS NULL THEN 1 ELSE 0 END), placed_at, id",
        is_newest_first: true,
        removals: None,
    };
    let page = seek.resolve(tx, list, &[]).await?;
    let total = tx.one("SELECT COUNT(*) FROM holds", &[]).await?.get(0)?;
    let sql = format!(
        "SELECT {COLUMNS} FROM holds ORDER BY (lifted_at IS NOT NULL), placed_at DESC, id DESC LIMIT ?1 OFFSET ?2"
    );
    let rows = tx.rows(&sql, &[&page.limit, &page.offset]).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_>>()?, total, page))
}
