//! Checkpoints: the signed heads of logs (C2SP `tlog-checkpoint`).

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    Hash, LogKey, PublicKeys,
    note::{Malformed, Note, Signature},
};

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
        let text = self.text();
        let is_one = Self::from_text(&text).is_ok_and(|read| read == *self);
        key.sign(&text).filter(|_| is_one).ok_or(CheckpointError::Malformed)
    }

    /// Reads a signed note without checking its signature, for example one from our own database.
    pub fn unchecked(note: &str) -> Result<Self, CheckpointError> {
        Ok(Self::from_text(&Note::read(note)?.text)?)
    }

    /// Reads a signed note and checks its signature. Returns the trusted key that signed it too, as `name+hash`.
    pub fn open(note: &str, keys: &PublicKeys) -> Result<(Self, String), CheckpointError> {
        let Note { text, signatures } = Note::read(note)?;
        let mut by = None;
        for signature in &signatures {
            // C2SP `signed-note`: signatures of unknown keys are ignored, but one of a known key that does not fit refuses
            // the note, even if another key's fits.
            for key in keys.verifiers().iter().filter(|key| key.is_named_in(signature)) {
                if !key.has_signed(&text, signature) {
                    return Err(CheckpointError::Invalid(key.by()));
                }
                by = by.or_else(|| Some(key.by()));
            }
        }
        let Some(by) = by else {
            let signers: Vec<String> = signatures.iter().map(Signature::by).collect();
            return Err(CheckpointError::Stranger { signers: signers.join(", "), known: keys.names().join(", ") });
        };
        Ok((Self::from_text(&text)?, by))
    }

    /// Returns the text that is signed: origin, size and root, a line each.
    pub(super) fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64_STANDARD.encode(self.root))
    }

    /// Reads the text of a note as a checkpoint. Further lines, if none is blank, are extensions of others, and are ignored
    /// (C2SP `tlog-checkpoint`).
    fn from_text(text: &str) -> Result<Self, Malformed> {
        let lines: Vec<_> = text.strip_suffix('\n').ok_or(Malformed)?.split('\n').collect();
        let [origin, size, root, ..] = lines[..] else { return Err(Malformed) };
        let root = BASE64_STANDARD.decode(root).ok().and_then(|root| root.try_into().ok()).ok_or(Malformed)?;
        let read = Self { origin: origin.to_owned(), size: size.parse().map_err(|_| Malformed)?, root };
        // One checkpoint has one form: no leading zeros in the size.
        if lines.iter().any(|line| line.is_empty()) || read.size.to_string() != size {
            Err(Malformed)
        } else {
            Ok(read)
        }
    }
}

impl From<Malformed> for CheckpointError {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}
