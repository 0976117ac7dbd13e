//! What happens in the room of the vectors: every event that a room's log can have while the room is open.

use std::time::Duration;

use room::{Event, HoldId, Log, Role, SnapshotId, fold::Request};
use serde_json::{Value, json};
use sts_clearance::domain::log::{Actor, operation};

use crate::harness::{IMO, TestApp, new_room, pdf};

/// The document types that the server of the vectors asks for; it has no others, so that files are small.
const TYPES: [&str; 6] = ["Q88", "CLC", "COMPAT", "JPO", "NOTIF_48H", "CARGO_SDS"];

/// A server with a room in which much has happened.
pub(super) struct Story {
    pub(super) app: TestApp,
    pub(super) room: String,
}

impl Story {
    /// Lets all of it happen.
    pub(super) async fn told() -> Self {
        let app = TestApp::on_sqlite().await;
        for (name, role) in [
            ("broker", Role::Broker),
            ("owner", Role::Owner),
            ("charterer", Role::Charterer),
            ("seller", Role::Seller),
            ("admin", Role::Admin),
        ] {
            app.user(&format!("{name}@example.com"), role).await;
        }
        let admin = app.session("admin@example.com").await;
        for listed in app.get("/config/document-types?limit=100", &admin).send().await.expect(200).as_array().unwrap() {
            let code = listed["code"].as_str().unwrap();
            if !TYPES.contains(&code) {
                let path = format!("/config/document-types/{code}");
                app.patch(&path, &admin).json(json!({ "enabled": false })).send().await.expect(200);
            }
        }
        for (code, roles) in [("COMPAT", ["owner", "charterer"]), ("CARGO_SDS", ["broker", "charterer"])] {
            let path = format!("/config/document-types/{code}");
            app.patch(&path, &admin).json(json!({ "must_approve": roles })).send().await.expect(200);
        }
        let parties: Vec<Value> = [("owner", "discharging"), ("charterer", "receiving"), ("seller", "discharging")]
            .iter()
            .map(|(role, side)| {
                // What the seller does names the role in which it is done.
                let roles = if *role == "seller" { vec!["seller", "buyer"] } else { vec![*role] };
                json!({ "roles": roles, "name": role, "email": format!("{role}@example.com"), "side": side })
            })
            .collect();
        let mut asked = new_room(&parties);
        // Beyond the first plane, decomposed, and what JSON escapes.
        asked["title"] = "STS Ceuta 🛢 cafe\u{301} \"A\\B\"".into();
        asked["description"] = "Two lines,\none\ttab.".into();
        let room = app.post("/rooms", &app.session("broker@example.com").await).json(asked).send().await.expect(201);
        let story = Self { app, room: room["id"].as_str().unwrap().to_owned() };
        story.parties_and_vessels().await;
        story.documents().await;
        story.documents_that_name_roles().await;
        story.approvals().await;
        story.phases().await;
        story.snapshots_and_holds().await;
        story
    }

    async fn token(&self, who: &str) -> String {
        // Fractions of a second, with zeros at their end and without.
        self.app.later(Duration::from_micros(61_250_100));
        self.app.session(&format!("{who}@example.com")).await
    }

    fn path(&self, rest: &str) -> String {
        format!("/rooms/{}{rest}", self.room)
    }

    async fn ask(&self, who: &str, method: &str, path: &str, body: Value) -> Value {
        let token = self.token(who).await;
        let reply = self.app.request(method, path, &token).json(body).send().await;
        assert!(reply.status < 300, "{method} {path}: {reply:?}");
        if reply.body.is_empty() { Value::Null } else { serde_json::from_slice(&reply.body).unwrap_or_default() }
    }

    async fn parties_and_vessels(&self) {
        let buyer = json!({ "roles": ["buyer", "owner"], "name": "Bea", "email": "buyer@example.com" });
        let buyer = self.ask("broker", "POST", &self.path("/parties"), buyer).await;
        let buyer = self.path(&format!("/parties/{}", buyer["id"].as_str().unwrap()));
        self.ask("broker", "PATCH", &buyer, json!({ "company": "Buyers & Co", "side": "receiving" })).await;
        for address in ["bea@bücher.example", "bea@example.com"] {
            self.ask("broker", "PATCH", &buyer, json!({ "email": address })).await;
        }
        self.ask("broker", "PATCH", &buyer, json!({ "roles": ["buyer", "seller", "charterer"] })).await;
        self.ask("broker", "PATCH", &buyer, json!({ "role": "buyer" })).await;
        self.ask("broker", "DELETE", &buyer, Value::Null).await;
        let details = [
            ("Aegean Star", "discharging", IMO[0], json!(244.5)),
            ("Baltic Sea", "receiving", IMO[1], json!(183)),
            ("Tug", "other", IMO[2], json!(0.1)),
        ];
        for (name, role, imo, length) in details {
            let vessel = json!({
                "name": name, "role": role, "imo_number": imo, "length_m": length, "gross_tonnage": 62_000
            });
            self.ask("broker", "POST", &self.path("/vessels"), vessel).await;
        }
        let tug = self.vessel(2).await;
        let tug = self.path(&format!("/vessels/{}", tug["id"].as_str().unwrap()));
        self.ask("broker", "PATCH", &tug, json!({ "flag": "Malta", "length_m": 30.25, "beam_m": 9 })).await;
        self.ask("broker", "PATCH", &tug, json!({ "role": "receiving" })).await;
        self.ask("broker", "PATCH", &tug, json!({ "role": "other" })).await;
        let barge = json!({ "name": "Barge", "role": "other", "no_imo_reason": "a barge" });
        let barge = self.ask("broker", "POST", &self.path("/vessels"), barge).await;
        let barge = self.path(&format!("/vessels/{}", barge["id"].as_str().unwrap()));
        self.ask("admin", "DELETE", &barge, Value::Null).await;
        let moved = json!({ "sts_eta": "2026-12-02T06:00:00.5Z", "description": null, "planned_duration_hours": 40 });
        self.ask("broker", "PATCH", &self.path(""), moved).await;
    }

