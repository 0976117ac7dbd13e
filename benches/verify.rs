//! Compares the time to verify a report of 10,000 entries with the time to draw it.
//!
//! `cargo bench --bench verify` measures in turn drawing it, verifying it without drawing, as where another program drew
//! it, and verifying it with all that can be checked. It prints the ratios, and fails if one is above its promised limit.

use std::{
    io::{Write, stdout},
    time::{Duration, Instant},
};

use report::{
    Edition, Fonts, Format, Opened, Rendered, ReportError,
    folded::{Folded, Parts, Settings},
    record::{Creator, EntryFacts, LogPosition, SectionOptions, SnapshotFacts},
};
use room::{Envelope, Event, Leaf, Log, RoomId, Time, fold::Fold};
use serde_json::{Map, Value, json};

use sts_clearance::evidence::{
    Checkpoint, CompactRange, Hash, LogKey, LogProof, Node, Place, PublicKeys, Question, Receipt, hash_of,
    verify::{CheckOutcome, Drawer, Exhibits, Report, verify},
};

/// The number of entries in the report.
const ENTRIES: u64 = 10_000;
/// How often each of the three is measured.
const ROUNDS: usize = 7;
/// The most that verifying may take without drawing, and with it, as a multiple of drawing.
const PROMISED: [f64; 2] = [0.1, 2.0];

const ROOM: &str = "01994f6e-0000-7000-8000-000000000001";
const SNAPSHOT: &str = "01994f6e-0000-7000-8000-000000000002";
const EVERYONE: &str = "broker@example.com";

/// Draws otherwise than what drew the file: `drawn` cannot be judged, and the file verifies.
struct Otherwise(Fonts);

impl Drawer for Otherwise {
    fn fonts(&self) -> &str {
        self.0.name()
    }

    fn edition_of(&self, _: &str) -> Option<Edition> {
        None
    }

    fn draw(&self, _: &Opened, _: Edition) -> Result<Rendered, ReportError> {
        unreachable!("it draws otherwise")
    }
}

fn main() {
    let key = LogKey::new("sts-clearance/3a2e351c", [7; 32]).expect("a key");
    let log = MadeUp::new();
    let record = serde_json_canonicalizer::to_vec(&log.record(&key)).expect("a record");
    let fonts = Fonts::embedded();
    let draw = || report::body(Edition::CURRENT, &record, Format::Pdf, &fonts, &mut |_| ()).expect("a report").bytes;
    let body = draw();
    let identity = seal::Identity::self_made("Bench", at(0).into(), [9; 32]).expect("an identity");
    let file = log.file(&body, &identity, &key);
    let keys = PublicKeys::read(key.public()).expect("a public key");
    let otherwise = Otherwise(Fonts::embedded());
    let verify_with = |drawer: &(dyn Drawer + Sync), drawn: CheckOutcome| {
        let keys = Some(&keys);
        let given = Exhibits::of(&file, keys, drawer);
        let Report { verified, verdict, file, .. } = verify(&given).expect("one of ours");
        assert!(verified, "{verdict}");
        assert!(file.checks.iter().any(|check| check.name == "drawn" && check.outcome == drawn));
    };

    let mut rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let drawing = timed(|| assert_eq!(draw().len(), body.len()));
            let without = timed(|| verify_with(&otherwise, CheckOutcome::Skipped));
            let with = timed(|| verify_with(&fonts, CheckOutcome::Ok));
            ([without, with].map(|it| it.as_secs_f64() / drawing.as_secs_f64()), drawing, [without, with])
        })
        .collect();
    let mut kept = true;
    for (index, what) in ["without drawing", "with drawing"].into_iter().enumerate() {
        // The median of the ratios, not the ratio of medians: the parts of a round share the load of their moment.
        rounds.sort_by(|(one, ..), (other, ..)| one[index].total_cmp(&other[index]));
        let (ratios, drawing, verifying) = &rounds[ROUNDS / 2];
        let (ratio, verifying, promised) = (ratios[index], verifying[index], PROMISED[index]);
        let verdict = if ratio <= promised { "as promised" } else { "MORE THAN PROMISED" };
        kept &= ratio <= promised;
        say(&format!(
            "{ENTRIES} entries, {} bytes: drawn in {drawing:.2?}, verified {what} in {verifying:.2?}: {ratio:.3} times \
             of {promised:.2}: {verdict}",
            file.len(),
        ));
    }
    assert!(kept, "verifying took longer than was promised");
}

/// A log of a room in which one thing is changed again and again.
struct MadeUp {
    leaves: Vec<Leaf>,
    tree: CompactRange,
    nodes: Vec<Node>,
}

