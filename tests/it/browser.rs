//! What people do in a browser: each test starts the program, and has Chromium tell a story of `tests/browser/stories`.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

use serde_json::{Value, json};

use crate::harness::{Installation, PASSWORD, Server, on_both_databases};

on_both_databases! {
    Installation:
    a_file_is_verified_without_script_and_with,
    a_snapshot_is_taken_watched_downloaded_verified_compared_and_deleted,
    six_people_bring_an_operation_through_its_gate_and_one_is_shut_out,
}

async fn a_file_is_verified_without_script_and_with(place: Installation) {
    told("verify", &place);
}

async fn a_snapshot_is_taken_watched_downloaded_verified_compared_and_deleted(place: Installation) {
    told("snapshots", &place);
}

async fn six_people_bring_an_operation_through_its_gate_and_one_is_shut_out(place: Installation) {
    told("operation", &place);
}

#[tokio::test]
async fn a_story_fails_by_what_it_does_not_look_at() {
    told("guards", &Installation::on_sqlite().await);
}

#[tokio::test]
async fn every_page_of_the_demo_is_for_everybody() {
    told_of_the_demo("pages", &Installation::on_sqlite().await);
}

/// Tells a story of accounts that have nothing yet.
#[track_caller]
fn told(story: &str, place: &Installation) {
    if !is_equipped() {
        return;
    }
    let people = [
        ("broker", "broker"),
        ("owner", "owner"),
        ("receiver", "owner"),
        ("charterer", "charterer"),
        ("seller", "seller"),
        ("buyer", "buyer"),
        ("admin", "admin"),
    ];
    for (name, role) in people {
        place.add_user(&address(name), role);
    }
    let server = place.serve();
    let account = |name| json!({ "email": address(name), "password": PASSWORD });
    let accounts: BTreeMap<&str, Value> = people.iter().map(|(name, _)| (*name, account(*name))).collect();
    tell(story, &server, Some(&json!(accounts)));
}

/// Tells a story of the demo, as it is after its start.
#[track_caller]
fn told_of_the_demo(story: &str, place: &Installation) {
    if is_equipped() {
        let server = Server::start(place, &mut place.command(&["serve", "--demo", "--listen", "127.0.0.1:0"]));
        tell(story, &server, None);
    }
}

fn address(name: &str) -> String {
    format!("{name}@example.com")
}

#[track_caller]
fn tell(story: &str, server: &Server, accounts: Option<&Value>) {
    let mut command = Command::new("node");
    command.arg(scripts().join("run.mjs")).arg(story).arg(format!("http://{}", server.api.address()));
    command.env_remove("STS_TEST_ACCOUNTS");
    command.envs(accounts.iter().map(|accounts| ("STS_TEST_ACCOUNTS", accounts.to_string())));
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the story `{story}` fails:\n{said}");
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser")
}

/// What the stories need and is not there.
static MISSING: LazyLock<Option<String>> = LazyLock::new(|| {
    let chromium = std::env::var_os("STS_TEST_CHROMIUM").map_or_else(|| "/usr/bin/chromium".into(), PathBuf::from);
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let missing = if node.is_err() {
        "`node` is not installed".to_owned()
    } else if !chromium.exists() {
        format!("{} is not there", chromium.display())
    } else if !scripts().join("node_modules/playwright-core").exists() {
        "`npm ci --prefix tests/browser` was not run".to_owned()
    } else {
        return None;
    };
    let _ = writeln!(std::io::stderr(), "skipped: the tests in a browser, because {missing}");
    Some(missing)
});

/// Whether stories can be told; where they have to be, they are.
fn is_equipped() -> bool {
    let needed = std::env::var_os("CI").is_some();
    assert!(!needed || MISSING.is_none(), "what the tests in a browser need: {MISSING:?}");
    MISSING.is_none()
}
