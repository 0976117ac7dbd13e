//! What a log says about the things that are stored beside it: hashes of records and files, keys, dropped tables.

use std::collections::{HashMap, HashSet};

use room::{
    Leaf, SnapshotId, Time, VersionId,
    fold::{PlatformState, State},
};
use serde_json::Value;

use crate::evidence::Succession;

/// What the sound entries of a log say of things outside of it, collected while the log is read.
///
/// An entry is sound if its row fits its stored hash. The rows of snapshots and documents are held against this, never
/// the other way round: the log is what was signed. Deleted things are taken out again, so what is left should exist.
#[derive(Debug, Default)]
pub(super) struct LogFacts {
    /// Whether every entry was read and is sound. If not, what is absent here may have been in a lost entry, and its
    /// absence is no finding.
    pub(super) whole: bool,
    /// The snapshots that were taken and not deleted.
    pub(super) taken: HashMap<SnapshotId, Taken>,
    /// The files of the snapshots that were completed and not deleted.
    pub(super) drawn: HashMap<SnapshotId, File>,
    /// The summaries of their seals. JSON `null` if the file was drawn without one.
    pub(super) seals: HashMap<SnapshotId, Value>,
    /// The uploaded files of documents, with the times of their uploads.
    pub(super) uploaded: HashMap<VersionId, (File, Time)>,
    /// The public keys that sign checkpoints or have done so.
    pub(super) keys: HashSet<String>,
    /// The rotations of the key.
    pub(super) successions: Vec<Succession>,
    /// Since when every entry is signed. `None` if signing has not begun, or `migrate down` has undone it.
    pub(super) signed_since: Option<Time>,
    /// The position of the last mark, and the SHA-256 of the state that it is of, in hexadecimal.
    pub(super) mark: Option<(u64, String)>,
    /// The time of the last sound entry.
    pub(super) last: Option<Time>,
    /// The room as its log tells it. `None` for the platform's log, if an entry is lost, damaged or does not follow
    /// those before it, and for a log from before events had versions.
    pub(super) state: Option<State>,
    /// The platform as its log tells it, with the same exceptions.
    pub(super) platform: Option<PlatformState>,
    /// When `migrate down` last dropped the tables that are compared here.
    pub(super) taken_back: TakenBack,
}

/// A snapshot, as the entry that announces it describes it.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) title: String,
    pub(super) kind: String,
    /// The SHA-256 of its record, in hexadecimal.
    pub(super) record: String,
    /// Whether the entry that it was taken with has that hash, as those of earlier versions do.
    pub(super) is_announced: bool,
    pub(super) at: Time,
}

/// The hash and the size of a file, as an entry or a row gives them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct File {
    /// The SHA-256 of its bytes, in hexadecimal.
    pub(super) sha256: String,
    pub(super) size: i64,
}

/// When `migrate down` last dropped the tables of snapshots and of documents. What is older is not missed.
///
/// Later entries about the same tables are compared again, since `migrate up` makes them anew.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TakenBack {
    pub(super) snapshots: Option<Time>,
    pub(super) documents: Option<Time>,
}

/// The migrations that made the tables.
const SNAPSHOTS: &str = "003_add_snapshots_table";
const DOCUMENTS: &str = "005_add_documents";
const LOG_PROOFS: &str = "008_add_log_proofs";

impl LogFacts {
    /// Adds what an entry says. Entries have to come in the order of the log: a later one replaces an earlier one.
    pub(super) fn note(&mut self, entry: &Leaf) {
        let (meta, at) = (&entry.meta, Time::from(entry.timestamp));
        self.last = Some(at);
        let text = |name: &str| meta[name].as_str().unwrap_or_default().to_owned();
        // A size that is no number becomes -1, which is the size of no file: it is reported, not passed over.
        let file = || File { sha256: text("file_sha256"), size: meta["file_size"].as_i64().unwrap_or(-1) };
        let snapshot = meta["snapshot_id"].as_str().and_then(|id| id.parse::<SnapshotId>().ok());
        match (entry.action.as_str(), snapshot) {
            ("snapshot_created", Some(id)) => {
                let (title, kind, record) = (text("title"), text("snapshot_type"), text("record_sha256"));
                let is_announced = !record.is_empty();
                self.taken.insert(id, Taken { title, kind, record, is_announced, at });
            }
            ("snapshot_rendered", Some(id)) => {
                if let Some(taken) = self.taken.get_mut(&id) {
                    taken.record = text("record_sha256");
                }
            }
            ("snapshot_generated", Some(id)) => {
                self.drawn.insert(id, file());
                // Entries from before there were seals have no such field: then nothing is compared. A file without a
                // seal has `null` there, and its row must be absent.
                self.seals.extend(meta.get("seal").map(|seal| (id, seal.clone())));
            }
            // Taken back, so that neither the row nor the file of a deleted snapshot is missed.
            ("snapshot_deleted", Some(id)) => {
                self.taken.remove(&id);
                self.drawn.remove(&id);
                self.seals.remove(&id);
            }
            ("document_uploaded", _) => {
                if let Ok(version) = text("version_id").parse() {
                    self.uploaded.insert(version, (file(), at));
                }
            }
            ("state_marked", _) => self.mark = Some((entry.seq, text("state_sha256"))),
            ("log_key_added", _) => {
                self.keys.extend([text("public_key")]);
                // The first key counts: signing has not paused since.
                self.signed_since = self.signed_since.or(Some(at));
            }
            ("log_key_rotated", _) => {
                // The old key stays in the set: what it signed stays valid.
                self.keys.extend([text("from"), text("to")]);
                let (from, to, note) = (text("from"), text("to"), text("signed"));
                self.successions.push(Succession { from, to, note });
                self.signed_since = self.signed_since.or(Some(at));
            }
            ("schema_taken_back", _) => {
                let steps = meta["migrations"].as_array();
                let took = |step: &str| steps.is_some_and(|steps| steps.contains(&Value::from(step)));
                // Checkpoints and proofs went with this migration. Signing begins anew with the next key entry.
                if took(LOG_PROOFS) {
                    self.signed_since = None;
                }
                // `None` is less than every time, so `max` keeps the last run that dropped the table.
                let taken_back = &mut self.taken_back;
                taken_back.snapshots = taken_back.snapshots.max(took(SNAPSHOTS).then_some(at));
                taken_back.documents = taken_back.documents.max(took(DOCUMENTS).then_some(at));
            }
            _ => {}
        }
    }
}
