//! Accounts, for admins. None is deleted, since the logs name them: one that is not to be used any more is disabled.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    db::{Page, users::User},
    domain::{
        Change, Role, Time, UserId,
        bounds::NewPassword,
        users::{self, GivenPassword, NewUser, UserDetails},
    },
    error::Result,
    http::{Access::May, Caller, Created, FromPairs, Given, Id, Json, Kind, Listed, NoContent, Paging, Query, Routes},
    policy::Action::{UserChangeRole, UserCreate, UserList, UserUpdate, UserView as View},
};

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/users", May(UserList), list, "The accounts, by address")
        .post(
            "/users",
            May(UserCreate),
            add,
            "Makes an account, whose owner replaces its password before anything else",
        )
        .refusing(&["409"])
        .get("/users/{user_id}", May(View), get, "An account")
        .patch(
            "/users/{user_id}",
            May(UserUpdate),
            change,
            "Renames an account, disables it, which ends its sessions, or enables it; nobody disables themselves",
        )
        .refusing(&["409"])
        .put(
            "/users/{user_id}/role",
            May(UserChangeRole),
            change_role,
            "Gives an account another role where no room is concerned; nobody does that to themselves",
        )
        .refusing(&["409"])
        .post(
            "/users/{user_id}/password",
            May(UserUpdate),
            give_password,
            "Gives somebody else's account a password, for its owner to replace; its sessions end",
        )
        .refusing(&["409"])
}

/// An account.
#[derive(Serialize, ToSchema)]
struct UserView {
    #[schema(value_type = String, format = "uuid")]
    id: UserId,
    email: String,
    name: String,
    /// Role where no room is concerned.
    role: Role,
    /// Whether sign-in is refused.
    disabled: bool,
    /// Whether somebody else chose the password, and its owner has not replaced it yet.
    must_change_password: bool,
    #[schema(value_type = String, format = "date-time")]
    created_at: Time,
}

impl From<User> for UserView {
    fn from(User { id, email, name, role, disabled, created_at, must_change_password }: User) -> Self {
        Self { id, email, name, role, disabled, must_change_password, created_at }
    }
}

/// Which accounts are asked for.
struct Wanted {
    text: Option<String>,
    page: Page,
    /// The query less its paging.
    query: String,
}

impl FromPairs for Wanted {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        Paging::PARAMETERS[0],
        Paging::PARAMETERS[1],
        ("q", Kind::Line, "Only those with this in their address or name, without regard to case"),
    ];

    fn read(given: &mut Given) -> Self {
        let query = given.query_without(&["limit", "offset"]);
        let Paging(page) = Paging::read(given);
        Self { text: given.line("q"), page, query }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleChange {
    role: Role,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordToGive {
    /// 8 to 256 characters.
    #[schema(value_type = NewPassword)]
    new_password: String,
}

async fn list(app: App, Query(wanted): Query<Wanted>) -> Result<Listed<UserView>> {
    let (users, total) = users::search(&app, wanted.text.as_deref(), wanted.page).await?;
    let views = users.into_iter().map(UserView::from).collect();
    Ok(Listed::new(views, total, wanted.page, format!("/users{}", wanted.query)))
}

async fn add(app: App, caller: Caller, Json(asked): Json<NewUser>) -> Result<Created<UserView>> {
    let user = users::add(&app, &caller.actor(), &asked, GivenPassword::ToReplace).await?;
    Ok(Created::at(&format!("/users/{}", user.id), user.into()))
}

async fn get(app: App, Id(id): Id<UserId>) -> Result<Json<UserView>> {
    Ok(Json(app.db.read(async |tx| users::find(tx, id).await).await?.into()))
}

async fn change(
    app: App,
    caller: Caller,
    Id(id): Id<UserId>,
    Json(asked): Json<Change<UserDetails>>,
) -> Result<Json<UserView>> {
    Ok(Json(users::change(&app, &caller.actor(), id, asked).await?.into()))
}

async fn change_role(
    app: App,
    caller: Caller,
    Id(id): Id<UserId>,
    Json(asked): Json<RoleChange>,
) -> Result<Json<UserView>> {
    Ok(Json(users::change_role(&app, &caller.actor(), id, asked.role).await?.into()))
}

async fn give_password(
    app: App,
    caller: Caller,
    Id(id): Id<UserId>,
    Json(asked): Json<PasswordToGive>,
) -> Result<NoContent> {
    users::give_password(&app, &caller.actor(), id, &asked.new_password, GivenPassword::ToReplace).await?;
    Ok(NoContent)
}
