//! The forms that open a room and change its details.

use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::{Markup, html};
use room::{CargoProfile, bounds::LONGEST_DESCRIPTION};

use crate::{
    app::App,
    domain::rooms::{self, NewRoom, RoomDetails},
    error::Result,
    http::{Access::May, Caller, Form, InRoom, PageRoutes},
    pages::{
        kit::{
            field::{Field, Filled, choices, tick},
            layout::{HtmlPage, Part},
            show,
            submit::{change_of, submit, submit_change},
        },
        room::frame::Room,
    },
    policy::Action::{HoldCreate, RoomCreate, RoomDelete, RoomUpdate},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/new", May(RoomCreate), show_new)
        .post("/rooms/new", May(RoomCreate), submit_new)
        .get("/rooms/{room_id}/edit", May(RoomUpdate), show_edit)
        .post("/rooms/{room_id}/edit", May(RoomUpdate), submit_edit)
}

/// The fields of both forms, which show their faults themselves.
const FIELDS: &[&str] =
    &["title", "location", "sts_eta", PAST_ETA, "planned_duration_hours", "cargo_profile", "description"];
/// The field that says that an ETA in the past is meant, which is shown when it is asked for.
const PAST_ETA: &str = "confirm_past_eta";

async fn show_new(caller: Caller) -> Response {
    render_new(&caller, &Filled::default())
}

async fn submit_new(app: App, caller: Caller, form: Form) -> Result<Response> {
    let exact = form.clone().in_utc("sts_eta");
    let open = async |_: &Form| {
        let room = rooms::open(&app, &caller.actor(), exact.read::<NewRoom>()?, exact.once()).await?;
        // The vessels come next: until they are named, the room asks for no documents of theirs.
        Ok(format!("/rooms/{}/vessels", room.id))
    };
    submit(as_typed(form), open, async |filled| Ok(render_new(&caller, &filled))).await
}

/// Returns the form as its fields show it: a field of type `datetime-local` takes no zone.
fn as_typed(form: Form) -> Form {
    let eta = form.line("sts_eta");
    form.with("sts_eta", eta.trim_end_matches('Z'))
}

fn render_new(caller: &Caller, filled: &Filled) -> Response {
    let main = html! {
        div.form-page {
            h1 { "Open a room" }
            p.hint {
                "A room is one ship-to-ship operation. Its vessels come next, and with them the list of documents; the \
                 parties are added on the tab Parties."
            }
            (filled.summary(FIELDS))
            form method="post" action="/rooms/new" {
                (filled.once())
                (render_fields(filled, None))
                p.actions { button type="submit" { "Open the room" } a.quiet href="/" { "Cancel" } }
            }
        }
    };
    HtmlPage::new("Open a room", main).in_part(Part::Rooms, caller).status(filled.status()).into_response()
}

fn render_fields(filled: &Filled, present: Option<&Room>) -> Markup {
    let room = present.map(|present| &present.state.room);
    let eta = room.map(|room| show::for_field(room.sts_eta));
    let exact_eta = room.map(|room| room.sts_eta.to_string());
    let hours = room.map_or_else(|| "48".to_owned(), |room| room.planned_duration_hours.to_string());
    // To open a room is all that its page is for; to edit one may be to change anything of it.
    let title = Field::required("title", "Title");
    let title = if present.is_none() { title.first() } else { title };
    let cargo = room.and_then(|room| room.cargo_profile).map(CargoProfile::word);
    html! {
        div.fields {
            (title.hint("As you speak of it: place and vessels.")
                .value(room.map(|room| room.title.as_str())).input(filled))
            (Field::required("location", "Location").hint("Where the vessels meet.")
                .value(room.map(|room| room.location.as_str())).input(filled))
            (Field::required("sts_eta", "ETA (UTC)").kind("datetime-local").hint("When they are expected there.")
                .value(eta.as_deref()).exactly(exact_eta.as_deref()).input(filled))
            @if filled.asks_for(PAST_ETA) { (tick(filled, PAST_ETA, "The ETA in the past is meant", false)) }
            (Field::required("planned_duration_hours", "Planned hours").kind("number")
                .hint("Documents have to outlast the operation.").value(Some(&hours)).input(filled))
            (Field::line("cargo_profile", "Cargo").hint("Decides which documents are asked for.")
                .value(cargo).select(filled, &choices(CargoProfile::WORDS)))
        }
        (Field::line("description", "Description").at_most(LONGEST_DESCRIPTION).value(room.and_then(|room| room.description.as_deref())).area(filled))
    }
}

async fn show_edit(app: App, caller: Caller, room: InRoom) -> Result<Response> {
    Ok(render_edit(&Room::load(&app, room.id).await?, &caller, &Filled::default().editing()))
}

async fn submit_edit(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    let change = async |form: &Form| {
        rooms::change(&app, &caller.actor(), room.id, change_of(form, read_details)?).await?;
        Ok(format!("/rooms/{}", room.id))
    };
    let show_again = async |filled| Ok(render_edit(&Room::load(&app, room.id).await?, &caller, &filled));
    submit_change(as_typed(form), change, show_again).await
}

/// Reads the details from the form, with the ETA written as the room's is.
fn read_details(form: &Form) -> Result<RoomDetails> {
    let details: RoomDetails = form.clone().in_utc("sts_eta").read()?;
    let eta: Option<Timestamp> = details.sts_eta.parse().ok();
    Ok(RoomDetails { sts_eta: eta.map_or(details.sts_eta, |eta| eta.to_string()), ..details })
}

fn render_edit(room: &Room, caller: &Caller, filled: &Filled) -> Response {
    let main = html! {
        section.form-page aria-labelledby="edit-title" {
            h2 id="edit-title" { "Edit the room" }
            (filled.summary(FIELDS))
            @if room.offers(caller, RoomUpdate) {
                form method="post" action=(room.path("/edit")) {
                    (render_fields(filled, Some(room)))
                    p.hint { "The log tells every party what was changed, from what, to what." }
                    p.actions { button type="submit" { "Save" } a.quiet href=(room.path("")) { "Cancel" } }
                }
            } @else {
                p { "The room is closed. To change it, " a href=(room.path("/phase")) { "reopen it" } " first." }
            }
            (render_for_admins(room, caller))
        }
    };
    room.page_apart(caller, "Edit the room", &main).status(filled.status()).into_response()
}

fn render_for_admins(room: &Room, caller: &Caller) -> Markup {
    html! {
        @if caller.may(HoldCreate) || caller.may(RoomDelete) {
            h3 { "For admins" }
            p.actions {
                @if caller.may(HoldCreate) { a href=(room.path("/holds")) { "Holds on this room" } }
                @if caller.may(RoomDelete) { a href=(room.path("/delete")) { "Delete the room" } }
            }
        }
    }
}
