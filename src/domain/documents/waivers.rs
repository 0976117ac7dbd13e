//! Finding a document in its room, and waiving one that is not needed.

use room::{Document, DocumentId, Event, Log, Requirement, RoomId};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{self, Tx},
    domain::{
        input::Fields,
        log::{Actor, OpenLog, operation},
        rooms,
    },
    error::{Error, Result},
};

/// The statement that a conditional document is not needed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWaiver {
    /// Why it is not needed; the log keeps the reason.
    #[schema(value_type = room::bounds::Reason, example = "Cargo below 2000 t: no CLC certificate is required")]
    pub reason: String,
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
pub async fn waive(app: &App, by: &Actor, room: RoomId, id: DocumentId, request: NewWaiver) -> Result<()> {
    let mut fields = Fields::default();
    let reason = fields.text("reason", &request.reason);
    fields.done()?;
    operation(app, Log::Room(room), by, async move |tx, log| {
        let slot = slot_at_work(log, id)?;
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
pub async fn withdraw_waiver(app: &App, by: &Actor, room: RoomId, id: DocumentId) -> Result<()> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        let slot = slot_at_work(log, id)?;
        if slot.waiver.is_none() {
            return Err(Error::conflict("the document has not been waived"));
        }
        let vessel = log.room()?.vessel_name(slot.vessel).map(str::to_owned);
        let document_type = slot.document_type;
        log.append(tx, &Event::DocumentWaiverWithdrawn { document_id: id, document_type, vessel }).await
    })
    .await
}
