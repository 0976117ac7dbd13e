//! The panel of a document beside the list: its terms, its versions with their decisions, and its forms.

use maud::{Markup, html};
use room::{
    Decision, DocumentState, ExpiryState, FileKind, FileNotice, Verdict, Version, VersionState, Waiver, Withdrawal,
};

use super::{
    filter::DocumentQuery,
    forms::Forms,
    shown::{List, render_requirement},
    viewer,
};
use crate::{
    app::App,
    db::{Page, Tx},
    domain::documents::{
        history,
        versions::{SameFile, same_file_in},
    },
    error::Result,
    pages::{
        kit::{
            chip::{self, Tone},
            portion::{Portion, within, within_last},
            show::{self, label},
            who::Who,
        },
        room::frame::Room,
    },
    policy::Action::DocumentDownload,
};

/// How many earlier versions are shown at once.
const EARLIER: i64 = 10;
/// The most bytes of earlier versions.
const MOST_EARLIER: usize = 400_000;
/// How many decisions are shown with a version: the newest.
const DECISIONS: i64 = 10;
/// The most bytes of the decisions of a version.
const MOST_DECISIONS: usize = 100_000;

/// The versions and decisions of a document, as far as the panel shows them.
pub(super) struct History {
    in_force: Option<VersionState>,
    /// A part of all versions but the one in force, the newest first.
    others: Vec<VersionState>,
    /// How many versions the document has.
    total: i64,
}

impl History {
    /// Loads the version in force, and those of the others that the query asks for.
    pub(super) async fn load(app: &App, room: &Room, document: &DocumentState, query: &DocumentQuery) -> Result<Self> {
        let (room, id) = (room.state.room.id, document.slot.id);
        let counts = document.in_force().map(|state| state.version.id);
        // The version in force is shown above the forms, whatever part of the others is open. It may stand anywhere among
        // them, so that one more is loaded than is shown.
        let newer = document.versions.iter().rev().take_while(|state| Some(state.version.id) != counts).count();
        let passed = i64::from(counts.is_some() && i64::try_from(newer).is_ok_and(|newer| newer < query.older));
        let part = Page { limit: EARLIER + 1, offset: query.older.saturating_add(passed) };
        let read = async |tx: &mut Tx| {
            let in_force = match counts {
                Some(version) => Some(history::version(tx, room, (id, version), DECISIONS).await?),
                None => None,
            };
            let (mut others, total, _) = history::versions(tx, room, id, &part.into(), DECISIONS).await?;
            others.retain(|state| Some(state.version.id) != counts);
            others.truncate(usize::try_from(EARLIER).unwrap_or_default());
            Ok(Self { in_force, others, total })
        };
        app.db.read(read).await
    }

    /// Returns the addresses of everybody who uploaded a version or decided on it.
    pub(super) fn people(&self) -> impl Iterator<Item = &str> {
        let versions = self.in_force.iter().chain(&self.others);
        let uploaded = versions.clone().map(|state| &*state.version.uploaded_by);
        let withdrawn = versions.clone().filter_map(|state| state.version.withdrawn.as_ref()).map(|it| &*it.by);
        let waived = versions.clone().filter_map(|state| state.version.date_waived.as_ref()).map(|it| &*it.by);
        uploaded
            .chain(withdrawn)
            .chain(waived)
            .chain(versions.flat_map(|state| &state.decisions).map(|decision| &*decision.party))
    }
}

/// Returns the panel of a document.
pub(super) fn render_panel(list: &List<'_>, document: &DocumentState, forms: &Forms, history: &History) -> Markup {
    let slot = &document.slot;
    // After a refusal this part has what was typed: an event must not replace it by empty fields.
    let decides_live = !forms.approve.is_refused() && !forms.reject.is_refused();
    html! {
        aside.panel.card id="panel" aria-labelledby="panel-title" data-document=(slot.id) {
            div.section-head {
                // The script moves the focus here when the panel opens, so a heading has to take it.
                h2 id="panel-title" tabindex="-1" { (slot.name) }
                a href={ (list.path) (list.query.to_query()) } data-close { "Close" }
            }
            @if let Some(known) = &forms.known { p.notice role="status" { (known.message(document, &[])) } }
            div id="panel-decision" data-live[decides_live] { (list.render_decision_forms(document, forms)) }
            div id="panel-facts" data-live { (render_facts(list, document)) }
            div id="panel-newest" data-live {
                @if let Some(in_force) = &history.in_force { (render_version(list, document, in_force)) }
                @else if history.total > 0 { p.hint { "Nothing counts here: what was uploaded was withdrawn." } }
                @else { p.hint { "Nothing was uploaded yet." } }
            }
            // Not renewed by events: a chosen file cannot be put back into a new input.
            (list.render_date_form(document, forms))
            (list.render_date_waiver_form(document, forms))
            @if list.takes_files() { (list.render_upload_form(document, forms)) }
            (list.render_withdrawal_form(document, forms))
            (list.render_waiver_form(document, forms))
            @if !list.is_open() { p.hint { "The room is closed: its documents rest." } }
            div id="panel-earlier" data-live { (render_earlier(list, document, history)) }
        }
    }
}

