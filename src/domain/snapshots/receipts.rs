//! Receipts of files: the log gets the hash of a body, and the file gets the proof of that entry.

use room::{Event, Log};

use crate::{
    app::App,
    db::{self, jobs::Claim, snapshots::Snapshot},
    domain::{
        heads_log,
        log::{
            Actor, operation,
            proofs::{self, Which},
        },
        snapshots::{record, sealing::Sealing, take::find},
    },
    error::{Error, Result},
    evidence::{Checkpoint, Hash, Question, Receipt, ServedReceipt},
};

/// The type of the entry that tells of a whole file.
const TELLS_OF_FILE: &str = "snapshot_generated";

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

/// What the log was told of a body.
#[derive(Debug)]
pub struct LoggedBody {
    /// The proof of the entry, which is the receipt of the file.
    pub receipt: String,
    /// What the entry says of the seal.
    pub sealing: Sealing,
}

/// Returns the receipt of a snapshot's file. A file that an earlier version has made carries none: its receipt is the
/// proof, for the log's present head, of the entry that tells of the whole file.
///
/// # Errors
///
/// Fails with a conflict if the log does not tell of the file yet.
pub async fn of(app: &App, snapshot: &Snapshot) -> Result<String> {
    let none = || Error::conflict("the snapshot has no receipt yet: its file is still to be drawn");
    if is_carried(app, snapshot).await? {
        return snapshot.proof.clone().ok_or_else(none);
    }
    let (log, id) = (Log::Room(snapshot.room), snapshot.id.to_string());
    let told = app.db.read(async |tx| db::activity::last_about(tx, log, TELLS_OF_FILE, &id).await).await?;
    let index = told.ok_or_else(none)?.unsigned_abs();
    let record = record::of(app, snapshot).await?.canonical;
    let shown = report::record::read(&record).map_err(|error| Error::internal(format!("a record: {error}")))?.log.size;
    let proof = proofs::prove(app, log, Which::Index(index)).await?;
    let size = Checkpoint::unchecked(&proof.checkpoint).map_err(|error| Error::internal(error.to_string()))?.size;
    let consistency = proofs::prove_consistency(app, log, shown, Some(size)).await?.path;
    Ok(Receipt { proof, consistency, notes: newest_notes(app) }.to_string())
}

/// Returns whether the file of a snapshot carries its receipt: also that of one whose position went with a way down, and
/// whose record was stored for it.
///
/// # Errors
///
/// Fails if the snapshot shows no position, and its record cannot be read.
pub async fn is_carried(app: &App, snapshot: &Snapshot) -> Result<bool> {
    if snapshot.position.is_some() { Ok(true) } else { record::of(app, snapshot).await?.has_receipt() }
}

/// Returns the receipt of a snapshot's file, and behind it the way up to the log of heads, once that has a head of the log
/// with the entry of the file.
///
/// # Errors
///
/// Fails with a conflict if the log does not tell of the file yet.
pub async fn served(app: &App, snapshot: &Snapshot) -> Result<String> {
    let text = of(app, snapshot).await?;
    let receipt = Receipt::read(&text).map_err(|error| Error::internal(format!("a receipt: {error}")))?;
    let head = heads_log::prove(app, Log::Room(snapshot.room), &receipt).await?;
    Ok(ServedReceipt { receipt, head }.to_string())
}

/// How many notes a receipt has, which may not grow without end.
const NOTES: usize = 16;

/// Returns the notes by which the keys of this server follow each other: the newest of them.
fn newest_notes(app: &App) -> Vec<String> {
    let notes = app.key_notes();
    notes[notes.len().saturating_sub(NOTES)..].to_vec()
}

/// Logs the body of a snapshot's file and what it is going to be sealed with, and returns the receipt. If the log has this
/// body already, its receipt is returned again. `None` if another worker has the job, or it is gone.
///
/// # Errors
///
/// Fails if the snapshot shows no position of the log.
pub async fn of_body(
    app: &App,
    claim: Claim,
    snapshot: &Snapshot,
    (record, body): (Hash, Body),
) -> Result<Option<LoggedBody>> {
    let (room, id, record_sha256) = (snapshot.room, snapshot.id, hex::encode(record));
    let (sealing, notes) = (Sealing::of(app, snapshot)?, newest_notes(app));
    operation(app, Log::Room(room), &Actor::System, async move |tx, log| {
        if !db::jobs::hold(tx, claim).await? {
            return Ok(None);
        }
        let told = log.room()?.snapshots.get(&id).ok_or(Error::NotFound("snapshot"))?;
        let shown = told.shows.as_ref().ok_or_else(|| Error::internal("a snapshot that shows no position"))?.size;
        let kept = find(tx, room, id).await?.proof;
        let sha256 = hex::encode(body.sha256);
        let seal = db::seals::find(tx, id).await?.map(|seal| seal.cms);
        let told = told.body.as_ref().filter(|told| told.sha256 == sha256 && told.renderer == body.renderer);
        let told = told.map(|told| Sealing {
            certificate_sha256: told.certificate_sha256.clone(),
            not_sealed: told.not_sealed.clone(),
        });
        // A seal that is there stands, though another certificate may be in force by now, or none.
        let told = told.filter(|told| *told == sealing || told.certificate_sha256.is_some() && seal.is_some());
        if let Some((receipt, sealing)) = kept.zip(told) {
            return Ok(Some(LoggedBody { receipt, sealing }));
        }
        // It is of what was logged before, and of no file that is there.
        if let Some(seal) = seal {
            db::seals::drop_unused(tx, id, &seal).await?;
        }
        let rendered = Event::SnapshotRendered {
            snapshot_id: id,
            attempt: claim.attempt,
            record_sha256: record_sha256.clone(),
            body_sha256: sha256,
            body_size: body.size,
            renderer: body.renderer.clone(),
            fonts: body.fonts.clone(),
            certificate_sha256: sealing.certificate_sha256.clone(),
            not_sealed: sealing.not_sealed.clone(),
        };
        let proof = log.append_proving(tx, &rendered).await?;
        let extends = Question::Consistency { from: shown, to: proof.index + 1 };
        let consistency = db::logs::answer(tx, log.log(), extends).await?;
        let receipt = Receipt { proof, consistency, notes: notes.clone() }.to_string();
        db::snapshots::keep_receipt(tx, id, &receipt).await?;
        Ok(Some(LoggedBody { receipt, sealing: sealing.clone() }))
    })
    .await
}
