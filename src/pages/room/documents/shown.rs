//! What every part of a room's list of documents needs: whose list it is, and what is asked for.

use std::collections::HashSet;

use maud::{Markup, html};
use room::{Day, DocumentId, DocumentState, Requirement, RoomState};

use super::filter::Asked;
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

/// The documents of a room as somebody is shown them.
pub(super) struct List<'a> {
    pub(super) room: &'a Room,
    pub(super) caller: &'a Caller,
    pub(super) asked: &'a Asked,
    pub(super) who: Who,
    /// What waits for the decision of who looks.
    pub(super) mine: HashSet<DocumentId>,
    /// The address of the list.
    pub(super) path: String,
    /// The largest file, in bytes.
    pub(super) upload_limit: u64,
    /// When the operation ends: what runs out before counts as expired.
    pub(super) end: Day,
}

impl<'a> List<'a> {
    pub(super) async fn of(
        app: &App,
        room: &'a Room,
        caller: &'a Caller,
        asked: &'a Asked,
        others: impl Iterator<Item = &'a str>,
    ) -> Result<Self> {
        let state = &room.state;
        let waiting = todo::waiting_for(state, &caller.user.email, &DocumentApprove.roles());
        Ok(Self {
            room,
            caller,
            asked,
            who: Who::of(app, &state.parties, people(state).chain(others)).await?,
            mine: waiting.into_iter().filter_map(|task| task.document_id).collect(),
            path: room.path("/documents"),
            upload_limit: app.config.upload_limit(),
            end: state.room.end_of_operation(state.now).day(),
        })
    }

    /// The address of a document beside the list as it is now.
    pub(super) fn path_of(&self, document: &DocumentState) -> String {
        format!("{}/{}{}", self.path, document.slot.id, self.asked.query())
    }

    /// The last day on which the newest version is valid, and whether that is too early.
    pub(super) fn expiry(&self, document: &DocumentState) -> Markup {
        let expires_on = document.newest().and_then(|newest| newest.version.expires_on);
        let warned_until = self.end.days_later(document.slot.warn_days.unwrap_or_default());
        html! {
            @if let Some(day) = expires_on {
                (show::day(day)) " "
                @if day < self.end { (chip::chip(Tone::Bad, "Before end")) }
                @else if day < warned_until { (chip::chip(Tone::Warn, "Soon after")) }
            } @else { "–" }
        }
    }
}

/// Who uploaded a newest version, or waived something.
fn people(state: &RoomState) -> impl Iterator<Item = &str> {
    let waivers = state.documents.iter().filter_map(|document| document.slot.waiver.as_ref());
    let versions = state.documents.iter().filter_map(DocumentState::newest);
    versions.map(|state| &*state.version.uploaded_by).chain(waivers.map(|waiver| &*waiver.by))
}

/// Whether a document is needed, and why not.
pub(super) fn asked_for(document: &DocumentState) -> Markup {
    let slot = &document.slot;
    let not = match slot.requirement {
        Requirement::Conditional if slot.waiver.is_some() => ", waived",
        Requirement::Optional => "",
        _ if !document.needed => ", its vessel was withdrawn",
        _ => "",
    };
    html! { (chip::requirement(slot.requirement)) (not) }
}
