//! Rooms on pages: opened, edited, moved through their phases and back, deleted.

use room::Role;
use serde_json::json;

use crate::harness::{PageForm, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_broker_opens_a_room_and_what_was_typed_stays_where_it_is_refused,
    an_eta_in_the_past_is_asked_about_by_a_box_to_tick,
    an_edit_changes_what_was_changed_and_no_second_of_the_eta,
    a_gate_names_what_is_in_the_way_and_is_passed_over_for_a_reason,
    a_closed_room_is_reopened_for_a_reason_and_offers_nothing_before,
    a_room_is_deleted_by_its_title_and_a_held_one_is_not,
    a_closed_room_takes_two_admins,
}

const NEW: [(&str, &str); 6] = [
    ("title", "STS Malta"),
    ("location", "Hurd Bank"),
    ("sts_eta", "2026-12-01T06:30"),
    ("planned_duration_hours", "36"),
    ("cargo_profile", "oil"),
    ("description", ""),
];

async fn a_broker_opens_a_room_and_what_was_typed_stays_where_it_is_refused(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    assert_eq!(app.get("//rooms/new", &owner).send().await.status, 403);
    let refused = [&[("title", " ")], &NEW[1..3], &[("planned_duration_hours", "0")]].concat();
    let refused = app.post("//rooms/new", &broker).fields(&refused).send().await;
    assert_eq!(refused.status, 422);
    let page = refused.html();
    assert!(page.contains("value=\"Hurd Bank\"") && page.contains("value=\"2026-12-01T06:30\""), "{page}");
    assert!(page.contains("Title is missing"), "{page}");

    let opened = app.post("//rooms/new", &broker).fields(&NEW).send().await;
    assert_eq!(opened.status, 303);
    let vessels = opened.header("location").to_owned();
    let room = vessels.strip_suffix("/vessels").unwrap();
    let told = app.get(room, &broker).send().await.expect(200);
    assert_eq!(told["sts_eta"], "2026-12-01T06:30:00Z");
    assert_eq!((&told["planned_duration_hours"], &told["description"]), (&json!(36), &json!(null)));
    let page = app.get(&format!("/{vessels}"), &broker).send().await.html();
    assert!(page.contains("No vessel is named yet.") && page.contains("Add its parties"), "{page}");
}

async fn an_eta_in_the_past_is_asked_about_by_a_box_to_tick(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let past = [&NEW[..2], &[("sts_eta", "2020-12-01T06:30")], &NEW[3..]].concat();
    assert!(!app.get("//rooms/new", &broker).send().await.html().contains("confirm_past_eta"));
    let refused = app.post("//rooms/new", &broker).fields(&past).send().await;
    assert_eq!(refused.status, 422);
    let page = refused.html();
    assert!(page.contains("ETA (UTC) is in the past") && page.contains("The ETA in the past is meant"), "{page}");
    assert!(page.contains("value=\"2020-12-01T06:30\""), "{page}");
    let confirmed = [&past[..], &[("confirm_past_eta", "true")]].concat();
    let opened = app.post("//rooms/new", &broker).fields(&confirmed).send().await;
    assert_eq!(opened.status, 303);
    let edit = format!("/{}", opened.header("location").replace("/vessels", "/edit"));
    // The edit of another field asks nothing, and that of the ETA does.
    let renamed = [&[("title", "STS Hurd Bank")], &past[1..]].concat();
    assert_eq!(app.post(&edit, &broker).fields(&renamed).send().await.status, 303);
    let moved = [&past[..2], &[("sts_eta", "2020-12-02T06:30")], &past[3..]].concat();
    let refused = app.post(&edit, &broker).fields(&moved).send().await;
    assert!(refused.status == 422 && refused.html().contains("The ETA in the past is meant"));
    let confirmed = [&moved[..], &[("confirm_past_eta", "true")]].concat();
    assert_eq!(app.post(&edit, &broker).fields(&confirmed).send().await.status, 303);
}

