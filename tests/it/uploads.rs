//! Uploads as versions: which document a file is for, how long it is valid, and that no version is ever changed.

use std::fs;

use room::{Event, FileKind, Log, Role, VersionId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sts_clearance::domain::log::{Actor, operation};

use crate::harness::{IMO, TestApp, on_both_databases, pdf};

on_both_databases! {
    TestApp:
    an_upload_is_answered_and_logged_with_what_it_is,
    an_upload_by_type_finds_its_document,
    an_upload_by_type_that_names_no_document_says_which_field_is_wrong,
    an_expiry_in_the_past_is_kept_and_counts_as_expired,
    a_day_that_is_none_is_refused,
    a_date_that_nobody_gives_is_none,
    a_room_from_before_keeps_the_dates_that_were_assumed,
    the_way_back_to_an_earlier_file_is_a_version_of_its_own,
    the_same_file_of_another_document_is_pointed_out,
    the_same_bytes_again_add_nothing_and_are_told_so,
    the_same_bytes_with_another_expiry_are_a_new_version,
    an_expiry_corrected_back_is_a_version_of_its_own,
    two_uploads_at_once_are_both_kept_in_an_order,
    the_same_bytes_twice_at_once_are_one_version,
    a_document_of_another_room_takes_nothing,
    a_closed_room_takes_nothing,
    the_database_itself_refuses_to_change_versions_and_decisions,
}

/// Uploads a PDF; returns status and body, whether it is accepted or not.
async fn upload(app: &TestApp, document: &str, token: &str, words: &str, fields: &[(&str, &str)]) -> (u16, Value) {
    let request = app.post(&format!("{document}/versions"), token).upload("paper.pdf", &pdf(words), fields);
    let reply = request.send().await;
    (reply.status, reply.json())
}

async fn uploads_in_the_log(app: &TestApp, room: &str, token: &str) -> usize {
    let actions = app.actions(room, token).await;
    actions.iter().filter(|action| *action == "document_uploaded").count()
}

async fn an_upload_is_answered_and_logged_with_what_it_is(app: TestApp) {
    let (room, broker) = app.room().await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let document = app.document(&room, &broker, "Q88", Some(&vessel)).await;
    let bytes = pdf("particulars");
    let fields = [("expires_on", "2027-01-31"), ("notes", "as of today")];
    let reply = app.post(&format!("{document}/versions"), &broker).upload("Q88.pdf", &bytes, &fields).send().await;
    let uploaded = reply.expect(201);
    assert_eq!(reply.header("location"), format!("/api/v1{document}"));
    assert_eq!((&uploaded["message"], &uploaded["duplicate"]), (&json!("Uploaded as version 1."), &json!(false)));
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let version = &uploaded["version"];
    let id = version["id"].as_str().unwrap();
    assert_eq!(
        *version,
        json!({
            "id": id, "number": 1, "file_name": "Q88.pdf", "media_type": "application/pdf", "file_size": bytes.len(),
            "sha256": sha256, "expires_on": "2027-01-31", "expiry_assumed": false, "expiry": "given",
            "date_waived": null, "withdrawn": null, "notes": "as of today", "notice": null,
            "uploaded_by": "broker@example.com", "uploader_role": "broker", "uploaded_at": "2026-11-23T08:00:00Z",
            "decisions": [], "decision_count": 0,
        })
    );
    assert_eq!((&uploaded["document"]["status"], &uploaded["document"]["newest"]), (&json!("under_review"), version));

    let log = app.get(&format!("/rooms/{room}/activities?limit=1"), &broker).send().await.expect(200);
    assert_eq!(log[0]["action"], "document_uploaded");
    for (field, value) in [("version_id", json!(id)), ("file_sha256", json!(sha256)), ("vessel", json!("Aegean Star"))]
    {
        assert_eq!(log[0]["meta"][field], value);
    }
    // The store has the file under the path that the version's row implies.
    let [stored] = &app.stored()[..] else { panic!("one file is stored") };
    assert_eq!(stored.to_str().unwrap(), format!("{}/{id}.pdf", document.trim_start_matches('/')));
    assert_eq!(fs::read(app.dir.path().join("data/files").join(stored)).unwrap(), bytes);
}

async fn an_upload_by_type_finds_its_document(app: TestApp) {
    let (room, broker) = app.room().await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let path = format!("/rooms/{room}/documents/upload");
    for (called, vessel, code) in [
        ("COMPAT", None, "COMPAT"),
        ("CARGO_MANIFEST", None, "CARGO_CERTS"),
        ("Q88", Some(&*vessel), "Q88"),
        ("INSURANCE", Some(&vessel), "P_AND_I"),
        (" emergency_plan ", Some(&vessel), "SOPEP"),
    ] {
        let mut fields = vec![("document_type", called)];
        fields.extend(vessel.map(|vessel| ("vessel_id", vessel)));
        let uploaded = app.post(&path, &broker).upload("a.pdf", &pdf(called), &fields).send().await.expect(201);
        let document = &uploaded["document"];
        assert_eq!((&document["document_type"], document["vessel_id"].as_str()), (&json!(code), vessel), "{called}");
    }
    // A blank `vessel_id` means no vessel.
    let fields = [("document_type", "JPO"), ("vessel_id", "")];
    app.post(&path, &broker).upload("a.pdf", &pdf("plan"), &fields).send().await.expect(201);
}

async fn an_upload_by_type_that_names_no_document_says_which_field_is_wrong(app: TestApp) {
    let (room, broker) = app.room().await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let other = app.post("/rooms", &broker).json(crate::harness::new_room(&[])).send().await.expect(201);
    let other = app.vessel(other["id"].as_str().unwrap(), &broker, "Far", "discharging", IMO[1]).await;
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[], "document_type"),
        (&[("document_type", "")], "document_type"),
        (&[("document_type", "NOTHING")], "document_type"),
        (&[("document_type", "a\0b")], "document_type"),
        // `HATCH_TEST` is only for bulk cargo, and `CUSTOMS_DOCS` is disabled.
        (&[("document_type", "HATCH_TEST"), ("vessel_id", &vessel)], "document_type"),
        (&[("document_type", "CUSTOMS_DOCS")], "document_type"),
        (&[("document_type", "Q88")], "vessel_id"),
        (&[("document_type", "Q88"), ("vessel_id", &other)], "vessel_id"),
        (&[("document_type", "Q88"), ("vessel_id", "Aegean Star")], "vessel_id"),
        (&[("document_type", "COMPAT"), ("vessel_id", &vessel)], "vessel_id"),
    ];
    let path = format!("/rooms/{room}/documents/upload");
    for (fields, field) in cases {
        let reply = app.post(&path, &broker).upload("paper.pdf", &pdf(""), fields).send().await;
        assert_eq!(reply.fields(), [*field], "{fields:?}");
    }
    let compat = app.document(&room, &broker, "COMPAT", None).await;
    app.only_versions_are_stored(&compat, &broker).await;
    assert_eq!(uploads_in_the_log(&app, &room, &broker).await, 0);
}

