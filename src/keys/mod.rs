//! The keys of the server: given by settings, or kept in the data directory, where they are made at the
//! first start, readable by their owner only.

mod log;
mod seal;

use std::{
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

pub use log::{log_key, log_key_in_force, replace_log_key};
pub use seal::{authorities, seal_identity};

use crate::{
    error::{Error, Result},
    files, random,
};

/// Makes the file; answers what is in it then, which is another's where that was faster. It is there whole or
/// not at all.
fn make(path: &Path, text: &str) -> Result<String> {
    if let Some(directory) = path.parent() {
        files::make_private_dir(directory)?;
    }
    let beside = beside(path);
    let linked = write(&beside, text).and_then(|()| fs::hard_link(&beside, path));
    // What is left of it is in nobody's way.
    let _ = fs::remove_file(&beside);
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(cannot(path, "written", &error)),
        _ => sync_directory(path).map_err(|error| cannot(path, "written", &error))?,
    }
    fs::read_to_string(path).map_err(|error| cannot(path, "read", &error))
}

/// Puts another text into the file; whoever reads finds the one or the other.
fn replace(path: &Path, text: &str) -> Result<()> {
    let beside = beside(path);
    let moved = write(&beside, text).and_then(|()| fs::rename(&beside, path)).and_then(|()| sync_directory(path));
    moved.map_err(|error| cannot(path, "replaced", &error))
}

/// A name beside the file that nobody else has.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", random::new_uuid()));
    name.into()
}

/// Writes a file that is not there yet, for its owner only.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    sync_directory(path)
}

fn sync_directory(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |directory| fs::File::open(directory)?.sync_all())
}

fn cannot(path: &Path, done: &str, error: &io::Error) -> Error {
    Error::setup(format!("the key file {} cannot be {done}: {error}", path.display()))
}
