//! What this process knows of the backups that the server makes by itself: the newest, and why the last attempt failed.

use std::sync::{PoisonError, RwLock};

use room::Time;
use serde::Serialize;
use utoipa::ToSchema;

/// The backups of this server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct BackupStatus {
    /// The newest backup in the directory; null if there is none.
    pub newest: Option<Backup>,
    /// Why the last attempt since failed; null if none did.
    pub failure: Option<BackupFailure>,
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Backup {
    /// The name of its folder.
    pub name: String,
    /// When it was begun: everything that was acknowledged before is in it.
    #[schema(value_type = String, format = "date-time")]
    pub made_at: Time,
    /// How many entries the logs have in it.
    pub entries: u64,
    /// How many files of documents and snapshots it has.
    pub files: u64,
    /// How many bytes these have.
    pub bytes: u64,
    /// How many files it lacks, because the store has lost them.
    pub missing: u64,
}

/// An attempt that failed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BackupFailure {
    /// When it was begun.
    #[schema(value_type = String, format = "date-time")]
    pub at: Time,
    /// What was in the way, in a sentence for people.
    pub why: String,
}

/// The memory of it, which requests and the job share.
#[derive(Debug, Default)]
pub struct Backups(RwLock<BackupStatus>);

impl Backups {
    /// Returns what is known now.
    pub fn status(&self) -> BackupStatus {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes note of the newest backup. What failed before it is over.
    pub fn note_made(&self, newest: Option<Backup>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = BackupStatus { newest, failure: None };
    }

    /// Takes note of an attempt that failed.
    pub fn note_failed(&self, at: Time, why: String) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).failure = Some(BackupFailure { at, why });
    }
}
