//! Clearance: the approvals of each vessel by each party, whose approval is still needed, and what is outstanding.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use room::{
    Approval, ApprovalId, ApprovalStatus, Log, Party, Roles, Side, Vessel,
    clearance::{self, Clearance},
};

use crate::{
    app::App,
    db::{self, Page},
    domain::clearance::approvals,
    error::Result,
    http::{Access::May, Bounds, Caller, FromPairs, Given, InRoom, Kind, PageRoutes, Query},
    pages::{
        kit::{
            chip::{self, Tone, chip},
            paging::neighbours_of,
            portion::{Portion, within},
            show::{self, label},
        },
        room::{
            frame::{Room, Tab},
            outstanding,
        },
    },
    policy::Action::{ApprovalCreate, ApprovalList, ApprovalRevoke, VesselCreate},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/rooms/{room_id}/clearance", May(ApprovalList), show_matrix)
}

/// The largest table, in bytes: each party may have written a reason for each vessel.
const MOST_BYTES: usize = 1_000_000;

/// The action of entries that revoke an approval.
const REVOKED: &str = "approval_revoked";

/// Which parties are shown: by default all, if the room is not very large.
struct PartyQuery(Page);

impl PartyQuery {
    const LIMIT: Bounds = Bounds { least: 1, most: Some(100), default: Some(100) };
    const OFFSET: Bounds = Bounds { least: 0, most: None, default: Some(0) };
}

impl FromPairs for PartyQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        ("limit", Kind::Number(Self::LIMIT), "Parties at most"),
        ("offset", Kind::Number(Self::OFFSET), "Parties to pass over"),
    ];

    fn read(given: &mut Given) -> Self {
        Self(Page { limit: given.number("limit", Self::LIMIT), offset: given.number("offset", Self::OFFSET) })
    }
}

/// Somebody who has given an approval, or may give one: a row of the table.
struct Approver<'a> {
    email: &'a str,
    roles: Roles,
    /// The party. `None` if they left the room after they gave an approval.
    party: Option<&'a Party>,
    /// Those of their approvals that are pending because they were revoked.
    revoked: Vec<ApprovalId>,
}

/// Returns the approvals that are pending because they were revoked, not because a party is considering: the state has one
/// word for both, and the log tells which.
async fn revoked(app: &App, room: &Room) -> Result<Vec<ApprovalId>> {
    let pending = room.state.approvals.iter().filter(|approval| approval.status == ApprovalStatus::Pending);
    let pending: Vec<_> = pending.collect();
    if pending.is_empty() {
        return Ok(Vec::new());
    }
    let log = Log::Room(room.state.room.id);
    let replies = ["approval_given", "approval_changed", REVOKED];
    let entries = app.db.read(async |tx| db::activity::with_actions(tx, log, 0, &replies).await).await?;
    // The newest first: the last word about an approval is found first.
    let is_revoked = |approval: &Approval| {
        let last = entries.iter().find(|entry| entry.meta["approval_id"] == approval.id.to_string().as_str());
        last.is_some_and(|entry| entry.action == REVOKED)
    };
    Ok(pending.into_iter().filter(|approval| is_revoked(approval)).map(|approval| approval.id).collect())
}

/// Returns the parties that may give approvals, and then all others who have given one.
fn approvers<'a>(room: &'a Room, revoked: &[ApprovalId]) -> Vec<Approver<'a>> {
    let of = |email: &str| {
        let own = room.state.approvals.iter().filter(|approval| approval.party == email);
        own.map(|approval| approval.id).filter(|id| revoked.contains(id)).collect()
    };
    let has_approval = |email: &str| room.state.approvals.iter().any(|approval| approval.party == email);
    let may_approve = ApprovalCreate.roles();
    let parties = room.state.parties.iter();
    let may = |party: &Party| party.all_roles().iter().any(|role| may_approve.contains(&role));
    let parties = parties.filter(|party| may(party) || has_approval(&party.email));
    let mut approvers: Vec<_> = parties
        .map(|party| {
            let (email, roles) = (party.email.as_str(), party.all_roles());
            Approver { email, roles, party: Some(party), revoked: of(email) }
        })
        .collect();
    for approval in &room.state.approvals {
        // An approval outlives the party that gave it: it still counts, so it has to be seen.
        if approvers.iter().all(|approver| approver.email != approval.party) {
            let (email, roles) = (approval.party.as_str(), approval.role.into());
            approvers.push(Approver { email, roles, party: None, revoked: of(email) });
        }
    }
    approvers
}

