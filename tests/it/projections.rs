//! Every row that repeats what a log tells is held against it: whatever is changed in one, added or taken away, is found.

use std::{collections::BTreeSet, time::Duration};

use room::Role;
use serde_json::json;
use sts_clearance::{
    db::{
        Dialect, Tx,
        projections::{Kind, PLATFORM_TABLES, TABLES, Table},
    },
    domain::{
        fsck::{self, Kind as KindOfFinding, Mode, Outcome, Watch},
        log::{self, Actor},
    },
    error::Result,
};

use crate::harness::{IMO, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    each_column_follows_from_a_log_or_is_listed_with_the_reason,
    a_change_of_any_column_is_found_and_written_back_from_the_log,
    repair_puts_forged_lost_and_swapped_rows_right_in_one_entry,
    repair_leaves_a_reason_that_it_does_not_have,
    a_row_that_is_deleted_or_added_is_found,
    rows_that_have_changed_places_are_found,
    each_forgery_is_named_by_table_row_and_column,
}

struct Nobody;

impl Watch for Nobody {}

/// Returns what is damaged, as kind and name.
async fn damaged(app: &TestApp) -> Vec<String> {
    let outcome = fsck::run(&app.app, Mode::Look, &mut Nobody).await.unwrap();
    // The triggers are dropped on purpose.
    let damaged =
        outcome.findings.iter().filter(|finding| finding.is_damage() && finding.kind != KindOfFinding::Schema);
    damaged.map(|finding| finding.what.clone()).collect()
}

pub(crate) fn all_tables() -> impl Iterator<Item = &'static Table> {
    static ROOMS: [Table; 16] = TABLES;
    static PLATFORM: [Table; 3] = PLATFORM_TABLES;
    ROOMS.iter().chain(&PLATFORM)
}

/// Returns every column of the database as `table.column`.
async fn columns(app: &TestApp) -> BTreeSet<String> {
    let read = app.app.db.read(async |tx| {
        let sql = match tx.dialect() {
            Dialect::Sqlite => {
                "SELECT t.name || '.' || c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
                 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'"
            }
            Dialect::Postgres => {
                "SELECT table_name || '.' || column_name FROM information_schema.columns
                 WHERE table_schema = current_schema()"
            }
        };
        tx.rows(sql, &[]).await?.iter().map(|row| row.get(0)).collect()
    });
    read.await.unwrap()
}

async fn each_column_follows_from_a_log_or_is_listed_with_the_reason(app: TestApp) {
    let listed = include_str!("../../docs/fsck.md");
    let listed: BTreeSet<_> = listed.lines().filter(|line| line.starts_with("- `")).collect();
    let listed: BTreeSet<_> = listed.into_iter().flat_map(|line| line.split('`').skip(1).step_by(2)).collect();
    let compared: BTreeSet<_> = all_tables()
        .flat_map(|table| table.columns.iter().map(move |(column, _)| format!("{}.{column}", table.name)))
        .collect();
    let columns = columns(&app).await;
    let forgotten: Vec<_> = columns
        .iter()
        .filter(|column| !compared.contains(*column))
        .filter(|column| !listed.contains(&***column) && !listed.contains(column.split('.').next().unwrap()))
        .collect();
    assert_eq!(forgotten, Vec::<&String>::new(), "neither compared nor listed in docs/fsck.md");
    let compared_and_absent: Vec<_> = compared.difference(&columns).collect();
    assert_eq!(compared_and_absent, Vec::<&String>::new());
    for table in all_tables() {
        assert!(!listed.contains(table.name), "{} is compared, and listed as if it were not", table.name);
    }
}

