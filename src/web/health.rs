//! `/healthz`, which says that the process answers, and `/readyz`, which says that database, schema and file store do
//! too, that the clock is right, and that no log is behind what was signed of it.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use serde_json::json;

use crate::{app::App, db::migrations, http::Json};

pub(super) async fn alive() -> impl IntoResponse {
    "ok\n"
}

/// Checks each part, and returns which ones are not ready. Why is only in the log: anyone can ask here.
pub(super) async fn ready(State(app): State<App>) -> impl IntoResponse {
    let database = migrations::check(&app.db).await.and_then(|()| app.db.check_writable());
    let files = app.files.check().await;
    let word = |part: &str, outcome: &crate::error::Result<()>| match outcome {
        Ok(()) => "ok",
        Err(error) => {
            tracing::error!(part, %error, "not ready");
            "failing"
        }
    };
    // Logged by the comparison that found it.
    let is_clock_right = app.clock_offset.check().is_ok();
    // Logged when it was found, with the names of the logs.
    let are_heads_right = app.heads.behind().is_empty();
    let is_ready = database.is_ok() && files.is_ok() && is_clock_right && are_heads_right;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let [clock, heads] = [is_clock_right, are_heads_right].map(|is_right| if is_right { "ok" } else { "failing" });
    let (database, files) = (word("database", &database), word("files", &files));
    (status, Json(json!({ "clock": clock, "database": database, "files": files, "heads": heads })))
}
