//! Holds and retention: what cannot be deleted, and what takes two admins to delete.

use std::time::Duration;

use room::Role;
use serde_json::{Value, json};

use sts_clearance::domain::snapshots::way_down;
use sts_clearance::{
    db::Tx,
    domain::{
        accounts::users,
        input::Basis,
        log::{Actor, schema},
    },
};

use crate::harness::{Reply, TestApp, fields_of_event, on_both_databases};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const DAY: Duration = Duration::from_hours(24);

on_both_databases! {
    TestApp:
    a_room_under_hold_cannot_be_deleted_by_anyone,
    a_snapshot_under_hold_cannot_be_deleted_nor_can_its_room_but_its_neighbour_can,
    the_schema_is_not_taken_back_over_a_hold,
    lifting_a_hold_needs_a_second_admin_within_a_day,
    a_request_that_nobody_confirms_within_a_day_is_no_more,
    the_request_of_an_admin_who_was_disabled_or_is_no_admin_any_more_does_not_count,
    two_admins_who_ask_at_once_are_one_who_asks_and_one_who_confirms,
    a_hold_is_refused_without_a_reason_on_what_is_not_there_and_twice,
    parties_read_in_the_log_that_something_is_held_and_not_why,
    a_snapshot_inside_its_retention_is_deleted_by_two_admins,
    a_snapshot_is_deleted_by_one_admin_before_its_retention_and_after_it,
    a_closed_room_taken_back_or_closed_again_for_an_earlier_day_keeps_its_retention,
    a_closed_room_with_snapshots_is_deleted_by_two_admins,
    a_room_closed_before_the_server_knew_of_holds_keeps_its_retention,
}

/// Makes two admins and a room with a snapshot; returns the paths of the room and the snapshot.
async fn room(app: &TestApp) -> (String, String) {
    let (room, broker) = app.room().await;
    app.user(ADA, Role::Admin).await;
    app.user(BEN, Role::Admin).await;
    let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
    (format!("/rooms/{room}"), format!("/rooms/{room}/snapshots/{}", snapshot["id"].as_str().unwrap()))
}

/// Closes the room, overriding every gate on the way.
async fn close(app: &TestApp, room: &str) {
    for phase in ["clearance", "planning", "arrival", "mooring", "transfer", "unmooring", "documents", "closed"] {
        step(app, room, json!({ "phase": phase, "override": true, "reason": "a test" })).await;
    }
}

async fn step(app: &TestApp, room: &str, asked: Value) {
    let broker = app.session("broker@example.com").await;
    app.post(&format!("{room}/phase"), &broker).json(asked).send().await.expect(200);
}

/// Places a hold and returns its path.
async fn hold(app: &TestApp, room: &str, asked: Value) -> String {
    let placed = app.post(&format!("{room}/holds"), &app.session(ADA).await).json(asked).send().await;
    placed.header("location").strip_prefix("/api/v1").unwrap().to_owned()
}

/// Sends a `DELETE` for a path; `path because reason` also sends the reason in the body.
async fn delete(app: &TestApp, what: &str, admin: &str) -> Reply {
    let token = app.session(admin).await;
    match what.split_once(" because ") {
        Some((path, reason)) => app.delete(path, &token).json(json!({ "reason": reason })).send().await,
        None => app.delete(what, &token).send().await,
    }
}

/// Lifts a hold: one admin asks for it, the other confirms.
async fn lift(app: &TestApp, hold: &str) {
    let asked = format!("{hold} because The claim is settled");
    delete(app, &asked, ADA).await.expect(202);
    delete(app, &asked, BEN).await.expect(200);
}

