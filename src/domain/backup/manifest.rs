//! What stands in the manifest of a backup.

use room::{Log, Time, server_in};
use serde::{Deserialize, Serialize};

use crate::{
    db::{backup::Contents, files::StoredFile},
    error::{Error, Result},
    evidence::{Checkpoint, Hash},
};

/// The name of the form that this program writes.
const FORMAT: &str = "sts-clearance/backup/1";

/// What a backup is of, with the SHA-256 of every file in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of the manifest, with its version.
    pub format: String,
    /// When the backup was begun. Everything that was acknowledged before is in it.
    pub made_at: Time,
    /// The version of the program that made it.
    pub program: String,
    /// The kind of database: `sqlite` or `postgresql`.
    pub database: String,
    /// The copy of the database.
    pub copy: NamedFile,
    /// The public key that signed the logs then.
    pub log_key: String,
    /// The heads of all logs in the copy.
    pub logs: Vec<ManifestLog>,
    /// The head of the log of heads, as it was signed; null if there was none.
    pub heads_log: Option<String>,
    /// The files of documents and snapshots that the copy names.
    pub files: Vec<NamedFile>,
    /// Files that the copy names and that the backup has not, with the reason.
    pub missing: Vec<Missing>,
    /// The keys that are in the backup.
    pub keys: Vec<NamedFile>,
}

/// A file with its name or key, its size in bytes and its SHA-256 in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedFile {
    /// The file's key in the store, or its name beside the manifest.
    pub name: String,
    /// The size, in bytes.
    pub size: u64,
    /// The SHA-256, in hexadecimal.
    pub sha256: String,
}

/// The head of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestLog {
    /// The id of the room, or `platform`.
    pub log: String,
    /// The title of the room; null for the platform, and for a room that was deleted.
    pub title: Option<String>,
    /// The name of the log in its checkpoints.
    pub origin: String,
    /// The number of entries.
    pub size: u64,
    /// The root, in hexadecimal.
    pub root: String,
    /// The head as it was signed; null if it was not.
    pub checkpoint: Option<String>,
    /// The time of the last entry; null if there is none.
    pub last_at: Option<Time>,
}

/// A file that the backup lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// The file's key in the store.
    pub name: String,
    /// Why it is not in the backup.
    pub fault: String,
}

impl NamedFile {
    /// Describes a file of this size and hash.
    pub(super) fn new(name: &str, size: u64, sha256: &Hash) -> Self {
        Self { name: name.to_owned(), size, sha256: hex::encode(sha256) }
    }

    pub(super) fn of_store(file: &StoredFile) -> Self {
        Self::new(&file.file_url, file.size.unsigned_abs(), &file.sha256)
    }
}

impl ManifestLog {
    /// Returns the log and its head.
    ///
    /// # Errors
    ///
    /// Fails if one of them is not written as it has to be.
    pub(super) fn head(&self) -> Result<(Log, Checkpoint)> {
        let unreadable = || Error::setup(format!("the manifest: the head of the log `{}` cannot be read", self.log));
        let log = if self.log == Log::Platform.key() {
            Log::Platform
        } else {
            Log::Room(self.log.parse().map_err(|_| unreadable())?)
        };
        let root = hex::decode(&self.root).ok().and_then(|root| root.try_into().ok()).ok_or_else(unreadable)?;
        Ok((log, Checkpoint { origin: self.origin.clone(), size: self.size, root }))
    }
}

impl Manifest {
    /// Describes a backup of what a copy of the database holds; what is missing or added is filled in by its maker.
    pub(super) fn new(made_at: Time, database: &str, log_key: &str, copy: NamedFile, contents: &Contents) -> Self {
        Self {
            format: FORMAT.to_owned(),
            made_at,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            database: database.to_owned(),
            copy,
            log_key: log_key.to_owned(),
            logs: logs(contents),
            heads_log: contents.heads_log.as_ref().and_then(|log| log.checkpoint.clone()),
            files: contents.files.iter().map(NamedFile::of_store).collect(),
            missing: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// Fails if it is of another form, or damaged.
    pub(super) fn read(json: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Form {
            format: String,
        }
        let form: Form = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if form.format != FORMAT {
            return Err(format!("it has the form `{}`, which this version does not know", form.format));
        }
        serde_json::from_slice(json).map_err(|error| error.to_string())
    }

    /// Returns the name of the server under which its logs began. `None` if there is no log.
    pub(super) fn server(&self) -> Option<&str> {
        self.logs.first().map(|log| server_in(&log.origin))
    }

    /// Returns a log of which this has entries that the other lacks, with their number. Where the platform's log has gone on
    /// under another name, a backup was brought back, and what was lost is told.
    pub(super) fn ahead_of(&self, other: &Self) -> Option<(&ManifestLog, u64)> {
        let platform = |manifest: &Self| manifest.logs.iter().find(|log| log.log == Log::Platform.key()).cloned();
        if platform(self).zip(platform(other)).is_some_and(|(here, there)| here.origin != there.origin) {
            return None;
        }
        let behind = |log: &&ManifestLog| match other.logs.iter().find(|known| known.log == log.log) {
            Some(known) => known.origin == log.origin && known.size < log.size,
            None => true,
        };
        self.logs.iter().find(behind).map(|log| (log, log.size))
    }

    /// Returns how many bytes the files of the store have.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Returns how many entries the logs have.
    pub fn entries(&self) -> u64 {
        self.logs.iter().map(|log| log.size).sum()
    }

    /// Returns what differs between the manifest and what a copy holds: a sentence for each log and file.
    pub(super) fn differences(&self, contents: &Contents) -> Vec<String> {
        let mut differing = Vec::new();
        let (here, files): (Vec<_>, Vec<_>) =
            (logs(contents), contents.files.iter().map(NamedFile::of_store).collect());
        for log in &self.logs {
            if !here.contains(log) {
                differing.push(format!("the log `{}` is not the one of {} entries in the manifest", log.log, log.size));
            }
        }
        for log in here.iter().filter(|log| !self.logs.iter().any(|known| known.log == log.log)) {
            differing.push(format!("the log `{}` is not in the manifest", log.log));
        }
        if self.files != files {
            differing.push("the files that it names are not those of the manifest".to_owned());
        }
        differing
    }
}

fn logs(contents: &Contents) -> Vec<ManifestLog> {
    let log = |log: &crate::db::backup::LogHead| ManifestLog {
        log: log.log.key(),
        title: log.title.clone(),
        origin: log.head.origin.clone(),
        size: log.head.size,
        root: hex::encode(log.head.root),
        checkpoint: log.checkpoint.clone(),
        last_at: log.last_at,
    };
    contents.logs.iter().map(log).collect()
}
