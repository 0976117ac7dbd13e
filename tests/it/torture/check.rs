//! Whether everything is there that was acknowledged, once and with its bytes, and nothing that was refused.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Mutex,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use reqwest::Method;
use room::Time;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::ledger::{Deed, Told, deed_of};
use crate::harness::{Api, until_within};

/// The longest time until a snapshot is completed: the longest pause between attempts, and as long again.
const COMPLETED_WITHIN: Duration = Duration::from_mins(10);
/// How many rooms are looked at together.
const AT_ONCE: usize = 4;

/// What a check has found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) lost: Vec<String>,
    pub(super) wrong: Vec<String>,
    pub(super) failed: Vec<String>,
    /// The files of snapshots, by their names.
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

/// Looks at everything that the server has, as an admin.
pub(super) struct Look<'a> {
    api: &'a Api,
    token: &'a str,
    found: Mutex<Found>,
    /// How often each deed is told of.
    told_of: Mutex<HashMap<(String, String), usize>>,
}

impl<'a> Look<'a> {
    pub(super) fn new(api: &'a Api, token: &'a str) -> Self {
        Self { api, token, found: Mutex::default(), told_of: Mutex::default() }
    }

    /// Holds everything against what was acknowledged until then, and against what was refused.
    pub(super) async fn hold_against(self, deeds: &[Deed], until: Option<Instant>) -> Found {
        let rooms = self.api.all("/rooms", self.token).await;
        stream::iter(&rooms).for_each_concurrent(AT_ONCE, |room| self.look_at(room)).await;
        let (mut found, told_of) = (self.found.into_inner().unwrap(), self.told_of.into_inner().unwrap());
        let mut known = HashSet::new();
        for Deed { action, mark, told } in deeds {
            let key = ((*action).to_owned(), mark.clone());
            let times = told_of.get(&key).copied().unwrap_or_default();
            known.insert(key);
            match told {
                Told::Done(at) if times == 0 && until.is_none_or(|until| *at < until) => {
                    found.lost.push(format!("{action} “{mark}”"));
                }
                Told::Refused if times > 0 => {
                    found.wrong.push(format!("{action} “{mark}” is there, and was said to have changed nothing"));
                }
                _ if times > 1 => found.wrong.push(format!("{action} “{mark}” is there {times} times")),
                _ => {}
            }
        }
        let unasked = told_of.keys().filter(|key| !known.contains(*key));
        found
            .wrong
            .extend(unasked.map(|(action, mark)| format!("{action} “{mark}” is there, and nobody asked for it")));
        found
    }

    fn is_wrong(&self, what: String) {
        self.found.lock().unwrap().wrong.push(what);
    }

    async fn look_at(&self, room: &Value) {
        let path = format!("/rooms/{}", room["id"].as_str().unwrap());
        // Before the log is read page by page, which has to be still for that.
        let snapshots = self.api.all(&format!("{path}/snapshots"), self.token).await;
        let mut completed = Vec::new();
        for snapshot in &snapshots {
            completed.push(self.completed(&format!("{path}/snapshots/{}", snapshot["id"].as_str().unwrap())).await);
        }
        let mut entries = self.api.all(&format!("{path}/activities"), self.token).await;
        entries.reverse();
        let seqs = entries.iter().map(|entry| entry["seq"].as_u64().unwrap());
        if !seqs.eq(0..entries.len() as u64) {
            self.is_wrong(format!("the log of {path} has gaps"));
        }
        if !entries.is_sorted_by_key(|entry| entry["timestamp"].as_str().unwrap().parse::<Time>().unwrap()) {
            self.is_wrong(format!("the times of the log of {path} run backwards"));
        }
        self.look_at_log(&path, room, &entries, &snapshots);
        for (url, snapshot) in completed.iter().flatten() {
            let file =
                self.file(&format!("{url}/download"), snapshot["file_sha256"].as_str().unwrap_or_default()).await;
            let extension = snapshot["snapshot_type"].as_str().unwrap().replace("csv", "zip");
            let name = format!("{}.{extension}", snapshot["id"].as_str().unwrap());
            self.found.lock().unwrap().files.insert(name, file);
        }
        for entry in entries.iter().filter(|entry| entry["action"] == "document_uploaded") {
            let meta = &entry["meta"];
            let [document, version, sha256] =
                ["document_id", "version_id", "file_sha256"].map(|name| meta[name].as_str().unwrap());
            self.file(&format!("{path}/documents/{document}/versions/{version}/download"), sha256).await;
        }
    }

    /// Compares what a room shows with its log, and counts the deeds that the log tells of.
    fn look_at_log(&self, path: &str, room: &Value, entries: &[Value], snapshots: &[Value]) {
        let (mut title, mut titles) = (Value::Null, Vec::new());
        for entry in entries {
            let meta = &entry["meta"];
            match entry["action"].as_str().unwrap() {
                "room_created" => title = meta["title"].clone(),
                "room_updated" => title = meta["changes"]["title"]["to"].clone(),
                "snapshot_created" => titles.push(&meta["title"]),
                "snapshot_deleted" => titles.retain(|title| **title != meta["title"]),
                "snapshot_failed" => self.found.lock().unwrap().failed.push(format!("{path}: {meta}")),
                _ => {}
            }
            if let Some(deed) = deed_of(entry) {
                *self.told_of.lock().unwrap().entry(deed).or_default() += 1;
            }
        }
        if room["title"] != title {
            self.is_wrong(format!("{path} is shown as {}, and its log says {title}", room["title"]));
        }
        // Not in their order: of two that a clock that was set back has given one time, either may be the first.
        let mut listed: Vec<_> = snapshots.iter().map(|snapshot| snapshot["title"].as_str()).collect();
        let mut titles: Vec<_> = titles.iter().map(|title| title.as_str()).collect();
        listed.sort_unstable();
        titles.sort_unstable();
        if listed != titles {
            self.is_wrong(format!("{path} lists other snapshots than its log tells of"));
        }
    }

    /// Waits until a snapshot is completed. `None` if it has failed.
    async fn completed(&self, path: &str) -> Option<(String, Value)> {
        let awaited = format!("{path} is completed");
        let ended = until_within(COMPLETED_WITHIN, &awaited, async || {
            let snapshot = self.api.get(path, self.token).await;
            ["completed", "failed"].contains(&snapshot["status"].as_str().unwrap()).then_some(snapshot)
        });
        let ended = ended.await;
        (ended["status"] == "completed").then(|| (path.to_owned(), ended))
    }

    /// Downloads a file, and holds it against its SHA-256.
    async fn file(&self, path: &str, sha256: &str) -> Vec<u8> {
        let reply = self.api.request(Method::GET, path, self.token).send().await.unwrap();
        let status = reply.status();
        let bytes = reply.bytes().await.unwrap();
        if status != 200 {
            self.found.lock().unwrap().lost.push(format!("{path} is answered {status}"));
        } else if hex::encode(Sha256::digest(&bytes)) != sha256 {
            self.is_wrong(format!("{path} has other bytes"));
        }
        bytes.to_vec()
    }
}
