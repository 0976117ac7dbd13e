//! Bad input gets a clear error and loses nothing.

use room::{Event, Log, Role};
use serde_json::{Value, json};
use sts_clearance::domain::log::{Actor, operation};

use crate::harness::{TestApp, on_both_databases, pdf};

/// A request body that is refused: what is wrong, the body, the status, and the field that is named.
type Refused = (&'static str, Value, u16, &'static str);

fn refused_snapshots() -> Vec<Refused> {
    vec![
        ("a field with a typo", json!({ "snapshot_typ": "pdf" }), 422, "snapshot_typ"),
        ("a number for a text", json!({ "title": 7 }), 422, "title"),
        ("a text for a switch", json!({ "include_activity": "yes" }), 422, "include_activity"),
        ("a title too long", json!({ "title": "x".repeat(256) }), 422, "title"),
        ("a control character", json!({ "title": "a\u{7}b" }), 422, "title"),
        ("a line end in a title", json!({ "title": "a\nb" }), 422, "title"),
        ("an unknown type", json!({ "snapshot_type": "docx" }), 400, ""),
        ("an array", json!([]), 422, "body"),
        ("an array of the fields", json!(["a", "pdf", true, true, true]), 422, "body"),
    ]
}

fn refused_rooms() -> Vec<Refused> {
    let with = |field: &str, value: Value| {
        let mut room = crate::harness::new_room(&[]);
        room[field] = value;
        room
    };
    let party =
        |party: Value| with("parties", json!([{ "role": "owner", "name": "A", "email": "a@example.com" }, party]));
    vec![
        ("no title", json!({ "location": "x", "sts_eta": "2026-12-01T00:00:00Z" }), 422, "title"),
        ("a blank title", with("title", json!(" ")), 422, "title"),
        ("a blank place", with("location", json!("")), 422, "location"),
        ("a time without offset", with("sts_eta", json!("2026-12-01T00:00:00")), 422, "sts_eta"),
        ("a date", with("sts_eta", json!("2026-12-01")), 422, "sts_eta"),
        ("an offset of no place", with("sts_eta", json!("2026-12-01T00:00:00+25:00")), 422, "sts_eta"),
        ("an offset beyond the last", with("sts_eta", json!("2026-12-01T00:00:00+14:01")), 422, "sts_eta"),
        ("an offset before the first", with("sts_eta", json!("2026-12-01T00:00:00-12:30")), 422, "sts_eta"),
        ("an offset of too many minutes", with("sts_eta", json!("2026-12-01T00:00:00+05:75")), 422, "sts_eta"),
        ("a 31st of February", with("sts_eta", json!("2026-02-31T00:00:00Z")), 422, "sts_eta"),
        ("a year beyond the calendar", with("sts_eta", json!("9999-01-01T00:00:00Z")), 422, "sts_eta"),
        ("an unknown profile", with("cargo_profile", json!("cars")), 422, "cargo_profile"),
        ("a status", with("status", json!("active")), 422, "status"),
        ("a party without an address", party(json!({ "role": "owner", "name": "B" })), 422, "parties[1].email"),
        (
            "a party with a bad address",
            party(json!({ "role": "owner", "name": "B", "email": "b" })),
            422,
            "parties[1].email",
        ),
        (
            "a party of an unknown role",
            party(json!({ "role": "king", "name": "B", "email": "b@example.com" })),
            422,
            "parties[1].role",
        ),
        ("a party as an array of its fields", party(json!(["owner", "B", "b@example.com", "C"])), 422, "parties[1]"),
        (
            "a party twice",
            party(json!({ "role": "buyer", "name": "A", "email": "A@EXAMPLE.com" })),
            422,
            "parties[1].email",
        ),
        ("parties as an object", with("parties", json!({})), 422, "parties"),
        ("a party with a typo", party(json!({ "role": "owner", "name": "B", "mail": "b" })), 422, "parties[1].mail"),
    ]
}

