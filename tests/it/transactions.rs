//! The database layer: what `db.write` and `db.read` promise, on both databases.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use futures_util::future::join_all;
use room::Time;

use sts_clearance::{
    db::{Db, Tx},
    error::{Error, Result},
};

use tokio_postgres::NoTls;
use tools::needs;

use crate::harness::{TestApp, on_both_databases, postgres_database};

async fn add(tx: &mut Tx, key: &str) -> Result<()> {
    tx.exec("INSERT INTO file_deletions (file_url, not_before) VALUES (?1, ?2)", &[&key, &Time::EARLIEST])
        .await
        .map(drop)
}

async fn keys(app: &TestApp) -> Vec<String> {
    let read = app.app.db.read(async |tx| {
        tx.rows("SELECT file_url FROM file_deletions ORDER BY file_url", &[])
            .await?
            .iter()
            .map(|row| row.get(0))
            .collect()
    });
    read.await.unwrap()
}

on_both_databases! {
    TestApp:
    of_writes_at_once_each_failed_one_leaves_nothing_and_every_other_stays,
    a_statement_that_fails_takes_its_own_write_with_it_alone,
    a_write_that_panics_leaves_nothing_and_the_next_goes_on,
    a_read_sees_one_instant_and_can_change_nothing_that_stays,
    times_come_back_to_the_microsecond_and_sort,
}

async fn of_writes_at_once_each_failed_one_leaves_nothing_and_every_other_stays(app: TestApp) {
    let writes = (0..40).map(|i| {
        let db = app.app.db.clone();
        async move {
            db.write(async move |tx| {
                add(tx, &format!("{i:02}")).await?;
                if i % 3 == 1 { Err(Error::Busy) } else { Ok(i) }
            })
            .await
        }
    });
    let outcomes = join_all(writes).await;
    let kept: Vec<String> = outcomes.into_iter().flatten().map(|i| format!("{i:02}")).collect();
    assert_eq!(kept.len(), 27);
    assert_eq!(keys(&app).await, kept);
}

async fn a_statement_that_fails_takes_its_own_write_with_it_alone(app: TestApp) {
    let failing = app.app.db.write(async |tx| {
        add(tx, "a").await?;
        add(tx, "a").await
    });
    let fine = app.app.db.write(async |tx| add(tx, "b").await);
    let (failed, done) = tokio::join!(failing, fine);
    assert!(failed.is_err());
    done.unwrap();
    assert_eq!(keys(&app).await, ["b"]);
}

async fn a_write_that_panics_leaves_nothing_and_the_next_goes_on(app: TestApp) {
    let db = app.app.db.clone();
    let panicked = tokio::spawn(async move {
        db.write(async |tx| -> Result<()> {
            add(tx, "a").await?;
            panic!("in a write")
        })
        .await
    })
    .await;
    assert!(!matches!(panicked, Ok(Ok(()))));
    app.app.db.write(async |tx| add(tx, "b").await).await.unwrap();
    assert_eq!(keys(&app).await, ["b"]);
}

async fn a_read_sees_one_instant_and_can_change_nothing_that_stays(app: TestApp) {
    let count = async |tx: &mut Tx| -> Result<i64> { tx.one("SELECT COUNT(*) FROM file_deletions", &[]).await?.get(0) };
    let url = app.app.config.database_url();
    let counted = app.app.db.read(async |tx| {
        let before = count(tx).await?;
        // On a thread of its own, since a transaction on SQLite must not await anything but its own statements.
        thread::spawn(move || add_from_elsewhere(&url)).join().unwrap();
        Ok((before, count(tx).await?))
    });
    assert_eq!(counted.await.unwrap(), (0, 0));
    let _ = app.app.db.read(async |tx| add(tx, "b").await).await;
    assert_eq!(keys(&app).await, ["a"]);
}

