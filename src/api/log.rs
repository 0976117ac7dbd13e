//! A room's log as a Merkle tree (RFC 6962): its checkpoint, proofs about it, its entries, its export.

use room::{EntryId, Log, RoomId};

use super::activities::EntryView;
use crate::{
    app::App,
    db::activity::Entry,
    domain::log::proofs::{self, Which},
    error::Result,
    http::{
        Access::MayInDeleted, Bounds, Caller, Download, FromPairs, Given, InRoom, Json, JsonLines, Kind, PlainText,
        Query, Routes,
    },
    policy::Action::{ActivityExport, ActivityListOwn},
    portion::{MOST_BYTES, fitting},
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(
            "/rooms/{room_id}/log/checkpoint",
            MayInDeleted(ActivityListOwn),
            checkpoint,
            "The signed checkpoint of a room's log (C2SP tlog-checkpoint)",
        )
        .get(
            "/rooms/{room_id}/log/proof",
            MayInDeleted(ActivityListOwn),
            proof,
            "The proof that a room's log holds an entry (C2SP tlog-proof); its extra data are the entry's bytes",
        )
        .get(
            "/rooms/{room_id}/log/consistency",
            MayInDeleted(ActivityListOwn),
            consistency,
            "The proof that a room's log extends what it was, in the form of C2SP tlog-witness",
        )
        .get(
            "/rooms/{room_id}/log/entries",
            MayInDeleted(ActivityListOwn),
            entries,
            "Entries of a room's log by position, oldest first, as many as fit into 2 MB; the canonical JSON (RFC 8785) of each is what its leaf hashes",
        )
        .get(
            "/rooms/{room_id}/log/export",
            MayInDeleted(ActivityExport),
            export,
            "All of a room's log as lines of JSON: its signed checkpoint, then each entry in the bytes that are hashed",
        )
}

async fn checkpoint(app: App, room: InRoom) -> Result<PlainText> {
    proofs::checkpoint(&app, Log::Room(room.id)).await.map(PlainText)
}

/// The pattern of an entry's position in a log, or of its id.
const ENTRY: &str = "^([0-9]{1,18}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$";

/// The query of a proof: the entry that is to be proven.
struct ProofQuery(Which);

impl FromPairs for ProofQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[("entry", Kind::Pattern(ENTRY), "The entry: its `seq`, or its id")];
    const REQUIRED: &[&str] = &["entry"];

    fn read(given: &mut Given) -> Self {
        let text = given.line("entry").unwrap_or_default();
        let index = text.parse().ok().map(Which::Index);
        let which = index.or_else(|| text.parse::<EntryId>().ok().map(Which::Id));
        if which.is_none() {
            given.fault("entry", "must be the `seq` of an entry, or its id");
        }
        // The value does not matter after a fault: the request is refused.
        Self(which.unwrap_or(Which::Index(0)))
    }
}

async fn proof(app: App, room: InRoom, Query(ProofQuery(which)): Query<ProofQuery>) -> Result<PlainText> {
    Ok(PlainText(proofs::prove(&app, Log::Room(room.id), which).await?.to_string()))
}

/// The query of a consistency proof: two sizes of the log, the later one being the present size if it is `None`.
struct ConsistencyQuery {
    from: u64,
    to: Option<u64>,
}

impl ConsistencyQuery {
    const FROM: Bounds = Bounds { least: 1, most: None, default: None };
    const TO: Bounds = Bounds { least: 0, most: None, default: Some(0) };
}

impl FromPairs for ConsistencyQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        ("from", Kind::Number(Self::FROM), "The size that one knows the log by; 1 where it is not given"),
        ("to", Kind::Number(Self::TO), "The size that it is to be shown to have grown to; its present one where 0"),
    ];

    fn read(given: &mut Given) -> Self {
        let from = given.number("from", Self::FROM).unsigned_abs();
        let to = given.number("to", Self::TO).unsigned_abs();
        Self { from, to: (to > 0).then_some(to) }
    }
}

async fn consistency(app: App, room: InRoom, Query(query): Query<ConsistencyQuery>) -> Result<PlainText> {
    let proof = proofs::prove_consistency(&app, Log::Room(room.id), query.from, query.to).await?;
    Ok(PlainText(proof.to_string()))
}

/// The query of a range of entries: from `from` up to but without `to`.
struct RangeQuery {
    from: u64,
    to: u64,
}

impl RangeQuery {
    /// How many entries can be requested at once.
    const MOST: u64 = 1_000;
    const FROM: Bounds = Bounds { least: 0, most: None, default: Some(0) };
    const TO: Bounds = Bounds { least: 0, most: None, default: Some(0) };
}

impl FromPairs for RangeQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        ("from", Kind::Number(Self::FROM), "The first position"),
        ("to", Kind::Number(Self::TO), "The position after the last, 1000 further on at most, and where it is 0"),
    ];

    fn read(given: &mut Given) -> Self {
        let from = given.number("from", Self::FROM).unsigned_abs();
        let to = given.number("to", Self::TO).unsigned_abs();
        let furthest = from.saturating_add(Self::MOST);
        let to = if to == 0 { furthest } else { to };
        if to < from || to > furthest {
            given.fault("to", format!("must be from {from} to {furthest}, at most {} further on", Self::MOST));
        }
        Self { from, to }
    }
}

async fn entries(app: App, room: InRoom, Query(query): Query<RangeQuery>) -> Result<Json<Vec<EntryView>>> {
    let RangeQuery { from, to } = query;
    let entries = app.db.read(async |tx| proofs::entries(tx, Log::Room(room.id), from, to).await).await?;
    let entries = entries.into_iter().map(|entry: Entry| entry.into()).collect();
    // Cut by size too: a client reads on from the position after the last entry that it got.
    Ok(Json(fitting(entries, MOST_BYTES)))
}

async fn export(app: App, caller: Caller, room: InRoom, request: Download) -> Result<JsonLines> {
    let name = file_name(room.id);
    // `HEAD` reads nothing, so that it logs no export.
    if request.is_head() {
        return Ok(JsonLines { name, content: None });
    }
    Ok(JsonLines { name, content: Some(proofs::export(&app, &caller.actor(), Log::Room(room.id)).await?) })
}

fn file_name(room: RoomId) -> String {
    format!("log of room {room}.jsonl")
}
