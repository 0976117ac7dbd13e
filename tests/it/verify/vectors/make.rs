//! Makes the vectors: the files of a room, good ones and such as a server has signed although they are not right.

use std::{collections::BTreeMap, fs, path::Path};

use report::record::EntryFacts;
use serde_json::{Value, json};
use sts_clearance::evidence::{Checkpoint, LogKey, succession};

use super::{
    super::{all, parts::Receipted, unsealed, with_entries},
    Index, Vector, bad,
    craft::Crafted,
    edit::Edit,
    story::Story,
};

/// The vectors so far, and the folder that their files are written to.
pub(super) struct Vectors<'a> {
    folder: &'a Path,
    vectors: Vec<Vector>,
}

impl Vectors<'_> {
    pub(super) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.folder.join(name), bytes).unwrap();
    }

    /// Adds a vector that is verified with the server's key. `checks` are written as `logged failed, follows ok`.
    pub(super) fn add(
        &mut self,
        name: &str,
        file: &str,
        edits: &[Edit],
        (exit, checks, why): (u8, &str, &str),
    ) -> &mut Vector {
        let checks = checks.split(", ").filter(|check| !check.is_empty());
        let checks: BTreeMap<_, _> = checks
            .map(|check| check.rsplit_once(' ').unwrap())
            .map(|(name, outcome)| (name.to_owned(), outcome.to_owned()))
            .collect();
        self.vectors.push(Vector {
            name: name.into(),
            file: file.into(),
            edits: edits.to_vec(),
            key: Some("server.key".into()),
            receipt: None,
            checks,
            exit,
            why: why.into(),
        });
        self.vectors.last_mut().unwrap()
    }

    /// Writes a file of its own, and adds a vector of it.
    fn file(&mut self, name: &str, bytes: &[u8], exit: u8, checks: &str, why: &str) -> &mut Vector {
        let file = format!("{name}.json");
        self.write(&file, bytes);
        self.add(name, &file, &[], (exit, checks, why))
    }
}

pub(super) const GOOD: &str = "record ok, logged ok, follows ok";
const SEALED: &str = "record ok, logged ok, follows ok, sealed ok";

/// The files that are good, and what bad ones are made of.
struct Files {
    small_pdf: Vec<u8>,
    small_json: Vec<u8>,
    small_zip: Vec<u8>,
    rich_json: Vec<u8>,
    /// Another snapshot of the room with the small files, and one of another room.
    later_json: Vec<u8>,
    other_json: Vec<u8>,
}

/// Writes all vectors and their index into a folder.
pub(super) async fn make(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let story = Story::told().await;
    let mut vectors = Vectors { folder, vectors: Vec::new() };
    let files = good(&mut vectors, &story).await;
    let key = &story.app.app.log_key();
    keys(&mut vectors, &files, key);
    rotated(&mut vectors, &files, key);
    not_sealed(&mut vectors, &files.small_pdf, key);
    crafted(&mut vectors, &files, key);
    receipts(&mut vectors, &files, key);
    bad::of_json(&mut vectors, &files.small_json);
    bad::beyond_bounds(&mut vectors, &files.small_json);
    bad::of_zip(&mut vectors, &files.small_zip);
    bad::of_pdf(&mut vectors, &files.small_pdf);
    let index = Index { format: "docs/format.md".into(), vectors: vectors.vectors };
    fs::write(folder.join("vectors.json"), serde_json::to_string_pretty(&index).unwrap() + "\n").unwrap();
}

