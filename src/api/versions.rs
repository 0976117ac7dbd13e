//! The versions of documents: uploaded, listed, downloaded, previewed.

use axum::response::{IntoResponse, Response};
use room::{DocumentId, FileKind, RoomId, Version, VersionId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::document_view::{DecisionView, DocumentView, NEWEST_DECISIONS, VersionView, find_document, show},
    app::App,
    db::Tx,
    domain::{
        documents::{
            self,
            dates::{self, NewDate},
            history,
            statements::{self, NewDateWaiver, NewWithdrawal},
            versions::{self, Arrived, Said, SameFile, Target, Uploaded},
        },
        downloads::previews::{self, Previewable},
        log::Once,
        rooms::{self, state::Seen},
    },
    error::{Error, Result},
    http::{
        Access::May, Answers, Caller, Created, Download, FileAnswer, FromPairs, Given, Id, Ids, InRoom, Json, Kind,
        Listed, Preview, PreviewAnswer, Query, RouteDoc, Routes, Seeking, Tagged, Upload,
    },
    policy::Action::{DocumentDownload, DocumentUpload, DocumentView as View, DocumentWithdraw, RoomUpdate},
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .upload(
            "/rooms/{room_id}/documents/{document_id}/versions",
            May(DocumentUpload),
            upload,
            "Uploads a version; the bytes of the version in force add none",
        )
        .refusing(&["409"])
        .upload(
            "/rooms/{room_id}/documents/upload",
            May(DocumentUpload),
            upload_by_type,
            "Uploads a version of the document of a type; for clients of the earlier system",
        )
        .refusing(&["409"])
        .get(
            "/rooms/{room_id}/documents/{document_id}/versions",
            May(View),
            list,
            "A document's versions, newest first, each with its newest decisions",
        )
        .post(
            "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/withdraw",
            May(DocumentWithdraw),
            withdraw,
            "Withdraws a version: it counts no more; its uploader while nobody has decided on it, a broker any time",
        )
        .refusing(&["409"])
        .post(
            "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/date-waiver",
            May(RoomUpdate),
            waive_date,
            "Says that a version needs no date, although its type expires",
        )
        .refusing(&["409"])
        .post(
            "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/date",
            May(DocumentUpload),
            give_date,
            "Says until when the file of the version in force is valid: a version of the same file with that date follows it",
        )
        .refusing(&["409"])
        .get(
            "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/decisions",
            May(View),
            decided,
            "What was decided on a version, newest first",
        )
        .get(
            "/rooms/{room_id}/documents/{document_id}/download",
            May(DocumentDownload),
            download_newest,
            "The file of a document's version in force",
        )
        .get(
            "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/download",
            May(DocumentDownload),
            download,
            "The file of a version",
        )
        .get(
            "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/preview",
            May(DocumentDownload),
            preview,
            "A picture of a page of a version's file: of a PDF, a JPEG, a PNG",
        )
}

/// The result of an upload.
#[derive(Serialize, ToSchema)]
pub(super) struct UploadView {
    /// What became of the upload, in a sentence.
    message: String,
    /// Whether these bytes are the version in force already, so that none was added.
    duplicate: bool,
    /// The other documents of the room in which the same file counts: perhaps it was meant for one of them alone.
    #[schema(max_items = 20)]
    same_file_in: Vec<SameFile>,
    version: VersionView,
    document: DocumentView,
}

impl UploadView {
    /// Returns what became of an upload that came to this version.
    pub(super) async fn of(
        app: &App,
        room: RoomId,
        (document, version): (DocumentId, VersionId),
        is_new: bool,
    ) -> Result<Self> {
        let Seen { state, .. } = rooms::state::now(app, room).await?;
        let document = find_document(&state, document)?;
        let version = document.versions.iter().find(|state| state.version.id == version);
        let version = version.ok_or(Error::NotFound("version"))?;
        let same_file_in = versions::same_file_in(&state, &version.version);
        let uploaded = Uploaded { version: version.version.clone(), is_new };
        Ok(Self {
            message: uploaded.message(document, &same_file_in),
            duplicate: !is_new,
            same_file_in,
            version: VersionView::of(&document.slot, version),
            document: DocumentView::of(&state, document),
        })
    }
}

