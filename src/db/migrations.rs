//! Migrations: the numbered steps of the schema, each with a way up and a way down, on both databases.

use std::collections::BTreeMap;

use room::Time;

use super::{Db, Dialect, Tx};
use crate::error::{Error, Result};

/// One step of the schema. Its SQL for both databases runs first, then that for one of them.
struct Migration {
    name: &'static str,
    up: &'static str,
    up_sqlite: &'static str,
    up_postgres: &'static str,
    down: &'static str,
    down_sqlite: &'static str,
    down_postgres: &'static str,
    /// What the way down deletes: its name, and the table with a condition by which its rows are counted.
    loses: &'static [(&'static str, &'static str)],
}

impl Migration {
    /// Runs the SQL of the way up.
    async fn apply(&self, tx: &mut Tx) -> Result<()> {
        let dialect = tx.dialect();
        tx.batch(&dialect.column_types(self.up)).await?;
        tx.batch(if dialect == Dialect::Sqlite { self.up_sqlite } else { self.up_postgres }).await
    }
}

macro_rules! step {
    ($name:literal) => {
        step!($name, loses: &[])
    };
    ($name:literal, loses: $loses:expr $(, $field:ident: $file:literal)*) => {
        Migration {
            loses: $loses,
            $($field: include_str!(concat!("../../migrations/", $name, "/", $file)),)*
            ..Migration {
                name: $name,
                up: include_str!(concat!("../../migrations/", $name, "/up.sql")),
                down: include_str!(concat!("../../migrations/", $name, "/down.sql")),
                up_sqlite: "",
                up_postgres: "",
                down_sqlite: "",
                down_postgres: "",
                loses: &[],
            }
        }
    };
}

const MIGRATIONS: &[Migration] = &[
    step!("001_initial_schema", loses: &[("users", "users"), ("rooms", "rooms"), ("activity_log", "activity_log")],
        up_sqlite: "up.sqlite.sql", up_postgres: "up.postgres.sql", down_postgres: "down.postgres.sql"),
    step!("002_add_performance_indexes"),
    step!("003_add_snapshots_table", loses: &[("snapshots", "snapshots")]),
    step!("004_add_vessels", loses: &[("vessels", "vessels"), ("parties.side", "parties WHERE side IS NOT NULL")]),
    step!("005_add_documents", loses: &[
        ("documents", "documents"), ("document_versions", "document_versions"), ("decisions", "decisions")],
        up_sqlite: "up.sqlite.sql", up_postgres: "up.postgres.sql", down_postgres: "down.postgres.sql"),
    step!("006_add_approvals", loses: &[("approvals", "approvals")]),
    step!("007_add_operation_clocks", loses: &[("rooms.closed_at", "rooms WHERE closed_at IS NOT NULL"),
        ("rooms.transfer_completed_at", "rooms WHERE transfer_completed_at IS NOT NULL"),
        ("rooms.planned_duration_hours", "rooms WHERE planned_duration_hours <> 48")]),
    step!("008_add_log_proofs", loses: &[("snapshot_records.proof", "snapshot_records WHERE proof IS NOT NULL")]),
    step!("009_add_holds", loses: &[("holds", "holds"), ("confirmations", "confirmations"),
        ("rooms.retained_from", "rooms WHERE retained_from IS NOT NULL")],
        up_sqlite: "up.sqlite.sql", up_postgres: "up.postgres.sql",
        down_sqlite: "down.sqlite.sql", down_postgres: "down.postgres.sql"),
    step!("010_add_fsck_runs"),
    step!("011_add_seals", loses: &[("snapshot_seals", "snapshot_seals")]),
    step!("012_extend_accounts", loses: &[("users.must_change_password", "users WHERE must_change_password")]),
    step!("013_add_account_safeguards", loses: &[
        ("account_grants", "account_grants"), ("account_requests", "account_requests")],
        up_sqlite: "up.sqlite.sql", up_postgres: "up.postgres.sql"),
    step!("014_adopt_logs", loses: &[("private_texts", "private_texts")]),
    step!("015_mark_states"),
    step!("016_snapshots_by_position"),
    step!("017_add_contradictions"),
    step!("018_add_heads_log"),
    step!("019_know_more_of_files", loses: &[
        ("document_versions", "document_versions WHERE file_kind = 'heic'"),
        ("document_versions.notice", "document_versions WHERE notice IS NOT NULL")],
        up_sqlite: "up.sqlite.sql", up_postgres: "up.postgres.sql",
        down_sqlite: "down.sqlite.sql", down_postgres: "down.postgres.sql"),
    step!("020_withdraw_versions", loses: &[("version_statements", "version_statements")]),
    step!("021_add_search_texts"),
    step!("022_put_parties_right", loses: &[("parties.formerly", "parties WHERE formerly IS NOT NULL"),
        ("parties.roles", "parties WHERE roles IS NOT NULL")]),
    step!("023_add_mail", loses: &[("outbox", "outbox WHERE not_before IS NOT NULL"),
        ("links", "links WHERE used_at IS NULL AND withdrawn_at IS NULL")]),
    step!("024_add_partial_uploads"),
    step!("025_add_account_details", loses: &[("account_details", "account_details")]),
    step!("026_name_approving_roles", loses: &[
        ("document_types.must_approve", "document_types WHERE must_approve IS NOT NULL"),
        ("documents.must_approve", "documents WHERE must_approve IS NOT NULL"),
        ("decisions.roles", "decisions WHERE roles IS NOT NULL"), ("decisions.side", "decisions WHERE side IS NOT NULL")]),
    step!("027_add_news", loses: &[("news_choices", "news_choices"), ("news_choices_of_rooms", "news_choices_of_rooms")]),
];