on_both_databases! {
    TestApp:
    a_refused_body_names_its_field_and_changes_nothing,
    every_fault_of_a_request_is_told_at_once,
    a_body_that_is_no_json_is_malformed,
    a_body_over_one_mebibyte_is_refused,
    a_byte_order_mark_before_json_is_ignored,
    offsets_of_the_whole_world_are_taken,
    limits_and_offsets_out_of_bounds_are_refused,
    times_of_a_filter_that_are_none_are_refused,
    control_characters_in_a_query_are_refused,
    a_reason_in_an_address_is_refused_and_told_where_it_belongs,
    a_reason_has_4000_characters_at_most_and_a_description_8000,
    a_description_from_before_the_bound_stays_while_other_fields_change,
    a_field_given_twice_is_refused_by_post_and_by_patch,
    a_parameter_without_a_value_or_given_twice_is_refused,
    an_answer_names_twenty_faults_and_counts_the_others,
    what_a_refusal_quotes_is_cut,
    ids_that_are_no_uuid_or_nobodys_are_not_found,
    a_user_disabled_in_mid_session_is_refused,
    a_path_or_method_that_is_not_there_is_a_problem_too,
    tokens_that_are_none_are_refused,
    a_request_id_is_kept_where_it_is_plain_and_made_where_it_is_not,
}

async fn a_refused_body_names_its_field_and_changes_nothing(app: TestApp) {
    let (room, broker) = app.room().await;
    let before = app.actions(&room, &broker).await;
    for (path, table) in [(format!("/rooms/{room}/snapshots"), refused_snapshots()), ("/rooms".into(), refused_rooms())]
    {
        for (what, body, status, field) in table {
            let reply = app.post(&path, &broker).json(body).send().await;
            assert_eq!(reply.status, status, "{what}: {reply:?}");
            assert!(!reply.problem().is_empty());
            if status == 422 {
                assert_eq!(reply.fields(), [field], "{what}");
            }
        }
    }
    assert_eq!(app.actions(&room, &broker).await, before);
    assert_eq!(app.get("/rooms", &broker).send().await.header("x-total-count"), "1");
    assert_eq!(app.get(&format!("/rooms/{room}/snapshots"), &broker).send().await.expect(200), json!([]));
}

async fn every_fault_of_a_request_is_told_at_once(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let asked = json!({
        "title": "", "location": "\u{0}", "sts_eta": "soon", "parties": [{ "role": "admin", "name": "", "email": "x" }],
    });
    let reply = app.post("/rooms", &broker).json(asked).send().await;
    insta::assert_json_snapshot!("every_fault", reply.expect(422), { ".request_id" => "[uuid]" });
}

async fn a_body_that_is_no_json_is_malformed(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/snapshots");
    for body in ["", "{", "{\"title\": \"a\"} x", "\u{feff}", "nul"] {
        let reply = app.post(&path, &broker).header("content-type", "application/json").body(body).send().await;
        assert_eq!((reply.status, &*reply.problem()), (400, "malformed"), "{body}");
    }
    let typeless = app.post(&path, &broker).body("{}").send().await;
    assert_eq!(typeless.status, 415);
    assert_eq!(typeless.problem(), "http");
}

async fn a_byte_order_mark_before_json_is_ignored(app: TestApp) {
    let (_, broker) = app.room().await;
    let room = crate::harness::new_room(&[]).to_string();
    let send = async |body: String| {
        app.post("/rooms", &broker).header("content-type", "application/json").body(body.into_bytes()).send().await
    };
    send(format!("\u{feff}{room}")).await.expect(201);
    assert_eq!(send(format!("\u{feff}\u{feff}{room}")).await.status, 400);
    assert_eq!(send(format!("{room}\u{feff}")).await.status, 400);
}

