//! What is outstanding: first before the next phase, and then before each later one, so that the count of all is what
//! keeps the room from being closed.

use maud::{Markup, html};
use room::{
    Phase,
    standing::{self, Blocker},
};

use super::frame::Room;
use crate::pages::kit::{
    chip::{Tone, chip},
    show::count,
    way,
};

/// Returns the list, phase by phase. That of the next phase is open.
pub(super) fn render(room: &Room) -> Markup {
    let Some(next) = room.standing.next_phase else {
        return html! { h2 id="outstanding" { "The room is closed" } };
    };
    let (blockers, later) = (&room.standing.blockers, later(room, next));
    let of_later = count_of(&later);
    html! {
        h2 id="outstanding" { "Outstanding before " (next.word()) }
        @if blockers.is_empty() {
            p { (chip(Tone::Good, "Nothing")) }
        } @else {
            p.hint { (count(blockers.len(), "item")) ": the vessels first, then the documents, the most critical ones first." }
            (way::blockers(&room.state, blockers))
        }
        @if of_later > 0 {
            h2 { "Outstanding later" }
            p.hint {
                (count(of_later, "item")) " more, "
                (blockers.len() + of_later) " in all before the room can be closed."
            }
            @for (phase, blockers) in &later {
                // With an id, it stays open where the page renews itself.
                details.later id={ "before-" (phase) } {
                    summary { "Before " (phase.word()) " " span.hint { (blockers.len()) } }
                    (way::blockers(&room.state, blockers))
                }
            }
        }
    }
}

/// Returns how much later phases wait for, which a gate that waits for nothing does not tell. Nothing if that is nothing.
pub(super) fn render_later(room: &Room, next: Phase) -> Markup {
    let of_later = count_of(&later(room, next));
    html! {
        @if of_later > 0 {
            p.hint { "Later phases wait for " a href=(room.path("/clearance#outstanding")) { (count(of_later, "item")) } "." }
        }
    }
}

fn later(room: &Room, next: Phase) -> Vec<(Phase, Vec<Blocker>)> {
    standing::outstanding(&room.state).into_iter().filter(|(phase, _)| *phase != next).collect()
}

fn count_of(phases: &[(Phase, Vec<Blocker>)]) -> usize {
    phases.iter().map(|(_, blockers)| blockers.len()).sum()
}