/// Makes a room in which every table has at least one row.
pub(crate) async fn furnish(app: &TestApp) {
    app.tampered();
    log::keys::register(&app.app).await.unwrap();
    let (room, broker) = app.room().await;
    let admin = app.user("ada@example.com", Role::Admin).await;
    let path = format!("/rooms/{room}");
    let owner = app.user("owner@example.com", Role::Owner).await;
    let named = json!({ "must_approve": ["owner", "broker"] });
    app.patch("/config/document-types/CREW_LIST", &admin).json(named).send().await.expect(200);
    let star = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    app.vessel(&room, &broker, "Northern Light", "receiving", IMO[1]).await;
    let details = json!({ "flag": "MT", "length_m": 244.5, "gross_tonnage": 57_000 });
    app.patch(&format!("{path}/vessels/{star}"), &broker).json(details).send().await.expect(200);
    let document = app.document(&room, &broker, "Q88", Some(&star)).await;
    app.version(&document, &broker, "particulars", &[("notes", "as of May")]).await;
    app.version(&document, &owner, "particulars, again", &[]).await;
    for (words, statements) in [("undated", &["date-waiver", "withdraw"][..]), ("of a sister ship", &["withdraw"])] {
        let uploaded = app.version(&document, &owner, words, &[]).await;
        for statement in statements {
            let path = format!("{document}/versions/{}/{statement}", uploaded["version"]["id"].as_str().unwrap());
            app.post(&path, &broker).json(json!({ "reason": words })).send().await.expect(200);
        }
    }
    for token in [&broker, &admin] {
        app.post(&format!("{document}/approve"), token).json(json!({})).send().await.expect(200);
    }
    let approval = json!({ "vessel_id": star, "status": "approved_with_subjects", "subjects": "a survey" });
    app.post(&format!("{path}/approvals"), &owner).json(approval).send().await.expect(201);
    for kind in ["json", "pdf"] {
        let title = format!("Drawn as {kind}");
        app.snapshot(&room, &broker, json!({ "snapshot_type": kind, "title": title })).await;
    }
    let hold = json!({ "reason": "Claim 4711" });
    let hold = app.post(&format!("{path}/holds"), &admin).json(hold).send().await.expect(201);
    let lift = format!("{path}/holds/{}", hold["id"].as_str().unwrap());
    app.delete(&lift, &admin).json(json!({ "reason": "Settled" })).send().await.expect(202);
    assert_eq!(damaged(app).await, Vec::<String>::new());
}

/// What somebody with the database may do to a room, and what is said of it.
const FORGERIES: &[(&str, &str)] = &[
    (
        "INSERT INTO decisions (id, version_id, seq, party, role, verdict, decided_at)
         SELECT '00000000-0000-7000-8000-000000000001', version_id, 9, 'owner@example.com', 'owner', 'approved', decided_at
         FROM decisions LIMIT 1",
        "decisions of 00000000-0000-7000-8000-000000000001: the log does not tell of this row",
    ),
    (
        "UPDATE version_statements SET withdrawn_reason = NULL, withdrawn_by = NULL, withdrawn_at = NULL
         WHERE date_waived_reason IS NULL",
        "version_statements of version 4 of Aegean Star: Vessel particulars questionnaire (Q88 / VPQ): withdrawn_reason: \
         the log says `of a sister ship`, the row says nothing; withdrawn_by: the log says `broker@example.com`, the row \
         says nothing; withdrawn_at: the log says `2026-11-23T08:00:00.000000Z`, the row says nothing",
    ),
    (
        "UPDATE approvals SET status = 'approved', comment = NULL",
        "approvals of owner@example.com on Aegean Star: status: the log says `approved_with_subjects`, the row says \
         `approved`; comment: the log says `a survey`, the row says nothing",
    ),
    (
        "UPDATE parties SET email = 'mallory@example.com' WHERE role = 'buyer'",
        "parties.email of buyer@example.com: the log says `buyer@example.com`, the row says `mallory@example.com`",
    ),
    (
        "UPDATE vessels SET flag = 'PA' WHERE name = 'Aegean Star'",
        "vessels.flag of Aegean Star: the log says `MT`, the row says `PA`",
    ),
    (
        "UPDATE rooms SET sts_eta = '2026-12-24T00:00:00.000000Z'",
        "rooms.sts_eta of STS Ceuta: the log says `2026-12-01T06:30:00.000000Z`, the row says \
         `2026-12-24T00:00:00.000000Z`",
    ),
    (
        "UPDATE documents SET waived_reason = 'not needed', waived_by = 'ada@example.com', waived_at = opened_at
         WHERE document_type = 'SIRE' AND vessel_id = (SELECT id FROM vessels WHERE name = 'Northern Light')",
        "documents of Northern Light: SIRE / CDI inspection report or date: waived_reason: the log says nothing, the row \
         says `not needed`; waived_by: the log says nothing, the row says `ada@example.com`; waived_at: the log says \
         nothing, the row says `2026-11-23T08:00:00.000000Z`",
    ),
    (
        "UPDATE document_versions SET expires_on = '2031-01-01' WHERE number = 2",
        "document_versions.expires_on of version 2 of Aegean Star: Vessel particulars questionnaire (Q88 / VPQ): the log \
         says nothing, the row says `2031-01-01`",
    ),
    (
        "DELETE FROM holds",
        "holds of {hold}: the log tells of it, and its row is missing",
    ),
    (
        "UPDATE document_versions SET document_id = (SELECT d.id FROM documents d WHERE d.document_type = 'COMPAT')
         WHERE number = 1",
        "document_versions.document_id of version 1 of Aegean Star: Vessel particulars questionnaire (Q88 / VPQ): the \
         log says `{q88}`, the row says `{compat}`",
    ),
    (
        "UPDATE users SET role = 'admin' WHERE email = 'owner@example.com'",
        "users.role of owner@example.com: the log says `owner`, the row says `admin`",
    ),
];

