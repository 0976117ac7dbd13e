//! The verifier and forged files: each forgery is detected and named.

pub(crate) mod bombs;
mod doors;
mod flips;
mod forged;
mod history;
mod released;

use report::{
    Fonts, Format,
    record::{EntryFacts, Record},
};
use room::Leaf;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use sts_clearance::evidence::{
    Checkpoint, CompactRange, LogKey, LogProof, PublicKeys,
    verify::{CheckOutcome, Exhibits, Report, Unreadable, verify},
};

use crate::harness::TestApp;

impl TestApp {
    /// Takes a snapshot and returns its file.
    pub(super) async fn file(&self, room: &str, token: &str, asked: Value) -> Vec<u8> {
        let snapshot = self.snapshot(room, token, asked).await;
        assert_eq!(snapshot["status"], "completed", "{snapshot}");
        let url = snapshot["download_url"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
        self.get(url, token).send().await.body.to_vec()
    }

    /// Opens another room of the broker and returns its id.
    async fn another_room(&self, broker: &str) -> String {
        let room = self.post("/rooms", broker).json(crate::harness::new_room(&[])).send().await.expect(201);
        room["id"].as_str().unwrap().to_owned()
    }
}

/// The request for a snapshot without any of the optional sections.
fn small(kind: &str) -> Value {
    json!({ "snapshot_type": kind, "include_documents": false, "include_activity": false, "include_approvals": false })
}

fn all(kind: &str) -> Value {
    json!({ "snapshot_type": kind })
}

/// Verifies one file by itself.
fn check(file: &[u8], keys: &PublicKeys) -> Result<Report, Unreadable> {
    check_two(file, None, None, keys)
}

/// Verifies a file, and, if an older one is given, that its log extends that of the older file.
fn check_two(
    file: &[u8],
    older: Option<&[u8]>,
    consistency: Option<&str>,
    keys: &PublicKeys,
) -> Result<Report, Unreadable> {
    let fonts = Fonts::embedded();
    verify(&Exhibits { file, older, consistency, sha256: None, keys: Some(keys), ours: Some(keys), drawer: &fonts })
}

#[track_caller]
fn expect_verified(report: &Report) {
    assert!(report.verified, "{report:#?}");
    assert_eq!(report.verdict, "verified");
    let older = report.older.iter().flat_map(|older| &older.checks);
    assert!(report.file.checks.iter().chain(older).all(|check| check.outcome == CheckOutcome::Ok));
}

/// Asserts that the file does not verify, and that this check says why.
#[track_caller]
fn expect_fault(report: &Report, name: &str, outcome: CheckOutcome, words: &str) {
    assert!(!report.verified && report.verdict.starts_with("does not verify: "), "{report:#?}");
    let check = report.file.checks.iter().find(|check| check.name == name).unwrap();
    assert_eq!(check.outcome, outcome, "{report:#?}");
    assert!(check.detail.contains(words), "`{words}` is not in: {}", check.detail);
}

#[track_caller]
fn expect_failed(report: &Report, name: &str, words: &str) {
    expect_fault(report, name, CheckOutcome::Failed, words);
}

/// The content of a file, taken apart so that a test can forge it.
#[derive(Clone)]
struct Parts {
    record: Record,
    proof: LogProof,
    format: Format,
}

impl Parts {
    fn of(file: &[u8]) -> Self {
        let unsealed = seal::split(file).map_or(file, |(unsealed, _)| unsealed);
        let opened = report::open(unsealed).unwrap();
        let record = report::record::read(&opened.record).unwrap();
        Self { record, proof: LogProof::read(&opened.proof.unwrap()).unwrap(), format: opened.format }
    }

    fn canonical(&self) -> Vec<u8> {
        serde_json_canonicalizer::to_vec(&self.record).unwrap()
    }

    fn leaf(&self) -> Leaf {
        sts_clearance::evidence::read_leaf(&self.proof.leaf).unwrap()
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint::unchecked(&self.proof.checkpoint).unwrap()
    }

    /// Renders a file of these parts.
    fn file(&self) -> Vec<u8> {
        let proof = self.proof.to_string();
        let fonts = Fonts::embedded();
        report::render(report::Edition::CURRENT, &self.canonical(), Some(&proof), self.format, &fonts, &mut |_| ())
            .unwrap()
            .bytes
    }

    /// Replaces the proof's checkpoint with this one, signed with this key.
    fn sign(&mut self, checkpoint: &Checkpoint, key: &LogKey) {
        self.proof.checkpoint = checkpoint.signed(key).unwrap();
    }

    /// Replaces the proof with that of a new log of these entries, followed by the leaf, and signed with this key, as
    /// anyone who has a key can do.
    fn prove(&mut self, entries: &[EntryFacts], leaf: &Leaf, key: &LogKey) {
        let mut tree = tree(&self.record.room.id, entries);
        let (index, path, origin) = (tree.size(), tree.path_of_next(), self.checkpoint().origin);
        tree.push(sts_clearance::evidence::hash_of(leaf).unwrap());
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() }.signed(key).unwrap();
        self.proof = LogProof { leaf: leaf.canonical().unwrap(), index, path, checkpoint };
    }

    /// Makes the record, the entry that announces it and the proof consistent with these entries, signed with this key.
    fn reconcile(&mut self, entries: &[EntryFacts], key: &LogKey) {
        let tree = tree(&self.record.room.id, entries);
        (self.record.log.size, self.record.log.root) = (tree.size(), hex::encode(tree.root()));
        let mut leaf = self.leaf();
        leaf.seq = tree.size();
        leaf.meta["record_sha256"] = hex::encode(Sha256::digest(self.canonical())).into();
        self.prove(entries, &leaf, key);
    }
}

/// Returns the tree over these entries of a room's log.
fn tree(room: &str, entries: &[EntryFacts]) -> CompactRange {
    let mut tree = CompactRange::empty();
    for entry in entries {
        tree.push(sts_clearance::evidence::hash_of(&sts_clearance::evidence::leaf_of_record(room, entry)).unwrap());
    }
    tree
}