/// The step that ships the catalogue of document types, by whose name the platform's log says which catalogue it began
/// with. Whichever later step ships another one takes this place.
pub const CATALOGUE: &str = "005_add_documents";
/// The step since which logs have signed checkpoints, and after which the trees of older logs are written: SQL has no
/// SHA-256.
pub const LOG_PROOFS: &str = "008_add_log_proofs";
/// The step after which the logs tell everything: those from before it are adopted.
pub const ADOPTION: &str = "014_adopt_logs";
/// The step that has room for several roles of a party.
pub const SEVERAL_ROLES: &str = "022_put_parties_right";
/// The step that adds snapshots.
const SNAPSHOTS: &str = "003_add_snapshots_table";
/// The step from which on snapshots show positions of logs. Programs from before it need their records.
const POSITIONS: &str = "016_snapshots_by_position";
/// The step that adds legal holds.
const HOLDS: &str = "009_add_holds";

/// A step of the schema, and when it was applied.
#[derive(Debug, Clone)]
pub struct Step {
    /// The name, such as `003_add_snapshots_table`.
    pub name: &'static str,
    /// When it was applied. `None` if it was not.
    pub applied_at: Option<Time>,
}

/// Returns every step, and whether the database has it.
pub async fn status(db: &Db) -> Result<Vec<Step>> {
    db.read(async |tx| {
        let applied = if is_started(tx).await? { applied_steps(tx).await? } else { Vec::new() };
        Ok(MIGRATIONS
            .iter()
            .map(|step| Step { name: step.name, applied_at: applied_at(&applied, step.name) })
            .collect())
    })
    .await
}

/// Returns whether the database has a step of the schema.
pub async fn has(db: &Db, step: &str) -> Result<bool> {
    Ok(status(db).await?.iter().any(|taken| taken.name == step && taken.applied_at.is_some()))
}

/// Returns whether the database has the tables whose rows name files.
pub async fn has_files(db: &Db) -> Result<bool> {
    Ok(has(db, SNAPSHOTS).await? && has(db, CATALOGUE).await?)
}

