//! The date until which a file is valid, given after its upload: a version of the same bytes with that date, since a
//! version is never changed. Its approvals begin anew, as those of any version: who approved it had not seen the date.

use room::{DocumentId, Log, RoomId, VersionId, bounds::CalendarDay, fold::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::versions::{self, Arrived, Said, Target, Uploaded};
use crate::{
    app::App,
    db::files::StoredFile,
    domain::{
        input::Fields,
        log::{self, Actor, Once, quota},
        rooms,
    },
    error::{Error, Result},
};

/// The date until which the file of a version is valid.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDate {
    /// The last day on which it is valid, as the document says it.
    #[schema(value_type = CalendarDay, example = "2027-06-30")]
    pub expires_on: String,
}

/// Adds a version with the file of the one in force and this date. That version is named, so that nobody dates a file that
/// they have not seen.
///
/// # Errors
///
/// `409` if another version is in force, or has come in force by then, and if the file in the store is not the one that the
/// log tells of.
pub async fn give(
    app: &App,
    by: &Actor,
    room: RoomId,
    (document, version): (DocumentId, VersionId),
    request: NewDate,
    once: Option<Once>,
) -> Result<Uploaded> {
    let mut fields = Fields::default();
    fields.day("expires_on", &request.expires_on);
    fields.done()?;
    rooms::refuse_closed(app, room).await?;
    log::bring_up(app, Log::Room(room)).await?;
    let in_tx = app.clone();
    let find = move |state: &State| state.upload(document, version).map(|upload| upload.version.clone());
    let told = app.db.read_at_length(async move |tx| log::of_room(tx, &in_tx, room, find).await).await?;
    let told = told.ok_or(Error::NotFound("version"))?;
    let size = told.size.unsigned_abs();
    quota::refuse_upload(app, room, by, size).await?;
    app.files.check_room_for(size).await?;
    let opened = app.files.get(&told.file_url, None).await?;
    let (staged, inspection) = versions::take_in(app, by, opened.bytes).await?;
    let told_file = StoredFile::from(&told);
    versions::refuse_other_file(&StoredFile { sha256: *staged.sha256(), ..told_file.clone() }, &told_file)?;
    let said = Said { expires_on: Some(request.expires_on), notes: told.notes };
    let arrived = Arrived { staged, file_name: told.file_name, inspection, said };
    versions::upload(app, by, room, Target::InForce(document, version), arrived, once).await
}
