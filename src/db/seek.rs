//! Reading on in a list from a row that the reader has seen. An `offset` counts rows, so that it shows one twice where a
//! row came before it, and none where one went; a row stays where it is.
//!
//! The row is turned into the number of rows before it, in the transaction that reads the part: a list says how many
//! rows it has in all, and counting those before a row costs no more than that.

use room::Log;

use super::{Page, Param, Tx, activity};
use crate::error::{Error, Result};

/// A row of a list, by its id, and which way to read on from it.
#[derive(Debug, Clone)]
pub enum Anchor {
    /// The rows that follow it.
    After(String),
    /// The rows right before it.
    Before(String),
}

impl Anchor {
    /// Returns the id of the row.
    pub fn id(&self) -> &str {
        let (Self::After(id) | Self::Before(id)) = self;
        id
    }

    /// Returns the error for a row that the list neither has nor had.
    pub fn unknown(&self) -> Error {
        let field = match self {
            Self::After(_) => "after",
            Self::Before(_) => "before",
        };
        Error::field(field, "is the id of no row of this list; leave it out to read the list from its beginning")
    }
}

/// Which part of a list is read: by a number of rows, or from a row on.
#[derive(Debug, Clone)]
pub struct Seek {
    /// The part by number of rows. Its offset counts if there is no row.
    pub page: Page,
    /// The row to read on from.
    pub from: Option<Anchor>,
}

/// Where a row is in a list, or was: the number of rows before it, and that of the rows up to it.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The number of rows before it.
    pub before: usize,
    /// The same number, and the row itself if it is still there.
    pub through: usize,
}

impl Place {
    /// Returns the place of a row that is there.
    pub fn of_row(at: usize) -> Self {
        Self { before: at, through: at + 1 }
    }
}

/// A part of a list: its rows, how many rows the list has in all, and where the part begins.
pub type Found<T> = (Vec<T>, i64, Page);

/// A list in the database.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sorted<'a> {
    pub(super) table: &'a str,
    /// The condition of the rows that the list may be read on from. A row that is no longer listed may be one of them.
    pub(super) among: &'a str,
    /// The condition of the rows that are listed.
    pub(super) rows: &'a str,
    /// The columns that order it. They never change, and no two rows have the same.
    pub(super) columns: &'a str,
    pub(super) is_newest_first: bool,
    /// The log that tells of rows that were removed, and by which action.
    pub(super) removals: Option<(Log, &'a str)>,
}

impl From<Page> for Seek {
    fn from(page: Page) -> Self {
        Self { page, from: None }
    }
}

impl Seek {
    /// Returns where the part begins now, and how many rows it has at most. `params` are those of the list's conditions.
    ///
    /// # Errors
    ///
    /// Fails if the row to read on from is unknown.
    pub(super) async fn resolve(&self, tx: &mut Tx, list: Sorted<'_>, params: &[&dyn Param]) -> Result<Page> {
        let Some(anchor) = &self.from else { return Ok(self.page) };
        let Sorted { table, among, rows, columns, is_newest_first, removals } = list;
        let precedes = if is_newest_first { ">" } else { "<" };
        let or_itself = if matches!(anchor, Anchor::After(_)) { "=" } else { "" };
        let (id, place) = (anchor.id(), params.len() + 1);
        let mut params = params.to_vec();
        params.push(&id);
        let itself = format!("FROM {table} WHERE {among} AND id = ?{place}");
        let count = format!(
            "SELECT COUNT(*), (SELECT COUNT(*) {itself}) FROM {table}
             WHERE {rows} AND ({columns}) {precedes}{or_itself} (SELECT {columns} {itself})"
        );
        let counted = tx.one(&count, &params).await?;
        if counted.get::<i64>(1)? > 0 {
            return Ok(self.page(counted.get(0)?));
        }
        match removals {
            Some((log, action)) if activity::last_about(tx, log, action, id).await?.is_some() => {}
            _ => return Err(anchor.unknown()),
        }
        // The row has gone. Ids are given in the order of time (UUID version 7), and so are the rows of such lists.
        let count = format!("SELECT COUNT(*) FROM {table} WHERE {rows} AND id {precedes} ?{place}");
        Ok(self.page(tx.one(&count, &params).await?.get(0)?))
    }

    /// Cuts the part out of rows that are all at hand. Those are listed that `fits`, and `place` finds the row to read on
    /// from among all.
    ///
    /// # Errors
    ///
    /// Fails if it finds none.
    pub fn cut<T>(
        &self,
        all: Vec<T>,
        fits: impl Fn(&T) -> bool,
        place: impl FnOnce(&[T], &str) -> Option<Place>,
    ) -> Result<Found<T>> {
        let passed = match &self.from {
            None => 0,
            Some(anchor) => {
                let Place { before, through } = place(&all, anchor.id()).ok_or_else(|| anchor.unknown())?;
                let passed = if matches!(anchor, Anchor::After(_)) { through } else { before };
                all.iter().take(passed).filter(|row| fits(row)).count()
            }
        };
        let page = self.page(i64::try_from(passed).unwrap_or(i64::MAX));
        let count = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        let listed: Vec<_> = all.into_iter().filter(fits).collect();
        let total = i64::try_from(listed.len()).unwrap_or(i64::MAX);
        Ok((listed.into_iter().skip(count(page.offset)).take(count(page.limit)).collect(), total, page))
    }

    /// Returns the part by number of rows, if so many rows are before it, or before the row that it ends at.
    pub(super) fn page(&self, passed: i64) -> Page {
        match self.from {
            None => self.page,
            Some(Anchor::After(_)) => Page { limit: self.page.limit, offset: passed },
            Some(Anchor::Before(_)) => {
                let limit = self.page.limit.min(passed);
                Page { limit, offset: passed - limit }
            }
        }
    }
}