async fn each_forgery_is_named_by_table_row_and_column(app: TestApp) {
    furnish(&app).await;
    let id_of = async |sql: &'static str| -> String {
        app.app.db.read(async |tx| tx.one(sql, &[]).await?.get(0)).await.unwrap()
    };
    let hold = id_of("SELECT id FROM holds").await;
    let q88 = id_of("SELECT document_id FROM document_versions WHERE number = 1").await;
    let compat = id_of("SELECT id FROM documents WHERE document_type = 'COMPAT'").await;
    app.app.db.write(drop_triggers).await.unwrap();
    for (sql, _) in FORGERIES {
        assert!(takes(&app, (*sql).to_owned()).await, "{sql}");
    }
    // A key of the forger's, as an entry that no checkpoint covers.
    let key = "INSERT INTO activity_log (id, room_id, actor, action, meta_json, ts, seq, leaf_hash)
        SELECT 'forged', NULL, 'system', 'log_key_added', '{\"public_key\":\"evil+00000000+AA==\",\"v\":2}', ts, seq + 1, leaf_hash
        FROM activity_log WHERE room_id IS NULL ORDER BY seq DESC LIMIT 1";
    assert!(takes(&app, key.to_owned()).await);
    let outcome = fsck::run(&app.app, Mode::Look, &mut Nobody).await.unwrap();
    let said: BTreeSet<_> =
        outcome.findings.iter().map(|finding| format!("{}: {}", finding.what, finding.fault)).collect();
    for (_, expected) in FORGERIES {
        let expected = expected.replace("{hold}", &hold).replace("{q88}", &q88).replace("{compat}", &compat);
        assert!(said.contains(&expected), "{expected}\n\nis not among {said:#?}");
    }
    assert!(said.iter().any(|said| said.starts_with("its entries: 1 entries are none of the")), "{said:#?}");
}

/// Returns values that a column might be set to, in SQL, of which the database may refuse some.
pub(crate) fn other_values(table: &Table, column: &str, kind: Kind, dialect: Dialect) -> Vec<String> {
    let bytes = |hex: &str| match dialect {
        Dialect::Sqlite => format!("x'{hex}'"),
        Dialect::Postgres => format!("decode('{hex}', 'hex')"),
    };
    let changed = match kind {
        Kind::Text | Kind::HashedText => format!("COALESCE({column}, '') || 'x'"),
        Kind::Json => "'{\"include_documents\":false}'".to_owned(),
        Kind::Integer => format!("COALESCE({column}, 0) + 7"),
        Kind::Real => format!("COALESCE({column}, 0) + 1.5"),
        Kind::Bool => format!("NOT {column}"),
        Kind::Time => "'2020-01-01T00:00:00.000000Z'".to_owned(),
        Kind::Bytes | Kind::Hashed => bytes(&"00".repeat(32)),
    };
    let name = table.name;
    let of_another = format!("(SELECT MIN(o.{column}) FROM {name} o WHERE o.{column} <> {name}.{column})");
    let mut values = vec![changed];
    if kind == Kind::Text {
        values.push(of_another);
        // The words of the vocabularies that are checked.
        let words = [
            "owner",
            "broker",
            "closed",
            "deleted",
            "other",
            "withdrawn",
            "low",
            "optional",
            "jpg",
            "rejected",
            "receiving",
            "discharging",
            "failed",
            "csv",
            "delete_room",
            "bulk",
            "room",
        ];
        values.extend(words.map(|word| format!("'{word}'")));
    }
    values.push("NULL".to_owned());
    values
}

