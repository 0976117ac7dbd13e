//! The table `vessels`: the ships of a room.

use room::{Log, RoomId, Vessel, VesselDetails, VesselId};

use super::{
    Row, Tx,
    seek::{Found, Seek, Sorted},
};
use crate::error::Result;

const COLUMNS: &str =
    "id, added_at, name, imo_number, no_imo_reason, role, status, vessel_type, flag, owner, charterer,
    length_m, beam_m, draught_m, gross_tonnage, deadweight_t, year_built, class_society";

fn from_row(row: &Row) -> Result<Vessel> {
    let details = VesselDetails {
        name: row.get(2)?,
        imo_number: row.get(3)?,
        no_imo_reason: row.get(4)?,
        role: row.get(5)?,
        status: row.get(6)?,
        vessel_type: row.get(7)?,
        flag: row.get(8)?,
        owner: row.get(9)?,
        charterer: row.get(10)?,
        length_m: row.get(11)?,
        beam_m: row.get(12)?,
        draught_m: row.get(13)?,
        gross_tonnage: row.get(14)?,
        deadweight_t: row.get(15)?,
        year_built: row.get(16)?,
        class_society: row.get(17)?,
    };
    Ok(Vessel { id: row.get(0)?, details, added_at: row.get(1)? })
}

/// Returns the vessels of a room, in the order in which they were added.
pub async fn all(tx: &mut Tx, room: RoomId) -> Result<Vec<Vessel>> {
    let sql = format!("SELECT {COLUMNS} FROM vessels WHERE room_id = ?1 ORDER BY added_at, id");
    tx.rows(&sql, &[&room]).await?.iter().map(from_row).collect()
}

/// Returns a part of a room's vessels, in the order in which they were added, how many there are, and which part it is.
pub async fn list(tx: &mut Tx, room: RoomId, seek: &Seek) -> Result<Found<Vessel>> {
    let list = Sorted {
        table: "vessels",
        among: "room_id = ?1",
        rows: "room_id = ?1",
        columns: "added_at, id",
        is_newest_first: false,
        removals: Some((Log::Room(room), "vessel_removed")),
    };
    let page = seek.resolve(tx, list, &[&room]).await?;
    let total = tx.one("SELECT COUNT(*) FROM vessels WHERE room_id = ?1", &[&room]).await?.get(0)?;
    let sql = format!("SELECT {COLUMNS} FROM vessels WHERE room_id = ?1 ORDER BY added_at, id LIMIT ?2 OFFSET ?3");
    let rows = tx.rows(&sql, &[&room, &page.limit, &page.offset]).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_>>()?, total, page))
}

/// Returns the vessel of a room with this id.
pub async fn find(tx: &mut Tx, room: RoomId, vessel: VesselId) -> Result<Option<Vessel>> {
    let sql = format!("SELECT {COLUMNS} FROM vessels WHERE room_id = ?1 AND id = ?2");
    tx.opt(&sql, &[&room, &vessel]).await?.as_ref().map(from_row).transpose()
}
