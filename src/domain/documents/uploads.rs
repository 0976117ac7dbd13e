//! Uploads that come in parts, and go on where they broke off.
//!
//! An upload belongs to the account that began it, and to one document. Its bytes wait in the data directory
//! ([`Partials`](crate::files::Partials)), and its row says how many of them are on disk for certain: a part that broke off is
//! kept as far as it came. Once the last byte has come, the file goes the way of any upload: it is read into the store,
//! inspected and added as a version, under a key that makes one version of it however often that is begun.
//!
//! The last byte is acknowledged only with the version. A client that is told that all bytes are there need not ask for more,
//! and one that is told otherwise sends that byte again, which finishes what was interrupted.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use room::{DocumentId, RoomId, UploadId, UserId};

use super::{
    Inspection,
    versions::{self, Arrived, Said, Target},
};
use crate::{
    app::App,
    db::{self, Tx, partial_uploads::PartialUpload},
    domain::{
        log::{Actor, Once, quota},
        rooms,
    },
    error::{Error, Result},
    evidence::Hash,
    files::{Hold, Partial},
};

/// How long an upload is kept after its last byte so far, and how long afterwards it is known what it came to.
const KEPT: Duration = Duration::from_hours(24);
/// How many uploads of an account may be unfinished at once.
const MOST_OPEN: i64 = 20;
/// How many bytes may come before they are synced, and the row says so: what a server that ends can lose of an upload.
const SYNCED_EACH: u64 = 512 * 1024;
/// How long what comes of a part is still taken when another request wants the upload.
const LINGERS: Duration = Duration::from_secs(2);

/// What is said of a file before its first byte is sent.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// The name of the file.
    pub file_name: String,
    /// How many bytes it has; one at least.
    pub size: u64,
    /// The SHA-256 that it has to have, if that is known.
    pub sha256: Option<Hash>,
    /// What its uploader says of it.
    pub said: Said,
}

/// Who uploads to which room.
#[derive(Debug, Clone)]
pub struct Uploader {
    /// The room.
    pub room: RoomId,
    /// The account.
    pub user: UserId,
    /// The account as the log names it.
    pub actor: Actor,
}

/// A part of a file, as it comes.
pub struct Part<S> {
    /// The number of bytes before it.
    pub offset: u64,
    /// How many bytes it has, if that is known.
    pub announced: Option<u64>,
    /// Its bytes.
    pub bytes: S,
}

impl PartialUpload {
    /// Returns from which byte on the client has to send.
    pub fn offset(&self) -> u64 {
        let (size, received) = (self.size.unsigned_abs(), self.received.unsigned_abs());
        if self.outcome.is_some() { size } else { received.min(size.saturating_sub(1)) }
    }
}

/// Begins an upload. What would be refused of the whole file is refused here, as far as it is known.
pub async fn begin(
    app: &App,
    by: &Uploader,
    document: DocumentId,
    asked: NewUpload,
    once: Option<Once>,
) -> Result<PartialUpload> {
    let (file_name, expires_on, notes) = versions::check_early(&asked.file_name, &asked.said)?;
    let Uploader { room, user, .. } = *by;
    rooms::refuse_closed(app, room).await?;
    versions::find_target(app, room, &Target::Document(document)).await?;
    let upload = PartialUpload {
        id: UploadId(app.new_id()),
        room,
        document,
        user,
        file_name,
        size: i64::try_from(asked.size).map_err(|_| Error::internal("a file too large"))?,
        received: 0,
        sha256: asked.sha256,
        expires_on,
        notes,
        kept_until: app.now().after(KEPT),
        outcome: None,
    };
    let (_, waiting) = app.db.read(async move |tx| db::partial_uploads::open_of(tx, user, room).await).await?;
    quota::refuse_upload(app, room, &by.actor, waiting.saturating_add(asked.size)).await?;
    app.files.check_room_for(asked.size).await?;
    let (actor, now) = (by.actor.clone(), app.now());
    let begun = async move |tx: &mut Tx| {
        let PartialUpload { id, document, file_name, size, sha256, expires_on, notes, .. } = &upload;
        let request = (document, file_name, size, sha256, expires_on, notes);
        if let Some(once) = &once
            && let Some(earlier) = once.claim(tx, &actor, &request, id.0, now).await?
        {
            let earlier = db::partial_uploads::find(tx, room, user, UploadId(earlier)).await?;
            return earlier.ok_or_else(|| Once::says_gone(Error::NotFound("upload")));
        }
        if db::partial_uploads::open_of(tx, user, room).await?.0 >= MOST_OPEN {
            return Err(Error::conflict(format!(
                "you have {MOST_OPEN} uploads that are not finished, which is as many as there may be; go on with one of them, or \
                 remove one"
            )));
        }
        db::partial_uploads::insert(tx, &upload).await?;
        Ok(upload)
    };
    app.db.write(begun).await
}

