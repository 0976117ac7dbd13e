//! `/healthz`, which says that the process answers, and `/readyz`, which says that database, schema and file store do
//! too.

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
    let status = if database.is_ok() && files.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "database": word("database", &database), "files": word("files", &files) })))
}
