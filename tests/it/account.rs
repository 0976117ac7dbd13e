//! One's own account: what one says of oneself beside the log, what the system holds of one, and what of it is erased.

use room::Role;
use serde_json::{Value, json};

use crate::harness::{PageForm, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    details_are_changed_field_by_field_and_no_log_has_them,
    what_is_wrong_with_details_is_said_in_the_form,
    the_parties_of_a_room_see_how_to_reach_each_other,
    a_person_is_shown_all_that_is_held_of_them_and_erases_what_no_log_needs,
    a_page_tells_the_script_the_time_zone,
    ones_own_name_is_changed_and_the_log_tells_of_it,
    what_is_wrong_with_a_name_is_said_and_who_else_has_it_only_to_admins,
}

const PAGE: &str = "//account";

async fn details(app: &TestApp, token: &str) -> Value {
    app.get("/account/details", token).send().await.expect(200)
}

/// Returns how many entries the platform's log has.
async fn entries(app: &TestApp, admin: &str) -> String {
    app.get("/activities?limit=1", admin).send().await.header("x-total-count").to_owned()
}

async fn details_are_changed_field_by_field_and_no_log_has_them(app: TestApp) {
    let owner = app.user("owner@example.com", Role::Owner).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let none = json!({ "company": null, "position": null, "telephone": null, "time_zone": null });
    assert_eq!(details(&app, &owner).await, none);
    let before = entries(&app, &admin).await;
    let given = json!({ "company": " Aegean Tankers ", "telephone": "+30 210 000 0000", "time_zone": "Europe/Athens" });
    app.patch("/account/details", &owner).json(given).send().await.expect(200);

    // Two windows: what the second does not touch is not undone by it.
    let first = PageForm::of(&app.get(PAGE, &owner).send().await.html(), "/account/details");
    let second = first.clone().with("position", "Superintendent");
    let first = first.with("telephone", "+30 210 111 1111").with("company", "");
    for form in [first, second] {
        let sent = app.post("//account/details", &owner).fields(&form.fields()).send().await;
        assert_eq!((sent.status, sent.header("location")), (303, "/account"));
    }
    let kept = json!({
        "company": null, "position": "Superintendent", "telephone": "+30 210 111 1111", "time_zone": "Europe/Athens"
    });
    assert_eq!(details(&app, &owner).await, kept);
    assert_eq!(details(&app, &admin).await, none, "they are of one account");
    assert_eq!(entries(&app, &admin).await, before);
}

async fn what_is_wrong_with_details_is_said_in_the_form(app: TestApp) {
    let owner = app.user("owner@example.com", Role::Owner).await;
    for zone in ["Athens time", "Europe/", "../etc/passwd", "Europe/Athens/a/b", "+02:00", &"a".repeat(65)] {
        let refused = app.patch("/account/details", &owner).json(json!({ "time_zone": zone })).send().await;
        assert_eq!(refused.fields(), ["time_zone"], "{zone}");
    }
    for (field, value) in [("telephone", "a\u{202E}b"), ("company", &*"x".repeat(256)), ("nickname", "x")] {
        let refused = app.patch("/account/details", &owner).json(json!({ field: value })).send().await;
        assert_eq!(refused.fields(), [field]);
    }
    let form = PageForm::of(&app.get(PAGE, &owner).send().await.html(), "/account/details");
    let form = form.with("time_zone", "Athens time").with("position", "Master");
    let refused = app.post("//account/details", &owner).fields(&form.fields()).send().await;
    assert_eq!(refused.status, 422);
    let page = refused.html();
    assert!(
        page.contains("Time zone must be a name of the IANA's list") && page.contains("value=\"Master\""),
        "{page}"
    );
}

