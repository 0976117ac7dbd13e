//! The table `snapshots`, with what is kept of their records, bodies, receipts and files.

use report::record::SectionOptions;
use room::{Log, RoomId, SnapshotId, SnapshotStatus, SnapshotType, Time};

use super::{
    Row, Tx,
    files::StoredFile,
    seals::SealSays,
    seek::{Found, Seek, Sorted},
};
use crate::{
    error::Result,
    evidence::{Receipt, read_leaf},
};

/// A snapshot with what is stored about its record, its job, its file and its seal.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The id of the snapshot.
    pub id: SnapshotId,
    /// The room that it shows.
    pub room: RoomId,
    /// The title that it was given.
    pub title: String,
    /// The address of who took it.
    pub created_by: String,
    /// Whether its file is being drawn, is there, or failed.
    pub status: SnapshotStatus,
    /// The key of its file in the store. `None` before there is one.
    pub file_url: Option<String>,
    /// The size of its file, in bytes; 0 before there is one.
    pub file_size: i64,
    /// The format of its file.
    pub kind: SnapshotType,
    /// The options that it was taken with, as JSON.
    pub data: String,
    /// The instant that it shows.
    pub created_at: Time,
    /// The number of entries of the room's log that it shows. `None` if its record was stored when it was taken: by an
    /// earlier version.
    pub position: Option<i64>,
    /// The instant at which it shows the room, if it shows a position of the log.
    pub shown_at: Option<Time>,
    /// The SHA-256 of its record. `None` before the record is made.
    pub record_sha256: Option<Vec<u8>>,
    /// The proof that the log has the entry that tells of its body, or of its stored record (C2SP `tlog-proof`). `None`
    /// before its body is drawn, and for snapshots from before there were proofs.
    pub proof: Option<String>,
    /// What the seal of its file says. `None` before it is sealed, and if it is not a PDF.
    pub seal: Option<SealSays>,
    /// The SHA-256 of its file. `None` before there is one.
    pub file_sha256: Option<Vec<u8>>,
    /// How far the drawing of its file is, in percent. `None` if it has no job any more.
    pub progress: Option<i64>,
    /// Why the last attempt to draw its file failed.
    pub last_error: Option<String>,
}

impl Snapshot {
    /// Returns the format in which its file is drawn.
    pub fn format(&self) -> report::Format {
        match self.kind {
            SnapshotType::Pdf => report::Format::Pdf,
            SnapshotType::Json => report::Format::Json,
            SnapshotType::Csv => report::Format::Csv,
        }
    }

    /// Returns whether its file holds entries of the room's log, as the options say that it was taken with.
    pub fn has_entries(&self) -> bool {
        let options: Option<SectionOptions> = serde_json::from_str(&self.data).ok();
        options.is_none_or(|options| options.include_activity)
    }

    /// Returns the signed checkpoint of the room's log that its proof ends with.
    pub fn checkpoint(&self) -> Option<&str> {
        // A `tlog-proof` ends with the checkpoint, after an empty line.
        Some(self.proof.as_deref()?.split_once("\n\n")?.1)
    }

    /// Returns why its file, a PDF, is not sealed, as the entry says that its receipt is the proof of. `None` if it is, or
    /// if there is no receipt yet.
    pub fn not_sealed(&self) -> Option<String> {
        let receipt = Receipt::read(self.proof.as_deref()?).ok()?;
        Some(read_leaf(&receipt.proof.leaf).ok()?.meta["not_sealed"].as_str()?.to_owned())
    }

    /// Makes a snapshot whose file is still to be drawn.
    pub fn new(id: SnapshotId, room: RoomId, title: String, created_by: &str, kind: SnapshotType, now: Time) -> Self {
        Self {
            id,
            room,
            title,
            created_by: created_by.to_owned(),
            status: SnapshotStatus::Generating,
            file_url: None,
            file_size: 0,
            kind,
            data: String::new(),
            created_at: now,
            position: None,
            shown_at: None,
            record_sha256: None,
            proof: None,
            seal: None,
            file_sha256: None,
            progress: Some(0),
            last_error: None,
        }
    }
}

