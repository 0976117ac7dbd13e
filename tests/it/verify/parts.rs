//! Files taken apart, so that tests can forge them and put them together again.

use report::{
    Edition, Fonts, Format,
    folded::Folded,
    record::{EntryFacts, LogPosition, Record, SCHEMA_3},
};
use room::{Leaf, fold::Fold};
use serde_json::json;
use sha2::{Digest, Sha256};
use sts_clearance::evidence::{
    Checkpoint, CompactRange, Hash, LogKey, LogProof, Node, Place, Question, Receipt, hash_of, read_leaf,
};

use crate::harness::TestApp;

/// The content of a file of an earlier version, which was drawn with its proof.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) record: Record,
    pub(super) proof: LogProof,
    pub(super) format: Format,
}

impl Parts {
    /// Makes of a snapshot with everything in it what an earlier version would have made: a record of schema 3, announced
    /// by an entry of the log, which this key signs.
    pub(super) fn of_earlier_version(file: &[u8], key: &LogKey) -> Self {
        let Receipted { record, format, receipt } = Receipted::of(file);
        let mut record = record.drawn();
        record.schema = SCHEMA_3.into();
        let mut parts = Self { record, proof: receipt.proof, format };
        let entries = parts.record.activity.clone().unwrap();
        parts.announce(&entries, key);
        parts
    }

    /// Leaves all optional sections out, and makes a snapshot of another kind of it.
    pub(super) fn small(mut self, format: Format, key: &LogKey) -> Self {
        let entries = self.record.activity.take().unwrap();
        (self.record.documents, self.record.approvals, self.format) = (None, None, format);
        let options = &mut self.record.snapshot.options;
        (options.include_documents, options.include_activity, options.include_approvals) = (false, false, false);
        self.announce(&entries, key);
        self
    }

    /// Makes the same a snapshot of another kind.
    pub(super) fn of_kind(mut self, format: Format, key: &LogKey) -> Self {
        self.format = format;
        let entries = self.record.activity.clone().unwrap();
        self.announce(&entries, key);
        self
    }

    fn announce(&mut self, entries: &[EntryFacts], key: &LogKey) {
        self.record.snapshot.kind = kind(self.format).into();
        self.proof.leaf = announcement(&self.record, 0).canonical().unwrap();
        self.reconcile(entries, key);
    }

    pub(super) fn canonical(&self) -> Vec<u8> {
        serde_json_canonicalizer::to_vec(&self.record).unwrap()
    }

    pub(super) fn leaf(&self) -> Leaf {
        read_leaf(&self.proof.leaf).unwrap()
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint::unchecked(&self.proof.checkpoint).unwrap()
    }

    /// Renders a file of these parts.
    pub(super) fn file(&self) -> Vec<u8> {
        let (record, proof, fonts) = (self.canonical(), self.proof.to_string(), Fonts::embedded());
        report::render(Edition::V0_3, &record, Some(&proof), self.format, &fonts, &mut |_| ()).unwrap().bytes
    }

    /// Renders a file of these parts, and seals it with the server's seal.
    pub(super) fn sealed(&self, app: &TestApp) -> Vec<u8> {
        let (unsealed, identity) = (self.file(), app.app.seal_identity().unwrap());
        let seal = seal::sign(&unsealed, &identity, self.record.snapshot.created_at).unwrap();
        seal::apply(&unsealed, &seal).unwrap()
    }

    /// Replaces the proof's checkpoint with this one, signed with this key.
    pub(super) fn sign(&mut self, checkpoint: &Checkpoint, key: &LogKey) {
        self.proof.checkpoint = checkpoint.signed(key).unwrap();
    }

    /// Replaces the proof with that of a new log of these entries, followed by the leaf, and signed with this key, as
    /// anyone who has a key can do.
    pub(super) fn prove(&mut self, entries: &[EntryFacts], leaf: &Leaf, key: &LogKey) {
        let mut tree = tree(&self.record.room.id, entries);
        let (index, path, origin) = (tree.size(), tree.path_of_next(), self.checkpoint().origin);
        tree.push(hash_of(leaf).unwrap());
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() }.signed(key).unwrap();
        self.proof = LogProof { leaf: leaf.canonical().unwrap(), index, path, checkpoint };
    }

    /// Makes the record, the entry that announces it and the proof consistent with these entries, signed with this key.
    pub(super) fn reconcile(&mut self, entries: &[EntryFacts], key: &LogKey) {
        let tree = tree(&self.record.room.id, entries);
        (self.record.log.size, self.record.log.root) = (tree.size(), hex::encode(tree.root()));
        let mut leaf = self.leaf();
        leaf.seq = tree.size();
        leaf.meta["record_sha256"] = hex::encode(Sha256::digest(self.canonical())).into();
        self.prove(entries, &leaf, key);
    }
}

/// Returns the entry that announces a record of an earlier version, but for the record's hash.
pub(super) fn announcement(record: &Record, seq: u64) -> Leaf {
    let snapshot = &record.snapshot;
    Leaf {
        action: "snapshot_created".into(),
        actor: snapshot.created_by.email.clone(),
        id: "01994f6e-0000-7000-8000-000000000000".into(),
        meta: json!({ "snapshot_id": snapshot.id, "title": snapshot.title, "snapshot_type": snapshot.kind }),
        room_id: Some(record.room.id.clone()),
        seq,
        timestamp: snapshot.created_at,
    }
}

