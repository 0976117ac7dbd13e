//! The catalogue of document types: as it is shipped, edited by admins, and turned into the slots of rooms.

use std::collections::BTreeSet;

use room::Role;
use serde_json::{Value, json};
use sts_clearance::domain::log::{
    Actor,
    readoption::{Mode, adopt_again},
};

use crate::harness::{IMO, TestApp, fields_of_event, on_both_databases};

on_both_databases! {
    TestApp:
    the_shipped_catalogue_is_the_one_that_was_agreed_on,
    an_added_type_is_asked_of_what_is_named_from_then_on,
    a_type_is_changed_field_by_field_and_the_log_tells_from_what,
    a_refused_edit_names_its_field_and_changes_nothing,
    a_code_or_alias_names_one_type,
    an_edit_changes_no_slot_that_is_open,
    a_disabled_type_opens_no_slot_and_closes_none,
    an_edit_does_not_reach_open_slots_when_a_vessel_changes,
    each_profile_asks_for_its_own,
    another_profile_closes_what_is_empty_and_keeps_what_is_filled_as_optional,
    a_vessel_named_later_opens_its_own,
    a_conditional_document_is_waived_with_a_reason_and_asked_for_again,
    only_a_conditional_document_can_be_waived,
    a_waiver_does_not_outlast_that_its_document_is_conditional,
    a_list_of_documents_is_filtered_and_parted,
    null_takes_a_field_of_a_type_back_to_what_it_is_without_it,
    a_room_from_before_there_were_documents_asks_for_them_with_its_next_vessel,
}

const TYPES: &str = "/config/document-types";
/// The whole catalogue in one page.
const ALL_TYPES: &str = "/config/document-types?limit=100";

/// Returns the JSON of a document type that every vessel needs.
fn new_type(code: &str) -> Value {
    json!({
        "code": code, "name": "Bunker data sheet", "category": "cargo", "scope": "vessel", "requirement": "required",
        "criticality": "low", "gate": "planning",
    })
}

/// Returns the codes of the slots that are open for a vessel, or for the room if it is `None`.
async fn codes(app: &TestApp, room: &str, token: &str, vessel: Option<&str>) -> BTreeSet<String> {
    let documents = app.documents(room, token).await;
    let of_it = documents.iter().filter(|document| document["vessel_id"].as_str() == vessel);
    of_it.map(|document| document["document_type"].as_str().unwrap().to_owned()).collect()
}

/// The shipped catalogue, as it was agreed on.
const AGREED: &str = include_str!("../../migrations/005_add_documents/document-types.csv");

