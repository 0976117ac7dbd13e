//! Forged rows of every table that repeats a log: what operations decide, what is shown of a whole room and what the next
//! entry says follow the log, on every node.

use room::Role;
use serde_json::{Value, json};
use sts_clearance::{
    db::{Dialect, Tx},
    domain::{
        fsck::{self, Mode, Watch},
        log,
    },
    error::Result,
};

use crate::{
    harness::{IMO, Reply, TestApp, new_room, on_both_databases},
    projections::{all_tables, drop_triggers, furnish, other_values, takes},
};

on_both_databases! {
    TestApp:
    whatever_rows_say_a_whole_room_is_shown_as_its_log_tells_it,
    whatever_rows_say_operations_decide_by_the_log,
}

struct Nobody;

impl Watch for Nobody {}

async fn text_of(app: &TestApp, sql: &'static str) -> String {
    app.app.db.read(async |tx| tx.one(sql, &[]).await?.get(0)).await.unwrap()
}

/// What is shown of a whole room, each from the log.
const VIEWS: [&str; 5] = [
    "/rooms/{room}/documents?limit=100",
    "/rooms/{room}/summary",
    "/rooms/{room}/clearance",
    "//rooms/{room}/documents",
    "//rooms/{room}/clearance",
];

async fn views(app: &TestApp, room: &str, token: &str) -> Vec<String> {
    let mut shown = Vec::new();
    for view in VIEWS {
        let reply = app.get(&view.replace("{room}", room), token).send().await;
        assert_eq!(reply.status, 200, "{view}");
        shown.push(if view.starts_with("//") { without_keys(&reply.html()) } else { reply.json().to_string() });
    }
    shown
}

