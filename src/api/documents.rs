//! The documents of a room with their status, and the parties' decisions on them.

use room::{Criticality, DocumentId, DocumentState, DocumentStatus, Phase, VesselId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::document_view::{DocumentView, NEWEST_DECISIONS, VersionView, find_document, show},
    app::App,
    db::{Page, Tx, seek::Seek},
    domain::{
        documents::{
            self, NewWaiver,
            decisions::{self, NewApproval, NewRejection},
            history, place,
        },
        log::Once,
        rooms::{self, state::Seen},
    },
    error::Result,
    http::{
        Access::May, Caller, FromPairs, Given, Id, IfMatch, InRoom, Json, Kind, Listed, Query, Routes, Seeking, Tagged,
    },
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
            "Approves the version in force, with subjects or without; not one's own upload",
        )
        .refusing(&["409"])
        .post(
            "/rooms/{room_id}/documents/{document_id}/reject",
            May(DocumentReject),
            reject,
            "Rejects the version in force, for a reason; not one's own upload",
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

/// A document with its newest versions.
#[derive(Serialize, ToSchema)]
struct WholeDocument {
    #[serde(flatten)]
    document: DocumentView,
    /// The newest versions, oldest first: twenty at most, and fewer if they would be too large; `…/versions` has all.
    #[schema(max_items = 20)]
    versions: Vec<VersionView>,
}

/// The page of versions that is shown with a document.
const SHOWN: Page = Page { limit: 20, offset: 0 };
/// The largest size of these versions, in bytes.
const MOST_SHOWN: usize = 1_200_000;

/// The query of a list of documents. A filter that was not given is `None`, and all documents pass it.
struct DocumentQuery {
    status: Option<DocumentStatus>,
    vessel: Option<VesselId>,
    gate: Option<Phase>,
    criticality: Option<Criticality>,
    seek: Seek,
    /// The filter as it came, for the links to the other parts of the list.
    filter_query: String,
}

impl FromPairs for DocumentQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        Seeking::PARAMETERS[0],
        Seeking::PARAMETERS[1],
        Seeking::PARAMETERS[2],
        Seeking::PARAMETERS[3],
        ("status", Kind::Word(DocumentStatus::WORDS), "Only documents that stand so"),
        ("vessel_id", Kind::Id, "Only documents of this vessel"),
        ("gate", Kind::Word(Phase::WORDS), "Only documents of this gate"),
        ("criticality", Kind::Word(Criticality::WORDS), "Only documents on which so much hangs"),
    ];

    fn read(given: &mut Given) -> Self {
        let (seek, filter_query) = Seeking::read_with_filter(given);
        Self {
            status: given.word("status", DocumentStatus::WORDS),
            vessel: given.id("vessel_id"),
            gate: given.word("gate", Phase::WORDS),
            criticality: given.word("criticality", Criticality::WORDS),
            seek,
            filter_query,
        }
    }
}

impl DocumentQuery {
    /// Returns whether a document passes every filter.
    fn matches(&self, document: &DocumentState) -> bool {
        let slot = &document.slot;
        self.status.is_none_or(|status| document.status == status)
            && self.vessel.is_none_or(|vessel| slot.vessel == Some(vessel))
            && self.gate.is_none_or(|gate| slot.gate == gate)
            && self.criticality.is_none_or(|criticality| slot.criticality == criticality)
    }
}

async fn list(app: App, room: InRoom, Query(query): Query<DocumentQuery>) -> Result<Listed<DocumentView>> {
    // The status of a document follows from its versions and decisions, and is stored nowhere, so that no query of the
    // database could filter by it.
    let Seen { state, .. } = rooms::state::now(&app, room.id).await?;
    let place = match &query.seek.from {
        Some(anchor) => place::find(&app, room.id, &state, anchor).await?,
        None => None,
    };
    let documents = state.documents.iter().collect();
    let found = query.seek.cut(documents, |document| query.matches(document), |_, _| place)?;
    let path = format!("/rooms/{}/documents{}", room.id, query.filter_query);
    let view = |document| DocumentView::of(&state, document);
    Ok(Listed::found(found, &query.seek, path, |document| document.slot.id.to_string(), view))
}

async fn get(app: App, room: InRoom, Id(id): Id<DocumentId>) -> Result<Tagged<WholeDocument>> {
    let (now, in_tx) = (app.now(), app.clone());
    rooms::state::bring_up(&app, room.id).await?;
    let read = async move |tx: &mut Tx| {
        let (versions, ..) = history::versions(tx, room.id, id, &SHOWN.into(), NEWEST_DECISIONS).await?;
        // Both in one transaction, or a version uploaded in between would be the newest of one and missing in the
        // other.
        Ok((rooms::state::read(tx, &in_tx, room.id, now).await?, versions))
    };
    let (Seen { state, .. }, versions) = app.db.read_at_length(read).await?;
    // Newest first while they are cut for their size, then oldest first as they are shown.
    let found = find_document(&state, id)?;
    let views = versions.iter().map(|version| VersionView::of(&found.slot, version)).collect();
    let versions = fitting(views, MOST_SHOWN);
    let document = DocumentView::of(&state, found);
    let whole = WholeDocument { document, versions: versions.into_iter().rev().collect() };
    Ok(Tagged(documents::tag(&found.slot), whole))
}

async fn approve(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<DocumentId>,
    once: Option<Once>,
    Json(body): Json<NewApproval>,
) -> Result<Tagged<DocumentView>> {
    decisions::decide(&app, &caller.actor(), room.id, id, body.word()?, once).await?;
    show(&app, room, id).await
}

async fn reject(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<DocumentId>,
    once: Option<Once>,
    Json(body): Json<NewRejection>,
) -> Result<Tagged<DocumentView>> {
    decisions::decide(&app, &caller.actor(), room.id, id, body.word()?, once).await?;
    show(&app, room, id).await
}

async fn waive(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<DocumentId>,
    (IfMatch(basis), once): (IfMatch, Option<Once>),
    Json(body): Json<NewWaiver>,
) -> Result<Tagged<DocumentView>> {
    documents::waive(&app, &caller.actor(), room.id, id, (body, basis), once).await?;
    show(&app, room, id).await
}

async fn withdraw_waiver(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<DocumentId>,
    IfMatch(basis): IfMatch,
) -> Result<Tagged<DocumentView>> {
    documents::withdraw_waiver(&app, &caller.actor(), room.id, id, basis).await?;
    show(&app, room, id).await
}
