//! Accounts: the list with its search, the form for a new one, and the page of one with a form for each change.

use axum::{
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use room::{Role, UserId};
use serde_json::Map;

use super::requests;
use crate::{
    app::App,
    db::{self, links::Sight, seek::Seek, users::User},
    domain::{
        accounts::{
            giving,
            links::Way,
            look_alikes, requests as account_requests,
            two_people::Outcome,
            users::{self, GivenPassword, NewUser, UserDetails},
        },
        input::{Basis, Change},
        mail::outbox,
    },
    error::{Error, Result},
    http::{Access::May, Caller, Form, FromPairs, Given, Id, Kind, PageRoutes, Query, Seeking},
    pages::{
        admin::frame::{Tab, page},
        kit::{
            chip::{self, Tone, chip},
            field::{Field, Filled, choices},
            link::render_handed,
            paging::neighbours_from,
            show::{self, label},
            submit::{change_of, submit, submit_change},
        },
        own_password,
    },
    policy::Action::{UserChangeRole, UserCreate, UserList, UserUpdate, UserView},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/admin/users", May(UserList), show_users)
        .get("/admin/users/new", May(UserCreate), show_new)
        .post("/admin/users/new", May(UserCreate), submit_new)
        .get("/admin/users/{user_id}", May(UserView), show_user)
        .post("/admin/users/{user_id}", May(UserUpdate), submit_name)
        .post("/admin/users/{user_id}/role", May(UserChangeRole), submit_role)
        .post("/admin/users/{user_id}/link", May(UserUpdate), submit_link)
        .post("/admin/users/{user_id}/access", May(UserUpdate), submit_access)
}

const PATH: &str = "/admin/users";

/// Which accounts are to be listed.
struct UserQuery {
    text: Option<String>,
    seek: Seek,
    /// The filter as `&name=value…`, for links to other parts of the list.
    query: String,
}

impl FromPairs for UserQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        Seeking::PARAMETERS[0],
        Seeking::PARAMETERS[1],
        Seeking::PARAMETERS[2],
        Seeking::PARAMETERS[3],
        ("q", Kind::Text, "In the address or the name"),
    ];

    fn read(given: &mut Given) -> Self {
        given.forget_blank();
        let (seek, query) = Seeking::read_with_filter(given);
        let query = query.replacen('?', "&", 1);
        Self { seek, text: given.text("q").filter(|text| !text.trim().is_empty()), query }
    }
}

async fn show_users(
    app: App,
    caller: Caller,
    Query(UserQuery { text, seek, query }): Query<UserQuery>,
) -> Result<Response> {
    let (found, total, part) = users::search(&app, text.as_deref(), &seek).await?;
    let ids: Vec<_> = found.iter().map(|user| user.id.to_string()).collect();
    let waiting = account_requests::open(&app).await?;
    let warnings = look_alikes::of_accounts(&app, &found).await?;
    let main = html! {
        @if !waiting.is_empty() { (requests::render_requests(&waiting)) }
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
                (neighbours_from((PATH, &query), &seek, part, (&ids, total)))
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
                        td.words data-label="E-mail" { (user.email) (chip::warnings(warnings)) }
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
        chip(Tone::Wait, "No own password yet")
    } else {
        chip(Tone::Good, "Enabled")
    }
}

async fn show_new(app: App, caller: Caller) -> Response {
    render_new(&app, &caller, &Filled::default())
}

async fn submit_new(app: App, caller: Caller, form: Form) -> Result<Response> {
    let add = async |form: &Form| {
        own_password::take(&app, &caller, form).await?;
        // `NewUser` refuses fields that it does not know, and the admin's own password is none of the new account's.
        let user = form.clone().without(own_password::NAME).read::<NewUser>()?;
        let added = users::add(&app, &caller.actor(), &user, GivenPassword::ToReplace, form.once()).await;
        Ok(next_page(&added.map_err(own_password::of_field)?))
    };
    submit(form, add, async |filled| Ok(render_new(&app, &caller, &filled))).await
}

/// Returns the path of the account that was made or changed, or of the list, which shows what waits for another admin.
fn next_page(outcome: &Outcome<User>) -> String {
    match outcome {
        Outcome::Done(user) => format!("{PATH}/{}", user.id),
        Outcome::Asked(_) => PATH.to_owned(),
    }
}