const SELECT: &str =
    "SELECT s.id, s.room_id, s.title, s.created_by, s.status, s.file_url, s.file_size, s.snapshot_type,
        s.data, s.created_at, COALESCE(r.sha256, b.record_sha256), f.sha256, j.progress, j.last_error,
        COALESCE(r.proof, c.receipt), e.signer, e.self_made, e.sealed_at, e.trusted_time, e.note, p.size, p.at
    FROM snapshots s LEFT JOIN snapshot_records r ON r.snapshot_id = s.id
    LEFT JOIN snapshot_positions p ON p.snapshot_id = s.id LEFT JOIN snapshot_bodies b ON b.snapshot_id = s.id
    LEFT JOIN snapshot_receipts c ON c.snapshot_id = s.id
    LEFT JOIN snapshot_files f ON f.snapshot_id = s.id
    LEFT JOIN snapshot_jobs j ON j.snapshot_id = s.id LEFT JOIN snapshot_seals e ON e.snapshot_id = s.id";

fn from_row(row: &Row) -> Result<Snapshot> {
    Ok(Snapshot {
        id: row.get(0)?,
        room: row.get(1)?,
        title: row.get(2)?,
        created_by: row.get(3)?,
        status: row.get(4)?,
        file_url: row.get(5)?,
        file_size: row.get(6)?,
        kind: row.get(7)?,
        data: row.get(8)?,
        created_at: row.get(9)?,
        position: row.get(20)?,
        shown_at: row.get(21)?,
        record_sha256: row.get(10)?,
        file_sha256: row.get(11)?,
        progress: row.get(12)?,
        last_error: row.get(13)?,
        proof: row.get(14)?,
        seal: seal_from_row(row)?,
    })
}

fn seal_from_row(row: &Row) -> Result<Option<SealSays>> {
    let Some(signer) = row.get(15)? else { return Ok(None) };
    let says = SealSays {
        signer,
        self_made: row.get(16)?,
        sealed_at: row.get(17)?,
        trusted_time: row.get(18)?,
        note: row.get(19)?,
    };
    Ok(Some(says))
}

/// Returns the snapshot of a room with this id.
pub async fn find(tx: &mut Tx, room: RoomId, snapshot: SnapshotId) -> Result<Option<Snapshot>> {
    let sql = format!("{SELECT} WHERE s.room_id = ?1 AND s.id = ?2");
    tx.opt(&sql, &[&room, &snapshot]).await?.as_ref().map(from_row).transpose()
}

/// Returns the snapshot with this id, whatever its room, for the job that draws its file.
pub async fn find_anywhere(tx: &mut Tx, snapshot: SnapshotId) -> Result<Option<Snapshot>> {
    tx.opt(&format!("{SELECT} WHERE s.id = ?1"), &[&snapshot]).await?.as_ref().map(from_row).transpose()
}

/// Returns a part of a room's snapshots, newest first, how many there are, and which part it is.
pub async fn list(tx: &mut Tx, room: RoomId, seek: &Seek) -> Result<Found<Snapshot>> {
    let list = Sorted {
        table: "snapshots",
        among: "room_id = ?1",
        rows: "room_id = ?1",
        columns: "created_at, id",
        is_newest_first: true,
        removals: Some((Log::Room(room), "snapshot_deleted")),
    };
    let page = seek.resolve(tx, list, &[&room]).await?;
    let total = tx.one("SELECT COUNT(*) FROM snapshots WHERE room_id = ?1", &[&room]).await?.get(0)?;
    let sql = format!("{SELECT} WHERE s.room_id = ?1 ORDER BY s.created_at DESC, s.id DESC LIMIT ?2 OFFSET ?3");
    let rows = tx.rows(&sql, &[&room, &page.limit, &page.offset]).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_>>()?, total, page))
}

/// A snapshot as a list of choices shows it.
#[derive(Debug, Clone)]
pub struct Titled {
    /// The id of the snapshot.
    pub id: SnapshotId,
    /// The title that it was given.
    pub title: String,
    /// The instant that it shows.
    pub created_at: Time,
}

/// Returns the titles of a room's snapshots, newest first.
pub async fn titles(tx: &mut Tx, room: RoomId) -> Result<Vec<Titled>> {
    let sql = "SELECT id, title, created_at FROM snapshots WHERE room_id = ?1 ORDER BY created_at DESC, id DESC";
    let rows = tx.rows(sql, &[&room]).await?;
    rows.iter().map(|row| Ok(Titled { id: row.get(0)?, title: row.get(1)?, created_at: row.get(2)? })).collect()
}

