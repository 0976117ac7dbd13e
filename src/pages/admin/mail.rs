//! Mails: which wait, which were sent, which were given up and why, with a button for each that is to be sent again.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use room::MailId;

use crate::{
    app::App,
    db::{
        self, Page,
        outbox::{Mail, MailCounts, MailState},
    },
    domain::mail::outbox,
    error::Result,
    http::{Access::May, Caller, FromPairs, Given, Id, Kind, PageRoutes, Paging, Query},
    pages::{
        admin::frame::{Tab, page},
        kit::{
            chip::{Tone, chip},
            paging::neighbours,
            show::{self, label},
        },
    },
    policy::Action::{ConfigUpdate, ConfigView},
};

const PATH: &str = "/admin/mail";

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get(PATH, May(ConfigView), show_mails)
        .post("/admin/mail/test", May(ConfigUpdate), submit_test)
        .post("/admin/mail/try-now", May(ConfigUpdate), submit_try_now)
        .post("/admin/mail/{mail_id}/send-again", May(ConfigUpdate), submit_again)
}

/// Which mails are shown.
struct MailQuery {
    state: Option<MailState>,
    page: Page,
}

impl FromPairs for MailQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[
        Paging::PARAMETERS[0],
        Paging::PARAMETERS[1],
        ("state", Kind::Word(MailState::WORDS), "Only those in this state"),
    ];

    fn read(given: &mut Given) -> Self {
        given.forget_blank();
        let Paging(page) = Paging::read(given);
        Self { state: given.word("state", MailState::WORDS), page }
    }
}

async fn show_mails(app: App, caller: Caller, Query(query): Query<MailQuery>) -> Result<Response> {
    let MailQuery { state, page: part } = query;
    let counts = app.db.read(async |tx| db::outbox::count(tx).await).await?;
    let (mails, total) = outbox::list(&app, state, part).await?;
    let filter = state.map(|state| format!("&state={}", state.word())).unwrap_or_default();
    let main = html! {
        section aria-labelledby="mail-title" {
            h2 id="mail-title" { "Mail" }
            (render_server(&app))
            (render_states(counts, state))
            @if mails.is_empty() {
                (render_none(state, total))
            } @else {
                (render_mails(&mails))
                (neighbours(PATH, &filter, part, total))
            }
        }
    };
    Ok(page(&caller, Tab::Mail, "Mail", &main).into_response())
}

/// Returns why no mail is listed.
fn render_none(state: Option<MailState>, total: i64) -> Markup {
    html! {
        p.empty {
            @match state {
                _ if total > 0 => { "The list ends before this part. " a href=(PATH) { "Show its beginning" } },
                Some(MailState::Waiting) => { "No mail waits to be sent. " a href=(PATH) { "Show all" } },
                Some(MailState::Sent) => { "No mail was sent in the last 30 days. " a href=(PATH) { "Show all" } },
                Some(MailState::Failed) => { "No mail was given up in the last 30 days. " a href=(PATH) { "Show all" } },
                None => "No mail was written yet. Each is listed here until 30 days after it was sent or given up.",
            }
        }
    }
}

/// Returns where mails go out, or that none does.
fn render_server(app: &App) -> Markup {
    html! {
        @match app.config.mail_server() {
            Some(server) => {
                p { "Mails go out by " code { (server.host()) } ", from " (server.from()) "." }
                div.actions {
                    form method="post" action="/admin/mail/test" { button.secondary type="submit" { "Send a mail to yourself" } }
                    form method="post" action="/admin/mail/try-now" { button.secondary type="submit" { "Try all that wait now" } }
                }
            }
            None => p.notice role="status" {
                strong { "No mail goes out. " }
                "Name a mail server in the setting " code { "mail_url" } ". Until then, pages show the links that people need, to be handed to them."
            }
        }
    }
}

/// Returns the numbers of mails, each as a link to these.
fn render_states(counts: MailCounts, present: Option<MailState>) -> Markup {
    let count = |state| match state {
        MailState::Waiting => counts.waiting,
        MailState::Sent => counts.sent,
        MailState::Failed => counts.failed,
    };
    html! {
        nav.views aria-label="How far mails have come" {
            ul {
                li { a href=(PATH) aria-current=[present.is_none().then_some("page")] { "All" } }
                @for state in MailState::ALL {
                    li {
                        a href={ (PATH) "?state=" (state.word()) } aria-current=[(present == Some(state)).then_some("page")] {
                            (label(state.word())) " " span.num { (count(state)) }
                        }
                    }
                }
            }
        }
    }
}

fn render_mails(mails: &[Mail]) -> Markup {
    html! {
        table.list.prose {
            thead {
                tr {
                    th scope="col" { "To" }
                    th scope="col" { "About" }
                    th scope="col" { "Written" }
                    th scope="col" { "State" }
                    th scope="col" { span.visually-hidden { "Actions" } }
                }
            }
            tbody { @for mail in mails { (render_mail(mail)) } }
        }
    }
}

fn render_mail(mail: &Mail) -> Markup {
    html! {
        tr {
            th.words scope="row" { (mail.receiver) }
            td data-label="About" { (label(&mail.kind)) }
            td data-label="Written" { (show::time(mail.created_at)) }
            td.words data-label="State" {
                @match (mail.state(), mail.not_before, mail.sent_at) {
                    (MailState::Sent, _, Some(at)) => { (chip(Tone::Good, "Sent")) " " (show::time(at)) }
                    (MailState::Waiting, Some(next), _) => {
                        (chip(Tone::Wait, "Waiting"))
                        @if mail.failures > 0 { " tried " (show::count(usize::try_from(mail.failures).unwrap_or_default(), "time")) ", next " (show::time(next)) }
                    }
                    _ => { (chip(Tone::Bad, "Given up")) }
                }
                @if let Some(why) = &mail.last_error { p.hint { (why) } }
            }
            td.row-actions {
                @if mail.state() != MailState::Sent {
                    form method="post" action={ (PATH) "/" (mail.id) "/send-again" } {
                        button.secondary type="submit" aria-label={ "Send the mail to " (mail.receiver) " again" } { "Send again" }
                    }
                }
            }
        }
    }
}

async fn submit_test(app: App, caller: Caller) -> Result<Redirect> {
    outbox::write_test(&app, &caller.user.email).await?;
    Ok(Redirect::to(PATH))
}

async fn submit_try_now(app: App) -> Result<Redirect> {
    outbox::try_all_now(&app).await?;
    Ok(Redirect::to(PATH))
}

async fn submit_again(app: App, Id(id): Id<MailId>) -> Result<Redirect> {
    outbox::send_again(&app, id).await?;
    Ok(Redirect::to(PATH))
}
