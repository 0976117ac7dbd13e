//! Children that verify a file: each reads one file, makes every check, and ends.

use std::{fmt::Display, io, time::Duration};

use room::UserId;
use seal::Authorities;
use serde::{Deserialize, Serialize};
use tokio::{io::AsyncReadExt, process::Child, time::timeout};

use super::{Children, Kind, MIB, frame, log_end, refused_start};
use crate::{
    error::{Error, Result},
    evidence::{
        Checkpoint, ConsistencyProof, Hash, KeyNotes, Policy, PublicKeys, PublishedKeys, ServedReceipt,
        verify::{self, Exhibits, OwnWords, Report, SealTrust},
    },
    network::Network,
    shares::{Seat, Shares},
};

/// Tag of the message with what is to be checked.
const WHAT: u8 = b'w';
/// Tag of the file to verify.
const FILE: u8 = b'f';
/// Tag of the older file.
const OLDER: u8 = b'o';

/// The largest file that a child takes, in bytes.
pub const MOST_FILE: usize = 64 * 1024 * 1024;
/// The largest message beside the files, in bytes.
const MOST_BESIDE: u64 = 16 * MIB;
/// The largest answer of a child, in bytes: a report on two files.
const MOST_ANSWER: u64 = 2 * MIB;
/// A child that has not come to its end after this long is killed.
const TIME: Duration = Duration::from_mins(1);
/// The longest that a caller waits for a seat.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many files are verified at once.
const SEATS: usize = 2;
/// How many files are verified at once for one claimant.
const SEATS_OF_ONE: usize = 1;
/// Memory for the files of all claimants together, in KiB.
const MEMORY_KIB: usize = 256 * 1024;
/// Memory for the files of one claimant, in KiB: the largest file, an older one, and some room beside them.
const MEMORY_OF_ONE_KIB: usize = 136 * 1024;

/// Whom a verification is counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Claimant {
    /// An account, if the file is of a room.
    Account(UserId),
    /// The client's network, if a stranger brings the file.
    Network(Network),
    /// This server, if it checks its own store.
    Server,
}

/// The seats for verifying, and the memory for files. A clone is another handle to the same ones.
#[derive(Debug, Clone)]
pub(super) struct Verifications {
    seats: Shares<Claimant>,
    memory: Shares<Claimant>,
}

impl Default for Verifications {
    fn default() -> Self {
        Self { seats: Shares::new(SEATS, SEATS_OF_ONE), memory: Shares::new(MEMORY_KIB, MEMORY_OF_ONE_KIB) }
    }
}

/// A verification for one claimant, from the first byte that it receives. The memory that it has claimed is given back
/// when it is dropped.
#[derive(Debug)]
pub struct Verifying {
    verifications: Verifications,
    claimant: Claimant,
    bytes: usize,
    memory: Option<Seat<Claimant>>,
}

impl Verifying {
    /// Claims the memory for this many more bytes.
    ///
    /// # Errors
    ///
    /// `Busy` if all the memory, or all that one claimant can have, is taken.
    pub fn claim(&mut self, bytes: usize) -> Result<()> {
        // Claimed while the bytes come, not by the length that the client declares, which may be a lie either way.
        let held = self.bytes.div_ceil(1024);
        self.bytes = self.bytes.saturating_add(bytes);
        let lacking = self.bytes.div_ceil(1024) - held;
        let claimed = match &mut self.memory {
            _ if lacking == 0 => true,
            Some(memory) => memory.grow(lacking),
            none => {
                *none = self.verifications.memory.try_take_units(self.claimant, lacking);
                none.is_some()
            }
        };
        if claimed { Ok(()) } else { Err(Error::Busy) }
    }
}

/// A request to verify a file.
#[derive(Debug, Default)]
pub struct Verification {
    /// The file to verify.
    pub file: Vec<u8>,
    /// An older file of the same room, to compare the logs of both.
    pub older: Option<Vec<u8>>,
    /// What is to be checked.
    pub what: What,
}

