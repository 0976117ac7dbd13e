//! Vessels: named by their IMO number or a reason, changed, withdrawn, and removed only while they hold nothing.

use room::Role;
use serde_json::{Value, json};

use crate::harness::{IMO, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    an_imo_number_is_read_as_people_write_it,
    a_mistyped_imo_number_is_told_what_its_last_digit_would_be,
    a_unit_without_an_imo_number_says_why_and_the_log_keeps_it,
    a_vessel_has_a_number_or_a_reason_and_not_both,
    a_number_names_one_vessel_of_a_room_and_may_be_in_many_rooms,
    a_patch_changes_what_it_names_and_the_log_tells_from_what,
    a_patch_that_is_refused_names_its_field_and_changes_nothing,
    measures_out_of_bounds_are_refused_and_those_at_them_are_kept,
    a_withdrawn_vessel_blocks_nothing_and_comes_back_with_its_papers,
    a_vessel_is_removed_only_while_nothing_was_uploaded_or_said,
    with_papers_a_vessel_does_not_become_another_ship,
    a_vessel_that_only_serves_asks_for_nothing,
    a_room_has_at_most_twelve_vessels,
    a_repeated_request_with_its_key_names_one_vessel,
}

/// IMO numbers as people write them, and as they are stored.
const GOOD: &[(&str, &str)] = &[
    ("9074729", "9074729"),
    ("IMO 9319466", "9319466"),
    ("IMO9417177", "9417177"),
    (" 9074729 ", "9074729"),
    ("imo 9074729", "9074729"),
    ("Imo9074729", "9074729"),
    ("IMO: 9074729", "9074729"),
    ("IMO No. 9074729", "9074729"),
    ("IMO NO 9074729", "9074729"),
    ("imo no: 9074729", "9074729"),
    ("IMO-9074729", "9074729"),
    ("IMO#9074729", "9074729"),
    ("IMO nr.9074729", "9074729"),
    ("IMO number: 9074729", "9074729"),
    ("IMO\u{a0}№\u{a0}9074729", "9074729"),
];

/// Texts that are no IMO number, each with words of the refusal.
const BAD: &[(&str, &str)] = &[
    ("9074728", "its last digit, which checks the others, would be 9"),
    ("IMO 9074720", "would be 9"),
    ("0000000", "is a placeholder"),
    ("IMO 1111111", "is a placeholder"),
    ("5555555", "is a placeholder"),
    ("9999999", "is a placeholder"),
    ("1234567", "is a placeholder"),
    ("0000017", "is a placeholder"),
    ("IMO number", "must be seven digits"),
    ("NO 9074729", "must be seven digits"),
    ("7654321", "would be 9"),
    ("907472", "must be seven digits"),
    ("90747290", "must be seven digits"),
    ("907472X", "must be seven digits"),
    ("9 074729", "must be seven digits"),
    ("-907472", "must be seven digits"),
    ("IMO", "must be seven digits"),
    ("IMO IMO 9074729", "must be seven digits"),
    ("", "must be seven digits"),
    ("٩٠٧٤٧٢٩", "must be seven digits"),
    ("９０７４７２９", "must be seven digits"),
];

fn named(imo: &str) -> Value {
    json!({ "name": "Aegean Star", "role": "discharging", "imo_number": imo })
}

/// Returns the last entry of the room's log.
async fn last_entry(app: &TestApp, room: &str, token: &str) -> Value {
    app.get(&format!("/rooms/{room}/activities?limit=1"), token).send().await.expect(200)[0].clone()
}

/// Returns how many documents of this vessel, or of the room, keep the STS operation from its next phase.
async fn blockers(app: &TestApp, room: &str, token: &str, vessel: Option<&str>) -> usize {
    let summary = app.get(&format!("/rooms/{room}/summary"), token).send().await.expect(200);
    let blockers = summary["blockers"].as_array().unwrap().iter();
    blockers.filter(|blocker| blocker["vessel_id"].as_str() == vessel && !blocker["document_id"].is_null()).count()
}

async fn an_imo_number_is_read_as_people_write_it(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    for (given, kept) in GOOD {
        let vessel = app.post(&format!("/rooms/{room}/vessels"), &broker).json(named(given)).send().await.expect(201);
        assert_eq!(vessel["imo_number"], *kept);
        let path = format!("/rooms/{room}/vessels/{}", vessel["id"].as_str().unwrap());
        assert_eq!(app.delete(&path, &admin).send().await.status, 204);
    }
}