async fn get(app: &TestApp, path: &str) -> Value {
    app.get(path, &app.session(ADA).await).send().await.expect(200)
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

async fn last_entry(app: &TestApp, room: &str) -> Value {
    let entry = get(app, &format!("{room}/activities?limit=1")).await[0].clone();
    let mut fields = fields_of_event(&entry["meta"]);
    // Salted, so it is another one each time.
    fields.as_object_mut().unwrap().retain(|field, _| !field.ends_with("reason_hash"));
    json!([entry["action"], entry["actor"], fields])
}

async fn a_room_under_hold_cannot_be_deleted_by_anyone(app: TestApp) {
    let (room, snapshot) = room(&app).await;
    let hold = hold(&app, &room, json!({ "reason": "Claim 4711" })).await;
    for admin in [ADA, BEN] {
        for path in [&room, &format!("{room}?force=true because space"), &snapshot] {
            let refused = delete(&app, path, admin).await;
            assert_eq!(refused.problem(), "conflict", "{path}");
            let detail = refused.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.starts_with("The room is under the hold"), "{detail}");
            assert!([last(&hold), ADA, "2026-11-23 08:00", "Claim 4711"].iter().all(|word| detail.contains(word)));
        }
    }
    let by_hand = app.app.db.write(async |tx| tx.exec("DELETE FROM snapshots", &[]).await).await;
    let refused = by_hand.unwrap_err().to_string();
    assert!(refused.ends_with("the snapshot is under hold"), "{refused}");
    get(&app, &snapshot).await;

    lift(&app, &hold).await;
    delete(&app, &snapshot, ADA).await.expect(200);
    delete(&app, &room, ADA).await.expect(200);
    assert_eq!(delete(&app, &hold, ADA).await.problem(), "not_found");
}

async fn a_snapshot_under_hold_cannot_be_deleted_nor_can_its_room_but_its_neighbour_can(app: TestApp) {
    let (room, snapshot) = room(&app).await;
    let broker = app.session("broker@example.com").await;
    let (_, other) = app.take(last(&room), &broker, json!({ "snapshot_type": "json" })).await;
    let hold = hold(&app, &room, json!({ "reason": "Claim 4711", "snapshot_id": last(&snapshot) })).await;
    delete(&app, &other, ADA).await.expect(200);
    for path in [&snapshot, &room, &format!("{room}?force=true because space")] {
        let refused = delete(&app, path, BEN).await.expect(409);
        let words = format!("The snapshot `{}` is under the hold `{}`", last(&snapshot), last(&hold));
        assert!(refused["detail"].as_str().unwrap().starts_with(&words), "{refused}");
    }
    lift(&app, &hold).await;
    delete(&app, &snapshot, BEN).await.expect(200);
    assert_eq!(
        get(&app, &format!("{room}/holds")).await[0]["snapshot_id"],
        last(&snapshot),
        "history tells what was held"
    );
}

async fn the_schema_is_not_taken_back_over_a_hold(app: TestApp) {
    let (room, snapshot) = room(&app).await;
    let hold = hold(&app, &room, json!({ "reason": "Claim 4711" })).await;
    let refused = way_down::take_back(&app.app, &Actor::Operator, "002", true).await.unwrap_err().to_string();
    assert_eq!(
        refused,
        "holds are in force (1), and nobody deletes what is under hold; once two admins have lifted each, repeat this"
    );
    get(&app, &snapshot).await;
    lift(&app, &hold).await;
    way_down::take_back(&app.app, &Actor::Operator, "002", true).await.unwrap();
    schema::bring_up(&app.app, &Actor::Operator).await.unwrap();
}

