//! Makes the bytes of a snapshot's file from its record, its receipt and its seal alone. They are the same today and in
//! years.

use std::sync::{Arc, atomic::AtomicU32};

use report::Edition;

use super::{
    receipts::{self, Body, LoggedBody},
    record::{self, RecordBytes},
    sealing::{self, Sealing},
};
use crate::{
    app::App,
    children::{Drawing, Proof},
    db::{jobs::Claim, snapshots::Snapshot},
    error::{Error, Result},
};

/// Draws the file of a snapshot, has the log told of its body, and seals it if it is a PDF. `progress` holds the
/// percentage that is drawn. Returns the name of the renderer, too; `None` if another worker has the job, or it is gone.
pub async fn file_of(
    app: &App,
    claim: Claim,
    snapshot: &Snapshot,
    progress: Arc<AtomicU32>,
) -> Result<Option<(Vec<u8>, String)>> {
    let record = record::of(app, snapshot).await?;
    let (has_receipt, sha256) = (record.has_receipt()?, record.sha256);
    let drawn = draw(app, snapshot, (record, Edition::CURRENT), progress).await?;
    let renderer = if has_receipt { renderer(app)? } else { report::RENDERER.to_owned() };
    let (unsealed, sealing) = if has_receipt {
        let report::Body { sha256: of_body, size } = report::split(&drawn).map_err(not_added)?.body;
        let body = Body { sha256: of_body, size, renderer: renderer.clone(), fonts: app.fonts.name().into() };
        let logged = receipts::of_body(app, claim, snapshot, (sha256, body)).await?;
        let Some(LoggedBody { receipt, sealing }) = logged else { return Ok(None) };
        (report::with_receipt(snapshot.format(), &drawn, &receipt).map_err(not_added)?, sealing)
    } else {
        let sealing = Sealing::of(app, snapshot)?;
        // No entry of the log could say why: such a file without a seal would not verify.
        if let Some(why) = sealing.not_sealed {
            return Err(Error::setup(why));
        }
        (drawn, sealing)
    };
    let file = match sealing.certificate_sha256 {
        Some(certificate) => sealing::seal(app, snapshot, unsealed, &certificate).await?,
        None => unsealed,
    };
    Ok(Some((file, renderer)))
}

/// Returns the name of the renderer that draws new files, which tells builds and fonts apart that draw differently.
pub fn renderer(app: &App) -> Result<String> {
    let name = report::renderer(Edition::CURRENT, &app.fonts);
    name.map(str::to_owned).map_err(|error| Error::internal(format!("the renderer has no name: {error}")))
}

/// Returns the edition in which this server draws what a renderer of this name drew. `None` if it draws otherwise.
pub fn edition_of(app: &App, renderer: &str) -> Option<Edition> {
    Edition::named(renderer).or_else(|| report::edition_of(renderer, &app.fonts).ok()?)
}

/// Makes the same file again, in the edition that drew it first and with the receipt and the seal that it got then. This
/// makes no new ones, and writes nothing.
pub async fn file_again(app: &App, snapshot: &Snapshot, edition: Edition) -> Result<Vec<u8>> {
    let record = record::of(app, snapshot).await?;
    let has_receipt = record.has_receipt()?;
    let drawn = draw(app, snapshot, (record, edition), Arc::default()).await?;
    let unsealed = if has_receipt {
        let receipt = snapshot.proof.as_deref().ok_or_else(|| Error::internal("its receipt is missing"))?;
        report::with_receipt(snapshot.format(), &drawn, receipt).map_err(not_added)?
    } else {
        drawn
    };
    sealing::seal_again(app, snapshot, unsealed).await
}

fn not_added(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("a receipt cannot be added to the file: {error}"))
}

async fn draw(
    app: &App,
    snapshot: &Snapshot,
    (record, edition): (RecordBytes, Edition),
    progress: Arc<AtomicU32>,
) -> Result<Vec<u8>> {
    // Of an earlier version's record, the proof is drawn into the file.
    let proof = if record.has_receipt()? { Proof::Receipt } else { Proof::Drawn(snapshot.proof.clone()) };
    let drawing = Drawing { edition, record: record.canonical, proof, format: snapshot.format() };
    let drawn = app.children.draw(drawing, progress).await?;
    if !drawn.uncovered.is_empty() {
        let code_points: Vec<_> = drawn.uncovered.iter().map(|c| format!("U+{:04X}", u32::from(*c))).collect();
        tracing::warn!(snapshot_id = %snapshot.id, code_points = code_points.join(" "),
            "a report has characters that no font has; they are printed as code points");
    }
    Ok(drawn.bytes)
}
