//! What every page has around it: head, bar, and the foot.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
    },
    response::{IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use room::Role;

use crate::{
    http::Caller,
    pages::assets::{ICON_PATH, MODULE_PATH, STYLE_PATH},
};

/// A page may have its stylesheet, its module, images and answers from where it came, send its forms there, and nothing
/// else.
pub const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// The parts of the site that the bar leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// One's rooms.
    Rooms,
    /// The check of a file.
    Verify,
    /// For admins.
    Administration,
    /// One's account.
    Account,
    /// None of them.
    Elsewhere,
}

/// Who looks at a page.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Viewer<'a> {
    /// Somebody who is signed in.
    Caller(&'a Caller),
    /// Somebody who is not.
    Stranger,
    /// It is not known here.
    Anyone,
}

impl<'a> From<&'a Caller> for Viewer<'a> {
    fn from(caller: &'a Caller) -> Self {
        Self::Caller(caller)
    }
}

impl<'a> From<Option<&'a Caller>> for Viewer<'a> {
    fn from(caller: Option<&'a Caller>) -> Self {
        caller.map_or(Self::Stranger, Self::Caller)
    }
}

/// A page.
pub(crate) struct Page {
    title: String,
    bar: Markup,
    main: Markup,
    status: StatusCode,
    events: Option<String>,
}

impl Page {
    /// A page of this title; `main` opens with its own `h1`.
    pub(crate) fn new(title: impl Into<String>, main: Markup) -> Self {
        let (title, bar) = (title.into(), PreEscaped(String::new()));
        Self { title, bar, main, status: StatusCode::OK, events: None }
    }

    /// In a part of the site, for whoever looks at it.
    pub(crate) fn of<'a>(mut self, part: Part, viewer: impl Into<Viewer<'a>>) -> Self {
        self.bar = bar(part, viewer.into());
        self
    }

    /// With more before its title: what of it is open.
    pub(crate) fn about(mut self, what: &str) -> Self {
        self.title = format!("{what} – {}", self.title);
        self
    }

    /// With another status than `200`.
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Kept as things are by the events from this path.
    pub(crate) fn live(mut self, events: String) -> Self {
        self.events = Some(events);
        self
    }

    pub(crate) fn into_markup(self) -> Markup {
        let Self { title, bar, main, events, .. } = self;
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    title { (title) " – STS Clearance" }
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    link rel="icon" type="image/svg+xml" href=(*ICON_PATH);
                    link rel="stylesheet" href=(*STYLE_PATH);
                    script type="module" src=(*MODULE_PATH) {}
                }
                body data-events=[events] {
                    a.skip href="#main" { "Skip to the content" }
                    (bar)
                    main id="main" tabindex="-1" { (main) }
                    p.visually-hidden id="announcer" role="status" {}
                }
            }
        }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let status = self.status;
        let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (REFERRER_POLICY, "same-origin")];
        let mut response = (status, headers, self.into_markup().into_string()).into_response();
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
        response
    }
}

fn bar(part: Part, viewer: Viewer<'_>) -> Markup {
    let link = |of: Part, path: &str, words: &str| {
        html! { li { a href=(path) aria-current=[(of == part).then_some("page")] { (words) } } }
    };
    let caller = if let Viewer::Caller(caller) = viewer { Some(caller) } else { None };
    html! {
        header.bar {
            a.brand href="/" { "STS Clearance" }
            nav aria-label="Main" {
                ul {
                    @if !matches!(viewer, Viewer::Stranger) { (link(Part::Rooms, "/", "Rooms")) }
                    (link(Part::Verify, "/verify", "Verify"))
                    @if caller.is_some_and(|caller| caller.user.role == Role::Admin) {
                        (link(Part::Administration, "/admin", "Administration"))
                    }
                }
            }
            div.me {
                @match viewer {
                    Viewer::Caller(caller) => {
                        a href="/account" aria-current=[(part == Part::Account).then_some("page")] { (caller.user.name) }
                        form method="post" action="/sign-out" { button.quiet type="submit" { "Sign out" } }
                    }
                    Viewer::Stranger => a href="/sign-in" { "Sign in" },
                    Viewer::Anyone => a href="/account" { "Account" },
                }
            }
        }
    }
}
