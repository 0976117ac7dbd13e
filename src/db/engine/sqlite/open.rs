//! Opening of the database file: only one that is ours, and only after a look that changes nothing.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use crate::error::{Error, Result};

/// The `application_id` that marks a database file as a server's: `STSC` in ASCII.
pub(super) const OF_SERVER: i64 = 0x5354_5343;
/// The `application_id` that marks a database file as the memory of a witness: `STSW` in ASCII.
pub(in crate::db) const OF_WITNESS: i64 = 0x5354_5357;
/// A write-ahead log larger than this, in bytes, is copied into the database between two commits.
pub(super) const CHECKPOINT_BYTES: u64 = 4 * 1024 * 1024;
/// How long to wait for another process to release the file, such as a command beside the server.
const BUSY: Duration = Duration::from_secs(10);

/// The pages that a connection for writing keeps, in KiB: the cache saves it most of its reads.
const WRITER_CACHE: i64 = 16 * 1024;
/// The pages that a connection for reading keeps, in KiB. There are several, and the system has the file's pages too.
const READER_CACHE: i64 = 2 * 1024;

/// Opens a connection for reading to a file that is known to be ours.
pub(super) fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(128);
    // FULL syncs the log at each commit; NORMAL could lose the last ones when the power fails. Automatic checkpoints
    // would run inside of somebody's commit: the writer makes them in between.
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0")?;
    connection.pragma_update(None, "journal_size_limit", CHECKPOINT_BYTES.cast_signed())?;
    // What a savepoint may take back is kept in memory: SQLite's temporary files are written to with each statement, and
    // are outside of the data directory.
    connection.execute_batch("PRAGMA temp_store = MEMORY")?;
    keep_pages(&connection, READER_CACHE)?;
    // Statements are planned once. Otherwise those whose plan could be another one for other parameters are compiled anew
    // each time, which was a tenth of the writer's work.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// Has a connection keep so many KiB of the file's pages.
fn keep_pages(connection: &Connection, kib: i64) -> Result<()> {
    // As a negative number it is in KiB, and not in pages.
    Ok(connection.pragma_update(None, "cache_size", -kib)?)
}

/// Opens a file for writing, after a look that changes nothing in it has shown that it has this `application_id`, or is
/// empty.
pub(in crate::db) fn open_ours(path: &Path, application_id: i64) -> Result<Connection> {
    let refuse = |why: &str| Error::setup(format!("the database {} {why}", path.display()));
    if let Ok(file) = std::fs::metadata(path) {
        if file.permissions().readonly() {
            return Err(refuse("is read-only"));
        }
        if !file.is_file() {
            return Err(refuse("is not a file"));
        }
    }
    let explain = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            refuse("is not an SQLite database, or is damaged")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => refuse("is locked by another program"),
        Some(ErrorCode::ReadOnly) => refuse("is read-only"),
        Some(ErrorCode::CannotOpen) => refuse("cannot be opened"),
        _ => refuse(&format!("cannot be used: {error}")),
    };
    make_private(path);
    // Read-only: a connection for writing would copy another program's write-ahead log into its database at the close.
    let look = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let look = look.map_err(explain)?;
    look.busy_timeout(BUSY).map_err(explain)?;
    let number = |sql| look.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(explain);
    let tables = number("SELECT COUNT(*) FROM sqlite_schema")?;
    let earlier = number("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'alembic_version'")?;
    if earlier > 0 {
        return Err(refuse("belongs to the earlier system; it cannot be opened in place"));
    }
    if tables > 0 && number("PRAGMA application_id")? != application_id {
        return Err(refuse(match application_id {
            OF_WITNESS => "is not the memory of a witness",
            _ => "is not a database of STS Clearance",
        }));
    }
    drop(look);

    let connection = connect(path).map_err(|error| match error {
        Error::Sqlite(error) => explain(error),
        other => other,
    })?;
    keep_pages(&connection, WRITER_CACHE)?;
    // A file that cannot be written is refused now, and not at the first request that writes.
    connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK").map_err(explain)?;
    let mode = use_wal(&connection).map_err(explain)?;
    if mode == "wal" { Ok(connection) } else { Err(refuse("cannot use a write-ahead log")) }
}

/// Creates the file, for its owner only, if there is none; SQLite gives its other files the same mode.
///
/// Errors are passed over, since opening the file afterwards reports them.
pub(super) fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}

/// Turns the write-ahead log on and returns the journal mode that is then in force.
///
/// SQLite ignores the busy timeout for this one statement and fails at once if another process has the file open for
/// something. An exclusive transaction does wait, so one is begun to wait out the others.
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
