//! The state of a room: everything that the log tells of it.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Approval, ApprovalId, Decision, Deed, Document, DocumentId, HoldId, Party, PartyId, Room, RoomId, Shown,
    SnapshotId, SnapshotStatus, SnapshotType, Time, Version, VersionId, Vessel, VesselId,
};

/// A room as its log tells it up to some entry.
///
/// It has what the entries say, and nothing that depends on the present time. It survives being written as JSON and
/// read again, byte for byte, which is how a log is adopted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The room with its details.
    pub room: Room,
    /// The parties that are in the room.
    pub parties: BTreeMap<PartyId, Party>,
    /// The vessels, withdrawn ones included.
    pub vessels: BTreeMap<VesselId, Vessel>,
    /// The slots that are open, with what was uploaded to them.
    pub documents: BTreeMap<DocumentId, Slot>,
    /// The approvals of the vessels, as they stand.
    pub approvals: BTreeMap<ApprovalId, Approval>,
    /// The holds, lifted ones included.
    pub holds: BTreeMap<HoldId, Hold>,
    /// What one admin has asked for and another may confirm, by the id of what it is to be done to.
    pub requests: BTreeMap<Uuid, Request>,
    /// The snapshots that were not deleted.
    pub snapshots: BTreeMap<SnapshotId, Snapshot>,
    /// Who has opened which file when: by the person's address, and by the id of the version or the snapshot.
    pub seen: BTreeMap<String, BTreeMap<Uuid, Seen>>,
}

/// A slot with everything that was uploaded to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// The slot with its terms.
    pub document: Document,
    /// Its versions, oldest first.
    pub uploads: Vec<Upload>,
}

/// A version with what was decided on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// The version that was uploaded.
    pub version: Version,
    /// All decisions on it, oldest first.
    pub decisions: Vec<Decision>,
}

/// A hold on the room or on one of its snapshots. The reasons are for admins alone: the log has their salted hashes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// The snapshot that is held. `None` if the whole room is.
    pub snapshot: Option<SnapshotId>,
    /// The salted hash of its reason.
    pub reason_hash: String,
    /// The address of the admin who placed it.
    pub placed_by: String,
    /// When it was placed.
    pub placed_at: Time,
    /// How it was lifted. `None` while it is in force.
    pub lifted: Option<Lifted>,
}

/// How a hold was lifted, which takes two admins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifted {
    /// The address of the admin who asked for it.
    pub asked_by: String,
    /// The address of the admin who confirmed it.
    pub by: String,
    /// When it was confirmed.
    pub at: Time,
    /// The salted hash of the reason that was given with the request.
    pub reason_hash: String,
    /// The salted hash of the reason that was added with the confirmation, if any.
    pub confirm_reason_hash: Option<String>,
}

/// What one admin has asked for, and another may confirm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What is to be done.
    pub deed: Deed,
    /// The address of the admin who asked.
    pub asked_by: String,
    /// When they asked for it.
    pub asked_at: Time,
    /// Until when it can be confirmed.
    pub until: Time,
    /// The reason, if there is one that every party may read.
    pub reason: Option<String>,
    /// The salted hash of the reason, if only admins may read it.
    pub reason_hash: Option<String>,
}

/// A snapshot, with what the log tells of its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The title that it was given.
    pub title: String,
    /// The format of its file.
    pub kind: SnapshotType,
    /// The options that it was taken with.
    pub options: Value,
    /// The SHA-256 of its record, in hexadecimal. `None` before the record is made.
    pub record_sha256: Option<String>,
    /// What it shows. `None` if its record was stored when it was taken: by an earlier version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<Shown>,
    /// The address of who took it.
    pub created_by: String,
    /// When it was taken.
    pub created_at: Time,
    /// Whether its file is being drawn, is there, or failed.
    pub status: SnapshotStatus,
    /// The body of its file. `None` before it is drawn, and if its proof was drawn into the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// Its file. `None` before it is stored.
    pub file: Option<SnapshotFile>,
}

/// The body of a snapshot's file, which its receipt and its seal are added to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The SHA-256 that the receipt proves, in hexadecimal.
    pub sha256: String,
    /// Its size, in bytes.
    pub size: u64,
    /// The edition that drew it.
    pub renderer: String,
    /// The name of the fonts that drew it.
    pub fonts: String,
    /// The SHA-256 of the certificate that the file is going to be sealed with.
    pub certificate_sha256: Option<String>,
    /// Why a PDF is not going to be sealed, if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_sealed: Option<String>,
}

impl Snapshot {
    /// Returns the key of a snapshot's file in the store. It has nothing in it that a user typed.
    pub fn file_key(room: RoomId, snapshot: SnapshotId, kind: SnapshotType) -> String {
        let extension = match kind {
            SnapshotType::Pdf => "pdf",
            SnapshotType::Json => "json",
            SnapshotType::Csv => "zip",
        };
        format!("rooms/{room}/snapshots/{snapshot}.{extension}")
    }
}

/// The file of a snapshot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotFile {
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its size, in bytes.
    pub size: i64,
    /// The edition that drew it.
    pub renderer: String,
    /// The name of the fonts that drew it.
    pub fonts: String,
    /// Its seal, if it has one.
    pub seal: Option<Seal>,
}

/// The seal of a file.
pub type Seal = crate::SealSummary;

impl Request {
    /// How long a request can be confirmed. After that it counts for nothing, and has to be made again.
    pub const WAITS: Duration = Duration::from_hours(24);
}

/// When somebody opened a file, first and last, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// When it was opened first.
    pub first: Time,
    /// When it was opened last.
    pub last: Time,
    /// How often it was opened.
    pub times: u64,
}

impl State {
    /// Returns the state of a room that was just opened.
    pub(super) fn of_new_room(room: Room) -> Self {
        Self {
            room,
            parties: BTreeMap::new(),
            vessels: BTreeMap::new(),
            documents: BTreeMap::new(),
            approvals: BTreeMap::new(),
            holds: BTreeMap::new(),
            requests: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// Returns the version with this id, with what was decided on it.
    pub fn upload(&self, document: DocumentId, version: VersionId) -> Option<&Upload> {
        self.documents.get(&document)?.uploads.iter().find(|upload| upload.version.id == version)
    }

    /// Returns the name of a vessel. `None` for the room's own documents, which have no vessel.
    pub fn vessel_name(&self, vessel: Option<VesselId>) -> Option<&str> {
        self.vessels.get(&vessel?).map(|vessel| &*vessel.details.name)
    }
}
