//! Small files that would take much memory to read: the verifier refuses each, in a limited address space.

use std::{
    fmt::Write as _,
    fs,
    io::{Cursor, Write as _},
    process::{Command, Stdio},
};

use report::record::PartyFacts;
use room::Role;
use serde_json::json;
use tools::needs;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{
    Receipted, all,
    doors::{brought, signed},
};
use crate::harness::{Installation, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_key_that_a_stranger_brings_makes_no_file_ours,
    keys_without_end_are_refused_before_they_are_read,
    who_decides_without_end_takes_nobody_elses_place_in_a_record,
}

/// The address space that the verifier gets, in bytes.
const ADDRESS_SPACE: u64 = 512 * 1024 * 1024;

fn envelope(record: &str, proof: &str) -> Vec<u8> {
    let format = r#"{"format":"sts-clearance/snapshot/2","proof":""#;
    format!(r#"{format}{proof}","record":{record},"record_sha256":"","renderer":""}}"#).into_bytes()
}

fn zip_of<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Returns a PDF of these objects, the first of which is the catalog, with this many lines in its table.
fn pdf_of(objects: &[&[u8]], lines: usize) -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {lines}\n0000000000 65535 f\r\n");
    for (index, object) in objects.iter().enumerate() {
        write!(table, "{:010} 00000 n\r\n", pdf.len()).unwrap();
        pdf.extend([format!("{} 0 obj\n", index + 1).as_bytes(), object, b"\nendobj\n"].concat());
    }
    for _ in objects.len() + 1..lines {
        table.push_str("0000000009 00000 n\r\n");
    }
    let start = pdf.len();
    pdf.extend(format!("{table}trailer\n<</Root 1 0 R>>\nstartxref\n{start}\n%%EOF").as_bytes());
    pdf
}

/// Returns a PDF with this record attached, deflated.
fn pdf_with(record: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(record).unwrap();
    let packed = packed.finish().unwrap();
    let head = format!("<</Filter/FlateDecode/Length {}>>\nstream\n", packed.len());
    let stream = [head.as_bytes(), &packed, b"\nendstream"].concat();
    let catalog = b"<</Type/Catalog/Names<</EmbeddedFiles<</Names[(record.json)2 0 R]>>>>>>";
    pdf_of(&[catalog, b"<</Type/Filespec/EF<</F 3 0 R>>>>", &stream], 4)
}

/// Returns a valid record with more than 32 MiB of parties.
fn parties() -> Vec<u8> {
    let mut record = report::sample::record(3);
    let party = PartyFacts { name: "a".repeat(300), ..record.parties[0].clone() };
    record.parties = vec![party; 80_000];
    let bytes = report::sample::to_bytes(&record);
    assert!(bytes.len() > 32 << 20);
    bytes
}

