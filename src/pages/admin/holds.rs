//! Holds, which keep rooms and snapshots from being deleted, and everything in rooms that waits for a second admin.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use room::{Deed, HoldId, Room, RoomStatus};

use crate::{
    app::App,
    db::{self, confirmations::Request, holds::Hold, snapshots::Snapshot},
    domain::{
        retention::{
            confirmations,
            holds::{self, HoldNow, NewHold, Overview},
        },
        rooms,
    },
    error::{Error, Result},
    http::{Access::May, Caller, Form, Id, InRoom, PageRoutes, Query, Seeking},
    pages::{
        admin::frame::{Tab, page},
        kit::{
            chip::{Tone, chip},
            field::{Field, Filled},
            paging::neighbours_from,
            portion::{Portion, within},
            show,
            submit::submit,
        },
        own_password,
    },
    policy::Action::{HoldCreate, HoldLift, HoldList},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/admin/holds", May(HoldList), show_overview)
        .get("/rooms/{room_id}/holds", May(HoldCreate), show_room)
        .post("/rooms/{room_id}/holds", May(HoldCreate), submit_hold)
        .get("/rooms/{room_id}/holds/{hold_id}", May(HoldLift), show_lift)
        .post("/rooms/{room_id}/holds/{hold_id}", May(HoldLift), submit_lift)
}

/// Which snapshots of a room the form offers: the newest.
const CHOICES: db::Page = db::Page { limit: 100, offset: 0 };

async fn show_overview(app: App, caller: Caller, Query(Seeking(seek)): Query<Seeking>) -> Result<Response> {
    let Overview { waiting, holds: (holds, total, part) } = holds::overview(&app, &seek).await?;
    let ids: Vec<_> = holds.iter().map(|(_, hold)| hold.id.to_string()).collect();
    let main = html! {
        section aria-labelledby="waiting-title" {
            h2 id="waiting-title" { "Waits for another admin" }
            @if waiting.is_empty() {
                p.empty { "Nothing waits. What takes two admins is listed here when one has asked for it." }
            } @else {
                table.list {
                    thead { tr { th scope="col" { "What" } th scope="col" { "Room" } th scope="col" { "Asked by" } th scope="col" { "Until" } } }
                    tbody { @for (room, request) in &waiting { (render_request(room, request)) } }
                }
            }
        }
        section aria-labelledby="holds-title" {
            h2 id="holds-title" { "Holds" }
            @if holds.is_empty() {
                p.empty { "Nothing is under hold. A hold is placed from its room: open the room, then Edit room, then Holds." }
            } @else {
                (render_holds(holds.iter().map(|(room, hold)| (Some(room), hold))))
                (neighbours_from(("/admin/holds", ""), &seek, part, (&ids, total)))
            }
        }
    };
    Ok(page(&caller, Tab::Holds, "Holds", &main).into_response())
}

fn render_request(room: &Room, request: &Request) -> Markup {
    let (words, path) = match request.deed {
        Deed::LiftHold => ("Lift a hold", format!("/rooms/{}/holds/{}", room.id, request.subject)),
        Deed::DeleteSnapshot => {
            ("Delete a snapshot", format!("/rooms/{}/snapshots/{}/delete", room.id, request.subject))
        }
        Deed::DeleteRoom => ("Delete the room", format!("/rooms/{}/delete", room.id)),
    };
    html! {
        tr {
            th scope="row" { a href=(path) { (words) } }
            td data-label="Room" { (room.title) }
            td data-label="Asked by" { (request.asked_by) ", " (show::time(request.asked_at)) }
            td data-label="Until" { (show::time(confirmations::until(request))) }
        }
    }
}

/// The largest list of holds, in bytes.
const MOST_BYTES: usize = 1_000_000;

fn render_holds<'a>(holds: impl Iterator<Item = (Option<&'a Room>, &'a Hold)>) -> Markup {
    let Portion { markup, left_out, .. } = within(MOST_BYTES, holds.map(|(room, hold)| render_hold(room, hold)));
    html! {
        table.list.prose {
            thead {
                tr {
                    th scope="col" { "What" }
                    th scope="col" { "Why" }
                    th scope="col" { "Placed" }
                    th scope="col" { "State" }
                    th scope="col" { span.visually-hidden { "Actions" } }
                }
            }
            tbody { (markup) }
        }
        @if left_out > 0 { p.hint { "And " (left_out) " more, which the API lists." } }
    }
}

fn render_hold(room: Option<&Room>, hold: &Hold) -> Markup {
    let title = room.map_or("", |room| &room.title);
    html! {
        tr {
            th scope="row" {
                @match hold.snapshot {
                    Some(snapshot) => a href={ "/rooms/" (hold.room) "/snapshots/" (snapshot) } { "A snapshot" },
                    None => a href={ "/rooms/" (hold.room) } { "The room" },
                }
                @if room.is_some() { " – " (title) }
            }
            td data-label="Why" { (hold.reason) }
            td data-label="Placed" { (hold.placed_by) ", " (show::time(hold.placed_at)) }
            td data-label="State" {
                @match &hold.lifted {
                    None => (chip(Tone::Warn, "In force")),
                    Some(lifted) => {
                        (chip(Tone::Quiet, "Lifted")) " "
                        span.hint { (lifted.asked_by) " and " (lifted.by) ", " (show::time(lifted.at)) ": " (lifted.reason) }
                    }
                }
            }
            td.row-actions {
                // The pages of a deleted room are gone, so there is nowhere to lift its holds.
                @if hold.lifted.is_none() && room.is_none_or(|room| room.status == RoomStatus::Active) {
                    a href={ "/rooms/" (hold.room) "/holds/" (hold.id) } aria-label={ "Lift the hold " (title) } { "Lift" }
                }
            }
        }
    }
}

