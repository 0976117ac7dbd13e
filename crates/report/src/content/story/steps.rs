//! The steps of the STS operation from phase to phase, and the gates that were overridden on the way.

use room::sentence::Piece;
use serde::Deserialize as _;

use super::told::Told;
use crate::record::EntryFacts;
use crate::words;

/// A step to another phase, as its entry tells it.
pub(super) struct Step<'a> {
    pub(super) entry: &'a EntryFacts,
    /// Phase that was entered.
    pub(super) to: &'a str,
    /// Blockers that were overridden, as far as the entry lists them.
    pub(super) overridden: &'a [serde_json::Value],
    /// Number of blockers that were overridden.
    pub(super) count: u64,
}

/// Returns the steps that overrode something, in order. Empty if the entries were left out.
pub(super) fn overrides<'a>(told: &Told<'a>) -> Vec<Step<'a>> {
    let entries = told.entries().unwrap_or_default().iter();
    let steps = entries.filter(|entry| entry.action == "phase_changed").map(of);
    steps.filter(|step| step.count > 0).collect()
}

/// Returns the phases whose gates were passed with nothing outstanding, in order. Empty if the entries were left out.
pub(super) fn passed(told: &Told<'_>) -> Vec<String> {
    let entries = told.entries().unwrap_or_default().iter();
    let steps = entries.filter(|entry| entry.action == "phase_changed" && is_forward(entry)).map(of);
    steps.filter(|step| step.count == 0).map(|step| words::from_identifier(step.to)).collect()
}

/// Whether an entry is of a step to a later phase. To go back, there is no gate.
fn is_forward(entry: &EntryFacts) -> bool {
    let phase = |field: &str| room::Phase::deserialize(&entry.meta[field]).ok();
    phase("from") < phase("to")
}

/// Returns who entered that the transfer was completed: who moved the room on from it.
pub(super) fn completion(told: &Told<'_>) -> Option<String> {
    let entries = told.entries().unwrap_or_default();
    let completed = |entry: &&EntryFacts| entry.action == "phase_changed" && entry.meta["to"] == "unmooring";
    entries.iter().rfind(completed).map(|entry| told.name(&entry.actor))
}

/// Returns the step that an entry tells of.
pub(super) fn of(entry: &EntryFacts) -> Step<'_> {
    let pieces = room::sentence::of_entry(&entry.action, &entry.meta).unwrap_or_default();
    let overridden = pieces.into_iter().find_map(|piece| match piece {
        Piece::Overridden(blockers, all) => Some((blockers, all)),
        _ => None,
    });
    let (overridden, count) = overridden.unwrap_or_default();
    Step { entry, to: entry.meta["to"].as_str().unwrap_or_default(), overridden, count }
}
