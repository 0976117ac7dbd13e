//! Snapshots: what was frozen of the room, and the form that takes another.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use room::{RoomId, SnapshotStatus};

use crate::{
    app::App,
    db::{self, Page, snapshots::Snapshot},
    domain::snapshots::{self, NewSnapshot},
    error::Result,
    http::{Access::May, BASE, Caller, Form, InRoom, PageRoutes, Paging, Query},
    pages::{
        kit::{
            chip,
            field::{Field, Filled, tick},
            paging, show,
            who::Who,
        },
        room::frame::{Room, Tab},
    },
    policy::Action::{SnapshotCreate, SnapshotList},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/rooms/{room_id}/snapshots", May(SnapshotList), list).post(
        "/rooms/{room_id}/snapshots",
        May(SnapshotCreate),
        take,
    )
}

/// The fields of the form that tell themselves what is wrong with them.
const FIELDS: &[&str] = &["title", "snapshot_type"];
/// The sections that can be left out.
const SECTIONS: [(&str, &str); 3] = [
    ("include_documents", "Documents, with versions and decisions"),
    ("include_approvals", "Clearances of the vessels"),
    ("include_activity", "Activity: the room's log"),
];

async fn list(app: App, caller: Caller, room: InRoom, Query(Paging(page)): Query<Paging>) -> Result<Response> {
    listed(&app, &caller, room.id, page, &Filled::default()).await
}

async fn take(app: App, caller: Caller, room: InRoom, form: Form) -> Result<Response> {
    // A browser sends nothing of a box that is not ticked.
    let said = SECTIONS.iter().fold(form.clone(), |said, (name, _)| said.with(name, form.is_ticked(name).to_string()));
    let taken = match said.read::<NewSnapshot>() {
        Ok(asked) => snapshots::take(&app, &caller.actor(), room.id, asked, None).await,
        Err(refused) => Err(refused),
    };
    match taken {
        Ok(_) => Ok(Redirect::to(&format!("/rooms/{}/snapshots", room.id)).into_response()),
        Err(refused) => {
            let first = Page { limit: 20, offset: 0 };
            listed(&app, &caller, room.id, first, &Filled::again(form, refused)?).await
        }
    }
}

async fn listed(app: &App, caller: &Caller, room: RoomId, page: Page, filled: &Filled) -> Result<Response> {
    let id = room;
    let room = Room::load(app, id).await?;
    let (shown, total) = app.db.read(async |tx| db::snapshots::list(tx, id, page).await).await?;
    let who = Who::of(app, &room.state.parties, shown.iter().map(|snapshot| snapshot.created_by.as_str())).await?;
    let takes = caller.may(SnapshotCreate);
    let main = html! {
        section aria-labelledby="snapshots-title" {
            h2 id="snapshots-title" { "Snapshots" }
            div id="snapshots" data-live {
                @if total == 0 {
                    (nothing_yet(takes))
                } @else {
                    (table(&room, &who, &shown))
                    (paging::neighbours(&room.path("/snapshots"), "", page, total))
                    p.actions {
                        @if total > 1 { a.button.secondary href=(room.path("/compare")) { "Compare two" } }
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
                    (form(&room, filled, &snapshots::default_title(app.now())))
                }
            }
        }
    };
    Ok(room.page(caller, Tab::Snapshots, &main).status(filled.status()).into_response())
}

fn nothing_yet(takes: bool) -> Markup {
    html! {
        div.empty {
            p { "No snapshot has been taken yet. A snapshot freezes everything in the room as it is now, sealed, so that \
                 anybody can check later that nothing of it was changed." }
            @if !takes { p { "An owner, the broker, a charterer or an admin can take one." } }
        }
    }
}

fn form(room: &Room, filled: &Filled, default_title: &str) -> Markup {
    let kinds = [
        ("pdf", "PDF: a sealed report to read"),
        ("json", "JSON: the record, for programs"),
        ("csv", "CSV: its tables, in a zip"),
    ];
    let kinds = kinds.map(|(kind, words)| (kind.to_owned(), words.to_owned()));
    html! {
        form method="post" action=(room.path("/snapshots")) {
            div.fields {
                (Field::line("title", "Title").hint(&format!("Left empty: “{default_title}”.")).input(filled))
                (Field::required("snapshot_type", "Type").value(Some("pdf")).select(filled, &kinds))
            }
            fieldset {
                legend { "What it shows besides the room, its parties and its vessels" }
                @for (name, label) in SECTIONS { (tick(filled, name, label, true)) }
            }
            p.actions { button type="submit" { "Take snapshot" } }
        }
    }
}

fn table(room: &Room, who: &Who, taken: &[Snapshot]) -> Markup {
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
            tbody { @for snapshot in taken { (row(room, who, snapshot)) } }
        }
    }
}

fn row(room: &Room, who: &Who, snapshot: &Snapshot) -> Markup {
    let path = room.path(&format!("/snapshots/{}", snapshot.id));
    html! {
        tr {
            th scope="row" { a href=(path) { (snapshot.title) } }
            td data-label="Type" { (show::label(snapshot.kind.word())) }
            td.num data-label="Size" { @if snapshot.file_size > 0 { (show::size(snapshot.file_size)) } @else { "–" } }
            td data-label="Status" { div { (standing(snapshot)) } }
            td data-label="Taken by" { (who.named(&snapshot.created_by)) }
            td data-label="Taken" { (show::time(snapshot.created_at)) }
            td.row-actions {
                @if snapshot.status == SnapshotStatus::Completed {
                    a href={ (BASE) (path) "/download" } aria-label={ "Download " (snapshot.title) } { "Download" }
                }
            }
        }
    }
}

/// Where a snapshot stands, with how far it is while its file is rendered.
pub(super) fn standing(snapshot: &Snapshot) -> Markup {
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
