//! What is stated of a version after its upload: that it counts no more, and that it needs no date.

use std::io::Cursor;

use room::Role;
use serde_json::{Value, json};
use sts_clearance::domain::fsck::{self, Mode, Watch};
use zip::ZipArchive;

use crate::harness::{IMO, Reply, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    an_uploader_withdraws_a_version_while_nobody_has_decided_on_it,
    a_broker_and_an_admin_withdraw_any_version_with_a_reason,
    the_version_before_a_withdrawn_one_is_in_force_with_its_decisions,
    nobody_decides_on_a_withdrawn_version,
    a_withdrawn_file_stays_evidence_and_leaves_the_counts,
    a_withdrawal_is_in_the_record_and_in_the_report,
    a_notice_that_was_withdrawn_was_not_given,
    a_document_without_its_date_holds_its_gate_until_the_date_or_a_waiver_is_given,
    a_date_is_given_to_a_file_that_is_there,
    a_date_is_waived_once_with_a_reason_by_those_who_lead_the_room,
    a_closed_room_takes_no_statement,
}

struct Nobody;

impl Watch for Nobody {}

fn version_path(document: &str, uploaded: &Value, rest: &str) -> String {
    format!("{document}/versions/{}/{rest}", uploaded["version"]["id"].as_str().unwrap())
}

async fn state(app: &TestApp, path: &str, token: &str, reason: &str) -> Reply {
    app.post(path, token).json(json!({ "reason": reason })).send().await
}

async fn approve(app: &TestApp, document: &str, token: &str) -> Reply {
    app.post(&format!("{document}/approve"), token).json(json!({})).send().await
}

async fn show(app: &TestApp, path: &str, token: &str) -> Value {
    app.get(path, token).send().await.expect(200)
}

/// Fails unless the rows are what the logs tell.
async fn is_sound(app: &TestApp) {
    let outcome = fsck::run(&app.app, Mode::Look, &mut Nobody).await.unwrap();
    let damage: Vec<_> =
        outcome.findings.iter().filter(|finding| finding.is_damage()).map(ToString::to_string).collect();
    assert_eq!(damage, Vec::<String>::new());
}

async fn an_uploader_withdraws_a_version_while_nobody_has_decided_on_it(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let [seller, owner] =
        [app.user("seller@example.com", Role::Seller).await, app.user("owner@example.com", Role::Owner).await];
    let uploaded = app.version(&document, &seller, "wrong", &[]).await;
    let withdraw = version_path(&document, &uploaded, "withdraw");
    let refused = state(&app, &withdraw, &owner, "not mine").await;
    assert_eq!((refused.status, refused.problem().as_str()), (403, "own_interest"), "{refused:?}");
    let shown = state(&app, &withdraw, &seller, "of another vessel").await.expect(200);
    assert_eq!(
        (&shown["status"], &shown["newest"], &shown["version_count"]),
        (&json!("missing"), &Value::Null, &json!(1))
    );
    let again = state(&app, &withdraw, &seller, "of another vessel").await;
    assert_eq!(again.problem(), "conflict");
    assert!(again.json()["detail"].as_str().unwrap().contains("withdrawn before"), "{again:?}");

    let decided = app.version(&document, &seller, "right", &[]).await;
    assert_eq!(decided["version"]["number"], 2);
    approve(&app, &document, &owner).await.expect(200);
    let refused = state(&app, &version_path(&document, &decided, "withdraw"), &seller, "a typo").await;
    assert_eq!(refused.problem(), "conflict");
    assert!(refused.json()["detail"].as_str().unwrap().contains("has decided on version 2"), "{refused:?}");

    let log = show(&app, &format!("{room}/activities?limit=100"), &broker).await;
    let entries: Vec<_> =
        log.as_array().unwrap().iter().filter(|entry| entry["action"] == "version_withdrawn").collect();
    let [entry] = &entries[..] else { panic!("one withdrawal is logged: {entries:?}") };
    assert_eq!(entry["actor"], "seller@example.com");
    assert_eq!((&entry["meta"]["reason"], &entry["meta"]["version"]), (&json!("of another vessel"), &json!(1)));
    is_sound(&app).await;
}