async fn the_parties_of_a_room_see_how_to_reach_each_other(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let given = json!({ "company": "Aegean Tankers", "position": "<b>Master</b>", "telephone": "+30 210 000 0000" });
    app.patch("/account/details", &owner).json(given).send().await.expect(200);
    let page = app.get(&format!("//rooms/{room}/parties"), &broker).send().await.html();
    assert!(page.contains("&lt;b&gt;Master&lt;/b&gt; · Aegean Tankers · +30 210 000 0000"), "{page}");
    // The record of the room has none of it.
    let state = app.get(&format!("/rooms/{room}/parties"), &broker).send().await;
    assert!(!state.json().to_string().contains("Aegean"), "{state:?}");
}

async fn a_person_is_shown_all_that_is_held_of_them_and_erases_what_no_log_needs(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let given = json!({ "telephone": "+30 210 000 0000", "time_zone": "Europe/Athens" });
    app.patch("/account/details", &owner).json(given).send().await.expect(200);
    let elsewhere = app.sign_in("owner@example.com").await;

    let page = app.get(PAGE, &owner).send().await.html();
    assert!(page.contains("href=\"/api/v1/account/data\" download=\"my-data.json\""), "{page}");
    let held = app.get("/account/data", &owner).send().await.expect(200);
    assert_eq!((&held["account"]["email"], &held["account"]["role"]), (&json!("owner@example.com"), &json!("owner")));
    assert_eq!(held["details"]["telephone"], "+30 210 000 0000");
    assert_eq!(held["sessions"].as_array().unwrap().len(), 2);
    assert_eq!(held["known_devices"].as_array().unwrap().len(), 2);
    assert_eq!((&held["rooms"][0]["room_id"], &held["rooms"][0]["roles"]), (&json!(room), &json!(["owner"])));
    let entries = held["rooms"][0]["entries"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
    app.get(entries, &owner).send().await.expect(200);
    assert_eq!(held["entries"][0]["action"], "signed_in");
    // Nothing of anybody else.
    assert!(!held.to_string().contains("broker@example.com"), "{held}");

    let erasure = app.get("//account/erase", &owner).send().await.html();
    let told = [&held["can_be_erased"], &held["is_kept"]].map(|list| list.as_array().unwrap().len());
    assert_eq!((told, erasure.matches("<li>").count() >= 8), ([5, 3], true), "{erasure}");
    assert!(erasure.contains("an approval by nobody clears no vessel"), "{erasure}");
    let erased = app.post("//account/erase", &owner).fields(&[]).send().await;
    assert_eq!((erased.status, erased.header("location")), (303, "/account"));

    let held = app.get("/account/data", &owner).send().await.expect(200);
    assert_eq!((&held["details"]["telephone"], &held["details"]["time_zone"]), (&Value::Null, &Value::Null));
    let counts = ["sessions", "known_devices"].map(|list| held[list].as_array().unwrap().len());
    assert_eq!(counts, [1, 0]);
    assert_eq!(app.get("/auth/me", &elsewhere).send().await.status, 401);
    assert_eq!(held["rooms"][0]["name"], "owner", "what the log needs stays");
    let page = app.get(&format!("//rooms/{room}/parties"), &broker).send().await.html();
    assert!(!page.contains("+30 210"), "{page}");
    // The same by program, and a second time.
    for _ in 0..2 {
        assert_eq!(app.delete("/account/details", &owner).send().await.status, 204);
    }
}

async fn a_page_tells_the_script_the_time_zone(app: TestApp) {
    let owner = app.user("owner@example.com", Role::Owner).await;
    assert!(!app.get(PAGE, &owner).send().await.html().contains("data-time-zone"));
    let zone = json!({ "time_zone": "Asia/Singapore" });
    app.patch("/account/details", &owner).json(zone).send().await.expect(200);
    for path in [PAGE, "//"] {
        let page = app.get(path, &owner).send().await.html();
        assert!(page.contains("data-time-zone=\"Asia/Singapore\""), "{page}");
    }
}

async fn ones_own_name_is_changed_and_the_log_tells_of_it(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let changed =
        app.patch("/account", &owner).json(json!({ "name": " Eleni Papadopoulou " })).send().await.expect(200);
    assert_eq!(changed, json!({ "name": "Eleni Papadopoulou" }));
    assert_eq!(app.get("/auth/me", &owner).send().await.expect(200)["name"], "Eleni Papadopoulou");
    let told = app.get("/activities?limit=1", &admin).send().await.expect(200)[0].clone();
    assert_eq!((&told["action"], &told["actor"]), (&json!("user_updated"), &json!("owner@example.com")));
    let renamed = json!({ "name": { "from": "owner", "to": "Eleni Papadopoulou" } });
    assert_eq!((&told["meta"]["email"], &told["meta"]["changes"]), (&json!("owner@example.com"), &renamed));
    // What the room knows of them stays.
    let parties = app.get(&format!("/rooms/{room}/parties"), &broker).send().await.expect(200);
    assert_eq!(parties.as_array().unwrap().iter().find(|party| party["role"] == "owner").unwrap()["name"], "owner");

    // By the page, whose second window does not undo what an admin has put right meanwhile.
    let shown = app.get("//account/name", &owner).send().await.html();
    assert!(shown.contains("there you keep the name by which you were added"), "{shown}");
    let form = PageForm::of(&shown, "/account/name");
    let submit = async |form: PageForm| app.post("//account/name", &owner).fields(&form.fields()).send().await;
    let sent = submit(form.clone().with("name", "E. Papadopoulou")).await;
    assert_eq!((sent.status, sent.header("location")), (303, "/account"));
    let late = submit(form.with("name", "Eleni P.")).await;
    assert_eq!(late.status, 412);
    assert!(late.html().contains("It is now:"), "{}", late.html());
    assert!(app.get(PAGE, &owner).send().await.html().contains("E. Papadopoulou"));
    // No entry tells of what has not changed.
    let before = entries(&app, &admin).await;
    app.patch("/account", &owner).json(json!({ "name": "E. Papadopoulou" })).send().await.expect(200);
    app.patch("/account", &owner).json(json!({})).send().await.expect(200);
    assert_eq!(entries(&app, &admin).await, before);
}

async fn what_is_wrong_with_a_name_is_said_and_who_else_has_it_only_to_admins(app: TestApp) {
    let owner = app.user("owner@example.com", Role::Owner).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    for (change, field) in [
        (json!({ "name": " " }), "name"),
        (json!({ "name": null }), "name"),
        (json!({ "name": "a\u{202E}b" }), "name"),
        (json!({ "name": "x".repeat(256) }), "name"),
        (json!({ "disabled": true }), "disabled"),
        (json!({ "role": "admin" }), "role"),
    ] {
        assert_eq!(app.patch("/account", &owner).json(change).send().await.fields(), [field]);
    }
    let form = PageForm::of(&app.get("//account/name", &owner).send().await.html(), "/account/name").with("name", " ");
    let refused = app.post("//account/name", &owner).fields(&form.fields()).send().await;
    assert_eq!(refused.status, 422);
    assert!(refused.html().contains("Name is missing"), "{}", refused.html());

    // Cyrillic letters among Latin ones, by which the name looks like the admin's.
    app.patch("/account", &admin).json(json!({ "name": "Eleni Papadopoulou" })).send().await.expect(200);
    let changed = app.patch("/account", &owner).json(json!({ "name": "Eleni Pарadopoulou" })).send().await.expect(200);
    let said = "the name mixes letters of different scripts in `Pарadopoulou`";
    assert_eq!(changed["warnings"], json!([said]), "and nothing of others");
    let page = app.get(PAGE, &owner).send().await.html();
    assert!(page.contains(said) && !page.contains("admin@example.com"), "{page}");
    let listed = app.get("/users?q=owner", &admin).send().await.expect(200)[0]["warnings"].to_string();
    assert!(listed.contains("the name looks like that of `admin@example.com`"), "{listed}");
}
