//! Databases that are not ours or cannot be opened: one sentence, exit code 1, and nothing is changed.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    thread,
};

use rusqlite::Connection;
use tokio_postgres::NoTls;
use tools::needs;

use crate::harness::{Installation, postgres_database};

/// The commands that open a database.
const COMMANDS: [&[&str]; 5] = [
    &["migrate", "up"],
    &["migrate", "status"],
    &["migrate", "down", "--to", "000", "--yes"],
    &["user", "list"],
    &["user", "disable", "--email", "nobody@example.com"],
];

#[test]
fn a_file_that_is_no_database_of_ours_is_refused_and_left_as_it_is() {
    let cases: [(&str, Make, &str); 10] = [
        ("ours, read-only", ours_read_only, "is read-only"),
        ("ours, of a newer version", ours_and_newer, "of a newer version of STS Clearance; use that version"),
        ("text", |file| fs::write(file, "Dear diary, ".repeat(1000)).unwrap(), NOT_SQLITE),
        ("a line", |file| fs::write(file, "hello").unwrap(), NOT_SQLITE),
        ("SQLite's first page and then garbage", damaged, NOT_SQLITE),
        (
            "another program's",
            |file| sqlite(file, "CREATE TABLE books (title TEXT)"),
            "is not a database of STS Clearance",
        ),
        (
            "another program's that says so",
            |file| sqlite(file, "PRAGMA application_id = 42; CREATE TABLE snapshots (id TEXT)"),
            "is not a database of STS Clearance",
        ),
        ("another program's with its write-ahead log", foreign_with_wal, "is not a database of STS Clearance"),
        (
            "the earlier system's",
            |file| sqlite(file, "CREATE TABLE alembic_version (version_num TEXT); CREATE TABLE rooms (id TEXT)"),
            "belongs to the earlier system; it cannot be opened in place",
        ),
        ("a directory", |file| fs::create_dir(file).unwrap(), "is not a file"),
    ];
    for (name, make, why) in cases {
        let place = Installation::new(None);
        fs::create_dir(place.path("data")).unwrap();
        make(&place.database_file());
        let before = contents(&place.database_file());
        let refused = COMMANDS.map(|command| place.run(command).refused());
        for said in refused.into_iter().chain([place.serve_refused(&[]), place.serve_refused(&["--no-migrate"])]) {
            assert!(said.starts_with("the database ") && said.ends_with(why), "{name}: {said}");
        }
        assert!(contents(&place.database_file()) == before, "{name}: the file has changed");
    }
}

/// Makes the database file of a case.
type Make = fn(&Path);

const NOT_SQLITE: &str = "is not an SQLite database, or is damaged";

#[test]
fn a_file_that_another_program_has_locked_is_refused_and_left_as_it_is() {
    // Both at the same time, because each waits for the lock until the start gives up.
    thread::scope(|scope| {
        for journal_mode in ["WAL", "DELETE"] {
            scope.spawn(|| refuses_a_locked_file(journal_mode));
        }
    });
}