async fn lifting_a_hold_needs_a_second_admin_within_a_day(app: TestApp) {
    let (room, _) = room(&app).await;
    let hold = hold(&app, &room, json!({ "reason": "Claim 4711" })).await;
    let id = last(&hold);
    assert_eq!(last_entry(&app, &room).await, json!(["hold_placed", ADA, { "hold_id": id, "snapshot_id": null }]));
    assert_eq!(delete(&app, &hold, ADA).await.fields(), ["reason"]);
    let asked = format!("{hold} because Settled");
    let (at, until) = ("2026-11-23T08:00:00Z", "2026-11-24T08:00:00Z");
    let message = "Another admin has to confirm that the hold is lifted";
    assert_eq!(
        delete(&app, &asked, ADA).await.expect(202),
        json!({ "message": message, "hold_id": id, "confirm_by": until, "asked_by": ADA })
    );
    assert_eq!(
        last_entry(&app, &room).await,
        json!(["hold_lift_asked", ADA, { "hold_id": id, "snapshot_id": null, "until": until }])
    );
    let again = delete(&app, &asked, ADA).await.expect(409);
    assert_eq!(again["detail"], "You have asked for this; another admin has to confirm it until 2026-11-24 08:00 UTC.");
    let mut told = json!({
        "id": id, "room_id": last(&room), "snapshot_id": null, "reason": "Claim 4711", "placed_by": ADA,
        "placed_at": at, "lifted": null,
        "lift_request": { "asked_by": ADA, "asked_at": at, "until": until, "reason": "Settled" },
    });
    assert_eq!(get(&app, &format!("{room}/holds")).await, json!([told]));
    assert_eq!(delete(&app, &room, BEN).await.problem(), "conflict", "a request lifts nothing");

    app.later(DAY);
    let lifted = delete(&app, &hold, BEN).await.expect(200);
    assert_eq!(lifted, json!({ "message": "Hold lifted", "hold_id": id, "asked_by": ADA }));
    assert_eq!(
        last_entry(&app, &room).await,
        json!(["hold_lifted", BEN, { "hold_id": id, "snapshot_id": null, "asked_by": ADA }])
    );
    told["lift_request"] = Value::Null;
    told["lifted"] = json!({
        "asked_by": ADA, "lifted_by": BEN, "lifted_at": until, "reason": "Settled", "confirm_reason": null,
    });
    assert_eq!(get(&app, &hold).await, told);
    for admin in [ADA, BEN] {
        assert_eq!(delete(&app, &asked, admin).await.problem(), "conflict");
    }
    delete(&app, &format!("{room}?force=true because space"), ADA).await.expect(200);
}

async fn a_request_that_nobody_confirms_within_a_day_is_no_more(app: TestApp) {
    let (room, snapshot) = room(&app).await;
    let hold = hold(&app, &room, json!({ "reason": "Claim 4711" })).await;
    let asked = format!("{hold} because Settled");
    delete(&app, &asked, ADA).await.expect(202);
    app.later(DAY + Duration::from_micros(1));
    assert_eq!(get(&app, &hold).await["lift_request"], Value::Null);
    assert_eq!(delete(&app, &asked, BEN).await.expect(202)["asked_by"], BEN);
    app.later(DAY + Duration::from_micros(1));
    assert_eq!(delete(&app, &asked, BEN).await.expect(202)["asked_by"], BEN, "their own, asked anew");

    let count = async || {
        let look = async |tx: &mut Tx| tx.one("SELECT COUNT(*) FROM confirmations", &[]).await?.get::<i64>(0);
        app.app.db.read(look).await.unwrap()
    };
    close(&app, &room).await;
    app.later(DAY + Duration::from_micros(1));
    lift(&app, &hold).await;
    delete(&app, &snapshot, ADA).await.expect(202);
    app.later(DAY + Duration::from_micros(1));
    assert_eq!(count().await, 1);
    delete(&app, &format!("{room}?force=true because space"), BEN).await.expect(202);
    assert_eq!(count().await, 1, "what nobody confirmed is forgotten");
    delete(&app, &snapshot, BEN).await.expect(202);
    delete(&app, &format!("{room}?force=true because space"), ADA).await.expect(200);
    assert_eq!(count().await, 0);
}

async fn the_request_of_an_admin_who_was_disabled_or_is_no_admin_any_more_does_not_count(app: TestApp) {
    let (room, _) = room(&app).await;
    app.user("cyd@example.com", Role::Admin).await;
    let hold = hold(&app, &room, json!({ "reason": "Claim 4711" })).await;
    let asked = format!("{hold} because Settled");
    delete(&app, &asked, ADA).await.expect(202);
    app.disable(ADA).await;
    delete(&app, &asked, BEN).await.expect(202);
    let ben = users::named(&app.app, BEN).await.unwrap().id;
    users::change_role(&app.app, &Actor::Operator, ben, Role::Buyer, Basis::Anything).await.unwrap();
    delete(&app, &asked, "cyd@example.com").await.expect(202);
    assert_eq!(delete(&app, &asked, BEN).await.problem(), "not_a_party");
}

