//! The versions of a document, which are its uploaded files. A version is never changed: a later one follows it, or it is
//! withdrawn.

use std::{fmt::Write as _, pin::pin};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use room::{
    Day, Document, DocumentId, DocumentState, DocumentStatus, Event, FileKind, FileNotice, Log, RoomId, RoomState,
    Version, VersionId, VesselId,
    clocks::NOTICE_DOCUMENT,
    fold::{self, PlatformState, State},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::file_kinds::{self, Inspection};
use crate::{
    app::App,
    db::{self, Tx, files::StoredFile},
    domain::{
        documents,
        input::Fields,
        log::{self, Actor, Once, OpenLog, operation},
        rooms::{self, catalogue},
    },
    error::{Error, Result},
    evidence::Hash,
    files::Staged,
};

/// The document that a file is uploaded to.
#[derive(Debug, Clone)]
pub enum Target {
    /// The document with this id.
    Document(DocumentId),
    /// The document with this id, as long as this version of it is in force.
    InForce(DocumentId, VersionId),
    /// The document of this type, of this vessel or of the room.
    Slot {
        /// Code of the type, or one of its aliases.
        document_type: String,
        /// The vessel, or `None` for the room's own document.
        vessel: Option<VesselId>,
    },
}

/// What an uploader says of a file.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// The last day on which the file is valid, as it was typed.
    pub expires_on: Option<String>,
    /// Notes for those who decide on it.
    pub notes: Option<String>,
}

/// A file that has arrived in full, with what its uploader said of it.
#[derive(Debug)]
pub struct Arrived {
    /// The file, waiting in the store under a temporary name.
    pub staged: Staged,
    /// The name that the uploader gave it.
    pub file_name: String,
    /// What was found of its content while it arrived.
    pub inspection: Inspection,
    /// What its uploader said of it.
    pub said: Said,
}

/// The result of an upload.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// The new version, or the one in force with the same bytes.
    pub version: Version,
    /// Whether the version is new.
    pub is_new: bool,
}

/// A version of another document of the room that has the same bytes as an uploaded file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SameFile {
    /// The id of that document.
    #[schema(value_type = String, format = "uuid")]
    pub document_id: DocumentId,
    /// Its name, with its vessel's before it.
    pub name: String,
    /// The number of the version that has the bytes.
    pub version: i64,
}

/// How many documents with the same file are named at most.
pub(super) const MOST_SAME: usize = 20;

/// Returns where else in the room a file counts: the newest version of each other document that has its bytes.
pub fn same_file_in(state: &RoomState, version: &Version) -> Vec<SameFile> {
    let others = state.documents.iter().filter(|document| document.slot.id != version.document);
    let same = others.filter_map(|document| {
        let mut newest_first = document.versions.iter().rev().map(|state| &state.version);
        let same = newest_first.find(|other| other.counts() && other.sha256 == version.sha256)?;
        Some(SameFile { document_id: document.slot.id, name: state.title_of(&document.slot), version: same.number })
    });
    same.take(MOST_SAME).collect()
}

impl Uploaded {
    /// Returns what the upload came to, in sentences. `document` is the one that the file was uploaded to, as it stands
    /// afterwards, and `same` are the others that have the file.
    pub fn message(&self, document: &DocumentState, same: &[SameFile]) -> String {
        let Version { number, expires_on, .. } = self.version;
        if !self.is_new {
            return format!("These bytes are version {number} already; nothing was added.");
        }
        let mut message = format!("Uploaded as version {number}.");
        if let Some(day) = expires_on.filter(|_| document.status == DocumentStatus::Expired) {
            let _ = write!(message, " It is valid until {day}, before the operation ends, and counts as expired.");
        }
        if document.is_undated() {
            message += " No date was given until which it is valid: its gate needs the date, or a waiver of it.";
        }
        if let Some(first) = same.first() {
            let more = if same.len() > 1 { " and others" } else { "" };
            let _ = write!(message, " The same file is version {} of {}{more}.", first.version, first.name);
        }
        message
    }
}

