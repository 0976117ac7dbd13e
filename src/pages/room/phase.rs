//! The phase of a room: the gate of the next one with its blockers, and the forms that advance, override, and go back.

use axum::response::{IntoResponse, Response};
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
            submit::submit,
            way,
        },
        room::{frame::Room, outstanding},
    },
    policy::Action::RoomUpdate,
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/{room_id}/phase", May(RoomUpdate), show_gate)
        .post("/rooms/{room_id}/phase", May(RoomUpdate), submit_next)
        .get("/rooms/{room_id}/phase/back", May(RoomUpdate), show_earlier)
        .post("/rooms/{room_id}/phase/back", May(RoomUpdate), submit_earlier)
}

async fn show_gate(app: App, caller: Caller, room: InRoom) -> Result<Response> {
    Ok(render_next(&Room::load(&app, room.id).await?, &caller, &Filled::default()))
}

async fn submit_next(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    let advance = async |form: &Form| change_phase(&app, &caller, room, form).await;
    submit(form, advance, async |filled| Ok(render_next(&Room::load(&app, room.id).await?, &caller, &filled))).await
}

async fn show_earlier(app: App, caller: Caller, room: InRoom) -> Result<Response> {
    Ok(render_earlier(&Room::load(&app, room.id).await?, &caller, &Filled::default()))
}

async fn submit_earlier(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    let go_back = async |form: &Form| change_phase(&app, &caller, room, form).await;
    submit(form, go_back, async |filled| Ok(render_earlier(&Room::load(&app, room.id).await?, &caller, &filled))).await
}

async fn change_phase(app: &App, caller: &Caller, room: InRoom, form: &Form) -> Result<String> {
    let change = form.clone().in_utc("at").read::<NewPhase>()?;
    phases::change(app, &caller.actor(), room.id, change, form.once()).await?;
    Ok(format!("/rooms/{}", room.id))
}

/// Returns the gate of the next phase; the form that reopens the room if it is closed.
fn render_next(room: &Room, caller: &Caller, filled: &Filled) -> Response {
    match room.standing.next_phase {
        Some(next) => render_gate(room, next, caller, filled),
        None => render_earlier(room, caller, filled),
    }
}

fn render_gate(room: &Room, next: Phase, caller: &Caller, filled: &Filled) -> Response {
    let (now, blockers) = (room.state.room.phase, &room.standing.blockers);
    let main = html! {
        section.form-page aria-labelledby="phase-title" {
            h2 id="phase-title" { "From " (label(now.word())) " to " (label(next.word())) }
            @if blockers.is_empty() {
                p { "Nothing is outstanding before " (next.word()) "." }
                (outstanding::render_later(room, next))
            } @else {
                p { strong { (count(blockers.len(), "item")) } (if blockers.len() == 1 { " is" } else { " are" }) " outstanding:" }
                (way::blockers(&room.state, blockers))
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
                (filled.once())
                // The phase that the person saw, not "the next one": if the room has moved on meanwhile, the domain
                // refuses it.
                input type="hidden" name="phase" value=(next);
                @if !blockers.is_empty() {
                    input type="hidden" name="override" value="true";
                    (Field::required("reason", "Why the gate is overridden")
                        .hint("The log keeps it, with all that was outstanding.").area(filled))
                }
                (render_at(filled))
                p.actions {
                    button type="submit" class=[(!blockers.is_empty()).then_some("danger")] {
                        (if blockers.is_empty() { "Advance to " } else { "Override and advance to " }) (next.word())
                    }
                    a.quiet href=(room.path("")) { "Cancel" }
                    @if now > Phase::Nomination { a.quiet href=(room.path("/phase/back")) { "Go back to an earlier phase" } }
                }
            }
        }
    };
    room.page_apart(caller, &format!("Advance to {}", next.word()), &main).status(filled.status()).into_response()
}

/// Returns the field for the time of a step that is entered later than it happened.
fn render_at(filled: &Filled) -> Markup {
    Field::line("at", "When it happened (UTC)")
        .kind("datetime-local")
        .hint("Where that was earlier than now: the clocks start from it.")
        .input(filled)
}

fn render_earlier(room: &Room, caller: &Caller, filled: &Filled) -> Response {
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
                    (filled.once())
                    (Field::required("phase", "Back to").value(last).select(filled, &choices(&earlier)))
                    (Field::required("reason", "Why").hint("The log keeps it.").area(filled))
                    (render_at(filled))
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
