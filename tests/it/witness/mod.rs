//! `sts-clearance witness`: what it cosigns and what it refuses, that it never forgets, and what it shows.

mod answers;
mod memory;
mod program;

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
};

use reqwest::Method;
use room::Time;
use sts_clearance::{
    clock::Clock,
    db::witness_memory::WitnessMemory,
    evidence::{
        Checkpoint, CompactRange, ConsistencyProof, Hash, LogKey, Place, PublicKeys, Question, Witness, WitnessKey,
        leaf_hash,
    },
    network::TrustedProxies,
    witness::{WitnessState, WitnessedLogs},
};
use tempfile::TempDir;

use crate::harness::{Installation, Server};

/// The origin that most tests submit checkpoints of.
const HEADS: &str = "clearance.example.com/heads";

fn log_key() -> LogKey {
    LogKey::new("clearance.example.com", [1; 32]).unwrap()
}

/// A history of a log: every node of its tree, and its root at each size.
struct History {
    nodes: HashMap<Place, Hash>,
    roots: Vec<Hash>,
}

impl History {
    /// Returns a history of this many entries, the first of which, as many as are `shared`, are those of any other one.
    fn of(entries: u64, shared: u64, word: &str) -> Self {
        let (mut range, mut nodes, mut roots) = (CompactRange::empty(), HashMap::new(), vec![empty_root()]);
        for index in 0..entries {
            let entry = if index < shared { format!("{index}") } else { format!("{word} {index}") };
            let leaf = leaf_hash(entry.as_bytes());
            nodes.insert(Place { level: 0, index }, leaf);
            nodes.extend(range.push(leaf).into_iter().map(|node| (node.place, node.hash)));
            roots.push(range.root());
        }
        Self { nodes, roots }
    }

    fn root(&self, size: u64) -> Hash {
        self.roots[usize::try_from(size).unwrap()]
    }

    /// Returns the signed checkpoint of this size.
    fn note(&self, origin: &str, size: u64) -> String {
        note(&log_key(), origin, size, self.root(size))
    }

    fn proof(&self, from: u64, to: u64) -> Vec<Hash> {
        let question = Question::Consistency { from, to };
        let hashes: Vec<Hash> = question.places().iter().map(|place| self.nodes[place]).collect();
        question.answer(&hashes).unwrap_or_default()
    }

    /// Returns the body of a right request.
    fn body(&self, origin: &str, from: u64, to: u64) -> String {
        body(from, self.proof(from, to), self.note(origin, to))
    }
}

/// The root of the tree without leaves (RFC 6962 §2.1): the SHA-256 of nothing.
fn empty_root() -> Hash {
    hex::decode("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855").unwrap().try_into().unwrap()
}

fn note(key: &LogKey, origin: &str, size: u64, root: Hash) -> String {
    Checkpoint { origin: origin.into(), size, root }.signed(key).unwrap()
}

fn body(from: u64, path: Vec<Hash>, checkpoint: String) -> String {
    ConsistencyProof { from, path, checkpoint }.to_string()
}

/// Starts a witness of the logs of [`log_key`].
fn start(place: &Installation) -> Server {
    start_with(place, &["--log", log_key().public()])
}

fn start_with(place: &Installation, flags: &[&str]) -> Server {
    let first = ["witness", "--listen", "127.0.0.1:0"];
    let named = ["--name", "witness.example.net"];
    Server::start(place, &mut place.command(&[&first[..], &named, flags].concat()))
}

/// What was answered: status, media type, body.
type Answered = (u16, String, String);

async fn send(server: &Server, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Answered {
    let url = format!("http://{}{path}", server.api.address());
    let response = reqwest::Client::new().request(method, url).body(body).send().await.unwrap();
    let kind = response.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
    (response.status().as_u16(), kind, response.text().await.unwrap())
}

async fn add(server: &Server, body: impl Into<reqwest::Body>) -> Answered {
    send(server, Method::POST, "/add-checkpoint", body).await
}

async fn get(server: &Server, path: &str) -> (u16, String) {
    let (status, kind, body) = send(server, Method::GET, path, "").await;
    assert_eq!(kind, "text/plain; charset=utf-8", "{path}");
    (status, body)
}

/// Returns the newest checkpoint that the witness shows of a log.
async fn newest(server: &Server, origin: &str) -> Checkpoint {
    let (status, note) = get(server, &format!("/checkpoint?origin={origin}")).await;
    assert_eq!(status, 200, "{note}");
    Checkpoint::open(&note, &PublicKeys::read(log_key().public()).unwrap()).unwrap().0
}

/// Returns the public key in the file that the witness has made.
fn witness_of(place: &Installation) -> Witness {
    let file = place.path("data/witness/witness-key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "only its owner reads the key");
    WitnessKey::read(&fs::read_to_string(file).unwrap()).unwrap().public()
}

fn conflict(size: u64) -> Answered {
    (409, "text/x.tlog.size".into(), format!("{size}\n"))
}

#[track_caller]
fn refused(answered: &Answered, status: u16, says: &str) {
    assert_eq!((answered.0, answered.1.as_str()), (status, "text/plain; charset=utf-8"), "{answered:?}");
    assert!(answered.2.contains(says) && answered.2.ends_with('\n'), "{answered:?}");
}

/// Returns the state of a witness in this directory, with a clock that a test sets.
fn state(dir: &TempDir, now: &Arc<Mutex<Time>>) -> WitnessState {
    WitnessState {
        key: WitnessKey::new("witness.example.net", [7; 32]).unwrap(),
        logs: WitnessedLogs::read(&[log_key().public().to_owned()], "").unwrap(),
        memory: WitnessMemory::open(&dir.path().join("witness.db")).unwrap(),
        clock: Clock::Manual(Arc::clone(now)),
        trusted_proxies: TrustedProxies::default(),
    }
}
