//! Compares the files of documents and snapshots with their rows and the log, and draws lost ones of snapshots again.

use std::time::Duration;

use report::Edition;
use room::SnapshotId;
use sha2::{Digest, Sha256};

use super::{
    facts::{self, LogFacts},
    finding::{Finding, Kind, Location, Remedy},
};
use crate::{
    app::App,
    db::{
        self,
        fsck::{DrawnRow, SnapshotRow, VersionRow},
    },
    domain::{
        fsck::run::{Mode, Run},
        snapshots::{self, rendering},
    },
    error::Result,
    evidence::Hash,
};

/// Whether a stored record of a snapshot is what the log tells of. A file is drawn again only from a sound one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    Sound,
    Damaged,
}

/// The age of a file from which on it counts as left over: no upload takes longer until a row names its file.
pub(super) const UPLOAD_ENDS: Duration = Duration::from_hours(24);

/// Checks an uploaded file and its row.
pub(super) async fn check_version(
    run: &mut Run<'_>,
    location: &Location,
    version: &VersionRow,
    facts: &LogFacts,
) -> Result<()> {
    let stored = facts::File { sha256: hex::encode(&version.sha256), size: version.size };
    let expected = match facts.uploaded.get(&version.id) {
        Some((file, _)) => file,
        None if facts.whole && facts.state.is_none() => {
            // The row is then the measure of the file. It is reported itself, and the file may still be damaged.
            let fault = "the log does not tell that it was uploaded";
            run.add(Finding::new(location, Kind::Version, format!("version {}", version.id), fault));
            &stored
        }
        None => &stored,
    };
    if stored != *expected && facts.state.is_none() {
        let fault = "its stored size and hash are not those that the log tells";
        run.add(Finding::new(location, Kind::Version, format!("version {}", version.id), fault));
    }
    run.outcome.checked.files += 1;
    if let Some(fault) = fault_of(run.app, &version.file_url, expected).await {
        run.add(Finding::new(location, Kind::File, &*version.file_url, fault));
    }
    Ok(())
}

/// Checks the file of a completed snapshot, and its row.
pub(super) async fn check_snapshot(
    run: &mut Run<'_>,
    location: &Location,
    snapshot: &SnapshotRow,
    record: Record,
    facts: &LogFacts,
) -> Result<()> {
    let what = format!("snapshot {}", snapshot.id);
    let (Some(drawn), Some(file_url)) = (&snapshot.drawn, &snapshot.file_url) else {
        if facts.state.is_none() {
            let fault = "it is completed, and what is kept of its file is missing";
            run.add(Finding::new(location, Kind::Snapshot, what, fault));
        }
        return Ok(());
    };
    let stored = facts::File { sha256: hex::encode(&drawn.sha256), size: snapshot.file_size };
    // The log is the measure of the file if it names one, not the row: an intruder can change row and file together.
    let expected = facts.drawn.get(&snapshot.id).unwrap_or(&stored);
    if stored != *expected && facts.state.is_none() {
        let fault = "its file's stored size and hash are not those that the log tells";
        run.add(Finding::new(location, Kind::Snapshot, what, fault));
    }
    run.outcome.checked.files += 1;
    let Some(fault) = fault_of(run.app, file_url, expected).await else { return Ok(()) };
    // Hashing the file took its time, and the snapshot may have been deleted meanwhile.
    if !is_there_still(run.app, snapshot.id).await? {
        return Ok(());
    }
    let finding = Finding::new(location, Kind::File, file_url.as_str(), fault);
    let lost = Lost { id: snapshot.id, file_url, drawn, record, expected };
    run.add(match lost.hindrance(run.app) {
        Some(hindrance) => Finding { fault: format!("{}; {hindrance}", finding.fault), ..finding },
        None if run.mode == Mode::Look => finding.with(Remedy::Repair),
        None => match Box::pin(lost.draw_again(run.app)).await? {
            Ok(()) => finding.with(Remedy::Repaired),
            Err(hindrance) => Finding { fault: format!("{}; {hindrance}", finding.fault), ..finding },
        },
    });
    Ok(())
}

/// Returns what is wrong with a file. `None` if it has the expected size and hash.
async fn fault_of(app: &App, file_url: &str, expected: &facts::File) -> Option<String> {
    match app.files.digest(file_url).await {
        Ok(None) => Some("it is missing".into()),
        Ok(Some((size, _))) if i64::try_from(size) != Ok(expected.size) => {
            Some(format!("it has {size} bytes instead of {}", expected.size))
        }
        Ok(Some((_, sha256))) if hex::encode(sha256) != expected.sha256 => {
            Some("its bytes are not what they were".into())
        }
        Ok(Some(_)) => None,
        Err(error) => Some(format!("it cannot be read: {error}")),
    }
}

/// Returns whether the snapshot still exists, after its row was read in an earlier transaction.
pub(super) async fn is_there_still(app: &App, id: SnapshotId) -> Result<bool> {
    app.db.read(async move |tx| db::fsck::has_snapshot(tx, id).await).await
}

/// A file of a snapshot that is lost or damaged.
struct Lost<'a> {
    id: SnapshotId,
    file_url: &'a str,
    drawn: &'a DrawnRow,
    record: Record,
    expected: &'a facts::File,
}

impl Lost<'_> {
    /// Returns why it cannot be drawn again to the same bytes. `None` if nothing is known to prevent it.
    fn hindrance(&self, app: &App) -> Option<String> {
        let DrawnRow { renderer, fonts, .. } = self.drawn;
        if self.record == Record::Damaged {
            return Some("its record is damaged too".into());
        }
        // The bytes depend on the edition and on the fonts: with others, the hash would not match in any case.
        if rendering::edition_of(app, renderer).is_some() && fonts == app.fonts.name() {
            return None;
        }
        let (ours, here) = (Edition::CURRENT.name(), app.fonts.name());
        Some(format!("it was drawn by `{renderer}` with the fonts `{fonts}`, and this is `{ours}` with `{here}`"))
    }

    /// Draws the file again and puts it back if it has the same bytes. Returns why it did not.
    async fn draw_again(&self, app: &App) -> Result<Result<(), String>> {
        let id = self.id;
        let read = app.db.read(async move |tx| db::snapshots::find_anywhere(tx, id).await);
        let Some(snapshot) = read.await? else { return Ok(Err("it was deleted meanwhile".into())) };
        // The key comes from the row that is being doubted: it must not decide which file of the store is overwritten.
        if snapshots::file_key(&snapshot) != self.file_url {
            return Ok(Err("this is not where the file of this snapshot belongs".into()));
        }
        let Some(edition) = rendering::edition_of(app, &self.drawn.renderer) else {
            return Ok(Err(format!("`{}` is not known here", self.drawn.renderer)));
        };
        let bytes = match rendering::file_again(app, &snapshot, edition).await {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(format!("it cannot be drawn again: {error}"))),
        };
        // Before anything is written: a damaged file may still help somebody, a file with other bytes would not verify.
        let hash: Hash = Sha256::digest(&bytes).into();
        if hex::encode(hash) != self.expected.sha256 {
            return Ok(Err("drawn again, it has other bytes".into()));
        }
        if let Err(error) = app.files.put(self.file_url, bytes).await {
            return Ok(Err(error.to_string()));
        }
        // A deletion in between has found no file, or the old one, and would leave the new one in the store for ever.
        if !is_there_still(app, id).await? {
            app.files.delete(self.file_url).await?;
            return Ok(Err("it was deleted meanwhile".into()));
        }
        Ok(Ok(()))
    }
}
