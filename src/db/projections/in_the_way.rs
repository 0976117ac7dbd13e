//! Makes rows what a state says, also past those that somebody has changed by hand and that stand in the way: one that has
//! the unique key of another, one that refers to a row that goes, or a missing one that a row refers to.
//!
//! The log is right: a row that it does not know is removed with all that refers to it, one that it knows is written as
//! the log has it, and one that is missing is stored again.

use room::fold::{Part, PlatformPart, PlatformState, State};

use super::{
    PLATFORM_TABLES, PrivateTexts, Rows, TABLES, Table, Value, Values,
    anew::{self, Wrong},
    id_of,
    write::{Change, changes_in_platform, changes_in_room, put, statements, write},
};
use crate::{
    db::{Param, Tx},
    error::Result,
};

/// A key of a table, besides its id, that no two rows have.
struct Key {
    table: &'static str,
    columns: &'static [&'static str],
    /// A column of the key that counts as empty text if it is NULL.
    or_null: Option<&'static str>,
    /// A column that is NULL in the rows that the key counts for.
    while_null: Option<&'static str>,
}

const fn key(table: &'static str, columns: &'static [&'static str]) -> Key {
    Key { table, columns, or_null: None, while_null: None }
}

/// The unique keys of the tables that repeat a log, as the migrations make them.
const KEYS: [Key; 9] = [
    key("parties", &["room_id", "email"]),
    key("vessels", &["room_id", "imo_number"]),
    Key { or_null: Some("vessel_id"), ..key("documents", &["room_id", "document_type"]) },
    key("document_versions", &["document_id", "number"]),
    key("document_versions", &["file_url"]),
    key("decisions", &["version_id", "seq"]),
    key("approvals", &["vessel_id", "party"]),
    Key { or_null: Some("snapshot_id"), while_null: Some("lifted_at"), ..key("holds", &["room_id"]) },
    key("users", &["email"]),
];

/// Which of the tables refer to each other: the table with the rows, the one that refers to it, and the column.
const REFERENCES: [(&str, &str, &str); 15] = [
    ("rooms", "parties", "room_id"),
    ("rooms", "vessels", "room_id"),
    ("rooms", "documents", "room_id"),
    ("rooms", "approvals", "room_id"),
    ("rooms", "holds", "room_id"),
    ("rooms", "confirmations", "room_id"),
    ("rooms", "snapshots", "room_id"),
    ("rooms", "search_texts", "room_id"),
    ("vessels", "documents", "vessel_id"),
    ("vessels", "approvals", "vessel_id"),
    ("documents", "document_versions", "document_id"),
    ("document_versions", "version_statements", "version_id"),
    ("document_versions", "decisions", "version_id"),
    ("snapshots", "snapshot_files", "snapshot_id"),
    ("snapshots", "snapshot_seals", "snapshot_id"),
];

/// The rows that a log tells, of each table.
type Told = [(&'static Table, Rows)];

/// What becomes of rows that were changed by hand and stand in the way of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacles {
    /// The database refuses the others. This is what to try first, since it asks for nothing.
    Stay,
    /// They are removed, or written as the log tells them.
    Go,
}

/// Makes the rows of a room what its state says of these parts. `texts` has the private texts that they name; those of
/// the whole room if obstacles are to go.
pub async fn write_room(
    tx: &mut Tx,
    state: &State,
    parts: &[Part],
    (texts, obstacles): (&PrivateTexts, Obstacles),
) -> Result<()> {
    let changes = changes_in_room(state, parts, texts);
    match obstacles {
        Obstacles::Stay => write(tx, &changes).await,
        Obstacles::Go => {
            let told: Vec<_> = TABLES.iter().zip(super::room_rows_told(state, texts)).collect();
            write_through(tx, &changes, &told).await
        }
    }
}

/// Makes the rows of the platform what its state says of these parts. A new account has no password yet.
pub async fn write_platform(
    tx: &mut Tx,
    state: &PlatformState,
    parts: &[PlatformPart],
    obstacles: Obstacles,
) -> Result<()> {
    let changes = changes_in_platform(state, parts);
    match obstacles {
        Obstacles::Stay => write(tx, &changes).await,
        Obstacles::Go => {
            let told: Vec<_> = PLATFORM_TABLES.iter().zip(super::platform_rows_told(state)).collect();
            write_through(tx, &changes, &told).await
        }
    }
}

/// Does the same as [`write()`], and makes way for each row. The triggers that protect rows would protect forged ones.
async fn write_through(tx: &mut Tx, changes: &[Change], told: &Told) -> Result<()> {
    let triggers = anew::lift_triggers(tx).await?;
    for gone in changes.iter().rev().filter(|change| change.row.is_none()) {
        remove(tx, gone.table, &gone.id, told).await?;
    }
    for Change { table, row, .. } in changes {
        if let Some(row) = row {
            make_way(tx, table, row, told).await?;
            put(tx, table, row).await?;
        }
    }
    anew::put_back(tx, triggers).await
}

/// Makes way for a row that is about to be stored: for its keys, and for what it refers to.
///
/// Two rows that have taken each other's keys stay in each other's way: what is kept beside the log is not to be lost.
async fn make_way(tx: &mut Tx, table: &'static str, row: &Values, told: &Told) -> Result<()> {
    make_way_within(tx, table, row, told, 1).await
}

async fn make_way_within(tx: &mut Tx, table: &'static str, row: &Values, told: &Told, deeper: u8) -> Result<()> {
    let stored = statements(table)?.table;
    for (parent, _, column) in REFERENCES.iter().filter(|(_, theirs, _)| *theirs == table) {
        let wanted = value(stored, row, column).map(ToString::to_string).unwrap_or_default();
        if let Some(parents) = row_told(told, parent, &wanted)
            && !is_there(tx, parent, &wanted).await?
        {
            Box::pin(make_way_within(tx, parent, parents, told, deeper)).await?;
            anew::correct(tx, &Wrong { table: parent, id: &wanted, told: Some(parents) }).await?;
        }
    }
    for key in KEYS.iter().filter(|key| key.table == table) {
        for other in holders(tx, stored, key, row).await? {
            match row_told(told, table, &other) {
                Some(_) if deeper == 0 => {}
                Some(right) => {
                    Box::pin(make_way_within(tx, table, right, told, deeper - 1)).await?;
                    anew::correct(tx, &Wrong { table, id: &other, told: Some(right) }).await?;
                }
                None => remove(tx, table, &other, told).await?,
            }
        }
    }
    Ok(())
}

/// Removes a row with all that refers to it; what the log knows of that is written as it has it, and stays.
async fn remove(tx: &mut Tx, table: &'static str, id: &str, told: &Told) -> Result<()> {
    for (_, theirs, column) in REFERENCES.iter().filter(|(parent, ..)| *parent == table) {
        let id_column = anew::id_column(statements(theirs)?.table);
        for row in tx.rows(&format!("SELECT {id_column} FROM {theirs} WHERE {column} = ?1"), &[&id]).await? {
            let theirs_id: String = row.get(0)?;
            match row_told(told, theirs, &theirs_id) {
                None => Box::pin(remove(tx, theirs, &theirs_id, told)).await?,
                right => anew::correct(tx, &Wrong { table: theirs, id: &theirs_id, told: right }).await?,
            }
        }
    }
    anew::correct(tx, &Wrong { table, id, told: None }).await
}

fn row_told<'a>(told: &'a Told, table: &str, id: &str) -> Option<&'a Values> {
    told.iter().find(|(known, _)| known.name == table)?.1.get(id)
}

