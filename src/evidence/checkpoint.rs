//! Checkpoints: the signed heads of logs (C2SP `tlog-checkpoint`).

use signed_note::{Note, NoteError};
use tlog_tiles::{checkpoint::Checkpoint as Body, tlog};

use super::{Hash, LogKey, PublicKeys};

/// The head of a log at one moment: its name, its size, and the root of its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log: `{server}/rooms/{room_id}` for that of a room.
    pub origin: String,
    /// The number of its entries.
    pub size: u64,
    /// The root of the tree over them (RFC 6962 §2.1).
    pub root: Hash,
}

/// Why a checkpoint is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The text is not a signed note, or the note is not a checkpoint.
    #[error("it is no signed checkpoint")]
    Malformed,
    /// A trusted key is named, but its signature does not fit the text.
    #[error("the signature of the key `{0}` does not fit it: it was changed after it was signed")]
    Invalid(String),
    /// None of the trusted keys has signed it.
    #[error("it is signed by {signers}, not by {known}")]
    Stranger {
        /// The keys that the note names as its signers.
        signers: String,
        /// The keys that are trusted.
        known: String,
    },
}

impl Checkpoint {
    /// Returns the checkpoint as a signed note. The same checkpoint and key give the same bytes: Ed25519 signatures are
    /// deterministic (RFC 8032).
    pub fn signed(&self, key: &LogKey) -> Result<String, CheckpointError> {
        let body = Body::new(&self.origin, self.size, tlog::Hash(self.root), "");
        let text = body.ok().and_then(|body| String::from_utf8(body.to_bytes()).ok());
        text.and_then(|text| key.sign(&text).ok()).ok_or(CheckpointError::Malformed)
    }

    /// Reads a signed note without checking its signature, for example one from our own database.
    pub fn unchecked(note: &str) -> Result<Self, CheckpointError> {
        Self::from_note(&parse(note)?)
    }

    /// Reads a signed note and checks its signature. Returns the trusted key that signed it too, as `name+hash`.
    pub fn open(note: &str, keys: &PublicKeys) -> Result<(Self, String), CheckpointError> {
        let parsed = parse(note)?;
        let named = |name: &str, id: u32| format!("{name}+{id:08x}");
        // C2SP `signed-note`: signatures of unknown keys are ignored, but one of a known key that does not fit refuses
        // the note, even if another key's fits.
        let (verified, _) = parsed.verify(&keys.verifiers()).map_err(|error| match error {
            NoteError::InvalidSignature { name, id } => CheckpointError::Invalid(named(&name, id)),
            NoteError::UnverifiedNote => {
                CheckpointError::Stranger { signers: signers(note).join(", "), known: keys.names().join(", ") }
            }
            _ => CheckpointError::Malformed,
        })?;
        let by = verified.first().map(|signature| named(signature.name(), signature.id()));
        Ok((Self::from_note(&parsed)?, by.ok_or(CheckpointError::Malformed)?))
    }

    /// Returns the number of signature lines in a note.
    ///
    /// Verifiers ignore signatures of unknown keys, so anybody can add such lines. Only a note with a single signature
    /// is as it was signed, to the last byte.
    pub fn signatures(note: &str) -> usize {
        note.rsplit_once("\n\n").map_or(0, |(_, signatures)| signatures.lines().count())
    }

    /// Reads the text of a note as a checkpoint.
    fn from_note(note: &Note) -> Result<Self, CheckpointError> {
        let body = Body::from_bytes(note.text()).map_err(|_| CheckpointError::Malformed)?;
        // One checkpoint has one form (C2SP `tlog-checkpoint`): no leading zeros in the size, no other base64.
        if body.to_bytes() != note.text() {
            return Err(CheckpointError::Malformed);
        }
        Ok(Self { origin: body.origin().to_owned(), size: body.size(), root: body.hash().0 })
    }
}

/// Splits a note into its text and its signatures. Refuses one that is not written as the parser would write it.
fn parse(note: &str) -> Result<Note, CheckpointError> {
    let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
    if parsed.to_bytes() == note.as_bytes() { Ok(parsed) } else { Err(CheckpointError::Malformed) }
}

/// Returns the keys that a note names as its signers, as `name+hash`. Their signatures are not checked.
fn signers(note: &str) -> Vec<String> {
    // The text may hold blank lines itself: only the last one separates it from the signatures.
    let lines = note.rsplit_once("\n\n").map(|(_, signatures)| signatures.lines()).into_iter().flatten();
    let signature = |line: &str| signed_note::Signature::from_bytes(line.as_bytes()).ok();
    lines.filter_map(signature).map(|signature| format!("{}+{:08x}", signature.name(), signature.id())).collect()
}
