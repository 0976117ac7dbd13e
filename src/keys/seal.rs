//! What PDFs are sealed with: a certificate and key that somebody gave, or self-made ones that say so.

use std::{fs, io::ErrorKind, path::Path, time::Duration};

use seal::{Authorities, Identity, IdentityError};

use super::{cannot, make};
use crate::{
    config::Config,
    domain::Time,
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
        return read(&path, &bytes, &config.seal_password);
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

/// Reads a seal file: as PEM if it says that it is, and as PKCS#12 otherwise.
#[cfg(feature = "pkcs12")]
fn read(path: &Path, bytes: &[u8], password: &str) -> Result<Identity> {
    let identity = match std::str::from_utf8(bytes) {
        Ok(text) if text.contains("-----BEGIN") => Identity::from_pem(&[text]),
        _ => Identity::from_pkcs12(bytes, password),
    };
    of_file(path, identity)
}

/// Reads a seal file in PEM. The error for a PKCS#12 file has the line that turns it into one.
#[cfg(not(feature = "pkcs12"))]
fn read(path: &Path, bytes: &[u8], _password: &str) -> Result<Identity> {
    // A PKCS#12 file is a DER sequence of more than 127 bytes (X.690, 8.1.3.5), which no text begins like.
    if matches!(bytes, [0x30, 0x80..=0xff, ..]) {
        return Err(Error::setup(format!(
            "the seal of {}: it is a PKCS#12 file, which this build does not read; make a PEM file of it with \
             `openssl pkcs12 -in {path:?} -out seal.pem -nodes` (older files need `-legacy` too) and give that as \
             `seal_file`",
            path.display()
        )));
    }
    of_file(path, Identity::from_pem(&[&String::from_utf8_lossy(bytes)]))
}

fn of_file<T>(path: &Path, read: Result<T, IdentityError>) -> Result<T> {
    read.map_err(|error| Error::setup(format!("the seal of {}: {error}", path.display())))
}