fn kind(format: Format) -> &'static str {
    match format {
        Format::Pdf => "pdf",
        Format::Json => "json",
        Format::Csv => "csv",
    }
}

/// The content of a file with a receipt.
#[derive(Clone)]
pub(super) struct Receipted {
    pub(super) record: Folded,
    pub(super) receipt: Receipt,
    pub(super) format: Format,
}

impl Receipted {
    pub(super) fn of(file: &[u8]) -> Self {
        let opened = report::open(unsealed(file)).unwrap();
        let record: report::folded::Folded = report::folded::read(&opened.record).unwrap();
        Self { record, receipt: Receipt::read(&opened.proof.unwrap()).unwrap(), format: opened.format }
    }

    /// Draws the body of this record.
    pub(super) fn body(&self) -> Vec<u8> {
        let record = serde_json_canonicalizer::to_vec(&self.record).unwrap();
        report::body(Edition::CURRENT, &record, self.format, &Fonts::embedded(), &mut |_| ()).unwrap().bytes
    }

    /// Returns the file of these parts, without a seal.
    pub(super) fn file(&self) -> Vec<u8> {
        report::with_receipt(self.format, &self.body(), &self.receipt.to_string()).unwrap()
    }

    pub(super) fn leaf(&self) -> Leaf {
        read_leaf(&self.receipt.proof.leaf).unwrap()
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint::unchecked(&self.receipt.proof.checkpoint).unwrap()
    }

    pub(super) fn entries(&self) -> Vec<EntryFacts> {
        self.record.entries.clone().unwrap()
    }

    /// Makes facts of these entries, and the position that of their log.
    pub(super) fn fold(&mut self, entries: Vec<EntryFacts>) {
        let room = self.record.facts.room.id;
        let mut fold = Fold::new(room);
        for entry in &entries {
            fold.apply(entry.leaf(&room.to_string())).unwrap();
        }
        self.record.facts = self.record.facts_of(fold.into_state().unwrap());
        self.set_entries(entries);
    }

    /// Puts these entries in, with the position of their log, and leaves the facts as they are.
    pub(super) fn set_entries(&mut self, entries: Vec<EntryFacts>) {
        let tree = tree(&self.record.facts.room.id.to_string(), &entries);
        let log = &mut self.record.log;
        *log = LogPosition { size: tree.size(), root: hex::encode(tree.root()), ..log.clone() };
        self.record.entries = Some(entries);
    }

    /// Makes a log of its own for the record as it is: these entries, an announcement, and an entry that tells of the
    /// body. Signs it with this key, as anyone who has a key can do.
    pub(super) fn prove(&mut self, entries: &[EntryFacts], key: &LogKey) {
        let mut leaf = self.leaf();
        let split = report::split(&self.body()).unwrap();
        leaf.meta["body_sha256"] = hex::encode(split.body.sha256).into();
        leaf.meta["body_size"] = split.body.size.into();
        self.prove_leaf(entries, leaf, key);
    }

    /// Makes such a log, which ends with this leaf.
    pub(super) fn prove_leaf(&mut self, entries: &[EntryFacts], mut leaf: Leaf, key: &LogKey) {
        let room = self.record.facts.room.id.to_string();
        let mut leaves: Vec<Hash> = entries.iter().map(|entry| hash_of(entry.leaf(&room)).unwrap()).collect();
        let from = leaves.len() as u64;
        let announced = Leaf { seq: from, action: "snapshot_created".into(), meta: json!({}), ..leaf.clone() };
        leaves.push(hash_of(&announced).unwrap());
        leaf.seq = from + 1;
        let (path, origin) = (grown(&leaves).0.path_of_next(), self.checkpoint().origin);
        leaves.push(hash_of(&leaf).unwrap());
        let (tree, nodes) = grown(&leaves);
        let question = Question::Consistency { from, to: tree.size() };
        let hash = |place: Place| nodes.iter().find(|node| node.place == place).unwrap().hash;
        let hashes: Vec<Hash> = question.places().into_iter().map(hash).collect();
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() }.signed(key).unwrap();
        let proof = LogProof { leaf: leaf.canonical().unwrap(), index: leaf.seq, path, checkpoint };
        self.receipt = Receipt { proof, consistency: question.answer(&hashes).unwrap(), notes: Vec::new() };
    }

    /// Replaces the receipt's checkpoint with this one, signed with this key.
    pub(super) fn sign(&mut self, checkpoint: &Checkpoint, key: &LogKey) {
        self.receipt.proof.checkpoint = checkpoint.signed(key).unwrap();
    }
}

/// Returns the file before it was sealed.
pub(super) fn unsealed(file: &[u8]) -> &[u8] {
    seal::split(file).map_or(file, |(unsealed, _)| unsealed)
}

/// Returns the tree over these entries of a room's log.
pub(super) fn tree(room: &str, entries: &[EntryFacts]) -> CompactRange {
    let leaves: Vec<Hash> = entries.iter().map(|entry| hash_of(entry.leaf(room)).unwrap()).collect();
    grown(&leaves).0
}

/// Returns the tree over these leaves, and all its nodes.
fn grown(leaves: &[Hash]) -> (CompactRange, Vec<Node>) {
    let (mut tree, mut nodes) = (CompactRange::empty(), Vec::new());
    for (index, hash) in (0..).zip(leaves) {
        nodes.push(Node { place: Place { level: 0, index }, hash: *hash });
        nodes.extend(tree.push(*hash));
    }
    (tree, nodes)
}
