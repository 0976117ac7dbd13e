//! Addresses in one canonical form, names that are visible, and warnings of people who look like others.

use proptest::{prop_assert, prop_assert_eq, proptest};
use room::{
    Log, Role, UserId, address,
    visible::{is_ignorable, shows_something},
};
use serde_json::{Value, json};

use sts_clearance::{
    db::{self, users::User},
    domain::{
        accounts::{requests, users},
        log::{Actor, operation},
    },
};

use crate::harness::{PASSWORD, TestApp, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    an_address_is_accepted_or_refused_as_this_table_has_it,
    three_spellings_of_an_address_are_one_account,
    spellings_of_an_address_share_their_attempts_to_sign_in,
    an_account_of_an_earlier_version_signs_in_as_it_always_did,
    an_old_account_is_the_party_that_its_address_names,
    an_account_made_for_an_old_party_opens_its_room,
    what_shows_nothing_is_no_title_name_or_reason,
    accounts_that_look_like_others_are_warned_about,
    parties_that_look_like_others_are_warned_about,
}

/// Addresses that are accepted, with the form in which they are stored.
const ACCEPTED: [(&str, &str); 12] = [
    ("plain@example.com", "plain@example.com"),
    ("  Trimmed@Example.COM ", "trimmed@example.com"),
    ("o'neil+sts_1/2@example.com", "o'neil+sts_1/2@example.com"),
    ("ｆｕｌｌ＠ｅｘａｍｐｌｅ．ｃｏｍ", "full@example.com"),
    ("𝐛old@example.com", "bold@example.com"),
    ("ﬁnn@example.com", "finn@example.com"),
    ("u\u{308}mlaut@example.com", "ümlaut@example.com"),
    ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
    ("b@xn--bcher-kva.example", "b@xn--bcher-kva.example"),
    ("ελένη@example.com", "ελένη@example.com"),
    ("יעל@example.com", "יעל@example.com"),
    ("ليلى.سعيد@example.com", "ليلى.سعيد@example.com"),
];

/// Addresses that are refused: with invisible characters, with characters that reorder text, or malformed.
const REFUSED: [&str; 30] = [
    "own\u{34f}er@example.com",
    "own\u{3164}er@example.com",
    "own\u{e0041}er@example.com",
    "own\u{fe0f}er@example.com",
    "own\u{61c}er@example.com",
    "own\u{180e}er@example.com",
    "own\u{200b}er@example.com",
    "own\u{200d}er@example.com",
    "own\u{ad}er@example.com",
    "own\u{feff}er@example.com",
    "own\u{202e}er@example.com",
    "own\u{2067}er@example.com",
    "own\u{200f}er@example.com",
    "own\u{2800}er@example.com",
    "owner@exam\u{ad}ple.com",
    "owner@exam\u{200b}ple.com",
    "own er@example.com",
    "own\u{a0}er@example.com",
    "own\u{7}er@example.com",
    "\u{301}owner@example.com",
    "own\u{e000}er@example.com",
    "a<owner@example.com",
    "owner@foo@example.com",
    "owner@",
    "@example.com",
    "owner@-example.com",
    "owner@exa_mple.com",
    "abיעל@example.com",
    "יעל1@example.com",
    "יעל@1example.com",
];

/// Returns an address of this length in characters.
fn of_length(length: usize) -> String {
    format!("{}@example.com", "x".repeat(length - "@example.com".len()))
}

fn account(email: &str, name: &str) -> Value {
    json!({ "email": email, "name": name, "role": "owner", "password": PASSWORD })
}

fn party(email: &str, name: &str) -> Value {
    json!({ "role": "owner", "name": name, "email": email })
}

/// Makes an account with this address unchanged, as an earlier version would have, and with [`PASSWORD`].
async fn old_account(app: &TestApp, email: &str) -> UserId {
    let by = format!("model-{}@example.com", app.app.new_id());
    app.user(&by, Role::Owner).await;
    let (id, email) = (UserId(app.app.new_id()), email.to_owned());
    let added = operation(&app.app, Log::Platform, &Actor::System, async move |tx, log| {
        let found = db::users::by_email(tx, &by).await?;
        let (user, hash) = found.unwrap();
        requests::add(tx, log, &User { id, email, name: "Old".into(), ..user }, &hash, None).await
    });
    added.await.unwrap();
    id
}

