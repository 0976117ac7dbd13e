//! The fold of the platform's log: accounts, the catalogue and the keys as the log alone tells them.

use std::{collections::BTreeMap, time::Duration};

use room::{
    Event, Leaf, Log, Role, Time,
    fold::{Adoption, PlatformFold, PlatformState, Why},
};
use serde_json::{Value, json};
use sts_clearance::domain::snapshots::way_down;
use sts_clearance::{
    db::{self, Tx, activity::Entry, migrations},
    domain::log::{
        self, Actor,
        platform_adoption::{PlatformAdoption, adopt_platform},
        schema,
    },
    hashing,
};

use crate::harness::{PASSWORD, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_new_log_begins_with_the_shipped_catalogue,
    the_fold_tells_of_accounts_catalogue_and_keys_what_the_server_tells,
    a_log_is_adopted_again_after_a_way_down,
    a_log_that_tells_everything_is_not_adopted_again_over_forged_rows,
    an_empty_log_beside_accounts_is_not_begun,
}

const ADMIN: &str = "admin@example.com";
const TYPES: &str = "/config/document-types";

async fn entries(app: &TestApp) -> Vec<Entry> {
    app.app.db.read(async |tx| db::activity::range(tx, Log::Platform, 0, i64::MAX).await).await.unwrap()
}

/// Folds the platform's log.
async fn folded(app: &TestApp) -> PlatformState {
    let mut fold = PlatformFold::of_platform();
    for entry in entries(app).await {
        fold.apply(&entry.leaf()).unwrap();
    }
    fold.into_state().unwrap()
}

/// Runs statements on the database, as somebody could who has access to it.
async fn sql(app: &TestApp, statements: &[&str]) {
    let statements: Vec<_> = statements.iter().map(|&sql| sql.to_owned()).collect();
    let run = async move |tx: &mut Tx| {
        for sql in &statements {
            tx.exec(sql, &[]).await?;
        }
        Ok(())
    };
    app.app.db.write(run).await.unwrap();
}

/// Fails unless the fold of the platform's log is what the API and the rows tell of accounts, catalogue and keys.
async fn assert_is_told(app: &TestApp, admin: &str) {
    let state = folded(app).await;
    let mut accounts: Vec<_> = state.users.iter().collect();
    accounts.sort_by_key(|(_, account)| account.email.clone());
    let accounts: Vec<_> = accounts
        .into_iter()
        .map(|(id, account)| {
            json!({
                "id": id, "email": account.email, "name": account.name, "role": account.role,
                "disabled": account.disabled, "must_change_password": account.must_change_password,
                "created_at": account.created_at,
            })
        })
        .collect();
    assert_eq!(app.get("/users?limit=100", admin).send().await.expect(200), json!(accounts));

    let mut types: Vec<_> = state.document_types.values().collect();
    types.sort_by_key(|listed| (listed.position, listed.terms.code.clone()));
    let types: Vec<_> = types.into_iter().map(|listed| json!(listed.terms)).collect();
    assert_eq!(app.get(&format!("{TYPES}?limit=100"), admin).send().await.expect(200), json!(types));

    // What no answer tells: hashes and times of passwords, positions in the catalogue, times of keys.
    let rows = app.app.db.read(async |tx| {
        let users = db::users::list_with_passwords(tx).await?;
        Ok((users, db::document_types::all(tx).await?, db::logs::keys_with_times(tx).await?))
    });
    let (users, types, mut keys) = rows.await.unwrap();
    assert_eq!(users.len(), state.users.len());
    for (user, password_hash) in users {
        let account = &state.users[&user.id];
        assert_eq!(account.password_sha256, hashing::sha256_of(&password_hash), "{}", user.email);
        assert_eq!(account.password_given_at, user.password_given_at, "{}", user.email);
    }
    assert!(types.iter().all(|kind| state.document_types[&kind.code].position == kind.position));
    let mut told: Vec<_> = state.keys.into_iter().map(|key| (key.public_key, key.added_at)).collect();
    keys.sort();
    told.sort();
    assert_eq!(told, keys);
}

