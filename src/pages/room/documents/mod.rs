//! Documents: the slots of each vessel and of the STS operation in a list, and beside it one of them that is open. Only
//! the room's pages use it.

mod filter;
mod forms;
mod keys;
mod list;
mod panel;
mod several;
mod shown;
mod version_decisions;
mod viewer;
mod views;

use axum::{
    extract::FromRequestParts,
    http::request::Parts,
    response::{IntoResponse, Redirect, Response},
};
use room::{DocumentId, VersionId};

use super::documents::{filter::DocumentQuery, forms::Forms, panel::History, shown::List};
use crate::{
    app::App,
    domain::{
        documents::{
            self, NewWaiver,
            dates::{self, NewDate},
            decisions::{self, NewApproval, NewRejection, Word},
            statements::{self, NewDateWaiver, NewWithdrawal},
            versions::{self, Said, Target, Uploaded},
        },
        log::Once,
    },
    error::{Error, Result},
    http::{Access::May, Caller, Form, Id, Ids, InRoom, PageRoutes, Query, Upload},
    pages::{
        kit::{field::Filled, submit::submit},
        room::frame::{Room, Tab},
    },
    policy::Action::{
        DocumentApprove, DocumentList, DocumentReject, DocumentUpload, DocumentView, DocumentWithdraw, RoomUpdate,
    },
};

/// A refused form is shown at its own address, since a `POST` does not change the address. So the document is shown at
/// these addresses, too: for those who reload the page or bookmark it.
pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/{room_id}/documents", May(DocumentList), show_list)
        .get("/rooms/{room_id}/documents/approve", May(DocumentApprove), show_list)
        .post("/rooms/{room_id}/documents/approve", May(DocumentApprove), several::submit_approvals)
        .get("/rooms/{room_id}/documents/reject", May(DocumentReject), show_list)
        .post("/rooms/{room_id}/documents/reject", May(DocumentReject), several::submit_rejections)
        .get("/rooms/{room_id}/documents/{document_id}", May(DocumentView), show_document)
        .get("/rooms/{room_id}/documents/{document_id}/versions", May(DocumentUpload), show_document)
        .upload("/rooms/{room_id}/documents/{document_id}/versions", May(DocumentUpload), submit_upload)
        .get(
            "/rooms/{room_id}/documents/{document_id}/versions/{version_id}",
            May(DocumentView),
            version_decisions::show_decisions,
        )
        .get(
            "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/withdraw",
            May(DocumentWithdraw),
            show_version,
        )
        .post(
            "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/withdraw",
            May(DocumentWithdraw),
            submit_withdrawal,
        )
        .get(
            "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/date-waiver",
            May(RoomUpdate),
            show_version,
        )
        .post(
            "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/date-waiver",
            May(RoomUpdate),
            submit_date_waiver,
        )
        .get("/rooms/{room_id}/documents/{document_id}/versions/{version_id}/date", May(DocumentUpload), show_version)
        .post("/rooms/{room_id}/documents/{document_id}/versions/{version_id}/date", May(DocumentUpload), submit_date)
        .get("/rooms/{room_id}/documents/{document_id}/approve", May(DocumentApprove), show_document)
        .post("/rooms/{room_id}/documents/{document_id}/approve", May(DocumentApprove), submit_approval)
        .get("/rooms/{room_id}/documents/{document_id}/reject", May(DocumentReject), show_document)
        .post("/rooms/{room_id}/documents/{document_id}/reject", May(DocumentReject), submit_rejection)
        .get("/rooms/{room_id}/documents/{document_id}/waiver", May(RoomUpdate), show_document)
        .post("/rooms/{room_id}/documents/{document_id}/waiver", May(RoomUpdate), submit_waiver)
        .get("/rooms/{room_id}/documents/{document_id}/waiver/withdraw", May(RoomUpdate), show_document)
        .post("/rooms/{room_id}/documents/{document_id}/waiver/withdraw", May(RoomUpdate), submit_waiver_withdrawal)
}

async fn show_list(app: App, caller: Caller, room: InRoom, Query(query): Query<DocumentQuery>) -> Result<Response> {
    let room = Room::load(&app, room.id).await?;
    let main = List::load(&app, &room, &caller, &query, std::iter::empty()).await?.render(None);
    Ok(room.page(&caller, Tab::Documents, &main).into_response())
}

async fn show_document(open: OpenDocument) -> Result<Response> {
    open.render(&Forms::default()).await
}

/// Shows the document with the form open that withdraws the version.
async fn show_version(OpenVersion { open, version }: OpenVersion) -> Result<Response> {
    open.render(&Forms { stated: Some(version), ..Forms::default() }).await
}

/// What a request about one document names: the document, and which others are listed beside it.
struct OpenDocument {
    app: App,
    caller: Caller,
    room: InRoom,
    document: DocumentId,
    query: DocumentQuery,
}

impl FromRequestParts<App> for OpenDocument {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let caller = <Caller as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let room = InRoom::from_request_parts(parts, app).await?;
        let Id(document) = Id::from_request_parts(parts, app).await?;
        let Query(query) = Query::from_request_parts(parts, app).await?;
        Ok(Self { app: app.clone(), caller, room, document, query })
    }
}

/// What a request about one version of a document names.
struct OpenVersion {
    open: OpenDocument,
    version: VersionId,
}

impl FromRequestParts<App> for OpenVersion {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let open = OpenDocument::from_request_parts(parts, app).await?;
        let Ids(document, version) = Ids::from_request_parts(parts, app).await?;
        Ok(Self { open: OpenDocument { document, ..open }, version })
    }
}

