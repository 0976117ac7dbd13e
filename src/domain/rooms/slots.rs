//! The slots of a room, which follow its cargo and its vessels: what the catalogue asks of them is opened, and what it
//! no longer asks is closed if it is empty, or becomes optional if something was uploaded.

use std::collections::{BTreeMap, HashSet};

use room::{
    CargoProfile, Content, Document, DocumentId, DocumentType, Event, OpenedSlot, Requirement, Room, Scope, Vessel,
    VesselId, VesselRole, fold::PlatformState,
};

use crate::{
    db::Tx,
    domain::{log::OpenLog, rooms},
    error::Result,
    random,
};

/// A slot that the catalogue asks for: a type, for a vessel or for the room.
struct WantedSlot<'a> {
    kind: &'a DocumentType,
    vessel: Option<VesselId>,
    requirement: Requirement,
}

impl WantedSlot<'_> {
    /// Returns whether the other one is for the same type and the same vessel, whatever its requirement.
    fn is_same_slot(&self, other: &Self) -> bool {
        self.vessel == other.vessel && self.kind.code == other.kind.code
    }
}

/// A change of a room that its slots have to follow. It is stored already; the cause has what was there before.
pub enum Cause<'a> {
    /// The room was opened.
    Opened,
    /// The cargo profile was changed; this is the one before.
    Cargo(Option<CargoProfile>),
    /// This vessel was named in the room.
    Named(VesselId),
    /// A vessel was changed; this is the vessel before.
    Changed(&'a Vessel),
}

/// Opens and closes slots and changes their requirements, as far as `cause` changes what the room is asked for, and
/// logs each change.
pub async fn follow(tx: &mut Tx, log: &mut OpenLog, cause: Cause<'_>) -> Result<()> {
    let types = log.of_platform(tx, PlatformState::catalogue).await?;
    let Content { room, vessels, slots, versions, .. } = Content::from(rooms::in_use_by(log)?);
    let filled: HashSet<_> = versions.into_iter().map(|version| version.document).collect();
    // Only the difference between what is wanted before and after the cause is applied to the slots. Both are computed
    // with today's catalogue: an admin's edit of it then cancels out, and no open slot changes because of it when, say,
    // another vessel is named.
    //
    // A room from before there were documents has no slots, although the catalogue asks for some: all are new to it.
    let before = if slots.is_empty() { Vec::new() } else { wanted_before(&room, &vessels, &types, &cause) };
    let after = wanted(&room, &vessels, &types);

    // A disabled type is left out here only: it opens no new slots, and its open ones go on as before.
    let mut opened: BTreeMap<Option<VesselId>, Vec<OpenedSlot>> = BTreeMap::new();
    for new in after.iter().filter(|new| new.kind.enabled && !before.iter().any(|wanted| wanted.is_same_slot(new))) {
        // It may be there although it was not wanted before: as an optional one, since something was uploaded.
        if !slots.iter().any(|slot| is_for(slot, new)) {
            opened.entry(new.vessel).or_default().push(opened_slot(new));
        }
    }
    let mut closed = CodesByVessel::default();
    for slot in &slots {
        let requirement_in = |wanted: &[WantedSlot<'_>]| {
            wanted.iter().find(|wanted| is_for(slot, wanted)).map(|wanted| wanted.requirement)
        };
        let (was, is) = (requirement_in(&before), requirement_in(&after));
        if was == is {
            continue;
        }
        // What was uploaded is evidence, and is kept: such a slot becomes optional, and blocks nothing any more.
        if is.is_none() && !filled.contains(&slot.id) {
            closed.entry(slot.vessel).or_default().push(slot.document_type.clone());
        } else {
            set_requirement(tx, log, slot, is.unwrap_or(Requirement::Optional)).await?;
        }
    }
    // One entry for each vessel rather than for each slot: a new vessel opens dozens.
    let name =
        |id: Option<VesselId>| vessels.iter().find(|vessel| Some(vessel.id) == id).map(|v| v.details.name.clone());
    for (vessel_id, slots) in opened {
        let document_types = slots.iter().map(|slot| slot.document_type.clone()).collect();
        log.append(tx, &Event::DocumentsOpened { vessel_id, vessel: name(vessel_id), document_types, slots }).await?;
    }
    for (vessel_id, document_types) in closed {
        log.append(tx, &Event::DocumentsClosed { vessel_id, vessel: name(vessel_id), document_types }).await?;
    }
    Ok(())
}

/// Codes of document types by vessel, or by `None` for the room's own.
type CodesByVessel = BTreeMap<Option<VesselId>, Vec<String>>;

/// Returns the slots that today's catalogue would have asked for before the cause, by undoing it on a copy.
fn wanted_before<'a>(
    room: &Room,
    vessels: &[Vessel],
    types: &'a [DocumentType],
    cause: &Cause<'_>,
) -> Vec<WantedSlot<'a>> {
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
    wanted(&room, &vessels, types)
}

/// Returns the slots that the catalogue asks for. Those of vessels that were withdrawn are among them, since a vessel
/// may come back.
fn wanted<'a>(room: &Room, vessels: &[Vessel], types: &'a [DocumentType]) -> Vec<WantedSlot<'a>> {
    let fitting = types.iter().filter(|kind| kind.fits(room.cargo_profile));
    let mut wanted = Vec::new();
    for kind in fitting {
        if kind.scope == Scope::Room {
            wanted.push(WantedSlot { kind, vessel: None, requirement: kind.requirement });
            continue;
        }
        for vessel in vessels {
            // A vessel that only serves the STS operation may have documents, and nothing waits for them.
            let serves = vessel.details.role == VesselRole::Other;
            let requirement = if serves { Requirement::Optional } else { kind.requirement };
            wanted.push(WantedSlot { kind, vessel: Some(vessel.id), requirement });
        }
    }
    wanted
}

fn is_for(slot: &Document, wanted: &WantedSlot<'_>) -> bool {
    slot.vessel == wanted.vessel && slot.document_type == wanted.kind.code
}

fn opened_slot(wanted: &WantedSlot<'_>) -> OpenedSlot {
    let DocumentType {
        code, position, name, category, criticality, validity_days, warn_days, gate, must_approve, ..
    } = wanted.kind.clone();
    OpenedSlot {
        document_id: DocumentId(random::new_uuid()),
        document_type: code,
        position,
        name,
        category,
        requirement: wanted.requirement,
        criticality,
        validity_days,
        warn_days,
        gate,
        must_approve,
    }
}

async fn set_requirement(tx: &mut Tx, log: &mut OpenLog, slot: &Document, to: Requirement) -> Result<()> {
    if slot.requirement == to {
        return Ok(());
    }
    let changed = Event::DocumentRequirementChanged {
        document_id: slot.id,
        document_type: slot.document_type.clone(),
        from: slot.requirement,
        to,
    };
    log.append(tx, &changed).await
}

/// Closes all slots of a vessel. The caller has made sure that they are empty.
pub async fn close_all_of(tx: &mut Tx, log: &mut OpenLog, vessel: &Vessel) -> Result<()> {
    let slots = log.room()?.documents.values().map(|slot| &slot.document);
    let of_vessel = slots.filter(|slot| slot.vessel == Some(vessel.id));
    let document_types = of_vessel.map(|slot| slot.document_type.clone()).collect();
    let (vessel_id, vessel) = (Some(vessel.id), Some(vessel.details.name.clone()));
    log.append(tx, &Event::DocumentsClosed { vessel_id, vessel, document_types }).await
}
