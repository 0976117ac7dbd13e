//! What most commands need before their work: the application, and a runtime; for servers, the signal to stop.

use std::{path::Path, time::Duration};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    clock::Clock,
    config::Config,
    db::{Db, migrations},
    domain::start::refuse_to_begin_anew,
    error::{Error, Result},
    heads::Heads,
    keys, telemetry,
};

/// How long a server waits for requests in progress when it is to stop.
pub(super) const GRACE: Duration = Duration::from_secs(20);

/// Refuses settings with which a server could not start. Opens no database, and makes nothing.
pub(super) fn check(settings: &Config) -> Result<()> {
    telemetry::filter(settings)?;
    Db::check_url(&settings.database_url())?;
    keys::check(settings)?;
    settings.fonts().map(drop)
}

/// Opens the application with these settings and the system's clock, and makes what is missing.
pub(super) fn open(settings: Config) -> Result<App> {
    App::open(settings, Clock::System)
}

/// Opens the system that is there, for a command that only looks: nothing is made.
pub(super) fn look(settings: Config) -> Result<App> {
    App::open_existing(settings, Clock::System)
}

/// Opens the system that is there, for a command that changes it. Without its key nothing could be signed, and a new one
/// would not be its own.
pub(super) fn open_there(settings: Config) -> Result<App> {
    let app = look(settings)?;
    keys::require_log_key(&app.config)?;
    Ok(app)
}

/// Opens the system whose logs are to go on. Where heads are remembered and the database is lost as a whole, its logs go on in
/// an empty one, which is made.
pub(super) fn open_to_continue(settings: Config) -> Result<App> {
    let is_lost = Db::file_of(&settings.database_url()).is_some_and(|file| !file.exists());
    if is_lost && !Heads::open(settings.data_dir())?.all().is_empty() {
        keys::require_log_key(&settings)?;
        return open(settings);
    }
    open_there(settings)
}

/// Opens the system for an account that is to be made: the one that is there, or a new one for its first account.
pub(super) async fn open_for_first_account(settings: Config) -> Result<App> {
    let has_key = keys::log_key_in_force(&settings)?.is_some();
    if !has_key && Db::file_of(&settings.database_url()).is_none_or(Path::exists) {
        let there = look(settings.clone())?;
        if migrations::status(&there.db).await?.iter().any(|step| step.applied_at.is_some()) {
            keys::require_log_key(&settings)?;
        }
    }
    refuse_to_begin_anew(&settings).await?;
    open(settings)
}

/// Runs the work of a command to its end, on a runtime of its own.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    runtime()?.block_on(work)
}

/// Starts a runtime with a thread for every processor.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| Error::setup(format!("the runtime cannot start: {error}")))
}

/// Cancels the token at SIGTERM or SIGINT.
pub(super) fn cancel_at_signal(stop: &CancellationToken) -> Result<()> {
    let refuse = |error| Error::setup(format!("signals cannot be heard: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(refuse)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(refuse)?;
    // Registered above, before this returns: from then on neither signal ends the process by itself.
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}