/// Returns a page without the keys of its forms, which are others each time.
fn without_keys(page: &str) -> String {
    let mut parts = page.split("name=\"once\" value=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |page, part| page + part.split_once('"').map_or("", |(_, rest)| rest))
}

/// What the admission of the one who looks is read from: its rows are checked again in each operation, not in a read.
const OF_ADMISSION: [&str; 3] = ["rooms.id", "rooms.status", "users.role"];

async fn whatever_rows_say_a_whole_room_is_shown_as_its_log_tells_it(app: TestApp) {
    furnish(&app).await;
    let other = app.another_node();
    let room = text_of(&app, "SELECT id FROM rooms").await;
    let ada = app.session("ada@example.com").await;
    let before = views(&app, &room, &ada).await;
    app.app.db.write(drop_triggers).await.unwrap();
    let dialect = app.app.db.dialect();
    for table in all_tables() {
        let mut forged = 0;
        for (column, kind) in table.columns {
            if OF_ADMISSION.contains(&&*format!("{}.{column}", table.name)) {
                continue;
            }
            // The session of the one who looks is of the account with their id and address; names are shown from rows.
            let of_others = if table.name == "users" { " WHERE email <> 'ada@example.com'" } else { "" };
            if table.name == "users" && ["id", "email", "name"].contains(column) {
                continue;
            }
            for value in other_values(table, column, *kind, dialect) {
                let sql = format!("UPDATE {} SET {column} = {value}{of_others}", table.name);
                forged += usize::from(takes(&app, sql).await);
            }
        }
        assert!(forged > 0, "nothing of {} was forged", table.name);
        for (node, name) in [(&app, "one"), (&other, "two")] {
            let now = views(node, &room, &ada).await;
            for ((view, before), now) in VIEWS.iter().zip(&before).zip(&now) {
                assert!(before == now, "forged rows of {} show in {view} of node {name}", table.name);
            }
        }
    }
}

/// A room in which each table has a row, and what is needed to act in it.
struct Scene {
    /// The nodes take turns.
    nodes: [TestApp; 2],
    room: String,
    path: String,
    broker: String,
    owner: String,
    ada: String,
    star: String,
    document: String,
    json: String,
    pdf: String,
    lift: String,
}

impl Scene {
    async fn of(app: TestApp) -> Self {
        app.tampered();
        log::keys::register(&app.app).await.unwrap();
        let (room, broker) = app.room().await;
        let ada = app.user("ada@example.com", Role::Admin).await;
        let owner = app.user("owner@example.com", Role::Owner).await;
        let path = format!("/rooms/{room}");
        let star = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
        let document = app.document(&room, &broker, "Q88", Some(&star)).await;
        app.version(&document, &broker, "particulars", &[]).await;
        app.post(&format!("{document}/approve"), &owner).json(json!({})).send().await.expect(200);
        let approval = json!({ "vessel_id": star, "status": "approved" });
        app.post(&format!("{path}/approvals"), &owner).json(approval).send().await.expect(201);
        let json = app.snapshot(&room, &broker, json!({ "snapshot_type": "json", "title": "As JSON" })).await;
        let pdf = app.snapshot(&room, &broker, json!({ "snapshot_type": "pdf", "title": "As PDF" })).await;
        let [json, pdf] = [json, pdf].map(|taken| format!("{path}/snapshots/{}", taken["id"].as_str().unwrap()));
        let snapshot = json.rsplit('/').next().unwrap();
        let hold = json!({ "reason": "Claim 4711", "snapshot_id": snapshot });
        let hold = app.post(&format!("{path}/holds"), &ada).json(hold).send().await.expect(201);
        let lift = format!("{path}/holds/{}", hold["id"].as_str().unwrap());
        app.delete(&lift, &ada).json(json!({ "reason": "Settled" })).send().await.expect(202);
        app.app.db.write(drop_triggers).await.unwrap();
        let other = app.another_node();
        Self { nodes: [app, other], room, path, broker, owner, ada, star, document, json, pdf, lift }
    }

    async fn forge(&self, sql: &str) {
        assert!(takes(&self.nodes[0], sql.to_owned()).await, "{sql}");
    }

    /// Returns what the last entry of the room says.
    async fn last_entry(&self) -> (String, Value) {
        let path = format!("{}/activities?limit=1", self.path);
        let entries = self.nodes[0].get(&path, &self.broker).send().await.expect(200);
        (entries[0]["action"].as_str().unwrap().to_owned(), entries[0]["meta"].clone())
    }

    async fn entries(&self, node: &TestApp) -> usize {
        node.actions(&self.room, &self.broker).await.len()
    }
}

/// Forges rows of one table, and shows on a node that an operation does not follow them.
async fn forge_and_operate(scene: &Scene, node: &TestApp, table: &str) -> bool {
    match table {
        "rooms" => rooms(scene, node).await,
        "parties" => parties(scene, node).await,
        "vessels" => vessels(scene, node).await,
        "documents" => documents(scene, node).await,
        "document_versions" => versions(scene, node).await,
        "version_statements" => version_statements(scene, node).await,
        "decisions" => decisions(scene, node).await,
        "approvals" => approvals(scene, node).await,
        "holds" => holds(scene, node).await,
        "confirmations" => confirmations(scene, node).await,
        "snapshots" => snapshots(scene, node).await,
        "snapshot_positions" => snapshot_positions(scene, node).await,
        "snapshot_bodies" => snapshot_bodies(scene, node).await,
        "snapshot_files" => snapshot_files(scene, node).await,
        "snapshot_seals" => snapshot_seals(scene, node).await,
        "search_texts" => search_texts(scene, node).await,
        "users" => users(scene, node).await,
        "document_types" => document_types(scene, node).await,
        "log_keys" => log_keys(scene, node).await,
        _ => return false,
    }
    true
}

async fn whatever_rows_say_operations_decide_by_the_log(app: TestApp) {
    let scene = Scene::of(app).await;
    for table in all_tables() {
        for node in &scene.nodes {
            assert!(forge_and_operate(&scene, node, table.name).await, "nothing is forged in {}", table.name);
            fsck::run(&node.app, Mode::Repair, &mut Nobody).await.unwrap();
            let outcome = fsck::run(&node.app, Mode::Look, &mut Nobody).await.unwrap();
            let damage = outcome.findings.iter().filter(|finding| finding.is_damage()).map(ToString::to_string);
            // The triggers were dropped on purpose.
            let damage: Vec<_> = damage.filter(|finding| !finding.contains("trigger")).collect();
            assert_eq!(damage, Vec::<String>::new(), "after {}", table.name);
        }
    }
}

async fn rooms(scene: &Scene, node: &TestApp) {
    scene.forge("UPDATE rooms SET phase = 'closed', title = 'Forged', location = 'Forged'").await;
    // A closed room would refuse this.
    let to = format!("Off {}", scene.entries(node).await);
    let changed = node.patch(&scene.path, &scene.broker).json(json!({ "location": to })).send().await.expect(200);
    assert_eq!((&changed["title"], &changed["phase"]), (&json!("STS Ceuta"), &json!("nomination")));
    let (action, meta) = scene.last_entry().await;
    assert_eq!(action, "room_updated");
    let (to_now, from) = (&meta["changes"]["location"]["to"], &meta["changes"]["location"]["from"]);
    assert!(*to_now == json!(to) && *from != json!("Forged"), "{meta}");
}

async fn search_texts(scene: &Scene, node: &TestApp) {
    scene.forge("UPDATE search_texts SET text = 'forged'").await;
    let to = format!("Off {}", scene.entries(node).await);
    node.patch(&scene.path, &scene.broker).json(json!({ "location": to })).send().await.expect(200);
    // The room's own row is written anew, and those of others stay until `fsck` puts them right.
    let found = node.get("/rooms?q=ceuta", &scene.broker).send().await.expect(200);
    assert_eq!(found.as_array().unwrap().len(), 1);
    let found = node.get("/rooms?q=aegean", &scene.broker).send().await.expect(200);
    assert_eq!(found, json!([]));
}

async fn parties(scene: &Scene, node: &TestApp) {
    scene.forge("UPDATE parties SET role = 'broker' WHERE email = 'owner@example.com'").await;
    let refused = node.patch(&scene.path, &scene.owner).json(json!({ "title": "Forged" })).send().await;
    assert_eq!(refused.problem(), "conflict", "the owner is no broker: {refused:?}");
    scene.forge("UPDATE parties SET role = 'owner' WHERE email = 'owner@example.com'").await;
}

async fn vessels(scene: &Scene, node: &TestApp) {
    scene.forge("UPDATE vessels SET name = 'Forged', status = 'withdrawn'").await;
    let fields: &[(&str, &str)] = &[];
    let words = format!("particulars {}", scene.entries(node).await);
    node.version(&scene.document, &scene.broker, &words, fields).await;
    let (action, meta) = scene.last_entry().await;
    assert_eq!((&*action, &meta["vessel"]), ("document_uploaded", &json!("Aegean Star")));
}

async fn documents(scene: &Scene, node: &TestApp) {
    let waiver = format!("{}/waiver", node.document(&scene.room, &scene.broker, "SIRE", Some(&scene.star)).await);
    scene.forge("UPDATE documents SET requirement = 'optional', name = 'Forged', waived_reason = NULL").await;
    let reason = format!("none {}", scene.entries(node).await);
    let reply = node.post(&waiver, &scene.broker).json(json!({ "reason": reason })).send().await;
    assert_eq!(reply.status, 200, "only a conditional document can be waived: {reply:?}");
    let (action, meta) = scene.last_entry().await;
    assert_eq!((&*action, &meta["document_type"]), ("document_waived", &json!("SIRE")));
}

async fn versions(scene: &Scene, node: &TestApp) {
    let forged = format!("UPDATE document_versions SET uploaded_by = 'mallory@example.com', sha256 = {}", zeros(node));
    scene.forge(&forged).await;
    let refused = node.post(&format!("{}/approve", scene.document), &scene.broker).json(json!({})).send().await;
    assert_eq!(refused.status, 403, "nobody decides on their own upload: {refused:?}");
    let before = scene.entries(node).await;
    let refused = node.get(&format!("{}/download", scene.document), &scene.broker).send().await;
    assert_eq!(refused.problem(), "conflict", "{refused:?}");
    assert_eq!(scene.entries(node).await, before, "nothing was sent, and nothing is logged");
}

async fn version_statements(scene: &Scene, node: &TestApp) {
    scene
        .forge(
            "INSERT INTO version_statements (version_id, withdrawn_reason, withdrawn_by, withdrawn_at)
             SELECT id, 'Forged', 'mallory@example.com', uploaded_at FROM document_versions WHERE number = 1
             ON CONFLICT (version_id) DO UPDATE SET withdrawn_reason = 'Forged', withdrawn_by = 'mallory@example.com'",
        )
        .await;
    let words = format!("of a sister ship {}", scene.entries(node).await);
    let uploaded = node.version(&scene.document, &scene.broker, &words, &[]).await;
    let withdraw = format!("{}/versions/{}/withdraw", scene.document, uploaded["version"]["id"].as_str().unwrap());
    node.post(&withdraw, &scene.broker).json(json!({ "reason": "of a sister ship" })).send().await.expect(200);
    // By the log, the version before it is in force again, whatever the rows say of it.
    let approve = format!("{}/approve", scene.document);
    let decided = node.post(&approve, &scene.ada).json(json!({ "subjects": words })).send().await;
    assert_eq!(decided.status, 200, "{decided:?}");
}

async fn decisions(scene: &Scene, node: &TestApp) {
    let approve = format!("{}/approve", scene.document);
    node.post(&approve, &scene.owner).json(json!({})).send().await.expect(200);
    scene.forge("UPDATE decisions SET verdict = 'rejected', comment = 'Forged'").await;
    let before = scene.entries(node).await;
    node.post(&approve, &scene.owner).json(json!({})).send().await.expect(200);
    assert_eq!(scene.entries(node).await, before, "the same word again adds nothing");
}

async fn approvals(scene: &Scene, node: &TestApp) {
    let again = json!({ "vessel_id": scene.star, "status": "approved" });
    takes(node, "DELETE FROM approvals".to_owned()).await;
    let refused = node.post(&format!("{}/approvals", scene.path), &scene.owner).json(again).send().await;
    assert_eq!(refused.status, 409, "{refused:?}");
}

async fn holds(scene: &Scene, node: &TestApp) {
    takes(node, "DELETE FROM holds".to_owned()).await;
    let refused = node.delete(&scene.json, &scene.ada).send().await;
    assert!(refused.json()["detail"].as_str().unwrap().contains("Claim 4711"), "{refused:?}");
}

async fn confirmations(scene: &Scene, node: &TestApp) {
    // As if another admin had asked for it, whom the first one could confirm.
    takes(node, "UPDATE users SET role = 'admin' WHERE email = 'broker@example.com'".to_owned()).await;
    scene.forge("UPDATE confirmations SET asked_by = 'broker@example.com'").await;
    let asked = node.delete(&scene.lift, &scene.ada).json(json!({ "reason": "Settled" })).send().await;
    assert_eq!(asked.status, 202, "it is asked for, and not done: {asked:?}");
    takes(node, "UPDATE users SET role = 'broker' WHERE email = 'broker@example.com'".to_owned()).await;
}

async fn snapshots(scene: &Scene, node: &TestApp) {
    scene.forge("UPDATE snapshots SET status = 'failed', file_url = NULL, file_size = 0").await;
    let refused = node.post(&format!("{}/retry", scene.pdf), &scene.broker).send().await;
    assert_eq!(refused.problem(), "conflict", "{refused:?}");
    scene.forge("UPDATE snapshots SET status = 'completed', file_url = 'rooms/forged/' || id, file_size = 9").await;
    let reply = node.get(&format!("{}/download", scene.pdf), &scene.broker).send().await;
    assert!(reply.status >= 400, "{reply:?}");
}

fn zeros(node: &TestApp) -> &'static str {
    match node.app.db.dialect() {
        Dialect::Sqlite => "zeroblob(32)",
        Dialect::Postgres => "decode(repeat('00', 32), 'hex')",
    }
}

