//! `POST /add-checkpoint`: cosigns the head of a log that goes on from the last one (C2SP `tlog-witness`).

use std::{sync::Arc, time::Duration};

use axum::{
    body::{self, Body},
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::{Text, WitnessState};
use crate::{
    db::witness_memory::{KeptCheckpoint, WitnessTx},
    error::{Error, Result},
    evidence::{Checkpoint, CheckpointError, ConsistencyProof, Hash, extends, signed_alone, with_signatures},
    witnesses::SIZE,
};

/// The largest body of a request, in bytes.
const MOST_BYTES: usize = 64 * 1024;
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most hashes that a proof may have (C2SP `tlog-witness`).
const MOST_HASHES: usize = 63;
/// The largest checkpoint that is kept, in bytes: its text and the signatures of its log.
const MOST_KEPT: usize = 8 * 1024;
/// How many forks of a log are kept. One is a proof already; a log must not fill the disk with them.
const MOST_FORKS: u32 = 8;

/// The answers of the protocol.
enum Verdict {
    /// The head is kept, and this is the line of the cosignature.
    Cosigned(String),
    /// The request is not one of the protocol.
    Malformed(&'static str),
    /// No key is known for this origin.
    UnknownOrigin,
    /// None of the origin's keys has signed the checkpoint.
    NotSigned(String),
    /// The older size is not that of the newest head, or that head has another root.
    Conflict(u64),
    /// The proof does not show that the checkpoint goes on from the newest head.
    NotConsistent,
    /// The body is too large, or did not come.
    NotRead(StatusCode, &'static str),
}

impl IntoResponse for Verdict {
    fn into_response(self) -> Response {
        let (status, why) = match self {
            Self::Cosigned(line) => (StatusCode::OK, line),
            Self::Conflict(size) => {
                return (StatusCode::CONFLICT, [(CONTENT_TYPE, SIZE)], format!("{size}\n")).into_response();
            }
            Self::Malformed(why) => (StatusCode::BAD_REQUEST, why.to_owned()),
            Self::UnknownOrigin => (StatusCode::NOT_FOUND, "this log is not witnessed here".to_owned()),
            Self::NotSigned(why) => (StatusCode::FORBIDDEN, format!("the checkpoint is not accepted: {why}")),
            Self::NotConsistent => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "the proof does not show that the log goes on from its head".to_owned(),
            ),
            Self::NotRead(status, why) => (status, why.to_owned()),
        };
        Text(status, why).into_response()
    }
}

/// Cosigns a checkpoint, or says why not.
pub(super) async fn add_checkpoint(State(state): State<Arc<WitnessState>>, body: Body) -> Response {
    let text = match timeout(PATIENCE, body::to_bytes(body, MOST_BYTES)).await {
        Err(_) => {
            return Verdict::NotRead(StatusCode::REQUEST_TIMEOUT, "the body did not come within 30 seconds")
                .into_response();
        }
        // Either is too large or was not sent to its end; in the second case there is nobody left who reads the answer.
        Ok(Err(_)) => {
            return Verdict::NotRead(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 64 KiB").into_response();
        }
        Ok(Ok(bytes)) => String::from_utf8(bytes.into()),
    };
    let Ok(text) = text else { return Verdict::Malformed("the body is no UTF-8").into_response() };
    let submitted = match Submitted::read(&state, &text) {
        Ok(submitted) => submitted,
        Err(refused) => return refused.into_response(),
    };
    match judge(&state, submitted).await {
        Ok(verdict) => verdict.into_response(),
        Err(error) => Text::failed(&error).into_response(),
    }
}

/// A checkpoint that a key has signed which is trusted for its origin, and the proof that came with it.
struct Submitted {
    checkpoint: Checkpoint,
    /// The note, with the signatures of trusted keys alone.
    note: String,
    old: u64,
    path: Vec<Hash>,
}

impl Submitted {
    /// Reads a request, as far as it can be judged without what is remembered.
    fn read(state: &WitnessState, text: &str) -> Result<Self, Verdict> {
        let Ok(ConsistencyProof { from, path, checkpoint: note }) = ConsistencyProof::read(text) else {
            return Err(Verdict::Malformed("the body is not an older size, a proof, a blank line and a checkpoint"));
        };
        if path.len() > MOST_HASHES {
            return Err(Verdict::Malformed("the proof has more than 63 hashes"));
        }
        let malformed = Verdict::Malformed("the checkpoint is not a signed note with origin, size and root");
        let Ok(Checkpoint { origin, .. }) = Checkpoint::unchecked(&note) else { return Err(malformed) };
        let Some(keys) = state.logs.keys_of(&origin) else { return Err(Verdict::UnknownOrigin) };
        let (checkpoint, note) = match signed_alone(&note, keys) {
            Ok(signed) => signed,
            Err(CheckpointError::Malformed) => return Err(malformed),
            Err(error) => return Err(Verdict::NotSigned(error.to_string())),
        };
        if i64::try_from(checkpoint.size).is_err() {
            return Err(Verdict::Malformed("the size is larger than that of any log"));
        }
        if note.len() > MOST_KEPT {
            return Err(Verdict::Malformed("the checkpoint is larger than 8 KiB without the signatures of others"));
        }
        Ok(Self { checkpoint, note, old: from, path })
    }

    /// Returns why the checkpoint is not cosigned after the newest head, of this size and root.
    fn refusal(&self, (size, root): (u64, Hash)) -> Option<Verdict> {
        let Self { checkpoint, old, path, .. } = self;
        if *old > checkpoint.size {
            return Some(Verdict::Malformed("the older size is larger than that of the checkpoint"));
        }
        if *old != size || (size == checkpoint.size && root != checkpoint.root) {
            return Some(Verdict::Conflict(size));
        }
        // Every tree goes on from the empty one, for which there is no proof (RFC 6962 §2.1.2).
        let holds = match size {
            0 => path.is_empty(),
            _ => extends(path, (checkpoint.size, checkpoint.root), (size, root)),
        };
        (!holds).then_some(Verdict::NotConsistent)
    }
}

/// Holds a checkpoint against the newest head of its log, and cosigns and keeps it if it goes on from that: in one
/// transaction, so that no other head can be cosigned in between.
async fn judge(state: &Arc<WitnessState>, submitted: Submitted) -> Result<Verdict> {
    let shared = Arc::clone(state);
    let judged = state.memory.change(move |tx| {
        let verdict = judge_within(&shared, tx, &submitted)?;
        Ok((verdict, submitted.checkpoint))
    });
    let ((verdict, other), Checkpoint { origin, size, root }) = judged.await?;
    // Only now: what is logged has been committed.
    if let Some(kept) = other {
        let (root, kept) = (hex::encode(root), hex::encode(kept));
        tracing::error!(
            origin,
            size,
            root,
            cosigned_root = kept,
            "a log has signed two heads of one size: the second is refused, and kept as evidence in the table `forks`"
        );
    }
    if let Verdict::Cosigned(_) = verdict {
        tracing::info!(origin, size, "cosigned");
    }
    Ok(verdict)
}

/// Returns the verdict and, if the log has signed two heads of this size, the root of the one that was cosigned.
fn judge_within(state: &WitnessState, tx: &WitnessTx<'_>, submitted: &Submitted) -> Result<(Verdict, Option<Hash>)> {
    let Checkpoint { origin, size, root } = &submitted.checkpoint;
    let newest = tx.newest(origin)?;
    let now = u64::try_from(state.clock.now().as_microsecond() / 1_000_000).unwrap_or(0);
    // A cosignature says that its head is the newest at that time (C2SP `tlog-cosignature`). If the clock was put back, two
    // heads must not contradict each other.
    let time = newest.as_ref().map_or(now, |newest| newest.time.max(now));
    let kept = |note: &str| KeptCheckpoint { size: *size, root: *root, note: note.to_owned(), time };

    let other = tx.of_size(origin, *size)?.map(|of_size| of_size.root).filter(|kept| kept != root);
    let head = newest.map_or_else(|| (0, Sha256::digest([]).into()), |newest| (newest.size, newest.root));
    let refusal = submitted.refusal(head).or_else(|| other.map(|_| Verdict::Conflict(head.0)));
    if other.is_some() {
        tx.keep_fork(origin, &kept(&submitted.note), MOST_FORKS)?;
    }
    if let Some(refusal) = refusal {
        return Ok((refusal, other));
    }
    let line = state.key.cosign(&submitted.note, time).map_err(|error| Error::internal(error.to_string()))?;
    let note = with_signatures(&submitted.note, &line).map_err(|error| Error::internal(error.to_string()))?;
    tx.keep(origin, &kept(&note))?;
    Ok((Verdict::Cosigned(line), None))
}
