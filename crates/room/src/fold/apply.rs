//! What each event makes of the state of a room.

use std::fmt::Debug;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{AdoptionPart, Part, Seen, State, Subject, Upload, Why};
use crate::{
    Event, Log, Party, PartyId, Phase, Role, Roles, Room, RoomStatus, Time, Vessel, VesselId,
    changes::{Change, changed},
    vessel::LoggedDetails,
};

/// Who did what an entry says, and when.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    pub(super) actor: &'a str,
    pub(super) at: Time,
}

/// Fails unless what an event repeats is what the entries before it lead to.
#[expect(clippy::needless_pass_by_value, reason = "most are made for the comparison")]
pub(super) fn same<T: PartialEq<U> + Debug, U: Debug>(what: &str, told: T, folded: U) -> Result<(), Why> {
    if told == folded {
        return Ok(());
    }
    Err(Why::Against(format!("{what} is {told:?} here, and was {folded:?}")))
}

/// Returns what an event is about, which has to be there.
pub(super) fn there<T>(found: Option<T>, what: &str, id: impl std::fmt::Display) -> Result<T, Why> {
    found.ok_or_else(|| Why::Against(format!("there is no {what} {id}")))
}

/// Returns why an event cannot be in this log.
pub(super) fn misplaced(event: &Event, place: &str) -> Why {
    let action = event.to_entry(crate::Envelope::default()).map(|(action, _)| action);
    Why::Against(format!("{} is no event of {place}", action.unwrap_or_default()))
}

impl Subject for State {
    type Part = Part;

    fn parts(&self) -> Vec<Part> {
        let uploads = self.documents.iter().flat_map(|(id, slot)| slot.uploads.iter().map(|upload| (*id, upload)));
        let versions = uploads.clone().map(|(document, upload)| Part::Version(document, upload.version.id));
        let stated = |upload: &Upload| !upload.version.counts() || upload.version.date_waived.is_some();
        let stated = uploads.clone().filter(move |(_, upload)| stated(upload));
        let statements = stated.map(|(document, upload)| Part::Statements(document, upload.version.id));
        let decisions = uploads.flat_map(|(document, upload)| {
            upload.decisions.iter().map(move |made| Part::Decision(document, upload.version.id, made.id))
        });
        std::iter::once(Part::Room)
            .chain(self.parties.keys().copied().map(Part::Party))
            .chain(self.vessels.keys().copied().map(Part::Vessel))
            .chain(self.documents.keys().copied().map(Part::Document))
            .chain(versions)
            .chain(statements)
            .chain(decisions)
            .chain(self.approvals.keys().copied().map(Part::Approval))
            .chain(self.snapshots.keys().copied().map(Part::Snapshot))
            .chain(self.holds.keys().copied().map(Part::Hold))
            .chain(self.requests.keys().copied().map(Part::Request))
            .collect()
    }

    fn begin(log: Log, first: Event, actor: &str, at: Time) -> Result<Self, Why> {
        let Event::RoomCreated { title, location, sts_eta, description, cargo_profile, planned_duration_hours } = first
        else {
            return Err(Why::Against("the log does not tell of the room before it".to_owned()));
        };
        let id = log.room().ok_or_else(|| Why::Against("the platform's log has no room".to_owned()))?;
        Ok(Self::of_new_room(Room {
            id,
            title,
            location,
            sts_eta,
            description,
            cargo_profile,
            status: RoomStatus::Active,
            phase: Phase::Nomination,
            created_at: at,
            created_by: actor.to_owned(),
            planned_duration_hours,
            transfer_completed_at: None,
            closed_at: None,
            retained_from: None,
        }))
    }

    fn is_of(&self, log: Log) -> bool {
        log == Log::Room(self.room.id)
    }

    fn adopted(AdoptionPart { part, of, state, state_sha256 }: AdoptionPart) -> Event {
        Event::RoomAdopted { part, of, state, state_sha256 }
    }

    fn part_in(event: &Event) -> Option<AdoptionPart> {
        let Event::RoomAdopted { part, of, state, state_sha256 } = event.clone() else { return None };
        Some(AdoptionPart { part, of, state, state_sha256 })
    }

