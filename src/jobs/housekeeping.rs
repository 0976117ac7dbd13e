//! The housekeeping: what is cleared away every minute.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};

use super::left_overs;
use crate::{
    app::App,
    db,
    domain::{
        accounts::{attempts, links, two_people},
        documents::uploads,
        heads_log,
        log::{idempotency, refusals},
        mail::outbox,
        news,
    },
    error::{Error, Result},
};

/// How many files are looked up at once.
const FILES: i64 = 100;
/// How long to wait before another attempt to remove a file that could not be removed.
const RETRY: Duration = Duration::from_mins(10);

/// No upload takes longer than this: a file that is older was left behind by a process that ended.
const LONGEST_UPLOAD: Duration = Duration::from_hours(24);

/// How long a server counts as one that starts.
const STARTS: Duration = Duration::from_secs(30);

/// One task of the housekeeping.
pub struct Chore {
    /// The name of the task in the server's log.
    pub name: &'static str,
    /// Does the task once.
    pub run: fn(App) -> BoxFuture<'static, Result<()>>,
}

/// All tasks, in their order. Files come first: they take space that others may be waiting for, and what comes after
/// them does not depend on it. A task that fails is tried again in a minute, and does not keep the others from being
/// done.
pub const HOUSEKEEPING: &[Chore] = &[
    Chore { name: "remove_files", run: |app| remove_files(app).boxed() },
    Chore { name: "sweep_uploads", run: |app| sweep_uploads(app).boxed() },
    Chore { name: "sweep_partial_uploads", run: |app| sweep_partial_uploads(app).boxed() },
    Chore { name: "sweep_left_overs", run: |app| left_overs::sweep(app).boxed() },
    Chore { name: "tell_refusals", run: |app| tell_refusals(app).boxed() },
    Chore { name: "drop_expired_rows", run: |app| drop_expired_rows(app).boxed() },
    Chore { name: "tell_what_is_due", run: |app| tell_what_is_due(app).boxed() },
    Chore { name: "gather_heads", run: |app| gather_heads(app).boxed() },
];

/// Removes the files that no row names any more.
async fn remove_files(app: App) -> Result<()> {
    let now = app.now();
    loop {
        let due = app.db.read(async |tx| db::files::due(tx, now, FILES).await).await?;
        if due.is_empty() {
            return Ok(());
        }
        // The file first, then the row that tells of it. The other way round, a process that ended in between would
        // leave a file of which nobody knows; this way the removal is tried again, and finds that the file is gone
        // already.
        for file_url in due {
            match app.files.delete(&file_url).await {
                Ok(()) => app.db.write(async move |tx| db::files::removed(tx, &file_url).await).await?,
                Err(error) => {
                    // Put off, or this loop would find the same file again and never end.
                    tracing::warn!(file_url, %error, "a file could not be removed; it is tried again later");
                    app.db.write(async move |tx| db::files::put_off(tx, &file_url, now.after(RETRY)).await).await?;
                }
            }
        }
    }
}

/// Removes the files of uploads that ended with their process.
async fn sweep_uploads(app: App) -> Result<()> {
    let swept = app.files.sweep(LONGEST_UPLOAD).await;
    let removed = swept.map_err(|error| Error::internal(format!("left-over uploads cannot be removed: {error}")))?;
    if removed > 0 {
        tracing::info!(files = removed, "removed what uploads had left that ended with the server");
    }
    Ok(())
}

/// Removes the uploads in parts that nobody has gone on with for a day.
async fn sweep_partial_uploads(app: App) -> Result<()> {
    uploads::sweep(&app).await
}

/// Takes the heads of logs into the log of heads. Last, since it asks witnesses, which may take their time.
async fn gather_heads(app: App) -> Result<()> {
    // A wrong clock would take heads too often, or not at all.
    // Nor is anything signed beside logs that are signed with another key.
    if let (Some(interval), Ok(()), false) =
        (app.config.heads_interval(), app.clock_offset.check(), app.key_trouble.is_there())
    {
        // A server that starts takes them at once: what it signed before it stopped may have been waiting.
        let has_started = app.now().since(app.started_at) < STARTS;
        heads_log::gather(&app, if has_started { Duration::ZERO } else { interval }).await?;
        heads_log::bring_to_witnesses(&app).await?;
    }
    Ok(())
}

/// Writes the refusals that were counted in the minutes that are over into the logs.
async fn tell_refusals(app: App) -> Result<()> {
    refusals::tell_all(&app, false).await
}

/// Looks at which rooms' notices to the coastal State are due, of which people are told by mail.
async fn tell_what_is_due(app: App) -> Result<()> {
    // A wrong clock would tell of what is to come.
    if app.clock_offset.check().is_err() {
        return Ok(());
    }
    news::follow_clocks(&app).await
}

/// Deletes the rows that have expired: sessions, idempotency keys, mails that are over, requests about accounts, and the
/// failed attempts that slow signing in down.
async fn drop_expired_rows(app: App) -> Result<()> {
    let now = app.now();
    app.db
        .write(async move |tx| {
            db::sessions::drop_expired(tx, now).await?;
            db::idempotency::drop_old(tx, now.before(idempotency::REMEMBERED)).await?;
            db::outbox::drop_old(tx, now.before(outbox::LISTED)).await?;
            db::links::drop_old(tx, now.before(links::REMEMBERED)).await?;
            db::account_requests::drop_old(tx, now.before(two_people::WAITS)).await?;
            db::sign_in::drop_old(tx, now.before(attempts::WINDOW), now.before(attempts::DEVICE_KNOWN)).await
        })
        .await
}
