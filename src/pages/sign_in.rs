//! Signing in and out.

use std::time::Duration;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header::SET_COOKIE},
    response::{IntoResponse, Redirect, Response},
};
use maud::html;

use super::{
    field::{Field, Filled},
    layout::{Page, Part, Viewer},
};
use crate::{
    app::App,
    domain::sessions,
    error::Result,
    http::{
        Access::{Public, WithGivenPassword},
        Caller, Form, FromPairs, Given, Kind, PageRoutes, Query, UserAgent, session_cookie,
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
        None => page(&Filled::default(), &next),
    }
}

async fn sign_in(app: App, headers: HeaderMap, UserAgent(with): UserAgent, form: Form) -> Result<Response> {
    let next = within(form.text("next"));
    let signed_in = async {
        // Before anybody is signed in whose browser would not keep it.
        session_cookie::set(&headers, "", Duration::ZERO)?;
        let session = sessions::sign_in(&app, &form.line("email"), form.line("password"), with.as_deref()).await?;
        session_cookie::set(&headers, &session.token, app.config.session_duration())
    };
    match signed_in.await {
        Ok(cookie) => Ok(([(SET_COOKIE, cookie)], Redirect::to(&next)).into_response()),
        Err(refused) => Ok(page(&Filled::again(form, refused)?, &next)),
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

fn page(filled: &Filled, next: &str) -> Response {
    let main = html! {
        div.narrow {
            h1 { "Sign in" }
            (filled.summary(&["email", "password"]))
            form method="post" action="/sign-in" {
                input type="hidden" name="next" value=(next);
                (Field::required("email", "E-mail").kind("email").autocomplete("username").input(filled))
                (Field::required("password", "Password").kind("password").autocomplete("current-password").input(filled))
                p.actions { button type="submit" { "Sign in" } }
            }
            p.hint { "Accounts are made by who runs this server." }
        }
    };
    Page::new("Sign in", main).of(Part::Elsewhere, Viewer::Stranger).status(filled.status()).into_response()
}
