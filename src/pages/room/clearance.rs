//! Clearance: what each party says of each vessel, who has still to speak, and what that keeps from going on.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use room::{
    Approval, ApprovalStatus, Party, Role, Side, Vessel,
    clearance::{self, Clearance},
};

use crate::{
    app::App,
    db::Page,
    domain::clearance::approvals,
    error::Result,
    http::{Access::May, Bounds, Caller, FromPairs, Given, InRoom, Kind, PageRoutes, Query},
    pages::{
        kit::{
            chip::{self, Tone, chip},
            paging::neighbours_of,
            portion::{Portion, within},
            show::{self, count, label},
            way,
        },
        room::frame::{Room, Tab},
    },
    policy::Action::{ApprovalCreate, ApprovalList, ApprovalRevoke, VesselCreate},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/rooms/{room_id}/clearance", May(ApprovalList), matrix)
}

/// The largest table, in bytes: each party may have written a reason for each vessel.
const MOST_BYTES: usize = 1_000_000;

/// Which parties are shown: all of a room that is not very large.
struct Part(Page);

impl Part {
    const LIMIT: Bounds = Bounds { least: 1, most: Some(100), default: Some(100) };
    const OFFSET: Bounds = Bounds { least: 0, most: None, default: Some(0) };
}

impl FromPairs for Part {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        ("limit", Kind::Number(Self::LIMIT), "Parties at most"),
        ("offset", Kind::Number(Self::OFFSET), "Parties to pass over"),
    ];

    fn read(given: &mut Given) -> Self {
        Self(Page { limit: given.number("limit", Self::LIMIT), offset: given.number("offset", Self::OFFSET) })
    }
}

/// Somebody whose word on a vessel is there, or may come.
struct Speaker<'a> {
    email: &'a str,
    role: Role,
    /// Who still takes part.
    party: Option<&'a Party>,
}

/// The parties that may speak of a vessel, and others that have, in the order of the parties.
fn speakers(room: &Room) -> Vec<Speaker<'_>> {
    let has_spoken = |email: &str| room.state.approvals.iter().any(|approval| approval.party == email);
    let may_speak = ApprovalCreate.roles();
    let parties = room.state.parties.iter();
    let parties = parties.filter(|party| may_speak.contains(&party.role) || has_spoken(&party.email));
    let mut speakers: Vec<_> =
        parties.map(|party| Speaker { email: party.email.as_str(), role: party.role, party: Some(party) }).collect();
    for approval in &room.state.approvals {
        if speakers.iter().all(|speaker| speaker.email != approval.party) {
            speakers.push(Speaker { email: approval.party.as_str(), role: approval.role, party: None });
        }
    }
    speakers
}

/// The word of somebody on a vessel.
pub(super) fn word<'a>(room: &'a Room, vessel: &Vessel, email: &str) -> Option<&'a Approval> {
    room.state.approvals.iter().find(|approval| approval.vessel == vessel.id && approval.party == email)
}

/// Whether a vessel is of a party's own side, which does not clear it.
pub(super) fn is_own(party: Option<&Party>, vessel: &Vessel) -> bool {
    party.is_some_and(|party| party.side.is_some() && party.side == vessel.details.role.side())
}

async fn matrix(app: App, caller: Caller, room: InRoom, Query(Part(part)): Query<Part>) -> Result<Response> {
    let room = Room::load(&app, room.id).await?;
    let clearances = clearance::of_vessels(&room.state);
    let main = html! {
        section aria-labelledby="clearance-title" {
            h2 id="clearance-title" { "Clearance" }
            p.hint {
                "A side clears the other side's vessel, not its own: one word of an owner or a charterer there clears it. \
                 A rejection stands in the way, whoever says it."
            }
            div id="clearances" data-live {
                @if clearances.is_empty() {
                    div.empty {
                        p { "There is nothing to clear yet: no discharging or receiving vessel is named." }
                        @if room.offers(&caller, VesselCreate) { p { a.button href=(room.path("/vessels")) { "Name a vessel" } } }
                    }
                } @else {
                    (table(&room, &caller, &clearances, part))
                }
            }
        }
        section aria-labelledby="in-the-way" { div id="clearance-gate" data-live { (gate(&room)) } }
    };
    Ok(room.page(&caller, Tab::Clearance, &main).into_response())
}

/// What keeps the operation from its next phase.
fn gate(room: &Room) -> Markup {
    html! {
        @if let Some(next) = room.standing.next_phase {
            @let blockers = &room.standing.blockers;
            h2 id="in-the-way" { "In the way of " (label(next.word())) }
            @if blockers.is_empty() {
                p { (chip(Tone::Good, "Nothing")) }
            } @else {
                p.hint { (count(blockers.len(), "thing")) ", the vessels first, then documents by how much hangs on them." }
                (way::blockers(room.state.room.id, blockers))
            }
        } @else {
            h2 id="in-the-way" { "The room is closed" }
        }
    }
}

