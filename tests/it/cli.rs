//! The command line: help, exit codes, accounts, settings.

use std::{fs, os::unix::ffi::OsStringExt};

use crate::harness::{Installation, PASSWORD, Ran, on_both_databases};

#[test]
fn help_says_what_was_agreed_on() {
    let place = Installation::new(None);
    let mut pages = Vec::new();
    add_help(&place, &sts_clearance::cli::grammar(), &[], &mut pages);
    insta::assert_snapshot!(pages.join("\n"));
}

/// Adds the help of a command and of all its subcommands to the pages.
fn add_help(place: &Installation, command: &clap::Command, path: &[&str], pages: &mut Vec<String>) {
    let ran = place.run(&[path, &["--help"]].concat());
    let name = [&["sts-clearance"], path].concat().join(" ");
    pages.push(format!("$ {name} --help\n{}", ran.expect(0)));
    for sub in command.get_subcommands() {
        add_help(place, sub, &[path, &[sub.get_name()]].concat(), pages);
    }
}

#[test]
fn what_is_not_understood_ends_with_2_and_changes_nothing() {
    let add = ["user", "add", "--email", "a@example.com", "--name", "A"];
    let cases: [&[&str]; 14] = [
        &[],
        &["sreve"],
        &["user"],
        &["migrate"],
        &["migrate", "down"],
        &["serve", "--port", "80"],
        &["serve", "--data-dir"],
        &["config", "now"],
        &["user", "disable"],
        &["user", "set-password", "--email", "a@example.com"],
        &add,
        &[&add[..], &["--role", "broker"]].concat(),
        &[&add[..], &["--role", "captain", "--password-stdin"]].concat(),
        &[&add[..], &["--role", "Broker", "--password-stdin"]].concat(),
    ];
    for arguments in cases {
        let place = Installation::new(None);
        let ran = place.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains("--help"), "{arguments:?}: {ran:?}");
        assert!(!place.path("data").exists(), "{arguments:?}");
    }
    let place = Installation::new(None);
    let version = place.run(&["--version"]);
    assert_eq!(version.expect(0), format!("sts-clearance {}\n", env!("CARGO_PKG_VERSION")));
}

/// Runs `user` with these arguments, and with the password on standard input.
fn user(place: &Installation, arguments: &str, password: &str) -> Ran {
    let arguments: Vec<_> = arguments.split_whitespace().collect();
    Ran::of(&mut place.command(&[&["user"], &arguments[..]].concat()), password)
}

on_both_databases! {
    Installation:
    accounts_are_managed_beside_a_running_server,
}

async fn accounts_are_managed_beside_a_running_server(place: Installation) {
    let server = place.serve();
    let added =
        user(&place, "add --email Ops@Example.com --name Ops --role broker --password-stdin", "first password\n");
    assert_eq!(added.expect(0), "added ops@example.com (broker)\n");
    let admin = "add --email admin@example.com --name Admin --role admin --password-stdin --keep-password";
    user(&place, admin, PASSWORD).expect(0);
    let listed = user(&place, "list", "");
    let lines: Vec<Vec<_>> = listed.expect(0).lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        lines,
        [["admin@example.com", "admin", "active", "Admin"], ["ops@example.com", "broker", "active", "Ops"]]
    );

    let login = server.api.login("OPS@example.COM", "first password").await;
    assert_eq!(login.status(), 200, "the line's end is no part of the password");
    let session: serde_json::Value = login.json().await.unwrap();
    let rooms = server.api.request(reqwest::Method::GET, "/rooms", session["token"].as_str().unwrap());
    assert_eq!(rooms.try_clone().unwrap().send().await.unwrap().status(), 403, "its owner chooses a password first");

    let set = "set-password --email OPS@EXAMPLE.COM --password-stdin --keep-password";
    let said = user(&place, set, "second password\r\n");
    assert_eq!(said.expect(0), "replaced the password of ops@example.com; its sessions have ended\n");
    assert_eq!(rooms.try_clone().unwrap().send().await.unwrap().status(), 401, "its sessions have ended");
    assert_eq!(server.api.login("ops@example.com", "first password").await.status(), 401);
    let session: serde_json::Value = server.api.login("ops@example.com", "second password").await.json().await.unwrap();
    let rooms = server.api.request(reqwest::Method::GET, "/rooms", session["token"].as_str().unwrap());
    assert_eq!(rooms.try_clone().unwrap().send().await.unwrap().status(), 200);

    let last = user(&place, "disable --email admin@example.com", "").refused();
    assert_eq!(last, "`admin@example.com` is the last admin; make another one first");
    let said = user(&place, "disable --email oPs@example.com", "");
    assert!(said.expect(0).ends_with("its sessions have ended\n"), "{said:?}");
    assert_eq!(rooms.send().await.unwrap().status(), 401, "its sessions have ended");
    assert_eq!(server.api.login("ops@example.com", "second password").await.status(), 401);
    let listed = user(&place, "list", "");
    assert_eq!(listed.expect(0).matches(" disabled ").count(), 1, "{listed:?}");
    let said = user(&place, "enable --email OPS@example.com", "");
    assert_eq!(said.expect(0), "enabled ops@example.com\n");
    assert_eq!(server.api.login("ops@example.com", "second password").await.status(), 200);

    let admin = server.api.sign_in("admin@example.com").await;
    let log = server.api.all("/activities", &admin).await;
    let told: Vec<_> =
        log.iter().rev().filter(|entry| entry["actor"] == "operator").map(|entry| &entry["action"]).collect();
    assert_eq!(told, ["user_added", "user_added", "password_changed", "user_disabled", "user_enabled"]);
}

