//! Goes through what is new in rooms, and puts into mails what people are to be told.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::time;

use crate::{app::App, domain::news, error::Result};

/// How often to look. Whoever is told at once is told a minute later.
const LOOK: Duration = Duration::from_secs(5);

/// Tells people what is new as long as the server runs. Does not return.
pub(super) async fn tell(app: App) {
    let mut tick = time::interval(LOOK);
    tick.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        match AssertUnwindSafe(tell_all(&app)).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "what is new in rooms could not be put into mails"),
            Err(_) => tracing::error!("the telling of what is new in rooms panicked"),
        }
    }
}

/// Goes through everything that is new, and writes the mails that are due.
pub(super) async fn tell_all(app: &App) -> Result<()> {
    // A wrong clock would take what is to come for due.
    if app.clock_offset.check().is_err() {
        return Ok(());
    }
    while news::follow(app).await? > 0 {}
    news::gather(app).await.map(drop)
}
