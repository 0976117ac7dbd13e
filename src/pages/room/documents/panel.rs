//! A document beside the list: what is asked, what was uploaded and said of it, and what can be done.

use maud::{Markup, html};
use room::{Decision, DocumentState, FileKind, VersionState};

use super::{
    filter::Asked,
    forms::Forms,
    shown::{List, asked_for},
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

/// The earlier versions that are shown at once.
const EARLIER: i64 = 10;
/// Their largest size, in bytes.
const MOST_EARLIER: usize = 400_000;
/// The newest decisions that are shown with a version, and their largest size.
const DECISIONS: i64 = 10;
const MOST_DECISIONS: usize = 100_000;

/// What was uploaded to a document and said of it, as far as the panel shows it.
pub(super) struct History {
    newest: Option<VersionState>,
    earlier: Vec<VersionState>,
    /// How many versions there are.
    total: i64,
}

impl History {
    pub(super) async fn of(app: &App, room: &Room, document: &DocumentState, asked: &Asked) -> Result<Self> {
        let (room, id) = (room.state.room.id, document.slot.id);
        let part = Page { limit: EARLIER, offset: asked.older.saturating_add(1) };
        let read = async |tx: &mut Tx| {
            let (newest, total) = history::versions(tx, room, id, Page { limit: 1, offset: 0 }, DECISIONS).await?;
            let (earlier, _) = history::versions(tx, room, id, part, DECISIONS).await?;
            Ok(Self { newest: newest.into_iter().next(), earlier, total })
        };
        app.db.read(read).await
    }

    /// Who uploaded or decided.
    pub(super) fn people(&self) -> impl Iterator<Item = &str> {
        let versions = self.newest.iter().chain(&self.earlier);
        let uploaded = versions.clone().map(|state| &*state.version.uploaded_by);
        uploaded.chain(versions.flat_map(|state| &state.decisions).map(|said| &*said.party))
    }
}

/// The panel of a document.
pub(super) fn panel(list: &List<'_>, document: &DocumentState, forms: &Forms, history: &History) -> Markup {
    let slot = &document.slot;
    // What was typed and refused is not taken away by what happens meanwhile.
    let decides_live = !forms.approve.is_refused() && !forms.reject.is_refused();
    html! {
        aside.panel.card id="panel" aria-labelledby="panel-title" data-document=(slot.id) {
            div.section-head {
                h2 id="panel-title" tabindex="-1" { (slot.name) }
                a href={ (list.path) (list.asked.query()) } data-close { "Close" }
            }
            @if let Some(known) = &forms.known { p.notice role="status" { (known.message(document.status)) } }
            div id="panel-facts" data-live { (facts(list, document)) }
            div id="panel-newest" data-live {
                @if let Some(newest) = &history.newest { (version(list, document, newest)) }
                @else { p.hint { "Nothing was uploaded yet." } }
            }
            div id="panel-decision" data-live[decides_live] { (list.decide(document, forms)) }
            @if list.takes_files() { (list.upload(document, forms)) }
            (list.waiver(document, forms))
            @if !list.is_open() { p.hint { "The room is closed: its documents rest." } }
            div id="panel-earlier" data-live { (earlier(list, document, history)) }
        }
    }
}

/// The earlier versions, the newest of them first, and where the others are.
fn earlier(list: &List<'_>, document: &DocumentState, history: &History) -> Markup {
    let shown = within(MOST_EARLIER, history.earlier.iter().map(|state| version(list, document, state)));
    let (older, all) = (list.asked.older, history.total.saturating_sub(1));
    let next = older.saturating_add(i64::try_from(shown.shown).unwrap_or(i64::MAX));
    let link = |older: i64| {
        let query = list.asked.query();
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

fn facts(list: &List<'_>, document: &DocumentState) -> Markup {
    let slot = &document.slot;
    let vessel = slot.vessel.and_then(|vessel| list.room.state.vessel(vessel));
    html! {
        p { (chip::document(document.status)) " " span.hint { (slot.document_type) } }
        dl.facts {
            dt { "Of" } dd { (vessel.map_or("The operation", |vessel| &vessel.details.name)) }
            dt { "Asked for" } dd { (asked_for(document)) ", " (slot.category) }
            dt { "Criticality" } dd { (chip::criticality(slot.criticality)) }
            dt { "Gate" } dd { (label(slot.gate.word())) }
            dt { "Valid until" } dd { (list.expiry(document)) }
            @if let Some(waiver) = &slot.waiver {
                dt { "Waived" }
                dd { (waiver.reason) div.hint { (list.who.named(&waiver.by)) ", " (show::time(waiver.at)) } }
            }
        }
    }
}

fn version(list: &List<'_>, document: &DocumentState, state: &VersionState) -> Markup {
    let VersionState { version, decisions, decision_count } = state;
    let said = format!("{}/{}/versions/{}", list.path, document.slot.id, version.id);
    let path = format!("{BASE}{}/{}/versions/{}", list.path, document.slot.id, version.id);
    let sha256 = hex::encode(version.sha256);
    // Of a version that is shown with its newest decisions, a later word of the same party is among them.
    let standing = state.standing_decisions();
    let is_last = |said: &Decision| standing.iter().any(|standing| standing.id == said.id);
    let lines = decisions.iter().map(|said| decision(&list.who, said, is_last(said)));
    let Portion { markup, shown, .. } = within_last(MOST_DECISIONS, lines);
    let more = decision_count.saturating_sub(i64::try_from(shown).unwrap_or(i64::MAX));
    html! {
        section.version aria-labelledby={ "version-" (version.number) } {
            h3 id={ "version-" (version.number) } { "Version " (version.number) }
            p.file { (version.file_name) " " span.hint { (show::size(version.size)) } }
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
                (preview(state, &path))
            }
            @if decisions.is_empty() { p.hint { "Nobody has decided on it." } }
            @if more > 0 { p { a href=(said) { "Show older decisions (" (more) ")" } } }
            ul.decisions { (markup) }
        }
    }
}

/// The module puts the picture in place of the link once this is opened, not before: to look at it is logged. An `img`
/// that is loaded lazily would not do, for without script browsers load it at once.
fn preview(VersionState { version, .. }: &VersionState, path: &str) -> Markup {
    let words = match version.kind {
        FileKind::Pdf => format!("First page of {}", version.file_name),
        FileKind::Jpeg | FileKind::Png => version.file_name.clone(),
        FileKind::Tiff | FileKind::Docx | FileKind::Xlsx => return html! {},
    };
    html! {
        details.preview id={ "preview-" (version.number) } {
            summary { "Preview" span.visually-hidden { " of version " (version.number) } }
            p.hint { "Opening it is noted in the log, as a download is." }
            a href={ (path) "/preview" } data-preview { (words) }
        }
    }
}

/// What a party decided.
pub(super) fn decision(who: &Who, said: &Decision, stands: bool) -> Markup {
    html! {
        li class=[(!stands).then_some("superseded")] {
            (chip::verdict(said.verdict)) " " (who.named(&said.party)) ", " (said.role.word()) ", " (show::time(said.decided_at))
            @if !stands { span.hint { " – said something else later" } }
            @if let Some(comment) = &said.comment { p.comment { (comment) } }
        }
    }
}
