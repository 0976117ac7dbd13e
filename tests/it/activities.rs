//! The log: its entries, how they are listed and filtered, and that nothing changes them.

use room::Role;
use serde_json::{Value, json};

use sts_clearance::domain::snapshots::way_down;
use sts_clearance::{
    db::Tx,
    domain::log::{Actor, schema},
    evidence::{CompactRange, leaf_hash},
};

use crate::harness::{TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    entries_come_newest_first_and_can_be_filtered,
    an_admin_reads_every_log_and_others_do_not,
    the_database_itself_refuses_to_change_or_delete_an_entry,
    a_logs_head_is_the_tree_over_its_entries,
    a_schema_taken_back_is_told_to_the_platforms_log_and_takes_the_files_with_it,
}

async fn entries_come_newest_first_and_can_be_filtered(app: TestApp) {
    let (room, broker) = app.room().await;
    app.later(std::time::Duration::from_mins(1));
    app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
    let path = format!("/rooms/{room}/activities");
    let all = app.get(&path, &broker).send().await;
    assert_eq!(all.header("x-total-count"), "10");
    let seqs: Vec<_> = all.json().as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    insta::assert_json_snapshot!("entry", all.json()[9], { ".id" => "[uuid]", ".room_id" => "[uuid]" });

    for (query, expected) in [
        ("action=party_added", 5),
        ("actor=system", 2),
        ("actor=BROKER@example.com", 8),
        ("from=2026-11-23T08:00:30Z", 3),
        ("to=2026-11-23T08:00:30Z", 7),
        ("to=2026-11-23T09:00:30%2B01:00", 7),
        ("action=party_added&actor=system", 0),
    ] {
        let found = app.get(&format!("{path}?{query}"), &broker).send().await;
        assert_eq!(found.header("x-total-count"), expected.to_string(), "{query}");
    }
    let part = app.get(&format!("{path}?limit=2&action=party_added"), &broker).send().await;
    let last = part.expect(200)[1]["id"].as_str().unwrap().to_owned();
    assert_eq!(part.header("link"), format!("</api/v1{path}?action=party_added&limit=2&after={last}>; rel=\"next\""));
}

async fn an_admin_reads_every_log_and_others_do_not(app: TestApp) {
    let (_, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    assert_eq!(app.get("/activities", &broker).send().await.problem(), "role_forbids");
    let all = app.get("/activities?limit=100", &admin).send().await.expect(200);
    let actions: Vec<_> = all.as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert!(["room_created", "user_added", "signed_in", "access_denied"].iter().all(|action| actions.contains(action)));
}

async fn the_database_itself_refuses_to_change_or_delete_an_entry(app: TestApp) {
    app.room().await;
    for forbidden in [
        "UPDATE activity_log SET actor = 'mallory'",
        "DELETE FROM activity_log",
        "UPDATE activity_log SET leaf_hash = leaf_hash WHERE seq = 0",
    ] {
        let refused = app.app.db.write(async move |tx: &mut Tx| tx.exec(forbidden, &[]).await).await;
        assert!(refused.unwrap_err().to_string().contains("append-only"), "{forbidden}");
    }
}

async fn a_logs_head_is_the_tree_over_its_entries(app: TestApp) {
    let (room, broker) = app.room().await;
    app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
    let (rows, size, frontier) = app
        .app
        .db
        .read(async |tx| {
            let rows = tx.rows(
            "SELECT id, seq, actor, action, meta_json, ts, leaf_hash FROM activity_log WHERE room_id = ?1 ORDER BY seq",
            &[&room],
        ).await?;
            let head = tx.one("SELECT size, frontier FROM room_logs WHERE room_id = ?1", &[&room]).await?;
            Ok((rows, head.get::<i64>(0)?, head.get::<Vec<u8>>(1)?))
        })
        .await
        .unwrap();
    let mut tree = CompactRange::empty();
    for (i, row) in rows.iter().enumerate() {
        let meta: Value = serde_json::from_str(&row.get::<String>(4).unwrap()).unwrap();
        let time: room::Time = row.get(5).unwrap();
        assert_eq!(row.get::<i64>(1).unwrap(), i64::try_from(i).unwrap());
        let leaf = json!({
            "id": row.get::<String>(0).unwrap(), "room_id": room, "seq": i, "actor": row.get::<String>(2).unwrap(),
            "action": row.get::<String>(3).unwrap(), "meta": meta, "timestamp": time,
        });
        let leaf = leaf_hash(&serde_json_canonicalizer::to_vec(&leaf).unwrap());
        assert_eq!(row.get::<Vec<u8>>(6).unwrap(), leaf);
        tree.push(leaf);
    }
    assert_eq!(size.unsigned_abs(), tree.size());
    assert_eq!(frontier, tree.frontier());
}

async fn a_schema_taken_back_is_told_to_the_platforms_log_and_takes_the_files_with_it(app: TestApp) {
    let (room, broker) = app.room().await;
    app.user("admin@example.com", Role::Admin).await;
    let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
    let key = format!("data/files/rooms/{room}/snapshots/{}.json", snapshot["id"].as_str().unwrap());
    assert!(app.dir.path().join(&key).exists());
    way_down::take_back(&app.app, &Actor::Operator, "002", true).await.unwrap();
    // Sessions are dropped with the later steps, so the admin needs a new one below.
    schema::bring_up(&app.app, &Actor::Operator).await.unwrap();
    app.tidy().await;
    assert!(!app.dir.path().join(&key).exists());
    let admin = app.session("admin@example.com").await;
    let log = app.get("/activities?action=schema_taken_back", &admin).send().await.expect(200);
    assert_eq!((log.as_array().unwrap().len(), &log[0]["actor"]), (1, &json!("operator")));
    let steps = log[0]["meta"]["migrations"].as_array().unwrap();
    assert_eq!(steps.last().unwrap(), "003_add_snapshots_table");
    assert_eq!(log[0]["meta"]["rows_deleted"]["snapshots"], 1);
}
