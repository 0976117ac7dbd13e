//! Draws a snapshot's file from its record, stores it, and completes the snapshot.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sha2::{Digest, Sha256};
use tokio::time;

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

/// A claim not renewed for this long is open to other workers.
pub(super) const LEASE: Duration = Duration::from_secs(15);

/// How often long work tells its progress and renews its lease.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Makes one attempt. A failure of the rendering or the store is noted on the job; only a database
/// that does not answer is an error here, and then the lease runs out by itself.
pub(super) async fn run(app: &App, claim: Claim) -> Result<()> {
    let read = app
        .db
        .read(async |tx| {
            let snapshot = db::snapshots::find_anywhere(tx, claim.snapshot).await?;
            Ok(snapshot.zip(db::snapshots::record(tx, claim.snapshot).await?))
        })
        .await?;
    // Deleted since it was claimed.
    let Some((snapshot, compressed)) = read else { return Ok(()) };
    // Each earlier attempt ended without a word, perhaps with the whole process.
    if claim.attempt > snapshots::MOST_ATTEMPTS {
        let reason = "every attempt to render it broke off; the server's log says how".into();
        return snapshots::attempt_failed(app, claim, snapshot.room, reason).await;
    }
    let progress = Arc::new(AtomicU32::new(0));
    match keep_lease(app, claim, &progress, draw(app, &snapshot, &compressed, Arc::clone(&progress))).await? {
        None => Ok(()),
        Some(Ok(drawn)) => snapshots::complete(app, claim, snapshot.room, drawn).await,
        Some(Err(error)) => {
            tracing::warn!(snapshot_id = %snapshot.id, attempt = claim.attempt, %error, "a snapshot was not rendered");
            snapshots::attempt_failed(app, claim, snapshot.room, reason(&error)).await
        }
    }
}

/// For the room's parties and the log: without the paths and addresses of the server's inside.
fn reason(error: &Error) -> String {
    match error {
        Error::Internal(told) => told.clone(),
        Error::ChildDied(why) => format!("{}: {why}", snapshots::ENDED_ITS_PROCESS),
        Error::Store(_) => "the file store did not take the file; the server's log says why".into(),
        _ => "the server could not do it; its log says why".into(),
    }
}

/// Does the work, telling its progress and renewing the lease meanwhile; none where the job has been
/// deleted, or another worker has it.
async fn keep_lease<T>(
    app: &App,
    claim: Claim,
    progress: &AtomicU32,
    work: impl Future<Output = Result<T>>,
) -> Result<Option<Result<T>>> {
    let mut work = pin!(work);
    loop {
        if let Ok(done) = time::timeout(HEARTBEAT, &mut work).await {
            return Ok(Some(done));
        }
        let (percent, lease_until) = (i64::from(progress.load(Ordering::Relaxed)), app.now().after(LEASE));
        let mine =
            app.db.write(async move |tx| db::jobs::report_progress(tx, claim, percent, lease_until).await).await?;
        if !mine {
            return Ok(None);
        }
    }
}

async fn draw(app: &App, snapshot: &Snapshot, compressed: &[u8], progress: Arc<AtomicU32>) -> Result<Drawn> {
    let bytes = rendering::file_of(app, snapshot, compressed, progress).await?;
    let file = StoredFile {
        file_url: snapshots::file_key(snapshot),
        size: i64::try_from(bytes.len()).map_err(|_| Error::internal("a file too large"))?,
        sha256: Sha256::digest(&bytes).into(),
    };
    app.files.put(&file.file_url, bytes).await?;
    Ok(Drawn { file, renderer: report::RENDERER.into(), fonts: app.fonts.name().into() })
}
