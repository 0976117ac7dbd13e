//! Checks a log against itself: its entries, tree, head and checkpoint, and the proofs that were made from it.

use std::{collections::HashMap, iter::Peekable, vec};

use room::{
    Leaf, Log,
    fold::{Fold, PlatformFold},
};
use tokio::task::JoinHandle;

use super::{
    facts::LogFacts,
    finding::{Finding, Kind, Location, Remedy},
    proofs::{Doubts, Witness},
    tree::{BadNode, Recomputed},
};
use crate::{
    db::{
        self,
        fsck::{EntryRow, HeadRow, LogRows},
    },
    domain::fsck::run::Run,
    error::{Error, Result},
    evidence::{Checkpoint, CompactRange, Hash, Place, hash_of},
};

/// The number of entries that one transaction reads: short ones do not hold up a server that is running.
const CHUNK: i64 = 2_000;

/// The number of lost entries that are looked for one by one. A head whose size is further off is damaged itself, and
/// a loop up to that size might never end.
const MOST_LOST: i64 = 100_000;

/// Checks a log and compares it with the witnesses. Returns what the log says.
pub(super) async fn check(
    run: &mut Run<'_>,
    location: &Location,
    rows: &LogRows,
    mut witnesses: Vec<Witness>,
) -> Result<LogFacts> {
    // Without a head, the rows are counted instead, so that a lost head does not keep the entries from being checked.
    let claimed = rows.head.as_ref().map_or(rows.entries, |head| head.size.max(0));
    let size = if claimed.saturating_sub(rows.entries) > MOST_LOST { rows.entries } else { claimed };
    if size < claimed {
        let fault = format!("it tells of {claimed} entries, and {size} are there");
        run.add(Finding::new(location, Kind::Log, "its head", fault));
    }
    // In the order of their sizes, each witness meets the tree at its own size, and one pass is enough for all.
    witnesses.sort_by_key(|witness| witness.size);
    let mut witnesses = witnesses.into_iter().peekable();
    let mut doubts = Doubts::default();
    let mut reading = Reading::of(location);
    let mut from = 0;
    let mut ahead = read_ahead(run, location.log, (from, size));
    while from < size {
        let to = size.min(from + CHUNK);
        let Chunk { entries, nodes } = ahead.await.map_err(|error| Error::internal(error.to_string()))??;
        // The next ones are read and hashed while these are folded.
        ahead = read_ahead(run, location.log, (to, size));
        let mut entries = entries.into_iter().peekable();
        for seq in from..to {
            let leaf = reading.next(run, seq, &mut entries);
            for node in reading.tree.push(leaf, &nodes) {
                reading.node_is_bad(run, node);
            }
            while let Some(witness) = witnesses.next_if(|witness| witness.size <= reading.tree.size()) {
                doubts.compare(run, location, witness, leaf, reading.tree.root());
            }
        }
        run.outcome.checked.entries += (to - from).unsigned_abs();
        run.goes_on();
        from = to;
    }
    // A gap is reported by the entry that follows it. One at the end of the log has none.
    reading.report_lost(run);
    // What is left was signed over more entries than the log has.
    for witness in witnesses {
        doubts.note_removed(location, witness, size);
    }
    doubts.report(run);
    // Before the head: its checkpoint may be signed with a key that only this log connects with the key in force.
    if location.log == Log::Platform {
        run.trust(&reading.facts);
    }
    reading.check_head(run, rows, size);
    match reading.fold.take() {
        Some(LogFold::Room(fold)) => reading.facts.state = fold.into_state(),
        Some(LogFold::Platform(fold)) => reading.facts.platform = fold.into_state(),
        None => {}
    }
    Ok(reading.facts)
}

/// A row of a log, and what can be found out of it alone.
struct Read {
    seq: i64,
    /// The entry with its hash, or what is wrong with it.
    leaf: std::result::Result<(Leaf, Hash), String>,
}

/// Rows of a log that follow each other, with the inner nodes that these complete.
struct Chunk {
    entries: Vec<Read>,
    nodes: HashMap<Place, Vec<u8>>,
}

/// Begins to read the next rows of a log, from the first of these positions to before the second, in a task of their own.
fn read_ahead(run: &Run<'_>, log: Log, (from, size): (i64, i64)) -> JoinHandle<Result<Chunk>> {
    let (app, to) = (run.app.clone(), size.min(from + CHUNK));
    tokio::spawn(async move {
        let read = app.db.read_at_length(async move |tx| {
            let rows = db::fsck::entries(tx, log, from, to).await?;
            let nodes = db::fsck::nodes(tx, log, from, to).await?.into_iter().collect();
            Ok(Chunk { entries: rows.into_iter().map(Read::of).collect(), nodes })
        });
        read.await
    })
}