async fn offsets_of_the_whole_world_are_taken(app: TestApp) {
    let (room, broker) = app.room().await;
    for (offset, eta) in [
        ("+14:00", "2026-11-30T16:00:00Z"),
        ("-12:00", "2026-12-01T18:00:00Z"),
        ("+05:45", "2026-12-01T00:15:00Z"),
        ("-00:00", "2026-12-01T06:00:00Z"),
        ("z", "2026-12-01T06:00:00Z"),
    ] {
        let asked = json!({ "sts_eta": format!("2026-12-01T06:00:00{offset}") });
        let changed = app.patch(&format!("/rooms/{room}"), &broker).json(asked).send().await.expect(200);
        assert_eq!(changed["sts_eta"], eta, "{offset}");
    }
}

async fn a_body_over_one_mebibyte_is_refused(app: TestApp) {
    let (room, broker) = app.room().await;
    let asked = json!({ "title": "x".repeat(1024 * 1024) });
    let reply = app.post(&format!("/rooms/{room}/snapshots"), &broker).json(asked).send().await;
    assert_eq!(reply.status, 413);
    assert_eq!(reply.problem(), "http");
}

async fn limits_and_offsets_out_of_bounds_are_refused(app: TestApp) {
    let (room, broker) = app.room().await;
    for list in [
        "/rooms".to_owned(),
        format!("/rooms/{room}/parties"),
        format!("/rooms/{room}/snapshots"),
        format!("/rooms/{room}/activities"),
    ] {
        for (query, field) in [
            ("limit=0", "limit"),
            ("limit=-1", "limit"),
            ("limit=1000000000", "limit"),
            ("limit=101", "limit"),
            ("limit=ten", "limit"),
            ("limit=", "limit"),
            ("offset=-1", "offset"),
            ("offset=99999999999999999999", "offset"),
            ("limt=5", "limt"),
        ] {
            assert_eq!(app.get(&format!("{list}?{query}"), &broker).send().await.fields(), [field], "{list}?{query}");
        }
        app.get(&format!("{list}?limit=100&offset=9223372036854775807"), &broker).send().await.expect(200);
    }
}

async fn times_of_a_filter_that_are_none_are_refused(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/activities?from=yesterday&to=2026-11-23");
    assert_eq!(app.get(&path, &broker).send().await.fields(), ["from", "to"]);
}

async fn control_characters_in_a_query_are_refused(app: TestApp) {
    let (room, broker) = app.room().await;
    let log = format!("/rooms/{room}/activities");
    for (query, fields) in [
        ("actor=%00", &["actor"][..]),
        ("action=room%00created", &["action"]),
        ("from=%00&to=%0A", &["from", "to"]),
        ("limit=%00", &["limit"]),
        ("actor=%C2%85", &["actor"]),
        ("%00=1", &["\0"]),
    ] {
        assert_eq!(app.get(&format!("{log}?{query}"), &broker).send().await.fields(), fields, "{query}");
    }
    let admin = app.user("admin@example.com", Role::Admin).await;
    let deletion = app.delete(&format!("/rooms/{room}?force=true"), &admin).json(json!({ "reason": "\0" }));
    assert_eq!(deletion.send().await.fields(), ["reason"]);
}

async fn a_reason_in_an_address_is_refused_and_told_where_it_belongs(app: TestApp) {
    let (room, _) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let holds = format!("/rooms/{room}/holds");
    let hold = app.post(&holds, &admin).json(json!({ "reason": "Claim 4711" })).send().await.expect(201);
    let hold = format!("{holds}/{}", hold["id"].as_str().unwrap());
    for path in [format!("{hold}?reason=Settled"), format!("/rooms/{room}?force=true&reason=a%20mistake")] {
        let refused = app.delete(&path, &admin).send().await;
        assert_eq!(refused.fields(), ["reason"], "{path}");
        assert!(refused.json()["detail"].as_str().unwrap().contains("belongs in the body"), "{refused:?}");
    }
    assert_eq!(app.get(&hold, &admin).send().await.expect(200)["lift_request"], Value::Null);
    let asked = app.delete(&hold, &admin).json(json!({ "reason": "Settled" })).send().await;
    asked.expect(202);
    assert_eq!(app.get(&hold, &admin).send().await.expect(200)["lift_request"]["reason"], "Settled");
}

