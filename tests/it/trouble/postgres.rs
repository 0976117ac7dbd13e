//! PostgreSQL in trouble: cancelled, timed out, read only, contended, shut down, full, silent.

use std::{
    io::{self, Write},
    time::Duration,
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sts_clearance::{
    db::{Db, Tx},
    error::Error,
};
use tokio::time::timeout;
use tokio_postgres::NoTls;
use tools::needs;

use crate::harness::{Installation, OwnPostgres, TestApp, new_room, postgres_database, until};

/// Has each entry that is appended run this first, in PL/pgSQL; at the COMMIT if `at_commit`.
async fn with_each_entry(app: &TestApp, at_commit: bool, statement: &str) {
    let trigger = if at_commit {
        "CREATE CONSTRAINT TRIGGER trouble AFTER INSERT ON activity_log DEFERRABLE INITIALLY DEFERRED"
    } else {
        "CREATE TRIGGER trouble BEFORE INSERT ON activity_log"
    };
    let sql = format!(
        "CREATE OR REPLACE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS
             $$BEGIN {statement}; RETURN NEW; END$$;
         {trigger} FOR EACH ROW EXECUTE FUNCTION trouble()"
    );
    app.app.db.write(async move |tx| tx.batch(&sql).await).await.unwrap();
}

async fn without_trouble(app: &TestApp) {
    app.app.db.write(async |tx| tx.batch("DROP TRIGGER trouble ON activity_log").await).await.unwrap();
}

/// Sends a change, and returns the code and the words of its refusal.
async fn refused(app: &TestApp, room: &str, token: &str) -> (String, String) {
    let reply = app.patch(&format!("/rooms/{room}"), token).json(json!({ "title": "Another" })).send().await;
    let detail = reply.expect(503)["detail"].as_str().unwrap().to_owned();
    assert_eq!(reply.header("retry-after"), "1");
    (reply.problem(), detail)
}

#[needs(postgres)]
#[tokio::test]
async fn what_the_server_would_not_do_can_be_tried_again() {
    let app = TestApp::on_postgres().await;
    let (room, broker) = app.room().await;
    for (statement, code, words) in [
        ("PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(60)", "database_unavailable", "gave this up"),
        ("SET LOCAL statement_timeout = 1; PERFORM pg_sleep(60)", "database_unavailable", "gave this up"),
        ("RAISE EXCEPTION 'read only' USING ERRCODE = '25006'", "database_unavailable", "takes no changes"),
        ("RAISE EXCEPTION 'again' USING ERRCODE = '40001'", "database_unavailable", "thers were changing the same"),
        ("RAISE EXCEPTION 'again' USING ERRCODE = '40P01'", "database_unavailable", "thers were changing the same"),
        ("RAISE EXCEPTION 'full' USING ERRCODE = '53100'", "disk_full", "is full; nothing was changed"),
        ("PERFORM pg_terminate_backend(pg_backend_pid())", "database_unavailable", "cannot be reached"),
    ] {
        with_each_entry(&app, false, statement).await;
        let (said, detail) = refused(&app, &room, &broker).await;
        assert!(said == code && detail.contains(words), "{statement}: {said}: {detail}");
        without_trouble(&app).await;
    }
    // What the server answers to the statement itself stays a fault of the program.
    with_each_entry(&app, false, "PERFORM 1 / 0").await;
    let reply = app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "Another" })).send().await;
    assert_eq!((reply.status, reply.problem().as_str()), (500, "internal"));
    without_trouble(&app).await;
    app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "Another" })).send().await.expect(200);
}

#[needs(postgres)]
#[tokio::test]
async fn of_a_commit_that_ends_its_connection_nobody_says_that_nothing_was_changed() {
    let app = TestApp::on_postgres().await;
    let (room, broker) = app.room().await;
    with_each_entry(&app, true, "PERFORM pg_terminate_backend(pg_backend_pid())").await;
    let (code, detail) = refused(&app, &room, &broker).await;
    assert_eq!(code, "not_known");
    assert_eq!(
        detail,
        "It is not known whether the change was made, since the database did not confirm it; look before you repeat it."
    );
    let page = app.patch(&format!("/rooms/{room}"), &broker).header("accept", "text/html");
    let page = page.json(json!({ "title": "Another" })).send().await;
    let html = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(html.contains("Look first whether it is there") && !html.contains("nothing was lost"), "{html}");
    without_trouble(&app).await;
    // What the server itself refuses at the COMMIT it has rolled back.
    with_each_entry(&app, true, "RAISE EXCEPTION 'again' USING ERRCODE = '40001'").await;
    let (code, detail) = refused(&app, &room, &broker).await;
    assert!(code == "database_unavailable" && detail.contains("nothing was changed"), "{code}: {detail}");
    without_trouble(&app).await;
    app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "Another" })).send().await.expect(200);
}

