//! The versions of a document and the decisions on them, page by page: parties can add any number of both.

use room::{Decision, DocumentId, RoomId, Version, VersionId, VersionState};

use super::versions;
use crate::{
    db::{
        self, Page, Tx,
        seek::{Found, Seek},
    },
    domain::documents,
    error::Result,
};

/// Returns a part of a document's versions, the newest first. Each comes with its newest decisions, at most `decisions` of
/// them.
pub async fn versions(
    tx: &mut Tx,
    room: RoomId,
    document: DocumentId,
    seek: &Seek,
    decisions: i64,
) -> Result<Found<VersionState>> {
    documents::find(tx, room, document).await?;
    let (found, total, page) = db::document_versions::list(tx, document, seek).await?;
    let mut states = Vec::new();
    for version in found {
        states.push(with_decisions(tx, version, decisions).await?);
    }
    Ok((states, total, page))
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
    let (mut decisions, decision_count, _) = db::decisions::list(tx, version.id, &newest.into()).await?;
    // The part has the newest first, a `VersionState` the oldest: a party's last decision is the one that counts.
    decisions.reverse();
    Ok(VersionState { version, decisions, decision_count })
}

/// Returns a part of the decisions on a version, the newest first.
pub async fn decisions(
    tx: &mut Tx,
    room: RoomId,
    (document, version): (DocumentId, VersionId),
    seek: &Seek,
) -> Result<Found<Decision>> {
    let (_, version) = versions::find(tx, room, document, version).await?;
    db::decisions::list(tx, version.id, seek).await
}
