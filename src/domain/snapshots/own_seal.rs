//! Holds the seal of a verified file against the one that the room's log tells of.
//!
//! The proof in a file ends before the log tells of the seal (`snapshot_generated`), so that only the server can compare
//! them. A seal of somebody else is a fault of the file. One that is made with the certificate that the log names, and is
//! not the one that the log tells of, takes the certificate's key: that is an alarm, as a contradiction of entries is. A time
//! stamp can be taken off or replaced by anybody, and raises none.

use room::{Log, SealSummary};
use seal::Seal;
use sha2::{Digest as _, Sha256};

use super::own_log::{raise, settle};
use crate::{
    app::App,
    db::{self, Tx, seals::StoredSeal},
    error::{Error, Result},
    evidence::{
        Checkpoint, Hash, hash_of,
        verify::{FileSeal, OwnLog, OwnWord},
    },
};

/// The type of the entry that tells of the whole file, with its seal.
const TELLS_OF_SEAL: &str = "snapshot_generated";

/// What the log tells of a seal.
struct Logged {
    /// The position of the entry.
    seq: i64,
    /// The seal. `None` if the file was stored without one.
    seal: Option<SealSummary>,
    /// Whether the snapshot was deleted since.
    is_deleted: bool,
    /// The seal that is kept in the database, if it is the one that the log tells of.
    kept: Option<Seal>,
}

/// What came of the comparison.
enum Found {
    /// The log does not tell of a seal, or the file and the log have none.
    Nothing,
    /// The log tells of this seal, as these words say.
    Same(String),
    /// The log tells of another seal, or none, as these words say.
    Other(String),
    /// Somebody else has sealed with the key of this server, or the log was changed.
    Contradicts(String),
}

/// Compares the seal of a file with the one that the log tells of, and raises an alarm if only somebody with the key can
/// have made it. `agrees` says that the log has what was signed.
pub(super) async fn hold(app: &App, word: &OwnWord, agrees: String) -> OwnLog {
    let found = match logged(app, word).await {
        Ok(Ok(Some(logged))) => judge(word.seal.as_ref(), &logged),
        Ok(Ok(None)) => Found::Nothing,
        Ok(Err(changed)) => Found::Contradicts(changed),
        Err(error) => {
            tracing::warn!(room = %word.room, %error, "the seal of a verified file could not be held against the log");
            Found::Nothing
        }
    };
    let noted = match &found {
        Found::Contradicts(detail) => raise(app, word, key(word), detail).await,
        Found::Same(_) => settle(app, word, key(word)).await,
        Found::Nothing | Found::Other(_) => Ok(()),
    };
    if let Err(error) = noted {
        tracing::error!(room = %word.room, snapshot = %word.snapshot, %error, "an alarm about a seal could not be noted");
    }
    match found {
        Found::Nothing => OwnLog::Agrees(agrees),
        Found::Same(words) => OwnLog::Agrees(format!("{agrees}{words}")),
        Found::Other(seal) => OwnLog::OtherSeal { agrees, seal },
        Found::Contradicts(words) => OwnLog::Contradicts(words),
    }
}

/// Returns what an alarm about a seal is noted under: the head that was signed with the file, with the hash of the seal in
/// place of the root. So the genuine file, which has the same head, does not settle it.
fn key(word: &OwnWord) -> Checkpoint {
    let none: Hash = Sha256::digest(b"").into();
    Checkpoint { root: word.seal.as_ref().map_or(none, |seal| seal.sha256), ..word.checkpoint() }
}

