//! Which document each of many files is for, before any of them is sent.

use std::collections::HashMap;

use room::{
    Day, DocumentId, FileKind, FileQuestion, Hash, Log, RoomId, RoomState,
    bounds::LONGEST_DESCRIPTION,
    fold::PlatformState,
    matching::{Matcher, Paper, expiry_in},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::versions::{MOST_SAME, SameFile};
use crate::{
    app::App,
    domain::{
        input::{Fields, objects},
        log,
        rooms::{self, state::Seen},
    },
    error::Result,
};

/// The most files that are asked about at once.
const MOST_FILES: usize = 100;
/// The longest name of a file, with its folders, in characters.
const LONGEST_NAME: usize = 1_000;
/// The largest size that every reader of JSON takes exactly (RFC 8259 §6), in bytes.
const LARGEST_SIZE: u64 = 9_007_199_254_740_991;

/// Files that somebody means to upload.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FilesToMatch {
    /// The files, 100 at most.
    #[serde(deserialize_with = "objects")]
    #[schema(max_items = 100)]
    files: Vec<FileToMatch>,
}

/// A file that somebody means to upload.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FileToMatch {
    /// Its name, with the folders before it if they are known.
    #[schema(max_length = 1000)]
    name: String,
    /// Its size in bytes.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    size: Option<u64>,
    /// Its SHA-256, by which the documents are found that have the file already.
    #[serde(default)]
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: Option<String>,
    /// The words of its first page, as far as the client can read them.
    #[serde(default)]
    #[schema(max_length = 8000)]
    text: Option<String>,
}

/// What a file was matched with.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatchedFile {
    /// Its name, as it was given.
    name: String,
    /// The document that it is for, if that is clear.
    #[schema(value_type = Option<String>, format = "uuid")]
    document_id: Option<DocumentId>,
    /// The documents that fit equally, if there are several: twenty at most.
    #[schema(value_type = Vec<String>, max_items = 20)]
    candidates: Vec<DocumentId>,
    /// The last day on which it is valid, if its text or its name says so in a clear form.
    #[schema(value_type = Option<String>, format = "date")]
    expires_on: Option<Day>,
    /// What is still to be asked before it is sent.
    #[schema(max_items = 3)]
    ask: Vec<FileQuestion>,
    /// Where the same file counts in the room already.
    #[schema(max_items = 20)]
    same_file_in: Vec<SameFile>,
    /// Why it would be refused, in a sentence.
    problem: Option<String>,
}

/// The sheet of files with their documents.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatchingSheet {
    /// The files in the order in which they were given.
    #[schema(max_items = 100)]
    files: Vec<MatchedFile>,
}

/// Finds for each file the document that it is for. Nothing is stored or logged.
pub async fn sheet(app: &App, room: RoomId, request: FilesToMatch) -> Result<MatchingSheet> {
    let hashes = checked(&request)?;
    let Seen { state, .. } = rooms::state::now(app, room).await?;
    log::bring_up(app, Log::Platform).await?;
    let in_tx = app.clone();
    let read = async move |tx: &mut _| log::of_platform(tx, &in_tx, PlatformState::catalogue).await;
    let catalogue = app.db.read_at_length(read).await?;
    let (limit, matcher) = (app.config.upload_limit(), Matcher::of(&state, &catalogue));
    let files = request.files.into_iter().zip(hashes).map(|(file, sha256)| MatchedFile {
        problem: problem(&file, limit),
        same_file_in: sha256.map(|sha256| same_file_in(&state, &sha256)).unwrap_or_default(),
        ..matched(&state, &matcher, file)
    });
    let mut files: Vec<_> = files.collect();
    ask_about_versions(&mut files);
    Ok(MatchingSheet { files })
}

/// Checks the limits of a request. Returns the hash of each file, as far as it is given.
fn checked(request: &FilesToMatch) -> Result<Vec<Option<Hash>>> {
    let mut fields = Fields::default();
    if request.files.len() > MOST_FILES {
        fields.fault("files", format!("must be at most {MOST_FILES}; ask about the others afterwards"));
    }
    let mut hashes = Vec::new();
    for (at, file) in request.files.iter().take(MOST_FILES).enumerate() {
        if file.name.chars().count() > LONGEST_NAME {
            fields.fault(&format!("files[{at}].name"), format!("must be at most {LONGEST_NAME} characters long"));
        }
        if file.text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
            fields
                .fault(&format!("files[{at}].text"), format!("must be at most {LONGEST_DESCRIPTION} characters long"));
        }
        if file.size.is_some_and(|size| size > LARGEST_SIZE) {
            fields.fault(&format!("files[{at}].size"), format!("must be at most {LARGEST_SIZE} bytes"));
        }
        let hash = file.sha256.as_ref().map(<Hash as hex::FromHex>::from_hex);
        if let Some(Err(_)) = hash {
            fields.fault(&format!("files[{at}].sha256"), "must be 64 hexadecimal digits");
        }
        hashes.push(hash.and_then(std::result::Result::ok));
    }
    fields.done()?;
    Ok(hashes)
}

fn matched(state: &RoomState, matcher: &Matcher, file: FileToMatch) -> MatchedFile {
    let text = file.text.as_deref().unwrap_or_default();
    let found = matcher.find(Paper { name: &file.name, text });
    let document_id = if let [one] = found[..] { Some(one) } else { None };
    let document = state.documents.iter().find(|document| Some(document.slot.id) == document_id);
    let expires = document.is_some_and(|document| document.slot.validity_days.is_some());
    let expires_on = expiry_in(text).or_else(|| expiry_in(&file.name));
    let mut ask = Vec::new();
    if document_id.is_none() {
        ask.push(FileQuestion::Document);
    }
    if expires && expires_on.is_none() {
        ask.push(FileQuestion::ExpiresOn);
    }
    let candidates = if document_id.is_some() { Vec::new() } else { found.into_iter().take(MOST_SAME).collect() };
    MatchedFile { name: file.name, document_id, candidates, expires_on, ask, same_file_in: Vec::new(), problem: None }
}

/// Has each file asked about whose document another one is for, too.
fn ask_about_versions(files: &mut [MatchedFile]) {
    let mut counts: HashMap<DocumentId, usize> = HashMap::new();
    for id in files.iter().filter_map(|file| file.document_id) {
        *counts.entry(id).or_default() += 1;
    }
    let is_shared = |file: &&mut MatchedFile| file.document_id.is_some_and(|id| counts[&id] > 1);
    for file in files.iter_mut().filter(is_shared) {
        file.ask.push(FileQuestion::Versions);
    }
}

fn same_file_in(state: &RoomState, sha256: &Hash) -> Vec<SameFile> {
    let same = state.documents.iter().filter_map(|document| {
        let mut newest_first = document.versions.iter().rev().map(|state| &state.version);
        let version = newest_first.find(|version| version.counts() && version.sha256 == *sha256)?;
        Some(SameFile { document_id: document.slot.id, name: state.title_of(&document.slot), version: version.number })
    });
    same.take(MOST_SAME).collect()
}

/// Returns why an upload of this file would be refused, as far as its name and size tell.
fn problem(file: &FileToMatch, limit: u64) -> Option<String> {
    if file.size == Some(0) {
        return Some("The file is empty.".into());
    }
    if file.size.is_some_and(|size| size > limit) {
        return Some(format!("The file is larger than the {} MiB that it may have.", limit / 1024 / 1024));
    }
    let is_taken = FileKind::of_name(&file.name).is_some();
    (!is_taken).then(|| "Its name must end in .pdf, .jpg, .png, .tiff, .heic, .docx or .xlsx.".into())
}
