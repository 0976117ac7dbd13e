//! Changes that are made in a file before it is verified, so that many vectors share one file.

use serde::{Deserialize, Serialize};

/// A change: `remove` bytes go at the offset `at`, and the bytes of `insert` come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    at: usize,
    #[serde(default)]
    remove: usize,
    /// Hexadecimal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    insert: String,
    /// How often these bytes come; once if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<usize>,
}

impl Edit {
    pub(super) fn new(at: usize, remove: usize, insert: &[u8]) -> Self {
        Self { at, remove, insert: hex::encode(insert), times: None }
    }

    /// Puts these bytes in so often.
    pub(super) fn repeat(at: usize, insert: &str, times: usize) -> Self {
        Self { times: Some(times), ..Self::new(at, 0, insert.as_bytes()) }
    }

    /// Puts `to` in the place of the first `from` in the file.
    pub(super) fn replace(file: &[u8], from: &str, to: &str) -> Self {
        Self::new(position(file, from.as_bytes()), from.len(), to.as_bytes())
    }

    /// Puts `to` in the place of the last `from` in the file.
    pub(super) fn replace_last(file: &[u8], from: &str, to: &str) -> Self {
        let at = file.windows(from.len()).rposition(|bytes| bytes == from.as_bytes());
        Self::new(at.unwrap_or_else(|| panic!("there is no {from}")), from.len(), to.as_bytes())
    }

    /// Changes one bit of the byte at this offset.
    pub(super) fn flip(file: &[u8], at: usize) -> Self {
        Self::new(at, 1, &[file[at] ^ 1])
    }

    /// Takes off everything from this offset on.
    pub(super) fn cut(file: &[u8], at: usize) -> Self {
        Self::new(at, file.len() - at, b"")
    }
}

/// Returns the offset of the first place with these bytes.
pub(super) fn position(file: &[u8], bytes: &[u8]) -> usize {
    let found = file.windows(bytes.len()).position(|place| place == bytes);
    found.unwrap_or_else(|| panic!("there is no {}", String::from_utf8_lossy(bytes)))
}

/// Returns the file with these changes made. Offsets are those of the file as it is.
pub(super) fn applied(file: &[u8], edits: &[Edit]) -> Vec<u8> {
    let (mut edited, mut done) = (Vec::new(), 0);
    for Edit { at, remove, insert, times } in edits {
        edited.extend_from_slice(&file[done..*at]);
        edited.extend(hex::decode(insert).unwrap().repeat(times.unwrap_or(1)));
        done = at + remove;
    }
    edited.extend_from_slice(&file[done..]);
    edited
}
