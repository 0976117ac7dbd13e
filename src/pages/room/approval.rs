//! The caller's approval of a vessel: the forms that clear it, with or without subjects, or reject it; and the form
//! that revokes an approval.

use axum::response::{IntoResponse, Response};
use maud::html;
use room::{ApprovalId, ApprovalStatus, Vessel, VesselId};

use super::clearance::{approval_of, is_own, name_of};
use crate::{
    app::App,
    domain::clearance::approvals::{self, ClearanceUpdate, NewClearance, Revocation},
    error::{Error, Result},
    http::{Access::May, Caller, Form, Id, InRoom, PageRoutes},
    pages::{
        kit::{
            chip,
            field::{Field, Filled, seen},
            show,
            submit::submit,
        },
        room::frame::{Room, Tab},
    },
    policy::Action::{ApprovalCreate, ApprovalRevoke},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/{room_id}/clearance/{vessel_id}", May(ApprovalCreate), show_approval)
        .post("/rooms/{room_id}/clearance/{vessel_id}", May(ApprovalCreate), submit_approval)
        .get("/rooms/{room_id}/approvals/{approval_id}/revoke", May(ApprovalRevoke), show_revocation)
        .post("/rooms/{room_id}/approvals/{approval_id}/revoke", May(ApprovalRevoke), submit_revocation)
}

fn find_vessel(room: &Room, id: VesselId) -> Result<&Vessel> {
    room.state.vessel(id).ok_or(Error::NotFound("vessel"))
}

async fn show_approval(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>) -> Result<Response> {
    render_approval(&Room::load(&app, room.id).await?, &caller, id, &Filled::default())
}

async fn submit_approval(app: App, caller: Caller, room: InRoom, Id(id): Id<VesselId>, form: Form) -> Result<Response> {
    let approve = async |form: &Form| {
        give_or_change(&app, &caller, room, id, form).await?;
        Ok(format!("/rooms/{}/clearance", room.id))
    };
    submit(form, approve, async |filled| render_approval(&Room::load(&app, room.id).await?, &caller, id, &filled)).await
}

/// Gives the caller's approval of a vessel, or changes the one that is there.
async fn give_or_change(app: &App, caller: &Caller, room: InRoom, id: VesselId, form: &Form) -> Result<()> {
    let text = |name: &str| Some(form.line(name)).filter(|text| !text.trim().is_empty());
    let (subjects, reason) = (text("subjects"), text("reason"));
    let status = match form.text("word") {
        Some("clear") if subjects.is_some() => ApprovalStatus::ApprovedWithSubjects,
        Some("clear") => ApprovalStatus::Approved,
        Some("reject") => ApprovalStatus::Rejected,
        _ => return Err(Error::field("word", "is missing: clear the vessel, or decline it")),
    };
    let state = Room::load(app, room.id).await?;
    // There is one approval for each party and vessel, revoked ones included: a second would be refused.
    if let Some(before) = approval_of(&state, find_vessel(&state, id)?, &caller.user.email) {
        let update = ClearanceUpdate { status, subjects, reason };
        return approvals::update(app, &caller.actor(), room.id, before.id, (update, form.seen())).await.map(drop);
    }
    let new = NewClearance { vessel_id: id, status, subjects, reason };
    approvals::give(app, &caller.actor(), room.id, new, form.once()).await.map(drop)
}