async fn an_address_is_accepted_or_refused_as_this_table_has_it(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/parties");
    let longest = of_length(254);
    for (typed, stored) in ACCEPTED.into_iter().chain([(&*longest, &*longest)]) {
        let added = app.post(&path, &broker).json(party(typed, "P")).send().await.expect(201);
        assert_eq!(added["email"], stored, "{typed:?}");
    }
    for refused in REFUSED.into_iter().chain([&*of_length(255)]) {
        let reply = app.post(&path, &broker).json(party(refused, "P")).send().await;
        assert_eq!((reply.status, reply.fields()), (422, vec!["email".to_owned()]), "{refused:?}");
    }
    let reply = app.post(&path, &broker).json(party("own\u{34f}er@example.com", "P")).send().await.json();
    assert!(reply.to_string().contains("U+034F"), "{reply}");
}

async fn three_spellings_of_an_address_are_one_account(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let spellings = ["Owner@Bücher.example", "ｏｗｎｅｒ@bücher.example", "owner@xn--bcher-kva.example"];
    let made = app.post("/users", &admin).json(account(spellings[0], "Owner")).send().await.expect(201);
    assert_eq!(made["email"], spellings[2]);
    for spelling in spellings {
        let again = app.post("/users", &admin).json(account(spelling, "Owner")).send().await;
        assert_eq!(again.problem(), "conflict", "{spelling}");
        app.sign_in(spelling).await;
        assert_eq!(json!(users::named(&app.app, spelling).await.unwrap().id.to_string()), made["id"], "{spelling}");
    }
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/parties");
    app.post(&path, &broker).json(party(spellings[0], "Owner")).send().await.expect(201);
    for spelling in spellings {
        let again = app.post(&path, &broker).json(party(spelling, "Owner")).send().await;
        assert_eq!(again.problem(), "conflict", "{spelling}");
    }
}

async fn spellings_of_an_address_share_their_attempts_to_sign_in(app: TestApp) {
    app.user("owner@example.com", Role::Owner).await;
    let mut refusals = Vec::new();
    for spelling in ["owner@example.com", "ｏwner@example.com", "oｗner@example.com", "OWNER@EXAMPLE.COM"].repeat(3) {
        let wrong = json!({ "email": spelling, "password": "not this one" });
        refusals.push(app.post("/auth/login", "").json(wrong).send().await.status);
    }
    assert_eq!(refusals, [vec![401; 10], vec![429; 2]].concat());
}

async fn an_account_of_an_earlier_version_signs_in_as_it_always_did(app: TestApp) {
    app.tampered();
    let admin = app.user("admin@example.com", Role::Admin).await;
    let old = ["ｏwner@example.com", "old@bücher.example", "own\u{34f}er@example.com", "a_b@under_score.example"];
    for stored in old {
        let id = old_account(&app, stored).await;
        let token = app.sign_in(&stored.to_uppercase()).await;
        assert_eq!(app.get("/auth/me", &token).send().await.expect(200)["email"], stored);
        let user = users::named(&app.app, stored).await.unwrap();
        assert_eq!((&*user.email, user.id), (stored, id));
    }
    // An old account signs in with either spelling of its domain, and no second account can take its address.
    let token = app.sign_in("Old@xn--bcher-kva.example").await;
    assert_eq!(app.get("/auth/me", &token).send().await.expect(200)["email"], "old@bücher.example");
    for spelling in ["old@bücher.example", "old@xn--bcher-kva.example", "ｏｌｄ@bücher.example"] {
        let again = app.post("/users", &admin).json(account(spelling, "Old")).send().await;
        assert_eq!(again.problem(), "conflict", "{spelling}");
    }
    // An old account keeps its address even if another account has the canonical form of it.
    app.user("owner@example.com", Role::Owner).await;
    for (typed, stored) in [("ｏwner@example.com", "ｏwner@example.com"), ("Owner@example.com", "owner@example.com")]
    {
        let token = app.sign_in(typed).await;
        assert_eq!(app.get("/auth/me", &token).send().await.expect(200)["email"], stored);
    }
}

