//! What a start looks at: what does not belong together ends it with a sentence, unless the operator says that it is
//! known.

use std::{
    fmt::Display,
    fs,
    io::{Seek, SeekFrom, Write},
    ops::Range,
    path::Path,
    sync::Arc,
};

use futures_util::stream::BoxStream;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, local::LocalFileSystem, path::Path as Key,
};
use rusqlite::Connection;
use serde_json::{Value, json};
use sts_clearance::files::{Files, Trial};

use crate::harness::{Api, Installation, Ran, Server, TestApp, new_room, on_both_databases};

on_both_databases! {
    Installation:
    a_first_start_needs_no_flag_and_neither_does_the_next,
    a_key_in_the_environment_is_no_trace_of_another_database,
    an_empty_database_beside_keys_and_files_is_refused,
    no_command_begins_a_database_where_keys_or_files_tell_of_another,
    logs_without_their_key_are_not_signed_with_a_new_one,
    a_second_node_with_another_key_says_so_and_signs_nothing,
    a_database_without_its_files_is_refused,
    a_data_directory_is_for_one_server_and_for_commands_beside_it,
}

/// Starts a server in this place with another data directory, such as a further node has.
fn node<'a>(place: &'a Installation, name: &'a str, more: &[&'a str]) -> std::process::Command {
    place.command(&[&["serve", "--listen", "127.0.0.1:0", "--data-dir", name], more].concat())
}

fn accepting(place: &Installation, what: &str) -> Server {
    Server::start(place, &mut place.command(&["serve", "--listen", "127.0.0.1:0", "--accept", what]))
}

async fn readiness(api: &Api) -> (u16, Value) {
    let reply = reqwest::get(format!("http://{}/readyz", api.address())).await.unwrap();
    (reply.status().as_u16(), reply.json().await.unwrap())
}

async fn stop(server: Server) {
    server.ask_to_stop().await;
    assert!(server.ended().await.success());
}

/// Makes an account, a room, and a snapshot with its file. Returns the token and the id of the room.
async fn worked(place: &Installation) -> (String, String) {
    place.add_user("broker@example.com", "broker");
    let server = place.serve();
    let token = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &token, &new_room(&[])).await["id"].as_str().unwrap().to_owned();
    let snapshots = format!("/rooms/{room}/snapshots");
    let snapshot = server.api.post(&snapshots, &token, &json!({ "snapshot_type": "json" })).await;
    server.api.completed(&room, snapshot["id"].as_str().unwrap(), &token).await;
    stop(server).await;
    (token, room)
}

async fn post_room(api: &Api, token: &str) -> u16 {
    let asked = api.request(reqwest::Method::POST, "/rooms", token).json(&new_room(&[]));
    asked.send().await.unwrap().status().as_u16()
}

async fn a_first_start_needs_no_flag_and_neither_does_the_next(place: Installation) {
    // One that did not come to its end leaves nothing that looks like a loss.
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let said = place.run(&["serve", "--listen", &taken]).refused();
    assert!(said.starts_with(&format!("{taken} cannot be listened on")), "{said}");
    for _ in 0..2 {
        let server = place.serve();
        let ready = json!({ "clock": "ok", "database": "ok", "files": "ok", "heads": "ok", "key": "ok" });
        assert_eq!(readiness(&server.api).await, (200, ready));
        stop(server).await;
    }
    place.run(&["fsck"]).expect(0);
}

async fn a_key_in_the_environment_is_no_trace_of_another_database(place: Installation) {
    let key = place.run(&["key", "new", "--name", "clearance.example.com"]).expect(0).trim().to_owned();
    for name in ["one", "two"] {
        // Also a node that comes to the logs of another one, with the same key.
        let mut command = node(&place, name, &[]);
        drop(Server::start(&place, command.env("STS_LOG_KEY", &key)));
    }
}