async fn an_edit_changes_what_was_changed_and_no_second_of_the_eta(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}");
    let exact = json!({ "sts_eta": "2026-12-01T06:30:15Z", "description": "first" });
    app.patch(&path, &broker).json(exact).send().await.expect(200);
    let page = app.get(&format!("/{path}/edit"), &broker).send().await.html();
    assert!(page.contains("value=\"2026-12-01T06:30\"") && !page.contains("For admins"), "{page}");

    let form = NEW
        .into_iter()
        .fold(PageForm::of(&page, &format!("{path}/edit")), |form, (name, typed)| form.with(name, typed));
    let edited = app.post(&format!("/{path}/edit"), &broker).fields(&form.fields()).send().await;
    assert_eq!((edited.status, edited.header("location")), (303, &*path));
    let told = app.get(&path, &broker).send().await.expect(200);
    assert_eq!((&told["title"], &told["sts_eta"]), (&json!("STS Malta"), &json!("2026-12-01T06:30:15Z")));
    assert_eq!(told["description"], json!(null), "what was left blank is gone");
    assert_eq!(app.actions(&room, &broker).await.last().unwrap(), "room_updated");

    let blank = [&[("title", "")], &NEW[1..]].concat();
    let refused = app.post(&format!("/{path}/edit"), &broker).fields(&blank).send().await;
    assert_eq!(refused.status, 422);
    assert!(refused.html().contains("value=\"2026-12-01T06:30\""));
}

async fn a_gate_names_what_is_in_the_way_and_is_passed_over_for_a_reason(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("//rooms/{room}/phase");
    let page = app.get(&path, &broker).send().await.html();
    assert!(page.contains(&format!("<a href=\"/rooms/{room}/vessels\">No discharging vessel is named</a>")), "{page}");
    assert!(!page.contains("A snapshot is taken"), "{page}");
    // Nothing calls for a step that is not to be taken yet.
    assert!(page.contains(&format!("<a class=\"button secondary\" href=\"/rooms/{room}/phase\">Advance")), "{page}");
    let over = [("phase", "clearance"), ("override", "true"), ("reason", " "), ("at", "")];
    let refused = app.post(&path, &broker).fields(&over).send().await;
    assert_eq!(refused.status, 422);
    assert!(refused.html().contains("Why the gate is overridden must be given"), "{}", refused.html());
    let late = [("phase", "clearance"), ("override", "true"), ("reason", "x"), ("at", "2030-01-01T00:00")];
    assert!(app.post(&path, &broker).fields(&late).send().await.html().contains("must not be in the future"));
    let stale = app.post(&path, &broker).fields(&[("phase", "planning")]).send().await;
    assert_eq!(stale.status, 409);
    assert!(stale.html().contains("no phase is passed over"));

    let over = [("phase", "clearance"), ("override", "true"), ("reason", "named by phone"), ("at", "2026-11-23T07:00")];
    let passed = app.post(&path, &broker).fields(&over).send().await;
    assert_eq!((passed.status, passed.header("location")), (303, &*format!("/rooms/{room}")));
    assert_eq!(app.actions(&room, &broker).await.last().unwrap(), "phase_changed");
    let page = app.get(&path, &broker).send().await.html();
    assert!(page.contains("A snapshot is taken with it") && page.contains("/phase/back"), "{page}");
}

