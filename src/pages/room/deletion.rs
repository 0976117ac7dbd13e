//! The deletion of a snapshot: what follows from it, who has to agree, and the title to be typed as a confirmation.

use axum::response::{IntoResponse, Response};
use maud::html;
use room::{RoomId, SnapshotId};

use super::two_admins::{self, Subject};
use crate::{
    app::App,
    domain::{
        accounts::two_people::Outcome,
        snapshots::{self, Deletion},
    },
    error::{Error, Result},
    http::{Access::May, Caller, Form, Id, InRoom, PageRoutes},
    pages::{
        kit::{
            field::{Field, Filled},
            submit::submit,
            who::Who,
        },
        own_password,
        room::frame::{Room, Tab},
    },
    policy::Action::SnapshotDelete,
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/rooms/{room_id}/snapshots/{snapshot_id}/delete", May(SnapshotDelete), show_deletion).post(
        "/rooms/{room_id}/snapshots/{snapshot_id}/delete",
        May(SnapshotDelete),
        submit_deletion,
    )
}

async fn show_deletion(app: App, caller: Caller, room: InRoom, Id(id): Id<SnapshotId>) -> Result<Response> {
    render_deletion(&app, &caller, room.id, id, &Filled::default()).await
}

async fn submit_deletion(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<SnapshotId>,
    form: Form,
) -> Result<Response> {
    let title = Deletion::of(&app, room.id, id).await?.snapshot.title;
    let delete = async |form: &Form| {
        // The title before the password: a slip in the title must not use up an attempt at the password.
        if form.line("title").trim() != title {
            return Err(Error::field("title", "is another one: type it exactly as it is"));
        }
        own_password::take(&app, &caller, form).await?;
        let outcome = snapshots::delete(&app, &caller.actor(), room.id, id).await.map_err(own_password::of_field)?;
        let path = format!("/rooms/{}/snapshots", room.id);
        Ok(match outcome {
            Outcome::Done(()) => path,
            Outcome::Asked(_) => format!("{path}/{id}/delete"),
        })
    };
    submit(form, delete, async |filled| render_deletion(&app, &caller, room.id, id, &filled).await).await
}

async fn render_deletion(
    app: &App,
    caller: &Caller,
    room: RoomId,
    id: SnapshotId,
    filled: &Filled,
) -> Result<Response> {
    let deletion = Deletion::of(app, room, id).await?;
    let room = Room::load(app, room).await?;
    let Deletion { snapshot, hold, takes_two, request } = deletion;
    let others = hold.iter().map(|hold| &*hold.placed_by).chain(request.iter().map(|request| &*request.asked_by));
    let who = Who::load(app, &room.state.parties, others).await?;
    let path = room.path(&format!("/snapshots/{id}"));
    let is_own = request.as_ref().is_some_and(|request| request.asked_by == caller.user.email);
    let main = html! {
        section.narrow aria-labelledby="delete-title" {
            h2 id="delete-title" { "Delete “" (snapshot.title) "”?" }
            @if let Some(hold) = &hold {
                (Subject::Snapshot.render_hold(hold, &who))
                p.actions { a.button.secondary href=(path) { "Back to the snapshot" } }
            } @else {
                p { "Its file and its record are gone for good, and nobody can draw it again. The log keeps that it was \
                     taken, its hashes, and who deleted it." }
                @if takes_two { (Subject::Snapshot.render_agreement(request.as_ref(), is_own, &who)) }
                // The first of the two admins can only wait: the form is for the second.
                @if is_own {
                    p.actions { a.button.secondary href=(path) { "Back to the snapshot" } }
                } @else {
                    (filled.summary(&["title", own_password::NAME]))
                    form method="post" action={ (path) "/delete" } {
                        (Field::required("title", "Title of the snapshot").first()
                            .hint(&format!("To confirm, type: {}", snapshot.title)).input(filled))
                        (own_password::field(app, caller, filled))
                        p.actions {
                            button.danger type="submit" { (two_admins::button_words(takes_two, request.is_some())) }
                            a.quiet href=(path) { "Cancel" }
                        }
                    }
                }
            }
        }
    };
    Ok(room.page(caller, Tab::Snapshots, &main).status(filled.status()).into_response())
}
