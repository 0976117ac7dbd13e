//! A witness of others' logs (C2SP `tlog-witness`): a server of its own, with its own key and its own memory.
//!
//! It cosigns the head of a log only if that goes on from the last one that it has cosigned, so that whoever shows two
//! heads of a log, both cosigned, has not been shown two histories. What always holds: a head is in the memory, synced,
//! before its cosignature leaves the process, and the check and the keeping are one transaction. Heads of one log that
//! do not go on from each other are never both cosigned, whatever comes at once and whenever the process ends.

mod add_checkpoint;
mod logs;
mod reading;

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tower_http::catch_panic::CatchPanicLayer;

pub use logs::WitnessedLogs;

use crate::{
    clock::Clock, db::witness_memory::WitnessMemory, error::Error, evidence::WitnessKey, http::Client,
    network::TrustedProxies,
};

/// What the handlers share.
pub struct WitnessState {
    /// The key that heads are cosigned with.
    pub key: WitnessKey,
    /// The logs that are witnessed.
    pub logs: WitnessedLogs,
    /// What was cosigned.
    pub memory: WitnessMemory,
    /// The clock by which cosignatures are dated.
    pub clock: Clock,
    /// The proxies that are believed when they name the client of a request, for the log of requests.
    pub trusted_proxies: TrustedProxies,
}

/// Returns the router for all that a witness answers.
pub fn router(state: WitnessState) -> Router {
    let state = Arc::new(state);
    Router::new()
        .route("/", get(reading::overview))
        .route("/healthz", get(reading::alive))
        .route("/checkpoint", get(reading::checkpoint))
        .route("/add-checkpoint", post(add_checkpoint::add_checkpoint))
        .fallback(async || Text(StatusCode::NOT_FOUND, "there is nothing here; see /".to_owned()))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn_with_state(Arc::clone(&state), log))
        .with_state(state)
}

/// Passes a request on, and logs it with the status of its answer.
async fn log(State(state): State<Arc<WitnessState>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    Client::identify(&mut request, &state.trusted_proxies);
    let client = request.extensions().get::<Client>().copied().unwrap_or_default().address;
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let (status, duration_ms) = (response.status().as_u16(), started.elapsed().as_secs_f64() * 1000.0);
    tracing::info!(%client, %method, path, status, duration_ms, "request");
    response
}

/// An answer of one sentence, or some lines.
struct Text(StatusCode, String);

impl Text {
    /// Returns the answer for a fault of the witness itself, which is logged here.
    fn failed(error: &Error) -> Self {
        tracing::error!(%error, "request failed");
        Self(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed to do this; its log says why".to_owned())
    }
}

impl IntoResponse for Text {
    fn into_response(self) -> Response {
        let Self(status, mut text) = self;
        if !text.ends_with('\n') {
            text.push('\n');
        }
        (status, crate::http::PlainText(text)).into_response()
    }
}
