//! Proofs as texts: that an entry is in a log (C2SP `tlog-proof`), which every file carries, and that a log extends an
//! older one.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use report::Bounds;

use super::Hash;

/// The first line of every proof.
pub(super) const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The most hashes that a proof can have: a consistency proof has up to one more than the tree is high.
const LONGEST_PATH: usize = 65;
/// The error for a text that says the right things in another form.
const OTHERWISE: ProofError = ProofError("it is written otherwise than it should be");

/// The proof that an entry is in a log, with the signed checkpoint of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    /// The leaf's bytes. They are the proof's extra data, so a verifier needs nothing else to hash the leaf.
    pub leaf: Vec<u8>,
    /// The leaf's position in the log, from 0.
    pub index: u64,
    /// The inclusion path (RFC 6962 §2.1.1) in the tree of the checkpoint.
    pub path: Vec<Hash>,
    /// The checkpoint, a signed note.
    pub checkpoint: String,
}

/// Why a text is not a proof.
#[derive(Debug, thiserror::Error)]
#[error("it is no proof of a log (C2SP tlog-proof): {0}")]
pub struct ProofError(pub(super) &'static str);

impl LogProof {
    /// Reads the text. Refuses one that is not written as [`LogProof`] writes it.
    pub fn read(text: &str) -> Result<Self, ProofError> {
        let (mut lines, checkpoint) = parts(text)?;
        if lines.next() != Some(HEADER) {
            return Err(ProofError("its first line is another"));
        }
        let leaf = lines.next().and_then(|line| BASE64_STANDARD.decode(line.strip_prefix("extra ")?).ok());
        let index = lines.next().and_then(|line| line.strip_prefix("index ")?.parse().ok());
        let proof = Self {
            leaf: leaf.ok_or(ProofError("its second line holds no entry"))?,
            index: index.ok_or(ProofError("its third line tells no index"))?,
            path: read_path(lines)?,
            checkpoint,
        };
        // Base64 and numbers have several spellings. Only one is accepted, so that the bytes of a file have one proof.
        if proof.to_string() == text { Ok(proof) } else { Err(OTHERWISE) }
    }
}

impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nextra {}\nindex {}", BASE64_STANDARD.encode(&self.leaf), self.index)?;
        write_path(f, &self.path)?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// The proof that a log extends an older one, in the form in which C2SP `tlog-witness` asks a witness to sign the newer
/// checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// The size of the older tree.
    pub from: u64,
    /// The hashes of the proof (RFC 6962 §2.1.2).
    pub path: Vec<Hash>,
    /// The newer checkpoint, a signed note.
    pub checkpoint: String,
}

impl ConsistencyProof {
    /// Reads the text. Refuses one that is not written as [`ConsistencyProof`] writes it.
    pub fn read(text: &str) -> Result<Self, ProofError> {
        let (mut lines, checkpoint) = parts(text)?;
        let from = lines.next().and_then(|line| line.strip_prefix("old ")?.parse().ok());
        let proof = Self {
            from: from.ok_or(ProofError("its first line tells no older size"))?,
            path: read_path(lines)?,
            checkpoint,
        };
        if proof.to_string() == text { Ok(proof) } else { Err(OTHERWISE) }
    }
}

impl fmt::Display for ConsistencyProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.from)?;
        write_path(f, &self.path)?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Splits a proof into the lines before the checkpoint, and the checkpoint.
fn parts(text: &str) -> Result<(std::str::Split<'_, char>, String), ProofError> {
    if text.len() > Bounds::BESIDE {
        return Err(ProofError("it is larger than any proof"));
    }
    // The first blank line: the checkpoint has another one before its signatures.
    let (head, checkpoint) = text.split_once("\n\n").ok_or(ProofError("it has no checkpoint"))?;
    Ok((head.split('\n'), checkpoint.to_owned()))
}

/// Reads a hash in base64.
pub(super) fn hash_in(text: &str) -> Option<Hash> {
    BASE64_STANDARD.decode(text).ok()?.try_into().ok()
}

/// Reads the hashes of a path, one a line in base64.
fn read_path<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<Hash>, ProofError> {
    // Lines beyond the bound are not read. The caller writes the proof again and compares, which refuses them.
    let path: Option<Vec<Hash>> = lines.take(LONGEST_PATH).map(hash_in).collect();
    path.ok_or(ProofError("its path holds something else than hashes"))
}

/// Writes the hashes of a path, one a line in base64.
fn write_path(f: &mut fmt::Formatter<'_>, path: &[Hash]) -> fmt::Result {
    path.iter().try_for_each(|hash| writeln!(f, "{}", BASE64_STANDARD.encode(hash)))
}
