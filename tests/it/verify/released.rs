//! Files that released versions have made: they still verify, however files are drawn today.

use std::{fs, path::PathBuf};

use super::check;
use crate::harness::Installation;
use sts_clearance::evidence::PublicKeys;

/// Returns the path of a file that a released version has made.
fn released(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(name)
}

#[test]
fn every_file_of_release_0_3_0_verifies() {
    let place = Installation::new(None);
    for (file, key) in [
        ("snapshot-0.3.0.pdf", "snapshot-0.3.0.key"),
        ("snapshot-0.3.0.json", "snapshot-0.3.0.key"),
        ("snapshot-0.3.0.zip", "snapshot-0.3.0.key"),
    ] {
        let [file, key] = [file, key].map(|name| released(&format!("0.3.0/{name}")));
        let ran = place.run(&["verify", file.to_str().unwrap(), "--key", key.to_str().unwrap()]);
        assert_eq!(ran.expect(0).lines().last(), Some("verified"), "{}", file.display());
    }
}

#[test]
fn a_file_that_names_an_edition_not_known_here_says_which_are() {
    let keys = PublicKeys::read(&fs::read_to_string(released("0.3.0/snapshot-0.3.0.key")).unwrap()).unwrap();
    let file = fs::read_to_string(released("0.3.0/snapshot-0.3.0.json")).unwrap();
    assert!(check(file.as_bytes(), &keys).unwrap().verified);
    // An entry of the log in the file names the edition too; the field of the envelope comes last.
    let (head, tail) = file.rsplit_once("sts-clearance-report 0.3.0").unwrap();
    let other = format!("{head}sts-clearance-report 0.2.0{tail}");
    let report = check(other.as_bytes(), &keys).unwrap();
    let words = "drew it, and this program draws as `sts-clearance-report 0.3.0` and `sts-clearance-report 0.4.0`";
    super::expect_fault(&report, "rendering", sts_clearance::evidence::verify::CheckOutcome::Skipped, words);
}
