//! The receipt of a file: the proof that a room's log has the entry which tells of the file's body, with all that leads
//! from the position that the snapshot shows to the log's signed head.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use report::Bounds;
use room::canonical;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Hash, LogProof,
    proof::{ProofError, hash_in},
};

/// How much the extra data of a receipt may be.
const BOUNDS: Bounds = Bounds { record: Bounds::BESIDE, values: 10_000, depth: 32 };
const NO_EXTRA: ProofError = ProofError("its extra data are not an entry and a path, in canonical form");

/// A receipt, which is written as a `tlog-proof` (C2SP).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The proof of the entry that tells of the body. Its checkpoint ends with that entry.
    pub proof: LogProof,
    /// The proof that the tree of the checkpoint extends the one at the position that the snapshot shows (RFC 6962
    /// §2.1.2).
    pub consistency: Vec<Hash>,
    /// The notes that lead from earlier keys of the server to the one that signed, if there are any. Whoever trusts one of
    /// those can follow.
    pub notes: Vec<String>,
}

/// The extra data of the `tlog-proof`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extra {
    consistency: Vec<String>,
    leaf: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl Receipt {
    /// Reads the text. Refuses one that is not written as [`Receipt`] writes it.
    pub fn read(text: &str) -> Result<Self, ProofError> {
        let mut proof = LogProof::read(text)?;
        // Before any value is built: it may come from anybody.
        BOUNDS.scan(&proof.leaf).map_err(|_| NO_EXTRA)?;
        let Extra { consistency, leaf, notes } = serde_json::from_slice(&proof.leaf).map_err(|_| NO_EXTRA)?;
        let consistency: Option<Vec<Hash>> = consistency.iter().map(|hash| hash_in(hash)).collect();
        proof.leaf = canonical::of_object(&leaf).map_err(|_| NO_EXTRA)?;
        let receipt = Self { proof, consistency: consistency.ok_or(NO_EXTRA)?, notes };
        if receipt.to_string() == text { Ok(receipt) } else { Err(NO_EXTRA) }
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let consistency = self.consistency.iter().map(|hash| BASE64_STANDARD.encode(hash)).collect();
        let leaf = serde_json::from_slice(&self.proof.leaf).map_err(|_| fmt::Error)?;
        let extra =
            canonical::of_object(&Extra { consistency, leaf, notes: self.notes.clone() }).map_err(|_| fmt::Error)?;
        LogProof { leaf: extra, ..self.proof.clone() }.fmt(f)
    }
}
