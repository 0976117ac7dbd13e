//! One person with several roles in a room: what is open to any of them is open to the person, and each entry names the
//! role in which something was done.

use std::convert::Infallible;

use axum::body::Body;
use futures_util::stream;
use room::Role;
use serde_json::{Value, json};
use sts_clearance::{
    api,
    domain::{
        input::Change,
        log::{Actor, schema},
        rooms::parties,
        snapshots::way_down,
    },
    http::Access,
    policy,
};

use crate::harness::{IMO, PageForm, TestApp, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    what_is_open_to_one_of_two_roles_is_open_to_the_person_in_their_room_alone,
    each_entry_names_the_role_in_which_it_was_done,
    one_role_leaves_entries_as_they_were,
    a_role_that_is_taken_counts_no_more_from_the_next_request_on,
    a_role_that_is_taken_while_a_request_is_on_its_way_has_it_refused,
    a_party_is_given_by_one_role_or_by_several,
    a_change_of_roles_is_logged_as_lists_and_a_repetition_is_none,
    whoever_opens_a_room_may_have_further_roles_in_it,
    roles_do_not_change_in_a_closed_room,
    nobody_decides_on_their_own_paper_in_another_role,
    no_role_clears_the_vessel_of_ones_own_side,
    of_several_roles_the_one_that_clears_a_vessel_speaks,
    a_broker_beside_another_role_withdraws_and_revokes_what_others_did,
    an_admin_who_is_a_party_acts_as_admin,
    what_waits_for_any_of_the_roles_waits_for_the_person,
    the_forms_of_a_party_have_a_box_for_each_role,
    the_way_down_keeps_the_first_role_and_the_log_tells_it,
}

/// The roles of a party.
const ROLES: [Role; 5] = [Role::Owner, Role::Broker, Role::Charterer, Role::Seller, Role::Buyer];

/// Adds a person with these roles to the room, and returns their token and the path of the party.
async fn person(app: &TestApp, room: &str, broker: &str, name: &str, roles: &[Role]) -> (String, String) {
    let email = format!("{name}@example.com");
    let asked = json!({ "roles": roles, "name": name, "email": email });
    let added = app.post(&format!("/rooms/{room}/parties"), broker).json(asked).send().await.expect(201);
    // An account's own role counts in no room.
    (app.user(&email, Role::Buyer).await, format!("/rooms/{room}/parties/{}", added["id"].as_str().unwrap()))
}

async fn last(app: &TestApp, room: &str, token: &str) -> Value {
    app.get(&format!("/rooms/{room}/activities?limit=1"), token).send().await.expect(200)[0].clone()
}

/// Each pair of roles, each action that a route of a room asks for, in the own room and in another.
async fn what_is_open_to_one_of_two_roles_is_open_to_the_person_in_their_room_alone(app: TestApp) {
    let (room, broker) = app.room().await;
    let other = app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
    let other = other["id"].as_str().unwrap();
    let mut asked = 0;
    for (at, one) in ROLES.into_iter().enumerate() {
        for two in ROLES.into_iter().skip(at + 1) {
            let (token, _) = person(&app, &room, &broker, &format!("{one}-{two}"), &[two, one]).await;
            for route in api::routes().table() {
                let (Access::May(action) | Access::MayInDeleted(action)) = route.access else { continue };
                if !route.path.contains("{room_id}") {
                    continue;
                }
                let what = format!("{} {} as {one} and {two}", route.method, route.path);
                // Ids of nothing: what is let in finds nothing, and changes nothing.
                let path = |room: &str| {
                    let parts = route.path.split('/').map(|part| match part {
                        "{room_id}" => room,
                        part if part.starts_with('{') => "01890a5d-ac96-774b-bcce-b302099a8057",
                        part => part,
                    });
                    parts.collect::<Vec<_>>().join("/")
                };
                let outside = app.request(route.method.as_str(), &path(other), &token).send().await;
                assert_eq!((outside.status, outside.problem()), (403, "not_a_party".into()), "{what}");
                let inside = app.request(route.method.as_str(), &path(&room), &token).send().await;
                if policy::may(one, action) || policy::may(two, action) {
                    assert_ne!(inside.status, 403, "{what}");
                } else {
                    assert_eq!((inside.status, inside.problem()), (403, "role_forbids".into()), "{what}");
                    let detail = inside.json()["detail"].to_string();
                    assert!(detail.contains(&format!("to the roles `{one}`, `{two}`")), "{detail}");
                }
                asked += 1;
            }
        }
    }
    assert!(asked > 400, "only {asked} were asked");
}

