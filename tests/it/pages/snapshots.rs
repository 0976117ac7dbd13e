//! Snapshots on pages: taken, shown, verified, deleted.

use std::{fs, time::Duration};

use room::Role;
use serde_json::json;

use sts_clearance::domain::snapshots;

use crate::harness::{TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    whoever_may_take_a_snapshot_is_offered_the_form_with_the_title_that_it_would_get,
    a_snapshot_is_taken_through_the_form_with_the_sections_that_are_ticked,
    a_title_that_is_too_long_is_shown_again_with_what_is_wrong,
    a_snapshot_tells_how_far_it_is_and_then_where_its_file_is,
    a_snapshot_tells_its_hashes_its_seal_and_its_place_in_the_log,
    the_first_page_is_fetched_only_where_the_address_asks_for_it,
    a_failed_snapshot_is_retried_by_whoever_may_take_one,
    a_stored_file_is_verified_check_by_check_and_the_log_stays_as_it_is,
    a_file_that_was_tampered_with_does_not_verify_and_one_that_is_gone_is_not_checked,
    an_admin_deletes_a_snapshot_by_typing_its_title,
    inside_its_retention_one_admin_asks_and_another_confirms,
    a_hold_is_told_on_the_page_and_there_is_no_form,
}

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";

/// Returns the page at a path, as the owner of the token sees it.
async fn page(app: &TestApp, path: &str, token: &str) -> String {
    let reply = app.get(&format!("/{path}"), token).send().await;
    assert_eq!(reply.status, 200, "{path}");
    reply.html()
}

/// Makes a room with a JSON snapshot; returns the broker's token and the snapshot's path.
async fn taken(app: &TestApp, title: &str) -> (String, String) {
    let (room, broker) = app.room().await;
    let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": "json", "title": title })).await;
    (broker, format!("/rooms/{room}/snapshots/{}", snapshot["id"].as_str().unwrap()))
}

async fn whoever_may_take_a_snapshot_is_offered_the_form_with_the_title_that_it_would_get(app: TestApp) {
    let (room, broker) = app.room().await;
    let buyer = app.user("buyer@example.com", Role::Buyer).await;
    let path = format!("/rooms/{room}/snapshots");
    let offered = page(&app, &path, &broker).await;
    let words = ["Take snapshot", "Left empty: “Snapshot of 2026-11-23 08:00 UTC”.", "No snapshot has been taken yet"];
    assert!(words.iter().all(|words| offered.contains(words)), "{offered}");
    assert_eq!(offered.matches("type=\"checkbox\" value=\"true\" checked").count(), 3, "{offered}");
    let shown = page(&app, &path, &buyer).await;
    assert!(!shown.contains("Take snapshot") && shown.contains("can take one"), "{shown}");
}

async fn a_snapshot_is_taken_through_the_form_with_the_sections_that_are_ticked(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/snapshots");
    let fields = [("title", ""), ("snapshot_type", "json"), ("include_documents", "true")];
    let sent = app.post(&format!("/{path}"), &broker).fields(&fields).send().await;
    assert_eq!((sent.status, sent.header("location")), (303, &*path));
    app.work().await;
    let listed = page(&app, &path, &broker).await;
    assert!(listed.contains("Snapshot of 2026-11-23 08:00 UTC") && listed.contains("broker"), "{listed}");
    let snapshots = app.get(&path, &broker).send().await.expect(200);
    let file = app.get(&format!("/{}", snapshots[0]["download_url"].as_str().unwrap()), &broker).send().await;
    let options = file.json()["record"]["snapshot"]["options"].clone();
    let asked = json!({ "include_documents": true, "include_activity": false, "include_approvals": false });
    assert_eq!(options, asked, "{}", file.json());
    assert!(app.actions(&room, &broker).await.contains(&"snapshot_created".to_owned()));
}

async fn a_title_that_is_too_long_is_shown_again_with_what_is_wrong(app: TestApp) {
    let (room, broker) = app.room().await;
    let title = "x".repeat(256);
    let fields = [("title", &*title), ("snapshot_type", "csv"), ("include_activity", "true")];
    let refused = app.post(&format!("//rooms/{room}/snapshots"), &broker).fields(&fields).send().await;
    let page = refused.html();
    assert_eq!(refused.status, 422);
    assert!(page.contains(&title) && page.contains("255 characters"), "{page}");
    assert!(page.contains("<option value=\"csv\" selected>"), "{page}");
    assert_eq!(page.matches("value=\"true\" checked").count(), 1, "{page}");
}

