//! The door for people: HTML, one file per page or per tab. Every page works without a script, loads nothing from
//! another host, and offers only what the caller may do. Only `web` uses this folder; it uses `http` and what is below,
//! never `api`.

mod account;
mod admin;
mod cockpit;
mod docs;
mod forgotten;
mod kit;
mod links;
mod mails;
mod own_name;
mod own_password;
mod problem;
mod room;
mod set_up;
mod sign_in;
mod verify;

use axum::Router;
use tower_http::compression::{CompressionLayer, predicate::SizeAbove};

pub use docs::{RouteLine, docs};
pub use kit::layout::POLICY;
pub use problem::{Step, of_problem};

use crate::{app::App, http::PageRoutes};

/// Returns the routes of every page, with who may use each.
pub fn routes() -> PageRoutes {
    sign_in::routes()
        .merge(links::routes())
        .merge(forgotten::routes())
        .merge(set_up::routes())
        .merge(account::routes())
        .merge(mails::routes())
        .merge(own_name::routes())
        .merge(cockpit::routes())
        .merge(room::routes())
        .merge(admin::routes())
        .merge(verify::routes())
}

/// Serves the pages, and the stylesheet, scripts and icon that they load.
pub fn router() -> Router<App> {
    // A compressed page that has a secret beside text of others would reveal the secret by its length (BREACH). No page
    // has one: sessions are in cookies, forms are guarded by `Origin` and not by tokens, and the ticket of the sign-in
    // page is only in the answer to a form, which another site cannot send.
    let compression = CompressionLayer::new().compress_when(SizeAbove::new(512));
    routes().into_router().merge(kit::assets::router()).layer(compression)
}
