//! Accounts, for admins. No account is deleted, since the logs name it; one that is no longer used is disabled.

use room::{AccountDeed, AccountRequestId, Role, Time, UserId, bounds::NewPassword};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::invitations::{LinkToGive, LinkView};
use crate::{
    app::App,
    db::{account_requests::AccountRequest, seek::Seek, users::User},
    domain::{
        accounts::{
            giving, look_alikes, requests,
            two_people::Outcome,
            users::{self, GivenPassword, NewUser, UserDetails},
        },
        input::Change,
        log::Once,
    },
    error::Result,
    http::{
        Access::May, Caller, Created, DoneOrRequested, FromPairs, Given, Id, IfMatch, Json, Kind, Listed, NoContent,
        Paging, Query, Routes, Seeking, Tagged,
    },
    policy::Action::{UserChangeRole, UserCreate, UserList, UserUpdate, UserView as View},
};

const REQUESTS: &str = "/users/requests";

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/users", May(UserList), list, "The accounts, by address")
        .post(
            "/users",
            May(UserCreate),
            add,
            "Makes an account. Without `password` its owner gets a link by mail to choose one, or `/users/{user_id}/link` makes one to hand \
             over; a password that is given is replaced by its owner within a week. An admin's takes two admins where there are two",
        )
        .refusing(&["409"])
        .get(REQUESTS, May(UserList), requests, "What an admin has asked for and another may confirm, the oldest first")
        .post(
            "/users/requests/{request_id}/confirm",
            May(UserChangeRole),
            confirm,
            "Confirms what another admin has asked for, which is done by that",
        )
        .refusing(&["409"])
        .delete("/users/requests/{request_id}", May(UserChangeRole), withdraw, "Withdraws a request")
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
            "Gives an account another role where no room is concerned; its sessions end. That of admin takes two admins; \
             nobody does it to themselves",
        )
        .refusing(&["409"])
        .post(
            "/users/{user_id}/password",
            May(UserUpdate),
            give_password,
            "Gives somebody else's account a password, for its owner to replace within a week; its sessions end. That of \
             an admin takes two admins",
        )
        .refusing(&["409"])
        .post(
            "/users/{user_id}/link",
            May(UserUpdate),
            give_link,
            "Gives somebody else a link by which they choose a password: by mail, or returned, to be handed over. That of an admin \
             takes two admins",
        )
        .refusing(&["409"])
}

/// An account, as admins see it.
#[derive(Serialize, ToSchema)]
struct UserView {
    #[schema(value_type = String, format = "uuid")]
    id: UserId,
    email: String,
    name: String,
    /// The role on the platform; a party has another one in its room.
    role: Role,
    /// Whether sign-in is refused.
    disabled: bool,
    /// Whether somebody else chose the password, and its owner has not replaced it yet.
    must_change_password: bool,
    #[schema(value_type = String, format = "date-time")]
    created_at: Time,
    /// What looks odd about the address or the name: it looks like another account's, or mixes scripts. Left out if
    /// nothing does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl UserView {
    /// Shows these accounts, each with the warnings about it.
    async fn of(app: &App, users: Vec<User>) -> Result<Vec<Self>> {
        let warnings = look_alikes::of_accounts(app, &users).await?;
        Ok(users.into_iter().zip(warnings).map(|(user, warnings)| Self::with(user, warnings)).collect())
    }

    /// Shows one account with the warnings about it.
    async fn of_one(app: &App, user: User) -> Result<Self> {
        let warnings = look_alikes::of_accounts(app, std::slice::from_ref(&user)).await?;
        Ok(Self::with(user, warnings.into_iter().flatten().collect()))
    }

    fn with(user: User, warnings: Vec<String>) -> Self {
        let User { id, email, name, role, disabled, created_at, must_change_password, .. } = user;
        Self { id, email, name, role, disabled, must_change_password, created_at, warnings }
    }
}

/// A request of an admin about an account, which another admin may confirm.
#[derive(Serialize, ToSchema)]
struct AccountRequestView {
    #[schema(value_type = String, format = "uuid")]
    id: AccountRequestId,
    deed: AccountDeed,
    /// The e-mail address of the account.
    email: String,
    name: String,
    /// The e-mail address of the admin who asked.
    asked_by: String,
    #[schema(value_type = String, format = "date-time")]
    asked_at: Time,
    /// Until when another admin may confirm it.
    #[schema(value_type = String, format = "date-time")]
    confirm_by: Time,
}

impl From<AccountRequest> for AccountRequestView {
    fn from(request: AccountRequest) -> Self {
        let confirm_by = requests::until(&request);
        let AccountRequest { id, deed, email, name, asked_by, asked_at, .. } = request;
        Self { id, deed, email, name, asked_by, asked_at, confirm_by }
    }
}

/// The answer if another admin has to confirm what was asked for.
#[derive(Serialize, ToSchema)]
struct AccountAsked {
    message: &'static str,
    #[schema(value_type = String, format = "date-time")]
    confirm_by: Time,
}

impl AccountAsked {
    fn until(confirm_by: Time) -> Self {
        Self { message: "Another admin has to confirm it", confirm_by }
    }
}