fn refuses_a_locked_file(journal_mode: &str) {
    let place = Installation::new(None);
    place.run(&["migrate", "up"]).expect(0);
    sqlite(&place.database_file(), &format!("PRAGMA journal_mode = {journal_mode}"));
    // Read before it is locked: a process that closes any descriptor of a file loses its POSIX locks on it.
    let before = contents(&place.database_file());
    let other = Connection::open(place.database_file()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let said = place.serve_refused(&[]);
    assert!(said.ends_with("sts_clearance.db is locked by another program"), "{journal_mode}: {said}");
    drop(other);
    assert!(contents(&place.database_file()) == before, "{journal_mode}: the file has changed");
    drop(place.serve());
}

#[test]
fn a_path_that_leads_nowhere_is_refused_and_not_made() {
    let place = Installation::new(None);
    let missing = place.path("missing");
    let database = missing.join("sts_clearance.db");
    let said = place.run(&["user", "list", "--database-url", database.to_str().unwrap()]).refused();
    assert!(said.starts_with(&format!("there is no database {}", database.display())), "{said}");
    let said = place.run(&["migrate", "up", "--database-url", database.to_str().unwrap()]).refused();
    assert_eq!(said, format!("the database {} cannot be opened", database.display()));
    assert!(!missing.exists());

    fs::write(place.path("file"), "").unwrap();
    let said = place.run(&["migrate", "up", "--data-dir", "file/data"]).refused();
    assert!(said.starts_with("file/data cannot be made: "), "{said}");
}

#[test]
fn an_empty_file_becomes_a_database() {
    let place = Installation::new(None);
    fs::create_dir(place.path("data")).unwrap();
    fs::write(place.database_file(), "").unwrap();
    place.run(&["migrate", "up"]).expect(0);
}

#[needs(postgres)]
#[tokio::test]
async fn a_postgresql_database_of_another_program_is_refused_and_left_as_it_is() {
    let url = postgres_database().await;
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("CREATE TABLE books (title TEXT); INSERT INTO books VALUES ('Moby-Dick')").await.unwrap();
    let place = Installation::new(Some(url));
    let words = "the database holds tables of another program; give STS Clearance an empty one";
    for command in COMMANDS.into_iter().filter(|command| *command != ["migrate", "status"]) {
        let said = place.run(command).refused();
        // A command that changes a system asks for its key first, and none was made by those before.
        let has_no_key = said.starts_with("there is no key of the logs");
        assert!(said == words || has_no_key && command[1] != "up", "{command:?}: {said}");
    }
    assert!(!place.path("data").exists(), "nothing is made beside it");
    assert_eq!(place.serve_refused(&[]), words);
    let look = "SELECT string_agg(table_name, ' ') FROM information_schema.tables WHERE table_schema = 'public'";
    assert_eq!(client.query_one(look, &[]).await.unwrap().get::<_, &str>(0), "books");
    assert_eq!(client.query_one("SELECT title FROM books", &[]).await.unwrap().get::<_, &str>(0), "Moby-Dick");
}

#[test]
fn a_postgresql_that_cannot_be_reached_is_told_without_its_password() {
    let urls = [
        // Nothing listens on the discard port (RFC 863).
        "postgres://sts:hunter22@127.0.0.1:9/sts",
        "postgres://sts@127.0.0.1:9/sts?password=hunter22",
        "postgres://sts:hunter22@no-such-host.invalid/sts",
        "postgres://sts:hunter22@127.0.0.1:port/sts",
    ];
    for url in urls {
        let place = Installation::new(Some(url.into()));
        for said in [place.run(&["migrate", "status"]).refused(), place.serve_refused(&[])] {
            assert!(said.contains("PostgreSQL cannot be reached") || said.contains("database URL"), "{url}: {said}");
            assert!(!said.contains("hunter22"), "{said}");
        }
    }
}

fn sqlite(file: &Path, sql: &str) {
    Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

/// Makes a database with the program itself.
fn ours(file: &Path) {
    let place = Installation::new(None);
    place.run(&["migrate", "up"]).expect(0);
    fs::copy(place.database_file(), file).unwrap();
}

fn ours_read_only(file: &Path) {
    ours(file);
    fs::set_permissions(file, Permissions::from_mode(0o444)).unwrap();
}

fn ours_and_newer(file: &Path) {
    ours(file);
    sqlite(
        file,
        "INSERT INTO schema_migrations (name, applied_at) VALUES ('999_future', '2030-01-01T00:00:00.000000Z')",
    );
}

/// Makes a database as a killed program leaves it: the table is in the write-ahead log and not yet in the file. It
/// copies both while the writer is open, because closing it would empty the log into the file.
fn foreign_with_wal(file: &Path) {
    let made = file.with_extension("made");
    let writer = Connection::open(&made).unwrap();
    writer.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE books (title TEXT)").unwrap();
    for ending in ["", "-wal"] {
        let name = |path: &Path| format!("{}{ending}", path.display());
        fs::copy(name(&made), name(file)).unwrap();
    }
}

fn damaged(file: &Path) {
    ours(file);
    let mut bytes = fs::read(file).unwrap();
    bytes[100..].fill(0xa5);
    fs::write(file, bytes).unwrap();
}

/// Returns the bytes of a file, or none if it is a directory.
fn contents(path: &Path) -> Vec<u8> {
    if path.is_dir() { Vec::new() } else { fs::read(path).unwrap() }
}
