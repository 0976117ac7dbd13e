//! Events: what can happen in a room or on the platform, each with the fields that its log entry keeps.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Difference, OpenedSlot, Repeated, RoomId, SealSummary, Time, catalogue, tagged::tagged, vessel};

/// What happened, with everything that a reader of the log needs and no rule of the fold can reckon. The variant's name
/// becomes `action`, its fields `meta_json`.
///
/// Names and fields are part of what the log's hashes cover, and entries of earlier versions keep theirs. These are the
/// events of [`Event::VERSION`]; what was logged before there was a version is not read as an event (see
/// [`crate::fold`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", content = "meta", rename_all = "snake_case")]
#[expect(missing_docs, reason = "names and fields are the words that the log shows")]
pub enum Event {
    RoomCreated {
        title: String,
        location: String,
        sts_eta: Time,
        description: Option<String>,
        cargo_profile: Option<crate::CargoProfile>,
        planned_duration_hours: i64,
    },
    /// What the rows of the tables told of the room when its log was adopted, in parts.
    RoomAdopted {
        /// The number of the part, from 1.
        part: u64,
        /// The number of parts.
        of: u64,
        /// A piece of the state's canonical JSON (RFC 8785).
        state: String,
        /// SHA-256 of the whole text, in hexadecimal; with the last part.
        #[serde(skip_serializing_if = "Option::is_none")]
        state_sha256: Option<String>,
    },
    /// What the rows of the tables told of accounts, catalogue and keys when the platform's log was adopted, in parts.
    PlatformAdopted {
        /// The number of the part, from 1.
        part: u64,
        /// The number of parts.
        of: u64,
        /// A piece of the state's canonical JSON (RFC 8785).
        state: String,
        /// SHA-256 of the whole text, in hexadecimal; with the last part.
        #[serde(skip_serializing_if = "Option::is_none")]
        state_sha256: Option<String>,
    },
    /// The log does not tell everything from here on: an earlier version of the program, which takes over the database,
    /// logs less. It may be adopted again later.
    AdoptionEnded {},
    /// The SHA-256 of the state that the entries before this one lead to, as canonical JSON (RFC 8785). A fold may start
    /// here with a state that has this hash.
    StateMarked {
        state_sha256: String,
    },
    /// An operator has the log adopted again, although it tells everything. Lists, in parts, what the rows of the tables
    /// said otherwise than the entries before; the state as the rows have it follows.
    AdoptedAgain {
        /// The number of the part, from 1.
        part: u64,
        /// The number of parts.
        of: u64,
        /// The number of differences in all parts.
        total: usize,
        differences: Vec<Difference>,
    },
    RoomUpdated {
        changes: Map<String, Value>,
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
        company: Option<String>,
        side: Option<crate::Side>,
        /// All roles, if there are several; `role` is the first of them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        roles: Vec<crate::Role>,
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
        changes: Map<String, Value>,
    },
    PhaseChanged {
        from: crate::Phase,
        to: crate::Phase,
        /// When it happened, if the user gave an earlier time.
        at: Option<Time>,
        /// What stood in the way; in entries of version 1, sentences.
        overridden: Vec<crate::OverriddenBlocker>,
        /// How many more there were, if there were too many to list.
        #[serde(skip_serializing_if = "Option::is_none")]
        more_overridden: Option<u64>,
        reason: Option<String>,
    },
    VesselAdded {
        vessel_id: crate::VesselId,
        #[serde(flatten, with = "vessel::in_the_log")]
        details: crate::VesselDetails,
    },
    VesselUpdated {
        vessel_id: crate::VesselId,
        name: String,
        changes: Map<String, Value>,
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
        slots: Vec<OpenedSlot>,
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
        file_kind: crate::FileKind,
        file_sha256: String,
        expires_on: Option<crate::Day>,
        /// Whether that day was computed from the type's default validity, as earlier versions did.
        expiry_assumed: bool,
        notes: Option<String>,
        /// The ETA that the file gives the coastal State, if it is a notice to it.
        told_eta: Option<Time>,
        uploader_role: crate::Role,
        /// What is to be known of the file before it is opened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notice: Option<crate::FileNotice>,
    },
    /// The version was uploaded by mistake, and counts no more.
    VersionWithdrawn {
        document_id: crate::DocumentId,
        document_type: String,
        vessel: Option<String>,
        version_id: crate::VersionId,
        version: i64,
        reason: String,
    },
    /// The version needs no date until which it is valid, although its type expires.
    VersionDateWaived {
        document_id: crate::DocumentId,
        document_type: String,
        vessel: Option<String>,
        version_id: crate::VersionId,
        version: i64,
        reason: String,
    },
    DocumentDecided {
        decision_id: crate::DecisionId,
        document_id: crate::DocumentId,
        document_type: String,
        vessel: Option<String>,
        version_id: crate::VersionId,
        version: i64,
        role: crate::Role,
        verdict: crate::Verdict,
        comment: Option<String>,
        /// All roles in which it was made, if there are several; `role` is the first of them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        roles: Vec<crate::Role>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        side: Option<crate::Side>,
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
        role: crate::Role,
        side: Option<crate::Side>,
        status: crate::ApprovalStatus,
        comment: Option<String>,
    },
    ApprovalChanged {
        approval_id: crate::ApprovalId,
        vessel_id: crate::VesselId,
        vessel: String,
        party: String,
        role: crate::Role,
        side: Option<crate::Side>,
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
        position: i64,
        /// The shipped catalogue that it came with; `None` for a type that an admin adds.
        #[serde(skip_serializing_if = "Option::is_none")]
        catalogue: Option<Cow<'static, str>>,
        #[serde(flatten, with = "catalogue::in_the_log")]
        terms: crate::DocumentType,
    },
    DocumentTypeUpdated {
        code: String,
        changes: Map<String, Value>,
    },
    SnapshotCreated {
        snapshot_id: crate::SnapshotId,
        title: String,
        snapshot_type: crate::SnapshotType,
        /// The options that it was taken with.
        options: Value,
        /// The SHA-256 of its record, in hexadecimal, if that was stored when it was taken: by earlier versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        record_sha256: Option<String>,
        /// What it shows, from which its record is made when its file is drawn.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shows: Option<Box<crate::Shown>>,
    },
    /// The body of a snapshot's file was drawn: the file but for its receipt, which is the proof of this entry, and its
    /// seal.
    SnapshotRendered {
        snapshot_id: crate::SnapshotId,
        /// The number of the attempt that drew it. Of several, the last one counts.
        attempt: i64,
        record_sha256: String,
        body_sha256: String,
        /// The size of the body, in bytes.
        body_size: u64,
        renderer: String,
        /// The name of the fonts that drew it.
        fonts: String,
        /// The SHA-256 of the certificate that the file is going to be sealed with; only PDFs are.
        certificate_sha256: Option<String>,
        /// Why a PDF is not going to be sealed, if it is not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_sealed: Option<String>,
    },
    SnapshotGenerated {
        snapshot_id: crate::SnapshotId,
        file_sha256: String,
        file_size: i64,
        renderer: String,
        /// The name of the fonts that drew the file.
        fonts: String,
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
        /// The SHA-256 of its record, if it had one yet.
        record_sha256: Option<String>,
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
        /// The salted hash of the reason, which is for admins alone.
        reason_hash: String,
    },
    HoldLiftAsked {
        hold_id: crate::HoldId,
        snapshot_id: Option<crate::SnapshotId>,
        until: Time,
        /// The salted hash of the reason.
        reason_hash: String,
    },
    HoldLifted {
        hold_id: crate::HoldId,
        snapshot_id: Option<crate::SnapshotId>,
        asked_by: String,
        /// The salted hash of the reason that was given with the request.
        reason_hash: String,
        /// The salted hash of the reason that was added with the confirmation, if any.
        confirm_reason_hash: Option<String>,
    },
    LogExported {
        entries: u64,
    },
    /// The log goes on under a new origin from a copy that lacks entries which were signed: an operator has put the
    /// database back to it, or somebody else has.
    LogContinued {
        /// How many entries the largest head had that is known to have been signed.
        lost_size: u64,
        /// The root of that head, in hexadecimal.
        lost_root: String,
        reason: String,
    },
    /// The log of a room is lost as a whole: an operator has put the database back to a copy from before it, or somebody
    /// else has. In the platform's log.
    LogLost {
        room_id: RoomId,
        lost_size: u64,
        lost_root: String,
        reason: String,
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
    /// An operator has declared that a key which was replaced counts no more.
    LogKeyRevoked {
        public_key: String,
        /// The name of the log of heads, and the entry of it from which on the key counts no more.
        heads_origin: String,
        from: u64,
        /// The statement, in a note that the key in force has signed (C2SP `signed-note`).
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
    /// Somebody was invited to a room, or a link was made by which they choose a password; or that was withdrawn.
    LinkChanged {
        deed: crate::LinkDeed,
        email: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        room_id: Option<RoomId>,
    },
    AccessDenied {
        permission: Cow<'static, str>,
        role: crate::Role,
        /// Given if the entry stands for further refusals of the same kind within a minute.
        #[serde(skip_serializing_if = "Option::is_none")]
        repeated: Option<Repeated>,
    },
    SignInRefused {
        reason: Cow<'static, str>,
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
        reason: Cow<'static, str>,
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
        user_id: crate::UserId,
        email: String,
        name: String,
        role: crate::Role,
        /// SHA-256 of the password's hash as it is stored, in hexadecimal.
        password_sha256: String,
        /// Whether somebody else chose the password, which the owner has to replace.
        must_change_password: bool,
        /// The admin who asked for it, if it took two.
        #[serde(skip_serializing_if = "Option::is_none")]
        asked_by: Option<String>,
    },
    UserUpdated {
        email: String,
        changes: Map<String, Value>,
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
        /// SHA-256 of the password's hash as it is stored, in hexadecimal.
        password_sha256: String,
        /// Whether somebody else chose the password, which the owner has to replace.
        must_change_password: bool,
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
    /// Rows that were not what the log told were written anew from it, or removed.
    RowsRepaired {
        /// How many rows of each table.
        tables: BTreeMap<String, u64>,
        /// The rows, as table and id; the first of them if there are very many.
        rows: Vec<String>,
    },
    SchemaTakenBack {
        migrations: Vec<Cow<'static, str>>,
        rows_deleted: BTreeMap<Cow<'static, str>, i64>,
    },
}

/// Why the `meta` of an entry is not an event that this program knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// It is of a version that this program does not know.
    UnknownVersion(u64),
    /// It is of [`Event::VERSION`], and is none of its events, or lacks a field; with serde's words.
    Malformed(String),
}

/// What stands in the `meta` of an entry beside the fields of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Envelope {
    /// The entry continues the operation of the entry before it, and has the same time.
    pub continues: bool,
    /// The clock, if the entry's time is a later one: that of the entry before it.
    pub clock: Option<Time>,
    /// The role in which it was done, if the actor has several in the room.
    pub by_role: Option<crate::Role>,
}

impl Event {
    /// The version of the events that this program writes: `meta.v`. Entries from before there were versions have none.
    pub const VERSION: u64 = 2;