/// Makes accounts, changes them and the catalogue in every way, and registers and rotates the key. Returns the token of
/// the admin.
async fn use_everything(app: &TestApp) -> String {
    let admin = app.user(ADMIN, Role::Admin).await;
    let minute = Duration::from_mins(1);
    let mut made = Vec::new();
    for name in ["ada", "ben", "cleo"] {
        app.later(minute);
        let email = format!("{name}@example.com");
        let new = json!({ "email": email, "name": name, "role": "broker", "password": PASSWORD });
        let user = app.post("/users", &admin).json(new).send().await.expect(201);
        made.push(format!("/users/{}", user["id"].as_str().unwrap()));
    }
    let [ada, ben, cleo] = &made[..] else { panic!("three accounts") };
    app.later(minute);
    app.patch(ada, &admin).json(json!({ "name": "Ada Byron" })).send().await.expect(200);
    app.patch(ada, &admin).json(json!({ "disabled": true })).send().await.expect(200);
    app.patch(ada, &admin).json(json!({ "name": "Ada", "disabled": false })).send().await.expect(200);
    let role = json!({ "role": "charterer" });
    assert_eq!(app.put(&format!("{ada}/role"), &admin).json(role).send().await.status, 200);
    app.patch(cleo, &admin).json(json!({ "name": "Cleo", "disabled": true })).send().await.expect(200);

    // Ben replaces a password that was given twice; ada's and cleo's stay as they were given.
    app.later(minute);
    let given = json!({ "new_password": "given for the moment" });
    assert_eq!(app.post(&format!("{ben}/password"), &admin).json(given).send().await.status, 204);
    let credentials = json!({ "email": "ben@example.com", "password": "given for the moment" });
    let session = app.post("/auth/login", "").json(credentials).send().await.expect(200);
    let change = json!({ "current_password": "given for the moment", "new_password": "one of my own choice" });
    let token = session["token"].as_str().unwrap();
    assert_eq!(app.post("/auth/password", token).json(change).send().await.status, 204);

    let kind = json!({
        "code": "BUNKER_MSDS", "name": "Bunker data sheet", "category": "cargo", "scope": "vessel",
        "requirement": "required", "criticality": "low", "gate": "planning", "profiles": ["oil", "chem"],
    });
    app.post(TYPES, &admin).json(kind).send().await.expect(201);
    let changes = json!({ "validity_days": 60, "warn_days": null, "profiles": ["oil"], "aliases": ["QUESTIONNAIRE"] });
    app.patch(&format!("{TYPES}/Q88"), &admin).json(changes).send().await.expect(200);
    let changes = json!({ "name": "Bunker safety data sheet", "enabled": false });
    app.patch(&format!("{TYPES}/BUNKER_MSDS"), &admin).json(changes).send().await.expect(200);

    log::keys::register(&app.app).await.unwrap();
    app.later(minute);
    log::keys::rotate(&app.app, &Actor::Operator).await.unwrap();
    admin
}

async fn a_new_log_begins_with_the_shipped_catalogue(app: TestApp) {
    // The installation has done it, or does it now.
    adopt_platform(&app.app, &Actor::Operator).await.unwrap();
    let begun = entries(&app).await;
    let shipped = app.app.db.read(async |tx| db::document_types::all(tx).await).await.unwrap();
    let first = &begun[..shipped.len()];
    let codes: Vec<_> = first.iter().map(|entry| entry.meta["code"].clone()).collect();
    assert_eq!(codes, shipped.iter().map(|kind| json!(kind.code)).collect::<Vec<_>>());
    assert!(first.iter().all(|entry| entry.action == "document_type_added" && entry.actor == "system"));
    assert!(first.iter().all(|entry| entry.meta["catalogue"] == migrations::CATALOGUE));
    assert!(first.iter().skip(1).all(|entry| entry.meta["continues"] == true), "it is one operation");
    assert_eq!(adopt_platform(&app.app, &Actor::Operator).await.unwrap(), PlatformAdoption::LeftAlone);
    assert_eq!(entries(&app).await, begun);
}