async fn a_reason_has_4000_characters_at_most_and_a_description_8000(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let document = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&document, &broker, "a study", &[]).await;
    let most = "𝄞".repeat(4_000);
    let more = "𝄞".repeat(4_001);
    let reject = async |reason: &str| {
        app.post(&format!("{document}/reject"), &owner).json(json!({ "reason": reason })).send().await
    };
    assert_eq!(reject(&more).await.fields(), ["reason"]);
    reject(&most).await.expect(200);
    let subjects = json!({ "subjects": more });
    assert_eq!(app.post(&format!("{document}/approve"), &owner).json(subjects).send().await.fields(), ["subjects"]);
    let notes = app.post(&format!("{document}/versions"), &broker).upload("b.pdf", &pdf("b"), &[("notes", &more)]);
    assert_eq!(notes.send().await.fields(), ["notes"]);
    let describe = async |length: usize| {
        let described = json!({ "description": "𝄞".repeat(length) });
        app.patch(&format!("/rooms/{room}"), &broker).json(described).send().await
    };
    assert_eq!(describe(8_001).await.fields(), ["description"]);
    describe(8_000).await.expect(200);
    let page = app.get(&format!("//rooms/{room}/edit"), &broker).send().await.html();
    assert!(page.contains("maxlength=\"8000\"") && page.contains("maxlength=\"255\""), "{page}");
    let page = app.get(&format!("/{document}"), &owner).send().await.html();
    assert!(page.contains("maxlength=\"4000\""), "{page}");
}

async fn a_description_from_before_the_bound_stays_while_other_fields_change(app: TestApp) {
    let (room, broker) = app.room().await;
    let long = "x".repeat(10_000);
    let changes = json!({ "description": { "from": null, "to": long } });
    let changes = changes.as_object().unwrap().clone();
    let described = operation(&app.app, Log::Room(room.parse().unwrap()), &Actor::System, async move |tx, log| {
        log.append(tx, &Event::RoomUpdated { changes }).await
    });
    described.await.unwrap();
    let path = format!("/rooms/{room}");
    let patched = app.patch(&path, &broker).json(json!({ "title": "Another" })).send().await.expect(200);
    assert_eq!(patched["description"], long);
    let edited = json!({ "description": format!("{long}x") });
    assert_eq!(app.patch(&path, &broker).json(edited).send().await.fields(), ["description"]);
}