fn table(room: &Room, caller: &Caller, clearances: &[Clearance<'_>], part: Page) -> Markup {
    let speakers = speakers(room);
    let total = i64::try_from(speakers.len()).unwrap_or(i64::MAX);
    let [limit, offset] = [part.limit, part.offset].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let rows = speakers.iter().skip(offset).take(limit).map(|speaker| row(room, caller, clearances, speaker));
    let Portion { markup, shown, left_out } = within(MOST_BYTES, rows);
    let shown = if left_out > 0 { i64::try_from(shown).unwrap_or(i64::MAX) } else { part.limit };
    html! {
        table.list.matrix {
            thead {
                tr {
                    th scope="col" { "Party" }
                    @for clearance in clearances { th scope="col" { (clearance.vessel.details.name) } }
                }
            }
            tbody {
                tr.current {
                    th scope="row" { "Where it stands" }
                    @for clearance in clearances { (standing(room, clearance)) }
                }
                (markup)
            }
        }
        (neighbours_of(&room.path("/clearance"), "", (part, shown), total))
    }
}

/// Whether a vessel is cleared, and who has still to speak.
fn standing(room: &Room, clearance: &Clearance<'_>) -> Markup {
    let Clearance { vessel, by, open, rejection, is_cleared, .. } = clearance;
    let open: Vec<_> = open.iter().map(|party| party.name.as_str()).collect();
    html! {
        td id={ "vessel-" (vessel.id) } data-label=(vessel.details.name) {
            div.cell {
                @if *is_cleared {
                    (chip(Tone::Good, "Cleared"))
                } @else if let Some(rejection) = rejection {
                    (chip(Tone::Bad, "Rejected")) " by " (name_of(room, &rejection.party))
                } @else {
                    (chip(Tone::Wait, "Not cleared"))
                }
                div.hint {
                    (label(vessel.details.role.word())) "; the " (by.word()) " side clears it. "
                    @if !open.is_empty() { "Still to speak: " (open.join(", ")) "." }
                }
            }
        }
    }
}

/// What somebody is called in the room.
pub(super) fn name_of<'a>(room: &'a Room, email: &'a str) -> &'a str {
    room.state.parties.iter().find(|party| party.email == email).map_or(email, |party| &party.name)
}

fn row(room: &Room, caller: &Caller, clearances: &[Clearance<'_>], speaker: &Speaker<'_>) -> Markup {
    let is_me = speaker.email == caller.user.email;
    let side = speaker.party.and_then(|party| party.side).map(Side::word);
    html! {
        tr {
            th scope="row" {
                (name_of(room, speaker.email)) @if is_me { " (you)" }
                div.hint {
                    (label(speaker.role.word()))
                    @match (side, speaker.party) {
                        (Some(side), _) => { ", " (side) " side" },
                        (None, None) => { ", no longer a party" },
                        _ => {},
                    }
                }
            }
            @for clearance in clearances {
                td data-label=(clearance.vessel.details.name) { div.cell { (cell(room, caller, clearance, speaker)) } }
            }
        }
    }
}

fn cell(room: &Room, caller: &Caller, clearance: &Clearance<'_>, speaker: &Speaker<'_>) -> Markup {
    let vessel = clearance.vessel;
    let said = word(room, vessel, speaker.email);
    let standing = said.filter(|said| said.status != ApprovalStatus::Pending);
    let is_own = is_own(speaker.party, vessel);
    let still_to_speak = clearance.open.iter().any(|party| party.email == speaker.email);
    html! {
        @if let Some(said) = standing {
            (chip::approval(said.status)) " " span.hint { (show::time(said.decided_at)) }
            @if let Some(comment) = &said.comment { p.comment { (comment) } }
            @if said.side == Some(clearance.by.other()) { p.hint { "Said for the vessel's own side: it does not count." } }
            @if still_to_speak { p.hint { "Said before they were given their side: to be said again for it." } }
        } @else if is_own {
            span.hint { "Their own side's vessel" }
        } @else if still_to_speak {
            (chip(Tone::Wait, "Has still to speak"))
            @if said.is_some() { " " span.hint { "the word before was revoked" } }
        } @else {
            span.hint { "–" }
        }
        @let me = caller.user.email.as_str();
        @let speaks = speaker.email == me && !is_own && room.offers(caller, ApprovalCreate);
        @let revoked = standing.filter(|said| revokes(room, caller, said));
        @if speaks || revoked.is_some() {
            div.cell-actions {
                @if speaks { (speaks_here(room, vessel, standing.is_some(), still_to_speak)) }
                @if let Some(said) = revoked {
                    a href=(room.path(&format!("/approvals/{}/revoke", said.id)))
                        aria-label={ "Revoke the word of " (name_of(room, speaker.email)) " on " (vessel.details.name) } { "Revoke" }
                }
            }
        }
    }
}

fn revokes(room: &Room, caller: &Caller, said: &Approval) -> bool {
    room.offers(caller, ApprovalRevoke) && approvals::may_revoke(said, &caller.user.email, caller.role)
}

/// Where the caller says their word on a vessel: at once, where it is waited for.
fn speaks_here(room: &Room, vessel: &Vessel, has_spoken: bool, is_waited_for: bool) -> Markup {
    let name = &vessel.details.name;
    let path = room.path(&format!("/clearance/{}", vessel.id));
    html! {
        @if has_spoken {
            a href=(path) aria-label={ "Change your word on " (name) } { "Change" }
        } @else if is_waited_for {
            form method="post" action=(path) {
                button type="submit" name="word" value="clear" aria-label={ "Clear " (name) } { "Clear" }
            }
            a href=(path) aria-label={ "With subjects, or reject: " (name) } { "With subjects, or reject" }
        } @else {
            a href=(path) aria-label={ "Say your word on " (name) } { "Say your word" }
        }
    }
}
