//! The proof that a file carries, parsed into its parts.

use room::Leaf;

use super::tree::{self, Unsigned};
use crate::evidence::{Checkpoint, Hash, LogProof, PublicKeys, Receipt, Succession, read_leaf};

/// How many notes are followed, each of which costs signatures to check: a receipt may come from anybody.
const MOST_NOTES: usize = 64;

/// The proof of a file with its entry and checkpoint, read but not checked.
pub(super) struct Submitted {
    pub(super) proof: LogProof,
    pub(super) leaf: Leaf,
    pub(super) checkpoint: Checkpoint,
    /// The proof that the checkpoint extends the position that the record shows. `None` if it is no receipt.
    pub(super) consistency: Option<Vec<Hash>>,
    /// The notes in it by which keys of the server follow each other.
    pub(super) successions: Vec<Succession>,
}

impl Submitted {
    /// Reads a proof. The error is for people, and says which part of it cannot be read.
    pub(super) fn read(text: Option<&str>) -> Result<Self, String> {
        let none = "the file carries no proof: it was made by a version before 0.3, which had none";
        let text = text.ok_or(none)?;
        // What is no receipt may be the proof of an earlier version, and the error is that of the proof.
        let (proof, consistency, notes) = match Receipt::read(text) {
            Ok(Receipt { proof, consistency, notes }) => (proof, Some(consistency), notes),
            Err(_) => (LogProof::read(text).map_err(|error| error.to_string())?, None, Vec::new()),
        };
        let successions = notes.iter().take(MOST_NOTES).filter_map(|note| Succession::read(note)).collect();
        let leaf = read_leaf(&proof.leaf).map_err(|error| format!("the entry in the proof: {error}"))?;
        let checkpoint = Checkpoint::unchecked(&proof.checkpoint);
        let checkpoint = checkpoint.map_err(|error| format!("the checkpoint in the proof: {error}"))?;
        Ok(Self { proof, leaf, checkpoint, consistency, successions })
    }

    /// Returns the keys that are trusted, and those to which they lead by the notes in the proof.
    pub(super) fn keys(&self, trusted: &PublicKeys) -> PublicKeys {
        trusted.clone().following(&self.successions)
    }

    /// Returns the name of the key that has signed the checkpoint, as `name+hash`: a trusted one, or one to which it leads.
    pub(super) fn signed(&self, trusted: Option<&PublicKeys>) -> Result<String, Unsigned> {
        tree::signed(&self.proof.checkpoint, trusted.map(|keys| self.keys(keys)).as_ref())
    }

    /// Returns the SHA-256 that the entry tells, in hexadecimal: of the body, or of the record of an earlier version.
    pub(super) fn announced(&self) -> Option<&str> {
        let name = if self.consistency.is_some() { "body_sha256" } else { "record_sha256" };
        self.leaf.meta[name].as_str()
    }
}