async fn a_field_given_twice_is_refused_by_post_and_by_patch(app: TestApp) {
    let (room, broker) = app.room().await;
    let twice = r#"{"title": "One", "location": "x", "sts_eta": "2026-12-01T00:00:00Z", "title": "Two"}"#;
    for (method, path) in [("POST", "/rooms".to_owned()), ("PATCH", format!("/rooms/{room}"))] {
        let request = app.request(method, &path, &broker).header("content-type", "application/json").body(twice);
        let refused = request.send().await;
        assert_eq!(refused.fields(), ["title"], "{method}");
        assert_eq!(refused.json()["errors"][0]["message"], "is given twice", "{method}");
    }
    let party = r#"{"role": "owner", "name": "A", "email": "a@example.com", "name": "B"}"#;
    let room_with =
        format!(r#"{{"title": "T", "location": "x", "sts_eta": "2026-12-01T00:00:00Z", "parties": [{party}]}}"#);
    let request = app.post("/rooms", &broker).header("content-type", "application/json").body(room_with);
    assert_eq!(request.send().await.fields(), ["parties[0].name"]);
}

async fn a_parameter_without_a_value_or_given_twice_is_refused(app: TestApp) {
    let (room, broker) = app.room().await;
    for (query, field) in [
        ("documents?status=", "status"),
        ("documents?vessel_id=", "vessel_id"),
        ("documents?gate=", "gate"),
        ("documents?limit=1&limit=2", "limit"),
        ("activities?from=", "from"),
    ] {
        let path = format!("/rooms/{room}/{query}");
        assert_eq!(app.get(&path, &broker).send().await.fields(), [field], "{query}");
    }
    assert_eq!(app.get("/cockpit?phase=", &broker).send().await.fields(), ["phase"]);
    // A browser sends the fields that were left blank in a form, so pages take empty parameters.
    for page in ["//?q=&phase=", &format!("//rooms/{room}/compare?from=&to=")] {
        assert_eq!(app.get(page, &broker).send().await.status, 200, "{page}");
    }
}

async fn an_answer_names_twenty_faults_and_counts_the_others(app: TestApp) {
    let (_, broker) = app.room().await;
    let unknown: Vec<_> = (0..2_000).map(|number| format!("p{number}=")).collect();
    let refused = app.get(&format!("/rooms?{}", unknown.join("&")), &broker).send().await;
    let errors = refused.expect(422)["errors"].as_array().unwrap().clone();
    assert_eq!(errors.len(), 21);
    assert_eq!(errors[20], json!({ "field": "", "message": "and 1980 more faults" }));
    assert!(refused.body.len() < 10_000, "{}", refused.body.len());
    let parties = vec![json!({ "role": "owner", "name": "", "email": "x" }); 100];
    let refused = app.post("/rooms", &broker).json(crate::harness::new_room(&parties)).send().await;
    assert_eq!(refused.fields().len(), 21);
}

async fn what_a_refusal_quotes_is_cut(app: TestApp) {
    let (room, broker) = app.room().await;
    let long = "x".repeat(900_000);
    for asked in [json!({ &long: 1 }), json!({ "include_activity": long }), json!({ "snapshot_type": long })] {
        let refused = app.post(&format!("/rooms/{room}/snapshots"), &broker).json(asked).send().await;
        assert!(matches!(refused.status, 400 | 422), "{}", refused.status);
        assert!(refused.body.len() < 20_000, "{}", refused.body.len());
    }
}

async fn ids_that_are_no_uuid_or_nobodys_are_not_found(app: TestApp) {
    let (room, broker) = app.room().await;
    let nobodys = "01900000-0000-7000-8000-000000000000";
    for id in ["1", "not-a-uuid", "%00", "..%2F..", nobodys] {
        for path in [
            format!("/rooms/{id}"),
            format!("/rooms/{id}/snapshots"),
            format!("/rooms/{room}/snapshots/{id}"),
            format!("/rooms/{room}/snapshots/{id}/download"),
        ] {
            assert_eq!(app.get(&path, &broker).send().await.problem(), "not_found", "{path}");
        }
    }
}

async fn a_user_disabled_in_mid_session_is_refused(app: TestApp) {
    let (room, broker) = app.room().await;
    app.disable("broker@example.com").await;
    let refused = app.post(&format!("/rooms/{room}/snapshots"), &broker).json(json!({})).send().await;
    assert_eq!((refused.status, &*refused.problem()), (401, "unauthenticated"));
}

async fn a_path_or_method_that_is_not_there_is_a_problem_too(app: TestApp) {
    assert_eq!(app.get("/nothing", "").send().await.problem(), "http");
    assert_eq!(app.get("//nothing/at/all", "").send().await.status, 404);
    let wrong = app.delete("/auth/login", "").send().await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, "POST"));
    assert_eq!(wrong.problem(), "http");
}

async fn tokens_that_are_none_are_refused(app: TestApp) {
    app.room().await;
    for header in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic YTpi",
        "bearer 0000000000000000000000000000000000000000000000000000000000000000",
    ] {
        let reply = app.get("/rooms", "").header("authorization", header).send().await;
        assert_eq!((reply.status, &*reply.problem()), (401, "unauthenticated"), "{header}");
    }
}

async fn a_request_id_is_kept_where_it_is_plain_and_made_where_it_is_not(app: TestApp) {
    let kept = app.get("//healthz", "").header("x-request-id", "proxy-1.2_3").send().await;
    assert_eq!(kept.header("x-request-id"), "proxy-1.2_3");
    let made = app.get("//healthz", "").header("x-request-id", "a b\u{e9}").send().await;
    assert_eq!(made.header("x-request-id").len(), 36);
}
