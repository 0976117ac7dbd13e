//! The certificate and key that seal PDFs: given by the operator, or self-made ones that say so.

use std::{fs, io::ErrorKind, path::Path, time::Duration};

use room::Time;
use seal::{Authorities, Identity, IdentityError};

use super::{create, file_error, replace};
use crate::{
    config::Config,
    error::{Error, Result},
};

/// How long before its making a self-made certificate is valid from: clocks are set back now and then, and the demo has
/// seals of last week.
const BEFORE: Duration = Duration::from_hours(30 * 24);
/// The longest common name that a certificate can have, in characters (RFC 5280, appendix A.1).
const LONGEST_NAME: usize = 64;

/// How long before its end a self-made certificate is replaced by a new one.
const RENEWED: Duration = Duration::from_hours(60 * 24);

/// Returns the certificate and key in force. If the operator gave none and there are none yet, or those that were made end
/// within 60 days or are not valid, they are made of these 32 bytes, in the name of the server, and stored. The old ones are kept beside
/// them, under the day of their end.
pub fn seal_identity(config: &Config, name: &str, now: Time, secret: [u8; 32]) -> Result<Identity> {
    if let Some(path) = config.seal_file() {
        let bytes = fs::read(&path).map_err(|error| file_error(&path, "read", &error))?;
        return read(&path, &bytes, &config.seal_password);
    }
    let path = config.self_made_seal_file();
    let make = || {
        let name: String = name.chars().take(LONGEST_NAME).collect();
        let made = Identity::self_made(&name, now.before(BEFORE).into(), secret);
        with_path(&path, made.and_then(|made| made.to_pem()))
    };
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => create(&path, make()?.trim_end())?,
        read => read.map_err(|error| file_error(&path, "read", &error))?,
    };
    let identity = with_path(&path, Identity::from_pem(&[&text]))?;
    let until = Time::from(identity.validity().1);
    // Nor does one stay that was made while the clock was far ahead.
    if why_unfit(&identity, now).is_none() && now.after(RENEWED) < until {
        return Ok(identity);
    }
    let text = make()?;
    let old = path.with_file_name(format!("seal-until-{}.pem", until.day()));
    match fs::hard_link(&path, &old) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(file_error(&old, "written", &error)),
        _ => replace(&path, text.trim_end())?,
    }
    with_path(&path, Identity::from_pem(&[&text]))
}

/// Refuses a certificate and key that cannot be read. None are made.
pub(super) fn check(config: &Config) -> Result<()> {
    let path = config.seal_file().unwrap_or_else(|| config.self_made_seal_file());
    match fs::read(&path) {
        Ok(bytes) => read(&path, &bytes, &config.seal_password).map(drop),
        Err(error) if error.kind() == ErrorKind::NotFound && config.seal_file().is_none() => Ok(()),
        Err(error) if config.seal_file().is_some() => {
            Err(config.unfit("seal_file", format!("{} cannot be read: {error}", path.display())))
        }
        Err(error) => Err(file_error(&path, "read", &error)),
    }
}

/// Returns why nothing can be sealed with a certificate now. `None` if it is valid.
pub fn why_unfit(identity: &Identity, now: Time) -> Option<String> {
    let (from, until) = identity.validity();
    // To the second, as seals and certificates have it. An end is within the second that it names.
    let at = jiff::Timestamp::from(now).as_second();
    if at < from.as_second() {
        return Some(format!("the certificate that PDFs are sealed with is good from {from} on only"));
    }
    (at > until.as_second()).then(|| format!("the certificate that PDFs are sealed with was good until {until} only"))
}

/// Returns the authorities whose time stamps are trusted: those of the setting, or any if it names no file.
pub fn authorities(config: &Config) -> Result<Authorities> {
    let Some(path) = config.timestamp_authorities() else { return Ok(Authorities::none()) };
    let unfit = |why: String| config.unfit("timestamp_authorities", format!("{} {why}", path.display()));
    let text = fs::read_to_string(&path).map_err(|error| unfit(format!("cannot be read: {error}")))?;
    Authorities::from_pem(&text).map_err(|error| unfit(format!("has no certificate that can be read: {error}")))
}

/// Reads a seal file: as PEM if it says that it is, and as PKCS#12 otherwise.
#[cfg(feature = "pkcs12")]
fn read(path: &Path, bytes: &[u8], password: &str) -> Result<Identity> {
    let identity = match std::str::from_utf8(bytes) {
        Ok(text) if text.contains("-----BEGIN") => Identity::from_pem(&[text]),
        _ => Identity::from_pkcs12(bytes, password),
    };
    with_path(path, identity)
}

/// Reads a seal file in PEM. The error for a PKCS#12 file has the line that turns it into one.
#[cfg(not(feature = "pkcs12"))]
fn read(path: &Path, bytes: &[u8], _password: &str) -> Result<Identity> {
    // A PKCS#12 file is a DER sequence of more than 127 bytes (X.690, 8.1.3.5), which no text begins like.
    if matches!(bytes, [0x30, 0x80..=0xff, ..]) {
        return Err(Error::setup(format!(
            "the seal of {}: it is a PKCS#12 file, which this build does not read; make a PEM file of it with \
             `openssl pkcs12 -in '{}' -out seal.pem -nodes` (older files need `-legacy` too) and give that as \
             `seal_file`",
            path.display(),
            path.display()
        )));
    }
    with_path(path, Identity::from_pem(&[&String::from_utf8_lossy(bytes)]))
}

/// Adds the path of the file to an error.
fn with_path<T>(path: &Path, read: Result<T, IdentityError>) -> Result<T> {
    read.map_err(|error| Error::setup(format!("the seal of {}: {error}", path.display())))
}
