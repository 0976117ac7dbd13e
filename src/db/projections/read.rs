//! Reads the rows that repeat what a log tells.

use room::{RoomId, Time};
use sha2::{Digest, Sha256};

use super::{Kind, Table, Value, Values};
use crate::{
    db::{Column, Param, Row, Tx},
    error::Result,
};

/// Returns the rows of one of [`TABLES`](super::TABLES) that belong to a room, in no particular order.
pub async fn rows(tx: &mut Tx, table: &Table, room: RoomId) -> Result<Vec<Values>> {
    rows_with(tx, table, &[&room]).await
}

/// Returns the rows of one of [`PLATFORM_TABLES`](super::PLATFORM_TABLES), in no particular order.
pub async fn rows_of_platform(tx: &mut Tx, table: &Table) -> Result<Vec<Values>> {
    rows_with(tx, table, &[]).await
}

async fn rows_with(tx: &mut Tx, table: &Table, params: &[&dyn Param]) -> Result<Vec<Values>> {
    let columns: Vec<_> = table.columns.iter().map(|(name, _)| format!("t.{name}")).collect();
    let sql = format!("SELECT {} FROM {}", columns.join(", "), table.from);
    let rows = tx.rows(&sql, params).await?;
    Ok(rows.iter().map(|row| values(row, table.columns)).collect())
}

fn values(row: &Row, columns: &[(&str, Kind)]) -> Values {
    columns.iter().enumerate().map(|(at, (_, kind))| value_of(row, at, *kind)).collect()
}

fn value_of(row: &Row, at: usize, kind: Kind) -> Value {
    match kind {
        Kind::Text => get(row, at, Value::Text),
        Kind::Json => get(row, at, |text: String| {
            Value::Text(serde_json::from_str(&text).map_or(text, |value: serde_json::Value| value.to_string()))
        }),
        Kind::Integer => get(row, at, Value::Integer),
        Kind::Real => get(row, at, Value::Real),
        Kind::Bool => get(row, at, Value::Bool),
        Kind::Time => get(row, at, Value::Time as fn(Time) -> Value),
        Kind::Bytes => get(row, at, Value::Bytes),
        Kind::Hashed => get(row, at, |bytes: Vec<u8>| Value::Bytes(Sha256::digest(bytes).to_vec())),
        Kind::HashedText => get(row, at, |text: String| Value::Bytes(Sha256::digest(text).to_vec())),
    }
}

/// Returns the value of a column. One that is of another type than it is to be is no error here: it differs from
/// whatever the log tells.
fn get<T: Column>(row: &Row, at: usize, make: impl FnOnce(T) -> Value) -> Value {
    match row.get::<Option<T>>(at) {
        Ok(value) => Value::of(value, make),
        Err(_) => Value::Unreadable,
    }
}
