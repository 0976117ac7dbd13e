//! The key with which a witness cosigns, in its directory.

use std::{fs, io::ErrorKind, path::Path};

use super::{create, file_error};
use crate::{
    error::{Error, Result},
    evidence::WitnessKey,
};

/// Returns the key of this file. `None` if there is no such file.
pub fn witness_key(path: &Path) -> Result<Option<WitnessKey>> {
    match fs::read_to_string(path) {
        Ok(text) => read(path, &text).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        // A file that cannot be read is not one that is missing: a new key in its place would be another witness.
        Err(error) => Err(file_error(path, "read", &error)),
    }
}

/// Makes a key of this name and these 32 bytes, and stores it in the file. Returns the key that is then in the file:
/// another process may have been faster.
pub fn create_witness_key(path: &Path, name: &str, secret: [u8; 32]) -> Result<WitnessKey> {
    let key = WitnessKey::new(name, secret).map_err(|error| Error::setup(error.to_string()))?;
    read(path, &create(path, &key.private())?)
}

fn read(path: &Path, text: &str) -> Result<WitnessKey> {
    WitnessKey::read(text).map_err(|error| Error::setup(format!("{}: {error}", path.display())))
}