async fn an_empty_database_beside_keys_and_files_is_refused(place: Installation) {
    worked(&place).await;
    // Another database, as after a loss or a slip: the data directory stays.
    let other = if place.postgres_url().is_some() {
        crate::harness::postgres_database().await
    } else {
        place.path("other.db").display().to_string()
    };
    let serve = |more: &[&str]| {
        let mut command = place.command(&[&["serve", "--listen", "127.0.0.1:0"], more].concat());
        command.env("STS_DATABASE_URL", &other);
        command
    };
    let said = Ran::of(&mut serve(&[]), "").refused();
    assert!(
        said.contains("is empty, and the key data/keys/log.key and files in data/files and signed heads"),
        "{said}"
    );
    assert!(said.contains("`sts-clearance log continue`"), "{said}");
    assert!(!place.path("other.db").exists(), "nothing was made");
    // With a memory, no flag has a second history begin under the first one's name.
    fs::remove_file(place.path("data/signed-heads")).unwrap();
    let said = Ran::of(&mut serve(&[]), "").refused();
    assert!(said.contains("the key data/keys/log.key and files in data/files say that there was one"), "{said}");
    assert!(said.contains("`serve --accept new-database`"), "{said}");
    fs::remove_dir_all(place.path("data/files")).unwrap();
    let said = Ran::of(&mut serve(&[]), "").refused();
    assert!(said.contains("the key data/keys/log.key say that there was one"), "{said}");
    drop(Server::start(&place, &mut serve(&["--accept", "new-database"])));
    drop(Server::start(&place, &mut serve(&[])));
}

async fn no_command_begins_a_database_where_keys_or_files_tell_of_another(place: Installation) {
    worked(&place).await;
    let other = if place.postgres_url().is_some() {
        crate::harness::postgres_database().await
    } else {
        place.path("other.db").display().to_string()
    };
    let run = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env("STS_DATABASE_URL", &other);
        Ran::of(&mut command, "a passphrase that nobody has").refused()
    };
    let add = ["user", "add", "--email", "a@example.com", "--name", "A", "--role", "admin", "--password-stdin"];
    for arguments in [&add[..], &["migrate", "up"], &["migrate", "up", "--adopt-again"]] {
        let said = run(arguments);
        let is_told = said.contains("say that there was one") || said.starts_with("there is no database");
        assert!(is_told || said.contains("the database is empty"), "{arguments:?}: {said}");
        assert!(!place.path("other.db").exists(), "{arguments:?}: nothing was made");
    }
    drop(place.serve());
}

async fn logs_without_their_key_are_not_signed_with_a_new_one(place: Installation) {
    let (token, room) = worked(&place).await;
    let public = place.run(&["key", "show"]).expect(0).trim().to_owned();
    let key = fs::read(place.path("data/keys/log.key")).unwrap();
    fs::remove_file(place.path("data/keys/log.key")).unwrap();
    let said = place.serve_refused(&[]);
    assert!(said.contains(&format!("are signed with `{public}`, and there is no key data/keys/log.key")), "{said}");
    assert!(said.contains("`trusted_log_keys`") && said.contains("`serve --accept other-key`"), "{said}");
    assert!(!place.path("data/keys/log.key").exists(), "no key was made");

    let server = accepting(&place, "other-key");
    let (status, parts) = readiness(&server.api).await;
    assert_eq!((status, &parts["key"]), (503, &json!("failing")));
    assert_eq!(server.api.get(&format!("/rooms/{room}"), &token).await["title"], "STS Ceuta");
    assert_eq!(post_room(&server.api, &token).await, 503);
    assert!(!place.path("data/keys/log.key").exists(), "no key was made");
    // The key is brought back, and the server that runs takes it up.
    fs::write(place.path("data/keys/log.key"), &key).unwrap();
    crate::harness::until("the server is ready", async || (readiness(&server.api).await.0 == 200).then_some(())).await;
    assert_eq!(post_room(&server.api, &token).await, 201);
    stop(server).await;

    // It is lost for good, and the operator says which it was.
    fs::remove_file(place.path("data/keys/log.key")).unwrap();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let server = Server::start(&place, command.env("STS_TRUSTED_LOG_KEYS", &public));
    assert_eq!(readiness(&server.api).await.0, 200);
    assert_eq!(post_room(&server.api, &token).await, 201);
}

