//! Captures a room as a record: everything its report shows, as of one instant.

use report::record::{
    Counts, Creator, EntryFacts, Limit, LogPosition, PartyFacts, Record, RoomFacts, SCHEMA, SectionOptions,
    SnapshotFacts,
};
use sha2::{Digest, Sha256};

use super::{Actor, OpenLog, RoomId, rooms};
use crate::{
    db::{self, Tx, activity::Entry, parties::Party, snapshots::Snapshot},
    domain::Log,
    error::{Error, Result},
    evidence::Hash,
};

/// The newest entries that a record holds; a report of more would be nobody's reading.
const MOST_ENTRIES: usize = 50_000;
/// The most that those entries may weigh, in bytes of their details: taking a snapshot is one
/// transaction, and others wait for it.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Entries read at once.
const CHUNK: i64 = 1_000;
/// Compression of stored records: zstd's default.
const ZSTD_LEVEL: i32 = 3;

/// A record in the form that is stored, hashed and rendered.
pub struct Captured {
    /// Canonical JSON (RFC 8785).
    pub canonical: Vec<u8>,
    /// SHA-256 of it.
    pub sha256: Hash,
}

impl Captured {
    /// The form in the database.
    pub fn compressed(&self) -> Result<Vec<u8>> {
        zstd::encode_all(&*self.canonical, ZSTD_LEVEL)
            .map_err(|error| Error::internal(format!("a record cannot be compressed: {error}")))
    }

    /// Reads the stored form back, and refuses one that is not what was captured.
    pub fn from_stored(compressed: &[u8], sha256: &[u8]) -> Result<Self> {
        let canonical = zstd::decode_all(compressed)
            .map_err(|error| Error::internal(format!("the stored record is damaged: {error}")))?;
        let actual: Hash = Sha256::digest(&canonical).into();
        if actual != sha256 {
            return Err(Error::internal("the stored record does not match its hash"));
        }
        Ok(Self { canonical, sha256: actual })
    }
}

/// Reads the whole room. `log` is the room's, locked: so nothing of the room changes meanwhile.
pub async fn capture(tx: &mut Tx, log: &OpenLog, snapshot: &Snapshot, options: SectionOptions) -> Result<Captured> {
    let Actor::User { email, name, role } = log.by().clone() else {
        return Err(Error::internal("a snapshot is taken by a user"));
    };
    let parties = db::parties::all(tx, snapshot.room).await?;
    let entries = if options.include_activity { newest_entries(tx, log, snapshot.room).await? } else { Vec::new() };
    let (shown, total) = (entries.len() as u64, log.head().size());
    let left_out = options.include_activity && shown < total;
    let record = Record {
        schema: SCHEMA.into(),
        snapshot: SnapshotFacts {
            id: snapshot.id.to_string(),
            title: snapshot.title.clone(),
            kind: snapshot.kind.to_string(),
            options,
            created_at: snapshot.created_at.into(),
            created_by: Creator { email, name, role: role.to_string() },
        },
        room: room_facts(tx, snapshot.room).await?,
        standing: None,
        vessels: Vec::new(),
        documents: None,
        approvals: None,
        counts: Counts { parties: parties.len() as u64, activity: total, vessels: 0, documents: 0, versions: 0 },
        parties: parties.into_iter().map(party_facts).collect(),
        activity: options.include_activity.then(|| entries.into_iter().map(entry_facts).collect()),
        limits: left_out.then(|| Limit { section: "activity".into(), shown, total }).into_iter().collect(),
        log: LogPosition { size: log.head().size(), root: hex::encode(log.head().root()) },
    };
    let canonical = serde_json_canonicalizer::to_vec(&record)
        .map_err(|error| Error::internal(format!("a record cannot be written: {error}")))?;
    let sha256 = Sha256::digest(&canonical).into();
    Ok(Captured { canonical, sha256 })
}

/// The newest entries of the room's log, oldest first, as many as a record may hold.
async fn newest_entries(tx: &mut Tx, log: &OpenLog, room: RoomId) -> Result<Vec<Entry>> {
    let mut newest_first = Vec::new();
    let mut before = i64::try_from(log.head().size()).map_err(|_| Error::internal("a log is full"))?;
    let mut bytes = 0;
    while before > 0 {
        let chunk = db::activity::before(tx, Log::Room(room), before, CHUNK).await?;
        if chunk.is_empty() {
            return Err(Error::internal(format!("the log of room {room} lacks the entries before {before}")));
        }
        for entry in chunk {
            bytes += entry.meta.to_string().len();
            if bytes > MOST_BYTES || newest_first.len() == MOST_ENTRIES {
                before = 0;
                break;
            }
            before = entry.seq;
            newest_first.push(entry);
        }
    }
    newest_first.reverse();
    Ok(newest_first)
}

async fn room_facts(tx: &mut Tx, room: RoomId) -> Result<RoomFacts> {
    let room = rooms::in_use(tx, room).await?;
    Ok(RoomFacts {
        id: room.id.to_string(),
        title: room.title,
        location: room.location,
        sts_eta: room.sts_eta.into(),
        planned_duration_hours: None,
        description: room.description,
        cargo_profile: room.cargo_profile.map(|profile| profile.to_string()),
        status: room.status.to_string(),
        phase: room.phase.to_string(),
        created_at: room.created_at.into(),
        created_by: room.created_by,
    })
}

fn party_facts(party: Party) -> PartyFacts {
    PartyFacts {
        id: party.id.to_string(),
        role: party.role.to_string(),
        name: party.name,
        email: party.email,
        company: party.company,
        side: None,
        added_at: party.added_at.into(),
    }
}

fn entry_facts(entry: Entry) -> EntryFacts {
    EntryFacts {
        id: entry.id.to_string(),
        seq: entry.seq.unsigned_abs(),
        actor: entry.actor,
        action: entry.action,
        timestamp: entry.at.into(),
        meta: entry.meta,
    }
}
