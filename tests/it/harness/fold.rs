//! After each test, the rows of all rooms are held against the fold of their logs.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use room::{Log, RoomState, Standing, Time};
use serde_json::Value;
use sts_clearance::{
    app::App,
    db::{self, Page, migrations},
    domain::{
        fsck::{self, Kind, Mode, Watch},
        log::{Actor, operation},
        rooms,
    },
};
use tempfile::TempDir;

use super::{Installation, TestApp};

/// Something that a test runs on, of which the rows may be looked at when the test has ended.
pub(crate) trait Watched {
    /// Returns what is needed to look at the rows later. `None` if they cannot be reached from here.
    fn watch(&self) -> Option<Afterwards>;
}

/// An application that outlives its test.
pub(crate) struct Afterwards {
    app: App,
    _dir: Arc<TempDir>,
    tampered: Arc<AtomicBool>,
}

impl Watched for TestApp {
    fn watch(&self) -> Option<Afterwards> {
        Some(Afterwards { app: self.app.clone(), _dir: Arc::clone(&self.dir), tampered: Arc::clone(&self.tampered) })
    }
}

/// A program in a process of its own, which a test may have stopped, or let break its database.
impl Watched for Installation {
    fn watch(&self) -> Option<Afterwards> {
        None
    }
}

impl TestApp {
    /// Notes that the test changes rows behind the log's back, so they do not follow from it any more.
    pub(crate) fn tampered(&self) {
        self.tampered.store(true, Ordering::Relaxed);
    }
}

/// Returns the fields of an event, without what stands beside them in the `meta` of its entry.
pub(crate) fn fields_of_event(meta: &Value) -> Value {
    let mut fields = meta.clone();
    let beside = fields.as_object_mut().unwrap();
    assert_eq!(beside.remove("v"), Some(room::Event::VERSION.into()));
    beside.remove("continues");
    beside.remove("clock");
    fields
}

struct Nobody;

impl Watch for Nobody {}

/// Fails unless every row that repeats what a room's log tells is what the fold of the log comes to, and pages show of
/// each room what its log tells.
pub(crate) async fn follow_from_the_logs(watched: Option<Afterwards>) {
    let Some(Afterwards { app, tampered, .. }) = &watched else { return };
    // A test may also have ended with the schema taken back.
    if tampered.load(Ordering::Relaxed) || migrations::check(&app.db).await.is_err() {
        return;
    }
    let outcome = fsck::run(app, Mode::Look, &mut Nobody).await.unwrap();
    let rows: Vec<_> =
        outcome.findings.iter().filter(|finding| [Kind::Row, Kind::Entry].contains(&finding.kind)).collect();
    assert!(rows.is_empty(), "the rows do not follow from the logs: {rows:#?}");
    let rooms = app
        .db
        .read(async |tx| db::rooms::list(tx, None, &[], &Page { limit: 100, offset: 0 }.into()).await)
        .await
        .unwrap()
        .0;
    for room in rooms {
        let (id, now) = (room.id, app.now());
        let by_rows = app.db.read(async move |tx| rooms::state::by_rows(tx, room, now).await).await.unwrap();
        let shown = rooms::state::now(app, id).await.unwrap();
        assert_eq!(shown.log_fault, None);
        let by_log = operation(app, Log::Room(id), &Actor::System, async |_, log| rooms::state::of_log(log));
        let [by_rows, shown, by_log] =
            [by_rows, shown.state, by_log.await.unwrap()].map(|state| derived(state, app.now()));
        assert_eq!(by_log, by_rows, "the rows lead to something else than the log tells");
        assert_eq!(by_log, shown, "pages show something else than the log tells");
    }
}

/// Returns in text what is derived from the state of a room, which depends on the order of what is in it.
fn derived(state: RoomState, now: Time) -> String {
    let state = RoomState { now, ..state };
    let documents = state.documents.iter().map(|document| {
        let versions = document.versions.iter().map(|state| (&state.version, state.decision_count));
        format!("{:?} {:?} {} {:?}", document.slot, document.status, document.needed, versions.collect::<Vec<_>>())
    });
    let documents: Vec<_> = documents.collect();
    let RoomState { room, parties, vessels, approvals, .. } = &state;
    format!("{room:?}\n{parties:?}\n{vessels:?}\n{approvals:?}\n{documents:#?}\n{:?}", Standing::of(&state, 5))
}
