//! Administration: the catalogue, holds.

use serde_json::{Value, json};
use sts_clearance::domain::Role;

use crate::harness::{TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_document_type_is_added_changed_and_taken_out_of_use_by_forms,
    a_hold_is_placed_and_lifted_by_two_admins_on_pages,
}

const TYPE: [(&str, &str); 9] = [
    ("code", "BARGE_CERT"),
    ("name", "Barge certificate"),
    ("category", "statutory"),
    ("scope", "vessel"),
    ("requirement", "conditional"),
    ("criticality", "high"),
    ("gate", "clearance"),
    ("validity_days", "365"),
    ("aliases", "BARGE  BARGE_C"),
];

async fn a_document_type_is_added_changed_and_taken_out_of_use_by_forms(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let new = "//admin/document-types/new";
    let refused =
        app.post(new, &admin).fields(&[("code", "lower"), ("name", "Barge"), ("gate", "clearance")]).send().await;
    assert_eq!(refused.status, 422);
    let page = refused.html();
    assert!(page.contains("value=\"lower\"") && page.contains("Category is missing"), "{page}");

    let fields = [&TYPE[..], &[("enabled", "true"), ("profiles", "oil"), ("profiles", "chem")]].concat();
    let added = app.post(new, &admin).fields(&fields).send().await;
    assert_eq!((added.status, added.header("location")), (303, "/admin/document-types"));
    let kind = app.get("/config/document-types/BARGE_CERT", &admin).send().await.expect(200);
    assert_eq!(kind["profiles"], json!(["oil", "chem"]));
    assert_eq!(kind["aliases"], json!(["BARGE", "BARGE_C"]));
    assert_eq!((&kind["validity_days"], &kind["enabled"]), (&json!(365), &json!(true)));
    let again = app.post(new, &admin).fields(&fields).send().await;
    assert_eq!(again.status, 409);
    assert!(again.html().contains("names a document type already"));

    let page = app.get("//admin/document-types/BARGE_CERT", &admin).send().await.html();
    assert!(page.contains("value=\"BARGE BARGE_C\"") && page.contains("value=\"chem\" checked"), "{page}");
    let changed = app.post("//admin/document-types/BARGE_CERT", &admin).fields(&TYPE[1..8]).send().await;
    assert_eq!(changed.status, 303);
    let kind = app.get("/config/document-types/BARGE_CERT", &admin).send().await.expect(200);
    assert_eq!((&kind["profiles"], &kind["aliases"], &kind["enabled"]), (&json!([]), &json!([]), &json!(false)));
}

async fn a_hold_is_placed_and_lifted_by_two_admins_on_pages(app: TestApp) {
    let (room, _) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let other = app.user("other@example.com", Role::Admin).await;
    assert!(app.get("//admin/holds", &admin).send().await.html().contains("Nothing is under hold."));

    let path = format!("//rooms/{room}/holds");
    let blank = app.post(&path, &admin).fields(&[("reason", " "), ("snapshot_id", "")]).send().await;
    assert_eq!(blank.status, 422);
    assert_eq!(app.post(&path, &admin).fields(&[("reason", "A claim")]).send().await.status, 303);
    let held = app.get(&format!("/rooms/{room}/holds"), &admin).send().await.expect(200);
    assert_eq!(held[0]["snapshot_id"], Value::Null);

    let lift = format!("{path}/{}", held[0]["id"].as_str().unwrap());
    assert_eq!(app.post(&lift, &admin).fields(&[("reason", "The claim is settled")]).send().await.status, 303);
    let page = app.get("//admin/holds", &other).send().await.html();
    assert!(page.contains("Lift a hold") && page.contains("admin@example.com"), "what waits is shown: {page}");
    let own = app.post(&lift, &admin).fields(&[("reason", "")]).send().await;
    assert_eq!(own.status, 409);
    assert!(own.html().contains("You have asked for this; another admin has to confirm it"));
    let page = app.get(&lift, &other).send().await.html();
    assert!(page.contains("The claim is settled") && page.contains(">Lift the hold<"), "{page}");
    assert_eq!(app.post(&lift, &other).fields(&[("reason", "")]).send().await.status, 303);
    let page = app.get("//admin/holds", &admin).send().await.html();
    assert!(page.contains("Nothing waits.") && page.contains("Lifted"), "{page}");
    assert_eq!(app.get(&lift, &other).header("accept", "text/html").send().await.status, 409);
}
