//! Opens the database's file: only one that is ours, and only after a look that changes nothing.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::{Error, Result};

/// Marks a database file as ours: `STSC`.
const APPLICATION_ID: i64 = 0x5354_5343;
/// A write-ahead log larger than this is copied into the database between two commits.
pub(super) const CHECKPOINT_BYTES: u64 = 4 * 1024 * 1024;
/// How long to wait for another process, such as a command beside the server.
const BUSY: Duration = Duration::from_secs(10);

/// Opens a file that is known to be ours.
pub(super) fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0")?;
    connection.pragma_update(None, "journal_size_limit", CHECKPOINT_BYTES.cast_signed())?;
    Ok(connection)
}

/// Opens a file only after a look that changes nothing in it.
pub(super) fn open_ours(path: &Path) -> Result<Connection> {
    let refuse = |why: &str| Error::setup(format!("the database {} {why}", path.display()));
    if let Ok(file) = std::fs::metadata(path) {
        if file.permissions().readonly() {
            return Err(refuse("is read-only"));
        }
        if !file.is_file() {
            return Err(refuse("is not a file"));
        }
    }
    let said = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            refuse("is not an SQLite database, or is damaged")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => refuse("is locked by another program"),
        Some(ErrorCode::ReadOnly) => refuse("is read-only"),
        Some(ErrorCode::CannotOpen) => refuse("cannot be opened"),
        _ => refuse(&format!("cannot be used: {error}")),
    };
    make_private(path);
    // Read-only: opened for writing, another program's write-ahead log would be copied back at the close.
    let look = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let look = look.map_err(said)?;
    look.busy_timeout(BUSY).map_err(said)?;
    let ask = |sql| look.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(said);
    let tables = ask("SELECT COUNT(*) FROM sqlite_schema")?;
    let earlier = ask("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'alembic_version'")?;
    if earlier > 0 {
        return Err(refuse("belongs to the earlier system; it cannot be opened in place"));
    }
    if tables > 0 && ask("PRAGMA application_id")? != APPLICATION_ID {
        return Err(refuse("is not a database of STS Clearance"));
    }
    drop(look);

    let connection = connect(path).map_err(|error| match error {
        Error::Sqlite(error) => said(error),
        other => other,
    })?;
    connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK").map_err(said)?;
    let mode = use_wal(&connection).map_err(said)?;
    if mode == "wal" { Ok(connection) } else { Err(refuse("cannot use a write-ahead log")) }
}

/// Makes the file, for its owner only, where there is none; SQLite's other files take after it. What
/// stands in the way, the opening will tell.
fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

/// Turns the write-ahead log on; answers the mode then in force.
///
/// This one statement fails at once where another process is in the file, whatever the time-out, so
/// others are waited for by a transaction that has the file for itself.
fn use_wal(connection: &Connection) -> rusqlite::Result<String> {
    let deadline = Instant::now() + BUSY;
    loop {
        let outcome = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0));
        match outcome {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < deadline => {
                connection.execute_batch("BEGIN EXCLUSIVE; ROLLBACK")?;
            }
            outcome => return outcome,
        }
    }
}
