//! Which document each of many files is for, which a client asks before it sends any of them.

use crate::{
    app::App,
    domain::documents::matching::{self, FilesToMatch, MatchingSheet},
    error::Result,
    http::{Access::May, InRoom, Json, Routes},
    policy::Action::DocumentUpload,
};

pub(super) fn routes() -> Routes {
    Routes::new().post(
        "/rooms/{room_id}/documents/match",
        May(DocumentUpload),
        sheet,
        "Finds the document that each file is for, and its last day, by name and text; asks where that is not clear; stores nothing",
    )
}

async fn sheet(app: App, room: InRoom, Json(body): Json<FilesToMatch>) -> Result<Json<MatchingSheet>> {
    matching::sheet(&app, room.id, body).await.map(Json)
}