async fn a_broker_and_an_admin_withdraw_any_version_with_a_reason(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    for (number, token) in [(1, &broker), (2, &admin)] {
        let uploaded = app.version(&document, &owner, &format!("study {number}"), &[]).await;
        approve(&app, &document, &broker).await.expect(200);
        let withdraw = version_path(&document, &uploaded, "withdraw");
        for reason in ["", " ", &"x".repeat(4_001)] {
            assert_eq!(state(&app, &withdraw, token, reason).await.fields(), ["reason"]);
        }
        assert_eq!(app.post(&withdraw, token).json(json!({})).send().await.fields(), ["reason"]);
        state(&app, &withdraw, token, &"x".repeat(4_000)).await.expect(200);
    }
    let other = app.document(&room[7..], &broker, "JPO", None).await;
    let uploaded = app.version(&document, &owner, "study 3", &[]).await;
    let elsewhere = state(&app, &version_path(&other, &uploaded, "withdraw"), &broker, "mistaken").await;
    assert_eq!(elsewhere.problem(), "not_found");
}

async fn the_version_before_a_withdrawn_one_is_in_force_with_its_decisions(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let first = app.version(&document, &broker, "right", &[]).await;
    approve(&app, &document, &owner).await.expect(200);
    let second = app.version(&document, &broker, "wrong", &[]).await;
    assert_eq!(second["document"]["status"], "under_review");
    let shown =
        state(&app, &version_path(&document, &second, "withdraw"), &broker, "of another pair").await.expect(200);
    assert_eq!((&shown["status"], &shown["newest"]["id"]), (&json!("approved"), &first["version"]["id"]));
    let whole = show(&app, &document, &broker).await;
    let withdrawn = &whole["versions"][1]["withdrawn"];
    assert_eq!(
        *withdrawn,
        json!({ "reason": "of another pair", "by": "broker@example.com", "at": "2026-11-23T08:00:00Z" })
    );
    assert_eq!(whole["versions"][0]["withdrawn"], Value::Null);
    let listed = show(&app, &format!("{document}/versions"), &broker).await;
    assert_eq!((&listed[0]["withdrawn"], &listed[1]["withdrawn"]), (withdrawn, &Value::Null));
    // The numbers go on, and the withdrawn file may come again, as another version.
    let third = app.version(&document, &broker, "wrong", &[]).await;
    assert_eq!((&third["version"]["number"], &third["duplicate"]), (&json!(3), &json!(false)));
    state(&app, &version_path(&document, &third, "withdraw"), &broker, "again").await.expect(200);
    state(&app, &version_path(&document, &first, "withdraw"), &broker, "all of it").await.expect(200);
    assert_eq!(show(&app, &document, &broker).await["status"], "missing");
    is_sound(&app).await;
}

async fn nobody_decides_on_a_withdrawn_version(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let first = app.version(&document, &broker, "right", &[]).await;
    let second = app.version(&document, &broker, "wrong", &[]).await;
    state(&app, &version_path(&document, &second, "withdraw"), &broker, "of another pair").await.expect(200);
    let named = json!({ "version_id": second["version"]["id"] });
    let refused = app.post(&format!("{document}/approve"), &owner).json(named.clone()).send().await;
    assert_eq!(refused.problem(), "conflict");
    assert!(refused.json()["detail"].as_str().unwrap().starts_with("Version 2 was withdrawn"), "{refused:?}");
    let reject = json!({ "version_id": second["version"]["id"], "reason": "of another pair" });
    assert_eq!(app.post(&format!("{document}/reject"), &owner).json(reject).send().await.problem(), "conflict");
    let named = json!({ "version_id": first["version"]["id"] });
    let decided = app.post(&format!("{document}/approve"), &owner).json(named).send().await.expect(200);
    assert_eq!(decided["newest"]["decision_count"], 1);
    state(&app, &version_path(&document, &first, "withdraw"), &broker, "both").await.expect(200);
    let refused = approve(&app, &document, &owner).await;
    assert_eq!(refused.problem(), "conflict");
    assert!(refused.json()["detail"].as_str().unwrap().starts_with("Nothing is uploaded"), "{refused:?}");
    // A file that is still the owner's is not decided on by the owner, whoever brings it again.
    let own = app.version(&document, &owner, "the owner's", &[]).await;
    state(&app, &version_path(&document, &own, "withdraw"), &owner, "late").await.expect(200);
    app.version(&document, &broker, "the owner's", &[]).await;
    assert_eq!(approve(&app, &document, &owner).await.problem(), "own_interest");
}