fn render_new(app: &App, caller: &Caller, filled: &Filled) -> Response {
    let main = html! {
        section.narrow aria-labelledby="new-title" {
            h2 id="new-title" { "Add a user" }
            (filled.summary(&["email", "name", "role", own_password::NAME]))
            form method="post" action="/admin/users/new" {
                (filled.once())
                (Field::required("name", "Name").first().input(filled))
                (Field::required("email", "E-mail").kind("email").hint("They sign in with it; it is never changed.").input(filled))
                (render_role(filled, None))
                p.hint {
                    @if outbox::is_open(app) { "They get a mail with a link, by which they choose a password." }
                    @else { "This server sends no mail: hand them the link that the page of the account makes, by which they choose a password." }
                }
                (render_for_admins(app, caller, filled))
                p.actions { button type="submit" { "Add user" } a.quiet href=(PATH) { "Cancel" } }
            }
        }
    };
    page(caller, Tab::Users, "Add a user", &main).status(filled.status()).into_response()
}

fn render_role(filled: &Filled, present: Option<Role>) -> Markup {
    Field::required("role", "Role")
        .hint("Where no room is concerned: who may open rooms, and who is an admin.")
        .value(present.map(Role::word))
        .select(filled, &choices(Role::WORDS))
}

/// Returns what the account of an admin takes: the caller's own password, and a second admin if there is one.
fn render_for_admins(app: &App, caller: &Caller, filled: &Filled) -> Markup {
    html! {
        p.hint { "For an admin it also takes another admin, who confirms it within a day, and your own password." }
        (own_password::optional(app, caller, filled))
    }
}

async fn show_user(app: App, caller: Caller, Id(id): Id<UserId>) -> Result<Response> {
    render_user(&app, &caller, id, Forms::default()).await
}

/// The forms of an account's page, of which at most one was refused.
struct Forms {
    name: Filled,
    role: Filled,
    link: Filled,
    access: Filled,
}

impl Default for Forms {
    fn default() -> Self {
        let edit = || Filled::default().editing();
        Self { name: edit(), role: edit(), link: Filled::default(), access: Filled::default() }
    }
}

impl Forms {
    /// Returns the status of the page that shows them: that of the form that was refused.
    fn status(&self) -> StatusCode {
        let forms = [&self.name, &self.role, &self.link, &self.access];
        forms.into_iter().find(|filled| filled.is_refused()).map(Filled::status).unwrap_or_default()
    }
}

async fn submit_name(app: App, caller: Caller, Id(id): Id<UserId>, form: Form) -> Result<Response> {
    let rename = async |form: &Form| {
        let details = |form: &Form| Ok(UserDetails { name: form.line("name"), disabled: false });
        let change = change_of(form, details)?.only(|field| field == "name");
        let user = users::change(&app, &caller.actor(), id, change).await?;
        Ok(next_page(&Outcome::Done(user)))
    };
    let show_again = async |name| render_user(&app, &caller, id, Forms { name, ..Forms::default() }).await;
    submit_change(form, rename, show_again).await
}

async fn submit_role(app: App, caller: Caller, Id(id): Id<UserId>, form: Form) -> Result<Response> {
    let change_role = async |form: &Form| {
        let unknown = || Error::field("role", format!("must be one of {}", Role::WORDS.join(", ")));
        let role = form.line("role").parse().map_err(|_| unknown())?;
        if !form.is_touched("role") {
            return Ok(format!("{PATH}/{id}"));
        }
        own_password::take(&app, &caller, form).await?;
        let filled = form.as_filled().text("role").map(|role| Map::from_iter([("role".to_owned(), role.into())]));
        let basis = filled.map_or(Basis::Anything, Basis::Fields);
        let changed = users::change_role(&app, &caller.actor(), id, role, basis).await;
        Ok(next_page(&changed.map_err(own_password::of_field)?))
    };
    let show_again = async |role| render_user(&app, &caller, id, Forms { role, ..Forms::default() }).await;
    submit_change(form, change_role, show_again).await
}

async fn submit_link(app: App, caller: Caller, Id(id): Id<UserId>, headers: HeaderMap, form: Form) -> Result<Response> {
    let way = if form.text("by") == Some("mail") { Way::Mail } else { Way::Hand };
    let given = async {
        own_password::take(&app, &caller, &form).await?;
        giving::give(&app, &caller.actor(), id, way).await.map_err(own_password::of_field)
    };
    let handed = match given.await {
        Ok(Outcome::Done(Some(handed))) => handed,
        Ok(Outcome::Done(None)) => return Ok(Redirect::to(&format!("{PATH}/{id}")).into_response()),
        Ok(Outcome::Asked(_)) => return Ok(Redirect::to(PATH).into_response()),
        Err(refused) => {
            let link = Filled::refused(form, refused)?;
            return render_user(&app, &caller, id, Forms { link, ..Forms::default() }).await;
        }
    };
    let user = app.db.read(async |tx| users::find(tx, id).await).await?;
    let main = html! {
        section.narrow aria-labelledby="handed-title" {
            h2 id="handed-title" { "A link for " (user.name) }
            (render_handed(&app, &headers, &handed, &user.email))
            p.actions { a.button href={ (PATH) "/" (id) } { "Done" } }
        }
    };
    Ok(page(&caller, Tab::Users, "A link", &main).into_response())
}