async fn is_there(tx: &mut Tx, table: &str, id: &str) -> Result<bool> {
    let id_column = anew::id_column(statements(table)?.table);
    Ok(tx.opt(&format!("SELECT 1 FROM {table} WHERE {id_column} = ?1"), &[&id]).await?.is_some())
}

/// Returns the ids of the other rows that have this key of a row.
async fn holders(tx: &mut Tx, table: &Table, key: &Key, row: &Values) -> Result<Vec<String>> {
    if key.while_null.is_some_and(|column| value(table, row, column) != Some(&Value::Null)) {
        return Ok(Vec::new());
    }
    let (name, id) = (table.name, anew::id_column(table));
    let mut conditions = vec![format!("{id} <> ?1")];
    let own = id_of(row);
    let mut params: Vec<&dyn Param> = vec![&own];
    for column in key.columns.iter().chain(&key.or_null) {
        let Some(value) = value(table, row, column) else { continue };
        params.push(value);
        let (place, may_be_null) = (params.len(), key.or_null == Some(*column));
        conditions.push(if may_be_null {
            format!("COALESCE({column}, '') = COALESCE(?{place}, '')")
        } else {
            format!("{column} = ?{place}")
        });
    }
    conditions.extend(key.while_null.map(|column| format!("{column} IS NULL")));
    let sql = format!("SELECT {id} FROM {name} WHERE {}", conditions.join(" AND "));
    tx.rows(&sql, &params).await?.iter().map(|row| row.get(0)).collect()
}

fn value<'a>(table: &Table, row: &'a Values, column: &str) -> Option<&'a Value> {
    let at = table.columns.iter().position(|(name, _)| *name == column)?;
    row.get(at)
}