/// The query of a list of accounts.
struct UserQuery {
    /// The text to look for in addresses and names.
    text: Option<String>,
    seek: Seek,
    /// The filter as it came, for the links to the other parts of the list.
    filter_query: String,
}

impl FromPairs for UserQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        Seeking::PARAMETERS[0],
        Seeking::PARAMETERS[1],
        Seeking::PARAMETERS[2],
        Seeking::PARAMETERS[3],
        ("q", Kind::Line, "Only those with this in their address or name, without regard to case"),
    ];

    fn read(given: &mut Given) -> Self {
        let (seek, filter_query) = Seeking::read_with_filter(given);
        Self { text: given.line("q"), seek, filter_query }
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
    /// 12 to 128 characters, and none that is easily guessed.
    #[schema(value_type = NewPassword)]
    new_password: String,
}

async fn list(app: App, Query(query): Query<UserQuery>) -> Result<Listed<UserView>> {
    let UserQuery { text, seek, filter_query } = query;
    let (users, total, page) = users::search(&app, text.as_deref(), &seek).await?;
    let found = (UserView::of(&app, users).await?, total, page);
    Ok(Listed::found(found, &seek, format!("/users{filter_query}"), |user| user.id.to_string(), |view| view))
}

async fn add(
    app: App,
    caller: Caller,
    once: Option<Once>,
    Json(body): Json<NewUser>,
) -> Result<DoneOrRequested<Created<UserView>, AccountAsked>> {
    Ok(match users::add(&app, &caller.actor(), &body, GivenPassword::ToReplace, once).await? {
        Outcome::Done(user) => {
            let path = format!("/users/{}", user.id);
            DoneOrRequested::Done(Created::at(&path, UserView::of_one(&app, user).await?))
        }
        Outcome::Asked(confirm_by) => DoneOrRequested::Requested(AccountAsked::until(confirm_by)),
    })
}

async fn requests(app: App, Query(Paging(page)): Query<Paging>) -> Result<Listed<AccountRequestView>> {
    let open = requests::open(&app).await?;
    Ok(Listed::part_of(open.into_iter().map(AccountRequestView::from).collect(), page, REQUESTS.into()))
}

async fn confirm(app: App, caller: Caller, Id(id): Id<AccountRequestId>, once: Option<Once>) -> Result<Json<UserView>> {
    let user = requests::confirm(&app, &caller.actor(), id, once).await?;
    Ok(Json(UserView::of_one(&app, user).await?))
}

async fn withdraw(app: App, caller: Caller, Id(id): Id<AccountRequestId>) -> Result<NoContent> {
    requests::withdraw(&app, &caller.actor(), id).await?;
    Ok(NoContent)
}

async fn get(app: App, Id(id): Id<UserId>) -> Result<Tagged<UserView>> {
    let user = app.db.read(async |tx| users::find(tx, id).await).await?;
    Ok(Tagged(users::tag(&user), UserView::of_one(&app, user).await?))
}

async fn change(
    app: App,
    caller: Caller,
    Id(id): Id<UserId>,
    IfMatch(basis): IfMatch,
    Json(body): Json<Change<UserDetails>>,
) -> Result<Tagged<UserView>> {
    let user = users::change(&app, &caller.actor(), id, body.starting_from(basis)).await?;
    Ok(Tagged(users::tag(&user), UserView::of_one(&app, user).await?))
}

async fn change_role(
    app: App,
    caller: Caller,
    Id(id): Id<UserId>,
    IfMatch(basis): IfMatch,
    Json(body): Json<RoleChange>,
) -> Result<DoneOrRequested<Tagged<UserView>, AccountAsked>> {
    Ok(match users::change_role(&app, &caller.actor(), id, body.role, basis).await? {
        Outcome::Done(user) => DoneOrRequested::Done(Tagged(users::tag(&user), UserView::of_one(&app, user).await?)),
        Outcome::Asked(confirm_by) => DoneOrRequested::Requested(AccountAsked::until(confirm_by)),
    })
}

async fn give_password(
    app: App,
    caller: Caller,
    Id(id): Id<UserId>,
    Json(body): Json<PasswordToGive>,
) -> Result<DoneOrRequested<NoContent, AccountAsked>> {
    Ok(match users::give_password(&app, &caller.actor(), id, &body.new_password, GivenPassword::ToReplace).await? {
        Outcome::Done(_) => DoneOrRequested::Done(NoContent),
        Outcome::Asked(confirm_by) => DoneOrRequested::Requested(AccountAsked::until(confirm_by)),
    })
}

async fn give_link(
    app: App,
    caller: Caller,
    Id(id): Id<UserId>,
    body: Option<Json<LinkToGive>>,
) -> Result<DoneOrRequested<Json<LinkView>, AccountAsked>> {
    Ok(match giving::give(&app, &caller.actor(), id, LinkToGive::way(&app, body.as_ref())).await? {
        Outcome::Done(handed) => DoneOrRequested::Done(Json(handed.into())),
        Outcome::Asked(confirm_by) => DoneOrRequested::Requested(AccountAsked::until(confirm_by)),
    })
}
