//! The list of documents: a table for each vessel, and one for the STS operation itself.

use maud::{Markup, PreEscaped, html};
use room::{DocumentId, DocumentState, Verdict, VersionState, Vessel, VesselStatus};

use super::{
    forms::{ENDINGS, Forms, usual_validity},
    keys,
    panel::{History, render_panel},
    viewer::render_viewer,
};
use crate::{
    http::BASE,
    pages::{
        kit::{
            assets::DOCUMENTS_SCRIPT,
            chip::{self, Tone},
            field::LATEST_DAY,
            portion::{Portion, within},
            show::{self, label},
        },
        room::documents::shown::{List, render_requirement},
    },
    policy::Action::{DocumentDownload, VesselCreate},
};

/// The largest list, in bytes.
const MOST_BYTES: usize = 700_000;

impl List<'_> {
    /// Returns the list, with the panel of the document that is open, if one is.
    pub(super) fn render(&self, open: Option<(&DocumentState, &Forms, &History)>) -> Markup {
        let uploads = self.takes_files().then(|| format!("{BASE}{}", self.path));
        let current = open.map(|(document, ..)| document.slot.id);
        html! {
            // The panel comes before the list: a reader who opened a document should not have to pass all others first.
            div.documents.has-panel[open.is_some()] id="documents" data-uploads-to=[uploads.as_deref()]
                data-matches-by=[uploads.as_ref().map(|path| format!("{path}/match"))] data-upload-limit=(self.upload_limit) {
                @if let Some((document, forms, history)) = open { (render_panel(self, document, forms, history)) }
                div {
                    div.section-head {
                        h2 { "Documents" }
                        div.actions {
                            @if self.caller.may(DocumentDownload) {
                                a href={ (BASE) (self.room.path("/archive")) } { "Download all (zip)" }
                            }
                            @if self.takes_files() {
                                button.secondary type="button" data-many hidden { "Upload many" }
                                input id="many" type="file" multiple accept=(ENDINGS) aria-label="Papers to upload" hidden;
                            }
                        }
                    }
                    // The search is not renewed by events: somebody may be typing in it.
                    div id="views" data-live { (self.render_views()) }
                    (self.render_search())
                    div id="documents-list" data-live { (self.render_groups(current)) }
                    (self.render_several())
                    (keys::render_hint())
                }
            }
            (render_uploads())
            (render_matching())
            (keys::render_sheet())
            (render_viewer())
            script type="module" src=(DOCUMENTS_SCRIPT.path) {}
        }
    }

    fn render_groups(&self, current: Option<DocumentId>) -> Markup {
        let state = &self.room.state;
        let shown = state.documents.iter().any(|document| self.lists(document));
        html! {
            @if state.vessels.is_empty() {
                div.empty {
                    p { "No vessel is named yet. Each vessel brings documents of its own." }
                    @if self.caller.may(VesselCreate) && self.is_open() {
                        p { a href=(self.room.path("/vessels")) { "Name the vessels" } }
                    }
                }
            }
            (self.render_select_mine())
            @if shown {
                // One budget for all tables: together they have to fit into the page.
                @let mut bytes = MOST_BYTES;
                @for vessel in state.vessels.iter().map(Some).chain([None]) { (self.render_group(vessel, current, &mut bytes)) }
            } @else {
                div.empty {
                    p { "No document is like that." }
                    p { a href=(self.path) { "Show all" } }
                }
            }
        }
    }

    /// Returns the table of a vessel, or of the STS operation, as far as its rows fit into `bytes`, which it reduces.
    fn render_group(&self, vessel: Option<&Vessel>, current: Option<DocumentId>, bytes: &mut usize) -> Markup {
        let of = |document: &&DocumentState| document.slot.vessel == vessel.map(|vessel| vessel.id);
        let all = || self.room.state.documents.iter().filter(of);
        let rows: Vec<_> = all().filter(|document| self.lists(document)).collect();
        if rows.is_empty() {
            return PreEscaped(String::new());
        }
        let rows = rows.into_iter().map(|document| self.render_row(document, current == Some(document.slot.id)));
        let Portion { markup, left_out, .. } = within(*bytes, rows);
        *bytes = bytes.saturating_sub(markup.0.len());
        // The bar counts all documents of the group, not only those that the filter lists.
        let needed = || all().filter(|document| document.needed);
        let resolved = needed().filter(|document| document.is_resolved()).count();
        let selects = self.selects();
        let id = vessel.map_or_else(|| "group-operation".to_owned(), |vessel| format!("group-{}", vessel.id));
        html! {
            // Open until it is folded: without script, and on paper, everything is there.
            details.group id={ "fold-" (id) } open {
                summary.group-head {
                    h3 id=(id) {
                        @match vessel {
                            Some(vessel) => {
                                (vessel.details.name) " "
                                span.hint {
                                    (label(vessel.details.role.word()))
                                    @if vessel.details.status == VesselStatus::Withdrawn { ", withdrawn" }
                                }
                            }
                            None => "The operation",
                        }
                    }
                    (render_progress(resolved, needed().count()))
                }
                table.list.papers.selects[selects] aria-labelledby=(id) {
                    thead {
                        tr {
                            th scope="col" { "Document" }
                            th scope="col" { "Status" }
                            th.aside.asked scope="col" { "Asked for" }
                            th.in-force scope="col" { "Version in force" }
                            th scope="col" { "Valid until" }
                            @if self.takes_files() { th.aside scope="col" { span.visually-hidden { "Actions" } } }
                        }
                    }
                    tbody { (markup) }
                }
                @if left_out > 0 { p.hint { "And " (left_out) " more: search for them by name." } }
            }
        }
    }

    fn render_row(&self, document: &DocumentState, is_open: bool) -> Markup {
        let slot = &document.slot;
        let path = self.path_of(document);
        html! {
            tr class=[is_open.then_some("current")] data-document=(slot.id) data-mine[self.mine.contains(&slot.id)]
                data-usual=[usual_validity(slot, self.room.state.now).map(|(_, day)| day.to_string())] {
                th scope="row" {
                    (self.render_box(document))
                    a href=(path) data-panel aria-current=[is_open.then_some("true")] { (slot.name) }
                    // In the place of the column that says it, where there is no room for that.
                    @if let Some(awaited) = self.render_awaited(document) { div.below.hint { (awaited) } }
                }
                td data-label="Status" {
                    // What waits for the viewer is under review, which the chip need not say too.
                    @if self.mine.contains(&slot.id) { (chip::chip(Tone::Wait, "Waits for me")) }
                    @else { (chip::document(document.status)) }
                }
                td.aside.asked.hint data-label="Asked for" {
                    (render_requirement(document)) " · " (chip::criticality(slot.criticality)) " · " (label(slot.gate.word()))
                }
                td.in-force data-label="Version in force" { (self.render_in_force(document)) }
                td.expiry data-label="Valid until" { (self.render_expiry(document)) }
                @if self.takes_files() {
                    td.row-actions.aside { a href={ (path) "#upload" } data-panel aria-label={ "Upload " (slot.name) } { "Upload" } }
                }
            }
        }
    }

    /// Returns whose approval a document awaits, if it awaits somebody's, or else whose decisions its status rests on.
    fn render_deciders(&self, document: &DocumentState, in_force: &VersionState) -> Markup {
        let standing = in_force.standing_decisions();
        let is_rejected = standing.iter().any(|decision| decision.verdict == Verdict::Rejected);
        let names = standing.iter().filter(|decision| (decision.verdict == Verdict::Rejected) == is_rejected);
        let names = names.filter(|decision| is_rejected || document.rests_on(decision));
        let names: Vec<_> = names.map(|decision| self.who.named(&decision.party)).collect();
        html! {
            // What is awaited comes before what is there already, which is on the page of the document, too.
            @if let Some(awaited) = self.render_awaited(document) {
                span.deciders.awaited { (awaited) }
                " "
            } @else if let Some((first, others)) = names.split_first() {
                span.deciders {
                    @if is_rejected { "rejected by " } @else { "approved by " }
                    (first) @if !others.is_empty() { " and " (others.len()) " more" }
                }
                " "
            }
        }
    }

    fn render_in_force(&self, document: &DocumentState) -> Markup {
        html! {
            @if let Some(in_force) = document.in_force() {
                @let version = &in_force.version;
                // Whose word counts is read whole, however long the name of the file is.
                div.one-line {
                    span.file { (version.file_name) }
                    " " (self.render_deciders(document, in_force))
                    span.hint {
                        "v" (version.number) " · " (show::away(version.uploaded_at, self.room.state.now)) " · "
                        (self.who.named(&version.uploaded_by)) " · " (show::size(version.size))
                    }
                }
            } @else { "–" }
        }
    }
}

