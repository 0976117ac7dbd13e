//! Phases: their gates, overriding a gate, going back, and the clocks that a phase starts.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{IMO, TestApp, fields_of_event, on_both_databases};

on_both_databases! {
    TestApp:
    only_the_next_phase_is_open_and_only_through_its_gate,
    a_gate_is_overridden_with_a_reason_that_the_log_keeps_with_what_stood_in_the_way,
    an_operation_goes_back_with_a_reason_and_its_clocks_with_it,
    a_closed_room_is_at_rest_until_it_is_taken_back,
    the_snapshot_of_a_step_holds_the_step_and_commits_with_it,
    an_expired_document_holds_the_next_phase_up_however_late_the_operation_is,
    the_notice_is_due_48_hours_before_and_again_where_the_eta_moves_by_more_than_6,
    a_step_that_is_told_late_starts_its_clocks_when_it_happened,
    a_rejected_notice_was_not_given,
    the_claim_runs_90_days_from_the_end_of_the_transfer_and_papers_are_kept_for_years,
    a_notice_is_in_time_up_to_the_second_48_hours_before,
    a_document_expires_soon_within_the_days_that_its_type_says,
    a_closing_that_is_told_late_starts_the_retention_when_it_happened,
}

fn next(phase: &str) -> Value {
    json!({ "phase": phase })
}

fn over(phase: &str) -> Value {
    json!({ "phase": phase, "override": true, "reason": "as agreed by telephone" })
}

/// Opens a room with two vessels and overrides every gate up to a phase. Returns the room's id and the broker's token.
async fn room_in(app: &TestApp, phase: &str) -> (String, String) {
    let (room, broker) = app.room().await;
    app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    app.vessel(&room, &broker, "Northern Light", "receiving", IMO[1]).await;
    let path = format!("/rooms/{room}/phase");
    let phases = ["clearance", "planning", "arrival", "mooring", "transfer", "unmooring", "documents", "closed"];
    let steps = phases.iter().position(|known| *known == phase).map_or(0, |at| at + 1);
    for step in &phases[..steps] {
        app.post(&path, &broker).json(over(step)).send().await.expect(200);
    }
    (room, broker)
}

async fn clocks(app: &TestApp, room: &str, token: &str) -> Value {
    app.get(&format!("/rooms/{room}/summary"), token).send().await.expect(200)["clocks"].clone()
}

async fn only_the_next_phase_is_open_and_only_through_its_gate(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/phase");
    for (asked, words) in [
        (next("nomination"), "is in `nomination` already"),
        (next("planning"), "After `nomination` comes `clearance`"),
        (over("closed"), "no phase is passed over"),
        (next("clearance"), "No discharging vessel is named; No receiving vessel is named"),
    ] {
        let refused = app.post(&path, &broker).json(asked.clone()).send().await;
        assert_eq!(refused.problem(), "conflict", "{asked}");
        assert!(refused.json()["detail"].as_str().unwrap().contains(words), "{asked}: {refused:?}");
    }
    for (asked, field) in [
        (json!({ "phase": "sailing" }), "phase"),
        (json!({}), "phase"),
        (json!({ "phase": "clearance", "override": true }), "reason"),
        (json!({ "phase": "clearance", "override": true, "reason": " " }), "reason"),
        (json!({ "phase": "clearance", "force": true }), "force"),
    ] {
        assert_eq!(app.post(&path, &broker).json(asked.clone()).send().await.fields(), [field], "{asked}");
    }
    assert_eq!(app.get(&format!("/rooms/{room}"), &broker).send().await.expect(200)["phase"], "nomination");
}

async fn a_gate_is_overridden_with_a_reason_that_the_log_keeps_with_what_stood_in_the_way(app: TestApp) {
    let (room, broker) = app.room().await;
    let moved = app.post(&format!("/rooms/{room}/phase"), &broker).json(over("clearance")).send().await.expect(200);
    let stood = json!(["No discharging vessel is named", "No receiving vessel is named"]);
    assert_eq!(moved["overridden"], stood);
    let log = app.get(&format!("/rooms/{room}/activities?limit=1"), &broker).send().await.expect(200);
    assert_eq!(log[0]["action"], "phase_changed");
    let missing = |role: &str| json!({ "kind": "vessel_missing", "vessel_role": role });
    let blockers = [missing("discharging"), missing("receiving")];
    let told = json!({
        "from": "nomination", "to": "clearance", "overridden": blockers, "reason": "as agreed by telephone", "at": null,
    });
    assert_eq!(fields_of_event(&log[0]["meta"]), told);
}

