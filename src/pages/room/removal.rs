//! The deletion of a room: what follows from it, who has to agree, and the title to be typed as a confirmation.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::two_admins::{self, Subject};
use crate::{
    app::App,
    domain::{
        accounts::two_people::Outcome,
        lifecycle::deletion::{self, BeforeDeletion, Deletion},
        rooms,
    },
    error::{Error, Result},
    http::{Access::May, Caller, Form, InRoom, PageRoutes},
    pages::{
        kit::{
            field::{Field, Filled, tick},
            show::count,
            submit::submit,
            who::Who,
        },
        own_password,
        room::frame::Room,
    },
    policy::Action::RoomDelete,
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/rooms/{room_id}/delete", May(RoomDelete), show_deletion).post(
        "/rooms/{room_id}/delete",
        May(RoomDelete),
        submit_deletion,
    )
}

async fn show_deletion(app: App, caller: Caller, room: InRoom) -> Result<Response> {
    render_deletion(&app, &caller, room, &Filled::default()).await
}

async fn submit_deletion(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    let delete = async |form: &Form| {
        Ok(match delete(&app, &caller, room, form).await? {
            Outcome::Done(()) => "/".to_owned(),
            Outcome::Asked(_) => format!("/rooms/{}/delete", room.id),
        })
    };
    submit(form, delete, async |filled| render_deletion(&app, &caller, room, &filled).await).await
}

async fn delete(app: &App, caller: &Caller, room: InRoom, form: &Form) -> Result<Outcome> {
    let found = app.db.read(async |tx| rooms::in_use(tx, room.id).await).await?;
    if form.line("title").trim() != found.title {
        return Err(Error::field("title", "is another one: type it exactly as it is"));
    }
    let deletion =
        Deletion { force: form.is_ticked("force"), reason: Some(form.line("reason")), ..Deletion::default() };
    // The domain refuses it, too, but is asked only after the password was taken, and does not name the box.
    if BeforeDeletion::of(app, room.id).await?.lacks_force(&deletion) {
        return Err(Error::field("force", "has to be ticked: the room holds snapshots or papers"));
    }
    own_password::take(app, caller, form).await?;
    deletion::delete(app, &caller.actor(), room.id, deletion).await.map_err(own_password::of_field)
}

async fn render_deletion(app: &App, caller: &Caller, room: InRoom, filled: &Filled) -> Result<Response> {
    let before = BeforeDeletion::of(app, room.id).await?;
    let room = Room::load(app, room.id).await?;
    let asked_by = before.request.iter().map(|request| &*request.asked_by);
    let others = before.hold.iter().map(|hold| &*hold.placed_by).chain(asked_by);
    let who = Who::load(app, &room.state.parties, others).await?;
    let is_own = before.request.as_ref().is_some_and(|request| request.asked_by == caller.user.email);
    let main = html! {
        section.form-page aria-labelledby="delete-title" {
            h2 id="delete-title" { "Delete “" (room.state.room.title) "”?" }
            // `force` is not named: a box has no place for its fault, so the summary shows it.
            (filled.summary(&["title", "reason", own_password::NAME]))
            @if let Some(hold) = &before.hold {
                (Subject::Room.render_hold(hold, &who))
            } @else {
                p {
                    "It leaves every list, and everybody finds it gone. Its log stays, for admins. "
                    @if before.takes_force() { (render_contents(&before)) }
                }
                @if before.takes_two { (Subject::Room.render_agreement(before.request.as_ref(), is_own, &who)) }
                @if !is_own { (render_form(&room, &before, filled, &own_password::field(app, caller, filled))) }
            }
            @if before.hold.is_some() || is_own {
                p.actions {
                    a.button.secondary href=(room.path("")) { "Back to the room" }
                    @if before.hold.is_some() { a href=(room.path("/holds")) { "Holds on this room" } }
                }
            }
        }
    };
    Ok(room.page_apart(caller, "Delete the room", &main).status(filled.status()).into_response())
}

fn render_contents(before: &BeforeDeletion) -> Markup {
    html! {
        "In it: " (count(before.snapshots, "snapshot")) " and " (count(before.papers, "paper")) ". Snapshots are deleted for \
        good; papers are kept, as the rules ask, but nobody sees them any more."
    }
}

fn render_form(room: &Room, before: &BeforeDeletion, filled: &Filled, own_password: &Markup) -> Markup {
    let title = &room.state.room.title;
    let reason = if before.takes_force() { Field::required("reason", "Why") } else { Field::line("reason", "Why") };
    let is_second = before.request.is_some();
    html! {
        form method="post" action=(room.path("/delete")) {
            (Field::required("title", "Title of the room").hint(&format!("To confirm, type: {title}")).input(filled))
            (reason.hint("The log keeps it.").area(filled))
            @if before.takes_force() {
                (tick(filled, "force", "Delete it with all that is in it", false))
            }
            (own_password)
            p.actions {
                button.danger type="submit" { (two_admins::button_words(before.takes_two, is_second)) }
                a.quiet href=(room.path("")) { "Cancel" }
            }
        }
    }
}