pub(crate) async fn drop_triggers(tx: &mut Tx) -> Result<()> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => "SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'",
        Dialect::Postgres => {
            "SELECT DISTINCT 'DROP TRIGGER ' || trigger_name || ' ON ' || event_object_table
             FROM information_schema.triggers WHERE trigger_schema = current_schema()"
        }
    };
    let drops: Vec<String> = tx.rows(sql, &[]).await?.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
    for drop in drops {
        tx.batch(&drop).await?;
    }
    Ok(())
}

/// Runs one statement in a transaction of its own. Returns whether the database took it, and it changed something.
pub(crate) async fn takes(app: &TestApp, sql: String) -> bool {
    let done = app.app.db.write(async move |tx| tx.exec(&sql, &[]).await).await;
    done.is_ok_and(|rows| rows > 0)
}

async fn repair(app: &TestApp) -> Outcome {
    fsck::run(&app.app, Mode::Repair, &mut Nobody).await.unwrap()
}

async fn repair_puts_forged_lost_and_swapped_rows_right_in_one_entry(app: TestApp) {
    furnish(&app).await;
    let forgeries = [
        "DELETE FROM approvals",
        "DELETE FROM snapshot_files",
        "UPDATE rooms SET title = 'Another'",
        "UPDATE users SET role = 'admin' WHERE email = 'owner@example.com'",
        "DELETE FROM parties WHERE role = 'owner'",
        "INSERT INTO vessels (id, room_id, name, role, status, no_imo_reason, added_at)
         SELECT '00000000-0000-7000-8000-000000000001', room_id, 'Ghost', 'receiving', 'active', 'none', added_at
         FROM vessels LIMIT 1",
        "INSERT INTO users (id, email, name, role, password_hash, disabled, created_at, must_change_password)
         SELECT '00000000-0000-7000-8000-000000000002', 'mallory@example.com', 'Mallory', 'admin', password_hash,
                disabled, created_at, must_change_password FROM users WHERE email = 'owner@example.com'",
        "INSERT INTO decisions (id, version_id, seq, party, role, verdict, comment, decided_at)
         SELECT '00000000-0000-7000-8000-000000000000', version_id, seq + 7, party, role, 'approved', NULL, decided_at
         FROM decisions LIMIT 1",
    ];
    for sql in forgeries {
        assert!(takes(&app, sql.to_owned()).await, "{sql}");
    }
    // Two vessels that have changed places, by way of a third name of each.
    for sql in [
        "UPDATE vessels SET imo_number = NULL, no_imo_reason = name WHERE imo_number IS NOT NULL",
        "UPDATE vessels SET imo_number = (SELECT CASE no_imo_reason WHEN 'Aegean Star' THEN '{1}' ELSE '{0}' END),
             no_imo_reason = NULL WHERE no_imo_reason IN ('Aegean Star', 'Northern Light')",
    ] {
        let sql = sql.replace("{0}", IMO[0]).replace("{1}", IMO[1]);
        assert!(takes(&app, sql.clone()).await, "{sql}");
    }
    let before = damaged(&app).await;
    assert!(before.len() >= 9, "{before:?}");
    let outcome = repair(&app).await;
    assert_eq!(outcome.damage(), 0, "{outcome:#?}");
    assert_eq!(outcome.repaired, before.len() as u64);
    // The triggers, too, are as the migrations make them.
    let outcome = fsck::run(&app.app, Mode::Look, &mut Nobody).await.unwrap();
    assert_eq!(outcome.damage(), 0, "{outcome:#?}");
    let told = app.app.db.read(async |tx| {
        let entries =
            "SELECT actor, meta_json FROM activity_log WHERE action = 'rows_repaired' ORDER BY room_id IS NULL";
        let rows = tx.rows(entries, &[]).await?;
        rows.iter().map(|row| Ok((row.get::<String>(0)?, row.get::<String>(1)?))).collect::<Result<Vec<_>>>()
    });
    let told = told.await.unwrap();
    assert_eq!(told.iter().map(|(actor, _)| &**actor).collect::<Vec<_>>(), ["operator", "operator"]);
    let tables: Vec<_> = told
        .iter()
        .map(|(_, meta)| serde_json::from_str::<serde_json::Value>(meta).unwrap()["tables"].clone())
        .collect();
    let in_room =
        json!({ "approvals": 1, "decisions": 1, "parties": 1, "rooms": 1, "snapshot_files": 2, "vessels": 3 });
    assert_eq!(tables, [in_room, json!({ "users": 2 })]);
}

