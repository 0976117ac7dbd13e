//! Vessels, documents and files in a line.

use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{Request, TestApp, until};

/// IMO numbers whose last digit is right.
pub(crate) const IMO: [&str; 3] = ["9074729", "9319466", "9417177"];

/// A file that is a PDF as far as its beginning tells.
pub(crate) fn pdf(words: &str) -> Vec<u8> {
    format!("%PDF-1.7\n% {words}\n%%EOF\n").into_bytes()
}

/// A small file of each kind, by its extension.
pub(crate) fn files() -> [(&'static str, Vec<u8>); 6] {
    [
        ("pdf", pdf("a report")),
        ("jpg", b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xFF\xD9".to_vec()),
        ("png", b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3A\x7E\x9B\x55".to_vec()),
        ("tiff", b"II*\0\x08\0\0\0\0\0\0\0\0\0".to_vec()),
        ("docx", zip(&["[Content_Types].xml", "_rels/.rels", "word/document.xml"])),
        ("xlsx", zip(&["[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"])),
    ]
}

/// A zip of files of these names.
pub(crate) fn zip(names: &[&str]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for name in names {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(b"<xml/>").unwrap();
    }
    zip.finish().unwrap().into_inner()
}

impl Request<'_> {
    /// Sends a form with a file of this name, and with these fields after it.
    pub(crate) fn upload(self, file_name: &str, bytes: &[u8], fields: &[(&str, &str)]) -> Self {
        let mut form = Form::new();
        form.file("file", file_name, bytes);
        for (name, value) in fields {
            form.text(name, value);
        }
        self.form(form)
    }

    pub(crate) fn form(self, form: Form) -> Self {
        self.header("content-type", Form::MEDIA_TYPE).body(form.finish())
    }
}

/// A form on its way, as a browser writes it.
pub(crate) struct Form {
    body: Vec<u8>,
}

impl Form {
    pub(crate) const MEDIA_TYPE: &str = "multipart/form-data; boundary=x-test-boundary";

    pub(crate) fn new() -> Self {
        Self { body: Vec::new() }
    }

    pub(crate) fn file(&mut self, name: &str, file_name: &str, bytes: &[u8]) {
        let head = format!("name=\"{name}\"; filename=\"{file_name}\"\r\nContent-Type: application/octet-stream");
        self.part(&head, bytes);
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.part(&format!("name=\"{name}\""), value.as_bytes());
    }

    /// A part with this after `form-data; ` in its head.
    pub(crate) fn part(&mut self, disposition: &str, bytes: &[u8]) {
        let head = format!("--x-test-boundary\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(bytes);
        self.body.extend_from_slice(b"\r\n");
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.body.extend_from_slice(b"--x-test-boundary--\r\n");
        self.body
    }
}

impl TestApp {
    /// Names a vessel in the room; its id.
    pub(crate) async fn vessel(&self, room: &str, token: &str, name: &str, role: &str, imo: &str) -> String {
        let asked = json!({ "name": name, "role": role, "imo_number": imo });
        let vessel = self.post(&format!("/rooms/{room}/vessels"), token).json(asked).send().await.expect(201);
        vessel["id"].as_str().unwrap().to_owned()
    }

    /// Every document of the room.
    pub(crate) async fn documents(&self, room: &str, token: &str) -> Vec<Value> {
        let documents = self.get(&format!("/rooms/{room}/documents?limit=100"), token).send().await.expect(200);
        documents.as_array().unwrap().clone()
    }

    /// The path of a document of the room: of this vessel, or of the operation.
    pub(crate) async fn document(&self, room: &str, token: &str, kind: &str, vessel: Option<&str>) -> String {
        let documents = self.documents(room, token).await;
        let found = documents
            .iter()
            .find(|document| document["document_type"] == kind && document["vessel_id"].as_str() == vessel);
        let id = found.unwrap_or_else(|| panic!("the room has no document {kind}"))["id"].as_str().unwrap();
        format!("/rooms/{room}/documents/{id}")
    }

    /// Uploads a version of a document; what the server says of it.
    pub(crate) async fn version(&self, document: &str, token: &str, words: &str, fields: &[(&str, &str)]) -> Value {
        let upload = self.post(&format!("{document}/versions"), token).upload("paper.pdf", &pdf(words), fields);
        upload.send().await.expect(201)
    }

    /// The path of a document of a new room, that of the room, and its broker: nothing has been uploaded.
    pub(crate) async fn empty_document(&self, kind: &str) -> (String, String, String) {
        let (room, broker) = self.room().await;
        let document = self.document(&room, &broker, kind, None).await;
        (document, format!("/rooms/{room}"), broker)
    }

    /// Waits until the store holds a file for each version of this document, and nothing else.
    pub(crate) async fn only_versions_are_stored(&self, document: &str, token: &str) {
        until("nothing but versions is stored", async || {
            let versions = self.get(document, token).send().await.expect(200)["version_count"].as_u64().unwrap();
            let stored = self.stored();
            (stored.len() as u64 == versions && stored.iter().all(|path| path.starts_with("rooms"))).then_some(())
        })
        .await;
    }

    /// Every file in the store, those under way too: paths within it, in order.
    pub(crate) fn stored(&self) -> Vec<PathBuf> {
        let store = self.dir.path().join("data/files");
        let mut found = Vec::new();
        walk(&store, &mut found);
        found.sort();
        found.iter().map(|path| path.strip_prefix(&store).unwrap().to_owned()).collect()
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    // What is gone by the time it is looked at is gone.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => walk(&path, found),
            path => found.push(path),
        }
    }
}
