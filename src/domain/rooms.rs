//! Rooms: opened by a broker or an admin, changed, deleted; the log stays.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{
    Actor, CargoProfile, Event, Fields, Log, PartyId, Phase, RoomId, RoomStatus,
    idempotency::Once,
    object::objects,
    operation::{OpenLog, confirm, operation},
    parties::{self, NewParty},
    slots::{self, Cause},
    snapshots,
};
use crate::{
    app::App,
    db::{self, Tx, parties::Party, rooms::Room},
    error::{Error, Result},
};

/// Parties a room can be opened with.
const MOST_PARTIES: usize = 100;

/// Hours that an operation is planned to take where nobody says otherwise.
const USUAL_HOURS: i64 = 48;
/// The longest that it may be planned to take: a month.
const MOST_HOURS: i64 = 31 * 24;

/// A room to open.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoom {
    /// Title, 1 to 255 characters.
    #[schema(example = "STS Ceuta, Aegean Star / Northern Light")]
    pub title: String,
    /// Where the vessels meet, in words.
    #[schema(example = "Off Ceuta, 35°55'N 005°10'W")]
    pub location: String,
    /// Estimated time of arrival there, with an offset or `Z`.
    #[schema(example = "2026-12-01T06:30:00Z", format = "date-time")]
    pub sts_eta: String,
    /// Free text.
    #[serde(default)]
    pub description: Option<String>,
    /// What is transferred; decides which documents are asked for.
    #[serde(default)]
    pub cargo_profile: Option<CargoProfile>,
    /// How long the operation is planned to take, in hours: its documents have to outlast it.
    #[serde(default = "usual_hours")]
    #[schema(default = 48)]
    pub planned_duration_hours: i64,
    /// Who takes part, besides who opens the room; an address listed twice counts once.
    #[serde(default, deserialize_with = "objects")]
    pub parties: Vec<NewParty>,
}

fn usual_hours() -> i64 {
    USUAL_HOURS
}

/// What to change of a room; a field left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoomChange {
    /// Title, 1 to 255 characters.
    #[serde(default)]
    pub title: Option<String>,
    /// Where the vessels meet, in words.
    #[serde(default)]
    pub location: Option<String>,
    /// Estimated time of arrival there, with an offset or `Z`.
    #[serde(default)]
    #[schema(format = "date-time")]
    pub sts_eta: Option<String>,
    /// Free text; `null` removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Option<String>>,
    /// What is transferred; `null` removes it. Documents follow.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<CargoProfile>)]
    pub cargo_profile: Option<Option<CargoProfile>>,
    /// How long the operation is planned to take, in hours.
    #[serde(default)]
    pub planned_duration_hours: Option<i64>,
}

/// Tells a field that is `null` from one that is left out.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(given: D) -> Result<Option<T>, D::Error> {
    T::deserialize(given).map(Some)
}

/// Opens a room; who opens it becomes a party with their own role.
pub async fn open(app: &App, by: &Actor, asked: NewRoom, once: Option<Once>) -> Result<Room> {
    let Actor::User { email, name, role } = by.clone() else {
        return Err(Error::internal("a room is opened by a user"));
    };
    let opener = Party { id: PartyId(app.new_id()), role, name, email, company: None, side: None, added_at: app.now() };
    let (room, listed) = checked(app, &asked, &opener.email)?;

    let (app, by) = (app.clone(), by.clone());
    app.db
        .clone()
        .write(async move |tx| {
            confirm(tx, Log::Platform, &by).await?;
            if let Some(once) = &once
                && let Some(made) = once.claim(tx, &by, &asked, room.id.0, room.created_at).await?
            {
                confirm(tx, Log::Room(RoomId(made)), &by).await?;
                return in_use(tx, RoomId(made)).await.map_err(Once::says_gone);
            }
            let mut log = OpenLog::lock(tx, &app, Log::Room(room.id), &by).await?;
            db::rooms::insert(tx, &room).await?;
            let created = Event::RoomCreated {
                title: room.title.clone(),
                location: room.location.clone(),
                sts_eta: room.sts_eta,
            };
            log.append(tx, &created).await?;
            for party in std::iter::once(&opener).chain(&listed) {
                if db::parties::insert(tx, room.id, party).await? {
                    log.append(tx, &parties::added(party)).await?;
                }
            }
            slots::follow(tx, &mut log, room.id, Cause::Opened).await?;
            Ok(room)
        })
        .await
}

fn checked(app: &App, asked: &NewRoom, opener: &str) -> Result<(Room, Vec<Party>)> {
    let mut fields = Fields::default();
    let title = fields.line("title", &asked.title);
    let location = fields.line("location", &asked.location);
    let sts_eta = fields.time("sts_eta", &asked.sts_eta);
    let description = fields.optional_text("description", asked.description.as_deref());
    let planned_duration_hours = fields.number("planned_duration_hours", asked.planned_duration_hours, 1..=MOST_HOURS);
    if asked.parties.len() > MOST_PARTIES {
        fields.fault("parties", format!("must be at most {MOST_PARTIES}"));
    }
    let numbered = asked.parties.iter().enumerate();
    let parties = numbered.map(|(i, party)| party.checked(app, &mut fields, &format!("parties[{i}]."))).collect();
    fields.done()?;
    let room = Room {
        id: RoomId(app.new_id()),
        title,
        location,
        sts_eta: sts_eta.ok_or_else(|| Error::internal("a checked time is missing"))?,
        description,
        cargo_profile: asked.cargo_profile,
        status: RoomStatus::Active,
        phase: Phase::Nomination,
        created_at: app.now(),
        created_by: opener.to_owned(),
        planned_duration_hours,
        transfer_completed_at: None,
        closed_at: None,
    };
    Ok((room, parties))
}

