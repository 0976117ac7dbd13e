//! `fsck`: checks what is stored against the logs, and the logs against what was signed.
//!
//! It only reads, in short transactions, so a server may be running meanwhile. What the rows of a room say is read at
//! one instant together with the size of its log, and nothing is read of the log beyond that size, so what is
//! written meanwhile is not mistaken for damage. A repair puts the file of a snapshot back byte for byte, and writes
//! rows anew from the log, which gets an entry of that.
//!
//! One fault is reported once. What hangs on a lost entry is taken from the stored nodes, so that everything after the
//! loss is still checked. Of bad nodes above one another only the lowest is named. Of snapshots that contradict the
//! log in the same way the oldest is named, with the number of the others.
//!
//! `logs.rs` and `tree.rs` compute a log again from its rows, and `proofs.rs` compares it with what was signed,
//! and `heads.rs` with what is remembered to have been signed.
//! `marks.rs` does so with the states that folds start from, and
//! `records.rs` and `files.rs` compare records and files with what the log says, which `facts.rs` collects on the way.
//! `run.rs` holds the findings and the trusted keys, `finding.rs` the types of the report. Used by `cli/fsck.rs`, and
//! by `jobs/fsck.rs`, which never repairs.

mod database;
mod facts;
mod files;
mod finding;
mod heads;
mod labels;
mod logs;
mod marks;
mod projections;
mod proofs;
mod records;
mod repair;
mod run;
mod tree;

use std::collections::{BTreeSet, HashMap, HashSet};

use futures_util::TryStreamExt;

pub use finding::{Checked, Finding, Kind, Location, Outcome, Remedy};
use room::{Log, SnapshotId};
pub use run::{Mode, Watch};

use super::fsck::facts::{LogFacts, TakenBack};
use crate::{
    app::App,
    db::{
        self,
        fsck::{LogRows, SnapshotRow, Stored, VersionRow},
        projections::Values,
    },
    domain::{
        fsck::run::{Run, public_keys},
        log,
        snapshots::verifying,
    },
    error::Result,
};

/// Checks all logs, the snapshots and documents of their rooms, and the files in the store. Returns what was found.
///
/// Damage is no error: `Err` means that the check itself could not go on, for example without its database.
pub async fn run(app: &App, mode: Mode, watch: &mut dyn Watch) -> Result<Outcome> {
    // Before anything is read: what is signed meanwhile is no reason for a finding.
    let remembered = app.heads.all().into_iter().collect();
    let trusted: BTreeSet<_> = log::trust::roots(app).into_iter().collect();
    let mut run = Run {
        app,
        mode,
        watch,
        keys: public_keys(&trusted)?,
        trusted,
        signed_since: None,
        remembered,
        outcome: Outcome::default(),
        reported: HashMap::new(),
        taken_back: TakenBack::default(),
    };
    database::check(&mut run).await?;
    let mut logs = app.db.read_at_length(async |tx| db::fsck::logs(tx).await).await?;
    // The platform's log comes first: it names the keys that sign the others, and says since when entries are signed
    // and which tables were taken away. The rooms are judged by that.
    logs.sort_by_key(|(key, _)| key != "platform");
    let keys: HashSet<_> = logs.iter().map(|(key, _)| key.clone()).collect();
    for (key, title) in logs {
        let log = if key == "platform" { Some(Log::Platform) } else { key.parse().ok().map(Log::Room) };
        let Some(log) = log else {
            let location = Location { log: Log::Platform, title: None };
            run.add(Finding::new(&location, Kind::Log, format!("log `{key}`"), "it is that of no room"));
            continue;
        };
        let location = Location { log, title };
        match run.check_log(&location).await {
            Ok(()) => {}
            Err(error) if database::is_of_the_check(&error) => return Err(error),
            // What cannot be read in one log keeps no other from being checked.
            Err(error) => {
                run.add(Finding::new(&location, Kind::Log, "its rows", format!("they cannot be read: {error}")));
            }
        }
        run.report_the_rest(&location);
    }
    heads::report_lost(&mut run);
    marks::look_for_left_overs(&mut run, &keys).await?;
    run.look_for_left_overs().await?;
    Ok(run.outcome)
}

