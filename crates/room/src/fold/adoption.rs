//! The adoption of a log: the state of its room, or of the platform, in parts that fit into entries; and before it, if
//! the log told everything already, what differed.

use sha2::{Digest, Sha256};

use super::{Subject, Why};
use crate::{Difference, Event};

/// The most that a part of an adopted state takes, in bytes of its text.
pub const PART_BYTES: usize = 32 * 1024;

/// What an entry has around the differences that it lists, in bytes at most.
const ROUND_IT: usize = 256;

/// A part of an adopted state, as an entry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptionPart {
    /// The number of the part, from 1.
    pub part: u64,
    /// The number of parts.
    pub of: u64,
    /// A piece of the state's canonical JSON (RFC 8785).
    pub state: String,
    /// SHA-256 of the whole text, in hexadecimal; with the last part.
    pub state_sha256: Option<String>,
}

/// The parts of a state that have been read so far.
#[derive(Debug, Clone, Default)]
pub struct Adoption {
    parts: u64,
    text: String,
}

pub(super) enum Progress<S> {
    Parts(Adoption),
    Whole(Box<S>),
}

impl Adoption {
    /// Returns the entries that hold a state: its canonical JSON (RFC 8785), cut into parts. The last one has the
    /// SHA-256 of the whole.
    ///
    /// # Errors
    ///
    /// Fails if the state cannot be written as JSON, which its types rule out.
    pub fn events_of<S: Subject>(state: &S) -> Result<Vec<Event>, serde_json::Error> {
        let text = serde_json_canonicalizer::to_string(state)?;
        let sha256 = hex::encode(Sha256::digest(&text));
        let mut pieces = Vec::new();
        let mut rest = &*text;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(PART_BYTES));
            pieces.push(piece);
            rest = after;
        }
        let of = pieces.len() as u64;
        let numbered = (1..).zip(pieces);
        Ok(numbered
            .map(|(part, piece)| {
                let state_sha256 = (part == of).then(|| sha256.clone());
                S::adopted(AdoptionPart { part, of, state: piece.to_owned(), state_sha256 })
            })
            .collect())
    }

    /// Returns the entries with which a log that tells everything is adopted again: the differences in parts of
    /// [`PART_BYTES`] at most, and then those of the state.
    ///
    /// # Errors
    ///
    /// Fails if the state cannot be written as JSON, which its types rule out.
    pub fn events_again<S: Subject>(differences: Vec<Difference>, state: &S) -> Result<Vec<Event>, serde_json::Error> {
        let total = differences.len();
        let (mut pieces, mut piece, mut bytes) = (Vec::new(), Vec::new(), ROUND_IT);
        for difference in differences {
            // With the comma after it.
            let more = serde_json::to_string(&difference)?.len() + 1;
            if bytes + more > PART_BYTES && !piece.is_empty() {
                pieces.push(std::mem::take(&mut piece));
                bytes = ROUND_IT;
            }
            bytes += more;
            piece.push(difference);
        }
        pieces.push(piece);
        let of = pieces.len() as u64;
        let listed = (1..).zip(pieces);
        let listed = listed.map(|(part, differences)| Event::AdoptedAgain { part, of, total, differences });
        Ok(listed.chain(Self::events_of(state)?).collect())
    }

    /// Adds the next part. The last one makes the whole state.
    pub(super) fn with<S: Subject>(mut self, next: AdoptionPart) -> Result<Progress<S>, Why> {
        let AdoptionPart { part, of, state: piece, state_sha256 } = next;
        if part != self.parts + 1 || part > of {
            return Err(Why::Against(format!("part {part} of {of} comes after part {}", self.parts)));
        }
        self.parts = part;
        self.text.push_str(&piece);
        if part < of {
            return Ok(Progress::Parts(self));
        }
        if state_sha256 != Some(hex::encode(Sha256::digest(&self.text))) {
            return Err(Why::Against("the parts of the state do not make what its hash is of".to_owned()));
        }
        let state = serde_json::from_str(&self.text).map_err(|error| Why::Malformed(error.to_string()))?;
        Ok(Progress::Whole(Box::new(state)))
    }
}
