//! What most commands need before their work: the application, and a runtime; for servers, the signal to stop.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    clock::Clock,
    config::Config,
    error::{Error, Result},
};

/// How long a server waits for requests in progress when it is to stop.
pub(super) const GRACE: Duration = Duration::from_secs(20);

/// Opens the application with these settings and the system's clock.
pub(super) fn open(settings: Config) -> Result<App> {
    App::open(settings, Clock::System)
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
