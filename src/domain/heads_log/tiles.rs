//! The tiles of the log of heads (C2SP `tlog-tiles`): its tree and its entries in files of up to 256 hashes, by which a
//! monitor or a mirror follows it.

use crate::{
    app::App,
    db,
    error::{Error, Result},
    evidence::Place,
};

/// The hashes of a whole tile, and the levels of the tree that it spans.
const WIDTH: u64 = 256;
const HEIGHT: u8 = 8;
/// The highest level of tiles that a tree of 2^63 leaves can have.
const HIGHEST: u8 = 7;

/// The name of a tile, as it stands behind `tile/` in an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// The level of tiles, from the leaves up. `None` for the entries themselves.
    level: Option<u8>,
    /// The number of the tile on its level, from 0.
    index: u64,
    /// How many hashes of it are asked for: 256, or fewer of the last one.
    width: u64,
}

impl Tile {
    /// Reads a name: level, number in groups of three digits, and `.p/` with the width if the tile is not whole.
    pub fn read(name: &str) -> Option<Self> {
        let (level, rest) = name.split_once('/')?;
        let level = match level {
            "entries" => None,
            digits => {
                Some(decimal(digits).and_then(|level| u8::try_from(level).ok()).filter(|level| *level <= HIGHEST)?)
            }
        };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, decimal(width).filter(|width| (1..WIDTH).contains(width))?),
            None => (rest, WIDTH),
        };
        let mut index: u64 = 0;
        let groups: Vec<&str> = number.split('/').collect();
        for (at, group) in groups.iter().enumerate() {
            let digits = if at + 1 < groups.len() { group.strip_prefix('x')? } else { group };
            if digits.len() != 3 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                return None;
            }
            index = index.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?;
        }
        let read = Self { level, index, width };
        // One tile has one name: `x000/001` is `001`.
        (read.name() == name).then_some(read)
    }

    fn name(self) -> String {
        let level = self.level.map_or_else(|| "entries".to_owned(), |level| level.to_string());
        let mut number = format!("{:03}", self.index % 1_000);
        let mut rest = self.index / 1_000;
        while rest > 0 {
            number = format!("x{:03}/{number}", rest % 1_000);
            rest /= 1_000;
        }
        let width = if self.width < WIDTH { format!(".p/{}", self.width) } else { String::new() };
        format!("{level}/{number}{width}")
    }

    /// Whether it is whole, so that it never changes.
    pub fn is_whole(self) -> bool {
        self.width == WIDTH
    }
}

fn decimal(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// Returns the bytes of a tile: its hashes one after another, or its entries, each behind its length in two bytes.
///
/// # Errors
///
/// Fails if the log does not have so many hashes.
pub async fn tile(app: &App, tile: Tile) -> Result<Vec<u8>> {
    let none = || Error::NotFound("tile");
    let from = tile.index.checked_mul(WIDTH).ok_or_else(none)?;
    let level = tile.level.unwrap_or_default() * HEIGHT;
    let bytes = app
        .db
        .read(async |tx| {
            let size = db::heads_log::find(tx).await?.map_or(0, |log| log.size);
            let there = (size >> level).saturating_sub(from);
            if there < tile.width {
                return Ok(None);
            }
            if tile.level.is_none() {
                let entries = db::heads_log::entries(tx, from, tile.width).await?;
                // Each is 32 bytes long.
                return Ok(Some(
                    entries.iter().flat_map(|entry| [&[0, 32], entry.commitment.as_slice()].concat()).collect(),
                ));
            }
            let place = Place { level, index: from };
            Ok(Some(db::heads_log::nodes(tx, place, tile.width).await?.concat()))
        })
        .await?;
    bytes.ok_or_else(none)
}
