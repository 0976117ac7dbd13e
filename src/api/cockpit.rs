//! The cockpit: the caller's rooms with what there is to do in each, the room with the nearest ETA first.

use room::{Phase, Role};
use serde::Serialize;
use utoipa::ToSchema;

use super::summary::SummaryView;
use crate::{
    app::App,
    db::{rooms::RoomOrder, seek::Seek},
    domain::clearance::{
        cockpit::{self, Row, Viewer, Wanted},
        todo::{Todo, TodoCounts},
    },
    error::Result,
    http::{Access::May, Caller, FromPairs, Given, Kind, Listed, Query, Routes, Seeking},
    policy::Action::{DocumentApprove, RoomList},
};

pub(super) fn routes() -> Routes {
    Routes::new().get(
        "/cockpit",
        May(RoomList),
        list,
        "One's rooms that are open, or those looked for, that of the nearest ETA first, each with what there is to do in it",
    )
}

/// A room with what there is to do in it.
#[derive(Serialize, ToSchema)]
struct CockpitRow {
    #[serde(flatten)]
    summary: SummaryView,
    #[serde(flatten)]
    todo: Todo,
    /// How many tasks there are of each kind, since the lists are cut if they would be too large.
    task_counts: TodoCounts,
}

/// The largest list of tasks, in bytes. A room has six such lists.
const MOST_TASKS: usize = 150_000;

/// What a search for rooms finds.
pub(super) const Q_SAYS: &str = "Only rooms with each of these words, or parts of words, in title, place, description, \
    vessels (name, IMO number), parties (name, company, address) or documents (type, file name); case and accents do \
    not matter";

/// The query of the cockpit.
struct CockpitQuery {
    /// The words to look for, as they came.
    text: String,
    wanted: Wanted,
    seek: Seek,
    /// The filter as it came, for the links to the other parts of the list.
    filter_query: String,
}

impl FromPairs for CockpitQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        Seeking::PARAMETERS[0],
        Seeking::PARAMETERS[1],
        Seeking::PARAMETERS[2],
        Seeking::PARAMETERS[3],
        ("q", Kind::Line, Q_SAYS),
        ("phase", Kind::Word(Phase::WORDS), "Only rooms in this phase"),
        ("closed", Kind::Flag, "`true`: closed rooms too, after the others"),
        ("waiting_for_me", Kind::Flag, "`true`: only rooms in which something waits for who asks"),
    ];

    fn read(given: &mut Given) -> Self {
        let (seek, filter_query) = Seeking::read_with_filter(given);
        let wanted = Wanted {
            // Split by the handler: that can fail, and a reading cannot.
            words: Vec::new(),
            phase: given.word("phase", Phase::WORDS),
            closed: given.flag("closed"),
            waits_for_me: given.flag("waiting_for_me"),
            order: RoomOrder::Eta,
        };
        Self { text: given.line("q").unwrap_or_default(), wanted, seek, filter_query }
    }
}

async fn list(app: App, caller: Caller, Query(query): Query<CockpitQuery>) -> Result<Listed<CockpitRow>> {
    let CockpitQuery { text, wanted, seek, filter_query } = query;
    let wanted = Wanted { words: cockpit::words(&text)?, ..wanted };
    let viewer =
        Viewer { email: caller.user.email, is_admin: caller.role == Role::Admin, deciders: DocumentApprove.roles() };
    let found = cockpit::read(&app, viewer, wanted, &seek).await?;
    let id = |row: &Row| row.state.room.id.to_string();
    let view = |Row { state, standing, todo }| CockpitRow {
        summary: SummaryView::of(&state, standing),
        task_counts: todo.counts(),
        todo: todo.within(MOST_TASKS),
    };
    Ok(Listed::found(found, &seek, format!("/cockpit{filter_query}"), id, view))
}