impl Read {
    fn of(row: EntryRow) -> Self {
        let fault = |fault: &str| Err(fault.to_owned());
        let leaf = match row.entry {
            Err(error) => Err(format!("its row cannot be read: {error}")),
            Ok(entry) => {
                let leaf = entry.into_leaf();
                match hash_of(&leaf) {
                    Ok(hash) if hash == *row.leaf_hash => Ok((leaf, hash)),
                    Ok(_) => fault("its row and its stored hash do not fit: one was changed after it was written"),
                    Err(error) => Err(error.to_string()),
                }
            }
        };
        Self { seq: row.seq, leaf }
    }
}

/// A log while it is read from its first entry to its last.
struct Reading<'a> {
    location: &'a Location,
    tree: Recomputed,
    facts: LogFacts,
    /// The fold of the log. `None` once an entry is lost, damaged or does not follow those before it.
    fold: Option<LogFold>,
    /// The first and the last position of the lost entries just passed. A gap is reported as a whole when it ends.
    lost: Option<(i64, i64)>,
    /// Whether a bad node was reported; then their number is no second finding.
    has_bad_nodes: bool,
}

/// The fold of either kind of log.
enum LogFold {
    Room(Fold),
    Platform(PlatformFold),
}

impl<'a> Reading<'a> {
    fn of(location: &'a Location) -> Self {
        let facts = LogFacts { whole: true, ..LogFacts::default() };
        let fold = Some(match location.log {
            Log::Room(room) => LogFold::Room(Fold::new(room)),
            Log::Platform => LogFold::Platform(PlatformFold::of_platform()),
        });
        Self { location, tree: Recomputed::default(), facts, fold, lost: None, has_bad_nodes: false }
    }

    fn report(&self, run: &mut Run<'_>, kind: Kind, what: impl Into<String>, fault: impl Into<String>) {
        run.add(Finding::new(self.location, kind, what, fault));
    }

    /// Returns the hash of the leaf at this position. `None` if the entry is lost or damaged, which is reported.
    fn next(&mut self, run: &mut Run<'_>, seq: i64, entries: &mut Peekable<vec::IntoIter<Read>>) -> Option<Hash> {
        // Rows come in the order of `seq`: one that is left from before shares its position with another.
        while let Some(row) = entries.next_if(|row| row.seq < seq) {
            self.report(run, Kind::Entry, format!("entry {}", row.seq), "there is another one at its position");
        }
        let Some(row) = entries.next_if(|row| row.seq == seq) else {
            self.facts.whole = false;
            self.fold = None;
            self.lost = Some((self.lost.map_or(seq, |(first, _)| first), seq));
            return None;
        };
        self.report_lost(run);
        let fault = match row.leaf {
            Err(fault) => fault,
            // Only a sound entry is listened to. A changed one could vouch for rows that were changed with it.
            Ok((leaf, hash)) => {
                self.facts.note(&leaf);
                self.apply(run, &leaf);
                return Some(hash);
            }
        };
        self.facts.whole = false;
        self.fold = None;
        // Neither the row nor the stored hash can be trusted: the leaf counts as unknown, and the stored nodes decide.
        self.report(run, Kind::Entry, format!("entry {seq}"), fault);
        None
    }

    /// Folds a sound entry.
    fn apply(&mut self, run: &mut Run<'_>, leaf: &Leaf) {
        let Some(fold) = &mut self.fold else { return };
        let applied = match fold {
            LogFold::Room(fold) => fold.apply(leaf).map(drop),
            LogFold::Platform(fold) => fold.apply(leaf).map(drop),
        };
        if let Err(contradiction) = applied {
            self.fold = None;
            self.report(run, Kind::Entry, format!("entry {}", leaf.seq), contradiction.to_string());
        }
    }

    /// Reports the lost entries just passed, as one finding.
    fn report_lost(&mut self, run: &mut Run<'_>) {
        match self.lost.take() {
            None => {}
            Some((first, last)) if first == last => {
                self.report(run, Kind::Entry, format!("entry {first}"), "its row is missing");
            }
            Some((first, last)) => {
                self.report(run, Kind::Entry, format!("entries {first} to {last}"), "their rows are missing");
            }
        }
    }

