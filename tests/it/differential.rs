//! Random operations, the same ones on both databases: the rows of each follow from its logs and have what their entries
//! say, and both come to the same.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    sync::Mutex,
    time::Duration,
};

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use room::Role;
use serde_json::{Value, json};
use sts_clearance::db::{
    Tx,
    projections::{PLATFORM_TABLES, TABLES, rows, rows_of_platform},
};

use crate::harness::{IMO, Reply, TestApp, Watched, follow_from_the_logs, postgres_database};

/// The number of runs, each on both databases, and of operations in each.
const RUNS: u32 = 6;
const OPERATIONS: usize = 120;
/// The seed of the operations, so that every run of the test has the same.
const SEED: [u8; 32] = [14; 32];

/// One operation: what is done, and which of the things that are there it is done to, and how.
type Operation = (u8, u8, u8);

/// What the operations have to come to, all runs together.
const ACTIONS: &[&str] = &[
    "approval_changed",
    "approval_given",
    "approval_revoked",
    "document_decided",
    "document_uploaded",
    "document_waived",
    "documents_closed",
    "documents_opened",
    "hold_lift_asked",
    "hold_placed",
    "party_added",
    "party_removed",
    "party_updated",
    "phase_changed",
    "room_updated",
    "snapshot_created",
    "snapshot_generated",
    "vessel_added",
    "version_withdrawn",
    "vessel_updated",
];

/// The kinds of operations.
const KINDS: u8 = 26;

/// A room on one of the databases, with those who act in it.
struct Scene {
    app: TestApp,
    path: String,
    tokens: Vec<String>,
}

/// The tokens of [`Scene::tokens`] by their places.
const BROKER: usize = 0;
const ADA: usize = 5;
const BEN: usize = 6;

impl Scene {
    async fn on(database_url: String) -> Self {
        let app = TestApp::with(database_url, &[]).await;
        let (room, broker) = app.room().await;
        let mut tokens = vec![broker];
        for (name, role) in [
            ("owner", Role::Owner),
            ("charterer", Role::Charterer),
            ("seller", Role::Seller),
            ("buyer", Role::Buyer),
            ("ada", Role::Admin),
            ("ben", Role::Admin),
        ] {
            tokens.push(app.user(&format!("{name}@example.com"), role).await);
        }
        let named = json!({ "must_approve": ["owner", "charterer"] });
        app.patch("/config/document-types/Q88", &tokens[ADA]).json(named).send().await.expect(200);
        app.vessel(&room, &tokens[BROKER], "Aegean Star", "discharging", IMO[0]).await;
        Self { app, path: format!("/rooms/{room}"), tokens }
    }

    /// Returns the paths of what is listed below the room, in an order that is the same on both databases.
    async fn listed(&self, what: &str) -> Vec<String> {
        let listed = self.app.get(&format!("{}/{what}?limit=100", self.path), &self.tokens[ADA]).send().await;
        let listed = listed.json();
        let id = |thing: &Value| thing["id"].as_str().map(|id| format!("{}/{what}/{id}", self.path));
        listed.as_array().into_iter().flatten().filter_map(id).collect()
    }

    async fn any(&self, what: &str, which: u8) -> Option<String> {
        let listed = self.listed(what).await;
        let at = usize::from(which) % listed.len().max(1);
        listed.get(at).cloned()
    }

    /// Returns one of the guests, who alone are removed and get other roles and addresses: those who act are needed.
    async fn guest(&self) -> Option<String> {
        let parties =
            self.app.get(&format!("{}/parties?limit=100", self.path), &self.tokens[BROKER]).send().await.json();
        let guest = parties.as_array()?.iter().find(|party| party["name"] == "Guest")?;
        Some(format!("{}/parties/{}", self.path, guest["id"].as_str()?))
    }

    async fn post(&self, path: String, who: usize, body: Value) -> Reply {
        self.app.post(&path, &self.tokens[who]).json(body).send().await
    }