async fn good(vectors: &mut Vectors<'_>, story: &Story) -> Files {
    let Story { app, room, .. } = story;
    vectors.write("server.key", format!("{}\n", app.app.log_key().public()));
    let broker = app.session("broker@example.com").await;
    let small_room = app.another_room(&broker).await;
    let mut small = Vec::new();
    for kind in ["pdf", "json", "csv"] {
        let (extension, checks) = match kind {
            "pdf" => ("pdf", SEALED),
            "csv" => ("zip", GOOD),
            _ => ("json", GOOD),
        };
        for (size, room, asked) in [("small", &small_room, with_entries(kind)), ("rich", room, all(kind))] {
            let (name, bytes) = (format!("{size}.{extension}"), app.file(room, &broker, asked).await);
            vectors.write(&name, &bytes);
            let why =
                format!("A {kind} snapshot as the server made it, of a room in which {size} things have happened");
            vectors.add(&format!("{size}-{extension}"), &name, &[], (0, checks, &why));
            small.push(bytes);
        }
    }
    let [small_pdf, _, small_json, rich_json, small_zip, _] = small.try_into().unwrap();
    for (section, exit, checks) in
        [("documents", 0, GOOD), ("approvals", 0, GOOD), ("activity", 3, "record ok, logged ok, follows skipped")]
    {
        let asked = json!({ "snapshot_type": "json", (format!("include_{section}")): false });
        let bytes = app.file(room, &broker, asked).await;
        let why = format!("A snapshot without `{section}`; the facts follow from the entries, if these are there");
        vectors.file(&format!("without-{section}"), &bytes, exit, checks, &why);
    }
    let later_json = app.file(&small_room, &broker, with_entries("json")).await;
    let another = app.another_room(&broker).await;
    let other_json = app.file(&another, &broker, with_entries("json")).await;
    Files { small_pdf, small_json, small_zip, rich_json, later_json, other_json }
}

fn keys(vectors: &mut Vectors<'_>, files: &Files, own: &LogKey) {
    let elsewhere = LogKey::new("elsewhere.example.com", [5; 32]).unwrap();
    let stranger = LogKey::new(own.name(), [7; 32]).unwrap();
    vectors.write(
        "elsewhere.key",
        format!("# two servers that are trusted\n{}\n\n{}\n", own.public(), elsewhere.public()),
    );
    vectors.write("stranger.key", format!("{}\n", stranger.public()));
    let why = "No key is given: the one that a file prints proves nothing";
    vectors.add("no-key", "small.json", &[], (3, "record ok, logged skipped, follows ok", why)).key = None;
    let why = "The key is another of the same name";
    let failed = "record ok, logged failed, follows ok";
    vectors.add("key-of-a-stranger", "small.json", &[], (1, failed, why)).key = Some("stranger.key".into());
    let why = "A list of keys, of which one is the server's";
    vectors.add("key-among-others", "small.json", &[], (0, GOOD, why)).key = Some("elsewhere.key".into());
    let crafted = Crafted::of(&files.small_json);
    let resigned = |key: &LogKey| {
        let mut crafted = crafted.clone();
        let checkpoint = crafted.parts.checkpoint();
        crafted.parts.sign(&checkpoint, key);
        crafted.with_receipt(&crafted.parts.receipt.to_string())
    };
    let why = "The checkpoint is signed by the key of another server, which is trusted for its own logs";
    vectors.file("signed-elsewhere", &resigned(&elsewhere), 1, failed, why).key = Some("elsewhere.key".into());
    let why = "The checkpoint is signed by a key that has the server's name and is not its key";
    vectors.file("signed-by-a-stranger", &resigned(&stranger), 1, failed, why);
    let mut renamed = crafted.clone();
    let Checkpoint { size, root, .. } = renamed.parts.checkpoint();
    let origin = format!("elsewhere.example.com/rooms/{}", renamed.parts.record.facts.room.id);
    renamed.parts.sign(&Checkpoint { origin, size, root }, &elsewhere);
    let renamed = renamed.with_receipt(&renamed.parts.receipt.to_string());
    let why =
        "The checkpoint is one of another server's log of a room with this id, and the record is of this server's";
    vectors.file("log-of-another-server", &renamed, 1, failed, why).key = Some("elsewhere.key".into());
}

/// Files that are signed with a key that has followed the server's, and notes that say so or do not.
fn rotated(vectors: &mut Vectors<'_>, files: &Files, own: &LogKey) {
    let next = LogKey::new(own.name(), [9; 32]).unwrap();
    let thief = LogKey::new(own.name(), [8; 32]).unwrap();
    vectors.write("next.key", format!("{}\n", next.public()));
    let crafted = Crafted::of(&files.small_json);
    let signed = |key: &LogKey, notes: &[String]| {
        let mut crafted = crafted.clone();
        let checkpoint = crafted.parts.checkpoint();
        crafted.parts.sign(&checkpoint, key);
        crafted.parts.receipt.notes = notes.to_vec();
        crafted.with_receipt(&crafted.parts.receipt.to_string())
    };
    let (note, stolen) = (succession(own, &next), succession(own, &thief));
    let why = "The key is another one since, and a note in the receipt, which the given key has signed, leads to it";
    vectors.file("key-that-followed", &signed(&next, std::slice::from_ref(&note)), 0, GOOD, why);
    let failed = "record ok, logged failed, follows ok";
    let why = "The key is another one since, and there is no note that leads to it";
    vectors.file("key-that-followed-without-a-note", &signed(&next, &[]), 1, failed, why);
    let why = "The given key followed the one that has signed, as a note says";
    let before = signed(own, std::slice::from_ref(&note));
    vectors.file("key-that-was-followed", &before, 0, GOOD, why).key = Some("next.key".into());
    let why = "A key that was replaced names another successor than the given one: it vouches for none any more";
    let notes = [note.clone(), stolen];
    vectors.file("key-of-a-thief", &signed(&thief, &notes), 1, failed, why).key = Some("next.key".into());
    let changed = note.replacen("follows", "fol1ows", 1);
    let why = "The note that leads to the key has another text";
    vectors.file("key-with-another-note", &signed(&next, &[changed]), 1, failed, why);
}

