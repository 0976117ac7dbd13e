//! Keys that count no more: somebody else may have the secret of one since a moment, which is a position of the log of
//! heads.

use super::{
    LogKey,
    note::{Note, Verifier},
};

/// The statement that a key counts no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The public key.
    pub key: String,
    /// The name of the log of heads.
    pub origin: String,
    /// From which of its entries on the key counts no more.
    pub from: u64,
    /// The note that says so, signed with a key that followed it.
    pub note: String,
}

impl Revocation {
    /// Signs that a key counts no more.
    pub fn signed(by: &LogKey, key: &str, origin: &str, from: u64) -> Self {
        let text = text_of(key, origin, from);
        let note = by.note(&text);
        Self { key: key.to_owned(), origin: origin.to_owned(), from, note }
    }

    /// Reads a note. `None` if it says something else. Whether it is signed, and by whom, has not been checked.
    pub fn read(note: &str) -> Option<Self> {
        let text = Note::read(note).ok()?.text;
        let lines: Vec<&str> = text.strip_suffix('\n')?.split('\n').collect();
        let [_, key, origin, from] = lines[..] else { return None };
        let read =
            Self { key: key.to_owned(), origin: origin.to_owned(), from: from.parse().ok()?, note: note.to_owned() };
        (text_of(key, origin, read.from) == text).then_some(read)
    }

    /// Whether this key has signed it.
    pub(super) fn is_signed_by(&self, key: &Verifier) -> bool {
        let Ok(note) = Note::read(&self.note) else { return false };
        note.signatures.iter().any(|signature| key.is_named_in(signature) && key.has_signed(&note.text, signature))
    }
}

/// Returns the text that is signed. Its first line is not the origin of any log: it can never be taken for a checkpoint.
fn text_of(key: &str, origin: &str, from: u64) -> String {
    format!("sts-clearance: a key of a log counts no more\n{key}\n{origin}\n{from}\n")
}