    async fn vessel(&self, number: usize) -> Value {
        let token = self.token("broker").await;
        self.app.get(&self.path("/vessels"), &token).send().await.expect(200)[number].clone()
    }

    async fn documents(&self) {
        let vessel = self.vessel(0).await["id"].as_str().unwrap().to_owned();
        let token = self.token("owner").await;
        let document = self.app.document(&self.room, &token, "Q88", Some(&vessel)).await;
        for (words, verdict) in [("one", "reject"), ("two", "approve"), ("three", "approve")] {
            let token = self.token("owner").await;
            let form = self.app.post(&format!("{document}/versions"), &token);
            let fields = [("expires_on", "2027-03-31"), ("notes", "as asked")];
            form.upload("q88 é.pdf", &pdf(words), &fields).send().await.expect(201);
            let said = if verdict == "reject" { json!({ "reason": "unsigned" }) } else { json!({}) };
            self.ask("charterer", "POST", &format!("{document}/{verdict}"), said).await;
        }
        let subjects = json!({ "verdict": "approved_with_subjects", "subjects": "a new SIRE" });
        self.ask("charterer", "POST", &format!("{document}/approve"), subjects).await;
        // A file of another vessel, withdrawn, and another without a date, which needs none.
        for (words, statement, reason) in
            [("four", "withdraw", "of another vessel"), ("five", "date-waiver", "issued without one")]
        {
            let token = self.token("owner").await;
            let uploaded = self.app.version(&document, &token, words, &[]).await;
            let path = format!("{document}/versions/{}/{statement}", uploaded["version"]["id"].as_str().unwrap());
            self.ask("broker", "POST", &path, json!({ "reason": reason })).await;
        }
        self.ask("charterer", "POST", &format!("{document}/approve"), json!({})).await;
        let uploaded = self.app.version(&document, &self.token("owner").await, "six", &[]).await;
        let path = format!("{document}/versions/{}/withdraw", uploaded["version"]["id"].as_str().unwrap());
        self.ask("owner", "POST", &path, json!({ "reason": "the old one" })).await;
        // The version before it is in force again.
        self.ask("charterer", "POST", &format!("{document}/approve"), json!({ "subjects": "a survey" })).await;
        let token = self.token("seller").await;
        for _ in 0..2 {
            assert_eq!(self.app.get(&format!("{document}/download"), &token).send().await.status, 200);
        }
        let waiver = self.app.document(&self.room, &token, "CLC", Some(&vessel)).await + "/waiver";
        self.ask("broker", "POST", &waiver, json!({ "reason": "cargo below 2000 t" })).await;
        self.ask("broker", "DELETE", &waiver, Value::Null).await;
        self.ask("broker", "POST", &waiver, json!({ "reason": "it is" })).await;
    }

    /// One document that has the approval of both roles it names by one person, and one that awaits one of them.
    async fn documents_that_name_roles(&self) {
        let token = self.token("broker").await;
        let parties = self.app.get(&self.path("/parties"), &token).send().await.expect(200);
        let charterer = parties.as_array().unwrap().iter().find(|party| party["email"] == "charterer@example.com");
        let charterer = self.path(&format!("/parties/{}", charterer.unwrap()["id"].as_str().unwrap()));
        self.ask("broker", "PATCH", &charterer, json!({ "roles": ["owner", "charterer"] })).await;
        for (code, by) in [("COMPAT", "charterer"), ("CARGO_SDS", "owner"), ("CARGO_SDS", "broker")] {
            let document = self.app.document(&self.room, &token, code, None).await;
            if by != "broker" {
                let seller = self.token("seller").await;
                self.app.version(&document, &seller, code, &[("expires_on", "2027-03-31")]).await;
            }
            self.ask(by, "POST", &format!("{document}/approve"), json!({})).await;
        }
        self.ask("broker", "PATCH", &charterer, json!({ "roles": ["charterer"] })).await;
    }

