//! The proof that an entry is in a log: C2SP `tlog-proof`, a text that goes with every file.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::Hash;

/// The first line of every proof.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The longest path that a tree can have.
const LONGEST_PATH: usize = 64;

/// That an entry is in a log, with the signed checkpoint of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    /// The leaf's bytes, as the proof's extra data: whoever checks has them at hand.
    pub leaf: Vec<u8>,
    /// The leaf's index.
    pub index: u64,
    /// The inclusion path (RFC 6962 §2.1.1) in the tree that the checkpoint is of.
    pub path: Vec<Hash>,
    /// The checkpoint, a signed note.
    pub checkpoint: String,
}

/// Text that is no proof.
#[derive(Debug, thiserror::Error)]
#[error("it is no proof of a log (C2SP tlog-proof): {0}")]
pub struct ProofError(&'static str);

impl LogProof {
    /// Reads the text, and refuses one that is not written as [`LogProof`] writes it.
    pub fn read(text: &str) -> Result<Self, ProofError> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(ProofError("it has no checkpoint"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(ProofError("its first line is another"));
        }
        let leaf = lines.next().and_then(|line| BASE64_STANDARD.decode(line.strip_prefix("extra ")?).ok());
        let index = lines.next().and_then(|line| line.strip_prefix("index ")?.parse().ok());
        let hash = |line: &str| BASE64_STANDARD.decode(line).ok()?.try_into().ok();
        let path: Option<Vec<Hash>> = lines.take(LONGEST_PATH + 1).map(hash).collect();
        let proof = Self {
            leaf: leaf.ok_or(ProofError("its second line holds no entry"))?,
            index: index.ok_or(ProofError("its third line tells no index"))?,
            path: path.ok_or(ProofError("its path holds something else than hashes"))?,
            checkpoint: checkpoint.to_owned(),
        };
        if proof.path.len() > LONGEST_PATH || proof.to_string() != text {
            return Err(ProofError("it is written otherwise than it should be"));
        }
        Ok(proof)
    }
}

impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nextra {}\nindex {}", BASE64_STANDARD.encode(&self.leaf), self.index)?;
        write_path(f, &self.path)?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// That a log extends an older one: the text with which C2SP `tlog-witness` asks a witness to sign the
/// newer checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The older size.
    pub from: u64,
    /// The proof (RFC 6962 §2.1.2).
    pub path: Vec<Hash>,
    /// The newer checkpoint, a signed note.
    pub checkpoint: String,
}

impl ConsistencyProof {
    /// Reads the text.
    pub fn read(text: &str) -> Result<Self, ProofError> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(ProofError("it has no checkpoint"))?;
        let mut lines = head.split('\n');
        let from = lines.next().and_then(|line| line.strip_prefix("old ")?.parse().ok());
        let hash = |line: &str| BASE64_STANDARD.decode(line).ok()?.try_into().ok();
        let path: Option<Vec<Hash>> = lines.take(LONGEST_PATH + 2).map(hash).collect();
        let proof = Self {
            from: from.ok_or(ProofError("its first line tells no older size"))?,
            path: path.ok_or(ProofError("its path holds something else than hashes"))?,
            checkpoint: checkpoint.to_owned(),
        };
        if proof.to_string() == text { Ok(proof) } else { Err(ProofError("it is written otherwise than it should be")) }
    }
}

impl fmt::Display for ConsistencyProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.from)?;
        write_path(f, &self.path)?;
        write!(f, "\n{}", self.checkpoint)
    }
}

fn write_path(f: &mut fmt::Formatter<'_>, path: &[Hash]) -> fmt::Result {
    path.iter().try_for_each(|hash| writeln!(f, "{}", BASE64_STANDARD.encode(hash)))
}