/// An upload that was checked, before anything is stored under a final name.
#[derive(Debug, Clone)]
struct Checked {
    id: VersionId,
    file_name: String,
    kind: FileKind,
    size: i64,
    sha256: Hash,
    expires_on: Option<Day>,
    notes: Option<String>,
    notice: Option<FileNotice>,
}

/// Finds the document that a file is uploaded to, as the logs of the room and of the platform tell it.
pub async fn find_target(app: &App, room: RoomId, target: &Target) -> Result<Document> {
    log::bring_up(app, Log::Room(room)).await?;
    let in_tx = app.clone();
    let (document_type, vessel) = match target.clone() {
        Target::Document(id) | Target::InForce(id, _) => {
            let find = move |state: &State| state.documents.get(&id).map(|slot| slot.document.clone());
            let found = app.db.read_at_length(async move |tx| log::of_room(tx, &in_tx, room, find).await).await?;
            return found.ok_or(Error::NotFound("document"));
        }
        Target::Slot { document_type, vessel } => (document_type, vessel),
    };
    log::bring_up(app, Log::Platform).await?;
    let read = async move |tx: &mut Tx| {
        let types = log::of_platform(tx, &in_tx, PlatformState::catalogue).await?;
        let slots = |state: &State| state.documents.values().map(|slot| slot.document.clone()).collect::<Vec<_>>();
        Ok((types, log::of_room(tx, &in_tx, room, slots).await?))
    };
    let (types, slots) = app.db.read_at_length(read).await?;
    let code = catalogue::code_of(&types, &document_type);
    let of_type: Vec<_> = slots.into_iter().filter(|slot| Some(&slot.document_type) == code.as_ref()).collect();
    if of_type.is_empty() {
        return Err(Error::field("document_type", "is none that this room has a document for"));
    }
    let asks_for_vessel = of_type.iter().any(|slot| slot.vessel.is_some());
    let found = of_type.into_iter().find(|slot| slot.vessel == vessel);
    found.ok_or_else(|| {
        Error::field(
            "vessel_id",
            match (asks_for_vessel, vessel) {
                (true, None) => "must be given: each vessel has a document of this type",
                (true, Some(_)) => "is no vessel of this room that has a document of this type",
                (false, _) => "must be left out: this document is the room's own",
            },
        )
    })
}

/// Returns whether the log of the room tells of this version of a document.
pub async fn is_told(app: &App, room: RoomId, (document, version): (DocumentId, VersionId)) -> Result<bool> {
    log::bring_up(app, Log::Room(room)).await?;
    let in_tx = app.clone();
    let find = move |state: &State| state.upload(document, version).is_some();
    app.db.read_at_length(async move |tx| log::of_room(tx, &in_tx, room, find).await).await
}

/// Adds a version with this file. The bytes of the version in force add none, unless another expiry is given with them.
pub async fn upload(
    app: &App,
    by: &Actor,
    room: RoomId,
    target: Target,
    arrived: Arrived,
    once: Option<Once>,
) -> Result<Uploaded> {
    let (app, by) = (app.clone(), by.clone());
    // In a task of its own: a client that closes the connection cancels the request, which must not stop between the
    // file's final name and the row, or between the commit and the removal of what is not needed.
    let finished = tokio::spawn(async move { finish(&app, &by, room, (target, arrived), once).await });
    finished.await.map_err(|error| Error::internal(format!("an upload: {error}")))?
}

