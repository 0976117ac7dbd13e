//! The table `vessels`: the ships of a room.

use room::{RoomId, Vessel, VesselDetails, VesselId};

use super::{Param, Row, Tx};
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

/// Returns the values of a vessel's details, in the order of their columns.
fn values(details: &VesselDetails) -> [&dyn Param; 16] {
    [
        &details.name,
        &details.imo_number,
        &details.no_imo_reason,
        &details.role,
        &details.status,
        &details.vessel_type,
        &details.flag,
        &details.owner,
        &details.charterer,
        &details.length_m,
        &details.beam_m,
        &details.draught_m,
        &details.gross_tonnage,
        &details.deadweight_t,
        &details.year_built,
        &details.class_society,
    ]
}

/// Adds a vessel. Returns `false` if its IMO number is in the room already.
pub async fn insert(tx: &mut Tx, room: RoomId, vessel: &Vessel) -> Result<bool> {
    let sql = format!(
        "INSERT INTO vessels (room_id, {COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
         ON CONFLICT (room_id, imo_number) DO NOTHING"
    );
    let ids: [&dyn Param; 3] = [&room, &vessel.id, &vessel.added_at];
    let added = tx.exec(&sql, &[&ids[..], &values(&vessel.details)].concat()).await?;
    Ok(added == 1)
}

/// Replaces what is stored about a vessel.
pub async fn update(tx: &mut Tx, vessel: &Vessel) -> Result<()> {
    let id: [&dyn Param; 1] = [&vessel.id];
    tx.exec(
        "UPDATE vessels SET name = ?2, imo_number = ?3, no_imo_reason = ?4, role = ?5, status = ?6, vessel_type = ?7,
                            flag = ?8, owner = ?9, charterer = ?10, length_m = ?11, beam_m = ?12, draught_m = ?13,
                            gross_tonnage = ?14, deadweight_t = ?15, year_built = ?16, class_society = ?17
         WHERE id = ?1",
        &[&id[..], &values(&vessel.details)].concat(),
    )
    .await
    .map(drop)
}

/// Returns the vessels of a room, in the order in which they were added.
pub async fn all(tx: &mut Tx, room: RoomId) -> Result<Vec<Vessel>> {
    let sql = format!("SELECT {COLUMNS} FROM vessels WHERE room_id = ?1 ORDER BY added_at, id");
    tx.rows(&sql, &[&room]).await?.iter().map(from_row).collect()
}

/// Returns the vessel of a room with this id.
pub async fn find(tx: &mut Tx, room: RoomId, vessel: VesselId) -> Result<Option<Vessel>> {
    let sql = format!("SELECT {COLUMNS} FROM vessels WHERE room_id = ?1 AND id = ?2");
    tx.opt(&sql, &[&room, &vessel]).await?.as_ref().map(from_row).transpose()
}

/// Removes a vessel that nothing refers to.
pub async fn delete(tx: &mut Tx, vessel: VesselId) -> Result<()> {
    tx.exec("DELETE FROM vessels WHERE id = ?1", &[&vessel]).await.map(drop)
}
