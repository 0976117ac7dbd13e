//! The proof that a file carries, parsed into its parts.

use room::Leaf;

use crate::evidence::{Checkpoint, LogProof, read_leaf};

/// The proof of a file with its entry and checkpoint, read but not checked.
pub(super) struct Submitted {
    pub(super) proof: LogProof,
    pub(super) leaf: Leaf,
    pub(super) checkpoint: Checkpoint,
}

impl Submitted {
    /// Reads a proof. The error is for people, and says which part of it cannot be read.
    pub(super) fn read(text: Option<&str>) -> Result<Self, String> {
        let none = "the file carries no proof: it was made by a version before 0.3, which had none";
        let proof = LogProof::read(text.ok_or(none)?).map_err(|error| error.to_string())?;
        let leaf = read_leaf(&proof.leaf).map_err(|error| format!("the entry in the proof: {error}"))?;
        // Signatures of unknown keys are ignored (C2SP `signed-note`), so lines could be added to a file unnoticed.
        if Checkpoint::signatures(&proof.checkpoint) != 1 {
            return Err("the checkpoint in the proof has other signatures than its one".into());
        }
        let checkpoint = Checkpoint::unchecked(&proof.checkpoint);
        let checkpoint = checkpoint.map_err(|error| format!("the checkpoint in the proof: {error}"))?;
        Ok(Self { proof, leaf, checkpoint })
    }

    /// Returns the SHA-256 of the record that the entry announces, in hexadecimal, as the entry has it.
    pub(super) fn announced(&self) -> Option<&str> {
        self.leaf.meta["record_sha256"].as_str()
    }
}
