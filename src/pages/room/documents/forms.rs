//! The forms of a document: to upload a version, to decide on the newest, to waive the document.

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

/// The endings of the kinds of file that a room takes.
const ENDINGS: &str = ".pdf,.jpg,.jpeg,.jpe,.jfif,.png,.tif,.tiff,.heic,.heif,.docx,.xlsx";

/// The forms of a document, of which at most one was refused.
#[derive(Debug, Default)]
pub(super) struct Forms {
    pub(super) upload: Filled,
    pub(super) approve: Filled,
    pub(super) reject: Filled,
    pub(super) waive: Filled,
    /// The version that an upload found to be here already.
    pub(super) known: Option<Uploaded>,
}

impl Forms {
    /// Returns the status of the page that shows them: that of the form that was refused.
    pub(super) fn status(&self) -> StatusCode {
        let forms = [&self.upload, &self.approve, &self.reject, &self.waive];
        forms.into_iter().find(|filled| filled.is_refused()).map_or(StatusCode::OK, Filled::status)
    }
}

impl List<'_> {
    /// Returns whether anything can still be done in the room.
    pub(super) fn is_open(&self) -> bool {
        self.room.state.room.phase != Phase::Closed
    }

    /// Returns whether the caller can upload files here.
    pub(super) fn takes_files(&self) -> bool {
        self.is_open() && self.caller.may(DocumentUpload)
    }

    /// Returns the path to which a form of a document is sent. It keeps the filter, so that the list stays as it is.
    fn form_path(&self, document: &DocumentState, rest: &str) -> String {
        format!("{}/{}{rest}{}", self.path, document.slot.id, self.query.to_query())
    }

    /// Returns the forms that approve and reject the newest version.
    pub(super) fn render_decision_forms(&self, document: &DocumentState, forms: &Forms) -> Markup {
        let (approves, rejects) = (self.caller.may(DocumentApprove), self.caller.may(DocumentReject));
        let me = &self.caller.user.email;
        let newest = document.newest().filter(|_| self.is_open() && (approves || rejects));
        html! {
            @if let Some(newest) = newest {
                h3 { "Your decision on version " (newest.version.number) }
                // Nobody decides on their own upload; the domain refuses it anyway.
                @if document.is_own(me) {
                    p.hint { "You uploaded this file: another party decides on it." }
                } @else {
                    @if let Some(own) = newest.standing_decisions().into_iter().find(|own| own.party == *me) {
                        p.hint { "You said: " (chip::verdict(own.verdict)) " A later word takes its place." }
                    }
                    // The version that was looked at goes with the decision: if a newer one has come meanwhile, the
                    // domain refuses it, instead of approving what nobody has seen.
                    @let version = newest.version.id;
                    @if approves {
                        (forms.approve.summary(&["subjects"]))
                        form id="approve" method="post" action=(self.form_path(document, "/approve")) {
                            input type="hidden" name="version_id" value=(version);
                            (Field::line("subjects", "Subjects").in_form("approve")
                                .hint("What has to come true first. Left blank, it is approved as it is.").area(&forms.approve))
                            p.actions { button type="submit" { "Approve" } }
                        }
                    }
                    @if rejects {
                        (forms.reject.summary(&["reason"]))
                        form id="reject" method="post" action=(self.form_path(document, "/reject")) {
                            input type="hidden" name="version_id" value=(version);
                            (Field::required("reason", "Why you reject it").in_form("reject").area(&forms.reject))
                            p.actions { button.danger type="submit" { "Reject" } }
                        }
                    }
                }
            }
        }
    }

    /// Returns the form that uploads a version. Without script it sends one file; the script sends several
    /// (`data-uploads`).
    pub(super) fn render_upload_form(&self, document: &DocumentState, forms: &Forms) -> Markup {
        let filled = &forms.upload;
        let first = document.versions.is_empty();
        let kinds = format!("PDF, JPEG, PNG, TIFF, HEIC, DOCX or XLSX, up to {}.", show::mib(self.upload_limit));
        let otherwise = match document.slot.validity_days {
            Some(days) => format!("The last day. Left blank, it is taken to be valid for {days} days."),
            None => "The last day. Left blank, it does not run out.".to_owned(),
        };
        html! {
            details.adds open[first || filled.is_refused()] {
                summary { @if first { "Upload the first version" } @else { "Upload a new version" } }
                (filled.summary(&["file", "expires_on", "notes"]))
                form id="upload" method="post" enctype="multipart/form-data" action=(self.form_path(document, "/versions"))
                    data-uploads {
                    (Field::required("file", "File").in_form("upload").hint(&kinds).file(filled, ENDINGS))
                    // The 48 h notice is given for an ETA (MARPOL Annex I reg. 42): the upload records which one was
                    // told.
                    @if document.slot.document_type == NOTICE_DOCUMENT {
                        p.hint {
                            "To upload it is to say that the coastal State was told the ETA "
                            (show::time(self.room.state.room.sts_eta)) "."
                        }
                    }
                    (Field::line("expires_on", "Valid until").kind("date").in_form("upload").hint(&otherwise).input(filled))
                    (Field::line("notes", "Notes").in_form("upload").at_most(LONGEST_REASON).input(filled))
                    p.actions { button type="submit" { "Upload" } }
                }
            }
        }
    }

    /// Returns the form that waives a conditional document, or the one that withdraws its waiver.
    pub(super) fn render_waiver_form(&self, document: &DocumentState, forms: &Forms) -> Markup {
        let filled = &forms.waive;
        let slot = &document.slot;
        let may = self.is_open() && self.caller.may(RoomUpdate);
        html! {
            @if may && slot.waiver.is_some() {
                (filled.summary(&[]))
                form method="post" action=(self.form_path(document, "/waiver/withdraw")) {
                    p.actions { button.secondary type="submit" { "Take the waiver back" } }
                }
            } @else if may && slot.requirement == Requirement::Conditional {
                details.adds open[filled.is_refused()] {
                    summary { "Not needed here?" }
                    (filled.summary(&["reason"]))
                    form method="post" action=(self.form_path(document, "/waiver")) {
                        (Field::required("reason", "Why it is not needed").in_form("waiver")
                            .hint("Nobody waits for a waived document; the log keeps the reason.").area(filled))
                        p.actions { button type="submit" { "Waive" } }
                    }
                }
            }
        }
    }
}