async fn finish(
    app: &App,
    by: &Actor,
    room: RoomId,
    (target, arrived): (Target, Arrived),
    once: Option<Once>,
) -> Result<Uploaded> {
    let (checked, staged) = check(app, arrived)?;
    let slot = find_target(app, room, &target).await?;
    let file_url = Version::file_key(room, slot.id, checked.id, checked.kind);
    // The file gets its name before the transaction: a row must never name a file that is not there, and nothing but
    // the database is awaited while the log is locked.
    let kept = staged.keep_as(&file_url).await?;
    let outcome = operation(app, Log::Room(room), by, async move |tx, log| {
        let state = rooms::at_work_by(log)?;
        // Again, under the lock: the slot may have been closed while the file was stored.
        let fold::Slot { document: slot, uploads } =
            state.documents.get(&slot.id).ok_or(Error::NotFound("document"))?;
        let (sts_eta, slot) = (state.room.sts_eta, slot.clone());
        let versions: Vec<_> = uploads.iter().map(|upload| upload.version.clone()).collect();
        // The file by its hash, as the rest of what was sent.
        let Checked { file_name, sha256, expires_on, notes, .. } = &checked;
        let request = (slot.id, hex::encode(sha256), file_name, expires_on, notes);
        if let Some(made) = Once::repeats(once.as_ref(), tx, log, &request, checked.id.0).await?
            && let Some(version) = versions.iter().find(|version| version.id.0 == made)
        {
            return Ok((Uploaded { version: version.clone(), is_new: true }, Kept::ByEarlier));
        }
        // Only with the version in force: bytes of an earlier one are the way back to it.
        let in_force = versions.iter().rfind(|version| version.counts());
        refuse_overtaken(&target, in_force)?;
        let same = in_force.filter(|version| version.sha256 == checked.sha256);
        if let Some(same) = same.filter(|version| !corrects(&checked, version)) {
            return Ok((Uploaded { version: same.clone(), is_new: false }, Kept::ByEarlier));
        }
        let mut version = version(log, &slot, &checked, versions.len(), file_url)?;
        if slot.document_type == NOTICE_DOCUMENT {
            // The same bytes with a corrected expiry are the same notice, and give the ETA that they gave before.
            let same = versions.iter().find(|earlier| earlier.sha256 == version.sha256);
            version.told_eta = Some(same.and_then(|same| same.told_eta).unwrap_or(sts_eta));
        }
        add(tx, log, &slot, &version).await?;
        Ok((Uploaded { version, is_new: true }, Kept::ByThis))
    })
    .await;
    match &outcome {
        Ok((_, Kept::ByThis)) => {}
        // After such an error it may not be known whether the transaction was committed. The file stays: `fsck` finds
        // one without a row, a row without its file is a loss.
        Err(error) if error.status().0 >= 500 && !is_before_any_change(error) => {}
        _ => kept.discard().await,
    }
    outcome.map(|(uploaded, _)| uploaded)
}

/// Refuses what is meant for a version in force that is so no longer.
fn refuse_overtaken(target: &Target, in_force: Option<&Version>) -> Result<()> {
    match (target, in_force) {
        (Target::InForce(_, meant), Some(version)) if version.id != *meant => {
            Err(Error::conflict(format!("version {} is in force by now; look at it first", version.number)))
        }
        (Target::InForce(..), None) => Err(Error::conflict("the version was withdrawn, and needs no date any more")),
        _ => Ok(()),
    }
}

/// Reads a file into the store, as one that comes in one piece is, and finds out what it is.
pub(super) async fn take_in<E: Into<Error>>(
    app: &App,
    by: &Actor,
    pieces: impl Stream<Item = Result<Bytes, E>>,
) -> Result<(Staged, Inspection)> {
    let mut staging = app.files.stage(&app.new_id().to_string()).await?;
    let mut inspection = Inspection::default();
    let mut pieces = pin!(pieces);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(Into::into)?;
        inspection.look(&piece);
        staging.add(&piece).await?;
    }
    let staged = staging.finish().await?;
    let inspection = file_kinds::examine(app, by, &staged, inspection).await?;
    Ok((staged, inspection))
}

/// Which request has added the version that an upload comes to.
enum Kept {
    ByThis,
    ByEarlier,
}

/// Returns whether an error says that nothing was committed.
fn is_before_any_change(error: &Error) -> bool {
    matches!(
        error,
        Error::Busy
            | Error::Pool(_)
            | Error::LogNotSound(_)
            | Error::ClockOff { .. }
            | Error::WriteFailed
            | Error::DatabaseFull
    )
}

