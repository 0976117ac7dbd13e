//! Writes the heads that were signed into their file, and looks again at the logs that are behind.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{task, time};

use crate::{
    app::App,
    domain::log,
    error::{Error, Result},
};

/// How often what is new is written. What was signed in the last second before the process is killed is not remembered.
const WRITE: Duration = Duration::from_secs(1);
/// After how many writes it is looked at again which logs are behind.
const LOOK: u32 = 10;

/// Does so again and again, without end.
pub(super) async fn keep(app: App) {
    let mut tick = time::interval(WRITE);
    let (mut ticks, mut is_failing) = (0_u32, false);
    loop {
        tick.tick().await;
        ticks = ticks.wrapping_add(1);
        let done = AssertUnwindSafe(once(&app, ticks.is_multiple_of(LOOK))).catch_unwind().await;
        let done = done.unwrap_or_else(|_| Err(Error::internal("it panicked")));
        // Said once, not every second.
        match (&done, is_failing) {
            (Err(error), false) => tracing::error!(%error, "signed heads are not remembered; it is tried every second"),
            (Ok(()), true) => tracing::info!("signed heads are remembered again"),
            _ => {}
        }
        is_failing = done.is_err();
    }
}

async fn once(app: &App, looks: bool) -> Result<()> {
    let heads = Arc::clone(&app.heads);
    task::spawn_blocking(move || heads.save()).await.map_err(|error| Error::internal(error.to_string()))??;
    if looks {
        log::heads::look_again(app).await?;
    }
    Ok(())
}
