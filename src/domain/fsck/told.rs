//! What a log tells of the things that it is about: hashes of records and files.

use std::collections::{HashMap, HashSet};

use room::{SnapshotId, Time, VersionId};
use serde_json::Value;

use crate::db::activity::Entry;

/// What the sound entries of a log tell.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// No entry is lost or damaged.
    pub(super) whole: bool,
    /// Snapshots that were taken and not deleted.
    pub(super) taken: HashMap<SnapshotId, Taken>,
    /// The files of snapshots.
    pub(super) drawn: HashMap<SnapshotId, File>,
    /// What is told of their seals.
    pub(super) seals: HashMap<SnapshotId, Value>,
    /// The files of documents.
    pub(super) uploaded: HashMap<VersionId, (File, Time)>,
    /// Public keys that sign.
    pub(super) keys: HashSet<String>,
    /// Which key followed which, and the note that says so.
    pub(super) successions: Vec<[String; 3]>,
    /// From when on every entry was signed.
    pub(super) signed_since: Option<Time>,
    /// The time of the last entry.
    pub(super) last: Option<Time>,
    /// When tables were last taken away that hold what is asked for here.
    pub(super) taken_back: TakenBack,
}

/// A snapshot, as its taking is told.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) title: String,
    pub(super) kind: String,
    /// SHA-256 of its record, in hexadecimal.
    pub(super) record: String,
    pub(super) at: Time,
}

/// A file, as it is told.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct File {
    /// SHA-256, in hexadecimal.
    pub(super) sha256: String,
    pub(super) size: i64,
}

/// When `migrate down` took tables away.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TakenBack {
    pub(super) snapshots: Option<Time>,
    pub(super) documents: Option<Time>,
}

/// The migrations that made the tables.
const SNAPSHOTS: &str = "003_add_snapshots_table";
const DOCUMENTS: &str = "005_add_documents";
const LOG_PROOFS: &str = "008_add_log_proofs";

impl Told {
    /// Takes in an entry.
    pub(super) fn note(&mut self, entry: &Entry) {
        let meta = &entry.meta;
        self.last = Some(entry.at);
        let text = |name: &str| meta[name].as_str().unwrap_or_default().to_owned();
        let file = || File { sha256: text("file_sha256"), size: meta["file_size"].as_i64().unwrap_or(-1) };
        let snapshot = meta["snapshot_id"].as_str().and_then(|id| id.parse::<SnapshotId>().ok());
        match (entry.action.as_str(), snapshot) {
            ("snapshot_created", Some(id)) => {
                let (title, kind, record) = (text("title"), text("snapshot_type"), text("record_sha256"));
                self.taken.insert(id, Taken { title, kind, record, at: entry.at });
            }
            ("snapshot_generated", Some(id)) => {
                self.drawn.insert(id, file());
                // Entries from before there were seals tell nothing of them.
                self.seals.extend(meta.get("seal").map(|seal| (id, seal.clone())));
            }
            ("snapshot_deleted", Some(id)) => {
                self.taken.remove(&id);
                self.drawn.remove(&id);
                self.seals.remove(&id);
            }
            ("document_uploaded", _) => {
                if let Ok(version) = text("version_id").parse() {
                    self.uploaded.insert(version, (file(), entry.at));
                }
            }
            ("log_key_added", _) => {
                self.keys.extend([text("public_key")]);
                self.signed_since = self.signed_since.or(Some(entry.at));
            }
            ("log_key_rotated", _) => {
                self.keys.extend([text("from"), text("to")]);
                self.successions.push([text("from"), text("to"), text("signed")]);
                self.signed_since = self.signed_since.or(Some(entry.at));
            }
            ("schema_taken_back", _) => {
                let steps = meta["migrations"].as_array();
                let took = |step: &str| steps.is_some_and(|steps| steps.contains(&Value::from(step)));
                if took(LOG_PROOFS) {
                    self.signed_since = None;
                }
                let taken_back = &mut self.taken_back;
                taken_back.snapshots = taken_back.snapshots.max(took(SNAPSHOTS).then_some(entry.at));
                taken_back.documents = taken_back.documents.max(took(DOCUMENTS).then_some(entry.at));
            }
            _ => {}
        }
    }
}
