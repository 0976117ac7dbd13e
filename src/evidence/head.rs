//! The way from the signed head of a log up to the log of heads, which witnesses cosign.
//!
//! The log of heads tells outsiders nothing: each entry is a hash of a head and of a salt that only the server and the
//! holders of a proof know.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use report::Bounds;
use room::canonical;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    Checkpoint, Hash, LogProof, Receipt,
    proof::{HEADER, ProofError, hash_in},
};

/// How much the extra data may be.
const BOUNDS: Bounds = Bounds { record: Bounds::BESIDE, values: 10_000, depth: 8 };
const NO_EXTRA: ProofError = ProofError("its extra data are not a head, a path and a salt, in canonical form");

/// Returns the entry of the log of heads for a head: the SHA-256 of a line that says what it is, the salt, and the three
/// lines of the checkpoint.
pub fn commitment(head: &Checkpoint, salt: &Hash) -> Hash {
    let said = Sha256::new().chain_update("sts-clearance/head/v1\n").chain_update(salt);
    said.chain_update(head.text()).finalize().into()
}

/// The proof that the log of heads has the head of a log, written as a `tlog-proof` (C2SP).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadProof {
    /// The head, a signed note.
    pub head: String,
    /// The proof that, of this head and the receipt's checkpoint, the larger extends the smaller (RFC 6962 §2.1.2).
    pub consistency: Vec<Hash>,
    /// What was hashed with the head.
    pub salt: Hash,
    /// The position of the head in the log of heads, from 0.
    pub index: u64,
    /// The inclusion path (RFC 6962 §2.1.1) in the tree of the checkpoint.
    pub path: Vec<Hash>,
    /// The checkpoint of the log of heads, a note with the cosignatures of witnesses.
    pub checkpoint: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extra {
    consistency: Vec<String>,
    head: String,
    salt: String,
}

impl HeadProof {
    /// Reads the text. Refuses one that is not written as [`HeadProof`] writes it.
    pub fn read(text: &str) -> Result<Self, ProofError> {
        let LogProof { leaf, index, path, checkpoint } = LogProof::read(text)?;
        BOUNDS.scan(&leaf).map_err(|_| NO_EXTRA)?;
        let Extra { consistency, head, salt } = serde_json::from_slice(&leaf).map_err(|_| NO_EXTRA)?;
        let consistency: Option<Vec<Hash>> = consistency.iter().map(|hash| hash_in(hash)).collect();
        let salt = hash_in(&salt).ok_or(NO_EXTRA)?;
        let read = Self { head, consistency: consistency.ok_or(NO_EXTRA)?, salt, index, path, checkpoint };
        if read.to_string() == text { Ok(read) } else { Err(NO_EXTRA) }
    }
}

impl fmt::Display for HeadProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let consistency = self.consistency.iter().map(|hash| BASE64_STANDARD.encode(hash)).collect();
        let extra = Extra { consistency, head: self.head.clone(), salt: BASE64_STANDARD.encode(self.salt) };
        let leaf = canonical::of_object(&extra).map_err(|_| fmt::Error)?;
        LogProof { leaf, index: self.index, path: self.path.clone(), checkpoint: self.checkpoint.clone() }.fmt(f)
    }
}

/// What a server gives for a snapshot's file: the receipt, and behind it the way up to the log of heads, once the head is
/// there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedReceipt {
    /// The proof of the entry that tells of the file.
    pub receipt: Receipt,
    /// The proof of a head of the log with that entry.
    pub head: Option<HeadProof>,
}

impl ServedReceipt {
    /// Reads the text.
    pub fn read(text: &str) -> Result<Self, ProofError> {
        let (receipt, head) = Self::parts(text);
        Ok(Self { receipt: Receipt::read(receipt)?, head: head.map(HeadProof::read).transpose()? })
    }

    /// Splits the text into the receipt and what is behind it.
    pub fn parts(text: &str) -> (&str, Option<&str>) {
        // The first line of each is the same, and no line within a proof of ours can be.
        match text.find(&format!("\n{HEADER}\n")) {
            Some(end) => (&text[..=end], Some(&text[end + 1..])),
            None => (text, None),
        }
    }
}

impl fmt::Display for ServedReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.receipt.fmt(f)?;
        self.head.iter().try_for_each(|head| head.fmt(f))
    }
}