    async fn approvals(&self) {
        let vessel = self.vessel(0).await["id"].clone();
        let given = json!({ "vessel_id": vessel, "status": "approved_with_subjects", "subjects": "a new SIRE" });
        let given = self.ask("charterer", "POST", &self.path("/approvals"), given).await;
        let approval = self.path(&format!("/approvals/{}", given["id"].as_str().unwrap()));
        self.ask("charterer", "PUT", &approval, json!({ "status": "approved" })).await;
        self.ask("broker", "POST", &format!("{approval}/revoke"), json!({ "reason": "the SIRE is old" })).await;
        let other = json!({ "vessel_id": self.vessel(1).await["id"], "status": "rejected", "reason": "too deep" });
        self.ask("owner", "POST", &self.path("/approvals"), other).await;
    }

    async fn phases(&self) {
        let enter = |phase: &str| json!({ "phase": phase, "override": true, "reason": "as agreed" });
        for phase in ["clearance", "planning", "arrival", "mooring", "transfer", "unmooring", "documents", "closed"] {
            self.ask("broker", "POST", &self.path("/phase"), enter(phase)).await;
        }
        self.ask("admin", "POST", &self.path("/phase"), enter("documents")).await;
    }

    async fn snapshots_and_holds(&self) {
        let token = self.token("broker").await;
        let csv = json!({ "snapshot_type": "csv", "include_activity": false });
        let snapshot = self.app.snapshot(&self.room, &token, csv).await;
        let snapshot = self.path(&format!("/snapshots/{}", snapshot["id"].as_str().unwrap()));
        assert_eq!(self.app.get(&format!("{snapshot}/download"), &token).send().await.status, 200);
        let (failed, path) = self.app.take(&self.room, &token, json!({ "snapshot_type": "json" })).await;
        self.app.fail_snapshot(&self.room, failed["id"].as_str().unwrap(), "the disk is full").await;
        self.ask("broker", "POST", &format!("{path}/retry"), json!({})).await;
        assert_eq!(self.app.work().await, 1);
        let pdf = self.app.snapshot(&self.room, &self.token("broker").await, json!({})).await;
        let pdf: SnapshotId = pdf["id"].as_str().unwrap().parse().unwrap();
        let previewed = Event::SnapshotPreviewed { snapshot_id: pdf, file_sha256: "0".repeat(64) };
        self.append(previewed).await;
        self.append(Event::RowsRepaired { tables: [("vessels".into(), 1)].into(), rows: Vec::new() }).await;
        let title = self.title_of(pdf).await;
        let until = self.app.app.now().after(Request::WAITS);
        let asked = Event::SnapshotDeletionAsked { snapshot_id: pdf, title, until };
        self.append(asked).await;
        // Where the room is retained it takes two admins; that of the room below has not begun.
        self.hold().await;
        let token = self.token("admin").await;
        assert_eq!(self.app.get(&self.path("/log/export"), &token).send().await.status, 200);
        let seller = self.token("seller").await;
        self.app.post(&self.path("/snapshots"), &seller).json(json!({})).send().await.expect(403);
    }

    async fn title_of(&self, snapshot: SnapshotId) -> String {
        let token = self.token("broker").await;
        let found = self.app.get(&self.path(&format!("/snapshots/{snapshot}")), &token).send().await.expect(200);
        found["title"].as_str().unwrap().to_owned()
    }

    /// Places two holds, and has one of them lifted by two admins.
    async fn hold(&self) {
        let placed = self.ask("admin", "POST", &self.path("/holds"), json!({ "reason": "a claim" })).await;
        let hold_id: HoldId = placed["id"].as_str().unwrap().parse().unwrap();
        let (until, reason_hash) = (self.app.app.now().after(Request::WAITS), "1".repeat(64));
        let asked = Event::HoldLiftAsked { hold_id, snapshot_id: None, until, reason_hash: reason_hash.clone() };
        self.append(asked).await;
        let lifted = Event::HoldLifted {
            hold_id,
            snapshot_id: None,
            asked_by: "admin@example.com".into(),
            reason_hash,
            confirm_reason_hash: None,
        };
        self.append(lifted).await;
        self.ask("admin", "POST", &self.path("/holds"), json!({ "reason": "another" })).await;
        let until = self.app.app.now().after(Request::WAITS);
        let title = self.app.get(&self.path(""), &self.token("broker").await).send().await.expect(200);
        let title = title["title"].as_str().unwrap().to_owned();
        let asked = Event::RoomDeletionAsked { title, snapshots: 3, reason: Some("done".into()), until };
        self.append(asked).await;
    }

    /// Appends an event that takes more than one request to come about.
    async fn append(&self, event: Event) {
        self.app.later(Duration::from_secs(1));
        let log = Log::Room(self.room.parse().unwrap());
        operation(&self.app.app, log, &Actor::System, async move |tx, log| log.append(tx, &event).await).await.unwrap();
    }
}
