//! The JSON API: one file per resource, which opens with its routes; then come the types that it takes and shows, then
//! the handlers, which call an operation of `domain`. Only `web` uses this folder, and pages share no view with it:
//! what the API shows is a promise to programs, what pages show changes with their design.

mod account;
mod activities;
mod approvals;
mod archive;
mod auth;
mod cockpit;
mod compare;
mod document_types;
mod document_view;
mod documents;
mod events;
mod hint;
mod holds;
mod invitations;
mod log;
mod mail;
mod matching;
mod parties;
mod rooms;
mod sessions;
mod snapshots;
mod summary;
mod system;
mod uploads;
mod users;
mod verify;
mod versions;
mod vessels;
mod why;

pub use hint::hint;

use crate::http::Routes;

/// Returns all routes of the API.
pub fn routes() -> Routes {
    auth::routes()
        .merge(sessions::routes())
        .merge(account::routes())
        .merge(rooms::routes())
        .merge(parties::routes())
        .merge(invitations::routes())
        .merge(vessels::routes())
        .merge(documents::routes())
        .merge(versions::routes())
        .merge(uploads::routes())
        .merge(matching::routes())
        .merge(archive::routes())
        .merge(approvals::routes())
        .merge(summary::routes())
        .merge(cockpit::routes())
        .merge(document_types::routes())
        .merge(activities::routes())
        .merge(events::routes())
        .merge(log::routes())
        .merge(snapshots::routes())
        .merge(compare::routes())
        .merge(holds::routes())
        .merge(verify::routes())
        .merge(users::routes())
        .merge(system::routes())
        .merge(mail::routes())
}
