//! All decisions on one version of a document: the panel has only the newest.

use axum::response::{IntoResponse, Response};
use maud::html;
use room::{DocumentId, VersionId};

use super::panel::render_decision;
use crate::{
    app::App,
    db::Tx,
    domain::documents::history,
    error::{Error, Result},
    http::{Caller, Ids, InRoom, Query, Seeking},
    pages::{
        kit::{paging::neighbours_from, portion::within, who::Who},
        room::frame::{Room, Tab},
    },
};

/// The largest list of decisions, in bytes.
const MOST_BYTES: usize = 1_500_000;

/// Shows a part of the decisions, the newest first.
pub(super) async fn show_decisions(
    app: App,
    caller: Caller,
    room: InRoom,
    Ids(document, version): Ids<DocumentId, VersionId>,
    Query(Seeking(seek)): Query<Seeking>,
) -> Result<Response> {
    let id = room.id;
    let room = Room::load(&app, id).await?;
    let read = async |tx: &mut Tx| history::decisions(tx, id, (document, version), &seek).await;
    let (decisions, total, part) = app.db.read(read).await?;
    let found = room.state.documents.iter().find(|found| found.slot.id == document);
    let found = found.ok_or(Error::NotFound("document"))?;
    let state = found.versions.iter().find(|state| state.version.id == version).ok_or(Error::NotFound("version"))?;
    let who = Who::load(&app, &room.state.parties, decisions.iter().map(|decision| &*decision.party)).await?;
    // The room has the last decision of each party, whatever part of the decisions is listed here.
    let standing: Vec<_> = state.standing_decisions().into_iter().map(|decision| decision.id).collect();
    let rows = decisions.iter().map(|decision| render_decision(&who, found, decision, standing.contains(&decision.id)));
    let shown = within(MOST_BYTES, rows);
    let ids: Vec<_> = decisions.iter().take(shown.shown).map(|decision| decision.id.to_string()).collect();
    let path = room.path(&format!("/documents/{document}"));
    let main = html! {
        section aria-labelledby="said-title" {
            h2 id="said-title" { "Decisions on version " (state.version.number) " of " a href=(path) { (found.slot.name) } }
            p.hint { "The newest first." }
            ul.decisions { (shown.markup) }
            (neighbours_from((&format!("{path}/versions/{version}"), ""), &seek, part, (&ids, total)))
        }
    };
    Ok(room.page(&caller, Tab::Documents, &main).into_response())
}
