//! Draws a snapshot's file from its record, stores it, and completes the snapshot.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use sha2::{Digest, Sha256};

use super::lease;
use crate::{
    app::App,
    db::{
        self,
        files::StoredFile,
        jobs::Claim,
        snapshots::{Drawn, Snapshot},
    },
    domain::snapshots::{self, Failure, rendering},
    error::{Error, Result},
};

/// How long a claim holds without being renewed. After that, another worker can claim the job.
pub(super) const LEASE: Duration = Duration::from_secs(15);

/// How often work in progress reports how far it is, and renews its lease.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Makes one attempt at a job. A failure of the drawing or of the file store is noted on the job, for the next attempt.
/// Only a failure of the database is an error here; then the lease runs out, and another worker takes over.
pub(super) async fn run(app: &App, claim: Claim) -> Result<()> {
    let read = app.db.read(async |tx| db::snapshots::find_anywhere(tx, claim.snapshot).await).await?;
    // The snapshot was deleted since the job was claimed, and its job with it.
    let Some(snapshot) = read else { return Ok(()) };
    let progress = Arc::new(AtomicU32::new(0));
    let renew = || {
        // Fifteen heartbeats fit into a lease: a database that is slow for a moment does not cost the work.
        let (percent, lease_until) = (i64::from(progress.load(Ordering::Relaxed)), app.now().after(LEASE));
        let app = app.clone();
        async move {
            app.db.write(async move |tx| db::jobs::report_progress(tx, claim, percent, lease_until).await).await
        }
        .boxed()
    };
    let drawn = draw(app, claim, &snapshot, Arc::clone(&progress));
    match lease::keep(HEARTBEAT, renew, drawn).await? {
        // Another worker has the job, or it is gone: this attempt must note nothing, neither a failure nor its file.
        None | Some(Ok(None)) => Ok(()),
        Some(Ok(Some(drawn))) => snapshots::complete(app, claim, snapshot.room, drawn).await,
        Some(Err(error)) => {
            tracing::warn!(snapshot_id = %snapshot.id, attempt = claim.attempt, %error, "a snapshot was not rendered");
            snapshots::attempt_failed(app, claim, snapshot.room, failure(&error)).await
        }
    }
}

/// Returns the failure as the room's parties and its log are told of it, without paths and addresses of the server.
fn failure(error: &Error) -> Failure {
    match error {
        Error::Internal(words) => Failure::ByItself(words.clone()),
        Error::LogNotSound(words) => Failure::ByItself(format!("the log of the room is not sound: {words}")),
        Error::ChildDied(why) => Failure::ByItself(format!("{}: {why}", snapshots::ENDED_ITS_PROCESS)),
        Error::Store(_) => Failure::Outside("the file store did not take the file; the server's log says why".into()),
        _ => Failure::Outside("the server could not do it; its log says why".into()),
    }
}

/// Draws the file of a snapshot, and stores it. `None` if another worker has the job, or it is gone.
async fn draw(app: &App, claim: Claim, snapshot: &Snapshot, progress: Arc<AtomicU32>) -> Result<Option<Drawn>> {
    let drawn = rendering::file_of(app, claim, snapshot, progress).await?;
    let Some((bytes, renderer)) = drawn else { return Ok(None) };
    let file = StoredFile {
        file_url: snapshots::file_key(snapshot),
        size: i64::try_from(bytes.len()).map_err(|_| Error::internal("a file too large"))?,
        sha256: Sha256::digest(&bytes).into(),
    };
    // Stored before the snapshot says so. If this attempt has lost its claim by then, another one writes the same bytes
    // under the same key; if the snapshot is gone, `complete` has the file removed.
    app.files.put(&file.file_url, bytes).await?;
    Ok(Some(Drawn { file, renderer, fonts: app.fonts.name().into() }))
}