    fn apply(&mut self, event: Event, actor: &str, at: Time) -> Result<Vec<Part>, Why> {
        let by = By { actor, at };
        match event {
            Event::RoomUpdated { changes } => {
                update_room(&mut self.room, &changes).map_err(Why::Against)?;
                Ok(vec![Part::Room])
            }
            Event::RoomDeleted { title, .. } => {
                same("the title", title, &*self.room.title)?;
                same("the number of snapshots that are left", self.snapshots.len(), 0)?;
                self.room.status = RoomStatus::Deleted;
                let requests = std::mem::take(&mut self.requests);
                Ok(requests.into_keys().map(Part::Request).chain([Part::Room]).collect())
            }
            Event::PartyAdded { party_id, role, name, email, company, side, roles } => {
                if !roles.is_empty()
                    && Roles::listed(&roles).is_none_or(|all| all.first() != role || !all.are_several())
                {
                    return Err(Why::Against(format!("the roles of {email} are not listed in their order")));
                }
                let (id, formerly) = (party_id, Vec::new());
                self.add_party(Party { id, role, roles, name, email, formerly, company, side, added_at: at })?;
                Ok(vec![Part::Party(party_id)])
            }
            Event::PartyRemoved { party_id, role, name, email } => {
                self.remove_party(party_id, role, &name, &email)?;
                Ok(vec![Part::Party(party_id)])
            }
            Event::PartyUpdated { party_id, email, changes } => {
                self.update_party(party_id, &email, &changes)?;
                Ok(vec![Part::Party(party_id)])
            }
            Event::PhaseChanged { from, to, at: happened, .. } => {
                self.enter(from, to, happened.unwrap_or(at), at)?;
                Ok(vec![Part::Room])
            }
            Event::VesselAdded { vessel_id, details } => {
                let vessel = Vessel { id: vessel_id, details, added_at: at };
                match self.vessels.insert(vessel_id, vessel) {
                    None => Ok(vec![Part::Vessel(vessel_id)]),
                    Some(_) => Err(Why::Against(format!("there is a vessel {vessel_id} already"))),
                }
            }
            Event::VesselUpdated { vessel_id, name, changes } => {
                let vessel = there(self.vessels.get_mut(&vessel_id), "vessel", vessel_id)?;
                LoggedDetails(vessel.details) =
                    changed(&LoggedDetails(vessel.details.clone()), &changes).map_err(Why::Against)?;
                same("the name", name, &*vessel.details.name)?;
                Ok(vec![Part::Vessel(vessel_id)])
            }
            Event::VesselRemoved { vessel_id, name, .. } => {
                self.remove_vessel(vessel_id, &name)?;
                Ok(vec![Part::Vessel(vessel_id)])
            }
            Event::DocumentDownloaded { document_id, version_id, .. }
            | Event::DocumentPreviewed { document_id, version_id, .. } => {
                there(self.upload(document_id, version_id), "version", version_id)?;
                self.note_seen(version_id.0, by);
                Ok(Vec::new())
            }
            Event::SnapshotDownloaded { snapshot_id, .. } | Event::SnapshotPreviewed { snapshot_id, .. } => {
                there(self.snapshots.get(&snapshot_id), "snapshot", snapshot_id)?;
                self.note_seen(snapshot_id.0, by);
                Ok(Vec::new())
            }
            // Nothing in the room changes by these.
            Event::AccessDenied { .. } | Event::LogExported { .. } | Event::RowsRepaired { .. } => Ok(Vec::new()),
            other => self.apply_to_documents(other, by),
        }
    }
}

fn update_room(room: &mut Room, changes: &Map<String, Value>) -> Result<(), String> {
    for change in Change::each(changes) {
        let change = change?;
        match change.field {
            "title" => change.of(&mut room.title)?,
            "location" => change.of(&mut room.location)?,
            "sts_eta" => change.of(&mut room.sts_eta)?,
            "description" => change.of(&mut room.description)?,
            "cargo_profile" => change.of(&mut room.cargo_profile)?,
            "planned_duration_hours" => change.of(&mut room.planned_duration_hours)?,
            _ => return Err(change.of_none()),
        }
    }
    Ok(())
}

fn update_party(party: &mut Party, changes: &Map<String, Value>) -> Result<(), String> {
    for change in Change::each(changes) {
        let change = change?;
        match change.field {
            "name" => change.of(&mut party.name)?,
            "email" => {
                let former = party.email.clone();
                change.of(&mut party.email)?;
                if party.email != former {
                    party.formerly.retain(|earlier| *earlier != party.email && *earlier != former);
                    party.formerly.push(former);
                }
            }
            "roles" => {
                let mut roles: Vec<_> = party.all_roles().iter().collect();
                change.of(&mut roles)?;
                let roles = Roles::listed(&roles).ok_or("the roles are not listed in their order")?;
                *party = party.clone().with_roles(roles);
            }
            "company" => change.of(&mut party.company)?,
            "side" => change.of(&mut party.side)?,
            _ => return Err(change.of_none()),
        }
    }
    Ok(())
}

impl State {
    fn add_party(&mut self, party: Party) -> Result<(), Why> {
        if self.parties.contains_key(&party.id) || self.parties.values().any(|other| other.email == party.email) {
            return Err(Why::Against(format!("{} is a party already", party.email)));
        }
        self.parties.insert(party.id, party);
        Ok(())
    }

    fn update_party(&mut self, id: PartyId, email: &str, changes: &Map<String, Value>) -> Result<(), Why> {
        let party = there(self.parties.get_mut(&id), "party", id)?;
        same("the address", email, &*party.email)?;
        update_party(party, changes).map_err(Why::Against)?;
        let address = party.email.clone();
        if self.parties.values().any(|other| other.id != id && other.email == address) {
            return Err(Why::Against(format!("{address} is a party already")));
        }
        Ok(())
    }

    fn remove_party(&mut self, id: PartyId, role: Role, name: &str, email: &str) -> Result<(), Why> {
        let party = there(self.parties.remove(&id), "party", id)?;
        same("the party", (role, name, email), (party.role, &*party.name, &*party.email))
    }

    fn enter(&mut self, from: Phase, to: Phase, happened: Time, at: Time) -> Result<(), Why> {
        same("the phase", from, self.room.phase)?;
        self.room.enter(to, happened, at);
        Ok(())
    }

    fn remove_vessel(&mut self, id: VesselId, name: &str) -> Result<(), Why> {
        let vessel = there(self.vessels.remove(&id), "vessel", id)?;
        same("the name", name, &*vessel.details.name)?;
        // Its slots were closed by an entry of their own; one with a paper in it keeps the vessel in the room.
        if self.documents.values().any(|slot| slot.document.vessel == Some(id)) {
            return Err(Why::Against(format!("{name} still has documents")));
        }
        if self.approvals.values().any(|approval| approval.vessel == id) {
            return Err(Why::Against(format!("{name} still has approvals")));
        }
        Ok(())
    }

    /// Notes that the actor has opened a file. What is kept of it does not grow with each time.
    fn note_seen(&mut self, file: Uuid, By { actor, at }: By<'_>) {
        let files = self.seen.entry(actor.to_owned()).or_default();
        let seen = files.entry(file).or_insert(Seen { first: at, last: at, times: 0 });
        seen.last = at;
        seen.times += 1;
    }
}
