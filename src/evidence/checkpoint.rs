//! Checkpoints: the signed head of a log (C2SP `tlog-checkpoint`).

use signed_note::{Note, NoteError};
use tlog_tiles::{checkpoint::Checkpoint as Body, tlog};

use super::{Hash, LogKey, PublicKeys};

/// What a log was at one moment: its name, its size, and the root of its tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log: `{server}/rooms/{room_id}`.
    pub origin: String,
    /// Number of its entries.
    pub size: u64,
    /// Root of the tree over them (RFC 6962 §2.1).
    pub root: Hash,
}

/// A checkpoint that does not stand.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It is no signed checkpoint.
    #[error("it is no signed checkpoint")]
    Malformed,
    /// Its signature does not fit what it says.
    #[error("the signature of the key `{0}` does not fit it: it was changed after it was signed")]
    Invalid(String),
    /// None of the trusted keys has signed it.
    #[error("it is signed by {signers}, not by {known}")]
    Stranger {
        /// Who signed it.
        signers: String,
        /// Whose signature is looked for.
        known: String,
    },
}

impl Checkpoint {
    /// The signed note; the same checkpoint and key give the same bytes (RFC 8032).
    pub fn signed(&self, key: &LogKey) -> Result<String, CheckpointError> {
        let body = Body::new(&self.origin, self.size, tlog::Hash(self.root), "");
        let text = body.ok().and_then(|body| String::from_utf8(body.to_bytes()).ok());
        text.and_then(|text| key.sign(&text).ok()).ok_or(CheckpointError::Malformed)
    }

    /// Reads a signed note whose signature is not looked at, such as one of our own.
    pub fn unchecked(note: &str) -> Result<Self, CheckpointError> {
        Self::of(&parse(note)?)
    }

    /// Reads a signed note; answers with the key that signed it, as `name+hash`.
    pub fn open(note: &str, keys: &PublicKeys) -> Result<(Self, String), CheckpointError> {
        let parsed = parse(note)?;
        let named = |name: &str, id: u32| format!("{name}+{id:08x}");
        let (verified, _) = parsed.verify(&keys.verifiers()).map_err(|error| match error {
            NoteError::InvalidSignature { name, id } => CheckpointError::Invalid(named(&name, id)),
            NoteError::UnverifiedNote => {
                CheckpointError::Stranger { signers: signers(note).join(", "), known: keys.names().join(", ") }
            }
            _ => CheckpointError::Malformed,
        })?;
        let by = verified.first().map(|signature| named(signature.name(), signature.id()));
        Ok((Self::of(&parsed)?, by.ok_or(CheckpointError::Malformed)?))
    }

    /// How many signatures a note says it has. Whoever checks ignores those of unknown keys, so that only one
    /// with a single one is what was signed, to the last byte.
    pub fn signatures(note: &str) -> usize {
        note.rsplit_once("\n\n").map_or(0, |(_, signatures)| signatures.lines().count())
    }

    fn of(note: &Note) -> Result<Self, CheckpointError> {
        let body = Body::from_bytes(note.text()).map_err(|_| CheckpointError::Malformed)?;
        if body.to_bytes() != note.text() {
            return Err(CheckpointError::Malformed);
        }
        Ok(Self { origin: body.origin().to_owned(), size: body.size(), root: body.hash().0 })
    }
}

fn parse(note: &str) -> Result<Note, CheckpointError> {
    let parsed = Note::from_bytes(note.as_bytes()).map_err(|_| CheckpointError::Malformed)?;
    if parsed.to_bytes() == note.as_bytes() { Ok(parsed) } else { Err(CheckpointError::Malformed) }
}

/// The keys that a note says it is signed with, as `name+hash`.
fn signers(note: &str) -> Vec<String> {
    let lines = note.rsplit_once("\n\n").map(|(_, signatures)| signatures.lines()).into_iter().flatten();
    let signature = |line: &str| signed_note::Signature::from_bytes(line.as_bytes()).ok();
    lines.filter_map(signature).map(|signature| format!("{}+{:08x}", signature.name(), signature.id())).collect()
}
