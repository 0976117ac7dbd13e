//! A connection to SQLite with a transaction on it.

use room::RoomId;
use rusqlite::Connection;

/// A connection, and the rooms whose listeners are notified after its next commit.
pub struct SqliteConnection {
    pub(in crate::db) connection: Connection,
    pub(in crate::db) notified: Vec<RoomId>,
}

impl SqliteConnection {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, notified: Vec::new() }
    }
}
