//! One STS operation from nomination to closed, with six people, through HTTP alone.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use report::record;
use room::Role;
use serde_json::{Value, json};

use crate::harness::{IMO, TestApp, on_both_databases, pdf};

on_both_databases! {
    TestApp:
    an_operation_goes_from_nomination_to_closed_and_its_record_tells_all_of_it,
}

/// The people: name, role, and the side that each acts for.
const CAST: [(&str, Role, Option<&str>); 6] = [
    ("broker", Role::Broker, None),
    ("owner", Role::Owner, Some("discharging")),
    ("receiver", Role::Owner, Some("receiving")),
    ("charterer", Role::Charterer, Some("receiving")),
    ("seller", Role::Seller, Some("discharging")),
    ("buyer", Role::Buyer, Some("receiving")),
];

/// A room and the application it is in.
struct Operation {
    app: TestApp,
    room: String,
    /// What was seen right after each phase began.
    seen: Mutex<Vec<Seen>>,
}

/// What a party sees of the room at an instant: the answers to its requests.
struct Seen {
    at: String,
    summary: Value,
    documents: Vec<Value>,
    vessels: Value,
    parties: Value,
    approvals: Value,
}

impl Operation {
    async fn open(app: TestApp) -> Self {
        for (name, role, _) in CAST {
            app.user(&format!("{name}@example.com"), role).await;
        }
        let parties: Vec<Value> = CAST[1..]
            .iter()
            .map(|(name, role, side)| {
                json!({ "role": role, "name": name, "email": format!("{name}@example.com"), "side": side })
            })
            .collect();
        let mut asked = crate::harness::new_room(&parties);
        asked["planned_duration_hours"] = 36.into();
        let room = app.post("/rooms", &app.session("broker@example.com").await).json(asked).send().await.expect(201);
        let room = room["id"].as_str().unwrap().to_owned();
        Self { app, room, seen: Mutex::default() }
    }

    /// Opens a new session: requests are so far apart that an earlier one would have timed out.
    async fn token(&self, who: &str) -> String {
        self.app.session(&format!("{who}@example.com")).await
    }

    fn path(&self, rest: &str) -> String {
        format!("/rooms/{}/{rest}", self.room)
    }

    async fn get(&self, who: &str, rest: &str) -> Value {
        self.app.get(&self.path(rest), &self.token(who).await).send().await.expect(200)
    }

    /// Moves the clock by two minutes and sends the request.
    async fn post(&self, who: &str, rest: &str, body: Value, status: u16) -> Value {
        self.app.later(Duration::from_mins(2));
        self.app.post(&self.path(rest), &self.token(who).await).json(body).send().await.expect(status)
    }

    async fn upload(&self, who: &str, document: &Value, words: &str, expires_on: &str) -> Value {
        self.app.later(Duration::from_mins(2));
        let rest = format!("documents/{}/versions", document["id"].as_str().unwrap());
        let form = self.app.post(&self.path(&rest), &self.token(who).await);
        let name = format!("{}.pdf", document["document_type"].as_str().unwrap());
        form.upload(&name, &pdf(words), &[("expires_on", expires_on)]).send().await.expect(201)
    }

    /// Uploads and approves every document that blocks the next phase.
    async fn resolve_blockers(&self) {
        let summary = self.get("broker", "summary").await;
        let blockers = summary["blockers"].as_array().unwrap().iter();
        let blocking: Vec<_> = blockers.map(|blocker| blocker["document_id"].clone()).collect();
        let vessels = self.get("broker", "vessels").await;
        for document in self.app.documents(&self.room, &self.token("broker").await).await {
            if !blocking.contains(&document["id"]) {
                continue;
            }
            let (by, judge) = match &document["vessel_id"] {
                Value::Null => ("broker", "charterer"),
                vessel if *vessel == vessels[0]["id"] => ("owner", "receiver"),
                _ => ("receiver", "owner"),
            };
            if document["status"] != "under_review" {
                self.upload(by, &document, "a paper", "2027-12-31").await;
            }
            let rest = format!("documents/{}/approve", document["id"].as_str().unwrap());
            self.post(judge, &rest, json!({}), 200).await;
        }
    }

