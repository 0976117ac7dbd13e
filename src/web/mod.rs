//! The server, put together: the router of both doors (`api`, `pages`), the request log, errors as pages or problems,
//! the documentation, metrics, health and public keys. Only `cli` uses it.

mod docs;
mod errors;
mod heads_log;
mod health;
mod log_key;
mod metrics;
mod request_log;

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{api, app::App, http::BASE, pages};

/// The largest body of a request that is held as a whole, in bytes. Forms with files have limits of their own.
const BODY_LIMIT: usize = 1024 * 1024;

/// Returns the router for all that the server answers.
pub fn router(app: App) -> Router {
    let routes = api::routes();
    let documentation = docs::Document::of(&routes);
    let parts = health::Parts::default();
    Router::new()
        .nest(BASE, routes.into_router())
        .route("/healthz", get(health::alive))
        .route("/readyz", get(move |app| health::ready(app, parts.clone())))
        .route("/metrics", get(metrics::metrics))
        .route("/.well-known/sts-clearance/log-key", get(log_key::public_keys))
        .route("/heads/checkpoint", get(heads_log::checkpoint))
        .route("/heads/tile/{*name}", get(heads_log::tile))
        .route("/.well-known/sts-clearance/keys", get(log_key::published))
        .route("/.well-known/sts-clearance/seal-certificate", get(log_key::seal_certificate))
        .merge(documentation.router())
        .merge(pages::router())
        // Of the layers below, each encloses those above it. The request log is outermost, so that it sees every
        // answer, also that of a handler that panicked or of a path that does not exist.
        .fallback(errors::no_such_path)
        .method_not_allowed_fallback(errors::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::custom(errors::from_panic))
        .layer(middleware::from_fn_with_state(app.clone(), request_log::log))
        .with_state(app)
}
