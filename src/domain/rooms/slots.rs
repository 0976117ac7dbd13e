//! The slots of a room follow its cargo and its vessels: what the catalogue asks of them is open, and
//! what it no longer asks is closed where it is empty, and optional where it is not.

use std::collections::{BTreeMap, HashSet};

use room::{
    CargoProfile, Document, DocumentId, DocumentType, Event, Requirement, Room, RoomId, Scope, Vessel, VesselId,
    VesselRole,
};

use crate::{
    db::{self, Tx},
    domain::{log::OpenLog, rooms},
    error::Result,
    random,
};

/// What the catalogue asks of a room: a type, of the vessel or of the room.
struct Asked<'a> {
    kind: &'a DocumentType,
    vessel: Option<VesselId>,
    requirement: Requirement,
}

impl Asked<'_> {
    /// Whether it is the same type, of the same.
    fn is_of(&self, other: &Self) -> bool {
        self.vessel == other.vessel && self.kind.code == other.kind.code
    }
}

/// What has happened in a room that its slots follow.
pub enum Cause<'a> {
    /// It was opened.
    Opened,
    /// Its cargo was another before.
    Cargo(Option<CargoProfile>),
    /// This vessel was named.
    Named(VesselId),
    /// A vessel was this before.
    Changed(&'a Vessel),
}

/// Opens, closes and turns slots as far as `cause` changes what the room asks for; the log tells of each.
///
/// What was asked before is reckoned from the catalogue of today as well: so an edit of it, which
/// changes both, reaches no slot that is open.
pub async fn follow(tx: &mut Tx, log: &mut OpenLog, room: RoomId, cause: Cause<'_>) -> Result<()> {
    let room = rooms::in_use(tx, room).await?;
    let vessels = db::vessels::all(tx, room.id).await?;
    let types = db::document_types::all(tx).await?;
    let slots = db::documents::all(tx, room.id).await?;
    // A room from before there were documents has none, and then all of them are new to it.
    let before = if slots.is_empty() { Vec::new() } else { asked_before(&room, &vessels, &types, &cause) };
    let after = asked(&room, &vessels, &types);
    let filled = filled(tx, room.id).await?;

    let mut opened = Told::default();
    for new in after.iter().filter(|new| new.kind.enabled && !before.iter().any(|asked| asked.is_of(new))) {
        if !slots.iter().any(|slot| is_for(slot, new)) {
            db::documents::insert(tx, room.id, &opening(new, log)).await?;
            opened.entry(new.vessel).or_default().push(new.kind.code.clone());
        }
    }
    let mut closed = Told::default();
    for slot in &slots {
        let of = |asked: &[Asked<'_>]| asked.iter().find(|asked| is_for(slot, asked)).map(|asked| asked.requirement);
        let (was, is) = (of(&before), of(&after));
        if was == is {
            continue;
        }
        if is.is_none() && !filled.contains(&slot.id) {
            db::documents::delete(tx, slot.id).await?;
            closed.entry(slot.vessel).or_default().push(slot.document_type.clone());
        } else {
            turn(tx, log, slot, is.unwrap_or(Requirement::Optional)).await?;
        }
    }
    let name =
        |id: Option<VesselId>| vessels.iter().find(|vessel| Some(vessel.id) == id).map(|v| v.details.name.clone());
    for (vessel_id, document_types) in opened {
        log.append(tx, &Event::DocumentsOpened { vessel_id, vessel: name(vessel_id), document_types }).await?;
    }
    for (vessel_id, document_types) in closed {
        log.append(tx, &Event::DocumentsClosed { vessel_id, vessel: name(vessel_id), document_types }).await?;
    }
    Ok(())
}

/// Codes of types, by the vessel that they are asked of.
type Told = BTreeMap<Option<VesselId>, Vec<String>>;

/// What a room asked for before this happened.
fn asked_before<'a>(room: &Room, vessels: &[Vessel], types: &'a [DocumentType], cause: &Cause<'_>) -> Vec<Asked<'a>> {
    let (mut room, mut vessels) = (room.clone(), vessels.to_vec());
    match cause {
        Cause::Opened => return Vec::new(),
        Cause::Cargo(before) => room.cargo_profile = *before,
        Cause::Named(new) => vessels.retain(|vessel| vessel.id != *new),
        Cause::Changed(before) => {
            for vessel in vessels.iter_mut().filter(|vessel| vessel.id == before.id) {
                *vessel = (*before).clone();
            }
        }
    }
    asked(&room, &vessels, types)
}

/// What the catalogue asks of a room, of vessels that were withdrawn too: they may come back.
fn asked<'a>(room: &Room, vessels: &[Vessel], types: &'a [DocumentType]) -> Vec<Asked<'a>> {
    let fitting = types.iter().filter(|kind| kind.fits(room.cargo_profile));
    let mut asked = Vec::new();
    for kind in fitting {
        if kind.scope == Scope::Room {
            asked.push(Asked { kind, vessel: None, requirement: kind.requirement });
            continue;
        }
        for vessel in vessels {
            // A vessel that serves the operation may show its papers; nothing waits for them.
            let serves = vessel.details.role == VesselRole::Other;
            let requirement = if serves { Requirement::Optional } else { kind.requirement };
            asked.push(Asked { kind, vessel: Some(vessel.id), requirement });
        }
    }
    asked
}

