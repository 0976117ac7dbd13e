//! What the log of heads proves.

use room::Log;

use crate::{
    app::App,
    db,
    error::{Error, Result},
    evidence::{Checkpoint, HeadProof, Question, Receipt},
};

/// Returns the newest signed head of the log of heads.
///
/// # Errors
///
/// Fails if the log has no entry yet.
pub async fn checkpoint(app: &App) -> Result<String> {
    let note = app
        .db
        .read(async |tx| {
            let Some(log) = db::heads_log::find(tx).await? else { return Ok(None) };
            db::heads_log::checkpoint_of(tx, log.size).await
        })
        .await?;
    note.ok_or(Error::NotFound("log of heads"))
}

/// Returns the way from a receipt up to the log of heads. `None` while that has no head of the log with the receipt's
/// entry.
pub async fn prove(app: &App, log: Log, receipt: &Receipt) -> Result<Option<HeadProof>> {
    let index = receipt.proof.index;
    let told = Checkpoint::unchecked(&receipt.proof.checkpoint);
    let told = told.map_err(|error| Error::internal(format!("the checkpoint of a receipt: {error}")))?;
    app.db
        .read(async |tx| {
            let number = |origin: &str| log.continuation_in(origin).map(|(_, number)| number);
            let heads = db::heads_log::heads_above(tx, log, index).await?;
            // The log may have lost the entry, and have gone on under another name.
            let of_same = |origin: &str| number(origin) >= number(&told.origin);
            let Some(entry) = heads.into_iter().find(|entry| of_same(&entry.origin)) else { return Ok(None) };
            let Some(checkpoint) = db::heads_log::newest_checkpoint(tx, entry.position).await? else { return Ok(None) };
            let size = Checkpoint::unchecked(&checkpoint).map_err(|error| Error::internal(error.to_string()))?.size;
            let inclusion = Question::Inclusion { index: entry.position, size };
            let Some(path) = db::heads_log::answer(tx, inclusion).await? else { return Ok(None) };
            let (from, to) = (told.size.min(entry.size), told.size.max(entry.size));
            let consistency = db::logs::answer_if_stored(tx, log, Question::Consistency { from, to }).await?;
            let Some(consistency) = consistency else { return Ok(None) };
            let (head, salt, index) = (entry.head, entry.salt, entry.position);
            Ok(Some(HeadProof { head, consistency, salt, index, path, checkpoint }))
        })
        .await
}
