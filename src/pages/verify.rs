//! `/verify`: anybody can send a file, and sees every check of it. Beside it stand what one needs to verify without this
//! server: the format, and a verifier that is a page of its own.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use maud::{Markup, html};

use super::kit::layout::{HtmlPage, Part};
use crate::{
    app::App,
    domain::snapshots::verifying::{self, VerifyRequest},
    error::{Error, Result},
    evidence::verify::{AdoptedAgain, Check, CheckOutcome, Examined, Judgement, Report, Told},
    http::{Access::Public, Caller, PageRoutes, PlainText, SavedPage},
};

const TITLE: &str = "Verify a snapshot";

/// The pages of the format, one after the other. A server that is offline has them too.
const FORMAT: &str = concat!(
    include_str!("../../docs/format.md"),
    "\n----\n\n",
    include_str!("../../docs/format/values.md"),
    "\n----\n\n",
    include_str!("../../docs/format/fields.md"),
    "\n----\n\n",
    include_str!("../../docs/format/events.md"),
);

/// The verifier that is one page and asks no server.
const OFFLINE: SavedPage =
    SavedPage { name: "sts-clearance-verify.html", html: include_str!("../../verifier/index.html") };

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/verify", Public, show_form)
        .upload("/verify", Public, submit_file)
        .get("/verify/format", Public, async || PlainText(FORMAT.to_owned()))
        .get("/verify/offline", Public, async || OFFLINE)
}

fn page(caller: Option<&Caller>, main: &Markup) -> HtmlPage {
    HtmlPage::new(TITLE, html! { h1 { (TITLE) } (main) }).in_part(Part::Verify, caller)
}

async fn show_form(caller: Option<Caller>) -> Response {
    let main = html! {
        p { "Whether a file is the snapshot that it says it is, to the last byte. The file is checked and forgotten. One that \
             this server has signed is also held against the server's own log." }
        (render_form())
    };
    page(caller.as_ref(), &main).into_response()
}

async fn submit_file(app: App, caller: Option<Caller>, request: Result<VerifyRequest>) -> Response {
    let report = match request {
        Ok(request) => verifying::verify(&app, request).await,
        Err(refused) => Err(refused),
    };
    match report {
        Ok(report) => page(caller.as_ref(), &html! { (render_report(&report)) (render_again()) }).into_response(),
        Err(refused) => render_refusal(caller.as_ref(), refused),
    }
}

fn render_refusal(caller: Option<&Caller>, refused: Error) -> Response {
    let status = refused.status().0;
    // The outermost layer draws a fault of the server, since only it knows the id of the request.
    if status == 500 {
        return refused.into_response();
    }
    let main = html! { (render_unchecked(&refused)) (render_again()) };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    page(caller, &main).status(status).into_response()
}

/// Returns why nothing was checked, in the place of a verdict.
pub(super) fn render_unchecked(refused: &Error) -> Markup {
    html! { p.verdict.failed role="alert" { strong { "Not checked" } ": " (refused.detail()) "." } }
}

fn render_again() -> Markup {
    html! {
        section.again aria-labelledby="again" { h2 id="again" { "Check another file" } (render_form()) }
    }
}

fn render_proof(name: &str, label: &str, hint: &Markup) -> Markup {
    let described = format!("{name}-hint");
    html! {
        p {
            label for=(name) { (label) " (optional)" }
            input id=(name) name=(name) type="file" aria-describedby=(described);
            span.hint id=(described) { (hint) }
        }
    }
}

fn render_form() -> Markup {
    html! {
        form method="post" action="/verify" enctype="multipart/form-data" {
            p {
                label for="file" { "File" }
                input id="file" name="file" type="file" required accept=".pdf,.json,.zip" aria-describedby="file-hint";
                span.hint id="file-hint" { "The PDF, JSON or zip as it was downloaded; choose it, or drop it on the field." }
            }
            (render_more())
            p { button type="submit" { "Verify" } }
        }
        p {
            "Whoever trusts no server checks on a computer of their own: with " code { "sts-clearance verify FILE --key KEY" }
            ", or with " a href="/verify/offline" download { "a page that asks no server" } ", saved to a disk and opened from "
            "there. " a href="/verify/format" { "The format" } " says how to write a program that does it."
        }
    }
}

