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
    let commit = version.expect(0).strip_prefix(concat!("sts-clearance ", env!("CARGO_PKG_VERSION"))).unwrap().trim();
    if std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".git").exists() {
        let commit = commit.strip_prefix('(').and_then(|commit| commit.strip_suffix(')')).unwrap();
        assert!(commit.len() == 12 && commit.bytes().all(|digit| digit.is_ascii_hexdigit()), "{commit}");
    } else {
        assert_eq!(commit, "", "an archive has no commit");
    }
}

#[test]
fn shells_can_complete_commands_and_manuals_have_a_page_for_each() {
    let place = Installation::new(None);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = place.run(&["completions", shell]);
        assert!(script.expect(0).contains("set-password"), "{shell}");
    }
    let page = place.run(&["man"]);
    assert!(page.expect(0).contains(".TH") && page.stdout.contains("Exit codes"), "{page:?}");
    place.run(&["man", "--dir", "man"]).expect(0);
    for name in ["sts-clearance.1", "sts-clearance-serve.1", "sts-clearance-user-add.1"] {
        assert!(fs::read_to_string(place.path("man").join(name)).unwrap().contains(".TH"), "{name}");
    }
    assert!(!place.path("data").exists());
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
    let directory = fs::canonicalize(place.path("")).unwrap().display().to_string();
    insta::assert_snapshot!(place.run(&["config"]).expect(0).replace(&directory, "[directory]"));
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
        "files_url = \"a\"  # sts-clearance.toml, line 1",
        "listen = \"127.0.0.1:8080\"  # default",
        "render_workers = 7  # STS_RENDER_WORKERS",
        "session_hours = 3  # sts-clearance.toml, line 4",
    ] {
        assert!(printed.expect(0).lines().any(|said| said == line), "{line}: {printed:?}");
    }

    fs::write(place.path("other.toml"), "listen = '127.0.0.1:1'").unwrap();
    let by_flag = place.run(&["config", "--config", "other.toml"]);
    let by_variable = Ran::of(place.command(&["config"]).env("STS_CONFIG", "other.toml"), "");
    for printed in [by_flag, by_variable] {
        assert!(printed.expect(0).contains("listen = \"127.0.0.1:1\"  # other.toml, line 1\n"), "{printed:?}");
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
    let hours = "`session_hours` must be a whole number from 1 to 8784";
    let files = [
        ("datadir = 'x'", "1: there is no setting `datadir`; did you mean `data_dir`?"),
        (
            "listen = '[::1]:1'\nquux = 'x'",
            "2: there is no setting `quux`; without it, `sts-clearance config` lists all",
        ),
        ("[server]\nlisten = 'x'", "1: there is no setting `server`; settings stand in no section"),
        ("session_hours = 0", &format!("1: {hours}, not `0`")),
        ("session_hours = 8785", &format!("1: {hours}, not `8785`")),
        ("# half a day\n\nsession_hours = 12h", &format!("3: {hours}, not `12h`")),
        ("session_hours = 'long'", &format!("1: {hours}, not `long`")),
        ("session_hours = 1.5", &format!("1: {hours}, not `1.5`")),
        ("session_hours =", &format!("1: {hours}, and not be empty")),
        ("retention_years = 2", "1: `retention_years` must be a whole number from 3 to 100, not `2`"),
        ("retention_years = 101", "1: `retention_years` must be a whole number from 3 to 100, not `101`"),
        ("upload_limit_mib = 0", "1: `upload_limit_mib` must be a whole number from 1 to 1048576, not `0`"),
        ("session_hours = '12'", &format!("1: {hours}, without quotes, not `12`")),
        (
            "session_hours = 12\nsession_hours = 13",
            "2: `session_hours` is set twice in this file; keep one of the lines",
        ),
        ("data_dir = 'x'\nlog_format = 'xml'", "2: `log_format` must be `text` or `json`, not `xml`"),
        ("log_format = json", "1: `log_format` must be text in quotes: `log_format = \"json\"`"),
        ("data_dir = /var/lib/sts  # there", "1: `data_dir` must be text in quotes: `data_dir = \"/var/lib/sts\"`"),
        ("log_key = PRIVATE+KEY+x", "1: `log_key` must be text in quotes: `log_key = \"…\"`"),
        ("log_key = 5", "1: `log_key` must be text in quotes"),
        ("listen = 8080", "1: `listen` must be text in quotes, not `8080`"),
        (
            "listen = 'localhost'",
            "1: `listen` must be an address with a port, such as `127.0.0.1:8080`, not `localhost`",
        ),
        (
            "database_url = 'mysql://sts:s3cret@db/sts'",
            "1: `database_url`: must be an address that begins with `postgres://`, or the path of an SQLite file, and not \
             begin with `mysql://`",
        ),
        (
            "files_url = 's3://papers'",
            "1: `files_url`: the file store `s3://papers` is of an unknown kind; give a directory",
        ),
        ("metrics_token = 's3cret'", "1: `metrics_token` must be of 16 characters at least, or empty"),
        ("data_dir = 'x'\nlisten = ", "2: `listen` must be text in quotes: `listen = \"\"`"),
        ("data_dir = 'x'\nlisten = 'x", "2: "),
    ];
    for (text, words) in files {
        let place = Installation::new(None);
        fs::write(place.path("sts-clearance.toml"), text).unwrap();
        let words = format!("sts-clearance.toml, line {words}");
        let is_said = |said: &str| if words.ends_with(' ') { said.starts_with(&words) } else { said == words };
        for command in [&["config"][..], &["user", "list"], &["migrate", "up"]] {
            let said = place.run(command).refused();
            assert!(is_said(&said), "{text}: {said}");
        }
        // Without the flag that would put another address in the place of one that is refused.
        let served = place.run(&["serve"]).refused();
        assert!(is_said(&served), "{text}: {served}");
        assert!(!place.path("data").exists(), "{text}");
    }
    let variables = [
        ("STS_DATADIR", "x", "STS_DATADIR: there is no setting `datadir`; did you mean `STS_DATA_DIR`?"),
        ("STS_SESSION_HOURS", "long", &format!("STS_SESSION_HOURS: {hours}, not `long`")),
        ("STS_SESSION_HOURS", "-1", &format!("STS_SESSION_HOURS: {hours}, not `-1`")),
        ("STS_SESSION_HOURS", "", &format!("STS_SESSION_HOURS: {hours}, and not be empty")),
        ("STS_SESSION_HOURS", "99999999999", &format!("STS_SESSION_HOURS: {hours}, not `99999999999`")),
        ("STS_DATA_DIR", "", "STS_DATA_DIR: `data_dir` must be a directory, and not be empty"),
        ("STS_LOG_FORMAT", "xml", "STS_LOG_FORMAT: `log_format` must be `text` or `json`, not `xml`"),
        ("STS_CONFIG", "missing.toml", "missing.toml cannot be read: "),
    ];
    for (name, value, words) in variables {
        let place = Installation::new(None);
        let ran = Ran::of(place.command(&["config"]).env(name, value), "");
        assert!(ran.refused().starts_with(words), "{name}={value}: {ran:?}");
    }
}

