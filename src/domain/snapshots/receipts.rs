//! Receipts of files: the log gets the hash of a body, and the file gets the proof of that entry.

use room::{Event, Log, SnapshotType};

use crate::{
    app::App,
    db::{self, jobs::Claim, snapshots::Snapshot},
    domain::{
        log::{Actor, operation},
        snapshots::take::find,
    },
    error::{Error, Result},
    evidence::{Hash, Question, Receipt},
};

/// The body of a file, as the log is told of it.
#[derive(Debug, Clone)]
pub struct Body {
    /// The SHA-256 that the receipt proves.
    pub sha256: Hash,
    /// Its size, in bytes.
    pub size: u64,
    /// What drew it.
    pub renderer: String,
    /// The name of the fonts that drew it.
    pub fonts: String,
}

/// Logs the body of a snapshot's file, and returns the receipt. If the log has this body already, its receipt is
/// returned again. `None` if another worker has the job, or it is gone.
///
/// # Errors
///
/// Fails if the snapshot shows no position of the log.
pub async fn of_body(
    app: &App,
    claim: Claim,
    snapshot: &Snapshot,
    (record, body): (Hash, Body),
) -> Result<Option<String>> {
    let (room, id, record_sha256) = (snapshot.room, snapshot.id, hex::encode(record));
    let certificate_sha256 = match snapshot.kind {
        SnapshotType::Pdf => Some(hex::encode(app.seal_identity()?.certificate_sha256())),
        SnapshotType::Json | SnapshotType::Csv => None,
    };
    operation(app, Log::Room(room), &Actor::System, async move |tx, log| {
        if !db::jobs::hold(tx, claim).await? {
            return Ok(None);
        }
        let told = log.room()?.snapshots.get(&id).ok_or(Error::NotFound("snapshot"))?;
        let shown = told.shows.as_ref().ok_or_else(|| Error::internal("a snapshot that shows no position"))?.size;
        let kept = find(tx, room, id).await?.proof;
        let sha256 = hex::encode(body.sha256);
        let is_same = told.body.as_ref().is_some_and(|told| {
            told.sha256 == sha256 && told.renderer == body.renderer && told.certificate_sha256 == certificate_sha256
        });
        if let Some(kept) = kept.filter(|_| is_same) {
            return Ok(Some(kept));
        }
        let rendered = Event::SnapshotRendered {
            snapshot_id: id,
            attempt: claim.attempt,
            record_sha256: record_sha256.clone(),
            body_sha256: sha256,
            body_size: body.size,
            renderer: body.renderer.clone(),
            fonts: body.fonts.clone(),
            certificate_sha256: certificate_sha256.clone(),
        };
        let proof = log.append_proving(tx, &rendered).await?;
        let extends = Question::Consistency { from: shown, to: proof.index + 1 };
        let consistency = db::logs::answer(tx, log.log(), extends).await?;
        let receipt = Receipt { proof, consistency }.to_string();
        db::snapshots::keep_receipt(tx, id, &receipt).await?;
        Ok(Some(receipt))
    })
    .await
}