/// Returns the names in a zip, and its manifest.
async fn archive(app: &TestApp, path: &str, token: &str) -> Value {
    let reply = app.get(path, token).send().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let mut zip = ZipArchive::new(Cursor::new(&reply.body)).unwrap();
    serde_json::from_reader(zip.by_name("manifest.json").unwrap()).unwrap()
}

async fn a_withdrawn_file_stays_evidence_and_leaves_the_counts(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let seller = app.user("seller@example.com", Role::Seller).await;
    let uploaded = app.version(&document, &broker, "wrong", &[]).await;
    let count = async |kind: &str| {
        let rows = show(&app, "/cockpit", &broker).await;
        rows[0]["task_counts"][kind].as_u64().unwrap()
    };
    let (missing, under_review) = (count("missing").await, count("under_review").await);
    state(&app, &version_path(&document, &uploaded, "withdraw"), &broker, "of another pair").await.expect(200);
    assert_eq!((count("missing").await, count("under_review").await), (missing + 1, under_review - 1));
    let blockers = show(&app, &format!("{room}/summary"), &broker).await;
    assert_eq!(blockers["resolved_required_docs"], 0);
    // The file itself is there for whoever may download it.
    let file = app.get(&version_path(&document, &uploaded, "download"), &seller).send().await;
    assert_eq!((file.status, &file.body[..]), (200, &crate::harness::pdf("wrong")[..]));
    assert_eq!(app.get(&format!("{document}/download"), &seller).send().await.status, 404);
    assert_eq!(archive(&app, &format!("{room}/archive"), &broker).await["files"], json!([]));
    let all = archive(&app, &format!("{room}/archive?all=true"), &broker).await;
    assert_eq!(all["files"][0]["withdrawn"], "of another pair");
    assert_eq!(all["files"][0]["is_newest"], false);
}

async fn a_withdrawal_is_in_the_record_and_in_the_report(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    app.version(&document, &broker, "right", &[]).await;
    let wrong = app.version(&document, &broker, "wrong", &[]).await;
    state(&app, &version_path(&document, &wrong, "withdraw"), &broker, "of another pair").await.expect(200);
    for kind in ["json", "csv"] {
        let snapshot = app.snapshot(&room[7..], &broker, json!({ "snapshot_type": kind })).await;
        let path = format!("{room}/snapshots/{}/download", snapshot["id"].as_str().unwrap());
        let file = app.get(&path, &broker).send().await;
        let told = if kind == "json" {
            let envelope: Value = serde_json::from_slice(&file.body).unwrap();
            let id = document.rsplit('/').next().unwrap();
            let uploads = &envelope["record"]["facts"]["documents"][id]["uploads"];
            assert_eq!(uploads[0]["version"].get("withdrawn"), None);
            assert_eq!(envelope["record"]["reading"]["documents"][id], "under_review");
            uploads[1]["version"]["withdrawn"]["reason"].as_str().unwrap().to_owned()
        } else {
            let mut zip = ZipArchive::new(Cursor::new(&file.body)).unwrap();
            std::io::read_to_string(zip.by_name("versions.csv").unwrap()).unwrap()
        };
        assert!(told.contains("of another pair"), "{kind}: {told}");
    }
}