/// Reads what the log tells of the seal of a file. `None` if it does not tell of the file; the error in words if the entry is
/// not what its stored hash was made of.
async fn logged(app: &App, word: &OwnWord) -> Result<Result<Option<Logged>, String>> {
    let (log, snapshot) = (Log::Room(word.room), word.snapshot);
    let read = async |tx: &mut Tx| {
        let id = snapshot.to_string();
        let Some(seq) = db::activity::last_about(tx, log, TELLS_OF_SEAL, &id).await? else { return Ok(None) };
        let row = db::fsck::entries(tx, log, seq, seq + 1).await?.pop();
        let deleted = db::activity::last_about(tx, log, "snapshot_deleted", &id).await?;
        Ok(Some((seq, row, deleted.is_some(), db::seals::find(tx, snapshot).await?)))
    };
    let Some((seq, row, is_deleted, kept)) = app.db.read(read).await? else { return Ok(Ok(None)) };
    let row = row.ok_or_else(|| Error::internal("an entry that was there a moment ago"))?;
    let leaf = row.entry?.into_leaf();
    if !hash_of(&leaf).is_ok_and(|hash| row.leaf_hash == hash) {
        return Ok(Err(format!(
            "entry {seq} of this server's log, which tells of the seal, was changed after it was written"
        )));
    }
    // Entries from before there were seals tell of none.
    let Some(seal) = leaf.meta.get("seal") else { return Ok(Ok(None)) };
    let Ok(seal) = serde_json::from_value::<Option<SealSummary>>(seal.clone()) else {
        return Ok(Err(format!("entry {seq} of this server's log tells of a seal in a form that nobody reads")));
    };
    let is_told =
        |kept: &StoredSeal| seal.as_ref().is_some_and(|seal| seal.sha256 == hex::encode(Sha256::digest(&kept.cms)));
    let kept = kept.filter(is_told).map(|kept| Seal { at: kept.says.sealed_at.into(), cms: kept.cms });
    Ok(Ok(Some(Logged { seq, seal, is_deleted, kept })))
}

/// Judges the seal of a file by what the log tells.
fn judge(of_file: Option<&FileSeal>, logged: &Logged) -> Found {
    let seq = logged.seq;
    let since = if logged.is_deleted { ", a snapshot that was deleted since" } else { "" };
    match (of_file, &logged.seal) {
        (None, None) => Found::Nothing,
        (None, Some(told)) => Found::Other(format!(
            "entry {seq} of this server's log tells of a seal, of {}{since}, and the file has none that fits it",
            told.sealed_at
        )),
        (Some(_), None) => Found::Other(format!(
            "entry {seq} of this server's log tells of a file without a seal{since}: somebody else has sealed it"
        )),
        (Some(seal), Some(told)) if hex::encode(seal.sha256) == told.sha256 => {
            Found::Same(format!("; entry {seq} tells of this seal{since}"))
        }
        (Some(seal), Some(told)) if is_same_signature(seal, told, logged.kept.as_ref()) => Found::Other(format!(
            "its time stamp is not the one that entry {seq} of this server's log tells of{since}: it was taken off, put in or \
             replaced, which anybody can do"
        )),
        (Some(seal), Some(told)) => {
            let (sealed_at, told_at) = (room::Time::from(seal.sealed_at), told.sealed_at);
            let words = format!(
                "entry {seq} of this server's log tells of another seal, of {told_at}{since}, and the one of the file is of \
                 {sealed_at}"
            );
            if is_of_server(seal, logged.kept.as_ref()) {
                return Found::Contradicts(format!(
                    "{words}, made with the certificate of this server: somebody else has its key, or the log was changed"
                ));
            }
            Found::Other(format!("{words}, made with another certificate"))
        }
    }
}

/// Returns whether the signer has signed the same in both, whatever became of the time stamp.
///
/// Without the seal that was logged, which goes with its snapshot, the time of signing tells: it is signed, and what else is
/// signed in the two was logged before.
fn is_same_signature(seal: &FileSeal, told: &SealSummary, kept: Option<&Seal>) -> bool {
    match kept.and_then(|kept| kept.without_time_stamp().ok()) {
        Some(kept) => seal.unstamped_sha256 == Hash::from(Sha256::digest(&kept.cms)),
        None => room::Time::from(seal.sealed_at) == told.sealed_at,
    }
}

/// Returns whether only somebody with the key of this server's certificate can have made the seal.
fn is_of_server(seal: &FileSeal, kept: Option<&Seal>) -> bool {
    // The log of a file of an earlier version names no certificate: then the seal that was logged does.
    seal.is_named || kept.and_then(|kept| kept.certificate_sha256().ok()) == Some(seal.certificate_sha256)
}
