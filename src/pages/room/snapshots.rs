//! Snapshots: the list, and the form that takes another.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use room::{RoomId, SnapshotStatus};

use crate::{
    app::App,
    db::{self, Page, seek::Seek, snapshots::Snapshot},
    domain::snapshots::{self, NewSnapshot},
    error::Result,
    http::{Access::May, BASE, Caller, Form, InRoom, PageRoutes, Query, Seeking},
    pages::{
        kit::{
            chip,
            field::{Field, Filled, tick},
            paging, show,
            submit::submit,
            who::Who,
        },
        room::frame::{Room, Tab},
    },
    policy::Action::{SnapshotCreate, SnapshotList},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/rooms/{room_id}/snapshots", May(SnapshotList), show_snapshots).post(
        "/rooms/{room_id}/snapshots",
        May(SnapshotCreate),
        submit_snapshot,
    )
}

/// The fields that show their faults themselves; any other fault stands above the form.
const FIELDS: &[&str] = &["title", "snapshot_type", "as_of", "summary_only"];
/// The sections of a file that can be left out, with their labels.
const SECTIONS: [(&str, &str); 3] = [
    ("include_documents", "Documents, with versions and decisions"),
    ("include_approvals", "Clearances of the vessels"),
    ("include_activity", "Activity: the room's log, without which nobody can check what the rest follows from"),
];

/// The choice of a short PDF, with its label.
const SUMMARY: (&str, &str) =
    ("summary_only", "Only the summary and the timeline; the record that is attached is whole all the same");

async fn show_snapshots(
    app: App,
    caller: Caller,
    room: InRoom,
    Query(Seeking(seek)): Query<Seeking>,
) -> Result<Response> {
    render_snapshots(&app, &caller, room.id, &seek, &Filled::default()).await
}

async fn submit_snapshot(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    let take = async |form: &Form| {
        // A browser sends nothing for a box that is not ticked, and a missing section would mean that it is included.
        let sections = SECTIONS.iter().map(|(name, _)| name);
        // A field of type `datetime-local` takes no zone; one that is left empty asks for the room as it is now.
        let exact =
            if form.line("as_of").is_empty() { form.clone().without("as_of") } else { form.clone().in_utc("as_of") };
        let sections = sections.chain([&SUMMARY.0]);
        let explicit = sections.fold(exact, |sent, name| sent.with(name, form.is_ticked(name).to_string()));
        snapshots::take(&app, &caller.actor(), room.id, explicit.read::<NewSnapshot>()?, form.once()).await?;
        Ok(format!("/rooms/{}/snapshots", room.id))
    };
    let first = Page { limit: 20, offset: 0 }.into();
    submit(form, take, async |filled| render_snapshots(&app, &caller, room.id, &first, &filled).await).await
}

async fn render_snapshots(app: &App, caller: &Caller, room: RoomId, seek: &Seek, filled: &Filled) -> Result<Response> {
    let id = room;
    let room = Room::load(app, id).await?;
    let (shown, total, page) = app.db.read(async |tx| db::snapshots::list(tx, id, seek).await).await?;
    let ids: Vec<_> = shown.iter().map(|snapshot| snapshot.id.to_string()).collect();
    let who = Who::load(app, &room.state.parties, shown.iter().map(|snapshot| snapshot.created_by.as_str())).await?;
    let takes = caller.may(SnapshotCreate);
    let main = html! {
        section aria-labelledby="snapshots-title" {
            h2 id="snapshots-title" { "Snapshots" }
            div id="snapshots" data-live {
                @if total == 0 {
                    (render_empty(takes))
                } @else {
                    (render_table(&room, &who, &shown))
                    (paging::neighbours_from((&room.path("/snapshots"), ""), seek, page, (&ids, total)))
                    p.actions {
                        a.button.secondary href=(room.path("/compare")) { "Compare" }
                        @if shown.iter().any(|snapshot| snapshot.status == SnapshotStatus::Generating) {
                            span.hint {
                                "One is being rendered; it shows here by itself, or when you "
                                a href=(room.path("/snapshots")) { "reload" } "."
                            }
                        }
                    }
                }
            }
            @if takes {
                details.adds open[filled.is_refused() || total == 0] {
                    summary { "Take a snapshot" }
                    (filled.summary(FIELDS))
                    (render_form(&room, (filled, total == 0), &snapshots::default_title(app.now())))
                }
            }
        }
    };
    Ok(room.page(caller, Tab::Snapshots, &main).status(filled.status()).into_response())
}