fn render_progress(resolved: usize, needed: usize) -> Markup {
    html! {
        div.progress {
            progress max=(needed.max(1)) value=(resolved) aria-label="Documents approved" {}
            span.num { (resolved) " of " (needed) " approved" }
        }
    }
}

/// Returns the section in which the script shows uploads, and the template of a line; hidden until there is one.
fn render_uploads() -> Markup {
    html! {
        section.uploads id="uploads" aria-label="Uploads" hidden { ul {} }
        template id="upload-line" {
            li {
                strong data-name {}
                progress max="100" value="0" {}
                span data-words {}
                button.quiet type="button" data-cancel { "Cancel" }
                button.quiet type="button" data-retry hidden { "Retry" }
                button.quiet type="button" data-dismiss hidden { "Dismiss" }
            }
        }
    }
}

/// Returns the sheet in which the script asks for which document each file is, and the template of its line.
fn render_matching() -> Markup {
    html! {
        dialog.matching id="matching" aria-labelledby="matching-title" {
            form method="dialog" {
                h2 id="matching-title" { "Which document is each one for?" }
                p.hint { span data-count {} " A file that is dropped on the row of its document goes there." }
                p.refused role="alert" hidden {}
                ul {}
                label hidden {
                    span { input type="checkbox" data-versions; " They are versions of one document, in this order" }
                }
                p.actions {
                    button type="submit" value="upload" { "Upload" }
                    button.secondary type="button" data-leave { "Cancel" }
                }
            }
        }
        template id="matching-line" {
            li {
                strong data-name {}
                span.hint data-told {}
                label { "Document" select data-for { option value="" { "Choose a document, or leave it out" } } }
                label data-dated hidden { "Valid until" input type="date" max=(LATEST_DAY) data-date; span.hint data-usual {} }
            }
        }
    }
}
