//! The verifier: checks whether a snapshot's file is what it says it is, offline, from the file and public keys alone.
//!
//! A file carries its record and a receipt. It proves itself in four statements, each of which is a check:
//!
//! 1. `logged`: the room's log has an entry with the hash of the file's body, in a tree that is signed with a key that is
//!    trusted. Nobody needs this program for it, or the server.
//! 2. `follows`: the facts in the record are the fold of the log's entries up to the moment that it shows.
//! 3. `sealed` (PDF): the signature in the file fits it, and is made with the certificate that the entry names.
//! 4. `drawn`: drawn from the record again, the body has the same bytes. Only the program that drew it can tell, and
//!    nothing hangs on it.
//!
//! Beside them stand `file` (the SHA-256 of the bytes, compared if one is given), `record` (it can be read, is of a known
//! schema, and in canonical form) and `older file` (the log goes on from that of an older file). A file verifies if the
//! first two hold and nothing has failed; if nothing has failed and one of them cannot be judged, nor can the file.
//!
//! A file of an earlier version carries the proof that the log has the entry which announces its record, and rests on
//! being drawn again. Each check is one link, and all have to hold. They are made in this order:
//!
//! 1. `file`: as above.
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
//! Where the receipt that the server gives leads on to the log of heads, or a policy asks for witnesses, the check
//! `witnessed` follows that way. A policy without such a receipt leaves the file unjudged.
//!
//! Where the receipt is signed with a key that counts no more, the check `key` says so: without witnesses who have seen it
//! before, the file cannot be judged.
//!
//! A signed head that the reader has from elsewhere is held against the file by the check `other head`: a server that shows
//! two histories has signed two heads of the same size.
//!
//! Where the server gives a receipt for such a file, `logged` stands before `rendering`: the log tells of the file's bytes,
//! all of them. Then nothing hangs on what cannot be checked of 4, 5, 7 and 8.
//!
//! A check is skipped if one that it rests on has failed, or if this program cannot make it.
//!
//! A server that has signed the file adds `own log`, if it knows the room: that its log still says what it signed (see
//! [`OwnWord`]). If the log does not, the file does not verify there. That it was not compared stands in no way.

mod checks;
mod entries;
mod entry;
mod exhibits;
mod file;
mod older;
mod other_head;
mod own;
mod report;
mod statements;
mod submitted;
mod tree;
mod witnessed;

use room::Log;
use sha2::{Digest as _, Sha256};

pub use exhibits::{Drawer, Exhibits, SealTrust};
pub use file::is_before;
pub use own::{FileSeal, OwnLog, OwnWord, OwnWords};
pub use report::{Adopted, AdoptedAgain, Check, CheckOutcome, Examined, Facts, Judgement, LoggedAt, Report, Told};

use super::{
    Hash,
    verify::{
        checks::{Checks, Fault},
        file::{Expected, Sealed},
        statements::Logged,
    },
};

/// The name of the check that the server logged these bytes.
const LOGGED: &str = "logged";
/// The name of the check of a receipt that was given for a file which carries one.
const RECEIPT: &str = "receipt";
/// The name of the check of the witnesses of the log.
const WITNESSED: &str = "witnessed";
/// The name of the check of a key that counts no more.
const KEY: &str = "key";
/// The name of the check against a head from elsewhere.
const OTHER_HEAD: &str = "other head";
/// The name of the check of a PDF's seal in a file of an earlier version.
const SEAL: &str = "seal";
/// The name of the check of a PDF's seal against what the log says of it.
const SEALED: &str = "sealed";
/// The name of the check on which nothing hangs.
const DRAWN: &str = "drawn";

/// The error for a file that is in none of the formats of a snapshot, so that no check can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}it is no PDF, JSON or zip of STS Clearance", if *.is_older { "of the older file: " } else { "" })]
pub struct Unreadable {
    /// Whether it is the older of two files.
    pub is_older: bool,
}

/// Makes every check of a file, and of an older one if there is one. Returns the report.
pub fn verify(given: &Exhibits<'_>) -> Result<Report, Unreadable> {
    verify_with_words(given).map(|(report, _)| report)
}