async fn submit_access(app: App, caller: Caller, Id(id): Id<UserId>, form: Form) -> Result<Response> {
    let change_access = async |form: &Form| {
        let disabled = form.text("disabled") == Some("true");
        let change: Change<UserDetails> = [("disabled", disabled.into())].into();
        let user = users::change(&app, &caller.actor(), id, change).await?;
        Ok(next_page(&Outcome::Done(user)))
    };
    let show_again = async |access| render_user(&app, &caller, id, Forms { access, ..Forms::default() }).await;
    submit(form, change_access, show_again).await
}

async fn render_user(app: &App, caller: &Caller, id: UserId, forms: Forms) -> Result<Response> {
    let user = app.db.read(async |tx| users::find(tx, id).await).await?;
    let warnings: Vec<_> =
        look_alikes::of_accounts(app, std::slice::from_ref(&user)).await?.into_iter().flatten().collect();
    let status = forms.status();
    let Forms { name, role, link, access } = &forms;
    let sent = app.db.read(async |tx| db::links::of_account(tx, &user.email).await).await?.into_iter().next();
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
                (render_card("Name", name, &["name"], &format!("{PATH}/{id}"), &html! {
                    (Field::required("name", "Name").value(Some(&user.name)).input(name))
                    p.actions { button.secondary type="submit" { "Save" } }
                }))
                // Nobody changes their own role or access: an admin who locks themselves out would need the command
                // line.
                @if is_me {
                    section.card { h3 { "Yourself" } p { "Your role and your access are another admin's business; your password is on " a href="/account" { "your account" } "." } }
                } @else {
                    (render_card("Role", role, &["role", own_password::NAME], &format!("{PATH}/{id}/role"), &html! {
                        (render_role(role, Some(user.role)))
                        @if user.role != Role::Admin { (render_for_admins(app, caller, role)) }
                        p.actions { button.secondary type="submit" { "Change role" } }
                    }))
                    (render_card("Password", link, &[own_password::NAME], &format!("{PATH}/{id}/link"), &html! {
                        p { "They choose another themselves, by a link that works once. Their sessions end by that." }
                        @if let Some(sight) = &sent { (render_sent(sight)) }
                        @if user.role == Role::Admin { (render_for_admins(app, caller, link)) }
                        p.actions {
                            @if outbox::is_open(app) { button.secondary type="submit" name="by" value="mail" { "Send the link" } }
                            button.secondary type="submit" name="by" value="hand" { "Show a link to hand over" }
                        }
                        @if !outbox::is_open(app) { p.hint { "This server sends no mail." } }
                    }))
                    (render_card("Access", access, &[], &format!("{PATH}/{id}/access"), &render_access(&user)))
                }
            }
            p.actions { a.quiet href=(PATH) { "Back to the users" } }
        }
    };
    Ok(page(caller, Tab::Users, &user.name, &main).status(status).into_response())
}

/// Returns what became of the last link of an account.
fn render_sent(Sight { link, expires_at, mail }: &Sight) -> Markup {
    html! {
        p {
            @match (link.used_at, mail, expires_at) {
                (Some(at), ..) => { (chip(Tone::Good, "Link used")) " " (show::time(at)) }
                (None, Some((true, ..)), _) => (chip(Tone::Wait, "Mail on its way")),
                (None, Some((false, Some(at), _)), _) => { (chip(Tone::Wait, "Mail sent")) " " (show::time(*at)) }
                (None, Some((false, None, why)), _) => { (chip(Tone::Bad, "Bounced")) " " span.hint { (why.as_deref().unwrap_or_default()) } }
                (None, None, Some(until)) if link.is_open() => { (chip(Tone::Wait, "Link handed over")) " until " (show::time(*until)) }
                (None, None, None) if link.is_open() => (chip(Tone::Warn, "A link waits to be handed over")),
                _ => (chip(Tone::Quiet, "The last link is over")),
            }
        }
    }
}

fn render_card(title: &str, filled: &Filled, fields: &[&str], path: &str, form: &Markup) -> Markup {
    html! {
        section.card {
            h3 { (title) }
            (filled.summary(fields))
            form method="post" action=(path) { (form) }
        }
    }
}

fn render_access(user: &User) -> Markup {
    html! {
        // What the button is to do, not a toggle: a form that was drawn before somebody else's change does not undo it.
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
