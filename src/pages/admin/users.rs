//! Accounts: found, made, changed, and shut.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use room::{Role, UserId};

use super::requests;
use crate::{
    app::App,
    db::{self, users::User},
    domain::{
        accounts::{
            look_alikes, requests as account_requests,
            two_people::Outcome,
            users::{self, GivenPassword, NewUser, UserDetails},
        },
        input::Change,
    },
    error::{Error, Result},
    http::{Access::May, Caller, Form, FromPairs, Given, Id, Kind, PageRoutes, Paging, Query},
    pages::{
        admin::frame::{Tab, page},
        kit::{
            chip::{self, Tone, chip},
            field::{Field, Filled, choices},
            paging::neighbours,
            show::{self, label},
        },
        own_password,
    },
    policy::Action::{UserChangeRole, UserCreate, UserList, UserUpdate, UserView},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/admin/users", May(UserList), list)
        .get("/admin/users/new", May(UserCreate), ask)
        .post("/admin/users/new", May(UserCreate), add)
        .get("/admin/users/{user_id}", May(UserView), one)
        .post("/admin/users/{user_id}", May(UserUpdate), rename)
        .post("/admin/users/{user_id}/role", May(UserChangeRole), change_role)
        .post("/admin/users/{user_id}/password", May(UserUpdate), give_password)
        .post("/admin/users/{user_id}/access", May(UserUpdate), change_access)
}

const PATH: &str = "/admin/users";

/// Which accounts are asked for.
struct Wanted {
    text: Option<String>,
    part: db::Page,
    /// The query less its paging, as it follows others.
    query: String,
}

impl FromPairs for Wanted {
    const PARAMETERS: &[(&str, Kind, &str)] =
        &[Paging::PARAMETERS[0], Paging::PARAMETERS[1], ("q", Kind::Text, "In the address or the name")];

    fn read(given: &mut Given) -> Self {
        given.forget_blank();
        let query = given.query_without(&["limit", "offset"]).replacen('?', "&", 1);
        Self { part: Paging::read(given).0, text: given.text("q").filter(|text| !text.trim().is_empty()), query }
    }
}

async fn list(app: App, caller: Caller, Query(Wanted { text, part, query }): Query<Wanted>) -> Result<Response> {
    let (found, total) = users::search(&app, text.as_deref(), part).await?;
    let waiting = account_requests::open(&app).await?;
    let warnings = look_alikes::of_accounts(&app, &found).await?;
    let main = html! {
        @if !waiting.is_empty() { (requests::table(&waiting)) }
        section aria-labelledby="users-title" {
            h2 id="users-title" { "Users" }
            form.search method="get" action=(PATH) role="search" {
                (Field::line("q", "Name or e-mail").kind("search").value(text.as_deref()).input(&Filled::default()))
                button.secondary type="submit" { "Search" }
                a.button href="/admin/users/new" { "Add a user" }
            }
            @if found.is_empty() {
                div.empty { p { "No account is called that." } p { a href=(PATH) { "Show all" } } }
            } @else {
                (table(&found, &warnings))
                (neighbours(PATH, &query, part, total))
            }
        }
    };
    Ok(page(&caller, Tab::Users, "Users", &main).into_response())
}

fn table(users: &[User], warnings: &[Vec<String>]) -> Markup {
    html! {
        table.list {
            thead {
                tr {
                    th scope="col" { "Name" }
                    th scope="col" { "E-mail" }
                    th scope="col" { "Role" }
                    th scope="col" { "State" }
                    th scope="col" { "Made" }
                }
            }
            tbody {
                @for (user, warnings) in users.iter().zip(warnings) {
                    tr {
                        th scope="row" { a href={ (PATH) "/" (user.id) } { (user.name) } }
                        td data-label="E-mail" { (user.email) (chip::warnings(warnings)) }
                        td data-label="Role" { (label(user.role.word())) }
                        td data-label="State" { (state(user)) }
                        td data-label="Made" { (show::time(user.created_at)) }
                    }
                }
            }
        }
    }
}

fn state(user: &User) -> Markup {
    if user.disabled {
        chip(Tone::Bad, "Disabled")
    } else if user.must_change_password {
        chip(Tone::Wait, "First password")
    } else {
        chip(Tone::Good, "Enabled")
    }
}

