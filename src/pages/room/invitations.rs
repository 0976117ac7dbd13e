//! How far each party is on the way into the room, for who manages parties: invited, joined, last seen, or bounced; with
//! the forms that invite, hand over and withdraw.

use axum::{
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use room::{Party, PartyId, RoomId, Time};

use crate::{
    app::App,
    domain::{
        accounts::links::Way,
        mail::outbox,
        rooms::invitations::{self, Stage},
    },
    error::{Error, Result},
    http::{Access::May, Caller, Form, Id, InRoom, PageRoutes},
    pages::{
        kit::{
            chip::{Tone, chip},
            link::render_handed,
            show,
        },
        room::frame::{Room, Tab},
    },
    policy::Action::RoomManageParties,
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/{room_id}/parties/{party_id}/invitation", May(RoomManageParties), show_invitation)
        .post("/rooms/{room_id}/parties/{party_id}/invitation", May(RoomManageParties), submit_invitation)
        .post("/rooms/{room_id}/parties/{party_id}/invitation/withdraw", May(RoomManageParties), submit_withdrawal)
}

/// Returns a stage as a chip, with what is to be known of it.
pub(super) fn render_stage(stage: &Stage, now: Time) -> Markup {
    html! {
        @match stage {
            Stage::Joined(Some(seen)) => { (chip(Tone::Good, "Joined")) " seen " (show::away(*seen, now)) }
            Stage::Joined(None) => (chip(Tone::Good, "Joined")),
            Stage::NotInvited => (chip(Tone::Warn, "Not invited")),
            Stage::Waiting(None) => (chip(Tone::Wait, "Invitation on its way")),
            Stage::Waiting(Some(why)) => { (chip(Tone::Warn, "Invitation waits")) " " span.hint { (why) } }
            Stage::Invited(at) => { (chip(Tone::Wait, "Invited")) " " (show::away(*at, now)) }
            Stage::Bounced(why) => { (chip(Tone::Bad, "Bounced")) " " span.hint { (why) } }
            Stage::HandedOver(until) => { (chip(Tone::Wait, "Link handed over")) " until " (show::time(*until)) }
            Stage::Expired(at) => { (chip(Tone::Warn, "Invitation over")) " " (show::away(*at, now)) }
            Stage::Withdrawn(_) => (chip(Tone::Quiet, "Withdrawn")),
        }
    }
}

async fn find(app: &App, room: RoomId, id: PartyId) -> Result<(Room, Party, Stage)> {
    let loaded = Room::load(app, room).await?;
    let party = loaded.state.parties.iter().find(|party| party.id == id).cloned().ok_or(Error::NotFound("party"))?;
    let stage = invitations::stages(app, room, std::slice::from_ref(&party)).await?.pop();
    Ok((loaded, party, stage.unwrap_or(Stage::NotInvited)))
}

async fn show_invitation(app: App, caller: Caller, room: InRoom, Id(id): Id<PartyId>) -> Result<Response> {
    let (room, party, stage) = find(&app, room.id, id).await?;
    let path = room.path(&format!("/parties/{id}/invitation"));
    let main = html! {
        section.narrow aria-labelledby="invitation-title" {
            h2 id="invitation-title" { "Invite " (party.name) }
            p { (party.email) " " (render_stage(&stage, app.now())) }
            @if matches!(stage, Stage::Joined(_)) {
                p { "They have an account, and sign in with it." }
            } @else if !invitations::may_invite(&app, &caller.actor()) {
                p.notice { "Only an admin invites people to rooms here, as the setting " code { "invitations_by" } " says. Ask one." }
            } @else {
                p { "By the link they choose a password and are in this room, with the role that they have here and no other. It works once, and holds for two weeks." }
                @if !outbox::is_open(&app) { p.notice { "This server sends no mail: hand the link over." } }
                form method="post" action=(path) {
                    p.actions {
                        @if outbox::is_open(&app) {
                            button type="submit" name="by" value="mail" { @if stage.is_open() { "Send again" } @else { "Send the invitation" } }
                        }
                        button.secondary type="submit" name="by" value="hand" { "Show a link to hand over" }
                    }
                }
            }
            @if stage.is_open() {
                form method="post" action={ (path) "/withdraw" } {
                    p.actions { button.danger type="submit" { "Withdraw the invitation" } }
                }
            }
            p.actions { a.quiet href=(room.path("/parties")) { "Back to the parties" } }
        }
    };
    Ok(room.page(&caller, Tab::Parties, &main).into_response())
}

async fn submit_invitation(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<PartyId>,
    headers: HeaderMap,
    form: Form,
) -> Result<Response> {
    let way = if form.text("by") == Some("mail") { Way::Mail } else { Way::Hand };
    let Some(handed) = invitations::invite(&app, &caller.actor(), room.id, id, way).await? else {
        return Ok(Redirect::to(&format!("/rooms/{}/parties", room.id)).into_response());
    };
    let (room, party, _) = find(&app, room.id, id).await?;
    let main = html! {
        section.narrow aria-labelledby="handed-title" {
            h2 id="handed-title" { "A link for " (party.name) }
            (render_handed(&app, &headers, &handed, &party.email))
            p.actions { a.button href=(room.path("/parties")) { "Done" } }
        }
    };
    Ok(room.page(&caller, Tab::Parties, &main).into_response())
}

async fn submit_withdrawal(app: App, caller: Caller, room: InRoom, Id(id): Id<PartyId>) -> Result<Redirect> {
    invitations::withdraw(&app, &caller.actor(), room.id, id).await?;
    Ok(Redirect::to(&format!("/rooms/{}/parties", room.id)))
}
