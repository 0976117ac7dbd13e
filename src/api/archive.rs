//! The documents of a room in one zip.

use crate::{
    app::{self, App},
    domain::downloads::archive,
    error::Result,
    http::{Access::May, Caller, Download, FromPairs, Given, InRoom, Kind, Query, Routes, Zipped},
    policy::Action::DocumentDownload,
};

pub(super) fn routes() -> Routes {
    Routes::new().get(
        "/rooms/{room_id}/archive",
        May(DocumentDownload),
        download,
        "A zip of the newest version of every document, with a manifest and SHA256SUMS",
    )
}

/// What is to be packed.
struct Asked {
    all: bool,
}

impl FromPairs for Asked {
    const PARAMETERS: &[(&str, Kind, &str)] = &[("all", Kind::Flag, "`true`: every version, not only the newest")];

    fn read(given: &mut Given) -> Self {
        Self { all: given.flag("all") }
    }
}

async fn download(app: App, caller: Caller, room: InRoom, Query(asked): Query<Asked>, how: Download) -> Result<Zipped> {
    if how.is_head() {
        return Ok(Zipped { name: name(&archive::title(&app, room.id).await?), content: None });
    }
    let place = app::place(&app.packing, caller.user.id).await?;
    let (title, packed) = archive::pack(&app, &caller.actor(), room.id, asked.all).await?;
    Ok(Zipped { name: name(&title), content: Some(app.files.zip(packed, place)) })
}

fn name(title: &str) -> String {
    format!("{title} - documents.zip")
}