async fn a_closed_room_is_reopened_for_a_reason_and_offers_nothing_before(app: TestApp) {
    let (room, broker) = app.room().await;
    close(&app, &room, &broker).await;
    for tab in ["vessels", "clearance"] {
        let page = app.get(&format!("//rooms/{room}/{tab}"), &broker).send().await.html();
        assert!(!page.contains("Name a vessel") && !page.contains("/edit\""), "{page}");
    }
    let path = format!("//rooms/{room}/phase");
    let page = app.get(&path, &broker).send().await.html();
    assert!(page.contains("Reopen the room") && page.contains("<option value=\"documents\" selected>"), "{page}");
    let back = format!("{path}/back");
    let refused = app.post(&back, &broker).fields(&[("phase", "documents"), ("reason", "")]).send().await;
    assert_eq!(refused.status, 422);
    assert!(refused.html().contains("Why must be given"), "{}", refused.html());
    let reopened = app.post(&back, &broker).fields(&[("phase", "documents"), ("reason", "a paper")]).send().await;
    assert_eq!(reopened.status, 303);
    assert_eq!(app.get(&format!("/rooms/{room}"), &broker).send().await.expect(200)["phase"], "documents");
}

async fn close(app: &TestApp, room: &str, token: &str) {
    for phase in ["clearance", "planning", "arrival", "mooring", "transfer", "unmooring", "documents", "closed"] {
        let asked = json!({ "phase": phase, "override": true, "reason": "a test" });
        app.post(&format!("/rooms/{room}/phase"), token).json(asked).send().await.expect(200);
    }
}

async fn a_room_is_deleted_by_its_title_and_a_held_one_is_not(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let study = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&study, &broker, "study", &[]).await;
    let path = format!("//rooms/{room}/delete");
    assert_eq!(app.get(&path, &broker).send().await.status, 403);
    assert!(app.get(&format!("//rooms/{room}/edit"), &admin).send().await.html().contains(&path[1..]));
    assert!(app.get(&path, &admin).send().await.html().contains("0 snapshots and 1 paper"));
    for (fields, words) in [
        (vec![("title", "STS"), ("reason", "x"), ("force", "true")], "Title of the room is another one"),
        (vec![("title", "STS Ceuta"), ("reason", "x")], "Force has to be ticked"),
        (vec![("title", "STS Ceuta"), ("reason", ""), ("force", "true")], "Why must be given"),
    ] {
        let refused = app.post(&path, &admin).fields(&fields).send().await;
        assert_eq!(refused.status, 422);
        assert!(refused.html().contains(words), "{}", refused.html());
    }
    let hold = json!({ "reason": "A claim" });
    app.post(&format!("/rooms/{room}/holds"), &admin).json(hold).send().await.expect(201);
    let whole = [("title", "STS Ceuta"), ("reason", "a double"), ("force", "true")];
    let kept = app.post(&path, &admin).fields(&whole).send().await;
    assert_eq!(kept.status, 409);
    assert!(kept.html().contains("The room is under hold.") && !kept.html().contains("name=\"title\""));
    assert_eq!(app.get(&format!("/rooms/{room}"), &admin).send().await.status, 200);
}

async fn a_closed_room_takes_two_admins(app: TestApp) {
    let (room, broker) = app.room().await;
    let [first, second] = [app.user("a@example.com", Role::Admin).await, app.user("b@example.com", Role::Admin).await];
    close(&app, &room, &broker).await;
    let path = format!("//rooms/{room}/delete");
    let whole = [("title", "STS Ceuta"), ("reason", "a double"), ("force", "true")];
    assert!(app.get(&path, &first).send().await.html().contains("It takes two admins."));
    let asked = app.post(&path, &first).fields(&whole).send().await;
    assert_eq!((asked.status, asked.header("location")), (303, &path[1..]));
    let page = app.get(&path, &first).send().await.html();
    assert!(page.contains("You have asked for it.") && !page.contains("name=\"title\""), "{page}");
    let page = app.get(&path, &second).send().await.html();
    assert!(page.contains("title=\"a@example.com\">a</span> has asked for it") && page.contains("a double"), "{page}");
    let done = app.post(&path, &second).fields(&whole).send().await;
    assert_eq!((done.status, done.header("location")), (303, "/"));
    assert_eq!(app.get(&format!("/rooms/{room}"), &first).send().await.status, 404);
}
