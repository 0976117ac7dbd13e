//! Backups that the server makes by itself, and what it says of them.

use std::{fs, path::PathBuf, time::Duration};

use room::Role;
use serde_json::{Value, json};
use sts_clearance::jobs;

use crate::harness::{Installation, TestApp, pdf, postgres_database};
use tools::needs;

#[tokio::test]
async fn the_server_backs_itself_up_and_says_when_on_sqlite() {
    the_server_backs_itself_up_and_says_when(String::new()).await;
}

#[needs(postgres)]
#[tokio::test]
async fn the_server_backs_itself_up_and_says_when_on_postgres() {
    the_server_backs_itself_up_and_says_when(postgres_database().await).await;
}

/// Starts an application that makes a backup each day and keeps two.
async fn app_with(database_url: String) -> (TestApp, tempfile::TempDir, PathBuf) {
    let place = tempfile::TempDir::new().unwrap();
    let directory = place.path().join("backups");
    let flags = [("backup_dir", directory.display().to_string()), ("backup_keep", "2".to_owned())];
    (TestApp::with(database_url, &flags).await, place, directory)
}

async fn status(app: &TestApp) -> Value {
    let admin = app.session("admin@example.com").await;
    app.get("/system", &admin).send().await.expect(200)["backup"].clone()
}

async fn the_server_backs_itself_up_and_says_when(database_url: String) {
    let (app, _place, directory) = app_with(database_url).await;
    app.user("admin@example.com", Role::Admin).await;
    assert_eq!(status(&app).await, json!({ "newest": null, "failure": null }));
    let (document, _, broker) = app.empty_document("JPO").await;
    app.version(&document, &broker, "a plan", &[]).await;
    assert!(jobs::back_up_where_due(&app.app).await.unwrap());
    let told = status(&app).await;
    assert_eq!(
        (&told["newest"]["files"], &told["newest"]["bytes"]),
        (&json!(1), &json!(pdf("a plan").len())),
        "{told}"
    );

    // Not again within the day, also by another server with the same directory.
    app.later(Duration::from_hours(23));
    assert!(!jobs::back_up_where_due(&app.app).await.unwrap());
    let other = app.another_node();
    assert!(!jobs::back_up_where_due(&other.app).await.unwrap());
    assert_eq!(status(&other).await, told, "read from the directory");
    for _ in 0..3 {
        app.later(Duration::from_hours(24));
        assert!(jobs::back_up_where_due(&app.app).await.unwrap());
    }
    let folders =
        fs::read_dir(&directory).unwrap().filter(|entry| entry.as_ref().unwrap().path().join("manifest.json").exists());
    assert_eq!(folders.count(), 2);

    // What fails is said, and tried again in an hour.
    let away = directory.with_extension("away");
    fs::rename(&directory, &away).unwrap();
    fs::write(&directory, "no directory").unwrap();
    app.later(Duration::from_hours(25));
    jobs::back_up_where_due(&app.app).await.unwrap_err();
    let told = status(&app).await;
    assert!(told["failure"]["why"].as_str().unwrap().contains(&directory.display().to_string()), "{told}");
    assert!(told["newest"].is_object(), "{told}");
    let admin = app.session("admin@example.com").await;
    let metrics = String::from_utf8(app.get("//metrics", &admin).send().await.body.to_vec()).unwrap();
    assert!(metrics.contains("\nsts_backup_failed 1\n") && metrics.contains("\nsts_backup_files 1\n"), "{metrics}");
    let page = app.get("//admin/system", &admin).send().await.html();
    assert!(page.contains("The attempt of ") && page.contains(" failed: "), "{page}");
    fs::remove_file(&directory).unwrap();
    fs::rename(&away, &directory).unwrap();
    app.later(Duration::from_mins(59));
    assert!(!jobs::back_up_where_due(&app.app).await.unwrap());
    app.later(Duration::from_mins(1));
    assert!(jobs::back_up_where_due(&app.app).await.unwrap());
    assert_eq!(status(&app).await["failure"], Value::Null);
}

/// A clock that was a year ahead must not keep the next backup from being made for a year.
#[tokio::test]
async fn a_backup_of_the_future_is_no_reason_to_wait_for_it() {
    let (app, _place, _directory) = app_with(String::new()).await;
    app.later(Duration::from_hours(365 * 24));
    assert!(jobs::back_up_where_due(&app.app).await.unwrap());
    app.earlier(Duration::from_hours(365 * 24));
    assert!(jobs::back_up_where_due(&app.app).await.unwrap());
    // Nor is it one to make another every minute.
    app.later(Duration::from_mins(1));
    assert!(!jobs::back_up_where_due(&app.app).await.unwrap());
}

#[tokio::test]
async fn a_directory_that_would_be_lost_with_the_data_stops_the_start() {
    let place = Installation::new(None);
    fs::write(place.path("sts-clearance.toml"), "backup_dir = \"data/backups\"\n").unwrap();
    let said = place.serve_refused(&[]);
    assert!(said.contains("is inside of data, and would be lost together with it"), "{said}");
}