async fn each_entry_names_the_role_in_which_it_was_done(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}");
    // Two roles, what is done, and the role in which it is: the first, in their order, that may.
    let cases = [
        ([Role::Seller, Role::Owner], "POST", "/snapshots", json!({}), Some(Role::Owner)),
        ([Role::Buyer, Role::Charterer], "POST", "/snapshots", json!({}), Some(Role::Charterer)),
        ([Role::Owner, Role::Broker], "POST", "/snapshots", json!({}), Some(Role::Owner)),
        ([Role::Owner, Role::Broker], "PATCH", "", json!({ "description": "one" }), Some(Role::Broker)),
        ([Role::Charterer, Role::Broker], "PATCH", "", json!({ "description": "two" }), Some(Role::Broker)),
        ([Role::Seller, Role::Buyer], "POST", "/snapshots", json!({}), None),
    ];
    for (at, (roles, method, rest, body, used)) in cases.into_iter().enumerate() {
        let (token, _) = person(&app, &room, &broker, &format!("person{at}"), &roles).await;
        let reply = app.request(method, &format!("{path}{rest}"), &token).json(body).send().await;
        let entry = last(&app, &room, &broker).await;
        assert_eq!(entry["actor"], format!("person{at}@example.com"));
        if let Some(used) = used {
            assert!(reply.status < 300, "{reply:?}");
            assert_eq!(entry["meta"]["by_role"], json!(used), "{entry}");
        } else {
            assert_eq!(reply.problem(), "role_forbids");
            assert_eq!((&entry["action"], &entry["meta"]["by_role"]), (&json!("access_denied"), &json!("seller")));
        }
    }
    let (token, _) = person(&app, &room, &broker, "uploader", &[Role::Seller, Role::Charterer]).await;
    let document = app.document(&room, &token, "COMPAT", None).await;
    app.version(&document, &token, "a study", &[]).await;
    let entry = last(&app, &room, &broker).await;
    assert_eq!(
        (&entry["meta"]["uploader_role"], &entry["meta"]["by_role"]),
        (&json!("charterer"), &json!("charterer"))
    );
    let page = app.get(&format!("/{path}/activity"), &broker).send().await.html();
    assert!(page.contains("<span class=\"hint\"> Charterer</span>"), "{page}");
}

async fn one_role_leaves_entries_as_they_were(app: TestApp) {
    let (room, broker) = app.room().await;
    let (token, _) = person(&app, &room, &broker, "ada", &[Role::Owner]).await;
    let added = last(&app, &room, &broker).await;
    assert_eq!(added["meta"].get("roles"), None, "{added}");
    app.post(&format!("/rooms/{room}/snapshots"), &token).json(json!({})).send().await.expect(201);
    let logged = last(&app, &room, &broker).await;
    assert_eq!((&logged["action"], logged["meta"].get("by_role")), (&json!("snapshot_created"), None), "{logged}");
}

async fn a_role_that_is_taken_counts_no_more_from_the_next_request_on(app: TestApp) {
    let (room, broker) = app.room().await;
    let (token, party) = person(&app, &room, &broker, "ada", &[Role::Seller, Role::Owner]).await;
    let snapshots = format!("/rooms/{room}/snapshots");
    app.post(&snapshots, &token).json(json!({})).send().await.expect(201);
    app.patch(&party, &broker).json(json!({ "roles": ["seller"] })).send().await.expect(200);
    assert_eq!(app.post(&snapshots, &token).json(json!({})).send().await.problem(), "role_forbids");
    app.get(&snapshots, &token).send().await.expect(200);
    app.patch(&party, &broker).json(json!({ "roles": ["charterer", "seller"] })).send().await.expect(200);
    app.post(&snapshots, &token).json(json!({})).send().await.expect(201);
}

