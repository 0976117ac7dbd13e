//! Of what the caller is told by mail, and how soon.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use room::{Frequency, NewsKind};

use super::kit::{
    field::{Field, Filled},
    layout::{HtmlPage, Part},
    show,
    submit::{change_of, submit_change},
};
use crate::{
    app::App,
    domain::{
        mail::outbox,
        news::choices::{self, NewsChoices},
    },
    error::Result,
    http::{Access::SignedIn, Caller, Form, PageRoutes},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/account/mails", SignedIn, show_mails).post("/account/mails", SignedIn, submit_mails)
}

/// What is said of how soon somebody is told.
pub(super) const HOW_SOON: &str = "At once is a minute after something happened. Days begin in the time zone of your account. Nothing is sent if there is nothing to tell.";

/// Returns the frequencies as choices, each with what it means.
pub(super) fn frequencies() -> Vec<(String, String)> {
    let words = |frequency| match frequency {
        Frequency::AtOnce => "At once, for each room",
        Frequency::Hourly => "Every hour, for all rooms",
        Frequency::Daily => "Every day at 07:00, for all rooms",
        Frequency::Never => "Never",
    };
    Frequency::ALL.into_iter().map(|frequency| (frequency.word().to_owned(), words(frequency).to_owned())).collect()
}

/// Returns what is said where no mail goes out.
pub(super) fn without_mail(app: &App) -> Markup {
    html! {
        @if !outbox::is_open(app) {
            p.notice { "This server sends no mail as yet. What you choose counts when it does." }
        }
    }
}

async fn show_mails(app: App, caller: Caller) -> Result<Response> {
    render(&app, &caller, &Filled::default().editing()).await
}

async fn submit_mails(app: App, caller: Caller, form: Form) -> Result<Response> {
    let change = async |form: &Form| {
        choices::change(&app, caller.user.id, change_of(form, Form::read::<NewsChoices>)?).await?;
        Ok("/account/mails".to_owned())
    };
    submit_change(form, change, async |filled| render(&app, &caller, &filled).await).await
}

async fn render(app: &App, caller: &Caller, filled: &Filled) -> Result<Response> {
    let NewsChoices { frequency, kinds } = choices::find(app, caller.user.id).await?;
    let apart = choices::rooms_apart(app, &caller.user).await?;
    let is_told = |word: &str| kinds.iter().any(|kind| kind.word() == word);
    let main = html! {
        div.narrow {
            h1 { "What you are told by mail" }
            (without_mail(app))
            p { "Of the rooms in which you are a party; never of what you did yourself, and of nothing twice." }
            (filled.summary(&["frequency", "kinds"]))
            form method="post" action="/account/mails" {
                (Field::required("frequency", "How soon").hint(HOW_SOON).value(Some(frequency.word())).select(filled, &frequencies()))
                fieldset {
                    legend { "Of what" }
                    (filled.render_choices("kinds", NewsKind::WORDS, is_told))
                }
                p.hint { "Where a second admin is needed, the other admins are told at once in any case: the request ends within a day." }
                p.actions { button type="submit" { "Save" } a.quiet href="/account" { "Back to your account" } }
            }
            @if !apart.is_empty() {
                h2 { "Rooms of which you are told otherwise" }
                ul {
                    @for (room, title, frequency) in &apart {
                        li { a href={ "/rooms/" (room) "/mails" } { (title) } ": " (show::label(frequency.word()).to_lowercase()) }
                    }
                }
            }
        }
    };
    let title = "What you are told by mail";
    Ok(HtmlPage::new(title, main).in_part(Part::Account, caller).status(filled.status()).into_response())
}
