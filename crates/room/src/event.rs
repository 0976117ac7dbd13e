//! Events: what can happen in a room or on the platform, each with the fields that its log entry keeps.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::{RoomId, Time};

/// One of the logs that a server keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Log {
    /// The log of this room.
    Room(RoomId),
    /// The log of the platform, for what concerns no room: accounts, sessions, refusals outside rooms.
    Platform,
}

impl Log {
    /// Returns the room whose log this is, or `None` for the platform's.
    pub fn room(self) -> Option<RoomId> {
        match self {
            Self::Room(room) => Some(room),
            Self::Platform => None,
        }
    }

    /// Returns the key of the log's row in `room_logs`.
    pub fn key(self) -> String {
        self.room().map_or_else(|| "platform".to_owned(), |room| room.to_string())
    }

    /// Returns the log's origin in the checkpoints of a server that signs under the name `server` (C2SP
    /// `tlog-checkpoint`).
    pub fn origin(self, server: &str) -> String {
        match self {
            Self::Room(room) => format!("{server}/rooms/{room}"),
            Self::Platform => format!("{server}/platform"),
        }
    }
}

/// What the log keeps of a seal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SealSummary {
    /// Who signed, as the certificate names them.
    pub signer: String,
    /// Whether the certificate is self-signed.
    pub self_made: bool,
    /// The signing time that the server claims.
    pub sealed_at: Time,
    /// The time that an authority attests, if there is one.
    pub trusted_time: Option<Time>,
    /// Why no authority attests the time, if none does.
    pub note: Option<String>,
    /// SHA-256 of the signature, in hexadecimal.
    pub sha256: String,
}

/// How often something happened again within a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Repeated {
    /// The number of repetitions.
    pub times: u64,
    /// The instant of the first.
    pub from: Time,
    /// The instant of the last.
    pub to: Time,
}

