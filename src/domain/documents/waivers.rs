//! Finding a document in its room, and waiving one that is not needed.

use room::{Document, DocumentId, Event, Log, Requirement, RoomId};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, Tx},
    domain::{
        input::{Basis, Fields, Tag},
        log::{Actor, Edited, Once, OpenLog, operation, refuse_overtaken},
        rooms,
    },
    error::{Error, Result},
};

/// The statement that a conditional document is not needed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWaiver {
    /// Why it is not needed; the log keeps the reason.
    #[schema(value_type = room::bounds::Reason, example = "Cargo below 2000 t: no CLC certificate is required")]
    pub reason: String,
}

/// What can be edited of a waiver: its reason, `None` if there is no waiver.
#[derive(Serialize)]
struct WaiverDetails<'a> {
    reason: Option<&'a str>,
}

impl<'a> WaiverDetails<'a> {
    fn of(slot: &'a Document) -> Self {
        Self { reason: slot.waiver.as_ref().map(|waiver| &*waiver.reason) }
    }
}

/// Returns the tag of a document, which changes with its waiver: nothing else of it is edited.
pub fn tag(slot: &Document) -> Tag {
    Tag::of_edited(&WaiverDetails::of(slot))
}

/// Returns the document with this id if it is one of this room.
pub async fn find(tx: &mut Tx, room: RoomId, document: DocumentId) -> Result<Document> {
    db::documents::find(tx, room, document).await?.ok_or(Error::NotFound("document"))
}

fn slot_at_work(log: &OpenLog, id: DocumentId) -> Result<Document> {
    let slot = rooms::at_work_by(log)?.documents.get(&id).ok_or(Error::NotFound("document"))?;
    Ok(slot.document.clone())
}

/// Waives a conditional document: it is not needed in this STS operation.
pub async fn waive(
    app: &App,
    by: &Actor,
    room: RoomId,
    id: DocumentId,
    (request, basis): (NewWaiver, Basis),
    once: Option<Once>,
) -> Result<()> {
    let mut fields = Fields::default();
    let reason = fields.text("reason", &request.reason);
    fields.done()?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        if Once::repeats(once.as_ref(), tx, log, &request, id.0).await?.is_some() {
            return Ok(());
        }
        let slot = slot_at_work(log, id)?;
        // A waiver that says the same already, from another form or an earlier try, is done.
        if slot.waiver.as_ref().is_some_and(|waiver| waiver.reason == reason) {
            return Ok(());
        }
        refuse_overtaken(tx, log, Edited::Waiver(id), &WaiverDetails::of(&slot), (&basis, &Map::new())).await?;
        if slot.requirement != Requirement::Conditional {
            return Err(Error::conflict(format!(
                "the document is {}; only a conditional one can be waived",
                slot.requirement
            )));
        }
        let vessel = log.room()?.vessel_name(slot.vessel).map(str::to_owned);
        let document_type = slot.document_type;
        log.append(tx, &Event::DocumentWaived { document_id: id, document_type, vessel, reason }).await
    })
    .await
}

/// Withdraws a waiver, after which the document is needed again.
pub async fn withdraw_waiver(app: &App, by: &Actor, room: RoomId, id: DocumentId, basis: Basis) -> Result<()> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        let slot = slot_at_work(log, id)?;
        refuse_overtaken(tx, log, Edited::Waiver(id), &WaiverDetails::of(&slot), (&basis, &Map::new())).await?;
        if slot.waiver.is_none() {
            return Err(Error::conflict("the document has not been waived"));
        }
        let vessel = log.room()?.vessel_name(slot.vessel).map(str::to_owned);
        let document_type = slot.document_type;
        log.append(tx, &Event::DocumentWaiverWithdrawn { document_id: id, document_type, vessel }).await
    })
    .await
}
