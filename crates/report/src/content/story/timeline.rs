//! The timeline: a line for each phase, with the events that matter in it.

use std::rc::Rc;

use super::steps;
use super::telling;
use super::told::Told;
use super::{fill, say};
use crate::content::block::{Block, Mark, Part};
use crate::content::cell::{Anchor, Cell, Look};
use crate::content::table::{Table, left};
use crate::record::EntryFacts;
use crate::words;

/// The number of events that are drawn of a phase, the first and the last ones.
const OF_PHASE: usize = 16;

/// A line of the timeline.
struct Moment {
    mark: Mark,
    when: String,
    what: Cell,
}

pub(super) fn parts<'a>(told: &Rc<Told<'a>>) -> Vec<Part<'a>> {
    let block = match told.entries() {
        None => Block::aside(say("the_log_was")),
        Some(entries) => {
            let caption = say("phases_with_the");
            table().captioned(caption).marked(|moment| moment.mark).dense().with(moments(told, entries))
        }
    };
    vec![Part { heading: say("timeline").to_owned(), blocks: vec![block] }]
}

fn table() -> Table<Moment> {
    Table {
        columns: vec![
            left(say("when_utc"), 17.0, |moment: &Moment| {
                let look = if moment.mark == Mark::Event { Look::Text } else { Look::Strong };
                Cell::default().with(look, &moment.when)
            }),
            left(say("what"), 83.0, |moment| moment.what.clone()),
        ],
        empty: say("the_log_has"),
    }
}

fn moments(told: &Told<'_>, entries: &[EntryFacts]) -> Vec<Moment> {
    let mut moments = Vec::new();
    let mut of_phase = Vec::new();
    for entry in entries {
        if let Some(phase) = begin_of_phase(told, entry) {
            moments.append(&mut bounded(&mut of_phase));
            moments.push(phase);
        } else if let Some(event) = event(told, entry) {
            of_phase.push(event);
        }
    }
    moments.append(&mut bounded(&mut of_phase));
    moments
}

/// Returns the events of a phase: all of them, or the first and last ones with a line that says how many more there are.
fn bounded(events: &mut Vec<Moment>) -> Vec<Moment> {
    let mut events = std::mem::take(events);
    if events.len() <= OF_PHASE {
        return events;
    }
    let last = events.split_off(events.len() - OF_PHASE / 2);
    let more = events.len() - OF_PHASE / 2;
    events.truncate(OF_PHASE / 2);
    let said = fill("more_which_the", &[("1", &words::number_of(more as u64, "event"))]);
    events.push(Moment { mark: Mark::Event, when: "…".to_owned(), what: Cell::default().with(Look::Muted, said) });
    events.extend(last);
    events
}

/// Returns the line of a phase, if an entry begins one.
fn begin_of_phase(told: &Told<'_>, entry: &EntryFacts) -> Option<Moment> {
    let when = words::minute(entry.timestamp);
    let by = told.name(&entry.actor);
    match entry.action.as_str() {
        "room_created" => {
            let what = Cell::default()
                .with(Look::Strong, say("nomination"))
                .with(Look::Text, fill("the_room_was_opened", &[("by", &by)]));
            Some(Moment { mark: Mark::Phase, when, what })
        }
        "phase_changed" => {
            let step = steps::of(entry);
            let what = Cell::default();
            let (mark, what) = if step.count > 0 {
                let gate = fill("the_gate_was", &[("1", &words::from_identifier(step.to))]);
                let over = telling::overridden_in_short(told, step.overridden, step.count);
                let over = fill(
                    "entered_by_over",
                    &[("by", &by), ("1", &words::number_of(step.count, "blocker")), ("over", &over)],
                );
                (Mark::Alert, what.linked(Look::Alert, gate, Anchor::List(entry.seq)).with(Look::Text, over))
            } else {
                let what = what.with(Look::Strong, words::from_identifier(step.to));
                (Mark::Phase, what.with(Look::Text, fill("entered_by", &[("by", &by)])))
            };
            let reason = entry.meta["reason"].as_str().map(|reason| fill("reason", &[("reason", &reason)]));
            let at = entry.meta["at"].as_str().and_then(|at| at.parse().ok()).map(words::minute_utc);
            let at = at.map(|at| fill("time_of_the_event", &[("at", &at), ("by", &by)]));
            Some(Moment { mark, when, what: what.with_some(Look::Text, reason).with_some(Look::Text, at) })
        }
        _ => None,
    }
}

/// Returns the line of an entry that matters to everybody: vessels and their clearance, the ETA, the notice, refusals,
/// snapshots.
fn event(told: &Told<'_>, entry: &EntryFacts) -> Option<Moment> {
    let text = |field: &str| entry.meta[field].as_str().unwrap_or_default();
    let is_notice = text("document_type") == room::clocks::NOTICE_DOCUMENT;
    let mark = match entry.action.as_str() {
        "approval_given" if text("status") == "rejected" => Mark::Alert,
        "approval_changed" if text("to") == "rejected" => Mark::Alert,
        "document_decided" if text("verdict") == "rejected" => Mark::Alert,
        "room_updated" if !entry.meta["changes"]["sts_eta"].is_null() => Mark::Event,
        "document_uploaded" | "version_withdrawn" if is_notice => Mark::Event,
        "vessel_added" | "vessel_removed" | "approval_given" | "approval_changed" | "approval_revoked"
        | "document_waived" | "snapshot_created" | "hold_placed" | "hold_lifted" | "log_continued" | "room_deleted" => {
            Mark::Event
        }
        _ => return None,
    };
    let look = if mark == Mark::Alert { Look::Alert } else { Look::Text };
    let what = Cell::default().with(look, telling::sentence(told, entry));
    Some(Moment { mark, when: words::minute(entry.timestamp), what })
}
