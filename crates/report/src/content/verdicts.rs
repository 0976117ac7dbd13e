//! What the parties decided on a version, and which of it counts.

use super::cell::{Cell, Look};
use crate::record::{DecisionFacts, VersionFacts};
use crate::words;

/// A decision, and whether the same party decided again later.
#[derive(Clone, Copy)]
pub(super) struct Verdict<'a> {
    pub(super) decision: &'a DecisionFacts,
    pub(super) superseded: bool,
}

/// The decisions on a version, oldest first.
pub(super) fn of(version: &VersionFacts) -> impl DoubleEndedIterator<Item = Verdict<'_>> {
    version.decisions.iter().enumerate().map(|(index, decision)| {
        let later = &version.decisions[index + 1..];
        Verdict { decision, superseded: later.iter().any(|other| other.by == decision.by) }
    })
}

/// The decisions on a version, newest first; those that still count stand out.
pub(super) fn cell(version: &VersionFacts) -> Cell {
    if version.decisions.is_empty() {
        return Cell::default().with(Look::Muted, "None yet");
    }
    of(version).rev().fold(Cell::default(), with)
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
