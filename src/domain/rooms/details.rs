//! Rooms: opened by a broker or an admin, changed, deleted; the log stays.

use jiff::Timestamp;
use room::{
    CargoProfile, Event, Log, Party, PartyId, Phase, Room, RoomId, RoomStatus,
    bounds::{Description, Instant, Line, MOST_PARTIES, NewParties, PlannedHours},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    parties::{self, NewParty},
    slots::{self, Cause},
};
use crate::{
    app::App,
    db::{self},
    domain::{
        input::{Change, Fields, differences, objects},
        log::{Actor, Once, OpenLog, confirm, operation},
        rooms::{at_work, in_use},
    },
    error::{Error, Result},
};

/// Hours that an operation is planned to take where nobody says otherwise.
const USUAL_HOURS: i64 = 48;

/// A room to open.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoom {
    /// Title, 1 to 255 characters.
    #[schema(value_type = Line, example = "STS Ceuta, Aegean Star / Northern Light")]
    pub title: String,
    /// Where the vessels meet, in words.
    #[schema(value_type = Line, example = "Off Ceuta, 35°55'N 005°10'W")]
    pub location: String,
    /// Estimated time of arrival there, with an offset or `Z`.
    #[schema(value_type = Instant, example = "2026-12-01T06:30:00Z")]
    pub sts_eta: String,
    /// Free text.
    #[serde(default)]
    #[schema(value_type = Option<Description>)]
    pub description: Option<String>,
    /// What is transferred; decides which documents are asked for.
    #[serde(default)]
    pub cargo_profile: Option<CargoProfile>,
    /// How long the operation is planned to take, in hours: its documents have to outlast it.
    #[serde(default = "usual_hours")]
    #[schema(value_type = PlannedHours, default = 48)]
    pub planned_duration_hours: i64,
    /// Who takes part, besides who opens the room; an address listed twice counts once.
    #[serde(default, deserialize_with = "objects")]
    #[schema(value_type = NewParties)]
    pub parties: Vec<NewParty>,
}

fn usual_hours() -> i64 {
    USUAL_HOURS
}

/// What of a room can change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoomDetails {
    /// Title, 1 to 255 characters.
    #[schema(value_type = Line)]
    pub title: String,
    /// Where the vessels meet, in words.
    #[schema(value_type = Line)]
    pub location: String,
    /// Estimated time of arrival there, with an offset or `Z`.
    #[schema(value_type = Instant)]
    pub sts_eta: String,
    /// Free text.
    #[serde(default)]
    #[schema(value_type = Option<Description>)]
    pub description: Option<String>,
    /// What is transferred; documents follow.
    #[serde(default)]
    pub cargo_profile: Option<CargoProfile>,
    /// How long the operation is planned to take, in hours: its documents have to outlast it.
    #[serde(default = "usual_hours")]
    #[schema(value_type = PlannedHours, default = 48)]
    pub planned_duration_hours: i64,
}

impl From<&NewRoom> for RoomDetails {
    fn from(asked: &NewRoom) -> Self {
        let NewRoom { title, location, sts_eta, description, cargo_profile, planned_duration_hours, .. } =
            asked.clone();
        Self { title, location, sts_eta, description, cargo_profile, planned_duration_hours }
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
        }
    }
}

impl RoomDetails {
    /// The room with these details; what is not acceptable is noted.
    fn checked(&self, fields: &mut Fields, room: Room) -> Room {
        Room {
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
        }
    }
}

/// Opens a room; who opens it becomes a party with their own role.
pub async fn open(app: &App, by: &Actor, asked: NewRoom, once: Option<Once>) -> Result<Room> {
    let Actor::User { email, name, role, .. } = by.clone() else {
        return Err(Error::internal("a room is opened by a user"));
    };
    let opener = Party { id: PartyId(app.new_id()), role, name, email, company: None, side: None, added_at: app.now() };
    let (room, listed) = checked(app, &asked, &opener.email)?;

    let (app, by) = (app.clone(), by.clone());
    app.db
        .clone()
        .write(async move |tx| {
            confirm(tx, Log::Platform, &by, room.created_at).await?;
            if let Some(once) = &once
                && let Some(made) = once.claim(tx, &by, &asked, room.id.0, room.created_at).await?
            {
                confirm(tx, Log::Room(RoomId(made)), &by, room.created_at).await?;
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
            let mut parties = vec![opener];
            for (party, typed) in listed.into_iter().zip(&asked.parties) {
                parties.push(parties::as_known(tx, party, &typed.email).await?);
            }
            for party in &parties {
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
        created_by: opener.to_owned(),
        planned_duration_hours: USUAL_HOURS,
        transfer_completed_at: None,
        closed_at: None,
        retained_from: None,
    };
    let mut fields = Fields::default();
    let room = RoomDetails::from(asked).checked(&mut fields, new);
    if asked.parties.len() > MOST_PARTIES {
        fields.fault("parties", format!("must be at most {MOST_PARTIES}"));
    }
    let numbered = asked.parties.iter().enumerate();
    let parties = numbered.map(|(i, party)| party.checked(app, &mut fields, &format!("parties[{i}]."))).collect();
    fields.done()?;
    Ok((room, parties))
}

/// Changes a room; the log tells each field's old and new value.
pub async fn change(app: &App, by: &Actor, room: RoomId, asked: Change<RoomDetails>) -> Result<Room> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        let before = at_work(tx, room).await?;
        let mut fields = Fields::default();
        let after = asked.of(&RoomDetails::from(&before))?.checked(&mut fields, before.clone());
        fields.done()?;
        if after == before {
            return Ok(after);
        }
        db::rooms::update(tx, &after).await?;
        let changes = differences(&RoomDetails::from(&before), &RoomDetails::from(&after)).into();
        log.append(tx, &Event::RoomUpdated { changes }).await?;
        if after.cargo_profile != before.cargo_profile {
            slots::follow(tx, log, room, Cause::Cargo(before.cargo_profile)).await?;
        }
        Ok(after)
    })
    .await
}
