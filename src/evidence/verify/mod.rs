//! The verifier: checks whether a snapshot's file is what it says it is, offline, from the file and public keys alone.
//!
//! A file carries its record, and the proof that the room's log holds the entry that announces this record.
//! Each check is one link, and they are made in this order:
//!
//! 1. `file`: the SHA-256 of the bytes, compared if one is given.
//! 2. `seal` (PDF): the signature in the file fits the file.
//! 3. `record`: it can be read, is of a known schema, and is written in canonical form (RFC 8785).
//! 4. `log entry`: the entry in the proof announces this record, and no other.
//! 5. `inclusion`: the log whose checkpoint is in the proof holds that entry as its last, and before it was
//!    what the record says it was.
//! 6. `entries`: the entries of the log that the record holds are those that the log's tree is over.
//! 7. `checkpoint`: it is signed with a key that is trusted, and is one of this room's log.
//! 8. `rendering`: drawn from record and proof again, and sealed with its own seal, the file has the same bytes. So
//!    everything that a reader sees comes from the record.
//! 9. `older file`: the log of this file goes on from that of an older one, so no history was rewritten between.
//!
//! A file verifies if every check of it is ok. A check is skipped if one that it rests on has failed, or if this
//! program cannot make it; then the file does not verify either.

mod checks;
mod entry;
mod exhibits;
mod file;
mod older;
mod report;
mod submitted;
mod tree;

use sha2::{Digest as _, Sha256};

pub use exhibits::{Drawer, Exhibits};
pub use report::{Adopted, AdoptedAgain, Check, CheckOutcome, Examined, Facts, Report, Told};

use super::{
    Hash,
    verify::{checks::Checks, file::Sealed},
};

/// The error for a file that is in none of the formats of a snapshot, so that no check can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}it is no PDF, JSON or zip of STS Clearance", if *.is_older { "of the older file: " } else { "" })]
pub struct Unreadable {
    /// Whether it is the older of two files.
    pub is_older: bool,
}

/// Makes every check of a file, and of an older one if there is one. Returns the report.
pub fn verify(given: &Exhibits<'_>) -> Result<Report, Unreadable> {
    let (mut file, newer) = examine(given.file, given.sha256, given).ok_or(Unreadable { is_older: false })?;
    let mut older = None;
    if let Some(bytes) = given.older {
        let (examined, standing) = examine(bytes, None, given).ok_or(Unreadable { is_older: true })?;
        // A check of the newer file: it is the one that claims to go on from the other.
        let extended = older::check_extension(newer.as_ref(), standing.as_ref(), given.consistency);
        file.checks.push(Check::of("older file", extended));
        older = Some(examined);
    }
    Ok(Report::of(file, older))
}

/// Makes the checks of one file by itself. Returns them, and what is compared with another file if the checks of its
/// log are ok. `None` if the format is unknown.
fn examine(bytes: &[u8], sha256: Option<Hash>, given: &Exhibits<'_>) -> Option<(Examined, Option<older::Standing>)> {
    let mut checks = Checks::default();
    let digest: Hash = Sha256::digest(bytes).into();
    checks.make("file", file::check_hash(bytes, digest, sha256));
    // The seal comes off first: it was added to the drawn PDF, which is what record and proof are in.
    let sealed = Sealed::split(bytes);
    let opened = ::report::open_as(sealed.unsealed, &|proof| entry::announced_by(proof, given.ours?));
    // Not a failed check: a file in another format is most likely the wrong file, not a forged one.
    if matches!(opened, Err(::report::OpenError::Unknown)) {
        return None;
    }
    if let Some(seal) = sealed.check(bytes) {
        checks.make("seal", seal);
    }
    let mut facts = Facts::of(bytes, digest);
    let mut standing = None;
    match opened {
        Err(error) => {
            checks.make("record", Err(checks::Fault::Failed(error.to_string())));
            checks.skip(&["log entry", "inclusion", "checkpoint", "rendering"], "the file cannot be opened");
        }
        Ok(opened) => {
            let examined = entry::Evidence::of(&opened, given);
            examined.check(&mut checks);
            facts.told = examined.record_facts();
            let drawn = examined.drawn_again(&checks, given).and_then(|again| sealed.compare(bytes, again));
            checks.make("rendering", drawn);
            standing = examined.standing(&checks);
        }
    }
    Some((Examined { facts, checks: checks.made() }, standing))
}