async fn repair_leaves_a_reason_that_it_does_not_have(app: TestApp) {
    furnish(&app).await;
    assert!(takes(&app, "DELETE FROM private_texts".to_owned()).await);
    assert!(takes(&app, "UPDATE holds SET placed_by = 'mallory@example.com'".to_owned()).await);
    assert!(takes(&app, "UPDATE rooms SET location = 'Elsewhere'".to_owned()).await);
    repair(&app).await;
    let left = damaged(&app).await;
    assert!(left.iter().any(|what| what.starts_with("the private text ")), "{left:?}");
    assert!(left.iter().any(|what| what.starts_with("holds of ")), "{left:?}");
    assert!(!left.iter().any(|what| what.starts_with("rooms")), "{left:?}");
    let reason = app.app.db.read(async |tx| tx.one("SELECT reason FROM holds", &[]).await?.get::<String>(0)).await;
    assert_eq!(reason.unwrap(), "Claim 4711");
}

/// Keeps the rows of a table aside.
async fn keep(app: &TestApp, table: &'static str) {
    let copy = format!("CREATE TABLE kept AS SELECT * FROM {table}");
    app.app.db.write(async move |tx| tx.batch(&copy).await).await.unwrap();
}

async fn forget_kept(app: &TestApp) {
    app.app.db.write(async |tx| tx.batch("DROP TABLE kept").await).await.unwrap();
}

#[expect(clippy::print_stdout, reason = "the figure is part of what is promised")]
async fn a_change_of_any_column_is_found_and_written_back_from_the_log(app: TestApp) {
    furnish(&app).await;
    app.app.db.write(drop_triggers).await.unwrap();
    let (mut changed, mut refused, mut missed, mut left) = (0, Vec::new(), Vec::new(), Vec::new());
    for table in all_tables() {
        let (name, key) = (table.name, table.columns[0].0);
        keep(&app, name).await;
        let row = format!("{key} = (SELECT MIN({key}) FROM kept)");
        for (column, kind) in table.columns {
            let mut values = other_values(table, column, *kind, app.app.db.dialect()).into_iter();
            let taken = loop {
                let Some(value) = values.next() else { break false };
                let differs = format!("{row} AND {column} IS DISTINCT FROM {value}");
                if takes(&app, format!("UPDATE {name} SET {column} = {value} WHERE {differs}")).await {
                    break true;
                }
            };
            if !taken {
                refused.push(format!("{name}.{column}"));
                continue;
            }
            changed += 1;
            if damaged(&app).await.is_empty() {
                missed.push(format!("{name}.{column}"));
            }
            repair(&app).await;
            if damaged(&app).await.is_empty() {
                continue;
            }
            left.push(format!("{name}.{column}"));
            let changed_row = if *column == key {
                format!("({key} IS NULL OR {key} NOT IN (SELECT {key} FROM kept))")
            } else {
                row.clone()
            };
            let back =
                format!("UPDATE {name} SET {column} = (SELECT {column} FROM kept WHERE {row}) WHERE {changed_row}");
            assert!(takes(&app, back).await, "{name}.{column}");
        }
        forget_kept(&app).await;
    }
    let (lost, unchanged) = (missed.len(), refused.len());
    println!("{changed} columns changed, {lost} missed, {unchanged} that the database lets nobody change: {refused:?}");
    println!("not written back from the log: {left:?}");
    // The log has only the hashes of these. SQLite lets a key of text be NULL, and such a row is as good as lost.
    let kept = ["snapshot_seals.snapshot_id", "snapshot_seals.cms", "users.password_hash"];
    assert_eq!(left, &kept[usize::from(app.app.db.dialect() == Dialect::Postgres)..]);
    assert_eq!(missed, Vec::<String>::new());
    assert!(refused.len() < 30 && changed > 100, "{changed} changed, refused: {refused:?}");
    assert_eq!(damaged(&app).await, Vec::<String>::new());
}

