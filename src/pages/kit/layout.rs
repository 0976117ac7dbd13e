//! What every page has around it: the head, the bar at the top, and the announcer for screen readers.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
    },
    response::{IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use room::{Role, UserId};

use crate::{
    domain::attention::Attention,
    http::Caller,
    pages::kit::{
        assets::{DRAFTS_SCRIPT, ICON_PATH, MODULE_SCRIPT, STYLE_PATH},
        chip::{Tone, chip},
        show,
    },
};

/// The Content Security Policy of every page: style sheets, scripts, images and fetched data from this server only,
/// forms sent to it only, no frames around it. Inline scripts and styles are refused (ASVS 5.0 3.4.3).
pub const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// The parts of the site to which the bar leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The rooms of the caller.
    Rooms,
    /// The verification of a file.
    Verify,
    /// The administration, for admins only.
    Administration,
    /// The account of the caller.
    Account,
    /// A page that belongs to none of them.
    Elsewhere,
}

/// Who looks at a page, which decides what the bar offers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Viewer<'a> {
    /// Somebody with a session.
    Caller(&'a Caller),
    /// Somebody without a session.
    Stranger,
    /// Not known: the page is drawn where no session is read.
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

/// A whole page: its title, its content, and what the layout around it needs.
pub(crate) struct HtmlPage {
    title: String,
    bar: Markup,
    main: Markup,
    status: StatusCode,
    events: Option<String>,
    /// Whether the script looks for something new by itself, since no events tell of all that the page shows.
    renewed: bool,
    /// The id of who looks at it, under which their browser keeps what they type.
    user: Option<UserId>,
    /// The time zone that they have named.
    time_zone: Option<String>,
}

impl HtmlPage {
    /// Returns a page with this title; `main` begins with its own heading.
    pub(crate) fn new(title: impl Into<String>, main: Markup) -> Self {
        let (title, bar) = (title.into(), PreEscaped(String::new()));
        Self { title, bar, main, status: StatusCode::OK, events: None, renewed: false, user: None, time_zone: None }
    }

    /// Adds the bar, with this part marked as the present one.
    pub(crate) fn in_part<'a>(mut self, part: Part, viewer: impl Into<Viewer<'a>>) -> Self {
        let viewer = viewer.into();
        let caller = if let Viewer::Caller(caller) = viewer { Some(caller) } else { None };
        self.user = caller.map(|caller| caller.user.id);
        self.time_zone = caller.and_then(|caller| caller.time_zone.clone());
        self.bar = bar(part, viewer);
        self
    }

    /// Puts what is open in the page before its title.
    pub(crate) fn about(mut self, what: &str) -> Self {
        self.title = format!("{what} – {}", self.title);
        self
    }

    /// Sets another status than 200.
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Has the script listen to the events at this path, and renew the parts of the page that are marked `data-live`.
    pub(crate) fn live(mut self, events: String) -> Self {
        self.events = Some(events);
        self
    }

    /// Has the script renew the parts that are marked `data-live` every few seconds, beside what events it listens to.
    pub(crate) fn renewed(mut self) -> Self {
        self.renewed = true;
        self
    }

    /// Draws the page; its status is up to the caller then.
    pub(crate) fn into_markup(self) -> Markup {
        let Self { title, bar, main, events, renewed, user, time_zone, .. } = self;
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
                    script type="module" src=(MODULE_SCRIPT.path) {}
                    script type="module" src=(DRAFTS_SCRIPT.path) {}
                }
                body data-events=[events] data-renewed[renewed] data-user=[user] data-time-zone=[time_zone] {
                    // Keyboard users reach the content without stepping through the bar (WCAG 2.4.1); `main` takes the
                    // focus.
                    a.skip href="#main" { "Skip to the content" }
                    (bar)
                    main id="main" tabindex="-1" { (main) }
                    // A live region is only read if it was there before its words: the script fills this one.
                    p.visually-hidden id="announcer" role="status" {}
                }
            }
        }
    }
}

impl IntoResponse for HtmlPage {
    fn into_response(self) -> Response {
        let status = self.status;
        // Paths have the ids of rooms, which other sites need not know. Not `no-referrer`: with it forms are sent with
        // `Origin: null`, and browsers without `Sec-Fetch-Site` are judged by their `Origin`.
        let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (REFERRER_POLICY, "same-origin")];
        let mut response = (status, headers, self.into_markup().into_string()).into_response();
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
        response
    }
}

fn bar(part: Part, viewer: Viewer<'_>) -> Markup {
    let link = |target: Part, path: &str, words: &str| {
        html! { li { a href=(path) aria-current=[(target == part).then_some("page")] { (words) } } }
    };
    let caller = if let Viewer::Caller(caller) = viewer { Some(caller) } else { None };
    html! {
        header.bar {
            a.brand href="/" { img src=(*ICON_PATH) alt="" width="24" height="24"; span { "STS Clearance" } }
            nav aria-label="Main" {
                ul {
                    @if !matches!(viewer, Viewer::Stranger) { (link(Part::Rooms, "/", "Rooms")) }
                    (link(Part::Verify, "/verify", "Verify"))
                    @if caller.is_some_and(|caller| caller.user.role == Role::Admin) {
                        (link(Part::Administration, "/admin", "Administration"))
                    }
                }
            }
            @if let Some(caller) = caller.filter(|caller| caller.user.role == Role::Admin) { (render_attention(&caller.attention)) }
            div.me {
                @match viewer {
                    Viewer::Caller(caller) => {
                        a href="/account" aria-current=[(part == Part::Account).then_some("page")] { (caller.user.name) }
                        // A form, not a link: a link would be followed by whatever fetches links in advance.
                        form method="post" action="/sign-out" { button.quiet type="submit" { "Sign out" } }
                    }
                    Viewer::Stranger => a href="/sign-in" { "Sign in" },
                    Viewer::Anyone => a href="/account" { "Account" },
                }
            }
        }
    }
}

/// Returns what calls an admin, each as a link to where it is dealt with.
fn render_attention(attention: &Attention) -> Markup {
    let Attention { room_requests, account_requests, holds, is_check_bad, is_backup_bad } = *attention;
    let requests = |count: usize, path: &str| {
        html! { @if count > 0 { li { a href=(path) { (chip(Tone::Warn, &format!("{} to confirm", show::count(count, "request")))) } } } }
    };
    let holds = usize::try_from(holds).unwrap_or_default();
    html! {
        ul.attention id="attention" aria-label="For admins" data-live {
            (requests(room_requests, "/admin/holds"))
            (requests(account_requests, "/admin/users"))
            @if is_check_bad { li { a href="/admin/system" { (chip(Tone::Bad, "Check failed")) } } }
            @if is_backup_bad { li { a href="/admin/system" { (chip(Tone::Bad, "Backup failed")) } } }
            @if holds > 0 { li { a href="/admin/holds" { (chip(Tone::Quiet, &show::count(holds, "hold"))) } } }
        }
    }
}
