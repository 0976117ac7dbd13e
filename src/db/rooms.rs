//! `rooms`.

use super::{Page, Row, Tx};
use crate::{
    domain::{CargoProfile, Phase, RoomId, RoomStatus, Time},
    error::Result,
};

/// One STS operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    /// Id.
    pub id: RoomId,
    /// Title.
    pub title: String,
    /// Where the vessels meet, in words.
    pub location: String,
    /// Estimated time of arrival there.
    pub sts_eta: Time,
    /// Free text.
    pub description: Option<String>,
    /// What is transferred.
    pub cargo_profile: Option<CargoProfile>,
    /// Whether it is in use.
    pub status: RoomStatus,
    /// Where the operation stands.
    pub phase: Phase,
    /// When it was opened.
    pub created_at: Time,
    /// Address of who opened it.
    pub created_by: String,
    /// How long the operation is planned to take, in hours.
    pub planned_duration_hours: i64,
    /// When the transfer was completed.
    pub transfer_completed_at: Option<Time>,
    /// When the room was closed.
    pub closed_at: Option<Time>,
    /// When it was last closed, by the server's clock; stays when the room is taken back.
    pub retained_from: Option<Time>,
}

const COLUMNS: &str = "r.id, r.title, r.location, r.sts_eta, r.description, r.cargo_profile, r.status, r.phase,
    r.created_at, r.created_by, r.planned_duration_hours, r.transfer_completed_at, r.closed_at,
    r.retained_from";

fn read(row: &Row) -> Result<Room> {
    Ok(Room {
        id: row.get(0)?,
        title: row.get(1)?,
        location: row.get(2)?,
        sts_eta: row.get(3)?,
        description: row.get(4)?,
        cargo_profile: row.get(5)?,
        status: row.get(6)?,
        phase: row.get(7)?,
        created_at: row.get(8)?,
        created_by: row.get(9)?,
        planned_duration_hours: row.get(10)?,
        transfer_completed_at: row.get(11)?,
        closed_at: row.get(12)?,
        retained_from: row.get(13)?,
    })
}

/// Adds a room.
pub async fn insert(tx: &mut Tx, room: &Room) -> Result<()> {
    tx.exec(
        "INSERT INTO rooms (id, title, location, sts_eta, description, cargo_profile, status, phase, created_at,
                            created_by, planned_duration_hours)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        &[
            &room.id,
            &room.title,
            &room.location,
            &room.sts_eta,
            &room.description,
            &room.cargo_profile,
            &room.status,
            &room.phase,
            &room.created_at,
            &room.created_by,
            &room.planned_duration_hours,
        ],
    )
    .await
    .map(drop)
}

/// A room, deleted ones included.
pub async fn find(tx: &mut Tx, room: RoomId) -> Result<Option<Room>> {
    tx.opt(&format!("SELECT {COLUMNS} FROM rooms r WHERE r.id = ?1"), &[&room]).await?.as_ref().map(read).transpose()
}

/// The order of a list of rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    Newest,
    /// Those whose operation comes next, or should have come, first; without those that are closed.
    NearestEta,
}

/// A page of the rooms in use, and how many there are: those of a party, or all.
///
/// An admin's place in a room counts only while they are admin, and then they see all.
pub async fn list(tx: &mut Tx, party: Option<&str>, order: Order, page: Page) -> Result<(Vec<Room>, i64)> {
    let scope = match party {
        Some(_) => "EXISTS (SELECT 1 FROM parties p WHERE p.room_id = r.id AND p.email = ?1 AND p.role <> 'admin')",
        None => "CAST(?1 AS TEXT) IS NULL",
    };
    let (which, order) = match order {
        Order::Newest => ("", "r.created_at DESC, r.id DESC"),
        Order::NearestEta => ("AND r.phase <> 'closed'", "r.sts_eta, r.id"),
    };
    let matches = format!("FROM rooms r WHERE {scope} AND r.status = 'active' {which}");
    let total = tx.one(&format!("SELECT COUNT(*) {matches}"), &[&party]).await?.get(0)?;
    let rows = tx
        .rows(
            &format!("SELECT {COLUMNS} {matches} ORDER BY {order} LIMIT ?2 OFFSET ?3"),
            &[&party, &page.limit, &page.offset],
        )
        .await?;
    Ok((rows.iter().map(read).collect::<Result<_>>()?, total))
}

/// Stores what of a room can change.
pub async fn update(tx: &mut Tx, room: &Room) -> Result<()> {
    tx.exec(
        "UPDATE rooms SET title = ?2, location = ?3, sts_eta = ?4, description = ?5, cargo_profile = ?6, status = ?7,
                          phase = ?8, planned_duration_hours = ?9, transfer_completed_at = ?10, closed_at = ?11,
                          retained_from = ?12
         WHERE id = ?1",
        &[
            &room.id,
            &room.title,
            &room.location,
            &room.sts_eta,
            &room.description,
            &room.cargo_profile,
            &room.status,
            &room.phase,
            &room.planned_duration_hours,
            &room.transfer_completed_at,
            &room.closed_at,
            &room.retained_from,
        ],
    )
    .await
    .map(drop)
}
