//! The key that signs the checkpoints of logs, from a setting or from a file.

use std::{fs, io::ErrorKind};

use super::{create, file_error, replace};
use crate::{
    config::Config,
    error::{Error, Result},
    evidence::LogKey,
};

/// Returns the key in force. If there is none yet, one is made of these 32 bytes and stored.
pub fn log_key(config: &Config, new_secret: impl FnOnce() -> [u8; 32]) -> Result<LogKey> {
    if let Some(key) = log_key_in_force(config)? {
        return Ok(key);
    }
    let secret = new_secret();
    let name = if config.log_name.is_empty() {
        format!("sts-clearance/{}", hex::encode(new_id(&secret)))
    } else {
        config.log_name.clone()
    };
    let path = config.log_key_file();
    // What is in the file now counts, not the secret at hand: another process may have been faster.
    let text = create(&path, &new_key(&name, secret)?.private())?;
    LogKey::read(&text).map_err(|error| Error::setup(format!("{}: {error}", path.display())))
}

/// Returns the key in force. `None` if none has been made yet.
pub fn log_key_in_force(config: &Config) -> Result<Option<LogKey>> {
    if !config.log_key.is_empty() {
        let key = LogKey::read(&config.log_key);
        return key
            .map(Some)
            .map_err(|error| Error::setup(format!("{}: `log_key`: {error}", config.origin("log_key"))));
    }
    let path = config.log_key_file();
    match fs::read_to_string(&path) {
        Ok(text) => LogKey::read(&text).map(Some).map_err(|error| Error::setup(format!("{}: {error}", path.display()))),
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => Ok(None),
        // A file that cannot be read is not one that is missing: a new key in its place would break every log.
        Err(error) => Err(file_error(&path, "read", &error)),
    }
}

/// Returns an error if no key has been made yet.
pub fn require_log_key(config: &Config) -> Result<()> {
    match log_key_in_force(config)? {
        Some(_) => Ok(()),
        None => Err(config.nothing_at("key of the logs", &config.log_key_file())),
    }
}

/// Returns an error if no key can be made with the name of the settings.
pub(super) fn check_name(config: &Config) -> Result<()> {
    if config.log_name.is_empty() {
        return Ok(());
    }
    LogKey::new(&config.log_name, [0; 32]).map(drop).map_err(|error| config.unfit("log_name", error))
}

/// Returns an error if the key in force is not one that this program can replace.
pub fn check_replaceable(config: &Config) -> Result<()> {
    if config.log_key.is_empty() {
        return Ok(());
    }
    Err(Error::setup(
        "the key is given by the setting `log_key`, which only you can change; `key new` prints a new one",
    ))
}

/// Replaces the key in force by a new one of the same name. The secret of the old one is gone then.
pub fn replace_log_key(config: &Config, current: &LogKey, secret: [u8; 32]) -> Result<LogKey> {
    check_replaceable(config)?;
    let path = config.log_key_file();
    let key = new_key(current.name(), secret)?;
    replace(&path, &key.private())?;
    Ok(key)
}

fn new_key(name: &str, secret: [u8; 32]) -> Result<LogKey> {
    LogKey::new(name, secret).map_err(|error| Error::setup(format!("the log's key: {error}")))
}

/// Returns a few bytes that distinguish a server without a name from others. They are of a hash, so they reveal nothing
/// about the secret.
fn new_id(secret: &[u8; 32]) -> [u8; 4] {
    let id = crate::evidence::leaf_hash(&[b"name".as_slice(), secret].concat());
    [id[0], id[1], id[2], id[3]]
}