#[test]
fn an_account_that_cannot_be_is_refused_in_a_sentence() {
    let place = Installation::new(None);
    place.add_user("ops@example.com", "broker");
    let cases = [
        (
            "add --email OPS@example.com --name Ops --role owner --password-stdin",
            PASSWORD,
            "there is an account `ops@example.com` already",
        ),
        (
            "add --email a@example.com --name A --role owner --password-stdin",
            "seven77",
            "`password` must be at least 12 characters long",
        ),
        (
            "add --email a@example.com --name A --role owner --password-stdin",
            "",
            "`password` must be at least 12 characters long",
        ),
        (
            "set-password --email ops@example.com --password-stdin",
            "1234567\n",
            "`new_password` must be at least 12 characters long",
        ),
        ("set-password --email nobody@example.com --password-stdin", PASSWORD, "there is no such user"),
        ("disable --email nobody@example.com", "", "there is no such user"),
    ];
    let before = place.run(&["user", "list"]);
    for (arguments, password, words) in cases {
        assert_eq!(user(&place, arguments, password).refused(), words, "{arguments}");
    }
    for email in ["nobody", "@example.com", "a@", "a b@example.com", ""] {
        let ran = Ran::of(
            &mut place.command(&[
                "user",
                "add",
                "--email",
                email,
                "--name",
                "A",
                "--role",
                "owner",
                "--password-stdin",
            ]),
            PASSWORD,
        );
        assert!(ran.refused().starts_with("`email` must "), "{email}: {ran:?}");
    }
    assert_eq!(place.run(&["user", "list"]).expect(0), before.expect(0));
}

#[test]
fn a_password_is_read_to_the_end_of_the_input() {
    let place = Installation::new(None);
    let bytes = [b"pass\xffword".to_vec(), vec![b'x'; 300]];
    for password in bytes {
        let file = place.path("password");
        fs::write(&file, password).unwrap();
        let mut command = std::process::Command::new("sh");
        let program = place.command(&[]);
        let line = format!(
            "'{}' user add --email a@example.com --name A --role owner --password-stdin <password",
            program.get_program().display()
        );
        command.args(["-c", &line]).current_dir(place.path("")).env_clear().stdout(std::process::Stdio::piped());
        let ran = Ran::of(command.stderr(std::process::Stdio::piped()), "");
        assert!(ran.refused().contains("password"), "{ran:?}");
    }
}

#[test]
fn config_prints_every_setting_with_its_origin() {
    let place = Installation::new(None);
    insta::assert_snapshot!(place.run(&["config"]).expect(0));
    assert!(!place.path("data").exists(), "looking makes nothing");
}

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let place = Installation::new(None);
    fs::write(
        place.path("sts-clearance.toml"),
        "files_url = 'a'\ndata_dir = 'a'\ndatabase_url = 'a'\nsession_hours = 3\n",
    )
    .unwrap();
    let mut command = place.command(&["config", "--data-dir", "c"]);
    command.env("STS_DATABASE_URL", "b").env("STS_DATA_DIR", "b").env("STS_RENDER_WORKERS", "7");
    let printed = Ran::of(&mut command, "");
    for line in [
        "data_dir = \"c\"  # --data-dir",
        "database_url = \"b\"  # STS_DATABASE_URL",
        "files_url = \"a\"  # sts-clearance.toml",
        "listen = \"127.0.0.1:8080\"  # default",
        "render_workers = 7  # STS_RENDER_WORKERS",
        "session_hours = 3  # sts-clearance.toml",
    ] {
        assert!(printed.expect(0).lines().any(|said| said == line), "{line}: {printed:?}");
    }

    fs::write(place.path("other.toml"), "listen = '127.0.0.1:1'").unwrap();
    let by_flag = place.run(&["config", "--config", "other.toml"]);
    let by_variable = Ran::of(place.command(&["config"]).env("STS_CONFIG", "other.toml"), "");
    for printed in [by_flag, by_variable] {
        assert!(printed.expect(0).contains("listen = \"127.0.0.1:1\"  # other.toml\n"), "{printed:?}");
        assert!(!printed.stdout.contains("sts-clearance.toml"), "one file is read: {printed:?}");
    }
}