    async fn advance(&self, phase: &str) -> Value {
        let moved = self.post("broker", "phase", json!({ "phase": phase }), 200).await;
        let seen = Seen {
            at: self.app.app.now().to_string(),
            summary: self.get("buyer", "summary").await,
            documents: self.app.documents(&self.room, &self.token("buyer").await).await,
            vessels: self.get("buyer", "vessels").await,
            parties: self.get("buyer", "parties").await,
            approvals: self.get("buyer", "approvals").await,
        };
        self.seen.lock().unwrap().push(seen);
        moved
    }

    /// Takes a snapshot of the room as of an instant, and returns what is drawn of it.
    async fn drawn_as_of(&self, at: &str) -> Value {
        let asked = json!({ "as_of": at, "snapshot_type": "json" });
        let snapshot = self.app.snapshot(&self.room, &self.token("charterer").await, asked).await;
        let record = record::read(&self.app.record_of(snapshot["id"].as_str().unwrap()).await).unwrap();
        serde_json::to_value(record).unwrap()
    }

    async fn find(&self, kind: &str, vessel: Option<&str>) -> Value {
        let path = self.app.document(&self.room, &self.token("broker").await, kind, vessel).await;
        self.app.get(&path, &self.token("broker").await).send().await.expect(200)
    }

    /// Tries to enter the next phase, and returns the refusal.
    async fn refused(&self, phase: &str) -> String {
        let refused = self.post("broker", "phase", json!({ "phase": phase }), 409).await;
        refused["detail"].as_str().unwrap().to_owned()
    }
}

async fn an_operation_goes_from_nomination_to_closed_and_its_record_tells_all_of_it(app: TestApp) {
    let operation = Operation::open(app).await;
    nominate(&operation).await;
    clear(&operation).await;
    plan(&operation).await;
    transfer(&operation).await;

    let closed = operation.advance("closed").await;
    assert!(closed["snapshot_id"].is_string(), "{closed}");
    let late =
        operation.post("owner", "approvals", json!({ "vessel_id": operation.room, "status": "pending" }), 409).await;
    assert!(late["detail"].as_str().unwrap().starts_with("The room is closed"), "{late}");

    let asked = json!({ "title": "At the end", "snapshot_type": "json" });
    let snapshot = operation.app.snapshot(&operation.room, &operation.token("charterer").await, asked).await;
    // As it is drawn: in what is stored, ids are keys, and their order differs from run to run.
    let record = record::read(&operation.app.record_of(snapshot["id"].as_str().unwrap()).await).unwrap();
    insta::allow_duplicates! {
        insta::assert_snapshot!("final_record", lines(&without_chance(&serde_json::to_value(record).unwrap())));
    }
    let seen = operation.seen.lock().unwrap().split_off(0);
    assert_eq!(seen.len(), 7, "one for each phase but the first");
    for then in seen {
        shows_what_was_seen(&operation.drawn_as_of(&then.at).await, &then);
    }
}

