//! What a room is: to open one, and to change what it says of its operation.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use room::{CargoProfile, bounds::LONGEST_DESCRIPTION};

use crate::{
    app::App,
    domain::{
        input::Change,
        rooms::{self, NewRoom, RoomDetails},
    },
    error::Result,
    http::{Access::May, Caller, Form, InRoom, PageRoutes},
    pages::{
        kit::{
            field::{Field, Filled, choices},
            layout::{Page, Part},
            show,
        },
        room::frame::Room,
    },
    policy::Action::{HoldCreate, RoomCreate, RoomDelete, RoomUpdate},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/new", May(RoomCreate), begin)
        .post("/rooms/new", May(RoomCreate), open)
        .get("/rooms/{room_id}/edit", May(RoomUpdate), edit)
        .post("/rooms/{room_id}/edit", May(RoomUpdate), change)
}

/// The fields of both forms.
const FIELDS: &[&str] = &["title", "location", "sts_eta", "planned_duration_hours", "cargo_profile", "description"];

async fn begin(caller: Caller) -> Response {
    beginning(&caller, &Filled::default())
}

async fn open(app: App, caller: Caller, form: Form) -> Result<Response> {
    let form = form.in_utc("sts_eta");
    let opened = match form.read::<NewRoom>() {
        Ok(asked) => rooms::open(&app, &caller.actor(), asked, None).await,
        Err(refused) => Err(refused),
    };
    match opened {
        Ok(room) => Ok(Redirect::to(&format!("/rooms/{}/vessels", room.id)).into_response()),
        Err(refused) => Ok(beginning(&caller, &Filled::again(as_typed(form), refused)?)),
    }
}

/// The form as the browser sent it: its field takes no zone.
fn as_typed(form: Form) -> Form {
    let eta = form.line("sts_eta");
    form.with("sts_eta", eta.trim_end_matches('Z'))
}

fn beginning(caller: &Caller, filled: &Filled) -> Response {
    let main = html! {
        div.form-page {
            h1 { "Open a room" }
            p.hint {
                "A room is one ship-to-ship operation. Its vessels come next, and with them the list of documents; the \
                 parties are added on the tab Parties."
            }
            (filled.summary(FIELDS))
            form method="post" action="/rooms/new" {
                (fields(filled, None))
                p.actions { button type="submit" { "Open the room" } a.quiet href="/" { "Cancel" } }
            }
        }
    };
    Page::new("Open a room", main).of(Part::Rooms, caller).status(filled.status()).into_response()
}

fn fields(filled: &Filled, there: Option<&Room>) -> Markup {
    let room = there.map(|there| &there.state.room);
    let eta = room.map(|room| show::for_field(room.sts_eta));
    let hours = room.map_or_else(|| "48".to_owned(), |room| room.planned_duration_hours.to_string());
    let cargo = room.and_then(|room| room.cargo_profile).map(CargoProfile::word);
    html! {
        div.fields {
            (Field::required("title", "Title").hint("As you speak of it: place and vessels.")
                .value(room.map(|room| room.title.as_str())).input(filled))
            (Field::required("location", "Location").hint("Where the vessels meet.")
                .value(room.map(|room| room.location.as_str())).input(filled))
            (Field::required("sts_eta", "ETA (UTC)").kind("datetime-local").hint("When they are expected there.")
                .value(eta.as_deref()).input(filled))
            (Field::required("planned_duration_hours", "Planned duration, in hours").kind("number")
                .hint("Documents have to outlast the operation.").value(Some(&hours)).input(filled))
            (Field::line("cargo_profile", "Cargo").hint("Decides which documents are asked for.")
                .value(cargo).select(filled, &choices(CargoProfile::WORDS)))
        }
        (Field::line("description", "Description").at_most(LONGEST_DESCRIPTION).value(room.and_then(|room| room.description.as_deref())).area(filled))
    }
}

async fn edit(app: App, caller: Caller, room: InRoom) -> Result<Response> {
    Ok(edited(&Room::load(&app, room.id).await?, &caller, &Filled::default()))
}

async fn change(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    let there = Room::load(&app, room.id).await?;
    let eta = there.state.room.sts_eta;
    // The field tells no seconds: an ETA that was left as it was shown stays as it is.
    let same = form.text("sts_eta") == Some(&*show::for_field(eta));
    let form = if same { form.with("sts_eta", eta.to_string()) } else { form.in_utc("sts_eta") };
    let changed = match form.read::<RoomDetails>().and_then(|details| Change::to(&details)) {
        Ok(asked) => rooms::change(&app, &caller.actor(), room.id, asked).await,
        Err(refused) => Err(refused),
    };
    match changed {
        Ok(_) => Ok(Redirect::to(&there.path("")).into_response()),
        Err(refused) => {
            let form = if same { form.with("sts_eta", show::for_field(eta)) } else { as_typed(form) };
            Ok(edited(&there, &caller, &Filled::again(form, refused)?))
        }
    }
}

fn edited(room: &Room, caller: &Caller, filled: &Filled) -> Response {
    let main = html! {
        section.form-page aria-labelledby="edit-title" {
            h2 id="edit-title" { "Edit the room" }
            (filled.summary(FIELDS))
            @if room.offers(caller, RoomUpdate) {
                form method="post" action=(room.path("/edit")) {
                    (fields(filled, Some(room)))
                    p.hint { "The log tells every party what was changed, from what, to what." }
                    p.actions { button type="submit" { "Save" } a.quiet href=(room.path("")) { "Cancel" } }
                }
            } @else {
                p { "The room is closed. To change it, " a href=(room.path("/phase")) { "reopen it" } " first." }
            }
            (for_admins(room, caller))
        }
    };
    room.page_apart(caller, "Edit the room", &main).status(filled.status()).into_response()
}

fn for_admins(room: &Room, caller: &Caller) -> Markup {
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