async fn the_fold_tells_of_accounts_catalogue_and_keys_what_the_server_tells(app: TestApp) {
    adopt_platform(&app.app, &Actor::Operator).await.unwrap();
    let admin = use_everything(&app).await;
    assert_is_told(&app, &admin).await;
    let state = folded(&app).await;
    let account = |email: &str| state.users.values().find(|account| account.email == email).unwrap();
    let [ada, ben, cleo] = ["ada", "ben", "cleo"].map(|name| account(&format!("{name}@example.com")));
    assert_eq!((&*ada.name, ada.role, ada.disabled), ("Ada", Role::Charterer, false));
    assert_eq!((ada.must_change_password, ada.password_given_at), (true, Some(ada.created_at)));
    assert_eq!((ben.must_change_password, ben.password_given_at), (false, None));
    assert!(cleo.disabled);
    assert_eq!(state.keys.len(), 2);
    assert_eq!(state.keys[0].public_key, app.app.log_key().public());
    // The state survives being written and read, byte for byte.
    let written = serde_json::to_string(&state).unwrap();
    let read: PlatformState = serde_json::from_str(&written).unwrap();
    assert_eq!((serde_json::to_string(&read).unwrap(), &read), (written, &state));
}

async fn a_log_is_adopted_again_after_a_way_down(app: TestApp) {
    adopt_platform(&app.app, &Actor::Operator).await.unwrap();
    let admin = use_everything(&app).await;
    let before = folded(&app).await;
    // Twice: there is nothing to end the second time, and the way down is logged all the same.
    for to in ["013", "012"] {
        way_down::take_back(&app.app, &Actor::Operator, to, true).await.unwrap();
    }
    let ended = entries(&app).await.iter().filter(|entry| entry.action == "adoption_ended").count();
    assert_eq!(ended, 1);
    let brought = schema::bring_up(&app.app, &Actor::Operator).await.unwrap();
    assert_eq!(brought.adopted.platform, PlatformAdoption::Adopted);
    let adopted = entries(&app).await;
    assert_eq!(adopted.last().map(|entry| &*entry.action), Some("platform_adopted"));
    let after = folded(&app).await;
    assert_eq!((&after.document_types, &after.keys), (&before.document_types, &before.keys));
    assert_eq!(after.users.len(), before.users.len());
    let admin = if app.get("/auth/me", &admin).send().await.status == 200 { admin } else { app.sign_in(ADMIN).await };
    assert_is_told(&app, &admin).await;
}

async fn a_log_that_tells_everything_is_not_adopted_again_over_forged_rows(app: TestApp) {
    adopt_platform(&app.app, &Actor::Operator).await.unwrap();
    app.user("buyer@example.com", Role::Buyer).await;
    app.tampered();
    sql(
        &app,
        &[
            "DROP TABLE private_texts",
            "DELETE FROM schema_migrations WHERE name = '014_adopt_logs'",
            "UPDATE users SET role = 'admin' WHERE email = 'buyer@example.com'",
        ],
    )
    .await;
    let before = entries(&app).await;
    let brought = schema::bring_up(&app.app, &Actor::Operator).await.unwrap();
    assert_eq!((brought.steps, brought.adopted.platform), (vec!["014_adopt_logs"], PlatformAdoption::LeftAlone));
    assert_eq!(entries(&app).await, before);
    let roles: Vec<_> = folded(&app).await.users.into_values().map(|account| account.role).collect();
    assert_eq!(roles, [Role::Buyer]);
}

async fn an_empty_log_beside_accounts_is_not_begun(app: TestApp) {
    adopt_platform(&app.app, &Actor::Operator).await.unwrap();
    app.user("buyer@example.com", Role::Buyer).await;
    app.tampered();
    let triggers: &[&str] = match app.app.db.dialect() {
        db::Dialect::Sqlite => &["DROP TRIGGER activity_log_no_delete"],
        db::Dialect::Postgres => &["ALTER TABLE activity_log DISABLE TRIGGER USER"],
    };
    sql(&app, triggers).await;
    let taken_away = [
        "DELETE FROM activity_log WHERE room_id IS NULL",
        "DELETE FROM log_nodes WHERE log = 'platform'",
        "DELETE FROM room_logs WHERE room_id = 'platform'",
    ];
    sql(&app, &taken_away).await;
    // With it, that there was one would be enough to refuse.
    app.app.heads.forget().unwrap();
    let refused = adopt_platform(&app.app, &Actor::Operator).await.unwrap();
    assert!(matches!(&refused, PlatformAdoption::Refused(why) if why.contains("accounts (1)")), "{refused:?}");
    assert!(entries(&app).await.is_empty());
}

