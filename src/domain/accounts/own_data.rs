//! What the system holds of a person, for themselves; and what of it can be erased, and what not and why (decision 0040).

use std::collections::BTreeMap;

use room::{Frequency, Log, NewsKind, Party, Role, RoomId, Side, Time, UserId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::details::NewDetails;
use crate::{
    app::App,
    db::{self, activity::Filter, news_choices::Choices, sessions::Session, users::User},
    error::Result,
    evidence::Hash,
    portion::fitting,
};

/// How many entries of the platform's log are listed: the newest.
const ENTRIES: i64 = 500;
/// How many rooms are listed: the newest.
const ROOMS: i64 = 1_000;
/// The largest list, in bytes.
const MOST_BYTES: usize = 600_000;

/// What can be erased by its owner, and how long it lasts otherwise.
pub const ERASABLE: [&str; 5] = [
    "company, position, telephone and time zone, as you gave them here",
    "of what you are told by mail, and how soon: afterwards you are told of everything at once",
    "the devices that you have signed in from, which sign-in knows again; each is forgotten by itself when it has not been used for long",
    "your sessions, with the program that each was opened by; they end by themselves",
    "counts of failed attempts to sign in; they end by themselves within a day",
];

/// What cannot be erased, and why.
pub const KEPT: [&str; 3] = [
    "your name, address and role, and in each room your roles, company and side: the logs say by them who did what, and an approval by nobody \
     clears no vessel",
    "what you did in rooms and with accounts: entries of a log are never changed, so that they can be proved, and the papers of an STS \
     operation have to be kept for years (MARPOL Annex I reg. 41.5); what you uploaded is part of the record",
    "files of snapshots that were drawn from rooms: they repeat what the logs say, and may be in the hands of others",
];

/// Everything that the system holds of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnData {
    account: OwnAccount,
    details: NewDetails,
    mails: OwnMails,
    #[schema(max_items = 1000)]
    sessions: Vec<OwnSession>,
    /// When each device that sign-in knows again was last used.
    #[schema(value_type = Vec<String>, max_items = 100)]
    known_devices: Vec<Time>,
    /// The rooms in which they are a party, the newest first.
    #[schema(max_items = 1000)]
    rooms: Vec<OwnRoom>,
    /// What they did that concerns accounts and the catalogue: the newest entries of the platform's log.
    #[schema(max_items = 500)]
    entries: Vec<OwnEntry>,
    /// How many such entries there are in all.
    entries_in_all: i64,
    /// What can be erased, by `DELETE /account/details`.
    #[schema(value_type = Vec<String>, max_items = 10)]
    can_be_erased: [&'static str; 5],
    /// What is kept, and why.
    #[schema(value_type = Vec<String>, max_items = 10)]
    is_kept: [&'static str; 3],
}

#[derive(Debug, Serialize, ToSchema)]
struct OwnAccount {
    #[schema(value_type = String, format = "uuid")]
    id: UserId,
    email: String,
    name: String,
    role: Role,
    #[schema(value_type = String, format = "date-time")]
    created_at: Time,
    /// When somebody else chose the password, if it was not replaced since.
    #[schema(value_type = Option<String>, format = "date-time")]
    password_given_at: Option<Time>,
}

#[derive(Debug, Serialize, ToSchema)]
struct OwnSession {
    #[schema(value_type = String, format = "date-time")]
    created_at: Time,
    #[schema(value_type = String, format = "date-time")]
    last_seen_at: Time,
    #[schema(value_type = String, format = "date-time")]
    expires_at: Time,
    user_agent: Option<String>,
}

/// Of what the person is told by mail, and how soon.
#[derive(Debug, Serialize, ToSchema)]
struct OwnMails {
    frequency: Frequency,
    #[schema(max_items = 5)]
    without: Vec<NewsKind>,
    /// The rooms with a frequency of their own.
    #[schema(value_type = BTreeMap<String, Frequency>)]
    rooms: BTreeMap<RoomId, Frequency>,
}

/// A room in which the person is a party.
#[derive(Debug, Serialize, ToSchema)]
struct OwnRoom {
    #[schema(value_type = String, format = "uuid")]
    room_id: RoomId,
    title: String,
    /// The name by which they are a party there.
    name: String,
    #[schema(max_items = 6)]
    roles: Vec<Role>,
    company: Option<String>,
    side: Option<Side>,
    #[schema(value_type = String, format = "date-time")]
    added_at: Time,
    /// Where what they did there is listed.
    entries: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct OwnEntry {
    action: String,
    #[schema(value_type = String, format = "date-time")]
    timestamp: Time,
    /// The fields of the event.
    #[schema(value_type = Object)]
    meta: Value,
}

/// Returns what the system holds of a person.
pub async fn of(app: &App, user: &User, token: Hash) -> Result<OwnData> {
    let (person, now) = (user.clone(), app.now());
    let filter = Filter { actor: Some(person.email.clone()), action: None, from: None, to: None };
    let read = async move |tx: &mut db::Tx| {
        let details = db::account_details::find(tx, person.id).await?.into();
        let Choices { frequency, without, rooms: of_rooms } = db::news_choices::find(tx, person.id).await?;
        let sessions = db::sessions::of_user(tx, person.id, &token, now).await?;
        let known_devices = db::sign_in::devices(tx, person.id).await?;
        let rooms = db::parties::of_person(tx, &person.email, ROOMS).await?;
        let newest = db::Page { limit: ENTRIES, offset: 0 };
        let (entries, entries_in_all, _) = db::activity::list(tx, Some(Log::Platform), &filter, &newest.into()).await?;
        let entries =
            entries.into_iter().map(|entry| OwnEntry { action: entry.action, timestamp: entry.at, meta: entry.meta });
        let User { id, email, name, role, created_at, password_given_at, .. } = person;
        Ok(OwnData {
            details,
            mails: OwnMails { frequency, without, rooms: of_rooms },
            sessions: sessions.into_iter().map(|(session, _)| session.into()).collect(),
            known_devices,
            rooms: fitting(rooms.into_iter().map(|room| OwnRoom::of(room, &email)).collect(), MOST_BYTES),
            entries: fitting(entries.collect(), MOST_BYTES),
            entries_in_all,
            can_be_erased: ERASABLE,
            is_kept: KEPT,
            account: OwnAccount { id, email, name, role, created_at, password_given_at },
        })
    };
    app.db.read_at_length(read).await
}

impl From<Session> for OwnSession {
    fn from(Session { created_at, last_seen_at, expires_at, user_agent, .. }: Session) -> Self {
        Self { created_at, last_seen_at, expires_at, user_agent }
    }
}

impl OwnRoom {
    fn of((room_id, title, party): (RoomId, String, Party), email: &str) -> Self {
        let roles = party.all_roles().iter().collect();
        let Party { name, company, side, added_at, .. } = party;
        let entries = format!("/api/v1/rooms/{room_id}/activities?actor={email}");
        Self { room_id, title, name, roles, company, side, added_at, entries }
    }
}