/// Makes every check, as [`verify`] does. Returns the report, and what this server's keys have signed in the files.
pub fn verify_with_words(given: &Exhibits<'_>) -> Result<(Report, OwnWords), Unreadable> {
    let newer = examine(given.file, (given.sha256, given.receipt, given.checkpoint), given)
        .ok_or(Unreadable { is_older: false })?;
    let (mut file, mut words) = (newer.examined, OwnWords { file: newer.word, older: None });
    let mut older = None;
    if let Some(bytes) = given.older {
        let OneFile { examined, standing, word } =
            examine(bytes, (None, None, None), given).ok_or(Unreadable { is_older: true })?;
        // A check of the newer file: it is the one that claims to go on from the other.
        let extended = older::check_extension(newer.standing.as_ref(), standing.as_ref(), given.consistency);
        file.checks.push(Check::of("older file", extended));
        (older, words.older) = (Some(examined), word);
    }
    Ok((Report::of(file, older), words))
}

/// One file, checked by itself.
struct OneFile {
    examined: Examined,
    /// What is compared with another file, if the checks of its log are ok.
    standing: Option<older::Standing>,
    /// What a key of this server has signed in it.
    word: Option<OwnWord>,
}

/// Makes the checks of one file by itself. `None` if the format is unknown.
fn examine(
    bytes: &[u8],
    (sha256, receipt, head): (Option<Hash>, Option<&str>, Option<&str>),
    given: &Exhibits<'_>,
) -> Option<OneFile> {
    let mut checks = Checks::default();
    let digest: Hash = Sha256::digest(bytes).into();
    checks.make("file", file::check_hash(bytes, digest, sha256));
    // The seal comes off first: it was added to the drawn PDF, which is what record and proof are in.
    let sealed = Sealed::split(bytes, given.seal);
    let opened = ::report::open_as(sealed.unsealed, &|proof| entry::announced_by(proof, given.ours?));
    // Not a failed check: a file in another format is most likely the wrong file, not a forged one.
    if matches!(opened, Err(::report::OpenError::Unknown)) {
        return None;
    }
    checks.make_some(SEALED, sealed.check_format());
    let mut facts = Facts::of(bytes, digest);
    let (mut standing, mut word) = (None, None);
    match opened {
        Err(error) => {
            checks.make_some(SEAL, sealed.check());
            let why = error.to_string();
            let is_later = matches!(error, ::report::OpenError::Envelope { .. });
            checks.make("record", Err(if is_later { Fault::Skipped(why) } else { Fault::Failed(why) }));
            checks.skip(&["log entry", "inclusion", "checkpoint", "rendering"], "the file cannot be opened");
        }
        Ok(opened) => {
            let examined = entry::Evidence::of(&opened, given);
            facts.told = examined.record_facts();
            let taken_at = facts.told.as_ref().map(|told| told.taken_at);
            if let Some(body) = &opened.body {
                examined.check_statements(*body, &mut checks);
                checks.make_some(RECEIPT, receipt.map(|text| examined.check_receipt(Logged::Body(*body), text, given)));
                let expected = Expected { taken_at, ..examined.expected_seal() };
                checks.make_some(SEALED, sealed.check_as_logged(&expected));
                examined.check_witnessed(receipt, given, &mut checks);
                checks.make_some(OTHER_HEAD, examined.check_other_head((receipt, head), given));
                let again = examined.drawn_again(&checks, given);
                checks.make(DRAWN, again.and_then(|again| file::compare_body(body, &again)));
            } else {
                checks.make_some(SEAL, sealed.check_of_earlier(examined.is_before_proofs(), taken_at));
                examined.check(&mut checks);
                let file = Logged::File(digest, bytes.len() as u64);
                checks.make_some(LOGGED, receipt.map(|text| examined.check_receipt(file, text, given)));
                examined.check_witnessed(receipt, given, &mut checks);
                checks.make_some(OTHER_HEAD, examined.check_other_head((receipt, head), given));
                let again = examined.drawn_again(&checks, given);
                checks.make("rendering", again.and_then(|again| sealed.compare(again)));
            }
            let named = examined.expected_seal().certificate;
            word = given.ours.and_then(|ours| examined.own_word(ours));
            word = word.map(|word| OwnWord { seal: sealed.for_own_log(named), ..word });
            standing = examined.standing(&checks);
        }
    }
    Some(OneFile { examined: Examined { facts, checks: checks.made() }, standing, word })
}

/// Returns the name of the server that keeps the log of this room with this origin. `None` if it is another log's.
fn server_of<'a>(room: &str, origin: &'a str) -> Option<&'a str> {
    let (begun, _) = Log::Room(room.parse().ok()?).continuation_in(origin)?;
    begun.rsplit_once("/rooms/").map(|(server, _)| server)
}
