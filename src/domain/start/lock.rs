//! What one server at a time may have: its data directory, and its SQLite file.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::{
    config::Config,
    db::Db,
    error::{Error, Result},
    files,
};

/// The name of the lock in a data directory.
const OF_DIRECTORY: &str = "server.lock";

/// Locks that are held until this is dropped, or the process ends in whatever way.
#[derive(Debug)]
pub struct Held {
    _locks: Vec<File>,
}

/// Takes the data directory for this server alone, and the SQLite file: two data directories may name the same one.
///
/// Commands beside a server take no such lock: SQLite lets each of them write in turn.
///
/// # Errors
///
/// Fails if another server has one of them.
pub fn hold(config: &Config) -> Result<Held> {
    files::make_private_dir(config.data_dir())?;
    let directory = config.data_dir();
    let mut locks =
        vec![locked(&directory.join(OF_DIRECTORY), &format!("the data directory {}", directory.display()))?];
    if let Some(database) = Db::file_of(&config.database_url()) {
        locks.push(locked(&beside(database), &format!("the database {}", database.display()))?);
    }
    Ok(Held { _locks: locks })
}

/// Returns the path of the lock of a database. The database itself is not locked: closing it would take from SQLite the
/// locks that it has.
fn beside(database: &Path) -> PathBuf {
    // By whichever of its names it is opened.
    let mut path = database.canonicalize().unwrap_or_else(|_| database.to_owned()).into_os_string();
    path.push(".lock");
    path.into()
}

fn locked(path: &Path, what: &str) -> Result<File> {
    let fault = |error| Error::setup(format!("the lock {} cannot be taken: {error}", path.display()));
    // Not removed at the end: another server may have opened it meanwhile, and would lock a file that nobody else finds.
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(fault)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::setup(format!(
            "{what} is in use by another server, which holds {}; stop that one first, or give this one a data directory \
             and a database of its own (`--data-dir`)",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(fault(error)),
    }
}
