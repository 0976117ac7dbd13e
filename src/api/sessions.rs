//! The caller's own sessions: listed and ended.

use room::{SessionId, Time};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    db::sessions::Session,
    domain::accounts::sessions,
    error::Result,
    http::{Access::SignedIn, Caller, Id, Listed, NoContent, Paging, Query, Routes},
};

const PATH: &str = "/auth/sessions";

pub(super) fn routes() -> Routes {
    Routes::new()
        .get(PATH, SignedIn, list, "One's sessions, the newest first")
        .delete(PATH, SignedIn, end_others, "Ends one's other sessions")
        .delete("/auth/sessions/{session_id}", SignedIn, end, "Ends one of one's sessions")
}

/// An open session of the caller.
#[derive(Serialize, ToSchema)]
struct OpenSessionView {
    /// The id of the session. It is not the session's token.
    #[schema(value_type = String, format = "uuid")]
    id: SessionId,
    #[schema(value_type = String, format = "date-time")]
    created_at: Time,
    /// When the session was last used; this is noted late, by up to five minutes.
    #[schema(value_type = String, format = "date-time")]
    last_seen_at: Time,
    #[schema(value_type = String, format = "date-time")]
    expires_at: Time,
    /// The `User-Agent` of the client at sign-in, up to 255 characters.
    user_agent: Option<String>,
    /// Whether this request came with this session.
    current: bool,
}

impl From<(Session, bool)> for OpenSessionView {
    fn from((session, current): (Session, bool)) -> Self {
        let Session { id, user_agent, created_at, last_seen_at, expires_at, .. } = session;
        Self { id, created_at, last_seen_at, expires_at, user_agent, current }
    }
}

async fn list(app: App, caller: Caller, Query(Paging(page)): Query<Paging>) -> Result<Listed<OpenSessionView>> {
    let sessions = sessions::list(&app, caller.user.id, caller.session).await?;
    let views = sessions.into_iter().map(OpenSessionView::from).collect();
    Ok(Listed::part_of(views, page, PATH.into()))
}

async fn end(app: App, caller: Caller, Id(id): Id<SessionId>) -> Result<NoContent> {
    sessions::end(&app, &caller.user, caller.session, id).await?;
    Ok(NoContent)
}

async fn end_others(app: App, caller: Caller) -> Result<NoContent> {
    sessions::end_others(&app, &caller.user, caller.session).await?;
    Ok(NoContent)
}