async fn an_expiry_in_the_past_is_kept_and_counts_as_expired(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let (status, uploaded) = upload(&app, &document, &broker, "old", &[("expires_on", "2026-11-22")]).await;
    assert_eq!((status, &uploaded["document"]["status"]), (201, &json!("expired")));
    let message = uploaded["message"].as_str().unwrap();
    assert_eq!(
        message,
        "Uploaded as version 1. It is valid until 2026-11-22, before the operation ends, and counts as expired."
    );
    // The last day counts as a whole, and must not be before the STS operation's end on 2026-12-03.
    for (day, status) in [("2026-12-02", "expired"), ("2026-12-03", "under_review"), ("2199-12-31", "under_review")] {
        let (_, uploaded) = upload(&app, &document, &broker, day, &[("expires_on", day)]).await;
        assert_eq!(
            (&uploaded["document"]["status"], &uploaded["document"]["expires_on"]),
            (&json!(status), &json!(day))
        );
    }
}

async fn a_day_that_is_none_is_refused(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    for day in [
        "2027-02-29",
        "2027-02-30",
        "2027-13-01",
        "2027-00-10",
        "2027-01-00",
        "2027-3-31",
        "20270331",
        "27-03-31",
        "31.03.2027",
        "03/31/2027",
        "2027/03/31",
        "2027-W13-3",
        "2027-090",
        "2027-03-31T00:00:00Z",
        "2027-03-31Z",
        "2027-03-31+02:00",
        "0000-01-01",
        "1969-12-31",
        "2200-01-01",
        "9999-12-31",
        "-2027-03-31",
        "+2027-03-31",
        "٢٠٢٧-٠٣-٣١",
        "tomorrow",
        "null",
        "0",
        "2027-03-31\0",
        "2027-03-31x",
    ] {
        let reply = app.post(&format!("{document}/versions"), &broker);
        let reply = reply.upload("paper.pdf", &pdf(""), &[("expires_on", day)]).send().await;
        assert_eq!(reply.fields(), ["expires_on"], "{day}");
    }
    app.only_versions_are_stored(&document, &broker).await;
    for blank in ["", " "] {
        assert_eq!(upload(&app, &document, &broker, blank, &[("expires_on", blank)]).await.0, 201);
    }
}

