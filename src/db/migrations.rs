//! Numbered steps of the schema, each with a way up and a way down, on both databases.

use std::collections::BTreeMap;

use room::Time;

use super::{Db, Dialect, Tx};
use crate::error::{Error, Result};

/// One step.
struct Migration {
    name: &'static str,
    up: &'static str,
    up_sqlite: &'static str,
    up_postgres: &'static str,
    down: &'static str,
    down_sqlite: &'static str,
    down_postgres: &'static str,
    /// What goes with the way down: its name, and the rows that are counted for it.
    holds: &'static [(&'static str, &'static str)],
}

macro_rules! step {
    ($name:literal) => {
        step!($name, holds: &[])
    };
    ($name:literal, holds: $holds:expr $(, $field:ident: $file:literal)*) => {
        Migration {
            holds: $holds,
            $($field: include_str!(concat!("../../migrations/", $name, "/", $file)),)*
            ..Migration {
                name: $name,
                up: include_str!(concat!("../../migrations/", $name, "/up.sql")),
                down: include_str!(concat!("../../migrations/", $name, "/down.sql")),
                up_sqlite: "",
                up_postgres: "",
                down_sqlite: "",
                down_postgres: "",
                holds: &[],
            }
        }
    };
}

const MIGRATIONS: &[Migration] = &[
    step!("001_initial_schema", holds: &[("users", "users"), ("rooms", "rooms"), ("activity_log", "activity_log")],
        up_sqlite: "up.sqlite.sql", up_postgres: "up.postgres.sql", down_postgres: "down.postgres.sql"),
    step!("002_add_performance_indexes"),
    step!("003_add_snapshots_table", holds: &[("snapshots", "snapshots")]),
    step!("004_add_vessels", holds: &[("vessels", "vessels"), ("parties.side", "parties WHERE side IS NOT NULL")]),
    step!("005_add_documents", holds: &[
        ("documents", "documents"), ("document_versions", "document_versions"), ("decisions", "decisions")],
        up_sqlite: "up.sqlite.sql", up_postgres: "up.postgres.sql", down_postgres: "down.postgres.sql"),
    step!("006_add_approvals", holds: &[("approvals", "approvals")]),
    step!("007_add_operation_clocks", holds: &[("rooms.closed_at", "rooms WHERE closed_at IS NOT NULL"),
        ("rooms.transfer_completed_at", "rooms WHERE transfer_completed_at IS NOT NULL"),
        ("rooms.planned_duration_hours", "rooms WHERE planned_duration_hours <> 48")]),
    step!("008_add_log_proofs", holds: &[("snapshot_records.proof", "snapshot_records WHERE proof IS NOT NULL")]),
    step!("009_add_holds", holds: &[("holds", "holds"), ("confirmations", "confirmations"),
        ("rooms.retained_from", "rooms WHERE retained_from IS NOT NULL")],
        up_sqlite: "up.sqlite.sql", up_postgres: "up.postgres.sql",
        down_sqlite: "down.sqlite.sql", down_postgres: "down.postgres.sql"),
    step!("010_add_fsck_runs"),
    step!("011_add_seals", holds: &[("snapshot_seals", "snapshot_seals")]),
    step!("012_extend_accounts", holds: &[("users.must_change_password", "users WHERE must_change_password")]),
    step!("013_add_account_safeguards", holds: &[
        ("account_grants", "account_grants"), ("account_requests", "account_requests")],
        up_sqlite: "up.sqlite.sql", up_postgres: "up.postgres.sql"),
];

/// The step after which the trees of older logs are written: SQL has no SHA-256.
const LOG_PROOFS: &str = "008_add_log_proofs";
/// The step that knows of holds.
const HOLDS: &str = "009_add_holds";

/// A step and when it was taken, if it was.
#[derive(Debug, Clone)]
pub struct Step {
    /// Such as `003_add_snapshots_table`.
    pub name: &'static str,
    /// When it was applied.
    pub applied_at: Option<Time>,
}

/// Every step with its state.
pub async fn status(db: &Db) -> Result<Vec<Step>> {
    db.read(async |tx| {
        let applied = if is_started(tx).await? { applied(tx).await? } else { Vec::new() };
        Ok(MIGRATIONS.iter().map(|step| Step { name: step.name, applied_at: find(&applied, step.name) }).collect())
    })
    .await
}

/// Takes every step not yet taken; answers their names.
pub async fn up(db: &Db, now: Time) -> Result<Vec<&'static str>> {
    db.write(async move |tx| {
        lock(tx).await?;
        let applied = applied(tx).await?;
        let mut taken = Vec::new();
        for step in MIGRATIONS.iter().filter(|step| find(&applied, step.name).is_none()) {
            let dialect = tx.dialect();
            tx.batch(&dialect.column_types(step.up)).await?;
            tx.batch(if dialect == Dialect::Sqlite { step.up_sqlite } else { step.up_postgres }).await?;
            if step.name == LOG_PROOFS {
                super::logs::fill(tx, now).await?;
            }
            tx.exec("INSERT INTO schema_migrations (name, applied_at) VALUES (?1, ?2)", &[&step.name, &now]).await?;
            taken.push(step.name);
        }
        Ok(taken)
    })
    .await
}

/// The way down, and what it takes with it.
#[derive(Debug, Default)]
pub struct WayDown {
    /// The steps, the newest first.
    pub steps: Vec<&'static str>,
    /// What was deleted, and of how many rows.
    pub rows: BTreeMap<&'static str, i64>,
    /// Whether a log remains, to tell it to beforehand.
    pub log_remains: bool,
}

