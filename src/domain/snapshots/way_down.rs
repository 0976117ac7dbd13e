//! The way down to a schema whose program draws snapshots from stored records.

use super::record;
use crate::{
    app::App,
    db::{self, migrations},
    domain::log::{Actor, schema},
    error::Result,
};

/// Takes back every migration after `to`, as [`schema::take_back`] does, and stores the records of snapshots before, if
/// what is left needs them.
///
/// # Errors
///
/// Fails as [`schema::take_back`] does, and if the log of a room is not sound: then the records of its snapshots cannot
/// be made.
pub async fn take_back(app: &App, by: &Actor, to: &str, rows_may_go: bool) -> Result<Vec<&'static str>> {
    let target = to.to_owned();
    // Made outside of the transaction of the steps, which the reading of whole logs would hold up.
    if app.db.write(async move |tx| migrations::needs_records(tx, &target, rows_may_go).await).await? {
        store_records(app).await?;
    }
    schema::take_back(app, by, to, rows_may_go).await
}

/// Stores the record of every snapshot that shows a position of its room's log and has none yet.
///
/// # Errors
///
/// Fails if the log of a room is not sound: then the records of its snapshots cannot be made.
pub async fn store_records(app: &App) -> Result<()> {
    for id in app.db.read(async |tx| db::snapshots::without_record(tx).await).await? {
        let Some(mut snapshot) = app.db.read(async move |tx| db::snapshots::find_anywhere(tx, id).await).await? else {
            continue;
        };
        let record = record::of(app, &snapshot).await?;
        snapshot.record_sha256 = Some(record.sha256.to_vec());
        let stored = record.compressed()?;
        app.db.write(async move |tx| db::snapshots::insert_record(tx, &snapshot, &stored).await).await?;
    }
    Ok(())
}