async fn a_second_node_with_another_key_says_so_and_signs_nothing(place: Installation) {
    let (token, _) = worked(&place).await;
    let url = match place.postgres_url() {
        Some(url) => url.to_owned(),
        None => place.database_file().display().to_string(),
    };
    let [first, other] = ["one", "two"]
        .map(|name| place.run(&["key", "new", "--name", &format!("{name}.example.com")]).expect(0).trim().to_owned());
    for key in [first, other] {
        let serve = |more: &[&str]| {
            let mut command = node(&place, "second", more);
            command.env("STS_LOG_KEY", &key).env("STS_DATABASE_URL", &url);
            command.env("STS_FILES_URL", place.path("data/files"));
            command
        };
        let said = Ran::of(&mut serve(&[]), "").refused();
        assert!(said.contains("does not vouch: it would sign nothing") && said.contains("STS_LOG_KEY"), "{said}");
        let server = Server::start(&place, &mut serve(&["--accept", "other-key"]));
        let (status, parts) = readiness(&server.api).await;
        assert_eq!((status, &parts["key"]), (503, &json!("failing")));
        assert_eq!(post_room(&server.api, &token).await, 503);
        stop(server).await;
    }
    // Nothing that a stranger signed is in the way of the first node.
    let server = place.serve();
    assert_eq!(readiness(&server.api).await.0, 200);
    stop(server).await;
    place.run(&["fsck"]).expect(0);
}

async fn a_database_without_its_files_is_refused(place: Installation) {
    worked(&place).await;
    fs::rename(place.path("data/files"), place.path("away")).unwrap();
    for make_empty in [false, true] {
        if make_empty {
            fs::create_dir_all(place.path("data/files/rooms")).unwrap();
        }
        let said = place.serve_refused(&[]);
        assert!(said.starts_with("the file store data/files has none of the newest files"), "{said}");
        assert!(said.contains("`serve --accept no-files`"), "{said}");
        fs::remove_dir_all(place.path("data/files")).unwrap();
    }
    drop(accepting(&place, "no-files"));
    fs::remove_dir_all(place.path("data/files")).unwrap();
    fs::rename(place.path("away"), place.path("data/files")).unwrap();
    drop(place.serve());
}

async fn a_data_directory_is_for_one_server_and_for_commands_beside_it(place: Installation) {
    worked(&place).await;
    let server = place.serve();
    let said = place.serve_refused(&[]);
    assert!(said.starts_with("the data directory data is in use by another server"), "{said}");
    for command in [&["user", "list"][..], &["migrate", "status"], &["fsck"], &["key", "show"], &["key", "rotate"]] {
        place.run(command).expect(0);
    }
    place.add_user("second@example.com", "owner");
    stop(server).await;
    // The lock is that of the process, not of the file.
    let server = place.serve();
    server.kill();
    drop(place.serve());
}

#[tokio::test]
async fn an_sqlite_file_is_for_one_server_whatever_its_data_directory() {
    let place = Installation::on_sqlite().await;
    let server = place.serve();
    std::os::unix::fs::symlink(place.database_file(), place.path("link.db")).unwrap();
    for name in ["data/sts_clearance.db", "link.db"] {
        let ran = Ran::of(&mut node(&place, "second", &["--database-url", name]), "");
        let said = ran.refused();
        assert!(said.starts_with(&format!("the database {name} is in use by another server")), "{said}");
    }
    stop(server).await;
}

/// Writes over the beginning of a page.
fn damage(file: &Path, page: i64, size: i64) {
    let mut file = fs::File::options().write(true).open(file).unwrap();
    let at = (page - 1) * size;
    file.seek(SeekFrom::Start(at.unsigned_abs())).unwrap();
    file.write_all(&[0xa5; 64]).unwrap();
}

