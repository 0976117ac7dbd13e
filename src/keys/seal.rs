//! What PDFs are sealed with: a certificate and key that somebody gave, or self-made ones that say so.

use std::{fs, io::ErrorKind, path::Path, time::Duration};

use room::Time;
use seal::{Authorities, Identity, IdentityError};

use super::{cannot, make};
use crate::{
    config::Config,
    error::{Error, Result},
};

/// A self-made certificate is good from this long before it is made: clocks are set back now and then, and
/// the demo tells of last week.
const BEFORE: Duration = Duration::from_hours(30 * 24);
/// The longest name that a certificate can have, in characters (RFC 5280, appendix A.1).
const LONGEST_NAME: usize = 64;

/// The certificate and key in force; where nobody gave any and there are none yet, they are made of these
/// 32 bytes, in the name of the server.
pub fn seal_identity(config: &Config, name: &str, now: Time, secret: [u8; 32]) -> Result<Identity> {
    if let Some(path) = config.seal_file() {
        let bytes = fs::read(&path).map_err(|error| cannot(&path, "read", &error))?;
        return of_file(&path, read(&bytes, &config.seal_password));
    }
    let path = config.self_made_seal_file();
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let name: String = name.chars().take(LONGEST_NAME).collect();
            let made = Identity::self_made(&name, now.before(BEFORE).into(), secret);
            make(&path, of_file(&path, made.and_then(|made| made.to_pem()))?.trim_end())?
        }
        read => read.map_err(|error| cannot(&path, "read", &error))?,
    };
    of_file(&path, Identity::from_pem(&[&text]))
}

/// The authorities whose time stamps count; any where none are named.
pub fn authorities(config: &Config) -> Result<Authorities> {
    let Some(path) = config.timestamp_authorities() else { return Ok(Authorities::none()) };
    let text = fs::read_to_string(&path).map_err(|error| cannot(&path, "read", &error))?;
    let read = Authorities::from_pem(&text);
    read.map_err(|error| Error::setup(format!("the time-stamp authorities of {}: {error}", path.display())))
}

/// PEM says so; what else it is, is PKCS#12.
fn read(bytes: &[u8], password: &str) -> Result<Identity, IdentityError> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains("-----BEGIN") => Identity::from_pem(&[text]),
        _ => Identity::from_pkcs12(bytes, password),
    }
}

fn of_file<T>(path: &Path, read: Result<T, IdentityError>) -> Result<T> {
    read.map_err(|error| Error::setup(format!("the seal of {}: {error}", path.display())))
}
