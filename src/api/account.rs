//! The caller's own account: what they say of themselves, and what the system holds of them.

use crate::{
    app::App,
    domain::{
        accounts::{
            details::{self, NewDetails},
            own_data::{self, OwnData},
        },
        input::Change,
    },
    error::Result,
    http::{Access::SignedIn, Caller, Json, NoContent, Routes},
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/account/details", SignedIn, show, "What one says of oneself")
        .patch("/account/details", SignedIn, change, "Changes what one says of oneself; no log has it")
        .delete(
            "/account/details",
            SignedIn,
            erase,
            "Erases what the system holds of one and no log needs: the details, the known devices, one's other sessions",
        )
        .get("/account/data", SignedIn, data, "What the system holds of one, what of it can be erased, and what is kept and why")
}

async fn show(app: App, caller: Caller) -> Result<Json<NewDetails>> {
    details::find(&app, caller.user.id).await.map(Json)
}

async fn change(app: App, caller: Caller, Json(body): Json<Change<NewDetails>>) -> Result<Json<NewDetails>> {
    details::change(&app, caller.user.id, body).await.map(Json)
}

async fn erase(app: App, caller: Caller) -> Result<NoContent> {
    details::erase(&app, &caller.user, caller.session).await?;
    Ok(NoContent)
}

async fn data(app: App, caller: Caller) -> Result<Json<OwnData>> {
    own_data::of(&app, &caller.user, caller.session).await.map(Json)
}
