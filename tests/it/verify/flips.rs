//! A file with any one bit flipped does not verify, and the verifier does not panic.

use std::{
    collections::HashMap,
    io::Write,
    sync::{Mutex, PoisonError},
    thread,
    time::Instant,
};

use report::{Edition, Fonts, Format, Opened, Rendered, ReportError};
use serde_json::json;
use sts_clearance::evidence::{
    PublicKeys,
    verify::{CheckOutcome, Drawer, Exhibits, Judgement, Report, verify},
};

use super::{Parts, all, check, expect_verified, unsealed, with_entries};
use crate::harness::TestApp;

/// The checks that no flip gets past: of files with a receipt, then of those of earlier versions. `follows` looks at the
/// receipt's path to the position, which is signed by nobody and in no hash.
const PROTECTING: [&str; 10] =
    ["record", "logged", "sealed", "follows", "seal", "log entry", "inclusion", "entries", "checkpoint", "rendering"];

/// Draws, and keeps what it has drawn for each record: most flips leave the record the same.
struct Keeping {
    fonts: Fonts,
    drawn: Mutex<HashMap<Vec<u8>, Rendered>>,
}

impl Drawer for Keeping {
    fn fonts(&self) -> &str {
        self.fonts.name()
    }

    fn edition_of(&self, renderer: &str) -> Option<Edition> {
        self.fonts.edition_of(renderer)
    }

    fn draw(&self, opened: &Opened, edition: Edition) -> Result<Rendered, ReportError> {
        let proof = opened.proof.as_deref().unwrap_or_default();
        let key = [&opened.record, proof.as_bytes(), edition.name().as_bytes()].concat();
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = drawn.get(&key) {
            return Ok(kept.clone());
        }
        let rendered = self.fonts.draw(opened, edition)?;
        drawn.insert(key, rendered.clone());
        Ok(rendered)
    }
}

/// Whether the file does not verify because it is not what was logged or sealed, or cannot be opened.
fn is_detected(report: &Report) -> bool {
    let failed = |name| report.file.checks.iter().any(|it| it.name == name && it.outcome == CheckOutcome::Failed);
    // A name that is flipped may be that of a later version: of the envelope, or of the renderer of an earlier file.
    let is_named = |name| report.file.checks.iter().any(|it| it.name == name && it.outcome == CheckOutcome::Skipped);
    match report.judgement {
        Judgement::Verified => false,
        Judgement::Failed => PROTECTING.into_iter().any(failed),
        Judgement::CannotBeJudged => is_named("record") || is_named("rendering"),
    }
}

/// Verifies the file with each of these bits flipped by itself, on all cores. `bits` count from the file's beginning.
fn flip(what: &str, file: &[u8], keys: &PublicKeys, bits: &[usize]) {
    expect_verified(&check(file, keys).unwrap());
    let started = Instant::now();
    let drawer = Keeping { fonts: Fonts::embedded(), drawn: Mutex::default() };
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for bits in bits.chunks(bits.len().div_ceil(threads)) {
            let drawer = &drawer;
            scope.spawn(move || {
                let mut flipped = file.to_vec();
                for bit in bits {
                    flipped[bit / 8] ^= 1 << (bit % 8);
                    let report = verify(&Exhibits::of(&flipped, Some(keys), drawer));
                    if let Ok(report) = report {
                        assert!(is_detected(&report), "{what}: bit {} of byte {}: {report:#?}", bit % 8, bit / 8);
                    }
                    flipped[bit / 8] ^= 1 << (bit % 8);
                }
            });
        }
    });
    let line = format!("{what}: {} bits of {} bytes, {:.1?}", bits.len(), file.len(), started.elapsed());
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Returns one bit of every byte, at a position that changes from byte to byte.
fn one_of_each_byte(file: &[u8]) -> Vec<usize> {
    (0..file.len()).map(|byte| byte * 8 + byte % 8).collect()
}

/// Returns this many pseudo-random bits, the same in every run (xorshift64).
fn at_random(file: &[u8], number: usize) -> Vec<usize> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % (file.len() as u64 * 8)).unwrap()
    };
    (0..number).map(next).collect()
}

