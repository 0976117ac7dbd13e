//! Clearance of vessels: each side clears the other side's vessel.

use room::Role;
use serde_json::{Value, json};

use crate::harness::{IMO, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_side_clears_the_others_vessel_and_not_its_own,
    a_vessel_is_cleared_as_the_other_side_says,
    of_several_rejections_of_a_vessel_the_last_is_told_in_the_way,
    a_word_needs_its_subjects_or_its_reason_and_no_other,
    nobody_puts_words_in_anothers_mouth,
    a_brokers_word_clears_no_vessel,
    an_owner_revokes_their_own_word_and_a_broker_anyones,
    a_withdrawn_vessel_is_cleared_by_nobody,
    who_is_given_a_side_after_they_spoke_speaks_again_for_it,
}

/// A room with two vessels and a party on each side.
struct Sides {
    app: TestApp,
    room: String,
    broker: String,
    owner: String,
    charterer: String,
    vessels: [String; 2],
}

impl Sides {
    async fn meet(app: TestApp) -> Self {
        let (room, broker) = app.room().await;
        let owner = app.user("owner@example.com", Role::Owner).await;
        let charterer = app.user("charterer@example.com", Role::Charterer).await;
        let parties = app.get(&format!("/rooms/{room}/parties"), &broker).send().await.expect(200);
        for (role, side) in [("owner", "discharging"), ("charterer", "receiving")] {
            let party = parties.as_array().unwrap().iter().find(|party| party["role"] == role).unwrap();
            let path = format!("/rooms/{room}/parties/{}", party["id"].as_str().unwrap());
            let changed = app.patch(&path, &broker).json(json!({ "side": side })).send().await.expect(200);
            assert_eq!(changed["side"], side);
        }
        let discharging = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
        let receiving = app.vessel(&room, &broker, "Northern Light", "receiving", IMO[1]).await;
        Self { app, room, broker, owner, charterer, vessels: [discharging, receiving] }
    }

    fn path(&self, rest: &str) -> String {
        format!("/rooms/{}/{rest}", self.room)
    }

    async fn give(&self, token: &str, vessel: &str, status: &str) -> Value {
        let asked = json!({ "vessel_id": vessel, "status": status });
        self.app.post(&self.path("approvals"), token).json(asked).send().await.expect(201)
    }

    /// Returns for each vessel whether it is cleared, and whose reply is awaited.
    async fn view(&self) -> Vec<(bool, Vec<String>)> {
        let view = self.app.get(&self.path("clearance"), &self.broker).send().await.expect(200);
        let open = |vessel: &Value| {
            let open = vessel["open"].as_array().unwrap().iter();
            open.map(|party| party["email"].as_str().unwrap().to_owned()).collect()
        };
        view.as_array().unwrap().iter().map(|vessel| (vessel["cleared"] == true, open(vessel))).collect()
    }
}

async fn a_side_clears_the_others_vessel_and_not_its_own(app: TestApp) {
    let sides = Sides::meet(app).await;
    let [discharging, receiving] = &sides.vessels;
    let own = json!({ "vessel_id": discharging, "status": "approved" });
    let refused = sides.app.post(&sides.path("approvals"), &sides.owner).json(own).send().await;
    assert_eq!((refused.status, &*refused.problem()), (403, "own_interest"));
    let given = sides.give(&sides.owner, receiving, "approved").await;
    assert_eq!((&given["side"], &given["role"]), (&json!("discharging"), &json!("owner")));
    let twice = json!({ "vessel_id": receiving, "status": "rejected", "reason": "x" });
    let twice = sides.app.post(&sides.path("approvals"), &sides.owner).json(twice).send().await;
    assert_eq!(twice.problem(), "conflict");
    let nowhere = json!({ "vessel_id": sides.room, "status": "approved" });
    let nowhere = sides.app.post(&sides.path("approvals"), &sides.owner).json(nowhere).send().await;
    assert_eq!(nowhere.fields(), ["vessel_id"]);
}

async fn a_vessel_is_cleared_as_the_other_side_says(app: TestApp) {
    let sides = Sides::meet(app).await;
    let [discharging, receiving] = &sides.vessels;
    let waiting = |who: &str| vec![format!("{who}@example.com")];
    assert_eq!(sides.view().await, [(false, waiting("charterer")), (false, waiting("owner"))]);
    // The broker acts for neither side, so their approval does not replace the owner's.
    sides.give(&sides.broker, receiving, "approved").await;
    assert_eq!(sides.view().await[1], (false, waiting("owner")));
    sides.give(&sides.owner, receiving, "approved").await;
    let pending = sides.give(&sides.charterer, discharging, "pending").await;
    assert_eq!(sides.view().await, [(false, waiting("charterer")), (true, vec![])]);
    let path = sides.path(&format!("approvals/{}", pending["id"].as_str().unwrap()));
    for (asked, cleared) in [
        (json!({ "status": "rejected", "reason": "no SIRE" }), false),
        (json!({ "status": "approved_with_subjects", "subjects": "a new SIRE" }), true),
    ] {
        sides.app.request("PUT", &path, &sides.charterer).json(asked).send().await.expect(200);
        assert_eq!(sides.view().await[0], (cleared, vec![]));
    }
    // A rejection by any party blocks the clearance.
    let asked = json!({ "vessel_id": discharging, "status": "rejected", "reason": "sanctions" });
    sides.app.post(&sides.path("approvals"), &sides.broker).json(asked).send().await.expect(201);
    assert!(!sides.view().await[0].0);
}

