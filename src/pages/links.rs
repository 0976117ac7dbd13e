//! The page of a link by which somebody chooses a password, to join or for their account. A link that does not lead in any
//! more says what to do instead, and opens no door.

use std::time::Duration;

use axum::{
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use maud::{Markup, html};

use super::{
    kit::{
        field::{Field, Filled},
        layout::{HtmlPage, Part, Viewer},
    },
    room,
    sign_in::warning,
};
use crate::{
    app::App,
    db::links::Purpose,
    domain::accounts::{
        attempts::{self, DEVICE_KNOWN},
        choosing,
        links::{self, Shown, Standing},
        sign_in::{self, SignIn},
    },
    error::Result,
    http::{
        Access::Public,
        Caller, Client, Form, FromPairs, Given, Kind, PageRoutes, Query, UserAgent,
        insecure::{self, Way},
        session_cookie,
    },
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/link", Public, show_link).post("/link", Public, submit_password)
}

/// The token of the link.
struct Token(String);

impl FromPairs for Token {
    const PARAMETERS: &[(&str, Kind, &str)] = &[("token", Kind::Text, "The token of the link")];

    fn read(given: &mut Given) -> Self {
        Self(given.text("token").unwrap_or_default())
    }
}

async fn show_link(
    app: App,
    caller: Option<Caller>,
    client: Client,
    headers: HeaderMap,
    Query(Token(token)): Query<Token>,
) -> Result<Response> {
    let Some(shown) = links::look(&app, &token).await? else {
        attempts::admit_by_link(&app, client.network()).await?;
        return Ok(render_unknown(caller.as_ref()));
    };
    Ok(render_link(&shown, &token, caller.as_ref(), (&Filled::default(), insecure::way(&headers, client))))
}

async fn submit_password(
    app: App,
    caller: Option<Caller>,
    client: Client,
    headers: HeaderMap,
    UserAgent(user_agent): UserAgent,
    form: Form,
) -> Result<Response> {
    let token = form.line("token");
    let Some(shown) = links::look(&app, &token).await? else {
        attempts::admit_by_link(&app, client.network()).await?;
        return Ok(render_unknown(caller.as_ref()));
    };
    let caller = caller.as_ref();
    if shown.standing != Standing::Open || is_of_another(&shown, caller) {
        return Ok(render_link(&shown, &token, caller, (&Filled::default(), None)));
    }
    // Fails if the browser would not keep the cookie: found out before the link is used.
    session_cookie::set(&headers, "", Duration::ZERO)?;
    let password = form.line("new_password");
    let email = match choosing::choose(&app, client.network(), &token, &password).await {
        Ok(email) => email,
        Err(refused) => {
            let filled = Filled::refused(form, refused)?;
            // Somebody else may have used it a moment ago.
            let shown = links::look(&app, &token).await?.unwrap_or(shown);
            return Ok(render_link(&shown, &token, caller, (&filled, insecure::way(&headers, client))));
        }
    };
    let attempt = SignIn {
        email,
        password,
        network: client.network(),
        device: session_cookie::device(&headers).map(ToOwned::to_owned),
        ticket: None,
        user_agent,
        replaces: caller.map(|caller| caller.session),
    };
    // The password is chosen in any case; where too many tried to sign in with this address, it has to be typed again.
    let Ok(session) = sign_in::sign_in(&app, attempt).await else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let device = session_cookie::set_device(&headers, &session.device, DEVICE_KNOWN)?;
    let cookies = [session_cookie::set(&headers, &session.token, app.config.session_duration())?, device];
    let next = match shown.link.room {
        // Who was let in is in, whatever keeps the server from finding out what waits for them there.
        Some(room) => {
            room::path_of_wanted(&app, room, &shown.link.email).await.unwrap_or_else(|_| format!("/rooms/{room}"))
        }
        None => "/".to_owned(),
    };
    Ok((AppendHeaders(cookies.map(|cookie| (SET_COOKIE, cookie))), Redirect::to(&next)).into_response())
}

/// Returns whether somebody is signed in who is not the one that the link is for.
fn is_of_another(shown: &Shown, caller: Option<&Caller>) -> bool {
    caller.is_some_and(|caller| caller.user.email != shown.link.email)
}

fn page(title: &str, caller: Option<&Caller>, main: &Markup) -> HtmlPage {
    HtmlPage::new(title, html! { div.entry { h1 { (title) } (main) } }).in_part(Part::Elsewhere, Viewer::from(caller))
}

fn render_unknown(caller: Option<&Caller>) -> Response {
    let main = html! {
        p { "This server does not know the link. It may be incomplete: copy it from the mail as a whole. Or it is long over: ask who sent it for another." }
        p.actions { a.button href="/forgotten" { "Forgot your password?" } a.quiet href="/sign-in" { "Sign in" } }
    };
    page("A link that leads nowhere", caller, &main).status(StatusCode::NOT_FOUND).into_response()
}

fn render_link(shown: &Shown, token: &str, caller: Option<&Caller>, (filled, way): (&Filled, Option<Way>)) -> Response {
    if shown.standing != Standing::Open {
        return page("This link is over", caller, &render_over(shown)).status(StatusCode::GONE).into_response();
    }
    let title = match shown.link.purpose {
        Purpose::Join => "Join STS Clearance",
        Purpose::Password => "Choose a password",
    };
    if let Some(caller) = caller.filter(|caller| caller.user.email != shown.link.email) {
        let main = render_of_another(shown, caller);
        return page(title, Some(caller), &main).status(StatusCode::CONFLICT).into_response();
    }
    let main = html! {
        @if let Some(way) = way { (warning(way)) }
        @if let Some(room) = &shown.room {
            p {
                strong { (shown.link.asked_by.as_deref().unwrap_or_default()) } " has added you, " (shown.link.name)
                ", to the room " strong { (room) } ". Choose a password, and you are in."
            }
        } @else {
            p { "For the account of " (shown.link.name) ". Sessions that are open end." }
        }
        (filled.summary(&["new_password"]))
        form method="post" action="/link" {
            input type="hidden" name="token" value=(token);
            div.field {
                label for="link-email" { "E-mail" }
                // For password managers, which keep the two together.
                input id="link-email" type="email" name="email" value=(shown.link.email) autocomplete="username" readonly;
            }
            (Field::required("new_password", "Password").kind("password").first()
                .hint("12 to 128 characters; none that others would guess.").autocomplete("new-password").input(filled))
            p.actions { button type="submit" { @if shown.room.is_some() { "Join" } @else { "Save and sign in" } } }
        }
    };
    page(title, caller, &main).status(filled.status()).into_response()
}

fn render_of_another(shown: &Shown, caller: &Caller) -> Markup {
    html! {
        p {
            "You are signed in as " strong { (caller.user.email) } ", and this link is for " strong { (shown.link.email) }
            ". Nothing has been done, and it still holds."
        }
        p { "If it is yours, sign out, then open the link again. If it was passed on to you, it does not let you in." }
        form method="post" action="/sign-out" { p.actions { button type="submit" { "Sign out" } a.quiet href="/" { "Stay" } } }
    }
}

/// Returns what to do instead.
fn render_over(shown: &Shown) -> Markup {
    let by = shown.link.asked_by.as_deref();
    let sign_in = html! { p.actions { a.button href="/sign-in" { "Sign in" } a.quiet href="/forgotten" { "Forgot your password?" } } };
    html! {
        @match shown.standing {
            Standing::Used => {
                p { "It has been used, and works once. Sign in with the password that was chosen. If that was not you, choose another at once, and tell who runs this server." }
                (sign_in)
            }
            Standing::HasAccount => {
                p { "There is an account with this address already: sign in with it, and the room is there." }
                (sign_in)
            }
            Standing::Expired if by.is_none() => {
                p { "Its two hours are over. Ask for another." }
                p.actions { a.button href="/forgotten" { "Ask for another" } }
            }
            Standing::Expired => p { "Its time is over. Ask " strong { (by.unwrap_or_default()) } " to send it again." },
            Standing::Withdrawn => {
                p { "It was withdrawn, or another link or password took its place. If you expect to be let in, ask " strong { (by.unwrap_or("who runs this server")) } "." }
                (sign_in)
            }
            Standing::Disabled => p { "The account is disabled. Ask who runs this server." },
            Standing::Open => {}
        }
    }
}
