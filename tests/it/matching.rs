//! Which document files are for, asked before they are sent: by names as people write them, by the words of a first page,
//! and never by a guess.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{IMO, TestApp, on_both_databases, pdf};

on_both_databases! {
    TestApp:
    files_find_their_documents_by_names_as_people_write_them,
    what_fits_two_documents_equally_is_asked_about,
    a_last_day_is_suggested_where_its_form_is_clear,
    what_a_file_is_already_and_why_it_would_be_refused_is_told,
    a_request_beyond_the_limits_is_refused_by_its_field,
}

/// A room with two vessels.
struct Scene {
    app: TestApp,
    room: String,
    broker: String,
}

impl Scene {
    async fn set(app: TestApp) -> Self {
        let (room, broker) = app.room().await;
        app.vessel(&room, &broker, "MT Vessel 1", "discharging", IMO[0]).await;
        app.vessel(&room, &broker, "M/T Aurora Spirit", "receiving", IMO[1]).await;
        Self { app, room, broker }
    }

    /// Asks about files, and returns what each is matched with.
    async fn ask(&self, files: Value) -> Vec<Value> {
        let path = format!("/rooms/{}/documents/match", self.room);
        let sheet = self.app.post(&path, &self.broker).json(json!({ "files": files })).send().await.expect(200);
        sheet["files"].as_array().unwrap().clone()
    }

    /// Asks about one file. Returns the types and vessels of the documents that it may be.
    async fn found(&self, name: &str, text: &str) -> Vec<String> {
        let matched = self.ask(json!([{ "name": name, "text": text }])).await.remove(0);
        let one = matched["document_id"].as_str().into_iter();
        let several = matched["candidates"].as_array().unwrap().iter().filter_map(Value::as_str);
        let ids: Vec<_> = one.chain(several).collect();
        let documents = self.app.documents(&self.room, &self.broker).await;
        let of = |id: &str| {
            let found = documents.iter().find(|document| document["id"] == id).unwrap();
            let vessel = found["vessel"].as_str().or(found["vessel_name"].as_str()).unwrap_or("-");
            format!("{} {vessel}", found["document_type"].as_str().unwrap())
        };
        ids.into_iter().map(of).collect()
    }
}

async fn files_find_their_documents_by_names_as_people_write_them(app: TestApp) {
    let scene = Scene::set(app).await;
    let one = "MT Vessel 1";
    let two = "M/T Aurora Spirit";
    for (name, text, kind, vessel) in [
        ("Q88_MT Vessel 1 (2).pdf", "", "Q88", one),
        ("SOPEP Aurora.pdf", "", "SOPEP", two),
        ("Aurora Spirit/P&I COE 2026.pdf", "", "P_AND_I", two),
        ("VESSEL 1 - Class Certificate.PDF", "", "CLASS_CERT", one),
        ("crew list aurora spirit rev3.xlsx", "", "CREW_LIST", two),
        ("load line cert vessel-1.pdf", "", "LOAD_LINE", one),
        ("insurance_aurora_spirit.pdf", "", "P_AND_I", two),
        ("Fender certificates.pdf", "", "FENDER_CERT", "-"),
        ("compatibility study v2.docx", "", "COMPAT", "-"),
        ("JPO final.pdf", "", "JPO", "-"),
        ("STS Checklist 1 Vessel 1.pdf", "STS_CL1", "STS_CL1", one),
        // By the first page alone.
        ("scan0001.pdf", "AURORA SPIRIT\nInternational Load Line Certificate", "LOAD_LINE", two),
        (&format!("{}.pdf", IMO[0]), "International ship security certificate", "ISSC", one),
    ] {
        assert_eq!(scene.found(name, text).await, [format!("{kind} {vessel}")], "{name}");
    }
}

async fn what_fits_two_documents_equally_is_asked_about(app: TestApp) {
    let scene = Scene::set(app).await;
    // Either vessel's.
    assert_eq!(scene.found("Q88.pdf", "").await.len(), 2);
    // Neither name nor text says anything.
    for name in ["scan0001.pdf", "certificate.pdf", "Vessel 1.pdf", "", "..pdf"] {
        assert_eq!(scene.found(name, "A certificate of the vessel").await, [] as [String; 0], "{name}");
    }
    let files = json!([{ "name": "Q88.pdf" }, { "name": "JPO 1.pdf" }, { "name": "JPO 2.pdf" }]);
    let asked: Vec<_> = scene.ask(files).await.into_iter().map(|file| file["ask"].clone()).collect();
    assert_eq!(asked, [json!(["document"]), json!(["versions"]), json!(["versions"])]);
}

