//! Rows that somebody added or changed, and that have the place of a row to come: they go, and the operation succeeds.

use room::Role;
use serde_json::{Value, json};
use sts_clearance::{
    db::{Dialect, projections::TABLES},
    domain::fsck::{self, Mode, Watch},
};

use crate::{
    harness::{IMO, PASSWORD, TestApp, on_both_databases},
    projections::{all_tables, drop_triggers, takes},
};

on_both_databases! {
    TestApp:
    a_row_with_the_key_of_one_to_come_goes,
    a_version_or_a_decision_with_the_place_of_one_to_come_goes,
    a_hold_or_an_account_with_the_place_of_one_to_come_goes,
    a_row_that_the_log_knows_is_put_right_and_not_removed,
    rows_that_rows_refer_to_are_stored_again_and_those_that_refer_to_them_go,
    triggers_are_as_before,
}

/// The unique keys of the tables that repeat a log, which the tests here forge: how many each table has.
const KEYS: [(&str, usize); 8] = [
    ("approvals", 1),
    ("decisions", 1),
    ("document_versions", 2),
    ("documents", 1),
    ("holds", 1),
    ("parties", 1),
    ("users", 1),
    ("vessels", 1),
];

#[tokio::test]
async fn every_unique_key_is_known() {
    let app = TestApp::on_sqlite().await;
    for table in all_tables() {
        let name = table.name;
        let count = app.app.db.read(async |tx| {
            let sql = "SELECT COUNT(*) FROM pragma_index_list(?1) WHERE \"unique\" AND origin <> 'pk'";
            tx.one(sql, &[&name]).await?.get::<i64>(0)
        });
        let known = KEYS.iter().find(|(table, _)| *table == name).map_or(0, |(_, keys)| *keys);
        assert_eq!(usize::try_from(count.await.unwrap()).unwrap(), known, "{name}; see in_the_way.rs in src/db");
    }
    assert!(TABLES.len() > KEYS.len());
}

struct Nobody;

impl Watch for Nobody {}

async fn damage(app: &TestApp) -> Vec<String> {
    let outcome = fsck::run(&app.app, Mode::Look, &mut Nobody).await.unwrap();
    outcome.findings.iter().filter(|finding| finding.is_damage()).map(ToString::to_string).collect()
}

async fn forge(app: &TestApp, sql: &str) {
    app.tampered();
    assert!(takes(app, sql.to_owned()).await, "{sql}");
}

const GHOST: &str = "'00000000-0000-7000-8000-000000000001'";

/// Adds a forged row with the address of a party to come, and returns that party.
async fn forge_carol(app: &TestApp) -> Value {
    let sql = format!(
        "INSERT INTO parties (id, room_id, role, name, email, added_at)
         SELECT {GHOST}, id, 'broker', 'Mallory', 'carol@example.com', created_at FROM rooms"
    );
    forge(app, &sql).await;
    json!({ "role": "seller", "name": "Carol", "email": "carol@example.com" })
}