/// Returns the approval of a vessel by somebody, revoked or not.
pub(super) fn approval_of<'a>(room: &'a Room, vessel: &Vessel, email: &str) -> Option<&'a Approval> {
    room.state.approvals.iter().find(|approval| approval.vessel == vessel.id && approval.party == email)
}

/// Returns whether a vessel belongs to the party's own side, which does not clear it.
pub(super) fn is_own(party: Option<&Party>, vessel: &Vessel) -> bool {
    party.is_some_and(|party| party.side.is_some() && party.side == vessel.details.role.side())
}

async fn show_matrix(
    app: App,
    caller: Caller,
    room: InRoom,
    Query(PartyQuery(part)): Query<PartyQuery>,
) -> Result<Response> {
    let room = Room::load(&app, room.id).await?;
    let clearances = clearance::of_vessels(&room.state);
    let revoked = revoked(&app, &room).await?;
    let main = html! {
        section aria-labelledby="clearance-title" {
            h2 id="clearance-title" { "Clearance" }
            p.hint {
                "A side clears the other side's vessel, not its own: one reply of an owner or a charterer there clears it. \
                 A vessel that any party declines is not cleared."
            }
            div id="clearances" data-live {
                @if clearances.is_empty() {
                    div.empty {
                        p { "There is nothing to clear yet: no discharging or receiving vessel is named." }
                        @if room.offers(&caller, VesselCreate) { p { a.button href=(room.path("/vessels")) { "Name a vessel" } } }
                    }
                } @else {
                    (render_matrix(&room, &caller, (&clearances, &revoked), part))
                }
            }
        }
        section aria-labelledby="outstanding" { div id="clearance-gate" data-live { (outstanding::render(&room)) } }
    };
    Ok(room.page(&caller, Tab::Clearance, &main).into_response())
}

