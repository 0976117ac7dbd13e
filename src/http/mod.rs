//! How HTTP is spoken: routes with their access, who the caller is, extractors, answers, problems.

mod answer;
mod brought;
mod caller;
mod client;
mod connections;
mod describe;
mod docs;
mod download;
mod extract;
mod form;
mod health;
mod listener;
mod log_key;
mod metrics;
mod pace;
mod page_routes;
mod preview;
mod problem;
mod request_log;
mod route_doc;
mod routes;
mod text;
mod upload;
mod zipped;

pub mod event_stream;
pub mod session_cookie;

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use tower_http::catch_panic::CatchPanicLayer;

pub use answer::{Created, DoneOrAsked, Listed, NoContent};
pub use caller::{Caller, InRoom};
pub use client::Client;
pub use describe::Answers;
pub use download::{Download, FileAnswer};
pub use event_stream::{After, EventStream};
pub use extract::{FromPairs, Given, Id, Ids, Json, Paging, Query, UserAgent, Wait};
pub use form::Form;
pub use listener::{Limits, serve};
pub use pace::Patience;
pub use page_routes::{PageRoute, PageRoutes};
pub use preview::{Preview, PreviewAnswer};
pub use problem::{FieldProblem, Problem, sentence};
pub use route_doc::{Bounds, Kind, RouteDoc};
pub use routes::{Access, Route, Routes};
pub use text::{JsonLines, PlainText};
pub use upload::{Received, Upload, form_boundary};
pub use zipped::Zipped;

use crate::{api, app::App, pages};

/// The prefix of the API.
pub const BASE: &str = "/api/v1";
/// The largest body of a request, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// Everything that the server answers.
pub fn router(app: App) -> Router {
    let routes = api::routes();
    let openapi = docs::Document::of(&routes);
    Router::new()
        .nest(BASE, routes.into_router())
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/.well-known/sts-clearance/log-key", get(log_key::public_keys))
        .route("/.well-known/sts-clearance/seal-certificate", get(log_key::seal_certificate))
        .merge(openapi.into_router())
        .merge(pages::router())
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::custom(problem::from_panic))
        .layer(middleware::from_fn_with_state(app.clone(), request_log::log))
        .with_state(app)
}