async fn a_row_with_the_key_of_one_to_come_goes(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let path = format!("/rooms/{room}");

    let carol = forge_carol(&app).await;
    app.post(&format!("{path}/parties"), &broker).json(carol).send().await.expect(201);

    // With slots and an approval that refer to it.
    forge(
        &app,
        &format!(
            "INSERT INTO vessels (id, room_id, name, role, status, imo_number, added_at)
        SELECT {GHOST}, id, 'Ghost', 'receiving', 'active', '{}', created_at FROM rooms",
            IMO[0]
        ),
    )
    .await;
    forge(
        &app,
        &format!(
            "INSERT INTO documents (id, room_id, vessel_id, document_type, position, name, category,
            requirement, criticality, gate, opened_at)
        SELECT {GHOST}, room_id, {GHOST}, 'Q88', position, name, category, requirement, criticality, gate, opened_at
        FROM documents LIMIT 1"
        ),
    )
    .await;
    forge(
        &app,
        &format!(
            "INSERT INTO approvals (id, room_id, vessel_id, party, role, status, decided_at)
        SELECT {GHOST}, id, {GHOST}, 'owner@example.com', 'owner', 'approved', created_at FROM rooms"
        ),
    )
    .await;
    let star = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;

    forge(
        &app,
        &format!(
            "INSERT INTO approvals (id, room_id, vessel_id, party, role, status, decided_at)
        SELECT {GHOST}, room_id, id, 'owner@example.com', 'owner', 'approved', added_at FROM vessels"
        ),
    )
    .await;
    let rejected = json!({ "vessel_id": star, "status": "rejected", "reason": "no" });
    app.post(&format!("{path}/approvals"), &owner).json(rejected).send().await.expect(201);

    // A slot that another cargo asks for.
    let slot = format!("INSERT INTO documents (id, room_id, vessel_id, document_type, position, name, category,
            requirement, criticality, gate, opened_at)
        SELECT {GHOST}, d.room_id, '{star}', 'COF', d.position, d.name, d.category, d.requirement, d.criticality, d.gate,
               d.opened_at FROM documents d LIMIT 1");
    forge(&app, &slot).await;
    app.patch(&path, &broker).json(json!({ "cargo_profile": "chem" })).send().await.expect(200);
    assert_eq!(damage(&app).await, Vec::<String>::new());
}

async fn a_version_or_a_decision_with_the_place_of_one_to_come_goes(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let star = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let document = app.document(&room, &broker, "Q88", Some(&star)).await;
    let id = document.rsplit('/').next().unwrap();
    forge(
        &app,
        &format!(
            "INSERT INTO document_versions (id, document_id, number, file_url, file_name, file_kind,
            file_size, sha256, expiry_assumed, uploaded_by, uploader_role, uploaded_at)
        SELECT {GHOST}, id, 1, 'rooms/forged', 'forged.pdf', 'pdf', 9, {}, FALSE, 'mallory@example.com', 'broker',
               opened_at FROM documents WHERE id = '{id}'",
            bytes(&app)
        ),
    )
    .await;
    forge(
        &app,
        &format!(
            "INSERT INTO decisions (id, version_id, seq, party, role, verdict, decided_at)
        SELECT {GHOST}, id, 0, 'owner@example.com', 'owner', 'approved', uploaded_at FROM document_versions"
        ),
    )
    .await;
    app.version(&document, &broker, "particulars", &[]).await;
    forge(
        &app,
        &format!(
            "INSERT INTO decisions (id, version_id, seq, party, role, verdict, decided_at)
        SELECT {GHOST}, id, 0, 'owner@example.com', 'owner', 'approved', uploaded_at FROM document_versions"
        ),
    )
    .await;
    app.post(&format!("{document}/reject"), &owner).json(json!({ "reason": "no" })).send().await.expect(200);
    assert_eq!(damage(&app).await, Vec::<String>::new());
}

async fn a_hold_or_an_account_with_the_place_of_one_to_come_goes(app: TestApp) {
    let (room, _) = app.room().await;
    let ada = app.user("ada@example.com", Role::Admin).await;
    let path = format!("/rooms/{room}");
    forge(
        &app,
        &format!(
            "INSERT INTO holds (id, room_id, reason, placed_by, placed_at)
        SELECT {GHOST}, id, 'Forged', 'mallory@example.com', created_at FROM rooms"
        ),
    )
    .await;
    app.post(&format!("{path}/holds"), &ada).json(json!({ "reason": "Claim" })).send().await.expect(201);

    // With a session that is its own.
    forge(
        &app,
        &format!(
            "INSERT INTO users (id, email, name, role, password_hash, disabled, created_at,
            must_change_password)
        SELECT {GHOST}, 'eve@example.com', 'Mallory', 'admin', password_hash, disabled, created_at, must_change_password
        FROM users WHERE email = 'broker@example.com'"
        ),
    )
    .await;
    app.session("eve@example.com").await;
    let eve = json!({ "email": "eve@example.com", "name": "Eve", "role": "broker", "password": PASSWORD });
    app.post("/users", &ada).json(eve).send().await.expect(201);
    app.sign_in("eve@example.com").await;
    assert_eq!(damage(&app).await, Vec::<String>::new());
}

