//! The table `decisions`: verdicts of parties on versions, which are added and read, never changed.

use std::collections::HashMap;

use room::{Decision, Roles, RoomId, VersionId};

use super::{
    Row, Tx,
    seek::{Found, Seek, Sorted},
};
use crate::error::Result;

const COLUMNS: &str = "c.id, c.version_id, c.party, c.role, c.verdict, c.comment, c.decided_at, c.roles, c.side";

fn from_row(row: &Row) -> Result<Decision> {
    Ok(Decision {
        id: row.get(0)?,
        version: row.get(1)?,
        party: row.get(2)?,
        role: row.get(3)?,
        verdict: row.get(4)?,
        comment: row.get(5)?,
        decided_at: row.get(6)?,
        roles: row.get::<Option<Roles>>(7)?.map(|roles| roles.iter().collect()).unwrap_or_default(),
        side: row.get(8)?,
    })
}

/// Returns the decisions on a version, oldest first.
pub async fn of_version(tx: &mut Tx, version: VersionId) -> Result<Vec<Decision>> {
    let sql = format!("SELECT {COLUMNS} FROM decisions c WHERE c.version_id = ?1 ORDER BY c.seq");
    tx.rows(&sql, &[&version]).await?.iter().map(from_row).collect()
}

/// Returns a part of the decisions on a version, newest first, how many there are, and which part it is.
pub async fn list(tx: &mut Tx, version: VersionId, seek: &Seek) -> Result<Found<Decision>> {
    let list = Sorted {
        table: "decisions",
        among: "version_id = ?1",
        rows: "version_id = ?1",
        columns: "seq",
        is_newest_first: true,
        removals: None,
    };
    let page = seek.resolve(tx, list, &[&version]).await?;
    let total = tx.one("SELECT COUNT(*) FROM decisions WHERE version_id = ?1", &[&version]).await?.get(0)?;
    let sql =
        format!("SELECT {COLUMNS} FROM decisions c WHERE c.version_id = ?1 ORDER BY c.seq DESC LIMIT ?2 OFFSET ?3");
    let rows = tx.rows(&sql, &[&version, &page.limit, &page.offset]).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_>>()?, total, page))
}

/// Returns the last decision of each party on each version of a room; those on one version in the order they were made.
pub async fn last_words(tx: &mut Tx, room: RoomId) -> Result<Vec<Decision>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM decisions c JOIN
             (SELECT w.version_id, w.party, MAX(w.seq) AS seq FROM decisions w
              JOIN document_versions v ON v.id = w.version_id JOIN documents d ON d.id = v.document_id
              WHERE d.room_id = ?1 GROUP BY w.version_id, w.party) l
             ON l.version_id = c.version_id AND l.seq = c.seq
         ORDER BY c.version_id, c.seq"
    );
    tx.rows(&sql, &[&room]).await?.iter().map(from_row).collect()
}

/// Returns the number of decisions on each version of a room that has any.
pub async fn counts(tx: &mut Tx, room: RoomId) -> Result<HashMap<VersionId, i64>> {
    let sql = "SELECT c.version_id, COUNT(*) FROM decisions c JOIN document_versions v ON v.id = c.version_id
         JOIN documents d ON d.id = v.document_id WHERE d.room_id = ?1 GROUP BY c.version_id";
    tx.rows(sql, &[&room]).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Returns the decisions on all versions of a room; those on one version oldest first.
pub async fn of_room(tx: &mut Tx, room: RoomId) -> Result<Vec<Decision>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM decisions c JOIN document_versions v ON v.id = c.version_id
         JOIN documents d ON d.id = v.document_id WHERE d.room_id = ?1 ORDER BY c.version_id, c.seq"
    );
    tx.rows(&sql, &[&room]).await?.iter().map(from_row).collect()
}