async fn a_snapshot_tells_how_far_it_is_and_then_where_its_file_is(app: TestApp) {
    let (room, broker) = app.room().await;
    let (_, path) = app.take(&room, &broker, json!({ "snapshot_type": "json", "title": "Before" })).await;
    let list = format!("/rooms/{room}/snapshots");
    for shown in [page(&app, &list, &broker).await, page(&app, &path, &broker).await] {
        assert!(shown.contains("Generating") && shown.contains("<progress max=\"100\" value=\"0\""), "{shown}");
        assert!(shown.contains("data-live") && !shown.contains("Download"), "{shown}");
    }
    app.work().await;
    for shown in [page(&app, &list, &broker).await, page(&app, &path, &broker).await] {
        assert!(shown.contains("Completed") && shown.contains(&format!("/api/v1{path}/download")), "{shown}");
    }
}

async fn a_snapshot_tells_its_hashes_its_seal_and_its_place_in_the_log(app: TestApp) {
    let (room, broker) = app.room().await;
    let snapshot = app.snapshot(&room, &broker, json!({ "title": "Sealed" })).await;
    let shown = page(&app, &format!("/rooms/{room}/snapshots/{}", snapshot["id"].as_str().unwrap()), &broker).await;
    for told in ["record_sha256", "file_sha256"] {
        assert!(shown.contains(&format!("data-copy=\"{}\"", snapshot[told].as_str().unwrap())), "{told}: {shown}");
    }
    let origin = snapshot["checkpoint"].as_str().unwrap().lines().next().unwrap();
    let signer = snapshot["seal"]["signer"].as_str().unwrap();
    for words in ["made by this server itself", "No time-stamp authority", "Entry 8", origin, signer] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains("/delete"), "{shown}");
}

async fn the_first_page_is_fetched_only_where_the_address_asks_for_it(app: TestApp) {
    let (room, broker) = app.room().await;
    let snapshot = app.snapshot(&room, &broker, json!({ "title": "Sealed" })).await;
    let path = format!("/rooms/{room}/snapshots/{}", snapshot["id"].as_str().unwrap());
    let without = page(&app, &path, &broker).await;
    assert!(!without.contains("<img src=\"/api/") && without.contains("?preview=true"), "{without}");
    let with = page(&app, &format!("{path}?preview=true"), &broker).await;
    assert!(with.contains(&format!("<img src=\"/api/v1{path}/preview\" alt=\"The first page of")), "{with}");
}

async fn a_failed_snapshot_is_retried_by_whoever_may_take_one(app: TestApp) {
    let (room, broker) = app.room().await;
    let buyer = app.user("buyer@example.com", Role::Buyer).await;
    let (_, path) = app.take(&room, &broker, json!({ "snapshot_type": "json" })).await;
    let id = path.rsplit('/').next().unwrap().to_owned();
    app.fail_snapshot(&room, &id, "the disk is full").await;
    let shown = page(&app, &path, &buyer).await;
    assert!(shown.contains("The disk is full.") && !shown.contains("Retry"), "{shown}");
    assert!(page(&app, &path, &broker).await.contains("Retry"));
    let retried = app.post(&format!("/{path}/retry"), &broker).fields(&[]).send().await;
    assert_eq!((retried.status, retried.header("location")), (303, &*path));
    app.work().await;
    assert!(page(&app, &path, &broker).await.contains("Completed"));
}

async fn a_stored_file_is_verified_check_by_check_and_the_log_stays_as_it_is(app: TestApp) {
    let (room, broker) = app.room().await;
    for kind in ["pdf", "csv"] {
        let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": kind })).await;
        let before = app.actions(&room, &broker).await;
        let path = format!("//rooms/{room}/snapshots/{}/verify", snapshot["id"].as_str().unwrap());
        let verified = app.post(&path, &broker).fields(&[]).send().await.html();
        assert!(verified.contains("<strong>Verified</strong>"), "{verified}");
        for check in ["file", "record", "logged", "follows", "drawn"] {
            assert!(verified.contains(&format!("{check} <span class=\"outcome ok\">")), "{kind} {check}: {verified}");
        }
        assert_eq!(app.actions(&room, &broker).await, before);
    }
}

async fn a_file_that_was_tampered_with_does_not_verify_and_one_that_is_gone_is_not_checked(app: TestApp) {
    let (broker, path) = taken(&app, "Before").await;
    let file = app.dir.path().join(format!("data/files{path}.json"));
    let mut bytes = fs::read(&file).unwrap();
    // The server reads a file that has grown only as far as needed to see that it is too long.
    bytes.extend(vec![b' '; 100_000]);
    fs::write(&file, bytes).unwrap();
    let verify = format!("/{path}/verify");
    let tampered = app.post(&verify, &broker).fields(&[]).send().await.html();
    assert!(tampered.contains("Does not verify") && tampered.contains("file <span class=\"outcome failed\">"));
    fs::remove_file(&file).unwrap();
    let gone = app.post(&verify, &broker).fields(&[]).send().await;
    assert_eq!(gone.status, 409);
    assert!(gone.html().contains("<strong>Not checked</strong>: the file is gone from the store"), "{}", gone.html());
}

