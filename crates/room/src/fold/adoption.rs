//! The adoption of a log: the state of its room, or of the platform, in parts that fit into entries; before it, if the log
//! told everything already, what differed; and from where on an adopted log tells everything.

use jiff::Timestamp;
use serde_json::Value;
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

/// What of an entry says whether its log is adopted with it. A record's entries have it as well as those of a log.
#[derive(Debug, Clone, Copy)]
pub struct EntryOutline<'a> {
    /// The position in the log, from 0.
    pub seq: u64,
    /// The type of the event.
    pub action: &'a str,
    /// When it happened, in UTC.
    pub timestamp: Timestamp,
    /// The fields of the event.
    pub meta: &'a Value,
}

/// The entry with which the last adoption of a log was complete. From the entry after it on, the log tells everything;
/// what was so until then rests on the rows of the tables as they were at its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastAdoption {
    /// The position of the entry in its log, from 0.
    pub seq: u64,
    /// When the log was adopted, in UTC.
    pub at: Timestamp,
}

impl LastAdoption {
    /// Finds the last adoption among the entries of a log, or some last ones of them. `None` if none of them completes
    /// one, or if it has ended since.
    ///
    /// It looks at names alone and reads no event, so that what it finds in a record stays the same when a later version
    /// of the program reads other events. Whether the parts make a state is for the [fold](super::Fold) to say.
    pub fn among<'a>(entries: impl DoubleEndedIterator<Item = EntryOutline<'a>>) -> Option<Self> {
        for EntryOutline { seq, action, timestamp, meta } in entries.rev() {
            // Entries of version 1 adopt nothing, whatever they are called.
            if Event::version_of(meta) == 1 {
                continue;
            }
            match action {
                "adoption_ended" => return None,
                "room_adopted" | "platform_adopted" if meta["part"].is_u64() && meta["part"] == meta["of"] => {
                    return Some(Self { seq, at: timestamp });
                }
                _ => {}
            }
        }
        None
    }
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