async fn the_shipped_catalogue_is_the_one_that_was_agreed_on(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let types = app.get(ALL_TYPES, &admin).send().await.expect(200);
    let mut agreed = csv::Reader::from_reader(AGREED.as_bytes());
    let columns = agreed.headers().unwrap().clone();
    let word = |kind: &Value, column: &str| match &kind[column] {
        Value::Null => String::new(),
        Value::Array(all) if all.is_empty() && column == "profiles" => "*".to_owned(),
        Value::Array(words) => words.iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>().join("|"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let shipped = types.as_array().unwrap().iter();
    let shipped: Vec<Vec<_>> = shipped.map(|kind| columns.iter().map(|column| word(kind, column)).collect()).collect();
    let agreed: Vec<Vec<_>> = agreed.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    assert_eq!(agreed.len(), 47);
    assert_eq!(shipped, agreed);
}

async fn an_added_type_is_asked_of_what_is_named_from_then_on(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let early = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let reply = app.post(TYPES, &admin).json(new_type("BUNKER_MSDS")).send().await;
    let added = reply.expect(201);
    assert_eq!(reply.header("location"), "/api/v1/config/document-types/BUNKER_MSDS");
    assert_eq!((&added["enabled"], &added["profiles"], &added["aliases"]), (&json!(true), &json!([]), &json!([])));
    assert_eq!(app.get(&format!("{TYPES}/BUNKER_MSDS"), &admin).send().await.expect(200), added);
    let entry = &app.get("/activities?limit=1", &admin).send().await.expect(200)[0];
    assert_eq!((&entry["action"], &entry["actor"]), (&json!("document_type_added"), &json!("admin@example.com")));
    assert!(entry["meta"].get("catalogue").is_none(), "it was not shipped: {entry}");
    let mut terms = fields_of_event(&entry["meta"]);
    assert!(terms.as_object_mut().unwrap().remove("position").is_some_and(|position| position.is_i64()));
    // The log leaves out that it names no roles, as before types could name any.
    assert_eq!(terms.as_object_mut().unwrap().insert("must_approve".into(), json!([])), None);
    assert_eq!(terms, added);
    let all = app.get(ALL_TYPES, &admin).send().await.expect(200);
    assert_eq!(all.as_array().unwrap().last().unwrap(), &added);

    let late = app.vessel(&room, &broker, "Northern Light", "receiving", IMO[1]).await;
    assert!(codes(&app, &room, &broker, Some(&late)).await.contains("BUNKER_MSDS"));
    assert!(!codes(&app, &room, &broker, Some(&early)).await.contains("BUNKER_MSDS"));
}

async fn a_type_is_changed_field_by_field_and_the_log_tells_from_what(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let path = format!("{TYPES}/Q88");
    let before = app.get(&path, &admin).send().await.expect(200);
    let asked = json!({ "validity_days": 60, "warn_days": null, "profiles": ["oil", "chem"] });
    let after = app.patch(&path, &admin).json(asked).send().await.expect(200);
    let mut expected = before.clone();
    expected["validity_days"] = json!(60);
    expected["warn_days"] = Value::Null;
    expected["profiles"] = json!(["oil", "chem"]);
    assert_eq!(after, expected);
    assert_eq!(app.get(&path, &admin).send().await.expect(200), expected);
    let last = app.app.db.read(async |tx| {
        let row =
            tx.opt("SELECT action, meta_json FROM activity_log WHERE room_id IS NULL ORDER BY seq DESC LIMIT 1", &[]);
        let row = row.await?.unwrap();
        Ok((row.get::<String>(0)?, row.get::<String>(1)?))
    });
    let (action, meta) = last.await.unwrap();
    assert_eq!(action, "document_type_updated");
    let meta: Value = serde_json::from_str(&meta).unwrap();
    assert_eq!(meta["changes"]["validity_days"], json!({ "from": 30, "to": 60 }));
    assert_eq!(meta["changes"]["warn_days"], json!({ "from": 7, "to": null }));
}

async fn a_refused_edit_names_its_field_and_changes_nothing(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let before = app.get(ALL_TYPES, &admin).send().await.expect(200);
    let faults = [
        ("code", json!("bunker")),
        ("code", json!("A-B")),
        ("code", json!("")),
        ("code", json!("Ä")),
        ("code", json!("A".repeat(65))),
        ("name", json!(" ")),
        ("name", json!("a\u{0}")),
        ("category", json!("")),
        ("scope", json!("ship")),
        ("requirement", json!("maybe")),
        ("criticality", json!("huge")),
        ("gate", json!("nomination")),
        ("gate", json!("lunch")),
        ("validity_days", json!(-1)),
        ("validity_days", json!(36_526)),
        ("validity_days", json!("30")),
        ("warn_days", json!(1.5)),
        ("aliases", json!(["lower"])),
        ("aliases", json!(["A|B"])),
        ("aliases", json!(["TWICE", "TWICE"])),
        ("profiles", json!("oil")),
        ("enabled", json!("yes")),
        ("basis", json!("a\nb")),
        ("position", json!(1)),
    ];
    for (field, value) in faults {
        let mut asked = new_type("NEW");
        asked[field] = value.clone();
        let refused = app.post(TYPES, &admin).json(asked).send().await;
        assert_eq!(refused.fields(), [field], "{value}");
        let refused = app.patch(&format!("{TYPES}/Q88"), &admin).json(json!({ field: value })).send().await;
        assert_eq!(refused.fields(), [field], "{value}");
    }
    let profile = app.post(TYPES, &admin).json(json!({ "profiles": ["cars"] })).send().await;
    assert_eq!(profile.fields(), ["profiles[0]"]);
    let renamed = app.patch(&format!("{TYPES}/Q88"), &admin).json(json!({ "code": "Q89" })).send().await;
    assert_eq!(renamed.fields(), ["code"]);
    for code in ["Q89", "q88", "..%2F", "%00"] {
        let missing = app.patch(&format!("{TYPES}/{code}"), &admin).json(json!({ "enabled": false })).send().await;
        assert_eq!(missing.problem(), "not_found", "{code}");
    }
    assert_eq!(app.get(ALL_TYPES, &admin).send().await.expect(200), before);
}

async fn a_code_or_alias_names_one_type(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    for taken in ["Q88", "INSURANCE"] {
        assert_eq!(app.post(TYPES, &admin).json(new_type(taken)).send().await.problem(), "conflict", "{taken}");
        let mut asked = new_type("NEW");
        asked["aliases"] = json!(["FINE", taken]);
        assert_eq!(app.post(TYPES, &admin).json(asked).send().await.problem(), "conflict", "{taken}");
        let alias = app.patch(&format!("{TYPES}/SIRE"), &admin).json(json!({ "aliases": [taken] }));
        assert_eq!(alias.send().await.problem(), "conflict", "{taken}");
    }
    // A type does not clash with its own alias.
    let own = app.patch(&format!("{TYPES}/P_AND_I"), &admin).json(json!({ "aliases": ["INSURANCE", "P_AND_I_2"] }));
    own.send().await.expect(200);
}

async fn an_edit_changes_no_slot_that_is_open(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let before = app.documents(&room, &broker).await;
    let edit = json!({
        "name": "Another name", "category": "other", "requirement": "optional", "criticality": "low",
        "validity_days": null, "gate": "closed", "profiles": ["bulk"],
    });
    app.patch(&format!("{TYPES}/Q88"), &admin).json(edit).send().await.expect(200);
    assert_eq!(app.documents(&room, &broker).await, before);
    // The slot keeps the validity that its type had when it opened, by which it expires.
    let document = app.document(&room, &broker, "Q88", Some(&vessel)).await;
    let uploaded = app.version(&document, &broker, "particulars", &[]).await;
    assert_eq!(uploaded["version"]["expiry"], "not_given");
}

async fn a_disabled_type_opens_no_slot_and_closes_none(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let early = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    for code in ["Q88", "COMPAT"] {
        app.patch(&format!("{TYPES}/{code}"), &admin).json(json!({ "enabled": false })).send().await.expect(200);
    }
    let late = app.vessel(&room, &broker, "Northern Light", "receiving", IMO[1]).await;
    assert!(!codes(&app, &room, &broker, Some(&late)).await.contains("Q88"));
    assert!(codes(&app, &room, &broker, Some(&early)).await.contains("Q88"));
    assert!(codes(&app, &room, &broker, None).await.contains("COMPAT"));
    let other = app.post("/rooms", &broker).json(crate::harness::new_room(&[])).send().await.expect(201);
    assert!(!codes(&app, other["id"].as_str().unwrap(), &broker, None).await.contains("COMPAT"));
}

async fn an_edit_does_not_reach_open_slots_when_a_vessel_changes(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let before = app.documents(&room, &broker).await;
    app.post(TYPES, &admin).json(new_type("BUNKER_MSDS")).send().await.expect(201);
    for (code, edit) in [
        ("Q88", json!({ "enabled": false })),
        ("COMPAT", json!({ "enabled": false })),
        ("CREW_LIST", json!({ "requirement": "optional" })),
        ("PROVIDER_VER", json!({ "requirement": "required" })),
        ("SIRE", json!({ "profiles": ["bulk"] })),
        ("CUSTOMS_DOCS", json!({ "enabled": true })),
    ] {
        app.patch(&format!("{TYPES}/{code}"), &admin).json(edit).send().await.expect(200);
    }
    let path = format!("/rooms/{room}/vessels/{vessel}");
    for change in [json!({ "flag": "Malta" }), json!({ "status": "withdrawn" }), json!({ "status": "active" })] {
        app.patch(&path, &broker).json(change).send().await.expect(200);
    }
    assert_eq!(app.documents(&room, &broker).await, before);
    let late = app.vessel(&room, &broker, "Northern Light", "receiving", IMO[1]).await;
    let of_others = app.documents(&room, &broker).await.into_iter().filter(|document| document["vessel_id"] != *late);
    assert_eq!(of_others.collect::<Vec<_>>(), before);
}

/// A cargo profile, the codes that it asks for and does not ask for of a vessel, and the same two lists for the room.
type Profile = (Value, [&'static [&'static str]; 4]);

fn profiles() -> Vec<Profile> {
    let liquid = &["SIRE", "CREW_MATRIX", "PUMP_LOG_LOP"];
    let solid = &["HATCH_TEST", "CRANE_CERT"];
    vec![
        (
            json!("oil"),
            [
                &["Q88", "SIRE", "CREW_MATRIX", "PUMP_LOG_LOP", "IOPP", "STS_PLAN", "CLC"],
                &["COF", "HATCH_TEST", "CRANE_CERT"],
                &["COMPAT", "HOSE_CERT", "NOTIF_48H"],
                &["ESD_LINK_TEST", "CUSTOMS_DOCS", "PRICE_CAP_ATTEST"],
            ],
        ),
        (
            json!("chem"),
            [
                &["Q88", "SIRE", "CREW_MATRIX", "PUMP_LOG_LOP", "COF"],
                &["IOPP", "STS_PLAN", "CLC", "HATCH_TEST", "CRANE_CERT"],
                &["COMPAT", "HOSE_CERT"],
                &["NOTIF_48H", "ESD_LINK_TEST"],
            ],
        ),
        (
            json!("lpg_lng"),
            [
                &["Q88", "SIRE", "CREW_MATRIX", "PUMP_LOG_LOP", "COF"],
                &["IOPP", "STS_PLAN", "CLC", "HATCH_TEST", "CRANE_CERT"],
                &["COMPAT", "HOSE_CERT", "ESD_LINK_TEST"],
                &["NOTIF_48H"],
            ],
        ),
        (json!("bulk"), [solid, liquid, &["COMPAT"], &["HOSE_CERT", "NOTIF_48H", "ESD_LINK_TEST"]]),
        (
            Value::Null,
            [
                &["Q88", "CREW_LIST"],
                &["SIRE", "IOPP", "COF", "HATCH_TEST"],
                &["COMPAT", "PORT_PERMIT"],
                &["HOSE_CERT", "NOTIF_48H", "ESD_LINK_TEST"],
            ],
        ),
    ]
}

async fn each_profile_asks_for_its_own(app: TestApp) {
    let (_, broker) = app.room().await;
    for (profile, [of_vessel, not_of_vessel, of_room, not_of_room]) in profiles() {
        let mut asked = crate::harness::new_room(&[]);
        asked["cargo_profile"] = profile.clone();
        let room = app.post("/rooms", &broker).json(asked).send().await.expect(201);
        let room = room["id"].as_str().unwrap();
        let vessel = app.vessel(room, &broker, "Aegean Star", "discharging", IMO[0]).await;
        for (vessel, asks, asks_not) in [(Some(&*vessel), of_vessel, not_of_vessel), (None, of_room, not_of_room)] {
            let codes = codes(&app, room, &broker, vessel).await;
            assert!(asks.iter().all(|code| codes.contains(*code)), "{profile}: {codes:?}");
            assert!(!asks_not.iter().any(|code| codes.contains(*code)), "{profile}: {codes:?}");
        }
    }
}

async fn another_profile_closes_what_is_empty_and_keeps_what_is_filled_as_optional(app: TestApp) {
    let (room, broker) = app.room().await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let before = app.documents(&room, &broker).await;
    let filled = app.document(&room, &broker, "SIRE", Some(&vessel)).await;
    app.version(&filled, &broker, "inspection", &[]).await;
    let path = format!("/rooms/{room}");
    app.patch(&path, &broker).json(json!({ "cargo_profile": "bulk" })).send().await.expect(200);

    let now = codes(&app, &room, &broker, Some(&vessel)).await;
    assert!(now.contains("HATCH_TEST") && now.contains("SIRE") && !now.contains("IOPP"), "{now:?}");
    let kept = app.get(&filled, &broker).send().await.expect(200);
    assert_eq!((&kept["requirement"], &kept["needed"]), (&json!("optional"), &json!(false)));
    assert_eq!(kept["versions"].as_array().unwrap().len(), 1);
    let actions = app.actions(&room, &broker).await;
    for action in ["documents_opened", "documents_closed", "document_requirement_changed"] {
        assert!(actions.iter().any(|told| told == action), "{action}");
    }

    app.patch(&path, &broker).json(json!({ "cargo_profile": "oil" })).send().await.expect(200);
    let again = app.get(&filled, &broker).send().await.expect(200);
    assert_eq!((&again["requirement"], &again["needed"]), (&json!("conditional"), &json!(true)));
    let asked = |documents: Vec<Value>| -> Vec<(Value, Value)> {
        documents.iter().map(|paper| (paper["document_type"].clone(), paper["requirement"].clone())).collect()
    };
    assert_eq!(asked(app.documents(&room, &broker).await), asked(before));
}

async fn a_vessel_named_later_opens_its_own(app: TestApp) {
    let (room, broker) = app.room().await;
    assert!(app.documents(&room, &broker).await.iter().all(|document| document["vessel_id"].is_null()));
    let first = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let with_one = app.documents(&room, &broker).await;
    let second = app.vessel(&room, &broker, "Northern Light", "receiving", IMO[1]).await;
    assert_eq!(codes(&app, &room, &broker, Some(&first)).await, codes(&app, &room, &broker, Some(&second)).await);
    let others = app.documents(&room, &broker).await.into_iter().filter(|document| document["vessel_id"] != *second);
    assert_eq!(others.collect::<Vec<_>>(), with_one);
    let log = app.get(&format!("/rooms/{room}/activities?limit=1"), &broker).send().await.expect(200);
    assert_eq!((&log[0]["action"], &log[0]["meta"]["vessel"]), (&json!("documents_opened"), &json!("Northern Light")));
}

async fn a_conditional_document_is_waived_with_a_reason_and_asked_for_again(app: TestApp) {
    let (room, broker) = app.room().await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let waiver = format!("{}/waiver", app.document(&room, &broker, "CLC", Some(&vessel)).await);
    assert_eq!(app.delete(&waiver, &broker).send().await.problem(), "conflict");
    for (body, field) in [(json!({}), "reason"), (json!({ "reason": " " }), "reason"), (json!({ "why": "x" }), "why")] {
        assert_eq!(app.post(&waiver, &broker).json(body).send().await.fields(), [field]);
    }
    let told = app.post(&waiver, &broker).json(json!({ "reason": "cargo below 2000 t" })).send().await.expect(200);
    assert_eq!(told["needed"], false);
    assert_eq!(
        told["waiver"],
        json!({ "reason": "cargo below 2000 t", "by": "broker@example.com", "at": "2026-11-23T08:00:00Z" })
    );
    let log = app.get(&format!("/rooms/{room}/activities?limit=1"), &broker).send().await.expect(200);
    assert_eq!(log[0]["action"], "document_waived");
    assert_eq!(log[0]["meta"]["reason"], "cargo below 2000 t");
    assert_eq!(log[0]["meta"]["vessel"], "Aegean Star");

    let asked = app.delete(&waiver, &broker).send().await.expect(200);
    assert_eq!((&asked["needed"], &asked["waiver"]), (&json!(true), &Value::Null));
    assert_eq!(app.actions(&room, &broker).await.last().unwrap(), "document_waiver_withdrawn");
}

/// A vessel that leaves the transfer and rejoins it has the requirements that the catalogue has by then.
async fn a_waiver_does_not_outlast_that_its_document_is_conditional(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let document = app.document(&room, &broker, "CLC", Some(&vessel)).await;
    let waiver = json!({ "reason": "cargo below 2000 t" });
    app.post(&format!("{document}/waiver"), &broker).json(waiver).send().await.expect(200);
    let change = async |role: &str| {
        let path = format!("/rooms/{room}/vessels/{vessel}");
        app.patch(&path, &broker).json(json!({ "role": role })).send().await.expect(200);
        let document = app.get(&document, &broker).send().await.expect(200);
        json!([document["requirement"], document["needed"], document["waiver"]["reason"]])
    };
    assert_eq!(change("other").await, json!(["optional", false, "cargo below 2000 t"]));
    assert_eq!(change("discharging").await, json!(["conditional", false, "cargo below 2000 t"]));
    change("other").await;
    let required = json!({ "requirement": "required" });
    app.patch(&format!("{TYPES}/CLC"), &admin).json(required).send().await.expect(200);
    assert_eq!(change("discharging").await, json!(["required", true, "cargo below 2000 t"]));
}

async fn only_a_conditional_document_can_be_waived(app: TestApp) {
    let (room, broker) = app.room().await;
    for code in ["COMPAT", "PROVIDER_VER"] {
        let waiver = format!("{}/waiver", app.document(&room, &broker, code, None).await);
        let refused = app.post(&waiver, &broker).json(json!({ "reason": "not today" })).send().await;
        assert_eq!(refused.problem(), "conflict", "{code}");
    }
}

async fn a_list_of_documents_is_filtered_and_parted(app: TestApp) {
    let (room, broker) = app.room().await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let document = app.document(&room, &broker, "Q88", Some(&vessel)).await;
    app.version(&document, &broker, "particulars", &[]).await;
    let all = app.documents(&room, &broker).await;
    let path = format!("/rooms/{room}/documents");
    for (query, takes) in [
        (
            "status=under_review".to_owned(),
            Box::new(|d: &Value| d["status"] == "under_review") as Box<dyn Fn(&Value) -> bool>,
        ),
        ("gate=planning&criticality=high".into(), Box::new(|d| d["gate"] == "planning" && d["criticality"] == "high")),
        (format!("vessel_id={vessel}"), Box::new(|d| !d["vessel_id"].is_null())),
        (format!("vessel_id={room}"), Box::new(|_| false)),
    ] {
        let expected: Vec<_> = all.iter().filter(|document| takes(document)).collect();
        let reply = app.get(&format!("{path}?limit=2&{query}"), &broker).send().await;
        assert_eq!(reply.header("x-total-count"), expected.len().to_string(), "{query}");
        assert_eq!(reply.json().as_array().unwrap().iter().collect::<Vec<_>>(), expected[..expected.len().min(2)]);
    }
    for (query, field) in [("status=lost", "status"), ("gate=lunch", "gate"), ("vessel_id=7", "vessel_id"), ("x=", "x")]
    {
        assert_eq!(app.get(&format!("{path}?{query}"), &broker).send().await.fields(), [field]);
    }
}

async fn null_takes_a_field_of_a_type_back_to_what_it_is_without_it(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let path = format!("{TYPES}/SOPEP");
    let change = json!({ "aliases": null, "profiles": null, "basis": null, "warn_days": null });
    let changed = app.patch(&path, &admin).json(change).send().await.expect(200);
    assert_eq!((&changed["aliases"], &changed["basis"]), (&json!([]), &json!("")));
    for (refused, field) in [(json!({ "name": null }), "name"), (json!({ "colour": null }), "colour")] {
        assert_eq!(app.patch(&path, &admin).json(refused).send().await.fields(), [field]);
    }
}

async fn a_room_from_before_there_were_documents_asks_for_them_with_its_next_vessel(app: TestApp) {
    let (room, broker) = app.room().await;
    let asked = app.documents(&room, &broker).await.len();
    // A log that was adopted with what the rows of such a room tell.
    app.app.db.write(async |tx| tx.exec("DELETE FROM documents", &[]).await).await.unwrap();
    adopt_again(&app.app, &Actor::Operator, Mode::Adopt).await.unwrap();
    app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let documents = app.documents(&room, &broker).await;
    assert_eq!(documents.iter().filter(|document| document["vessel_id"].is_null()).count(), asked);
    assert!(documents.len() > asked);
}