/// A PDF that the server could not seal, which its log says.
fn not_sealed(vectors: &mut Vectors<'_>, file: &[u8], key: &LogKey) {
    let mut parts = Receipted::of(file);
    let (entries, mut leaf) = (parts.entries(), parts.leaf());
    leaf.meta["certificate_sha256"] = Value::Null;
    leaf.meta["not_sealed"] = "the certificate has expired".into();
    parts.prove_leaf(&entries, leaf, key);
    let size = usize::try_from(report::split(unsealed(file)).unwrap().body.size).unwrap();
    let unsealed = report::with_receipt(report::Format::Pdf, &file[..size], &parts.receipt.to_string());
    vectors.write("not-sealed.pdf", unsealed.unwrap());
    let checks = "record ok, logged ok, follows ok, sealed skipped";
    vectors.add(
        "pdf-not-sealed",
        "not-sealed.pdf",
        &[],
        (0, checks, "The log says that the file is not sealed, and why"),
    );
}

/// What a server signs that lies, or that is of a later version.
fn crafted(vectors: &mut Vectors<'_>, files: &Files, key: &LogKey) {
    let small = Crafted::of(&files.small_json);
    let not_following = "record ok, logged ok, follows failed";
    let mut lying = small.clone();
    lying.parts.record.facts.room.title = "Another title".into();
    let why = "The record says a title that the log does not; the server has signed it all the same";
    vectors.file("facts-that-do-not-follow", &lying.signed_as_it_is(key), 1, not_following, why);
    let contradicting = small.with_entries(|entries| {
        let created = entries[0].clone();
        entries.push(created);
    });
    let why = "The log tells that the room is opened twice: it cannot be folded";
    vectors.file("log-that-contradicts-itself", &contradicting.signed_as_it_is(key), 1, not_following, why);
    let later = small.with_entries(|entries| entries.last_mut().unwrap().meta["v"] = 3.into());
    let why = "An event of a later version: what follows from it is not known here";
    vectors.file("event-of-a-later-version", &later.signed_as_it_is(key), 3, "logged ok, follows skipped", why);
    let unknown = small.with_entries(|entries| entries.last_mut().unwrap().action = "room_painted".into());
    let why = "An event that its version does not have";
    vectors.file("event-that-is-none", &unknown.signed_as_it_is(key), 1, not_following, why);
    let backwards = small.with_entries(|entries| {
        entries.last_mut().unwrap().timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    });
    let why = "The time of an entry is before that of the entry before it";
    vectors.file("time-that-runs-backwards", &backwards.signed_as_it_is(key), 1, not_following, why);
    let mut record = small.record();
    record["schema"] = "sts-clearance/record/5".into();
    let bytes = small.signed(&serde_json_canonicalizer::to_vec(&record).unwrap(), &small.parts.entries(), key);
    let why = "A record of a later schema";
    vectors.file("record-of-a-later-schema", &bytes, 3, "record skipped, logged ok, follows skipped", why);
    unfit_records(vectors, &small, key);
    let mut missing = small.clone();
    let all_entries = small.parts.entries();
    missing.parts.record.entries.as_mut().unwrap().remove(1);
    let record = serde_json_canonicalizer::to_vec(&missing.parts.record).unwrap();
    let why = "An entry is left out of the record, which is signed";
    vectors.file("entry-left-out-and-signed", &missing.signed(&record, &all_entries, key), 1, not_following, why);
    let rich = Crafted::of(&files.rich_json);
    let adopted = small.adopted().signed_as_it_is(key);
    let why = "A log with entries of version 1 and odd numbers, adopted, marked, continued, adopted again by an operator, given back and adopted";
    vectors.file("adopted", &adopted, 0, GOOD, why);
    let why =
        "Only the newest entries, with the roots before them: the entries are the log's, the facts cannot be folded";
    let newest = rich.with_newest(7, key);
    vectors.file("newest-entries", &newest, 3, "record ok, logged ok, follows skipped", why);
    let mut short = small.clone();
    short.parts.record.before = vec!["0".repeat(64)];
    let why = "Roots of subtrees before the entries, although none are left out";
    vectors.file("roots-too-many", &short.signed_as_it_is(key), 1, not_following, why);
    continued(vectors, &small, key);
    approving_roles(vectors, &small, key);
}