async fn an_operation_goes_back_with_a_reason_and_its_clocks_with_it(app: TestApp) {
    let (room, broker) = room_in(&app, "unmooring").await;
    assert_eq!(clocks(&app, &room, &broker).await["claim"]["state"], "running");
    let path = format!("/rooms/{room}/phase");
    assert_eq!(app.post(&path, &broker).json(next("arrival")).send().await.fields(), ["reason"]);
    let back = json!({ "phase": "arrival", "reason": "the swell: unmoored before the transfer" });
    let moved = app.post(&path, &broker).json(back).send().await.expect(200);
    assert_eq!((&moved["from"], &moved["phase"]), (&json!("unmooring"), &json!("arrival")));
    assert_eq!(clocks(&app, &room, &broker).await["claim"], Value::Null);
}

async fn a_closed_room_is_at_rest_until_it_is_taken_back(app: TestApp) {
    let (room, broker) = room_in(&app, "closed").await;
    let at = |rest: &str| format!("/rooms/{room}/{rest}");
    let document = app.document(&room, &broker, "COMPAT", None).await;
    let upload = app.post(&format!("{document}/versions"), &broker).upload("x.pdf", b"%PDF-1.7", &[]).send().await;
    let barge = json!({ "name": "Barge", "role": "other", "no_imo_reason": "a barge" });
    for refused in [
        upload,
        app.post(&at("vessels"), &broker).json(barge).send().await,
        app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "Another" })).send().await,
        app.post(&format!("{document}/approve"), &broker).json(json!({})).send().await,
    ] {
        assert_eq!(refused.problem(), "conflict");
        assert!(refused.json()["detail"].as_str().unwrap().starts_with("The room is closed"), "{refused:?}");
    }
    // Parties can still be added, such as an auditor, and snapshots can still be taken.
    let auditor = json!({ "role": "charterer", "name": "Auditor", "email": "auditor@example.com" });
    app.post(&at("parties"), &broker).json(auditor).send().await.expect(201);
    app.post(&at("snapshots"), &broker).json(json!({})).send().await.expect(201);
    let back = json!({ "phase": "documents", "reason": "a late letter of protest" });
    app.post(&at("phase"), &broker).json(back).send().await.expect(200);
    assert_eq!(clocks(&app, &room, &broker).await["retention"], Value::Null);
    app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "Another" })).send().await.expect(200);
}

async fn the_snapshot_of_a_step_holds_the_step_and_commits_with_it(app: TestApp) {
    let (room, broker) = room_in(&app, "clearance").await;
    let moved = app.post(&format!("/rooms/{room}/phase"), &broker).json(over("planning")).send().await.expect(200);
    let path = format!("/rooms/{room}/snapshots/{}", moved["snapshot_id"].as_str().unwrap());
    let snapshot = app.get(&path, &broker).send().await.expect(200);
    assert_eq!((&snapshot["status"], &snapshot["snapshot_type"]), (&json!("generating"), &json!("pdf")));
    assert_eq!(snapshot["title"], "As planning began");
    let actions = app.actions(&room, &broker).await;
    assert_eq!(actions[actions.len() - 2..], ["phase_changed", "snapshot_created"]);
    assert_eq!(app.work().await, 1);
    assert_eq!(app.get(&path, &broker).send().await.expect(200)["status"], "completed");
}

async fn an_expired_document_holds_the_next_phase_up_however_late_the_operation_is(app: TestApp) {
    let (room, broker) = room_in(&app, "planning").await;
    let seller = app.user("seller@example.com", room::Role::Seller).await;
    let document = app.document(&room, &broker, "COMPAT", None).await;
    // The ETA is 1 December, 06:30, and the STS operation is planned to take 48 hours.
    for (expires_on, status) in [("2026-12-02", "expired"), ("2026-12-03", "approved")] {
        app.version(&document, &seller, expires_on, &[("expires_on", expires_on)]).await;
        app.post(&format!("{document}/approve"), &broker).json(json!({})).send().await.expect(200);
        assert_eq!(app.get(&document, &broker).send().await.expect(200)["status"], status, "{expires_on}");
    }
    // It is 4 December now, after the planned end, and the ETA has not been moved.
    app.later(Duration::from_hours(11 * 24));
    let broker = app.session("broker@example.com").await;
    let summary = app.get(&format!("/rooms/{room}/summary"), &broker).send().await.expect(200);
    let blockers = summary["blockers"].as_array().unwrap();
    assert!(blockers.iter().any(|blocker| blocker["kind"] == "document_expired"), "{summary}");
    assert_eq!(summary["expiring_soon"][0]["expires_on"], "2026-12-03");
}

