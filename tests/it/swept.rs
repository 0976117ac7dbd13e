//! What servers leave in the store that end halfway: `fsck` names it, and housekeeping removes it after a day.

use std::{
    fs::{self, File},
    path::PathBuf,
    time::Duration,
};

use serde_json::json;
use sts_clearance::domain::fsck::{self, Finding, Mode, Watch};

use crate::harness::{TestApp, head_of, on_both_databases, put_back};

on_both_databases! {
    TestApp:
    what_was_half_written_when_a_server_ended_is_named_and_goes_after_a_day,
    an_uploaded_file_without_a_row_goes_once_it_was_found_twice,
    a_file_that_a_log_tells_of_stays_whatever_has_become_of_its_row,
    nothing_goes_while_the_database_is_behind_what_was_signed,
}

/// How often the housekeeping runs until it looks through the store again.
const RUNS: usize = 60;

struct Nobody;

impl Watch for Nobody {}

impl TestApp {
    /// Writes a file into the store that is so many hours old, and returns its path.
    fn left(&self, key: &str, hours: u64) -> PathBuf {
        let path = self.dir.path().join("data/files").join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let now = fs::metadata(self.dir.path()).unwrap().modified().unwrap();
        File::create(&path).unwrap().set_modified(now - Duration::from_hours(hours)).unwrap();
        path
    }

    /// Runs the housekeeping until it has looked through the store once more.
    async fn look(&self) {
        for _ in 0..RUNS {
            self.tidy().await;
        }
    }

    /// Returns what `fsck` says of this file.
    async fn fault_of(&self, key: &str) -> Option<Finding> {
        let found = fsck::run(&self.app, Mode::Look, &mut Nobody).await.unwrap().findings;
        found.into_iter().find(|finding| finding.what == key)
    }
}

async fn what_was_half_written_when_a_server_ended_is_named_and_goes_after_a_day(app: TestApp) {
    let (room, _) = app.room().await;
    let key = |name: &str| format!("rooms/{room}/{name}");
    let old = ["documents/a/b.pdf#1", "snapshots/c.pdf#12"].map(key);
    let [paper, report] = [&old[0], &old[1]].map(|key| app.left(key, 25));
    let (young, upload) = (app.left(&key("snapshots/d.pdf#1"), 23), app.left("uploads/e#1", 25));
    for key in old.iter().map(String::as_str).chain(["uploads/e#1"]) {
        let finding = app.fault_of(key).await.unwrap_or_else(|| panic!("{key} is not named"));
        assert!(!finding.is_damage() && finding.fault.contains("was being written"), "{finding:?}");
    }
    assert!(app.fault_of(&key("snapshots/d.pdf#1")).await.is_none());
    app.tidy().await;
    assert_eq!([paper, report, upload, young].map(|path| path.exists()), [false, false, false, true]);
}

async fn an_uploaded_file_without_a_row_goes_once_it_was_found_twice(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let kept = app.version(&document, &broker, "a paper", &[]).await;
    let keys = ["018f0000-0000-7000-8000-000000000001.pdf", "018f0000-0000-7000-8000-000000000002.pdf"];
    let [old, young] = keys.map(|name| format!("{}/{name}", &document[1..]));
    let (old_path, young_path) = (app.left(&old, 25), app.left(&young, 23));
    // The file of a snapshot may be the only proof of what the log has lost.
    let proof = app.left(&format!("{}/snapshots/018f0000-0000-7000-8000-000000000003.pdf", &room[1..]), 1_000);
    let strange = app.left("rooms/no-room/documents/none/018f0000-0000-7000-8000-000000000004.pdf", 1_000);
    assert!(app.fault_of(&old).await.is_some_and(|finding| finding.fault.contains("no row names it")));

    app.tidy().await;
    assert!(old_path.exists(), "a clock that is ahead makes every file look old");
    app.look().await;
    assert!(!old_path.exists());
    let version = kept["version"]["id"].as_str().unwrap();
    assert!(app.dir.path().join(format!("data/files{document}/{version}.pdf")).exists());
    assert_eq!([young_path, proof, strange].map(|path| path.exists()), [true; 3]);
}

async fn a_file_that_a_log_tells_of_stays_whatever_has_become_of_its_row(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let kept = app.version(&document, &broker, "a paper", &[]).await;
    let version = kept["version"]["id"].as_str().unwrap().to_owned();
    let path = app.left(&format!("{}/{version}.pdf", &document[1..]), 25);
    app.lose_version(version).await;
    app.tidy().await;
    app.look().await;
    assert!(path.exists());
}

async fn nothing_goes_while_the_database_is_behind_what_was_signed(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let log = room::Log::Room(room.strip_prefix("/rooms/").unwrap().parse().unwrap());
    let then = head_of(&app, log).await;
    app.patch(&room, &broker).json(json!({ "title": "Another" })).send().await.expect(200);
    put_back(&app, log, then).await;
    sts_clearance::domain::log::heads::look_over(&app.app).await.unwrap();
    assert_eq!(app.app.heads.behind().len(), 1);
    // A newer copy of the database may have its row.
    let path = app.left(&format!("{}/018f0000-0000-7000-8000-000000000001.pdf", &document[1..]), 25);
    app.tidy().await;
    app.look().await;
    assert!(path.exists());
}

impl TestApp {
    /// Removes the row of a version, which triggers forbid.
    async fn lose_version(&self, version: String) {
        self.tampered();
        let lost = self.app.db.write(async move |tx| {
            let lift = match tx.dialect() {
                sts_clearance::db::Dialect::Sqlite => "DROP TRIGGER document_versions_no_delete",
                sts_clearance::db::Dialect::Postgres => "ALTER TABLE document_versions DISABLE TRIGGER USER",
            };
            tx.batch(lift).await?;
            tx.exec("DELETE FROM document_versions WHERE id = ?1", &[&version]).await
        });
        assert_eq!(lost.await.unwrap(), 1);
    }
}