async fn of_several_rejections_of_a_vessel_the_last_is_told_in_the_way(app: TestApp) {
    let sides = Sides::meet(app).await;
    let asked = json!({ "phase": "clearance", "override": true, "reason": "a test" });
    sides.app.post(&sides.path("phase"), &sides.broker).json(asked).send().await.expect(200);
    let reject = async |token: &str, reason: &str| {
        let asked = json!({ "vessel_id": sides.vessels[0], "status": "rejected", "reason": reason });
        let given = sides.app.post(&sides.path("approvals"), token).json(asked).send().await.expect(201);
        sides.app.later(std::time::Duration::from_mins(1));
        given["id"].as_str().unwrap().to_owned()
    };
    let in_the_way = async || -> Value {
        let summary = sides.app.get(&sides.path("summary"), &sides.broker).send().await.expect(200);
        let of_vessel =
            |blocker: &&Value| blocker["vessel_id"] == *sides.vessels[0] && blocker["document_id"].is_null();
        summary["blockers"].as_array().unwrap().iter().find(of_vessel).unwrap()["detail"].clone()
    };
    let charterers = reject(&sides.charterer, "no SIRE").await;
    assert_eq!(in_the_way().await, "Aegean Star is rejected by charterer@example.com: no SIRE");
    reject(&sides.broker, "sanctions").await;
    assert_eq!(in_the_way().await, "Aegean Star is rejected by broker@example.com: sanctions");
    let path = sides.path(&format!("approvals/{charterers}"));
    let again = json!({ "status": "rejected", "reason": "an old SIRE" });
    sides.app.put(&path, &sides.charterer).json(again).send().await.expect(200);
    assert_eq!(in_the_way().await, "Aegean Star is rejected by charterer@example.com: an old SIRE");
}

async fn a_word_needs_its_subjects_or_its_reason_and_no_other(app: TestApp) {
    let sides = Sides::meet(app).await;
    for (word, field) in [
        (json!({ "status": "approved_with_subjects" }), "subjects"),
        (json!({ "status": "approved_with_subjects", "subjects": " " }), "subjects"),
        (json!({ "status": "approved_with_subjects", "reason": "x" }), "subjects"),
        (json!({ "status": "rejected" }), "reason"),
        (json!({ "status": "approved", "subjects": "x" }), "subjects"),
        (json!({ "status": "pending", "reason": "x" }), "reason"),
        (json!({ "status": "maybe" }), "status"),
        (json!({ "status": "approved", "by": "x" }), "by"),
    ] {
        let mut asked = word.clone();
        asked["vessel_id"] = json!(sides.vessels[1]);
        let refused = sides.app.post(&sides.path("approvals"), &sides.owner).json(asked).send().await;
        assert_eq!(refused.fields()[0], field, "{word}");
    }
    assert_eq!(sides.app.get(&sides.path("approvals"), &sides.broker).send().await.expect(200), json!([]));
}

async fn nobody_puts_words_in_anothers_mouth(app: TestApp) {
    let sides = Sides::meet(app).await;
    let given = sides.give(&sides.owner, &sides.vessels[1], "approved").await;
    let path = sides.path(&format!("approvals/{}", given["id"].as_str().unwrap()));
    let rejected = json!({ "status": "rejected", "reason": "x" });
    let admin = sides.app.user("admin@example.com", Role::Admin).await;
    for other in [&sides.broker, &sides.charterer, &admin] {
        let refused = sides.app.request("PUT", &path, other).json(rejected.clone()).send().await;
        assert_eq!(refused.problem(), "own_interest");
    }
    for entries in [1, 0] {
        let before = sides.app.actions(&sides.room, &sides.broker).await.len();
        sides.app.request("PUT", &path, &sides.owner).json(rejected.clone()).send().await.expect(200);
        let now = sides.app.actions(&sides.room, &sides.broker).await.len();
        assert_eq!(now - before, entries, "no change, no entry");
    }
    let log = sides.app.get(&sides.path("activities?limit=1"), &sides.broker).send().await.expect(200);
    assert_eq!((&log[0]["meta"]["from"], &log[0]["meta"]["to"]), (&json!("approved"), &json!("rejected")));
}

