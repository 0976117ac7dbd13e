//! The verifiers of strangers against the vectors: `verifier/verify.py`, and `verifier/index.html` in Chromium.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tools::needs;

use super::{
    super::flips::{every_bit, thorough},
    committed,
};

/// Verifies every vector of a folder in one process, and prints what differs from the index.
const DRIVER: &str = r#"
import importlib.util, json, pathlib, sys
spec = importlib.util.spec_from_file_location("verify", sys.argv[1])
verify = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify)
folder = pathlib.Path(sys.argv[2])
faults = 0
for vector in json.loads((folder / "vectors.json").read_text())["vectors"]:
    data, done, parts = (folder / vector["file"]).read_bytes(), 0, []
    for edit in vector.get("edits", []):
        parts += [data[done : edit["at"]], bytes.fromhex(edit.get("insert", "")) * edit.get("times", 1)]
        done = edit["at"] + edit.get("remove", 0)
    data = b"".join(parts) + data[done:]
    text = lambda name: name and (folder / name).read_text()
    try:
        key = text(vector["key"])
        found = verify.verify(data, key and verify.read_keys(key), text(vector.get("receipt")))
        code, checks = found["code"], {check["name"]: check for check in found["checks"]}
    except verify.Unreadable as unreadable:
        code, checks = 2, {}
    wanted = dict(vector["checks"])
    if wanted.get("sealed") == "ok":
        wanted["sealed"] = "skipped"
    outcomes = {name: checks[name]["outcome"] for name in wanted if name in checks}
    if (code, outcomes) != (vector["exit"], wanted):
        faults += 1
        print(vector["name"], code, vector["exit"], wanted, list(checks.values()))
print(faults, "of", len(json.loads((folder / "vectors.json").read_text())["vectors"]), "differ")
sys.exit(faults > 0)
"#;

/// Flips bits of a file in one process: of every so many bytes one, at a position that changes from byte to byte. None of
/// the files may verify, but for those in which a byte of the signature is another one, which this program does not judge.
const FLIPS: &str = r#"
import importlib.util, pathlib, sys
spec = importlib.util.spec_from_file_location("verify", sys.argv[1])
verify = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify)
data, keys = pathlib.Path(sys.argv[2]).read_bytes(), verify.read_keys(pathlib.Path(sys.argv[3]).read_text())
every, excepted = int(sys.argv[4]), range(0)
if data.startswith(b"%PDF-"):
    at = data.index(b"/Contents<", data.rindex(verify.SIGNATURE)) + len(b"/Contents<")
    length = 4 + int(data[at + 4 : at + 8], 16)
    excepted = range(at, at + 2 * length)
assert verify.verify(data, keys)["code"] == 0
flipped, tried, passed = bytearray(data), 0, 0
for at in range(0, len(data), every):
    flipped[at] ^= 1 << at // every % 8
    try:
        code = verify.verify(bytes(flipped), keys)["code"]
    except verify.Unreadable:
        code = 2
    flipped[at] = data[at]
    tried += 1
    if code == 0:
        passed += 1
        assert at in excepted, f"a flip at {at} verifies"
print(f"{tried} flips, {passed} of them in the signature")
"#;

fn python() -> Option<OsString> {
    std::env::var_os("STS_TEST_PYTHON")
}

/// Runs a Python program with arguments. Fails unless it succeeds.
#[track_caller]
fn run(program: &str, arguments: &[&OsStr]) -> String {
    let python = python().expect("STS_TEST_PYTHON is set where a test needs it");
    let output = Command::new(python).args(["-B", "-c", program]).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("verifier/verify.py")
}

/// Holds `verifier/verify.py` against the vectors of a folder, where there is a Python to run it.
pub(super) fn if_there_is_python(folder: &Path) {
    if python().is_some() {
        run(DRIVER, &[program().as_ref(), folder.as_ref()]);
    }
}

#[needs(pyhanko)]
#[test]
fn every_vector_has_its_verdict_in_the_program_in_python() {
    let said = run(DRIVER, &[program().as_ref(), committed().as_ref()]);
    assert!(said.contains("0 of "), "{said}");
}

/// Of how many bytes of each small file one is flipped. With `STS_TEST_EVERY_BIT=all` it is every one, which takes half an
/// hour; with another value every one but of the PDF, otherwise a sample.
fn steps() -> [(&'static str, &'static str); 3] {
    match every_bit().as_deref() {
        Some("all") => [("small.json", "1"), ("small.zip", "1"), ("small.pdf", "1")],
        Some(_) => [("small.json", "1"), ("small.zip", "1"), ("small.pdf", "23")],
        None => [("small.json", "7"), ("small.zip", "19"), ("small.pdf", "397")],
    }
}

#[needs(pyhanko)]
#[test]
fn no_byte_of_a_small_file_can_be_flipped_unseen_by_the_program_in_python() {
    for (name, every) in steps() {
        let (file, key) = (committed().join(name), committed().join("server.key"));
        let said = run(FLIPS, &[program().as_ref(), file.as_ref(), key.as_ref(), every.as_ref()]);
        assert!(said.contains(" flips, "), "{name}: {said}");
        let _ = write!(io::stderr(), "{name}: {said}");
    }
}

/// The story flips bytes too.
#[needs(browser)]
#[test]
fn every_vector_has_its_verdict_in_the_page_and_no_flipped_byte_is_unseen_there() {
    let every = steps().map(|(name, every)| format!("{name}:{every}")).join(" ");
    let mut command = Command::new("node");
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    // The page asks no server: there is none at this address.
    command.arg(scripts.join("run.mjs")).args(["offline", "http://127.0.0.1:9"]);
    command.env("STS_TEST_EVERY", every).env("STS_TEST_DEADLINE_SECONDS", if thorough() { "3000" } else { "300" });
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the story `offline` fails:\n{said}");
}
