//! The entries of a room's log, and for admins those of all logs.

use room::{EntryId, Log, RoomId, Time};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{
        self,
        activity::{Entry, Filter},
        seek::Seek,
    },
    error::Result,
    http::{
        Access::{May, MayInDeleted},
        FromPairs, Given, InRoom, Kind, Listed, Query, Routes, Seeking,
    },
    policy::Action::{ActivityListAll, ActivityListOwn},
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(
            "/rooms/{room_id}/activities",
            MayInDeleted(ActivityListOwn),
            list,
            "What happened in a room, newest first; an admin may read that of a deleted room too",
        )
        .get("/activities", May(ActivityListAll), list_all, "What happened anywhere, accounts included, newest first")
}

/// One entry of a log.
#[derive(Serialize, ToSchema)]
pub(super) struct EntryView {
    #[schema(value_type = String, format = "uuid")]
    id: EntryId,
    /// The room, if the entry belongs to the log of one.
    #[schema(value_type = Option<String>, format = "uuid")]
    room_id: Option<RoomId>,
    /// The position of the entry in its log, from 0.
    seq: i64,
    /// The e-mail address of the user who did it, or `system`, or `operator`.
    actor: String,
    /// The type of the event, such as `snapshot_created`.
    action: String,
    #[schema(value_type = String, format = "date-time")]
    timestamp: Time,
    /// The fields of the event.
    #[schema(value_type = Object)]
    meta: Value,
}

impl From<Entry> for EntryView {
    fn from(Entry { id, log, seq, actor, action, at, meta }: Entry) -> Self {
        Self { id, room_id: log.room(), seq, actor, action, timestamp: at, meta }
    }
}

/// The query of a list of entries.
struct LogQuery {
    filter: Filter,
    seek: Seek,
    /// The filter as it came, for the links to the other parts of the list.
    filter_query: String,
}

impl FromPairs for LogQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        Seeking::PARAMETERS[0],
        Seeking::PARAMETERS[1],
        Seeking::PARAMETERS[2],
        Seeking::PARAMETERS[3],
        ("actor", Kind::Line, "Only entries of this e-mail address, or of `system` or `operator`"),
        ("action", Kind::Line, "Only entries of this action"),
        ("from", Kind::Time, "Only entries at this time or later"),
        ("to", Kind::Time, "Only entries before this time"),
    ];

    fn read(given: &mut Given) -> Self {
        let (seek, filter_query) = Seeking::read_with_filter(given);
        // Addresses are stored folded; a filter in capitals must find them.
        let actor = given.line("actor").map(|actor| room::address::fold_email(&actor));
        let filter = Filter { actor, action: given.line("action"), from: given.time("from"), to: given.time("to") };
        Self { filter, seek, filter_query }
    }
}

async fn list(app: App, room: InRoom, query: Query<LogQuery>) -> Result<Listed<EntryView>> {
    list_of(&app, Some(Log::Room(room.id)), query, format!("/rooms/{}/activities", room.id)).await
}

async fn list_all(app: App, query: Query<LogQuery>) -> Result<Listed<EntryView>> {
    list_of(&app, None, query, "/activities".into()).await
}

/// Lists the entries of one log, or of all.
async fn list_of(
    app: &App,
    log: Option<Log>,
    Query(query): Query<LogQuery>,
    path: String,
) -> Result<Listed<EntryView>> {
    let LogQuery { filter, seek, filter_query } = query;
    let found = app.db.read(async |tx| db::activity::list(tx, log, &filter, &seek).await).await?;
    Ok(Listed::found(found, &seek, path + &filter_query, |entry| entry.id.to_string(), EntryView::from))
}
