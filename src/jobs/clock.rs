//! Compares the clock of this server with the database's. One that is too far off writes nothing.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::time;

use crate::{app::App, db, error::Result};

/// How often the clocks are compared.
const LOOK: Duration = Duration::from_secs(30);
/// The longest time that a reading of the database's clock may take; what took longer says too little.
const LONGEST_READING: Duration = Duration::from_secs(10);

/// Compares the clocks again and again, without end.
pub(super) async fn watch(app: App) {
    // The first comparison was made before the start.
    let mut tick = time::interval_at(time::Instant::now() + LOOK, LOOK);
    loop {
        tick.tick().await;
        match AssertUnwindSafe(compare_clocks(&app)).catch_unwind().await {
            Ok(Ok(())) => {}
            // What was measured last stays in force.
            Ok(Err(error)) => tracing::warn!(%error, "the database's clock could not be read"),
            Err(_) => tracing::error!("the comparison of the clocks panicked; it is made again"),
        }
    }
}

/// Measures how far the clock of this server is from the database's, and keeps that in the app. Does nothing on SQLite,
/// which has no clock of its own.
pub async fn compare_clocks(app: &App) -> Result<()> {
    // Both readings are made inside the transaction, so that no wait for a connection lies between them.
    let read = app.db.read(async |tx| {
        let asked = app.now();
        let database = db::clock::now(tx).await?;
        Ok(database.map(|database| (asked, database, app.now())))
    });
    let Some((asked, database, answered)) = read.await? else { return Ok(()) };
    // Also if the clock was set between the readings. The next comparison is soon enough.
    if answered.apart(asked) > LONGEST_READING {
        return Ok(());
    }
    // The database read its clock somewhere in between, most likely in the middle.
    let [asked, database, answered] = [asked, database, answered].map(room::Time::as_microsecond);
    let offset = asked + (answered - asked) / 2 - database;
    match app.clock_offset.measured(offset) {
        Some(Err(error)) => tracing::error!(offset_us = offset, %error, "the clock is wrong; writes are refused"),
        Some(Ok(())) => tracing::info!(offset_us = offset, "the clock is right again; writes are taken"),
        None => {}
    }
    Ok(())
}
