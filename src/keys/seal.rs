//! The certificate and key that seal PDFs: given by the operator, or self-made ones that say so.

use std::{fs, io::ErrorKind, path::Path, time::Duration};

use room::Time;
use seal::{Authorities, Identity, IdentityError};

use super::{create, file_error};
use crate::{
    config::Config,
    error::{Error, Result},
};

/// How long before its making a self-made certificate is valid from: clocks are set back now and then, and the demo has
/// seals of last week.
const BEFORE: Duration = Duration::from_hours(30 * 24);
/// The longest common name that a certificate can have, in characters (RFC 5280, appendix A.1).
const LONGEST_NAME: usize = 64;

/// Returns the certificate and key in force. If the operator gave none and there are none yet, they are made of these
/// 32 bytes, in the name of the server, and stored.
pub fn seal_identity(config: &Config, name: &str, now: Time, secret: [u8; 32]) -> Result<Identity> {
    if let Some(path) = config.seal_file() {
        let bytes = fs::read(&path).map_err(|error| file_error(&path, "read", &error))?;
        return with_path(&path, read_identity(&bytes, &config.seal_password));
    }
    let path = config.self_made_seal_file();
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name: String = name.chars().take(LONGEST_NAME).collect();
            let made = Identity::self_made(&name, now.before(BEFORE).into(), secret);
            create(&path, with_path(&path, made.and_then(|made| made.to_pem()))?.trim_end())?
        }
        read => read.map_err(|error| file_error(&path, "read", &error))?,
    };
    with_path(&path, Identity::from_pem(&[&text]))
}

/// Returns the authorities whose time stamps are trusted: those of the setting, or any if it names no file.
pub fn authorities(config: &Config) -> Result<Authorities> {
    let Some(path) = config.timestamp_authorities() else { return Ok(Authorities::none()) };
    let text = fs::read_to_string(&path).map_err(|error| file_error(&path, "read", &error))?;
    let read = Authorities::from_pem(&text);
    read.map_err(|error| Error::setup(format!("the time-stamp authorities of {}: {error}", path.display())))
}

/// Reads a certificate and key from PEM, which names itself, or else from PKCS#12.
fn read_identity(bytes: &[u8], password: &str) -> Result<Identity, IdentityError> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains("-----BEGIN") => Identity::from_pem(&[text]),
        _ => Identity::from_pkcs12(bytes, password),
    }
}

/// Adds the path of the file to an error.
fn with_path<T>(path: &Path, read: Result<T, IdentityError>) -> Result<T> {
    read.map_err(|error| Error::setup(format!("the seal of {}: {error}", path.display())))
}