/// Checks that what is drawn of the room as of an instant is what a party saw then.
fn shows_what_was_seen(drawn: &Value, then: &Seen) {
    let Seen { at, summary, documents, vessels, parties, approvals } = then;
    let fields = |row: &Value, names: &[&str]| names.iter().map(|name| row[name].clone()).collect::<Value>();
    let rows = |rows: &Value, names: &[&str]| {
        let rows = rows.as_array().unwrap().iter();
        let told: BTreeMap<_, _> = rows.map(|row| (row["id"].to_string(), fields(row, names))).collect();
        told
    };
    let of_room = ["title", "location", "sts_eta", "phase"];
    assert_eq!(fields(&drawn["room"], &of_room), fields(summary, &of_room), "as of {at}");
    let standing = ["progress_percentage", "total_required_docs", "resolved_required_docs", "next_phase"];
    assert_eq!(fields(&drawn["standing"], &standing), fields(summary, &standing), "as of {at}");
    let blocker = ["kind", "detail", "document_id", "vessel_id"];
    let blockers = |of: &Value| of["blockers"].as_array().unwrap().iter().map(|it| fields(it, &blocker)).collect();
    let (told, seen): (Vec<Value>, Vec<Value>) = (blockers(&drawn["standing"]), blockers(summary));
    assert_eq!(told, seen, "as of {at}");
    let of_vessel = ["name", "role", "imo_number", "flag"];
    assert_eq!(rows(&drawn["vessels"], &of_vessel), rows(vessels, &of_vessel), "as of {at}");
    let of_party = ["name", "email", "role", "side"];
    assert_eq!(rows(&drawn["parties"], &of_party), rows(parties, &of_party), "as of {at}");
    let of_document = ["document_type", "vessel_id", "gate", "status"];
    assert_eq!(rows(&drawn["documents"], &of_document), rows(&json!(documents), &of_document), "as of {at}");
    let of_approval = ["vessel_id", "role", "status"];
    assert_eq!(rows(&drawn["approvals"], &of_approval), rows(approvals, &of_approval), "as of {at}");
    for document in documents {
        let mut all = drawn["documents"].as_array().unwrap().iter();
        let versions = all.find(|told| told["id"] == document["id"]).unwrap()["versions"].as_array().unwrap();
        assert_eq!(versions.len(), usize::try_from(document["version_count"].as_u64().unwrap()).unwrap(), "as of {at}");
        for version in versions.iter().filter(|version| version["number"] == document["newest"]["number"]) {
            assert_eq!(version["sha256"], document["newest"]["sha256"], "as of {at}: {document}");
        }
    }
}

/// Adds the two vessels of the transfer, and a third that only assists.
async fn nominate(operation: &Operation) {
    let refused = operation.refused("clearance").await;
    assert!(refused.contains("No discharging vessel is named; No receiving vessel is named"), "{refused}");
    for (name, role, imo) in [("Aegean Star", "discharging", IMO[0]), ("Northern Light", "receiving", IMO[1])] {
        let asked = json!({ "name": name, "role": role, "imo_number": imo, "flag": "Malta", "length_m": 249.9 });
        operation.post("broker", "vessels", asked, 201).await;
    }
    let barge = json!({ "name": "Fender barge", "role": "other", "no_imo_reason": "an unpowered barge" });
    operation.post("broker", "vessels", barge, 201).await;
    let moved = operation.advance("clearance").await;
    assert_eq!((&moved["from"], &moved["snapshot_id"]), (&json!("nomination"), &Value::Null));
}

/// Documents are rejected and replaced, approved on subjects, waived, and in the end complete; the vessels are cleared.
async fn clear(operation: &Operation) {
    let vessels = operation.get("broker", "vessels").await;
    let [discharging, receiving] = [0, 1].map(|at| vessels[at]["id"].as_str().unwrap().to_owned());
    let q88 = operation.find("Q88", Some(&discharging)).await;
    let q88_path = format!("documents/{}", q88["id"].as_str().unwrap());
    operation.upload("owner", &q88, "first", "2026-12-20").await;
    operation.post("receiver", &format!("{q88_path}/reject"), json!({ "reason": "section 8 is missing" }), 200).await;
    operation.upload("owner", &q88, "second", "2026-12-20").await;
    let subjects = json!({ "subjects": "the manifold to be measured on arrival" });
    let approved = operation.post("receiver", &format!("{q88_path}/approve"), subjects, 200).await;
    assert_eq!(approved["status"], "approved");
    let clc = operation.find("CLC", Some(&receiving)).await;
    let waiver = format!("documents/{}/waiver", clc["id"].as_str().unwrap());
    operation.post("broker", &waiver, json!({ "reason": "in ballast" }), 200).await;
    assert!(operation.refused("planning").await.contains("and"), "much is missing");

    operation.resolve_blockers().await;
    let refused = operation.refused("planning").await;
    assert!(refused.contains("Aegean Star has not been cleared by the other side"), "{refused}");
    for (who, vessel_id, status) in [
        ("receiver", &discharging, json!({ "status": "approved_with_subjects", "subjects": "tugs on standby" })),
        ("owner", &receiving, json!({ "status": "approved" })),
    ] {
        let mut asked = status;
        asked["vessel_id"] = json!(vessel_id);
        operation.post(who, "approvals", asked, 201).await;
    }
    let clearance = operation.get("buyer", "clearance").await;
    assert_eq!([&clearance[0]["cleared"], &clearance[1]["cleared"]], [true, true]);
    assert_eq!(clearance[0]["open"][0]["email"], "charterer@example.com");
    let cleared = operation.advance("planning").await;
    assert!(cleared["snapshot_id"].is_string(), "the clearance is frozen: {cleared}");
}