async fn a_last_day_is_suggested_where_its_form_is_clear(app: TestApp) {
    let scene = Scene::set(app).await;
    for (name, text, day) in [
        ("a.pdf", "This certificate is valid until 31 January 2031.", Some("2031-01-31")),
        ("a.pdf", "Date of issue 2026-02-01. Date of expiry: 2027-02-01", Some("2027-02-01")),
        ("a.pdf", "Expires on March 1st, 2028", Some("2028-03-01")),
        ("a.pdf", "EXPIRY DATE 20-FEB-2027", Some("2027-02-20")),
        ("a.pdf", "valid to 31/12/2027", Some("2027-12-31")),
        ("P&I exp 2027-02-20.pdf", "", Some("2027-02-20")),
        ("P&I valid until 20270220.pdf", "", Some("2027-02-20")),
        // Which is the month, nobody knows.
        ("a.pdf", "valid until 03/04/2027", None),
        // A day of which nothing is said.
        ("P&I 2027-02-20.pdf", "Issued 2026-02-20", None),
        ("a.pdf", "valid until 31 February 2031", None),
        ("a.pdf", "Hull valid until 2027-01-01, machinery valid until 2028-01-01", None),
    ] {
        let matched = scene.ask(json!([{ "name": name, "text": text }])).await.remove(0);
        assert_eq!(matched["expires_on"], json!(day), "{name} {text}");
    }
    let files =
        json!([{ "name": "Fender certificates.pdf" }, { "name": "Fender certificates valid until 2031-01-31.pdf" }]);
    let asked: Vec<_> = scene.ask(files).await.into_iter().map(|file| file["ask"].clone()).collect();
    assert_eq!(asked, [json!(["expires_on", "versions"]), json!(["versions"])]);
}

async fn what_a_file_is_already_and_why_it_would_be_refused_is_told(app: TestApp) {
    let scene = Scene::set(app).await;
    let bytes = pdf("plan");
    let document = scene.app.document(&scene.room, &scene.broker, "JPO", None).await;
    let upload = scene.app.post(&format!("{document}/versions"), &scene.broker).upload("plan.pdf", &bytes, &[]);
    upload.send().await.expect(201);
    let known = json!({ "name": "b.pdf", "sha256": hex::encode(Sha256::digest(&bytes)), "size": bytes.len() });
    let files =
        json!([known, { "name": "a.exe" }, { "name": "a.pdf", "size": 0 }, { "name": "a.pdf", "size": 1u64 << 40 }]);
    let matched = scene.ask(files).await;
    assert_eq!(matched[0]["same_file_in"][0]["version"], 1);
    let problems: Vec<_> = matched.iter().map(|file| file["problem"].as_str().unwrap_or("")).collect();
    assert_eq!(
        problems,
        [
            "",
            "Its name must end in .pdf, .jpg, .png, .tiff, .heic, .docx or .xlsx.",
            "The file is empty.",
            "The file is larger than the 50 MiB that it may have.",
        ]
    );
}

async fn a_request_beyond_the_limits_is_refused_by_its_field(app: TestApp) {
    let scene = Scene::set(app).await;
    let many = vec![json!({ "name": "a.pdf" }); 101];
    for (files, field) in [
        (json!(many), "files"),
        (json!([{ "name": "a".repeat(1001) }]), "files[0].name"),
        (json!([{ "name": "a.pdf", "text": "a".repeat(8001) }]), "files[0].text"),
        (json!([{ "name": "a.pdf", "sha256": "00" }]), "files[0].sha256"),
        (json!([{ "name": "a.pdf", "size": 1u64 << 53 }]), "files[0].size"),
    ] {
        let path = format!("/rooms/{}/documents/match", scene.room);
        let refused = scene.app.post(&path, &scene.broker).json(json!({ "files": files })).send().await.expect(422);
        assert_eq!(refused["errors"][0]["field"], field);
    }
}
