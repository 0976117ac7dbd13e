//! A snapshot: its facts and its file, the first page of it, and its verification.

use std::iter;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use room::{RoomId, SnapshotId, SnapshotStatus, SnapshotType};

use super::snapshots::render_status;
use crate::{
    app::App,
    db::{
        self, Tx,
        seals::SealSays,
        snapshots::{Snapshot, Titled},
    },
    domain::snapshots::{self, verifying},
    error::Result,
    evidence::LogProof,
    http::{Access::May, BASE, Caller, FromPairs, Given, Id, InRoom, Kind, PageRoutes, Query},
    pages::{
        kit::{
            field::{Field, Filled},
            show,
            who::Who,
        },
        room::frame::{Room, Tab},
        verify,
    },
    policy::Action::{SnapshotCreate, SnapshotDelete, SnapshotView},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/rooms/{room_id}/snapshots/{snapshot_id}", May(SnapshotView), show_snapshot)
        .post("/rooms/{room_id}/snapshots/{snapshot_id}/retry", May(SnapshotCreate), submit_retry)
        .post("/rooms/{room_id}/snapshots/{snapshot_id}/verify", May(SnapshotView), submit_verification)
}

/// Whether to show the first page of the report. To look into the file is logged like a download, so it has to be asked
/// for in the address. An image in a folded part of the page would not do: without script a browser loads it at once.
struct PreviewQuery {
    preview: bool,
}

impl FromPairs for PreviewQuery {
    const PARAMETERS: &[(&str, Kind, &str)] = &[("preview", Kind::Flag, "Whether the first page is shown")];

    fn read(given: &mut Given) -> Self {
        Self { preview: given.flag("preview") }
    }
}

async fn show_snapshot(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<SnapshotId>,
    Query(PreviewQuery { preview }): Query<PreviewQuery>,
) -> Result<Response> {
    let (room, snapshot, all) = load(&app, room.id, id).await?;
    let who = Who::load(&app, &room.state.parties, std::iter::once(snapshot.created_by.as_str())).await?;
    let path = room.path(&format!("/snapshots/{id}"));
    let has_pages = snapshot.kind == SnapshotType::Pdf && snapshot.status == SnapshotStatus::Completed;
    let others: Vec<_> = all.into_iter().filter(|other| other.id != id).collect();
    let main = html! {
        section aria-labelledby="snapshot-title" {
            h2 id="snapshot-title" { (snapshot.title) }
            div id="snapshot" data-live {
                (render_facts(&snapshot, &who))
                (render_actions(&snapshot, &caller, &path))
                @if has_pages && !preview {
                    p {
                        a href={ (path) "?preview=true#preview" } { "Show the first page" }
                        span.hint { " The log notes it, as it does a download." }
                    }
                }
            }
            // Outside of what events renew: to draw the image anew would be logged as another look.
            @if has_pages && preview { (render_first_page(&snapshot, &path)) }
            @if !others.is_empty() { (render_choice(&room, id, &others)) }
        }
    };
    Ok(room.page(&caller, Tab::Snapshots, &main).into_response())
}

/// Loads the room, the snapshot, and the titles of all snapshots of the room.
async fn load(app: &App, room: RoomId, id: SnapshotId) -> Result<(Room, Snapshot, Vec<Titled>)> {
    let read = async |tx: &mut Tx| Ok((snapshots::find(tx, room, id).await?, db::snapshots::titles(tx, room).await?));
    // The room first: what changes after it was read is announced by an event.
    let shown = Room::load(app, room).await?;
    let (snapshot, titles) = app.db.read(read).await?;
    Ok((shown, snapshot, titles))
}

fn render_facts(snapshot: &Snapshot, who: &Who) -> Markup {
    let position = snapshot.proof.as_deref().and_then(|proof| LogProof::read(proof).ok()).map(|proof| proof.index);
    html! {
        dl.facts {
            dt { "Status" }
            dd { (render_status(snapshot)) }
            @if let Some(error) = &snapshot.last_error {
                // After a retry that succeeded, the error of the attempt before is of no interest.
                @if snapshot.status != SnapshotStatus::Completed {
                    dt { "What went wrong" } dd { (crate::http::sentence(error)) }
                }
            }
            dt { "Type" } dd { (show::label(snapshot.kind.word())) }
            @if snapshot.file_size > 0 { dt { "Size" } dd { (show::size(snapshot.file_size)) } }
            @if let Some(at) = snapshot.shown_at.filter(|at| *at != snapshot.created_at) {
                dt { "Shows the room as of" } dd { (show::time(at)) }
            }
            dt { "Taken" } dd { (show::time(snapshot.created_at)) " by " (who.named(&snapshot.created_by)) }
            @if let Some(seal) = &snapshot.seal { (render_seal(seal)) }
            @if let Some(why) = snapshot.not_sealed() { dt { "Seal" } dd { "None: " (why) "." } }
            @if let Some(sha256) = &snapshot.file_sha256 { (render_hash("SHA-256 of the file", &hex::encode(sha256))) }
            @if let Some(sha256) = &snapshot.record_sha256 {
                (render_hash("SHA-256 of the record", &hex::encode(sha256)))
            }
            @if let Some(position) = position { dt { "In the room's log" } dd.num { "Entry " (position) } }
        }
        @if let Some(checkpoint) = snapshot.checkpoint() {
            details id="checkpoint" {
                summary { "Checkpoint of the log" }
                p.hint { "Signed by the server when the snapshot was taken. Whoever keeps it can tell later whether the \
                          log was changed." }
                pre.exact { (checkpoint) }
                p { (copy_button(checkpoint, "Copy the checkpoint")) }
            }
        }
    }
}

