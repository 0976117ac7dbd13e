//! The bytes of a snapshot's file: from its stored record, its proof and its seal alone, the same today and
//! in years.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use report::Rendered;
use tokio::task::JoinHandle;

use super::{SnapshotType, record::Captured, sealing};
use crate::{
    app::App,
    db::snapshots::Snapshot,
    error::{Error, Result},
};

/// Draws the file from the compressed record, and seals it where it is a PDF. `progress` tells percents
/// meanwhile.
pub async fn file_of(app: &App, snapshot: &Snapshot, compressed: &[u8], progress: Arc<AtomicU32>) -> Result<Vec<u8>> {
    let drawn = drawing_of(app, snapshot, compressed, progress).await?;
    if snapshot.kind == SnapshotType::Pdf { sealing::seal(app, snapshot, drawn).await } else { Ok(drawn) }
}

/// The same file again, with the seal that it got then; this writes nothing.
pub async fn file_again(app: &App, snapshot: &Snapshot, compressed: &[u8]) -> Result<Vec<u8>> {
    let drawn = drawing_of(app, snapshot, compressed, Arc::default()).await?;
    sealing::seal_again(app, snapshot, drawn).await
}

async fn drawing_of(app: &App, snapshot: &Snapshot, compressed: &[u8], progress: Arc<AtomicU32>) -> Result<Vec<u8>> {
    let record = Captured::from_stored(compressed, &snapshot.record_sha256)?;
    let rendered = start(app, snapshot, record, progress).await;
    let rendered = rendered.map_err(|error| {
        tracing::error!(snapshot_id = %snapshot.id, %error, "the renderer panicked");
        Error::internal("the renderer failed; the server's log says how")
    })??;
    if !rendered.uncovered.is_empty() {
        let code_points: Vec<_> = rendered.uncovered.iter().map(|c| format!("U+{:04X}", u32::from(*c))).collect();
        tracing::warn!(snapshot_id = %snapshot.id, code_points = code_points.join(" "),
            "a report has characters that no font has; they are printed as code points");
    }
    Ok(rendered.bytes)
}

fn start(app: &App, snapshot: &Snapshot, record: Captured, progress: Arc<AtomicU32>) -> JoinHandle<Result<Rendered>> {
    let (app, format, proof) = (app.clone(), snapshot.kind.into(), snapshot.proof.clone());
    tokio::task::spawn_blocking(move || {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a percentage")]
        let mut tell = |part: f32| progress.store((part * 100.0).clamp(0.0, 99.0) as u32, Ordering::Relaxed);
        report::render(&record.canonical, proof.as_deref(), format, &app.fonts, &mut tell)
            .map_err(|error| Error::internal(format!("the report cannot be drawn: {error}")))
    })
}
