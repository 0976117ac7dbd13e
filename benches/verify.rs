//! Compares the time to verify a report of 10,000 entries with the time to render it.
//!
//! `cargo bench --bench verify` measures the two in turn, prints the ratio, and fails if it is above the promised
//! limit.

use std::{
    io::{Write, stdout},
    time::{Duration, Instant},
};

use report::{Fonts, Format, record::Record, sample};
use room::Leaf;
use serde_json::json;
use sha2::{Digest, Sha256};

use sts_clearance::evidence::{
    Checkpoint, CompactRange, LogKey, LogProof, PublicKeys,
    verify::{Exhibits, verify},
};

/// The number of entries in the report.
const ENTRIES: u64 = 10_000;
/// How often each of the two is measured.
const ROUNDS: usize = 7;
/// The most that verifying may take, as a multiple of rendering.
const PROMISED: f64 = 2.0;

fn main() {
    let key = LogKey::new("sts-clearance/3a2e351c", [7; 32]).expect("a key");
    let (record, proof) = proven(&key);
    let fonts = Fonts::embedded();
    let render = || {
        report::render(report::Edition::CURRENT, &record, Some(&proof), Format::Pdf, &fonts, &mut |_| ())
            .expect("a report")
            .bytes
    };
    let at = "2026-11-24T08:00:00Z".parse().expect("a time");
    let identity = seal::Identity::self_made("Bench", at, [9; 32]).expect("an identity");
    let unsealed = render();
    let seal = seal::sign(&unsealed, &identity, at).expect("a seal");
    let file = seal::apply(&unsealed, &seal).expect("a sealed file");
    let keys = PublicKeys::read(key.public()).expect("a public key");
    let given = Exhibits {
        file: &file,
        older: None,
        consistency: None,
        sha256: None,
        keys: Some(&keys),
        ours: Some(&keys),
        drawer: &fonts,
    };

    let mut rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let rendering = timed(|| assert_eq!(render().len(), unsealed.len()));
            let verifying = timed(|| assert!(verify(&given).expect("one of ours").verified, "it verifies"));
            (verifying.as_secs_f64() / rendering.as_secs_f64(), rendering, verifying)
        })
        .collect();
    // The median of the ratios, not the ratio of medians: the two halves of a round share the load of their moment.
    rounds.sort_by(|(one, ..), (other, ..)| one.total_cmp(other));
    let (ratio, rendering, verifying) = rounds[ROUNDS / 2];
    let verdict = if ratio <= PROMISED { "as promised" } else { "MORE THAN PROMISED" };
    say(&format!(
        "{ENTRIES} entries, {} bytes: rendered in {rendering:.2?}, verified in {verifying:.2?}: \
         {ratio:.2} times of {PROMISED:.2}: {verdict}",
        file.len(),
    ));
    assert!(ratio <= PROMISED, "verifying took longer than was promised");
}

/// Returns a sample record with a real tree, and the proof of its entry.
fn proven(key: &LogKey) -> (Vec<u8>, String) {
    let mut record = sample::record(ENTRIES);
    let mut tree = CompactRange::empty();
    for entry in record.activity.as_ref().expect("entries") {
        tree.push(
            sts_clearance::evidence::hash_of(&sts_clearance::evidence::leaf_of_record(&record.room.id, entry))
                .expect("a leaf"),
        );
    }
    record.log.root = hex::encode(tree.root());
    let bytes = serde_json_canonicalizer::to_vec(&record).expect("a record");
    let leaf = announcement(&record, &bytes);
    let path = tree.path_of_next();
    tree.push(sts_clearance::evidence::hash_of(&leaf).expect("a leaf"));
    let origin = record.log.origin.expect("a name");
    let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() }.signed(key).expect("a checkpoint");
    let leaf = leaf.canonical().expect("a leaf");
    (bytes, LogProof { leaf, index: ENTRIES, path, checkpoint }.to_string())
}

fn announcement(record: &Record, bytes: &[u8]) -> Leaf {
    let snapshot = &record.snapshot;
    Leaf {
        action: "snapshot_created".into(),
        actor: snapshot.created_by.email.clone(),
        id: "01994f6e-0000-7000-8000-000000000000".into(),
        meta: json!({
            "snapshot_id": snapshot.id, "title": snapshot.title, "snapshot_type": snapshot.kind,
            "record_sha256": hex::encode(Sha256::digest(bytes)),
        }),
        room_id: Some(record.room.id.clone()),
        seq: ENTRIES,
        timestamp: snapshot.created_at,
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

fn say(line: &str) {
    writeln!(stdout(), "{line}").expect("standard output is open");
}
