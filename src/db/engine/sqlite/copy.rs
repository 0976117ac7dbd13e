//! A copy of the database file while others write to it.

use std::{fs::File, path::Path};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use super::open::make_private;
use crate::error::{Error, Result};

/// How many pages are copied in one step.
const PAGES: i32 = 1024;

/// Copies the database, as the transaction of this connection sees it, into a file that is not there yet, and waits
/// until it is on the disk.
///
/// The connection has to be in a transaction that has read: then the copy is of that instant, however long it takes.
/// Without one, SQLite would begin anew after each commit of somebody else. Writers go on meanwhile, into their
/// write-ahead log.
///
/// # Errors
///
/// Fails if the file cannot be written, for example because the disk is full.
pub(in crate::db) fn copy(from: &Connection, to: &Path) -> Result<()> {
    let failed = |error: &dyn std::fmt::Display| Error::setup(format!("{} cannot be written: {error}", to.display()));
    make_private(to);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(to, flags).map_err(|error| failed(&error))?;
    let copy = Backup::new(from, &mut target)?;
    loop {
        match copy.step(PAGES).map_err(|error| failed(&error))? {
            StepResult::Done => break,
            StepResult::More => {}
            _ => return Err(failed(&"it is in use")),
        }
    }
    drop(copy);
    // The header says that the database has a write-ahead log. A copy is one file.
    target
        .query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0))
        .map_err(|error| failed(&error))?;
    drop(target);
    File::open(to).and_then(|file| file.sync_all()).map_err(|error| failed(&error))
}
