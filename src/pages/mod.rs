//! HTML for people: one file per page. Every page works without a script, asks no other host, and offers only what the
//! caller may do.

mod account;
mod admin;
mod assets;
mod cockpit;
mod docs;
mod kit;
mod own_password;
mod problem;
mod room;
mod sign_in;
mod verify;

use axum::Router;
use tower_http::compression::{CompressionLayer, predicate::SizeAbove};

pub use docs::{Told, docs};
pub use kit::layout::POLICY;
pub use problem::of_problem;

use crate::{app::App, http::PageRoutes};

/// Every page.
pub fn routes() -> PageRoutes {
    sign_in::routes()
        .merge(account::routes())
        .merge(cockpit::routes())
        .merge(room::routes())
        .merge(admin::routes())
        .merge(verify::routes())
}

/// Serves the pages, and what they need.
pub fn router() -> Router<App> {
    // No page holds a secret beside what others have written, so that its length tells nobody anything (BREACH).
    let compression = CompressionLayer::new().compress_when(SizeAbove::new(512));
    routes().into_router().merge(assets::router()).layer(compression)
}