#[tokio::test]
async fn a_damaged_database_is_refused_wherever_the_damage_is() {
    let place = Installation::on_sqlite().await;
    worked(&place).await;
    let whole = fs::read(place.database_file()).unwrap();
    let (pages, size) = {
        let database = Connection::open(place.database_file()).unwrap();
        let mut roots = database.prepare("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0").unwrap();
        let roots = roots.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))).unwrap();
        let size: i64 = database.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
        (roots.map(Result::unwrap).collect::<Vec<_>>(), size)
    };
    assert!(pages.len() > 60, "{pages:?}");
    for (name, page) in pages {
        fs::write(place.database_file(), &whole).unwrap();
        damage(&place.database_file(), page, size);
        let said = place.serve_refused(&[]);
        assert!(said.starts_with("the database data/sts_clearance.db is damaged: "), "{name}: {said}");
        assert!(said.contains("`serve --accept damage`"), "{name}: {said}");
    }
    // Cut short, as by a copy that was made while a server wrote.
    fs::write(place.database_file(), &whole[..whole.len() / 2]).unwrap();
    let said = place.serve_refused(&[]);
    assert!(said.contains("is damaged"), "{said}");
    fs::write(place.database_file(), &whole).unwrap();
    damage(&place.database_file(), page_of(&place, "idx_holds_in_force"), size);
    let server = accepting(&place, "damage");
    let (status, parts) = readiness(&server.api).await;
    assert_eq!((status, &parts["database"]), (503, &json!("failing")));
}

#[tokio::test]
async fn damage_that_a_request_meets_is_not_ready() {
    let app = TestApp::on_sqlite().await;
    let (_, broker) = app.room().await;
    let file = app.dir.path().join("data/sts_clearance.db");
    let (page, size): (i64, i64) = {
        let database = Connection::open(&file).unwrap();
        database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        let page = "SELECT rootpage FROM sqlite_schema WHERE name = 'rooms'";
        let size = database.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
        (database.query_row(page, [], |row| row.get(0)).unwrap(), size)
    };
    damage(&file, page, size);
    app.tampered();
    // A node that has none of the pages at hand.
    let node = app.another_node();
    let database = async || node.get("//readyz", "").send().await.json()["database"].clone();
    assert_eq!(database().await, "ok");
    assert_eq!(node.get("/rooms", &broker).send().await.status, 500);
    assert_eq!(database().await, "failing");
}

