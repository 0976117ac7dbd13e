//! A PostgreSQL server for the tests: the one that `STS_TEST_POSTGRES_URL` names, or a private one that is started from
//! the installed programs and ends with the test run. Tests that use it have `#[needs(postgres)]`;
//! `tests/tools/build.rs` has to look in the same places as [`programs`].

use std::{
    env, fs, io,
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use tempfile::TempDir;
use tokio_postgres::NoTls;

use super::children_of;

/// Makes a new, empty database and returns its URL.
pub(crate) async fn database() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("sts_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    make(server(), &name).await
}

/// Makes a new, empty database on a server, and returns its URL.
async fn make(server: &str, name: &str) -> String {
    let (client, connection) = tokio_postgres::connect(&format!("{server}/postgres"), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await.unwrap();
    client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).await.unwrap();
    format!("{server}/{name}")
}

/// Returns the server's URL without a database name, and starts the server if no test has yet.
fn server() -> &'static str {
    static SERVER: OnceLock<(String, Option<Private>)> = OnceLock::new();
    let (url, _) = SERVER.get_or_init(|| {
        if let Some(url) = env::var_os("STS_TEST_POSTGRES_URL") {
            return (url.to_string_lossy().trim_end_matches('/').to_owned(), None);
        }
        let programs = programs().expect("neither is PostgreSQL installed nor STS_TEST_POSTGRES_URL set");
        let (url, _, private) = Private::start(&programs);
        (url, Some(private))
    });
    url
}

/// Returns the directory of `initdb` and `postgres`: that of the newest installed version, or else one on `PATH`.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut places: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    places.sort();
    places.reverse();
    places.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    places.into_iter().find(|place| place.join("initdb").exists() && place.join("postgres").exists())
}

/// A server for one test alone, which can be stopped as by a machine that hangs.
pub(crate) struct OwnPostgres {
    url: String,
    dir: PathBuf,
    private: Private,
}

impl OwnPostgres {
    /// Starts a server. `None` if only the one that `STS_TEST_POSTGRES_URL` names can be used.
    pub(crate) fn start() -> Option<Self> {
        let (url, dir, private) = Private::start(&programs()?);
        Some(Self { url, dir, private })
    }

    /// Makes a new, empty database and returns its URL.
    pub(crate) async fn database(&self) -> String {
        self.database_named("sts").await
    }

    /// Makes a new, empty database of this name and returns its URL.
    pub(crate) async fn database_named(&self, name: &str) -> String {
        make(&self.url, name).await
    }

    /// Has the server and all processes of it neither run nor end: its connections stay open, and nobody answers.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    /// Has the server go on.
    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    /// Has the server end at once, as in a crash: nothing is said to anybody, and nothing is finished.
    pub(crate) fn crash(&self) {
        let told = Command::new("kill").args(["-QUIT", &self.process().unwrap().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// Starts the server again after [`Self::crash`], and waits until it answers.
    pub(crate) fn start_again(&mut self) {
        let input = self.private.holder.stdin.as_mut().unwrap();
        io::Write::write_all(input, b"again\n").unwrap();
        self.private.wait_until_ready(&self.dir);
    }

    /// Returns the server's process. `None` if it has crashed.
    fn process(&self) -> Option<u32> {
        let pid = fs::read_to_string(self.dir.join("data/postmaster.pid")).ok()?;
        pid.lines().next()?.parse().ok()
    }

    fn signal(&self, signal: &str) {
        let Some(server) = self.process() else { return };
        // The server first, so that it starts no process meanwhile.
        for process in std::iter::once(server).chain(children_of(server)) {
            // A process may have ended since it was found.
            let _ = Command::new("kill").args([signal, &process.to_string()]).stderr(Stdio::null()).status();
        }
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        // Before the shell asks it to end, which a process that is stopped does not hear.
        self.go_on();
    }
}

/// A server for this process alone. A shell starts it and reads its own input, which ends with this process, even if
/// that is killed; then the shell stops the server and removes its files. A line that it reads has it start the server
/// again, once that has ended.
struct Private {
    holder: Child,
    said: io::BufReader<ChildStdout>,
}

impl Private {
    fn start(programs: &Path) -> (String, PathBuf, Self) {
        let dir = TempDir::new().unwrap().keep();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let script = format!(
            "start() {{ {programs}/postgres -D data -p {port} -k {dir} -c listen_addresses=127.0.0.1 \
                   -c fsync=off -c max_connections=300 >>log 2>&1 </dev/null & server=$!; \
                   for i in $(seq 300); do {programs}/pg_isready -q -h 127.0.0.1 -p {port} && break; sleep 0.1; done; \
                   echo ready; }}; \
             cd {dir} && {programs}/initdb -D data -U sts -A trust -E UTF8 --no-sync >log 2>&1 && start && \
             while read again; do wait $server; start; done; kill -INT $server; wait $server; rm -rf {dir}",
            dir = dir.display(),
            programs = programs.display(),
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // PostgreSQL refuses to run as root.
        if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            let (uid, gid) = unprivileged();
            chown(&dir, Some(uid), Some(gid)).unwrap();
            shell.uid(uid).gid(gid);
        }
        // The shell gets its own process group: Ctrl-C at the terminal must not kill it before it has cleaned up.
        let mut holder = shell.process_group(0).spawn().unwrap();
        let said = io::BufReader::new(holder.stdout.take().unwrap());
        let mut private = Self { holder, said };
        private.wait_until_ready(&dir);
        (format!("postgres://sts@127.0.0.1:{port}"), dir, private)
    }

    fn wait_until_ready(&mut self, dir: &Path) {
        let mut said = String::new();
        io::BufRead::read_line(&mut self.said, &mut said).unwrap();
        assert_eq!(said, "ready\n", "PostgreSQL did not start; see {}", dir.join("log").display());
    }
}

/// Returns the ids of the user `postgres` and its group, or else those of `nobody`.
fn unprivileged() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let line = users.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody")).unwrap_or((65534, 65534))
}
