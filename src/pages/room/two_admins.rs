//! What pages of a deletion have in common: the hold that forbids it, and how far two admins are who have to agree.

use maud::{Markup, html};

use crate::{
    db::{confirmations::Request, holds::Hold},
    domain::retention::confirmations,
    pages::kit::{show, who::Who},
};

/// The thing that is to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Snapshot,
    Room,
}

impl Subject {
    fn word(self) -> &'static str {
        match self {
            Self::Snapshot => "snapshot",
            Self::Room => "room",
        }
    }

    /// Returns who placed the hold that forbids the deletion, when, and why.
    pub(super) fn render_hold(self, hold: &Hold, who: &Who) -> Markup {
        let under_hold = match (self, hold.snapshot) {
            (_, None) => "The room is under hold. ",
            (Self::Snapshot, Some(_)) => "The snapshot is under hold. ",
            (Self::Room, Some(_)) => "A snapshot of the room is under hold. ",
        };
        html! {
            div.refused role="note" {
                p {
                    strong { (under_hold) }
                    (who.named(&hold.placed_by)) " placed the hold, " (show::time(hold.placed_at)) ": " (hold.reason)
                }
                p { "Nobody deletes the " (self.word()) " before two admins have lifted the hold." }
            }
        }
    }

    /// Returns that the deletion takes two admins, and whether one of them has asked for it.
    pub(super) fn render_agreement(self, request: Option<&Request>, is_own: bool, who: &Who) -> Markup {
        let kept = match self {
            Self::Snapshot => "papers",
            Self::Room => "snapshots",
        };
        html! {
            @match request {
                None => {
                    p {
                        strong { "It takes two admins. " } "The room was closed, and its " (kept) " are within the time for \
                        which they are kept. You ask for the deletion; another admin confirms it on this page within a day."
                    }
                }
                Some(request) if is_own => {
                    p role="status" {
                        strong { "You have asked for it. " } "Nothing has been deleted. Another admin has to confirm it on \
                        this page until " (show::time(confirmations::until(request))) "; later it would have to be asked \
                        for again."
                    }
                }
                Some(request) => {
                    p {
                        strong { (who.named(&request.asked_by)) " has asked for it, " (show::time(request.asked_at)) ". " }
                        @if let Some(reason) = &request.reason { "Why: " (reason) ". " }
                        "You would be the second admin: the " (self.word()) " is deleted at once. The request ends "
                        (show::time(confirmations::until(request))) "."
                    }
                }
            }
        }
    }
}

/// Returns the words of the button: the first of two admins only asks for the deletion.
pub(super) fn button_words(takes_two: bool, is_second: bool) -> &'static str {
    if takes_two && !is_second { "Ask for the deletion" } else { "Delete for good" }
}
