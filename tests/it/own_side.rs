//! The papers of a vessel rest on somebody else's approval than her own side's, unless their type names who has to approve.

use room::Role;
use serde_json::{Value, json};

use crate::harness::{TestApp, fields_of_event, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    an_approval_of_the_vessels_own_side_alone_leaves_its_paper_under_review,
    whoever_acts_for_no_side_or_another_approves_and_any_side_rejects,
    the_side_at_the_time_counts_and_a_decision_for_another_side_is_another_one,
    nobody_is_called_to_the_papers_of_their_own_side,
    pages_say_whose_approval_is_awaited,
}

/// A room with the owners of both sides, a charterer for none, and the discharging vessel, whose paper the seller uploads.
struct Scene {
    app: TestApp,
    room: String,
    document: String,
}

impl Scene {
    async fn of(app: TestApp) -> Self {
        for (name, role) in [("broker", Role::Broker), ("own", Role::Owner), ("other", Role::Owner)] {
            app.user(&format!("{name}@example.com"), role).await;
        }
        app.user("carl@example.com", Role::Charterer).await;
        app.user("sela@example.com", Role::Seller).await;
        let broker = app.session("broker@example.com").await;
        let party = |role: &str, name: &str, side: Option<&str>| json!({ "role": role, "name": name, "email": format!("{name}@example.com"), "side": side });
        let parties = [
            party("owner", "own", Some("discharging")),
            party("owner", "other", Some("receiving")),
            party("charterer", "carl", None),
            party("seller", "sela", Some("discharging")),
        ];
        let room = app.post("/rooms", &broker).json(new_room(&parties)).send().await.expect(201);
        let room = room["id"].as_str().unwrap().to_owned();
        let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", "9321483").await;
        let document = app.document(&room, &broker, "Q88", Some(&vessel)).await;
        let scene = Self { app, room, document };
        scene.upload("one").await;
        scene
    }

    async fn token(&self, who: &str) -> String {
        self.app.session(&format!("{who}@example.com")).await
    }

    async fn upload(&self, words: &str) {
        self.app.version(&self.document, &self.token("sela").await, words, &[("expires_on", "2027-03-01")]).await;
    }

    async fn decide(&self, who: &str, how: &str) -> Value {
        let body = if how == "reject" { json!({ "reason": "Not hers" }) } else { json!({}) };
        let path = format!("{}/{how}", self.document);
        self.app.post(&path, &self.token(who).await).json(body).send().await.expect(200)
    }

    /// Returns the status of the paper, and whether it awaits somebody who is not of the vessel's own side.
    async fn stands(&self) -> (String, bool) {
        let document = self.app.get(&self.document, &self.token("broker").await).send().await.expect(200);
        (document["status"].as_str().unwrap().to_owned(), document["awaits_another_side"].as_bool().unwrap())
    }
}

async fn an_approval_of_the_vessels_own_side_alone_leaves_its_paper_under_review(app: TestApp) {
    let scene = Scene::of(app).await;
    assert_eq!(scene.stands().await, ("under_review".into(), false));
    let decided = scene.decide("own", "approve").await;
    assert_eq!(decided["newest"]["decisions"][0]["side"], "discharging");
    assert_eq!(scene.stands().await, ("under_review".into(), true));
    let summary = format!("/rooms/{}/summary", scene.room);
    let summary = scene.app.get(&summary, &scene.token("broker").await).send().await.expect(200).to_string();
    assert!(!summary.contains("own side"), "it holds up a later phase: {summary}");
    let step = json!({ "phase": "clearance", "override": true, "reason": "A test" });
    scene
        .app
        .post(&format!("/rooms/{}/phase", scene.room), &scene.token("broker").await)
        .json(step)
        .send()
        .await
        .expect(200);
    let summary = format!("/rooms/{}/summary", scene.room);
    let summary = scene.app.get(&summary, &scene.token("broker").await).send().await.expect(200).to_string();
    assert!(summary.contains("waits for an approval that is not of the vessel's own side"), "{summary}");
    scene.decide("other", "approve").await;
    assert_eq!(scene.stands().await, ("approved".into(), false));
}

async fn whoever_acts_for_no_side_or_another_approves_and_any_side_rejects(app: TestApp) {
    let scene = Scene::of(app).await;
    for (at, who) in ["broker", "carl", "other"].into_iter().enumerate() {
        scene.decide(who, "approve").await;
        assert_eq!(scene.stands().await.0, "approved", "{who}");
        scene.upload(&format!("another, {at}")).await;
    }
    scene.decide("carl", "approve").await;
    scene.decide("own", "reject").await;
    assert_eq!(scene.stands().await.0, "rejected", "a rejection counts whoever makes it");
    // The room's own paper is of no side.
    let owner = scene.token("own").await;
    let document = scene.app.document(&scene.room, &owner, "COMPAT", None).await;
    scene.app.version(&document, &scene.token("sela").await, "a study", &[]).await;
    let decided = scene.app.post(&format!("{document}/approve"), &owner).json(json!({})).send().await.expect(200);
    assert_eq!(decided["status"], "approved");
}

async fn the_side_at_the_time_counts_and_a_decision_for_another_side_is_another_one(app: TestApp) {
    let scene = Scene::of(app).await;
    scene.decide("own", "approve").await;
    let (broker, path) = (scene.token("broker").await, format!("/rooms/{}/parties", scene.room));
    let parties = scene.app.get(&path, &broker).send().await.expect(200);
    let own = parties.as_array().unwrap().iter().find(|party| party["email"] == "own@example.com").unwrap();
    let own = format!("{path}/{}", own["id"].as_str().unwrap());
    scene.app.patch(&own, &broker).json(json!({ "side": null })).send().await.expect(200);
    assert_eq!(scene.stands().await.0, "under_review", "it was said for the own side");
    scene.decide("own", "approve").await;
    assert_eq!(scene.stands().await.0, "approved", "the same words for no side are another decision");
    let path = format!("/rooms/{}/activities?action=document_decided&limit=2", scene.room);
    let entries = scene.app.get(&path, &broker).send().await.expect(200);
    let sides: Vec<_> = (0..2).map(|at| fields_of_event(&entries[at]["meta"]).get("side").cloned()).collect();
    assert_eq!(sides, [None, Some(json!("discharging"))], "who acts for none has no such field");
}

async fn nobody_is_called_to_the_papers_of_their_own_side(app: TestApp) {
    let scene = Scene::of(app).await;
    for (who, waits) in [("own", false), ("other", true), ("carl", true)] {
        let todo = "/cockpit".to_owned();
        let todo = scene.app.get(&todo, &scene.token(who).await).send().await.expect(200);
        let waiting = todo[0]["waiting_for_me"].to_string();
        assert_eq!(waiting.contains("Vessel particulars"), waits, "{who}: {waiting}");
    }
}

async fn pages_say_whose_approval_is_awaited(app: TestApp) {
    let scene = Scene::of(app).await;
    let page =
        async |who: &str, path: &str| scene.app.get(&format!("/{path}"), &scene.token(who).await).send().await.html();
    let form = page("own", &scene.document).await;
    assert!(
        form.contains("You act for this vessel&#39;s own side") || form.contains("You act for this vessel's own side")
    );
    assert!(!page("other", &scene.document).await.contains("own side"));
    scene.decide("own", "approve").await;
    let list = page("broker", &format!("/rooms/{}/documents", scene.room)).await;
    assert!(list.contains("own side; awaiting reply from another"), "{list}");
    assert!(page("broker", &scene.document).await.contains("the status does not rest on it"));
}
