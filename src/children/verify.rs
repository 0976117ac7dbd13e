//! Children that check a file: each reads one, makes every check, and ends.

use std::{io, time::Duration};

use room::UserId;
use serde::{Deserialize, Serialize};
use tokio::{io::AsyncReadExt, process::Child, time::timeout};

use super::{Children, Kind, MIB, frame, log_end};
use crate::{
    error::{Error, Result},
    evidence::{
        ConsistencyProof, Hash, PublicKeys,
        verify::{self, Exhibits, Report},
    },
    network::Network,
    shares::{Seat, Shares},
};

/// What is to be checked, beside the files.
const WHAT: u8 = b'w';
/// The file.
const FILE: u8 = b'f';
/// The older file.
const OLDER: u8 = b'o';

/// The largest file that a child takes, in bytes.
pub const MOST_FILE: usize = 64 * 1024 * 1024;
/// The largest message beside the files, in bytes.
const MOST_BESIDE: u64 = 8 * MIB;
/// The largest answer, in bytes: a report on two files.
const MOST_ANSWER: u64 = 2 * MIB;
/// A child that has not come to its end after this long is killed.
const TIME: Duration = Duration::from_mins(1);
/// The longest that a caller waits for a seat.
const PATIENCE: Duration = Duration::from_secs(30);
/// Files checked at once.
const SEATS: usize = 2;
/// Files checked at once for one claimant.
const SEATS_OF_ONE: usize = 1;
/// Memory for the files that are brought, of all who come at once, in KiB.
const MEMORY_KIB: usize = 256 * 1024;
/// Memory for the files of one claimant, in KiB: the largest file, and an older one.
const MEMORY_OF_ONE_KIB: usize = 136 * 1024;

/// Whom the places for verifications are counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Claimant {
    /// An account, for a file of a room.
    Account(UserId),
    /// A client's network, for a file that is brought.
    Network(Network),
}

/// The seats for checking, and the memory for what is brought. A clone is another handle to the same ones.
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

/// A verification for one claimant, from its first byte: the memory that it has claimed is given back
/// when it is dropped.
#[derive(Debug)]
pub struct Verifying {
    verifications: Verifications,
    claimant: Claimant,
    bytes: usize,
    memory: Option<Seat<Claimant>>,
}

impl Verifying {
    /// Claims the memory for so many bytes more.
    ///
    /// # Errors
    ///
    /// `Busy` where all that there is, or all that there is for this claimant, is taken.
    pub fn claim(&mut self, bytes: usize) -> Result<()> {
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

/// What somebody wants checked.
#[derive(Debug, Default)]
pub struct Verification {
    /// The file.
    pub file: Vec<u8>,
    /// An older file of the same room.
    pub older: Option<Vec<u8>>,
    /// The rest.
    pub what: What,
}

/// What is to be checked of a file, and by whose word.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct What {
    /// The SHA-256 that the file is to have, where that is known.
    pub sha256: Option<Hash>,
    /// The keys that whoever asks trusts, one a line. `None` for those of this server.
    pub keys: Option<String>,
    /// The keys of this server: what they have signed is read within the bounds of our own files.
    pub ours: Vec<String>,
    /// The proof that the log of the one file extends that of the other.
    pub consistency: Option<String>,
}

/// What a child found.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    /// Its checks.
    Report(Box<Report>),
    /// A field of the form that cannot be used, and why.
    Unusable { field: String, why: String },
}

impl Children {
    /// Begins a verification for this claimant.
    pub fn verifying(&self, claimant: Claimant) -> Verifying {
        let verifications = self.verifications.clone();
        Verifying { verifications, claimant, bytes: 0, memory: None }
    }

    /// Makes every check.
    ///
    /// # Errors
    ///
    /// `Invalid` with the field that cannot be used; `Http` 422 where the file ends the process that reads it.
    pub async fn verify(&self, asked: Verification, by: Verifying) -> Result<Report> {
        let seat = timeout(PATIENCE, self.verifications.seats.take(by.claimant)).await;
        let _seat = seat.map_err(|_| Error::Busy)?;
        let mut child = self
            .start_with_fonts(Kind::Verify)
            .map_err(|error| Error::internal(format!("no file can be checked: {error}")))?;
        // Where the caller gives up, or time does, the child is dropped, which kills it.
        let heard = match timeout(TIME, converse(&mut child, asked)).await {
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
        match heard {
            Answer::Report(report) => Ok(*report),
            Answer::Unusable { field, why } => Err(Error::field(&field, why)),
        }
    }
}

fn too_much() -> Error {
    Error::field("file", "takes more time or memory to check than there is for it; no file of STS Clearance does")
}

/// Sends the files and takes the answer, both as they go: a child may have heard enough before it has heard all.
async fn converse(child: &mut Child, asked: Verification) -> io::Result<Answer> {
    let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("a child without pipes"));
    };
    let send = async move {
        let what = serde_json::to_vec(&asked.what)?;
        frame::send(&mut stdin, WHAT, &what).await?;
        frame::send(&mut stdin, FILE, &asked.file).await?;
        if let Some(older) = &asked.older {
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
    // A child that stops reading tells by its answer why.
    let (_, answer) = tokio::join!(send, take);
    Ok(serde_json::from_slice(&answer?)?)
}

/// Checks the file that comes on standard input.
pub(super) fn work(fonts: &report::Fonts) -> Result<()> {
    let broken = |error: io::Error| Error::setup(format!("the server cannot be heard: {error}"));
    let mut from = io::stdin().lock();
    let mut next = |tag: u8, most: u64| {
        let told = frame::read(&mut from, most).map_err(broken)?;
        if told.as_ref().is_some_and(|told| told.tag != tag) {
            return Err(Error::setup("the server said something else than what to check"));
        }
        Ok(told.map(|told| told.body))
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
    let unusable = |field: &str, why: String| Answer::Unusable { field: field.to_owned(), why };
    let ours = match PublicKeys::trusted(&what.ours) {
        Ok(keys) => keys,
        Err(error) => return unusable("key", format!("of this server cannot be used: {error}")),
    };
    let keys = match what.keys.as_deref().map(PublicKeys::read).transpose() {
        Ok(keys) => keys.unwrap_or_else(|| ours.clone()),
        Err(error) => return unusable("key", format!("cannot be used: {error}")),
    };
    if let Some(proof) = &what.consistency {
        if let Err(error) = ConsistencyProof::read(proof) {
            return unusable("consistency", format!("cannot be read: {error}"));
        }
        if older.is_none() {
            return unusable("consistency", "is about two files: `older` is missing".into());
        }
    }
    let report = verify::verify(&Exhibits {
        file,
        older,
        consistency: what.consistency.as_deref(),
        sha256: what.sha256,
        keys: Some(&keys),
        ours: Some(&ours),
        drawer: fonts,
    });
    match report {
        Ok(report) => Answer::Report(Box::new(report)),
        Err(refused) => {
            let field = if refused.is_older { "older" } else { "file" };
            unusable(field, "must be a PDF, JSON or zip of STS Clearance".into())
        }
    }
}
