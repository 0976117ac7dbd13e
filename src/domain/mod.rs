//! What things mean, and every change: an operation is one transaction with its log entry.

mod fields;
mod file_kinds;
mod ids;
mod imo;
mod object;
mod slots;
mod time;
mod words;

pub mod account_requests;
pub mod activity;
pub mod addresses;
pub mod approvals;
pub mod archive;
pub mod attempts;
pub mod bounds;
pub mod clearance;
pub mod clocks;
pub mod cockpit;
pub mod compare;
pub mod confirmations;
pub mod decisions;
pub mod document_types;
pub mod documents;
pub mod fsck;
pub mod history;
pub mod holds;
pub mod idempotency;
pub mod log_keys;
pub mod logs;
pub mod look_alikes;
pub mod operation;
pub mod parties;
pub mod passwords;
pub mod phases;
pub mod portion;
pub mod previews;
pub mod record;
pub mod refusals;
pub mod rendering;
pub mod room_state;
pub mod rooms;
pub mod schema;
pub mod sealing;
pub mod sessions;
pub mod sign_in;
pub mod snapshots;
pub mod standing;
pub mod system;
pub mod todo;
pub mod two_people;
pub mod users;
pub mod verifying;
pub mod versions;
pub mod vessels;
pub mod visible;

pub use activity::{Actor, Event, Log};
pub use clocks::Clocks;
pub use fields::{Fields, fold_email};
pub use file_kinds::Inspection;
pub use ids::{
    AccountRequestId, ApprovalId, DecisionId, DocumentId, EntryId, HoldId, NotAnId, PartyId, RoomId, SessionId,
    SnapshotId, UserId, VersionId, VesselId,
};
pub use object::{Change, Object, read as read_object, unacceptable};
pub use operation::{OpenLog, operation};
pub use room_state::RoomState;
pub use time::{Day, Time};
pub use words::{
    AccountDeed, ApprovalStatus, BlockerKind, CargoProfile, ClaimState, Criticality, Deed, DocumentStatus, FileKind,
    NotAWord, NoticeState, Phase, Requirement, Role, RoomStatus, Scope, Side, SnapshotStatus, SnapshotType, Verdict,
    VesselRole, VesselStatus,
};
