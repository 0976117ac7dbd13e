//! Compares the row, the record and the seal of a snapshot with the log.

use room::{SealSummary, SnapshotStatus, Time};

use super::{
    facts::LogFacts,
    files::{self, Record},
    finding::{Finding, Kind, Location, Remedy},
};
use crate::{
    db::{self, fsck::SnapshotRow},
    domain::{
        fsck::run::{Mode, Run},
        snapshots::record::RecordBytes,
    },
    error::{Error, Result},
};

/// Checks a snapshot with its record and, if it is completed, with its file and its seal.
pub(super) async fn check(
    run: &mut Run<'_>,
    location: &Location,
    snapshot: &SnapshotRow,
    facts: &LogFacts,
) -> Result<()> {
    let what = format!("snapshot {}", snapshot.id);
    // With entries missing, the one that announces this snapshot may be among them: that loss is reported already.
    let taken = facts.taken.get(&snapshot.id);
    let fault = match taken {
        // Its row was held against the fold.
        _ if facts.state.is_some() => None,
        None if facts.whole => Some("the log does not tell that it was taken".to_owned()),
        Some(taken) if taken.title != snapshot.title => Some("its title is not that which the log tells".into()),
        Some(taken) if taken.kind != snapshot.kind.word() => Some("its type is not that which the log tells".into()),
        _ => None,
    };
    if let Some(fault) = fault {
        run.add(Finding::new(location, Kind::Snapshot, &*what, fault));
    }
    let id = snapshot.id;
    let stored = run.app.db.read(async move |tx| db::snapshots::record(tx, id).await).await?;
    let fault = match stored {
        // Its record is made from the log.
        None if snapshot.has_position => None,
        Some(body) => {
            fault_of(snapshot, body, taken.map(|taken| taken.record.as_str()).filter(|told| !told.is_empty())).await?
        }
        // No finding: the snapshot was deleted after its row was read.
        None if !files::is_there_still(run.app, id).await? => return Ok(()),
        None => Some("it is missing".to_owned()),
    };
    run.outcome.checked.records += 1;
    let is_needed = !snapshot.has_position;
    let record = if fault.is_some() && is_needed { Record::Damaged } else { Record::Sound };
    if let Some(fault) = fault {
        let finding = Finding::new(location, Kind::Record, what, fault);
        run.add(match run.mode {
            _ if is_needed => finding,
            Mode::Look => finding.with(Remedy::Repair),
            // It is made from the log whenever it is needed, so nothing is lost.
            Mode::Repair => {
                run.app.db.write(async move |tx| db::snapshots::delete_record(tx, id).await).await?;
                finding.with(Remedy::Repaired)
            }
        });
    }
    // A snapshot from before the logs were signed never had a proof.
    let is_due = taken.is_some_and(|taken| taken.is_announced) || facts.drawn.contains_key(&id);
    let unsigned = |since: Time| is_due && snapshot.proof.is_none() && taken.is_some_and(|taken| taken.at > since);
    if run.signed_since.is_some_and(unsigned) {
        run.add(Finding::new(location, Kind::Proof, format!("snapshot {id}"), "it is missing"));
    }
    if facts.state.is_none() && facts.drawn.contains_key(&id) && snapshot.status != SnapshotStatus::Completed {
        let fault = "the log tells that it was completed, and it is said not to be";
        run.add(Finding::new(location, Kind::Snapshot, format!("snapshot {id}"), fault));
    }
    // The log counts too: a row that was set back must not keep its file from being checked.
    if snapshot.status == SnapshotStatus::Completed || facts.drawn.contains_key(&id) {
        files::check_snapshot(run, location, snapshot, record, facts).await?;
        if facts.state.is_none() {
            check_seal(run, location, snapshot, facts).await?;
        }
    }
    Ok(())
}

/// Checks the stored summary of a seal. The seal inside the file needs no check: the file's hash covers it.
async fn check_seal(run: &mut Run<'_>, location: &Location, snapshot: &SnapshotRow, facts: &LogFacts) -> Result<()> {
    let Some(announced) = facts.seals.get(&snapshot.id) else { return Ok(()) };
    let id = snapshot.id;
    let stored = run.app.db.read(async move |tx| db::seals::find(tx, id).await).await?.map(SealSummary::from);
    let same = serde_json::to_value(stored).is_ok_and(|stored| stored == *announced);
    // Read after the room's rows, so the snapshot may have been deleted with its seal in between.
    if !same && files::is_there_still(run.app, id).await? {
        let fault = "its stored seal is not the one that the log tells";
        run.add(Finding::new(location, Kind::Snapshot, format!("snapshot {id}"), fault));
    }
    Ok(())
}

/// Returns what is wrong with a record. `announced` is the hash in the log; without it, the stored hash is the measure.
async fn fault_of(snapshot: &SnapshotRow, body: Vec<u8>, announced: Option<&str>) -> Result<Option<String>> {
    // Records have megabytes: decompressing and hashing one would hold up other tasks.
    let read = tokio::task::spawn_blocking(move || RecordBytes::decompress(&body).map(|stored| stored.sha256));
    let read = read.await.map_err(|error| Error::internal(format!("a record: {error}")))?;
    let hash = match read {
        Ok(hash) => hash,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let stored = snapshot.record_sha256.as_deref();
    Ok(match announced {
        Some(told) if hex::encode(hash) != told => Some("it is not the record that the log tells of".into()),
        Some(_) if stored != Some(&hash) => Some("its stored hash is not that which the log tells".into()),
        None if stored != Some(&hash) => Some("it does not match its stored hash".into()),
        _ => None,
    })
}
