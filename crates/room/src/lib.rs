//! What happened in a room, and what follows from it.
//!
//! The crate has the values ([ids](RoomId), [words](Role), [`Time`], addresses), the [`Event`]s that a log keeps and
//! the [`Leaf`] in which it keeps them, what is in a room at one instant ([`RoomState`]), and what the rules derive
//! from that: [`Standing`], [`clocks`] and [`clearance`]. Everything is a pure function of its arguments: no I/O, no
//! clock, no randomness, no async. A server, a report and a test therefore come to the same result from the same input.
//!
//! [`bounds`] has the limits of what people write, once, for the checks of input, for forms and for JSON schemas alike.
//! What a schema promises is therefore what is checked.
//!
//! Every other part of the program may use this crate; it uses none of them.

mod awaited;
pub mod canonical;
mod content;
mod difference;
mod event;
mod event_fields;
mod ids;
mod leaf;
mod log;
mod roles;
mod shown;
mod state;
mod tagged;
mod time;
mod words;

pub mod address;
pub mod bounds;
pub mod catalogue;
pub mod changes;
pub mod clearance;
pub mod clocks;
pub mod fold;
pub mod imo;
pub mod matching;
pub mod search;
pub mod sentence;
pub mod standing;
pub mod vessel;
pub mod visible;

pub use awaited::Awaited;
pub use catalogue::DocumentType;
pub use clocks::{Clocks, CoastalNotice};
pub use content::{Approval, Decision, Document, Party, Room, Version, Vessel, Waiver, Withdrawal};
pub use difference::{Difference, RowFault};
pub use event::{Envelope, Event, Unreadable};
pub use event_fields::{OpenedSlot, Repeated, SealSummary};
pub use ids::*;
pub use leaf::{Leaf, LeafRef};
pub use log::{Log, heads_continuation_in, heads_origin, server_in};
pub use roles::Roles;
pub use shown::Shown;
pub use standing::{OverriddenBlocker, Standing};
pub use state::{Content, DocumentState, RoomState, VersionState, is_own_paper};
pub use time::{Day, Time};
pub use vessel::VesselDetails;
pub use words::{
    AccountDeed, ApprovalStatus, BlockerKind, CargoProfile, ClaimState, Criticality, Deed, DocumentStatus, ExpiryState,
    FileKind, FileNotice, FileQuestion, Frequency, LinkDeed, NewsKind, NotAWord, NoticeState, Phase, Requirement, Role,
    RoomStatus, Scope, Side, SnapshotStatus, SnapshotType, Verdict, VesselRole, VesselStatus,
};

/// A SHA-256 hash, 32 bytes.
pub type Hash = [u8; 32];