    /// Returns the version of an entry's `meta`: 1 if it does not say.
    pub fn version_of(meta: &Value) -> u64 {
        // What is no number is a version that nobody knows.
        meta.get("v").map_or(1, |version| version.as_u64().unwrap_or(u64::MAX))
    }

    /// Returns the entry's `action` and `meta`.
    ///
    /// # Errors
    ///
    /// Fails if a field cannot be written as JSON, which the types rule out.
    pub fn to_entry(&self, envelope: Envelope) -> Result<(String, Value), serde_json::Error> {
        #[derive(Deserialize)]
        struct Parts {
            action: String,
            meta: Map<String, Value>,
        }
        let Parts { action, mut meta } = serde_json::from_value(serde_json::to_value(self)?)?;
        meta.insert("v".into(), Self::VERSION.into());
        if envelope.continues {
            meta.insert("continues".into(), true.into());
        }
        if let Some(clock) = envelope.clock {
            meta.insert("clock".into(), serde_json::to_value(clock)?);
        }
        if let Some(role) = envelope.by_role {
            meta.insert("by_role".into(), role.word().into());
        }
        Ok((action, meta.into()))
    }

    /// Reads the event of an entry of [`Event::VERSION`].
    ///
    /// # Errors
    ///
    /// Fails if the entry is of another version, or is not what its version says.
    pub fn from_entry(action: &str, meta: &Value) -> Result<(Self, Envelope), Unreadable> {
        let version = Self::version_of(meta);
        if version != Self::VERSION {
            return Err(Unreadable::UnknownVersion(version));
        }
        let malformed = |error: serde_json::Error| Unreadable::Malformed(error.to_string());
        let clock = match meta.get("clock") {
            Some(clock) => Some(Time::deserialize(clock).map_err(malformed)?),
            None => None,
        };
        let by_role = match meta.get("by_role") {
            Some(role) => Some(crate::Role::deserialize(role).map_err(malformed)?),
            None => None,
        };
        let envelope = Envelope { continues: meta["continues"] == true, clock, by_role };
        Ok((Self::deserialize(tagged(action, meta)).map_err(malformed)?, envelope))
    }
}
