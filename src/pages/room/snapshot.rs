//! A snapshot: what is known of it, its file, and the check of it.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use room::{RoomId, SnapshotId, SnapshotStatus, SnapshotType};

use super::snapshots::standing;
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
        .get("/rooms/{room_id}/snapshots/{snapshot_id}", May(SnapshotView), one)
        .post("/rooms/{room_id}/snapshots/{snapshot_id}/retry", May(SnapshotCreate), retry)
        .post("/rooms/{room_id}/snapshots/{snapshot_id}/verify", May(SnapshotView), verified)
}

/// Whether the first page of the report is to be shown: that is looking into the file, and noted like a download. So
/// the address asks for it. An image in a part of the page that is folded up does not do: without script a browser
/// fetches it at once.
struct Asked {
    preview: bool,
}

impl FromPairs for Asked {
    const PARAMETERS: &[(&str, Kind, &str)] = &[("preview", Kind::Flag, "Whether the first page is shown")];

    fn read(given: &mut Given) -> Self {
        Self { preview: given.flag("preview") }
    }
}

async fn one(
    app: App,
    caller: Caller,
    room: InRoom,
    Id(id): Id<SnapshotId>,
    Query(Asked { preview }): Query<Asked>,
) -> Result<Response> {
    let (room, snapshot, all) = found(&app, room.id, id).await?;
    let who = Who::of(&app, &room.state.parties, std::iter::once(snapshot.created_by.as_str())).await?;
    let path = room.path(&format!("/snapshots/{id}"));
    let has_pages = snapshot.kind == SnapshotType::Pdf && snapshot.status == SnapshotStatus::Completed;
    let others: Vec<_> = all.into_iter().filter(|other| other.id != id).collect();
    let main = html! {
        section aria-labelledby="snapshot-title" {
            h2 id="snapshot-title" { (snapshot.title) }
            div id="snapshot" data-live {
                (facts(&snapshot, &who))
                (actions(&snapshot, &caller, &path))
                @if has_pages && !preview {
                    p {
                        a href={ (path) "?preview=true#preview" } { "Show the first page" }
                        span.hint { " The log notes it, as it does a download." }
                    }
                }
            }
            @if has_pages && preview { (first_page(&snapshot, &path)) }
            @if !others.is_empty() { (compare_with(&room, id, &others)) }
        }
    };
    Ok(room.page(&caller, Tab::Snapshots, &main).into_response())
}

/// The room, the snapshot, and what all snapshots of the room are called.
async fn found(app: &App, room: RoomId, id: SnapshotId) -> Result<(Room, Snapshot, Vec<Titled>)> {
    let read = async |tx: &mut Tx| Ok((snapshots::find(tx, room, id).await?, db::snapshots::titles(tx, room).await?));
    let shown = Room::load(app, room).await?;
    let (snapshot, titles) = app.db.read(read).await?;
    Ok((shown, snapshot, titles))
}

fn facts(snapshot: &Snapshot, who: &Who) -> Markup {
    let position = snapshot.proof.as_deref().and_then(|proof| LogProof::read(proof).ok()).map(|proof| proof.index);
    html! {
        dl.facts {
            dt { "Status" }
            dd { (standing(snapshot)) }
            @if let Some(error) = &snapshot.last_error {
                @if snapshot.status != SnapshotStatus::Completed {
                    dt { "What went wrong" } dd { (crate::http::sentence(error)) }
                }
            }
            dt { "Type" } dd { (show::label(snapshot.kind.word())) }
            @if snapshot.file_size > 0 { dt { "Size" } dd { (show::size(snapshot.file_size)) } }
            dt { "Taken" } dd { (show::time(snapshot.created_at)) " by " (who.named(&snapshot.created_by)) }
            @if let Some(seal) = &snapshot.seal { (sealed(seal)) }
            @if let Some(sha256) = &snapshot.file_sha256 { (hash("SHA-256 of the file", &hex::encode(sha256))) }
            (hash("SHA-256 of the record", &hex::encode(&snapshot.record_sha256)))
            @if let Some(position) = position { dt { "In the room's log" } dd.num { "Entry " (position) } }
        }
        @if let Some(checkpoint) = snapshot.checkpoint() {
            details id="checkpoint" {
                summary { "Checkpoint of the log" }
                p.hint { "Signed by the server when the snapshot was taken. Whoever keeps it can tell later whether the \
                          log was changed." }
                pre.exact { (checkpoint) }
                p { (copy(checkpoint, "Copy the checkpoint")) }
            }
        }
    }
}

fn hash(what: &str, hex: &str) -> Markup {
    html! { dt { (what) } dd { code { (hex) } " " (copy(hex, &format!("Copy the {what}"))) } }
}

/// A button that copies; where there is no script, there is none.
fn copy(value: &str, words: &str) -> Markup {
    html! { button.quiet.copy type="button" data-copy=(value) aria-label=(words) { "Copy" } }
}

fn sealed(seal: &SealSays) -> Markup {
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

fn actions(snapshot: &Snapshot, caller: &Caller, path: &str) -> Markup {
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

fn first_page(snapshot: &Snapshot, path: &str) -> Markup {
    html! {
        figure.first-page id="preview" {
            img src={ (BASE) (path) "/preview" } alt={ "The first page of the report “" (snapshot.title) "”" }
                width="1240" height="1754";
            figcaption.hint { "The first page. The log notes that it was shown. " a href=(path) { "Hide" } }
        }
    }
}

fn compare_with(room: &Room, id: SnapshotId, others: &[Titled]) -> Markup {
    let choices: Vec<_> = others.iter().map(choice).collect();
    html! {
        h3 { "Compare" }
        form.search method="get" action=(room.path("/compare")) {
            input type="hidden" name="from" value=(id);
            (Field::required("to", "With").select(&Filled::default(), &choices))
            button.secondary type="submit" { "Compare" }
        }
    }
}

/// A snapshot as one chooses it among others.
pub(super) fn choice(of: &Titled) -> (String, String) {
    (of.id.to_string(), format!("{} ({})", of.title, show::minute(of.created_at)))
}

async fn retry(app: App, caller: Caller, room: InRoom, Id(id): Id<SnapshotId>) -> Result<Redirect> {
    snapshots::retry(&app, &caller.actor(), room.id, id).await?;
    Ok(Redirect::to(&format!("/rooms/{}/snapshots/{id}", room.id)))
}

async fn verified(app: App, caller: Caller, room: InRoom, Id(id): Id<SnapshotId>) -> Result<Response> {
    let checked = verifying::verify_stored(&app, room.id, id, caller.user.id).await;
    let (room, snapshot, _) = found(&app, room.id, id).await?;
    let path = room.path(&format!("/snapshots/{id}"));
    let (status, result) = match checked {
        Ok((_, report)) => (StatusCode::OK, verify::found(&report)),
        Err(refused) if refused.status().0 == 500 => return Err(refused),
        Err(refused) => {
            let status = StatusCode::from_u16(refused.status().0).unwrap_or(StatusCode::CONFLICT);
            (status, verify::not_checked(&refused))
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
