//! The panel of a document beside the list: its terms, its versions with their decisions, and its forms.

use maud::{Markup, html};
use room::{Decision, DocumentState, FileKind, FileNotice, Version, VersionState};

use super::{
    filter::DocumentQuery,
    forms::Forms,
    shown::{List, render_requirement},
};
use crate::{
    app::App,
    db::{Page, Tx},
    domain::documents::history,
    error::Result,
    http::BASE,
    pages::{
        kit::{
            chip,
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
    newest: Option<VersionState>,
    earlier: Vec<VersionState>,
    /// How many versions the document has.
    total: i64,
}

impl History {
    /// Loads the newest version, and the earlier ones that the query asks for.
    pub(super) async fn load(app: &App, room: &Room, document: &DocumentState, query: &DocumentQuery) -> Result<Self> {
        let (room, id) = (room.state.room.id, document.slot.id);
        // The newest version is shown above the forms, whatever part of the earlier ones is open.
        let part = Page { limit: EARLIER, offset: query.older.saturating_add(1) };
        let read = async |tx: &mut Tx| {
            let (newest, total) = history::versions(tx, room, id, Page { limit: 1, offset: 0 }, DECISIONS).await?;
            let (earlier, _) = history::versions(tx, room, id, part, DECISIONS).await?;
            Ok(Self { newest: newest.into_iter().next(), earlier, total })
        };
        app.db.read(read).await
    }

    /// Returns the addresses of everybody who uploaded a version or decided on it.
    pub(super) fn people(&self) -> impl Iterator<Item = &str> {
        let versions = self.newest.iter().chain(&self.earlier);
        let uploaded = versions.clone().map(|state| &*state.version.uploaded_by);
        uploaded.chain(versions.flat_map(|state| &state.decisions).map(|decision| &*decision.party))
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
            @if let Some(known) = &forms.known { p.notice role="status" { (known.message(document.status)) } }
            div id="panel-facts" data-live { (render_facts(list, document)) }
            div id="panel-newest" data-live {
                @if let Some(newest) = &history.newest { (render_version(list, document, newest)) }
                @else { p.hint { "Nothing was uploaded yet." } }
            }
            div id="panel-decision" data-live[decides_live] { (list.render_decision_forms(document, forms)) }
            // Not renewed by events: a chosen file cannot be put back into a new input.
            @if list.takes_files() { (list.render_upload_form(document, forms)) }
            (list.render_waiver_form(document, forms))
            @if !list.is_open() { p.hint { "The room is closed: its documents rest." } }
            div id="panel-earlier" data-live { (render_earlier(list, document, history)) }
        }
    }
}

/// Returns the earlier versions, the newest of them first, with links to the others.
fn render_earlier(list: &List<'_>, document: &DocumentState, history: &History) -> Markup {
    let shown = within(MOST_EARLIER, history.earlier.iter().map(|state| render_version(list, document, state)));
    let (older, all) = (list.query.older, history.total.saturating_sub(1));
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
            dt { "Valid until" } dd { (list.render_expiry(document)) }
            @if let Some(waiver) = &slot.waiver {
                dt { "Waived" }
                dd { (waiver.reason) div.hint { (list.who.named(&waiver.by)) ", " (show::time(waiver.at)) } }
            }
        }
    }
}

fn render_version(list: &List<'_>, document: &DocumentState, state: &VersionState) -> Markup {
    let VersionState { version, decisions, decision_count } = state;
    let decisions_path = format!("{}/{}/versions/{}", list.path, document.slot.id, version.id);
    let path = format!("{BASE}{}/{}/versions/{}", list.path, document.slot.id, version.id);
    let sha256 = hex::encode(version.sha256);
    // Only the newest decisions were loaded. That is enough to know which of them stand: a decision is superseded by a
    // later one of the same party, and all later ones are here.
    let standing = state.standing_decisions();
    let stands = |decision: &Decision| standing.iter().any(|standing| standing.id == decision.id);
    let lines = decisions.iter().map(|decision| render_decision(&list.who, decision, stands(decision)));
    let Portion { markup, shown, .. } = within_last(MOST_DECISIONS, lines);
    let more = decision_count.saturating_sub(i64::try_from(shown).unwrap_or(i64::MAX));
    html! {
        section.version aria-labelledby={ "version-" (version.number) } {
            h3 id={ "version-" (version.number) } { "Version " (version.number) }
            p.file { (version.file_name) " " span.hint { (show::size(version.size)) } }
            @if let Some(words) = remark(version) { p.notice { (words) } }
            dl.facts {
                dt { "Uploaded" }
                dd {
                    (show::time(version.uploaded_at))
                    div.hint { (list.who.named(&version.uploaded_by)) ", " (version.uploader_role.word()) }
                }
                @if let Some(day) = version.expires_on {
                    dt { "Valid until" } dd { (show::day(day)) @if version.expiry_assumed { span.hint { " assumed" } } }
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
                p { a href={ (path) "/download" } aria-label={ "Download version " (version.number) } { "Download" } }
                (render_preview(state, &path))
            }
            @if decisions.is_empty() { p.hint { "Nobody has decided on it." } }
            @if more > 0 { p { a href=(decisions_path) { "Show older decisions (" (more) ")" } } }
            ul.decisions { (markup) }
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
    let words = match version.kind {
        _ if version.notice == Some(FileNotice::NeedsPassword) => return html! {},
        FileKind::Pdf => format!("First page of {}", version.file_name),
        FileKind::Jpeg | FileKind::Png => version.file_name.clone(),
        FileKind::Tiff | FileKind::Docx | FileKind::Xlsx | FileKind::Heic => return html! {},
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
pub(super) fn render_decision(who: &Who, decision: &Decision, stands: bool) -> Markup {
    html! {
        li class=[(!stands).then_some("superseded")] {
            (chip::verdict(decision.verdict)) " " (who.named(&decision.party)) ", " (decision.role.word()) ", " (show::time(decision.decided_at))
            @if !stands { span.hint { " – said something else later" } }
            @if let Some(comment) = &decision.comment { p.comment { (comment) } }
        }
    }
}