async fn a_mistyped_imo_number_is_told_what_its_last_digit_would_be(app: TestApp) {
    let (room, broker) = app.room().await;
    let before = app.actions(&room, &broker).await;
    for (given, says) in BAD {
        let refused = app.post(&format!("/rooms/{room}/vessels"), &broker).json(named(given)).send().await;
        assert_eq!(refused.fields(), ["imo_number"], "{given}");
        let message = refused.json()["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(says), "{given}: {message}");
    }
    assert_eq!(app.actions(&room, &broker).await, before);
}

async fn a_unit_without_an_imo_number_says_why_and_the_log_keeps_it(app: TestApp) {
    let (room, broker) = app.room().await;
    let barge = json!({ "name": "Barge 7", "role": "receiving", "no_imo_reason": "an inland barge" });
    let path = format!("/rooms/{room}/vessels");
    let first = app.post(&path, &broker).json(barge.clone()).send().await.expect(201);
    assert_eq!((&first["imo_number"], &first["no_imo_reason"]), (&Value::Null, &json!("an inland barge")));
    let log = app.get(&format!("/rooms/{room}/activities?action=vessel_added"), &broker).send().await.expect(200);
    assert_eq!(log[0]["meta"]["no_imo_reason"], "an inland barge");
    // Two vessels without an IMO number do not conflict, even with the same name.
    app.post(&path, &broker).json(barge).send().await.expect(201);
}

async fn a_vessel_has_a_number_or_a_reason_and_not_both(app: TestApp) {
    let (room, broker) = app.room().await;
    for (asked, field) in [
        (json!({ "name": "A", "role": "other" }), "imo_number"),
        (json!({ "name": "A", "role": "other", "imo_number": null }), "imo_number"),
        (json!({ "name": "A", "role": "other", "no_imo_reason": "  " }), "imo_number"),
        (json!({ "name": "A", "role": "other", "imo_number": IMO[0], "no_imo_reason": "x" }), "no_imo_reason"),
    ] {
        let refused = app.post(&format!("/rooms/{room}/vessels"), &broker).json(asked.clone()).send().await;
        assert_eq!(refused.fields(), [field], "{asked}");
    }
}

async fn a_number_names_one_vessel_of_a_room_and_may_be_in_many_rooms(app: TestApp) {
    let (room, broker) = app.room().await;
    app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let path = format!("/rooms/{room}/vessels");
    let again = app.post(&path, &broker).json(named(&format!("IMO {}", IMO[0]))).send().await;
    assert_eq!(again.problem(), "conflict");
    let other = app.vessel(&room, &broker, "Northern Light", "receiving", IMO[1]).await;
    let renamed = app.patch(&format!("{path}/{other}"), &broker).json(json!({ "imo_number": IMO[0] })).send().await;
    assert_eq!(renamed.problem(), "conflict");
    let elsewhere = app.post("/rooms", &broker).json(crate::harness::new_room(&[])).send().await.expect(201);
    app.vessel(elsewhere["id"].as_str().unwrap(), &broker, "Aegean Star", "receiving", IMO[0]).await;

    let (one, two) = tokio::join!(
        app.post(&path, &broker).json(named(IMO[2])).send(),
        app.post(&path, &broker).json(named(IMO[2])).send()
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

async fn a_patch_changes_what_it_names_and_the_log_tells_from_what(app: TestApp) {
    let (room, broker) = app.room().await;
    let id = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let path = format!("/rooms/{room}/vessels/{id}");
    let set = json!({ "flag": "Malta", "length_m": 244.5, "deadweight_t": 105_000 });
    app.patch(&path, &broker).json(set).send().await.expect(200);
    let changed = app.patch(&path, &broker).json(json!({ "flag": null, "length_m": 245 })).send().await.expect(200);
    assert_eq!((&changed["flag"], &changed["length_m"]), (&Value::Null, &json!(245.0)));
    assert_eq!((&changed["deadweight_t"], &changed["name"]), (&json!(105_000), &json!("Aegean Star")));
    assert_eq!(app.get(&path, &broker).send().await.expect(200), changed);
    let entry = last_entry(&app, &room, &broker).await;
    assert_eq!(entry["action"], "vessel_updated");
    assert_eq!(
        entry["meta"]["changes"],
        json!({ "flag": { "from": "Malta", "to": null }, "length_m": { "from": "244.5", "to": "245" } })
    );

    let before = app.actions(&room, &broker).await;
    for nothing in [json!({}), json!({ "length_m": 245.0, "flag": "" })] {
        app.patch(&path, &broker).json(nothing).send().await.expect(200);
    }
    assert_eq!(app.actions(&room, &broker).await, before);
}

async fn a_patch_that_is_refused_names_its_field_and_changes_nothing(app: TestApp) {
    let (room, broker) = app.room().await;
    let id = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let path = format!("/rooms/{room}/vessels/{id}");
    let before = (app.get(&path, &broker).send().await.expect(200), app.actions(&room, &broker).await);
    for (asked, field) in [
        (json!({ "nmae": "x" }), "nmae"),
        (json!({ "id": id }), "id"),
        (json!({ "added_at": "2026-01-01T00:00:00Z" }), "added_at"),
        (json!({ "name": null }), "name"),
        (json!({ "name": " " }), "name"),
        (json!({ "name": 7 }), "name"),
        (json!({ "role": "king" }), "role"),
        (json!({ "role": null }), "role"),
        (json!({ "status": "sunk" }), "status"),
        (json!({ "length_m": "244" }), "length_m"),
        (json!({ "gross_tonnage": 1.5 }), "gross_tonnage"),
        (json!({ "flag": "a\u{0}b" }), "flag"),
        (json!({ "imo_number": null }), "imo_number"),
        (json!({ "no_imo_reason": "a barge" }), "no_imo_reason"),
        (json!([]), "body"),
    ] {
        let refused = app.patch(&path, &broker).json(asked.clone()).send().await;
        assert_eq!(refused.fields(), [field], "{asked}");
    }
    assert_eq!((app.get(&path, &broker).send().await.expect(200), app.actions(&room, &broker).await), before);
}

async fn measures_out_of_bounds_are_refused_and_those_at_them_are_kept(app: TestApp) {
    let (room, broker) = app.room().await;
    let id = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let path = format!("/rooms/{room}/vessels/{id}");
    for (field, refused, kept) in [
        ("length_m", [json!(0), json!(600.1)], [json!(0.1), json!(600.0)]),
        ("beam_m", [json!(-1), json!(101)], [json!(0.1), json!(100.0)]),
        ("draught_m", [json!(-0.0), json!(50.01)], [json!(0.1), json!(50.0)]),
        ("gross_tonnage", [json!(0), json!(1_000_001)], [json!(1), json!(1_000_000)]),
        ("deadweight_t", [json!(-1), json!(i64::MAX)], [json!(1), json!(1_000_000)]),
        ("year_built", [json!(1849), json!(2201)], [json!(1850), json!(2200)]),
    ] {
        for value in refused {
            let reply = app.patch(&path, &broker).json(json!({ field: value })).send().await;
            assert_eq!(reply.fields(), [field], "{value}");
        }
        for value in kept {
            let vessel = app.patch(&path, &broker).json(json!({ field: value })).send().await.expect(200);
            assert_eq!(vessel[field], value);
        }
    }
}

async fn a_withdrawn_vessel_blocks_nothing_and_comes_back_with_its_papers(app: TestApp) {
    let (room, broker) = app.room().await;
    let id = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let phase = json!({ "phase": "clearance", "override": true, "reason": "a test" });
    app.post(&format!("/rooms/{room}/phase"), &broker).json(phase).send().await.expect(200);
    let document = app.document(&room, &broker, "Q88", Some(&id)).await;
    app.version(&document, &broker, "particulars", &[]).await;
    let (papers, held_up) = (app.documents(&room, &broker).await, blockers(&app, &room, &broker, Some(&id)).await);
    assert!(held_up > 10, "{held_up}");

    let vessel = format!("/rooms/{room}/vessels/{id}");
    app.patch(&vessel, &broker).json(json!({ "status": "withdrawn" })).send().await.expect(200);
    assert_eq!(blockers(&app, &room, &broker, Some(&id)).await, 0);
    let withdrawn = app.documents(&room, &broker).await;
    assert_eq!(withdrawn.len(), papers.len());
    for paper in withdrawn.iter().filter(|paper| paper["vessel_id"] == *id) {
        assert_eq!(paper["needed"], false, "{paper}");
    }

    app.patch(&vessel, &broker).json(json!({ "status": "active" })).send().await.expect(200);
    assert_eq!(app.documents(&room, &broker).await, papers);
    assert_eq!(blockers(&app, &room, &broker, Some(&id)).await, held_up);
}

async fn a_vessel_is_removed_only_while_nothing_was_uploaded_or_said(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let empty = app.documents(&room, &admin).await;
    let mistaken = app.vessel(&room, &broker, "Mistaken", "other", IMO[0]).await;
    let path = format!("/rooms/{room}/vessels/{mistaken}");
    assert_eq!(app.delete(&path, &admin).send().await.status, 204);
    assert_eq!(app.documents(&room, &admin).await, empty);
    assert_eq!(app.get(&path, &admin).send().await.problem(), "not_found");
    assert_eq!(app.delete(&path, &admin).send().await.problem(), "not_found");
    let entry = last_entry(&app, &room, &broker).await;
    assert_eq!((&entry["action"], &entry["meta"]["name"]), (&json!("vessel_removed"), &json!("Mistaken")));
    assert!(app.actions(&room, &broker).await.contains(&"documents_closed".to_owned()));

    let filled = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let document = app.document(&room, &broker, "Q88", Some(&filled)).await;
    app.version(&document, &broker, "particulars", &[]).await;
    let cleared = app.vessel(&room, &broker, "Northern Light", "receiving", IMO[1]).await;
    let word = json!({ "vessel_id": cleared, "status": "pending" });
    app.post(&format!("/rooms/{room}/approvals"), &broker).json(word).send().await.expect(201);
    for vessel in [filled, cleared] {
        let refused = app.delete(&format!("/rooms/{room}/vessels/{vessel}"), &admin).send().await;
        assert_eq!(refused.problem(), "conflict");
    }
}

async fn with_papers_a_vessel_does_not_become_another_ship(app: TestApp) {
    let (room, broker) = app.room().await;
    let id = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let path = format!("/rooms/{room}/vessels/{id}");
    // As long as the vessel has no versions, her number can be corrected.
    app.patch(&path, &broker).json(json!({ "imo_number": IMO[1] })).send().await.expect(200);
    let document = app.document(&room, &broker, "Q88", Some(&id)).await;
    app.version(&document, &broker, "particulars", &[]).await;
    for another in [json!({ "imo_number": IMO[2] }), json!({ "imo_number": null, "no_imo_reason": "a barge" })] {
        assert_eq!(app.patch(&path, &broker).json(another).send().await.problem(), "conflict");
    }
    let renamed = json!({ "name": "Aegean Moon", "imo_number": format!("IMO {}", IMO[1]) });
    app.patch(&path, &broker).json(renamed).send().await.expect(200);
}

async fn a_vessel_that_only_serves_asks_for_nothing(app: TestApp) {
    let (room, broker) = app.room().await;
    let id = app.vessel(&room, &broker, "Tug", "other", IMO[0]).await;
    let of_tug = async || {
        let documents = app.documents(&room, &broker).await;
        documents.into_iter().filter(|document| document["vessel_id"] == *id).collect::<Vec<_>>()
    };
    let serving = of_tug().await;
    assert!(!serving.is_empty());
    assert!(serving.iter().all(|document| document["requirement"] == "optional" && document["needed"] == false));
    let path = format!("/rooms/{room}/vessels/{id}");
    app.patch(&path, &broker).json(json!({ "role": "receiving" })).send().await.expect(200);
    let receiving = of_tug().await;
    assert_eq!(receiving.len(), serving.len());
    assert!(receiving.iter().any(|document| document["requirement"] == "required" && document["needed"] == true));
    app.patch(&path, &broker).json(json!({ "role": "other" })).send().await.expect(200);
    assert_eq!(of_tug().await, serving);
}

async fn a_room_has_at_most_twelve_vessels(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/vessels");
    let barge = json!({ "name": "Barge", "role": "other", "no_imo_reason": "a barge" });
    for _ in 0..12 {
        app.post(&path, &broker).json(barge.clone()).send().await.expect(201);
    }
    assert_eq!(app.post(&path, &broker).json(barge).send().await.problem(), "conflict");
}

async fn a_repeated_request_with_its_key_names_one_vessel(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/vessels");
    let name = || app.post(&path, &broker).header("idempotency-key", "retry-1").json(named(IMO[0]));
    let first = name().send().await.expect(201);
    assert_eq!(name().send().await.expect(201), first);
    assert_eq!(app.get(&path, &broker).send().await.expect(200).as_array().unwrap().len(), 1);
}
