//! A link that is shown once, to be handed over.

use axum::http::{HeaderMap, header::HOST};
use maud::{Markup, html};

use super::show;
use crate::{
    app::App,
    domain::accounts::links::{self, Handed},
    http::session_cookie::is_behind_tls,
};

/// Returns the link in full, with what to do with it.
pub(crate) fn render_handed(app: &App, headers: &HeaderMap, handed: &Handed, whom: &str) -> Markup {
    let url = format!("{}{}", base(app, headers), links::path(&handed.token));
    html! {
        p {
            "Hand this link to " strong { (whom) } ", by a way that nobody else reads. It works once, until "
            (show::time(handed.expires_at)) ", and is not shown again."
        }
        div.field {
            label for="handed-link" { "Link" }
            input id="handed-link" type="text" value=(url) readonly;
        }
    }
}

/// Returns the address with which links begin: that of the settings, or else the one by which this page is seen, which is
/// shown to nobody else.
fn base(app: &App, headers: &HeaderMap) -> String {
    if let Some(url) = app.config.public_url() {
        return url.to_owned();
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    format!("{}://{host}", if is_behind_tls(headers) { "https" } else { "http" })
}
