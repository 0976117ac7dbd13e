//! `/healthz`, which says that the process answers, and `/readyz`, which says that database, schema and file store do
//! too, that the clock is right, that no log is behind what was signed of it, and that the key is the one of the logs.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use serde_json::json;

use crate::{app::App, db::migrations, domain::log, http::Json};

pub(super) async fn alive() -> impl IntoResponse {
    "ok\n"
}

/// Checks each part, and returns which ones are not ready. Why is only in the log: anyone can ask here.
pub(super) async fn ready(State(app): State<App>) -> impl IntoResponse {
    let word = |part: &str, outcome: &crate::error::Result<()>| match outcome {
        Ok(()) => "ok",
        Err(error) => {
            tracing::error!(part, %error, "not ready");
            "failing"
        }
    };
    // What has vanished was logged when it was found, and is not asked.
    let database = if app.db.is_sound() {
        word("database", &migrations::check(&app.db).await.and_then(|()| app.db.check_writable()))
    } else {
        "failing"
    };
    let files = if app.files.is_in_place() { word("files", &app.files.check().await) } else { "failing" };
    // Logged by the comparison that found it.
    let clock = ok_or_failing(app.clock_offset.check().is_ok());
    // Logged when it was found, with the names of the logs.
    let heads = ok_or_failing(app.heads.behind().is_empty());
    if let Err(error) = log::keys::look(&app).await {
        tracing::warn!(%error, "it could not be looked which key signs the logs");
    }
    let key = ok_or_failing(!app.key_trouble.is_there());
    let parts = [clock, database, files, heads, key];
    let is_ready = parts.iter().all(|part| *part == "ok");
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "clock": clock, "database": database, "files": files, "heads": heads, "key": key })))
}

fn ok_or_failing(is_right: bool) -> &'static str {
    if is_right { "ok" } else { "failing" }
}