fn check(app: &App, arrived: Arrived) -> Result<(Checked, Staged)> {
    let Arrived { staged, file_name, inspection, said } = arrived;
    let mut fields = Fields::default();
    let file_name = checked_name(&mut fields, &file_name);
    let kind = kind(&mut fields, &file_name, &inspection, staged.size());
    let (expires_on, notes) = checked_said(&mut fields, &said);
    fields.done()?;
    let checked = Checked {
        id: VersionId(app.new_id()),
        file_name,
        kind: kind.ok_or_else(|| Error::internal("a checked file is of no kind"))?,
        size: i64::try_from(staged.size()).map_err(|_| Error::internal("a file too large"))?,
        sha256: *staged.sha256(),
        expires_on,
        notes,
        notice: inspection.notice(),
    };
    Ok((checked, staged))
}

/// The fault of a file whose name tells no kind.
const NO_ENDING: &str = "must have a name that ends in .pdf, .jpg, .png, .tiff, .heic, .docx or .xlsx";

/// Returns the kind of a file by its content. Notes a fault if its name claims another.
fn kind(fields: &mut Fields, file_name: &str, inspection: &Inspection, size: u64) -> Option<FileKind> {
    let (is, claims) = (inspection.kind(), FileKind::of_name(file_name));
    match (is, claims) {
        _ if size == 0 => fields.fault("file", "must not be empty"),
        (None, _) => {
            fields
                .fault("file", "must be a PDF, JPEG, PNG, TIFF, HEIC, DOCX or XLSX file; its content is none of these");
        }
        (_, None) => {
            fields.fault("file", NO_ENDING);
        }
        (Some(is), Some(claims)) if is != claims => {
            fields.fault("file", format!("is named as a {claims} file, but its content is that of a {is} file"));
        }
        _ => {}
    }
    is
}

/// Refuses what can be refused of a file before its first byte has come, or returns its name and its day as they are kept.
pub(super) fn check_early(file_name: &str, said: &Said) -> Result<(String, Option<Day>, Option<String>)> {
    let mut fields = Fields::default();
    let file_name = checked_name(&mut fields, file_name);
    if fields.faults().is_empty() && FileKind::of_name(&file_name).is_none() {
        fields.fault("file", NO_ENDING);
    }
    let (expires_on, notes) = checked_said(&mut fields, said);
    fields.done()?;
    Ok((file_name, expires_on, notes))
}

/// Refuses a file by its first bytes, if they show already that it is none that is accepted, or not what its name says.
pub(super) fn check_head(file_name: &str, inspection: &Inspection) -> Result<()> {
    let mut fields = Fields::default();
    if !inspection.may_be_office() || !matches!(FileKind::of_name(file_name), Some(FileKind::Docx | FileKind::Xlsx)) {
        kind(&mut fields, file_name, inspection, 1);
    }
    fields.done()
}

fn checked_said(fields: &mut Fields, Said { expires_on, notes }: &Said) -> (Option<Day>, Option<String>) {
    let expires_on = expires_on.as_deref().filter(|given| !given.trim().is_empty());
    (expires_on.and_then(|day| fields.day("expires_on", day)), fields.optional_text("notes", notes.as_deref()))
}

/// Checks a file's name. Its faults are noted under `file`, in words that say that they are about the name.
fn checked_name(fields: &mut Fields, given: &str) -> String {
    let mut name_fields = Fields::default();
    let name = name_fields.line("file", last_component(given));
    for fault in name_fields.faults() {
        fields.fault("file", format!("has a name that {}", fault.message));
    }
    name
}

/// Returns a file's name without the folders that some clients put before it (RFC 7578 §4.2).
fn last_component(file_name: &str) -> &str {
    file_name.rsplit(['/', '\\']).next().unwrap_or_default()
}

