//! The caller's account: name and role, password, what they say of themselves, the sessions that are open, and what the
//! system holds of them.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use room::{SessionId, Time};

use super::kit::{
    chip::{self, Tone, chip},
    field::{Field, Filled},
    layout::{HtmlPage, Part},
    show,
    submit::{change_of, submit, submit_change},
};
use crate::{
    app::App,
    db::sessions::Session,
    domain::accounts::{
        details::{self, NewDetails},
        look_alikes,
        own_data::{ERASABLE, KEPT},
        own_password, sessions,
    },
    error::{Error, Result},
    http::{
        Access::{SignedIn, WithGivenPassword},
        BASE, Caller, Form, Id, PageRoutes, sentence,
    },
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/account", SignedIn, show_account)
        .get("/account/password", WithGivenPassword, show_password)
        .post("/account/password", WithGivenPassword, submit_password)
        .get("/account/details", SignedIn, show_account)
        .post("/account/details", SignedIn, submit_details)
        .get("/account/erase", SignedIn, show_erasure)
        .post("/account/erase", SignedIn, submit_erasure)
        .post("/account/sessions/{session_id}/end", SignedIn, submit_end)
        .post("/account/sessions/end-others", SignedIn, submit_end_others)
}

async fn show_account(app: App, caller: Caller) -> Result<Response> {
    render_account(&app, &caller, &Filled::default().editing()).await
}

async fn submit_details(app: App, caller: Caller, form: Form) -> Result<Response> {
    let change = async |form: &Form| {
        details::change(&app, caller.user.id, change_of(form, Form::read::<NewDetails>)?).await?;
        Ok("/account".to_owned())
    };
    submit_change(form, change, async |filled| render_account(&app, &caller, &filled).await).await
}

async fn render_account(app: &App, caller: &Caller, filled: &Filled) -> Result<Response> {
    let user = &caller.user;
    let sessions = sessions::list(app, user.id, caller.session).await?;
    let details = details::find(app, user.id).await?;
    let main = html! {
        h1 { "Your account" }
        dl.facts {
            dt { "Name" } dd { (user.name) " " a href="/account/name" { "Change your name" } (chip::warnings(&look_alikes::of_name(&user.name))) }
            dt { "E-mail" } dd { (user.email) }
            dt { "Role" } dd { (show::label(user.role.word())) span.hint { " In a room your role there counts." } }
        }
        p.actions {
            a.button.secondary href="/account/password" { "Change password" }
            a.button.secondary href="/account/mails" { "What you are told by mail" }
        }
        (render_details(&details, filled))
        section aria-labelledby="sessions-title" {
            h2 id="sessions-title" { "Where you are signed in" }
            (render_sessions(&sessions, app.now()))
            @if sessions.len() > 1 {
                form method="post" action="/account/sessions/end-others" {
                    p.actions { button.secondary type="submit" { "Sign out everywhere else" } }
                }
            }
        }
        section aria-labelledby="data-title" {
            h2 id="data-title" { "What the system holds of you" }
            p.actions {
                a href={ (BASE) "/account/data" } download="my-data.json" { "Download it (JSON)" }
                a href="/account/erase" { "Erase what can be erased" }
            }
        }
    };
    Ok(HtmlPage::new("Your account", main).in_part(Part::Account, caller).status(filled.status()).into_response())
}

/// Returns the form of what the caller says of themselves.
fn render_details(details: &NewDetails, filled: &Filled) -> Markup {
    let NewDetails { company, position, telephone, time_zone } = details;
    html! {
        section.form-page aria-labelledby="details-title" {
            h2 id="details-title" { "About you" }
            p.hint { "The parties of your rooms see company, position and telephone beside your name. No log has them: they can be erased at any time." }
            (filled.summary(&["company", "position", "telephone", "time_zone"]))
            form method="post" action="/account/details" {
                div.fields {
                    (Field::line("company", "Company").value(company.as_deref()).autocomplete("organization").input(filled))
                    (Field::line("position", "Position").value(position.as_deref()).autocomplete("organization-title").input(filled))
                    (Field::line("telephone", "Telephone").kind("tel").value(telephone.as_deref()).autocomplete("tel").input(filled))
                    (Field::line("time_zone", "Time zone").hint("Such as Europe/Athens. Pages tell times in it when you point at them, beside UTC.")
                        .value(time_zone.as_deref()).input(filled))
                }
                p.actions { button type="submit" { "Save" } }
            }
        }
    }
}

