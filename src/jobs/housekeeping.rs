//! What is cleared away every minute.

use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};

use crate::{
    app::App,
    db,
    domain::{
        accounts::{attempts, two_people},
        log::{idempotency, refusals},
    },
    error::{Error, Result},
};

/// Files looked up at once.
const FILES: i64 = 100;
/// Pause before a file that could not be removed is tried again.
const RETRY: Duration = Duration::from_mins(10);

/// No upload takes longer than this: what it left is nobody's.
const LONGEST_UPLOAD: Duration = Duration::from_hours(24);

/// One kind of housekeeping.
pub struct Chore {
    /// Its name in the log.
    pub name: &'static str,
    /// Does it once.
    pub run: fn(App) -> BoxFuture<'static, Result<()>>,
}

/// Everything that is cleared away.
pub const HOUSEKEEPING: &[Chore] = &[
    Chore { name: "remove_files", run: |app| remove_files(app).boxed() },
    Chore { name: "sweep_uploads", run: |app| sweep_uploads(app).boxed() },
    Chore { name: "tell_refusals", run: |app| tell_refusals(app).boxed() },
    Chore { name: "drop_expired_rows", run: |app| drop_expired_rows(app).boxed() },
];

/// Removes the files that no row names any more.
async fn remove_files(app: App) -> Result<()> {
    let now = app.now();
    loop {
        let due = app.db.read(async |tx| db::files::due(tx, now, FILES).await).await?;
        if due.is_empty() {
            return Ok(());
        }
        for file_url in due {
            match app.files.delete(&file_url).await {
                Ok(()) => app.db.write(async move |tx| db::files::removed(tx, &file_url).await).await?,
                Err(error) => {
                    tracing::warn!(file_url, %error, "a file could not be removed; it is tried again later");
                    app.db.write(async move |tx| db::files::put_off(tx, &file_url, now.after(RETRY)).await).await?;
                }
            }
        }
    }
}

/// Removes the files of uploads that ended with the process.
async fn sweep_uploads(app: App) -> Result<()> {
    let swept = app.files.sweep(LONGEST_UPLOAD).await;
    let removed = swept.map_err(|error| Error::internal(format!("left-over uploads cannot be removed: {error}")))?;
    if removed > 0 {
        tracing::info!(files = removed, "removed what uploads had left that ended with the server");
    }
    Ok(())
}

/// Tells what was refused in the minutes that are over.
async fn tell_refusals(app: App) -> Result<()> {
    refusals::tell_all(&app, false).await
}

/// Drops what has run out: sessions, idempotency keys, requests about accounts, and what signing in is slowed down by.
async fn drop_expired_rows(app: App) -> Result<()> {
    let now = app.now();
    app.db
        .write(async move |tx| {
            db::sessions::drop_expired(tx, now).await?;
            db::idempotency::drop_old(tx, now.before(idempotency::REMEMBERED)).await?;
            db::account_requests::drop_old(tx, now.before(two_people::WAITS)).await?;
            db::sign_in::drop_old(tx, now.before(attempts::WINDOW), now.before(attempts::DEVICE_KNOWN)).await
        })
        .await
}