async fn a_role_that_is_taken_while_a_request_is_on_its_way_has_it_refused(app: TestApp) {
    let (room, broker) = app.room().await;
    let (token, party) = person(&app, &room, &broker, "ada", &[Role::Seller, Role::Owner]).await;
    let (in_app, id) = (app.app.clone(), party.rsplit('/').next().unwrap().parse().unwrap());
    let in_room = room.parse().unwrap();
    let body = Body::from_stream(stream::once(async move {
        // Owner stays: what was asked for would be allowed, and is refused since the roles are others.
        let change = Change::from([("roles", json!(["owner"]))]);
        parties::change(&in_app, &Actor::Operator, in_room, id, change).await.unwrap();
        Ok::<_, Infallible>("{}")
    }));
    let late = app.post(&format!("/rooms/{room}/snapshots"), &token).header("content-type", "application/json");
    assert_eq!(late.body(body).send().await.problem(), "conflict");
    assert_eq!(last(&app, &room, &broker).await["action"], "party_updated");
}

async fn a_party_is_given_by_one_role_or_by_several(app: TestApp) {
    let (room, broker) = app.room().await;
    let parties = format!("/rooms/{room}/parties");
    let taken = [
        (json!({ "role": "owner" }), json!("owner"), json!(["owner"])),
        (json!({ "roles": ["buyer"] }), json!("buyer"), json!(["buyer"])),
        (json!({ "roles": ["buyer", "broker", "buyer"] }), json!("broker"), json!(["broker", "buyer"])),
        (json!({ "role": "buyer", "roles": ["buyer", "seller"] }), json!("seller"), json!(["seller", "buyer"])),
        (json!({ "role": null, "roles": ["owner"] }), json!("owner"), json!(["owner"])),
    ];
    for (at, (given, role, roles)) in taken.into_iter().enumerate() {
        let mut asked = json!({ "name": "Ada", "email": format!("ada{at}@example.com") });
        asked.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        let added = app.post(&parties, &broker).json(asked).send().await.expect(201);
        assert_eq!((&added["role"], &added["roles"]), (&role, &roles), "{given}");
        let path = format!("{parties}/{}", added["id"].as_str().unwrap());
        assert_eq!(app.get(&path, &broker).send().await.expect(200), added);
        // The same in a change.
        let bea = json!({ "role": "charterer", "name": "Bea", "email": format!("bea{at}@example.com") });
        let bea = app.post(&parties, &broker).json(bea).send().await.expect(201);
        let path = format!("{parties}/{}", bea["id"].as_str().unwrap());
        let changed = app.patch(&path, &broker).json(given.clone()).send().await.expect(200);
        assert_eq!((&changed["role"], &changed["roles"]), (&role, &roles), "{given}");
    }
    let refused = [
        (json!({ "role": "admin" }), "role"),
        (json!({ "roles": ["owner", "admin"] }), "roles"),
        (json!({ "role": "owner", "roles": ["buyer", "seller"] }), "role"),
        (json!({ "roles": ["owner", "buyer", "owner", "buyer", "owner", "buyer"] }), "roles"),
        (json!({ "roles": ["captain"] }), "roles[0]"),
        (json!({ "roles": "owner" }), "roles"),
    ];
    let party = app.get(&parties, &broker).send().await.expect(200)[1]["id"].as_str().unwrap().to_owned();
    for (given, field) in refused {
        let mut asked = json!({ "name": "Ada", "email": "refused@example.com" });
        asked.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        assert_eq!(app.post(&parties, &broker).json(asked.clone()).send().await.fields(), [field], "{given}");
        let changed = app.patch(&format!("{parties}/{party}"), &broker).json(given.clone()).send().await;
        assert_eq!(changed.fields(), [field], "{given}");
        let mut with_it = new_room(&[asked]);
        with_it["title"] = "Another".into();
        let opened = app.post("/rooms", &broker).json(with_it).send().await;
        assert_eq!(opened.fields(), [format!("parties[0].{field}")], "{given}");
    }
    let none = json!({ "name": "Ada", "email": "refused@example.com" });
    assert_eq!(app.post(&parties, &broker).json(none).send().await.fields(), ["role"]);
    for none in [json!({ "roles": [] }), json!({ "roles": null })] {
        let changed = app.patch(&format!("{parties}/{party}"), &broker).json(none.clone()).send().await;
        assert_eq!(changed.fields(), ["roles"], "{none}");
    }
}

