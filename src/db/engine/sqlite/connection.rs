//! A connection to `SQLite` with a transaction on it.

use room::RoomId;
use rusqlite::Connection;

/// A connection, and the rooms to be rung for at its next commit.
pub struct SqliteConnection {
    pub(in crate::db) connection: Connection,
    pub(in crate::db) rung: Vec<RoomId>,
}

impl SqliteConnection {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, rung: Vec::new() }
    }
}