    /// Does one operation. Some are refused, since they are drawn blindly; none may fail.
    async fn run(&self, (kind, a, b): Operation) {
        let status = match kind {
            0..=8 => self.change_room(kind, a, b).await,
            9..=16 | 24 => self.change_papers(kind, a, b).await,
            _ => self.change_the_rest(kind, a, b).await,
        };
        assert!(status < 500, "{:?} is answered {status}", (kind, a, b));
    }

    async fn change_room(&self, kind: u8, a: u8, b: u8) -> u16 {
        let (app, broker) = (&self.app, &self.tokens[BROKER]);
        let room = self.path.as_str();
        match kind {
            0 => {
                let cargo = ["oil", "chem", "bulk"][usize::from(a) % 3];
                let change = json!({ "title": format!("STS {b}"), "cargo_profile": cargo, "description": null });
                app.patch(room, broker).json(change).send().await.status
            }
            1 => {
                let party =
                    json!({ "role": "seller", "name": "Guest", "email": format!("guest{}@example.com", a % 4) });
                self.post(format!("{room}/parties"), BROKER, party).await.status
            }
            2 | 3 => {
                let Some(party) = self.any("parties", a).await else { return 0 };
                let side = [json!("discharging"), json!("receiving"), Value::Null][usize::from(b) % 3].clone();
                let change = json!({ "company": format!("Company {b}"), "side": side });
                app.patch(&party, broker).json(change).send().await.status
            }
            4 => {
                let Some(guest) = self.guest().await else { return 0 };
                app.delete(&guest, broker).send().await.status
            }
            5 => {
                let role = ["receiving", "other"][usize::from(b) % 2];
                let vessel = json!({ "name": format!("Vessel {a}"), "role": role, "imo_number": IMO[1 + usize::from(a) % 2],
                    "length_m": f64::from(b) + 0.5 });
                self.post(format!("{room}/vessels"), BROKER, vessel).await.status
            }
            6 => {
                let Some(vessel) = self.any("vessels", a).await else { return 0 };
                let status = ["active", "withdrawn"][usize::from(b) % 2];
                let change =
                    json!({ "status": status, "flag": format!("F{b}"), "draught_m": f64::from(b) / 16.0 + 1.0 });
                app.patch(&vessel, broker).json(change).send().await.status
            }
            7 => {
                let Some(vessel) = self.any("vessels", a).await else { return 0 };
                app.delete(&vessel, &self.tokens[ADA]).send().await.status
            }
            _ => {
                let phase = ["clearance", "planning", "arrival", "nomination"][usize::from(a) % 4];
                let change = json!({ "phase": phase, "override": true, "reason": "drawn by lot" });
                self.post(format!("{room}/phase"), BROKER, change).await.status
            }
        }
    }

    async fn change_papers(&self, kind: u8, a: u8, b: u8) -> u16 {
        let who = usize::from(b) % 5;
        let Some(document) = self.any("documents", a % 5).await else { return 0 };
        match kind {
            9..=11 => {
                let notes = format!("notes {b}");
                let words = format!("words {}", b % 8);
                let upload = self.app.post(&format!("{document}/versions"), &self.tokens[who]);
                upload.upload("paper.pdf", &crate::harness::pdf(&words), &[("notes", &notes)]).send().await.status
            }
            12 => self.post(format!("{document}/approve"), who, json!({})).await.status,
            13 => {
                self.post(format!("{document}/approve"), who, json!({ "subjects": format!("subject {b}") }))
                    .await
                    .status
            }
            14 => self.post(format!("{document}/reject"), who, json!({ "reason": format!("reason {b}") })).await.status,
            24 => {
                let versions =
                    self.app.get(&format!("{document}/versions?limit=100"), &self.tokens[ADA]).send().await.json();
                let versions = versions.as_array().cloned().unwrap_or_default();
                let Some(version) = versions.get(usize::from(b) % versions.len().max(1)) else { return 0 };
                let path = format!("{document}/versions/{}/withdraw", version["id"].as_str().unwrap_or_default());
                self.post(path, who, json!({ "reason": format!("withdrawn {b}") })).await.status
            }
            15 => self.post(format!("{document}/waiver"), BROKER, json!({ "reason": "not needed" })).await.status,
            _ => self.app.delete(&format!("{document}/waiver"), &self.tokens[BROKER]).send().await.status,
        }
    }

