//! The form for a password that is forgotten. What it answers is the same for every address.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::kit::{
    field::{Field, Filled},
    layout::{HtmlPage, Part, Viewer},
};
use crate::{
    app::App,
    domain::{accounts::forgotten, mail::outbox},
    error::Result,
    http::{Access::Public, Caller, Client, Form, PageRoutes},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/forgotten", Public, show_form).post("/forgotten", Public, submit_address)
}

async fn show_form(app: App, caller: Option<Caller>) -> Response {
    render_form(&app, caller.as_ref(), &Filled::default())
}

async fn submit_address(app: App, caller: Option<Caller>, client: Client, form: Form) -> Result<Response> {
    match forgotten::ask(&app, client.network(), &form.line("email")).await {
        Ok(()) => {
            let main = html! {
                p role="status" { "If there is an account with this address, a mail with a link is on its way to it. The link holds for two hours." }
                p { "Nothing came? Look among unwanted mail; then ask an admin for a link." }
                p.actions { a.button href="/sign-in" { "Back to sign in" } }
            };
            Ok(page("Look at your mail", caller.as_ref(), &main).into_response())
        }
        Err(refused) => Ok(render_form(&app, caller.as_ref(), &Filled::refused(form, refused)?)),
    }
}

fn page(title: &str, caller: Option<&Caller>, main: &Markup) -> HtmlPage {
    HtmlPage::new(title, html! { div.entry { h1 { (title) } (main) } }).in_part(Part::Elsewhere, Viewer::from(caller))
}

fn render_form(app: &App, caller: Option<&Caller>, filled: &Filled) -> Response {
    let main = html! {
        @if outbox::is_open(app) {
            p { "A mail with a link comes to the address of your account; by that you choose another password." }
            (filled.summary(&["email"]))
            form method="post" action="/forgotten" {
                (Field::required("email", "E-mail").kind("email").autocomplete("username").first().input(filled))
                p.actions { button type="submit" { "Send the link" } a.quiet href="/sign-in" { "Cancel" } }
            }
        } @else {
            p.notice { strong { "This server sends no mail. " } "Ask an admin for a link, by which you choose another password." }
            p.actions { a.button href="/sign-in" { "Back to sign in" } }
        }
    };
    page("Forgot your password?", caller, &main).status(filled.status()).into_response()
}
