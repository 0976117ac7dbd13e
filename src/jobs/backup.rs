//! The backups that the server makes by itself, into the directory of the setting `backup_dir`.
//!
//! The directory is the only memory of when the last one was made: of several servers that are given the same one, one
//! makes it, and one that is given none makes none.

use std::{panic::AssertUnwindSafe, path::Path, time::Duration};

use futures_util::FutureExt;
use tokio::{runtime::Handle, task, time};

use crate::{
    app::App,
    backups::Backup,
    domain::backup::{self, BackupDirectory, Manifest, Options},
    error::{Error, Result},
};

/// How often to look whether a backup is due, and how long to wait after the start.
const LOOK: Duration = Duration::from_mins(1);
/// How long after an attempt that failed the next one is made.
const RETRY: Duration = Duration::from_hours(1);

/// Makes a backup whenever one is due, without end.
pub(super) async fn watch(app: App) {
    let mut tick = time::interval_at(time::Instant::now() + LOOK, LOOK);
    loop {
        match AssertUnwindSafe(back_up_where_due(&app)).catch_unwind().await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "a backup could not be made; it is tried again in an hour"),
            Err(_) => tracing::error!("a backup panicked; it is tried again"),
        }
        tick.tick().await;
    }
}

/// Makes a backup if one is due. Returns whether it did.
///
/// # Errors
///
/// Fails if the directory cannot be read or written.
pub async fn back_up_where_due(app: &App) -> Result<bool> {
    let Some((directory, period)) = app.config.scheduled_backup() else { return Ok(false) };
    let now = app.now();
    let is_recent = |at, period| now.apart(at) < period;
    if app.backups.status().failure.is_some_and(|failure| is_recent(failure.at, RETRY.min(period))) {
        return Ok(false);
    }
    let made = made_where_due(app, &directory, |at| is_recent(at, period)).await;
    if let Err(error) = &made {
        app.backups.note_failed(now, error.to_string());
    }
    made
}

/// Makes a backup unless the newest one in the directory is recent.
async fn made_where_due(app: &App, directory: &Path, is_recent: impl Fn(room::Time) -> bool) -> Result<bool> {
    let newest = if directory.exists() { newest(app, directory, app.now())? } else { None };
    if newest.as_ref().is_some_and(|newest| is_recent(newest.made_at)) {
        app.backups.note_made(newest);
        return Ok(false);
    }
    let options = Options { with_keys: false, keep: app.config.backups_kept(), reread: false };
    let (in_task, directory) = (app.clone(), directory.to_owned());
    // On a thread for blocking work: files are synced one by one.
    let taken = task::spawn_blocking(move || {
        Handle::current().block_on(backup::take(&in_task, &directory, options, &mut |_| {}))
    });
    let taken = taken.await.map_err(|error| Error::internal(format!("a backup: {error}")))??;
    let (made, missing) = (described(taken.name, &taken.manifest), &taken.manifest.missing);
    if let Some(first) = missing.first() {
        let (files, first) = (missing.len(), &first.name);
        tracing::error!(files, first, "a backup lacks files that the store has lost; `sts-clearance fsck` names them");
    }
    let (name, new_bytes, removed) = (&made.name, taken.new_bytes, taken.removed.len());
    tracing::info!(name, entries = made.entries, files = made.files, new_bytes, removed, "made a backup");
    app.backups.note_made(Some(made));
    Ok(true)
}

/// Returns the newest backup of a directory that is not of a time ahead of now: a clock that was wrong is no reason to wait.
/// `None` if it has none, or is empty.
fn newest(app: &App, directory: &Path, now: room::Time) -> Result<Option<Backup>> {
    if std::fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none()) {
        return Ok(None);
    }
    let directory = BackupDirectory::open(directory)?;
    let Some(name) = directory.newest_before(now)? else { return Ok(None) };
    // A manifest is long, and this is asked every minute.
    if let Some(known) = app.backups.status().newest.filter(|known| known.name == name) {
        return Ok(Some(known));
    }
    let (name, manifest) = directory.find(Some(&name))?;
    Ok(Some(described(name, &manifest)))
}

fn described(name: String, manifest: &Manifest) -> Backup {
    Backup {
        name,
        made_at: manifest.made_at,
        entries: manifest.entries(),
        files: (manifest.files.len() - manifest.missing.len()) as u64,
        bytes: manifest.bytes(),
        missing: manifest.missing.len() as u64,
    }
}