async fn a_change_of_roles_is_logged_as_lists_and_a_repetition_is_none(app: TestApp) {
    let (room, broker) = app.room().await;
    let (_, party) = person(&app, &room, &broker, "ada", &[Role::Seller, Role::Owner]).await;
    let added = last(&app, &room, &broker).await;
    assert_eq!((&added["meta"]["role"], &added["meta"]["roles"]), (&json!("owner"), &json!(["owner", "seller"])));
    let seen = app.get(&party, &broker).send().await;
    for _ in 0..2 {
        app.patch(&party, &broker).json(json!({ "role": "broker" })).send().await.expect(200);
    }
    let log = app.get(&format!("/rooms/{room}/activities?action=party_updated"), &broker).send().await.expect(200);
    assert_eq!(log.as_array().unwrap().len(), 1, "the second changes nothing");
    let changes = json!({ "roles": { "from": ["owner", "seller"], "to": ["broker"] } });
    assert_eq!(log[0]["meta"]["changes"], changes);
    let late = app.patch(&party, &broker).header("if-match", seen.header("etag")).json(json!({ "roles": ["buyer"] }));
    let late = late.send().await;
    assert_eq!((late.status, &late.json()["changed"][0]["field"]), (412, &json!("roles")));
}

async fn whoever_opens_a_room_may_have_further_roles_in_it(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let own =
        |roles: Value| json!({ "roles": roles, "name": "Me", "email": "Broker@example.com", "side": "receiving" });
    let opened = app.post("/rooms", &broker).json(new_room(&[own(json!(["charterer", "broker"]))])).send().await;
    let path = format!("/rooms/{}/parties", opened.expect(201)["id"].as_str().unwrap());
    let parties = app.get(&path, &broker).send().await.expect(200);
    assert_eq!(parties.as_array().unwrap().len(), 1);
    assert_eq!((&parties[0]["roles"], &parties[0]["side"]), (&json!(["broker", "charterer"]), &json!("receiving")));
    let refused = app.post("/rooms", &broker).json(new_room(&[own(json!(["charterer"]))])).send().await;
    assert_eq!(refused.fields(), ["parties[0].email"]);
    // A person is listed once, with all their roles.
    let ada = |role: &str| json!({ "role": role, "name": "Ada", "email": "ada@example.com" });
    let twice = app.post("/rooms", &broker).json(new_room(&[ada("seller"), ada("owner")])).send().await;
    assert_eq!(twice.fields(), ["parties[1].email"]);
    assert!(twice.json().to_string().contains("that one lists all roles of the person"), "{twice:?}");
}

async fn roles_do_not_change_in_a_closed_room(app: TestApp) {
    let (room, broker) = app.room().await;
    let (_, party) = person(&app, &room, &broker, "ada", &[Role::Seller, Role::Owner]).await;
    let close = json!({ "phase": "closed", "override": true, "reason": "a test" });
    for phase in ["clearance", "planning", "arrival", "mooring", "transfer", "unmooring", "documents", "closed"] {
        let mut enter = close.clone();
        enter["phase"] = phase.into();
        app.post(&format!("/rooms/{room}/phase"), &broker).json(enter).send().await.expect(200);
    }
    let refused = app.patch(&party, &broker).json(json!({ "roles": ["owner"] })).send().await;
    assert_eq!(refused.status, 409, "{refused:?}");
    // Somebody may still have to read its papers.
    app.patch(&party, &broker).json(json!({ "email": "ada@aegean.example" })).send().await.expect(200);
}