fn render_hash(what: &str, hex: &str) -> Markup {
    html! { dt { (what) } dd { code { (hex) } " " (copy_button(hex, &format!("Copy the {what}"))) } }
}

/// Returns a button that copies a value. The style sheet hides it if there is no script.
fn copy_button(value: &str, words: &str) -> Markup {
    html! { button.quiet.copy type="button" data-copy=(value) aria-label=(words) { "Copy" } }
}

fn render_seal(seal: &SealSays) -> Markup {
    let SealSays { sealed_at, signer, self_made, trusted_time, note } = seal;
    html! {
        dt { "Seal" }
        dd {
            "Signed by " (signer) ", " (show::time(*sealed_at)) ". "
            @if *self_made {
                span.hint { "The certificate was made by this server itself: nobody else says who the signer is." }
            }
        }
        dt { "Trusted time" }
        dd {
            @if let Some(trusted) = trusted_time { (show::time(*trusted)) } @else { "None" }
            @if let Some(note) = note { ". " span.hint { (crate::http::sentence(note)) } }
        }
    }
}

fn render_actions(snapshot: &Snapshot, caller: &Caller, path: &str) -> Markup {
    let there = snapshot.status == SnapshotStatus::Completed;
    html! {
        div.actions {
            @if there {
                a.button href={ (BASE) (path) "/download" } { "Download" }
                form method="post" action={ (path) "/verify" } { button.secondary type="submit" { "Verify" } }
            }
            @if snapshot.status == SnapshotStatus::Failed && caller.may(SnapshotCreate) {
                form method="post" action={ (path) "/retry" } { button type="submit" { "Retry" } }
            }
            @if snapshot.status == SnapshotStatus::Generating {
                span.hint { "The file is being rendered; it shows here by itself, or when you " a href=(path) { "reload" } "." }
            }
            @if caller.may(SnapshotDelete) { a.quiet href={ (path) "/delete" } { "Delete" } }
        }
    }
}

fn render_first_page(snapshot: &Snapshot, path: &str) -> Markup {
    html! {
        figure.first-page id="preview" {
            img src={ (BASE) (path) "/preview" } alt={ "The first page of the report “" (snapshot.title) "”" }
                width="1240" height="1754";
            figcaption.hint { "The first page. The log notes that it was shown. " a href=(path) { "Hide" } }
        }
    }
}

fn render_choice(room: &Room, id: SnapshotId, others: &[Titled]) -> Markup {
    let now = iter::once((String::new(), "The room as it is now".to_owned()));
    let choices: Vec<_> = now.chain(others.iter().map(choice)).collect();
    html! {
        h3 { "Compare" }
        form.search method="get" action=(room.path("/compare")) {
            input type="hidden" name="from" value=(id);
            (Field::line("to", "With").select(&Filled::default(), &choices))
            button.secondary type="submit" { "Compare" }
        }
    }
}

/// Returns a snapshot as an option of a choice: its id, and its title with the time, since titles may be the same.
pub(super) fn choice(snapshot: &Titled) -> (String, String) {
    (snapshot.id.to_string(), format!("{} ({})", snapshot.title, show::minute(snapshot.created_at)))
}

async fn submit_retry(app: App, caller: Caller, room: InRoom, Id(id): Id<SnapshotId>) -> Result<Redirect> {
    snapshots::retry(&app, &caller.actor(), room.id, id, None).await?;
    Ok(Redirect::to(&format!("/rooms/{}/snapshots/{id}", room.id)))
}

async fn submit_verification(app: App, caller: Caller, room: InRoom, Id(id): Id<SnapshotId>) -> Result<Response> {
    let checked = verifying::verify_stored(&app, room.id, id, caller.user.id).await;
    let (room, snapshot, _) = load(&app, room.id, id).await?;
    let path = room.path(&format!("/snapshots/{id}"));
    let (status, result) = match checked {
        Ok((_, report)) => (StatusCode::OK, verify::render_report(&report)),
        // The outermost layer draws a fault of the server, with the id of the request.
        Err(refused) if refused.status().0 == 500 => return Err(refused),
        Err(refused) => {
            let status = StatusCode::from_u16(refused.status().0).unwrap_or(StatusCode::CONFLICT);
            (status, verify::render_unchecked(&refused))
        }
    };
    let main = html! {
        h2 { "Verification of “" (snapshot.title) "”" }
        p.hint { "The file as it lies in this server's store. Whoever trusts no server checks a copy on a computer of \
                  their own, with " code { "sts-clearance verify FILE --key KEY" } "." }
        (result)
        p.actions { a.button.secondary href=(path) { "Back to the snapshot" } }
    };
    Ok(room.page(&caller, Tab::Snapshots, &main).status(status).into_response())
}
