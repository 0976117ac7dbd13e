//! Makes the bytes of a snapshot's file from its stored record, its proof and its seal alone. They are the same today
//! and in years.

use std::sync::{Arc, atomic::AtomicU32};

use report::Edition;
use room::SnapshotType;

use super::{record::Captured, sealing};
use crate::{app::App, children::Drawing, db::snapshots::Snapshot, error::Result};

/// Draws the file of a snapshot from its compressed record, and seals it if it is a PDF. `progress` holds the
/// percentage that is drawn.
pub async fn file_of(app: &App, snapshot: &Snapshot, compressed: &[u8], progress: Arc<AtomicU32>) -> Result<Vec<u8>> {
    let drawn = drawing_of(app, snapshot, (compressed, Edition::CURRENT), progress).await?;
    if snapshot.kind == SnapshotType::Pdf { sealing::seal(app, snapshot, drawn).await } else { Ok(drawn) }
}

/// Draws the same file again, in the edition that drew it first and with the seal that it got then. This never makes a
/// new seal, and writes nothing.
pub async fn file_again(app: &App, snapshot: &Snapshot, compressed: &[u8], edition: Edition) -> Result<Vec<u8>> {
    let drawn = drawing_of(app, snapshot, (compressed, edition), Arc::default()).await?;
    sealing::seal_again(app, snapshot, drawn).await
}

async fn drawing_of(
    app: &App,
    snapshot: &Snapshot,
    (compressed, edition): (&[u8], Edition),
    progress: Arc<AtomicU32>,
) -> Result<Vec<u8>> {
    // Checked against its hash, which the log has: a damaged record must not become a file with a valid proof.
    let record = Captured::from_stored(compressed, &snapshot.record_sha256)?.canonical;
    let drawing = Drawing { edition, record, proof: snapshot.proof.clone(), format: snapshot.format() };
    let drawn = app.children.draw(drawing, progress).await?;
    if !drawn.uncovered.is_empty() {
        let code_points: Vec<_> = drawn.uncovered.iter().map(|c| format!("U+{:04X}", u32::from(*c))).collect();
        tracing::warn!(snapshot_id = %snapshot.id, code_points = code_points.join(" "),
            "a report has characters that no font has; they are printed as code points");
    }
    Ok(drawn.bytes)
}
