//! `serve --demo`: fills an empty database with a believable STS operation of the last week, through the same
//! operations by which a real one comes about.

mod cast;
mod papers;
mod story;

use std::net::SocketAddr;

use room::SnapshotStatus;

use super::demo::{
    cast::{PEOPLE, email},
    story::Story,
};
use crate::{
    app::App,
    cli::{
        demo::cast::{LAST_SNAPSHOT, PASSWORD},
        terminal::print,
    },
    db::{self, Page, Tx, users::User},
    error::{Error, Result},
    http::BASE,
};

const BROKER: &str = "broker@demo.example";

/// Fills an empty database. One that the demo has filled before is left as it is.
pub(super) async fn fill(app: &App) -> Result<()> {
    let users = app.db.read(async |tx| db::users::list(tx).await).await?;
    if users.iter().any(|user| user.email == BROKER) {
        return refuse_unfinished(app).await;
    }
    if !users.is_empty() {
        return Err(Error::setup("the database has users already; the demo fills only an empty one (--data-dir)"));
    }
    Story::begin(app).tell().await
}

/// Refuses a demo that was stopped while it was being made.
async fn refuse_unfinished(app: &App) -> Result<()> {
    // The story ends with this snapshot, so that it is there if and only if the story came to its end.
    let page = Page { limit: 100, offset: 0 };
    let find = async |tx: &mut Tx| {
        let (rooms, ..) = db::rooms::list(tx, Some(BROKER), &[], &page.into()).await?;
        for room in rooms {
            let taken = db::snapshots::all(tx, room.id).await?;
            if taken.iter().any(|last| last.title == LAST_SNAPSHOT && last.status == SnapshotStatus::Completed) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    if app.db.read(find).await? {
        return Ok(());
    }
    Err(Error::setup("the demo was stopped while it was being made; delete the data directory and start again"))
}

/// Refuses to serve a database with the demo's accounts without `--demo`, since everyone knows their password.
pub(super) async fn refuse_leftovers(app: &App) -> Result<()> {
    let users = app.db.read(async |tx| db::users::list(tx).await).await?;
    let known = |user: &User| !user.disabled && PEOPLE.iter().any(|(address, ..)| email(address) == user.email);
    match users.into_iter().find(known) {
        None => Ok(()),
        Some(user) => Err(Error::setup(format!(
            "the database holds the demo's accounts, such as {}, whose password everyone knows: \
             serve it with --demo, or disable them with `sts-clearance user disable`",
            user.email
        ))),
    }
}

/// Prints the accounts, and the commands that take a snapshot, download it and verify it.
pub(super) async fn explain(app: &App, address: SocketAddr) -> Result<()> {
    let page = Page { limit: 1, offset: 0 };
    let (rooms, ..) = app.db.read(async |tx| db::rooms::list(tx, Some(BROKER), &[], &page.into()).await).await?;
    let Some(room) = rooms.first() else { return print("The demo's room has been deleted.") };
    let accounts: Vec<String> =
        PEOPLE.iter().map(|(address, role, ..)| format!("  {:<26} {role}", email(address))).collect();
    let api = format!("http://{address}{BASE}");
    let json = "-H 'Content-Type: application/json'";
    let bearer = "-H \"Authorization: Bearer $token\"";
    print(&format!(
        "\nOpen http://{address} in a browser, and sign in as one of these; the password of all is `{PASSWORD}`:\n{}\n\n\
         Or type, in another terminal:\n\n\
         # Sign in, and see what keeps \"{}\" from its next phase:\n\
         token=$(curl -s {api}/auth/login {json} \\\n  \
           -d '{{\"email\":\"{BROKER}\",\"password\":\"{PASSWORD}\"}}' | grep -o '\"token\":\"[^\"]*' | cut -d'\"' -f4)\n\
         curl -s {bearer} {api}/rooms/{room_id}/summary\n\n\
         # Take a snapshot of it, and download it:\n\
         url=$(curl -s -X POST {api}/rooms/{room_id}/snapshots {bearer} \\\n  \
           {json} -H 'Prefer: wait=30' -d '{{}}' | grep -o '/api[^\"]*/download')\n\
         curl -s -o snapshot.pdf {bearer} \"http://{address}$url\" && ls -l snapshot.pdf\n\n\
         # Check it by itself, against the key that the server tells of (or at http://{address}/verify):\n\
         curl -s http://{address}/.well-known/sts-clearance/log-key > log-key\n\
         {program} verify snapshot.pdf --key log-key\n\n\
         # Upload it as a paper of the room:\n\
         curl -s {bearer} -F document_type=RISK_ASSESS -F file=@snapshot.pdf \\\n  \
           {api}/rooms/{room_id}/documents/upload\n",
        accounts.join("\n"),
        room.title,
        room_id = room.id,
        program = std::env::args().next().unwrap_or_else(|| "sts-clearance".into()),
    ))
}