/// Returns whether an upload of the same bytes gives another expiry.
fn corrects(uploaded: &Checked, version: &Version) -> bool {
    uploaded.expires_on.is_some() && uploaded.expires_on != version.expires_on
}

fn version(log: &OpenLog, slot: &Document, checked: &Checked, before: usize, file_url: String) -> Result<Version> {
    let Actor::User { email, role, .. } = log.by() else {
        return Err(Error::internal("a document is uploaded by a user"));
    };
    Ok(Version {
        id: checked.id,
        document: slot.id,
        number: i64::try_from(before + 1).map_err(|_| Error::internal("too many versions"))?,
        file_url,
        file_name: checked.file_name.clone(),
        kind: checked.kind,
        size: checked.size,
        sha256: checked.sha256,
        expires_on: checked.expires_on,
        expiry_assumed: false,
        notes: checked.notes.clone(),
        told_eta: None,
        uploaded_by: email.clone(),
        uploader_role: *role,
        uploaded_at: log.now,
        withdrawn: None,
        date_waived: None,
        notice: checked.notice,
    })
}

async fn add(tx: &mut Tx, log: &mut OpenLog, slot: &Document, version: &Version) -> Result<()> {
    let uploaded = Event::DocumentUploaded {
        document_id: slot.id,
        document_type: slot.document_type.clone(),
        vessel: log.room()?.vessel_name(slot.vessel).map(str::to_owned),
        version_id: version.id,
        version: version.number,
        file_name: version.file_name.clone(),
        file_size: version.size,
        file_kind: version.kind,
        file_sha256: hex::encode(version.sha256),
        expires_on: version.expires_on,
        expiry_assumed: version.expiry_assumed,
        notes: version.notes.clone(),
        told_eta: version.told_eta,
        uploader_role: version.uploader_role,
        notice: version.notice,
    };
    log.append(tx, &uploaded).await
}

/// Returns a document of this room and its version with this id.
pub async fn find(tx: &mut Tx, room: RoomId, document: DocumentId, version: VersionId) -> Result<(Document, Version)> {
    let slot = documents::find(tx, room, document).await?;
    let version = db::document_versions::find(tx, room, document, version).await?.ok_or(Error::NotFound("version"))?;
    Ok((slot, version))
}

/// Logs the download of a version. The caller sends the file only after this has been committed: what leaves the server
/// has an entry.
pub async fn log_download(app: &App, by: &Actor, room: RoomId, sent: &Version, part: Option<String>) -> Result<()> {
    let sent = sent.clone();
    operation(app, Log::Room(room), by, async move |tx, log| {
        let (slot, version) = told(log, &sent)?;
        log.append(tx, &downloaded(&slot, &version, part)).await
    })
    .await
}

/// Returns the version as the log tells it, with its slot. Refused if another file is about to be sent in its name.
pub fn told(log: &OpenLog, sent: &Version) -> Result<(Document, Version)> {
    let state = log.room()?;
    let slot = state.documents.get(&sent.document).ok_or(Error::NotFound("document"))?;
    let version = &state.upload(sent.document, sent.id).ok_or(Error::NotFound("version"))?.version;
    refuse_other_file(&sent.into(), &version.into())?;
    Ok((slot.document.clone(), version.clone()))
}

/// Refuses to send a file that a row names if it is not the one that the log tells of.
pub fn refuse_other_file(sent: &StoredFile, told: &StoredFile) -> Result<()> {
    if (&sent.file_url, sent.sha256) == (&told.file_url, told.sha256) {
        return Ok(());
    }
    Err(Error::conflict("the file is stored as another one than the log tells of; `sts-clearance fsck` tells more"))
}

/// Returns the event for a download.
pub fn downloaded(slot: &Document, version: &Version, part: Option<String>) -> Event {
    Event::DocumentDownloaded {
        document_id: slot.id,
        document_type: slot.document_type.clone(),
        version_id: version.id,
        version: version.number,
        file_sha256: hex::encode(version.sha256),
        part,
    }
}
