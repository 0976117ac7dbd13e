//! What people do in a browser: each test starts the program and runs a story of `tests/browser/stories` in Chromium.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::{self, BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    thread,
};

use serde_json::{Value, json};
use tools::needs;

use crate::harness::{Installation, MailHost, PASSWORD, Server, on_both_databases};

on_both_databases! {
    Installation:
    #[needs(browser)]
    a_line_of_the_cockpit_unfolds_and_fifteen_fit_on_a_screen,
    #[needs(browser)]
    a_file_is_verified_without_script_and_with,
    #[needs(browser)]
    a_snapshot_is_taken_watched_downloaded_verified_compared_and_deleted,
    #[needs(browser)]
    what_was_uploaded_by_mistake_is_asked_about_and_withdrawn,
    #[needs(browser)]
    forty_papers_are_brought_and_decided_on_with_few_clicks_and_keys,
    #[needs(browser)]
    papers_are_decided_on_by_keys_and_several_at_once,
    #[needs(browser)]
    a_poor_line_ends_no_upload_and_leaves_what_was_loaded,
    #[needs(browser)]
    a_large_file_arrives_over_ten_breaks_and_a_restart_of_the_server,
    #[needs(browser)]
    six_people_bring_an_operation_through_its_gate_and_one_is_shut_out,
    #[needs(browser)]
    what_is_held_of_a_person_is_shown_and_erased,
    #[needs(browser)]
    what_is_typed_is_done_once_undoes_nobody_and_is_not_lost,
    #[needs(browser, aiosmtpd)]
    four_outsiders_are_invited_come_in_and_decide_with_few_clicks_and_keys,
}

async fn a_line_of_the_cockpit_unfolds_and_fifteen_fit_on_a_screen(place: Installation) {
    told("cockpit", &place);
}

async fn a_file_is_verified_without_script_and_with(place: Installation) {
    told("verify", &place);
}

async fn a_snapshot_is_taken_watched_downloaded_verified_compared_and_deleted(place: Installation) {
    told("snapshots", &place);
}

async fn what_was_uploaded_by_mistake_is_asked_about_and_withdrawn(place: Installation) {
    told("mistakes", &place);
}

async fn forty_papers_are_brought_and_decided_on_with_few_clicks_and_keys(place: Installation) {
    told("many", &place);
}

async fn papers_are_decided_on_by_keys_and_several_at_once(place: Installation) {
    told("deciding", &place);
}

async fn a_poor_line_ends_no_upload_and_leaves_what_was_loaded(place: Installation) {
    told("poor", &place);
}

async fn a_large_file_arrives_over_ten_breaks_and_a_restart_of_the_server(place: Installation) {
    let accounts = accounts(&place, &[("broker", "broker")]);
    let mut server = Some(place.serve());
    let address = server.as_ref().unwrap().api.address().to_owned();
    let mut restarts = 0;
    follow("restart", &address, Some(&accounts), &[], |said| {
        if said == "start the server again" {
            server.take().unwrap().kill();
            server = Some(Server::start(&place, &mut place.command(&["serve", "--listen", &address])));
            restarts += 1;
        }
    });
    assert_eq!(restarts, 1);
}

async fn six_people_bring_an_operation_through_its_gate_and_one_is_shut_out(place: Installation) {
    told("operation", &place);
}

async fn what_is_held_of_a_person_is_shown_and_erased(place: Installation) {
    told("account", &place);
}

async fn what_is_typed_is_done_once_undoes_nobody_and_is_not_lost(place: Installation) {
    told("forms", &place);
}

/// The address to which no mail can be sent in the story of invitations.
const MISTYPED: &str = "mistyped@outside.example";

async fn four_outsiders_are_invited_come_in_and_decide_with_few_clicks_and_keys(place: Installation) {
    let host = MailHost::start("plain");
    host.tell(&format!("refuse {MISTYPED}"));
    let accounts =
        accounts(&place, &[("broker", "broker"), ("seller", "seller"), ("admin", "admin"), ("second", "admin")]);
    let settings = host.settings().into_iter().map(|(name, value)| (format!("STS_{}", name.to_uppercase()), value));
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let server = Server::start(&place, command.envs(settings));
    tell("invitations", server.api.address(), Some(&accounts), &[("STS_TEST_MAILS", host.folder().as_os_str())]);
}

#[needs(browser)]
#[tokio::test]
async fn a_story_fails_by_what_it_does_not_look_at() {
    told("guards", &Installation::on_sqlite().await);
}

#[needs(browser)]
#[tokio::test]
async fn every_page_of_the_demo_is_for_everybody() {
    told_of_the_demo("pages", &Installation::on_sqlite().await);
}

#[needs(browser)]
#[tokio::test]
async fn every_page_before_the_first_account_is_for_everybody() {
    let place = Installation::on_sqlite().await;
    tell("set_up", place.serve().api.address(), Some(&json!({})), &[]);
}

/// Runs a story on a server that has accounts and nothing else.
#[track_caller]
fn told(story: &str, place: &Installation) {
    let people = [
        ("broker", "broker"),
        ("owner", "owner"),
        ("receiver", "owner"),
        ("charterer", "charterer"),
        ("seller", "seller"),
        ("buyer", "buyer"),
        ("admin", "admin"),
    ];
    let accounts = accounts(place, &people);
    tell(story, place.serve().api.address(), Some(&accounts), &[]);
}

/// Makes accounts, each of a name and with a role, and returns them as stories take them.
fn accounts(place: &Installation, people: &[(&str, &str)]) -> Value {
    for (name, role) in people {
        place.add_user(&address(name), role);
    }
    let account = |name| json!({ "email": address(name), "password": PASSWORD });
    let accounts: BTreeMap<&str, Value> = people.iter().map(|(name, _)| (*name, account(*name))).collect();
    json!(accounts)
}

/// Runs a story on the demo as it is when it has just started.
#[track_caller]
fn told_of_the_demo(story: &str, place: &Installation) {
    let server = Server::start(place, &mut place.command(&["serve", "--demo", "--listen", "127.0.0.1:0"]));
    tell(story, server.api.address(), None, &[]);
}

fn address(name: &str) -> String {
    format!("{name}@example.com")
}

#[track_caller]
fn tell(story: &str, address: &str, accounts: Option<&Value>, more: &[(&str, &OsStr)]) {
    follow(story, address, accounts, more, |_| ());
}

/// Runs a story, and hears each line that it prints.
#[track_caller]
#[expect(clippy::print_stdout, reason = "a story prints what it counts, for who runs it with `--nocapture`")]
fn follow(story: &str, address: &str, accounts: Option<&Value>, more: &[(&str, &OsStr)], mut hear: impl FnMut(&str)) {
    let mut command = Command::new("node");
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    command.arg(scripts.join("run.mjs")).arg(story).arg(format!("http://{address}"));
    command.env_remove("STS_TEST_ACCOUNTS");
    command
        .envs(accounts.iter().map(|accounts| ("STS_TEST_ACCOUNTS", accounts.to_string())))
        .envs(more.iter().copied());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    // At the same time, since a pipe that nobody reads holds the story up.
    let faults = thread::spawn(|| io::read_to_string(stderr).unwrap());
    for line in BufReader::new(stdout).lines() {
        let line = line.unwrap();
        println!("{line}");
        hear(&line);
    }
    let status = child.wait().unwrap();
    let said = faults.join().unwrap();
    assert!(status.success(), "the story `{story}` fails:\n{said}");
}
