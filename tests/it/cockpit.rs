//! The cockpit and the summary: what there is to do, and where.

use room::Role;
use serde_json::{Value, json};

use crate::harness::{IMO, TestApp, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    the_room_of_the_nearest_eta_comes_first_and_closed_rooms_are_left_out,
    one_sees_ones_own_rooms_and_an_admin_all,
    documents_are_told_by_what_they_wait_for_what_blocks_the_next_phase_first,
    what_waits_for_me_is_what_i_may_decide_on_and_have_not,
    a_room_without_documents_has_no_progress_and_no_division_by_zero,
    progress_is_the_share_of_needed_documents_that_are_approved,
}

async fn room(app: &TestApp, token: &str, title: &str, eta: &str) -> String {
    let mut asked = new_room(&[]);
    asked["title"] = title.into();
    asked["sts_eta"] = eta.into();
    asked["confirm_past_eta"] = true.into();
    let room = app.post("/rooms", token).json(asked).send().await.expect(201);
    room["id"].as_str().unwrap().to_owned()
}

fn titles(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap()).collect()
}

async fn the_room_of_the_nearest_eta_comes_first_and_closed_rooms_are_left_out(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    for (title, eta) in
        [("far", "2027-01-01T00:00:00Z"), ("near", "2026-11-24T00:00:00Z"), ("past", "2026-11-01T00:00:00Z")]
    {
        room(&app, &broker, title, eta).await;
    }
    let closed = room(&app, &broker, "closed", "2026-11-02T00:00:00Z").await;
    let phases = ["clearance", "planning", "arrival", "mooring", "transfer", "unmooring", "documents", "closed"];
    for phase in phases {
        let asked = json!({ "phase": phase, "override": true, "reason": "a test" });
        app.post(&format!("/rooms/{closed}/phase"), &broker).json(asked).send().await.expect(200);
    }
    let rows = app.get("/cockpit", &broker).send().await;
    assert_eq!(titles(&rows.expect(200)), ["past", "near", "far"]);
    let second = app.get("/cockpit?limit=1&offset=1", &broker).send().await;
    assert_eq!((titles(&second.expect(200)), second.header("x-total-count")), (vec!["near"], "3"));
}

async fn one_sees_ones_own_rooms_and_an_admin_all(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let other = app.user("other@example.com", Role::Broker).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    room(&app, &broker, "mine", "2026-12-01T00:00:00Z").await;
    room(&app, &other, "theirs", "2026-12-02T00:00:00Z").await;
    for (token, seen) in [(&broker, vec!["mine"]), (&other, vec!["theirs"]), (&admin, vec!["mine", "theirs"])] {
        assert_eq!(titles(&app.get("/cockpit", token).send().await.expect(200)), seen);
    }
}

