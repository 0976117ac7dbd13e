//! Requests about accounts: one admin has asked for something, and another confirms or withdraws it here.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use room::{AccountDeed, AccountRequestId};

use crate::{
    app::App,
    db::account_requests::AccountRequest,
    domain::accounts::requests,
    error::{Error, Result},
    http::{Access::May, Caller, Form, Id, PageRoutes},
    pages::{
        admin::frame::{Tab, page},
        kit::{field::Filled, show, submit::submit},
        own_password,
    },
    policy::Action::UserChangeRole,
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/admin/users/requests/{request_id}", May(UserChangeRole), show_request)
        .post("/admin/users/requests/{request_id}", May(UserChangeRole), submit_confirmation)
        .post("/admin/users/requests/{request_id}/withdraw", May(UserChangeRole), submit_withdrawal)
}

/// Returns the table of open requests, which stands above the accounts.
pub(super) fn render_requests(waiting: &[AccountRequest]) -> Markup {
    html! {
        section aria-labelledby="requests-title" {
            h2 id="requests-title" { "Waits for another admin" }
            table.list {
                thead {
                    tr {
                        th scope="col" { "What" }
                        th scope="col" { "Account" }
                        th scope="col" { "Asked by" }
                        th scope="col" { "Until" }
                    }
                }
                tbody {
                    @for request in waiting {
                        tr {
                            th scope="row" { a href={ "/admin/users/requests/" (request.id) } { (words(request.deed)) } }
                            td.words data-label="Account" { (request.name) ", " (request.email) }
                            td.words data-label="Asked by" { (request.asked_by) ", " (show::time(request.asked_at)) }
                            td data-label="Until" { (show::time(requests::until(request))) }
                        }
                    }
                }
            }
        }
    }
}

fn words(deed: AccountDeed) -> &'static str {
    match deed {
        AccountDeed::AddAdmin => "Add an admin",
        AccountDeed::MakeAdmin => "Make an admin",
        AccountDeed::GivePassword => "Give an admin a password",
    }
}

async fn show_request(app: App, caller: Caller, Id(id): Id<AccountRequestId>) -> Result<Response> {
    render_request(&app, &caller, id, &Filled::default()).await
}

async fn submit_confirmation(app: App, caller: Caller, Id(id): Id<AccountRequestId>, form: Form) -> Result<Response> {
    let confirm = async |form: &Form| {
        own_password::take(&app, &caller, form).await?;
        let user = requests::confirm(&app, &caller.actor(), id, form.once()).await.map_err(own_password::of_field)?;
        Ok(format!("/admin/users/{}", user.id))
    };
    submit(form, confirm, async |filled| render_request(&app, &caller, id, &filled).await).await
}

async fn submit_withdrawal(app: App, caller: Caller, Id(id): Id<AccountRequestId>) -> Result<Redirect> {
    requests::withdraw(&app, &caller.actor(), id).await?;
    Ok(Redirect::to("/admin/users"))
}

async fn render_request(app: &App, caller: &Caller, id: AccountRequestId, filled: &Filled) -> Result<Response> {
    let open = requests::open(app).await?;
    let request = open.into_iter().find(|request| request.id == id).ok_or(Error::NotFound("request"))?;
    let is_own = request.asked_by == caller.user.email;
    let path = format!("/admin/users/requests/{id}");
    let main = html! {
        section.narrow aria-labelledby="request-title" {
            h2 id="request-title" { (words(request.deed)) "?" }
            dl.facts {
                dt { "Account" } dd { (request.name) ", " (request.email) }
                dt { "Asked by" } dd { (request.asked_by) ", " (show::time(request.asked_at)) }
                dt { "Ends" } dd { (show::time(requests::until(&request))) }
            }
            // Two admins are two people: no confirmation is offered to the one who asked. The domain refuses it anyway.
            @if is_own {
                p role="status" { strong { "You have asked for it. " } "Nothing has been done. Another admin has to confirm it." }
            } @else {
                p { (what_follows(request.deed)) }
                (filled.summary(&[own_password::NAME]))
                form method="post" action=(path) {
                    (filled.once())
                    (own_password::field(app, caller, filled))
                    p.actions { button.danger type="submit" { "Confirm" } a.quiet href="/admin/users" { "Cancel" } }
                }
            }
            form method="post" action={ (path) "/withdraw" } {
                p.actions { button.secondary type="submit" { "Withdraw the request" } }
            }
        }
    };
    Ok(page(caller, Tab::Users, "A request", &main).status(filled.status()).into_response())
}

fn what_follows(deed: AccountDeed) -> &'static str {
    match deed {
        AccountDeed::AddAdmin => "The account is made, and its owner may do all that admins do.",
        AccountDeed::MakeAdmin => "Its owner may do all that admins do from then on. Their sessions end.",
        AccountDeed::GivePassword => {
            "Whoever asked for it knows the password, and can sign in with it until its owner replaces it. The account's \
             sessions end."
        }
    }
}
