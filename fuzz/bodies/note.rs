//! Keys and a checkpoint that a stranger brings: keys up to an empty line, then the signed note.

use sts_clearance::evidence::{Checkpoint, PublicKeys};

pub(crate) fn run(text: &str) {
    let (keys, note) = text.split_once("\n\n").unwrap_or((text, text));
    let keys = PublicKeys::read(keys);
    let read = Checkpoint::unchecked(note);
    if let Ok(keys) = keys
        && let Ok((opened, _)) = Checkpoint::open(note, &keys)
    {
        assert_eq!(Some(opened), read.ok(), "a note that is signed can be read");
    }
}
