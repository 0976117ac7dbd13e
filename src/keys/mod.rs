//! The keys of the server: given by settings, or kept in the data directory, where they are made at the first start,
//! readable by their owner only. `app`, `domain` and `cli` use it.

mod copies;
mod log;
mod seal;
mod witness;

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

pub use copies::{bring_back, to_back_up};
pub use log::{check_replaceable, log_key, log_key_in_force, replace_log_key, require_log_key};
pub use seal::{authorities, seal_identity, why_unfit};
pub use witness::{create_witness_key, witness_key};

use crate::{
    config::Config,
    error::{Error, Result},
    files::{self, durable},
    random,
};

/// Refuses keys and certificates that cannot be read. None is made.
pub fn check(config: &Config) -> Result<()> {
    if log_key_in_force(config)?.is_none() {
        log::check_name(config)?;
    }
    authorities(config)?;
    seal::check(config)
}

/// Creates the file, which is there whole or not at all, and returns its content: that of another process, if that one
/// was faster.
fn create(path: &Path, text: &str) -> Result<String> {
    if let Some(directory) = path.parent() {
        files::make_private_dir(directory)?;
    }
    let temporary = temporary_path(path);
    // A link, not a rename: it fails if the file exists. Two servers that start at once must not each sign with a key
    // of its own, of which only one is kept.
    let linked = write(&temporary, text).and_then(|()| fs::hard_link(&temporary, path));
    // A file that cannot be removed does no harm: nothing else has its name.
    let _ = fs::remove_file(&temporary);
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(file_error(path, "written", &error)),
        _ => durable::sync_directory(path).map_err(|error| file_error(path, "written", &error))?,
    }
    fs::read_to_string(path).map_err(|error| file_error(path, "read", &error))
}

/// Replaces the content of the file. A reader sees the old content or the new.
fn replace(path: &Path, text: &str) -> Result<()> {
    let temporary = temporary_path(path);
    let moved = write(&temporary, text).and_then(|()| durable::rename(&temporary, path));
    moved.map_err(|error| file_error(path, "replaced", &error))
}

/// Returns a path beside the file that nothing else uses, on the same file system as links and renames need.
fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", random::new_uuid()));
    name.into()
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    durable::create(path, format!("{text}\n").as_bytes())
}

fn file_error(path: &Path, done: &str, error: &io::Error) -> Error {
    Error::setup(format!("the key file {} cannot be {done}: {error}", path.display()))
}
