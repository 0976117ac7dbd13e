//! The versions of a document and the decisions on them, page by page: parties can add any number of both.

use room::{Decision, DocumentId, RoomId, Version, VersionId, VersionState};

use super::versions;
use crate::{
    db::{self, Page, Tx},
    domain::documents,
    error::Result,
};

/// Returns a page of a document's versions, the newest first, and how many versions there are. Each comes with its
/// newest decisions, at most `decisions` of them.
pub async fn versions(
    tx: &mut Tx,
    room: RoomId,
    document: DocumentId,
    page: Page,
    decisions: i64,
) -> Result<(Vec<VersionState>, i64)> {
    documents::find(tx, room, document).await?;
    let (found, total) = db::document_versions::page_of_document(tx, document, page).await?;
    let mut states = Vec::new();
    for version in found {
        states.push(with_decisions(tx, version, decisions).await?);
    }
    Ok((states, total))
}

/// Returns a version of a document with its newest decisions, at most `decisions` of them.
pub async fn version(
    tx: &mut Tx,
    room: RoomId,
    (document, version): (DocumentId, VersionId),
    decisions: i64,
) -> Result<VersionState> {
    let (_, version) = versions::find(tx, room, document, version).await?;
    with_decisions(tx, version, decisions).await
}

async fn with_decisions(tx: &mut Tx, version: Version, decisions: i64) -> Result<VersionState> {
    let newest = Page { limit: decisions, offset: 0 };
    let (mut decisions, decision_count) = db::decisions::page_of_version(tx, version.id, newest).await?;
    // The page has the newest first, a `VersionState` the oldest: a party's last decision is the one that counts.
    decisions.reverse();
    Ok(VersionState { version, decisions, decision_count })
}

/// Returns a page of the decisions on a version, the newest first, and how many there are.
pub async fn decisions(
    tx: &mut Tx,
    room: RoomId,
    (document, version): (DocumentId, VersionId),
    page: Page,
) -> Result<(Vec<Decision>, i64)> {
    let (_, version) = versions::find(tx, room, document, version).await?;
    db::decisions::page_of_version(tx, version.id, page).await
}
