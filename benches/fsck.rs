//! Measures how many entries of a log `fsck` checks in a second, and fails if there are fewer than promised.
//!
//! `cargo bench --bench fsck` fills the log of a room with refusals, exports and changes of approvals, and with marks, as
//! operations write them. It also says how many entries a fold from the first one reads in a second, which is what an
//! operation waits for if no state is at hand or marked.

use std::{
    collections::BTreeSet,
    io::{Write, stdout},
    time::{Duration, Instant},
};

use room::{ApprovalId, ApprovalStatus, EntryId, Envelope, Event, Log, Role, RoomId, Side, VesselId};
use serde_json::json;

use sts_clearance::{
    app::App,
    at_hand::{Changed, Held},
    clock::Clock,
    config::Layers,
    db::{self, Tx, activity::Entry, marks, projections},
    domain::{
        fsck::{self, Mode, Watch},
        log::{Actor, keys, operation, schema},
    },
    error::Result,
    evidence::{Checkpoint, Hash},
    random::new_uuid,
};
use tempfile::TempDir;

/// The number of entries in the log.
const ENTRIES: u64 = 400_000;
/// How many entries one transaction writes while the log is filled.
const BATCH: u64 = 20_000;
/// How often each of the two is measured; the best time counts, which is the one that others disturbed least.
const ROUNDS: usize = 5;
/// How many entries in a second are promised.
const PROMISED: f64 = 100_000.0;
/// Who replies for the vessel.
const PARTY: &str = "terminal@example.com";

#[tokio::main]
async fn main() -> Result<()> {
    let dir = TempDir::new().expect("there is room for a directory");
    let data_dir = dir.path().join("data").display().to_string();
    let open = || App::open(Layers::read(None, &[], &[("data_dir", data_dir.clone())])?.config()?, Clock::System);
    let app = open()?;
    schema::bring_up(&app, &Actor::System).await?;
    keys::register(&app).await?;
    let log = Log::Room(RoomId(new_uuid()));
    let mut held = Held::of_empty(log);
    while held.range().size() < ENTRIES {
        let app_in_tx = app.clone();
        held = app.db.write(async move |tx: &mut Tx| fill(tx, &app_in_tx, log, held).await).await?;
    }

    let (mut checking, mut folding) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        // Another handle has no state at hand, and without the mark it has to begin with the first entry.
        let cold = open()?;
        cold.db.write(async move |tx: &mut Tx| marks::remove(tx, &log.key()).await).await?;
        let started = Instant::now();
        let event = Event::LogExported { entries: 1 };
        operation(&cold, log, &Actor::Operator, async move |tx, log| log.append(tx, &event).await).await?;
        folding.push(started.elapsed());
        let started = Instant::now();
        let outcome = fsck::run(&app, Mode::Look, &mut Nobody).await?;
        checking.push(started.elapsed());
        assert_eq!(outcome.damage(), 0, "what the bench wrote is sound");
    }
    let (checked, folded) = (each_second(checking), each_second(folding));
    say(&format!("a fold from the first of {ENTRIES} entries: {folded:.0} in a second"));
    say(&format!("fsck of {ENTRIES} entries: {checked:.0} in a second"));
    assert!(checked >= PROMISED, "fewer than the {PROMISED} that are promised");
    Ok(())
}

/// Ignores the progress of the check.
struct Nobody;

impl Watch for Nobody {}

fn each_second(times: Vec<Duration>) -> f64 {
    let entries = f64::from(u32::try_from(ENTRIES).expect("a number within the bench"));
    entries / times.into_iter().min().expect("it was measured").as_secs_f64()
}

fn say(line: &str) {
    writeln!(stdout(), "{line}").expect("standard output is open");
}

