//! The phase of a room: its gate, what is in the way, and the step on, over or back.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use room::Phase;

use crate::{
    app::App,
    domain::lifecycle::phases::{self, NewPhase},
    error::Result,
    http::{Access::May, Caller, Form, InRoom, PageRoutes},
    pages::{
        kit::{
            field::{Field, Filled, choices},
            show::{count, label},
            way,
        },
        room::frame::Room,
    },
    policy::Action::RoomUpdate,
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/{room_id}/phase", May(RoomUpdate), gate)
        .post("/rooms/{room_id}/phase", May(RoomUpdate), go_on)
        .get("/rooms/{room_id}/phase/back", May(RoomUpdate), behind)
        .post("/rooms/{room_id}/phase/back", May(RoomUpdate), go_back)
}

async fn gate(app: App, caller: Caller, room: InRoom) -> Result<Response> {
    let room = Room::load(&app, room.id).await?;
    Ok(match room.standing.next_phase {
        Some(next) => at_gate(&room, next, &caller, &Filled::default()),
        None => to_earlier(&room, &caller, &Filled::default()),
    })
}

async fn go_on(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    let refused = match changed(&app, &caller, room, &form).await {
        Ok(()) => return Ok(Redirect::to(&format!("/rooms/{}", room.id)).into_response()),
        Err(refused) => refused,
    };
    let filled = Filled::again(form, refused)?;
    let room = Room::load(&app, room.id).await?;
    Ok(match room.standing.next_phase {
        Some(next) => at_gate(&room, next, &caller, &filled),
        None => to_earlier(&room, &caller, &filled),
    })
}

async fn behind(app: App, caller: Caller, room: InRoom) -> Result<Response> {
    Ok(to_earlier(&Room::load(&app, room.id).await?, &caller, &Filled::default()))
}

async fn go_back(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    match changed(&app, &caller, room, &form).await {
        Ok(()) => Ok(Redirect::to(&format!("/rooms/{}", room.id)).into_response()),
        Err(refused) => {
            let room = Room::load(&app, room.id).await?;
            Ok(to_earlier(&room, &caller, &Filled::again(form, refused)?))
        }
    }
}

async fn changed(app: &App, caller: &Caller, room: InRoom, form: &Form) -> Result<()> {
    let asked = form.clone().in_utc("at").read::<NewPhase>()?;
    phases::change(app, &caller.actor(), room.id, asked).await.map(drop)
}

fn at_gate(room: &Room, next: Phase, caller: &Caller, filled: &Filled) -> Response {
    let (now, blockers) = (room.state.room.phase, &room.standing.blockers);
    let main = html! {
        section.form-page aria-labelledby="phase-title" {
            h2 id="phase-title" { "From " (label(now.word())) " to " (label(next.word())) }
            @if blockers.is_empty() {
                p { "Nothing stands in the way." }
            } @else {
                p { strong { (count(blockers.len(), "thing")) } (if blockers.len() == 1 { " stands" } else { " stand" }) " in the way:" }
                (way::blockers(room.state.room.id, blockers))
            }
            @if phases::snapshot_of((now, next)).is_some() {
                p { "A snapshot is taken with it: a PDF of the room as it stands at that moment, with the whole of its log." }
            }
            @if next == Phase::Closed {
                p {
                    "From then on nothing in the room can be changed, and the time for which its papers are kept begins. \
                     It can be reopened, with a reason."
                }
            }
            (filled.summary(&["reason", "at"]))
            form method="post" action=(room.path("/phase")) {
                input type="hidden" name="phase" value=(next);
                @if !blockers.is_empty() {
                    input type="hidden" name="override" value="true";
                    (Field::required("reason", "Why the gate is overridden")
                        .hint("The log keeps it, with all that stood in the way.").area(filled))
                }
                (at(filled))
                p.actions {
                    button type="submit" class=[(!blockers.is_empty()).then_some("danger")] {
                        (if blockers.is_empty() { "To " } else { "Override, to " }) (next.word())
                    }
                    a.quiet href=(room.path("")) { "Cancel" }
                    @if now > Phase::Nomination { a.quiet href=(room.path("/phase/back")) { "Go back to an earlier phase" } }
                }
            }
        }
    };
    room.page_apart(caller, &format!("To {}", next.word()), &main).status(filled.status()).into_response()
}

/// When it happened.
fn at(filled: &Filled) -> Markup {
    Field::line("at", "When it happened (UTC)")
        .kind("datetime-local")
        .hint("Where that was earlier than now: the clocks start from it.")
        .input(filled)
}

fn to_earlier(room: &Room, caller: &Caller, filled: &Filled) -> Response {
    let now = room.state.room.phase;
    let is_closed = now == Phase::Closed;
    let earlier: Vec<_> = Phase::WORDS.iter().copied().take_while(|word| *word != now.word()).collect();
    let last = earlier.last().copied();
    let main = html! {
        section.form-page aria-labelledby="back-title" {
            h2 id="back-title" { @if is_closed { "Reopen the room" } @else { "Go back to an earlier phase" } }
            @if earlier.is_empty() {
                p { "The operation is in its first phase." }
            } @else {
                p {
                    "What was uploaded, decided and taken stays. Every gate from there on has to be passed again."
                    @if is_closed { " How long the papers are kept goes on counting from when the room was closed." }
                }
                (filled.summary(&["phase", "reason", "at"]))
                form method="post" action=(room.path("/phase/back")) {
                    (Field::required("phase", "Back to").value(last).select(filled, &choices(&earlier)))
                    (Field::required("reason", "Why").hint("The log keeps it.").area(filled))
                    (at(filled))
                    p.actions {
                        button.danger type="submit" { @if is_closed { "Reopen" } @else { "Go back" } }
                        a.quiet href=(room.path("")) { "Cancel" }
                    }
                }
            }
        }
    };
    room.page_apart(caller, "Back to an earlier phase", &main).status(filled.status()).into_response()
}