/// Returns whether the database is empty, without even a list of steps.
///
/// # Errors
///
/// Fails if the database has tables of another program.
pub async fn is_new(db: &Db) -> Result<bool> {
    db.read(async |tx| if is_started(tx).await? { Ok(false) } else { refuse_foreign(tx).await.map(|()| true) }).await
}

/// Applies every step that the database does not have, in one transaction, and returns their names.
pub async fn up(db: &Db, now: Time) -> Result<Vec<&'static str>> {
    db.write(async move |tx| {
        lock(tx).await?;
        // Read under the lock: a second process that waited for it finds the steps applied, and has nothing to do.
        let applied = applied_steps(tx).await?;
        let mut taken = Vec::new();
        for step in MIGRATIONS.iter().filter(|step| applied_at(&applied, step.name).is_none()) {
            step.apply(tx).await?;
            // Data that SQL cannot compute is moved within the same transaction, so no step is ever half applied. It is
            // moved before the next step, whose SQL may rely on it.
            if step.name == LOG_PROOFS {
                super::logs::rebuild_trees(tx, now).await?;
            }
            tx.exec("INSERT INTO schema_migrations (name, applied_at) VALUES (?1, ?2)", &[&step.name, &now]).await?;
            taken.push(step.name);
        }
        Ok(taken)
    })
    .await
}

/// The steps that a way down takes back, and what is lost with them.
#[derive(Debug, Default)]
pub struct WayDown {
    /// The names of the steps, the newest first.
    pub steps: Vec<&'static str>,
    /// What is deleted, with the number of its rows.
    pub rows: BTreeMap<&'static str, i64>,
    /// Whether the platform's log remains, in which the way down can be logged before it is taken.
    pub log_remains: bool,
}

/// Returns whether snapshots are left, after the way down to `to`, whose records an earlier program needs.
///
/// # Errors
///
/// Fails if that way cannot be gone.
pub async fn needs_records(tx: &mut Tx, to: &str, rows_may_go: bool) -> Result<bool> {
    let way = way_down(tx, to, rows_may_go).await?;
    Ok(way.steps.contains(&POSITIONS) && !way.steps.contains(&SNAPSHOTS))
}

