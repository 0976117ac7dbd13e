//! The decisions of the parties on a version, and which of them count.

use std::collections::HashMap;

use super::cell::{Cell, Look};
use crate::record::{DecisionFacts, VersionFacts};
use crate::words;

/// A decision, and whether the same party has decided again since.
#[derive(Clone, Copy)]
pub(super) struct Verdict<'a> {
    pub(super) decision: &'a DecisionFacts,
    pub(super) superseded: bool,
}

/// Returns the decisions on a version, oldest first.
pub(super) fn of_version(version: &VersionFacts) -> impl DoubleEndedIterator<Item = Verdict<'_>> {
    // A party is its address: of the decisions of each, the last one counts.
    let last: HashMap<&str, usize> =
        version.decisions.iter().enumerate().map(|(index, decision)| (decision.by.as_str(), index)).collect();
    version.decisions.iter().enumerate().map(move |(index, decision)| {
        let superseded = last.get(decision.by.as_str()).is_some_and(|last| *last > index);
        Verdict { decision, superseded }
    })
}

/// Returns the decisions on a version, newest first. Those that count stand out. Of the superseded ones at most `most`
/// are drawn, so that a party who decides again and again takes no room from the others.
pub(super) fn cell(version: &VersionFacts, most: usize) -> Cell {
    if version.decisions.is_empty() {
        return Cell::default().with(Look::Muted, "None yet");
    }
    let mut superseded = 0;
    let drawn = of_version(version).rev().filter(|verdict| {
        superseded += usize::from(verdict.superseded);
        !verdict.superseded || superseded <= most
    });
    let cell = drawn.fold(Cell::default(), with);
    match superseded.saturating_sub(most) {
        0 => cell,
        more => {
            let more = words::count(more as u64);
            cell.with(Look::Text, "").with(Look::Muted, format!("… {more} more superseded decisions are in the record"))
        }
    }
}

fn with(cell: Cell, verdict: Verdict<'_>) -> Cell {
    let Verdict { decision, superseded } = verdict;
    let words = words::from_identifier(&decision.verdict);
    let (heading, text, words) = if superseded {
        (Look::Muted, Look::Muted, format!("Superseded: {}", words.to_lowercase()))
    } else {
        (Look::Strong, Look::Text, words)
    };
    let apart = if cell.pieces.is_empty() { cell } else { cell.with(Look::Text, "") };
    apart
        .with(heading, words)
        .with_some(text, decision.comment.as_deref())
        .with(Look::Muted, format!("{} ({})", decision.by, words::from_identifier(&decision.role)))
        .with(Look::Muted, words::time(decision.decided_at))
}
