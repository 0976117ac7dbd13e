//! The table `rooms`: rooms, the lists of them, and the search.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    str::FromStr,
};

use room::{Phase, Room, RoomId};

use super::{Dialect, Page, Param, Row, Tx};
use crate::error::Result;

const COLUMNS: &str = "r.id, r.title, r.location, r.sts_eta, r.description, r.cargo_profile, r.status, r.phase,
    r.created_at, r.created_by, r.planned_duration_hours, r.transfer_completed_at, r.closed_at,
    r.retained_from";

fn from_row(row: &Row) -> Result<Room> {
    Ok(Room {
        id: row.get(0)?,
        title: row.get(1)?,
        location: row.get(2)?,
        sts_eta: row.get(3)?,
        description: row.get(4)?,
        cargo_profile: row.get(5)?,
        status: row.get(6)?,
        phase: row.get(7)?,
        created_at: row.get(8)?,
        created_by: row.get(9)?,
        planned_duration_hours: row.get(10)?,
        transfer_completed_at: row.get(11)?,
        closed_at: row.get(12)?,
        retained_from: row.get(13)?,
    })
}

/// Returns the room with this id, even if it is deleted.
pub async fn find(tx: &mut Tx, room: RoomId) -> Result<Option<Room>> {
    tx.opt(&format!("SELECT {COLUMNS} FROM rooms r WHERE r.id = ?1"), &[&room])
        .await?
        .as_ref()
        .map(from_row)
        .transpose()
}

/// Returns the rooms with these ids, even deleted ones, in one query.
pub async fn find_all(tx: &mut Tx, ids: &BTreeSet<RoomId>) -> Result<HashMap<RoomId, Room>> {
    // PostgreSQL refuses an empty list.
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let places = (1..=ids.len()).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ");
    let params: Vec<&dyn Param> = ids.iter().map(|id| id as &dyn Param).collect();
    let rows = tx.rows(&format!("SELECT {COLUMNS} FROM rooms r WHERE r.id IN ({places})"), &params).await?;
    rows.iter().map(|row| from_row(row).map(|room| (room.id, room))).collect()
}

/// Returns a page of the rooms in use, newest first, and how many there are: those of a party, or all.
pub async fn list(tx: &mut Tx, party: Option<&str>, page: Page) -> Result<(Vec<Room>, i64)> {
    let matches = format!("FROM rooms r WHERE {} AND r.status = 'active'", visible_to(party));
    select_page(tx, &matches, "r.created_at DESC, r.id DESC", &[&party], page).await
}

/// Returns the condition for the rooms of a party, which is parameter 1, or for all rooms.
fn visible_to(party: Option<&str>) -> &'static str {
    match party {
        // A party with the role `admin` counts only while the account is an admin, and then `party` is `None`.
        Some(_) => "EXISTS (SELECT 1 FROM parties p WHERE p.room_id = r.id AND p.email = ?1 AND p.role <> 'admin')",
        // Mentions the parameter all the same: both databases want as many parameters as they are given.
        None => "CAST(?1 AS TEXT) IS NULL",
    }
}

/// The conditions of a search for rooms.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Words, each of which is in the title, the location or the name of a vessel. The case of A to Z does not matter.
    pub words: Vec<String>,
    /// Rooms in this phase.
    pub phase: Option<Phase>,
    /// Whether closed rooms are included.
    pub closed: bool,
    /// Rooms of which this address is a party, in any role.
    pub among: Option<String>,
    /// The order of the open rooms.
    pub order: RoomOrder,
}

/// The order in which open rooms are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RoomOrder {
    /// The nearest ETA first.
    #[default]
    Eta,
    /// By title, A to Z.
    Title,
    /// The furthest phase first.
    Phase,
    /// The room that was opened last first.
    Newest,
}

impl RoomOrder {
    /// All orders, as they stand in an address.
    pub const WORDS: &[&str] = &["eta", "title", "phase", "newest"];