fn bytes(app: &TestApp) -> String {
    let hex = "00".repeat(32);
    match app.app.db.dialect() {
        Dialect::Sqlite => format!("x'{hex}'"),
        Dialect::Postgres => format!("decode('{hex}', 'hex')"),
    }
}

async fn a_row_that_the_log_knows_is_put_right_and_not_removed(app: TestApp) {
    let (room, broker) = app.room().await;
    let ada = app.user("ada@example.com", Role::Admin).await;
    let path = format!("/rooms/{room}");
    forge(&app, "UPDATE parties SET email = 'carol@example.com' WHERE email = 'buyer@example.com'").await;
    let carol = json!({ "role": "seller", "name": "Carol", "email": "carol@example.com" });
    app.post(&format!("{path}/parties"), &broker).json(carol).send().await.expect(201);
    // The account keeps its password, of which the log has only a hash, and its session.
    let bob = app.user("bob@example.com", Role::Broker).await;
    forge(&app, "UPDATE users SET email = 'eve@example.com' WHERE email = 'bob@example.com'").await;
    let eve = json!({ "email": "eve@example.com", "name": "Eve", "role": "broker", "password": PASSWORD });
    app.post("/users", &ada).json(eve).send().await.expect(201);
    app.get("/auth/sessions", &bob).send().await.expect(200);
    app.sign_in("bob@example.com").await;
    // A hold that was lifted in the log's sight is none in force, and keeps its reason.
    let document = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&document, &broker, "one", &[]).await;
    app.app.db.write(drop_triggers).await.unwrap();
    forge(&app, "UPDATE document_versions SET number = 2").await;
    app.version(&document, &broker, "two", &[]).await;
    let versions = app.get(&format!("{document}/versions"), &broker).send().await.expect(200);
    let numbers: Vec<_> = versions.as_array().unwrap().iter().map(|version| version["number"].clone()).collect();
    assert_eq!(numbers, [2, 1].map(Value::from));
    let found = damage(&app).await;
    assert!(found.iter().all(|finding| finding.contains("trigger")), "{found:#?}");
}

async fn rows_that_rows_refer_to_are_stored_again_and_those_that_refer_to_them_go(app: TestApp) {
    let (room, broker) = app.room().await;
    let ada = app.user("ada@example.com", Role::Admin).await;
    let path = format!("/rooms/{room}");
    let document = app.document(&room, &broker, "COMPAT", None).await;
    forge(&app, "DELETE FROM documents").await;
    app.version(&document, &broker, "a study", &[]).await;
    fsck::run(&app.app, Mode::Repair, &mut Nobody).await.unwrap();
    // A vessel that goes, and an approval of it that is forged.
    let star = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    forge(
        &app,
        &format!(
            "INSERT INTO approvals (id, room_id, vessel_id, party, role, status, decided_at)
        SELECT {GHOST}, room_id, id, 'owner@example.com', 'owner', 'approved', added_at FROM vessels"
        ),
    )
    .await;
    app.delete(&format!("{path}/vessels/{star}"), &ada).send().await.expect(204);
    // A hold that is forged, which the trigger on snapshots believes.
    let (_, snapshot) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    forge(
        &app,
        &format!(
            "INSERT INTO holds (id, room_id, reason, placed_by, placed_at)
        SELECT {GHOST}, id, 'Forged', 'mallory@example.com', created_at FROM rooms"
        ),
    )
    .await;
    app.delete(&snapshot, &ada).send().await.expect(200);
    forge(&app, "DELETE FROM holds").await;
    assert_eq!(damage(&app).await, Vec::<String>::new());
}

async fn triggers_are_as_before(app: TestApp) {
    let (room, broker) = app.room().await;
    let carol = forge_carol(&app).await;
    app.post(&format!("/rooms/{room}/parties"), &broker).json(carol).send().await.expect(201);
    let document = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&document, &broker, "a study", &[]).await;
    assert!(!takes(&app, "UPDATE document_versions SET number = 9".to_owned()).await);
    assert!(!takes(&app, "DELETE FROM document_versions".to_owned()).await);
    assert_eq!(damage(&app).await, Vec::<String>::new());
}
