//! Removes from the store what servers have left there that ended halfway: files that are half written, and uploaded files
//! whose row was never written. The file of a snapshot stays, whatever no row says of it: it has a receipt, and may be the
//! only proof that the database was put back to an earlier copy.

use std::{collections::HashSet, time::Duration};

use room::{DocumentId, RoomId, VersionId};

use crate::{
    app::App,
    db,
    domain::documents::versions,
    error::{Error, Result},
};

/// The store is looked through once in so many runs of the housekeeping, which comes every minute.
const RUNS: u32 = 60;
/// The age from which on a file counts as left over: no upload takes longer, and no file is written for longer.
const OLD: Duration = Duration::from_hours(24);

/// Looks through the store, if it is time for it.
pub(super) async fn sweep(app: App) -> Result<()> {
    if !app.left_overs.is_turn(RUNS) {
        return Ok(());
    }
    remove_half_written(&app).await?;
    remove_without_a_row(&app).await
}

async fn remove_half_written(app: &App) -> Result<()> {
    let found = app.files.half_written(OLD).await?;
    for path in &found {
        let removed = app.files.remove_half_written(path).await;
        removed.map_err(|error| Error::internal(format!("the left-over file {path} cannot be removed: {error}")))?;
    }
    if let Some(first) = found.first() {
        let files = found.len();
        tracing::info!(files, first, "removed files that were half written when a server ended");
    }
    Ok(())
}

/// Removes the files of versions that no row names and no log tells of.
async fn remove_without_a_row(app: &App) -> Result<()> {
    // A database that is behind what was signed may lack rows that a newer copy of it has, and their files with them.
    if !app.heads.behind().is_empty() {
        return Ok(());
    }
    let mut found = HashSet::new();
    for room in app.files.folders("rooms").await? {
        if let Ok(room) = room.parse() {
            found.extend(without_a_row(app, room).await?);
        }
    }
    for key in app.left_overs.found_again(found) {
        app.files.delete(&key).await?;
        tracing::warn!(file_url = key, "removed an uploaded file whose upload ended before its row was written");
    }
    Ok(())
}

/// Returns the keys of the uploaded files of a room that no row names and its log does not tell of. None if that cannot be
/// said.
async fn without_a_row(app: &App, room: RoomId) -> Result<Vec<String>> {
    let mut keys = app.files.all_listed(&format!("rooms/{room}/documents"), OLD).await?;
    if keys.is_empty() {
        return Ok(keys);
    }
    let named = app.db.read(async |tx| db::document_versions::file_urls(tx, room).await).await?;
    keys.retain(|key| !named.contains(key));
    let mut left = Vec::new();
    for key in keys {
        let named = app.db.read(async |tx| db::fsck::is_named(tx, &key, None).await).await?;
        let Some((document, version)) = ids_in(&key).filter(|_| !named) else { continue };
        match versions::is_told(app, room, (document, version)).await {
            Ok(false) => left.push(key),
            Ok(true) => {}
            Err(error) if error.is_of_the_moment() => return Err(error),
            // The log is not sound, or there is none: `fsck` names that, and whoever looks into it may need the file.
            Err(_) => return Ok(Vec::new()),
        }
    }
    Ok(left)
}

/// Returns the document and the version in whose key a file is.
fn ids_in(key: &str) -> Option<(DocumentId, VersionId)> {
    let (folder, name) = key.rsplit_once('/')?;
    Some((folder.rsplit('/').next()?.parse().ok()?, name.split('.').next()?.parse().ok()?))
}
