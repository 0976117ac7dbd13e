//! The vessels of a room: naming, changing, withdrawing and removing them.

use std::collections::BTreeMap;

use room::{
    Event, Log, RoomId, Vessel, VesselDetails, VesselId,
    bounds::{Beam, Draught, Length, Tonnage, YearBuilt},
    fold::{Slot, State},
    imo, vessel,
};
use serde_json::Map;

use super::slots::{self, Cause};
use crate::{
    app::App,
    db::{self, Tx},
    domain::{
        input::{Basis, Change, Fields, Tag},
        log::{Actor, Edited, Once, OpenLog, operation, refuse_overtaken},
        rooms,
    },
    error::{Error, Result},
};

/// The most vessels that a room may have: an STS operation has two, and a few that serve it.
const MOST_VESSELS: usize = 12;

/// Checks the details field by field, and returns them as they are stored. `stored` are those that are stored now.
fn checked(given: VesselDetails, stored: Option<&VesselDetails>) -> Result<VesselDetails> {
    let mut fields = Fields::default();
    let has_number = given.imo_number.is_some();
    // What is stored is not checked again: it may be from a time when placeholders were taken and texts could be longer,
    // and would then stand in the way of every other change.
    let imo_number = match given.imo_number {
        same if stored.is_some_and(|stored| stored.imo_number == same) => same,
        given => given
            .and_then(|number| imo::parse(&number).map_err(|wrong| fields.fault("imo_number", wrong.message())).ok()),
    };
    let no_imo_reason = match given.no_imo_reason.as_deref() {
        same if same == stored.and_then(|stored| stored.no_imo_reason.as_deref()) => same.map(ToOwned::to_owned),
        given => fields.optional_text("no_imo_reason", given),
    };
    match (has_number, &no_imo_reason) {
        (false, None) => fields.fault(
            "imo_number",
            "must be given; for a unit that has none, such as a barge, give `no_imo_reason` instead",
        ),
        (true, Some(_)) => fields.fault("no_imo_reason", "must be left out where there is an IMO number"),
        _ => {}
    }
    for (field, given, most) in [
        ("length_m", given.length_m, Length::MOST),
        ("beam_m", given.beam_m, Beam::MOST),
        ("draught_m", given.draught_m, Draught::MOST),
    ] {
        // The negation refuses NaN too, for which every comparison is false.
        if given.is_some_and(|metres| !(metres > 0.0 && metres <= most)) {
            fields.fault(field, format!("must be more than 0 and at most {most} metres"));
        }
    }
    for (field, given, bounds) in [
        ("gross_tonnage", given.gross_tonnage, Tonnage::BOUNDS),
        ("deadweight_t", given.deadweight_t, Tonnage::BOUNDS),
        ("year_built", given.year_built, YearBuilt::BOUNDS),
    ] {
        given.map(|given| fields.number(field, given, bounds));
    }
    let details = VesselDetails {
        name: fields.line("name", &given.name),
        imo_number,
        no_imo_reason,
        vessel_type: fields.optional_line("vessel_type", given.vessel_type.as_deref()),
        flag: fields.optional_line("flag", given.flag.as_deref()),
        owner: fields.optional_line("owner", given.owner.as_deref()),
        charterer: fields.optional_line("charterer", given.charterer.as_deref()),
        class_society: fields.optional_line("class_society", given.class_society.as_deref()),
        ..given
    };
    fields.done()?;
    Ok(details)
}

/// Names a vessel in a room, and opens the slots of its documents.
pub async fn add(app: &App, by: &Actor, room: RoomId, request: VesselDetails, once: Option<Once>) -> Result<Vessel> {
    let vessel = Vessel { id: VesselId(app.new_id()), details: checked(request.clone(), None)?, added_at: app.now() };
    operation(app, Log::Room(room), by, async move |tx, log| {
        rooms::at_work_by(log)?;
        if let Some(once) = &once
            && let Some(made) = once.claim(tx, log.by(), &request, vessel.id.0, log.clock()).await?
        {
            let made = log.room()?.vessels.get(&VesselId(made)).cloned();
            return made.ok_or_else(|| Once::says_gone(Error::NotFound("vessel")));
        }
        let others = &log.room()?.vessels;
        if others.len() >= MOST_VESSELS {
            return Err(Error::conflict(format!("a room has at most {MOST_VESSELS} vessels")));
        }
        let vessel = Vessel { added_at: log.now, ..vessel };
        refuse_taken_number(others, &vessel)?;
        log.append(tx, &Event::VesselAdded { vessel_id: vessel.id, details: vessel.details.clone() }).await?;
        slots::follow(tx, log, Cause::Named(vessel.id)).await?;
        Ok(vessel)
    })
    .await
}

