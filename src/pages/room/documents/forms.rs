//! The forms of a document: to upload a version, to decide on the one in force, to withdraw one, to waive its date or the
//! document.

use axum::http::StatusCode;
use maud::{Markup, html};
use room::{
    Day, Document, DocumentState, ExpiryState, Phase, Requirement, Time, Version, VersionId, VersionState,
    bounds::LONGEST_REASON, clocks::NOTICE_DOCUMENT,
};

use super::{keys::render_by_key, shown::List, viewer};
use crate::{
    domain::documents::{self, statements::withdraws_any, versions::Uploaded},
    http::BASE,
    pages::kit::{
        chip,
        field::{Field, Filled, seen},
        show,
    },
    policy::Action::{DocumentApprove, DocumentDownload, DocumentReject, DocumentUpload, DocumentWithdraw, RoomUpdate},
};

/// The endings of the kinds of file that a room takes.
pub(super) const ENDINGS: &str = ".pdf,.jpg,.jpeg,.jpe,.jfif,.png,.tif,.tiff,.heic,.heif,.docx,.xlsx";

/// The forms of a document, of which at most one was refused.
#[derive(Debug, Default)]
pub(super) struct Forms {
    pub(super) upload: Filled,
    pub(super) approve: Filled,
    pub(super) reject: Filled,
    pub(super) waive: Filled,
    pub(super) withdraw: Filled,
    pub(super) date: Filled,
    pub(super) waive_date: Filled,
    /// The version that the form of its withdrawal is open for.
    pub(super) stated: Option<VersionId>,
    /// The version in force that an upload found to be the same file.
    pub(super) known: Option<Uploaded>,
}