#[test]
fn config_masks_the_password_of_a_database() {
    for (url, shown) in [
        ("postgres://sts:s3cret@db/sts", "postgres://sts:****@db/sts"),
        ("postgresql://sts:s3@cret@db:5432/sts?sslmode=disable", "postgresql://sts:****@db:5432/sts?sslmode=disable"),
        (
            "postgres://db/sts?user=sts&password=s3cret&sslmode=disable",
            "postgres://db/sts?user=sts&password=****&sslmode=disable",
        ),
        ("postgres://sts@db/sts", "postgres://sts@db/sts"),
    ] {
        let place = Installation::new(Some(url.into()));
        let printed = place.run(&["config"]);
        let line = format!("database_url = \"{shown}\"  # STS_DATABASE_URL");
        assert!(printed.expect(0).lines().any(|said| said == line), "{printed:?}");
    }
}

#[test]
fn a_password_in_the_arguments_is_refused_since_everybody_can_read_them() {
    let place = Installation::new(None);
    for url in ["postgres://sts:s3cret@db/sts", "postgres://db/sts?user=sts&password=s3cret"] {
        for command in [&["config"][..], &["migrate", "status"], &["serve"]] {
            let said = place.run(&[command, &["--database-url", url]].concat()).refused();
            assert!(said.starts_with("a password in `--database-url` can be read in the list of processes"), "{said}");
        }
    }
    place.run(&["config", "--database-url", "postgres://sts@db/sts"]).expect(0);
}

#[test]
fn a_setting_that_is_not_known_or_not_possible_stops_the_start() {
    let files = [
        ("datadir = 'x'", "sts-clearance.toml: there is no setting `datadir`"),
        ("[server]\nlisten = 'x'", "sts-clearance.toml: there is no setting `server`"),
        ("session_hours = 0", "the setting `session_hours` must be at least 1"),
        ("retention_years = 2", "the setting `retention_years` must be at least 3"),
        ("retention_years = 101", "the setting `retention_years` must be at most 100"),
        ("upload_limit_mib = 0", "the setting `upload_limit_mib` must be at least 1"),
        ("session_hours = 'long'", "the settings: "),
        ("log_format = 'xml'", "the settings: "),
        ("data_dir = 'x'\nlisten = ", "sts-clearance.toml, line 2: "),
    ];
    for (text, words) in files {
        let place = Installation::new(None);
        fs::write(place.path("sts-clearance.toml"), text).unwrap();
        for command in [&["config"][..], &["user", "list"], &["migrate", "up"]] {
            let said = place.run(command).refused();
            assert!(said.starts_with(words), "{text}: {said}");
        }
        assert!(place.serve_refused(&[]).starts_with(words));
        assert!(!place.path("data").exists(), "{text}");
    }
    let variables = [
        ("STS_DATADIR", "x", "STS_DATADIR: there is no setting `datadir`"),
        ("STS_SESSION_HOURS", "long", "STS_SESSION_HOURS must be a whole number, not `long`"),
        ("STS_SESSION_HOURS", "-1", "the settings: "),
        ("STS_CONFIG", "missing.toml", "missing.toml cannot be read: "),
    ];
    for (name, value, words) in variables {
        let place = Installation::new(None);
        let ran = Ran::of(place.command(&["config"]).env(name, value), "");
        assert!(ran.refused().starts_with(words), "{name}={value}: {ran:?}");
    }
}

#[test]
fn a_variable_that_is_no_text_is_none_of_ours() {
    let place = Installation::new(None);
    let value = std::ffi::OsString::from_vec(b"\xff".to_vec());
    Ran::of(place.command(&["config"]).env("LANG", value), "").expect(0);
}