fn render_approval(room: &Room, caller: &Caller, id: VesselId, filled: &Filled) -> Result<Response> {
    let vessel = find_vessel(room, id)?;
    let name = &vessel.details.name;
    // A revoked approval has the status `pending`, and fills in nothing.
    let present = approval_of(room, vessel, &caller.user.email);
    let own = present.filter(|own| own.status != ApprovalStatus::Pending);
    let seen = seen(&approvals::tag(present));
    let me = room.state.parties.iter().find(|party| party.email == caller.user.email);
    let path = room.path(&format!("/clearance/{id}"));
    let subjects = own.filter(|own| own.status == ApprovalStatus::ApprovedWithSubjects);
    let reason = own.filter(|own| own.status == ApprovalStatus::Rejected);
    let main = html! {
        section.form-page aria-labelledby="reply-title" {
            h2 id="reply-title" { "Your reply on " a href=(room.path(&format!("/vessels/{id}"))) { (name) } }
            (filled.summary(&["subjects", "reason"]))
            @if is_own(me, vessel) {
                p { "It is your own side's vessel: the other side clears it." }
            } @else {
                @if let Some(own) = own {
                    p { "You replied: " (chip::approval(own.status)) " " (show::time(own.decided_at)) ". A later reply takes its place." }
                }
                div.halves {
                    form.card method="post" action=(path) {
                        h3 { "Clear it" }
                        input type="hidden" name="word" value="clear";
                        (filled.once())
                        (seen)
                        (Field::line("subjects", "Subjects").hint("What has to come true first. Left blank, it is cleared as it is.")
                            .value(subjects.and_then(|own| own.comment.as_deref())).area(filled))
                        p.actions { button type="submit" { "Clear " (name) } }
                    }
                    form.card method="post" action=(path) {
                        h3 { "Decline it" }
                        input type="hidden" name="word" value="reject";
                        (filled.once())
                        (seen)
                        (Field::required("reason", "Why").hint("Every party reads it, and the operation waits.")
                            .value(reason.and_then(|own| own.comment.as_deref())).area(filled))
                        p.actions { button.danger type="submit" { "Decline " (name) } }
                    }
                }
            }
            p.actions { a.quiet href=(room.path("/clearance")) { "Back to the clearances" } }
        }
    };
    Ok(room.page(caller, Tab::Clearance, &main).status(filled.status()).into_response())
}

async fn show_revocation(app: App, caller: Caller, room: InRoom, Id(id): Id<ApprovalId>) -> Result<Response> {
    render_revocation(&Room::load(&app, room.id).await?, &caller, id, &Filled::default())
}

async fn submit_revocation(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<ApprovalId>,
    form: Form,
) -> Result<Response> {
    let revoke = async |form: &Form| {
        let revocation = (form.read::<Revocation>()?, form.seen());
        approvals::revoke(&app, &caller.actor(), room.id, id, revocation, form.once()).await?;
        Ok(format!("/rooms/{}/clearance", room.id))
    };
    let show_again = async |filled| render_revocation(&Room::load(&app, room.id).await?, &caller, id, &filled);
    submit(form, revoke, show_again).await
}

fn render_revocation(room: &Room, caller: &Caller, id: ApprovalId, filled: &Filled) -> Result<Response> {
    let approval = room.state.approvals.iter().find(|approval| approval.id == id).ok_or(Error::NotFound("approval"))?;
    let vessel = find_vessel(room, approval.vessel)?;
    let main = html! {
        section.narrow aria-labelledby="revoke-title" {
            h2 id="revoke-title" { "Revoke the reply of " (name_of(room, &approval.party)) "?" }
            p { "On " strong { (vessel.details.name) } ": " (chip::approval(approval.status)) " " (show::time(approval.decided_at)) }
            @if let Some(comment) = &approval.comment { p.comment { (comment) } }
            p {
                "It counts no longer, as if they had not replied yet. The log keeps it."
            }
            (filled.summary(&["reason"]))
            form method="post" action=(room.path(&format!("/approvals/{id}/revoke"))) {
                (filled.once())
                (seen(&approvals::tag(Some(approval))))
                (Field::required("reason", "Why").first().hint("Every party reads it in the log.").area(filled))
                p.actions {
                    button.danger type="submit" { "Revoke it" }
                    a.quiet href=(room.path("/clearance")) { "Cancel" }
                }
            }
        }
    };
    Ok(room.page(caller, Tab::Clearance, &main).status(filled.status()).into_response())
}
