//! Signing in and out.

use std::time::Duration;

use axum::{
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{RETRY_AFTER, SET_COOKIE},
    },
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use maud::html;

use super::kit::{
    field::{Field, Filled},
    layout::{Page, Part, Viewer},
};
use crate::{
    app::App,
    domain::accounts::{
        attempts::DEVICE_KNOWN,
        sessions,
        sign_in::{self, SignIn},
    },
    error::{Error, Result},
    http::{
        Access::{Public, WithGivenPassword},
        Caller, Client, Form, FromPairs, Given, Kind, PageRoutes, Query, UserAgent, session_cookie,
    },
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/sign-in", Public, ask).post("/sign-in", Public, sign_in).post(
        "/sign-out",
        WithGivenPassword,
        sign_out,
    )
}

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
/// What a browser is to forget of a session. Not `cookies`: that would take those of the whole domain, other servers'
/// too, and ours is cleared by its own header.
const LEFT_BEHIND: &str = "\"cache\", \"storage\"";

/// Where to go after signing in.
struct Next(Option<String>);

impl FromPairs for Next {
    const PARAMETERS: &[(&str, Kind, &str)] = &[("next", Kind::Text, "The page to go to")];

    fn read(given: &mut Given) -> Self {
        Self(given.text("next"))
    }
}

async fn ask(caller: Option<Caller>, Query(Next(next)): Query<Next>) -> Response {
    let next = within(next.as_deref());
    match caller {
        Some(_) => Redirect::to(&next).into_response(),
        None => page(&Filled::default(), &next, None),
    }
}

async fn sign_in(
    app: App,
    caller: Option<Caller>,
    client: Client,
    headers: HeaderMap,
    UserAgent(user_agent): UserAgent,
    form: Form,
) -> Result<Response> {
    let next = within(form.text("next"));
    let signed_in = async {
        // Before anybody is signed in whose browser would not keep it.
        session_cookie::set(&headers, "", Duration::ZERO)?;
        let asked = SignIn {
            email: form.line("email"),
            password: form.line("password"),
            network: client.network(),
            device: session_cookie::device(&headers).map(ToOwned::to_owned),
            ticket: form.text("ticket").map(ToOwned::to_owned),
            user_agent,
            replaces: caller.map(|caller| caller.session),
        };
        let session = sign_in::sign_in(&app, asked).await?;
        let device = session_cookie::set_device(&headers, &session.device, DEVICE_KNOWN)?;
        Ok([session_cookie::set(&headers, &session.token, app.config.session_duration())?, device])
    };
    match signed_in.await {
        Ok(cookies) => {
            Ok((AppendHeaders(cookies.map(|cookie| (SET_COOKIE, cookie))), Redirect::to(&next)).into_response())
        }
        Err(refused) => {
            let wait = if let Error::TooManyAttempts { seconds, ticket } = &refused {
                Some((*seconds, ticket.clone()))
            } else {
                None
            };
            let mut response =
                page(&Filled::again(form, refused)?, &next, wait.as_ref().and_then(|wait| wait.1.as_deref()));
            if let Some((seconds, _)) = wait {
                response.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            Ok(response)
        }
    }
}

async fn sign_out(app: App, caller: Caller, headers: HeaderMap) -> Result<Response> {
    sessions::sign_out(&app, &caller.actor(), caller.session).await?;
    let mut response = ([(SET_COOKIE, session_cookie::clear(&headers)?)], Redirect::to("/sign-in")).into_response();
    response.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static(LEFT_BEHIND));
    Ok(response)
}

/// A path of this server, whatever was given: nobody is led elsewhere. Browsers drop tabs and line breaks from an
/// address, and take a backslash for a slash; what an address has of other characters is percent-encoded.
fn within(next: Option<&str>) -> String {
    let plain = |path: &str| path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let ours = |path: &&str| path.starts_with('/') && !path.starts_with("//") && plain(path);
    next.filter(ours).unwrap_or("/").to_owned()
}

fn page(filled: &Filled, next: &str, ticket: Option<&str>) -> Response {
    let main = html! {
        div.narrow {
            h1 { "Sign in" }
            (filled.summary(&["email", "password"]))
            form method="post" action="/sign-in" {
                input type="hidden" name="next" value=(next);
                @if let Some(ticket) = ticket { input type="hidden" name="ticket" value=(ticket); }
                (Field::required("email", "E-mail").kind("email").autocomplete("username").input(filled))
                (Field::required("password", "Password").kind("password").autocomplete("current-password").input(filled))
                p.actions { button type="submit" { "Sign in" } }
            }
            p.hint { "Accounts are made by who runs this server." }
        }
    };
    Page::new("Sign in", main).of(Part::Elsewhere, Viewer::Stranger).status(filled.status()).into_response()
}
