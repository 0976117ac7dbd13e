//! The workers. Each claims a job by lease, does it, and looks for the next one.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{task::JoinSet, time};
use tokio_util::sync::CancellationToken;

use super::{HOUSEKEEPING, backup, clock, fsck, heads, mail, news, places, render_snapshot, seal, turns::Turns};
use crate::{
    app::App,
    db::{self, jobs::Claim},
    error::Result,
};

/// How often to look for work without a notification: a job of another server, or one whose pause is over.
const LOOK: Duration = Duration::from_secs(1);
/// With so many writes under way, people wait for one another, and drawing gives way to them.
const CROWD: usize = 16;
/// How long a worker gives way before each job at most, and how often it looks meanwhile. What is drawn under a load that
/// does not end is a few files a second, since none may wait for ever.
const GIVES_WAY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_millis(20));
/// How often housekeeping is done.
const TIDY: Duration = Duration::from_mins(1);

/// Runs all jobs until `stop` is cancelled. A job in progress is broken off, and left to its lease.
pub async fn run(app: App, stop: CancellationToken) {
    let mut workers = JoinSet::new();
    let turns = Arc::new(Turns::default());
    for _ in 0..app.config.render_workers {
        workers.spawn(stop.clone().run_until_cancelled_owned(render(app.clone(), Arc::clone(&turns))));
    }
    workers.spawn(stop.clone().run_until_cancelled_owned(fsck::watch(app.clone())));
    workers.spawn(stop.clone().run_until_cancelled_owned(clock::watch(app.clone())));
    workers.spawn(stop.clone().run_until_cancelled_owned(heads::keep(app.clone())));
    workers.spawn(stop.clone().run_until_cancelled_owned(places::watch(app.clone())));
    workers.spawn(stop.clone().run_until_cancelled_owned(seal::watch(app.clone())));
    workers.spawn(stop.clone().run_until_cancelled_owned(backup::watch(app.clone())));
    workers.spawn(stop.clone().run_until_cancelled_owned(mail::post(app.clone())));
    workers.spawn(stop.clone().run_until_cancelled_owned(news::tell(app.clone())));
    let db = app.db.clone();
    workers.spawn(stop.clone().run_until_cancelled_owned(async move { db.relay().await }));
    workers.spawn(stop.run_until_cancelled_owned(tidy(app)));
    workers.join_all().await;
}

async fn render(app: App, turns: Arc<Turns>) {
    loop {
        give_way(&app).await;
        match AssertUnwindSafe(run_one(&app, &turns)).catch_unwind().await {
            Ok(Ok(true)) => {}
            // A notification cannot be missed. `notify_one` keeps a permit if no worker is waiting, so that one which
            // comes between the look for a job and this wait ends the wait at once; and it comes after the commit of
            // the job, so that the look which follows finds it.
            Ok(Ok(false)) => {
                let _ = time::timeout(LOOK, app.job_enqueued.notified()).await;
            }
            // The database cannot be reached, most likely. Its pool tries again with each look.
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

/// Waits until few writes are under way, but not for long.
async fn give_way(app: &App) {
    let (most, pause) = GIVES_WAY;
    let is_quiet = async {
        while app.db.writes_under_way() >= CROWD {
            time::sleep(pause).await;
        }
    };
    let _ = time::timeout(most, is_quiet).await;
}

/// Runs all jobs that are due now, tries all mails that are, and returns how many those were.
pub async fn run_due(app: &App) -> Result<usize> {
    let (mut done, turns) = (0, Turns::default());
    news::tell_all(app).await?;
    while run_one(app, &turns).await? || mail::deliver_one(app).await? {
        done += 1;
    }
    Ok(done)
}

/// Claims the job that is due first and runs it. Returns `false` if none is due.
async fn run_one(app: &App, turns: &Turns) -> Result<bool> {
    let Some(claim) = claim(app, turns).await? else { return Ok(false) };
    // Only one permit is kept, however many jobs were enqueued while nobody waited. Each worker that finds a job
    // therefore wakes the next one, which looks for another.
    app.job_enqueued.notify_one();
    render_snapshot::run(app, claim).await?;
    // All of them, unlike above: several requests may wait for this snapshot (`Prefer: wait`). No permit is kept; they
    // look once before they wait.
    app.job_finished.notify_waiters();
    Ok(true)
}

/// Claims the job that is due first in the room whose turn it is. `None` if none is due, another
/// worker was faster, or the clock is wrong.
async fn claim(app: &App, turns: &Turns) -> Result<Option<Claim>> {
    // A wrong clock would take leases of other servers for run out, and use up attempts that can write nothing.
    if app.clock_offset.check().is_err() {
        return Ok(None);
    }
    let now = app.now();
    // Read first and claim then, although another worker may be faster in between: a look that finds nothing, the usual
    // one, takes no write transaction, of which SQLite has only one at a time.
    let with_work = app.db.read(async |tx| db::jobs::rooms_with_due(tx, now).await).await?;
    let Some(room) = turns.next(&with_work) else { return Ok(None) };
    app.db.write(async move |tx| db::jobs::claim(tx, room, now, now.after(render_snapshot::LEASE)).await).await
}

async fn tidy(app: App) {
    let mut tick = time::interval(TIDY);
    loop {
        tick.tick().await;
        // Each by itself: one that fails or panics must not keep the others from being done.
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
