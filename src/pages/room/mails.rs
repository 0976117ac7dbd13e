//! How soon the caller is told of a room by mail.

use axum::response::{IntoResponse, Response};
use maud::html;
use room::Frequency;

use super::frame::{Room, Tab};
use crate::{
    app::App,
    domain::news::choices::{self, FrequencyOfRoom},
    error::Result,
    http::{Access::May, Caller, Form, InRoom, PageRoutes},
    pages::{
        kit::{
            field::{Field, Filled},
            show,
            submit::submit,
        },
        mails::{HOW_SOON, frequencies, without_mail},
    },
    policy::Action::RoomView,
};

/// What the form sends for a room that has no frequency of its own.
const AS_OF_OTHERS: &str = "as_of_others";

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/rooms/{room_id}/mails", May(RoomView), show_mails).post(
        "/rooms/{room_id}/mails",
        May(RoomView),
        submit_mails,
    )
}

async fn show_mails(app: App, caller: Caller, room: InRoom) -> Result<Response> {
    render(&app, &caller, room, &Filled::default()).await
}

async fn submit_mails(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    let change = async |form: &Form| {
        let is_as_of_others = form.text("frequency") == Some(AS_OF_OTHERS);
        let change = if is_as_of_others { FrequencyOfRoom { frequency: None } } else { form.read()? };
        choices::change_of_room(&app, caller.user.id, room.id, change).await?;
        Ok(format!("/rooms/{}/parties", room.id))
    };
    submit(form, change, async |filled| render(&app, &caller, room, &filled).await).await
}

async fn render(app: &App, caller: &Caller, room: InRoom, filled: &Filled) -> Result<Response> {
    let room = Room::load(app, room.id).await?;
    let of_all = choices::find(app, caller.user.id).await?.frequency;
    let own = choices::of_room(app, caller.user.id, room.state.room.id).await?.frequency;
    let as_of_others = format!("As of all other rooms: {}", show::label(of_all.word()).to_lowercase());
    let mut offered = vec![(AS_OF_OTHERS.to_owned(), as_of_others)];
    offered.extend(frequencies());
    let main = html! {
        section.narrow aria-labelledby="mails-title" {
            h2 id="mails-title" { "What you are told of this room by mail" }
            (without_mail(app))
            (filled.summary(&["frequency"]))
            form method="post" action=(room.path("/mails")) {
                (Field::required("frequency", "How soon").hint(HOW_SOON).value(Some(own.map_or(AS_OF_OTHERS, Frequency::word))).select(filled, &offered))
                p.hint { "Of what you are told is the same for all rooms: " a href="/account/mails" { "choose it" } "." }
                p.actions { button type="submit" { "Save" } a.quiet href=(room.path("/parties")) { "Cancel" } }
            }
        }
    };
    Ok(room.page(caller, Tab::Parties, &main).status(filled.status()).into_response())
}