async fn show_erasure(caller: Caller) -> Response {
    let main = html! {
        div.narrow {
            h1 { "Erase what can be erased" }
            h2 { "This goes" }
            ul { @for what in ERASABLE { li { (sentence(what)) } } }
            p { "Your other sessions end, and your next sign-in is from a device that is not known." }
            h2 { "This stays" }
            ul { @for what in KEPT { li { (sentence(what)) } } }
            form method="post" action="/account/erase" {
                p.actions { button.danger type="submit" { "Erase it" } a.quiet href="/account" { "Cancel" } }
            }
        }
    };
    HtmlPage::new("Erase what can be erased", main).in_part(Part::Account, &caller).into_response()
}

async fn submit_erasure(app: App, caller: Caller) -> Result<Redirect> {
    details::erase(&app, &caller.user, caller.session).await?;
    Ok(Redirect::to("/account"))
}

fn render_sessions(sessions: &[(Session, bool)], now: Time) -> Markup {
    html! {
        table.list {
            thead {
                tr {
                    th scope="col" { "Signed in" }
                    th scope="col" { "With" }
                    th scope="col" { "Last used" }
                    th scope="col" { "Ends" }
                    th scope="col" { span.visually-hidden { "Actions" } }
                }
            }
            tbody {
                @for (session, is_this) in sessions {
                    tr.current[*is_this] {
                        th scope="row" { (show::time(session.created_at)) }
                        td data-label="With" {
                            (session.user_agent.as_deref().unwrap_or("It does not say"))
                            @if *is_this { " " (chip(Tone::Good, "This one")) }
                        }
                        td data-label="Last used" { (show::away(session.last_seen_at, now)) }
                        td data-label="Ends" { (show::away(session.expires_at, now)) }
                        td.row-actions {
                            @if !is_this {
                                form method="post" action={ "/account/sessions/" (session.id) "/end" } {
                                    button.quiet type="submit" aria-label={ "Sign out the session of " (show::minute(session.created_at)) } {
                                        "Sign out"
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

async fn submit_end(app: App, caller: Caller, Id(id): Id<SessionId>) -> Result<Redirect> {
    sessions::end(&app, &caller.user, caller.session, id).await?;
    Ok(Redirect::to("/account"))
}

async fn submit_end_others(app: App, caller: Caller) -> Result<Redirect> {
    sessions::end_others(&app, &caller.user, caller.session).await?;
    Ok(Redirect::to("/account"))
}

async fn show_password(caller: Caller) -> Response {
    render_password(&caller, &Filled::default())
}

async fn submit_password(app: App, caller: Caller, form: Form) -> Result<Response> {
    let change = async |form: &Form| {
        // The new password is compared before the present one is checked: a slip must not count as a failed attempt.
        if form.text("new_password") != form.text("repeated") {
            return Err(Error::field("repeated", "is not the same as the new password"));
        }
        let (current, new) = (form.line("current_password"), form.line("new_password"));
        own_password::change_password(&app, &caller.user, caller.seat(), current, &new).await?;
        // Somebody who has just replaced a first password comes from signing in, and wants to see their rooms.
        Ok(if caller.user.must_change_password { "/".to_owned() } else { "/account".to_owned() })
    };
    submit(form, change, async |filled| Ok(render_password(&caller, &filled))).await
}

fn render_password(caller: &Caller, filled: &Filled) -> Response {
    let password = |name, label| Field::required(name, label).kind("password");
    let main = html! {
        div.narrow {
            h1 { "Change your password" }
            @if caller.user.must_change_password {
                p { "Somebody else chose the password that you signed in with. Choose one that only you know; then go on." }
            }
            (filled.summary(&["current_password", "new_password", "repeated"]))
            form method="post" action="/account/password" {
                (password("current_password", "Present password").first().autocomplete("current-password").input(filled))
                (password("new_password", "New password").hint("12 to 128 characters; none that others would guess.").autocomplete("new-password")
                    .input(filled))
                (password("repeated", "New password again").autocomplete("new-password").input(filled))
                p.actions { button type="submit" { "Change password" } a.quiet href="/account" { "Cancel" } }
            }
            p.hint { "Your other sessions end." }
        }
    };
    HtmlPage::new("Change your password", main).in_part(Part::Account, caller).status(filled.status()).into_response()
}