async fn a_notice_that_was_withdrawn_was_not_given(app: TestApp) {
    let (document, room, broker) = app.empty_document("NOTIF_48H").await;
    let notice =
        async || show(&app, &format!("{room}/summary"), &broker).await["clocks"]["coastal_notice"]["state"].clone();
    let uploaded = app.version(&document, &broker, "notice", &[]).await;
    assert_eq!(notice().await, "given");
    state(&app, &version_path(&document, &uploaded, "withdraw"), &broker, "never sent").await.expect(200);
    assert_eq!(notice().await, "open");
}

/// Returns the kinds of the blockers that are about a document.
async fn blockers(app: &TestApp, room: &str, document: &str, token: &str) -> Vec<String> {
    let summary = show(app, &format!("{room}/summary"), token).await;
    let id = document.rsplit('/').next().unwrap();
    let about = summary["blockers"].as_array().unwrap().iter().filter(|blocker| blocker["document_id"] == *id);
    about.map(|blocker| blocker["kind"].as_str().unwrap().to_owned()).collect()
}

async fn a_document_without_its_date_holds_its_gate_until_the_date_or_a_waiver_is_given(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let path = format!("/rooms/{room}");
    app.post(&format!("{path}/phase"), &broker)
        .json(json!({ "phase": "clearance", "override": true, "reason": "a test" }))
        .send()
        .await
        .expect(200);
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let document = app.document(&room, &broker, "CLASS_CERT", Some(&vessel)).await;
    let uploaded = app.version(&document, &broker, "class", &[]).await;
    assert_eq!(blockers(&app, &path, &document, &broker).await, ["document_under_review", "document_undated"]);
    approve(&app, &document, &owner).await.expect(200);
    assert_eq!(blockers(&app, &path, &document, &broker).await, ["document_undated"]);
    let summary = show(&app, &format!("{path}/summary"), &broker).await;
    assert_eq!((&summary["undated_count"], &summary["resolved_required_docs"]), (&json!(1), &json!(0)));
    assert_eq!(summary["undated"][0]["document_id"], *document.rsplit('/').next().unwrap());
    let cockpit = show(&app, "/cockpit", &broker).await;
    assert_eq!(cockpit[0]["task_counts"]["undated"], 1);

    let shown = state(&app, &version_path(&document, &uploaded, "date-waiver"), &broker, "issued without one").await;
    let shown = shown.expect(200);
    assert_eq!(
        (&shown["expiry"], &shown["newest"]["date_waived"]["reason"]),
        (&json!("waived"), &json!("issued without one"))
    );
    assert_eq!(blockers(&app, &path, &document, &broker).await, Vec::<String>::new());
    assert_eq!(show(&app, &format!("{path}/summary"), &broker).await["resolved_required_docs"], 1);

    // A waiver is of one file: the next one is asked for its date again, and has it in the end.
    app.version(&document, &broker, "class, endorsed", &[]).await;
    approve(&app, &document, &owner).await.expect(200);
    assert_eq!(blockers(&app, &path, &document, &broker).await, ["document_undated"]);
    app.version(&document, &broker, "class, endorsed", &[("expires_on", "2029-03-31")]).await;
    approve(&app, &document, &owner).await.expect(200);
    assert_eq!(blockers(&app, &path, &document, &broker).await, Vec::<String>::new());
    is_sound(&app).await;
}

