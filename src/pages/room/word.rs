//! One's word on a vessel: to clear it, with subjects or without, or to reject it; and to revoke a word.

use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use room::{ApprovalId, ApprovalStatus, Vessel, VesselId};

use super::clearance::{is_own, name_of, word};
use crate::{
    app::App,
    domain::clearance::approvals::{self, ClearanceUpdate, NewClearance, Revocation},
    error::{Error, Result},
    http::{Access::May, Caller, Form, Id, InRoom, PageRoutes},
    pages::{
        kit::{
            chip,
            field::{Field, Filled},
            show,
        },
        room::frame::{Room, Tab},
    },
    policy::Action::{ApprovalCreate, ApprovalRevoke},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/{room_id}/clearance/{vessel_id}", May(ApprovalCreate), ask)
        .post("/rooms/{room_id}/clearance/{vessel_id}", May(ApprovalCreate), say)
        .get("/rooms/{room_id}/approvals/{approval_id}/revoke", May(ApprovalRevoke), confirm)
        .post("/rooms/{room_id}/approvals/{approval_id}/revoke", May(ApprovalRevoke), revoke)
}

fn found(room: &Room, id: VesselId) -> Result<&Vessel> {
    room.state.vessel(id).ok_or(Error::NotFound("vessel"))
}

async fn ask(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>) -> Result<Response> {
    asked(&Room::load(&app, room.id).await?, &caller, id, &Filled::default())
}

async fn say(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>, form: Form) -> Result<Response> {
    match said(&app, &caller, room, id, &form).await {
        Ok(()) => Ok(Redirect::to(&format!("/rooms/{}/clearance", room.id)).into_response()),
        Err(refused) => asked(&Room::load(&app, room.id).await?, &caller, id, &Filled::again(form, refused)?),
    }
}

/// Says the caller's word, or changes it.
async fn said(app: &App, caller: &Caller, room: InRoom, id: VesselId, form: &Form) -> Result<()> {
    let text = |name: &str| Some(form.line(name)).filter(|text| !text.trim().is_empty());
    let (subjects, reason) = (text("subjects"), text("reason"));
    let status = match form.text("word") {
        Some("clear") if subjects.is_some() => ApprovalStatus::ApprovedWithSubjects,
        Some("clear") => ApprovalStatus::Approved,
        Some("reject") => ApprovalStatus::Rejected,
        _ => return Err(Error::field("word", "is missing: clear the vessel, or reject it")),
    };
    let state = Room::load(app, room.id).await?;
    if let Some(before) = word(&state, found(&state, id)?, &caller.user.email) {
        let update = ClearanceUpdate { status, subjects, reason };
        return approvals::update(app, &caller.actor(), room.id, before.id, update).await.map(drop);
    }
    let new = NewClearance { vessel_id: id, status, subjects, reason };
    approvals::give(app, &caller.actor(), room.id, new).await.map(drop)
}

fn asked(room: &Room, caller: &Caller, id: VesselId, filled: &Filled) -> Result<Response> {
    let vessel = found(room, id)?;
    let name = &vessel.details.name;
    let said = word(room, vessel, &caller.user.email).filter(|said| said.status != ApprovalStatus::Pending);
    let me = room.state.parties.iter().find(|party| party.email == caller.user.email);
    let path = room.path(&format!("/clearance/{id}"));
    let subjects = said.filter(|said| said.status == ApprovalStatus::ApprovedWithSubjects);
    let reason = said.filter(|said| said.status == ApprovalStatus::Rejected);
    let main = html! {
        section.form-page aria-labelledby="word-title" {
            h2 id="word-title" { "Your word on " a href=(room.path(&format!("/vessels/{id}"))) { (name) } }
            (filled.summary(&["subjects", "reason"]))
            @if is_own(me, vessel) {
                p { "It is your own side's vessel: the other side clears it." }
            } @else {
                @if let Some(said) = said {
                    p { "You said: " (chip::approval(said.status)) " " (show::time(said.decided_at)) ". A later word takes its place." }
                }
                div.halves {
                    form.card method="post" action=(path) {
                        h3 { "Clear it" }
                        input type="hidden" name="word" value="clear";
                        (Field::line("subjects", "Subjects").hint("What has to come true first. Left blank, it is cleared as it is.")
                            .value(subjects.and_then(|said| said.comment.as_deref())).area(filled))
                        p.actions { button type="submit" { "Clear " (name) } }
                    }
                    form.card method="post" action=(path) {
                        h3 { "Reject it" }
                        input type="hidden" name="word" value="reject";
                        (Field::required("reason", "Why").hint("Every party reads it, and the operation waits.")
                            .value(reason.and_then(|said| said.comment.as_deref())).area(filled))
                        p.actions { button.danger type="submit" { "Reject " (name) } }
                    }
                }
            }
            p.actions { a.quiet href=(room.path("/clearance")) { "Back to the clearances" } }
        }
    };
    Ok(room.page(caller, Tab::Clearance, &main).status(filled.status()).into_response())
}

async fn confirm(app: App, caller: Caller, room: InRoom, Id(id): Id<ApprovalId>) -> Result<Response> {
    revoking(&Room::load(&app, room.id).await?, &caller, id, &Filled::default())
}

async fn revoke(app: App, caller: Caller, room: InRoom, Id(id): Id<ApprovalId>, form: Form) -> Result<Response> {
    let revoked = match form.read::<Revocation>() {
        Ok(asked) => approvals::revoke(&app, &caller.actor(), room.id, id, asked).await,
        Err(refused) => Err(refused),
    };
    match revoked {
        Ok(_) => Ok(Redirect::to(&format!("/rooms/{}/clearance", room.id)).into_response()),
        Err(refused) => revoking(&Room::load(&app, room.id).await?, &caller, id, &Filled::again(form, refused)?),
    }
}

fn revoking(room: &Room, caller: &Caller, id: ApprovalId, filled: &Filled) -> Result<Response> {
    let approval = room.state.approvals.iter().find(|approval| approval.id == id).ok_or(Error::NotFound("approval"))?;
    let vessel = found(room, approval.vessel)?;
    let main = html! {
        section.narrow aria-labelledby="revoke-title" {
            h2 id="revoke-title" { "Revoke the word of " (name_of(room, &approval.party)) "?" }
            p { "On " strong { (vessel.details.name) } ": " (chip::approval(approval.status)) " " (show::time(approval.decided_at)) }
            @if let Some(comment) = &approval.comment { p.comment { (comment) } }
            p {
                "It counts no longer, as if they had not spoken yet. The log keeps what was said."
            }
            (filled.summary(&["reason"]))
            form method="post" action=(room.path(&format!("/approvals/{id}/revoke"))) {
                (Field::required("reason", "Why").hint("Every party reads it in the log.").area(filled))
                p.actions {
                    button.danger type="submit" { "Revoke it" }
                    a.quiet href=(room.path("/clearance")) { "Cancel" }
                }
            }
        }
    };
    Ok(room.page(caller, Tab::Clearance, &main).status(filled.status()).into_response())
}
