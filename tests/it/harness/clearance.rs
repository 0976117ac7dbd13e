//! Vessels, documents and files in a line.

use serde_json::{Value, json};

use super::{Request, TestApp};

/// IMO numbers whose last digit is right.
pub(crate) const IMO: [&str; 3] = ["9074729", "9319466", "9417177"];

/// A file that is a PDF as far as its beginning tells.
pub(crate) fn pdf(words: &str) -> Vec<u8> {
    format!("%PDF-1.7\n% {words}\n%%EOF\n").into_bytes()
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
        self.head(&format!("name=\"{name}\"; filename=\"{file_name}\"\r\nContent-Type: application/octet-stream"));
        self.body.extend_from_slice(bytes);
        self.body.extend_from_slice(b"\r\n");
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.head(&format!("name=\"{name}\""));
        self.body.extend_from_slice(format!("{value}\r\n").as_bytes());
    }

    fn head(&mut self, disposition: &str) {
        let head = format!("--x-test-boundary\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
        self.body.extend_from_slice(head.as_bytes());
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
}