/// Returns every snapshot of a room, oldest first.
pub async fn all(tx: &mut Tx, room: RoomId) -> Result<Vec<Snapshot>> {
    let sql = format!("{SELECT} WHERE s.room_id = ?1 ORDER BY s.created_at, s.id");
    tx.rows(&sql, &[&room]).await?.iter().map(from_row).collect()
}

/// Returns the snapshots of a room whose files are still to be drawn, with how far each is, in percent.
pub async fn progress(tx: &mut Tx, room: RoomId) -> Result<Vec<(SnapshotId, i64)>> {
    let select = "SELECT s.id, j.progress FROM snapshots s JOIN snapshot_jobs j ON j.snapshot_id = s.id
                  WHERE s.room_id = ?1 AND s.status = 'generating' ORDER BY s.created_at, s.id";
    tx.rows(select, &[&room]).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Returns the number of snapshots with each status that occurs.
pub async fn count_by_status(tx: &mut Tx) -> Result<Vec<(SnapshotStatus, i64)>> {
    let rows = tx.rows("SELECT status, COUNT(*) FROM snapshots GROUP BY status", &[]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Returns the stored record of a snapshot, compressed. `None` if it shows a position of the log.
pub async fn record(tx: &mut Tx, snapshot: SnapshotId) -> Result<Option<Vec<u8>>> {
    let row = tx.opt("SELECT body FROM snapshot_records WHERE snapshot_id = ?1", &[&snapshot]).await?;
    row.map(|row| row.get(0)).transpose()
}

/// The stored file of a snapshot, and what drew it.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The file in the store.
    pub file: StoredFile,
    /// The edition that drew it.
    pub renderer: String,
    /// The name of the font set that drew it.
    pub fonts: String,
}

/// Returns the edition and the fonts that drew the file of a snapshot. `None` if it is not drawn.
pub async fn drawn_by(tx: &mut Tx, snapshot: SnapshotId) -> Result<Option<(String, String)>> {
    let row = tx.opt("SELECT renderer, fonts FROM snapshot_files WHERE snapshot_id = ?1", &[&snapshot]).await?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Adds the record of a snapshot, which is compressed already, on the way down to a schema whose program needs it.
pub async fn insert_record(tx: &mut Tx, snapshot: &Snapshot, record: &[u8]) -> Result<()> {
    tx.exec(
        "INSERT INTO snapshot_records (snapshot_id, sha256, body, proof) VALUES (?1, ?2, ?3, ?4)",
        &[&snapshot.id, &snapshot.record_sha256, &record, &snapshot.proof],
    )
    .await
    .map(drop)
}

/// Removes the stored record of a snapshot that shows a position of its room's log.
pub async fn delete_record(tx: &mut Tx, snapshot: SnapshotId) -> Result<()> {
    tx.exec("DELETE FROM snapshot_records WHERE snapshot_id = ?1", &[&snapshot]).await.map(drop)
}

/// Returns the snapshots that show a position of their room's log and have no stored record.
pub async fn without_record(tx: &mut Tx) -> Result<Vec<SnapshotId>> {
    let sql = "SELECT p.snapshot_id FROM snapshot_positions p
               WHERE NOT EXISTS (SELECT 1 FROM snapshot_records r WHERE r.snapshot_id = p.snapshot_id) ORDER BY 1";
    tx.rows(sql, &[]).await?.iter().map(|row| row.get(0)).collect()
}

/// Keeps the receipt of a snapshot's file, in the place of that of a body that was drawn before.
pub async fn keep_receipt(tx: &mut Tx, snapshot: SnapshotId, receipt: &str) -> Result<()> {
    let upsert = "INSERT INTO snapshot_receipts (snapshot_id, receipt) VALUES (?1, ?2)
                  ON CONFLICT (snapshot_id) DO UPDATE SET receipt = excluded.receipt";
    tx.exec(upsert, &[&snapshot, &receipt]).await.map(drop)
}

/// Removes what is kept of a snapshot beside the log: its job and its record.
pub async fn delete_kept(tx: &mut Tx, snapshot: SnapshotId) -> Result<()> {
    for table in ["snapshot_jobs", "snapshot_records", "snapshot_receipts"] {
        tx.exec(&format!("DELETE FROM {table} WHERE snapshot_id = ?1"), &[&snapshot]).await?;
    }
    // The seal goes with the snapshot, by ON DELETE CASCADE: a worker may store one at the same moment.
    Ok(())
}