fn render_matrix(
    room: &Room,
    caller: &Caller,
    (clearances, revoked): (&[Clearance<'_>], &[ApprovalId]),
    part: Page,
) -> Markup {
    let approvers = approvers(room, revoked);
    let total = i64::try_from(approvers.len()).unwrap_or(i64::MAX);
    let [limit, offset] = [part.limit, part.offset].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let rows = approvers.iter().skip(offset).take(limit).map(|approver| render_row(room, caller, clearances, approver));
    let Portion { markup, shown, left_out } = within(MOST_BYTES, rows);
    let shown = if left_out > 0 { i64::try_from(shown).unwrap_or(i64::MAX) } else { part.limit };
    html! {
        table.list.matrix.prose {
            thead {
                tr {
                    th scope="col" { "Party" }
                    @for clearance in clearances { th scope="col" { (clearance.vessel.details.name) } }
                }
            }
            tbody {
                tr.current {
                    th scope="row" { "Where it stands" }
                    @for clearance in clearances { (render_clearance(room, clearance)) }
                }
                (markup)
            }
        }
        (neighbours_of(&room.path("/clearance"), "", (part, shown), total))
    }
}

/// Returns whether a vessel is cleared, and whose approval is still needed.
fn render_clearance(room: &Room, clearance: &Clearance<'_>) -> Markup {
    let Clearance { vessel, by, open, rejection, is_cleared, .. } = clearance;
    let open: Vec<_> = open.iter().map(|party| party.name.as_str()).collect();
    html! {
        td id={ "vessel-" (vessel.id) } data-label=(vessel.details.name) {
            div.cell {
                @if *is_cleared {
                    (chip(Tone::Good, "Cleared"))
                // A rejection weighs more than approvals: `is_cleared` is false while there is one.
                } @else if let Some(rejection) = rejection {
                    (chip(Tone::Bad, "Declined")) " by " (name_of(room, &rejection.party))
                } @else {
                    (chip(Tone::Wait, "Not cleared"))
                }
                div.hint {
                    (label(vessel.details.role.word())) "; the " (by.word()) " side clears it. "
                    @if !open.is_empty() { "Awaiting reply from " (open.join(", ")) "." }
                }
            }
        }
    }
}

/// Returns the name of a party, or the address of somebody who has left the room.
pub(super) fn name_of<'a>(room: &'a Room, email: &'a str) -> &'a str {
    room.state.parties.iter().find(|party| party.email == email).map_or(email, |party| &party.name)
}

fn render_row(room: &Room, caller: &Caller, clearances: &[Clearance<'_>], approver: &Approver<'_>) -> Markup {
    let is_me = approver.email == caller.user.email;
    let side = approver.party.and_then(|party| party.side).map(Side::word);
    html! {
        tr {
            th scope="row" {
                (name_of(room, approver.email)) @if is_me { " (you)" }
                div.hint {
                    (show::roles(approver.roles))
                    @match (side, approver.party) {
                        (Some(side), _) => { ", " (side) " side" },
                        (None, None) => { ", no longer a party" },
                        _ => {},
                    }
                }
            }
            @for clearance in clearances {
                td data-label=(clearance.vessel.details.name) { div.cell { (render_cell(room, caller, clearance, approver)) } }
            }
        }
    }
}

fn render_cell(room: &Room, caller: &Caller, clearance: &Clearance<'_>, approver: &Approver<'_>) -> Markup {
    let vessel = clearance.vessel;
    let approval = approval_of(room, vessel, approver.email);
    // A revoked approval stays as a row with the status `pending`.
    let standing = approval.filter(|approval| approval.status != ApprovalStatus::Pending);
    let is_own = is_own(approver.party, vessel);
    let is_needed = clearance.open.iter().any(|party| party.email == approver.email);
    html! {
        @if let Some(approval) = standing {
            (chip::approval(approval.status)) " " span.hint { (show::time(approval.decided_at)) }
            @if let Some(comment) = &approval.comment { p.comment { (comment) } }
            // The side that was given with the approval counts, not the one that the party has today.
            @if approval.side == Some(clearance.by.other()) { p.hint { "Given for the vessel's own side: it does not count." } }
            @if is_needed { p.hint { "Given before they had a side: to be given again for it." } }
        } @else if is_own {
            span.hint { "Their own side's vessel" }
        } @else if is_needed {
            (chip(Tone::Wait, "Awaiting reply"))
            @if let Some(approval) = approval {
                @let words = if approver.revoked.contains(&approval.id) { "revoked " } else { "considering since " };
                " " span.hint { (words) (show::time(approval.decided_at)) }
            }
        } @else {
            (show::or_dash(None))
        }
        @let me = caller.user.email.as_str();
        @let may_approve = approver.email == me && !is_own && room.offers(caller, ApprovalCreate);
        @let revoked = standing.filter(|approval| may_revoke(room, caller, approval));
        @if may_approve || revoked.is_some() {
            div.cell-actions {
                @if may_approve { (render_own_approval(room, vessel, standing.is_some(), is_needed)) }
                @if let Some(approval) = revoked {
                    a href=(room.path(&format!("/approvals/{}/revoke", approval.id)))
                        aria-label={ "Revoke the reply of " (name_of(room, approver.email)) " on " (vessel.details.name) } { "Revoke" }
                }
            }
        }
    }
}

fn may_revoke(room: &Room, caller: &Caller, approval: &Approval) -> bool {
    let may_in = |role| approvals::may_revoke(approval, &caller.user.email, role);
    room.offers(caller, ApprovalRevoke) && caller.roles.iter().any(may_in)
}

/// Returns what leads to the caller's own approval: a button that clears at once if it is needed, or else a link to the
/// form.
fn render_own_approval(room: &Room, vessel: &Vessel, has_approval: bool, is_needed: bool) -> Markup {
    let name = &vessel.details.name;
    let path = room.path(&format!("/clearance/{}", vessel.id));
    html! {
        @if has_approval {
            a href=(path) aria-label={ "Change your reply on " (name) } { "Change" }
        } @else if is_needed {
            form method="post" action=(path) {
                button type="submit" name="word" value="clear" aria-label={ "Clear " (name) } { "Clear" }
            }
            a href=(path) aria-label={ "On subjects, or decline: " (name) } { "On subjects, or decline" }
        } @else {
            a href=(path) aria-label={ "Reply on " (name) } { "Reply" }
        }
    }
}