/// A broker has no ship in the operation, whatever side they are given.
async fn a_brokers_word_clears_no_vessel(app: TestApp) {
    let (room, broker) = app.room().await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let parties = app.get(&format!("/rooms/{room}/parties"), &broker).send().await.expect(200);
    let own = parties.as_array().unwrap().iter().find(|party| party["role"] == "broker").unwrap();
    let own = format!("/rooms/{room}/parties/{}", own["id"].as_str().unwrap());
    let approvals = format!("/rooms/{room}/approvals");
    let cleared =
        async || app.get(&format!("/rooms/{room}/clearance"), &broker).send().await.expect(200)[0]["cleared"].clone();
    let asked = json!({ "vessel_id": vessel, "status": "approved" });
    let given = app.post(&approvals, &broker).json(asked.clone()).send().await.expect(201);
    assert_eq!(cleared().await, false);
    app.patch(&own, &broker).json(json!({ "side": "receiving" })).send().await.expect(200);
    let again = format!("{approvals}/{}", given["id"].as_str().unwrap());
    app.request("PUT", &again, &broker).json(json!({ "status": "approved" })).send().await.expect(200);
    assert_eq!(cleared().await, false);
    // If no party has a side, the approval of an owner or charterer counts.
    let charterer = app.user("charterer@example.com", Role::Charterer).await;
    app.post(&approvals, &charterer).json(asked).send().await.expect(201);
    assert_eq!(cleared().await, true);
}

async fn an_owner_revokes_their_own_word_and_a_broker_anyones(app: TestApp) {
    let sides = Sides::meet(app).await;
    let theirs = sides.give(&sides.charterer, &sides.vessels[0], "approved").await;
    let own = sides.give(&sides.owner, &sides.vessels[1], "approved").await;
    let revoke = |approval: &Value| sides.path(&format!("approvals/{}/revoke", approval["id"].as_str().unwrap()));
    let reason = json!({ "reason": "a new survey" });
    let blank = sides.app.post(&revoke(&own), &sides.owner).json(json!({ "reason": " " })).send().await;
    assert_eq!(blank.fields(), ["reason"]);
    let refused = sides.app.post(&revoke(&theirs), &sides.owner).json(reason.clone()).send().await;
    assert_eq!(refused.problem(), "own_interest");
    for (approval, token) in [(&own, &sides.owner), (&theirs, &sides.broker)] {
        let revoked = sides.app.post(&revoke(approval), token).json(reason.clone()).send().await.expect(200);
        assert_eq!((&revoked["status"], &revoked["reason"]), (&json!("pending"), &Value::Null));
        let again = sides.app.post(&revoke(approval), token).json(reason.clone()).send().await;
        assert_eq!(again.problem(), "conflict");
    }
    assert_eq!(sides.app.actions(&sides.room, &sides.broker).await.last().unwrap(), "approval_revoked");
}

async fn a_withdrawn_vessel_is_cleared_by_nobody(app: TestApp) {
    let sides = Sides::meet(app).await;
    let vessel = sides.path(&format!("vessels/{}", sides.vessels[1]));
    sides.app.patch(&vessel, &sides.broker).json(json!({ "status": "withdrawn" })).send().await.expect(200);
    let asked = json!({ "vessel_id": sides.vessels[1], "status": "approved" });
    let refused = sides.app.post(&sides.path("approvals"), &sides.owner).json(asked).send().await;
    assert_eq!(refused.problem(), "conflict");
    assert_eq!(sides.view().await.len(), 1);
}

async fn who_is_given_a_side_after_they_spoke_speaks_again_for_it(app: TestApp) {
    let sides = Sides::meet(app).await;
    let given = sides.give(&sides.broker, &sides.vessels[0], "approved").await;
    let parties = sides.app.get(&sides.path("parties"), &sides.broker).send().await.expect(200);
    let party = parties.as_array().unwrap().iter().find(|party| party["role"] == "charterer").unwrap();
    let charterer = sides.path(&format!("parties/{}", party["id"].as_str().unwrap()));
    // The charterer approves while they have no side, and is given the receiving side afterwards.
    sides.app.patch(&charterer, &sides.broker).json(json!({ "side": null })).send().await.expect(200);
    let spoken = sides.give(&sides.charterer, &sides.vessels[0], "approved").await;
    sides.app.patch(&charterer, &sides.broker).json(json!({ "side": "receiving" })).send().await.expect(200);
    assert_eq!(sides.view().await[0], (false, vec!["charterer@example.com".to_owned()]));
    let path = sides.path(&format!("approvals/{}", spoken["id"].as_str().unwrap()));
    let again = sides.app.request("PUT", &path, &sides.charterer).json(json!({ "status": "approved" })).send().await;
    assert_eq!(again.expect(200)["side"], "receiving");
    assert_eq!(sides.view().await[0], (true, vec![]));
    assert_eq!(given["side"], Value::Null);
}
