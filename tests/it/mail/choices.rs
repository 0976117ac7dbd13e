//! Of what people are told by mail, and how soon: by the API and on pages, each for themselves.

use room::Role;
use serde_json::{Value, json};

use crate::harness::{PageForm, TestApp, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    who_has_chosen_nothing_is_told_of_everything_at_once,
    choices_are_changed_field_by_field_and_no_log_has_them,
    what_is_no_choice_is_refused_by_name,
    a_room_has_a_frequency_of_its_own_for_those_who_are_in_it,
    choices_are_shown_with_ones_data_and_erased_with_them,
}

on_both_databases! {
    Posting:
    pages_say_whether_mail_goes_out,
}

const KINDS: [&str; 5] = ["wanted", "paper_rejected", "eta_moved", "gate_opened", "notice_due"];

async fn choices(app: &TestApp, token: &str) -> Value {
    app.get("/account/mails", token).send().await.expect(200)
}

/// Opens a room with an owner, and returns its path and the tokens of broker and owner.
async fn room(app: &TestApp) -> (String, String, String) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let party = json!({ "role": "owner", "name": "Owner", "email": "owner@example.com" });
    let room = app.post("/rooms", &broker).json(new_room(&[party])).send().await.expect(201);
    (format!("/rooms/{}", room["id"].as_str().unwrap()), broker, owner)
}

async fn who_has_chosen_nothing_is_told_of_everything_at_once(app: TestApp) {
    let owner = app.user("owner@example.com", Role::Owner).await;
    assert_eq!(choices(&app, &owner).await, json!({ "frequency": "at_once", "kinds": KINDS }));
}

async fn choices_are_changed_field_by_field_and_no_log_has_them(app: TestApp) {
    let (_, broker, owner) = room(&app).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let entries = async || app.get("/activities?limit=1", &admin).send().await.header("x-total-count").to_owned();
    let before = entries().await;
    let given = json!({ "kinds": ["notice_due", "wanted", "notice_due"] });
    let changed = app.patch("/account/mails", &owner).json(given).send().await.expect(200);
    assert_eq!(
        changed,
        json!({ "frequency": "at_once", "kinds": ["wanted", "notice_due"] }),
        "each once, in their order"
    );

    let form = PageForm::of(&app.get("//account/mails", &owner).send().await.html(), "/account/mails");
    let form = form.with("frequency", "daily").ticking("kinds", "eta_moved");
    let sent = app.post("//account/mails", &owner).fields(&form.fields()).send().await;
    assert_eq!((sent.status, sent.header("location")), (303, "/account/mails"));
    let expected = json!({ "frequency": "daily", "kinds": ["wanted", "eta_moved", "notice_due"] });
    assert_eq!(choices(&app, &owner).await, expected);
    let none = form.without("kinds");
    app.post("//account/mails", &owner).fields(&none.fields()).send().await;
    assert_eq!(choices(&app, &owner).await["kinds"], json!([]), "who unticks all is told of nothing");
    assert_eq!(choices(&app, &broker).await["frequency"], "at_once", "they are of one account");
    assert_eq!(entries().await, before);
}

async fn what_is_no_choice_is_refused_by_name(app: TestApp) {
    let (room, _, owner) = room(&app).await;
    for (given, field) in [
        (json!({ "frequency": "weekly" }), "frequency"),
        (json!({ "frequency": null }), "frequency"),
        (json!({ "kinds": ["rumours"] }), "kinds[0]"),
        (json!({ "kinds": vec!["wanted"; 6] }), "kinds"),
        (json!({ "pace": "daily" }), "pace"),
    ] {
        let refused = app.patch("/account/mails", &owner).json(given.clone()).send().await;
        assert_eq!(refused.fields(), [field], "{given}");
    }
    let refused = app.put(&format!("{room}/mails"), &owner).json(json!({ "frequency": "weekly" })).send().await;
    assert_eq!(refused.fields(), ["frequency"]);
    let page = format!("/{room}/mails");
    let refused = app.post(&page, &owner).fields(&[("frequency", "weekly")]).send().await;
    assert_eq!(refused.status, 422);
    assert!(refused.html().contains("How soon"), "the form again, with what is wrong");
}

async fn a_room_has_a_frequency_of_its_own_for_those_who_are_in_it(app: TestApp) {
    let (room, broker, owner) = room(&app).await;
    let path = format!("{room}/mails");
    assert_eq!(app.get(&path, &owner).send().await.expect(200), json!({ "frequency": null }));
    let form = PageForm::of(&app.get(&format!("/{path}"), &owner).send().await.html(), &path);
    assert_eq!(form.shows("frequency"), "as_of_others");
    let sent =
        app.post(&format!("/{path}"), &owner).fields(&form.clone().with("frequency", "hourly").fields()).send().await;
    assert_eq!((sent.status, sent.header("location")), (303, &*format!("{room}/parties")));
    assert_eq!(app.get(&path, &owner).send().await.expect(200), json!({ "frequency": "hourly" }));
    assert_eq!(app.get(&path, &broker).send().await.expect(200), json!({ "frequency": null }));
    let page = app.get("//account/mails", &owner).send().await.html();
    assert!(page.contains(&path) && page.contains("STS Ceuta"), "{page}");
    app.post(&format!("/{path}"), &owner).fields(&form.fields()).send().await;
    assert_eq!(app.get(&path, &owner).send().await.expect(200), json!({ "frequency": null }));

    let stranger = app.user("stranger@example.com", Role::Owner).await;
    assert_eq!(app.get(&path, &stranger).send().await.status, app.get(&room, &stranger).send().await.status);
}

async fn choices_are_shown_with_ones_data_and_erased_with_them(app: TestApp) {
    let (room, _, owner) = room(&app).await;
    app.patch("/account/mails", &owner).json(json!({ "frequency": "daily", "kinds": [] })).send().await.expect(200);
    app.put(&format!("{room}/mails"), &owner).json(json!({ "frequency": "never" })).send().await.expect(200);
    let held = app.get("/account/data", &owner).send().await.expect(200);
    let id = room.rsplit('/').next().unwrap();
    assert_eq!(held["mails"], json!({ "frequency": "daily", "without": KINDS, "rooms": { id: "never" } }));
    app.delete("/account/details", &owner).send().await.expect(204);
    let held = app.get("/account/data", &owner).send().await.expect(200);
    assert_eq!(held["mails"], json!({ "frequency": "at_once", "without": [], "rooms": {} }));
}

async fn pages_say_whether_mail_goes_out(app: TestApp) {
    let (room, _, owner) = room(&app).await;
    for page in ["//account/mails".to_owned(), format!("/{room}/mails")] {
        assert!(!app.get(&page, &owner).send().await.html().contains("sends no mail"), "{page}");
    }
    let without = TestApp::on_sqlite().await;
    let token = without.user("owner@example.com", Role::Owner).await;
    assert!(without.get("//account/mails", &token).send().await.html().contains("This server sends no mail as yet"));
}
