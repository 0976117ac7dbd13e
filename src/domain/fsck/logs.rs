//! A log against itself: entries, tree, head and checkpoint, and the proofs that were made of it.

use std::{collections::HashMap, iter::Peekable, vec};

use room::Log;

use super::{
    finding::{Finding, Kind, Place, Remedy},
    proofs::{Doubts, Witness},
    told::Told,
    tree::{BadNode, Recomputed},
};
use crate::{
    db::{
        self,
        fsck::{EntryRow, HeadRow, LogRows},
    },
    domain::fsck::run::Run,
    error::Result,
    evidence::{Checkpoint, CompactRange, Hash, hash_of},
};

/// Entries read at once: each time is a short transaction of its own.
const CHUNK: i64 = 2_000;

/// Lost entries that are looked for one by one; a head that tells of more is damaged itself.
const MOST_LOST: i64 = 100_000;

/// Checks a log, and the witnesses against it; answers what the log tells.
pub(super) async fn check(
    run: &mut Run<'_>,
    place: &Place,
    rows: &LogRows,
    mut witnesses: Vec<Witness>,
) -> Result<Told> {
    let told = rows.head.as_ref().map_or(rows.entries, |head| head.size.max(0));
    let size = if told.saturating_sub(rows.entries) > MOST_LOST { rows.entries } else { told };
    if size < told {
        let fault = format!("it tells of {told} entries, and {size} are there");
        run.add(Finding::new(place, Kind::Log, "its head", fault));
    }
    witnesses.sort_by_key(|witness| witness.size);
    let mut witnesses = witnesses.into_iter().peekable();
    let mut doubts = Doubts::default();
    let mut reading = Reading::of(place);
    let mut from = 0;
    while from < size {
        let (to, log) = (size.min(from + CHUNK), place.log);
        let read = run.app.db.read_at_length(async move |tx| {
            let entries = db::fsck::entries(tx, log, from, to).await?;
            Ok((entries, db::fsck::nodes(tx, log, from, to).await?))
        });
        let (entries, nodes) = read.await?;
        let nodes: HashMap<_, _> = nodes.into_iter().collect();
        let mut entries = entries.into_iter().peekable();
        for seq in from..to {
            let leaf = reading.next(run, seq, &mut entries);
            for node in reading.tree.push(leaf, &nodes) {
                reading.node_is_bad(run, node);
            }
            while let Some(witness) = witnesses.next_if(|witness| witness.size <= reading.tree.size()) {
                doubts.ask(run, place, witness, leaf, reading.tree.root());
            }
        }
        run.outcome.checked.entries += (to - from).unsigned_abs();
        run.goes_on();
        from = to;
    }
    reading.tell_lost(run);
    for witness in witnesses {
        doubts.ask_of_removed(place, witness, size);
    }
    doubts.tell(run);
    if place.log == Log::Platform {
        run.trust(&reading.told);
    }
    reading.check_head(run, rows, size);
    Ok(reading.told)
}

/// A log on the way through it.
struct Reading<'a> {
    place: &'a Place,
    tree: Recomputed,
    told: Told,
    /// The positions of the lost entries just passed.
    lost: Option<(i64, i64)>,
    has_bad_nodes: bool,
}

impl<'a> Reading<'a> {
    fn of(place: &'a Place) -> Self {
        let told = Told { whole: true, ..Told::default() };
        Self { place, tree: Recomputed::default(), told, lost: None, has_bad_nodes: false }
    }

    fn found(&self, run: &mut Run<'_>, kind: Kind, what: impl Into<String>, fault: impl Into<String>) {
        run.add(Finding::new(self.place, kind, what, fault));
    }

    /// The leaf at this position; none where it is lost.
    fn next(&mut self, run: &mut Run<'_>, seq: i64, entries: &mut Peekable<vec::IntoIter<EntryRow>>) -> Option<Hash> {
        while let Some(row) = entries.next_if(|row| row.seq < seq) {
            self.found(run, Kind::Entry, format!("entry {}", row.seq), "there is another one at its position");
        }
        let Some(row) = entries.next_if(|row| row.seq == seq) else {
            self.told.whole = false;
            self.lost = Some((self.lost.map_or(seq, |(first, _)| first), seq));
            return None;
        };
        self.tell_lost(run);
        let fault = match row.entry {
            Err(error) => format!("its row cannot be read: {error}"),
            Ok(entry) => match hash_of(&entry.leaf()) {
                Ok(hash) if hash == *row.leaf_hash => {
                    self.told.note(&entry);
                    return Some(hash);
                }
                Ok(_) => "its row and its stored hash do not fit: one was changed after it was written".into(),
                Err(error) => error.to_string(),
            },
        };
        self.told.whole = false;
        self.found(run, Kind::Entry, format!("entry {seq}"), fault);
        None
    }

