//! The table `parties`: who takes part in a room, by e-mail address.

use room::{Log, Party, PartyId, Role, RoomId};

use super::{
    Row, Tx,
    seek::{Found, Seek, Sorted},
};
use crate::error::Result;

const COLUMNS: &str = "id, role, name, email, company, side, added_at";

fn from_row(row: &Row) -> Result<Party> {
    Ok(Party {
        id: row.get(0)?,
        role: row.get(1)?,
        name: row.get(2)?,
        email: row.get(3)?,
        company: row.get(4)?,
        side: row.get(5)?,
        added_at: row.get(6)?,
    })
}

/// Returns the role of an address in a room. `None` if it is not a party there.
pub async fn role(tx: &mut Tx, room: RoomId, email: &str) -> Result<Option<Role>> {
    let row = tx.opt("SELECT role FROM parties WHERE room_id = ?1 AND email = ?2", &[&room, &email]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// Returns whether an address takes part in any room.
pub async fn is_anywhere(tx: &mut Tx, email: &str) -> Result<bool> {
    Ok(tx.opt("SELECT 1 FROM parties WHERE email = ?1 LIMIT 1", &[&email]).await?.is_some())
}

/// Returns all parties of a room, in the order in which they joined.
pub async fn all(tx: &mut Tx, room: RoomId) -> Result<Vec<Party>> {
    let sql = format!("SELECT {COLUMNS} FROM parties WHERE room_id = ?1 ORDER BY added_at, id");
    tx.rows(&sql, &[&room]).await?.iter().map(from_row).collect()
}

/// Returns a part of a room's parties, in the order in which they joined, how many there are, and which part it is.
pub async fn list(tx: &mut Tx, room: RoomId, seek: &Seek) -> Result<Found<Party>> {
    let list = Sorted {
        table: "parties",
        among: "room_id = ?1",
        rows: "room_id = ?1",
        columns: "added_at, id",
        is_newest_first: false,
        removals: Some((Log::Room(room), "party_removed")),
    };
    let page = seek.resolve(tx, list, &[&room]).await?;
    let total = tx.one("SELECT COUNT(*) FROM parties WHERE room_id = ?1", &[&room]).await?.get(0)?;
    let sql = format!("SELECT {COLUMNS} FROM parties WHERE room_id = ?1 ORDER BY added_at, id LIMIT ?2 OFFSET ?3");
    let rows = tx.rows(&sql, &[&room, &page.limit, &page.offset]).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_>>()?, total, page))
}

/// Returns the party of a room with this id.
pub async fn find(tx: &mut Tx, room: RoomId, party: PartyId) -> Result<Option<Party>> {
    let sql = format!("SELECT {COLUMNS} FROM parties WHERE room_id = ?1 AND id = ?2");
    tx.opt(&sql, &[&room, &party]).await?.as_ref().map(from_row).transpose()
}
