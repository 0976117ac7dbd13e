//! A room's own details: opening a room, and changing its title, location, ETA, cargo and duration.

use jiff::Timestamp;
use room::{
    CargoProfile, Event, Log, Party, PartyId, Phase, Room, RoomId, RoomStatus, Time, address,
    bounds::{Description, Instant, Line, MOST_PARTIES, NewParties, PlannedHours},
    changes::differences,
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{
    invitations,
    parties::{self, NewParty},
    slots::{self, Cause},
};
use crate::{
    app::App,
    db::Tx,
    domain::{
        input::{Change, Fields, Tag, objects},
        log::{Actor, Edited, Once, OpenLog, confirm, of_room, operation, refuse_overtaken, unlocked},
        rooms::at_work_by,
    },
    error::{Error, Result},
};

/// How long an STS operation is planned to take if no duration is given, in hours.
const USUAL_HOURS: i64 = 48;

/// A room that is to be opened.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoom {
    /// The room's title, 1 to 255 characters.
    #[schema(value_type = Line, example = "STS Ceuta, Aegean Star / Northern Light")]
    pub title: String,
    /// Where the vessels meet, in words.
    #[schema(value_type = Line, example = "Off Ceuta, 35°55'N 005°10'W")]
    pub location: String,
    /// Estimated time of arrival there, with an offset or `Z`.
    #[schema(value_type = Instant, example = "2026-12-01T06:30:00Z")]
    pub sts_eta: String,
    /// A description, in free text.
    #[serde(default)]
    #[schema(value_type = Option<Description>)]
    pub description: Option<String>,
    /// The kind of cargo, which decides which documents the room needs.
    #[serde(default)]
    pub cargo_profile: Option<CargoProfile>,
    /// How long the STS operation is planned to take, in hours; documents have to be valid to its end.
    #[serde(default = "usual_hours")]
    #[schema(value_type = PlannedHours, default = 48)]
    pub planned_duration_hours: i64,
    /// Has to be `true` if the ETA is in the past, to say that this is meant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirm_past_eta: bool,
    /// The parties, besides the user who opens the room; each address once. Who opens it may be listed with their own role,
    /// and others beside it.
    #[serde(default, deserialize_with = "objects")]
    #[schema(value_type = NewParties)]
    pub parties: Vec<NewParty>,
}

fn usual_hours() -> i64 {
    USUAL_HOURS
}

/// The part of a room that can be changed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoomDetails {
    /// The room's title, 1 to 255 characters.
    #[schema(value_type = Line)]
    pub title: String,
    /// Where the vessels meet, in words.
    #[schema(value_type = Line)]
    pub location: String,
    /// Estimated time of arrival there, with an offset or `Z`.
    #[schema(value_type = Instant)]
    pub sts_eta: String,
    /// A description, in free text.
    #[serde(default)]
    #[schema(value_type = Option<Description>)]
    pub description: Option<String>,
    /// The kind of cargo; the documents that the room needs change with it.
    #[serde(default)]
    pub cargo_profile: Option<CargoProfile>,
    /// How long the STS operation is planned to take, in hours; documents have to be valid to its end.
    #[serde(default = "usual_hours")]
    #[schema(value_type = PlannedHours, default = 48)]
    pub planned_duration_hours: i64,
    /// Has to be `true` if the ETA is changed to one in the past, to say that this is meant; it is no detail of the room.
    #[serde(default, deserialize_with = "null_is_false", skip_serializing_if = "std::ops::Not::not")]
    pub confirm_past_eta: bool,
}

/// In a change, a field that is `null` is as if it were not there.
fn null_is_false<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<bool, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl From<&NewRoom> for RoomDetails {
    fn from(request: &NewRoom) -> Self {
        let NewRoom {
            title,
            location,
            sts_eta,
            description,
            cargo_profile,
            planned_duration_hours,
            confirm_past_eta,
            ..
        } = request.clone();
        Self { title, location, sts_eta, description, cargo_profile, planned_duration_hours, confirm_past_eta }
    }
}

impl From<&Room> for RoomDetails {
    fn from(room: &Room) -> Self {
        Self {
            title: room.title.clone(),
            location: room.location.clone(),
            sts_eta: Timestamp::from(room.sts_eta).to_string(),
            description: room.description.clone(),
            cargo_profile: room.cargo_profile,
            planned_duration_hours: room.planned_duration_hours,
            confirm_past_eta: false,
        }
    }
}

impl RoomDetails {
    /// Returns the room with these details. Notes in `fields` what is not acceptable at the instant `now`.
    fn checked(&self, fields: &mut Fields, room: Room, now: Time) -> Room {
        let eta_before = room.sts_eta;
        let checked = Room {
            title: fields.line("title", &self.title),
            location: fields.line("location", &self.location),
            sts_eta: fields.time("sts_eta", &self.sts_eta).unwrap_or(room.sts_eta),
            description: fields.description("description", self.description.as_deref(), room.description.as_deref()),
            cargo_profile: self.cargo_profile,
            planned_duration_hours: fields.number(
                "planned_duration_hours",
                self.planned_duration_hours,
                PlannedHours::BOUNDS,
            ),
            ..room
        };
        // Asked about, not refused: a room may be opened after the fact, to keep its papers.
        if checked.sts_eta != eta_before && checked.sts_eta < now && !self.confirm_past_eta {
            fields.fault("sts_eta", "is in the past");
            fields.fault("confirm_past_eta", "must be `true` if the ETA in the past is meant");
        }
        checked
    }
}

