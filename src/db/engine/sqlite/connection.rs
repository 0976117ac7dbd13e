//! A connection to SQLite with a transaction on it.

use room::RoomId;
use rusqlite::Connection;

use crate::db::engine::after_commit::AfterCommit;

/// A connection, and the rooms whose listeners are notified after its next commit.
pub struct SqliteConnection {
    pub(in crate::db) connection: Connection,
    pub(in crate::db) notified: Vec<RoomId>,
    /// What is done after its next commit.
    pub(in crate::db) after_commit: AfterCommit,
}

impl SqliteConnection {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, notified: Vec::new(), after_commit: AfterCommit::default() }
    }
}
