//! Signing in and out, with a session cookie.

use std::time::Duration;

use axum::{
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{RETRY_AFTER, SET_COOKIE},
    },
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use maud::{Markup, html};

use super::kit::{
    field::{Field, Filled},
    layout::{HtmlPage, Part, Viewer},
};
use crate::{
    app::App,
    domain::accounts::{
        attempts::DEVICE_KNOWN,
        sessions, set_up,
        sign_in::{self, SignIn},
    },
    error::{Error, Result},
    http::{
        Access::{Public, WithGivenPassword},
        Caller, Client, Form, FromPairs, Given, Kind, PageRoutes, Query, UserAgent,
        insecure::{self, Way},
        session_cookie,
    },
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/sign-in", Public, show_sign_in).post("/sign-in", Public, submit_sign_in).post(
        "/sign-out",
        WithGivenPassword,
        submit_sign_out,
    )
}

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
/// What a browser has to forget when a session ends (ASVS 5.0 14.3.1). Not `cookies`: that would clear the cookies of
/// all servers of the domain, and our own cookie is cleared by its own header.
const LEFT_BEHIND: &str = "\"cache\", \"storage\"";

/// The page to go to after signing in.
struct Next(Option<String>);

impl FromPairs for Next {
    const PARAMETERS: &[(&str, Kind, &str)] = &[("next", Kind::Text, "The page to go to")];

    fn read(given: &mut Given) -> Self {
        Self(given.text("next"))
    }
}

async fn show_sign_in(
    app: App,
    caller: Option<Caller>,
    client: Client,
    headers: HeaderMap,
    Query(Next(next)): Query<Next>,
) -> Result<Response> {
    let next = within(next.as_deref());
    if caller.is_some() {
        return Ok(Redirect::to(&next).into_response());
    }
    let about = About { way: insecure::way(&headers, client), to_set_up: set_up::is_open(&app).await? };
    Ok(render_sign_in(&Filled::default(), &next, None, about))
}

async fn submit_sign_in(
    app: App,
    caller: Option<Caller>,
    client: Client,
    headers: HeaderMap,
    UserAgent(user_agent): UserAgent,
    form: Form,
) -> Result<Response> {
    let next = within(form.text("next"));
    let about = About { way: insecure::way(&headers, client), to_set_up: false };
    let signed_in = async {
        // Fails if the browser would not keep the cookie: found out before a session is opened that nobody could use.
        session_cookie::set(&headers, "", Duration::ZERO)?;
        let attempt = SignIn {
            email: form.line("email"),
            password: form.line("password"),
            network: client.network(),
            device: session_cookie::device(&headers).map(ToOwned::to_owned),
            ticket: form.text("ticket").map(ToOwned::to_owned),
            user_agent,
            replaces: caller.map(|caller| caller.session),
        };
        let session = sign_in::sign_in(&app, attempt).await?;
        let device = session_cookie::set_device(&headers, &session.device, DEVICE_KNOWN)?;
        Ok([session_cookie::set(&headers, &session.token, app.config.session_duration())?, device])
    };
    match signed_in.await {
        Ok(cookies) => {
            Ok((AppendHeaders(cookies.map(|cookie| (SET_COOKIE, cookie))), Redirect::to(&next)).into_response())
        }
        Err(refused) => {
            // Taken before `Filled::refused` consumes the error: the form has to send the ticket back with the next
            // attempt.
            let wait = if let Error::TooManyAttempts { seconds, ticket } = &refused {
                Some((*seconds, ticket.clone()))
            } else {
                None
            };
            let mut response = render_sign_in(
                &Filled::refused(form, refused)?,
                &next,
                wait.as_ref().and_then(|wait| wait.1.as_deref()),
                about,
            );
            if let Some((seconds, _)) = wait {
                response.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            Ok(response)
        }
    }
}

async fn submit_sign_out(app: App, caller: Caller, headers: HeaderMap) -> Result<Response> {
    sessions::sign_out(&app, &caller.actor(), caller.session).await?;
    let mut response = ([(SET_COOKIE, session_cookie::clear(&headers)?)], Redirect::to("/sign-in")).into_response();
    response.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static(LEFT_BEHIND));
    Ok(response)
}

/// Returns the given path if it is one of this server, or else `/`: an open redirect would lend our name to other
/// sites.
fn within(next: Option<&str>) -> String {
    // Browsers drop tabs and line breaks from an address and read a backslash as a slash, so `/\t/host` would be
    // `//host`.
    let plain = |path: &str| path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let ours = |path: &&str| path.starts_with('/') && !path.starts_with("//") && plain(path);
    next.filter(ours).unwrap_or("/").to_owned()
}

/// What is to be known before a password is typed.
struct About {
    /// What is wrong with the way to this server.
    way: Option<Way>,
    /// Whether there is no account yet.
    to_set_up: bool,
}

/// Returns the warning of a way by which no password should be sent.
pub(super) fn warning(way: Way) -> Markup {
    html! {
        div.refused role="alert" {
            @match way {
                Way::Plain => {
                    p { "This page came to you without TLS: everybody on the way can read a password that you type, and you could not sign in with it. Ask who runs this server for its address with " code { "https://" } "." }
                    p.hint { "Who runs it: a proxy that does TLS has to say so by " code { "X-Forwarded-Proto" } ", and to be named in " code { "trusted_proxies" } "." }
                }
                Way::HiddenHost => {
                    p { "A proxy hides from this server under which address you see this page, so that it may take your forms for another site's and refuse them." }
                    p.hint { "Who runs it: have the proxy pass on " code { "Host" } " as it came, such as by " code { "proxy_set_header Host $host;" } " in nginx." }
                }
            }
        }
    }
}

fn render_sign_in(filled: &Filled, next: &str, ticket: Option<&str>, About { way, to_set_up }: About) -> Response {
    let main = html! {
        div.entry {
            h1 { "Sign in" }
            @if let Some(way) = way { (warning(way)) }
            @if to_set_up {
                p { "This system has no account yet: " a href="/set-up" { "make the first admin" } ", with the code that the server printed at its start. It is in the server's log." }
            }
            (filled.summary(&["email", "password"]))
            form method="post" action="/sign-in" {
                input type="hidden" name="next" value=(next);
                @if let Some(ticket) = ticket { input type="hidden" name="ticket" value=(ticket); }
                (Field::required("email", "E-mail").kind("email").autocomplete("username").first().input(filled))
                (Field::required("password", "Password").kind("password").autocomplete("current-password").input(filled))
                p.actions { button type="submit" { "Sign in" } }
            }
            p { a href="/forgotten" { "Forgot your password?" } }
            p.hint { "Who is invited to a room gets a link to join; other accounts are made by who runs this server." }
        }
    };
    HtmlPage::new("Sign in", main).in_part(Part::Elsewhere, Viewer::Stranger).status(filled.status()).into_response()
}
