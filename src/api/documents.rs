//! The documents of a room: where each stands, and the parties' decisions.

use room::{
    Criticality, Day, DocumentId, DocumentState, DocumentStatus, Phase, Requirement, RoomState, Time, VesselId,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::versions::{NEWEST_DECISIONS, VersionView};
use crate::{
    app::App,
    db::{Page, Tx},
    domain::{
        documents::{
            self, NewWaiver,
            decisions::{self, NewApproval, NewRejection},
            history,
        },
        rooms,
    },
    error::{Error, Result},
    http::{Access::May, Caller, FromPairs, Given, Id, InRoom, Json, Kind, Listed, Paging, Query, Routes},
    policy::Action::{DocumentApprove, DocumentList, DocumentReject, DocumentView as View, RoomUpdate},
    portion::fitting,
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(
            "/rooms/{room_id}/documents",
            May(DocumentList),
            list,
            "The documents, those of the vessels first, and where each stands",
        )
        .get(
            "/rooms/{room_id}/documents/{document_id}",
            May(View),
            get,
            "A document with its versions and the decisions on them",
        )
        .post(
            "/rooms/{room_id}/documents/{document_id}/approve",
            May(DocumentApprove),
            approve,
            "Approves the newest version, with subjects or without; not one's own upload",
        )
        .refusing(&["409"])
        .post(
            "/rooms/{room_id}/documents/{document_id}/reject",
            May(DocumentReject),
            reject,
            "Rejects the newest version, for a reason; not one's own upload",
        )
        .refusing(&["409"])
        .post(
            "/rooms/{room_id}/documents/{document_id}/waiver",
            May(RoomUpdate),
            waive,
            "Says that a conditional document is not needed in this operation",
        )
        .refusing(&["409"])
        .delete(
            "/rooms/{room_id}/documents/{document_id}/waiver",
            May(RoomUpdate),
            withdraw_waiver,
            "Takes a waiver back: the document is needed again",
        )
        .refusing(&["409"])
}

/// A document: what the catalogue asks of a vessel or of the operation, and where that stands.
#[derive(Serialize, ToSchema)]
pub(super) struct DocumentView {
    #[schema(value_type = String, format = "uuid")]
    id: DocumentId,
    /// Code of its type.
    document_type: String,
    name: String,
    category: String,
    /// The vessel; none where it is the operation's own.
    #[schema(value_type = Option<String>, format = "uuid")]
    vessel_id: Option<VesselId>,
    vessel: Option<String>,
    requirement: Requirement,
    criticality: Criticality,
    /// The phase that is not entered (`clearance`: not left) without it.
    gate: Phase,
    status: DocumentStatus,
    /// The last day on which its newest version is valid.
    #[schema(value_type = Option<String>, format = "date")]
    expires_on: Option<Day>,
    /// That it is not needed here.
    waiver: Option<WaiverView>,
    /// How often something was uploaded.
    version_count: usize,
    /// The version that counts.
    newest: Option<VersionView>,
    /// Whether the operation waits for it: it is required, not waived, and its vessel takes part.
    needed: bool,
}

/// That a document is not needed.
#[derive(Serialize, ToSchema)]
struct WaiverView {
    reason: String,
    by: String,
    #[schema(value_type = String, format = "date-time")]
    at: Time,
}

/// A document with its newest versions.
#[derive(Serialize, ToSchema)]
struct WholeDocument {
    #[serde(flatten)]
    document: DocumentView,
    /// The newest versions, oldest first: twenty at most, fewer where they would be too large; `…/versions` has all.
    #[schema(max_items = 20)]
    versions: Vec<VersionView>,
}

/// The versions that are shown with their document.
const SHOWN: Page = Page { limit: 20, offset: 0 };
/// Their largest size, in bytes.
const MOST_SHOWN: usize = 1_200_000;

impl DocumentView {
    pub(super) fn of(state: &RoomState, document: &DocumentState) -> Self {
        let DocumentState { slot, versions, status, needed } = document;
        let waiver = slot.waiver.clone();
        Self {
            id: slot.id,
            document_type: slot.document_type.clone(),
            name: slot.name.clone(),
            category: slot.category.clone(),
            vessel_id: slot.vessel,
            vessel: slot.vessel.and_then(|id| state.vessel(id)).map(|vessel| vessel.details.name.clone()),
            requirement: slot.requirement,
            criticality: slot.criticality,
            gate: slot.gate,
            status: *status,
            expires_on: document.newest().and_then(|newest| newest.version.expires_on),
            waiver: waiver.map(|waiver| WaiverView { reason: waiver.reason, by: waiver.by, at: waiver.at }),
            version_count: versions.len(),
            newest: document.newest().map(VersionView::from),
            needed: *needed,
        }
    }
}

/// Which documents are asked for.
struct Asked {
    status: Option<DocumentStatus>,
    vessel: Option<VesselId>,
    gate: Option<Phase>,
    criticality: Option<Criticality>,
    paging: Paging,
    /// The filter as a query, for the links to the list's other parts.
    query: String,
}

impl FromPairs for Asked {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        Paging::PARAMETERS[0],
        Paging::PARAMETERS[1],
        ("status", Kind::Word(DocumentStatus::WORDS), "Only documents that stand so"),
        ("vessel_id", Kind::Id, "Only documents of this vessel"),
        ("gate", Kind::Word(Phase::WORDS), "Only documents of this gate"),
        ("criticality", Kind::Word(Criticality::WORDS), "Only documents on which so much hangs"),
    ];

    fn read(given: &mut Given) -> Self {
        let query = given.query_without(&["limit", "offset"]);
        Self {
            status: given.word("status", DocumentStatus::WORDS),
            vessel: given.id("vessel_id"),
            gate: given.word("gate", Phase::WORDS),
            criticality: given.word("criticality", Criticality::WORDS),
            paging: Paging::read(given),
            query,
        }
    }
}