async fn a_date_is_given_to_a_file_that_is_there(app: TestApp) {
    let (document, room, broker) = app.empty_document("FENDER_CERT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let undated = app.version(&document, &owner, "fenders", &[("notes", "four of them")]).await;
    approve(&app, &document, &broker).await.expect(200);
    let give = async |version: &Value, by: &str, day: &str| {
        let path = version_path(&document, version, "date");
        app.post(&path, by).json(json!({ "expires_on": day })).send().await
    };
    assert_eq!(give(&undated, &owner, "30 June").await.fields(), ["expires_on"]);
    let dated = give(&undated, &owner, "2027-06-30").await;
    assert_eq!(dated.status, 201);
    let dated = dated.json();
    let (before, now) = (&undated["version"], &dated["version"]);
    assert_eq!((&now["number"], &now["expires_on"]), (&json!(2), &json!("2027-06-30")));
    for same in ["sha256", "file_name", "size", "notes"] {
        assert_eq!(now[same], before[same], "{same}");
    }
    let file = app.get(&version_path(&document, &dated, "download"), &broker).send().await;
    assert_eq!(file.body, app.get(&version_path(&document, &undated, "download"), &broker).send().await.body);
    // Who approved it had not seen the date.
    assert_eq!(dated["document"]["status"], "under_review");

    // The date is of the version that was looked at: neither of an earlier one, nor of one that was withdrawn.
    let overtaken = give(&undated, &owner, "2028-06-30").await;
    assert_eq!(overtaken.problem(), "conflict");
    assert!(overtaken.json()["detail"].as_str().unwrap().contains("Version 2 is in force"), "{overtaken:?}");
    let again = give(&dated, &owner, "2027-06-30").await;
    assert_eq!((again.status, &again.json()["duplicate"]), (200, &json!(true)));
    give(&dated, &owner, "2027-07-31").await.expect(201);
    for version in app.get(&format!("{document}/versions"), &broker).send().await.expect(200).as_array().unwrap() {
        let path = format!("{document}/versions/{}/withdraw", version["id"].as_str().unwrap());
        state(&app, &path, &broker, "of another pair").await.expect(200);
    }
    assert_eq!(give(&dated, &owner, "2027-06-30").await.problem(), "conflict");
    assert!(app.actions(&room[7..], &broker).await.iter().filter(|action| *action == "document_uploaded").count() == 3);
    is_sound(&app).await;
}

async fn a_date_is_waived_once_with_a_reason_by_those_who_lead_the_room(app: TestApp) {
    let (document, room, broker) = app.empty_document("FENDER_CERT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let undated = app.version(&document, &owner, "fenders", &[]).await;
    let waiver = version_path(&document, &undated, "date-waiver");
    assert_eq!(state(&app, &waiver, &owner, "none").await.status, 403);
    assert_eq!(state(&app, &waiver, &broker, " ").await.fields(), ["reason"]);
    state(&app, &waiver, &broker, "of a yard that gives none").await.expect(200);
    assert_eq!(state(&app, &waiver, &broker, "again").await.problem(), "conflict");
    let dated = app.version(&document, &owner, "new fenders", &[("expires_on", "2027-06-30")]).await;
    let timeless = app.document(&room[7..], &broker, "COMPAT", None).await;
    let study = app.version(&timeless, &owner, "study", &[]).await;
    let withdrawn = app.version(&document, &owner, "old fenders", &[]).await;
    state(&app, &version_path(&document, &withdrawn, "withdraw"), &broker, "old").await.expect(200);
    for (document, version, words) in [
        (&document, &dated, "has its date"),
        (&timeless, &study, "do not expire"),
        (&document, &withdrawn, "was withdrawn"),
    ] {
        let refused = state(&app, &version_path(document, version, "date-waiver"), &broker, "none").await;
        assert_eq!(refused.problem(), "conflict");
        assert!(refused.json()["detail"].as_str().unwrap().contains(words), "{refused:?}");
    }
}

async fn a_closed_room_takes_no_statement(app: TestApp) {
    let (document, room, broker) = app.empty_document("FENDER_CERT").await;
    let uploaded = app.version(&document, &broker, "fenders", &[]).await;
    for phase in ["clearance", "planning", "arrival", "mooring", "transfer", "unmooring", "documents", "closed"] {
        let asked = json!({ "phase": phase, "override": true, "reason": "a test" });
        app.post(&format!("{room}/phase"), &broker).json(asked).send().await.expect(200);
    }
    for statement in ["withdraw", "date-waiver"] {
        let refused = state(&app, &version_path(&document, &uploaded, statement), &broker, "late").await;
        assert_eq!(refused.problem(), "conflict");
        assert!(refused.json()["detail"].as_str().unwrap().starts_with("The room is closed"), "{refused:?}");
    }
}
