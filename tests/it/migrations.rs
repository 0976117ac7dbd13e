//! Migrations up and down: the schema, and which data remain.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use rusqlite::Connection;
use serde_json::{Value, json};
use tokio_postgres::NoTls;

use crate::harness::{Installation, Server, new_room, on_both_databases};

const COLUMNS: [&str; 10] =
    ["id", "room_id", "title", "created_by", "status", "file_url", "file_size", "snapshot_type", "data", "created_at"];
const INDEXES: [&str; 4] =
    ["idx_snapshots_created_by", "idx_snapshots_room_created", "idx_snapshots_room_id", "idx_snapshots_status"];

/// Every migration, oldest first.
const NAMES: [&str; 27] = [
    "001_initial_schema",
    "002_add_performance_indexes",
    "003_add_snapshots_table",
    "004_add_vessels",
    "005_add_documents",
    "006_add_approvals",
    "007_add_operation_clocks",
    "008_add_log_proofs",
    "009_add_holds",
    "010_add_fsck_runs",
    "011_add_seals",
    "012_extend_accounts",
    "013_add_account_safeguards",
    "014_adopt_logs",
    "015_mark_states",
    "016_snapshots_by_position",
    "017_add_contradictions",
    "018_add_heads_log",
    "019_know_more_of_files",
    "020_withdraw_versions",
    "021_add_search_texts",
    "022_put_parties_right",
    "023_add_mail",
    "024_add_partial_uploads",
    "025_add_account_details",
    "026_name_approving_roles",
    "027_add_news",
];

/// Returns what `migrate` prints about the migrations after 002.
fn after_002(done: &str, newest_first: bool) -> String {
    let mut names = NAMES[2..].to_vec();
    if newest_first {
        names.reverse();
    }
    names.into_iter().flat_map(|name| [name, " ", done, "\n"]).collect()
}

on_both_databases! {
    Installation:
    up_takes_every_migration_once_and_status_tells_it,
    programs_that_start_at_once_take_every_migration_once,
    the_snapshots_table_has_the_columns_and_indexes_of_the_earlier_system,
    down_to_002_and_up_again_leaves_a_server_that_takes_snapshots,
    a_down_that_would_drop_snapshots_asks_for_yes_and_leaves_rooms_parties_and_log,
    a_down_to_000_asks_for_yes_and_leaves_an_empty_database,
    an_unknown_target_is_refused,
    a_server_told_not_to_migrate_refuses_an_older_schema_and_names_the_command,
    the_schema_of_a_newer_version_is_refused,
}

async fn up_takes_every_migration_once_and_status_tells_it(place: Installation) {
    if place.postgres_url().is_none() {
        fs::create_dir(place.path("data")).unwrap();
        fs::write(place.database_file(), "").unwrap();
    }
    for line in place.run(&["migrate", "status"]).expect(0).lines() {
        assert!(line.ends_with(" not taken"), "{line}");
    }
    let taken = place.run(&["migrate", "up"]);
    assert!(taken.expect(0).lines().eq(NAMES.map(|name| format!("{name} taken"))), "{taken:?}");
    assert_eq!(place.run(&["migrate", "up"]).expect(0), "there is nothing to take\n");
    let status = place.run(&["migrate", "status"]);
    let told: Vec<_> = status.expect(0).lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(told.len(), NAMES.len());
    for (line, name) in told.iter().zip(NAMES) {
        assert!(matches!(line.as_slice(), [said, "taken", at] if *said == name && at.ends_with('Z')), "{line:?}");
    }
}

async fn programs_that_start_at_once_take_every_migration_once(place: Installation) {
    let said: Vec<String> = thread::scope(|scope| {
        let starting: Vec<_> = (0..4).map(|_| scope.spawn(|| place.run(&["migrate", "up"]))).collect();
        starting.into_iter().map(|ran| ran.join().unwrap().expect(0).to_owned()).collect()
    });
    let mut taken: Vec<_> = said.iter().flat_map(|said| said.lines()).collect();
    taken.sort_unstable();
    assert_eq!(taken.len(), NAMES.len() + 3, "{taken:?}");
    assert_eq!(taken.iter().filter(|line| **line == "there is nothing to take").count(), 3, "{taken:?}");
}

async fn the_snapshots_table_has_the_columns_and_indexes_of_the_earlier_system(place: Installation) {
    place.run(&["migrate", "up"]).expect(0);
    let columns = place.names(
        "SELECT name FROM pragma_table_info('snapshots') ORDER BY cid",
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'snapshots' ORDER BY ordinal_position",
    );
    assert_eq!(columns.await, COLUMNS);
    let indexes = place.names(
        "SELECT name FROM pragma_index_list('snapshots') WHERE origin = 'c' ORDER BY name",
        "SELECT indexname FROM pg_indexes WHERE tablename = 'snapshots' AND indexname LIKE 'idx%' ORDER BY indexname",
    );
    assert_eq!(indexes.await, INDEXES);
}

