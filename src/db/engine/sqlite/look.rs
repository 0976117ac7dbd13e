//! A look at a database file as a whole, which changes nothing in it and does not take long.

use std::{path::Path, sync::mpsc, thread, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::{Error, Result};

/// What SQLite says of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked {
    /// Its structure is sound.
    Sound,
    /// It is damaged; the first thing that is wrong.
    Damaged(String),
    /// It is too large to be looked at in the time that there was.
    Unfinished,
}

/// Has SQLite check the structure of the file, for this long at most.
pub(in crate::db) fn look_over(path: &Path, patience: Duration) -> Result<Looked> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(patience)?;
    let interrupt = connection.get_interrupt_handle();
    let (done, ended) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        if ended.recv_timeout(patience).is_err_and(|error| error == mpsc::RecvTimeoutError::Timeout) {
            interrupt.interrupt();
        }
    });
    let said = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    drop(done);
    watch.join().map_err(|_| Error::internal("the watch of a look at the database panicked"))?;
    match said {
        Ok(said) if said == "ok" => Ok(Looked::Sound),
        // The first line may be the heading of others, such as `*** in database main ***`.
        Ok(said) => Ok(Looked::Damaged(said.lines().last().unwrap_or_default().to_owned())),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Ok(Looked::Unfinished),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Ok(Looked::Damaged(error.to_string())),
            _ => Err(error.into()),
        },
    }
}
