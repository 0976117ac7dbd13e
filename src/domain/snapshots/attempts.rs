//! Attempts to draw the file of a snapshot: one that succeeds completes it, one that fails is followed by another after
//! a pause, until it is given up; a person may then ask for a retry.

use std::time::Duration;

use room::{Event, Log, RoomId, SealSummary, SnapshotId, SnapshotStatus};

use crate::{
    app::App,
    db::{
        self,
        jobs::Claim,
        snapshots::{Drawn, Snapshot},
    },
    domain::{
        log::{Actor, operation},
        snapshots::take::find,
    },
    error::{Error, Result},
};

/// How many attempts to render a file are made before it is given up.
pub const MOST_ATTEMPTS: i64 = 5;

/// Starts the rendering of a failed snapshot again, with a full number of attempts.
pub async fn retry(app: &App, by: &Actor, room: RoomId, id: SnapshotId) -> Result<Snapshot> {
    let snapshot = operation(app, Log::Room(room), by, async move |tx, log| {
        let snapshot = log.room()?.snapshots.get(&id).ok_or(Error::NotFound("snapshot"))?;
        let status = snapshot.status;
        if !status.may_become(SnapshotStatus::Generating) {
            return Err(Error::conflict(format!("the snapshot is {status}; only a failed one can be retried")));
        }
        db::jobs::restart(tx, id, log.now).await?;
        log.append(tx, &Event::SnapshotRetried { snapshot_id: id }).await?;
        find(tx, room, id).await
    })
    .await?;
    app.job_enqueued.notify_one();
    Ok(snapshot)
}

/// Completes a snapshot whose file is in the store. If the snapshot was deleted meanwhile, the file is listed for
/// removal; if another worker has claimed the job since, this does nothing.
pub async fn complete(app: &App, claim: Claim, room: RoomId, drawn: Drawn) -> Result<()> {
    operation(app, Log::Room(room), &Actor::System, async move |tx, log| {
        if !log.room()?.snapshots.contains_key(&claim.snapshot) {
            // The deletion has listed the file, but its turn may have come before this attempt stored the file.
            return db::files::forget(tx, &drawn.file.file_url, log.now).await;
        }
        // The file of an attempt that lost its claim is left where it is: the other worker's file has the same key.
        if !db::jobs::hold(tx, claim).await? {
            return Ok(());
        }
        // The file is stored before this, and the job ends with this. After a crash in between, the job is still there:
        // its lease runs out, and the next attempt writes the same bytes under the same key.
        db::jobs::finish(tx, claim.snapshot).await?;
        let generated = Event::SnapshotGenerated {
            snapshot_id: claim.snapshot,
            file_sha256: hex::encode(drawn.file.sha256),
            file_size: drawn.file.size,
            renderer: drawn.renderer,
            fonts: drawn.fonts,
            seal: db::seals::find(tx, claim.snapshot).await?.map(SealSummary::from),
        };
        log.append(tx, &generated).await
    })
    .await
}

/// The beginning of the reason if an attempt ended the process that drew the report.
pub const ENDED_ITS_PROCESS: &str = "drawing it takes more than there is for a report";

/// Gives a job back after a failed attempt. It is tried again after a pause that doubles; after the last attempt it is
/// given up, and the log gets the reason.
///
/// Two attempts in a row that ended their process are enough: a record that does that will do it again.
pub async fn attempt_failed(app: &App, claim: Claim, room: RoomId, reason: String) -> Result<()> {
    operation(app, Log::Room(room), &Actor::System, async move |tx, log| {
        if !db::jobs::hold(tx, claim).await? {
            return Ok(());
        }
        // Read before `give_back` replaces it with the reason of this attempt.
        let before = db::jobs::last_error(tx, claim.snapshot).await?;
        let ended_its_process = |reason: &str| reason.starts_with(ENDED_ITS_PROCESS);
        let again = ended_its_process(&reason) && before.as_deref().is_some_and(ended_its_process);
        if claim.attempt < MOST_ATTEMPTS && !again {
            // 2, 4, 8, 16 s: a file store that is away for a moment costs little, one that is down is not pressed.
            let pause = Duration::from_secs(1 << claim.attempt);
            return db::jobs::give_back(tx, claim, Some(log.now.after(pause)), &reason).await;
        }
        db::jobs::give_back(tx, claim, None, &reason).await?;
        let failed = Event::SnapshotFailed {
            snapshot_id: claim.snapshot,
            // The claim that finds all attempts broken off made none itself.
            attempts: claim.attempt.min(MOST_ATTEMPTS),
            reason: reason.clone(),
        };
        log.append(tx, &failed).await
    })
    .await
}