async fn down_to_002_and_up_again_leaves_a_server_that_takes_snapshots(place: Installation) {
    place.run(&["migrate", "up"]).expect(0);
    assert_eq!(place.run(&["migrate", "down", "--to", "002"]).expect(0), after_002("taken back", true));
    assert_eq!(place.run(&["migrate", "down", "--to", "002"]).expect(0), "there is nothing to take back\n");
    let status = place.run(&["migrate", "status"]);
    assert_eq!(status.expect(0).lines().filter(|line| line.ends_with("not taken")).count(), NAMES.len() - 2);
    let adopted = "the platform's log is adopted, which tells everything from here on\n";
    assert_eq!(place.run(&["migrate", "up"]).expect(0), after_002("taken", false) + adopted);
    let room = Room::with_a_snapshot(&place).await;
    assert_eq!(room.server.api.all(&room.path("snapshots"), &room.token).await.len(), 1);
}

async fn a_down_that_would_drop_snapshots_asks_for_yes_and_leaves_rooms_parties_and_log(place: Installation) {
    let Room { server, id, token } = Room::with_a_snapshot(&place).await;
    let room = Room { server, id: id.clone(), token: token.clone() };
    let before = room.facts().await;
    assert_eq!(before[3].as_array().unwrap().len(), 1);
    drop(room);

    let refused = place.run(&["migrate", "down", "--to", "002"]).refused();
    insta::allow_duplicates! {
        insta::assert_snapshot!(
            refused,
            @"going down would delete for good what is in `documents` (13), `snapshots` (1); repeat with --yes if that is meant"
        );
    }
    let room = Room { server: place.serve(), id, token };
    assert_eq!(room.facts().await, before);
    let Room { server, id, .. } = room;
    drop(server);

    assert_eq!(place.run(&["migrate", "down", "--to", "002", "--yes"]).expect(0), after_002("taken back", true));
    assert_eq!(place.tables().await.iter().filter(|table| table.contains("snapshot")).count(), 0);
    let server = place.serve();
    let token = server.api.sign_in("broker@example.com").await;
    let room = Room { server, id, token };
    let after = room.facts().await;
    assert_eq!(after[..2], before[..2], "room and parties stay");
    let [log_before, log_after] = [&before, &after].map(|facts| facts[2].as_array().unwrap());
    assert!(log_after.ends_with(log_before), "the log stays: {log_after:?}");
    let added = &log_after[..log_after.len() - log_before.len()];
    let added: Vec<_> = added.iter().map(|entry| &entry["action"]).collect();
    assert_eq!(added, ["room_adopted", "adoption_ended"]);
    assert_eq!(after[3], json!([]));
    room.take_snapshot().await;
}

async fn a_down_to_000_asks_for_yes_and_leaves_an_empty_database(place: Installation) {
    drop(Room::with_a_snapshot(&place).await);
    let before = place.tables().await;
    place.run(&["migrate", "down", "--to", "000"]).refused();
    assert_eq!(place.tables().await, before);
    let file = file_in(&place.path("data/files")).expect("the snapshot has a file");
    place.run(&["migrate", "down", "--to", "000", "--yes"]).expect(0);
    assert!(!file.exists());
    assert_eq!(place.tables().await, ["schema_migrations"]);
    assert_eq!(place.names_of("SELECT name FROM schema_migrations").await, [""; 0]);
    drop(Room::with_a_snapshot(&place).await);
    assert_eq!(place.tables().await, before);
}

async fn an_unknown_target_is_refused(place: Installation) {
    place.run(&["migrate", "up"]).expect(0);
    for target in ["999", "2", "latest", "", "-1"] {
        let to = format!("--to={target}");
        assert_eq!(
            place.run(&["migrate", "down", &to, "--yes"]).refused(),
            format!("there is no migration `{target}`; `migrate status` lists them")
        );
    }
    assert_eq!(place.run(&["migrate", "up"]).expect(0), "there is nothing to take\n");
}

