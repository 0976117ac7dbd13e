//! What the disk and the database can do: the rows of snapshots, written without anything else.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, Result, ToSql, params, params_from_iter, types::Value};
use sts_clearance::random::new_uuid;

/// A loop that writes again, under other keys, the rows that taking a snapshot has written: its entry, a node of the tree
/// over the entries, which has one for each on average, the head, its own row, its position and its job.
pub(crate) struct Raw {
    connection: Connection,
    entry: Copied,
    node: Copied,
    snapshot: Copied,
    position: Copied,
    job: Copied,
    /// The rooms that snapshots were taken of, in which the loop takes turns.
    rooms: Vec<String>,
    written: i64,
}

impl Raw {
    /// Opens the database of a server that was stopped after it had taken snapshots, with the durability that the server
    /// asks for.
    pub(crate) fn open(database: &Path) -> Result<Self> {
        let connection = Connection::open(database)?;
        connection.set_prepared_statement_cache_capacity(16);
        connection.execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             INSERT INTO snapshot_jobs (snapshot_id, room_id, attempts, progress)
             SELECT id, room_id, 0, 0 FROM snapshots WHERE true LIMIT 1 ON CONFLICT DO NOTHING",
        )?;
        Ok(Self {
            entry: Copied::of(&connection, "activity_log", "action = 'snapshot_created'")?,
            node: Copied::of(&connection, "log_nodes", "true")?,
            snapshot: Copied::of(&connection, "snapshots", "true")?,
            position: Copied::of(&connection, "snapshot_positions", "true")?,
            job: Copied::of(&connection, "snapshot_jobs", "true")?,
            rooms: rooms(&connection)?,
            written: 1_000_000_000,
            connection,
        })
    }

    /// Writes groups of this many snapshots on average, each group under a commit of its own, for this time. Returns how
    /// many snapshots a second that are.
    pub(crate) fn run(&mut self, group: f64, time: Duration) -> Result<f64> {
        let (started, before) = (Instant::now(), self.written);
        let mut due = 0.0;
        while started.elapsed() < time {
            self.connection.execute_batch("BEGIN IMMEDIATE")?;
            due += group;
            while due >= 1.0 {
                self.write_one()?;
                due -= 1.0;
            }
            self.connection.execute_batch("COMMIT")?;
        }
        let count = u32::try_from(self.written - before).expect("a number of snapshots");
        Ok(f64::from(count) / started.elapsed().as_secs_f64())
    }

    fn write_one(&mut self) -> Result<()> {
        self.written += 1;
        let (number, connection) = (self.written, &self.connection);
        let turn = usize::try_from(number).expect("a number of snapshots") % self.rooms.len();
        let (id, room) = (new_uuid().to_string(), &self.rooms[turn]);
        self.entry.insert(connection, &[("id", &new_uuid().to_string()), ("room_id", room), ("seq", &number)])?;
        self.node.insert(connection, &[("log", room), ("number", &number)])?;
        self.snapshot.insert(connection, &[("id", &id), ("room_id", room)])?;
        self.position.insert(connection, &[("snapshot_id", &id)])?;
        self.job.insert(connection, &[("snapshot_id", &id), ("room_id", room)])?;
        let update = "UPDATE room_logs SET size = ?2, frontier = frontier || '', checkpoint = checkpoint || ''
                      WHERE room_id = ?1";
        connection.prepare_cached(update)?.execute(params![room, number]).map(drop)
    }
}

fn rooms(connection: &Connection) -> Result<Vec<String>> {
    let mut select = connection.prepare("SELECT DISTINCT room_id FROM snapshots")?;
    let rooms = select.query_map([], |row| row.get(0))?;
    rooms.collect()
}

/// A row of a table, which is inserted again under another key.
struct Copied {
    insert: String,
    columns: Vec<String>,
    values: Vec<Value>,
}

impl Copied {
    fn of(connection: &Connection, table: &str, condition: &str) -> Result<Self> {
        let mut select = connection.prepare(&format!("SELECT * FROM {table} WHERE {condition} LIMIT 1"))?;
        let columns: Vec<_> = select.column_names().map(str::to_owned).collect();
        let values = select.query_row([], |row| (0..columns.len()).map(|index| row.get(index)).collect())?;
        let places = vec!["?"; columns.len()].join(", ");
        Ok(Self { insert: format!("INSERT INTO {table} VALUES ({places})"), columns, values })
    }

    fn insert(&self, connection: &Connection, changed: &[(&str, &dyn ToSql)]) -> Result<()> {
        let values = self.columns.iter().zip(&self.values).map(|(column, value)| {
            changed.iter().find(|(changed, _)| changed == column).map_or(value as &dyn ToSql, |(_, value)| *value)
        });
        connection.prepare_cached(&self.insert)?.execute(params_from_iter(values)).map(drop)
    }
}