async fn the_notice_is_due_48_hours_before_and_again_where_the_eta_moves_by_more_than_6(app: TestApp) {
    let (room, broker) = app.room().await;
    let notice = async || clocks(&app, &room, &app.session("broker@example.com").await).await["coastal_notice"].clone();
    assert_eq!(
        notice().await,
        json!({
            "due_at": "2026-11-29T06:30:00Z", "state": "open", "given_at": null, "notified_eta": null,
        })
    );
    let document = app.document(&room, &broker, "NOTIF_48H", None).await;
    app.version(&document, &broker, "notice", &[]).await;
    let room_path = format!("/rooms/{room}");
    for (eta, state) in [
        ("2026-12-01T06:30:00Z", "given"),
        ("2026-12-01T12:30:00Z", "given"),
        ("2026-12-01T12:30:01Z", "revise"),
        ("2026-12-01T00:30:00Z", "given"),
        ("2026-12-01T00:29:59Z", "revise"),
    ] {
        app.patch(&room_path, &broker).json(json!({ "sts_eta": eta })).send().await.expect(200);
        assert_eq!(notice().await["state"], state, "{eta}");
    }
    app.version(&document, &broker, "revised notice", &[]).await;
    let revised = notice().await;
    assert_eq!((&revised["state"], &revised["notified_eta"]), (&json!("given"), &json!("2026-12-01T00:29:59Z")));

    // In another room, the notice is given late.
    let late = app.post("/rooms", &broker).json(crate::harness::new_room(&[])).send().await.expect(201);
    let late = late["id"].as_str().unwrap();
    app.later(Duration::from_hours(7 * 24));
    let broker = app.session("broker@example.com").await;
    assert_eq!(clocks(&app, late, &broker).await["coastal_notice"]["state"], "overdue");
    let document = app.document(late, &broker, "NOTIF_48H", None).await;
    app.version(&document, &broker, "late", &[]).await;
    assert_eq!(clocks(&app, late, &broker).await["coastal_notice"]["state"], "given_late");
}

async fn a_step_that_is_told_late_starts_its_clocks_when_it_happened(app: TestApp) {
    let (room, broker) = room_in(&app, "transfer").await;
    let path = format!("/rooms/{room}/phase");
    let at = |at: &str| {
        let mut asked = over("unmooring");
        asked["at"] = at.into();
        asked
    };
    for refused in ["2026-11-23T08:00:01Z", "yesterday", "2026-11-20"] {
        assert_eq!(app.post(&path, &broker).json(at(refused)).send().await.fields(), ["at"], "{refused}");
    }
    app.post(&path, &broker).json(at("2026-11-21T20:00:00+02:00")).send().await.expect(200);
    let claim = clocks(&app, &room, &broker).await["claim"].clone();
    assert_eq!(
        (&claim["started_at"], &claim["deadline"]),
        (&json!("2026-11-21T18:00:00Z"), &json!("2027-02-19T18:00:00Z"))
    );
    let log = app.get(&format!("/rooms/{room}/activities?limit=1"), &broker).send().await.expect(200);
    assert_eq!(log[0]["meta"]["at"], "2026-11-21T18:00:00Z");
    assert_eq!(log[0]["timestamp"], "2026-11-23T08:00:00Z", "when it was told");
}

async fn a_rejected_notice_was_not_given(app: TestApp) {
    let (room, broker) = app.room().await;
    let charterer = app.user("charterer@example.com", room::Role::Charterer).await;
    let document = app.document(&room, &broker, "NOTIF_48H", None).await;
    let state =
        async || clocks(&app, &room, &app.session("broker@example.com").await).await["coastal_notice"]["state"].clone();
    app.version(&document, &broker, "another paper", &[]).await;
    assert_eq!(state().await, "given");
    app.post(&format!("{document}/reject"), &charterer).json(json!({ "reason": "no notice" })).send().await.expect(200);
    assert_eq!(state().await, "open");
    app.later(Duration::from_hours(7 * 24));
    let broker = app.session("broker@example.com").await;
    app.version(&document, &broker, "the notice", &[]).await;
    assert_eq!(state().await, "given_late");
    // The same file with another expiry is not a new notice.
    let moved = json!({ "sts_eta": "2026-12-02T06:30:00Z" });
    app.patch(&format!("/rooms/{room}"), &broker).json(moved).send().await.expect(200);
    assert_eq!(state().await, "revise");
    app.version(&document, &broker, "the notice", &[("expires_on", "2027-01-01")]).await;
    assert_eq!(state().await, "revise");
}

