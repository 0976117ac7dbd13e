//! What mails tell, as the outbox has it until they are sent.

use room::{AccountDeed, AccountRequestId, RoomId, Time};
use serde::{Deserialize, Serialize};

/// What a mail tells, from which its text is made when it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Told {
    /// That mails arrive: an admin has asked for it.
    Test {
        /// The admin who asked.
        asked_by: String,
    },
    /// That another admin has to confirm something about an account.
    AccountRequest {
        /// The request.
        request: AccountRequestId,
        /// What was asked for.
        deed: AccountDeed,
        /// The address of the account.
        email: String,
        /// The name of its owner.
        name: String,
        /// The admin who asked.
        asked_by: String,
        /// Until when it can be confirmed.
        until: Time,
    },
    /// That another admin has to confirm something in a room.
    RoomRequest {
        /// What was asked for: `delete the room`.
        deed: String,
        /// The title of the room.
        room: String,
        /// The room.
        room_id: RoomId,
        /// The admin who asked.
        asked_by: String,
        /// Until when it can be confirmed.
        until: Time,
        /// The page on which it is confirmed.
        path: String,
    },
    /// That somebody without an account was added to a room.
    Invitation {
        /// The name of who added them.
        by: String,
        /// Their address.
        by_email: String,
        /// The name of who is invited.
        name: String,
        /// The title of the room.
        room: String,
        /// Where the transfer is to be.
        location: String,
    },
    /// That somebody with an account was added to a room.
    Added {
        /// The name of who added them.
        by: String,
        /// Their address.
        by_email: String,
        /// The title of the room.
        room: String,
        /// The room.
        room_id: RoomId,
    },
    /// What has happened in the rooms of a party.
    News {
        /// The rooms, each with what has happened there.
        rooms: Vec<NewsOfRoom>,
    },
    /// That an admin has a link made for the owner of an account, to choose a password.
    PasswordLink {
        /// The admin.
        asked_by: String,
        /// Whether the account is new.
        is_new: bool,
    },
    /// That somebody, most likely the owner of the account, has forgotten the password.
    Forgotten {},
}

/// What has happened in a room, for one of its parties.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewsOfRoom {
    /// The room.
    pub room_id: RoomId,
    /// The title of the room.
    pub title: String,
    /// What it is about, in a few words.
    pub subject: String,
    /// What has happened; not empty.
    pub items: Vec<NewsItem>,
}

/// One thing that has happened, or that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewsItem {
    /// What it is about.
    pub about: About,
    /// The sentence.
    pub text: String,
    /// The page of it.
    pub path: String,
}

/// What a thing is about, in the order in which things are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A reply on a vessel is wanted.
    Reply,
    /// A decision on a paper is wanted.
    Decision,
    /// Papers are wanted.
    Papers,
    /// A paper was rejected.
    Rejected,
    /// The notice to the coastal State is due.
    Notice,
    /// The next phase can be entered.
    Gate,
    /// The ETA moved.
    Eta,
}

impl Told {
    /// Returns the word of what is told.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Test { .. } => "test",
            Self::AccountRequest { .. } => "account_request",
            Self::RoomRequest { .. } => "room_request",
            Self::Invitation { .. } => "invitation",
            Self::Added { .. } => "added",
            Self::News { .. } => "news",
            Self::PasswordLink { .. } => "password_link",
            Self::Forgotten {} => "forgotten",
        }
    }
}