async fn a_date_that_nobody_gives_is_none(app: TestApp) {
    let (document, room, broker) = app.empty_document("FENDER_CERT").await;
    let (_, undated) = upload(&app, &document, &broker, "fenders", &[]).await;
    let version = &undated["version"];
    assert_eq!(
        (&version["expires_on"], &version["expiry_assumed"], &version["expiry"], &undated["document"]["expiry"]),
        (&Value::Null, &json!(false), &json!("not_given"), &json!("not_given"))
    );
    assert_eq!(
        undated["message"],
        "Uploaded as version 1. No date was given until which it is valid: its gate needs the date, or a waiver of it."
    );
    // The same file with its date is the correction.
    let (_, given) = upload(&app, &document, &broker, "fenders", &[("expires_on", "2027-06-30")]).await;
    assert_eq!((&given["version"]["number"], &given["version"]["expiry"]), (&json!(2), &json!("given")));
    assert_eq!(given["document"]["expiry"], "given");
    // `COMPAT` does not expire.
    let timeless = app.document(&room[7..], &broker, "COMPAT", None).await;
    let (_, timeless) = upload(&app, &timeless, &broker, "study", &[]).await;
    assert_eq!((&timeless["version"]["expires_on"], &timeless["version"]["expiry"]), (&Value::Null, &json!("none")));
}

async fn a_room_from_before_keeps_the_dates_that_were_assumed(app: TestApp) {
    let (document, room, broker) = app.empty_document("FENDER_CERT").await;
    let (_, undated) = upload(&app, &document, &broker, "fenders", &[]).await;
    let log = Log::Room(room[7..].parse().unwrap());
    let version_id = VersionId(app.app.new_id());
    let earlier = Event::DocumentUploaded {
        document_id: document.rsplit('/').next().unwrap().parse().unwrap(),
        document_type: "FENDER_CERT".into(),
        vessel: None,
        version_id,
        version: 2,
        file_name: "fenders.pdf".into(),
        file_size: undated["version"]["file_size"].as_i64().unwrap(),
        file_kind: FileKind::Pdf,
        file_sha256: undated["version"]["sha256"].as_str().unwrap().to_owned(),
        expires_on: Some("2027-11-23".parse().unwrap()),
        expiry_assumed: true,
        notes: None,
        told_eta: None,
        uploader_role: Role::Broker,
        notice: None,
    };
    let append = operation(&app.app, log, &Actor::System, async move |tx, log| log.append(tx, &earlier).await);
    append.await.unwrap();
    let shown = app.get(&document, &broker).send().await.expect(200);
    assert_eq!(
        (&shown["expires_on"], &shown["newest"]["expiry_assumed"], &shown["newest"]["expiry"]),
        (&json!("2027-11-23"), &json!(true), &json!("assumed"))
    );
}