async fn a_row_that_is_deleted_or_added_is_found(app: TestApp) {
    furnish(&app).await;
    app.app.db.write(drop_triggers).await.unwrap();
    let mut tried = 0;
    for table in all_tables().filter(|table| table.name != "confirmations") {
        let (name, key) = (table.name, table.columns[0].0);
        keep(&app, name).await;
        // Rows that others refer to are not deleted by anybody while these are there.
        let deleted = takes(&app, format!("DELETE FROM {name} WHERE {key} = (SELECT MAX({key}) FROM kept)")).await;
        if deleted {
            tried += 1;
            assert_ne!(damaged(&app).await, Vec::<String>::new(), "a row of {name} deleted");
            let back = format!("INSERT INTO {name} SELECT * FROM kept WHERE {key} = (SELECT MAX({key}) FROM kept)");
            assert!(takes(&app, back).await, "{name}");
        }
        forget_kept(&app).await;
    }
    assert!(tried > 6, "{tried}");
    let forged = "INSERT INTO decisions (id, version_id, seq, party, role, verdict, comment, decided_at)
        SELECT '00000000-0000-7000-8000-000000000000', version_id, seq + 7, party, role, 'approved', NULL, decided_at
        FROM decisions LIMIT 1";
    assert!(takes(&app, forged.to_owned()).await);
    assert_eq!(damaged(&app).await, ["decisions of 00000000-0000-7000-8000-000000000000"]);
}

/// Makes a room in which every table has at least two rows, and another room.
async fn furnish_twice(app: &TestApp) {
    furnish(app).await;
    let token = async |name: &str| app.sign_in(&format!("{name}@example.com")).await;
    let (broker, admin, owner) = (token("broker").await, token("ada").await, token("owner").await);
    let rooms = app.get("/rooms", &broker).send().await.expect(200);
    let path = format!("/rooms/{}", rooms[0]["id"].as_str().unwrap());
    let vessels = app.get(&format!("{path}/vessels"), &broker).send().await.expect(200);
    let northern = vessels.as_array().unwrap().iter().find(|vessel| vessel["name"] == "Northern Light").unwrap();
    let approval = json!({ "vessel_id": northern["id"], "status": "approved" });
    app.post(&format!("{path}/approvals"), &owner).json(approval).send().await.expect(201);
    let room = path.rsplit('/').next().unwrap();
    let snapshot = json!({ "snapshot_type": "pdf", "title": "Before planning" });
    let snapshot = app.snapshot(room, &broker, snapshot).await;
    let hold = json!({ "reason": "Claim 4712", "snapshot_id": snapshot["id"] });
    let hold = app.post(&format!("{path}/holds"), &admin).json(hold).send().await.expect(201);
    let lift = format!("{path}/holds/{}", hold["id"].as_str().unwrap());
    app.delete(&lift, &admin).json(json!({ "reason": "Settled, too" })).send().await.expect(202);
    // Last, so that the first rows of each other table are of one room.
    let other =
        json!({ "title": "STS Skaw", "location": "Off Skagen", "sts_eta": "2026-12-09T04:00:00Z", "parties": [] });
    app.post("/rooms", &broker).json(other).send().await.expect(201);
    app.later(Duration::from_mins(1));
    log::keys::rotate(&app.app, &Actor::Operator).await.unwrap();
    assert_eq!(damaged(app).await, Vec::<String>::new());
}

/// Returns the statements that give two rows each other's values in these columns, and those that take it back. `kept`
/// has the rows as they were.
fn swap_of_values(table: &Table, columns: &[&str], rows: &str) -> [Vec<String>; 2] {
    let (name, key) = (table.name, table.columns[0].0);
    ["<>", "="].map(|which| {
        let set: Vec<_> = columns
            .iter()
            .map(|column| {
                let of =
                    format!("SELECT k.{column} FROM kept k WHERE k.{key} {which} {name}.{key} AND k.{key} IN {rows}");
                format!("{column} = ({of})")
            })
            .collect();
        vec![format!("UPDATE {name} SET {} WHERE {key} IN {rows}", set.join(", "))]
    })
}