fn render_empty(takes: bool) -> Markup {
    html! {
        div.empty {
            p { "No snapshot has been taken yet. A snapshot freezes everything in the room as it is now, sealed, so that \
                 anybody can check later that nothing of it was changed." }
            @if !takes { p { "An owner, the broker, a charterer or an admin can take one." } }
        }
    }
}

fn render_form(room: &Room, (filled, is_first): (&Filled, bool), default_title: &str) -> Markup {
    let title = Field::line("title", "Title");
    let title = if is_first { title.first() } else { title };
    let kinds = [
        ("pdf", "PDF: a sealed report to read"),
        ("json", "JSON: the record, for programs"),
        ("csv", "CSV: its tables, in a zip"),
    ];
    let kinds = kinds.map(|(kind, words)| (kind.to_owned(), words.to_owned()));
    html! {
        form method="post" action=(room.path("/snapshots")) {
            (filled.once())
            div.fields {
                (title.hint(&format!("Left empty: “{default_title}”.")).input(filled))
                (Field::required("snapshot_type", "Type").value(Some("pdf")).select(filled, &kinds))
                (Field::line("as_of", "As of (UTC)").kind("datetime-local")
                    .hint("Left empty: as the room is now. A past moment shows what its log told then.").input(filled))
            }
            fieldset {
                legend { "What it shows besides the room, its parties and its vessels" }
                @for (name, label) in SECTIONS { (tick(filled, name, label, true)) }
            }
            fieldset {
                legend { "How much of a PDF is drawn" }
                (tick(filled, SUMMARY.0, SUMMARY.1, false))
            }
            p.actions { button type="submit" { "Take snapshot" } }
        }
    }
}

fn render_table(room: &Room, who: &Who, taken: &[Snapshot]) -> Markup {
    html! {
        table.list {
            thead {
                tr {
                    th scope="col" { "Title" }
                    th scope="col" { "Type" }
                    th.num scope="col" { "Size" }
                    th scope="col" { "Status" }
                    th scope="col" { "Taken by" }
                    th scope="col" { "Taken" }
                    th scope="col" { span.visually-hidden { "Actions" } }
                }
            }
            tbody { @for snapshot in taken { (render_row(room, who, snapshot)) } }
        }
    }
}

fn render_row(room: &Room, who: &Who, snapshot: &Snapshot) -> Markup {
    let path = room.path(&format!("/snapshots/{}", snapshot.id));
    html! {
        tr {
            th scope="row" { a href=(path) { (snapshot.title) } }
            td data-label="Type" { (show::label(snapshot.kind.word())) }
            td.num data-label="Size" { @if snapshot.file_size > 0 { (show::size(snapshot.file_size)) } @else { "–" } }
            td data-label="Status" { div { (render_status(snapshot)) } }
            td.words data-label="Taken by" { (who.named(&snapshot.created_by)) }
            td data-label="Taken" {
                (show::time(snapshot.created_at))
                @if let Some(at) = snapshot.shown_at.filter(|at| *at != snapshot.created_at) {
                    span.hint { " as of " (show::time(at)) }
                }
            }
            td.row-actions {
                @if snapshot.status == SnapshotStatus::Completed {
                    a href={ (BASE) (path) "/download" } aria-label={ "Download " (snapshot.title) } { "Download" }
                }
            }
        }
    }
}

/// Returns the status of a snapshot, with the progress of its file while that is rendered.
pub(super) fn render_status(snapshot: &Snapshot) -> Markup {
    let percent = snapshot.progress.unwrap_or(0);
    html! {
        (chip::snapshot(snapshot.status))
        @if snapshot.status == SnapshotStatus::Generating {
            div.progress {
                progress max="100" value=(percent) aria-label={ "Rendering of " (snapshot.title) } { (percent) " %" }
                span.num { (percent) " %" }
            }
        }
    }
}
