//! A room: a file for each of its tabs, and for each form that has a page of its own. Only `pages` uses it; the cockpit
//! takes the progress bar from here.

mod activity;
mod approval;
mod clearance;
mod compare;
mod compare_summary;
mod deletion;
mod details;
mod documents;
mod frame;
mod invitations;
mod mails;
mod outstanding;
mod parties;
mod phase;
mod removal;
mod several_parties;
mod snapshot;
mod snapshots;
mod two_admins;
mod vessels;
mod wanted;

use axum::response::Redirect;

use crate::{
    error::Result,
    http::{Access::May, InRoom, PageRoutes},
    policy::Action::RoomView,
};

pub(super) use frame::progress;
pub(super) use wanted::path as path_of_wanted;

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/{room_id}", May(RoomView), show_first_tab)
        .merge(activity::routes())
        .merge(clearance::routes())
        .merge(compare::routes())
        .merge(deletion::routes())
        .merge(details::routes())
        .merge(documents::routes())
        .merge(parties::routes())
        .merge(invitations::routes())
        .merge(mails::routes())
        .merge(several_parties::routes())
        .merge(phase::routes())
        .merge(removal::routes())
        .merge(snapshot::routes())
        .merge(snapshots::routes())
        .merge(vessels::routes())
        .merge(approval::routes())
}

async fn show_first_tab(room: InRoom) -> Result<Redirect> {
    Ok(Redirect::to(&format!("/rooms/{}/documents", room.id)))
}
