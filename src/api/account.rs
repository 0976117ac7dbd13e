//! The caller's own account: their name, what they say of themselves, of what they are told by mail, and what the system holds
//! of them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    domain::{
        accounts::{
            details::{self, NewDetails},
            look_alikes,
            own_data::{self, OwnData},
            own_name::{self, NewOwnName},
        },
        input::Change,
        news::choices::{self, FrequencyOfRoom, NewsChoices},
    },
    error::Result,
    http::{
        Access::{May, SignedIn},
        Caller, InRoom, Json, NoContent, Routes,
    },
    policy::Action::RoomView,
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .patch("/account", SignedIn, change_name, "Changes one's own name; rooms and entries keep the one that they know")
        .refusing(&["409"])
        .get("/account/details", SignedIn, show, "What one says of oneself")
        .patch("/account/details", SignedIn, change, "Changes what one says of oneself; no log has it")
        .delete(
            "/account/details",
            SignedIn,
            erase,
            "Erases what the system holds of one and no log needs: the details, the known devices, one's other sessions",
        )
        .get("/account/mails", SignedIn, show_mails, "Of what one is told by mail, and how soon")
        .patch("/account/mails", SignedIn, change_mails, "Changes of what one is told by mail, and how soon")
        .get("/rooms/{room_id}/mails", May(RoomView), show_mails_of_room, "How soon one is told of a room by mail")
        .put("/rooms/{room_id}/mails", May(RoomView), change_mails_of_room, "Changes how soon one is told of a room by mail")
        .get("/account/data", SignedIn, data, "What the system holds of one, what of it can be erased, and what is kept and why")
}

/// An account as its owner has named it.
#[derive(Serialize, ToSchema)]
struct NameView {
    name: String,
    /// What looks odd about the name: it mixes scripts, or has characters that do not show. Left out if nothing does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 2)]
    warnings: Vec<String>,
}

async fn change_name(app: App, caller: Caller, Json(body): Json<Change<NewOwnName>>) -> Result<Json<NameView>> {
    let name = own_name::change(&app, &caller.user, caller.session, body).await?.name;
    Ok(Json(NameView { warnings: look_alikes::of_name(&name), name }))
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

async fn show_mails(app: App, caller: Caller) -> Result<Json<NewsChoices>> {
    choices::find(&app, caller.user.id).await.map(Json)
}

async fn change_mails(app: App, caller: Caller, Json(body): Json<Change<NewsChoices>>) -> Result<Json<NewsChoices>> {
    choices::change(&app, caller.user.id, body).await.map(Json)
}

async fn show_mails_of_room(app: App, caller: Caller, room: InRoom) -> Result<Json<FrequencyOfRoom>> {
    choices::of_room(&app, caller.user.id, room.id).await.map(Json)
}

async fn change_mails_of_room(
    app: App,
    caller: Caller,
    room: InRoom,
    Json(body): Json<FrequencyOfRoom>,
) -> Result<Json<FrequencyOfRoom>> {
    choices::change_of_room(&app, caller.user.id, room.id, body).await.map(Json)
}

async fn data(app: App, caller: Caller) -> Result<Json<OwnData>> {
    own_data::of(&app, &caller.user, caller.session).await.map(Json)
}
