//! Whatever comes between calls that succeed, are rolled back or whose commit fails: a reader sees the state that its own
//! transaction sees in the rows, never one that was not committed.

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use room::{Event, Log, RoomId};
use serde_json::json;
use sts_clearance::{
    at_hand::User,
    db::{self, Dialect, Tx},
    domain::{
        log::{Actor, operation},
        rooms,
    },
    error::{Error, Result},
};

use crate::harness::{TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_reader_sees_what_its_transaction_sees_whatever_else_happens,
}

/// The number of drawn schedules, the lanes of each that run at once, and the steps of a lane.
const SCHEDULES: usize = 24;
const LANES: usize = 6;
const STEPS: usize = 10;
/// The seed of the schedules, so that every run of the test has the same.
const SEED: [u8; 32] = [15; 32];

#[derive(Debug, Clone, Copy)]
enum Step {
    /// A change of so many entries that is committed.
    Commit(u8),
    /// A change that its operation takes back.
    RollBack(u8),
    /// A change whose commit fails, and with it whatever shares that commit.
    FailCommit,
    Read,
    /// A read of the room as one of a list.
    ReadInList,
    /// What operations keep in memory is lost.
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..4_u8).prop_map(Step::Commit),
        3 => (1..4_u8).prop_map(Step::RollBack),
        1 => Just(Step::FailCommit),
        5 => Just(Step::Read),
        2 => Just(Step::ReadInList),
        1 => Just(Step::Forget),
    ]
}

/// Appends changes of the room's title, the last of which is `title`.
async fn change(node: &TestApp, room: RoomId, title: String, entries: u8, end: Step) -> Result<()> {
    operation(&node.app, Log::Room(room), &Actor::System, async move |tx, log| {
        for number in (0..entries).rev() {
            let to = if number == 0 { title.clone() } else { format!("{title}, before {number}") };
            let changes = json!({ "title": { "from": log.room()?.room.title, "to": to } });
            log.append(tx, &Event::RoomUpdated { changes: changes.as_object().unwrap().clone() }).await?;
        }
        match end {
            Step::RollBack(_) => Err(Error::conflict("on second thoughts")),
            Step::FailCommit => doom(tx).await,
            _ => Ok(()),
        }
    })
    .await
}

/// Makes the commit of this transaction fail, and none of its statements.
async fn doom(tx: &mut Tx) -> Result<()> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => {
            "PRAGMA defer_foreign_keys = ON;
             INSERT INTO snapshot_jobs (snapshot_id, attempts, progress) VALUES ('of no snapshot', 0, 0)"
        }
        Dialect::Postgres => {
            "CREATE TEMP TABLE doomed (key INT UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP;
             INSERT INTO doomed VALUES (1), (1)"
        }
    };
    tx.batch(sql).await
}

/// Reads the room, by its state and by its rows, in one transaction. Returns its title and the length of its log.
async fn read(node: &TestApp, room: RoomId, in_list: bool) -> (String, u64) {
    let (now, app) = (node.app.now(), node.app.clone());
    rooms::state::bring_up(&node.app, room).await.unwrap();
    let read = node.app.db.read_at_length(async move |tx| {
        let row = db::rooms::find(tx, room).await?.unwrap();
        let seen = if in_list {
            rooms::state::of(tx, &app, row.clone(), now).await?
        } else {
            let seen = rooms::state::read(tx, &app, room, now).await?;
            assert_eq!(seen.log_fault, None);
            seen.state
        };
        assert_eq!(seen.room, row, "the state is that of another instant than the rows");
        Ok((row.title, db::logs::head(tx, Log::Room(room)).await?.unwrap().range.size()))
    });
    read.await.unwrap()
}

/// Takes the steps of a lane, and returns the titles that were certainly committed.
async fn run(node: &TestApp, room: RoomId, schedule: usize, lane: usize, steps: &[Step]) -> Vec<String> {
    let mut committed = Vec::new();
    let mut longest = 0;
    for (number, step) in steps.iter().enumerate() {
        let name = format!("{schedule}/{lane}/{number}");
        match *step {
            Step::Commit(entries) => match change(node, room, name.clone(), entries, *step).await {
                Ok(()) => committed.push(name),
                // Of a call that shares the commit of one that fails, nothing is there either.
                Err(Error::WriteFailed) => {}
                Err(error) => panic!("{error}"),
            },
            Step::RollBack(entries) => {
                let gone = change(node, room, format!("gone {name}"), entries, *step).await;
                assert!(matches!(gone, Err(Error::Conflict { .. } | Error::WriteFailed)), "{gone:?}");
            }
            Step::FailCommit => assert!(change(node, room, format!("gone {name}"), 1, *step).await.is_err()),
            Step::Read | Step::ReadInList => {
                let (title, size) = read(node, room, matches!(step, Step::ReadInList)).await;
                assert!(!title.starts_with("gone"), "`{title}` was never committed");
                assert!(size >= longest, "a log of {size} entries after one of {longest}");
                longest = size;
            }
            Step::Forget => {
                node.app.at_hand.take(Log::Room(room), User::Operation);
            }
        }
    }
    committed
}

async fn a_reader_sees_what_its_transaction_sees_whatever_else_happens(app: TestApp) {
    let (room, _) = app.room().await;
    let room: RoomId = room.parse().unwrap();
    let nodes = [app.another_node(), app.another_node()];
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &SEED));
    let lanes = prop::collection::vec(prop::collection::vec(step(), STEPS), LANES);
    let (mut entries, mut committed) = (read(&app, room, false).await.1, 0);
    for schedule in 0..SCHEDULES {
        let drawn = lanes.new_tree(&mut runner).unwrap().current();
        let at_once = drawn.iter().enumerate().map(|(lane, steps)| run(&nodes[lane % 2], room, schedule, lane, steps));
        let done: Vec<_> = futures_util::future::join_all(at_once).await.concat();
        committed += done.len();
        let (title, size) = read(&nodes[0], room, false).await;
        let of_last = done.contains(&title) || done.is_empty();
        assert!(of_last, "`{title}` is not of this schedule: {drawn:?}");
        assert_eq!(read(&nodes[1], room, false).await, (title, size));
        assert!(size >= entries + u64::try_from(done.len()).unwrap(), "an entry is lost: {drawn:?}");
        entries = size;
    }
    assert!(committed > SCHEDULES, "too little was committed to say anything");
}
