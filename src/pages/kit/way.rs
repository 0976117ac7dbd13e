//! What stands in an operation's way, and what there is to do: each with where one goes to do it.

use maud::{Markup, html};
use room::{BlockerKind, RoomId, VesselId, standing::Blocker};

use super::portion::{Portion, within};
use crate::domain::clearance::todo::Task;

/// Where a thing in the way is dealt with.
pub(crate) fn to_blocker(room: RoomId, blocker: &Blocker) -> String {
    let Blocker { kind, document_id, vessel_id, .. } = blocker;
    match (document_id, vessel_id, kind) {
        (Some(document), ..) => format!("/rooms/{room}/documents/{document}"),
        (None, _, BlockerKind::VesselMissing) => format!("/rooms/{room}/vessels"),
        (None, vessel, _) => to_clearance(room, *vessel),
    }
}

/// Where something is done.
pub(crate) fn to_task(room: RoomId, task: &Task) -> String {
    match task.document_id {
        Some(document) => format!("/rooms/{room}/documents/{document}"),
        None => to_clearance(room, task.vessel_id),
    }
}

fn to_clearance(room: RoomId, vessel: Option<VesselId>) -> String {
    let part = vessel.map(|vessel| format!("#vessel-{vessel}")).unwrap_or_default();
    format!("/rooms/{room}/clearance{part}")
}

/// The largest list of what stands in the way, in bytes.
const MOST_BYTES: usize = 400_000;

/// All that stands in the way.
pub(crate) fn blockers(room: RoomId, blockers: &[Blocker]) -> Markup {
    let line = |blocker: &Blocker| html! { li { a href=(to_blocker(room, blocker)) { (blocker.detail) } } };
    let Portion { markup, left_out, .. } = within(MOST_BYTES, blockers.iter().map(line));
    html! {
        ul.in-the-way {
            (markup)
            @if left_out > 0 { li.hint { "and " (left_out) " more" } }
        }
    }
}