async fn an_old_account_is_the_party_that_its_address_names(app: TestApp) {
    app.tampered();
    old_account(&app, "old@bücher.example").await;
    let old = app.sign_in("old@bücher.example").await;
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/parties");
    app.post(&path, &broker).json(party("OLD@xn--bcher-kva.example", "Old")).send().await.expect(201);
    app.get(&format!("/rooms/{room}"), &old).send().await.expect(200);
    let other =
        app.post("/rooms", &broker).json(new_room(&[party("old@Bücher.example", "Old")])).send().await.expect(201);
    app.get(&format!("/rooms/{}", other["id"].as_str().unwrap()), &old).send().await.expect(200);
}

async fn an_account_made_for_an_old_party_opens_its_room(app: TestApp) {
    app.tampered();
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/parties");
    let added = app.post(&path, &broker).json(party("new@bücher.example", "New")).send().await.expect(201);
    let id = added["id"].as_str().unwrap().to_owned();
    let write = async move |tx: &mut db::Tx| {
        let update = format!("UPDATE parties SET email = 'new@bücher.example' WHERE id = '{id}'");
        tx.exec(&update, &[]).await.map(drop)
    };
    app.app.db.write(write).await.unwrap();
    let token = app.user("new@xn--bcher-kva.example", Role::Owner).await;
    app.get(&format!("/rooms/{room}"), &token).send().await.expect(200);
    app.sign_in("new@bücher.example").await;
}

/// Texts without a visible character.
const UNSEEN: [&str; 14] = [
    "\u{200b}",
    "\u{3164}",
    "\u{115f}\u{1160}",
    "\u{ffa0}",
    "\u{2800}",
    "\u{34f}",
    "\u{e0041}",
    "\u{fe0f}",
    "\u{ad}\u{feff}",
    "\u{301}\u{308}",
    "\u{a0}\u{200b} ",
    "\u{200d}",
    "\u{180e}",
    "\u{1d159}",
];

async fn what_shows_nothing_is_no_title_name_or_reason(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let (room_path, parties) = (format!("/rooms/{room}"), format!("/rooms/{room}/parties"));
    for unseen in UNSEEN {
        assert!(!shows_something(unseen), "{unseen:?}");
        let refused = |field: &'static str, reply: crate::harness::Reply| {
            assert_eq!((reply.status, reply.fields()), (422, vec![field.to_owned()]), "{unseen:?}");
            assert!(reply.json().to_string().contains("must not be blank"), "{unseen:?}");
        };
        refused("title", app.patch(&room_path, &broker).json(json!({ "title": unseen })).send().await);
        refused("location", app.patch(&room_path, &broker).json(json!({ "location": unseen })).send().await);
        refused("name", app.post(&parties, &broker).json(party("a@example.com", unseen)).send().await);
        refused("name", app.post("/users", &admin).json(account("a@example.com", unseen)).send().await);
        refused(
            "reason",
            app.post(&format!("{room_path}/holds"), &admin).json(json!({ "reason": unseen })).send().await,
        );
        // A snapshot's title may be blank: the server then makes one.
        let (taken, _) = app.take(&room, &broker, json!({ "title": unseen, "snapshot_type": "json" })).await;
        assert!(shows_something(taken["title"].as_str().unwrap()), "{unseen:?}: {taken}");
    }
    for shown in ["Ελένη", "می\u{200c}خواهم", "क्\u{200d}ष", "❤\u{fe0f}", "e\u{301}", ".", "山"] {
        let changed = app.patch(&room_path, &broker).json(json!({ "title": shown })).send().await.expect(200);
        assert_eq!(changed["title"], shown);
    }
}