/// What is to be checked about a file, and against which keys.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct What {
    /// The SHA-256 that the file should have, if it is known.
    pub sha256: Option<Hash>,
    /// The keys that the claimant trusts, one a line. `None` for those of this server.
    pub keys: Option<String>,
    /// The keys of this server. Only what they have signed may be as large as this server's own files.
    pub ours: Vec<String>,
    /// The notes by which keys of this server follow each other: they may lead from a key that the claimant trusts.
    pub notes: Vec<String>,
    /// What a server published of its keys.
    pub rotations: Option<String>,
    /// A signed head of a log that the claimant has from elsewhere.
    pub checkpoint: Option<String>,
    /// The policy of the claimant.
    pub policy: Option<String>,
    /// The proof that the log of one file extends that of the other.
    pub consistency: Option<String>,
    /// A receipt that a server gives for the file: of one of an earlier version, which carries none.
    pub receipt: Option<String>,
    /// The certificates with one of which a PDF has to be sealed, in PEM or DER.
    pub seal_certificate: Option<Vec<u8>>,
    /// The certificates of authorities that the claimant trusts, in PEM or DER.
    pub authority: Option<Vec<u8>>,
}

/// A file that was verified.
#[derive(Debug)]
pub struct Verified {
    /// The checks that a child made.
    pub report: Report,
    /// What keys of this server have signed in the files.
    pub words: OwnWords,
    /// The seat of the claimant, to be kept for as long as the request costs anything.
    pub seat: Seat<Claimant>,
}

/// The answer of a child.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    /// The checks that it made, and what keys of this server have signed.
    Report(Box<(Report, OwnWords)>),
    /// A field of the form is unusable, and why.
    Unusable { field: String, why: String },
}

impl Children {
    /// Begins a verification for this claimant, which has claimed no memory yet.
    pub fn verifying(&self, claimant: Claimant) -> Verifying {
        let verifications = self.verifications.clone();
        Verifying { verifications, claimant, bytes: 0, memory: None }
    }

    /// Makes every check, in a child. Returns the report, and what this server can hold against its own logs.
    ///
    /// # Errors
    ///
    /// `Invalid` with the field that is unusable, also if the file ends the process that reads it; `Busy` if no seat
    /// came free in time.
    pub async fn verify(&self, request: Verification, by: Verifying) -> Result<Verified> {
        let seat = timeout(PATIENCE, self.verifications.seats.take(by.claimant)).await;
        let seat = seat.map_err(|_| Error::Busy)?;
        let mut child = self
            .start_with_fonts(Kind::Verify)
            .map_err(|error| refused_start(&error, || Error::internal(format!("no file can be checked: {error}"))))?;
        // If the caller gives up or time is up, the child is dropped, which kills it.
        let answer = match timeout(TIME, converse(&mut child, request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                let status = child.wait().await;
                let status = log_end(Kind::Verify, status, child.stderr.take()).await;
                tracing::warn!(status, %error, "a file was not checked");
                return Err(too_much());
            }
            Err(_) => {
                tracing::warn!("a file was not checked in time");
                return Err(too_much());
            }
        };
        match answer {
            Answer::Report(report) => {
                let (report, words) = *report;
                Ok(Verified { report, words, seat })
            }
            Answer::Unusable { field, why } => Err(Error::field(&field, why)),
        }
    }
}

fn too_much() -> Error {
    Error::field("file", "takes more time or memory to check than there is for it; no file of STS Clearance does")
}

/// Sends the files and receives the answer at the same time: a child may answer before it has read everything, and both
/// pipes are small.
async fn converse(child: &mut Child, request: Verification) -> io::Result<Answer> {
    let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("a child without pipes"));
    };
    let send = async move {
        let what = serde_json::to_vec(&request.what)?;
        frame::send(&mut stdin, WHAT, &what).await?;
        frame::send(&mut stdin, FILE, &request.file).await?;
        if let Some(older) = &request.older {
            frame::send(&mut stdin, OLDER, older).await?;
        }
        io::Result::Ok(())
    };
    let take = async {
        let mut answer = Vec::new();
        (&mut stdout).take(MOST_ANSWER + 1).read_to_end(&mut answer).await?;
        if answer.len() as u64 > MOST_ANSWER {
            return Err(io::Error::other("an answer that is too long"));
        }
        Ok(answer)
    };
    // An error of sending is ignored: a child that stops reading usually sends an answer with the reason. If not, the
    // empty answer is the error.
    let (_, answer) = tokio::join!(send, take);
    Ok(serde_json::from_slice(&answer?)?)
}

