//! Writes rows anew from a log: those of a room, or those of the platform.

use room::RoomId;

use super::{Table, Values, delete, put};
use crate::{
    db::{Dialect, Tx},
    error::Result,
};

/// The tables of a room that nothing outside of them refers to. All of their rows can be removed and written anew, in
/// this order, so that two rows that have changed places do not stand in each other's way.
const WHOLE: [&str; 10] = [
    "parties",
    "vessels",
    "documents",
    "document_versions",
    "version_statements",
    "decisions",
    "approvals",
    "holds",
    "confirmations",
    "search_texts",
];

/// The tables that refuse changes or removals by triggers.
const GUARDED: [&str; 3] = ["document_versions", "decisions", "snapshots"];

/// What refers to a row of these tables and follows from no log: the table with the rows, theirs, and the column.
const DEPENDENTS: [(&str, &str, &str); 11] = [
    ("snapshots", "snapshot_jobs", "snapshot_id"),
    ("snapshots", "snapshot_records", "snapshot_id"),
    ("snapshots", "snapshot_positions", "snapshot_id"),
    ("snapshots", "snapshot_bodies", "snapshot_id"),
    ("snapshots", "snapshot_receipts", "snapshot_id"),
    ("snapshots", "snapshot_files", "snapshot_id"),
    ("snapshots", "snapshot_seals", "snapshot_id"),
    ("users", "sessions", "user_id"),
    ("users", "known_devices", "user_id"),
    ("users", "account_grants", "user_id"),
    ("users", "account_grants", "granted_by"),
];

/// A row that is not what the log tells.
#[derive(Debug)]
pub struct Wrong<'a> {
    /// The name of its table.
    pub table: &'static str,
    /// The id by which it is found.
    pub id: &'a str,
    /// What the log tells of it. `None` if the log does not know it.
    pub told: Option<&'a Values>,
}

/// Returns whether the rows of a room's table are written anew all together.
pub fn is_whole(table: &str) -> bool {
    WHOLE.contains(&table)
}

/// Removes the rows of a room from these tables, which are written anew all together, and stores those that its log
/// tells. `told` has the rows of each table, parents first.
pub async fn write_whole(tx: &mut Tx, room: RoomId, told: &[(&'static Table, Vec<&Values>)]) -> Result<()> {
    for (table, _) in told.iter().rev() {
        let (name, id) = (table.name, id_column(table));
        let rows = format!("DELETE FROM {name} WHERE {id} IN (SELECT t.{id} FROM {})", table.from);
        tx.exec(&rows, &[&room]).await?;
    }
    for (table, rows) in told {
        for row in rows {
            put(tx, table.name, row).await?;
        }
    }
    Ok(())
}

/// Stores what the log tells of a row, or removes one that the log does not know, with what refers to it.
pub async fn correct(tx: &mut Tx, wrong: &Wrong<'_>) -> Result<()> {
    if let Some(row) = wrong.told {
        return put(tx, wrong.table, row).await;
    }
    for (_, theirs, column) in DEPENDENTS.iter().filter(|(table, ..)| *table == wrong.table) {
        tx.exec(&format!("DELETE FROM {theirs} WHERE {column} = ?1"), &[&wrong.id]).await?;
    }
    delete(tx, wrong.table, wrong.id).await
}

/// Returns the column by which the rows of a table are found.
pub(super) fn id_column(table: &Table) -> &'static str {
    table.columns.first().map_or("", |(name, _)| name)
}

/// The triggers that were lifted, and how they are put back.
#[derive(Debug)]
pub struct Lifted(Vec<String>);

/// Lifts the triggers that refuse changes of rows, until [`put_back`] or the end of the transaction.
pub async fn lift_triggers(tx: &mut Tx) -> Result<Lifted> {
    let mut back = Vec::new();
    for table in GUARDED {
        if tx.dialect() == Dialect::Postgres {
            tx.batch(&format!("ALTER TABLE {table} DISABLE TRIGGER USER")).await?;
            back.push(format!("ALTER TABLE {table} ENABLE TRIGGER USER"));
            continue;
        }
        let made = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1";
        for row in tx.rows(made, &[&table]).await? {
            let (name, sql): (String, String) = (row.get(0)?, row.get(1)?);
            tx.batch(&format!("DROP TRIGGER \"{}\"", name.replace('"', "\"\""))).await?;
            back.push(sql);
        }
    }
    Ok(Lifted(back))
}

/// Puts the triggers back that were lifted.
pub async fn put_back(tx: &mut Tx, Lifted(triggers): Lifted) -> Result<()> {
    for trigger in triggers {
        tx.batch(&trigger).await?;
    }
    Ok(())
}