/// A room that has not been deleted.
pub async fn in_use(tx: &mut Tx, room: RoomId) -> Result<Room> {
    let found = db::rooms::find(tx, room).await?;
    found.filter(|room| room.status == RoomStatus::Active).ok_or(Error::NotFound("room"))
}

/// A room in which there is work: neither deleted nor closed.
pub(super) async fn at_work(tx: &mut Tx, room: RoomId) -> Result<Room> {
    let room = in_use(tx, room).await?;
    if room.phase == Phase::Closed {
        return Err(Error::conflict(
            "the room is closed; a broker or an admin can take it back to `documents` with a reason",
        ));
    }
    Ok(room)
}

/// Changes a room; the log tells each field's old and new value.
pub async fn change(app: &App, by: &Actor, room: RoomId, asked: RoomChange) -> Result<Room> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        let before = at_work(tx, room).await?;
        let after = changed(&before, &asked)?;
        let changes = differences(&before, &after);
        if !changes.is_empty() {
            db::rooms::update(tx, &after).await?;
            log.append(tx, &Event::RoomUpdated { changes: changes.into() }).await?;
        }
        if after.cargo_profile != before.cargo_profile {
            slots::follow(tx, log, room, Cause::Cargo(before.cargo_profile)).await?;
        }
        Ok(after)
    })
    .await
}

fn changed(before: &Room, asked: &RoomChange) -> Result<Room> {
    let mut fields = Fields::default();
    let mut after = before.clone();
    if let Some(title) = &asked.title {
        after.title = fields.line("title", title);
    }
    if let Some(location) = &asked.location {
        after.location = fields.line("location", location);
    }
    if let Some(sts_eta) = &asked.sts_eta {
        after.sts_eta = fields.time("sts_eta", sts_eta).unwrap_or(before.sts_eta);
    }
    if let Some(description) = &asked.description {
        after.description = fields.optional_text("description", description.as_deref());
    }
    if let Some(cargo_profile) = asked.cargo_profile {
        after.cargo_profile = cargo_profile;
    }
    if let Some(hours) = asked.planned_duration_hours {
        after.planned_duration_hours = fields.number("planned_duration_hours", hours, 1..=MOST_HOURS);
    }
    fields.done()?;
    Ok(after)
}

fn differences(before: &Room, after: &Room) -> Map<String, Value> {
    let told = |room: &Room| {
        [
            ("title", json!(room.title)),
            ("location", json!(room.location)),
            ("sts_eta", json!(room.sts_eta)),
            ("description", json!(room.description)),
            ("cargo_profile", json!(room.cargo_profile)),
            ("planned_duration_hours", json!(room.planned_duration_hours)),
        ]
    };
    std::iter::zip(told(before), told(after))
        .filter(|((_, from), (_, to))| from != to)
        .map(|((field, from), (_, to))| (field.to_owned(), json!({ "from": from, "to": to })))
        .collect()
}

/// How a room is to be deleted.
#[derive(Debug, Clone, Default)]
pub struct Deletion {
    /// Delete its snapshots with it.
    pub force: bool,
    /// Why; required with `force`.
    pub reason: Option<String>,
}

/// Deletes a room: it leaves every list and answers as if it had never been, but for its log.
///
/// A room that holds snapshots or papers is deleted only by force and with a reason. Each snapshot leaves
/// its tombstone in the log, and its file is removed; the papers are kept, as the rules ask, and nobody
/// sees them any more.
pub async fn delete(app: &App, by: &Actor, room: RoomId, asked: Deletion) -> Result<()> {
    let mut fields = Fields::default();
    let reason = fields.optional_text("reason", asked.reason.as_deref());
    if asked.force && reason.is_none() {
        fields.fault("reason", "must be given with `force=true`; the log keeps it");
    }
    fields.done()?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        let mut found = in_use(tx, room).await?;
        let held = db::snapshots::all(tx, room).await?;
        let papers = db::document_versions::of_room(tx, room).await?.len();
        if held.len() + papers > 0 && !asked.force {
            return Err(Error::conflict(format!(
                "the room holds {} snapshots and {papers} papers; it goes only with `?force=true&reason=…`, \
                 its snapshots for good, its papers out of sight",
                held.len(),
            )));
        }
        for snapshot in &held {
            snapshots::remove(tx, log, snapshot).await?;
        }
        found.status = RoomStatus::Deleted;
        db::rooms::update(tx, &found).await?;
        let deleted = Event::RoomDeleted { title: found.title, snapshots: held.len(), reason };
        log.append(tx, &deleted).await
    })
    .await
}
