//! The memory of heads: the largest head that was signed of each log, kept outside the database.
//!
//! A database that was put back to an earlier copy looks sound by itself: its logs are shorter, and each ends with a
//! checkpoint that was signed. Appending to it would sign a second history under the name of the first. What is
//! remembered here tells: a log that is behind it takes no entries until an operator continues it under a new origin.
//!
//! A head is remembered once its transaction is committed, and written to the file within a second, by a job. So the
//! memory may lag, by what was signed in the last second before the process was killed; it never runs ahead of the
//! database, and is no reason for a false alarm. What is behind what is decided in `domain/log/heads.rs`.

mod file;

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use room::{Log, heads_continuation_in};

use self::file::{HeadsFile, Of};
use crate::{
    error::Result,
    evidence::{Checkpoint, Hash, leaf_hash},
};

/// The heads that were signed, and which logs are behind them. Two or three lines of text for each log.
#[derive(Debug)]
pub struct Heads {
    known: Mutex<Known>,
    /// Held while the file is written, which nobody who appends waits for.
    file: Mutex<HeadsFile>,
}

#[derive(Debug, Default)]
struct Known {
    signed: HashMap<Of, Checkpoint>,
    /// What has a head that is not in the file yet.
    unwritten: HashSet<Of>,
    /// The last head of each log that this process has signed, or whose signature it has checked, with the hash of its
    /// note.
    checked: HashMap<Log, (Hash, Checkpoint)>,
    behind: HashMap<Log, String>,
}

impl Known {
    fn remember(&mut self, of: Of, head: Checkpoint) -> bool {
        if self.signed.get(&of).is_some_and(|known| !goes_on_from(of, &head, known)) {
            return false;
        }
        self.signed.insert(of, head);
        true
    }
}

/// Returns whether a head is a later one than the other. One of a later continuation of the log is, whatever its size.
fn goes_on_from(of: Of, head: &Checkpoint, other: &Checkpoint) -> bool {
    let numbered = |origin| match of {
        Of::Log(log) => log.continuation_in(origin),
        Of::Heads => heads_continuation_in(origin),
    };
    match (numbered(&head.origin), numbered(&other.origin)) {
        (Some((base, number)), Some((other_base, other_number))) if base == other_base => {
            (number, head.size) > (other_number, other.size)
        }
        // Under another name it is the head of a log that has taken the other's place.
        _ => true,
    }
}

impl Heads {
    /// Reads what is remembered in this directory.
    ///
    /// # Errors
    ///
    /// Fails if there is a file that cannot be read: to go on without it would be to forget.
    pub fn open(directory: &Path) -> Result<Self> {
        let file = HeadsFile::new(directory);
        let mut known = Known::default();
        for (of, head) in file.read()? {
            known.remember(of, head);
        }
        Ok(Self { known: Mutex::new(known), file: Mutex::new(file) })
    }

    /// Remembers a head of a log that was signed, and is committed.
    pub fn remember(&self, log: Log, head: Checkpoint) {
        self.note_signed(Of::Log(log), head);
    }

    /// Remembers a head of the log of heads that was signed, and is committed.
    pub fn remember_heads_log(&self, head: Checkpoint) {
        self.note_signed(Of::Heads, head);
    }

    fn note_signed(&self, of: Of, head: Checkpoint) {
        let mut known = lock(&self.known);
        if known.remember(of, head) {
            known.unwritten.insert(of);
        }
    }

    /// Takes over what another memory has: of each log, the later head of the two.
    pub fn take_over(&self, other: &Self) {
        let theirs: Vec<_> = lock(&other.known).signed.iter().map(|(of, head)| (*of, head.clone())).collect();
        for (of, head) in theirs {
            self.note_signed(of, head);
        }
    }

    /// Takes over what other processes have written into the file, such as the command that has a log go on.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read.
    pub fn refresh(&self) -> Result<()> {
        let written = lock(&self.file).read()?;
        let mut known = lock(&self.known);
        for (of, head) in written {
            known.remember(of, head);
        }
        Ok(())
    }

    /// Returns the largest head of a log that is known to have been signed and committed.
    ///
    /// Who compares the database with it asks here first and reads then, so that what is committed meanwhile looks like
    /// a log that has grown.
    pub fn signed(&self, log: Log) -> Option<Checkpoint> {
        lock(&self.known).signed.get(&Of::Log(log)).cloned()
    }

    /// Returns the largest head of the log of heads, like [`Heads::signed`].
    pub fn signed_of_heads_log(&self) -> Option<Checkpoint> {
        lock(&self.known).signed.get(&Of::Heads).cloned()
    }

    /// Returns the largest head of every log but that of heads.
    pub fn all(&self) -> Vec<(Log, Checkpoint)> {
        let log = |(of, head): (&Of, &Checkpoint)| match of {
            Of::Log(log) => Some((*log, head.clone())),
            Of::Heads => None,
        };
        lock(&self.known).signed.iter().filter_map(log).collect()
    }

    /// Notes that this process has signed this checkpoint of a log, or has checked its signature and that it goes on from
    /// what was signed before. That it is committed is not said.
    pub fn note_checked(&self, log: Log, note: &str, head: Checkpoint) {
        lock(&self.known).checked.insert(log, (leaf_hash(note.as_bytes()), head));
    }

    /// Returns whether this checkpoint of this head was the last one of the log that was signed or checked here.
    pub fn is_checked(&self, log: Log, note: &str, head: &Checkpoint) -> bool {
        let hash = leaf_hash(note.as_bytes());
        lock(&self.known).checked.get(&log).is_some_and(|(known, of)| *known == hash && of == head)
    }

    /// Notes whether a log is behind what was signed of it, with the reason. Returns whether that is news.
    pub fn note_behind(&self, log: Log, why: Option<&str>) -> bool {
        let mut known = lock(&self.known);
        match why {
            Some(why) => known.behind.insert(log, why.to_owned()).is_none(),
            None => !known.behind.is_empty() && known.behind.remove(&log).is_some(),
        }
    }

    /// Returns the logs that were found to be behind what was signed of them, each with the reason.
    pub fn behind(&self) -> Vec<(Log, String)> {
        lock(&self.known).behind.iter().map(|(log, why)| (*log, why.clone())).collect()
    }

    /// Writes what is new into the file, and waits until it is on the disk. Blocks the thread.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written. What is new stays so, for the next time.
    pub fn save(&self) -> Result<()> {
        let mut file = lock(&self.file);
        let new: Vec<_> = {
            let mut known = lock(&self.known);
            let unwritten = std::mem::take(&mut known.unwritten);
            unwritten.into_iter().filter_map(|of| Some((of, known.signed.get(&of)?.clone()))).collect()
        };
        if new.is_empty() {
            return Ok(());
        }
        let written = file.append(&new, |lines| {
            let mut merged = Known::default();
            for (of, head) in lines {
                merged.remember(of, head);
            }
            merged.signed.into_iter().collect()
        });
        if written.is_err() {
            lock(&self.known).unwritten.extend(new.into_iter().map(|(of, _)| of));
        }
        written
    }

    /// Forgets all heads: the logs were taken away by an operator, or what signs them was.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be removed.
    pub fn forget(&self) -> Result<()> {
        let file = lock(&self.file);
        *lock(&self.known) = Known::default();
        file.remove()
    }
}

impl Drop for Heads {
    /// Writes what is new, for the commands that end without more ado. The server has written it before.
    fn drop(&mut self) {
        if let Err(error) = self.save() {
            tracing::warn!(%error, "the heads that were signed last are not remembered");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking thread leaves is a map of whole heads.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
