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
    domain::snapshots::{self, rendering},
    error::{Error, Result},
};

/// How long a claim holds without being renewed. After that, another worker can claim the job.
pub(super) const LEASE: Duration = Duration::from_secs(15);

/// How often work in progress reports how far it is, and renews its lease.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Makes one attempt at a job. A failure of the drawing or of the file store is noted on the job, for the next attempt.
/// Only a failure of the database is an error here; then the lease runs out, and another worker takes over.
pub(super) async fn run(app: &App, claim: Claim) -> Result<()> {
    let read = app
        .db
        .read(async |tx| {
            let snapshot = db::snapshots::find_anywhere(tx, claim.snapshot).await?;
            Ok(snapshot.zip(db::snapshots::record(tx, claim.snapshot).await?))
        })
        .await?;
    // The snapshot was deleted since the job was claimed, and its job with it.
    let Some((snapshot, compressed)) = read else { return Ok(()) };
    // The last attempt gives its job up if it fails. If there is one more, that attempt ended without a note: with the
    // whole process, perhaps because of this very record.
    if claim.attempt > snapshots::MOST_ATTEMPTS {
        let reason = "every attempt to render it broke off; the server's log says how".into();
        return snapshots::attempt_failed(app, claim, snapshot.room, reason).await;
    }
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
    let drawn = draw(app, &snapshot, &compressed, Arc::clone(&progress));
    match lease::keep(HEARTBEAT, renew, drawn).await? {
        // Another worker has the job, or it is gone: this attempt must note nothing, neither a failure nor its file.
        None => Ok(()),
        Some(Ok(drawn)) => snapshots::complete(app, claim, snapshot.room, drawn).await,
        Some(Err(error)) => {
            tracing::warn!(snapshot_id = %snapshot.id, attempt = claim.attempt, %error, "a snapshot was not rendered");
            snapshots::attempt_failed(app, claim, snapshot.room, reason(&error)).await
        }
    }
}

/// Returns the reason of a failure for the room's parties and its log, without paths and addresses of the server.
fn reason(error: &Error) -> String {
    match error {
        Error::Internal(words) => words.clone(),
        Error::ChildDied(why) => format!("{}: {why}", snapshots::ENDED_ITS_PROCESS),
        Error::Store(_) => "the file store did not take the file; the server's log says why".into(),
        _ => "the server could not do it; its log says why".into(),
    }
}

/// Draws the file of a snapshot from its record, and stores it.
async fn draw(app: &App, snapshot: &Snapshot, compressed: &[u8], progress: Arc<AtomicU32>) -> Result<Drawn> {
    let bytes = rendering::file_of(app, snapshot, compressed, progress).await?;
    let file = StoredFile {
        file_url: snapshots::file_key(snapshot),
        size: i64::try_from(bytes.len()).map_err(|_| Error::internal("a file too large"))?,
        sha256: Sha256::digest(&bytes).into(),
    };
    // Stored before the snapshot says so. If this attempt has lost its claim by then, another one writes the same bytes
    // under the same key; if the snapshot is gone, `complete` has the file removed.
    app.files.put(&file.file_url, bytes).await?;
    Ok(Drawn { file, renderer: report::RENDERER.into(), fonts: app.fonts.name().into() })
}
