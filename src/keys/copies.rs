//! Copies of the keys for a backup, and the way back.

use std::{fs, io::ErrorKind, path::PathBuf};

use super::{durable, file_error, log_key_in_force};
use crate::{
    config::Config,
    error::{Error, Result},
    files,
};

/// The name of the copy of the key that signs logs.
const LOG: &str = "log.key";
/// The name of the copy of what PDFs are sealed with.
const SEAL: &str = "seal.pem";

/// Returns the keys in force, each with the name of its copy.
///
/// # Errors
///
/// Fails if a file cannot be read.
pub fn to_back_up(config: &Config) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let mut copies = Vec::new();
    if let Some(key) = log_key_in_force(config)? {
        copies.push((LOG, format!("{}\n", key.private()).into_bytes()));
    }
    let path = seal_path(config);
    match fs::read(&path) {
        Ok(bytes) => copies.push((SEAL, bytes)),
        // One of its own is made when the first PDF is sealed.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(file_error(&path, "read", &error)),
    }
    Ok(copies)
}

/// Puts the copy of a key where the settings have it, unless there is one.
///
/// # Errors
///
/// Fails if the name is that of no copy, or if the file cannot be written.
pub fn bring_back(config: &Config, name: &str, bytes: &[u8]) -> Result<()> {
    let path = match name {
        // One that is given by the settings is in force, whatever the files are.
        LOG if !config.log_key.is_empty() => return Ok(()),
        LOG => config.log_key_file(),
        SEAL => seal_path(config),
        _ => return Err(Error::setup(format!("a backup has no key `{name}`"))),
    };
    if let Some(directory) = path.parent() {
        files::make_private_dir(directory)?;
    }
    match durable::create(&path, bytes) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(file_error(&path, "written", &error)),
        _ => Ok(()),
    }
}

fn seal_path(config: &Config) -> PathBuf {
    config.seal_file().unwrap_or_else(|| config.self_made_seal_file())
}