/// Verifies the file that comes on standard input, and writes the answer to standard output.
pub(super) fn work(fonts: &report::Fonts) -> Result<()> {
    let broken = |error: io::Error| Error::setup(format!("the server cannot be heard: {error}"));
    let mut from = io::stdin().lock();
    let mut next = |tag: u8, most: u64| {
        let message = frame::read(&mut from, most).map_err(broken)?;
        if message.as_ref().is_some_and(|message| message.tag != tag) {
            return Err(Error::setup("the server said something else than what to check"));
        }
        Ok(message.map(|message| message.body))
    };
    let nothing = || Error::setup("the server said nothing to check");
    let what = next(WHAT, MOST_BESIDE)?.ok_or_else(nothing)?;
    let file = next(FILE, MOST_FILE as u64)?.ok_or_else(nothing)?;
    let older = next(OLDER, MOST_FILE as u64)?;
    let what: What = serde_json::from_slice(&what).map_err(|error| broken(error.into()))?;
    let answer = answer(&what, &file, older.as_deref(), fonts);
    let answer = serde_json::to_vec(&answer).map_err(|error| broken(error.into()))?;
    io::Write::write_all(&mut io::stdout(), &answer).map_err(broken)
}

fn answer(what: &What, file: &[u8], older: Option<&[u8]>, fonts: &report::Fonts) -> Answer {
    report_of(what, file, older, fonts).unwrap_or_else(|unusable| unusable)
}

fn report_of(what: &What, file: &[u8], older: Option<&[u8]>, fonts: &report::Fonts) -> Result<Answer, Answer> {
    let ours = PublicKeys::trusted(&what.ours);
    let ours = ours.map_err(|error| unusable("key", format!("of this server cannot be used: {error}")))?;
    let keys = what.keys.as_deref().map(PublicKeys::read).transpose();
    let keys = keys.map_err(|error| unusable("key", format!("cannot be used: {error}")))?;
    let policy = read("policy", what.policy.as_deref(), Policy::read)?;
    let rotations = read("rotations", what.rotations.as_deref(), PublishedKeys::read)?;
    read("consistency", what.consistency.as_deref(), ConsistencyProof::read)?;
    if what.consistency.is_some() && older.is_none() {
        return Err(unusable("consistency", "is about two files: `older` is missing".into()));
    }
    read("checkpoint", what.checkpoint.as_deref(), Checkpoint::unchecked)?;
    read("receipt", what.receipt.as_deref(), ServedReceipt::read)?;
    let certificates = read("seal_certificate", what.seal_certificate.as_deref(), Authorities::read)?;
    let certificates = certificates.map(|read| read.fingerprints());
    let authorities = read("authority", what.authority.as_deref(), Authorities::read)?;
    // Those of this server only where nobody has named others.
    let keys = match (keys, policy.as_ref().and_then(Policy::logs)) {
        (Some(keys), Some(others)) => keys.and(others),
        (keys, others) => keys.or_else(|| others.cloned()).unwrap_or_else(|| ours.clone()),
    };
    let published = rotations.iter().flat_map(|read| &read.notes);
    let notes = KeyNotes::read(published.chain(&what.notes));
    let report = verify::verify_with_words(&Exhibits {
        file,
        older,
        consistency: what.consistency.as_deref(),
        receipt: what.receipt.as_deref(),
        checkpoint: what.checkpoint.as_deref(),
        sha256: what.sha256,
        keys: Some(&keys),
        ours: Some(&ours),
        notes: Some(&notes),
        policy: policy.as_ref(),
        seal: SealTrust { certificates: certificates.as_deref(), authorities: authorities.as_ref() },
        drawer: fonts,
    });
    let report = report.map_err(|refused| {
        let field = if refused.is_older { "older" } else { "file" };
        unusable(field, "must be a PDF, JSON or zip of STS Clearance".into())
    })?;
    Ok(Answer::Report(Box::new(report)))
}

fn unusable(field: &str, why: String) -> Answer {
    Answer::Unusable { field: field.to_owned(), why }
}

/// Reads a field of the form. `None` if it is not given.
fn read<G: ?Sized, T, E: Display>(
    field: &str,
    given: Option<&G>,
    parse: impl FnOnce(&G) -> Result<T, E>,
) -> Result<Option<T>, Answer> {
    given.map(parse).transpose().map_err(|error| unusable(field, format!("cannot be read: {error}")))
}
