//! Looks whether what the server works with is still there: the database's files, the directory of the file store, and the
//! key. What is gone, or is another one, is said in the program's log once, and `/readyz` says which part it is.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::time;

use crate::{app::App, domain::log};

/// How often it is looked. Whoever writes looks before each commit and each file.
const LOOK: Duration = Duration::from_secs(10);

/// Looks again and again, without end.
pub(super) async fn watch(app: App) {
    let mut tick = time::interval(LOOK);
    loop {
        tick.tick().await;
        // What they return is for those who ask; they have told the log.
        let _ = (app.db.is_sound(), app.files.is_in_place());
        match AssertUnwindSafe(log::keys::take_up(&app)).catch_unwind().await {
            Ok(Ok(())) => {}
            // The database cannot be reached, most likely, which others say.
            Ok(Err(error)) => tracing::warn!(%error, "it could not be looked which key signs the logs"),
            Err(_) => tracing::error!("the look at the key panicked; it is made again"),
        }
    }
}
