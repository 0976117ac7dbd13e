//! Commands on a system that is not there: they say so, and make no part of one. What they tell of one that is there.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};
use tools::needs;

use crate::harness::{Installation, PASSWORD, Ran, on_both_databases, postgres_database};

/// Commands that look at a system or change it. None of them is to make one.
const COMMANDS: [&[&str]; 14] = [
    &["user", "list"],
    &["user", "list", "--json"],
    &["key", "show"],
    &["key", "show", "--json"],
    &["migrate", "status"],
    &["fsck"],
    &["user", "disable", "--email", "ops@example.com"],
    &["user", "enable", "--email", "ops@example.com"],
    &["user", "set-password", "--email", "ops@example.com", "--password-stdin"],
    &["key", "rotate"],
    &["key", "revoke", "clearance.example.com+1a2b3c4d+A", "--from", "1"],
    &["migrate", "down", "--to", "007", "--yes"],
    &["log", "continue", "--all", "--reason", "a copy"],
    &["log", "continue", "--all", "--reason", "a copy", "--yes"],
];

/// Returns all files below a directory with their content; directories have none.
fn tree(directory: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        found.insert(path.display().to_string(), (!path.is_dir()).then(|| fs::read(&path).unwrap()));
        if path.is_dir() {
            found.extend(tree(&path));
        }
    }
    found
}

#[test]
fn on_a_place_without_a_system_it_is_said_which_setting_leads_there_and_nothing_is_made() {
    for command in COMMANDS {
        let place = Installation::new(None);
        let in_data = fs::canonicalize(place.path("")).unwrap().join("data/sts_clearance.db");
        let said = Ran::of(&mut place.command(command), PASSWORD).refused();
        let words = "where `data_dir` puts it (default); `STS_DATA_DIR` or `--data-dir` names another place";
        assert_eq!(said, format!("there is no database {}, {words}", in_data.display()), "{command:?}");

        let other = place.path("other");
        let said = Ran::of(place.command(command).env("STS_DATA_DIR", &other), PASSWORD).refused();
        assert!(
            said.contains(&format!("{}/sts_clearance.db, where `data_dir` puts it (STS_DATA_DIR)", other.display()))
        );
        let said = place.run(&[command, &["--database-url", "no.db"]].concat()).refused();
        assert!(
            said.contains("/no.db, where `database_url` puts it (--database-url); `STS_DATABASE_URL` or"),
            "{said}"
        );
        assert!(tree(&place.path("")).is_empty(), "{command:?} made something");
    }
}

#[test]
fn without_its_key_a_system_is_neither_changed_nor_shown_another() {
    let place = Installation::new(None);
    place.add_user("ops@example.com", "broker");
    fs::remove_file(place.path("data/keys/log.key")).unwrap();
    let before = tree(&place.path("data"));
    for command in COMMANDS.into_iter().filter(|command| !["list", "status", "fsck"].contains(command.last().unwrap()))
    {
        if command.contains(&"list") {
            continue;
        }
        let said = Ran::of(&mut place.command(command), PASSWORD).refused();
        assert!(said.starts_with("there is no key of the logs ") && said.contains("/keys/log.key, where"), "{said}");
    }
    let add = ["user", "add", "--email", "a@example.com", "--name", "A", "--role", "admin", "--password-stdin"];
    let said = Ran::of(&mut place.command(&add), PASSWORD).refused();
    assert!(said.starts_with("there is no key of the logs "), "{said}");
    assert!(tree(&place.path("data")) == before, "something was changed");
}

/// What a forgotten `STS_DATA_DIR` leads to where the database is PostgreSQL.
#[needs(postgres)]
#[tokio::test]
async fn on_an_empty_postgresql_nothing_is_made_and_a_system_is_listed_from_anywhere() {
    let empty = Installation::new(Some(postgres_database().await));
    for command in [&["user", "list"][..], &["key", "show"], &["key", "rotate"], &["fsck"]] {
        let said = empty.run(command).refused();
        assert!(
            said.starts_with("the database is empty") || said.starts_with("there is no key"),
            "{command:?}: {said}"
        );
    }
    assert!(empty.run(&["migrate", "status"]).expect(0).contains("not taken"));
    assert!(tree(&empty.path("")).is_empty());

    let place = Installation::on_postgres().await;
    place.add_user("ops@example.com", "broker");
    let elsewhere = Installation::new(place.postgres_url().map(ToOwned::to_owned));
    assert!(elsewhere.run(&["user", "list"]).expect(0).contains("ops@example.com"));
    let add = ["user", "add", "--email", "a@example.com", "--name", "A", "--role", "admin", "--password-stdin"];
    let said = Ran::of(&mut elsewhere.command(&add), PASSWORD).refused();
    assert!(said.starts_with("there is no key of the logs "), "{said}");
    assert!(tree(&elsewhere.path("")).is_empty(), "a list needs no data directory");
}

on_both_databases! {
    Installation:
    lists_are_for_programs_too,
}

async fn lists_are_for_programs_too(place: Installation) {
    place.add_user("ops@example.com", "broker");
    let json = |command: &[&str]| -> Value {
        serde_json::from_str(place.run(&[command, &["--json"]].concat()).expect(0)).unwrap()
    };
    let mut users = json(&["user", "list"]);
    assert!(users[0]["created_at"].take().as_str().unwrap().ends_with('Z'));
    let email = "ops@example.com";
    let user = json!({
        "email": email, "name": email, "role": "broker", "disabled": false, "must_change_password": false,
        "created_at": null,
    });
    assert_eq!(users, json!([user]));
    let first = place.run(&["key", "show"]).expect(0).trim().to_owned();
    assert_eq!(json(&["key", "show"]), json!([{ "key": first, "in_force": true }]));
    place.run(&["key", "rotate"]).expect(0);
    assert_eq!(json(&["key", "show"])[1], json!({ "key": first, "in_force": false }));
    let steps = json(&["migrate", "status"]);
    assert!(steps.as_array().unwrap().len() > 17);
    assert_eq!(steps[0]["name"], "001_initial_schema");
    assert!(steps[0]["applied_at"].is_string());
    let config = json(&["config"]);
    let listen = json!({ "name": "listen", "value": "\"127.0.0.1:8080\"", "origin": "default" });
    assert!(config["settings"].as_array().unwrap().contains(&listen), "{config}");
    assert_eq!(config["places"][1]["what"], "database");
}