async fn an_admin_deletes_a_snapshot_by_typing_its_title(app: TestApp) {
    let (_, path) = taken(&app, "Before “the” bunker & co").await;
    let admin = app.user(ADA, Role::Admin).await;
    assert!(page(&app, &path, &admin).await.contains(&format!("{path}/delete")));
    let form = format!("/{path}/delete");
    assert!(page(&app, &format!("{path}/delete"), &admin).await.contains("gone for good"));
    for title in ["", "before “the” bunker & co", "Before"] {
        let refused = app.post(&form, &admin).fields(&[("title", title)]).send().await;
        assert_eq!(refused.status, 422, "{title}");
        assert!(refused.html().contains("type it exactly as it is"), "{title}");
    }
    app.get(&path, &admin).send().await.expect(200);
    let list = path.rsplit_once('/').unwrap().0;
    let deleted = app.post(&form, &admin).fields(&[("title", "Before “the” bunker & co")]).send().await;
    assert_eq!((deleted.status, deleted.header("location")), (303, list));
    assert_eq!(app.get(&path, &admin).send().await.problem(), "not_found");
    let room = list.trim_start_matches("/rooms/").trim_end_matches("/snapshots");
    assert_eq!(app.actions(room, &admin).await.last().unwrap(), "snapshot_deleted");
}

/// Closes the room, overriding every gate on the way.
async fn close(app: &TestApp, room: &str) {
    let broker = app.session("broker@example.com").await;
    for phase in ["clearance", "planning", "arrival", "mooring", "transfer", "unmooring", "documents", "closed"] {
        let asked = json!({ "phase": phase, "override": true, "reason": "a test" });
        app.post(&format!("{room}/phase"), &broker).json(asked).send().await.expect(200);
    }
}

async fn inside_its_retention_one_admin_asks_and_another_confirms(app: TestApp) {
    let (_, path) = taken(&app, "Before").await;
    let ada = app.user(ADA, Role::Admin).await;
    app.user(BEN, Role::Admin).await;
    close(&app, path.split("/snapshots").next().unwrap()).await;
    let (form, title) = (format!("{path}/delete"), [("title", "Before")]);
    let before = page(&app, &form, &ada).await;
    assert!(before.contains("It takes two admins.") && before.contains("Ask for the deletion"), "{before}");
    let asked = app.post(&format!("/{form}"), &ada).fields(&title).send().await;
    assert_eq!((asked.status, asked.header("location")), (303, &*form));
    let own = page(&app, &form, &ada).await;
    assert!(own.contains("You have asked for it.") && own.contains("24 Nov 2026, 08:00 UTC"), "{own}");
    assert!(!own.contains("name=\"title\""), "{own}");
    let refused = app.post(&format!("/{form}"), &ada).fields(&title).send().await;
    assert_eq!(refused.status, 409);

    app.later(Duration::from_hours(1));
    let ben = app.session(BEN).await;
    let others = page(&app, &form, &ben).await;
    assert!(others.contains("ada</span> has asked for it") && others.contains("Delete for good"), "{others}");
    let confirmed = app.post(&format!("/{form}"), &ben).fields(&title).send().await;
    assert_eq!(confirmed.status, 303);
    assert_eq!(app.get(&path, &ben).send().await.problem(), "not_found");
}

async fn a_hold_is_told_on_the_page_and_there_is_no_form(app: TestApp) {
    let (_, path) = taken(&app, "Before").await;
    let admin = app.user(ADA, Role::Admin).await;
    let (room, id) = path.split_once("/snapshots/").unwrap();
    let held = json!({ "reason": "Claim 4711", "snapshot_id": id });
    app.post(&format!("{room}/holds"), &admin).json(held).send().await.expect(201);
    let form = format!("{path}/delete");
    let refused = app.post(&format!("/{form}"), &admin).fields(&[("title", "Before")]).send().await;
    assert_eq!(refused.status, 409);
    for shown in [page(&app, &form, &admin).await, refused.html()] {
        assert!(shown.contains("The snapshot is under hold.") && shown.contains("Claim 4711"), "{shown}");
        assert!(!shown.contains("name=\"title\""), "{shown}");
    }
    app.get(&path, &admin).send().await.expect(200);
}

#[tokio::test]
async fn the_title_that_is_shown_is_the_one_that_is_given() {
    let app = TestApp::on_sqlite().await;
    let (room, broker) = app.room().await;
    let (snapshot, _) = app.take(&room, &broker, json!({})).await;
    assert_eq!(snapshot["title"], snapshots::default_title(app.app.now()));
}
