//! What most commands need before their work: the application, and a runtime.

use crate::{
    app::App,
    clock::Clock,
    config::Config,
    error::{Error, Result},
};

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