async fn documents_are_told_by_what_they_wait_for_what_blocks_the_next_phase_first(app: TestApp) {
    let (room, broker) = app.room().await;
    let seller = app.user("seller@example.com", Role::Seller).await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let upload = async |kind: &str, vessel: Option<&str>, expires_on: &str| {
        let document = app.document(&room, &broker, kind, vessel).await;
        app.version(&document, &seller, kind, &[("expires_on", expires_on)]).await;
        document
    };
    upload("COMPAT", None, "2028-01-01").await;
    upload("HOSE_CERT", None, "2026-11-01").await;
    let approved = upload("P_AND_I", Some(&vessel), "2026-12-10").await;
    app.post(&format!("{approved}/approve"), &broker).json(json!({})).send().await.expect(200);
    let row = &app.get("/cockpit", &broker).send().await.expect(200)[0];
    let names = |list: &str| -> Vec<String> {
        let tasks = row[list].as_array().unwrap().iter();
        tasks.map(|task| task["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("under_review"), ["Ship-to-ship compatibility and mooring study"]);
    assert_eq!(names("expiring"), ["Cargo hose test certificates", "Aegean Star: P&I certificate of entry"]);
    assert!(!names("missing").contains(&"Cargo hose test certificates".to_owned()), "it is there, and runs out");
    assert_eq!(row["expiring"][0]["expires_on"], "2026-11-01");
    assert_eq!(names("rejected"), [""; 0]);
    assert_eq!(names("overdue"), [""; 0]);
    let blocks: Vec<bool> =
        row["missing"].as_array().unwrap().iter().map(|task| task["blocks_next_phase"] == true).collect();
    assert!(blocks.is_sorted_by(|before, after| before >= after), "{row}");

    let lading = row["missing"].as_array().unwrap().iter().find(|task| task["name"] == "Bills of lading").unwrap();
    assert_eq!(lading["due_at"], Value::Null, "it cannot be there before the transfer");
    app.post(&format!("{approved}/reject"), &broker).json(json!({ "reason": "another club" })).send().await.expect(200);
    let row = &app.get("/cockpit", &broker).send().await.expect(200)[0];
    assert_eq!(row["rejected"][0]["name"], "Aegean Star: P&I certificate of entry");

    // First exactly at the ETA, then a second later, when all that is due before the transfer is overdue.
    app.later(std::time::Duration::from_mins((7 * 24 + 22) * 60 + 30));
    let row = &app.get("/cockpit", &app.session("broker@example.com").await).send().await.expect(200)[0];
    let overdue: Vec<_> = row["overdue"].as_array().unwrap().iter().map(|task| &task["name"]).collect();
    assert_eq!(
        overdue,
        ["Coastal State notification with acknowledgement"],
        "at the ETA itself only the notice is late"
    );
    app.later(std::time::Duration::from_secs(1));
    let row = &app.get("/cockpit", &app.session("broker@example.com").await).send().await.expect(200)[0];
    let overdue = row["overdue"].as_array().unwrap();
    let has = |name: &str| overdue.iter().any(|task| task["name"] == name);
    assert!(has("Aegean Star: Crew list") && has("Coastal State notification with acknowledgement"), "{row}");
    assert!(!has("Bills of lading"), "they come after the transfer: {row}");
}

async fn what_waits_for_me_is_what_i_may_decide_on_and_have_not(app: TestApp) {
    let (room, broker) = app.room().await;
    let [owner, seller] = [("owner@example.com", Role::Owner), ("seller@example.com", Role::Seller)];
    let (owner, seller) = (app.user(owner.0, owner.1).await, app.user(seller.0, seller.1).await);
    for (kind, by) in [("COMPAT", &broker), ("RISK_ASSESS", &owner), ("CARGO_SDS", &seller)] {
        let document = app.document(&room, &broker, kind, None).await;
        app.version(&document, by, kind, &[]).await;
    }
    let waiting = async |token: &str| -> Vec<String> {
        let row = &app.get("/cockpit", token).send().await.expect(200)[0];
        let tasks = row["waiting_for_me"].as_array().unwrap().iter();
        tasks.map(|task| task["name"].as_str().unwrap().to_owned()).collect()
    };
    let sds = "Safety data sheet and last cargo of the receiving vessel";
    assert_eq!(waiting(&broker).await, ["Operation-specific risk assessment", sds]);
    assert_eq!(waiting(&owner).await, ["Ship-to-ship compatibility and mooring study", sds]);
    assert_eq!(waiting(&seller).await, [""; 0], "sellers do not decide");
    let document = app.document(&room, &broker, "CARGO_SDS", None).await;
    app.post(&format!("{document}/approve"), &owner).json(json!({})).send().await.expect(200);
    assert_eq!(waiting(&owner).await, ["Ship-to-ship compatibility and mooring study"]);
    app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    assert!(waiting(&owner).await.contains(&"Clearance of Aegean Star".to_owned()));
}

async fn a_room_without_documents_has_no_progress_and_no_division_by_zero(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let types = app.get("/config/document-types?limit=100", &admin).send().await.expect(200);
    for kind in types.as_array().unwrap().iter().filter(|kind| kind["scope"] == "room") {
        let path = format!("/config/document-types/{}", kind["code"].as_str().unwrap());
        app.patch(&path, &admin).json(json!({ "enabled": false })).send().await.expect(200);
    }
    let room = room(&app, &admin, "empty", "2026-12-01T00:00:00Z").await;
    let summary = app.get(&format!("/rooms/{room}/summary"), &admin).send().await.expect(200);
    insta::allow_duplicates! {
        insta::assert_json_snapshot!("empty_summary", summary, { ".room_id" => "[uuid]" });
    }
}

async fn progress_is_the_share_of_needed_documents_that_are_approved(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let documents = app.documents(&room, &broker).await;
    let (needed, others): (Vec<_>, Vec<_>) = documents.iter().partition(|document| document["needed"] == true);
    let total = needed.len();
    assert!(total > 3 && !others.is_empty(), "{total} of {}", documents.len());
    let path = |document: &Value| format!("/rooms/{room}/documents/{}", document["id"].as_str().unwrap());
    let upload = async |document: &Value, expires_on: &str| {
        app.version(&path(document), &broker, "a paper", &[("expires_on", expires_on)]).await;
    };
    let say = async |document: &Value, verb: &str, asked: Value| {
        app.post(&format!("{}/{verb}", path(document)), &owner).json(asked).send().await.expect(200);
    };
    let expect = async |resolved: usize| {
        let percent = resolved * 100 / total;
        let summary = app.get(&format!("/rooms/{room}/summary"), &broker).send().await.expect(200);
        let told = ["total_required_docs", "resolved_required_docs", "progress_percentage"].map(|name| &summary[name]);
        assert_eq!(told, [&json!(total), &json!(resolved), &json!(percent)]);
        let page = app.get(&format!("//rooms/{room}/documents"), &broker).send().await.html();
        let shown = format!("{percent} %</progress><span class=\"num\">{resolved} of {total} documents</span>");
        assert!(page.contains(&shown), "{shown}: {page}");
    };
    expect(0).await;
    // Optional documents do not count, nor do those under review.
    upload(others[0], "2028-01-01").await;
    say(others[0], "approve", json!({})).await;
    upload(needed[0], "2028-01-01").await;
    expect(0).await;
    say(needed[0], "approve", json!({})).await;
    expect(1).await;
    upload(needed[1], "2028-01-01").await;
    say(needed[1], "approve", json!({ "subjects": "the survey" })).await;
    expect(2).await;
    // An approved document that expires before the end of the operation does not count.
    upload(needed[2], "2026-11-24").await;
    say(needed[2], "approve", json!({})).await;
    expect(2).await;
    upload(needed[2], "2028-01-01").await;
    say(needed[2], "approve", json!({})).await;
    expect(3).await;
    say(needed[0], "reject", json!({ "reason": "smudged" })).await;
    expect(2).await;
    for document in &needed[3..] {
        upload(document, "2028-01-01").await;
        say(document, "approve", json!({})).await;
    }
    // The percentage is rounded down.
    expect(total - 1).await;
    say(needed[0], "approve", json!({})).await;
    expect(total).await;
}
