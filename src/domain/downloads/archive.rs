//! The archive of a room: its documents in one zip file, with a manifest and their checksums.

use std::fmt::Write as _;

use room::{Document, DocumentState, Log, RoomId, RoomState, VersionState};
use serde::Serialize;
use serde_json::json;

use crate::{
    app::App,
    domain::{
        documents::versions,
        log::{Actor, operation},
        rooms::{self, state::Seen},
    },
    error::{Error, Result},
    files::{Content, Packed},
};

/// How much of the name of a vessel or a file a path in the archive has, in bytes. File systems take 255 bytes between
/// two slashes, and the path adds something to the name.
const LONGEST_NAME: usize = 120;

/// Returns the title and the files of a room's archive, and logs that each of the files was downloaded. The caller
/// sends them after this.
///
/// The archive has all versions of each document if `every_version` is set, otherwise those in force.
pub async fn pack(app: &App, by: &Actor, room: RoomId, every_version: bool) -> Result<(String, Vec<Packed>)> {
    // Find every file before logging: the log must not claim a download that could not be sent.
    let Seen { state, .. } = rooms::state::now(app, room).await?;
    let file_urls = chosen(&state, every_version).into_iter().map(|(_, version)| version.version.file_url.clone());
    let file_urls: Vec<_> = file_urls.collect();
    // It is read again below, and may be large: those who wait for the log need not hold one each.
    drop(state);
    for file_url in file_urls {
        app.files.find(&file_url).await?;
    }
    operation(app, Log::Room(room), by, async move |tx, log| {
        let state = rooms::state::of_log(log)?;
        // Chosen again, since a version may have been added since then: what is logged and what is packed are one list.
        let chosen = chosen(&state, every_version);
        for (document, version) in &chosen {
            let part = Some("archive".to_owned());
            log.append(tx, &versions::downloaded(&document.slot, &version.version, part)).await?;
        }
        Ok((state.room.title.clone(), packed(&state, &chosen)?))
    })
    .await
}

/// Returns the title by which the archive of a room is named, without packing it.
pub async fn title(app: &App, room: RoomId) -> Result<String> {
    Ok(app.db.read(async |tx| rooms::in_use(tx, room).await).await?.title)
}

fn chosen<'a>(state: &'a RoomState, every_version: bool) -> Vec<(&'a DocumentState, &'a VersionState)> {
    // A withdrawn version is evidence, and is packed with every version; it says in the manifest why it counts no more.
    let of = |document: &'a DocumentState| {
        let in_force = document.in_force().map(|state| state.version.id);
        let versions = document.versions.iter();
        versions.filter(move |state| every_version || Some(state.version.id) == in_force).map(move |v| (document, v))
    };
    state.documents.iter().flat_map(of).collect()
}

/// The entry of a file in the manifest.
#[derive(Serialize)]
struct ManifestEntry<'a> {
    path: &'a str,
    document_type: &'a str,
    document: &'a str,
    vessel: Option<&'a str>,
    version: i64,
    status: room::DocumentStatus,
    is_newest: bool,
    file_name: &'a str,
    file_size: i64,
    sha256: String,
    expires_on: Option<room::Day>,
    expiry: room::ExpiryState,
    /// Why it counts no more, if it was withdrawn.
    withdrawn: Option<&'a str>,
    uploaded_by: &'a str,
    uploaded_at: room::Time,
}

fn packed(state: &RoomState, chosen: &[(&DocumentState, &VersionState)]) -> Result<Vec<Packed>> {
    let mut sums = String::new();
    let (mut listed, mut files) = (Vec::new(), Vec::new());
    let paths: Vec<_> = chosen.iter().map(|(document, version)| path(state, &document.slot, version)).collect();
    for ((document, VersionState { version, .. }), path) in chosen.iter().zip(&paths) {
        let sha256 = hex::encode(version.sha256);
        let _ = writeln!(sums, "{sha256}  {path}");
        listed.push(ManifestEntry {
            path,
            document_type: &document.slot.document_type,
            document: &document.slot.name,
            vessel: document.slot.vessel.and_then(|id| state.vessel(id)).map(|vessel| &*vessel.details.name),
            version: version.number,
            status: document.status,
            is_newest: document.in_force().is_some_and(|newest| newest.version.id == version.id),
            file_name: &version.file_name,
            file_size: version.size,
            sha256,
            expires_on: version.expires_on,
            expiry: version.expiry(&document.slot),
            withdrawn: version.withdrawn.as_ref().map(|withdrawn| &*withdrawn.reason),
            uploaded_by: &version.uploaded_by,
            uploaded_at: version.uploaded_at,
        });
        files.push(Packed {
            path: path.clone(),
            modified: version.uploaded_at.into(),
            content: Content::Stored { file_url: version.file_url.clone(), sha256: version.sha256 },
        });
    }
    let manifest = json!({
        "room_id": state.room.id, "title": state.room.title, "packed_at": state.now, "files": listed,
    });
    let manifest =
        serde_json::to_vec_pretty(&manifest).map_err(|error| Error::internal(format!("a manifest: {error}")))?;
    let first = [("manifest.json", manifest), ("SHA256SUMS", sums.into_bytes())];
    let first = first.map(|(path, bytes)| Packed {
        path: path.into(),
        modified: state.now.into(),
        content: Content::Bytes(bytes),
    });
    Ok(first.into_iter().chain(files).collect())
}

/// Returns the path of a version in the archive. It is unique, whatever the uploader called the file.
fn path(state: &RoomState, slot: &Document, VersionState { version, .. }: &VersionState) -> String {
    let vessel = slot.vessel.and_then(|id| state.vessels.iter().position(|vessel| vessel.id == id));
    let folder = vessel.map_or_else(
        || "Operation".to_owned(),
        |at| format!("{}. {} ({})", at + 1, plain(&state.vessels[at].details.name), state.vessels[at].details.role),
    );
    let stem = version.file_name.rsplit_once('.').map_or(&*version.file_name, |(stem, _)| stem);
    format!("{folder}/{} v{} {}.{}", slot.document_type, version.number, plain(stem).trim(), version.kind)
}

/// Returns a name without the characters that some file system does not take.
fn plain(name: &str) -> String {
    let allowed = |c: char| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c };
    // No `..` and no hidden file, and no separator either: an archive must not be able to write outside its folder.
    // Windows takes no dot or space at the end.
    let name = name.trim_start_matches('.');
    let plain: String = name[..name.floor_char_boundary(LONGEST_NAME)].chars().map(allowed).collect();
    plain.trim_end_matches([' ', '.']).to_owned()
}