/// The rows that belong to a log, as of one instant.
struct Rows {
    log: LogRows,
    snapshots: Vec<Stored<SnapshotRow>>,
    versions: Vec<Stored<VersionRow>>,
    /// The rows of the tables that repeat what the log tells, in the order of [`db::projections::TABLES`] or of
    /// [`db::projections::PLATFORM_TABLES`].
    projections: Vec<Vec<Values>>,
    /// The public keys that are stored beside the platform's log. Empty for a room.
    keys: Vec<String>,
}

/// Reads the rows that belong to a log.
async fn rows(app: &App, log: Log) -> Result<Rows> {
    app.db
        // One transaction for the rows and the size of the log: a snapshot that is taken a moment later would be a
        // row without an entry, or an entry without a row.
        .read_at_length(async move |tx| {
            let rows = db::fsck::log(tx, log).await?;
            let mut projections = Vec::new();
            let Some(room) = log.room() else {
                let keys = db::logs::keys(tx).await?;
                for table in &db::projections::PLATFORM_TABLES {
                    projections.push(db::projections::rows_of_platform(tx, table).await?);
                }
                return Ok(Rows { log: rows, snapshots: Vec::new(), versions: Vec::new(), projections, keys });
            };
            for table in &db::projections::TABLES {
                projections.push(db::projections::rows(tx, table, room).await?);
            }
            let snapshots = db::fsck::snapshots(tx, room).await?;
            let versions = db::fsck::versions(tx, room).await?;
            Ok(Rows { log: rows, snapshots, versions, projections, keys: Vec::new() })
        })
        .await
}

