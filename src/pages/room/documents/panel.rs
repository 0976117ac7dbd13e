//! A document beside the list: what is asked, what was uploaded and said of it, and what can be done.

use maud::{Markup, html};

use super::{
    forms::Forms,
    list::{List, asked_for},
};
use crate::{
    db::decisions::Decision,
    domain::{
        FileKind,
        room_state::{DocumentState, VersionState},
    },
    http::BASE,
    pages::{
        chip,
        show::{self, label},
    },
    policy::Action::DocumentDownload,
};

/// The panel of a document.
pub(super) fn panel(list: &List<'_>, document: &DocumentState, forms: &Forms) -> Markup {
    let slot = &document.slot;
    let earlier = document.versions.iter().rev().skip(1);
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
                @if let Some(newest) = document.newest() { (version(list, document, newest)) }
                @else { p.hint { "Nothing was uploaded yet." } }
            }
            div id="panel-decision" data-live[decides_live] { (list.decide(document, forms)) }
            @if list.takes_files() { (list.upload(document, forms)) }
            (list.waiver(document, forms))
            @if !list.is_open() { p.hint { "The room is closed: its documents rest." } }
            div id="panel-earlier" data-live { @for earlier in earlier { (version(list, document, earlier)) } }
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
    let VersionState { version, decisions } = state;
    let path = format!("{BASE}{}/{}/versions/{}", list.path, document.slot.id, version.id);
    let sha256 = hex::encode(version.sha256);
    let standing = state.standing_decisions();
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
            ul.decisions {
                @for said in decisions { (decision(list, said, standing.iter().any(|standing| standing.id == said.id))) }
            }
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

fn decision(list: &List<'_>, said: &Decision, stands: bool) -> Markup {
    html! {
        li class=[(!stands).then_some("superseded")] {
            (chip::verdict(said.verdict)) " " (list.who.named(&said.party)) ", " (said.role.word()) ", " (show::time(said.decided_at))
            @if !stands { span.hint { " – said something else later" } }
            @if let Some(comment) = &said.comment { p.comment { (comment) } }
        }
    }
}
