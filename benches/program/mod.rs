//! Starts the real program in a directory of its own, for the benches that send requests to it.
#![allow(dead_code, reason = "each bench uses a part of it")]

pub(crate) mod load;
pub(crate) mod long_log;
pub(crate) mod raw;

use std::{
    fs,
    io::{BufRead, BufReader, Write, stdout},
    mem,
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The password of each account that a bench makes.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// The program of this tree.
pub(crate) const OURS: &str = env!("CARGO_BIN_EXE_sts-clearance");

/// Prints a line about what was measured.
pub(crate) fn say(line: &str) {
    writeln!(stdout(), "{line}").expect("standard output is open");
}

/// The running server, which is stopped when this is dropped.
pub(crate) struct Server {
    child: Child,
    dir: TempDir,
    program: &'static str,
    /// The address and port that requests go to.
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts the server with a broker's account and these trusted proxies.
    pub(crate) fn start(trusted_proxies: &str) -> Self {
        Self::start_in(TempDir::new().expect("a directory"), OURS, trusted_proxies)
    }

    /// Starts a program in this directory, as [`Server::start`] does.
    pub(crate) fn start_in(dir: TempDir, program: &'static str, trusted_proxies: &str) -> Self {
        add_account(program, &dir, "a@example.com", "broker");
        // Port 0 lets the system pick a free one, which the server prints in its first line.
        let mut command = run(program, &dir, &["serve", "--listen", "127.0.0.1:0"]);
        // Programs before 0.4.0 have no such setting.
        if !trusted_proxies.is_empty() || program == OURS {
            command.env("STS_TRUSTED_PROXIES", trusted_proxies);
        }
        if program == OURS {
            // Quotas that are looked at, but that no bench reaches.
            command.env("STS_ROOM_ENTRIES_PER_DAY", "1000000000").env("STS_ROOM_UPLOAD_MIB_PER_DAY", "1048576");
        }
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it speaks");
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next());
        Self {
            child,
            dir,
            program,
            address: address.and_then(|address| address.parse().ok()).expect("it tells its address"),
        }
    }

    /// Stops the server, and returns its directory.
    pub(crate) fn stop(mut self) -> TempDir {
        let empty = TempDir::new().expect("a directory");
        mem::replace(&mut self.dir, empty)
    }

    /// Adds an account with this role and [`PASSWORD`].
    pub(crate) fn account(&self, email: &str, role: &str) {
        add_account(self.program, &self.dir, email, role);
    }

    /// Returns the URL of a path of the API.
    pub(crate) fn api(&self, path: &str) -> String {
        format!("http://{}/api/v1{path}", self.address)
    }

    /// Signs in as the broker and returns the token.
    pub(crate) async fn sign_in(&self, client: &Client) -> String {
        let login = json!({ "email": "a@example.com", "password": PASSWORD });
        let session = answer(client.post(self.api("/auth/login")).json(&login).send().await).await;
        session["token"].as_str().expect("a token").to_owned()
    }

    /// Returns the server's memory in KiB: `VmHWM` for the peak so far, `VmRSS` for now.
    pub(crate) fn memory(&self, which: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with(which)).expect("Linux tells it");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }
}

impl Server {
    /// Has Linux count the peak of the server's memory from now on.
    pub(crate) fn forget_peak(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").expect("Linux lets the owner do so");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the JSON that answers a request, which has to succeed.
pub(crate) async fn answer(reply: reqwest::Result<Response>) -> Value {
    let reply = reply.and_then(Response::error_for_status).expect("it is answered");
    reply.json().await.expect("JSON")
}

fn add_account(program: &str, dir: &TempDir, email: &str, role: &str) {
    let account =
        ["user", "add", "--email", email, "--name", "A", "--role", role, "--password-stdin", "--keep-password"];
    let mut adding =
        run(program, dir, &account).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
    adding.stdin.take().expect("it is piped").write_all(PASSWORD.as_bytes()).expect("it reads");
    assert!(adding.wait().expect("it ends").success());
}

fn run(program: &str, dir: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    // Without the caller's environment, whose `STS_…` variables would change what is measured.
    command.args(arguments).current_dir(dir.path()).env_clear().env("STS_LOG_FILTER", "error");
    command
}