/// Returns the bombs: file name, bytes, and words of the refusal.
pub(crate) fn bombs() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let objects = format!("[{}]", vec![r#"{"a":0}"#; 4_000_000].join(","));
    let some = format!("[{}]", vec![r#"{"a":0}"#; 400_000].join(","));
    let nested = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let leaf = "eyJhIjow".repeat(27 * 1024 * 1024 / 8);
    let names: Vec<String> = (0..60_000).map(|number| format!("{number}")).collect();
    let mut twice = zip_of([("record.json", &b"{}"[..]), ("rekord.json", b"[]")]);
    for place in 0..twice.len() {
        if twice[place..].starts_with(b"rekord") {
            twice[place + 2] = b'c';
        }
    }
    let attached = format!("<</Names<</EmbeddedFiles<</Names[{}]>>>>>>", "()0".repeat(5_000_000));
    vec![
        ("objects.json", envelope(&objects, ""), "`record.json` is larger than the 4194304 bytes"),
        (
            "fewer.json",
            envelope(&some, ""),
            "`record.json` is too much to be read: it holds more than the 100000 values",
        ),
        (
            "objects.zip",
            zip_of([("record.json", objects.as_bytes())]),
            "`record.json` is larger than the 4194304 bytes",
        ),
        ("objects.pdf", pdf_with(objects.as_bytes()), "`record.json` is larger than the 4194304 bytes"),
        ("parties.pdf", pdf_with(&parties()), "`record.json` is larger than the 4194304 bytes"),
        ("nested.json", envelope(&nested, ""), "`record.json` is too much to be read: its values are nested"),
        ("leaf.json", envelope("{}", &leaf), "`proof.tlog` is too much to be read: it is larger than the 131072 bytes"),
        ("many.zip", zip_of(names.iter().map(|name| (name.as_str(), &b""[..]))), "it lists more files than any"),
        ("twice.zip", twice, "the zip holds two files of the same name"),
        ("table.pdf", pdf_of(&[b"<</Type/Catalog>>"], 2_000_000), "the PDF holds no `record.json`"),
        ("attached.pdf", pdf_of(&[attached.as_bytes()], 2), "the PDF has more attachments than any snapshot"),
        ("depth.pdf", pdf_of(&["[".repeat(20_000_000).as_bytes()], 2), "the PDF is not as STS Clearance writes one"),
    ]
}

#[needs(prlimit)]
#[test]
fn every_bomb_is_refused_in_512_mib_of_address_space_for_what_is_too_large() {
    let place = Installation::new(None);
    for (name, bytes, words) in bombs() {
        fs::write(place.path(name), &bytes).unwrap();
        let mut limited = Command::new("prlimit");
        limited.arg(format!("--as={ADDRESS_SPACE}")).arg(env!("CARGO_BIN_EXE_sts-clearance"));
        limited.args(["verify", name]).current_dir(place.path("")).stdin(Stdio::null());
        let ran = limited.output().unwrap();
        let said = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains(words), "{name}: {said}");
        fs::remove_file(place.path(name)).unwrap();
    }
}

async fn a_key_that_a_stranger_brings_makes_no_file_ours(app: TestApp) {
    let (file, key) = signed(|record| {
        let party = PartyFacts { name: "a".repeat(300), ..record.parties[0].clone() };
        record.parties = vec![party; 9_000];
    });
    let parts = [("file", &file[..]), ("key", key.public().as_bytes())];
    let report = brought(&app, "/verify", &parts).await.expect(200);
    assert_eq!(report["verified"], false);
    assert!(report.to_string().contains("`record.json` is larger than the 4194304 bytes"), "{report}");
    let place = Installation::new(None);
    fs::write(place.path("large.json"), &file).unwrap();
    let ran = place.run(&["verify", "large.json", "--key", key.public()]);
    assert_eq!(ran.expect(0).lines().last(), Some("verified"), "on one's own computer one's keys say what is large");
}

async fn keys_without_end_are_refused_before_they_are_read(app: TestApp) {
    let line = app.app.log_key().public().to_owned();
    for keys in [vec![line.as_str(); 65].join("\n"), vec![line.as_str(); 10_000].join("\n"), "#\n".repeat(40_000)] {
        let reply = brought(&app, "/verify", &[("file", &b"{}"[..]), ("key", keys.as_bytes())]).await;
        assert_eq!(reply.fields(), ["key"], "{} bytes: {reply:?}", keys.len());
    }
    let place = Installation::new(None);
    fs::write(place.path("keys"), vec![line; 65].join("\n")).unwrap();
    fs::write(place.path("a.json"), "{}").unwrap();
    let ran = place.run(&["verify", "a.json", "--key", "keys"]);
    assert!(ran.expect(2).is_empty() && ran.stderr.contains("there are more than the 64 keys"), "{ran:?}");
}

async fn who_decides_without_end_takes_nobody_elses_place_in_a_record(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let [charterer, owner] = [("charterer@example.com", Role::Charterer), ("owner@example.com", Role::Owner)];
    let (charterer, owner) = (app.user(charterer.0, charterer.1).await, app.user(owner.0, owner.1).await);
    app.version(&document, &broker, "study", &[]).await;
    app.post(&format!("{document}/approve"), &owner).json(json!({})).send().await.expect(200);
    for number in 0..205 {
        let reason = json!({ "reason": format!("no, {number}") });
        app.post(&format!("{document}/reject"), &charterer).json(reason).send().await.expect(200);
    }
    let room = room.strip_prefix("/rooms/").unwrap();
    let record = Receipted::of(&app.file(room, &broker, all("json")).await).record.drawn();
    let documents = record.documents.unwrap();
    let decisions = documents.iter().flat_map(|document| &document.versions).flat_map(|version| &version.decisions);
    let told: Vec<_> = decisions.map(|decision| (&*decision.by, decision.comment.as_deref())).collect();
    assert_eq!(told.len(), 202, "the owner's, the charterer's last, and 200 before that");
    assert_eq!(told[0], ("owner@example.com", None));
    assert_eq!([told[1].1, told[201].1], [Some("no, 4"), Some("no, 204")]);
    let limit = record.limits.iter().find(|limit| limit.section == "decisions").unwrap();
    assert_eq!((limit.shown, limit.total), (202, 206));
}
