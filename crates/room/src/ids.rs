//! Ids: UUIDs as text, version 7 for new rows, any version accepted.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is no UUID, where one was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Uuid::parse_str(text).map(Self).map_err(|_| NotAnId)
            }
        }
    )+};
}

ids! {
    /// A user's account.
    UserId,
    /// A session of a user; it is not its token.
    SessionId,
    /// A room: one STS operation.
    RoomId,
    /// A person's place in a room.
    PartyId,
    /// A vessel in a room.
    VesselId,
    /// A document: a slot of a room.
    DocumentId,
    /// An uploaded version of a document.
    VersionId,
    /// A decision on a version.
    DecisionId,
    /// A party's clearance of a vessel.
    ApprovalId,
    /// A snapshot.
    SnapshotId,
    /// A hold on a room or a snapshot.
    HoldId,
    /// A request about an account, for another admin to confirm.
    AccountRequestId,
    /// An entry of a log.
    EntryId,
}