    async fn change_the_rest(&self, kind: u8, a: u8, b: u8) -> u16 {
        let (app, room, who) = (&self.app, self.path.as_str(), usize::from(b) % 3);
        match kind {
            17 => {
                let Some(vessel) = self.any("vessels", a).await else { return 0 };
                let id = vessel.rsplit('/').next().unwrap_or_default();
                let approval =
                    json!({ "vessel_id": id, "status": "approved_with_subjects", "subjects": format!("s{b}") });
                self.post(format!("{room}/approvals"), who, approval).await.status
            }
            18 => {
                let Some(approval) = self.any("approvals", a).await else { return 0 };
                let change = json!({ "status": "rejected", "reason": format!("r{b}") });
                let mut status = 0;
                // Only the party that gave it changes it.
                for token in &self.tokens[..3] {
                    status = status.max(app.put(&approval, token).json(change.clone()).send().await.status);
                }
                status
            }
            19 => {
                let Some(approval) = self.any("approvals", a).await else { return 0 };
                self.post(format!("{approval}/revoke"), BROKER, json!({ "reason": "sold" })).await.status
            }
            20 => {
                let taken = self.post(format!("{room}/snapshots"), BROKER, json!({ "snapshot_type": "json" })).await;
                app.work().await;
                taken.status
            }
            21 => {
                let Some(snapshot) = self.any("snapshots", a).await else { return 0 };
                app.delete(&snapshot, &self.tokens[[ADA, BEN][usize::from(b) % 2]]).send().await.status
            }
            22 => {
                let Some(hold) = self.any("holds", a).await else {
                    return self.post(format!("{room}/holds"), ADA, json!({ "reason": "Claim 4711" })).await.status;
                };
                let lift = app.delete(&hold, &self.tokens[[ADA, BEN][usize::from(b) % 2]]);
                lift.json(json!({ "reason": format!("settled {b}") })).send().await.status
            }
            25 => {
                let Some(guest) = self.guest().await else { return 0 };
                let roles =
                    [json!(["seller"]), json!(["buyer", "owner"]), json!(["broker"])][usize::from(b) % 3].clone();
                let change = json!({ "roles": roles, "email": format!("guest{}@example.com", a % 6) });
                app.patch(&guest, &self.tokens[BROKER]).json(change).send().await.status
            }
            _ => {
                // An operator corrects the clock now and then.
                if b.is_multiple_of(4) {
                    app.earlier(Duration::from_mins(7));
                } else {
                    app.later(Duration::from_mins(u64::from(a % 12)));
                }
                0
            }
        }
    }

    /// Checks that the rows have what the entries said last, and returns how many values that were.
    async fn have_what_was_said(&self) -> usize {
        let room = &self.path["/rooms/".len()..];
        let read = async |tx: &mut Tx| {
            let entries = "SELECT action, meta_json FROM activity_log WHERE room_id = ?1 ORDER BY seq";
            let mut last = BTreeMap::new();
            for row in tx.rows(entries, &[&room]).await? {
                let meta: Value = serde_json::from_str(&row.get::<String>(1)?).unwrap();
                last.extend(said(room, &row.get::<String>(0)?, &meta));
            }
            for ((table, id, column), value) in &last {
                let select = format!("SELECT CAST({column} AS TEXT) FROM {table} WHERE id = ?1");
                let Some(row) = tx.opt(&select, &[id]).await? else { continue };
                let expected = value.as_str().map(str::to_owned).or((!value.is_null()).then(|| value.to_string()));
                assert_eq!(row.get::<Option<String>>(0)?, expected, "{table}.{column} of {id}");
            }
            Ok(last.len())
        };
        self.app.app.db.read(read).await.unwrap()
    }