/// `201` with the version that was added, or `200` with the one that has these bytes already.
enum UploadAnswer {
    Added(Created<UploadView>),
    Known(Json<UploadView>),
}

impl IntoResponse for UploadAnswer {
    fn into_response(self) -> Response {
        match self {
            Self::Added(added) => added.into_response(),
            Self::Known(known) => known.into_response(),
        }
    }
}

impl Answers for UploadAnswer {
    fn describe(doc: &mut RouteDoc) {
        <Created<UploadView> as Answers>::describe(doc);
        doc.answers_json::<UploadView>("200", "These bytes were here before; nothing was added");
    }
}

/// The fields of a form that names the document by its type.
struct UploadByTypeForm {
    target: Target,
    said: Said,
}

/// The pattern of a UUID, or of nothing.
const UUID_OR_BLANK: &str = "^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$";

impl FromPairs for UploadByTypeForm {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        ("document_type", Kind::Line, "Code of its type, or an alias"),
        (
            "vessel_id",
            Kind::Pattern(UUID_OR_BLANK),
            "The vessel, for a document that each vessel has; left out or blank for one of the operation",
        ),
        Said::PARAMETERS[0],
        Said::PARAMETERS[1],
    ];

    const REQUIRED: &[&str] = &["document_type"];

    fn read(given: &mut Given) -> Self {
        // Any text will do: it is only compared with the codes and aliases that there are.
        let document_type = given.unchecked("document_type").unwrap_or_else(|| {
            given.fault("document_type", "is missing");
            String::new()
        });
        // Clients of the earlier system send a blank `vessel_id` with a document of the room.
        given.forget_if_blank("vessel_id");
        let target = Target::Slot { document_type, vessel: given.id("vessel_id") };
        Self { target, said: Said::read(given) }
    }
}

async fn upload(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(document): Id<DocumentId>,
    once: Option<Once>,
    form: Upload<Said>,
) -> Result<UploadAnswer> {
    let target = Target::Document(document);
    // Before the file: the client need not send a large one to learn that there is no such document.
    versions::find_target(&app, room.id, &target).await?;
    let (said, received) = form.receive(&app, (room.id, &caller.actor())).await?;
    finish(&app, &caller, room, (target, received.saying(said)), once).await
}

async fn upload_by_type(
    app: App,
    caller: Caller,
    room: InRoom,
    once: Option<Once>,
    form: Upload<UploadByTypeForm>,
) -> Result<UploadAnswer> {
    let (UploadByTypeForm { target, said }, received) = form.receive(&app, (room.id, &caller.actor())).await?;
    finish(&app, &caller, room, (target, received.saying(said)), once).await
}

async fn finish(
    app: &App,
    caller: &Caller,
    room: InRoom,
    (target, arrived): (Target, Arrived),
    once: Option<Once>,
) -> Result<UploadAnswer> {
    let uploaded = versions::upload(app, &caller.actor(), room.id, target, arrived, once).await?;
    answer(app, room, uploaded).await
}

async fn answer(app: &App, room: InRoom, uploaded: Uploaded) -> Result<UploadAnswer> {
    let Uploaded { version: Version { id, document, .. }, is_new } = uploaded;
    let view = UploadView::of(app, room.id, (document, id), is_new).await?;
    // The same bytes again add nothing, so that a client that got no answer can simply send its file once more.
    let path = format!("/rooms/{}/documents/{document}", room.id);
    Ok(if is_new { UploadAnswer::Added(Created::at(&path, view)) } else { UploadAnswer::Known(Json(view)) })
}

