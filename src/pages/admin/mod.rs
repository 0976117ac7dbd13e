//! The administration, for admins only, a file for each tab: accounts, the catalogue of document types, holds,
//! mails, and the state of the server. Only `pages` uses it.

mod document_types;
mod frame;
mod holds;
mod mail;
mod requests;
mod system;
mod users;

use axum::response::Redirect;

use crate::{
    http::{Access::May, PageRoutes},
    policy::Action::ConfigView,
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/admin", May(ConfigView), async || Redirect::to("/admin/users"))
        .merge(users::routes())
        .merge(requests::routes())
        .merge(document_types::routes())
        .merge(holds::routes())
        .merge(mail::routes())
        .merge(system::routes())
}
