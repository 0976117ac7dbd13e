//! Rooms: opened by a broker or an admin, changed, deleted; the log stays.

use jiff::Timestamp;
use room::{
    CargoProfile, Deed, Event, Log, Party, PartyId, Phase, Room, RoomId, RoomStatus, Time,
    bounds::{Description, Instant, Line, MOST_PARTIES, NewParties, PlannedHours},
    clocks,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Actor, Change, Fields,
    confirmations::{self, Outcome, Word},
    holds,
    idempotency::Once,
    object::{differences, objects},
    operation::{OpenLog, confirm, operation},
    parties::{self, NewParty},
    sessions,
    slots::{self, Cause},
    snapshots,
};
use crate::{
    app::App,
    db::{self, Tx, confirmations::Request, holds::Hold},
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

/// How a room is to be deleted.
#[derive(Debug, Clone, Default)]
pub struct Deletion {
    /// Delete its snapshots with it.
    pub force: bool,
    /// Why; required with `force`.
    pub reason: Option<String>,
}

/// What the deletion of a room meets as things are.
#[derive(Debug)]
pub struct BeforeDeletion {
    /// Snapshots in it.
    pub snapshots: usize,
    /// Papers in it.
    pub papers: usize,
    /// A hold that forbids it.
    pub hold: Option<Hold>,
    /// Whether it takes two admins.
    pub takes_two: bool,
    /// That an admin has asked for it, where another may confirm it.
    pub request: Option<Request>,
}

impl BeforeDeletion {
    /// Looks, and changes nothing.
    pub async fn of(app: &App, room: RoomId) -> Result<Self> {
        let (now, retention_years) = (app.now(), app.config.retention_years);
        let read = async |tx: &mut Tx| {
            let found = in_use(tx, room).await?;
            let snapshots = db::snapshots::all(tx, room).await?.len();
            let asked = |request: &Request| request.deed == Deed::DeleteRoom && request.subject == room.0;
            Ok(Self {
                snapshots,
                papers: db::document_versions::of_room(tx, room).await?.len(),
                hold: holds::holding(tx, room, None).await?,
                takes_two: takes_two(&found, snapshots, retention_years, now),
                request: confirmations::open(tx, room, now).await?.into_iter().find(asked),
            })
        };
        app.db.read(read).await
    }

    /// Whether there is anything in the room that it takes force to delete.
    pub fn takes_force(&self) -> bool {
        self.snapshots + self.papers > 0
    }
}

fn takes_two(room: &Room, snapshots: usize, retention_years: u32, now: Time) -> bool {
    snapshots > 0 && clocks::is_retained(room, retention_years, now)
}

/// Deletes a room: it leaves every list and answers as if it had never been, but for its log.
///
/// A room that holds snapshots or papers is deleted only by force and with a reason. Each snapshot leaves
/// its tombstone in the log, and its file is removed; the papers are kept, as the rules ask, and nobody
/// sees them any more.
///
/// It is no way around what keeps a snapshot: nobody deletes a room that is under hold, or has a snapshot that is;
/// and where its snapshots are inside their retention it takes two admins, the second within a day of the first.
pub async fn delete(app: &App, by: &Actor, room: RoomId, asked: Deletion) -> Result<Outcome> {
    let mut fields = Fields::default();
    let reason = fields.optional_text("reason", asked.reason.as_deref());
    if asked.force && reason.is_none() {
        fields.fault("reason", "must be given with `force=true`; the log keeps it");
    }
    fields.done()?;
    let retention_years = app.config.retention_years;
    operation(app, Log::Room(room), by, async move |tx, log| {
        let mut found = in_use(tx, room).await?;
        holds::refuse_held(tx, room, None).await?;
        let contained = db::snapshots::all(tx, room).await?;
        let (snapshots, papers) = (contained.len(), db::document_versions::of_room(tx, room).await?.len());
        if snapshots + papers > 0 && !asked.force {
            return Err(Error::conflict(format!(
                "the room holds {snapshots} snapshots and {papers} papers; it goes only with `?force=true` and a \
                 `reason`, its snapshots for good, its papers out of sight",
            )));
        }
        sessions::ask_for_password(tx, log).await?;
        let asked_by = if takes_two(&found, snapshots, retention_years, log.now) {
            match confirmations::hear(tx, log, room, (Deed::DeleteRoom, room.0), reason.clone()).await? {
                Word::First(until) => {
                    let title = found.title;
                    log.append(tx, &Event::RoomDeletionAsked { title, snapshots, reason, until }).await?;
                    return Ok(Outcome::Asked(until));
                }
                Word::Second(request) => Some(request.asked_by),
            }
        } else {
            None
        };
        for snapshot in &contained {
            snapshots::remove(tx, log, snapshot, asked_by.clone()).await?;
        }
        db::confirmations::drop_old(tx, room, Time::LATEST).await?;
        found.status = RoomStatus::Deleted;
        db::rooms::update(tx, &found).await?;
        log.append(tx, &Event::RoomDeleted { title: found.title, snapshots, reason, asked_by }).await?;
        Ok(Outcome::Done(()))
    })
    .await
}
