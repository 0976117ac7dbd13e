//! Ids: UUIDs, stored and sent as text. New rows get version 7; any version is accepted.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The error for a text that is not a UUID.
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
    )+

        /// Calls a macro with the names of all ids, so that a new one is a line in this file alone.
        #[macro_export]
        macro_rules! each_id {
            ($callback:ident) => {
                $callback! { $($name),+ }
            };
        }
    };
}

ids! {
    /// The id of a user's account.
    UserId,
    /// The id of a user's session, which is public; the session's token is another value, and secret.
    SessionId,
    /// The id of a room.
    RoomId,
    /// The id of a party, that is of one person in one room.
    PartyId,
    /// The id of a vessel in a room.
    VesselId,
    /// The id of a document, that is of a slot of a room.
    DocumentId,
    /// The id of an uploaded version of a document.
    VersionId,
    /// The id of an upload that comes in parts.
    UploadId,
    /// The id of a decision on a version.
    DecisionId,
    /// The id of a party's approval of a vessel.
    ApprovalId,
    /// The id of a snapshot.
    SnapshotId,
    /// The id of a hold on a room or a snapshot.
    HoldId,
    /// The id of a request about an account, which another admin confirms.
    AccountRequestId,
    /// The id of a mail.
    MailId,
    /// The id of one thing that one person is to be told by mail.
    NewsId,
    /// The id of a link by which somebody chooses a password; the tokens that are sent are other values, and secret.
    LinkId,
    /// The id of an entry of a log.
    EntryId,
}