/// Returns the fields for what a file can be held against. Most readers have nothing but the file.
fn render_more() -> Markup {
    html! {
        details.adds {
            summary { "An older file, a receipt, keys or certificates" }
            p {
                label for="older" { "Older file of the same room (optional)" }
                input id="older" name="older" type="file" accept=".pdf,.json,.zip" aria-describedby="older-hint";
                span.hint id="older-hint" { "Shows whether the room's history was rewritten between the two." }
            }
            (render_proof("consistency", "Consistency proof", &html! {
                "Needed with an older file where the newer one does not hold the whole log: the answer of "
                code { "GET …/log/consistency" } "."
            }))
            (render_proof("receipt", "Receipt", &html! {
                "Proves a file of a version before 0.4, which carries none, and leads to the witnesses of a policy: the answer of "
                code { "GET …/snapshots/{id}/receipt" } "."
            }))
            (render_proof("policy", "Policy", &html! {
                "Names the keys of logs that you trust, and the witnesses that have to have seen them, as "
                code { "tlog-policy" } " of C2SP has it."
            }))
            (render_proof("seal_certificate", "Certificate of the seal", &html! {
                "That of the server, as you got it from who runs it: a PDF has to be sealed with it. PEM or DER."
            }))
            (render_proof("authority", "Authorities that you trust", &html! {
                "Certificates of those that attest times, or have issued that of the seal. PEM or DER."
            }))
            p {
                label for="key" { "Public keys that you trust (optional)" }
                textarea id="key" name="key" rows="2" spellcheck="false" autocomplete="off"
                    aria-describedby="key-hint" {}
                span.hint id="key-hint" {
                    "One a line. Empty: the keys of this server."
                }
            }
        }
    }
}

/// Returns the verdict, and below it every check that was made.
pub(super) fn render_report(report: &Report) -> Markup {
    let (class, verdict, means) = match report.judgement {
        Judgement::Verified => ("ok", "Verified", report.sentence.as_deref().unwrap_or("every check holds.")),
        Judgement::Failed => {
            let means = "at least one check does not hold; do not rely on this file.";
            ("failed", "Does not verify", report.sentence.as_deref().unwrap_or(means))
        }
        Judgement::CannotBeJudged => {
            ("skipped", "Cannot be judged", "nothing contradicts this file, and what would prove it is not here.")
        }
    };
    html! {
        p class={ "verdict " (class) } role="status" { strong { (verdict) } ": " (means) }
        @if let Some(older) = &report.older {
            (render_file("Newer file", "newer", &report.file))
            (render_file("Older file", "older-file", older))
        } @else {
            (render_file("File", "this-file", &report.file))
        }
    }
}

fn render_file(title: &str, id: &str, examined: &Examined) -> Markup {
    let Examined { facts, checks } = examined;
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (title) }
            dl.facts {
                dt { "Kind" } dd { (facts.kind) ", " (facts.size) " bytes" }
                @if let Some(told) = &facts.told { (render_claims(told)) }
                dt { "SHA-256" } dd { code { (facts.sha256) } }
            }
            table.checks.prose {
                caption { "Checks" }
                thead { tr { th scope="col" { "Check" } th scope="col" { "What was found" } } }
                tbody { @for check in checks { (row(check)) } }
            }
        }
    }
}

fn render_claims(told: &Told) -> Markup {
    html! {
        dt { "Room" } dd { (told.room_title) " " code { (told.room_id) } }
        dt { "Snapshot" } dd { (told.snapshot_title) " " code { (told.snapshot_id) } }
        dt { "Taken" } dd { (time(told.taken_at)) " by " (told.taken_by) " (" (told.role) ")" }
        dt { "Log" }
        dd { code { (told.log.as_deref().unwrap_or("without a name")) } ", entry " (told.entry()) }
        @for continued in &told.continued { dt { "Continued" } dd { (continued) } }
        @if let Some(AdoptedAgain { total, differences }) = &told.adopted_again {
            dt { "Adopted again" }
            dd {
                "An operator has had the log tell what the tables said, which differed from it: " (total)
                ul {
                    @for difference in differences { li { (difference) } }
                    @if let Some(more) = total.checked_sub(differences.len() as u64).filter(|more| *more > 0) {
                        li { "and " (more) " more" }
                    }
                }
            }
        }
        @if let Some(adopted) = &told.adopted { dt { "Adopted" } dd { (adopted.detail) } }
    }
}

fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (at.strftime("%Y-%m-%d %H:%M:%S UTC")) } }
}

fn row(check: &Check) -> Markup {
    let class = match check.outcome {
        CheckOutcome::Ok => "ok",
        CheckOutcome::Failed => "failed",
        CheckOutcome::Skipped => "skipped",
    };
    html! {
        tr {
            th scope="row" { (check.name) " " span class={ "outcome " (class) } { (check.outcome.word()) } }
            td { (check.detail) }
        }
    }
}
