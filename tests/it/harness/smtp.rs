//! A mail server for one test, `aiosmtpd` on loopback, which is told what to refuse and when to take its time.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    ops::Deref,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{TestApp, Watched, fold::Afterwards, postgres_database};

/// The program of the server.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/harness/smtp.py");
/// The user and the password that it lets in, as a URL has them.
const CREDENTIALS: &str = "clearance%40example.com:p%40ss%2Fw%3Ard@";

/// The mail server.
pub(crate) struct MailHost {
    mode: &'static str,
    port: u16,
    dir: TempDir,
    running: Mutex<Option<Running>>,
    /// What arrived before it was stopped.
    earlier: Mutex<Vec<Value>>,
}

struct Running {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for MailHost {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.lock().unwrap().take() {
            let _ = running.process.kill();
            let _ = running.process.wait();
        }
    }
}

impl MailHost {
    /// Starts a server that is spoken to in this way: `tls`, `starttls` or `plain`.
    pub(crate) fn start(mode: &'static str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (running, earlier) = (Mutex::default(), Mutex::default());
        let host = Self { mode, port, dir: TempDir::new().unwrap(), running, earlier };
        host.start_again();
        host
    }

    /// Returns the settings of a server that sends its mails here.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let port = self.port;
        let url = match self.mode {
            "tls" => format!("smtps://{CREDENTIALS}localhost:{port}"),
            "starttls" => format!("smtp://{CREDENTIALS}localhost:{port}"),
            _ => format!("smtp://127.0.0.1:{port}"),
        };
        let authority = self.dir.path().join("authority.pem").display().to_string();
        let from = "STS Clearance <clearance@example.com>".to_owned();
        let mut settings = vec![("mail_url", url), ("mail_from", from), ("public_url", PUBLIC_URL.to_owned())];
        if self.mode != "plain" {
            settings.push(("mail_authorities", authority));
        }
        settings
    }

    /// Returns the directory in which it keeps each mail as a file.
    pub(crate) fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// Ends the server: nobody can connect to it any more.
    pub(crate) fn stop(&self) {
        let mails = self.tell("list");
        self.earlier.lock().unwrap().extend(mails);
        let mut running = self.running.lock().unwrap().take().unwrap();
        running.process.kill().unwrap();
        running.process.wait().unwrap();
    }

    /// Starts the server again on the same port.
    pub(crate) fn start_again(&self) {
        let python = std::env::var_os("STS_TEST_PYTHON").expect("STS_TEST_PYTHON is set where a test needs it");
        let mut command = Command::new(python);
        command.args(["-B", "-W", "ignore", PROGRAM, &self.port.to_string(), self.mode]).arg(self.dir.path());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let (input, output) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut running = Running { process, input, output };
        assert_eq!(running.answer(), "ready");
        *self.running.lock().unwrap() = Some(running);
    }

    /// Has it do something, and returns what has arrived since its start: `refuse ADDRESS` for good, `defer ADDRESS` for
    /// now, `accept ADDRESS` again; `hold` mails without an answer until `release`; `wait` until one is held.
    pub(crate) fn tell(&self, what: &str) -> Vec<Value> {
        let mut running = self.running.lock().unwrap();
        let running = running.as_mut().expect("the mail server runs");
        writeln!(running.input, "{what}").unwrap();
        running.answer().as_array().unwrap().clone()
    }

    /// Returns all mails that have arrived.
    pub(crate) fn mails(&self) -> Vec<Value> {
        let now = if self.running.lock().unwrap().is_some() { self.tell("list") } else { Vec::new() };
        self.earlier.lock().unwrap().iter().cloned().chain(now).collect()
    }

    /// Returns to whom mails have arrived, in the order of addresses.
    pub(crate) fn receivers(&self) -> Vec<String> {
        let to = |mail: &Value| mail["to"][0].as_str().unwrap().to_owned();
        let mut receivers: Vec<_> = self.mails().iter().map(to).collect();
        receivers.sort();
        receivers
    }
}

impl Running {
    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the mail server answers")
    }
}

/// The address with which links in mails begin.
pub(crate) const PUBLIC_URL: &str = "https://clearance.example.com";

/// An application that sends its mails to a server of the test.
pub(crate) struct Mailing {
    app: TestApp,
    pub(crate) host: Arc<MailHost>,
}

impl Mailing {
    pub(crate) async fn on_sqlite() -> Self {
        Self::with(String::new(), "tls").await
    }

    pub(crate) async fn on_postgres() -> Self {
        Self::with(postgres_database().await, "tls").await
    }

    /// Starts both, the mail server spoken to in this way.
    pub(crate) async fn with(database_url: String, mode: &'static str) -> Self {
        let host = Arc::new(MailHost::start(mode));
        Self { app: TestApp::with(database_url, &host.settings()).await, host }
    }
}

impl Deref for Mailing {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.app
    }
}

impl Watched for Mailing {
    fn watch(&self) -> Option<Afterwards> {
        self.app.watch()
    }
}