/// Commits a write through a second `Db`, as another process would.
fn add_from_elsewhere(url: &str) {
    let elsewhere = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    elsewhere.block_on(async { Db::open(url).unwrap().write(async |tx| add(tx, "a").await).await.unwrap() });
}

async fn times_come_back_to_the_microsecond_and_sort(app: TestApp) {
    let times: Vec<Time> = [
        "1970-01-01T00:00:00Z",
        "2026-11-23T08:00:00.000001Z",
        "2026-11-23T08:00:00.1Z",
        "2199-12-31T23:59:59.999999Z",
    ]
    .iter()
    .map(|time| time.parse().unwrap())
    .collect();
    let given = times.clone();
    app.app
        .db
        .write(async move |tx| {
            for (i, time) in given.iter().rev().enumerate() {
                tx.exec("INSERT INTO file_deletions (file_url, not_before) VALUES (?1, ?2)", &[&i.to_string(), time])
                    .await?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let read: Vec<Time> = app
        .app
        .db
        .read(async |tx| {
            tx.rows("SELECT not_before FROM file_deletions ORDER BY not_before", &[])
                .await?
                .iter()
                .map(|row| row.get(0))
                .collect()
        })
        .await
        .unwrap();
    assert_eq!(read, times);
}

#[tokio::test]
async fn a_read_that_panics_spoils_no_later_one() {
    let app = TestApp::on_sqlite().await;
    for _ in 0..8 {
        let read = app.app.db.read(async |_| -> Result<()> { panic!("in a read") }).await;
        assert!(matches!(read, Err(Error::Internal(_))));
    }
    for _ in 0..8 {
        assert!(keys(&app).await.is_empty());
    }
}

/// A commit that finds the log large makes a checkpoint. If the log stayed large, every later commit would make one.
#[tokio::test]
async fn the_write_ahead_log_is_short_again_after_it_was_copied_back() {
    let app = TestApp::on_sqlite().await;
    let wal = app.dir.path().join("data/sts_clearance.db-wal");
    for i in 0..3 {
        let long = format!("{i}{}", "x".repeat(3 * 1024 * 1024));
        app.app.db.write(async move |tx| add(tx, &long).await).await.unwrap();
    }
    for i in 0..3 {
        app.app.db.write(async move |tx| add(tx, &format!("short {i}")).await).await.unwrap();
    }
    assert!(std::fs::metadata(&wal).unwrap().len() <= 4 * 1024 * 1024);
}

#[tokio::test]
async fn on_sqlite_a_transaction_that_awaits_something_else_is_refused() {
    let app = TestApp::on_sqlite().await;
    let refused = app
        .app
        .db
        .write(async |tx| {
            add(tx, "a").await?;
            tokio::task::yield_now().await;
            Ok(())
        })
        .await;
    assert!(matches!(refused, Err(Error::Internal(_))), "{refused:?}");
    assert!(keys(&app).await.is_empty());
}

#[tokio::test]
async fn sqlite_is_as_durable_as_it_can_be() {
    let app = TestApp::on_sqlite().await;
    for (pragma, value) in [("synchronous", 2), ("foreign_keys", 1)] {
        let set = app.app.db.write(async move |tx| tx.one(&format!("PRAGMA {pragma}"), &[]).await?.get::<i64>(0)).await;
        assert_eq!(set.unwrap(), value, "{pragma}");
    }
    let mode = app.app.db.read(async |tx| tx.one("PRAGMA journal_mode", &[]).await?.get::<String>(0)).await;
    assert_eq!(mode.unwrap(), "wal");
}

/// An acknowledged commit is on the server's disk, and also on a standby's if the database is set to wait for one.
#[needs(postgres)]
#[tokio::test]
async fn postgresql_is_as_durable_as_it_has_to_be_whatever_its_default_is() {
    for (default, used) in [
        ("off", "on"),
        ("local", "on"),
        ("on", "on"),
        ("remote_write", "remote_write"),
        ("remote_apply", "remote_apply"),
    ] {
        let url = postgres_database().await;
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let (_, name) = url.rsplit_once('/').unwrap();
        client.batch_execute(&format!("ALTER DATABASE {name} SET synchronous_commit = '{default}'")).await.unwrap();
        let app = TestApp::with(url, &[]).await;
        let setting = async |tx: &mut Tx| -> Result<String> {
            tx.one("SELECT current_setting('synchronous_commit')", &[]).await?.get(0)
        };
        // Concurrent writes use several connections of the pool: each of them has to be set up.
        for found in join_all((0..4).map(|_| app.app.db.write(setting))).await {
            assert_eq!(found.unwrap(), used, "the database's default is `{default}`");
        }
    }
}

/// Lets the SQLite file grow by this many pages from its present size, and no further.
async fn leave_room(app: &TestApp, pages: i64) {
    let set = app.app.db.write(async move |tx| {
        let present: i64 = tx.one("PRAGMA page_count", &[]).await?.get(0)?;
        tx.one(&format!("PRAGMA max_page_count = {}", present + pages), &[]).await.map(drop)
    });
    set.await.unwrap();
}

/// Writes a row for each key while the writer is busy, so that all of them share one transaction at first. Returns what
/// came of each, and how many times a body was run.
async fn write_together(app: &TestApp, keys: Vec<String>) -> (Vec<Result<()>>, usize) {
    let (all_wait, waited) = mpsc::channel::<()>();
    let waited = Arc::new(Mutex::new(waited));
    let runs = Arc::new(AtomicUsize::new(0));
    let first = app.app.db.write(async move |_| {
        // Runs again with the others if their transaction is lost; by then there is nothing to wait for.
        let _ = waited.lock().unwrap().recv();
        Ok(())
    });
    let writes = keys.into_iter().map(|key| {
        let (db, runs) = (app.app.db.clone(), Arc::clone(&runs));
        async move {
            db.write(async move |tx| {
                runs.fetch_add(1, Ordering::Relaxed);
                add(tx, &key).await
            })
            .await
        }
    });
    // Polled in this order: the writes are queued before the last of the three lets the first go on.
    let (first, outcomes, ()) = tokio::join!(first, join_all(writes), async move { drop(all_wait) });
    first.unwrap();
    (outcomes, runs.load(Ordering::Relaxed))
}

/// A full disk makes SQLite roll back the whole transaction.
#[tokio::test]
async fn a_write_for_which_there_is_no_room_fails_alone() {
    let app = TestApp::on_sqlite().await;
    leave_room(&app, 20).await;
    let large = "x".repeat(1024 * 1024);
    let given = vec!["a".into(), "b".into(), large.clone(), "c".into(), "d".into()];
    let (outcomes, runs) = write_together(&app, given).await;
    let refused: Vec<_> = outcomes.iter().map(|outcome| outcome.as_ref().err().map(Error::status)).collect();
    assert_eq!(refused, [None, None, Some((503, "disk_full")), None, None]);
    assert_eq!(keys(&app).await, ["a", "b", "c", "d"]);
    assert!(runs > 5, "the transaction was not lost");

    leave_room(&app, 10_000).await;
    app.app.db.write(async move |tx| add(tx, &large).await).await.unwrap();
}

#[tokio::test]
async fn of_many_writes_without_room_each_fails_alone_and_no_other_is_lost_or_done_twice() {
    let app = TestApp::on_sqlite().await;
    leave_room(&app, 40).await;
    let key = |i: usize| if i % 3 == 1 { format!("{i:02}{}", "x".repeat(1024 * 1024)) } else { format!("{i:02}") };
    let given: Vec<_> = (0..60).map(key).collect();
    let small: Vec<_> = given.iter().filter(|key| key.len() == 2).cloned().collect();
    let (outcomes, _) = write_together(&app, given).await;
    assert!(outcomes.iter().enumerate().all(|(i, outcome)| outcome.is_err() == (i % 3 == 1)), "{outcomes:?}");
    assert_eq!(keys(&app).await, small);
}
