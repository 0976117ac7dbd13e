//! A PostgreSQL for the tests: the one that `STS_TEST_POSTGRES_URL` names, or a private server of
//! this test run, started from the installed programs and gone when the run ends.

use std::{
    env, fs,
    io::{self, Write},
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use tempfile::TempDir;
use tokio_postgres::NoTls;

/// A new, empty database; its URL.
pub(crate) async fn database() -> Option<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = server()?;
    let name = format!("sts_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let (client, connection) = tokio_postgres::connect(&format!("{server}/postgres"), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await.unwrap();
    client.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).await.unwrap();
    Some(format!("{server}/{name}"))
}

/// The server's URL without a database.
fn server() -> Option<&'static str> {
    static SERVER: OnceLock<Option<(String, Option<Private>)>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        if let Some(url) = env::var_os("STS_TEST_POSTGRES_URL") {
            return Some((url.to_string_lossy().trim_end_matches('/').to_owned(), None));
        }
        let started = programs().map(|programs| Private::start(&programs));
        if started.is_none() {
            // Not through the macros, whose words the test runner hides.
            let _ = writeln!(
                io::stderr(),
                "PostgreSQL tests are skipped: neither STS_TEST_POSTGRES_URL is set nor PostgreSQL installed"
            );
        }
        started.map(|(url, private)| (url, Some(private)))
    });
    server.as_ref().map(|(url, _)| url.as_str())
}

/// The directory of `initdb` and `postgres`.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut places: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    places.sort();
    places.reverse();
    places.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    places.into_iter().find(|place| place.join("initdb").exists() && place.join("postgres").exists())
}

/// A server of this process. A shell holds it and waits for the end of its own input, which comes
/// when this process ends, however it ends; then it stops the server and removes its files.
struct Private {
    _holder: Child,
}

impl Private {
    fn start(programs: &Path) -> (String, Self) {
        let dir = TempDir::new().unwrap().keep();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let script = format!(
            "cd {dir} && {programs}/initdb -D data -U sts -A trust -E UTF8 --no-sync >log 2>&1 \
             && {{ {programs}/postgres -D data -p {port} -k {dir} -c listen_addresses=127.0.0.1 \
                   -c fsync=off -c max_connections=300 >>log 2>&1 </dev/null & }} \
             && server=$! && for i in $(seq 300); do {programs}/pg_isready -q -h 127.0.0.1 -p {port} && break; sleep 0.1; done; \
             echo ready; cat >/dev/null; kill -INT $server; wait $server; rm -rf {dir}",
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
        // Not ended by an interrupt at the terminal before it has cleaned up.
        let mut holder = shell.process_group(0).spawn().unwrap();
        let mut said = String::new();
        io::BufRead::read_line(&mut io::BufReader::new(holder.stdout.take().unwrap()), &mut said).unwrap();
        assert_eq!(said, "ready\n", "PostgreSQL did not start; see {}", dir.join("log").display());
        (format!("postgres://sts@127.0.0.1:{port}"), Self { _holder: holder })
    }
}

/// The user `postgres`, or else `nobody`.
fn unprivileged() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let line = users.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody")).unwrap_or((65534, 65534))
}