/// What happened, with what is worth keeping of it. The variant's name becomes `action`, its fields `meta_json`.
///
/// Names and fields are part of what the log's hashes cover: entries of earlier versions keep theirs, so a variant is
/// added rather than changed, and a new field is one that may be missing.
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
        /// The admin who asked for it, if it took two.
        asked_by: Option<String>,
    },
    RoomDeletionAsked {
        title: String,
        snapshots: usize,
        reason: Option<String>,
        until: Time,
    },
    PartyAdded {
        party_id: crate::PartyId,
        role: crate::Role,
        name: String,
        email: String,
    },
    PartyRemoved {
        party_id: crate::PartyId,
        role: crate::Role,
        name: String,
        email: String,
    },
    PartyUpdated {
        party_id: crate::PartyId,
        email: String,
        changes: Value,
    },
    PhaseChanged {
        from: crate::Phase,
        to: crate::Phase,
        /// When it happened, if the user gave an earlier time.
        at: Option<Time>,
        overridden: Vec<String>,
        reason: Option<String>,
    },
    VesselAdded {
        vessel_id: crate::VesselId,
        name: String,
        role: crate::VesselRole,
        imo_number: Option<String>,
        no_imo_reason: Option<String>,
    },
    VesselUpdated {
        vessel_id: crate::VesselId,
        name: String,
        changes: Value,
    },
    VesselRemoved {
        vessel_id: crate::VesselId,
        name: String,
        imo_number: Option<String>,
    },
    DocumentsOpened {
        vessel_id: Option<crate::VesselId>,
        vessel: Option<String>,
        document_types: Vec<String>,
    },
    DocumentsClosed {
        vessel_id: Option<crate::VesselId>,
        vessel: Option<String>,
        document_types: Vec<String>,
    },
    DocumentRequirementChanged {
        document_id: crate::DocumentId,
        document_type: String,
        from: crate::Requirement,
        to: crate::Requirement,
    },
    DocumentWaived {
        document_id: crate::DocumentId,
        document_type: String,
        vessel: Option<String>,
        reason: String,
    },
    DocumentWaiverWithdrawn {
        document_id: crate::DocumentId,
        document_type: String,
        vessel: Option<String>,
    },
    DocumentUploaded {
        document_id: crate::DocumentId,
        document_type: String,
        vessel: Option<String>,
        version_id: crate::VersionId,
        version: i64,
        file_name: String,
        file_size: i64,
        file_sha256: String,
        expires_on: Option<crate::Day>,
    },
    DocumentDecided {
        document_id: crate::DocumentId,
        document_type: String,
        vessel: Option<String>,
        version_id: crate::VersionId,
        version: i64,
        verdict: crate::Verdict,
        comment: Option<String>,
    },
    DocumentDownloaded {
        document_id: crate::DocumentId,
        document_type: String,
        version_id: crate::VersionId,
        version: i64,
        file_sha256: String,
        /// `archive`, or the range of bytes; `None` if the whole file was sent.
        part: Option<String>,
    },
    DocumentPreviewed {
        document_id: crate::DocumentId,
        document_type: String,
        version_id: crate::VersionId,
        version: i64,
        file_sha256: String,
    },
    ApprovalGiven {
        approval_id: crate::ApprovalId,
        vessel_id: crate::VesselId,
        vessel: String,
        status: crate::ApprovalStatus,
        comment: Option<String>,
    },
    ApprovalChanged {
        approval_id: crate::ApprovalId,
        vessel_id: crate::VesselId,
        vessel: String,
        party: String,
        from: crate::ApprovalStatus,
        to: crate::ApprovalStatus,
        comment: Option<String>,
    },
    ApprovalRevoked {
        approval_id: crate::ApprovalId,
        vessel_id: crate::VesselId,
        vessel: String,
        party: String,
        from: crate::ApprovalStatus,
        reason: String,
    },
    DocumentTypeAdded {
        code: String,
        name: String,
    },
    DocumentTypeUpdated {
        code: String,
        changes: Value,
    },
    SnapshotCreated {
        snapshot_id: crate::SnapshotId,
        title: String,
        snapshot_type: crate::SnapshotType,
        record_sha256: String,
    },
    SnapshotGenerated {
        snapshot_id: crate::SnapshotId,
        file_sha256: String,
        file_size: i64,
        renderer: String,
        /// The file's seal; only PDFs have one.
        seal: Option<SealSummary>,
    },
    SnapshotFailed {
        snapshot_id: crate::SnapshotId,
        attempts: i64,
        reason: String,
    },
    SnapshotRetried {
        snapshot_id: crate::SnapshotId,
    },
    SnapshotDownloaded {
        snapshot_id: crate::SnapshotId,
        file_sha256: String,
        range: Option<String>,
    },
    SnapshotPreviewed {
        snapshot_id: crate::SnapshotId,
        file_sha256: String,
    },
    SnapshotDeleted {
        snapshot_id: crate::SnapshotId,
        title: String,
        snapshot_type: crate::SnapshotType,
        record_sha256: String,
        file_sha256: Option<String>,
        /// The admin who asked for it, if it took two.
        asked_by: Option<String>,
    },
    SnapshotDeletionAsked {
        snapshot_id: crate::SnapshotId,
        title: String,
        until: Time,
    },
    HoldPlaced {
        hold_id: crate::HoldId,
        snapshot_id: Option<crate::SnapshotId>,
    },
    HoldLiftAsked {
        hold_id: crate::HoldId,
        snapshot_id: Option<crate::SnapshotId>,
        until: Time,
    },
    HoldLifted {
        hold_id: crate::HoldId,
        snapshot_id: Option<crate::SnapshotId>,
        asked_by: String,
    },
    LogExported {
        entries: u64,
    },
    LogKeyAdded {
        public_key: String,
    },
    LogKeyRotated {
        from: String,
        to: String,
        /// The statement that the one key follows the other, in a note that both have signed (C2SP `signed-note`).
        signed: String,
    },
    /// One admin has asked for it, and another has to confirm it.
    AccountRequestMade {
        deed: crate::AccountDeed,
        email: String,
        until: Time,
    },
    AccountRequestWithdrawn {
        deed: crate::AccountDeed,
        email: String,
        asked_by: String,
    },
    AccessDenied {
        permission: &'static str,
        role: crate::Role,
        /// Given if the entry stands for further refusals of the same kind within a minute.
        #[serde(skip_serializing_if = "Option::is_none")]
        repeated: Option<Repeated>,
    },
    SignInRefused {
        reason: &'static str,
        /// Where the attempts came from; `None` if there were too many networks or accounts to tell apart.
        network: Option<String>,
        /// The number of networks, if they were not told apart.
        #[serde(skip_serializing_if = "Option::is_none")]
        networks: Option<usize>,
        /// The account that was tried; `None` if no account has the address.
        account: Option<String>,
        times: u64,
        from: Time,
        to: Time,
    },
    RequestRefused {
        reason: &'static str,
        network: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        networks: Option<usize>,
        account: Option<String>,
        room_id: Option<RoomId>,
        times: u64,
        from: Time,
        to: Time,
    },
    UserAdded {
        email: String,
        role: crate::Role,
        /// The admin who asked for it, if it took two.
        #[serde(skip_serializing_if = "Option::is_none")]
        asked_by: Option<String>,
    },
    UserUpdated {
        email: String,
        changes: Value,
    },
    UserRoleChanged {
        email: String,
        from: crate::Role,
        to: crate::Role,
        /// The admin who asked for it, if it took two.
        #[serde(skip_serializing_if = "Option::is_none")]
        asked_by: Option<String>,
    },
    UserDisabled {
        email: String,
    },
    UserEnabled {
        email: String,
    },
    PasswordChanged {
        email: String,
        /// The admin who asked for it, if it took two.
        #[serde(skip_serializing_if = "Option::is_none")]
        asked_by: Option<String>,
    },
    /// A user gave their present password again, to do something that cannot be undone.
    PasswordConfirmed {},
    SignedIn {},
    SignedOut {},
    SessionEnded {
        session_id: crate::SessionId,
    },
    OtherSessionsEnded {
        sessions: u64,
    },
    SchemaTakenBack {
        migrations: Vec<&'static str>,
        rows_deleted: BTreeMap<&'static str, i64>,
    },
}
