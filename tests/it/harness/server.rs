//! The real program in a directory of its own: run to its end, or started as a server on a port.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    path::PathBuf,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    time::Duration,
};

use reqwest::{Method, RequestBuilder};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_postgres::NoTls;

use super::{PASSWORD, postgres_database};

/// The longest time that a test waits for anything; only a failing test takes this long.
const DEADLINE: Duration = Duration::from_mins(2);
/// The interval at which [`until`] looks again.
const LOOK: Duration = Duration::from_millis(25);

/// The directory in which the program runs, and its database.
pub(crate) struct Installation {
    dir: TempDir,
    database_url: Option<String>,
}

impl Installation {
    #[expect(clippy::unused_async, reason = "both databases have the same shape")]
    pub(crate) async fn on_sqlite() -> Self {
        Self::new(None)
    }

    pub(crate) async fn on_postgres() -> Self {
        Self::new(Some(postgres_database().await))
    }

    pub(crate) fn new(database_url: Option<String>) -> Self {
        Self { dir: TempDir::new().unwrap(), database_url }
    }

    /// Returns a path in the directory that the program runs in.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Returns the URL of the PostgreSQL database, or `None` if the database is SQLite.
    pub(crate) fn postgres_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }

    /// Returns the path of the SQLite database.
    pub(crate) fn database_file(&self) -> PathBuf {
        self.path("data/sts_clearance.db")
    }

    /// Runs SQL on the database, while the program does not run.
    pub(crate) async fn execute(&self, sql: &str) {
        match self.postgres_url() {
            None => Connection::open(self.database_file()).unwrap().execute_batch(sql).unwrap(),
            Some(url) => {
                let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
                tokio::spawn(connection);
                client.batch_execute(sql).await.unwrap();
            }
        }
    }

    /// Returns the program with these arguments and an empty environment, so that no variable of the developer can
    /// change a test.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sts-clearance"));
        command.args(arguments).current_dir(self.dir.path()).env_clear().env("COLUMNS", "100");
        command.envs(self.database_url.iter().map(|url| ("STS_DATABASE_URL", url)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments), "")
    }

    /// Makes an account with [`PASSWORD`].
    #[track_caller]
    pub(crate) fn add_user(&self, email: &str, role: &str) {
        let arguments =
            ["user", "add", "--email", email, "--name", email, "--role", role, "--password-stdin", "--keep-password"];
        Ran::of(&mut self.command(&arguments), PASSWORD).expect(0);
    }

    /// Starts the server on a free port.
    #[track_caller]
    pub(crate) fn serve(&self) -> Server {
        Server::start(self, &mut self.command(&["serve", "--listen", "127.0.0.1:0"]))
    }

    /// Starts a server that has to refuse its settings, and returns its error message.
    #[track_caller]
    pub(crate) fn serve_refused(&self, flags: &[&str]) -> String {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], flags].concat();
        match Server::try_start(self, &mut self.command(&arguments)) {
            Ok(_) => panic!("the server starts"),
            Err(ran) => ran.refused(),
        }
    }
}

/// The exit code and output of a finished program.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Runs a command to its end.
    pub(crate) fn of(command: &mut Command, input: &str) -> Self {
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        // A program may exit before it has read its input. The write then fails, which is no fault.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Returns what the program printed; fails if it exited with another code.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{self:?}");
        &self.stdout
    }

    /// Returns the error message; fails unless the program printed only that, as one line, and exited with 1.
    #[track_caller]
    pub(crate) fn refused(&self) -> String {
        self.expect(1);
        let said = self.stderr.strip_prefix("sts-clearance: ").and_then(|said| said.strip_suffix('\n'));
        let said = said.unwrap_or_else(|| panic!("not one sentence: {self:?}"));
        assert!(!said.contains('\n') && self.stdout.is_empty(), "more than one sentence: {self:?}");
        said.to_owned()
    }
}

/// A running server, which is killed when the value is dropped.
pub(crate) struct Server {
    pub(crate) api: Api,
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: PathBuf,
}

impl Server {
    /// Starts the command, and waits until it prints its address.
    #[track_caller]
    pub(crate) fn start(place: &Installation, command: &mut Command) -> Self {
        Self::try_start(place, command).unwrap_or_else(|ran| panic!("the server does not start: {ran:?}"))
    }

