//! The closed vocabularies: roles, cargo profiles, phases, states. Stored and sent as lower-case words.

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
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every one, in order.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

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
                vocabulary(concat!($($doc),*), &Self::ALL.map(Self::word))
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }

        crate::db::text_column!($name);
    )+};
}

/// The schema of these words. The derive would tell the variants' names: it cannot see serde's renaming in a macro.
fn vocabulary(says: &str, words: &[&'static str]) -> RefOr<Schema> {
    let words = words.iter().copied();
    ObjectBuilder::new().schema_type(Type::String).description(Some(says.trim())).enum_values(Some(words)).into()
}

/// The schema of the roles that a party can be given.
pub(super) fn roles_in_a_room() -> RefOr<Schema> {
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

    /// Whether a room is in use.
    RoomStatus {
        /// In use.
        Active = "active",
        /// Deleted by an admin; only its log remains readable.
        Deleted = "deleted",
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

impl SnapshotStatus {
    /// Whether a snapshot may go from this state to that one.
    pub fn may_become(self, next: Self) -> bool {
        use SnapshotStatus::{Completed, Failed, Generating};
        matches!((self, next), (Generating, Completed | Failed) | (Failed, Generating))
    }
}

impl From<SnapshotType> for report::Format {
    fn from(kind: SnapshotType) -> Self {
        match kind {
            SnapshotType::Pdf => Self::Pdf,
            SnapshotType::Json => Self::Json,
            SnapshotType::Csv => Self::Csv,
        }
    }
}
