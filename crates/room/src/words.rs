//! The closed vocabularies: roles, cargo profiles, phases, verdicts, states. Stored and sent as lower-case words.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ObjectBuilder, Type},
    },
};

/// A text that is none of the words of a vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAWord;

macro_rules! words {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every one, in order.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The words of every one, in order.
            pub const WORDS: &[&str] = &[$($word),+];

            /// The word it is stored and sent as.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAWord;

            fn from_str(word: &str) -> Result<Self, NotAWord> {
                Self::ALL.into_iter().find(|known| known.word() == word).ok_or(NotAWord)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                vocabulary(concat!($($doc),*), Self::WORDS)
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}

/// The schema of these words. The derive would tell the variants' names: it cannot see serde's renaming in a macro.
fn vocabulary(says: &str, words: &[&'static str]) -> RefOr<Schema> {
    let words = words.iter().copied();
    ObjectBuilder::new().schema_type(Type::String).description(Some(says.trim())).enum_values(Some(words)).into()
}

/// The schema of the roles that a party can be given.
pub fn roles_in_a_room() -> RefOr<Schema> {
    let roles: Vec<_> = Role::ALL.into_iter().filter(|role| *role != Role::Admin).map(Role::word).collect();
    vocabulary("What somebody is in a room.", &roles)
}

words! {
    /// What somebody is: in a room (the first five), or on the platform.
    Role {
        /// Owner of a vessel.
        Owner = "owner",
        /// The broker who runs the room.
        Broker = "broker",
        /// Charterer of a vessel.
        Charterer = "charterer",
        /// Seller of the cargo.
        Seller = "seller",
        /// Buyer of the cargo.
        Buyer = "buyer",
        /// Platform-wide: may do everything that the matrix lists.
        Admin = "admin",
    }

    /// What is transferred; decides which documents a room needs.
    CargoProfile {
        /// Crude oil and products.
        Oil = "oil",
        /// Chemicals.
        Chem = "chem",
        /// Liquefied gases.
        LpgLng = "lpg_lng",
        /// Dry bulk.
        Bulk = "bulk",
    }

    /// Where the operation stands.
    Phase {
        /// The vessels are named.
        Nomination = "nomination",
        /// Suitability and compatibility are examined.
        Clearance = "clearance",
        /// The joint plan of operation is made.
        Planning = "planning",
        /// Notice of readiness, pre-operation checks.
        Arrival = "arrival",
        /// Run-in and mooring.
        Mooring = "mooring",
        /// Cargo is transferred.
        Transfer = "transfer",
        /// Hoses off, unmooring.
        Unmooring = "unmooring",
        /// Papers after the operation.
        Documents = "documents",
        /// Done; retention runs.
        Closed = "closed",
    }

    /// What a vessel does in the transfer.
    VesselRole {
        /// Gives the cargo.
        Discharging = "discharging",
        /// Takes the cargo.
        Receiving = "receiving",
        /// Serves the operation: its documents are optional, and nobody has to clear it.
        Other = "other",
    }

    /// Whether a vessel takes part.
    VesselStatus {
        /// Takes part.
        Active = "active",
        /// No longer part of the operation; its papers stay, and block nothing.
        Withdrawn = "withdrawn",
    }

    /// The side that a party acts for: that of one of the two vessels.
    Side {
        /// The discharging vessel's.
        Discharging = "discharging",
        /// The receiving vessel's.
        Receiving = "receiving",
    }

    /// What a type of document is asked of.
    Scope {
        /// Each vessel.
        Vessel = "vessel",
        /// The operation as a whole.
        Room = "room",
    }

    /// Whether a document is needed.
    Requirement {
        /// Always.
        Required = "required",
        /// Unless it is waived with a reason.
        Conditional = "conditional",
        /// Nothing waits for it.
        Optional = "optional",
    }

    /// How much hangs on a document, the most first.
    Criticality {
        /// Much.
        High = "high",
        /// Some.
        Med = "med",
        /// Little.
        Low = "low",
    }

    /// Where a document stands, as its newest version and the decisions on it say.
    DocumentStatus {
        /// Nothing has been uploaded.
        Missing = "missing",
        /// Nobody has approved the newest version yet.
        UnderReview = "under_review",
        /// The newest version is approved, and nobody rejects it.
        Approved = "approved",
        /// A party rejects the newest version.
        Rejected = "rejected",
        /// The newest version runs out before the operation ends.
        Expired = "expired",
    }

    /// A party's word on a version.
    Verdict {
        /// Accepted.
        Approved = "approved",
        /// Accepted, if what the subjects say comes true.
        ApprovedWithSubjects = "approved_with_subjects",
        /// Not accepted, for a reason.
        Rejected = "rejected",
    }

    /// A party's clearance of a vessel.
    ApprovalStatus {
        /// Being considered, or revoked.
        Pending = "pending",
        /// Cleared.
        Approved = "approved",
        /// Cleared, if what the subjects say comes true.
        ApprovedWithSubjects = "approved_with_subjects",
        /// Not accepted, for a reason.
        Rejected = "rejected",
    }

    /// What kind of thing keeps an operation from a phase.
    BlockerKind {
        /// Nothing was uploaded.
        DocumentMissing = "document_missing",
        /// Nobody has approved it yet.
        DocumentUnderReview = "document_under_review",
        /// A party rejects it.
        DocumentRejected = "document_rejected",
        /// It runs out before the operation ends.
        DocumentExpired = "document_expired",
        /// There is no discharging or no receiving vessel.
        VesselMissing = "vessel_missing",
        /// The other side has not cleared the vessel.
        VesselNotCleared = "vessel_not_cleared",
        /// A party rejects the vessel.
        VesselRejected = "vessel_rejected",
    }

    /// Where the notice to the coastal State stands.
    NoticeState {
        /// Not given, and not yet due.
        Open = "open",
        /// Not given, and due.
        Overdue = "overdue",
        /// Given in time.
        Given = "given",
        /// Given less than 48 hours before.
        GivenLate = "given_late",
        /// Given, but the ETA has moved by more than 6 hours since: to be given again.
        Revise = "revise",
    }

    /// Whether the time for a claim runs.
    ClaimState {
        /// It runs.
        Running = "running",
        /// It is over.
        Passed = "passed",
    }

    /// What an uploaded file is; the word is the extension it is stored under.
    FileKind {
        /// PDF.
        Pdf = "pdf",
        /// JPEG.
        Jpeg = "jpg",
        /// PNG.
        Png = "png",
        /// TIFF.
        Tiff = "tiff",
        /// A text document (Office Open XML).
        Docx = "docx",
        /// A spreadsheet (Office Open XML).
        Xlsx = "xlsx",
    }

    /// Whether a room is in use.
    RoomStatus {
        /// In use.
        Active = "active",
        /// Deleted by an admin; only its log remains readable.
        Deleted = "deleted",
    }

    /// What one admin asks for and another confirms.
    Deed {
        /// Lift a hold.
        LiftHold = "lift_hold",
        /// Delete a snapshot inside its retention.
        DeleteSnapshot = "delete_snapshot",
        /// Delete a room with such snapshots.
        DeleteRoom = "delete_room",
    }

    /// What one admin asks for about an account and another confirms.
    AccountDeed {
        /// Make an admin's account.
        AddAdmin = "add_admin",
        /// Give an account the role of admin.
        MakeAdmin = "make_admin",
        /// Give an admin a password.
        GivePassword = "give_password",
    }

    /// Where a snapshot is in its life.
    SnapshotStatus {
        /// The record is kept; its file is being rendered.
        Generating = "generating",
        /// The file is there.
        Completed = "completed",
        /// Rendering was given up; the record is kept and can be retried.
        Failed = "failed",
    }

    /// The form of a snapshot's file.
    SnapshotType {
        /// A report to read.
        Pdf = "pdf",
        /// The record for machines.
        Json = "json",
        /// A zip of one table per file.
        Csv = "csv",
    }
}

impl Role {
    /// The role that counts in a room, of an account and its party there: an admin's own, else the
    /// party's. An admin's place in a room counts only while they are admin.
    pub fn in_room(account: Self, party: Option<Self>) -> Option<Self> {
        match (account, party) {
            (Self::Admin, _) => Some(Self::Admin),
            (_, party) => party.filter(|role| *role != Self::Admin),
        }
    }
}

impl Phase {
    /// The phase after this one; none after the last.
    pub fn next(self) -> Option<Self> {
        Self::ALL.get(self as usize + 1).copied()
    }
}

impl VesselRole {
    /// The side of a vessel in this role, if it has one.
    pub fn side(self) -> Option<Side> {
        match self {
            Self::Discharging => Some(Side::Discharging),
            Self::Receiving => Some(Side::Receiving),
            Self::Other => None,
        }
    }
}

impl ApprovalStatus {
    /// What was said with it, as what it is: the subjects, or the reason.
    pub fn subjects_or_reason(self, comment: Option<String>) -> (Option<String>, Option<String>) {
        if self == Self::ApprovedWithSubjects { (comment, None) } else { (None, comment) }
    }

    /// Whether the vessel is cleared by it, with subjects or without.
    pub fn clears(self) -> bool {
        matches!(self, Self::Approved | Self::ApprovedWithSubjects)
    }
}

impl SnapshotStatus {
    /// Whether a snapshot may go from this state to that one.
    pub fn may_become(self, next: Self) -> bool {
        use SnapshotStatus::{Completed, Failed, Generating};
        matches!((self, next), (Generating, Completed | Failed) | (Failed, Generating))
    }
}

impl Side {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Discharging => Self::Receiving,
            Self::Receiving => Self::Discharging,
        }
    }
}

impl From<Verdict> for ApprovalStatus {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Approved => Self::Approved,
            Verdict::ApprovedWithSubjects => Self::ApprovedWithSubjects,
            Verdict::Rejected => Self::Rejected,
        }
    }
}

impl FileKind {
    /// The media type that a file of this kind is sent with.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Tiff => "image/tiff",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// The kind that a file's name claims, by its extension.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match &*extension.to_ascii_lowercase() {
            "jpeg" | "jpe" | "jfif" => Some(Self::Jpeg),
            "tif" => Some(Self::Tiff),
            extension => extension.parse().ok(),
        }
    }
}