/// Returns an upload. A part of it that is still coming is ended before, so that what is told of it is so.
pub async fn find(app: &App, by: &Uploader, id: UploadId) -> Result<PartialUpload> {
    let hold = app.partials.hold(id.0).await?;
    let upload = read(app, by, id).await?;
    if upload.outcome.is_none() && !hold.has(upload.received.unsigned_abs()).await? {
        return Err(elsewhere());
    }
    Ok(upload)
}

async fn read(app: &App, by: &Uploader, id: UploadId) -> Result<PartialUpload> {
    let Uploader { room, user, .. } = *by;
    let found = app.db.read(async move |tx| db::partial_uploads::find(tx, room, user, id).await).await?;
    found.ok_or(Error::NotFound("upload"))
}

fn elsewhere() -> Error {
    Error::conflict(
        "the bytes of this upload are not on this server: another server of the installation took them, or they are lost; go on \
         there, or begin the upload again",
    )
}

/// Removes an upload with its bytes. The version that it has come to stays.
pub async fn remove(app: &App, by: &Uploader, id: UploadId) -> Result<()> {
    let hold = app.partials.hold(id.0).await?;
    read(app, by, id).await?;
    app.db.write(async move |tx| db::partial_uploads::forget(tx, id).await).await?;
    // If another server has the bytes, it finds them without a row.
    hold.remove().await
}

/// Takes a part of an upload, and adds the version with its last byte. What has come of a part that breaks off stays.
pub async fn receive<S>(app: &App, by: &Uploader, id: UploadId, part: Part<S>) -> Result<PartialUpload>
where
    S: Stream<Item = Result<Bytes>> + Send + 'static,
{
    let (app, by) = (app.clone(), by.clone());
    // In a task of its own: a client that closes the connection cancels the request, and what has come of it must still be
    // noted, and a version be added as a whole.
    let received = tokio::spawn(async move {
        let hold = app.partials.hold(id.0).await?;
        let mut upload = read(&app, &by, id).await?;
        let (size, offset) = (upload.size.unsigned_abs(), upload.offset());
        if part.offset != offset {
            return Err(Error::WrongOffset { offset });
        }
        if part.announced.is_some_and(|announced| announced > size - offset) {
            return Err(too_long(size));
        }
        if upload.outcome.is_some() {
            return Ok(upload);
        }
        // If only the version is missing, the byte that came again is here already.
        if upload.received < upload.size {
            let partial = hold.open(offset).await?.ok_or_else(elsewhere)?;
            take(&app, &hold, (&mut upload, partial), part.bytes).await?;
        }
        if upload.received == upload.size { finish(&app, &by, &hold, upload).await } else { Ok(upload) }
    });
    received.await.map_err(|error| Error::internal(format!("a part of an upload: {error}")))?
}

fn too_long(size: u64) -> Error {
    Error::Http(413, format!("the part goes beyond the {size} bytes that the file was said to have"))
}

