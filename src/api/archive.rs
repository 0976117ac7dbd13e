//! The documents of a room as one zip.

use crate::{
    app::{self, App},
    domain::downloads::archive,
    error::Result,
    http::{Access::May, Caller, Download, FromPairs, Given, InRoom, Kind, Query, Routes, Zipped},
    policy::Action::DocumentDownload,
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(
            "/rooms/{room_id}/archive",
            May(DocumentDownload),
            download,
            "A zip of the version in force of every document, with a manifest and SHA256SUMS",
        )
        .refusing(&["429"])
}

/// The query of an archive.
struct ArchiveQuery {
    /// Whether every version is packed, and not only the one in force of each document.
    all: bool,
}

impl FromPairs for ArchiveQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[("all", Kind::Flag, "`true`: every version, not only those in force")];

    fn read(given: &mut Given) -> Self {
        Self { all: given.flag("all") }
    }
}

async fn download(
    app: App,
    caller: Caller,
    room: InRoom,
    Query(query): Query<ArchiveQuery>,
    request: Download,
) -> Result<Zipped> {
    // `HEAD` packs nothing, so that it needs no place and logs no download.
    if request.is_head() {
        return Ok(Zipped { name: name(&archive::title(&app, room.id).await?), content: None });
    }
    // Before packing, which logs the downloads: the log must not claim them if no place is free.
    let seat = app::place(&app.packing, caller.user.id).await?;
    let (title, packed) = archive::pack(&app, &caller.actor(), room.id, query.all).await?;
    Ok(Zipped { name: name(&title), content: Some(app.files.zip(packed, seat)) })
}

fn name(title: &str) -> String {
    format!("{title} - documents.zip")
}