    /// Returns all rows and entries as text, with ids by the order in which the logs name them.
    async fn told(&self) -> Vec<String> {
        let room = self.path["/rooms/".len()..].parse().unwrap();
        let read = self.app.app.db.read(async |tx| {
            let entries = tx.rows(
                "SELECT action, actor, ts, meta_json FROM activity_log ORDER BY COALESCE(room_id, 'platform'), seq",
                &[],
            );
            let mut told = Vec::new();
            for row in entries.await? {
                let at: room::Time = row.get(2)?;
                let mut meta: Value = serde_json::from_str(&row.get::<String>(3)?).unwrap();
                // Salted, or of bytes with ids in them.
                meta.as_object_mut().unwrap().retain(|name, _| {
                    !name.ends_with("_hash")
                        && ![
                            "record_sha256",
                            "body_sha256",
                            "body_size",
                            "certificate_sha256",
                            "password_sha256",
                            "public_key",
                        ]
                        .contains(&&**name)
                });
                if let Some(shows) = meta.get_mut("shows") {
                    shows.as_object_mut().unwrap().retain(|name, _| !["root", "origin", "key"].contains(&&**name));
                }
                if meta.get("snapshot_id").is_some() {
                    let of_the_file = ["file_sha256", "file_size", "seal"];
                    meta.as_object_mut().unwrap().retain(|name, _| !of_the_file.contains(&&**name));
                }
                told.push(format!("{} {} {at} {meta}", row.get::<String>(0)?, row.get::<String>(1)?));
            }
            let mut repeated = Vec::new();
            for table in TABLES
                .iter()
                .filter(|table| !["snapshot_bodies", "snapshot_files", "snapshot_seals"].contains(&table.name))
            {
                repeated.extend(rows(tx, table, room).await?.into_iter().map(|row| (table.name, row)));
            }
            for table in PLATFORM_TABLES.iter().filter(|table| table.name == "document_types") {
                repeated.extend(rows_of_platform(tx, table).await?.into_iter().map(|row| (table.name, row)));
            }
            for (name, mut row) in repeated {
                if name == "snapshots" {
                    // The size of its file.
                    row.remove(6);
                }
                told.push(format!("{name} {row:?}"));
            }
            Ok(told)
        });
        let mut numbers = HashMap::new();
        let mut told: Vec<_> = read.await.unwrap().iter().map(|line| numbered(line, &mut numbers)).collect();
        told.sort();
        told
    }
}

/// What an entry says of a value: the table, the id of its row, the column, and what is in it from then on.
type Said = ((&'static str, String, String), Value);

/// Returns what an entry says by its own words. This knows nothing of the fold, from which the rows come: a fold that is
/// wrong is wrong in both.
fn said(room: &str, action: &str, meta: &Value) -> Vec<Said> {
    let text = |name: &str| meta[name].as_str().unwrap().to_owned();
    let changes = |table: &'static str, id: &str| {
        let changes = meta["changes"].as_object().unwrap().iter();
        changes.map(|(column, change)| ((table, id.to_owned(), column.clone()), change["to"].clone())).collect()
    };
    let both = |table: &'static str, id: String, [one, other]: [(&str, Value); 2]| {
        [one, other].map(|(column, value)| ((table, id.clone(), column.to_owned()), value)).to_vec()
    };
    let comment = ("comment", meta["comment"].clone());
    match action {
        "room_updated" => changes("rooms", room),
        "party_updated" => changes("parties", &text("party_id")).into_iter().flat_map(roles_by_column).collect(),
        "vessel_updated" => changes("vessels", &text("vessel_id")),
        "phase_changed" => vec![(("rooms", room.to_owned(), "phase".to_owned()), meta["to"].clone())],
        "approval_given" => both("approvals", text("approval_id"), [("status", meta["status"].clone()), comment]),
        "approval_changed" => both("approvals", text("approval_id"), [("status", meta["to"].clone()), comment]),
        "approval_revoked" => {
            both("approvals", text("approval_id"), [("status", json!("pending")), ("comment", Value::Null)])
        }
        "document_decided" => both("decisions", text("decision_id"), [("verdict", meta["verdict"].clone()), comment]),
        _ => Vec::new(),
    }
}