    /// Reports a bad node by the entries below it.
    fn node_is_bad(&mut self, run: &mut Run<'_>, BadNode { place, missing }: BadNode) {
        self.has_bad_nodes = true;
        let first = place.index << place.level;
        let what = format!("the node over entries {first} to {}", first + (1 << place.level) - 1);
        let fault = if missing { "it is missing" } else { "it is not that of its entries" };
        self.report(run, Kind::Node, what, fault);
    }

    /// Checks the stored head of the log against the tree, and then the checkpoint in it.
    fn check_head(&mut self, run: &mut Run<'_>, rows: &LogRows, size: i64) {
        let Some(head) = &rows.head else {
            return self.report(run, Kind::Log, "its head", "its row in `room_logs` is missing");
        };
        if head.size < 0 {
            self.report(run, Kind::Log, "its head", format!("its size is told to be {}", head.size));
        }
        if rows.beyond > 0 {
            let fault = format!("{} entries are none of the {size} that it should have", rows.beyond);
            self.report(run, Kind::Log, "its entries", fault);
        }
        // A tree of n leaves has n/2 + n/4 + … complete inner nodes (each rounded down), which is n less its one bits.
        // Fewer have been reported as missing; this finds those that are too many.
        let nodes = size - i64::from(size.count_ones());
        if rows.nodes != nodes && !self.has_bad_nodes {
            let fault = format!("there are {} instead of {nodes}", rows.nodes);
            self.report(run, Kind::Log, "its inner nodes", fault);
        }
        let (frontier, _) = head.frontier.as_chunks::<32>();
        if CompactRange::from_parts(size.unsigned_abs(), &head.frontier).is_none() {
            self.report(run, Kind::Log, "its head", "it is that of a log of another size");
        } else if !self.tree.fits(frontier) {
            self.report(run, Kind::Log, "its head", "it is not that of its entries");
        }
        // After `fits`, which has filled in what was lost: the signed root decides whether that is right.
        self.check_checkpoint(run, head, size.unsigned_abs());
    }

    /// Checks the signature of the stored checkpoint, and that it is of this log as it is.
    fn check_checkpoint(&self, run: &mut Run<'_>, head: &HeadRow, size: u64) {
        const WHAT: &str = "the signed checkpoint";
        let Some(note) = &head.checkpoint else {
            let signed = match self.location.log {
                // The entry that adds the first key is signed itself, with that key.
                Log::Platform => self.facts.signed_since.is_some(),
                // A room without entries since then has nothing that was signed.
                Log::Room(_) => run.signed_since.is_some_and(|since| self.facts.last > Some(since)),
            };
            if signed {
                self.report(
                    run,
                    Kind::Checkpoint,
                    WHAT,
                    "it is missing, and entries were signed when the last was added",
                );
            } else if size > 0 {
                let none_yet = "there is none yet; the next entry brings one";
                run.add(Finding::new(self.location, Kind::Checkpoint, WHAT, none_yet).with(Remedy::NotNeeded));
            }
            return;
        };
        let checkpoint = match Checkpoint::open(note, run.keys()) {
            Ok((checkpoint, _)) => checkpoint,
            Err(error) => return self.report(run, Kind::Checkpoint, WHAT, error.to_string()),
        };
        // C2SP `tlog-checkpoint`: the origin names the log, and one key signs the logs of all rooms. Without this
        // comparison the checkpoint of another room would do. One of a smaller size has been compared as a witness.
        let fault = if head.origin.as_deref() != Some(&checkpoint.origin) {
            format!("it is that of the log `{}`", checkpoint.origin)
        } else if checkpoint.size > size {
            format!("it is of {} entries, and the log has {size}: entries were removed", checkpoint.size)
        } else if checkpoint.size == size && self.tree.root().is_some_and(|root| root != checkpoint.root) {
            format!("it was signed over other entries than these {size}")
        } else {
            return;
        };
        self.report(run, Kind::Checkpoint, WHAT, fault);
    }
}

/// Returns the stored checkpoint as a witness if it is of a size that the log had earlier.
///
/// Its signature is checked with the head, when all keys are known that the platform's log connects.
pub(super) fn earlier_checkpoint(rows: &LogRows) -> Option<Witness> {
    let head = rows.head.as_ref()?;
    let checkpoint = Checkpoint::unchecked(head.checkpoint.as_deref()?).ok()?;
    (checkpoint.size < head.size.unsigned_abs()).then(|| Witness {
        size: checkpoint.size,
        root: checkpoint.root,
        leaf: None,
        kind: Kind::Checkpoint,
        what: "the signed checkpoint".into(),
    })
}