async fn snapshot_positions(scene: &Scene, node: &TestApp) {
    let asked = json!({ "snapshot_type": "json", "title": "As it is" });
    let (taken, path) = node.take(&scene.room, &scene.broker, asked).await;
    scene.forge("UPDATE snapshot_positions SET size = 1").await;
    node.work().await;
    let file = node.get(&format!("{path}/download"), &scene.broker).send().await.expect(200);
    assert_eq!(file["record"]["log"]["size"], taken["log_size"]);
    // A forged record is drawn by nobody.
    let (taken, path) = node.take(&scene.room, &scene.broker, json!({ "snapshot_type": "json" })).await;
    let id = taken["id"].as_str().unwrap();
    scene
        .forge(&format!(
            "INSERT INTO snapshot_records (snapshot_id, sha256, body)
             SELECT '{id}', sha256, sha256 FROM snapshot_files LIMIT 1"
        ))
        .await;
    scene.forge("DELETE FROM snapshot_positions").await;
    node.work().await;
    let file = node.get(&format!("{path}/download"), &scene.broker).send().await.expect(200);
    assert_eq!(file["record"]["log"]["size"], taken["log_size"]);
}

async fn snapshot_bodies(scene: &Scene, node: &TestApp) {
    let taken = node.snapshot(&scene.room, &scene.broker, json!({ "snapshot_type": "pdf", "title": "To go" })).await;
    let path = format!("{}/snapshots/{}", scene.path, taken["id"].as_str().unwrap());
    scene.forge(&format!("UPDATE snapshot_bodies SET record_sha256 = {}, renderer = 'Forged'", zeros(node))).await;
    node.delete(&path, &scene.ada).send().await.expect(200);
    let (action, meta) = scene.last_entry().await;
    assert_eq!((&*action, &meta["record_sha256"]), ("snapshot_deleted", &taken["record_sha256"]));
}

