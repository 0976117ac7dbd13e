//! What can be done with a document: a version uploaded, a word said on the newest, the document waived.

use axum::http::StatusCode;
use maud::{Markup, html};
use room::{DocumentState, Phase, Requirement, bounds::LONGEST_REASON, clocks::NOTICE_DOCUMENT};

use super::shown::List;
use crate::{
    domain::documents::versions::Uploaded,
    pages::kit::{
        chip,
        field::{Field, Filled},
        show,
    },
    policy::Action::{DocumentApprove, DocumentReject, DocumentUpload, RoomUpdate},
};

/// The endings of what a room takes.
const ENDINGS: &str = ".pdf,.jpg,.jpeg,.png,.tif,.tiff,.docx,.xlsx";

/// The forms of a document, of which one at most was refused.
#[derive(Debug, Default)]
pub(super) struct Forms {
    pub(super) upload: Filled,
    pub(super) approve: Filled,
    pub(super) reject: Filled,
    pub(super) waive: Filled,
    /// Bytes that were uploaded, and were here before.
    pub(super) known: Option<Uploaded>,
}

impl Forms {
    /// The status of the page that shows them.
    pub(super) fn status(&self) -> StatusCode {
        let forms = [&self.upload, &self.approve, &self.reject, &self.waive];
        forms.into_iter().find(|filled| filled.is_refused()).map_or(StatusCode::OK, Filled::status)
    }
}

impl List<'_> {
    /// Whether anything can still be done in the room.
    pub(super) fn is_open(&self) -> bool {
        self.room.state.room.phase != Phase::Closed
    }

    /// Whether files can be uploaded here.
    pub(super) fn takes_files(&self) -> bool {
        self.is_open() && self.caller.may(DocumentUpload)
    }

    /// Where a form about a document is sent.
    fn target(&self, document: &DocumentState, rest: &str) -> String {
        format!("{}/{}{rest}{}", self.path, document.slot.id, self.asked.query())
    }

    /// What one can say of the newest version.
    pub(super) fn decide(&self, document: &DocumentState, forms: &Forms) -> Markup {
        let (approves, rejects) = (self.caller.may(DocumentApprove), self.caller.may(DocumentReject));
        let me = &self.caller.user.email;
        let newest = document.newest().filter(|_| self.is_open() && (approves || rejects));
        html! {
            @if let Some(newest) = newest {
                h3 { "Your decision on version " (newest.version.number) }
                @if document.is_own(me) {
                    p.hint { "You uploaded this file: another party decides on it." }
                } @else {
                    @if let Some(said) = newest.standing_decisions().into_iter().find(|said| said.party == *me) {
                        p.hint { "You said: " (chip::verdict(said.verdict)) " A later word takes its place." }
                    }
                    @let version = newest.version.id;
                    @if approves {
                        (forms.approve.summary(&["subjects"]))
                        form id="approve" method="post" action=(self.target(document, "/approve")) {
                            input type="hidden" name="version_id" value=(version);
                            (Field::line("subjects", "Subjects").of("approve")
                                .hint("What has to come true first. Left blank, it is approved as it is.").area(&forms.approve))
                            p.actions { button type="submit" { "Approve" } }
                        }
                    }
                    @if rejects {
                        (forms.reject.summary(&["reason"]))
                        form id="reject" method="post" action=(self.target(document, "/reject")) {
                            input type="hidden" name="version_id" value=(version);
                            (Field::required("reason", "Why you reject it").of("reject").area(&forms.reject))
                            p.actions { button.danger type="submit" { "Reject" } }
                        }
                    }
                }
            }
        }
    }

    /// The form that uploads a version.
    pub(super) fn upload(&self, document: &DocumentState, forms: &Forms) -> Markup {
        let filled = &forms.upload;
        let first = document.versions.is_empty();
        let kinds = format!("PDF, JPEG, PNG, TIFF, DOCX or XLSX, up to {}.", show::mib(self.upload_limit));
        let otherwise = match document.slot.validity_days {
            Some(days) => format!("The last day. Left blank, it is taken to be valid for {days} days."),
            None => "The last day. Left blank, it does not run out.".to_owned(),
        };
        html! {
            details.adds open[first || filled.is_refused()] {
                summary { @if first { "Upload the first version" } @else { "Upload a new version" } }
                (filled.summary(&["file", "expires_on", "notes"]))
                form id="upload" method="post" enctype="multipart/form-data" action=(self.target(document, "/versions"))
                    data-uploads {
                    (Field::required("file", "File").of("upload").hint(&kinds).file(filled, ENDINGS))
                    @if document.slot.document_type == NOTICE_DOCUMENT {
                        p.hint {
                            "To upload it is to say that the coastal State was told the ETA "
                            (show::time(self.room.state.room.sts_eta)) "."
                        }
                    }
                    (Field::line("expires_on", "Valid until").kind("date").of("upload").hint(&otherwise).input(filled))
                    (Field::line("notes", "Notes").of("upload").at_most(LONGEST_REASON).input(filled))
                    p.actions { button type="submit" { "Upload" } }
                }
            }
        }
    }

    /// What can be done where a document is not needed.
    pub(super) fn waiver(&self, document: &DocumentState, forms: &Forms) -> Markup {
        let filled = &forms.waive;
        let slot = &document.slot;
        let may = self.is_open() && self.caller.may(RoomUpdate);
        html! {
            @if may && slot.waiver.is_some() {
                (filled.summary(&[]))
                form method="post" action=(self.target(document, "/waiver/withdraw")) {
                    p.actions { button.secondary type="submit" { "Take the waiver back" } }
                }
            } @else if may && slot.requirement == Requirement::Conditional {
                details.adds open[filled.is_refused()] {
                    summary { "Not needed here?" }
                    (filled.summary(&["reason"]))
                    form method="post" action=(self.target(document, "/waiver")) {
                        (Field::required("reason", "Why it is not needed").of("waiver")
                            .hint("Nobody waits for a waived document; the log keeps the reason.").area(filled))
                        p.actions { button type="submit" { "Waive" } }
                    }
                }
            }
        }
    }
}
