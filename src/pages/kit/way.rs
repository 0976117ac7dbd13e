//! Blockers and tasks as links: each leads to the page on which it is dealt with.

use maud::{Markup, html};
use room::{BlockerKind, RoomId, RoomState, VesselId, standing::Blocker};

use super::portion::{Portion, within};
use crate::domain::clearance::todo::Task;

/// Returns the path of the page on which a blocker is dealt with.
pub(crate) fn blocker_path(room: RoomId, blocker: &Blocker) -> String {
    let Blocker { kind, document_id, vessel_id, .. } = blocker;
    // A blocker about a document of a vessel names both: the document is where it is dealt with.
    match (document_id, vessel_id, kind) {
        (Some(document), ..) => format!("/rooms/{room}/documents/{document}"),
        (None, _, BlockerKind::VesselMissing) => format!("/rooms/{room}/vessels"),
        (None, vessel, _) => clearance_path(room, *vessel),
    }
}

/// Returns the path of the page on which a task is done.
pub(crate) fn task_path(room: RoomId, task: &Task) -> String {
    match task.document_id {
        Some(document) => format!("/rooms/{room}/documents/{document}"),
        None => clearance_path(room, task.vessel_id),
    }
}

fn clearance_path(room: RoomId, vessel: Option<VesselId>) -> String {
    let part = vessel.map(|vessel| format!("#vessel-{vessel}")).unwrap_or_default();
    format!("/rooms/{room}/clearance{part}")
}

/// The largest list of blockers, in bytes.
const MOST_BYTES: usize = 400_000;

/// Returns what a blocker says (its `detail`), with the name of who rejects in the place of their address.
pub(crate) fn blocker_words(state: &RoomState, detail: &str) -> String {
    // With what stands around it: an address may be the end of another one.
    let by = |who: &str| format!(" rejected by {who}:");
    let rejects = state.parties.iter().find(|party| detail.contains(&by(&party.email)));
    rejects.map_or_else(|| detail.to_owned(), |party| detail.replacen(&by(&party.email), &by(&party.name), 1))
}

/// Returns the list of blockers, as far as they fit.
pub(crate) fn blockers(state: &RoomState, blockers: &[Blocker]) -> Markup {
    let room = state.room.id;
    let line = |blocker: &Blocker| html! { li { a href=(blocker_path(room, blocker)) { (blocker_words(state, &blocker.detail)) } } };
    let Portion { markup, left_out, .. } = within(MOST_BYTES, blockers.iter().map(line));
    html! {
        ul.outstanding {
            (markup)
            @if left_out > 0 { li.hint { "and " (left_out) " more" } }
        }
    }
}
