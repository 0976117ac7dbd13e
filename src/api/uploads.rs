//! Uploads of versions that come in parts, and go on where they broke off (tus 1.0).

use room::{Day, DocumentId, Time, UploadId};
use serde::Serialize;
use utoipa::ToSchema;

use super::versions::UploadView;
use crate::{
    app::App,
    db::partial_uploads::PartialUpload,
    domain::{
        documents::uploads::{self, Uploader},
        log::Once,
    },
    error::Result,
    http::{
        Access::May, BeginUpload, Begun, Caller, Id, InRoom, NoContent, PartTaken, Routes, Tus, UploadPart, UploadShown,
    },
    policy::Action::DocumentUpload,
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .post(
            "/rooms/{room_id}/documents/{document_id}/uploads",
            May(DocumentUpload),
            begin,
            "Begins an upload in parts (tus 1.0, `creation`): for files that are large for their line",
        )
        .get(
            "/rooms/{room_id}/uploads/{upload_id}",
            May(DocumentUpload),
            show,
            "How far one's own upload has come, and what it came to",
        )
        .refusing(&["409"])
        .upload_part(
            "/rooms/{room_id}/uploads/{upload_id}",
            May(DocumentUpload),
            take,
            "Takes the next part of one's own upload; with the last one, adds the version",
        )
        .delete(
            "/rooms/{room_id}/uploads/{upload_id}",
            May(DocumentUpload),
            remove,
            "Forgets one's own upload; the version that it came to stays",
        )
        .speaking_tus()
}

/// An upload that comes in parts.
#[derive(Serialize, ToSchema)]
struct PartialUploadView {
    #[schema(value_type = String, format = "uuid")]
    id: UploadId,
    /// The document that the file is for.
    #[schema(value_type = String, format = "uuid")]
    document_id: DocumentId,
    file_name: String,
    /// How many bytes the file has.
    #[schema(minimum = 1)]
    file_size: i64,
    /// How many bytes are there, and where the next part begins. All of them are there only with the version.
    #[schema(minimum = 0)]
    offset: u64,
    #[schema(value_type = Option<String>, format = "date")]
    expires_on: Option<Day>,
    notes: Option<String>,
    /// Until when it is kept, if nothing more comes.
    #[schema(value_type = String, format = "date-time")]
    kept_until: Time,
    /// What it came to; `null` while bytes are missing.
    outcome: Option<UploadView>,
}

impl PartialUploadView {
    async fn of(app: &App, upload: &PartialUpload) -> Result<Self> {
        let outcome = match upload.outcome {
            Some((version, is_new)) => {
                Some(UploadView::of(app, upload.room, (upload.document, version), is_new).await?)
            }
            None => None,
        };
        Ok(Self {
            id: upload.id,
            document_id: upload.document,
            file_name: upload.file_name.clone(),
            file_size: upload.size,
            offset: upload.offset(),
            expires_on: upload.expires_on,
            notes: upload.notes.clone(),
            kept_until: upload.kept_until,
            outcome,
        })
    }
}

fn uploader(caller: &Caller, room: InRoom) -> Uploader {
    Uploader { room: room.id, user: caller.user.id, actor: caller.actor() }
}

async fn begin(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(document): Id<DocumentId>,
    once: Option<Once>,
    BeginUpload(asked): BeginUpload,
) -> Result<Begun<PartialUploadView>> {
    let upload = uploads::begin(&app, &uploader(&caller, room), document, asked, once).await?;
    let path = format!("/rooms/{}/uploads/{}", room.id, upload.id);
    Ok(Begun::at(&path, &upload, PartialUploadView::of(&app, &upload).await?))
}

async fn show(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<UploadId>,
    _: Tus,
) -> Result<UploadShown<PartialUploadView>> {
    let upload = uploads::find(&app, &uploader(&caller, room), id).await?;
    let view = PartialUploadView::of(&app, &upload).await?;
    Ok(UploadShown::of(&upload, view))
}

async fn take(app: App, caller: Caller, room: InRoom, Id(id): Id<UploadId>, part: UploadPart) -> Result<PartTaken> {
    uploads::receive(&app, &uploader(&caller, room), id, part.into_part()).await.map(PartTaken)
}

async fn remove(app: App, caller: Caller, room: InRoom, Id(id): Id<UploadId>, _: Tus) -> Result<NoContent> {
    uploads::remove(&app, &uploader(&caller, room), id).await?;
    Ok(NoContent)
}