/// Returns an entry of the platform's log, with the fields of the event as they are given.
fn leaf(seq: u64, action: &str, meta: Value) -> Leaf {
    let at: Time = "2026-11-23T08:00:00Z".parse().unwrap();
    let id = format!("00000000-0000-0000-0000-{seq:012}");
    Leaf { action: action.into(), actor: "system".into(), id, meta, room_id: None, seq, timestamp: at.into() }
}

/// Returns the entry of an event of the present version.
fn entry(seq: u64, event: &Event) -> Leaf {
    let (action, meta) = event.to_entry(room::Envelope::default()).unwrap();
    leaf(seq, &action, meta)
}

#[test]
fn a_log_from_before_events_had_versions_is_passed_over_until_it_is_adopted() {
    let mut fold = PlatformFold::of_platform();
    fold.apply(&leaf(0, "user_added", json!({ "email": "a@example.com", "role": "broker" }))).unwrap();
    fold.apply(&leaf(1, "signed_in", json!({}))).unwrap();
    // A way down of this program is logged, whatever the log is.
    let taken_back = Event::SchemaTakenBack { migrations: Vec::new(), rows_deleted: BTreeMap::new() };
    fold.apply(&entry(2, &taken_back)).unwrap();
    assert!(fold.may_be_adopted());
    assert!(fold.state().is_none());
    let wrong = fold.clone().apply(&entry(3, &Event::UserDisabled { email: "a@example.com".into() })).unwrap_err();
    assert!(matches!(wrong.why, Why::Against(_)), "{wrong}");

    let parts = Adoption::events_of(&PlatformState::default()).unwrap();
    let [part] = &parts[..] else { panic!("nothing fits into one entry") };
    fold.apply(&entry(3, part)).unwrap();
    assert_eq!(fold.state(), Some(&PlatformState::default()));
    let older = fold.clone().apply(&leaf(4, "signed_in", json!({}))).unwrap_err();
    assert!(matches!(older.why, Why::Against(_)), "{older}");
    fold.apply(&entry(4, &Event::AdoptionEnded {})).unwrap();
    fold.apply(&leaf(5, "signed_in", json!({}))).unwrap();
    assert!(fold.may_be_adopted());
    fold.apply(&entry(6, part)).unwrap();
    assert_eq!((fold.size(), fold.state()), (7, Some(&PlatformState::default())));
}

#[test]
fn an_entry_that_contradicts_those_before_it_is_refused() {
    let added: Event = serde_json::from_value(json!({ "action": "user_added", "meta": {
        "user_id": "00000000-0000-0000-0000-000000000001", "email": "a@example.com", "name": "A", "role": "broker",
        "password_sha256": "00", "must_change_password": false,
    } }))
    .unwrap();
    let mut fold = PlatformFold::of_platform();
    fold.apply(&entry(0, &added)).unwrap();
    let email = || "a@example.com".to_owned();
    let changes = json!({ "name": { "from": "B", "to": "C" } });
    for event in [
        added.clone(),
        Event::UserEnabled { email: email() },
        Event::UserDisabled { email: "b@example.com".into() },
        Event::UserRoleChanged { email: email(), from: Role::Buyer, to: Role::Admin, asked_by: None },
        Event::UserUpdated { email: email(), changes: changes.as_object().unwrap().clone() },
        Event::DocumentTypeUpdated { code: "Q88".into(), changes: serde_json::Map::new() },
        Event::RoomUpdated { changes: serde_json::Map::new() },
        Event::PlatformAdopted { part: 1, of: 1, state: "{}".into(), state_sha256: None },
    ] {
        let refused = fold.clone().apply(&entry(1, &event)).unwrap_err();
        assert!(matches!(refused.why, Why::Against(_)), "{event:?}: {refused}");
    }
    let gap = fold.clone().apply(&entry(2, &Event::SignedIn {})).unwrap_err();
    assert!(matches!(gap.why, Why::Against(_)), "{gap}");
    let unknown = fold.clone().apply(&leaf(1, "signed_in", json!({ "v": 3 }))).unwrap_err();
    assert_eq!(unknown.why, Why::UnknownVersion(3));
    let elsewhere =
        Leaf { room_id: Some("00000000-0000-0000-0000-000000000001".into()), ..entry(1, &Event::SignedIn {}) };
    assert!(fold.clone().apply(&elsewhere).is_err());
    fold.apply(&entry(1, &Event::SignedIn {})).unwrap();
}