fn warnings(view: &Value) -> Vec<&str> {
    view["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

async fn accounts_that_look_like_others_are_warned_about(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let add =
        async |email: &str, name: &str| app.post("/users", &admin).json(account(email, name)).send().await.expect(201);
    let owner = add("owner@foo.example", "Owner Person").await;
    assert_eq!(owner.get("warnings"), None, "left out where there are none");
    for (email, name, said) in [
        ("οwner@foo.example", "Somebody", "the address looks like `owner@foo.example`, and is another account"),
        ("owner@fοο.example", "Else", "the address looks like `owner@foo.example`, and is another account"),
        ("0wner@foo.example", "Third", "the address looks like `owner@foo.example`, and is another account"),
        ("fourth@bar.example", "Оwner Реrson", "the name looks like that of `owner@foo.example`"),
        ("fifth@bar.example", "Own\u{34f}er Person", "the name has a character that does not show, U+034F"),
        ("sixth@bar.example", "Mаry", "the name mixes letters of different scripts in `Mаry`"),
    ] {
        let made = add(email, name).await;
        assert!(warnings(&made).iter().any(|warning| warning.contains(said)), "{email} {name}: {made}");
        let path = format!("/users/{}", made["id"].as_str().unwrap());
        assert_eq!(app.get(&path, &admin).send().await.expect(200), made);
        let page = app.get(&format!("//admin{path}"), &admin).header("accept", "text/html").send().await.html();
        assert!(page.contains(said), "{page}");
    }
    // The admin's name is `admin` too. An equal name is no warning: people can tell the two apart by address.
    for (email, name) in
        [("seventh@bar.example", "Admin"), ("eighth@bar.example", "Sony ソニー"), ("ninth@bar.example", "Ελένη P.")]
    {
        assert_eq!(add(email, name).await.get("warnings"), None, "{name}");
    }
    let found = app.get("/users?q=fοο.example", &admin).send().await.expect(200);
    assert_eq!(found.as_array().unwrap().len(), 1, "a domain is found as it was typed: {found}");
    let listed = app.get("/users?q=foo.example", &admin).send().await.expect(200);
    let marked = listed.as_array().unwrap().iter().filter(|user| !warnings(user).is_empty()).count();
    assert_eq!(marked, listed.as_array().unwrap().len(), "who is looked like is told of, too: {listed}");
    let page = app.get("//admin/users", &admin).header("accept", "text/html").send().await.html();
    assert!(page.contains("the address looks like `owner@foo.example`, and is another account"), "{page}");
}

async fn parties_that_look_like_others_are_warned_about(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/parties");
    app.post(&path, &broker).json(party("pilot@foo.example", "Pilot")).send().await.expect(201);
    let said = "the address looks like `pilot@foo.example`, and is another party";
    let added = app.post(&path, &broker).json(party("pi1ot@foo.example", "Another")).send().await.expect(201);
    assert_eq!(warnings(&added), [said]);
    let listed = app.get(&path, &broker).send().await.expect(200);
    assert_eq!(warnings(&listed[6]), [said]);
    assert_eq!(warnings(&listed[5]), [said.replace("pilot", "pi1ot")]);
    assert_eq!(listed[0].get("warnings"), None);
    let page = app.get(&format!("/{path}"), &broker).header("accept", "text/html").send().await.html();
    assert!(page.contains(said), "{page}");
    // Accounts outside the room are not compared: a warning would reveal that they exist.
    app.user("stranger@foo.example", Role::Owner).await;
    let added = app.post(&path, &broker).json(party("strangеr@foo.example", "S")).send().await.expect(201);
    assert!(!added.to_string().contains("`stranger@foo.example`"), "{added}");
    // The record of a snapshot names the resemblance too.
    let taken = app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
    app.work().await;
    let file = app.get(&format!("/rooms/{room}/snapshots/{}/download", taken["id"].as_str().unwrap()), &broker);
    let record = file.send().await.json();
    let resembles = record["record"]["reading"]["resembles"].as_object().unwrap();
    assert!(resembles.values().any(|others| *others == json!(["pilot@foo.example"])), "{record}");
}

proptest! {
    #[test]
    fn a_canonical_address_is_its_own_canonical_form_and_all_of_it_shows(local in "\\PC{1,12}", domain in "[a-zßüÄ\\-àΣσς日1\u{200d}\u{ad}]{1,8}(\\.[a-z]{1,3})?") {
        if let Some(canonical) = address::canonical(&format!("{local}@{domain}")) {
            prop_assert_eq!(address::canonical(&canonical), Some(canonical.clone()));
            prop_assert!(!canonical.chars().any(|c| is_ignorable(c) || c.is_whitespace() || c.is_control()));
            prop_assert!(canonical.chars().count() <= address::LONGEST_ADDRESS);
            let unicode = address::in_unicode(&canonical);
            prop_assert_eq!(address::canonical(&unicode), Some(canonical.clone()));
        }
    }

    #[test]
    fn any_text_at_all_is_an_address_or_none(text in "\\PC*@?.*") {
        let _ = address::canonical(&text);
        prop_assert!(!address::forms(&text).is_empty());
    }
}
