//! Where a slot is in the list of a room's documents, or was before it was closed.

use room::{DocumentState, Event, Log, RoomId, RoomState};

use crate::{
    app::App,
    db::{
        self,
        seek::{Anchor, Place},
    },
    error::Result,
};

/// Returns where the slot is, or where it would be if it were still open. `None` if the room never had it, or if that is
/// not known: its log tells of the slots that were opened since it tells everything.
pub async fn find(app: &App, room: RoomId, state: &RoomState, anchor: &Anchor) -> Result<Option<Place>> {
    if let Some(at) = state.documents.iter().position(|document| document.slot.id.to_string() == anchor.id()) {
        return Ok(Some(Place::of_row(at)));
    }
    let read =
        async |tx: &mut _| db::activity::last_meta_about(tx, Log::Room(room), "documents_opened", anchor.id()).await;
    let Some(meta) = app.db.read(read).await? else { return Ok(None) };
    let Ok((Event::DocumentsOpened { vessel_id, slots, .. }, _)) = Event::from_entry("documents_opened", &meta) else {
        return Ok(None);
    };
    let Some(closed) = slots.into_iter().find(|slot| slot.document_id.to_string() == anchor.id()) else {
        return Ok(None);
    };
    // The order of the list: by vessels, the room's own last, and then as in the catalogue.
    let vessel = |id| state.vessels.iter().position(|vessel| Some(vessel.id) == id).unwrap_or(usize::MAX);
    let key = (vessel(vessel_id), closed.position, closed.document_type);
    let is_before = |document: &&DocumentState| {
        let slot = &document.slot;
        (vessel(slot.vessel), slot.position, slot.document_type.clone()) < key
    };
    let before = state.documents.iter().filter(is_before).count();
    Ok(Some(Place { before, through: before }))
}