async fn the_way_back_to_an_earlier_file_is_a_version_of_its_own(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    for (number, words) in [(1, "right"), (2, "wrong"), (3, "right")] {
        let (status, uploaded) = upload(&app, &document, &broker, words, &[]).await;
        assert_eq!(
            (status, &uploaded["version"]["number"], &uploaded["duplicate"]),
            (201, &json!(number), &json!(false))
        );
    }
    assert_eq!(upload(&app, &document, &broker, "right", &[]).await.0, 200);
    assert_eq!(uploads_in_the_log(&app, &room[7..], &broker).await, 3);
    app.only_versions_are_stored(&document, &broker).await;
}

async fn the_same_file_of_another_document_is_pointed_out(app: TestApp) {
    let (compat, room, broker) = app.empty_document("COMPAT").await;
    let jpo = app.document(&room[7..], &broker, "JPO", None).await;
    let (_, first) = upload(&app, &compat, &broker, "study", &[]).await;
    assert_eq!(first["same_file_in"], json!([]));
    let (status, second) = upload(&app, &jpo, &broker, "study", &[]).await;
    let id = compat.rsplit('/').next().unwrap();
    let name = "Ship-to-ship compatibility and mooring study";
    assert_eq!(status, 201);
    assert_eq!(second["same_file_in"], json!([{ "document_id": id, "name": name, "version": 1 }]));
    assert_eq!(second["message"], format!("Uploaded as version 1. The same file is version 1 of {name}."));
    // What was withdrawn there counts no more, and is not pointed out.
    let withdraw = format!("{compat}/versions/{}/withdraw", first["version"]["id"].as_str().unwrap());
    app.post(&withdraw, &broker).json(json!({ "reason": "of the plan" })).send().await.expect(200);
    let (_, third) = upload(&app, &jpo, &broker, "another", &[]).await;
    assert_eq!(third["same_file_in"], json!([]));
    let (_, back) = upload(&app, &jpo, &broker, "study", &[]).await;
    assert_eq!((&back["version"]["number"], &back["same_file_in"]), (&json!(3), &json!([])));
}

