//! What lies in the places that the settings name, before anything is made in them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::found::{Found, Known};
use crate::{config::Config, db::Db, error::Result, files, heads::Heads, keys};

/// Whether there is a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Database {
    /// There is no SQLite file, or it is empty.
    Missing,
    /// There is an SQLite file.
    File,
    /// It is a PostgreSQL.
    Server,
}

/// What was found.
#[derive(Debug)]
pub struct Survey {
    pub(super) database: Database,
    /// The public part of the key in force, if there is one.
    pub(super) key: Option<String>,
    /// Whether the key was made by a server that has started here.
    has_own_key: bool,
    has_files: bool,
    /// How many logs have signed heads that are remembered.
    signed_logs: usize,
}

impl Survey {
    /// Looks, and makes nothing.
    pub fn make(config: &Config) -> Result<Self> {
        let is_missing = |file: &Path| fs::metadata(file).map_or(true, |file| file.is_file() && file.len() == 0);
        let url = config.database_url();
        let database = match Db::file_of(&url) {
            Some(file) if is_missing(file) => Database::Missing,
            Some(_) => Database::File,
            None => Database::Server,
        };
        let key = keys::log_key_in_force(config)?.map(|key| key.public().to_owned());
        // One that was given, in a setting or in a file elsewhere, may be there before the first start.
        let has_own_key =
            key.is_some() && config.log_key.is_empty() && config.log_key_file().starts_with(config.data_dir());
        let has_files = holds_a_file(&files_directory(config));
        let signed_logs = Heads::open(config.data_dir())?.all().len();
        Ok(Self { database, key, has_own_key, has_files, signed_logs })
    }

    /// Whether a key is all that tells of a database.
    pub(super) fn has_key_alone(&self) -> bool {
        self.has_own_key && !self.has_files && self.signed_logs == 0
    }

    /// Refuses an empty database where others things say that there was one.
    pub(super) fn refuse_loss(&self, config: &Config, known: &[Known]) -> Result<()> {
        let mut traces = Vec::new();
        // A first start that did not come to its end has made both, the key and a file without tables.
        if self.has_own_key && self.database != Database::File {
            traces.push(format!("the key {}", config.log_key_file().display()));
        }
        if self.has_files {
            traces.push(format!("files in {}", files_directory(config).display()));
        }
        if self.signed_logs > 0 {
            let directory = config.data_dir().display();
            traces.push(format!("signed heads of {} logs in {directory}/signed-heads", self.signed_logs));
        }
        if traces.is_empty() {
            return Ok(());
        }
        let was_signed = self.signed_logs > 0;
        Found::NoDatabase { url: config.database_url(), traces: traces.join(" and "), was_signed }.unless(known)
    }
}

/// Returns the directory of the file store. Its URL was looked at with the settings.
fn files_directory(config: &Config) -> PathBuf {
    let url = config.files_url();
    files::directory_of(&url).unwrap_or(&url).into()
}

/// Returns whether there is a file anywhere below a directory.
fn holds_a_file(directory: &Path) -> bool {
    let Ok(entries) = fs::read_dir(directory) else { return false };
    entries.flatten().any(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => holds_a_file(&entry.path()),
        _ => true,
    })
}