async fn two_admins_who_ask_at_once_are_one_who_asks_and_one_who_confirms(app: TestApp) {
    let (room, snapshot) = room(&app).await;
    let hold = hold(&app, &room, json!({ "reason": "Claim 4711" })).await;
    close(&app, &room).await;
    for path in [&format!("{hold} because Settled"), &snapshot, &format!("{room}?force=true because space")] {
        let (one, two) = tokio::join!(delete(&app, path, ADA), delete(&app, path, BEN));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 202], "{path}");
    }
}

async fn a_hold_is_refused_without_a_reason_on_what_is_not_there_and_twice(app: TestApp) {
    let (room, snapshot) = room(&app).await;
    let (ada, path) = (app.session(ADA).await, format!("{room}/holds"));
    let place = async |asked: Value| app.post(&path, &ada).json(asked).send().await;
    for asked in [json!({}), json!({ "reason": " " }), json!({ "reason": null })] {
        assert_eq!(place(asked.clone()).await.fields(), ["reason"], "{asked}");
    }
    assert_eq!(place(json!({ "reason": "a", "snapshot_id": "1" })).await.fields(), ["snapshot_id"]);
    let elsewhere = json!({ "reason": "a", "snapshot_id": "01890a5d-ac96-774b-bcce-b302099a8057" });
    assert_eq!(place(elsewhere).await.problem(), "not_found");
    for asked in [json!({ "reason": "a" }), json!({ "reason": "a", "snapshot_id": last(&snapshot) })] {
        place(asked.clone()).await.expect(201);
        assert_eq!(place(asked.clone()).await.problem(), "conflict", "{asked}");
    }
    let listed = app.get(&format!("{path}?limit=1"), &ada).send().await;
    assert_eq!(listed.header("x-total-count"), "2");
    assert_eq!(listed.json()[0]["snapshot_id"], last(&snapshot), "the newest first");
    let nobodys = format!("{path}/01890a5d-ac96-774b-bcce-b302099a8057 because a");
    assert_eq!(delete(&app, &nobodys, ADA).await.problem(), "not_found");

    for hold in get(&app, &path).await.as_array().unwrap() {
        lift(&app, &format!("{path}/{}", hold["id"].as_str().unwrap())).await;
    }
    place(json!({ "reason": "anew" })).await.expect(201);
    lift(&app, &format!("{path}/{}", get(&app, &path).await[0]["id"].as_str().unwrap())).await;
    delete(&app, &format!("{room}?force=true because space"), ADA).await.expect(200);
    assert_eq!(place(json!({ "reason": "too late" })).await.problem(), "not_found");
}

async fn parties_read_in_the_log_that_something_is_held_and_not_why(app: TestApp) {
    let (room, _) = room(&app).await;
    let hold = hold(&app, &room, json!({ "reason": "SUSPICION" })).await;
    delete(&app, &format!("{hold} because SETTLED"), ADA).await.expect(202);
    delete(&app, &format!("{hold} because INDEED"), BEN).await.expect(200);
    let broker = app.session("broker@example.com").await;
    let log = app.get(&format!("{room}/activities?limit=3"), &broker).send().await.expect(200).to_string();
    for action in ["hold_placed", "hold_lift_asked", "hold_lifted"] {
        assert!(log.contains(action), "{log}");
    }
    for why in ["SUSPICION", "SETTLED", "INDEED"] {
        assert!(!log.contains(why), "{log}");
    }
    assert_eq!(app.get(&hold, &broker).send().await.problem(), "role_forbids");
    let lifted = &get(&app, &hold).await["lifted"];
    assert_eq!((&lifted["reason"], &lifted["confirm_reason"]), (&json!("SETTLED"), &json!("INDEED")));
}

