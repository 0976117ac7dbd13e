//! A room: its tabs, each a page of its own.

mod activity;
mod clearance;
mod compare;
mod deletion;
mod details;
mod documents;
mod frame;
mod parties;
mod phase;
mod removal;
mod snapshot;
mod snapshots;
mod two_admins;
mod vessels;
mod word;

use axum::response::Redirect;

use crate::{
    error::Result,
    http::{Access::May, InRoom, PageRoutes},
    policy::Action::RoomView,
};

pub(super) use frame::progress;

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/{room_id}", May(RoomView), first_tab)
        .merge(activity::routes())
        .merge(clearance::routes())
        .merge(compare::routes())
        .merge(deletion::routes())
        .merge(details::routes())
        .merge(documents::routes())
        .merge(parties::routes())
        .merge(phase::routes())
        .merge(removal::routes())
        .merge(snapshot::routes())
        .merge(snapshots::routes())
        .merge(vessels::routes())
        .merge(word::routes())
}

async fn first_tab(room: InRoom) -> Result<Redirect> {
    Ok(Redirect::to(&format!("/rooms/{}/documents", room.id)))
}