/// Returns what a list of roles is in the columns of a party: the first, and all if there are several.
fn roles_by_column(((table, id, column), value): Said) -> Vec<Said> {
    let Some(roles) = value.as_array().filter(|_| column == "roles") else { return vec![((table, id, column), value)] };
    let words: Vec<_> = roles.iter().map(|role| role.as_str().unwrap()).collect();
    let several = if words.len() > 1 { json!(words.join("|")) } else { Value::Null };
    vec![((table, id.clone(), "role".to_owned()), json!(words[0])), ((table, id, column), several)]
}

/// Replaces each UUID in a line by the number of its first appearance.
fn numbered(line: &str, numbers: &mut HashMap<String, usize>) -> String {
    let is_id = |at: usize| line.get(at..at + 36).filter(|text| uuid::Uuid::try_parse(text).is_ok());
    let (mut out, mut at) = (String::new(), 0);
    while at < line.len() {
        if let Some(id) = is_id(at) {
            let next = numbers.len();
            let _ = write!(out, "[{}]", numbers.entry(id.to_owned()).or_insert(next));
            at += 36;
        } else {
            let character = line[at..].chars().next().unwrap();
            out.push(character);
            at += character.len_utf8();
        }
    }
    out
}

#[tools::needs(postgres)]
#[test]
#[expect(clippy::print_stdout, reason = "the figures are part of what is promised")]
fn both_databases_come_to_the_same_and_their_rows_follow_from_the_logs() {
    let operations = prop::collection::vec((0..KINDS, any::<u8>(), any::<u8>()), OPERATIONS);
    let config = Config { cases: RUNS, failure_persistence: None, max_shrink_iters: 12, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &SEED));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (seen, values) = (Mutex::new(BTreeMap::new()), Mutex::new(0));
    let outcome = runner.run(&operations, |operations| {
        runtime.block_on(async {
            let mut told = Vec::new();
            for database_url in [String::new(), postgres_database().await] {
                let scene = Scene::on(database_url).await;
                let watched = scene.app.watch();
                for operation in &operations {
                    scene.run(*operation).await;
                }
                told.push(scene.told().await);
                *values.lock().unwrap() += scene.have_what_was_said().await;
                follow_from_the_logs(watched).await;
            }
            similar(&told[0], &told[1]);
            let actions = told[0].iter().filter_map(|line| line.split_once(' ')).map(|(action, _)| action.to_owned());
            actions.for_each(|action| *seen.lock().unwrap().entry(action).or_insert(0) += 1);
        });
        Ok(())
    });
    outcome.unwrap();
    let seen = seen.into_inner().unwrap();
    let values = values.into_inner().unwrap();
    println!("{RUNS} runs of {OPERATIONS} operations, seed {}, {values} values as said: {seen:?}", SEED[0]);
    // What is drawn has to do something, or nothing was compared.
    for action in ACTIONS {
        assert!(seen.contains_key(*action), "no operation came to `{action}`: {seen:?}");
    }
}

/// Fails with the first line in which the two differ.
fn similar(sqlite: &[String], postgres: &[String]) {
    for (sqlite, postgres) in sqlite.iter().zip(postgres) {
        assert_eq!(sqlite, postgres);
    }
    assert_eq!(sqlite.len(), postgres.len());
}
