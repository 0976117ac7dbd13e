//! The limits of a record: of a section that is too long it holds the newest part, and says how much there is in all.

use std::sync::Arc;

use report::record::{self, Limit, Record};
use room::{DecisionId, EntryId, Envelope, Event, Log, Role, Verdict};
use serde_json::json;
use sts_clearance::{
    db::{self, Tx, activity::Entry},
    domain::log::{Actor, operation},
    evidence::{Checkpoint, hash_of},
    random::new_uuid,
};

use crate::harness::{TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_record_holds_the_newest_50_versions_of_a_document,
    a_record_holds_the_newest_entries_up_to_16_mib_of_what_they_tell,
    a_record_holds_superseded_decisions_up_to_8_mib_and_all_that_count,
}

impl TestApp {
    /// Takes a snapshot and returns its stored record.
    async fn record(&self, room: &str, token: &str) -> Record {
        let (snapshot, _) = self.take(room, token, json!({ "snapshot_type": "json" })).await;
        record::read(&self.record_of(snapshot["id"].as_str().unwrap()).await).unwrap()
    }
}

/// Returns how many elements of a section the record shows, and of how many; `None` if it shows all.
fn limit(record: &Record, section: &str) -> Option<(u64, u64)> {
    let found = record.limits.iter().find(|limit| limit.section == section);
    found.map(|Limit { shown, total, .. }| (*shown, *total))
}

async fn a_record_holds_the_newest_50_versions_of_a_document(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let room = room.strip_prefix("/rooms/").unwrap();
    for number in 1..=50 {
        app.version(&document, &broker, &number.to_string(), &[]).await;
    }
    assert_eq!(limit(&app.record(room, &broker).await, "documents"), None);
    app.version(&document, &broker, "51", &[]).await;
    let record = app.record(room, &broker).await;
    assert_eq!((limit(&record, "documents"), record.counts.versions), (Some((50, 51)), 51));
    let documents = record.documents.unwrap();
    let held = documents.iter().flat_map(|document| &document.versions).map(|version| version.number);
    assert!(held.eq(2..=51), "{documents:?}");
}

async fn a_record_holds_the_newest_entries_up_to_16_mib_of_what_they_tell(app: TestApp) {
    let (room, broker) = app.room().await;
    // Each entry holds the old and the new description, of 32,000 bytes each.
    for number in 0..270 {
        let description = format!("{}{number:03}", "\u{1F6A2}".repeat(7_997));
        app.patch(&format!("/rooms/{room}"), &broker)
            .json(json!({ "description": description }))
            .send()
            .await
            .expect(200);
    }
    let record = app.record(&room, &broker).await;
    let total = record.counts.activity;
    let entries = record.activity.as_ref().unwrap();
    let bytes = |entry: &record::EntryFacts| entry.meta.to_string().len();
    let (held, of_one) = (entries.iter().map(bytes).sum::<usize>(), bytes(entries.last().unwrap()));
    let most = 16 * 1024 * 1024;
    assert!(held <= most && held + of_one > most, "{held} bytes, of {of_one} each");
    assert_eq!(limit(&record, "activity"), Some((entries.len() as u64, total)));
    assert!(
        entries.iter().map(|entry| entry.seq).eq(total - entries.len() as u64..total),
        "the newest, in their order"
    );
}

/// On SQLite only: the limit does not depend on the database, and PostgreSQL would take long to fill.
#[tokio::test]
async fn a_record_holds_the_newest_50_000_entries() {
    let app = TestApp::on_sqlite().await;
    let (room, broker) = app.room().await;
    let (log, at, key) = (Log::Room(room.parse().unwrap()), app.app.now(), Arc::clone(&app.app.log_key()));
    let fill = async move |tx: &mut Tx| {
        let head = db::logs::head(tx, log).await?.unwrap();
        let (mut range, origin) = (head.range, head.origin.unwrap());
        while range.size() < 50_000 {
            let (action, meta) = Event::LogExported { entries: range.size() }.to_entry(Envelope::default()).unwrap();
            let (seq, actor) = (i64::try_from(range.size()).unwrap(), "system".to_owned());
            let entry = Entry { id: EntryId(new_uuid()), log, seq, actor, action, at, meta };
            let hash = hash_of(&entry.leaf()).unwrap();
            db::activity::insert(tx, &entry, &hash).await?;
            range.push(hash);
        }
        let checkpoint = Checkpoint { origin, size: range.size(), root: range.root() }.signed(&key).unwrap();
        db::logs::set_head(tx, log, &range, &checkpoint).await
    };
    app.app.db.write(fill).await.unwrap();
    let record = app.record(&room, &broker).await;
    assert_eq!((limit(&record, "activity"), record.activity.unwrap().len()), (None, 50_000));
    // Taking that snapshot has appended an entry, and so long a log a mark of its state: it is now two over the limit.
    let record = app.record(&room, &broker).await;
    assert_eq!((limit(&record, "activity"), record.counts.activity), (Some((50_000, 50_002)), 50_002));
    let entries = record.activity.unwrap();
    assert_eq!((entries.len(), entries[0].seq, &*entries[49_999].action), (50_000, 2, "state_marked"));
}

async fn a_record_holds_superseded_decisions_up_to_8_mib_and_all_that_count(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let version = app.version(&document, &broker, "a study", &[]).await["version"]["id"].as_str().unwrap().to_owned();
    // 150 decisions of the charterer with comments of 60,000 bytes, as a server before 0.4 accepted them.
    app.user("charterer@example.com", Role::Charterer).await;
    let (email, name) = ("charterer@example.com".to_owned(), "charterer".to_owned());
    let charterer = Actor::User { email, name, role: Role::Charterer, roles: Role::Charterer.into(), session: None };
    let (document_id, version_id) = (document.rsplit('/').next().unwrap().parse().unwrap(), version.parse().unwrap());
    let log = Log::Room(room.strip_prefix("/rooms/").unwrap().parse().unwrap());
    let decided = operation(&app.app, log, &charterer, async move |tx, log| {
        for _ in 0..150 {
            let decided = Event::DocumentDecided {
                decision_id: DecisionId(new_uuid()),
                document_id,
                document_type: "COMPAT".into(),
                vessel: None,
                version_id,
                version: 1,
                role: Role::Charterer,
                verdict: Verdict::Rejected,
                comment: Some("x".repeat(60_000)),
                roles: Vec::new(),
                side: None,
            };
            log.append(tx, &decided).await?;
        }
        Ok(())
    });
    decided.await.unwrap();
    app.post(&format!("{document}/reject"), &owner).json(json!({ "reason": "no" })).send().await.expect(200);
    let record = app.record(room.strip_prefix("/rooms/").unwrap(), &broker).await;
    let documents = record.documents.as_ref().unwrap();
    let decisions = documents.iter().flat_map(|document| &document.versions).flat_map(|version| &version.decisions);
    let mut by: Vec<&str> = decisions.map(|decision| &*decision.by).collect();
    assert_eq!(by.pop(), Some("owner@example.com"));
    // The last decision is always held; of the superseded ones, as many as fit into 8 MiB.
    assert_eq!(by.len(), 1 + 8 * 1024 * 1024 / 60_000);
    assert_eq!(limit(&record, "decisions"), Some((by.len() as u64 + 1, 151)));
}
