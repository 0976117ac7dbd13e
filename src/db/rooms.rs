//! The table `rooms`: rooms, the lists of them, and the search.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    str::FromStr,
};

use room::{Phase, Room, RoomId};

use super::{
    Page, Param, Row, Tx,
    seek::{Anchor, Found, Seek, Sorted},
};
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

/// Returns a part of the rooms in use that have each of these words, newest first, how many there are, and which part it
/// is: those of a party, or all.
pub async fn list(tx: &mut Tx, party: Option<&str>, words: &[String], seek: &Seek) -> Result<Found<Room>> {
    let rows = format!("{} AND r.status = 'active'{}", visible_to(party), having(2, words));
    let patterns: Vec<_> = words.iter().map(|word| pattern(word)).collect();
    let mut params: Vec<&dyn Param> = vec![&party];
    params.extend(patterns.iter().map(|pattern| pattern as &dyn Param));
    let list = Sorted {
        table: "rooms r",
        // A room that was deleted keeps its row, and its place.
        among: visible_to(party),
        rows: &rows,
        columns: "created_at, id",
        is_newest_first: true,
        removals: None,
    };
    let page = seek.resolve(tx, list, &params).await?;
    select_page(tx, &format!("FROM rooms r WHERE {rows}"), "r.created_at DESC, r.id DESC", &params, page).await
}

/// Returns the condition that a room has each of these words somewhere. The pattern of the first is parameter `first`.
fn having(first: usize, words: &[String]) -> String {
    let mut having = String::new();
    for place in (first..).take(words.len()) {
        let _ = write!(
            having,
            " AND EXISTS (SELECT 1 FROM search_texts s WHERE s.room_id = r.id AND s.text LIKE ?{place} ESCAPE '!')"
        );
    }
    having
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
    /// Folded words, each of which is part of something that a room is found by.
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

    /// Returns what rooms are sorted by: open ones first, in this order, then closed ones, the latest first.
    fn columns(self, has_closed: bool) -> String {
        let (key, direction) = self.key();
        if !has_closed {
            // A room that was closed since it was seen stays where it was.
            return format!("{key}{direction}, r.sts_eta, r.id");
        }
        // Closed rooms have no key, so that among them the one after it decides; among open ones the ETA parts equals.
        let of_open = |key: &str| format!("CASE WHEN r.phase = 'closed' THEN NULL ELSE {key} END");
        format!("r.phase = 'closed', {}{direction}, {}, r.sts_eta DESC, r.id", of_open(&key), of_open("r.sts_eta"))
    }

    /// Returns the key by which open rooms are sorted, and its direction.
    fn key(self) -> (String, &'static str) {
        match self {
            Self::Eta => ("r.sts_eta".to_owned(), ""),
            Self::Title => ("LOWER(r.title)".to_owned(), ""),
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

impl Search {
    /// Returns whether closed rooms are among those that match.
    fn has_closed(&self) -> bool {
        self.closed || self.phase == Some(Phase::Closed)
    }

    /// Returns the patterns of the words.
    fn patterns(&self) -> Vec<String> {
        self.words.iter().map(|word| pattern(word)).collect()
    }

    /// Returns the condition of the rooms that match, among a party's or all. Its parameters are those of
    /// [`Search::params`].
    fn condition(&self, party: Option<&str>) -> String {
        let mut matches = format!(
            "{} AND r.status = 'active' AND (CAST(?2 AS TEXT) IS NULL OR r.phase = ?2)
             AND (CAST(?3 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM parties m WHERE m.room_id = r.id AND m.email = ?3))",
            visible_to(party)
        );
        if !self.has_closed() {
            matches.push_str(" AND r.phase <> 'closed'");
        }
        matches.push_str(&having(4, &self.words));
        matches
    }

    fn params<'a>(&'a self, party: &'a dyn Param, patterns: &'a [String]) -> Vec<&'a dyn Param> {
        let mut params: Vec<&dyn Param> = vec![party, &self.phase, &self.among];
        params.extend(patterns.iter().map(|pattern| pattern as &dyn Param));
        params
    }
}

/// Returns a part of the rooms that match, how many there are, and which part it is, among a party's rooms or all.
///
/// Open rooms come first, in the order that is asked for, then closed ones, the latest first.
pub async fn search(tx: &mut Tx, party: Option<&str>, search: &Search, seek: &Seek) -> Result<Found<Room>> {
    let page = match &seek.from {
        Some(anchor) => seek.page(passed(tx, party, search, anchor).await?),
        None => seek.page,
    };
    let (patterns, condition) = (search.patterns(), search.condition(party));
    let params = search.params(&party, &patterns);
    let order = search.order.columns(search.has_closed());
    select_page(tx, &format!("FROM rooms r WHERE {condition}"), &order, &params, page).await
}

/// Returns how many of the rooms that match come before a room in the order of [`search()`], and up to it if it is the one
/// to read on after. It need not match any more.
///
/// # Errors
///
/// Fails if there is no such room, or if the party may not see it.
pub async fn passed(tx: &mut Tx, party: Option<&str>, search: &Search, anchor: &Anchor) -> Result<i64> {
    let (patterns, condition) = (search.patterns(), search.condition(party));
    let mut params = search.params(&party, &patterns);
    let (id, itself) = (anchor.id(), params.len() + 1);
    params.push(&id);
    let order = search.order.columns(search.has_closed());
    let select = format!(
        "SELECT place, fits FROM (
             SELECT r.id, ROW_NUMBER() OVER (ORDER BY {order}) - 1 AS place,
                    CAST(CASE WHEN {condition} THEN 1 ELSE 0 END AS BIGINT) AS fits
             FROM rooms r WHERE ({condition}) OR ({} AND r.id = ?{itself})) placed
         WHERE id = ?{itself}",
        visible_to(party)
    );
    let row = tx.opt(&select, &params).await?.ok_or_else(|| anchor.unknown())?;
    let (before, fits): (i64, i64) = (row.get(0)?, row.get(1)?);
    Ok(if matches!(anchor, Anchor::After(_)) { before + fits } else { before })
}

/// Returns the LIKE pattern for texts that contain the word.
fn pattern(word: &str) -> String {
    // Escaped with `!`, as the query says: by default PostgreSQL escapes with `\` and SQLite with nothing.
    let escaped = word.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

async fn select_page(
    tx: &mut Tx,
    matches: &str,
    order: &str,
    params: &[&dyn Param],
    page: Page,
) -> Result<Found<Room>> {
    let total = tx.one(&format!("SELECT COUNT(*) {matches}"), params).await?.get(0)?;
    let (limit, offset) = (params.len() + 1, params.len() + 2);
    let sql = format!("SELECT {COLUMNS} {matches} ORDER BY {order} LIMIT ?{limit} OFFSET ?{offset}");
    let bounds: [&dyn Param; 2] = [&page.limit, &page.offset];
    let rows = tx.rows(&sql, &[params, &bounds[..]].concat()).await?;
    Ok((rows.iter().map(from_row).collect::<Result<_>>()?, total, page))
}