async fn a_snapshot_inside_its_retention_is_deleted_by_two_admins(app: TestApp) {
    let (room, snapshot) = room(&app).await;
    close(&app, &room).await;
    let (id, until) = (last(&snapshot), "2026-11-24T08:00:00Z");
    assert_eq!(
        delete(&app, &snapshot, ADA).await.expect(202),
        json!({
            "message": "Another admin has to confirm that the snapshot is deleted",
            "snapshot_id": id,
            "confirm_by": until,
        })
    );
    let entry = last_entry(&app, &room).await;
    assert_eq!(entry[0], "snapshot_deletion_asked");
    assert_eq!((&entry[2]["snapshot_id"], &entry[2]["until"]), (&json!(id), &json!(until)));
    assert_eq!(delete(&app, &snapshot, ADA).await.problem(), "conflict");
    get(&app, &snapshot).await;
    let hold = hold(&app, &room, json!({ "reason": "Claim 4711" })).await;
    assert_eq!(delete(&app, &snapshot, BEN).await.problem(), "conflict", "a hold comes before any request");
    lift(&app, &hold).await;
    let deleted = delete(&app, &snapshot, BEN).await.expect(200);
    assert_eq!(deleted, json!({ "message": "Snapshot deleted", "snapshot_id": id }));
    let entry = last_entry(&app, &room).await;
    assert_eq!((&entry[0], &entry[1], &entry[2]["asked_by"]), (&json!("snapshot_deleted"), &json!(BEN), &json!(ADA)));
    assert_eq!(delete(&app, &snapshot, ADA).await.problem(), "not_found");
}

async fn a_snapshot_is_deleted_by_one_admin_before_its_retention_and_after_it(app: TestApp) {
    let (room, snapshot) = room(&app).await;
    let broker = app.session("broker@example.com").await;
    let (_, kept) = app.take(last(&room), &broker, json!({ "snapshot_type": "json" })).await;
    delete(&app, &snapshot, ADA).await.expect(200);
    assert_eq!(last_entry(&app, &room).await[2]["asked_by"], Value::Null);
    close(&app, &room).await;
    let years = app.app.config.retention_years;
    app.later(DAY * (365 * years));
    delete(&app, &kept, ADA).await.expect(202);
    // The leap days of those years were still missing.
    app.later(DAY * years.div_ceil(4));
    delete(&app, &kept, ADA).await.expect(200);
}

async fn a_closed_room_taken_back_or_closed_again_for_an_earlier_day_keeps_its_retention(app: TestApp) {
    let (room, snapshot) = room(&app).await;
    close(&app, &room).await;
    step(&app, &room, json!({ "phase": "documents", "reason": "a paper is missing" })).await;
    delete(&app, &snapshot, ADA).await.expect(202);
    let long_ago = json!({ "phase": "closed", "override": true, "reason": "told late", "at": "2001-01-01T00:00:00Z" });
    step(&app, &room, long_ago).await;
    assert_eq!(delete(&app, &snapshot, ADA).await.problem(), "conflict");
    delete(&app, &snapshot, BEN).await.expect(200);
}

async fn a_closed_room_with_snapshots_is_deleted_by_two_admins(app: TestApp) {
    let (room, _) = room(&app).await;
    close(&app, &room).await;
    let path = format!("{room}?force=true because space");
    assert_eq!(delete(&app, &room, ADA).await.problem(), "conflict", "without force as before");
    let until = "2026-11-24T08:00:00Z";
    assert_eq!(
        delete(&app, &path, ADA).await.expect(202),
        json!({
            "message": "Another admin has to confirm that the room is deleted",
            "room_id": last(&room),
            "confirm_by": until,
        })
    );
    let asked = json!({ "title": "STS Ceuta", "snapshots": 3, "reason": "space", "until": until });
    assert_eq!(last_entry(&app, &room).await, json!(["room_deletion_asked", ADA, asked]));
    assert_eq!(delete(&app, &path, ADA).await.problem(), "conflict");
    assert_eq!(get(&app, &format!("{room}/snapshots")).await.as_array().unwrap().len(), 3);
    delete(&app, &path, BEN).await.expect(200);
    let deleted = json!({ "title": "STS Ceuta", "snapshots": 3, "reason": "space", "asked_by": ADA });
    assert_eq!(last_entry(&app, &room).await, json!(["room_deleted", BEN, deleted]));
}

async fn a_room_closed_before_the_server_knew_of_holds_keeps_its_retention(app: TestApp) {
    let (room, snapshot) = room(&app).await;
    close(&app, &room).await;
    // As if a version without holds and retention had closed the room.
    way_down::take_back(&app.app, &Actor::Operator, "007", true).await.unwrap();
    schema::bring_up(&app.app, &Actor::Operator).await.unwrap();
    delete(&app, &snapshot, ADA).await.expect(202);
    delete(&app, &snapshot, BEN).await.expect(200);
}