/// Returns the versions that are not in force, the newest first, with links to the others of them.
fn render_earlier(list: &List<'_>, document: &DocumentState, history: &History) -> Markup {
    let shown = within(MOST_EARLIER, history.others.iter().map(|state| render_version(list, document, state)));
    let (older, all) = (list.query.older, history.total.saturating_sub(i64::from(history.in_force.is_some())));
    let next = older.saturating_add(i64::try_from(shown.shown).unwrap_or(i64::MAX));
    let link = |older: i64| {
        let query = list.query.to_query();
        let joint = if query.is_empty() { '?' } else { '&' };
        format!("{}/{}{query}{joint}older={older}#panel-earlier", list.path, document.slot.id)
    };
    html! {
        (shown.markup)
        @if older > 0 || next < all {
            nav.pages aria-label="Earlier versions" {
                @if older > 0 { a href=(link((older - EARLIER).max(0))) { "Show newer versions" } }
                @if next < all { a href=(link(next)) { "Show older versions (" (all - next) ")" } }
            }
        }
    }
}

fn render_facts(list: &List<'_>, document: &DocumentState) -> Markup {
    let slot = &document.slot;
    let vessel = slot.vessel.and_then(|vessel| list.room.state.vessel(vessel));
    html! {
        p { (chip::document(document.status)) " " span.hint { (slot.document_type) } }
        dl.facts {
            dt { "Of" } dd { (vessel.map_or("The operation", |vessel| &vessel.details.name)) }
            dt { "Asked for" } dd { (render_requirement(document)) ", " (slot.category) }
            dt { "Criticality" } dd { (chip::criticality(slot.criticality)) }
            dt { "Gate" } dd { (label(slot.gate.word())) }
            (render_must_approve(list, document))
            dt { "Valid until" } dd { (list.render_expiry(document)) }
            @if let Some(waiver) = &slot.waiver {
                dt { "Waived" }
                dd { (waiver.reason) div.hint { (list.who.named(&waiver.by)) ", " (show::time(waiver.at)) } }
            }
        }
    }
}

/// Returns the roles that have to approve the document, each with who has done so or may do so, if it names any.
fn render_must_approve(list: &List<'_>, document: &DocumentState) -> Markup {
    let awaited = document.awaited(&list.room.state.parties);
    html! {
        @if !document.slot.must_approve.is_empty() {
            dt { "Must be approved by" }
            dd {
                @for role in &document.slot.must_approve {
                    div { (label(role.word())) }
                    @if let Some(approval) = document.in_force().and_then(|in_force| in_force.approval_in(*role)) {
                        div.hint { (chip::verdict(approval.verdict)) " " (list.who.named(&approval.party)) }
                    }
                    @match awaited.iter().find(|awaited| awaited.role == *role) {
                        Some(awaited) if awaited.parties.is_empty() => div.hint {
                            "Nobody in the room may approve it as " (role.with_article())
                            ": until somebody may, it stays under review."
                        },
                        Some(awaited) => div.hint { "Awaiting reply from " (list.render_able(awaited)) },
                        None => {}
                    }
                }
            }
        }
    }
}

