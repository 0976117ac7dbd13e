//! The form of one's own name, which says what does not change by it.

use axum::response::{IntoResponse, Response};
use maud::html;

use super::kit::{
    field::{Field, Filled},
    layout::{HtmlPage, Part},
    submit::{change_of, submit_change},
};
use crate::{
    app::App,
    domain::accounts::own_name::{self, NewOwnName},
    error::Result,
    http::{Access::SignedIn, Caller, Form, PageRoutes},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/account/name", SignedIn, show_name).post("/account/name", SignedIn, submit_name)
}

async fn show_name(caller: Caller) -> Response {
    render_name(&caller, &Filled::default().editing())
}

async fn submit_name(app: App, caller: Caller, form: Form) -> Result<Response> {
    let change = async |form: &Form| {
        let change = change_of(form, Form::read::<NewOwnName>)?;
        own_name::change(&app, &caller.user, caller.session, change).await?;
        Ok("/account".to_owned())
    };
    submit_change(form, change, async |filled| Ok(render_name(&caller, &filled))).await
}

fn render_name(caller: &Caller, filled: &Filled) -> Response {
    let name = &caller.user.name;
    let main = html! {
        div.narrow {
            h1 { "Your name" }
            p { "You are shown by it to admins, in mails about what you did, and in what you do from now on." }
            (filled.summary(&["name"]))
            form method="post" action="/account/name" {
                (Field::required("name", "Name").value(Some(name)).autocomplete("name").first().input(filled))
                p.actions { button type="submit" { "Save" } a.quiet href="/account" { "Cancel" } }
            }
            h2 { "What does not change" }
            ul {
                li { "Rooms in which you are a party: there you keep the name by which you were added. Who manages the parties of a room can put it right." }
                li { "Logs and files: what was written under your old name stays, and the platform's log tells of the change." }
                li { "Your e-mail address, by which you sign in and the logs know you." }
            }
        }
    };
    HtmlPage::new("Your name", main).in_part(Part::Account, caller).status(filled.status()).into_response()
}
