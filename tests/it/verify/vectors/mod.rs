//! The test vectors of docs/format.md: files, good and bad, with what a verifier has to say of each. Every verifier is
//! held against them: ours, `verifier/verify.py` and `verifier/index.html`.
//!
//! `STS_TEST_WRITE_VECTORS=1 cargo test --test it vectors::` writes `docs/vectors` anew.

mod bad;
mod craft;
mod edit;
mod make;
mod others;
mod story;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use report::Fonts;
use serde::{Deserialize, Serialize};
use sts_clearance::evidence::{
    PublicKeys, Receipt,
    verify::{Exhibits, Judgement, verify},
};
use tempfile::TempDir;

use edit::Edit;

/// The most that all vectors may take, in bytes.
const MOST_BYTES: u64 = 3_000_000;

/// The index of the vectors.
#[derive(Serialize, Deserialize)]
struct Index {
    /// Where it is described.
    format: String,
    vectors: Vec<Vector>,
}

/// A file with what it is verified with, and what a verifier has to say of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    file: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    edits: Vec<Edit>,
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receipt: Option<String>,
    /// The outcomes of the checks that matter, by their names.
    checks: BTreeMap<String, String>,
    exit: u8,
    why: String,
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/vectors")
}

fn read_index(folder: &Path) -> Vec<Vector> {
    let index: Index = serde_json::from_slice(&fs::read(folder.join("vectors.json")).unwrap()).unwrap();
    index.vectors
}

/// What our verifier says of a vector: the exit code of `sts-clearance verify`, and the outcomes of its checks.
fn judged(folder: &Path, vector: &Vector) -> (u8, BTreeMap<String, String>) {
    let file = edit::applied(&fs::read(folder.join(&vector.file)).unwrap(), &vector.edits);
    let text = |name: &String| fs::read_to_string(folder.join(name)).unwrap();
    let keys = vector.key.as_ref().map(text).map(|keys| PublicKeys::read(&keys).unwrap());
    let (receipt, fonts) = (vector.receipt.as_ref().map(text), Fonts::embedded());
    if receipt.as_ref().is_some_and(|receipt| Receipt::read(receipt).is_err()) {
        return (2, BTreeMap::new());
    }
    let given = Exhibits { receipt: receipt.as_deref(), ..Exhibits::of(&file, keys.as_ref(), &fonts) };
    let Ok(report) = verify(&given) else { return (2, BTreeMap::new()) };
    let code = match report.judgement {
        Judgement::Verified => 0,
        Judgement::Failed => 1,
        Judgement::CannotBeJudged => 3,
    };
    let outcome = |outcome| serde_json::to_value(outcome).unwrap().as_str().unwrap().to_owned();
    (code, report.file.checks.iter().map(|check| (check.name.to_string(), outcome(check.outcome))).collect())
}

/// Asserts that our verifier says of every vector what its index says.
fn expect_judged_as_told(folder: &Path) {
    for vector in read_index(folder) {
        let (code, checks) = judged(folder, &vector);
        assert_eq!(code, vector.exit, "{}: {checks:?}", vector.name);
        for (name, outcome) in &vector.checks {
            assert_eq!(checks.get(name), Some(outcome), "{}: {name} of {checks:?}", vector.name);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "whether files of the repository are written is no setting of the server"
)]
fn is_to_be_written() -> bool {
    std::env::var("STS_TEST_WRITE_VECTORS").is_ok()
}

#[tokio::test]
async fn every_vector_has_its_verdict_in_our_verifier() {
    if is_to_be_written() {
        fs::remove_dir_all(committed()).unwrap();
        make::make(&committed()).await;
    }
    expect_judged_as_told(&committed());
    let exits: Vec<_> = read_index(&committed()).iter().map(|vector| vector.exit).collect();
    for (exit, least) in [(0, 8), (1, 30), (2, 1), (3, 4)] {
        let found: Vec<_> = exits.iter().filter(|it| **it == exit).collect();
        assert!(found.len() >= least, "{exit}: {exits:?}");
    }
}

#[tokio::test]
async fn vectors_that_are_made_now_have_the_same_verdicts_in_ours_and_in_the_program_of_a_stranger() {
    let folder = TempDir::new().unwrap();
    make::make(folder.path()).await;
    expect_judged_as_told(folder.path());
    let names = |folder: &Path| -> Vec<_> { read_index(folder).into_iter().map(|vector| vector.name).collect() };
    assert_eq!(names(folder.path()), names(&committed()), "docs/vectors is of another version of this program");
    others::if_there_is_python(folder.path());
}

#[test]
fn the_vectors_are_small_and_each_of_their_files_is_named() {
    let vectors = read_index(&committed());
    let named = |name: &str| {
        let of =
            |vector: &Vector| vector.file == name || [&vector.key, &vector.receipt].contains(&&Some(name.to_owned()));
        name == "vectors.json" || vectors.iter().any(of)
    };
    let mut bytes = 0;
    for file in fs::read_dir(committed()).unwrap() {
        let file = file.unwrap();
        bytes += file.metadata().unwrap().len();
        assert!(named(file.file_name().to_str().unwrap()), "{:?} is in no vector", file.path());
    }
    assert!((1_000..MOST_BYTES).contains(&bytes), "docs/vectors has {bytes} bytes");
}