/// The notice to the coastal State is given, the ETA moves, and a revised notice follows.
async fn plan(operation: &Operation) {
    operation.resolve_blockers().await;
    operation.advance("arrival").await;
    let notice = |summary: &Value| summary["clocks"]["coastal_notice"]["state"].clone();
    assert_eq!(notice(&operation.get("seller", "summary").await), "given");
    let path = format!("/rooms/{}", operation.room);
    let moved = json!({ "sts_eta": "2026-12-01T21:00:00Z" });
    operation.app.later(Duration::from_mins(1));
    operation.app.patch(&path, &operation.token("broker").await).json(moved).send().await.expect(200);
    let summary = operation.get("seller", "summary").await;
    assert_eq!(notice(&summary), "revise");
    let document = operation.find("NOTIF_48H", None).await;
    operation.upload("broker", &document, "revised", "").await;
    assert_eq!(notice(&operation.get("seller", "summary").await), "given");
    let cockpit = operation.app.get("/cockpit", &operation.token("charterer").await).send().await.expect(200);
    assert_eq!(cockpit[0]["waiting_for_me"][0]["document_id"], document["id"]);
    assert_eq!(cockpit[0]["overdue"][0]["document_id"], document["id"]);
    let approve = format!("documents/{}/approve", document["id"].as_str().unwrap());
    operation.post("charterer", &approve, json!({}), 200).await;
}

/// The transfer itself; one gate is overridden with a reason, and its documents follow later.
async fn transfer(operation: &Operation) {
    for phase in ["mooring", "transfer"] {
        operation.resolve_blockers().await;
        operation.advance(phase).await;
    }
    let asked = json!({ "phase": "unmooring", "override": true, "reason": "the checklist is signed on board" });
    let overridden = operation.post("broker", "phase", asked, 200).await;
    assert_eq!(overridden["overridden"].as_array().unwrap().len(), 2, "{overridden}");
    operation.resolve_blockers().await;
    operation.advance("documents").await;
    operation.resolve_blockers().await;
    let summary = operation.get("owner", "summary").await;
    assert_eq!((&summary["progress_percentage"], &summary["blockers"]), (&json!(100), &json!([])));
}

/// Formats a record with one line for each field, and one for each row of its sections.
fn lines(record: &Value) -> String {
    let mut lines = Vec::new();
    for (name, value) in record.as_object().unwrap() {
        match value.as_array() {
            Some(rows) => lines.extend(rows.iter().map(|row| format!("{name}: {row}"))),
            None => lines.push(format!("{name}: {value}")),
        }
    }
    lines.join("\n")
}

/// Replaces ids and hashes, which differ from run to run, with numbers in the order of their first appearance.
fn without_chance(record: &Value) -> Value {
    fn walk(value: &Value, seen: &mut Vec<String>) -> Value {
        match value {
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (name.clone(), walk(value, seen)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Value::Array(values) => values.iter().map(|value| walk(value, seen)).collect(),
            Value::String(text) if text.len() == 36 && text.matches('-').count() == 4 => named("id", text, seen),
            Value::String(text) if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                named("hash", text, seen)
            }
            Value::String(text) if text.starts_with("sts-clearance/") && !text.contains("record") => {
                named("log", text, seen)
            }
            other => other.clone(),
        }
    }
    fn named(kind: &str, text: &str, seen: &mut Vec<String>) -> Value {
        let at = seen.iter().position(|known| known == text).unwrap_or_else(|| {
            seen.push(text.to_owned());
            seen.len() - 1
        });
        format!("[{kind} {at}]").into()
    }
    walk(record, &mut Vec::new())
}
