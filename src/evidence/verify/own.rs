//! What a server can hold against its own log: the word of one of its keys, which a file carries.
//!
//! The verifier itself needs no server and no log. A server that made a report of a file takes that word from it, compares
//! it with its log, and adds one more check to the report. `sts-clearance verify` has no such check.

use room::{RoomId, SnapshotId};
use serde::{Deserialize, Serialize};

use super::{
    Check,
    checks::{Fault, Said},
    report::Report,
    submitted::Submitted,
    tree,
};
use crate::evidence::{Checkpoint, Hash, PublicKeys, leaf_hash};

/// The name of the check of a file against the log of the server that has signed it.
pub(super) const OWN_LOG: &str = "own log";

/// The types of the entries by which a log tells of snapshots: that of a body, and that of a record in earlier versions.
const OF_SNAPSHOTS: [&str; 2] = ["snapshot_rendered", "snapshot_created"];

/// What a key of this server has signed, as a file carries it: that the log of a room, with its origin, size and root,
/// ends with the entry of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnWord {
    /// The room whose log it is.
    pub room: RoomId,
    /// The snapshot that the entry tells of.
    pub snapshot: SnapshotId,
    /// The log's name.
    pub origin: String,
    /// The number of the log's entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
    /// The hash of the last of them, which tells of the snapshot.
    pub leaf: Hash,
}

/// The words of this server's keys in the files of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnWords {
    /// The word in the file that was verified. `None` if there is none.
    pub file: Option<OwnWord>,
    /// The word in the older file, if there is one.
    pub older: Option<OwnWord>,
}

/// What came of holding a file against the log of the server that has signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnLog {
    /// The log has what was signed, as these words say.
    Agrees(String),
    /// The log contradicts what was signed, as these words say.
    Contradicts(String),
    /// The two cannot be compared, for this reason.
    NotCompared(String),
}

impl OwnWord {
    /// Returns what one of this server's keys has signed in this proof. `None` unless the proof holds by itself, and the
    /// key is that of the server that the origin names.
    ///
    /// Only entries about snapshots count. Parties can ask for the proof of any entry, and could make as many files of
    /// these as there are entries, each of them an alarm of its own.
    pub(super) fn of(proof: &Submitted, ours: &PublicKeys) -> Option<Self> {
        let by = tree::signed(&proof.proof.checkpoint, Some(ours)).ok()?;
        tree::check_inclusion(proof, None).ok()?;
        let Submitted { leaf, checkpoint: Checkpoint { origin, size, root }, .. } = proof;
        let named = leaf.room_id.as_deref()?;
        let (key_of, _) = by.rsplit_once('+')?;
        if super::server_of(named, origin)? != key_of || !OF_SNAPSHOTS.contains(&&*leaf.action) {
            return None;
        }
        Some(Self {
            room: named.parse().ok()?,
            snapshot: leaf.meta["snapshot_id"].as_str()?.parse().ok()?,
            origin: origin.clone(),
            size: *size,
            root: *root,
            leaf: leaf_hash(&proof.proof.leaf),
        })
    }

    /// Returns the head of the log that was signed.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { origin: self.origin.clone(), size: self.size, root: self.root }
    }
}

impl OwnLog {
    fn into_check(self) -> Check {
        let said: Said = match self {
            Self::Agrees(words) => Ok(words),
            Self::Contradicts(words) => Err(Fault::Failed(words)),
            Self::NotCompared(words) => Err(Fault::Skipped(words)),
        };
        Check::of(OWN_LOG, said)
    }
}

impl Report {
    /// Returns the report with what came of holding its files against the log of this server, and the verdict that
    /// follows.
    #[must_use]
    pub fn with_own_log(self, of_file: Option<OwnLog>, of_older: Option<OwnLog>) -> Self {
        let Self { mut file, mut older, .. } = self;
        file.checks.extend(of_file.map(OwnLog::into_check));
        if let Some(older) = &mut older {
            older.checks.extend(of_older.map(OwnLog::into_check));
        }
        Self::of(file, older)
    }
}