async fn nobody_decides_on_their_own_paper_in_another_role(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let room = room.trim_start_matches("/rooms/");
    let (token, party) = person(&app, room, &broker, "ada", &[Role::Seller, Role::Owner]).await;
    app.version(&document, &token, "a study", &[]).await;
    for roles in [json!(["seller", "owner"]), json!(["broker", "charterer"]), json!(["owner"])] {
        app.patch(&party, &broker).json(json!({ "roles": roles })).send().await.expect(200);
        for (verdict, body) in [("approve", json!({})), ("reject", json!({ "reason": "mine" }))] {
            let own = app.post(&format!("{document}/{verdict}"), &token).json(body).send().await;
            assert_eq!(own.problem(), "own_interest", "{roles}");
        }
    }
}

async fn no_role_clears_the_vessel_of_ones_own_side(app: TestApp) {
    let (room, broker) = app.room().await;
    let own = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let other = app.vessel(&room, &broker, "Baltic Sea", "receiving", IMO[1]).await;
    let (token, party) = person(&app, &room, &broker, "ada", &[Role::Owner, Role::Charterer, Role::Broker]).await;
    app.patch(&party, &broker).json(json!({ "side": "discharging" })).send().await.expect(200);
    let approvals = format!("/rooms/{room}/approvals");
    let say = |vessel: &str| json!({ "vessel_id": vessel, "status": "approved" });
    assert_eq!(app.post(&approvals, &token).json(say(&own)).send().await.problem(), "own_interest");
    let given = app.post(&approvals, &token).json(say(&other)).send().await.expect(201);
    assert_eq!((&given["role"], &given["side"]), (&json!("owner"), &json!("discharging")));
}

async fn of_several_roles_the_one_that_clears_a_vessel_speaks(app: TestApp) {
    let (room, broker) = app.room().await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let (token, party) = person(&app, &room, &broker, "ada", &[Role::Broker, Role::Charterer]).await;
    app.patch(&party, &broker).json(json!({ "side": "receiving" })).send().await.expect(200);
    let clearance = async || app.get(&format!("/rooms/{room}/clearance"), &broker).send().await.expect(200)[0].clone();
    let awaited = clearance().await;
    assert_eq!(awaited["open"][0]["email"], "ada@example.com", "{awaited}");
    let given = json!({ "vessel_id": vessel, "status": "approved" });
    let given = app.post(&format!("/rooms/{room}/approvals"), &token).json(given).send().await.expect(201);
    assert_eq!(given["role"], "charterer", "a broker's reply would clear nothing");
    assert_eq!(last(&app, &room, &broker).await["meta"]["by_role"], "charterer");
    assert_eq!(clearance().await["cleared"], true);
    // What was said as a charterer stays said; as a broker alone the next word clears nothing.
    app.patch(&party, &broker).json(json!({ "roles": ["broker"] })).send().await.expect(200);
    assert_eq!(clearance().await["cleared"], true);
    let path = format!("/rooms/{room}/approvals/{}", given["id"].as_str().unwrap());
    let changed = json!({ "status": "approved_with_subjects", "subjects": "a new SIRE" });
    assert_eq!(app.put(&path, &token).json(changed).send().await.expect(200)["role"], "broker");
    assert_eq!(clearance().await["cleared"], false);
}