impl Run<'_> {
    /// Checks a log, and what belongs to its room.
    async fn check_log(&mut self, location: &Location) -> Result<()> {
        let rows = rows(self.app, location.log).await?;
        // Proofs and the earlier checkpoint are collected before the log is read, so that one pass is enough: each is
        // compared with the tree when that has reached its size.
        let mut witnesses: Vec<_> = logs::earlier_checkpoint(&rows.log).into_iter().collect();
        witnesses.extend(heads::check(self, location, &rows.log));
        for snapshot in rows.snapshots.iter().flatten() {
            witnesses.extend(proofs::read_witness(self, location, &rows.log, snapshot));
        }
        let facts = logs::check(self, location, &rows.log, witnesses).await?;
        self.outcome.checked.logs += 1;
        marks::check(self, location, rows.log.mark.as_ref(), &facts).await?;
        if location.log == Log::Platform {
            self.taken_back = facts.taken_back;
            if let Some(state) = &facts.platform {
                projections::check_platform(self, location, state, rows.projections).await?;
            }
            self.check_keys(location, rows.keys, &facts);
            return Ok(());
        }
        match &facts.state {
            Some(state) => projections::check(self, location, state, rows.projections).await?,
            // Without the fold, the log still tells which rows there have to be.
            None => self.look_for_lost_rows(location, (&rows.snapshots, &rows.versions), &facts),
        }
        for snapshot in rows.snapshots {
            match snapshot {
                Ok(snapshot) => records::check(self, location, &snapshot, &facts).await?,
                Err((id, error)) => {
                    let fault = format!("its row cannot be read: {error}");
                    self.add(Finding::new(location, Kind::Snapshot, format!("snapshot {id}"), fault));
                }
            }
            self.goes_on();
        }
        for version in rows.versions {
            match version {
                Ok(version) => files::check_version(self, location, &version, &facts).await?,
                Err((id, error)) => {
                    let fault = format!("its row cannot be read: {error}");
                    self.add(Finding::new(location, Kind::Version, format!("version {id}"), fault));
                }
            }
            self.goes_on();
        }
        Ok(())
    }

    /// Checks that the stored keys are those of the log, and that a trusted key vouches for each of them.
    ///
    /// An intruder who adds a key of their own to the table could have it accepted for anything that it signs.
    fn check_keys(&mut self, location: &Location, kept: Vec<String>, facts: &LogFacts) {
        // With entries missing, the one that added the key may be among them: that loss is reported already. With the
        // fold, the rows of the keys have been held against it.
        let is_measure = facts.whole && facts.platform.is_none();
        for key in kept.into_iter().filter(|key| is_measure && !facts.keys.contains(key)) {
            self.add(Finding::new(location, Kind::Key, key, "the log does not tell that it was added"));
        }
        let mut strange: Vec<_> = facts.keys.iter().filter(|key| !self.trusted.contains(*key)).cloned().collect();
        strange.sort();
        for key in strange {
            let fault = "the key in force does not vouch for it; if it is one of yours, name it in `trusted_log_keys`";
            self.add(Finding::new(location, Kind::Key, key, fault));
        }
    }

    /// Reports snapshots and versions that are in the log and have no row.
    ///
    /// `migrate down` drops these tables, which is no damage: what is older than its last run is not missed.
    fn look_for_lost_rows(
        &mut self,
        location: &Location,
        (snapshots, versions): (&[Stored<SnapshotRow>], &[Stored<VersionRow>]),
        facts: &LogFacts,
    ) {
        // A row that cannot be read counts as there: it is reported as unreadable, and is not missing as well.
        let named = |id: &str| Some(id.to_owned());
        let kept: HashSet<_> = snapshots
            .iter()
            .filter_map(|row| row.as_ref().map_or_else(|(id, _)| named(id), |row| named(&row.id.to_string())))
            .collect();
        let taken_back = self.taken_back;
        for (id, taken) in &facts.taken {
            // `None` is less than every time: if the tables were never dropped, each missing row is reported.
            if !kept.contains(&id.to_string()) && Some(taken.at) > taken_back.snapshots {
                let fault = "the log tells that it was taken, and not that it was deleted; its row is missing";
                self.add(Finding::new(location, Kind::Snapshot, format!("snapshot {id}"), fault));
            }
        }
        let kept: HashSet<_> = versions
            .iter()
            .filter_map(|row| row.as_ref().map_or_else(|(id, _)| named(id), |row| named(&row.id.to_string())))
            .collect();
        for (id, (_, at)) in &facts.uploaded {
            if !kept.contains(&id.to_string()) && Some(*at) > taken_back.documents {
                let fault = "the log tells that it was uploaded; its row is missing";
                self.add(Finding::new(location, Kind::Version, format!("version {id}"), fault));
            }
        }
    }

    /// Reports files in the store that no row names, or that are half written. Young ones are left out, since their upload
    /// may not have committed, unless they prove that the log has lost entries.
    async fn look_for_left_overs(&mut self) -> Result<()> {
        let mut listed = self.app.files.listed("rooms");
        while let Some((key, age)) = listed.try_next().await? {
            // The file of a snapshot is there before its row names it, so the snapshot is looked up by its id as well.
            let snapshot = key.contains("/snapshots/").then(|| snapshot_of(&key)).flatten();
            let is_old = age > files::UPLOAD_ENDS;
            if !is_old && snapshot.is_none() {
                continue;
            }
            let file_url = key.clone();
            if self.app.db.read(async move |tx| db::fsck::is_named(tx, &file_url, snapshot).await).await? {
                continue;
            }
            self.report_left_over(key, snapshot.is_some(), is_old).await?;
        }
        for path in self.app.files.half_written(files::UPLOAD_ENDS).await? {
            self.add(left_over(path, "it is left over: it was being written when a server ended".to_owned()));
        }
        self.report_the_rest(&Location { log: Log::Platform, title: None });
        Ok(())
    }

    /// Reports a file that no row names. That of a snapshot carries a proof of this server's.
    async fn report_left_over(&mut self, key: String, is_of_snapshot: bool, is_old: bool) -> Result<()> {
        let contradiction = if is_of_snapshot { verifying::contradiction_in(self.app, &key).await } else { Ok(None) };
        let fault = match contradiction {
            Ok(Some((room, detail))) => {
                let location = Location { log: Log::Room(room), title: None };
                let fault = format!("no row names it, and it proves that the log was another: {detail}");
                self.add(Finding::new(&location, Kind::Proof, key, fault));
                return Ok(());
            }
            Ok(None) if is_old => "it is left over: no row names it".to_owned(),
            Ok(None) => return Ok(()),
            // Child processes may not work here, which is no reason to give up the check.
            Err(error) => {
                format!("it is left over: no row names it; whether it proves anything cannot be told: {error}")
            }
        };
        self.add(left_over(key, fault));
        Ok(())
    }
}

fn left_over(file: String, fault: String) -> Finding {
    let (kind, remedy) = (Kind::File, Remedy::NotNeeded);
    Finding { kind, log: None, title: None, what: file, fault, remedy }
}

/// Returns the id of the snapshot whose file has this key. `None` if the key is not that of a snapshot's file.
fn snapshot_of(key: &str) -> Option<SnapshotId> {
    key.rsplit('/').next()?.split('.').next()?.parse().ok()
}
