//! The proof that a file carries, parsed into its parts.

use room::Leaf;

use crate::evidence::{Checkpoint, Hash, LogProof, Receipt, read_leaf};

/// The proof of a file with its entry and checkpoint, read but not checked.
pub(super) struct Submitted {
    pub(super) proof: LogProof,
    pub(super) leaf: Leaf,
    pub(super) checkpoint: Checkpoint,
    /// The proof that the checkpoint extends the position that the record shows. `None` if it is no receipt.
    pub(super) consistency: Option<Vec<Hash>>,
}

impl Submitted {
    /// Reads a proof. The error is for people, and says which part of it cannot be read.
    pub(super) fn read(text: Option<&str>) -> Result<Self, String> {
        let none = "the file carries no proof: it was made by a version before 0.3, which had none";
        let text = text.ok_or(none)?;
        // What is no receipt may be the proof of an earlier version, and the error is that of the proof.
        let (proof, consistency) = match Receipt::read(text) {
            Ok(receipt) => (receipt.proof, Some(receipt.consistency)),
            Err(_) => (LogProof::read(text).map_err(|error| error.to_string())?, None),
        };
        let leaf = read_leaf(&proof.leaf).map_err(|error| format!("the entry in the proof: {error}"))?;
        // Signatures of unknown keys are ignored (C2SP `signed-note`), so lines could be added to a file unnoticed.
        if Checkpoint::signatures(&proof.checkpoint) != 1 {
            return Err("the checkpoint in the proof has other signatures than its one".into());
        }
        let checkpoint = Checkpoint::unchecked(&proof.checkpoint);
        let checkpoint = checkpoint.map_err(|error| format!("the checkpoint in the proof: {error}"))?;
        Ok(Self { proof, leaf, checkpoint, consistency })
    }

    /// Returns the SHA-256 that the entry tells, in hexadecimal: of the body, or of the record of an earlier version.
    pub(super) fn announced(&self) -> Option<&str> {
        let name = if self.consistency.is_some() { "body_sha256" } else { "record_sha256" };
        self.leaf.meta[name].as_str()
    }
}