    /// Starts the command; returns its exit code and output if it ends before it listens.
    pub(crate) fn try_start(place: &Installation, command: &mut Command) -> Result<Self, Ran> {
        let stderr = place.path("stderr.log");
        let mut child = command.stderr(File::create(&stderr).unwrap()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        stdout.read_line(&mut said).unwrap();
        let Some(base) = said.strip_prefix("STS Clearance listens on ").and_then(|rest| rest.split(' ').next()) else {
            let code = child.wait().unwrap().code();
            return Err(Ran { code, stdout: said, stderr: fs::read_to_string(&stderr).unwrap() });
        };
        let api = Api { base: base.to_owned(), http: client() };
        Ok(Self { api, child, stdout, stderr })
    }

    /// Reads standard output up to the line that contains `last`, and returns it.
    #[track_caller]
    pub(crate) fn said_until(&mut self, last: &str) -> String {
        let mut said = String::new();
        while !said.contains(last) {
            assert_ne!(self.stdout.read_line(&mut said).unwrap(), 0, "it said no `{last}`: {said}");
        }
        said
    }

    /// Reads standard output until the server has ended.
    pub(crate) fn said_to_its_end(&mut self) -> String {
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).unwrap();
        said
    }

    /// Returns the process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the memory of the process in bytes: `VmRSS` for now, `VmHWM` for the peak.
    #[track_caller]
    pub(crate) fn memory(&self, name: &str) -> u64 {
        let kib: u64 = status_of(self.id(), name).unwrap().strip_suffix(" kB").unwrap().parse().unwrap();
        kib * 1024
    }

    /// Returns what the server has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// Kills the server without warning, as a power failure would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM, and waits until the server accepts no more connections.
    pub(crate) async fn ask_to_stop(&self) {
        let told = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(told.success());
        let address = self.api.base.strip_prefix("http://").unwrap();
        until("the port is closed", async || tokio::net::TcpStream::connect(address).await.err().map(drop)).await;
    }

    /// Waits until the server has ended.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        until("the server has ended", async || self.child.try_wait().unwrap()).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Errors are ignored, since the server may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "the server's log, {}:\n{}", self.stderr.display(), self.log());
        }
    }
}

/// A client of a running server. A clone uses the same connections.
#[derive(Clone)]
pub(crate) struct Api {
    base: String,
    http: reqwest::Client,
}

impl Api {
    /// Starts a request; paths are relative to `/api/v1`.
    pub(crate) fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.base));
        if token.is_empty() { request } else { request.bearer_auth(token) }
    }

    /// Returns the address and port on which the server listens.
    pub(crate) fn address(&self) -> &str {
        self.base.strip_prefix("http://").unwrap()
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Value {
        answer(self.request(Method::GET, path, token)).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &Value) -> Value {
        answer(self.request(Method::POST, path, token).json(body)).await
    }

    /// Reads a list page by page, and returns all of its elements.
    pub(crate) async fn all(&self, path: &str, token: &str) -> Vec<Value> {
        let mut elements = Vec::new();
        loop {
            let page = self.get(&format!("{path}?limit=100&offset={}", elements.len()), token).await;
            match page.as_array().unwrap().as_slice() {
                [] => return elements,
                page => elements.extend_from_slice(page),
            }
        }
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> reqwest::Response {
        let body = json!({ "email": email, "password": password });
        self.request(Method::POST, "/auth/login", "").json(&body).send().await.unwrap()
    }

    /// Signs in with [`PASSWORD`] and returns the token.
    pub(crate) async fn sign_in(&self, email: &str) -> String {
        let session: Value = self.login(email, PASSWORD).await.error_for_status().unwrap().json().await.unwrap();
        session["token"].as_str().unwrap().to_owned()
    }

    /// Waits until the snapshot is completed, and returns it.
    pub(crate) async fn completed(&self, room: &str, snapshot: &str, token: &str) -> Value {
        let path = format!("/rooms/{room}/snapshots/{snapshot}");
        until("the snapshot is completed", async || {
            let snapshot = self.get(&path, token).await;
            assert_ne!(snapshot["status"], "failed", "{snapshot}");
            (snapshot["status"] == "completed").then_some(snapshot)
        })
        .await
    }
}

/// Returns a line of `/proc/…/status`, or `None` if there is no such process.
pub(crate) fn status_of(process: u32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.map(|said| said.trim().to_owned())
}

/// Returns the processes that a process has started.
pub(crate) fn children_of(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let processes = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    processes.filter(|process| status_of(*process, "PPid").is_some_and(|id| id == parent.to_string())).collect()
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(DEADLINE).build().unwrap()
}

async fn answer(request: RequestBuilder) -> Value {
    let response = request.send().await.unwrap();
    let (status, url) = (response.status(), response.url().clone());
    let body = response.text().await.unwrap();
    assert!(status.is_success(), "{url}: {status} {body}");
    serde_json::from_str(&body).unwrap()
}

/// Calls `look` until it returns something, and returns that.
pub(crate) async fn until<T>(awaited: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    until_within(DEADLINE, awaited, look).await
}

/// The same, for what may take longer.
pub(crate) async fn until_within<T>(deadline: Duration, awaited: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut tick = tokio::time::interval(LOOK);
    let looking = async {
        loop {
            tick.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    tokio::time::timeout(deadline, looking).await.unwrap_or_else(|_| panic!("in vain: {awaited}"))
}
