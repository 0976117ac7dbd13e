//! The cockpit: one's rooms, that of the nearest ETA first, with what blocks each and what waits for oneself.

use axum::response::{IntoResponse, Response};
use maud::html;

use super::layout::{Page, Part};
use crate::{
    app::App,
    db,
    domain::Role,
    error::Result,
    http::{Access::May, Caller, PageRoutes, Paging, Query},
    policy::Action::RoomList,
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/", May(RoomList), list)
}

async fn list(app: App, caller: Caller, Query(Paging(page)): Query<Paging>) -> Result<Response> {
    let party = (caller.role != Role::Admin).then_some(caller.user.email.as_str());
    let (rooms, _) = app.db.read(async |tx| db::rooms::list(tx, party, page).await).await?;
    let main = html! {
        h1 { "Rooms" }
        ul { @for room in &rooms { li { a href={ "/rooms/" (room.id) } { (room.title) } } } }
    };
    Ok(Page::new("Rooms", main).of(Part::Rooms, &caller).into_response())
}