/// Puts something into an installation that its settings name.
type Put = fn(&Installation);

#[test]
fn config_refuses_what_would_keep_a_server_from_starting() {
    let cases: [(&str, &str, Put, &str); 8] = [
        ("STS_LOG_FILTER", "info,=", |_| (), "STS_LOG_FILTER: `log_filter` must be a level"),
        ("STS_LOG_KEY", "a key", |_| (), "STS_LOG_KEY: `log_key`: "),
        ("STS_LOG_NAME", "two words", |_| (), "STS_LOG_NAME: `log_name`: a key's name must be one word"),
        ("STS_LOG_KEY_FILE", "key", |place| fs::write(place.path("key"), "x").unwrap(), "key: "),
        ("STS_SEAL_FILE", "seal.pem", |_| (), "STS_SEAL_FILE: `seal_file`: seal.pem cannot be read: "),
        ("STS_SEAL_FILE", "x.pem", |place| fs::write(place.path("x.pem"), "x").unwrap(), "the seal of x.pem: "),
        (
            "STS_TIMESTAMP_AUTHORITIES",
            "tsa.pem",
            |_| (),
            "STS_TIMESTAMP_AUTHORITIES: `timestamp_authorities`: tsa.pem cannot be read: ",
        ),
        ("STS_FONT_DIR", "fonts", |_| (), "STS_FONT_DIR: `font_dir`: "),
    ];
    for (name, value, put, words) in cases {
        let place = Installation::new(None);
        put(&place);
        for command in [&["config"][..], &["config", "--json"], &["serve", "--listen", "127.0.0.1:0"]] {
            let said = Ran::of(place.command(command).env(name, value), "").refused();
            assert!(said.starts_with(words), "{name}={value}: {said}");
        }
        assert!(!place.path("data").exists(), "{name}");
    }
    let place = Installation::new(Some("postgres://sts:hunter22@db:port/sts".into()));
    let said = place.run(&["config"]).refused();
    assert!(said.starts_with("the database URL cannot be read: ") && !said.contains("hunter22"), "{said}");
}

#[test]
fn a_variable_that_is_no_text_is_none_of_ours() {
    let place = Installation::new(None);
    let value = std::ffi::OsString::from_vec(b"\xff".to_vec());
    Ran::of(place.command(&["config"]).env("LANG", value), "").expect(0);
}