    /// Returns the key by which open rooms are sorted, and its direction.
    fn key(self, dialect: Dialect) -> (String, &'static str) {
        match self {
            Self::Eta => ("r.sts_eta".to_owned(), ""),
            Self::Title => (dialect.folded("r.title"), ""),
            Self::Newest => ("r.created_at".to_owned(), " DESC"),
            Self::Phase => {
                let places = Phase::WORDS.iter().enumerate();
                let places: Vec<_> = places.map(|(at, word)| format!("WHEN '{word}' THEN {at}")).collect();
                let places = places.join(" ");
                (format!("CASE r.phase {places} END"), " DESC")
            }
        }
    }
}

impl FromStr for RoomOrder {
    type Err = ();

    fn from_str(word: &str) -> std::result::Result<Self, ()> {
        match word {
            "eta" => Ok(Self::Eta),
            "title" => Ok(Self::Title),
            "phase" => Ok(Self::Phase),
            "newest" => Ok(Self::Newest),
            _ => Err(()),
        }
    }
}

/// Returns a page of the rooms that match, and how many there are, among a party's rooms or all.
///
/// Open rooms come first, in the order that is asked for, then closed ones, the latest first.
pub async fn search(tx: &mut Tx, party: Option<&str>, search: &Search, page: Page) -> Result<(Vec<Room>, i64)> {
    let Search { words, phase, closed, among, order } = search;
    let mut matches = format!(
        "FROM rooms r WHERE {} AND r.status = 'active' AND (CAST(?2 AS TEXT) IS NULL OR r.phase = ?2)
         AND (CAST(?3 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM parties m WHERE m.room_id = r.id AND m.email = ?3))",
        visible_to(party)
    );
    if !closed && *phase != Some(Phase::Closed) {
        matches.push_str(" AND r.phase <> 'closed'");
    }
    let patterns: Vec<_> = words.iter().map(|word| pattern(word)).collect();
    let mut params: Vec<&dyn Param> = vec![&party, phase, among];
    let [title, location, name] = ["r.title", "r.location", "v.name"].map(|column| tx.dialect().folded(column));
    for pattern in &patterns {
        params.push(pattern);
        let like = format!("LIKE ?{} ESCAPE '!'", params.len());
        let _ = write!(
            matches,
            " AND ({title} {like} OR {location} {like}
                   OR EXISTS (SELECT 1 FROM vessels v WHERE v.room_id = r.id AND {name} {like}))"
        );
    }
    let (key, direction) = order.key(tx.dialect());
    // Closed rooms have no key, so that among them the one after it decides; among open ones the ETA parts equals.
    let of_open = |key: &str| format!("CASE WHEN r.phase = 'closed' THEN NULL ELSE {key} END");
    let order =
        format!("r.phase = 'closed', {}{direction}, {}, r.sts_eta DESC, r.id", of_open(&key), of_open("r.sts_eta"));
    select_page(tx, &matches, &order, &params, page).await
}

/// Returns the LIKE pattern for texts that contain the word.
fn pattern(word: &str) -> String {
    // Escaped with `!`, as the query says: by default PostgreSQL escapes with `\` and SQLite with nothing. Lower case,
    // as the columns are compared: LIKE ignores case on SQLite only.
    let escaped = word.to_ascii_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

async fn select_page(
    tx: &mut Tx,
    matches: &str,
    order: &str,
    params: &[&dyn Param],
    page: Page,
) -> Result<(Vec<Room>, i64)> {
    let total = tx.one(&format!("SELECT COUNT(*) {matches}"), params).await?.get(0)?;
    let (limit, offset) = (params.len() + 1, params.len() + 2);
    let sql = format!("SELECT {COLUMNS} {matches} ORDER BY {order} LIMIT ?{limit} OFFSET ?{offset}");
    let bounds: [&dyn Param; 2] = [&page.limit, &page.offset];
    let rows = tx.rows(&sql, &[params, &bounds[..]].concat()).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_>>()?, total))
}