impl MadeUp {
    fn new() -> Self {
        let mut log = Self { leaves: Vec::new(), tree: CompactRange::empty(), nodes: Vec::new() };
        let title = |number: u64| format!("STS Ceuta, as of change {number}");
        log.append(&Event::RoomCreated {
            title: title(0),
            location: "Off Ceuta".into(),
            sts_eta: at(500_000),
            description: None,
            cargo_profile: None,
            planned_duration_hours: 48,
        });
        while log.tree.size() < ENTRIES {
            let number = log.tree.size();
            let change = json!({ "from": title(number - 1), "to": title(number) });
            log.append(&Event::RoomUpdated { changes: Map::from_iter([("title".to_owned(), change)]) });
        }
        log
    }

    fn append(&mut self, event: &Event) {
        let (action, meta) = event.to_entry(Envelope::default()).expect("an event is JSON");
        let leaf = leaf(self.tree.size(), action, meta);
        self.push(hash_of(&leaf).expect("a leaf"));
        self.leaves.push(leaf);
    }

    fn push(&mut self, hash: Hash) {
        self.nodes.push(Node { place: Place { level: 0, index: self.tree.size() }, hash });
        self.nodes.extend(self.tree.push(hash));
    }

    /// Returns the record of a snapshot that shows all of the log.
    fn record(&self, key: &LogKey) -> Folded {
        let mut fold = Fold::new(room());
        for leaf in &self.leaves {
            fold.apply(leaf).expect("an entry that follows");
        }
        let options = SectionOptions {
            include_documents: true,
            include_activity: true,
            include_approvals: true,
            summary_only: false,
        };
        let created_by = Creator { email: EVERYONE.into(), name: "Broker".into(), role: "broker".into() };
        let log = LogPosition {
            size: self.tree.size(),
            root: hex::encode(self.tree.root()),
            origin: Some(Log::Room(room()).origin(key.name())),
            key: Some(key.public().into()),
        };
        let parts = Parts {
            snapshot: SnapshotFacts {
                id: SNAPSHOT.into(),
                title: "All of it".into(),
                kind: "pdf".into(),
                options,
                created_at: at(ENTRIES).into(),
                as_of: None,
                created_by,
            },
            log,
            at: at(ENTRIES),
            settings: Settings { retention_years: 3 },
            entries: (self.leaves.iter().cloned().map(entry).collect(), Vec::new()),
            resembled: |parties| vec![Vec::new(); parties.len()],
        };
        Folded::of(fold.into_state().expect("a room"), parts)
    }

    /// Returns the file of a body with its receipt and its seal.
    fn file(mut self, body: &[u8], identity: &seal::Identity, key: &LogKey) -> Vec<u8> {
        let shown = self.tree.size();
        let told = json!({
            "snapshot_id": SNAPSHOT,
            "body_sha256": hex::encode(report::split(body).expect("a body").body.sha256),
            "certificate_sha256": hex::encode(identity.certificate_sha256()),
        });
        let (index, path) = (shown, self.tree.path_of_next());
        let leaf = leaf(index, "snapshot_rendered".into(), told);
        self.push(hash_of(&leaf).expect("a leaf"));
        let question = Question::Consistency { from: shown, to: self.tree.size() };
        let hash = |place: Place| self.nodes.iter().find(|node| node.place == place).expect("a node").hash;
        let hashes: Vec<Hash> = question.places().into_iter().map(hash).collect();
        let origin = Log::Room(room()).origin(key.name());
        let checkpoint = Checkpoint { origin, size: self.tree.size(), root: self.tree.root() };
        let checkpoint = checkpoint.signed(key).expect("a checkpoint");
        let proof = LogProof { leaf: leaf.canonical().expect("a leaf"), index, path, checkpoint };
        let receipt =
            Receipt { proof, consistency: question.answer(&hashes).expect("a proof"), notes: Vec::new() }.to_string();
        let unsealed = report::with_receipt(Format::Pdf, body, &receipt).expect("a file");
        let seal = seal::sign(&unsealed, identity, at(ENTRIES).into()).expect("a seal");
        seal::apply(&unsealed, &seal).expect("a sealed file")
    }
}

fn leaf(seq: u64, action: String, meta: Value) -> Leaf {
    let id = format!("01994f6e-0000-7000-9000-{seq:012x}");
    Leaf { action, actor: EVERYONE.into(), id, meta, room_id: Some(ROOM.into()), seq, timestamp: at(seq).into() }
}

fn entry(Leaf { action, actor, id, meta, seq, timestamp, .. }: Leaf) -> EntryFacts {
    EntryFacts { seq, id, action, actor, meta, timestamp }
}

fn room() -> RoomId {
    ROOM.parse().expect("an id")
}

/// Returns an instant of the log, by its second.
fn at(second: u64) -> Time {
    let begun: jiff::Timestamp = "2026-11-01T08:00:00Z".parse().expect("a time");
    (begun + Duration::from_secs(second)).into()
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

fn say(line: &str) {
    writeln!(stdout(), "{line}").expect("standard output is open");
}