/// Adds the bytes of a part to the file, until it ends or has to.
async fn take(
    app: &App,
    hold: &Hold,
    (upload, mut partial): (&mut PartialUpload, Partial),
    bytes: impl Stream<Item = Result<Bytes>>,
) -> Result<()> {
    let mut bytes = std::pin::pin!(bytes);
    // Of a line that broke, bytes may still be on their way through this machine: they need not be sent again.
    let mut let_go = std::pin::pin!(async {
        hold.asked().await;
        tokio::time::sleep(LINGERS).await;
    });
    let mut inspection = (upload.received == 0).then(Inspection::default);
    let ended = loop {
        let next = tokio::select! {
            biased;
            () = &mut let_go => break Err(Error::conflict("another request goes on with this upload")),
            // What has come is noted before the server ends, and the client goes on after its next start.
            () = app.stopping.cancelled() => break Err(Error::Busy),
            next = bytes.next() => next,
        };
        let piece = match next {
            None => break Ok(()),
            Some(Err(error)) => break Err(error),
            Some(Ok(piece)) => piece,
        };
        if partial.size() + piece.len() as u64 > upload.size.unsigned_abs() {
            break Err(too_long(upload.size.unsigned_abs()));
        }
        partial.add(&piece).await?;
        if let Some(begun) = &mut inspection {
            begun.look(&piece);
            if begun.has_head() {
                // Nothing of a file that is refused is noted, so that its client may send another at most.
                versions::check_head(&upload.file_name, begun)?;
                inspection = None;
            }
        }
        if partial.size() - upload.received.unsigned_abs() >= SYNCED_EACH {
            note(app, upload, &mut partial).await?;
        }
    };
    note(app, upload, &mut partial).await?;
    ended
}

/// Waits until the bytes are on disk, and notes in the row that they are.
async fn note(app: &App, upload: &mut PartialUpload, partial: &mut Partial) -> Result<()> {
    let to = i64::try_from(partial.size()).map_err(|_| Error::internal("a file too large"))?;
    let (id, from, kept_until) = (upload.id, upload.received, app.now().after(KEPT));
    if from == to {
        return Ok(());
    }
    partial.sync().await?;
    let advance = async move |tx: &mut Tx| db::partial_uploads::advance(tx, id, (from, to), kept_until).await;
    // Another server has begun it at the same time, or it was removed.
    if !app.db.write(advance).await? {
        return Err(elsewhere());
    }
    (upload.received, upload.kept_until) = (to, kept_until);
    Ok(())
}

/// Has the whole file go the way of any upload, and notes what it came to.
async fn finish(app: &App, by: &Uploader, hold: &Hold, mut upload: PartialUpload) -> Result<PartialUpload> {
    let arrived = arrive(app, by, hold, &upload).await?;
    // However often this is begun, it makes one version.
    let once = Once { key: format!("upload {}", upload.id), target: "the end of an upload in parts".into() };
    let target = Target::Document(upload.document);
    let uploaded = versions::upload(app, &by.actor, upload.room, target, arrived, Some(once)).await?;
    let (id, outcome, kept_until) = (upload.id, (uploaded.version.id, uploaded.is_new), app.now().after(KEPT));
    app.db.write(async move |tx| db::partial_uploads::finish(tx, id, outcome, kept_until).await).await?;
    hold.remove().await?;
    (upload.outcome, upload.kept_until) = (Some(outcome), kept_until);
    Ok(upload)
}

/// Reads the file into the store, as one that comes in one piece is.
async fn arrive(app: &App, by: &Uploader, hold: &Hold, upload: &PartialUpload) -> Result<Arrived> {
    if !hold.has(upload.size.unsigned_abs()).await? {
        return Err(elsewhere());
    }
    let (staged, inspection) = versions::take_in(app, &by.actor, hold.read().await?).await?;
    if upload.sha256.is_some_and(|given| given != *staged.sha256()) {
        return Err(Error::field(
            "sha256",
            format!("is not that of the bytes that came, {}", hex::encode(staged.sha256())),
        ));
    }
    let said = Said { expires_on: upload.expires_on.map(|day| day.to_string()), notes: upload.notes.clone() };
    Ok(Arrived { staged, file_name: upload.file_name.clone(), inspection, said })
}

/// Removes the uploads that are kept no longer, and the files here that no row tells of any more.
pub async fn sweep(app: &App) -> Result<()> {
    let now = app.now();
    app.db.write(async move |tx| db::partial_uploads::drop_old(tx, now).await).await?;
    // The files first: one that is written after this has its row before.
    let ids = app.partials.ids();
    let ids = ids.map_err(|error| Error::internal(format!("the uploads in parts cannot be listed: {error}")))?;
    if ids.is_empty() {
        return Ok(());
    }
    let open = app.db.read(async |tx| db::partial_uploads::unfinished(tx).await).await?;
    for id in ids.into_iter().filter(|id| !open.contains(&UploadId(*id))) {
        app.partials.hold(id).await?.remove().await?;
    }
    Ok(())
}
