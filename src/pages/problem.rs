//! Errors as pages: what happened, and what the reader can do about it.

use axum::http::StatusCode;
use maud::{Markup, html};

use super::kit::layout::{HtmlPage, Part, Viewer};
use crate::http::{Problem, percent};

/// What the page of a problem offers to do next.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// To open the address that was refused because a link on another site led to it.
    Open(&'a str),
    /// To sign in, and come back to the page with this address.
    SignIn(&'a str),
    /// Nothing but to go to the rooms.
    Rooms,
}

/// Returns the page of a problem. The viewer is not known: the outermost layer draws errors, where no session is
/// read.
pub fn of_problem(problem: &Problem, step: Step<'_>) -> Markup {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let title = title(problem);
    let main = html! {
        article.problem {
            p.code aria-hidden="true" { (problem.status) }
            h1 { (title) }
            // The faults say what the detail sums up.
            @if problem.errors.is_empty() {
                p { (detail(problem)) }
            } @else {
                ul { @for error in &problem.errors { li { strong { (error.field) } " " (error.message.replace('`', "")) } } }
            }
            p { (advice(problem)) }
            p.actions {
                @match step {
                    // A click here comes from our own page, so the same address is not refused again.
                    Step::Open(path) => a.button href=(path) { "Open it from here" },
                    Step::SignIn(back) => a.button href={ "/sign-in?next=" (percent(back)) } { "Sign in and go on" },
                    Step::Rooms => {}
                }
                a.button href="/" { "To the rooms" }
            }
            p.hint { "Request " code { (problem.request_id) } }
        }
    };
    HtmlPage::new(title, main).in_part(Part::Elsewhere, Viewer::Anyone).status(status).into_markup()
}

/// Returns what is wrong, without the code of the action, which is for programs.
fn detail(problem: &Problem) -> String {
    let detail = problem.detail.replace('`', "");
    match detail.split_once(" is not open to ") {
        Some((_, roles)) if problem.code() == "role_forbids" => format!("This is not open to {roles}"),
        _ => detail,
    }
}

/// The codes of what was given up, or not confirmed, when it may have been done already.
const MAY_BE_DONE: [&str; 2] = ["not_known", "http"];

fn title(problem: &Problem) -> &'static str {
    match problem.status {
        401 => "Sign in first",
        403 => "Not open to you",
        404 => "There is no such page",
        405 | 415 | 400 => "The server does not understand this",
        408 => "It took too long",
        409 => "Not as things are",
        413 => "Too large",
        422 => "Something in it is not acceptable",
        429 if problem.code() == "quota_reached" => "Enough for one day",
        429 => "Too many attempts",
        503 if problem.code() == "busy" => "The server is busy",
        503 if MAY_BE_DONE.contains(&problem.code()) => "It is not known whether this was done",
        503 => "The server cannot do this now",
        500.. => "The server failed",
        _ => "That did not work",
    }
}

/// Returns what the reader can do about a problem.
fn advice(problem: &Problem) -> &'static str {
    match (problem.status, problem.code()) {
        // The most exact case first: statuses with a code of their own before the same status without.
        (401, _) => {
            "Your session has ended, and nothing was changed. Sign in, and you are where you were; in a browser without \
             scripts, go back for what you typed."
        }
        (403, "not_a_party") => "Ask the broker of the room to add you as a party, with the address you sign in with.",
        (403, "role_forbids") => "Ask somebody whose role allows it. The refusal is kept in the log.",
        (403, "foreign_origin") => "If you came from a link or a form elsewhere, open the page here instead.",
        (404, _) => "It may have been deleted, or the address has a mistake in it.",
        (409, _) => "Go back, look at how things are now, and decide again.",
        (422 | 400 | 413 | 415, _) => "Go back and change what you sent; nothing was changed here.",
        (503, code) if MAY_BE_DONE.contains(&code) => {
            "Look first whether it is there, and send it again only if it is not."
        }
        (429, "quota_reached") => "Nothing was changed. Reading goes on as before.",
        (429 | 503, _) => "Wait a moment, and try again; nothing was lost.",
        (500.., _) => "Try again. If it goes on, tell who runs this server, with the number of the request below.",
        _ => "Go back, and try another way.",
    }
}