async fn the_same_bytes_again_add_nothing_and_are_told_so(app: TestApp) {
    let (document, room, broker) = app.empty_document("FENDER_CERT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let (_, first) = upload(&app, &document, &broker, "same", &[]).await;
    for (token, fields) in [(&broker, &[][..]), (&owner, &[("notes", "mine")]), (&owner, &[("expires_on", "")])] {
        let (status, again) = upload(&app, &document, token, "same", fields).await;
        assert_eq!((status, &again["duplicate"]), (200, &json!(true)));
        assert_eq!(again["message"], "These bytes are version 1 already; nothing was added.");
        assert_eq!(again["version"], first["version"]);
    }
    assert_eq!(uploads_in_the_log(&app, &room[7..], &broker).await, 1);
    app.only_versions_are_stored(&document, &broker).await;
    // The same bytes can be a version of another document.
    let other = app.document(&room[7..], &broker, "COMPAT", None).await;
    assert_eq!(upload(&app, &other, &broker, "same", &[]).await.0, 201);
}

async fn the_same_bytes_with_another_expiry_are_a_new_version(app: TestApp) {
    let (document, room, broker) = app.empty_document("FENDER_CERT").await;
    upload(&app, &document, &broker, "same", &[]).await;
    let (status, corrected) = upload(&app, &document, &broker, "same", &[("expires_on", "2027-06-30")]).await;
    assert_eq!((status, &corrected["version"]["number"], &corrected["duplicate"]), (201, &json!(2), &json!(false)));
    assert_eq!(upload(&app, &document, &broker, "same", &[("expires_on", "2027-06-30")]).await.0, 200);
    // The same bytes without an expiry are a duplicate: they correct nothing.
    assert_eq!(upload(&app, &document, &broker, "same", &[]).await.1["version"]["number"], 2);
    assert_eq!(uploads_in_the_log(&app, &room[7..], &broker).await, 2);
    app.only_versions_are_stored(&document, &broker).await;
}

async fn an_expiry_corrected_back_is_a_version_of_its_own(app: TestApp) {
    let (document, _, broker) = app.empty_document("FENDER_CERT").await;
    for (number, day) in [(1, "2027-06-30"), (2, "2027-05-30"), (3, "2027-06-30")] {
        let (status, uploaded) = upload(&app, &document, &broker, "same", &[("expires_on", day)]).await;
        assert_eq!((status, &uploaded["version"]["number"]), (201, &json!(number)));
        assert_eq!(uploaded["document"]["expires_on"], day);
    }
}

async fn two_uploads_at_once_are_both_kept_in_an_order(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let (one, two) = tokio::join!(
        upload(&app, &document, &broker, "the broker's", &[]),
        upload(&app, &document, &owner, "the owner's", &[])
    );
    assert_eq!((one.0, two.0), (201, 201));
    let whole = app.get(&document, &broker).send().await.expect(200);
    let versions = whole["versions"].as_array().unwrap();
    assert_eq!(versions.iter().map(|version| &version["number"]).collect::<Vec<_>>(), [1, 2]);
    for version in versions {
        let url = format!("{document}/versions/{}/download", version["id"].as_str().unwrap());
        let file = app.get(&url, &broker).send().await;
        assert_eq!(hex::encode(Sha256::digest(&file.body)), version["sha256"].as_str().unwrap());
    }
    assert_eq!(whole["newest"], versions[1]);
    assert_eq!(uploads_in_the_log(&app, &room[7..], &broker).await, 2);
}

async fn the_same_bytes_twice_at_once_are_one_version(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let (one, two) =
        tokio::join!(upload(&app, &document, &broker, "same", &[]), upload(&app, &document, &broker, "same", &[]));
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    app.only_versions_are_stored(&document, &broker).await;
}

async fn a_document_of_another_room_takes_nothing(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let other = app.post("/rooms", &broker).json(crate::harness::new_room(&[])).send().await.expect(201);
    let elsewhere = document.replace(&room[7..], other["id"].as_str().unwrap());
    for missing in [elsewhere, format!("{room}/documents/{}", &room[7..]), format!("{room}/documents/COMPAT")] {
        let (status, problem) = upload(&app, &missing, &broker, "lost", &[]).await;
        assert_eq!((status, &problem["type"]), (404, &json!("urn:sts-clearance:problem:not_found")), "{missing}");
    }
    app.only_versions_are_stored(&document, &broker).await;
}

async fn a_closed_room_takes_nothing(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let phases = ["clearance", "planning", "arrival", "mooring", "transfer", "unmooring", "documents", "closed"];
    for phase in phases {
        let asked = json!({ "phase": phase, "override": true, "reason": "a test" });
        app.post(&format!("{room}/phase"), &broker).json(asked).send().await.expect(200);
    }
    let (status, problem) = upload(&app, &document, &broker, "late", &[]).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:sts-clearance:problem:conflict")));
    app.only_versions_are_stored(&document, &broker).await;
}

async fn the_database_itself_refuses_to_change_versions_and_decisions(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    upload(&app, &document, &broker, "paper", &[]).await;
    app.post(&format!("{document}/approve"), &owner).json(json!({})).send().await.expect(200);
    let before = app.get(&document, &broker).send().await.expect(200);
    for change in [
        "UPDATE document_versions SET expires_on = '2199-01-01'",
        "DELETE FROM document_versions",
        "UPDATE decisions SET verdict = 'rejected'",
        "DELETE FROM decisions",
    ] {
        let refused = app.app.db.write(async move |tx| tx.exec(change, &[]).await).await.unwrap_err();
        assert!(format!("{refused:?} {refused}").contains("are never changed"), "{change}: {refused:?}");
    }
    assert_eq!(app.get(&document, &broker).send().await.expect(200), before);
}