/// Opens a room. The user who opens it becomes a party with the role of their account.
pub async fn open(app: &App, by: &Actor, request: NewRoom, once: Option<Once>) -> Result<Room> {
    let Actor::User { email, name, role, .. } = by.clone() else {
        return Err(Error::internal("a room is opened by a user"));
    };
    let opener = Party {
        id: PartyId(app.new_id()),
        role,
        roles: Vec::new(),
        name,
        email,
        formerly: Vec::new(),
        company: None,
        side: None,
        added_at: app.now(),
    };
    let (room, listed) = checked(app, &request, &opener)?;

    let (in_tx, by) = (app.clone(), by.clone());
    // Not an `operation`: the room has no log before a repetition is ruled out, and the platform's is not locked, since
    // rooms must not wait for each other. The role that counts here is that of the account.
    unlocked(app, &by.clone(), async move |tx, account| {
        if let Some(once) = &once
            && let Some(made) = once.claim(tx, &by, &request, room.id.0, room.created_at).await?
        {
            return made_before(tx, &in_tx, RoomId(made), &by).await;
        }
        let mut log = OpenLog::lock(tx, &in_tx, Log::Room(room.id), &by).await?;
        let room = Room { created_at: log.now, ..room };
        let created = Event::RoomCreated {
            title: room.title.clone(),
            location: room.location.clone(),
            sts_eta: room.sts_eta,
            description: room.description.clone(),
            cargo_profile: room.cargo_profile,
            planned_duration_hours: room.planned_duration_hours,
        };
        log.append(tx, &created).await?;
        let mut parties = vec![Party { name: account.name.clone(), ..opener }];
        for (party, typed) in listed.into_iter().zip(&request.parties) {
            // Who opens a room may list themselves, to say for whom they act.
            if address::are_one(&party.email, &parties[0].email) {
                let Party { role, roles, company, side, .. } = party;
                parties[0] = Party { role, roles, company, side, ..parties[0].clone() };
            } else {
                parties.push(parties::as_known(tx, &log, party, &typed.email).await?);
            }
        }
        for party in &mut parties {
            party.added_at = log.now;
            log.append(tx, &parties::added(party)).await?;
        }
        slots::follow(tx, &mut log, Cause::Opened).await?;
        for party in &parties[1..] {
            invitations::welcome(tx, &log, party).await?;
        }
        Ok(room)
    })
    .await
}

/// Returns the room that the same request has opened before.
async fn made_before(tx: &mut Tx, app: &App, room: RoomId, by: &Actor) -> Result<Room> {
    // The user may have been removed from the room since, and must not be shown it by a repetition.
    confirm(tx, app, room, by).await?;
    let made = of_room(tx, app, room, |state| state.room.clone()).await?;
    let is_there = made.status == RoomStatus::Active;
    if is_there { Ok(made) } else { Err(Once::says_gone(Error::NotFound("room"))) }
}

fn checked(app: &App, request: &NewRoom, opener: &Party) -> Result<(Room, Vec<Party>)> {
    let now = app.now();
    let new = Room {
        id: RoomId(app.new_id()),
        title: String::new(),
        location: String::new(),
        sts_eta: now,
        description: None,
        cargo_profile: None,
        status: RoomStatus::Active,
        phase: Phase::Nomination,
        created_at: now,
        created_by: opener.email.clone(),
        planned_duration_hours: USUAL_HOURS,
        transfer_completed_at: None,
        closed_at: None,
        retained_from: None,
    };
    let mut fields = Fields::default();
    let room = RoomDetails::from(request).checked(&mut fields, new, now);
    if request.parties.len() > MOST_PARTIES {
        fields.fault("parties", format!("must be at most {MOST_PARTIES}"));
    }
    let numbered = request.parties.iter().enumerate();
    let parties: Vec<_> =
        numbered.map(|(i, party)| party.checked(app, &mut fields, &format!("parties[{i}]."))).collect();
    refuse_repeated(&mut fields, opener, &parties);
    fields.done()?;
    Ok((room, parties))
}

/// Returns the tag of a room, which changes with its details.
pub fn tag(room: &Room) -> Tag {
    Tag::of_edited(&RoomDetails::from(room))
}

/// Notes who is listed twice, in whatever spelling: a person is a party once, with all their roles.
fn refuse_repeated(fields: &mut Fields, opener: &Party, parties: &[Party]) {
    for (i, party) in parties.iter().enumerate().filter(|(_, party)| !party.email.is_empty()) {
        let field = format!("parties[{i}].email");
        if let Some(words) = parties::listed_before(parties, i) {
            fields.fault(&field, words);
        } else if address::are_one(&party.email, &opener.email) && !party.all_roles().contains(opener.role) {
            fields.fault(&field, format!("is your own: you become a party as {}", opener.role));
        }
    }
}

/// Changes a room, and logs the old and the new value of each field.
pub async fn change(app: &App, by: &Actor, room: RoomId, request: Change<RoomDetails>) -> Result<Room> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        let before = at_work_by(log)?.room.clone();
        let present = RoomDetails::from(&before);
        refuse_overtaken(tx, log, Edited::Room, &present, (request.basis(), request.given())).await?;
        let mut fields = Fields::default();
        let after = request.apply_to(&present)?.checked(&mut fields, before.clone(), log.now);
        fields.done()?;
        if after == before {
            return Ok(after);
        }
        let changes = differences(&present, &RoomDetails::from(&after));
        log.append(tx, &Event::RoomUpdated { changes }).await?;
        if after.cargo_profile != before.cargo_profile {
            slots::follow(tx, log, Cause::Cargo(before.cargo_profile)).await?;
        }
        Ok(after)
    })
    .await
}