/// Returns files of a room after this many changes, and the server.
async fn files<const N: usize>(changes: usize, asked: [serde_json::Value; N]) -> ([Vec<u8>; N], TestApp) {
    let app = TestApp::on_sqlite().await;
    let (room, broker) = app.room().await;
    for number in 0..changes {
        let title = json!({ "title": format!("Title {number}") });
        app.patch(&format!("/rooms/{room}"), &broker).json(title).send().await.expect(200);
    }
    let mut files = Vec::new();
    for asked in asked {
        files.push(app.file(&room, &broker, asked).await);
    }
    (files.try_into().unwrap(), app)
}

/// Returns what an earlier version would have made of a snapshot.
fn earlier(file: &[u8], app: &TestApp) -> Parts {
    Parts::of_earlier_version(file, &app.app.log_key())
}

/// Returns whether to try every flip that was promised: every bit of small files, one bit of each byte of a PDF, and
/// 10,000 random bits of large files. Otherwise a sample is tried, to save time.
pub(super) fn thorough() -> bool {
    every_bit().is_some()
}

/// Returns how much was asked for: `all` is every byte in the slow programs of strangers too.
#[expect(clippy::disallowed_methods, reason = "how much is tested is no setting of the server")]
pub(super) fn every_bit() -> Option<String> {
    std::env::var("STS_TEST_EVERY_BIT").ok()
}

/// Returns every bit of the file if [`thorough`], else one of each byte.
fn of_a_small_file(file: &[u8]) -> Vec<usize> {
    if thorough() { (0..file.len() * 8).collect() } else { one_of_each_byte(file) }
}

/// Returns one bit of each byte of the file if [`thorough`], else fewer in its seal and before.
fn of_a_pdf(file: &[u8]) -> Vec<usize> {
    let bits = one_of_each_byte(file);
    if thorough() {
        return bits;
    }
    let unsealed = unsealed(file);
    // The seal is mostly hexadecimal digits and trailing zeros, so a bit of every seventh byte is enough there.
    let sealed = unsealed.len() * 8;
    bits.into_iter().filter(|bit| *bit >= sealed).step_by(7).chain(at_random(unsealed, 1_000)).collect()
}

#[tokio::test]
async fn of_a_small_json_file_no_bit_can_be_flipped() {
    let ([file], app) = files(0, [with_entries("json")]).await;
    flip("small JSON", &file, &app.keys(), &of_a_small_file(&file));
    let earlier = earlier(&file, &app).small(Format::Json, &app.app.log_key()).file();
    flip("small JSON of an earlier version", &earlier, &app.keys(), &of_a_small_file(&earlier));
}

#[tokio::test]
async fn of_a_small_zip_no_bit_can_be_flipped() {
    let ([file], app) = files(0, [with_entries("csv")]).await;
    flip("small zip", &file, &app.keys(), &of_a_small_file(&file));
    let earlier = earlier(&file, &app).small(Format::Csv, &app.app.log_key()).file();
    flip("small zip of an earlier version", &earlier, &app.keys(), &of_a_small_file(&earlier));
}

#[tokio::test]
async fn of_a_small_pdf_no_byte_can_have_a_bit_flipped() {
    let ([file], app) = files(0, [with_entries("pdf")]).await;
    flip("small PDF", &file, &app.keys(), &of_a_pdf(&file));
    let earlier = earlier(&file, &app).small(Format::Pdf, &app.app.log_key()).sealed(&app);
    flip("small PDF of an earlier version", &earlier, &app.keys(), &of_a_pdf(&earlier));
}

#[tokio::test]
async fn of_large_files_no_bit_at_random_can_be_flipped() {
    let ([pdf, json, zip], app) = files(300, [all("pdf"), all("json"), all("csv")]).await;
    let earlier = [earlier(&pdf, &app).sealed(&app), earlier(&json, &app).file(), earlier(&zip, &app).file()];
    let kinds = ["large PDF", "large JSON", "large zip"];
    for (what, file) in kinds.into_iter().cycle().zip([pdf, json, zip].into_iter().chain(earlier)) {
        flip(what, &file, &app.keys(), &at_random(&file, if thorough() { 10_000 } else { 200 }));
    }
}