impl Asked {
    fn takes(&self, document: &DocumentState) -> bool {
        let slot = &document.slot;
        self.status.is_none_or(|status| document.status == status)
            && self.vessel.is_none_or(|vessel| slot.vessel == Some(vessel))
            && self.gate.is_none_or(|gate| slot.gate == gate)
            && self.criticality.is_none_or(|criticality| slot.criticality == criticality)
    }
}

async fn list(app: App, room: InRoom, Query(asked): Query<Asked>) -> Result<Listed<DocumentView>> {
    let state = rooms::state::now(&app, room.id).await?;
    let views = state.documents.iter().filter(|document| asked.takes(document));
    let views = views.map(|document| DocumentView::of(&state, document)).collect();
    Ok(Listed::part_of(views, asked.paging.0, format!("/rooms/{}/documents{}", room.id, asked.query)))
}

async fn get(app: App, room: InRoom, Id(id): Id<DocumentId>) -> Result<Json<WholeDocument>> {
    let now = app.now();
    let read = async move |tx: &mut Tx| {
        let (versions, _) = history::versions(tx, room.id, id, SHOWN, NEWEST_DECISIONS).await?;
        Ok((rooms::state::read(tx, room.id, now).await?, versions))
    };
    let (state, versions) = app.db.read_at_length(read).await?;
    let versions = fitting(versions.iter().map(VersionView::from).collect(), MOST_SHOWN);
    let document = DocumentView::of(&state, found(&state, id)?);
    Ok(Json(WholeDocument { document, versions: versions.into_iter().rev().collect() }))
}

async fn approve(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<DocumentId>,
    Json(asked): Json<NewApproval>,
) -> Result<Json<DocumentView>> {
    decisions::decide(&app, &caller.actor(), room.id, id, asked.word()?).await?;
    now(&app, room, id).await
}

async fn reject(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<DocumentId>,
    Json(asked): Json<NewRejection>,
) -> Result<Json<DocumentView>> {
    decisions::decide(&app, &caller.actor(), room.id, id, asked.word()?).await?;
    now(&app, room, id).await
}

async fn waive(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<DocumentId>,
    Json(asked): Json<NewWaiver>,
) -> Result<Json<DocumentView>> {
    documents::waive(&app, &caller.actor(), room.id, id, asked).await?;
    now(&app, room, id).await
}

async fn withdraw_waiver(app: App, caller: Caller, room: InRoom, Id(id): Id<DocumentId>) -> Result<Json<DocumentView>> {
    documents::withdraw_waiver(&app, &caller.actor(), room.id, id).await?;
    now(&app, room, id).await
}

/// The document as it stands after a change.
async fn now(app: &App, room: InRoom, id: DocumentId) -> Result<Json<DocumentView>> {
    let state = rooms::state::now(app, room.id).await?;
    Ok(Json(DocumentView::of(&state, found(&state, id)?)))
}

/// The document with this id.
pub(super) fn found(state: &RoomState, id: DocumentId) -> Result<&DocumentState> {
    state.documents.iter().find(|document| document.slot.id == id).ok_or(Error::NotFound("document"))
}