fn is_for(slot: &Document, asked: &Asked<'_>) -> bool {
    slot.vessel == asked.vessel && slot.document_type == asked.kind.code
}

fn opening(asked: &Asked<'_>, log: &OpenLog) -> Document {
    let DocumentType { code, position, name, category, criticality, validity_days, warn_days, gate, .. } =
        asked.kind.clone();
    Document {
        id: DocumentId(random::new_uuid()),
        vessel: asked.vessel,
        document_type: code,
        position,
        name,
        category,
        requirement: asked.requirement,
        criticality,
        validity_days,
        warn_days,
        gate,
        waiver: None,
        opened_at: log.now,
    }
}

async fn turn(tx: &mut Tx, log: &mut OpenLog, slot: &Document, to: Requirement) -> Result<()> {
    if slot.requirement == to {
        return Ok(());
    }
    db::documents::set_requirement(tx, slot.id, to).await?;
    let turned = Event::DocumentRequirementChanged {
        document_id: slot.id,
        document_type: slot.document_type.clone(),
        from: slot.requirement,
        to,
    };
    log.append(tx, &turned).await
}

/// The documents of a room to which something was uploaded.
async fn filled(tx: &mut Tx, room: RoomId) -> Result<HashSet<DocumentId>> {
    Ok(db::document_versions::of_room(tx, room).await?.into_iter().map(|version| version.document).collect())
}

/// Whether anything was uploaded for a vessel.
pub async fn hold_versions(tx: &mut Tx, room: RoomId, vessel: VesselId) -> Result<bool> {
    let filled = filled(tx, room).await?;
    let slots = db::documents::all(tx, room).await?;
    Ok(slots.iter().any(|slot| slot.vessel == Some(vessel) && filled.contains(&slot.id)))
}

/// Closes the slots of a vessel, which are all empty.
pub async fn close_all_of(tx: &mut Tx, log: &mut OpenLog, room: RoomId, vessel: &Vessel) -> Result<()> {
    let mut document_types = Vec::new();
    for slot in db::documents::all(tx, room).await? {
        if slot.vessel == Some(vessel.id) {
            db::documents::delete(tx, slot.id).await?;
            document_types.push(slot.document_type);
        }
    }
    let (vessel_id, vessel) = (Some(vessel.id), Some(vessel.details.name.clone()));
    log.append(tx, &Event::DocumentsClosed { vessel_id, vessel, document_types }).await
}
