//! The cockpit: what there is to do in one's rooms, that of the nearest ETA first.

use serde::Serialize;
use utoipa::ToSchema;

use super::summary::SummaryView;
use crate::{
    app::App,
    db::{self, Tx, rooms::Order},
    domain::{
        Role, RoomState,
        standing::Standing,
        todo::{self, Todo},
    },
    error::Result,
    http::{Access::May, Caller, Listed, Paging, Query, Routes},
    policy::Action::{DocumentApprove, RoomList},
};

pub(super) fn routes() -> Routes {
    Routes::new().get(
        "/cockpit",
        May(RoomList),
        list,
        "One's rooms that are not closed, that of the nearest ETA first, each with what there is to do in it",
    )
}

/// A room with what there is to do in it.
#[derive(Serialize, ToSchema)]
struct CockpitRow {
    #[serde(flatten)]
    summary: SummaryView,
    #[serde(flatten)]
    todo: Todo,
}

async fn list(app: App, caller: Caller, Query(Paging(page)): Query<Paging>) -> Result<Listed<CockpitRow>> {
    let party = (caller.role != Role::Admin).then(|| caller.user.email.clone());
    let now = app.now();
    let read = async move |tx: &mut Tx| {
        let (rooms, total) = db::rooms::list(tx, party.as_deref(), Order::NearestEta, page).await?;
        let mut states = Vec::with_capacity(rooms.len());
        for room in rooms {
            states.push(RoomState::of(tx, room, now).await?);
        }
        Ok((states, total))
    };
    let (states, total) = app.db.read_at_length(read).await?;
    let deciders = DocumentApprove.roles();
    let row = |state: &RoomState| {
        let standing = Standing::of(state, app.config.retention_years);
        let todo = todo::of(state, &standing, &caller.user.email, &deciders);
        CockpitRow { summary: SummaryView::of(state, standing), todo }
    };
    Ok(Listed::new(states.iter().map(row).collect(), total, page, "/cockpit".into()))
}
