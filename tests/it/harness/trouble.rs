//! Troubles that a test can make: a snapshot that fails, a database that refuses a row.

use std::sync::Arc;

use room::{Event, Log, Party, PartyId, Role};
use sts_clearance::{
    app::App,
    clock::Clock,
    db::{self, Dialect, Tx, logs::Head},
    domain::log::{Actor, operation},
    jobs,
    random::new_uuid,
    web,
};

use super::TestApp;

impl TestApp {
    /// Lets a snapshot fail for good, as after its last attempt.
    pub(crate) async fn fail_snapshot(&self, room: &str, snapshot: &str, reason: &str) {
        let (room, id, reason) = (room.parse().unwrap(), snapshot.to_owned(), reason.to_owned());
        let failed = operation(&self.app, Log::Room(room), &Actor::System, async move |tx, log| {
            tx.exec("UPDATE snapshot_jobs SET last_error = ?2 WHERE snapshot_id = ?1", &[&id, &reason]).await?;
            log.append(tx, &Event::SnapshotFailed { snapshot_id: id.parse().unwrap(), attempts: 5, reason }).await
        });
        failed.await.unwrap();
    }

    /// Runs a statement that changes entries of a log, which a trigger forbids. Fails unless it changes any.
    pub(crate) async fn change_entries(&self, sql: &str) {
        self.tampered();
        let lift = match self.app.db.dialect() {
            Dialect::Sqlite => "DROP TRIGGER IF EXISTS activity_log_no_update",
            Dialect::Postgres => "ALTER TABLE activity_log DISABLE TRIGGER USER",
        };
        let sql = sql.to_owned();
        let changed = self.app.db.write(async move |tx| {
            tx.batch(lift).await?;
            tx.exec(&sql, &[]).await
        });
        assert!(changed.await.unwrap() > 0, "no entry was changed");
    }

    /// Runs every job that is due while the database refuses to complete snapshots, as if the server ended between
    /// storing a file and saying so.
    pub(crate) async fn work_in_vain(&self) {
        let sql = match self.app.db.dialect() {
            Dialect::Sqlite => {
                "CREATE TRIGGER no_file BEFORE INSERT ON snapshot_files BEGIN SELECT RAISE(ABORT, 'refused'); END"
            }
            Dialect::Postgres => {
                "CREATE FUNCTION no_file() RETURNS trigger LANGUAGE plpgsql AS
                     'BEGIN RAISE EXCEPTION ''refused''; END';
                 CREATE TRIGGER no_file BEFORE INSERT ON snapshot_files FOR EACH ROW EXECUTE FUNCTION no_file()"
            }
        };
        self.app.db.write(async move |tx| tx.batch(sql).await).await.unwrap();
        jobs::run_due(&self.app).await.unwrap_err();
        let sql = match self.app.db.dialect() {
            Dialect::Sqlite => "DROP TRIGGER no_file",
            Dialect::Postgres => "DROP TRIGGER no_file ON snapshot_files; DROP FUNCTION no_file()",
        };
        self.app.db.write(async move |tx| tx.batch(sql).await).await.unwrap();
    }

    /// Starts another server on the same database and files, with the same clock. It has no state of any log at hand.
    pub(crate) fn another_node(&self) -> Self {
        let clock = Arc::clone(&self.clock);
        let app = App::open(self.app.config.clone(), Clock::Manual(Arc::clone(&clock))).unwrap();
        let app = app.with_children(self.app.children.clone());
        let router = web::router(app.clone());
        Self { app, dir: Arc::clone(&self.dir), tampered: Arc::clone(&self.tampered), clock, router }
    }

    /// Returns the path of a snapshot's file on the disk.
    pub(crate) fn snapshot_file(&self, room: &str, snapshot: &str, extension: &str) -> std::path::PathBuf {
        self.dir.path().join(format!("data/files/rooms/{room}/snapshots/{snapshot}.{extension}"))
    }
}

/// Returns the head of a log.
pub(crate) async fn head_of(app: &TestApp, log: Log) -> Head {
    app.app.db.read(async move |tx| db::logs::head(tx, log).await).await.unwrap().unwrap()
}

/// Puts a log back to where it was, as by an earlier copy of the database.
pub(crate) async fn put_back(app: &TestApp, log: Log, to: Head) {
    app.tampered();
    let put_back = app.app.db.write(async move |tx: &mut Tx| {
        let triggers: &[&str] = match tx.dialect() {
            Dialect::Sqlite => &["DROP TRIGGER IF EXISTS activity_log_no_delete"],
            Dialect::Postgres => &["DROP TRIGGER IF EXISTS activity_log_no_change ON activity_log"],
        };
        for trigger in triggers {
            tx.batch(trigger).await?;
        }
        let size = i64::try_from(to.range.size()).unwrap();
        tx.exec("DELETE FROM activity_log WHERE room_id = ?1 AND seq >= ?2", &[&log.key(), &size]).await?;
        for level in 1..20_i64 {
            let beyond = "DELETE FROM log_nodes WHERE log = ?1 AND level = ?2 AND number >= ?3";
            tx.exec(beyond, &[&log.key(), &level, &(size >> level)]).await?;
        }
        db::logs::set_head(tx, log, &to.range, &to.checkpoint.clone().unwrap()).await
    });
    put_back.await.unwrap();
}

/// Removes a party from the room of this log, and adds it again in another role.
pub(crate) async fn change_role(app: &App, log: Log, email: &'static str, role: Role) {
    let changed = operation(app, log, &Actor::System, async move |tx, log| {
        let party = log.room()?.parties.values().find(|party| party.email == email).unwrap().clone();
        let Party { id, role: before, name, email, .. } = party;
        let removed = Event::PartyRemoved { party_id: id, role: before, name: name.clone(), email: email.clone() };
        log.append(tx, &removed).await?;
        let party_id = PartyId(new_uuid());
        log.append(tx, &Event::PartyAdded { party_id, role, name, email, company: None, side: None, roles: Vec::new() })
            .await
    });
    changed.await.unwrap();
}