async fn ask(app: App, caller: Caller) -> Response {
    new(&app, &caller, &Filled::default())
}

async fn add(app: App, caller: Caller, form: Form) -> Result<Response> {
    let added = async {
        own_password::take(&app, &caller, &form).await?;
        let asked = form.clone().without(own_password::NAME).read::<NewUser>()?;
        users::add(&app, &caller.actor(), &asked, GivenPassword::ToReplace).await.map_err(own_password::of_field)
    };
    match added.await {
        Ok(Outcome::Done(user)) => Ok(Redirect::to(&format!("{PATH}/{}", user.id)).into_response()),
        Ok(Outcome::Asked(_)) => Ok(Redirect::to(PATH).into_response()),
        Err(refused) => Ok(new(&app, &caller, &Filled::again(form, refused)?)),
    }
}

fn new(app: &App, caller: &Caller, filled: &Filled) -> Response {
    let main = html! {
        section.narrow aria-labelledby="new-title" {
            h2 id="new-title" { "Add a user" }
            (filled.summary(&["email", "name", "role", "password", own_password::NAME]))
            form method="post" action="/admin/users/new" {
                (Field::required("name", "Name").input(filled))
                (Field::required("email", "E-mail").kind("email").hint("They sign in with it; it is never changed.").input(filled))
                (role(filled, None))
                (password(filled, "password"))
                (for_admins(app, caller, filled))
                p.actions { button type="submit" { "Add user" } a.quiet href=(PATH) { "Cancel" } }
            }
        }
    };
    page(caller, Tab::Users, "Add a user", &main).status(filled.status()).into_response()
}

fn role(filled: &Filled, there: Option<Role>) -> Markup {
    Field::required("role", "Role")
        .hint("Where no room is concerned: who may open rooms, and who is an admin.")
        .value(there.map(Role::word))
        .select(filled, &choices(Role::WORDS))
}

fn password(filled: &Filled, name: &str) -> Markup {
    Field::required(name, "First password")
        .kind("password")
        .hint("12 to 128 characters; none that others would guess. They have to replace it within a week, before anything else.")
        .autocomplete("new-password")
        .input(filled)
}

/// What an admin's account takes: one's own password again, and another admin where there is one.
fn for_admins(app: &App, caller: &Caller, filled: &Filled) -> Markup {
    html! {
        p.hint { "For an admin it also takes another admin, who confirms it within a day, and your own password." }
        (own_password::optional(app, caller, filled))
    }
}

async fn one(app: App, caller: Caller, Id(id): Id<UserId>) -> Result<Response> {
    shown(&app, &caller, id, Refused::Nothing).await
}

/// Which form of an account's page was refused.
enum Refused {
    Nothing,
    Name(Filled),
    Role(Filled),
    Password(Filled),
    Access(Filled),
}

async fn rename(app: App, caller: Caller, Id(id): Id<UserId>, form: Form) -> Result<Response> {
    let asked = [("name", form.line("name").into())].into();
    let done = users::change(&app, &caller.actor(), id, asked).await.map(Outcome::Done);
    answered(&app, &caller, id, done, |refused| Ok(Refused::Name(Filled::again(form, refused)?))).await
}

async fn change_role(app: App, caller: Caller, Id(id): Id<UserId>, form: Form) -> Result<Response> {
    let changed = async {
        let words = || Error::field("role", format!("must be one of {}", Role::WORDS.join(", ")));
        let role = form.line("role").parse().map_err(|_| words())?;
        own_password::take(&app, &caller, &form).await?;
        users::change_role(&app, &caller.actor(), id, role).await.map_err(own_password::of_field)
    };
    let done = changed.await;
    answered(&app, &caller, id, done, |refused| Ok(Refused::Role(Filled::again(form, refused)?))).await
}

async fn give_password(app: App, caller: Caller, Id(id): Id<UserId>, form: Form) -> Result<Response> {
    let given = form.line("new_password");
    let given = async {
        own_password::take(&app, &caller, &form).await?;
        let given = users::give_password(&app, &caller.actor(), id, &given, GivenPassword::ToReplace).await;
        given.map_err(own_password::of_field)
    };
    let done = given.await;
    answered(&app, &caller, id, done, |refused| Ok(Refused::Password(Filled::again(form, refused)?))).await
}