/// Returns the vessel with this id if it is one of this room.
pub async fn find(tx: &mut Tx, room: RoomId, vessel: VesselId) -> Result<Vessel> {
    db::vessels::find(tx, room, vessel).await?.ok_or(Error::NotFound("vessel"))
}

/// Returns the tag of a vessel, which changes with its details.
pub fn tag(vessel: &Vessel) -> Tag {
    Tag::of_edited(&vessel.details)
}

/// Changes a vessel, and logs the old and the new value of each field.
pub async fn change(
    app: &App,
    by: &Actor,
    room: RoomId,
    id: VesselId,
    request: Change<VesselDetails>,
) -> Result<Vessel> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        let before = rooms::at_work_by(log)?.vessels.get(&id).cloned().ok_or(Error::NotFound("vessel"))?;
        let basis = (request.basis(), request.given());
        refuse_overtaken(tx, log, Edited::Vessel(id), &before.details, basis).await?;
        let details = checked(request.apply_to(&before.details)?, Some(&before.details))?;
        let after = Vessel { details, ..before.clone() };
        if after == before {
            return Ok(after);
        }
        if after.details.imo_number != before.details.imo_number {
            refuse_another_ship(log, &after)?;
        }
        let changes = vessel::changes(&before.details, &after.details);
        log.append(tx, &Event::VesselUpdated { vessel_id: id, name: after.details.name.clone(), changes }).await?;
        slots::follow(tx, log, Cause::Changed(&before)).await?;
        Ok(after)
    })
    .await
}

/// Refuses a new IMO number for a vessel that has documents or approvals, or one that another vessel of the room has.
fn refuse_another_ship(log: &OpenLog, after: &Vessel) -> Result<()> {
    // Another number is another ship (IMO numbers stay with the hull), whose certificates and clearance these are not.
    let state = log.room()?;
    if has_papers(state, after.id) {
        return Err(Error::conflict(
            "the vessel has documents or clearances, which are not another ship's: withdraw it, and name the other",
        ));
    }
    refuse_taken_number(&state.vessels, after)
}

/// Refuses a vessel with an IMO number that another vessel of the room has.
fn refuse_taken_number(vessels: &BTreeMap<VesselId, Vessel>, vessel: &Vessel) -> Result<()> {
    let Some(number) = &vessel.details.imo_number else { return Ok(()) };
    let has_it = |other: &&Vessel| other.id != vessel.id && other.details.imo_number.as_ref() == Some(number);
    match vessels.values().find(has_it) {
        Some(_) => Err(Error::conflict(format!("a vessel with the IMO number {number} is in this room already"))),
        None => Ok(()),
    }
}

fn has_papers(state: &State, vessel: VesselId) -> bool {
    let is_filled = |slot: &Slot| slot.document.vessel == Some(vessel) && !slot.uploads.is_empty();
    state.approvals.values().any(|approval| approval.vessel == vessel) || state.documents.values().any(is_filled)
}

/// Removes a vessel that was named by mistake, with its empty slots. Refused if it has documents or approvals: such a
/// vessel is withdrawn instead.
pub async fn remove(app: &App, by: &Actor, room: RoomId, id: VesselId, basis: Basis) -> Result<()> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        let state = rooms::at_work_by(log)?;
        let vessel = state.vessels.get(&id).cloned().ok_or(Error::NotFound("vessel"))?;
        refuse_overtaken(tx, log, Edited::Vessel(id), &vessel.details, (&basis, &Map::new())).await?;
        if has_papers(log.room()?, id) {
            return Err(Error::conflict(
                "the vessel has documents or clearances, which are kept: set its `status` to `withdrawn` instead",
            ));
        }
        slots::close_all_of(tx, log, &vessel).await?;
        let removed =
            Event::VesselRemoved { vessel_id: id, name: vessel.details.name, imo_number: vessel.details.imo_number };
        log.append(tx, &removed).await
    })
    .await
}