/// Plans the way down to the step `to` (`002`, or `000` to take back all); nothing is taken back yet.
///
/// Returns an error if rows would be lost and `rows_may_go` is not set, or if a hold is in force that would be lost.
pub async fn way_down(tx: &mut Tx, to: &str, rows_may_go: bool) -> Result<WayDown> {
    let kept = if to.bytes().all(|digit| digit == b'0') && !to.is_empty() {
        0
    } else {
        let found = MIGRATIONS.iter().position(|step| step.name == to || step.name.split('_').next() == Some(to));
        1 + found.ok_or_else(|| Error::setup(format!("there is no migration `{to}`; `migrate status` lists them")))?
    };
    lock(tx).await?;
    let applied = applied_steps(tx).await?;
    let mut way = WayDown { log_remains: kept > 0 && !applied.is_empty(), ..WayDown::default() };
    let steps = MIGRATIONS[kept..].iter().rev().filter(|step| applied_at(&applied, step.name).is_some());
    for step in steps {
        way.steps.push(step.name);
        for (name, counted) in step.loses {
            way.rows.insert(name, tx.one(&format!("SELECT COUNT(*) FROM {counted}"), &[]).await?.get(0)?);
        }
    }
    // The way down is logged first, and this program can append only to a log that has its tree.
    if way.log_remains && !way.steps.is_empty() && applied_at(&applied, LOG_PROOFS).is_none() {
        return Err(Error::setup("the database's log is of an older version; run `sts-clearance migrate up` first"));
    }
    // Dropping a table fires no trigger, so the one that protects what is under hold would not notice.
    if way.steps.contains(&HOLDS) {
        if tx.dialect() == Dialect::Postgres {
            // A hold that somebody places meanwhile waits, and then finds no table.
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

/// Takes back the steps of a way down. Returns the files that are still to be removed, if the table that lists them is
/// dropped too.
pub async fn down(tx: &mut Tx, way: &WayDown) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for step in MIGRATIONS.iter().rev().filter(|step| way.steps.contains(&step.name)) {
        // The first step has `file_deletions`, which the jobs would have worked off.
        if step.name == MIGRATIONS[0].name {
            files = super::files::due(tx, Time::LATEST, i64::MAX).await?;
        }
        tx.batch(&tx.dialect().column_types(step.down)).await?;
        tx.batch(if tx.dialect() == Dialect::Sqlite { step.down_sqlite } else { step.down_postgres }).await?;
        tx.exec("DELETE FROM schema_migrations WHERE name = ?1", &[&step.name]).await?;
    }
    Ok(files)
}

/// Creates the schema of a database that has none, and refuses one whose schema is not that of this program.
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
    if missing.len() == MIGRATIONS.len() {
        db.read(refuse_foreign).await?;
        return Err(Error::setup(
            "the database is empty: there is no system in it yet; `sts-clearance serve`, `user add` or `migrate up` makes one",
        ));
    }
    Err(Error::setup(format!(
        "the database lacks the migrations {}; run `sts-clearance migrate up`",
        missing.join(", ")
    )))
}

/// Takes the lock under which one process at a time migrates, and creates the table of applied steps if it is missing.
///
/// On SQLite the transaction of the writer is the lock.
async fn lock(tx: &mut Tx) -> Result<()> {
    if tx.dialect() == Dialect::Postgres {
        // Another process may take long over its steps, and so may the steps themselves.
        tx.batch("SET LOCAL statement_timeout = 0").await?;
        // The number is arbitrary, but must never change. The lock ends with the transaction, so a process that dies
        // leaves none behind.
        tx.exec("SELECT pg_advisory_xact_lock(6001252427)", &[]).await?;
    }
    refuse_foreign(tx).await?;
    make_list_of_steps(tx).await
}

/// Refuses a database without a list of steps that has tables of another program. On SQLite, opening the file has done so
/// already.
async fn refuse_foreign(tx: &mut Tx) -> Result<()> {
    let tables = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema()";
    if !is_started(tx).await? && tx.dialect() == Dialect::Postgres && tx.one(tables, &[]).await?.get::<i64>(0)? > 0 {
        return Err(Error::setup("the database holds tables of another program; give STS Clearance an empty one"));
    }
    Ok(())
}

async fn make_list_of_steps(tx: &mut Tx) -> Result<()> {
    let table = "CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY, applied_at {{time}} NOT NULL)";
    tx.batch(&tx.dialect().column_types(table)).await
}

/// Makes the whole schema in an empty place, without the data that some steps move.
pub(super) async fn build(tx: &mut Tx) -> Result<()> {
    make_list_of_steps(tx).await?;
    for step in MIGRATIONS {
        step.apply(tx).await?;
    }
    Ok(())
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

/// Returns the steps that the database has, and refuses one of a newer version, whose tables this program does not
/// know.
async fn applied_steps(tx: &mut Tx) -> Result<Vec<(String, Time)>> {
    let rows = tx.rows("SELECT name, applied_at FROM schema_migrations ORDER BY name", &[]).await?;
    let applied: Vec<(String, Time)> = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect::<Result<_>>()?;
    match applied.iter().find(|(name, _)| MIGRATIONS.iter().all(|step| step.name != name)) {
        Some((name, _)) => Err(Error::setup(format!(
            "the database has the migration `{name}` of a newer version of STS Clearance; use that version"
        ))),
        None => Ok(applied),
    }
}

fn applied_at(applied: &[(String, Time)], name: &str) -> Option<Time> {
    applied.iter().find(|(taken, _)| taken == name).map(|(_, at)| *at)
}