async fn snapshot_files(scene: &Scene, node: &TestApp) {
    scene.forge(&format!("UPDATE snapshot_files SET sha256 = {}", zeros(node))).await;
    let before = scene.entries(node).await;
    for snapshot in [&scene.json, &scene.pdf] {
        let reply = node.get(&format!("{snapshot}/download"), &scene.broker).send().await;
        assert_eq!(reply.problem(), "conflict", "{reply:?}");
    }
    assert_eq!(scene.entries(node).await, before, "nothing was sent, and nothing is logged");
}

async fn snapshot_seals(scene: &Scene, node: &TestApp) {
    let taken = node.snapshot(&scene.room, &scene.broker, json!({ "snapshot_type": "pdf", "title": "To go" })).await;
    let path = format!("{}/snapshots/{}", scene.path, taken["id"].as_str().unwrap());
    scene.forge("UPDATE snapshot_seals SET signer = 'Forged', self_made = FALSE").await;
    scene.forge("UPDATE snapshots SET title = 'Forged', status = 'failed' WHERE title = 'To go'").await;
    node.delete(&path, &scene.ada).send().await.expect(200);
    let (action, meta) = scene.last_entry().await;
    assert_eq!((&*action, &meta["title"]), ("snapshot_deleted", &json!("To go")));
    assert_eq!(meta["file_sha256"], taken["file_sha256"]);
}