/// Appends a batch of entries as `OpenLog::append` does, but signs only the last checkpoint, and writes only the rows and
/// the mark that they lead to.
async fn fill(tx: &mut Tx, app: &App, log: Log, mut held: Held) -> Result<Held> {
    let origin = log.origin(app.log_key().name());
    db::logs::lock_head(tx, log, &origin).await?;
    let mut entries: Vec<(Entry, Hash)> = Vec::new();
    let (mut nodes, mut parts, mut mark) = (Vec::new(), BTreeSet::new(), None);
    while entries.len() < usize::try_from(BATCH).expect("a small number") {
        let seq = held.range().size();
        let event = match held.due_mark().expect("a state is JSON") {
            Some(due) => {
                mark = Some(marks::Mark { seq, state: due.state });
                due.event
            }
            None => event(&held, log),
        };
        let (action, meta) = event.to_entry(Envelope::default()).expect("an event is JSON");
        let actor = if matches!(event, Event::StateMarked { .. }) { "system" } else { PARTY };
        let (id, seq) = (EntryId(new_uuid()), i64::try_from(seq).expect("a size within the bench"));
        let entry = Entry { id, log, seq, actor: actor.into(), action, at: app.now(), meta };
        let leaf = entry.leaf();
        let (changed, hash, completed) =
            held.apply(&leaf, &leaf.canonical().expect("an entry is JSON")).expect("it follows");
        nodes.extend(completed);
        if let Changed::Room(changed) = changed {
            parts.extend(changed);
        }
        entries.push((entry, hash));
    }
    let state = held.room().expect("the log tells everything");
    let parts: Vec<_> = parts.into_iter().collect();
    projections::write_room(tx, state, &parts, (&projections::PrivateTexts::new(), projections::Obstacles::Stay))
        .await?;
    for (entry, hash) in &entries {
        db::activity::insert(tx, entry, hash).await?;
    }
    db::logs::insert_nodes(tx, log, &nodes).await?;
    if let Some(mark) = mark {
        marks::set(tx, log, &mark).await?;
    }
    let checkpoint = Checkpoint { origin, size: held.range().size(), root: held.range().root() };
    let note = checkpoint.signed(&app.log_key()).expect("a checkpoint can be signed");
    db::logs::set_head(tx, log, held.range(), &note).await?;
    Ok(held)
}

/// Returns the next event of the log: a room with a vessel, and then what happens in it again and again.
fn event(held: &Held, log: Log) -> Event {
    let room = log.room().expect("a room's log");
    // Any ids will do, as long as they stay the same.
    let (vessel_id, approval_id) = (VesselId(room.0), ApprovalId(room.0));
    let (vessel, party) = ("Aegean Star".to_owned(), PARTY.to_owned());
    let (role, side, comment) = (Role::Seller, Some(Side::Discharging), Some("SIRE report to follow by 18:00".into()));
    let stands = held.room().and_then(|state| state.approvals.get(&approval_id)).map(|approval| approval.status);
    match (held.range().size(), stands) {
        (0, _) => Event::RoomCreated {
            title: "STS off Kalamata".into(),
            location: "36°50′ N 22°10′ E".into(),
            sts_eta: "2026-12-01T06:00:00Z".parse().expect("a time"),
            description: None,
            cargo_profile: None,
            planned_duration_hours: 48,
        },
        (1, _) => {
            let details = json!({ "name": vessel, "imo_number": "9074729", "role": "discharging" });
            Event::VesselAdded { vessel_id, details: serde_json::from_value(details).expect("details of a vessel") }
        }
        (_, None) => {
            let status = ApprovalStatus::ApprovedWithSubjects;
            Event::ApprovalGiven { approval_id, vessel_id, vessel, role, side, status, comment }
        }
        (seq, _) if seq % 3 == 0 => Event::AccessDenied { permission: "documents.decide".into(), role, repeated: None },
        (seq, _) if seq % 3 == 1 => Event::LogExported { entries: seq },
        (_, Some(from)) => {
            let subjects = ApprovalStatus::ApprovedWithSubjects;
            let to = if from == subjects { ApprovalStatus::Approved } else { subjects };
            Event::ApprovalChanged { approval_id, vessel_id, vessel, party, role, side, from, to, comment }
        }
    }
}