/// The pool has one connection as long as nobody asks for two at once.
#[needs(postgres)]
#[tokio::test]
async fn a_connection_in_trouble_leaves_the_pool_and_others_stay() {
    let db = Db::open(&postgres_database().await).unwrap();
    let id = async || {
        let id = db.read(async |tx| tx.one("SELECT pg_backend_pid()::BIGINT", &[]).await?.get::<i64>(0)).await;
        id.unwrap()
    };
    for (code, stays) in
        [("57014", false), ("25006", false), ("53200", false), ("55P03", false), ("23505", true), ("40001", true)]
    {
        let before = id().await;
        let sql = format!("DO $$BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{code}'; END$$");
        let failed = db.write(async move |tx: &mut Tx| tx.batch(&sql).await).await;
        assert!(matches!(failed, Err(Error::Postgres(_))), "{failed:?}");
        assert_eq!(id().await == before, stays, "{code}");
    }
}

/// A worker renews its lease every second. The entry for which it holds the row of its job takes longer.
#[needs(postgres)]
#[tokio::test]
async fn a_worker_does_not_wait_for_a_lock_of_its_own() {
    let app = TestApp::on_postgres().await;
    let (room, broker) = app.room().await;
    let (_, path) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    with_each_entry(&app, false, "PERFORM pg_sleep(2)").await;
    assert_eq!(app.work().await, 1);
    assert_eq!(app.get(&path, &broker).send().await.expect(200)["status"], "completed");
    without_trouble(&app).await;
}

#[needs(postgres)]
#[tokio::test]
async fn statements_and_silent_transactions_have_an_end_unless_the_operator_has_set_another() {
    for (given, found) in [(None, ["50s", "1min"]), (Some("7s"), ["7s", "7s"])] {
        let url = postgres_database().await;
        let names = ["statement_timeout", "idle_in_transaction_session_timeout"];
        if let Some(given) = given {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
            tokio::spawn(connection);
            let (_, database) = url.rsplit_once('/').unwrap();
            for name in names {
                client.batch_execute(&format!("ALTER DATABASE {database} SET {name} = '{given}'")).await.unwrap();
            }
        }
        let db = Db::open(&url).unwrap();
        for (name, expected) in names.into_iter().zip(found) {
            let read = db.read(async |tx| tx.one("SELECT current_setting(?1)", &[&name]).await?.get::<String>(0)).await;
            assert_eq!(read.unwrap(), expected, "{name}");
        }
    }
}

#[needs(postgres)]
#[tokio::test]
async fn a_server_that_takes_no_changes_is_not_ready_and_is_left_for_one_that_does() {
    let url = postgres_database().await;
    let app = TestApp::with(url.clone(), &[]).await;
    let (room, broker) = app.room().await;
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let (_, database) = url.rsplit_once('/').unwrap();
    let set = async |to: &str| {
        let sql = format!("ALTER DATABASE {database} SET default_transaction_read_only = {to}");
        client.batch_execute(&format!("SET default_transaction_read_only = off; {sql}")).await.unwrap();
    };
    set("on").await;
    // As after a failover: connections lead to a standby now.
    let node = app.another_node();
    let (code, detail) = refused(&node, &room, &broker).await;
    assert!(code == "database_unavailable" && detail.contains("takes no changes at present"), "{code}: {detail}");
    node.get(&format!("/rooms/{room}"), &broker).send().await.expect(200);
    let ready = node.get("//readyz", "").send().await;
    assert_eq!((&ready.expect(503)["database"], ready.header("retry-after")), (&json!("failing"), "1"));
    set("off").await;
    // The connections that were read only have gone, at the latest when a change was refused on them.
    until("changes are taken", async || {
        let reply = node.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "Another" })).send().await;
        (reply.status == 200).then_some(())
    })
    .await;
}

#[needs(postgres)]
#[tokio::test]
async fn of_a_server_that_is_silent_everybody_is_told_within_seconds() {
    let Some(postgres) = OwnPostgres::start() else {
        let why = "PostgreSQL is not installed here, and the one that is given must not be stopped";
        let _ = writeln!(io::stderr(), "skipped: {why}");
        return;
    };
    let place = Installation::new(Some(postgres.database().await));
    place.add_user("broker@example.com", "broker");
    let server = place.serve();
    let broker = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &broker, &new_room(&[])).await;
    let path = format!("/rooms/{}", room["id"].as_str().unwrap());

    postgres.pause();
    let ready = async || reqwest::get(format!("http://{}/readyz", server.api.address())).await.unwrap();
    // Far less than the minute after which every request is given up; how much less depends on the machine.
    let asked = timeout(Duration::from_secs(30), async {
        let read = server.api.request(Method::GET, &path, &broker);
        let write = server.api.request(Method::PATCH, &path, &broker).json(&json!({ "title": "Another" }));
        tokio::join!(ready(), read.send(), write.send())
    });
    let (ready_then, read, write) = asked.await.expect("nobody waits for a minute");
    for reply in [ready_then, read.unwrap(), write.unwrap()] {
        assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(reply.headers().contains_key("retry-after"), "{reply:?}");
        let said: Value = reply.json().await.unwrap();
        let is_told = said["database"] == "failing" || said["type"].as_str().unwrap().ends_with("database_unavailable");
        assert!(is_told, "{said}");
    }

    postgres.go_on();
    until("the server is ready again", async || ready().await.status().is_success().then_some(())).await;
    let written = server.api.request(Method::PATCH, &path, &broker).json(&json!({ "title": "Another" })).send().await;
    assert_eq!(written.unwrap().status(), 200);
}