    fn tell_lost(&mut self, run: &mut Run<'_>) {
        match self.lost.take() {
            None => {}
            Some((first, last)) if first == last => {
                self.found(run, Kind::Entry, format!("entry {first}"), "its row is missing");
            }
            Some((first, last)) => {
                self.found(run, Kind::Entry, format!("entries {first} to {last}"), "their rows are missing");
            }
        }
    }

    fn node_is_bad(&mut self, run: &mut Run<'_>, BadNode { place, missing }: BadNode) {
        self.has_bad_nodes = true;
        let first = place.index << place.level;
        let what = format!("the node over entries {first} to {}", first + (1 << place.level) - 1);
        let fault = if missing { "it is missing" } else { "it is not that of its entries" };
        self.found(run, Kind::Node, what, fault);
    }

    fn check_head(&mut self, run: &mut Run<'_>, rows: &LogRows, size: i64) {
        let Some(head) = &rows.head else {
            return self.found(run, Kind::Log, "its head", "its row in `room_logs` is missing");
        };
        if head.size < 0 {
            self.found(run, Kind::Log, "its head", format!("its size is told to be {}", head.size));
        }
        if rows.beyond > 0 {
            let fault = format!("{} entries are none of the {size} that it should have", rows.beyond);
            self.found(run, Kind::Log, "its entries", fault);
        }
        let nodes = size - i64::from(size.count_ones());
        if rows.nodes != nodes && !self.has_bad_nodes {
            let fault = format!("there are {} instead of {nodes}", rows.nodes);
            self.found(run, Kind::Log, "its inner nodes", fault);
        }
        let (frontier, _) = head.frontier.as_chunks::<32>();
        if CompactRange::from_parts(size.unsigned_abs(), &head.frontier).is_none() {
            self.found(run, Kind::Log, "its head", "it is that of a log of another size");
        } else if !self.tree.fits(frontier) {
            self.found(run, Kind::Log, "its head", "it is not that of its entries");
        }
        self.check_checkpoint(run, head, size.unsigned_abs());
    }

    fn check_checkpoint(&self, run: &mut Run<'_>, head: &HeadRow, size: u64) {
        const WHAT: &str = "the signed checkpoint";
        let Some(note) = &head.checkpoint else {
            let signed = match self.place.log {
                // The entry that tells of the first key was signed.
                Log::Platform => self.told.signed_since.is_some(),
                Log::Room(_) => run.signed_since.is_some_and(|since| self.told.last > Some(since)),
            };
            if signed {
                self.found(
                    run,
                    Kind::Checkpoint,
                    WHAT,
                    "it is missing, and entries were signed when the last was added",
                );
            } else if size > 0 {
                let none_yet = "there is none yet; the next entry brings one";
                run.add(Finding::new(self.place, Kind::Checkpoint, WHAT, none_yet).with(Remedy::NotNeeded));
            }
            return;
        };
        let checkpoint = match Checkpoint::open(note, run.keys()) {
            Ok((checkpoint, _)) => checkpoint,
            Err(error) => return self.found(run, Kind::Checkpoint, WHAT, error.to_string()),
        };
        let fault = if head.origin.as_deref() != Some(&checkpoint.origin) {
            format!("it is that of the log `{}`", checkpoint.origin)
        } else if checkpoint.size > size {
            format!("it is of {} entries, and the log has {size}: entries were removed", checkpoint.size)
        } else if checkpoint.size == size && self.tree.root().is_some_and(|root| root != checkpoint.root) {
            format!("it was signed over other entries than these {size}")
        } else {
            return;
        };
        self.found(run, Kind::Checkpoint, WHAT, fault);
    }
}

/// The stored checkpoint as a witness, where it is of a size that the log had earlier.
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
