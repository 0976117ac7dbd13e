//! Documents: what the operation needs of each vessel and of itself, and what was uploaded; with one of them open beside
//! the list.

mod filter;
mod forms;
mod list;
mod panel;
mod said;
mod shown;
mod views;

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use room::DocumentId;

use super::documents::{filter::Asked, forms::Forms, panel::History, shown::List};
use crate::{
    app::App,
    domain::documents::{
        self, NewWaiver,
        decisions::{self, NewApproval, NewRejection, Word},
        versions::{self, Said, Target, Uploaded},
    },
    error::{Error, Result},
    http::{Access::May, Caller, Form, Id, InRoom, PageRoutes, Query, Upload},
    pages::{
        kit::field::Filled,
        room::frame::{Room, Tab},
    },
    policy::Action::{DocumentApprove, DocumentList, DocumentReject, DocumentUpload, DocumentView, RoomUpdate},
};

/// A form that was refused is shown under its own address, at which the document has therefore to be found, too.
pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/{room_id}/documents", May(DocumentList), list)
        .get("/rooms/{room_id}/documents/{document_id}", May(DocumentView), open)
        .get("/rooms/{room_id}/documents/{document_id}/versions", May(DocumentUpload), open)
        .upload("/rooms/{room_id}/documents/{document_id}/versions", May(DocumentUpload), upload)
        .get("/rooms/{room_id}/documents/{document_id}/versions/{version_id}", May(DocumentView), said::list)
        .get("/rooms/{room_id}/documents/{document_id}/approve", May(DocumentApprove), open)
        .post("/rooms/{room_id}/documents/{document_id}/approve", May(DocumentApprove), approve)
        .get("/rooms/{room_id}/documents/{document_id}/reject", May(DocumentReject), open)
        .post("/rooms/{room_id}/documents/{document_id}/reject", May(DocumentReject), reject)
        .get("/rooms/{room_id}/documents/{document_id}/waiver", May(RoomUpdate), open)
        .post("/rooms/{room_id}/documents/{document_id}/waiver", May(RoomUpdate), waive)
        .get("/rooms/{room_id}/documents/{document_id}/waiver/withdraw", May(RoomUpdate), open)
        .post("/rooms/{room_id}/documents/{document_id}/waiver/withdraw", May(RoomUpdate), withdraw_waiver)
}

async fn list(app: App, caller: Caller, room: InRoom, Query(asked): Query<Asked>) -> Result<Response> {
    let room = Room::load(&app, room.id).await?;
    let main = List::of(&app, &room, &caller, &asked, std::iter::empty()).await?.markup(None);
    Ok(room.page(&caller, Tab::Documents, &main).into_response())
}

async fn open(place: Place) -> Result<Response> {
    place.shown(&Forms::default()).await
}

/// A document that somebody has open, and which others are listed beside it.
struct Place {
    app: App,
    caller: Caller,
    room: InRoom,
    document: DocumentId,
    asked: Asked,
}

impl FromRequestParts<App> for Place {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let caller = <Caller as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let room = InRoom::from_request_parts(parts, app).await?;
        let Id(document) = Id::from_request_parts(parts, app).await?;
        let Query(asked) = Query::from_request_parts(parts, app).await?;
        Ok(Self { app: app.clone(), caller, room, document, asked })
    }
}

impl Place {
    async fn shown(&self, forms: &Forms) -> Result<Response> {
        let Self { app, caller, room, document, asked } = self;
        let room = Room::load(app, room.id).await?;
        let found = room.state.documents.iter().find(|found| found.slot.id == *document);
        let found = found.ok_or(Error::NotFound("document"))?;
        let history = History::of(app, &room, found, asked).await?;
        let people = history.people();
        let main = List::of(app, &room, caller, asked, people).await?.markup(Some((found, forms, &history)));
        let page = room.page(caller, Tab::Documents, &main).about(&room.state.title_of(&found.slot));
        Ok(page.status(forms.status()).into_response())
    }

    /// Leads back to the document after a change, or shows it again with what was refused.
    async fn after(&self, change: Result<()>, again: impl FnOnce(Error) -> Result<Forms>) -> Result<Response> {
        match change {
            Ok(()) => {
                let (room, document, query) = (self.room.id, self.document, self.asked.query());
                Ok(Redirect::to(&format!("/rooms/{room}/documents/{document}{query}")).into_response())
            }
            Err(refused) => self.shown(&again(refused)?).await,
        }
    }

    async fn decide(&self, word: Result<Word>) -> Result<()> {
        decisions::decide(&self.app, &self.caller.actor(), self.room.id, self.document, word?).await
    }

    /// Takes a file; what was typed beside it is kept in `typed`.
    async fn take(&self, form: Result<Upload<Said>>, typed: &mut Form) -> Result<Uploaded> {
        let (room, target) = (self.room.id, Target::Document(self.document));
        // Before a large file is taken for nothing.
        self.app.db.read(async |tx| versions::find_target(tx, room, &target).await).await?;
        let (said, received) = form?.receive(&self.app).await?;
        *typed = Form::default()
            .with("expires_on", said.expires_on.clone().unwrap_or_default())
            .with("notes", said.notes.clone().unwrap_or_default());
        versions::upload(&self.app, &self.caller.actor(), room, target, received.saying(said)).await
    }
}

async fn upload(place: Place, form: Result<Upload<Said>>) -> Result<Response> {
    let mut typed = Form::default();
    match place.take(form, &mut typed).await {
        Ok(known) if !known.is_new => place.shown(&Forms { known: Some(known), ..Forms::default() }).await,
        uploaded => {
            let again = |refused| Ok(Forms { upload: Filled::again(typed, refused)?, ..Forms::default() });
            place.after(uploaded.map(drop), again).await
        }
    }
}

async fn approve(place: Place, form: Form) -> Result<Response> {
    let word = form.read::<NewApproval>().and_then(|asked| asked.word());
    let again = |refused| Ok(Forms { approve: Filled::again(form, refused)?, ..Forms::default() });
    place.after(place.decide(word).await, again).await
}

async fn reject(place: Place, form: Form) -> Result<Response> {
    let word = form.read::<NewRejection>().and_then(|asked| asked.word());
    let again = |refused| Ok(Forms { reject: Filled::again(form, refused)?, ..Forms::default() });
    place.after(place.decide(word).await, again).await
}

async fn waive(place: Place, form: Form) -> Result<Response> {
    let waived = match form.read::<NewWaiver>() {
        Ok(asked) => documents::waive(&place.app, &place.caller.actor(), place.room.id, place.document, asked).await,
        Err(refused) => Err(refused),
    };
    let again = |refused| Ok(Forms { waive: Filled::again(form, refused)?, ..Forms::default() });
    place.after(waived, again).await
}

async fn withdraw_waiver(place: Place) -> Result<Response> {
    let (app, by) = (&place.app, place.caller.actor());
    let withdrawn = documents::withdraw_waiver(app, &by, place.room.id, place.document).await;
    let again = |refused| Ok(Forms { waive: Filled::again(Form::default(), refused)?, ..Forms::default() });
    place.after(withdrawn, again).await
}