/// Logs in which a document names the roles that have to approve it. The facts have no documents, so that nothing but the
/// fold can tell what is wrong.
fn approving_roles(vectors: &mut Vectors<'_>, small: &Crafted, key: &LogKey) {
    let cases: [(&str, [&str; 2], u8, &str); 3] = [
        (
            "decision-in-named-roles",
            ["owner", "charterer"],
            0,
            "A decision in two roles, both of which the document names",
        ),
        (
            "decision-in-a-role-not-named",
            ["owner", "broker"],
            1,
            "A decision in two roles, of which the document names one",
        ),
        (
            "roles-out-of-order",
            ["charterer", "owner"],
            1,
            "A document that names roles in another order than the vocabulary's",
        ),
    ];
    let [document, version, decision] = [7, 8, 9].map(|id| format!("01890a5d-ac96-774b-bcce-00000000000{id}"));
    for (name, named, exit, why) in cases {
        let log = small.with_entries(|entries| {
            let mut opened = entries.iter().find(|entry| entry.action == "documents_opened").unwrap().clone();
            let mut slot = opened.meta["slots"][0].clone();
            slot["document_id"] = document.as_str().into();
            slot["document_type"] = "TOLD".into();
            slot["must_approve"] = json!(named);
            opened.meta["slots"] = json!([slot]);
            opened.meta["document_types"] = json!(["TOLD"]);
            let about = json!({
                "v": 2, "document_id": document, "document_type": "TOLD", "vessel": null, "version_id": version, "version": 1,
            });
            let told = |action: &str, fields: Value| {
                let mut entry = EntryFacts { action: action.into(), ..opened.clone() };
                entry.meta = about.clone();
                entry.meta.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
                entry
            };
            let uploaded = json!({
                "file_name": "a.pdf", "file_size": 1, "file_kind": "pdf", "file_sha256": "0".repeat(64), "expires_on": null,
                "expiry_assumed": false, "notes": null, "told_eta": null, "uploader_role": "seller",
            });
            let decided = json!({
                "decision_id": decision, "role": "owner", "roles": ["owner", "charterer"], "verdict": "approved", "comment": null,
            });
            let added = [told("document_uploaded", uploaded), told("document_decided", decided)];
            let at = entries.iter().position(|entry| entry.action == "documents_opened").unwrap() + 1;
            entries.splice(at..at, [opened.clone()].into_iter().chain(added));
        });
        let checks = if exit == 0 { GOOD } else { "record ok, logged ok, follows failed" };
        vectors.file(name, &log.signed_as_it_is(key), exit, checks, why);
    }
}