async fn change_access(app: App, caller: Caller, Id(id): Id<UserId>, form: Form) -> Result<Response> {
    let disabled = form.text("disabled") == Some("true");
    let asked: Change<UserDetails> = [("disabled", disabled.into())].into();
    let done = users::change(&app, &caller.actor(), id, asked).await.map(Outcome::Done);
    answered(&app, &caller, id, done, |refused| Ok(Refused::Access(Filled::again(form, refused)?))).await
}

async fn answered(
    app: &App,
    caller: &Caller,
    id: UserId,
    done: Result<Outcome<User>>,
    again: impl FnOnce(Error) -> Result<Refused>,
) -> Result<Response> {
    match done {
        Ok(Outcome::Done(_)) => Ok(Redirect::to(&format!("{PATH}/{id}")).into_response()),
        Ok(Outcome::Asked(_)) => Ok(Redirect::to(PATH).into_response()),
        Err(refused) => shown(app, caller, id, again(refused)?).await,
    }
}

async fn shown(app: &App, caller: &Caller, id: UserId, refused: Refused) -> Result<Response> {
    let user = app.db.read(async |tx| users::find(tx, id).await).await?;
    let warnings: Vec<_> =
        look_alikes::of_accounts(app, std::slice::from_ref(&user)).await?.into_iter().flatten().collect();
    let mut forms = [Filled::default(), Filled::default(), Filled::default(), Filled::default()];
    match refused {
        Refused::Nothing => {}
        Refused::Name(filled) => forms[0] = filled,
        Refused::Role(filled) => forms[1] = filled,
        Refused::Password(filled) => forms[2] = filled,
        Refused::Access(filled) => forms[3] = filled,
    }
    let status = forms.iter().find(|filled| filled.is_refused()).map(Filled::status).unwrap_or_default();
    let [name, in_role, secret, access] = &forms;
    let is_me = user.id == caller.user.id;
    let main = html! {
        section aria-labelledby="user-title" {
            h2 id="user-title" { (user.name) }
            dl.facts {
                dt { "E-mail" } dd { (user.email) (chip::warnings(&warnings)) }
                dt { "State" } dd { (state(&user)) }
                dt { "Made" } dd { (show::time(user.created_at)) }
            }
            div.cards {
                (card("Name", name, &["name"], &format!("{PATH}/{id}"), &html! {
                    (Field::required("name", "Name").value(Some(&user.name)).input(name))
                    p.actions { button.secondary type="submit" { "Save" } }
                }))
                @if is_me {
                    section.card { h3 { "Yourself" } p { "Your role and your access are another admin's business; your password is on " a href="/account" { "your account" } "." } }
                } @else {
                    (card("Role", in_role, &["role", own_password::NAME], &format!("{PATH}/{id}/role"), &html! {
                        (role(in_role, Some(user.role)))
                        @if user.role != Role::Admin { (for_admins(app, caller, in_role)) }
                        p.actions { button.secondary type="submit" { "Change role" } }
                    }))
                    (card("Password", secret, &["new_password", own_password::NAME], &format!("{PATH}/{id}/password"), &html! {
                        (password(secret, "new_password"))
                        @if user.role == Role::Admin { (for_admins(app, caller, secret)) }
                        p.hint { "Their sessions end." }
                        p.actions { button.secondary type="submit" { "Set password" } }
                    }))
                    (card("Access", access, &[], &format!("{PATH}/{id}/access"), &open_or_shut(&user)))
                }
            }
            p.actions { a.quiet href=(PATH) { "Back to the users" } }
        }
    };
    Ok(page(caller, Tab::Users, &user.name, &main).status(status).into_response())
}

fn card(title: &str, filled: &Filled, fields: &[&str], path: &str, form: &Markup) -> Markup {
    html! {
        section.card {
            h3 { (title) }
            (filled.summary(fields))
            form method="post" action=(path) { (form) }
        }
    }
}

fn open_or_shut(user: &User) -> Markup {
    html! {
        input type="hidden" name="disabled" value=(!user.disabled);
        @if user.disabled {
            p { "Nobody can sign in to this account." }
            p.actions { button.secondary type="submit" { "Enable the account" } }
        } @else {
            p { "Their sessions end at once, and they cannot sign in until the account is enabled again. What they did stays." }
            p.actions { button.danger type="submit" { "Disable the account" } }
        }
    }
}