fn render_version(list: &List<'_>, document: &DocumentState, state: &VersionState) -> Markup {
    let VersionState { version, decisions, decision_count } = state;
    let decisions_path = format!("{}/{}/versions/{}", list.path, document.slot.id, version.id);
    let path = list.api_path(document, state);
    let sha256 = hex::encode(version.sha256);
    // Only the newest decisions were loaded. That is enough to know which of them stand: a decision is superseded by a
    // later one of the same party, and all later ones are here.
    let standing = state.standing_decisions();
    let stands = |decision: &Decision| standing.iter().any(|standing| standing.id == decision.id);
    let lines = decisions.iter().map(|decision| render_decision(&list.who, document, decision, stands(decision)));
    let Portion { markup, shown, .. } = within_last(MOST_DECISIONS, lines);
    let more = decision_count.saturating_sub(i64::try_from(shown).unwrap_or(i64::MAX));
    html! {
        section.version aria-labelledby={ "version-" (version.number) } {
            h3 id={ "version-" (version.number) } {
                @if version.counts() { "Version " (version.number) }
                @else { s { "Version " (version.number) } " " (chip::chip(Tone::Quiet, "Withdrawn")) }
            }
            p.file {
                @if version.counts() { (version.file_name) } @else { s { (version.file_name) } }
                " " span.hint { (show::size(version.size)) }
            }
            (render_same_file(list, version))
            @if let Some(words) = remark(version) { p.notice { (words) } }
            dl.facts {
                @if let Some(Withdrawal { reason, by, at }) = &version.withdrawn {
                    dt { "Withdrawn" } dd { (reason) div.hint { (list.who.named(by)) ", " (show::time(*at)) } }
                }
                dt { "Uploaded" }
                dd {
                    (show::time(version.uploaded_at))
                    div.hint { (list.who.named(&version.uploaded_by)) ", " (version.uploader_role.word()) }
                }
                @if let Some(day) = version.expires_on {
                    dt { "Valid until" } dd { (show::day(day)) @if version.expiry_assumed { span.hint { " assumed" } } }
                }
                @if version.counts() && version.expiry(&document.slot) == ExpiryState::NotGiven {
                    dt { "Valid until" } dd { (chip::chip(Tone::Warn, "No date given")) }
                }
                @if let Some(Waiver { reason, by, at }) = &version.date_waived {
                    dt { "Needs no date" } dd { (reason) div.hint { (list.who.named(by)) ", " (show::time(*at)) } }
                }
                @if let Some(eta) = version.told_eta { dt { "Told ETA" } dd { (show::time(eta)) } }
                @if let Some(notes) = &version.notes { dt { "Notes" } dd { (notes) } }
                dt { "SHA-256" }
                dd {
                    code title=(sha256) { (sha256[..12]) "…" } " "
                    button.quiet.copy type="button" data-copy=(sha256)
                        aria-label={ "Copy the SHA-256 of version " (version.number) } { "Copy" }
                }
            }
            @if list.caller.may(DocumentDownload) {
                p.actions {
                    (viewer::render_button(version, &path))
                    a href={ (path) "/download" } aria-label={ "Download version " (version.number) } { "Download" }
                }
                (render_preview(state, &path))
            }
            (list.render_withdraw_link(document, state))
            @if decisions.is_empty() { p.hint { "Nobody has decided on it." } }
            @if more > 0 { p { a href=(decisions_path) { "Show older decisions (" (more) ")" } } }
            ul.decisions { (markup) }
        }
    }
}

/// Returns where else in the room the file of a version counts: perhaps it was meant for one of them alone.
fn render_same_file(list: &List<'_>, version: &Version) -> Markup {
    let same = if version.counts() { same_file_in(&list.room.state, version) } else { Vec::new() };
    html! {
        @for SameFile { document_id, name, version } in same {
            p.notice { "The same file is version " (version) " of " a href={ (list.path) "/" (document_id) } { (name) } "." }
        }
    }
}

/// Returns what is to be known of a version's file before it is opened.
fn remark(version: &Version) -> Option<&'static str> {
    match (version.notice, version.kind) {
        (Some(FileNotice::NeedsPassword), _) => {
            Some("This PDF opens only with a password: whoever decides on it has to be given it.")
        }
        (Some(FileNotice::ValuesNotDrawn), _) => {
            Some("This is a form whose values are not drawn: the preview and some programs show its fields empty.")
        }
        (None, FileKind::Heic) => Some("A picture in HEIC is kept as it is; there is no preview of it."),
        _ => None,
    }
}

/// Returns a folded preview of a version. The script puts the picture in the place of the link when it is opened, not
/// before, since every look is logged. An `img` with `loading="lazy"` would not do: without script browsers load it at
/// once.
fn render_preview(VersionState { version, .. }: &VersionState, path: &str) -> Markup {
    if !viewer::is_viewable(version) {
        return html! {};
    }
    let words = match version.kind {
        FileKind::Pdf => format!("First page of {}", version.file_name),
        _ => version.file_name.clone(),
    };
    html! {
        details.preview id={ "preview-" (version.number) } {
            summary { "Preview" span.visually-hidden { " of version " (version.number) } }
            p.hint { "Opening it is noted in the log, as a download is." }
            a href={ (path) "/preview" } data-preview { (words) }
        }
    }
}

/// Returns a decision of a party as an item of a list.
pub(super) fn render_decision(who: &Who, document: &DocumentState, decision: &Decision, stands: bool) -> Markup {
    let is_beside = stands && decision.verdict != Verdict::Rejected && !document.rests_on(decision);
    html! {
        li class=[(!stands).then_some("superseded")] {
            (chip::verdict(decision.verdict)) " " (who.named(&decision.party)) ", "
            (decision.all_roles().words().join(" and ")) ", " (show::time(decision.decided_at))
            @if !stands { span.hint { " – said something else later" } }
            @if is_beside { span.hint { " – the status does not rest on it" } }
            @if let Some(comment) = &decision.comment { p.comment { (comment) } }
        }
    }
}