async fn list(
    app: App,
    room: InRoom,
    Id(document): Id<DocumentId>,
    Query(Seeking(seek)): Query<Seeking>,
) -> Result<Listed<VersionView>> {
    let read = async |tx: &mut Tx| {
        let slot = documents::find(tx, room.id, document).await?;
        Ok((slot, history::versions(tx, room.id, document, &seek, NEWEST_DECISIONS).await?))
    };
    let (slot, found) = app.db.read(read).await?;
    let path = format!("/rooms/{}/documents/{document}/versions", room.id);
    let view = |state| VersionView::of(&slot, &state);
    Ok(Listed::found(found, &seek, path, |state| state.version.id.to_string(), view))
}

async fn withdraw(
    app: App,
    caller: Caller,
    room: InRoom,
    Ids(document, version): Ids<DocumentId, VersionId>,
    once: Option<Once>,
    Json(body): Json<NewWithdrawal>,
) -> Result<Tagged<DocumentView>> {
    statements::withdraw(&app, &caller.actor(), room.id, (document, version), body, once).await?;
    show(&app, room, document).await
}

async fn waive_date(
    app: App,
    caller: Caller,
    room: InRoom,
    Ids(document, version): Ids<DocumentId, VersionId>,
    once: Option<Once>,
    Json(body): Json<NewDateWaiver>,
) -> Result<Tagged<DocumentView>> {
    statements::waive_date(&app, &caller.actor(), room.id, (document, version), body, once).await?;
    show(&app, room, document).await
}

async fn give_date(
    app: App,
    caller: Caller,
    room: InRoom,
    Ids(document, version): Ids<DocumentId, VersionId>,
    once: Option<Once>,
    Json(body): Json<NewDate>,
) -> Result<UploadAnswer> {
    let given = dates::give(&app, &caller.actor(), room.id, (document, version), body, once).await?;
    answer(&app, room, given).await
}

async fn decided(
    app: App,
    room: InRoom,
    Ids(document, version): Ids<DocumentId, VersionId>,
    Query(Seeking(seek)): Query<Seeking>,
) -> Result<Listed<DecisionView>> {
    let read = async |tx: &mut Tx| history::decisions(tx, room.id, (document, version), &seek).await;
    let found = app.db.read(read).await?;
    let path = format!("/rooms/{}/documents/{document}/versions/{version}/decisions", room.id);
    let view = |decision| DecisionView::from(&decision);
    Ok(Listed::found(found, &seek, path, |decision| decision.id.to_string(), view))
}

async fn download_newest(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(document): Id<DocumentId>,
    request: Download,
) -> Result<FileAnswer<FileKind>> {
    // By the log: no row decides which version is in force.
    let Seen { state, .. } = rooms::state::now(&app, room.id).await?;
    let in_force = find_document(&state, document)?.in_force();
    let in_force = in_force.ok_or(Error::NotFound("version: nothing is uploaded"))?.version.id;
    send(&app, &caller, room, (document, in_force), request).await
}

async fn download(
    app: App,
    caller: Caller,
    room: InRoom,
    Ids(document, version): Ids<DocumentId, VersionId>,
    request: Download,
) -> Result<FileAnswer<FileKind>> {
    send(&app, &caller, room, (document, version), request).await
}

async fn send(
    app: &App,
    caller: &Caller,
    room: InRoom,
    (document, version): (DocumentId, VersionId),
    request: Download,
) -> Result<FileAnswer<FileKind>> {
    let find = async |tx: &mut _| versions::find(tx, room.id, document, version).await;
    let (_, version) = app.db.read(find).await?;
    let log = async |range| versions::log_download(app, &caller.actor(), room.id, &version, range).await;
    request.answer(app, (&version).into(), (version.file_name.clone(), version.kind), log).await
}

async fn preview(
    app: App,
    caller: Caller,
    room: InRoom,
    Ids(document, version): Ids<DocumentId, VersionId>,
    request: Preview,
) -> Result<PreviewAnswer> {
    let find = async |tx: &mut _| versions::find(tx, room.id, document, version).await;
    let (_, found) = app.db.read(find).await?;
    let log = async |view| previews::log_of_version(&app, &caller.actor(), room.id, &found, view).await;
    request.answer(&app, (Previewable::version(&found)?, caller.user.id), log).await
}