/// Looks at the way down to `to` (`002`, or `000` for all).
///
/// Refuses to lose rows unless told that this is meant.
pub async fn way_down(tx: &mut Tx, to: &str, rows_may_go: bool) -> Result<WayDown> {
    let kept = if to.bytes().all(|digit| digit == b'0') && !to.is_empty() {
        0
    } else {
        let found = MIGRATIONS.iter().position(|step| step.name == to || step.name.split('_').next() == Some(to));
        1 + found.ok_or_else(|| Error::setup(format!("there is no migration `{to}`; `migrate status` lists them")))?
    };
    lock(tx).await?;
    let applied = applied(tx).await?;
    let mut way = WayDown { log_remains: kept > 0 && !applied.is_empty(), ..WayDown::default() };
    let steps = MIGRATIONS[kept..].iter().rev().filter(|step| find(&applied, step.name).is_some());
    for step in steps {
        way.steps.push(step.name);
        for (name, counted) in step.holds {
            way.rows.insert(name, tx.one(&format!("SELECT COUNT(*) FROM {counted}"), &[]).await?.get(0)?);
        }
    }
    if way.log_remains && !way.steps.is_empty() && find(&applied, LOG_PROOFS).is_none() {
        return Err(Error::setup("the database's log is of an older version; run `sts-clearance migrate up` first"));
    }
    // The rows of a table go with it unasked: the trigger that guards what is under hold does not see them go.
    if way.steps.contains(&HOLDS) {
        if tx.dialect() == Dialect::Postgres {
            // One that is placed meanwhile waits, and finds no table.
            tx.exec("LOCK TABLE holds IN EXCLUSIVE MODE", &[]).await?;
        }
        let in_force = super::holds::in_force_anywhere(tx).await?;
        if in_force > 0 {
            return Err(Error::Refused(format!(
                "holds are in force ({in_force}), and nobody deletes what is under hold; once two admins have lifted \
                 each, repeat this"
            )));
        }
    }
    let lost: Vec<_> = way.rows.iter().filter(|(_, rows)| **rows > 0).collect();
    if !lost.is_empty() && !rows_may_go {
        let lost: Vec<_> = lost.into_iter().map(|(name, rows)| format!("`{name}` ({rows})")).collect();
        return Err(Error::Refused(format!(
            "going down would delete for good what is in {}; repeat with --yes if that is meant",
            lost.join(", ")
        )));
    }
    Ok(way)
}

/// Takes the steps of a way down; answers the files that nothing names any more, where the list of such
/// files went too.
pub async fn down(tx: &mut Tx, way: &WayDown) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for step in MIGRATIONS.iter().rev().filter(|step| way.steps.contains(&step.name)) {
        if step.name == MIGRATIONS[0].name {
            files = super::files::due(tx, Time::LATEST, i64::MAX).await?;
        }
        tx.batch(&tx.dialect().column_types(step.down)).await?;
        tx.batch(if tx.dialect() == Dialect::Sqlite { step.down_sqlite } else { step.down_postgres }).await?;
        tx.exec("DELETE FROM schema_migrations WHERE name = ?1", &[&step.name]).await?;
    }
    Ok(files)
}

/// Makes the schema of a database that has none, and refuses one whose schema is another's.
pub async fn prepare(db: &Db, now: Time) -> Result<()> {
    if status(db).await?.iter().all(|step| step.applied_at.is_none()) {
        up(db, now).await?;
    }
    check(db).await
}

/// Refuses a database whose schema is not the one this program was built for.
pub async fn check(db: &Db) -> Result<()> {
    let missing: Vec<_> =
        status(db).await?.into_iter().filter(|step| step.applied_at.is_none()).map(|step| step.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::setup(format!(
        "the database lacks the migrations {}; run `sts-clearance migrate up`",
        missing.join(", ")
    )))
}

/// One process at a time: on SQLite the writer's transaction is the lock.
async fn lock(tx: &mut Tx) -> Result<()> {
    if tx.dialect() == Dialect::Postgres {
        tx.exec("SELECT pg_advisory_xact_lock(6001252427)", &[]).await?;
    }
    if !is_started(tx).await? && tx.dialect() == Dialect::Postgres {
        let foreign = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema()";
        if tx.one(foreign, &[]).await?.get::<i64>(0)? > 0 {
            return Err(Error::setup("the database holds tables of another program; give STS Clearance an empty one"));
        }
    }
    let table = "CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY, applied_at {{time}} NOT NULL)";
    tx.batch(&tx.dialect().column_types(table)).await
}

async fn is_started(tx: &mut Tx) -> Result<bool> {
    let look = match tx.dialect() {
        Dialect::Sqlite => "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'schema_migrations'",
        Dialect::Postgres => {
            "SELECT COUNT(*) FROM information_schema.tables
             WHERE table_schema = current_schema() AND table_name = 'schema_migrations'"
        }
    };
    Ok(tx.one(look, &[]).await?.get::<i64>(0)? > 0)
}

async fn applied(tx: &mut Tx) -> Result<Vec<(String, Time)>> {
    let rows = tx.rows("SELECT name, applied_at FROM schema_migrations ORDER BY name", &[]).await?;
    let applied: Vec<(String, Time)> = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_>>()?;
    match applied.iter().find(|(name, _)| MIGRATIONS.iter().all(|step| step.name != name)) {
        Some((name, _)) => Err(Error::setup(format!(
            "the database has the migration `{name}` of a newer version of STS Clearance; use that version"
        ))),
        None => Ok(applied),
    }
}

fn find(applied: &[(String, Time)], name: &str) -> Option<Time> {
    applied.iter().find(|(taken, _)| taken == name).map(|(_, at)| *at)
}
