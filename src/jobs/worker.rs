//! The workers: claim what is due by lease, do it, look again.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::{task::JoinSet, time};
use tokio_util::sync::CancellationToken;

use super::{HOUSEKEEPING, fsck, render_snapshot};
use crate::{
    app::App,
    db::{self, jobs::Claim},
    error::Result,
};

/// A claim not renewed for this long is open to other workers.
pub(super) const LEASE: Duration = Duration::from_secs(15);
/// How often to look for work that nobody rang for: another node's, or one whose pause is over.
const LOOK: Duration = Duration::from_secs(1);
/// How often housekeeping is done.
const TIDY: Duration = Duration::from_mins(1);

/// Works until told to stop. A job in progress is left to its lease.
pub async fn run(app: App, stop: CancellationToken) {
    let mut workers = JoinSet::new();
    for _ in 0..app.config.render_workers {
        workers.spawn(stop.clone().run_until_cancelled_owned(render(app.clone())));
    }
    workers.spawn(stop.clone().run_until_cancelled_owned(fsck::watch(app.clone())));
    let db = app.db.clone();
    workers.spawn(stop.clone().run_until_cancelled_owned(async move { db.relay().await }));
    workers.spawn(stop.run_until_cancelled_owned(tidy(app)));
    workers.join_all().await;
}

async fn render(app: App) {
    loop {
        match AssertUnwindSafe(run_one(&app)).catch_unwind().await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => {
                let _ = time::timeout(LOOK, app.job_enqueued.notified()).await;
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "a worker could not work");
                time::sleep(LOOK).await;
            }
            Err(_) => {
                tracing::error!("a worker panicked; its job is left to its lease");
                time::sleep(LOOK).await;
            }
        }
    }
}

/// Does everything that is due now; answers how much that was.
pub async fn run_due(app: &App) -> Result<usize> {
    let mut done = 0;
    while run_one(app).await? {
        done += 1;
    }
    Ok(done)
}

/// Claims a job and does it; false where none is due.
async fn run_one(app: &App) -> Result<bool> {
    let Some(claim) = claim(app).await? else { return Ok(false) };
    // More may be waiting than this worker was rung for.
    app.job_enqueued.notify_one();
    render_snapshot::run(app, claim).await?;
    app.job_finished.notify_waiters();
    Ok(true)
}

async fn claim(app: &App) -> Result<Option<Claim>> {
    let now = app.now();
    if !app.db.read(async |tx| db::jobs::is_due(tx, now).await).await? {
        return Ok(None);
    }
    app.db.write(async move |tx| db::jobs::claim(tx, now, now.after(LEASE)).await).await
}

async fn tidy(app: App) {
    let mut tick = time::interval(TIDY);
    loop {
        tick.tick().await;
        for job in HOUSEKEEPING {
            match AssertUnwindSafe((job.run)(app.clone())).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(job = job.name, %error, "housekeeping failed; it is tried again in a minute");
                }
                Err(_) => tracing::error!(job = job.name, "housekeeping panicked; it is tried again in a minute"),
            }
        }
    }
}
