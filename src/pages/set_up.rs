//! The form that makes the first admin of a new system, with the code that the server has printed.

use axum::response::{IntoResponse, Response};
use maud::html;
use room::Role;

use super::kit::{
    field::{Field, Filled},
    layout::{HtmlPage, Part, Viewer},
    submit::submit,
};
use crate::{
    app::App,
    domain::accounts::{set_up, users::NewUser},
    error::{Error, Result},
    http::{Access::Public, Client, Form, PageRoutes, insecure},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/set-up", Public, show_set_up).post("/set-up", Public, submit_set_up)
}

async fn show_set_up(app: App, client: Client, headers: axum::http::HeaderMap) -> Result<Response> {
    if !set_up::is_open(&app).await? {
        return Err(Error::NotFound("page"));
    }
    Ok(render_set_up(&Filled::default(), insecure::way(&headers, client)))
}

async fn submit_set_up(app: App, client: Client, headers: axum::http::HeaderMap, form: Form) -> Result<Response> {
    let make = async |form: &Form| {
        // Compared before the code is checked: a slip must not count as an attempt to guess it.
        if form.text("password") != form.text("repeated") {
            return Err(Error::field("repeated", "is not the same as the password"));
        }
        let (email, name, password) = (form.line("email"), form.line("name"), form.line("password"));
        let new = NewUser { email, name, role: Role::Admin, password: Some(password) };
        set_up::make_first_admin(&app, client.network(), &form.line("code"), &new).await?;
        Ok("/sign-in".to_owned())
    };
    let way = insecure::way(&headers, client);
    submit(form, make, async |filled| Ok(render_set_up(&filled, way))).await
}

fn render_set_up(filled: &Filled, way: Option<insecure::Way>) -> Response {
    let main = html! {
        div.entry {
            h1 { "Make the first admin" }
            @if let Some(way) = way { (super::sign_in::warning(way)) }
            p { "This system has no account yet. Its first admin makes all others." }
            (filled.summary(&["code", "email", "name", "password", "repeated"]))
            form method="post" action="/set-up" {
                (Field::required("code", "Code").kind("password").hint("The server printed it when it started; it is in its log.").first().input(filled))
                (Field::required("email", "E-mail").kind("email").autocomplete("username").input(filled))
                (Field::required("name", "Name").hint("As others see it.").autocomplete("name").input(filled))
                (Field::required("password", "Password").kind("password").hint("12 to 128 characters; none that others would guess.")
                    .autocomplete("new-password").input(filled))
                (Field::required("repeated", "Password again").kind("password").autocomplete("new-password").input(filled))
                p.actions { button type="submit" { "Make the admin" } }
            }
        }
    };
    HtmlPage::new("Make the first admin", main)
        .in_part(Part::Elsewhere, Viewer::Stranger)
        .status(filled.status())
        .into_response()
}
