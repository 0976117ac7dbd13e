//! What a server can hold against its own log: the word of one of its keys, which a file carries.
//!
//! The verifier itself needs no server and no log. A server that made a report of a file takes that word from it, compares
//! it with its log, and adds one more check to the report. `sts-clearance verify` has no such check.

use jiff::Timestamp;
use room::{RoomId, SnapshotId};
use serde::{Deserialize, Serialize};

use super::{
    Check, CheckOutcome, Examined, SEAL, SEALED,
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
    /// The seal of the file. `None` if there is none that fits it.
    pub seal: Option<FileSeal>,
}

/// The seal of a file, which fits it, for the comparison with the one that the log tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSeal {
    /// The SHA-256 of its signature, as CMS in DER.
    pub sha256: Hash,
    /// The same without the time stamp, which anybody can take off or replace.
    pub unstamped_sha256: Hash,
    /// The SHA-256 of the certificate.
    pub certificate_sha256: Hash,
    /// Whether the log names this certificate, so that only somebody with its key can have made the seal.
    pub is_named: bool,
    /// When it was made, as it says itself.
    pub sealed_at: Timestamp,
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
    /// The log has what was signed, as these words say, and does not tell of the seal that the file has.
    OtherSeal {
        /// What the log has.
        agrees: String,
        /// What it tells of the seal.
        seal: String,
    },
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
            seal: None,
        })
    }

    /// Returns the head of the log that was signed.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { origin: self.origin.clone(), size: self.size, root: self.root }
    }
}

impl Examined {
    /// Adds what came of holding the file against the log of this server.
    fn add_own_log(&mut self, own_log: OwnLog) {
        if let OwnLog::OtherSeal { seal, .. } = &own_log {
            self.fail_seal(seal);
        }
        self.checks.push(own_log.into_check());
    }

    /// Has the check of the seal fail, if it has not already: what was wrong with the seal by itself weighs more.
    fn fail_seal(&mut self, words: &str) {
        let of_seal = self.checks.iter_mut().find(|check| [SEALED, SEAL].contains(&&*check.name));
        if let Some(check) = of_seal.filter(|check| check.outcome != CheckOutcome::Failed) {
            let name = if check.name == SEALED { SEALED } else { SEAL };
            *check = Check::of(name, Err(Fault::Failed(words.to_owned())));
        }
    }
}

impl OwnLog {
    fn into_check(self) -> Check {
        let said: Said = match self {
            Self::Agrees(words) | Self::OtherSeal { agrees: words, .. } => Ok(words),
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
        if let Some(of_file) = of_file {
            file.add_own_log(of_file);
        }
        if let (Some(older), Some(of_older)) = (&mut older, of_older) {
            older.add_own_log(of_older);
        }
        Self::of(file, older)
    }
}
