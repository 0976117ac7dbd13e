//! What vanishes while a server runs: the database, the directory of the files, the key. Nothing is acknowledged that
//! would be gone at the next start; `/readyz` says which part it is, and the program's log once.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Api, Form, Installation, Server, new_room, on_both_databases, pdf};

on_both_databases! {
    Installation:
    a_directory_of_files_that_was_moved_away_takes_no_uploads_until_it_is_back,
    a_key_that_is_gone_or_another_is_said_once_and_the_one_before_signs,
}

/// Starts a server with a room. Returns its id and the broker's token.
async fn begin(place: &Installation) -> (Server, String, String) {
    place.add_user("broker@example.com", "broker");
    let server = place.serve();
    let token = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &token, &new_room(&[])).await["id"].as_str().unwrap().to_owned();
    (server, room, token)
}

async fn part(api: &Api, part: &str) -> (u16, Value) {
    let reply = reqwest::get(format!("http://{}/readyz", api.address())).await.unwrap();
    (reply.status().as_u16(), reply.json::<Value>().await.unwrap()[part].clone())
}

async fn rename(api: &Api, room: &str, token: &str, title: &str) -> u16 {
    let patch = api.request(reqwest::Method::PATCH, &format!("/rooms/{room}"), token);
    patch.json(&json!({ "title": title })).send().await.unwrap().status().as_u16()
}

async fn upload(api: &Api, room: &str, token: &str, name: &str) -> reqwest::Response {
    let mut form = Form::new();
    form.text("document_type", "RISK_ASSESS");
    form.file("file", "paper.pdf", &pdf(name));
    let request = api.request(reqwest::Method::POST, &format!("/rooms/{room}/documents/upload"), token);
    request.header("content-type", Form::MEDIA_TYPE).body(form.finish()).send().await.unwrap()
}

/// Returns how often the log has a line with all of these.
fn lines(server: &Server, words: &[&str]) -> usize {
    server.log().lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
}

async fn a_directory_of_files_that_was_moved_away_takes_no_uploads_until_it_is_back(place: Installation) {
    let (server, room, token) = begin(&place).await;
    let (files, away) = (place.path("data/files"), place.path("away"));
    assert_eq!(upload(&server.api, &room, &token, "first").await.status(), 201);
    fs::rename(&files, &away).unwrap();
    for _ in 0..3 {
        assert_eq!(part(&server.api, "files").await, (503, json!("failing")));
        let refused = upload(&server.api, &room, &token, "second").await;
        assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (503, true));
        let problem: Value = refused.json().await.unwrap();
        assert!(problem["type"].as_str().unwrap().ends_with(":files_gone"), "{problem}");
    }
    assert!(!files.exists(), "no other directory is made");
    // Another one in its place is not it either.
    fs::create_dir(&files).unwrap();
    assert_eq!(upload(&server.api, &room, &token, "third").await.status(), 503);
    assert_eq!(fs::read_dir(&files).unwrap().count(), 0);
    fs::remove_dir(&files).unwrap();
    fs::rename(&away, &files).unwrap();
    assert_eq!(part(&server.api, "files").await, (200, json!("ok")));
    assert_eq!(upload(&server.api, &room, &token, "fourth").await.status(), 201);
    assert_eq!(lines(&server, &["ERROR", "not ready", "files"]), 1, "{}", server.log());
    assert_eq!(lines(&server, &["INFO", "ready again", "files"]), 1, "{}", server.log());
    drop(server);
    place.run(&["fsck"]).expect(0);
}

async fn a_key_that_is_gone_or_another_is_said_once_and_the_one_before_signs(place: Installation) {
    let (server, room, token) = begin(&place).await;
    let file = place.path("data/keys/log.key");
    let key = fs::read_to_string(&file).unwrap();
    let other = place.run(&["key", "new", "--name", "other.example.com"]).expect(0).to_owned();
    for strange in [None, Some(other)] {
        match &strange {
            None => fs::remove_file(&file).unwrap(),
            Some(other) => fs::write(&file, other).unwrap(),
        }
        for title in ["One", "Two"] {
            assert_eq!(part(&server.api, "key").await, (503, json!("failing")), "{strange:?}");
            // The key that the logs know signs, also after the server has looked.
            assert_eq!(rename(&server.api, &room, &token, title).await, 200, "{strange:?}");
        }
        fs::write(&file, &key).unwrap();
        assert_eq!(part(&server.api, "key").await, (200, json!("ok")), "{strange:?}");
    }
    assert_eq!(lines(&server, &["ERROR", "not ready", "is gone"]), 1, "{}", server.log());
    assert_eq!(lines(&server, &["ERROR", "not ready", "does not vouch"]), 1, "{}", server.log());
    assert_eq!(lines(&server, &["INFO", "ready again"]), 2, "{}", server.log());
    drop(server);
    place.run(&["fsck"]).expect(0);
}

/// On SQLite only: a PostgreSQL looks after its own files.
#[tokio::test]
async fn a_database_that_was_deleted_or_replaced_acknowledges_nothing() {
    for ending in ["", "-wal"] {
        for is_replaced in [false, true] {
            let place = Installation::on_sqlite().await;
            let (server, room, token) = begin(&place).await;
            assert_eq!(rename(&server.api, &room, &token, "Before").await, 200);
            let file = place.path(&format!("data/sts_clearance.db{ending}"));
            fs::rename(&file, place.path("away")).unwrap();
            if is_replaced {
                fs::copy(place.path("away"), &file).unwrap();
            }
            for title in ["One", "Two"] {
                assert_eq!(rename(&server.api, &room, &token, title).await, 503, "{ending} {is_replaced}");
                assert_eq!(part(&server.api, "database").await, (503, json!("failing")));
            }
            let of_room = server.api.get(&format!("/rooms/{room}"), &token).await;
            assert_eq!(of_room["title"], "Before", "those who read are answered");
            assert_eq!(lines(&server, &["ERROR", "not ready", "gone"]), usize::from(!is_replaced), "{}", server.log());
            assert_eq!(lines(&server, &["ERROR", "not ready"]), 1, "{}", server.log());
            fs::rename(place.path("away"), &file).unwrap();
            assert_eq!(part(&server.api, "database").await, (200, json!("ok")));
            assert_eq!(rename(&server.api, &room, &token, "After").await, 200);
            server.kill();
            let server = place.serve();
            assert_eq!(server.api.get(&format!("/rooms/{room}"), &token).await["title"], "After");
        }
    }
}
