//! The log of a room; for admins, that of everything.

use room::{EntryId, Log, RoomId, Time};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{
        self, Page,
        activity::{Entry, Filter},
    },
    error::Result,
    http::{
        Access::{May, MayInDeleted},
        FromPairs, Given, InRoom, Kind, Listed, Paging, Query, Routes,
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
    /// The room, where the entry belongs to one.
    #[schema(value_type = Option<String>, format = "uuid")]
    room_id: Option<RoomId>,
    /// Position in its log, from 0.
    seq: i64,
    /// E-mail address of who did it, or `system`, or `operator`.
    actor: String,
    /// What was done.
    action: String,
    #[schema(value_type = String, format = "date-time")]
    timestamp: Time,
    /// What it was about.
    #[schema(value_type = Object)]
    meta: Value,
}

impl From<Entry> for EntryView {
    fn from(Entry { id, log, seq, actor, action, at, meta }: Entry) -> Self {
        Self { id, room_id: log.room(), seq, actor, action, timestamp: at, meta }
    }
}

/// Which entries are asked for.
struct Asked {
    filter: Filter,
    page: Page,
    /// The filter as a query, for the links to the list's other parts.
    query: String,
}

impl FromPairs for Asked {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        Paging::PARAMETERS[0],
        Paging::PARAMETERS[1],
        ("actor", Kind::Line, "Only entries of this e-mail address, or of `system` or `operator`"),
        ("action", Kind::Line, "Only entries of this action"),
        ("from", Kind::Time, "Only entries at this time or later"),
        ("to", Kind::Time, "Only entries before this time"),
    ];

    fn read(given: &mut Given) -> Self {
        let query = given.query_without(&["limit", "offset"]);
        let Paging(page) = Paging::read(given);
        let actor = given.line("actor").map(|actor| room::address::fold_email(&actor));
        let filter = Filter { actor, action: given.line("action"), from: given.time("from"), to: given.time("to") };
        Self { filter, page, query }
    }
}

async fn list(app: App, room: InRoom, asked: Query<Asked>) -> Result<Listed<EntryView>> {
    answer(&app, Some(Log::Room(room.id)), asked, format!("/rooms/{}/activities", room.id)).await
}

async fn list_all(app: App, asked: Query<Asked>) -> Result<Listed<EntryView>> {
    answer(&app, None, asked, "/activities".into()).await
}

async fn answer(app: &App, log: Option<Log>, Query(asked): Query<Asked>, path: String) -> Result<Listed<EntryView>> {
    let Asked { filter, page, query } = asked;
    let (entries, total) = app.db.read(async |tx| db::activity::list(tx, log, &filter, page).await).await?;
    Ok(Listed::new(entries.into_iter().map(EntryView::from).collect(), total, page, path + &query))
}