/// A room with its holds, and the snapshots that can be put under hold.
struct RoomHolds {
    room: Room,
    holds: Vec<HoldNow>,
    snapshots: Vec<Snapshot>,
}

async fn load_holds(app: &App, room: InRoom) -> Result<RoomHolds> {
    let (holds, ..) = holds::list(app, room.id, &CHOICES.into()).await?;
    app.db
        .read(async |tx| {
            let (snapshots, ..) = db::snapshots::list(tx, room.id, &CHOICES.into()).await?;
            Ok(RoomHolds { room: rooms::in_use(tx, room.id).await?, holds, snapshots })
        })
        .await
}

async fn show_room(app: App, caller: Caller, room: InRoom) -> Result<Response> {
    Ok(render_room(&caller, &load_holds(&app, room).await?, &Filled::default()))
}

async fn submit_hold(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    let place = async |form: &Form| {
        holds::place(&app, &caller.actor(), room.id, form.read::<NewHold>()?, form.once()).await?;
        Ok(format!("/rooms/{}/holds", room.id))
    };
    submit(form, place, async |filled| Ok(render_room(&caller, &load_holds(&app, room).await?, &filled))).await
}

fn render_room(caller: &Caller, held: &RoomHolds, filled: &Filled) -> Response {
    let RoomHolds { room, holds, snapshots } = held;
    let choices: Vec<_> = snapshots
        .iter()
        .map(|snapshot| {
            (snapshot.id.to_string(), format!("{} ({})", snapshot.title, show::minute(snapshot.created_at)))
        })
        .collect();
    let main = html! {
        section aria-labelledby="holds-title" {
            h2 id="holds-title" { "Holds on " a href={ "/rooms/" (room.id) } { (room.title) } }
            @if holds.is_empty() {
                p.empty { "Nothing in this room is under hold." }
            } @else {
                (render_holds(holds.iter().map(|(hold, _)| (None, hold))))
            }
        }
        section.narrow aria-labelledby="place-title" {
            h2 id="place-title" { "Place a hold" }
            p { "Nobody deletes what is under hold until two admins have lifted it. The log tells every party that it was placed; why, only admins see." }
            (filled.summary(&["reason", "snapshot_id"]))
            form method="post" action={ "/rooms/" (room.id) "/holds" } {
                (filled.once())
                (Field::required("reason", "Why").area(filled))
                (Field::line("snapshot_id", "Snapshot").hint("None: the whole room, and every snapshot of it.").select(filled, &choices))
                p.actions { button type="submit" { "Place the hold" } a.quiet href="/admin/holds" { "Cancel" } }
            }
        }
    };
    page(caller, Tab::Holds, "Holds", &main).status(filled.status()).into_response()
}

async fn show_lift(app: App, caller: Caller, room: InRoom, Id(id): Id<HoldId>) -> Result<Response> {
    render_lift(&app, &caller, room, id, &Filled::default()).await
}

async fn submit_lift(app: App, caller: Caller, room: InRoom, Id(id): Id<HoldId>, form: Form) -> Result<Response> {
    let lift = async |form: &Form| {
        // Blank is no reason: the first of two admins needs one, the second may leave it out.
        let reason = Some(form.line("reason")).filter(|reason| !reason.trim().is_empty());
        own_password::take(&app, &caller, form).await?;
        holds::lift(&app, &caller.actor(), room.id, id, reason).await.map_err(own_password::of_field)?;
        Ok("/admin/holds".to_owned())
    };
    submit(form, lift, async |filled| render_lift(&app, &caller, room, id, &filled).await).await
}

async fn render_lift(app: &App, caller: &Caller, room: InRoom, id: HoldId, filled: &Filled) -> Result<Response> {
    let (hold, request) = holds::find(app, room.id, id).await?;
    // A refused form is shown even if the hold is lifted by now: its summary says why it was refused.
    if hold.lifted.is_some() && !filled.is_refused() {
        return Err(Error::conflict("the hold has been lifted already"));
    }
    let main = html! {
        section.narrow aria-labelledby="lift-title" {
            h2 id="lift-title" { "Lift the hold?" }
            dl.facts {
                dt { "Why it was placed" } dd { (hold.reason) }
                dt { "Placed" } dd { (hold.placed_by) ", " (show::time(hold.placed_at)) }
            }
            @match &request {
                None => p { "It takes two admins: you ask, and another confirms within a day." },
                Some(request) => p {
                    (request.asked_by) " has asked for it" @if let Some(reason) = &request.reason { ": " (reason) }
                    ". Another admin may confirm it until " (show::time(confirmations::until(request))) "."
                },
            }
            (filled.summary(&["reason", own_password::NAME]))
            form method="post" action={ "/rooms/" (room.id) "/holds/" (id) } {
                @if request.is_some() {
                    (Field::line("reason", "What you have to add").area(filled))
                } @else {
                    (Field::required("reason", "Why").area(filled))
                }
                (own_password::field(app, caller, filled))
                p.actions {
                    button.danger type="submit" { (if request.is_some() { "Lift the hold" } else { "Ask to lift it" }) }
                    a.quiet href="/admin/holds" { "Cancel" }
                }
            }
        }
    };
    Ok(page(caller, Tab::Holds, "Lift a hold", &main).status(filled.status()).into_response())
}