/// Records that are signed, and are not in the one form that a record has.
fn unfit_records(vectors: &mut Vectors<'_>, small: &Crafted, key: &LogKey) {
    let entries = small.parts.entries();
    let text = String::from_utf8(serde_json_canonicalizer::to_vec(&small.record()).unwrap()).unwrap();
    let cases: [(&str, String, &str); 6] = [
        (
            "duplicate-key",
            text.replacen(r#"{"entries":"#, r#"{"before":[],"before":[],"entries":"#, 1),
            "A name is there twice",
        ),
        ("space", text.replacen(r#","facts":"#, r#", "facts":"#, 1), "A space between two values"),
        ("escape", text.replacen("STS Ceuta", r"\u0053TS Ceuta", 1), "A character is escaped that need not be"),
        (
            "fraction",
            text.replacen(r#""planned_duration_hours":48"#, r#""planned_duration_hours":48.0"#, 1),
            "A whole number with a fraction",
        ),
        ("field", text.replacen(r#""settings":{"#, r#""settings":{"more":1,"#, 1), "A field that the schema has not"),
        ("surrogate", text.replacen("STS Ceuta", r"\ud83dTS Ceuta", 1), "Half of a surrogate pair"),
    ];
    for (name, record, why) in cases {
        assert_ne!(record, text, "{name}");
        let bytes = small.signed(record.as_bytes(), &entries, key);
        let name = format!("signed-record-with-a-{name}");
        vectors.file(&name, &bytes, 1, "record failed", &format!("{why}, in a record that is signed"));
    }
}

/// A log that went on under another name between the position and the receipt.
fn continued(vectors: &mut Vectors<'_>, small: &Crafted, key: &LogKey) {
    let begun = small.parts.checkpoint().origin;
    let why = "The log of the record and that of the receipt, by their names: equal, or the receipt's is a later continuation";
    for (name, shown, signed, exit) in
        [("continued", "/2", "/3", 0), ("continued-backwards", "/3", "/2", 1), ("continued-oddly", "", "/02", 1)]
    {
        let mut crafted = small.clone();
        crafted.parts.record.log.origin = Some(format!("{begun}{shown}"));
        crafted.parts.prove(&small.parts.entries(), key);
        let checkpoint = Checkpoint { origin: format!("{begun}{signed}"), ..crafted.parts.checkpoint() };
        crafted.parts.sign(&checkpoint, key);
        let bytes = crafted.parts.file();
        let checks = if exit == 0 { GOOD } else { "record ok, logged failed, follows ok" };
        vectors.file(name, &bytes, exit, checks, why);
    }
}

fn receipts(vectors: &mut Vectors<'_>, files: &Files, key: &LogKey) {
    let small = Crafted::of(&files.small_json);
    let receipt_of = |file: &[u8]| Crafted::of(file).parts.receipt;
    let (own, later, other) =
        (receipt_of(&files.small_json), receipt_of(&files.later_json), receipt_of(&files.other_json));
    vectors.write("small.receipt", own.to_string());
    vectors.write("later.receipt", later.to_string());
    vectors.write("broken.receipt", own.to_string().replacen("index ", "index 0", 1));
    let failed = "record ok, logged failed";
    let why = "The receipt is that of another snapshot of the room";
    vectors.file("receipt-of-another-snapshot", &small.with_receipt(&later.to_string()), 1, failed, why);
    let why = "The receipt is that of a snapshot of another room";
    vectors.file("receipt-of-another-room", &small.with_receipt(&other.to_string()), 1, failed, why);
    let mut older = Crafted::of(&files.later_json);
    older.parts.receipt.proof.checkpoint.clone_from(&own.proof.checkpoint);
    let why = "The checkpoint is an older one of the same log, before the entry";
    let older = older.with_receipt(&older.parts.receipt.to_string());
    vectors.file("receipt-of-an-older-size", &older, 1, "record ok, logged failed, follows failed", why);
    let mut inconsistent = Crafted::of(&files.later_json);
    inconsistent.parts.receipt.consistency.pop();
    let inconsistent = inconsistent.with_receipt(&inconsistent.parts.receipt.to_string());
    let why = "The proof that the log goes on from the position is another one";
    vectors.file("receipt-that-is-not-consistent", &inconsistent, 1, "record ok, logged ok, follows failed", why);
    let mut moved = small.clone();
    let mut leaf = moved.parts.leaf();
    leaf.meta["snapshot_id"] = "01994f6e-0000-7000-8000-000000000001".into();
    moved.parts.prove_leaf(&small.parts.entries(), leaf, key);
    let moved = moved.with_receipt(&moved.parts.receipt.to_string());
    let why = "The log tells of these bytes, and says that they are of another snapshot";
    vectors.file("entry-of-another-snapshot", &moved, 1, failed, why);
    let beside = |vectors: &mut Vectors<'_>, name: &str, exit, checks, receipt: &str, why| {
        vectors.add(name, "small.json", &[], (exit, checks, why)).receipt = Some(receipt.into());
    };
    let ok = "logged ok, follows ok, receipt ok";
    beside(vectors, "receipt-beside", 0, ok, "small.receipt", "The file's own receipt, given beside it");
    let failed = "logged ok, follows ok, receipt failed";
    beside(
        vectors,
        "another-receipt-beside",
        1,
        failed,
        "later.receipt",
        "Another snapshot's receipt beside a good file",
    );
    beside(vectors, "broken-receipt-beside", 2, "", "broken.receipt", "A receipt in which a number has a leading zero");
}