impl Forms {
    /// Returns the status of the page that shows them: that of the form that was refused.
    pub(super) fn status(&self) -> StatusCode {
        let Self { upload, approve, reject, waive, withdraw, date, waive_date, .. } = self;
        let forms = [upload, approve, reject, waive, withdraw, date, waive_date];
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

    /// Returns the path of a version in the API.
    pub(super) fn api_path(&self, document: &DocumentState, state: &VersionState) -> String {
        format!("{BASE}{}/{}/versions/{}", self.path, document.slot.id, state.version.id)
    }

    /// Returns the forms that approve and reject the version in force.
    pub(super) fn render_decision_forms(&self, document: &DocumentState, forms: &Forms) -> Markup {
        let (approves, rejects) = (self.caller.may(DocumentApprove), self.caller.may(DocumentReject));
        let me = &self.caller.user.email;
        let in_force = document.in_force().filter(|_| self.is_open() && (approves || rejects));
        html! {
            @if let Some(in_force) = in_force {
                div.section-head {
                    h3 { "Your decision on version " (in_force.version.number) }
                    @if self.caller.may(DocumentDownload) { (viewer::render_button(&in_force.version, &self.api_path(document, in_force))) }
                }
                // Nobody decides on their own upload; the domain refuses it anyway.
                @if document.is_own(&self.room.state.parties, me) {
                    p.hint { "You uploaded this file: another party decides on it." }
                } @else {
                    @if let Some(own) = in_force.standing_decisions().into_iter().find(|own| own.party == *me) {
                        p.hint { "You said: " (chip::verdict(own.verdict)) " A later decision takes its place." }
                    }
                    // The version that was looked at goes with the decision: if a newer one has come meanwhile, the
                    // domain refuses it, instead of approving what nobody has seen.
                    @let version = in_force.version.id;
                    (self.render_whose_counts(document))
                    @if approves {
                        (forms.approve.summary(&["subjects"]))
                        form id="approve" method="post" action=(self.form_path(document, "/approve")) {
                            (forms.approve.once())
                            input type="hidden" name="version_id" value=(version);
                            (Field::line("subjects", "Subjects").in_form("approve")
                                .hint("What has to come true first. Left blank, it is approved as it is.").area(&forms.approve))
                            p.actions {
                                button type="submit" { "Approve" }
                                (render_by_key("y", "as it is, and opens the next"))
                                span.sends.hint { kbd { "Enter" } " sends it and opens the next" }
                            }
                        }
                    }
                    @if rejects {
                        (forms.reject.summary(&["reason"]))
                        form id="reject" method="post" action=(self.form_path(document, "/reject")) {
                            (forms.reject.once())
                            input type="hidden" name="version_id" value=(version);
                            (Field::required("reason", "Why you reject it").in_form("reject").area(&forms.reject))
                            p.actions {
                                button.danger type="submit" { "Reject" }
                                (render_by_key("r", "leads here"))
                                span.sends.hint { kbd { "Enter" } " sends it and opens the next" }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Returns whose approvals the status rests on, if not on the caller's.
    fn render_whose_counts(&self, document: &DocumentState) -> Markup {
        let named = &document.slot.must_approve;
        let roles: Vec<_> = named.iter().map(|role| role.with_article()).collect();
        let me = self.room.state.parties.iter().find(|party| party.email == self.caller.user.email);
        let side = me.and_then(|party| party.side);
        html! {
            @if named.is_empty() && side.is_some() && side == document.own_side {
                p.hint { "You act for this vessel's own side: it takes the approval of somebody else, and yours is shown beside." }
            }
            @if !named.is_empty() && !named.iter().any(|role| self.caller.roles.contains(*role)) {
                p.hint { "It takes the approval of " (roles.join(" and ")) "; yours is shown beside." }
            }
        }
    }

    /// Returns the form that uploads a version. It takes one file; the script shows how the upload goes on
    /// (`data-uploads`).
    pub(super) fn render_upload_form(&self, document: &DocumentState, forms: &Forms) -> Markup {
        let filled = &forms.upload;
        let first = document.versions.is_empty();
        let kinds = format!("PDF, JPEG, PNG, TIFF, HEIC, DOCX or XLSX, up to {}.", show::mib(self.upload_limit));
        let otherwise = match document.slot.validity_days {
            Some(_) => "The last day, as the document says it. Left blank, it counts as one without a date.",
            None => "The last day. Left blank, it does not run out.",
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
                    (Field::line("expires_on", "Valid until").kind("date").in_form("upload").hint(otherwise).input(filled))
                    (self.render_usual_validity(document))
                    (Field::line("notes", "Notes").in_form("upload").at_most(LONGEST_REASON).input(filled))
                    p.actions { button type="submit" { "Upload" } }
                }
            }
        }
    }

    /// Returns the day until which a document issued today is usually valid: a suggestion, which the script fills in.
    fn render_usual_validity(&self, document: &DocumentState) -> Markup {
        html! {
            @if let Some((words, day)) = usual_validity(&document.slot, self.room.state.now) {
                p.hint {
                    "Usually " (words) " from issue: " (show::day(day)) ", if it was issued today. "
                    button.quiet type="button" data-fills="upload-expires_on" data-value=(day) hidden { "Take this day" }
                }
            }
        }
    }

    /// Returns the link to the form that withdraws a version. The form is apart from the version, which events renew.
    pub(super) fn render_withdraw_link(&self, document: &DocumentState, state: &VersionState) -> Markup {
        let number = state.version.number;
        html! {
            @if self.may_withdraw(&state.version, state.decision_count > 0) {
                p.actions {
                    a.button.secondary href={ (self.form_path(document, &format!("/versions/{}/withdraw", state.version.id))) "#withdraw" } data-panel
                        aria-label={ "Withdraw version " (number) } { "Withdraw" }
                }
            }
        }
    }

    /// Returns whether the caller may withdraw a version. The domain decides it again.
    fn may_withdraw(&self, version: &Version, is_decided: bool) -> bool {
        let is_own = version.uploaded_by == self.caller.user.email && !is_decided;
        let withdraws_any = self.caller.roles.iter().any(withdraws_any);
        self.is_open() && self.caller.may(DocumentWithdraw) && version.counts() && (withdraws_any || is_own)
    }

    /// Returns the form that withdraws a version, if it was opened for one.
    pub(super) fn render_withdrawal_form(&self, document: &DocumentState, forms: &Forms) -> Markup {
        let filled = &forms.withdraw;
        let state = document.versions.iter().find(|state| Some(state.version.id) == forms.stated);
        let state = state.filter(|state| self.may_withdraw(&state.version, state.decision_count > 0));
        html! {
            // A refused form stays, also if the caller may not withdraw the version any more: it says why.
            @if filled.is_refused() && state.is_none() { (filled.summary(&["reason"])) }
            @if let Some(VersionState { version, .. }) = state {
                details.adds id="withdraw" open {
                    summary { "Withdraw version " (version.number) }
                    (filled.summary(&["reason"]))
                    form method="post" action=(self.form_path(document, &format!("/versions/{}/withdraw", version.id))) {
                        (filled.once())
                        (Field::required("reason", "Why it counts no more").in_form("withdraw")
                            .hint("It stays in the log and in the record, struck through, with the reason.").area(filled))
                        p.actions { button.danger type="submit" { "Withdraw version " (version.number) } }
                    }
                }
            }
        }
    }

    /// Returns the form that gives the version in force its date, or another one. It is open where the date is missing.
    pub(super) fn render_date_form(&self, document: &DocumentState, forms: &Forms) -> Markup {
        let filled = &forms.date;
        let in_force = document.in_force().filter(|_| self.takes_files());
        let in_force = in_force.filter(|state| state.version.expiry(&document.slot) != ExpiryState::None);
        html! {
            // A refused form stays, also if no date can be given any more: it says why.
            @if filled.is_refused() && in_force.is_none() { (filled.summary(&["expires_on"])) }
            @if let Some(VersionState { version, .. }) = in_force {
                @let is_missing = document.is_undated();
                details.adds id="date" open[is_missing || filled.is_refused()] {
                    summary { @if is_missing { "Give the date" } @else { "Another date" } }
                    (filled.summary(&["expires_on"]))
                    form method="post" action=(self.form_path(document, &format!("/versions/{}/date", version.id))) {
                        (filled.once())
                        (Field::required("expires_on", "Last valid day").kind("date").in_form("date")
                            .hint("As the document says it. The same file becomes a version with this date, to be decided on.")
                            .input(filled))
                        p.actions { button type="submit" { @if is_missing { "Give the date" } @else { "Change the date" } } }
                    }
                }
            }
        }
    }

    /// Returns the form that waives the date of the version in force, if that lacks it.
    pub(super) fn render_date_waiver_form(&self, document: &DocumentState, forms: &Forms) -> Markup {
        let filled = &forms.waive_date;
        let undated = document.in_force().filter(|_| document.is_undated() && self.is_open());
        html! {
            @if filled.is_refused() && undated.is_none() { (filled.summary(&["reason"])) }
            @if let Some(VersionState { version, .. }) = undated {
                @if !self.takes_files() {
                    p.notice { "No date was given until which version " (version.number) " is valid, and its gate needs one." }
                }
                @if self.caller.may(RoomUpdate) {
                    details.adds open[filled.is_refused()] {
                        summary { "It needs no date?" }
                        (filled.summary(&["reason"]))
                        form method="post"
                            action=(self.form_path(document, &format!("/versions/{}/date-waiver", version.id))) {
                            (filled.once())
                            (Field::required("reason", "Why it needs no date").in_form("date-waiver")
                                .hint("The log and the report keep the reason.").area(filled))
                            p.actions { button type="submit" { "Waive the date" } }
                        }
                    }
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
            @if may && slot.waiver.is_some() && !filled.is_overtaken() {
                (filled.summary(&[]))
                form method="post" action=(self.form_path(document, "/waiver/withdraw")) {
                    (seen(&documents::tag(slot)))
                    p.actions { button.secondary type="submit" { "Take the waiver back" } }
                }
            } @else if may && slot.requirement == Requirement::Conditional {
                details.adds open[filled.is_refused()] {
                    summary { "Not needed here?" }
                    (filled.summary(&["reason"]))
                    form method="post" action=(self.form_path(document, "/waiver")) {
                        (filled.once())
                        (seen(&documents::tag(slot)))
                        (Field::required("reason", "Why it is not needed").in_form("waiver")
                            .hint("Nobody waits for a waived document; the log keeps the reason.").area(filled))
                        p.actions { button type="submit" { "Waive" } }
                    }
                }
            }
        }
    }
}

/// Returns how long a version is usually valid, in words, and the last day of one that was issued today. `None` if the
/// type does not expire.
pub(super) fn usual_validity(slot: &Document, now: Time) -> Option<(String, Day)> {
    let days = slot.validity_days?;
    let words = match days {
        365 | 366 => "1 year".to_owned(),
        // Five years are 1,826 days, with a leap day.
        _ if days > 366 && days % 365 <= days / 365 => format!("{} years", days / 365),
        _ => show::count(usize::try_from(days).unwrap_or_default(), "day"),
    };
    Some((words, now.day().days_later(days)))
}
