//! The API's contract as golden files: every change of it is a visible diff.

use room::{
    AccountDeed, ApprovalStatus, BlockerKind, CargoProfile, ClaimState, Criticality, DocumentStatus, ExpiryState,
    FileNotice, FileQuestion, Frequency, NewsKind, NoticeState, Phase, Requirement, Role, RoomStatus, Scope, Side,
    SnapshotStatus, SnapshotType, Verdict, VesselRole, VesselStatus,
};
use serde_json::{Value, json};

use sts_clearance::domain::snapshots::way_down;
use sts_clearance::{
    domain::{log::Actor, seal_certificate::CertificateStage},
    evidence::verify::{CheckOutcome, Judgement},
};

use crate::harness::TestApp;

#[tokio::test]
async fn the_openapi_document_is_what_clients_were_told() {
    let app = TestApp::on_sqlite().await;
    let reply = app.get("//api/openapi.json", "").send().await;
    let document = reply.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    insta::assert_json_snapshot!("openapi", document, { ".info.version" => "[version]" });
}

#[tokio::test]
async fn every_reference_of_the_openapi_document_leads_somewhere() {
    let app = TestApp::on_sqlite().await;
    let document = app.get("//api/openapi.json", "").send().await.expect(200);
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

/// Returns the name of each enumeration with the words that the server uses for it.
macro_rules! spoken {
    ($($kind:ident),+) => { [$((stringify!($kind), json!($kind::ALL)),)+] };
}

#[tokio::test]
async fn every_enumeration_of_the_openapi_document_holds_the_words_that_are_spoken() {
    let app = TestApp::on_sqlite().await;
    let document = app.get("//api/openapi.json", "").send().await.expect(200);
    let schemas = &document["components"]["schemas"];
    let spoken = spoken![
        AccountDeed,
        ApprovalStatus,
        BlockerKind,
        CargoProfile,
        CertificateStage,
        CheckOutcome,
        ClaimState,
        Criticality,
        DocumentStatus,
        ExpiryState,
        FileNotice,
        FileQuestion,
        Frequency,
        Judgement,
        NewsKind,
        NoticeState,
        Phase,
        Requirement,
        Role,
        RoomStatus,
        Scope,
        Side,
        SnapshotStatus,
        SnapshotType,
        Verdict,
        VesselRole,
        VesselStatus
    ];
    for (name, words) in &spoken {
        assert_eq!(&schemas[name]["enum"], words, "{name}");
    }
    let enumerations = schemas.as_object().unwrap().values().filter(|schema| schema.get("enum").is_some());
    // These schemas have only some of the words of another enumeration.
    let parts = [
        ("Approving", json!(&Verdict::ALL[..2])),
        ("Gate", json!(&Phase::ALL[1..])),
        ("PartyRole", json!(&Role::ALL[..5])),
        ("DecidingRole", json!(&Role::ALL[..3])),
        // And this one has words of its own, which only requests speak.
        ("WayGiven", json!(["mail", "hand"])),
    ];
    for (name, words) in &parts {
        assert_eq!(&schemas[name]["enum"], words, "{name}");
    }
    assert_eq!(enumerations.count(), spoken.len() + parts.len());
}

fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str().filter(|_| name == "$ref") {
                    Some(reference) => found.push(reference.to_owned()),
                    None => collect_references(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_documentation_page_lists_every_route_and_asks_no_other_host() {
    let app = TestApp::on_sqlite().await;
    let page = app.get("//docs", "").send().await;
    assert_eq!(page.status, 200);
    let html = page.html();
    assert!(html.replace("<wbr>", "").contains("/rooms/{room_id}/snapshots"));
    assert!(!html.contains("http://") && !html.contains("https://"));
}

#[tokio::test]
async fn health_and_readiness_are_told_apart() {
    let app = TestApp::on_sqlite().await;
    assert_eq!(app.get("//healthz", "").send().await.status, 200);
    let ready = app.get("//readyz", "").send().await;
    let said = json!({ "clock": "ok", "database": "ok", "files": "ok", "heads": "ok", "key": "ok" });
    assert_eq!(ready.expect(200), said);
    way_down::take_back(&app.app, &Actor::Operator, "002", true).await.unwrap();
    let failing = app.get("//readyz", "").send().await;
    let said = json!({ "clock": "ok", "database": "failing", "files": "ok", "heads": "ok", "key": "ok" });
    assert_eq!(failing.expect(503), said);
    assert_eq!(app.get("//healthz", "").send().await.status, 200);
}

#[tokio::test]
async fn no_answer_is_to_be_cached_framed_or_sniffed() {
    let app = TestApp::on_sqlite().await;
    for path in ["//healthz", "//nothing", "/rooms", "//api/openapi.json"] {
        let reply = app.get(path, "").send().await;
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert!(reply.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
    }
}