async fn a_server_told_not_to_migrate_refuses_an_older_schema_and_names_the_command(place: Installation) {
    place.run(&["migrate", "up"]).expect(0);
    place.run(&["migrate", "down", "--to", "002"]).expect(0);
    let refused = place.serve_refused(&["--no-migrate"]);
    insta::allow_duplicates! {
        insta::assert_snapshot!(
            refused,
            @"the database lacks the migrations 003_add_snapshots_table, 004_add_vessels, 005_add_documents, 006_add_approvals, 007_add_operation_clocks, 008_add_log_proofs, 009_add_holds, 010_add_fsck_runs, 011_add_seals, 012_extend_accounts, 013_add_account_safeguards, 014_adopt_logs, 015_mark_states, 016_snapshots_by_position, 017_add_contradictions, 018_add_heads_log, 019_know_more_of_files, 020_withdraw_versions, 021_add_search_texts, 022_put_parties_right, 023_add_mail, 024_add_partial_uploads, 025_add_account_details, 026_name_approving_roles, 027_add_news; run `sts-clearance migrate up`"
        );
    }
    place.run(&["migrate", "up"]).expect(0);
    drop(Server::start(&place, &mut place.command(&["serve", "--listen", "127.0.0.1:0", "--no-migrate"])));
}

async fn the_schema_of_a_newer_version_is_refused(place: Installation) {
    place.run(&["migrate", "up"]).expect(0);
    place
        .execute(
            "INSERT INTO schema_migrations (name, applied_at) VALUES ('999_future', '2030-01-01T00:00:00.000000Z')",
        )
        .await;
    let words = "the database has the migration `999_future` of a newer version of STS Clearance; use that version";
    assert_eq!(place.serve_refused(&[]), words);
    assert_eq!(place.serve_refused(&["--no-migrate"]), words);
    for arguments in [
        &["migrate", "up"][..],
        &["migrate", "status"],
        &["migrate", "down", "--to", "000", "--yes"],
        &["user", "list"],
    ] {
        assert_eq!(place.run(arguments).refused(), words, "{arguments:?}");
    }
}

#[test]
fn the_schema_is_the_one_that_was_agreed_on() {
    let place = Installation::new(None);
    place.run(&["migrate", "up"]).expect(0);
    let database = Connection::open(place.database_file()).unwrap();
    let look = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name";
    let schema: Vec<String> = column(&database, look);
    insta::assert_snapshot!(schema.join(";\n"));
    assert_eq!(column::<i64>(&database, "PRAGMA application_id"), [0x5354_5343]);
}

/// A running server with a room, and the token of its broker.
struct Room {
    server: Server,
    id: String,
    token: String,
}

impl Room {
    async fn with_a_snapshot(place: &Installation) -> Self {
        place.add_user("broker@example.com", "broker");
        let server = place.serve();
        let token = server.api.sign_in("broker@example.com").await;
        let parties = [json!({ "role": "owner", "name": "Owner", "email": "owner@example.com" })];
        let opened = server.api.post("/rooms", &token, &new_room(&parties)).await;
        let room = Self { server, id: opened["id"].as_str().unwrap().to_owned(), token };
        room.take_snapshot().await;
        room
    }

    async fn take_snapshot(&self) {
        let taken =
            self.server.api.post(&self.path("snapshots"), &self.token, &json!({ "snapshot_type": "csv" })).await;
        self.server.api.completed(&self.id, taken["id"].as_str().unwrap(), &self.token).await;
    }

    fn path(&self, part: &str) -> String {
        format!("/rooms/{}/{part}", self.id)
    }

    /// Returns the room, its parties, its log, and its snapshots, to be compared before and after a migration.
    async fn facts(&self) -> [Value; 4] {
        let get = async |path: &str| self.server.api.get(path, &self.token).await;
        let room = format!("/rooms/{}", self.id);
        [
            get(&room).await,
            get(&self.path("parties")).await,
            get(&self.path("activities?limit=100")).await,
            get(&self.path("snapshots")).await,
        ]
    }
}

impl Installation {
    /// Returns the names of the database's tables.
    async fn tables(&self) -> Vec<String> {
        self.names(
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name",
        )
        .await
    }

    async fn names_of(&self, sql: &str) -> Vec<String> {
        self.names(sql, sql).await
    }

    async fn names(&self, sqlite: &str, postgres: &str) -> Vec<String> {
        match self.postgres_url() {
            None => column(&Connection::open(self.database_file()).unwrap(), sqlite),
            Some(url) => {
                let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
                tokio::spawn(connection);
                let rows = client.query(postgres, &[]).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }
}

fn column<T: rusqlite::types::FromSql>(database: &Connection, sql: &str) -> Vec<T> {
    let mut statement = database.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// Returns any file below a directory, or `None` if there is none.
fn file_in(dir: &Path) -> Option<PathBuf> {
    let mut entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.find_map(|path| if path.is_dir() { file_in(&path) } else { Some(path) })
}
