//! The verifier and forged files: each forgery is detected and named.

pub(crate) mod bombs;
mod doors;
mod flips;
mod forged;
mod history;
mod keys;
mod own_log;
mod own_seals;
mod parts;
mod receipts;
mod released;
mod seals;
mod vectors;

use report::Fonts;
use serde_json::{Value, json};

use parts::{Parts, Receipted, tree, unsealed};
use sts_clearance::evidence::{
    PublicKeys,
    verify::{CheckOutcome, Exhibits, Judgement, Report, Unreadable, verify},
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

/// The request for a snapshot with the log's entries as its only optional section.
fn with_entries(kind: &str) -> Value {
    json!({ "snapshot_type": kind, "include_documents": false, "include_approvals": false })
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
    verify(&Exhibits { older, consistency, ..Exhibits::of(file, Some(keys), &fonts) })
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
    let checks = || report.file.checks.iter().chain(report.older.iter().flat_map(|older| &older.checks));
    let has_failed = checks().any(|check| check.outcome == CheckOutcome::Failed);
    let (judgement, verdict) = if has_failed {
        (Judgement::Failed, "does not verify: ")
    } else {
        (Judgement::CannotBeJudged, "cannot be judged: ")
    };
    assert!(!report.verified && report.sentence.is_none() && report.verdict.starts_with(verdict), "{report:#?}");
    assert_eq!(report.judgement, judgement);
    let check = report.file.checks.iter().find(|check| check.name == name).unwrap();
    assert_eq!(check.outcome, outcome, "{report:#?}");
    assert!(check.detail.contains(words), "`{words}` is not in: {}", check.detail);
}

#[track_caller]
fn expect_failed(report: &Report, name: &str, words: &str) {
    expect_fault(report, name, CheckOutcome::Failed, words);
}
