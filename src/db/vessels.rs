//! `vessels`: the ships of a room.

use super::{Row, Tx};
use crate::{
    domain::{RoomId, Time, VesselId, VesselRole, VesselStatus},
    error::Result,
};

/// A ship in a room.
#[derive(Debug, Clone, PartialEq)]
pub struct Vessel {
    /// Id.
    pub id: VesselId,
    /// Name.
    pub name: String,
    /// IMO number: seven digits.
    pub imo_number: Option<String>,
    /// Why it has no IMO number.
    pub no_imo_reason: Option<String>,
    /// What it does in the transfer.
    pub role: VesselRole,
    /// Whether it takes part.
    pub status: VesselStatus,
    /// When it was named.
    pub added_at: Time,
    /// What else is known of it.
    pub particulars: Particulars,
}

/// What is known of a ship besides its name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Particulars {
    /// What kind of ship, in words.
    pub vessel_type: Option<String>,
    /// Flag State.
    pub flag: Option<String>,
    /// Owner.
    pub owner: Option<String>,
    /// Charterer.
    pub charterer: Option<String>,
    /// Length over all, in metres.
    pub length_m: Option<f64>,
    /// Beam, in metres.
    pub beam_m: Option<f64>,
    /// Summer draught, in metres.
    pub draught_m: Option<f64>,
    /// Gross tonnage, which has no unit.
    pub gross_tonnage: Option<i64>,
    /// Deadweight, in tonnes.
    pub deadweight_t: Option<i64>,
    /// Year of build.
    pub year_built: Option<i64>,
    /// Classification society.
    pub class_society: Option<String>,
}

const COLUMNS: &str =
    "id, name, imo_number, no_imo_reason, role, status, added_at, vessel_type, flag, owner, charterer,
    length_m, beam_m, draught_m, gross_tonnage, deadweight_t, year_built, class_society";

fn read(row: &Row) -> Result<Vessel> {
    Ok(Vessel {
        id: row.get(0)?,
        name: row.get(1)?,
        imo_number: row.get(2)?,
        no_imo_reason: row.get(3)?,
        role: row.get(4)?,
        status: row.get(5)?,
        added_at: row.get(6)?,
        particulars: Particulars {
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
        },
    })
}

/// Adds a vessel; false where its IMO number is in the room already.
pub async fn insert(tx: &mut Tx, room: RoomId, vessel: &Vessel) -> Result<bool> {
    let more = &vessel.particulars;
    let sql = format!(
        "INSERT INTO vessels (room_id, {COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
         ON CONFLICT (room_id, imo_number) DO NOTHING"
    );
    let added = tx
        .exec(
            &sql,
            &[
                &room,
                &vessel.id,
                &vessel.name,
                &vessel.imo_number,
                &vessel.no_imo_reason,
                &vessel.role,
                &vessel.status,
                &vessel.added_at,
                &more.vessel_type,
                &more.flag,
                &more.owner,
                &more.charterer,
                &more.length_m,
                &more.beam_m,
                &more.draught_m,
                &more.gross_tonnage,
                &more.deadweight_t,
                &more.year_built,
                &more.class_society,
            ],
        )
        .await?;
    Ok(added == 1)
}

/// Stores what of a vessel can change.
pub async fn update(tx: &mut Tx, vessel: &Vessel) -> Result<()> {
    let more = &vessel.particulars;
    tx.exec(
        "UPDATE vessels SET name = ?2, imo_number = ?3, no_imo_reason = ?4, role = ?5, status = ?6, vessel_type = ?7,
                            flag = ?8, owner = ?9, charterer = ?10, length_m = ?11, beam_m = ?12, draught_m = ?13,
                            gross_tonnage = ?14, deadweight_t = ?15, year_built = ?16, class_society = ?17
         WHERE id = ?1",
        &[
            &vessel.id,
            &vessel.name,
            &vessel.imo_number,
            &vessel.no_imo_reason,
            &vessel.role,
            &vessel.status,
            &more.vessel_type,
            &more.flag,
            &more.owner,
            &more.charterer,
            &more.length_m,
            &more.beam_m,
            &more.draught_m,
            &more.gross_tonnage,
            &more.deadweight_t,
            &more.year_built,
            &more.class_society,
        ],
    )
    .await
    .map(drop)
}

/// The vessels of a room, in the order they were named.
pub async fn all(tx: &mut Tx, room: RoomId) -> Result<Vec<Vessel>> {
    let sql = format!("SELECT {COLUMNS} FROM vessels WHERE room_id = ?1 ORDER BY added_at, id");
    tx.rows(&sql, &[&room]).await?.iter().map(read).collect()
}

/// One vessel of a room.
pub async fn find(tx: &mut Tx, room: RoomId, vessel: VesselId) -> Result<Option<Vessel>> {
    let sql = format!("SELECT {COLUMNS} FROM vessels WHERE room_id = ?1 AND id = ?2");
    tx.opt(&sql, &[&room, &vessel]).await?.as_ref().map(read).transpose()
}

/// Removes a vessel that nothing refers to.
pub async fn delete(tx: &mut Tx, vessel: VesselId) -> Result<()> {
    tx.exec("DELETE FROM vessels WHERE id = ?1", &[&vessel]).await.map(drop)
}