impl OpenDocument {
    async fn render(&self, forms: &Forms) -> Result<Response> {
        let Self { app, caller, room, document, query } = self;
        let room = Room::load(app, room.id).await?;
        let found = room.state.documents.iter().find(|found| found.slot.id == *document);
        let found = found.ok_or(Error::NotFound("document"))?;
        let history = History::load(app, &room, found, query).await?;
        let people = history.people();
        let main = List::load(app, &room, caller, query, people).await?.render(Some((found, forms, &history)));
        let page = room.page(caller, Tab::Documents, &main).about(&room.state.title_of(&found.slot));
        Ok(page.status(forms.status()).into_response())
    }

    /// Returns the path of the document, to which every form leads back.
    fn path(&self) -> String {
        format!("/rooms/{}/documents/{}{}", self.room.id, self.document, self.query.to_query())
    }

    async fn decide(&self, word: Word, once: Option<Once>) -> Result<String> {
        decisions::decide(&self.app, &self.caller.actor(), self.room.id, self.document, word, once).await?;
        Ok(self.path())
    }

    /// Receives a file and uploads it. What was typed beside it is kept in `typed`, for the form that is shown after a
    /// refusal.
    async fn upload(&self, form: Result<Upload<Said>>, typed: &mut Form) -> Result<Uploaded> {
        let (room, target) = (self.room.id, Target::Document(self.document));
        // Refuse what can be refused before a large file is received for nothing.
        versions::find_target(&self.app, room, &target).await?;
        let (said, received) = form?.receive(&self.app, (room, &self.caller.actor())).await?;
        *typed = Form::default()
            .with("expires_on", said.expires_on.clone().unwrap_or_default())
            .with("notes", said.notes.clone().unwrap_or_default());
        versions::upload(&self.app, &self.caller.actor(), room, target, received.saying(said), None).await
    }
}

async fn submit_upload(open: OpenDocument, form: Result<Upload<Said>>) -> Result<Response> {
    // Not by `submit`: the fields are known only when the file has been received, and a known file leads nowhere else.
    let mut typed = Form::default();
    match open.upload(form, &mut typed).await {
        Ok(known) if !known.is_new => open.render(&Forms { known: Some(known), ..Forms::default() }).await,
        Ok(_) => Ok(Redirect::to(&open.path()).into_response()),
        Err(refusal) => open.render(&Forms { upload: Filled::refused(typed, refusal)?, ..Forms::default() }).await,
    }
}

async fn submit_approval(open: OpenDocument, form: Form) -> Result<Response> {
    let approve = async |form: &Form| open.decide(form.read::<NewApproval>()?.word()?, form.once()).await;
    submit(form, approve, async |approve| open.render(&Forms { approve, ..Forms::default() }).await).await
}

async fn submit_rejection(open: OpenDocument, form: Form) -> Result<Response> {
    let reject = async |form: &Form| open.decide(form.read::<NewRejection>()?.word()?, form.once()).await;
    submit(form, reject, async |reject| open.render(&Forms { reject, ..Forms::default() }).await).await
}

async fn submit_withdrawal(OpenVersion { open, version }: OpenVersion, form: Form) -> Result<Response> {
    let withdraw = async |form: &Form| {
        let (by, named) = (open.caller.actor(), (open.document, version));
        statements::withdraw(&open.app, &by, open.room.id, named, form.read::<NewWithdrawal>()?, form.once()).await?;
        Ok(open.path())
    };
    let show_again = async |withdraw| open.render(&Forms { withdraw, stated: Some(version), ..Forms::default() }).await;
    submit(form, withdraw, show_again).await
}

async fn submit_date(OpenVersion { open, version }: OpenVersion, form: Form) -> Result<Response> {
    let give = async |form: &Form| {
        let (by, named) = (open.caller.actor(), (open.document, version));
        dates::give(&open.app, &by, open.room.id, named, form.read::<NewDate>()?, form.once()).await?;
        Ok(open.path())
    };
    submit(form, give, async |date| open.render(&Forms { date, ..Forms::default() }).await).await
}

async fn submit_date_waiver(OpenVersion { open, version }: OpenVersion, form: Form) -> Result<Response> {
    let waive = async |form: &Form| {
        let (by, named) = (open.caller.actor(), (open.document, version));
        statements::waive_date(&open.app, &by, open.room.id, named, form.read::<NewDateWaiver>()?, form.once()).await?;
        Ok(open.path())
    };
    submit(form, waive, async |waive_date| open.render(&Forms { waive_date, ..Forms::default() }).await).await
}

async fn submit_waiver(open: OpenDocument, form: Form) -> Result<Response> {
    let waive = async |form: &Form| {
        let by = open.caller.actor();
        let waiver = (form.read::<NewWaiver>()?, form.seen());
        documents::waive(&open.app, &by, open.room.id, open.document, waiver, form.once()).await?;
        Ok(open.path())
    };
    submit(form, waive, async |waive| open.render(&Forms { waive, ..Forms::default() }).await).await
}

async fn submit_waiver_withdrawal(open: OpenDocument, form: Form) -> Result<Response> {
    let withdraw = async |form: &Form| {
        let by = open.caller.actor();
        documents::withdraw_waiver(&open.app, &by, open.room.id, open.document, form.seen()).await?;
        Ok(open.path())
    };
    submit(form, withdraw, async |waive| open.render(&Forms { waive, ..Forms::default() }).await).await
}
