//! The table `parties`: who takes part in a room, by e-mail address.

use room::{Log, Party, PartyId, Role, Roles, RoomId};

use super::{
    Row, Tx,
    seek::{Found, Seek, Sorted},
};
use crate::error::{Error, Result};

const COLUMNS: &str = "id, role, roles, name, email, formerly, company, side, added_at";

fn from_row(row: &Row) -> Result<Party> {
    Ok(Party {
        id: row.get(0)?,
        role: row.get(1)?,
        roles: row.get::<Option<Roles>>(2)?.map(|roles| roles.iter().collect()).unwrap_or_default(),
        name: row.get(3)?,
        email: row.get(4)?,
        formerly: former_addresses(row.get(5)?)?,
        company: row.get(6)?,
        side: row.get(7)?,
        added_at: row.get(8)?,
    })
}

/// Returns the addresses that the column `formerly` lists.
fn former_addresses(column: Option<String>) -> Result<Vec<String>> {
    let listed = column.map(|listed| serde_json::from_str(&listed)).transpose();
    Ok(listed.map_err(|error| Error::internal(format!("parties: the former addresses: {error}")))?.unwrap_or_default())
}

/// Returns former addresses as the column has them: as a JSON list, since an address may have any character in it.
/// `None` if there are none.
pub fn former_addresses_as_text(addresses: &[String]) -> Option<String> {
    (!addresses.is_empty()).then(|| serde_json::Value::from(addresses).to_string())
}

/// Returns the roles of an address in a room. `None` if it is not a party there.
pub async fn roles(tx: &mut Tx, room: RoomId, email: &str) -> Result<Option<Roles>> {
    let row = tx.opt("SELECT role, roles FROM parties WHERE room_id = ?1 AND email = ?2", &[&room, &email]).await?;
    let Some(row) = row else { return Ok(None) };
    let (role, several): (Role, Option<Roles>) = (row.get(0)?, row.get(1)?);
    Ok(Some(several.unwrap_or_else(|| role.into())))
}

/// Returns the rooms that have a party with several roles.
pub async fn rooms_with_several_roles(tx: &mut Tx) -> Result<Vec<RoomId>> {
    let rows = tx.rows("SELECT DISTINCT room_id FROM parties WHERE roles IS NOT NULL ORDER BY room_id", &[]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// Returns whether an address takes part in any room.
pub async fn is_anywhere(tx: &mut Tx, email: &str) -> Result<bool> {
    Ok(tx.opt("SELECT 1 FROM parties WHERE email = ?1 LIMIT 1", &[&email]).await?.is_some())
}

/// Returns the rooms in which an address is a party, with their titles and the party, the newest first; at most so many.
pub async fn of_person(tx: &mut Tx, email: &str, most: i64) -> Result<Vec<(RoomId, String, Party)>> {
    let columns = COLUMNS.split(", ").map(|column| format!("p.{column}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT {columns}, r.id, r.title FROM parties p JOIN rooms r ON r.id = p.room_id
         WHERE p.email = ?1 AND r.status = 'active' ORDER BY p.added_at DESC, p.id LIMIT ?2"
    );
    tx.rows(&sql, &[&email, &most]).await?.iter().map(|row| Ok((row.get(9)?, row.get(10)?, from_row(row)?))).collect()
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