async fn a_broker_beside_another_role_withdraws_and_revokes_what_others_did(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let charterer = app.user("charterer@example.com", Role::Charterer).await;
    let (token, party) = person(&app, &room, &broker, "ada", &[Role::Owner, Role::Broker]).await;
    let document = app.document(&room, &owner, "COMPAT", None).await;
    let withdraw = async |uploaded: Value| {
        let path = format!("{document}/versions/{}/withdraw", uploaded["version"]["id"].as_str().unwrap());
        app.post(&path, &token).json(json!({ "reason": "another vessel's" })).send().await
    };
    // Their own, undecided: open to every role, so to the first. Another's: open to brokers.
    let own = app.version(&document, &token, "own", &[]).await;
    withdraw(own).await.expect(200);
    assert_eq!(last(&app, &room, &broker).await["meta"]["by_role"], "owner");
    let others = app.version(&document, &owner, "a study", &[]).await;
    app.post(&format!("{document}/approve"), &charterer).json(json!({})).send().await.expect(200);
    withdraw(others).await.expect(200);
    let entry = last(&app, &room, &broker).await;
    assert_eq!((&entry["action"], &entry["meta"]["by_role"]), (&json!("version_withdrawn"), &json!("broker")));

    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let given = json!({ "vessel_id": vessel, "status": "approved" });
    let given = app.post(&format!("/rooms/{room}/approvals"), &charterer).json(given).send().await.expect(201);
    let revoke = format!("/rooms/{room}/approvals/{}/revoke", given["id"].as_str().unwrap());
    let reason = json!({ "reason": "the SIRE is old" });
    app.post(&revoke, &token).json(reason.clone()).send().await.expect(200);
    assert_eq!(last(&app, &room, &broker).await["meta"]["by_role"], "broker");
    // An owner alone does neither.
    app.put(revoke.trim_end_matches("/revoke"), &charterer)
        .json(json!({ "status": "approved" }))
        .send()
        .await
        .expect(200);
    app.patch(&party, &broker).json(json!({ "roles": ["owner", "seller"] })).send().await.expect(200);
    assert_eq!(app.post(&revoke, &token).json(reason).send().await.problem(), "own_interest");
    let others = app.version(&document, &owner, "another study", &[]).await;
    assert_eq!(withdraw(others).await.problem(), "own_interest");
}

async fn an_admin_who_is_a_party_acts_as_admin(app: TestApp) {
    // Whoever opens a room as an admin keeps that as their only role, whatever else is changed of the party.
    let admin = app.user("admin@example.com", Role::Admin).await;
    let opened = app.post("/rooms", &admin).json(new_room(&[])).send().await.expect(201);
    let parties = format!("/rooms/{}/parties", opened["id"].as_str().unwrap());
    let own = app.get(&parties, &admin).send().await.expect(200)[0].clone();
    assert_eq!((&own["role"], &own["roles"]), (&json!("admin"), &json!(["admin"])));
    let path = format!("{parties}/{}", own["id"].as_str().unwrap());
    let changed = app.patch(&path, &admin).json(json!({ "company": "Meridian" })).send().await.expect(200);
    assert_eq!((&changed["role"], &changed["company"]), (&json!("admin"), &json!("Meridian")));
    let page = app.get(&format!("/{path}"), &admin).send().await.html();
    let sent = PageForm::of(&page, &path).with("company", "Aegean");
    assert_eq!(app.post(&format!("/{path}"), &admin).fields(&sent.fields()).send().await.status, 303);
    assert_eq!(app.get(&path, &admin).send().await.expect(200)["role"], "admin");
    let changed = app.patch(&path, &admin).json(json!({ "roles": ["broker", "owner"] })).send().await.expect(200);
    assert_eq!(changed["roles"], json!(["owner", "broker"]));
    app.post(&parties.replace("/parties", "/snapshots"), &admin).json(json!({})).send().await.expect(201);
    let entry = app.get(&parties.replace("/parties", "/activities?limit=1"), &admin).send().await.expect(200);
    assert_eq!(entry[0]["action"], "snapshot_created");
    assert_eq!(entry[0]["meta"]["shows"]["role"], "admin");
    assert_eq!(entry[0]["meta"].get("by_role"), None, "an admin has one role everywhere");
}

