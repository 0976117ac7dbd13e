//! Two servers and a witness: a history that was split in two, and one that was rolled back, are each caught by `verify`
//! with a policy, from two files, or from one file and the witness.

use std::{fs, process::Command};

use reqwest::Method;
use serde_json::{Value, json};
use sts_clearance::evidence::{Checkpoint, ServedReceipt};

use super::{get, start_with, witness_of};
use crate::harness::{Installation, Ran, Server, new_room, until};

const BROKER: &str = "broker@example.com";

/// A server that asks a witness, as often as it is started.
struct Party {
    place: Installation,
    witnesses: String,
}

impl Party {
    fn start(&self) -> Server {
        let mut command = self.place.command(&["serve", "--listen", "127.0.0.1:0"]);
        Server::start(&self.place, command.env("STS_WITNESSES", &self.witnesses))
    }

    /// Replaces the data directory by a copy.
    fn restore(&self, copy: &Installation) {
        let to = self.place.path("data");
        let _ = fs::remove_dir_all(&to);
        let copied = Command::new("cp").arg("-a").args([copy.path("data"), to]).status().unwrap();
        assert!(copied.success());
    }

    /// Has something happen in the room, takes a snapshot of it, and returns the file's name.
    async fn snapshot(&self, room: &str, title: &str) -> String {
        let server = self.start();
        let token = server.api.sign_in(BROKER).await;
        let renamed = server.api.request(Method::PATCH, &format!("/rooms/{room}"), &token);
        assert_eq!(renamed.json(&json!({ "title": title })).send().await.unwrap().status(), 200);
        let snapshots = format!("/rooms/{room}/snapshots");
        let snapshot = server.api.post(&snapshots, &token, &json!({ "snapshot_type": "json" })).await;
        let id = snapshot["id"].as_str().unwrap();
        server.api.completed(room, id, &token).await;
        let file = server.api.request(Method::GET, &format!("{snapshots}/{id}/download"), &token).send().await.unwrap();
        fs::write(self.place.path(id), file.bytes().await.unwrap()).unwrap();
        stop(server).await;
        id.to_owned()
    }

    /// Starts the server, which brings the log of heads to the witness, and returns what it says of that. Writes the
    /// receipt that it gives for a snapshot then.
    async fn bring(&self, room: &str, id: &str) -> Value {
        let server = self.start();
        let token = server.api.sign_in(BROKER).await;
        let path = format!("/rooms/{room}/snapshots/{id}/receipt");
        let receipt = until("the receipt leads to the log of heads", async || {
            let receipt = server.api.request(Method::GET, &path, &token).send().await.unwrap().text().await.unwrap();
            ServedReceipt::read(&receipt).unwrap().head.map(|_| ())
        });
        receipt.await;
        let admin = server.api.sign_in("admin@example.com").await;
        let told = until("the witness was asked", async || {
            let told = server.api.get("/system", &admin).await["heads_log"].clone();
            let witness = told["witnesses"][0].clone();
            (witness["fault"].is_string() || witness["size"] == told["size"]).then_some(told)
        })
        .await;
        let receipt = server.api.request(Method::GET, &path, &token).send().await.unwrap().text().await.unwrap();
        fs::write(self.place.path("receipt"), receipt).unwrap();
        stop(server).await;
        told
    }

    fn verify(&self, files: &[&str], more: &[&str]) -> Ran {
        self.place.run(&[&["verify"], files, &["--policy", "policy"], more].concat())
    }
}

async fn stop(server: Server) {
    server.ask_to_stop().await;
    assert!(server.ended().await.success());
}

#[tokio::test]
async fn a_split_view_and_a_rollback_are_each_caught_from_two_files_or_from_one_and_the_witness() {
    let (one, other, copy, place) =
        (Installation::new(None), Installation::new(None), Installation::new(None), Installation::new(None));
    one.add_user(BROKER, "broker");
    one.add_user("admin@example.com", "admin");
    let key = one.run(&["key", "show"]).expect(0).trim().to_owned();
    let witness = start_with(&place, &["--log", &key]);
    let named = witness_of(&place);
    let policy = format!("log {key}\nwitness w {named}\nquorum w\n");
    let witnesses = format!("{named} http://{}", witness.api.address());
    let [one, other] = [one, other].map(|place| Party { place, witnesses: witnesses.clone() });
    for party in [&one, &other] {
        fs::write(party.place.path("policy"), &policy).unwrap();
    }
    let server = one.start();
    let token = server.api.sign_in(BROKER).await;
    let room = server.api.post("/rooms", &token, &new_room(&[])).await["id"].as_str().unwrap().to_owned();
    stop(server).await;

    // An honest server: the file is verified, witnesses and all.
    let first = one.snapshot(&room, "First").await;
    let told = one.bring(&room, &first).await;
    assert_eq!(told["witnesses"][0]["fault"], Value::Null, "{told}");
    let ran = one.verify(&[&first], &["--receipt", "receipt"]);
    assert!(ran.expect(0).contains("seen by `w` at "), "{ran:?}");
    one.verify(&[&first], &[]).expect(3);

    // Its data are copied, keys and memory with them, and both go on.
    let copied = Command::new("cp").arg("-a").args([one.place.path("data"), copy.path("data")]).status().unwrap();
    assert!(copied.success());
    other.restore(&copy);
    let mine = one.snapshot(&room, "Mine").await;
    let told = one.bring(&room, &mine).await;
    assert_eq!(told["witnesses"][0]["fault"], Value::Null, "{told}");
    one.verify(&[&mine], &["--receipt", "receipt"]).expect(0);
    let theirs = other.snapshot(&room, "Theirs").await;
    let told = other.bring(&room, &theirs).await;
    let fault = told["witnesses"][0]["fault"].as_str().unwrap_or_default();
    assert!(fault.contains("another server signs with this key"), "{told}");
    caught(&other, &theirs, &witness).await;
    // From two files, without any witness.
    fs::copy(one.place.path(&mine), other.place.path("mine")).unwrap();
    let ran = other.verify(&["mine", &theirs], &[]);
    assert!(ran.expect(1).contains("FAILED   older file"), "{ran:?}");

    // The first server is put back to the copy, memory and all, and goes on from there.
    one.restore(&copy);
    let again = one.snapshot(&room, "Again").await;
    let told = one.bring(&room, &again).await;
    let fault = told["witnesses"][0]["fault"].as_str().unwrap_or_default();
    assert!(fault.contains("the database was put back"), "{told}");
    caught(&one, &again, &witness).await;
    let ran = one.verify(&[&mine, &again], &[]);
    assert!(ran.expect(1).contains("FAILED   older file"), "{ran:?}");
}

/// A file of a history that the witness has not seen: it cannot be judged, and with the witness's head it does not verify.
async fn caught(party: &Party, file: &str, witness: &Server) {
    let ran = party.verify(&[file], &["--receipt", "receipt"]);
    assert!(ran.expect(3).contains("and not by w: less than the quorum of the policy"), "{ran:?}");
    let receipt = fs::read_to_string(party.place.path("receipt")).unwrap();
    let heads = ServedReceipt::read(&receipt).unwrap().head.unwrap().checkpoint;
    let Checkpoint { origin, .. } = Checkpoint::unchecked(&heads).unwrap();
    let (status, seen) = get(witness, &format!("/checkpoint?origin={origin}")).await;
    assert_eq!(status, 200, "{seen}");
    fs::write(party.place.path("seen"), seen).unwrap();
    let ran = party.verify(&[file], &["--receipt", "receipt", "--checkpoint", "seen"]);
    assert!(ran.expect(1).contains("two histories were signed under the name"), "{ran:?}");
}
