//! Files that released versions have made: they still verify, however files are drawn today.

use std::{fs, path::PathBuf};

use reqwest::Method;

use super::check;
use crate::{
    adoption::{ADA, unpack_demo},
    harness::{Installation, Server},
};
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

/// The demo of 0.2.0 has files without any proof, which this program cannot draw again; those of 0.3.0 carry one.
#[tokio::test]
async fn a_file_of_an_earlier_version_is_proved_by_a_receipt_of_its_server() {
    for (release, without) in [("0.2.0", 3), ("0.3.0", 0)] {
        let place = Installation::new(None);
        unpack_demo(release, &place.path(""));
        fs::rename(place.path(&format!("demo-{release}")), place.path("data")).unwrap();
        place.run(&["migrate", "up"]).expect(0);
        place.add_user(ADA, "admin");
        let server = Server::start(&place, &mut place.command(&["serve", "--demo", "--listen", "127.0.0.1:0"]));
        let ada = server.api.sign_in(ADA).await;
        let mut found = Vec::new();
        for room in server.api.all("/rooms", &ada).await {
            let room = room["id"].as_str().unwrap();
            for snapshot in server.api.all(&format!("/rooms/{room}/snapshots"), &ada).await {
                found.push(format!("/rooms/{room}/snapshots/{}", snapshot["id"].as_str().unwrap()));
            }
        }
        assert!(found.len() > 1, "{release}: {found:?}");
        let get = async |path: String| server.api.request(Method::GET, &path, &ada).send().await.unwrap().bytes().await;
        for (number, snapshot) in found.iter().enumerate() {
            fs::write(place.path("file"), get(format!("{snapshot}/download")).await.unwrap()).unwrap();
            for (name, of) in [("receipt", snapshot), ("other", &found[(number + 1) % found.len()])] {
                fs::write(place.path(name), get(format!("{of}/receipt")).await.unwrap()).unwrap();
            }
            let key = place.run(&["key", "show"]);
            let verify = ["verify", "file", "--key", key.expect(0).trim()];
            place.run(&verify).expect(without);
            let told = place.run(&[&verify[..], &["--receipt", "receipt"]].concat());
            assert_eq!(told.expect(0).lines().last(), Some("verified"), "{release}: {told:?}");
            let other = place.run(&[&verify[..], &["--receipt", "other"]].concat());
            assert_eq!(other.expect(1).lines().last(), Some("does not verify: logged"), "{release}: {other:?}");
        }
    }
}