async fn the_claim_runs_90_days_from_the_end_of_the_transfer_and_papers_are_kept_for_years(app: TestApp) {
    let (room, _) = room_in(&app, "closed").await;
    let broker = async || app.session("broker@example.com").await;
    let told = clocks(&app, &room, &broker().await).await;
    assert_eq!(
        told["claim"],
        json!({
            "started_at": "2026-11-23T08:00:00Z", "deadline": "2027-02-21T08:00:00Z", "state": "running",
        })
    );
    assert_eq!(
        told["retention"],
        json!({
            "closed_at": "2026-11-23T08:00:00Z", "at_least_until": "2029-11-23T08:00:00Z", "until": "2036-11-23T08:00:00Z",
        })
    );
    app.later(Duration::from_hours(90 * 24));
    assert_eq!(clocks(&app, &room, &broker().await).await["claim"]["state"], "running");
    app.later(Duration::from_secs(1));
    assert_eq!(clocks(&app, &room, &broker().await).await["claim"]["state"], "passed");
    app.later(Duration::from_hours(20 * 365 * 24));
    app.tidy().await;
    app.get(&format!("/rooms/{room}"), &broker().await).send().await.expect(200);
}

async fn a_notice_is_in_time_up_to_the_second_48_hours_before(app: TestApp) {
    let (first, broker) = app.room().await;
    let second = app.post("/rooms", &broker).json(crate::harness::new_room(&[])).send().await.expect(201);
    let second = second["id"].as_str().unwrap();
    // From 23 November, 08:00, to 29 November, 06:30: 48 hours before the ETA, to the second.
    app.later(Duration::from_mins((5 * 24 + 22) * 60 + 30));
    let broker = app.session("broker@example.com").await;
    let state = async |room: &str| clocks(&app, room, &broker).await["coastal_notice"]["state"].clone();
    let give = async |room: &str| {
        let document = app.document(room, &broker, "NOTIF_48H", None).await;
        app.version(&document, &broker, "notice", &[]).await;
    };
    assert_eq!(state(&first).await, "open");
    give(&first).await;
    assert_eq!(state(&first).await, "given");
    app.later(Duration::from_secs(1));
    assert_eq!(state(second).await, "overdue");
    give(second).await;
    assert_eq!(state(second).await, "given_late");
    assert_eq!(state(&first).await, "given");
}

async fn a_document_expires_soon_within_the_days_that_its_type_says(app: TestApp) {
    let admin = app.user("admin@example.com", room::Role::Admin).await;
    let warn = json!({ "warn_days": 10 });
    app.patch("/config/document-types/COMPAT", &admin).json(warn).send().await.expect(200);
    let (room, broker) = app.room().await;
    let document = app.document(&room, &broker, "COMPAT", None).await;
    // The STS operation is planned to end on 3 December.
    for (expires_on, before_end) in [
        ("2026-12-13", json!([])),
        ("2026-12-12", json!([false])),
        ("2026-12-03", json!([false])),
        ("2026-12-02", json!([true])),
    ] {
        app.version(&document, &broker, expires_on, &[("expires_on", expires_on)]).await;
        let summary = app.get(&format!("/rooms/{room}/summary"), &broker).send().await.expect(200);
        let soon: Value =
            summary["expiring_soon"].as_array().unwrap().iter().map(|expiry| expiry["before_end"].clone()).collect();
        assert_eq!(soon, before_end, "{expires_on}");
    }
}

async fn a_closing_that_is_told_late_starts_the_retention_when_it_happened(app: TestApp) {
    let (room, broker) = room_in(&app, "documents").await;
    let mut asked = over("closed");
    asked["at"] = "2026-11-21T18:00:00Z".into();
    app.post(&format!("/rooms/{room}/phase"), &broker).json(asked).send().await.expect(200);
    let retention = clocks(&app, &room, &broker).await["retention"].clone();
    assert_eq!(
        (&retention["closed_at"], &retention["at_least_until"]),
        (&json!("2026-11-21T18:00:00Z"), &json!("2029-11-21T18:00:00Z"))
    );
}
