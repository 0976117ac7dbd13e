//! The log: who did what, when. An entry is appended in the transaction of what it tells of.
//!
//! [`OpenLog`] is the only way to write one. It holds the log's `room_logs` row, so entries of one
//! log are strictly ordered: each gets the next `seq`, and its leaf hash joins the Merkle tree
//! (RFC 6962 §2.1) whose compact range that row keeps.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::{EntryId, RoomId, Time};
use crate::{
    app::{self, App},
    db::{self, Tx, activity::Entry},
    error::{Error, Result},
    evidence::{self, CompactRange},
};

/// Whose log an entry belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// A room's own.
    Room(RoomId),
    /// What concerns no room: accounts, sessions, refusals outside a room.
    Platform,
}

impl Log {
    /// The room, where it is one's.
    pub fn room(self) -> Option<RoomId> {
        match self {
            Self::Room(room) => Some(room),
            Self::Platform => None,
        }
    }

    /// The key of its row in `room_logs`.
    pub fn key(self) -> String {
        self.room().map_or_else(|| "platform".to_owned(), |room| room.to_string())
    }
}

/// Who does something, as the log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in user, with the role that let them.
    User {
        /// Address, in lower case.
        email: String,
        /// Name.
        name: String,
        /// Role in the room, or on the platform.
        role: super::Role,
    },
    /// A job of the server.
    System,
    /// Whoever runs a command on the server's machine.
    Operator,
}

impl Actor {
    /// The word in the log's `actor` column.
    pub fn word(&self) -> &str {
        match self {
            Self::User { email, .. } => email,
            Self::System => "system",
            Self::Operator => "operator",
        }
    }
}

/// What happened, with what is worth keeping of it: the name becomes `action`, the fields `meta_json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "action", content = "meta", rename_all = "snake_case")]
#[expect(missing_docs, reason = "names and fields are the words that the log shows")]
pub enum Event {
    RoomCreated {
        title: String,
        location: String,
        sts_eta: Time,
    },
    RoomUpdated {
        changes: Value,
    },
    RoomDeleted {
        title: String,
        snapshots: usize,
        reason: Option<String>,
    },
    PartyAdded {
        party_id: super::PartyId,
        role: super::Role,
        name: String,
        email: String,
    },
    PartyRemoved {
        party_id: super::PartyId,
        role: super::Role,
        name: String,
        email: String,
    },
    SnapshotCreated {
        snapshot_id: super::SnapshotId,
        title: String,
        snapshot_type: super::SnapshotType,
        record_sha256: String,
    },
    SnapshotGenerated {
        snapshot_id: super::SnapshotId,
        file_sha256: String,
        file_size: i64,
        renderer: String,
    },
    SnapshotFailed {
        snapshot_id: super::SnapshotId,
        attempts: i64,
        reason: String,
    },
    SnapshotRetried {
        snapshot_id: super::SnapshotId,
    },
    SnapshotDownloaded {
        snapshot_id: super::SnapshotId,
        file_sha256: String,
        range: Option<String>,
    },
    SnapshotDeleted {
        snapshot_id: super::SnapshotId,
        title: String,
        snapshot_type: super::SnapshotType,
        record_sha256: String,
        file_sha256: Option<String>,
    },
    AccessDenied {
        permission: &'static str,
        role: super::Role,
    },
    UserAdded {
        email: String,
        role: super::Role,
    },
    UserDisabled {
        email: String,
    },
    PasswordChanged {
        email: String,
    },
    SignedIn {},
    SignedOut {},
    SchemaTakenBack {
        migrations: Vec<&'static str>,
        rows_deleted: BTreeMap<&'static str, i64>,
    },
}

/// A log locked for the rest of the transaction: the only way to append.
///
/// An operation opens the log before it reads or changes anything of the room. So nobody else can
/// change the room between two of its queries, and entries stand in the order of their times.
pub struct OpenLog {
    log: Log,
    head: CompactRange,
    /// The instant of whatever is appended.
    pub now: Time,
}

impl OpenLog {
    /// Takes the log's row in `room_logs`, and then looks at the clock.
    pub async fn lock(tx: &mut Tx, app: &App, log: Log) -> Result<Self> {
        let (size, frontier) = db::activity::lock_head(tx, log).await?;
        let head = CompactRange::from_parts(size, &frontier)
            .ok_or_else(|| Error::internal(format!("the head of the log of {} is damaged", log.key())))?;
        Ok(Self { log, head, now: app.now() })
    }

    /// Where the log stands.
    pub fn head(&self) -> &CompactRange {
        &self.head
    }

    /// Appends an entry.
    pub async fn append(&mut self, tx: &mut Tx, by: &Actor, event: &Event) -> Result<()> {
        let told = serde_json::to_value(event).map_err(|error| Error::internal(format!("an event: {error}")))?;
        let entry = Entry {
            id: EntryId(app::new_uuid()),
            log: self.log,
            seq: self.head.size().try_into().map_err(|_| Error::internal("a log is full"))?,
            actor: by.word().to_owned(),
            action: told["action"].as_str().unwrap_or_default().to_owned(),
            at: self.now,
            meta: told["meta"].clone(),
        };
        let leaf = evidence::leaf_hash(&canonical_leaf(&entry)?);
        self.head.push(leaf);
        db::activity::insert(tx, &entry, &leaf).await?;
        db::activity::set_head(tx, self.log, &self.head).await
    }
}

/// The bytes of an entry that its leaf hash covers: canonical JSON (RFC 8785).
fn canonical_leaf(entry: &Entry) -> Result<Vec<u8>> {
    let leaf = json!({
        "id": entry.id, "room_id": entry.log.room(), "seq": entry.seq, "actor": entry.actor,
        "action": entry.action, "meta": entry.meta, "timestamp": entry.at,
    });
    serde_json_canonicalizer::to_vec(&leaf).map_err(|error| Error::internal(format!("an entry: {error}")))
}