async fn users(scene: &Scene, node: &TestApp) {
    scene.forge("UPDATE users SET role = 'admin', name = 'Forged' WHERE email = 'owner@example.com'").await;
    let refused: [Reply; 2] = [
        node.patch(&scene.path, &scene.owner).json(json!({ "title": "Forged" })).send().await,
        node.post("/config/document-types", &scene.owner).json(document_type("FORGED")).send().await,
    ];
    assert_eq!(refused.each_ref().map(Reply::problem), ["conflict", "conflict"], "{refused:?}");
    scene.forge("UPDATE users SET role = 'broker' WHERE email = 'owner@example.com'").await;
    let refused = node.post("/rooms", &scene.owner).json(new_room(&[])).send().await;
    assert_eq!(refused.problem(), "conflict", "{refused:?}");
    scene.forge("UPDATE users SET role = 'owner' WHERE email = 'owner@example.com'").await;
    // Who opens a room is a party of it, under the name that the log has.
    scene.forge("UPDATE users SET name = 'Forged' WHERE email = 'broker@example.com'").await;
    let room = node.post("/rooms", &scene.broker).json(new_room(&[])).send().await.expect(201);
    let parties = format!("/rooms/{}/parties", room["id"].as_str().unwrap());
    let parties = node.get(&parties, &scene.broker).send().await.expect(200);
    assert_eq!(parties[0]["name"], "broker");
}

fn document_type(code: &str) -> Value {
    json!({
        "code": code, "name": code, "category": "vetting", "scope": "room", "requirement": "optional", "profiles": [],
        "criticality": "low", "validity_days": null, "warn_days": null, "gate": "clearance", "aliases": [],
        "enabled": true, "basis": ""
    })
}

async fn document_types(scene: &Scene, node: &TestApp) {
    scene
        .forge("UPDATE document_types SET name = 'Forged', requirement = 'optional', enabled = FALSE, position = 1")
        .await;
    let listed = node.get(&format!("{}/vessels", scene.path), &scene.broker).send().await.expect(200);
    let number = IMO[listed.as_array().unwrap().len()];
    let new = node.vessel(&scene.room, &scene.broker, "Northern Light", "discharging", number).await;
    let documents = node.documents(&scene.room, &scene.broker).await;
    let of = |vessel: &str| -> Vec<_> {
        let of_vessel = documents.iter().filter(|document| document["vessel_id"] == vessel);
        of_vessel
            .map(|slot| ["document_type", "name", "requirement", "gate"].map(|field| slot[field].clone()))
            .collect()
    };
    assert!(!of(&new).is_empty(), "a vessel has slots");
    assert_eq!(of(&new), of(&scene.star), "a vessel's slots are those of the catalogue as the log tells it");
}

async fn log_keys(scene: &Scene, node: &TestApp) {
    let count = async |node: &TestApp| {
        let read = node.app.db.read(async |tx: &mut Tx| -> Result<i64> {
            tx.one("SELECT COUNT(*) FROM activity_log WHERE action = 'log_key_added'", &[]).await?.get(0)
        });
        read.await.unwrap()
    };
    let before = count(node).await;
    takes(node, "DELETE FROM log_keys".to_owned()).await;
    log::keys::register(&node.app).await.unwrap();
    assert_eq!(count(node).await, before, "the log has the key already");
    assert_eq!(scene.nodes[0].app.log_key().public(), node.app.log_key().public());
}
