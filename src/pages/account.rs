//! One's account: who one is here, and one's password.

use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::{
    field::{Field, Filled},
    layout::{Page, Part},
    show,
};
use crate::{
    app::App,
    domain::sessions,
    error::{Error, Result},
    http::{
        Access::{SignedIn, WithGivenPassword},
        Caller, Form, PageRoutes,
    },
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/account", SignedIn, account).get("/account/password", WithGivenPassword, ask).post(
        "/account/password",
        WithGivenPassword,
        change,
    )
}

async fn account(caller: Caller) -> Response {
    let user = &caller.user;
    let main = html! {
        h1 { "Your account" }
        dl.facts {
            dt { "Name" } dd { (user.name) }
            dt { "E-mail" } dd { (user.email) }
            dt { "Role" } dd { (show::label(user.role.word())) span.hint { " In a room your role there counts." } }
        }
        p.actions { a.button href="/account/password" { "Change password" } }
    };
    Page::new("Your account", main).of(Part::Account, &caller).into_response()
}

async fn ask(caller: Caller) -> Response {
    page(&caller, &Filled::default())
}

async fn change(app: App, caller: Caller, form: Form) -> Result<Response> {
    let changed = if form.text("new_password") == form.text("repeated") {
        let (current, new) = (form.line("current_password"), form.line("new_password"));
        sessions::change_password(&app, &caller.user, caller.session, current, &new).await
    } else {
        Err(Error::field("repeated", "is not the same as the new password"))
    };
    match changed {
        Ok(()) => Ok(Redirect::to("/account").into_response()),
        Err(refused) => Ok(page(&caller, &Filled::again(form, refused)?)),
    }
}

fn page(caller: &Caller, filled: &Filled) -> Response {
    let password = |name, label| Field::required(name, label).kind("password");
    let main = html! {
        div.narrow {
            h1 { "Change your password" }
            (filled.summary(&["current_password", "new_password", "repeated"]))
            form method="post" action="/account/password" {
                (password("current_password", "Present password").autocomplete("current-password").input(filled))
                (password("new_password", "New password").hint("8 to 256 characters.").autocomplete("new-password")
                    .input(filled))
                (password("repeated", "New password again").autocomplete("new-password").input(filled))
                p.actions { button type="submit" { "Change password" } a.quiet href="/account" { "Cancel" } }
            }
            p.hint { "Your other sessions end." }
        }
    };
    Page::new("Change your password", main).of(Part::Account, caller).status(filled.status()).into_response()
}
