//! What every part of the documents page needs: the room, the caller, the filter, and the names of people.

use std::collections::HashSet;

use maud::{Markup, html};
use room::{Awaited, Day, DocumentId, DocumentState, ExpiryState, Requirement, RoomState};

use super::filter::DocumentQuery;
use crate::{
    app::App,
    domain::clearance::todo,
    error::Result,
    http::Caller,
    pages::{
        kit::{
            chip::{self, Tone},
            show,
            who::Who,
        },
        room::frame::Room,
    },
    policy::Action::DocumentApprove,
};

/// The documents of a room as the caller is shown them.
pub(super) struct List<'a> {
    pub(super) room: &'a Room,
    pub(super) caller: &'a Caller,
    pub(super) query: &'a DocumentQuery,
    pub(super) who: Who,
    /// The documents that wait for a decision of the caller.
    pub(super) mine: HashSet<DocumentId>,
    /// The path of the list.
    pub(super) path: String,
    /// The largest file that can be uploaded, in bytes.
    pub(super) upload_limit: u64,
    /// The day on which the STS operation ends: a document that expires before counts as expired.
    pub(super) end: Day,
}

impl<'a> List<'a> {
    /// Prepares the list. `others` are addresses besides those of versions in force, such as in the history of the open
    /// document.
    pub(super) async fn load(
        app: &App,
        room: &'a Room,
        caller: &'a Caller,
        query: &'a DocumentQuery,
        others: impl Iterator<Item = &'a str>,
    ) -> Result<Self> {
        let state = &room.state;
        let waiting = todo::waiting_for(state, &caller.user.email, &DocumentApprove.roles());
        Ok(Self {
            room,
            caller,
            query,
            who: Who::load(app, &state.parties, people(state).chain(others)).await?,
            mine: waiting.into_iter().filter_map(|task| task.document_id).collect(),
            path: room.path("/documents"),
            upload_limit: app.config.upload_limit(),
            end: state.room.end_of_operation(state.now).day(),
        })
    }

    /// Returns the path of a document, with the filter of the list beside which it opens.
    pub(super) fn path_of(&self, document: &DocumentState) -> String {
        format!("{}/{}{}", self.path, document.slot.id, self.query.to_query())
    }

    /// Returns whose approval the document awaits. `None` unless it names the roles that have to approve it.
    pub(super) fn render_awaited(&self, document: &DocumentState) -> Option<Markup> {
        if document.awaits_another_side() {
            return Some(html! { "approved by the vessel's own side; awaiting reply from another" });
        }
        let awaited = document.awaited(&self.room.state.parties);
        let (from, without): (Vec<_>, Vec<_>) = awaited.iter().partition(|awaited| !awaited.parties.is_empty());
        (!awaited.is_empty()).then(|| {
            html! {
                @if !from.is_empty() { "awaiting reply from " }
                @for (at, awaited) in from.iter().enumerate() {
                    @if at > 0 { ", " }
                    (awaited.role.word()) " " (self.render_able(awaited))
                }
                @if !from.is_empty() && !without.is_empty() { "; " }
                @for (at, awaited) in without.iter().enumerate() {
                    @if at > 0 { ", " }
                    "no " (awaited.role.word()) " here may approve it"
                }
            }
        })
    }

    /// Returns those who may approve in a role: `Ole Hansen or 1 more`.
    pub(super) fn render_able(&self, awaited: &Awaited<'_>) -> Markup {
        html! {
            @if let Some((first, others)) = awaited.parties.split_first() {
                (self.who.named(&first.email))
                @if !others.is_empty() { " or " (others.len()) " more" }
            }
        }
    }

    /// Returns the last day on which the version in force is valid, and whether that is too early or not given.
    pub(super) fn render_expiry(&self, document: &DocumentState) -> Markup {
        let expires_on = document.in_force().and_then(|newest| newest.version.expires_on);
        let warned_until = self.end.days_later(document.slot.warn_days.unwrap_or_default());
        html! {
            @if let Some(day) = expires_on {
                (show::day(day)) " "
                // A document has to outlast the STS operation, not only today.
                @if day < self.end { (chip::chip(Tone::Bad, "Before end")) }
                @else if day < warned_until { (chip::chip(Tone::Warn, "Soon after")) }
            } @else if document.is_undated() {
                @if self.takes_files() {
                    a.to-chip href={ (self.path_of(document)) "#date" } data-panel
                        aria-label={ "No date given: give " (document.slot.name) " its date" } { (chip::chip(Tone::Warn, "No date given")) }
                } @else { (chip::chip(Tone::Warn, "No date given")) }
            }
            @else if document.expiry() == Some(ExpiryState::Waived) { "needs no date" }
            @else { "–" }
        }
    }
}

/// Returns the addresses of everybody who uploaded a version in force, decided on it or waived a document.
fn people(state: &RoomState) -> impl Iterator<Item = &str> {
    let waivers = state.documents.iter().filter_map(|document| document.slot.waiver.as_ref());
    let versions = state.documents.iter().filter_map(DocumentState::in_force);
    let decided = state.documents.iter().filter_map(DocumentState::in_force).flat_map(|version| &version.decisions);
    let said = versions.map(|state| &*state.version.uploaded_by).chain(decided.map(|decision| &*decision.party));
    said.chain(waivers.map(|waiver| &*waiver.by))
}

/// Returns the requirement of a document, and why it does not apply if it does not.
pub(super) fn render_requirement(document: &DocumentState) -> Markup {
    let slot = &document.slot;
    let not = match slot.requirement {
        Requirement::Conditional if slot.waiver.is_some() => ", waived",
        Requirement::Optional => "",
        _ if !document.needed => ", its vessel was withdrawn",
        _ => "",
    };
    html! { (chip::requirement(slot.requirement)) (not) }
}
