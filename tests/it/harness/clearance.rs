//! Vessels, documents, forms and files for tests, each made with one call.

use std::{
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{Request, TestApp, until};

/// Valid IMO numbers: the last digit of each is the check digit.
pub(crate) const IMO: [&str; 3] = ["9074729", "9319466", "9417177"];

/// The smallest file that is recognized as a PDF, with these words in it.
pub(crate) fn pdf(words: &str) -> Vec<u8> {
    format!("%PDF-1.7\n% {words}\n%%EOF\n").into_bytes()
}

/// The content type of the main part of a DOCX file.
pub(crate) const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
/// The content type of the main part of an XLSX file.
pub(crate) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";

/// A small file of each kind that is known by its first bytes or its main part, with its extension.
pub(crate) fn files() -> [(&'static str, Vec<u8>); 6] {
    [
        ("pdf", pdf("a report")),
        ("jpg", b"\xFF\xD8\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xFF\xD9".to_vec()),
        ("png", b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3A\x7E\x9B\x55".to_vec()),
        ("tiff", b"II*\0\x08\0\0\0\0\0\0\0\0\0".to_vec()),
        ("docx", office("word/document.xml", DOCX)),
        ("xlsx", office("xl/workbook.xml", XLSX)),
    ]
}

/// An Office file whose main part has this name and this content type.
pub(crate) fn office(main: &str, content_type: &str) -> Vec<u8> {
    let types = format!(
        "<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
         <Override PartName=\"/{main}\" ContentType=\"{content_type}\"/></Types>"
    );
    packed(&[("[Content_Types].xml", types.as_bytes()), ("_rels/.rels", leads_to(main).as_bytes()), (main, b"<xml/>")])
}

/// The relationships of an Office file with this main part.
pub(crate) fn leads_to(main: &str) -> String {
    let schemas = "http://schemas.openxmlformats.org";
    format!(
        "<Relationships xmlns=\"{schemas}/package/2006/relationships\"><Relationship Id=\"rId1\" \
         Type=\"{schemas}/officeDocument/2006/relationships/officeDocument\" Target=\"{main}\"/></Relationships>"
    )
}

/// A zip archive with these files.
pub(crate) fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A zip archive with a small file under each of these names.
pub(crate) fn zip(names: &[&str]) -> Vec<u8> {
    packed(&names.iter().map(|name| (*name, &b"<xml/>"[..])).collect::<Vec<_>>())
}

impl Request<'_> {
    /// Sets a multipart form as the body: a file with this name, followed by these fields.
    pub(crate) fn upload(self, file_name: &str, bytes: &[u8], fields: &[(&str, &str)]) -> Self {
        let mut form = Form::new();
        form.file("file", file_name, bytes);
        for (name, value) in fields {
            form.text(name, value);
        }
        self.form(form)
    }

    /// Sets the headers that begin an upload of this file in parts, and the file as its only part: a request uses the one or
    /// the other.
    pub(crate) fn in_parts(self, file_name: &str, bytes: &[u8]) -> Self {
        let said = format!("filename {}", BASE64_STANDARD.encode(file_name));
        let begins = self.header("upload-length", &bytes.len().to_string()).header("upload-metadata", &said);
        let part = begins.header("upload-offset", "0").header("content-type", "application/offset+octet-stream");
        part.body(bytes.to_vec())
    }

    pub(crate) fn form(self, form: Form) -> Self {
        self.header("content-type", Form::MEDIA_TYPE).body(form.finish())
    }
}

/// A multipart form, encoded as a browser does.
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

    /// Adds a part; `disposition` follows `form-data; ` in its header.
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
    /// Adds a vessel to the room and returns its id.
    pub(crate) async fn vessel(&self, room: &str, token: &str, name: &str, role: &str, imo: &str) -> String {
        let asked = json!({ "name": name, "role": role, "imo_number": imo });
        let vessel = self.post(&format!("/rooms/{room}/vessels"), token).json(asked).send().await.expect(201);
        vessel["id"].as_str().unwrap().to_owned()
    }

    /// Returns up to 100 documents of the room, as the API lists them.
    pub(crate) async fn documents(&self, room: &str, token: &str) -> Vec<Value> {
        let documents = self.get(&format!("/rooms/{room}/documents?limit=100"), token).send().await.expect(200);
        documents.as_array().unwrap().clone()
    }

    /// Returns the path of the document of this type: the vessel's, or the room's own if there is no vessel.
    pub(crate) async fn document(&self, room: &str, token: &str, kind: &str, vessel: Option<&str>) -> String {
        let documents = self.documents(room, token).await;
        let found = documents
            .iter()
            .find(|document| document["document_type"] == kind && document["vessel_id"].as_str() == vessel);
        let id = found.unwrap_or_else(|| panic!("the room has no document {kind}"))["id"].as_str().unwrap();
        format!("/rooms/{room}/documents/{id}")
    }

    /// Uploads a version of a document and returns the reply's body.
    pub(crate) async fn version(&self, document: &str, token: &str, words: &str, fields: &[(&str, &str)]) -> Value {
        let upload = self.post(&format!("{document}/versions"), token).upload("paper.pdf", &pdf(words), fields);
        upload.send().await.expect(201)
    }

    /// Begins an upload of `pdf("new")` in parts to a document of a room whose admin is given, and returns its id.
    pub(crate) async fn begun_upload(&self, room: &str, admin: &str, token: &str) -> String {
        let document = self.document(room, admin, "COMPAT", None).await;
        let asked = self.post(&format!("{document}/uploads"), token).in_parts("new.pdf", &pdf("new"));
        asked.send().await.expect(201)["id"].as_str().unwrap().to_owned()
    }

    /// Opens a room and returns the path of one of its empty documents, the path of the room, and the broker's token.
    pub(crate) async fn empty_document(&self, kind: &str) -> (String, String, String) {
        let (room, broker) = self.room().await;
        let document = self.document(&room, &broker, kind, None).await;
        (document, format!("/rooms/{room}"), broker)
    }

    /// Waits until the store holds one file for each version of this document, and nothing else.
    pub(crate) async fn only_versions_are_stored(&self, document: &str, token: &str) {
        until("nothing but versions is stored", async || {
            let versions = self.get(document, token).send().await.expect(200)["version_count"].as_u64().unwrap();
            let stored = self.stored();
            (stored.len() as u64 == versions && stored.iter().all(|path| path.starts_with("rooms"))).then_some(())
        })
        .await;
    }

    /// Returns every file in the store, unfinished uploads included, as sorted paths relative to it.
    pub(crate) fn stored(&self) -> Vec<PathBuf> {
        let store = self.dir.path().join("data/files");
        let mut found = Vec::new();
        walk(&store, &mut found);
        found.sort();
        found.iter().map(|path| path.strip_prefix(&store).unwrap().to_owned()).collect()
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    // A file or folder may be removed during the walk; it is then left out.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => walk(&path, found),
            path => found.push(path),
        }
    }
}
