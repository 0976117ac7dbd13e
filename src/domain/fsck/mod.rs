//! `fsck`: what is stored, held against what the logs tell and what was signed.
//!
//! It reads in short transactions, so a server may be at work meanwhile: what a room's rows tell is read
//! at one instant with the size of its log, and of the log nothing beyond that size. It writes nothing
//! but, where that is asked for, the file of a snapshot that was lost.

mod files;
mod finding;
mod logs;
mod proofs;
mod records;
mod run;
mod told;
mod tree;

use std::collections::{BTreeSet, HashMap, HashSet};

use futures_util::TryStreamExt;

pub use finding::{Checked, Finding, Kind, Outcome, Place, Remedy};
use room::{Log, SnapshotId};
pub use run::{Mode, Watch};

use super::fsck::told::{TakenBack, Told};
use crate::{
    app::App,
    db::{
        self,
        fsck::{LogRows, SnapshotRow, Stored, VersionRow},
    },
    domain::fsck::run::{Run, public_keys},
    error::Result,
};

/// Checks everything.
pub async fn run(app: &App, mode: Mode, watch: &mut dyn Watch) -> Result<Outcome> {
    let trusted = trusted(app);
    let mut run = Run {
        app,
        mode,
        watch,
        keys: public_keys(&trusted)?,
        trusted,
        signed_since: None,
        outcome: Outcome::default(),
        told: HashMap::new(),
        taken_back: TakenBack::default(),
    };
    let mut logs = app.db.read_at_length(async |tx| db::fsck::logs(tx).await).await?;
    // Its log tells the keys that the others are signed with.
    logs.sort_by_key(|(key, _)| key != "platform");
    for (key, title) in logs {
        let log = if key == "platform" { Some(Log::Platform) } else { key.parse().ok().map(Log::Room) };
        let Some(log) = log else {
            let place = Place { log: Log::Platform, title: None };
            run.add(Finding::new(&place, Kind::Log, format!("log `{key}`"), "it is that of no room"));
            continue;
        };
        let place = Place { log, title };
        run.check_log(&place).await?;
        run.tell_of_the_rest(&place);
    }
    run.look_for_left_overs().await?;
    Ok(run.outcome)
}

/// The rows that are about a log, as of one instant.
struct Rows {
    log: LogRows,
    snapshots: Vec<Stored<SnapshotRow>>,
    versions: Vec<Stored<VersionRow>>,
    /// The public keys that are kept, beside the platform's log.
    keys: Vec<String>,
}

async fn rows(app: &App, log: Log) -> Result<Rows> {
    app.db
        .read_at_length(async move |tx| {
            let rows = db::fsck::log(tx, log).await?;
            let Some(room) = log.room() else {
                let keys = db::logs::keys(tx).await?;
                return Ok(Rows { log: rows, snapshots: Vec::new(), versions: Vec::new(), keys });
            };
            let snapshots = db::fsck::snapshots(tx, room).await?;
            Ok(Rows { log: rows, snapshots, versions: db::fsck::versions(tx, room).await?, keys: Vec::new() })
        })
        .await
}

/// The key in force, and those that the settings name.
fn trusted(app: &App) -> BTreeSet<String> {
    let named = app.config.trusted_log_keys.split([' ', ',', '\n']).filter(|key| !key.is_empty());
    named.chain([app.log_key.public()]).map(str::to_owned).collect()
}