/// Returns the page on which an index or a table begins.
fn page_of(place: &Installation, name: &str) -> i64 {
    let database = Connection::open(place.database_file()).unwrap();
    let page = "SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'holds' AND type = 'index' ORDER BY name = ?1 DESC";
    database.query_row(page, [name], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_database_that_is_behind_what_was_signed_is_refused() {
    let place = Installation::on_sqlite().await;
    let (token, room) = worked(&place).await;
    let copy = fs::read(place.database_file()).unwrap();
    let server = place.serve();
    assert_eq!(post_room(&server.api, &token).await, 201);
    stop(server).await;
    fs::write(place.database_file(), copy).unwrap();
    for _ in 0..2 {
        let said = place.serve_refused(&[]);
        assert!(said.starts_with("the database is behind what was signed: 1 logs lack signed entries"), "{said}");
        assert!(said.contains("`sts-clearance log continue`") && said.contains("`serve --accept behind`"), "{said}");
    }
    place.run(&["fsck"]).expect(1);
    let server = accepting(&place, "behind");
    let (status, parts) = readiness(&server.api).await;
    assert_eq!((status, &parts["heads"]), (503, &json!("failing")));
    assert_eq!(server.api.get(&format!("/rooms/{room}"), &token).await["title"], "STS Ceuta");
    stop(server).await;
    place.run(&["log", "continue", "--all", "--reason", "no newer copy", "--yes"]).expect(0);
    drop(place.serve());
}

#[tokio::test]
async fn a_write_ahead_log_that_was_taken_away_is_noticed() {
    let place = Installation::on_sqlite().await;
    let (token, _) = worked(&place).await;
    let server = place.serve();
    for _ in 0..3 {
        assert_eq!(post_room(&server.api, &token).await, 201);
    }
    let platform = || fs::read_to_string(place.path("data/signed-heads")).unwrap().matches("/rooms/").count();
    crate::harness::until("the heads are remembered", async || (platform() >= 4).then_some(())).await;
    server.kill();
    fs::remove_file(place.path("data/sts_clearance.db-wal")).unwrap();
    let said = place.serve_refused(&[]);
    assert!(said.starts_with("the database is behind what was signed: 3 logs"), "{said}");
}

/// A store that does what it is told, but for one thing.
#[derive(Debug)]
struct Weak {
    inner: LocalFileSystem,
    weakness: Weakness,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weakness {
    CreatesTwice,
    CannotCreate,
    IgnoresRanges,
    KeepsWhatIsRemoved,
    IsFull,
}

impl Display for Weak {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.weakness)
    }
}

#[async_trait::async_trait]
impl ObjectStore for Weak {
    async fn put_opts(&self, key: &Key, bytes: PutPayload, options: PutOptions) -> object_store::Result<PutResult> {
        let options = match (self.weakness, options.mode.clone()) {
            (Weakness::IsFull, _) => {
                return Err(object_store::Error::Generic { store: "weak", source: "no space left".into() });
            }
            (Weakness::CannotCreate, PutMode::Create) => {
                return Err(object_store::Error::NotImplemented {
                    operation: "create".into(),
                    implementer: "weak".into(),
                });
            }
            (Weakness::CreatesTwice, PutMode::Create) => PutMode::Overwrite.into(),
            _ => options,
        };
        self.inner.put_opts(key, bytes, options).await
    }

    async fn put_multipart_opts(
        &self,
        key: &Key,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(key, options).await
    }

    async fn get_opts(&self, key: &Key, options: GetOptions) -> object_store::Result<GetResult> {
        let is_ignored = self.weakness == Weakness::IgnoresRanges && !options.head;
        self.inner.get_opts(key, if is_ignored { GetOptions::default() } else { options }).await
    }

    async fn get_ranges(&self, key: &Key, ranges: &[Range<u64>]) -> object_store::Result<Vec<bytes::Bytes>> {
        self.inner.get_ranges(key, ranges).await
    }

    fn delete_stream(
        &self,
        keys: BoxStream<'static, object_store::Result<Key>>,
    ) -> BoxStream<'static, object_store::Result<Key>> {
        if self.weakness == Weakness::KeepsWhatIsRemoved { keys } else { self.inner.delete_stream(keys) }
    }

    fn list(&self, folder: Option<&Key>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list(folder)
    }

    async fn list_with_delimiter(&self, folder: Option<&Key>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(folder).await
    }

    async fn copy_opts(&self, from: &Key, to: &Key, options: CopyOptions) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[tokio::test]
async fn a_store_that_does_not_do_what_it_is_told_is_told_from_one_that_does() {
    let dir = tempfile::tempdir().unwrap();
    let files = Files::open(dir.path().to_str().unwrap()).unwrap();
    assert_eq!(files.try_out().await, Trial::Passed);
    let mut left = fs::read_dir(dir.path().join("uploads")).unwrap();
    assert!(left.next().is_none(), "nothing is left of the trial");
    for (weakness, words) in [
        (Weakness::CreatesTwice, "although there was one of the same name"),
        (Weakness::CannotCreate, "cannot make a file only if there is none"),
        (Weakness::IgnoresRanges, "not what was written"),
        (Weakness::KeepsWhatIsRemoved, "there after it was removed"),
    ] {
        let inner = LocalFileSystem::new_with_prefix(dir.path()).unwrap();
        let trial = files.behind(Arc::new(Weak { inner, weakness })).try_out().await;
        let Trial::Failed(said) = trial else { panic!("{weakness:?}: {trial:?}") };
        assert!(said.contains(words), "{weakness:?}: {said}");
    }
    let inner = LocalFileSystem::new_with_prefix(dir.path()).unwrap();
    let full = files.behind(Arc::new(Weak { inner, weakness: Weakness::IsFull })).try_out().await;
    assert!(matches!(full, Trial::NotMade(_)), "a full disk keeps no server from starting: {full:?}");
}
