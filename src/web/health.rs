//! `/healthz`, which says that the process answers, and `/readyz`, which says that database, schema and file store do
//! too and have room for more, that the clock is right, that no log is behind what was signed of it, and that the key is
//! the one of the logs.

use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc, time::Duration};

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use tokio::{
    sync::Mutex,
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

use crate::{
    app::App,
    db::{Db, migrations},
    domain::log,
    error::{Error, Result},
    files,
    http::Json,
};

/// How long a part may take to show that it is ready. Who asks is answered within two seconds, whatever hangs.
const LONGEST: Duration = Duration::from_millis(1_500);

pub(super) async fn alive() -> impl IntoResponse {
    "ok\n"
}

/// The parts that are asked. Each is asked by one at a time: a disk that hangs holds one thread, however often somebody
/// wants to know.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    database: Arc<Mutex<()>>,
    files: Arc<Mutex<()>>,
    key: Arc<Mutex<()>>,
}

/// Checks each part, and returns which ones are not ready. Why is only in the log: anyone can ask here.
pub(super) async fn ready(State(app): State<App>, parts: Parts) -> impl IntoResponse {
    let until = Instant::now() + LONGEST;
    let database = asked(&parts.database, until, database(app.clone()));
    let files = asked(&parts.files, until, files(app.clone()));
    let key = asked(&parts.key, until, key(app.clone()));
    let (database, files, key) = tokio::join!(database, files, key);
    let said = BTreeMap::from([
        // Logged by the comparison that found it.
        ("clock", if app.clock_offset.check().is_ok() { "ok" } else { "failing" }),
        ("database", word("database", &database)),
        ("files", word("files", &files)),
        // Logged when it was found, with the names of the logs.
        ("heads", if app.heads.behind().is_empty() { "ok" } else { "failing" }),
        ("key", word("key", &key)),
    ]);
    let is_ready = said.values().all(|word| *word == "ok");
    (if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(said))
}

/// Has a part checked, and waits for that until an instant. `false` if it is not ready, and the log was told of that when
/// it was found.
async fn asked(
    part: &Arc<Mutex<()>>,
    until: Instant,
    check: impl Future<Output = Result<bool>> + Send + 'static,
) -> Result<bool> {
    let late = |_| Error::internal("it does not answer");
    let alone = timeout_at(until, Arc::clone(part).lock_owned()).await.map_err(late)?;
    // In a task, which keeps the others from asking for as long as it hangs, although nobody waits for it any more.
    let checked = tokio::spawn(async move {
        let outcome = check.await;
        drop(alone);
        outcome
    });
    timeout_at(until, checked).await.map_err(late)?.map_err(|error| Error::internal(error.to_string()))?
}

fn word(part: &str, outcome: &Result<bool>) -> &'static str {
    let error = match outcome {
        Ok(true) => return "ok",
        Ok(false) => return "failing",
        Err(error) => error,
    };
    tracing::error!(part, %error, "not ready");
    if matches!(error, Error::DatabaseFull | Error::StoreFull) { "full" } else { "failing" }
}

async fn database(app: App) -> Result<bool> {
    // What has vanished is not asked.
    if !app.db.is_sound() {
        return Ok(false);
    }
    migrations::check(&app.db).await?;
    app.db.check_writable().await?;
    match Db::directory(&app.config.database_url()) {
        Some(directory) => room(directory, Error::DatabaseFull).await,
        None => Ok(true),
    }
}

async fn files(app: App) -> Result<bool> {
    if !app.files.is_in_place() {
        return Ok(false);
    }
    app.files.check().await?;
    room(app.files.directory().to_owned(), Error::StoreFull).await
}

async fn key(app: App) -> Result<bool> {
    if let Err(error) = log::keys::look(&app).await {
        tracing::warn!(%error, "it could not be looked which key signs the logs");
    }
    Ok(!app.key_trouble.is_there())
}

/// Returns an error if a directory takes no more bytes; `full` if that is for want of room.
async fn room(directory: PathBuf, full: Error) -> Result<bool> {
    let tried = spawn_blocking(move || files::try_room(&directory)).await;
    let tried = tried.unwrap_or_else(|error| Err(io::Error::other(error)));
    tried.map(|()| true).map_err(|error| {
        if crate::error::is_no_room(&error) { full } else { Error::internal(format!("it takes no bytes: {error}")) }
    })
}