/// Returns the statements that give two rows each other's ids, by way of a third one. They also take it back.
fn swap_of_ids(table: &Table, [one, other]: [&str; 2]) -> [Vec<String>; 2] {
    let (name, key) = (table.name, table.columns[0].0);
    let steps = [("'a third one'", one), (one, other), (other, "'a third one'")];
    let steps = steps.map(|(to, from)| format!("UPDATE {name} SET {key} = {to} WHERE {key} = {from}")).to_vec();
    [steps.clone(), steps]
}

/// Returns the ways in which two rows may change places, as what to do and how to take it back, with the columns that
/// stay. The database may refuse some of them: those that break a key, even for the moment.
fn swaps<'a>(table: &'a Table, ends: [&'a str; 2]) -> impl Iterator<Item = (Vec<&'a str>, [Vec<String>; 2])> {
    let columns: Vec<_> = table.columns[1..].iter().map(|(column, _)| *column).collect();
    let rows = format!("({}, {})", ends[0], ends[1]);
    let ones = columns.iter().map(|column| vec![*column]);
    let twos =
        columns.iter().enumerate().flat_map(|(at, one)| columns[..at].iter().map(move |other| vec![*other, *one]));
    let fewer: Vec<_> = ones.chain(twos).collect();
    let of_values = move |staying: Vec<&'a str>| {
        let moving: Vec<_> = columns.iter().copied().filter(|column| !staying.contains(column)).collect();
        (!moving.is_empty()).then(|| (staying, swap_of_values(table, &moving, &rows)))
    };
    let whole = of_values(Vec::new());
    let by_id = (vec![table.columns[0].0], swap_of_ids(table, ends));
    whole.into_iter().chain([by_id]).chain(fewer.into_iter().filter_map(of_values))
}

/// Runs statements in one transaction. Returns whether the database took them.
async fn takes_all(app: &TestApp, statements: Vec<String>) -> bool {
    let run = async move |tx: &mut Tx| {
        for sql in &statements {
            tx.exec(sql, &[]).await?;
        }
        Ok(())
    };
    app.app.db.write(run).await.is_ok()
}

#[expect(clippy::print_stdout, reason = "the figure is part of what is promised")]
async fn rows_that_have_changed_places_are_found(app: TestApp) {
    furnish_twice(&app).await;
    app.app.db.write(drop_triggers).await.unwrap();
    let (mut swapped, mut partly, mut refused, mut missed) = (0, Vec::new(), Vec::new(), Vec::new());
    for table in all_tables() {
        let (name, key) = (table.name, table.columns[0].0);
        keep(&app, name).await;
        let first = format!("(SELECT MIN({key}) FROM kept)");
        let second = format!("(SELECT MIN({key}) FROM kept WHERE {key} > {first})");
        let mut is_taken = false;
        for (staying, [there, back]) in swaps(table, [&first, &second]) {
            if !takes_all(&app, there).await {
                continue;
            }
            is_taken = true;
            if !staying.is_empty() {
                partly.push(format!("{name} but for {}", staying.join(" and ")));
            }
            let found = damaged(&app).await;
            let prefixes = [format!("{name} of "), format!("{name}.")];
            let rows: BTreeSet<_> = found
                .iter()
                .filter(|what| prefixes.iter().any(|prefix| what.starts_with(prefix)))
                .filter_map(|what| what.split_once(" of "))
                .map(|(_, label)| label)
                .collect();
            if rows.len() != 2 {
                missed.push(format!("{name}: {found:?}"));
            }
            assert!(takes_all(&app, back).await, "{name}");
            break;
        }
        if is_taken {
            swapped += 1;
        } else {
            refused.push(name);
        }
        forget_kept(&app).await;
    }
    let (lost, unchanged) = (missed.len(), refused.len());
    println!(
        "rows of {swapped} tables swapped, {lost} missed, {unchanged} tables that the database lets nobody swap: \
         {refused:?}; in part: {partly:?}"
    );
    assert_eq!(missed, Vec::<String>::new());
    assert_eq!((swapped, damaged(&app).await), (19, Vec::new()), "refused: {refused:?}");
}