async fn what_waits_for_any_of_the_roles_waits_for_the_person(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let room = room.trim_start_matches("/rooms/");
    app.version(&document, &broker, "a study", &[]).await;
    let (token, party) = person(&app, room, &broker, "ada", &[Role::Seller, Role::Charterer]).await;
    let waiting = async || {
        let rows = app.get("/cockpit", &token).send().await.expect(200);
        rows[0]["waiting_for_me"].as_array().unwrap().len()
    };
    assert_eq!(waiting().await, 1);
    app.patch(&party, &broker).json(json!({ "roles": ["seller", "buyer"] })).send().await.expect(200);
    assert_eq!(waiting().await, 0);
}

async fn the_forms_of_a_party_have_a_box_for_each_role(app: TestApp) {
    let (room, broker) = app.room().await;
    let parties = format!("/rooms/{room}/parties");
    let page = app.get(&format!("/{parties}"), &broker).send().await.html();
    let form = PageForm::of(&page, &parties).with("name", "Ada").with("email", "ada@example.com");
    let none = app.post(&format!("/{parties}"), &broker).fields(&form.fields()).send().await;
    assert_eq!(none.status, 422);
    assert!(none.html().contains("Role is missing"), "{}", none.html());
    let form = form.ticking("roles", "seller").ticking("roles", "owner");
    assert_eq!(app.post(&format!("/{parties}"), &broker).fields(&form.fields()).send().await.status, 303);
    let page = app.get(&format!("/{parties}"), &broker).send().await.html();
    assert!(page.contains("<td data-label=\"Roles\">Owner, seller</td>"), "{page}");
    let listed = app.get(&parties, &broker).send().await.expect(200);
    let path = format!("{parties}/{}", listed[5]["id"].as_str().unwrap());
    let page = app.get(&format!("/{path}"), &broker).send().await.html();
    let form = PageForm::of(&page, &path);
    // A colleague adds a role meanwhile; a form that touches something else leaves it.
    app.patch(&path, &broker).json(json!({ "roles": ["owner", "seller", "buyer"] })).send().await.expect(200);
    let other = form.clone().with("company", "Aegean");
    assert_eq!(app.post(&format!("/{path}"), &broker).fields(&other.fields()).send().await.status, 303);
    let now = app.get(&path, &broker).send().await.expect(200);
    assert_eq!((&now["roles"], &now["company"]), (&json!(["owner", "seller", "buyer"]), &json!("Aegean")));
    // One that touches the roles, too, is asked.
    let same = form.without("roles").ticking("roles", "broker");
    let asked = app.post(&format!("/{path}"), &broker).fields(&same.fields()).send().await;
    assert_eq!(asked.status, 412);
    let again = PageForm::of(&asked.html(), &path);
    assert_eq!(app.post(&format!("/{path}"), &broker).fields(&again.fields()).send().await.status, 303);
    assert_eq!(app.get(&path, &broker).send().await.expect(200)["roles"], json!(["broker"]));
}

async fn the_way_down_keeps_the_first_role_and_the_log_tells_it(app: TestApp) {
    let (room, broker) = app.room().await;
    let (token, party) = person(&app, &room, &broker, "ada", &[Role::Seller, Role::Owner]).await;
    let refused = way_down::take_back(&app.app, &Actor::Operator, "020", false).await.unwrap_err().to_string();
    assert!(refused.contains("`parties.roles` (1)"), "{refused}");
    way_down::take_back(&app.app, &Actor::Operator, "020", true).await.unwrap();
    let left = "SELECT role FROM parties WHERE email = 'ada@example.com'";
    let role: Role = app.app.db.read(async |tx| tx.one(left, &[]).await?.get(0)).await.unwrap();
    assert_eq!(role, Role::Owner);
    schema::bring_up(&app.app, &Actor::System).await.unwrap();
    assert_eq!(app.get(&party, &broker).send().await.expect(200)["roles"], json!(["owner"]));
    let told = last(&app, &room, &broker).await;
    assert_eq!((&told["action"], &told["actor"]), (&json!("party_updated"), &json!("operator")));
    assert_eq!(told["meta"]["changes"]["roles"], json!({ "from": ["owner", "seller"], "to": ["owner"] }));
    app.post(&format!("/rooms/{room}/snapshots"), &token).json(json!({})).send().await.expect(201);
}