impl Run<'_> {
    async fn check_log(&mut self, place: &Place) -> Result<()> {
        let rows = rows(self.app, place.log).await?;
        let mut witnesses: Vec<_> = logs::earlier_checkpoint(&rows.log).into_iter().collect();
        for snapshot in rows.snapshots.iter().flatten() {
            witnesses.extend(proofs::read(self, place, &rows.log, snapshot));
        }
        let told = logs::check(self, place, &rows.log, witnesses).await?;
        self.outcome.checked.logs += 1;
        if place.log == Log::Platform {
            self.taken_back = told.taken_back;
            self.check_keys(place, rows.keys, &told);
            return Ok(());
        }
        self.look_for_lost_rows(place, &rows, &told);
        for snapshot in rows.snapshots {
            match snapshot {
                Ok(snapshot) => records::check(self, place, &snapshot, &told).await?,
                Err((id, error)) => {
                    let fault = format!("its row cannot be read: {error}");
                    self.add(Finding::new(place, Kind::Snapshot, format!("snapshot {id}"), fault));
                }
            }
            self.goes_on();
        }
        for version in rows.versions {
            match version {
                Ok(version) => files::check_version(self, place, &version, &told).await?,
                Err((id, error)) => {
                    let fault = format!("its row cannot be read: {error}");
                    self.add(Finding::new(place, Kind::Version, format!("version {id}"), fault));
                }
            }
            self.goes_on();
        }
        Ok(())
    }

    /// A key that somebody has put beside those that signed would sign whatever they like.
    fn check_keys(&mut self, place: &Place, kept: Vec<String>, told: &Told) {
        for key in kept.into_iter().filter(|key| told.whole && !told.keys.contains(key)) {
            self.add(Finding::new(place, Kind::Key, key, "the log does not tell that it was added"));
        }
        let mut strange: Vec<_> = told.keys.iter().filter(|key| !self.trusted.contains(*key)).cloned().collect();
        strange.sort();
        for key in strange {
            let fault = "the key in force does not vouch for it; if it is one of yours, name it in `trusted_log_keys`";
            self.add(Finding::new(place, Kind::Key, key, fault));
        }
    }

    /// Snapshots and files that the log tells of, and that are not there; `migrate down` may have taken them.
    fn look_for_lost_rows(&mut self, place: &Place, rows: &Rows, told: &Told) {
        let named = |id: &str| Some(id.to_owned());
        let kept: HashSet<_> = rows
            .snapshots
            .iter()
            .filter_map(|row| row.as_ref().map_or_else(|(id, _)| named(id), |row| named(&row.id.to_string())))
            .collect();
        let taken_back = self.taken_back;
        for (id, taken) in &told.taken {
            if !kept.contains(&id.to_string()) && Some(taken.at) > taken_back.snapshots {
                let fault = "the log tells that it was taken, and not that it was deleted; its row is missing";
                self.add(Finding::new(place, Kind::Snapshot, format!("snapshot {id}"), fault));
            }
        }
        let kept: HashSet<_> = rows
            .versions
            .iter()
            .filter_map(|row| row.as_ref().map_or_else(|(id, _)| named(id), |row| named(&row.id.to_string())))
            .collect();
        for (id, (_, at)) in &told.uploaded {
            if !kept.contains(&id.to_string()) && Some(*at) > taken_back.documents {
                let fault = "the log tells that it was uploaded; its row is missing";
                self.add(Finding::new(place, Kind::Version, format!("version {id}"), fault));
            }
        }
    }

    /// Files of the store that no row names; an upload under way may have put a young one there.
    async fn look_for_left_overs(&mut self) -> Result<()> {
        let mut listed = self.app.files.listed("rooms", files::UPLOAD_ENDS);
        while let Some(key) = listed.try_next().await? {
            let snapshot = key.contains("/snapshots/").then(|| snapshot_of(&key)).flatten();
            let asked = key.clone();
            if !self.app.db.read(async move |tx| db::fsck::is_named(tx, &asked, snapshot).await).await? {
                let finding = Finding {
                    kind: Kind::File,
                    log: None,
                    title: None,
                    what: key,
                    fault: "it is left over: no row names it".into(),
                    remedy: Remedy::NotNeeded,
                };
                self.add(finding);
            }
        }
        self.tell_of_the_rest(&Place { log: Log::Platform, title: None });
        Ok(())
    }
}

/// The snapshot whose file has this key.
fn snapshot_of(key: &str) -> Option<SnapshotId> {
    key.rsplit('/').next()?.split('.').next()?.parse().ok()
}
