//! The closed vocabularies: roles, cargo profiles, phases, verdicts, states. They are stored and sent as words in lower
//! case.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{ObjectBuilder, Type},
    },
};

/// The error for a text that is none of the words of a vocabulary.
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
            /// All values, in their order.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The words of all values, in their order.
            pub const WORDS: &[&str] = &[$($word),+];

            /// Returns the word as which the value is stored and sent.
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

/// Returns the schema of these words. The derive macro would list the names of the variants instead: within a macro it
/// does not see how serde renames them.
fn vocabulary(description: &str, words: &[&'static str]) -> RefOr<Schema> {
    let words = words.iter().copied();
    ObjectBuilder::new().schema_type(Type::String).description(Some(description.trim())).enum_values(Some(words)).into()
}

words! {
    /// The role of a person: in a room (the first five), or on the platform.
    Role {
        /// The owner of a vessel.
        Owner = "owner",
        /// The broker who runs the room.
        Broker = "broker",
        /// The charterer of a vessel.
        Charterer = "charterer",
        /// The seller of the cargo.
        Seller = "seller",
        /// The buyer of the cargo.
        Buyer = "buyer",
        /// An admin of the platform, who may do everything that the policy lists.
        Admin = "admin",
    }

    /// The kind of cargo, which decides which documents a room needs.
    CargoProfile {
        /// Crude oil and products.
        Oil = "oil",
        /// Chemicals, carried in bulk.
        Chem = "chem",
        /// Liquefied gases: LPG or LNG.
        LpgLng = "lpg_lng",
        /// Dry cargo in bulk.
        Bulk = "bulk",
    }

    /// The phase of an STS operation, from nomination to closing.
    Phase {
        /// The vessels are named.
        Nomination = "nomination",
        /// Suitability and compatibility are examined.
        Clearance = "clearance",
        /// The joint plan of the STS operation is made.
        Planning = "planning",
        /// The vessels give notice of readiness and make the checks before the STS operation.
        Arrival = "arrival",
        /// The vessels approach and moor alongside each other.
        Mooring = "mooring",
        /// The cargo is transferred.
        Transfer = "transfer",
        /// The hoses are disconnected and the vessels unmoor.
        Unmooring = "unmooring",
        /// The documents that follow the STS operation are completed.
        Documents = "documents",
        /// Everything is done, and retention has begun.
        Closed = "closed",
    }

    /// What a vessel does in the STS operation.
    VesselRole {
        /// The vessel that gives the cargo.
        Discharging = "discharging",
        /// The vessel that takes the cargo.
        Receiving = "receiving",
        /// A vessel that serves the STS operation: its documents are optional, and it needs no clearance.
        Other = "other",
    }

    /// Whether a vessel takes part in the STS operation.
    VesselStatus {
        /// The vessel takes part.
        Active = "active",
        /// The vessel no longer takes part; its documents are kept, and block nothing.
        Withdrawn = "withdrawn",
    }

    /// The side that a party acts for: that of one of the two vessels.
    Side {
        /// The side of the discharging vessel.
        Discharging = "discharging",
        /// The side of the receiving vessel.
        Receiving = "receiving",
    }

    /// Whether a document type is asked of each vessel or of the room.
    Scope {
        /// Each vessel has a document of the type.
        Vessel = "vessel",
        /// The room has one document of the type.
        Room = "room",
    }

    /// Whether a slot has to be filled.
    Requirement {
        /// It always has to be filled.
        Required = "required",
        /// It has to be filled unless it is waived with a reason.
        Conditional = "conditional",
        /// It may be filled, and blocks nothing.
        Optional = "optional",
    }

    /// How critical a document is to the STS operation, the most critical first.
    Criticality {
        /// The document is highly critical.
        High = "high",
        /// The document is moderately critical.
        Med = "med",
        /// The document is of low criticality.
        Low = "low",
    }

    /// The status of a document, which follows from its version in force and the decisions on it.
    DocumentStatus {
        /// Nothing has been uploaded that counts.
        Missing = "missing",
        /// The version in force has not been decided on.
        UnderReview = "under_review",
        /// A party approves the version in force, and no party rejects it.
        Approved = "approved",
        /// A party rejects the version in force.
        Rejected = "rejected",
        /// The version in force expires before the end of the STS operation.
        Expired = "expired",
    }

    /// What is known of the last day on which a version is valid.
    ExpiryState {
        /// The uploader gave the day.
        Given = "given",
        /// The day was computed from the type's usual validity, as earlier versions did.
        Assumed = "assumed",
        /// The type expires, and nobody has given the day or waived it.
        NotGiven = "not_given",
        /// The type expires, and a party has stated that this version needs no date.
        Waived = "waived",
        /// The type does not expire, and no day was given.
        None = "none",
    }

    /// What a party decides on a version.
    Verdict {
        /// The version is accepted.
        Approved = "approved",
        /// The version is accepted if the subjects come true.
        ApprovedWithSubjects = "approved_with_subjects",
        /// The version is refused, with a reason.
        Rejected = "rejected",
    }

    /// What a party says of a vessel.
    ApprovalStatus {
        /// The party is still considering, or has revoked its approval.
        Pending = "pending",
        /// The party clears the vessel.
        Approved = "approved",
        /// The party clears the vessel if the subjects come true.
        ApprovedWithSubjects = "approved_with_subjects",
        /// The party refuses the vessel, with a reason.
        Rejected = "rejected",
    }

    /// The kind of a blocker, that is of what keeps an STS operation from a phase.
    BlockerKind {
        /// No file was uploaded to the document.
        DocumentMissing = "document_missing",
        /// The newest version of the document has not been decided on.
        DocumentUnderReview = "document_under_review",
        /// A party rejects the newest version of the document.
        DocumentRejected = "document_rejected",
        /// The document expires before the end of the STS operation.
        DocumentExpired = "document_expired",
        /// The document expires, and nobody has said when.
        DocumentUndated = "document_undated",
        /// No discharging or no receiving vessel is named.
        VesselMissing = "vessel_missing",
        /// The other side has not cleared the vessel.
        VesselNotCleared = "vessel_not_cleared",
        /// A party rejects the vessel.
        VesselRejected = "vessel_rejected",
    }

    /// The state of the notice to the coastal State (MARPOL Annex I reg. 42).
    NoticeState {
        /// The notice is not given, and not yet due.
        Open = "open",
        /// The notice is not given, and is overdue.
        Overdue = "overdue",
        /// The notice was given in time.
        Given = "given",
        /// The notice was given less than 48 hours before the ETA.
        GivenLate = "given_late",
        /// The notice was given, and has to be revised: the ETA has moved by more than 6 hours since.
        Revise = "revise",
    }

    /// What is asked about a file before it is sent.
    FileQuestion {
        /// Which document it is for: none fits, or several do.
        Document = "document",
        /// Until when it is valid: its document expires, and no day is clear.
        ExpiresOn = "expires_on",
        /// Whether it is a version of a document that another of the files is for, too, or belongs elsewhere.
        Versions = "versions",
    }

    /// Whether a demurrage claim can still be presented.
    ClaimState {
        /// The time for the claim is running.
        Running = "running",
        /// The time for the claim has passed.
        Passed = "passed",
    }

    /// The kind of an uploaded file; the word is the extension under which it is stored.
    FileKind {
        /// A file in PDF.
        Pdf = "pdf",
        /// An image in JPEG.
        Jpeg = "jpg",
        /// An image in PNG.
        Png = "png",
        /// An image in TIFF.
        Tiff = "tiff",
        /// A text document (Office Open XML).
        Docx = "docx",
        /// A spreadsheet (Office Open XML).
        Xlsx = "xlsx",
        /// An image in HEIC, as telephones write it.
        Heic = "heic",
    }

    /// What is to be known of an uploaded file before it is opened.
    FileNotice {
        /// It is a PDF that opens only with a password.
        NeedsPassword = "needs_password",
        /// It is a PDF form with values that only some programs show, since it has no picture of them.
        ValuesNotDrawn = "values_not_drawn",
    }

    /// Whether a room is in use.
    RoomStatus {
        /// The room is in use.
        Active = "active",
        /// The room was deleted by an admin; only its log remains readable.
        Deleted = "deleted",
    }

    /// What one admin asks for and another confirms, in a room.
    Deed {
        /// Lifting a legal hold.
        LiftHold = "lift_hold",
        /// Deleting a snapshot inside its retention.
        DeleteSnapshot = "delete_snapshot",
        /// Deleting a room with snapshots inside their retention.
        DeleteRoom = "delete_room",
    }

    /// What one admin asks for about an account and another confirms.
    AccountDeed {
        /// Making an account with the role of admin.
        AddAdmin = "add_admin",
        /// Giving an account the role of admin.
        MakeAdmin = "make_admin",
        /// Giving an admin's account a password.
        GivePassword = "give_password",
    }

    /// What was done about an invitation, or about a link by which somebody chooses a password.
    LinkDeed {
        /// Inviting somebody to a room.
        Invited = "invited",
        /// Inviting them again, by another token of the same link.
        InvitedAgain = "invited_again",
        /// Withdrawing the invitation, so that none of its tokens opens anything.
        InvitationWithdrawn = "invitation_withdrawn",
        /// Making a link by which the owner of an account chooses a password.
        PasswordLinkMade = "password_link_made",
    }

    /// What people are told of by mail.
    NewsKind {
        /// A decision, a reply or a paper is wanted of them.
        Wanted = "wanted",
        /// A paper of theirs was rejected.
        PaperRejected = "paper_rejected",
        /// The ETA moved.
        EtaMoved = "eta_moved",
        /// Nothing keeps the STS operation from its next phase any more, which they may enter.
        GateOpened = "gate_opened",
        /// The notice to the coastal State is due, or has to be revised.
        NoticeDue = "notice_due",
    }

    /// How soon people are told by mail.
    Frequency {
        /// Within a minute or two.
        AtOnce = "at_once",
        /// Every full hour, if there is something to tell.
        Hourly = "hourly",
        /// Every morning, if there is something to tell.
        Daily = "daily",
        /// Not at all.
        Never = "never",
    }

    /// The status of a snapshot, from its request to its file.
    SnapshotStatus {
        /// The record is stored, and the file is being made.
        Generating = "generating",
        /// The file is made and can be downloaded.
        Completed = "completed",
        /// Making the file was given up; it can be retried, since the record is stored.
        Failed = "failed",
    }

    /// The format of a snapshot's file.
    SnapshotType {
        /// A report to read.
        Pdf = "pdf",
        /// The record for machines.
        Json = "json",
        /// A zip archive of tables, one file each.
        Csv = "csv",
    }
}

impl Phase {
    /// Returns the phase after this one, or `None` after the last.
    pub fn next(self) -> Option<Self> {
        Self::ALL.get(self as usize + 1).copied()
    }
}

impl VesselRole {
    /// Returns the side of a vessel in this role; vessels that only serve have none.
    pub fn side(self) -> Option<Side> {
        match self {
            Self::Discharging => Some(Side::Discharging),
            Self::Receiving => Some(Side::Receiving),
            Self::Other => None,
        }
    }
}

impl ApprovalStatus {
    /// Splits the comment of an approval or decision into its subjects and its reason: it is one of the two.
    pub fn subjects_or_reason(self, comment: Option<String>) -> (Option<String>, Option<String>) {
        if self == Self::ApprovedWithSubjects { (comment, None) } else { (None, comment) }
    }

    /// Returns whether such an approval clears the vessel, with subjects or without.
    pub fn clears(self) -> bool {
        matches!(self, Self::Approved | Self::ApprovedWithSubjects)
    }
}

impl SnapshotStatus {
    /// Returns whether a snapshot with this status may get the status `next`.
    pub fn may_become(self, next: Self) -> bool {
        use SnapshotStatus::{Completed, Failed, Generating};
        matches!((self, next), (Generating, Completed | Failed) | (Failed, Generating))
    }
}

impl Side {
    /// Returns the opposite side.
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
    /// Returns the media type with which a file of this kind is sent.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Tiff => "image/tiff",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Heic => "image/heic",
        }
    }

    /// Returns the kind that a file's name claims by its extension, if we accept that kind.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match &*extension.to_ascii_lowercase() {
            "jpeg" | "jpe" | "jfif" => Some(Self::Jpeg),
            "tif" => Some(Self::Tiff),
            "heif" | "hif" => Some(Self::Heic),
            extension => extension.parse().ok(),
        }
    }
}
