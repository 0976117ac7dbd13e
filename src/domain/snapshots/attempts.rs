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
        log::{Actor, Once, operation},
        snapshots::take::find,
    },
    error::{Error, Result},
};

/// Starts the rendering of a failed snapshot again.
pub async fn retry(app: &App, by: &Actor, room: RoomId, id: SnapshotId, once: Option<Once>) -> Result<Snapshot> {
    let snapshot = operation(app, Log::Room(room), by, async move |tx, log| {
        let snapshot = log.room()?.snapshots.get(&id).ok_or(Error::NotFound("snapshot"))?;
        let status = snapshot.status;
        if Once::repeats(once.as_ref(), tx, log, &(), id.0).await?.is_some() {
            return find(tx, room, id).await;
        }
        if !status.may_become(SnapshotStatus::Generating) {
            return Err(Error::conflict(format!("the snapshot is {status}; only a failed one can be retried")));
        }
        db::jobs::restart(tx, id, log.clock()).await?;
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
            return db::files::forget(tx, &drawn.file.file_url, log.clock()).await;
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

/// How many attempts in a row that fail by themselves, the same way, give a job up.
const MOST_FAILURES: i64 = 5;
/// The same for attempts that ended the process that drew the report: a record that does that will do it again.
const MOST_ENDINGS: i64 = 2;
/// The longest pause before the next attempt.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// Why an attempt has failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// For a reason that may pass, such as a store that does not answer. It is tried again for ever.
    Outside(String),
    /// By itself: with the same record and program it may fail again.
    ByItself(String),
}

/// Gives a job back after a failed attempt. It is tried again after a pause that doubles, up to five minutes. One that
/// fails by itself, the same way, five times in a row is given up, and the log gets the reason.
pub async fn attempt_failed(app: &App, claim: Claim, room: RoomId, failure: Failure) -> Result<()> {
    operation(app, Log::Room(room), &Actor::System, async move |tx, log| {
        if !db::jobs::hold(tx, claim).await? {
            return Ok(());
        }
        let (before, last) = db::jobs::failures(tx, claim.snapshot).await?;
        let (most, reason) = match failure {
            Failure::Outside(reason) => (i64::MAX, reason),
            Failure::ByItself(reason) if reason.starts_with(ENDED_ITS_PROCESS) => (MOST_ENDINGS, reason),
            Failure::ByItself(reason) => (MOST_FAILURES, reason),
        };
        let failures = if last.as_deref() == Some(&*reason) { before.saturating_add(1) } else { 1 };
        if failures < most {
            // 2, 4, 8 s, and so on: a file store that is away for a moment costs little, one that is down is not pressed.
            let pause = Duration::from_secs(1 << failures.clamp(1, 9)).min(LONGEST_PAUSE);
            return db::jobs::give_back(tx, claim, Some(log.clock().after(pause)), (failures, &reason)).await;
        }
        db::jobs::give_back(tx, claim, None, (failures, &reason)).await?;
        let failed = Event::SnapshotFailed { snapshot_id: claim.snapshot, attempts: failures, reason };
        log.append(tx, &failed).await
    })
    .await
}
